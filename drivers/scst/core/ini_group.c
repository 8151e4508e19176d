// SPDX-License-Identifier: GPL-2.0
/*
 * Groups of initiators: ini_groups/{add,del} of a target, and what is in a group.
 *
 * A pattern stands for the names of initiator ports.  One without wildcards comes
 * before those with; else the group decides whose name comes first in the order of
 * strcmp().  Initiators of no group have the LUNs of the target itself.
 *
 * As with LUNs, groups and patterns are reserved in their lists first and become
 * live when their directories are there, and between these points no lock is held.
 */

#include <linux/ctype.h>
#include <linux/glob.h>
#include <linux/slab.h>
#include "core.h"

/**
 * struct scst_acn - a pattern for names of initiators
 * @dev: bus-less device initiators/<pattern>
 * @acg: group
 * @entry: in its list, under scst_tgt.mutex
 * @exact: without wildcards
 * @live: it counts; under scst_tgt.mutex
 * @pattern: behind a leading '!', if there is one
 * @inverse: there is: it stands for all names that @pattern does not match
 */
struct scst_acn {
	struct device dev;
	struct scst_acg *acg;
	struct list_head entry;
	bool exact;
	bool live;
	bool inverse;
	const char *pattern;
};

static struct scst_acn *to_acn(struct device *dev)
{
	return container_of(dev, struct scst_acn, dev);
}

static struct scst_acg *to_acg(struct device *dev)
{
	return container_of(dev, struct scst_acg, dev);
}

/* ------------------------------------------------------------------------
 * Whose initiator it is
 */

static bool acn_matches(const struct scst_acn *acn, const char *name)
{
	if (acn->exact)
		return !strcmp(acn->pattern, name);
	return glob_match(acn->pattern, name) != acn->inverse;
}

static struct scst_acg *acg_find_by(struct scst_tgt *tgt, const char *name,
				    bool exact)
{
	struct scst_acg *acg;
	struct scst_acn *acn;

	list_for_each_entry(acg, &tgt->acgs, entry)
		list_for_each_entry(acn, &acg->acns, entry)
			if (acn->live && acn->exact == exact &&
			    acn_matches(acn, name))
				return acg;
	return NULL;
}

/**
 * scst_acg_find - the group of an initiator
 * @tgt: target
 * @name: name of the initiator port
 *
 * Context: process context; the caller holds scst_tgt.mutex.
 * Return: the group.
 */
struct scst_acg *scst_acg_find(struct scst_tgt *tgt, const char *name)
{
	lockdep_assert_held(&tgt->mutex);
	return acg_find_by(tgt, name, true) ?:
	       acg_find_by(tgt, name, false) ?: &tgt->default_acg;
}

static struct scst_acg *acg_by_name(struct scst_tgt *tgt, const char *name)
{
	struct scst_acg *acg;

	lockdep_assert_held(&tgt->mutex);
	list_for_each_entry(acg, &tgt->acgs, entry)
		if (!strcmp(dev_name(&acg->dev), name))
			return acg;
	return NULL;
}

/* ------------------------------------------------------------------------
 * Patterns
 */

static void acn_release(struct device *dev)
{
	kfree(to_acn(dev));
	scst_object_put();
}

static const struct device_type acn_type = {
	.name	 = "initiator",
	.release = acn_release,
};

/* Why something is no pattern, or NULL */
static const char *acn_fault(const char *pattern)
{
	static const char *const taken[] = {
		".", "..", "uevent", "add", "del", "take", "!",
	};

	const char *c;

	if (strlen(pattern) > SCST_MAX_INITIATOR_NAME)
		return "too long";
	if (match_string(taken, ARRAY_SIZE(taken), pattern) >= 0)
		return "there may be a file of this name";
	for (c = pattern; *c; c++)
		if (!isascii(*c) || !isgraph(*c) || strchr("/[]\\", *c) ||
		    (*c == '!' && c != pattern))
			return "want printable ASCII, '*', '?' and a leading '!'";
	return NULL;
}

static struct scst_acn *acn_find(struct scst_acg *acg, const char *pattern)
{
	struct scst_acn *acn;

