// SPDX-License-Identifier: GPL-2.0
/* I_T_L nexuses: what a session has for each of its LUNs. */

#include <linux/slab.h>
#include <linux/wait_bit.h>
#include "core.h"

static void tgt_dev_ref_release(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct scst_tgt_dev, ref)->drained);
}

/* Free a nexus that no session has, or has any more. */
void scst_tgt_dev_free(struct scst_tgt_dev *td)
{
	struct scst_session *sess = td->sess;

	percpu_ref_exit(&td->ref);
	scst_gate_exit(&td->own_task_set);
	free_percpu(td->stats);
	scst_device_unpin(td->dev);
	put_device(&td->acg_dev->dev);
	kfree_rcu(td, rcu);
	percpu_ref_put(&sess->ref);
}

/**
 * scst_tgt_dev_alloc - make an I_T_L nexus
 * @sess: session
 * @acg_dev: the LUN in the session's group
 * @dev: logical unit
 * @read_only: write protected
 *
 * It holds a reference on @sess.
 *
 * Context: process context, may sleep; the caller holds scst_tgt.mutex.
 * Return: the nexus, which knows @sess and @dev but they not yet it; or NULL.
 */
struct scst_tgt_dev *scst_tgt_dev_alloc(struct scst_session *sess,
					struct scst_acg_dev *acg_dev,
					struct scst_device *dev,
					bool read_only)
{
	struct scst_tgt_dev *td;

	td = kzalloc(sizeof(*td), GFP_KERNEL);
	if (!td)
		return NULL;

	td->sess = sess;
	/* Who takes the LUN away frees it, maybe after the session has gone. */
	percpu_ref_get(&sess->ref);
	td->dev = dev;
	td->acg_dev = acg_dev;
	td->lun = acg_dev->lun;
	td->read_only = read_only;
	td->luns_gen = atomic_read(&sess->luns_gen);
	/* Who deletes the LUN does not wait for one whose session cannot be added. */
	get_device(&acg_dev->dev);
	scst_device_pin(dev);
	init_completion(&td->drained);
	INIT_LIST_HEAD(&td->dev_entry);
	scst_aca_init(td);
	scst_ua_set(td, SCST_UA_POWER_ON);

	td->stats = alloc_percpu(struct scst_stats);
	if (!td->stats || scst_gate_init(&td->own_task_set) ||
	    percpu_ref_init(&td->ref, tgt_dev_ref_release, 0, GFP_KERNEL)) {
		scst_tgt_dev_free(td);
		return NULL;
	}
	td->limit.nr = &td->stats->nr_counted;
	scst_limit_set(sess, &td->limit, acg_dev->max_commands);
	return td;
}

/**
 * scst_tgt_dev_get - the nexus of a LUN, with a reference
 * @sess: session
 * @lun: LUN
 *
 * Context: any.
 * Return: the nexus, or NULL when there is no such LUN.
 */
struct scst_tgt_dev *scst_tgt_dev_get(struct scst_session *sess, u64 lun)
{
	struct scst_tgt_dev *td;

	guard(rcu)();
	while ((td = xa_load(scst_luns(sess), lun))) {
		if (likely(percpu_ref_tryget_live_rcu(&td->ref)))
			return td;
		/* It was killed, so that another one or none is there now. */
		cpu_relax();
	}
	return NULL;
}

/**
 * scst_tgt_dev_next - walk through the nexuses of a session, with references
 * @sess: session
 * @lun: the first LUN to consider; set to the LUN found
 *
 * Context: any.
 * Return: the nexus, or NULL when there is none from @lun on.
 */
struct scst_tgt_dev *scst_tgt_dev_next(struct scst_session *sess,
				       unsigned long *lun)
{
	struct scst_tgt_dev *td;

	guard(rcu)();
	xa_for_each_start(scst_luns(sess), *lun, td, *lun)
		if (percpu_ref_tryget_live_rcu(&td->ref))
			return td;
	return NULL;
}

/* Let the unit know a nexus. */
void scst_tgt_dev_link(struct scst_tgt_dev *td)
{
	guard(spinlock_irqsave)(&td->dev->tgt_dev_lock);
	scst_task_set_join(td);
	scst_tpg_join(td);
	scst_reservation_update(td);
	list_add_tail(&td->dev_entry, &td->dev->tgt_devs);
}

