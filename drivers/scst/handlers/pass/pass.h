/* SPDX-License-Identifier: GPL-2.0 */
/* What the handlers for devices of this host have in common. */
#ifndef _SCST_PASS_H
#define _SCST_PASS_H

#include <linux/blk-mq.h>
#include <linux/workqueue.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scst/scst.h>

struct scsi_sense_hdr;

/**
 * struct pass_waiter - what waits for a request of a device
 * @entry: in pass_unit.waiting, or in lock_waiting
 * @go: the wait is over: process context, may wait for a request
 */
struct pass_waiter {
	struct list_head entry;
	void (*go)(struct pass_waiter *waiter);
};

/**
 * struct pass_unit - a device of this host
 * @unit: what stands for it on the bus; this is its priv
 * @sdev: the device; see pass_get_device()
 * @entry: in the list of all
 * @added: @unit is on the bus
 * @name_in_use: it is not, and waits for its name
 * @gone: the device goes, or is gone: no command reaches it any more
 * @held: a handler has got it
 * @locked: the medium may not be removed, because an initiator has said so
 * @lock_busy: a command that locks or unlocks it has its turn; protected by @lock, and
 *	so are the next two
 * @unlock_waits: @unlock_work is to have its turn
 * @lock_waiting: commands that wait for theirs
 * @unlock_work: lets the medium go if no initiator is left that prevents its removal
 * @nr_resets: how often initiators were told of a reset; a lost increment is one of two
 * @reset_told: they were told of one of which the device may tell, too
 * @nr_resetting: resets at the wish of initiators that go on
 * @reset_done: the device was reset by one of these, and may tell of it
 * @block_size_known: of a disk; initiators and a copy may count on it
 * @going: the device does not get farther than to be about to go while it is held
 * @gone_work: deletes @unit
 * @lock: protects @waiting, and the note of the mid-layer that @sdev was reset
 * @waiting: who waits for a request, oldest first
 * @wait_work: waits for requests for them
 */
struct pass_unit {
	struct scst_device *unit;
	struct scsi_device *sdev;
	struct list_head entry;
	bool added;
	bool name_in_use;
	bool gone;
	bool held;
	bool locked;
	bool lock_busy;
	bool unlock_waits;
	struct list_head lock_waiting;
	struct work_struct unlock_work;
	u32 nr_resets;
	bool reset_told;
	atomic_t nr_resetting;
	bool reset_done;
	bool block_size_known;
	struct mutex going;	/* see above */
	struct work_struct gone_work;
	spinlock_t lock;	/* see above */
	struct list_head waiting;
	struct work_struct wait_work;
};

static inline struct pass_unit *to_pass_unit(const struct scst_device *dev)
{
	return dev->priv;
}

/**
 * struct pass_opcode - what the core is to know about a command that is passed on
 * @name: name in the standard
 * @opcode: operation code
 * @sa: service action, or %PASS_NO_SA
 * @dir: enum scst_data_direction
 * @range: enum scst_range_mode
 * @access: enum scst_access
 * @reserve: enum scst_reserve_rule
 * @skip_ua: as in struct scst_opcode
 * @offline: likewise
 * @medium_write: likewise
 * @moves_data: reads or writes data of the medium, which some handlers leave out
 * @timeout: seconds that it may take, if these are more than what the handler's
 *	commands may take
 * @reserve_rule: as in struct scst_opcode, and so are the following
 * @decode: likewise; NULL: what the transport says
 * @exec: likewise; NULL: pass_exec()
 *
 * The core asks nothing else of the CDB: it goes to the device as it came.
 */
struct pass_opcode {
	const char *name;
	u8 opcode;
	s16 sa;
	u8 dir;
	u8 range;
	u8 access;
	u8 reserve;
	unsigned int skip_ua:1;
	unsigned int offline:1;
	unsigned int medium_write:1;
	unsigned int moves_data:1;
	u32 timeout;
	enum scst_reserve_rule (*reserve_rule)(const struct scst_cmd *cmd);
	scst_sense_t (*decode)(struct scst_cmd *cmd);
	scst_sense_t (*exec)(struct scst_cmd *cmd);
};

#define PASS_NO_SA	(-1)

/**
 * struct pass_table - rows of commands
 * @rows: rows, in any order
 * @nr: number of @rows
 */
struct pass_table {
	const struct pass_opcode *rows;
	unsigned int nr;
};

/**
 * struct pass_handler - a handler for devices of this host
 * @type: name and peripheral device type; the rest is filled in
 * @table: the commands that are particular to it, or NULL
 * @no_data: the device moves no data of its medium, to tell what all else costs
 * @timeout: seconds that a command may take
 * @retries: how often READ and WRITE of blocks are sent again when the transport fails;
 *	nothing else is, which could be done twice
 * @attach: optional: @pass is about to be served
 */
