// SPDX-License-Identifier: GPL-2.0
/*
 * SCSI target ports and their bus, scsi_tgt_port.
 *
 * Targets are devices of this bus, bound to their target driver; sessions are
 * devices of this bus too, without a driver.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include "core.h"

static DEFINE_IDA(rel_tgt_ids);

static int port_match(struct device *dev, const struct device_driver *drv)
{
	if (dev->type != &scst_tgt_device_type)
		return 0;
	return &to_scst_tgt(dev)->tgtt->driver == drv;
}

static int port_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct scst_session *sess = NULL;
	const struct scst_tgt *tgt;
	int ret;

	if (dev->type == &scst_session_device_type) {
		sess = container_of_const(dev, struct scst_session, dev);
		tgt = sess->tgt;
	} else if (dev->type == &scst_tgt_device_type) {
		tgt = container_of_const(dev, struct scst_tgt, dev);
	} else {
		return 0;
	}

	ret = add_uevent_var(env, "SCST_DRIVER=%s", tgt->tgtt->driver.name);
	if (!ret)
		ret = add_uevent_var(env, "SCST_TARGET=%s", dev_name(&tgt->dev));
	if (!ret && sess)
		ret = add_uevent_var(env, "SCST_INITIATOR=%s",
				     sess->initiator_name);
	return ret;
}

static const struct bus_type port_bus = {
	.name	= "scsi_tgt_port",
	.match	= port_match,
	.uevent	= port_uevent,
};

const struct bus_type *scst_port_bus(void)
{
	return &port_bus;
}

int scst_port_bus_register(void)
{
	return bus_register(&port_bus);
}

void scst_port_bus_unregister(void)
{
	bus_unregister(&port_bus);
}

static void tgt_send_event(struct scst_tgt *tgt, char *envp[])
{
	/* No event after the uevent of its removal */
	lockdep_assert_held(&tgt->mutex);
	if (!tgt->dying)
		kobject_uevent_env(&tgt->dev.kobj, KOBJ_CHANGE, envp);
}

static void tgt_event_locked(struct scst_tgt *tgt, const char *event,
			     const struct scst_session *sess)
{
	char initiator[sizeof("SCST_INITIATOR=") + SCST_MAX_INITIATOR_NAME];
	char var[64];
	char *envp[3] = { var };

	snprintf(var, sizeof(var), "SCST_EVENT=%s", event);
	if (sess) {
		snprintf(initiator, sizeof(initiator), "SCST_INITIATOR=%s",
			 sess->initiator_name);
		envp[1] = initiator;
	}
	tgt_send_event(tgt, envp);
}

/**
 * scst_tgt_event - tell user space that something happened to a target
 * @tgt: target
 * @event: what: the value of SCST_EVENT
 * @sess: the session it is about, or NULL
 *
 * Context: process context, may sleep.
 */
void scst_tgt_event(struct scst_tgt *tgt, const char *event,
		    const struct scst_session *sess)
{
	guard(mutex)(&tgt->mutex);
	tgt_event_locked(tgt, event, sess);
}

/* The same with variables of one's own, NULL ended. */
void scst_tgt_event_env(struct scst_tgt *tgt, char *envp[])
{
	guard(mutex)(&tgt->mutex);
	tgt_send_event(tgt, envp);
}

static ssize_t enabled_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_scst_tgt(dev)->enabled));
}

/*
 * Let a target accept sessions, or not.  Returns 0, -EBUSY while another change
 * goes on, -ENODEV when the target is being removed, or what the target
 * driver's enable_target() returned.
 */
static int tgt_enable(struct scst_tgt *tgt, bool enable)
{
	int ret = 0;

	scoped_guard(mutex, &tgt->mutex) {
		if (!tgt->ready || tgt->dying)
			return -ENODEV;
		if (tgt->changing_enabled)
			return -EBUSY;
		if (tgt->enabled == enable)
			return 0;
		tgt->changing_enabled = true;
		/* No new sessions while the old ones are sent away. */
		WRITE_ONCE(tgt->enabled, false);
	}

	if (tgt->tgtt->enable_target)
		ret = tgt->tgtt->enable_target(tgt, enable);

	scoped_guard(mutex, &tgt->mutex) {
		WRITE_ONCE(tgt->enabled, ret ? !enable : enable);
		tgt->changing_enabled = false;
		if (!ret)
			tgt_event_locked(tgt, enable ? "enabled" : "disabled",
					 NULL);
	}
	return ret;
}

