/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of scst_vdisk share. */
#ifndef _SCST_VDISK_H
#define _SCST_VDISK_H

#include <linux/atomic.h>
#include <linux/blk_types.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <scst/scst.h>

struct vdisk;
struct vdisk_worker;

#define VDISK_MIN_BLOCK_SIZE	512U
#define VDISK_MAX_BLOCK_SIZE	4096U
#define VDISK_CDROM_BLOCK_SIZE	2048U

/* With the newline of its attribute, and what ends the string */
#define VDISK_MAX_FILENAME	(PAGE_SIZE - 1)

/* Lengths of the INQUIRY fields (SPC-6 table on standard INQUIRY data) */
#define VDISK_VENDOR_LEN	8
#define VDISK_PROD_ID_LEN	16
#define VDISK_REVISION_LEN	4
/* Ours; both fit into their VPD pages, and a name into the T10 identifier. */
#define VDISK_MAX_USN		64
#define VDISK_MAX_T10_DEV_ID	(SCST_MAX_NAME + 32)
#define VDISK_MAX_VEND_ID	64
#define VDISK_MAX_ADDRESS	127
/* Bytes 36 to 55 of the standard INQUIRY data */
#define VDISK_INQ_VEND_LEN	20
/* Up to 16 bytes in hexadecimal digits */
#define VDISK_HEX_ID_SIZE	33
/* An iSCSI name (RFC 7143 4.2.7.1) */
#define VDISK_MAX_DEVICE_NAME	223

/* Limits told by VPD page B0h, in bytes so that they suit all block sizes */
#define VDISK_MAX_XFER		(8U << 20)
#define VDISK_OPT_XFER		(512U << 10)
#define VDISK_MAX_WRITE_SAME	(256U << 20)
#define VDISK_MAX_ATOMIC	(1024U << 10)
#define VDISK_MAX_UNMAP_DESCS	256
/* These in blocks.  Conformance tests take more for a mistake */
#define VDISK_MAX_UNMAP		(1024U * 1024)
#define VDISK_MAX_CAW		128	/* COMPARE AND WRITE */

/* What PRE-FETCH reads at most: the cache is for all disks */
#define VDISK_MAX_PRE_FETCH	(64U << 20)

/* Handlers of this module, as bits of the masks in the table of parameters */
#define VDISK_FILEIO		0x01
#define VDISK_BLOCKIO		0x02
#define VDISK_NULLIO		0x04
#define VDISK_CDROM		0x08

/* LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT has four bits. */
#define VDISK_MAX_PB_EXP	15

/* Value of a parameter that the store decides unless the user does */
#define VDISK_AUTO		(-1)

/**
 * enum vdisk_medium - what START STOP UNIT, or the user, made of the medium
 * @VDISK_READY: in place and running
 * @VDISK_STOPPED: stopped
 * @VDISK_EJECTED: not in the device
 * @VDISK_LOADING: being put into the device; of vcdrom alone
 */
enum vdisk_medium {
	VDISK_READY,
	VDISK_STOPPED,
	VDISK_EJECTED,
	VDISK_LOADING,
};

/**
 * enum vdisk_power - the power condition that START STOP UNIT chose
 * @VDISK_POWER_ACTIVE: active
 * @VDISK_POWER_IDLE: idle_a, idle_b or idle_c
 * @VDISK_POWER_STANDBY: standby_y or standby_z
 */
enum vdisk_power {
	VDISK_POWER_ACTIVE,
	VDISK_POWER_IDLE,
	VDISK_POWER_STANDBY,
};

/**
 * enum vdisk_counter - what is counted for log pages
 * @VDISK_WRITE_ERRORS: errors of the store when it was written, or flushed
 * @VDISK_READ_ERRORS: errors when it was read
 * @VDISK_VERIFY_ERRORS: errors when it was read to be verified
 * @VDISK_VERIFY_BYTES: bytes that were verified
 * @VDISK_START_STOPS: changes of the state of the medium by START STOP UNIT
 * @VDISK_NR_COUNTERS: number of counters
 */
enum vdisk_counter {
	VDISK_WRITE_ERRORS,
	VDISK_READ_ERRORS,
	VDISK_VERIFY_ERRORS,
	VDISK_VERIFY_BYTES,
	VDISK_START_STOPS,
	VDISK_NR_COUNTERS
};

/* Rows in the table of counters of log.c */
#define VDISK_NR_LOG_COUNTERS	13

/**
 * struct vdisk_log - log parameters
 * @counters: see enum vdisk_counter
 * @base: for each counter in a log page, what it counts from.  Written by LOG
 *	SELECT, alone on the unit.
 */
struct vdisk_log {
	atomic64_t counters[VDISK_NR_COUNTERS];
	u64 base[VDISK_NR_LOG_COUNTERS];
};

/* Identifying information: kinds of it, and bytes of each at most */
#define VDISK_NR_IDENTS		2
#define VDISK_MAX_IDENT		512
#define VDISK_MAX_IDENT_TEXT	256

/**
 * struct vdisk_info - what initiators leave with a unit, see info.c
 * @timestamp_offset: milliseconds from CLOCK_BOOTTIME to the timestamp
 * @timestamp_set: an initiator has set it, else it is the time of this host
 * @ident: identifying information, or NULL
 * @ident_len: bytes of each kind
 *
 * Written by commands that are alone on the unit.
 */
