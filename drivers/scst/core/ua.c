// SPDX-License-Identifier: GPL-2.0
/*
 * Unit attention conditions (SAM-6 5.14).
 *
 * What is pending for an I_T_L nexus is a bitmap, so that establishing a
 * condition cannot fail and the command path reads one word to see that there
 * is none.  test_and_set_bit() and test_and_clear_bit(), by which a condition is
 * raised and reported, are full memory barriers: who clears a condition before
 * looking at what it is about sees at least the change that had raised it, and a
 * later change raises it again.
 *
 * REPORTED LUNS DATA HAS CHANGED is for all LUNs of a session at once.  So as not
 * to visit thousands of them for each that comes or goes, the session counts the
 * changes, and a nexus sets the bit when it finds that it has missed some.
 */

#include <kunit/visibility.h>
#include <linux/bitops.h>
#include <trace/events/scst.h>
#include "core.h"

/*
 * The order in which conditions are reported is that of enum scst_ua, not that
 * in which they came: SAM-6 5.14 wants those of power on, reset and nexus loss
 * before all others, since these tell that state is gone, and leaves the rest to
 * the device server.  Those that say that something has changed are independent
 * of one another: each tells the initiator what to read again, which has the
 * latest value whenever it does so.  So neither their order nor how often each
 * happened says anything, and a bit for each is all that there is to know.
 *
 * SAM-6 6.2 ranks the conditions that a power on, a reset and an I_T nexus loss
 * establish: one of them stands for all that it includes, which are not
 * reported after it.  COMMANDS CLEARED is among these, since the commands of
 * the nexus were aborted in each of the three, and what a previous command had
 * ended with.  What says that something has changed is never dropped: an
 * initiator is told of each change by name.
 */
#define UA_OF_STATUS	(BIT(SCST_UA_PREVIOUS_BUSY) | \
			 BIT(SCST_UA_PREVIOUS_TASK_SET_FULL) | \
			 BIT(SCST_UA_PREVIOUS_CONFLICT))
#define UA_OF_COMMANDS	(BIT(SCST_UA_COMMANDS_CLEARED) | UA_OF_STATUS)

/* What became of reservations and registrations with a unit is nobody else's. */
#define UA_OF_RESERVATIONS	(BIT(SCST_UA_RESERVATIONS_PREEMPTED) | \
				 BIT(SCST_UA_RESERVATIONS_RELEASED) | \
				 BIT(SCST_UA_REGISTRATIONS_PREEMPTED))

static const struct {
	scst_sense_t sense;
	unsigned long includes;
} ua_table[SCST_UA_NR] = {
	[SCST_UA_POWER_ON] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x29, 0x00),
		.includes = BIT(SCST_UA_RESET) | BIT(SCST_UA_NEXUS_LOSS) |
			    UA_OF_COMMANDS,
	},
	[SCST_UA_RESET] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x29, 0x03),
		.includes = BIT(SCST_UA_NEXUS_LOSS) | UA_OF_COMMANDS,
	},
	[SCST_UA_NEXUS_LOSS] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x29, 0x07),
		.includes = UA_OF_COMMANDS,
	},
	[SCST_UA_MEDIUM_CHANGED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x28, 0x00),
	},
	[SCST_UA_COMMANDS_CLEARED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2f, 0x00),
	},
	[SCST_UA_PREVIOUS_BUSY] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2c, 0x07),
	},
	[SCST_UA_PREVIOUS_TASK_SET_FULL] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2c, 0x08),
	},
	[SCST_UA_PREVIOUS_CONFLICT] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2c, 0x09),
	},
	[SCST_UA_RESERVATIONS_PREEMPTED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x03),
	},
	[SCST_UA_RESERVATIONS_RELEASED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x04),
	},
	[SCST_UA_REGISTRATIONS_PREEMPTED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x05),
	},
	[SCST_UA_ACCESS_STATE_CHANGED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x06),
	},
	[SCST_UA_ACCESS_TRANSITION_FAILED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x07),
	},
	[SCST_UA_MODE_CHANGED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x01),
	},
	[SCST_UA_LOG_CHANGED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x02),
	},
	[SCST_UA_CAPACITY_CHANGED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x09),
	},
	[SCST_UA_TIMESTAMP_CHANGED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x10),
	},
	[SCST_UA_SPACE_THRESHOLD] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x38, 0x07),
	},
	[SCST_UA_INQUIRY_CHANGED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x3f, 0x03),
	},
	[SCST_UA_IDENTIFIER_CHANGED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x3f, 0x05),
	},
	[SCST_UA_LUNS_CHANGED] = {
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x3f, 0x0e),
	},
};

