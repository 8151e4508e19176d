// SPDX-License-Identifier: GPL-2.0
/*
 * Which command waits for which: task attributes (SAM-6 8.6), commands that
 * need the logical unit alone, and unbinding.
 *
 * Every test has a command, or a task, that must not go on: none passes when
 * the gates let everybody in.
 */

#include "kit_kunit.h"

/* ------------------------------------------------------------------------
 * The task set
 */

static void order_ordered_waits(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s1 = kit_read(kit, 0, SIMPLE);
	struct test_req *s2 = kit_read(kit, 0, SIMPLE);
	struct test_req *o = kit_read(kit, 0, ORDERED);

	kit_executes(kit, s1);
	kit_executes(kit, s2);
	kit_waits(kit, o);
	kit_completes(kit, s2);
	kit_waits(kit, o);
	kit_completes(kit, s1);
	kit_completes(kit, o);
}

static void order_simple_waits_for_ordered(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *o = kit_read(kit, 0, ORDERED);
	struct test_req *s1 = kit_read(kit, 0, SIMPLE);
	struct test_req *s2 = kit_read(kit, 0, SIMPLE);

	kit_executes(kit, o);
	kit_waits(kit, s1);
	kit_waits(kit, s2);
	kit_completes(kit, o);
	/* And both at once */
	kit_executes(kit, s1);
	kit_executes(kit, s2);
}

/* It is not enough that the ORDERED command does not execute. */
static void order_simple_waits_for_ordered_data(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *o = kit_write(kit, 0, ORDERED, TEST_DATA_LATE);
	struct test_req *s = kit_read(kit, 0, SIMPLE);

	kit_is_in(kit, o, SCST_CMD_DATA_WAIT);
	kit_waits(kit, s);
	kit_deliver(kit, o, 0);
	kit_executes(kit, o);
	kit_waits(kit, s);
	kit_completes(kit, o);
	kit_completes(kit, s);
}

static void order_simple_goes_on_without_ordered_data(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *o = kit_write(kit, 0, ORDERED, TEST_DATA_PARTIAL);
	struct test_req *s = kit_read(kit, 0, SIMPLE);

	kit_is_in(kit, o, SCST_CMD_DATA_WAIT);
	kit_waits(kit, s);
	kit_deliver(kit, o, -EIO);
	kit_ends_sense(kit, o, ABORTED_COMMAND, 0x4b, 0x00);
	kit_completes(kit, s);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, o));
}

static void order_ordered_waits_for_simple_data(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	struct test_req *o = kit_read(kit, 0, ORDERED);

	kit_is_in(kit, s, SCST_CMD_DATA_WAIT);
	kit_waits(kit, o);
	kit_deliver(kit, s, 0);
	kit_executes(kit, s);
	kit_waits(kit, o);
	kit_completes(kit, s);
	kit_completes(kit, o);
}

/* A queued ORDERED command does not ask for its data before its turn. */
static void order_ordered_data_waits(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *o = kit_write(kit, 0, ORDERED, TEST_DATA_NOW);

	kit_executes(kit, s);
	kit_waits(kit, o);
	KUNIT_EXPECT_EQ(test, o->rdy_seq, 0);
	kit_completes(kit, s);
	kit_completes(kit, o);
	KUNIT_EXPECT_NE(test, o->rdy_seq, 0);
}

/* The place in the task set is kept until the response has been sent. */
static void order_ordered_waits_for_response(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s, *o;

	kit->ts[0]->hold_response = true;
	s = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, s);
	o = kit_read(kit, 0, ORDERED);
	kit_release(kit, s);
	kit_is_in(kit, s, SCST_CMD_RESPONDING);
	kit_waits(kit, o);
	kit->ts[0]->hold_response = false;
	KUNIT_EXPECT_EQ(test, 0, test_release_response(kit->ts[0], s->tag));
	kit_completes(kit, o);
}

