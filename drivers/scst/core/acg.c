// SPDX-License-Identifier: GPL-2.0
/*
 * LUN maps of groups: the files luns/{add,del,replace,clear} and the LUNs below.
 *
 * A LUN is reserved in the group's table first and becomes live when all
 * sessions have it; it stops being live before the sessions lose it.  Between
 * these points no lock is held, so that an initiator on the same host can scan
 * for it, or flush its cache.  scst_tgt.nr_writers keeps the target from being
 * taken apart meanwhile.
 */

#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include "core.h"

static void acg_dev_release(struct device *dev)
{
	kfree(to_scst_acg_dev(dev));
	scst_object_put();
}

static ssize_t read_only_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", to_scst_acg_dev(dev)->read_only);
}
static DEVICE_ATTR_RO(read_only);

static ssize_t max_commands_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(to_scst_acg_dev(dev)->max_commands));
}

static void acg_dev_set_max_commands(struct scst_acg_dev *ad, unsigned int max)
{
	struct scst_tgt *tgt = ad->acg->tgt;
	struct scst_session *sess;
	struct scst_tgt_dev *td;

	guard(mutex)(&tgt->mutex);
	WRITE_ONCE(ad->max_commands, max);
	list_for_each_entry(sess, &tgt->sessions, tgt_entry) {
		td = xa_load(scst_luns(sess), ad->lun);
		if (td && td->acg_dev == ad)
			scst_limit_set(sess, &td->limit, max);
	}
}

static ssize_t max_commands_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t count)
{
	unsigned int max;
	int ret;

	ret = scst_limit_parse(dev, attr, buf, &max);
	if (ret)
		return ret;
	acg_dev_set_max_commands(to_scst_acg_dev(dev), max);
	return count;
}
static DEVICE_ATTR_RW(max_commands);

static ssize_t key_attributes_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	const struct scst_acg_dev *ad = to_scst_acg_dev(dev);
	ssize_t at = 0;

	if (ad->read_only)
		at += sysfs_emit_at(buf, at, "read_only\n");
	if (READ_ONCE(ad->max_commands))
		at += sysfs_emit_at(buf, at, "max_commands\n");
	return at;
}
static DEVICE_ATTR_RO(key_attributes);

static struct attribute *lun_attrs[] = {
	&dev_attr_read_only.attr,
	&dev_attr_max_commands.attr,
	&dev_attr_key_attributes.attr,
	NULL
};

static const struct attribute_group lun_group = {
	.attrs = lun_attrs,
};

static const struct attribute_group *lun_groups[] = {
	&lun_group,
	&scst_lun_stats_group,
	NULL
};

static const struct device_type lun_type = {
	.name	 = "lun",
	.groups	 = lun_groups,
	.release = acg_dev_release,
};

static void acg_export_name(const struct scst_acg_dev *ad, char *name,
			    size_t len)
{
	snprintf(name, len, "export%d", ad->export_id);
}

/* The links between LUN and unit. */
static int acg_dev_link(struct scst_acg_dev *ad)
{
	char name[24];
	int ret;

	ret = sysfs_create_link(&ad->dev.kobj, &ad->unit->dev.kobj, "device");
	if (ret)
		return ret;
	acg_export_name(ad, name, sizeof(name));
	ret = sysfs_add_link_to_group(&ad->unit->dev.kobj, "exported",
				      &ad->dev.kobj, name);
	if (ret)
		sysfs_remove_link(&ad->dev.kobj, "device");
	return ret;
}

static void acg_dev_unlink(struct scst_acg_dev *ad)
{
	char name[24];

	acg_export_name(ad, name, sizeof(name));
	sysfs_remove_link_from_group(&ad->unit->dev.kobj, "exported", name);
	sysfs_remove_link(&ad->dev.kobj, "device");
}

/**
 * struct acg_options - what luns/add and luns/replace are told of a LUN
 * @read_only: write protected
 * @max_commands: see struct scst_acg_dev
 */
struct acg_options {
	bool read_only;
	unsigned int max_commands;
};

