// SPDX-License-Identifier: GPL-2.0
/* Attributes of the driver, its targets and its sessions. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/sysfs.h>
#include "local.h"

struct local_stats local_stats;

static ssize_t add_session_store(struct device_driver *drv, const char *buf,
				 size_t count)
{
	return local_session_cmd(buf, local_add_session) ?: count;
}
static DRIVER_ATTR_WO(add_session);

static ssize_t del_session_store(struct device_driver *drv, const char *buf,
				 size_t count)
{
	return local_session_cmd(buf, local_del_session) ?: count;
}
static DRIVER_ATTR_WO(del_session);

static struct attribute *local_drv_attrs[] = {
	&driver_attr_add_session.attr,
	&driver_attr_del_session.attr,
	NULL
};

static const struct attribute_group local_drv_group = {
	.attrs = local_drv_attrs,
};

static ssize_t sessions_show(struct device_driver *drv, char *buf)
{
	return sysfs_emit(buf, "%u\n", atomic_read(&local_stats.sessions));
}
static DRIVER_ATTR_RO(sessions);

static ssize_t aborts_show(struct device_driver *drv, char *buf)
{
	return sysfs_emit(buf, "%u\n", atomic_read(&local_stats.aborts));
}
static DRIVER_ATTR_RO(aborts);

static ssize_t lun_resets_show(struct device_driver *drv, char *buf)
{
	return sysfs_emit(buf, "%u\n", atomic_read(&local_stats.lun_resets));
}
static DRIVER_ATTR_RO(lun_resets);

static ssize_t target_resets_show(struct device_driver *drv, char *buf)
{
	return sysfs_emit(buf, "%u\n", atomic_read(&local_stats.target_resets));
}
static DRIVER_ATTR_RO(target_resets);

static struct attribute *local_stats_attrs[] = {
	&driver_attr_sessions.attr,
	&driver_attr_aborts.attr,
	&driver_attr_lun_resets.attr,
	&driver_attr_target_resets.attr,
	NULL
};

static const struct attribute_group local_stats_group = {
	.name	= "stats",
	.attrs	= local_stats_attrs,
};

const struct attribute_group *local_drv_groups[] = {
	&scst_tgtt_group,
	&local_drv_group,
	&local_stats_group,
	NULL
};

/* The template's callbacks, for INQUIRY */
u16 local_scsi_version(struct scst_tgt *tgt)
{
	const struct local_tgt *lt = tgt->priv;

	return READ_ONCE(lt->scsi_version);
}

u16 local_phys_version(struct scst_tgt *tgt)
{
	const struct local_tgt *lt = tgt->priv;

	return READ_ONCE(lt->phys_version);
}

static ssize_t version_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count, u16 *version)
{
	u16 new;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = kstrtou16(buf, 0, &new);
	if (ret) {
		dev_err(dev, "%s: not a 16 bit number\n", attr->attr.name);
		return ret;
	}
	if (READ_ONCE(*version) != new) {
		WRITE_ONCE(*version, new);
		scst_tgt_inquiry_changed(to_scst_tgt(dev));
	}
	return count;
}

static ssize_t scsi_transport_version_show(struct device *dev,
					   struct device_attribute *attr,
					   char *buf)
{
	return sysfs_emit(buf, "0x%04x\n", local_scsi_version(to_scst_tgt(dev)));
}

static ssize_t scsi_transport_version_store(struct device *dev,
					    struct device_attribute *attr,
					    const char *buf, size_t count)
{
	struct local_tgt *lt = to_scst_tgt(dev)->priv;

	return version_store(dev, attr, buf, count, &lt->scsi_version);
}
static DEVICE_ATTR_RW(scsi_transport_version);

static ssize_t phys_transport_version_show(struct device *dev,
					   struct device_attribute *attr,
					   char *buf)
{
	return sysfs_emit(buf, "0x%04x\n", local_phys_version(to_scst_tgt(dev)));
}

static ssize_t phys_transport_version_store(struct device *dev,
					    struct device_attribute *attr,
					    const char *buf, size_t count)
{
	struct local_tgt *lt = to_scst_tgt(dev)->priv;

	return version_store(dev, attr, buf, count, &lt->phys_version);
}
static DEVICE_ATTR_RW(phys_transport_version);

void local_port_id(const struct scst_tgt *tgt, struct scst_port_id *port)
{
	struct local_tgt *lt = tgt->priv;

	guard(spinlock_irqsave)(&lt->name_lock);
	strscpy(port->name, lt->port_name);
}

static ssize_t port_name_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	struct local_tgt *lt = to_scst_tgt(dev)->priv;

	guard(spinlock_irqsave)(&lt->name_lock);
	return sysfs_emit(buf, "%s\n", lt->port_name);
}

/* SPC-6 7.7.6.11; empty is none */
static bool port_name_is_valid(const char *name)
{
	size_t len = strlen(name), i;

	if (len > SCST_MAX_PORT_NAME)
		return false;
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !isgraph(name[i]))
			return false;
	return !len || strstarts(name, "iqn.") || strstarts(name, "eui.") ||
	       strstarts(name, "naa.") || strstarts(name, "uuid.");
}

/* Returns whether it is another one. */
static bool port_name_set(struct local_tgt *lt, const char *name)
{
	guard(spinlock_irqsave)(&lt->name_lock);
	if (!strcmp(lt->port_name, name))
		return false;
	strscpy(lt->port_name, name);
	return true;
}

static ssize_t port_name_store(struct device *dev,
			       struct device_attribute *attr, const char *buf,
			       size_t count)
{
	struct scst_tgt *tgt = to_scst_tgt(dev);
	const char *name;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	char *copy __free(kfree) = kstrdup(buf, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	name = strim(copy);
	if (!port_name_is_valid(name)) {
		dev_err(dev,
			"port_name: want up to " __stringify(SCST_MAX_PORT_NAME)
			" characters that begin with iqn., eui., naa. or uuid.\n");
		return -EINVAL;
	}
	if (port_name_set(tgt->priv, name))
		scst_tgt_inquiry_changed(tgt);
	return count;
}
static DEVICE_ATTR_RW(port_name);

static struct attribute *local_tgt_attrs[] = {
	&dev_attr_scsi_transport_version.attr,
	&dev_attr_phys_transport_version.attr,
	&dev_attr_port_name.attr,
	NULL
};

static const struct attribute_group local_tgt_group = {
	.attrs = local_tgt_attrs,
};

const struct attribute_group *local_tgt_groups[] = {
	&local_tgt_group,
	NULL
};

ssize_t local_key_attributes(struct scst_tgt *tgt, char *buf, int at)
{
	struct local_tgt *lt = tgt->priv;
	ssize_t len = 0;

	if (local_scsi_version(tgt) != LOCAL_SCSI_VERSION)
		len += sysfs_emit_at(buf, at, "%s\n",
				     dev_attr_scsi_transport_version.attr.name);
	if (local_phys_version(tgt) != LOCAL_PHYS_VERSION)
		len += sysfs_emit_at(buf, at + len, "%s\n",
				     dev_attr_phys_transport_version.attr.name);
	guard(spinlock_irqsave)(&lt->name_lock);
	if (lt->port_name[0])
		len += sysfs_emit_at(buf, at + len, "%s\n",
				     dev_attr_port_name.attr.name);
	return len;
}

static struct bin_attribute *local_sess_bin_attrs[] = {
	&bin_attr_transport_id,
	NULL
};

static const struct attribute_group local_sess_group = {
	.bin_attrs = local_sess_bin_attrs,
};

const struct attribute_group *local_sess_groups[] = {
	&local_sess_group,
	NULL
};
