// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the gate: who may be inside together, in which order those that
 * wait come in, what cancelling does, and that fast mode comes back.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include "../core.h"

/* What has to happen does within this time, on an emulated CPU too. */
#define GATE_TEST_TIMEOUT	(10 * HZ)
/* What must not happen has this time to do so. */
#define GATE_TEST_GRACE_MS	30
#define GATE_TEST_USERS		8

/**
 * struct gate_user - somebody who passes the gate
 * @entry: the gate's
 * @name: for messages
 * @resumed: completed by @entry's resume()
 * @go_on: resume() waits for it when @block is set
 * @block: keep the gate's work item busy
 */
struct gate_user {
	struct scst_gate_entry entry;
	const char *name;
	struct completion resumed;
	struct completion go_on;
	bool block;
};

struct gate_fixture {
	struct scst_gate gate;
	struct gate_user users[GATE_TEST_USERS];
	unsigned int nr_users;
};

static void gate_test_resume(struct scst_gate_entry *entry)
{
	struct gate_user *user = container_of(entry, struct gate_user, entry);

	complete(&user->resumed);
	if (user->block)
		wait_for_completion_timeout(&user->go_on, GATE_TEST_TIMEOUT);
}

static int gate_test_init(struct kunit *test)
{
	struct gate_fixture *f;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	test->priv = f;
	return scst_gate_init(&f->gate);
}

/* Whatever a failed test left behind */
static void gate_test_exit(struct kunit *test)
{
	struct gate_fixture *f = test->priv;
	unsigned int i;

	if (!f)
		return;
	for (i = 0; i < f->nr_users; i++) {
		complete_all(&f->users[i].go_on);
		scst_gate_cancel(&f->gate, &f->users[i].entry);
	}
	flush_delayed_work(&f->gate.work);
	for (i = 0; i < f->nr_users; i++)
		scst_gate_leave(&f->gate, &f->users[i].entry);
	scst_gate_exit(&f->gate);
}

static struct gate_user *new_user(struct kunit *test, const char *name)
{
	struct gate_fixture *f = test->priv;
	struct gate_user *user;

	KUNIT_ASSERT_LT(test, f->nr_users, GATE_TEST_USERS);
	user = &f->users[f->nr_users++];
	user->name = name;
	init_completion(&user->resumed);
	init_completion(&user->go_on);
	scst_gate_entry_init(&user->entry);
	return user;
}

static bool enter(struct kunit *test, struct gate_user *user,
		  enum scst_gate_mode mode)
{
	struct gate_fixture *f = test->priv;

	return scst_gate_enter(&f->gate, &user->entry, mode, gate_test_resume);
}

/* A new user that enters at once */
static struct gate_user *goes_in(struct kunit *test, const char *name,
				 enum scst_gate_mode mode)
{
	struct gate_user *user = new_user(test, name);

	KUNIT_EXPECT_TRUE_MSG(test, enter(test, user, mode),
			      "%s has to wait", name);
	return user;
}

/* A new user that has to wait */
static struct gate_user *waits(struct kunit *test, const char *name,
			       enum scst_gate_mode mode)
{
	struct gate_user *user = new_user(test, name);

	KUNIT_ASSERT_FALSE_MSG(test, enter(test, user, mode),
			       "%s does not wait", name);
	return user;
}

static void comes_in(struct kunit *test, struct gate_user *user)
{
	KUNIT_ASSERT_TRUE_MSG(test,
			      wait_for_completion_timeout(&user->resumed,
							  GATE_TEST_TIMEOUT),
			      "%s waits for ever", user->name);
}

static void stays_out(struct kunit *test, struct gate_user *user)
{
	msleep(GATE_TEST_GRACE_MS);
	KUNIT_ASSERT_FALSE_MSG(test, completion_done(&user->resumed),
			       "%s came in", user->name);
}

static void leave(struct kunit *test, struct gate_user *user)
{
	struct gate_fixture *f = test->priv;

	scst_gate_leave(&f->gate, &user->entry);
}

