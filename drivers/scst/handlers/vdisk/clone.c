// SPDX-License-Identifier: GPL-2.0
/* EXTENDED COPY between stores that can share space. */

#include "vdisk.h"

/**
 * struct vdisk_clone_cmd - scst_cmd.priv of a command that clones
 * @work: for the worker
 * @clone: what it clones
 */
struct vdisk_clone_cmd {
	struct vdisk_work work;
	const struct scst_clone *clone;
};

static struct vdisk_clone_cmd *to_clone_cmd(struct scst_cmd *cmd)
{
	BUILD_BUG_ON(sizeof(struct vdisk_clone_cmd) > SCST_CMD_PRIV_SIZE);
	return (struct vdisk_clone_cmd *)cmd->priv;
}

/* The copy manager has checked, but the capacity could still change then. */
static bool vdisk_can_clone(struct scst_device *dev, u64 pos, u64 len)
{
	u64 size = dev->nblocks << dev->block_shift;

	return vdisk_check_medium(dev) == SCST_GOOD && len <= size &&
	       pos <= size - len;
}

static scst_sense_t vdisk_work_clone(struct scst_cmd *cmd)
{
	const struct scst_clone *c = to_clone_cmd(cmd)->clone;
	struct vdisk *src = to_vdisk(c->src), *dst = to_vdisk(c->dst);
	int ret;

	ret = dst->type->ops->clone(dst, c->dst_pos, src, c->src_pos, c->len,
				    vdisk_write_through(dst));
	return ret ? SCST_SENSE_WRITE_ERROR : SCST_GOOD;
}

/**
 * vdisk_clone - clone() of struct scst_dev_type
 * @cmd: command of one of the units
 * @clone: what to clone
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_clone(struct scst_cmd *cmd, const struct scst_clone *clone)
{
	if (!vdisk_can_clone(clone->src, clone->src_pos, clone->len) ||
	    !vdisk_can_clone(clone->dst, clone->dst_pos, clone->len))
		return SCST_SENSE_WRITE_ERROR;
	to_clone_cmd(cmd)->clone = clone;
	return vdisk_queue_work(cmd, vdisk_work_clone);
}
