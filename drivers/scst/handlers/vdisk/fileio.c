// SPDX-License-Identifier: GPL-2.0
/*
 * vdisk_fileio: a file served as a disk, through the page cache or past it.
 *
 * exec() may be below a file system, a swap-out or a submit_bio() of this host,
 * whose own bio is not finished.  Hence it reads from the page cache what is
 * there and can be had without waiting, and leaves all the rest to a worker:
 * whatever else than success the attempt ends with, the worker goes on where it
 * stopped, and only what the worker meets is an error.
 *
 * Writes are the worker's, but for tmpfs.  FOP_BUFFER_WASYNC is no promise: XFS
 * waits for a flush of inodes on -ENOSPC and -EDQUOT, IOCB_NOWAIT or not.
 *
 * A block device may be named too: it is used through its page cache, or past it
 * with o_direct=1.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/backing-dev.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/errseq.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/statfs.h>
#include <linux/uio.h>
#include "vdisk.h"

/* Pieces of a buffer that are described without an allocation */
#define FILEIO_NR_BVECS		16

/* And with one, which may fail */
#define FILEIO_MAX_BVECS	(PAGE_SIZE / sizeof(struct bio_vec))

/**
 * struct fileio - an open file
 * @file: the file
 * @lower: what it is, or is on
 * @wb_lock: protects @wb_err
 * @wb_err: errors of writeback that were counted by vdisk_data_lost()
 * @regular: it is a regular file, whose file system can be frozen
 * @shmem: tmpfs
 * @nowait_read: its file system can read without waiting
 * @direct: go past the page cache
 * @direct_align: what offsets and lengths have to be multiples of for that, 0: it is
 *	not done, not by self-tests either
 */
struct fileio {
	struct file *file;
	struct scst_lower lower;
	spinlock_t wb_lock;	/* see above */
	errseq_t wb_err;
	bool regular;
	bool shmem;
	bool nowait_read;
	bool direct;
	u32 direct_align;
};

/**
 * struct fileio_cmd - scst_cmd.priv of a READ or WRITE
 * @work: for the worker
 * @iocb: for direct I/O, which ends by itself
 * @iocb_ref: direct I/O that has not ended, and who began it: even when it has
 *	ended, the file system may not be done with @bvec until it returns
 * @bvec: for direct I/O, if @inline_bvec is too short
 * @sg: first entry of the buffer that is not done with
 * @sg_offset: bytes of @sg that are
 * @done: bytes that are
 * @len: bytes to read or write
 * @write: which of both
 * @fua: have them on the medium
 * @inline_bvec: the next pieces of the buffer
 */
struct fileio_cmd {
	struct vdisk_work work;
	struct kiocb iocb;
	atomic_t iocb_ref;
	struct bio_vec *bvec;
	struct scatterlist *sg;
	u32 sg_offset;
	u32 done;
	u32 len;
	bool write;
	bool fua;
	struct bio_vec inline_bvec[FILEIO_NR_BVECS];
};

static struct fileio_cmd *to_fileio_cmd(struct scst_cmd *cmd)
{
	BUILD_BUG_ON(sizeof(struct fileio_cmd) > SCST_CMD_PRIV_SIZE);
	return (struct fileio_cmd *)cmd->priv;
}

static struct scst_cmd *fileio_to_cmd(const struct fileio_cmd *fc)
{
	return container_of((void *)fc, struct scst_cmd, priv);
}

static struct fileio *to_fileio(const struct scst_cmd *cmd)
{
	return to_vdisk(cmd->dev)->store;
}

static scst_sense_t fileio_error(struct scst_cmd *cmd, int err)
{
	const struct fileio_cmd *fc = to_fileio_cmd(cmd);

	return vdisk_errno_error(cmd, err, fc->write,
				 cmd->lba + (fc->done >> cmd->dev->block_shift));
}

/* ------------------------------------------------------------------------
 * The buffer
 */

static void fileio_init_cmd(struct scst_cmd *cmd, u32 len, bool write, bool fua)
{
	struct fileio_cmd *fc = to_fileio_cmd(cmd);

	fc->bvec = NULL;
	fc->sg = cmd->sg;
	fc->sg_offset = 0;
	fc->done = 0;
	fc->len = len;
	fc->write = write;
	fc->fua = fua;
}

/* Describe what is left, or as much of it as @max pieces are. */
static void fileio_map(const struct fileio_cmd *fc, struct bio_vec *bvec,
		       unsigned int max, struct iov_iter *iter)
{
	u32 left = fc->len - fc->done, offset = fc->sg_offset;
	struct scatterlist *sg = fc->sg;
	unsigned int nr = 0;
	size_t bytes = 0;

	while (bytes < left && nr < max) {
		u32 n = min_t(u32, sg->length - offset, left - bytes);

		bvec_set_page(&bvec[nr++], sg_page(sg), n, sg->offset + offset);
		bytes += n;
		offset = 0;
		sg = sg_next(sg);
	}
	iov_iter_bvec(iter, fc->write ? ITER_SOURCE : ITER_DEST, bvec, nr,
		      bytes);
}

