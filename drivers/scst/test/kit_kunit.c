// SPDX-License-Identifier: GPL-2.0
/* What the KUnit suites of the command path share. */

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iopoll.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "kit_kunit.h"

MODULE_DESCRIPTION("KUnit tests of task sets and task management");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);

#define KIT_TIMEOUT	msecs_to_jiffies(KIT_TIMEOUT_MS)
/* How long to wait until ACA conditions are cleared once more */
#define KIT_ROUND_MS	500

static const char *const kit_initiators[KIT_NR_NEXUSES] = { "init0", "init1" };

/* ------------------------------------------------------------------------
 * The objects, made as a user makes them
 */

/**
 * kit_read_file - read a file of sysfs
 * @path: file
 * @data: set to what a user would read
 * @size: bytes of @data
 *
 * Return: 0 or a negative errno.
 */
int kit_read_file(const char *path, char *data, size_t size)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t ret;

	file = filp_open(path, O_RDONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = kernel_read(file, data, size - 1, &pos);
	filp_close(file, NULL);
	if (ret < 0)
		return ret;
	data[ret] = '\0';
	return 0;
}

/**
 * kit_write_file - write into a file of sysfs
 * @path: file
 * @data: what a user would write
 *
 * Return: 0 or a negative errno.
 */
int kit_write_file(const char *path, const char *data)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t ret;

	file = filp_open(path, O_WRONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = kernel_write(file, data, strlen(data), &pos);
	filp_close(file, NULL);
	return ret < 0 ? ret : 0;
}

static void kit_unit_name(struct kit *kit, u64 lun, char *name, size_t len)
{
	snprintf(name, len, "%s.%llu", kit->name, lun);
}

/* One of the files in the directory luns/ of the target */
int kit_write_luns(struct kit *kit, const char *file, const char *data)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/scst/targets/%s/luns/%s",
		 kit->name, file);
	return kit_write_file(path, data);
}

static void kit_add_unit(struct kit *kit, u64 lun, bool tst)
{
	char name[32], line[64];
	int ret;

	kit_unit_name(kit, lun, name, sizeof(name));
	snprintf(line, sizeof(line), "%s tst=%d", name, tst);
	ret = kit_write_file(KIT_HANDLER_DIR "/add_device", line);
	KUNIT_ASSERT_EQ(kit->test, 0, ret);
	kit->units[lun] = test_find_unit(name);
	KUNIT_ASSERT_NOT_NULL(kit->test, kit->units[lun]);
	snprintf(line, sizeof(line), "%s %llu", name, lun);
	KUNIT_ASSERT_EQ(kit->test, 0, kit_write_luns(kit, "add", line));
}

static void kit_del_unit(struct kit *kit, u64 lun)
{
	char name[32], line[32];

	kit_unit_name(kit, lun, name, sizeof(name));
	snprintf(line, sizeof(line), "%llu", lun);
	kit_write_luns(kit, "del", line);
	kit->units[lun] = NULL;
	KUNIT_EXPECT_EQ(kit->test, 0,
			kit_write_file(KIT_HANDLER_DIR "/del_device", name));
}

/**
 * kit_init - init of the suites
 * @test: test
 *
 * Return: 0 or -ENOMEM.
 */
int kit_init(struct kunit *test)
{
	static unsigned int nr_kits;
	struct kit *kit;

	/* Not kunit_kzalloc(): kit_exit() has to leak it when all else fails. */
	kit = kzalloc(sizeof(*kit), GFP_KERNEL);
	if (!kit)
		return -ENOMEM;
	kit->test = test;
	/* A kit that could not be taken apart keeps its name. */
	snprintf(kit->name, sizeof(kit->name), "kunit%u", nr_kits++);
	test->priv = kit;
	return 0;
}

/**
 * kit_setup - make the objects of a test
 * @test: test
 * @tst: the unit has a task set for each nexus
 *
 * There is one unit, at LUN 0.  No unit attention condition is pending, and
 * commands that reach exec() are held.
 *
 * Return: the kit.
 */
struct kit *kit_setup(struct kunit *test, bool tst)
{
	struct kit *kit = test->priv;
	int i;

	KUNIT_ASSERT_EQ(test, 0, kit_write_file(KIT_DRIVER_DIR "/add_target",
						kit->name));
	kit->tt = test_find_target(kit->name);
	KUNIT_ASSERT_NOT_NULL(test, kit->tt);
	kit_add_unit(kit, 0, tst);
	for (i = 0; i < KIT_NR_NEXUSES; i++) {
		struct test_sess *ts = test_add_session(kit->tt,
							kit_initiators[i]);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ts);
		kit->ts[i] = ts;
	}
	kit_clear_uas(kit);
	kit->units[0]->hold = true;
	return kit;
}

