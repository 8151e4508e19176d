// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of logical blocks: what makes a command atomic.
 *
 * COMPARE AND WRITE, ORWRITE and WRITE ATOMIC have the blocks they work on for
 * themselves (SBC-5 4.27 and the clauses of these commands), and so do the
 * commands of the copy manager, lest a copy be torn.  Once one of them has come
 * to a logical unit, each command that accesses the medium has its range of
 * blocks from before exec() to scst_cmd_done(): those that read share a block,
 * those that write do not.
 *
 * As long as none comes this costs the test of scst_device.ranges_on.  The first
 * one enters the exec gate alone, so that when it sets the flag no command is
 * inside that has no range; from then on it shares the gate with those that come,
 * which have one.  The flag is cleared when no such command came for a
 * while.  Those without a range that come after that are waited for in the same
 * way, should there be another.
 *
 * A range waits for all older ones that it overlaps, unless both only read,
 * whether these have begun or wait themselves.  So nobody is starved.  Who waits
 * holds a reference on the unit (the exec gate) all the time, which whoever
 * closes the gate waits for.  That is no deadlock: what has its range waits for
 * no gate and no other range of its unit, and only for those of units with
 * higher addresses, see struct copy_clone.
 */

#include <linux/interval_tree_generic.h>
#include "core.h"

/*
 * How long ranges outlive their last use.  Cluster file systems send a COMPARE
 * AND WRITE every few seconds, each of which would wait for all other commands.
 */
#define RANGES_LINGER	(10 * HZ)

/* Values of scst_cmd.range_state */
enum range_state {
	RANGE_NONE,		/* it has none */
	RANGE_WAITING,		/* in the tree, has to wait for others */
	RANGE_READY,		/* in the tree and on the list ready */
	RANGE_HELD,		/* in the tree */
};

#define RANGE_START(range)	((range)->start)
#define RANGE_LAST(range)	((range)->last)

INTERVAL_TREE_DEFINE(struct scst_range, rb, u64, subtree_last, RANGE_START,
		     RANGE_LAST, static, range_tree);

static struct scst_cmd *range_to_cmd(struct scst_range *range)
{
	return container_of(range, struct scst_cmd, range);
}

static bool range_conflict(const struct scst_range *a,
			   const struct scst_range *b)
{
	return a->write || b->write;
}

static unsigned int range_count_blockers(struct scst_ranges *ranges,
					 const struct scst_range *range)
{
	struct scst_range *other;
	unsigned int nr = 0;

	lockdep_assert_held(&ranges->lock);
	for (other = range_tree_iter_first(&ranges->tree, range->start,
					   range->last);
	     other;
	     other = range_tree_iter_next(other, range->start, range->last))
		nr += range_conflict(range, other);
	return nr;
}

/* Let those go on that waited for this range and for nothing else. */
static void range_unblock(struct scst_ranges *ranges,
			  const struct scst_range *range)
{
	struct scst_range *other;

	lockdep_assert_held(&ranges->lock);
	for (other = range_tree_iter_first(&ranges->tree, range->start,
					   range->last);
	     other;
	     other = range_tree_iter_next(other, range->start, range->last)) {
		if (other->seq < range->seq || !range_conflict(range, other) ||
		    --other->nr_blockers)
			continue;
		range_to_cmd(other)->range_state = RANGE_READY;
		list_add_tail(&other->ready, &ranges->ready);
	}
	if (!list_empty(&ranges->ready))
		queue_work(scst_wq, &ranges->resume_work);
}

static void range_remove(struct scst_ranges *ranges, struct scst_cmd *cmd)
{
	lockdep_assert_held(&ranges->lock);
	range_tree_remove(&cmd->range, &ranges->tree);
	cmd->range_state = RANGE_NONE;
	range_unblock(ranges, &cmd->range);
}

/* Returns false when the command has no blocks. */
static bool range_init(const struct scst_cmd *cmd, struct scst_range *range)
{
	range->write = cmd->op->range != SCST_RANGE_READ;
	if (cmd->op->range == SCST_RANGE_WRITE_ANY) {
		range->start = 0;
		range->last = U64_MAX;
		return true;
	}
	range->start = cmd->lba;
	/* The handler's parse(), or the copy manager, has seen that they exist. */
	range->last = cmd->lba + cmd->nblocks - 1;
	return cmd->nblocks;
}

/**
 * scst_range_enter - take the range of blocks of a command
 * @cmd: command that is inside the exec gate
 * @resume: called when a wait ends; from then on @cmd has its range
 *
 * Context: any.  @resume is called from a work item.
 * Return: true when @cmd can go on, because it has its range, or needs none, or
 * was aborted; false when it waits.
 */