struct vdisk_info {
	s64 timestamp_offset;
	bool timestamp_set;
	u8 *ident;
	u16 ident_len[VDISK_NR_IDENTS];
};

/* Bytes of the data buffer and of the echo buffer */
#define VDISK_BUFFER_LEN	4096

/**
 * struct vdisk_diag - of the commands that test the unit, see diag.c
 * @buffer: of WRITE BUFFER, or NULL
 * @echo: its echo buffer, or NULL
 * @echo_len: bytes that were written there last
 *
 * Written by commands that are alone on the unit.
 */
struct vdisk_diag {
	u8 *buffer;
	u8 *echo;
	u16 echo_len;
};

/* Results that the self-test results log page has */
#define VDISK_NR_SELF_TESTS	20

/**
 * struct vdisk_self_test - how a self-test ended, see self_test.c
 * @done: there was one
 * @code: SELF-TEST CODE
 * @result: SELF-TEST RESULTS
 * @hours: since this host was started
 * @lba: first block that could not be read
 */
struct vdisk_self_test {
	bool done;
	u8 code;
	u8 result;
	u16 hours;
	u64 lba;
};

/* Of byte 1 of SEND DIAGNOSTIC */
#define VDISK_SELF_TEST_CODE(byte)	((byte) >> 5)

/**
 * enum vdisk_self_test_result - SELF-TEST RESULTS
 * @VDISK_SELF_TEST_PASSED: it found no error
 * @VDISK_SELF_TEST_ABORTED: SEND DIAGNOSTIC has aborted it
 * @VDISK_SELF_TEST_STOPPED: another command, a reset or a task management function has
 * @VDISK_SELF_TEST_UNKNOWN: it could not be completed
 * @VDISK_SELF_TEST_FAILED: a block could not be read
 * @VDISK_SELF_TEST_GOES_ON: it is in progress
 */
enum vdisk_self_test_result {
	VDISK_SELF_TEST_PASSED	= 0x0,
	VDISK_SELF_TEST_ABORTED	= 0x1,
	VDISK_SELF_TEST_STOPPED	= 0x2,
	VDISK_SELF_TEST_UNKNOWN	= 0x3,
	VDISK_SELF_TEST_FAILED	= 0x7,
	VDISK_SELF_TEST_GOES_ON	= 0xf,
};

/**
 * struct vdisk_self_tests - self-tests that ended, and the one in the background
 * @results: the last one first; under vdisk.id_lock
 * @code: SELF-TEST CODE of that in the background, 0: there is none; likewise
 * @nr: how many there were in the background; likewise
 * @pos: bytes of the medium that it has read; likewise, but for who only shows it
 * @retries: how often the next piece of it has failed; likewise
 * @work: does a piece; while the store is open
 * @nr_cmds: commands of initiators with data that @work has seen; of @work alone
 */
struct vdisk_self_tests {
	struct vdisk_self_test results[VDISK_NR_SELF_TESTS];
	u8 code;
	u32 nr;
	u64 pos;
	u8 retries;
	struct delayed_work work;
	u64 nr_cmds;
};

/**
 * struct vdisk_space - space that a store takes from what it shares with others
 * @total: bytes that there are, 0: no limit is known
 * @available: bytes that are left
 * @used: bytes that the store has
 */
struct vdisk_space {
	u64 total;
	u64 available;
	u64 used;
};

/**
 * enum vdisk_condition - what FORMAT UNIT and SANITIZE made of the medium
 * @VDISK_FORMATTED: nothing is wrong
 * @VDISK_FORMATTING: it is being formatted
 * @VDISK_SANITIZING: it is being sanitized
 * @VDISK_FORMAT_CORRUPT: it was not formatted to the end
 * @VDISK_SANITIZE_FAILED: it could not be sanitized
 */
enum vdisk_condition {
	VDISK_FORMATTED,
	VDISK_FORMATTING,
	VDISK_SANITIZING,
	VDISK_FORMAT_CORRUPT,
	VDISK_SANITIZE_FAILED,
};

/**
 * enum vdisk_fill - how the medium is gone through, see background.c
 * @VDISK_FILL_ZEROS: it shall read as zeros; may give space back if thin
 * @VDISK_FILL_ERASE: what was there shall be gone
 * @VDISK_FILL_PATTERN: write a pattern to each block
 */
enum vdisk_fill {
	VDISK_FILL_ZEROS,
	VDISK_FILL_ERASE,
	VDISK_FILL_PATTERN,
};

/**
 * struct vdisk_background_req - an operation on the whole medium
 * @condition: of the unit meanwhile, %VDISK_FORMATTING or %VDISK_SANITIZING
 * @how: what is done
 * @passes: how often
 * @invert: invert the pattern from one pass to the next
 * @immed: the command does not wait for it
 * @ause: EXIT FAILURE MODE is allowed after a failure
 * @pattern: beginning of each block, for %VDISK_FILL_PATTERN
 * @pattern_len: bytes in it, not more than a block
 */
struct vdisk_background_req {
	enum vdisk_condition condition;
	enum vdisk_fill how;
	u8 passes;
	bool invert;
	bool immed;
	bool ause;
	const u8 *pattern;
	u32 pattern_len;
};

