// SPDX-License-Identifier: GPL-2.0
/*
 * Device groups and target port groups: the tree /sys/devices/scst/device_groups.
 *
 * A unit is in at most one device group, and a target in at most one target port
 * group of each.  Ports are known by their names: those of targets that are not
 * here, or not yet, are ports of another system.
 *
 * alua_config is held while the tree changes, over the waits of device_del() for
 * callbacks of attributes too.  So these only try to get it, and begin anew.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "alua.h"

/* Seconds: less than the 60 that Linux gives SET TARGET PORT GROUPS */
#define ALUA_DEFAULT_TIMEOUT	50

static LIST_HEAD(alua_groups);
static DEFINE_MUTEX(alua_config);	/* see above; outside all other locks */
static struct device *alua_dir;
static bool alua_closed;	/* no more groups; under alua_config */

static const char *const state_names[] = {
	[SCST_STATE_OPTIMIZED]		= "active/optimized",
	[SCST_STATE_NONOPTIMIZED]	= "active/nonoptimized",
	[SCST_STATE_STANDBY]		= "standby",
	[SCST_STATE_UNAVAILABLE]	= "unavailable",
	[SCST_STATE_OFFLINE]		= "offline",
	[SCST_STATE_TRANSITIONING]	= "transitioning",
};

static struct scst_dev_group *to_group(struct device *dev)
{
	return container_of(dev, struct scst_dev_group, dev);
}

static struct scst_tpg *to_tpg(struct device *dev)
{
	return container_of(dev, struct scst_tpg, dev);
}

static struct scst_tpg_port *to_port(struct device *dev)
{
	return container_of(dev, struct scst_tpg_port, dev);
}

/* As lock_device_hotplug_sysfs() does it */
static int alua_lock_sysfs(void)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (mutex_trylock(&alua_config))
		return 0;
	msleep(5);
	return restart_syscall();
}

/* What units say of themselves has changed. */
static void group_inquiry_changed(const struct scst_dev_group *group)
{
	struct scst_group_unit *gu;

	list_for_each_entry(gu, &group->units, entry)
		scst_device_ua(gu->unit, SCST_UA_INQUIRY_CHANGED, NULL);
}

/*
 * A file that takes the name of an object.  @change gets what the file's directory
 * belongs to; it returns an errno, which becomes a line of the log.
 */
static ssize_t alua_write_name(struct device *dev, const char *file,
			       const char *buf, size_t count,
			       int (*change)(void *owner, const char *name))
{
	char *name, *params;
	int ret;

	char *copy __free(kfree) = scst_split_name(buf, &name, &params);

	if (IS_ERR(copy) || *params) {
		dev_err(dev, "%s: want one name\n", file);
		return IS_ERR(copy) ? PTR_ERR(copy) : -EINVAL;
	}
	ret = scst_check_name(dev_name(dev), file, name);
	if (ret)
		return ret;
	ret = alua_lock_sysfs();
	if (ret)
		return ret;
	ret = change(dev_get_drvdata(dev), name);
	mutex_unlock(&alua_config);
	if (ret)
		dev_err(dev, "%s: %s: %s (%pe)\n", file, name,
			ret == -EEXIST ? "exists" :
			ret == -ENOENT ? "not found" :
			ret == -EBUSY ? "is in another group" : "failed",
			ERR_PTR(ret));
	return ret ?: count;
}

