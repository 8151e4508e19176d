// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on the whole medium: what FORMAT UNIT and SANITIZE begin, and what
 * goes on when the command has ended.
 *
 * The work item of a unit does a piece and then queues itself again, so that the
 * operation can be stopped between any two.  Meanwhile the unit's condition keeps
 * commands from the medium; nobody waits for the operation in a gate, and detach()
 * stops it.
 *
 * A format that was stopped leaves a medium that has to be formatted again.  A
 * sanitize operation is not to be escaped: it outlives an abort of its command and
 * resets, and goes on when the unit comes back (SBC-5 4.11).
 */

#include <kunit/visibility.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>
#include "vdisk.h"

/* What is done between two looks at whether it is to stop */
#define BACKGROUND_PIECE	((u64)SZ_16M)
#define BACKGROUND_WRITE_PIECE	((u64)SZ_1M)

/* How often in a row something is tried again, once a second */
#define BACKGROUND_MAX_RETRIES	30

/* What is reported for a unit in some condition (SPC-6 table 59) */
static const scst_sense_t condition_sense[] = {
	[VDISK_FORMATTED]	= SCST_GOOD,
	[VDISK_FORMATTING]	= SCST_SENSE_FORMAT_IN_PROGRESS,
	[VDISK_SANITIZING]	= SCST_SENSE_SANITIZE_IN_PROGRESS,
	[VDISK_FORMAT_CORRUPT]	= SCST_SENSE_FORMAT_CORRUPT,
	[VDISK_SANITIZE_FAILED]	= SCST_SENSE_SANITIZE_FAILED,
};

/**
 * vdisk_check_condition - is the medium fit for use?
 * @dev: logical unit
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code that says why not.
 */
scst_sense_t vdisk_check_condition(const struct scst_device *dev)
{
	return condition_sense[READ_ONCE(to_vdisk(dev)->condition)];
}

/* Does a command only tell what the unit is, what it does and what it can do? */
static bool condition_is_no_matter(const struct scst_opcode *op)
{
	switch (op->opcode) {
	case INQUIRY:
	case REPORT_LUNS:
	case REQUEST_SENSE:
		return true;
	case MAINTENANCE_IN:
		return op->sa == MI_REPORT_SUPPORTED_OPERATION_CODES ||
		       op->sa == MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS;
	default:
		return false;
	}
}

/**
 * vdisk_condition_parse - may a command be executed in a unit's condition?
 * @cmd: command of a unit that is not %VDISK_FORMATTED
 *
 * While the medium is formatted or sanitized it is only those that tell of the
 * unit (SBC-5, FORMAT UNIT).  After a sanitize operation failed it is also SANITIZE
 * (SBC-5 4.11).
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
scst_sense_t vdisk_condition_parse(struct scst_cmd *cmd)
{
	if (condition_is_no_matter(cmd->op))
		return SCST_GOOD;
	switch (READ_ONCE(to_vdisk(cmd->dev)->condition)) {
	case VDISK_FORMATTED:
	case VDISK_FORMAT_CORRUPT:
		/* Commands for the medium are refused when they execute. */
		return SCST_GOOD;
	case VDISK_SANITIZE_FAILED:
		if (cmd->op->opcode == SCST_SANITIZE)
			return SCST_GOOD;
		break;
	}
	return vdisk_check_condition(cmd->dev);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_condition_parse);

/**
 * vdisk_progress - how far is the operation on the medium?
 * @dev: logical unit
 *
 * Context: any.
 * Return: progress in 65536ths, or -1 when there is no operation.
 */
int vdisk_progress(struct scst_device *dev)
{
	const struct vdisk *vd = to_vdisk(dev);
	const struct vdisk_background *bg = &vd->background;
	u64 size = READ_ONCE(dev->nblocks) << dev->block_shift;
	u64 part;

	/* Pairs with the one in vdisk_background_begin(). */
	switch (smp_load_acquire(&vd->condition)) {
	case VDISK_FORMATTING:
	case VDISK_SANITIZING:
		break;
	default:
		return vdisk_self_test_progress(to_vdisk(dev));
	}
	part = div64_u64(READ_ONCE(bg->pos), (size >> 16) + 1);
	part = READ_ONCE(bg->pass) * 0x10000ULL + min(part, 0xffffULL);
	return min(div_u64(part, bg->passes), 0xffffULL);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_progress);

/* ------------------------------------------------------------------------
 * Doing it
 */

