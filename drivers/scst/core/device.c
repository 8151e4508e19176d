// SPDX-License-Identifier: GPL-2.0
/*
 * Target devices (logical units) and their bus, scsi_tgt_dev.
 *
 * probe() attaches the dev handler and remove() detaches it, at any time, under
 * I/O.  A device that is not attached answers NOT READY.
 */

#include <linux/slab.h>
#include <linux/wait_bit.h>
#include "core.h"

static int dev_match(struct device *dev, const struct device_driver *drv)
{
	const struct scst_device *unit;

	if (dev->type != &scst_device_type)
		return 0;
	unit = to_scst_dev(dev);
	return unit->bind_allowed && &unit->type->driver == drv;
}

static int dev_probe(struct device *dev)
{
	struct scst_device *unit = to_scst_dev(dev);
	int ret;

	/* No handler has it any more, or another one: match() was before that. */
	if (!READ_ONCE(unit->bind_allowed) ||
	    dev->driver != &unit->type->driver)
		return -ENODEV;
	ret = unit->type->attach(unit);
	if (ret)
		return ret;

	/* SPC-6 table 59: what had not been ready may have another content. */
	if (unit->was_online)
		scst_device_ua(unit, SCST_UA_MEDIUM_CHANGED, NULL);
	unit->was_online = true;
	/* Pairs with those who look before they call the handler */
	smp_store_release(&unit->online, true);
	return 0;
}

static bool dev_has_nexus(struct scst_device *unit)
{
	guard(spinlock_irqsave)(&unit->tgt_dev_lock);
	return !list_empty(&unit->tgt_devs);
}

static void dev_remove(struct device *dev)
{
	struct scst_device *unit = to_scst_dev(dev);

	WRITE_ONCE(unit->online, false);
	/*
	 * Wait for the commands that found it online, and for who brings it to
	 * rest.  No command executes without a nexus, and who comes later sees
	 * that it is offline.
	 */
	if (dev_has_nexus(unit)) {
		scst_device_suspend(unit);
		scst_device_resume(unit);
	} else {
		mutex_lock(&unit->suspend_mutex);
		mutex_unlock(&unit->suspend_mutex);
	}
	unit->type->detach(unit);
}

static int dev_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct scst_device *unit;
	const char *name;

	if (dev->type != &scst_device_type)
		return 0;
	unit = container_of_const(dev, struct scst_device, dev);
	/* scst_unclaim_passthrough() waits for this section. */
	guard(rcu)();
	name = READ_ONCE(unit->type)->driver.name;
	return *name ? add_uevent_var(env, "SCST_DRIVER=%s", name) : 0;
}

static const struct bus_type dev_bus = {
	.name	= "scsi_tgt_dev",
	.match	= dev_match,
	.probe	= dev_probe,
	.remove	= dev_remove,
	.uevent	= dev_uevent,
};

const struct bus_type *scst_dev_bus(void)
{
	return &dev_bus;
}

int scst_dev_bus_register(void)
{
	return bus_register(&dev_bus);
}

void scst_dev_bus_unregister(void)
{
	bus_unregister(&dev_bus);
}

static ssize_t type_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	const struct scst_device *unit = to_scst_dev(dev);

	return sysfs_emit(buf, "%u\n", unit->passthrough ?
				       unit->passthrough_type :
				       unit->type->type);
}
static DEVICE_ATTR_RO(type);

static ssize_t handler_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	/* scst_unclaim_passthrough() waits for this section. */
	guard(rcu)();
	return sysfs_emit(buf, "%s\n",
			  READ_ONCE(to_scst_dev(dev)->type)->driver.name);
}
static DEVICE_ATTR_RO(handler);

static ssize_t key_attributes_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	struct scst_device *unit = to_scst_dev(dev);

	guard(mutex)(&unit->mutex);
	if (!unit->type->key_attributes)
		return 0;
	return unit->type->key_attributes(unit, buf, 0);
}
static DEVICE_ATTR_RO(key_attributes);

static struct attribute *device_attrs[] = {
	&dev_attr_type.attr,
	&dev_attr_handler.attr,
	&dev_attr_key_attributes.attr,
	&scst_device_attr_blocked.attr,
	NULL
};

static const struct attribute_group device_group = {
	.attrs = device_attrs,
};

/* Links exportN to the LUNs, see scst_device_get_export() */
static struct attribute *exported_attrs[] = {
	NULL
};

static const struct attribute_group exported_group = {
	.name	= "exported",
	.attrs	= exported_attrs,
};

static const struct attribute_group *device_groups[] = {
	&device_group,
	&exported_group,
	&scst_reservation_group,
	NULL
};