static void downgrade(struct kunit *test, struct gate_user *user)
{
	struct gate_fixture *f = test->priv;

	scst_gate_downgrade(&f->gate, &user->entry);
}

static bool cancel(struct kunit *test, struct gate_user *user)
{
	struct gate_fixture *f = test->priv;

	return scst_gate_cancel(&f->gate, &user->entry);
}

static bool is_slow(struct kunit *test)
{
	struct gate_fixture *f = test->priv;

	return READ_ONCE(f->gate.slow);
}

static void gets_fast(struct kunit *test)
{
	unsigned long end = jiffies + GATE_TEST_TIMEOUT;
	struct gate_fixture *f = test->priv;
	struct gate_user *user;
	unsigned int nr_shared;

	while (is_slow(test) && time_before(jiffies, end))
		msleep(20);
	KUNIT_ASSERT_FALSE_MSG(test, is_slow(test),
			       "the gate stays in slow mode");

	/* And it is no pretence: the ref counts again. */
	nr_shared = f->gate.nr_shared;
	user = goes_in(test, "shared entry of the fast mode",
		       SCST_GATE_SHARED);
	KUNIT_EXPECT_EQ(test, f->gate.nr_shared, nr_shared);
	leave(test, user);
	KUNIT_EXPECT_FALSE(test, is_slow(test));
}

static void expect_open(struct kunit *test, bool want)
{
	struct gate_fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, scst_gate_is_open(&f->gate), want);
}

/* ------------------------------------------------------------------------
 * Who waits for whom
 */

static void gate_test_shared(struct kunit *test)
{
	struct gate_user *s1 = goes_in(test, "S1", SCST_GATE_SHARED);
	struct gate_user *s2 = goes_in(test, "S2", SCST_GATE_SHARED);
	struct gate_user *e;

	KUNIT_EXPECT_FALSE(test, is_slow(test));
	/* Counted: an exclusive entry waits for both. */
	e = waits(test, "E", SCST_GATE_EXCLUSIVE);
	KUNIT_EXPECT_TRUE(test, is_slow(test));
	stays_out(test, e);
	leave(test, s2);
	stays_out(test, e);
	leave(test, s1);
	comes_in(test, e);
}

/* Open again as soon as nobody has it alone, though slow mode outlives that. */
static void gate_test_is_open(struct kunit *test)
{
	struct gate_user *s, *e, *s2;

	expect_open(test, true);
	s = goes_in(test, "S", SCST_GATE_SHARED);
	expect_open(test, true);
	e = waits(test, "E", SCST_GATE_EXCLUSIVE);
	expect_open(test, false);
	leave(test, s);
	comes_in(test, e);
	expect_open(test, false);
	s2 = waits(test, "S2", SCST_GATE_SHARED);
	leave(test, e);
	expect_open(test, true);
	comes_in(test, s2);
	expect_open(test, true);
	leave(test, s2);
	expect_open(test, true);
}

/* On a gate that is idle: at once, or when it has become slow */
static struct gate_user *goes_in_alone(struct kunit *test, const char *name)
{
	struct gate_user *user = new_user(test, name);

	if (!enter(test, user, SCST_GATE_EXCLUSIVE))
		comes_in(test, user);
	return user;
}

/* Shared entries of both modes are inside. */
static void gate_test_exclusive_waits(struct kunit *test)
{
	struct gate_user *fast = goes_in(test, "fast", SCST_GATE_SHARED);
	struct gate_user *h = goes_in(test, "H", SCST_GATE_HEAD);
	struct gate_user *slow, *e;

	leave(test, h);
	KUNIT_EXPECT_TRUE(test, is_slow(test));
	slow = goes_in(test, "slow", SCST_GATE_SHARED);
	e = waits(test, "E", SCST_GATE_EXCLUSIVE);
	leave(test, fast);
	stays_out(test, e);
	leave(test, slow);
	comes_in(test, e);
}

