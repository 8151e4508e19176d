// SPDX-License-Identifier: GPL-2.0
/*
 * What a PERSISTENT RESERVE OUT makes of registrations and reservation (SPC-6 5.14
 * and 6.15).
 *
 * Nothing here knows of sessions, locks and files: an action takes the state that
 * there is, and makes another one and a list of what has to follow.
 */

#include <kunit/visibility.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "pr.h"

/* Fields of the parameter list, for sense data */
#define LIST_SA_KEY		8
#define LIST_TRANSPORT_IDS	24
/* And of the CDB */
#define CDB_TYPE		2

/* Registrations up to which SPEC_I_PT adds some */
#define PR_MAX_NAMED		(SCST_PR_MAX_REGISTRANTS / 4 * 3)

/* ------------------------------------------------------------------------
 * States
 */

/**
 * scst_pr_state_alloc - make a state without registrations
 * @max: registrations that there has to be room for
 *
 * Context: process context, may sleep.
 * Return: the state, or NULL.
 */
struct scst_pr_state *scst_pr_state_alloc(unsigned int max)
{
	size_t size = struct_size_t(struct scst_pr_state, regs, max);
	struct scst_pr_state *state;

	state = kvzalloc(size + max * sizeof(*state->hashes), GFP_KERNEL);
	if (!state)
		return NULL;
	state->hashes = (void *)state + size;
	return state;
}
EXPORT_SYMBOL_IF_KUNIT(scst_pr_state_alloc);

/* Free a state that nobody reads, or NULL. */
void scst_pr_state_free(struct scst_pr_state *state)
{
	kvfree(state);
}
EXPORT_SYMBOL_IF_KUNIT(scst_pr_state_free);

/**
 * scst_pr_find_port - find the registration of an initiator port at a target port
 * @state: where
 * @rel_tgt_id: relative target port identifier
 * @hash: scst_transport_id_hash() of @tid
 * @tid: TransportID of the initiator port
 * @tid_len: bytes of @tid
 *
 * Context: any.
 * Return: its index, or -1.
 */
int scst_pr_find_port(const struct scst_pr_state *state, u16 rel_tgt_id,
		      u32 hash, const u8 *tid, u16 tid_len)
{
	unsigned int i;

	for (i = 0; i < state->nr; i++)
		if (state->hashes[i] == hash &&
		    scst_nexus_is(&state->regs[i].nexus, rel_tgt_id, hash, tid,
				  tid_len))
			return i;
	return -1;
}

/* The same, by the name of the nexus */
int scst_pr_find(const struct scst_pr_state *state,
		 const struct scst_nexus_id *nexus)
{
	return scst_pr_find_port(state, nexus->rel_tgt_id, nexus->hash,
				 nexus->tid, nexus->tid_len);
}
EXPORT_SYMBOL_IF_KUNIT(scst_pr_find);

/**
 * scst_pr_holds - does a registrant hold the reservation?
 * @state: registrations and reservation
 * @i: index of the registrant
 *
 * Context: any.
 * Return: true if there is a reservation, and this one holds it.
 */
bool scst_pr_holds(const struct scst_pr_state *state, unsigned int i)
{
	if (state->type == SCST_PR_NONE)
		return false;
	return scst_pr_all_registrants(state->type) || i == state->holder;
}
EXPORT_SYMBOL_IF_KUNIT(scst_pr_holds);

static bool pr_has_key(const struct scst_pr_state *state, u64 key)
{
	unsigned int i;

	for (i = 0; i < state->nr; i++)
		if (state->regs[i].key == key)
			return true;
	return false;
}

/* The state has room for it: see pr_copy(). */
static unsigned int pr_add(struct scst_pr_state *state,
			   const struct scst_nexus_id *nexus, u64 key)
{
	struct scst_registrant *reg = &state->regs[state->nr];

	reg->key = key;
	reg->nexus = *nexus;
	scst_pr_added(state);
	return state->nr - 1;
}

