// SPDX-License-Identifier: GPL-2.0
/* I_T nexuses: devices below their target. */

#include <linux/ctype.h>
#include <linux/slab.h>
#include <trace/events/scst.h>
#include "core.h"

static DEFINE_IDA(session_ids);

static ssize_t initiator_name_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_scst_sess(dev)->initiator_name);
}
static DEVICE_ATTR_RO(initiator_name);

static ssize_t commands_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  scst_session_commands(to_scst_sess(dev)));
}
static DEVICE_ATTR_RO(commands);

static ssize_t active_commands_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  scst_inflight_count(to_scst_sess(dev)));
}
static DEVICE_ATTR_RO(active_commands);

static ssize_t close_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct scst_session *sess = to_scst_sess(dev);
	struct scst_tgt *tgt = sess->tgt;
	struct module *owner = tgt->tgtt->driver.owner;
	struct kernfs_node *kn;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!tgt->tgtt->close_session) {
		dev_err(dev, "close: not supported by the target driver\n");
		return -EOPNOTSUPP;
	}

	/*
	 * The session's removal waits for the callbacks of its files, and this
	 * is one of them.  When it is not waited for, something else has to
	 * keep the target driver.
	 */
	if (!try_module_get(owner))
		return -ENODEV;
	get_device(dev);
	get_device(&tgt->dev);
	kn = sysfs_break_active_protection(&dev->kobj, &attr->attr);
	ret = tgt->tgtt->close_session(sess);
	if (!ret)
		scst_tgt_event(tgt, "session_closed", sess);
	if (kn)
		sysfs_unbreak_active_protection(kn);
	put_device(&tgt->dev);
	put_device(dev);
	module_put(owner);
	return ret ?: count;
}
static DEVICE_ATTR_WO(close);

static struct attribute *session_attrs[] = {
	&dev_attr_initiator_name.attr,
	&dev_attr_commands.attr,
	&dev_attr_active_commands.attr,
	&dev_attr_close.attr,
	NULL
};

static const struct attribute_group session_group = {
	.attrs = session_attrs,
};

static const struct attribute_group *session_groups[] = {
	&session_group,
	&scst_session_stats_group,
	NULL
};

static void session_release(struct device *dev)
{
	struct scst_session *sess = to_scst_sess(dev);

	percpu_ref_exit(&sess->ref);
	scst_copy_session_exit(sess);
	scst_inflight_exit(sess);
	scst_sgv_owner_exit(&sess->sgv_owner);
	scst_lun_map_free(rcu_access_pointer(sess->map));
	kfree(rcu_access_pointer(sess->transport_id));
	kfree(sess->initiator_name);
	if (sess->id >= 0)
		ida_free(&session_ids, sess->id);
	put_device(dev->parent);
	put_device(&sess->tgt->dev);
	kfree(sess);
	scst_object_put();
}

const struct device_type scst_session_device_type = {
	.name	 = "session",
	.groups	 = session_groups,
	.release = session_release,
};

static void session_ref_release(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct scst_session, ref)->drained);
}

static bool session_valid_name(const char *name)
{
	size_t len = strlen(name);
	size_t i;

	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !isgraph(name[i]))
			return false;
	return len && len <= SCST_MAX_INITIATOR_NAME;
}

static bool session_may_login(struct scst_tgt *tgt)
{
	lockdep_assert_held(&tgt->mutex);
	return tgt->ready && !tgt->dying && tgt->enabled;
}

/* Where the sessions of a target are, with a reference, or NULL. */
static struct device *session_get_parent(struct scst_tgt *tgt)
{
	guard(mutex)(&tgt->mutex);
	return session_may_login(tgt) ? get_device(tgt->sessions_dev) : NULL;
}

static struct lock_class_key session_lock_key;