static void gate_test_fifo(struct kunit *test)
{
	struct gate_user *s0 = goes_in(test, "S0", SCST_GATE_SHARED);
	struct gate_user *e1 = waits(test, "E1", SCST_GATE_EXCLUSIVE);
	struct gate_user *s1 = waits(test, "S1", SCST_GATE_SHARED);
	struct gate_user *s2 = waits(test, "S2", SCST_GATE_SHARED);
	struct gate_user *e2 = waits(test, "E2", SCST_GATE_EXCLUSIVE);
	struct gate_user *s3 = waits(test, "S3", SCST_GATE_SHARED);

	stays_out(test, s1);
	leave(test, s0);
	comes_in(test, e1);
	stays_out(test, s1);

	leave(test, e1);
	comes_in(test, s1);
	comes_in(test, s2);
	stays_out(test, e2);
	stays_out(test, s3);

	leave(test, s1);
	stays_out(test, e2);
	leave(test, s2);
	comes_in(test, e2);
	stays_out(test, s3);
	leave(test, e2);
	comes_in(test, s3);
}

/* An exclusive entry is alone on a gate that was idle, too. */
static void gate_test_exclusive_alone(struct kunit *test)
{
	struct gate_user *e1 = goes_in_alone(test, "E1");
	struct gate_user *e2, *s;

	e2 = waits(test, "E2", SCST_GATE_EXCLUSIVE);
	s = waits(test, "S", SCST_GATE_SHARED);
	stays_out(test, e2);
	leave(test, e1);
	comes_in(test, e2);
	stays_out(test, s);
	leave(test, e2);
	comes_in(test, s);
}

/* An entry that was alone is one of those that share. */
static void gate_test_downgrade(struct kunit *test)
{
	struct gate_user *e1 = goes_in_alone(test, "E1");
	struct gate_user *s1, *e2, *s2;

	s1 = waits(test, "S1", SCST_GATE_SHARED);
	e2 = waits(test, "E2", SCST_GATE_EXCLUSIVE);
	s2 = waits(test, "S2", SCST_GATE_SHARED);
	stays_out(test, s1);
	downgrade(test, e1);
	comes_in(test, s1);
	stays_out(test, e2);
	leave(test, s1);
	stays_out(test, e2);
	leave(test, e1);
	comes_in(test, e2);
	stays_out(test, s2);
	leave(test, e2);
	comes_in(test, s2);
}

/* It passes those that wait, and they and later ones wait for it. */
static void gate_test_head_passes(struct kunit *test)
{
	struct gate_user *s1 = goes_in(test, "S1", SCST_GATE_SHARED);
	struct gate_user *e1 = waits(test, "E1", SCST_GATE_EXCLUSIVE);
	struct gate_user *h1 = goes_in(test, "H1", SCST_GATE_HEAD);
	struct gate_user *s2 = waits(test, "S2", SCST_GATE_SHARED);
	struct gate_user *h2;

	leave(test, s1);
	stays_out(test, e1);
	leave(test, h1);
	comes_in(test, e1);
	stays_out(test, s2);

	h2 = goes_in(test, "H2", SCST_GATE_HEAD);
	leave(test, e1);
	stays_out(test, s2);
	leave(test, h2);
	comes_in(test, s2);
}

static void gate_test_head_holds(struct kunit *test)
{
	struct gate_user *s1 = goes_in(test, "S1", SCST_GATE_SHARED);
	struct gate_user *h1 = goes_in(test, "H1", SCST_GATE_HEAD);
	struct gate_user *h2 = goes_in(test, "H2", SCST_GATE_HEAD);
	struct gate_user *s2 = waits(test, "S2", SCST_GATE_SHARED);

	leave(test, s1);
	leave(test, h1);
	stays_out(test, s2);
	leave(test, h2);
	comes_in(test, s2);
}

/* ------------------------------------------------------------------------
 * Cancelling
 */

