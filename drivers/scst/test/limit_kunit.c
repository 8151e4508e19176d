// SPDX-License-Identifier: GPL-2.0
/* How many commands an initiator may have: in all, and for a LUN. */

#include <linux/cpumask.h>
#include <linux/sched.h>
#include "kit_kunit.h"

#define LIMIT_LUN_UNKNOWN	7

static void limit_session(struct kit *kit, const char *max)
{
	/* It is beside the directory luns/. */
	KUNIT_ASSERT_EQ(kit->test, 0,
			kit_write_luns(kit, "../max_session_commands", max));
}

/* Of LUN 0 */
static void limit_lun(struct kit *kit, const char *max)
{
	KUNIT_ASSERT_EQ(kit->test, 0,
			kit_write_luns(kit, "0/max_commands", max));
}

static void limit_refuses(struct kit *kit, struct test_req *req)
{
	kit_ends(kit, req);
	KUNIT_EXPECT_EQ(kit->test, req->status, SAM_STAT_TASK_SET_FULL);
	KUNIT_EXPECT_FALSE(kit->test, kit_was_executed(kit, req));
}

/* All of them are in exec() then. */
static void limit_fill(struct kit *kit, struct test_req **reqs,
		       unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		reqs[i] = kit_read(kit, 0, SIMPLE);
		kit_executes(kit, reqs[i]);
	}
}

static void limit_drain(struct kit *kit, struct test_req **reqs,
			unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		kit_completes(kit, reqs[i]);
}

/* Commands come in on this CPU from now on. */
static void limit_move_to(struct kit *kit, unsigned int cpu)
{
	KUNIT_ASSERT_EQ(kit->test, 0,
			set_cpus_allowed_ptr(current, cpumask_of(cpu)));
}

static void limit_of_session(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *reqs[4], *more;

	kit_second_unit(kit);
	limit_session(kit, "4");
	limit_fill(kit, reqs, 4);
	limit_refuses(kit, kit_read(kit, 0, SIMPLE));
	limit_refuses(kit, kit_read(kit, 0, ORDERED));
	limit_refuses(kit, kit_read(kit, 0, HEAD));
	limit_refuses(kit, kit_read(kit, 0, SCST_CMD_QUEUE_ACA));
	limit_refuses(kit, kit_read_lun(kit, 0, SIMPLE, 1));
	limit_refuses(kit, kit_read_lun(kit, 0, SIMPLE, LIMIT_LUN_UNKNOWN));
	/* It is that of each. */
	kit_completes(kit, kit_read(kit, 1, SIMPLE));
	kit_completes(kit, reqs[0]);
	more = kit_read_lun(kit, 0, SIMPLE, 1);
	kit_executes(kit, more);
	limit_refuses(kit, kit_read(kit, 0, SIMPLE));
	kit_completes(kit, more);
	kit_ends_sense(kit, kit_read_lun(kit, 0, SIMPLE, LIMIT_LUN_UNKNOWN),
		       ILLEGAL_REQUEST, 0x25, 0x00);
	limit_drain(kit, reqs + 1, 3);
}

static void limit_of_lun(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *reqs[2];

	kit_second_unit(kit);
	limit_lun(kit, "2");
	limit_fill(kit, reqs, 2);
	limit_refuses(kit, kit_read(kit, 0, SIMPLE));
	limit_refuses(kit, kit_read(kit, 0, HEAD));
	kit_completes(kit, kit_read(kit, 1, SIMPLE));
	kit_completes(kit, kit_read_lun(kit, 0, SIMPLE, 1));
	kit_completes(kit, reqs[0]);
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
	kit_completes(kit, reqs[1]);
}

