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
 * A unit has a workqueue, and hence a rescuer, of its own: its store may lie on
 * another unit of this host, which must not wait for the same thread.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "vdisk.h"

/* How many commands of a CPU can wait for the medium at once */
#define VDISK_NR_TICKETS	32

struct vdisk_ticket {
	struct work_struct work;
	struct vdisk_queue *queue;
};

struct vdisk_queue {
	spinlock_t lock;	/* protects cmds, starting and idle */
	struct list_head cmds;
	bool starting;		/* a ticket is queued and has not begun */
	unsigned long idle;	/* bitmap of tickets that are free */
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
	if (q->starting || !q->idle || list_empty(&q->cmds))
		return;
	i = __ffs(q->idle);
	__clear_bit(i, &q->idle);
	q->starting = true;
	queue_work(q->wq, &q->tickets[i].work);
}

static void vdisk_run_work(struct vdisk_work *work)
{
	struct scst_cmd *cmd = container_of((void *)work, struct scst_cmd, priv);
	scst_sense_t result = work->fn(cmd);

	if (result != SCST_PENDING)
		scst_cmd_done(cmd, result);
	cond_resched();
}

static void vdisk_drain_queue(struct vdisk_queue *q)
{
	/* Leave the CPU to other work items now and then. */
	unsigned long end = jiffies + 1;
	struct vdisk_work *work;

	lockdep_assert_held(&q->lock);
	q->starting = false;
	while (!list_empty(&q->cmds) && time_before_eq(jiffies, end)) {
		work = list_first_entry(&q->cmds, struct vdisk_work, list);
		list_del(&work->list);
		vdisk_start_ticket(q);
		spin_unlock_irq(&q->lock);

		vdisk_run_work(work);

		spin_lock_irq(&q->lock);
	}
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
	struct vdisk_work *work = (struct vdisk_work *)cmd->priv;
	unsigned long flags;

	work->fn = fn;
	spin_lock_irqsave(&q->lock, flags);
	list_add_tail(&work->list, &q->cmds);
	vdisk_start_ticket(q);
	spin_unlock_irqrestore(&q->lock, flags);
	return SCST_PENDING;
}

static void vdisk_flush_fn(struct work_struct *work)
{
	struct vdisk *vd = container_of(work, struct vdisk, flush_work);
	unsigned int flags = vdisk_enter_io();

	if (vd->type->ops->flush(vd, 0, 0)) {
		WRITE_ONCE(vd->flush_failed, true);
		scst_device_event(vd->dev, SCST_DEV_EVENT_IO_ERROR);
	}
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

static void vdisk_queue_init(struct vdisk_queue *q, struct workqueue_struct *wq)
{
	unsigned int i;

	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->cmds);
	q->wq = wq;
	q->idle = GENMASK(VDISK_NR_TICKETS - 1, 0);
	for (i = 0; i < VDISK_NR_TICKETS; i++) {
		INIT_WORK(&q->tickets[i].work, vdisk_ticket_fn);
		q->tickets[i].queue = q;
	}
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

	vd->worker = NULL;
	destroy_workqueue(worker->wq);
	free_percpu(worker->queues);
	kfree(worker);
}
