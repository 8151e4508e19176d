// SPDX-License-Identifier: GPL-2.0
/*
 * Asymmetric logical unit access (SPC-6 5.18): what commands meet in each state,
 * and changes of states while commands execute.
 */

#include <linux/delay.h>
#include "kit_kunit.h"

#define ALUA_DIR	"/sys/devices/scst/device_groups"

/* A file of the kit's device group */
static int alua_write(struct kit *kit, const char *file, const char *data)
{
	char path[128];

	snprintf(path, sizeof(path), ALUA_DIR "/%s/%s", kit->name, file);
	return kit_write_file(path, data);
}

static int alua_set_state(struct kit *kit, const char *state)
{
	return alua_write(kit, "target_groups/here/state", state);
}

static struct kit_task *alua_start_state(struct kit *kit, const char *state)
{
	char path[128];

	snprintf(path, sizeof(path), ALUA_DIR "/%s/target_groups/here/state",
		 kit->name);
	return kit_start_write(kit, path, state);
}

/* The kit's unit is in a device group, its target in a target port group. */
static struct kit *alua_setup(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	char unit[32];

	snprintf(unit, sizeof(unit), "%s.0", kit->name);
	KUNIT_ASSERT_EQ(test, 0, kit_write_file(ALUA_DIR "/add", kit->name));
	KUNIT_ASSERT_EQ(test, 0, alua_write(kit, "devices/add", unit));
	KUNIT_ASSERT_EQ(test, 0, alua_write(kit, "target_groups/add", "here"));
	KUNIT_ASSERT_EQ(test, 0, alua_write(kit, "target_groups/here/targets/add",
					    kit->name));
	kit_clear_uas(kit);
	return kit;
}

static void alua_exit(struct kunit *test)
{
	struct kit *kit = test->priv;

	if (kit && kit->tt) {
		kit_let_go(kit);
		kit_write_file(ALUA_DIR "/del", kit->name);
	}
	kit_exit(test);
}

/* ------------------------------------------------------------------------
 * The matrix
 */

/* The least of the states in which a command is executed */
enum alua_level { ACTIVE, STANDBY, UNAVAILABLE, ANY };

static const struct {
	const char *name;
	enum alua_level level;
	struct test_params params;
} alua_cmds[] = {
	{ "READ(10)", ACTIVE, {
		.cdb = { READ_10, [8] = 1 },
		.cdb_len = 10,
		.dir = SCST_DATA_READ,
		.len = 512 } },
	{ "WRITE(10)", ACTIVE, {
		.cdb = { WRITE_10, [8] = 1 },
		.cdb_len = 10,
		.dir = SCST_DATA_WRITE,
		.len = 512 } },
	{ "TEST UNIT READY", ACTIVE, {
		.cdb = { TEST_UNIT_READY },
		.cdb_len = 6 } },
	{ "REPORT SUPPORTED OPERATION CODES", STANDBY, {
		.cdb = { MAINTENANCE_IN, MI_REPORT_SUPPORTED_OPERATION_CODES,
			 [9] = 64 },
		.cdb_len = 12,
		.dir = SCST_DATA_READ,
		.len = 64 } },
	{ "SET TARGET PORT GROUPS", UNAVAILABLE, {
		.cdb = { MAINTENANCE_OUT, MO_SET_TARGET_PGS },
		.cdb_len = 12 } },
	{ "REPORT TARGET PORT GROUPS", ANY, {
		.cdb = { MAINTENANCE_IN, MI_REPORT_TARGET_PGS, [9] = 64 },
		.cdb_len = 12,
		.dir = SCST_DATA_READ,
		.len = 64 } },
	{ "INQUIRY", ANY, {
		.cdb = { INQUIRY, [4] = 36 },
		.cdb_len = 6,
		.dir = SCST_DATA_READ,
		.len = 36 } },
	{ "REPORT LUNS", ANY, {
		.cdb = { REPORT_LUNS, [9] = 16 },
		.cdb_len = 12,
		.dir = SCST_DATA_READ,
		.len = 16 } },
	{ "REQUEST SENSE", ANY, {
		.cdb = { REQUEST_SENSE, [4] = 18 },
		.cdb_len = 6,
		.dir = SCST_DATA_READ,
		.len = 18 } },
};

