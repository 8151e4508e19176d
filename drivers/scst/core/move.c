// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions change their groups when patterns do: a new LUN map is made beside the
 * old one, and takes its place by RCU, so that an initiator sees the one or the
 * other.
 *
 * A nexus whose logical unit is at the same LUN in both goes on as it is, with its
 * commands and all it has.  Initiators on this host let go of the other LUNs first,
 * while these still answer; no lock of others is held then.
 */

#include <linux/slab.h>
#include "core.h"

/* An empty map, or NULL */
struct scst_lun_map *scst_lun_map_alloc(void)
{
	struct scst_lun_map *map = kzalloc(sizeof(*map), GFP_KERNEL);

	if (map)
		xa_init(&map->luns);
	return map;
}

void scst_lun_map_free(struct scst_lun_map *map)
{
	if (!map)
		return;
	xa_destroy(&map->luns);
	kfree(map);
}

/* The lock of an xarray is not for softirqs, so that RCU alone will not do. */
static void map_free_work(struct work_struct *work)
{
	scst_lun_map_free(container_of(to_rcu_work(work), struct scst_lun_map,
				       free_work));
}

/* The LUN of a group that a nexus is good for, or NULL */
static struct scst_acg_dev *map_lun_of(struct scst_acg *acg,
				       const struct scst_tgt_dev *td)
{
	struct scst_acg_dev *ad = xa_load(&acg->luns, td->lun);

	if (ad && ad->live && ad->unit == td->dev &&
	    ad->read_only == td->read_only)
		return ad;
	return NULL;
}

/* Does its session lose a LUN when @acg is its group? */
static bool map_loses(struct scst_acg *acg, const struct scst_tgt_dev *td)
{
	return acg != td->sess->acg && !map_lun_of(acg, td);
}

/* Are there LUNs that a session is not known to lose? */
static bool map_loses_more(struct scst_session *sess, struct scst_acg *acg)
{
	struct scst_tgt_dev *td;
	unsigned long lun;

	lockdep_assert_held(&sess->tgt->mutex);
	xa_for_each(scst_luns(sess), lun, td)
		if (!td->leaving && map_loses(acg, td))
			return true;
	return false;
}

/* For scst_session_next_lun(): which LUNs a session loses when @acg is its group */
static void map_mark(struct scst_session *sess, struct scst_acg *acg)
{
	struct scst_tgt_dev *td;
	unsigned long lun;

	lockdep_assert_held(&sess->tgt->mutex);
	xa_for_each(scst_luns(sess), lun, td)
		td->leaving = map_loses(acg, td);
}

/* Returns the nexus of a session for a LUN of @acg, a new one if it has none. */
static struct scst_tgt_dev *map_nexus(struct scst_session *sess,
				      struct scst_acg *acg,
				      struct scst_acg_dev *ad,
				      struct list_head *fresh)
{
	struct scst_tgt_dev *old = xa_load(scst_luns(sess), ad->lun);
	struct scst_tgt_dev *td;

	if (old && map_lun_of(acg, old))
		return old;
	td = scst_tgt_dev_alloc(sess, ad, ad->unit, ad->read_only);
	if (!td)
		return NULL;
	/* As with luns/replace: what the initiator knows of the LUN is not true. */
	if (old)
		td->ua = BIT(SCST_UA_INQUIRY_CHANGED) |
			 BIT(SCST_UA_CAPACITY_CHANGED);
	list_add_tail(&td->doomed, fresh);
	return td;
}

static int map_fill(struct scst_lun_map *map, struct scst_session *sess,
		    struct scst_acg *acg, struct list_head *fresh)
{
	struct scst_acg_dev *ad;
	struct scst_tgt_dev *td;
	unsigned long lun;
	int ret;

	xa_for_each(&acg->luns, lun, ad) {
		if (!ad->live)
			continue;
		td = map_nexus(sess, acg, ad, fresh);
		if (!td)
			return -ENOMEM;
		ret = xa_err(xa_store(&map->luns, lun, td, GFP_KERNEL));
		if (ret)
			return ret;
	}
	return 0;
}

static void map_add_link(struct scst_tgt_dev *td)
{
	if (scst_tgt_dev_add_link(td))
		dev_warn(&td->sess->dev, "no memory for a link\n");
}

/* The nexus is one of a LUN of another group, and counts for that. */
static void map_change_lun(struct scst_tgt_dev *td, struct scst_acg_dev *ad)
{
	scst_tgt_dev_del_link(td);
	scst_stats_move(td);
	get_device(&ad->dev);
	put_device(&td->acg_dev->dev);
	td->acg_dev = ad;
	scst_limit_set(td->sess, &td->limit, ad->max_commands);
	map_add_link(td);
}

/* Nexuses that are new need not tell of it, if there are others that do. */
static void map_tell(struct scst_session *sess, struct list_head *fresh,
		     bool kept)
{
	struct scst_tgt_dev *td;

	scst_ua_luns_changed(sess, SCST_LUN_INVALID);
	list_for_each_entry(td, fresh, doomed) {
		if (!kept)
			continue;
		WRITE_ONCE(td->luns_gen, atomic_read(&sess->luns_gen));
		/* A command may have looked in between. */
		clear_bit(SCST_UA_LUNS_CHANGED, &td->ua);
	}
}

/* Links, and the nexuses that stay.  Returns true if there are any. */
static bool map_keep(struct scst_lun_map *map, struct scst_session *sess,
		     struct scst_acg *acg)
{
	struct scst_tgt_dev *td;
	unsigned long lun;
	bool kept = false;

	xa_for_each(scst_luns(sess), lun, td) {
		if (xa_load(&map->luns, lun) == td) {
			map_change_lun(td, map_lun_of(acg, td));
			kept = true;
		} else {
			scst_tgt_dev_del_link(td);
		}
		td->leaving = false;
	}
	return kept;
}