static void gate_test_cancel_waiting(struct kunit *test)
{
	struct gate_user *s1 = goes_in(test, "S1", SCST_GATE_SHARED);
	struct gate_user *e1 = waits(test, "E1", SCST_GATE_EXCLUSIVE);
	struct gate_user *s2 = waits(test, "S2", SCST_GATE_SHARED);
	struct gate_user *s3 = waits(test, "S3", SCST_GATE_SHARED);
	struct gate_user *e2;

	KUNIT_EXPECT_TRUE(test, cancel(test, s2));
	stays_out(test, s3);
	/* Nothing keeps S3 out any more, though S1 is still inside. */
	KUNIT_EXPECT_TRUE(test, cancel(test, e1));
	comes_in(test, s3);
	stays_out(test, s2);
	stays_out(test, e1);

	/* A no-op for those that are outside */
	leave(test, s2);
	leave(test, e1);
	e2 = waits(test, "E2", SCST_GATE_EXCLUSIVE);
	leave(test, s1);
	stays_out(test, e2);
	leave(test, s3);
	comes_in(test, e2);
}

/* Its wait is over, but resume() was not called yet. */
static void gate_test_cancel_ready(struct kunit *test)
{
	struct gate_user *s0 = goes_in(test, "S0", SCST_GATE_SHARED);
	struct gate_user *e1 = waits(test, "E1", SCST_GATE_EXCLUSIVE);
	struct gate_user *s1 = waits(test, "S1", SCST_GATE_SHARED);
	struct gate_user *s2 = waits(test, "S2", SCST_GATE_SHARED);
	struct gate_user *s3 = waits(test, "S3", SCST_GATE_SHARED);
	struct gate_user *e2;

	s1->block = true;
	leave(test, s0);
	comes_in(test, e1);
	leave(test, e1);
	comes_in(test, s1);
	/* S1 keeps the work item busy: S2 and S3 are ready. */
	KUNIT_EXPECT_TRUE(test, cancel(test, s2));
	complete(&s1->go_on);
	comes_in(test, s3);
	stays_out(test, s2);

	/* S2 is not counted any more, the others are. */
	e2 = waits(test, "E2", SCST_GATE_EXCLUSIVE);
	leave(test, s1);
	stays_out(test, e2);
	leave(test, s3);
	comes_in(test, e2);
}

/* What waits behind a ready exclusive entry goes on when that is cancelled. */
static void gate_test_cancel_ready_exclusive(struct kunit *test)
{
	struct gate_user *s0 = goes_in(test, "S0", SCST_GATE_SHARED);
	struct gate_user *e1 = waits(test, "E1", SCST_GATE_EXCLUSIVE);
	struct gate_user *e2 = waits(test, "E2", SCST_GATE_EXCLUSIVE);
	struct gate_user *s1 = waits(test, "S1", SCST_GATE_SHARED);

	e1->block = true;
	leave(test, s0);
	comes_in(test, e1);
	leave(test, e1);
	KUNIT_EXPECT_TRUE(test, cancel(test, e2));
	complete(&e1->go_on);
	comes_in(test, s1);
	stays_out(test, e2);
}

static void gate_test_cancel_inside(struct kunit *test)
{
	struct gate_user *s1 = goes_in(test, "S1", SCST_GATE_SHARED);
	struct gate_user *e1, *s2;

	KUNIT_EXPECT_FALSE(test, cancel(test, s1));
	e1 = waits(test, "E1", SCST_GATE_EXCLUSIVE);
	stays_out(test, e1);
	leave(test, s1);
	comes_in(test, e1);
	KUNIT_EXPECT_FALSE(test, cancel(test, e1));
	s2 = waits(test, "S2", SCST_GATE_SHARED);
	stays_out(test, s2);
	leave(test, e1);
	comes_in(test, s2);
}

