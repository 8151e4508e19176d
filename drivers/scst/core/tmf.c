// SPDX-License-Identifier: GPL-2.0
/*
 * Task management (SAM-6 7).
 *
 * A function first marks the commands it affects, those that had arrived when
 * it began; then it ends their waits, so that none of them gets going because
 * another has ended; then it waits until the last of them has ended, which may
 * raise unit attentions; then it raises its own and answers.  Commands that a
 * handler executes are never interrupted: they run to their end.  Where it is just
 * the LUN that goes they also tell how that was, see scst_cmd_aborted().
 */

#include <kunit/visibility.h>
#include <trace/events/scst.h>
#include "core.h"

/*
 * Which commands of a session a function is about.
 * @td: of this I_T_L nexus, or NULL for all
 * @lun: of this LUN, as the transport carries it, if @one
 * @tag: this command, if @one
 * @gen: that had arrived before this generation of the session
 * @one: a single command
 * @task_set: those of a task set, not all of the nexus or of the unit
 * @own: aborted at the wish of their own nexus
 * @cleared: aborted with the task set, by CLEAR TASK SET or QERR
 * @lun_goes: aborted at nobody's wish
 * @at_lun: the session's commands for the LUN of @td, also those of a nexus of before
 *	that has not ended
 * @aca: only the one with the ACA task attribute
 * @except: but not this one, nor those that are about to respond; or NULL
 */
struct tmf_scope {
	const struct scst_tgt_dev *td;
	const struct scsi_lun *lun;
	u64 tag;
	u64 gen;
	bool one;
	bool task_set;
	bool own;
	bool cleared;
	bool lun_goes;
	bool at_lun;
	bool aca;
	const struct scst_cmd *except;
};

/* A LUN has several formats (SAM-6 4.7). */
static bool tmf_same_lun(const struct scsi_lun *a, const struct scsi_lun *b)
{
	u64 lun = scst_lun_parse(a);

	if (lun == SCST_LUN_INVALID)
		return !memcmp(a, b, sizeof(*a));
	return lun == scst_lun_parse(b);
}

/*
 * What CLEAR ACA aborts.  Once it has marked the command, the end of the condition,
 * which takes back the admission, must not hide it.
 */
static bool tmf_covers_aca(const struct scst_cmd *cmd)
{
	if (scst_cmd_is_marked(cmd))
		return cmd->queue_type == SCST_CMD_QUEUE_ACA;
	return test_bit(SCST_CMD_ACA_ADMITTED, &cmd->flags);
}

/* An initiator does not know of nexuses: what it has sent to the LUN is meant. */
static bool tmf_covers_nexus(const struct tmf_scope *scope,
			     const struct scst_cmd *cmd)
{
	if (!scope->td || cmd->tgt_dev == scope->td)
		return true;
	return scope->at_lun && cmd->tgt_dev && !scst_cmd_is_internal(cmd) &&
	       scst_lun_parse(&cmd->lun) == scope->td->lun;
}

static bool tmf_covers(const struct tmf_scope *scope,
		       const struct scst_cmd *cmd)
{
	if (scope->one && (cmd->tag != scope->tag ||
			   !tmf_same_lun(&cmd->lun, scope->lun)))
		return false;
	if (!tmf_covers_nexus(scope, cmd))
		return false;
	if (scope->aca && !tmf_covers_aca(cmd))
		return false;
	if (scope->except && (cmd == scope->except ||
			      READ_ONCE(cmd->state) == SCST_CMD_RESPONDING))
		return false;
	return cmd->tmf_gen < scope->gen;
}

/*
 * What the core sends for a command is aborted with it, and with all there is
 * on its own unit, but is in no task set.  It also ends when the nexus goes that it
 * keeps, and when what waits for it is aborted.
 */
static bool tmf_covers_internal(const struct tmf_scope *scope,
				const struct scst_cmd *cmd)
{
	const struct scst_internal_cmd *ic = to_scst_internal(cmd);

	if (tmf_covers(scope, ic->parent))
		return true;
	if (scope->one || scope->task_set || scope->aca)
		return false;
	if (scope->td && ic->peer == scope->td &&
	    (scope->lun_goes || ic->holds_peer))
		return cmd->tmf_gen < scope->gen;
	return tmf_covers(scope, cmd);
}

