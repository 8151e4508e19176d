// SPDX-License-Identifier: GPL-2.0
/*
 * What a CHECK CONDITION does to other commands: ACA conditions (SAM-6 5.9) and
 * the QERR field.
 */

#include <linux/delay.h>
#include <linux/iopoll.h>
#include "kit_kunit.h"

#define ACA		SCST_CMD_QUEUE_ACA
#define NACA		SCST_CDB_CONTROL_NACA

static struct test_req *aca_read(struct kit *kit, int nexus, int queue_type,
				 u8 control)
{
	struct test_params p = {
		.cdb = { READ_10, [8] = 1, [9] = control },
		.cdb_len = 10,
		.queue_type = queue_type,
		.dir = SCST_DATA_READ,
		.len = 1 << TEST_BLOCK_SHIFT,
	};

	return kit_submit(kit, nexus, &p);
}

/* A command that executes, and fails when it is let go */
static struct test_req *aca_start_failing(struct kit *kit, int nexus,
					  int queue_type, u8 control)
{
	struct test_req *req;

	kit->units[0]->fail = SCST_SENSE(MEDIUM_ERROR, 0x11, 0x00);
	kit->units[0]->nr_fail = 1;
	req = aca_read(kit, nexus, queue_type, control);
	kit_executes(kit, req);
	return req;
}

static void aca_fails(struct kit *kit, struct test_req *req)
{
	kit_release(kit, req);
	kit_ends_sense(kit, req, MEDIUM_ERROR, 0x11, 0x00);
}

static void aca_fail(struct kit *kit, int nexus, u8 control)
{
	aca_fails(kit, aca_start_failing(kit, nexus, SIMPLE, control));
}

static void aca_ends_status(struct kit *kit, struct test_req *req, u8 status)
{
	kit_ends(kit, req);
	KUNIT_EXPECT_EQ(kit->test, req->status, status);
	KUNIT_EXPECT_FALSE(kit->test, req->aborted);
	KUNIT_EXPECT_FALSE(kit->test, req->no_response);
	KUNIT_EXPECT_FALSE(kit->test, kit_was_executed(kit, req));
}

/* Is a nexus the faulted one? */
static void aca_is_active(struct kit *kit, int nexus)
{
	aca_ends_status(kit, kit_read(kit, nexus, SIMPLE), SAM_STAT_ACA_ACTIVE);
	aca_ends_status(kit, kit_read(kit, nexus, HEAD), SAM_STAT_ACA_ACTIVE);
}

static void aca_is_over(struct kit *kit, int nexus)
{
	kit_completes(kit, kit_read(kit, nexus, SIMPLE));
}

static void aca_clear(struct kit *kit, int nexus)
{
	kit_tmf_ends(kit, kit_tmf(kit, nexus, SCST_CLEAR_ACA, NULL),
		     SCST_TMF_COMPLETE);
}

/* It was executed, or would be, and waits for the end of the condition. */
static void aca_blocks(struct kit *kit, struct test_req *req)
{
	kit_is_in(kit, req, SCST_CMD_BLOCKED);
	msleep(KIT_GRACE_MS);
	KUNIT_EXPECT_FALSE(kit->test, test_req_ended(req));
}

static void aca_ends_aborted(struct kit *kit, struct test_req *req, bool tas)
{
	kit_ends(kit, req);
	KUNIT_EXPECT_TRUE(kit->test, req->aborted);
	KUNIT_EXPECT_EQ(kit->test, req->no_response, !tas);
	if (tas)
		KUNIT_EXPECT_EQ(kit->test, req->status, SAM_STAT_TASK_ABORTED);
}

/* ------------------------------------------------------------------------
 * Establishing and clearing
 */

static void aca_per_nexus(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *other = kit_read(kit, 1, SIMPLE);

	kit_executes(kit, s);
	kit_executes(kit, other);
	aca_fail(kit, 0, NACA);
	aca_is_active(kit, 0);
	/* What executed does not end; the other nexus knows nothing of it. */
	kit_release(kit, s);
	aca_blocks(kit, s);
	kit_release(kit, other);
	kit_ends_good(kit, other);
	aca_is_over(kit, 1);
	aca_clear(kit, 1);
	aca_is_active(kit, 0);

	aca_clear(kit, 0);
	kit_ends_good(kit, s);
	aca_is_over(kit, 0);
	aca_clear(kit, 0);
}

