// SPDX-License-Identifier: GPL-2.0
/*
 * Units that stand for a device of this host.
 *
 * Such a unit is on the bus as long as the device is there, but is served, and can
 * be mapped, only while a handler has it: claimed by the handler's add_device, given
 * back by del_device.  Meanwhile its type is that handler; before and after it is
 * one that is no driver and has no commands.
 *
 * The device may go at any time, under locks that its removal holds.  So the unit
 * is only marked then, and leaves the device's directory; the rest, which waits for
 * commands and for initiators, is for a thread.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include "core.h"

static struct scst_dev_type passthrough_unclaimed = {
	.driver.name = "",
};

/**
 * scst_passthrough_was_reset - a device of this host was reset, by whomever
 * @dev: unit that stands for it
 *
 * Its reservations by RESERVE end, and nobody prevents the removal of its medium; the
 * caller raises the unit attention condition.
 *
 * Context: any.
 */
void scst_passthrough_was_reset(struct scst_device *dev)
{
	scst_device_allow_removal(dev);
	scst_reservation_reset(dev);
}
EXPORT_SYMBOL_GPL(scst_passthrough_was_reset);

/**
 * scst_alloc_passthrough - make a unit that stands for a device of this host
 * @name: name of the unit
 * @type: peripheral device type of the device
 * @persist_name: what its reservations are kept under when power is lost, which
 *	should name the device and not where it is; copied; or NULL for @name
 * @priv_size: as in scst_alloc_device()
 *
 * put_device() gives it up before scst_add_passthrough().
 *
 * Context: process context, may sleep.
 * Return: the unit or ERR_PTR(): -EINVAL when @name is not a valid name, -ENOMEM.
 */
struct scst_device *scst_alloc_passthrough(const char *name, u8 type,
					   const char *persist_name,
					   size_t priv_size)
{
	struct scst_device *unit;

	unit = scst_alloc_device(&passthrough_unclaimed, name, priv_size);
	if (IS_ERR(unit))
		return unit;
	unit->passthrough = true;
	unit->passthrough_type = type;
	if (!persist_name)
		return unit;
	unit->persist_name = kstrdup(persist_name, GFP_KERNEL);
	if (unit->persist_name)
		return unit;
	put_device(&unit->dev);
	return ERR_PTR(-ENOMEM);
}
EXPORT_SYMBOL_GPL(scst_alloc_passthrough);

/**
 * scst_add_passthrough - make a unit known that no handler serves
 * @dev: what scst_alloc_passthrough() returned
 * @parent: the device it stands for
 *
 * Context: process context, may sleep; the removal of @parent has to be held off.
 * Return: 0, or -EEXIST when the name is in use, or another negative errno.
 */
int scst_add_passthrough(struct scst_device *dev, struct device *parent)
{
	int ret;

	ret = scst_add_name(&dev->name, &dev->dev);
	if (ret)
		return ret;
	dev->dev.parent = parent;
	/* Nobody can have mapped it. */
	scst_lower_add(dev, &dev->passthrough_lower, parent);
	/* Who claims it has been told of it, or guesses, before it is complete. */
	scoped_guard(mutex, &dev->claim_mutex)
		ret = device_add(&dev->dev);
	if (ret) {
		scst_lower_del(dev, &dev->passthrough_lower);
		scst_del_name(&dev->name);
	}
	return ret;
}
EXPORT_SYMBOL_GPL(scst_add_passthrough);

/* Why a handler may not have a unit: an errno that was logged, or 0 */
static int claim_fault(struct scst_device *dev, const struct scst_dev_type *type)
{
	if (READ_ONCE(dev->gone) || !device_is_registered(&dev->dev)) {
		dev_err(&dev->dev, "is gone\n");
		return -ENODEV;
	}
	if (dev->type != &passthrough_unclaimed) {
		dev_err(&dev->dev, "is served by %s\n", dev->type->driver.name);
		return -EBUSY;
	}
	if (dev->passthrough_type != type->type) {
		dev_err(&dev->dev, "is of type %u, which is not for %s\n",
			dev->passthrough_type, type->driver.name);
		return -EINVAL;
	}
	return 0;
}

/*
 * Two paths to one device are not two devices, and a unit may have the name that the
 * device has: what each remembered of reservations the other would not know.
 */
static int claim_persist_name(struct scst_device *dev)
{
	if (!dev->persist_name)
		return 0;
	return scst_add_alias(&dev->persist_alias, &dev->dev,
			      dev->persist_name);
}

static int claim(struct scst_device *dev, struct scst_dev_type *type)
{
	int ret;

	ret = claim_fault(dev, type) ?: claim_persist_name(dev);
	if (ret)
		return ret;
	guard(mutex)(&dev->mutex);
	WRITE_ONCE(dev->type, type);
	dev->ts_per_nexus = dev->tst;
	dev->was_online = false;
	return 0;
}

static void unclaim(struct scst_device *dev)
{
	scoped_guard(mutex, &dev->mutex) {
		WRITE_ONCE(dev->type, &passthrough_unclaimed);
		dev->dying = READ_ONCE(dev->gone);
	}
	if (dev->persist_name)
		scst_del_name(&dev->persist_alias);
	/* Attributes that show something of the handler */
	synchronize_rcu();
}

static void claim_detach(struct scst_device *dev)
{
	/* Who comes by the file bind now is refused by dev_probe(). */
	WRITE_ONCE(dev->bind_allowed, false);
	device_release_driver(&dev->dev);
}

/* From here on others may map it, and give it back. */
static void claim_announce(struct scst_device *dev)
{
	guard(mutex)(&dev->mutex);
	WRITE_ONCE(dev->ready, true);
	dev_set_uevent_suppress(&dev->dev, 0);
	kobject_uevent(&dev->dev.kobj, KOBJ_BIND);
}