static struct scst_acg_dev *acg_dev_alloc(struct scst_acg *acg,
					  struct scst_device *unit, u64 lun,
					  const struct acg_options *options)
{
	struct scst_acg_dev *ad;
	int ret;

	ad = kzalloc(sizeof(*ad), GFP_KERNEL);
	if (!ad)
		return ERR_PTR(-ENOMEM);

	scst_object_get();
	ad->acg = acg;
	ad->unit = unit;
	ad->lun = lun;
	ad->read_only = options->read_only;
	ad->max_commands = options->max_commands;
	INIT_LIST_HEAD(&ad->unit_entry);
	device_initialize(&ad->dev);
	ad->dev.type = &lun_type;
	ad->dev.parent = acg->luns_dev;
	device_set_pm_not_required(&ad->dev);

	ret = dev_set_name(&ad->dev, "%llu", lun);
	if (!ret) {
		ad->export_id = scst_device_get_export(unit, acg->tgt);
		ret = min(ad->export_id, 0);
	}
	if (ret) {
		put_device(&ad->dev);
		return ERR_PTR(ret);
	}
	return ad;
}

static int acg_reserve(struct scst_acg *acg, struct scst_acg_dev *ad)
{
	int ret;

	guard(mutex)(&acg->tgt->mutex);
	if (acg->tgt->dying || !scst_acg_is_live(acg))
		return -ENODEV;
	ret = xa_insert(&acg->luns, ad->lun, ad, GFP_KERNEL);
	return ret == -EBUSY ? -EEXIST : ret;
}

static void acg_unreserve(struct scst_acg *acg, struct scst_acg_dev *ad)
{
	scoped_guard(mutex, &acg->tgt->mutex)
		xa_erase(&acg->luns, ad->lun);
	/* Pairs with the barrier in wait_var_event(), see scst_acg_exit() */
	smp_mb();
	wake_up_var(&acg->luns);
}

static void acg_set_live(struct scst_acg_dev *ad, bool live)
{
	lockdep_assert_held(&ad->acg->tgt->mutex);
	ad->live = live;
	guard(spinlock_irqsave)(&ad->unit->tgt_dev_lock);
	if (live)
		list_add_tail(&ad->unit_entry, &ad->unit->exports);
	else
		list_del_init(&ad->unit_entry);
}

/*
 * Also for those that others have taken from sessions, which have changed their groups
 * or end.  A handler may take its time.
 */
static void acg_wait_doomed(struct scst_acg_dev *ad, u8 set)
{
	atomic_t *nr_doomed = &ad->nr_doomed[set];

	/* Pairs with tgt_dev_free_doomed() */
	while (!wait_var_event_timeout(nr_doomed, !atomic_read_acquire(nr_doomed), HZ))
		;
}

/* Returns true if the session had one of them. */
static bool acg_take_from(struct scst_session *sess,
			  const struct list_head *doomed_luns,
			  struct list_head *doomed)
{
	struct scst_acg_dev *ad;
	struct scst_tgt_dev *td;
	bool had = false;

	list_for_each_entry(ad, doomed_luns, doomed) {
		td = xa_load(scst_luns(sess), ad->lun);
		if (!td || td->acg_dev != ad)
			continue;
		scst_tgt_dev_kill(td, doomed);
		had = true;
	}
	return had;
}

/*
 * Take the LUNs of the list from all sessions; ends their commands.  Initiators are
 * told before these are waited for.
 */
static void acg_take(struct scst_acg *acg, const struct list_head *doomed_luns)
{
	struct scst_session *sess;
	struct scst_acg_dev *ad;
	LIST_HEAD(doomed);

	scoped_guard(mutex, &acg->tgt->mutex)
		list_for_each_entry(sess, &acg->tgt->sessions, tgt_entry)
			if (acg_take_from(sess, doomed_luns, &doomed))
				scst_ua_luns_changed(sess, SCST_LUN_INVALID);
	scst_tgt_devs_free(&doomed);
	list_for_each_entry(ad, doomed_luns, doomed) {
		acg_wait_doomed(ad, 0);
		acg_wait_doomed(ad, 1);
	}
}

/* @except_lun: which is new, and need not tell of it */
static void acg_luns_changed(struct scst_acg *acg, u64 except_lun)
{
	struct scst_session *sess;

	lockdep_assert_held(&acg->tgt->mutex);
	list_for_each_entry(sess, &acg->tgt->sessions, tgt_entry)
		if (sess->acg == acg)
			scst_ua_luns_changed(sess, except_lun);
}

