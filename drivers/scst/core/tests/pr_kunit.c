// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of persistent reservations: what each PERSISTENT RESERVE OUT makes of a
 * state, the parameter lists that are wrong, and what is saved.
 */

#include <linux/unaligned.h>
#include "fixture.h"
#include "../pr.h"

/* Nexuses are letters: initiator ports A, B, C at port 1, a, b, c at port 2. */
#define PR_NO_CHANGE	SCST_GOOD
#define CHANGED		SCST_PENDING
#define CONFLICT	SCST_RESERVATION_CONFLICT

/**
 * struct pr_step - a command, and what becomes of it
 * @sender: nexus
 * @action: service action
 * @type: TYPE field
 * @key: RESERVATION KEY field
 * @sa_key: SERVICE ACTION RESERVATION KEY field
 * @others: nexuses that it is about too
 * @result: %SCST_PENDING when the state changes
 * @want: the state then, as pr_describe() has it
 */
struct pr_step {
	char sender;
	u8 action;
	u8 type;
	u64 key;
	u64 sa_key;
	const char *others;
	scst_sense_t result;
	const char *want;
};

static void pr_nexus(struct scst_nexus_id *n, char letter)
{
	u8 tid[24] = { SCSI_PROTOCOL_SAS, [11] = letter & 0x1f };

	scst_nexus_set(n, letter >= 'a' ? 2 : 1, tid, sizeof(tid));
}

static char pr_letter(const struct scst_nexus_id *n)
{
	return n->tid[11] | (n->rel_tgt_id == 1 ? 0x40 : 0x60);
}

/*
 * Letter and key of each registration, with '*' if it holds the reservation; the
 * type; the generation; and what others are told.
 */
static const char *pr_describe(struct kunit *test,
			       const struct scst_pr_change *change)
{
	const struct scst_pr_state *s = change->new;
	char *buf = kunit_kzalloc(test, 256, GFP_KERNEL);
	unsigned int i, at = 0;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (i = 0; i < s->nr; i++)
		at += scnprintf(buf + at, 256 - at, "%c%llx%s ",
				pr_letter(&s->regs[i].nexus), s->regs[i].key,
				scst_pr_holds(s, i) ? "*" : "");
	at += scnprintf(buf + at, 256 - at, "t%u g%u", s->type, s->generation);
	if (change->removed_ua == SCST_UA_REGISTRATIONS_PREEMPTED)
		at += scnprintf(buf + at, 256 - at, " reg-preempted");
	if (change->removed_ua == SCST_UA_RESERVATIONS_PREEMPTED)
		at += scnprintf(buf + at, 256 - at, " res-preempted");
	if (change->released)
		at += scnprintf(buf + at, 256 - at, " released");
	if (change->abort)
		at += scnprintf(buf + at, 256 - at, " abort");
	if (change->preempted)
		scnprintf(buf + at, 256 - at, " event");
	return buf;
}

static struct scst_pr_request *pr_request(struct kunit *test,
					  const struct pr_step *step)
{
	struct scst_pr_request *req;
	const char *c;

	req = kunit_kzalloc(test, struct_size(req, list, 0), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, req);
	req->nexuses = kunit_kcalloc(test, 8, sizeof(*req->nexuses),
				     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, req->nexuses);
	req->cmd = scst_fixture_cmd(test, NULL, 0);
	req->action = step->action;
	req->scope = step->type >> 4;
	req->type = step->type & 0xf;
	req->key = step->key;
	req->sa_key = step->sa_key;
	pr_nexus(&req->nexuses[req->nr_nexuses++], step->sender);
	for (c = step->others ?: ""; *c; c++) {
		if (*c == '-')
			req->unreg = true;
		else if (*c == '+')
			req->spec_i_pt = true;
		else
			pr_nexus(&req->nexuses[req->nr_nexuses++], *c);
	}
	return req;
}

/* As pr_out.c does it */
static scst_sense_t pr_try(const struct scst_pr_request *req,
			   struct scst_pr_change *change)
{
	scst_sense_t sense = scst_pr_check_sender(req, change->old);

	return sense == SCST_GOOD ? scst_pr_apply(req, change) : sense;
}

static void pr_run(struct kunit *test, const struct pr_step *steps,
		   unsigned int nr)
{
	struct scst_pr_state *state = scst_pr_state_alloc(0);
	struct scst_pr_change change;
	scst_sense_t result;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, state);
	for (i = 0; i < nr; i++) {
		change.old = state;
		result = pr_try(pr_request(test, &steps[i]), &change);
		KUNIT_EXPECT_EQ_MSG(test, (__force u32)result,
				    (__force u32)steps[i].result, "step %u", i);
		if (result != SCST_PENDING)
			continue;
		KUNIT_EXPECT_STREQ_MSG(test, pr_describe(test, &change),
				       steps[i].want ?: "", "step %u", i);
		scst_pr_state_free(state);
		state = change.new;
	}
	scst_pr_state_free(state);
}