static void fileio_advance(struct fileio_cmd *fc, u32 bytes)
{
	fc->done += bytes;
	bytes += fc->sg_offset;
	while (bytes && bytes >= fc->sg->length) {
		bytes -= fc->sg->length;
		fc->sg = sg_next(fc->sg);
	}
	fc->sg_offset = bytes;
}

/* ------------------------------------------------------------------------
 * What exec() can do
 */

static bool fileio_folio_ok(const struct folio *folio)
{
	return folio_test_uptodate(folio) && !folio_test_hwpoison(folio) &&
	       !folio_test_has_hwpoisoned(folio);
}

/* Zeros for a page that there never was; 0 bytes when it is swapped out. */
static size_t fileio_read_hole(struct address_space *mapping, loff_t pos,
			       struct iov_iter *iter)
{
	if (xa_load(&mapping->i_pages, pos >> PAGE_SHIFT))
		return 0;
	return iov_iter_zero(min(PAGE_SIZE - offset_in_page(pos),
				 iov_iter_count(iter)), iter);
}

static size_t fileio_read_folio(struct address_space *mapping,
				struct folio *folio, loff_t pos,
				struct iov_iter *iter)
{
	size_t offset = offset_in_folio(folio, pos);
	size_t n = min(folio_size(folio) - offset, iov_iter_count(iter));

	if (!fileio_folio_ok(folio))
		return 0;
	if (mapping_writably_mapped(mapping))
		flush_dcache_folio(folio);
	folio_mark_accessed(folio);
	return copy_folio_to_iter(folio, offset, n, iter);
}

/* The folios at the beginning of a range that are in memory, without a gap. */
static unsigned int fileio_get_folios(struct address_space *mapping, loff_t pos,
				      size_t len, struct folio_batch *batch)
{
	pgoff_t first = pos >> PAGE_SHIFT;
	pgoff_t last = (pos + len - 1) >> PAGE_SHIFT;
	struct folio *folio;

	folio_batch_init(batch);
	if (first < last)
		return filemap_get_folios_contig(mapping, &first, last, batch);
	folio = filemap_get_folio(mapping, first);
	if (IS_ERR(folio))
		return 0;
	folio_batch_add(batch, folio);
	return 1;
}

/* Returns how many bytes it could copy at once, 0 when a worker is needed. */
static size_t fileio_read_folios(struct address_space *mapping, loff_t pos,
				 struct iov_iter *iter)
{
	struct folio_batch batch;
	unsigned int i, nr;
	size_t n, done = 0;
	bool more = true;

	nr = fileio_get_folios(mapping, pos, iov_iter_count(iter), &batch);
	if (!nr)
		return fileio_read_hole(mapping, pos, iter);
	for (i = 0; i < nr; i++) {
		if (more) {
			n = fileio_read_folio(mapping, batch.folios[i],
					      pos + done, iter);
			done += n;
			more = n;
		}
		folio_put(batch.folios[i]);
	}
	return done;
}

/* Copy to a folio, as a program that has mapped it would. */
static size_t fileio_write_folio(struct address_space *mapping, loff_t pos,
				 struct iov_iter *iter)
{
	struct folio *folio;
	size_t offset, n;

	folio = filemap_get_folio(mapping, pos >> PAGE_SHIFT);
	if (IS_ERR(folio))
		return 0;

	n = 0;
	if (folio_trylock(folio)) {
		/* Else it was truncated, or is being swapped out. */
		if (folio->mapping == mapping && fileio_folio_ok(folio)) {
			offset = offset_in_folio(folio, pos);
			n = min(folio_size(folio) - offset,
				iov_iter_count(iter));
			n = copy_folio_from_iter(folio, offset, n, iter);
			flush_dcache_folio(folio);
			folio_mark_dirty(folio);
			folio_mark_accessed(folio);
		}
		folio_unlock(folio);
	}
	folio_put(folio);
	return n;
}

static bool fileio_shmem_allows(const struct fileio_cmd *fc,
				struct inode *inode)
{
	if (vdisk_pos(fileio_to_cmd(fc)) + fc->len > i_size_read(inode))
		return false;
	return !fc->write || !(READ_ONCE(SHMEM_I(inode)->seals) &
			       (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE));
}

/*
 * Use what tmpfs has in memory.  Its functions know no IOCB_NOWAIT: they wait
 * for a page to be swapped in, which may need what the submitter holds, and to
 * write for a lock that is held meanwhile.
 */
static void fileio_rw_shmem(struct scst_cmd *cmd)
{
	struct fileio_cmd *fc = to_fileio_cmd(cmd);
	struct file *file = to_fileio(cmd)->file;
	struct address_space *mapping = file->f_mapping;
	loff_t pos = vdisk_pos(cmd);
	struct iov_iter iter;
	size_t n;

	if (!fileio_shmem_allows(fc, mapping->host))
		return;
	while (fc->done < fc->len) {
		fileio_map(fc, fc->inline_bvec, FILEIO_NR_BVECS, &iter);
		while (iov_iter_count(&iter)) {
			if (fc->write)
				n = fileio_write_folio(mapping, pos + fc->done,
						       &iter);
			else
				n = fileio_read_folios(mapping, pos + fc->done,
						       &iter);
			if (!n)
				return;
			fileio_advance(fc, n);
		}
	}
	if (fc->write)
		file_update_time(file);
}

