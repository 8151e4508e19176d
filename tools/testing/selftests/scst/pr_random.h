/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random commands for pr_model.c: most of them good ones, of those whose turn it could
 * be, so that states come about which random fields alone would not reach.  What the
 * standards leave open is not sent.
 */
#ifndef PR_RANDOM_H
#define PR_RANDOM_H

#include "pr_rules.h"

#define MAX_DATA	65536

static __u8 buf[MAX_DATA];	/* of the one command that there is at a time */

/* --- Randomness: xorshift64* */

static __u64 rnd_state;

static inline __u32 rnd(void)
{
	rnd_state ^= rnd_state >> 12;
	rnd_state ^= rnd_state << 25;
	rnd_state ^= rnd_state >> 27;
	return (rnd_state * 0x2545f4914f6cdd1dull) >> 32;
}

static inline __u32 below(__u32 n)
{
	return rnd() % n;
}

/* One time in n */
static inline bool rarely(__u32 n)
{
	return !below(n);
}

/* --- Commands that have nothing to do with reservations but that they may conflict */

#define VARLEN(sa)	{ 0x7f, [7] = 0x18, [9] = sa, [31] = 1 }
#define BLOCK		512

static const struct medium_cmd medium_cmds[] = {
	{ "TEST UNIT READY", ANY, { 0x00 }, 6, .dir = NONE },
	{ "INQUIRY", ANY, { 0x12, 0, 0, 0, 36 }, 6, .dir = IN, .len = 36,
	  .skip_ua = true, .with_reserve = true },
	{ "REPORT LUNS", ANY, { 0xa0, [9] = 64 }, 12, .dir = IN, .len = 64,
	  .skip_ua = true, .with_reserve = true },
	{ "LOG SENSE", ANY, { 0x4d, 0, 0x40, [8] = 64 }, 10, .dir = IN, .len = 64,
	  .with_reserve = true },
	{ "READ CAPACITY(10)", ANY, { 0x25 }, 10, .dir = IN, .len = 8 },
	{ "READ CAPACITY(16)", ANY, { 0x9e, 0x10, [13] = 32 }, 16, .dir = IN, .len = 32 },
	{ "REPORT TIMESTAMP", ANY, { 0xa3, 0x0f, [9] = 12 }, 12, .dir = IN, .len = 12 },
	{ "REPORT IDENTIFYING INFORMATION", ANY, { 0xa3, 0x05, [9] = 64 }, 12,
	  .dir = IN, .len = 64, .with_reserve = true },
	{ "START STOP UNIT, START", ANY, { 0x1b, [4] = 1 }, 6, .dir = NONE },
	{ "PREVENT ALLOW, allow", ANY, { 0x1e }, 6,
	  .dir = NONE, .with_reserve = true },
	{ "MODE SENSE(6)", READING, { 0x1a, 0, 8, 0, 64 }, 6, .dir = IN, .len = 64 },
	{ "MODE SENSE(10)", READING, { 0x5a, 0, 8, [8] = 64 }, 10, .dir = IN, .len = 64 },
	{ "READ(6)", READING, { 0x08, [4] = 1 }, 6, .dir = IN, .len = BLOCK },
	{ "READ(10)", READING, { 0x28, [8] = 1 }, 10, .dir = IN, .len = BLOCK },
	{ "READ(12)", READING, { 0xa8, [9] = 1 }, 12, .dir = IN, .len = BLOCK },
	{ "READ(16)", READING, { 0x88, [13] = 1 }, 16, .dir = IN, .len = BLOCK },
	{ "READ(32)", READING, VARLEN(0x09), 32, .dir = IN, .len = BLOCK },
	{ "READ(10) beyond the end", READING,
	  { 0x28, 0, 0xff, 0xff, 0xff, 0xf0, [8] = 1 }, 10, .dir = IN, .len = BLOCK,
	  .end = SENSE(5, 0x21, 0x00) },
	{ "VERIFY(10)", READING, { 0x2f, [8] = 1 }, 10, .dir = NONE },
	{ "VERIFY(16)", READING, { 0x8f, [13] = 1 }, 16, .dir = NONE },
	/* CONDITION MET */
	{ "PRE-FETCH(10)", READING, { 0x34, [8] = 1 }, 10,
	  .dir = NONE, .other_end = STATUS(0x04) },
	{ "PRE-FETCH(16)", READING, { 0x90, [13] = 1 }, 16,
	  .dir = NONE, .other_end = STATUS(0x04) },
	{ "GET LBA STATUS", READING, { 0x9e, 0x12, [13] = 32 }, 16, .dir = IN, .len = 32 },
	{ "READ BUFFER", READING, { 0x3c, 0x03, [8] = 4 }, 10, .dir = IN, .len = 4 },
	{ "RECEIVE DIAGNOSTIC RESULTS", READING, { 0x1c, 0, 0, 0, 64 }, 6, .dir = IN, .len = 64 },
	{ "REPORT SUPPORTED OPERATION CODES", READING,
	  { 0xa3, 0x0c, [8] = 0x10 }, 12, .dir = IN, .len = 4096 },
	{ "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", READING,
	  { 0xa3, 0x0d, [9] = 16 }, 12, .dir = IN, .len = 16 },
	{ "WRITE(6)", WRITING, { 0x0a, [4] = 1 }, 6, .dir = OUT, .len = BLOCK },
	{ "WRITE(10)", WRITING, { 0x2a, [8] = 1 }, 10, .dir = OUT, .len = BLOCK },
	{ "WRITE(12)", WRITING, { 0xaa, [9] = 1 }, 12, .dir = OUT, .len = BLOCK },
	{ "WRITE(16)", WRITING, { 0x8a, [13] = 1 }, 16, .dir = OUT, .len = BLOCK },
	{ "WRITE(32)", WRITING, VARLEN(0x0b), 32, .dir = OUT, .len = BLOCK },
	{ "WRITE(10) beyond the end", WRITING,
	  { 0x2a, 0, 0xff, 0xff, 0xff, 0xf0, [8] = 1 }, 10, .dir = OUT, .len = BLOCK,
	  .end = SENSE(5, 0x21, 0x00) },
	{ "WRITE AND VERIFY(10)", WRITING, { 0x2e, [8] = 1 }, 10, .dir = OUT, .len = BLOCK },
	{ "WRITE AND VERIFY(16)", WRITING, { 0x8e, [13] = 1 }, 16, .dir = OUT, .len = BLOCK },
	{ "WRITE SAME(10)", WRITING, { 0x41, [8] = 1 }, 10, .dir = OUT, .len = BLOCK },
	{ "WRITE SAME(16)", WRITING, { 0x93, [13] = 1 }, 16, .dir = OUT, .len = BLOCK },
	{ "COMPARE AND WRITE", WRITING, { 0x89, [13] = 1 }, 16, .dir = OUT, .len = 2 * BLOCK },
	{ "ORWRITE(16)", WRITING, { 0x8b, [13] = 1 }, 16, .dir = OUT, .len = BLOCK },
	{ "UNMAP", WRITING, { 0x42 }, 10, .dir = NONE },
	{ "SYNCHRONIZE CACHE(10)", WRITING, { 0x35 }, 10, .dir = NONE },
	{ "SYNCHRONIZE CACHE(16)", WRITING, { 0x91 }, 16, .dir = NONE },
	{ "MODE SELECT(6)", WRITING, { 0x15, 0x10 }, 6, .dir = NONE },
	{ "MODE SELECT(10)", WRITING, { 0x55, 0x10 }, 10, .dir = NONE },
	{ "LOG SELECT", WRITING, { 0x4c, 0, 0x40 }, 10, .dir = NONE },
	{ "SEND DIAGNOSTIC", WRITING, { 0x1d }, 6, .dir = NONE },
	{ "WRITE BUFFER", WRITING, { 0x3b, 0x0a, [8] = 16 }, 10, .dir = OUT, .len = 16 },
	{ "START STOP UNIT, POWER CONDITION", WRITING, { 0x1b, [4] = 0x10 }, 6, .dir = NONE },
	{ "PREVENT ALLOW, prevent", WRITING, { 0x1e, [4] = 1 }, 6, .dir = NONE },
	{ "EXTENDED COPY", WRITING, { 0x83 }, 16, .dir = NONE },
};

