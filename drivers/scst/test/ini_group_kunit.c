// SPDX-License-Identifier: GPL-2.0
/*
 * Groups of initiators: whose an initiator is, and sessions that change groups
 * while they are in use.
 */

#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/kthread.h>
#include <linux/unaligned.h>
#include "kit_kunit.h"

static const char *const ini_groups[] = { "g0", "g1" };

static int ini_write(struct kit *kit, const char *file, const char *data)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/scst/targets/%s/ini_groups/%s",
		 kit->name, file);
	return kit_write_file(path, data);
}

/* A file of a group: @file has a %s for its name */
static int ini_write_group(struct kit *kit, const char *group, const char *file,
			   const char *data)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", group, file);
	return ini_write(kit, path, data);
}

static int ini_add_pattern(struct kit *kit, const char *group,
			   const char *pattern)
{
	return ini_write_group(kit, group, "initiators/add", pattern);
}

/* The same as ini_write(), in a work item */
static struct kit_task *ini_start_write(struct kit *kit, const char *file,
					const char *data)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/scst/targets/%s/ini_groups/%s",
		 kit->name, file);
	return kit_start_write(kit, path, data);
}

static struct kit_task *ini_start_add_pattern(struct kit *kit,
					      const char *group,
					      const char *pattern)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/initiators/add", group);
	return ini_start_write(kit, path, pattern);
}

static int ini_del_pattern(struct kit *kit, const char *group,
			   const char *pattern)
{
	return ini_write_group(kit, group, "initiators/del", pattern);
}

/* A LUN of a group: @unit is 0 or 1 */
static int ini_add_lun(struct kit *kit, const char *group, int unit,
		       const char *lun)
{
	char line[64];

	snprintf(line, sizeof(line), "%s.%d %s", kit->name, unit, lun);
	return ini_write_group(kit, group, "luns/add", line);
}

static struct kit *ini_setup(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	unsigned int i;

	kit_second_unit(kit);
	for (i = 0; i < ARRAY_SIZE(ini_groups); i++)
		KUNIT_ASSERT_EQ(test, 0, ini_write(kit, "add", ini_groups[i]));
	return kit;
}

static void ini_exit(struct kunit *test)
{
	struct kit *kit = test->priv;
	unsigned int i;

	test_on_luns_removing(NULL);
	if (kit && kit->tt) {
		kit_let_go(kit);
		/* "g" has no LUNs, so that no unit is in use any more. */
		ini_write(kit, "add", "g");
		for (i = 0; i < ARRAY_SIZE(ini_groups); i++) {
			ini_write_group(kit, ini_groups[i], "luns/clear", "1");
			ini_write_group(kit, "g", "initiators/take",
					ini_groups[i]);
		}
	}
	kit_exit(test);
}

static const char *ini_group_of(struct kit *kit, int nexus)
{
	struct scst_session *sess = kit->ts[nexus]->sess;

	guard(mutex)(&sess->tgt->mutex);
	if (sess->acg == &sess->tgt->default_acg)
		return "";
	return dev_name(&sess->acg->dev);
}

/* ------------------------------------------------------------------------
 * Whose an initiator is
 */

static const struct {
	const char *desc;
	const char *g0;		/* patterns */
	const char *g1;
	const char *want;	/* group of init0 */
} ini_cases[] = {
	{ "its name", "init0", NULL, "g0" },
	{ "another name", "init1", NULL, "" },
	{ "part of the name", "init", NULL, "" },
	{ "all", "*", NULL, "g0" },
	{ "beginning", "ini*", NULL, "g0" },
	{ "end", "*t0", NULL, "g0" },
	{ "middle", "*i*0", NULL, "g0" },
	{ "one character", "init?", NULL, "g0" },
	{ "one too many", "init0?", NULL, "" },
	{ "not its name", "!init0", NULL, "" },
	{ "not another name", "!init1", NULL, "g0" },
	{ "not what matches", "!init*", NULL, "" },
	{ "not what does not match", "!x*", NULL, "g0" },
	{ "case", "INIT0", NULL, "" },
	{ "the name comes first", "*", "init0", "g1" },
	{ "the first group comes first", "init*", "*", "g0" },
};

