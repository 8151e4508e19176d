// SPDX-License-Identifier: GPL-2.0
/*
 * Gate: who may be inside together.
 *
 * One piece of code serves twice.  As task set it orders the commands by their
 * task attribute (SAM-6 8.6): SIMPLE enters shared, ORDERED exclusive, HEAD OF
 * QUEUE as head.  As exec gate of a logical unit it is a lock that every
 * executing command holds shared and that those who need the unit alone take
 * exclusively.
 *
 * Fast mode: all entries are shared and each is a percpu_ref_tryget_live().
 * The first exclusive or head entry turns on slow mode, where the spinlock,
 * two lists and plain counters decide.  The entries of the fast mode go on and
 * are counted by the ref; an exclusive entry waits until killing the ref has
 * shown that none is left.  When slow mode was not needed for a while, the ref
 * is resurrected.  block/blk-core.c does the same for queue freezing.
 *
 * The ref is killed and resurrected by the work item alone, so that entering
 * and leaving are possible in any context.
 */

#include <kunit/visibility.h>
#include "core.h"

/*
 * How long slow mode outlives its last use: a stream of ORDERED commands must
 * not pay an RCU grace period for each of them.
 */
#define GATE_LINGER	msecs_to_jiffies(200)

enum gate_entry_state {
	ENTRY_IDLE,		/* outside, or it never had to be counted */
	ENTRY_FAST,		/* inside, counted by the ref */
	ENTRY_SLOW,		/* inside, counted by nr_* */
	ENTRY_WAITING,		/* on the list waiting */
	ENTRY_READY,		/* counted by nr_*, on the list ready */
};

static void gate_kick(struct scst_gate *gate)
{
	mod_delayed_work(scst_wq, &gate->work, 0);
}

static bool gate_may_enter(const struct scst_gate *gate, u8 mode)
{
	lockdep_assert_held(&gate->lock);

	/*
	 * SAM-6 8.6.2, 8.6.3: SIMPLE and ORDERED commands wait for all HEAD OF
	 * QUEUE commands of the task set, not just for the older ones.
	 */
	if (gate->nr_head || gate->nr_exclusive)
		return mode == SCST_GATE_HEAD;
	if (mode == SCST_GATE_EXCLUSIVE)
		return gate->drained && !gate->nr_shared;
	return true;
}

static unsigned int *gate_counter(struct scst_gate *gate, u8 mode)
{
	switch (mode) {
	case SCST_GATE_EXCLUSIVE:
		return &gate->nr_exclusive;
	case SCST_GATE_HEAD:
		return &gate->nr_head;
	default:
		return &gate->nr_shared;
	}
}

static bool gate_idle(const struct scst_gate *gate)
{
	lockdep_assert_held(&gate->lock);

	return list_empty(&gate->waiting) && list_empty(&gate->ready) &&
	       !gate->nr_exclusive && !gate->nr_head;
}

/* The list is in order of arrival, so what the oldest waits for, all do. */
static void gate_grant(struct scst_gate *gate)
{
	struct scst_gate_entry *entry, *next;

	lockdep_assert_held(&gate->lock);

	list_for_each_entry_safe(entry, next, &gate->waiting, list) {
		if (!gate_may_enter(gate, entry->mode))
			break;
		(*gate_counter(gate, entry->mode))++;
		entry->state = ENTRY_READY;
		list_move_tail(&entry->list, &gate->ready);
	}
	if (!list_empty(&gate->ready))
		gate_kick(gate);
	else if (gate->slow && gate_idle(gate))
		queue_delayed_work(scst_wq, &gate->work, GATE_LINGER);
}

static void gate_uncount(struct scst_gate *gate, struct scst_gate_entry *entry)
{
	lockdep_assert_held(&gate->lock);

	if (entry->mode != SCST_GATE_SHARED)
		gate->last_use = jiffies;
	(*gate_counter(gate, entry->mode))--;
	entry->state = ENTRY_IDLE;
	gate_grant(gate);
}

static bool gate_enter_slow(struct scst_gate *gate,
			    struct scst_gate_entry *entry,
			    enum scst_gate_mode mode,
			    void (*resume)(struct scst_gate_entry *entry))
{
	guard(spinlock_irqsave)(&gate->lock);

	/* Who cancelled it will not come again: it must not wait. */
	if (entry->cancelled)
		return true;

	/* Back to fast mode since the caller looked? */
	if (mode == SCST_GATE_SHARED && !gate->slow &&
	    percpu_ref_tryget_live(&gate->ref)) {
		entry->state = ENTRY_FAST;
		return true;
	}

	if (!gate->slow) {
		WRITE_ONCE(gate->slow, true);
		gate->drained = false;
		gate_kick(gate);
	}
	if (mode != SCST_GATE_SHARED)
		gate->last_use = jiffies;

	entry->mode = mode;
	if (mode == SCST_GATE_HEAD ||
	    (list_empty(&gate->waiting) && gate_may_enter(gate, mode))) {
		(*gate_counter(gate, mode))++;
		entry->state = ENTRY_SLOW;
		return true;
	}

	entry->resume = resume;
	entry->state = ENTRY_WAITING;
	list_add_tail(&entry->list, &gate->waiting);
	return false;
}