static bool tmf_in_scope(const struct scst_cmd *cmd, const void *arg)
{
	if (unlikely(scst_cmd_is_internal(cmd)))
		return tmf_covers_internal(arg, cmd);
	return tmf_covers(arg, cmd);
}

/*
 * Another nexus wants the end of one that was marked because its LUN goes.  If it is
 * executed it is aborted only now.
 */
static void tmf_mark_again(struct scst_cmd *cmd, const struct tmf_scope *scope)
{
	if (scope->own || scope->lun_goes || !tmf_in_scope(cmd, scope) ||
	    !test_bit(SCST_CMD_ABORTED_LUN, &cmd->flags))
		return;
	if (scope->cleared)
		set_bit(SCST_CMD_ABORTED_CLEARED, &cmd->flags);
	clear_bit(SCST_CMD_ABORTED_LUN, &cmd->flags);
}

/* Returns true when it was not yet marked. */
static bool tmf_mark_cmd(struct scst_cmd *cmd, const void *arg)
{
	const struct tmf_scope *scope = arg;
	int bit = scope->own ? SCST_CMD_ABORTED_OWN : SCST_CMD_ABORTED;

	if (test_bit(bit, &cmd->flags)) {
		tmf_mark_again(cmd, scope);
		return false;
	}
	if (!tmf_in_scope(cmd, arg))
		return false;
	if (scope->own)
		set_bit(SCST_CMD_ABORTED_OWN, &cmd->flags);
	if (scope->cleared)
		set_bit(SCST_CMD_ABORTED_CLEARED, &cmd->flags);
	if (scope->lun_goes)
		set_bit(SCST_CMD_ABORTED_LUN, &cmd->flags);
	/* The last one: it is what the others are looked at for. */
	set_bit(SCST_CMD_ABORTED, &cmd->flags);
	return true;
}

static bool tmf_to_abort(const struct scst_cmd *cmd, const void *arg)
{
	return scst_cmd_is_marked(cmd) &&
	       !test_bit(SCST_CMD_WAITS_ENDED, &cmd->flags) &&
	       tmf_in_scope(cmd, arg);
}

static bool tmf_is_aborting(const struct scst_cmd *cmd, const void *arg)
{
	return scst_cmd_is_marked(cmd) && tmf_in_scope(cmd, arg);
}

/* Commands that are in flight now belong to earlier generations. */
static u64 tmf_new_gen(struct scst_session *sess)
{
	return atomic64_inc_return(&sess->tmf_gen);
}

/*
 * Mark the commands in scope.  Returns how many.
 *
 * A command that is marked may have sent others, to lists that had been looked
 * at before.  Those that it sends later mark themselves.
 */
static unsigned int tmf_mark(struct scst_session *sess,
			     const struct tmf_scope *scope)
{
	unsigned int nr = 0, more;

	do {
		more = scst_inflight_for_each(sess, tmf_mark_cmd, scope);
		nr += more;
	} while (more);
	return nr;
}

/*
 * End the waits of those that were marked.  What they send meanwhile does not
 * begin to wait, see scst_cmd_exec_internal().  Process context: there may be
 * thousands.
 */
static void tmf_end_waits(struct scst_session *sess,
			  const struct tmf_scope *scope)
{
	struct scst_cmd *cmd, *next;

	for (cmd = scst_inflight_next(sess, NULL, tmf_to_abort, scope); cmd;
	     cmd = next) {
		if (!test_and_set_bit(SCST_CMD_WAITS_ENDED, &cmd->flags))
			scst_cmd_abort(cmd);
		next = scst_inflight_next(sess, cmd, tmf_to_abort, scope);
		scst_cmd_unpin(cmd);
		cond_resched();
	}
}

static unsigned int tmf_abort(struct scst_session *sess,
			      const struct tmf_scope *scope)
{
	unsigned int nr = tmf_mark(sess, scope);

	tmf_end_waits(sess, scope);
	return nr;
}

static void tmf_wait(struct scst_session *sess, const struct tmf_scope *scope)
{
	wait_event(sess->tmf_wait,
		   !scst_inflight_any(sess, tmf_is_aborting, scope) &&
		   !atomic_read(&sess->nr_aborting));
}

