// SPDX-License-Identifier: GPL-2.0
/*
 * What a CHECK CONDITION does to other commands: the auto contingent allegiance
 * (ACA) condition (SAM-6 5.9), and the QERR field.
 *
 * A command with NACA=1 in its CDB that ends with CHECK CONDITION establishes
 * an ACA condition for its nexus, the faulted one.  Until it is cleared
 *
 *  - the commands that were there are blocked, those of the faulted nexus or,
 *    if all share a task set, of all: they go no further, and none that a
 *    handler executes ends, but for those whose LUN goes;
 *  - commands that come from the faulted nexus end with ACA ACTIVE, but for one
 *    at a time that has the ACA task attribute;
 *  - those of others with the same task set end with BUSY, or ACA ACTIVE if
 *    they have NACA=1; but for PREEMPT AND ABORT, which may be about the faulted
 *    nexus.
 *
 * What is blocked is marked by a bit of scst_cmd.flags, the word that the command
 * path looks at anyway for those that are aborted; and whether a command that
 * comes is to be refused, by scst_tgt_dev.aca.  A command is entered in the
 * in-flight list before it looks at the latter, and the latter is written before
 * the lists are gone through: none is missed.
 *
 * All this is done in process context, before the response of the command that
 * failed is sent.
 */

#include <linux/workqueue.h>
#include "copy.h"
#include "core.h"

/**
 * struct aca_priv - at the end of scst_cmd.priv while no handler has the command
 *
 * At its beginning a copy that failed has what its sense data will tell.
 *
 * @list: in scst_device.parked or scst_tgt_dev.failed
 * @resume: goes on with a parked command
 */
struct aca_priv {
	struct list_head list;
	void (*resume)(struct scst_cmd *cmd);
};

#define ACA_PRIV_AT	(SCST_CMD_PRIV_SIZE - sizeof(struct aca_priv))

static_assert(sizeof(struct scst_copy_failure) <= ACA_PRIV_AT);
static_assert(SCST_CMD_PARSED_SIZE <= ACA_PRIV_AT);
static_assert(IS_ALIGNED(ACA_PRIV_AT, __alignof__(struct aca_priv)));

static struct aca_priv *to_aca_priv(struct scst_cmd *cmd)
{
	return (struct aca_priv *)(cmd->priv + ACA_PRIV_AT);
}

static struct scst_cmd *aca_priv_to_cmd(struct aca_priv *priv)
{
	return container_of((void *)priv - ACA_PRIV_AT, struct scst_cmd, priv);
}

/* ------------------------------------------------------------------------
 * Commands that come
 */

/**
 * scst_aca_admit - a command has come that an ACA condition may concern
 * @cmd: command, in the in-flight list
 *
 * Context: any.
 * Return: %SCST_GOOD when it may enter the task set, else what it ends with.
 */
scst_sense_t scst_aca_admit(struct scst_cmd *cmd)
{
	bool naca = scst_cdb_naca(cmd->cdb, cmd->cdb_len);
	bool attr = cmd->queue_type == SCST_CMD_QUEUE_ACA;
	struct scst_tgt_dev *td = cmd->tgt_dev;

	guard(spinlock_irqsave)(&td->dev->tgt_dev_lock);
	switch (td->aca) {
	case SCST_ACA_NONE:
		/* SAM-6 8.6.5 */
		if (attr) {
			cmd->result = SCST_SENSE_INVALID_MESSAGE;
			cmd->field_valid = false;
			cmd->info_valid = false;
			cmd->cmd_info_valid = false;
		}
		return SCST_GOOD;
	case SCST_ACA_FAULTED:
		if (attr && !td->aca_cmd && !READ_ONCE(td->dev->tmf_only)) {
			td->aca_cmd = true;
			set_bit(SCST_CMD_ACA_ADMITTED, &cmd->flags);
			return SCST_GOOD;
		}
		set_bit(SCST_CMD_ACA_REFUSED, &cmd->flags);
		return SCST_ACA_ACTIVE;
	default:
		if (cmd->op && cmd->op->passes_aca) {
			/* What the condition blocks keeps its place. */
			cmd->queue_type = SCST_CMD_QUEUE_HEAD_OF_QUEUE;
			return SCST_GOOD;
		}
		set_bit(SCST_CMD_ACA_REFUSED, &cmd->flags);
		return naca ? SCST_ACA_ACTIVE : SCST_BUSY;
	}
}

/**
 * scst_aca_cmd_ended - there may be another command with the ACA attribute
 * @cmd: command that is about to respond
 *
 * Context: any.
 */
void scst_aca_cmd_ended(struct scst_cmd *cmd)
{
	if (!test_bit(SCST_CMD_ACA_ADMITTED, &cmd->flags))
		return;
	guard(spinlock_irqsave)(&cmd->dev->tgt_dev_lock);
	if (test_bit(SCST_CMD_ACA_ADMITTED, &cmd->flags))
		cmd->tgt_dev->aca_cmd = false;
}

/* ------------------------------------------------------------------------
 * Commands that are blocked
 */

