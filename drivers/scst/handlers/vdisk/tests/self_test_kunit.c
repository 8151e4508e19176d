// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of self-tests in the background: what they read, how they end, and what the
 * log page tells of them.
 */

#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/workqueue.h>
#include "../vdisk.h"

#define SHORT		1
#define EXTENDED	2
#define ABORT		4

#define NO_BLOCK	U64_MAX

/**
 * struct self_fixture - a disk of 4 MiB
 * @type: its handler
 * @ops: its store
 * @dev: logical unit
 * @cmd: SEND DIAGNOSTIC
 * @vd: disk
 * @cdb: of @cmd
 * @bad: block that cannot be read, or %NO_BLOCK
 * @error: why, a negative errno
 * @nr_errors: how often, before it can
 * @least: so many bytes have to be read at once for that
 * @restart: stop the test, and begin another one, while it reads
 * @bytes: what was read
 */
struct self_fixture {
	struct vdisk_type type;
	struct vdisk_ops ops;
	struct scst_device dev;
	struct scst_cmd cmd;
	struct vdisk vd;
	u8 cdb[6];
	u64 bad;
	int error;
	unsigned int nr_errors;
	u32 least;
	bool restart;
	u64 bytes;
};

/* As SEND DIAGNOSTIC does; the work item is the test's. */
static void self_begin(struct self_fixture *f, u8 code)
{
	f->vd.self_tests.code = code;
	f->vd.self_tests.nr++;
	f->vd.self_tests.pos = 0;
	f->vd.self_tests.retries = 0;
	f->bytes = 0;
}

static int self_read_buf(struct vdisk *vd, void *buf, u32 len, u64 pos)
{
	struct self_fixture *f = container_of(vd, struct self_fixture, vd);
	u64 bad = f->bad << f->dev.block_shift;

	memset(buf, 0, len);
	if (f->restart) {
		f->restart = false;
		vdisk_self_test_stop(vd, VDISK_SELF_TEST_STOPPED);
		self_begin(f, EXTENDED);
	}
	if (f->bad != NO_BLOCK && pos <= bad && bad < pos + len &&
	    len >= f->least && f->nr_errors) {
		f->nr_errors--;
		return f->error;
	}
	f->bytes += len;
	return 0;
}

static scst_sense_t self_sync(struct scst_cmd *cmd, u64 pos, u64 len)
{
	return SCST_GOOD;
}

/* The two MiB in the middle have no space. */
static int self_map(struct vdisk *vd, u64 pos, u64 *len, bool *mapped)
{
	*mapped = pos < SZ_1M || pos >= 3 * SZ_1M;
	if (pos < SZ_1M)
		*len = SZ_1M - pos;
	else if (pos < 3 * SZ_1M)
		*len = 3 * SZ_1M - pos;
	return 0;
}

static void self_event(struct work_struct *work)
{
}

static int self_test_init(struct kunit *test)
{
	struct self_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->ops.read_buf = self_read_buf;
	f->type.ops = &f->ops;
	f->vd.type = &f->type;
	f->vd.dev = &f->dev;
	spin_lock_init(&f->vd.id_lock);
	f->dev.priv = &f->vd;
	f->dev.block_size = 512;
	f->dev.block_shift = 9;
	f->dev.nblocks = SZ_4M / 512;
	spin_lock_init(&f->dev.tgt_dev_lock);
	INIT_LIST_HEAD(&f->dev.tgt_devs);
	INIT_DELAYED_WORK(&f->dev.event_work, self_event);
	f->cmd.dev = &f->dev;
	f->cmd.cdb = f->cdb;
	f->bad = NO_BLOCK;
	f->nr_errors = UINT_MAX;
	return 0;
}

static void self_test_exit(struct kunit *test)
{
	struct self_fixture *f = test->priv;

	cancel_delayed_work_sync(&f->dev.event_work);
}

/* To its end; returns the number of pieces, of which each is @delay after the other. */
static unsigned int self_run(struct kunit *test, long delay)
{
	struct self_fixture *f = test->priv;
	unsigned int nr = 1;
	long ret;

	while ((ret = vdisk_self_test_work(&f->vd)) >= 0 && nr < 1000) {
		KUNIT_EXPECT_EQ(test, ret, delay);
		nr++;
	}
	KUNIT_EXPECT_EQ(test, f->vd.self_tests.code, 0);
	return nr;
}