/**
 * scst_gate_enter - enter a gate
 * @gate: gate
 * @entry: who enters; must have been initialised by scst_gate_entry_init()
 * @mode: how
 * @resume: called when a wait ends; from then on @entry is inside
 *
 * Context: any.  @resume is called from a work item that must not wait for
 * this gate.
 * Return: true when @entry is inside, or was cancelled; false when it waits.
 */
bool scst_gate_enter(struct scst_gate *gate, struct scst_gate_entry *entry,
		     enum scst_gate_mode mode,
		     void (*resume)(struct scst_gate_entry *entry))
{
	if (likely(mode == SCST_GATE_SHARED) &&
	    percpu_ref_tryget_live(&gate->ref)) {
		/*
		 * The flag is read with the reference held: either the one who
		 * set it sees the reference when it drains the ref, or we see
		 * the flag.  Pairs with gate_switch(): what was done by those
		 * who had the gate alone is seen.
		 */
		if (likely(!smp_load_acquire(&gate->slow))) {
			WRITE_ONCE(entry->state, ENTRY_FAST);
			return true;
		}
		percpu_ref_put(&gate->ref);
	}
	return gate_enter_slow(gate, entry, mode, resume);
}
EXPORT_SYMBOL_IF_KUNIT(scst_gate_enter);

/**
 * scst_gate_is_open - does nobody have a gate alone, or wait to have it so?
 * @gate: gate
 *
 * Slow mode by itself, which outlives its last use, keeps nobody out.  The answer
 * may be wrong soon.
 *
 * Context: any.
 * Return: true when a shared entry would be inside at once.
 */
bool scst_gate_is_open(struct scst_gate *gate)
{
	guard(spinlock_irqsave)(&gate->lock);
	return list_empty(&gate->waiting) &&
	       gate_may_enter(gate, SCST_GATE_SHARED);
}
EXPORT_SYMBOL_IF_KUNIT(scst_gate_is_open);

/**
 * scst_gate_leave - leave a gate
 * @gate: gate
 * @entry: who leaves; a no-op when it is not inside
 *
 * Context: any.
 */
void scst_gate_leave(struct scst_gate *gate, struct scst_gate_entry *entry)
{
	if (likely(entry->state == ENTRY_FAST)) {
		WRITE_ONCE(entry->state, ENTRY_IDLE);
		percpu_ref_put(&gate->ref);
		return;
	}
	if (entry->state == ENTRY_IDLE)
		return;

	guard(spinlock_irqsave)(&gate->lock);
	gate_uncount(gate, entry);
}
EXPORT_SYMBOL_IF_KUNIT(scst_gate_leave);

/**
 * scst_gate_downgrade - have a gate no longer alone
 * @gate: gate
 * @entry: who entered exclusively and is inside; shares it from now on
 *
 * Context: any.
 */
void scst_gate_downgrade(struct scst_gate *gate, struct scst_gate_entry *entry)
{
	guard(spinlock_irqsave)(&gate->lock);
	gate->last_use = jiffies;
	gate->nr_exclusive--;
	gate->nr_shared++;
	entry->mode = SCST_GATE_SHARED;
	gate_grant(gate);
}
EXPORT_SYMBOL_IF_KUNIT(scst_gate_downgrade);

/**
 * scst_gate_cancel - end the wait of an entry, or keep it from waiting
 * @gate: gate
 * @entry: who may wait
 *
 * Context: any.
 * Return: true when @entry waited: it is outside now and resume() will not be
 * called.  False when it did not wait, and it never will.
 */
bool scst_gate_cancel(struct scst_gate *gate, struct scst_gate_entry *entry)
{
	guard(spinlock_irqsave)(&gate->lock);

	entry->cancelled = true;
	switch (READ_ONCE(entry->state)) {
	case ENTRY_WAITING:
		list_del(&entry->list);
		entry->state = ENTRY_IDLE;
		gate_grant(gate);
		return true;
	case ENTRY_READY:
		list_del(&entry->list);
		gate_uncount(gate, entry);
		return true;
	default:
		return false;
	}
}
EXPORT_SYMBOL_IF_KUNIT(scst_gate_cancel);

struct gate_close_entry {
	struct scst_gate_entry entry;
	struct completion done;
};

static void gate_close_resume(struct scst_gate_entry *entry)
{
	struct gate_close_entry *close =
		container_of(entry, struct gate_close_entry, entry);

	complete(&close->done);
}

