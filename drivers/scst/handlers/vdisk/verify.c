// SPDX-License-Identifier: GPL-2.0
/* VERIFY and WRITE AND VERIFY (SBC-5). */

#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "vdisk.h"

/* BYTCHK in place, see scst_decode_verify10() */
#define VERIFY_NONE	0x00	/* look whether the blocks can be read */
#define VERIFY_ALL	0x02	/* compare with as many blocks */
#define VERIFY_ONE	0x06	/* compare each with the one block sent */
/* WRITE AND VERIFY has data for each block: 00b and 01b only */
#define VERIFY_RESERVED	0x04

/**
 * struct vdisk_verify - what a worker has while it verifies
 * @bytchk: what to compare with, BYTCHK in place
 * @medium: blocks as they are on the medium
 * @data: blocks as they should be, NULL: any are good
 * @size: bytes in each
 */
struct vdisk_verify {
	u8 bytchk;
	void *medium;
	void *data;
	u32 size;
};

static void vdisk_verify_exit(struct vdisk_verify *v)
{
	kfree(v->medium);
	kfree(v->data);
}

static scst_sense_t vdisk_verify_init(struct scst_cmd *cmd,
				      struct vdisk_verify *v)
{
	u32 block_size = cmd->dev->block_size;
	u32 size;

	v->data = NULL;
	v->medium = vdisk_alloc_chunk(cmd->dev, vdisk_len(cmd), &v->size);
	if (!v->medium)
		return SCST_BUSY;
	if (v->bytchk == VERIFY_NONE)
		return SCST_GOOD;

	v->data = vdisk_alloc_chunk(cmd->dev, v->size, &size);
	if (!v->data)
		return SCST_BUSY;
	v->size = min(v->size, size);
	if (v->bytchk == VERIFY_ONE) {
		sg_copy_to_buffer(cmd->sg, cmd->sg_cnt, v->data, block_size);
		vdisk_repeat_block(v->data, block_size, v->size);
	}
	return SCST_GOOD;
}

/* INFORMATION is the offset of the first difference in the data-out buffer. */
static scst_sense_t vdisk_miscompare(struct scst_cmd *cmd,
				     const struct vdisk_verify *v, u32 done)
{
	const u8 *a = v->medium, *b = v->data;
	u32 at = 0;

	while (a[at] == b[at])
		at++;
	at += done;
	if (v->bytchk == VERIFY_ONE)
		at &= cmd->dev->block_size - 1;
	scst_cmd_set_sense_info(cmd, at);
	return SCST_SENSE_MISCOMPARE;
}

static scst_sense_t vdisk_verify_chunk(struct scst_cmd *cmd,
				       const struct vdisk_verify *v, u32 done,
				       u32 len)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	int ret;

	ret = vd->type->ops->read_buf(vd, v->medium, len,
				      vdisk_pos(cmd) + done);
	if (ret)
		return vdisk_errno_error(cmd, ret, false, cmd->lba +
					 (done >> cmd->dev->block_shift));
	atomic64_add(len, &vd->log.counters[VDISK_VERIFY_BYTES]);
	if (!v->data)
		return SCST_GOOD;
	if (v->bytchk == VERIFY_ALL)
		sg_pcopy_to_buffer(cmd->sg, cmd->sg_cnt, v->data, len, done);
	if (memcmp(v->medium, v->data, len))
		return vdisk_miscompare(cmd, v, done);
	return SCST_GOOD;
}

static scst_sense_t vdisk_verify_blocks(struct scst_cmd *cmd, u8 bytchk)
{
	struct vdisk_verify v = { .bytchk = bytchk };
	u32 len = vdisk_len(cmd);
	scst_sense_t sense;
	u32 done, n;

	sense = vdisk_verify_init(cmd, &v);
	for (done = 0; sense == SCST_GOOD && done < len; done += n) {
		/* The core knows how an aborted command ends. */
		if (scst_cmd_aborted(cmd))
			break;
		n = min(v.size, len - done);
		sense = vdisk_verify_chunk(cmd, &v, done, n);
		cond_resched();
	}
	vdisk_verify_exit(&v);
	return sense;
}

/**
 * vdisk_compare - compare the blocks of a command with its data-out
 * @cmd: command that has some
 *
 * Context: worker.
 * Return: %SCST_GOOD when they are the same, or @cmd was aborted; MISCOMPARE
 *	with its INFORMATION, or why they could not be read.
 */
scst_sense_t vdisk_compare(struct scst_cmd *cmd)
{
	return vdisk_verify_blocks(cmd, VERIFY_ALL);
}

static scst_sense_t vdisk_work_verify(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_to_medium(cmd);

	if (sense != SCST_GOOD)
		return sense;
	return vdisk_verify_blocks(cmd, scst_cdb_flags(cmd) & SCST_CDB_BYTCHK);
}

static scst_sense_t vdisk_work_write_and_verify(struct scst_cmd *cmd)
{
	/* With WCE=1 vdisk_to_medium() does it. */
	bool fua = vdisk_write_through(to_vdisk(cmd->dev));
	scst_sense_t sense = vdisk_write_sg(cmd, cmd->xfer_len, fua);

	return sense == SCST_GOOD ? vdisk_work_verify(cmd) : sense;
}

/**
 * vdisk_exec_verify - VERIFY(10), (12), (16) and (32)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_verify(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_check_access(cmd);

	if (sense != SCST_GOOD)
		return sense;
	/* MAXIMUM TRANSFER LENGTH holds though nothing may be transferred. */
	if (vdisk_len(cmd) > VDISK_MAX_XFER)
		return vdisk_len_error(cmd);
	if (!cmd->nblocks || !to_vdisk(cmd->dev)->worker)
		return SCST_GOOD;
	return vdisk_queue_work(cmd, vdisk_work_verify);
}

/**
 * vdisk_exec_write_and_verify - WRITE AND VERIFY(10), (12), (16) and (32)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_write_and_verify(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_check_access(cmd);

	if (sense != SCST_GOOD)
		return sense;
	if (scst_cdb_flags(cmd) & VERIFY_RESERVED)
		return scst_cmd_cdb_error(cmd, scst_cdb_flags_at(cmd), 2);
	if (!cmd->nblocks || !to_vdisk(cmd->dev)->worker)
		return SCST_GOOD;
	return vdisk_queue_work(cmd, vdisk_work_write_and_verify);
}
