// SPDX-License-Identifier: GPL-2.0
/* MODE SELECT (SPC-6, SBC-5). */

#include <kunit/visibility.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "mode.h"

/* CDB, byte 1 */
#define SELECT_PF		0x10
#define SELECT_SP		0x01

/*
 * Capacity and block length are the user's to set: the initiator may only say
 * what they are.  Zero blocks, and all ones, mean as many as there are (SBC-5,
 * mode parameter block descriptors).
 */
static scst_sense_t mode_check_block_desc(struct scst_cmd *cmd, const u8 *desc,
					  u32 at, bool longlba)
{
	const struct scst_device *dev = cmd->dev;
	u64 nblocks, all;
	u32 block_size;

	if (longlba) {
		nblocks = get_unaligned_be64(desc);
		all = U64_MAX;
		block_size = get_unaligned_be32(desc + 12);
	} else {
		nblocks = get_unaligned_be32(desc);
		all = U32_MAX;
		block_size = get_unaligned_be24(desc + 5);
	}
	if (nblocks && nblocks != all && nblocks != dev->nblocks)
		return scst_cmd_param_error(cmd, at, 8);
	if (block_size != dev->block_size)
		return scst_cmd_param_error(cmd, at + (longlba ? 12 : 5), 8);
	return SCST_GOOD;
}

/* Checks what precedes the pages and sets @at to where they begin. */
static scst_sense_t mode_check_header(struct scst_cmd *cmd, const u8 *buf,
				      u32 len, u32 *at)
{
	bool is_10 = mode_is_10(cmd->cdb);
	u32 header = is_10 ? MODE_HEADER_10_LEN : MODE_HEADER_6_LEN;
	bool longlba;
	u32 desc;

	if (len < header)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	desc = is_10 ? get_unaligned_be16(buf + 6) : buf[3];
	longlba = is_10 && (buf[4] & MODE_LONGLBA);
	/* MEDIUM TYPE.  MODE DATA LENGTH is reserved, WP is not for select. */
	if (buf[is_10 ? 2 : 1])
		return scst_cmd_param_error(cmd, is_10 ? 2 : 1, 8);
	if (desc && desc != (longlba ? MODE_LONG_DESC_LEN :
				       MODE_SHORT_DESC_LEN))
		return scst_cmd_param_error(cmd, is_10 ? 6 : 3, 8);
	if (desc > len - header)
		return SCST_SENSE_PARAM_LIST_LENGTH;

	*at = header + desc;
	return desc ? mode_check_block_desc(cmd, buf + header, header, longlba) :
		      SCST_GOOD;
}

/*
 * SPC-6, MODE SELECT: a page has to be sent as MODE SENSE returns it, but for
 * the bits that can be changed.  Its header is compared too, which has its
 * length.  PS is reserved here.
 */
static scst_sense_t mode_check_page(struct scst_cmd *cmd,
				    const struct mode_page *p, const u8 *buf,
				    u32 at, const struct vdisk_mode *mode)
{
	const struct vdisk *vd = to_vdisk(cmd->dev);
	u8 values[MODE_PAGE_MAX_LEN], changeable[MODE_PAGE_MAX_LEN];
	unsigned int i;

	vdisk_mode_page_values(p, vd, mode, values);
	vdisk_mode_page_changeable(p, vd, changeable);
	for (i = 1; i < p->len; i++) {
		u8 bad = buf[i] ^ values[i];

		if (i >= vdisk_mode_page_header_len(p))
			bad &= ~changeable[i];
		if (bad)
			return scst_cmd_param_error(cmd, at + i, fls(bad) - 1);
	}
	return SCST_GOOD;
}

/* Returns the bytes of the page at @buf in @used. */
static scst_sense_t mode_parse_page(struct scst_cmd *cmd, const u8 *buf,
				    u32 len, u32 at, struct vdisk_mode *mode,
				    u32 *used)
{
	const struct vdisk *vd = to_vdisk(cmd->dev);
	const struct mode_page *p;
	scst_sense_t sense;
	u8 subpage = 0;
	u16 bad;

	if (len < 2)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	if (buf[0] & MODE_PAGE_SPF)
		subpage = buf[1];
	p = vdisk_find_mode_page(vd, buf[0] & MODE_PAGE_CODE, subpage);
	/* A subpage of zero has no header for subpages. */
	if (!p || (!subpage && (buf[0] & MODE_PAGE_SPF)))
		return scst_cmd_param_error(cmd, at, 5);
	if (len < p->len)
		return SCST_SENSE_PARAM_LIST_LENGTH;

	*used = p->len;
	sense = mode_check_page(cmd, p, buf, at, mode);
	if (sense != SCST_GOOD || !p->select)
		return sense;
	bad = p->select(mode, buf);
	if (bad)
		return scst_cmd_param_error(cmd, at + MODE_BAD_BYTE(bad),
					    MODE_BAD_BIT(bad));
	return SCST_GOOD;
}

