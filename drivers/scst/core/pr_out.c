// SPDX-License-Identifier: GPL-2.0
/*
 * PERSISTENT RESERVE OUT (SPC-6 6.15): from the parameter list to what is true.
 *
 * The commands of a logical unit are executed one after the other by a work item,
 * since what they change may have to be saved, which takes I/O, maybe even to this
 * unit.  So they leave the unit first; they keep their places in the task set, as
 * ORDERED ones have to.  What is saved is true only afterwards, and nobody is told
 * before it is true.
 *
 * A reservation that keeps somebody out counts for commands that have not begun to
 * execute; the others have ended when the status is sent.
 */

#include <kunit/visibility.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "pr.h"

/* Parameter list (SPC-6 tables on PERSISTENT RESERVE OUT) */
#define LIST_LEN		24
#define LIST_MAX_LEN		SZ_64K
#define LIST_FLAGS		20
#define LIST_APTPL		0x01
#define LIST_ALL_TG_PT		0x04
#define LIST_SPEC_I_PT		0x08
#define LIST_IDS_LEN		24
#define LIST_IDS		28
/* That of REGISTER AND MOVE */
#define MOVE_FLAGS		17
#define MOVE_APTPL		0x01
#define MOVE_UNREG		0x02
#define MOVE_REL_TGT_ID		18
#define MOVE_ID_LEN		20
#define MOVE_ID			24

/* ------------------------------------------------------------------------
 * The parameter list
 */

/* The TransportIDs at @at are as the standard has them. */
static scst_sense_t pr_parse_ids(const struct scst_pr_request *req, u32 at,
				 u32 len)
{
	u32 end;
	u16 one;

	if (len > req->list_len - at)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	for (end = at + len; at < end; at += one) {
		one = scst_transport_id_next(req->list + at, end - at);
		if (!one)
			return scst_cmd_param_error(req->cmd, at, 8);
	}
	return SCST_GOOD;
}

static scst_sense_t pr_parse_move(struct scst_pr_request *req)
{
	u32 len = get_unaligned_be32(req->list + MOVE_ID_LEN);
	u8 flags = req->list[MOVE_FLAGS];
	scst_sense_t sense;

	req->aptpl = flags & MOVE_APTPL;
	req->unreg = flags & MOVE_UNREG;
	sense = pr_parse_ids(req, MOVE_ID, len);
	if (sense != SCST_GOOD)
		return sense;
	/* Just one, of a port */
	if (scst_transport_id_next(req->list + MOVE_ID, len) != len || !len ||
	    scst_transport_id_is_device(req->list + MOVE_ID))
		return scst_cmd_param_error(req->cmd, MOVE_ID, 8);
	return SCST_GOOD;
}

/**
 * scst_pr_parse - parse a PERSISTENT RESERVE OUT
 * @req: command, with its parameter list of at least 24 bytes
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end it with.
 */
VISIBLE_IF_KUNIT
scst_sense_t scst_pr_parse(struct scst_pr_request *req)
{
	const u8 *cdb = req->cmd->cdb, *list = req->list;
	u8 flags = list[LIST_FLAGS];

	req->action = cdb[1] & 0x1f;
	req->scope = cdb[2] >> 4;
	req->type = cdb[2] & 0x0f;
	req->key = get_unaligned_be64(list);
	req->sa_key = get_unaligned_be64(list + 8);
	if (req->action == PROUT_REGISTER_AND_MOVE)
		return pr_parse_move(req);

	req->aptpl = flags & LIST_APTPL;
	req->all_tg_pt = flags & LIST_ALL_TG_PT;
	req->spec_i_pt = flags & LIST_SPEC_I_PT;
	if (req->spec_i_pt && req->action != PROUT_REGISTER)
		return scst_cmd_param_error(req->cmd, LIST_FLAGS, 3);
	if (!req->spec_i_pt)
		return req->list_len == LIST_LEN ? SCST_GOOD :
						   SCST_SENSE_PARAM_LIST_LENGTH;
	if (req->list_len < LIST_IDS)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	return pr_parse_ids(req, LIST_IDS,
			    get_unaligned_be32(list + LIST_IDS_LEN));
}
EXPORT_SYMBOL_IF_KUNIT(scst_pr_parse);