KUNIT_ARRAY_PARAM_DESC(ini, ini_cases, desc);

static void ini_matches(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	const typeof(ini_cases[0]) *c = test->param_value;
	struct test_sess *ts;

	KUNIT_ASSERT_EQ(test, 0, ini_add_pattern(kit, "g0", c->g0));
	if (c->g1)
		KUNIT_ASSERT_EQ(test, 0, ini_add_pattern(kit, "g1", c->g1));
	KUNIT_EXPECT_STREQ(test, c->want, ini_group_of(kit, 0));

	/* One that comes later finds the same. */
	ts = kit->ts[0];
	test_del_session(ts);
	kit->ts[0] = test_add_session(kit->tt, "init0");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kit->ts[0]);
	KUNIT_EXPECT_STREQ(test, c->want, ini_group_of(kit, 0));

	/* And when it goes, they are back. */
	KUNIT_EXPECT_EQ(test, 0, ini_del_pattern(kit, "g0", c->g0));
	if (c->g1)
		KUNIT_EXPECT_EQ(test, 0, ini_del_pattern(kit, "g1", c->g1));
	KUNIT_EXPECT_STREQ(test, "", ini_group_of(kit, 0));
}

static void ini_refuses(struct kunit *test)
{
	static const char *const wrong[] = {
		"a/b", "a[b]", "a\\b", "a!b", "!", "add", "del", "uevent", "..",
		" ", "a b",
	};
	struct kit *kit = ini_setup(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    ini_add_pattern(kit, "g0", wrong[i]),
				    "%s", wrong[i]);
	KUNIT_EXPECT_EQ(test, -EEXIST, ini_write(kit, "add", "g0"));
	KUNIT_EXPECT_EQ(test, -EINVAL, ini_write(kit, "add", "a/b"));
	KUNIT_EXPECT_EQ(test, -ENOENT, ini_write(kit, "del", "g7"));
	KUNIT_EXPECT_EQ(test, 0, ini_add_pattern(kit, "g0", "init*"));
	KUNIT_EXPECT_EQ(test, -EEXIST, ini_add_pattern(kit, "g0", "init*"));
	KUNIT_EXPECT_EQ(test, -EEXIST, ini_add_pattern(kit, "g1", "init*"));
	KUNIT_EXPECT_EQ(test, -ENOENT, ini_del_pattern(kit, "g1", "init*"));
	KUNIT_EXPECT_EQ(test, -EBUSY, ini_write(kit, "del", "g0"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			ini_write_group(kit, "g0", "initiators/take", "g0"));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			ini_write_group(kit, "g0", "initiators/take", "g7"));
	KUNIT_EXPECT_EQ(test, 0, ini_write(kit, "del", "g1"));
}

/* ------------------------------------------------------------------------
 * Sessions that change groups
 */

/* What is the same in both goes on, and nobody hears of anything. */
static void ini_keeps_nexus(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	struct test_req *read;

	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 0, "0"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 1, "1"));
	read = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, read);
	KUNIT_ASSERT_EQ(test, 0, ini_add_pattern(kit, "g0", "init0"));
	KUNIT_EXPECT_STREQ(test, "g0", ini_group_of(kit, 0));
	kit_runs(kit, read);
	kit_release(kit, read);
	kit_ends_good(kit, read);
	kit_has_ua(kit, 0, 0, 0);
	/* The LUN goes from the other group, and stays here. */
	KUNIT_EXPECT_EQ(test, 0, kit_write_luns(kit, "del", "0"));
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
	KUNIT_EXPECT_EQ(test, 0, ini_del_pattern(kit, "g0", "init0"));
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), ILLEGAL_REQUEST, 0x25, 0);
}