/**
 * scst_gate_close - have a gate alone
 * @gate: gate
 * @entry: to be given to scst_gate_leave() to open the gate again
 *
 * Waits until everything inside has left and keeps everything else out.
 *
 * Context: process context, may sleep; not from resume().
 */
void scst_gate_close(struct scst_gate *gate, struct scst_gate_entry *entry)
{
	struct gate_close_entry close = {
		.done = COMPLETION_INITIALIZER_ONSTACK(close.done),
	};

	scst_gate_entry_init(&close.entry);
	if (!scst_gate_enter(gate, &close.entry, SCST_GATE_EXCLUSIVE,
			     gate_close_resume))
		wait_for_completion(&close.done);
	*entry = close.entry;
}
EXPORT_SYMBOL_IF_KUNIT(scst_gate_close);

/* No entry of the fast mode is left.  In any context: only kick the work. */
static void gate_ref_release(struct percpu_ref *ref)
{
	struct scst_gate *gate = container_of(ref, struct scst_gate, ref);

	guard(spinlock_irqsave)(&gate->lock);
	gate->drained = true;
	gate_grant(gate);
	wake_up_all(&gate->drain_wait);
}

static bool gate_may_go_fast(const struct scst_gate *gate)
{
	return gate->slow && gate->drained && gate_idle(gate) &&
	       time_after_eq(jiffies, gate->last_use + GATE_LINGER);
}

/* Kill the ref, or bring it back, as the mode wants it. */
static void gate_switch(struct scst_gate *gate)
{
	bool kill, fast, live;

	scoped_guard(spinlock_irqsave, &gate->lock) {
		kill = gate->slow && gate->ref_live && !gate->drained;
		if (kill)
			gate->ref_live = false;
		fast = gate_may_go_fast(gate);
		live = gate->ref_live;
	}

	if (kill)
		percpu_ref_kill(&gate->ref);
	if (!fast)
		return;

	if (!live)
		percpu_ref_resurrect(&gate->ref);
	guard(spinlock_irqsave)(&gate->lock);
	gate->ref_live = true;
	/*
	 * If an entry came meanwhile, slow mode goes on with a live ref that
	 * nobody can hold, because the flag is tested with the ref held; it
	 * still counts as drained.
	 */
	if (gate_idle(gate))
		/* Pairs with scst_gate_enter() */
		smp_store_release(&gate->slow, false);
}

static void gate_resume(struct scst_gate *gate)
{
	struct scst_gate_entry *entry;

	for (;;) {
		scoped_guard(spinlock_irqsave, &gate->lock) {
			entry = list_first_entry_or_null(&gate->ready,
							 struct scst_gate_entry,
							 list);
			if (!entry)
				return;
			list_del(&entry->list);
			entry->state = ENTRY_SLOW;
		}
		entry->resume(entry);
		cond_resched();
	}
}

static void gate_work(struct work_struct *work)
{
	struct scst_gate *gate = container_of(to_delayed_work(work),
					      struct scst_gate, work);

	gate_switch(gate);
	gate_resume(gate);

	guard(spinlock_irqsave)(&gate->lock);
	if (gate->slow && gate_idle(gate))
		queue_delayed_work(scst_wq, &gate->work, GATE_LINGER);
}

/**
 * scst_gate_init - initialise a gate
 * @gate: gate
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int scst_gate_init(struct scst_gate *gate)
{
	spin_lock_init(&gate->lock);
	INIT_LIST_HEAD(&gate->waiting);
	INIT_LIST_HEAD(&gate->ready);
	INIT_DELAYED_WORK(&gate->work, gate_work);
	init_waitqueue_head(&gate->drain_wait);
	gate->ref_live = true;
	return percpu_ref_init(&gate->ref, gate_ref_release,
			       PERCPU_REF_ALLOW_REINIT, GFP_KERNEL);
}
EXPORT_SYMBOL_IF_KUNIT(scst_gate_init);

/**
 * scst_gate_exit - destroy a gate
 * @gate: gate that nobody is inside or waits for; a gate whose initialisation
 *	failed, or that is all zeroes, is fine too
 *
 * Context: process context, may sleep.
 */
void scst_gate_exit(struct scst_gate *gate)
{
	if (!gate->work.work.func)
		return;

	cancel_delayed_work_sync(&gate->work);
	/* A killed ref is still used by RCU until it has been released. */
	if (gate->ref.data && !gate->ref_live)
		wait_event(gate->drain_wait, READ_ONCE(gate->drained));
	/* gate_ref_release() may hold the lock, or have kicked the work */
	scoped_guard(spinlock_irq, &gate->lock)
		gate->slow = false;
	cancel_delayed_work_sync(&gate->work);
	percpu_ref_exit(&gate->ref);
}
EXPORT_SYMBOL_IF_KUNIT(scst_gate_exit);
