/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What SPC-4 and SBC-4 say of reservations, as a model in user space: it is written
 * from the standards and from Documentation/scst/, not from the code that it is to
 * judge.
 *
 * A registration belongs to an I_T nexus, which is a TransportID and a target port,
 * whether anybody is logged in by it or not.  So registrations are an array with an
 * element for each TransportID and port that the run has.
 */
#ifndef PR_RULES_H
#define PR_RULES_H

#include "pr_scsi.h"

#define MAX_NEXUSES	8
#define MAX_PORTS	4
#define MAX_TIDS	8
#define MAX_REGS	(MAX_TIDS * MAX_PORTS)
#define MAX_TID_LEN	256

/* Service actions of PERSISTENT RESERVE OUT */
enum action {
	REGISTER,
	RESERVE,
	RELEASE,
	CLEAR,
	PREEMPT,
	PREEMPT_AND_ABORT,
	REGISTER_AND_IGNORE,
	REGISTER_AND_MOVE,
	REPLACE_LOST,
	NR_ACTIONS,
};

/* Unit attention conditions, in the order in which they are reported */
enum ua {
	UA_POWER_ON,
	UA_RESET,
	UA_RESERVATIONS_PREEMPTED,
	UA_RESERVATIONS_RELEASED,
	UA_REGISTRATIONS_PREEMPTED,
	NR_UAS,
};

static const __u32 ua_code[NR_UAS] = {
	[UA_POWER_ON] = SENSE(6, 0x29, 0x00),
	[UA_RESET] = SENSE(6, 0x29, 0x03),
	[UA_RESERVATIONS_PREEMPTED] = SENSE(6, 0x2a, 0x03),
	[UA_RESERVATIONS_RELEASED] = SENSE(6, 0x2a, 0x04),
	[UA_REGISTRATIONS_PREEMPTED] = SENSE(6, 0x2a, 0x05),
};

#define BIT(n)	(1u << (n))

/* Sense data that commands of reservations end with */
#define INVALID_FIELD_IN_CDB	SENSE(5, 0x24, 0x00)
#define INVALID_FIELD_IN_LIST	SENSE(5, 0x26, 0x00)
#define INVALID_RELEASE		SENSE(5, 0x26, 0x04)
#define LIST_LENGTH_ERROR	SENSE(5, 0x1a, 0x00)

/* --- What there is */

struct nexus {
	int fd;
	int tid, port;			/* indices */
	char name[64];
	unsigned int ua;		/* pending: bits of enum ua */
	unsigned int maybe_ua;		/* the standard leaves these open */
};

struct tid {
	unsigned int len;
	__u8 data[MAX_TID_LEN];
};

struct state {
	__u64 key[MAX_REGS];		/* 0: not registered */
	int type;			/* of the reservation; 0: there is none */
	int holder;			/* registration, or -1: none, or all */
	__u32 generation;
	bool aptpl;
	int reserved_by;		/* nexus that has sent RESERVE, or -1 */
	struct nexus nexus[MAX_NEXUSES];
};

static struct state st;
static struct tid tids[MAX_TIDS];
static __u16 ports[MAX_PORTS];		/* relative target port identifiers */
static int nr_nexuses, nr_tids, nr_ports;
static bool can_save;			/* APTPL is possible */

static inline int reg_of(int tid, int port)
{
	return tid * MAX_PORTS + port;
}

static inline int reg_of_nexus(int nexus)
{
	return reg_of(st.nexus[nexus].tid, st.nexus[nexus].port);
}

static inline bool type_valid(int type)
{
	return type == 1 || type == 3 || (type >= 5 && type <= 8);
}

static inline bool type_all_registrants(int type)
{
	return type >= 7;
}

static inline bool type_registrants(int type)
{
	return type >= 5;
}

static inline bool type_write_exclusive(int type)
{
	return type == 1 || type == 5 || type == 7;
}

static inline bool is_holder(int reg)
{
	if (!st.type || !st.key[reg])
		return false;
	return type_all_registrants(st.type) || st.holder == reg;
}