#define PR_RUN(test, ...) do {						\
	static const struct pr_step steps[] = { __VA_ARGS__ };		\
	pr_run(test, steps, ARRAY_SIZE(steps));				\
} while (0)

static void pr_test_register(struct kunit *test)
{
	PR_RUN(test,
	       { 'A', PROUT_REGISTER, 0, 1, 2, NULL, CONFLICT },
	       { 'A', PROUT_REGISTER, 0, 0, 0, NULL, PR_NO_CHANGE },
	       { 'A', PROUT_REGISTER, 0, 0, 0, "+B",
		 SCST_SENSE_INVALID_FIELD_IN_CDB },
	       { 'A', PROUT_REGISTER, 0, 0, 1, NULL, CHANGED, "A1 t0 g1" },
	       { 'A', PROUT_REGISTER, 0, 0, 1, NULL, CONFLICT },
	       { 'A', PROUT_REGISTER, 0, 2, 3, NULL, CONFLICT },
	       { 'A', PROUT_REGISTER, 0, 1, 2, NULL, CHANGED, "A2 t0 g2" },
	       { 'B', PROUT_REGISTER, 0, 0, 2, NULL, CHANGED, "A2 B2 t0 g3" },
	       { 'A', PROUT_REGISTER, 0, 2, 0, NULL, CHANGED, "B2 t0 g4" },
	       { 'A', PROUT_REGISTER_AND_IGNORE, 0, 9, 0, NULL, PR_NO_CHANGE },
	       { 'A', PROUT_REGISTER_AND_IGNORE, 0, 9, 1, NULL,
		 CHANGED, "B2 A1 t0 g5" },
	       { 'A', PROUT_REGISTER_AND_IGNORE, 0, 9, 7, NULL,
		 CHANGED, "B2 A7 t0 g6" },
	       { 'A', PROUT_REGISTER_AND_IGNORE, 0, 9, 0, NULL,
		 CHANGED, "B2 t0 g7" });
}

static void pr_test_register_many(struct kunit *test)
{
	PR_RUN(test,
	       { 'A', PROUT_REGISTER, 0, 0, 1, "+BC",
		 CHANGED, "A1 B1 C1 t0 g1" },
	       { 'A', PROUT_REGISTER, 0, 1, 2, "+",
		 SCST_SENSE_INVALID_FIELD_IN_CDB },
	       { 'b', PROUT_REGISTER, 0, 0, 1, "+C",
		 SCST_SENSE_INVALID_FIELD_IN_PARAM },
	       /* All ports: as if it had come through each of them */
	       { 'a', PROUT_REGISTER, 0, 0, 2, "A", CONFLICT },
	       { 'A', PROUT_REGISTER, 0, 1, 2, "a",
		 CHANGED, "A2 B1 C1 a2 t0 g2" },
	       { 'a', PROUT_REGISTER, 0, 2, 3, NULL,
		 CHANGED, "A2 B1 C1 a3 t0 g3" },
	       { 'A', PROUT_REGISTER, 0, 2, 0, "a", CONFLICT },
	       { 'A', PROUT_REGISTER_AND_IGNORE, 0, 0, 0, "a",
		 CHANGED, "B1 C1 t0 g4" },
	       { 'a', PROUT_REGISTER, 0, 0, 5, NULL, CHANGED, "B1 C1 a5 t0 g5" },
	       { 'A', PROUT_REGISTER_AND_IGNORE, 0, 0, 0, "a",
		 CHANGED, "B1 C1 t0 g6" },
	       { 'A', PROUT_REGISTER_AND_IGNORE, 0, 0, 0, "a",
		 PR_NO_CHANGE });
}