static void aca_shared(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *other = kit_read(kit, 1, SIMPLE);

	kit_executes(kit, other);
	aca_fail(kit, 0, NACA);
	aca_is_active(kit, 0);
	aca_ends_status(kit, kit_read(kit, 1, SIMPLE), SAM_STAT_BUSY);
	aca_ends_status(kit, aca_read(kit, 1, SIMPLE, NACA),
			SAM_STAT_ACA_ACTIVE);
	aca_ends_status(kit, aca_read(kit, 1, ACA, 0), SAM_STAT_BUSY);
	kit_release(kit, other);
	aca_blocks(kit, other);
	kit_tmf_ends(kit, kit_tmf(kit, 1, SCST_CLEAR_ACA, NULL),
		     SCST_TMF_REJECTED);
	aca_is_active(kit, 0);
	aca_clear(kit, 0);
	kit_ends_good(kit, other);
	aca_is_over(kit, 0);
	aca_is_over(kit, 1);
}

/* Without NACA=1, or without a CHECK CONDITION, there is none. */
static void aca_not_established(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *req;

	aca_fail(kit, 0, 0);
	aca_is_over(kit, 0);
	req = aca_read(kit, 0, SIMPLE, NACA);
	kit_completes(kit, req);
	aca_is_over(kit, 0);
}

/* Commands that never got to the handler */
static void aca_of_refused(struct kunit *test)
{
	struct test_params range = {
		.cdb = { READ_10, [2] = 0xff, [8] = 1, [9] = NACA },
		.cdb_len = 10,
		.dir = SCST_DATA_READ,
		.len = 1 << TEST_BLOCK_SHIFT,
	};
	struct test_params opcode = {
		.cdb = { 0x02, [5] = NACA },
		.cdb_len = 6,
	};
	struct test_params tur = {
		.cdb = { TEST_UNIT_READY, [5] = NACA },
		.cdb_len = 6,
	};
	struct kit *kit = kit_setup(test, true);

	kit_ends_sense(kit, kit_submit(kit, 0, &range), ILLEGAL_REQUEST, 0x21,
		       0x00);
	aca_is_active(kit, 0);
	aca_clear(kit, 0);
	kit_ends_sense(kit, kit_submit(kit, 0, &opcode), ILLEGAL_REQUEST, 0x20,
		       0x00);
	aca_is_active(kit, 0);
	aca_clear(kit, 0);

	/* A unit attention is a CHECK CONDITION too, and is told once. */
	kit_tmf_ends(kit, kit_tmf(kit, 1, SCST_LUN_RESET, NULL),
		     SCST_TMF_COMPLETE);
	kit_ends_sense(kit, kit_submit(kit, 0, &tur), UNIT_ATTENTION, 0x29,
		       0x03);
	aca_is_active(kit, 0);
	aca_clear(kit, 0);
	aca_is_over(kit, 0);
}

#define SGV_LIMIT	"/sys/devices/scst/sgv/limit_per_initiator"

/* A command that the target driver has no buffer for, and never will have */
static struct test_req *aca_too_long(struct kit *kit, int nexus)
{
	struct test_params p = {
		.cdb = { READ_10, [8] = 1 },
		.cdb_len = 10,
		.dir = SCST_DATA_READ,
		.len = 2 * PAGE_SIZE,
	};
	struct test_req *req;
	char limit[24], low[24];

	snprintf(low, sizeof(low), "%lu", PAGE_SIZE);
	KUNIT_ASSERT_EQ(kit->test, 0,
			kit_read_file(SGV_LIMIT, limit, sizeof(limit)));
	KUNIT_EXPECT_EQ(kit->test, 0, kit_write_file(SGV_LIMIT, low));
	req = kit_submit(kit, nexus, &p);
	KUNIT_EXPECT_EQ(kit->test, 0, kit_write_file(SGV_LIMIT, limit));
	return req;
}

