// SPDX-License-Identifier: GPL-2.0
/*
 * Errors on purpose, by the kernel's fault injection capabilities.
 *
 * Each device has a directory in debugfs, and in it one for each kind of fault.
 * Who has one injected is a command that is about to wait for the logical unit:
 * it has its place in the task set and its data, the handler has not seen it, and
 * whoever wants the unit alone does not wait for it.
 *
 * A command that is dropped or delayed is in a list, where an abort finds it.
 */

#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include <linux/jiffies.h>
#include <linux/jump_label.h>
#include <linux/slab.h>
#include "core.h"

#define INJECT_ANY_OPCODE	0x100
#define INJECT_DELAY_MS		1000

enum inject_kind {
	INJECT_FAIL,
	INJECT_BUSY,
	INJECT_FULL,
	INJECT_DROP,
	INJECT_DELAY,
	INJECT_NR
};

static const char *const inject_names[] = {
	[INJECT_FAIL]	= "fail",
	[INJECT_BUSY]	= "busy",
	[INJECT_FULL]	= "task_set_full",
	[INJECT_DROP]	= "drop",
	[INJECT_DELAY]	= "delay",
};

/**
 * struct inject_fault - one kind of fault of a device
 * @attr: how often
 * @opcode: commands with this operation code; above FFh any
 * @first_lba: commands that work on a block from here
 * @last_lba: to here; commands without blocks only if both are the defaults
 */
struct inject_fault {
	struct fault_attr attr;
	u32 opcode;
	u64 first_lba;
	u64 last_lba;
};

/**
 * struct scst_inject - faults of a device
 * @dev: logical unit
 * @dir: directory in debugfs
 * @faults: by enum inject_kind
 * @sense: of the fault "fail": key, ASC and ASCQ as in SCST_SENSE()
 * @delay_ms: of the fault "delay"
 * @enabled: anything happens at all; written under @lock and inject_mutex
 * @lock: protects @held; a leaf
 * @held: commands that are dropped or delayed
 * @work: lets go of those whose time has come
 */
struct scst_inject {
	struct scst_device *dev;
	struct dentry *dir;
	struct inject_fault faults[INJECT_NR];
	u32 sense;
	u32 delay_ms;
	bool enabled;
	spinlock_t lock;	/* see above */
	struct list_head held;
	struct delayed_work work;
};

/**
 * struct inject_held - at the end of scst_cmd.priv of a command that is held
 *
 * The beginning has what the handler's parse() has left there for exec().
 *
 * @list: link in scst_inject.held
 * @until: end of a delay in jiffies
 * @dropped: it is no delay
 */
struct inject_held {
	struct list_head list;
	unsigned long until;
	bool dropped;
};

/* Some device is enabled. */
DEFINE_STATIC_KEY_FALSE(scst_inject_key);

static DEFINE_MUTEX(inject_mutex);	/* scst_inject_key; outside lock */
static struct dentry *inject_root;

#define INJECT_PRIV_AT	(SCST_CMD_PRIV_SIZE - sizeof(struct inject_held))

static_assert(INJECT_PRIV_AT >= SCST_CMD_PARSED_SIZE);
static_assert(IS_ALIGNED(INJECT_PRIV_AT, __alignof__(struct inject_held)));

static struct inject_held *to_inject_held(struct scst_cmd *cmd)
{
	return (struct inject_held *)(cmd->priv + INJECT_PRIV_AT);
}

static struct scst_cmd *inject_to_cmd(struct inject_held *held)
{
	return container_of((void *)held - INJECT_PRIV_AT, struct scst_cmd,
			    priv);
}

/* ------------------------------------------------------------------------
 * Holding commands
 */

static bool inject_is_due(const struct scst_inject *inj,
			  const struct inject_held *held)
{
	if (!inj->enabled)
		return true;
	return !held->dropped && time_after_eq(jiffies, held->until);
}

static void inject_take_due(struct scst_inject *inj, struct list_head *due)
{
	unsigned long now = jiffies, wait = MAX_JIFFY_OFFSET;
	struct inject_held *held, *next;

	guard(spinlock_irq)(&inj->lock);
	list_for_each_entry_safe(held, next, &inj->held, list) {
		if (inject_is_due(inj, held))
			list_move_tail(&held->list, due);
		else if (!held->dropped)
			wait = min(wait, time_after(held->until, now) ?
					 held->until - now : 0);
	}
	if (wait != MAX_JIFFY_OFFSET)
		queue_delayed_work(scst_wq, &inj->work, wait);
}