/* LUN 0 stays, LUN 1 goes, LUN 2 comes. */
static void ini_changes_luns(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	struct test_req *stays, *goes;
	struct kit_task *task;

	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 0, "0"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 1, "2"));
	stays = kit_read_lun(kit, 0, SIMPLE, 0);
	goes = kit_read_lun(kit, 0, SIMPLE, 1);
	kit_executes(kit, stays);
	kit_executes(kit, goes);
	task = ini_start_add_pattern(kit, "g0", "init0");
	/* It waits for what executes at the LUN that goes, and that alone. */
	kit_task_waits(kit, task);
	kit_runs(kit, stays);
	/* Others do not wait. */
	kit_completes(kit, kit_read_lun(kit, 1, SIMPLE, 0));
	kit_completes(kit, kit_read_lun(kit, 1, SIMPLE, 1));
	kit_release(kit, goes);
	kit_ends(kit, goes);
	kit_task_ends(kit, task);
	kit_runs(kit, stays);
	kit_release(kit, stays);
	kit_ends_good(kit, stays);

	kit_ends_sense(kit, kit_read_lun(kit, 0, SIMPLE, 1), ILLEGAL_REQUEST,
		       0x25, 0);
	kit_ends_sense(kit, kit_read_lun(kit, 0, SIMPLE, 0), UNIT_ATTENTION,
		       0x3f, 0x0e);
	kit_completes(kit, kit_read_lun(kit, 0, SIMPLE, 0));
	/* A new nexus has this to say, and no more. */
	kit_ends_sense(kit, kit_read_lun(kit, 0, SIMPLE, 2), UNIT_ATTENTION,
		       0x29, 0);
	kit_completes(kit, kit_read_lun(kit, 0, SIMPLE, 2));
	/* Others see nothing of it. */
	kit_has_ua(kit, 1, 0, 0);
	kit_completes(kit, kit_read_lun(kit, 1, SIMPLE, 1));
}

/* All that an initiator knows of a LUN has to be asked for again. */
static void ini_tells_other_unit(struct kit *kit, u64 lun)
{
	kit_ends_sense(kit, kit_read_lun(kit, 0, SIMPLE, lun), UNIT_ATTENTION,
		       0x2a, 0x09);
	kit_ends_sense(kit, kit_read_lun(kit, 0, SIMPLE, lun), UNIT_ATTENTION,
		       0x3f, 0x03);
	kit_ends_sense(kit, kit_read_lun(kit, 0, SIMPLE, lun), UNIT_ATTENTION,
		       0x3f, 0x0e);
}

/* A LUN that has another unit, or another access, is another one. */
static void ini_replaces_luns(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	struct test_params p = {
		.lun = 1,
		.cdb = { WRITE_10, [8] = 1 },
		.cdb_len = 10,
		.dir = SCST_DATA_WRITE,
		.len = 512,
	};
	struct test_req *read;

	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 1, "0"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 1, "1 read_only=1"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_pattern(kit, "g0", "init0"));
	ini_tells_other_unit(kit, 0);
	read = kit_read_lun(kit, 0, SIMPLE, 0);
	kit_completes(kit, read);
	KUNIT_EXPECT_NE(test, 0, test_executed_seq(kit->units[1], read->tag));
	ini_tells_other_unit(kit, 1);
	kit_ends_sense(kit, kit_submit(kit, 0, &p), DATA_PROTECT, 0x27, 0);
}

/* luns/replace: the same LUN, and another unit */
static void ini_replaces_in_place(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	struct test_req *read;
	char line[64];

	/* What the other unit has to say of its registrations does not concern this one. */
	scst_device_ua(kit->units[0]->dev, SCST_UA_REGISTRATIONS_PREEMPTED, NULL);
	snprintf(line, sizeof(line), "%s.1 0", kit->name);
	KUNIT_ASSERT_EQ(test, 0, kit_write_luns(kit, "replace", line));
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), UNIT_ATTENTION, 0x2a, 0x09);
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), UNIT_ATTENTION, 0x3f, 0x03);
	read = kit_read(kit, 0, SIMPLE);
	kit_completes(kit, read);
	KUNIT_EXPECT_NE(test, 0, test_executed_seq(kit->units[1], read->tag));
	kit_ends_sense(kit, kit_read(kit, 1, SIMPLE), UNIT_ATTENTION, 0x2a, 0x09);
	kit_ends_sense(kit, kit_read(kit, 1, SIMPLE), UNIT_ATTENTION, 0x3f, 0x03);
	kit_completes(kit, kit_read(kit, 1, SIMPLE));
	/* The other LUN has the unit still. */
	kit_has_ua(kit, 0, 0, 0);
	kit_completes(kit, kit_read_lun(kit, 0, SIMPLE, 1));

	snprintf(line, sizeof(line), "%s.0 0", kit->name);
	KUNIT_ASSERT_EQ(test, 0, kit_write_luns(kit, "replace", line));
}