static void pr_test_reserve(struct kunit *test)
{
	PR_RUN(test,
	       { 'A', PROUT_RESERVE, 1, 1, 0, NULL, CONFLICT },
	       { 'A', PROUT_REGISTER, 0, 0, 1, "B", CHANGED, "A1 B1 t0 g1" },
	       { 'A', PROUT_RESERVE, 1, 2, 0, NULL, CONFLICT },
	       { 'A', PROUT_RESERVE, 2, 1, 0, NULL,
		 SCST_SENSE_INVALID_FIELD_IN_CDB },
	       { 'A', PROUT_RESERVE, 0x11, 1, 0, NULL,
		 SCST_SENSE_INVALID_FIELD_IN_CDB },
	       { 'A', PROUT_RELEASE, 1, 1, 0, NULL, PR_NO_CHANGE },
	       { 'A', PROUT_RESERVE, 1, 1, 0, NULL, CHANGED, "A1* B1 t1 g1" },
	       { 'A', PROUT_RESERVE, 1, 1, 0, NULL, PR_NO_CHANGE },
	       { 'A', PROUT_RESERVE, 3, 1, 0, NULL, CONFLICT },
	       { 'B', PROUT_RESERVE, 1, 1, 0, NULL, CONFLICT },
	       { 'B', PROUT_RELEASE, 1, 1, 0, NULL, PR_NO_CHANGE },
	       { 'A', PROUT_RELEASE, 3, 1, 0, NULL, SCST_SENSE_INVALID_RELEASE },
	       { 'A', PROUT_RELEASE, 1, 1, 0, NULL, CHANGED, "A1 B1 t0 g1" },
	       { 'B', PROUT_RESERVE, 5, 1, 0, NULL, CHANGED, "A1 B1* t5 g1" },
	       { 'B', PROUT_RELEASE, 5, 1, 0, NULL,
		 CHANGED, "A1 B1 t0 g1 released" },
	       { 'B', PROUT_RESERVE, 7, 1, 0, NULL, CHANGED, "A1* B1* t7 g1" },
	       { 'A', PROUT_RESERVE, 7, 1, 0, NULL, PR_NO_CHANGE },
	       { 'A', PROUT_RELEASE, 7, 1, 0, NULL,
		 CHANGED, "A1 B1 t0 g1 released" });
}

/* The holder leaves. */
static void pr_test_unregister(struct kunit *test)
{
	PR_RUN(test,
	       { 'A', PROUT_REGISTER, 0, 0, 1, "BC", CHANGED, "A1 B1 C1 t0 g1" },
	       { 'C', PROUT_RESERVE, 3, 1, 0, NULL, CHANGED, "A1 B1 C1* t3 g1" },
	       { 'A', PROUT_REGISTER, 0, 1, 0, NULL, CHANGED, "B1 C1* t3 g2" },
	       { 'C', PROUT_REGISTER, 0, 1, 0, NULL, CHANGED, "B1 t0 g3" },
	       { 'A', PROUT_REGISTER, 0, 0, 1, NULL, CHANGED, "B1 A1 t0 g4" },
	       { 'A', PROUT_RESERVE, 6, 1, 0, NULL, CHANGED, "B1 A1* t6 g4" },
	       { 'A', PROUT_REGISTER, 0, 1, 0, NULL,
		 CHANGED, "B1 t0 g5 released" },
	       { 'A', PROUT_REGISTER, 0, 0, 1, NULL, CHANGED, "B1 A1 t0 g6" },
	       { 'B', PROUT_RESERVE, 8, 1, 0, NULL, CHANGED, "B1* A1* t8 g6" },
	       { 'B', PROUT_REGISTER, 0, 1, 0, NULL, CHANGED, "A1* t8 g7" },
	       { 'A', PROUT_CLEAR, 0, 2, 0, NULL, CONFLICT },
	       { 'A', PROUT_REGISTER, 0, 1, 0, NULL,
		 CHANGED, "t0 g8 released" },
	       { 'A', PROUT_CLEAR, 0, 0, 0, NULL, CONFLICT },
	       { 'A', PROUT_REGISTER, 0, 0, 1, "B", CHANGED, "A1 B1 t0 g9" },
	       { 'A', PROUT_RESERVE, 1, 1, 0, NULL, CHANGED, "A1* B1 t1 g9" },
	       { 'B', PROUT_CLEAR, 0, 1, 0, NULL,
		 CHANGED, "t0 g10 res-preempted event" });
}