/* O1 S1 S2 O2 S3: in three steps, and each step in the order of arrival */
static void order_fifo(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *o1 = kit_read(kit, 0, ORDERED);
	struct test_req *s1 = kit_read(kit, 0, SIMPLE);
	struct test_req *s2 = kit_read(kit, 0, SIMPLE);
	struct test_req *o2 = kit_read(kit, 0, ORDERED);
	struct test_req *s3 = kit_read(kit, 0, SIMPLE);

	kit_executes(kit, o1);
	kit_waits(kit, s1);
	kit_completes(kit, o1);

	kit_executes(kit, s1);
	kit_executes(kit, s2);
	KUNIT_EXPECT_LT(test, test_executed_seq(kit->units[0], s1->tag),
			test_executed_seq(kit->units[0], s2->tag));
	kit_waits(kit, o2);
	/* SIMPLE commands may end in any order. */
	kit_completes(kit, s2);
	kit_waits(kit, o2);
	kit_completes(kit, s1);

	kit_executes(kit, o2);
	kit_waits(kit, s3);
	kit_completes(kit, o2);
	kit_completes(kit, s3);
}

static void order_head_passes_waiting(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s1 = kit_read(kit, 0, SIMPLE);
	struct test_req *o = kit_read(kit, 0, ORDERED);
	struct test_req *s2 = kit_read(kit, 0, SIMPLE);
	struct test_req *h = kit_read(kit, 0, HEAD);

	kit_executes(kit, s1);
	kit_executes(kit, h);
	kit_waits(kit, o);
	/* What waited before it waits for it too. */
	kit_completes(kit, s1);
	kit_waits(kit, o);
	kit_waits(kit, s2);
	kit_completes(kit, h);
	kit_completes(kit, o);
	kit_completes(kit, s2);
}

static void order_head_passes_executing(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *o = kit_read(kit, 0, ORDERED);
	struct test_req *h, *s;

	kit_executes(kit, o);
	h = kit_read(kit, 0, HEAD);
	s = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, h);
	kit_completes(kit, o);
	kit_waits(kit, s);
	kit_completes(kit, h);
	kit_completes(kit, s);
}

static void order_later_waits_for_head(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *h1 = kit_read(kit, 0, HEAD);
	struct test_req *h2 = kit_write(kit, 0, HEAD, TEST_DATA_LATE);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *o = kit_read(kit, 0, ORDERED);

	kit_executes(kit, h1);
	kit_is_in(kit, h2, SCST_CMD_DATA_WAIT);
	kit_waits(kit, s);
	kit_completes(kit, h1);
	/* Also for one whose data is not there */
	kit_waits(kit, s);
	kit_deliver(kit, h2, 0);
	kit_completes(kit, h2);
	kit_executes(kit, s);
	kit_waits(kit, o);
	kit_completes(kit, s);
	kit_completes(kit, o);
}

/* Another result than GOOD ends the wait as well. */
static void order_after_failure(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *o, *s;

	kit->units[0]->fail = SCST_SENSE(MEDIUM_ERROR, 0x11, 0x00);
	kit->units[0]->nr_fail = 1;
	o = kit_read(kit, 0, ORDERED);
	kit_executes(kit, o);
	s = kit_read(kit, 0, SIMPLE);
	kit_waits(kit, s);
	kit_release(kit, o);
	kit_ends_sense(kit, o, MEDIUM_ERROR, 0x11, 0x00);
	kit_completes(kit, s);
}

/* A command that is refused for itself waits for its turn, and holds nobody. */
static void order_of_refused(struct kunit *test)
{
	struct test_params p = {
		.cdb = { READ_10, [2] = 0xff, [8] = 1 },
		.cdb_len = 10,
		.queue_type = ORDERED,
		.dir = SCST_DATA_READ,
		.len = 1 << TEST_BLOCK_SHIFT,
	};
	struct kit *kit = kit_setup(test, true);
	struct test_req *s1 = kit_read(kit, 0, SIMPLE);
	struct test_req *bad = kit_submit(kit, 0, &p);
	struct test_req *s2 = kit_read(kit, 0, SIMPLE);

	kit_executes(kit, s1);
	kit_waits(kit, bad);
	kit_waits(kit, s2);
	kit_completes(kit, s1);
	kit_ends_sense(kit, bad, ILLEGAL_REQUEST, 0x21, 0x00);
	kit_completes(kit, s2);
}

/* The data could not even be asked for. */
static void order_after_refused_data(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s1 = kit_read(kit, 0, SIMPLE);
	struct test_req *o = kit_write(kit, 0, ORDERED, TEST_DATA_REFUSE);
	struct test_req *s2 = kit_read(kit, 0, SIMPLE);

	kit_executes(kit, s1);
	kit_waits(kit, s2);
	kit_completes(kit, s1);
	kit_ends_sense(kit, o, ABORTED_COMMAND, 0x4b, 0x00);
	kit_completes(kit, s2);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, o));
}