	list_for_each_entry(acn, &acg->acns, entry)
		if (!strcmp(dev_name(&acn->dev), pattern))
			return acn;
	return NULL;
}

/* Is the pattern in a group of the target? */
static bool acn_exists(struct scst_tgt *tgt, const char *pattern)
{
	struct scst_acg *acg;

	list_for_each_entry(acg, &tgt->acgs, entry)
		if (acn_find(acg, pattern))
			return true;
	return false;
}

static struct scst_acn *acn_alloc(struct scst_acg *acg, const char *pattern)
{
	struct scst_acn *acn;
	int ret;

	acn = kzalloc(sizeof(*acn), GFP_KERNEL);
	if (!acn)
		return ERR_PTR(-ENOMEM);
	scst_object_get();
	acn->acg = acg;
	device_initialize(&acn->dev);
	acn->dev.type = &acn_type;
	acn->dev.parent = acg->initiators_dev;
	device_set_pm_not_required(&acn->dev);
	ret = dev_set_name(&acn->dev, "%s", pattern);
	if (ret) {
		put_device(&acn->dev);
		return ERR_PTR(ret);
	}
	acn->inverse = *pattern == '!';
	acn->pattern = dev_name(&acn->dev) + acn->inverse;
	acn->exact = !acn->inverse && !strpbrk(pattern, "*?");
	return acn;
}

static int acn_reserve(struct scst_acn *acn)
{
	struct scst_tgt *tgt = acn->acg->tgt;

	guard(mutex)(&tgt->mutex);
	if (tgt->dying || !scst_acg_is_live(acn->acg))
		return -ENODEV;
	if (acn_exists(tgt, dev_name(&acn->dev)))
		return -EEXIST;
	list_add_tail(&acn->entry, &acn->acg->acns);
	return 0;
}

static void acn_unreserve(struct scst_acn *acn)
{
	guard(mutex)(&acn->acg->tgt->mutex);
	list_del(&acn->entry);
}

static int acn_set_live(struct scst_acn *acn)
{
	guard(mutex)(&acn->acg->tgt->mutex);
	if (acn->acg->dying)
		return -ENODEV;
	acn->live = true;
	return 0;
}

static int acn_add(struct scst_acg *acg, const char *pattern)
{
	struct scst_acn *acn;
	int ret;

	acn = acn_alloc(acg, pattern);
	if (IS_ERR(acn))
		return PTR_ERR(acn);
	ret = acn_reserve(acn);
	if (ret)
		goto put;
	ret = device_add(&acn->dev);
	if (ret)
		goto unreserve;
	ret = acn_set_live(acn);
	if (ret)
		goto del;
	return scst_tgt_move_sessions(acg->tgt);

del:
	device_del(&acn->dev);
unreserve:
	acn_unreserve(acn);
put:
	put_device(&acn->dev);
	return ret;
}

/* It does not count any more. */
static void acn_remove(struct scst_acn *acn)
{
	device_del(&acn->dev);
	acn_unreserve(acn);
	put_device(&acn->dev);
}

/* Only one of several who want to delete it does so. */
static struct scst_acn *acn_take(struct scst_acg *acg, const char *pattern)
{
	struct scst_acn *acn;

	guard(mutex)(&acg->tgt->mutex);
	acn = acn_find(acg, pattern);
	if (!acn || !acn->live)
		return NULL;
	acn->live = false;
	return acn;
}

static int acn_del(struct scst_acg *acg, const char *pattern)
{
	struct scst_acn *acn = acn_take(acg, pattern);
	int ret;

	if (!acn)
		return -ENOENT;
	ret = scst_tgt_move_sessions(acg->tgt);
	acn_remove(acn);
	return ret;
}

/*
 * All patterns of another group become those of this one, as one step: sessions
 * go from one group to the other, and not through a third.
 */
