// SPDX-License-Identifier: GPL-2.0
/*
 * The command path.
 *
 * scst_cmd_init_done() -> place in the task set -> rdy_to_xfer(), if there is
 * data-out to fetch -> reference on the logical unit -> exec() of the opcode's
 * row -> scst_cmd_done() -> xmit_response() -> scst_tgt_cmd_done() ->
 * on_free_cmd().  These are straight calls.  A command stops on its way only
 * for the task set, for its data, for the logical unit, for its blocks and for
 * the back end, for the end of an ACA condition, and when a fault is injected
 * into it; and whoever ends that wait goes on with it.
 */

#include <linux/blkdev.h>
#include <linux/sched/mm.h>
#include <trace/events/scst.h>
#include "core.h"

/**
 * scst_rx_cmd - a command has arrived
 * @sess: I_T nexus it came through
 * @cmd: memory for it
 * @lun: its LUN, as the transport carries it
 * @cdb: its CDB; must stay valid until on_free_cmd()
 * @cdb_len: bytes in @cdb
 *
 * Only initialises @cmd.  The target driver then sets tag and queue_type, gives
 * it its buffer by scst_cmd_set_sg() and calls scst_cmd_init_done().
 *
 * Context: any.
 */
void scst_rx_cmd(struct scst_session *sess, struct scst_cmd *cmd,
		 const struct scsi_lun *lun, const u8 *cdb,
		 unsigned int cdb_len)
{
	memset(cmd, 0, offsetof(struct scst_cmd, priv));
	cmd->sess = sess;
	cmd->lun = *lun;
	cmd->cdb = cdb;
	cmd->cdb_len = cdb_len;
}
EXPORT_SYMBOL_GPL(scst_rx_cmd);

static const struct scst_tgt_template *cmd_tgtt(const struct scst_cmd *cmd)
{
	return cmd->sess->tgt->tgtt;
}

/**
 * scst_cmd_tgt - the target port a command came through
 * @cmd: command
 *
 * Context: any.
 * Return: the target; valid as long as @cmd.
 */
struct scst_tgt *scst_cmd_tgt(const struct scst_cmd *cmd)
{
	return cmd->sess->tgt;
}
EXPORT_SYMBOL_GPL(scst_cmd_tgt);

/* Commands for LUNs that do not exist hold the session instead. */
static void cmd_lookup_lun(struct scst_cmd *cmd)
{
	struct scst_tgt_dev *td;

	td = scst_tgt_dev_get(cmd->sess, scst_lun_parse(&cmd->lun));
	if (likely(td)) {
		cmd->tgt_dev = td;
		cmd->dev = td->dev;
		/* Pairs with ts_begin() */
		cmd->task_set = READ_ONCE(td->task_set);
	} else {
		percpu_ref_get(&cmd->sess->ref);
	}
}

static void cmd_leave_exec_gate(struct scst_cmd *cmd)
{
	if (unlikely(cmd->range_state || cmd->ranges_user))
		scst_range_leave(cmd);
	scst_gate_leave(&cmd->dev->exec_gate, &cmd->exec_entry);
}

/* What the core has sent is for the medium that it knows. */
static scst_sense_t cmd_check_medium(const struct scst_cmd *cmd)
{
	/* Pairs with dev_probe(): this is as recent as what attach() did. */
	if (!smp_load_acquire(&cmd->dev->online))
		return SCST_SENSE_NOT_READY_MANUAL;
	if (READ_ONCE(cmd->dev->medium_gen) != to_scst_internal(cmd)->medium_gen)
		return SCST_SENSE_MEDIUM_CHANGED;
	return SCST_GOOD;
}

/* It has been there before, and has had its chance of an injected fault. */
static void cmd_exec_again(struct scst_cmd *cmd)
{
	WRITE_ONCE(cmd->state, SCST_CMD_EXEC_WAIT);
	scst_cmd_exec(cmd);
}

/*
 * It was aborted, an ACA condition blocks it, or it is for another medium.
 * Returns true if so.
 */
