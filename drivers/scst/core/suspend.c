// SPDX-License-Identifier: GPL-2.0
/*
 * Logical units none of whose commands executes: for those who change a unit, and,
 * as long as the administrator wants it, by the attribute "blocked".
 *
 * Commands that come meanwhile keep their places in the task set, and wait.  They
 * can be aborted as ever.
 */

#include <linux/sysfs.h>
#include "core.h"

/**
 * scst_device_suspend - have a logical unit alone
 * @dev: unit; the caller holds its mutex
 *
 * Waits for executing commands and holds up new ones, until
 * scst_device_resume().  It can be suspended again meanwhile.
 *
 * Context: process context, may sleep.
 */
void scst_device_suspend(struct scst_device *dev)
{
	lockdep_assert_held(&dev->mutex);
	if (!dev->nr_suspends++)
		scst_gate_close(&dev->exec_gate, &dev->suspend_entry);
}
EXPORT_SYMBOL_GPL(scst_device_suspend);

/**
 * scst_device_resume - end scst_device_suspend()
 * @dev: unit; the caller holds its mutex
 *
 * Context: process context.
 */
void scst_device_resume(struct scst_device *dev)
{
	lockdep_assert_held(&dev->mutex);
	if (!--dev->nr_suspends)
		scst_gate_leave(&dev->exec_gate, &dev->suspend_entry);
}
EXPORT_SYMBOL_GPL(scst_device_resume);

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
	char *envp[] = { (char *)event, NULL };

	lockdep_assert_held(&dev->mutex);
	sysfs_notify(&dev->dev.kobj, NULL, "blocked");
	/* No event after the uevent of its removal */
	if (!dev->dying)
		kobject_uevent_env(&dev->dev.kobj, KOBJ_CHANGE, envp);
}

static int device_block(struct scst_device *dev)
{
	guard(mutex)(&dev->mutex);
	if (dev->dying)
		return -ENODEV;
	if (dev->nr_blocks == SCST_MAX_BLOCKS)
		return -EOVERFLOW;
	scst_device_suspend(dev);
	WRITE_ONCE(dev->nr_blocks, dev->nr_blocks + 1);
	if (dev->nr_blocks == 1)
		blocked_changed(dev, "SCST_EVENT=blocked");
	return 0;
}

static int device_unblock(struct scst_device *dev)
{
	guard(mutex)(&dev->mutex);
	if (!dev->nr_blocks)
		return -EINVAL;
	WRITE_ONCE(dev->nr_blocks, dev->nr_blocks - 1);
	scst_device_resume(dev);
	if (!dev->nr_blocks)
		blocked_changed(dev, "SCST_EVENT=unblocked");
	return 0;
}

/* The unit is dying: nobody waits for it. */
void scst_device_unblock_all(struct scst_device *dev)
{
	while (!device_unblock(dev))
		;
}

static ssize_t blocked_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	struct scst_device *unit = to_scst_dev(dev);
	bool block;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = kstrtobool(buf, &block);
	if (ret) {
		dev_err(dev, "blocked: want 0 or 1\n");
		return ret;
	}
	ret = block ? device_block(unit) : device_unblock(unit);
	if (ret)
		dev_err(dev, "blocked: %s (%pe)\n",
			ret == -EINVAL ? "it is not" :
			ret == -EOVERFLOW ? "too often" : "it is being deleted",
			ERR_PTR(ret));
	return ret ?: count;
}
DEVICE_ATTR_RW(blocked);