/* The reservation goes with the last one that holds it. */
static void pr_remove(struct scst_pr_state *state, unsigned int i)
{
	if (scst_pr_holds(state, i) &&
	    (!scst_pr_all_registrants(state->type) || state->nr == 1))
		state->type = SCST_PR_NONE;
	if (state->holder > i)
		state->holder--;
	state->nr--;
	memmove(&state->regs[i], &state->regs[i + 1],
		(state->nr - i) * sizeof(state->regs[0]));
	memmove(&state->hashes[i], &state->hashes[i + 1],
		(state->nr - i) * sizeof(state->hashes[0]));
}

/* All with this key but one, or all without exception when @keep is -1 */
static void pr_remove_key(struct scst_pr_state *state, u64 key, int keep)
{
	unsigned int i = state->nr;

	while (i-- > 0)
		if (state->regs[i].key == key && i != keep)
			pr_remove(state, i);
}

/* ------------------------------------------------------------------------
 * Actions
 */

/*
 * What the functions below work on.
 * @req: command
 * @change: what it does; @change->new is a copy of the state
 * @own: index of the sender's registration, or -1
 */
struct pr_action {
	const struct scst_pr_request *req;
	struct scst_pr_change *change;
	int own;
};

static scst_sense_t pr_param_error(const struct pr_action *act, u16 byte)
{
	return scst_cmd_param_error(act->req->cmd, byte, 8);
}

/* SCOPE and TYPE of a reservation that is to be */
static scst_sense_t pr_check_type(const struct pr_action *act)
{
	/* LU_SCOPE is the only one that is not obsolete. */
	if (act->req->scope)
		return scst_cmd_cdb_error(act->req->cmd, CDB_TYPE, 7);
	if (!scst_pr_type_valid(act->req->type))
		return scst_cmd_cdb_error(act->req->cmd, CDB_TYPE, 3);
	return SCST_GOOD;
}

/* Let go of a registration at its owner's wish. */
static void pr_unregister(struct pr_action *act, unsigned int i)
{
	struct scst_pr_state *new = act->change->new;
	u8 type = new->type;

	pr_remove(new, i);
	/* SPC-6 5.14.11.3: others had a share in these. */
	if (type != new->type && scst_pr_registrants_only(type))
		act->change->released = true;
}

/* One nexus of a REGISTER by a nexus that is registered, or by any, with IGNORE */
static void pr_reregister(struct pr_action *act,
			  const struct scst_nexus_id *nexus)
{
	struct scst_pr_state *new = act->change->new;
	int i = scst_pr_find(new, nexus);

	if (i >= 0 && !act->req->sa_key)
		pr_unregister(act, i);
	else if (i >= 0)
		new->regs[i].key = act->req->sa_key;
	else if (act->req->sa_key)
		pr_add(new, nexus, act->req->sa_key);
}

static bool same_initiator(const struct scst_nexus_id *a,
			   const struct scst_nexus_id *b)
{
	return a->tid_len == b->tid_len && !memcmp(a->tid, b->tid, a->tid_len);
}

static scst_sense_t pr_register_new(struct pr_action *act)
{
	const struct scst_pr_request *req = act->req;
	struct scst_pr_state *new = act->change->new;
	unsigned int i;

	if (!req->sa_key)
		return SCST_GOOD;
	for (i = 0; i < req->nr_nexuses; i++) {
		if (scst_pr_find(new, &req->nexuses[i]) < 0)
			pr_add(new, &req->nexuses[i], req->sa_key);
		else if (same_initiator(&req->nexuses[i], &req->nexuses[0]))
			/* As if it had been sent through that port */
			return SCST_RESERVATION_CONFLICT;
		else
			return pr_param_error(act, LIST_TRANSPORT_IDS);
	}
	/* Nobody can name so many that there is no room for who is there. */
	if (req->spec_i_pt && new->nr > PR_MAX_NAMED)
		return SCST_SENSE_NO_REGISTRATION_RESOURCES;
	new->generation++;
	return SCST_PENDING;
}