static void pr_test_preempt(struct kunit *test)
{
	PR_RUN(test,
	       { 'A', PROUT_REGISTER, 0, 0, 1, NULL, CHANGED, "A1 t0 g1" },
	       { 'B', PROUT_REGISTER, 0, 0, 2, NULL, CHANGED, "A1 B2 t0 g2" },
	       { 'C', PROUT_REGISTER, 0, 0, 3, NULL, CHANGED, "A1 B2 C3 t0 g3" },
	       { 'a', PROUT_REGISTER, 0, 0, 1, NULL,
		 CHANGED, "A1 B2 C3 a1 t0 g4" },
	       { 'B', PROUT_PREEMPT, 1, 2, 0, NULL,
		 SCST_SENSE_INVALID_FIELD_IN_PARAM },
	       { 'B', PROUT_PREEMPT, 1, 2, 9, NULL, CONFLICT },
	       { 'B', PROUT_PREEMPT, 1, 1, 1, NULL, CONFLICT },
	       { 'A', PROUT_RESERVE, 1, 1, 0, NULL,
		 CHANGED, "A1* B2 C3 a1 t1 g4" },
	       /* Registrations only: type and scope do not matter. */
	       { 'B', PROUT_PREEMPT, 0xff, 2, 3, NULL,
		 CHANGED, "A1* B2 a1 t1 g5 reg-preempted event" },
	       { 'B', PROUT_PREEMPT, 0xff, 2, 1, NULL,
		 SCST_SENSE_INVALID_FIELD_IN_CDB },
	       { 'B', PROUT_PREEMPT, 5, 2, 1, NULL,
		 CHANGED, "B2* t5 g6 reg-preempted released event" },
	       /* Itself, to change the type */
	       { 'B', PROUT_PREEMPT, 3, 2, 2, NULL,
		 CHANGED, "B2* t3 g7 reg-preempted released" },
	       { 'A', PROUT_REGISTER, 0, 0, 2, NULL, CHANGED, "B2* A2 t3 g8" },
	       { 'B', PROUT_PREEMPT_AND_ABORT, 3, 2, 2, NULL,
		 CHANGED, "B2* t3 g9 reg-preempted abort event" },
	       { 'A', PROUT_REGISTER, 0, 0, 4, "C",
		 CHANGED, "B2* A4 C4 t3 g10" },
	       /* It goes with the others that have its key. */
	       { 'A', PROUT_PREEMPT_AND_ABORT, 3, 4, 4, NULL,
		 CHANGED, "B2* t3 g11 reg-preempted abort event" });
}

static void pr_test_preempt_all(struct kunit *test)
{
	PR_RUN(test,
	       { 'A', PROUT_REGISTER, 0, 0, 1, NULL, CHANGED, "A1 t0 g1" },
	       { 'B', PROUT_REGISTER, 0, 0, 2, "C", CHANGED, "A1 B2 C2 t0 g2" },
	       { 'A', PROUT_RESERVE, 7, 1, 0, NULL,
		 CHANGED, "A1* B2* C2* t7 g2" },
	       { 'A', PROUT_PREEMPT, 7, 1, 2, NULL,
		 CHANGED, "A1* t7 g3 reg-preempted event" },
	       { 'B', PROUT_REGISTER, 0, 0, 2, NULL, CHANGED, "A1* B2* t7 g4" },
	       { 'B', PROUT_PREEMPT, 1, 2, 0, NULL,
		 CHANGED, "B2* t1 g5 reg-preempted released event" },
	       { 'B', PROUT_PREEMPT, 8, 2, 2, NULL,
		 CHANGED, "B2* t8 g6 reg-preempted released" },
	       /* The last of all registrants takes the reservation along. */
	       { 'B', PROUT_PREEMPT, 8, 2, 2, NULL,
		 CHANGED, "t0 g7 reg-preempted" });
}

static void pr_test_move(struct kunit *test)
{
	PR_RUN(test,
	       { 'A', PROUT_REGISTER, 0, 0, 1, "B", CHANGED, "A1 B1 t0 g1" },
	       { 'A', PROUT_REGISTER_AND_MOVE, 0, 1, 2, "C", CONFLICT },
	       { 'A', PROUT_RESERVE, 3, 1, 0, NULL, CHANGED, "A1* B1 t3 g1" },
	       { 'B', PROUT_REGISTER_AND_MOVE, 0, 1, 2, "C", CONFLICT },
	       { 'A', PROUT_REGISTER_AND_MOVE, 0, 2, 2, "C", CONFLICT },
	       { 'A', PROUT_REGISTER_AND_MOVE, 0, 1, 0, "C",
		 SCST_SENSE_INVALID_FIELD_IN_PARAM },
	       { 'A', PROUT_REGISTER_AND_MOVE, 0, 1, 2, "A",
		 SCST_SENSE_INVALID_FIELD_IN_PARAM },
	       { 'A', PROUT_REGISTER_AND_MOVE, 0, 1, 2, "a",
		 SCST_SENSE_INVALID_FIELD_IN_PARAM },
	       { 'A', PROUT_REGISTER_AND_MOVE, 0, 1, 2, "c",
		 CHANGED, "A1 B1 c2* t3 g2" },
	       { 'c', PROUT_REGISTER_AND_MOVE, 0, 2, 5, "-B",
		 CHANGED, "A1 B5* t3 g3" },
	       { 'B', PROUT_REGISTER_AND_MOVE, 0, 5, 6, "-A",
		 CHANGED, "A6* t3 g4" },
	       { 'A', PROUT_PREEMPT, 7, 6, 6, NULL,
		 CHANGED, "A6* t7 g5 reg-preempted released" },
	       { 'A', PROUT_REGISTER_AND_MOVE, 0, 6, 2, "C", CONFLICT },
	       { 'A', PROUT_REPLACE_LOST, 1, 0, 2, NULL,
		 SCST_SENSE_INVALID_FIELD_IN_CDB });
}