/* Of scst_tgt_dev.ua on 32 bits, and of scst_cmd.ua */
static_assert(SCST_UA_NR <= 32 && SCST_UA_NR < U8_MAX);

static scst_sense_t ua_sense(const struct scst_tgt_dev *td, unsigned int ua)
{
	u16 code;

	if (likely(ua < SCST_UA_OTHER))
		return ua_table[ua].sense;
	/* The bit was set after it, by an atomic operation that orders both. */
	smp_rmb();
	code = READ_ONCE(td->dev->other_uas[ua - SCST_UA_OTHER]);
	return SCST_SENSE(UNIT_ATTENTION, code >> 8, code & 0xff);
}

/**
 * scst_ua_set - establish a unit attention condition
 * @td: I_T_L nexus
 * @ua: condition; nothing happens when it is pending already
 *
 * Context: any.
 */
void scst_ua_set(struct scst_tgt_dev *td, enum scst_ua ua)
{
	if (!test_and_set_bit(ua, &td->ua))
		trace_scst_ua_set(td->sess, td->dev, td->lun, ua,
				  ua_sense(td, ua));
}
EXPORT_SYMBOL_IF_KUNIT(scst_ua_set);

/**
 * scst_ua_inherit - take over what was not reported
 * @td: I_T_L nexus that has taken the place of @old, so that it is found by now
 * @old: I_T_L nexus
 *
 * Context: any.
 */
void scst_ua_inherit(struct scst_tgt_dev *td, const struct scst_tgt_dev *old)
{
	unsigned long pending = READ_ONCE(old->ua);
	bool same = td->dev == old->dev;
	unsigned int ua;

	/* Only the unit knows what the nameless ones are. */
	if (!same)
		pending &= ~UA_OF_RESERVATIONS & GENMASK(SCST_UA_OTHER - 1, 0);
	for_each_set_bit(ua, &pending, SCST_UA_NR)
		scst_ua_set(td, ua);
	if (!same)
		return;
	guard(spinlock_irqsave)(&td->dev->tgt_dev_lock);
	td->medium_events |= old->medium_events;
}

static void ua_clear_included(struct scst_tgt_dev *td, unsigned int ua)
{
	unsigned long includes = ua_table[ua].includes;
	unsigned int bit;

	for_each_set_bit(bit, &includes, SCST_UA_NR)
		clear_bit(bit, &td->ua);
}

/* Did the LUN map change, and neither we nor REPORT LUNS have told of it? */
static void ua_note_luns(struct scst_tgt_dev *td)
{
	const struct scst_session *sess = td->sess;
	int old = READ_ONCE(td->luns_gen), gen = atomic_read(&sess->luns_gen);

	if (likely(old == gen))
		return;
	/*
	 * First the bit: who copies both, see acg_swap(), is to find one of
	 * them.  gen may have wrapped around.
	 */
	if (gen - READ_ONCE(sess->luns_reported) > 0)
		scst_ua_set(td, SCST_UA_LUNS_CHANGED);
	/* Another command of the nexus may be faster. */
	cmpxchg(&td->luns_gen, old, gen);
}

/**
 * scst_ua_pop - take the most important pending unit attention condition
 * @cmd: command that will report it, so that it is not pending any more
 *	(SAM-6 5.14)
 *
 * Context: any.
 * Return: sense code, or %SCST_GOOD when none was pending.
 */
scst_sense_t scst_ua_pop(struct scst_cmd *cmd)
{
	struct scst_tgt_dev *td = cmd->tgt_dev;
	unsigned long pending;

	ua_note_luns(td);
	while ((pending = READ_ONCE(td->ua))) {
		unsigned int ua = __ffs(pending);
		/* Without its bit a code may become another one. */
		scst_sense_t sense = ua_sense(td, ua);

		/* Another command of the nexus may have been faster. */
		if (!test_and_clear_bit(ua, &td->ua))
			continue;
		ua_clear_included(td, ua);
		cmd->ua = ua + 1;
		trace_scst_ua_reported(td->sess, td->dev, td->lun, ua, sense);
		return sense;
	}
	return SCST_GOOD;
}
EXPORT_SYMBOL_IF_KUNIT(scst_ua_pop);

