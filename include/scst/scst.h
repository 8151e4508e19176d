/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SCSI target subsystem: the interface for target drivers and dev handlers.
 *
 * A target driver (struct scst_tgt_template) owns SCSI target ports (struct
 * scst_tgt) and the I_T nexuses through them (struct scst_session) and hands
 * commands to the core.  A dev handler (struct scst_dev_type) executes them on
 * the logical units it serves (struct scst_device).  Documentation/scst/ has
 * the life cycles and the locking rules.
 */
#ifndef _SCST_SCST_H
#define _SCST_SCST_H

#include <linux/completion.h>
#include <linux/device.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/percpu_counter.h>
#include <linux/rbtree.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>
#include <scst/scst_const.h>

struct scst_acg_dev;
struct scst_clone;
struct scst_cmd;
struct scst_dev_type;
struct scst_dev_group;
struct scst_device;
struct scst_inject;
struct scst_lun_map;
struct scst_pr;
struct scst_session;
struct scst_tgt;
struct scst_tgt_dev;
struct scst_tgt_template;
struct scst_tmf;
struct scst_transport_id;

/* ------------------------------------------------------------------------
 * Results of commands
 */

/**
 * typedef scst_sense_t - how a command ended
 *
 * %SCST_GOOD, %SCST_PENDING, %SCST_BUSY, %SCST_TASK_SET_FULL,
 * %SCST_CONDITION_MET, %SCST_RESERVATION_CONFLICT, %SCST_ACA_ACTIVE,
 * %SCST_SENSE_DATA or a sense code made by SCST_SENSE().  A type of its own lets
 * sparse find an errno that is passed for a sense code.
 */
typedef u32 __bitwise scst_sense_t;

#define SCST_SENSE(key, asc, ascq) \
	((__force scst_sense_t)(0x1000000u | (key) << 16 | (asc) << 8 | (ascq)))

#define SCST_GOOD		((__force scst_sense_t)0u)
#define SCST_PENDING		((__force scst_sense_t)0x2000000u)
#define SCST_BUSY		((__force scst_sense_t)0x2000001u)
#define SCST_TASK_SET_FULL	((__force scst_sense_t)0x2000002u)
#define SCST_CONDITION_MET	((__force scst_sense_t)0x2000003u)
#define SCST_RESERVATION_CONFLICT ((__force scst_sense_t)0x2000004u)
#define SCST_ACA_ACTIVE		((__force scst_sense_t)0x2000005u)
/* CHECK CONDITION, and the sense data are in scst_cmd.sense already */
#define SCST_SENSE_DATA		((__force scst_sense_t)0x2000006u)

/* SPC-6 table 59 (ASC and ASCQ assignments): what core and handlers report. */
#define SCST_SENSE_NOT_READY_MANUAL	SCST_SENSE(NOT_READY, 0x04, 0x03)
#define SCST_SENSE_NO_MEDIUM		SCST_SENSE(NOT_READY, 0x3a, 0x00)
#define SCST_SENSE_STOPPED		SCST_SENSE(NOT_READY, 0x04, 0x02)
#define SCST_SENSE_FORMAT_IN_PROGRESS	SCST_SENSE(NOT_READY, 0x04, 0x04)
#define SCST_SENSE_SELF_TEST_IN_PROGRESS SCST_SENSE(NOT_READY, 0x04, 0x09)
#define SCST_SENSE_SANITIZE_IN_PROGRESS	SCST_SENSE(NOT_READY, 0x04, 0x1b)
#define SCST_SENSE_FORMAT_CORRUPT	SCST_SENSE(MEDIUM_ERROR, 0x31, 0x00)
#define SCST_SENSE_FORMAT_FAILED	SCST_SENSE(MEDIUM_ERROR, 0x31, 0x01)
#define SCST_SENSE_SANITIZE_FAILED	SCST_SENSE(MEDIUM_ERROR, 0x31, 0x03)
#define SCST_SENSE_NO_SPARE_LOCATION	SCST_SENSE(HARDWARE_ERROR, 0x32, 0x00)
#define SCST_SENSE_BECOMING_READY	SCST_SENSE(NOT_READY, 0x04, 0x01)
#define SCST_SENSE_READ_ERROR		SCST_SENSE(MEDIUM_ERROR, 0x11, 0x00)
#define SCST_SENSE_WRITE_ERROR		SCST_SENSE(MEDIUM_ERROR, 0x0c, 0x00)
#define SCST_SENSE_NO_SPACE		SCST_SENSE(DATA_PROTECT, 0x27, 0x07)
#define SCST_SENSE_INTERNAL_FAILURE	SCST_SENSE(HARDWARE_ERROR, 0x44, 0x00)
#define SCST_SENSE_PARAM_LIST_LENGTH	SCST_SENSE(ILLEGAL_REQUEST, 0x1a, 0x00)
#define SCST_SENSE_INVALID_OPCODE	SCST_SENSE(ILLEGAL_REQUEST, 0x20, 0x00)
#define SCST_SENSE_LBA_OUT_OF_RANGE	SCST_SENSE(ILLEGAL_REQUEST, 0x21, 0x00)
#define SCST_SENSE_INVALID_FIELD_IN_CDB	SCST_SENSE(ILLEGAL_REQUEST, 0x24, 0x00)
#define SCST_SENSE_LUN_NOT_SUPPORTED	SCST_SENSE(ILLEGAL_REQUEST, 0x25, 0x00)
#define SCST_SENSE_INVALID_FIELD_IN_PARAM SCST_SENSE(ILLEGAL_REQUEST, 0x26, 0x00)
#define SCST_SENSE_INCOMPATIBLE_FORMAT	SCST_SENSE(ILLEGAL_REQUEST, 0x30, 0x02)
#define SCST_SENSE_ILLEGAL_TRACK_MODE	SCST_SENSE(ILLEGAL_REQUEST, 0x64, 0x00)
#define SCST_SENSE_MEDIUM_CHANGED	SCST_SENSE(UNIT_ATTENTION, 0x28, 0x00)
#define SCST_SENSE_SAVING_NOT_SUPPORTED	SCST_SENSE(ILLEGAL_REQUEST, 0x39, 0x00)
#define SCST_SENSE_INVALID_FIELD_IN_IU	SCST_SENSE(ILLEGAL_REQUEST, 0x0e, 0x03)
#define SCST_SENSE_COMMAND_SEQUENCE	SCST_SENSE(ILLEGAL_REQUEST, 0x2c, 0x00)
#define SCST_SENSE_REMOVAL_PREVENTED	SCST_SENSE(ILLEGAL_REQUEST, 0x53, 0x02)
#define SCST_SENSE_SELF_TEST_FAILED	SCST_SENSE(HARDWARE_ERROR, 0x3e, 0x03)
#define SCST_SENSE_IDLE_BY_COMMAND	SCST_SENSE(NO_SENSE, 0x5e, 0x03)
#define SCST_SENSE_STANDBY_BY_COMMAND	SCST_SENSE(NO_SENSE, 0x5e, 0x04)
#define SCST_SENSE_INVALID_MESSAGE	SCST_SENSE(ILLEGAL_REQUEST, 0x49, 0x00)
#define SCST_SENSE_WRITE_PROTECTED	SCST_SENSE(DATA_PROTECT, 0x27, 0x00)
#define SCST_SENSE_SOFT_WRITE_PROTECTED	SCST_SENSE(DATA_PROTECT, 0x27, 0x02)
#define SCST_SENSE_DATA_PHASE_ERROR	SCST_SENSE(ABORTED_COMMAND, 0x4b, 0x00)
#define SCST_SENSE_MISCOMPARE		SCST_SENSE(MISCOMPARE, 0x1d, 0x00)

#define SCST_NR_OTHER_UAS	4

/**
 * enum scst_ua - unit attention conditions, most important first
 *
 * The conditions pending for an I_T_L nexus are a bitmap of these, so a
 * condition cannot be queued twice, needs no memory, and the lowest bit is the
 * one to report.  ua.c has their rules.
 * @SCST_UA_POWER_ON: the nexus is new (29/00)
 * @SCST_UA_RESET: LOGICAL UNIT RESET or TARGET RESET (29/03)
 * @SCST_UA_NEXUS_LOSS: I_T nexus loss (29/07)
 * @SCST_UA_MEDIUM_CHANGED: not ready to ready change (28/00)
 * @SCST_UA_COMMANDS_CLEARED: another nexus cleared the task set (2F/00)
 * @SCST_UA_PREVIOUS_BUSY: a command ended with BUSY (2C/07)
 * @SCST_UA_PREVIOUS_TASK_SET_FULL: one ended with TASK SET FULL (2C/08)
 * @SCST_UA_PREVIOUS_CONFLICT: one ended with RESERVATION CONFLICT (2C/09)
 * @SCST_UA_RESERVATIONS_PREEMPTED: reservations preempted (2A/03)
 * @SCST_UA_RESERVATIONS_RELEASED: reservations released (2A/04)
 * @SCST_UA_REGISTRATIONS_PREEMPTED: registrations preempted (2A/05)
 * @SCST_UA_ACCESS_STATE_CHANGED: asymmetric access state changed (2A/06)
 * @SCST_UA_ACCESS_TRANSITION_FAILED: implicit asymmetric access state
 *	transition failed (2A/07)
 * @SCST_UA_MODE_CHANGED: mode parameters changed (2A/01)
 * @SCST_UA_LOG_CHANGED: log parameters changed (2A/02)
 * @SCST_UA_CAPACITY_CHANGED: capacity data has changed (2A/09)
 * @SCST_UA_TIMESTAMP_CHANGED: timestamp changed (2A/10)
 * @SCST_UA_SPACE_THRESHOLD: thin provisioning soft threshold reached (38/07)
 * @SCST_UA_INQUIRY_CHANGED: inquiry data has changed (3F/03)
 * @SCST_UA_IDENTIFIER_CHANGED: device identifier changed (3F/05)
 * @SCST_UA_LUNS_CHANGED: reported LUNs data has changed (3F/0E)
 * @SCST_UA_OTHER: what a device of this host has reported and is none of these; so
 *	are the next %SCST_NR_OTHER_UAS - 1
 * @SCST_UA_NR: number of conditions
 */