/**
 * vdisk_mode_parse - check the parameter list of MODE SELECT
 * @cmd: MODE SELECT(6) or (10)
 * @buf: parameter list
 * @len: bytes that are there
 * @mode: current values; is changed, which has no effect yet
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
VISIBLE_IF_KUNIT
scst_sense_t vdisk_mode_parse(struct scst_cmd *cmd, const u8 *buf, u32 len,
			      struct vdisk_mode *mode)
{
	scst_sense_t sense;
	u32 at, used = 0;

	sense = mode_check_header(cmd, buf, len, &at);
	while (sense == SCST_GOOD && at < len) {
		sense = mode_parse_page(cmd, buf + at, len - at, at, mode,
					&used);
		at += used;
	}
	return sense;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_mode_parse);

/**
 * struct mode_work - scst_cmd.priv of MODE SELECT
 * @work: for the worker
 * @mode: values to be set
 */
struct mode_work {
	struct vdisk_work work;
	struct vdisk_mode mode;
};

static struct mode_work *to_mode_work(struct scst_cmd *cmd)
{
	BUILD_BUG_ON(sizeof(struct mode_work) > SCST_CMD_PRIV_SIZE);
	return (struct mode_work *)cmd->priv;
}

static scst_sense_t mode_apply(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	struct vdisk_mode *mode = &to_mode_work(cmd)->mode;
	struct vdisk_mode old;

	vdisk_mode_get(vd, &old);
	if (!memcmp(mode, &old, sizeof(old)))
		return SCST_GOOD;
	vdisk_mode_set(vd, mode);
	scst_device_ua(cmd->dev, SCST_UA_MODE_CHANGED, cmd);
	return SCST_GOOD;
}

/*
 * Nothing is changed if it cannot be saved.  Without a place for it, it is as if
 * there were no such thing as saved pages (SPC-6, SP bit).
 */
static scst_sense_t mode_save(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);

	if (!vdisk_mode_save(vd, &to_mode_work(cmd)->mode))
		return SCST_GOOD;
	return vd->can_save ? SCST_SENSE_INTERNAL_FAILURE :
			      scst_cmd_cdb_error(cmd, 1, 0);
}

/* It is cached, and its loss to be reported, until the parameters are set. */
static scst_sense_t mode_work_fn(struct scst_cmd *cmd)
{
	const struct vdisk_mode *mode = &to_mode_work(cmd)->mode;
	scst_sense_t sense = SCST_GOOD;

	if (vdisk_mode_needs_flush(to_vdisk(cmd->dev), mode))
		sense = vdisk_flush(cmd, 0, 0);
	if (sense == SCST_GOOD && (cmd->cdb[1] & SELECT_SP))
		sense = mode_save(cmd);
	return sense == SCST_GOOD ? mode_apply(cmd) : sense;
}

static scst_sense_t mode_get_list(struct scst_cmd *cmd, u8 *buf, u32 *len)
{
	if (!(cmd->cdb[1] & SELECT_PF))
		return scst_cmd_cdb_error(cmd, 1, 4);
	/* Where there is no worker nothing is saved. */
	if ((cmd->cdb[1] & SELECT_SP) && !to_vdisk(cmd->dev)->worker)
		return scst_cmd_cdb_error(cmd, 1, 0);
	if (cmd->xfer_len > VDISK_MODE_MAX_LEN)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	*len = scst_cmd_data_out(cmd, buf, cmd->xfer_len);
	return SCST_GOOD;
}

/**
 * vdisk_exec_mode_select - MODE SELECT(6) and (10)
 * @cmd: command; it has the unit alone
 *
 * Nothing is changed unless all of the list is good.  With SP=1 all that can be
 * saved is, whatever the list has.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_mode_select(struct scst_cmd *cmd)
{
	struct vdisk_mode *mode = &to_mode_work(cmd)->mode;
	struct vdisk *vd = to_vdisk(cmd->dev);
	bool save = cmd->cdb[1] & SELECT_SP;
	u8 buf[VDISK_MODE_MAX_LEN];
	scst_sense_t sense;
	u32 len;

	sense = mode_get_list(cmd, buf, &len);
	if (sense != SCST_GOOD || (!len && !save))
		return sense;

	vdisk_mode_get(vd, mode);
	if (len) {
		sense = vdisk_mode_parse(cmd, buf, len, mode);
		if (sense != SCST_GOOD)
			return sense;
	}
	if (vd->worker && (save || vdisk_mode_needs_flush(vd, mode)))
		return vdisk_queue_work(cmd, mode_work_fn);
	return mode_apply(cmd);
}
