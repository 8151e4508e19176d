// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that the core answers for every logical unit, and for LUNs that do
 * not exist (SPC-6).
 */

#include <kunit/visibility.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "core.h"

/* ------------------------------------------------------------------------
 * LUNs (SAM-6 4.7.7)
 */

/* Address method: the two highest bits of the first level */
#define LUN_METHOD_SHIFT	14
#define LUN_METHOD_PERIPHERAL	0
#define LUN_METHOD_FLAT		1
#define LUN_METHOD_LUN		2

/* Numbers that fit into the first level beside bus, and target, zero */
#define LUN_PERIPHERAL_MAX	0xff
#define LUN_LUN_MAX		0x1f

/**
 * scst_lun_format - encode a LUN
 * @lun: set to it
 * @n: logical unit number, up to %SCST_MAX_LUN
 * @method: addressing method to use where @n allows it, else it is the flat
 *	space addressing method
 *
 * Context: any.
 */
void scst_lun_format(struct scsi_lun *lun, u64 n, enum scst_addr_method method)
{
	u16 first = LUN_METHOD_FLAT << LUN_METHOD_SHIFT;

	if (method == SCST_ADDR_PERIPHERAL && n <= LUN_PERIPHERAL_MAX)
		first = LUN_METHOD_PERIPHERAL << LUN_METHOD_SHIFT;
	else if (method == SCST_ADDR_LUN && n <= LUN_LUN_MAX)
		first = LUN_METHOD_LUN << LUN_METHOD_SHIFT;

	memset(lun, 0, sizeof(*lun));
	put_unaligned_be16(first | n, lun->scsi_lun);
}
EXPORT_SYMBOL_IF_KUNIT(scst_lun_format);

/**
 * scst_lun_parse - decode a LUN
 * @lun: LUN as the initiator sent it
 *
 * Every method that scst_lun_format() knows is accepted, whatever the target's
 * own choice.  No logical unit is behind another bus or target, on a lower
 * level, or well known.
 *
 * Context: any.
 * Return: logical unit number, or %SCST_LUN_INVALID.
 */
u64 scst_lun_parse(const struct scsi_lun *lun)
{
	u64 all = get_unaligned_be64(lun->scsi_lun);
	u16 first = all >> 48;

	if (all << 16)
		return SCST_LUN_INVALID;

	switch (first >> LUN_METHOD_SHIFT) {
	case LUN_METHOD_PERIPHERAL:
		if (first <= LUN_PERIPHERAL_MAX)
			return first;
		break;
	case LUN_METHOD_FLAT:
		return first & SCST_MAX_LUN;
	case LUN_METHOD_LUN:
		first &= SCST_MAX_LUN;
		if (first <= LUN_LUN_MAX)
			return first;
		break;
	}
	return SCST_LUN_INVALID;
}
EXPORT_SYMBOL_IF_KUNIT(scst_lun_parse);

/* ------------------------------------------------------------------------
 * REPORT LUNS
 */

#define REPORT_LUNS_HEADER_LEN	8
#define REPORT_LUNS_MIN_ALLOC	16
/* LUNs copied at a time */
#define REPORT_LUNS_CHUNK	32

/* Write the LUN list.  Returns where it would end, if it is cut off. */
static u32 report_luns_put_list(struct scst_cmd *cmd)
{
	enum scst_addr_method method = READ_ONCE(cmd->sess->tgt->addr_method);
	struct scsi_lun chunk[REPORT_LUNS_CHUNK];
	u32 offset = REPORT_LUNS_HEADER_LEN;
	struct scst_tgt_dev *td;
	unsigned int fill = 0;
	unsigned long lun;

	/* Takes the RCU read lock for each step; only the index is used. */
	xa_for_each(&cmd->sess->luns, lun, td) {
		scst_lun_format(&chunk[fill++], lun, method);
		if (fill < ARRAY_SIZE(chunk))
			continue;
		scst_cmd_data_in_part(cmd, offset, chunk, sizeof(chunk));
		offset += sizeof(chunk);
		fill = 0;
	}
	scst_cmd_data_in_part(cmd, offset, chunk, fill * sizeof(chunk[0]));
	return offset + fill * sizeof(chunk[0]);
}

/**
 * scst_exec_report_luns - REPORT LUNS
 * @cmd: command
 *
 * The list has the LUNs of the I_T nexus in ascending order.  LUN 0 is there
 * only if it exists, since a logical unit with peripheral qualifier 011b is not
 * to be reported; commands are sent to it in either case.  There are no well
 * known logical units.
 *
 * Context: any.
 * Return: how it ended.
 */