/* What was not reported is, whatever nexus has come. */
static void ini_keeps_attentions(struct kunit *test)
{
	struct kit *kit = ini_setup(test);

	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 0, "0 read_only=1"));
	scst_device_ua(kit->units[0]->dev, SCST_UA_MODE_CHANGED, NULL);
	KUNIT_ASSERT_EQ(test, 0, ini_add_pattern(kit, "g0", "init0"));
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), UNIT_ATTENTION, 0x2a, 1);
	ini_tells_other_unit(kit, 0);
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
}

/*
 * Initiators on this host that are told of LUNs that go; @changed: of these there are
 * more now, after the first of two initiators has been told.
 */
static struct ini_warning {
	struct kit *kit;
	struct scst_session *first;
	bool asked;
	struct completion second;
	struct completion changed;
	bool told[KIT_NR_NEXUSES];	/* that LUN 0 goes */
} ini_warning;

static void ini_note_removing(struct scst_session *sess)
{
	struct ini_warning *warning = &ini_warning;
	unsigned long lun = 0;

	if (!scst_session_next_lun(sess, &lun) || lun)
		warning->told[sess == warning->kit->ts[1]->sess] = true;
	if (!warning->first)
		warning->first = sess;
	if (sess == warning->first || warning->asked)
		return;
	warning->asked = true;
	complete(&warning->second);
	wait_for_completion_timeout(&warning->changed, msecs_to_jiffies(KIT_TIMEOUT_MS));
}

/* What goes after an initiator was told of others it is told of, too. */
static void ini_warns_again(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	struct kit_task *task;

	ini_warning = (struct ini_warning){ .kit = kit };
	init_completion(&ini_warning.second);
	init_completion(&ini_warning.changed);
	test_on_luns_removing(ini_note_removing);
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 0, "0"));
	task = ini_start_add_pattern(kit, "g0", "init*");
	KUNIT_EXPECT_NE(test, 0, wait_for_completion_timeout(&ini_warning.second,
							     msecs_to_jiffies(KIT_TIMEOUT_MS)));
	KUNIT_EXPECT_EQ(test, 0, ini_write_group(kit, "g0", "luns/del", "0"));
	complete(&ini_warning.changed);
	kit_task_ends(kit, task);
	KUNIT_EXPECT_TRUE(test, ini_warning.told[0]);
	KUNIT_EXPECT_TRUE(test, ini_warning.told[1]);
}

static const enum scst_tmf_fn ini_fns[] = {
	SCST_ABORT_TASK, SCST_ABORT_TASK_SET, SCST_CLEAR_TASK_SET,
	SCST_LUN_RESET, SCST_TARGET_RESET, SCST_NEXUS_LOSS,
};

static void ini_fn_desc(const enum scst_tmf_fn *fn, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "function %u", *fn);
}

KUNIT_ARRAY_PARAM(ini_fn, ini_fns, ini_fn_desc);

/* Another unit is at the LUN, but the command there is the initiator's still. */
static void ini_tmf_after_replace(struct kunit *test)
{
	enum scst_tmf_fn fn = *(const enum scst_tmf_fn *)test->param_value;
	struct kit *kit = ini_setup(test);
	struct test_req *goes, *tmf;
	struct kit_task *task;

	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 1, "0"));
	goes = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, goes);
	task = ini_start_add_pattern(kit, "g0", "init0");
	kit_is_marked(kit, goes);
	tmf = kit_tmf(kit, 0, fn, goes);
	kit_runs(kit, tmf);
	kit_release(kit, goes);
	kit_ends(kit, goes);
	KUNIT_EXPECT_TRUE(test, goes->aborted);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	kit_task_ends(kit, task);
}

