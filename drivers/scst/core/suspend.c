// SPDX-License-Identifier: GPL-2.0
/*
 * Logical units none of whose commands executes: for those who change a unit, and,
 * as long as the administrator wants it, by the attribute "blocked".
 *
 * Commands that come meanwhile keep their places in the task set, and wait.  They
 * can be aborted as ever.
 */

#include <linux/sched/mm.h>
#include <linux/sysfs.h>
#include "core.h"

static void suspend_close(struct scst_device *dev)
{
	lockdep_assert_held(&dev->suspend_mutex);
	if (!dev->nr_blocks)
		scst_gate_close(&dev->exec_gate, &dev->suspend_entry);
}

static void suspend_open(struct scst_device *dev)
{
	lockdep_assert_held(&dev->suspend_mutex);
	if (!dev->nr_blocks)
		scst_gate_leave(&dev->exec_gate, &dev->suspend_entry);
}

/**
 * scst_device_suspend - have a logical unit alone
 * @dev: unit
 *
 * Waits for executing commands and holds up new ones, until
 * scst_device_resume() by the same task.  A LUN RESET waits for that, so what is
 * done meanwhile must not wait for memory that is written back to the unit.
 *
 * Context: process context, may sleep.
 */
void scst_device_suspend(struct scst_device *dev)
{
	mutex_lock(&dev->suspend_mutex);
	suspend_close(dev);
}
EXPORT_SYMBOL_GPL(scst_device_suspend);

/**
 * scst_device_resume - end scst_device_suspend()
 * @dev: unit
 *
 * Context: process context.
 */
void scst_device_resume(struct scst_device *dev)
{
	suspend_open(dev);
	mutex_unlock(&dev->suspend_mutex);
}
EXPORT_SYMBOL_GPL(scst_device_resume);

/**
 * scst_device_quiesce - have a suspended unit leave its store alone
 * @dev: unit
 *
 * What commands have written is on stable storage then.
 *
 * Context: process context, may sleep.
 * Return: 0; -EBUSY while an operation in the background writes; another negative
 * errno when the store has failed.
 */
int scst_device_quiesce(struct scst_device *dev)
{
	unsigned int noio;
	int ret;

	lockdep_assert_held(&dev->suspend_mutex);
	/* Pairs with dev_probe().  The handler stays while it is online. */
	if (!smp_load_acquire(&dev->online) || !dev->type->quiesce)
		return 0;
	noio = memalloc_noio_save();
	ret = dev->type->quiesce(dev);
	memalloc_noio_restore(noio);
	return ret;
}

/* ------------------------------------------------------------------------
 * The attribute "blocked"
 */

static ssize_t blocked_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_scst_dev(dev)->nr_blocks));
}

/* What waits in poll(), and whoever listens, hears of it. */
static void blocked_changed(struct scst_device *dev, const char *event)
{
	char *envp[2] = { (char *)event, NULL };
	unsigned int noio;

	lockdep_assert_held(&dev->mutex);
	sysfs_notify(&dev->dev.kobj, NULL, "blocked");
	/* No event after the uevent of its removal */
	if (dev->dying)
		return;
	/* The unit is blocked: memory must not be waited for that it writes back. */
	noio = memalloc_noio_save();
	kobject_uevent_env(&dev->dev.kobj, KOBJ_CHANGE, envp);
	memalloc_noio_restore(noio);
}

static int block_more(struct scst_device *dev)
{
	int ret;

	guard(mutex)(&dev->suspend_mutex);
	if (dev->nr_blocks == SCST_MAX_BLOCKS)
		return -EOVERFLOW;
	suspend_close(dev);
	ret = scst_device_quiesce(dev);
	if (ret)
		suspend_open(dev);
	else
		WRITE_ONCE(dev->nr_blocks, dev->nr_blocks + 1);
	return ret;
}

static int device_block(struct scst_device *dev)
{
	bool first;
	int ret;

	scoped_guard(mutex, &dev->mutex) {
		if (dev->dying)
			return -ENODEV;
		ret = block_more(dev);
		if (ret)
			return ret;
		first = dev->nr_blocks == 1;
	}
	/*
	 * What is saved elsewhere is to be handed over too.  That may be on the unit
	 * itself: then somebody has to unblock it.
	 */
	scst_pr_flush(dev);
	guard(mutex)(&dev->mutex);
	if (first && dev->nr_blocks)
		blocked_changed(dev, "SCST_EVENT=blocked");
	return 0;
}

static int block_less(struct scst_device *dev)
{
	guard(mutex)(&dev->suspend_mutex);
	if (!dev->nr_blocks)
		return -EINVAL;
	WRITE_ONCE(dev->nr_blocks, dev->nr_blocks - 1);
	suspend_open(dev);
	return 0;
}

static int device_unblock(struct scst_device *dev)
{
	int ret;

	guard(mutex)(&dev->mutex);
	ret = block_less(dev);
	if (!ret && !dev->nr_blocks)
		blocked_changed(dev, "SCST_EVENT=unblocked");
	return ret;
}

/* The unit is dying: nobody waits for it. */
void scst_device_unblock_all(struct scst_device *dev)
{
	while (!device_unblock(dev))
		;
}

static const char *blocked_fault(int err)
{
	switch (err) {
	case -EINVAL:
		return "it is not";
	case -EOVERFLOW:
		return "too often";
	case -ENODEV:
		return "it is being deleted";
	case -EBUSY:
		return "something writes in the background";
	default:
		return "the store cannot be flushed";
	}
}

static ssize_t blocked_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	struct scst_device *unit = to_scst_dev(dev);
	bool block;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (kstrtobool(buf, &block)) {
		dev_err(dev, "blocked: want 0 or 1\n");
		return -EINVAL;
	}
	ret = block ? device_block(unit) : device_unblock(unit);
	if (ret)
		dev_err(dev, "blocked: %s (%pe)\n", blocked_fault(ret),
			ERR_PTR(ret));
	return ret ?: count;
}

struct device_attribute scst_device_attr_blocked =
	__ATTR(blocked, 0644, blocked_show, blocked_store);
