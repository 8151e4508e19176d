// SPDX-License-Identifier: GPL-2.0
/*
 * vdisk_blockio: a block device served as a disk, by bios on the buffers of the
 * commands.
 *
 * exec() submits and does not wait for anything that the submitter may hold: a
 * bio to be freed, a tag of the device, which may be in its plug, the end of a
 * freeze.  Where it would have to, a worker goes on, which may wait.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "vdisk.h"

/* Pieces of a buffer that fit into the bio in the command */
#define BLOCKIO_NR_BVECS	8

/**
 * struct blockio - an open block device
 * @file: opened by us, in exclusive use
 * @bdev: it
 * @lower: that it is what the unit is made of
 * @vd: virtual disk whose store it is
 * @resize_work: the device has another size
 * @bios: for commands whose buffer has more pieces than the bio in the command.
 *	A set of its own, since the device may lie on another unit of this host,
 *	which needs bios to free those of this one.
 */
struct blockio {
	struct file *file;
	struct block_device *bdev;
	struct scst_lower lower;
	struct vdisk *vd;
	struct work_struct resize_work;
	struct bio_set bios;
};

/**
 * struct blockio_cmd - scst_cmd.priv of a READ, WRITE or SYNCHRONIZE CACHE
 * @work: for the worker
 * @sg: first entry of the buffer that is not in a bio yet
 * @sg_offset: bytes of @sg that are
 * @left: bytes that are not in a bio yet
 * @sector: where the next bio begins
 * @opf: operation and flags of the bios
 * @pending: bios that have not ended, and one for who submits them
 * @status: an error of one of them
 * @bvecs: of @bio
 * @bio: used if @bvecs suffice
 */
struct blockio_cmd {
	struct vdisk_work work;
	struct scatterlist *sg;
	u32 sg_offset;
	u32 left;
	blk_opf_t opf;
	sector_t sector;
	atomic_t pending;
	blk_status_t status;
	struct bio_vec bvecs[BLOCKIO_NR_BVECS];
	struct bio bio;
};

static struct blockio_cmd *to_blockio_cmd(struct scst_cmd *cmd)
{
	BUILD_BUG_ON(sizeof(struct blockio_cmd) > SCST_CMD_PRIV_SIZE);
	return (struct blockio_cmd *)cmd->priv;
}

static struct blockio *to_blockio(const struct scst_cmd *cmd)
{
	return to_vdisk(cmd->dev)->store;
}

/* ------------------------------------------------------------------------
 * READ and WRITE
 */

static scst_sense_t blockio_work_again(struct scst_cmd *cmd);

/*
 * Which of several bios failed does not say which block did, so that the first
 * block of the command is named: none before it is in error.
 */
static scst_sense_t blockio_result(struct scst_cmd *cmd, blk_status_t status)
{
	blk_opf_t opf = to_blockio_cmd(cmd)->opf;
	int err = blk_status_to_errno(status);

	/* The device may say only once that it has lost what was in its cache. */
	if (vdisk_bdev_flush_failed(to_blockio(cmd)->bdev, opf, err))
		vdisk_data_lost(to_vdisk(cmd->dev), err);
	if (opf & REQ_PREFLUSH)
		return vdisk_sync_end(cmd, err);
	return vdisk_blk_error(cmd, status, op_is_write(opf), cmd->lba);
}

/*
 * Has the device failed instead of waiting?  Whether it can at all changes with the
 * table of a mapped device: it may have been asked just before, or just after that.
 */
static bool blockio_would_wait(const struct blockio_cmd *bc, blk_status_t status)
{
	return (bc->opf & REQ_NOWAIT) &&
	       (status == BLK_STS_AGAIN || status == BLK_STS_NOTSUPP);
}

static void blockio_put(struct scst_cmd *cmd)
{
	struct blockio_cmd *bc = to_blockio_cmd(cmd);
	blk_status_t status;
	scst_sense_t sense;

	if (!atomic_dec_and_test(&bc->pending))
		return;
	status = READ_ONCE(bc->status);
	if (unlikely(status && blockio_would_wait(bc, status))) {
		vdisk_queue_work(cmd, blockio_work_again);
		return;
	}
	if (likely(status == BLK_STS_OK && !(bc->opf & REQ_PREFLUSH)))
		sense = SCST_GOOD;
	else
		sense = blockio_result(cmd, status);
	scst_cmd_done(cmd, sense);
}