/* ------------------------------------------------------------------------
 * Whom it is about
 */

static bool req_takes_many(const struct scst_pr_request *req)
{
	return (req->spec_i_pt || req->all_tg_pt) &&
	       (req->action == PROUT_REGISTER ||
		req->action == PROUT_REGISTER_AND_IGNORE);
}

static unsigned int req_max_nexuses(const struct scst_pr_request *req)
{
	return req_takes_many(req) ? SCST_PR_MAX_REGISTRANTS : 2;
}

/* Returns false when there are too many.  One that is named twice is one. */
static bool req_add_nexus(struct scst_pr_request *req, u16 rel_tgt_id,
			  const u8 *tid, u16 len)
{
	u32 hash = scst_transport_id_hash(tid, len);
	struct scst_nexus_id *n = req->nexuses;

	for (; n < req->nexuses + req->nr_nexuses; n++)
		if (scst_nexus_is(n, rel_tgt_id, hash, tid, len))
			return true;
	if (req->nr_nexuses == req_max_nexuses(req))
		return false;
	scst_nexus_set(n, rel_tgt_id, tid, len);
	req->nr_nexuses++;
	return true;
}

static scst_sense_t req_add_sender(struct scst_pr_request *req)
{
	const struct scst_session *sess = req->cmd->sess;
	u8 tid[SCST_MAX_TRANSPORT_ID];
	u16 len;

	req->nexuses = kvcalloc(req_max_nexuses(req), sizeof(*req->nexuses),
				GFP_KERNEL);
	if (!req->nexuses)
		return SCST_TASK_SET_FULL;
	len = scst_session_transport_id(sess, tid);
	req_add_nexus(req, READ_ONCE(sess->tgt->rel_tgt_id), tid, len);
	req->nr_ports = 1;
	return SCST_GOOD;
}

/* ALL_TG_PT: the sender at all ports */
static bool req_add_all_ports(struct scst_pr_request *req)
{
	const struct scst_nexus_id *sender = &req->nexuses[0];
	struct scst_port_id port = {};

	while (scst_device_next_port(req->cmd->dev, &port))
		if (!req_add_nexus(req, port.rel_tgt_id, sender->tid,
				   sender->tid_len))
			return false;
	req->nr_ports = req->nr_nexuses;
	return true;
}

/*
 * Ports of an initiator that are logged in, at the port of the sender or at all.
 * Returns how many, or -1 when there are too many.
 */
static int req_add_ports_of(struct scst_pr_request *req, const u8 *device)
{
	struct scst_device *dev = req->cmd->dev;
	const struct scst_transport_id *tid;
	const struct scst_tgt_dev *td;
	const struct scst_tgt *tgt;
	int nr = 0;

	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	guard(rcu)();
	list_for_each_entry(td, &dev->tgt_devs, dev_entry) {
		tid = rcu_dereference(td->sess->transport_id);
		tgt = td->sess->tgt;
		if ((!req->all_tg_pt && tgt != req->cmd->sess->tgt) ||
		    !scst_transport_id_of_device(tid->id, device))
			continue;
		if (!req_add_nexus(req, READ_ONCE(tgt->rel_tgt_id), tid->id,
				   tid->len))
			return -1;
		nr++;
	}
	return nr;
}

/* A port that may be logged in or not, at the port of the sender or at all */
static bool req_add_port(struct scst_pr_request *req, const u8 *tid, u16 len)
{
	unsigned int i;

	for (i = 0; i < req->nr_ports; i++)
		if (!req_add_nexus(req, req->nexuses[i].rel_tgt_id, tid, len))
			return false;
	return true;
}

