// SPDX-License-Identifier: GPL-2.0
/* GET LBA STATUS (SBC-5): which blocks the store has space for. */

#include <kunit/visibility.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/* REPORT TYPE */
#define LBA_REPORT_ALL		0x00
#define LBA_REPORT_ERRORS	0x01	/* with additional status */
#define LBA_REPORT_MAPPED	0x02
#define LBA_REPORT_DEALLOCATED	0x03
#define LBA_REPORT_ANCHORED	0x04
#define LBA_REPORT_LAST		LBA_REPORT_ANCHORED

/* Parameter data */
#define LBA_STATUS_HEADER	8
#define LBA_STATUS_DESC		16
#define LBA_STATUS_MAX_DESCS	64
#define LBA_STATUS_RTP		0x01	/* byte 7: REPORT TYPE was heeded */
#define LBA_STATUS_DONE_ALLOC	0x02	/* COMPLETION CONDITION */
#define LBA_STATUS_DONE_SCAN	0x04
#define LBA_STATUS_DONE_END	0x06
/* Provisioning status */
#define LBA_STATUS_MAPPED	0
#define LBA_STATUS_DEALLOCATED	1

/**
 * struct vdisk_lba_status - scst_cmd.priv of GET LBA STATUS
 * @work: for the worker
 * @type: REPORT TYPE
 * @end: block behind the last one to be reported
 * @scan: @end is there because of SCAN LENGTH
 */
struct vdisk_lba_status {
	struct vdisk_work work;
	u8 type;
	u64 end;
	bool scan;
};

static struct vdisk_lba_status *to_lba_status(struct scst_cmd *cmd)
{
	BUILD_BUG_ON(sizeof(struct vdisk_lba_status) > SCST_CMD_PRIV_SIZE);
	return (struct vdisk_lba_status *)cmd->priv;
}

/*
 * Blocks from @lba on that are alike.  A block that is mapped in part is mapped.
 * A unit that is fully provisioned has no others.
 */
static u64 lba_status_extent(struct vdisk *vd, u64 lba, u64 end, bool *mapped)
{
	u8 shift = vd->dev->block_shift;
	u64 pos = lba << shift;
	u64 len = (end - lba) << shift;

	*mapped = true;
	if (!vd->type->ops->map || !vdisk_is_thin(vd))
		return end - lba;
	if (vd->type->ops->map(vd, pos, &len, mapped)) {
		*mapped = true;
		return end - lba;
	}
	if (*mapped)
		len = round_up(len, vd->dev->block_size);
	else if (len < vd->dev->block_size)
		*mapped = true;
	return min(max(len >> shift, 1ULL), end - lba);
}

static bool lba_status_wanted(u8 type, bool mapped)
{
	switch (type) {
	case LBA_REPORT_ALL:
		return true;
	case LBA_REPORT_MAPPED:
		return mapped;
	case LBA_REPORT_DEALLOCATED:
		return !mapped;
	default:
		return false;
	}
}

static void lba_status_put(u8 *desc, u64 lba, u32 nblocks, bool mapped)
{
	put_unaligned_be64(lba, desc);
	put_unaligned_be32(nblocks, desc + 8);
	desc[12] = mapped ? LBA_STATUS_MAPPED : LBA_STATUS_DEALLOCATED;
}

/**
 * vdisk_lba_status_fill - build the descriptors of GET LBA STATUS
 * @cmd: command, whose lba is the STARTING LOGICAL BLOCK ADDRESS
 * @type: REPORT TYPE
 * @end: block behind the last one to be looked at; set to where it stopped
 * @desc: where to, zeroed
 * @max: descriptors that fit
 *
 * Context: worker.
 * Return: number of descriptors.
 */