static bool cmd_exec_stopped(struct scst_cmd *cmd)
{
	scst_sense_t sense;

	if (scst_cmd_aborted(cmd)) {
		scst_cmd_done(cmd, SCST_GOOD);
		return true;
	}
	if (scst_cmd_is_internal(cmd)) {
		sense = cmd_check_medium(cmd);
		if (sense != SCST_GOOD)
			scst_cmd_done(cmd, sense);
		return sense != SCST_GOOD;
	}
	if (!scst_aca_blocked(cmd))
		return false;
	/* Who waits must not hold up those that need the unit, or blocks of it. */
	cmd_leave_exec_gate(cmd);
	if (!scst_aca_park(cmd, cmd_exec_again))
		cmd_exec_again(cmd);
	return true;
}

/* What others, or the state of the port, keep the nexus from. */
static scst_sense_t cmd_check_restrictions(const struct scst_cmd *cmd)
{
	scst_sense_t result = scst_reservation_check(cmd);

	return result == SCST_GOOD ? scst_tpg_check(cmd) : result;
}

/* Returns true when it has ended because of them. */
static bool cmd_restricted(struct scst_cmd *cmd)
{
	const struct scst_tgt_dev *td = cmd->tgt_dev;
	scst_sense_t result;

	if (likely(!td || !READ_ONCE(td->restricted)))
		return false;
	result = cmd_check_restrictions(cmd);
	if (result == SCST_GOOD)
		return false;
	scst_cmd_done(cmd, result);
	return true;
}

static void cmd_do_exec(struct scst_cmd *cmd)
{
	const struct scst_opcode *op = cmd->op;
	struct bio_list *bio_list = current->bio_list;
	struct blk_plug *plug = current->plug;
	struct scst_tgt_dev *td = cmd->tgt_dev;
	scst_sense_t result;
	unsigned int noio;

	if (unlikely(READ_ONCE(cmd->flags)) && cmd_exec_stopped(cmd))
		return;
	if (unlikely(cmd_restricted(cmd)))
		return;
	/* It may have waited for the MODE SELECT that has set SWP. */
	if (unlikely(op->medium_write && READ_ONCE(cmd->dev->swp))) {
		scst_cmd_done(cmd, SCST_SENSE_SOFT_WRITE_PROTECTED);
		return;
	}
	/* Pairs with dev_probe(): what attach() did is seen. */
	if (unlikely(cmd->dev && !smp_load_acquire(&cmd->dev->online) &&
		     !op->offline)) {
		scst_cmd_done(cmd, SCST_SENSE_NOT_READY_MANUAL);
		return;
	}

	WRITE_ONCE(cmd->state, SCST_CMD_EXECUTING);
	cmd->executed = true;
	if (op->dir & SCST_DATA_READ)
		cmd->resp_data_len = min_t(u64, cmd->xfer_len, U32_MAX);

	/*
	 * This is the submitter's context: its own I/O is not finished, so
	 * memory reclaim must not wait for I/O, and what exec() submits must
	 * start at once: the submitter may wait next, for a tag that only the
	 * end of this command gives back.  So neither its plug nor its list
	 * of bios is for exec(), and schedule() must not look for the time in
	 * the plug.
	 */
	blk_plug_invalidate_ts();
	current->bio_list = NULL;
	current->plug = NULL;
	/*
	 * The command may end, and its LUN be deleted, before exec() returns:
	 * the nexus keeps the handler's code.
	 */
	if (likely(td))
		percpu_ref_get(&td->ref);
	noio = memalloc_noio_save();
	result = op->exec(cmd);
	memalloc_noio_restore(noio);
	current->plug = plug;
	current->bio_list = bio_list;

	if (result != SCST_PENDING)
		scst_cmd_done(cmd, result);
	if (likely(td))
		percpu_ref_put(&td->ref);
}

/* It is inside the exec gate. */
static void cmd_enter_range(struct scst_cmd *cmd)
{
	if (likely(!READ_ONCE(cmd->dev->ranges_on)) ||
	    scst_range_enter(cmd, cmd_do_exec))
		cmd_do_exec(cmd);
}