/* ASCQ behind NOT READY, LOGICAL UNIT NOT ACCESSIBLE; 0: all is executed */
static const struct {
	const char *name;
	enum alua_level lets;
	u8 ascq;
} alua_states[] = {
	{ "active/optimized", ACTIVE },
	{ "active/nonoptimized", ACTIVE },
	{ "standby", STANDBY, 0x0b },
	{ "unavailable", UNAVAILABLE, 0x0c },
	{ "offline", ANY, 0x12 },
	{ "transitioning", ANY, 0x0a },
};

struct alua_case {
	unsigned int state;
	unsigned int cmd;
};

static const void *alua_gen_params(const void *prev, char *desc)
{
	static struct alua_case c;
	static unsigned int next;

	next = prev ? next + 1 : 0;
	c.cmd = next % ARRAY_SIZE(alua_cmds);
	c.state = next / ARRAY_SIZE(alua_cmds);
	if (c.state >= ARRAY_SIZE(alua_states))
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s: %s",
		 alua_states[c.state].name, alua_cmds[c.cmd].name);
	return &c;
}

static void alua_matrix(struct kunit *test)
{
	struct kit *kit = alua_setup(test);
	const struct alua_case *c = test->param_value;
	struct test_params p = alua_cmds[c->cmd].params;
	struct test_req *req;

	kit->units[0]->hold = false;
	KUNIT_ASSERT_EQ(test, 0, alua_write(kit, "explicit", "1"));
	kit_clear_uas(kit);
	KUNIT_ASSERT_EQ(test, 0, alua_set_state(kit, "active/nonoptimized"));
	KUNIT_ASSERT_EQ(test, 0,
			alua_set_state(kit, alua_states[c->state].name));
	/* What the changes have to say comes before what the state has. */
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), UNIT_ATTENTION, 0x2a, 0x06);

	req = kit_submit(kit, 0, &p);
	if (alua_cmds[c->cmd].level < alua_states[c->state].lets)
		kit_ends_sense(kit, req, NOT_READY, 0x04,
			       alua_states[c->state].ascq);
	else
		kit_ends_good(kit, req);

	KUNIT_ASSERT_EQ(test, 0, alua_set_state(kit, "active/optimized"));
	kit_clear_uas(kit);
	kit_ends_good(kit, kit_read(kit, 0, SIMPLE));
}

/* ------------------------------------------------------------------------
 * Changes
 */

/* All nexuses hear of it; those of the unit only. */
static void alua_tells_all(struct kunit *test)
{
	struct kit *kit = alua_setup(test);

	KUNIT_ASSERT_EQ(test, 0, alua_set_state(kit, "active/nonoptimized"));
	kit_has_ua(kit, 0, 0x2a, 0x06);
	kit_has_ua(kit, 1, 0x2a, 0x06);
	/* Not what was so already */
	KUNIT_ASSERT_EQ(test, 0, alua_set_state(kit, "active/nonoptimized"));
	kit_has_ua(kit, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, 0,
			alua_write(kit, "target_groups/here/preferred", "1"));
	kit_has_ua(kit, 0, 0x2a, 0x06);
	kit_has_ua(kit, 1, 0x2a, 0x06);
}

