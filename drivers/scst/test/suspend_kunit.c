// SPDX-License-Identifier: GPL-2.0
/* Units that the administrator has blocked: what waits, and what does not. */

#include "kit_kunit.h"

static void blocked_path(struct kit *kit, char *path, size_t len)
{
	snprintf(path, len, "/sys/devices/scst/devices/%s.0/blocked",
		 kit->name);
}

static int blocked_write(struct kit *kit, const char *data)
{
	char path[128];

	blocked_path(kit, path, sizeof(path));
	return kit_write_file(path, data);
}

static void blocked_is(struct kit *kit, const char *want)
{
	char path[128], data[16];

	blocked_path(kit, path, sizeof(path));
	KUNIT_ASSERT_EQ(kit->test, 0,
			kit_read_file(path, data, sizeof(data)));
	KUNIT_EXPECT_STREQ(kit->test, data, want);
}

static struct kit_task *blocked_start(struct kit *kit)
{
	char path[128];

	blocked_path(kit, path, sizeof(path));
	return kit_start_write(kit, path, "1");
}

/* The write returns when nothing executes; what comes later waits. */
static void blocked_drains(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *before, *after;
	struct kit_task *task;

	before = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, before);
	task = blocked_start(kit);
	kit_task_waits(kit, task);
	after = kit_read(kit, 1, SIMPLE);
	kit_waits(kit, after);
	kit_release(kit, before);
	kit_ends_good(kit, before);
	kit_task_ends(kit, task);
	blocked_is(kit, "1\n");
	kit_waits(kit, after);
	KUNIT_EXPECT_EQ(test, 0, blocked_write(kit, "0"));
	kit_completes(kit, after);
	blocked_is(kit, "0\n");
}

/* A drain that takes long is nothing to who logs in or out. */
static void blocked_drain_lets_login(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *before = kit_read(kit, 0, SIMPLE);
	struct kit_task *task;

	kit_executes(kit, before);
	task = blocked_start(kit);
	kit_task_waits(kit, task);
	kit_task_ends(kit, kit_start_del_session(kit, 1));
	kit_task_ends(kit, kit_start_add_session(kit, 1));
	kit_task_waits(kit, task);
	kit_release(kit, before);
	kit_ends_good(kit, before);
	kit_task_ends(kit, task);
	KUNIT_EXPECT_EQ(test, 0, blocked_write(kit, "0"));
}

static void blocked_nests(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *read;

	KUNIT_EXPECT_EQ(test, -EINVAL, blocked_write(kit, "0"));
	KUNIT_EXPECT_EQ(test, -EINVAL, blocked_write(kit, "2"));
	KUNIT_ASSERT_EQ(test, 0, blocked_write(kit, "1"));
	KUNIT_ASSERT_EQ(test, 0, blocked_write(kit, "1"));
	blocked_is(kit, "2\n");
	read = kit_read(kit, 0, SIMPLE);
	KUNIT_EXPECT_EQ(test, 0, blocked_write(kit, "0"));
	kit_waits(kit, read);
	KUNIT_EXPECT_EQ(test, 0, blocked_write(kit, "0"));
	KUNIT_EXPECT_EQ(test, -EINVAL, blocked_write(kit, "0"));
	kit_completes(kit, read);
}

/* Others that have the unit alone find it so. */
static void blocked_is_suspended(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *read;

	KUNIT_ASSERT_EQ(test, 0, blocked_write(kit, "1"));
	kit_task_ends(kit, kit_start_suspend(kit));
	kit_task_ends(kit, kit_start_bind(kit, "unbind"));
	read = kit_read(kit, 0, SIMPLE);
	kit_waits(kit, read);
	kit_task_ends(kit, kit_start_bind(kit, "bind"));
	kit_waits(kit, read);
	KUNIT_EXPECT_EQ(test, 0, blocked_write(kit, "0"));
	/* It came for the medium of before. */
	kit_completes(kit, read);
}

static void blocked_lets_tmf(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *aborted, *reset;

	KUNIT_ASSERT_EQ(test, 0, blocked_write(kit, "1"));
	aborted = kit_read(kit, 0, SIMPLE);
	reset = kit_read(kit, 1, SIMPLE);
	kit_waits(kit, aborted);
	kit_waits(kit, reset);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_ABORT_TASK, aborted),
		     SCST_TMF_COMPLETE);
	kit_ends(kit, aborted);
	KUNIT_EXPECT_TRUE(test, aborted->aborted);
	kit_runs(kit, reset);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_LUN_RESET, NULL),
		     SCST_TMF_COMPLETE);
	kit_ends(kit, reset);
	KUNIT_EXPECT_TRUE(test, reset->aborted);
	KUNIT_EXPECT_EQ(test, 0, blocked_write(kit, "0"));
	kit_clear_uas(kit);
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
}

/* Nexus and LUN go while their commands wait. */
static void blocked_lets_go(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);

	KUNIT_ASSERT_EQ(test, 0, blocked_write(kit, "1"));
	kit_waits(kit, kit_read(kit, 0, SIMPLE));
	kit_waits(kit, kit_read(kit, 1, SIMPLE));
	kit_task_ends(kit, kit_start_del_session(kit, 0));
	kit_task_ends(kit, kit_start_del_lun(kit, 0));
	/* It is deleted as it is. */
}

static struct kunit_case scst_suspend_cases[] = {
	KUNIT_CASE(blocked_drains),
	KUNIT_CASE(blocked_drain_lets_login),
	KUNIT_CASE(blocked_nests),
	KUNIT_CASE(blocked_is_suspended),
	KUNIT_CASE(blocked_lets_tmf),
	KUNIT_CASE(blocked_lets_go),
	{}
};

static struct kunit_suite scst_suspend_suite = {
	.name = "scst_suspend",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = scst_suspend_cases,
};

kunit_test_suite(scst_suspend_suite);