static void cmd_exec_resume(struct scst_gate_entry *entry)
{
	cmd_enter_range(container_of(entry, struct scst_cmd, exec_entry));
}

/*
 * The first command that is to be atomic: it is alone, unless it was aborted.  All that
 * come from now on have ranges, so that it needs to be alone no longer.
 */
static void cmd_start_ranges(struct scst_cmd *cmd)
{
	if (!scst_cmd_aborted(cmd)) {
		scst_ranges_start(cmd->dev);
		scst_gate_downgrade(&cmd->dev->exec_gate, &cmd->exec_entry);
	}
	cmd_enter_range(cmd);
}

static void cmd_start_ranges_resume(struct scst_gate_entry *entry)
{
	cmd_start_ranges(container_of(entry, struct scst_cmd, exec_entry));
}

static void cmd_exec_atomic(struct scst_cmd *cmd)
{
	struct scst_gate *gate = &cmd->dev->exec_gate;

	if (scst_ranges_get(cmd)) {
		if (scst_gate_enter(gate, &cmd->exec_entry, SCST_GATE_SHARED,
				    cmd_exec_resume))
			cmd_enter_range(cmd);
	} else {
		if (scst_gate_enter(gate, &cmd->exec_entry, SCST_GATE_EXCLUSIVE,
				    cmd_start_ranges_resume))
			cmd_start_ranges(cmd);
	}
}

/*
 * It has the unit alone, unless it was aborted.  Another one may have had it since
 * parse() was content, and goes on without it: what that is doing is not to be disturbed.
 */
static void cmd_exec_alone(struct scst_cmd *cmd)
{
	const struct scst_dev_type *type = cmd->dev->type;
	scst_sense_t sense;

	/* RESERVATION CONFLICT takes precedence, as in cmd_check(). */
	if (unlikely(cmd_restricted(cmd)))
		return;
	sense = type->parse ? type->parse(cmd) : SCST_GOOD;
	if (unlikely(sense != SCST_GOOD))
		scst_cmd_done(cmd, sense);
	else
		cmd_enter_range(cmd);
}

static void cmd_exec_alone_resume(struct scst_gate_entry *entry)
{
	cmd_exec_alone(container_of(entry, struct scst_cmd, exec_entry));
}

static void cmd_exec_exclusive(struct scst_cmd *cmd)
{
	if (scst_gate_enter(&cmd->dev->exec_gate, &cmd->exec_entry,
			    SCST_GATE_EXCLUSIVE, cmd_exec_alone_resume))
		cmd_exec_alone(cmd);
}

/**
 * scst_cmd_exec - execute a command when the logical unit allows
 * @cmd: command in state %SCST_CMD_EXEC_WAIT
 *
 * Context: process context, as exec() of struct scst_opcode.
 */
void scst_cmd_exec(struct scst_cmd *cmd)
{
	const struct scst_opcode *op = cmd->op;

	/* A copy sees all or nothing of a command, and is seen so. */
	if (unlikely(op->exclusive || op->atomic || scst_cmd_is_internal(cmd))) {
		if (op->exclusive)
			cmd_exec_exclusive(cmd);
		else
			cmd_exec_atomic(cmd);
		return;
	}
	if (likely(scst_gate_enter(&cmd->dev->exec_gate, &cmd->exec_entry,
				   SCST_GATE_SHARED, cmd_exec_resume)))
		cmd_enter_range(cmd);
}

static void cmd_exec(struct scst_cmd *cmd)
{
	WRITE_ONCE(cmd->state, SCST_CMD_EXEC_WAIT);
	if (scst_inject_active() && scst_inject_cmd(cmd))
		return;
	scst_cmd_exec(cmd);
}