static ssize_t enabled_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	bool enable;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = kstrtobool(buf, &enable);
	if (ret) {
		dev_err(dev, "enabled: want 0 or 1\n");
		return ret;
	}
	ret = tgt_enable(to_scst_tgt(dev), enable);
	if (ret)
		dev_err(dev, "enabled: %s: %d\n",
			ret == -EBUSY ? "is being changed" : "refused", ret);
	return ret ?: count;
}
static DEVICE_ATTR_RW(enabled);

static ssize_t rel_tgt_id_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_scst_tgt(dev)->rel_tgt_id));
}

/* VPD pages of the units have it, whichever port they are read through. */
static void acg_inquiry_changed(struct scst_acg *acg)
{
	struct scst_acg_dev *ad;
	unsigned long lun;

	xa_for_each(&acg->luns, lun, ad)
		if (ad->live)
			scst_device_ua(ad->unit, SCST_UA_INQUIRY_CHANGED, NULL);
}

/* Registrations are of a port with its identifier. */
static void acg_rel_id_changed(struct scst_acg *acg)
{
	struct scst_acg_dev *ad;
	unsigned long lun;

	/* Of one that goes there may be commands still. */
	xa_for_each(&acg->luns, lun, ad)
		scst_reservation_port_changed(ad->unit);
	acg_inquiry_changed(acg);
}

static void tgt_rel_id_changed(struct scst_tgt *tgt)
{
	struct scst_acg *acg;

	lockdep_assert_held(&tgt->mutex);
	acg_rel_id_changed(&tgt->default_acg);
	list_for_each_entry(acg, &tgt->acgs, entry)
		acg_rel_id_changed(acg);
}

/**
 * scst_tgt_inquiry_changed - a target has another answer for INQUIRY
 * @tgt: target
 *
 * What port_id(), scsi_transport_version() or phys_transport_version() returns is
 * another one.  VPD pages of its logical units have the former, whichever port they
 * are read through: all their initiators are told by INQUIRY DATA HAS CHANGED.
 *
 * Context: process context, may sleep; takes scst_tgt.mutex.
 */
void scst_tgt_inquiry_changed(struct scst_tgt *tgt)
{
	struct scst_acg *acg;

	guard(mutex)(&tgt->mutex);
	acg_inquiry_changed(&tgt->default_acg);
	list_for_each_entry(acg, &tgt->acgs, entry)
		acg_inquiry_changed(acg);
}
EXPORT_SYMBOL_GPL(scst_tgt_inquiry_changed);

static int tgt_set_rel_id(struct scst_tgt *tgt, u16 id)
{
	int ret;

	guard(mutex)(&tgt->mutex);
	if (tgt->enabled || tgt->changing_enabled)
		return -EBUSY;
	if (id == tgt->rel_tgt_id)
		return 0;
	ret = ida_alloc_range(&rel_tgt_ids, id, id, GFP_KERNEL);
	if (ret < 0)
		return ret == -ENOSPC ? -EEXIST : ret;
	ida_free(&rel_tgt_ids, tgt->rel_tgt_id);
	WRITE_ONCE(tgt->rel_tgt_id, id);
	tgt_rel_id_changed(tgt);
	return 0;
}

static ssize_t rel_tgt_id_store(struct device *dev,
				struct device_attribute *attr, const char *buf,
				size_t count)
{
	u16 id;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = kstrtou16(buf, 0, &id);
	if (!ret && !id)
		ret = -EINVAL;
	if (!ret)
		ret = tgt_set_rel_id(to_scst_tgt(dev), id);
	if (ret)
		dev_err(dev, "rel_tgt_id: %s\n",
			ret == -EBUSY ? "disable the target first" :
			ret == -EEXIST ? "in use" : "want 1 to 65535");
	return ret ?: count;
}
static DEVICE_ATTR_RW(rel_tgt_id);

static ssize_t addr_method_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return scst_addr_method_show(&to_scst_tgt(dev)->default_acg, buf);
}

static ssize_t addr_method_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *buf, size_t count)
{
	return scst_addr_method_store(&to_scst_tgt(dev)->default_acg, dev, buf,
				      count);
}
static DEVICE_ATTR_RW(addr_method);

static ssize_t max_session_commands_show(struct device *dev,
					 struct device_attribute *attr,
					 char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(to_scst_tgt(dev)->max_session_commands));
}