/*
 * Each call of the file system has its price.  Returns NULL if the inline ones
 * suffice, or have to.
 */
static struct bio_vec *fileio_more_bvecs(const struct fileio_cmd *fc, int flags,
					 unsigned int *nr)
{
	gfp_t gfp = flags & IOCB_NOWAIT ? GFP_NOWAIT : GFP_NOIO | __GFP_NORETRY;
	unsigned int want;
	struct bio_vec *bvec;

	want = sg_nents_for_len(fc->sg, fc->sg_offset + fc->len - fc->done);
	if (want <= FILEIO_NR_BVECS)
		return NULL;
	want = min(want, FILEIO_MAX_BVECS);
	bvec = kmalloc_array(want, sizeof(*bvec),
			     gfp | __GFP_NOWARN | __GFP_NOMEMALLOC);
	if (bvec)
		*nr = want;
	return bvec;
}

/*
 * Read or write what is left.  Returns 0 or a negative errno; fc->done tells
 * how far it went.
 */
static int fileio_rw(struct scst_cmd *cmd, int flags)
{
	struct file *file = to_fileio(cmd)->file;
	struct fileio_cmd *fc = to_fileio_cmd(cmd);
	unsigned int nr = FILEIO_NR_BVECS;
	struct bio_vec *more __free(kfree) = fileio_more_bvecs(fc, flags, &nr);
	struct iov_iter iter;
	struct kiocb iocb;
	ssize_t n;

	while (fc->done < fc->len) {
		fileio_map(fc, more ?: fc->inline_bvec, nr, &iter);
		init_sync_kiocb(&iocb, file);
		iocb.ki_pos = vdisk_pos(cmd) + fc->done;
		iocb.ki_flags |= flags;
		if (fc->write)
			n = file->f_op->write_iter(&iocb, &iter);
		else
			n = file->f_op->read_iter(&iocb, &iter);
		/* The file ends where the unit does not. */
		if (n <= 0)
			return n ?: -EIO;
		fileio_advance(fc, n);
	}
	return 0;
}

/* ------------------------------------------------------------------------
 * What a worker does
 */

/*
 * Has writeback failed since this was asked last?  For others this is no news, but
 * only when it has been counted: under the lock, so that none of them says in
 * between that all is well.
 */
static int fileio_check_writeback(struct vdisk *vd)
{
	struct fileio *fi = vd->store;
	int err;

	guard(spinlock)(&fi->wb_lock);
	err = errseq_check_and_advance(&fi->file->f_mapping->wb_err,
				       &fi->wb_err);
	if (err)
		vdisk_data_lost(vd, err);
	return err;
}

static int fileio_flush(struct vdisk *vd, u64 pos, u64 len)
{
	struct fileio *fi = vd->store;
	u64 last = len ? pos + len - 1 : LLONG_MAX;
	int ret, err;

	ret = vfs_fsync_range(fi->file, pos, last, 1);
	err = fileio_check_writeback(vd);
	/* There are other errors: of the journal, of the cache of the device. */
	if (ret && !err)
		vdisk_data_lost(vd, ret);
	return ret ?: err;
}

/* What somebody uses stays: there is no other copy for it to differ from. */
static void fileio_drop_cache(struct vdisk *vd, u64 pos, u64 len)
{
	struct fileio *fi = vd->store;
	struct address_space *mapping = fi->file->f_mapping;

	if (!fi->direct && mapping_can_writeback(mapping))
		invalidate_inode_pages2_range(mapping, pos >> PAGE_SHIFT,
					      (pos + len - 1) >> PAGE_SHIFT);
}

static void fileio_read_ahead(struct vdisk *vd, u64 pos, u64 len)
{
	struct fileio *fi = vd->store;

	vfs_fadvise(fi->file, pos, len, POSIX_FADV_WILLNEED);
}

static scst_sense_t fileio_work_sync(struct scst_cmd *cmd)
{
	int ret = fileio_flush(to_vdisk(cmd->dev), vdisk_pos(cmd),
			       vdisk_len(cmd));

	return vdisk_sync_end(cmd, ret);
}

static scst_sense_t fileio_work_read(struct scst_cmd *cmd)
{
	int ret = fileio_rw(cmd, 0);

	return ret ? fileio_error(cmd, ret) : SCST_GOOD;
}

static scst_sense_t fileio_work_write(struct scst_cmd *cmd)
{
	struct fileio_cmd *fc = to_fileio_cmd(cmd);
	struct file *file = to_fileio(cmd)->file;
	int ret;

	file_start_write(file);
	ret = fileio_rw(cmd, 0);
	file_end_write(file);
	vdisk_space_used(to_vdisk(cmd->dev));
	if (ret)
		return fileio_error(cmd, ret);
	return fc->fua ? vdisk_flush(cmd, vdisk_pos(cmd), fc->len) : SCST_GOOD;
}