/* Give a LUN to all sessions of the group. */
static int acg_give(struct scst_acg *acg, struct scst_acg_dev *ad)
{
	struct scst_session *sess;
	int ret;

	guard(mutex)(&acg->tgt->mutex);
	if (acg->tgt->dying || acg->dying)
		return -ENODEV;
	list_for_each_entry(sess, &acg->tgt->sessions, tgt_entry) {
		ret = sess->acg == acg ? scst_tgt_dev_add(sess, ad) : 0;
		if (ret)
			return ret;
	}
	acg_set_live(ad, true);
	acg_luns_changed(acg, ad->lun);
	return 0;
}

/* Tell user space and the target driver, without locks. */
static void acg_announce(struct scst_acg *acg)
{
	struct scst_tgt *tgt = acg->tgt;
	struct scst_session **sessions;
	unsigned int nr, i;

	scst_tgt_event(tgt, "luns_changed", NULL);
	if (!tgt->tgtt->luns_changed)
		return;
	sessions = scst_tgt_get_sessions(tgt, acg, &nr);
	for (i = 0; i < nr; i++)
		tgt->tgtt->luns_changed(sessions[i]);
	scst_put_sessions(sessions, nr);
}

static int acg_add(struct scst_acg *acg, struct scst_device *unit, u64 lun,
		   const struct acg_options *options)
{
	struct scst_acg_dev *ad;
	LIST_HEAD(doomed);
	int ret;

	ad = acg_dev_alloc(acg, unit, lun, options);
	if (IS_ERR(ad))
		return PTR_ERR(ad);

	ret = acg_reserve(acg, ad);
	if (ret)
		goto put_unit;
	ret = device_add(&ad->dev);
	if (ret)
		goto unreserve;
	ret = acg_dev_link(ad);
	if (ret)
		goto del;
	ret = acg_give(acg, ad);
	if (ret)
		goto take;
	acg_announce(acg);
	return 0;

take:
	list_add(&ad->doomed, &doomed);
	acg_take(acg, &doomed);
	acg_dev_unlink(ad);
del:
	device_del(&ad->dev);
unreserve:
	acg_unreserve(acg, ad);
put_unit:
	scst_device_put_export(ad->unit, ad->export_id);
	put_device(&ad->dev);
	return ret;
}

/* Initiators on this host let go of the LUNs while these still answer. */
static void acg_warn_initiators(struct scst_acg *acg)
{
	const struct scst_tgt_template *tgtt = acg->tgt->tgtt;
	struct scst_session **sessions;
	unsigned int nr, i;

	if (!tgtt->luns_removing)
		return;
	sessions = scst_tgt_get_sessions(acg->tgt, acg, &nr);
	for (i = 0; i < nr; i++)
		tgtt->luns_removing(sessions[i]);
	scst_put_sessions(sessions, nr);
}

/* Delete LUNs that stopped being live. */
static void acg_del_doomed(struct scst_acg *acg, struct list_head *doomed)
{
	struct scst_acg_dev *ad, *next;

	acg_warn_initiators(acg);
	acg_take(acg, doomed);
	list_for_each_entry_safe(ad, next, doomed, doomed) {
		acg_dev_unlink(ad);
		device_del(&ad->dev);
		acg_unreserve(acg, ad);
		scst_device_put_export(ad->unit, ad->export_id);
		put_device(&ad->dev);
	}
}

static int acg_del(struct scst_acg *acg, u64 lun)
{
	struct scst_acg_dev *ad;
	LIST_HEAD(doomed);

	scoped_guard(mutex, &acg->tgt->mutex) {
		ad = xa_load(&acg->luns, lun);
		if (!ad || !ad->live)
			return -ENOENT;
		acg_set_live(ad, false);
		list_add(&ad->doomed, &doomed);
	}
	acg_del_doomed(acg, &doomed);
	acg_announce(acg);
	return 0;
}

/* Whose memory the group is */
static struct device *acg_owner(struct scst_acg *acg)
{
	return acg == &acg->tgt->default_acg ? &acg->tgt->dev : &acg->dev;
}

/* A LUN of the unit, with references on it, its group and its target; or NULL */
static struct scst_acg_dev *acg_get_export(struct scst_device *unit)
{
	struct scst_acg_dev *ad;

	guard(spinlock_irqsave)(&unit->tgt_dev_lock);
	ad = list_first_entry_or_null(&unit->exports, struct scst_acg_dev,
				      unit_entry);
	if (!ad)
		return NULL;
	get_device(&ad->acg->tgt->dev);
	get_device(acg_owner(ad->acg));
	get_device(&ad->dev);
	return ad;
}

