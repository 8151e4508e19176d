// SPDX-License-Identifier: GPL-2.0
/*
 * Which task set the commands of an I_T_L nexus belong to (TST field of the
 * control mode page, SPC-6): one of its own, or one for the logical unit.
 *
 * When TST changes, commands that come from then on enter other gates than
 * those that are there already, and each command leaves the gate that it has
 * entered.  So that an ORDERED command still waits for all that came before it,
 * a barrier stands in each of the new task sets before they are used, and goes
 * when the old ones are empty.  It is an entry like that of an ORDERED command
 * that takes long: HEAD OF QUEUE commands pass it.
 *
 * A command looks up its task set and enters it in one RCU section, so that
 * after a grace period nobody enters an old one any more.
 *
 * Nobody waits for the end of all this: MODE SELECT is itself in one of the old
 * task sets.  A change of TST that comes meanwhile has to wait, for the end of a
 * few commands, until it takes effect.
 */

#include "core.h"

static struct scst_gate *ts_of(struct scst_tgt_dev *td)
{
	return td->dev->ts_per_nexus ? &td->own_task_set : &td->dev->task_set;
}

/* Nobody waits for the barrier to be inside. */
static void ts_barrier_entered(struct scst_gate_entry *entry)
{
}

static void ts_raise(struct scst_gate *gate, struct scst_gate_entry *barrier)
{
	scst_gate_entry_init(barrier);
	scst_gate_enter(gate, barrier, SCST_GATE_EXCLUSIVE, ts_barrier_entered);
}

/* Does nothing if it was not raised. */
static void ts_drop(struct scst_gate *gate, struct scst_gate_entry *barrier)
{
	if (!scst_gate_cancel(gate, barrier))
		scst_gate_leave(gate, barrier);
}

/**
 * scst_task_set_join - give a nexus its task set
 * @td: I_T_L nexus, which no command has been sent through
 *
 * Context: the caller holds scst_device.tgt_dev_lock.
 */
void scst_task_set_join(struct scst_tgt_dev *td)
{
	const struct scst_tgt_dev *other;

	lockdep_assert_held(&td->dev->tgt_dev_lock);
	td->task_set = ts_of(td);
	if (td->dev->ts_per_nexus)
		return;
	list_for_each_entry(other, &td->dev->tgt_devs, dev_entry)
		if (other->aca != SCST_ACA_NONE)
			td->aca = SCST_ACA_OTHER;
}

/**
 * scst_task_set_leave - the counterpart of scst_task_set_join()
 * @td: I_T_L nexus, all of whose commands have ended
 *
 * Context: the caller holds scst_device.tgt_dev_lock.
 */
void scst_task_set_leave(struct scst_tgt_dev *td)
{
	lockdep_assert_held(&td->dev->tgt_dev_lock);
	ts_drop(&td->own_task_set, &td->ts_barrier);
}

/*
 * New commands go to the new task sets, and stay before the barrier there.  ACA
 * conditions end, since they belong to the task sets that there were; the commands
 * that they blocked go to @ready.
 */
static void ts_begin(struct scst_device *dev, struct list_head *ready)
{
	struct scst_tgt_dev *td;

	lockdep_assert_held(&dev->tgt_dev_lock);
	scst_aca_end_all(dev, ready);
	dev->ts_changing = true;
	WRITE_ONCE(dev->ts_per_nexus, dev->tst);
	if (!dev->ts_per_nexus)
		ts_raise(&dev->task_set, &dev->ts_barrier);
	list_for_each_entry(td, &dev->tgt_devs, dev_entry) {
		if (dev->ts_per_nexus)
			ts_raise(&td->own_task_set, &td->ts_barrier);
		/* Who finds the new task set finds the barrier. */
		smp_store_release(&td->task_set, ts_of(td));
	}
}

/* Returns true when TST has changed again. */
static bool ts_end_change(struct scst_device *dev, struct list_head *ready)
{
	struct scst_tgt_dev *td;

	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	ts_drop(&dev->task_set, &dev->ts_barrier);
	list_for_each_entry(td, &dev->tgt_devs, dev_entry)
		ts_drop(&td->own_task_set, &td->ts_barrier);
	dev->ts_changing = false;
	if (dev->tst == dev->ts_per_nexus)
		return false;
	ts_begin(dev, ready);
	return true;
}

static bool ts_end(struct scst_device *dev)
{
	LIST_HEAD(ready);
	bool again;

	again = ts_end_change(dev, &ready);
	scst_aca_resume(&ready);
	return again;
}

static void ts_wait_empty(struct scst_gate *gate)
{
	struct scst_gate_entry entry;

	scst_gate_close(gate, &entry);
	scst_gate_leave(gate, &entry);
}

/* A nexus that goes meanwhile has no command any more. */
static void ts_wait_old(struct scst_device *dev)
{
	struct scst_tgt_dev *td;

	if (dev->ts_per_nexus) {
		ts_wait_empty(&dev->task_set);
		return;
	}
	for (td = scst_device_next_nexus(dev, NULL); td;
	     td = scst_device_next_nexus(dev, td))
		ts_wait_empty(&td->own_task_set);
}

/**
 * scst_task_set_work - wait until the old task sets are empty
 * @work: scst_device.ts_work
 *
 * Context: process context; waits for commands.
 */
void scst_task_set_work(struct work_struct *work)
{
	struct scst_device *dev = container_of(work, struct scst_device,
					       ts_work);

	do {
		synchronize_rcu();
		ts_wait_old(dev);
	} while (ts_end(dev));
	put_device(&dev->dev);
}

/**
 * scst_device_set_tst - set the task set type of a unit that initiators may use
 * @dev: logical unit
 * @tst: a task set for each I_T nexus, else one for all
 *
 * ACA conditions end when the change takes effect.
 *
 * Context: process context; does not wait.
 */
void scst_device_set_tst(struct scst_device *dev, bool tst)
{
	LIST_HEAD(ready);

	scoped_guard(spinlock_irqsave, &dev->tgt_dev_lock) {
		WRITE_ONCE(dev->tst, tst);
		if (list_empty(&dev->tgt_devs) && !dev->ts_changing)
			WRITE_ONCE(dev->ts_per_nexus, tst);
		if (dev->ts_changing || dev->ts_per_nexus == tst)
			return;
		ts_begin(dev, &ready);
		get_device(&dev->dev);
	}
	queue_work(scst_task_set_wq, &dev->ts_work);
	scst_aca_resume(&ready);
}
EXPORT_SYMBOL_GPL(scst_device_set_tst);
