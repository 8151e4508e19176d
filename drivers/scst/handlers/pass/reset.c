// SPDX-License-Identifier: GPL-2.0
/*
 * Resets of a device at the wish of initiators.
 *
 * The other users of the device suffer too, as they would by the reset of a device
 * that they share by its ports.
 */

#include <linux/delay.h>
#include <linux/sched/mm.h>
#include <linux/wait_bit.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_eh.h>
#include <scsi/scsi_host.h>
#include <scsi/sg.h>
#include "pass.h"

/* How long a host adapter may take to end the commands of a device it has reset */
#define RESET_GRACE_MS		2000
#define RESET_POLL_MS		20

#define RESET_TUR_TIMEOUT	(5 * HZ)
#define RESET_TUR_ATTEMPTS	3

/* How long a reset waits for others of the host adapter */
#define RESET_TURN_TIMEOUT	(30 * HZ)

/**
 * struct reset_scan - a look at the requests of a host adapter
 * @pass: the device whose are meant
 * @begin: those that came before, in jiffies
 * @nr: number of them
 * @abort: have them time out
 */
struct reset_scan {
	struct pass_unit *pass;
	unsigned long begin;
	unsigned int nr;
	bool abort;
};

static bool reset_look_at(struct request *rq, void *data)
{
	const struct scsi_cmnd *scmd = blk_mq_rq_to_pdu(rq);
	struct reset_scan *scan = data;

	if (rq->q != scan->pass->sdev->request_queue || !pass_is_ours(rq) ||
	    time_after(scmd->jiffies_at_alloc, scan->begin))
		return true;
	scan->nr++;
	if (scan->abort)
		blk_abort_request(rq);
	return true;
}

/* How many requests from before the reset the device has not ended */
static unsigned int reset_scan(struct reset_scan *scan)
{
	/* As long as it is held the device does not go, nor the tags of its adapter. */
	guard(mutex)(&scan->pass->going);
	scan->nr = 0;
	if (!scan->pass->gone)
		blk_mq_tagset_busy_iter(&scan->pass->sdev->host->tag_set,
					reset_look_at, scan);
	return scan->nr;
}

/*
 * Host adapters differ in whether they end the commands of a device that they have
 * reset.  What is left after a while times out, and error recovery takes care of it.
 */
static void reset_end_requests(struct pass_unit *pass, unsigned long begin)
{
	struct reset_scan scan = { .pass = pass, .begin = begin };
	unsigned int ms;

	for (ms = 0; ms < RESET_GRACE_MS && reset_scan(&scan); ms += RESET_POLL_MS)
		msleep(RESET_POLL_MS);
	scan.abort = true;
	reset_scan(&scan);
}

/* ------------------------------------------------------------------------
 * A host adapter is told of one thing at a time
 */

/**
 * struct reset_turn - a device that is being reset
 * @entry: in the list of all
 * @host: its host adapter
 */
struct reset_turn {
	struct list_head entry;
	const struct Scsi_Host *host;
};

static DEFINE_SPINLOCK(reset_lock);	/* protects reset_turns */
static LIST_HEAD(reset_turns);

static bool reset_try_begin(struct reset_turn *turn)
{
	const struct reset_turn *other;

	guard(spinlock)(&reset_lock);
	list_for_each_entry(other, &reset_turns, entry)
		if (other->host == turn->host)
			return false;
	list_add(&turn->entry, &reset_turns);
	return true;
}

static void reset_end(struct reset_turn *turn)
{
	scoped_guard(spinlock, &reset_lock)
		list_del(&turn->entry);
	/* Pairs with the barrier in wait_var_event_timeout() */
	smp_mb();
	wake_up_var(&reset_turns);
}

static int reset_device(struct scsi_device *sdev)
{
	struct reset_turn turn = { .host = sdev->host };
	int ret = -ENODEV;

	/*
	 * Not for ever: where units stand for disks of our own targets a reset may
	 * come to the adapter that it began with.
	 */
	if (!wait_var_event_timeout(&reset_turns, reset_try_begin(&turn),
				    RESET_TURN_TIMEOUT))
		return -EBUSY;
	/* Not in the middle of error recovery, which may just be doing it */
	if (scsi_block_when_processing_errors(sdev))
		ret = scsi_reset_device(sdev, SG_SCSI_RESET_DEVICE |
					      SG_SCSI_RESET_NO_ESCALATE);
	reset_end(&turn);
	return ret;
}

/*
 * The device tells of the reset too, which initiators hear of from the core.  What else
 * it tells they would not hear.
 */
static void reset_clear_attentions(struct pass_unit *pass)
{
	struct scsi_sense_hdr sshdr;
	unsigned int i;
	int ret;

	for (i = 0; i < RESET_TUR_ATTEMPTS; i++) {
		/* A single try: it would not say what it has met in the others. */
		ret = scsi_test_unit_ready(pass->sdev, RESET_TUR_TIMEOUT, 1,
					   &sshdr);
		if (ret <= 0 || !scsi_sense_valid(&sshdr) ||
		    sshdr.sense_key != UNIT_ATTENTION)
			break;
		if (sshdr.asc != ASC_RESET)
			pass_tell(pass->unit, &sshdr, NULL);
	}
	WRITE_ONCE(pass->reset_told, false);
	pass_reset_noted(pass);
}

/**
 * pass_aborted - a unit is being reset: what was aborted has ended
 * @dev: unit
 *
 * What the device has to tell waits till now: a command that was aborted before the
 * host adapter had got it, the first one at least, ends with that, instead of being
 * executed.
 *
 * Context: process context, may sleep.
 */
void pass_aborted(struct scst_device *dev)
{
	struct pass_unit *pass = to_pass_unit(dev);

	if (READ_ONCE(pass->held) && !pass_get_device(pass)) {
		if (xchg(&pass->reset_done, false))
			reset_clear_attentions(pass);
		scsi_device_put(pass->sdev);
	}
	atomic_dec(&pass->nr_resetting);
}

/**
 * pass_abort - a unit is being reset: end what the device executes
 * @dev: unit
 *
 * Context: process context, may sleep.
 */
void pass_abort(struct scst_device *dev)
{
	struct pass_unit *pass = to_pass_unit(dev);
	unsigned long begin = jiffies;
	unsigned int noio;
	int ret;

	atomic_inc(&pass->nr_resetting);
	/*
	 * An unbound device is the host's alone.  One that is being unbound may have
	 * commands until it is not held any more.
	 */
	if (!READ_ONCE(pass->held) || pass_get_device(pass))
		return;
	noio = memalloc_noio_save();
	ret = reset_device(pass->sdev);
	if (ret)
		dev_notice_ratelimited(&dev->dev, "the device cannot be reset\n");
	memalloc_noio_restore(noio);
	reset_end_requests(pass, begin);
	if (!ret)
		WRITE_ONCE(pass->reset_done, true);
	scsi_device_put(pass->sdev);
}