/* The whole command by direct I/O once more, on a buffer that suits it. */
static scst_sense_t fileio_direct_copy(struct scst_cmd *cmd)
{
	struct fileio_cmd *fc = to_fileio_cmd(cmd);

	if (!fc->write)
		return vdisk_read_sg(cmd, fc->len);
	return vdisk_write_sg(cmd, fc->len, fc->fua);
}

/*
 * Direct I/O has ended early, or would not begin: the alignment of the buffer
 * may not suit it.
 */
static scst_sense_t fileio_work_direct_end(struct scst_cmd *cmd)
{
	struct fileio_cmd *fc = to_fileio_cmd(cmd);
	long ret = (long)fc->iocb.private;

	if (ret >= 0 || ret == -EINVAL || ret == -EAGAIN || ret == -EOPNOTSUPP)
		return fileio_direct_copy(cmd);
	/* With IOCB_DSYNC it may be a flush of the device's cache. */
	if (fc->write && fc->fua && !vdisk_is_full(ret))
		vdisk_data_lost(to_vdisk(cmd->dev), ret);
	return fileio_error(cmd, ret);
}

static void fileio_direct_put(struct fileio_cmd *fc)
{
	struct scst_cmd *cmd = fileio_to_cmd(fc);

	if (!atomic_dec_and_test(&fc->iocb_ref))
		return;
	kfree(fc->bvec);
	if (likely((long)fc->iocb.private == fc->len))
		scst_cmd_done(cmd, SCST_GOOD);
	else
		vdisk_queue_work(cmd, fileio_work_direct_end);
}

static void fileio_direct_done(struct kiocb *iocb, long ret)
{
	struct fileio_cmd *fc = container_of(iocb, struct fileio_cmd, iocb);

	if (fc->write && to_fileio(fileio_to_cmd(fc))->regular)
		kiocb_end_write(iocb);
	iocb->private = (void *)ret;
	fileio_direct_put(fc);
}

static struct bio_vec *fileio_alloc_bvec(struct fileio_cmd *fc,
					 unsigned int nr)
{
	if (nr <= FILEIO_NR_BVECS)
		return fc->inline_bvec;
	fc->bvec = kmalloc_array(nr, sizeof(*fc->bvec),
				 GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN);
	return fc->bvec;
}

static scst_sense_t fileio_work_direct(struct scst_cmd *cmd)
{
	struct fileio_cmd *fc = to_fileio_cmd(cmd);
	struct fileio *fi = to_fileio(cmd);
	struct kiocb *iocb = &fc->iocb;
	struct bio_vec *bvec;
	struct iov_iter iter;
	unsigned int nr;
	ssize_t ret;

	nr = sg_nents_for_len(fc->sg, fc->len);
	bvec = fileio_alloc_bvec(fc, nr);
	if (!bvec)
		return fileio_direct_copy(cmd);
	fileio_map(fc, bvec, nr, &iter);

	atomic_set(&fc->iocb_ref, 2);
	init_sync_kiocb(iocb, fi->file);
	iocb->ki_pos = vdisk_pos(cmd);
	iocb->ki_flags |= IOCB_DIRECT;
	iocb->ki_complete = fileio_direct_done;
	iocb->private = NULL;
	if (fc->write) {
		if (fc->fua)
			iocb->ki_flags |= IOCB_DSYNC;
		if (fi->regular)
			kiocb_start_write(iocb);
		ret = fi->file->f_op->write_iter(iocb, &iter);
	} else {
		ret = fi->file->f_op->read_iter(iocb, &iter);
	}
	if (ret != -EIOCBQUEUED)
		fileio_direct_done(iocb, ret);
	/* It has got its space, and does not end before the next line. */
	if (fc->write)
		vdisk_space_used(to_vdisk(cmd->dev));
	fileio_direct_put(fc);
	return SCST_PENDING;
}

static int fileio_rw_iter(const struct fileio *fi, struct iov_iter *iter,
			  u64 pos, bool direct)
{
	struct file *file = fi->file;
	struct kiocb iocb;
	ssize_t n;

	init_sync_kiocb(&iocb, file);
	iocb.ki_pos = pos;
	if (direct)
		iocb.ki_flags |= IOCB_DIRECT;
	while (iov_iter_count(iter)) {
		if (iov_iter_rw(iter) == ITER_SOURCE)
			n = file->f_op->write_iter(&iocb, iter);
		else
			n = file->f_op->read_iter(&iocb, iter);
		/* The file ends where the unit does not. */
		if (n <= 0)
			return n ?: -EIO;
	}
	return 0;
}

/* The memory is one of kmalloc(): contiguous, and one bvec. */
static int fileio_rw_buf(const struct fileio *fi, void *buf, u32 len, u64 pos,
			 bool write, bool direct)
{
	struct bio_vec bvec;
	struct iov_iter iter;

	bvec_set_virt(&bvec, buf, len);
	iov_iter_bvec(&iter, write ? ITER_SOURCE : ITER_DEST, &bvec, 1, len);
	return fileio_rw_iter(fi, &iter, pos, direct);
}