static void device_release(struct device *dev)
{
	struct scst_device *unit = to_scst_dev(dev);

	scst_ranges_exit(&unit->ranges);
	scst_gate_exit(&unit->exec_gate);
	scst_gate_exit(&unit->task_set);
	xa_destroy(&unit->export_tgts);
	scst_pr_free(unit);
	kfree(unit->persist_name);
	kfree(unit);
	scst_object_put();
}

const struct device_type scst_device_type = {
	.name	 = "device",
	.groups	 = device_groups,
	.release = device_release,
};

static const char *const dev_event_names[] = {
	[SCST_DEV_EVENT_CAPACITY]	= "SCST_EVENT=capacity_changed",
	[SCST_DEV_EVENT_IO_ERROR]	= "SCST_EVENT=io_error",
	[SCST_DEV_EVENT_NO_SPACE]	= "SCST_EVENT=no_space",
	[SCST_DEV_EVENT_PREEMPTED]	= "SCST_EVENT=reservation_preempted",
};

/* Shortest time between two events of a device that initiators can cause */
#define DEV_EVENT_INTERVAL	HZ

static void dev_event_work(struct work_struct *work)
{
	struct scst_device *unit = container_of(to_delayed_work(work),
						struct scst_device, event_work);
	unsigned int event;

	for (event = 0; event < SCST_DEV_EVENT_NR; event++) {
		char *envp[2] = { (char *)dev_event_names[event] };

		if (test_and_clear_bit(event, &unit->events))
			kobject_uevent_env(&unit->dev.kobj, KOBJ_CHANGE, envp);
	}
	unit->last_event = jiffies;
}

/**
 * scst_device_event - tell user space that something happened to a unit
 * @dev: logical unit
 * @event: what
 *
 * Sends a uevent soon.  Errors that come faster than one a second become one
 * event of each kind.
 *
 * Context: any.
 */
void scst_device_event(struct scst_device *dev, enum scst_dev_event event)
{
	unsigned long next = READ_ONCE(dev->last_event) + DEV_EVENT_INTERVAL;
	unsigned long delay = 0;

	if (event != SCST_DEV_EVENT_CAPACITY && dev->last_event &&
	    time_before(jiffies, next))
		delay = next - jiffies;
	set_bit(event, &dev->events);
	if (delay)
		queue_delayed_work(system_unbound_wq, &dev->event_work, delay);
	else
		mod_delayed_work(system_unbound_wq, &dev->event_work, 0);
}
EXPORT_SYMBOL_GPL(scst_device_event);

static struct lock_class_key device_lock_key;

/**
 * scst_alloc_device - make a logical unit for new_device() to return
 * @type: dev handler
 * @name: name of the unit
 * @priv_size: bytes to allocate for the handler at scst_device.priv; zeroed,
 *	and freed by the core when the last reference to the unit is gone
 *
 * Until new_device() has returned it, put_device() gives it up.
 *
 * Context: process context, may sleep.
 * Return: the unit or ERR_PTR(): -EINVAL when @name is not a valid name,
 * -ENOMEM.
 */
struct scst_device *scst_alloc_device(struct scst_dev_type *type,
				      const char *name, size_t priv_size)
{
	struct scst_device *unit;
	int ret;

	if (!scst_valid_name(name))
		return ERR_PTR(-EINVAL);

	unit = kzalloc(ALIGN(sizeof(*unit), 16) + priv_size, GFP_KERNEL);
	if (!unit)
		return ERR_PTR(-ENOMEM);

	scst_object_get();
	unit->type = type;
	unit->priv = (void *)unit + ALIGN(sizeof(*unit), 16);
	unit->tst = true;
	mutex_init(&unit->mutex);
	mutex_init(&unit->suspend_mutex);
	mutex_init(&unit->claim_mutex);
	xa_init_flags(&unit->export_tgts, XA_FLAGS_ALLOC);
	INIT_LIST_HEAD(&unit->lowers);
	scst_ranges_init(&unit->ranges);
	spin_lock_init(&unit->tgt_dev_lock);
	INIT_LIST_HEAD(&unit->tgt_devs);
	INIT_LIST_HEAD(&unit->exports);
	INIT_LIST_HEAD(&unit->parked);
	INIT_WORK(&unit->ts_work, scst_task_set_work);
	INIT_LIST_HEAD(&unit->type_entry);
	INIT_DELAYED_WORK(&unit->event_work, dev_event_work);

	device_initialize(&unit->dev);
	lockdep_set_class(&unit->dev.mutex, &device_lock_key);
	unit->dev.bus = &dev_bus;
	unit->dev.type = &scst_device_type;
	unit->dev.parent = scst_devices_dir;
	device_set_pm_not_required(&unit->dev);

	ret = dev_set_name(&unit->dev, "%s", name);
	if (!ret)
		ret = scst_gate_init(&unit->exec_gate);
	if (!ret)
		ret = scst_gate_init(&unit->task_set);
	if (!ret)
		ret = scst_pr_alloc(unit);
	if (ret) {
		put_device(&unit->dev);
		return ERR_PTR(ret);
	}
	return unit;
}
EXPORT_SYMBOL_GPL(scst_alloc_device);