/* Fetch data-out.  scst_rx_data() goes on. */
static void cmd_get_data(struct scst_cmd *cmd)
{
	struct scst_tgt_dev *td = cmd->tgt_dev;

	WRITE_ONCE(cmd->state, SCST_CMD_DATA_WAIT);
	/* Pairs with scst_cmd_abort(): one of the two sees the other. */
	smp_mb();
	if (unlikely(scst_cmd_aborted(cmd))) {
		scst_cmd_done(cmd, SCST_GOOD);
		return;
	}
	/* As in cmd_do_exec(): the nexus keeps the target driver's code. */
	percpu_ref_get(&td->ref);
	if (cmd_tgtt(cmd)->rdy_to_xfer(cmd) < 0)
		scst_cmd_done(cmd, SCST_SENSE_DATA_PHASE_ERROR);
	percpu_ref_put(&td->ref);
}

/**
 * scst_rx_data - data-out has arrived, or will not
 * @cmd: command whose rdy_to_xfer() was called
 * @error: 0, or a negative errno when the data could not be received, or the
 *	transfer was stopped by on_abort_cmd()
 *
 * Context: process context, as exec() of struct scst_opcode.
 */
void scst_rx_data(struct scst_cmd *cmd, int error)
{
	if (unlikely(error || scst_cmd_aborted(cmd)))
		scst_cmd_done(cmd, SCST_SENSE_DATA_PHASE_ERROR);
	else
		cmd_exec(cmd);
}
EXPORT_SYMBOL_GPL(scst_rx_data);

/*
 * What has to hold for any command that is to execute.  Where nothing may be
 * written it does not matter that there is too little data-out.
 */
static scst_sense_t cmd_check_access(struct scst_cmd *cmd)
{
	scst_sense_t sense;

	if (unlikely(cmd->result != SCST_GOOD &&
		     cmd->result != SCST_SENSE_INVALID_FIELD_IN_IU))
		return cmd->result;
	if (cmd->op->medium_write &&
	    unlikely(scst_cmd_write_protected(cmd, &sense)))
		return sense;
	return cmd->result;
}

/* What is tested when a command becomes enabled (SAM-6 8.5). */
static scst_sense_t cmd_check(struct scst_cmd *cmd)
{
	const struct scst_opcode *op = cmd->op;
	scst_sense_t sense;

	/* SAM-6 5.3.3: it takes precedence over CHECK CONDITION. */
	if (unlikely(READ_ONCE(cmd->tgt_dev->restricted)) && op &&
	    scst_reservation_check(cmd) == SCST_RESERVATION_CONFLICT)
		return SCST_RESERVATION_CONFLICT;
	if (unlikely(scst_ua_pending(cmd->tgt_dev)) && !(op && op->skip_ua)) {
		sense = scst_ua_report(cmd);
		if (sense != SCST_GOOD) {
			/* What parse() noted is about something else. */
			cmd->info_valid = false;
			cmd->cmd_info_valid = false;
			cmd->field_valid = false;
			return sense;
		}
	}
	return cmd_check_access(cmd);
}

/* The task set lets it go on. */
static void cmd_enabled(struct scst_cmd *cmd)
{
	scst_sense_t sense;

	if (unlikely(READ_ONCE(cmd->flags))) {
		if (scst_cmd_aborted(cmd)) {
			scst_cmd_done(cmd, SCST_GOOD);
			return;
		}
		if (scst_aca_park(cmd, cmd_enabled))
			return;
	}
	sense = cmd_check(cmd);
	if (unlikely(sense != SCST_GOOD)) {
		scst_cmd_done(cmd, sense);
		return;
	}
	if ((cmd->op->dir & SCST_DATA_WRITE) && cmd->xfer_len &&
	    cmd_tgtt(cmd)->rdy_to_xfer)
		cmd_get_data(cmd);
	else
		cmd_exec(cmd);
}

static void cmd_task_set_resume(struct scst_gate_entry *entry)
{
	cmd_enabled(container_of(entry, struct scst_cmd, task_set_entry));
}

