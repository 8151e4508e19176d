// SPDX-License-Identifier: GPL-2.0
/*
 * PRE-FETCH (SBC-5): reads to the page cache, where the store uses it.
 *
 * CONDITION MET would promise that the blocks are in the cache, but nobody knows
 * how long the page cache keeps them: the status is GOOD, which says that perhaps
 * not all are there.
 */

#include <linux/slab.h>
#include "vdisk.h"

#define PRE_FETCH_IMMED		0x02	/* CDB byte 1 */

/* A length of zero is up to the end. */
static u32 pre_fetch_len(const struct scst_cmd *cmd)
{
	u64 nblocks = cmd->nblocks ?: cmd->dev->nblocks - cmd->lba;

	return min_t(u64, nblocks << cmd->dev->block_shift,
		     VDISK_MAX_PRE_FETCH);
}

static scst_sense_t vdisk_work_pre_fetch(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	u32 size, done, n, len = pre_fetch_len(cmd);
	int ret;

	void *buf __free(kfree) = vdisk_alloc_chunk(cmd->dev, len, &size);
	if (!buf)
		return SCST_BUSY;
	for (done = 0; done < len && !scst_cmd_aborted(cmd); done += n) {
		n = min(size, len - done);
		ret = vd->type->ops->read_buf(vd, buf, n,
					      vdisk_pos(cmd) + done);
		if (ret)
			return vdisk_errno_error(cmd, ret, false, cmd->lba +
						 (done >> cmd->dev->block_shift));
		cond_resched();
	}
	return SCST_GOOD;
}

/*
 * What can only be told later is not told: the command that reads the blocks
 * will meet the error.
 */
static scst_sense_t vdisk_work_read_ahead(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);

	vd->type->ops->read_ahead(vd, vdisk_pos(cmd), pre_fetch_len(cmd));
	return SCST_GOOD;
}

/**
 * vdisk_exec_pre_fetch - PRE-FETCH(10) and (16)
 * @cmd: command
 *
 * With IMMED=1 it ends when reading has begun.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_pre_fetch(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_check_access(cmd);

	if (sense != SCST_GOOD || !to_vdisk(cmd->dev)->limits.cached ||
	    !pre_fetch_len(cmd))
		return sense;
	return vdisk_queue_work(cmd, cmd->cdb[1] & PRE_FETCH_IMMED ?
				     vdisk_work_read_ahead :
				     vdisk_work_pre_fetch);
}
