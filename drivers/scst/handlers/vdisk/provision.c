// SPDX-License-Identifier: GPL-2.0
/* UNMAP and WRITE SAME (SBC-5). */

#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/* ------------------------------------------------------------------------
 * UNMAP
 */

#define UNMAP_HEADER_LEN	8
#define UNMAP_DESC_LEN		16
/* What is done between two looks at whether the command was aborted */
#define UNMAP_PIECE		(256ULL << 20)

/**
 * struct vdisk_unmap - scst_cmd.priv of UNMAP
 * @work: for the worker
 * @list: parameter list
 * @nr: block descriptors in it
 */
struct vdisk_unmap {
	struct vdisk_work work;
	u8 *list;
	unsigned int nr;
};

static struct vdisk_unmap *to_vdisk_unmap(struct scst_cmd *cmd)
{
	BUILD_BUG_ON(sizeof(struct vdisk_unmap) > SCST_CMD_PRIV_SIZE);
	return (struct vdisk_unmap *)cmd->priv;
}

static const u8 *vdisk_unmap_desc(const struct vdisk_unmap *u, unsigned int i)
{
	return u->list + UNMAP_HEADER_LEN + i * UNMAP_DESC_LEN;
}

/* Makes @cmd one for the blocks of a descriptor. */
static void vdisk_unmap_decode(struct scst_cmd *cmd, const u8 *desc)
{
	cmd->lba = get_unaligned_be64(desc);
	cmd->nblocks = get_unaligned_be32(desc + 8);
}

/* All are looked at before the first one is unmapped. */
static scst_sense_t vdisk_unmap_check(struct scst_cmd *cmd)
{
	const struct vdisk_unmap *u = to_vdisk_unmap(cmd);
	scst_sense_t sense;
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < u->nr; i++) {
		vdisk_unmap_decode(cmd, vdisk_unmap_desc(u, i));
		sense = vdisk_check_access(cmd);
		if (sense != SCST_GOOD)
			return sense;
		/* MAXIMUM UNMAP LBA COUNT */
		sum += cmd->nblocks;
		if (sum > VDISK_MAX_UNMAP)
			return scst_cmd_param_error(cmd, UNMAP_HEADER_LEN +
						    i * UNMAP_DESC_LEN + 8, 8);
	}
	return SCST_GOOD;
}

/* A request, not a command: where the store will not, blocks stay mapped. */
static int vdisk_unmap_range(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	u64 pos = vdisk_pos(cmd);
	u64 end = pos + vdisk_len(cmd);
	u64 next;
	int ret;

	for (; pos < end && !scst_cmd_aborted(cmd); pos = next) {
		next = min(round_up(pos + 1, UNMAP_PIECE), end);
		ret = vd->type->ops->unmap(vd, pos, next - pos);
		if (ret && ret != -EOPNOTSUPP)
			return ret;
		cond_resched();
	}
	return 0;
}

static scst_sense_t vdisk_unmap_all(struct scst_cmd *cmd)
{
	const struct vdisk_unmap *u = to_vdisk_unmap(cmd);
	unsigned int i;
	int ret;

	for (i = 0; i < u->nr; i++) {
		vdisk_unmap_decode(cmd, vdisk_unmap_desc(u, i));
		ret = vdisk_unmap_range(cmd);
		if (ret)
			return vdisk_errno_error(cmd, ret, true, cmd->lba);
	}
	return vdisk_write_through(to_vdisk(cmd->dev)) ?
	       vdisk_flush(cmd, 0, 0) : SCST_GOOD;
}

static scst_sense_t vdisk_work_unmap(struct scst_cmd *cmd)
{
	struct vdisk_unmap *u = to_vdisk_unmap(cmd);
	scst_sense_t sense = vdisk_unmap_all(cmd);

	kfree(u->list);
	return sense;
}

/*
 * The header says how long the descriptors are, the CDB how long the list is,
 * and the list is what there is.  A descriptor that is not whole does not count.
 */
static scst_sense_t vdisk_unmap_get_list(struct scst_cmd *cmd)
{
	struct vdisk_unmap *u = to_vdisk_unmap(cmd);
	u8 header[UNMAP_HEADER_LEN];
	u32 len;

	if (cmd->xfer_len < UNMAP_HEADER_LEN ||
	    scst_cmd_data_out(cmd, header, sizeof(header)) < sizeof(header))
		return SCST_SENSE_PARAM_LIST_LENGTH;
	len = get_unaligned_be16(header + 2);
	u->nr = len / UNMAP_DESC_LEN;
	if (u->nr > VDISK_MAX_UNMAP_DESCS)
		return scst_cmd_param_error(cmd, 2, 8);

	len = UNMAP_HEADER_LEN + u->nr * UNMAP_DESC_LEN;
	if (len > cmd->xfer_len)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	u->list = kmalloc(len, GFP_NOIO | __GFP_NOWARN);
	if (!u->list)
		return SCST_BUSY;
	scst_cmd_data_out(cmd, u->list, len);
	return SCST_GOOD;
}

