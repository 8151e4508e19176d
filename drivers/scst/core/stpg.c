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

/* Seconds: less than the 60 that Linux gives the command */
#define STPG_DEFAULT_TIMEOUT	50

/* Initiators can have user space do something no more often than this. */
#define STPG_INTERVAL		HZ

#define SENSE_STPG_FAILED	SCST_SENSE(HARDWARE_ERROR, 0x67, 0x0a)

static LIST_HEAD(stpg_requests);	/* under scst_alua_lock */
static u32 stpg_last_id;		/* the same */

/**
 * struct scst_tpg_request - a request of an initiator that waits for an answer
 * @entry: in stpg_requests; empty when it was taken off
 * @group: device group
 * @cmd: command, NULL when it has been aborted
 * @sess: I_T nexus that sent it
 * @dev: logical unit that got it
 * @id: what the answer has to name
 * @announced: the uevent was sent
 * @work: sends the uevent, then ends the request when its time is over
 */
struct scst_tpg_request {
	struct list_head entry;
	struct scst_dev_group *group;
	struct scst_cmd *cmd;
	struct scst_session *sess;
	struct scst_device *dev;
	u32 id;
	bool announced;
	struct delayed_work work;
};

static struct scst_dev_group *to_group(struct device *dev)
{
	return container_of(to_scst_alua_object(dev), struct scst_dev_group,
			    obj);
}

/* ------------------------------------------------------------------------
 * The end of a request
 */

/* The request is the caller's from now on, and so is its command. */
static void stpg_take(struct scst_tpg_request *req)
{
	struct scst_tpg *tpg;

	lockdep_assert_held(&scst_alua_lock);
	list_del_init(&req->entry);
	req->group->request = NULL;
	list_for_each_entry(tpg, &req->group->tpgs, obj.entry)
		WRITE_ONCE(tpg->wanted, SCST_STATE_NONE);
}

static void stpg_free(struct scst_tpg_request *req, scst_sense_t result)
{
	if (req->cmd)
		scst_cmd_done(req->cmd, result);
	put_device(&req->dev->dev);
	put_device(&req->sess->dev);
	kfree(req);
}

/* Of a request that was taken: not from its work item */
static void stpg_end(struct scst_tpg_request *req, scst_sense_t result)
{
	cancel_delayed_work_sync(&req->work);
	stpg_free(req, result);
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
		/* Not by the unit's group, which it may have left */
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
	char initiator[sizeof("SCST_INITIATOR=") + SCST_MAX_INITIATOR_NAME];
	char name[SCST_MAX_NAME + 24], id[32], device[SCST_MAX_NAME + 24];
	char *envp[6] = {
		"SCST_EVENT=access_state_requested", name, id, initiator,
		device, NULL
	};

	snprintf(name, sizeof(name), "SCST_DEVICE_GROUP=%s", group);
	snprintf(id, sizeof(id), "SCST_REQUEST=%u", req->id);
	snprintf(initiator, sizeof(initiator), "SCST_INITIATOR=%s",
		 req->sess->initiator_name);
	snprintf(device, sizeof(device), "SCST_DEVICE=%s",
		 dev_name(&req->dev->dev));
	scst_tgt_event_env(req->sess->tgt, envp);
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
		if (list_empty(&req->entry))
			return;
		timeout = READ_ONCE(req->group->timeout) * HZ;
		strscpy(group, dev_name(&req->group->obj.dev));
		if (req->announced)
			stpg_take(req);
	}
	if (!req->announced) {
		req->announced = true;
		stpg_announce(req, group);
		queue_delayed_work(scst_alua_wq, &req->work, timeout);
		return;
	}
	dev_warn_ratelimited(&req->sess->tgt->dev,
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
	guard(spinlock_irqsave)(&scst_alua_lock);
	return dev->dev_group && dev->dev_group->explicit;
}

static struct scst_tpg *stpg_find(const struct scst_dev_group *group, u16 id)
{
	struct scst_tpg *tpg;

