// SPDX-License-Identifier: GPL-2.0
/*
 * Commands of SPC-6 that all devices may have, and of which the core or other
 * initiators have to know something.
 */

#include <kunit/visibility.h>
#include <linux/unaligned.h>
#include <scsi/scsi_common.h>
#include "pass.h"

/* Where the parameter list of MODE SELECT has its block descriptors (SPC-6, SBC-5) */
#define MODE6_HEADER_LEN	4
#define MODE10_HEADER_LEN	8
#define MODE10_LONGLBA		0x01	/* byte 4 */

/* The bytes of a block that MODE SELECT has set, or 0 */
static u32 mode_block_size(struct scst_cmd *cmd)
{
	u8 buf[MODE10_HEADER_LEN + 16] = {};
	u32 len = sg_copy_to_buffer(cmd->sg, cmd->sg_cnt, buf,
				    min_t(u64, cmd->xfer_len, sizeof(buf)));

	if (cmd->cdb[0] == MODE_SELECT)
		return len >= MODE6_HEADER_LEN + 8 && buf[3] ?
			       get_unaligned_be24(buf + MODE6_HEADER_LEN + 5) : 0;
	if (len < MODE10_HEADER_LEN + 8 || !get_unaligned_be16(buf + 6))
		return 0;
	return buf[4] & MODE10_LONGLBA ? get_unaligned_be32(buf + MODE10_HEADER_LEN + 12) :
					 get_unaligned_be24(buf + MODE10_HEADER_LEN + 5);
}

/*
 * What one initiator changes in the device the others are told of, as a device does
 * that knows its initiators.
 */
static void pass_mode_done(struct scst_cmd *cmd)
{
	u32 block_size = mode_block_size(cmd);

	if (block_size && block_size != READ_ONCE(cmd->dev->block_size) &&
	    READ_ONCE(to_pass_unit(cmd->dev)->block_size_known))
		sbc_set_capacity(cmd->dev, 0, 0);
	scst_device_ua(cmd->dev, SCST_UA_MODE_CHANGED, cmd);
}

static scst_sense_t pass_exec_mode_select(struct scst_cmd *cmd)
{
	return pass_exec_then(cmd, pass_mode_done);
}

/* The device-specific parameter has WP where disks and tapes have it. */
#define MODE_WP			0x80
#define MODE6_DEVICE_SPECIFIC	2	/* byte of the header */
#define MODE10_DEVICE_SPECIFIC	3

static void pass_mode_sense_done(struct scst_cmd *cmd)
{
	scst_sense_t sense;

	if (scst_cmd_write_protected(cmd, &sense))
		pass_fix_byte(cmd, cmd->cdb[0] == MODE_SENSE ?
				      MODE6_DEVICE_SPECIFIC :
				      MODE10_DEVICE_SPECIFIC, 0, MODE_WP);
}

static scst_sense_t pass_exec_mode_sense(struct scst_cmd *cmd)
{
	return pass_exec_then(cmd, pass_mode_sense_done);
}

static void pass_log_done(struct scst_cmd *cmd)
{
	scst_device_ua(cmd->dev, SCST_UA_LOG_CHANGED, cmd);
}

static scst_sense_t pass_exec_log_select(struct scst_cmd *cmd)
{
	return pass_exec_then(cmd, pass_log_done);
}

static void pass_timestamp_done(struct scst_cmd *cmd)
{
	scst_device_ua(cmd->dev, SCST_UA_TIMESTAMP_CHANGED, cmd);
}

static scst_sense_t pass_exec_set_timestamp(struct scst_cmd *cmd)
{
	return pass_exec_then(cmd, pass_timestamp_done);
}

static void pass_identifier_done(struct scst_cmd *cmd)
{
	scst_device_ua(cmd->dev, SCST_UA_IDENTIFIER_CHANGED, cmd);
}

static scst_sense_t pass_exec_set_identifying_information(struct scst_cmd *cmd)
{
	return pass_exec_then(cmd, pass_identifier_done);
}

/* New firmware, if it is in use at once (SPC-6, WRITE BUFFER) */
#define BUFFER_MODE		0x1f	/* byte 1 */
#define BUFFER_MODES_ACTIVATE	(BIT(0x04) | BIT(0x05) | BIT(0x06) | BIT(0x07) | \
				 BIT(0x0d) | BIT(0x0f))

/* MICROCODE HAS BEEN CHANGED */
static void pass_buffer_done(struct scst_cmd *cmd)
{
	if (BUFFER_MODES_ACTIVATE & BIT(cmd->cdb[1] & BUFFER_MODE))
		scst_device_other_ua(cmd->dev, 0x3f, 0x01, cmd);
}

