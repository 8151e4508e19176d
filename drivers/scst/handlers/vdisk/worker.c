// SPDX-License-Identifier: GPL-2.0
/*
 * Workers of a virtual disk: they do what exec() must not wait for.
 *
 * Each CPU has a queue of commands and a set of tickets, work items that drain
 * it.  As long as commands wait there is one ticket that is queued and has not
 * begun.  The workqueue is per CPU and manages concurrency: that ticket begins
 * when the one before it sleeps or ends.  So commands that find all they need
 * in memory are executed one after the other by one thread that was woken once,
 * and one that waits for the medium does not hold up those behind it.
 *
 * Waking that thread is put off while the submitter keeps the CPU: a thread that
 * is woken for one command and takes the CPU at once costs more than most commands.
 * So where commands come in batches the thread is woken when one is full, or when
 * the submitter has left the CPU, see defer.c.
 *
 * A unit has a workqueue, and hence a rescuer, of its own: its store may lie on
 * another unit of this host, which must not wait for the same thread.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/timer.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include "vdisk.h"

/* How many commands of a CPU can wait for the medium at once */
#define VDISK_NR_TICKETS	32

/* At most so many commands are held back */
#define VDISK_MAX_BATCH		32

/*
 * When that was in vain n times in a row, the next 2^n commands are not.  If it was
 * one command that waited, a thread was woken too much.  If it was for long, who
 * submitted it may be polling for its end, and has lost a time slice.
 */
#define VDISK_MAX_SINGLE	6
#define VDISK_MAX_LATE		12
#define VDISK_LATE_NS		(2 * NSEC_PER_MSEC)

/* So much can be executed before the first command ends, in jiffies and bytes. */
#define VDISK_END_DELAY		1
#define VDISK_END_BYTES		SZ_128K

struct vdisk_ticket {
	struct work_struct work;
	struct vdisk_queue *queue;
};

/**
 * struct vdisk_queue - commands of one CPU
 * @lock: protects all fields but @timer and @wq
 * @cmds: commands that wait
 * @nr_cmds: length of @cmds
 * @done: commands that were executed, but did not end yet
 * @nr_done: length of @done
 * @done_bytes: sum of their transfer lengths
 * @starting: a ticket is queued and has not begun
 * @idle: bitmap of tickets that are free
 * @submitter: who submitted the last command; only to be compared
 * @nvcsw: how often it had slept then
 * @deferred: calls vdisk_submitter_left()
 * @is_deferred: @deferred is in use
 * @since: when @is_deferred was set, in ns
 * @failures: how often in a row it was in vain to hold commands back
 * @direct: number of commands that are not to be held back
 * @timer: ends the commands in @done
 * @wq: for tickets
 * @tickets: work items
 */
struct vdisk_queue {
	spinlock_t lock;	/* see above */
	struct list_head cmds;
	unsigned int nr_cmds;
	struct list_head done;
	unsigned int nr_done;
	u32 done_bytes;
	bool starting;
	unsigned long idle;
	const struct task_struct *submitter;
	unsigned long nvcsw;
	struct vdisk_deferred deferred;
	bool is_deferred;
	u64 since;
	unsigned int failures;
	unsigned int direct;
	struct timer_list timer;
	struct workqueue_struct *wq;
	struct vdisk_ticket tickets[VDISK_NR_TICKETS];
};

struct vdisk_worker {
	struct workqueue_struct *wq;
	struct vdisk_queue __percpu *queues;
};

static void vdisk_start_ticket(struct vdisk_queue *q)
{
	unsigned int i;

	lockdep_assert_held(&q->lock);
	if (q->starting || !q->idle ||
	    (list_empty(&q->cmds) && list_empty(&q->done)))
		return;
	i = __ffs(q->idle);
	__clear_bit(i, &q->idle);
	q->starting = true;
	queue_work(q->wq, &q->tickets[i].work);
}

/* Has the submitter of the last command submitted this one without a pause? */
static bool vdisk_is_pipelined(struct vdisk_queue *q)
{
	bool pipelined;

	lockdep_assert_held(&q->lock);
	pipelined = q->submitter == current && q->nvcsw == current->nvcsw;
	q->submitter = current;
	q->nvcsw = current->nvcsw;
	return pipelined;
}