/* Its commands have ended: what others waited for because of it is over. */
static void tgt_dev_unlink(struct scst_tgt_dev *td)
{
	scst_aca_clear(td);
	scoped_guard(spinlock_irqsave, &td->dev->tgt_dev_lock) {
		list_del(&td->dev_entry);
		scst_reservation_leave(td);
		scst_task_set_leave(td);
		scst_stats_fold_unit(td);
	}
	scst_tgt_dev_allow_removal(td);
}

/**
 * scst_cmd_prevent_removal - PREVENT ALLOW MEDIUM REMOVAL
 * @cmd: command whose I_T nexus prevents the removal of the medium, or not
 * @prevent: which
 *
 * It holds until the nexus allows it again, is lost, preempted and aborted, or
 * ends, or the unit is reset (SPC-6, PREVENT ALLOW MEDIUM REMOVAL).
 *
 * Context: any.
 */
void scst_cmd_prevent_removal(struct scst_cmd *cmd, bool prevent)
{
	guard(spinlock_irqsave)(&cmd->dev->tgt_dev_lock);
	cmd->tgt_dev->prevents_removal = prevent;
}
EXPORT_SYMBOL_GPL(scst_cmd_prevent_removal);

/**
 * scst_device_removal_prevented - may the medium not be removed?
 * @dev: logical unit
 *
 * Context: any.
 * Return: true if an I_T nexus prevents it.
 */
bool scst_device_removal_prevented(struct scst_device *dev)
{
	const struct scst_tgt_dev *td;

	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	list_for_each_entry(td, &dev->tgt_devs, dev_entry)
		if (td->prevents_removal)
			return true;
	return false;
}
EXPORT_SYMBOL_GPL(scst_device_removal_prevented);

/* The nexus is lost, was preempted, or ends. */
void scst_tgt_dev_allow_removal(struct scst_tgt_dev *td)
{
	struct scst_device *dev = td->dev;
	bool prevented;

	scoped_guard(spinlock_irqsave, &dev->tgt_dev_lock) {
		prevented = td->prevents_removal;
		td->prevents_removal = false;
	}
	if (prevented && dev->type->removal_allowed)
		dev->type->removal_allowed(dev);
}

/* The unit is reset. */
void scst_device_allow_removal(struct scst_device *dev)
{
	struct scst_tgt_dev *td;
	bool prevented = false;

	scoped_guard(spinlock_irqsave, &dev->tgt_dev_lock)
		list_for_each_entry(td, &dev->tgt_devs, dev_entry) {
			prevented |= td->prevents_removal;
			td->prevents_removal = false;
		}
	if (prevented && dev->type->removal_allowed)
		dev->type->removal_allowed(dev);
}

/**
 * scst_device_visit_nexus - walk over the I_T_L nexuses of a logical unit
 * @dev: logical unit
 * @prev: what was returned last, whose reference is dropped; NULL to begin
 * @visit: called with scst_device.tgt_dev_lock held, for the nexus that is returned
 *	and for those before it that cannot be held: they have no commands any more,
 *	and are about to leave the list; or NULL
 * @arg: for @visit
 *
 * A nexus with a reference stays in the list, and one that is going but still
 * has commands is no exception.
 *
 * Context: process context.
 * Return: the next nexus, with a reference; or NULL.
 */
struct scst_tgt_dev *
scst_device_visit_nexus(struct scst_device *dev, struct scst_tgt_dev *prev,
			void (*visit)(struct scst_tgt_dev *td, void *arg),
			void *arg)
{
	struct scst_tgt_dev *td;

	scoped_guard(spinlock_irqsave, &dev->tgt_dev_lock) {
		td = list_prepare_entry(prev, &dev->tgt_devs, dev_entry);
		list_for_each_entry_continue(td, &dev->tgt_devs, dev_entry) {
			if (visit)
				visit(td, arg);
			if (percpu_ref_tryget(&td->ref))
				break;
		}
		if (list_entry_is_head(td, &dev->tgt_devs, dev_entry))
			td = NULL;
	}
	if (prev)
		percpu_ref_put(&prev->ref);
	return td;
}

/* The same for those that just want each nexus that can be held. */
struct scst_tgt_dev *scst_device_next_nexus(struct scst_device *dev,
					    struct scst_tgt_dev *prev)
{
	return scst_device_visit_nexus(dev, prev, NULL, NULL);
}

static void tgt_dev_link_name(const struct scst_tgt_dev *td, char *name,
			      size_t len)
{
	snprintf(name, len, "lun%llu", td->lun);
}