enum scst_ua {
	SCST_UA_POWER_ON,
	SCST_UA_RESET,
	SCST_UA_NEXUS_LOSS,
	SCST_UA_MEDIUM_CHANGED,
	SCST_UA_COMMANDS_CLEARED,
	SCST_UA_PREVIOUS_BUSY,
	SCST_UA_PREVIOUS_TASK_SET_FULL,
	SCST_UA_PREVIOUS_CONFLICT,
	SCST_UA_RESERVATIONS_PREEMPTED,
	SCST_UA_RESERVATIONS_RELEASED,
	SCST_UA_REGISTRATIONS_PREEMPTED,
	SCST_UA_ACCESS_STATE_CHANGED,
	SCST_UA_ACCESS_TRANSITION_FAILED,
	SCST_UA_MODE_CHANGED,
	SCST_UA_LOG_CHANGED,
	SCST_UA_CAPACITY_CHANGED,
	SCST_UA_TIMESTAMP_CHANGED,
	SCST_UA_SPACE_THRESHOLD,
	SCST_UA_INQUIRY_CHANGED,
	SCST_UA_IDENTIFIER_CHANGED,
	SCST_UA_LUNS_CHANGED,
	SCST_UA_OTHER,
	SCST_UA_NR = SCST_UA_OTHER + SCST_NR_OTHER_UAS
};

/**
 * struct scst_name - an object in the table of names, see names.c
 * @node: link in the table
 * @dev: the object
 * @name: its name, or another one that nothing else shall have
 */
struct scst_name {
	struct hlist_node node;
	struct device *dev;
	const char *name;
};

/* ------------------------------------------------------------------------
 * Gate: who may be inside together (drivers/scst/core/gate.c)
 */

/**
 * enum scst_gate_mode - how an entry shares a gate with the others
 * @SCST_GATE_SHARED: with other shared entries (SIMPLE; any executing command)
 * @SCST_GATE_EXCLUSIVE: after all older ones have left, alone (ORDERED; a
 *	command that needs the logical unit for itself)
 * @SCST_GATE_HEAD: at once; those that wait go on waiting (HEAD OF QUEUE)
 */
enum scst_gate_mode {
	SCST_GATE_SHARED,
	SCST_GATE_EXCLUSIVE,
	SCST_GATE_HEAD,
};

/**
 * struct scst_gate_entry - one user of a gate, embedded in what passes it
 * @list: place among those that wait
 * @resume: called in process context when a wait ends
 * @mode: enum scst_gate_mode
 * @state: private to gate.c
 * @cancelled: scst_gate_cancel() was called: never wait again
 */
struct scst_gate_entry {
	struct list_head list;
	void (*resume)(struct scst_gate_entry *entry);
	u8 mode;
	u8 state;
	bool cancelled;
};

/**
 * struct scst_gate - a percpu_ref while only shared entries come, a queue else
 * @ref: counts the shared entries of the fast mode
 * @slow: an exclusive or head entry came; tested by every entry
 * @ref_live: @ref was not killed
 * @drained: no entry of the fast mode is left
 * @lock: protects all fields below and @slow, @ref_live, @drained
 * @waiting: entries that wait, oldest first
 * @ready: entries whose wait is over, to be resumed by @work
 * @nr_shared: shared entries inside that came in slow mode, or were exclusive before
 * @nr_exclusive: exclusive entries inside (0 or 1)
 * @nr_head: head entries inside
 * @last_use: jiffies when slow mode was last needed
 * @work: kills and resurrects @ref, resumes entries
 * @drain_wait: woken when @drained becomes true
 */
struct scst_gate {
	struct percpu_ref ref;
	bool slow;
	bool ref_live;
	bool drained;
	spinlock_t lock;	/* see above; taken in any context */
	struct list_head waiting;
	struct list_head ready;
	unsigned int nr_shared;
	unsigned int nr_exclusive;
	unsigned int nr_head;
	unsigned long last_use;
	struct delayed_work work;
	wait_queue_head_t drain_wait;
};

/* ------------------------------------------------------------------------
 * Ranges of blocks, for commands that are atomic (drivers/scst/core/range.c)
 */

/**
 * enum scst_range_mode - which blocks of the medium a command accesses, and how
 * @SCST_RANGE_NONE: none
 * @SCST_RANGE_READ: reads nblocks from lba on
 * @SCST_RANGE_WRITE: writes nblocks from lba on
 * @SCST_RANGE_WRITE_ANY: writes blocks that its CDB does not tell
 */
enum scst_range_mode {
	SCST_RANGE_NONE,
	SCST_RANGE_READ,
	SCST_RANGE_WRITE,
	SCST_RANGE_WRITE_ANY,
};

/**
 * struct scst_range - the range of a command; private to range.c
 * @rb: link in scst_ranges.tree
 * @start: first block
 * @last: last block
 * @subtree_last: highest @last below @rb
 * @seq: order of arrival
 * @nr_blockers: older ranges that it waits for
 * @write: writes, else reads
 * @ready: link in scst_ranges.ready
 * @resume: called when a wait ends
 */
struct scst_range {
	struct rb_node rb;
	u64 start;
	u64 last;
	u64 subtree_last;
	u64 seq;
	unsigned int nr_blockers;
	bool write;
	struct list_head ready;
	void (*resume)(struct scst_cmd *cmd);
};

/**
 * struct scst_ranges - the ranges of a logical unit; private to range.c
 * @lock: protects all fields below, and what is changed of
 *	scst_device.ranges_on, scst_cmd.range_state and ranges_user
 * @tree: ranges of commands that execute or wait
 * @ready: those whose wait is over, to be resumed by @resume_work
 * @seq: of the next range
 * @nr_users: commands that are to be atomic
 * @last_use: jiffies when the last of these ended
 * @resume_work: resumes commands
 * @stop_work: clears scst_device.ranges_on
 */
struct scst_ranges {
	spinlock_t lock;	/* see above; taken in any context */
	struct rb_root_cached tree;
	struct list_head ready;
	u64 seq;
	unsigned int nr_users;
	unsigned long last_use;
	struct work_struct resume_work;
	struct delayed_work stop_work;
};

/* ------------------------------------------------------------------------
 * Commands
 */

/**
 * enum scst_data_direction - which way data goes, seen by the initiator
 * @SCST_DATA_NONE: no data
 * @SCST_DATA_WRITE: from the initiator (data-out)
 * @SCST_DATA_READ: to the initiator (data-in)
 * @SCST_DATA_BIDI: both
 */
enum scst_data_direction {
	SCST_DATA_NONE	= 0,
	SCST_DATA_WRITE	= 1,
	SCST_DATA_READ	= 2,
	SCST_DATA_BIDI	= SCST_DATA_WRITE | SCST_DATA_READ,
};

/**
 * enum scst_queue_type - task attribute of a command (SAM-6 8.6)
 * @SCST_CMD_QUEUE_SIMPLE: SIMPLE
 * @SCST_CMD_QUEUE_ORDERED: ORDERED
 * @SCST_CMD_QUEUE_HEAD_OF_QUEUE: HEAD OF QUEUE
 * @SCST_CMD_QUEUE_ACA: ACA, see aca.c
 */
enum scst_queue_type {
	SCST_CMD_QUEUE_SIMPLE,
	SCST_CMD_QUEUE_ORDERED,
	SCST_CMD_QUEUE_HEAD_OF_QUEUE,
	SCST_CMD_QUEUE_ACA,
};

