// SPDX-License-Identifier: GPL-2.0
/*
 * COMPARE AND WRITE, ORWRITE and WRITE ATOMIC (SBC-5).
 *
 * The core has given them their blocks for themselves (struct
 * scst_opcode.atomic), so that what they read is still there when they write.
 * What is left to do for WRITE ATOMIC is that a power failure, or an error,
 * must not let it be done by half.
 */

#include <kunit/visibility.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/* With FUA=1 what is read is what is on the medium. */
static scst_sense_t vdisk_atomic_begin(struct scst_cmd *cmd)
{
	return vdisk_wants_fua(cmd) ? vdisk_to_medium(cmd) : SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * COMPARE AND WRITE
 */

/*
 * A part may have been written.  Who is told to try again must find what was there, which
 * is what it has sent to be compared; or it is not told so.
 */
static scst_sense_t vdisk_undo_write(struct scst_cmd *cmd, scst_sense_t sense)
{
	if (vdisk_write_part(cmd, 0, vdisk_len(cmd), false) == SCST_GOOD ||
	    sense != SCST_BUSY)
		return sense;
	scst_cmd_set_sense_info(cmd, cmd->lba);
	return SCST_SENSE_WRITE_ERROR;
}

/**
 * vdisk_compare_and_write - execute COMPARE AND WRITE
 * @cmd: command that has blocks
 *
 * Context: worker.
 * Return: how it ended.
 */
VISIBLE_IF_KUNIT
scst_sense_t vdisk_compare_and_write(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_atomic_begin(cmd);

	if (sense == SCST_GOOD)
		sense = vdisk_compare(cmd);
	/* One that was aborted has perhaps not compared all of it. */
	if (sense != SCST_GOOD || scst_cmd_aborted(cmd))
		return sense;
	sense = vdisk_write_part(cmd, vdisk_len(cmd), vdisk_len(cmd), false);
	if (sense != SCST_GOOD)
		return vdisk_undo_write(cmd, sense);
	return vdisk_write_fua(cmd) ? vdisk_flush_cmd(cmd) : SCST_GOOD;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_compare_and_write);

/**
 * vdisk_exec_compare_and_write - COMPARE AND WRITE
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_compare_and_write(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_check_access(cmd);

	if (sense != SCST_GOOD || !cmd->nblocks)
		return sense;
	/* MAXIMUM COMPARE AND WRITE LENGTH */
	if (cmd->nblocks > VDISK_MAX_CAW)
		return scst_cmd_cdb_error(cmd, 13, 8);
	/* The core lets it have no less. */
	if (cmd->bufflen > cmd->xfer_len)
		return SCST_SENSE_INVALID_FIELD_IN_IU;
	if (!to_vdisk(cmd->dev)->worker)
		return SCST_GOOD;
	return vdisk_queue_work(cmd, vdisk_compare_and_write);
}

/* ------------------------------------------------------------------------
 * ORWRITE
 */

/* Whole blocks, in memory of kmalloc() */
static void vdisk_or(unsigned long *to, const unsigned long *from, u32 len)
{
	for (; len; len -= sizeof(*to))
		*to++ |= *from++;
}

static scst_sense_t vdisk_or_chunk(struct scst_cmd *cmd, void *medium,
				   void *data, u32 done, u32 len)
{
	u64 lba = cmd->lba + (done >> cmd->dev->block_shift);
	struct vdisk *vd = to_vdisk(cmd->dev);
	u64 pos = vdisk_pos(cmd) + done;
	int ret;

	ret = vd->type->ops->read_buf(vd, medium, len, pos);
	if (ret)
		return vdisk_errno_error(cmd, ret, false, lba);
	sg_pcopy_to_buffer(cmd->sg, cmd->sg_cnt, data, len, done);
	vdisk_or(medium, data, len);
	ret = vd->type->ops->write_buf(vd, medium, len, pos);
	return ret ? vdisk_errno_error(cmd, ret, true, lba) : SCST_GOOD;
}

static scst_sense_t vdisk_or_blocks(struct scst_cmd *cmd)
{
	u32 len = vdisk_len(cmd), size, size2, done, n;
	scst_sense_t sense = SCST_GOOD;

	void *medium __free(kfree) = vdisk_alloc_chunk(cmd->dev, len, &size);
	if (!medium)
		return SCST_BUSY;
	void *data __free(kfree) = vdisk_alloc_chunk(cmd->dev, size, &size2);
	if (!data)
		return SCST_BUSY;
	size = min(size, size2);
	for (done = 0; sense == SCST_GOOD && done < len; done += n) {
		n = min(size, len - done);
		sense = vdisk_or_chunk(cmd, medium, data, done, n);
		cond_resched();
	}
	return sense;
}

