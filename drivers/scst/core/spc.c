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

/* Extended logical unit addressing, well known logical unit 01h (SAM-6 4.7.7.5) */
static const struct scsi_lun report_luns_wlun = { { 0xc1, 0x01 } };

/**
 * scst_lun_is_report_luns - is it the REPORT LUNS well known logical unit's?
 * @lun: LUN as the initiator sent it
 *
 * Context: any.
 * Return: true if so.
 */
bool scst_lun_is_report_luns(const struct scsi_lun *lun)
{
	return !memcmp(lun, &report_luns_wlun, sizeof(*lun));
}

/* ------------------------------------------------------------------------
 * REPORT LUNS
 */

#define REPORT_LUNS_HEADER_LEN	8
/* LUNs copied at a time */
#define REPORT_LUNS_CHUNK	32

/*
 * SELECT REPORT.  There are no logical unit conglomerates, and so neither
 * administrative nor subsidiary logical units.
 */
static bool report_luns_has(u8 select, bool *luns, bool *wlun)
{
	*luns = false;
	*wlun = false;
	switch (select) {
	case SCST_SELECT_REPORT_LUNS:
	case SCST_SELECT_REPORT_ADMIN_AND_LUNS:
		*luns = true;
		return true;
	case SCST_SELECT_REPORT_WLUNS:
		*wlun = true;
		return true;
	case SCST_SELECT_REPORT_ALL:
		*luns = true;
		*wlun = true;
		return true;
	case SCST_SELECT_REPORT_ADMIN:
	case SCST_SELECT_REPORT_SUBSIDIARY:
		return true;
	default:
		return false;
	}
}