static int acn_take_all(struct scst_acg *acg, const char *name)
{
	struct scst_tgt *tgt = acg->tgt;
	struct scst_acg *from;
	struct scst_acn *acn, *next;
	int ret = 0, err;

	scoped_guard(mutex, &tgt->mutex) {
		from = acg_by_name(tgt, name);
		if (!from || !scst_acg_is_live(from))
			return -ENOENT;
		if (from == acg)
			return -EINVAL;
		if (!scst_acg_is_live(acg))
			return -ENODEV;
		list_for_each_entry_safe(acn, next, &from->acns, entry) {
			if (!acn->live)
				continue;
			ret = device_move(&acn->dev, acg->initiators_dev,
					  DPM_ORDER_NONE);
			if (ret)
				break;
			acn->acg = acg;
			list_move_tail(&acn->entry, &acg->acns);
		}
	}
	err = scst_tgt_move_sessions(tgt);
	return ret ?: err;
}

/*
 * A file that takes a name.  @change returns an errno, which becomes a line of the
 * log.
 */
static ssize_t acg_write_name(struct scst_acg *acg, struct device *dev,
			      const char *file, const char *buf, size_t count,
			      const char *(*fault)(const char *name),
			      int (*change)(struct scst_acg *acg,
					    const char *name))
{
	const char *why = "failed";
	char *name, *params;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	char *copy __free(kfree) = scst_split_name(buf, &name, &params);

	if (IS_ERR(copy) || *params) {
		scst_dir_err(dev, "%s: want one name\n", file);
		return IS_ERR(copy) ? PTR_ERR(copy) : -EINVAL;
	}
	if (fault && fault(name)) {
		scst_dir_err(dev, "%s: \"%*pE\": %s\n", file,
			     (int)strnlen(name, SCST_MAX_NAME), name,
			     fault(name));
		return -EINVAL;
	}
	ret = scst_acg_begin_write(acg->tgt);
	if (ret)
		return ret;
	ret = change(acg, name);
	scst_acg_end_write(acg->tgt);
	if (ret == -EEXIST)
		why = "exists";
	else if (ret == -ENOENT)
		why = "not found";
	else if (ret == -EBUSY)
		why = "has sessions";
	if (ret)
		scst_dir_err(dev, "%s: %*pE: %s (%pe)\n", file,
			     (int)strnlen(name, SCST_MAX_INITIATOR_NAME), name,
			     why, ERR_PTR(ret));
	return ret ?: count;
}

static ssize_t initiators_add_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *buf, size_t count)
{
	return acg_write_name(dev_get_drvdata(dev), dev, "add", buf, count,
			      acn_fault, acn_add);
}

static ssize_t initiators_del_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *buf, size_t count)
{
	return acg_write_name(dev_get_drvdata(dev), dev, "del", buf, count,
			      NULL, acn_del);
}

static ssize_t take_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	return acg_write_name(dev_get_drvdata(dev), dev, "take", buf, count,
			      NULL, acn_take_all);
}

static struct device_attribute initiators_attr_add =
	__ATTR(add, 0200, NULL, initiators_add_store);
static struct device_attribute initiators_attr_del =
	__ATTR(del, 0200, NULL, initiators_del_store);
static DEVICE_ATTR_WO(take);

static struct attribute *initiators_attrs[] = {
	&initiators_attr_add.attr,
	&initiators_attr_del.attr,
	&dev_attr_take.attr,
	NULL
};
ATTRIBUTE_GROUPS(initiators);

/* ------------------------------------------------------------------------
 * Groups
 */

static void acg_release(struct device *dev)
{
	struct scst_acg *acg = to_acg(dev);

	xa_destroy(&acg->luns);
	kfree(acg);
	scst_object_put();
}

static const char *const addr_methods[] = {
	[SCST_ADDR_PERIPHERAL]	= "PERIPHERAL",
	[SCST_ADDR_FLAT]	= "FLAT",
	[SCST_ADDR_LUN]		= "LUN",
};

/* addr_method of a group, and of the target, whose default group's it is */
ssize_t scst_addr_method_show(const struct scst_acg *acg, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  addr_methods[READ_ONCE(acg->addr_method)]);
}

