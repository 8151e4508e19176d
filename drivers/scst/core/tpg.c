// SPDX-License-Identifier: GPL-2.0
/*
 * Target port groups: the files target_groups/ of a device group, and the states
 * that are written there.
 *
 * Ports are known by their names: those of targets that are not here, or not yet,
 * are ports of another system.
 */

#include <linux/slab.h>
#include <linux/string.h>
#include "alua.h"

static const char *const state_names[] = {
	[SCST_STATE_OPTIMIZED]		= "active/optimized",
	[SCST_STATE_NONOPTIMIZED]	= "active/nonoptimized",
	[SCST_STATE_STANDBY]		= "standby",
	[SCST_STATE_UNAVAILABLE]	= "unavailable",
	[SCST_STATE_OFFLINE]		= "offline",
	[SCST_STATE_TRANSITIONING]	= "transitioning",
};

static struct scst_tpg *to_tpg(struct device *dev)
{
	return container_of(to_scst_alua_object(dev), struct scst_tpg, obj);
}

static struct scst_tpg_port *to_port(struct device *dev)
{
	return container_of(to_scst_alua_object(dev), struct scst_tpg_port, obj);
}

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

static int port_set_rel_id(struct scst_tpg_port *port, u16 id)
{
	guard(spinlock_irqsave)(&scst_alua_lock);
	if (port->tgt)
		return -EBUSY;
	port->rel_tgt_id = id;
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
	ret = scst_alua_parse_nonzero(buf, &id);
	if (!ret)
		ret = port_set_rel_id(to_port(dev), id);
	if (ret)
		scst_dir_err(dev, "rel_tgt_id: %s\n", ret == -EBUSY ?
			     "is that of the target here" : "want 1 to 65535");
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

static struct device_attribute port_attr_key_attributes =
	__ATTR(key_attributes, 0444, port_key_attributes_show, NULL);

static struct attribute *port_attrs[] = {
	&dev_attr_rel_tgt_id.attr,
	&port_attr_key_attributes.attr,
	NULL
};
ATTRIBUTE_GROUPS(port);

static const struct device_type port_type = {
	.name	 = "target_port",
	.groups	 = port_groups,
	.release = port_release,
};

/* Nexuses may have another state now. */
static void tpg_ports_changed(const struct scst_dev_group *group)
{
	struct scst_group_unit *gu;

	list_for_each_entry(gu, &group->units, entry)
		scst_tpg_update_unit(gu->unit);
	scst_alua_inquiry_changed(group);
	scst_tpg_tell(group, SCST_UA_ACCESS_STATE_CHANGED, NULL);
}

/**
 * scst_tpg_port_set_tgt - a port is one of this system, or not any more
 * @port: port
 * @tgt: target of its name, or NULL
 *
 * Context: process context; the caller holds scst_alua_config.
 */
void scst_tpg_port_set_tgt(struct scst_tpg_port *port, struct scst_tgt *tgt)
{
	struct device *dev = &port->obj.dev;
	struct scst_tgt *old = port->tgt;

	lockdep_assert_held(&scst_alua_config);
	if (old == tgt)
		return;
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		port->tgt = tgt;
	if (old)
		sysfs_remove_link(&dev->kobj, "target");
	if (tgt && sysfs_create_link(&dev->kobj, &tgt->dev.kobj, "target"))
		dev_warn(dev, "no memory for a link\n");
	tpg_ports_changed(port->tpg->group);
}

static int port_may_be_added(struct scst_tpg *tpg, const char *name)
{
	const struct scst_tpg_port *port = scst_alua_find_port(tpg->group, name);

	if (tpg->dying)
		return -ENODEV;
	if (port)
		return port->tpg == tpg ? -EEXIST : -EBUSY;
	if (scst_alua_name_in_use(&tpg->ports, tpg->obj.dirs[0], name))
		return -EEXIST;
	return tpg->nr_ports < SCST_TPG_MAX_PORTS ? 0 : -ENOSPC;
}

static int port_add(void *owner, const char *name,
		    struct scst_alua_change *change)
{
	struct scst_tpg *tpg = owner;
	struct scst_tpg_port *port;
	struct scst_tgt *tgt;
	int ret;

	ret = port_may_be_added(tpg, name);
	/* The state that nexuses have then may let fewer commands through. */
	if (!ret)
		ret = scst_alua_change_units(change, tpg->group);
	if (ret)
		return ret;
	port = kzalloc(sizeof(*port), GFP_KERNEL);
	if (!port)
		return -ENOMEM;

	port->tpg = tpg;
	scst_alua_object_init(&port->obj, &port_type, tpg->obj.dirs[0]);
	ret = scst_alua_object_add(&port->obj, name);
	if (ret) {
		put_device(&port->obj.dev);
		return ret;
	}
	scoped_guard(spinlock_irqsave, &scst_alua_lock) {
		list_add_tail(&port->obj.entry, &tpg->ports);
		tpg->nr_ports++;
	}

	tgt = scst_find_tgt(name);
	if (!tgt)
		return 0;
	/* Who is about to delete it comes to scst_alua_del_tgt(). */
	if (!READ_ONCE(tgt->dying))
		scst_tpg_port_set_tgt(port, tgt);
	put_device(&tgt->dev);
	return 0;
}

static void port_remove(struct scst_tpg_port *port,
			struct scst_alua_change *change)
{
	scst_tpg_port_set_tgt(port, NULL);
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		port->tpg->nr_ports--;
	scst_alua_doom(change, &port->obj);
}

static int port_del(void *owner, const char *name,
		    struct scst_alua_change *change)
{
	struct scst_tpg *tpg = owner;
	struct scst_tpg_port *port = scst_alua_find_port(tpg->group, name);

	if (!port || port->tpg != tpg)
		return -ENOENT;
	port_remove(port, change);
	return 0;
}

static ssize_t port_add_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	return scst_alua_write_name(dev, "add", buf, count, port_add);
}