/* The attributes add and del of a directory */
#define ALUA_DIR_ATTRS(_prefix)						\
static ssize_t _prefix##_add_store(struct device *dev,			\
				   struct device_attribute *attr,	\
				   const char *buf, size_t count)	\
{									\
	return alua_write_name(dev, "add", buf, count, _prefix##_add);	\
}									\
static ssize_t _prefix##_del_store(struct device *dev,			\
				   struct device_attribute *attr,	\
				   const char *buf, size_t count)	\
{									\
	return alua_write_name(dev, "del", buf, count, _prefix##_del);	\
}									\
static struct device_attribute _prefix##_attr_add =			\
	__ATTR(add, 0200, NULL, _prefix##_add_store);			\
static struct device_attribute _prefix##_attr_del =			\
	__ATTR(del, 0200, NULL, _prefix##_del_store);			\
static struct attribute *_prefix##_dir_attrs[] = {			\
	&_prefix##_attr_add.attr,					\
	&_prefix##_attr_del.attr,					\
	NULL								\
};									\
ATTRIBUTE_GROUPS(_prefix##_dir)

/* ------------------------------------------------------------------------
 * Ports
 */

static void port_release(struct device *dev)
{
	kfree(to_port(dev));
	scst_object_put();
}

static ssize_t rel_tgt_id_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	const struct scst_tpg_port *port = to_port(dev);
	u16 id;

	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		id = port->tgt ? READ_ONCE(port->tgt->rel_tgt_id) :
				 port->rel_tgt_id;
	return sysfs_emit(buf, "%u\n", id);
}

static ssize_t rel_tgt_id_store(struct device *dev,
				struct device_attribute *attr, const char *buf,
				size_t count)
{
	struct scst_tpg_port *port = to_port(dev);
	u16 id;
	int ret;

	ret = alua_lock_sysfs();
	if (ret)
		return ret;
	ret = kstrtou16(buf, 0, &id);
	if (ret || !id) {
		ret = ret ?: -EINVAL;
		dev_err(dev, "rel_tgt_id: want 1 to 65535\n");
	} else if (port->tgt) {
		ret = -EBUSY;
		dev_err(dev, "rel_tgt_id: is that of the target here\n");
	} else {
		guard(spinlock_irqsave)(&scst_alua_lock);
		port->rel_tgt_id = id;
	}
	mutex_unlock(&alua_config);
	return ret ?: count;
}
static DEVICE_ATTR_RW(rel_tgt_id);

static ssize_t port_key_attributes_show(struct device *dev,
					struct device_attribute *attr, char *buf)
{
	const struct scst_tpg_port *port = to_port(dev);

	guard(spinlock_irqsave)(&scst_alua_lock);
	if (port->tgt || !port->rel_tgt_id)
		return 0;
	return sysfs_emit(buf, "rel_tgt_id\n");
}
static struct device_attribute dev_attr_port_key_attributes =
	__ATTR(key_attributes, 0444, port_key_attributes_show, NULL);

static struct attribute *port_attrs[] = {
	&dev_attr_rel_tgt_id.attr,
	&dev_attr_port_key_attributes.attr,
	NULL
};
ATTRIBUTE_GROUPS(port);

static const struct device_type port_type = {
	.name	 = "target_port",
	.groups	 = port_groups,
	.release = port_release,
};

/* The port is one of this system, or not any more. */
static void port_set_tgt(struct scst_tpg_port *port, struct scst_tgt *tgt)
{
	struct scst_tgt *old = port->tgt;

	lockdep_assert_held(&alua_config);
	if (old == tgt)
		return;
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		port->tgt = tgt;
	if (old)
		sysfs_remove_link(&port->dev.kobj, "target");
	if (tgt && sysfs_create_link(&port->dev.kobj, &tgt->dev.kobj, "target"))
		dev_warn(&port->dev, "no memory for a link\n");
	scst_tpg_update_group(port->tpg->group);
	group_inquiry_changed(port->tpg->group);
}

static struct scst_tpg_port *port_find(const struct scst_dev_group *group,
				       const char *name)
{
	struct scst_tpg_port *port;
	struct scst_tpg *tpg;

	list_for_each_entry(tpg, &group->tpgs, entry)
		list_for_each_entry(port, &tpg->ports, entry)
			if (!strcmp(dev_name(&port->dev), name))
				return port;
	return NULL;
}

static bool tgt_is_dying(struct scst_tgt *tgt)
{
	guard(mutex)(&tgt->mutex);
	return tgt->dying;
}

static int port_add(void *owner, const char *name)
{
	struct scst_tpg *tpg = owner;
	struct scst_tpg_port *port = port_find(tpg->group, name);
	struct scst_tgt *tgt;
	int ret;

	if (port)
		return port->tpg == tpg ? -EEXIST : -EBUSY;
	port = kzalloc(sizeof(*port), GFP_KERNEL);
	if (!port)
		return -ENOMEM;

	scst_object_get();
	port->tpg = tpg;
	device_initialize(&port->dev);
	port->dev.type = &port_type;
	port->dev.parent = tpg->ports_dir;
	device_set_pm_not_required(&port->dev);
	ret = dev_set_name(&port->dev, "%s", name);
	if (!ret)
		ret = device_add(&port->dev);
	if (ret) {
		put_device(&port->dev);
		return ret;
	}
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		list_add_tail(&port->entry, &tpg->ports);

	tgt = scst_find_tgt(name);
	if (tgt) {
		/* Who is about to delete it comes to scst_alua_del_tgt(). */
		if (!tgt_is_dying(tgt))
			port_set_tgt(port, tgt);
		put_device(&tgt->dev);
	}
	return 0;
}

static void port_remove(struct scst_tpg_port *port)
{
	port_set_tgt(port, NULL);
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		list_del(&port->entry);
	device_unregister(&port->dev);
}

static int port_del(void *owner, const char *name)
{
	struct scst_tpg *tpg = owner;
	struct scst_tpg_port *port = port_find(tpg->group, name);

	if (!port || port->tpg != tpg)
		return -ENOENT;
	port_remove(port);
	return 0;
}

ALUA_DIR_ATTRS(port);

/* All ports of that name, one in each device group at most */
static void alua_each_port(const char *name, struct scst_tgt *tgt)
{
	struct scst_dev_group *group;
	struct scst_tpg_port *port;

	guard(mutex)(&alua_config);
	/* Who is about to delete it comes, or came, to scst_alua_del_tgt(). */
	if (tgt && tgt_is_dying(tgt))
		return;
	list_for_each_entry(group, &alua_groups, entry) {
		port = port_find(group, name);
		if (port)
			port_set_tgt(port, tgt);
	}
}

/* A target is there, and can be found. */
void scst_alua_add_tgt(struct scst_tgt *tgt)
{
	alua_each_port(dev_name(&tgt->dev), tgt);
}

/* A target is dying. */
void scst_alua_del_tgt(struct scst_tgt *tgt)
{
	alua_each_port(dev_name(&tgt->dev), NULL);
}

/* ------------------------------------------------------------------------
 * Target port groups
 */

static void tpg_release(struct device *dev)
{
	kfree(to_tpg(dev));
	scst_object_put();
}

static ssize_t tpg_group_id_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_tpg(dev)->group_id));
}

