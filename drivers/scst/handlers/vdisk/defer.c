// SPDX-License-Identifier: GPL-2.0
/*
 * Wait until whoever runs on this CPU leaves it.
 *
 * A task that has much to submit is to do so before others begin to execute it.
 * The scheduler knows when it sleeps: a thread of the policy SCHED_BATCH does not
 * preempt it when it is woken, and has its turn when it sleeps.  If the task does
 * not sleep, the thread gets its share of the CPU as any other does.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/smpboot.h>
#include <uapi/linux/sched/types.h>
#include "vdisk.h"

/**
 * struct vdisk_deferrer - of a CPU
 * @lock: protects @list and @active
 * @list: what waits
 * @active: @thread runs when it is woken
 * @thread: calls the functions
 */
struct vdisk_deferrer {
	spinlock_t lock;	/* see above */
	struct list_head list;
	bool active;
	struct task_struct *thread;
};

static DEFINE_PER_CPU(struct vdisk_deferrer, vdisk_deferrers);

static int vdisk_defer_should_run(unsigned int cpu)
{
	return !list_empty(&per_cpu(vdisk_deferrers, cpu).list);
}

static void vdisk_defer_run(unsigned int cpu)
{
	struct vdisk_deferrer *dr = per_cpu_ptr(&vdisk_deferrers, cpu);
	struct vdisk_deferred *d, *next;
	LIST_HEAD(list);

	scoped_guard(spinlock_irq, &dr->lock)
		list_splice_init(&dr->list, &list);
	/* It may be gone, or wait again, when its function has begun. */
	list_for_each_entry_safe(d, next, &list, list)
		d->fn(d);
}

static void vdisk_defer_unpark(unsigned int cpu)
{
	struct vdisk_deferrer *dr = per_cpu_ptr(&vdisk_deferrers, cpu);

	guard(spinlock_irq)(&dr->lock);
	dr->active = true;
}

static void vdisk_defer_setup(unsigned int cpu)
{
	struct sched_attr attr = { .sched_policy = SCHED_BATCH };

	/* Else only the batches are smaller. */
	sched_setattr_nocheck(current, &attr);
	vdisk_defer_unpark(cpu);
}

static void vdisk_defer_park(unsigned int cpu)
{
	struct vdisk_deferrer *dr = per_cpu_ptr(&vdisk_deferrers, cpu);

	scoped_guard(spinlock_irq, &dr->lock)
		dr->active = false;
	vdisk_defer_run(cpu);
}

static struct smp_hotplug_thread vdisk_defer_hotplug = {
	.store			= &vdisk_deferrers.thread,
	.thread_should_run	= vdisk_defer_should_run,
	.thread_fn		= vdisk_defer_run,
	.setup			= vdisk_defer_setup,
	.unpark			= vdisk_defer_unpark,
	.park			= vdisk_defer_park,
	.thread_comm		= "scst_vdisk/%u",
};

/**
 * vdisk_defer - call a function when the task that runs here leaves the CPU
 * @d: does not wait yet; its function is called in process context, once
 *
 * Context: any.
 * Return: false if that cannot be done, as the CPU goes offline.
 */
bool vdisk_defer(struct vdisk_deferred *d)
{
	struct vdisk_deferrer *dr = raw_cpu_ptr(&vdisk_deferrers);

	guard(spinlock_irqsave)(&dr->lock);
	if (!dr->active)
		return false;
	list_add_tail(&d->list, &dr->list);
	if (list_is_singular(&dr->list))
		wake_up_process(dr->thread);
	return true;
}

/**
 * vdisk_defer_init - create the threads
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno.
 */
int __init vdisk_defer_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vdisk_deferrer *dr = per_cpu_ptr(&vdisk_deferrers, cpu);

		spin_lock_init(&dr->lock);
		INIT_LIST_HEAD(&dr->list);
	}
	return smpboot_register_percpu_thread(&vdisk_defer_hotplug);
}

/**
 * vdisk_defer_exit - undo vdisk_defer_init(); nothing waits
 *
 * Context: process context, may sleep.
 */
void vdisk_defer_exit(void)
{
	smpboot_unregister_percpu_thread(&vdisk_defer_hotplug);
}
