// SPDX-License-Identifier: GPL-2.0
/*
 * SET TARGET PORT GROUPS (SPC-6 6.45): explicit asymmetric access.
 *
 * Initiators ask, user space decides.  The command leaves the logical unit and
 * waits; a uevent says that there is a request; who writes the answer, or nobody
 * within the time, ends both.  A device group has one request at a time, and the
 * states that it asks for are in its target port groups.
 *
 * Who takes a request off the list ends it.  An aborted command goes without it:
 * what was asked for may happen all the same.
 */

#include <linux/slab.h>
#include <linux/unaligned.h>
#include "alua.h"

#define STPG_HEADER_LEN		4
#define STPG_DESC_LEN		4
#define STPG_MAX_LIST		1024
#define STPG_STATE		0x0f	/* byte 0 of a descriptor */

#define SENSE_STPG_FAILED	SCST_SENSE(HARDWARE_ERROR, 0x67, 0x0a)

static LIST_HEAD(stpg_requests);	/* under scst_alua_lock */
static u32 stpg_last_id;		/* the same */

/**
 * struct scst_tpg_request - a request of an initiator that waits for an answer
 * @entry: in stpg_requests
 * @group: device group
 * @cmd: command, NULL when it has been aborted
 * @tgt: target that it came by
 * @id: what the answer has to name
 * @announced: the uevent was sent
 * @work: sends the uevent, then ends the request when its time is over
 */
struct scst_tpg_request {
	struct list_head entry;
	struct scst_dev_group *group;
	struct scst_cmd *cmd;
	struct scst_tgt *tgt;
	u32 id;
	bool announced;
	struct delayed_work work;
};

/* ------------------------------------------------------------------------
 * The end of a request
 */

/* The request is the caller's from now on, and so is its command. */
static void stpg_take(struct scst_tpg_request *req)
{
	struct scst_tpg *tpg;

	lockdep_assert_held(&scst_alua_lock);
	list_del(&req->entry);
	req->group->request = NULL;
	list_for_each_entry(tpg, &req->group->tpgs, entry)
		WRITE_ONCE(tpg->wanted, SCST_STATE_NONE);
}

static void stpg_free(struct scst_tpg_request *req, scst_sense_t result)
{
	if (req->cmd)
		scst_cmd_done(req->cmd, result);
	put_device(&req->tgt->dev);
	kfree(req);
}

/**
 * scst_stpg_end - end a request that was taken off the list
 * @req: request
 * @result: what its command ends with
 *
 * Context: process context; not the work item of @req.
 */
void scst_stpg_end(struct scst_tpg_request *req, scst_sense_t result)
{
	cancel_delayed_work_sync(&req->work);
	stpg_free(req, result);
}

/**
 * scst_stpg_fail - end a request as it ends when user space says no
 * @req: request, taken off the list
 *
 * Context: process context; not the work item of @req.
 */
void scst_stpg_fail(struct scst_tpg_request *req)
{
	scst_stpg_end(req, SENSE_STPG_FAILED);
}

/**
 * scst_stpg_take - take the request of a device group off the list
 * @group: device group; the caller holds the lock of changes of groups
 * @id: its number, or 0 for any
 * @wanted: set to the states it asked for, one for each target port group in the
 *	order of their list; or NULL
 *
 * Context: any.
 * Return: the request, which the caller has to end, or NULL.
 */
struct scst_tpg_request *scst_stpg_take(struct scst_dev_group *group, u32 id,
					u8 *wanted)
{
	struct scst_tpg_request *req;
	struct scst_tpg *tpg;

	guard(spinlock_irqsave)(&scst_alua_lock);
	req = group->request;
	if (!req || (id && req->id != id))
		return NULL;
	if (wanted)
		list_for_each_entry(tpg, &group->tpgs, entry)
			*wanted++ = tpg->wanted;
	stpg_take(req);
	return req;
}

/* The number of the request that waits, 0: there is none */
u32 scst_stpg_id(const struct scst_dev_group *group)
{
	guard(spinlock_irqsave)(&scst_alua_lock);
	return group->request ? group->request->id : 0;
}

/* The command of a request, which scst_device_ua() is not to tell */
struct scst_cmd *scst_stpg_cmd(const struct scst_tpg_request *req)
{
	return req->cmd;
}

/**
 * scst_stpg_abort - a command that may wait for an answer was aborted
 * @cmd: command, marked as aborted and pinned
 *
 * Context: any.
 */
void scst_stpg_abort(struct scst_cmd *cmd)
{
	struct scst_tpg_request *req;
	bool found = false;

	scoped_guard(spinlock_irqsave, &scst_alua_lock) {
		list_for_each_entry(req, &stpg_requests, entry) {
			if (req->cmd != cmd)
				continue;
			req->cmd = NULL;
			found = true;
			break;
		}
	}
	if (found)
		scst_cmd_done(cmd, SCST_GOOD);
}

static void stpg_announce(struct scst_tpg_request *req, const char *group)
{
	char name[SCST_MAX_NAME + 24], id[32];
	char *envp[] = { "SCST_EVENT=access_state_requested", name, id, NULL };

	snprintf(name, sizeof(name), "SCST_DEVICE_GROUP=%s", group);
	snprintf(id, sizeof(id), "SCST_REQUEST=%u", req->id);
	scst_tgt_event_env(req->tgt, envp);
}

static bool stpg_is_pending(const struct scst_tpg_request *req)
{
	const struct scst_tpg_request *other;

	lockdep_assert_held(&scst_alua_lock);
	list_for_each_entry(other, &stpg_requests, entry)
		if (other == req)
			return true;
	return false;
}

