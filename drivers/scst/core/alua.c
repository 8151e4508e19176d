// SPDX-License-Identifier: GPL-2.0
/*
 * Device groups, and what the objects below /sys/devices/scst/device_groups share.
 *
 * A unit is in at most one device group, and a target in at most one target port
 * group of each.
 *
 * An object that is deleted leaves its list under scst_alua_config and is among the
 * dead, so that its name stays in use, until its directory is gone.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include "alua.h"

/* All that is configured below device_groups/, see alua.h */
DEFINE_MUTEX(scst_alua_config);
static LIST_HEAD(alua_groups);	/* under scst_alua_config, as all here */
static LIST_HEAD(alua_dead);
static struct device *alua_dir;
static bool alua_closed;	/* no more groups */

/* ------------------------------------------------------------------------
 * Objects
 */

/* kstrtou16(), without 0 */
int scst_alua_parse_nonzero(const char *buf, u16 *value)
{
	int ret = kstrtou16(buf, 0, value);

	if (ret)
		return ret;
	return *value ? 0 : -EINVAL;
}

static bool alua_list_has(const struct list_head *list,
			  const struct device *parent, const char *name)
{
	const struct scst_alua_object *obj;

	list_for_each_entry(obj, list, entry)
		if (obj->dev.parent == parent &&
		    !strcmp(dev_name(&obj->dev), name))
			return true;
	return false;
}

/* Is there an object of this name below @parent, in @list or among the dead? */
bool scst_alua_name_in_use(const struct list_head *list,
			   const struct device *parent, const char *name)
{
	lockdep_assert_held(&scst_alua_config);
	return alua_list_has(list, parent, name) ||
	       alua_list_has(&alua_dead, parent, name);
}

void scst_alua_object_init(struct scst_alua_object *obj,
			   const struct device_type *type,
			   struct device *parent)
{
	scst_object_get();
	INIT_LIST_HEAD(&obj->entry);
	device_initialize(&obj->dev);
	obj->dev.type = type;
	obj->dev.parent = parent;
	device_set_pm_not_required(&obj->dev);
}

/* On failure the caller still has the object, which put_device() frees. */
int scst_alua_object_add(struct scst_alua_object *obj, const char *name)
{
	int ret = dev_set_name(&obj->dev, "%s", name);

	return ret ?: device_add(&obj->dev);
}

static void alua_remove_dirs(struct scst_alua_object *obj)
{
	int i;

	for (i = ARRAY_SIZE(obj->dirs) - 1; i >= 0; i--)
		scst_remove_dir(obj->dirs[i]);
}

/* ------------------------------------------------------------------------
 * Changes
 */

void scst_alua_change_init(struct scst_alua_change *change)
{
	change->nr_units = 0;
	change->units = NULL;
	INIT_LIST_HEAD(&change->doomed);
}

/**
 * scst_alua_change_units - wait for the commands of all units of a group later
 * @change: change
 * @group: device group
 *
 * Context: process context; the caller holds scst_alua_config.
 * Return: 0 or -ENOMEM.
 */
int scst_alua_change_units(struct scst_alua_change *change,
			   struct scst_dev_group *group)
{
	struct scst_group_unit *gu;

	lockdep_assert_held(&scst_alua_config);
	if (change->units)
		return 0;
	change->units = kvcalloc(list_count_nodes(&group->units),
				 sizeof(*change->units), GFP_KERNEL);
	if (!change->units)
		return -ENOMEM;
	list_for_each_entry(gu, &group->units, entry) {
		get_device(&gu->unit->dev);
		change->units[change->nr_units++] = gu->unit;
	}
	return 0;
}

/* The same for one unit, which need not be in a group. */
int scst_alua_change_unit(struct scst_alua_change *change,
			  struct scst_device *unit)
{
	change->units = kvcalloc(1, sizeof(*change->units), GFP_KERNEL);
	if (!change->units)
		return -ENOMEM;
	get_device(&unit->dev);
	change->units[change->nr_units++] = unit;
	return 0;
}

/* The object has left its list, or is about to. */
void scst_alua_doom(struct scst_alua_change *change,
		    struct scst_alua_object *obj)
{
	lockdep_assert_held(&scst_alua_config);
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		list_move(&obj->entry, &alua_dead);
	list_add_tail(&obj->doomed, &change->doomed);
}

static void alua_bury(struct scst_alua_object *obj)
{
	alua_remove_dirs(obj);
	device_del(&obj->dev);
	scoped_guard(mutex, &scst_alua_config)
		list_del(&obj->entry);
	put_device(&obj->dev);
}