static ssize_t port_del_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	return scst_alua_write_name(dev, "del", buf, count, port_del);
}

static struct device_attribute port_attr_add =
	__ATTR(add, 0200, NULL, port_add_store);
static struct device_attribute port_attr_del =
	__ATTR(del, 0200, NULL, port_del_store);

static struct attribute *port_dir_attrs[] = {
	&port_attr_add.attr,
	&port_attr_del.attr,
	NULL
};
ATTRIBUTE_GROUPS(port_dir);

/* ------------------------------------------------------------------------
 * States
 */

/* The targets of the group that are here say so. */
static void tpg_announce(const struct scst_tpg *tpg, u8 old)
{
	char group[SCST_MAX_NAME + 24], name[SCST_MAX_NAME + 24];
	char now[48], before[48];
	char *envp[6] = {
		"SCST_EVENT=access_state_changed", group, name, now, before,
		NULL
	};
	const struct scst_tpg_port *port;

	snprintf(group, sizeof(group), "SCST_DEVICE_GROUP=%s",
		 dev_name(&tpg->group->obj.dev));
	snprintf(name, sizeof(name), "SCST_TARGET_GROUP=%s",
		 dev_name(&tpg->obj.dev));
	snprintf(now, sizeof(now), "SCST_STATE=%s", state_names[tpg->state]);
	snprintf(before, sizeof(before), "SCST_PREVIOUS_STATE=%s",
		 state_names[old]);
	list_for_each_entry(port, &tpg->ports, obj.entry)
		if (port->tgt)
			scst_tgt_event_env(port->tgt, envp);
}

static void tpg_change_state(struct scst_tpg *tpg, u8 state, u8 status,
			     struct scst_cmd *except)
{
	enum scst_ua ua = SCST_UA_ACCESS_STATE_CHANGED;
	u8 old = tpg->state;

	lockdep_assert_held(&scst_alua_config);
	/* A transition that ends where it has begun has failed (SPC-6 5.18.2). */
	if (old == SCST_STATE_TRANSITIONING && state == tpg->former &&
	    status == SCST_TPG_BY_IMPLICIT)
		ua = SCST_UA_ACCESS_TRANSITION_FAILED;
	scst_tpg_set_state(tpg, state, status);
	tpg->former = old;
	/* Before what waits: those whom the state shuts out are to know why. */
	scst_tpg_tell(tpg->group, ua, except);
	tpg_announce(tpg, old);
}

/**
 * scst_tpg_grant - an initiator gets the state that it asked for
 * @tpg: target port group
 * @state: state
 * @except: as in scst_tpg_tell()
 *
 * Context: process context; the caller holds scst_alua_config.
 */
void scst_tpg_grant(struct scst_tpg *tpg, u8 state, struct scst_cmd *except)
{
	tpg_change_state(tpg, state, SCST_TPG_BY_EXPLICIT, except);
}

/* Writing the same state again waits, and tries to bring units to rest, again. */
static int tpg_write_state(struct scst_tpg *tpg, u8 state,
			   struct scst_alua_change *change)
{
	int ret = 0;

	guard(mutex)(&scst_alua_config);
	if (tpg->dying)
		return -ENODEV;
	if (scst_tpg_restricts(state))
		ret = scst_alua_change_units(change, tpg->group);
	if (!ret && state != tpg->state)
		tpg_change_state(tpg, state, SCST_TPG_BY_IMPLICIT, NULL);
	return ret;
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", state_names[READ_ONCE(to_tpg(dev)->state)]);
}