static inline int nr_registered(void)
{
	int reg, n = 0;

	for (reg = 0; reg < MAX_REGS; reg++)
		n += !!st.key[reg];
	return n;
}

/* --- Unit attentions */

static inline void tell(int reg, enum ua ua)
{
	int i;

	for (i = 0; i < nr_nexuses; i++) {
		if (reg_of_nexus(i) != reg)
			continue;
		st.nexus[i].ua |= BIT(ua);
		st.nexus[i].maybe_ua &= ~BIT(ua);
	}
}

static inline void tell_perhaps(int reg, enum ua ua)
{
	int i;

	for (i = 0; i < nr_nexuses; i++)
		if (reg_of_nexus(i) == reg && !(st.nexus[i].ua & BIT(ua)))
			st.nexus[i].maybe_ua |= BIT(ua);
}

static inline void tell_registered(int except, enum ua ua)
{
	int reg;

	for (reg = 0; reg < MAX_REGS; reg++)
		if (reg != except && st.key[reg])
			tell(reg, ua);
}

/*
 * ua_reported - a nexus has reported a condition, or (@code is GOOD) that it has
 * none.  Returns false when that is wrong.
 */
static inline bool ua_reported(struct nexus *nexus, __u32 code)
{
	unsigned int ua;

	for (ua = 0; ua < NR_UAS && ua_code[ua] != code; ua++)
		if (nexus->ua & BIT(ua))
			return false;
	nexus->maybe_ua &= ua < NR_UAS ? ~(BIT(ua) - 1) : 0;
	if (ua == NR_UAS)
		return code == GOOD;
	if (!((nexus->ua | nexus->maybe_ua) & BIT(ua)))
		return false;
	nexus->ua &= ~BIT(ua);
	nexus->maybe_ua &= ~BIT(ua);
	/* SAM-5: a power on includes a reset */
	if (ua == UA_POWER_ON) {
		nexus->ua &= ~BIT(UA_RESET);
		nexus->maybe_ua &= ~BIT(UA_RESET);
	}
	return true;
}

/* --- Commands */

/* What reservations of others let through (SPC-4 and SBC-4) */
enum access {
	ANY,			/* all do */
	READING,		/* those of the Write Exclusive types do */
	WRITING,		/* none does */
};

struct medium_cmd {
	const char *name;
	enum access access;
	__u8 cdb[32];
	__u8 cdb_len;
	int dir;
	unsigned int len;
	bool skip_ua;		/* SAM-5: not in the way of unit attentions */
	bool with_reserve;	/* SPC-2: not in the way of RESERVE */
	__u32 end, other_end;	/* what it ends with where nothing is in its way */
};

enum kind {
	PR_OUT,
	PR_IN,
	SPC2_RESERVE,
	SPC2_RELEASE,
	REQUEST_SENSE,
	LUN_RESET,
	MEDIUM,
};

struct cmd {
	int nexus;
	enum kind kind;
	/* PERSISTENT RESERVE IN or OUT */
	int action;
	int type, scope;
	__u64 rk, sark;
	bool aptpl, all_tg_pt, spec_i_pt, unreg;
	int nr_ids;			/* TransportIDs in the list */
	int ids[MAX_TIDS];
	bool other_protocol;		/* one more, which is of another protocol */
	int port;			/* REGISTER AND MOVE: index, or -1: unknown */
	unsigned int list_len;		/* as the CDB has it */
	bool bad_list;			/* the lengths in it do not fit it */
	/* RESERVE and RELEASE: for another one, which is not supported */
	bool third_party;
	const struct medium_cmd *medium;
	/* All but LUN_RESET */
	__u8 cdb[32];
	unsigned int cdb_len;
	struct scsi_data data;
};

/* What a command may end with */
struct want {
	int nr;
	__u32 end[4];
};

static inline bool wanted(const struct want *w, __u32 end)
{
	int i;

	for (i = 0; i < w->nr; i++)
		if (w->end[i] == end)
			return true;
	return false;
}

