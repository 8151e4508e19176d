// SPDX-License-Identifier: GPL-2.0
/*
 * The target driver test_target: its initiators are debugfs and KUnit, which
 * decide when data-out comes and when a response has been sent.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/debugfs.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <scsi/scsi_common.h>
#include "test.h"

/* Protects targets, and struct test_tgt as said there. */
static DEFINE_MUTEX(targets_mutex);
static LIST_HEAD(targets);
static DECLARE_WAIT_QUEUE_HEAD(closing_waitq);
static struct dentry *targets_dir;

static struct test_cmd *to_test_cmd(struct scst_cmd *cmd)
{
	return container_of(cmd, struct test_cmd, cmd);
}

/* ------------------------------------------------------------------------
 * Requests
 */

/**
 * test_req_put - drop a reference on a request
 * @req: request, or NULL
 *
 * Context: any.
 */
void test_req_put(struct test_req *req)
{
	if (req && refcount_dec_and_test(&req->refs))
		kfree(req);
}
EXPORT_SYMBOL_IF_KUNIT(test_req_put);

/* With one reference for test_sess.running and one for the caller */
static struct test_req *req_alloc(struct test_sess *ts, u64 tag)
{
	struct test_req *req;

	req = kzalloc(sizeof(*req), GFP_KERNEL);
	if (!req)
		return NULL;
	refcount_set(&req->refs, 2);
	req->ts = ts;
	req->tag = tag;
	return req;
}

static int sess_add_req(struct test_sess *ts, struct test_req *req)
{
	guard(spinlock_irqsave)(&ts->lock);
	if (ts->nr_running >= TEST_MAX_REQS)
		return -EBUSY;
	list_add_tail(&req->entry, &ts->running);
	ts->nr_running++;
	return 0;
}

/* The request's last callback: keep the result, and forget the oldest one. */
static void sess_end_req(struct test_sess *ts, struct test_req *req)
{
	struct test_req *oldest = NULL;

	scoped_guard(spinlock_irqsave, &ts->lock) {
		if (req->end_seq)
			ts->violations++;
		list_move_tail(&req->entry, &ts->ended);
		ts->nr_running--;
		if (ts->nr_ended < TEST_MAX_ENDED) {
			ts->nr_ended++;
		} else {
			oldest = list_first_entry(&ts->ended, struct test_req,
						  entry);
			list_del(&oldest->entry);
		}
		test_event(&req->end_seq);
	}
	test_req_put(oldest);
}

static struct test_req *sess_find_cmd(struct test_sess *ts, u64 tag)
{
	struct test_req *req;

	lockdep_assert_held(&ts->lock);
	list_for_each_entry(req, &ts->running, entry)
		if (req->cmd && req->tag == tag)
			return req;
	return NULL;
}

/**
 * test_req_in_state - where does a command wait or work?
 * @req: request
 * @state: what the core should say
 *
 * Context: any.
 * Return: true when @req runs and is in @state.
 */
bool test_req_in_state(struct test_req *req, enum scst_cmd_state state)
{
	guard(spinlock_irqsave)(&req->ts->lock);
	return req->cmd && READ_ONCE(req->cmd->cmd.state) == state;
}
EXPORT_SYMBOL_IF_KUNIT(test_req_in_state);

/**
 * test_req_is_marked - does the core know that a command is aborted?
 * @req: request
 *
 * Context: any.
 * Return: true when @req runs and is to be aborted.
 */
bool test_req_is_marked(struct test_req *req)
{
	guard(spinlock_irqsave)(&req->ts->lock);
	/* It may be executed to its end all the same: see scst_cmd_aborted(). */
	return req->cmd && test_bit(SCST_CMD_ABORTED, &req->cmd->cmd.flags);
}
EXPORT_SYMBOL_IF_KUNIT(test_req_is_marked);

/* ------------------------------------------------------------------------
 * Data buffers
 */

