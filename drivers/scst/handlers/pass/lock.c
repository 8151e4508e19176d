// SPDX-License-Identifier: GPL-2.0
/*
 * PREVENT ALLOW MEDIUM REMOVAL (SPC-6).
 *
 * The device takes all initiators for one.  It is to lock as long as any of them wants
 * it to, so one of these commands executes at a time: each has its turn.
 */

#include "pass.h"

#define PREVENT			0x03	/* byte 4 */
#define PREVENT_PERSISTENT	0x02	/* MMC-6: a lock of its own, for all initiators */

#define UNLOCK_TIMEOUT		(10 * HZ)

/* ------------------------------------------------------------------------
 * Turns
 */

/* Is it the turn of @waiter now?  If not it waits, and pass_waiter.go() is called. */
static bool lock_begin(struct pass_unit *pass, struct pass_waiter *waiter)
{
	guard(spinlock_irqsave)(&pass->lock);
	if (pass->lock_busy) {
		list_add_tail(&waiter->entry, &pass->lock_waiting);
		return false;
	}
	pass->lock_busy = true;
	return true;
}

/* As lock_begin(), for the work item, which runs again. */
static bool lock_begin_unlock(struct pass_unit *pass)
{
	guard(spinlock_irqsave)(&pass->lock);
	if (pass->lock_busy) {
		pass->unlock_waits = true;
		return false;
	}
	pass->lock_busy = true;
	return true;
}

static void lock_queue_unlock(struct pass_unit *pass)
{
	get_device(&pass->unit->dev);
	if (!queue_work(pass_wq, &pass->unlock_work))
		put_device(&pass->unit->dev);
}

/**
 * pass_lock_end - a turn is over
 * @pass: unit
 *
 * Context: any.
 */
void pass_lock_end(struct pass_unit *pass)
{
	struct pass_waiter *waiter;

	guard(spinlock_irqsave)(&pass->lock);
	waiter = list_first_entry_or_null(&pass->lock_waiting, struct pass_waiter, entry);
	if (waiter) {
		list_move_tail(&waiter->entry, &pass->waiting);
		queue_work(pass_wq, &pass->wait_work);
		return;
	}
	pass->lock_busy = false;
	if (pass->unlock_waits) {
		pass->unlock_waits = false;
		lock_queue_unlock(pass);
	}
}

/* ------------------------------------------------------------------------
 * Commands
 */

static bool is_persistent(const struct scst_cmd *cmd)
{
	return cmd->dev->type->type == TYPE_ROM && (cmd->cdb[4] & PREVENT_PERSISTENT);
}

/**
 * pass_prevent_rule - may it be executed while others have the unit reserved?
 * @cmd: PREVENT ALLOW MEDIUM REMOVAL
 *
 * SPC-6 and SPC-2, tables of commands in the presence of reservations.
 *
 * Context: any.
 * Return: rule.
 */
enum scst_reserve_rule pass_prevent_rule(const struct scst_cmd *cmd)
{
	return cmd->cdb[4] & PREVENT ? SCST_RESERVE_CONFLICT :
				       SCST_RESERVE_ALWAYS;
}

static void lock_prevent_done(struct scst_cmd *cmd)
{
	to_pass_unit(cmd->dev)->locked = true;
	scst_cmd_prevent_removal(cmd, true);
}

static void lock_allow_done(struct scst_cmd *cmd)
{
	to_pass_unit(cmd->dev)->locked = false;
}

/* It is its turn. */
static scst_sense_t lock_exec(struct scst_cmd *cmd)
{
	if (cmd->cdb[4] & PREVENT)
		return pass_exec_lock(cmd, lock_prevent_done);
	scst_cmd_prevent_removal(cmd, false);
	if (!scst_device_removal_prevented(cmd->dev))
		return pass_exec_lock(cmd, lock_allow_done);
	pass_lock_end(to_pass_unit(cmd->dev));
	return SCST_GOOD;
}

static void lock_go(struct pass_waiter *waiter)
{
	struct scst_cmd *cmd = to_scst_cmd(container_of(waiter, struct pass_cmd, waiter));
	scst_sense_t result = SCST_GOOD;

	/* Its result is moot when it was aborted. */
	if (scst_cmd_aborted(cmd))
		pass_lock_end(to_pass_unit(cmd->dev));
	else
		result = lock_exec(cmd);
	if (result != SCST_PENDING)
		scst_cmd_done(cmd, result);
}

/**
 * pass_exec_prevent_allow - PREVENT ALLOW MEDIUM REMOVAL
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t pass_exec_prevent_allow(struct scst_cmd *cmd)
{
	struct pass_cmd *pc = to_pass_cmd(cmd);

	if (is_persistent(cmd))
		return pass_exec(cmd);
	pc->waiter.go = lock_go;
	return lock_begin(to_pass_unit(cmd->dev), &pc->waiter) ? lock_exec(cmd) :
								 SCST_PENDING;
}

/* ------------------------------------------------------------------------
 * Nobody is there any more who could allow it
 */

/**
 * pass_unlock_medium - let the medium go
 * @pass: unit, whose device is held
 *
 * Context: process context; waits for I/O.
 */
void pass_unlock_medium(struct pass_unit *pass)
{
	const u8 cdb[6] = { ALLOW_MEDIUM_REMOVAL };
	struct scsi_sense_hdr sshdr;

	if (pass->locked && !READ_ONCE(pass->gone))
		pass_execute(pass, cdb, NULL, 0, UNLOCK_TIMEOUT, &sshdr);
	pass->locked = false;
}

/**
 * pass_unlock_work - pass_unlock_medium(), if no initiator prevents it
 * @work: pass_unit.unlock_work, with a reference to the unit
 */
void pass_unlock_work(struct work_struct *work)
{
	struct pass_unit *pass = container_of(work, struct pass_unit, unlock_work);

	/* A handler that loses the device lets the medium go by itself. */
	if (READ_ONCE(pass->held) && lock_begin_unlock(pass)) {
		if (!scst_device_removal_prevented(pass->unit) && !pass_get_device(pass)) {
			pass_unlock_medium(pass);
			scsi_device_put(pass->sdev);
		}
		pass_lock_end(pass);
	}
	put_device(&pass->unit->dev);
}

/**
 * pass_removal_allowed - an initiator does not prevent the removal any more
 * @dev: unit
 *
 * It has not said so: it is gone, or was preempted.
 *
 * Context: any.
 */
void pass_removal_allowed(struct scst_device *dev)
{
	lock_queue_unlock(to_pass_unit(dev));
}