static scst_sense_t pr_register_again(struct pr_action *act)
{
	const struct scst_pr_request *req = act->req;
	const struct scst_pr_state *old = act->change->old;
	unsigned int i;
	int at;

	for (i = 0; i < req->nr_nexuses; i++) {
		at = scst_pr_find(old, &req->nexuses[i]);
		if (at >= 0 && old->regs[at].key != req->key)
			return SCST_RESERVATION_CONFLICT;
	}
	for (i = 0; i < req->nr_nexuses; i++)
		pr_reregister(act, &req->nexuses[i]);
	act->change->new->generation++;
	return SCST_PENDING;
}

static scst_sense_t pr_register(struct pr_action *act)
{
	act->change->new->aptpl = act->req->aptpl;
	return act->own < 0 ? pr_register_new(act) : pr_register_again(act);
}

static bool pr_any_registered(const struct pr_action *act)
{
	const struct scst_pr_request *req = act->req;
	unsigned int i;

	for (i = 0; i < req->nr_nexuses; i++)
		if (scst_pr_find(act->change->old, &req->nexuses[i]) >= 0)
			return true;
	return false;
}

static scst_sense_t pr_register_and_ignore(struct pr_action *act)
{
	const struct scst_pr_request *req = act->req;
	unsigned int i;

	if (!req->sa_key && !pr_any_registered(act))
		return SCST_GOOD;
	act->change->new->aptpl = req->aptpl;
	for (i = 0; i < req->nr_nexuses; i++)
		pr_reregister(act, &req->nexuses[i]);
	act->change->new->generation++;
	return SCST_PENDING;
}

static scst_sense_t pr_reserve(struct pr_action *act)
{
	struct scst_pr_state *new = act->change->new;
	scst_sense_t sense = pr_check_type(act);

	if (sense != SCST_GOOD)
		return sense;
	if (new->type != SCST_PR_NONE)
		return scst_pr_holds(new, act->own) &&
		       new->type == act->req->type ?
			       SCST_GOOD : SCST_RESERVATION_CONFLICT;
	new->type = act->req->type;
	new->holder = act->own;
	return SCST_PENDING;
}

static scst_sense_t pr_release(struct pr_action *act)
{
	struct scst_pr_state *new = act->change->new;

	if (!scst_pr_holds(new, act->own))
		return SCST_GOOD;
	if (act->req->scope || act->req->type != new->type)
		return SCST_SENSE_INVALID_RELEASE;
	act->change->released = scst_pr_registrants_only(new->type);
	new->type = SCST_PR_NONE;
	return SCST_PENDING;
}

static scst_sense_t pr_clear(struct pr_action *act)
{
	struct scst_pr_state *new = act->change->new;

	act->change->removed_ua = SCST_UA_RESERVATIONS_PREEMPTED;
	act->change->preempted = new->nr > 1;
	new->type = SCST_PR_NONE;
	new->nr = 0;
	new->generation++;
	return SCST_PENDING;
}

/* SPC-6 5.14.11.4: the reservation becomes the sender's. */
static scst_sense_t pr_preempt_reservation(struct pr_action *act)
{
	const struct scst_pr_request *req = act->req;
	struct scst_pr_change *change = act->change;
	struct scst_pr_state *new = change->new;
	scst_sense_t sense = pr_check_type(act);
	unsigned int i = new->nr;

	if (sense != SCST_GOOD)
		return sense;
	if (req->sa_key) {
		/* Not with the reservation: that is the sender's next. */
		new->type = SCST_PR_NONE;
		pr_remove_key(new, req->sa_key, act->own);
	} else {
		/* Of all registrants: they all go. */
		while (i-- > 0)
			if (i != act->own)
				pr_remove(new, i);
	}
	new->type = req->type;
	new->holder = scst_pr_find(new, &req->nexuses[0]);
	change->released = new->type != change->old->type;
	return SCST_PENDING;
}

