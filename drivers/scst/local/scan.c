// SPDX-License-Identifier: GPL-2.0
/*
 * What a session's LUN map has, the host has: scsi_devices come and go with it.
 *
 * The LUN map is read directly and not by REPORT LUNS, so that it does not
 * matter what is at LUN 0, nor by which method the target reports its LUNs.
 *
 * The mid-layer scans, and lets sd flush its cache, by commands to this very
 * session.  So this is done in work items, which hold no lock of the core, and
 * whoever changes the LUN map waits for them.
 */

#include <linux/workqueue.h>
#include <scsi/scsi_device.h>
#include "local.h"

struct local_work {
	struct work_struct work;
	struct local_sess *ls;
	struct scst_session *sess;
	u64 lun;
};

static void local_run(struct local_sess *ls, struct scst_session *sess,
		      u64 lun, work_func_t fn)
{
	struct local_work lw = { .ls = ls, .sess = sess, .lun = lun };

	INIT_WORK_ONSTACK(&lw.work, fn);
	queue_work(system_unbound_wq, &lw.work);
	flush_work(&lw.work);
	destroy_work_on_stack(&lw.work);
}

/*
 * The LUN of the mid-layer's devices: peripheral device addressing, or flat
 * space addressing where that is too small (SAM-6 4.7.7).  That is what the
 * target reports by default.
 */
static u64 local_sdev_lun(u64 lun)
{
	return lun < 256 ? lun : 0x4000 | lun;
}

/* Whatever the addressing method: a user's own scan may have found it twice. */
static bool local_sdev_is(const struct scsi_device *sdev, u64 lun)
{
	return (sdev->lun & SCST_MAX_LUN) == lun;
}

static void local_remove_sdevs(struct local_sess *ls, u64 lun)
{
	struct scsi_device *sdev;

	shost_for_each_device(sdev, ls->shost)
		if (local_sdev_is(sdev, lun))
			scsi_remove_device(sdev);
	__clear_bit(lun, ls->luns);
}

static void local_add_sdev(struct local_sess *ls, u64 lun)
{
	struct scsi_device *sdev;

	/* There is no need for a scan if scsi_mod.scan is "none". */
	scsi_scan_target(&ls->shost->shost_gendev, 0, 0, local_sdev_lun(lun),
			 SCSI_SCAN_MANUAL);
	sdev = scsi_device_lookup(ls->shost, 0, 0, local_sdev_lun(lun));
	if (!sdev)
		return;
	__set_bit(lun, ls->luns);
	scsi_device_put(sdev);
}

static void local_scan_work(struct work_struct *work)
{
	struct local_work *lw = container_of(work, struct local_work, work);
	struct local_sess *ls = lw->ls;
	unsigned long lun, mapped;

	guard(mutex)(&ls->scan_mutex);
	for_each_set_bit(lun, ls->luns, SCST_MAX_LUN + 1) {
		mapped = lun;
		if (!scst_session_next_lun(lw->sess, &mapped) || mapped != lun)
			local_remove_sdevs(ls, lun);
	}

	/* A scsi_device that a user deleted has its bit: it stays away. */
	for (lun = 0; scst_session_next_lun(lw->sess, &lun); lun++)
		if (!test_bit(lun, ls->luns))
			local_add_sdev(ls, lun);
}

static void local_remove_work(struct work_struct *work)
{
	struct local_work *lw = container_of(work, struct local_work, work);

	guard(mutex)(&lw->ls->scan_mutex);
	local_remove_sdevs(lw->ls, lw->lun);
}

/* Context: process context; the host has been added. */
void local_scan(struct local_sess *ls)
{
	local_run(ls, ls->sess, 0, local_scan_work);
}

/*
 * The core may call these for a session whose host is not there yet, or not any
 * more: then the mid-layer has no devices and does not scan.
 */
void local_luns_changed(struct scst_session *sess)
{
	struct local_sess *ls = local_sess_get(sess);

	if (!ls)
		return;
	local_run(ls, sess, 0, local_scan_work);
	local_sess_put(ls);
}

void local_lun_removing(struct scst_session *sess, u64 lun)
{
	struct local_sess *ls = local_sess_get(sess);

	if (!ls)
		return;
	local_run(ls, sess, lun, local_remove_work);
	local_sess_put(ls);
}