static void blockio_end_io(struct bio *bio)
{
	struct scst_cmd *cmd = bio->bi_private;
	struct blockio_cmd *bc = to_blockio_cmd(cmd);

	if (unlikely(bio->bi_status))
		WRITE_ONCE(bc->status, bio->bi_status);
	if (bio == &bc->bio)
		bio_uninit(bio);
	else
		bio_put(bio);
	blockio_put(cmd);
}

/* How long a bio may be that begins at @sector of the whole device, in bytes */
static u32 blockio_max_bytes(const struct queue_limits *lim, sector_t sector)
{
	u32 physical = lim->physical_block_size >> SECTOR_SHIFT;
	u32 max = lim->max_sectors, start = sector & (physical - 1);

	if (lim->chunk_sectors)
		max = min(max, blk_boundary_sectors_left(sector,
							 lim->chunk_sectors));
	max = min(max, U32_MAX >> (SECTOR_SHIFT + 1));
	/* As the block layer does it: a bio ends with a physical block. */
	if (start + max > physical)
		max = round_down(start + max, physical) - start;
	return max << SECTOR_SHIFT;
}

/*
 * Put into a bio what the device takes at once.  The block layer would split
 * what is more, but not with REQ_NOWAIT.  The bio ends with a block of the
 * device, as all pieces do.
 */
static void blockio_fill_bio(struct blockio_cmd *bc, struct bio *bio)
{
	struct block_device *bdev = bio->bi_bdev;
	const struct queue_limits *lim = &bdev_get_queue(bdev)->limits;
	u32 block = lim->logical_block_size, segments = lim->max_segments;
	u32 room = blockio_max_bytes(lim, bdev->bd_start_sect + bc->sector);

	/* If that is no block, the block layer decides. */
	room = max(round_down(room, block), block);
	while (bc->left && room && segments) {
		u32 n = min3(bc->sg->length - bc->sg_offset, bc->left, room);
		u64 fits = (u64)segments * lim->max_segment_size;

		if (n > fits)
			n = round_down((u32)fits, block);
		if (bio_add_page(bio, sg_page(bc->sg), n,
				 bc->sg->offset + bc->sg_offset) != n)
			break;
		segments -= (n - 1) / lim->max_segment_size + 1;
		room -= n;
		bc->left -= n;
		bc->sg_offset += n;
		if (bc->sg_offset == bc->sg->length) {
			bc->sg = sg_next(bc->sg);
			bc->sg_offset = 0;
		}
	}
}

static void blockio_submit_bio(struct scst_cmd *cmd, struct bio *bio)
{
	struct blockio_cmd *bc = to_blockio_cmd(cmd);

	bio->bi_iter.bi_sector = bc->sector;
	bio->bi_private = cmd;
	bio->bi_end_io = blockio_end_io;
	blockio_fill_bio(bc, bio);
	bc->sector += bio_sectors(bio);
	atomic_inc(&bc->pending);
	submit_bio(bio);
}

/* Submit what is left.  Returns false when there is no memory for a bio. */
static bool blockio_submit(struct scst_cmd *cmd, gfp_t gfp)
{
	struct blockio_cmd *bc = to_blockio_cmd(cmd);
	struct blockio *bi = to_blockio(cmd);
	struct bio *bio;

	while (bc->left) {
		bio = bio_alloc_bioset(bi->bdev,
				       bio_max_segs(sg_nents(bc->sg)),
				       bc->opf, gfp, &bi->bios);
		if (!bio)
			return false;
		blockio_submit_bio(cmd, bio);
	}
	return true;
}

static void blockio_init_cmd(struct scst_cmd *cmd, u32 len, blk_opf_t opf)
{
	struct blockio_cmd *bc = to_blockio_cmd(cmd);

	bc->sg = cmd->sg;
	bc->sg_offset = 0;
	bc->left = len;
	bc->opf = opf;
	bc->sector = vdisk_pos(cmd) >> SECTOR_SHIFT;
	bc->status = BLK_STS_OK;
	atomic_set(&bc->pending, 1);
}

/* Each bio is on its way before the next is waited for. */
static scst_sense_t blockio_work_submit(struct scst_cmd *cmd)
{
	blockio_submit(cmd, GFP_NOIO);
	blockio_put(cmd);
	return SCST_PENDING;
}