/* Write the LUNs from @offset.  Returns where they end, if not cut off. */
static u32 report_luns_put_list(struct scst_cmd *cmd, u32 offset)
{
	enum scst_addr_method method = READ_ONCE(cmd->sess->addr_method);
	struct scsi_lun chunk[REPORT_LUNS_CHUNK];
	struct scst_tgt_dev *td;
	unsigned int fill = 0;
	struct xarray *luns;
	unsigned long lun;

	/* One map, and not the half of another one: xa_for_each() asks at each step. */
	guard(rcu)();
	luns = scst_luns(cmd->sess);
	xa_for_each(luns, lun, td) {
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
 * to be reported; commands are sent to it in either case.  The only well known
 * logical unit is that for this command.
 *
 * Context: any.
 * Return: how it ended.
 */
scst_sense_t scst_exec_report_luns(struct scst_cmd *cmd)
{
	u8 header[REPORT_LUNS_HEADER_LEN] = {};
	u32 end = REPORT_LUNS_HEADER_LEN;
	bool luns, wlun;

	if (!report_luns_has(cmd->cdb[2], &luns, &wlun))
		return scst_cmd_cdb_error(cmd, 2, 8);

	scst_ua_luns_reported(cmd->sess);
	if (luns)
		end = report_luns_put_list(cmd, end);
	if (wlun) {
		scst_cmd_data_in_part(cmd, end, &report_luns_wlun,
				      sizeof(report_luns_wlun));
		end += sizeof(report_luns_wlun);
	}

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

	if (scst_lun_is_report_luns(&cmd->lun))
		return SCST_SENSE(NO_SENSE, 0, 0);
	if (!cmd->tgt_dev)
		return SCST_SENSE_LUN_NOT_SUPPORTED;
	sense = scst_ua_pop(cmd);
	if (sense != SCST_GOOD)
		return sense;
	/* Pairs with dev_probe() */
	if (!smp_load_acquire(&cmd->dev->online))
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
	scst_sense_t sense;
	unsigned int len;

	/* What is not transferred is not reported: a unit attention stays. */
	if (!cmd->xfer_len || !cmd->bufflen)
		return SCST_GOOD;
	sense = request_sense_data(cmd);
	scst_build_sense(buf, desc, sense);
	len = scst_add_progress(cmd->dev, buf, sense);
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}

/**
 * scst_cmd_request_sense - answer REQUEST SENSE if there is something to report
 * @cmd: command REQUEST SENSE of a handler that asks a device of this host
 *
 * That is a unit attention condition, or that the unit is offline.
 *
 * Context: any.
 * Return: how it ended; %SCST_PENDING if there is nothing, and nothing has been done.
 */
scst_sense_t scst_cmd_request_sense(struct scst_cmd *cmd)
{
	/* Pairs with dev_probe() */
	bool online = smp_load_acquire(&cmd->dev->online);

	if (scst_ua_pending(cmd->tgt_dev) || !online)
		return scst_exec_request_sense(cmd);
	return SCST_PENDING;
}
EXPORT_SYMBOL_GPL(scst_cmd_request_sense);

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
#define INQUIRY_WLUN		0x1e	/* well known logical unit */
#define INQUIRY_VERSION_SPC4	0x06
#define INQUIRY_HISUP		0x10
#define INQUIRY_FORMAT		0x02
#define INQUIRY_PROD_ID		16

static const u8 inquiry_no_lun[36] = {
	INQUIRY_NO_LUN, 0, INQUIRY_VERSION_SPC4, INQUIRY_HISUP | INQUIRY_FORMAT,
	36 - 5, 0, 0, 0,
	'S', 'C', 'S', 'T', ' ', ' ', ' ', ' ',
	'N', 'O', ' ', 'L', 'U', 'N', ' ', ' ',
	' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ',
	' ', ' ', ' ', ' ',
};

static void inquiry_std(struct scst_cmd *cmd, bool wlun)
{
	u8 buf[sizeof(inquiry_no_lun)];

	memcpy(buf, inquiry_no_lun, sizeof(buf));
	if (wlun) {
		buf[0] = INQUIRY_WLUN;
		memcpy(buf + INQUIRY_PROD_ID, "REPORT LUNS", 11);
	}
	scst_cmd_data_in(cmd, buf, sizeof(buf));
}

/* Supported VPD pages: this one, and 83h of the well known logical unit */
static void inquiry_vpd_pages(struct scst_cmd *cmd, bool wlun)
{
	const u8 buf[] = {
		wlun ? INQUIRY_WLUN : INQUIRY_NO_LUN, 0x00, 0, wlun ? 2 : 1,
		0x00, 0x83,
	};

	scst_cmd_data_in(cmd, buf, wlun ? 6 : 5);
}

/*
 * Device identification: a well known logical unit has no name of its own, so
 * that there are the designators of the target port (SPC-6 7.7.6).
 */
static void inquiry_vpd_wlun_id(struct scst_cmd *cmd)
{
	u8 buf[12 + SCST_PORT_NAMES_LEN] = {
		INQUIRY_WLUN, 0x83, 0, 0,
		0x01, 0x14, 0, 4,
	};
	struct scst_port_id port;
	unsigned int len = 12;

	scst_tgt_port_id(cmd->sess->tgt, &port);
	put_unaligned_be32(port.rel_tgt_id, buf + 8);
	len += scst_put_port_names(&port, buf + len);
	put_unaligned_be16(len - 4, buf + 2);
	scst_cmd_data_in(cmd, buf, len);
}

/**
 * scst_exec_inquiry_no_lun - INQUIRY for what is no logical unit of a handler
 * @cmd: command for a LUN that does not exist, or for the REPORT LUNS well known
 *	logical unit
 *
 * Context: any.
 * Return: how it ended.
 */
scst_sense_t scst_exec_inquiry_no_lun(struct scst_cmd *cmd)
{
	bool wlun = scst_lun_is_report_luns(&cmd->lun);
	bool evpd = cmd->cdb[1] & SCST_INQUIRY_EVPD;

	if (evpd && wlun && cmd->cdb[2] == 0x83) {
		inquiry_vpd_wlun_id(cmd);
		return SCST_GOOD;
	}
	/* Page 00h is there to be read; without EVPD there are no pages. */
	if (cmd->cdb[2])
		return scst_cmd_cdb_error(cmd, 2, 8);
	if (evpd)
		inquiry_vpd_pages(cmd, wlun);
	else
		inquiry_std(cmd, wlun);
	return SCST_GOOD;
}