static inline void want(struct want *w, __u32 end)
{
	if (!wanted(w, end))
		w->end[w->nr++] = end;
}

/* --- Conflicts with the reservation of another nexus */

enum conflict {
	NO_CONFLICT,
	CONFLICT_FIRST,		/* before unit attentions */
	CONFLICT_EITHER,	/* or after them */
};

/* SPC-2 reservations, and how they get on with registrations (CRH=1) */
static inline enum conflict spc2_conflict(const struct cmd *c)
{
	int reg = reg_of_nexus(c->nexus);

	if (!nr_registered())
		return NO_CONFLICT;
	if (is_holder(reg) || (type_registrants(st.type) && st.key[reg]))
		return NO_CONFLICT;
	return st.type ? CONFLICT_FIRST : CONFLICT_EITHER;
}

/* No reservation is about a command that there is not. */
static inline bool is_unknown(const struct cmd *c)
{
	return (c->kind == PR_OUT && c->action > REPLACE_LOST) ||
	       (c->kind == PR_IN && c->action > 3);
}

static inline enum conflict conflict_with_reserve(const struct cmd *c)
{
	bool mine = st.reserved_by == c->nexus;

	if (is_unknown(c))
		return NO_CONFLICT;
	switch (c->kind) {
	case PR_OUT:
	case PR_IN:
		return mine ? CONFLICT_EITHER : CONFLICT_FIRST;
	case SPC2_RESERVE:
		return mine ? NO_CONFLICT : CONFLICT_FIRST;
	case MEDIUM:
		return mine || c->medium->with_reserve ? NO_CONFLICT :
							 CONFLICT_FIRST;
	default:
		return NO_CONFLICT;
	}
}

static inline enum conflict conflict(const struct cmd *c)
{
	int reg = reg_of_nexus(c->nexus);

	if (st.reserved_by >= 0)
		return conflict_with_reserve(c);
	if (c->kind == SPC2_RESERVE || c->kind == SPC2_RELEASE)
		return spc2_conflict(c);
	if (c->kind != MEDIUM || !st.type || is_holder(reg))
		return NO_CONFLICT;
	if (type_registrants(st.type) && st.key[reg])
		return NO_CONFLICT;
	if (c->medium->access == ANY)
		return NO_CONFLICT;
	if (c->medium->access == READING && type_write_exclusive(st.type))
		return NO_CONFLICT;
	return CONFLICT_FIRST;
}

/* --- PERSISTENT RESERVE OUT: what it ends with.  No function changes anything. */

/* Returns true when the list is not what its action has. */
static inline bool check_list(const struct cmd *c, struct want *w)
{
	bool ids = c->action == REGISTER_AND_MOVE ||
		   (c->action == REGISTER && c->spec_i_pt);

	if (c->list_len < 24) {
		want(w, LIST_LENGTH_ERROR);
	} else if (c->action != REGISTER && c->action != REGISTER_AND_MOVE &&
		   c->spec_i_pt) {
		want(w, INVALID_FIELD_IN_LIST);
		if (c->list_len != 24)
			want(w, LIST_LENGTH_ERROR);
		if (c->action == REPLACE_LOST)
			want(w, INVALID_FIELD_IN_CDB);
	} else if (ids && c->bad_list) {
		want(w, LIST_LENGTH_ERROR);
		want(w, INVALID_FIELD_IN_LIST);
	} else if (!ids && c->list_len != 24) {
		want(w, LIST_LENGTH_ERROR);
	}
	return w->nr;
}

/* The nexuses that a registration is for: those of one port, or of all */
static inline bool concerns_port(const struct cmd *c, int port)
{
	return c->all_tg_pt || port == st.nexus[c->nexus].port;
}

