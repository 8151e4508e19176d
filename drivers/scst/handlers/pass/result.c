// SPDX-License-Identifier: GPL-2.0
/* From the end of a request to that of the command. */

#include <kunit/visibility.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_eh.h>
#include "pass.h"

/* SPC-6 table 59 */
#define SENSE_NO_ANSWER		SCST_SENSE(NOT_READY, 0x05, 0x00)
#define SENSE_COMMUNICATION	SCST_SENSE(ABORTED_COMMAND, 0x08, 0x00)
#define SENSE_TIMEOUT		SCST_SENSE(ABORTED_COMMAND, 0x08, 0x01)
#define SENSE_RESET		SCST_SENSE(ABORTED_COMMAND, 0x00, 0x00)

/*
 * All initiators are one to the device, and it reports a condition once.  So it is
 * raised for all, but the one whose command has been told of it.
 */
static const struct {
	u8 asc;
	u8 ascq;
	enum scst_ua ua;
} pass_uas[] = {
	{ 0x28, 0x00, SCST_UA_MEDIUM_CHANGED },
	{ 0x2a, 0x01, SCST_UA_MODE_CHANGED },
	{ 0x2a, 0x02, SCST_UA_LOG_CHANGED },
	{ 0x2a, 0x09, SCST_UA_CAPACITY_CHANGED },
	{ 0x2a, 0x10, SCST_UA_TIMESTAMP_CHANGED },
	{ 0x38, 0x07, SCST_UA_SPACE_THRESHOLD },
	{ 0x3f, 0x03, SCST_UA_INQUIRY_CHANGED },
	{ 0x3f, 0x05, SCST_UA_IDENTIFIER_CHANGED },
};

/**
 * pass_is_own_ua - does a unit attention condition concern this host alone?
 * @hdr: sense data
 *
 * Reservations and access states of this host's own nexus with the device, and the
 * LUNs of its host adapter: initiators here have others, and do not hear of these.
 *
 * Context: any.
 * Return: true if so.
 */
bool pass_is_own_ua(const struct scsi_sense_hdr *hdr)
{
	return (hdr->asc == 0x2a && hdr->ascq >= 0x03 && hdr->ascq <= 0x07) ||
	       (hdr->asc == 0x3f && hdr->ascq == 0x0e);
}

static enum scst_ua pass_ua(const struct scsi_sense_hdr *hdr)
{
	unsigned int i;

	/* The nexus that is lost may be this host's, which is none of theirs. */
	if (hdr->asc == ASC_RESET)
		return SCST_UA_RESET;
	for (i = 0; i < ARRAY_SIZE(pass_uas); i++)
		if (pass_uas[i].asc == hdr->asc &&
		    pass_uas[i].ascq == hdr->ascq)
			return pass_uas[i].ua;
	return SCST_UA_OTHER;
}

/* The mid-layer has a note of a reset.  Returns true for one of those who see it. */
static bool pass_take_reset(struct pass_unit *pass)
{
	guard(spinlock_irqsave)(&pass->lock);
	if (!pass->sdev->was_reset)
		return false;
	pass->sdev->was_reset = 0;
	return true;
}

/**
 * pass_reset_noted - initiators hear of a reset: what is here does not hold any more
 * @pass: unit, whose device is held, or under rcu_read_lock() and not gone
 *
 * Context: any.
 */
void pass_reset_noted(struct pass_unit *pass)
{
	pass->locked = false;
	pass_take_reset(pass);
	WRITE_ONCE(pass->nr_resets, pass->nr_resets + 1);
}

/* The device tells of a reset.  Have initiators heard of it already? */
static bool pass_reset_was_told(struct pass_unit *pass, const struct scsi_sense_hdr *hdr)
{
	return hdr->asc == ASC_RESET && READ_ONCE(pass->reset_told) &&
	       xchg(&pass->reset_told, false);
}

/**
 * pass_tell - the device has reported a unit attention condition
 * @dev: unit
 * @hdr: sense data
 * @except: command that tells its initiator of it; or NULL: it was one of our own
 *
 * Context: any.
 */
void pass_tell(struct scst_device *dev, const struct scsi_sense_hdr *hdr,
	       struct scst_cmd *except)
{
	struct pass_unit *pass = to_pass_unit(dev);
	enum scst_ua ua = pass_ua(hdr);