/* TST=1: the other nexus has a task set of its own. */
static void order_task_set_per_nexus(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *o = kit_read(kit, 0, ORDERED);
	struct test_req *other = kit_read(kit, 1, SIMPLE);
	struct test_req *other_o = kit_read(kit, 1, ORDERED);
	struct test_req *own = kit_read(kit, 0, SIMPLE);

	kit_executes(kit, o);
	kit_executes(kit, other);
	kit_waits(kit, own);
	kit_waits(kit, other_o);
	kit_completes(kit, other);
	kit_completes(kit, other_o);
	kit_waits(kit, own);
	kit_completes(kit, o);
	kit_completes(kit, own);
}

/* TST=0: there is one for all. */
static void order_task_set_shared(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *o = kit_read(kit, 0, ORDERED);
	struct test_req *s = kit_read(kit, 1, SIMPLE);
	struct test_req *h;

	kit_executes(kit, o);
	h = kit_read(kit, 1, HEAD);
	kit_executes(kit, h);
	kit_waits(kit, s);
	kit_completes(kit, o);
	kit_waits(kit, s);
	kit_completes(kit, h);
	kit_completes(kit, s);
}

/* Another logical unit has nothing to do with it. */
static void order_task_set_per_unit(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *o, *other, *s;

	kit_second_unit(kit);
	o = kit_read(kit, 0, ORDERED);
	other = kit_read_lun(kit, 0, SIMPLE, 1);
	s = kit_read_lun(kit, 0, SIMPLE, 0);
	kit_executes(kit, o);
	kit_executes(kit, other);
	kit_waits(kit, s);
	kit_completes(kit, o);
	kit_completes(kit, s);
}

/* ------------------------------------------------------------------------
 * TST changes while commands are there
 */

static void order_set_tst(struct kit *kit, bool tst)
{
	scst_device_set_tst(kit->units[0]->dev, tst);
}

/* From one for all to one for each */
static void order_tst_to_1(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *o0 = kit_read(kit, 0, ORDERED);
	struct test_req *s1 = kit_read(kit, 1, SIMPLE);
	struct test_req *new0, *new1, *head;

	kit_executes(kit, o0);
	kit_waits(kit, s1);
	order_set_tst(kit, true);
	/* What was there keeps its order, and what comes is behind it. */
	new0 = kit_read(kit, 0, SIMPLE);
	new1 = kit_read(kit, 1, ORDERED);
	kit_waits(kit, s1);
	kit_waits(kit, new0);
	kit_waits(kit, new1);
	head = kit_read(kit, 1, HEAD);
	kit_completes(kit, head);
	kit_completes(kit, o0);
	kit_executes(kit, s1);
	kit_waits(kit, new0);
	kit_waits(kit, new1);
	kit_completes(kit, s1);

	/* Now they have nothing to do with one another. */
	kit_executes(kit, new1);
	kit_completes(kit, new0);
	kit_completes(kit, kit_read(kit, 0, ORDERED));
	kit_completes(kit, new1);
}

/* From one for each to one for all */
static void order_tst_to_0(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s0 = kit_read(kit, 0, SIMPLE);
	struct test_req *s1 = kit_read(kit, 1, SIMPLE);
	struct test_req *o, *s;

	kit_executes(kit, s0);
	kit_executes(kit, s1);
	order_set_tst(kit, false);
	o = kit_read(kit, 0, ORDERED);
	s = kit_read(kit, 1, SIMPLE);
	kit_waits(kit, o);
	kit_completes(kit, s0);
	/* It is the task set of both. */
	kit_waits(kit, o);
	kit_waits(kit, s);
	kit_completes(kit, s1);
	kit_executes(kit, o);
	kit_waits(kit, s);
	kit_completes(kit, o);
	kit_completes(kit, s);
}

/* Again before the first change is complete */
static void order_tst_twice(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s0 = kit_read(kit, 0, SIMPLE);
	struct test_req *o0, *s1, *o, *other;

	kit_executes(kit, s0);
	order_set_tst(kit, false);
	o0 = kit_read(kit, 0, ORDERED);
	s1 = kit_read(kit, 1, SIMPLE);
	order_set_tst(kit, true);
	KUNIT_EXPECT_TRUE(test, kit->units[0]->dev->tst);
	kit_waits(kit, o0);
	kit_waits(kit, s1);
	kit_completes(kit, s0);
	kit_executes(kit, o0);
	kit_waits(kit, s1);
	kit_completes(kit, o0);
	kit_completes(kit, s1);

	o = kit_read(kit, 0, ORDERED);
	other = kit_read(kit, 1, SIMPLE);
	kit_executes(kit, o);
	kit_completes(kit, other);
	kit_completes(kit, o);
}