/* What executes was let through by a state of before. */
static int alua_drain(struct scst_device *unit)
{
	int ret;

	scst_device_suspend(unit);
	ret = scst_device_quiesce(unit);
	scst_device_resume(unit);
	return ret;
}

/**
 * scst_alua_change_finish - what was put off until scst_alua_config was dropped
 * @change: change
 *
 * Context: process context; waits for commands and for writers of files.
 * Return: 0, or the errno of a unit that could not be brought to rest.
 */
int scst_alua_change_finish(struct scst_alua_change *change)
{
	struct scst_alua_object *obj, *next;
	unsigned int i;
	int ret = 0, err;

	for (i = 0; i < change->nr_units; i++) {
		err = alua_drain(change->units[i]);
		if (err)
			dev_err(&change->units[i]->dev,
				"commands from before the change go on: %pe\n",
				ERR_PTR(err));
		ret = ret ?: err;
		put_device(&change->units[i]->dev);
	}
	kvfree(change->units);
	list_for_each_entry_safe(obj, next, &change->doomed, doomed)
		alua_bury(obj);
	return ret;
}

/**
 * scst_alua_write_name - a file that takes the name of an object was written
 * @dev: directory of the file, whose drvdata is for @fn
 * @file: its name
 * @buf: what was written
 * @count: bytes
 * @fn: does it, with scst_alua_config held; what it returns becomes a line of the
 *	log
 *
 * Context: process context, may sleep.
 * Return: @count or a negative errno.
 */
ssize_t scst_alua_write_name(struct device *dev, const char *file,
			     const char *buf, size_t count,
			     int (*fn)(void *owner, const char *name,
				       struct scst_alua_change *change))
{
	struct scst_alua_change change;
	const char *fault;
	char *name, *params;
	int ret, err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	char *copy __free(kfree) = scst_split_name(buf, &name, &params);

	if (IS_ERR(copy) || *params) {
		scst_dir_err(dev, "%s: want one name\n", file);
		return IS_ERR(copy) ? PTR_ERR(copy) : -EINVAL;
	}
	fault = scst_name_fault(name);
	if (fault) {
		scst_dir_err(dev, "%s: name \"%*pE\": %s\n", file,
			     (int)strnlen(name, SCST_MAX_NAME), name, fault);
		return -EINVAL;
	}
	scst_alua_change_init(&change);
	scoped_guard(mutex, &scst_alua_config)
		ret = fn(dev_get_drvdata(dev), name, &change);
	if (ret)
		scst_dir_err(dev, "%s: %s: %s (%pe)\n", file, name,
			     ret == -EEXIST ? "exists" :
			     ret == -ENOENT ? "not found" :
			     ret == -EBUSY ? "is in another group" : "failed",
			     ERR_PTR(ret));
	err = scst_alua_change_finish(&change);
	return ret ?: err ?: count;
}

/* What units say of themselves has changed. */
void scst_alua_inquiry_changed(const struct scst_dev_group *group)
{
	struct scst_group_unit *gu;

	lockdep_assert_held(&scst_alua_config);
	list_for_each_entry(gu, &group->units, entry)
		scst_device_ua(gu->unit, SCST_UA_INQUIRY_CHANGED, NULL);
}

/* ------------------------------------------------------------------------
 * Units
 */

static struct scst_dev_group *to_group(struct device *dev)
{
	return container_of(to_scst_alua_object(dev), struct scst_dev_group,
			    obj);
}