/* The memory is one of kvmalloc(), which is nothing for direct I/O. */
static int fileio_rw_kvec(const struct fileio *fi, void *buf, u32 len, u64 pos,
			  bool write)
{
	struct kvec kvec = { .iov_base = buf, .iov_len = len };
	struct iov_iter iter;

	iov_iter_kvec(&iter, write ? ITER_SOURCE : ITER_DEST, &kvec, 1, len);
	return fileio_rw_iter(fi, &iter, pos, fi->direct);
}

static int fileio_read_buf(struct vdisk *vd, void *buf, u32 len, u64 pos)
{
	const struct fileio *fi = vd->store;

	return fileio_rw_buf(fi, buf, len, pos, false, fi->direct);
}

/* What is in the page cache stays there, and nothing else comes there. */
static int fileio_read_medium(struct vdisk *vd, void *buf, u32 len, u64 pos)
{
	const struct fileio *fi = vd->store;
	u32 direct = 0;
	int ret;

	if (fi->direct_align && IS_ALIGNED(pos, fi->direct_align))
		direct = round_down(len, fi->direct_align);
	if (direct) {
		ret = fileio_rw_buf(fi, buf, direct, pos, false, true);
		if (ret && ret != -EINVAL)
			return ret;
		/* It may want more than it has said. */
		if (ret)
			direct = 0;
	}
	/* The end of a unit whose size is no multiple of that */
	if (direct == len)
		return 0;
	return fileio_read_buf(vd, buf + direct, len - direct, pos + direct);
}

static int fileio_write_buf(struct vdisk *vd, const void *buf, u32 len, u64 pos)
{
	struct fileio *fi = vd->store;
	int ret;

	file_start_write(fi->file);
	ret = fileio_rw_buf(fi, (void *)buf, len, pos, true, fi->direct);
	file_end_write(fi->file);
	vdisk_space_used(vd);
	return ret;
}

/*
 * To a block device, past its page cache, where nothing is but what other programs
 * left there.  It is a bio of ours, since a kiocb that is atomic takes the memory of
 * a program alone, see generic_atomic_write_valid().
 */
static scst_sense_t fileio_write_atomic_bdev(struct scst_cmd *cmd, u32 len,
					     bool fua)
{
	struct file *file = to_fileio(cmd)->file;
	struct address_space *mapping = file->f_mapping;
	struct block_device *bdev = I_BDEV(mapping->host);
	u64 pos = vdisk_pos(cmd);
	struct kiocb iocb;
	scst_sense_t sense;
	int ret;

	/* The block layer would only warn. */
	if (bdev_read_only(bdev))
		return vdisk_errno_error(cmd, -EPERM, true, cmd->lba);
	init_sync_kiocb(&iocb, file);
	iocb.ki_pos = pos;
	ret = kiocb_invalidate_pages(&iocb, len);
	/* Somebody uses a page. */
	if (ret == -EBUSY)
		return SCST_BUSY;
	if (ret)
		return vdisk_errno_error(cmd, ret, true, cmd->lba);
	sense = vdisk_bdev_write_atomic(cmd, bdev, len, fua);
	/* What another program has made dirty meanwhile will be over it. */
	if (invalidate_inode_pages2_range(mapping, pos >> PAGE_SHIFT,
					  (pos + len - 1) >> PAGE_SHIFT))
		errseq_set(&mapping->wb_err, -EIO);
	return sense;
}

/*
 * The memory that is written to survives a power failure (nv_cache), or is lost
 * altogether (tmpfs), so that only an error could leave half of it behind: for
 * lack of space, or of a page that cannot be read.
 */
static scst_sense_t fileio_write_atomic(struct scst_cmd *cmd, u32 len, bool fua)
{
	struct fileio *fi = to_fileio(cmd);
	u64 pos = vdisk_pos(cmd);
	scst_sense_t sense;
	int ret;

	if (fi->direct)
		return fileio_write_atomic_bdev(cmd, len, fua);
	/* With PF_MEMALLOC_NOIO; vmalloc() wants no other flags. */
	void *old __free(kvfree) = kvmalloc(len, GFP_KERNEL | __GFP_NOWARN);
	if (!old)
		return SCST_BUSY;
	ret = fileio_rw_kvec(fi, old, len, pos, false);
	if (ret)
		return vdisk_errno_error(cmd, ret, false, cmd->lba);

	fileio_init_cmd(cmd, len, true, fua);
	sense = fileio_work_write(cmd);
	if (sense != SCST_GOOD) {
		file_start_write(fi->file);
		fileio_rw_kvec(fi, old, len, pos, true);
		file_end_write(fi->file);
	}
	return sense;
}

/* A block device says -EINVAL for what is not aligned to its blocks. */
static int fileio_fallocate(struct vdisk *vd, int mode, u64 pos, u64 len)
{
	struct fileio *fi = vd->store;
	int ret;

	ret = vfs_fallocate(fi->file, mode | FALLOC_FL_KEEP_SIZE, pos, len);
	return ret == -EINVAL ? -EOPNOTSUPP : ret;
}