static void blockio_submit_flush(struct scst_cmd *cmd)
{
	struct blockio_cmd *bc = to_blockio_cmd(cmd);

	bio_init(&bc->bio, to_blockio(cmd)->bdev, NULL, 0, bc->opf);
	bc->bio.bi_private = cmd;
	bc->bio.bi_end_io = blockio_end_io;
	submit_bio(&bc->bio);
}

/* All of the command once more, with time to wait. */
static scst_sense_t blockio_work_again(struct scst_cmd *cmd)
{
	blk_opf_t opf = to_blockio_cmd(cmd)->opf & ~REQ_NOWAIT;

	if (opf & REQ_PREFLUSH) {
		blockio_init_cmd(cmd, 0, opf);
		blockio_submit_flush(cmd);
		return SCST_PENDING;
	}
	blockio_init_cmd(cmd, op_is_write(opf) ? cmd->xfer_len :
			      vdisk_read_len(cmd), opf);
	return blockio_work_submit(cmd);
}

/*
 * Buffers come from initiators, which may have other ideas of alignment.  A bio
 * takes pieces that are multiples of a block, so that no block is split between
 * two.
 */
static bool blockio_is_aligned(const struct scst_cmd *cmd, u32 len)
{
	const struct vdisk *vd = to_vdisk(cmd->dev);
	unsigned int dma_mask = bdev_dma_alignment(to_blockio(cmd)->bdev);
	unsigned int offsets = 0, lengths = 0;
	u32 block_size = vd->limits.block_size;
	struct scatterlist *sg = cmd->sg;

	if (cmd->sg_cnt > BIO_MAX_VECS)
		block_size = cmd->dev->block_size;
	/* READ may have a buffer that ends within a block. */
	if (len & (cmd->dev->block_size - 1))
		return false;
	while (len) {
		u32 n = min(sg->length, len);

		offsets |= sg->offset;
		lengths |= n;
		len -= n;
		sg = sg_next(sg);
	}
	return !((offsets | lengths) & dma_mask) &&
	       !(lengths & (block_size - 1));
}

static scst_sense_t blockio_rw(struct scst_cmd *cmd, u32 len, blk_opf_t opf)
{
	struct blockio_cmd *bc = to_blockio_cmd(cmd);

	opf |= REQ_NOWAIT;
	blockio_init_cmd(cmd, len, opf);
	if (unlikely(!bdev_nowait(to_blockio(cmd)->bdev)))
		return vdisk_queue_work(cmd, blockio_work_again);
	if (cmd->sg_cnt <= BLOCKIO_NR_BVECS) {
		bio_init(&bc->bio, to_blockio(cmd)->bdev, bc->bvecs,
			 BLOCKIO_NR_BVECS, opf);
		blockio_submit_bio(cmd, &bc->bio);
	}
	if (unlikely(!blockio_submit(cmd, GFP_NOWAIT | __GFP_NOWARN)))
		return vdisk_queue_work(cmd, blockio_work_submit);
	blockio_put(cmd);
	return SCST_PENDING;
}

static scst_sense_t blockio_work_read_copy(struct scst_cmd *cmd)
{
	return vdisk_read_sg(cmd, vdisk_read_len(cmd));
}

static scst_sense_t blockio_work_write_copy(struct scst_cmd *cmd)
{
	return vdisk_write_sg(cmd, cmd->xfer_len, false);
}

static scst_sense_t blockio_work_write_copy_fua(struct scst_cmd *cmd)
{
	return vdisk_write_sg(cmd, cmd->xfer_len, true);
}

static scst_sense_t blockio_read(struct scst_cmd *cmd, u32 len)
{
	if (unlikely(!blockio_is_aligned(cmd, len)))
		return vdisk_queue_work(cmd, blockio_work_read_copy);
	return blockio_rw(cmd, len, REQ_OP_READ);
}

static scst_sense_t blockio_write(struct scst_cmd *cmd, u32 len, bool fua)
{
	if (unlikely(!blockio_is_aligned(cmd, len)))
		return vdisk_queue_work(cmd, fua ? blockio_work_write_copy_fua :
						   blockio_work_write_copy);
	return blockio_rw(cmd, len, REQ_OP_WRITE | REQ_SYNC | REQ_IDLE |
				    (fua ? REQ_FUA : 0));
}