/**
 * struct vdisk_background - the operation that goes on, see background.c
 * @work: does a piece of it
 * @cmd: command that ends when it does, or NULL
 * @how: see struct vdisk_background_req
 * @passes: the same
 * @invert: the same
 * @ause: the same
 * @pass: passes that are done
 * @retries: how often the next piece has failed
 * @pos: bytes that are done of the pass
 * @buf: blocks to be written, where that is how it is done
 * @buf_len: bytes in it
 */
struct vdisk_background {
	struct delayed_work work;
	struct scst_cmd *cmd;
	enum vdisk_fill how;
	u8 passes;
	bool invert;
	bool ause;
	u8 pass;
	u8 retries;
	u64 pos;
	u8 *buf;
	u32 buf_len;
};

/**
 * struct vdisk_limits - what a backing store is like; filled in by open()
 * @size: bytes
 * @block_size: least logical block length it can serve, 0: any
 * @physical_size: bytes that it writes at once, 0: as the logical block
 * @misalignment: bytes from its start to the first boundary of @physical_size
 * @medium_align: read_medium() goes past the cache for offsets and lengths that are
 *	multiples of so many bytes, 0: of a block
 * @opt_granularity: transfers should be multiples of so many bytes, 0: any
 * @opt_xfer: best transfer length in bytes, 0: not known
 * @unmap_granularity: bytes that can be unmapped at once, 0: a logical block
 * @unmap_alignment: offset of the first such unit in bytes
 * @clone_size: ranges of such blocks can be cloned, 0: none can
 * @clone_domain: what stores have in common that can be cloned to one another:
 *	their file system; only compared
 * @can_unmap: gives space back
 * @unmap_zeroes: what was unmapped reads as zeros
 * @cached: what was read stays in a cache of this host
 * @atomic_max: bytes of the longest write of which, whatever happens, all or
 *	nothing is done, 0: there is none.  At most %VDISK_MAX_ATOMIC.
 * @atomic_granularity: such a write is a multiple of so many bytes, 0: any
 * @atomic_alignment: and begins at a multiple of these, 0: any
 * @rotational: seeks take time
 * @has_space: get_space() tells something
 */
struct vdisk_limits {
	u64 size;
	u32 block_size;
	u32 physical_size;
	u32 misalignment;
	u32 medium_align;
	u32 opt_granularity;
	u32 opt_xfer;
	u32 unmap_granularity;
	u32 unmap_alignment;
	u32 clone_size;
	const void *clone_domain;
	bool can_unmap;
	bool unmap_zeroes;
	bool cached;
	u32 atomic_max;
	u32 atomic_granularity;
	u32 atomic_alignment;
	bool rotational;
	bool has_space;
};

/**
 * struct vdisk_ops - a kind of backing store
 *
 * read() and write() are called by exec() and do not wait, see struct
 * scst_dev_type.  The others but open() and close() are called by workers;
 * offsets and lengths in bytes are multiples of the block length and within
 * the medium.
 *
 * @open: open the store and fill in the limits, which are zero.  Logs why it
 *	fails.
 * @close: undo @open.  No command executes.
 * @get_size: ask for the size of the open store
 * @watch_size: optional: call vdisk_resize() when the size changes, also if it
 *	has changed since @open, and until @close
 * @read: READ; @len is at most the buffer, and need not be whole blocks.  A
 *	worker may call it too.
 * @write: WRITE; with @fua it has to be on the medium before it is done
 * @sync: SYNCHRONIZE CACHE: write what is cached of the range to the medium,
 *	and end with what vdisk_sync_end() returns.  With nv_cache=1 only the
 *	latter.  NULL together with all that follow when there is no cache.
 * @flush: for other commands: write what is cached of the range to the medium;
 *	a length of zero is up to the end.  When it fails it has called
 *	vdisk_data_lost().
 * @drop_cache: optional: forget what is cached of the range and was flushed, so
 *	that the medium is read
 * @read_ahead: begin to read the range to the cache; if there can be one
 * @read_buf: read to kernel memory
 * @read_medium: optional: as @read_buf, but neither from a cache of this host nor into
 *	it, as far as that can be done
 * @write_buf: write from kernel memory
 * @write_atomic: WRITE ATOMIC: all or nothing; within the limits of struct
 *	vdisk_limits.  With @fua it is on the medium then.
 * @unmap: give the range back, or -EOPNOTSUPP
 * @zero: make the range read as zeros; may give it back if @unmap
 * @clone: optional: have a range share the space of one of another unit, or of
 *	the same; with @fua it has to be on the medium before it is done
 * @get_space: ask for the space that is used and left, or NULL
 * @erase: optional: do what the store can so that what the range had cannot be
 *	read any more, by any means; else @zero does
 * @map: optional: does the store have space for what is at @pos?  Sets how many
 *	of the @len bytes from there have the same answer.
 */
