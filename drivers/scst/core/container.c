// SPDX-License-Identifier: GPL-2.0
/* Directories that hold other objects: devices without bus or class. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include "core.h"

static void dir_release(struct device *dir)
{
	kfree(dir);
	scst_object_put();
}

/**
 * scst_create_dir - create a directory below an object
 * @parent: object, or NULL for /sys/devices
 * @name: name
 * @groups: attributes, or NULL; there before anybody can look
 * @drvdata: for dev_get_drvdata() in the attributes' callbacks
 *
 * Context: process context, may sleep.
 * Return: the directory, to be removed by scst_remove_dir(), or ERR_PTR().
 */
struct device *scst_create_dir(struct device *parent, const char *name,
			       const struct attribute_group **groups,
			       void *drvdata)
{
	struct device *dir;
	int ret;

	dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	if (!dir)
		return ERR_PTR(-ENOMEM);

	scst_object_get();
	device_initialize(dir);
	dir->parent = parent;
	dir->release = dir_release;
	dir->groups = groups;
	dev_set_drvdata(dir, drvdata);
	device_set_pm_not_required(dir);
	ret = dev_set_name(dir, "%s", name);
	if (!ret)
		ret = device_add(dir);
	if (ret) {
		put_device(dir);
		return ERR_PTR(ret);
	}
	return dir;
}

/**
 * scst_remove_dir - remove a directory without children
 * @dir: what scst_create_dir() returned, an error too
 *
 * Context: process context; waits for callbacks of its attributes.
 */
void scst_remove_dir(struct device *dir)
{
	if (!IS_ERR_OR_NULL(dir))
		device_unregister(dir);
}

/**
 * scst_dir_err - log an error of a directory, by its path
 * @dir: directory or other object whose name alone would not tell where it is
 * @fmt: format and its values
 *
 * Context: process context, may sleep.
 */
void scst_dir_err(struct device *dir, const char *fmt, ...)
{
	char *path __free(kfree) = kobject_get_path(&dir->kobj, GFP_KERNEL);
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	pr_err("/sys%s: %pV", path ?: "/...", &vaf);
	va_end(args);
}