static ssize_t max_session_commands_store(struct device *dev,
					  struct device_attribute *attr,
					  const char *buf, size_t count)
{
	struct scst_tgt *tgt = to_scst_tgt(dev);
	struct scst_session *sess;
	unsigned int max;
	int ret;

	ret = scst_limit_parse(dev, attr, buf, &max);
	if (ret)
		return ret;
	guard(mutex)(&tgt->mutex);
	WRITE_ONCE(tgt->max_session_commands, max);
	list_for_each_entry(sess, &tgt->sessions, tgt_entry)
		scst_limit_set(sess, &sess->limit, max);
	return count;
}
static DEVICE_ATTR_RW(max_session_commands);

static ssize_t key_attributes_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	struct scst_tgt *tgt = to_scst_tgt(dev);
	ssize_t at = 0;

	guard(mutex)(&tgt->mutex);
	if (!tgt->enabled)
		at += sysfs_emit_at(buf, at, "enabled\n");
	if (tgt->rel_tgt_id != tgt->default_rel_tgt_id)
		at += sysfs_emit_at(buf, at, "rel_tgt_id\n");
	if (tgt->default_acg.addr_method != SCST_ADDR_PERIPHERAL)
		at += sysfs_emit_at(buf, at, "addr_method\n");
	if (tgt->max_session_commands)
		at += sysfs_emit_at(buf, at, "max_session_commands\n");
	if (tgt->tgtt->key_attributes)
		at += tgt->tgtt->key_attributes(tgt, buf, at);
	return at;
}
static DEVICE_ATTR_RO(key_attributes);

static struct attribute *tgt_attrs[] = {
	&dev_attr_enabled.attr,
	&dev_attr_rel_tgt_id.attr,
	&dev_attr_addr_method.attr,
	&dev_attr_max_session_commands.attr,
	&dev_attr_key_attributes.attr,
	NULL
};
ATTRIBUTE_GROUPS(tgt);

static void tgt_release(struct device *dev)
{
	struct scst_tgt *tgt = to_scst_tgt(dev);

	if (tgt->rel_tgt_id)
		ida_free(&rel_tgt_ids, tgt->rel_tgt_id);
	xa_destroy(&tgt->default_acg.luns);
	kfree(tgt);
	scst_object_put();
}

const struct device_type scst_tgt_device_type = {
	.name	 = "target",
	.groups	 = tgt_groups,
	.release = tgt_release,
};

static struct lock_class_key tgt_lock_key;

static struct scst_tgt *tgt_alloc(struct scst_tgt_template *tgtt,
				  struct device *parent, const char *name,
				  void *priv)
{
	struct scst_tgt *tgt;
	int ret;

	if (!scst_valid_name(name))
		return ERR_PTR(-EINVAL);
	tgt = kzalloc(sizeof(*tgt), GFP_KERNEL);
	if (!tgt)
		return ERR_PTR(-ENOMEM);

	scst_object_get();
	tgt->tgtt = tgtt;
	tgt->priv = priv;
	tgt->enabled = true;
	mutex_init(&tgt->mutex);
	INIT_LIST_HEAD(&tgt->sessions);
	INIT_LIST_HEAD(&tgt->tgtt_entry);
	init_waitqueue_head(&tgt->writers_wait);
	xa_init(&tgt->default_acg.luns);
	tgt->default_acg.tgt = tgt;
	INIT_LIST_HEAD(&tgt->acgs);
	mutex_init(&tgt->move_mutex);

	device_initialize(&tgt->dev);
	lockdep_set_class(&tgt->dev.mutex, &tgt_lock_key);
	tgt->dev.bus = &port_bus;
	tgt->dev.type = &scst_tgt_device_type;
	tgt->dev.parent = parent ?: scst_targets_dir;
	tgt->dev.groups = tgtt->tgt_groups;
	device_set_pm_not_required(&tgt->dev);

	ret = dev_set_name(&tgt->dev, "%s", name);
	if (!ret)
		ret = ida_alloc_range(&rel_tgt_ids, 1, U16_MAX, GFP_KERNEL);
	if (ret < 0) {
		put_device(&tgt->dev);
		return ERR_PTR(ret);
	}
	tgt->rel_tgt_id = ret;
	tgt->default_rel_tgt_id = ret;
	return tgt;
}