/**
 * scst_attach_device - have a unit served by the handler that it is for
 * @unit: unit
 *
 * Context: process context, may sleep.
 * Return: 0 or what attach() returned.
 */
int scst_attach_device(struct scst_device *unit)
{
	int ret;

	WRITE_ONCE(unit->bind_allowed, true);
	ret = device_driver_attach(&unit->type->driver, &unit->dev);
	/* Somebody used the file bind at once: as good. */
	if (ret == -EBUSY && device_is_bound(&unit->dev))
		ret = 0;
	return ret;
}

/**
 * scst_add_device - make a unit known and attach its handler
 * @dev: what new_device() returned; is given up when this fails
 *
 * Context: process context, may sleep.
 * Return: 0; -EEXIST when the name is in use, or what attach() returned.
 */
int scst_add_device(struct scst_device *dev)
{
	int ret;

	dev->ts_per_nexus = dev->tst;
	ret = scst_add_name(&dev->name, &dev->dev);
	if (ret)
		goto free;
	/* User space hears of it when it is of use. */
	dev_set_uevent_suppress(&dev->dev, 1);
	ret = device_add(&dev->dev);
	if (ret)
		goto del_name;
	ret = scst_pr_start(dev);
	if (ret)
		goto del;
	ret = scst_attach_device(dev);
	if (ret)
		goto stop_pr;

	scst_inject_add_device(dev);
	scst_type_remember(dev);
	get_device(&dev->dev);
	scoped_guard(mutex, &dev->mutex) {
		/*
		 * From here on others may map it, and delete it: that takes the
		 * mutex, so that the uevents come in order.
		 */
		WRITE_ONCE(dev->ready, true);
		dev_set_uevent_suppress(&dev->dev, 0);
		kobject_uevent(&dev->dev.kobj, KOBJ_ADD);
		kobject_uevent(&dev->dev.kobj, KOBJ_BIND);
	}
	put_device(&dev->dev);
	return 0;

stop_pr:
	scst_pr_stop(dev);
del:
	disable_delayed_work_sync(&dev->event_work);
	device_del(&dev->dev);
del_name:
	scst_del_name(&dev->name);
free:
	dev->type->free_device(dev);
	put_device(&dev->dev);
	return ret;
}

/**
 * scst_del_device - delete a unit
 * @dev: unit that new_device() has made, of which the creator's reference is dropped
 *
 * Context: process context; waits for executing commands and for callbacks of
 * its attributes.
 * Return: 0; -EBUSY while it is mapped, -ENODEV when somebody else deletes it.
 */
int scst_del_device(struct scst_device *dev)
{
	scoped_guard(mutex, &dev->mutex) {
		if (dev->dying)
			return -ENODEV;
		if (scst_device_is_pinned(dev))
			return -EBUSY;
		dev->dying = true;
	}

	scst_alua_del_device(dev);
	scst_device_unblock_all(dev);
	scst_pr_stop(dev);
	/* No event after the uevent of its removal */
	disable_delayed_work_sync(&dev->event_work);
	device_del(&dev->dev);
	scst_inject_del_device(dev);
	scst_type_forget(dev);
	dev->type->free_device(dev);
	scst_del_name(&dev->name);
	put_device(&dev->dev);
	return 0;
}

/**
 * scst_device_pin - pin a unit for a nexus of a mapped LUN
 * @dev: unit, mapped to a LUN, which pins it
 *
 * Not under scst_device.mutex: who logs in does not wait for the unit's commands.
 *
 * Context: any.
 */
void scst_device_pin(struct scst_device *dev)
{
	/* The type stays while there is a pin. */
	__module_get(dev->type->driver.owner);
	atomic_inc(&dev->nr_pins);
	get_device(&dev->dev);
}

/* End scst_device_pin(). */
void scst_device_unpin(struct scst_device *dev)
{
	struct module *owner = dev->type->driver.owner;

	atomic_dec_and_wake_up(&dev->nr_pins);
	/* Not before: a module that can be unloaded has no unit with a pin. */
	module_put(owner);
	put_device(&dev->dev);
}