/* What the log page has at number @nr */
static void expect_log(struct kunit *test, unsigned int nr, u8 code, u8 result,
		       u64 lba)
{
	struct self_fixture *f = test->priv;
	const u8 cdb[10] = { 0x4d, 0, 0x50, 0, 0, 0, 0, 2 };
	u8 *buf = kunit_kzalloc(test, VDISK_LOG_MAX_LEN, GFP_KERNEL);
	u8 *p;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_EQ(test, vdisk_log_sense(&f->vd, cdb, buf), 4 + 20 * 20);
	p = buf + 4 + (nr - 1) * 20;
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(p), nr);
	KUNIT_EXPECT_EQ(test, p[4], code << 5 | result);
	KUNIT_EXPECT_EQ(test, get_unaligned_be64(p + 8), lba);
	KUNIT_EXPECT_EQ(test, get_unaligned_be24(p + 16),
			result == VDISK_SELF_TEST_FAILED ? 0x043e03 : 0);
}

static void passes_test(struct kunit *test)
{
	struct self_fixture *f = test->priv;

	self_begin(f, EXTENDED);
	KUNIT_EXPECT_EQ(test, self_run(test, 0), 4);
	KUNIT_EXPECT_EQ(test, f->bytes, SZ_4M);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_PASSED, U64_MAX);

	self_begin(f, SHORT);
	KUNIT_EXPECT_EQ(test, self_run(test, 0), 1);
	KUNIT_EXPECT_EQ(test, f->bytes, 3 * 512);
	expect_log(test, 1, SHORT, VDISK_SELF_TEST_PASSED, U64_MAX);
	expect_log(test, 2, EXTENDED, VDISK_SELF_TEST_PASSED, U64_MAX);

	/* Not a multiple of a piece */
	f->dev.nblocks = SZ_1M / 512 + 1;
	self_begin(f, EXTENDED);
	KUNIT_EXPECT_EQ(test, self_run(test, 0), 2);
	KUNIT_EXPECT_EQ(test, f->bytes, SZ_1M + 512);
}

/* Each block that can be bad */
static void finds_test(struct kunit *test)
{
	static const u64 blocks[] = { 0, 1, 511, 512, 2047, 2048, 5000, 8191 };
	struct self_fixture *f = test->priv;
	unsigned int i;

	f->error = -EIO;
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		f->bad = blocks[i];
		self_begin(f, EXTENDED);
		self_run(test, 0);
		expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_FAILED, blocks[i]);
	}
	/* A short one reads the last block too, and not the one before it. */
	self_begin(f, SHORT);
	self_run(test, 0);
	expect_log(test, 1, SHORT, VDISK_SELF_TEST_FAILED, 8191);
	f->bad = 8190;
	self_begin(f, SHORT);
	self_run(test, 0);
	expect_log(test, 1, SHORT, VDISK_SELF_TEST_PASSED, U64_MAX);
}

static void retries_test(struct kunit *test)
{
	struct self_fixture *f = test->priv;

	/* As part of a longer read only, twice; an error that was another's */
	f->bad = 100;
	f->error = -EIO;
	f->nr_errors = 2;
	self_begin(f, EXTENDED);
	KUNIT_EXPECT_EQ(test, self_run(test, 0), 4);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_PASSED, U64_MAX);

	/* As part of a longer read, and again */
	f->nr_errors = UINT_MAX;
	f->least = 1024;
	self_begin(f, EXTENDED);
	self_run(test, 0);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_FAILED, 0);
	f->least = 0;

	/* A short one has no part of anything to try. */
	f->bad = 0;
	f->nr_errors = 1;
	self_begin(f, SHORT);
	self_run(test, 0);
	expect_log(test, 1, SHORT, VDISK_SELF_TEST_PASSED, U64_MAX);
	f->bad = 100;

	/* Four reads of each piece fail. */
	f->error = -EAGAIN;
	f->nr_errors = 20;
	self_begin(f, EXTENDED);
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), HZ);
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), HZ);
	KUNIT_EXPECT_EQ(test, f->vd.self_tests.retries, 2);
	f->nr_errors = 0;
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), 0);
	KUNIT_EXPECT_EQ(test, f->vd.self_tests.retries, 0);
	KUNIT_EXPECT_EQ(test, self_run(test, 0), 3);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_PASSED, U64_MAX);

	/* But not for ever */
	f->nr_errors = UINT_MAX;
	self_begin(f, EXTENDED);
	KUNIT_EXPECT_EQ(test, self_run(test, HZ), 31);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_UNKNOWN, U64_MAX);
}

/* What is not there any more cannot be bad. */
static void shrinks_test(struct kunit *test)
{
	struct self_fixture *f = test->priv;

	self_begin(f, EXTENDED);
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), 0);
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), 0);
	f->dev.nblocks = 10;
	KUNIT_EXPECT_EQ(test, vdisk_self_test_progress(&f->vd), 0xffff);
	KUNIT_EXPECT_EQ(test, self_run(test, 0), 1);
	KUNIT_EXPECT_EQ(test, f->bytes, SZ_2M);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_PASSED, U64_MAX);
}