/* SPEC_I_PT */
static scst_sense_t req_add_ids(struct scst_pr_request *req)
{
	const struct scst_nexus_id *sender = &req->nexuses[0];
	u32 at = LIST_IDS, end;
	const u8 *tid;
	int nr;
	u16 len;

	end = at + get_unaligned_be32(req->list + LIST_IDS_LEN);
	for (; at < end; at += len) {
		cond_resched();
		tid = req->list + at;
		len = scst_transport_id_next(tid, end - at);
		if (scst_transport_id_protocol(tid) !=
		    scst_transport_id_protocol(sender->tid))
			return scst_cmd_param_error(req->cmd, at, 3);
		if (scst_transport_id_is_device(tid))
			nr = req_add_ports_of(req, tid);
		else
			nr = req_add_port(req, tid, len) ? 1 : -1;
		if (nr < 0)
			return SCST_SENSE_NO_REGISTRATION_RESOURCES;
		if (!nr)
			return scst_cmd_param_error(req->cmd, at, 8);
	}
	return SCST_GOOD;
}

/* The target driver of a port that the unit is mapped at, or NULL */
static const struct scst_tgt_template *pr_driver_of(struct scst_device *dev,
						    u16 rel_tgt_id)
{
	const struct scst_acg_dev *ad;

	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	list_for_each_entry(ad, &dev->exports, unit_entry)
		if (READ_ONCE(ad->acg->tgt->rel_tgt_id) == rel_tgt_id)
			return ad->acg->tgt->tgtt;
	return NULL;
}

static scst_sense_t req_add_target(struct scst_pr_request *req)
{
	u16 rel_tgt_id = get_unaligned_be16(req->list + MOVE_REL_TGT_ID);
	const u8 *tid = req->list + MOVE_ID;
	const struct scst_tgt_template *tgtt;

	tgtt = pr_driver_of(req->cmd->dev, rel_tgt_id);
	if (!tgtt)
		return scst_cmd_param_error(req->cmd, MOVE_REL_TGT_ID, 8);
	if (tgtt == req->cmd->sess->tgt->tgtt &&
	    scst_transport_id_protocol(tid) !=
	    scst_transport_id_protocol(req->nexuses[0].tid))
		return scst_cmd_param_error(req->cmd, MOVE_ID, 3);
	/* The second one, even if it is the same */
	scst_nexus_set(&req->nexuses[1], rel_tgt_id, tid,
		       get_unaligned_be32(req->list + MOVE_ID_LEN));
	req->nr_nexuses = 2;
	return SCST_GOOD;
}