static void inject_work(struct work_struct *work)
{
	struct scst_inject *inj = container_of(to_delayed_work(work),
					       struct scst_inject, work);
	struct inject_held *held, *next;
	LIST_HEAD(due);

	inject_take_due(inj, &due);
	list_for_each_entry_safe(held, next, &due, list) {
		scst_cmd_exec(inject_to_cmd(held));
		cond_resched();
	}
}

/* Returns false when @cmd is not to wait. */
static bool inject_hold(struct scst_inject *inj, struct scst_cmd *cmd,
			bool dropped)
{
	struct inject_held *held = to_inject_held(cmd);

	held->dropped = dropped;
	held->until = jiffies + msecs_to_jiffies(READ_ONCE(inj->delay_ms));

	guard(spinlock_irqsave)(&inj->lock);
	/* Who marks it later finds it in the list, see scst_inject_abort(). */
	if (!inj->enabled || scst_cmd_aborted(cmd))
		return false;
	list_add_tail(&held->list, &inj->held);
	if (!dropped)
		mod_delayed_work(scst_wq, &inj->work, 0);
	return true;
}

static bool inject_unhold(struct scst_inject *inj, struct scst_cmd *cmd)
{
	struct inject_held *held;

	guard(spinlock_irqsave)(&inj->lock);
	list_for_each_entry(held, &inj->held, list) {
		if (inject_to_cmd(held) != cmd)
			continue;
		list_del(&held->list);
		return true;
	}
	return false;
}

/**
 * scst_inject_abort - end the wait of a command that was marked aborted
 * @cmd: command, pinned
 *
 * Context: any.
 * Return: true when it was held here; it is the caller's then.
 */
bool scst_inject_abort(struct scst_cmd *cmd)
{
	return cmd->dev && cmd->dev->inject &&
	       inject_unhold(cmd->dev->inject, cmd);
}

/* ------------------------------------------------------------------------
 * Injecting faults
 */

static bool inject_lba_matches(const struct inject_fault *fault,
			       const struct scst_cmd *cmd)
{
	u64 first = READ_ONCE(fault->first_lba);
	u64 last = READ_ONCE(fault->last_lba);

	if (!first && last == U64_MAX)
		return true;
	return cmd->nblocks && cmd->lba <= last &&
	       cmd->lba + cmd->nblocks > first;
}

static bool inject_wanted(struct inject_fault *fault,
			  const struct scst_cmd *cmd)
{
	u32 opcode = READ_ONCE(fault->opcode);

	if (opcode < INJECT_ANY_OPCODE && opcode != cmd->cdb[0])
		return false;
	return inject_lba_matches(fault, cmd) && should_fail(&fault->attr, 1);
}

static void inject_fail(struct scst_inject *inj, struct scst_cmd *cmd)
{
	u64 first = READ_ONCE(inj->faults[INJECT_FAIL].first_lba);
	u32 sense = READ_ONCE(inj->sense);

	/* INFORMATION: no block before this one is in error (SBC-5 4.18). */
	if (cmd->nblocks)
		scst_cmd_set_sense_info(cmd, max(cmd->lba, first));
	scst_cmd_done(cmd, SCST_SENSE(sense >> 16 & 0xf, sense >> 8 & 0xff,
				      sense & 0xff));
}

/* Returns false when @cmd is to go on. */
static bool inject_fault(struct scst_inject *inj, struct scst_cmd *cmd,
			 enum inject_kind kind)
{
	switch (kind) {
	case INJECT_FAIL:
		inject_fail(inj, cmd);
		return true;
	case INJECT_BUSY:
		scst_cmd_done(cmd, SCST_BUSY);
		return true;
	case INJECT_FULL:
		scst_cmd_done(cmd, SCST_TASK_SET_FULL);
		return true;
	default:
		return inject_hold(inj, cmd, kind == INJECT_DROP);
	}
}

/**
 * scst_inject_cmd - inject a fault into a command, if one is due
 * @cmd: command that is to be executed
 *
 * Context: process context.
 * Return: true when @cmd ended, or waits here and will go on by scst_cmd_exec().
 */