static struct scst_session *session_alloc(struct scst_tgt *tgt,
					  const char *name, void *priv)
{
	struct scst_session *sess;
	struct device *parent;
	struct scst_lun_map *map;
	int ret = -ENOMEM;

	if (!session_valid_name(name))
		return ERR_PTR(-EINVAL);
	parent = session_get_parent(tgt);
	if (!parent)
		return ERR_PTR(-ENODEV);
	sess = kzalloc(sizeof(*sess), GFP_KERNEL);
	if (!sess) {
		put_device(parent);
		return ERR_PTR(-ENOMEM);
	}

	scst_object_get();
	get_device(&tgt->dev);
	sess->tgt = tgt;
	sess->priv = priv;
	init_completion(&sess->drained);
	init_waitqueue_head(&sess->tmf_wait);
	INIT_LIST_HEAD(&sess->tgt_entry);
	spin_lock_init(&sess->copy_lock);
	INIT_LIST_HEAD(&sess->copy_ids);

	device_initialize(&sess->dev);
	lockdep_set_class(&sess->dev.mutex, &session_lock_key);
	sess->dev.bus = scst_port_bus();
	sess->dev.type = &scst_session_device_type;
	sess->dev.parent = parent;
	sess->dev.groups = tgt->tgtt->sess_groups;
	device_set_pm_not_required(&sess->dev);

	sess->id = ida_alloc(&session_ids, GFP_KERNEL);
	sess->initiator_name = kstrdup(name, GFP_KERNEL);
	map = scst_lun_map_alloc();
	RCU_INIT_POINTER(sess->map, map);
	if (sess->id >= 0 && sess->initiator_name && map)
		ret = dev_set_name(&sess->dev, "session%d", sess->id);
	if (!ret)
		ret = scst_inflight_init(sess);
	if (!ret)
		ret = scst_sgv_owner_init(&sess->sgv_owner);
	if (!ret)
		ret = scst_session_init_transport_id(sess);
	if (!ret)
		ret = percpu_ref_init(&sess->ref, session_ref_release, 0,
				      GFP_KERNEL);
	if (ret) {
		put_device(&sess->dev);
		return ERR_PTR(ret);
	}
	return sess;
}

/* Give the session its LUNs and let the changes of the LUN map find it. */
static int session_map_luns(struct scst_session *sess)
{
	struct scst_tgt *tgt = sess->tgt;
	struct scst_acg_dev *acg_dev;
	unsigned long lun;
	int ret;

	guard(mutex)(&tgt->mutex);
	if (!session_may_login(tgt))
		return -ENODEV;
	sess->acg = scst_acg_find(tgt, sess->initiator_name);
	WRITE_ONCE(sess->addr_method, sess->acg->addr_method);
	scst_limit_set(sess, &sess->limit, tgt->max_session_commands);
	xa_for_each(&sess->acg->luns, lun, acg_dev) {
		if (!acg_dev->live)
			continue;
		ret = scst_tgt_dev_add(sess, acg_dev);
		if (ret)
			return ret;
	}
	list_add_tail(&sess->tgt_entry, &tgt->sessions);

	/* User space finds its LUNs there.  Who ends it takes the mutex. */
	trace_scst_session_register(sess);
	dev_set_uevent_suppress(&sess->dev, 0);
	kobject_uevent(&sess->dev.kobj, KOBJ_ADD);
	return 0;
}

/* End all commands of the session and its I_T_L nexuses. */
static void session_drain(struct scst_session *sess)
{
	struct scst_tgt_dev *td;
	unsigned long lun;
	LIST_HEAD(doomed);

	scoped_guard(mutex, &sess->tgt->mutex) {
		list_del_init(&sess->tgt_entry);
		xa_for_each(scst_luns(sess), lun, td)
			scst_tgt_dev_kill(td, &doomed);
	}
	scst_session_abort_all(sess);
	scst_tgt_devs_free(&doomed);
	/* Nexuses that somebody else is freeing are waited for here. */
	percpu_ref_kill(&sess->ref);
	wait_for_completion(&sess->drained);
	/* For xmit_response() and on_free_cmd(), which dropped the last ones */
	synchronize_rcu();
}

