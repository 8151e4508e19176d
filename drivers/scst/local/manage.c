// SPDX-License-Identifier: GPL-2.0
/*
 * Targets and sessions, and coming and going of the module.
 *
 * Who takes a session off its target's list, under local_tgt.mutex, removes it,
 * and holds the mutex until it is gone, so that of several writers of
 * del_session, del_target, enabled and close one removes it and the others find
 * nothing.  local_tgt.dying does the same for targets.
 *
 * A session's host goes first, while nexus and LUNs still answer: sd flushes
 * its caches then, and the mid-layer waits for commands in flight.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/sysfs.h>
#include "local.h"

#define LOCAL_DEFAULT_TGT	"scst_local_tgt"
#define LOCAL_DEFAULT_SESS	"scst_local_host"

static bool add_default_tgt = true;
module_param(add_default_tgt, bool, 0444);
MODULE_PARM_DESC(add_default_tgt, "Create target " LOCAL_DEFAULT_TGT
		 " with session " LOCAL_DEFAULT_SESS " (default: true)");

/*
 * Protects the step from scst_tgt.priv and scst_session.priv to a reference on
 * what they point to, for those who only hold a reference on the device.
 */
static DEFINE_SPINLOCK(local_priv_lock);

static struct scst_tgt_template local_tgtt;

static void local_tgt_put(struct local_tgt *lt)
{
	if (!lt || !refcount_dec_and_test(&lt->ref))
		return;
	mutex_destroy(&lt->mutex);
	kfree(lt);
}

/* Returns NULL when @tgt has been unregistered. */
static struct local_tgt *local_tgt_get(struct scst_tgt *tgt)
{
	struct local_tgt *lt;

	spin_lock(&local_priv_lock);
	lt = tgt->priv;
	if (lt)
		refcount_inc(&lt->ref);
	spin_unlock(&local_priv_lock);
	return lt;
}

DEFINE_FREE(local_tgt_put, struct local_tgt *, local_tgt_put(_T))

/**
 * local_sess_get - what a session of the core is for the driver
 * @sess: session
 *
 * Return: it, with a reference, or NULL when @sess has been unregistered.
 */
struct local_sess *local_sess_get(struct scst_session *sess)
{
	struct local_sess *ls;

	spin_lock(&local_priv_lock);
	ls = sess->priv;
	if (ls)
		get_device(&ls->shost->shost_gendev);
	spin_unlock(&local_priv_lock);
	return ls;
}

void local_sess_put(struct local_sess *ls)
{
	scsi_host_put(ls->shost);
}

/**
 * local_get_scst_sess - what a host is for the core
 * @shost: host
 *
 * Return: the session, with a reference to be dropped with put_device(), or
 * NULL when it has been unregistered.
 */
struct scst_session *local_get_scst_sess(struct Scsi_Host *shost)
{
	struct local_sess *ls = shost_priv(shost);

	guard(spinlock)(&local_priv_lock);
	if (ls->sess)
		get_device(&ls->sess->dev);
	return ls->sess;
}

static struct local_sess *local_sess_alloc(void)
{
	struct Scsi_Host *shost;
	struct local_sess *ls;

	shost = scsi_host_alloc(&local_host_template, sizeof(*ls));
	if (!shost)
		return NULL;

	local_host_init(shost);
	ls = shost_priv(shost);
	ls->shost = shost;
	mutex_init(&ls->scan_mutex);
	lockdep_register_key(&ls->dispatch_key);
	return ls;
}

static void local_sess_free(struct local_sess *ls)
{
	lockdep_unregister_key(&ls->dispatch_key);
	local_sess_put(ls);
}

/* Undoes scst_register_session() and gives up @ls, all of it. */
static void local_sess_unregister(struct local_sess *ls)
{
	struct scst_session *sess = ls->sess;

	scst_unregister_session(sess);
	scoped_guard(spinlock, &local_priv_lock) {
		sess->priv = NULL;
		ls->sess = NULL;
	}
	put_device(&sess->dev);
	local_sess_free(ls);
}

/*
 * A host may dispatch commands of a disk that is made of another host's: what the one
 * holds meanwhile is not what the other does.
 */
static void local_set_dispatch_class(struct local_sess *ls)
{
	/* Nobody scans it by hand meanwhile. */
	guard(mutex)(&ls->shost->scan_mutex);
	lockdep_set_class(ls->shost->tag_set.srcu, &ls->dispatch_key);
}

static int local_sess_add_host(struct local_sess *ls)
{
	struct device *dev = &ls->sess->dev;
	int ret;

	/* LUNs that are mapped meanwhile wait for the scan that follows. */
	scoped_guard(mutex, &ls->scan_mutex) {
		ret = scsi_add_host(ls->shost, dev);
		ls->added = !ret;
		if (!ret)
			local_set_dispatch_class(ls);
	}
	if (ret)
		return ret;
	ret = sysfs_create_link(&dev->kobj, &ls->shost->shost_gendev.kobj,
				"host");
	if (ret)
		scsi_remove_host(ls->shost);
	return ret;
}