/* A command finds its way out of the task set that it has entered. */
static void order_tst_and_aborts(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *o = kit_read(kit, 0, ORDERED);
	struct test_req *old = kit_read(kit, 1, SIMPLE);
	struct test_req *fresh;

	kit_executes(kit, o);
	kit_waits(kit, old);
	order_set_tst(kit, true);
	fresh = kit_read(kit, 1, SIMPLE);
	kit_waits(kit, fresh);
	kit_tmf_ends(kit, kit_tmf(kit, 1, SCST_ABORT_TASK, fresh),
		     SCST_TMF_COMPLETE);
	kit_tmf_ends(kit, kit_tmf(kit, 1, SCST_ABORT_TASK, old),
		     SCST_TMF_COMPLETE);
	kit_ends(kit, fresh);
	kit_ends(kit, old);
	KUNIT_EXPECT_TRUE(test, fresh->aborted && old->aborted);
	kit_completes(kit, o);
	kit_completes(kit, kit_read(kit, 1, SIMPLE));
}

/* A nexus that has a barrier goes: it waits for none but its own commands. */
static void order_tst_and_session(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *s0 = kit_read(kit, 0, SIMPLE);
	struct test_req *fresh, *late;

	kit_executes(kit, s0);
	order_set_tst(kit, true);
	fresh = kit_read(kit, 1, SIMPLE);
	kit_waits(kit, fresh);
	kit_task_ends(kit, kit_start_del_session(kit, 1));
	kit_ends(kit, fresh);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, fresh));
	late = kit_read(kit, 0, SIMPLE);
	kit_waits(kit, late);
	kit_completes(kit, s0);
	kit_completes(kit, late);
}

/* ------------------------------------------------------------------------
 * The logical unit alone
 */

static void order_exclusive_waits(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s1 = kit_read(kit, 0, SIMPLE);
	struct test_req *h = kit_read(kit, 1, HEAD);
	struct test_req *x, *s2;

	kit_executes(kit, s1);
	kit_executes(kit, h);
	x = kit_exclusive(kit, 0, SIMPLE);
	kit_is_in(kit, x, SCST_CMD_EXEC_WAIT);
	kit_waits(kit, x);
	s2 = kit_read(kit, 1, HEAD);
	kit_completes(kit, s1);
	kit_waits(kit, x);
	kit_completes(kit, h);
	kit_executes(kit, x);
	kit_waits(kit, s2);
	kit_completes(kit, x);
	kit_completes(kit, s2);
}

/* All kinds of commands, from all nexuses, wait for it. */
static void order_exclusive_is_alone(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *x1 = kit_exclusive(kit, 0, SIMPLE);
	struct test_req *s, *h, *o, *w, *x2;

	kit_executes(kit, x1);
	s = kit_read(kit, 0, SIMPLE);
	h = kit_read(kit, 0, HEAD);
	o = kit_read(kit, 1, ORDERED);
	kit_is_in(kit, o, SCST_CMD_EXEC_WAIT);
	x2 = kit_exclusive(kit, 0, HEAD);
	kit_waits(kit, s);
	kit_waits(kit, h);
	kit_waits(kit, o);
	kit_waits(kit, x2);
	kit_completes(kit, x1);

	/* Queued behind the HEAD OF QUEUE commands or not: before x2 */
	kit_completes(kit, h);
	kit_completes(kit, o);
	kit_completes(kit, s);
	kit_completes(kit, x2);

	w = kit_write(kit, 0, SIMPLE, TEST_DATA_NOW);
	kit_completes(kit, w);
}

/* MODE SELECT may have set it: what comes after that writes nothing. */
static void order_exclusive_sets_swp(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *x = kit_exclusive(kit, 0, SIMPLE);
	struct test_req *r, *w;

	kit_executes(kit, x);
	r = kit_read(kit, 1, SIMPLE);
	w = kit_write(kit, 1, SIMPLE, TEST_DATA_NOW);
	kit_waits(kit, r);
	kit_waits(kit, w);
	kit->units[0]->dev->swp = true;
	kit_completes(kit, x);
	kit_completes(kit, r);
	kit_ends_sense(kit, w, DATA_PROTECT, 0x27, 2);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, w));
}