static void pr_test_lost(struct kunit *test)
{
	static const struct pr_step refused[] = {
		{ 'A', PROUT_REGISTER, 0, 0, 1, NULL,
		  SCST_SENSE_RESERVATION_LOST },
		{ 'A', PROUT_CLEAR, 0, 0, 1, NULL,
		  SCST_SENSE_RESERVATION_LOST },
		{ 'A', PROUT_REPLACE_LOST, 1, 1, 2, NULL,
		  SCST_SENSE_INVALID_FIELD_IN_PARAM },
		{ 'A', PROUT_REPLACE_LOST, 1, 0, 0, NULL,
		  SCST_SENSE_INVALID_FIELD_IN_PARAM },
		{ 'A', PROUT_REPLACE_LOST, 2, 0, 2, NULL,
		  SCST_SENSE_INVALID_FIELD_IN_CDB },
	};
	static const struct pr_step replace = {
		'A', PROUT_REPLACE_LOST, 1, 0, 2, NULL, SCST_PENDING
	};
	struct scst_pr_state *state = scst_pr_state_alloc(0);
	struct scst_pr_change change;
	scst_sense_t result;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, state);
	state->lost = true;
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		change.old = state;
		result = pr_try(pr_request(test, &refused[i]), &change);
		KUNIT_EXPECT_TRUE(test, result == refused[i].result);
	}
	change.old = state;
	result = pr_try(pr_request(test, &replace), &change);
	scst_pr_state_free(state);
	KUNIT_ASSERT_TRUE(test, result == SCST_PENDING);
	KUNIT_EXPECT_STREQ(test, pr_describe(test, &change), "A2* t1 g1");
	KUNIT_EXPECT_FALSE(test, change.new->lost);
	scst_pr_state_free(change.new);
}

/* ------------------------------------------------------------------------
 * What others may ask for
 */

/*
 * SPC-6, table of PERSISTENT RESERVE OUT service actions that are allowed in the
 * presence of various reservations: from a nexus that is registered, and from one that
 * is not, while another one holds the reservation.
 */
static const struct pr_other {
	const char *name;
	u8 action;
	bool registered;
	bool unregistered;
} pr_others[] = {
	{ "REGISTER", 0x00, true, true },
	{ "RESERVE", 0x01, false, false },
	/* It releases nothing. */
	{ "RELEASE", 0x02, true, false },
	{ "CLEAR", 0x03, true, false },
	{ "PREEMPT", 0x04, true, false },
	{ "PREEMPT AND ABORT", 0x05, true, false },
	{ "REGISTER AND IGNORE EXISTING KEY", 0x06, true, true },
	{ "REGISTER AND MOVE", 0x07, false, false },
};

KUNIT_ARRAY_PARAM_DESC(pr_other, pr_others, name);

static void pr_add_registrant(struct scst_pr_state *state, char letter, u64 key)
{
	pr_nexus(&state->regs[state->nr].nexus, letter);
	state->regs[state->nr].key = key;
	scst_pr_added(state);
}

/* A holds a reservation, B sends the command, with all keys as they should be. */
static void pr_expect_other(struct kunit *test, u8 action, u8 type,
			    bool registered, bool allowed)
{
	struct scst_pr_state *state = scst_pr_state_alloc(2);
	const struct pr_step step = {
		.sender	= 'B',
		.action	= action,
		.type	= type,
		.key	= registered ? 2 : 0,
		.sa_key	= 1,
		.others	= action == 0x07 ? "C" : NULL,
	};
	struct scst_pr_change change = { .old = state };
	scst_sense_t result;
	bool good;

	KUNIT_ASSERT_NOT_NULL(test, state);
	pr_add_registrant(state, 'A', 1);
	if (registered)
		pr_add_registrant(state, 'B', 2);
	state->type = type;
	result = pr_try(pr_request(test, &step), &change);
	if (result == SCST_PENDING)
		scst_pr_state_free(change.new);
	scst_pr_state_free(state);
	good = result == SCST_GOOD || result == SCST_PENDING;
	KUNIT_EXPECT_TRUE_MSG(test, allowed ? good : result == CONFLICT,
			      "type %u, registered %d", type, registered);
}