static int background_write(struct vdisk *vd, u64 pos, u64 len)
{
	const struct vdisk_background *bg = &vd->background;
	u64 done;
	u32 n;
	int ret;

	for (done = 0; done < len; done += n) {
		n = min(len - done, bg->buf_len);
		ret = vd->type->ops->write_buf(vd, bg->buf, n, pos + done);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

static int background_try(struct vdisk *vd, u64 pos, u64 len)
{
	const struct vdisk_ops *ops = vd->type->ops;

	switch (vd->background.how) {
	case VDISK_FILL_ERASE:
		if (ops->erase)
			return ops->erase(vd, pos, len);
		return ops->zero(vd, pos, len, true);
	case VDISK_FILL_ZEROS:
		return ops->zero(vd, pos, len, vdisk_is_thin(vd));
	default:
		return -EOPNOTSUPP;
	}
}

/* Returns 0, a negative errno, or 1 when there is nothing left of the pass. */
static int background_piece(struct vdisk *vd)
{
	struct vdisk_background *bg = &vd->background;
	struct scst_device *dev = vd->dev;
	/* The capacity may change meanwhile. */
	u64 size = READ_ONCE(dev->nblocks) << dev->block_shift;
	u64 len;
	int ret;

	if (bg->pos >= size)
		return 1;
	len = min(size - bg->pos, BACKGROUND_PIECE);
	ret = background_try(vd, bg->pos, len);
	if (ret == -EOPNOTSUPP) {
		len = min(len, BACKGROUND_WRITE_PIECE);
		ret = background_write(vd, bg->pos, len);
	}
	if (!ret)
		WRITE_ONCE(bg->pos, bg->pos + len);
	return ret;
}

/**
 * vdisk_may_retry - is it worth while to try again what has failed?
 * @retries: how often that was done in a row; is counted up
 * @err: negative errno
 *
 * A BUSY status has a command tried again; in the background is nobody who could do
 * that.
 *
 * Context: any.
 * Return: true if it is, in a second.
 */
bool vdisk_may_retry(u8 *retries, int err)
{
	return vdisk_is_transient(err) &&
	       (*retries)++ < BACKGROUND_MAX_RETRIES;
}

static void background_invert(struct vdisk_background *bg)
{
	u32 i;

	for (i = 0; i < bg->buf_len; i++)
		bg->buf[i] = ~bg->buf[i];
}

/* Each pass has to reach the medium, not only the last one. */
static int background_end_pass(struct vdisk *vd)
{
	struct vdisk_background *bg = &vd->background;
	int ret;

	ret = vd->type->ops->flush(vd, 0, 0);
	if (ret)
		return ret;
	if (bg->pass + 1 == bg->passes)
		return 1;
	if (bg->invert)
		background_invert(bg);
	WRITE_ONCE(bg->pos, 0);
	WRITE_ONCE(bg->pass, bg->pass + 1);
	return 0;
}

/* The next operation may begin as soon as the condition has changed. */
static void background_end(struct vdisk *vd, enum vdisk_condition condition,
			   scst_sense_t sense)
{
	struct vdisk_background *bg = &vd->background;
	struct scst_cmd *cmd = bg->cmd;

	bg->cmd = NULL;
	kfree(bg->buf);
	bg->buf = NULL;
	/* Whoever finds it so finds the rest as it is left here. */
	smp_store_release(&vd->condition, condition);
	if (cmd)
		scst_cmd_done(cmd, sense);
}

static void background_fail(struct vdisk *vd)
{
	scst_device_event(vd->dev, SCST_DEV_EVENT_IO_ERROR);
	if (vd->condition == VDISK_FORMATTING)
		background_end(vd, VDISK_FORMAT_CORRUPT,
			       SCST_SENSE_FORMAT_FAILED);
	else
		background_end(vd, VDISK_SANITIZE_FAILED,
			       SCST_SENSE_SANITIZE_FAILED);
}

/* Let go of the command that began it.  Returns true when that was the end. */
static bool background_drop_cmd(struct vdisk *vd, scst_sense_t sense)
{
	struct vdisk_background *bg = &vd->background;
	struct scst_cmd *cmd = bg->cmd;

	if (vd->condition == VDISK_FORMATTING) {
		background_end(vd, VDISK_FORMAT_CORRUPT, sense);
		return true;
	}
	bg->cmd = NULL;
	if (cmd)
		scst_cmd_done(cmd, sense);
	return false;
}

/**
 * vdisk_background_work - do a piece of the operation on the medium
 * @vd: virtual disk that is formatted or sanitized
 *
 * Context: worker.
 * Return: true when there is more to do, or to be tried again.
 */
bool vdisk_background_work(struct vdisk *vd)
{
	struct vdisk_background *bg = &vd->background;
	int ret;

	if (bg->cmd) {
		/* Others are to be refused, not to wait. */
		scst_cmd_leave_unit(bg->cmd);
		/* It takes too long for who removes the LUN, too. */
		if (test_bit(SCST_CMD_ABORTED, &bg->cmd->flags) &&
		    background_drop_cmd(vd, SCST_BUSY))
			return false;
	}
	ret = background_piece(vd);
	if (ret < 0 && vdisk_may_retry(&bg->retries, ret))
		return true;
	bg->retries = 0;
	if (ret > 0)
		ret = background_end_pass(vd);
	if (!ret)
		return true;
	if (ret < 0)
		background_fail(vd);
	else
		background_end(vd, VDISK_FORMATTED, SCST_GOOD);
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_background_work);

/* ------------------------------------------------------------------------
 * Beginning and ending
 */

static scst_sense_t background_alloc(struct scst_cmd *cmd, const void *pattern,
				     u32 len)
{
	struct vdisk_background *bg = &to_vdisk(cmd->dev)->background;
	u32 block_size = cmd->dev->block_size;

	/* As much as a chunk may have */
	bg->buf = vdisk_alloc_chunk(cmd->dev, U64_MAX >> 1, &bg->buf_len);
	if (!bg->buf)
		return SCST_BUSY;
	if (!pattern) {
		memset(bg->buf, 0, bg->buf_len);
		return SCST_GOOD;
	}
	/* SBC-5: repeated to fill each block */
	vdisk_fill_block(bg->buf, block_size, pattern, len);
	vdisk_repeat_block(bg->buf, block_size, bg->buf_len);
	return SCST_GOOD;
}

/**
 * vdisk_background_begin - begin an operation on the medium
 * @cmd: command that wants it; it has the unit alone
 * @req: what to do
 *
 * The last thing a command does: it may have ended when this returns.
 *
 * Context: see struct scst_dev_type.
 * Return: %SCST_GOOD when @cmd does not wait for the end, %SCST_PENDING when it
 * does, or a sense code.
 */
scst_sense_t vdisk_background_begin(struct scst_cmd *cmd,
				    const struct vdisk_background_req *req)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	struct vdisk_background *bg = &vd->background;
	scst_sense_t sense;

	vdisk_self_test_stop(vd, VDISK_SELF_TEST_STOPPED);
	/* Nothing is stored. */
	if (!vd->worker) {
		WRITE_ONCE(vd->condition, VDISK_FORMATTED);
		return SCST_GOOD;
	}
	sense = background_alloc(cmd, req->pattern, req->pattern_len);
	if (sense != SCST_GOOD)
		return sense;
	bg->how = req->how;
	bg->passes = req->passes;
	bg->invert = req->invert;
	bg->ause = req->ause;
	bg->pass = 0;
	bg->pos = 0;
	bg->retries = 0;
	bg->cmd = req->immed ? NULL : cmd;
	/* Pairs with the one in vdisk_progress(). */
	smp_store_release(&vd->condition, req->condition);
	vdisk_queue_background(vd);
	return req->immed ? SCST_GOOD : SCST_PENDING;
}

/**
 * vdisk_background_stop - stop the operation on the medium
 * @vd: virtual disk none of whose commands executes, whose store is open
 *
 * Context: process context; waits for a piece of it.
 */
void vdisk_background_stop(struct vdisk *vd)
{
	cancel_delayed_work_sync(&vd->background.work);
	if (vd->condition == VDISK_FORMATTING ||
	    vd->condition == VDISK_SANITIZING)
		background_drop_cmd(vd, SCST_SENSE_NOT_READY_MANUAL);
}

/**
 * vdisk_quiesce - what was written is on stable storage, and nothing writes
 * @dev: logical unit none of whose commands executes, with an open store
 *
 * Context: process context.
 * Return: 0; -EBUSY while FORMAT UNIT or SANITIZE goes on; another negative errno
 * when the store has failed.
 */
int vdisk_quiesce(struct scst_device *dev)
{
	struct vdisk *vd = to_vdisk(dev);
	const struct vdisk_ops *ops = vd->type->ops;

	if (vd->condition == VDISK_FORMATTING ||
	    vd->condition == VDISK_SANITIZING)
		return -EBUSY;
	return ops->flush ? ops->flush(vd, 0, 0) : 0;
}

/**
 * vdisk_background_resume - go on with what vdisk_background_stop() stopped
 * @vd: virtual disk whose store is open
 *
 * Context: process context.
 */
void vdisk_background_resume(struct vdisk *vd)
{
	if (vd->condition == VDISK_SANITIZING)
		vdisk_queue_background(vd);
}

/**
 * vdisk_background_free - forget what vdisk_background_stop() stopped
 * @vd: virtual disk that goes
 *
 * Context: process context.
 */
void vdisk_background_free(struct vdisk *vd)
{
	kfree(vd->background.buf);
	vd->background.buf = NULL;
}