static void stpg_work(struct work_struct *work)
{
	struct scst_tpg_request *req = container_of(to_delayed_work(work),
						    struct scst_tpg_request,
						    work);
	char group[SCST_MAX_NAME + 1];
	unsigned long timeout;

	scoped_guard(spinlock_irqsave, &scst_alua_lock) {
		/* Who took it waits for this. */
		if (!stpg_is_pending(req))
			return;
		timeout = req->group->timeout * HZ;
		strscpy(group, dev_name(&req->group->dev));
		if (req->announced)
			stpg_take(req);
	}
	if (!req->announced) {
		req->announced = true;
		stpg_announce(req, group);
		queue_delayed_work(system_unbound_wq, &req->work, timeout);
		return;
	}
	dev_warn_ratelimited(&req->tgt->dev,
			     "%s: request %u was not answered\n", group,
			     req->id);
	stpg_free(req, SENSE_STPG_FAILED);
}

/* ------------------------------------------------------------------------
 * The command
 */

/* Explicit asymmetric access is there for units whose group has it. */
bool scst_supports_set_tpgs(const struct scst_device *dev)
{
	return scst_device_tpgs(dev) == 3;
}

static struct scst_tpg *stpg_find(const struct scst_dev_group *group, u16 id)
{
	struct scst_tpg *tpg;

	list_for_each_entry(tpg, &group->tpgs, entry)
		if (tpg->group_id == id)
			return tpg;
	return NULL;
}

static scst_sense_t stpg_parse_desc(struct scst_cmd *cmd, const u8 *list,
				    u32 at)
{
	int state = scst_tpg_state_of_code(list[at] & STPG_STATE);
	struct scst_tpg *tpg;

	/* Nobody can ask for these. */
	if (state < 0 || state == SCST_STATE_OFFLINE ||
	    state == SCST_STATE_TRANSITIONING)
		return scst_cmd_param_error(cmd, at, 3);
	tpg = stpg_find(cmd->dev->group, get_unaligned_be16(list + at + 2));
	if (!tpg || tpg->wanted != SCST_STATE_NONE)
		return scst_cmd_param_error(cmd, at + 2, 8);
	WRITE_ONCE(tpg->wanted, state);
	return SCST_GOOD;
}

/* Returns SCST_PENDING when a state has to change. */
static scst_sense_t stpg_parse(struct scst_cmd *cmd, const u8 *list, u32 len)
{
	scst_sense_t sense = SCST_GOOD;
	bool changes = false;
	struct scst_tpg *tpg;
	u32 at;

	for (at = STPG_HEADER_LEN; at < len && sense == SCST_GOOD;
	     at += STPG_DESC_LEN)
		sense = stpg_parse_desc(cmd, list, at);
	list_for_each_entry(tpg, &cmd->dev->group->tpgs, entry)
		if (tpg->wanted != SCST_STATE_NONE && tpg->wanted != tpg->state)
			changes = true;
	if (sense == SCST_GOOD && changes)
		return SCST_PENDING;
	list_for_each_entry(tpg, &cmd->dev->group->tpgs, entry)
		WRITE_ONCE(tpg->wanted, SCST_STATE_NONE);
	return sense;
}

static scst_sense_t stpg_submit(struct scst_cmd *cmd, const u8 *list, u32 len,
				struct scst_tpg_request *req)
{
	struct scst_dev_group *group;
	scst_sense_t sense;

	guard(spinlock_irqsave)(&scst_alua_lock);
	/* scst_cmd_abort() looks for the request after it has marked the command. */
	if (scst_cmd_aborted(cmd))
		return SCST_GOOD;
	group = cmd->dev->group;
	/* It may have changed since the command was parsed. */
	if (!group || !group->explicit)
		return scst_cmd_cdb_error(cmd, 1, 4);
	if (group->request)
		return SCST_BUSY;
	sense = stpg_parse(cmd, list, len);
	if (sense != SCST_PENDING)
		return sense;

	req->group = group;
	req->cmd = cmd;
	req->tgt = cmd->sess->tgt;
	get_device(&req->tgt->dev);
	/* 0 is none */
	req->id = ++stpg_last_id ?: ++stpg_last_id;
	INIT_DELAYED_WORK(&req->work, stpg_work);
	group->request = req;
	list_add_tail(&req->entry, &stpg_requests);
	queue_delayed_work(system_unbound_wq, &req->work, 0);
	return SCST_PENDING;
}

/**
 * scst_exec_set_tpgs - SET TARGET PORT GROUPS (SPC-6 6.45)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t scst_exec_set_tpgs(struct scst_cmd *cmd)
{
	struct scst_tpg_request *req;
	scst_sense_t sense;
	u32 len = cmd->xfer_len;

	if (!len)
		return SCST_GOOD;
	if (len < STPG_HEADER_LEN || len % STPG_DESC_LEN || len > STPG_MAX_LIST)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	u8 *list __free(kfree) = kzalloc(len, GFP_NOIO);
	req = kzalloc(sizeof(*req), GFP_NOIO);
	if (!list || !req) {
		kfree(req);
		return SCST_TASK_SET_FULL;
	}
	scst_cmd_data_out(cmd, list, len);
	/* A change of the state waits for commands that have the unit. */
	scst_cmd_detach(cmd);
	sense = stpg_submit(cmd, list, len, req);
	if (sense != SCST_PENDING)
		kfree(req);
	return sense;
}