static enum scst_gate_mode cmd_gate_mode(const struct scst_cmd *cmd)
{
	switch (cmd->queue_type) {
	case SCST_CMD_QUEUE_ORDERED:
		return SCST_GATE_EXCLUSIVE;
	case SCST_CMD_QUEUE_HEAD_OF_QUEUE:
	case SCST_CMD_QUEUE_ACA:
		/* What an ACA condition blocks keeps its place. */
		return SCST_GATE_HEAD;
	default:
		return SCST_GATE_SHARED;
	}
}

/*
 * The few commands that are answered for LUNs that do not exist, and for the
 * REPORT LUNS well known logical unit.
 */
static void cmd_exec_no_lun(struct scst_cmd *cmd, bool admitted)
{
	const struct scst_opcode *op = cmd->op;
	bool wlun = scst_lun_is_report_luns(&cmd->lun);

	if (unlikely(!admitted))
		scst_cmd_done(cmd, SCST_TASK_SET_FULL);
	else if (wlun && !(op && op->wlun))
		scst_cmd_done(cmd, SCST_SENSE_INVALID_OPCODE);
	else if (!wlun && !(op && op->no_lun))
		scst_cmd_done(cmd, SCST_SENSE_LUN_NOT_SUPPORTED);
	else if (cmd->result != SCST_GOOD)
		scst_cmd_done(cmd, cmd->result);
	else
		cmd_do_exec(cmd);
}

static bool cmd_meets_aca(const struct scst_cmd *cmd)
{
	return READ_ONCE(cmd->tgt_dev->aca) ||
	       cmd->queue_type == SCST_CMD_QUEUE_ACA;
}

/*
 * It meets an ACA condition that does not let it in, or the initiator has as many
 * commands as it may (SAM-6 5.3.1).
 */
static bool cmd_refused(struct scst_cmd *cmd, bool admitted)
{
	scst_sense_t result = SCST_GOOD;

	if (unlikely(cmd_meets_aca(cmd)))
		result = scst_aca_admit(cmd);
	if (likely(result == SCST_GOOD)) {
		if (likely(admitted))
			return false;
		result = SCST_TASK_SET_FULL;
	}
	cmd->result = result;
	return true;
}

/**
 * scst_cmd_init_done - process a command
 * @cmd: command, complete
 *
 * It is the core's until xmit_response() is called, which may happen before
 * this returns.
 *
 * Context: process context.  May sleep for memory, but not for I/O.
 */
void scst_cmd_init_done(struct scst_cmd *cmd)
{
	bool admitted, entered;

	/* Until it has entered the task set that it has looked up */
	rcu_read_lock();
	cmd_lookup_lun(cmd);
	admitted = scst_inflight_admit(cmd);
	cmd->result = scst_cmd_parse(cmd);
	trace_scst_cmd_init(cmd);

	if (unlikely(!cmd->tgt_dev)) {
		rcu_read_unlock();
		cmd_exec_no_lun(cmd, admitted);
		return;
	}
	if (unlikely(cmd_refused(cmd, admitted))) {
		rcu_read_unlock();
		scst_cmd_done(cmd, cmd->result);
		return;
	}

	WRITE_ONCE(cmd->state, SCST_CMD_QUEUED);
	entered = scst_gate_enter(cmd->task_set, &cmd->task_set_entry,
				  cmd_gate_mode(cmd), cmd_task_set_resume);
	rcu_read_unlock();
	if (likely(entered))
		cmd_enabled(cmd);
}
EXPORT_SYMBOL_GPL(scst_cmd_init_done);

/**
 * scst_cmd_refuse - end a command for which there is no data buffer
 * @cmd: command, complete but for its buffer
 * @error: what scst_sgv_alloc() said; with -EMSGSIZE the initiator hears
 *	INVALID FIELD IN CDB, else TASK SET FULL (SAM-6 5.3.1)
 *
 * Takes the place of scst_cmd_init_done().  The command does not enter the task
 * set.  During an ACA condition it ends as others that come then.
 *
 * Context: any.
 */
