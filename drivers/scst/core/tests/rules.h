/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Opcode tables against the standards: in the way of which reservations of another
 * nexus a command is, and in which access states it is executed.
 *
 * What is expected is written in letters, as the standards have it in their tables,
 * and not in the constants of the opcode tables.  Each row has to have an expectation:
 * no new command is let through because nobody has thought of it.
 *
 * It is in a header because the tables are in several modules, and so are their tests.
 */
#ifndef _SCST_KUNIT_RULES_H
#define _SCST_KUNIT_RULES_H

#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "../pr.h"

#define NO_SA			(-1)

/**
 * struct scst_rule - what the standards say of a command
 * @name: its name
 * @opcode: operation code
 * @sa: service action, or %NO_SA
 * @pr: letters of the five columns of the tables of commands that are allowed in the
 *	presence of various reservations (SPC-6, SBC-5, SSC-5, SMC-3), of persistent
 *	ones that another nexus holds: Write Exclusive and Exclusive Access; those of
 *	registrants only and of all registrants, for a nexus that is registered; and
 *	for one that is not, the write exclusive and the exclusive access ones of
 *	these
 * @reserve: the letter for RESERVE of another nexus (SPC-2)
 * @states: access states in which it is executed, beside the active ones: 's'
 *	standby, 'u' unavailable, 'o' offline, 't' transitioning (SPC-6 5.18.2)
 * @byte4: byte 4 of the CDB; a command that depends on it has a rule for each value
 *
 * The letters are 'A' for allowed and 'C' for conflict.
 */
struct scst_rule {
	const char *name;
	u8 opcode;
	int sa;
	const char *pr;
	char reserve;
	const char *states;
	u8 byte4;
};

/**
 * struct rule_table - an opcode table, and what is expected of it
 * @name: whose it is
 * @ops: its rows
 * @nr_ops: number of @ops
 * @rules: expectations
 * @nr_rules: number of @rules
 */
struct rule_table {
	const char *name;
	const struct scst_opcode *ops;
	unsigned int nr_ops;
	const struct scst_rule *rules;
	unsigned int nr_rules;
};

/* Expectations that several tables have in common */
struct rule_list {
	const struct scst_rule *rules;
	unsigned int nr;
};

/* What is expected of a command: a letter of scst_rule.pr, or one of these */
#define RULE_NR_COLUMNS		5
#define RULE_RESERVE		RULE_NR_COLUMNS	/* scst_rule.reserve */
#define RULE_FREE		(RULE_RESERVE + 1)	/* nothing is in its way */

/* A persistent reservation of another nexus, and the column that is about it */
static const struct rule_case {
	const char *name;
	u8 type;
	bool registered;	/* is the sender? */
	u8 column;
} rule_cases[] = {
	{ "Write Exclusive", 1, false, 0 },
	{ "Write Exclusive, registered", 1, true, 0 },
	{ "Exclusive Access", 3, false, 1 },
	{ "Exclusive Access, registered", 3, true, 1 },
	{ "Write Exclusive - Registrants Only, registered", 5, true, 2 },
	{ "Exclusive Access - Registrants Only, registered", 6, true, 2 },
	{ "Write Exclusive - All Registrants, registered", 7, true, 2 },
	{ "Exclusive Access - All Registrants, registered", 8, true, 2 },
	{ "Write Exclusive - Registrants Only", 5, false, 3 },
	{ "Write Exclusive - All Registrants", 7, false, 3 },
	{ "Exclusive Access - Registrants Only", 6, false, 4 },
	{ "Exclusive Access - All Registrants", 8, false, 4 },
};

static const struct rule_state {
	const char *name;
	u8 state;
	char letter;		/* 0: all commands are executed */
	scst_sense_t sense;	/* what others end with */
} rule_states[] = {
	{ "active/optimized", SCST_STATE_OPTIMIZED },
	{ "active/non-optimized", SCST_STATE_NONOPTIMIZED },
	{ "standby", SCST_STATE_STANDBY, 's',
	  SCST_SENSE(NOT_READY, 0x04, 0x0b) },
	{ "unavailable", SCST_STATE_UNAVAILABLE, 'u',
	  SCST_SENSE(NOT_READY, 0x04, 0x0c) },
	{ "offline", SCST_STATE_OFFLINE, 'o',
	  SCST_SENSE(NOT_READY, 0x04, 0x12) },
	{ "transitioning", SCST_STATE_TRANSITIONING, 't',
	  SCST_SENSE(NOT_READY, 0x04, 0x0a) },
};