static scst_sense_t pr_preempt_registrations(struct pr_action *act)
{
	const struct scst_pr_request *req = act->req;
	struct scst_pr_state *new = act->change->new;

	if (!req->sa_key)
		return pr_param_error(act, LIST_SA_KEY);
	if (!pr_has_key(new, req->sa_key))
		return SCST_RESERVATION_CONFLICT;
	pr_remove_key(new, req->sa_key, -1);
	return SCST_PENDING;
}

static bool pr_preempts_reservation(const struct pr_action *act)
{
	const struct scst_pr_state *old = act->change->old;

	if (old->type == SCST_PR_NONE)
		return false;
	if (scst_pr_all_registrants(old->type))
		return !act->req->sa_key;
	return old->regs[old->holder].key == act->req->sa_key;
}

/* Has anybody but the sender lost a registration? */
static bool pr_others_lost(const struct pr_action *act)
{
	const struct scst_pr_change *change = act->change;
	bool own = scst_pr_find(change->new, &act->req->nexuses[0]) < 0;

	return change->old->nr - change->new->nr > own;
}

static scst_sense_t pr_preempt(struct pr_action *act)
{
	struct scst_pr_change *change = act->change;
	scst_sense_t result;

	if (pr_preempts_reservation(act))
		result = pr_preempt_reservation(act);
	else
		result = pr_preempt_registrations(act);
	if (result != SCST_PENDING)
		return result;
	change->removed_ua = SCST_UA_REGISTRATIONS_PREEMPTED;
	change->preempted = pr_others_lost(act);
	change->new->generation++;
	return SCST_PENDING;
}

static scst_sense_t pr_preempt_and_abort(struct pr_action *act)
{
	act->change->abort = true;
	return pr_preempt(act);
}

static scst_sense_t pr_register_and_move(struct pr_action *act)
{
	const struct scst_pr_request *req = act->req;
	const struct scst_nexus_id *to = &req->nexuses[1];
	struct scst_pr_state *new = act->change->new;
	int i;

	if (!req->sa_key)
		return pr_param_error(act, LIST_SA_KEY);
	/* Through whichever target port */
	if (same_initiator(to, &req->nexuses[0]))
		return pr_param_error(act, LIST_TRANSPORT_IDS);

	i = scst_pr_find(new, to);
	if (i < 0)
		i = pr_add(new, to, req->sa_key);
	new->regs[i].key = req->sa_key;
	new->holder = i;
	if (req->unreg)
		pr_remove(new, act->own);
	new->aptpl = req->aptpl;
	new->generation++;
	return SCST_PENDING;
}

static scst_sense_t pr_replace_lost(struct pr_action *act)
{
	const struct scst_pr_request *req = act->req;
	struct scst_pr_state *new = act->change->new;
	scst_sense_t sense;

	if (!new->lost)
		return scst_cmd_cdb_error(req->cmd, 1, 4);
	if (req->key)
		return pr_param_error(act, 0);
	if (!req->sa_key)
		return pr_param_error(act, LIST_SA_KEY);
	sense = pr_check_type(act);
	if (sense != SCST_GOOD)
		return sense;
	new->lost = false;
	new->aptpl = req->aptpl;
	new->type = req->type;
	new->holder = pr_add(new, &req->nexuses[0], req->sa_key);
	new->generation++;
	return SCST_PENDING;
}

/*
 * The actions; @registered ones are those of registered nexuses that tell their
 * key.
 */
static const struct {
	scst_sense_t (*run)(struct pr_action *act);
	bool registered;
} pr_actions[] = {
	[PROUT_REGISTER]		= { pr_register },
	[PROUT_RESERVE]			= { pr_reserve, .registered = true },
	[PROUT_RELEASE]			= { pr_release, .registered = true },
	[PROUT_CLEAR]			= { pr_clear, .registered = true },
	[PROUT_PREEMPT]			= { pr_preempt, .registered = true },
	[PROUT_PREEMPT_AND_ABORT]	= { pr_preempt_and_abort,
					    .registered = true },
	[PROUT_REGISTER_AND_IGNORE]	= { pr_register_and_ignore },
	[PROUT_REGISTER_AND_MOVE]	= { pr_register_and_move,
					    .registered = true },
	[PROUT_REPLACE_LOST]		= { pr_replace_lost },
};

