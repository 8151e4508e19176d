// SPDX-License-Identifier: GPL-2.0
/*
 * Registrations and reservations in sysfs, to be read: the group reservation/ of a
 * unit, and its directory registrants/ with an object for each registration.
 *
 * The objects follow the state, after the fact: what fails here is lamented, and
 * nothing else.
 */

#include <linux/slab.h>
#include <linux/sysfs.h>
#include "pr.h"

/**
 * struct pr_object - registrants/<N>
 * @dev: bus-less device
 * @entry: in scst_pr.objects
 * @reg: registration; its nexus never changes
 * @holds: it holds the reservation
 * @number: N
 */
struct pr_object {
	struct device dev;
	struct list_head entry;
	struct scst_registrant reg;
	bool holds;
	int number;
};

static struct pr_object *to_pr_object(struct device *dev)
{
	return container_of(dev, struct pr_object, dev);
}

/* ------------------------------------------------------------------------
 * A registration
 */

static ssize_t key_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "0x%016llx\n",
			  READ_ONCE(to_pr_object(dev)->reg.key));
}
static DEVICE_ATTR_RO(key);

static ssize_t rel_tgt_id_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_pr_object(dev)->reg.nexus.rel_tgt_id);
}
static DEVICE_ATTR_RO(rel_tgt_id);

static ssize_t holder_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_pr_object(dev)->holds));
}
static DEVICE_ATTR_RO(holder);

static ssize_t transport_id_read(struct file *file, struct kobject *kobj,
				 struct bin_attribute *attr, char *buf,
				 loff_t off, size_t count)
{
	const struct scst_nexus_id *nexus;

	nexus = &to_pr_object(kobj_to_dev(kobj))->reg.nexus;
	return memory_read_from_buffer(buf, count, &off, nexus->tid,
				       nexus->tid_len);
}
static BIN_ATTR_RO(transport_id, 0);

static struct attribute *registrant_attrs[] = {
	&dev_attr_key.attr,
	&dev_attr_rel_tgt_id.attr,
	&dev_attr_holder.attr,
	NULL
};

static struct bin_attribute *registrant_bin_attrs[] = {
	&bin_attr_transport_id,
	NULL
};

static const struct attribute_group registrant_group = {
	.attrs		= registrant_attrs,
	.bin_attrs	= registrant_bin_attrs,
};

static const struct attribute_group *registrant_groups[] = {
	&registrant_group,
	NULL
};

static void registrant_release(struct device *dev)
{
	kfree(to_pr_object(dev));
	scst_object_put();
}

static const struct device_type registrant_type = {
	.name	 = "registrant",
	.groups	 = registrant_groups,
	.release = registrant_release,
};

static int object_add(struct scst_pr *pr, const struct scst_registrant *reg,
		      bool holds)
{
	struct pr_object *obj;
	int ret;

	obj = kzalloc(sizeof(*obj), GFP_KERNEL);
	if (!obj)
		return -ENOMEM;
	scst_object_get();
	obj->reg = *reg;
	obj->holds = holds;
	device_initialize(&obj->dev);
	obj->dev.type = &registrant_type;
	obj->dev.parent = pr->registrants_dir;
	device_set_pm_not_required(&obj->dev);
	obj->number = ida_alloc(&pr->object_ids, GFP_KERNEL);
	ret = obj->number < 0 ? obj->number :
				dev_set_name(&obj->dev, "%d", obj->number);
	if (!ret)
		ret = device_add(&obj->dev);
	if (!ret) {
		list_add_tail(&obj->entry, &pr->objects);
		return 0;
	}
	if (obj->number >= 0)
		ida_free(&pr->object_ids, obj->number);
	put_device(&obj->dev);
	return ret;
}

static void object_del(struct scst_pr *pr, struct pr_object *obj)
{
	list_del(&obj->entry);
	device_del(&obj->dev);
	ida_free(&pr->object_ids, obj->number);
	put_device(&obj->dev);
}

/* ------------------------------------------------------------------------
 * All of them
 */

static struct pr_object *object_find(const struct scst_pr *pr,
				     const struct scst_nexus_id *nexus)
{
	struct pr_object *obj;

	list_for_each_entry(obj, &pr->objects, entry)
		if (scst_nexus_equal(&obj->reg.nexus, nexus))
			return obj;
	return NULL;
}