/* The link of the session to the LUN; under scst_tgt.mutex */
int scst_tgt_dev_add_link(struct scst_tgt_dev *td)
{
	char name[24];

	tgt_dev_link_name(td, name, sizeof(name));
	return sysfs_create_link(&td->sess->dev.kobj, &td->acg_dev->dev.kobj,
				 name);
}

void scst_tgt_dev_del_link(struct scst_tgt_dev *td)
{
	char name[24];

	tgt_dev_link_name(td, name, sizeof(name));
	sysfs_remove_link(&td->sess->dev.kobj, name);
}

/**
 * scst_tgt_dev_add - give a session a LUN
 * @sess: session
 * @acg_dev: the LUN in its group
 *
 * Context: process context, may sleep; the caller holds scst_tgt.mutex.
 * Return: 0 or a negative errno; nothing was done then.
 */
int scst_tgt_dev_add(struct scst_session *sess, struct scst_acg_dev *acg_dev)
{
	struct scst_tgt_dev *td;
	int ret;

	lockdep_assert_held(&sess->tgt->mutex);
	td = scst_tgt_dev_alloc(sess, acg_dev, acg_dev->unit,
				acg_dev->read_only);
	if (!td)
		return -ENOMEM;

	/* Once the unit knows the nexus, others may use it: no failure then. */
	ret = xa_reserve(scst_luns(sess), td->lun, GFP_KERNEL);
	if (ret)
		goto free;
	ret = scst_tgt_dev_add_link(td);
	if (ret)
		goto release;
	scst_tgt_dev_link(td);
	xa_store(scst_luns(sess), td->lun, td, GFP_KERNEL);
	return 0;

release:
	xa_release(scst_luns(sess), td->lun);
free:
	scst_tgt_dev_free(td);
	return ret;
}

/**
 * scst_tgt_dev_kill - take a LUN from a session
 * @td: I_T_L nexus, which new commands do not find any more
 * @doomed: list to add it to, for scst_tgt_devs_free()
 *
 * Context: process context, may sleep; the caller holds scst_tgt.mutex.
 */
void scst_tgt_dev_kill(struct scst_tgt_dev *td, struct list_head *doomed)
{
	struct scst_session *sess = td->sess;

	lockdep_assert_held(&sess->tgt->mutex);
	/* It may have been replaced already, and the link is the other's. */
	if (xa_cmpxchg(scst_luns(sess), td->lun, td, NULL, 0) == td)
		scst_tgt_dev_del_link(td);
	percpu_ref_kill(&td->ref);
	list_add_tail(&td->doomed, doomed);
	/* Who deletes the LUN waits for it, whoever has taken it from the session. */
	get_device(&td->acg_dev->dev);
	td->doomed_set = td->acg_dev->doomed_set;
	atomic_inc(&td->acg_dev->nr_doomed[td->doomed_set]);
}

/* All its commands have ended. */
static void tgt_dev_free_doomed(struct scst_tgt_dev *td)
{
	struct scst_acg_dev *acg_dev = td->acg_dev;
	atomic_t *nr_doomed = &acg_dev->nr_doomed[td->doomed_set];

	list_del(&td->doomed);
	tgt_dev_unlink(td);
	scst_aca_exit(td);
	scst_stats_fold(td);
	scst_tgt_dev_free(td);
	/* Who has waited for it may delete the unit: it was unpinned before. */
	atomic_dec_and_wake_up(nr_doomed);
	put_device(&acg_dev->dev);
}

/**
 * scst_tgt_devs_free - end the commands of nexuses and free them
 * @doomed: list made by scst_tgt_dev_kill()
 *
 * Context: process context; waits for the commands.  The caller holds no lock.
 */
void scst_tgt_devs_free(struct list_head *doomed)
{
	struct scst_tgt_dev *td, *next;
	bool drained;

	for (drained = false; !list_empty(doomed);) {
		/* Again: one that was about to be entered in the list */
		if (!drained)
			list_for_each_entry(td, doomed, doomed)
				scst_tgt_dev_abort_all(td);
		td = list_first_entry(doomed, struct scst_tgt_dev, doomed);
		drained = wait_for_completion_timeout(&td->drained, HZ);
		if (drained)
			tgt_dev_free_doomed(td);
		/* Somebody may wait for another one alone. */
		list_for_each_entry_safe(td, next, doomed, doomed)
			if (try_wait_for_completion(&td->drained))
				tgt_dev_free_doomed(td);
	}
}