ssize_t scst_addr_method_store(struct scst_acg *acg, struct device *dev,
			       const char *buf, size_t count)
{
	struct scst_session *sess;
	int method;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	method = sysfs_match_string(addr_methods, buf);
	if (method < 0) {
		scst_dir_err(dev, "addr_method: want PERIPHERAL, FLAT or LUN\n");
		return method;
	}
	guard(mutex)(&acg->tgt->mutex);
	WRITE_ONCE(acg->addr_method, method);
	list_for_each_entry(sess, &acg->tgt->sessions, tgt_entry) {
		if (sess->acg != acg || sess->addr_method == method)
			continue;
		WRITE_ONCE(sess->addr_method, method);
		scst_ua_luns_changed(sess, SCST_LUN_INVALID);
	}
	return count;
}

static ssize_t addr_method_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return scst_addr_method_show(to_acg(dev), buf);
}

static ssize_t addr_method_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *buf, size_t count)
{
	return scst_addr_method_store(to_acg(dev), dev, buf, count);
}
static DEVICE_ATTR_RW(addr_method);

static ssize_t key_attributes_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	if (READ_ONCE(to_acg(dev)->addr_method) == SCST_ADDR_PERIPHERAL)
		return 0;
	return sysfs_emit(buf, "addr_method\n");
}
static DEVICE_ATTR_RO(key_attributes);

static struct attribute *acg_attrs[] = {
	&dev_attr_addr_method.attr,
	&dev_attr_key_attributes.attr,
	NULL
};
ATTRIBUTE_GROUPS(acg);

static const struct device_type acg_type = {
	.name	 = "ini_group",
	.groups	 = acg_groups,
	.release = acg_release,
};

static int acg_group_reserve(struct scst_acg *acg)
{
	struct scst_acg *other;

	guard(mutex)(&acg->tgt->mutex);
	if (acg->tgt->dying)
		return -ENODEV;
	if (acg_by_name(acg->tgt, dev_name(&acg->dev)))
		return -EEXIST;
	/* In the order of their names: which of two wins must not depend on time. */
	list_for_each_entry(other, &acg->tgt->acgs, entry)
		if (strcmp(dev_name(&other->dev), dev_name(&acg->dev)) > 0)
			break;
	list_add_tail(&acg->entry, &other->entry);
	return 0;
}

static void acg_group_unreserve(struct scst_acg *acg)
{
	guard(mutex)(&acg->tgt->mutex);
	list_del(&acg->entry);
}

static int acg_group_add_dirs(struct scst_acg *acg)
{
	int ret;

	ret = scst_acg_init(acg, &acg->dev);
	if (ret)
		return ret;
	acg->initiators_dev = scst_create_dir(&acg->dev, "initiators",
					      initiators_groups, acg);
	return PTR_ERR_OR_ZERO(acg->initiators_dev);
}

static int acg_group_add(struct scst_acg *default_acg, const char *name)
{
	struct scst_tgt *tgt = default_acg->tgt;
	struct scst_acg *acg;
	int ret;

	acg = kzalloc(sizeof(*acg), GFP_KERNEL);
	if (!acg)
		return -ENOMEM;
	scst_object_get();
	acg->tgt = tgt;
	xa_init(&acg->luns);
	INIT_LIST_HEAD(&acg->acns);
	device_initialize(&acg->dev);
	acg->dev.type = &acg_type;
	acg->dev.parent = tgt->ini_groups_dev;
	device_set_pm_not_required(&acg->dev);
	ret = dev_set_name(&acg->dev, "%s", name);
	if (!ret)
		ret = acg_group_reserve(acg);
	if (ret)
		goto put;
	ret = device_add(&acg->dev);
	if (ret)
		goto unreserve;
	ret = acg_group_add_dirs(acg);
	if (ret)
		goto del;
	scoped_guard(mutex, &tgt->mutex)
		acg->live = true;
	return 0;

del:
	/* Its files may have been found already. */
	scoped_guard(mutex, &tgt->mutex)
		acg->dying = true;
	scst_remove_dir(acg->initiators_dev);
	scst_acg_exit(acg);
	device_del(&acg->dev);
unreserve:
	acg_group_unreserve(acg);
put:
	put_device(&acg->dev);
	return ret;
}