/* --- Making a command */

static const __u64 keys[] = {
	0x1, 0xabc0000000000001, 0xabc0000000000002, 0xffffffffffffffff,
};

static inline __u64 any_key(void)
{
	return keys[below(ARRAY_SIZE(keys))];
}

/* The key of a registration, if there is one */
static inline __u64 some_registered_key(void)
{
	int reg, first = below(MAX_REGS);

	for (reg = 0; reg < MAX_REGS; reg++)
		if (st.key[(first + reg) % MAX_REGS])
			return st.key[(first + reg) % MAX_REGS];
	return any_key();
}

static inline int any_type(void)
{
	static const int types[] = { 1, 3, 5, 6, 7, 8 };

	if (rarely(25))
		return below(16);
	return types[below(ARRAY_SIZE(types))];
}

static inline enum action any_action(void)
{
	static const struct {
		enum action action;
		__u32 weight;
	} weights[] = {
		{ REGISTER, 24 }, { REGISTER_AND_IGNORE, 12 }, { RESERVE, 18 },
		{ RELEASE, 10 }, { CLEAR, 3 }, { PREEMPT, 12 },
		{ PREEMPT_AND_ABORT, 6 }, { REGISTER_AND_MOVE, 10 },
		{ REPLACE_LOST, 1 }, { NR_ACTIONS, 1 },
	};
	__u32 i, sum = 0, n;

	for (i = 0; i < ARRAY_SIZE(weights); i++)
		sum += weights[i].weight;
	n = below(sum);
	for (i = 0; n >= weights[i].weight; i++)
		n -= weights[i].weight;
	if (weights[i].action == NR_ACTIONS)
		return NR_ACTIONS + below(32 - NR_ACTIONS);
	return weights[i].action;
}

