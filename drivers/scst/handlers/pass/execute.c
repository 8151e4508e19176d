// SPDX-License-Identifier: GPL-2.0
/* Commands that no initiator has sent. */

#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_eh.h>
#include "pass.h"

#define EXECUTE_ATTEMPTS	3

/**
 * pass_execute - have the device execute a command of our own
 * @pass: unit, whose device is held
 * @cdb: CDB
 * @buf: data-in, or NULL
 * @len: bytes of it
 * @timeout: how long each try may take, in jiffies
 * @sshdr: set to what the device says of the last one
 *
 * Unit attention conditions, which initiators have not heard of, are passed on to them.
 *
 * Context: process context; waits for I/O.
 * Return: 0; a result with status and host byte; or a negative errno.
 */
int pass_execute(struct pass_unit *pass, const u8 *cdb, void *buf, unsigned int len,
		 unsigned int timeout, struct scsi_sense_hdr *sshdr)
{
	const struct scsi_exec_args args = { .sshdr = sshdr };
	unsigned int i;
	int ret = 0;

	for (i = 0; i < EXECUTE_ATTEMPTS; i++) {
		memset(sshdr, 0, sizeof(*sshdr));
		ret = scsi_execute_cmd(pass->sdev, cdb, REQ_OP_DRV_IN, buf, len, timeout,
				       0, &args);
		if (ret <= 0 || !scsi_sense_valid(sshdr) ||
		    sshdr->sense_key != UNIT_ATTENTION)
			break;
		pass_tell(pass->unit, sshdr, NULL);
	}
	return ret;
}

/* ------------------------------------------------------------------------
 * Quiescing
 */

#define QUIESCE_TIMEOUT		(2 * 60 * HZ)

/* NOT READY: what the device does in the background (SPC-6 annex of sense codes) */
static bool quiesce_is_busy(const struct scsi_sense_hdr *sshdr)
{
	switch (sshdr->ascq) {
	case 0x04:	/* FORMAT IN PROGRESS */
	case 0x07:	/* OPERATION IN PROGRESS */
	case 0x08:	/* LONG WRITE IN PROGRESS */
	case 0x1b:	/* SANITIZE IN PROGRESS */
		return sshdr->asc == 0x04;
	default:
		return false;
	}
}

/* A device without a cache, or a medium, or one that is not written, has nothing. */
static int quiesce_error(const struct scsi_sense_hdr *sshdr)
{
	if (!scsi_sense_valid(sshdr))
		return -EIO;
	switch (sshdr->sense_key) {
	case NO_SENSE:
	case RECOVERED_ERROR:
	case ILLEGAL_REQUEST:
	case DATA_PROTECT:
		return 0;
	case NOT_READY:
		return quiesce_is_busy(sshdr) ? -EBUSY : 0;
	default:
		return -EIO;
	}
}

/**
 * pass_quiesce - have the device write what it has in its cache or buffer
 * @dev: unit, of which no command executes
 *
 * Context: process context; waits for I/O.
 * Return: 0; -EBUSY while it does something in the background; -EIO or another negative
 * errno.
 */
int pass_quiesce(struct scst_device *dev)
{
	static const u8 synchronize_cache[10] = { SYNCHRONIZE_CACHE };
	/* None at all: the buffer is written (SSC-5) */
	static const u8 write_filemarks[6] = { WRITE_FILEMARKS };
	struct pass_unit *pass = to_pass_unit(dev);
	struct scsi_sense_hdr sshdr;
	const u8 *cdb;
	int ret;

	switch (dev->type->type) {
	case TYPE_DISK:
	case TYPE_MOD:
	case TYPE_ROM:
		cdb = synchronize_cache;
		break;
	case TYPE_TAPE:
		cdb = write_filemarks;
		break;
	default:
		return 0;
	}
	if (READ_ONCE(pass->gone))
		return 0;
	ret = pass_execute(pass, cdb, NULL, 0, QUIESCE_TIMEOUT, &sshdr);
	/* Whoever has fenced this host off writes now. */
	if (READ_ONCE(pass->gone) ||
	    (ret > 0 && (ret & 0xff) == SAM_STAT_RESERVATION_CONFLICT))
		return 0;
	return ret > 0 ? quiesce_error(&sshdr) : ret;
}
