// SPDX-License-Identifier: GPL-2.0
/*
 * Commands in flight, so that task management finds them.
 *
 * A list per session and CPU: a command is added on the CPU where it arrives
 * and leaves the same list wherever it ends, so the locks are uncontended as
 * long as completions stay near.  Who looks at a command outside the lock pins
 * it; a command that ends while pinned is finished by the last unpin.
 *
 * The number of commands that a session, and each of its I_T_L nexuses, has at a
 * time can be limited.  From the first limit on they are counted, in the same way:
 * per CPU and under the locks of the lists, so that nothing is written that CPUs
 * share.  A CPU adds up the counts of all only when it has a part of the limit itself,
 * or the limit is near.
 */

#include <kunit/visibility.h>
#include <linux/percpu.h>
#include "core.h"

/* Allocate the lists of @sess. */
int scst_inflight_init(struct scst_session *sess)
{
	int cpu;

	sess->inflight = alloc_percpu(struct scst_inflight);
	if (!sess->inflight)
		return -ENOMEM;

	for_each_possible_cpu(cpu) {
		struct scst_inflight *list = per_cpu_ptr(sess->inflight, cpu);

		spin_lock_init(&list->lock);
		INIT_LIST_HEAD(&list->cmds);
	}
	sess->limit.nr = &sess->inflight->nr_counted;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(scst_inflight_init);

void scst_inflight_exit(struct scst_session *sess)
{
	free_percpu(sess->inflight);
}
EXPORT_SYMBOL_IF_KUNIT(scst_inflight_exit);

static struct scst_inflight *inflight_list(const struct scst_cmd *cmd)
{
	return per_cpu_ptr(cmd->sess->inflight, cmd->cpu);
}

/* ------------------------------------------------------------------------
 * Limits
 */

static void limit_count(const struct scst_cmd_limit *limit, unsigned int cpu,
			bool more)
{
	unsigned int *nr = per_cpu_ptr(limit->nr, cpu);

	WRITE_ONCE(*nr, more ? *nr + 1 : *nr - 1);
}

/* How many there are: as exact as it can be while other CPUs count on. */
static unsigned int limit_sum(const struct scst_cmd_limit *limit)
{
	unsigned int nr = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		nr += READ_ONCE(*per_cpu_ptr(limit->nr, cpu));
	return nr;
}

static void limit_set_near(struct scst_cmd_limit *limit, unsigned int max,
			   unsigned int nr)
{
	if (nr > max / 2) {
		if (!READ_ONCE(limit->near))
			WRITE_ONCE(limit->near, true);
	} else if (nr <= max / 4 && READ_ONCE(limit->near)) {
		WRITE_ONCE(limit->near, false);
		/*
		 * Pairs with limit_allows(): who has found it set, and left it
		 * so, has counted before.  And with scst_limit_set(): it sets
		 * @near again, or its @max is seen.
		 */
		smp_mb();
		if (limit_sum(limit) > READ_ONCE(limit->max) / 2)
			WRITE_ONCE(limit->near, true);
	}
}

/*
 * May there be one more, which came in on this CPU and is counted already?
 *
 * As long as no CPU has found more than half of @max, each may have half of its
 * share without a look at the others: when the last one looked there was no more
 * than half of @max, and all that came since without a look are the other half at
 * most.  Else each looks.
 *
 * So @max is a limit for an initiator that goes beyond it, rather than a promise: at
 * the moment when @near changes, CPUs that do not see that yet may let in some more, a
 * part of @max / 2.  And of those that look at the same time all may be refused.
 */
static bool limit_allows(struct scst_cmd_limit *limit, unsigned int cpu)
{
	unsigned int max = READ_ONCE(limit->max);
	unsigned int nr;

	if (likely(!max))
		return true;
	nr = READ_ONCE(*per_cpu_ptr(limit->nr, cpu));
	if ((u64)nr * nr_cpu_ids <= max / 2 && !READ_ONCE(limit->near))
		return true;
	/* Of two that look, one sees what the other has counted before. */
	smp_mb();
	nr = limit_sum(limit);
	limit_set_near(limit, max, nr);
	return nr <= max;
}

static void inflight_count(struct scst_cmd *cmd, bool count)
{
	struct scst_tgt_dev *td = cmd->tgt_dev;

	lockdep_assert_held(&inflight_list(cmd)->lock);
	cmd->counted = count;
	limit_count(&cmd->sess->limit, cmd->cpu, count);
	if (likely(td))
		limit_count(&td->limit, cmd->cpu, count);
}

/* Nobody pays for counters before there is a limit.  What is there counts, too. */
static void inflight_start_counting(struct scst_session *sess)
{
	struct scst_inflight *list;
	struct scst_cmd *cmd;
	int cpu;

	if (sess->counting)
		return;
	/* Who adds a command after its list has been walked sees it. */
	WRITE_ONCE(sess->counting, true);
	for_each_possible_cpu(cpu) {
		list = per_cpu_ptr(sess->inflight, cpu);
		guard(spinlock_irqsave)(&list->lock);
		list_for_each_entry(cmd, &list->cmds, inflight) {
			if (!cmd->counted && !scst_cmd_is_internal(cmd))
				inflight_count(cmd, true);
		}
	}
}

/**
 * scst_limit_set - set how many commands a nexus may have
 * @sess: I_T nexus
 * @limit: its limit, or that of one of its I_T_L nexuses
 * @max: so many at a time, 0: any number
 *
 * Holds for commands that come from now on.  Those that are there stay, and count.
 *
 * Context: process context; the caller holds scst_tgt.mutex.
 */
void scst_limit_set(struct scst_session *sess, struct scst_cmd_limit *limit,
		    unsigned int max)
{
	lockdep_assert_held(&sess->tgt->mutex);
	if (max)
		inflight_start_counting(sess);
	WRITE_ONCE(limit->met, false);
	WRITE_ONCE(limit->max, max);
	/* There may be more than half of it: pairs with limit_set_near(). */
	smp_mb();
	WRITE_ONCE(limit->near, true);
}

/**
 * scst_limit_parse - what a user writes to a file that is a limit
 * @dev: object
 * @attr: file
 * @buf: what is written
 * @max: set to it, unless there is an error
 *
 * Context: process context.
 * Return: 0 or the errno of the write.
 */
int scst_limit_parse(struct device *dev, const struct device_attribute *attr,
		     const char *buf, unsigned int *max)
{
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = kstrtouint(buf, 0, max);
	if (ret)
		dev_err(dev, "%s: want a number, 0 for any\n", attr->attr.name);
	return ret;
}

/* An initiator must not flood the log: once for each limit, or nearly so. */
static void limit_report(struct scst_cmd_limit *limit,
			 const struct scst_cmd *cmd)
{
	const struct scst_session *sess = cmd->sess;

	if (READ_ONCE(limit->met))
		return;
	WRITE_ONCE(limit->met, true);
	if (limit == &sess->limit)
		dev_notice_ratelimited(&sess->tgt->dev,
				       "%s: more than max_session_commands\n",
				       sess->initiator_name);
	else
		dev_notice_ratelimited(&sess->tgt->dev,
				       "%s: LUN %llu: more than max_commands\n",
				       sess->initiator_name, cmd->tgt_dev->lun);
}

/* ------------------------------------------------------------------------
 * Commands that come and go
 */

/* Returns whether it counts. */
static bool inflight_add(struct scst_cmd *cmd, bool count)
{
	struct scst_inflight *list;

	cmd->cpu = raw_smp_processor_id();
	list = inflight_list(cmd);
	guard(spinlock_irqsave)(&list->lock);
	cmd->tmf_gen = atomic64_read(&cmd->sess->tmf_gen);
	list_add_tail(&cmd->inflight, &list->cmds);
	if (likely(!count || !READ_ONCE(cmd->sess->counting)))
		return false;
	inflight_count(cmd, true);
	return true;
}

/* For commands for which no limit holds.  Context: any. */
void scst_inflight_add(struct scst_cmd *cmd)
{
	inflight_add(cmd, false);
}
EXPORT_SYMBOL_IF_KUNIT(scst_inflight_add);

/* Returns the limit that forbids the command, or NULL. */
static struct scst_cmd_limit *inflight_limit(struct scst_cmd *cmd)
{
	struct scst_session *sess = cmd->sess;
	struct scst_tgt_dev *td = cmd->tgt_dev;

	if (unlikely(!limit_allows(&sess->limit, cmd->cpu)))
		return &sess->limit;
	if (likely(td) && unlikely(!limit_allows(&td->limit, cmd->cpu)))
		return &td->limit;
	return NULL;
}

/**
 * scst_inflight_admit - add a command of an initiator, which may have too many
 * @cmd: command whose LUN was looked up
 *
 * It is in the list in any case.  When it is one too many it does not count: what is
 * refused, and waits until its response has been sent, does not keep others out,
 * however many an initiator sends.
 *
 * Context: any.
 * Return: true when it may go on, false when it is one too many.
 */
bool scst_inflight_admit(struct scst_cmd *cmd)
{
	struct scst_cmd_limit *limit;

	if (likely(!inflight_add(cmd, true)))
		return true;
	limit = inflight_limit(cmd);
	if (likely(!limit))
		return true;
	scoped_guard(spinlock_irqsave, &inflight_list(cmd)->lock)
		inflight_count(cmd, false);
	limit_report(limit, cmd);
	return false;
}

/*
 * A marked command still counts until its last callback has returned:
 * task management answers after that.
 */
static void inflight_unlink(struct scst_cmd *cmd)
{
	list_del(&cmd->inflight);
	if (unlikely(cmd->counted))
		inflight_count(cmd, false);
	if (unlikely(scst_cmd_is_marked(cmd)))
		atomic_inc(&cmd->sess->nr_aborting);
}

/**
 * scst_inflight_del - a command ended
 * @cmd: command
 *
 * Context: any.
 * Return: true when the caller finishes @cmd, false when it is pinned and the
 * last scst_inflight_unpin() does.
 */
bool scst_inflight_del(struct scst_cmd *cmd)
{
	struct scst_inflight *list = inflight_list(cmd);

	guard(spinlock_irqsave)(&list->lock);
	if (unlikely(cmd->abort_pins)) {
		cmd->ended = true;
		return false;
	}
	inflight_unlink(cmd);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(scst_inflight_del);

/**
 * scst_inflight_unpin - end what scst_inflight_next() began
 * @cmd: command
 *
 * Context: any.
 * Return: true when @cmd ended meanwhile and the caller has to finish it.
 */
bool scst_inflight_unpin(struct scst_cmd *cmd)
{
	struct scst_inflight *list = inflight_list(cmd);

	guard(spinlock_irqsave)(&list->lock);
	if (--cmd->abort_pins || !cmd->ended)
		return false;
	inflight_unlink(cmd);
	return true;
}

/**
 * scst_inflight_next - walk over commands, which are pinned
 * @sess: I_T nexus
 * @prev: what was returned last, which is still pinned: that keeps it in its
 *	list; NULL to begin
 * @match: called with the list's lock held
 * @arg: for @match
 *
 * What is added meanwhile may be left out.
 *
 * Context: any.
 * Return: the next command for which @match returns true, pinned, or NULL.
 */
struct scst_cmd *scst_inflight_next(struct scst_session *sess,
				    struct scst_cmd *prev,
				    bool (*match)(const struct scst_cmd *cmd,
						  const void *arg),
				    const void *arg)
{
	struct scst_inflight *list;
	struct scst_cmd *cmd;
	int cpu;

	for_each_possible_cpu(cpu) {
		if (prev && cpu != prev->cpu)
			continue;
		list = per_cpu_ptr(sess->inflight, cpu);
		guard(spinlock_irqsave)(&list->lock);
		cmd = list_prepare_entry(prev, &list->cmds, inflight);
		prev = NULL;
		list_for_each_entry_continue(cmd, &list->cmds, inflight) {
			if (cmd->ended || !match(cmd, arg))
				continue;
			cmd->abort_pins++;
			return cmd;
		}
	}
	return NULL;
}

/**
 * scst_inflight_for_each - do something to each command
 * @sess: I_T nexus
 * @fn: called with the list's lock held, for commands that have not ended
 * @arg: for @fn
 *
 * Context: any.
 * Return: for how many commands @fn has returned true.
 */
unsigned int scst_inflight_for_each(struct scst_session *sess,
				    bool (*fn)(struct scst_cmd *cmd,
					       const void *arg),
				    const void *arg)
{
	struct scst_inflight *list;
	struct scst_cmd *cmd;
	unsigned int nr = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		list = per_cpu_ptr(sess->inflight, cpu);
		guard(spinlock_irqsave)(&list->lock);
		list_for_each_entry(cmd, &list->cmds, inflight)
			nr += !cmd->ended && fn(cmd, arg);
	}
	return nr;
}

/**
 * scst_inflight_any - is there such a command?
 * @sess: I_T nexus
 * @match: called with the list's lock held
 * @arg: for @match
 *
 * Context: any.
 * Return: true if @match returns true for a command in flight.
 */
bool scst_inflight_any(struct scst_session *sess,
		       bool (*match)(const struct scst_cmd *cmd,
				     const void *arg),
		       const void *arg)
{
	struct scst_inflight *list;
	struct scst_cmd *cmd;
	int cpu;

	for_each_possible_cpu(cpu) {
		list = per_cpu_ptr(sess->inflight, cpu);
		guard(spinlock_irqsave)(&list->lock);
		list_for_each_entry(cmd, &list->cmds, inflight) {
			if (match(cmd, arg))
				return true;
		}
	}
	return false;
}

/**
 * scst_inflight_mark - set or clear a flag of all commands of an I_T_L nexus
 * @td: I_T_L nexus
 * @flag: bit of scst_cmd.flags
 * @set: set it, else clear it
 * @except: command to leave alone, or NULL
 *
 * Who adds a command after that sees what the caller did before.
 *
 * Context: any.
 */
void scst_inflight_mark(struct scst_tgt_dev *td, unsigned int flag, bool set,
			const struct scst_cmd *except)
{
	struct scst_inflight *list;
	struct scst_cmd *cmd;
	int cpu;

	for_each_possible_cpu(cpu) {
		list = per_cpu_ptr(td->sess->inflight, cpu);
		guard(spinlock_irqsave)(&list->lock);
		list_for_each_entry(cmd, &list->cmds, inflight)
			if (cmd->tgt_dev == td && cmd != except)
				assign_bit(flag, &cmd->flags, set);
	}
}

/* Number of commands in flight: for attributes. */
unsigned int scst_inflight_count(struct scst_session *sess)
{
	struct scst_inflight *list;
	unsigned int nr = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		list = per_cpu_ptr(sess->inflight, cpu);
		guard(spinlock_irqsave)(&list->lock);
		nr += list_count_nodes(&list->cmds);
	}
	return nr;
}
