// SPDX-License-Identifier: GPL-2.0
/*
 * Task management (SAM-6 7): every function against a command in every state,
 * from the same nexus and from another one.
 */

#include <linux/delay.h>
#include "kit_kunit.h"

/* ------------------------------------------------------------------------
 * The matrix
 */

static const char *const fn_names[] = {
	[SCST_ABORT_TASK]	= "ABORT TASK",
	[SCST_ABORT_TASK_SET]	= "ABORT TASK SET",
	[SCST_CLEAR_TASK_SET]	= "CLEAR TASK SET",
	[SCST_LUN_RESET]	= "LUN RESET",
	[SCST_TARGET_RESET]	= "TARGET RESET",
	[SCST_NEXUS_LOSS]	= "NEXUS LOSS",
};

/* The places where a command may be when the function comes */
static const struct {
	const char *name;
	enum scst_cmd_state state;
} states[] = {
	{ "queued",	SCST_CMD_QUEUED },
	{ "data wait",	SCST_CMD_DATA_WAIT },
	{ "exec wait",	SCST_CMD_EXEC_WAIT },
	{ "executing",	SCST_CMD_EXECUTING },
	{ "responding",	SCST_CMD_RESPONDING },
};

#define VICTIM		0	/* nexus of the command */
#define OTHER		1

/**
 * struct tmf_case - a cell of the matrix
 * @fn: function
 * @state: where the command is
 * @other: the function comes from another nexus
 * @tas: TAS bit of the unit
 * @tst: TST field of the unit
 */
struct tmf_case {
	enum scst_tmf_fn fn;
	enum scst_cmd_state state;
	bool other;
	bool tas;
	bool tst;
};

/* Who asks, and TAS, which is of interest for the commands of others only */
static const struct {
	const char *name;
	bool other;
	bool tas;
} issuers[] = {
	{ "same nexus", false, true },
	{ "other nexus, TAS=0", true, false },
	{ "other nexus, TAS=1", true, true },
};

static const void *tmf_gen_params(const void *prev, char *desc)
{
	static struct tmf_case c;
	static unsigned int next;
	unsigned int n, issuer;

	n = prev ? next : 0;
	next = n + 1;
	c.tst = n % 2;
	n /= 2;
	issuer = n % ARRAY_SIZE(issuers);
	c.other = issuers[issuer].other;
	c.tas = issuers[issuer].tas;
	n /= ARRAY_SIZE(issuers);
	c.state = states[n % ARRAY_SIZE(states)].state;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, TST=%d, %s: ",
		 issuers[issuer].name, c.tst,
		 states[n % ARRAY_SIZE(states)].name);
	n /= ARRAY_SIZE(states);
	if (n >= ARRAY_SIZE(fn_names))
		return NULL;
	c.fn = n;
	strlcat(desc, fn_names[n], KUNIT_PARAM_DESC_SIZE);
	return &c;
}

/* Does the function abort the commands of the victim's nexus? */
static bool tmf_affects(const struct tmf_case *c)
{
	switch (c->fn) {
	case SCST_LUN_RESET:
	case SCST_TARGET_RESET:
		return true;
	case SCST_CLEAR_TASK_SET:
		return !c->other || !c->tst;
	default:
		return !c->other;
	}
}

/* Bring a command into the state.  Returns what it waits for, or NULL. */
static struct test_req *tmf_prepare(struct kit *kit, const struct tmf_case *c,
				    struct test_req **victim)
{
	struct test_req *blocker = NULL;

	if (c->state == SCST_CMD_QUEUED)
		blocker = kit_read(kit, VICTIM, ORDERED);
	else if (c->state == SCST_CMD_EXEC_WAIT)
		blocker = kit_exclusive(kit, VICTIM, SIMPLE);
	if (blocker)
		kit_executes(kit, blocker);