/* What executes when a limit is set counts, and goes on. */
static void limit_changes_at_once(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *reqs[8];

	limit_fill(kit, reqs, 6);
	limit_session(kit, "2");
	limit_refuses(kit, kit_read(kit, 0, SIMPLE));
	limit_session(kit, "0");
	limit_fill(kit, reqs + 6, 1);
	limit_lun(kit, "7");
	limit_refuses(kit, kit_read(kit, 0, SIMPLE));
	limit_lun(kit, "8");
	limit_fill(kit, reqs + 7, 1);
	limit_refuses(kit, kit_read(kit, 0, SIMPLE));
	limit_lun(kit, "0");
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
	limit_drain(kit, reqs, 8);
}

/* Neither what is refused keeps others out, nor what another limit refuses. */
static void limit_counts_admitted(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *read, *refused[4];
	unsigned int i;

	limit_session(kit, "3");
	limit_lun(kit, "1");
	read = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, read);
	kit->ts[0]->hold_response = true;
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		refused[i] = kit_read(kit, 0, SIMPLE);
		kit_is_in(kit, refused[i], SCST_CMD_RESPONDING);
	}
	kit->ts[0]->hold_response = false;
	kit_completes(kit, read);
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		KUNIT_EXPECT_EQ(test, 0, test_release_response(kit->ts[0],
							       refused[i]->tag));
		limit_refuses(kit, refused[i]);
	}
}

/* A command counts until its response has been sent. */
static void limit_counts_responses(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *read;

	limit_session(kit, "1");
	kit->ts[0]->hold_response = true;
	read = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, read);
	kit_release(kit, read);
	kit_is_in(kit, read, SCST_CMD_RESPONDING);
	kit->ts[0]->hold_response = false;
	limit_refuses(kit, kit_read(kit, 0, SIMPLE));
	KUNIT_EXPECT_EQ(test, 0, test_release_response(kit->ts[0], read->tag));
	kit_ends_good(kit, read);
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
}

/* Task management is not limited, and what it ends makes room. */
static void limit_lets_tmf(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *read, *waits;

	limit_lun(kit, "2");
	read = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, read);
	waits = kit_read(kit, 0, ORDERED);
	kit_waits(kit, waits);
	limit_refuses(kit, kit_read(kit, 0, SIMPLE));
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_QUERY_TASK_SET, NULL),
		     SCST_TMF_SUCCEEDED);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_ABORT_TASK, waits),
		     SCST_TMF_COMPLETE);
	kit_ends(kit, waits);
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
	kit_completes(kit, read);
}

/*
 * One CPU has all that there may be: another one, which has none, may not have one
 * more.  The limit is high enough for a share of each CPU.
 */
static void limit_of_all_cpus(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	unsigned int max = 4 * nr_cpu_ids, cpu;
	struct test_req *reqs[32];
	char line[16];

	if (max > ARRAY_SIZE(reqs))
		kunit_skip(test, "too many CPUs");
	snprintf(line, sizeof(line), "%u", max);
	limit_lun(kit, line);
	limit_move_to(kit, cpumask_first(cpu_online_mask));
	limit_fill(kit, reqs, max);
	for_each_online_cpu(cpu) {
		limit_move_to(kit, cpu);
		limit_refuses(kit, kit_read(kit, 0, SIMPLE));
	}
	/* And the other way round, with few commands in between */
	limit_drain(kit, reqs, max);
	limit_fill(kit, reqs, max);
	for_each_online_cpu(cpu) {
		limit_move_to(kit, cpu);
		limit_refuses(kit, kit_read(kit, 0, SIMPLE));
	}
	limit_drain(kit, reqs, max);
}

static struct kunit_case scst_limit_cases[] = {
	KUNIT_CASE(limit_of_session),
	KUNIT_CASE(limit_of_lun),
	KUNIT_CASE(limit_changes_at_once),
	KUNIT_CASE(limit_counts_admitted),
	KUNIT_CASE(limit_counts_responses),
	KUNIT_CASE(limit_lets_tmf),
	KUNIT_CASE(limit_of_all_cpus),
	{}
};

static struct kunit_suite scst_limit_suite = {
	.name = "scst_limit",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = scst_limit_cases,
};

kunit_test_suite(scst_limit_suite);