struct vdisk_ops {
	int (*open)(struct vdisk *vd, struct vdisk_limits *limits);
	void (*close)(struct vdisk *vd);
	int (*get_size)(struct vdisk *vd, u64 *size);
	void (*watch_size)(struct vdisk *vd);
	scst_sense_t (*read)(struct scst_cmd *cmd, u32 len);
	scst_sense_t (*write)(struct scst_cmd *cmd, u32 len, bool fua);
	scst_sense_t (*sync)(struct scst_cmd *cmd, u64 pos, u64 len);
	int (*flush)(struct vdisk *vd, u64 pos, u64 len);
	void (*drop_cache)(struct vdisk *vd, u64 pos, u64 len);
	void (*read_ahead)(struct vdisk *vd, u64 pos, u64 len);
	int (*read_buf)(struct vdisk *vd, void *buf, u32 len, u64 pos);
	int (*read_medium)(struct vdisk *vd, void *buf, u32 len, u64 pos);
	int (*write_buf)(struct vdisk *vd, const void *buf, u32 len, u64 pos);
	scst_sense_t (*write_atomic)(struct scst_cmd *cmd, u32 len, bool fua);
	int (*unmap)(struct vdisk *vd, u64 pos, u64 len);
	int (*zero)(struct vdisk *vd, u64 pos, u64 len, bool unmap);
	int (*clone)(struct vdisk *dst, u64 dst_pos, struct vdisk *src,
		     u64 src_pos, u64 len, bool fua);
	int (*get_space)(struct vdisk *vd, struct vdisk_space *space);
	int (*erase)(struct vdisk *vd, u64 pos, u64 len);
	int (*map)(struct vdisk *vd, u64 pos, u64 *len, bool *mapped);
};

/**
 * struct vdisk_type - a handler of this module
 * @type: what the core knows
 * @ops: backing store
 * @mask: which bit stands for it in the table of parameters
 * @vendor: default T10 vendor identification
 */
struct vdisk_type {
	struct scst_dev_type type;
	const struct vdisk_ops *ops;
	u8 mask;
	const char *vendor;
};

static inline struct vdisk_type *to_vdisk_type(struct scst_dev_type *type)
{
	return container_of(type, struct vdisk_type, type);
}

/**
 * struct vdisk_params - what the user decides, see params.c
 *
 * Written by new_device(), or under scst_device.mutex.  The strings are written
 * and read by INQUIRY under vdisk.id_lock too, and zero up to their ends.
 *
 * @block_size: logical block length in bytes, 0: the least that the store has
 * @size: bytes; vdisk_nullio only
 * @read_only: write protected
 * @removable: RMB bit of INQUIRY, and START STOP UNIT may eject
 * @rotational: medium rotates; 0, 1 or %VDISK_AUTO
 * @thin_provisioned: announce UNMAP; 0, 1 or %VDISK_AUTO
 * @nv_cache: what is cached survives a power failure
 * @write_through: a write is on the medium before it ends
 * @o_direct: go past the page cache
 * @read_zero: vdisk_nullio reads zeros, else whatever the buffer had
 * @tst: a task set per I_T nexus
 * @vendor: T10 vendor identification
 * @prod_id: product identification
 * @revision: product revision level
 * @usn: unit serial number
 * @t10_dev_id: vendor specific part of the T10 vendor ID designator
 * @vend_specific_id: vendor specific designator, or empty
 * @naa_id: NAA designator in hexadecimal digits, empty: from @t10_dev_id
 * @eui64_id: EUI-64 based designator in hexadecimal digits, or empty
 * @scsi_device_name: SCSI name string of the target device, or empty
 * @inq_vend_specific: vendor specific bytes of the standard INQUIRY data
 * @management_address: URL of a management service, or empty
 * @opt_trans_len: best transfer length in bytes, 0: of the store
 * @lb_per_pb_exp: log2 of logical blocks per physical block, or %VDISK_AUTO
 * @lbprz: unmapped blocks read as zeros; 0, 1 or %VDISK_AUTO
 * @max_atomic_len: bytes of the longest WRITE ATOMIC, a power of two, 0: there is
 *	none, or %VDISK_AUTO
 * @thin_threshold: initiators are told when less than so many percent of the
 *	store's space are left, 0: never
 */
struct vdisk_params {
	u32 block_size;
	u64 size;
	bool read_only;
	bool removable;
	s8 rotational;
	s8 thin_provisioned;
	bool nv_cache;
	bool write_through;
	bool o_direct;
	bool read_zero;
	bool tst;
	char vendor[VDISK_VENDOR_LEN + 1];
	char prod_id[VDISK_PROD_ID_LEN + 1];
	char revision[VDISK_REVISION_LEN + 1];
	char usn[VDISK_MAX_USN + 1];
	char t10_dev_id[VDISK_MAX_T10_DEV_ID + 1];
	char vend_specific_id[VDISK_MAX_VEND_ID + 1];
	char naa_id[VDISK_HEX_ID_SIZE];
	char eui64_id[VDISK_HEX_ID_SIZE];
	char scsi_device_name[VDISK_MAX_DEVICE_NAME + 1];
	char inq_vend_specific[VDISK_INQ_VEND_LEN + 1];
	char management_address[VDISK_MAX_ADDRESS + 1];
	u32 opt_trans_len;
	s8 lb_per_pb_exp;
	s8 lbprz;
	s32 max_atomic_len;
	u8 thin_threshold;
};

/* Room for all mode pages with headers and block descriptor */
#define VDISK_MODE_MAX_LEN	256

/**
 * struct vdisk_mode - the mode parameters that MODE SELECT can change
 * @wce: caching mode page, WCE
 * @rcd: caching mode page, RCD
 * @d_sense: control mode page, D_SENSE
 * @swp: control mode page, SWP
 * @tas: control mode page, TAS
 * @tst: control mode page, TST
 * @tmf_only: control mode page, TMF_ONLY
 * @dpicz: control mode page, DPICZ
 * @qerr: control mode page, QERR
 * @ua_intlck: control mode page, UA_INTLCK_CTRL
 */