	kit->ts[VICTIM]->hold_response = c->state == SCST_CMD_RESPONDING;
	if (c->state == SCST_CMD_DATA_WAIT)
		*victim = kit_write(kit, VICTIM, SIMPLE, TEST_DATA_LATE);
	else
		*victim = kit_read(kit, VICTIM, SIMPLE);
	if (c->state == SCST_CMD_RESPONDING) {
		kit_executes(kit, *victim);
		kit_release(kit, *victim);
	}
	kit_is_in(kit, *victim, c->state);
	kit->ts[VICTIM]->hold_response = false;
	return blocker;
}

/* A command that was aborted ended as the issuer and TAS want it. */
static void tmf_ends_aborted(struct kit *kit, struct test_req *req,
			     bool by_other)
{
	bool tas = by_other && kit->units[0]->dev->tas;

	kit_ends(kit, req);
	KUNIT_EXPECT_TRUE(kit->test, req->aborted);
	KUNIT_EXPECT_EQ(kit->test, req->no_response, !tas);
	if (tas)
		KUNIT_EXPECT_EQ(kit->test, req->status, SAM_STAT_TASK_ABORTED);
}

static void tmf_check_spared(struct kit *kit, const struct tmf_case *c,
			     struct test_req *tmf, struct test_req *victim,
			     struct test_req *blocker)
{
	kit_tmf_ends(kit, tmf, c->fn == SCST_ABORT_TASK ? SCST_TMF_NO_TASK :
		     SCST_TMF_COMPLETE);
	kit_is_in(kit, victim, c->state);

	if (blocker)
		kit_completes(kit, blocker);
	if (c->state == SCST_CMD_DATA_WAIT)
		kit_deliver(kit, victim, 0);
	if (c->state == SCST_CMD_RESPONDING)
		KUNIT_EXPECT_EQ(kit->test, 0,
				test_release_response(victim->ts, victim->tag));
	else
		kit_completes(kit, victim);
	kit_ends_good(kit, victim);
}

/* One that waited ends at once, one that executed when the handler is done. */
static void tmf_check_victim(struct kit *kit, const struct tmf_case *c,
			     struct test_req *tmf, struct test_req *victim)
{
	switch (c->state) {
	case SCST_CMD_EXECUTING:
		kit_is_marked(kit, victim);
		kit_runs(kit, victim);
		KUNIT_EXPECT_FALSE(kit->test, test_req_ended(tmf));
		kit_release(kit, victim);
		tmf_ends_aborted(kit, victim, c->other);
		break;
	case SCST_CMD_RESPONDING:
		kit_runs(kit, victim);
		KUNIT_EXPECT_FALSE(kit->test, test_req_ended(tmf));
		KUNIT_EXPECT_EQ(kit->test, 0,
				test_release_response(victim->ts, victim->tag));
		/* It was too late: the response had been sent. */
		kit_ends_good(kit, victim);
		break;
	default:
		tmf_ends_aborted(kit, victim, c->other);
		KUNIT_EXPECT_FALSE(kit->test, kit_was_executed(kit, victim));
		break;
	}
}

static void tmf_check_affected(struct kit *kit, const struct tmf_case *c,
			       struct test_req *tmf, struct test_req *victim,
			       struct test_req *blocker)
{
	bool blocker_too = blocker && c->fn != SCST_ABORT_TASK;

	tmf_check_victim(kit, c, tmf, victim);
	if (blocker_too) {
		kit_runs(kit, tmf);
		kit_release(kit, blocker);
		tmf_ends_aborted(kit, blocker, c->other);
	}
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	KUNIT_EXPECT_GT(kit->test, tmf->end_seq, victim->end_seq);
	if (blocker_too)
		KUNIT_EXPECT_GT(kit->test, tmf->end_seq, blocker->end_seq);
	else if (blocker)
		kit_completes(kit, blocker);
}