/* The first @len bytes of data-out arrive. */
static void cmd_fill(struct test_cmd *tc, u32 len)
{
	struct sg_mapping_iter miter;

	if (!tc->sgv)
		return;
	sg_miter_start(&miter, tc->sgv->sg, tc->sgv->sg_cnt,
		       SG_MITER_ATOMIC | SG_MITER_TO_SG);
	while (len && sg_miter_next(&miter)) {
		u32 part = min_t(size_t, len, miter.length);

		memset(miter.addr, tc->req->fill, part);
		len -= part;
	}
	sg_miter_stop(&miter);
}

/* ------------------------------------------------------------------------
 * Callbacks of the core
 */

/* Go on with what a callback left to do, from process context. */
static void cmd_data_work(struct work_struct *work)
{
	struct test_cmd *tc = container_of(work, struct test_cmd, work);

	scst_rx_data(&tc->cmd, tc->error);
}

static void cmd_done_work(struct work_struct *work)
{
	struct test_cmd *tc = container_of(work, struct test_cmd, work);

	scst_tgt_cmd_done(&tc->cmd);
}

static void cmd_rx_data(struct test_cmd *tc, int error)
{
	if (!tc->req->ts->defer) {
		scst_rx_data(&tc->cmd, error);
		return;
	}
	tc->error = error;
	INIT_WORK(&tc->work, cmd_data_work);
	queue_work(test_wq, &tc->work);
}

static int test_rdy_to_xfer(struct scst_cmd *cmd)
{
	struct test_cmd *tc = to_test_cmd(cmd);
	struct test_req *req = tc->req;
	struct test_sess *ts = req->ts;
	bool aborted;

	scoped_guard(spinlock_irqsave, &ts->lock) {
		if (req->rdy_seq || req->xmit_seq)
			ts->violations++;
		test_event(&req->rdy_seq);
		if (req->data == TEST_DATA_REFUSE)
			return -EIO;
		aborted = scst_cmd_aborted(cmd);
		req->data_waiting = !aborted && req->data != TEST_DATA_NOW;
		if (req->data_waiting && req->data == TEST_DATA_PARTIAL)
			cmd_fill(tc, cmd->bufflen / 2);
		/* From here on it may be delivered, and @tc be gone. */
		if (req->data_waiting)
			return 0;
	}

	if (aborted) {
		cmd_rx_data(tc, -ECANCELED);
	} else {
		cmd_fill(tc, cmd->bufflen);
		cmd_rx_data(tc, 0);
	}
	return 0;
}

static void test_on_abort_cmd(struct scst_cmd *cmd)
{
	struct test_cmd *tc = to_test_cmd(cmd);
	struct test_req *req = tc->req;
	struct test_sess *ts = req->ts;

	scoped_guard(spinlock_irqsave, &ts->lock) {
		if (req->end_seq || !test_bit(SCST_CMD_ABORTED, &cmd->flags))
			ts->violations++;
		if (!req->data_waiting)
			return;
		test_event(&req->abort_seq);
		if (ts->ignore_abort)
			return;
		req->data_waiting = false;
	}
	cmd_rx_data(tc, -ECANCELED);
}

static void req_set_result(struct test_req *req, struct scst_cmd *cmd)
{
	struct scsi_sense_hdr sense;

	req->status = cmd->status;
	if (scsi_normalize_sense(cmd->sense, cmd->sense_len, &sense)) {
		req->sense[0] = sense.sense_key;
		req->sense[1] = sense.asc;
		req->sense[2] = sense.ascq;
	}
	req->aborted = scst_cmd_aborted(cmd);
	req->no_response = scst_cmd_no_response(cmd);
	req->resid = scst_cmd_get_resid(cmd, &req->overflow);
	if (cmd->expected_dir == SCST_DATA_READ && cmd->sg_cnt)
		sg_copy_to_buffer(cmd->sg, cmd->sg_cnt, req->data_in,
				  sizeof(req->data_in));
}