/**
 * enum scst_cmd_state - where a command waits or works
 *
 * For task management, dev_done(), tracing and debugfs.  Where the command goes
 * next does not depend on it.
 * @SCST_CMD_INIT: between scst_rx_cmd() and its place in the task set
 * @SCST_CMD_QUEUED: waits for older commands of its task set
 * @SCST_CMD_DATA_WAIT: waits for data-out, see rdy_to_xfer()
 * @SCST_CMD_EXEC_WAIT: waits for a command that has the logical unit, or some
 *	of its blocks, alone
 * @SCST_CMD_EXECUTING: the handler has it
 * @SCST_CMD_DETACHED: the copy manager has it, or it waits for user space, or for its
 *	turn to change reservations
 * @SCST_CMD_BLOCKED: waits for the end of an ACA condition
 * @SCST_CMD_RESPONDING: the target driver sends the response
 */
enum scst_cmd_state {
	SCST_CMD_INIT,
	SCST_CMD_QUEUED,
	SCST_CMD_DATA_WAIT,
	SCST_CMD_EXEC_WAIT,
	SCST_CMD_EXECUTING,
	SCST_CMD_DETACHED,
	SCST_CMD_BLOCKED,
	SCST_CMD_RESPONDING,
};

/* Bits of scst_cmd.flags */
enum scst_cmd_flags {
	SCST_CMD_ABORTED,	/* a TMF, or the end of its nexus, hit it; or _LUN */
	SCST_CMD_ABORTED_OWN,	/* by its own nexus: send no status */
	SCST_CMD_ABORTED_LUN,	/* because its LUN goes */
	SCST_CMD_ABORTED_CLEARED, /* with the task set, by another nexus */
	SCST_CMD_WAITS_ENDED,	/* scst_cmd_abort() was called */
	SCST_CMD_INTERNAL,	/* the core sent it, see internal.c */
	SCST_CMD_COPY_FAILED,	/* priv is a struct scst_copy_failure */
	SCST_CMD_ACA_BLOCKED,	/* not to go on during an ACA condition */
	SCST_CMD_ACA_PARKED,	/* and waits for its end */
	SCST_CMD_ACA_ADMITTED,	/* the command with the ACA attribute */
	SCST_CMD_ACA_REFUSED,	/* came during an ACA condition */
};

/* Bytes of a command that belong to the handler while it executes. */
#define SCST_CMD_PRIV_SIZE	384
#define SCST_CMD_PARSED_SIZE	16	/* of these from parse() to exec() */

/**
 * struct scst_cmd - a command (SCSI I_T_L_Q nexus)
 *
 * Embedded by the target driver in memory it has per request, and valid from
 * scst_rx_cmd() until on_free_cmd().  The core never allocates one.
 *
 * @sess: I_T nexus that sent it; set by scst_rx_cmd()
 * @tgt_dev: I_T_L nexus, NULL when the LUN does not exist
 * @dev: logical unit, NULL when the LUN does not exist
 * @op: row of the opcode table, NULL when the operation code is unknown
 * @cdb: command descriptor block; the target driver's memory
 * @cdb_len: its length in bytes
 * @queue_type: enum scst_queue_type; the target driver may set it
 * @expected_dir: enum scst_data_direction as the transport announced it
 * @state: enum scst_cmd_state
 * @status: SAM status code to send
 * @sense_len: valid bytes in @sense
 * @no_response: it was aborted, and the initiator is not to be told
 * @ended: the command ended while @abort_pins kept it
 * @resid_overflow: @resid is an overflow: the CDB asked for more than fits
 * @ua: enum scst_ua that it reports, plus one, or 0
 * @counted: it counts for the limits of its nexuses, see inflight.c
 * @executed: it is, or was, being executed, and is to be told how that ends: see
 *	scst_cmd_aborted()
 * @abort_pins: task management functions that look at it; inflight.c
 * @tmf_gen: the session's tmf_gen when it arrived
 * @flags: bits of enum scst_cmd_flags
 * @tag: command identifier, unique within the nexus; set by the target driver
 * @lun: the LUN as the target driver got it
 * @sg: data buffer; data-in buffer of a bidirectional command
 * @sg_cnt: entries of @sg
 * @bufflen: bytes in @sg, the transport's expected data transfer length
 * @out_sg: data-out buffer of a bidirectional command, else NULL
 * @out_sg_cnt: entries of @out_sg
 * @out_bufflen: bytes in @out_sg
 * @lba: first logical block, for commands that have one
 * @nblocks: number of logical blocks the command works on
 * @xfer_len: bytes the CDB wants to move between initiator and target
 * @resp_data_len: bytes of data-in that are valid in @sg
 * @resid: residual byte count, see scst_cmd_get_resid()
 * @sense_info: INFORMATION field of the sense data, with @info_valid
 * @info_valid: @sense_info holds something
 * @sense_cmd_info: COMMAND-SPECIFIC INFORMATION field, with @cmd_info_valid
 * @cmd_info_valid: @sense_cmd_info holds something
 * @field_ptr: byte in error for INVALID FIELD, with @field_valid
 * @field_bit: bit in error, or 8 for the whole byte
 * @field_valid: @field_ptr holds something
 * @field_in_cdb: @field_ptr counts in the CDB, else in the parameter list
 * @range_state: what @range is, private to range.c
 * @ranges_user: it is to be atomic, and counted
 * @result: how it ended, as scst_cmd_done() was told
 * @cpu: whose in-flight list it is on
 * @start_ns: when it arrived, while latency is measured; else 0
 * @task_set: task set that it belongs to as long as it lives
 * @task_set_entry: place in it
 * @exec_entry: reference on the logical unit while executing
 * @inflight: link in the session's in-flight list
 * @priv: the handler's own while it executes; not cleared.  Of what parse() has
 *	put there exec() finds the first %SCST_CMD_PARSED_SIZE bytes.
 * @range: blocks that it has, see @range_state; not cleared
 * @sense: sense data, fixed or descriptor format
 */
struct scst_cmd {
	struct scst_session *sess;
	struct scst_tgt_dev *tgt_dev;
	struct scst_device *dev;
	const struct scst_opcode *op;

	const u8 *cdb;
	u16 cdb_len;
	u8 queue_type;
	u8 expected_dir;
	u8 state;
	u8 status;
	u8 sense_len;
	bool no_response;
	bool ended;
	bool resid_overflow;
	bool info_valid;
	bool cmd_info_valid;
	bool field_valid;
	bool field_in_cdb;
	u8 range_state;
	bool ranges_user;
	u8 field_bit;
	u8 ua;
	bool counted;
	bool executed;
	u16 field_ptr;
	u16 abort_pins;
	u64 tmf_gen;

	unsigned long flags;
	u64 tag;
	struct scsi_lun lun;

	struct scatterlist *sg;
	unsigned int sg_cnt;
	u32 bufflen;
	struct scatterlist *out_sg;
	unsigned int out_sg_cnt;
	u32 out_bufflen;

	u64 lba;
	u64 nblocks;
	u64 xfer_len;
	u32 resp_data_len;
	u32 resid;
	u64 sense_info;
	u64 sense_cmd_info;
	scst_sense_t result;
	unsigned int cpu;
	u64 start_ns;

	struct scst_gate *task_set;
	struct scst_gate_entry task_set_entry;
	struct scst_gate_entry exec_entry;
	struct list_head inflight;

	u8 priv[SCST_CMD_PRIV_SIZE] __aligned(8);
	struct scst_range range;
	u8 sense[SCST_SENSE_BUFFERSIZE];
};

/* ------------------------------------------------------------------------
 * Asymmetric logical unit access (drivers/scst/core/alua.c, tpg.c)
 */

/**
 * enum scst_access_state - of a target port group (SPC-6 5.18.2)
 * @SCST_STATE_OPTIMIZED: active/optimized; also that of all other ports
 * @SCST_STATE_NONOPTIMIZED: active/non-optimized
 * @SCST_STATE_STANDBY: standby
 * @SCST_STATE_UNAVAILABLE: unavailable
 * @SCST_STATE_OFFLINE: offline
 * @SCST_STATE_TRANSITIONING: transitioning between states
 */
enum scst_access_state {
	SCST_STATE_OPTIMIZED,
	SCST_STATE_NONOPTIMIZED,
	SCST_STATE_STANDBY,
	SCST_STATE_UNAVAILABLE,
	SCST_STATE_OFFLINE,
	SCST_STATE_TRANSITIONING,
};

/**
 * enum scst_access - in which of these states a command is executed
 * @SCST_ACCESS_ACTIVE: in the active states
 * @SCST_ACCESS_STANDBY: and in standby
 * @SCST_ACCESS_UNAVAILABLE: and in unavailable
 * @SCST_ACCESS_ANY: in all
 */
enum scst_access {
	SCST_ACCESS_ACTIVE,
	SCST_ACCESS_STANDBY,
	SCST_ACCESS_UNAVAILABLE,
	SCST_ACCESS_ANY,
};

/**
 * enum scst_reserve_rule - in the way of which reservations a command is
 * @SCST_RESERVE_CONFLICT: of all that another nexus has
 * @SCST_RESERVE_READ: not of persistent ones of a write exclusive type
 * @SCST_RESERVE_ALLOWED: of no persistent ones
 * @SCST_RESERVE_ALWAYS: nor of RESERVE
 */
enum scst_reserve_rule {
	SCST_RESERVE_CONFLICT,
	SCST_RESERVE_READ,
	SCST_RESERVE_ALLOWED,
	SCST_RESERVE_ALWAYS,
};

