// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of blocks: what waits for a command that is atomic, what that waits
 * for, and that nobody waits for ever.
 */

#include "kit_kunit.h"

static struct test_req *range_submit(struct kit *kit, int nexus, u8 opcode,
				     u8 lba, u8 nblocks)
{
	struct test_params p = {
		.cdb = { opcode },
		.queue_type = SIMPLE,
		.dir = opcode == READ_10 ? SCST_DATA_READ : SCST_DATA_WRITE,
		.len = nblocks << TEST_BLOCK_SHIFT,
		.data = TEST_DATA_NOW,
	};

	if (opcode == ORWRITE_16) {
		p.cdb_len = 16;
		p.cdb[9] = lba;
		p.cdb[13] = nblocks;
	} else {
		p.cdb_len = 10;
		p.cdb[5] = lba;
		p.cdb[8] = nblocks;
	}
	return kit_submit(kit, nexus, &p);
}

static struct test_req *range_read(struct kit *kit, u8 lba, u8 nblocks)
{
	return range_submit(kit, 0, READ_10, lba, nblocks);
}

static struct test_req *range_write(struct kit *kit, u8 lba, u8 nblocks)
{
	return range_submit(kit, 1, WRITE_10, lba, nblocks);
}

static struct test_req *range_atomic(struct kit *kit, u8 lba, u8 nblocks)
{
	return range_submit(kit, 0, ORWRITE_16, lba, nblocks);
}

static struct test_req *range_any(struct kit *kit)
{
	struct test_params p = { .cdb = { TEST_OP_WRITE_ANY }, .cdb_len = 6 };

	return kit_submit(kit, 1, &p);
}

/* With ranges on: no command has to wait for those without one. */
static struct kit *range_setup(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);

	kit_completes(kit, range_atomic(kit, 0, 1));
	return kit;
}

static void range_unused(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w1 = range_write(kit, 0, 8);
	struct test_req *w2 = range_write(kit, 4, 8);
	struct test_req *r = range_read(kit, 0, 8);

	kit_executes(kit, w1);
	kit_executes(kit, w2);
	kit_executes(kit, r);
}

/*
 * It waits for those without a range, even of other blocks; those that come later have
 * one, and wait for the same blocks only.
 */
static void range_first_is_alone(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w = range_write(kit, 0, 1);
	struct test_req *a, *other, *same;

	kit_executes(kit, w);
	a = range_atomic(kit, 8, 1);
	kit_is_in(kit, a, SCST_CMD_EXEC_WAIT);
	kit_waits(kit, a);
	other = range_read(kit, 16, 1);
	same = range_read(kit, 8, 1);
	kit_waits(kit, other);
	kit_completes(kit, w);
	kit_executes(kit, a);
	kit_completes(kit, other);
	kit_waits(kit, same);
	kit_completes(kit, a);
	kit_completes(kit, same);
}

/* One that was aborted before it began does not turn ranges on. */
static void range_first_is_aborted(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w1 = range_write(kit, 0, 1);
	struct test_req *a, *w2, *w3;

	kit_executes(kit, w1);
	a = range_atomic(kit, 0, 1);
	kit_is_in(kit, a, SCST_CMD_EXEC_WAIT);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_ABORT_TASK, a),
		     SCST_TMF_COMPLETE);
	w2 = range_write(kit, 0, 1);
	w3 = range_write(kit, 0, 1);
	kit_executes(kit, w2);
	kit_executes(kit, w3);
}

static void range_overlap_waits(struct kunit *test)
{
	struct kit *kit = range_setup(test);
	struct test_req *a = range_atomic(kit, 8, 8);
	struct test_req *before = range_write(kit, 0, 8);
	struct test_req *first = range_write(kit, 8, 1);
	struct test_req *last = range_read(kit, 15, 1);
	struct test_req *all = range_read(kit, 0, 64);
	struct test_req *after = range_read(kit, 16, 8);
	struct test_req *none = range_read(kit, 8, 0);

	kit_executes(kit, a);
	kit_executes(kit, before);
	kit_executes(kit, after);
	kit_executes(kit, none);
	kit_is_in(kit, first, SCST_CMD_EXEC_WAIT);
	kit_waits(kit, first);
	kit_waits(kit, last);
	kit_waits(kit, all);
	kit_completes(kit, a);
	kit_completes(kit, last);
	kit_executes(kit, first);
	/* It waits for two writes more. */
	kit_waits(kit, all);
	kit_completes(kit, first);
	kit_waits(kit, all);
	kit_completes(kit, before);
	kit_completes(kit, all);
}

/* Those that read share, but not so that an atomic command would starve. */
static void range_is_fair(struct kunit *test)
{
	struct kit *kit = range_setup(test);
	struct test_req *r1 = range_read(kit, 0, 8);
	struct test_req *r2 = range_read(kit, 4, 8);
	struct test_req *a = range_atomic(kit, 6, 1);
	struct test_req *r3 = range_read(kit, 0, 8);
	struct test_req *r4 = range_read(kit, 0, 6);

	kit_executes(kit, r1);
	kit_executes(kit, r2);
	kit_executes(kit, r4);
	kit_waits(kit, a);
	kit_waits(kit, r3);
	kit_completes(kit, r1);
	kit_waits(kit, a);
	kit_completes(kit, r2);
	kit_executes(kit, a);
	kit_waits(kit, r3);
	kit_completes(kit, a);
	kit_completes(kit, r3);
}