static void cmd_tgt_done(struct test_cmd *tc)
{
	if (!tc->req->ts->defer) {
		scst_tgt_cmd_done(&tc->cmd);
		return;
	}
	INIT_WORK(&tc->work, cmd_done_work);
	queue_work(test_wq, &tc->work);
}

static void test_xmit_response(struct scst_cmd *cmd)
{
	struct test_cmd *tc = to_test_cmd(cmd);
	struct test_req *req = tc->req;
	struct test_sess *ts = req->ts;

	scoped_guard(spinlock_irqsave, &ts->lock) {
		/* Once, and not while data flows into the buffer */
		if (req->xmit_seq || req->data_waiting)
			ts->violations++;
		req_set_result(req, cmd);
		req->response_held = ts->hold_response;
		test_event(&req->xmit_seq);
		if (req->response_held)
			return;
	}
	cmd_tgt_done(tc);
}

static void test_on_free_cmd(struct scst_cmd *cmd)
{
	struct test_cmd *tc = to_test_cmd(cmd);
	struct test_req *req = tc->req;
	struct test_sess *ts = req->ts;

	scoped_guard(spinlock_irqsave, &ts->lock) {
		if (!req->xmit_seq || req->response_held)
			ts->violations++;
		/* Nobody looks at it any more. */
		req->cmd = NULL;
	}
	/* What the core does with it now is seen. */
	scst_sgv_free(tc->sgv);
	memset(tc, POISON_FREE, sizeof(*tc));
	kfree(tc);
	sess_end_req(ts, req);
}

static void test_task_mgmt_fn_done(struct scst_tmf *tmf)
{
	struct test_req *req = container_of(tmf, struct test_req, tmf);

	sess_end_req(req->ts, req);
}

static void (*luns_removing_hook)(struct scst_session *sess);

/**
 * test_on_luns_removing - who is to be called when LUNs of a session are about to go
 * @hook: function, or NULL
 *
 * Context: any; it may be in use when this returns.
 */
void test_on_luns_removing(void (*hook)(struct scst_session *sess))
{
	WRITE_ONCE(luns_removing_hook, hook);
}
EXPORT_SYMBOL_IF_KUNIT(test_on_luns_removing);

static void test_luns_removing(struct scst_session *sess)
{
	void (*hook)(struct scst_session *sess) = READ_ONCE(luns_removing_hook);

	if (hook)
		hook(sess);
}

/* ------------------------------------------------------------------------
 * What an initiator does
 */

static int cmd_alloc_buffer(struct test_cmd *tc, const struct test_params *p)
{
	struct scst_sgv *sgv;

	if (!p->len || p->dir == SCST_DATA_NONE)
		return 0;
	sgv = scst_sgv_alloc(&tc->cmd.sess->sgv_owner, p->len,
			     GFP_KERNEL | __GFP_ZERO);
	if (IS_ERR(sgv))
		return PTR_ERR(sgv);
	tc->sgv = sgv;
	scst_cmd_set_sg(&tc->cmd, p->dir, sgv->sg, sgv->sg_cnt, p->len);
	return 0;
}

static struct test_cmd *cmd_alloc(const struct test_params *p)
{
	struct test_cmd *tc;

	tc = kzalloc(sizeof(*tc), GFP_KERNEL);
	if (!tc)
		return NULL;
	/* The core has to initialise what it needs. */
	memset(&tc->cmd, POISON_INUSE, sizeof(tc->cmd));
	memcpy(tc->cdb, p->cdb, sizeof(tc->cdb));
	return tc;
}

/**
 * test_submit - send a command
 * @ts: I_T nexus
 * @p: command
 *
 * Context: process context, may sleep.
 * Return: the request, to be put by the caller, or ERR_PTR(): -EINVAL, -EBUSY
 * when too many run, -ENOMEM.
 */
struct test_req *test_submit(struct test_sess *ts, const struct test_params *p)
{
	struct scsi_lun lun;
	struct test_req *req;
	struct test_cmd *tc;
	int error;