static int fileio_unmap(struct vdisk *vd, u64 pos, u64 len)
{
	return fileio_fallocate(vd, FALLOC_FL_PUNCH_HOLE, pos, len);
}

static int fileio_zero(struct vdisk *vd, u64 pos, u64 len, bool unmap)
{
	int ret = fileio_fallocate(vd, unmap ? FALLOC_FL_PUNCH_HOLE :
					       FALLOC_FL_ZERO_RANGE, pos, len);

	if (!unmap)
		vdisk_space_used(vd);
	return ret;
}

static int fileio_clone(struct vdisk *dst, u64 dst_pos, struct vdisk *src,
			u64 src_pos, u64 len, bool fua)
{
	struct fileio *from = src->store, *to = dst->store;
	int losses = atomic_read(&dst->losses), ret;
	loff_t n;

	n = vfs_clone_file_range(from->file, src_pos, to->file, dst_pos, len,
				 0);
	/* A file system may have to split what it shares. */
	vdisk_space_used(dst);
	if (n < 0)
		return n;
	if (n != len)
		return -EIO;
	if (!fua)
		return 0;
	ret = fileio_flush(dst, dst_pos, len);
	return ret ?: vdisk_check_losses(dst, losses);
}

/*
 * What is called a hole has no data; there may be space for it.  Behind the end of a
 * file that is too short is none.  The position of the open file, which this moves,
 * means nothing to us.
 */
static int fileio_map_space(struct vdisk *vd, u64 pos, u64 *len, bool *mapped)
{
	struct fileio *fi = vd->store;
	u64 size = i_size_read(fi->file->f_mapping->host);
	loff_t next;

	if (pos >= size)
		return -EIO;
	*len = min(*len, size - pos);
	next = vfs_llseek(fi->file, pos, SEEK_DATA);
	*mapped = next == pos;
	if (*mapped)
		next = vfs_llseek(fi->file, pos, SEEK_HOLE);
	/* No data up to the end of the file */
	else if (next == -ENXIO)
		return 0;
	if (next < 0)
		return next;
	*len = min_t(u64, *len, next - pos);
	return 0;
}

/* ------------------------------------------------------------------------
 * exec()
 */

/*
 * Try without waiting.  current->journal_info is the submitter's transaction,
 * which another file system would take for its own.  tmpfs has none.
 */
static void fileio_rw_nowait(struct scst_cmd *cmd)
{
	const struct fileio *fi = to_fileio(cmd);

	if (fi->shmem)
		fileio_rw_shmem(cmd);
	else if (fi->nowait_read && !to_fileio_cmd(cmd)->write &&
		 !current->journal_info)
		/* IOCB_NOIO: even to look for a block may need I/O. */
		fileio_rw(cmd, IOCB_NOWAIT | IOCB_NOIO);
}

static scst_sense_t fileio_exec_rw(struct scst_cmd *cmd, u32 len, bool write,
				   bool fua)
{
	fileio_init_cmd(cmd, len, write, fua);
	if (to_fileio(cmd)->direct)
		return vdisk_queue_work(cmd, fileio_work_direct);
	fileio_rw_nowait(cmd);
	if (to_fileio_cmd(cmd)->done == len)
		return SCST_GOOD;
	return vdisk_queue_work(cmd, write ? fileio_work_write :
					     fileio_work_read);
}

static scst_sense_t fileio_read(struct scst_cmd *cmd, u32 len)
{
	return fileio_exec_rw(cmd, len, false, false);
}

static scst_sense_t fileio_write(struct scst_cmd *cmd, u32 len, bool fua)
{
	return fileio_exec_rw(cmd, len, true, fua);
}

static scst_sense_t fileio_sync(struct scst_cmd *cmd, u64 pos, u64 len)
{
	struct vdisk *vd = to_vdisk(cmd->dev);

	/* Memory is the medium. */
	if (to_fileio(cmd)->shmem)
		return SCST_GOOD;
	if (!vd->p.nv_cache)
		return vdisk_queue_work(cmd, fileio_work_sync);
	return vdisk_sync_end(cmd, fileio_check_writeback(vd));
}

/* ------------------------------------------------------------------------
 * Opening and closing
 */

/*
 * Opening other kinds of files may wait or do something.  What is there when it
 * is opened is looked at again; who can change it is root.
 */
static int fileio_check_type(umode_t mode)
{
	if (S_ISDIR(mode))
		return -EISDIR;
	return S_ISREG(mode) || S_ISBLK(mode) ? 0 : -EINVAL;
}

/* A block device is free for others when this returns. */
static void fileio_close_file(struct file *file)
{
	if (S_ISBLK(file_inode(file)->i_mode))
		bdev_fput(file);
	else
		fput(file);
}

static struct file *fileio_open_file(const struct vdisk *vd)
{
	/* O_EXCL: nobody else has a block device in exclusive use. */
	int flags = O_LARGEFILE | O_NOATIME | O_EXCL;
	struct path path;
	int ret;

