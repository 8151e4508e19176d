// SPDX-License-Identifier: GPL-2.0
/*
 * Self-tests (SPC-6, device self-tests): blocks of the store are read.
 *
 * One in the foreground reads some blocks while its command executes.  One in the
 * background goes on when its command has ended, and initiators come first: its work
 * item reads a piece and queues itself again, later when they have read or written
 * meanwhile.  Extended, and in the background, it reads all blocks; where somebody
 * waits for it that would be too long.
 */

#include <kunit/visibility.h>
#include <linux/jiffies.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include "vdisk.h"

/* SELF-TEST CODE */
#define SELF_TEST_BACKGROUND_SHORT	1
#define SELF_TEST_BACKGROUND_EXTENDED	2
#define SELF_TEST_RESERVED		3
#define SELF_TEST_ABORT			4	/* the one in the background */
#define SELF_TEST_SHORT			5
#define SELF_TEST_EXTENDED		6

/* Blocks that are read, from the first one to the last */
#define SELF_TEST_SHORT_BLOCKS		3
#define SELF_TEST_MANY_BLOCKS		256

/* In the background: what is read at once, and the pause after it if there was I/O */
#define SELF_TEST_PIECE			((u64)SZ_1M)
#define SELF_TEST_PAUSE			(HZ / 10)

/* Bytes a second, for how long an extended one takes where nothing interrupts it */
#define SELF_TEST_RATE			((u64)SZ_128M)

/* SPC-6: there is room for so many, the newest first. */
static void self_test_remember(struct vdisk *vd, u8 code,
			       enum vdisk_self_test_result result, u64 lba)
{
	struct vdisk_self_test *results = vd->self_tests.results;
	u64 hours = div_u64(ktime_get_boottime_seconds(), 3600);

	lockdep_assert_held(&vd->id_lock);
	memmove(results + 1, results,
		(VDISK_NR_SELF_TESTS - 1) * sizeof(*results));
	results[0] = (struct vdisk_self_test) {
		.done = true,
		.code = code,
		.result = result,
		.hours = min(hours, U16_MAX),
		.lba = lba,
	};
}

/* ------------------------------------------------------------------------
 * Reading
 */

static int self_test_try(struct vdisk *vd, void *buf, u32 len, u64 pos)
{
	const struct vdisk_ops *ops = vd->type->ops;

	if (ops->read_medium)
		return ops->read_medium(vd, buf, len, pos);
	return ops->read_buf(vd, buf, len, pos);
}

/*
 * Twice, before something is bad: a direct read of a file also reports, and forgets, an
 * error of what was written to it, anywhere.
 */
static int self_test_read(struct vdisk *vd, void *buf, u32 len, u64 pos)
{
	return self_test_try(vd, buf, len, pos) ?
		self_test_try(vd, buf, len, pos) : 0;
}

/* What can be read of the medium at the least, in bytes */
static u32 self_test_grain(const struct vdisk *vd)
{
	return max(vd->dev->block_size, vd->limits.medium_align);
}

static int self_test_read_grain(struct vdisk *vd, void *buf, u64 pos, u64 end,
				u64 *lba)
{
	*lba = pos >> vd->dev->block_shift;
	return self_test_read(vd, buf, min(self_test_grain(vd), end - pos), pos);
}

/*
 * Some blocks, at equal distances.  Returns 0; 1 when @cmd, or NULL, was aborted; or a
 * negative errno, with the first block that was to be read then in @lba.
 */