scst_sense_t scst_exec_report_luns(struct scst_cmd *cmd)
{
	u8 header[REPORT_LUNS_HEADER_LEN] = {};
	u32 end = REPORT_LUNS_HEADER_LEN;
	u8 select = cmd->cdb[2];

	if (select > SCST_SELECT_REPORT_ALL)
		return scst_cmd_cdb_error(cmd, 2, 8);
	if (cmd->xfer_len < REPORT_LUNS_MIN_ALLOC)
		return scst_cmd_cdb_error(cmd, 6, 8);

	scst_ua_luns_reported(cmd->sess);
	if (select != SCST_SELECT_REPORT_WLUNS)
		end = report_luns_put_list(cmd);

	/* LUN LIST LENGTH is that of all LUNs, however many fit. */
	put_unaligned_be32(end - REPORT_LUNS_HEADER_LEN, header);
	scst_cmd_data_in_part(cmd, 0, header, sizeof(header));
	scst_cmd_data_in_end(cmd, end);
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * REQUEST SENSE, TEST UNIT READY, INQUIRY
 */

static scst_sense_t request_sense_data(struct scst_cmd *cmd)
{
	scst_sense_t sense;

	if (!cmd->tgt_dev)
		return SCST_SENSE_LUN_NOT_SUPPORTED;
	sense = scst_ua_pop(cmd);
	if (sense != SCST_GOOD)
		return sense;
	if (!cmd->dev->online)
		return SCST_SENSE_NOT_READY_MANUAL;
	if (cmd->dev->type->poll_sense)
		sense = cmd->dev->type->poll_sense(cmd->dev);
	return sense != SCST_GOOD ? sense : SCST_SENSE(NO_SENSE, 0, 0);
}

/**
 * scst_exec_request_sense - REQUEST SENSE
 * @cmd: command
 *
 * Ends with GOOD status whatever the sense data says.
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t scst_exec_request_sense(struct scst_cmd *cmd)
{
	bool desc = cmd->cdb[1] & SCST_REQUEST_SENSE_DESC;
	u8 buf[SCST_SENSE_FIXED_LEN];
	unsigned int len;

	/* What is not transferred is not reported: a unit attention stays. */
	if (!cmd->xfer_len || !cmd->bufflen)
		return SCST_GOOD;
	len = scst_build_sense(buf, desc, request_sense_data(cmd));
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}

/**
 * scst_exec_test_unit_ready - TEST UNIT READY
 * @cmd: command
 *
 * A logical unit that a handler serves is ready; handlers with units that may
 * not be have a row of their own.
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t scst_exec_test_unit_ready(struct scst_cmd *cmd)
{
	return SCST_GOOD;
}

#define INQUIRY_NO_LUN		0x7f	/* qualifier 011b, device type 1Fh */
#define INQUIRY_VERSION_SPC4	0x06
#define INQUIRY_HISUP		0x10
#define INQUIRY_FORMAT		0x02

static const u8 inquiry_no_lun[36] = {
	INQUIRY_NO_LUN, 0, INQUIRY_VERSION_SPC4, INQUIRY_HISUP | INQUIRY_FORMAT,
	36 - 5, 0, 0, 0,
	'S', 'C', 'S', 'T', ' ', ' ', ' ', ' ',
	'N', 'O', ' ', 'L', 'U', 'N', ' ', ' ',
	' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ',
	' ', ' ', ' ', ' ',
};

/* Supported VPD pages: this one */
static const u8 inquiry_no_lun_vpd[] = { INQUIRY_NO_LUN, 0, 0, 1, 0 };

/**
 * scst_exec_inquiry_no_lun - INQUIRY for a LUN that does not exist
 * @cmd: command
 *
 * Context: any.
 * Return: how it ended.
 */
scst_sense_t scst_exec_inquiry_no_lun(struct scst_cmd *cmd)
{
	/* Page 00h is there to be read; without EVPD there are no pages. */
	if (cmd->cdb[2])
		return scst_cmd_cdb_error(cmd, 2, 8);
	if (cmd->cdb[1] & SCST_INQUIRY_EVPD)
		scst_cmd_data_in(cmd, inquiry_no_lun_vpd,
				 sizeof(inquiry_no_lun_vpd));
	else
		scst_cmd_data_in(cmd, inquiry_no_lun, sizeof(inquiry_no_lun));
	return SCST_GOOD;
}