/* The former LUN of the unit has another one now, which is not reset. */
static void ini_reset_spares_successor(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	struct test_req *goes, *stays, *tmf;
	struct kit_task *task;

	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 1, "0"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 0, "1"));
	goes = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, goes);
	task = ini_start_add_pattern(kit, "g0", "init0");
	kit_is_marked(kit, goes);
	ini_tells_other_unit(kit, 0);
	stays = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, stays);
	tmf = kit_tmf_lun(kit, 0, SCST_LUN_RESET, NULL, 1);
	kit_runs(kit, tmf);
	kit_release(kit, goes);
	kit_ends(kit, goes);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	kit_task_ends(kit, task);
	kit_runs(kit, stays);
	kit_release(kit, stays);
	kit_ends_good(kit, stays);
}

/* Who has other LUNs hears of it, however long the one that goes takes. */
static void ini_tells_before_drain(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	struct test_req *goes = kit_read_lun(kit, 1, SIMPLE, 1);
	struct kit_task *task;

	kit_executes(kit, goes);
	task = kit_start_del_lun(kit, 1);
	kit_is_marked(kit, goes);
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), UNIT_ATTENTION, 0x3f, 0x0e);
	kit_task_waits(kit, task);
	kit_release(kit, goes);
	kit_ends(kit, goes);
	kit_task_ends(kit, task);
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
}

/*
 * A nexus that a change of groups has taken away is waited for by who gives the LUN
 * another unit, and by who deletes it.
 */
static void ini_luns_wait_for_moved(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	struct test_req *goes = kit_read_lun(kit, 0, SIMPLE, 1);
	struct kit_task *move, *replace, *del;
	char path[128], line[64];

	kit_executes(kit, goes);
	/* The group has no LUN 1. */
	move = ini_start_add_pattern(kit, "g0", "init0");
	kit_is_marked(kit, goes);
	snprintf(path, sizeof(path), "/sys/devices/scst/targets/%s/luns/replace",
		 kit->name);
	snprintf(line, sizeof(line), "%s.0 1", kit->name);
	replace = kit_start_write(kit, path, line);
	kit_task_waits(kit, replace);
	del = kit_start_del_lun(kit, 1);
	kit_task_waits(kit, del);
	kit_release(kit, goes);
	kit_ends(kit, goes);
	kit_task_ends(kit, move);
	kit_task_ends(kit, replace);
	kit_task_ends(kit, del);
}

/* Nobody comes into a group that goes, and waits for a writer of its files. */
static void ini_takes_into_no_dying_group(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	struct kit_task *leave, *del;
	struct test_req *read;
	int ret;

	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 0, "0"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 1, "1"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_pattern(kit, "g0", "init0"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_pattern(kit, "g1", "init1"));
	KUNIT_ASSERT_EQ(test, 0, kit_write_luns(kit, "del", "0"));
	read = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, read);
	leave = ini_start_write(kit, "g0/initiators/del", "init0");
	kit_is_marked(kit, read);

	del = ini_start_write(kit, "del", "g0");
	/* The files go in their order, and the second one is being written. */
	read_poll_timeout(ini_add_pattern, ret, ret == -ENOENT, 10000,
			  KIT_TIMEOUT_MS * 1000, false, kit, "g0", " ");
	KUNIT_ASSERT_EQ(test, -ENOENT, ret);
	KUNIT_EXPECT_EQ(test, -ENODEV,
			ini_write_group(kit, "g0", "initiators/take", "g1"));
	kit_task_waits(kit, del);
	kit_release(kit, read);
	kit_ends(kit, read);
	kit_task_ends(kit, leave);
	kit_task_ends(kit, del);
	KUNIT_EXPECT_STREQ(test, "g1", ini_group_of(kit, 1));
}

/*
 * From group to group as one step: an initiator that sends a command again and again
 * while it is moved.
 */