/* Those that it is about besides the sender */
static scst_sense_t req_add_others(struct scst_pr_request *req)
{
	if (req->action == PROUT_REGISTER_AND_MOVE)
		return req_add_target(req);
	if (!req_takes_many(req))
		return SCST_GOOD;
	if (req->all_tg_pt && !req_add_all_ports(req))
		return SCST_SENSE_NO_REGISTRATION_RESOURCES;
	return req->spec_i_pt ? req_add_ids(req) : SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * What it leads to
 */

/* For the work item, which is the only one that changes it */
static struct scst_pr_state *pr_state(const struct scst_pr *pr)
{
	return rcu_dereference_protected(pr->state, true);
}

/* What takes the place of another state; there is just one that may be read still. */
static void pr_retire(struct scst_pr *pr, struct scst_pr_state *old)
{
	if (pr->retired) {
		cond_synchronize_rcu(pr->retired_gp);
		scst_pr_state_free(pr->retired);
	}
	pr->retired = old;
	pr->retired_gp = get_state_synchronize_rcu();
}

static void pr_tell(struct scst_tgt_dev *td,
		    const struct scst_pr_request *req,
		    const struct scst_pr_change *change)
{
	/* All LUNs of the I_T nexus for the unit */
	if (td->sess == req->cmd->sess)
		return;
	if (td->preempted && change->removed_ua != SCST_UA_NR)
		scst_ua_set(td, change->removed_ua);
	else if (td->registrant >= 0 && change->released)
		scst_ua_set(td, SCST_UA_RESERVATIONS_RELEASED);
}

/* Returns true when somebody must not do any more what he may be doing. */
static bool pr_commit(struct scst_pr *pr, const struct scst_pr_request *req,
		      const struct scst_pr_change *change)
{
	struct scst_device *dev = pr->dev;
	struct scst_tgt_dev *td;
	bool restricts = false;

	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	rcu_assign_pointer(pr->state, change->new);
	list_for_each_entry(td, &dev->tgt_devs, dev_entry) {
		bool registered = td->registrant >= 0;

		restricts |= scst_reservation_update(td);
		td->preempted = registered && td->registrant < 0;
		/* It may have been kept out by a change of names, who waits for none. */
		restricts |= td->preempted;
		pr_tell(td, req, change);
	}
	return restricts;
}

static bool pr_is_preempted(const struct scst_tgt_dev *td, const void *unused)
{
	return td->preempted;
}

/*
 * A nexus that has joined meanwhile is not concerned.  A command that has told of the
 * change, and is aborted before it has responded, gives back the unit attention.
 */
static void pr_abort_preempted(const struct scst_pr_request *req)
{
	struct scst_device *dev = req->cmd->dev;
	struct scst_tgt_dev *td;

	scst_abort_nexuses(req->cmd, pr_is_preempted, NULL);
	for (td = scst_device_next_nexus(dev, NULL); td;
	     td = scst_device_next_nexus(dev, td)) {
		if (!td->preempted)
			continue;
		scst_aca_clear(td);
		scst_tgt_dev_allow_removal(td);
	}
}

static scst_sense_t pr_save(struct scst_pr *pr,
			    const struct scst_pr_request *req,
			    const struct scst_pr_change *change)
{
	bool persists = change->new->aptpl || change->old->aptpl;
	int ret;

	/* What is there, damaged, is not to be found again. */
	if (!persists && !change->old->lost)
		return SCST_GOOD;
	ret = scst_pr_save(pr, change->new);
	if (!ret)
		return SCST_GOOD;
	if (ret == -ENOMEM)
		return SCST_TASK_SET_FULL;
	if (!persists) {
		dev_warn_ratelimited(&pr->dev->dev,
				     "damaged reservations stay: %pe\n",
				     ERR_PTR(ret));
		return SCST_GOOD;
	}
	/* APTPL=1 is new, and there is no place for it. */
	if (!change->old->aptpl && !scst_persist_can_save(SCST_PR_KIND))
		return scst_cmd_param_error(req->cmd,
					    req->action ==
					    PROUT_REGISTER_AND_MOVE ?
					    MOVE_FLAGS : LIST_FLAGS, 0);
	dev_err_ratelimited(&pr->dev->dev,
			    "reservations cannot be saved: %pe\n", ERR_PTR(ret));
	return SCST_SENSE_INTERNAL_FAILURE;
}

static scst_sense_t pr_change(struct scst_pr *pr, struct scst_pr_request *req,
			      struct scst_pr_change *change)
{
	struct scst_device *dev = pr->dev;
	scst_sense_t sense = pr_save(pr, req, change);
	bool restricts;

	if (sense != SCST_GOOD) {
		scst_pr_state_free(change->new);
		return sense;
	}
	restricts = pr_commit(pr, req, change);
	if (change->abort)
		pr_abort_preempted(req);
	if (restricts) {
		/* What executes under the former state */
		scst_device_suspend(dev);
		scst_device_resume(dev);
	}
	scst_pr_show(pr, change->new);
	if (change->preempted)
		scst_device_event(dev, SCST_DEV_EVENT_PREEMPTED);
	pr_retire(pr, change->old);
	return SCST_GOOD;
}

static scst_sense_t pr_execute(struct scst_pr *pr, struct scst_pr_request *req)
{
	struct scst_pr_change change = { .old = pr_state(pr) };
	scst_sense_t sense = req_add_sender(req);

	if (sense == SCST_GOOD)
		sense = scst_pr_check_sender(req, change.old);
	if (sense == SCST_GOOD)
		sense = req_add_others(req);
	if (sense != SCST_GOOD)
		return sense;
	sense = scst_pr_apply(req, &change);
	if (sense != SCST_PENDING)
		return sense;
	/* It is told of, whatever becomes of the LUN. */
	req->cmd->executed = true;
	return pr_change(pr, req, &change);
}

/* ------------------------------------------------------------------------
 * The command
 */

static void pr_req_free(struct scst_pr_request *req)
{
	kvfree(req->nexuses);
	kvfree(req);
}

/* Also says whether RESERVE is in the way. */
static struct scst_pr_request *pr_next(struct scst_pr *pr, bool *reserved)
{
	struct scst_pr_request *req;

	guard(spinlock_irqsave)(&pr->dev->tgt_dev_lock);
	req = list_first_entry_or_null(&pr->requests, struct scst_pr_request,
				       entry);
	if (!req)
		return NULL;
	list_del(&req->entry);
	*reserved = pr->reserved_by;
	pr->busy = req->execute == pr_execute;
	return req;
}

/* Before the command ends: whoever has its status may send RESERVE. */
static void pr_executed(struct scst_pr *pr)
{
	guard(spinlock_irqsave)(&pr->dev->tgt_dev_lock);
	pr->busy = false;
}

static void pr_work(struct work_struct *work)
{
	struct scst_pr *pr = container_of(work, struct scst_pr, work);
	struct scst_pr_request *req;
	struct scst_cmd *cmd;
	scst_sense_t sense;
	unsigned int noio;
	bool reserved;

	/* The unit may be what memory is written back to. */
	noio = memalloc_noio_save();
	while ((req = pr_next(pr, &reserved))) {
		cmd = req->cmd;
		if (scst_cmd_aborted(cmd))
			sense = SCST_GOOD;
		else if (reserved)
			sense = SCST_RESERVATION_CONFLICT;
		else
			sense = req->execute(pr, req);
		pr_req_free(req);
		pr_executed(pr);
		scst_cmd_done(cmd, sense);
		cond_resched();
	}
	memalloc_noio_restore(noio);
}

/**
 * scst_pr_request_alloc - make a request
 * @cmd: command
 * @len: bytes of its data-out that it has to have
 *
 * Context: exec().
 * Return: the request, or NULL.
 */
struct scst_pr_request *scst_pr_request_alloc(struct scst_cmd *cmd, u32 len)
{
	struct scst_pr_request *req;

	req = kvzalloc(struct_size(req, list, len), GFP_NOIO);
	if (!req)
		return NULL;
	req->cmd = cmd;
	req->list_len = len;
	scst_cmd_data_out(cmd, req->list, len);
	return req;
}

/*
 * The command is the work item's, or whoever aborts it, when the lock is dropped.  It is
 * queued before it leaves the unit: who has that alone then finds it by scst_pr_flush().
 */
static bool pr_queue(struct scst_pr_request *req)
{
	struct scst_cmd *cmd = req->cmd;
	struct scst_device *dev = cmd->dev;

	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	scst_cmd_set_detached(cmd);
	/* Pairs with scst_pr_abort(), which comes after the mark. */
	if (scst_cmd_aborted(cmd))
		return false;
	list_add_tail(&req->entry, &dev->pr->requests);
	queue_work(scst_pr_wq, &dev->pr->work);
	scst_cmd_leave_unit(cmd);
	return true;
}

/**
 * scst_pr_submit - have a request executed, when those before it have been
 * @req: request with @req->execute, which is not the caller's any more
 *
 * Context: exec().
 * Return: what exec() has to return.
 */
scst_sense_t scst_pr_submit(struct scst_pr_request *req)
{
	if (pr_queue(req))
		return SCST_PENDING;
	pr_req_free(req);
	return SCST_GOOD;
}

/**
 * scst_exec_pr_out - PERSISTENT RESERVE OUT (SPC-6 6.15)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t scst_exec_pr_out(struct scst_cmd *cmd)
{
	u32 len = cmd->xfer_len;
	struct scst_pr_request *req;
	scst_sense_t sense;

	if (scst_reserve_held(cmd->dev))
		return SCST_RESERVATION_CONFLICT;
	if (len < LIST_LEN || len > LIST_MAX_LEN)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	req = scst_pr_request_alloc(cmd, len);
	if (!req)
		return SCST_TASK_SET_FULL;
	req->execute = pr_execute;
	sense = scst_pr_parse(req);
	if (sense == SCST_GOOD)
		return scst_pr_submit(req);
	pr_req_free(req);
	return sense;
}

/**
 * scst_pr_abort - a command that may wait for its turn was aborted
 * @cmd: command, marked as aborted and pinned
 *
 * Context: process context.
 */
void scst_pr_abort(struct scst_cmd *cmd)
{
	struct scst_pr_request *req, *found = NULL;

	scoped_guard(spinlock_irqsave, &cmd->dev->tgt_dev_lock) {
		list_for_each_entry(req, &cmd->dev->pr->requests, entry) {
			if (req->cmd != cmd)
				continue;
			list_del(&req->entry);
			found = req;
			break;
		}
	}
	if (!found)
		return;
	pr_req_free(found);
	scst_cmd_done(cmd, SCST_GOOD);
}

/**
 * scst_pr_flush - wait for the requests that have come
 * @dev: unit
 *
 * They are not in the exec gate, for which scst_device_suspend() waits, but were queued
 * before they left it.  If that is closed no more of them come.
 *
 * Context: process context; the unit is not suspended by the caller.
 */
void scst_pr_flush(struct scst_device *dev)
{
	flush_work(&dev->pr->work);
}

/* ------------------------------------------------------------------------
 * Life cycle
 */

/**
 * scst_pr_alloc - give a new unit its reservations: none
 * @dev: unit
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int scst_pr_alloc(struct scst_device *dev)
{
	struct scst_pr_state *state;
	struct scst_pr *pr;

	pr = kzalloc(sizeof(*pr), GFP_KERNEL);
	state = scst_pr_state_alloc(0);
	if (!pr || !state) {
		kfree(pr);
		scst_pr_state_free(state);
		return -ENOMEM;
	}
	pr->dev = dev;
	RCU_INIT_POINTER(pr->state, state);
	INIT_LIST_HEAD(&pr->requests);
	INIT_WORK(&pr->work, pr_work);
	INIT_LIST_HEAD(&pr->objects);
	ida_init(&pr->object_ids);
	dev->pr = pr;
	return 0;
}

/**
 * scst_pr_start - find out what persists of a unit that is in sysfs
 * @dev: unit, before it can be mapped
 *
 * Context: process context; waits for I/O.
 * Return: 0 or a negative errno.  Reservations that are damaged are not the end: the
 * unit is there to say so.
 */
int scst_pr_start(struct scst_device *dev)
{
	struct scst_pr_state *state = scst_pr_load(dev->pr), *old;

	if (IS_ERR(state))
		return PTR_ERR(state);
	/* Its files may be read already. */
	old = pr_state(dev->pr);
	rcu_assign_pointer(dev->pr->state, state);
	pr_retire(dev->pr, old);
	scst_pr_show(dev->pr, state);
	return 0;
}

/* No nexus is left.  Undo scst_pr_start(). */
void scst_pr_stop(struct scst_device *dev)
{
	/* The last command may have ended before the work item has. */
	scst_pr_flush(dev);
	scst_pr_hide(dev->pr);
}

/* Undo scst_pr_alloc(). */
void scst_pr_free(struct scst_device *dev)
{
	struct scst_pr *pr = dev->pr;

	if (!pr)
		return;
	ida_destroy(&pr->object_ids);
	scst_pr_state_free(pr->retired);
	scst_pr_state_free(pr_state(pr));
	kfree(pr);
}