static int local_sess_add(struct local_tgt *lt, struct scst_tgt *tgt,
			  const char *name)
{
	struct scst_session *sess;
	struct local_sess *ls;
	int ret;

	lockdep_assert_held(&lt->mutex);

	ls = local_sess_alloc();
	if (!ls)
		return -ENOMEM;

	sess = scst_register_session(tgt, name, ls);
	if (IS_ERR(sess)) {
		local_sess_free(ls);
		return PTR_ERR(sess);
	}
	ls->sess = sess;
	get_device(&sess->dev);

	ret = local_sess_add_host(ls);
	if (ret) {
		local_sess_unregister(ls);
		return ret;
	}
	list_add_tail(&ls->entry, &lt->sessions);
	atomic_inc(&local_stats.sessions);
	local_scan(ls, sess);
	return 0;
}

static void local_sess_remove(struct local_tgt *lt, struct local_sess *ls)
{
	lockdep_assert_held(&lt->mutex);

	list_del(&ls->entry);
	atomic_dec(&local_stats.sessions);
	sysfs_remove_link(&ls->sess->dev.kobj, "host");
	scsi_remove_host(ls->shost);
	local_sess_unregister(ls);
}

static void local_remove_sessions(struct local_tgt *lt)
{
	struct local_sess *ls, *next;

	list_for_each_entry_safe(ls, next, &lt->sessions, entry)
		local_sess_remove(lt, ls);
}

static struct local_sess *local_sess_find(struct local_tgt *lt,
					  const char *name)
{
	struct local_sess *ls;

	lockdep_assert_held(&lt->mutex);
	list_for_each_entry(ls, &lt->sessions, entry)
		if (!strcmp(ls->sess->initiator_name, name))
			return ls;
	return NULL;
}

static const char *local_session_error(int err)
{
	switch (err) {
	case -ENOENT:
		return "no such session";
	case -EEXIST:
		return "exists";
	case -ENODEV:
		return "the target is disabled, or goes";
	case -EINVAL:
		return "want a name of printable ASCII without blanks, at most "
		       __stringify(SCST_MAX_INITIATOR_NAME) " characters";
	default:
		return "failed";
	}
}

/* Return: 0; -ENODEV when the target is disabled or goes, -EEXIST, ... */
int local_add_session(struct scst_tgt *tgt, const char *name)
{
	struct local_tgt *lt __free(local_tgt_put) = local_tgt_get(tgt);

	if (!lt)
		return -ENODEV;
	guard(mutex)(&lt->mutex);
	if (lt->dying)
		return -ENODEV;
	if (local_sess_find(lt, name))
		return -EEXIST;
	return local_sess_add(lt, tgt, name);
}

/* Return: 0, or -ENOENT when it has no such session, or not any more. */
int local_del_session(struct scst_tgt *tgt, const char *name)
{
	struct local_tgt *lt __free(local_tgt_put) = local_tgt_get(tgt);
	struct local_sess *ls;

	if (!lt)
		return -ENOENT;
	guard(mutex)(&lt->mutex);
	ls = local_sess_find(lt, name);
	if (!ls)
		return -ENOENT;
	local_sess_remove(lt, ls);
	return 0;
}

/*
 * For a session's file close.  The core has broken that file's active
 * protection, and holds a reference on the session.
 */
static int local_close_session(struct scst_session *sess)
{
	struct local_tgt *lt __free(local_tgt_put) = local_tgt_get(sess->tgt);
	struct local_sess *ls;

	if (!lt)
		return -ENODEV;
	guard(mutex)(&lt->mutex);
	list_for_each_entry(ls, &lt->sessions, entry) {
		if (ls->sess == sess) {
			local_sess_remove(lt, ls);
			return 0;
		}
	}
	return -ENODEV;
}

/**
 * local_session_cmd - do what a user wrote to add_session or del_session
 * @buf: "target_name session_name"
 * @fn: what to do
 *
 * Return: 0 or a negative errno.
 */