/* ALL_TG_PT: is the initiator registered at another port, in another way? */
static inline bool other_port_differs(const struct cmd *c)
{
	int reg = reg_of_nexus(c->nexus), other, port;

	for (port = 0; port < nr_ports && c->all_tg_pt; port++) {
		other = reg_of(st.nexus[c->nexus].tid, port);
		if (other != reg && st.key[other] &&
		    st.key[other] != st.key[reg])
			return true;
	}
	return false;
}

static inline bool names_registered_one(const struct cmd *c)
{
	int i, port;

	for (i = 0; i < c->nr_ids; i++)
		for (port = 0; port < nr_ports; port++)
			if (concerns_port(c, port) &&
			    st.key[reg_of(c->ids[i], port)])
				return true;
	return false;
}

static inline void check_register(const struct cmd *c, struct want *w)
{
	__u64 key = st.key[reg_of_nexus(c->nexus)];

	if (c->action == REGISTER && c->rk != key) {
		want(w, CONFLICT);
		return;
	}
	if (c->aptpl && !can_save)
		want(w, INVALID_FIELD_IN_LIST);
	if (c->action == REGISTER && other_port_differs(c))
		want(w, CONFLICT);
	if (c->action == REGISTER && c->spec_i_pt && (key || !c->sark))
		want(w, INVALID_FIELD_IN_CDB);
	else if (c->action == REGISTER && c->spec_i_pt &&
		 (c->other_protocol || names_registered_one(c)))
		want(w, INVALID_FIELD_IN_LIST);
	if (!w->nr)
		want(w, GOOD);
}

static inline bool type_and_scope_valid(const struct cmd *c)
{
	return type_valid(c->type) && !c->scope;
}

static inline bool type_and_scope_match(const struct cmd *c)
{
	return c->type == st.type && !c->scope;
}

static inline void check_reserve(const struct cmd *c, struct want *w)
{
	if (!st.type) {
		want(w, type_and_scope_valid(c) ? GOOD : INVALID_FIELD_IN_CDB);
		return;
	}
	if (is_holder(reg_of_nexus(c->nexus)) && type_and_scope_match(c)) {
		want(w, GOOD);
		return;
	}
	want(w, CONFLICT);
	if (!type_and_scope_valid(c))
		want(w, INVALID_FIELD_IN_CDB);
}

static inline void check_release(const struct cmd *c, struct want *w)
{
	if (is_holder(reg_of_nexus(c->nexus)) && !type_and_scope_match(c))
		want(w, INVALID_RELEASE);
	else
		want(w, GOOD);
	if (!type_and_scope_valid(c))
		want(w, INVALID_FIELD_IN_CDB);
}

static inline bool key_registered(__u64 key)
{
	int reg;

	for (reg = 0; reg < MAX_REGS; reg++)
		if (st.key[reg] == key)
			return true;
	return false;
}

/* Is it the reservation that goes, or are it registrations alone? */
static inline bool preempts_reservation(const struct cmd *c)
{
	if (!st.type)
		return false;
	if (type_all_registrants(st.type))
		return !c->sark;
	return st.key[st.holder] == c->sark;
}

static inline void check_preempt(const struct cmd *c, struct want *w)
{
	if (preempts_reservation(c)) {
		want(w, type_and_scope_valid(c) ? GOOD : INVALID_FIELD_IN_CDB);
	} else if (!c->sark) {
		want(w, INVALID_FIELD_IN_LIST);
		if (!type_and_scope_valid(c))
			want(w, INVALID_FIELD_IN_CDB);
	} else {
		/* SCOPE and TYPE are ignored */
		want(w, key_registered(c->sark) ? GOOD : CONFLICT);
	}
}

static inline void check_move(const struct cmd *c, struct want *w)
{
	const struct nexus *nexus = &st.nexus[c->nexus];

	if (!is_holder(reg_of_nexus(c->nexus)) ||
	    type_all_registrants(st.type))
		want(w, CONFLICT);
	else if (!c->sark || c->port < 0 || c->other_protocol ||
		 c->ids[0] == nexus->tid ||
		 (c->aptpl && !can_save))
		want(w, INVALID_FIELD_IN_LIST);
	else
		want(w, GOOD);
}