/**
 * struct scst_tpg_ids - what VPD page 83h tells of groups
 * @tpg_id: target port group, 0: the port is in none
 * @lu_group_id: logical unit group
 */
struct scst_tpg_ids {
	u16 tpg_id;
	u16 lu_group_id;
};

/* ------------------------------------------------------------------------
 * Opcode tables
 */

/**
 * struct scst_opcode - everything the core knows about a command
 *
 * One row per operation code and service action, in the module that executes
 * it.  Parsing, the checks before execution and REPORT SUPPORTED OPERATION
 * CODES all read it.
 *
 * @name: name in the standard
 * @opcode: operation code
 * @has_sa: the command has a service action
 * @sa: service action; in byte 1 bits 4..0, or in bytes 8 and 9 for 7Fh
 * @cdb_len: CDB length in bytes
 * @dir: which way its data goes
 * @range: enum scst_range_mode: which blocks it accesses
 * @access: enum scst_access
 * @reserve: enum scst_reserve_rule (SPC-6 and SBC-5, tables of commands that are
 *	allowed in the presence of various reservations)
 * @exclusive: runs alone on the logical unit
 * @atomic: has the blocks of its @range for itself (SBC-5)
 * @medium_write: changes the medium: refused when write protected
 * @skip_ua: executed though a unit attention is pending (SAM-6 5.14.3)
 * @no_lun: executed though the LUN does not exist (SPC-6 table on LUNs)
 * @wlun: executed for the REPORT LUNS well known logical unit
 * @offline: executed though no handler is attached
 * @passes_aca: executed though another nexus has an ACA condition (SAM-6 5.9.3)
 * @usage: CDB usage map as REPORT SUPPORTED OPERATION CODES wants it;
 *	byte 0 is the operation code.  A CDB with a bit that is not in it ends
 *	with INVALID FIELD IN CDB.
 * @timeout: recommended command timeout in seconds, 0: not specified
 * @supported: optional: does this unit have the command?  It may depend on what
 *	is fixed as long as commands execute.  NULL: all units of the handler do.
 * @reserve_rule: optional: enum scst_reserve_rule that depends on the CDB; takes
 *	the place of @reserve
 * @decode: fills lba, nblocks and xfer_len from the CDB, which is known to be
 *	@cdb_len bytes long; NULL when the CDB has none
 * @exec: executes the command, see struct scst_dev_type
 */
struct scst_opcode {
	const char *name;
	u8 opcode;
	bool has_sa;
	u16 sa;
	u8 cdb_len;
	u8 dir;
	u8 range;
	u8 access;
	u8 reserve;
	unsigned int exclusive:1;
	unsigned int atomic:1;
	unsigned int medium_write:1;
	unsigned int skip_ua:1;
	unsigned int no_lun:1;
	unsigned int wlun:1;
	unsigned int offline:1;
	unsigned int passes_aca:1;
	u8 usage[SCST_MAX_USAGE_LEN];
	u32 timeout;
	bool (*supported)(const struct scst_device *dev);
	enum scst_reserve_rule (*reserve_rule)(const struct scst_cmd *cmd);
	scst_sense_t (*decode)(struct scst_cmd *cmd);
	scst_sense_t (*exec)(struct scst_cmd *cmd);
};

/* ------------------------------------------------------------------------
 * Dev handlers
 */

/**
 * struct scst_clone - what the copy manager wants cloned
 * @src: unit to clone from
 * @dst: unit to clone to; may be the same
 * @src_pos: first byte of the range
 * @dst_pos: where it goes to
 * @len: bytes
 */
struct scst_clone {
	struct scst_device *src;
	struct scst_device *dst;
	u64 src_pos;
	u64 dst_pos;
	u64 len;
};

/**
 * struct scst_dev_type - a dev handler: the driver of logical units
 *
 * Registered with scst_register_virtual_dev_driver().  The callbacks run in
 * process context and may sleep unless said otherwise.
 *
 * @driver: name, owner and dev_groups are filled in by the handler; groups
 *	default to the core's add_device, del_device and
 *	add_device_parameters
 * @type: peripheral device type (SPC-6 table 56)
 * @opcodes: rows this handler executes; rows with the same operation code
 *	stand together.  A row here replaces the core's row.
 * @nr_opcodes: number of rows
 * @any: optional: what executes commands that neither this handler nor the core has
 *	a row for: four rows, by scst_cmd.expected_dir, whose opcode, length and usage
 *	map mean nothing.  The transport says how much data there is.
 * @add_device_parameters: names of the parameters of add_device, NULL ended
 * @new_device: a user wants a device.  Check @params ("name=value" words,
 *	split by blanks or semicolons; may be modified), open what has to be
 *	opened, and return scst_alloc_device()'s result, or ERR_PTR().  The
 *	core adds and attaches it.  NULL: the handler is for devices of this host,
 *	and a user wants it to serve one that scst_add_passthrough() has added.
 * @attach: serve the logical unit: open the backing store and set its
 *	capacity.  The return value is the errno of the user's write.
 * @detach: stop serving it.  No command executes and none will be given to
 *	the handler until attach(), except for rows that have offline set.
 * @free_device: the device leaves for good, attached or not before.  Undo
 *	new_device(), except for the memory.  Not called without that.
 * @parse: optional check of a decoded command before its place in the task
 *	set, such as the LBA range; once more when one that is exclusive has the
 *	unit.  Must not sleep.
 * @poll_sense: optional: what REQUEST SENSE tells when nothing else is pending,
 *	such as NOT READY (SPC-6 5.12), or %SCST_GOOD.  Must not sleep.
 * @progress: optional: how far the operation is of which sense data tell that it goes
 *	on, such as a format: in 65536ths (SPC-6 4.4.2.4.4), or -1.  Any context.
 * @reset: optional: LOGICAL UNIT RESET: give the mode parameters their saved or
 *	default values, and let the power condition be active (SAM-6 6.3.3).  No
 *	command executes.  May wait for I/O.
 * @abort: optional: a reset has aborted the commands of the unit, of which some may
 *	execute: end these, if it can be done.  The reset waits for them.
 * @aborted: optional: after @abort, they have ended.  Others may execute.  As @abort it
 *	is called whether a handler is attached or not.
 * @removal_allowed: optional: an I_T nexus that had prevented the removal of the medium
 *	is lost, was preempted, or ends, and does not prevent it any more.  A handler may
 *	be attached or not.  Any context.
 * @quiesce: optional: no command executes: bring what they have written to stable
 *	storage.  -EBUSY while an operation in the background writes, or another
 *	negative errno.  Under memalloc_noio_save().
 * @device_id: optional: fill in VPD page 83h, as INQUIRY through @tgt returns
 *	it, from its header on; return its bytes, at most @size.  For the copy
 *	manager, which finds units by their designators.  A handler may be
 *	attached or not.
 * @clone: optional: WRITE a range by having it share the space of another one.
 *	Both units are of this handler, have the same clone_domain and the
 *	same clone_size, of which the offsets and the length are multiples.
 *	Units with a clone_domain in common must not need one another for
 *	their I/O.  As exec(), with @cmd for one of the units; the copy manager
 *	holds the other one.  When it fails, it copies by reading and writing.
 * @dev_done: optional: a command of the device that reached exec() has ended
 *	with @cmd->result; before the response is sent; any context.  Not called
 *	for those that went on without the unit (%SCST_CMD_DETACHED).
 * @key_attributes: optional: add the names of the attributes that differ
 *	from their default to @buf from offset @at, one a line, as
 *	sysfs_emit_at() does; return the number of bytes added.  Called with
 *	scst_device.mutex held.
 *
 * A row's exec() callback runs in the submitter's context: it may allocate
 * (GFP_NOIO is in force) and start I/O, but not wait for I/O, for another
 * command, for a lock held during I/O, or for a tag of a block device: bios
 * are REQ_NOWAIT.  It returns %SCST_PENDING and calls scst_cmd_done() later,
 * once, from any context, or returns the result.  Once the command was handed
 * on to what will call scst_cmd_done(), exec() may touch neither it nor the
 * unit any more: detach() waits for commands, not for callers.
 */
struct scst_dev_type {
	struct device_driver driver;
	u8 type;
	const struct scst_opcode *opcodes;
	unsigned int nr_opcodes;
	const struct scst_opcode *any;
	const char *const *add_device_parameters;
	struct scst_device *(*new_device)(struct scst_dev_type *type,
					  const char *name, char *params);
	int (*attach)(struct scst_device *dev);
	void (*detach)(struct scst_device *dev);
	void (*free_device)(struct scst_device *dev);
	scst_sense_t (*parse)(struct scst_cmd *cmd);
	scst_sense_t (*poll_sense)(struct scst_device *dev);
	int (*progress)(struct scst_device *dev);
	void (*reset)(struct scst_device *dev);
	void (*abort)(struct scst_device *dev);
	void (*aborted)(struct scst_device *dev);
	void (*removal_allowed)(struct scst_device *dev);
	int (*quiesce)(struct scst_device *dev);
	unsigned int (*device_id)(struct scst_device *dev, struct scst_tgt *tgt,
				  u8 *buf, unsigned int size);
	scst_sense_t (*clone)(struct scst_cmd *cmd,
			      const struct scst_clone *clone);
	void (*dev_done)(struct scst_cmd *cmd);
	ssize_t (*key_attributes)(struct scst_device *dev, char *buf, int at);

