// SPDX-License-Identifier: GPL-2.0
/* From an error of the backing store to sense data. */

#include <linux/blkdev.h>
#include "vdisk.h"

static enum vdisk_counter vdisk_error_counter(const struct scst_cmd *cmd,
					      bool write)
{
	if (write)
		return VDISK_WRITE_ERRORS;
	if (cmd->op->exec == vdisk_exec_verify ||
	    cmd->op->exec == vdisk_exec_write_and_verify)
		return VDISK_VERIFY_ERRORS;
	return VDISK_READ_ERRORS;
}

static void vdisk_count_error(const struct scst_cmd *cmd, bool write)
{
	struct vdisk_log *log = &to_vdisk(cmd->dev)->log;

	atomic64_inc(&log->counters[vdisk_error_counter(cmd, write)]);
}

/* Tell the initiator where, and user space that. */
static scst_sense_t vdisk_medium_error(struct scst_cmd *cmd, bool write,
				       u64 lba)
{
	vdisk_count_error(cmd, write);
	scst_cmd_set_sense_info(cmd, lba);
	scst_device_event(cmd->dev, SCST_DEV_EVENT_IO_ERROR);
	return write ? SCST_SENSE_WRITE_ERROR : SCST_SENSE_READ_ERROR;
}

static scst_sense_t vdisk_no_space(struct scst_cmd *cmd)
{
	scst_device_event(cmd->dev, SCST_DEV_EVENT_NO_SPACE);
	return SCST_SENSE_NO_SPACE;
}

/* SBC-5 lets a unit refuse these two for what its medium cannot do. */
static bool vdisk_is_optional(const struct scst_cmd *cmd)
{
	return cmd->op->exec == vdisk_exec_unmap ||
	       cmd->op->exec == vdisk_exec_write_same;
}

/**
 * vdisk_blk_error - a block device failed
 * @cmd: command it was for
 * @status: how it failed; not %BLK_STS_OK
 * @write: was it to write?
 * @lba: where: no block before this one is in error (SBC-5 4.18)
 *
 * What goes away by itself is BUSY: the initiator tries again.  So this is not
 * for a flush, see vdisk_flush_error().
 *
 * Context: any.
 * Return: sense code to end @cmd with.
 */
scst_sense_t vdisk_blk_error(struct scst_cmd *cmd, blk_status_t status,
			     bool write, u64 lba)
{
	switch (status) {
	case BLK_STS_RESOURCE:
	case BLK_STS_DEV_RESOURCE:
	case BLK_STS_AGAIN:
		return SCST_BUSY;
	case BLK_STS_RESV_CONFLICT:
		return SCST_RESERVATION_CONFLICT;
	case BLK_STS_NOSPC:
		return vdisk_no_space(cmd);
	case BLK_STS_MEDIUM:
	case BLK_STS_PROTECTION:
	case BLK_STS_IOERR:
		return vdisk_medium_error(cmd, write, lba);
	case BLK_STS_OFFLINE:
		scst_device_event(cmd->dev, SCST_DEV_EVENT_IO_ERROR);
		return SCST_SENSE_NOT_READY_MANUAL;
	case BLK_STS_NOTSUPP:
		if (vdisk_is_optional(cmd))
			return SCST_SENSE_INVALID_FIELD_IN_CDB;
		fallthrough;
	default:
		scst_device_event(cmd->dev, SCST_DEV_EVENT_IO_ERROR);
		return SCST_SENSE_INTERNAL_FAILURE;
	}
}

/**
 * vdisk_errno_error - a file, or a function that waits, failed
 * @cmd: command it was for
 * @err: negative errno
 * @write: was it to write?
 * @lba: where: no block before this one is in error
 *
 * Context: any.
 * Return: sense code to end @cmd with.
 */
scst_sense_t vdisk_errno_error(struct scst_cmd *cmd, int err, bool write,
			       u64 lba)
{
	blk_status_t status = errno_to_blk_status(err);

	/* Full in the sense of quotas and of the largest file. */
	if (err == -EDQUOT || err == -EFBIG)
		status = BLK_STS_NOSPC;
	return vdisk_blk_error(cmd, status, write, lba);
}

/**
 * vdisk_flush_error - what is cached could not be written to the medium
 * @cmd: command that wanted it there
 * @err: negative errno
 *
 * Data that was acknowledged may be lost, so that whatever the reason is, the
 * initiator must not be told to try again: the next flush may find nothing left
 * to write.  Which blocks were lost is not known.
 *
 * Context: any.
 * Return: sense code to end @cmd with.
 */
scst_sense_t vdisk_flush_error(struct scst_cmd *cmd, int err)
{
	if (err == -ENOSPC || err == -EDQUOT || err == -EFBIG)
		return vdisk_no_space(cmd);
	vdisk_count_error(cmd, true);
	scst_device_event(cmd->dev, SCST_DEV_EVENT_IO_ERROR);
	return SCST_SENSE_WRITE_ERROR;
}
