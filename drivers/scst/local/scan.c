// SPDX-License-Identifier: GPL-2.0
/*
 * What a session's LUN map has, the host has: scsi_devices come and go with it.
 *
 * The LUN map is read directly and not by REPORT LUNS, so that it does not
 * matter what is at LUN 0, nor by which method the target reports its LUNs.
 *
 * The mid-layer scans, and lets sd flush its cache, by commands to this very
 * session: whoever changes the LUN map does this without a lock of the core.
 */

#include <scsi/scsi_device.h>
#include "local.h"

/*
 * The LUN of the mid-layer's devices: peripheral device addressing, or flat
 * space addressing where that is too small (SAM-6 4.7.7).  That is what the
 * target reports by default.
 */
static u64 local_sdev_lun(u64 lun)
{
	return lun < 256 ? lun : 0x4000 | lun;
}

static bool local_mapped(struct scst_session *sess, u64 lun)
{
	unsigned long next = lun;

	return scst_session_next_lun(sess, &next) && next == lun;
}

/*
 * Whatever the addressing method: a user's own scan may have found a LUN twice,
 * or after it was to go.
 */
static void local_remove_sdevs(struct local_sess *ls, struct scst_session *sess)
{
	struct Scsi_Host *shost = ls->shost;
	struct scsi_device *sdev;
	unsigned long lun;

	/* A scan that saw a LUN just before it went ends first. */
	mutex_lock(&shost->scan_mutex);
	mutex_unlock(&shost->scan_mutex);

	shost_for_each_device(sdev, shost)
		if (!local_mapped(sess, sdev->lun & SCST_MAX_LUN))
			scsi_remove_device(sdev);
	/* One that a user's "delete" is just removing was passed over. */
	mutex_lock(&shost->scan_mutex);
	mutex_unlock(&shost->scan_mutex);
	for_each_set_bit(lun, ls->luns, SCST_MAX_LUN + 1)
		if (!local_mapped(sess, lun))
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

/**
 * local_scan - let the host have what the LUN map has
 * @ls: session.  Nothing is done when its host could not be added; when it was
 *	removed again, the mid-layer has no devices and does not scan.
 * @sess: the same on the target side
 *
 * Context: process context, no locks of the core.
 */
void local_scan(struct local_sess *ls, struct scst_session *sess)
{
	unsigned long lun;

	guard(mutex)(&ls->scan_mutex);
	if (!ls->added)
		return;
	local_remove_sdevs(ls, sess);

	/* A scsi_device that a user deleted has its bit: it stays away. */
	for (lun = 0; scst_session_next_lun(sess, &lun); lun++)
		if (!test_bit(lun, ls->luns))
			local_add_sdev(ls, lun);
}

/* The core may call this for a session whose host is not there, or has gone. */
void local_luns_changed(struct scst_session *sess)
{
	struct local_sess *ls = local_sess_get(sess);

	if (!ls)
		return;
	local_scan(ls, sess);
	local_sess_put(ls);
}