	if (pass_is_own_ua(hdr) || pass_reset_was_told(pass, hdr))
		return;
	if (ua == SCST_UA_OTHER)
		ua = scst_device_other_ua(dev, hdr->asc, hdr->ascq, except);
	else
		scst_device_ua(dev, ua, except);
	/* What the device has forgotten.  Who had reserved it hears of that first. */
	if (ua == SCST_UA_RESET) {
		pass_reset_noted(pass);
		scst_passthrough_was_reset(dev);
	}
	/* If it was aborted, or is before it responds, the core tells its nexus too. */
	if (except)
		except->ua = ua + 1;
}

/**
 * pass_tell_others - pass_tell() of what was reported to an initiator
 * @cmd: its command
 * @hdr: sense data
 *
 * Context: any.
 */
void pass_tell_others(struct scst_cmd *cmd, const struct scsi_sense_hdr *hdr)
{
	/* Of what the copy manager sends the initiator hears nothing. */
	bool internal = test_bit(SCST_CMD_INTERNAL, &cmd->flags);

	pass_tell(cmd->dev, hdr, internal ? NULL : cmd);
}

/**
 * pass_was_reset - tell of a reset that the mid-layer has seen to
 * @pass: unit
 *
 * What the device tells of it the error recovery of the mid-layer takes for itself, or
 * a tool of this host.  But there is a note of it, which is for st, to which the
 * position of a tape matters as it does to initiators here.
 *
 * Context: any; the device is held, or under rcu_read_lock() and not gone.
 */
void pass_was_reset(struct pass_unit *pass)
{
	const struct scsi_sense_hdr hdr = {
		.sense_key	= UNIT_ATTENTION,
		.asc		= ASC_RESET,
		.ascq		= 0x03,
	};

	/* A reset at the wish of an initiator is the core's to tell of. */
	if (likely(!pass->sdev->was_reset) || atomic_read(&pass->nr_resetting) ||
	    !pass_take_reset(pass))
		return;
	WRITE_ONCE(pass->reset_told, false);
	pass_tell(pass->unit, &hdr, NULL);
	WRITE_ONCE(pass->reset_told, true);
}

static scst_sense_t pass_check_condition(struct scst_cmd *cmd,
					 const struct scsi_cmnd *scmd)
{
	struct scsi_sense_hdr hdr;

	if (!scsi_command_normalize_sense(scmd, &hdr))
		return SENSE_COMMUNICATION;
	if (hdr.sense_key == UNIT_ATTENTION && pass_is_own_ua(&hdr))
		return SCST_PENDING;
	/* It was not done, which its initiator may not have counted on when it sent it. */
	if (hdr.sense_key == UNIT_ATTENTION && pass_reset_was_told(to_pass_unit(cmd->dev), &hdr))
		return SCST_BUSY;
	if (hdr.sense_key == UNIT_ATTENTION)
		pass_tell_others(cmd, &hdr);
	scst_cmd_set_sense_data(cmd, scmd->sense_buffer,
				min(8 + scmd->sense_buffer[7],
				    SCSI_SENSE_BUFFERSIZE));
	return SCST_SENSE_DATA;
}

static scst_sense_t pass_status(struct scst_cmd *cmd, struct scsi_cmnd *scmd)
{
	switch (get_status_byte(scmd)) {
	case SAM_STAT_GOOD:
		return SCST_GOOD;
	case SAM_STAT_CHECK_CONDITION:
		return pass_check_condition(cmd, scmd);
	case SAM_STAT_CONDITION_MET:
		return SCST_CONDITION_MET;
	case SAM_STAT_RESERVATION_CONFLICT:
		return SCST_RESERVATION_CONFLICT;
	case SAM_STAT_TASK_SET_FULL:
		return SCST_TASK_SET_FULL;
	case SAM_STAT_TASK_ABORTED:
		return SENSE_RESET;
	default:
		return SCST_BUSY;
	}
}

/*
 * The device goes.  Its requests fail from the moment at which the mid-layer begins to
 * remove it, which is before the unit hears of it.
 */
static bool pass_is_gone(const struct pass_unit *pass)
{
	enum scsi_device_state state;

	if (READ_ONCE(pass->gone))
		return true;
	state = READ_ONCE(pass->sdev->sdev_state);
	return state == SDEV_CANCEL || state == SDEV_DEL;
}