static scst_sense_t pass_exec_write_buffer(struct scst_cmd *cmd)
{
	return pass_exec_then(cmd, pass_buffer_done);
}

/* Where sense data have what there is to say, in fixed and in descriptor format */
#define SENSE_FIXED_KEY		2
#define SENSE_FIXED_ASC		12
#define SENSE_DESC_KEY		1
#define SENSE_DESC_ASC		2

/* What concerns this host alone was said to it. */
static void request_sense_hide(struct scst_cmd *cmd, bool desc)
{
	unsigned int asc = desc ? SENSE_DESC_ASC : SENSE_FIXED_ASC;

	pass_fix_byte(cmd, desc ? SENSE_DESC_KEY : SENSE_FIXED_KEY, 0x0f, NO_SENSE);
	pass_fix_byte(cmd, asc, 0xff, 0);
	pass_fix_byte(cmd, asc + 1, 0xff, 0);
}

/*
 * A unit attention that the device has told of as data is told of once, too.  Where
 * the initiator has left room for the sense key, but not for what it is, the others are
 * told of the one that has them look at everything again.
 */
static void pass_request_sense_done(struct scst_cmd *cmd)
{
	struct scsi_sense_hdr hdr;
	u8 buf[18] = {};
	bool desc;
	u32 len;

	len = sg_copy_to_buffer(cmd->sg, cmd->sg_cnt, buf,
				min_t(u32, cmd->resp_data_len, sizeof(buf)));
	if (!scsi_normalize_sense(buf, len, &hdr))
		return;
	desc = hdr.response_code >= 0x72;
	if (len <= (desc ? SENSE_DESC_KEY : SENSE_FIXED_KEY) || hdr.sense_key != UNIT_ATTENTION)
		return;
	if (len < (desc ? SENSE_DESC_ASC : SENSE_FIXED_ASC) + 2)
		scst_device_ua(cmd->dev, SCST_UA_RESET, cmd);
	else if (pass_is_own_ua(&hdr))
		request_sense_hide(cmd, desc);
	else
		pass_tell_others(cmd, &hdr);
}

/*
 * What is pending for the initiator here comes before what the device has to say.  Who
 * has no room for the sense key learns nothing, so the device is not asked: it would
 * take what it has to say for said.
 */
static scst_sense_t pass_exec_request_sense(struct scst_cmd *cmd)
{
	bool desc = cmd->cdb[1] & SCST_REQUEST_SENSE_DESC;
	const u8 nothing[2] = { desc ? 0x72 : 0x70 };
	scst_sense_t result = scst_cmd_request_sense(cmd);

	if (result != SCST_PENDING)
		return result;
	if (min_t(u64, cmd->xfer_len, cmd->bufflen) >
	    (desc ? SENSE_DESC_KEY : SENSE_FIXED_KEY))
		return pass_exec_then(cmd, pass_request_sense_done);
	scst_cmd_data_in(cmd, nothing, sizeof(nothing));
	return SCST_GOOD;
}

/* START: who only wants it ready is in nobody's way. */
static enum scst_reserve_rule pass_start_stop_rule(const struct scst_cmd *cmd)
{
	return !(cmd->cdb[4] & 0xf0) && (cmd->cdb[4] & 1) ?
		       SCST_RESERVE_ALLOWED : SCST_RESERVE_CONFLICT;
}

#define SPC_READ_ATTRIBUTE	0x8c

#define PASS_LONG	(60 * 60)	/* self tests, new firmware */