/* The condition comes before what is wrong with a command. */
static void aca_refuses_too_long(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);

	aca_fail(kit, 0, NACA);
	aca_ends_status(kit, aca_too_long(kit, 0), SAM_STAT_ACA_ACTIVE);
	aca_ends_status(kit, aca_too_long(kit, 1), SAM_STAT_BUSY);
	aca_clear(kit, 0);
	kit_ends_sense(kit, aca_too_long(kit, 0), ILLEGAL_REQUEST, 0x24, 0x00);
	aca_is_over(kit, 0);
}

/* Wherever a command is, it does not get any further. */
static void aca_blocks_waiting(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *f, *x, *o, *a;

	kit_is_in(kit, w, SCST_CMD_DATA_WAIT);
	kit_executes(kit, s);
	f = aca_start_failing(kit, 0, SIMPLE, NACA);
	x = kit_exclusive(kit, 0, SIMPLE);
	kit_is_in(kit, x, SCST_CMD_EXEC_WAIT);
	o = kit_read(kit, 0, ORDERED);
	kit_is_in(kit, o, SCST_CMD_QUEUED);
	aca_fails(kit, f);

	kit_release(kit, s);
	aca_blocks(kit, s);
	/* The unit is free for it now. */
	aca_blocks(kit, x);
	kit_deliver(kit, w, 0);
	aca_blocks(kit, w);
	kit_is_in(kit, o, SCST_CMD_QUEUED);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, x));
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, w));

	/* They do not hold up what is to repair the damage. */
	a = aca_read(kit, 0, ACA, NACA);
	kit_completes(kit, a);

	aca_clear(kit, 0);
	kit_ends_good(kit, s);
	kit_executes(kit, x);
	kit_waits(kit, w);
	kit_completes(kit, x);
	kit_completes(kit, w);
	kit_completes(kit, o);
}

/* One that was granted its place while it was blocked */
static void aca_blocks_enabled(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *f = aca_start_failing(kit, 0, ORDERED, NACA);
	struct test_req *o = kit_read(kit, 0, ORDERED);
	struct test_req *s = kit_read(kit, 0, SIMPLE);

	kit_waits(kit, o);
	aca_fails(kit, f);
	aca_blocks(kit, o);
	kit_is_in(kit, s, SCST_CMD_QUEUED);
	aca_clear(kit, 0);
	kit_executes(kit, o);
	kit_waits(kit, s);
	kit_completes(kit, o);
	kit_completes(kit, s);
}

/* One that failed when another had already: its condition comes later. */
static void aca_twice(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *f0 = aca_start_failing(kit, 0, SIMPLE, NACA);
	struct test_req *f1 = aca_start_failing(kit, 1, SIMPLE, NACA);

	aca_fails(kit, f0);
	kit_release(kit, f1);
	aca_blocks(kit, f1);
	aca_clear(kit, 0);
	kit_ends_sense(kit, f1, MEDIUM_ERROR, 0x11, 0x00);
	aca_is_active(kit, 1);
	aca_ends_status(kit, kit_read(kit, 0, SIMPLE), SAM_STAT_BUSY);
	aca_clear(kit, 1);
	aca_is_over(kit, 0);
	aca_is_over(kit, 1);
}

/* ------------------------------------------------------------------------
 * The ACA task attribute
 */

static void aca_attribute(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *a1, *a2;

	/* SAM-6 8.6.5: there has to be a condition, of this nexus. */
	kit_ends_sense(kit, aca_read(kit, 0, ACA, 0), ILLEGAL_REQUEST, 0x49,
		       0x00);
	aca_fail(kit, 0, NACA);
	kit_ends_sense(kit, aca_read(kit, 1, ACA, 0), ILLEGAL_REQUEST, 0x49,
		       0x00);

	a1 = aca_read(kit, 0, ACA, 0);
	kit_executes(kit, a1);
	/* One at a time */
	aca_ends_status(kit, aca_read(kit, 0, ACA, 0), SAM_STAT_ACA_ACTIVE);
	kit_completes(kit, a1);
	a2 = aca_read(kit, 0, ACA, NACA);
	kit_completes(kit, a2);
	aca_is_active(kit, 0);

	/* TMF_ONLY: only task management is of use */
	kit->units[0]->dev->tmf_only = true;
	aca_ends_status(kit, aca_read(kit, 0, ACA, 0), SAM_STAT_ACA_ACTIVE);
	aca_clear(kit, 0);
	aca_is_over(kit, 0);
}