	if (p->cdb_len > TEST_MAX_CDB || p->len > TEST_MAX_DATA ||
	    p->dir > SCST_DATA_READ)
		return ERR_PTR(-EINVAL);
	req = req_alloc(ts, p->tag);
	tc = cmd_alloc(p);
	if (!req || !tc)
		goto free;
	req->data = p->data;
	req->fill = p->fill;
	req->cmd = tc;
	tc->req = req;

	int_to_scsilun(p->lun, &lun);
	scst_rx_cmd(ts->sess, &tc->cmd, &lun, tc->cdb, p->cdb_len);
	tc->cmd.tag = p->tag;
	tc->cmd.queue_type = p->queue_type;
	if (sess_add_req(ts, req)) {
		kfree(tc);
		kfree(req);
		return ERR_PTR(-EBUSY);
	}
	error = cmd_alloc_buffer(tc, p);
	if (error)
		scst_cmd_refuse(&tc->cmd, error);
	else
		scst_cmd_init_done(&tc->cmd);
	return req;

free:
	kfree(tc);
	kfree(req);
	return ERR_PTR(-ENOMEM);
}
EXPORT_SYMBOL_IF_KUNIT(test_submit);

/**
 * test_tmf - send a task management request
 * @ts: I_T nexus
 * @fn: function
 * @id: number of the request, for the results in debugfs
 * @lun: logical unit number, for those functions that have one
 * @tag: command to abort, for %SCST_ABORT_TASK
 *
 * Context: process context, may sleep.
 * Return: the request, to be put by the caller, or ERR_PTR(): -EBUSY when too
 * many run, -ENOMEM.
 */
struct test_req *test_tmf(struct test_sess *ts, enum scst_tmf_fn fn, u64 id,
			  u64 lun, u64 tag)
{
	struct test_req *req = req_alloc(ts, id);
	int ret;

	if (!req)
		return ERR_PTR(-ENOMEM);
	req->is_tmf = true;
	req->tmf.fn = fn;
	req->tmf.tag = tag;
	int_to_scsilun(lun, &req->tmf.lun);
	ret = sess_add_req(ts, req);
	if (ret) {
		kfree(req);
		return ERR_PTR(ret);
	}
	scst_rx_tmf(ts->sess, &req->tmf);
	return req;
}
EXPORT_SYMBOL_IF_KUNIT(test_tmf);

/**
 * test_deliver - the rest of a command's data-out arrives, or never will
 * @ts: I_T nexus
 * @tag: the command's
 * @error: 0 or a negative errno
 *
 * Context: process context, may sleep.
 * Return: 0, or -ENOENT when no such command waits for data.
 */