static bool tpg_id_in_use(const struct scst_dev_group *group, u16 id)
{
	struct scst_tpg *tpg;

	list_for_each_entry(tpg, &group->tpgs, entry)
		if (tpg->group_id == id)
			return true;
	return false;
}

static int tpg_set_id(struct scst_tpg *tpg, u16 id)
{
	if (id == tpg->group_id)
		return 0;
	if (tpg_id_in_use(tpg->group, id))
		return -EEXIST;
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		WRITE_ONCE(tpg->group_id, id);
	group_inquiry_changed(tpg->group);
	return 0;
}

/* kstrtou16(), without 0 */
static int alua_parse_id(const char *buf, u16 *id)
{
	int ret = kstrtou16(buf, 0, id);

	return ret ?: *id ? 0 : -EINVAL;
}

static ssize_t tpg_group_id_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t count)
{
	u16 id;
	int ret;

	ret = alua_lock_sysfs();
	if (ret)
		return ret;
	ret = alua_parse_id(buf, &id);
	if (!ret)
		ret = tpg_set_id(to_tpg(dev), id);
	mutex_unlock(&alua_config);
	if (ret)
		dev_err(dev, "group_id: %s\n", ret == -EEXIST ?
			"is that of another group" : "want 1 to 65535");
	return ret ?: count;
}
static struct device_attribute tpg_attr_group_id =
	__ATTR(group_id, 0644, tpg_group_id_show, tpg_group_id_store);

static ssize_t preferred_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_tpg(dev)->preferred));
}

static ssize_t preferred_store(struct device *dev,
			       struct device_attribute *attr, const char *buf,
			       size_t count)
{
	struct scst_tpg *tpg = to_tpg(dev);
	struct scst_group_unit *gu;
	bool preferred;
	int ret;

	ret = alua_lock_sysfs();
	if (ret)
		return ret;
	ret = kstrtobool(buf, &preferred);
	if (ret)
		dev_err(dev, "preferred: want 0 or 1\n");
	if (!ret && preferred != tpg->preferred) {
		scoped_guard(spinlock_irqsave, &scst_alua_lock)
			WRITE_ONCE(tpg->preferred, preferred);
		/* So that initiators read it */
		list_for_each_entry(gu, &tpg->group->units, entry)
			scst_device_ua(gu->unit, SCST_UA_ACCESS_STATE_CHANGED,
				       NULL);
	}
	mutex_unlock(&alua_config);
	return ret ?: count;
}
static DEVICE_ATTR_RW(preferred);

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", state_names[READ_ONCE(to_tpg(dev)->state)]);
}

