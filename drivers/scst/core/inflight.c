// SPDX-License-Identifier: GPL-2.0
/*
 * Commands in flight, so that task management finds them.
 *
 * A list per session and CPU: a command is added on the CPU where it arrives
 * and leaves the same list wherever it ends, so the locks are uncontended as
 * long as completions stay near.  Who looks at a command outside the lock pins
 * it; a command that ends while pinned is finished by the last unpin.
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

/* Context: any. */
void scst_inflight_add(struct scst_cmd *cmd)
{
	struct scst_inflight *list;

	cmd->cpu = raw_smp_processor_id();
	list = inflight_list(cmd);
	guard(spinlock_irqsave)(&list->lock);
	cmd->tmf_gen = atomic64_read(&cmd->sess->tmf_gen);
	list_add_tail(&cmd->inflight, &list->cmds);
}
EXPORT_SYMBOL_IF_KUNIT(scst_inflight_add);

/*
 * An aborted command still counts until its last callback has returned:
 * task management answers after that.
 */
static void inflight_unlink(struct scst_cmd *cmd)
{
	list_del(&cmd->inflight);
	if (unlikely(scst_cmd_aborted(cmd)))
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