/* A format may have begun, and go on without the unit: it is not to be disturbed. */
static void order_exclusive_is_parsed_again(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *x1 = kit_exclusive(kit, 0, SIMPLE);
	struct test_req *x2, *r;

	kit_executes(kit, x1);
	x2 = kit_exclusive(kit, 1, SIMPLE);
	kit_is_in(kit, x2, SCST_CMD_EXEC_WAIT);
	r = kit_read(kit, 1, SIMPLE);
	kit_is_in(kit, r, SCST_CMD_EXEC_WAIT);
	WRITE_ONCE(kit->units[0]->refuse, SCST_SENSE_FORMAT_IN_PROGRESS);
	kit_completes(kit, x1);
	kit_ends_sense(kit, x2, NOT_READY, 0x04, 0x04);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, x2));
	/* The handler looks at what it executes itself. */
	kit_completes(kit, r);
	WRITE_ONCE(kit->units[0]->refuse, SCST_GOOD);
	kit_completes(kit, kit_exclusive(kit, 1, SIMPLE));
}

static void order_exclusive_ignores_data_wait(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	struct test_req *x = kit_exclusive(kit, 1, SIMPLE);

	kit_is_in(kit, w, SCST_CMD_DATA_WAIT);
	kit_executes(kit, x);
	/* Data that comes meanwhile has to wait. */
	kit_deliver(kit, w, 0);
	kit_is_in(kit, w, SCST_CMD_EXEC_WAIT);
	kit_waits(kit, w);
	kit_completes(kit, x);
	kit_completes(kit, w);
}

/* It waits in the task set first, and holds nobody up there. */
static void order_exclusive_ordered(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	struct test_req *x = kit_exclusive(kit, 0, ORDERED);
	struct test_req *other = kit_read(kit, 1, SIMPLE);

	kit_is_in(kit, w, SCST_CMD_DATA_WAIT);
	kit_executes(kit, other);
	kit_waits(kit, x);
	kit_deliver(kit, w, 0);
	kit_completes(kit, w);
	kit_waits(kit, x);
	kit_completes(kit, other);
	kit_completes(kit, x);
}

/* ------------------------------------------------------------------------
 * Unbinding and its like
 */

static void order_unbind_waits(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct kit_task *unbind;
	struct test_req *late;

	kit_executes(kit, s);
	unbind = kit_start_bind(kit, "unbind");
	kit_task_waits(kit, unbind);
	late = kit_read(kit, 1, SIMPLE);
	kit_release(kit, s);
	kit_ends_good(kit, s);
	kit_task_ends(kit, unbind);
	/* Whether it waited for the unbinding or saw that it goes on */
	kit_ends_sense(kit, late, NOT_READY, 0x04, 0x03);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, late));

	kit_task_ends(kit, kit_start_bind(kit, "bind"));
	kit_has_ua(kit, 0, 0x28, 0x00);
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
}

static void order_unbind_ignores_data_wait(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w1 = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	struct test_req *w2 = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	struct test_req *o = kit_read(kit, 0, ORDERED);

	kit_is_in(kit, w1, SCST_CMD_DATA_WAIT);
	kit_is_in(kit, w2, SCST_CMD_DATA_WAIT);
	kit_task_ends(kit, kit_start_bind(kit, "unbind"));
	kit_deliver(kit, w1, 0);
	kit_ends_sense(kit, w1, NOT_READY, 0x04, 0x03);
	kit_waits(kit, o);

	/* The data of the other one comes when the unit is back. */
	kit_task_ends(kit, kit_start_bind(kit, "bind"));
	kit_deliver(kit, w2, 0);
	kit_completes(kit, w2);
	kit_ends_sense(kit, o, UNIT_ATTENTION, 0x28, 0x00);
}

static void order_suspend_waits(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w = kit_write(kit, 1, SIMPLE, TEST_DATA_LATE);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct kit_task *suspend;

	kit_is_in(kit, w, SCST_CMD_DATA_WAIT);
	kit_executes(kit, s);
	suspend = kit_start_suspend(kit);
	kit_task_waits(kit, suspend);
	KUNIT_EXPECT_EQ(test, 0, READ_ONCE(suspend->suspended));
	kit_deliver(kit, w, 0);
	kit_waits(kit, w);
	kit_completes(kit, s);
	kit_task_ends(kit, suspend);
	kit_completes(kit, w);
	/* Not before it was resumed */
	KUNIT_EXPECT_GT(test, test_executed_seq(kit->units[0], w->tag),
			suspend->suspended);
}