static void pr_test_others(struct kunit *test)
{
	static const u8 types[] = { 1, 3, 5, 6, 7, 8 };
	const struct pr_other *c = test->param_value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		pr_expect_other(test, c->action, types[i], false,
				c->unregistered);
		/* All registrants hold those of the last two types. */
		if (types[i] < 7)
			pr_expect_other(test, c->action, types[i], true,
					c->registered);
	}
}

/* ------------------------------------------------------------------------
 * As many as there may be
 */

static void pr_test_limit(struct kunit *test)
{
	struct scst_pr_state *state;
	struct scst_pr_change change;
	struct scst_pr_request *req;
	const struct pr_step step = { 'A', PROUT_REGISTER, 0, 0, 1 };
	unsigned int i;

	state = scst_pr_state_alloc(SCST_PR_MAX_REGISTRANTS);
	KUNIT_ASSERT_NOT_NULL(test, state);
	for (i = 0; i < SCST_PR_MAX_REGISTRANTS - 1; i++) {
		u8 tid[24] = { SCSI_PROTOCOL_SAS, [8] = i >> 8, i & 0xff };

		scst_nexus_set(&state->regs[i].nexus, 2, tid, sizeof(tid));
		state->regs[i].key = i + 1;
	}
	state->nr = i;
	change.old = state;
	req = pr_request(test, &step);
	KUNIT_ASSERT_TRUE(test, pr_try(req, &change) == SCST_PENDING);
	scst_pr_state_free(state);
	state = change.new;
	KUNIT_EXPECT_EQ(test, state->nr, SCST_PR_MAX_REGISTRANTS);
	pr_nexus(&req->nexuses[0], 'B');
	change.old = state;
	KUNIT_EXPECT_TRUE(test, pr_try(req, &change) ==
				SCST_SENSE_NO_REGISTRATION_RESOURCES);
	KUNIT_EXPECT_NULL(test, change.new);
	scst_pr_state_free(state);
}

/* ------------------------------------------------------------------------
 * TransportIDs
 */

static const struct {
	const char *desc;
	u8 tid[32];
	u16 len;
	bool valid;
} tids[] = {
	{ "SAS", { 0x06, [4] = 0x50, [11] = 1 }, 24, true },
	{ "SAS, a reserved byte", { 0x06, [4] = 0x50, [12] = 1 }, 24 },
	{ "SAS, a format", { 0x46, [4] = 0x50 }, 24 },
	{ "SAS, reserved bits", { 0x16, [4] = 0x50 }, 24 },
	{ "SAS, too short", { 0x06, [4] = 0x50 }, 23 },
	{ "FC", { 0x00, [8] = 0x20, [15] = 1 }, 24, true },
	{ "FC, a reserved byte", { 0x00, [7] = 1, [8] = 0x20 }, 24 },
	{ "SRP", { 0x04, [8] = 0xfe, [23] = 1 }, 24, true },
	{ "iSCSI", { 0x05, [3] = 20, 'i', 'q', 'n', '.', 'x' }, 24, true },
	{ "iSCSI, a port",
	  { 0x45, [3] = 20, 'i', ',', 'i', ',', '0', 'x', '1' }, 24, true },
	{ "iSCSI, a port without ISID",
	  { 0x45, [3] = 20, 'i', 'q', 'n', '.', 'x' }, 24 },
	{ "iSCSI, padded too much",
	  { 0x05, [3] = 24, 'i', 'q', 'n', '.', 'x' }, 28 },
	{ "iSCSI, 20 bytes", { 0x05, [3] = 24, '0', '1', '2', '3', '4', '5',
	    '6', '7', '8', '9', '0', '1', '2', '3', '4', '5', '6', '7', '8',
	    '9' }, 28, true },
	{ "iSCSI, no name", { 0x05, [3] = 20 }, 24 },
	{ "iSCSI, another length",
	  { 0x05, [3] = 24, 'i', 'q', 'n', '.', 'x' }, 24 },
	{ "no such protocol", { 0x0f }, 24 },
	{ "SSA, which is obsolete", { 0x02 }, 24 },
};

static void pr_test_transport_ids(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tids); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    scst_transport_id_valid(tids[i].tid,
							    tids[i].len),
				    tids[i].valid, "%s", tids[i].desc);
}

/* ------------------------------------------------------------------------
 * Parameter lists
 */

