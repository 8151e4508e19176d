/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A dev handler whose commands are held, delayed, reordered, failed and
 * released at will, and a target driver without a Scsi_Host whose commands,
 * data and task management functions come from debugfs or from KUnit.
 *
 * Both do what the interfaces in scst.h allow and real drivers rarely do:
 * commands end in hard interrupts, data comes late, in part or never, a
 * response takes for ever.
 */
#ifndef _SCST_TEST_H
#define _SCST_TEST_H

#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <scst/scst.h>

struct dentry;

/* Vendor specific operation codes (SPC-6 4.2.1) of the test handler */
#define TEST_OP_EXCLUSIVE	0xc0	/* needs the logical unit alone */
#define TEST_OP_SHARED		0xc1	/* has no data */
#define TEST_OP_WRITE_ANY	0xc2	/* could write any block */

#define TEST_BLOCK_SHIFT	9
#define TEST_NR_BLOCKS		128
#define TEST_MAX_CDB		16
#define TEST_MAX_DATA		SZ_4M
/* Limits of what debugfs can make the module allocate */
#define TEST_MAX_REQS		4096	/* running, per nexus */
#define TEST_MAX_ENDED		4096	/* results kept, per nexus */
#define TEST_MAX_LOG		1024	/* executed commands kept, per unit */

/* Everything that happens gets a number, and wakes who waits for it. */
extern wait_queue_head_t test_waitq;
void test_event(int *seq);

extern struct workqueue_struct *test_wq;
extern struct dentry *test_debugfs;

/* ------------------------------------------------------------------------
 * handler.c
 */

/**
 * enum test_ctx - where the handler ends its commands
 * @TEST_CTX_PROCESS: in exec() or in the context that releases it
 * @TEST_CTX_SOFTIRQ: in a timer
 * @TEST_CTX_HARDIRQ: in an irq_work
 */
enum test_ctx {
	TEST_CTX_PROCESS,
	TEST_CTX_SOFTIRQ,
	TEST_CTX_HARDIRQ,
};

/**
 * struct test_log_entry - a command that reached exec()
 * @tag: command
 * @sess_id: N of its session N
 * @seq: when, see test_event()
 */
struct test_log_entry {
	u64 tag;
	int sess_id;
	int seq;
};

/**
 * struct test_unit - a logical unit of the test handler
 * @dev: logical unit
 * @entry: in the list of all units
 * @dir: its directory in debugfs
 * @ram: the medium
 * @lock: protects all below; any context
 * @hold: commands that reach exec() stay there until they are released
 * @delay_ms: they stay that long
 * @ctx: enum test_ctx
 * @fail: what the next @nr_fail commands end with
 * @nr_fail: see @fail
 * @refuse: what parse() says; without @lock
 * @held: commands in exec(), oldest first
 * @to_end: commands that @irq_work ends
 * @irq_work: see %TEST_CTX_HARDIRQ
 * @timer: ends commands whose time has come, see @delay_ms
 * @nr_inside: commands between exec() and scst_cmd_done()
 * @nr_exclusive: those of them that need the unit alone
 * @nr_executed: commands that reached exec() since @log was cleared
 * @nr_started: commands that ever reached exec()
 * @nr_done: those of them for which dev_done() was called
 * @violations: a command was inside together with an exclusive one, executed
 *	while the unit was detached or was not as the core promises
 * @attached: between attach() and detach()
 * @log: the first of the executed commands
 */
struct test_unit {
	struct scst_device *dev;
	struct list_head entry;
	struct dentry *dir;
	u8 *ram;
	spinlock_t lock;	/* see above */
	bool hold;
	u32 delay_ms;
	u8 ctx;
	scst_sense_t fail;
	unsigned int nr_fail;
	scst_sense_t refuse;
	struct list_head held;
	struct list_head to_end;
	struct irq_work irq_work;
	struct timer_list timer;
	unsigned int nr_inside;
	unsigned int nr_exclusive;
	unsigned int nr_executed;
	unsigned int nr_started;
	unsigned int nr_done;
	u32 violations;
	bool attached;
	struct test_log_entry log[TEST_MAX_LOG];
};

int test_handler_init(void);
void test_handler_exit(void);
struct test_unit *test_find_unit(const char *name);
int test_executed_seq(struct test_unit *unit, u64 tag);
bool test_is_held(struct test_unit *unit, u64 tag);
int test_release(struct test_unit *unit, u64 tag);
void test_release_all(struct test_unit *unit);
void test_clear_log(struct test_unit *unit);

/* ------------------------------------------------------------------------
 * target.c
 */

/**
 * enum test_data - what happens to data-out
 * @TEST_DATA_NOW: it comes from rdy_to_xfer()
 * @TEST_DATA_LATE: it comes when test_deliver() is called, if ever
 * @TEST_DATA_PARTIAL: half of it has come then
 * @TEST_DATA_REFUSE: rdy_to_xfer() fails
 */
enum test_data {
	TEST_DATA_NOW,
	TEST_DATA_LATE,
	TEST_DATA_PARTIAL,
	TEST_DATA_REFUSE,
};

/**
 * struct test_params - a command to submit
 * @tag: command identifier
 * @lun: logical unit number
 * @cdb: command descriptor block
 * @cdb_len: its length
 * @queue_type: task attribute
 * @dir: which way data goes
 * @len: expected data transfer length
 * @data: what happens to data-out
 * @fill: every byte of data-out
 */