/**
 * vdisk_supports_unmap - does a unit have UNMAP?
 * @dev: logical unit
 *
 * Context: any.
 * Return: true if it is thin provisioned.
 */
bool vdisk_supports_unmap(const struct scst_device *dev)
{
	return vdisk_is_thin(to_vdisk(dev));
}

/**
 * vdisk_exec_unmap - UNMAP
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_unmap(struct scst_cmd *cmd)
{
	struct vdisk_unmap *u = to_vdisk_unmap(cmd);
	struct vdisk *vd = to_vdisk(cmd->dev);
	scst_sense_t sense;

	sense = vdisk_check_access(cmd);
	if (sense != SCST_GOOD)
		return sense;
	if (!cmd->xfer_len)
		return SCST_GOOD;

	sense = vdisk_unmap_get_list(cmd);
	if (sense != SCST_GOOD)
		return sense;
	sense = vdisk_unmap_check(cmd);
	if (sense == SCST_GOOD && vd->worker)
		return vdisk_queue_work(cmd, vdisk_work_unmap);
	kfree(u->list);
	return sense;
}

/* ------------------------------------------------------------------------
 * WRITE SAME
 */

#define WRITE_SAME_UNMAP	0x08	/* CDB byte 1 */

/* With NDOB=1 the data is zeros, as if they had been sent. */
static bool vdisk_write_same_has_data(const struct scst_cmd *cmd)
{
	return cmd->xfer_len;
}

static scst_sense_t vdisk_write_same_pattern(struct scst_cmd *cmd, void *buf,
					     u32 size)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	u64 pos = vdisk_pos(cmd);
	u32 len = vdisk_len(cmd);
	u32 done, n;
	int ret;

	vdisk_repeat_block(buf, cmd->dev->block_size, size);
	for (done = 0; done < len && !scst_cmd_aborted(cmd); done += n) {
		n = min(size, len - done);
		ret = vd->type->ops->write_buf(vd, buf, n, pos + done);
		if (ret)
			return vdisk_errno_error(cmd, ret, true, cmd->lba +
						 (done >> cmd->dev->block_shift));
		cond_resched();
	}
	return SCST_GOOD;
}

static scst_sense_t vdisk_write_same(struct scst_cmd *cmd, void *buf, u32 size)
{
	bool unmap = scst_cdb_flags(cmd) & WRITE_SAME_UNMAP;
	u32 block_size = cmd->dev->block_size;
	struct vdisk *vd = to_vdisk(cmd->dev);
	int ret;

	memset(buf, 0, block_size);
	if (vdisk_write_same_has_data(cmd))
		sg_copy_to_buffer(cmd->sg, cmd->sg_cnt, buf, block_size);

	/* SBC-5: blocks are unmapped only if they read as what was sent. */
	if (!memchr_inv(buf, 0, block_size)) {
		ret = vd->type->ops->zero(vd, vdisk_pos(cmd), vdisk_len(cmd),
					  unmap);
		if (!ret)
			return SCST_GOOD;
		if (ret != -EOPNOTSUPP)
			return vdisk_errno_error(cmd, ret, true, cmd->lba);
	}
	return vdisk_write_same_pattern(cmd, buf, size);
}

static scst_sense_t vdisk_work_write_same(struct scst_cmd *cmd)
{
	scst_sense_t sense;
	u32 size;

	void *buf __free(kfree) = vdisk_alloc_chunk(cmd->dev, vdisk_len(cmd), &size);
	if (!buf)
		return SCST_BUSY;
	sense = vdisk_write_same(cmd, buf, size);
	if (sense == SCST_GOOD && vdisk_write_through(to_vdisk(cmd->dev)))
		sense = vdisk_flush_cmd(cmd);
	return sense;
}

static scst_sense_t vdisk_write_same_check(struct scst_cmd *cmd)
{
	unsigned int at = scst_cdb_flags_at(cmd);

	if ((cmd->cdb[at] & WRITE_SAME_UNMAP) &&
	    !vdisk_is_thin(to_vdisk(cmd->dev)))
		return scst_cmd_cdb_error(cmd, at, 3);
	/* One block, neither less (the core has seen to that) nor more */
	if (cmd->bufflen > cmd->xfer_len)
		return SCST_SENSE_INVALID_FIELD_IN_IU;
	/* WSNZ=0 in VPD page B0h: zero is "to the end", which is not after it. */
	if (!cmd->nblocks) {
		scst_cmd_set_sense_info(cmd, cmd->lba);
		return SCST_SENSE_LBA_OUT_OF_RANGE;
	}
	if (vdisk_len(cmd) > VDISK_MAX_WRITE_SAME)
		return vdisk_len_error(cmd);
	return SCST_GOOD;
}

/**
 * vdisk_exec_write_same - WRITE SAME(10), (16) and (32)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_write_same(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_check_access(cmd);

	if (sense == SCST_GOOD)
		sense = vdisk_write_same_check(cmd);
	if (sense != SCST_GOOD || !to_vdisk(cmd->dev)->worker)
		return sense;
	return vdisk_queue_work(cmd, vdisk_work_write_same);
}