/* Most actions are for those that are registered, and one for the holder. */
static inline int nexus_for(enum action action)
{
	int nexus = below(nr_nexuses), n;

	if (action == REGISTER || action == REGISTER_AND_IGNORE || rarely(6))
		return nexus;
	for (n = 0; n < nr_nexuses; n++, nexus = (nexus + 1) % nr_nexuses) {
		if (!st.key[reg_of_nexus(nexus)])
			continue;
		if (action != REGISTER_AND_MOVE || is_holder(reg_of_nexus(nexus)))
			break;
	}
	return nexus;
}

static inline void choose_keys(struct cmd *c)
{
	__u64 own = st.key[reg_of_nexus(c->nexus)];

	c->rk = own;
	if (rarely(12))
		c->rk = rarely(2) ? 0 : any_key();
	switch (c->action) {
	case REGISTER:
	case REGISTER_AND_IGNORE:
		c->sark = rarely(own ? 4 : 20) ? 0 : any_key();
		break;
	case PREEMPT:
	case PREEMPT_AND_ABORT:
		c->sark = rarely(6) ? any_key() : some_registered_key();
		if (rarely(type_all_registrants(st.type) ? 2 : 12))
			c->sark = 0;
		break;
	default:
		/* Ignored by most others */
		c->sark = rarely(20) ? 0 : any_key();
	}
}

static inline void choose_type(struct cmd *c)
{
	switch (c->action) {
	case REGISTER_AND_MOVE:
		/* The standard does not say what another one would do. */
		c->type = st.type;
		return;
	case RESERVE:
	case RELEASE:
		c->type = st.type && !rarely(3) ? st.type : any_type();
		break;
	case PREEMPT:
	case PREEMPT_AND_ABORT:
		c->type = st.type && rarely(3) ? st.type : any_type();
		break;
	default:
		/* Ignored */
		c->type = rarely(4) ? below(16) : 0;
	}
	c->scope = rarely(30) ? below(16) : 0;
}