	ret = kern_path(vd->filename, LOOKUP_FOLLOW, &path);
	if (ret)
		return ERR_PTR(ret);
	ret = fileio_check_type(d_backing_inode(path.dentry)->i_mode);
	path_put(&path);
	if (ret)
		return ERR_PTR(ret);
	return filp_open(vd->filename,
			 flags | (vd->p.read_only ? O_RDONLY : O_RDWR), 0);
}

static int fileio_check_file(const struct vdisk *vd, const struct file *file)
{
	struct inode *inode = file->f_mapping->host;
	int ret;

	ret = fileio_check_type(inode->i_mode);
	if (ret)
		return ret;
	if (IS_SWAPFILE(inode))
		return -ETXTBSY;
	if (!file->f_op->read_iter || !file->f_op->fsync)
		return -EINVAL;
	if (vd->p.o_direct && !(file->f_mode & FMODE_CAN_ODIRECT))
		return -EINVAL;
	if (vd->p.read_only)
		return 0;
	if (S_ISBLK(inode->i_mode) && bdev_read_only(I_BDEV(inode)))
		return -EROFS;
	return file->f_op->write_iter ? 0 : -EINVAL;
}

/* What is best for the device is for a file on it too. */
static void fileio_set_bdev_io_limits(struct vdisk_limits *limits,
				      struct block_device *bdev)
{
	limits->physical_size = max(limits->physical_size,
				    bdev_physical_block_size(bdev));
	limits->opt_granularity = bdev_io_min(bdev);
	limits->opt_xfer = bdev_io_opt(bdev);
}

static void fileio_set_bdev_limits(struct vdisk_limits *limits,
				   struct block_device *bdev)
{
	fileio_set_bdev_io_limits(limits, bdev);
	limits->misalignment = max(bdev_alignment_offset(bdev), 0);
	limits->unmap_granularity = bdev_discard_granularity(bdev);
	limits->unmap_alignment = bdev_discard_alignment(bdev);
	/* FALLOC_FL_PUNCH_HOLE is REQ_OP_WRITE_ZEROES there. */
	limits->can_unmap = bdev_write_zeroes_sectors(bdev);
	limits->rotational = !bdev_nonrot(bdev);
}

static void fileio_set_file_limits(struct vdisk_limits *limits,
				   const struct file *file)
{
	const struct inode *inode = file->f_mapping->host;
	struct block_device *bdev = inode->i_sb->s_bdev;

	/*
	 * What is smaller has to be read before it is written.  Network file
	 * systems call the size of their requests so.
	 */
	limits->physical_size = i_blocksize(inode);
	if (bdev)
		fileio_set_bdev_io_limits(limits, bdev);
	else
		limits->physical_size = min(i_blocksize(inode), PAGE_SIZE);
	limits->unmap_granularity = limits->physical_size;
	limits->can_unmap = file->f_op->fallocate;
	limits->rotational = bdev && !bdev_nonrot(bdev);
}

/* What direct I/O wants offsets and lengths to be multiples of */
static u32 fileio_direct_align(const struct file *file)
{
	struct inode *inode = file->f_mapping->host;
	struct block_device *bdev = inode->i_sb->s_bdev;
	struct kstat stat;

	if (S_ISBLK(inode->i_mode))
		return bdev_logical_block_size(I_BDEV(inode));
	/* Zero means that this file does not do it. */
	if (!vfs_getattr(&file->f_path, &stat, STATX_DIOALIGN,
			 AT_STATX_SYNC_AS_STAT) &&
	    (stat.result_mask & STATX_DIOALIGN))
		return stat.dio_offset_align;
	return bdev ? bdev_logical_block_size(bdev) : VDISK_MIN_BLOCK_SIZE;
}

/*
 * What is written through the page cache goes to the medium page by page.  Of
 * regular files, no file system has atomic writes that the kernel could make.
 */
static void fileio_set_atomic_limits(struct vdisk_limits *limits,
				     const struct vdisk *vd,
				     const struct fileio *fi)
{
	if (fi->shmem || (vd->p.nv_cache && !fi->direct))
		limits->atomic_max = VDISK_MAX_ATOMIC;
	else if (fi->direct && !fi->regular)
		vdisk_bdev_atomic_limits(limits,
					 I_BDEV(fi->file->f_mapping->host));
}

static void fileio_set_limits(struct vdisk_limits *limits,
			      const struct vdisk *vd, const struct fileio *fi)
{
	struct inode *inode = fi->file->f_mapping->host;

	if (S_ISBLK(inode->i_mode))
		fileio_set_bdev_limits(limits, I_BDEV(inode));
	else
		fileio_set_file_limits(limits, fi->file);
	if (fi->direct)
		limits->block_size = fi->direct_align;
	limits->size = i_size_read(inode);
	/* Parts of a page have to be read first. */
	limits->opt_granularity = max(limits->opt_granularity, PAGE_SIZE);
	if (fi->regular && fi->file->f_op->remap_file_range) {
		limits->clone_size = i_blocksize(inode);
		limits->clone_domain = inode->i_sb;
	}
	limits->unmap_zeroes = limits->can_unmap;
	limits->cached = !fi->direct;
	limits->medium_align = fi->direct_align;
	fileio_set_atomic_limits(limits, vd, fi);
	limits->has_space = S_ISREG(inode->i_mode);
}

