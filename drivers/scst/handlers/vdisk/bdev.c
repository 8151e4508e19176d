// SPDX-License-Identifier: GPL-2.0
/*
 * What vdisk_blockio and vdisk_fileio do alike with a block device: writes that it
 * does as a whole or not at all.
 */

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "vdisk.h"

/**
 * vdisk_bdev_flush_failed - may it be a flush of the device's cache that has failed?
 * @bdev: block device
 * @opf: operation and flags of the bio
 * @err: how it ended: 0 or a negative errno
 *
 * It is what becomes of REQ_FUA where the device does not know that; but errors of
 * other kinds are those of the write.
 *
 * Context: any.
 * Return: true if so.
 */
bool vdisk_bdev_flush_failed(struct block_device *bdev, blk_opf_t opf, int err)
{
	if (!err || (opf & REQ_PREFLUSH))
		return err;
	if (err != -EIO && err != -ENODATA && err != -ETIMEDOUT &&
	    err != -ENOLINK)
		return false;
	return (opf & REQ_FUA) && bdev_write_cache(bdev) && !bdev_fua(bdev);
}

/**
 * vdisk_bdev_atomic_limits - find out which writes a block device does as a whole
 * @limits: set to it
 * @bdev: block device
 *
 * All of these are powers of two.  A boundary that no write may cross is a
 * multiple of the longest one: none that is aligned to that does.
 *
 * Context: any.
 */
void vdisk_bdev_atomic_limits(struct vdisk_limits *limits,
			      struct block_device *bdev)
{
	const struct request_queue *q = bdev_get_queue(bdev);

	if (!bdev_can_atomic_write(bdev))
		return;
	limits->atomic_max = min(queue_atomic_write_unit_max_bytes(q),
				 VDISK_MAX_ATOMIC);
	limits->atomic_granularity = queue_atomic_write_unit_min_bytes(q);
	limits->atomic_alignment = queue_atomic_write_boundary_bytes(q) ?
				   limits->atomic_max :
				   limits->atomic_granularity;
	if (limits->atomic_granularity > limits->atomic_max)
		limits->atomic_max = 0;
}

static void vdisk_bdev_add_buf(struct bio *bio, void *buf, u32 len)
{
	struct page *page;

	for (; len; len -= PAGE_SIZE, buf += PAGE_SIZE) {
		page = is_vmalloc_addr(buf) ? vmalloc_to_page(buf) :
					      virt_to_page(buf);
		if (len <= PAGE_SIZE) {
			__bio_add_page(bio, page, len, 0);
			return;
		}
		__bio_add_page(bio, page, PAGE_SIZE, 0);
	}
}

/**
 * vdisk_bdev_write_atomic - WRITE ATOMIC to a block device
 * @cmd: command, within the limits of the device
 * @bdev: block device
 * @len: bytes
 * @fua: have them on the medium
 *
 * By one bio, which the block layer splits under no circumstances.  The limits of
 * the device are such that it takes a buffer of whole pages.
 *
 * Context: a worker.
 * Return: how it ended.
 */
scst_sense_t vdisk_bdev_write_atomic(struct scst_cmd *cmd,
				     struct block_device *bdev, u32 len,
				     bool fua)
{
	blk_opf_t opf = REQ_OP_WRITE | REQ_ATOMIC | REQ_SYNC | REQ_IDLE |
			(fua ? REQ_FUA : 0);
	unsigned int nr_pages = DIV_ROUND_UP(len, PAGE_SIZE);
	int ret;

	BUILD_BUG_ON(VDISK_MAX_ATOMIC / PAGE_SIZE > BIO_MAX_VECS);
	/* With PF_MEMALLOC_NOIO; vmalloc() wants no other flags. */
	void *buf __free(kvfree) = kvmalloc(round_up(len, PAGE_SIZE),
					    GFP_KERNEL | __GFP_NOWARN);
	if (!buf)
		return SCST_BUSY;
	struct bio *bio __free(kfree) = bio_kmalloc(nr_pages,
						    GFP_NOIO | __GFP_NOWARN);
	if (!bio)
		return SCST_BUSY;

	sg_copy_to_buffer(cmd->sg, cmd->sg_cnt, buf, len);
	if (is_vmalloc_addr(buf))
		flush_kernel_vmap_range(buf, len);
	bio_init(bio, bdev, bio->bi_inline_vecs, nr_pages, opf);
	bio->bi_iter.bi_sector = vdisk_pos(cmd) >> SECTOR_SHIFT;
	vdisk_bdev_add_buf(bio, buf, len);
	ret = submit_bio_wait(bio);
	bio_uninit(bio);
	if (vdisk_bdev_flush_failed(bdev, opf, ret))
		vdisk_data_lost(to_vdisk(cmd->dev), ret);
	return ret ? vdisk_errno_error(cmd, ret, true, cmd->lba) : SCST_GOOD;
}