/* Nobody asked for the command's end: the initiator is to try again. */
static void ends_busy(struct kit *kit, struct test_req *req)
{
	kit_ends(kit, req);
	KUNIT_EXPECT_TRUE(kit->test, req->aborted);
	KUNIT_EXPECT_FALSE(kit->test, req->no_response);
	KUNIT_EXPECT_EQ(kit->test, req->status, SAM_STAT_BUSY);
}

/*
 * A LUN that goes takes its commands along; only executing ones are waited for, and say
 * how they have ended.
 */
static void order_del_lun_waits(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *o = kit_read(kit, 0, ORDERED);
	struct kit_task *del;

	kit_is_in(kit, w, SCST_CMD_DATA_WAIT);
	kit_executes(kit, s);
	kit_waits(kit, o);
	del = kit_start_del_lun(kit, 0);
	ends_busy(kit, w);
	ends_busy(kit, o);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, w));
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, o));
	kit_task_waits(kit, del);
	kit_release(kit, s);
	kit_ends_good(kit, s);
	kit_task_ends(kit, del);
	KUNIT_EXPECT_LT(test, s->end_seq, del->seq);

	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), ILLEGAL_REQUEST, 0x25,
		       0x00);
}

static void order_del_session_waits(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *w = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *o = kit_read(kit, 0, ORDERED);
	struct test_req *other = kit_read(kit, 1, SIMPLE);
	struct kit_task *del;

	kit_is_in(kit, w, SCST_CMD_DATA_WAIT);
	kit_executes(kit, s);
	kit_waits(kit, o);
	kit_waits(kit, other);
	del = kit_start_del_session(kit, 0);
	kit_ends(kit, w);
	kit_ends(kit, o);
	/* What the ORDERED command held up goes on. */
	kit_completes(kit, other);
	kit_task_waits(kit, del);
	kit_release(kit, s);
	kit_ends(kit, s);
	kit_task_ends(kit, del);
	KUNIT_EXPECT_LT(test, s->end_seq, del->seq);
}

static struct kunit_case scst_order_cases[] = {
	KUNIT_CASE(order_ordered_waits),
	KUNIT_CASE(order_simple_waits_for_ordered),
	KUNIT_CASE(order_simple_waits_for_ordered_data),
	KUNIT_CASE(order_simple_goes_on_without_ordered_data),
	KUNIT_CASE(order_ordered_waits_for_simple_data),
	KUNIT_CASE(order_ordered_data_waits),
	KUNIT_CASE(order_ordered_waits_for_response),
	KUNIT_CASE(order_fifo),
	KUNIT_CASE(order_head_passes_waiting),
	KUNIT_CASE(order_head_passes_executing),
	KUNIT_CASE(order_later_waits_for_head),
	KUNIT_CASE(order_after_failure),
	KUNIT_CASE(order_of_refused),
	KUNIT_CASE(order_after_refused_data),
	KUNIT_CASE(order_task_set_per_nexus),
	KUNIT_CASE(order_task_set_shared),
	KUNIT_CASE(order_task_set_per_unit),
	KUNIT_CASE(order_tst_to_1),
	KUNIT_CASE(order_tst_to_0),
	KUNIT_CASE(order_tst_twice),
	KUNIT_CASE(order_tst_and_aborts),
	KUNIT_CASE(order_tst_and_session),
	KUNIT_CASE(order_exclusive_waits),
	KUNIT_CASE(order_exclusive_is_alone),
	KUNIT_CASE(order_exclusive_sets_swp),
	KUNIT_CASE(order_exclusive_is_parsed_again),
	KUNIT_CASE(order_exclusive_ignores_data_wait),
	KUNIT_CASE(order_exclusive_ordered),
	KUNIT_CASE(order_unbind_waits),
	KUNIT_CASE(order_unbind_ignores_data_wait),
	KUNIT_CASE(order_suspend_waits),
	KUNIT_CASE(order_del_lun_waits),
	KUNIT_CASE(order_del_session_waits),
	{}
};

static struct kunit_suite scst_order_suite = {
	.name = "scst_order",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = scst_order_cases,
};

kunit_test_suite(scst_order_suite);