struct test_params {
	u64 tag;
	u64 lun;
	u8 cdb[TEST_MAX_CDB];
	unsigned int cdb_len;
	enum scst_queue_type queue_type;
	enum scst_data_direction dir;
	u32 len;
	enum test_data data;
	u8 fill;
};

/**
 * struct test_cmd - memory of a running command
 * @cmd: the core's part
 * @req: what is kept of it
 * @work: calls the core from process context, see struct test_sess
 * @cdb: command descriptor block
 * @error: what @work says to scst_rx_data()
 * @sgv: data buffer, or NULL
 */
struct test_cmd {
	struct scst_cmd cmd;
	struct test_req *req;
	struct work_struct work;
	u8 cdb[TEST_MAX_CDB];
	int error;
	struct scst_sgv *sgv;
};

/**
 * struct test_req - a command or a task management function, and how it ended
 *
 * @entry: in test_sess.running, then in test_sess.ended
 * @refs: the list's and those of test_submit() and test_tmf()
 * @ts: I_T nexus; do not use it after test_del_session()
 * @is_tmf: @tmf is used and @cmd is not
 * @tag: command identifier, or the number of the task management function
 * @cmd: the command's memory, until on_free_cmd()
 * @data: enum test_data
 * @fill: every byte of data-out
 * @data_waiting: rdy_to_xfer() began a transfer that has not ended
 * @response_held: xmit_response() was called, and scst_tgt_cmd_done() waits
 *	for test_release_response()
 * @rdy_seq: when rdy_to_xfer() was called, see test_event(); 0 if never
 * @abort_seq: when on_abort_cmd() was called while @data_waiting
 * @xmit_seq: when xmit_response() was called
 * @end_seq: when on_free_cmd() or task_mgmt_fn_done() was called
 * @status: SAM status, as it was sent
 * @sense: sense key, ASC, ASCQ, as it was sent
 * @aborted: scst_cmd_aborted() when xmit_response() was called
 * @no_response: scst_cmd_no_response() at the same time
 * @overflow: residual overflow
 * @resid: residual
 * @data_in: the first bytes of it
 * @tmf: task management function
 */
struct test_req {
	struct list_head entry;
	refcount_t refs;
	struct test_sess *ts;
	bool is_tmf;
	u64 tag;
	struct test_cmd *cmd;
	u8 data;
	u8 fill;
	bool data_waiting;
	bool response_held;
	int rdy_seq;
	int abort_seq;
	int xmit_seq;
	int end_seq;
	u8 status;
	u8 sense[3];
	bool aborted;
	bool no_response;
	bool overflow;
	u32 resid;
	u8 data_in[32];
	struct scst_tmf tmf;
};

/**
 * struct test_sess - an I_T nexus of the test target driver
 * @sess: the core's
 * @tt: target
 * @entry: in test_tgt.sessions
 * @dir: its directory in debugfs
 * @defer: call the core from a work item, not from its own callbacks
 * @ignore_abort: on_abort_cmd() does nothing: the transfer cannot be stopped
 * @hold_response: xmit_response() waits for test_release_response()
 * @lock: protects all below, and the fields of their entries; any context
 * @running: struct test_req, oldest first
 * @ended: struct test_req, in the order in which they ended
 * @nr_running: entries of @running
 * @nr_ended: entries of @ended
 * @violations: the core broke a rule of struct scst_tgt_template
 */
struct test_sess {
	struct scst_session *sess;
	struct test_tgt *tt;
	struct list_head entry;
	struct dentry *dir;
	bool defer;
	bool ignore_abort;
	bool hold_response;
	spinlock_t lock;	/* see above */
	struct list_head running;
	struct list_head ended;
	unsigned int nr_running;
	unsigned int nr_ended;
	u32 violations;
};

/**
 * struct test_tgt - a target port of the test target driver
 * @tgt: the core's
 * @entry: in the list of all targets
 * @dir: its directory in debugfs
 * @sessions: struct test_sess
 * @nr_closing: sessions that are being unregistered
 * @dying: accepts no session
 *
 * All but @tgt and @dir are protected by target.c's mutex.
 */
struct test_tgt {
	struct scst_tgt *tgt;
	struct list_head entry;
	struct dentry *dir;
	struct list_head sessions;
	unsigned int nr_closing;
	bool dying;
};

int test_target_init(void);
void test_target_exit(void);
struct test_tgt *test_find_target(const char *name);
struct test_sess *test_add_session(struct test_tgt *tt, const char *name);
void test_del_session(struct test_sess *ts);
struct test_req *test_submit(struct test_sess *ts,
			     const struct test_params *p);
struct test_req *test_tmf(struct test_sess *ts, enum scst_tmf_fn fn, u64 id,
			  u64 lun, u64 tag);
int test_deliver(struct test_sess *ts, u64 tag, int error);
int test_release_response(struct test_sess *ts, u64 tag);
void test_on_luns_removing(void (*hook)(struct scst_session *sess));
void test_flush_session(struct test_sess *ts);
void test_clear_ended(struct test_sess *ts);
void test_req_put(struct test_req *req);
bool test_req_in_state(struct test_req *req, enum scst_cmd_state state);
bool test_req_is_marked(struct test_req *req);

static inline bool test_req_ended(const struct test_req *req)
{
	return smp_load_acquire(&req->end_seq);	/* pairs with test_event() */
}

/* bench.c */
extern const struct file_operations test_bench_fops;

/* session.c: a nexus in debugfs */
void test_sess_debugfs(struct test_sess *ts);
void test_sess_no_submit(struct test_sess *ts);

#endif /* _SCST_TEST_H */