/**
 * kit_second_unit - map another unit, at LUN 1
 * @kit: kit of which nothing but kit_setup() has been used
 */
void kit_second_unit(struct kit *kit)
{
	kit_add_unit(kit, 1, kit->units[0]->dev->tst);
	kit_clear_uas(kit);
	kit->units[1]->hold = true;
}

/* Everything that may still wait is let go. */
static bool kit_drained(struct kit *kit)
{
	unsigned int running = 0;
	int i;

	for (i = 0; i < KIT_NR_LUNS; i++)
		if (kit->units[i])
			test_release_all(kit->units[i]);
	for (i = 0; i < KIT_NR_NEXUSES; i++) {
		if (!kit->ts[i])
			continue;
		test_flush_session(kit->ts[i]);
		running += READ_ONCE(kit->ts[i]->nr_running);
	}
	return !running;
}

static void kit_check_violations(struct kit *kit)
{
	int i;

	for (i = 0; i < KIT_NR_LUNS; i++)
		if (kit->units[i])
			KUNIT_EXPECT_EQ(kit->test, 0, kit->units[i]->violations);
	for (i = 0; i < KIT_NR_NEXUSES; i++)
		if (kit->ts[i])
			KUNIT_EXPECT_EQ(kit->test, 0, kit->ts[i]->violations);
}

/* A condition that a test has left would block commands for ever. */
static void kit_clear_acas(struct kit *kit)
{
	struct test_req *tmf;
	int lun, i;

	for (i = 0; i < KIT_NR_NEXUSES; i++) {
		for (lun = 0; lun < KIT_NR_LUNS; lun++) {
			if (!kit->ts[i] || !kit->units[lun])
				continue;
			tmf = test_tmf(kit->ts[i], SCST_CLEAR_ACA, 0, lun, 0);
			if (!IS_ERR(tmf))
				test_req_put(tmf);
		}
	}
}

/**
 * kit_let_go - everything that waits for the test goes on
 * @kit: kit
 *
 * Returns when no command is left, or after a long time.
 */
void kit_let_go(struct kit *kit)
{
	bool drained = false;
	int i;

	for (i = 0; i < KIT_NR_LUNS; i++)
		if (kit->units[i])
			kit->units[i]->hold = false;
	for (i = 0; i < KIT_NR_NEXUSES; i++)
		if (kit->ts[i])
			kit->ts[i]->hold_response = false;
	for (i = 0; i < KIT_TIMEOUT_MS / KIT_ROUND_MS && !drained; i++) {
		kit_clear_acas(kit);
		read_poll_timeout(kit_drained, drained, drained, 1000,
				  KIT_ROUND_MS * 1000, false, kit);
	}
}

static bool kit_tasks_done(struct kit *kit)
{
	unsigned int i;

	for (i = 0; i < kit->nr_tasks; i++) {
		if (!wait_for_completion_timeout(&kit->tasks[i]->done,
						 KIT_TIMEOUT))
			return false;
		flush_work(&kit->tasks[i]->work);
	}
	return true;
}

static void kit_delete(struct kit *kit)
{
	int i;

	for (i = 0; i < KIT_NR_NEXUSES; i++)
		if (kit->ts[i])
			test_del_session(kit->ts[i]);
	for (i = 0; i < KIT_NR_LUNS; i++)
		if (kit->units[i])
			kit_del_unit(kit, i);
	KUNIT_EXPECT_EQ(kit->test, 0,
			kit_write_file(KIT_DRIVER_DIR "/del_target", kit->name));
}

/**
 * kit_exit - exit of the suites
 * @test: test
 *
 * Takes everything apart.  When the core has lost a command that would take for
 * ever: then all stays.
 */
void kit_exit(struct kunit *test)
{
	struct kit *kit = test->priv;
	unsigned int i;

	if (!kit)
		return;
	if (kit->tt) {
		kit_let_go(kit);
		kit_check_violations(kit);
		if (!kit_drained(kit) || !kit_tasks_done(kit)) {
			KUNIT_FAIL(test, "something waits for ever: %s stays",
				   kit->name);
			return;
		}
		kit_delete(kit);
	}
	for (i = 0; i < kit->nr_reqs; i++)
		test_req_put(kit->reqs[i]);
	for (i = 0; i < kit->nr_tasks; i++)
		kfree(kit->tasks[i]);
	kfree(kit);
}