/* Everything below the target, so that user space finds it complete. */
static int tgt_add_dirs(struct scst_tgt *tgt)
{
	int ret;

	ret = scst_acg_init(&tgt->default_acg, &tgt->dev);
	if (!ret)
		ret = scst_ini_groups_init(tgt);
	if (ret)
		return ret;
	tgt->sessions_dev = scst_create_dir(&tgt->dev, "sessions", NULL, tgt);
	return PTR_ERR_OR_ZERO(tgt->sessions_dev);
}

static void tgt_del(struct scst_tgt *tgt)
{
	scoped_guard(mutex, &tgt->mutex)
		tgt->dying = true;
	scst_alua_del_tgt(tgt);
	scst_acg_wait_writers(tgt);
	scst_ini_groups_exit(tgt);
	scst_acg_exit(&tgt->default_acg);
	scst_remove_dir(tgt->sessions_dev);
	device_del(&tgt->dev);
}

static int tgt_add(struct scst_tgt *tgt)
{
	int ret;

	dev_set_uevent_suppress(&tgt->dev, 1);
	ret = device_add(&tgt->dev);
	if (ret)
		return ret;
	ret = tgt_add_dirs(tgt);
	if (ret) {
		tgt_del(tgt);
		return ret;
	}

	/* Ports have their states before anybody can log in. */
	scst_alua_add_tgt(tgt);
	scst_tgtt_remember(tgt);
	get_device(&tgt->dev);
	scoped_guard(mutex, &tgt->mutex) {
		/* Who deletes it takes the mutex: the uevents come in order. */
		WRITE_ONCE(tgt->ready, true);
		dev_set_uevent_suppress(&tgt->dev, 0);
		kobject_uevent(&tgt->dev.kobj, KOBJ_ADD);
		kobject_uevent(&tgt->dev.kobj, KOBJ_BIND);
	}
	/* For who has looked for it too early, and added a port meanwhile */
	scst_alua_add_tgt(tgt);
	put_device(&tgt->dev);
	return 0;
}

/**
 * scst_register_target - add a SCSI target port
 * @tgtt: target driver, registered
 * @parent: device it is a port of, or NULL for /sys/devices/scst/targets
 * @name: name, unique among all targets
 * @priv: the target driver's
 *
 * The target is enabled.  A user may delete it at once: a target driver with
 * a del_target() callback has to hold that up until it has noted the target.
 *
 * Context: process context, may sleep.
 * Return: the target or ERR_PTR(): -EINVAL when @name is not a valid name,
 * -EEXIST when it is in use, -ENOMEM, -ENOSPC.
 */
struct scst_tgt *scst_register_target(struct scst_tgt_template *tgtt,
				      struct device *parent, const char *name,
				      void *priv)
{
	struct scst_tgt *tgt;
	int ret;

	tgt = tgt_alloc(tgtt, parent, name, priv);
	if (IS_ERR(tgt))
		return tgt;

	ret = scst_add_name(&tgt->name, &tgt->dev);
	if (ret) {
		pr_err("%s: target %s exists\n", tgtt->driver.name, name);
		goto put;
	}
	ret = tgt_add(tgt);
	if (ret)
		goto del_name;
	return tgt;

del_name:
	scst_del_name(&tgt->name);
put:
	put_device(&tgt->dev);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(scst_register_target);

/**
 * scst_unregister_target - remove a SCSI target port
 * @tgt: target whose sessions were unregistered
 *
 * Removes its LUNs.  The target driver must not use @tgt any more unless it
 * holds a reference on its device.
 *
 * Context: process context; waits for callbacks of its attributes.
 */
void scst_unregister_target(struct scst_tgt *tgt)
{
	scoped_guard(mutex, &tgt->mutex)
		WARN_ON_ONCE(!list_empty(&tgt->sessions));
	scst_tgtt_forget(tgt);
	tgt_del(tgt);
	scst_del_name(&tgt->name);
	put_device(&tgt->dev);
}
EXPORT_SYMBOL_GPL(scst_unregister_target);

/**
 * scst_find_target - find a target of a target driver
 * @tgtt: target driver
 * @name: name
 *
 * Context: process context, may sleep.
 * Return: the target, with a reference to be dropped with put_device() on
 * scst_tgt.dev, or NULL.
 */
struct scst_tgt *scst_find_target(struct scst_tgt_template *tgtt,
				  const char *name)
{
	struct scst_tgt *tgt = scst_find_tgt(name);

	if (tgt && tgt->tgtt != tgtt) {
		put_device(&tgt->dev);
		return NULL;
	}
	return tgt;
}
EXPORT_SYMBOL_GPL(scst_find_target);
