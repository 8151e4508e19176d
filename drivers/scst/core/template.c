// SPDX-License-Identifier: GPL-2.0
/* Target drivers: drivers on the bus scsi_tgt_port, and their files. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include "core.h"

/* Protects scst_tgt_template.tgts of all target drivers. */
static DEFINE_MUTEX(tgtts_mutex);

void scst_tgtt_remember(struct scst_tgt *tgt)
{
	guard(mutex)(&tgtts_mutex);
	list_add_tail(&tgt->tgtt_entry, &tgt->tgtt->tgts);
}

void scst_tgtt_forget(struct scst_tgt *tgt)
{
	guard(mutex)(&tgtts_mutex);
	list_del_init(&tgt->tgtt_entry);
}

static ssize_t add_target_store(struct device_driver *drv, const char *buf,
				size_t count)
{
	struct scst_tgt_template *tgtt = to_scst_tgtt(drv);
	char *name, *params;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!tgtt->add_target) {
		pr_err("%s: add_target: targets are its hardware's\n",
		       drv->name);
		return -EOPNOTSUPP;
	}

	char *copy __free(kfree) = scst_split_name(buf, &name, &params);

	if (IS_ERR(copy)) {
		pr_err("%s: add_target: no name\n", drv->name);
		return PTR_ERR(copy);
	}
	ret = scst_check_name(drv->name, "add_target", name);
	if (ret)
		return ret;
	ret = tgtt->add_target(name, params);
	return ret ?: count;
}
static DRIVER_ATTR_WO(add_target);

static ssize_t del_target_store(struct device_driver *drv, const char *buf,
				size_t count)
{
	struct scst_tgt_template *tgtt = to_scst_tgtt(drv);
	struct scst_tgt *tgt;
	char *name, *params;
	int ret = -ENOENT;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	char *copy __free(kfree) = scst_split_name(buf, &name, &params);

	if (IS_ERR(copy) || *params) {
		pr_err("%s: del_target: want one name\n", drv->name);
		return IS_ERR(copy) ? PTR_ERR(copy) : -EINVAL;
	}

	tgt = scst_find_target(tgtt, name);
	if (tgt) {
		ret = tgtt->del_target ? tgtt->del_target(tgt) : -EOPNOTSUPP;
		put_device(&tgt->dev);
	}
	if (ret)
		pr_err("%s: del_target: %.*s %s\n", drv->name,
		       SCST_MAX_NAME, name,
		       ret == -ENOENT ? "not found" : "cannot be deleted");
	return ret ?: count;
}
static DRIVER_ATTR_WO(del_target);

static ssize_t add_target_parameters_show(struct device_driver *drv, char *buf)
{
	return scst_emit_names(buf, to_scst_tgtt(drv)->add_target_parameters);
}
static DRIVER_ATTR_RO(add_target_parameters);

static struct attribute *tgtt_attrs[] = {
	&driver_attr_add_target.attr,
	&driver_attr_del_target.attr,
	&driver_attr_add_target_parameters.attr,
	NULL
};

/* For drivers that have groups of their own besides. */
const struct attribute_group scst_tgtt_group = {
	.attrs = tgtt_attrs,
};
EXPORT_SYMBOL_GPL(scst_tgtt_group);

static const struct attribute_group *tgtt_groups[] = {
	&scst_tgtt_group,
	NULL
};

/**
 * __scst_register_target_template - register a target driver
 * @tgtt: target driver
 * @owner: its module
 * @mod_name: its module's name
 *
 * Use scst_register_target_template().
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno: -EINVAL when a callback is missing, -EBUSY
 * when the name is in use.
 */
int __scst_register_target_template(struct scst_tgt_template *tgtt,
				    struct module *owner, const char *mod_name)
{
	if (!tgtt->xmit_response || !tgtt->on_free_cmd ||
	    (tgtt->rdy_to_xfer && !tgtt->on_abort_cmd)) {
		pr_err("%s: callback missing\n", tgtt->driver.name);
		return -EINVAL;
	}

	INIT_LIST_HEAD(&tgtt->tgts);
	tgtt->driver.bus = scst_port_bus();
	tgtt->driver.owner = owner;
	tgtt->driver.mod_name = mod_name;
	/* Targets are enabled and disabled, not bound. */
	tgtt->driver.suppress_bind_attrs = true;
	if (!tgtt->driver.groups)
		tgtt->driver.groups = tgtt_groups;
	return driver_register(&tgtt->driver);
}
EXPORT_SYMBOL_GPL(__scst_register_target_template);

static struct scst_tgt *tgtt_get_first(struct scst_tgt_template *tgtt)
{
	struct scst_tgt *tgt;

	guard(mutex)(&tgtts_mutex);
	tgt = list_first_entry_or_null(&tgtt->tgts, struct scst_tgt,
				       tgtt_entry);
	if (tgt)
		get_device(&tgt->dev);
	return tgt;
}

/**
 * scst_unregister_target_template - unregister a target driver
 * @tgtt: target driver
 *
 * Calls its del_target() for the targets that are left, if there is one.
 *
 * Context: process context; waits for callbacks of attributes and for commands.
 */
void scst_unregister_target_template(struct scst_tgt_template *tgtt)
{
	struct scst_tgt *tgt;

	driver_unregister(&tgtt->driver);
	while (tgtt->del_target && (tgt = tgtt_get_first(tgtt))) {
		if (WARN_ON_ONCE(tgtt->del_target(tgt)))
			scst_tgtt_forget(tgt);
		put_device(&tgt->dev);
	}
}
EXPORT_SYMBOL_GPL(scst_unregister_target_template);
