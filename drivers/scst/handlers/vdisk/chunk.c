// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of the workers' own, for what cannot be done in the buffer of a
 * command.  Their size never depends on what an initiator wants alone.
 */

#include <linux/scatterlist.h>
#include <linux/slab.h>
#include "vdisk.h"

#define VDISK_CHUNK	(256U << 10)

/**
 * vdisk_alloc_chunk - allocate a buffer to work through a range of blocks
 * @dev: logical unit
 * @want: bytes in the range, not 0
 * @size: set to the bytes in the buffer: whole blocks, and as many as @want
 *	when that is not much
 *
 * Context: process context; may wait for memory.
 * Return: buffer to be freed with kfree(), or NULL.
 */
void *vdisk_alloc_chunk(const struct scst_device *dev, u64 want, u32 *size)
{
	u32 block_size = dev->block_size;
	u32 try;
	void *buf;

	want = round_up(min(want, VDISK_CHUNK), block_size);
	for (try = want; try > block_size; try = round_up(try / 2, block_size)) {
		buf = kmalloc(try, GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN);
		if (buf) {
			*size = try;
			return buf;
		}
	}
	*size = block_size;
	return kmalloc(block_size, GFP_NOIO);
}

/**
 * vdisk_fill_block - fill a block with copies of a pattern
 * @buf: block
 * @block: bytes in it
 * @pattern: what it shall have
 * @len: bytes of @pattern; the last copy may be cut off
 *
 * Context: any.
 */
void vdisk_fill_block(void *buf, u32 block, const void *pattern, u32 len)
{
	u32 done, n;

	for (done = 0; done < block; done += n) {
		n = min(len, block - done);
		memcpy(buf + done, pattern, n);
	}
}

/**
 * vdisk_repeat_block - fill a buffer with copies of its first block
 * @buf: buffer
 * @block: bytes in a block
 * @size: bytes in the buffer, whole blocks
 *
 * Context: any.
 */
void vdisk_repeat_block(void *buf, u32 block, u32 size)
{
	u32 done = block;

	while (done < size) {
		u32 n = min(done, size - done);

		memcpy(buf + done, buf, n);
		done += n;
	}
}

/* Of the buffer of the command the first @skip bytes are left out. */
static scst_sense_t vdisk_copy_sg(struct scst_cmd *cmd, u32 skip, u32 len,
				  bool write)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	const struct vdisk_ops *ops = vd->type->ops;
	u64 pos = vdisk_pos(cmd);
	u32 size, done, n;
	int ret;

	void *buf __free(kfree) = vdisk_alloc_chunk(cmd->dev, len, &size);
	if (!buf)
		return SCST_BUSY;
	for (done = 0; done < len; done += n) {
		n = min(size, len - done);
		if (write) {
			sg_pcopy_to_buffer(cmd->sg, cmd->sg_cnt, buf, n,
					   skip + done);
			ret = ops->write_buf(vd, buf, n, pos + done);
		} else {
			ret = ops->read_buf(vd, buf,
					    round_up(n, cmd->dev->block_size),
					    pos + done);
			if (!ret)
				sg_pcopy_from_buffer(cmd->sg, cmd->sg_cnt, buf,
						     n, skip + done);
		}
		if (ret)
			return vdisk_errno_error(cmd, ret, write, cmd->lba +
						 (done >> cmd->dev->block_shift));
		cond_resched();
	}
	return SCST_GOOD;
}

/**
 * vdisk_read_sg - read to the buffer of a command by way of another
 * @cmd: command
 * @len: bytes; the last block may be cut off
 *
 * Context: worker.
 * Return: how it ended.
 */
scst_sense_t vdisk_read_sg(struct scst_cmd *cmd, u32 len)
{
	return vdisk_copy_sg(cmd, 0, len, false);
}

/**
 * vdisk_write_part - write a part of the buffer of a command
 * @cmd: command
 * @skip: bytes of the buffer before the part
 * @len: bytes in it, whole blocks; they go to the first blocks of @cmd
 * @fua: have them on the medium
 *
 * Context: worker.
 * Return: how it ended.
 */
scst_sense_t vdisk_write_part(struct scst_cmd *cmd, u32 skip, u32 len, bool fua)
{
	scst_sense_t sense = vdisk_copy_sg(cmd, skip, len, true);

	return sense == SCST_GOOD && fua ? vdisk_flush_cmd(cmd) : sense;
}

/**
 * vdisk_write_sg - write from the buffer of a command by way of another
 * @cmd: command
 * @len: bytes, whole blocks
 * @fua: have them on the medium
 *
 * Context: worker.
 * Return: how it ended.
 */
scst_sense_t vdisk_write_sg(struct scst_cmd *cmd, u32 len, bool fua)
{
	return vdisk_write_part(cmd, 0, len, fua);
}