struct vdisk_mode {
	bool wce;
	bool rcd;
	bool d_sense;
	bool swp;
	bool tas;
	bool tst;
	bool tmf_only;
	bool dpicz;
	u8 qerr;
	u8 ua_intlck;
};

/**
 * struct vdisk - a virtual disk
 *
 * Its memory is scst_device.priv: freed by the core, later than this module
 * may be gone.  Whatever needs more than that is held while it is open.
 *
 * @dev: logical unit
 * @type: handler
 * @p: parameters
 * @def: their defaults
 * @id_lock: protects the strings in @p against INQUIRY, and @self_tests; a leaf
 * @limits: what the store is like, or was when it was open last
 * @wce: caching mode page: a write may end before it is on the medium.
 *	Written by MODE SELECT, alone on the unit.
 * @rcd: caching mode page: reads come from the medium.  As @wce.
 * @dpicz: control mode page.  It is about units with protection information.
 * @can_save: mode parameters can be saved, as far as is known
 * @is_saved: @saved_mode is
 * @saved_mode: saved mode parameters
 * @medium: enum vdisk_medium.  Written by START STOP UNIT, alone on the unit.
 * @power: enum vdisk_power.  Written by START STOP UNIT, alone on the unit.
 * @log: for log pages
 * @info: what initiators leave with the unit
 * @diag: of the commands that test the unit
 * @self_tests: self-tests
 * @next_space_check: when to look again how much space is left, in jiffies
 * @space_is_low: initiators were told
 * @space_work: looks, when nobody writes any more; while the store is open
 * @condition: enum vdisk_condition.  Written alone on the unit, and while an
 *	operation goes on by that.
 * @background: operation on the whole medium
 * @medium_gen: how often it was changed; as @medium.  Of vcdrom alone.
 * @tray_open: the tray of the drive is open; likewise
 * @is_open: the store is open
 * @store: the store's own, while it is open
 * @worker: see worker.c; while it is open
 * @flush_work: SYNCHRONIZE CACHE with IMMED=1
 * @losses: how often it was found that cached data was lost
 * @loss_error: why, the last time: a negative errno
 * @loss_untold: nobody was there to be told: the first one who asks is
 * @filename_size: bytes at @filename
 * @filename: path of the backing store
 */
struct vdisk {
	struct scst_device *dev;
	const struct vdisk_type *type;
	struct vdisk_params p;
	struct vdisk_params def;
	spinlock_t id_lock;	/* see above */
	struct vdisk_limits limits;
	bool wce;
	bool rcd;
	bool dpicz;
	bool can_save;
	bool is_saved;
	struct vdisk_mode saved_mode;
	u8 medium;
	u8 power;
	struct vdisk_log log;
	struct vdisk_info info;
	struct vdisk_diag diag;
	struct vdisk_self_tests self_tests;
	unsigned long next_space_check;
	bool space_is_low;
	struct delayed_work space_work;
	u8 condition;
	u32 medium_gen;
	bool tray_open;
	bool is_open;
	struct vdisk_background background;
	void *store;
	struct vdisk_worker *worker;
	struct work_struct flush_work;
	atomic_t losses;
	int loss_error;
	bool loss_untold;
	size_t filename_size;
	char filename[];
};

static inline struct vdisk *to_vdisk(const struct scst_device *dev)
{
	return dev->priv;
}

/**
 * struct vdisk_work - what a worker needs, first in scst_cmd.priv
 * @list: link in the queue
 * @fn: what to do; returns as exec() does, but may wait
 * @result: what it returned
 * @losses: those of the unit before the command has written anything
 */
struct vdisk_work {
	struct list_head list;
	scst_sense_t (*fn)(struct scst_cmd *cmd);
	scst_sense_t result;
	int losses;
};

static inline struct vdisk_work *to_vdisk_work(struct scst_cmd *cmd)
{
	return (struct vdisk_work *)cmd->priv;
}

static inline bool vdisk_is_cdrom(const struct vdisk *vd)
{
	return vd->type->mask & VDISK_CDROM;
}

/* Does the user, or the initiator by WCE=0, want writes on the medium? */
static inline bool vdisk_write_through(const struct vdisk *vd)
{
	if (vd->p.nv_cache)
		return false;
	return vd->p.write_through || !READ_ONCE(vd->wce);
}

/* READ(6) and WRITE(6) have no such bit. */
static inline bool vdisk_wants_fua(const struct scst_cmd *cmd)
{
	return cmd->op->cdb_len > 6 && (scst_cdb_flags(cmd) & SCST_CDB_FUA);
}

/* Has what the command writes to be on the medium when it ends? */
static inline bool vdisk_write_fua(const struct scst_cmd *cmd)
{
	const struct vdisk *vd = cmd->dev->priv;

	return vdisk_write_through(vd) ||
	       (vdisk_wants_fua(cmd) && !vd->p.nv_cache);
}

/* Is the store full, also in the sense of quotas and of the largest file? */
static inline bool vdisk_is_full(int err)
{
	return err == -ENOSPC || err == -EDQUOT || err == -EFBIG;
}

/* Does an error go away by itself, most often? */
static inline bool vdisk_is_transient(int err)
{
	return err == -ENOMEM || err == -EBUSY || err == -EAGAIN;
}