/* ------------------------------------------------------------------------
 * Rules and rows
 */

static inline bool rules_alike(const struct scst_rule *a,
			       const struct scst_rule *b)
{
	return a->opcode == b->opcode && a->sa == b->sa;
}

static inline bool rule_is_of(const struct scst_rule *rule,
			      const struct scst_opcode *op)
{
	int sa = op->has_sa ? op->sa : NO_SA;

	return rule->opcode == op->opcode && rule->sa == sa;
}

static inline void rules_expect_rule(struct kunit *test,
				     const struct rule_table *t,
				     const struct scst_opcode *op)
{
	unsigned int i;

	for (i = 0; i < t->nr_rules; i++)
		if (rule_is_of(&t->rules[i], op))
			return;
	KUNIT_FAIL(test, "%s: nothing is expected of opcode %02xh/%xh, %s",
		   t->name, op->opcode, op->sa, op->name);
}

static inline void rules_expect_row(struct kunit *test,
				    const struct rule_table *t,
				    const struct scst_rule *rule)
{
	unsigned int i;

	for (i = 0; i < t->nr_ops; i++)
		if (rule_is_of(rule, &t->ops[i]))
			return;
	KUNIT_FAIL(test, "%s: there is no row of opcode %02xh/%xh, %s",
		   t->name, rule->opcode, max(rule->sa, 0), rule->name);
}

/* A second rule would not be wrong, but one of them is a mistake. */
static inline void rules_expect_once(struct kunit *test,
				     const struct rule_table *t,
				     const struct scst_rule *rule)
{
	const struct scst_rule *other;

	for (other = t->rules; other < rule; other++)
		if (rules_alike(other, rule) && other->byte4 == rule->byte4)
			KUNIT_FAIL(test, "%s: twice: opcode %02xh/%xh, %s",
				   t->name, rule->opcode, max(rule->sa, 0),
				   rule->name);
}

static inline bool rules_have(const struct scst_rule *rules, unsigned int nr,
			      const struct scst_rule *like)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (rules_alike(&rules[i], like))
			return true;
	return false;
}

/*
 * All of the first @nr_own of @lists, and from the others the commands that none of these
 * has.
 */
static inline void rules_merge(struct kunit *test, struct rule_table *t,
			       const struct rule_list *lists,
			       unsigned int nr_lists, unsigned int nr_own)
{
	unsigned int i, j, own = 0, nr = 0;
	struct scst_rule *rules;

	for (i = 0; i < nr_lists; i++)
		nr += lists[i].nr;
	rules = kunit_kcalloc(test, nr, sizeof(*rules), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rules);
	nr = 0;
	for (i = 0; i < nr_lists; i++) {
		for (j = 0; j < lists[i].nr; j++)
			if (i < nr_own ||
			    !rules_have(rules, own, &lists[i].rules[j]))
				rules[nr++] = lists[i].rules[j];
		if (i < nr_own)
			own = nr;
	}
	t->rules = rules;
	t->nr_rules = nr;
}

static inline void rules_check_complete(struct kunit *test,
					const struct rule_table *t)
{
	unsigned int i;

	for (i = 0; i < t->nr_ops; i++)
		rules_expect_rule(test, t, &t->ops[i]);
	for (i = 0; i < t->nr_rules; i++) {
		KUNIT_ASSERT_EQ_MSG(test, strlen(t->rules[i].pr),
				    RULE_NR_COLUMNS, "%s", t->rules[i].name);
		rules_expect_row(test, t, &t->rules[i]);
		rules_expect_once(test, t, &t->rules[i]);
	}
}

/* ------------------------------------------------------------------------
 * A unit with reservations
 */

#define RULE_TID_LEN		24
#define RULE_PORT		1

/* Index of a nexus in rule_tids[], and of its registration if there is one */
#define RULE_OTHER		0
#define RULE_SENDER		1

static const u8 rule_tids[][RULE_TID_LEN] = {
	[RULE_OTHER]	= { SCSI_PROTOCOL_SAS, [4] = 0x50, [11] = 1 },
	[RULE_SENDER]	= { SCSI_PROTOCOL_SAS, [4] = 0x50, [11] = 2 },
};

