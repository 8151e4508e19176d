// SPDX-License-Identifier: GPL-2.0
/*
 * Commands, data, task management, and objects that come and go, all at random
 * and at once.  Nothing may get lost, end twice or break a rule; the handler
 * and the target driver count who does.
 */

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/string.h>
#include "kit_kunit.h"

#define STRESS_MS		2000
/* The random numbers of each thread repeat with it. */
#define STRESS_SEED		0x7e57
#define STRESS_MAX_THREADS	8
/* A function or late data hits a command that is about that old. */
#define STRESS_WINDOW		16
/* More must not run at a time, or the queues just grow. */
#define STRESS_MAX_RUNNING	48

struct stress;

/**
 * struct stress_thread - a thread that does something over and over
 * @stress: what the threads share
 * @step: what it does
 * @rnd: its random numbers
 * @nr_steps: how often it did it
 * @done: it came to its end
 */
struct stress_thread {
	struct stress *stress;
	void (*step)(struct stress_thread *t);
	struct rnd_state rnd;
	unsigned int nr_steps;
	struct completion done;
};

struct stress {
	struct kit *kit;
	unsigned long end;	/* in jiffies */
	atomic_t last_tag;
	struct stress_thread threads[STRESS_MAX_THREADS];
	unsigned int nr_threads;
};

/* Return: 0 to @n - 1 */
static u32 rnd(struct stress_thread *t, u32 n)
{
	return prandom_u32_state(&t->rnd) % n;
}

static bool chance(struct stress_thread *t, u32 percent)
{
	return rnd(t, 100) < percent;
}

static u64 some_tag(struct stress_thread *t)
{
	return atomic_read(&t->stress->last_tag) - rnd(t, STRESS_WINDOW);
}

static struct test_unit *some_unit(struct stress_thread *t)
{
	return t->stress->kit->units[rnd(t, KIT_NR_LUNS)];
}

static struct test_sess *some_session(struct stress_thread *t)
{
	return t->stress->kit->ts[rnd(t, KIT_NR_NEXUSES)];
}

/* ------------------------------------------------------------------------
 * What the threads do
 */

static void fill_params(struct stress_thread *t, struct test_params *p)
{
	static const enum test_data data[] = {
		TEST_DATA_NOW, TEST_DATA_NOW, TEST_DATA_LATE,
		TEST_DATA_PARTIAL, TEST_DATA_REFUSE,
	};
	u32 r = rnd(t, 100);

	memset(p, 0, sizeof(*p));
	p->tag = atomic_inc_return(&t->stress->last_tag);
	p->lun = chance(t, 70) ? 0 : rnd(t, 3);
	if (chance(t, 30))
		p->queue_type = chance(t, 50) ? ORDERED : HEAD;
	else if (chance(t, 5))
		p->queue_type = SCST_CMD_QUEUE_ACA;
	p->cdb_len = 10;
	if (r < 50) {
		p->cdb[0] = READ_10;
		p->dir = SCST_DATA_READ;
	} else if (r < 85) {
		p->cdb[0] = WRITE_10;
		p->dir = SCST_DATA_WRITE;
		p->data = data[rnd(t, ARRAY_SIZE(data))];
	} else if (r < 90) {
		p->cdb[0] = TEST_OP_EXCLUSIVE;
	} else if (r < 94) {
		p->cdb[0] = TEST_OP_SHARED;
	} else if (r < 95) {
		p->cdb[0] = TEST_OP_WRITE_ANY;
	} else if (r < 98) {
		p->cdb[0] = ORWRITE_16;
		p->cdb_len = 16;
		p->dir = SCST_DATA_WRITE;
		p->data = data[rnd(t, ARRAY_SIZE(data))];
	}
	if (p->dir != SCST_DATA_NONE) {
		u8 n = 1 + rnd(t, 16);

		p->cdb[p->cdb_len == 16 ? 13 : 8] = n;
		p->cdb[p->cdb_len == 16 ? 9 : 5] = rnd(t, 32);
		p->cdb[p->cdb_len - 1] = chance(t, 20) ?
					 SCST_CDB_CONTROL_NACA : 0;
		p->len = n << TEST_BLOCK_SHIFT;
	}
}

static void submit_to(struct stress_thread *t, struct test_sess *ts)
{
	struct test_params p;
	struct test_req *req;

	fill_params(t, &p);
	req = test_submit(ts, &p);
	if (!IS_ERR(req))
		test_req_put(req);
}