static void tmf_check_uas(struct kit *kit, const struct tmf_case *c)
{
	switch (c->fn) {
	case SCST_LUN_RESET:
	case SCST_TARGET_RESET:
		kit_has_ua(kit, VICTIM, 0x29, 0x03);
		kit_has_ua(kit, OTHER, 0x29, 0x03);
		return;
	case SCST_NEXUS_LOSS:
		kit_has_ua(kit, c->other ? OTHER : VICTIM, 0x29, 0x07);
		kit_has_ua(kit, c->other ? VICTIM : OTHER, 0, 0);
		return;
	case SCST_CLEAR_TASK_SET:
		/* A response that was on its way has said enough. */
		if (c->other && !c->tst && !c->tas &&
		    c->state != SCST_CMD_RESPONDING) {
			kit_has_ua(kit, VICTIM, 0x2f, 0x00);
			kit_has_ua(kit, OTHER, 0, 0);
			return;
		}
		break;
	default:
		break;
	}
	if (c->fn != SCST_CLEAR_TASK_SET || c->state != SCST_CMD_RESPONDING)
		kit_has_ua(kit, VICTIM, 0, 0);
	kit_has_ua(kit, OTHER, 0, 0);
}

static void tmf_matrix(struct kunit *test)
{
	struct tmf_case c = *(const struct tmf_case *)test->param_value;
	struct kit *kit = kit_setup(test, c.tst);
	struct test_req *tmf, *victim, *blocker;

	kit->units[0]->dev->tas = c.tas;
	blocker = tmf_prepare(kit, &c, &victim);
	tmf = kit_tmf(kit, c.other ? OTHER : VICTIM, c.fn, victim);
	if (tmf_affects(&c))
		tmf_check_affected(kit, &c, tmf, victim, blocker);
	else
		tmf_check_spared(kit, &c, tmf, victim, blocker);
	tmf_check_uas(kit, &c);
}

/* ------------------------------------------------------------------------
 * Whom a function concerns
 */

static void tmf_no_such_task(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *gone;

	kit_executes(kit, s);
	/* Ended, of another nexus, and for another LUN */
	gone = kit_read(kit, 0, SIMPLE);
	kit_completes(kit, gone);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_ABORT_TASK, gone),
		     SCST_TMF_NO_TASK);
	kit_tmf_ends(kit, kit_tmf(kit, 1, SCST_ABORT_TASK, s),
		     SCST_TMF_NO_TASK);
	kit_tmf_ends(kit, kit_tmf_lun(kit, 0, SCST_ABORT_TASK, s, 1),
		     SCST_TMF_NO_TASK);
	kit_completes(kit, s);
}

static void tmf_no_such_lun(struct kunit *test)
{
	static const enum scst_tmf_fn fns[] = {
		SCST_ABORT_TASK_SET, SCST_CLEAR_TASK_SET, SCST_LUN_RESET,
		SCST_CLEAR_ACA, SCST_QUERY_TASK, SCST_QUERY_TASK_SET,
		SCST_QUERY_ASYNC_EVENT,
	};
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	unsigned int i;

	kit_executes(kit, s);
	for (i = 0; i < ARRAY_SIZE(fns); i++)
		kit_tmf_ends(kit, kit_tmf_lun(kit, 0, fns[i], NULL, 7),
			     SCST_TMF_NO_LUN);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_TMF_FN_NR, NULL),
		     SCST_TMF_REJECTED);
	kit_completes(kit, s);
	kit_has_ua(kit, 0, 0, 0);
}

/* LUN 0 in the format of flat space addressing is the same unit. */
static void tmf_lun_formats(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *tmf;

	kit_executes(kit, s);
	tmf = kit_tmf_lun(kit, 0, SCST_ABORT_TASK, s, 0x4000);
	kit_is_marked(kit, s);
	kit_release(kit, s);
	tmf_ends_aborted(kit, s, false);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
}