static inline void choose_ids(struct cmd *c)
{
	int own = st.nexus[c->nexus].tid, tid, i, nr = 1 + below(3);

	for (i = 0; i < 8 && c->nr_ids < nr; i++) {
		tid = below(nr_tids);
		/* Nobody says what it means to name oneself, or one twice. */
		if (tid == own || (c->nr_ids > 0 && c->ids[0] == tid) ||
		    (c->nr_ids > 1 && c->ids[1] == tid))
			continue;
		c->ids[c->nr_ids++] = tid;
	}
	c->other_protocol = rarely(12);
}

static inline void choose_target(struct cmd *c)
{
	c->nr_ids = 1;
	c->ids[0] = below(nr_tids);
	c->port = rarely(16) ? -1 : (int)below(nr_ports);
	c->other_protocol = rarely(20);
	if (c->other_protocol)
		c->nr_ids = 0;
	c->unreg = rarely(3);
}

static inline void choose_flags(struct cmd *c)
{
	bool registers = c->action == REGISTER || c->action == REGISTER_AND_IGNORE;
	bool own = st.key[reg_of_nexus(c->nexus)];

	c->aptpl = rarely(can_save ? 3 : 20);
	c->all_tg_pt = rarely(registers ? 7 : 20);
	if (c->action == REGISTER_AND_MOVE) {
		c->all_tg_pt = false;
		choose_target(c);
		return;
	}
	/*
	 * Nothing is registered, and nothing is to be: whether the flags have a
	 * meaning then is left open.
	 */
	if (registers && !own && !c->sark) {
		c->aptpl = false;
		c->all_tg_pt = false;
	}
	if (c->action == REGISTER)
		c->spec_i_pt = rarely(own ? 20 : 5);
	else
		c->spec_i_pt = rarely(40);
	if (c->spec_i_pt)
		choose_ids(c);
}

/* --- Parameter lists */

static inline unsigned int put_other_protocol(__u8 *p)
{
	/* SRP, or SAS */
	memset(p, 0, 24);
	p[0] = (tids[0].data[0] & 0xf) == 4 ? 6 : 4;
	p[8] = 0x5c;
	return 24;
}

static inline unsigned int put_ids(const struct cmd *c, __u8 *p)
{
	unsigned int len = 0;
	int i;

	for (i = 0; i < c->nr_ids; i++) {
		memcpy(p + len, tids[c->ids[i]].data, tids[c->ids[i]].len);
		len += tids[c->ids[i]].len;
	}
	if (c->other_protocol)
		len += put_other_protocol(p + len);
	return len;
}

/* PERSISTENT RESERVE OUT parameter list; returns its length */
static inline unsigned int put_list(const struct cmd *c, __u8 *p)
{
	unsigned int len;

	memset(p, 0, MAX_DATA);
	put(p, c->rk, 8);
	put(p + 8, c->sark, 8);
	if (c->action == REGISTER_AND_MOVE) {
		p[17] = c->unreg << 1 | c->aptpl;
		put(p + 18, c->port < 0 ? 0xfedc : ports[c->port], 2);
		len = put_ids(c, p + 24);
		put(p + 20, len, 4);
		return 24 + len;
	}
	p[20] = c->spec_i_pt << 3 | c->all_tg_pt << 2 | c->aptpl;
	if (!c->spec_i_pt)
		return 24;
	len = put_ids(c, p + 28);
	put(p + 24, len, 4);
	return 28 + len;
}