/**
 * scst_tgt_dev_abort_all - abort all commands of an I_T_L nexus that is to go
 * @td: I_T_L nexus
 *
 * Does not wait for them.
 *
 * Context: process context.
 */
void scst_tgt_dev_abort_all(struct scst_tgt_dev *td)
{
	struct tmf_scope scope = {
		.td = td,
		.gen = tmf_new_gen(td->sess),
		.lun_goes = true,
	};

	tmf_abort(td->sess, &scope);
}

/**
 * scst_session_abort_all - abort all commands of an I_T nexus that is to go
 * @sess: I_T nexus
 *
 * Does not wait for them.
 *
 * Context: process context.
 */
void scst_session_abort_all(struct scst_session *sess)
{
	struct tmf_scope scope = { .gen = tmf_new_gen(sess), .own = true };

	tmf_abort(sess, &scope);
}

/* Walk over the nexuses whose commands are aborted because of @cmd. */
static struct scst_tgt_dev *
others_next(const struct scst_cmd *cmd,
	    bool (*match)(const struct scst_tgt_dev *td, const void *arg),
	    const void *arg, struct scst_tgt_dev *prev, struct tmf_scope *scope)
{
	struct scst_tgt_dev *td = prev;

	do {
		td = scst_device_next_nexus(cmd->dev, td);
	} while (td && !match(td, arg));
	if (td)
		*scope = (struct tmf_scope) {
			.td = td,
			.gen = tmf_new_gen(td->sess),
			.task_set = true,
			.own = td == cmd->tgt_dev,
			.except = cmd,
		};
	return td;
}

/*
 * The initiator may use the buffers of the aborted commands again when it sees
 * the response, so this waits until no handler uses them.
 *
 * A command that is about to respond is not concerned: it is too late.  Hence
 * two commands that do this at a time never wait for each other.
 */
static void abort_others(struct scst_cmd *cmd, bool cleared,
			 bool (*match)(const struct scst_tgt_dev *td,
				       const void *arg),
			 const void *arg)
{
	struct scst_tgt_dev *td;
	struct tmf_scope scope;

	for (td = others_next(cmd, match, arg, NULL, &scope); td;
	     td = others_next(cmd, match, arg, td, &scope)) {
		scope.cleared = cleared && !scope.own;
		tmf_mark(td->sess, &scope);
	}
	for (td = others_next(cmd, match, arg, NULL, &scope); td;
	     td = others_next(cmd, match, arg, td, &scope))
		tmf_end_waits(td->sess, &scope);
	for (td = others_next(cmd, match, arg, NULL, &scope); td;
	     td = others_next(cmd, match, arg, td, &scope))
		wait_event(td->sess->tmf_wait,
			   !scst_inflight_any(td->sess, tmf_is_aborting,
					      &scope));
}

static bool qerr_concerns_all(const struct scst_tgt_dev *td, const void *arg)
{
	return true;
}

static bool qerr_concerns_own(const struct scst_tgt_dev *td, const void *arg)
{
	return td == arg;
}

/**
 * scst_abort_others - do what QERR says
 * @cmd: command that ends with CHECK CONDITION and has not responded
 *
 * Context: process context; waits for executing commands.
 */
void scst_abort_others(struct scst_cmd *cmd)
{
	const struct scst_device *dev = cmd->dev;
	/* The task set of the command, whatever TST says of those that come */
	bool all = READ_ONCE(dev->qerr) == SCST_QERR_ALL &&
		   cmd->task_set == &dev->task_set;

	abort_others(cmd, true, all ? qerr_concerns_all : qerr_concerns_own,
		     cmd->tgt_dev);
}
EXPORT_SYMBOL_IF_KUNIT(scst_abort_others);

/**
 * scst_abort_nexuses - abort the commands of nexuses of a unit
 * @cmd: command of the unit at whose wish this is; it is not aborted
 * @match: which nexuses, in any context; always the same answer
 * @arg: for @match
 *
 * Those that are about to respond are not aborted either.
 *
 * Context: process context; waits for executing commands.
 */
void scst_abort_nexuses(struct scst_cmd *cmd,
			bool (*match)(const struct scst_tgt_dev *td,
				      const void *arg),
			const void *arg)
{
	abort_others(cmd, false, match, arg);
}