static void step_submit(struct stress_thread *t)
{
	struct test_sess *ts = some_session(t);

	if (READ_ONCE(ts->nr_running) > STRESS_MAX_RUNNING)
		usleep_range(500, 2000);
	else
		submit_to(t, ts);
}

static void step_finish(struct stress_thread *t)
{
	struct test_unit *unit = some_unit(t);
	struct test_sess *ts = some_session(t);

	switch (rnd(t, 8)) {
	case 0:
		WRITE_ONCE(unit->hold, chance(t, 50));
		break;
	case 1:
		test_release_all(unit);
		break;
	case 2:
		test_release(unit, some_tag(t));
		break;
	case 3:
		test_flush_session(ts);
		break;
	case 4:
		test_deliver(ts, some_tag(t), 0);
		break;
	case 5:
		test_deliver(ts, some_tag(t), -EIO);
		break;
	case 6:
		test_release_response(ts, some_tag(t));
		break;
	case 7:
		usleep_range(200, 1500);
		break;
	}
}

static void step_options(struct stress_thread *t)
{
	static const u8 qerr[] = {
		SCST_QERR_NONE, SCST_QERR_ALL, SCST_QERR_NEXUS,
	};
	struct test_unit *unit = some_unit(t);
	struct test_sess *ts = some_session(t);

	usleep_range(1000, 5000);
	switch (rnd(t, 9)) {
	case 0:
		WRITE_ONCE(unit->ctx, rnd(t, TEST_CTX_HARDIRQ + 1));
		break;
	case 1:
		WRITE_ONCE(unit->delay_ms, rnd(t, 4));
		break;
	case 2:
		WRITE_ONCE(ts->defer, chance(t, 50));
		break;
	case 3:
		WRITE_ONCE(ts->ignore_abort, chance(t, 50));
		break;
	case 4:
		WRITE_ONCE(ts->hold_response, chance(t, 30));
		break;
	case 5:
		WRITE_ONCE(unit->dev->tas, chance(t, 50));
		break;
	case 6:
		WRITE_ONCE(unit->dev->qerr, qerr[rnd(t, ARRAY_SIZE(qerr))]);
		break;
	case 7:
		scst_device_set_tst(unit->dev, chance(t, 50));
		break;
	case 8:
		unit->fail = SCST_SENSE(MEDIUM_ERROR, 0x11, 0x00);
		WRITE_ONCE(unit->nr_fail, rnd(t, 4));
		break;
	}
}

static void step_tmf(struct stress_thread *t)
{
	struct test_sess *ts = some_session(t);
	enum scst_tmf_fn fn = SCST_ABORT_TASK;
	struct test_req *tmf;

	usleep_range(100, 3000);
	/* The others leave little that waits. */
	if (chance(t, 30))
		fn = rnd(t, SCST_TMF_FN_NR);
	if (READ_ONCE(ts->nr_running) > 2 * STRESS_MAX_RUNNING)
		return;
	tmf = test_tmf(ts, fn, 0, rnd(t, 2), some_tag(t));
	if (!IS_ERR(tmf))
		test_req_put(tmf);
}

/* A nexus that comes, sends something and goes, no matter what became of it */
static void step_session(struct stress_thread *t)
{
	struct test_sess *ts;
	u32 i, nr = rnd(t, 10);

	ts = test_add_session(t->stress->kit->tt, "guest");
	if (IS_ERR(ts))
		return;
	WRITE_ONCE(ts->defer, chance(t, 50));
	for (i = 0; i < nr; i++)
		submit_to(t, ts);
	if (chance(t, 30))
		test_req_put(test_tmf(ts, SCST_LUN_RESET, 0, 0, 0));
	test_del_session(ts);
}

static void step_bind(struct stress_thread *t)
{
	struct kit *kit = t->stress->kit;
	char name[32];

	snprintf(name, sizeof(name), "%s.0", kit->name);
	usleep_range(5000, 50000);
	kit_write_file(KIT_HANDLER_DIR "/unbind", name);
	usleep_range(100, 5000);
	kit_write_file(KIT_HANDLER_DIR "/bind", name);
}

static void step_lun(struct stress_thread *t)
{
	struct kit *kit = t->stress->kit;
	char line[40];

	snprintf(line, sizeof(line), "%s.1 1", kit->name);
	usleep_range(5000, 50000);
	kit_write_luns(kit, "del", "1");
	usleep_range(100, 5000);
	kit_write_luns(kit, "add", line);
}

/* ------------------------------------------------------------------------
 * The tests
 */