static inline bool vdisk_is_thin(const struct vdisk *vd)
{
	if (vd->p.thin_provisioned != VDISK_AUTO)
		return vd->p.thin_provisioned;
	return vd->limits.can_unmap && !vd->p.read_only;
}

static inline bool vdisk_is_rotational(const struct vdisk *vd)
{
	if (vd->p.rotational != VDISK_AUTO)
		return vd->p.rotational;
	return vd->limits.rotational;
}

static inline u8 vdisk_physical_exponent(const struct vdisk *vd)
{
	u32 block_size = vd->dev->block_size;
	u32 physical = max(vd->limits.physical_size, block_size);

	if (vd->p.lb_per_pb_exp != VDISK_AUTO)
		return vd->p.lb_per_pb_exp;
	return min(ilog2(physical / block_size), VDISK_MAX_PB_EXP);
}

/* OPTIMAL TRANSFER LENGTH in bytes */
static inline u32 vdisk_opt_xfer(const struct vdisk *vd)
{
	u32 len = READ_ONCE(vd->p.opt_trans_len) ?: vd->limits.opt_xfer;

	return min(len ?: VDISK_OPT_XFER, VDISK_MAX_XFER);
}

static inline bool vdisk_unmap_zeroes(const struct vdisk *vd)
{
	if (vd->p.lbprz != VDISK_AUTO)
		return vd->p.lbprz;
	return vd->limits.unmap_zeroes;
}

/* MAXIMUM ATOMIC TRANSFER LENGTH in bytes, 0: there is no WRITE ATOMIC */
static inline u32 vdisk_atomic_max(const struct vdisk *vd)
{
	u32 max = vd->limits.atomic_max;

	if (vd->p.max_atomic_len != VDISK_AUTO)
		max = min_t(u32, max, vd->p.max_atomic_len);
	return max < vd->dev->block_size ? 0 : max;
}

/*
 * ATOMIC ALIGNMENT in bytes.  One that is larger than the granularity keeps the
 * longest write from crossing a boundary; a shorter one need not be aligned so much.
 */
static inline u32 vdisk_atomic_alignment(const struct vdisk *vd)
{
	return min(vd->limits.atomic_alignment, vdisk_atomic_max(vd));
}

/* Byte offset of a block of the unit */
static inline u64 vdisk_pos(const struct scst_cmd *cmd)
{
	return cmd->lba << cmd->dev->block_shift;
}

/* Bytes that a command works on */
static inline u64 vdisk_len(const struct scst_cmd *cmd)
{
	return cmd->nblocks << cmd->dev->block_shift;
}

/* Bytes that READ transfers: the last block may be cut off */
static inline u32 vdisk_read_len(const struct scst_cmd *cmd)
{
	return min_t(u64, cmd->xfer_len, cmd->bufflen);
}

/* main.c */
int vdisk_check_size(const struct vdisk *vd, u64 size);
int vdisk_open(struct vdisk *vd);
int vdisk_add_lower(struct vdisk *vd, struct scst_lower *lower,
		    struct block_device *bdev);
int vdisk_resize(struct vdisk *vd, u64 size);

/* params.c */
extern const struct attribute_group *vdisk_groups[];
void vdisk_params_init(void);
const char *const *vdisk_parameters(u8 mask);
void vdisk_set_defaults(struct vdisk *vd, const char *name, u32 setup_id);
int vdisk_parse_params(struct vdisk *vd, char *params);
ssize_t vdisk_key_attributes(struct scst_device *dev, char *buf, int at);

/* defer.c */

/**
 * struct vdisk_deferred - what waits for a task to leave the CPU
 * @list: of defer.c
 * @fn: called in process context when it has
 */
struct vdisk_deferred {
	struct list_head list;
	void (*fn)(struct vdisk_deferred *d);
};

bool vdisk_defer(struct vdisk_deferred *d);
int vdisk_defer_init(void);
void vdisk_defer_exit(void);

/* worker.c */
int vdisk_worker_init(struct vdisk *vd);
void vdisk_worker_exit(struct vdisk *vd);
scst_sense_t vdisk_queue_work(struct scst_cmd *cmd,
			      scst_sense_t (*fn)(struct scst_cmd *cmd));
void vdisk_queue_flush(struct vdisk *vd);
void vdisk_queue_space_check(struct vdisk *vd, unsigned long delay);
void vdisk_queue_background(struct vdisk *vd);
void vdisk_queue_self_test(struct vdisk *vd);

/* background.c */
int vdisk_quiesce(struct scst_device *dev);
scst_sense_t vdisk_check_condition(const struct scst_device *dev);
scst_sense_t vdisk_condition_parse(struct scst_cmd *cmd);
int vdisk_progress(struct scst_device *dev);
bool vdisk_may_retry(u8 *retries, int err);
bool vdisk_background_work(struct vdisk *vd);
scst_sense_t vdisk_background_begin(struct scst_cmd *cmd,
				    const struct vdisk_background_req *req);
void vdisk_background_stop(struct vdisk *vd);
void vdisk_background_resume(struct vdisk *vd);
void vdisk_background_free(struct vdisk *vd);

/* format.c */
scst_sense_t vdisk_decode_format_unit(struct scst_cmd *cmd);
#if IS_ENABLED(CONFIG_KUNIT)
scst_sense_t vdisk_format_parse(struct scst_cmd *cmd, const u8 *list, u32 len,
				struct vdisk_background_req *req);
