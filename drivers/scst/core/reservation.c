// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations as commands meet them: who may do what (SPC-6 5.14.1), and RESERVE
 * and RELEASE (SPC-2).
 *
 * Each I_T_L nexus has a byte that says what the reservation of another one keeps it
 * from: all that a command looks at, since the columns of the opcode tables say what
 * it needs.  Whenever reservations, registrations or names of ports change, these
 * bytes are written again.
 *
 * Who waits for the end of commands that executed before is pr_out.c; RESERVE has the
 * unit alone.
 */

#include <kunit/visibility.h>
#include <linux/string.h>
#include "pr.h"

/**
 * enum reservation_bar - what a nexus is kept from
 * @BAR_NONE: nothing
 * @BAR_WRITE: a reservation of a write exclusive type
 * @BAR_ACCESS: one of an exclusive access type
 * @BAR_LOST: nobody knows what there was
 * @BAR_RESERVE: RESERVE of another nexus
 */
enum reservation_bar {
	BAR_NONE,
	BAR_WRITE,
	BAR_ACCESS,
	BAR_LOST,
	BAR_RESERVE,
};

/* The rule that a command has to have, and how others end */
static const struct {
	enum scst_reserve_rule needs;
	scst_sense_t result;
} reservation_bars[] = {
	[BAR_NONE]	= { SCST_RESERVE_CONFLICT, SCST_GOOD },
	[BAR_WRITE]	= { SCST_RESERVE_READ, SCST_RESERVATION_CONFLICT },
	[BAR_ACCESS]	= { SCST_RESERVE_ALLOWED, SCST_RESERVATION_CONFLICT },
	[BAR_LOST]	= { SCST_RESERVE_ALLOWED, SCST_SENSE_RESERVATION_LOST },
	[BAR_RESERVE]	= { SCST_RESERVE_ALWAYS, SCST_RESERVATION_CONFLICT },
};

/**
 * scst_reservation_check - is a command kept out by a reservation?
 * @cmd: command of an I_T_L nexus, whose row is known
 *
 * Context: any.
 * Return: %SCST_GOOD, or how it is to end.
 */
scst_sense_t scst_reservation_check(const struct scst_cmd *cmd)
{
	unsigned int bar = READ_ONCE(cmd->tgt_dev->reservation);
	const struct scst_opcode *op = cmd->op;
	enum scst_reserve_rule rule = op->reserve;

	if (likely(bar == BAR_NONE))
		return SCST_GOOD;
	/* One that is too short may be looked at before it is refused. */
	if (op->reserve_rule && cmd->cdb_len >= op->cdb_len)
		rule = op->reserve_rule(cmd);
	if (rule >= reservation_bars[bar].needs)
		return SCST_GOOD;
	return reservation_bars[bar].result;
}
EXPORT_SYMBOL_IF_KUNIT(scst_reservation_check);

/* ------------------------------------------------------------------------
 * What each nexus is kept from
 */

/* For who holds scst_device.tgt_dev_lock or the RCU read lock */
struct scst_pr_state *scst_pr_state_of(const struct scst_pr *pr)
{
	return rcu_dereference_check(pr->state,
				     lockdep_is_held(&pr->dev->tgt_dev_lock));
}

/* The index of its registration, or -1 */
static int registrant_of(const struct scst_pr_state *state,
			 const struct scst_tgt_dev *td)
{
	const struct scst_transport_id *tid;

	guard(rcu)();
	tid = rcu_dereference(td->sess->transport_id);
	return scst_pr_find_port(state, READ_ONCE(td->sess->tgt->rel_tgt_id),
				 tid->hash, tid->id, tid->len);
}

/* Does it hold the reservation, or may it do all that the holder may? */
static bool nexus_has_access(const struct scst_pr_state *state,
			     const struct scst_tgt_dev *td)
{
	int i = td->registrant;

	return i >= 0 && (scst_pr_registrants_only(state->type) ||
			  scst_pr_holds(state, i));
}

static enum reservation_bar bar_of(const struct scst_tgt_dev *td)
{
	const struct scst_pr *pr = td->dev->pr;
	const struct scst_pr_state *state = scst_pr_state_of(pr);

	if (pr->reserved_by)
		return pr->reserved_by->sess == td->sess ? BAR_NONE :
							   BAR_RESERVE;
	if (state->lost)
		return BAR_LOST;
	if (state->type == SCST_PR_NONE || nexus_has_access(state, td))
		return BAR_NONE;
	switch (state->type) {
	case SCST_PR_WRITE_EXCLUSIVE:
	case SCST_PR_WRITE_EXCLUSIVE_RO:
	case SCST_PR_WRITE_EXCLUSIVE_AR:
		return BAR_WRITE;
	default:
		return BAR_ACCESS;
	}
}

/**
 * scst_reservation_update - tell a nexus what it is kept from
 * @td: I_T_L nexus
 *
 * Context: any; the caller holds scst_device.tgt_dev_lock.
 * Return: true when it is kept from more than before.
 */