	/* private: the core's */
	const struct scst_opcode **opcode_index;
	struct list_head devices;
};

/**
 * enum scst_qerr - what a CHECK CONDITION does to other commands (QERR field)
 * @SCST_QERR_NONE: nothing
 * @SCST_QERR_ALL: those of the task set are aborted
 * @SCST_QERR_RESERVED: reserved
 * @SCST_QERR_NEXUS: those of the task set that came from the same nexus are
 */
enum scst_qerr {
	SCST_QERR_NONE,
	SCST_QERR_ALL,
	SCST_QERR_RESERVED,
	SCST_QERR_NEXUS,
};

/* UA_INTLCK_CTRL: a unit attention stays when it was reported (SPC-6) */
#define SCST_UA_INTLCK_KEEP	2
/* and BUSY, TASK SET FULL and RESERVATION CONFLICT establish one */
#define SCST_UA_INTLCK_STATUS	3

/**
 * struct scst_lower - a device of this host that a unit is made of
 */
struct scst_lower {
	/* private: see export.c */
	struct list_head entry;
	struct scst_tgt *tgt;
};

/**
 * struct scst_device - a logical unit
 *
 * @dev: device on the bus scsi_tgt_dev; its name is the unit's name
 * @type: handler that created it, and the only one that binds to it; if it stands
 *	for a device of this host the one that serves it
 * @priv: the handler's memory behind this struct, see scst_alloc_device()
 * @exec_gate: held by commands from exec() to scst_cmd_done()
 * @online: a handler is attached; stable for who is inside @exec_gate when it
 *	has found it set
 * @ranges_on: commands take ranges of blocks, see range.c
 * @block_size: logical block length in bytes; the handler sets it
 * @block_shift: log2 of it
 * @nblocks: number of logical blocks; the handler sets it
 * @opt_xfer: best transfer length in bytes, 0: not known; the handler sets it
 * @clone_size: see clone() of struct scst_dev_type; 0: it cannot be cloned
 * @clone_domain: likewise; only compared
 * @medium_gen: how often initiators were told that the medium may have changed
 * @mutex: the unit's settings and exports; taken by attribute callbacks.  Who has it
 *	may wait for all commands of the unit, so it is taken within no lock that is for
 *	more than the unit, such as scst_tgt.mutex, and not by who logs in or out.
 *	suspend_mutex is within it.
 * @d_sense: sense data in descriptor format (control mode page)
 * @swp: software write protect (control mode page)
 * @tas: tell other nexuses TASK ABORTED (control mode page)
 * @tmf_only: no commands in an ACA condition (control mode page)
 * @tst: 1: a task set per I_T nexus, 0: one for all; set by new_device(), and
 *	by scst_device_set_tst() from then on
 * @qerr: enum scst_qerr (control mode page)
 * @ua_intlck: UA_INTLCK_CTRL (control mode page)
 * @read_only: the unit as a whole is write protected
 */
struct scst_device {
	struct device dev;
	struct scst_dev_type *type;
	void *priv;

	struct scst_gate exec_gate;
	bool online;
	bool ranges_on;
	u32 block_size;
	u8 block_shift;
	u64 nblocks;
	u32 opt_xfer;
	u32 clone_size;
	const void *clone_domain;
	u32 medium_gen;
	struct mutex mutex;	/* see above */
	bool d_sense;
	bool swp;
	bool tas;
	bool tmf_only;
	bool tst;
	u8 qerr;
	u8 ua_intlck;
	bool read_only;

	/* private: the core's */
	bool bind_allowed;
	bool was_online;
	bool ready;		/* can be found by its name */
	bool dying;
	bool passthrough;	/* see passthrough.c, and what follows */
	bool gone;
	u8 passthrough_type;
	struct mutex claim_mutex;	/* of who has it served, or not */
	const char *persist_name;
	struct scst_name persist_alias;	/* of that, while a handler has it */
	u16 other_uas[SCST_NR_OTHER_UAS]; /* ASC and ASCQ of SCST_UA_OTHER... */
	u8 next_other_ua;	/* index of the next one to be lost */
	atomic_t nr_pins;	/* LUNs and nexuses; raised from 0 under mutex */
	struct scst_ranges ranges;
	struct xarray export_tgts;	/* see export.c */
	struct list_head lowers;	/* likewise, under export_tgts.xa_lock */
	struct scst_lower passthrough_lower;
	struct scst_gate task_set;
	struct scst_gate_entry ts_barrier;	/* see task_set.c */
	struct work_struct ts_work;
	bool ts_per_nexus;	/* the tst in force */
	bool ts_changing;
	struct list_head parked;	/* see aca.c */
	struct scst_gate_entry suspend_entry;	/* see suspend.c */
	struct mutex suspend_mutex;	/* held while it is suspended */
	unsigned int nr_blocks;		/* under suspend_mutex */
	/*
	 * protects both lists, and all of aca.c and task_set.c; outside
	 * scst_gate.lock and scst_inflight.lock
	 */
	spinlock_t tgt_dev_lock;
	struct list_head tgt_devs;
	struct list_head exports;
	u64 past_stats[SCST_STAT_NR];	/* under tgt_dev_lock */
	struct list_head type_entry;
	struct scst_name name;
	struct scst_inject *inject;
	struct scst_dev_group *dev_group;	/* see alua.h */
	struct scst_pr *pr;		/* see pr.h */
	struct delayed_work event_work;
	unsigned long events;
	unsigned long last_event;
};

static inline struct scst_device *to_scst_dev(struct device *dev)
{
	return container_of(dev, struct scst_device, dev);
}

#define to_scst_dev_type(drv) \
	container_of_const(drv, struct scst_dev_type, driver)

/**
 * enum scst_dev_event - what a logical unit tells user space (KOBJ_CHANGE)
 * @SCST_DEV_EVENT_CAPACITY: its capacity changed
 * @SCST_DEV_EVENT_IO_ERROR: the backing store failed
 * @SCST_DEV_EVENT_NO_SPACE: the backing store is full
 * @SCST_DEV_EVENT_PREEMPTED: persistent reservations of a nexus were preempted
 * @SCST_DEV_EVENT_NR: number of events
 */
enum scst_dev_event {
	SCST_DEV_EVENT_CAPACITY,
	SCST_DEV_EVENT_IO_ERROR,
	SCST_DEV_EVENT_NO_SPACE,
	SCST_DEV_EVENT_PREEMPTED,
	SCST_DEV_EVENT_NR
};

/**
 * enum scst_medium_event - what happened to a medium, in the order of reporting
 * @SCST_MEDIUM_EJECT_REQUEST: the user wants it removed
 * @SCST_MEDIUM_REMOVED: it was removed
 * @SCST_MEDIUM_NEW: a new one is in place
 * @SCST_MEDIUM_DATA_LOST: cached data could not be written to it
 * @SCST_MEDIUM_NO_EVENT: nothing
 */
enum scst_medium_event {
	SCST_MEDIUM_EJECT_REQUEST,
	SCST_MEDIUM_REMOVED,
	SCST_MEDIUM_NEW,
	SCST_MEDIUM_DATA_LOST,
	SCST_MEDIUM_NO_EVENT
};

int __scst_register_virtual_dev_driver(struct scst_dev_type *type,
				       struct module *owner,
				       const char *mod_name);
#define scst_register_virtual_dev_driver(type) \
	__scst_register_virtual_dev_driver(type, THIS_MODULE, KBUILD_MODNAME)
void scst_unregister_virtual_dev_driver(struct scst_dev_type *type);
/* Those for devices of this host have no new_device() */
#define scst_register_dev_driver(type)	scst_register_virtual_dev_driver(type)
#define scst_unregister_dev_driver(type) \
	scst_unregister_virtual_dev_driver(type)

struct scst_device *scst_alloc_device(struct scst_dev_type *type,
				      const char *name, size_t priv_size);
struct scst_device *scst_alloc_passthrough(const char *name, u8 type,
					   const char *persist_name,
					   size_t priv_size);
int scst_add_passthrough(struct scst_device *dev, struct device *parent);
void scst_passthrough_gone(struct scst_device *dev);
void scst_passthrough_was_reset(struct scst_device *dev);
void scst_del_passthrough(struct scst_device *dev);
bool scst_is_port_device(const struct device *dev);
int scst_lower_add(struct scst_device *dev, struct scst_lower *lower,
		   struct device *on);
void scst_lower_del(struct scst_device *dev, struct scst_lower *lower);
void scst_device_event(struct scst_device *dev, enum scst_dev_event event);
void scst_device_ua(struct scst_device *dev, enum scst_ua ua,
		    struct scst_cmd *except);