/**
 * scst_ua_peek - the most important pending unit attention condition
 * @td: I_T_L nexus
 * @nr: set to the number of pending conditions
 *
 * Context: any.
 * Return: sense code, or %SCST_GOOD when none is pending.
 */
scst_sense_t scst_ua_peek(struct scst_tgt_dev *td, unsigned int *nr)
{
	unsigned long pending;

	ua_note_luns(td);
	pending = READ_ONCE(td->ua);
	*nr = hweight_long(pending);
	return pending ? ua_sense(td, __ffs(pending)) : SCST_GOOD;
}
EXPORT_SYMBOL_IF_KUNIT(scst_ua_peek);

/**
 * scst_ua_report - what a command has to end with before all else
 * @cmd: command that is no exception to unit attention conditions
 *
 * With UA_INTLCK_CTRL of 10b or 11b the condition stays until REQUEST SENSE
 * clears it (SPC-6, control mode page).
 *
 * The core does it before it executes a command.  For handlers, when one finds that it
 * has to end with what has come up since.
 *
 * Context: any.
 * Return: sense code, or %SCST_GOOD when no condition is pending.
 */
scst_sense_t scst_ua_report(struct scst_cmd *cmd)
{
	unsigned int nr;

	if (READ_ONCE(cmd->dev->ua_intlck) >= SCST_UA_INTLCK_KEEP)
		return scst_ua_peek(cmd->tgt_dev, &nr);
	return scst_ua_pop(cmd);
}
EXPORT_SYMBOL_GPL(scst_ua_report);

/**
 * scst_ua_of_status - a command ends with a status other than CHECK CONDITION
 * @cmd: command
 *
 * With UA_INTLCK_CTRL of 11b some of these establish a condition, unless there
 * is one of that kind already (SPC-6, control mode page).
 *
 * Context: any.
 */
void scst_ua_of_status(struct scst_cmd *cmd)
{
	struct scst_tgt_dev *td = cmd->tgt_dev;

	if (!td || READ_ONCE(cmd->dev->ua_intlck) != SCST_UA_INTLCK_STATUS ||
	    (READ_ONCE(td->ua) & UA_OF_STATUS))
		return;
	switch (cmd->status) {
	case SAM_STAT_BUSY:
		scst_ua_set(td, SCST_UA_PREVIOUS_BUSY);
		break;
	case SAM_STAT_TASK_SET_FULL:
		scst_ua_set(td, SCST_UA_PREVIOUS_TASK_SET_FULL);
		break;
	case SAM_STAT_RESERVATION_CONFLICT:
		scst_ua_set(td, SCST_UA_PREVIOUS_CONFLICT);
		break;
	}
}
EXPORT_SYMBOL_IF_KUNIT(scst_ua_of_status);

/**
 * scst_ua_unpop - establish again what was not reported after all
 * @cmd: command that was aborted after scst_ua_pop()
 *
 * Context: any.
 */
void scst_ua_unpop(struct scst_cmd *cmd)
{
	scst_ua_set(cmd->tgt_dev, cmd->ua - 1);
	cmd->ua = 0;
}
EXPORT_SYMBOL_IF_KUNIT(scst_ua_unpop);

static void ua_set_all(struct scst_device *dev, enum scst_ua ua,
		       const struct scst_cmd *except)
{
	struct scst_tgt_dev *td;

	lockdep_assert_held(&dev->tgt_dev_lock);
	list_for_each_entry(td, &dev->tgt_devs, dev_entry)
		if (!except || td != except->tgt_dev)
			scst_ua_set(td, ua);
}

/**
 * scst_device_ua - establish a unit attention condition for all initiators
 * @dev: logical unit
 * @ua: condition
 * @except: command that caused it, whose I_T_L nexus is not told, or NULL
 *
 * Context: any.
 */
void scst_device_ua(struct scst_device *dev, enum scst_ua ua,
		    struct scst_cmd *except)
{
	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	if (ua == SCST_UA_MEDIUM_CHANGED)
		WRITE_ONCE(dev->medium_gen, dev->medium_gen + 1);
	ua_set_all(dev, ua, except);
}
EXPORT_SYMBOL_GPL(scst_device_ua);

