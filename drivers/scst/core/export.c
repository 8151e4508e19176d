// SPDX-License-Identifier: GPL-2.0
/*
 * Which targets a unit is a LUN of, and which it is made of.
 *
 * A disk that a target has on this host is not served by that target again, be it by a
 * file on it.  Its disks share the tags of a host adapter: commands of the outer disk
 * could have them all, and wait for a command of the inner one, which then never gets
 * one.  What goes by another target, by a driver that stacks block devices, or by a
 * file system of several devices, is not seen.
 */

#include "core.h"

static bool export_is_loop(struct scst_device *dev, const struct scst_tgt *tgt)
{
	const struct scst_lower *lower;

	lockdep_assert_held(&dev->export_tgts.xa_lock);
	list_for_each_entry(lower, &dev->lowers, entry)
		if (lower->tgt == tgt)
			return true;
	return false;
}

static int export_alloc(struct scst_device *dev, struct scst_tgt *tgt)
{
	int ret;
	u32 id;

	guard(spinlock)(&dev->export_tgts.xa_lock);
	ret = __xa_alloc(&dev->export_tgts, &id, tgt, xa_limit_31b, GFP_KERNEL);
	if (ret)
		return ret;
	/* It may have let go of the lock. */
	if (export_is_loop(dev, tgt)) {
		__xa_erase(&dev->export_tgts, id);
		return -ELOOP;
	}
	return id;
}

/**
 * scst_device_get_export - a LUN is to be mapped to a unit
 * @dev: unit
 * @tgt: target of the LUN
 *
 * Pins the unit and the handler's module.
 *
 * Context: process context, may sleep.
 * Return: number for scst_device_put_export(), or -ENODEV, -ENOMEM, -ELOOP when the
 * unit is made of a disk of @tgt.
 */
int scst_device_get_export(struct scst_device *dev, struct scst_tgt *tgt)
{
	int id;

	guard(mutex)(&dev->mutex);
	/* One that is not ready may have no handler, or is to have another one. */
	if (dev->dying || !dev->ready || READ_ONCE(dev->gone) ||
	    !try_module_get(dev->type->driver.owner))
		return -ENODEV;
	id = export_alloc(dev, tgt);
	if (id < 0) {
		module_put(dev->type->driver.owner);
		return id;
	}
	atomic_inc(&dev->nr_pins);
	get_device(&dev->dev);
	return id;
}

/* End scst_device_get_export(). */
void scst_device_put_export(struct scst_device *dev, int id)
{
	xa_erase(&dev->export_tgts, id);
	scst_device_unpin(dev);
}

/* The device of a session is below that of its target. */
static struct scst_tgt *lower_tgt_of(struct device *on)
{
	while (on && on->type != &scst_tgt_device_type)
		on = on->parent;
	return on ? to_scst_tgt(on) : NULL;
}

/**
 * scst_lower_add - say what device of this host a unit is made of
 * @dev: logical unit
 * @lower: zeroed memory, until scst_lower_del()
 * @on: the device
 *
 * If it is a disk of a target here, @dev cannot become a LUN of that target.
 *
 * Context: process context; @on and all that it is below stay registered meanwhile,
 * not longer.
 * Return: 0, or -ELOOP when @dev is a LUN of that target.
 */
int scst_lower_add(struct scst_device *dev, struct scst_lower *lower,
		   struct device *on)
{
	struct scst_tgt *tgt = lower_tgt_of(on);
	struct scst_tgt *user;
	unsigned long id;

	if (!tgt)
		return 0;
	guard(spinlock)(&dev->export_tgts.xa_lock);
	xa_for_each(&dev->export_tgts, id, user)
		if (user == tgt)
			return -ELOOP;
	get_device(&tgt->dev);
	lower->tgt = tgt;
	list_add(&lower->entry, &dev->lowers);
	return 0;
}
EXPORT_SYMBOL_GPL(scst_lower_add);

/**
 * scst_lower_del - a unit is not made of a device any more
 * @dev: logical unit
 * @lower: what scst_lower_add() got, or zeroed memory
 *
 * Context: process context.
 */
void scst_lower_del(struct scst_device *dev, struct scst_lower *lower)
{
	if (!lower->tgt)
		return;
	scoped_guard(spinlock, &dev->export_tgts.xa_lock)
		list_del(&lower->entry);
	put_device(&lower->tgt->dev);
	lower->tgt = NULL;
}
EXPORT_SYMBOL_GPL(scst_lower_del);
