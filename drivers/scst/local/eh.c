// SPDX-License-Identifier: GPL-2.0
/*
 * The mid-layer's error handling, as task management of the I_T nexus.
 *
 * The mid-layer reuses a command as soon as a handler has reported success, so
 * none does before the target side has let go of the command, and with it of
 * the initiator's pages.
 */

#include <linux/blk-mq.h>
#include <linux/delay.h>
#include <linux/rcupdate.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include "local.h"

/*
 * A command that a dev handler executes runs to its end, whatever it takes.
 * For others the error handler is right: they wait, and an abort ends that.
 */
enum scsi_timeout_action local_eh_timed_out(struct scsi_cmnd *sc)
{
	const struct local_cmd *lc = scsi_cmd_priv(sc);

	if (!READ_ONCE(lc->owned))
		return SCSI_EH_NOT_HANDLED;

	switch (READ_ONCE(lc->cmd.state)) {
	case SCST_CMD_EXECUTING:
	case SCST_CMD_RESPONDING:
		return SCSI_EH_RESET_TIMER;
	default:
		return SCSI_EH_NOT_HANDLED;
	}
}

/*
 * Returns when the affected commands of the target side have ended.  A user's
 * ioctl may come when the session has gone.
 */
static enum scst_tmf_status local_tmf(struct scsi_cmnd *sc,
				      enum scst_tmf_fn fn, u64 tag)
{
	struct scst_session *sess = local_get_scst_sess(sc->device->host);
	struct scst_tmf tmf = { .fn = fn, .tag = tag };
	enum scst_tmf_status status;

	if (!sess)
		return SCST_TMF_REJECTED;
	int_to_scsilun(sc->device->lun, &tmf.lun);
	status = scst_exec_tmf(sess, &tmf);
	put_device(&sess->dev);
	return status;
}

/*
 * Task management does not see a command that was not yet given to the target
 * side.  There is no wakeup for this: the hot path does not pay for so rare a
 * case.  For an ioctl there is no command that would be used again.
 */
static void local_wait_released(bool (*owned)(struct scsi_cmnd *sc),
				struct scsi_cmnd *sc)
{
	if (sc->submitter == SUBMITTED_BY_SCSI_RESET_IOCTL)
		return;
	while (owned(sc))
		msleep(20);
	/* scsi_done() is called in the RCU section that gave up ownership. */
	synchronize_rcu();
}

static bool local_cmd_owned(struct scsi_cmnd *sc)
{
	const struct local_cmd *lc = scsi_cmd_priv(sc);

	return READ_ONCE(lc->owned);
}

struct local_iter {
	const struct scsi_device *sdev;
	bool found;
};

static bool local_check_owned(struct scsi_cmnd *sc, void *arg)
{
	struct local_iter *iter = arg;

	if (!iter->sdev || iter->sdev == sc->device)
		iter->found |= local_cmd_owned(sc);
	return !iter->found;
}

static bool local_sdev_owned(struct scsi_cmnd *sc)
{
	struct local_iter iter = { .sdev = sc->device };

	scsi_host_busy_iter(sc->device->host, local_check_owned, &iter);
	return iter.found;
}

static bool local_host_owned(struct scsi_cmnd *sc)
{
	struct local_iter iter = {};

	scsi_host_busy_iter(sc->device->host, local_check_owned, &iter);
	return iter.found;
}

int local_eh_abort(struct scsi_cmnd *sc)
{
	struct local_cmd *lc = scsi_cmd_priv(sc);
	enum scst_tmf_status status;

	atomic_inc(&local_stats.aborts);
	WRITE_ONCE(lc->aborting, true);
	status = local_tmf(sc, SCST_ABORT_TASK,
			   blk_mq_unique_tag(scsi_cmd_to_rq(sc)));
	/* SAM-6 7.2: that the command had ended already is no failure. */
	if (status != SCST_TMF_COMPLETE && status != SCST_TMF_NO_TASK)
		return FAILED;
	local_wait_released(local_cmd_owned, sc);
	return SUCCESS;
}

int local_eh_device_reset(struct scsi_cmnd *sc)
{
	atomic_inc(&local_stats.lun_resets);
	if (local_tmf(sc, SCST_LUN_RESET, 0) != SCST_TMF_COMPLETE)
		return FAILED;
	local_wait_released(local_sdev_owned, sc);
	return SUCCESS;
}

/* There is nothing more to try after this: the host has no other target. */
int local_eh_target_reset(struct scsi_cmnd *sc)
{
	atomic_inc(&local_stats.target_resets);
	if (local_tmf(sc, SCST_TARGET_RESET, 0) != SCST_TMF_COMPLETE)
		return FAILED;
	local_wait_released(local_host_owned, sc);
	return SUCCESS;
}