/* Which bits of nameless conditions are pending for anybody, from bit 0 on */
static unsigned long ua_busy_others(struct scst_device *dev)
{
	struct scst_tgt_dev *td;
	unsigned long busy = 0;

	lockdep_assert_held(&dev->tgt_dev_lock);
	list_for_each_entry(td, &dev->tgt_devs, dev_entry)
		busy |= READ_ONCE(td->ua);
	return busy >> SCST_UA_OTHER;
}

static void ua_clear_all(struct scst_device *dev, enum scst_ua ua)
{
	struct scst_tgt_dev *td;

	lockdep_assert_held(&dev->tgt_dev_lock);
	list_for_each_entry(td, &dev->tgt_devs, dev_entry)
		clear_bit(ua, &td->ua);
}

/*
 * A code has a bit of its own for as long as that is pending anywhere.  When all of
 * them are, one code in turn is lost for the new one.
 */
static enum scst_ua ua_of_code(struct scst_device *dev, u16 code)
{
	unsigned long busy = ua_busy_others(dev);
	unsigned int i;

	for_each_set_bit(i, &busy, SCST_NR_OTHER_UAS)
		if (dev->other_uas[i] == code)
			return SCST_UA_OTHER + i;
	i = ffz(busy);
	if (i >= SCST_NR_OTHER_UAS) {
		i = dev->next_other_ua;
		dev->next_other_ua = (i + 1) % SCST_NR_OTHER_UAS;
		ua_clear_all(dev, SCST_UA_OTHER + i);
	}
	WRITE_ONCE(dev->other_uas[i], code);
	return SCST_UA_OTHER + i;
}

/**
 * scst_device_other_ua - establish a unit attention condition that has no name here
 * @dev: logical unit that stands for a device of this host
 * @asc: additional sense code
 * @ascq: its qualifier
 * @except: as in scst_device_ua()
 *
 * Of more than %SCST_NR_OTHER_UAS different ones that have not been reported some
 * are lost.
 *
 * Context: any.
 * Return: the condition; scst_cmd.ua has that plus one.
 */
enum scst_ua scst_device_other_ua(struct scst_device *dev, u8 asc, u8 ascq,
				  struct scst_cmd *except)
{
	enum scst_ua ua;

	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	ua = ua_of_code(dev, asc << 8 | ascq);
	ua_set_all(dev, ua, except);
	return ua;
}
EXPORT_SYMBOL_GPL(scst_device_other_ua);

/**
 * scst_ua_luns_changed - tell an initiator that its LUN map changed
 * @sess: I_T nexus
 * @except_lun: LUN that is new and need not tell it, or %SCST_LUN_INVALID
 *
 * Context: the caller holds scst_tgt.mutex.
 */
void scst_ua_luns_changed(struct scst_session *sess, u64 except_lun)
{
	int gen = atomic_inc_return(&sess->luns_gen);
	struct scst_tgt_dev *td;

	guard(rcu)();
	td = xa_load(scst_luns(sess), except_lun);
	if (!td)
		return;
	WRITE_ONCE(td->luns_gen, gen);
	/* A command may have looked in between. */
	clear_bit(SCST_UA_LUNS_CHANGED, &td->ua);
}
EXPORT_SYMBOL_IF_KUNIT(scst_ua_luns_changed);

/**
 * scst_ua_luns_reported - the initiator is about to read its LUN map
 * @sess: I_T nexus
 *
 * REPORT LUNS clears REPORTED LUNS DATA HAS CHANGED for all logical units of
 * the nexus (SPC-6, REPORT LUNS).  To be called before the map is read, so that a
 * change that the answer misses is reported.
 *
 * Context: any.
 */
void scst_ua_luns_reported(struct scst_session *sess)
{
	struct scst_tgt_dev *td;
	struct xarray *luns;
	unsigned long lun;

	WRITE_ONCE(sess->luns_reported, atomic_read(&sess->luns_gen));
	/* The map is read after the number of its changes. */
	smp_mb();
	guard(rcu)();
	luns = scst_luns(sess);
	xa_for_each(luns, lun, td)
		clear_bit(SCST_UA_LUNS_CHANGED, &td->ua);
	/* And after the conditions of the changes that it shows are gone. */
	smp_mb__after_atomic();
}