/* A flush is of the whole device. */
static scst_sense_t blockio_sync(struct scst_cmd *cmd, u64 pos, u64 len)
{
	if (to_vdisk(cmd->dev)->p.nv_cache)
		return vdisk_sync_end(cmd, 0);
	blockio_init_cmd(cmd, 0, REQ_OP_WRITE | REQ_PREFLUSH | REQ_NOWAIT);
	if (unlikely(!bdev_nowait(to_blockio(cmd)->bdev)))
		return vdisk_queue_work(cmd, blockio_work_again);
	blockio_submit_flush(cmd);
	return SCST_PENDING;
}

/* ------------------------------------------------------------------------
 * What only a worker does
 */

static int blockio_flush(struct vdisk *vd, u64 pos, u64 len)
{
	struct blockio *bi = vd->store;
	int ret;

	ret = blkdev_issue_flush(bi->bdev);
	if (ret)
		vdisk_data_lost(vd, ret);
	return ret;
}

/* The memory is one of kmalloc(): contiguous, and one bvec. */
static int blockio_rw_buf(struct vdisk *vd, void *buf, u32 len, u64 pos,
			  blk_opf_t opf)
{
	struct blockio *bi = vd->store;
	struct bio_vec bvec;
	struct bio bio;
	int ret;

	bio_init(&bio, bi->bdev, &bvec, 1, opf);
	bio.bi_iter.bi_sector = pos >> SECTOR_SHIFT;
	__bio_add_page(&bio, virt_to_page(buf), len, offset_in_page(buf));
	ret = submit_bio_wait(&bio);
	bio_uninit(&bio);
	return ret;
}

static int blockio_read_buf(struct vdisk *vd, void *buf, u32 len, u64 pos)
{
	return blockio_rw_buf(vd, buf, len, pos, REQ_OP_READ);
}

static int blockio_write_buf(struct vdisk *vd, const void *buf, u32 len,
			     u64 pos)
{
	return blockio_rw_buf(vd, (void *)buf, len, pos,
			      REQ_OP_WRITE | REQ_SYNC | REQ_IDLE);
}

static scst_sense_t blockio_write_atomic(struct scst_cmd *cmd, u32 len,
					 bool fua)
{
	return vdisk_bdev_write_atomic(cmd, to_blockio(cmd)->bdev, len, fua);
}

static int blockio_unmap(struct vdisk *vd, u64 pos, u64 len)
{
	struct blockio *bi = vd->store;

	if (!bdev_max_discard_sectors(bi->bdev))
		return -EOPNOTSUPP;
	return blkdev_issue_discard(bi->bdev, pos >> SECTOR_SHIFT,
				    len >> SECTOR_SHIFT, GFP_NOIO);
}

/* A discard need not read as zeros, so that it does not do here. */
static int blockio_zero(struct vdisk *vd, u64 pos, u64 len, bool unmap)
{
	struct blockio *bi = vd->store;

	return blkdev_issue_zeroout(bi->bdev, pos >> SECTOR_SHIFT,
				    len >> SECTOR_SHIFT, GFP_NOIO,
				    unmap ? 0 : BLKDEV_ZERO_NOUNMAP);
}

/*
 * The strongest that the device has.  What is left reads as zeros, which is more
 * than it has to after an erase.
 */
static int blockio_erase(struct vdisk *vd, u64 pos, u64 len)
{
	struct blockio *bi = vd->store;
	int ret;

	if (bdev_max_secure_erase_sectors(bi->bdev)) {
		ret = blkdev_issue_secure_erase(bi->bdev, pos >> SECTOR_SHIFT,
						len >> SECTOR_SHIFT, GFP_NOIO);
		if (ret)
			return ret;
	}
	return blockio_zero(vd, pos, len, true);
}

/* ------------------------------------------------------------------------
 * Opening and closing
 */

/*
 * Commands are waited for here, so it is no work item of the workers'.  What
 * fails is logged, and the old size stays.
 */
static void blockio_resize_fn(struct work_struct *work)
{
	struct blockio *bi = container_of(work, struct blockio, resize_work);

	guard(mutex)(&bi->vd->dev->mutex);
	vdisk_resize(bi->vd, bdev_nr_bytes(bi->bdev));
}

/* The block layer holds locks that keep the holder. */
static void blockio_resize(struct block_device *bdev)
{
	struct blockio *bi = bdev->bd_holder;

	queue_work(system_unbound_wq, &bi->resize_work);
}

static const struct blk_holder_ops blockio_holder_ops = {
	.resize	= blockio_resize,
};

