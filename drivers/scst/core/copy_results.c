// SPDX-License-Identifier: GPL-2.0
/*
 * What the copy manager tells: RECEIVE COPY RESULTS, VPD page 8Fh, and the list
 * identifiers by which initiators ask for a copy operation (SPC-4 6.18 to 6.23,
 * 7.8.17).
 *
 * What is known of a list identifier whose LIST ID USAGE is 00b is kept for the
 * I_T nexus until it uses the identifier again, or so many others that the oldest
 * has to go.
 */

#include <kunit/visibility.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "copy.h"

/* Ended copy operations that are remembered, per I_T nexus */
#define COPY_MAX_ENDED_IDS	16

/* COPY MANAGER STATUS */
#define COPY_STATUS_RUNNING	0x00
#define COPY_STATUS_GOOD	0x01
#define COPY_STATUS_FAILED	0x02

/* ------------------------------------------------------------------------
 * List identifiers
 */

static struct scst_copy_id *copy_id_find(struct scst_session *sess, u8 id)
{
	struct scst_copy_id *cid;

	lockdep_assert_held(&sess->copy_lock);
	list_for_each_entry(cid, &sess->copy_ids, entry)
		if (cid->id == id)
			return cid;
	return NULL;
}

static void copy_id_free(struct scst_copy_id *cid)
{
	list_del(&cid->entry);
	kfree(cid);
}

/* Forget the oldest of those that have ended. */
static void copy_id_evict(struct scst_session *sess)
{
	struct scst_copy_id *cid, *oldest = NULL;
	unsigned int nr = 0;

	lockdep_assert_held(&sess->copy_lock);
	list_for_each_entry(cid, &sess->copy_ids, entry) {
		if (cid->running)
			continue;
		nr++;
		oldest = oldest ?: cid;
	}
	if (nr > COPY_MAX_ENDED_IDS)
		copy_id_free(oldest);
}

/**
 * scst_copy_id_start - a copy operation begins to use its list identifier
 * @copy: copy operation
 *
 * Context: process context, may sleep for memory.
 * Return: %SCST_GOOD, or the sense code to end the command with: the identifier
 *	is in use (SPC-4 6.4.3.2), or there is no memory.
 */
scst_sense_t scst_copy_id_start(struct scst_copy *copy)
{
	struct scst_session *sess = copy->cmd->sess;
	struct scst_copy_id *old;

	if (copy->usage == XCOPY_LIST_ID_NONE)
		return SCST_GOOD;

	struct scst_copy_id *cid __free(kfree) = kzalloc(sizeof(*cid),
							 GFP_NOIO);

	if (!cid)
		return SCST_TASK_SET_FULL;
	cid->id = copy->id;
	cid->running = true;
	guard(spinlock_irqsave)(&sess->copy_lock);
	old = copy_id_find(sess, copy->id);
	if (old && old->running)
		return SCST_SENSE_OPERATION_IN_PROGRESS;
	if (old)
		copy_id_free(old);
	copy_id_evict(sess);
	copy->list_id = no_free_ptr(cid);
	list_add_tail(&copy->list_id->entry, &sess->copy_ids);
	return SCST_GOOD;
}
EXPORT_SYMBOL_IF_KUNIT(scst_copy_id_start);

/**
 * scst_copy_id_progress - a copy operation has written something
 * @copy: copy operation
 * @bytes: how much
 *
 * Context: any.
 */
void scst_copy_id_progress(struct scst_copy *copy, u64 bytes)
{
	copy->wrote = true;
	if (!copy->list_id)
		return;
	guard(spinlock_irqsave)(&copy->cmd->sess->copy_lock);
	copy->list_id->segments = copy->segment;
	copy->list_id->bytes += bytes;
}
EXPORT_SYMBOL_IF_KUNIT(scst_copy_id_progress);

/**
 * scst_copy_id_end - a copy operation has ended, and its command is about to
 * @copy: copy operation; its command has status and sense data
 *
 * Context: any.
 */
void scst_copy_id_end(struct scst_copy *copy)
{
	struct scst_copy_id *cid = copy->list_id;
	const struct scst_cmd *cmd = copy->cmd;

	if (!cid)
		return;
	guard(spinlock_irqsave)(&cmd->sess->copy_lock);
	/* LIST ID USAGE 10b: the initiator will not ask. */
	if (copy->usage == XCOPY_LIST_ID_DISCARD) {
		copy_id_free(cid);
		return;
	}
	cid->running = false;
	cid->segments = copy->segment;
	cid->status = cmd->status;
	cid->sense_len = cmd->sense_len;
	memcpy(cid->sense, cmd->sense, cmd->sense_len);
	/* Now it is the newest of those that have ended. */
	list_move_tail(&cid->entry, &cmd->sess->copy_ids);
	copy_id_evict(cmd->sess);
}
EXPORT_SYMBOL_IF_KUNIT(scst_copy_id_end);