static inline void check_pr_out(const struct cmd *c, struct want *w)
{
	__u64 key = st.key[reg_of_nexus(c->nexus)];

	if (c->action >= NR_ACTIONS) {
		want(w, INVALID_FIELD_IN_CDB);
		return;
	}
	if (check_list(c, w))
		return;
	if (c->action == REGISTER || c->action == REGISTER_AND_IGNORE) {
		check_register(c, w);
		return;
	}
	if (c->action == REPLACE_LOST) {
		want(w, INVALID_FIELD_IN_CDB);
		return;
	}
	if (!key || c->rk != key) {
		want(w, CONFLICT);
		return;
	}
	switch (c->action) {
	case RESERVE:
		check_reserve(c, w);
		break;
	case RELEASE:
		check_release(c, w);
		break;
	case PREEMPT:
	case PREEMPT_AND_ABORT:
		check_preempt(c, w);
		break;
	case REGISTER_AND_MOVE:
		check_move(c, w);
		break;
	default:
		want(w, GOOD);
	}
}

/* --- PERSISTENT RESERVE OUT: what one that ends with GOOD does */

static inline void no_reservation(void)
{
	st.type = 0;
	st.holder = -1;
}

static inline void set_reservation(int type, int holder)
{
	st.type = type;
	st.holder = type_all_registrants(type) ? -1 : holder;
}

/* The reservation goes with its last registration, or with its holder's. */
static inline void drop_orphaned_reservation(void)
{
	if (type_all_registrants(st.type) ? !nr_registered() :
	    st.type && !st.key[st.holder])
		no_reservation();
}

/*
 * With ALL_TG_PT some go at once, which are not told for certain: it is as if each
 * were registered when the others go, and it is as if the initiator had done it.
 */
static inline void unregister(const struct cmd *c)
{
	int type = st.type, holder = st.holder, reg, port;
	unsigned int gone = 0;

	for (port = 0; port < nr_ports; port++) {
		reg = reg_of(st.nexus[c->nexus].tid, port);
		if (!concerns_port(c, port) || !st.key[reg])
			continue;
		st.key[reg] = 0;
		gone |= BIT(reg);
	}
	drop_orphaned_reservation();
	if (st.type || !type_registrants(type))
		return;
	tell_registered(-1, UA_RESERVATIONS_RELEASED);
	for (reg = 0; reg < MAX_REGS; reg++)
		if ((gone & BIT(reg)) && reg != holder && (gone & (gone - 1)))
			tell_perhaps(reg, UA_RESERVATIONS_RELEASED);
}

static inline void do_register(const struct cmd *c)
{
	int tid = st.nexus[c->nexus].tid, port, i;

	/* Nothing was registered, and nothing is */
	if (!c->sark && !st.key[reg_of_nexus(c->nexus)])
		return;
	st.generation++;
	st.aptpl = c->aptpl;
	if (!c->sark) {
		unregister(c);
		return;
	}
	for (port = 0; port < nr_ports; port++) {
		if (!concerns_port(c, port))
			continue;
		st.key[reg_of(tid, port)] = c->sark;
		for (i = 0; i < c->nr_ids && c->spec_i_pt; i++)
			st.key[reg_of(c->ids[i], port)] = c->sark;
	}
}

static inline void do_release(const struct cmd *c)
{
	int type = st.type;

	if (!is_holder(reg_of_nexus(c->nexus)) || !type_and_scope_match(c))
		return;
	no_reservation();
	if (type_registrants(type))
		tell_registered(reg_of_nexus(c->nexus),
				UA_RESERVATIONS_RELEASED);
}

static inline void do_clear(const struct cmd *c)
{
	tell_registered(reg_of_nexus(c->nexus), UA_RESERVATIONS_PREEMPTED);
	memset(st.key, 0, sizeof(st.key));
	no_reservation();
	st.generation++;
}