/* A target whose port has another state */
struct tpg_change_tgt {
	struct scst_tgt *tgt;
	struct scst_tpg *tpg;
	u8 old;
	u8 new;
};

/*
 * Whom changes of states concern.  Commands that execute are waited for without
 * alua_config: others may change what has nothing to do with them.
 */
struct tpg_change {
	struct scst_dev_group *group;
	bool drain;
	unsigned int nr_units;
	unsigned int nr_tgts;
	struct scst_device **units;
	struct tpg_change_tgt *tgts;
};

/* Room for all there is */
static int tpg_change_begin(struct tpg_change *change,
			    struct scst_dev_group *group)
{
	struct scst_group_unit *gu;
	struct scst_tpg *tpg;
	size_t nr_ports = 0;

	lockdep_assert_held(&alua_config);
	change->group = group;
	list_for_each_entry(tpg, &group->tpgs, entry)
		nr_ports += list_count_nodes(&tpg->ports);
	change->units = kvcalloc(list_count_nodes(&group->units),
				 sizeof(*change->units), GFP_KERNEL);
	change->tgts = kvcalloc(nr_ports, sizeof(*change->tgts), GFP_KERNEL);
	if (!change->units || !change->tgts)
		return -ENOMEM;
	list_for_each_entry(gu, &group->units, entry) {
		get_device(&gu->unit->dev);
		change->units[change->nr_units++] = gu->unit;
	}
	return 0;
}

static void tpg_change_state(struct tpg_change *change, struct scst_tpg *tpg,
			     u8 state, u8 status)
{
	struct tpg_change_tgt *t;
	struct scst_tpg_port *port;

	lockdep_assert_held(&alua_config);
	list_for_each_entry(port, &tpg->ports, entry) {
		if (!port->tgt)
			continue;
		t = &change->tgts[change->nr_tgts++];
		get_device(&port->tgt->dev);
		get_device(&tpg->dev);
		t->tgt = port->tgt;
		t->tpg = tpg;
		t->old = tpg->state;
		t->new = state;
	}
	if (scst_tpg_state_restricts(state))
		change->drain = true;
	scst_tpg_set_state(tpg, state, status);
}

/* The target says so. */
static void tpg_announce(const struct tpg_change_tgt *t)
{
	char group[SCST_MAX_NAME + 24], name[SCST_MAX_NAME + 24];
	char now[40], before[40];
	char *envp[] = {
		"SCST_EVENT=access_state_changed", group, name, now, before,
		NULL
	};

	snprintf(group, sizeof(group), "SCST_DEVICE_GROUP=%s",
		 dev_name(&t->tpg->group->dev));
	snprintf(name, sizeof(name), "SCST_TARGET_GROUP=%s",
		 dev_name(&t->tpg->dev));
	snprintf(now, sizeof(now), "SCST_STATE=%s", state_names[t->new]);
	snprintf(before, sizeof(before), "SCST_PREVIOUS_STATE=%s",
		 state_names[t->old]);
	scst_tgt_event_env(t->tgt, envp);
}

/*
 * After alua_config: nothing executes that the states do not let through, and
 * initiators and user space hear of them.  The file that was written keeps the
 * group.
 */
static void tpg_change_finish(struct tpg_change *change, struct scst_cmd *except)
{
	unsigned int i;

	for (i = 0; i < change->nr_units; i++)
		scst_tpg_state_changed(change->units[i], change->drain, except);
	for (i = 0; i < change->nr_tgts; i++)
		tpg_announce(&change->tgts[i]);
}

static void tpg_change_free(struct tpg_change *change)
{
	struct tpg_change_tgt *t;

	while (change->nr_units)
		put_device(&change->units[--change->nr_units]->dev);
	while (change->nr_tgts) {
		t = &change->tgts[--change->nr_tgts];
		put_device(&t->tpg->dev);
		put_device(&t->tgt->dev);
	}
	kvfree(change->units);
	kvfree(change->tgts);
}

static int tpg_write_state(struct scst_tpg *tpg, u8 state)
{
	struct tpg_change change = { };
	bool changes;
	int ret;

	ret = alua_lock_sysfs();
	if (ret)
		return ret;
	changes = state != tpg->state;
	if (changes)
		ret = tpg_change_begin(&change, tpg->group);
	if (changes && !ret)
		tpg_change_state(&change, tpg, state, SCST_TPG_BY_IMPLICIT);
	mutex_unlock(&alua_config);

	if (changes && !ret)
		tpg_change_finish(&change, NULL);
	tpg_change_free(&change);
	return ret;
}