enum scst_ua scst_device_other_ua(struct scst_device *dev, u8 asc, u8 ascq,
				  struct scst_cmd *except);
scst_sense_t scst_ua_report(struct scst_cmd *cmd);
void scst_device_stats(struct scst_device *dev, u64 *stats);
bool scst_device_removal_prevented(struct scst_device *dev);
void scst_cmd_prevent_removal(struct scst_cmd *cmd, bool prevent);
void scst_device_set_tst(struct scst_device *dev, bool tst);
bool scst_device_medium_event(struct scst_device *dev,
			      enum scst_medium_event event);
enum scst_medium_event scst_cmd_take_medium_event(struct scst_cmd *cmd);
u8 scst_medium_event_code(enum scst_medium_event event);
void scst_device_suspend(struct scst_device *dev);
void scst_device_resume(struct scst_device *dev);

void scst_cmd_done(struct scst_cmd *cmd, scst_sense_t result);
void scst_cmd_leave_unit(struct scst_cmd *cmd);
void scst_cmd_set_sense_info(struct scst_cmd *cmd, u64 info);
void scst_cmd_set_sense_cmd_info(struct scst_cmd *cmd, u64 info);
void scst_cmd_set_sense_data(struct scst_cmd *cmd, const u8 *sense,
			     unsigned int len);
scst_sense_t scst_cmd_request_sense(struct scst_cmd *cmd);
scst_sense_t scst_cmd_cdb_error(struct scst_cmd *cmd, u16 byte, u8 bit);
scst_sense_t scst_cmd_param_error(struct scst_cmd *cmd, u16 byte, u8 bit);
void scst_cmd_data_in(struct scst_cmd *cmd, const void *buf, u32 len);
u32 scst_cmd_data_out(struct scst_cmd *cmd, void *buf, u32 len);
bool scst_cmd_write_protected(const struct scst_cmd *cmd, scst_sense_t *sense);
struct scst_tgt *scst_cmd_tgt(const struct scst_cmd *cmd);
void scst_cmd_data_in_part(struct scst_cmd *cmd, u32 offset, const void *buf,
			   u32 len);
void scst_cmd_data_in_end(struct scst_cmd *cmd, u32 len);

/**
 * struct scst_port_id - what initiators can know a target port by
 * @rel_tgt_id: relative target port identifier
 * @naa: name of the port: an NAA designator of eight bytes
 * @name: its SCSI name string (SPC-6 7.7.6.11), or empty
 */
struct scst_port_id {
	u16 rel_tgt_id;
	u64 naa;
	char name[SCST_MAX_PORT_NAME + 1];
};

/* Of what scst_put_port_names() makes */
#define SCST_PORT_NAMES_LEN	(16 + SCST_MAX_PORT_NAME + 1)

/**
 * scst_put_desig - begin a designation descriptor
 * @p: where to
 * @code_set: SCST_DESIG_BINARY or the like
 * @type: association and designator type: SCST_DESIG_OF_PORT | SCST_DESIG_NAA, say
 * @len: bytes of the designator
 *
 * Context: any.
 * Return: where the designator goes.
 */
static inline u8 *scst_put_desig(u8 *p, u8 code_set, u8 type, u8 len)
{
	p[0] = code_set;
	p[1] = type;
	p[2] = 0;
	p[3] = len;
	return p + SCST_DESIG_HEADER_LEN;
}

void scst_tgt_port_id(const struct scst_tgt *tgt, struct scst_port_id *port);
unsigned int scst_put_port_names(const struct scst_port_id *port, u8 *buf);
u8 scst_device_tpgs(const struct scst_device *dev, const struct scst_tgt *tgt);
bool scst_device_tpg(const struct scst_device *dev, const struct scst_tgt *tgt,
		     struct scst_tpg_ids *ids);
bool scst_device_next_port(struct scst_device *dev, struct scst_port_id *port);
u64 scst_local_naa(const void *data, size_t len);

/* What a unit remembers when power is lost (persist.c) */
int scst_persist_save(const char *kind, const char *name, u16 version,
		      const void *data, u32 len);
int scst_persist_load(const char *kind, const char *name, u16 version,
		      void *buf, u32 size);
bool scst_persist_can_save(const char *kind);

/* CDB decoders for the decode column of opcode tables (cdb.c) */
scst_sense_t scst_decode_rw6(struct scst_cmd *cmd);
scst_sense_t scst_decode_rw10(struct scst_cmd *cmd);
scst_sense_t scst_decode_rw12(struct scst_cmd *cmd);
scst_sense_t scst_decode_rw16(struct scst_cmd *cmd);
scst_sense_t scst_decode_rw32(struct scst_cmd *cmd);
scst_sense_t scst_decode_compare_and_write(struct scst_cmd *cmd);
scst_sense_t scst_decode_write_atomic16(struct scst_cmd *cmd);
scst_sense_t scst_decode_verify10(struct scst_cmd *cmd);
scst_sense_t scst_decode_verify12(struct scst_cmd *cmd);
scst_sense_t scst_decode_verify16(struct scst_cmd *cmd);
scst_sense_t scst_decode_verify32(struct scst_cmd *cmd);
scst_sense_t scst_decode_range10(struct scst_cmd *cmd);
scst_sense_t scst_decode_range16(struct scst_cmd *cmd);
scst_sense_t scst_decode_write_same10(struct scst_cmd *cmd);
scst_sense_t scst_decode_write_same16(struct scst_cmd *cmd);
scst_sense_t scst_decode_write_same32(struct scst_cmd *cmd);
scst_sense_t scst_decode_len_byte4(struct scst_cmd *cmd);
scst_sense_t scst_decode_len_be16_3(struct scst_cmd *cmd);
scst_sense_t scst_decode_len_be16_7(struct scst_cmd *cmd);
scst_sense_t scst_decode_len_be24_6(struct scst_cmd *cmd);
scst_sense_t scst_decode_len_be32_5(struct scst_cmd *cmd);
scst_sense_t scst_decode_len_be32_6(struct scst_cmd *cmd);
scst_sense_t scst_decode_len_be32_10(struct scst_cmd *cmd);
scst_sense_t scst_decode_read_capacity10(struct scst_cmd *cmd);

/* ------------------------------------------------------------------------
 * Target drivers
 */

/**
 * enum scst_tmf_fn - task management functions (SAM-6 7)
 * @SCST_ABORT_TASK: one command of the nexus, by tag
 * @SCST_ABORT_TASK_SET: all commands of the nexus on a logical unit
 * @SCST_CLEAR_TASK_SET: all commands in the logical unit's task set
 * @SCST_LUN_RESET: reset a logical unit
 * @SCST_TARGET_RESET: reset all logical units of the nexus
 * @SCST_NEXUS_LOSS: the nexus was lost, or I_T NEXUS RESET; all its commands
 *	end
 * @SCST_CLEAR_ACA: end an ACA condition
 * @SCST_QUERY_TASK: is there this command of the nexus?
 * @SCST_QUERY_TASK_SET: is there any command of the nexus?
 * @SCST_QUERY_ASYNC_EVENT: is a unit attention condition pending?
 * @SCST_TMF_FN_NR: number of functions
 */
enum scst_tmf_fn {
	SCST_ABORT_TASK,
	SCST_ABORT_TASK_SET,
	SCST_CLEAR_TASK_SET,
	SCST_LUN_RESET,
	SCST_TARGET_RESET,
	SCST_NEXUS_LOSS,
	SCST_CLEAR_ACA,
	SCST_QUERY_TASK,
	SCST_QUERY_TASK_SET,
	SCST_QUERY_ASYNC_EVENT,
	SCST_TMF_FN_NR
};

/**
 * enum scst_tmf_status - service response of a task management function
 * @SCST_TMF_COMPLETE: FUNCTION COMPLETE
 * @SCST_TMF_NO_TASK: FUNCTION COMPLETE: the tag names no command in flight,
 *	which has ended already (SAM-6 7.2)
 * @SCST_TMF_SUCCEEDED: FUNCTION SUCCEEDED: there is what was asked for
 * @SCST_TMF_NO_LUN: INCORRECT LOGICAL UNIT NUMBER
 * @SCST_TMF_REJECTED: FUNCTION REJECTED
 */
enum scst_tmf_status {
	SCST_TMF_COMPLETE,
	SCST_TMF_NO_TASK,
	SCST_TMF_SUCCEEDED,
	SCST_TMF_NO_LUN,
	SCST_TMF_REJECTED,
};

/**
 * struct scst_tmf - a task management request, embedded by the target driver
 * @sess: I_T nexus that asks; set by the core
 * @fn: what to do
 * @lun: logical unit, for those functions that have one
 * @tag: command, for %SCST_ABORT_TASK and %SCST_QUERY_TASK
 * @status: answer, valid when it has ended
 * @info: additional response information of %SCST_QUERY_ASYNC_EVENT, three
 *	bytes (SAM-6 7.9); else 0
 * @gen: the core's: which commands of @sess had arrived before
 * @work: the core's
 */