/**
 * struct rule_unit - a logical unit that two nexuses have
 * @dev: logical unit
 * @pr: its reservations
 * @state: those that are persistent
 * @tgt: target port
 * @sess: nexus that sends commands
 * @other_sess: nexus that reserves the unit
 * @td: the unit for @sess
 * @other_td: the unit for @other_sess
 * @cmd: command
 * @cdb: its CDB
 */
struct rule_unit {
	struct scst_device dev;
	struct scst_pr pr;
	struct scst_pr_state *state;
	struct scst_tgt tgt;
	struct scst_session sess;
	struct scst_session other_sess;
	struct scst_tgt_dev td;
	struct scst_tgt_dev other_td;
	struct scst_cmd cmd;
	u8 cdb[SCST_MAX_USAGE_LEN];
};

static inline void rule_unit_set_sender(struct kunit *test, struct rule_unit *u)
{
	struct scst_transport_id *tid;

	tid = kunit_kzalloc(test, struct_size(tid, id, RULE_TID_LEN),
			    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tid);
	tid->len = RULE_TID_LEN;
	memcpy(tid->id, rule_tids[RULE_SENDER], RULE_TID_LEN);
	tid->hash = scst_transport_id_hash(tid->id, tid->len);
	RCU_INIT_POINTER(u->sess.transport_id, tid);
}

/* The caller frees its state. */
static inline struct rule_unit *rule_unit_alloc(struct kunit *test)
{
	struct rule_unit *u = kunit_kzalloc(test, sizeof(*u), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, u);
	spin_lock_init(&u->dev.tgt_dev_lock);
	u->dev.pr = &u->pr;
	u->pr.dev = &u->dev;
	u->tgt.rel_tgt_id = RULE_PORT;
	u->sess.tgt = &u->tgt;
	u->other_sess.tgt = &u->tgt;
	u->td.sess = &u->sess;
	u->td.dev = &u->dev;
	u->other_td.sess = &u->other_sess;
	u->other_td.dev = &u->dev;
	rule_unit_set_sender(test, u);
	u->state = scst_pr_state_alloc(ARRAY_SIZE(rule_tids));
	KUNIT_ASSERT_NOT_NULL(test, u->state);
	RCU_INIT_POINTER(u->pr.state, u->state);
	return u;
}

static inline void rule_unit_update(struct rule_unit *u)
{
	guard(spinlock_irqsave)(&u->dev.tgt_dev_lock);
	scst_reservation_update(&u->td);
}

static inline void rule_unit_register(struct rule_unit *u, unsigned int who)
{
	struct scst_registrant *reg = &u->state->regs[u->state->nr];

	reg->key = who + 1;
	scst_nexus_set(&reg->nexus, RULE_PORT, rule_tids[who], RULE_TID_LEN);
	scst_pr_added(u->state);
}

/*
 * The other nexus is registered, and so is the sender if @registered; the one that
 * @holder tells holds a reservation of @type, which may be 0: none.
 */
static inline void rule_unit_set_pr(struct rule_unit *u, u8 type,
				    bool registered, unsigned int holder)
{
	u->state->nr = 0;
	rule_unit_register(u, RULE_OTHER);
	if (registered)
		rule_unit_register(u, RULE_SENDER);
	u->state->type = type;
	u->state->holder = holder;
	rule_unit_update(u);
}

/* Nobody is registered, and @td has sent RESERVE. */
static inline void rule_unit_set_reserve(struct rule_unit *u,
					 struct scst_tgt_dev *td)
{
	u->state->nr = 0;
	u->state->type = 0;
	u->pr.reserved_by = td;
	rule_unit_update(u);
}

static inline void rule_unit_cmd(struct rule_unit *u,
				 const struct scst_rule *rule,
				 const struct scst_opcode *op)
{
	memset(u->cdb, 0, sizeof(u->cdb));
	u->cdb[0] = rule->opcode;
	if (rule->opcode == VARIABLE_LENGTH_CMD)
		put_unaligned_be16(rule->sa, u->cdb + 8);
	else if (rule->sa != NO_SA)
		u->cdb[1] = rule->sa;
	u->cdb[4] = rule->byte4;

	memset(&u->cmd, 0, sizeof(u->cmd));
	u->cmd.sess = &u->sess;
	u->cmd.tgt_dev = &u->td;
	u->cmd.dev = &u->dev;
	u->cmd.op = op;
	u->cmd.cdb = u->cdb;
	u->cmd.cdb_len = op->cdb_len;
}