static ssize_t state_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	int state = sysfs_match_string(state_names, buf);
	int ret;

	if (state < 0) {
		dev_err(dev, "state: not known\n");
		return state;
	}
	ret = tpg_write_state(to_tpg(dev), state);
	return ret ?: count;
}
static DEVICE_ATTR_RW(state);

static ssize_t requested_state_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	u8 wanted = READ_ONCE(to_tpg(dev)->wanted);

	if (wanted == SCST_STATE_NONE)
		return 0;
	return sysfs_emit(buf, "%s\n", state_names[wanted]);
}
static DEVICE_ATTR_RO(requested_state);

static ssize_t tpg_key_attributes_show(struct device *dev,
				       struct device_attribute *attr, char *buf)
{
	const struct scst_tpg *tpg = to_tpg(dev);
	ssize_t at;

	/* Its default depends on which groups there are. */
	at = sysfs_emit(buf, "group_id\n");
	if (READ_ONCE(tpg->preferred))
		at += sysfs_emit_at(buf, at, "preferred\n");
	if (READ_ONCE(tpg->state) != SCST_STATE_OPTIMIZED)
		at += sysfs_emit_at(buf, at, "state\n");
	return at;
}
static struct device_attribute tpg_attr_key_attributes =
	__ATTR(key_attributes, 0444, tpg_key_attributes_show, NULL);

static struct attribute *tpg_attrs[] = {
	&tpg_attr_group_id.attr,
	&dev_attr_preferred.attr,
	&dev_attr_state.attr,
	&dev_attr_requested_state.attr,
	&tpg_attr_key_attributes.attr,
	NULL
};
ATTRIBUTE_GROUPS(tpg);

static const struct device_type tpg_type = {
	.name	 = "target_group",
	.groups	 = tpg_groups,
	.release = tpg_release,
};

static struct scst_tpg *tpg_find(const struct scst_dev_group *group,
				 const char *name)
{
	struct scst_tpg *tpg;

	list_for_each_entry(tpg, &group->tpgs, entry)
		if (!strcmp(dev_name(&tpg->dev), name))
			return tpg;
	return NULL;
}

static int tpg_new_id(struct scst_tpg *tpg)
{
	unsigned int id;

	for (id = 1; id <= U16_MAX; id++)
		if (!tpg_id_in_use(tpg->group, id)) {
			tpg->group_id = id;
			return 0;
		}
	return -ENOSPC;
}

static int tpg_add(void *owner, const char *name)
{
	struct scst_dev_group *group = owner;
	struct scst_tpg *tpg;
	int ret;

	if (tpg_find(group, name))
		return -EEXIST;
	tpg = kzalloc(sizeof(*tpg), GFP_KERNEL);
	if (!tpg)
		return -ENOMEM;

	scst_object_get();
	tpg->group = group;
	tpg->wanted = SCST_STATE_NONE;
	INIT_LIST_HEAD(&tpg->ports);
	device_initialize(&tpg->dev);
	tpg->dev.type = &tpg_type;
	tpg->dev.parent = group->tpgs_dir;
	device_set_pm_not_required(&tpg->dev);
	ret = tpg_new_id(tpg);
	if (!ret)
		ret = dev_set_name(&tpg->dev, "%s", name);
	if (!ret)
		ret = device_add(&tpg->dev);
	if (ret)
		goto put;
	tpg->ports_dir = scst_create_dir(&tpg->dev, "targets", port_dir_groups,
					 tpg);
	ret = PTR_ERR_OR_ZERO(tpg->ports_dir);
	if (ret)
		goto del;
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		list_add_tail(&tpg->entry, &group->tpgs);
	return 0;

del:
	device_del(&tpg->dev);
put:
	put_device(&tpg->dev);
	return ret;
}

static void tpg_remove(struct scst_tpg *tpg)
{
	struct scst_tpg_port *port, *next;

	list_for_each_entry_safe(port, next, &tpg->ports, entry)
		port_remove(port);
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		list_del(&tpg->entry);
	scst_remove_dir(tpg->ports_dir);
	device_unregister(&tpg->dev);
}