struct pass_handler {
	struct scst_dev_type type;
	const struct pass_table *table;
	bool no_data;
	unsigned int timeout;
	u8 retries;
	int (*attach)(struct pass_unit *pass);

	/* private: see table.c */
	struct scst_opcode *opcodes;
	struct scst_opcode any[SCST_DATA_BIDI + 1];
};

static inline struct pass_handler *to_pass_handler(const struct scst_device *dev)
{
	return container_of(dev->type, struct pass_handler, type);
}

/**
 * struct pass_request - a request for a command
 * @cdb: CDB of pass_cdb_len() bytes
 * @sg: its data; as it is until the request has ended
 * @sg_cnt: entries of @sg, 0: it has no data
 * @end_io: called when it has ended, with this as rq->end_io_data
 * @bio: private to exec.c
 */
struct pass_request {
	const u8 *cdb;
	struct scatterlist *sg;
	unsigned int sg_cnt;
	rq_end_io_fn *end_io;
	struct bio *bio;
};

/**
 * struct pass_cmd - a command that is with the device, in scst_cmd.priv
 * @nr_resets: pass_unit.nr_resets when it came
 * @again: how often it was sent again, see pass_recv()
 * @lock_turn: it has its turn, see pass_lock_end()
 * @request: its request
 * @waiter: while there is none
 * @done: optional: the device has done it: looks at what it has answered
 */
struct pass_cmd {
	u32 nr_resets;
	u8 again;
	bool lock_turn;
	struct pass_request request;
	struct pass_waiter waiter;
	void (*done)(struct scst_cmd *cmd);
};

/* It is there from parse() on, for exec(). */
static_assert(offsetofend(struct pass_cmd, nr_resets) <= SCST_CMD_PARSED_SIZE);

/* The group of an operation code, which in most of them tells how long the CDB is */
#define CDB_GROUP(opcode)	((opcode) >> 5)

static inline struct pass_cmd *to_pass_cmd(struct scst_cmd *cmd)
{
	BUILD_BUG_ON(sizeof(struct pass_cmd) > SCST_CMD_PRIV_SIZE);
	return (struct pass_cmd *)cmd->priv;
}

static inline struct scst_cmd *to_scst_cmd(struct pass_cmd *pc)
{
	return container_of((void *)pc, struct scst_cmd, priv);
}

/*
 * Transports pad CDBs, see opcode_check_cdb(): what is behind the command is not sent.
 * Where neither the table nor the operation code tells, all is.
 */
static inline u16 pass_cdb_len(const struct scst_cmd *cmd)
{
	u8 opcode = cmd->cdb[0];

	if (cmd->op->cdb_len)
		return cmd->op->cdb_len;
	if (opcode >= VENDOR_SPECIFIC_CDB || CDB_GROUP(opcode) == CDB_GROUP(VARIABLE_LENGTH_CMD))
		return cmd->cdb_len;
	return min(cmd->cdb_len, COMMAND_SIZE(opcode));
}

/* main.c */
extern struct workqueue_struct *pass_wq;
int __pass_register(struct pass_handler *handlers, struct module *owner,
		    const char *mod_name);
void __pass_unregister(struct pass_handler *handlers);
int pass_get_device(struct pass_unit *pass);

/* An array of handlers that ends with one without a name, as module_driver() wants it */
#define pass_register(array) \
	__pass_register(*(array), THIS_MODULE, KBUILD_MODNAME)
#define pass_unregister(array)	__pass_unregister(*(array))

/* table.c */
int pass_make_table(struct pass_handler *handler);
void pass_free_table(struct pass_handler *handler);

/* spc.c: commands that all devices have */
extern const struct pass_table pass_spc_table;

/* sbc.c: commands of disks */
extern const struct pass_table pass_sbc_table;
int pass_attach_disk(struct pass_unit *pass);
scst_sense_t pass_exec_read_capacity10(struct scst_cmd *cmd);
void sbc_set_capacity(struct scst_device *dev, u64 last_lba, u32 block_size);

/* lock.c */
enum scst_reserve_rule pass_prevent_rule(const struct scst_cmd *cmd);
scst_sense_t pass_exec_prevent_allow(struct scst_cmd *cmd);
void pass_lock_end(struct pass_unit *pass);
void pass_unlock_medium(struct pass_unit *pass);
void pass_unlock_work(struct work_struct *work);
void pass_removal_allowed(struct scst_device *dev);