/* ------------------------------------------------------------------------
 * What initiators send
 */

/**
 * kit_submit - send a command
 * @kit: kit
 * @nexus: through which nexus
 * @p: command; gets a tag
 *
 * Return: request, which lives as long as @kit.
 */
struct test_req *kit_submit(struct kit *kit, int nexus, struct test_params *p)
{
	struct test_req *req;

	KUNIT_ASSERT_LT(kit->test, kit->nr_reqs, KIT_MAX_REQS);
	p->tag = ++kit->next_tag;
	req = test_submit(kit->ts[nexus], p);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(kit->test, req);
	kit->reqs[kit->nr_reqs++] = req;
	return req;
}

struct test_req *kit_read_lun(struct kit *kit, int nexus, int queue_type,
			      u64 lun)
{
	struct test_params p = {
		.lun = lun,
		.cdb = { READ_10, [8] = 1 },
		.cdb_len = 10,
		.queue_type = queue_type,
		.dir = SCST_DATA_READ,
		.len = 1 << TEST_BLOCK_SHIFT,
	};

	return kit_submit(kit, nexus, &p);
}

struct test_req *kit_read(struct kit *kit, int nexus, int queue_type)
{
	return kit_read_lun(kit, nexus, queue_type, 0);
}

struct test_req *kit_write(struct kit *kit, int nexus, int queue_type,
			   enum test_data data)
{
	struct test_params p = {
		.cdb = { WRITE_10, [8] = 1 },
		.cdb_len = 10,
		.queue_type = queue_type,
		.dir = SCST_DATA_WRITE,
		.len = 1 << TEST_BLOCK_SHIFT,
		.data = data,
		.fill = 0xa5,
	};

	return kit_submit(kit, nexus, &p);
}

struct test_req *kit_exclusive(struct kit *kit, int nexus, int queue_type)
{
	struct test_params p = {
		.cdb = { TEST_OP_EXCLUSIVE },
		.cdb_len = 6,
		.queue_type = queue_type,
	};

	return kit_submit(kit, nexus, &p);
}

static struct test_req *kit_test_unit_ready(struct kit *kit, int nexus,
					    u64 lun)
{
	struct test_params p = {
		.lun = lun,
		.cdb = { TEST_UNIT_READY },
		.cdb_len = 6,
		.queue_type = HEAD,
	};

	return kit_submit(kit, nexus, &p);
}

/**
 * kit_tmf_lun - send a task management request
 * @kit: kit
 * @nexus: through which nexus
 * @fn: function
 * @victim: the command, for %SCST_ABORT_TASK; else NULL does
 * @lun: logical unit number
 *
 * Return: request, which lives as long as @kit.
 */
struct test_req *kit_tmf_lun(struct kit *kit, int nexus, enum scst_tmf_fn fn,
			     struct test_req *victim, u64 lun)
{
	struct test_req *tmf;

	KUNIT_ASSERT_LT(kit->test, kit->nr_reqs, KIT_MAX_REQS);
	tmf = test_tmf(kit->ts[nexus], fn, kit->nr_reqs, lun,
		       victim ? victim->tag : 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(kit->test, tmf);
	kit->reqs[kit->nr_reqs++] = tmf;
	return tmf;
}

struct test_req *kit_tmf(struct kit *kit, int nexus, enum scst_tmf_fn fn,
			 struct test_req *victim)
{
	return kit_tmf_lun(kit, nexus, fn, victim, 0);
}

void kit_deliver(struct kit *kit, struct test_req *req, int error)
{
	KUNIT_EXPECT_EQ(kit->test, 0, test_deliver(req->ts, req->tag, error));
}

/* The handler ends it. */
void kit_release(struct kit *kit, struct test_req *req)
{
	int i;

	for (i = 0; i < KIT_NR_LUNS; i++)
		if (kit->units[i] && !test_release(kit->units[i], req->tag))
			return;
	KUNIT_FAIL(kit->test, "command %llu does not execute", req->tag);
}

/* ------------------------------------------------------------------------
 * What is to be seen
 */

static bool kit_is_held(struct kit *kit, struct test_req *req)
{
	int i;

	for (i = 0; i < KIT_NR_LUNS; i++)
		if (kit->units[i] && test_is_held(kit->units[i], req->tag))
			return true;
	return false;
}

/* It comes to exec(), and stays there. */
void kit_executes(struct kit *kit, struct test_req *req)
{
	bool held = wait_event_timeout(test_waitq, kit_is_held(kit, req),
				       KIT_TIMEOUT);

	KUNIT_ASSERT_TRUE_MSG(kit->test, held, "command %llu is not executed",
			      req->tag);
}

bool kit_was_executed(struct kit *kit, struct test_req *req)
{
	int i;

	for (i = 0; i < KIT_NR_LUNS; i++)
		if (kit->units[i] &&
		    test_executed_seq(kit->units[i], req->tag))
			return true;
	return false;
}

/* It comes into a state by itself. */
void kit_is_in(struct kit *kit, struct test_req *req,
	       enum scst_cmd_state state)
{
	bool in;