static scst_sense_t vdisk_work_orwrite(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_atomic_begin(cmd);

	if (sense == SCST_GOOD && !scst_cmd_aborted(cmd))
		sense = vdisk_or_blocks(cmd);
	if (sense == SCST_GOOD && vdisk_write_fua(cmd))
		sense = vdisk_flush_cmd(cmd);
	return sense;
}

/**
 * vdisk_exec_orwrite - ORWRITE(16)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_orwrite(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_check_access(cmd);

	if (sense != SCST_GOOD || !cmd->nblocks || !to_vdisk(cmd->dev)->worker)
		return sense;
	return vdisk_queue_work(cmd, vdisk_work_orwrite);
}

/* ------------------------------------------------------------------------
 * WRITE ATOMIC
 */

static scst_sense_t vdisk_work_write_atomic(struct scst_cmd *cmd)
{
	const struct vdisk_ops *ops = to_vdisk(cmd->dev)->type->ops;

	if (scst_cmd_aborted(cmd))
		return SCST_GOOD;
	return ops->write_atomic(cmd, vdisk_len(cmd), vdisk_write_fua(cmd));
}

/* Granularity and alignment are powers of two. */
static scst_sense_t vdisk_write_atomic_check(struct scst_cmd *cmd)
{
	const struct vdisk *vd = to_vdisk(cmd->dev);
	u32 granularity = vd->limits.atomic_granularity;
	u32 alignment = vdisk_atomic_alignment(vd);

	/* MAXIMUM ATOMIC BOUNDARY SIZE is 0: all of it or nothing. */
	if (get_unaligned_be16(cmd->cdb + 10))
		return scst_cmd_cdb_error(cmd, 10, 8);
	if (vdisk_len(cmd) > vdisk_atomic_max(vd))
		return scst_cmd_cdb_error(cmd, 12, 8);
	if (granularity && vdisk_len(cmd) & (granularity - 1))
		return scst_cmd_cdb_error(cmd, 12, 8);
	if (alignment && vdisk_pos(cmd) & (alignment - 1))
		return scst_cmd_cdb_error(cmd, 2, 8);
	return SCST_GOOD;
}

/**
 * vdisk_check_atomic - can a store do what max_atomic_len promises?
 * @vd: virtual disk whose block length is known
 * @limits: of the store
 *
 * The parameter lowers what was found out of the store, or turns it off, and no
 * more: a longer write would not be atomic when the power fails.
 *
 * Context: any.
 * Return: 0, or -EINVAL, which is logged.
 */
int vdisk_check_atomic(const struct vdisk *vd,
		       const struct vdisk_limits *limits)
{
	u32 least = max(limits->atomic_granularity, vd->dev->block_size);
	u32 len = vd->p.max_atomic_len;

	if (vd->p.max_atomic_len == VDISK_AUTO || !len ||
	    (len >= least && len <= limits->atomic_max))
		return 0;
	if (limits->atomic_max < least)
		dev_err(&vd->dev->dev,
			"max_atomic_len: the store has no atomic writes\n");
	else
		dev_err(&vd->dev->dev,
			"max_atomic_len: atomic writes of the store have %u to %u bytes\n",
			least, limits->atomic_max);
	return -EINVAL;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_check_atomic);

/**
 * vdisk_supports_write_atomic - does a unit have WRITE ATOMIC?
 * @dev: logical unit
 *
 * Context: any.
 * Return: true when its store writes a block or more as a whole or not at all,
 * and the user has not turned it off.
 */
bool vdisk_supports_write_atomic(const struct scst_device *dev)
{
	return vdisk_atomic_max(to_vdisk(dev));
}

/**
 * vdisk_exec_write_atomic - WRITE ATOMIC(16)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_write_atomic(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	scst_sense_t sense;

	sense = vdisk_check_access(cmd);
	if (sense == SCST_GOOD)
		sense = vdisk_write_atomic_check(cmd);
	if (sense != SCST_GOOD || !cmd->nblocks || !vd->worker)
		return sense;
	return vdisk_queue_work(cmd, vdisk_work_write_atomic);
}