/* A command for a LUN that does not exist can be in flight as well. */
static void tmf_abort_no_lun_cmd(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s, *tmf;

	kit->ts[0]->hold_response = true;
	s = kit_read_lun(kit, 0, SIMPLE, 7);
	kit_is_in(kit, s, SCST_CMD_RESPONDING);
	tmf = kit_tmf_lun(kit, 0, SCST_ABORT_TASK, s, 7);
	kit_runs(kit, tmf);
	KUNIT_EXPECT_EQ(test, 0, test_release_response(kit->ts[0], s->tag));
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
}

static void tmf_spares_other_commands(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s1, *s2, *other, *unit1, *tmf;

	kit_second_unit(kit);
	s1 = kit_read(kit, 0, SIMPLE);
	s2 = kit_read(kit, 0, SIMPLE);
	other = kit_read(kit, 1, SIMPLE);
	unit1 = kit_read_lun(kit, 0, SIMPLE, 1);
	kit_executes(kit, s1);
	kit_executes(kit, s2);
	kit_executes(kit, other);
	kit_executes(kit, unit1);

	tmf = kit_tmf(kit, 0, SCST_ABORT_TASK, s1);
	kit_is_marked(kit, s1);
	kit_runs(kit, tmf);
	kit_release(kit, s1);
	tmf_ends_aborted(kit, s1, false);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);

	tmf = kit_tmf(kit, 0, SCST_ABORT_TASK_SET, NULL);
	kit_is_marked(kit, s2);
	kit_runs(kit, tmf);
	kit_release(kit, s2);
	tmf_ends_aborted(kit, s2, false);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);

	tmf = kit_tmf(kit, 0, SCST_LUN_RESET, NULL);
	kit_is_marked(kit, other);
	kit_runs(kit, tmf);
	kit_release(kit, other);
	tmf_ends_aborted(kit, other, true);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	kit_completes(kit, unit1);
}

/* All logical units, and none waits for another one's commands. */
static void tmf_target_reset_units(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s0, *s1, *o1, *tmf;

	kit_second_unit(kit);
	s0 = kit_read(kit, 0, SIMPLE);
	s1 = kit_read_lun(kit, 1, SIMPLE, 1);
	o1 = kit_read_lun(kit, 1, ORDERED, 1);
	kit_executes(kit, s0);
	kit_executes(kit, s1);
	kit_waits(kit, o1);
	tmf = kit_tmf(kit, 0, SCST_TARGET_RESET, NULL);
	tmf_ends_aborted(kit, o1, true);
	kit_release(kit, s1);
	tmf_ends_aborted(kit, s1, true);
	kit_runs(kit, tmf);
	kit_release(kit, s0);
	tmf_ends_aborted(kit, s0, false);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
}

/* All nexuses of all units */
static void tmf_nexus_loss_units(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *s0, *s1, *other, *tmf;

	kit_second_unit(kit);
	s0 = kit_read(kit, 0, SIMPLE);
	s1 = kit_read_lun(kit, 0, SIMPLE, 1);
	other = kit_read(kit, 1, SIMPLE);
	kit_executes(kit, s0);
	kit_executes(kit, s1);
	kit_executes(kit, other);
	tmf = kit_tmf(kit, 0, SCST_NEXUS_LOSS, NULL);
	kit_is_marked(kit, s0);
	kit_is_marked(kit, s1);
	kit_runs(kit, tmf);
	kit_release(kit, s0);
	tmf_ends_aborted(kit, s0, false);
	kit_runs(kit, tmf);
	kit_release(kit, s1);
	tmf_ends_aborted(kit, s1, false);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	kit_completes(kit, other);
}

/* ------------------------------------------------------------------------
 * Functions that only ask
 */