/* It ends the condition, or begins another one. */
static void aca_attribute_fails(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_read(kit, 0, SIMPLE);

	kit_executes(kit, s);
	aca_fail(kit, 0, NACA);
	kit_release(kit, s);
	aca_fails(kit, aca_start_failing(kit, 0, ACA, NACA));
	aca_blocks(kit, s);
	aca_is_active(kit, 0);
	aca_fails(kit, aca_start_failing(kit, 0, ACA, 0));
	kit_ends_good(kit, s);
	aca_is_over(kit, 0);
}

static void aca_attribute_cleared(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *a, *tmf;

	kit_executes(kit, s);
	aca_fail(kit, 0, NACA);
	kit_release(kit, s);
	a = aca_read(kit, 0, ACA, 0);
	kit_executes(kit, a);
	tmf = kit_tmf(kit, 0, SCST_CLEAR_ACA, NULL);
	kit_is_marked(kit, a);
	kit_runs(kit, tmf);
	aca_blocks(kit, s);
	kit_release(kit, a);
	aca_ends_aborted(kit, a, false);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	kit_ends_good(kit, s);
	aca_is_over(kit, 0);
}

/* ------------------------------------------------------------------------
 * Task management, and objects that go
 */

/* A WRITE that awaits its data, and a READ that is executed to its end */
static void aca_blocks_both(struct kit *kit, struct test_req *w, struct test_req *s)
{
	kit_is_in(kit, w, SCST_CMD_DATA_WAIT);
	kit_executes(kit, s);
	aca_fail(kit, 0, NACA);
	kit_release(kit, s);
	aca_blocks(kit, s);
	kit_deliver(kit, w, 0);
	aca_blocks(kit, w);
}

static void aca_abort_blocked(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	struct test_req *s = kit_read(kit, 0, SIMPLE);

	aca_blocks_both(kit, w, s);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_ABORT_TASK, s),
		     SCST_TMF_COMPLETE);
	aca_ends_aborted(kit, s, false);
	/* SAM-6 7.3: this is not what ends the condition. */
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_ABORT_TASK_SET, NULL),
		     SCST_TMF_COMPLETE);
	aca_ends_aborted(kit, w, false);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, w));
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_CLEAR_TASK_SET, NULL),
		     SCST_TMF_COMPLETE);
	aca_is_active(kit, 0);
	aca_clear(kit, 0);
	aca_is_over(kit, 0);
}

static void aca_reset(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *other = kit_read(kit, 1, SIMPLE);

	kit_executes(kit, s);
	kit_executes(kit, other);
	aca_fail(kit, 0, NACA);
	kit_release(kit, s);
	kit_release(kit, other);
	aca_blocks(kit, s);
	aca_blocks(kit, other);
	kit_tmf_ends(kit, kit_tmf(kit, 1, SCST_LUN_RESET, NULL),
		     SCST_TMF_COMPLETE);
	aca_ends_aborted(kit, s, false);
	aca_ends_aborted(kit, other, false);
	kit_has_ua(kit, 0, 0x29, 0x03);
	kit_has_ua(kit, 1, 0x29, 0x03);
	aca_is_over(kit, 0);
	aca_is_over(kit, 1);
}

static void aca_nexus_loss(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *other = kit_read(kit, 1, SIMPLE);

	kit_executes(kit, other);
	aca_fail(kit, 0, NACA);
	kit_release(kit, other);
	aca_blocks(kit, other);
	/* Of another nexus than the faulted one */
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_NEXUS_LOSS, NULL),
		     SCST_TMF_COMPLETE);
	kit_ends_good(kit, other);
	kit_has_ua(kit, 0, 0x29, 0x07);
	aca_is_over(kit, 0);
	aca_is_over(kit, 1);
}