int local_session_cmd(const char *buf,
		      int (*fn)(struct scst_tgt *tgt, const char *name))
{
	char *copy __free(kfree) = NULL;
	char *words, *tgt_name, *name;
	struct scst_tgt *tgt;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	copy = kstrdup(buf, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;

	words = strim(copy);
	tgt_name = strsep(&words, " \t");
	name = words ? skip_spaces(words) : "";
	tgt = scst_find_target(&local_tgtt, tgt_name);
	if (!tgt) {
		pr_err("no target '%.128s'\n", tgt_name);
		return -ENOENT;
	}
	ret = fn(tgt, name);
	put_device(&tgt->dev);
	if (ret)
		pr_err("target '%.128s', session '%.128s': %s (%pe)\n", tgt_name,
		       name, local_session_error(ret), ERR_PTR(ret));
	return ret;
}

/*
 * Disabling ends all sessions; enabling does not bring them back.  While the
 * target is disabled the core refuses new ones.
 */
static int local_enable_target(struct scst_tgt *tgt, bool enable)
{
	struct local_tgt *lt = tgt->priv;

	if (enable)
		return 0;
	guard(mutex)(&lt->mutex);
	local_remove_sessions(lt);
	return 0;
}

static int local_del_target(struct scst_tgt *tgt)
{
	struct local_tgt *lt __free(local_tgt_put) = local_tgt_get(tgt);

	if (!lt)
		return -ENODEV;
	scoped_guard(mutex, &lt->mutex) {
		if (lt->dying)
			return -ENODEV;
		lt->dying = true;
		local_remove_sessions(lt);
	}

	get_device(&tgt->dev);
	scst_unregister_target(tgt);
	scoped_guard(spinlock, &local_priv_lock)
		tgt->priv = NULL;
	put_device(&tgt->dev);
	/* The reference of the target */
	local_tgt_put(lt);
	return 0;
}

static int local_add_sessions(struct scst_tgt *tgt, char *params)
{
	char *param, *name;
	int ret;

	while ((param = scst_next_param(&params, &name))) {
		ret = local_add_session(tgt, name);
		if (ret) {
			pr_err("target '%s', session '%.128s': %s (%d)\n",
			       dev_name(&tgt->dev), name,
			       local_session_error(ret), ret);
			return ret;
		}
	}
	return 0;
}

/* Nothing is created when a parameter is wrong. */
static int local_check_params(const char *tgt_name, const char *params)
{
	char *copy __free(kfree) = kstrdup(params, GFP_KERNEL);
	char *words = copy;
	char *param, *value;

	if (!copy)
		return -ENOMEM;
	while ((param = scst_next_param(&words, &value))) {
		if (!value || strcmp(param, "session_name")) {
			pr_err("target '%s': bad parameter '%.64s'\n", tgt_name,
			       param);
			return -EINVAL;
		}
	}
	return 0;
}

static struct local_tgt *local_tgt_alloc(void)
{
	struct local_tgt *lt = kzalloc(sizeof(*lt), GFP_KERNEL);

	if (!lt)
		return NULL;
	refcount_set(&lt->ref, 1);
	mutex_init(&lt->mutex);
	INIT_LIST_HEAD(&lt->sessions);
	lt->scsi_version = LOCAL_SCSI_VERSION;
	lt->phys_version = LOCAL_PHYS_VERSION;
	spin_lock_init(&lt->name_lock);
	return lt;
}

/*
 * Returns the target with a reference of the caller's own: once it is
 * registered, somebody else may delete it.
 */
static struct scst_tgt *local_tgt_register(const char *name)
{
	struct local_tgt *lt __free(local_tgt_put) = local_tgt_alloc();
	struct scst_tgt *tgt;

	if (!lt)
		return ERR_PTR(-ENOMEM);

	guard(mutex)(&lt->mutex);
	tgt = scst_register_target(&local_tgtt, NULL, name, lt);
	if (IS_ERR(tgt))
		return tgt;
	/* The reference of the target, see local_del_target() */
	refcount_inc(&lt->ref);
	get_device(&tgt->dev);
	return tgt;
}

static int local_add_target(const char *name, char *params)
{
	struct scst_tgt *tgt;
	int ret;

	ret = local_check_params(name, params);
	if (ret)
		return ret;

	tgt = local_tgt_register(name);
	if (IS_ERR(tgt))
		return PTR_ERR(tgt);
	ret = local_add_sessions(tgt, params);
	if (ret)
		local_del_target(tgt);
	put_device(&tgt->dev);
	return ret;
}

static const char *const local_add_target_parameters[] = {
	"session_name",
	NULL
};

static struct scst_tgt_template local_tgtt = {
	.driver.name		= "scst_local",
	.driver.groups		= local_drv_groups,
	.tgt_groups		= local_tgt_groups,
	.sess_groups		= local_sess_groups,
	.add_target_parameters	= local_add_target_parameters,
	.add_target		= local_add_target,
	.del_target		= local_del_target,
	.enable_target		= local_enable_target,
	.xmit_response		= local_xmit_response,
	.on_free_cmd		= local_on_free_cmd,
	.luns_changed		= local_luns_changed,
	.luns_removing		= local_luns_changed,
	.close_session		= local_close_session,
	.scsi_transport_version	= local_scsi_version,
	.phys_transport_version	= local_phys_version,
	.port_id		= local_port_id,
	.key_attributes		= local_key_attributes,
};

static int __init local_init(void)
{
	char params[] = "session_name=" LOCAL_DEFAULT_SESS;
	int ret;

	ret = scst_register_target_template(&local_tgtt);
	if (ret || !add_default_tgt)
		return ret;
	ret = local_add_target(LOCAL_DEFAULT_TGT, params);
	if (ret)
		scst_unregister_target_template(&local_tgtt);
	return ret;
}
module_init(local_init);

/* Calls local_del_target() for each target. */
static void __exit local_exit(void)
{
	scst_unregister_target_template(&local_tgtt);
}
module_exit(local_exit);

MODULE_DESCRIPTION("SCST target driver for SCSI devices of the same system");
MODULE_LICENSE("GPL");