/* May the command that was just queued wait for more of them? */
static bool vdisk_hold(struct vdisk_queue *q)
{
	bool pipelined;

	lockdep_assert_held(&q->lock);
	if (q->starting || !q->idle)
		return true;
	/* What an interrupt has interrupted will not submit the next. */
	if (!in_task())
		return false;
	pipelined = vdisk_is_pipelined(q);
	if (q->direct) {
		q->direct--;
		return false;
	}
	if (q->nr_cmds >= VDISK_MAX_BATCH) {
		q->failures = 0;
		return false;
	}
	if (q->failures && !pipelined)
		return false;
	if (!q->is_deferred) {
		q->is_deferred = vdisk_defer(&q->deferred);
		q->since = ktime_get_mono_fast_ns();
	}
	return q->is_deferred;
}

static void vdisk_judge_batch(struct vdisk_queue *q)
{
	bool late = ktime_get_mono_fast_ns() - q->since > VDISK_LATE_NS;
	unsigned int max = late ? VDISK_MAX_LATE : VDISK_MAX_SINGLE;

	lockdep_assert_held(&q->lock);
	if (q->nr_cmds > 1 && !late) {
		q->failures = 0;
		return;
	}
	q->failures = min(q->failures + 1, max);
	q->direct = 1 << q->failures;
}

static void vdisk_submitter_left(struct vdisk_deferred *deferred)
{
	struct vdisk_queue *q = container_of(deferred, struct vdisk_queue,
					     deferred);

	scoped_guard(spinlock_irq, &q->lock) {
		q->is_deferred = false;
		if (!list_empty(&q->cmds) && !q->starting) {
			vdisk_judge_batch(q);
			vdisk_start_ticket(q);
		}
	}
	wake_up_var(&q->is_deferred);
}

static struct scst_cmd *vdisk_work_to_cmd(struct vdisk_work *work)
{
	return container_of((void *)work, struct scst_cmd, priv);
}

static void vdisk_end_list(struct list_head *done)
{
	struct vdisk_work *work, *next;

	list_for_each_entry_safe(work, next, done, list)
		scst_cmd_done(vdisk_work_to_cmd(work), work->result);
}

static void vdisk_take_done(struct vdisk_queue *q, struct list_head *done)
{
	lockdep_assert_held(&q->lock);
	list_splice_init(&q->done, done);
	q->nr_done = 0;
	q->done_bytes = 0;
}

static void vdisk_timer_fn(struct timer_list *timer)
{
	struct vdisk_queue *q = from_timer(q, timer, timer);
	LIST_HEAD(done);

	scoped_guard(spinlock_irq, &q->lock)
		vdisk_take_done(q, &done);
	vdisk_end_list(&done);
}

static void vdisk_run_next(struct vdisk_queue *q)
	__must_hold(&q->lock)
{
	struct vdisk_work *work;
	struct scst_cmd *cmd;
	scst_sense_t result;

	work = list_first_entry(&q->cmds, struct vdisk_work, list);
	cmd = vdisk_work_to_cmd(work);
	list_del(&work->list);
	q->nr_cmds--;
	vdisk_start_ticket(q);
	if (!list_empty(&q->done) && !timer_pending(&q->timer))
		mod_timer(&q->timer, jiffies + VDISK_END_DELAY);
	spin_unlock_irq(&q->lock);

	result = work->fn(cmd);

	spin_lock_irq(&q->lock);
	/* Whoever has it now may have ended it. */
	if (result == SCST_PENDING)
		return;
	work->result = result;
	list_add_tail(&work->list, &q->done);
	q->nr_done++;
	q->done_bytes += cmd->xfer_len;
}

static void vdisk_end_done(struct vdisk_queue *q)
	__must_hold(&q->lock)
{
	LIST_HEAD(done);

	if (list_empty(&q->done))
		return;
	vdisk_take_done(q, &done);
	spin_unlock_irq(&q->lock);

	vdisk_end_list(&done);
	cond_resched();

	spin_lock_irq(&q->lock);
}

static bool vdisk_must_end(const struct vdisk_queue *q)
{
	return list_empty(&q->cmds) || q->nr_done >= VDISK_MAX_BATCH ||
	       q->done_bytes >= VDISK_END_BYTES || (!q->idle && !q->starting);
}

/*
 * Commands end together where several are executed in a row: who waits for the
 * first would take the CPU, and have nothing to do but to wait for the next.
 * But if one sleeps, the next ticket ends those before it; and if there is no
 * thread for that ticket, or if one takes long, the timer does.
 */