/**
 * scst_register_session - an initiator has logged in
 * @tgt: target it logged in to
 * @initiator_name: name of its port; need not be unique, but those with the same
 *	TransportID, see get_initiator_port_transport_id(), share their persistent
 *	reservations
 * @priv: the target driver's
 *
 * Context: process context, may sleep.
 * Return: the session or ERR_PTR(): -EINVAL for an @initiator_name that is
 * empty, too long or not printable ASCII, or a TransportID that is none, -ENODEV
 * when the target is disabled or being removed, -ENOMEM.
 */
struct scst_session *scst_register_session(struct scst_tgt *tgt,
					   const char *initiator_name,
					   void *priv)
{
	struct scst_session *sess;
	int ret;

	sess = session_alloc(tgt, initiator_name, priv);
	if (IS_ERR(sess))
		return sess;

	dev_set_uevent_suppress(&sess->dev, 1);
	ret = device_add(&sess->dev);
	if (ret)
		goto put;
	ret = session_map_luns(sess);
	if (ret)
		goto del;
	return sess;

del:
	session_drain(sess);
	device_del(&sess->dev);
put:
	put_device(&sess->dev);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(scst_register_session);

/**
 * scst_unregister_session - an initiator has logged out or was lost
 * @sess: session, for which no more commands and task management requests will
 *	be handed in; a command whose data-out is awaited is aborted
 *
 * When this returns all callbacks for its commands and task management requests
 * have returned too.
 *
 * Context: process context; waits for the session's commands, for those who take
 * LUNs from it, and for callbacks of its attributes.
 */
void scst_unregister_session(struct scst_session *sess)
{
	trace_scst_session_unregister(sess);
	session_drain(sess);
	device_del(&sess->dev);
	put_device(&sess->dev);
}
EXPORT_SYMBOL_GPL(scst_unregister_session);

/**
 * scst_session_next_lun - walk through the LUN map of a session
 * @sess: session
 * @lun: the first LUN to consider; set to the LUN found
 *
 * A LUN that is on its way out, see luns_removing(), is left out.
 *
 * Context: process context, may sleep.
 * Return: false when there is no LUN from @lun on.
 */
bool scst_session_next_lun(struct scst_session *sess, unsigned long *lun)
{
	struct scst_tgt_dev *td;

	guard(mutex)(&sess->tgt->mutex);
	xa_for_each_start(scst_luns(sess), *lun, td, *lun)
		if (td->acg_dev->live && !td->leaving)
			return true;
	return false;
}
EXPORT_SYMBOL_GPL(scst_session_next_lun);

/**
 * scst_tgt_get_sessions - sessions of a target, with references
 * @tgt: target
 * @acg: group whose sessions they are, or NULL for all
 * @nr: set to their number
 *
 * For work that must not hold the target's mutex.
 *
 * Context: process context, may sleep.
 * Return: an array for scst_put_sessions().
 */
struct scst_session **scst_tgt_get_sessions(struct scst_tgt *tgt,
					    const struct scst_acg *acg,
					    unsigned int *nr)
{
	struct scst_session **sessions, *sess;
	unsigned int i = 0;

	guard(mutex)(&tgt->mutex);
	*nr = list_count_nodes(&tgt->sessions);
	/* An initiator that is not warned loses data. */
	sessions = kvmalloc_array(*nr, sizeof(*sessions),
				  GFP_KERNEL | __GFP_NOFAIL);
	list_for_each_entry(sess, &tgt->sessions, tgt_entry) {
		if (acg && sess->acg != acg)
			continue;
		get_device(&sess->dev);
		sessions[i++] = sess;
	}
	*nr = i;
	return sessions;
}

void scst_put_sessions(struct scst_session **sessions, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		put_device(&sessions[i]->dev);
	kvfree(sessions);
}