/* Who was cancelled before it came never waits, and is not counted. */
static void gate_test_cancel_before(struct kunit *test)
{
	struct gate_user *s0 = goes_in(test, "S0", SCST_GATE_SHARED);
	struct gate_user *e1 = waits(test, "E1", SCST_GATE_EXCLUSIVE);
	struct gate_user *s1 = new_user(test, "S1");
	struct gate_user *e2 = new_user(test, "E2");
	struct gate_user *s2;

	KUNIT_EXPECT_FALSE(test, cancel(test, s1));
	KUNIT_EXPECT_FALSE(test, cancel(test, e2));
	KUNIT_EXPECT_TRUE(test, enter(test, s1, SCST_GATE_SHARED));
	KUNIT_EXPECT_TRUE(test, enter(test, e2, SCST_GATE_EXCLUSIVE));
	leave(test, s0);
	comes_in(test, e1);
	leave(test, s1);
	leave(test, e2);
	s2 = waits(test, "S2", SCST_GATE_SHARED);
	stays_out(test, s2);
	leave(test, e1);
	comes_in(test, s2);
}

/* ------------------------------------------------------------------------
 * Closing
 */

/**
 * struct gate_closer - a thread that closes the gate
 * @work: runs gate_closer_work()
 * @gate: gate
 * @entry: what scst_gate_close() returned
 * @closed: it returned
 */
struct gate_closer {
	struct work_struct work;
	struct scst_gate *gate;
	struct scst_gate_entry entry;
	struct completion closed;
};

static void gate_closer_work(struct work_struct *work)
{
	struct gate_closer *closer =
		container_of(work, struct gate_closer, work);

	scst_gate_close(closer->gate, &closer->entry);
	complete(&closer->closed);
}

static void gate_test_close(struct kunit *test)
{
	struct gate_fixture *f = test->priv;
	struct gate_user *s1 = goes_in(test, "S1", SCST_GATE_SHARED);
	struct gate_closer *closer;
	struct gate_user *s2;
	bool early, closed;

	closer = kunit_kzalloc(test, sizeof(*closer), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, closer);
	closer->gate = &f->gate;
	init_completion(&closer->closed);
	INIT_WORK(&closer->work, gate_closer_work);
	queue_work(system_unbound_wq, &closer->work);

	early = wait_for_completion_timeout(&closer->closed,
					    msecs_to_jiffies(100));
	KUNIT_EXPECT_FALSE_MSG(test, early, "closed with S1 inside");
	leave(test, s1);
	closed = early ||
		wait_for_completion_timeout(&closer->closed,
					    GATE_TEST_TIMEOUT);
	KUNIT_EXPECT_TRUE_MSG(test, closed, "never closed");
	flush_work(&closer->work);

	s2 = new_user(test, "S2");
	KUNIT_EXPECT_FALSE(test, enter(test, s2, SCST_GATE_SHARED));
	msleep(GATE_TEST_GRACE_MS);
	KUNIT_EXPECT_FALSE(test, completion_done(&s2->resumed));
	scst_gate_leave(&f->gate, &closer->entry);
	comes_in(test, s2);
}

/* ------------------------------------------------------------------------
 * Back to fast mode
 */

static void gate_test_fast_after_exclusive(struct kunit *test)
{
	struct gate_user *e = new_user(test, "E");

	if (!enter(test, e, SCST_GATE_EXCLUSIVE))
		comes_in(test, e);
	/* Longer inside than any work item takes that letting it in began */
	msleep(500);
	KUNIT_EXPECT_TRUE(test, is_slow(test));
	leave(test, e);
	gets_fast(test);
}

static void gate_test_fast_after_wait(struct kunit *test)
{
	struct gate_user *s1 = goes_in(test, "S1", SCST_GATE_SHARED);
	struct gate_user *e = waits(test, "E", SCST_GATE_EXCLUSIVE);
	struct gate_user *s2 = waits(test, "S2", SCST_GATE_SHARED);

	leave(test, s1);
	comes_in(test, e);
	leave(test, e);
	/* S2 stays inside: shared entries do not prolong slow mode. */
	comes_in(test, s2);
	gets_fast(test);
	leave(test, s2);
	KUNIT_EXPECT_FALSE(test, is_slow(test));
}

/* Though it is still inside: it is counted all the same. */
static void gate_test_fast_after_downgrade(struct kunit *test)
{
	struct gate_user *e1 = goes_in_alone(test, "E1");
	struct gate_user *e2;

	downgrade(test, e1);
	gets_fast(test);
	e2 = waits(test, "E2", SCST_GATE_EXCLUSIVE);
	stays_out(test, e2);
	leave(test, e1);
	comes_in(test, e2);
}