/* The unit, and its initiators, hear of it. */
static void unit_set_group(struct scst_device *unit,
			   struct scst_dev_group *group)
{
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		WRITE_ONCE(unit->dev_group, group);
	scst_tpg_update_unit(unit);
	scst_device_ua(unit, SCST_UA_INQUIRY_CHANGED, NULL);
	scst_device_ua(unit, SCST_UA_ACCESS_STATE_CHANGED, NULL);
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

static int unit_join(struct scst_dev_group *group, struct scst_device *unit)
{
	struct scst_group_unit *gu;
	int ret;

	if (group->dying)
		return -ENODEV;
	if (unit->dev_group)
		return unit->dev_group == group ? -EEXIST : -EBUSY;
	/* Who deletes it comes to scst_alua_del_device(), and waits there. */
	if (READ_ONCE(unit->dying) || !READ_ONCE(unit->ready))
		return -ENOENT;
	gu = kzalloc(sizeof(*gu), GFP_KERNEL);
	if (!gu)
		return -ENOMEM;
	ret = sysfs_create_link(&group->obj.dirs[0]->kobj, &unit->dev.kobj,
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

static int unit_add(void *owner, const char *name,
		    struct scst_alua_change *change)
{
	struct scst_device *unit = scst_find_dev(name);
	int ret;

	if (!unit)
		return -ENOENT;
	/* The states that it has then may let fewer commands through. */
	ret = scst_alua_change_unit(change, unit);
	if (!ret)
		ret = unit_join(owner, unit);
	put_device(&unit->dev);
	return ret;
}

static void unit_remove(struct scst_dev_group *group,
			struct scst_group_unit *gu)
{
	unit_set_group(gu->unit, NULL);
	sysfs_remove_link(&group->obj.dirs[0]->kobj, dev_name(&gu->unit->dev));
	list_del(&gu->entry);
	kfree(gu);
}

static int unit_del(void *owner, const char *name,
		    struct scst_alua_change *change)
{
	struct scst_group_unit *gu = unit_find(owner, name);

	if (!gu)
		return -ENOENT;
	unit_remove(owner, gu);
	return 0;
}

/* A unit is dying: nobody has it any more. */
void scst_alua_del_device(struct scst_device *unit)
{
	struct scst_dev_group *group;

	guard(mutex)(&scst_alua_config);
	group = unit->dev_group;
	if (group)
		unit_remove(group, unit_find(group, dev_name(&unit->dev)));
}

static ssize_t unit_add_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	return scst_alua_write_name(dev, "add", buf, count, unit_add);
}

static ssize_t unit_del_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	return scst_alua_write_name(dev, "del", buf, count, unit_del);
}

static struct device_attribute unit_attr_add =
	__ATTR(add, 0200, NULL, unit_add_store);
static struct device_attribute unit_attr_del =
	__ATTR(del, 0200, NULL, unit_del_store);

static struct attribute *unit_dir_attrs[] = {
	&unit_attr_add.attr,
	&unit_attr_del.attr,
	NULL
};
ATTRIBUTE_GROUPS(unit_dir);

/* ------------------------------------------------------------------------
 * Targets that come and go
 */

struct scst_tpg_port *scst_alua_find_port(const struct scst_dev_group *group,
					  const char *name)
{
	struct scst_tpg_port *port;
	struct scst_tpg *tpg;

	list_for_each_entry(tpg, &group->tpgs, obj.entry)
		list_for_each_entry(port, &tpg->ports, obj.entry)
			if (!strcmp(dev_name(&port->obj.dev), name))
				return port;
	return NULL;
}

/* All ports of that name, one in each device group at most */
static void alua_each_port(const char *name, struct scst_tgt *tgt)
{
	struct scst_dev_group *group;
	struct scst_tpg_port *port;

	guard(mutex)(&scst_alua_config);
	/* Who is about to delete it comes, or came, to scst_alua_del_tgt(). */
	if (tgt && READ_ONCE(tgt->dying))
		return;
	list_for_each_entry(group, &alua_groups, obj.entry) {
		port = scst_alua_find_port(group, name);
		if (port)
			scst_tpg_port_set_tgt(port, tgt);
	}
}

/* A target is there. */
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
 * Device groups
 */

static void group_release(struct device *dev)
{
	kfree(to_group(dev));
	scst_object_put();
}

static ssize_t group_id_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_group(dev)->group_id));
}

static bool group_id_in_use(u16 id)
{
	struct scst_dev_group *group;

	list_for_each_entry(group, &alua_groups, obj.entry)
		if (group->group_id == id)
			return true;
	return false;
}

static int group_set_id(struct scst_dev_group *group, u16 id)
{
	guard(mutex)(&scst_alua_config);
	if (id == group->group_id)
		return 0;
	if (group_id_in_use(id))
		return -EEXIST;
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		WRITE_ONCE(group->group_id, id);
	scst_alua_inquiry_changed(group);
	return 0;
}

static ssize_t group_id_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	u16 id;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = scst_alua_parse_nonzero(buf, &id);
	if (!ret)
		ret = group_set_id(to_group(dev), id);
	if (ret)
		scst_dir_err(dev, "group_id: %s\n", ret == -EEXIST ?
			     "is that of another group" : "want 1 to 65535");
	return ret ?: count;
}
static DEVICE_ATTR_RW(group_id);

static ssize_t key_attributes_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	/* Its default depends on which groups there are. */
	ssize_t at = sysfs_emit(buf, "group_id\n");

	return scst_stpg_key_attributes(to_group(dev), buf, at);
}
static DEVICE_ATTR_RO(key_attributes);