/* What a function does to a nexus: what came after it is not concerned. */
static struct tmf_scope tmf_nexus_scope(const struct scst_tmf *tmf,
					const struct scst_tgt_dev *td)
{
	bool own = td->sess == tmf->sess;

	return (struct tmf_scope) {
		.td = td,
		.gen = own ? tmf->gen : tmf_new_gen(td->sess),
		.own = own,
		.at_lun = own && td->lun == scst_lun_parse(&tmf->lun),
		.task_set = tmf->fn == SCST_ABORT_TASK_SET ||
			    tmf->fn == SCST_CLEAR_TASK_SET,
	};
}

/* Abort the commands of all nexuses of a logical unit. */
static void tmf_abort_unit(const struct scst_tmf *tmf, struct scst_device *dev)
{
	struct scst_tgt_dev *td;

	for (td = scst_device_next_nexus(dev, NULL); td;
	     td = scst_device_next_nexus(dev, td)) {
		struct tmf_scope scope = tmf_nexus_scope(tmf, td);

		scope.cleared = tmf->fn == SCST_CLEAR_TASK_SET;
		tmf_mark(td->sess, &scope);
	}
	for (td = scst_device_next_nexus(dev, NULL); td;
	     td = scst_device_next_nexus(dev, td)) {
		struct tmf_scope scope = tmf_nexus_scope(tmf, td);

		tmf_end_waits(td->sess, &scope);
	}
}

/* Wait until those commands have ended. */
static void tmf_wait_unit(const struct scst_tmf *tmf, struct scst_device *dev)
{
	struct scst_tgt_dev *td;

	for (td = scst_device_next_nexus(dev, NULL); td;
	     td = scst_device_next_nexus(dev, td)) {
		struct tmf_scope scope = tmf_nexus_scope(tmf, td);

		tmf_wait(td->sess, &scope);
	}
}

/* The commands of a logical unit were aborted: the rest of its reset. */
static void tmf_reset_unit(const struct scst_tmf *tmf, struct scst_device *dev)
{
	if (dev->type->abort)
		dev->type->abort(dev);
	tmf_wait_unit(tmf, dev);
	if (dev->type->aborted)
		dev->type->aborted(dev);
	scst_aca_clear_unit(dev);
	if (dev->type->reset) {
		scst_device_suspend(dev);
		/* Pairs with dev_probe() */
		if (smp_load_acquire(&dev->online))
			dev->type->reset(dev);
		scst_device_resume(dev);
	}
	scst_device_allow_removal(dev);
	/* Who had reserved it hears of that before others can. */
	scst_device_ua(dev, SCST_UA_RESET, NULL);
	scst_reservation_reset(dev);
}

static enum scst_tmf_status tmf_abort_task(struct scst_tmf *tmf,
					   struct scst_tgt_dev *unused)
{
	struct tmf_scope scope = {
		.lun = &tmf->lun,
		.tag = tmf->tag,
		.gen = tmf->gen,
		.one = true,
		.own = true,
	};

	/*
	 * Two functions may abort the same command, and it is no less aborted
	 * when this one came second: wait for it all the same.
	 */
	if (!tmf_abort(tmf->sess, &scope) &&
	    !scst_inflight_any(tmf->sess, tmf_is_aborting, &scope))
		return SCST_TMF_NO_TASK;
	tmf_wait(tmf->sess, &scope);
	return SCST_TMF_COMPLETE;
}

static enum scst_tmf_status tmf_abort_task_set(struct scst_tmf *tmf,
					       struct scst_tgt_dev *td)
{
	struct tmf_scope scope = tmf_nexus_scope(tmf, td);

	tmf_abort(tmf->sess, &scope);
	tmf_wait(tmf->sess, &scope);
	return SCST_TMF_COMPLETE;
}

static enum scst_tmf_status tmf_clear_task_set(struct scst_tmf *tmf,
					       struct scst_tgt_dev *td)
{
	/* SAM-6 7.5: with a task set per nexus there is just the own one. */
	if (READ_ONCE(td->dev->ts_per_nexus))
		return tmf_abort_task_set(tmf, td);
	tmf_abort_unit(tmf, td->dev);
	tmf_wait_unit(tmf, td->dev);
	return SCST_TMF_COMPLETE;
}