/* Those that wait for it go on, and their own nexus gets no response. */
static void aca_session_goes(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *other = kit_read(kit, 1, SIMPLE);
	struct test_req *s = kit_read(kit, 0, SIMPLE);

	kit_executes(kit, s);
	kit_executes(kit, other);
	aca_fail(kit, 0, NACA);
	kit_release(kit, other);
	kit_release(kit, s);
	aca_blocks(kit, other);
	aca_blocks(kit, s);
	kit_task_ends(kit, kit_start_del_session(kit, 0));
	kit_ends(kit, s);
	kit_ends_good(kit, other);
	aca_is_over(kit, 1);
}

/* What was executed, and waits to say so, does; what was not is to be tried again. */
static void aca_lun_goes(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct kit_task *del;

	aca_blocks_both(kit, w, s);
	del = kit_start_del_lun(kit, 0);
	kit_ends_good(kit, s);
	kit_ends(kit, w);
	KUNIT_EXPECT_EQ(test, w->status, SAM_STAT_BUSY);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, w));
	kit_task_ends(kit, del);
}

static void aca_tst_changes(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *other = kit_read(kit, 1, SIMPLE);

	kit_executes(kit, other);
	aca_fail(kit, 0, NACA);
	kit_release(kit, other);
	aca_blocks(kit, other);
	scst_device_set_tst(kit->units[0]->dev, true);
	kit_ends_good(kit, other);
	aca_is_over(kit, 0);
	aca_is_over(kit, 1);
}

/*
 * TST changes twice, and the second time takes effect when a command of the
 * first task set has ended.  Meanwhile there is a condition for all nexuses.
 */
static void aca_tst_changes_twice(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct scst_device *dev = kit->units[0]->dev;
	struct test_req *s;
	bool changing;

	kit->ts[0]->hold_response = true;
	s = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, s);
	kit_release(kit, s);
	kit_is_in(kit, s, SCST_CMD_RESPONDING);
	kit->ts[0]->hold_response = false;

	scst_device_set_tst(dev, false);
	scst_device_set_tst(dev, true);
	aca_fails(kit, aca_start_failing(kit, 0, HEAD, NACA));
	aca_ends_status(kit, kit_read(kit, 1, HEAD), SAM_STAT_BUSY);
	KUNIT_EXPECT_EQ(test, 0, test_release_response(kit->ts[0], s->tag));
	read_poll_timeout(READ_ONCE, changing, !changing, 1000,
			  KIT_TIMEOUT_MS * 1000, false, dev->ts_changing);
	KUNIT_ASSERT_FALSE(test, changing);
	aca_is_over(kit, 0);
	aca_is_over(kit, 1);
}

/* Whom a condition admitted has no part in the next one. */
static void aca_admitted_before(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct scst_device *dev = kit->units[0]->dev;
	struct test_req *old, *next;

	aca_fail(kit, 0, NACA);
	old = aca_start_failing(kit, 0, ACA, 0);
	scst_device_set_tst(dev, false);
	aca_fails(kit, aca_start_failing(kit, 0, HEAD, NACA));
	kit_release(kit, old);
	aca_blocks(kit, old);
	next = kit_read(kit, 0, ACA);
	kit_executes(kit, next);
	kit_release(kit, next);
	kit_ends_good(kit, next);
	aca_clear(kit, 0);
	kit_ends_sense(kit, old, MEDIUM_ERROR, 0x11, 0x00);
	aca_is_over(kit, 0);
}