static void acg_put_export(struct scst_acg_dev *ad)
{
	struct scst_acg *acg = ad->acg;
	struct scst_tgt *tgt = acg->tgt;

	put_device(&ad->dev);
	put_device(acg_owner(acg));
	put_device(&tgt->dev);
}

/* Unless somebody else deletes it, or gives it another unit */
static void acg_unmap(struct scst_acg_dev *ad, const struct scst_device *unit)
{
	LIST_HEAD(doomed);

	scoped_guard(mutex, &ad->acg->tgt->mutex) {
		if (!ad->live || ad->unit != unit)
			return;
		dev_info(&ad->acg->tgt->dev, "LUN %llu: %s is gone\n", ad->lun,
			 dev_name(&unit->dev));
		acg_set_live(ad, false);
		list_add(&ad->doomed, &doomed);
	}
	acg_del_doomed(ad->acg, &doomed);
	acg_announce(ad->acg);
}

/**
 * scst_acg_unmap - delete all LUNs of a unit
 * @unit: unit, which cannot be mapped any more
 *
 * Those that others delete may still be there.
 *
 * Context: process context; waits for commands, and for initiators on this host.
 */
void scst_acg_unmap(struct scst_device *unit)
{
	struct scst_acg_dev *ad;

	while ((ad = acg_get_export(unit))) {
		/* If the target goes, its LUNs do so with it. */
		if (READ_ONCE(ad->acg->tgt->dying)) {
			msleep(20);
		} else if (!scst_acg_begin_write(ad->acg->tgt)) {
			acg_unmap(ad, unit);
			scst_acg_end_write(ad->acg->tgt);
		}
		acg_put_export(ad);
	}
}

static void acg_clear(struct scst_acg *acg)
{
	struct scst_acg_dev *ad;
	unsigned long lun;
	LIST_HEAD(doomed);

	scoped_guard(mutex, &acg->tgt->mutex) {
		xa_for_each(&acg->luns, lun, ad) {
			if (!ad->live)
				continue;
			acg_set_live(ad, false);
			list_add_tail(&ad->doomed, &doomed);
		}
	}
	if (list_empty(&doomed))
		return;
	acg_del_doomed(acg, &doomed);
	acg_announce(acg);
}

/* Give all sessions a nexus with @unit in place of the one they have. */
static int acg_swap(struct scst_acg *acg, struct scst_acg_dev *ad,
		    struct scst_device *unit, const struct acg_options *options,
		    struct list_head *doomed)
{
	struct scst_tgt_dev *td, *next, *old;
	struct scst_session *sess;
	LIST_HEAD(fresh);
	int ret = 0;

	lockdep_assert_held(&acg->tgt->mutex);
	list_for_each_entry(sess, &acg->tgt->sessions, tgt_entry) {
		if (sess->acg != acg)
			continue;
		td = scst_tgt_dev_alloc(sess, ad, unit, options->read_only);
		if (!td) {
			ret = -ENOMEM;
			break;
		}
		list_add_tail(&td->doomed, &fresh);
	}

	list_for_each_entry_safe(td, next, &fresh, doomed) {
		if (ret) {
			scst_tgt_dev_free(td);
			continue;
		}
		td->ua = BIT(SCST_UA_INQUIRY_CHANGED) |
			 BIT(SCST_UA_CAPACITY_CHANGED);
		scst_limit_set(td->sess, &td->limit, options->max_commands);
		scst_tgt_dev_link(td);
		old = xa_load(scst_luns(td->sess), ad->lun);
		td->luns_gen = READ_ONCE(old->luns_gen);
		/* The slot exists, so that this needs no memory. */
		xa_store(scst_luns(td->sess), ad->lun, td, GFP_KERNEL);
		scst_ua_inherit(td, old);
		scst_tgt_dev_kill(old, doomed);
	}
	return ret;
}

/*
 * Let another unit answer at a LUN: the initiators see INQUIRY DATA HAS
 * CHANGED instead of a LUN that goes and comes.
 */