/* A transition that comes to nothing is told as such. */
static void alua_tells_failure(struct kunit *test)
{
	struct kit *kit = alua_setup(test);
	int nexus;

	KUNIT_ASSERT_EQ(test, 0, alua_set_state(kit, "transitioning"));
	for (nexus = 0; nexus < 2; nexus++)
		kit_ends_sense(kit, kit_read(kit, nexus, SIMPLE), UNIT_ATTENTION,
			       0x2a, 0x06);
	KUNIT_ASSERT_EQ(test, 0, alua_set_state(kit, "active/optimized"));
	kit_has_ua(kit, 0, 0x2a, 0x07);
	kit_has_ua(kit, 1, 0x2a, 0x07);
	KUNIT_ASSERT_EQ(test, 0, alua_set_state(kit, "transitioning"));
	KUNIT_ASSERT_EQ(test, 0, alua_set_state(kit, "active/nonoptimized"));
	kit_has_ua(kit, 0, 0x2a, 0x06);
	kit_has_ua(kit, 1, 0x2a, 0x06);
}

/* Other groups and other states */
static void alua_tells_both(struct kit *kit, int nexus)
{
	kit_ends_sense(kit, kit_read(kit, nexus, SIMPLE), UNIT_ATTENTION, 0x2a,
		       0x06);
	kit_ends_sense(kit, kit_read(kit, nexus, SIMPLE), UNIT_ATTENTION, 0x3f,
		       0x03);
}

/* A port whose state is not that of the others has it for all its nexuses. */
static void alua_joins_and_leaves(struct kunit *test)
{
	struct kit *kit = alua_setup(test);

	kit->units[0]->hold = false;
	KUNIT_ASSERT_EQ(test, 0, alua_set_state(kit, "standby"));
	kit_ends_sense(kit, kit_read(kit, 1, SIMPLE), UNIT_ATTENTION, 0x2a, 0x06);
	kit_ends_sense(kit, kit_read(kit, 1, SIMPLE), NOT_READY, 0x04, 0x0b);

	KUNIT_ASSERT_EQ(test, 0, alua_write(kit, "target_groups/here/targets/del",
					    kit->name));
	alua_tells_both(kit, 1);
	kit_ends_good(kit, kit_read(kit, 1, SIMPLE));
	KUNIT_ASSERT_EQ(test, 0, alua_write(kit, "target_groups/here/targets/add",
					    kit->name));
	alua_tells_both(kit, 1);
	kit_ends_sense(kit, kit_read(kit, 1, SIMPLE), NOT_READY, 0x04, 0x0b);

	KUNIT_ASSERT_EQ(test, 0, kit_write_file(ALUA_DIR "/del", kit->name));
	alua_tells_both(kit, 1);
	kit_ends_good(kit, kit_read(kit, 1, SIMPLE));
}

/* The write returns when nothing executes that the state does not let through. */
static void alua_waits_for_commands(struct kunit *test)
{
	struct kit *kit = alua_setup(test);
	struct test_req *before, *after;
	struct kit_task *task;

	before = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, before);
	task = alua_start_state(kit, "standby");
	kit_task_waits(kit, task);
	kit_runs(kit, before);

	/* Initiators hear of it at once; a command waits, and finds the new state. */
	kit_ends_sense(kit, kit_read(kit, 1, SIMPLE), UNIT_ATTENTION, 0x2a, 0x06);
	after = kit_read(kit, 1, SIMPLE);
	kit_waits(kit, after);
	kit_release(kit, before);
	kit_ends_good(kit, before);
	kit_ends_sense(kit, after, NOT_READY, 0x04, 0x0b);
	kit_task_ends(kit, task);
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), UNIT_ATTENTION, 0x2a, 0x06);
}

/* Nothing has to be waited for where all is let through. */
static void alua_active_waits_for_none(struct kunit *test)
{
	struct kit *kit = alua_setup(test);
	struct test_req *read = kit_read(kit, 0, SIMPLE);

	kit_executes(kit, read);
	KUNIT_ASSERT_EQ(test, 0, alua_set_state(kit, "active/nonoptimized"));
	kit_runs(kit, read);
	kit_release(kit, read);
	kit_ends_good(kit, read);
}