static int stress_fn(void *arg)
{
	struct stress_thread *t = arg;

	while (time_before(jiffies, t->stress->end)) {
		t->step(t);
		t->nr_steps++;
		cond_resched();
	}
	kthread_complete_and_exit(&t->done, 0);
}

static void stress_add(struct stress *stress,
		       void (*step)(struct stress_thread *t))
{
	struct stress_thread *t = &stress->threads[stress->nr_threads];
	struct task_struct *task;

	t->stress = stress;
	t->step = step;
	prandom_seed_state(&t->rnd, STRESS_SEED + stress->nr_threads);
	init_completion(&t->done);
	task = kthread_run(stress_fn, t, "scst_stress/%u", stress->nr_threads);
	if (IS_ERR(task))
		KUNIT_FAIL(stress->kit->test, "no thread: %pe", task);
	else
		stress->nr_threads++;
}

/* The units and nexuses are as good as new. */
static void stress_still_works(struct kit *kit)
{
	struct test_req *s, *o;
	int i;

	for (i = 0; i < KIT_NR_NEXUSES; i++) {
		kit->ts[i]->defer = false;
		kit->ts[i]->ignore_abort = false;
		test_clear_ended(kit->ts[i]);
	}
	for (i = 0; i < KIT_NR_LUNS; i++) {
		kit->units[i]->ctx = TEST_CTX_PROCESS;
		kit->units[i]->delay_ms = 0;
		kit->units[i]->nr_fail = 0;
		kit->units[i]->dev->qerr = SCST_QERR_NONE;
		scst_device_set_tst(kit->units[i]->dev, false);
	}
	kit_let_go(kit);
	/* The last command may have left an ACA condition. */
	kit_let_go(kit);
	for (i = 0; i < KIT_NR_NEXUSES; i++)
		KUNIT_ASSERT_EQ(kit->test, 0, kit->ts[i]->nr_running);
	kit->next_tag = U32_MAX;
	test_clear_log(kit->units[0]);
	test_clear_log(kit->units[1]);
	kit_clear_uas(kit);

	kit->units[0]->hold = true;
	s = kit_read(kit, 0, SIMPLE);
	o = kit_read(kit, 1, ORDERED);
	kit_executes(kit, s);
	kit_waits(kit, o);
	kit_completes(kit, s);
	kit_completes(kit, o);
	kit_completes(kit, kit_exclusive(kit, 0, ORDERED));
}

static void stress_run(struct kunit *test,
		       void (*const *steps)(struct stress_thread *t))
{
	struct kit *kit = kit_setup(test, false);
	struct stress *stress;
	unsigned int i;

	kit_second_unit(kit);
	stress = kunit_kzalloc(test, sizeof(*stress), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stress);
	stress->kit = kit;
	stress->end = jiffies + msecs_to_jiffies(STRESS_MS);
	atomic_set(&stress->last_tag, kit->next_tag);

	for (; *steps; steps++)
		stress_add(stress, *steps);
	for (i = 0; i < stress->nr_threads; i++) {
		/* One may wait for commands that nobody lets go any more. */
		while (!wait_for_completion_timeout(&stress->threads[i].done,
						    HZ / 10))
			if (time_after(jiffies, stress->end))
				kit_let_go(kit);
		kunit_info(test, "%ps: %u times\n", stress->threads[i].step,
			   stress->threads[i].nr_steps);
	}
	stress_still_works(kit);
}

static void stress_commands(struct kunit *test)
{
	static void (*const steps[])(struct stress_thread *t) = {
		step_submit, step_submit, step_submit, step_finish,
		step_finish, step_options, NULL
	};

	stress_run(test, steps);
}

static void stress_tmf(struct kunit *test)
{
	static void (*const steps[])(struct stress_thread *t) = {
		step_submit, step_submit, step_submit, step_finish,
		step_options, step_tmf, step_tmf, NULL
	};

	stress_run(test, steps);
}

static void stress_objects(struct kunit *test)
{
	static void (*const steps[])(struct stress_thread *t) = {
		step_submit, step_submit, step_finish, step_options,
		step_tmf, step_session, step_bind, step_lun, NULL
	};

	stress_run(test, steps);
}

static struct kunit_case scst_stress_cases[] = {
	KUNIT_CASE_SLOW(stress_commands),
	KUNIT_CASE_SLOW(stress_tmf),
	KUNIT_CASE_SLOW(stress_objects),
	{}
};

static struct kunit_suite scst_stress_suite = {
	.name = "scst_stress",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = scst_stress_cases,
};

kunit_test_suite(scst_stress_suite);
