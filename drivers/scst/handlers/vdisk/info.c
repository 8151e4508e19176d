// SPDX-License-Identifier: GPL-2.0
/*
 * What initiators leave with a unit: the timestamp, and identifying information
 * (SPC-6).  Both are kept as long as the device exists, whoever serves it.
 */

#include <kunit/visibility.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/* ------------------------------------------------------------------------
 * REPORT TIMESTAMP and SET TIMESTAMP
 */

#define TIMESTAMP_LEN		12
/* TIMESTAMP ORIGIN */
#define TIMESTAMP_BY_COMMAND	0x02
#define TIMESTAMP_BY_OTHERS	0x03
/* Milliseconds since 1970, 48 bits */
#define TIMESTAMP_MASK		((1ULL << 48) - 1)

/*
 * Milliseconds.  What an initiator has set goes on whatever happens to the clock of
 * this host.
 */
static u64 info_timestamp(const struct vdisk_info *info)
{
	if (!info->timestamp_set)
		return ktime_to_ms(ktime_get_real());
	return ktime_to_ms(ktime_get_boottime()) + info->timestamp_offset;
}

/**
 * vdisk_exec_report_timestamp - REPORT TIMESTAMP
 * @cmd: command
 *
 * Until an initiator sets it, it is the time of this host.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_report_timestamp(struct scst_cmd *cmd)
{
	const struct vdisk_info *info = &to_vdisk(cmd->dev)->info;
	u8 buf[TIMESTAMP_LEN] = { };

	put_unaligned_be16(TIMESTAMP_LEN - 2, buf);
	buf[2] = info->timestamp_set ? TIMESTAMP_BY_COMMAND :
				       TIMESTAMP_BY_OTHERS;
	put_unaligned_be48(info_timestamp(info) & TIMESTAMP_MASK, buf + 4);
	scst_cmd_data_in(cmd, buf, sizeof(buf));
	return SCST_GOOD;
}

/**
 * vdisk_exec_set_timestamp - SET TIMESTAMP
 * @cmd: command; it has the unit alone
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_set_timestamp(struct scst_cmd *cmd)
{
	struct vdisk_info *info = &to_vdisk(cmd->dev)->info;
	u8 buf[TIMESTAMP_LEN];

	if (!cmd->xfer_len)
		return SCST_GOOD;
	if (scst_cmd_data_out(cmd, buf, sizeof(buf)) < sizeof(buf))
		return SCST_SENSE_PARAM_LIST_LENGTH;
	info->timestamp_offset = get_unaligned_be48(buf + 4) -
				 ktime_to_ms(ktime_get_boottime());
	info->timestamp_set = true;
	scst_device_ua(cmd->dev, SCST_UA_TIMESTAMP_CHANGED, cmd);
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * REPORT IDENTIFYING INFORMATION and SET IDENTIFYING INFORMATION
 */

#define INFO_HEADER_LEN		4
#define INFO_TYPE(byte10)	((byte10) >> 1)
#define INFO_TYPE_SUPPORTED	0x7f

/* What can be set, in the order of vdisk_info.ident_len */
static const struct {
	u8 type;
	u16 max;
	bool is_text;
} info_types[VDISK_NR_IDENTS] = {
	{ .type = 0x00, .max = VDISK_MAX_IDENT },
	{ .type = 0x02, .max = VDISK_MAX_IDENT_TEXT, .is_text = true },
};

/* Index of the INFORMATION TYPE in the CDB, or a negative number. */
static int info_find_type(const struct scst_cmd *cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(info_types); i++)
		if (info_types[i].type == INFO_TYPE(cmd->cdb[10]))
			return i;
	return -ENOENT;
}

static u8 *info_data(const struct vdisk_info *info, unsigned int i)
{
	return info->ident + (i ? VDISK_MAX_IDENT : 0);
}

static scst_sense_t info_report_supported(struct scst_cmd *cmd)
{
	u8 buf[INFO_HEADER_LEN * (1 + VDISK_NR_IDENTS)] = { };
	u8 *desc = buf + INFO_HEADER_LEN;
	unsigned int i;

	put_unaligned_be16(sizeof(buf) - INFO_HEADER_LEN, buf + 2);
	for (i = 0; i < ARRAY_SIZE(info_types); i++) {
		desc[0] = info_types[i].type << 1;
		put_unaligned_be16(info_types[i].max, desc + 2);
		desc += INFO_HEADER_LEN;
	}
	scst_cmd_data_in(cmd, buf, sizeof(buf));
	return SCST_GOOD;
}

/**
 * vdisk_exec_report_identifying_info - REPORT IDENTIFYING INFORMATION
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_report_identifying_info(struct scst_cmd *cmd)
{
	const struct vdisk_info *info = &to_vdisk(cmd->dev)->info;
	u8 header[INFO_HEADER_LEN] = { };
	int i;

	if (INFO_TYPE(cmd->cdb[10]) == INFO_TYPE_SUPPORTED)
		return info_report_supported(cmd);
	i = info_find_type(cmd);
	if (i < 0)
		return scst_cmd_cdb_error(cmd, 10, 7);

	put_unaligned_be16(info->ident_len[i], header + 2);
	scst_cmd_data_in_part(cmd, 0, header, sizeof(header));
	if (info->ident_len[i])
		scst_cmd_data_in_part(cmd, sizeof(header), info_data(info, i),
				      info->ident_len[i]);
	scst_cmd_data_in_end(cmd, sizeof(header) + info->ident_len[i]);
	return SCST_GOOD;
}

/* SPC-6: text ends with the only NUL in it. */
static bool info_text_ok(const u8 *text, u32 len)
{
	return !len || memchr(text, '\0', len) == text + len - 1;
}

/**
 * vdisk_exec_set_identifying_info - SET IDENTIFYING INFORMATION
 * @cmd: command; it has the unit alone
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_set_identifying_info(struct scst_cmd *cmd)
{
	struct vdisk_info *info = &to_vdisk(cmd->dev)->info;
	u32 len = cmd->xfer_len;
	int i = info_find_type(cmd);

	if (i < 0)
		return scst_cmd_cdb_error(cmd, 10, 7);
	if (len > info_types[i].max)
		return scst_cmd_cdb_error(cmd, 6, 8);
	if (!info->ident)
		info->ident = kzalloc(VDISK_MAX_IDENT + VDISK_MAX_IDENT_TEXT,
				      GFP_NOIO);
	u8 *buf __free(kfree) = kmalloc(VDISK_MAX_IDENT, GFP_NOIO);
	if (!info->ident || !buf)
		return SCST_BUSY;

	if (scst_cmd_data_out(cmd, buf, len) < len)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	if (info_types[i].is_text && !info_text_ok(buf, len))
		return scst_cmd_param_error(cmd, 0, 8);
	memcpy(info_data(info, i), buf, len);
	info->ident_len[i] = len;
	scst_device_ua(cmd->dev, SCST_UA_IDENTIFIER_CHANGED, cmd);
	return SCST_GOOD;
}

/**
 * vdisk_info_exit - free what initiators have left
 * @vd: virtual disk that goes
 *
 * Context: process context.
 */
void vdisk_info_exit(struct vdisk *vd)
{
	kfree(vd->info.ident);
	vd->info.ident = NULL;
}