static void tmf_query(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *w, *o;

	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_QUERY_TASK_SET, NULL),
		     SCST_TMF_COMPLETE);
	w = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	o = kit_read(kit, 0, ORDERED);
	kit_is_in(kit, w, SCST_CMD_DATA_WAIT);
	kit_waits(kit, o);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_QUERY_TASK, w),
		     SCST_TMF_SUCCEEDED);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_QUERY_TASK, o),
		     SCST_TMF_SUCCEEDED);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_QUERY_TASK_SET, NULL),
		     SCST_TMF_SUCCEEDED);
	/* That of another nexus is not for this one to know. */
	kit_tmf_ends(kit, kit_tmf(kit, 1, SCST_QUERY_TASK, w),
		     SCST_TMF_COMPLETE);
	kit_tmf_ends(kit, kit_tmf(kit, 1, SCST_QUERY_TASK_SET, NULL),
		     SCST_TMF_COMPLETE);
	kit_deliver(kit, w, 0);
	kit_completes(kit, w);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_QUERY_TASK, w),
		     SCST_TMF_COMPLETE);
	kit_completes(kit, o);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_QUERY_TASK_SET, NULL),
		     SCST_TMF_COMPLETE);
}

static void tmf_query_async_event(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct scst_device *dev = kit->units[0]->dev;
	struct test_req *tmf;

	tmf = kit_tmf(kit, 0, SCST_QUERY_ASYNC_EVENT, NULL);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	KUNIT_EXPECT_EQ(test, tmf->tmf.info, 0);

	/* One condition: UADE DEPTH of 01b, sense key, ASC, ASCQ */
	scst_device_ua(dev, SCST_UA_CAPACITY_CHANGED, NULL);
	tmf = kit_tmf(kit, 0, SCST_QUERY_ASYNC_EVENT, NULL);
	kit_tmf_ends(kit, tmf, SCST_TMF_SUCCEEDED);
	KUNIT_EXPECT_EQ(test, tmf->tmf.info, 0x162a09);

	/* Several: the one to be reported first.  It stays. */
	scst_device_ua(dev, SCST_UA_MODE_CHANGED, NULL);
	tmf = kit_tmf(kit, 0, SCST_QUERY_ASYNC_EVENT, NULL);
	kit_tmf_ends(kit, tmf, SCST_TMF_SUCCEEDED);
	KUNIT_EXPECT_EQ(test, tmf->tmf.info, 0x262a01);
	kit_clear_uas(kit);
	tmf = kit_tmf(kit, 0, SCST_QUERY_ASYNC_EVENT, NULL);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
}

/* ------------------------------------------------------------------------
 * When
 */

/* A command that comes after the function is not affected by it. */
static void tmf_spares_later_commands(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *tmf, *late, *o;

	kit_executes(kit, s);
	tmf = kit_tmf(kit, 0, SCST_ABORT_TASK_SET, NULL);
	kit_runs(kit, tmf);
	late = kit_read(kit, 0, SIMPLE);
	o = kit_read(kit, 0, ORDERED);
	kit_executes(kit, late);
	kit_release(kit, s);
	tmf_ends_aborted(kit, s, false);
	/* The function does not wait for them either. */
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	kit_waits(kit, o);
	kit_completes(kit, late);
	kit_completes(kit, o);
}

/*
 * Nor when it comes before anything has been done about the function: it is the
 * order of scst_rx_tmf() and scst_cmd_init_done() that counts.
 */
static void tmf_spares_next_command(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *tmf, *s, *next;
	int i;

	for (i = 0; i < 20; i++) {
		s = kit_read(kit, 0, SIMPLE);
		kit_executes(kit, s);
		tmf = kit_tmf(kit, 0, SCST_ABORT_TASK_SET, NULL);
		next = kit_read(kit, 0, SIMPLE);
		kit_executes(kit, next);
		kit_is_marked(kit, s);
		usleep_range(500, 1000);
		kit_release(kit, next);
		kit_ends_good(kit, next);
		if (next->aborted)
			return;
		kit_release(kit, s);
		tmf_ends_aborted(kit, s, false);
		kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	}
}

/* One that stays while functions come and go, thousands of millions of them */
static void tmf_finds_old_command(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *tmf;

	kit_executes(kit, s);
	atomic64_add(BIT_ULL(31), &kit->ts[0]->sess->tmf_gen);
	tmf = kit_tmf(kit, 0, SCST_ABORT_TASK, s);
	kit_is_marked(kit, s);
	kit_release(kit, s);
	tmf_ends_aborted(kit, s, false);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
}

