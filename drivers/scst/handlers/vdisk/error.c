// SPDX-License-Identifier: GPL-2.0
/* From an error of the backing store to sense data. */

#include <kunit/visibility.h>
#include <linux/atomic.h>
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

	if (vdisk_is_full(err))
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
	if (vdisk_is_full(err))
		return vdisk_no_space(cmd);
	vdisk_count_error(cmd, true);
	scst_device_event(cmd->dev, SCST_DEV_EVENT_IO_ERROR);
	return SCST_SENSE_WRITE_ERROR;
}

/**
 * vdisk_data_lost - what was cached could not be written to the medium
 * @vd: virtual disk
 * @err: negative errno
 *
 * The store may say so only once, but whose data it was is not known: each I_T
 * nexus of the unit hears of it from its next SYNCHRONIZE CACHE.
 *
 * Context: any.
 */
void vdisk_data_lost(struct vdisk *vd, int err)
{
	WRITE_ONCE(vd->loss_error, err);
	/* Pairs with the one in vdisk_check_losses(). */
	atomic_inc_return_release(&vd->losses);
	if (!scst_device_medium_event(vd->dev, SCST_MEDIUM_DATA_LOST))
		WRITE_ONCE(vd->loss_untold, true);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_data_lost);

/**
 * vdisk_check_losses - was cached data lost meanwhile?
 * @vd: virtual disk
 * @since: its number of losses before
 *
 * Context: any.
 * Return: 0, or the negative errno of the last loss.
 */
int vdisk_check_losses(const struct vdisk *vd, int since)
{
	/* Pairs with the one in vdisk_data_lost(). */
	if (likely(atomic_read_acquire(&vd->losses) == since))
		return 0;
	return READ_ONCE(vd->loss_error);
}

/* Has the I_T nexus to be told of a loss?  Then it is, by this command. */
static bool vdisk_take_loss(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);

	/* Most units never have one, and need no lock to know that. */
	if (likely(!atomic_read(&vd->losses)))
		return false;
	/* What an aborted command says is not heard. */
	if (scst_cmd_aborted(cmd))
		return false;
	if (scst_cmd_take_medium_event(cmd) == SCST_MEDIUM_DATA_LOST)
		return true;
	/* The initiator may have gone, and be back. */
	return READ_ONCE(vd->loss_untold) && xchg(&vd->loss_untold, false);
}

/**
 * vdisk_sync_end - how does SYNCHRONIZE CACHE end?
 * @cmd: command that has done its work
 * @err: how that has ended, 0 or a negative errno
 *
 * Context: any.
 * Return: sense code to end @cmd with: an error too if another flush has found
 * data to be lost that the I_T nexus may have written.
 */
scst_sense_t vdisk_sync_end(struct scst_cmd *cmd, int err)
{
	const struct vdisk *vd = to_vdisk(cmd->dev);
	bool lost = vdisk_take_loss(cmd);

	if (!err)
		err = lost ? READ_ONCE(vd->loss_error) :
			     vdisk_check_losses(vd, to_vdisk_work(cmd)->losses);
	return err ? vdisk_flush_error(cmd, err) : SCST_GOOD;
}