static int tpg_del(void *owner, const char *name)
{
	struct scst_tpg *tpg = tpg_find(owner, name);

	if (!tpg)
		return -ENOENT;
	tpg_remove(tpg);
	return 0;
}

ALUA_DIR_ATTRS(tpg);

/* ------------------------------------------------------------------------
 * Units of a device group
 */

static void unit_set_group(struct scst_device *unit,
			   struct scst_dev_group *group)
{
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		WRITE_ONCE(unit->group, group);
	scst_tpg_update_unit(unit);
	scst_device_ua(unit, SCST_UA_INQUIRY_CHANGED, NULL);
}

static struct scst_group_unit *unit_find(const struct scst_dev_group *group,
					 const char *name)
{
	struct scst_group_unit *gu;

	list_for_each_entry(gu, &group->units, entry)
		if (!strcmp(dev_name(&gu->unit->dev), name))
			return gu;
	return NULL;
}

static bool unit_is_dying(struct scst_device *unit)
{
	guard(mutex)(&unit->mutex);
	return unit->dying;
}

static int unit_join(struct scst_dev_group *group, struct scst_device *unit)
{
	struct scst_group_unit *gu;
	int ret;

	if (unit->group)
		return unit->group == group ? -EEXIST : -EBUSY;
	/* Who deletes it comes to scst_alua_del_device(), and waits there. */
	if (unit_is_dying(unit))
		return -ENOENT;
	gu = kzalloc(sizeof(*gu), GFP_KERNEL);
	if (!gu)
		return -ENOMEM;
	ret = sysfs_create_link(&group->units_dir->kobj, &unit->dev.kobj,
				dev_name(&unit->dev));
	if (ret) {
		kfree(gu);
		return ret;
	}
	gu->unit = unit;
	list_add_tail(&gu->entry, &group->units);
	unit_set_group(unit, group);
	return 0;
}

static int unit_add(void *owner, const char *name)
{
	struct scst_device *unit = scst_find_dev(name);
	int ret;

	if (!unit)
		return -ENOENT;
	ret = unit_join(owner, unit);
	put_device(&unit->dev);
	return ret;
}

static void unit_remove(struct scst_dev_group *group,
			struct scst_group_unit *gu)
{
	unit_set_group(gu->unit, NULL);
	sysfs_remove_link(&group->units_dir->kobj, dev_name(&gu->unit->dev));
	list_del(&gu->entry);
	kfree(gu);
}

static int unit_del(void *owner, const char *name)
{
	struct scst_group_unit *gu = unit_find(owner, name);

	if (!gu)
		return -ENOENT;
	unit_remove(owner, gu);
	return 0;
}

ALUA_DIR_ATTRS(unit);

/* A unit is dying: nobody has it any more. */
void scst_alua_del_device(struct scst_device *unit)
{
	guard(mutex)(&alua_config);
	if (unit->group)
		unit_del(unit->group, dev_name(&unit->dev));
}

/* ------------------------------------------------------------------------
 * Device groups
 */

static void group_release(struct device *dev)
{
	kfree(to_group(dev));
	scst_object_put();
}

static ssize_t group_group_id_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_group(dev)->group_id));
}

static bool group_id_in_use(u16 id)
{
	struct scst_dev_group *group;

	list_for_each_entry(group, &alua_groups, entry)
		if (group->group_id == id)
			return true;
	return false;
}

static int group_set_id(struct scst_dev_group *group, u16 id)
{
	if (id == group->group_id)
		return 0;
	if (group_id_in_use(id))
		return -EEXIST;
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		WRITE_ONCE(group->group_id, id);
	group_inquiry_changed(group);
	return 0;
}

static ssize_t group_group_id_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *buf, size_t count)
{
	u16 id;
	int ret;

	ret = alua_lock_sysfs();
	if (ret)
		return ret;
	ret = alua_parse_id(buf, &id);
	if (!ret)
		ret = group_set_id(to_group(dev), id);
	mutex_unlock(&alua_config);
	if (ret)
		dev_err(dev, "group_id: %s\n", ret == -EEXIST ?
			"is that of another group" : "want 1 to 65535");
	return ret ?: count;
}
static struct device_attribute group_attr_group_id =
	__ATTR(group_id, 0644, group_group_id_show, group_group_id_store);

static ssize_t explicit_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_group(dev)->explicit));
}