static bool aca_park(struct scst_cmd *cmd,
		     void (*resume)(struct scst_cmd *cmd))
{
	lockdep_assert_held(&cmd->dev->tgt_dev_lock);
	if (!scst_aca_blocked(cmd) || scst_cmd_aborted(cmd))
		return false;
	WRITE_ONCE(cmd->state, SCST_CMD_BLOCKED);
	to_aca_priv(cmd)->resume = resume;
	set_bit(SCST_CMD_ACA_PARKED, &cmd->flags);
	list_add_tail(&to_aca_priv(cmd)->list, &cmd->dev->parked);
	return true;
}

/**
 * scst_aca_park - let a command wait for the end of an ACA condition
 * @cmd: command that no handler has and that is not inside the exec gate
 * @resume: called in process context when it may go on
 *
 * Context: any.
 * Return: true when it waits; false when it is not blocked, or was aborted.
 */
bool scst_aca_park(struct scst_cmd *cmd, void (*resume)(struct scst_cmd *cmd))
{
	if (!scst_aca_blocked(cmd))
		return false;
	guard(spinlock_irqsave)(&cmd->dev->tgt_dev_lock);
	return aca_park(cmd, resume);
}

/**
 * scst_aca_unpark - end the wait of a command that is aborted
 * @cmd: command that was marked aborted, so that it will not wait again
 *
 * Context: any.
 * Return: true when it waited: the caller finishes it.
 */
bool scst_aca_unpark(struct scst_cmd *cmd)
{
	guard(spinlock_irqsave)(&cmd->dev->tgt_dev_lock);
	if (!test_and_clear_bit(SCST_CMD_ACA_PARKED, &cmd->flags))
		return false;
	list_del(&to_aca_priv(cmd)->list);
	return true;
}

static void aca_set(struct scst_tgt_dev *td, enum scst_aca aca,
		    const struct scst_cmd *faulted)
{
	lockdep_assert_held(&td->dev->tgt_dev_lock);
	WRITE_ONCE(td->aca, aca);
	scst_inflight_mark(td, SCST_CMD_ACA_BLOCKED, aca != SCST_ACA_NONE,
			   faulted);
	/* Whom the condition admitted has no part in the next one. */
	if (aca == SCST_ACA_NONE && td->aca_cmd) {
		td->aca_cmd = false;
		scst_inflight_mark(td, SCST_CMD_ACA_ADMITTED, false, NULL);
	}
}

/* Those that wait though there is no ACA condition any more go to @ready. */
static void aca_release(struct scst_device *dev, struct list_head *ready)
{
	struct aca_priv *priv, *next;
	struct scst_cmd *cmd;

	lockdep_assert_held(&dev->tgt_dev_lock);
	list_for_each_entry_safe(priv, next, &dev->parked, list) {
		cmd = aca_priv_to_cmd(priv);
		if (cmd->tgt_dev->aca != SCST_ACA_NONE)
			continue;
		clear_bit(SCST_CMD_ACA_PARKED, &cmd->flags);
		list_move_tail(&priv->list, ready);
	}
}

/**
 * scst_aca_resume - let commands go on that were released
 * @ready: list of them
 *
 * Context: process context; the caller holds no lock.
 */
void scst_aca_resume(struct list_head *ready)
{
	struct aca_priv *priv, *next;

	list_for_each_entry_safe(priv, next, ready, list) {
		priv->resume(aca_priv_to_cmd(priv));
		cond_resched();
	}
}

/* Nothing happens if @td is not the faulted nexus. */
static void aca_end(struct scst_tgt_dev *td, struct list_head *ready)
{
	struct scst_device *dev = td->dev;

	if (td->aca != SCST_ACA_FAULTED)
		return;
	aca_set(td, SCST_ACA_NONE, NULL);
	list_for_each_entry(td, &dev->tgt_devs, dev_entry)
		if (td->aca == SCST_ACA_OTHER)
			aca_set(td, SCST_ACA_NONE, NULL);
	aca_release(dev, ready);
}

/**
 * scst_aca_clear - end the ACA condition of a faulted nexus
 * @td: I_T_L nexus; nothing happens if it is not a faulted one
 *
 * Context: process context.
 */
void scst_aca_clear(struct scst_tgt_dev *td)
{
	LIST_HEAD(ready);

	scoped_guard(spinlock_irqsave, &td->dev->tgt_dev_lock)
		aca_end(td, &ready);
	scst_aca_resume(&ready);
}

/**
 * scst_aca_end_all - end all ACA conditions of a logical unit
 * @dev: logical unit
 * @ready: list that the commands which they blocked are added to, for
 *	scst_aca_resume()
 *
 * Context: the caller holds scst_device.tgt_dev_lock.
 */
void scst_aca_end_all(struct scst_device *dev, struct list_head *ready)
{
	struct scst_tgt_dev *td;

	lockdep_assert_held(&dev->tgt_dev_lock);
	list_for_each_entry(td, &dev->tgt_devs, dev_entry)
		if (td->aca != SCST_ACA_NONE)
			aca_set(td, SCST_ACA_NONE, NULL);
	aca_release(dev, ready);
}

/**
 * scst_aca_clear_unit - end all ACA conditions of a logical unit
 * @dev: logical unit
 *
 * Context: process context.
 */