/**
 * scst_copy_session_exit - forget all list identifiers of an I_T nexus
 * @sess: I_T nexus without commands
 *
 * Context: any.
 */
void scst_copy_session_exit(struct scst_session *sess)
{
	struct scst_copy_id *cid, *next;

	list_for_each_entry_safe(cid, next, &sess->copy_ids, entry)
		copy_id_free(cid);
}
EXPORT_SYMBOL_IF_KUNIT(scst_copy_session_exit);

/* ------------------------------------------------------------------------
 * RECEIVE COPY RESULTS
 */

#define COPY_STATUS_LEN		12
#define COPY_FAILURE_LEN	60	/* without sense data */

static void copy_status_put(const struct scst_copy_id *cid, u8 *buf)
{
	unsigned int unit = 0;
	u64 count = cid->bytes;

	put_unaligned_be32(COPY_STATUS_LEN - 4, buf);
	if (cid->running)
		buf[4] = COPY_STATUS_RUNNING;
	else
		buf[4] = cid->status == SAM_STAT_GOOD ? COPY_STATUS_GOOD :
							COPY_STATUS_FAILED;
	put_unaligned_be16(cid->segments, buf + 5);
	/* TRANSFER COUNT UNITS: each is 1,024 times the one before */
	for (; count > U32_MAX; unit++)
		count >>= 10;
	buf[7] = unit;
	put_unaligned_be32(count, buf + 8);
}

/**
 * scst_exec_receive_copy_status - RECEIVE COPY STATUS(LID1)
 * @cmd: command
 *
 * Context: any.
 * Return: how it ended.
 */
scst_sense_t scst_exec_receive_copy_status(struct scst_cmd *cmd)
{
	struct scst_copy_id *cid;
	u8 buf[COPY_STATUS_LEN];

	scoped_guard(spinlock_irqsave, &cmd->sess->copy_lock) {
		cid = copy_id_find(cmd->sess, cmd->cdb[2]);
		if (cid)
			copy_status_put(cid, buf);
	}
	if (!cid)
		return scst_cmd_cdb_error(cmd, 2, 8);
	scst_cmd_data_in(cmd, buf, sizeof(buf));
	return SCST_GOOD;
}

/* Returns its bytes.  Without a failed segment there is just the header. */
static unsigned int copy_failure_put(struct scst_copy_id *cid, u8 *buf)
{
	if (!cid->sense_len)
		return 4;
	put_unaligned_be32(COPY_FAILURE_LEN - 4 + cid->sense_len, buf);
	buf[56] = cid->status;
	put_unaligned_be16(cid->sense_len, buf + 58);
	memcpy(buf + COPY_FAILURE_LEN, cid->sense, cid->sense_len);
	return COPY_FAILURE_LEN + cid->sense_len;
}

/**
 * scst_exec_receive_copy_failure - RECEIVE COPY FAILURE DETAILS(LID1)
 * @cmd: command
 *
 * The details are held until they were transferred.
 *
 * Context: any.
 * Return: how it ended.
 */
scst_sense_t scst_exec_receive_copy_failure(struct scst_cmd *cmd)
{
	u8 buf[COPY_FAILURE_LEN + SCST_SENSE_BUFFERSIZE] = {};
	struct scst_copy_id *cid;
	unsigned int len;

	scoped_guard(spinlock_irqsave, &cmd->sess->copy_lock) {
		cid = copy_id_find(cmd->sess, cmd->cdb[2]);
		/* SPC-4 6.19: not while the copy operation is processed. */
		if (cid && cid->running)
			cid = NULL;
		if (cid) {
			len = copy_failure_put(cid, buf);
			if (cmd->xfer_len >= len && cmd->bufflen >= len)
				cid->sense_len = 0;
		}
	}
	if (!cid)
		return scst_cmd_cdb_error(cmd, 2, 8);
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}

/* Both lists are in ascending order. */
static const u8 copy_descriptors[] = { XCOPY_SEGMENT_B2B, XCOPY_CSCD_ID };

#define COPY_PARAMETERS_LEN	44	/* without the list of descriptors */

/**
 * scst_exec_receive_copy_parameters - RECEIVE COPY OPERATING PARAMETERS
 * @cmd: command
 *
 * Context: any.
 * Return: how it ended.
 */