	list_for_each_entry(tpg, &group->tpgs, obj.entry)
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
	tpg = stpg_find(cmd->dev->dev_group, get_unaligned_be16(list + at + 2));
	if (!tpg || tpg->wanted != SCST_STATE_NONE)
		return scst_cmd_param_error(cmd, at + 2, 8);
	WRITE_ONCE(tpg->wanted, state);
	return SCST_GOOD;
}

/* Returns SCST_PENDING when a state has to change. */
static scst_sense_t stpg_parse(struct scst_cmd *cmd, const u8 *list, u32 len)
{
	struct scst_dev_group *group = cmd->dev->dev_group;
	scst_sense_t sense = SCST_GOOD;
	bool changes = false;
	struct scst_tpg *tpg;
	u32 at;

	for (at = STPG_HEADER_LEN; at < len && sense == SCST_GOOD;
	     at += STPG_DESC_LEN)
		sense = stpg_parse_desc(cmd, list, at);
	list_for_each_entry(tpg, &group->tpgs, obj.entry)
		if (tpg->wanted != SCST_STATE_NONE && tpg->wanted != tpg->state)
			changes = true;
	if (sense == SCST_GOOD && changes)
		return SCST_PENDING;
	list_for_each_entry(tpg, &group->tpgs, obj.entry)
		WRITE_ONCE(tpg->wanted, SCST_STATE_NONE);
	return sense;
}

static bool stpg_too_soon(const struct scst_dev_group *group)
{
	return group->last_request &&
	       time_before(jiffies, group->last_request + STPG_INTERVAL);
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
	group = cmd->dev->dev_group;
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
	/* They may go before who is asked has answered. */
	req->sess = cmd->sess;
	get_device(&req->sess->dev);
	req->dev = cmd->dev;
	get_device(&req->dev->dev);
	/* 0 is none */
	req->id = ++stpg_last_id ?: ++stpg_last_id;
	INIT_DELAYED_WORK(&req->work, stpg_work);
	group->request = req;
	list_add_tail(&req->entry, &stpg_requests);
	queue_delayed_work(scst_alua_wq, &req->work,
			   stpg_too_soon(group) ? STPG_INTERVAL : 0);
	group->last_request = jiffies ?: 1;
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
		return scst_cmd_cdb_error(cmd, 6, 8);
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

/* ------------------------------------------------------------------------
 * Files of a device group
 */

void scst_stpg_init_group(struct scst_dev_group *group)
{
	group->timeout = STPG_DEFAULT_TIMEOUT;
}

static ssize_t explicit_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_group(dev)->explicit));
}

static ssize_t explicit_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct scst_dev_group *group = to_group(dev);
	bool explicit;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (kstrtobool(buf, &explicit)) {
		scst_dir_err(dev, "explicit: want 0 or 1\n");
		return -EINVAL;
	}
	guard(mutex)(&scst_alua_config);
	if (group->dying)
		return -ENODEV;
	if (explicit == group->explicit)
		return count;
	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		WRITE_ONCE(group->explicit, explicit);
	scst_alua_inquiry_changed(group);
	return count;
}

struct device_attribute scst_alua_attr_explicit =
	__ATTR(explicit, 0644, explicit_show, explicit_store);

static ssize_t explicit_timeout_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_group(dev)->timeout));
}

static ssize_t explicit_timeout_store(struct device *dev,
				      struct device_attribute *attr,
				      const char *buf, size_t count)
{
	u16 timeout;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = scst_alua_parse_nonzero(buf, &timeout);
	if (ret) {
		scst_dir_err(dev, "explicit_timeout: want 1 to 65535 seconds\n");
		return ret;
	}
	WRITE_ONCE(to_group(dev)->timeout, timeout);
	return count;
}

struct device_attribute scst_alua_attr_explicit_timeout =
	__ATTR(explicit_timeout, 0644, explicit_timeout_show,
	       explicit_timeout_store);

static ssize_t request_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct scst_dev_group *group = to_group(dev);
	u32 id;

	scoped_guard(spinlock_irqsave, &scst_alua_lock)
		id = group->request ? group->request->id : 0;
	return sysfs_emit(buf, "%u\n", id);
}

struct device_attribute scst_alua_attr_request =
	__ATTR(request, 0444, request_show, NULL);