static void gate_test_fast_after_head(struct kunit *test)
{
	struct gate_user *h = goes_in(test, "H", SCST_GATE_HEAD);

	msleep(500);
	KUNIT_EXPECT_TRUE(test, is_slow(test));
	leave(test, h);
	gets_fast(test);
}

static void gate_test_fast_after_cancel(struct kunit *test)
{
	struct gate_user *s = goes_in(test, "S", SCST_GATE_SHARED);
	struct gate_user *e = waits(test, "E", SCST_GATE_EXCLUSIVE);

	msleep(500);
	KUNIT_EXPECT_TRUE(test, cancel(test, e));
	leave(test, s);
	gets_fast(test);
}

/* A ref that was resurrected is killed again. */
static void gate_test_fast_again(struct kunit *test)
{
	struct gate_user *s, *e;
	int i;

	for (i = 0; i < 2; i++) {
		s = goes_in(test, "S", SCST_GATE_SHARED);
		e = waits(test, "E", SCST_GATE_EXCLUSIVE);
		stays_out(test, e);
		leave(test, s);
		comes_in(test, e);
		leave(test, e);
		gets_fast(test);
	}
}

/* A stream of exclusive entries does not pay a grace period for each. */
static void gate_test_linger(struct kunit *test)
{
	struct gate_user *e1 = goes_in_alone(test, "E1");
	struct gate_user *e2 = new_user(test, "E2");
	unsigned long start;
	bool entered;

	start = jiffies;
	leave(test, e1);
	entered = enter(test, e2, SCST_GATE_EXCLUSIVE);
	if (time_after(jiffies, start + msecs_to_jiffies(100)))
		kunit_skip(test, "this CPU was away for too long");
	KUNIT_EXPECT_TRUE(test, entered);
}

/* The gate goes in every state it may have when nobody is inside. */
static void gate_test_exit_states(struct kunit *test)
{
	struct gate_fixture *f = test->priv;
	struct gate_user *user;
	struct scst_gate *gate;
	int i;

	gate = kunit_kzalloc(test, sizeof(*gate), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, gate);
	scst_gate_exit(gate);

	user = new_user(test, "user");
	for (i = 0; i < 40; i++) {
		KUNIT_ASSERT_EQ(test, scst_gate_init(gate), 0);
		switch (i % 4) {
		case 0:
			scst_gate_enter(gate, &user->entry, SCST_GATE_SHARED,
					gate_test_resume);
			break;
		case 1:
			scst_gate_enter(gate, &user->entry, SCST_GATE_HEAD,
					gate_test_resume);
			break;
		case 2:
			/* The ref is about to be killed */
			if (!scst_gate_enter(gate, &user->entry,
					     SCST_GATE_EXCLUSIVE,
					     gate_test_resume))
				scst_gate_cancel(gate, &user->entry);
			break;
		case 3:
			scst_gate_close(gate, &user->entry);
			break;
		}
		scst_gate_leave(gate, &user->entry);
		/* 0 to 9 ms: before, while and after the ref dies */
		mdelay(i / 4);
		scst_gate_exit(gate);
		scst_gate_entry_init(&user->entry);
		memset(gate, 0, sizeof(*gate));
	}
	/* The fixture's own gate knows nothing of it. */
	KUNIT_EXPECT_FALSE(test, READ_ONCE(f->gate.slow));
}

/* ------------------------------------------------------------------------
 * Stress
 */

#define GATE_STRESS_THREADS	6
#define GATE_STRESS_ROUNDS	3
/* Each round ends with shared entries alone until fast mode is back. */
#define GATE_STRESS_ROUND_MS	600
#define GATE_STRESS_MIXED_MS	250
/* The sequence of operations of each thread repeats with it. */
#define GATE_STRESS_SEED	0x5c57