/* What CLEAR ACA waits for is no less waited for when the condition ends before. */
static void aca_ends_while_cleared(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w, *s, *clear, *tmf;

	kit->ts[0]->ignore_abort = true;
	aca_fail(kit, 0, NACA);
	w = kit_write(kit, 0, ACA, TEST_DATA_PARTIAL);
	kit_is_in(kit, w, SCST_CMD_DATA_WAIT);
	clear = kit_tmf(kit, 0, SCST_CLEAR_ACA, NULL);
	kit_runs(kit, clear);
	scst_device_set_tst(kit->units[0]->dev, false);
	/* Who waits in this session looks again when a command was aborted. */
	s = kit_read(kit, 0, HEAD);
	kit_executes(kit, s);
	tmf = kit_tmf(kit, 0, SCST_ABORT_TASK, s);
	kit_runs(kit, tmf);
	kit_release(kit, s);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	kit_runs(kit, clear);
	KUNIT_EXPECT_FALSE(test, test_req_ended(w));
	kit_deliver(kit, w, 0);
	aca_ends_aborted(kit, w, false);
	kit_tmf_ends(kit, clear, SCST_TMF_COMPLETE);
	KUNIT_EXPECT_GT(test, clear->end_seq, w->end_seq);
	aca_is_over(kit, 0);
}

/* ------------------------------------------------------------------------
 * QERR
 */

/**
 * struct qerr_case - what a command's failure does to those of both nexuses
 * @desc: description
 * @tst: TST field
 * @tas: TAS bit
 * @qerr: QERR field
 * @own: aborts those of the same nexus
 * @other: aborts those of the other nexus
 */
struct qerr_case {
	const char *desc;
	bool tst;
	bool tas;
	u8 qerr;
	bool own;
	bool other;
};

static const struct qerr_case qerr_cases[] = {
	{ "QERR=0, TST=0", false, false, SCST_QERR_NONE, false, false },
	{ "QERR=0, TST=1", true, false, SCST_QERR_NONE, false, false },
	{ "QERR=1, TST=0, TAS=0", false, false, SCST_QERR_ALL, true, true },
	{ "QERR=1, TST=0, TAS=1", false, true, SCST_QERR_ALL, true, true },
	{ "QERR=1, TST=1", true, true, SCST_QERR_ALL, true, false },
	{ "QERR=3, TST=0", false, true, SCST_QERR_NEXUS, true, false },
	{ "QERR=3, TST=1", true, false, SCST_QERR_NEXUS, true, false },
};

KUNIT_ARRAY_PARAM_DESC(qerr, qerr_cases, desc);

static void aca_qerr(struct kunit *test)
{
	const struct qerr_case *c = test->param_value;
	struct kit *kit = kit_setup(test, c->tst);
	struct test_req *own, *other, *own_w, *other_w, *queued, *f;

	kit->units[0]->dev->qerr = c->qerr;
	kit->units[0]->dev->tas = c->tas;
	own = kit_read(kit, 0, SIMPLE);
	other = kit_read(kit, 1, SIMPLE);
	own_w = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	other_w = kit_write(kit, 1, SIMPLE, TEST_DATA_LATE);
	kit_executes(kit, own);
	kit_executes(kit, other);
	kit_is_in(kit, own_w, SCST_CMD_DATA_WAIT);
	kit_is_in(kit, other_w, SCST_CMD_DATA_WAIT);
	f = aca_start_failing(kit, 0, SIMPLE, 0);
	queued = kit_read(kit, 0, ORDERED);
	kit_waits(kit, queued);

	kit_release(kit, f);
	if (c->own) {
		/* Not before the handler has let go of the others */
		aca_ends_aborted(kit, own_w, false);
		aca_ends_aborted(kit, queued, false);
		KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, queued));
		kit_runs(kit, f);
		kit_release(kit, own);
		aca_ends_aborted(kit, own, false);
	}
	if (c->other) {
		aca_ends_aborted(kit, other_w, c->tas);
		kit_runs(kit, f);
		kit_release(kit, other);
		aca_ends_aborted(kit, other, c->tas);
	}
	kit_ends_sense(kit, f, MEDIUM_ERROR, 0x11, 0x00);

	if (!c->own) {
		kit_completes(kit, own);
		kit_deliver(kit, own_w, 0);
		kit_completes(kit, own_w);
	}
	if (!c->other) {
		kit_completes(kit, other);
		kit_deliver(kit, other_w, 0);
		kit_completes(kit, other_w);
	}
	if (!c->own)
		kit_completes(kit, queued);

	/* Only what was there is concerned; the others are told, or were. */
	kit->units[0]->dev->qerr = SCST_QERR_NONE;
	kit_has_ua(kit, 0, 0, 0);
	if (c->other && !c->tas)
		kit_has_ua(kit, 1, 0x2f, 0x00);
	else
		kit_has_ua(kit, 1, 0, 0);
	aca_is_over(kit, 0);
	aca_is_over(kit, 1);
}