static void vdisk_drain_queue(struct vdisk_queue *q)
	__must_hold(&q->lock)
{
	/* Leave the CPU to other work items now and then. */
	unsigned long end = jiffies + 1;

	q->starting = false;
	vdisk_end_done(q);
	while (!list_empty(&q->cmds) && time_before_eq(jiffies, end)) {
		vdisk_run_next(q);
		if (vdisk_must_end(q))
			vdisk_end_done(q);
	}
	vdisk_end_done(q);
}

/*
 * The commands may be what memory reclaim waits for, so that it must not wait
 * for them, and what they write must be throttled by the store alone, else the
 * file system above waits for itself (see PF_LOCAL_THROTTLE in the loop driver).
 */
static unsigned int vdisk_enter_io(void)
{
	unsigned int flags = current->flags;

	current->flags |= PF_LOCAL_THROTTLE | PF_MEMALLOC_NOIO;
	return flags;
}

static void vdisk_leave_io(unsigned int flags)
{
	current_restore_flags(flags, PF_LOCAL_THROTTLE | PF_MEMALLOC_NOIO);
}

static void vdisk_ticket_fn(struct work_struct *work)
{
	struct vdisk_ticket *ticket = container_of(work, struct vdisk_ticket,
						   work);
	struct vdisk_queue *q = ticket->queue;
	unsigned int flags = vdisk_enter_io();

	spin_lock_irq(&q->lock);
	vdisk_drain_queue(q);
	__set_bit(ticket - q->tickets, &q->idle);
	vdisk_start_ticket(q);
	spin_unlock_irq(&q->lock);
	vdisk_leave_io(flags);
}

/**
 * vdisk_queue_work - have a worker go on with a command
 * @cmd: command that executes, of a unit with a store
 * @fn: what to do
 *
 * Context: any.
 * Return: %SCST_PENDING.
 */
scst_sense_t vdisk_queue_work(struct scst_cmd *cmd,
			      scst_sense_t (*fn)(struct scst_cmd *cmd))
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	struct vdisk_queue *q = raw_cpu_ptr(vd->worker->queues);
	struct vdisk_work *work = to_vdisk_work(cmd);
	unsigned long flags;

	work->fn = fn;
	work->losses = atomic_read(&vd->losses);
	spin_lock_irqsave(&q->lock, flags);
	list_add_tail(&work->list, &q->cmds);
	q->nr_cmds++;
	if (!vdisk_hold(q))
		vdisk_start_ticket(q);
	spin_unlock_irqrestore(&q->lock, flags);
	return SCST_PENDING;
}

static void vdisk_flush_fn(struct work_struct *work)
{
	struct vdisk *vd = container_of(work, struct vdisk, flush_work);
	unsigned int flags = vdisk_enter_io();

	vdisk_flush_all(vd);
	vdisk_leave_io(flags);
}

/**
 * vdisk_queue_flush - write all that is cached to the medium, soon
 * @vd: virtual disk with a store
 *
 * Context: any.
 */
void vdisk_queue_flush(struct vdisk *vd)
{
	queue_work(vd->worker->wq, &vd->flush_work);
}

static void vdisk_space_fn(struct work_struct *work)
{
	struct vdisk *vd = container_of(to_delayed_work(work), struct vdisk,
					space_work);
	unsigned int flags = vdisk_enter_io();

	vdisk_space_check(vd);
	vdisk_leave_io(flags);
}

/**
 * vdisk_queue_space_check - call vdisk_space_check()
 * @vd: virtual disk with a store that has space
 * @delay: when, in jiffies, or earlier; 0: soon
 *
 * Context: any.
 */
void vdisk_queue_space_check(struct vdisk *vd, unsigned long delay)
{
	if (!delay)
		mod_delayed_work(vd->worker->wq, &vd->space_work, 0);
	/* What writes finds it so most often, and leaves it alone. */
	else if (!delayed_work_pending(&vd->space_work))
		queue_delayed_work(vd->worker->wq, &vd->space_work, delay);
}

static void vdisk_background_fn(struct work_struct *work)
{
	struct vdisk *vd = container_of(to_delayed_work(work), struct vdisk,
					background.work);
	unsigned int flags = vdisk_enter_io();
	bool more = vdisk_background_work(vd);

	vdisk_leave_io(flags);
	if (more)
		vdisk_queue_background(vd);
}