void scst_cmd_refuse(struct scst_cmd *cmd, int error)
{
	cmd_lookup_lun(cmd);
	scst_inflight_add(cmd);
	if (cmd->tgt_dev && unlikely(cmd_refused(cmd, true))) {
		scst_cmd_done(cmd, cmd->result);
		return;
	}
	scst_cmd_done(cmd, error == -EMSGSIZE ? SCST_SENSE_INVALID_FIELD_IN_CDB
					      : SCST_TASK_SET_FULL);
}
EXPORT_SYMBOL_GPL(scst_cmd_refuse);

/**
 * scst_cmd_exec_internal - process a command of the core
 * @cmd: command in a struct scst_internal_cmd, complete; has op set when it is
 *	none that an initiator could send
 *
 * It ends with the callback done(), which may be before this returns.
 *
 * Context: as scst_cmd_init_done().
 */
void scst_cmd_exec_internal(struct scst_cmd *cmd)
{
	scst_sense_t sense;

	scst_inflight_add(cmd);
	/*
	 * Pairs with tmf_mark(), by the lock of the in-flight list: who marks
	 * the parent either finds this one too, or did so before.  Then maybe
	 * nobody would end its waits.
	 */
	if (unlikely(scst_cmd_aborted(to_scst_internal(cmd)->parent))) {
		set_bit(SCST_CMD_ABORTED, &cmd->flags);
		scst_cmd_done(cmd, SCST_GOOD);
		return;
	}
	if (!cmd->op)
		cmd->result = scst_cmd_parse(cmd);
	trace_scst_cmd_init(cmd);
	sense = cmd_check_access(cmd);
	if (unlikely(sense != SCST_GOOD))
		scst_cmd_done(cmd, sense);
	else
		cmd_exec(cmd);
}

/**
 * scst_cmd_set_detached - a command is about to go on without the logical unit
 * @cmd: command in exec()
 *
 * For who has to do something between this and scst_cmd_leave_unit().
 *
 * It may be ended early when its LUN goes, and counts as not executed until somebody
 * says otherwise.
 *
 * Context: any.
 */
void scst_cmd_set_detached(struct scst_cmd *cmd)
{
	cmd->executed = false;
	WRITE_ONCE(cmd->state, SCST_CMD_DETACHED);
	/*
	 * Pairs with scst_cmd_abort(): either that sees the state or who goes
	 * on, and looks next, sees that the command was aborted.
	 */
	smp_mb();
}

/**
 * scst_cmd_detach - a command goes on without the logical unit
 * @cmd: command in exec()
 *
 * From now on it does not hold the unit: it may wait for what needs that alone, and
 * for the commands that the core sends for it.  It ends with scst_cmd_done(), or by
 * what exec() returns, all the same.
 *
 * Context: any.
 */
void scst_cmd_detach(struct scst_cmd *cmd)
{
	scst_cmd_set_detached(cmd);
	scst_cmd_leave_unit(cmd);
}

static void cmd_set_resid(struct scst_cmd *cmd)
{
	u64 want = 0;

	if (cmd->op && (cmd->op->dir & SCST_DATA_READ)) {
		if (cmd->status != SAM_STAT_GOOD &&
		    cmd->status != SAM_STAT_CONDITION_MET &&
		    cmd->result != SCST_SENSE_DATA)
			cmd->resp_data_len = 0;
		want = cmd->resp_data_len;
	} else if (cmd->op && (cmd->op->dir & SCST_DATA_WRITE)) {
		want = cmd->xfer_len;
	}

	cmd->resid_overflow = want > cmd->bufflen;
	if (unlikely(cmd->resid_overflow)) {
		cmd->resid = min_t(u64, want - cmd->bufflen, U32_MAX);
		cmd->resp_data_len = min(cmd->resp_data_len, cmd->bufflen);
	} else {
		cmd->resid = cmd->bufflen - want;
	}
}

/*
 * SAM-6 5.6: the nexus that asked for the abort gets no status; with TAS=1 the
 * others get TASK ABORTED, else nothing but a unit attention: COMMANDS CLEARED
 * BY ANOTHER INITIATOR, unless a reset raises its own.  Nobody asked for the
 * abort when a LUN goes or is replaced: the initiator is to try again what was
 * not executed.
 */
