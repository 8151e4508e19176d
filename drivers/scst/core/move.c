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

static void map_free_rcu(struct rcu_head *rcu)
{
	scst_lun_map_free(container_of(rcu, struct scst_lun_map, rcu));
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

/* For scst_session_next_lun(): which LUNs a session loses, none if @acg is NULL */
static void map_mark(struct scst_session *sess, struct scst_acg *acg)
{
	struct scst_tgt_dev *td;
	unsigned long lun;

	lockdep_assert_held(&sess->tgt->mutex);
	xa_for_each(scst_luns(sess), lun, td)
		td->leaving = acg && !map_lun_of(acg, td);
}

/* Returns the nexus of a session for a LUN of @acg, a new one if it has none. */
static struct scst_tgt_dev *map_nexus(struct scst_session *sess,
				      struct scst_acg *acg,
				      struct scst_acg_dev *ad,
				      struct list_head *fresh)
{
	struct scst_tgt_dev *td = xa_load(scst_luns(sess), ad->lun);

	if (td && map_lun_of(acg, td))
		return td;
	td = scst_tgt_dev_alloc(sess, ad, ad->unit, ad->read_only);
	if (td)
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
	scst_stats_move(td, ad);
	get_device(&ad->dev);
	put_device(&td->acg_dev->dev);
	td->acg_dev = ad;
	map_add_link(td);
}

/* Put the map in the place of the session's, whose other nexuses are @doomed. */
static void map_install(struct scst_lun_map *map, struct scst_session *sess,
			struct scst_acg *acg, struct list_head *fresh,
			struct list_head *doomed)
{
	struct scst_lun_map *old;
	struct scst_tgt_dev *td;
	unsigned long lun;

	xa_for_each(scst_luns(sess), lun, td) {
		if (xa_load(&map->luns, lun) == td)
			map_change_lun(td, map_lun_of(acg, td));
		else
			scst_tgt_dev_del_link(td);
		td->leaving = false;
	}
	list_for_each_entry(td, fresh, doomed) {
		map_add_link(td);
		scst_tgt_dev_link(td);
	}

	old = rcu_replace_pointer(sess->map, map,
				  lockdep_is_held(&sess->tgt->mutex));
	sess->acg = acg;
	WRITE_ONCE(sess->addr_method, acg->addr_method);
	xa_for_each(&old->luns, lun, td)
		if (xa_load(&map->luns, lun) != td)
			scst_tgt_dev_kill(td, doomed);
	call_rcu(&old->rcu, map_free_rcu);

	if (list_empty(fresh) && list_empty(doomed))
		return;
	scst_ua_luns_changed(sess, SCST_LUN_INVALID);
	/* Who is new need not tell of it. */
	list_for_each_entry(td, fresh, doomed)
		WRITE_ONCE(td->luns_gen, atomic_read(&sess->luns_gen));
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
	map_mark(sess, NULL);
	return ret;
}

/* Returns true if it has another group now. */
static bool session_move(struct scst_session *sess)
{
	struct scst_tgt *tgt = sess->tgt;
	struct scst_acg *acg;
	LIST_HEAD(doomed);
	int ret;

	scoped_guard(mutex, &tgt->mutex) {
		acg = scst_acg_find(tgt, sess->initiator_name);
		/* One that is being ended has left the list. */
		if (list_empty(&sess->tgt_entry) || acg == sess->acg)
			return false;
		map_mark(sess, acg);
	}
	if (tgt->tgtt->luns_removing)
		tgt->tgtt->luns_removing(sess);
	scoped_guard(mutex, &tgt->mutex) {
		if (list_empty(&sess->tgt_entry))
			return false;
		/* Patterns may have changed again. */
		acg = scst_acg_find(tgt, sess->initiator_name);
		ret = map_change(sess, acg, &doomed);
	}
	scst_tgt_devs_free(&doomed);
	if (tgt->tgtt->luns_changed)
		tgt->tgtt->luns_changed(sess);
	if (ret)
		dev_err(&sess->dev, "no memory for other LUNs\n");
	return !ret;
}

/**
 * scst_tgt_move_sessions - give each session the LUNs of its group
 * @tgt: target whose patterns have changed
 *
 * Context: process context; waits for the commands of LUNs that sessions lose, and
 * for initiators on this host.
 */
void scst_tgt_move_sessions(struct scst_tgt *tgt)
{
	struct scst_session **sessions;
	unsigned int nr, i;
	bool moved = false;

	guard(mutex)(&tgt->move_mutex);
	sessions = scst_tgt_get_sessions(tgt, NULL, &nr);
	for (i = 0; i < nr; i++)
		moved |= session_move(sessions[i]);
	scst_put_sessions(sessions, nr);
	if (moved)
		scst_tgt_event(tgt, "luns_changed", NULL);
}