/* execute.c */
int pass_execute(struct pass_unit *pass, const u8 *cdb, void *buf, unsigned int len,
		 unsigned int timeout, struct scsi_sense_hdr *sshdr);
int pass_quiesce(struct scst_device *dev);

/* exec.c */
scst_sense_t pass_parse(struct scst_cmd *cmd);
scst_sense_t pass_exec(struct scst_cmd *cmd);
scst_sense_t pass_exec_then(struct scst_cmd *cmd,
			    void (*done)(struct scst_cmd *cmd));
scst_sense_t pass_exec_lock(struct scst_cmd *cmd, void (*done)(struct scst_cmd *cmd));
int pass_send(struct scst_cmd *cmd, struct pass_request *pr,
	      blk_mq_req_flags_t flags);
scst_sense_t pass_recv(struct scst_cmd *cmd, struct request *rq,
		       blk_status_t status, u32 len, u32 *resid);
scst_sense_t pass_sense_of_errno(int error);
void pass_wait(struct scst_cmd *cmd, struct pass_waiter *waiter);
void pass_fix_byte(struct scst_cmd *cmd, u32 at, u8 clear, u8 set);
void pass_wait_work(struct work_struct *work);
bool pass_is_ours(const struct request *rq);

/* reset.c */
void pass_abort(struct scst_device *dev);
void pass_aborted(struct scst_device *dev);

/* result.c */
/* Power on, reset, or the loss of a nexus */
#define ASC_RESET	0x29

scst_sense_t pass_result(struct scst_cmd *cmd, struct scsi_cmnd *scmd,
			 blk_status_t status, u32 len, u32 *resid);
void pass_set_transferred(struct scst_cmd *cmd, u32 len);
bool pass_was_done(const struct scst_cmd *cmd, scst_sense_t result);
void pass_tell(struct scst_device *dev, const struct scsi_sense_hdr *hdr,
	       struct scst_cmd *except);
void pass_reset_noted(struct pass_unit *pass);
void pass_was_reset(struct pass_unit *pass);
bool pass_is_own_ua(const struct scsi_sense_hdr *hdr);
void pass_tell_others(struct scst_cmd *cmd, const struct scsi_sense_hdr *hdr);

/* split.c: READ and WRITE of more than the host adapter takes */

/**
 * struct pass_split - a command that needs several requests
 * @cmd: command
 * @request: the request that is under way
 * @waiter: sends the next one
 * @table: its data
 * @at: where in the command's data it begins, in bytes
 * @len: how much it has
 * @shift: log2 of the block size
 * @result: how those before it have ended: good, or with what could be corrected
 * @cdb: its CDB
 */
struct pass_split {
	struct scst_cmd *cmd;
	struct pass_request request;
	struct pass_waiter waiter;
	struct sg_table table;
	u32 at;
	u32 len;
	u8 shift;
	scst_sense_t result;
	u8 cdb[sizeof_field(struct scsi_cmnd, cmnd)];
};

bool pass_moves_blocks(const struct scst_cmd *cmd);
bool pass_can_split(const struct scst_cmd *cmd);
scst_sense_t pass_split(struct scst_cmd *cmd);
enum rq_end_io_ret pass_split_end_io(struct request *rq, blk_status_t status);

/* inquiry.c */
scst_sense_t pass_exec_inquiry(struct scst_cmd *cmd);
unsigned int pass_disk_id(struct scst_device *dev, struct scst_tgt *tgt, u8 *buf,
			  unsigned int size);
unsigned int pass_device_id(struct scst_device *dev, struct scst_tgt *tgt,
			    u8 *buf, unsigned int size);

#if IS_ENABLED(CONFIG_KUNIT)
unsigned int pass_timeout(const struct scst_cmd *cmd, unsigned int rq_timeout);
bool pass_cdb_fits(const struct scst_cmd *cmd, const struct scsi_device *sdev);
void pass_split_cdb(const struct scst_cmd *cmd, u8 *cdb, u64 lba, u32 nblocks);
bool pass_split_go_on(struct pass_split *split, scst_sense_t result, u32 resid);
unsigned int pass_inquiry_pages(u8 *buf, unsigned int len);

extern struct pass_handler pass_disk_handlers[];
extern struct pass_handler pass_tape_handlers[];
extern struct pass_handler pass_processor_handlers[];
extern struct pass_handler pass_cdrom_handlers[];
extern struct pass_handler pass_modisk_handlers[];
extern struct pass_handler pass_changer_handlers[];
extern struct pass_handler pass_raid_handlers[];
#endif

#endif /* _SCST_PASS_H */