static void tmf_twice(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *tmf[4];
	unsigned int i;

	kit->units[0]->dev->tas = true;
	kit_executes(kit, s);
	tmf[0] = kit_tmf(kit, 1, SCST_LUN_RESET, NULL);
	kit_runs(kit, tmf[0]);
	tmf[1] = kit_tmf(kit, 0, SCST_ABORT_TASK, s);
	kit_runs(kit, tmf[1]);
	tmf[2] = kit_tmf(kit, 0, SCST_ABORT_TASK, s);
	tmf[3] = kit_tmf(kit, 0, SCST_TARGET_RESET, NULL);
	kit_runs(kit, tmf[3]);
	for (i = 0; i < ARRAY_SIZE(tmf); i++)
		KUNIT_EXPECT_FALSE(test, test_req_ended(tmf[i]));
	kit_release(kit, s);
	/* Its own nexus asked as well: that one gets no status. */
	tmf_ends_aborted(kit, s, false);
	for (i = 0; i < ARRAY_SIZE(tmf); i++) {
		kit_tmf_ends(kit, tmf[i], SCST_TMF_COMPLETE);
		KUNIT_EXPECT_GT(test, tmf[i]->end_seq, s->end_seq);
	}
}

/* The transfer cannot be stopped: the command ends when the data is there. */
static void tmf_transfer_goes_on(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w, *o, *tmf;

	kit->ts[0]->ignore_abort = true;
	w = kit_write(kit, 0, SIMPLE, TEST_DATA_PARTIAL);
	kit_is_in(kit, w, SCST_CMD_DATA_WAIT);
	o = kit_read(kit, 0, ORDERED);
	kit_waits(kit, o);
	tmf = kit_tmf(kit, 0, SCST_ABORT_TASK, w);
	kit_runs(kit, tmf);
	KUNIT_EXPECT_NE(test, w->abort_seq, 0);
	KUNIT_EXPECT_FALSE(test, test_req_ended(w));
	kit_waits(kit, o);
	kit_deliver(kit, w, 0);
	tmf_ends_aborted(kit, w, false);
	KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, w));
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	kit_completes(kit, o);
}

/* The response is sent later, from another context. */
static void tmf_waits_for_last_callback(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *w, *s, *tmf;

	kit->ts[0]->defer = true;
	w = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	s = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, s);
	kit_is_in(kit, w, SCST_CMD_DATA_WAIT);
	tmf = kit_tmf(kit, 0, SCST_ABORT_TASK_SET, NULL);
	tmf_ends_aborted(kit, w, false);
	kit->ts[0]->hold_response = true;
	kit_release(kit, s);
	kit_is_in(kit, s, SCST_CMD_RESPONDING);
	KUNIT_EXPECT_TRUE(test, s->no_response);
	kit_runs(kit, tmf);
	KUNIT_EXPECT_EQ(test, 0, test_release_response(kit->ts[0], s->tag));
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	KUNIT_EXPECT_GT(test, tmf->end_seq, s->end_seq);
}

/* ------------------------------------------------------------------------
 * What goes on when a command that others waited for is aborted
 */