/* A copy with room for those that may be added */
static struct scst_pr_state *pr_copy(const struct scst_pr_state *old,
				     unsigned int more)
{
	struct scst_pr_state *new = scst_pr_state_alloc(old->nr + more);

	if (!new)
		return NULL;
	new->generation = old->generation;
	new->type = old->type;
	new->aptpl = old->aptpl;
	new->lost = old->lost;
	new->holder = old->holder;
	new->nr = old->nr;
	memcpy(new->regs, old->regs, old->nr * sizeof(*old->regs));
	memcpy(new->hashes, old->hashes, old->nr * sizeof(*old->hashes));
	return new;
}

static scst_sense_t pr_check_register(const struct scst_pr_request *req,
				      const struct scst_pr_state *state, int own)
{
	if (req->key != (own < 0 ? 0 : state->regs[own].key))
		return SCST_RESERVATION_CONFLICT;
	/* Others come with a new registration only. */
	if (req->spec_i_pt && (own >= 0 || !req->sa_key))
		return scst_cmd_cdb_error(req->cmd, 1, 4);
	return SCST_GOOD;
}

/**
 * scst_pr_check_sender - may the sender of a PERSISTENT RESERVE OUT ask for that?
 * @req: command, parsed; the first one of @req->nexuses is the sender
 * @state: registrations and reservation
 *
 * Comes before all that is to be said about what its parameters mean.
 *
 * Context: any.
 * Return: %SCST_GOOD, or how it ends.
 */
scst_sense_t scst_pr_check_sender(const struct scst_pr_request *req,
				  const struct scst_pr_state *state)
{
	int own = scst_pr_find(state, &req->nexuses[0]);

	if (state->lost && req->action != PROUT_REPLACE_LOST)
		return SCST_SENSE_RESERVATION_LOST;
	if (req->action == PROUT_REGISTER)
		return pr_check_register(req, state, own);
	if (!pr_actions[req->action].registered)
		return SCST_GOOD;
	if (own < 0 || state->regs[own].key != req->key)
		return SCST_RESERVATION_CONFLICT;
	if (req->action == PROUT_REGISTER_AND_MOVE &&
	    (!scst_pr_holds(state, own) || scst_pr_all_registrants(state->type)))
		return SCST_RESERVATION_CONFLICT;
	return SCST_GOOD;
}
EXPORT_SYMBOL_IF_KUNIT(scst_pr_check_sender);

/**
 * scst_pr_apply - find out what a PERSISTENT RESERVE OUT does
 * @req: command, parsed, whose sender may ask for that: scst_pr_check_sender()
 * @change: @change->old is what there is; all else is set
 *
 * Context: process context, may sleep for memory.
 * Return: %SCST_PENDING when the state changes to @change->new, which is the
 * caller's; or how the command ends without a change.
 */
scst_sense_t scst_pr_apply(const struct scst_pr_request *req,
			   struct scst_pr_change *change)
{
	struct pr_action act = { .req = req, .change = change };
	scst_sense_t result;

	*change = (struct scst_pr_change) {
		.old = change->old,
		.removed_ua = SCST_UA_NR,
	};
	act.own = scst_pr_find(change->old, &req->nexuses[0]);
	change->new = pr_copy(change->old, req->nr_nexuses);
	if (!change->new)
		return SCST_TASK_SET_FULL;
	result = pr_actions[req->action].run(&act);
	if (result == SCST_PENDING &&
	    change->new->nr > SCST_PR_MAX_REGISTRANTS)
		result = SCST_SENSE_NO_REGISTRATION_RESOURCES;
	if (result != SCST_PENDING) {
		scst_pr_state_free(change->new);
		change->new = NULL;
	}
	return result;
}
EXPORT_SYMBOL_IF_KUNIT(scst_pr_apply);