static struct scst_pr_request *pr_list(struct kunit *test, u8 action, u32 len)
{
	const u8 cdb[10] = { PERSISTENT_RESERVE_OUT, action, 0x05 };
	struct scst_pr_request *req;

	req = kunit_kzalloc(test, struct_size(req, list, len), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, req);
	req->cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));
	req->list_len = len;
	put_unaligned_be64(0x1122334455667788ULL, req->list);
	put_unaligned_be64(0x99aabbccddeeff00ULL, req->list + 8);
	return req;
}

static void pr_test_parse(struct kunit *test)
{
	struct scst_pr_request *req = pr_list(test, PROUT_RESERVE, 24);

	req->list[20] = 0x05;
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) == SCST_GOOD);
	KUNIT_EXPECT_EQ(test, req->key, 0x1122334455667788ULL);
	KUNIT_EXPECT_EQ(test, req->sa_key, 0x99aabbccddeeff00ULL);
	KUNIT_EXPECT_EQ(test, req->type, 5);
	KUNIT_EXPECT_EQ(test, req->scope, 0);
	KUNIT_EXPECT_TRUE(test, req->aptpl);
	KUNIT_EXPECT_TRUE(test, req->all_tg_pt);
	/* SPEC_I_PT is for REGISTER. */
	req->list[20] = 0x08;
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) ==
				SCST_SENSE_INVALID_FIELD_IN_PARAM);
	KUNIT_EXPECT_EQ(test, req->cmd->field_ptr, 20);
	KUNIT_EXPECT_EQ(test, req->cmd->field_bit, 3);
	req = pr_list(test, PROUT_RESERVE, 28);
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) ==
				SCST_SENSE_PARAM_LIST_LENGTH);
}

static void pr_test_parse_ids(struct kunit *test)
{
	struct scst_pr_request *req = pr_list(test, PROUT_REGISTER, 24);

	req->list[20] = 0x08;
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) ==
				SCST_SENSE_PARAM_LIST_LENGTH);
	req = pr_list(test, PROUT_REGISTER, 28 + 48);
	req->list[20] = 0x08;
	req->list[28] = SCSI_PROTOCOL_SAS;
	req->list[52] = SCSI_PROTOCOL_SRP;
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) == SCST_GOOD);
	req->list[27] = 48;
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) == SCST_GOOD);
	/* Longer than the list, cut off, and of a protocol that there is not */
	req->list[27] = 49;
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) ==
				SCST_SENSE_PARAM_LIST_LENGTH);
	req->list[27] = 47;
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) ==
				SCST_SENSE_INVALID_FIELD_IN_PARAM);
	KUNIT_EXPECT_EQ(test, req->cmd->field_ptr, 52);
	req->list[27] = 48;
	req->list[28] = 0x0f;
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) ==
				SCST_SENSE_INVALID_FIELD_IN_PARAM);
	KUNIT_EXPECT_EQ(test, req->cmd->field_ptr, 28);
}

static void pr_test_parse_move(struct kunit *test)
{
	struct scst_pr_request *req = pr_list(test, PROUT_REGISTER_AND_MOVE, 48);

	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) ==
				SCST_SENSE_INVALID_FIELD_IN_PARAM);
	req->list[17] = 0x03;
	req->list[23] = 24;
	req->list[24] = SCSI_PROTOCOL_SAS;
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) == SCST_GOOD);
	KUNIT_EXPECT_TRUE(test, req->aptpl);
	KUNIT_EXPECT_TRUE(test, req->unreg);
	req->list[23] = 25;
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) ==
				SCST_SENSE_PARAM_LIST_LENGTH);
	/* An iSCSI initiator without a port */
	req->list[23] = 24;
	req->list[24] = SCSI_PROTOCOL_ISCSI;
	req->list[27] = 20;
	memcpy(req->list + 28, "iqn.x", 5);
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) ==
				SCST_SENSE_INVALID_FIELD_IN_PARAM);
	req->list[24] |= 0x40;
	memcpy(req->list + 28, "iqn.x,i,0x1", 11);
	KUNIT_EXPECT_TRUE(test, scst_pr_parse(req) == SCST_GOOD);
}

/* ------------------------------------------------------------------------
 * What is saved
 */

static struct scst_pr_state *pr_sample(struct kunit *test)
{
	struct scst_pr_state *state = scst_pr_state_alloc(3);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, state);
	for (i = 0; i < 3; i++) {
		pr_nexus(&state->regs[i].nexus, "AbC"[i]);
		state->regs[i].key = i + 1;
	}
	state->nr = 3;
	state->type = SCST_PR_EXCLUSIVE_ACCESS_RO;
	state->holder = 1;
	state->aptpl = true;
	state->generation = 77;
	return state;
}