/* Put the map in the place of the session's, whose other nexuses are doomed. */
static void map_install(struct scst_lun_map *map, struct scst_session *sess,
			struct scst_acg *acg, struct list_head *fresh,
			struct list_head *doomed)
{
	struct scst_tgt_dev *td, *successor;
	struct scst_lun_map *old;
	unsigned long lun;
	bool kept, changed;

	/* REPORT LUNS tells of both. */
	changed = !list_empty(fresh) || sess->addr_method != acg->addr_method;
	kept = map_keep(map, sess, acg);
	list_for_each_entry(td, fresh, doomed) {
		map_add_link(td);
		scst_tgt_dev_link(td);
	}

	old = rcu_replace_pointer(sess->map, map,
				  lockdep_is_held(&sess->tgt->mutex));
	sess->acg = acg;
	WRITE_ONCE(sess->addr_method, acg->addr_method);
	xa_for_each(&old->luns, lun, td) {
		successor = xa_load(&map->luns, lun);
		if (successor == td)
			continue;
		if (successor)
			scst_ua_inherit(successor, td);
		scst_tgt_dev_kill(td, doomed);
		changed = true;
	}
	INIT_RCU_WORK(&old->free_work, map_free_work);
	queue_rcu_work(scst_wq, &old->free_work);
	if (changed)
		map_tell(sess, fresh, kept);
}

static int map_change(struct scst_session *sess, struct scst_acg *acg,
		      struct list_head *doomed)
{
	struct scst_lun_map *map = scst_lun_map_alloc();
	struct scst_tgt_dev *td, *next;
	LIST_HEAD(fresh);
	int ret;

	lockdep_assert_held(&sess->tgt->mutex);
	ret = map ? map_fill(map, sess, acg, &fresh) : -ENOMEM;
	if (!ret) {
		map_install(map, sess, acg, &fresh, doomed);
		return 0;
	}
	list_for_each_entry_safe(td, next, &fresh, doomed)
		scst_tgt_dev_free(td);
	scst_lun_map_free(map);
	map_mark(sess, sess->acg);
	dev_err(&sess->dev, "no memory for other LUNs\n");
	return ret;
}

/*
 * An initiator on this host lets go of the LUNs that its session is to lose.  Returns
 * true if it had to.
 */
static bool session_warn(struct scst_session *sess)
{
	struct scst_tgt *tgt = sess->tgt;
	bool more, warned = false;
	struct scst_acg *acg;

	if (!tgt->tgtt->luns_removing)
		return false;
	do {
		scoped_guard(mutex, &tgt->mutex) {
			acg = scst_acg_find(tgt, sess->initiator_name);
			more = map_loses_more(sess, acg);
			map_mark(sess, acg);
		}
		if (more)
			tgt->tgtt->luns_removing(sess);
		warned |= more;
	} while (more);
	return warned;
}

/*
 * What the sessions of a target need, and what came of it.  One that was warned may
 * keep its LUNs after all, which its initiator has to find again.
 */
struct move {
	struct scst_tgt *tgt;
	struct scst_session **sessions;
	unsigned int nr;
	bool warned;
	bool moved;
	int ret;
	struct list_head doomed;
};

/* Returns true if the session has to be warned once more. */
static bool session_move(struct move *move, struct scst_session *sess)
{
	struct scst_acg *acg;
	int ret;

	/* One that is being ended has left the list. */
	if (list_empty(&sess->tgt_entry))
		return false;
	/* Patterns, and LUNs of groups, may have changed since it was warned. */
	acg = scst_acg_find(move->tgt, sess->initiator_name);
	if (move->tgt->tgtt->luns_removing && map_loses_more(sess, acg))
		return true;
	map_mark(sess, acg);
	if (acg == sess->acg)
		return false;
	ret = map_change(sess, acg, &move->doomed);
	move->moved |= !ret;
	move->ret = move->ret ?: ret;
	return false;
}

static void move_all(struct move *move)
{
	unsigned int i;
	bool again;

	do {
		for (i = 0; i < move->nr; i++)
			move->warned |= session_warn(move->sessions[i]);
		again = false;
		scoped_guard(mutex, &move->tgt->mutex)
			for (i = 0; i < move->nr; i++)
				again |= session_move(move, move->sessions[i]);
	} while (again);
}

static void move_tell_drivers(const struct move *move)
{
	const struct scst_tgt_template *tgtt = move->tgt->tgtt;
	unsigned int i;

	for (i = 0; tgtt->luns_changed && i < move->nr; i++)
		tgtt->luns_changed(move->sessions[i]);
}

/**
 * scst_tgt_move_sessions - give each session the LUNs of its group
 * @tgt: target whose patterns have changed
 *
 * Context: process context; waits for the commands of LUNs that sessions lose, and
 * for initiators on this host.
 * Return: 0, or -ENOMEM when a session still has the LUNs of before.
 */
int scst_tgt_move_sessions(struct scst_tgt *tgt)
{
	struct move move = { .tgt = tgt };

	INIT_LIST_HEAD(&move.doomed);
	scoped_guard(mutex, &tgt->move_mutex) {
		move.sessions = scst_tgt_get_sessions(tgt, NULL, &move.nr);
		move_all(&move);
		if (move.moved || move.warned)
			move_tell_drivers(&move);
	}
	/* All have their LUNs, whoever has to be waited for. */
	scst_tgt_devs_free(&move.doomed);
	scst_put_sessions(move.sessions, move.nr);
	if (move.moved)
		scst_tgt_event(tgt, "luns_changed", NULL);
	return move.ret;
}