bool scst_inject_cmd(struct scst_cmd *cmd)
{
	struct scst_inject *inj = cmd->dev->inject;
	enum inject_kind kind;

	if (!inj || !READ_ONCE(inj->enabled))
		return false;
	/* What clones: one of two would keep the other in its unit's gate. */
	if (!cmd->op->cdb_len)
		return false;
	for (kind = 0; kind < INJECT_NR; kind++)
		if (inject_wanted(&inj->faults[kind], cmd))
			return inject_fault(inj, cmd, kind);
	return false;
}

/* ------------------------------------------------------------------------
 * Devices
 */

/* Those that are held go on when it is disabled. */
static void inject_enable(struct scst_inject *inj, bool enable)
{
	guard(mutex)(&inject_mutex);
	if (inj->enabled == enable)
		return;
	scoped_guard(spinlock_irq, &inj->lock)
		WRITE_ONCE(inj->enabled, enable);
	if (enable) {
		static_branch_inc(&scst_inject_key);
		return;
	}
	mod_delayed_work(scst_wq, &inj->work, 0);
	flush_delayed_work(&inj->work);
	static_branch_dec(&scst_inject_key);
}

static int enabled_get(void *data, u64 *val)
{
	const struct scst_inject *inj = data;

	*val = READ_ONCE(inj->enabled);
	return 0;
}

static int enabled_set(void *data, u64 val)
{
	inject_enable(data, val);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(enabled_fops, enabled_get, enabled_set, "%llu\n");

static struct dentry *inject_add_fault(struct scst_inject *inj,
				       enum inject_kind kind)
{
	struct inject_fault *fault = &inj->faults[kind];
	struct dentry *dir;

	fault->attr = (struct fault_attr)FAULT_ATTR_INITIALIZER;
	/* Who wants a stack dump for each can ask for it. */
	fault->attr.verbose = 0;
	fault->opcode = INJECT_ANY_OPCODE;
	fault->last_lba = U64_MAX;
	dir = fault_create_debugfs_attr(inject_names[kind], inj->dir,
					&fault->attr);
	debugfs_create_x32("opcode", 0600, dir, &fault->opcode);
	debugfs_create_u64("first_lba", 0600, dir, &fault->first_lba);
	debugfs_create_u64("last_lba", 0600, dir, &fault->last_lba);
	return dir;
}

static void inject_add_files(struct scst_inject *inj)
{
	struct dentry *dirs[INJECT_NR];
	enum inject_kind kind;

	inj->dir = debugfs_create_dir(dev_name(&inj->dev->dev), inject_root);
	for (kind = 0; kind < INJECT_NR; kind++)
		dirs[kind] = inject_add_fault(inj, kind);
	debugfs_create_x32("sense", 0600, dirs[INJECT_FAIL], &inj->sense);
	debugfs_create_u32("ms", 0600, dirs[INJECT_DELAY], &inj->delay_ms);
	debugfs_create_file_unsafe("enabled", 0600, inj->dir, inj,
				   &enabled_fops);
}

/**
 * scst_inject_add_device - give a device its directory in debugfs
 * @dev: device that is not mapped yet
 *
 * Without memory it has none.
 *
 * Context: process context.
 */
void scst_inject_add_device(struct scst_device *dev)
{
	struct scst_inject *inj = kzalloc(sizeof(*inj), GFP_KERNEL);

	if (!inj)
		return;
	inj->dev = dev;
	inj->sense = (MEDIUM_ERROR << 16) | 0x1100;
	inj->delay_ms = INJECT_DELAY_MS;
	spin_lock_init(&inj->lock);
	INIT_LIST_HEAD(&inj->held);
	INIT_DELAYED_WORK(&inj->work, inject_work);
	inject_add_files(inj);
	dev->inject = inj;
}

/**
 * scst_inject_del_device - undo scst_inject_add_device()
 * @dev: device that is not mapped any more
 *
 * Context: process context; waits for those who use the files.
 */
void scst_inject_del_device(struct scst_device *dev)
{
	struct scst_inject *inj = dev->inject;

	if (!inj)
		return;
	dev->inject = NULL;
	debugfs_remove(inj->dir);
	inject_enable(inj, false);
	cancel_delayed_work_sync(&inj->work);
	kfree(inj);
}

/**
 * scst_inject_init - make the directory of the devices' directories
 *
 * Context: module initialisation.
 */
void __init scst_inject_init(void)
{
	inject_root = debugfs_create_dir("scst", NULL);
}

/**
 * scst_inject_exit - undo scst_inject_init()
 *
 * Context: process context.
 */
void scst_inject_exit(void)
{
	debugfs_remove(inject_root);
}