	read_poll_timeout(test_req_in_state, in, in, 1000,
			  KIT_TIMEOUT_MS * 1000, false, req, state);
	KUNIT_ASSERT_TRUE_MSG(kit->test, in, "command %llu is not in state %d",
			      req->tag, state);
}

/* The core notes that it is aborted; it may be executing on. */
void kit_is_marked(struct kit *kit, struct test_req *req)
{
	bool marked;

	read_poll_timeout(test_req_is_marked, marked, marked, 200,
			  KIT_TIMEOUT_MS * 1000, false, req);
	KUNIT_ASSERT_TRUE_MSG(kit->test, marked, "command %llu is not aborted",
			      req->tag);
}

/* It has not ended, nor come to exec(), and does not do so. */
void kit_waits(struct kit *kit, struct test_req *req)
{
	msleep(KIT_GRACE_MS);
	KUNIT_ASSERT_FALSE_MSG(kit->test, kit_was_executed(kit, req),
			       "command %llu is executed", req->tag);
	KUNIT_ASSERT_FALSE_MSG(kit->test, test_req_ended(req),
			       "%llu has ended", req->tag);
}

/* A function, or an executing command, does not end. */
void kit_runs(struct kit *kit, struct test_req *req)
{
	msleep(KIT_GRACE_MS);
	KUNIT_EXPECT_FALSE_MSG(kit->test, test_req_ended(req),
			       "%llu has ended", req->tag);
}

/* It ends by itself. */
void kit_ends(struct kit *kit, struct test_req *req)
{
	bool ended = wait_event_timeout(test_waitq, test_req_ended(req),
					KIT_TIMEOUT);

	KUNIT_ASSERT_TRUE_MSG(kit->test, ended, "%s %llu does not end",
			      req->is_tmf ? "function" : "command", req->tag);
}

void kit_ends_good(struct kit *kit, struct test_req *req)
{
	kit_ends(kit, req);
	KUNIT_EXPECT_EQ(kit->test, req->status, SAM_STAT_GOOD);
	KUNIT_EXPECT_FALSE(kit->test, req->aborted);
	KUNIT_EXPECT_FALSE(kit->test, req->no_response);
}

void kit_ends_sense(struct kit *kit, struct test_req *req, u8 key, u8 asc,
		    u8 ascq)
{
	kit_ends(kit, req);
	KUNIT_EXPECT_EQ(kit->test, req->status, SAM_STAT_CHECK_CONDITION);
	KUNIT_EXPECT_EQ(kit->test, req->sense[0], key);
	KUNIT_EXPECT_EQ(kit->test, req->sense[1], asc);
	KUNIT_EXPECT_EQ(kit->test, req->sense[2], ascq);
}

/* It comes to exec(), and ends when it is let go. */
void kit_completes(struct kit *kit, struct test_req *req)
{
	kit_executes(kit, req);
	kit_release(kit, req);
	kit_ends_good(kit, req);
}

void kit_tmf_ends(struct kit *kit, struct test_req *tmf,
		  enum scst_tmf_status status)
{
	kit_ends(kit, tmf);
	KUNIT_EXPECT_EQ(kit->test, tmf->tmf.status, status);
}

/* Exactly this unit attention condition is pending; none if @asc is 0. */
void kit_has_ua(struct kit *kit, int nexus, u8 asc, u8 ascq)
{
	if (asc)
		kit_ends_sense(kit, kit_test_unit_ready(kit, nexus, 0),
			       UNIT_ATTENTION, asc, ascq);
	kit_ends_good(kit, kit_test_unit_ready(kit, nexus, 0));
}

/**
 * kit_clear_uas - have all pending unit attention conditions reported
 * @kit: kit
 */
void kit_clear_uas(struct kit *kit)
{
	struct test_req *tur;
	int nexus, lun, i;

	for (nexus = 0; nexus < KIT_NR_NEXUSES; nexus++) {
		for (lun = 0; lun < KIT_NR_LUNS && kit->units[lun]; lun++) {
			for (i = 0; i < SCST_UA_NR + 1; i++) {
				tur = kit_test_unit_ready(kit, nexus, lun);
				kit_ends(kit, tur);
				if (tur->status == SAM_STAT_GOOD)
					break;
			}
			KUNIT_ASSERT_EQ(kit->test, tur->status, SAM_STAT_GOOD);
		}
	}
}

/* ------------------------------------------------------------------------
 * Things that wait
 */

static void kit_task_work(struct work_struct *work)
{
	struct kit_task *task = container_of(work, struct kit_task, work);

	task->fn(task);
	test_event(&task->seq);
	complete_all(&task->done);
}

static struct kit_task *kit_task_alloc(struct kit *kit,
				       void (*fn)(struct kit_task *task))
{
	struct kit_task *task;

	KUNIT_ASSERT_LT(kit->test, kit->nr_tasks, KIT_MAX_TASKS);
	task = kzalloc(sizeof(*task), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(kit->test, task);
	task->kit = kit;
	task->fn = fn;
	init_completion(&task->done);
	INIT_WORK(&task->work, kit_task_work);
	kit->tasks[kit->nr_tasks++] = task;
	return task;
}

static struct kit_task *kit_task_start(struct kit_task *task)
{
	queue_work(system_unbound_wq, &task->work);
	return task;
}

static void kit_write_fn(struct kit_task *task)
{
	task->ret = kit_write_file(task->path, task->data);
}

struct kit_task *kit_start_write(struct kit *kit, const char *path,
				 const char *data)
{
	struct kit_task *task = kit_task_alloc(kit, kit_write_fn);

	strscpy(task->path, path);
	strscpy(task->data, data);
	return kit_task_start(task);
}

/* @file is bind or unbind: for the unit of LUN 0 */
struct kit_task *kit_start_bind(struct kit *kit, const char *file)
{
	char path[128], name[32];

	snprintf(path, sizeof(path), KIT_HANDLER_DIR "/%s", file);
	kit_unit_name(kit, 0, name, sizeof(name));
	return kit_start_write(kit, path, name);
}

struct kit_task *kit_start_del_lun(struct kit *kit, u64 lun)
{
	char path[128], line[32];

	snprintf(path, sizeof(path), "/sys/devices/scst/targets/%s/luns/del",
		 kit->name);
	snprintf(line, sizeof(line), "%llu", lun);
	return kit_start_write(kit, path, line);
}

static void kit_del_session_fn(struct kit_task *task)
{
	test_del_session(task->ts);
}

/* Its requests must not be asked for their state any more. */
struct kit_task *kit_start_del_session(struct kit *kit, int nexus)
{
	struct kit_task *task = kit_task_alloc(kit, kit_del_session_fn);

	task->ts = kit->ts[nexus];
	kit->ts[nexus] = NULL;
	return kit_task_start(task);
}

static void kit_add_session_fn(struct kit_task *task)
{
	struct test_sess *ts = test_add_session(task->kit->tt,
						kit_initiators[task->nexus]);

	task->ret = PTR_ERR_OR_ZERO(ts);
	if (!task->ret)
		task->kit->ts[task->nexus] = ts;
}

/* One that was deleted is there again when the task has ended. */
struct kit_task *kit_start_add_session(struct kit *kit, int nexus)
{
	struct kit_task *task = kit_task_alloc(kit, kit_add_session_fn);

	task->nexus = nexus;
	return kit_task_start(task);
}

static void kit_suspend_fn(struct kit_task *task)
{
	struct scst_device *dev = task->kit->units[0]->dev;

	guard(mutex)(&dev->mutex);
	scst_device_suspend(dev);
	test_event(&task->suspended);
	msleep(2 * KIT_GRACE_MS);
	scst_device_resume(dev);
}

/* The unit of LUN 0 is suspended and soon resumed. */
struct kit_task *kit_start_suspend(struct kit *kit)
{
	return kit_task_start(kit_task_alloc(kit, kit_suspend_fn));
}

void kit_task_waits(struct kit *kit, struct kit_task *task)
{
	msleep(KIT_GRACE_MS);
	KUNIT_ASSERT_FALSE(kit->test, completion_done(&task->done));
}

void kit_task_ends(struct kit *kit, struct kit_task *task)
{
	bool done = wait_for_completion_timeout(&task->done, KIT_TIMEOUT);

	KUNIT_ASSERT_TRUE_MSG(kit->test, done, "it waits for ever");
	KUNIT_EXPECT_EQ(kit->test, 0, task->ret);
}