static void stops_test(struct kunit *test)
{
	struct self_fixture *f = test->priv;

	KUNIT_EXPECT_FALSE(test, vdisk_self_test_stop(&f->vd,
						      VDISK_SELF_TEST_STOPPED));
	expect_log(test, 1, 0, 0, 0);
	self_begin(f, EXTENDED);
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), 0);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_GOES_ON, U64_MAX);
	KUNIT_EXPECT_TRUE(test, vdisk_self_test_stop(&f->vd,
						     VDISK_SELF_TEST_STOPPED));
	KUNIT_EXPECT_LT(test, vdisk_self_test_work(&f->vd), 0);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_STOPPED, U64_MAX);
	expect_log(test, 2, 0, 0, 0);
}

/* What a piece of the one before has found is not held against the next. */
static void restarts_test(struct kunit *test)
{
	struct self_fixture *f = test->priv;

	f->error = -EIO;
	f->bad = 0;
	f->restart = true;
	self_begin(f, EXTENDED);
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), 0);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_GOES_ON, U64_MAX);
	expect_log(test, 2, EXTENDED, VDISK_SELF_TEST_STOPPED, U64_MAX);
	expect_log(test, 3, 0, 0, 0);

	f->bad = NO_BLOCK;
	f->restart = true;
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), 0);
	KUNIT_EXPECT_EQ(test, f->vd.self_tests.pos, 0);
	KUNIT_EXPECT_EQ(test, self_run(test, 0), 4);
}

/* The medium is read in larger units than a block. */
static void grain_test(struct kunit *test)
{
	struct self_fixture *f = test->priv;

	f->vd.limits.medium_align = 4096;
	f->error = -EIO;
	f->least = 4096;
	f->bad = 5001;
	self_begin(f, EXTENDED);
	self_run(test, 0);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_FAILED, 5000);
	f->bad = 8191;
	self_begin(f, SHORT);
	self_run(test, 0);
	expect_log(test, 1, SHORT, VDISK_SELF_TEST_FAILED, 8184);
	/* The end is no multiple of that. */
	f->dev.nblocks = 8187;
	f->bad = 8186;
	f->least = 0;
	self_begin(f, SHORT);
	self_run(test, 0);
	expect_log(test, 1, SHORT, VDISK_SELF_TEST_FAILED, 8184);
	f->bad = NO_BLOCK;
	self_begin(f, EXTENDED);
	self_run(test, 0);
	KUNIT_EXPECT_EQ(test, f->bytes, 8187 * 512);
}

static void holes_test(struct kunit *test)
{
	struct self_fixture *f = test->priv;

	f->ops.map = self_map;
	f->error = -EIO;
	f->bad = 5000;
	self_begin(f, EXTENDED);
	KUNIT_EXPECT_EQ(test, self_run(test, 0), 3);
	KUNIT_EXPECT_EQ(test, f->bytes, SZ_2M);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_PASSED, U64_MAX);
}

/* The newest twenty are kept, the one that goes on is one of them. */
static void results_test(struct kunit *test)
{
	struct self_fixture *f = test->priv;
	unsigned int i;

	f->error = -EIO;
	f->bad = 0;
	self_begin(f, EXTENDED);
	self_run(test, 0);
	f->bad = NO_BLOCK;
	for (i = 1; i < 20; i++) {
		self_begin(f, SHORT);
		self_run(test, 0);
	}
	expect_log(test, 20, EXTENDED, VDISK_SELF_TEST_FAILED, 0);
	self_begin(f, EXTENDED);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_GOES_ON, U64_MAX);
	expect_log(test, 20, SHORT, VDISK_SELF_TEST_PASSED, U64_MAX);
	self_run(test, 0);
	expect_log(test, 20, SHORT, VDISK_SELF_TEST_PASSED, U64_MAX);
}

static void expect_sense(struct kunit *test, u8 code, scst_sense_t want)
{
	struct self_fixture *f = test->priv;

	f->cdb[1] = code << 5;
	KUNIT_EXPECT_EQ(test, (__force u32)vdisk_self_test(&f->cmd, code),
			(__force u32)want);
}