struct ini_reader {
	struct kit *kit;
	struct test_params params;
	void (*count)(struct ini_reader *reader, const struct test_req *req);
	unsigned int nr_reads;
	unsigned int nr_lost;
	unsigned int nr_seen[2];	/* of each group, by REPORT LUNS */
};

static int ini_reader_fn(void *data)
{
	struct ini_reader *reader = data;
	struct test_req *req;

	while (!kthread_should_stop()) {
		reader->params.tag = 0x100000 + reader->nr_reads++;
		req = test_submit(reader->kit->ts[0], &reader->params);
		if (IS_ERR_OR_NULL(req))
			continue;
		wait_event(test_waitq, test_req_ended(req));
		/* One that was under way at that moment may end with BUSY. */
		if (req->status != SAM_STAT_BUSY)
			reader->count(reader, req);
		test_req_put(req);
		cond_resched();
	}
	return 0;
}

static void ini_is_moved(struct ini_reader *reader)
{
	struct kit *kit = reader->kit;
	struct kunit *test = kit->test;
	struct task_struct *thread;
	int i;

	KUNIT_ASSERT_EQ(test, 0, ini_add_pattern(kit, "g0", "init*"));
	thread = kthread_run(ini_reader_fn, reader, "ini_reader");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	for (i = 0; i < 40; i++) {
		KUNIT_EXPECT_EQ(test, 0, ini_write_group(kit, ini_groups[!(i & 1)],
							 "initiators/take",
							 ini_groups[i & 1]));
		msleep(20);
	}
	kthread_stop(thread);
	KUNIT_EXPECT_EQ(test, 0, reader->nr_lost);
	KUNIT_EXPECT_GT(test, reader->nr_reads, 40);
	KUNIT_EXPECT_STREQ(test, "g0", ini_group_of(kit, 0));
	test_clear_ended(kit->ts[0]);
}

static void ini_count_read(struct ini_reader *reader, const struct test_req *req)
{
	if (req->status != SAM_STAT_GOOD && req->sense[0] != UNIT_ATTENTION)
		reader->nr_lost++;
}

/* No command finds the target's own LUNs, which have no LUN 3. */
static void ini_takes_at_once(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	struct ini_reader reader = {
		.kit = kit,
		.params = {
			.lun = 3,
			.cdb = { READ_10, [8] = 1 },
			.cdb_len = 10,
			.dir = SCST_DATA_READ,
			.len = 512,
		},
		.count = ini_count_read,
	};

	kit->units[0]->hold = false;
	kit->units[1]->hold = false;
	/* The same LUN in both, with other units */
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 0, "3"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g1", 1, "3"));
	ini_is_moved(&reader);
}

/* The LUNs are 3 and 4, or 5 and 6. */
static void ini_count_report(struct ini_reader *reader, const struct test_req *req)
{
	const u8 *luns = req->data_in;
	u8 first = luns[9];

	if (req->status == SAM_STAT_GOOD && get_unaligned_be32(luns) == 16 &&
	    luns[17] == first + 1 && (first == 3 || first == 5))
		reader->nr_seen[first == 5]++;
	else
		reader->nr_lost++;
}

/* Not LUN by LUN: who asks for the map sees the one or the other. */
static void ini_reports_at_once(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	struct ini_reader reader = {
		.kit = kit,
		.params = {
			.cdb = { REPORT_LUNS, [9] = 32 },
			.cdb_len = 12,
			.dir = SCST_DATA_READ,
			.len = 32,
		},
		.count = ini_count_report,
	};

	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 0, "3"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 1, "4"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g1", 0, "5"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g1", 1, "6"));
	ini_is_moved(&reader);
	KUNIT_EXPECT_GT(test, reader.nr_seen[0], 0);
	KUNIT_EXPECT_GT(test, reader.nr_seen[1], 0);
}