static enum scst_tmf_status tmf_lun_reset(struct scst_tmf *tmf,
					  struct scst_tgt_dev *td)
{
	tmf_abort_unit(tmf, td->dev);
	tmf_reset_unit(tmf, td->dev);
	return SCST_TMF_COMPLETE;
}

static enum scst_tmf_status tmf_target_reset(struct scst_tmf *tmf,
					     struct scst_tgt_dev *unused)
{
	struct tmf_scope scope = { .gen = tmf->gen, .own = true };
	struct scst_tgt_dev *td;
	unsigned long lun;

	/* Also those for LUNs that are going */
	tmf_abort(tmf->sess, &scope);
	for (lun = 0; (td = scst_tgt_dev_next(tmf->sess, &lun)); lun++) {
		tmf_abort_unit(tmf, td->dev);
		percpu_ref_put(&td->ref);
	}
	for (lun = 0; (td = scst_tgt_dev_next(tmf->sess, &lun)); lun++) {
		tmf_reset_unit(tmf, td->dev);
		percpu_ref_put(&td->ref);
	}
	tmf_wait(tmf->sess, &scope);
	return SCST_TMF_COMPLETE;
}

static enum scst_tmf_status tmf_nexus_loss(struct scst_tmf *tmf,
					   struct scst_tgt_dev *unused)
{
	struct tmf_scope scope = { .gen = tmf->gen, .own = true };
	struct scst_tgt_dev *td;
	unsigned long lun;

	tmf_abort(tmf->sess, &scope);
	tmf_wait(tmf->sess, &scope);
	for (lun = 0; (td = scst_tgt_dev_next(tmf->sess, &lun)); lun++) {
		scst_tgt_dev_allow_removal(td);
		scst_aca_clear(td);
		scst_ua_set(td, SCST_UA_NEXUS_LOSS);
		scst_reservation_nexus_lost(td);
		percpu_ref_put(&td->ref);
	}
	return SCST_TMF_COMPLETE;
}

/*
 * SAM-6 7.4: the command with the ACA task attribute goes with the condition.
 * That of another nexus is not for this one to clear.
 */
static enum scst_tmf_status tmf_clear_aca(struct scst_tmf *tmf,
					  struct scst_tgt_dev *td)
{
	struct tmf_scope scope = tmf_nexus_scope(tmf, td);

	if (READ_ONCE(td->aca) == SCST_ACA_OTHER)
		return SCST_TMF_REJECTED;
	scope.aca = true;
	tmf_abort(tmf->sess, &scope);
	tmf_wait(tmf->sess, &scope);
	scst_aca_clear(td);
	return SCST_TMF_COMPLETE;
}

static enum scst_tmf_status tmf_query_task(struct scst_tmf *tmf,
					   struct scst_tgt_dev *td)
{
	struct tmf_scope scope = tmf_nexus_scope(tmf, td);

	scope.one = true;
	scope.lun = &tmf->lun;
	scope.tag = tmf->tag;
	return scst_inflight_any(tmf->sess, tmf_in_scope, &scope) ?
	       SCST_TMF_SUCCEEDED : SCST_TMF_COMPLETE;
}

static enum scst_tmf_status tmf_query_task_set(struct scst_tmf *tmf,
					       struct scst_tgt_dev *td)
{
	struct tmf_scope scope = tmf_nexus_scope(tmf, td);

	return scst_inflight_any(tmf->sess, tmf_in_scope, &scope) ?
	       SCST_TMF_SUCCEEDED : SCST_TMF_COMPLETE;
}

/* UADE DEPTH in the additional response information (SAM-6 7.9) */
#define TMF_DEPTH_ONE	(0x10 << 16)
#define TMF_DEPTH_MORE	(0x20 << 16)

/* The condition stays: the function only tells of it. */
static enum scst_tmf_status tmf_query_async_event(struct scst_tmf *tmf,
						  struct scst_tgt_dev *td)
{
	unsigned int nr;
	scst_sense_t sense = scst_ua_peek(td, &nr);

	if (sense == SCST_GOOD)
		return SCST_TMF_COMPLETE;
	/* Sense key, ASC and ASCQ, as in a sense code */
	tmf->info = ((__force u32)sense & 0xfffff) |
		    (nr > 1 ? TMF_DEPTH_MORE : TMF_DEPTH_ONE);
	return SCST_TMF_SUCCEEDED;
}