static void refused_test(struct kunit *test)
{
	struct self_fixture *f = test->priv;
	static const u8 codes[] = { 0, 1, 2, 5, 6 };
	unsigned int i;

	expect_sense(test, 3, SCST_SENSE_INVALID_FIELD_IN_CDB);
	KUNIT_EXPECT_EQ(test, f->cmd.field_ptr, 1);
	KUNIT_EXPECT_EQ(test, f->cmd.field_bit, 7);
	expect_sense(test, 7, SCST_SENSE_INVALID_FIELD_IN_CDB);
	expect_sense(test, ABORT, SCST_SENSE_INVALID_FIELD_IN_CDB);

	self_begin(f, EXTENDED);
	for (i = 0; i < ARRAY_SIZE(codes); i++)
		expect_sense(test, codes[i], SCST_SENSE_SELF_TEST_IN_PROGRESS);
	expect_sense(test, 3, SCST_SENSE_INVALID_FIELD_IN_CDB);
	expect_sense(test, ABORT, SCST_GOOD);
	expect_log(test, 1, EXTENDED, VDISK_SELF_TEST_ABORTED, U64_MAX);
	expect_sense(test, ABORT, SCST_SENSE_INVALID_FIELD_IN_CDB);

	/* Without a store each passes at once; of one without a medium none does. */
	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		expect_sense(test, codes[i], SCST_GOOD);
		expect_log(test, 1, codes[i], VDISK_SELF_TEST_PASSED, U64_MAX);
	}
	f->vd.medium = VDISK_EJECTED;
	for (i = 0; i < ARRAY_SIZE(codes); i++)
		expect_sense(test, codes[i], SCST_SENSE_NO_MEDIUM);
}

static void self_progress_test(struct kunit *test)
{
	struct self_fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, vdisk_progress(&f->dev), -1);
	self_begin(f, EXTENDED);
	KUNIT_EXPECT_EQ(test, vdisk_progress(&f->dev), 0);
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), 0);
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), 0);
	KUNIT_EXPECT_GT(test, vdisk_progress(&f->dev), 0x7f00);
	KUNIT_EXPECT_LE(test, vdisk_progress(&f->dev), 0x8000);
	/* As large as can be */
	f->dev.nblocks = LLONG_MAX >> 9;
	f->vd.self_tests.pos = (f->dev.nblocks << 9) - 1;
	KUNIT_EXPECT_EQ(test, vdisk_progress(&f->dev), 0xffff);
	f->dev.nblocks = 1;
	KUNIT_EXPECT_EQ(test, vdisk_progress(&f->dev), 0xffff);
}

/* Initiators have read or written meanwhile. */
static void pause_test(struct kunit *test)
{
	struct self_fixture *f = test->priv;

	f->dev.past_stats[SCST_STAT_READ_CMDS]++;
	self_begin(f, EXTENDED);
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), 0);
	f->dev.past_stats[SCST_STAT_READ_CMDS]++;
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), HZ / 10);
	f->dev.past_stats[SCST_STAT_WRITE_CMDS]++;
	KUNIT_EXPECT_EQ(test, vdisk_self_test_work(&f->vd), HZ / 10);
	KUNIT_EXPECT_LT(test, vdisk_self_test_work(&f->vd), 0);
}

static void duration_test(struct kunit *test)
{
	struct self_fixture *f = test->priv;

	/* 1 TiB, stored nowhere */
	f->dev.nblocks = 1ULL << 31;
	KUNIT_EXPECT_EQ(test, vdisk_self_test_seconds(&f->vd), 1);
	KUNIT_EXPECT_EQ(test, vdisk_self_test_minutes(&f->vd), 1);
	f->ops.sync = self_sync;
	KUNIT_EXPECT_EQ(test, vdisk_self_test_seconds(&f->vd), 8193);
	KUNIT_EXPECT_EQ(test, vdisk_self_test_minutes(&f->vd), 137);
	f->dev.nblocks = LLONG_MAX >> 9;
	KUNIT_EXPECT_EQ(test, vdisk_self_test_seconds(&f->vd), U16_MAX);
	KUNIT_EXPECT_EQ(test, vdisk_self_test_minutes(&f->vd), U16_MAX);
}

static struct kunit_case self_test_cases[] = {
	KUNIT_CASE(passes_test),
	KUNIT_CASE(finds_test),
	KUNIT_CASE(retries_test),
	KUNIT_CASE(shrinks_test),
	KUNIT_CASE(stops_test),
	KUNIT_CASE(restarts_test),
	KUNIT_CASE(grain_test),
	KUNIT_CASE(holes_test),
	KUNIT_CASE(results_test),
	KUNIT_CASE(refused_test),
	KUNIT_CASE(self_progress_test),
	KUNIT_CASE(pause_test),
	KUNIT_CASE(duration_test),
	{}
};

static struct kunit_suite self_test_suite = {
	.name		= "scst_vdisk_self_test",
	.init		= self_test_init,
	.exit		= self_test_exit,
	.test_cases	= self_test_cases,
};

kunit_test_suite(self_test_suite);