/**
 * struct gate_stress - what the threads share
 * @gate: gate
 * @nr_shared: threads that are inside that way, at least
 * @nr_exclusive: threads that are inside that way, at least
 * @bad: invariants that were broken
 * @stuck: waits that did not end
 * @nr_waits: waits that did
 * @nr_cancelled: waits that were cancelled
 * @start: when they began, in jiffies
 */
struct gate_stress {
	struct scst_gate *gate;
	atomic_t nr_shared;
	atomic_t nr_exclusive;
	atomic_t bad;
	atomic_t stuck;
	atomic_t nr_waits;
	atomic_t nr_cancelled;
	unsigned long start;
};

struct gate_stress_thread {
	struct gate_stress *stress;
	struct gate_user user;
	struct rnd_state rnd;
	struct completion done;
	unsigned int nr_ops;
};

static void stress_check(struct gate_stress *stress, enum scst_gate_mode mode)
{
	int shared = atomic_read(&stress->nr_shared);
	int exclusive = atomic_read(&stress->nr_exclusive);

	/* A head entry may come in at any time, and changes nothing inside. */
	if (mode == SCST_GATE_EXCLUSIVE && (exclusive != 1 || shared))
		atomic_inc(&stress->bad);
	if (mode == SCST_GATE_SHARED && exclusive)
		atomic_inc(&stress->bad);
}

static void stress_dwell(struct gate_stress_thread *t)
{
	u32 r = prandom_u32_state(&t->rnd) % 100;

	if (r < 70)
		return;
	if (r < 95)
		udelay(r);
	else
		usleep_range(100, 1000);
}

static void stress_inside(struct gate_stress_thread *t,
			  enum scst_gate_mode mode)
{
	struct gate_stress *stress = t->stress;
	atomic_t *counter = NULL;

	if (mode == SCST_GATE_SHARED)
		counter = &stress->nr_shared;
	else if (mode == SCST_GATE_EXCLUSIVE)
		counter = &stress->nr_exclusive;

	if (counter)
		atomic_inc(counter);
	stress_check(stress, mode);
	stress_dwell(t);
	stress_check(stress, mode);
	if (counter)
		atomic_dec(counter);
}

static void stress_leave(struct gate_stress_thread *t)
{
	unsigned long flags;

	if (prandom_u32_state(&t->rnd) & 1) {
		scst_gate_leave(t->stress->gate, &t->user.entry);
		return;
	}
	local_irq_save(flags);
	scst_gate_leave(t->stress->gate, &t->user.entry);
	local_irq_restore(flags);
}

/* Return: true when the wait ended inside the gate. */
static bool stress_wait(struct gate_stress_thread *t)
{
	struct gate_stress *stress = t->stress;

	if (prandom_u32_state(&t->rnd) % 4 == 0) {
		stress_dwell(t);
		if (scst_gate_cancel(stress->gate, &t->user.entry)) {
			atomic_inc(&stress->nr_cancelled);
			return false;
		}
	}
	if (!wait_for_completion_timeout(&t->user.resumed,
					 GATE_TEST_TIMEOUT)) {
		atomic_inc(&stress->stuck);
		return false;
	}
	atomic_inc(&stress->nr_waits);
	return true;
}

static enum scst_gate_mode stress_mode(struct gate_stress_thread *t,
				       unsigned int ms)
{
	u32 r = prandom_u32_state(&t->rnd) % 16;

	if (r > 1 || ms % GATE_STRESS_ROUND_MS > GATE_STRESS_MIXED_MS)
		return SCST_GATE_SHARED;
	return r ? SCST_GATE_EXCLUSIVE : SCST_GATE_HEAD;
}