static inline void do_preempt(const struct cmd *c)
{
	int own = reg_of_nexus(c->nexus), type = st.type, reg;
	bool reservation = preempts_reservation(c);

	st.generation++;
	for (reg = 0; reg < MAX_REGS; reg++) {
		if (!st.key[reg] || (c->sark && st.key[reg] != c->sark))
			continue;
		if (reg == own && reservation)
			continue;
		st.key[reg] = 0;
		if (reg != own)
			tell(reg, UA_REGISTRATIONS_PREEMPTED);
	}
	if (!reservation) {
		drop_orphaned_reservation();
		return;
	}
	set_reservation(c->type, own);
	if (c->type != type)
		tell_registered(own, UA_RESERVATIONS_RELEASED);
}

static inline void do_move(const struct cmd *c)
{
	int to = reg_of(c->ids[0], c->port);

	st.generation++;
	st.aptpl = c->aptpl;
	st.key[to] = c->sark;
	st.holder = to;
	if (c->unreg)
		st.key[reg_of_nexus(c->nexus)] = 0;
}

static inline void do_pr_out(const struct cmd *c)
{
	switch (c->action) {
	case REGISTER:
	case REGISTER_AND_IGNORE:
		do_register(c);
		break;
	case RESERVE:
		set_reservation(c->type, reg_of_nexus(c->nexus));
		break;
	case RELEASE:
		do_release(c);
		break;
	case CLEAR:
		do_clear(c);
		break;
	case PREEMPT:
	case PREEMPT_AND_ABORT:
		do_preempt(c);
		break;
	case REGISTER_AND_MOVE:
		do_move(c);
		break;
	}
}

/* --- Any command */

static inline void check_cmd(const struct cmd *c, struct want *w)
{
	switch (c->kind) {
	case PR_OUT:
		check_pr_out(c, w);
		break;
	case PR_IN:
		want(w, c->action > 3 ? INVALID_FIELD_IN_CDB : GOOD);
		break;
	case MEDIUM:
		want(w, c->medium->end);
		want(w, c->medium->other_end ?: c->medium->end);
		break;
	default:
		want(w, c->third_party ? INVALID_FIELD_IN_CDB : GOOD);
	}
}

static inline void do_cmd(const struct cmd *c)
{
	int i;

	switch (c->kind) {
	case PR_OUT:
		do_pr_out(c);
		break;
	case SPC2_RESERVE:
		if (!nr_registered())
			st.reserved_by = c->nexus;
		break;
	case SPC2_RELEASE:
		if (st.reserved_by == c->nexus)
			st.reserved_by = -1;
		break;
	case LUN_RESET:
		st.reserved_by = -1;
		for (i = 0; i < nr_nexuses; i++)
			st.nexus[i].ua |= BIT(UA_RESET);
		break;
	default:
		break;
	}
}

static inline bool reports_ua(const struct cmd *c)
{
	if (c->kind == REQUEST_SENSE || c->kind == LUN_RESET)
		return false;
	return c->kind != MEDIUM || !c->medium->skip_ua;
}

/*
 * judge - did a command end as it has to?  The model goes on from how it ended;
 * @w is set to what was wanted, without the unit attentions.
 */
static inline bool judge(const struct cmd *c, __u32 end, struct want *w)
{
	struct nexus *nexus = &st.nexus[c->nexus];
	enum conflict conflicts = conflict(c);

	memset(w, 0, sizeof(*w));
	if (conflicts == CONFLICT_FIRST) {
		want(w, CONFLICT);
		return end == CONFLICT;
	}
	if (conflicts == CONFLICT_EITHER && end == CONFLICT)
		return true;
	if (reports_ua(c)) {
		if (is_unit_attention(end))
			return ua_reported(nexus, end);
		if (!ua_reported(nexus, GOOD))
			return false;
	}
	if (conflicts == CONFLICT_EITHER)
		want(w, CONFLICT);
	else
		check_cmd(c, w);
	if (!wanted(w, end))
		return false;
	if (end == GOOD)
		do_cmd(c);
	return true;
}

#endif /* PR_RULES_H */
