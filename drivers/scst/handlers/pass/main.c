// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of this host on the bus scsi_tgt_dev.
 *
 * The callbacks of the SCSI mid-layer run under its locks, which the removal of
 * another device may hold for long.  So they wait for nobody who waits for commands:
 * a device that goes is marked, and the rest is left to a work item.  A device may
 * come in the place of one whose work item has not run yet, whose name is in use until
 * then; it is added when that has ended.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <scsi/scsi_driver.h>
#include <scsi/scsi_host.h>
#include "pass.h"

struct workqueue_struct *pass_wq;
static struct workqueue_struct *pass_gone_wq;

/* Protects pass_units */
static DEFINE_MUTEX(pass_mutex);
static LIST_HEAD(pass_units);

static bool local_disks;
module_param(local_disks, bool, 0444);
MODULE_PARM_DESC(local_disks,
		 "The disks of scst_local can be served too (default: no)");

/* ------------------------------------------------------------------------
 * Coming and going of devices
 */

/* A disk of one of our own targets, which is a way to have a LUN twice */
static bool pass_is_local(const struct scsi_device *sdev)
{
	return scst_is_port_device(sdev->host->shost_gendev.parent);
}

/*
 * The name of the device wherever it is, for a file name.  Without one its place has
 * to do.
 */
static const char *pass_persist_name(struct scsi_device *sdev, char *buf,
				     size_t size)
{
	char *c;

	if (scsi_vpd_lun_id(sdev, buf, size) <= 0)
		return NULL;
	/* A SCSI name string may be any name that another unit has, or its place. */
	if (strncmp(buf, "naa.", 4) && strncmp(buf, "eui.", 4) && strncmp(buf, "t10.", 4))
		return NULL;
	for (c = buf; *c; c++)
		if (!isalnum(*c) && !strchr("-.:_", *c))
			*c = '_';
	return scst_valid_name(buf) ? buf : NULL;
}

static void pass_add(struct pass_unit *pass)
{
	int ret;

	lockdep_assert_held(&pass_mutex);
	ret = scst_add_passthrough(pass->unit, &pass->sdev->sdev_gendev);
	pass->added = !ret;
	pass->name_in_use = ret == -EEXIST;
	if (ret)
		sdev_printk(KERN_NOTICE, pass->sdev,
			    "cannot be served by SCST: %pe\n", ERR_PTR(ret));
}

static void pass_add_waiting(void)
{
	struct pass_unit *pass;

	guard(mutex)(&pass_mutex);
	list_for_each_entry(pass, &pass_units, entry)
		if (pass->name_in_use)
			pass_add(pass);
}

static void pass_gone_work(struct work_struct *work)
{
	struct pass_unit *pass = container_of(work, struct pass_unit, gone_work);

	scst_del_passthrough(pass->unit);
	pass_add_waiting();
}

static struct pass_unit *pass_alloc(struct scsi_device *sdev)
{
	char name[64], id[SCST_MAX_NAME];
	struct scst_device *unit;
	struct pass_unit *pass;

	snprintf(name, sizeof(name), "%u:%u:%u:%llu", sdev->host->host_no,
		 sdev->channel, sdev->id, sdev->lun);
	unit = scst_alloc_passthrough(name, sdev->type,
				      pass_persist_name(sdev, id, sizeof(id)),
				      sizeof(*pass));
	if (IS_ERR(unit))
		return ERR_CAST(unit);
	pass = to_pass_unit(unit);
	pass->unit = unit;
	pass->sdev = sdev;
	get_device(&sdev->sdev_gendev);
	mutex_init(&pass->going);
	spin_lock_init(&pass->lock);
	INIT_LIST_HEAD(&pass->waiting);
	INIT_WORK(&pass->wait_work, pass_wait_work);
	INIT_LIST_HEAD(&pass->lock_waiting);
	INIT_WORK(&pass->unlock_work, pass_unlock_work);
	INIT_WORK(&pass->gone_work, pass_gone_work);
	return pass;
}