static void tmf_frees_task_set(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s1 = kit_read(kit, 0, SIMPLE);
	struct test_req *o1 = kit_read(kit, 0, ORDERED);
	struct test_req *s2 = kit_read(kit, 0, SIMPLE);
	struct test_req *o2, *s3, *h, *s4;

	kit_executes(kit, s1);
	kit_waits(kit, s2);
	/* A queued one: S2 needs not wait for S1. */
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_ABORT_TASK, o1),
		     SCST_TMF_COMPLETE);
	kit_completes(kit, s2);
	kit_completes(kit, s1);

	/* One that waits for its data */
	o2 = kit_write(kit, 0, ORDERED, TEST_DATA_LATE);
	s3 = kit_read(kit, 0, SIMPLE);
	kit_is_in(kit, o2, SCST_CMD_DATA_WAIT);
	kit_waits(kit, s3);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_ABORT_TASK, o2),
		     SCST_TMF_COMPLETE);
	kit_completes(kit, s3);

	h = kit_write(kit, 0, HEAD, TEST_DATA_LATE);
	s4 = kit_read(kit, 0, SIMPLE);
	kit_is_in(kit, h, SCST_CMD_DATA_WAIT);
	kit_waits(kit, s4);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_ABORT_TASK, h),
		     SCST_TMF_COMPLETE);
	kit_completes(kit, s4);
}

static void tmf_frees_unit(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s1 = kit_read(kit, 0, SIMPLE);
	struct test_req *x, *s2;

	kit_executes(kit, s1);
	x = kit_exclusive(kit, 0, SIMPLE);
	kit_is_in(kit, x, SCST_CMD_EXEC_WAIT);
	s2 = kit_read(kit, 1, SIMPLE);
	kit_waits(kit, s2);
	kit_tmf_ends(kit, kit_tmf(kit, 0, SCST_ABORT_TASK, x),
		     SCST_TMF_COMPLETE);
	kit_completes(kit, s2);
	kit_completes(kit, s1);
}

/* A long queue, from two nexuses */
/* Commands that wait for one another: the end of one must not start the next. */
static void tmf_starts_nothing(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s, *exclusive, *waiting[16], *tmf;
	int i;

	s = kit_read(kit, 0, SIMPLE);
	kit_executes(kit, s);
	exclusive = kit_exclusive(kit, 0, SIMPLE);
	kit_is_in(kit, exclusive, SCST_CMD_EXEC_WAIT);
	for (i = 0; i < ARRAY_SIZE(waiting); i++) {
		waiting[i] = kit_read(kit, i % 2, SIMPLE);
		kit_is_in(kit, waiting[i], SCST_CMD_EXEC_WAIT);
	}

	tmf = kit_tmf(kit, 1, SCST_LUN_RESET, NULL);
	tmf_ends_aborted(kit, exclusive, false);
	for (i = 0; i < ARRAY_SIZE(waiting); i++)
		tmf_ends_aborted(kit, waiting[i], false);
	kit_runs(kit, tmf);
	kit_release(kit, s);
	tmf_ends_aborted(kit, s, false);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
}

static void tmf_clears_queue(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *first = kit_read(kit, 0, ORDERED);
	struct test_req *queue[40], *tmf;
	unsigned int i;

	kit_executes(kit, first);
	for (i = 0; i < ARRAY_SIZE(queue); i++)
		queue[i] = kit_read(kit, i % 2, i % 3 ? SIMPLE : ORDERED);
	tmf = kit_tmf(kit, 1, SCST_CLEAR_TASK_SET, NULL);
	for (i = 0; i < ARRAY_SIZE(queue); i++)
		tmf_ends_aborted(kit, queue[i], i % 2 == 0);
	kit_runs(kit, tmf);
	kit_release(kit, first);
	tmf_ends_aborted(kit, first, true);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	kit_has_ua(kit, 0, 0x2f, 0x00);
	kit_has_ua(kit, 1, 0, 0);
	for (i = 0; i < ARRAY_SIZE(queue); i++)
		KUNIT_EXPECT_FALSE(test, kit_was_executed(kit, queue[i]));
}