static ssize_t state_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct scst_alua_change change;
	int state, ret, err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	state = sysfs_match_string(state_names, buf);
	if (state < 0) {
		scst_dir_err(dev, "state: not known\n");
		return state;
	}
	scst_alua_change_init(&change);
	ret = tpg_write_state(to_tpg(dev), state, &change);
	err = scst_alua_change_finish(&change);
	return ret ?: err ?: count;
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
	bool preferred;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (kstrtobool(buf, &preferred)) {
		scst_dir_err(dev, "preferred: want 0 or 1\n");
		return -EINVAL;
	}
	guard(mutex)(&scst_alua_config);
	if (preferred == tpg->preferred)
		return count;
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		WRITE_ONCE(tpg->preferred, preferred);
	/* So that initiators read it */
	scst_tpg_tell(tpg->group, SCST_UA_ACCESS_STATE_CHANGED, NULL);
	return count;
}
static DEVICE_ATTR_RW(preferred);

/* ------------------------------------------------------------------------
 * Groups
 */

static void tpg_release(struct device *dev)
{
	kfree(to_tpg(dev));
	scst_object_put();
}

static ssize_t group_id_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_tpg(dev)->group_id));
}

static bool tpg_id_in_use(const struct scst_dev_group *group, u16 id)
{
	struct scst_tpg *tpg;

	list_for_each_entry(tpg, &group->tpgs, obj.entry)
		if (tpg->group_id == id)
			return true;
	return false;
}

static int tpg_set_id(struct scst_tpg *tpg, u16 id)
{
	guard(mutex)(&scst_alua_config);
	if (id == tpg->group_id)
		return 0;
	if (tpg_id_in_use(tpg->group, id))
		return -EEXIST;
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		WRITE_ONCE(tpg->group_id, id);
	scst_alua_inquiry_changed(tpg->group);
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
		ret = tpg_set_id(to_tpg(dev), id);
	if (ret)
		scst_dir_err(dev, "group_id: %s\n", ret == -EEXIST ?
			     "is that of another group" : "want 1 to 65535");
	return ret ?: count;
}
static DEVICE_ATTR_RW(group_id);

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
	&dev_attr_group_id.attr,
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

static int tpg_add(void *owner, const char *name,
		   struct scst_alua_change *change)
{
	struct scst_dev_group *group = owner;
	struct scst_tpg *tpg;
	int ret;

	if (group->dying)
		return -ENODEV;
	if (scst_alua_name_in_use(&group->tpgs, group->obj.dirs[1], name))
		return -EEXIST;
	tpg = kzalloc(sizeof(*tpg), GFP_KERNEL);
	if (!tpg)
		return -ENOMEM;

	tpg->group = group;
	tpg->wanted = SCST_STATE_NONE;
	INIT_LIST_HEAD(&tpg->ports);
	scst_alua_object_init(&tpg->obj, &tpg_type, group->obj.dirs[1]);
	ret = tpg_new_id(tpg);
	if (!ret)
		ret = scst_alua_object_add(&tpg->obj, name);
	if (ret)
		goto put;
	tpg->obj.dirs[0] = scst_create_dir(&tpg->obj.dev, "targets",
					   port_dir_groups, tpg);
	ret = PTR_ERR_OR_ZERO(tpg->obj.dirs[0]);
	if (ret)
		goto doom;
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		list_add_tail(&tpg->obj.entry, &group->tpgs);
	return 0;

doom:
	tpg->dying = true;
	scst_alua_doom(change, &tpg->obj);
	return ret;
put:
	put_device(&tpg->obj.dev);
	return ret;
}

/**
 * scst_tpg_remove - delete a target port group
 * @tpg: target port group
 * @change: its directory goes with this
 *
 * Context: process context; the caller holds scst_alua_config.
 */
void scst_tpg_remove(struct scst_tpg *tpg, struct scst_alua_change *change)
{
	struct scst_tpg_port *port, *next;

	tpg->dying = true;
	list_for_each_entry_safe(port, next, &tpg->ports, obj.entry)
		port_remove(port, change);
	scst_alua_doom(change, &tpg->obj);
}

static int tpg_del(void *owner, const char *name,
		   struct scst_alua_change *change)
{
	struct scst_dev_group *group = owner;
	struct scst_tpg *tpg;

	list_for_each_entry(tpg, &group->tpgs, obj.entry)
		if (!strcmp(dev_name(&tpg->obj.dev), name)) {
			scst_tpg_remove(tpg, change);
			return 0;
		}
	return -ENOENT;
}

static ssize_t tpg_add_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	return scst_alua_write_name(dev, "add", buf, count, tpg_add);
}

static ssize_t tpg_del_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	return scst_alua_write_name(dev, "del", buf, count, tpg_del);
}

static struct device_attribute tpg_attr_add =
	__ATTR(add, 0200, NULL, tpg_add_store);
static struct device_attribute tpg_attr_del =
	__ATTR(del, 0200, NULL, tpg_del_store);

static struct attribute *tpg_dir_attrs[] = {
	&tpg_attr_add.attr,
	&tpg_attr_del.attr,
	NULL
};

static const struct attribute_group tpg_dir_group = {
	.attrs = tpg_dir_attrs,
};

const struct attribute_group *scst_tpg_dir_groups[] = {
	&tpg_dir_group,
	NULL
};