static ssize_t explicit_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct scst_dev_group *group = to_group(dev);
	bool explicit;
	int ret;

	ret = alua_lock_sysfs();
	if (ret)
		return ret;
	ret = kstrtobool(buf, &explicit);
	if (ret)
		dev_err(dev, "explicit: want 0 or 1\n");
	if (!ret && explicit != group->explicit) {
		scoped_guard(spinlock_irqsave, &scst_alua_lock)
			WRITE_ONCE(group->explicit, explicit);
		group_inquiry_changed(group);
	}
	mutex_unlock(&alua_config);
	return ret ?: count;
}
static DEVICE_ATTR_RW(explicit);

static ssize_t explicit_timeout_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_group(dev)->timeout));
}

static ssize_t explicit_timeout_store(struct device *dev,
				      struct device_attribute *attr,
				      const char *buf, size_t count)
{
	u16 timeout;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = alua_parse_id(buf, &timeout);
	if (ret) {
		dev_err(dev, "explicit_timeout: want 1 to 65535 seconds\n");
		return ret;
	}
	WRITE_ONCE(to_group(dev)->timeout, timeout);
	return count;
}
static DEVICE_ATTR_RW(explicit_timeout);

static ssize_t request_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%u\n", scst_stpg_id(to_group(dev)));
}
static DEVICE_ATTR_RO(request);

/* What was asked for becomes true, and whoever asked hears so. */
static int group_grant(struct scst_dev_group *group, u32 id)
{
	struct tpg_change change = { };
	struct scst_tpg_request *req;
	struct scst_tpg *tpg;
	unsigned int i = 0;
	int ret;

	ret = alua_lock_sysfs();
	if (ret)
		return ret;
	u8 *wanted __free(kvfree) = kvcalloc(list_count_nodes(&group->tpgs), 1,
					     GFP_KERNEL);
	ret = wanted ? tpg_change_begin(&change, group) : -ENOMEM;
	req = ret ? NULL : scst_stpg_take(group, id, wanted);
	if (!ret && !req)
		ret = -ENOENT;
	if (!ret)
		list_for_each_entry(tpg, &group->tpgs, entry) {
			if (wanted[i] != SCST_STATE_NONE &&
			    wanted[i] != tpg->state)
				tpg_change_state(&change, tpg, wanted[i],
						 SCST_TPG_BY_EXPLICIT);
			i++;
		}
	mutex_unlock(&alua_config);

	if (!ret) {
		tpg_change_finish(&change, scst_stpg_cmd(req));
		scst_stpg_end(req, SCST_GOOD);
	}
	tpg_change_free(&change);
	return ret;
}

static int group_refuse(struct scst_dev_group *group, u32 id)
{
	struct scst_tpg_request *req;
	int ret;

	ret = alua_lock_sysfs();
	if (ret)
		return ret;
	req = scst_stpg_take(group, id, NULL);
	mutex_unlock(&alua_config);
	if (!req)
		return -ENOENT;
	scst_stpg_fail(req);
	return 0;
}

static ssize_t answer_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	struct scst_dev_group *group = to_group(dev);
	char word[8];
	int ret, end = 0;
	u32 id;

	if (sscanf(buf, "%u %7s %n", &id, word, &end) != 2 || !id || buf[end])
		ret = -EINVAL;
	else if (!strcmp(word, "done"))
		ret = group_grant(group, id);
	else if (!strcmp(word, "failed"))
		ret = group_refuse(group, id);
	else
		ret = -EINVAL;
	if (ret == -EINVAL)
		dev_err(dev, "answer: want a number, and done or failed\n");
	if (ret == -ENOENT)
		dev_err(dev, "answer: no request %u\n", id);
	return ret ?: count;
}
static DEVICE_ATTR_WO(answer);

static ssize_t group_key_attributes_show(struct device *dev,
					 struct device_attribute *attr,
					 char *buf)
{
	const struct scst_dev_group *group = to_group(dev);
	ssize_t at;

	at = sysfs_emit(buf, "group_id\n");
	if (READ_ONCE(group->explicit))
		at += sysfs_emit_at(buf, at, "explicit\n");
	if (READ_ONCE(group->timeout) != ALUA_DEFAULT_TIMEOUT)
		at += sysfs_emit_at(buf, at, "explicit_timeout\n");
	return at;
}
static struct device_attribute group_attr_key_attributes =
	__ATTR(key_attributes, 0444, group_key_attributes_show, NULL);