/* Queued and waiting commands of a unit that is being unbound */
static void tmf_while_unbinding(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct test_req *w = kit_write(kit, 0, SIMPLE, TEST_DATA_LATE);
	struct kit_task *unbind;
	struct test_req *late, *tmf;

	kit_executes(kit, s);
	kit_is_in(kit, w, SCST_CMD_DATA_WAIT);
	unbind = kit_start_bind(kit, "unbind");
	kit_task_waits(kit, unbind);
	late = kit_read(kit, 1, SIMPLE);
	kit_is_in(kit, late, SCST_CMD_EXEC_WAIT);
	tmf = kit_tmf(kit, 1, SCST_LUN_RESET, NULL);
	tmf_ends_aborted(kit, w, true);
	tmf_ends_aborted(kit, late, false);
	kit_task_waits(kit, unbind);
	kit_runs(kit, tmf);
	kit_release(kit, s);
	tmf_ends_aborted(kit, s, true);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	kit_task_ends(kit, unbind);
	kit_task_ends(kit, kit_start_bind(kit, "bind"));
}

/* A nexus goes while its function waits. */
static void tmf_while_session_goes(struct kunit *test)
{
	struct kit *kit = kit_setup(test, false);
	struct test_req *other = kit_read(kit, 1, SIMPLE);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct kit_task *del;
	struct test_req *tmf;

	kit_executes(kit, s);
	kit_executes(kit, other);
	tmf = kit_tmf(kit, 0, SCST_LUN_RESET, NULL);
	kit_runs(kit, tmf);
	del = kit_start_del_session(kit, 0);
	kit_task_waits(kit, del);
	kit_release(kit, s);
	kit_ends(kit, s);
	kit_task_waits(kit, del);
	kit_release(kit, other);
	kit_ends(kit, other);
	kit_tmf_ends(kit, tmf, SCST_TMF_COMPLETE);
	kit_task_ends(kit, del);
	KUNIT_EXPECT_LT(test, tmf->end_seq, del->seq);
}

/* A nexus goes while somebody else waits for the commands of its LUN. */
static void tmf_session_goes_after_lun(struct kunit *test)
{
	struct kit *kit = kit_setup(test, true);
	struct test_req *s = kit_read(kit, 0, SIMPLE);
	struct kit_task *del_lun, *del_session;

	kit_executes(kit, s);
	del_lun = kit_start_del_lun(kit, 0);
	kit_is_marked(kit, s);
	del_session = kit_start_del_session(kit, 0);
	kit_task_waits(kit, del_session);
	kit_task_waits(kit, del_lun);
	kit_release(kit, s);
	kit_ends(kit, s);
	kit_task_ends(kit, del_lun);
	kit_task_ends(kit, del_session);
}

static struct kunit_case scst_tmf_cases[] = {
	KUNIT_CASE_PARAM(tmf_matrix, tmf_gen_params),
	KUNIT_CASE(tmf_no_such_task),
	KUNIT_CASE(tmf_no_such_lun),
	KUNIT_CASE(tmf_lun_formats),
	KUNIT_CASE(tmf_abort_no_lun_cmd),
	KUNIT_CASE(tmf_spares_other_commands),
	KUNIT_CASE(tmf_target_reset_units),
	KUNIT_CASE(tmf_nexus_loss_units),
	KUNIT_CASE(tmf_query),
	KUNIT_CASE(tmf_query_async_event),
	KUNIT_CASE(tmf_spares_later_commands),
	KUNIT_CASE(tmf_spares_next_command),
	KUNIT_CASE(tmf_finds_old_command),
	KUNIT_CASE(tmf_twice),
	KUNIT_CASE(tmf_transfer_goes_on),
	KUNIT_CASE(tmf_waits_for_last_callback),
	KUNIT_CASE(tmf_frees_task_set),
	KUNIT_CASE(tmf_frees_unit),
	KUNIT_CASE(tmf_starts_nothing),
	KUNIT_CASE(tmf_clears_queue),
	KUNIT_CASE(tmf_while_unbinding),
	KUNIT_CASE(tmf_while_session_goes),
	KUNIT_CASE(tmf_session_goes_after_lun),
	{}
};

static struct kunit_suite scst_tmf_suite = {
	.name = "scst_tmf",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = scst_tmf_cases,
};

kunit_test_suite(scst_tmf_suite);