bool scst_reservation_update(struct scst_tgt_dev *td)
{
	u8 before = td->reservation;
	enum reservation_bar bar;

	lockdep_assert_held(&td->dev->tgt_dev_lock);
	td->registrant = registrant_of(scst_pr_state_of(td->dev->pr), td);
	bar = bar_of(td);
	WRITE_ONCE(td->reservation, bar);
	return bar > before;
}
EXPORT_SYMBOL_IF_KUNIT(scst_reservation_update);

/* The initiator port of a nexus is known by another name. */
void scst_reservation_nexus_changed(struct scst_tgt_dev *td)
{
	guard(spinlock_irqsave)(&td->dev->tgt_dev_lock);
	scst_reservation_update(td);
}

/* A target port that a unit is mapped at is known by another name. */
void scst_reservation_port_changed(struct scst_device *dev)
{
	struct scst_tgt_dev *td;

	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	list_for_each_entry(td, &dev->tgt_devs, dev_entry)
		scst_reservation_update(td);
}

/* ------------------------------------------------------------------------
 * RESERVE and RELEASE (SPC-2 7.21, 7.16; SPC-6 5.14.3 for what is left of them)
 */

/* Does a RESERVE keep everybody from persistent reservations? (SPC-2 5.5.1) */
bool scst_reserve_held(struct scst_device *dev)
{
	return READ_ONCE(dev->pr->reserved_by);
}

static void reserve_set(struct scst_device *dev, struct scst_tgt_dev *td)
{
	struct scst_tgt_dev *other;

	lockdep_assert_held(&dev->tgt_dev_lock);
	WRITE_ONCE(dev->pr->reserved_by, td);
	/* Registrations are what they were. */
	list_for_each_entry(other, &dev->tgt_devs, dev_entry)
		WRITE_ONCE(other->reservation, bar_of(other));
}

/*
 * Where there are registrations RESERVE and RELEASE do nothing: for who has what they
 * are about by a persistent reservation that is just right, and else it is in
 * conflict.  REPORT CAPABILITIES says so by the CRH bit.
 */
static scst_sense_t reserve_registered(const struct scst_pr_state *state,
				       const struct scst_tgt_dev *td)
{
	if (state->lost)
		return SCST_SENSE_RESERVATION_LOST;
	return state->type != SCST_PR_NONE && nexus_has_access(state, td) ?
	       SCST_GOOD : SCST_RESERVATION_CONFLICT;
}

/**
 * scst_exec_reserve - RESERVE(6) and RESERVE(10)
 * @cmd: command, which has the unit alone
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t scst_exec_reserve(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	const struct scst_pr_state *state;
	struct scst_pr *pr = dev->pr;

	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	/* There may be registrations in a moment. */
	if (pr->busy)
		return SCST_BUSY;
	state = scst_pr_state_of(pr);
	if (state->lost || state->nr)
		return reserve_registered(state, cmd->tgt_dev);
	if (!pr->reserved_by)
		reserve_set(dev, cmd->tgt_dev);
	return pr->reserved_by->sess == cmd->sess ? SCST_GOOD :
						    SCST_RESERVATION_CONFLICT;
}

/**
 * scst_release_rule - reservations and RELEASE
 * @cmd: command
 *
 * Context: any.
 * Return: who has sent no RESERVE is in nobody's way (SPC-2), but persistent
 * reservations of others are in his.
 */
enum scst_reserve_rule scst_release_rule(const struct scst_cmd *cmd)
{
	return scst_reserve_held(cmd->dev) ? SCST_RESERVE_ALWAYS :
					       SCST_RESERVE_CONFLICT;
}

/**
 * scst_exec_release - RELEASE(6) and RELEASE(10)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t scst_exec_release(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	const struct scst_pr_state *state;

	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	state = scst_pr_state_of(dev->pr);
	if (state->lost || state->nr)
		return reserve_registered(state, cmd->tgt_dev);
	/* Who does not hold it is not told. */
	if (dev->pr->reserved_by && dev->pr->reserved_by->sess == cmd->sess)
		reserve_set(dev, NULL);
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * What happens to a nexus
 */

/*
 * It has left the unit's list.  RESERVE is for all LUNs by which an I_T nexus has the
 * unit.
 */
void scst_reservation_leave(struct scst_tgt_dev *td)
{
	struct scst_device *dev = td->dev;
	struct scst_tgt_dev *other;

	lockdep_assert_held(&dev->tgt_dev_lock);
	if (dev->pr->reserved_by != td)
		return;
	list_for_each_entry(other, &dev->tgt_devs, dev_entry)
		if (other->sess == td->sess)
			break;
	if (list_entry_is_head(other, &dev->tgt_devs, dev_entry))
		other = NULL;
	reserve_set(dev, other);
}

/* I_T nexus loss: persistent reservations stay. */
void scst_reservation_nexus_lost(struct scst_tgt_dev *td)
{
	struct scst_pr *pr = td->dev->pr;

	guard(spinlock_irqsave)(&td->dev->tgt_dev_lock);
	if (pr->reserved_by && pr->reserved_by->sess == td->sess)
		reserve_set(td->dev, NULL);
}

/* LOGICAL UNIT RESET: persistent reservations stay. */
void scst_reservation_reset(struct scst_device *dev)
{
	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	if (dev->pr->reserved_by)
		reserve_set(dev, NULL);
}