static void pr_test_save(struct kunit *test)
{
	struct scst_pr_state *state = pr_sample(test), *got;
	u8 *buf = kunit_kzalloc(test, 512, GFP_KERNEL);
	u32 len = scst_pr_pack(state, NULL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_LE(test, len, 512);
	KUNIT_EXPECT_EQ(test, scst_pr_pack(state, buf), len);
	got = scst_pr_unpack(buf, len);
	KUNIT_ASSERT_FALSE(test, IS_ERR(got));
	KUNIT_EXPECT_EQ(test, got->nr, 3);
	KUNIT_EXPECT_EQ(test, got->type, SCST_PR_EXCLUSIVE_ACCESS_RO);
	KUNIT_EXPECT_EQ(test, got->holder, 1);
	KUNIT_EXPECT_EQ(test, got->generation, 0);
	KUNIT_EXPECT_TRUE(test, got->aptpl);
	KUNIT_EXPECT_MEMEQ(test, got->regs, state->regs,
			   3 * sizeof(state->regs[0]));
	scst_pr_state_free(got);
	/* Nothing of it is to persist. */
	state->aptpl = false;
	len = scst_pr_pack(state, buf);
	got = scst_pr_unpack(buf, len);
	KUNIT_ASSERT_FALSE(test, IS_ERR(got));
	KUNIT_EXPECT_EQ(test, got->nr, 0);
	KUNIT_EXPECT_EQ(test, got->type, SCST_PR_NONE);
	scst_pr_state_free(got);
	scst_pr_state_free(state);
}

/* No byte of it can be wrong so that memory is not ours. */
static void pr_test_damaged(struct kunit *test)
{
	struct scst_pr_state *state = pr_sample(test), *got;
	u8 *buf = kunit_kzalloc(test, 512, GFP_KERNEL);
	u32 len, i, cut;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	len = scst_pr_pack(state, buf);
	scst_pr_state_free(state);
	for (cut = 0; cut < len; cut++)
		KUNIT_EXPECT_PTR_EQ(test, scst_pr_unpack(buf, cut),
				    ERR_PTR(-EUCLEAN));
	KUNIT_EXPECT_PTR_EQ(test, scst_pr_unpack(buf, len + 1),
			    ERR_PTR(-EUCLEAN));
	for (i = 0; i < len; i++) {
		buf[i] ^= 0xff;
		got = scst_pr_unpack(buf, len);
		if (!IS_ERR(got))
			scst_pr_state_free(got);
		buf[i] ^= 0xff;
	}
	/* The holder is not one of them; no such type; a registrant twice */
	buf[2] = 3;
	KUNIT_EXPECT_PTR_EQ(test, scst_pr_unpack(buf, len), ERR_PTR(-EUCLEAN));
	buf[2] = 1;
	buf[1] = 2;
	KUNIT_EXPECT_PTR_EQ(test, scst_pr_unpack(buf, len), ERR_PTR(-EUCLEAN));
	buf[1] = SCST_PR_WRITE_EXCLUSIVE;
	memcpy(buf + 8 + 36, buf + 8, 36);
	KUNIT_EXPECT_PTR_EQ(test, scst_pr_unpack(buf, len), ERR_PTR(-EUCLEAN));
}

static struct kunit_case pr_cases[] = {
	KUNIT_CASE(pr_test_register),
	KUNIT_CASE(pr_test_register_many),
	KUNIT_CASE(pr_test_reserve),
	KUNIT_CASE(pr_test_unregister),
	KUNIT_CASE(pr_test_preempt),
	KUNIT_CASE(pr_test_preempt_all),
	KUNIT_CASE(pr_test_move),
	KUNIT_CASE(pr_test_lost),
	KUNIT_CASE_PARAM(pr_test_others, pr_other_gen_params),
	KUNIT_CASE(pr_test_limit),
	KUNIT_CASE(pr_test_transport_ids),
	KUNIT_CASE(pr_test_parse),
	KUNIT_CASE(pr_test_parse_ids),
	KUNIT_CASE(pr_test_parse_move),
	KUNIT_CASE(pr_test_save),
	KUNIT_CASE(pr_test_damaged),
	{}
};

static struct kunit_suite pr_suite = {
	.name		= "scst_pr",
	.init		= scst_fixture_init,
	.exit		= scst_fixture_exit,
	.test_cases	= pr_cases,
};

kunit_test_suite(pr_suite);