void scst_aca_clear_unit(struct scst_device *dev)
{
	LIST_HEAD(ready);

	scoped_guard(spinlock_irqsave, &dev->tgt_dev_lock)
		scst_aca_end_all(dev, &ready);
	scst_aca_resume(&ready);
}

/* ------------------------------------------------------------------------
 * The command that failed
 */

static void aca_establish(struct scst_tgt_dev *faulted,
			  const struct scst_cmd *cmd)
{
	struct scst_device *dev = faulted->dev;
	struct scst_tgt_dev *td;

	lockdep_assert_held(&dev->tgt_dev_lock);
	aca_set(faulted, SCST_ACA_FAULTED, cmd);
	if (dev->ts_per_nexus)
		return;
	list_for_each_entry(td, &dev->tgt_devs, dev_entry)
		if (td != faulted)
			aca_set(td, SCST_ACA_OTHER, NULL);
}

/*
 * One that failed when another had just established an ACA condition is blocked
 * as all others are.
 */
static bool aca_begin(struct scst_cmd *cmd)
{
	/* By a nexus that goes nobody could clear it. */
	bool naca = scst_cdb_naca(cmd->cdb, cmd->cdb_len) &&
		    !test_bit(SCST_CMD_ABORTED_LUN, &cmd->flags);

	guard(spinlock_irqsave)(&cmd->dev->tgt_dev_lock);
	if (aca_park(cmd, scst_cmd_finish))
		return false;
	if (naca && cmd->tgt_dev->aca == SCST_ACA_NONE)
		aca_establish(cmd->tgt_dev, cmd);
	return true;
}

/*
 * One that the condition admitted ends it (SAM-6 5.9.5), and with NACA=1 it
 * establishes another, in which the same are blocked.  If the condition is over,
 * others were admitted to the next one, or none.
 */
static void aca_end_admission(struct scst_cmd *cmd)
{
	LIST_HEAD(ready);

	if (scst_cdb_naca(cmd->cdb, cmd->cdb_len)) {
		scst_aca_cmd_ended(cmd);
		return;
	}
	scoped_guard(spinlock_irqsave, &cmd->dev->tgt_dev_lock)
		if (test_bit(SCST_CMD_ACA_ADMITTED, &cmd->flags))
			aca_end(cmd->tgt_dev, &ready);
	scst_aca_resume(&ready);
}

static void aca_fail(struct scst_cmd *cmd)
{
	if (!aca_begin(cmd))
		return;
	if (READ_ONCE(cmd->dev->qerr) != SCST_QERR_NONE)
		scst_abort_others(cmd);
	aca_end_admission(cmd);
	scst_cmd_respond(cmd);
}

static struct scst_cmd *aca_next_failed(struct scst_tgt_dev *td)
{
	struct aca_priv *priv;

	guard(spinlock_irqsave)(&td->dev->tgt_dev_lock);
	priv = list_first_entry_or_null(&td->failed, struct aca_priv, list);
	if (!priv)
		return NULL;
	list_del(&priv->list);
	return aca_priv_to_cmd(priv);
}

/*
 * One after the other: an initiator whose commands all fail must not take all the
 * workers, which other units need.  What one of them waits for does not wait for
 * those behind it.
 */
static void aca_work(struct work_struct *work)
{
	struct scst_tgt_dev *td = container_of(work, struct scst_tgt_dev,
					       failed_work);
	struct scst_cmd *cmd;

	while ((cmd = aca_next_failed(td))) {
		aca_fail(cmd);
		cond_resched();
	}
}

/**
 * scst_aca_init - prepare a nexus for commands that fail
 * @td: I_T_L nexus that is new
 *
 * Context: any.
 */
void scst_aca_init(struct scst_tgt_dev *td)
{
	INIT_LIST_HEAD(&td->failed);
	INIT_WORK(&td->failed_work, aca_work);
}

/**
 * scst_aca_exit - undo scst_aca_init()
 * @td: I_T_L nexus without commands
 *
 * Context: process context.
 */
void scst_aca_exit(struct scst_tgt_dev *td)
{
	/* The last command may have ended before the work item has. */
	flush_work(&td->failed_work);
}

/**
 * scst_aca_fault - a command ends with CHECK CONDITION
 * @cmd: command whose response was not sent
 *
 * Context: any.
 * Return: true when other commands are concerned: the response is sent when
 * they have been dealt with.
 */
bool scst_aca_fault(struct scst_cmd *cmd)
{
	struct scst_tgt_dev *td = cmd->tgt_dev;

	if (!td)
		return false;
	if (READ_ONCE(cmd->dev->qerr) == SCST_QERR_NONE &&
	    !test_bit(SCST_CMD_ACA_ADMITTED, &cmd->flags) &&
	    !scst_cdb_naca(cmd->cdb, cmd->cdb_len))
		return false;
	guard(spinlock_irqsave)(&td->dev->tgt_dev_lock);
	list_add_tail(&to_aca_priv(cmd)->list, &td->failed);
	queue_work(scst_aca_wq, &td->failed_work);
	return true;
}