int test_deliver(struct test_sess *ts, u64 tag, int error)
{
	struct test_req *req;
	struct test_cmd *tc;

	scoped_guard(spinlock_irqsave, &ts->lock) {
		req = sess_find_cmd(ts, tag);
		if (!req || !req->data_waiting)
			return -ENOENT;
		req->data_waiting = false;
		tc = req->cmd;
	}
	/* Nobody ends it before scst_rx_data() is called. */
	if (!error)
		cmd_fill(tc, tc->cmd.bufflen);
	scst_rx_data(&tc->cmd, error);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(test_deliver);

/**
 * test_release_response - the response of a command has been sent
 * @ts: I_T nexus
 * @tag: the command's
 *
 * Context: process context, may sleep.
 * Return: 0, or -ENOENT when no such response was held.
 */
int test_release_response(struct test_sess *ts, u64 tag)
{
	struct test_req *req;
	struct test_cmd *tc;

	scoped_guard(spinlock_irqsave, &ts->lock) {
		req = sess_find_cmd(ts, tag);
		if (!req || !req->response_held)
			return -ENOENT;
		req->response_held = false;
		tc = req->cmd;
	}
	scst_tgt_cmd_done(&tc->cmd);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(test_release_response);

static bool sess_find_waiting(struct test_sess *ts, u64 *tag, bool *response)
{
	struct test_req *req;

	guard(spinlock_irqsave)(&ts->lock);
	list_for_each_entry(req, &ts->running, entry) {
		if (!req->data_waiting && !req->response_held)
			continue;
		*tag = req->tag;
		*response = req->response_held;
		return true;
	}
	return false;
}

/**
 * test_flush_session - all awaited data arrives, all held responses are sent
 * @ts: I_T nexus
 *
 * Context: process context, may sleep.
 */
void test_flush_session(struct test_sess *ts)
{
	bool response;
	u64 tag;

	while (sess_find_waiting(ts, &tag, &response)) {
		if (response)
			test_release_response(ts, tag);
		else
			test_deliver(ts, tag, 0);
	}
}
EXPORT_SYMBOL_IF_KUNIT(test_flush_session);

/**
 * test_clear_ended - forget what has ended
 * @ts: I_T nexus
 *
 * Context: any.
 */
void test_clear_ended(struct test_sess *ts)
{
	struct test_req *req, *next;
	LIST_HEAD(list);

	scoped_guard(spinlock_irqsave, &ts->lock) {
		list_splice_init(&ts->ended, &list);
		ts->nr_ended = 0;
	}
	list_for_each_entry_safe(req, next, &list, entry)
		test_req_put(req);
}
EXPORT_SYMBOL_IF_KUNIT(test_clear_ended);

/* ------------------------------------------------------------------------
 * Sessions
 */

static struct test_sess *tgt_find_session(struct test_tgt *tt, const char *name)
{
	struct test_sess *ts;

	lockdep_assert_held(&targets_mutex);
	list_for_each_entry(ts, &tt->sessions, entry)
		if (!strcmp(ts->sess->initiator_name, name))
			return ts;
	return NULL;
}

static struct test_sess *tgt_add_session(struct test_tgt *tt, const char *name)
{
	struct test_sess *ts;

	lockdep_assert_held(&targets_mutex);
	if (tt->dying)
		return ERR_PTR(-ENODEV);
	if (tgt_find_session(tt, name))
		return ERR_PTR(-EEXIST);

	ts = kzalloc(sizeof(*ts), GFP_KERNEL);
	if (!ts)
		return ERR_PTR(-ENOMEM);
	ts->tt = tt;
	spin_lock_init(&ts->lock);
	INIT_LIST_HEAD(&ts->running);
	INIT_LIST_HEAD(&ts->ended);
	ts->sess = scst_register_session(tt->tgt, name, ts);
	if (IS_ERR(ts->sess)) {
		struct scst_session *error = ts->sess;

		kfree(ts);
		return ERR_CAST(error);
	}
	list_add_tail(&ts->entry, &tt->sessions);
	test_sess_debugfs(ts);
	return ts;
}

/**
 * test_add_session - an initiator logs in
 * @tt: target
 * @name: the initiator's name, a valid name of an object
 *
 * Context: process context, may sleep.
 * Return: the I_T nexus, or ERR_PTR(): -EINVAL, -EEXIST, -ENODEV, -ENOMEM.
 */
struct test_sess *test_add_session(struct test_tgt *tt, const char *name)
{
	if (!scst_valid_name(name))
		return ERR_PTR(-EINVAL);
	guard(mutex)(&targets_mutex);
	return tgt_add_session(tt, name);
}
EXPORT_SYMBOL_IF_KUNIT(test_add_session);

/* Take a session from its target, which waits for sess_close(). */
static void sess_take(struct test_sess *ts)
{
	lockdep_assert_held(&targets_mutex);
	list_del_init(&ts->entry);
	ts->tt->nr_closing++;
}

static void sess_close(struct test_sess *ts)
{
	struct test_tgt *tt = ts->tt;

	/* Nothing is submitted after that, but what it waits for can still end. */
	test_sess_no_submit(ts);
	scst_unregister_session(ts->sess);
	debugfs_remove(ts->dir);
	WARN_ON_ONCE(!list_empty(&ts->running));
	test_clear_ended(ts);
	kfree(ts);

	guard(mutex)(&targets_mutex);
	if (!--tt->nr_closing)
		wake_up_all(&closing_waitq);
}

/**
 * test_del_session - an initiator logs out, or is lost
 * @ts: I_T nexus
 *
 * Context: process context; waits for its commands and requests.
 */
void test_del_session(struct test_sess *ts)
{
	scoped_guard(mutex, &targets_mutex)
		sess_take(ts);
	sess_close(ts);
}
EXPORT_SYMBOL_IF_KUNIT(test_del_session);

static struct test_sess *tgt_take_first_session(struct test_tgt *tt)
{
	struct test_sess *ts;

	guard(mutex)(&targets_mutex);
	ts = list_first_entry_or_null(&tt->sessions, struct test_sess, entry);
	if (ts)
		sess_take(ts);
	return ts;
}

static bool tgt_is_closing(struct test_tgt *tt)
{
	guard(mutex)(&targets_mutex);
	return tt->nr_closing;
}

/* Those that others close too are gone when this returns. */
static void tgt_close_sessions(struct test_tgt *tt)
{
	struct test_sess *ts;

	while ((ts = tgt_take_first_session(tt)))
		sess_close(ts);
	wait_event(closing_waitq, !tgt_is_closing(tt));
}

/* The session's file close does not keep @sess->priv alive, but @sess. */
static struct test_sess *take_session(struct scst_session *sess)
{
	struct test_tgt *tt;
	struct test_sess *ts;

	guard(mutex)(&targets_mutex);
	list_for_each_entry(tt, &targets, entry) {
		list_for_each_entry(ts, &tt->sessions, entry) {
			if (ts->sess != sess)
				continue;
			sess_take(ts);
			return ts;
		}
	}
	return NULL;
}

static int test_close_session(struct scst_session *sess)
{
	struct test_sess *ts = take_session(sess);

	if (!ts)
		return -ENODEV;
	sess_close(ts);
	return 0;
}

/* ------------------------------------------------------------------------
 * Targets
 */

static struct scst_tgt_template test_template;

static struct test_tgt *targets_find(const char *name)
{
	struct test_tgt *tt;

	lockdep_assert_held(&targets_mutex);
	list_for_each_entry(tt, &targets, entry)
		if (!strcmp(dev_name(&tt->tgt->dev), name))
			return tt;
	return NULL;
}

/**
 * test_find_target - find a target by its name
 * @name: name
 *
 * Context: process context, may sleep.
 * Return: the target, valid until somebody deletes it, or NULL.
 */
struct test_tgt *test_find_target(const char *name)
{
	guard(mutex)(&targets_mutex);
	return targets_find(name);
}
EXPORT_SYMBOL_IF_KUNIT(test_find_target);

static int test_add_target(const char *name, char *params)
{
	struct test_tgt *tt;
	char *param, *value;
	struct scst_tgt *tgt;

	param = scst_next_param(&params, &value);
	if (param) {
		pr_err("add_target: bad parameter %s\n", param);
		return -EINVAL;
	}
	tt = kzalloc(sizeof(*tt), GFP_KERNEL);
	if (!tt)
		return -ENOMEM;
	INIT_LIST_HEAD(&tt->sessions);

	guard(mutex)(&targets_mutex);
	tgt = scst_register_target(&test_template, NULL, name, tt);
	if (IS_ERR(tgt)) {
		kfree(tt);
		return PTR_ERR(tgt);
	}
	tt->tgt = tgt;
	tt->dir = debugfs_create_dir(name, targets_dir);
	list_add_tail(&tt->entry, &targets);
	return 0;
}

static int test_del_target(struct scst_tgt *tgt)
{
	struct test_tgt *tt;

	scoped_guard(mutex, &targets_mutex) {
		/* tgt->priv may be gone: somebody else may have been faster. */
		tt = targets_find(dev_name(&tgt->dev));
		if (!tt || tt->tgt != tgt || tt->dying)
			return -ENOENT;
		tt->dying = true;
	}
	tgt_close_sessions(tt);
	scst_unregister_target(tgt);
	scoped_guard(mutex, &targets_mutex)
		list_del(&tt->entry);
	debugfs_remove(tt->dir);
	kfree(tt);
	return 0;
}

static int test_enable_target(struct scst_tgt *tgt, bool enable)
{
	if (!enable)
		tgt_close_sessions(tgt->priv);
	return 0;
}

/* ------------------------------------------------------------------------
 * The driver
 */

/* "TARGET INITIATOR"; the initiator's name is checked where it matters. */
static int parse_session(char *buf, char **target, char **initiator)
{
	char *value;

	*target = scst_next_param(&buf, &value);
	*initiator = scst_next_param(&buf, &value);
	if (!*initiator || value || scst_next_param(&buf, &value))
		return -EINVAL;
	return 0;
}

static int driver_add_session(const char *target, const char *initiator)
{
	struct test_tgt *tt;

	if (!scst_valid_name(initiator))
		return -EINVAL;
	guard(mutex)(&targets_mutex);
	tt = targets_find(target);
	if (!tt)
		return -ENOENT;
	return PTR_ERR_OR_ZERO(tgt_add_session(tt, initiator));
}

static int driver_del_session(const char *target, const char *initiator)
{
	struct test_sess *ts = NULL;
	struct test_tgt *tt;

	scoped_guard(mutex, &targets_mutex) {
		tt = targets_find(target);
		if (tt)
			ts = tgt_find_session(tt, initiator);
		if (!ts)
			return -ENOENT;
		sess_take(ts);
	}
	sess_close(ts);
	return 0;
}

static ssize_t driver_session_store(const char *file, const char *buf,
				    size_t count,
				    int (*fn)(const char *target,
					      const char *initiator))
{
	char *copy __free(kfree) = NULL;
	char *target, *initiator;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	copy = kstrdup(buf, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	ret = parse_session(copy, &target, &initiator) ?:
		fn(target, initiator);
	if (ret)
		pr_err("%s: refused: %d\n", file, ret);
	return ret ?: count;
}

static ssize_t add_session_store(struct device_driver *drv, const char *buf,
				 size_t count)
{
	return driver_session_store("add_session", buf, count,
				    driver_add_session);
}
static DRIVER_ATTR_WO(add_session);

static ssize_t del_session_store(struct device_driver *drv, const char *buf,
				 size_t count)
{
	return driver_session_store("del_session", buf, count,
				    driver_del_session);
}
static DRIVER_ATTR_WO(del_session);

static struct attribute *test_session_attrs[] = {
	&driver_attr_add_session.attr,
	&driver_attr_del_session.attr,
	NULL
};

static const struct attribute_group test_session_group = {
	.attrs = test_session_attrs,
};

static const struct attribute_group *test_driver_groups[] = {
	&scst_tgtt_group,
	&test_session_group,
	NULL
};

static struct scst_tgt_template test_template = {
	.driver.name		= "test_target",
	.driver.groups		= test_driver_groups,
	.add_target		= test_add_target,
	.del_target		= test_del_target,
	.enable_target		= test_enable_target,
	.rdy_to_xfer		= test_rdy_to_xfer,
	.xmit_response		= test_xmit_response,
	.on_free_cmd		= test_on_free_cmd,
	.on_abort_cmd		= test_on_abort_cmd,
	.task_mgmt_fn_done	= test_task_mgmt_fn_done,
	.luns_removing		= test_luns_removing,
	.close_session		= test_close_session,
};

int __init test_target_init(void)
{
	int ret;

	targets_dir = debugfs_create_dir("target", test_debugfs);
	ret = scst_register_target_template(&test_template);
	if (ret)
		debugfs_remove(targets_dir);
	return ret;
}

void test_target_exit(void)
{
	scst_unregister_target_template(&test_template);
	debugfs_remove(targets_dir);
}