scst_sense_t scst_exec_receive_copy_parameters(struct scst_cmd *cmd)
{
	u8 buf[COPY_PARAMETERS_LEN + sizeof(copy_descriptors)] = {};

	put_unaligned_be32(sizeof(buf) - 4, buf);
	buf[4] = 0x01;	/* SNLID: LIST ID USAGE 11b */
	put_unaligned_be16(XCOPY_MAX_CSCDS, buf + 8);
	put_unaligned_be16(XCOPY_MAX_SEGMENTS, buf + 10);
	put_unaligned_be32(XCOPY_MAX_LIST, buf + 12);
	put_unaligned_be32(XCOPY_MAX_SEGMENT_BYTES, buf + 16);
	put_unaligned_be32(XCOPY_HELD_LIMIT, buf + 24);
	put_unaligned_be16(XCOPY_MAX_RUNNING, buf + 34);
	buf[36] = XCOPY_MAX_RUNNING;
	buf[37] = XCOPY_LOG2_GRANULARITY;
	buf[43] = sizeof(copy_descriptors);
	memcpy(buf + COPY_PARAMETERS_LEN, copy_descriptors,
	       sizeof(copy_descriptors));
	scst_cmd_data_in(cmd, buf, sizeof(buf));
	return SCST_GOOD;
}

/**
 * scst_exec_copy_operation_abort - COPY OPERATION ABORT
 * @cmd: command
 *
 * Does not wait for the copy operation.
 *
 * Context: any.
 * Return: how it ended.
 */
scst_sense_t scst_exec_copy_operation_abort(struct scst_cmd *cmd)
{
	u32 id = get_unaligned_be32(cmd->cdb + 2);
	struct scst_copy_id *cid = NULL;

	guard(spinlock_irqsave)(&cmd->sess->copy_lock);
	if (id <= U8_MAX)
		cid = copy_id_find(cmd->sess, id);
	if (!cid || !cid->running)
		return scst_cmd_cdb_error(cmd, 2, 8);
	scst_copy_cancel(cid);
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * VPD page 8Fh
 */

/* Third-party copy descriptors: header, then as many bytes as it says */
#define VPD_8F_COMMANDS		0x0001
#define VPD_8F_PARAMETERS	0x0004
#define VPD_8F_DESCRIPTORS	0x0008
#define VPD_8F_CSCD_IDS		0x000c
#define VPD_8F_GENERAL		0x8001
#define VPD_8F_HELD_DATA	0xc001

static const u8 copy_commands[] = {
	EXTENDED_COPY, 2,
	XCOPY_SA_EXTENDED_COPY, XCOPY_SA_COPY_OPERATION_ABORT,
	RECEIVE_COPY_RESULTS, 3,
	XCOPY_SA_COPY_STATUS, XCOPY_SA_OPERATING_PARAMETERS,
	XCOPY_SA_FAILED_SEGMENT,
};

/* Begins a descriptor of @len bytes behind its header, which @p moves past. */
static u8 *copy_vpd_add(u8 **p, u16 type, unsigned int len)
{
	u8 *desc = *p;

	len = round_up(len, 4);
	put_unaligned_be16(type, desc);
	put_unaligned_be16(len, desc + 2);
	*p += 4 + len;
	return desc;
}

static void copy_vpd_add_list(u8 **p, u16 type, const u8 *list, u8 len)
{
	u8 *desc = copy_vpd_add(p, type, 1 + len);

	desc[4] = len;
	memcpy(desc + 5, list, len);
}

/**
 * scst_vpd_third_party_copy - fill in VPD page 8Fh
 * @buf: where the first descriptor goes; %SCST_VPD_8F_MAX_LEN bytes, zeroed
 *
 * For handlers, which own INQUIRY.
 *
 * Context: any.
 * Return: bytes of descriptors: the PAGE LENGTH.
 */
unsigned int scst_vpd_third_party_copy(u8 *buf)
{
	u8 *desc, *p = buf;

	copy_vpd_add_list(&p, VPD_8F_COMMANDS, copy_commands,
			  sizeof(copy_commands));

	desc = copy_vpd_add(&p, VPD_8F_PARAMETERS, 28);
	put_unaligned_be16(XCOPY_MAX_CSCDS, desc + 8);
	put_unaligned_be16(XCOPY_MAX_SEGMENTS, desc + 10);
	put_unaligned_be32(XCOPY_MAX_LIST, desc + 12);

	copy_vpd_add_list(&p, VPD_8F_DESCRIPTORS, copy_descriptors,
			  sizeof(copy_descriptors));

	desc = copy_vpd_add(&p, VPD_8F_CSCD_IDS, 4);
	put_unaligned_be16(2, desc + 4);
	put_unaligned_be16(XCOPY_OWN_UNIT, desc + 6);

	desc = copy_vpd_add(&p, VPD_8F_GENERAL, 32);
	put_unaligned_be32(XCOPY_MAX_RUNNING, desc + 4);
	put_unaligned_be32(XCOPY_MAX_RUNNING, desc + 8);
	put_unaligned_be32(XCOPY_MAX_SEGMENT_BYTES, desc + 12);
	desc[16] = XCOPY_LOG2_GRANULARITY;

	desc = copy_vpd_add(&p, VPD_8F_HELD_DATA, 28);
	put_unaligned_be32(XCOPY_HELD_LIMIT, desc + 4);
	return p - buf;
}
EXPORT_SYMBOL_GPL(scst_vpd_third_party_copy);