static struct attribute *group_attrs[] = {
	&group_attr_group_id.attr,
	&dev_attr_explicit.attr,
	&dev_attr_explicit_timeout.attr,
	&dev_attr_request.attr,
	&dev_attr_answer.attr,
	&group_attr_key_attributes.attr,
	NULL
};
ATTRIBUTE_GROUPS(group);

static const struct device_type group_type = {
	.name	 = "device_group",
	.groups	 = group_groups,
	.release = group_release,
};

static struct scst_dev_group *group_find(const char *name)
{
	struct scst_dev_group *group;

	list_for_each_entry(group, &alua_groups, entry)
		if (!strcmp(dev_name(&group->dev), name))
			return group;
	return NULL;
}

static int group_new_id(struct scst_dev_group *group)
{
	unsigned int id;

	for (id = 1; id <= U16_MAX; id++)
		if (!group_id_in_use(id)) {
			group->group_id = id;
			return 0;
		}
	return -ENOSPC;
}

static int group_add_dirs(struct scst_dev_group *group)
{
	group->units_dir = scst_create_dir(&group->dev, "devices",
					   unit_dir_groups, group);
	if (IS_ERR(group->units_dir))
		return PTR_ERR(group->units_dir);
	group->tpgs_dir = scst_create_dir(&group->dev, "target_groups",
					  tpg_dir_groups, group);
	return PTR_ERR_OR_ZERO(group->tpgs_dir);
}

static int group_add(void *owner, const char *name)
{
	struct scst_dev_group *group;
	int ret;

	if (alua_closed)
		return -ENODEV;
	if (group_find(name))
		return -EEXIST;
	group = kzalloc(sizeof(*group), GFP_KERNEL);
	if (!group)
		return -ENOMEM;

	scst_object_get();
	INIT_LIST_HEAD(&group->units);
	INIT_LIST_HEAD(&group->tpgs);
	group->timeout = ALUA_DEFAULT_TIMEOUT;
	device_initialize(&group->dev);
	group->dev.type = &group_type;
	group->dev.parent = alua_dir;
	device_set_pm_not_required(&group->dev);
	ret = group_new_id(group);
	if (!ret)
		ret = dev_set_name(&group->dev, "%s", name);
	if (!ret)
		ret = device_add(&group->dev);
	if (ret)
		goto put;
	ret = group_add_dirs(group);
	if (ret)
		goto del;
	list_add_tail(&group->entry, &alua_groups);
	return 0;

del:
	scst_remove_dir(group->tpgs_dir);
	scst_remove_dir(group->units_dir);
	device_del(&group->dev);
put:
	put_device(&group->dev);
	return ret;
}

static void group_remove(struct scst_dev_group *group)
{
	struct scst_group_unit *gu, *next_gu;
	struct scst_tpg *tpg, *next_tpg;
	struct scst_tpg_request *req;

	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		group->explicit = false;
	req = scst_stpg_take(group, 0, NULL);
	if (req)
		scst_stpg_fail(req);
	list_for_each_entry_safe(gu, next_gu, &group->units, entry)
		unit_remove(group, gu);
	list_for_each_entry_safe(tpg, next_tpg, &group->tpgs, entry)
		tpg_remove(tpg);
	list_del(&group->entry);
	scst_remove_dir(group->tpgs_dir);
	scst_remove_dir(group->units_dir);
	device_unregister(&group->dev);
}

static int group_del(void *owner, const char *name)
{
	struct scst_dev_group *group = group_find(name);

	if (!group)
		return -ENOENT;
	group_remove(group);
	return 0;
}

ALUA_DIR_ATTRS(group);

/**
 * scst_alua_create_dir - make the directory of the device groups
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno.
 */
int __init scst_alua_create_dir(void)
{
	alua_dir = scst_create_dir(scst_root, "device_groups", group_dir_groups,
				   NULL);
	return PTR_ERR_OR_ZERO(alua_dir);
}

/**
 * scst_alua_remove_dir - delete all device groups and their directory
 *
 * Context: process context; waits for callbacks of their attributes.
 */
void scst_alua_remove_dir(void)
{
	struct scst_dev_group *group, *next;

	scoped_guard(mutex, &alua_config) {
		alua_closed = true;
		list_for_each_entry_safe(group, next, &alua_groups, entry)
			group_remove(group);
	}
	scst_remove_dir(alua_dir);
}