static int acg_replace(struct scst_acg *acg, struct scst_device *unit, u64 lun,
		       const struct acg_options *options)
{
	struct scst_acg_dev *ad;
	LIST_HEAD(doomed);
	int export_id, ret;
	u8 old_set = 0;

	export_id = scst_device_get_export(unit, acg->tgt);
	if (export_id < 0)
		return export_id;

	scoped_guard(mutex, &acg->tgt->mutex) {
		ad = xa_load(&acg->luns, lun);
		if (ad && ad->live)
			ret = acg_swap(acg, ad, unit, options, &doomed);
		else
			ret = -ENOENT;
		if (!ret) {
			acg_dev_unlink(ad);
			acg_set_live(ad, false);
			swap(ad->unit, unit);
			swap(ad->export_id, export_id);
			ad->read_only = options->read_only;
			WRITE_ONCE(ad->max_commands, options->max_commands);
			old_set = ad->doomed_set;
			ad->doomed_set = !old_set;
			acg_set_live(ad, true);
			if (acg_dev_link(ad))
				dev_warn(&ad->dev, "no memory for links\n");
			get_device(&ad->dev);
		}
	}
	scst_tgt_devs_free(&doomed);
	if (!ret) {
		acg_wait_doomed(ad, old_set);
		put_device(&ad->dev);
	}

	/* The old unit, or the new one if nothing came of it */
	scst_device_put_export(unit, export_id);
	if (!ret)
		scst_tgt_event(acg->tgt, "luns_changed", NULL);
	return ret;
}

/**
 * scst_acg_begin_write - somebody works on the groups of a target
 * @tgt: target, which stays until scst_acg_end_write()
 *
 * Context: process context, may sleep.
 * Return: 0, or -ENODEV when it is being added or removed.
 */
int scst_acg_begin_write(struct scst_tgt *tgt)
{
	guard(mutex)(&tgt->mutex);
	if (!tgt->ready || tgt->dying) {
		dev_err(&tgt->dev, "is being added or removed\n");
		return -ENODEV;
	}
	tgt->nr_writers++;
	return 0;
}

void scst_acg_end_write(struct scst_tgt *tgt)
{
	guard(mutex)(&tgt->mutex);
	if (!--tgt->nr_writers)
		wake_up_all(&tgt->writers_wait);
}

/* The target is dying: no more of them come. */
void scst_acg_wait_writers(struct scst_tgt *tgt)
{
	wait_event(tgt->writers_wait, !READ_ONCE(tgt->nr_writers));
}

static int acg_parse_lun(struct scst_tgt *tgt, const char *word, u64 *lun)
{
	if (word && !kstrtou64(word, 0, lun) && *lun <= SCST_MAX_LUN)
		return 0;
	if (word)
		dev_err(&tgt->dev, "\"%.32s\" is no LUN from 0 to %u\n", word,
			SCST_MAX_LUN);
	else
		dev_err(&tgt->dev, "want a LUN from 0 to %u\n", SCST_MAX_LUN);
	return -EINVAL;
}

/* Returns what is wrong with an option, or NULL. */
static const char *acg_parse_option(const char *word, const char *value,
				    struct acg_options *options)
{
	if (!strcmp(word, "read_only")) {
		if (!value || kstrtobool(value, &options->read_only))
			return "want 0 or 1";
	} else if (!strcmp(word, "max_commands")) {
		if (!value || kstrtouint(value, 0, &options->max_commands))
			return "want a number, 0 for any";
	} else {
		return "unknown option";
	}
	return NULL;
}

static int acg_parse_options(struct scst_tgt *tgt, char *params,
			     struct acg_options *options)
{
	const char *fault;
	char *word, *value;

	while ((word = scst_next_param(&params, &value))) {
		fault = acg_parse_option(word, value, options);
		if (fault) {
			dev_err(&tgt->dev, "%.*s: %s\n", SCST_MAX_NAME, word,
				fault);
			return -EINVAL;
		}
	}
	return 0;
}

typedef int (*acg_change_fn)(struct scst_acg *acg, struct scst_device *unit,
			     u64 lun, const struct acg_options *options);

static const char *acg_change_fault(int err)
{
	switch (err) {
	case -EEXIST:
		return "in use";
	case -ENOENT:
		return "not mapped";
	case -ELOOP:
		return "made of a disk of this target";
	default:
		return "failed";
	}
}

static int acg_change(struct scst_acg *acg, struct scst_device *unit, u64 lun,
		      const struct acg_options *options, acg_change_fn change)
{
	int ret;

	ret = scst_acg_begin_write(acg->tgt);
	if (ret)
		return ret;
	ret = change(acg, unit, lun, options);
	scst_acg_end_write(acg->tgt);
	if (ret)
		dev_err(&acg->tgt->dev, "LUN %llu: %s: %pe\n", lun,
			acg_change_fault(ret), ERR_PTR(ret));
	return ret;
}