/* Other groups and targets can be changed while one waits. */
static void alua_holds_up_no_others(struct kunit *test)
{
	struct kit *kit = alua_setup(test);
	struct test_req *read = kit_read(kit, 0, SIMPLE);
	struct kit_task *task;

	kit_executes(kit, read);
	task = alua_start_state(kit, "offline");
	kit_task_waits(kit, task);
	KUNIT_EXPECT_EQ(test, 0, kit_write_file(ALUA_DIR "/add", "kunit-other"));
	KUNIT_EXPECT_EQ(test, 0, kit_write_file(ALUA_DIR "/del", "kunit-other"));
	KUNIT_EXPECT_EQ(test, 0, kit_write_file(KIT_DRIVER_DIR "/add_target",
						"kunit-other"));
	KUNIT_EXPECT_EQ(test, 0, kit_write_file(KIT_DRIVER_DIR "/del_target",
						"kunit-other"));
	kit_task_waits(kit, task);
	kit_release(kit, read);
	kit_ends_good(kit, read);
	kit_task_ends(kit, task);
}

/* Data that came late is not written any more. */
static void alua_meets_late_data(struct kunit *test)
{
	struct kit *kit = alua_setup(test);
	struct test_req *write = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);

	kit_is_in(kit, write, SCST_CMD_DATA_WAIT);
	KUNIT_ASSERT_EQ(test, 0, alua_set_state(kit, "unavailable"));
	kit_deliver(kit, write, 0);
	kit_ends_sense(kit, write, NOT_READY, 0x04, 0x0c);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, write));
}

/* Task management works in all states. */
static void alua_lets_tmf(struct kunit *test)
{
	struct kit *kit = alua_setup(test);

	KUNIT_ASSERT_EQ(test, 0, alua_set_state(kit, "offline"));
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_LUN_RESET, NULL),
		     SCST_TMF_COMPLETE);
}

/* ------------------------------------------------------------------------
 * SET TARGET PORT GROUPS
 */

/*
 * Every byte of the list is the state that is asked for, so twice that is the
 * identifier of the group.
 */
static struct test_req *alua_ask(struct kit *kit, int nexus, u8 state)
{
	struct test_params p = {
		.cdb = { MAINTENANCE_OUT, MO_SET_TARGET_PGS, [9] = 8 },
		.cdb_len = 12,
		.dir = SCST_DATA_WRITE,
		.len = 8,
		.fill = state,
	};

	return kit_submit(kit, nexus, &p);
}

static struct kit *alua_setup_explicit(struct kunit *test)
{
	struct kit *kit = alua_setup(test);

	KUNIT_ASSERT_EQ(test, 0, alua_write(kit, "explicit", "1"));
	KUNIT_ASSERT_EQ(test, 0, alua_write(kit, "target_groups/here/group_id",
					    "0x202"));
	kit_clear_uas(kit);
	return kit;
}

/* What the file of the device group says, and is in the end */
static void alua_reads(struct kit *kit, const char *file, const char *want)
{
	char path[128], data[64];
	int i;

	snprintf(path, sizeof(path), ALUA_DIR "/%s/%s", kit->name, file);
	for (i = 0; i < KIT_TIMEOUT_MS / KIT_GRACE_MS; i++) {
		KUNIT_ASSERT_EQ(kit->test, 0,
				kit_read_file(path, data, sizeof(data)));
		if (!strcmp(data, want))
			return;
		msleep(KIT_GRACE_MS);
	}
	KUNIT_FAIL(kit->test, "%s is %s", file, data);
}

static int alua_answer(struct kit *kit, const char *word)
{
	char path[128], id[16], line[32];

	snprintf(path, sizeof(path), ALUA_DIR "/%s/request", kit->name);
	KUNIT_ASSERT_EQ(kit->test, 0, kit_read_file(path, id, sizeof(id)));
	snprintf(line, sizeof(line), "%.*s %s", (int)strcspn(id, "\n"), id,
		 word);
	return alua_write(kit, "answer", line);
}

#define STANDBY_CODE	2