static int claim_and_attach(struct scst_device *dev, struct scst_dev_type *type)
{
	int ret;

	ret = claim(dev, type);
	if (ret)
		return ret;
	ret = scst_pr_start(dev);
	if (ret)
		goto unclaim;
	/* User space hears of it when it is of use. */
	dev_set_uevent_suppress(&dev->dev, 1);
	ret = scst_attach_device(dev);
	if (ret)
		goto detach;
	scst_inject_add_device(dev);
	scst_type_remember(dev);
	claim_announce(dev);
	return 0;

detach:
	claim_detach(dev);
	dev_set_uevent_suppress(&dev->dev, 0);
	scst_pr_stop(dev);
unclaim:
	unclaim(dev);
	return ret;
}

/**
 * scst_claim_passthrough - let a handler serve a unit
 * @type: handler
 * @name: name of the unit
 *
 * Context: process context, may sleep.
 * Return: 0; -ENOENT when there is no such unit, -ENODEV when its device is gone,
 * -EBUSY when it is served, be it by another name, -EEXIST when a unit has the name that
 * its reservations are kept under, -EINVAL when it is none for @type, or what attach()
 * returned.
 */
int scst_claim_passthrough(struct scst_dev_type *type, const char *name)
{
	struct scst_device *dev;
	int ret;

	dev = scst_find_passthrough(name);
	if (!dev) {
		pr_err("%s: add_device: no device %.*s\n", type->driver.name,
		       SCST_MAX_NAME, name);
		return -ENOENT;
	}
	/* Not two at a time, nor while it is being given back */
	scoped_guard(mutex, &dev->claim_mutex)
		ret = claim_and_attach(dev, type);
	put_device(&dev->dev);
	return ret;
}

/* From here on it cannot be mapped. */
static int unclaim_begin(struct scst_device *dev)
{
	guard(mutex)(&dev->mutex);
	if (scst_device_is_pinned(dev))
		return -EBUSY;
	dev->dying = true;
	WRITE_ONCE(dev->ready, false);
	return 0;
}

/**
 * scst_unclaim_passthrough - a handler gives a unit back
 * @dev: unit
 * @type: handler, or NULL: whichever has it
 *
 * Context: process context; waits for executing commands and for callbacks of
 * the handler's attributes.
 * Return: 0; -EBUSY while it is mapped, -ENODEV when @type does not have it.
 */
int scst_unclaim_passthrough(struct scst_device *dev,
			     const struct scst_dev_type *type)
{
	int ret;

	guard(mutex)(&dev->claim_mutex);
	if (dev->type == &passthrough_unclaimed || (type && dev->type != type))
		return -ENODEV;
	ret = unclaim_begin(dev);
	if (ret)
		return ret;
	scst_alua_del_device(dev);
	scst_device_unblock_all(dev);
	scst_pr_stop(dev);
	claim_detach(dev);
	scst_inject_del_device(dev);
	unclaim(dev);
	/* The handler's unregistration waits for those that it finds. */
	scst_type_forget(dev);
	return 0;
}

/**
 * scst_passthrough_gone - the device that a unit stands for goes
 * @dev: unit that scst_add_passthrough() has added; its handler ends commands with
 *	an error from now on.  scst_del_passthrough() is due.
 *
 * The unit cannot be mapped any more.  It is no child of that device when this
 * returns, unless there is no memory for that, which is logged.
 *
 * Context: process context; waits for nobody who waits for commands.
 */
void scst_passthrough_gone(struct scst_device *dev)
{
	WRITE_ONCE(dev->gone, true);
	scst_lower_del(dev, &dev->passthrough_lower);
	/* A driver core that is about to bind it puts what it got of the old parent. */
	pm_runtime_get_noresume(scst_devices_dir);
	if (device_move(&dev->dev, scst_devices_dir, DPM_ORDER_NONE))
		dev_warn(&dev->dev, "stays in the directory of what is gone\n");
}
EXPORT_SYMBOL_GPL(scst_passthrough_gone);

/*
 * Who was about to map it, and did not know yet, comes to an end meanwhile, and so
 * does who takes it from LUNs too.
 */
static void passthrough_unmap(struct scst_device *dev)
{
	do {
		scst_acg_unmap(dev);
	} while (!wait_var_event_timeout(&dev->nr_pins,
					 !scst_device_is_pinned(dev), HZ));
}

/**
 * scst_del_passthrough - delete a unit whose device is gone
 * @dev: unit, after scst_passthrough_gone(); the caller's reference is dropped
 *
 * Takes it from all LUNs and from its handler.
 *
 * Context: process context; waits for executing commands, for initiators on this
 * host, and for callbacks of attributes.
 */
void scst_del_passthrough(struct scst_device *dev)
{
	scoped_guard(mutex, &dev->mutex)
		dev->dying = true;
	/* Initiators that let go of it must not wait for who has blocked it. */
	scst_device_unblock_all(dev);
	passthrough_unmap(dev);
	scst_unclaim_passthrough(dev, NULL);
	disable_delayed_work_sync(&dev->event_work);
	device_del(&dev->dev);
	scst_del_name(&dev->name);
	put_device(&dev->dev);
}
EXPORT_SYMBOL_GPL(scst_del_passthrough);

/**
 * scst_is_port_device - is a device a target or a session?
 * @dev: device, or NULL
 *
 * Context: any.
 * Return: true if it is on the bus scsi_tgt_port.
 */
bool scst_is_port_device(const struct device *dev)
{
	return dev && dev->bus == scst_port_bus();
}
EXPORT_SYMBOL_GPL(scst_is_port_device);