static int acg_no_device(struct scst_tgt *tgt, const char *name)
{
	struct scst_device *unit = scst_find_passthrough(name);

	dev_err(&tgt->dev, "%s \"%.*s\"\n",
		unit ? "no handler serves device" : "no device", SCST_MAX_NAME,
		name);
	if (unit)
		put_device(&unit->dev);
	return -ENOENT;
}

/* What add and replace are told: "<device> <lun> [<option>=<value>]...". */
static int acg_write_map(struct device *dev, const char *buf,
			 acg_change_fn change)
{
	struct scst_acg *acg = dev_get_drvdata(dev);
	char *name, *params, *word, *value;
	struct scst_device *unit;
	struct acg_options options = {};
	u64 lun;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	char *copy __free(kfree) = scst_split_name(buf, &name, &params);

	if (IS_ERR(copy)) {
		dev_err(&acg->tgt->dev,
			"want \"<device> <lun> [<option>=<value>]...\"\n");
		return PTR_ERR(copy);
	}
	word = scst_next_param(&params, &value);
	ret = acg_parse_lun(acg->tgt, value ? NULL : word, &lun);
	if (!ret)
		ret = acg_parse_options(acg->tgt, params, &options);
	if (ret)
		return ret;

	unit = scst_find_dev(name);
	if (!unit)
		return acg_no_device(acg->tgt, name);
	ret = acg_change(acg, unit, lun, &options, change);
	put_device(&unit->dev);
	return ret;
}

static ssize_t add_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	return acg_write_map(dev, buf, acg_add) ?: count;
}
static DEVICE_ATTR_WO(add);

static ssize_t replace_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	return acg_write_map(dev, buf, acg_replace) ?: count;
}
static DEVICE_ATTR_WO(replace);

static ssize_t del_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	struct scst_acg *acg = dev_get_drvdata(dev);
	char *word, *params;
	u64 lun;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	char *copy __free(kfree) = scst_split_name(buf, &word, &params);

	if (copy == ERR_PTR(-ENOMEM))
		return -ENOMEM;
	if (IS_ERR(copy) || *params)
		word = NULL;
	ret = acg_parse_lun(acg->tgt, word, &lun);
	if (ret)
		return ret;

	ret = scst_acg_begin_write(acg->tgt);
	if (ret)
		return ret;
	ret = acg_del(acg, lun);
	scst_acg_end_write(acg->tgt);
	if (ret)
		dev_err(&acg->tgt->dev, "LUN %llu: not mapped\n", lun);
	return ret ?: count;
}
static DEVICE_ATTR_WO(del);

static ssize_t clear_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct scst_acg *acg = dev_get_drvdata(dev);
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = scst_acg_begin_write(acg->tgt);
	if (ret)
		return ret;
	acg_clear(acg);
	scst_acg_end_write(acg->tgt);
	return count;
}
static DEVICE_ATTR_WO(clear);

static struct attribute *luns_attrs[] = {
	&dev_attr_add.attr,
	&dev_attr_del.attr,
	&dev_attr_replace.attr,
	&dev_attr_clear.attr,
	NULL
};
ATTRIBUTE_GROUPS(luns);

/**
 * scst_acg_init - make the directory of a group's LUNs
 * @acg: group, its table initialised
 * @parent: where luns/ is
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno; scst_acg_exit() is due in any case.
 */
int scst_acg_init(struct scst_acg *acg, struct device *parent)
{
	acg->luns_dev = scst_create_dir(parent, "luns", luns_groups, acg);
	return PTR_ERR_OR_ZERO(acg->luns_dev);
}

/* An entry that could not be inserted may leave what is not empty. */
static bool acg_has_luns(struct scst_acg *acg)
{
	unsigned long lun = 0;

	return xa_find(&acg->luns, &lun, ULONG_MAX, XA_PRESENT);
}

/**
 * scst_acg_exit - delete a group's LUNs and their directory
 * @acg: group without sessions, which is dying, or whose target is
 *
 * Context: process context; waits for those who write into the files, and for
 * scst_acg_unmap().
 */
void scst_acg_exit(struct scst_acg *acg)
{
	acg_clear(acg);
	/* What others delete is in the directory until they have done so. */
	wait_var_event(&acg->luns, !acg_has_luns(acg));
	scst_remove_dir(acg->luns_dev);
}