static int self_test_read_some(struct vdisk *vd, unsigned int nr,
			       const struct scst_cmd *cmd, u64 *lba)
{
	const struct scst_device *dev = vd->dev;
	u64 end = READ_ONCE(dev->nblocks) << dev->block_shift;
	u32 grain = self_test_grain(vd);
	u64 last = round_down(end - 1, grain);
	u64 step = max_t(u64, round_down(div_u64(last, nr - 1), grain), grain);
	u64 pos;
	int ret;

	*lba = 0;
	u8 *buf __free(kfree) = kmalloc(grain, GFP_NOIO);
	if (!buf)
		return -ENOMEM;
	for (pos = 0; nr && pos <= last; nr--, pos += step) {
		/* The step is rounded down. */
		if (nr == 1)
			pos = last;
		if (cmd && scst_cmd_aborted(cmd))
			return 1;
		ret = self_test_read_grain(vd, buf, pos, end, lba);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/*
 * Something of a range could not be read: what is it?  If each part by itself can be,
 * the range is tried once more.
 */
static int self_test_find(struct vdisk *vd, void *buf, u64 pos, u32 len, u64 *lba)
{
	u64 at, end = pos + len;
	int ret;

	for (at = pos; at < end; at += self_test_grain(vd)) {
		ret = self_test_read_grain(vd, buf, at, end, lba);
		if (ret)
			return ret;
		cond_resched();
	}
	*lba = pos >> vd->dev->block_shift;
	return self_test_read(vd, buf, len, pos);
}

/* All blocks of a range; returns as self_test_read_some(). */
static int self_test_read_all(struct vdisk *vd, u64 pos, u64 len, u64 *lba)
{
	u64 end = pos + len;
	u32 size, n;
	int ret;

	*lba = pos >> vd->dev->block_shift;
	void *buf __free(kfree) = vdisk_alloc_chunk(vd->dev, len, &size);
	if (!buf)
		return -ENOMEM;
	for (; pos < end; pos += n) {
		n = min(size, end - pos);
		ret = self_test_read(vd, buf, n, pos);
		if (ret)
			ret = self_test_find(vd, buf, pos, n, lba);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/* How many bytes from @pos on the store has no data for: they are not on the medium. */
static u64 self_test_hole(struct vdisk *vd, u64 pos, u64 len)
{
	const struct vdisk_ops *ops = vd->type->ops;
	bool mapped = true;

	if (!ops->map || ops->map(vd, pos, &len, &mapped) || mapped)
		return 0;
	return round_down(len, vd->dev->block_size);
}

/* ------------------------------------------------------------------------
 * In the foreground
 */

static void self_test_log(struct vdisk *vd, u8 code,
			  enum vdisk_self_test_result result, u64 lba)
{
	guard(spinlock)(&vd->id_lock);
	self_test_remember(vd, code, result, lba);
}

static scst_sense_t self_test_foreground(struct scst_cmd *cmd)
{
	u8 code = VDISK_SELF_TEST_CODE(cmd->cdb[1]);
	struct vdisk *vd = to_vdisk(cmd->dev);
	unsigned int nr = code == SELF_TEST_EXTENDED ? SELF_TEST_MANY_BLOCKS :
						       SELF_TEST_SHORT_BLOCKS;
	u64 lba;
	int ret = self_test_read_some(vd, nr, cmd, &lba);

	if (vdisk_is_transient(ret))
		return SCST_BUSY;
	if (ret < 0) {
		self_test_log(vd, code, VDISK_SELF_TEST_FAILED, lba);
		scst_device_event(cmd->dev, SCST_DEV_EVENT_IO_ERROR);
		return SCST_SENSE_SELF_TEST_FAILED;
	}
	self_test_log(vd, code, ret ? VDISK_SELF_TEST_STOPPED :
				      VDISK_SELF_TEST_PASSED, 0);
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * In the background
 */

static void self_test_end(struct vdisk *vd, enum vdisk_self_test_result result,
			  u64 lba)
{
	struct vdisk_self_tests *t = &vd->self_tests;

	lockdep_assert_held(&vd->id_lock);
	self_test_remember(vd, t->code, result, lba);
	WRITE_ONCE(t->code, 0);
}

/**
 * vdisk_self_test_stop - stop the self-test in the background
 * @vd: virtual disk
 * @result: what is reported of it
 *
 * A piece of it may still be read when this returns.
 *
 * Context: any but interrupts.
 * Return: true when there was one.
 */
bool vdisk_self_test_stop(struct vdisk *vd, enum vdisk_self_test_result result)
{
	guard(spinlock)(&vd->id_lock);
	if (!vd->self_tests.code)
		return false;
	self_test_end(vd, result, 0);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_self_test_stop);

static scst_sense_t self_test_abort(struct scst_cmd *cmd)
{
	if (!vdisk_self_test_stop(to_vdisk(cmd->dev), VDISK_SELF_TEST_ABORTED))
		return scst_cmd_cdb_error(cmd, 1, 7);
	return SCST_GOOD;
}

static bool self_test_is_background(u8 code)
{
	return code == SELF_TEST_BACKGROUND_SHORT ||
	       code == SELF_TEST_BACKGROUND_EXTENDED;
}

static scst_sense_t self_test_background(struct vdisk *vd, u8 code)
{
	struct vdisk_self_tests *t = &vd->self_tests;

	scoped_guard(spinlock, &vd->id_lock) {
		if (t->code)
			return SCST_SENSE_SELF_TEST_IN_PROGRESS;
		WRITE_ONCE(t->code, code);
		WRITE_ONCE(t->pos, 0);
		t->retries = 0;
		t->nr++;
	}
	vdisk_queue_self_test(vd);
	return SCST_GOOD;
}

/**
 * vdisk_self_test - SEND DIAGNOSTIC for a self-test
 * @cmd: command
 * @code: SELF-TEST CODE of it
 *
 * While one goes on in the background there is no other one (SPC-6).
 *
 * Context: see struct scst_dev_type.
 * Return: how @cmd ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_self_test(struct scst_cmd *cmd, u8 code)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	scst_sense_t sense;

	if (code == SELF_TEST_ABORT)
		return self_test_abort(cmd);
	if (code > SELF_TEST_EXTENDED || code == SELF_TEST_RESERVED)
		return scst_cmd_cdb_error(cmd, 1, 7);
	if (vdisk_self_test_goes_on(vd))
		return SCST_SENSE_SELF_TEST_IN_PROGRESS;
	sense = vdisk_check_medium(cmd->dev);
	if (sense != SCST_GOOD)
		return sense;
	/* What is stored nowhere can be read. */
	if (!vd->worker) {
		self_test_log(vd, code, VDISK_SELF_TEST_PASSED, 0);
		return SCST_GOOD;
	}
	if (self_test_is_background(code))
		return self_test_background(vd, code);
	return vdisk_queue_work(cmd, self_test_foreground);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_self_test);

/**
 * vdisk_self_test_goes_on - is there a self-test in the background?
 * @vd: virtual disk
 *
 * Context: any.
 * Return: true if there is.
 */
bool vdisk_self_test_goes_on(const struct vdisk *vd)
{
	return READ_ONCE(vd->self_tests.code);
}

/**
 * vdisk_self_test_progress - how far is the self-test in the background?
 * @vd: virtual disk
 *
 * Context: any.
 * Return: progress in 65536ths, or -1 when there is none.
 */
int vdisk_self_test_progress(const struct vdisk *vd)
{
	u64 size = READ_ONCE(vd->dev->nblocks) << vd->dev->block_shift;
	u64 pos = READ_ONCE(vd->self_tests.pos);

	if (!vdisk_self_test_goes_on(vd))
		return -1;
	/* The capacity may have changed meanwhile. */
	if (pos >= size)
		return 0xffff;
	return mul_u64_u64_div_u64(pos, 0x10000, size);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_self_test_progress);

/* Bytes to read; where nothing is stored, none */
static u64 self_test_size(const struct vdisk *vd)
{
	if (!vd->type->ops->sync)
		return 0;
	return READ_ONCE(vd->dev->nblocks) << vd->dev->block_shift;
}

/**
 * vdisk_self_test_seconds - how long does an extended self-test take?
 * @vd: virtual disk
 *
 * Context: any.
 * Return: seconds for the control mode page, when nothing interrupts it; 65535 are
 * that or more.
 */
u16 vdisk_self_test_seconds(const struct vdisk *vd)
{
	return min(div_u64(self_test_size(vd), SELF_TEST_RATE) + 1, U16_MAX);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_self_test_seconds);

/**
 * vdisk_self_test_minutes - how long does an extended self-test take?
 * @vd: virtual disk
 *
 * Context: any.
 * Return: minutes for the extended INQUIRY data VPD page; 65535 are that or more.
 */
u16 vdisk_self_test_minutes(const struct vdisk *vd)
{
	return min(div64_u64(self_test_size(vd), SELF_TEST_RATE * 60) + 1,
		   U16_MAX);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_self_test_minutes);

/* Initiators come first. */
static long self_test_pause(struct vdisk *vd)
{
	struct vdisk_self_tests *t = &vd->self_tests;
	u64 stats[SCST_STAT_NR], nr_cmds;
	bool busy;

	scst_device_stats(vd->dev, stats);
	nr_cmds = stats[SCST_STAT_READ_CMDS] + stats[SCST_STAT_WRITE_CMDS];
	busy = nr_cmds != t->nr_cmds;
	t->nr_cmds = nr_cmds;
	return busy ? SELF_TEST_PAUSE : 0;
}

/* What is not on the medium, or a piece of what is. */
static int self_test_extend(struct vdisk *vd, u64 size, u64 *pos, u64 *lba)
{
	u64 len = self_test_hole(vd, *pos, size - *pos);
	int ret = 0;

	if (!len) {
		len = min(size - *pos, SELF_TEST_PIECE);
		ret = self_test_read_all(vd, *pos, len, lba);
	}
	*pos += len;
	return ret;
}

/* A short one needs only one piece.  Returns 0 or a negative errno. */
static int self_test_piece(struct vdisk *vd, u8 code, u64 *pos, u64 *lba)
{
	struct scst_device *dev = vd->dev;
	u64 size = READ_ONCE(dev->nblocks) << dev->block_shift;
	int ret = 0;

	*lba = 0;
	if (code == SELF_TEST_BACKGROUND_SHORT) {
		ret = self_test_read_some(vd, SELF_TEST_SHORT_BLOCKS, NULL, lba);
		*pos = size;
	} else if (*pos < size) {
		ret = self_test_extend(vd, size, pos, lba);
	}
	/* The capacity may have changed meanwhile. */
	return *lba < READ_ONCE(dev->nblocks) ? ret : 0;
}

/* SPC-6: what was not found out is no failure of the medium. */
static enum vdisk_self_test_result self_test_result(int err)
{
	if (!err)
		return VDISK_SELF_TEST_PASSED;
	return vdisk_is_transient(err) ? VDISK_SELF_TEST_UNKNOWN :
					 VDISK_SELF_TEST_FAILED;
}

/* Returns when to go on, in jiffies from now, or -1 at the end, with @result. */
static long self_test_advance(struct vdisk *vd, u32 nr, u64 pos, int err, u64 lba,
			      enum vdisk_self_test_result *result)
{
	u64 size = READ_ONCE(vd->dev->nblocks) << vd->dev->block_shift;
	struct vdisk_self_tests *t = &vd->self_tests;

	*result = VDISK_SELF_TEST_GOES_ON;
	guard(spinlock)(&vd->id_lock);
	/* It was stopped; there may be another one already. */
	if (!t->code || t->nr != nr)
		return t->code ? 0 : -1;
	if (err && vdisk_may_retry(&t->retries, err))
		return HZ;
	t->retries = 0;
	if (!err) {
		WRITE_ONCE(t->pos, pos);
		if (pos < size)
			return 0;
	}
	*result = self_test_result(err);
	self_test_end(vd, *result, lba);
	return -1;
}

/**
 * vdisk_self_test_work - do a piece of the self-test in the background
 * @vd: virtual disk
 *
 * Context: worker.
 * Return: when to do the next one, in jiffies from now; negative when there is none.
 */
long vdisk_self_test_work(struct vdisk *vd)
{
	struct vdisk_self_tests *t = &vd->self_tests;
	enum vdisk_self_test_result result;
	u64 pos, lba;
	long delay;
	u32 nr;
	u8 code;
	int ret;

	scoped_guard(spinlock, &vd->id_lock) {
		code = t->code;
		nr = t->nr;
		pos = t->pos;
	}
	if (!code)
		return -1;
	/* What there was before it began does not count. */
	if (!pos)
		self_test_pause(vd);
	ret = self_test_piece(vd, code, &pos, &lba);
	delay = self_test_advance(vd, nr, pos, ret, lba, &result);
	if (result == VDISK_SELF_TEST_FAILED)
		scst_device_event(vd->dev, SCST_DEV_EVENT_IO_ERROR);
	return delay ? delay : self_test_pause(vd);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_self_test_work);