static void cmd_set_aborted(struct scst_cmd *cmd)
{
	cmd->sense_len = 0;
	if (scst_cmd_is_internal(cmd)) {
		cmd->status = SAM_STAT_TASK_ABORTED;
		return;
	}
	if (cmd->ua)
		scst_ua_unpop(cmd);
	if (test_bit(SCST_CMD_ABORTED_OWN, &cmd->flags)) {
		cmd->no_response = true;
	} else if (test_bit(SCST_CMD_ABORTED_LUN, &cmd->flags)) {
		cmd->status = SAM_STAT_BUSY;
	} else if (cmd->dev && READ_ONCE(cmd->dev->tas)) {
		cmd->status = SAM_STAT_TASK_ABORTED;
	} else {
		cmd->no_response = true;
		if (test_bit(SCST_CMD_ABORTED_CLEARED, &cmd->flags))
			scst_ua_set(cmd->tgt_dev, SCST_UA_COMMANDS_CLEARED);
	}
}

/**
 * scst_cmd_respond - give a command to the target driver
 * @cmd: command whose status is set
 *
 * Context: any.
 */
void scst_cmd_respond(struct scst_cmd *cmd)
{
	cmd_set_resid(cmd);
	if (cmd->tgt_dev)
		scst_stats_cmd(cmd);
	trace_scst_cmd_done(cmd);
	/* scst_unregister_session() waits for this section. */
	guard(rcu)();
	if (unlikely(scst_cmd_is_internal(cmd)))
		scst_tgt_cmd_done(cmd);
	else
		cmd_tgtt(cmd)->xmit_response(cmd);
}

/* Its status may concern others.  Returns true when it responds later. */
static bool cmd_has_consequences(struct scst_cmd *cmd)
{
	/* Those of what the core has sent are those of the command it is for. */
	if (scst_cmd_is_internal(cmd))
		return false;
	if (cmd->status == SAM_STAT_CHECK_CONDITION)
		return scst_aca_fault(cmd);
	scst_ua_of_status(cmd);
	return false;
}

/* It is not just good. */
static void cmd_finish_other(struct scst_cmd *cmd)
{
	bool aborted;

	if (scst_aca_park(cmd, scst_cmd_finish))
		return;
	aborted = scst_cmd_aborted(cmd);
	if (aborted)
		cmd_set_aborted(cmd);
	else
		scst_cmd_set_result(cmd, cmd->result);
	/* abort_others() does not wait for the response. */
	if (scst_cmd_is_marked(cmd))
		wake_up_all(&cmd->sess->tmf_wait);
	if (!aborted && cmd_has_consequences(cmd))
		return;
	scst_aca_cmd_ended(cmd);
	scst_cmd_respond(cmd);
}

/**
 * scst_cmd_finish - a command has its result
 * @cmd: command
 *
 * Context: any.
 */
void scst_cmd_finish(struct scst_cmd *cmd)
{
	WRITE_ONCE(cmd->state, SCST_CMD_RESPONDING);
	if (likely(!READ_ONCE(cmd->flags) && cmd->result == SCST_GOOD))
		scst_cmd_respond(cmd);
	else
		cmd_finish_other(cmd);
}

/**
 * scst_cmd_done - a command has been executed
 * @cmd: command whose exec() returned, or will return, %SCST_PENDING
 * @result: how it ended; not %SCST_PENDING
 *
 * The command is the core's again, and may be gone when this returns.
 *
 * Context: any.
 */
void scst_cmd_done(struct scst_cmd *cmd, scst_sense_t result)
{
	struct scst_device *dev = cmd->dev;

	cmd->result = result;
	if (likely(dev)) {
		if (dev->type->dev_done && cmd->state == SCST_CMD_EXECUTING)
			dev->type->dev_done(cmd);
		cmd_leave_exec_gate(cmd);
	}
	scst_cmd_finish(cmd);
}
EXPORT_SYMBOL_GPL(scst_cmd_done);