static struct file *blockio_open_bdev(struct vdisk *vd, struct blockio *bi)
{
	blk_mode_t mode = BLK_OPEN_READ;
	dev_t devt;
	int ret;

	/* -ENOTBLK for a regular file */
	ret = lookup_bdev(vd->filename, &devt);
	if (ret)
		return ERR_PTR(ret);
	if (!vd->p.read_only)
		mode |= BLK_OPEN_WRITE;
	/* With a holder it is in exclusive use: -EBUSY when somebody has it. */
	return bdev_file_open_by_dev(devt, mode, bi, &blockio_holder_ops);
}

/* Sequential zones are not what SBC-5 calls a disk. */
static int blockio_check_bdev(const struct vdisk *vd, struct block_device *bdev)
{
	if (!vd->p.read_only && bdev_read_only(bdev))
		return -EROFS;
	return bdev_is_zoned(bdev) ? -EOPNOTSUPP : 0;
}

static void blockio_set_limits(struct vdisk_limits *limits,
			       struct block_device *bdev)
{
	limits->size = bdev_nr_bytes(bdev);
	limits->block_size = bdev_logical_block_size(bdev);
	limits->physical_size = bdev_physical_block_size(bdev);
	limits->misalignment = max(bdev_alignment_offset(bdev), 0);
	limits->opt_granularity = bdev_io_min(bdev);
	limits->opt_xfer = bdev_io_opt(bdev);
	limits->unmap_granularity = bdev_discard_granularity(bdev);
	limits->unmap_alignment = bdev_discard_alignment(bdev);
	limits->can_unmap = bdev_max_discard_sectors(bdev);
	limits->rotational = !bdev_nonrot(bdev);
	vdisk_bdev_atomic_limits(limits, bdev);
}

static int blockio_open(struct vdisk *vd, struct vdisk_limits *limits)
{
	struct blockio *bi;
	int ret;

	bi = kzalloc(sizeof(*bi), GFP_KERNEL);
	if (!bi)
		return -ENOMEM;

	bi->vd = vd;
	INIT_WORK(&bi->resize_work, blockio_resize_fn);
	/* Until blockio_watch_size() */
	disable_work(&bi->resize_work);
	bi->file = blockio_open_bdev(vd, bi);
	if (IS_ERR(bi->file)) {
		ret = PTR_ERR(bi->file);
		goto free;
	}
	bi->bdev = file_bdev(bi->file);
	ret = blockio_check_bdev(vd, bi->bdev);
	if (ret)
		goto put;
	ret = bioset_init(&bi->bios, BIO_POOL_SIZE, 0, BIOSET_NEED_BVECS);
	if (ret)
		goto put;
	ret = vdisk_add_lower(vd, &bi->lower, bi->bdev);
	if (ret)
		goto exit_bios;

	blockio_set_limits(limits, bi->bdev);
	vd->store = bi;
	return 0;

exit_bios:
	bioset_exit(&bi->bios);
put:
	bdev_fput(bi->file);
free:
	kfree(bi);
	dev_err(&vd->dev->dev, "cannot use block device %.256s: %pe\n",
		vd->filename, ERR_PTR(ret));
	return ret;
}

static void blockio_close(struct vdisk *vd)
{
	struct blockio *bi = vd->store;

	disable_work_sync(&bi->resize_work);
	vd->store = NULL;
	scst_lower_del(vd->dev, &bi->lower);
	bioset_exit(&bi->bios);
	bdev_fput(bi->file);
	kfree(bi);
}

static int blockio_get_size(struct vdisk *vd, u64 *size)
{
	struct blockio *bi = vd->store;

	*size = bdev_nr_bytes(bi->bdev);
	return 0;
}

/* Whatever it has been since it was opened. */
static void blockio_watch_size(struct vdisk *vd)
{
	struct blockio *bi = vd->store;

	enable_and_queue_work(system_unbound_wq, &bi->resize_work);
}

const struct vdisk_ops vdisk_blockio_ops = {
	.open		= blockio_open,
	.close		= blockio_close,
	.get_size	= blockio_get_size,
	.watch_size	= blockio_watch_size,
	.read		= blockio_read,
	.write		= blockio_write,
	.sync		= blockio_sync,
	.flush		= blockio_flush,
	.read_buf	= blockio_read_buf,
	.write_buf	= blockio_write_buf,
	.write_atomic	= blockio_write_atomic,
	.unmap		= blockio_unmap,
	.zero		= blockio_zero,
	.erase		= blockio_erase,
};