#endif
scst_sense_t vdisk_exec_format_unit(struct scst_cmd *cmd);

/* sanitize.c */
#if IS_ENABLED(CONFIG_KUNIT)
scst_sense_t vdisk_sanitize_parse(struct scst_cmd *cmd, const u8 *list, u32 len,
				  struct vdisk_background_req *req);
#endif
scst_sense_t vdisk_exec_sanitize_overwrite(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_sanitize_block_erase(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_sanitize_exit_failure_mode(struct scst_cmd *cmd);

/* lba_status.c */
#if IS_ENABLED(CONFIG_KUNIT)
unsigned int vdisk_lba_status_fill(const struct scst_cmd *cmd, u8 type, u64 *end,
				   u8 *desc, unsigned int max);
#endif
scst_sense_t vdisk_decode_get_lba_status_32(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_get_lba_status(struct scst_cmd *cmd);

/* defects.c */
scst_sense_t vdisk_decode_reassign_blocks(struct scst_cmd *cmd);
#if IS_ENABLED(CONFIG_KUNIT)
int vdisk_reassign_read(struct vdisk *vd, void *buf, u32 len, u64 pos);
scst_sense_t vdisk_reassign_parse(struct scst_cmd *cmd, const u8 *header,
				  u32 *nr);
#endif
scst_sense_t vdisk_exec_read_defect_data(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_reassign_blocks(struct scst_cmd *cmd);

/* error.c */
scst_sense_t vdisk_blk_error(struct scst_cmd *cmd, blk_status_t status,
			     bool write, u64 lba);
scst_sense_t vdisk_errno_error(struct scst_cmd *cmd, int err, bool write,
			       u64 lba);
scst_sense_t vdisk_flush_error(struct scst_cmd *cmd, int err);
void vdisk_data_lost(struct vdisk *vd, int err);
int vdisk_check_losses(const struct vdisk *vd, int since);
scst_sense_t vdisk_sync_end(struct scst_cmd *cmd, int err);

/* opcodes.c */
extern const struct scst_opcode vdisk_opcodes[];
extern const unsigned int vdisk_nr_opcodes;

/* inquiry.c */
#define VDISK_INQUIRY_LEN	96	/* standard data */
#define VDISK_VPD_HEADER_LEN	4
#define VDISK_VPD_MAX_LEN	1024
#if IS_ENABLED(CONFIG_KUNIT)
unsigned int vdisk_inquiry_std(struct vdisk *vd, u16 transport, u16 physical,
			       u8 *buf);
unsigned int vdisk_inquiry_vpd(struct vdisk *vd, u8 page,
			       const struct scst_tgt *tgt, u8 *buf);
#endif
unsigned int vdisk_device_id(struct scst_device *dev, struct scst_tgt *tgt,
			     u8 *buf, unsigned int size);
void vdisk_vpd_header(const struct vdisk *vd, u8 page, u16 len, u8 *buf);
scst_sense_t vdisk_exec_inquiry(struct scst_cmd *cmd);

/* ident.c */
#define VDISK_PORT_DESC_MAX	280	/* in the SCSI ports page */
void vdisk_naa_id(const struct vdisk *vd, char *hex);
unsigned int vdisk_vpd_device_id(struct vdisk *vd, const struct scst_tgt *tgt,
				 u8 *buf);
bool vdisk_has_management_address(const struct vdisk *vd);
unsigned int vdisk_vpd_management_address(struct vdisk *vd,
					  const struct scst_tgt *tgt, u8 *buf);
#if IS_ENABLED(CONFIG_KUNIT)
unsigned int vdisk_vpd_port(const struct scst_port_id *port, u8 *buf);
#endif
scst_sense_t vdisk_exec_inquiry_ports(struct scst_cmd *cmd);

/* mode.c, mode_pages.c, mode_select.c, mode_save.c */
bool vdisk_default_wce(const struct vdisk *vd);
void vdisk_mode_init(struct vdisk *vd);
void vdisk_mode_load(struct vdisk *vd);
void vdisk_reset(struct scst_device *dev);
void vdisk_mode_get(const struct vdisk *vd, struct vdisk_mode *mode);
bool vdisk_mode_needs_flush(const struct vdisk *vd,
			    const struct vdisk_mode *mode);
#if IS_ENABLED(CONFIG_KUNIT)
unsigned int vdisk_mode_sense(const struct vdisk *vd, const u8 *cdb,
			      bool write_protected, u8 *buf, u8 *bad_byte);
scst_sense_t vdisk_mode_parse(struct scst_cmd *cmd, const u8 *buf, u32 len,
			      struct vdisk_mode *mode);
unsigned int vdisk_mode_pack(const struct vdisk *vd,
			     const struct vdisk_mode *mode, u8 *buf);
bool vdisk_mode_unpack(const struct vdisk *vd, const u8 *buf, u32 len,
		       struct vdisk_mode *mode);
#endif
scst_sense_t vdisk_exec_mode_sense(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_mode_select(struct scst_cmd *cmd);

/* sbc.c */
scst_sense_t vdisk_parse(struct scst_cmd *cmd);
scst_sense_t vdisk_check_xfer(struct scst_cmd *cmd);
scst_sense_t vdisk_check_access(struct scst_cmd *cmd);
scst_sense_t vdisk_len_error(struct scst_cmd *cmd);
scst_sense_t vdisk_flush(struct scst_cmd *cmd, u64 pos, u64 len);
void vdisk_flush_all(struct vdisk *vd);
scst_sense_t vdisk_check_started(struct scst_device *dev);
scst_sense_t vdisk_check_medium(struct scst_device *dev);
scst_sense_t vdisk_flush_cmd(struct scst_cmd *cmd);
scst_sense_t vdisk_to_medium(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_read(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_write(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_synchronize_cache(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_read_capacity_10(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_read_capacity_16(struct scst_cmd *cmd);

/* start_stop.c */
scst_sense_t vdisk_poll_sense(struct scst_device *dev);
scst_sense_t vdisk_exec_test_unit_ready(struct scst_cmd *cmd);
enum scst_reserve_rule vdisk_start_stop_rule(const struct scst_cmd *cmd);
enum scst_reserve_rule vdisk_prevent_allow_rule(const struct scst_cmd *cmd);
scst_sense_t vdisk_exec_start_stop_unit(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_prevent_allow(struct scst_cmd *cmd);

/* info.c */
scst_sense_t vdisk_exec_report_timestamp(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_set_timestamp(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_report_identifying_info(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_set_identifying_info(struct scst_cmd *cmd);
void vdisk_info_exit(struct vdisk *vd);

/* diag.c */
scst_sense_t vdisk_exec_send_diagnostic(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_receive_diagnostic(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_write_buffer(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_read_buffer(struct scst_cmd *cmd);
void vdisk_diag_exit(struct vdisk *vd);

/* self_test.c */
scst_sense_t vdisk_self_test(struct scst_cmd *cmd, u8 code);
bool vdisk_self_test_goes_on(const struct vdisk *vd);
int vdisk_self_test_progress(const struct vdisk *vd);
u16 vdisk_self_test_seconds(const struct vdisk *vd);
u16 vdisk_self_test_minutes(const struct vdisk *vd);
long vdisk_self_test_work(struct vdisk *vd);
bool vdisk_self_test_stop(struct vdisk *vd, enum vdisk_self_test_result result);

/* log.c */
#define VDISK_LOG_MAX_LEN	512
#if IS_ENABLED(CONFIG_KUNIT)
unsigned int vdisk_log_sense(struct vdisk *vd, const u8 *cdb, u8 *buf);
#endif
scst_sense_t vdisk_exec_log_sense(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_log_select(struct scst_cmd *cmd);

/* space.c */
bool vdisk_has_space(const struct vdisk *vd);
u8 vdisk_threshold_exponent(const struct vdisk *vd);
void vdisk_space_check(struct vdisk *vd);
void vdisk_space_used(struct vdisk *vd);
void vdisk_space_reset(struct vdisk *vd);

/* clone.c */
scst_sense_t vdisk_clone(struct scst_cmd *cmd, const struct scst_clone *clone);

/* chunk.c */
void *vdisk_alloc_chunk(const struct scst_device *dev, u64 want, u32 *size);
void vdisk_fill_block(void *buf, u32 block, const void *pattern, u32 len);
void vdisk_repeat_block(void *buf, u32 block, u32 size);
scst_sense_t vdisk_read_sg(struct scst_cmd *cmd, u32 len);
scst_sense_t vdisk_write_part(struct scst_cmd *cmd, u32 skip, u32 len,
			      bool fua);
scst_sense_t vdisk_write_sg(struct scst_cmd *cmd, u32 len, bool fua);

/* verify.c */
scst_sense_t vdisk_compare(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_verify(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_write_and_verify(struct scst_cmd *cmd);

/* atomic.c */
#if IS_ENABLED(CONFIG_KUNIT)
scst_sense_t vdisk_compare_and_write(struct scst_cmd *cmd);
#endif
scst_sense_t vdisk_exec_compare_and_write(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_orwrite(struct scst_cmd *cmd);
int vdisk_check_atomic(const struct vdisk *vd,
		       const struct vdisk_limits *limits);
bool vdisk_supports_write_atomic(const struct scst_device *dev);
scst_sense_t vdisk_exec_write_atomic(struct scst_cmd *cmd);

/* prefetch.c */
scst_sense_t vdisk_exec_pre_fetch(struct scst_cmd *cmd);

/* provision.c */
bool vdisk_supports_unmap(const struct scst_device *dev);
scst_sense_t vdisk_exec_unmap(struct scst_cmd *cmd);
scst_sense_t vdisk_exec_write_same(struct scst_cmd *cmd);

/* bdev.c */
bool vdisk_bdev_flush_failed(struct block_device *bdev, blk_opf_t opf, int err);
void vdisk_bdev_atomic_limits(struct vdisk_limits *limits,
			      struct block_device *bdev);
scst_sense_t vdisk_bdev_write_atomic(struct scst_cmd *cmd,
				     struct block_device *bdev, u32 len,
				     bool fua);

/* fileio.c, blockio.c, nullio.c */
extern const struct vdisk_ops vdisk_fileio_ops;
extern const struct vdisk_ops vdisk_blockio_ops;
extern const struct vdisk_ops vdisk_nullio_ops;

/* cdrom.c */
extern const struct vdisk_ops vdisk_cdrom_ops;
int vcdrom_change(struct vdisk *vd, const char *filename);

#endif /* _SCST_VDISK_H */