static const struct pass_opcode spc_rows[] = {
	{
		.name		= "TEST UNIT READY",
		.opcode		= TEST_UNIT_READY,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.reserve	= SCST_RESERVE_ALLOWED,
	}, {
		.name		= "REQUEST SENSE",
		.opcode		= REQUEST_SENSE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.access		= SCST_ACCESS_ANY,
		.reserve	= SCST_RESERVE_ALWAYS,
		.skip_ua	= true,
		.offline	= true,
		.decode		= scst_decode_len_byte4,
		.exec		= pass_exec_request_sense,
	}, {
		.name		= "INQUIRY",
		.opcode		= INQUIRY,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.access		= SCST_ACCESS_ANY,
		.reserve	= SCST_RESERVE_ALWAYS,
		.skip_ua	= true,
		.offline	= true,
		.decode		= scst_decode_len_be16_3,
		.exec		= pass_exec_inquiry,
	}, {
		.name		= "MODE SELECT(6)",
		.opcode		= MODE_SELECT,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.access		= SCST_ACCESS_STANDBY,
		.decode		= scst_decode_len_byte4,
		.exec		= pass_exec_mode_select,
	}, {
		.name		= "MODE SENSE(6)",
		.opcode		= MODE_SENSE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.access		= SCST_ACCESS_STANDBY,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_len_byte4,
		.exec		= pass_exec_mode_sense,
	}, {
		.name		= "START STOP UNIT",
		.opcode		= START_STOP,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.reserve_rule	= pass_start_stop_rule,
	}, {
		.name		= "RECEIVE DIAGNOSTIC RESULTS",
		.opcode		= RECEIVE_DIAGNOSTIC,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.access		= SCST_ACCESS_STANDBY,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_len_be16_3,
	}, {
		.name		= "SEND DIAGNOSTIC",
		.opcode		= SEND_DIAGNOSTIC,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.access		= SCST_ACCESS_STANDBY,
		.timeout	= PASS_LONG,
		.decode		= scst_decode_len_be16_3,
	}, {
		.name		= "PREVENT ALLOW MEDIUM REMOVAL",
		.opcode		= ALLOW_MEDIUM_REMOVAL,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.reserve_rule	= pass_prevent_rule,
		.exec		= pass_exec_prevent_allow,
	}, {
		.name		= "WRITE BUFFER",
		.opcode		= WRITE_BUFFER,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.access		= SCST_ACCESS_UNAVAILABLE,
		.medium_write	= true,
		.timeout	= PASS_LONG,
		.decode		= scst_decode_len_be24_6,
		.exec		= pass_exec_write_buffer,
	}, {
		.name		= "READ BUFFER(10)",
		.opcode		= READ_BUFFER,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.access		= SCST_ACCESS_UNAVAILABLE,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_len_be24_6,
	}, {
		.name		= "LOG SELECT",
		.opcode		= LOG_SELECT,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.access		= SCST_ACCESS_STANDBY,
		.decode		= scst_decode_len_be16_7,
		.exec		= pass_exec_log_select,
	}, {
		.name		= "LOG SENSE",
		.opcode		= LOG_SENSE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.access		= SCST_ACCESS_STANDBY,
		.reserve	= SCST_RESERVE_ALWAYS,
		.decode		= scst_decode_len_be16_7,
	}, {
		.name		= "MODE SELECT(10)",
		.opcode		= MODE_SELECT_10,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.access		= SCST_ACCESS_STANDBY,
		.decode		= scst_decode_len_be16_7,
		.exec		= pass_exec_mode_select,
	}, {
		.name		= "MODE SENSE(10)",
		.opcode		= MODE_SENSE_10,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.access		= SCST_ACCESS_STANDBY,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_len_be16_7,
		.exec		= pass_exec_mode_sense,
	}, {
		/* The core knows a part of what the device has. */
		.name		= "REPORT SUPPORTED OPERATION CODES",
		.opcode		= MAINTENANCE_IN,
		.sa		= MI_REPORT_SUPPORTED_OPERATION_CODES,
		.dir		= SCST_DATA_READ,
		.access		= SCST_ACCESS_STANDBY,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_len_be32_6,
	}, {
		.name		= "REPORT IDENTIFYING INFORMATION",
		.opcode		= MAINTENANCE_IN,
		.sa		= MI_REPORT_IDENTIFYING_INFORMATION,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_ALWAYS,
		.decode		= scst_decode_len_be32_6,
	}, {
		.name		= "REPORT TIMESTAMP",
		.opcode		= MAINTENANCE_IN,
		.sa		= MI_REPORT_TIMESTAMP,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_ALLOWED,
		.decode		= scst_decode_len_be32_6,
	}, {
		.name		= "READ ATTRIBUTE",
		.opcode		= SPC_READ_ATTRIBUTE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
	}, {
		.name		= "SECURITY PROTOCOL IN",
		.opcode		= SECURITY_PROTOCOL_IN,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
	}, {
		.name		= "SET TIMESTAMP",
		.opcode		= MAINTENANCE_OUT,
		.sa		= MO_SET_TIMESTAMP,
		.dir		= SCST_DATA_WRITE,
		.decode		= scst_decode_len_be32_6,
		.exec		= pass_exec_set_timestamp,
	}, {
		.name		= "SET IDENTIFYING INFORMATION",
		.opcode		= MAINTENANCE_OUT,
		.sa		= MO_SET_IDENTIFYING_INFORMATION,
		.dir		= SCST_DATA_WRITE,
		.decode		= scst_decode_len_be32_6,
		.exec		= pass_exec_set_identifying_information,
	},
};

const struct pass_table pass_spc_table = {
	.rows	= spc_rows,
	.nr	= ARRAY_SIZE(spc_rows),
};
EXPORT_SYMBOL_IF_KUNIT(pass_spc_table);