static void fileio_init(struct fileio *fi, const struct vdisk *vd)
{
	struct file *file = fi->file;

	spin_lock_init(&fi->wb_lock);
	fi->wb_err = filemap_sample_wb_err(file->f_mapping);
	fi->regular = S_ISREG(file_inode(file)->i_mode);
	fi->shmem = shmem_file(file);
	/* A block device takes a lock that is held during I/O. */
	fi->nowait_read = (file->f_mode & FMODE_NOWAIT) && fi->regular;
	/* tmpfs takes O_DIRECT, but has nothing else than the page cache. */
	if (!fi->shmem && (file->f_mode & FMODE_CAN_ODIRECT))
		fi->direct_align = fileio_direct_align(file);
	fi->direct = vd->p.o_direct && fi->direct_align;
	/*
	 * Over a network, a file is flushed as a whole, with everybody kept out of it,
	 * for each change between direct and other I/O.
	 */
	if (!fi->direct && fi->regular && !file_inode(file)->i_sb->s_bdev)
		fi->direct_align = 0;
}

/*
 * Memory for the page cache must not be reclaimed by writing to a file system
 * on this very disk, whoever asks for the page.  It stays so as long as the
 * inode is in memory: there may be another user who needs it.
 */
static void fileio_limit_reclaim(struct address_space *mapping)
{
	mapping_set_gfp_mask(mapping, mapping_gfp_mask(mapping) &
				      ~(__GFP_IO | __GFP_FS));
}

/* The block device, or the one that the file system has */
static int fileio_add_lower(struct vdisk *vd, struct fileio *fi)
{
	struct inode *inode = fi->file->f_mapping->host;
	struct file *on = S_ISBLK(inode->i_mode) ? fi->file :
			  inode->i_sb->s_bdev_file;

	return on ? vdisk_add_lower(vd, &fi->lower, file_bdev(on)) : 0;
}

static int fileio_open_checked(struct vdisk *vd, struct fileio *fi)
{
	int ret;

	fi->file = fileio_open_file(vd);
	if (IS_ERR(fi->file))
		return PTR_ERR(fi->file);
	ret = fileio_check_file(vd, fi->file);
	if (!ret)
		ret = fileio_add_lower(vd, fi);
	if (ret)
		fileio_close_file(fi->file);
	return ret;
}

static int fileio_open(struct vdisk *vd, struct vdisk_limits *limits)
{
	struct fileio *fi;
	int ret;

	fi = kzalloc(sizeof(*fi), GFP_KERNEL);
	if (!fi)
		return -ENOMEM;

	ret = fileio_open_checked(vd, fi);
	if (ret) {
		kfree(fi);
		dev_err(&vd->dev->dev, "cannot use file %.256s: %pe\n",
			vd->filename, ERR_PTR(ret));
		return ret;
	}
	fileio_init(fi, vd);
	fileio_limit_reclaim(fi->file->f_mapping);
	fileio_set_limits(limits, vd, fi);
	vd->store = fi;
	return 0;
}

static void fileio_close(struct vdisk *vd)
{
	struct fileio *fi = vd->store;

	vd->store = NULL;
	scst_lower_del(vd->dev, &fi->lower);
	fileio_close_file(fi->file);
	kfree(fi);
}

static int fileio_get_size(struct vdisk *vd, u64 *size)
{
	struct fileio *fi = vd->store;

	*size = i_size_read(fi->file->f_mapping->host);
	return 0;
}

/* Of the file, and of its file system */
static int fileio_get_space(struct vdisk *vd, struct vdisk_space *space)
{
	struct fileio *fi = vd->store;
	struct kstatfs st;
	u32 unit;
	int ret;

	ret = vfs_statfs(&fi->file->f_path, &st);
	if (ret)
		return ret;
	unit = st.f_frsize ?: st.f_bsize;
	space->total = st.f_blocks * unit;
	space->available = st.f_bavail * unit;
	space->used = inode_get_bytes(fi->file->f_mapping->host);
	return 0;
}

const struct vdisk_ops vdisk_fileio_ops = {
	.open		= fileio_open,
	.close		= fileio_close,
	.get_size	= fileio_get_size,
	.read		= fileio_read,
	.write		= fileio_write,
	.sync		= fileio_sync,
	.flush		= fileio_flush,
	.drop_cache	= fileio_drop_cache,
	.read_ahead	= fileio_read_ahead,
	.read_buf	= fileio_read_buf,
	.read_medium	= fileio_read_medium,
	.write_buf	= fileio_write_buf,
	.write_atomic	= fileio_write_atomic,
	.unmap		= fileio_unmap,
	.zero		= fileio_zero,
	.clone		= fileio_clone,
	.get_space	= fileio_get_space,
	.map		= fileio_map_space,
};