static void ini_reports_luns(struct kunit *test)
{
	struct kit *kit = ini_setup(test);
	struct test_params p = {
		.cdb = { REPORT_LUNS, [9] = 32 },
		.cdb_len = 12,
		.dir = SCST_DATA_READ,
		.len = 32,
	};

	KUNIT_ASSERT_EQ(test, 0, ini_write_group(kit, "g0", "addr_method", "FLAT"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 0, "0"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_pattern(kit, "g0", "init0"));
	/* REPORT LUNS clears what the change had to say. */
	kit_ends_good(kit, kit_submit(kit, 0, &p));
	kit_has_ua(kit, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, kit->ts[0]->sess->addr_method, SCST_ADDR_FLAT);
	KUNIT_EXPECT_EQ(test, kit->ts[1]->sess->addr_method,
			SCST_ADDR_PERIPHERAL);
}

/* The same LUNs, written in another way */
static void ini_tells_addr_method(struct kunit *test)
{
	struct kit *kit = ini_setup(test);

	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 0, "0"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 1, "1"));
	KUNIT_ASSERT_EQ(test, 0, ini_write_group(kit, "g0", "addr_method", "FLAT"));
	kit_has_ua(kit, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, 0, ini_add_pattern(kit, "g0", "init0"));
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), UNIT_ATTENTION, 0x3f, 0x0e);
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
	kit_ends_sense(kit, kit_read_lun(kit, 0, SIMPLE, 1), UNIT_ATTENTION, 0x3f,
		       0x0e);
	KUNIT_ASSERT_EQ(test, 0, ini_write_group(kit, "g0", "addr_method",
						 "PERIPHERAL"));
	kit_ends_sense(kit, kit_read(kit, 0, SIMPLE), UNIT_ATTENTION, 0x3f, 0x0e);
	/* Once more the same is no change. */
	KUNIT_ASSERT_EQ(test, 0, ini_write_group(kit, "g0", "addr_method",
						 "PERIPHERAL"));
	kit_completes(kit, kit_read(kit, 0, SIMPLE));
	kit_has_ua(kit, 1, 0, 0);
}

/* Sessions come and go, groups too. */
static void ini_session_goes(struct kunit *test)
{
	struct kit *kit = ini_setup(test);

	KUNIT_ASSERT_EQ(test, 0, ini_add_lun(kit, "g0", 0, "0"));
	KUNIT_ASSERT_EQ(test, 0, ini_add_pattern(kit, "g0", "*"));
	KUNIT_EXPECT_EQ(test, -EBUSY, ini_write(kit, "del", "g0"));
	kit_task_ends(kit, kit_start_del_session(kit, 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, ini_write(kit, "del", "g0"));
	kit_task_ends(kit, kit_start_del_session(kit, 1));
	KUNIT_EXPECT_EQ(test, 0, ini_write(kit, "del", "g0"));
}

static struct kunit_case scst_ini_group_cases[] = {
	KUNIT_CASE_PARAM(ini_matches, ini_gen_params),
	KUNIT_CASE(ini_refuses),
	KUNIT_CASE(ini_keeps_nexus),
	KUNIT_CASE(ini_changes_luns),
	KUNIT_CASE(ini_replaces_luns),
	KUNIT_CASE(ini_replaces_in_place),
	KUNIT_CASE(ini_keeps_attentions),
	KUNIT_CASE(ini_warns_again),
	KUNIT_CASE_PARAM(ini_tmf_after_replace, ini_fn_gen_params),
	KUNIT_CASE(ini_reset_spares_successor),
	KUNIT_CASE(ini_tells_before_drain),
	KUNIT_CASE(ini_luns_wait_for_moved),
	KUNIT_CASE(ini_takes_into_no_dying_group),
	KUNIT_CASE(ini_takes_at_once),
	KUNIT_CASE(ini_reports_at_once),
	KUNIT_CASE(ini_reports_luns),
	KUNIT_CASE(ini_tells_addr_method),
	KUNIT_CASE(ini_session_goes),
	{}
};

static struct kunit_suite scst_ini_group_suite = {
	.name = "scst_ini_group",
	.init = kit_init,
	.exit = ini_exit,
	.test_cases = scst_ini_group_cases,
};

kunit_test_suite(scst_ini_group_suite);