/* With NACA=1: aborted, or else blocked */
static void aca_qerr_and_naca(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *own, *other, *f;

	kit->units[0]->dev->qerr = SCST_QERR_NEXUS;
	own = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	other = kit_read(kit, 1, SIMPLE);
	kit_is_in(kit, own, SCST_CMD_DATA_WAIT);
	kit_executes(kit, other);
	f = aca_start_failing(kit, 0, SIMPLE, NACA);
	aca_fails(kit, f);
	aca_ends_aborted(kit, own, false);
	KUNIT_EXPECT_LT(test, own->end_seq, f->end_seq);
	kit_release(kit, other);
	aca_blocks(kit, other);
	aca_is_active(kit, 0);
	aca_clear(kit, 0);
	kit_ends_good(kit, other);
}

/* Commands that fail at the same time abort one another, or do not: they end. */
static void aca_qerr_at_once(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *reqs[16];
	unsigned int round, i;

	kit->units[0]->dev->qerr = SCST_QERR_ALL;
	for (round = 0; round < 4; round++) {
		kit->units[0]->fail = SCST_SENSE(MEDIUM_ERROR, 0x11, 0x00);
		kit->units[0]->nr_fail = ARRAY_SIZE(reqs);
		/* In other contexts than that of the one before */
		kit->units[0]->ctx = round % 3;
		for (i = 0; i < ARRAY_SIZE(reqs); i++) {
			reqs[i] = kit_read(kit, i % 2, SIMPLE);
			kit_executes(kit, reqs[i]);
		}
		test_release_all(kit->units[0]);
		for (i = 0; i < ARRAY_SIZE(reqs); i++) {
			kit_ends(kit, reqs[i]);
			KUNIT_EXPECT_TRUE(test, reqs[i]->aborted ||
					  reqs[i]->status ==
					  SAM_STAT_CHECK_CONDITION);
		}
		/* UNIT ATTENTION conditions are CHECK CONDITIONs as well. */
		kit_clear_uas(kit);
	}
}

static struct kunit_case scst_aca_cases[] = {
	KUNIT_CASE(aca_per_nexus),
	KUNIT_CASE(aca_shared),
	KUNIT_CASE(aca_not_established),
	KUNIT_CASE(aca_of_refused),
	KUNIT_CASE(aca_refuses_too_long),
	KUNIT_CASE(aca_blocks_waiting),
	KUNIT_CASE(aca_blocks_enabled),
	KUNIT_CASE(aca_twice),
	KUNIT_CASE(aca_attribute),
	KUNIT_CASE(aca_attribute_fails),
	KUNIT_CASE(aca_attribute_cleared),
	KUNIT_CASE(aca_abort_blocked),
	KUNIT_CASE(aca_reset),
	KUNIT_CASE(aca_nexus_loss),
	KUNIT_CASE(aca_session_goes),
	KUNIT_CASE(aca_lun_goes),
	KUNIT_CASE(aca_tst_changes),
	KUNIT_CASE(aca_tst_changes_twice),
	KUNIT_CASE(aca_admitted_before),
	KUNIT_CASE(aca_ends_while_cleared),
	KUNIT_CASE_PARAM(aca_qerr, qerr_gen_params),
	KUNIT_CASE(aca_qerr_and_naca),
	KUNIT_CASE(aca_qerr_at_once),
	{}
};

static struct kunit_suite scst_aca_suite = {
	.name = "scst_aca",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = scst_aca_cases,
};

kunit_test_suite(scst_aca_suite);