bool scst_range_enter(struct scst_cmd *cmd, void (*resume)(struct scst_cmd *cmd))
{
	struct scst_ranges *ranges = &cmd->dev->ranges;
	struct scst_range *range = &cmd->range;

	if (cmd->op->range == SCST_RANGE_NONE || !range_init(cmd, range))
		return true;

	guard(spinlock_irqsave)(&ranges->lock);
	/* scst_range_cancel() was here and will not come again. */
	if (scst_cmd_aborted(cmd))
		return true;
	range->resume = resume;
	range->seq = ranges->seq++;
	range->nr_blockers = range_count_blockers(ranges, range);
	range_tree_insert(range, &ranges->tree);
	cmd->range_state = range->nr_blockers ? RANGE_WAITING : RANGE_HELD;
	return !range->nr_blockers;
}

/**
 * scst_range_cancel - end the wait of a command for its range
 * @cmd: command that was marked aborted
 *
 * Context: any.
 * Return: true when @cmd waited: resume() will not be called.
 */
bool scst_range_cancel(struct scst_cmd *cmd)
{
	struct scst_ranges *ranges = &cmd->dev->ranges;

	guard(spinlock_irqsave)(&ranges->lock);
	switch (cmd->range_state) {
	case RANGE_READY:
		list_del(&cmd->range.ready);
		fallthrough;
	case RANGE_WAITING:
		range_remove(ranges, cmd);
		return true;
	default:
		return false;
	}
}

/**
 * scst_range_leave - a command needs its range no more
 * @cmd: command with range_state or ranges_user set
 *
 * Context: any.
 */
void scst_range_leave(struct scst_cmd *cmd)
{
	struct scst_ranges *ranges = &cmd->dev->ranges;

	guard(spinlock_irqsave)(&ranges->lock);
	if (cmd->range_state == RANGE_HELD)
		range_remove(ranges, cmd);
	if (cmd->ranges_user) {
		cmd->ranges_user = false;
		ranges->nr_users--;
		ranges->last_use = jiffies;
	}
}

/**
 * scst_ranges_get - a command that is to be atomic has come
 * @cmd: command, outside the exec gate
 *
 * scst_range_leave() ends what it begins.
 *
 * Context: any.
 * Return: true when all commands have ranges; false when @cmd has to be alone
 * inside the exec gate and call scst_ranges_start() there.
 */
bool scst_ranges_get(struct scst_cmd *cmd)
{
	struct scst_ranges *ranges = &cmd->dev->ranges;

	guard(spinlock_irqsave)(&ranges->lock);
	cmd->ranges_user = true;
	ranges->nr_users++;
	return cmd->dev->ranges_on;
}

/**
 * scst_ranges_start - from now on all commands have ranges
 * @dev: unit that the caller has alone
 *
 * Context: any.
 */
void scst_ranges_start(struct scst_device *dev)
{
	struct scst_ranges *ranges = &dev->ranges;

	guard(spinlock_irqsave)(&ranges->lock);
	WRITE_ONCE(dev->ranges_on, true);
	queue_delayed_work(scst_wq, &ranges->stop_work, RANGES_LINGER);
}

static void ranges_stop_work(struct work_struct *work)
{
	struct scst_ranges *ranges = container_of(to_delayed_work(work),
						  struct scst_ranges,
						  stop_work);
	struct scst_device *dev = container_of(ranges, struct scst_device,
					       ranges);

	guard(spinlock_irqsave)(&ranges->lock);
	if (!ranges->nr_users &&
	    time_after_eq(jiffies, ranges->last_use + RANGES_LINGER))
		WRITE_ONCE(dev->ranges_on, false);
	else
		queue_delayed_work(scst_wq, &ranges->stop_work, RANGES_LINGER);
}

static void ranges_resume_work(struct work_struct *work)
{
	struct scst_ranges *ranges = container_of(work, struct scst_ranges,
						  resume_work);
	struct scst_range *range;

	for (;;) {
		scoped_guard(spinlock_irqsave, &ranges->lock) {
			range = list_first_entry_or_null(&ranges->ready,
							 struct scst_range,
							 ready);
			if (!range)
				return;
			list_del(&range->ready);
			range_to_cmd(range)->range_state = RANGE_HELD;
		}
		range->resume(range_to_cmd(range));
		cond_resched();
	}
}

/**
 * scst_ranges_init - initialise the ranges of a logical unit
 * @ranges: part of it
 *
 * Context: any.
 */
void scst_ranges_init(struct scst_ranges *ranges)
{
	spin_lock_init(&ranges->lock);
	ranges->tree = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&ranges->ready);
	INIT_WORK(&ranges->resume_work, ranges_resume_work);
	INIT_DELAYED_WORK(&ranges->stop_work, ranges_stop_work);
}

/**
 * scst_ranges_exit - end the work of the ranges of a logical unit
 * @ranges: part of a unit that has no commands
 *
 * Context: process context, may sleep.
 */
void scst_ranges_exit(struct scst_ranges *ranges)
{
	disable_delayed_work_sync(&ranges->stop_work);
	cancel_work_sync(&ranges->resume_work);
}