/**
 * vdisk_queue_background - go on with an operation on the whole medium
 * @vd: virtual disk with a store
 *
 * Not at once where the last try has failed.
 *
 * Context: any.
 */
void vdisk_queue_background(struct vdisk *vd)
{
	queue_delayed_work(vd->worker->wq, &vd->background.work,
			   vd->background.retries ? HZ : 0);
}

static void vdisk_self_test_fn(struct work_struct *work)
{
	struct vdisk *vd = container_of(to_delayed_work(work), struct vdisk,
					self_tests.work);
	unsigned int flags = vdisk_enter_io();
	long delay = vdisk_self_test_work(vd);

	vdisk_leave_io(flags);
	if (delay >= 0)
		queue_delayed_work(system_long_wq, &vd->self_tests.work, delay);
}

/**
 * vdisk_queue_self_test - begin with a self-test in the background
 * @vd: virtual disk with a store
 *
 * Context: any.
 */
void vdisk_queue_self_test(struct vdisk *vd)
{
	/*
	 * The one before it may have left it waiting.  No memory is freed by it: it is not
	 * for the rescuer of the unit's workqueue.
	 */
	mod_delayed_work(system_long_wq, &vd->self_tests.work, 0);
}

static void vdisk_queue_init(struct vdisk_queue *q, struct workqueue_struct *wq)
{
	unsigned int i;

	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->cmds);
	INIT_LIST_HEAD(&q->done);
	q->wq = wq;
	q->idle = GENMASK(VDISK_NR_TICKETS - 1, 0);
	q->deferred.fn = vdisk_submitter_left;
	timer_setup(&q->timer, vdisk_timer_fn, TIMER_PINNED);
	for (i = 0; i < VDISK_NR_TICKETS; i++) {
		INIT_WORK(&q->tickets[i].work, vdisk_ticket_fn);
		q->tickets[i].queue = q;
	}
}

/* Under the lock: who has changed it has left the queue. */
static bool vdisk_is_deferred(struct vdisk_queue *q)
{
	guard(spinlock_irq)(&q->lock);
	return q->is_deferred;
}

/* What waits finds nothing to do any more. */
static void vdisk_queue_exit(struct vdisk_queue *q)
{
	timer_shutdown_sync(&q->timer);
	wait_var_event(&q->is_deferred, !vdisk_is_deferred(q));
}

/**
 * vdisk_worker_init - give a virtual disk its workers
 * @vd: virtual disk
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int vdisk_worker_init(struct vdisk *vd)
{
	struct vdisk_worker *worker;
	int cpu;

	worker = kzalloc(sizeof(*worker), GFP_KERNEL);
	if (!worker)
		return -ENOMEM;
	worker->wq = alloc_workqueue("scst_%.20s", WQ_MEM_RECLAIM, 0,
				     dev_name(&vd->dev->dev));
	if (!worker->wq)
		goto free_worker;
	worker->queues = alloc_percpu(struct vdisk_queue);
	if (!worker->queues)
		goto destroy_wq;

	for_each_possible_cpu(cpu)
		vdisk_queue_init(per_cpu_ptr(worker->queues, cpu), worker->wq);
	INIT_WORK(&vd->flush_work, vdisk_flush_fn);
	INIT_DELAYED_WORK(&vd->space_work, vdisk_space_fn);
	INIT_DELAYED_WORK(&vd->background.work, vdisk_background_fn);
	INIT_DELAYED_WORK(&vd->self_tests.work, vdisk_self_test_fn);
	vd->worker = worker;
	return 0;

destroy_wq:
	destroy_workqueue(worker->wq);
free_worker:
	kfree(worker);
	return -ENOMEM;
}

/**
 * vdisk_worker_exit - undo vdisk_worker_init()
 * @vd: virtual disk none of whose commands executes
 *
 * Context: process context; waits for a flush that nobody waits for.
 */
void vdisk_worker_exit(struct vdisk *vd)
{
	struct vdisk_worker *worker = vd->worker;
	int cpu;

	cancel_delayed_work_sync(&vd->space_work);
	vd->worker = NULL;
	/* Work items start timers. */
	destroy_workqueue(worker->wq);
	for_each_possible_cpu(cpu)
		vdisk_queue_exit(per_cpu_ptr(worker->queues, cpu));
	free_percpu(worker->queues);
	kfree(worker);
}