/* Take the patterns of a group that are nobody else's. */
static void acg_take_acns(struct scst_acg *acg, struct list_head *taken)
{
	struct scst_acn *acn, *next;

	lockdep_assert_held(&acg->tgt->mutex);
	acg->dying = true;
	list_for_each_entry_safe(acn, next, &acg->acns, entry) {
		if (!acn->live)
			continue;
		acn->live = false;
		list_move_tail(&acn->entry, taken);
	}
}

/*
 * No session is in it, and none comes any more.  Writers of its files that came
 * before are waited for where the files are removed, and clean up themselves.
 */
static void acg_group_remove(struct scst_acg *acg, struct list_head *taken)
{
	struct scst_acn *acn, *next;

	list_for_each_entry_safe(acn, next, taken, entry)
		acn_remove(acn);
	scst_remove_dir(acg->initiators_dev);
	scst_acg_exit(acg);
	device_del(&acg->dev);
	acg_group_unreserve(acg);
	put_device(&acg->dev);
}

/* Also those that have not come to it yet */
static bool acg_has_sessions(const struct scst_acg *acg)
{
	const struct scst_session *sess;

	list_for_each_entry(sess, &acg->tgt->sessions, tgt_entry)
		if (sess->acg == acg ||
		    scst_acg_find(acg->tgt, sess->initiator_name) == acg)
			return true;
	return false;
}

static int acg_group_del(struct scst_acg *default_acg, const char *name)
{
	struct scst_tgt *tgt = default_acg->tgt;
	struct scst_acg *acg;
	LIST_HEAD(taken);

	scoped_guard(mutex, &tgt->mutex) {
		acg = acg_by_name(tgt, name);
		if (!acg || !scst_acg_is_live(acg))
			return -ENOENT;
		if (acg_has_sessions(acg))
			return -EBUSY;
		acg_take_acns(acg, &taken);
	}
	acg_group_remove(acg, &taken);
	return 0;
}

static ssize_t groups_add_store(struct device *dev,
				struct device_attribute *attr,
				const char *buf, size_t count)
{
	struct scst_tgt *tgt = dev_get_drvdata(dev);

	return acg_write_name(&tgt->default_acg, dev, "add", buf, count,
			      scst_name_fault, acg_group_add);
}

static ssize_t groups_del_store(struct device *dev,
				struct device_attribute *attr,
				const char *buf, size_t count)
{
	struct scst_tgt *tgt = dev_get_drvdata(dev);

	return acg_write_name(&tgt->default_acg, dev, "del", buf, count, NULL,
			      acg_group_del);
}

static struct device_attribute groups_attr_add =
	__ATTR(add, 0200, NULL, groups_add_store);
static struct device_attribute groups_attr_del =
	__ATTR(del, 0200, NULL, groups_del_store);

static struct attribute *ini_groups_attrs[] = {
	&groups_attr_add.attr,
	&groups_attr_del.attr,
	NULL
};
ATTRIBUTE_GROUPS(ini_groups);

/**
 * scst_ini_groups_init - make the directory of the groups of a target
 * @tgt: target
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno; scst_ini_groups_exit() is due in any case.
 */
int scst_ini_groups_init(struct scst_tgt *tgt)
{
	tgt->ini_groups_dev = scst_create_dir(&tgt->dev, "ini_groups",
					      ini_groups_groups, tgt);
	return PTR_ERR_OR_ZERO(tgt->ini_groups_dev);
}

/**
 * scst_ini_groups_exit - delete the groups of a target and their directory
 * @tgt: target that is dying and has no sessions, and no writers of its files
 *
 * Context: process context, may sleep.
 */
void scst_ini_groups_exit(struct scst_tgt *tgt)
{
	struct scst_acg *acg, *next;
	LIST_HEAD(taken);

	list_for_each_entry_safe(acg, next, &tgt->acgs, entry) {
		scoped_guard(mutex, &tgt->mutex)
			acg_take_acns(acg, &taken);
		acg_group_remove(acg, &taken);
	}
	scst_remove_dir(tgt->ini_groups_dev);
}