static int pass_device_comes(struct device *dev)
{
	struct scsi_device *sdev = to_scsi_device(dev->parent);
	struct pass_unit *pass;

	if (pass_is_local(sdev) && !local_disks)
		return 0;
	pass = pass_alloc(sdev);
	if (IS_ERR(pass)) {
		sdev_printk(KERN_NOTICE, sdev, "cannot be served by SCST: %pe\n",
			    pass);
		return PTR_ERR(pass);
	}
	guard(mutex)(&pass_mutex);
	list_add_tail(&pass->entry, &pass_units);
	pass_add(pass);
	return 0;
}

static struct pass_unit *pass_find(const struct scsi_device *sdev)
{
	struct pass_unit *pass;

	lockdep_assert_held(&pass_mutex);
	list_for_each_entry(pass, &pass_units, entry)
		if (pass->sdev == sdev)
			return pass;
	return NULL;
}

/* From here on nobody gets the device. */
static struct pass_unit *pass_forget(const struct scsi_device *sdev)
{
	struct pass_unit *pass;

	guard(mutex)(&pass_mutex);
	pass = pass_find(sdev);
	if (!pass)
		return NULL;
	list_del(&pass->entry);
	scoped_guard(mutex, &pass->going)
		WRITE_ONCE(pass->gone, true);
	return pass;
}

/*
 * The driver core looks at the parent of a device that it binds without a reference.
 * It does no longer when the handler has got it, or has seen that it is gone.
 */
static void pass_wait_for_binder(struct pass_unit *pass)
{
	while (!READ_ONCE(pass->held)) {
		if (device_trylock(&pass->unit->dev)) {
			device_unlock(&pass->unit->dev);
			return;
		}
		usleep_range(100, 1000);
	}
}

static void pass_device_goes(struct device *dev)
{
	struct scsi_device *sdev = to_scsi_device(dev->parent);
	struct pass_unit *pass = pass_forget(sdev);

	if (!pass)
		return;
	if (pass->added) {
		/* Who looks at it without having got it; the class's mutex is held */
		synchronize_rcu_expedited();
		scst_passthrough_gone(pass->unit);
		pass_wait_for_binder(pass);
		queue_work(pass_gone_wq, &pass->gone_work);
	} else {
		put_device(&pass->unit->dev);
	}
	/*
	 * Not by the work item: the driver of the host adapter may be unloaded when
	 * this has returned, and is needed where the last reference is dropped.
	 */
	put_device(&sdev->sdev_gendev);
}

static struct class_interface pass_interface = {
	.add_dev	= pass_device_comes,
	.remove_dev	= pass_device_goes,
};

/* ------------------------------------------------------------------------
 * Handlers
 */

/**
 * pass_get_device - keep a unit's device, and the driver of its host adapter
 * @pass: unit
 *
 * Without it pass->sdev may be looked at under rcu_read_lock() unless @pass is gone.
 *
 * Context: any.
 * Return: 0: scsi_device_put() is due; -ENODEV when it goes, or is gone.
 */
int pass_get_device(struct pass_unit *pass)
{
	/* Not pass_mutex, which is held where a unit is added */
	guard(rcu)();
	if (READ_ONCE(pass->gone) || scsi_device_get(pass->sdev))
		return -ENODEV;
	return 0;
}

static void pass_put_device(struct pass_unit *pass)
{
	WRITE_ONCE(pass->held, false);
	scsi_device_put(pass->sdev);
}

static int pass_hold(struct pass_unit *pass)
{
	int ret;

	ret = pass_get_device(pass);
	if (ret)
		return ret;
	WRITE_ONCE(pass->held, true);
	/* A reset that was before does not concern initiators here. */
	pass->sdev->was_reset = 0;
	ret = scsi_autopm_get_device(pass->sdev);
	if (ret)
		pass_put_device(pass);
	return ret;
}