static void alua_grants(struct kunit *test)
{
	struct kit *kit = alua_setup_explicit(test);
	struct test_req *ask = alua_ask(kit, 0, STANDBY_CODE);

	kit_runs(kit, ask);
	alua_reads(kit, "target_groups/here/requested_state", "standby\n");
	alua_reads(kit, "target_groups/here/state", "active/optimized\n");
	KUNIT_EXPECT_EQ(test, -EINVAL, alua_answer(kit, "perhaps"));
	KUNIT_EXPECT_EQ(test, -ENOENT, alua_write(kit, "answer", "77777 done"));
	KUNIT_EXPECT_EQ(test, 0, alua_answer(kit, "done"));
	kit_ends_good(kit, ask);
	alua_reads(kit, "request", "0\n");
	alua_reads(kit, "target_groups/here/requested_state", "");
	alua_reads(kit, "target_groups/here/state", "standby\n");
	/* Who asked knows it. */
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), NOT_READY, 0x04, 0x0b);
	kit_ends_sense(kit, kit_read(kit, 1, SIMPLE), UNIT_ATTENTION, 0x2a, 0x06);
	/* There is nothing to do any more. */
	kit_ends_good(kit, alua_ask(kit, 0, STANDBY_CODE));
}

/* What who asked knows of the unit that was asked it is told of by the others. */
static void alua_tells_of_other_units(struct kunit *test)
{
	struct kit *kit = alua_setup_explicit(test);
	struct test_req *ask;
	char unit[32];

	kit_second_unit(kit);
	snprintf(unit, sizeof(unit), "%s.1", kit->name);
	KUNIT_ASSERT_EQ(test, 0, alua_write(kit, "devices/add", unit));
	kit_clear_uas(kit);
	ask = alua_ask(kit, 0, STANDBY_CODE);
	kit_runs(kit, ask);
	KUNIT_ASSERT_EQ(test, 0, alua_answer(kit, "done"));
	kit_ends_good(kit, ask);
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), NOT_READY, 0x04, 0x0b);
	kit_ends_sense(kit, kit_read_lun(kit, 0, SIMPLE, 1), UNIT_ATTENTION, 0x2a,
		       0x06);
	kit_ends_sense(kit, kit_read(kit, 1, SIMPLE), UNIT_ATTENTION, 0x2a, 0x06);
	kit_ends_sense(kit, kit_read_lun(kit, 1, SIMPLE, 1), UNIT_ATTENTION, 0x2a,
		       0x06);
}

static void alua_refuses(struct kunit *test)
{
	struct kit *kit = alua_setup_explicit(test);
	struct test_req *ask = alua_ask(kit, 0, STANDBY_CODE);

	kit_runs(kit, ask);
	/* One at a time */
	kit_ends(kit, alua_ask(kit, 1, STANDBY_CODE));
	KUNIT_EXPECT_EQ(test, kit->reqs[kit->nr_reqs - 1]->status,
			SAM_STAT_BUSY);
	KUNIT_EXPECT_EQ(test, 0, alua_answer(kit, "failed"));
	kit_ends_sense(kit, ask, HARDWARE_ERROR, 0x67, 0x0a);
	alua_reads(kit, "target_groups/here/state", "active/optimized\n");
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
}

static void alua_times_out(struct kunit *test)
{
	struct kit *kit = alua_setup_explicit(test);
	struct test_req *ask;

	KUNIT_ASSERT_EQ(test, 0, alua_write(kit, "explicit_timeout", "1"));
	ask = alua_ask(kit, 0, STANDBY_CODE);
	kit_ends_sense(kit, ask, HARDWARE_ERROR, 0x67, 0x0a);
	alua_reads(kit, "request", "0\n");
}

