// SPDX-License-Identifier: GPL-2.0
/* Dev handlers: drivers on the bus scsi_tgt_dev, and their files. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include "core.h"

/* Protects scst_dev_type.devices of all handlers. */
static DEFINE_MUTEX(types_mutex);

void scst_type_remember(struct scst_device *dev)
{
	guard(mutex)(&types_mutex);
	list_add_tail(&dev->type_entry, &dev->type->devices);
}

void scst_type_forget(struct scst_device *dev)
{
	guard(mutex)(&types_mutex);
	list_del_init(&dev->type_entry);
}

static int add_passthrough(struct scst_dev_type *type, const char *name,
			   const char *params)
{
	if (*params) {
		pr_err("%s: add_device: %s: there are no parameters\n",
		       type->driver.name, name);
		return -EINVAL;
	}
	return scst_claim_passthrough(type, name);
}

static ssize_t add_device_store(struct device_driver *drv, const char *buf,
				size_t count)
{
	struct scst_dev_type *type = to_scst_dev_type(drv);
	struct scst_device *dev;
	char *name, *params;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	char *copy __free(kfree) = scst_split_name(buf, &name, &params);

	if (IS_ERR(copy)) {
		pr_err("%s: add_device: no name\n", drv->name);
		return PTR_ERR(copy);
	}
	ret = scst_check_name(drv->name, "add_device", name);
	if (ret)
		return ret;
	if (!type->new_device)
		return add_passthrough(type, name, params) ?: count;

	dev = type->new_device(type, name, params);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = scst_add_device(dev);
	if (ret == -EEXIST)
		pr_err("%s: add_device: the name %s is in use\n", drv->name,
		       name);
	return ret ?: count;
}
static DRIVER_ATTR_WO(add_device);

static int type_del_device(const struct scst_dev_type *type,
			   struct scst_device *dev)
{
	return dev->passthrough ? scst_unclaim_passthrough(dev, type) :
				  scst_del_device(dev);
}

static ssize_t del_device_store(struct device_driver *drv, const char *buf,
				size_t count)
{
	struct scst_device *dev;
	char *name, *params;
	int ret = -ENOENT;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	char *copy __free(kfree) = scst_split_name(buf, &name, &params);

	if (IS_ERR(copy) || *params) {
		pr_err("%s: del_device: want one name\n", drv->name);
		return IS_ERR(copy) ? PTR_ERR(copy) : -EINVAL;
	}

	dev = scst_find_dev(name);
	if (dev && &dev->type->driver == drv)
		ret = type_del_device(to_scst_dev_type(drv), dev);
	if (dev)
		put_device(&dev->dev);
	if (ret)
		pr_err("%s: del_device: %.*s %s\n", drv->name,
		       SCST_MAX_NAME, name,
		       ret == -EBUSY ? "is mapped to a LUN" : "not found");
	return ret ?: count;
}
static DRIVER_ATTR_WO(del_device);

static ssize_t add_device_parameters_show(struct device_driver *drv, char *buf)
{
	return scst_emit_names(buf,
			       to_scst_dev_type(drv)->add_device_parameters);
}
static DRIVER_ATTR_RO(add_device_parameters);

static ssize_t type_show(struct device_driver *drv, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_scst_dev_type(drv)->type);
}
static DRIVER_ATTR_RO(type);

static struct attribute *handler_attrs[] = {
	&driver_attr_add_device.attr,
	&driver_attr_del_device.attr,
	&driver_attr_add_device_parameters.attr,
	&driver_attr_type.attr,
	NULL
};
ATTRIBUTE_GROUPS(handler);

/**
 * __scst_register_virtual_dev_driver - register a dev handler
 * @type: dev handler; its opcodes are checked
 * @owner: its module
 * @mod_name: its module's name
 *
 * Use scst_register_virtual_dev_driver().
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno: -EINVAL for a faulty opcode table, -EBUSY when
 * the name is in use.
 */
int __scst_register_virtual_dev_driver(struct scst_dev_type *type,
				       struct module *owner,
				       const char *mod_name)
{
	int ret;

	ret = scst_opcode_index_init(type);
	if (ret)
		return ret;

	INIT_LIST_HEAD(&type->devices);
	type->driver.bus = scst_dev_bus();
	type->driver.owner = owner;
	type->driver.mod_name = mod_name;
	if (!type->driver.groups)
		type->driver.groups = handler_groups;
	ret = driver_register(&type->driver);
	if (ret)
		scst_opcode_index_exit(type);
	return ret;
}
EXPORT_SYMBOL_GPL(__scst_register_virtual_dev_driver);

/* With a reference */
static struct scst_device *type_first_device(struct scst_dev_type *type)
{
	struct scst_device *dev;

	guard(mutex)(&types_mutex);
	dev = list_first_entry_or_null(&type->devices, struct scst_device,
				       type_entry);
	if (dev)
		get_device(&dev->dev);
	return dev;
}

/**
 * scst_unregister_virtual_dev_driver - unregister a dev handler
 * @type: dev handler without mapped devices; a LUN pins the handler's module
 *
 * Detaches and deletes the devices it created, and gives back those of this host.
 *
 * Context: process context; waits for executing commands and for callbacks of
 * attributes.
 */
void scst_unregister_virtual_dev_driver(struct scst_dev_type *type)
{
	struct scst_device *dev;
	int ret;

	driver_unregister(&type->driver);
	while ((dev = type_first_device(type))) {
		ret = type_del_device(type, dev);
		/* The device may be going by itself. */
		if (WARN_ON_ONCE(ret && !dev->passthrough))
			scst_type_forget(dev);
		put_device(&dev->dev);
	}
	scst_opcode_index_exit(type);
}
EXPORT_SYMBOL_GPL(scst_unregister_virtual_dev_driver);