static int stress_fn(void *arg)
{
	struct gate_stress_thread *t = arg;
	struct gate_stress *stress = t->stress;
	enum scst_gate_mode mode;
	unsigned int ms;

	while (!atomic_read(&stress->stuck)) {
		ms = jiffies_to_msecs(jiffies - stress->start);
		if (ms >= GATE_STRESS_ROUNDS * GATE_STRESS_ROUND_MS)
			break;
		mode = stress_mode(t, ms);
		scst_gate_entry_init(&t->user.entry);
		reinit_completion(&t->user.resumed);
		if (scst_gate_enter(stress->gate, &t->user.entry, mode,
				    gate_test_resume) || stress_wait(t)) {
			stress_inside(t, mode);
			stress_leave(t);
		}
		t->nr_ops++;
		cond_resched();
	}
	kthread_complete_and_exit(&t->done, 0);
}

static void gate_test_stress(struct kunit *test)
{
	struct gate_fixture *f = test->priv;
	struct gate_stress_thread *threads;
	struct gate_stress *stress;
	struct task_struct *task;
	unsigned int i, nr_ops = 0;

	stress = kunit_kzalloc(test, sizeof(*stress), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stress);
	threads = kunit_kcalloc(test, GATE_STRESS_THREADS, sizeof(*threads),
				GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, threads);
	stress->gate = &f->gate;
	stress->start = jiffies;

	for (i = 0; i < GATE_STRESS_THREADS; i++) {
		struct gate_stress_thread *t = &threads[i];

		t->stress = stress;
		prandom_seed_state(&t->rnd, GATE_STRESS_SEED + i);
		init_completion(&t->user.resumed);
		init_completion(&t->done);
		task = kthread_run(stress_fn, t, "scst_gate_test/%u", i);
		if (IS_ERR(task)) {
			KUNIT_FAIL(test, "no thread: %pe", task);
			complete(&t->done);
		}
	}
	for (i = 0; i < GATE_STRESS_THREADS; i++) {
		wait_for_completion(&threads[i].done);
		nr_ops += threads[i].nr_ops;
	}

	kunit_info(test, "%u operations, %d waits, %d cancelled\n", nr_ops,
		   atomic_read(&stress->nr_waits),
		   atomic_read(&stress->nr_cancelled));
	KUNIT_EXPECT_EQ(test, atomic_read(&stress->bad), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&stress->stuck), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&stress->nr_waits), 0);
	if (atomic_read(&stress->stuck))
		return;
	KUNIT_EXPECT_EQ(test, f->gate.nr_shared, 0);
	KUNIT_EXPECT_EQ(test, f->gate.nr_exclusive, 0);
	KUNIT_EXPECT_EQ(test, f->gate.nr_head, 0);
	gets_fast(test);
}

static struct kunit_case scst_gate_cases[] = {
	KUNIT_CASE(gate_test_shared),
	KUNIT_CASE(gate_test_is_open),
	KUNIT_CASE(gate_test_exclusive_waits),
	KUNIT_CASE(gate_test_fifo),
	KUNIT_CASE(gate_test_exclusive_alone),
	KUNIT_CASE(gate_test_downgrade),
	KUNIT_CASE(gate_test_head_passes),
	KUNIT_CASE(gate_test_head_holds),
	KUNIT_CASE(gate_test_cancel_waiting),
	KUNIT_CASE(gate_test_cancel_ready),
	KUNIT_CASE(gate_test_cancel_ready_exclusive),
	KUNIT_CASE(gate_test_cancel_inside),
	KUNIT_CASE(gate_test_cancel_before),
	KUNIT_CASE(gate_test_close),
	KUNIT_CASE(gate_test_fast_after_exclusive),
	KUNIT_CASE(gate_test_fast_after_wait),
	KUNIT_CASE(gate_test_fast_after_downgrade),
	KUNIT_CASE(gate_test_fast_after_head),
	KUNIT_CASE(gate_test_fast_after_cancel),
	KUNIT_CASE(gate_test_fast_again),
	KUNIT_CASE(gate_test_linger),
	KUNIT_CASE(gate_test_exit_states),
	KUNIT_CASE_SLOW(gate_test_stress),
	{}
};

static struct kunit_suite scst_gate_suite = {
	.name = "scst_gate",
	.init = gate_test_init,
	.exit = gate_test_exit,
	.test_cases = scst_gate_cases,
};

kunit_test_suite(scst_gate_suite);