static void pass_release(struct pass_unit *pass)
{
	scsi_autopm_put_device(pass->sdev);
	pass_put_device(pass);
}

static int pass_attach(struct scst_device *dev)
{
	const struct pass_handler *handler = to_pass_handler(dev);
	struct pass_unit *pass = to_pass_unit(dev);
	int ret;

	ret = pass_hold(pass);
	if (ret)
		return ret;
	if (handler->attach)
		ret = handler->attach(pass);
	if (ret)
		pass_release(pass);
	return ret;
}

static void pass_detach(struct scst_device *dev)
{
	struct pass_unit *pass = to_pass_unit(dev);

	/* It has nothing to wait for any more, but may be running. */
	cancel_work_sync(&pass->wait_work);
	if (cancel_work_sync(&pass->unlock_work))
		put_device(&dev->dev);
	pass_unlock_medium(pass);
	pass_release(pass);
}

static int pass_register_one(struct pass_handler *handler, struct module *owner,
			     const char *mod_name)
{
	int ret;

	ret = pass_make_table(handler);
	if (ret)
		return ret;
	handler->type.attach = pass_attach;
	handler->type.detach = pass_detach;
	handler->type.parse = pass_parse;
	handler->type.abort = pass_abort;
	handler->type.aborted = pass_aborted;
	handler->type.quiesce = pass_quiesce;
	handler->type.removal_allowed = pass_removal_allowed;
	ret = __scst_register_virtual_dev_driver(&handler->type, owner, mod_name);
	if (ret)
		pass_free_table(handler);
	return ret;
}

static void pass_unregister_one(struct pass_handler *handler)
{
	scst_unregister_dev_driver(&handler->type);
	pass_free_table(handler);
}

/**
 * __pass_register - register handlers for devices of this host
 * @handlers: handlers; the one behind the last has no name
 * @owner: their module
 * @mod_name: its name
 *
 * Use pass_register().
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno: none of them is registered.
 */
int __pass_register(struct pass_handler *handlers, struct module *owner,
		    const char *mod_name)
{
	struct pass_handler *handler;
	int ret;

	for (handler = handlers; handler->type.driver.name; handler++) {
		ret = pass_register_one(handler, owner, mod_name);
		if (ret) {
			while (handler-- != handlers)
				pass_unregister_one(handler);
			return ret;
		}
	}
	return 0;
}
EXPORT_SYMBOL_NS_GPL(__pass_register, SCST_PASS);

/**
 * __pass_unregister - unregister handlers for devices of this host
 * @handlers: handlers without mapped devices; the one behind the last has no name
 *
 * Context: process context; waits for executing commands.
 */
void __pass_unregister(struct pass_handler *handlers)
{
	struct pass_handler *handler;

	for (handler = handlers; handler->type.driver.name; handler++)
		pass_unregister_one(handler);
}
EXPORT_SYMBOL_NS_GPL(__pass_unregister, SCST_PASS);

static int __init pass_init(void)
{
	int ret = -ENOMEM;

	pass_wq = alloc_workqueue("scst_pass", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	/* Each may wait for long. */
	pass_gone_wq = alloc_workqueue("scst_pass_gone", WQ_UNBOUND,
				       WQ_MAX_ACTIVE);
	if (pass_wq && pass_gone_wq)
		ret = scsi_register_interface(&pass_interface);
	if (!ret)
		return 0;
	if (pass_gone_wq)
		destroy_workqueue(pass_gone_wq);
	if (pass_wq)
		destroy_workqueue(pass_wq);
	return ret;
}
module_init(pass_init);

static void __exit pass_exit(void)
{
	scsi_unregister_interface(&pass_interface);
	destroy_workqueue(pass_gone_wq);
	destroy_workqueue(pass_wq);
}
module_exit(pass_exit);

MODULE_DESCRIPTION("SCSI devices of this host, for the SCSI target subsystem");
MODULE_LICENSE("GPL");