/* ------------------------------------------------------------------------
 * The comparison
 */

static inline char rule_letter(scst_sense_t result, scst_sense_t refusal)
{
	if (result == SCST_GOOD)
		return 'A';
	return result == refusal ? 'C' : '?';
}

static inline void rule_expect(struct kunit *test, const struct rule_table *t,
			       const struct scst_rule *rule, const char *when,
			       char got, char want)
{
	if (got != want)
		KUNIT_FAIL(test,
			   "%s: opcode %02xh/%xh, %s, byte 4 %02xh: %s: %c instead of %c",
			   t->name, rule->opcode, max(rule->sa, 0), rule->name,
			   rule->byte4, when, got, want);
}

static inline char rule_want(const struct scst_rule *rule, unsigned int column)
{
	if (column < RULE_NR_COLUMNS)
		return rule->pr[column];
	return column == RULE_RESERVE ? rule->reserve : 'A';
}

/* Each row, while the unit has the reservations that it has now */
static inline void rules_check_reserved(struct kunit *test, struct rule_unit *u,
					const struct rule_table *t,
					const char *when, unsigned int column)
{
	const struct scst_rule *rule;
	const struct scst_opcode *op;
	scst_sense_t result;

	for (op = t->ops; op < t->ops + t->nr_ops; op++)
		for (rule = t->rules; rule < t->rules + t->nr_rules; rule++) {
			if (!rule_is_of(rule, op))
				continue;
			rule_unit_cmd(u, rule, op);
			result = scst_reservation_check(&u->cmd);
			rule_expect(test, t, rule, when,
				    rule_letter(result,
						SCST_RESERVATION_CONFLICT),
				    rule_want(rule, column));
		}
}

static inline void rules_check_reservations(struct kunit *test,
					    struct rule_unit *u,
					    const struct rule_table *t)
{
	const struct rule_case *c;

	for (c = rule_cases; c < rule_cases + ARRAY_SIZE(rule_cases); c++) {
		rule_unit_set_pr(u, c->type, c->registered, RULE_OTHER);
		rules_check_reserved(test, u, t, c->name, c->column);
		if (!c->registered)
			continue;
		rule_unit_set_pr(u, c->type, true, RULE_SENDER);
		rules_check_reserved(test, u, t, "its own reservation",
				     RULE_FREE);
	}
	rule_unit_set_pr(u, 0, false, RULE_OTHER);
	rules_check_reserved(test, u, t, "another one is registered",
			     RULE_FREE);
	rule_unit_set_reserve(u, &u->other_td);
	rules_check_reserved(test, u, t, "RESERVE", RULE_RESERVE);
	rule_unit_set_reserve(u, &u->td);
	rules_check_reserved(test, u, t, "its own RESERVE", RULE_FREE);
	rule_unit_set_reserve(u, NULL);
}

/* Each row in an access state */
static inline void rules_check_state(struct kunit *test, struct rule_unit *u,
				     const struct rule_table *t,
				     const struct rule_state *s)
{
	const struct scst_rule *rule;
	const struct scst_opcode *op;
	bool allowed;

	u->td.access_state = s->state;
	for (op = t->ops; op < t->ops + t->nr_ops; op++)
		for (rule = t->rules; rule < t->rules + t->nr_rules; rule++) {
			if (!rule_is_of(rule, op))
				continue;
			rule_unit_cmd(u, rule, op);
			allowed = !s->letter || strchr(rule->states, s->letter);
			rule_expect(test, t, rule, s->name,
				    rule_letter(scst_tpg_check(&u->cmd),
						s->sense),
				    allowed ? 'A' : 'C');
		}
}

/* Compare all rows of a table with what is expected of them. */
static inline void rules_check(struct kunit *test, const struct rule_table *t)
{
	struct rule_unit *u;
	unsigned int i;

	rules_check_complete(test, t);
	u = rule_unit_alloc(test);
	rules_check_reservations(test, u, t);
	for (i = 0; i < ARRAY_SIZE(rule_states); i++)
		rules_check_state(test, u, t, &rule_states[i]);
	scst_pr_state_free(u->state);
}

#endif /* _SCST_KUNIT_RULES_H */