/* It is not lost with the command. */
static void alua_aborted(struct kunit *test)
{
	struct kit *kit = alua_setup_explicit(test);
	struct test_req *ask = alua_ask(kit, 0, STANDBY_CODE);

	kit_runs(kit, ask);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_ABORT_TASK, ask),
		     SCST_TMF_COMPLETE);
	kit_ends(kit, ask);
	KUNIT_EXPECT_TRUE(test, ask->aborted);
	KUNIT_EXPECT_EQ(test, 0, alua_answer(kit, "done"));
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), UNIT_ATTENTION, 0x2a, 0x06);
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), NOT_READY, 0x04, 0x0b);
}

/* It holds nothing up: not what needs the unit alone, and not its own grant. */
static void alua_holds_nothing(struct kunit *test)
{
	struct kit *kit = alua_setup_explicit(test);
	struct test_req *ask = alua_ask(kit, 0, STANDBY_CODE);
	struct test_req *read;
	struct kit_task *task;

	kit_runs(kit, ask);
	kit_completes(kit, kit_exclusive(kit, 1, SIMPLE));
	read = kit_read(kit, 1, SIMPLE);
	kit_executes(kit, read);
	task = alua_start_state(kit, "unavailable");
	kit_task_waits(kit, task);
	kit_runs(kit, ask);
	kit_release(kit, read);
	kit_ends_good(kit, read);
	kit_task_ends(kit, task);
	KUNIT_EXPECT_EQ(test, 0, alua_answer(kit, "done"));
	kit_ends_good(kit, ask);
}

static void alua_group_goes(struct kunit *test)
{
	struct kit *kit = alua_setup_explicit(test);
	struct test_req *ask = alua_ask(kit, 0, STANDBY_CODE);

	kit_runs(kit, ask);
	KUNIT_ASSERT_EQ(test, 0, kit_write_file(ALUA_DIR "/del", kit->name));
	kit_ends_sense(kit, ask, HARDWARE_ERROR, 0x67, 0x0a);
}

static void alua_session_goes(struct kunit *test)
{
	struct kit *kit = alua_setup_explicit(test);
	struct test_req *ask = alua_ask(kit, 0, STANDBY_CODE);

	kit_runs(kit, ask);
	kit_task_ends(kit, kit_start_del_session(kit, 0));
	KUNIT_EXPECT_EQ(test, 0, alua_answer(kit, "done"));
	kit_ends_sense(kit, kit_read(kit, 1, SIMPLE), UNIT_ATTENTION, 0x2a, 0x06);
}

/* Without the attribute there is no such command. */
static void alua_implicit_only(struct kunit *test)
{
	struct kit *kit = alua_setup_explicit(test);

	KUNIT_ASSERT_EQ(test, 0, alua_write(kit, "explicit", "0"));
	kit_clear_uas(kit);
	kit_ends_sense(kit, alua_ask(kit, 0, STANDBY_CODE), ILLEGAL_REQUEST,
		       0x20, 0x00);
}

static struct kunit_case scst_alua_cases[] = {
	KUNIT_CASE_PARAM(alua_matrix, alua_gen_params),
	KUNIT_CASE(alua_tells_all),
	KUNIT_CASE(alua_tells_failure),
	KUNIT_CASE(alua_joins_and_leaves),
	KUNIT_CASE(alua_waits_for_commands),
	KUNIT_CASE(alua_active_waits_for_none),
	KUNIT_CASE(alua_holds_up_no_others),
	KUNIT_CASE(alua_meets_late_data),
	KUNIT_CASE(alua_lets_tmf),
	KUNIT_CASE(alua_grants),
	KUNIT_CASE(alua_tells_of_other_units),
	KUNIT_CASE(alua_refuses),
	KUNIT_CASE(alua_times_out),
	KUNIT_CASE(alua_aborted),
	KUNIT_CASE(alua_holds_nothing),
	KUNIT_CASE(alua_group_goes),
	KUNIT_CASE(alua_session_goes),
	KUNIT_CASE(alua_implicit_only),
	{}
};

static struct kunit_suite scst_alua_suite = {
	.name = "scst_alua",
	.init = kit_init,
	.exit = alua_exit,
	.test_cases = scst_alua_cases,
};

kunit_test_suite(scst_alua_suite);