/* The host adapter did not get an answer. */
static scst_sense_t pass_host_error(const struct scst_cmd *cmd, u8 host_byte)
{
	if (pass_is_gone(to_pass_unit(cmd->dev)))
		return SCST_SENSE_LUN_NOT_SUPPORTED;
	switch (host_byte) {
	case DID_NO_CONNECT:
	case DID_BAD_TARGET:
		return SENSE_NO_ANSWER;
	case DID_TIME_OUT:
		return SENSE_TIMEOUT;
	case DID_ABORT:
	case DID_RESET:
		return SENSE_RESET;
	case DID_BUS_BUSY:
	case DID_IMM_RETRY:
	case DID_REQUEUE:
		/* It was not sent: as good as a device that takes none now */
		return SCST_BUSY;
	default:
		/* It may have been done. */
		return SENSE_COMMUNICATION;
	}
}

/* FILEMARK, EOM and ILI, in fixed format and in the descriptor of stream commands */
#define STREAM_BITS		0xe0
#define STREAM_FIXED		2	/* byte */
#define STREAM_DESC		0x04	/* type of the descriptor */
#define STREAM_DESC_BITS	3	/* byte of it */

/* Has a tape come to what ends a READ, without an error? */
static bool pass_has_mark(const struct scsi_cmnd *scmd, const struct scsi_sense_hdr *hdr)
{
	const u8 *desc;

	if (hdr->sense_key != NO_SENSE)
		return false;
	if (hdr->response_code < 0x72)
		return scmd->sense_buffer[STREAM_FIXED] & STREAM_BITS;
	desc = scsi_sense_desc_find(scmd->sense_buffer, SCSI_SENSE_BUFFERSIZE, STREAM_DESC);
	return desc && (desc[STREAM_DESC_BITS] & STREAM_BITS);
}

/*
 * vmw_pvscsi says DID_ERROR of a command that has transferred less than it might, also
 * where the device has said why.
 */
static bool pass_said_why(const struct scsi_cmnd *scmd, u32 *resid)
{
	struct scsi_sense_hdr hdr;

	if (!scsi_command_normalize_sense(scmd, &hdr))
		return false;
	if (pass_has_mark(scmd, &hdr)) {
		*resid = min(scmd->resid_len, *resid);
		return true;
	}
	return hdr.sense_key != NO_SENSE && hdr.sense_key != RECOVERED_ERROR;
}

/**
 * pass_set_transferred - what of a command's data was transferred
 * @cmd: command
 * @len: bytes
 *
 * Context: any.
 */
void pass_set_transferred(struct scst_cmd *cmd, u32 len)
{
	/* Not all host adapters tell what was less than the buffer. */
	if (cmd->op->dir & SCST_DATA_READ)
		cmd->resp_data_len = min_t(u64, len, cmd->xfer_len);
	else if (cmd->op->dir & SCST_DATA_WRITE)
		cmd->xfer_len = min_t(u64, len, cmd->xfer_len);
}
EXPORT_SYMBOL_IF_KUNIT(pass_set_transferred);

/**
 * pass_was_done - has the device done what a command wanted?
 * @cmd: command
 * @result: how it ended
 *
 * A deferred error is about an earlier command; this one was not done then (SPC-6,
 * deferred errors).
 *
 * Context: any.
 * Return: true if so, be it after an error that it could correct.
 */
bool pass_was_done(const struct scst_cmd *cmd, scst_sense_t result)
{
	struct scsi_sense_hdr hdr;

	if (result != SCST_SENSE_DATA)
		return result == SCST_GOOD;
	return scsi_normalize_sense(cmd->sense, cmd->sense_len, &hdr) &&
	       !scsi_sense_is_deferred(&hdr) && hdr.sense_key == RECOVERED_ERROR;
}

/**
 * pass_result - how a request ended
 * @cmd: command that it was for
 * @scmd: what the device and the host adapter say
 * @status: what the block layer says
 * @len: bytes of data that it had
 * @resid: set to the bytes that were not transferred
 *
 * Context: any.
 * Return: result for scst_cmd_done(), or %SCST_PENDING: the device has had to tell
 * this host of something else, and the command is to be sent again.
 */
scst_sense_t pass_result(struct scst_cmd *cmd, struct scsi_cmnd *scmd,
			 blk_status_t status, u32 len, u32 *resid)
{
	*resid = len;
	if (host_byte(scmd->result) == DID_ERROR && pass_said_why(scmd, resid))
		return pass_check_condition(cmd, scmd);
	if (host_byte(scmd->result) != DID_OK)
		return pass_host_error(cmd, host_byte(scmd->result));
	/* It did not get as far as to the host adapter. */
	if (unlikely(status != BLK_STS_OK && !scmd->result))
		return pass_host_error(cmd, DID_NO_CONNECT);
	*resid = min(scmd->resid_len, len);
	return pass_status(cmd, scmd);
}
EXPORT_SYMBOL_IF_KUNIT(pass_result);