struct scst_tmf {
	struct scst_session *sess;
	enum scst_tmf_fn fn;
	struct scsi_lun lun;
	u64 tag;
	enum scst_tmf_status status;
	u32 info;
	u64 gen;
	struct work_struct work;
};

/**
 * struct scst_tgt_template - a target driver
 *
 * Registered with scst_register_target_template().  Callbacks run in process
 * context and may sleep unless said otherwise.
 *
 * @driver: name and owner are filled in by the driver; groups default to the
 *	core's add_target, del_target and add_target_parameters
 *	(&scst_tgtt_group, for drivers with groups of their own)
 * @tgt_groups: attribute groups of its targets, or NULL
 * @sess_groups: attribute groups of its sessions, or NULL
 * @add_target_parameters: names of the parameters of add_target, NULL ended
 * @add_target: a user wants a target: check @params as new_device() does and
 *	call scst_register_target().  NULL: targets cannot be added by hand.
 * @del_target: a user wants the target gone: end its sessions and call
 *	scst_unregister_target().
 * @enable_target: optional: the target is being enabled or disabled; when it
 *	fails the target stays as it was.  Sessions are only accepted while it
 *	is enabled.
 * @rdy_to_xfer: receive @cmd's data-out into its buffer and call
 *	scst_rx_data(), also from here.  Must look at scst_cmd_aborted() under
 *	the lock that also orders on_abort_cmd(), and call scst_rx_data() with
 *	an error at once if it is set.  A negative errno ends the command and
 *	scst_rx_data() must not be called then.  NULL: the data is there when
 *	scst_cmd_init_done() is called.
 * @xmit_response: send status, sense and data-in, then call
 *	scst_tgt_cmd_done(), also from here.  Called exactly once for every
 *	command, in any context; must not sleep.  When scst_cmd_no_response()
 *	says so, nothing is sent.
 * @on_free_cmd: the core has let go of @cmd: its memory may be reused.  The
 *	last callback, exactly once, in any context; must not sleep.
 * @on_abort_cmd: @cmd, which waits for data-out, was aborted: stop the
 *	transfer and call scst_rx_data() with an error.  May come at any time
 *	until on_free_cmd(), also when rdy_to_xfer() was not called; it is to
 *	be ignored unless a transfer is under way.  Must not sleep.  Needed
 *	when rdy_to_xfer is there.
 * @task_mgmt_fn_done: a request of scst_rx_tmf() has ended; @tmf is the
 *	driver's again.  Needed by those who call that.
 * @luns_changed: optional: the LUN map of @sess changed; return when the
 *	initiator has seen it, if the driver can know.  No core lock is held
 *	but scst_tgt.move_mutex, where patterns of groups have changed: it must
 *	not wait for another such change, in a group of the same target.
 * @luns_removing: optional: LUNs will go from @sess when this returns.  They
 *	still answer now, but scst_session_next_lun() passes over them.  Locks
 *	as for @luns_changed.  Both may come for a session that is being
 *	unregistered, or was; there is a reference on it.
 * @close_session: optional: a user wants the session gone: call
 *	scst_unregister_session().  NULL: sessions cannot be closed by hand.
 * @get_initiator_port_transport_id: optional: fill in the TransportID (SPC-6 7.6.4)
 *	of the initiator port of a session that is being registered, at most
 *	%SCST_MAX_TRANSPORT_ID bytes, and return its length.  NULL: the core makes
 *	one from the name of the initiator port.
 * @scsi_transport_version: optional: version descriptor of the SCSI
 *	transport for INQUIRY (SPC-6 table on version descriptors).  Who changes
 *	its mind calls scst_tgt_inquiry_changed().
 * @phys_transport_version: optional: the same for the physical transport
 * @port_id: optional: set what the transport names the target port by: @naa, which
 *	comes with a locally assigned designator, and @name, which comes empty,
 *	of struct scst_port_id.  As soon as the target has LUNs; with a lock of
 *	the core and interrupts off: must not sleep, nor call the core.  Who
 *	changes its mind calls scst_tgt_inquiry_changed().
 * @key_attributes: optional: as in struct scst_dev_type, for a target
 */
struct scst_tgt_template {
	struct device_driver driver;
	const struct attribute_group **tgt_groups;
	const struct attribute_group **sess_groups;
	const char *const *add_target_parameters;
	int (*add_target)(const char *name, char *params);
	int (*del_target)(struct scst_tgt *tgt);
	int (*enable_target)(struct scst_tgt *tgt, bool enable);
	int (*rdy_to_xfer)(struct scst_cmd *cmd);
	void (*xmit_response)(struct scst_cmd *cmd);
	void (*on_free_cmd)(struct scst_cmd *cmd);
	void (*on_abort_cmd)(struct scst_cmd *cmd);
	void (*task_mgmt_fn_done)(struct scst_tmf *tmf);
	void (*luns_changed)(struct scst_session *sess);
	void (*luns_removing)(struct scst_session *sess);
	int (*close_session)(struct scst_session *sess);
	u16 (*get_initiator_port_transport_id)(struct scst_session *sess,
					       u8 *id);
	u16 (*scsi_transport_version)(struct scst_tgt *tgt);
	u16 (*phys_transport_version)(struct scst_tgt *tgt);
	void (*port_id)(const struct scst_tgt *tgt, struct scst_port_id *port);
	ssize_t (*key_attributes)(struct scst_tgt *tgt, char *buf, int at);

	/* private: the core's */
	struct list_head tgts;
};

/**
 * struct scst_acg - an access control group: which LUNs initiators see
 * @tgt: target it belongs to
 * @luns_dev: the directory luns/
 * @luns: struct scst_acg_dev by LUN; written under scst_tgt.mutex
 * @addr_method: enum scst_addr_method
 */
struct scst_acg {
	struct scst_tgt *tgt;
	struct device *luns_dev;
	struct xarray luns;
	u8 addr_method;

	/* private: but for default_acg, see ini_group.c; under scst_tgt.mutex */
	struct device dev;
	struct device *initiators_dev;
	struct list_head entry;
	struct list_head acns;
	bool live;
	bool dying;
};

/**
 * enum scst_addr_method - LUN addressing in REPORT LUNS (SAM-6 4.7.7)
 * @SCST_ADDR_PERIPHERAL: peripheral device addressing up to 255, else flat
 * @SCST_ADDR_FLAT: flat space addressing
 * @SCST_ADDR_LUN: logical unit addressing up to 31, else flat
 */
enum scst_addr_method {
	SCST_ADDR_PERIPHERAL,
	SCST_ADDR_FLAT,
	SCST_ADDR_LUN,
};

/**
 * struct scst_tgt - a SCSI target port
 * @dev: device on the bus scsi_tgt_port; its name is the target's name
 * @tgtt: target driver
 * @priv: the target driver's; set by it
 * @default_acg: LUNs of initiators that are in no group
 * @mutex: settings, LUN map and sessions; taken by attribute callbacks
 * @sessions: its sessions, under @mutex
 * @max_session_commands: that each of them may have in flight, 0: any number;
 *	under @mutex
 * @rel_tgt_id: relative target port identifier
 * @enabled: accepts sessions
 */
struct scst_tgt {
	struct device dev;
	struct scst_tgt_template *tgtt;
	void *priv;
	struct scst_acg default_acg;
	struct mutex mutex;	/* see above */
	struct list_head sessions;
	unsigned int max_session_commands;
	u16 rel_tgt_id;
	bool enabled;

	/* private: the core's */
	u16 default_rel_tgt_id;
	bool ready;		/* can be found by its name */
	bool dying;
	bool changing_enabled;
	unsigned int nr_writers;	/* in luns/ files, see acg.c */
	wait_queue_head_t writers_wait;
	struct device *sessions_dev;
	struct device *ini_groups_dev;
	struct list_head acgs;		/* struct scst_acg, under mutex */
	struct mutex move_mutex;	/* sessions change their groups */
	struct list_head tgtt_entry;
	struct scst_name name;
};

static inline struct scst_tgt *to_scst_tgt(struct device *dev)
{
	return container_of(dev, struct scst_tgt, dev);
}

#define to_scst_tgtt(drv) \
	container_of_const(drv, struct scst_tgt_template, driver)

/* The in-flight commands that came in on one CPU. */
struct scst_inflight {
	/* protects all, and abort_pins, ended and counted of the commands */
	spinlock_t lock;
	unsigned int nr_counted;
	struct list_head cmds;
};

/**
 * struct scst_cmd_limit - how many commands a nexus may have (inflight.c)
 * @nr: commands that count, by the CPU where they came in; of each CPU under the
 *	scst_inflight.lock of the session and that CPU
 * @max: so many at a time, 0: any number
 * @near: there may be more than half of @max, so that each CPU looks at all
 * @met: the log has a line of that
 */
struct scst_cmd_limit {
	unsigned int __percpu *nr;
	unsigned int max;
	bool near;
	bool met;
};

/**
 * struct scst_sgv_owner - what an I_T nexus has of data buffers
 * @in_use: pages
 */