VISIBLE_IF_KUNIT
unsigned int vdisk_lba_status_fill(const struct scst_cmd *cmd, u8 type, u64 *end,
				   u8 *desc, unsigned int max)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	unsigned int nr = 0;
	u64 lba = cmd->lba;
	bool mapped;
	u64 n;

	/* Whatever the store says, no block is one of these. */
	if (type == LBA_REPORT_ERRORS || type == LBA_REPORT_ANCHORED)
		return 0;
	for (; lba < *end && nr < max && !scst_cmd_aborted(cmd); lba += n) {
		n = min(lba_status_extent(vd, lba, *end, &mapped), U32_MAX);
		cond_resched();
		if (!lba_status_wanted(type, mapped))
			continue;
		lba_status_put(desc + nr * LBA_STATUS_DESC, lba, n, mapped);
		nr++;
	}
	*end = lba;
	return nr;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_lba_status_fill);

static scst_sense_t lba_status_work(struct scst_cmd *cmd)
{
	const struct vdisk_lba_status *ls = to_lba_status(cmd);
	u64 end = ls->end;
	unsigned int max, nr;
	u32 len;

	/* At least one, however little is asked for */
	max = cmd->xfer_len < LBA_STATUS_HEADER + 2 * LBA_STATUS_DESC ? 1 :
	      min((cmd->xfer_len - LBA_STATUS_HEADER) / LBA_STATUS_DESC,
		  LBA_STATUS_MAX_DESCS);
	u8 *buf __free(kfree) = kzalloc(LBA_STATUS_HEADER +
					max * LBA_STATUS_DESC, GFP_NOIO);
	if (!buf)
		return SCST_BUSY;
	nr = vdisk_lba_status_fill(cmd, ls->type, &end, buf + LBA_STATUS_HEADER,
				   max);
	len = LBA_STATUS_HEADER + nr * LBA_STATUS_DESC;
	put_unaligned_be32(len - 4, buf);
	buf[7] = LBA_STATUS_RTP;
	if (end < ls->end)
		buf[7] |= LBA_STATUS_DONE_ALLOC;
	else
		buf[7] |= ls->scan ? LBA_STATUS_DONE_SCAN : LBA_STATUS_DONE_END;
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}

/* The CDB of 32 bytes also says how many blocks to look at, 0 being all. */
static scst_sense_t lba_status_check(struct scst_cmd *cmd)
{
	struct vdisk_lba_status *ls = to_lba_status(cmd);
	bool is_32 = cmd->op->cdb_len == 32;
	u8 type_at = is_32 ? 10 : 14;
	scst_sense_t sense;
	u32 scan = 0;

	cmd->lba = get_unaligned_be64(cmd->cdb + (is_32 ? 12 : 2));
	cmd->nblocks = 1;
	sense = vdisk_check_access(cmd);
	if (sense != SCST_GOOD)
		return sense;
	ls->type = cmd->cdb[type_at];
	if (ls->type > LBA_REPORT_LAST)
		return scst_cmd_cdb_error(cmd, type_at, 8);
	if (is_32)
		scan = get_unaligned_be32(cmd->cdb + 20);
	ls->end = cmd->dev->nblocks;
	ls->scan = scan && scan < ls->end - cmd->lba;
	if (ls->scan)
		ls->end = cmd->lba + scan;
	return SCST_GOOD;
}

/**
 * vdisk_exec_get_lba_status - GET LBA STATUS(16) and (32)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_get_lba_status(struct scst_cmd *cmd)
{
	scst_sense_t sense = lba_status_check(cmd);

	if (sense != SCST_GOOD || !cmd->xfer_len)
		return sense;
	/* To look into a file may need I/O. */
	if (to_vdisk(cmd->dev)->type->ops->map)
		return vdisk_queue_work(cmd, lba_status_work);
	return lba_status_work(cmd);
}

/**
 * vdisk_decode_get_lba_status_32 - ALLOCATION LENGTH of GET LBA STATUS(32)
 * @cmd: command
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t vdisk_decode_get_lba_status_32(struct scst_cmd *cmd)
{
	cmd->xfer_len = get_unaligned_be32(cmd->cdb + 28);
	return SCST_GOOD;
}