/*
 * Take the request off the list, if it is still that one.  What it asks for is what
 * each target port group has in @wanted then, in the order of their list.
 */
static struct scst_tpg_request *stpg_answer(struct scst_dev_group *group,
					    u32 id, u8 *wanted)
{
	struct scst_tpg_request *req;
	struct scst_tpg *tpg;
	unsigned int i = 0;

	guard(spinlock_irqsave)(&scst_alua_lock);
	req = group->request;
	if (!req || req->id != id)
		return NULL;
	list_for_each_entry(tpg, &group->tpgs, obj.entry)
		if (wanted)
			wanted[i++] = tpg->wanted;
	stpg_take(req);
	return req;
}

/* What was asked for becomes true; returns the request, or NULL. */
static struct scst_tpg_request *stpg_grant(struct scst_dev_group *group, u32 id,
					   struct scst_alua_change *change,
					   int *ret)
{
	struct scst_tpg_request *req;
	struct scst_tpg *tpg;
	unsigned int i = 0;

	lockdep_assert_held(&scst_alua_config);
	u8 *wanted __free(kvfree) = kvcalloc(list_count_nodes(&group->tpgs), 1,
					     GFP_KERNEL);
	*ret = wanted ? scst_alua_change_units(change, group) : -ENOMEM;
	if (*ret)
		return NULL;
	req = stpg_answer(group, id, wanted);
	if (!req)
		return NULL;
	/* It is told of, whatever becomes of the LUN. */
	if (req->cmd)
		req->cmd->executed = true;
	list_for_each_entry(tpg, &group->tpgs, obj.entry) {
		if (wanted[i] != SCST_STATE_NONE && wanted[i] != tpg->state)
			scst_tpg_grant(tpg, wanted[i], req->cmd);
		i++;
	}
	return req;
}

static int stpg_answered(struct scst_dev_group *group, u32 id, bool done)
{
	struct scst_alua_change change;
	struct scst_tpg_request *req;
	int ret = 0, err;

	scst_alua_change_init(&change);
	scoped_guard(mutex, &scst_alua_config) {
		if (done)
			req = stpg_grant(group, id, &change, &ret);
		else
			req = stpg_answer(group, id, NULL);
	}
	err = scst_alua_change_finish(&change);
	if (!req)
		return ret ?: -ENOENT;
	/* The states are other ones, but not all that goes with them is true. */
	stpg_end(req, done && !err ? SCST_GOOD : SENSE_STPG_FAILED);
	return err;
}

static ssize_t answer_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	char word[8];
	int ret, end = 0;
	u32 id;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (sscanf(buf, "%u %7s %n", &id, word, &end) != 2 || !id || buf[end] ||
	    (strcmp(word, "done") && strcmp(word, "failed"))) {
		scst_dir_err(dev, "answer: want a number, and done or failed\n");
		return -EINVAL;
	}
	ret = stpg_answered(to_group(dev), id, !strcmp(word, "done"));
	if (ret == -ENOENT)
		scst_dir_err(dev, "answer: no request %u\n", id);
	return ret ?: count;
}

struct device_attribute scst_alua_attr_answer =
	__ATTR(answer, 0200, NULL, answer_store);

/* The names of those of these files that have to be saved */
ssize_t scst_stpg_key_attributes(const struct scst_dev_group *group, char *buf,
				 ssize_t at)
{
	if (READ_ONCE(group->explicit))
		at += sysfs_emit_at(buf, at, "explicit\n");
	if (READ_ONCE(group->timeout) != STPG_DEFAULT_TIMEOUT)
		at += sysfs_emit_at(buf, at, "explicit_timeout\n");
	return at;
}

/* The group is dying: no answer comes any more. */
void scst_stpg_exit_group(struct scst_dev_group *group)
{
	struct scst_tpg_request *req;

	lockdep_assert_held(&scst_alua_config);
	scoped_guard(spinlock_irqsave, &scst_alua_lock) {
		group->explicit = false;
		req = group->request;
		if (req)
			stpg_take(req);
	}
	if (req)
		stpg_end(req, SENSE_STPG_FAILED);
}