static const struct {
	enum scst_tmf_status (*run)(struct scst_tmf *tmf,
				    struct scst_tgt_dev *td);
	bool needs_lun;
} tmf_fns[SCST_TMF_FN_NR] = {
	[SCST_ABORT_TASK]	= { tmf_abort_task },
	[SCST_ABORT_TASK_SET]	= { tmf_abort_task_set, .needs_lun = true },
	[SCST_CLEAR_TASK_SET]	= { tmf_clear_task_set, .needs_lun = true },
	[SCST_LUN_RESET]	= { tmf_lun_reset, .needs_lun = true },
	[SCST_TARGET_RESET]	= { tmf_target_reset },
	[SCST_NEXUS_LOSS]	= { tmf_nexus_loss },
	[SCST_CLEAR_ACA]	= { tmf_clear_aca, .needs_lun = true },
	[SCST_QUERY_TASK]	= { tmf_query_task, .needs_lun = true },
	[SCST_QUERY_TASK_SET]	= { tmf_query_task_set, .needs_lun = true },
	[SCST_QUERY_ASYNC_EVENT] = { tmf_query_async_event, .needs_lun = true },
};

static enum scst_tmf_status tmf_run(struct scst_tmf *tmf)
{
	enum scst_tmf_status status;
	struct scst_tgt_dev *td;

	if (tmf->fn >= ARRAY_SIZE(tmf_fns))
		return SCST_TMF_REJECTED;
	if (!tmf_fns[tmf->fn].needs_lun)
		return tmf_fns[tmf->fn].run(tmf, NULL);

	td = scst_tgt_dev_get(tmf->sess, scst_lun_parse(&tmf->lun));
	if (!td)
		return SCST_TMF_NO_LUN;
	status = tmf_fns[tmf->fn].run(tmf, td);
	percpu_ref_put(&td->ref);
	return status;
}

static void tmf_do(struct scst_tmf *tmf)
{
	tmf->info = 0;
	trace_scst_tmf_start(tmf);
	tmf->status = tmf_run(tmf);
	/*
	 * A command that ended by itself may be just about to have its last
	 * callback, which is an RCU read-side critical section.
	 */
	synchronize_rcu();
	trace_scst_tmf_done(tmf);
}

static void tmf_work(struct work_struct *work)
{
	struct scst_tmf *tmf = container_of(work, struct scst_tmf, work);
	struct scst_session *sess = tmf->sess;

	tmf_do(tmf);
	sess->tgt->tgtt->task_mgmt_fn_done(tmf);
	percpu_ref_put(&sess->ref);
}

/**
 * scst_rx_tmf - a task management request has arrived
 * @sess: I_T nexus it came through
 * @tmf: request: the function, and its LUN and tag where it has them
 *
 * task_mgmt_fn_done() is called when all affected commands have ended.
 *
 * Context: any.
 */
void scst_rx_tmf(struct scst_session *sess, struct scst_tmf *tmf)
{
	tmf->sess = sess;
	tmf->gen = tmf_new_gen(sess);
	percpu_ref_get(&sess->ref);
	INIT_WORK(&tmf->work, tmf_work);
	queue_work(scst_tmf_wq, &tmf->work);
}
EXPORT_SYMBOL_GPL(scst_rx_tmf);

/**
 * scst_exec_tmf - execute a task management request and wait for it
 * @sess: I_T nexus it came through, which the caller holds a reference on; it
 *	may be being unregistered
 * @tmf: request: the function, and its LUN and tag where it has them
 *
 * For callers that memory reclaim may depend on.  task_mgmt_fn_done() is not
 * called.
 *
 * Context: process context; waits for all affected commands.
 * Return: the answer; %SCST_TMF_REJECTED when @sess was unregistered.
 */
enum scst_tmf_status scst_exec_tmf(struct scst_session *sess,
				   struct scst_tmf *tmf)
{
	if (!percpu_ref_tryget_live(&sess->ref))
		return SCST_TMF_REJECTED;
	tmf->sess = sess;
	tmf->gen = tmf_new_gen(sess);
	tmf_do(tmf);
	percpu_ref_put(&sess->ref);
	return tmf->status;
}
EXPORT_SYMBOL_GPL(scst_exec_tmf);