static struct attribute *group_attrs[] = {
	&dev_attr_group_id.attr,
	&scst_alua_attr_explicit.attr,
	&scst_alua_attr_explicit_timeout.attr,
	&scst_alua_attr_request.attr,
	&scst_alua_attr_answer.attr,
	&dev_attr_key_attributes.attr,
	NULL
};
ATTRIBUTE_GROUPS(group);

static const struct device_type group_type = {
	.name	 = "device_group",
	.groups	 = group_groups,
	.release = group_release,
};

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
	struct scst_alua_object *obj = &group->obj;

	obj->dirs[0] = scst_create_dir(&obj->dev, "devices", unit_dir_groups,
				       group);
	if (IS_ERR(obj->dirs[0]))
		return PTR_ERR(obj->dirs[0]);
	obj->dirs[1] = scst_create_dir(&obj->dev, "target_groups",
				       scst_tpg_dir_groups, group);
	return PTR_ERR_OR_ZERO(obj->dirs[1]);
}

static int group_add(void *owner, const char *name,
		     struct scst_alua_change *change)
{
	struct scst_dev_group *group;
	int ret;

	if (alua_closed)
		return -ENODEV;
	if (scst_alua_name_in_use(&alua_groups, alua_dir, name))
		return -EEXIST;
	group = kzalloc(sizeof(*group), GFP_KERNEL);
	if (!group)
		return -ENOMEM;

	scst_alua_object_init(&group->obj, &group_type, alua_dir);
	INIT_LIST_HEAD(&group->units);
	INIT_LIST_HEAD(&group->tpgs);
	scst_stpg_init_group(group);
	ret = group_new_id(group);
	if (!ret)
		ret = scst_alua_object_add(&group->obj, name);
	if (ret)
		goto put;
	ret = group_add_dirs(group);
	if (ret)
		goto doom;
	list_add_tail(&group->obj.entry, &alua_groups);
	return 0;

doom:
	/* Its files may have been found already. */
	group->dying = true;
	scst_alua_doom(change, &group->obj);
	return ret;
put:
	put_device(&group->obj.dev);
	return ret;
}

static void group_remove(struct scst_dev_group *group,
			 struct scst_alua_change *change)
{
	struct scst_group_unit *gu, *next_gu;
	struct scst_tpg *tpg, *next_tpg;

	group->dying = true;
	scst_stpg_exit_group(group);
	list_for_each_entry_safe(gu, next_gu, &group->units, entry)
		unit_remove(group, gu);
	list_for_each_entry_safe(tpg, next_tpg, &group->tpgs, obj.entry)
		scst_tpg_remove(tpg, change);
	scst_alua_doom(change, &group->obj);
}

static int group_del(void *owner, const char *name,
		     struct scst_alua_change *change)
{
	struct scst_dev_group *group;

	list_for_each_entry(group, &alua_groups, obj.entry)
		if (!strcmp(dev_name(&group->obj.dev), name)) {
			group_remove(group, change);
			return 0;
		}
	return -ENOENT;
}

static ssize_t group_add_store(struct device *dev,
			       struct device_attribute *attr, const char *buf,
			       size_t count)
{
	return scst_alua_write_name(dev, "add", buf, count, group_add);
}

static ssize_t group_del_store(struct device *dev,
			       struct device_attribute *attr, const char *buf,
			       size_t count)
{
	return scst_alua_write_name(dev, "del", buf, count, group_del);
}

static struct device_attribute group_attr_add =
	__ATTR(add, 0200, NULL, group_add_store);
static struct device_attribute group_attr_del =
	__ATTR(del, 0200, NULL, group_del_store);

static struct attribute *group_dir_attrs[] = {
	&group_attr_add.attr,
	&group_attr_del.attr,
	NULL
};
ATTRIBUTE_GROUPS(group_dir);

/**
 * scst_alua_create_dir - make the directory of the device groups
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno.
 */
int __init scst_alua_create_dir(void)
{
	/* Its files can be written before this returns. */
	guard(mutex)(&scst_alua_config);
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
	struct scst_alua_change change;

	scst_alua_change_init(&change);
	scoped_guard(mutex, &scst_alua_config) {
		alua_closed = true;
		list_for_each_entry_safe(group, next, &alua_groups, obj.entry)
			group_remove(group, &change);
	}
	scst_alua_change_finish(&change);
	scst_remove_dir(alua_dir);
}