/* One that is too short or too long for its header, or that no header has */
static inline void spoil_list(struct cmd *c)
{
	static const unsigned int lengths[] = { 0, 8, 16, 23, 25, 28, 48 };

	if (c->list_len == 24) {
		c->list_len = lengths[below(ARRAY_SIZE(lengths))];
	} else if (c->action == REGISTER || c->action == REGISTER_AND_MOVE) {
		c->bad_list = true;
		if (rarely(2))
			c->list_len = rarely(2) ? 24 : below(24);
		else
			c->list_len -= 4;
	} else if (rarely(2)) {
		c->list_len = 24;
	}
}

static inline void make_pr_out(struct cmd *c)
{
	c->action = any_action();
	c->nexus = nexus_for(c->action);
	choose_keys(c);
	choose_type(c);
	choose_flags(c);
	c->list_len = put_list(c, buf);
	if (rarely(30))
		spoil_list(c);
	c->cdb[0] = 0x5f;
	c->cdb[1] = c->action;
	c->cdb[2] = c->scope << 4 | c->type;
	put(c->cdb + 5, c->list_len, 4);
	c->cdb_len = 10;
	c->data = (struct scsi_data){ OUT, c->list_len, buf };
}

static inline void make_pr_in(struct cmd *c, int action, unsigned int len)
{
	c->kind = PR_IN;
	c->action = action;
	c->cdb[0] = 0x5e;
	c->cdb[1] = action;
	put(c->cdb + 7, len, 2);
	c->cdb_len = 10;
	c->data = (struct scsi_data){ IN, len, buf };
}

static inline void make_any_pr_in(struct cmd *c)
{
	static const unsigned int lengths[] = { 0, 1, 4, 7, 8, 16, 24, 100, 255 };
	unsigned int len = 8192;

	if (rarely(2))
		len = lengths[below(ARRAY_SIZE(lengths))];
	make_pr_in(c, rarely(20) ? 4 + below(28) : below(4), len);
}

/* RESERVE and RELEASE have one bit for another one, with 6 bytes and with 10. */
static inline void make_spc2(struct cmd *c, enum kind kind)
{
	bool ten = rarely(2);

	c->kind = kind;
	if (kind == SPC2_RESERVE)
		c->cdb[0] = ten ? 0x56 : 0x16;
	else
		c->cdb[0] = ten ? 0x57 : 0x17;
	c->cdb_len = ten ? 10 : 6;
	c->third_party = !nr_registered() && rarely(20);
	if (c->third_party)
		c->cdb[1] = 0x10;
}

static inline void make_medium(struct cmd *c)
{
	c->kind = MEDIUM;
	c->medium = &medium_cmds[below(ARRAY_SIZE(medium_cmds))];
	memcpy(c->cdb, c->medium->cdb, sizeof(c->cdb));
	c->cdb_len = c->medium->cdb_len;
	c->data = (struct scsi_data){ c->medium->dir, c->medium->len, buf };
	if (c->medium->dir == OUT)
		memset(buf, 0, c->medium->len);
}

static inline void make_cmd(struct cmd *c)
{
	unsigned int n = below(1000);

	memset(c, 0, sizeof(*c));
	c->nexus = below(nr_nexuses);
	/* Not too long, for nearly all commands conflict with it */
	if (st.reserved_by >= 0 && rarely(10)) {
		c->nexus = st.reserved_by;
		make_spc2(c, SPC2_RELEASE);
	} else if (!nr_registered() && rarely(8)) {
		make_spc2(c, SPC2_RESERVE);
	} else if (n < 4) {
		c->kind = LUN_RESET;
	} else if (n < 30) {
		c->kind = REQUEST_SENSE;
		c->cdb[0] = 0x03;
		c->cdb[4] = 96;
		c->cdb_len = 6;
		c->data = (struct scsi_data){ IN, 96, buf };
	} else if (n < 60) {
		make_spc2(c, SPC2_RESERVE);
	} else if (n < 90) {
		make_spc2(c, SPC2_RELEASE);
	} else if (n < 150) {
		make_any_pr_in(c);
	} else if (n < 480) {
		make_medium(c);
	} else {
		make_pr_out(c);
	}
}

#endif /* PR_RANDOM_H */