/**
 * scst_cmd_leave_unit - let others execute while a command goes on
 * @cmd: command that executes
 *
 * For one that takes long, and has taken care of what others may do meanwhile:
 * nobody who wants the unit alone waits for it any more, so that detach() has to
 * end it.  Whoever calls this is who ends it.
 *
 * Context: any.
 */
void scst_cmd_leave_unit(struct scst_cmd *cmd)
{
	scst_gate_leave(&cmd->dev->exec_gate, &cmd->exec_entry);
}
EXPORT_SYMBOL_GPL(scst_cmd_leave_unit);

static void cmd_free(struct scst_cmd *cmd)
{
	struct scst_session *sess = cmd->sess;
	struct scst_tgt_dev *td = cmd->tgt_dev;
	/* As inflight_unlink() has found it */
	bool marked = scst_cmd_is_marked(cmd);

	if (unlikely(scst_cmd_is_internal(cmd)))
		to_scst_internal(cmd)->done(to_scst_internal(cmd));
	else
		cmd_tgtt(cmd)->on_free_cmd(cmd);
	if (unlikely(marked)) {
		atomic_dec(&sess->nr_aborting);
		wake_up_all(&sess->tmf_wait);
	}
	percpu_ref_put(td ? &td->ref : &sess->ref);
}

/**
 * scst_tgt_cmd_done - the response has been sent, or could not be
 * @cmd: command given to xmit_response()
 *
 * on_free_cmd() is called, before this returns or later.
 *
 * Context: any.
 */
void scst_tgt_cmd_done(struct scst_cmd *cmd)
{
	if (likely(cmd->tgt_dev))
		scst_gate_leave(cmd->task_set, &cmd->task_set_entry);
	/* tmf_work() waits for those it does not find any more. */
	guard(rcu)();
	if (likely(scst_inflight_del(cmd)))
		cmd_free(cmd);
}
EXPORT_SYMBOL_GPL(scst_tgt_cmd_done);

/**
 * scst_cmd_unpin - let go of a command that scst_inflight_next() returned
 * @cmd: command
 *
 * Context: any.
 */
void scst_cmd_unpin(struct scst_cmd *cmd)
{
	/* As in scst_tgt_cmd_done() */
	guard(rcu)();
	if (scst_inflight_unpin(cmd))
		cmd_free(cmd);
}

/* End a wait of which nobody else knows the end any more then. */
static bool cmd_cancel_wait(struct scst_cmd *cmd)
{
	struct scst_gate *exec_gate = &cmd->dev->exec_gate;

	if (scst_gate_cancel(cmd->task_set, &cmd->task_set_entry) ||
	    scst_aca_unpark(cmd))
		return true;
	if (!scst_gate_cancel(exec_gate, &cmd->exec_entry)) {
		if (!scst_range_cancel(cmd))
			return false;
		scst_gate_leave(exec_gate, &cmd->exec_entry);
	}
	if (cmd->ranges_user)
		scst_range_leave(cmd);
	return true;
}

/**
 * scst_cmd_abort - end the waits of a command that was marked aborted
 * @cmd: command, pinned
 *
 * A command that executes, or whose response is on its way, runs to its end; the
 * copy manager ends its own early.
 *
 * Context: process context.
 */
void scst_cmd_abort(struct scst_cmd *cmd)
{
	if (cmd->tgt_dev && cmd_cancel_wait(cmd)) {
		scst_cmd_finish(cmd);
		return;
	}

	if (scst_inject_active() && scst_inject_abort(cmd)) {
		scst_cmd_finish(cmd);
		return;
	}

	/* Pairs with cmd_get_data() and scst_cmd_set_detached() */
	smp_mb();
	switch (READ_ONCE(cmd->state)) {
	case SCST_CMD_DATA_WAIT:
		cmd_tgtt(cmd)->on_abort_cmd(cmd);
		break;
	case SCST_CMD_DETACHED:
		scst_copy_abort(cmd);
		scst_stpg_abort(cmd);
		scst_pr_abort(cmd);
		break;
	}
}