struct scst_sgv_owner {
	struct percpu_counter in_use;
};

/**
 * struct scst_sgv - a data buffer (drivers/scst/core/sgv.c)
 * @sg: scatter list, maybe chained: for sg_next(), not for an index
 * @sg_cnt: entries of @sg
 * @len: bytes in @sg
 */
struct scst_sgv {
	struct scatterlist *sg;
	unsigned int sg_cnt;
	u32 len;

	/* private: the core's */
	struct scst_sgv_owner *owner;
	unsigned int order;	/* class */
	unsigned int nr_pages;
	int cpu;		/* where it came from */
	struct scatterlist *last;	/* in use: the entry that was cut */
	unsigned int last_len;	/* what it had been */
	struct sg_table table;
	struct list_head class_entry;
	struct list_head lru_entry;
};

/**
 * struct scst_session - an I_T nexus
 * @dev: device on the bus scsi_tgt_port, below its target
 * @tgt: target
 * @priv: the target driver's; set by it
 * @id: N of its name sessionN
 * @initiator_name: name of the initiator port
 * @sgv_owner: its data buffers, for scst_sgv_alloc()
 */
struct scst_session {
	struct device dev;
	struct scst_tgt *tgt;
	void *priv;
	int id;
	const char *initiator_name;
	struct scst_sgv_owner sgv_owner;

	/* private: the core's */
	struct scst_lun_map __rcu *map;	/* changed under scst_tgt.mutex */
	struct scst_acg *acg;		/* under the same */
	u8 addr_method;			/* that of the group */
	bool counting;	/* see inflight.c; set under scst_tgt.mutex */
	struct scst_transport_id __rcu *transport_id; /* likewise as map */
	struct scst_inflight __percpu *inflight;
	struct scst_cmd_limit limit;
	struct percpu_ref ref;
	struct completion drained;
	struct list_head tgt_entry;
	wait_queue_head_t tmf_wait;
	atomic_t nr_aborting;
	atomic64_t tmf_gen;
	atomic_t luns_gen;	/* changes of the LUN map */
	int luns_reported;	/* those that REPORT LUNS has told of */
	u64 past_stats[SCST_STAT_NR];
	spinlock_t copy_lock;	/* protects copy_ids and what is in it */
	struct list_head copy_ids;
	unsigned int nr_copies;	/* that run; under copies_lock */
};

static inline struct scst_session *to_scst_sess(struct device *dev)
{
	return container_of(dev, struct scst_session, dev);
}

extern const struct attribute_group scst_tgtt_group;

int __scst_register_target_template(struct scst_tgt_template *tgtt,
				    struct module *owner, const char *mod_name);
#define scst_register_target_template(tgtt) \
	__scst_register_target_template(tgtt, THIS_MODULE, KBUILD_MODNAME)
void scst_unregister_target_template(struct scst_tgt_template *tgtt);

struct scst_tgt *scst_register_target(struct scst_tgt_template *tgtt,
				      struct device *parent, const char *name,
				      void *priv);
void scst_unregister_target(struct scst_tgt *tgt);
void scst_tgt_inquiry_changed(struct scst_tgt *tgt);
struct scst_tgt *scst_find_target(struct scst_tgt_template *tgtt,
				  const char *name);

struct scst_session *scst_register_session(struct scst_tgt *tgt,
					   const char *initiator_name,
					   void *priv);
void scst_unregister_session(struct scst_session *sess);
bool scst_session_next_lun(struct scst_session *sess, unsigned long *lun);

u16 scst_session_transport_id(const struct scst_session *sess, u8 *id);
int scst_session_set_transport_id(struct scst_session *sess, const u8 *id,
				  u16 len);

void scst_rx_cmd(struct scst_session *sess, struct scst_cmd *cmd,
		 const struct scsi_lun *lun, const u8 *cdb,
		 unsigned int cdb_len);
void scst_cmd_init_done(struct scst_cmd *cmd);
void scst_cmd_refuse(struct scst_cmd *cmd, int error);
void scst_rx_data(struct scst_cmd *cmd, int error);
void scst_tgt_cmd_done(struct scst_cmd *cmd);
void scst_rx_tmf(struct scst_session *sess, struct scst_tmf *tmf);
enum scst_tmf_status scst_exec_tmf(struct scst_session *sess,
				   struct scst_tmf *tmf);

struct scst_sgv *scst_sgv_alloc(struct scst_sgv_owner *owner, u32 len,
				gfp_t gfp);
void scst_sgv_free(struct scst_sgv *sgv);

unsigned int scst_vpd_third_party_copy(u8 *buf);

bool scst_valid_name(const char *name);
u32 scst_setup_id(void);
char *scst_next_param(char **params, char **value);

/**
 * scst_cmd_set_sg - give a command its data buffer
 * @cmd: command, before scst_cmd_init_done()
 * @dir: which way the initiator expects data to go, %SCST_DATA_READ or
 *	%SCST_DATA_WRITE
 * @sg: the target driver's buffer, valid until on_free_cmd()
 * @sg_cnt: number of entries
 * @len: bytes in it: the initiator's expected data transfer length
 */
static inline void scst_cmd_set_sg(struct scst_cmd *cmd,
				   enum scst_data_direction dir,
				   struct scatterlist *sg, unsigned int sg_cnt,
				   u32 len)
{
	cmd->expected_dir = dir;
	cmd->sg = sg;
	cmd->sg_cnt = sg_cnt;
	cmd->bufflen = len;
}

/**
 * scst_cmd_set_out_sg - make a command bidirectional
 * @cmd: command for which scst_cmd_set_sg() set the data-in buffer
 * @sg: data-out buffer, valid until on_free_cmd()
 * @sg_cnt: number of entries
 * @len: bytes in it
 */
static inline void scst_cmd_set_out_sg(struct scst_cmd *cmd,
				       struct scatterlist *sg,
				       unsigned int sg_cnt, u32 len)
{
	cmd->expected_dir = SCST_DATA_BIDI;
	cmd->out_sg = sg;
	cmd->out_sg_cnt = sg_cnt;
	cmd->out_bufflen = len;
}

/**
 * scst_cdb_control - where a CDB has its CONTROL byte
 * @cdb: CDB; the byte may be behind its end
 *
 * Those of vendors are as long as these like, and have what they like at the end.
 *
 * Return: byte of the CDB (SAM-6 5.2), or 0: it is not known to have one.
 */
static inline unsigned int scst_cdb_control(const u8 *cdb)
{
	if (cdb[0] == VARIABLE_LENGTH_CMD)
		return 1;
	return cdb[0] >= VENDOR_SPECIFIC_CDB ? 0 : COMMAND_SIZE(cdb[0]) - 1;
}

/**
 * scst_cdb_flags_at - where a CDB of the READ and WRITE family has its flags
 * @cmd: command
 *
 * These are RDPROTECT or WRPROTECT, DPO, FUA, BYTCHK, UNMAP and their like.
 *
 * Return: byte of the CDB (SBC-5, READ(10) and READ(32)).
 */
static inline unsigned int scst_cdb_flags_at(const struct scst_cmd *cmd)
{
	return cmd->cdb[0] == VARIABLE_LENGTH_CMD ? 10 : 1;
}

/**
 * scst_cdb_flags - the flags of a CDB of the READ and WRITE family
 * @cmd: command
 *
 * Return: the byte at scst_cdb_flags_at().
 */
static inline u8 scst_cdb_flags(const struct scst_cmd *cmd)
{
	return cmd->cdb[scst_cdb_flags_at(cmd)];
}

/**
 * scst_cmd_aborted - was the command aborted?
 * @cmd: command
 *
 * One that is executed when its LUN goes, or is replaced, is not: nobody asked for its
 * end, and the initiator would send again what was done already.
 *
 * Return: true when a task management function or the end of the nexus hit it, but for
 * those.
 */
static inline bool scst_cmd_aborted(const struct scst_cmd *cmd)
{
	unsigned long flags = READ_ONCE(cmd->flags);

	if (likely(!(flags & BIT(SCST_CMD_ABORTED))))
		return false;
	return !cmd->executed || !(flags & BIT(SCST_CMD_ABORTED_LUN)) ||
	       (flags & BIT(SCST_CMD_ABORTED_OWN));
}

/**
 * scst_cmd_no_response - shall the initiator hear nothing of a command?
 * @cmd: command that was given to xmit_response()
 *
 * Return: true when no status may be sent for it (SAM-6 5.6 on aborts).
 */
static inline bool scst_cmd_no_response(const struct scst_cmd *cmd)
{
	return cmd->no_response;
}

/**
 * scst_cmd_get_resid - residual of a command whose response is to be sent
 * @cmd: command
 * @overflow: set to true when the CDB asked for more than the buffer holds
 *
 * Return: residual byte count, 0 when all of the buffer was used.
 */
static inline u32 scst_cmd_get_resid(const struct scst_cmd *cmd, bool *overflow)
{
	*overflow = cmd->resid_overflow;
	return cmd->resid;
}

#endif /* _SCST_SCST_H */