static void range_fifo(struct kunit *test)
{
	struct kit *kit = range_setup(test);
	struct test_req *a[8];
	int i;

	for (i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = range_atomic(kit, i, 2 * ARRAY_SIZE(a));
	for (i = 0; i < ARRAY_SIZE(a); i++) {
		kit_executes(kit, a[i]);
		if (i + 1 < ARRAY_SIZE(a))
			kit_waits(kit, a[i + 1]);
		kit_completes(kit, a[i]);
	}
}

/* What does not say which blocks it writes could write any. */
static void range_of_any_block(struct kunit *test)
{
	struct kit *kit = range_setup(test);
	struct test_req *r1 = range_read(kit, 100, 1);
	struct test_req *any = range_any(kit);
	struct test_req *r2 = range_read(kit, 0, 1);

	kit_executes(kit, r1);
	kit_waits(kit, any);
	kit_waits(kit, r2);
	kit_completes(kit, r1);
	kit_executes(kit, any);
	kit_waits(kit, r2);
	kit_completes(kit, any);
	kit_completes(kit, r2);
}

/* A wait is ended by an abort, and so are those for the one that is aborted. */
static void range_abort(struct kunit *test)
{
	struct kit *kit = range_setup(test);
	struct test_req *r1 = range_read(kit, 0, 1);
	struct test_req *a = range_atomic(kit, 0, 8);
	struct test_req *r2 = range_read(kit, 0, 8);
	struct test_req *w = range_write(kit, 0, 1);

	kit_executes(kit, r1);
	kit_waits(kit, a);
	kit_waits(kit, r2);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_ABORT_TASK, a),
		     SCST_TMF_COMPLETE);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, a));
	kit_completes(kit, r2);
	kit_waits(kit, w);
	kit_completes(kit, r1);
	kit_completes(kit, w);
}

static void range_lun_reset(struct kunit *test)
{
	struct kit *kit = range_setup(test);
	struct test_req *a = range_atomic(kit, 0, 8);
	struct test_req *w = range_write(kit, 0, 1);
	struct test_req *r = range_read(kit, 7, 1);
	struct test_req *tmf;

	kit_executes(kit, a);
	kit_waits(kit, w);
	kit_waits(kit, r);
	tmf = kit_tmf(kit, 0, SCST_LUN_RESET, NULL);
	kit_ends(kit, w);
	kit_ends(kit, r);
	kit_runs(kit, tmf);
	kit_release(kit, a);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, w));
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, r));
	/* Nobody has a range any more. */
	kit_clear_uas(kit);
	kit_completes(kit, range_atomic(kit, 0, 64));
}

/* What waits for a range is waited for by those who want the unit alone. */
static void range_exclusive_waits(struct kunit *test)
{
	struct kit *kit = range_setup(test);
	struct test_req *a = range_atomic(kit, 0, 8);
	struct test_req *w = range_write(kit, 0, 1);
	struct test_req *x, *r;

	kit_executes(kit, a);
	kit_is_in(kit, w, SCST_CMD_EXEC_WAIT);
	x = kit_exclusive(kit, 0, SIMPLE);
	kit_waits(kit, x);
	r = range_read(kit, 0, 1);
	kit_completes(kit, a);
	kit_executes(kit, w);
	kit_waits(kit, x);
	kit_completes(kit, w);
	kit_executes(kit, x);
	kit_waits(kit, r);
	kit_completes(kit, x);
	kit_completes(kit, r);
}

static void range_suspend_waits(struct kunit *test)
{
	struct kit *kit = range_setup(test);
	struct test_req *a = range_atomic(kit, 0, 8);
	struct test_req *w = range_write(kit, 0, 1);
	struct kit_task *suspend;

	kit_executes(kit, a);
	kit_is_in(kit, w, SCST_CMD_EXEC_WAIT);
	suspend = kit_start_suspend(kit);
	kit_task_waits(kit, suspend);
	kit_completes(kit, a);
	kit_executes(kit, w);
	kit_task_waits(kit, suspend);
	kit_completes(kit, w);
	kit_task_ends(kit, suspend);
}

static struct kunit_case scst_range_cases[] = {
	KUNIT_CASE(range_unused),
	KUNIT_CASE(range_first_is_alone),
	KUNIT_CASE(range_first_is_aborted),
	KUNIT_CASE(range_overlap_waits),
	KUNIT_CASE(range_is_fair),
	KUNIT_CASE(range_fifo),
	KUNIT_CASE(range_of_any_block),
	KUNIT_CASE(range_abort),
	KUNIT_CASE(range_lun_reset),
	KUNIT_CASE(range_exclusive_waits),
	KUNIT_CASE(range_suspend_waits),
	{}
};

static struct kunit_suite scst_range_suite = {
	.name = "scst_range",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = scst_range_cases,
};

kunit_test_suite(scst_range_suite);