/* Those that are there already have what is true now, the others go. */
static void objects_update(struct scst_pr *pr,
			   const struct scst_pr_state *state)
{
	struct pr_object *obj, *next;
	int i;

	list_for_each_entry_safe(obj, next, &pr->objects, entry) {
		i = scst_pr_find(state, &obj->reg.nexus);
		if (i < 0) {
			object_del(pr, obj);
			continue;
		}
		WRITE_ONCE(obj->reg.key, state->regs[i].key);
		WRITE_ONCE(obj->holds, scst_pr_holds(state, i));
		cond_resched();
	}
}

static int objects_add(struct scst_pr *pr, const struct scst_pr_state *state)
{
	unsigned int i;
	int ret = 0;

	if (!pr->registrants_dir && state->nr) {
		struct device *dir = scst_create_dir(&pr->dev->dev,
						     "registrants", NULL, NULL);
		if (IS_ERR(dir))
			return PTR_ERR(dir);
		pr->registrants_dir = dir;
	}
	for (i = 0; i < state->nr && !ret; i++) {
		if (!object_find(pr, &state->regs[i].nexus))
			ret = object_add(pr, &state->regs[i],
					 scst_pr_holds(state, i));
		cond_resched();
	}
	return ret;
}

/**
 * scst_pr_show - show a state in sysfs
 * @pr: reservations of a unit
 * @state: what is to be seen from now on
 *
 * Context: process context, may sleep; waits for callbacks of attributes.  One at a
 * time for a unit.
 */
void scst_pr_show(struct scst_pr *pr, const struct scst_pr_state *state)
{
	int ret;

	objects_update(pr, state);
	ret = objects_add(pr, state);
	if (ret)
		dev_warn_ratelimited(&pr->dev->dev,
				     "registrants: not all of them are shown: %pe\n",
				     ERR_PTR(ret));
}

/* The unit goes. */
void scst_pr_hide(struct scst_pr *pr)
{
	struct pr_object *obj, *next;

	list_for_each_entry_safe(obj, next, &pr->objects, entry)
		object_del(pr, obj);
	scst_remove_dir(pr->registrants_dir);
	pr->registrants_dir = NULL;
}

/* ------------------------------------------------------------------------
 * The group reservation/
 */

static const char *const type_names[] = {
	[SCST_PR_NONE] = "none",
	[SCST_PR_WRITE_EXCLUSIVE] = "write_exclusive",
	[SCST_PR_EXCLUSIVE_ACCESS] = "exclusive_access",
	[SCST_PR_WRITE_EXCLUSIVE_RO] =
		"write_exclusive_registrants_only",
	[SCST_PR_EXCLUSIVE_ACCESS_RO] =
		"exclusive_access_registrants_only",
	[SCST_PR_WRITE_EXCLUSIVE_AR] =
		"write_exclusive_all_registrants",
	[SCST_PR_EXCLUSIVE_ACCESS_AR] =
		"exclusive_access_all_registrants",
};

static const struct scst_pr_state *state_of(struct device *dev)
{
	return scst_pr_state_of(to_scst_dev(dev)->pr);
}

static ssize_t type_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	const struct scst_pr_state *state;
	const char *name;

	guard(rcu)();
	state = state_of(dev);
	if (scst_reserve_held(to_scst_dev(dev)))
		name = "reserve";
	else if (state->lost)
		name = "lost";
	else
		name = type_names[state->type];
	return sysfs_emit(buf, "%s\n", name);
}
static DEVICE_ATTR_RO(type);

static ssize_t generation_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	guard(rcu)();
	return sysfs_emit(buf, "%u\n", state_of(dev)->generation);
}
static DEVICE_ATTR_RO(generation);

static ssize_t aptpl_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	guard(rcu)();
	return sysfs_emit(buf, "%d\n", state_of(dev)->aptpl);
}
static DEVICE_ATTR_RO(aptpl);

static ssize_t nr_registrants_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	guard(rcu)();
	return sysfs_emit(buf, "%u\n", state_of(dev)->nr);
}
static DEVICE_ATTR_RO(nr_registrants);

static struct attribute *reservation_attrs[] = {
	&dev_attr_type.attr,
	&dev_attr_generation.attr,
	&dev_attr_aptpl.attr,
	&dev_attr_nr_registrants.attr,
	NULL
};

const struct attribute_group scst_reservation_group = {
	.name	= "reservation",
	.attrs	= reservation_attrs,
};
