// SPDX-License-Identifier: GPL-2.0
/*
 * What a logical unit supports: REPORT SUPPORTED OPERATION CODES, answered from
 * the rows by which commands are executed, and REPORT SUPPORTED TASK MANAGEMENT
 * FUNCTIONS.
 */

#include <linux/unaligned.h>
#include "core.h"

/* REPORTING OPTIONS field */
enum rsoc_option {
	RSOC_ALL,
	RSOC_ONE_WITHOUT_SA,
	RSOC_ONE_WITH_SA,
	RSOC_ONE,
};

#define RSOC_DESC_LEN		8
#define RSOC_DESC_CTDP		0x02
#define RSOC_DESC_SERVACTV	0x01
#define RSOC_TIMEOUTS_LEN	12
#define RSOC_ONE_CTDP		0x80
#define RSOC_NOT_SUPPORTED	0x01
#define RSOC_SUPPORTED		0x03

/* Supported task management functions, bytes 0 and 1 */
#define RSTMF_ATS		0x80
#define RSTMF_ATSS		0x40
#define RSTMF_CACAS		0x20
#define RSTMF_CTSS		0x10
#define RSTMF_LURS		0x08
#define RSTMF_QTS		0x04
#define RSTMF_TRS		0x02	/* obsolete, but that is its bit */
#define RSTMF_QAES		0x04	/* byte 1 */
#define RSTMF_QTSS		0x02
#define RSTMF_ITNRS		0x01
#define RSTMF_BASIC_LEN		4
#define RSTMF_EXTENDED_LEN	16

static unsigned int rsoc_put_timeouts(u8 *buf, const struct scst_opcode *op)
{
	put_unaligned_be16(RSOC_TIMEOUTS_LEN - 2, buf);
	put_unaligned_be32(op->timeout, buf + 8);
	return RSOC_TIMEOUTS_LEN;
}

/* Write the descriptor of a row at @offset.  Returns where the next one goes. */
static u32 rsoc_put_desc(struct scst_cmd *cmd, u32 offset,
			 const struct scst_opcode *op)
{
	u8 buf[RSOC_DESC_LEN + RSOC_TIMEOUTS_LEN] = { op->opcode };
	unsigned int len = RSOC_DESC_LEN;

	if (op->has_sa) {
		put_unaligned_be16(op->sa, buf + 2);
		buf[5] |= RSOC_DESC_SERVACTV;
	}
	put_unaligned_be16(op->cdb_len, buf + 6);
	if (cmd->cdb[2] & SCST_RSOC_RCTD) {
		buf[5] |= RSOC_DESC_CTDP;
		len += rsoc_put_timeouts(buf + len, op);
	}
	scst_cmd_data_in_part(cmd, offset, buf, len);
	return offset + len;
}

static u32 rsoc_put_opcode(struct scst_cmd *cmd, u32 offset, u8 opcode)
{
	const struct scst_opcode **own = cmd->dev->type->opcode_index;
	const struct scst_opcode **core = scst_core_opcodes();
	const struct scst_opcode *op;

	for (op = scst_opcode_first(own, opcode); op;
	     op = scst_opcode_next(own, op))
		if (scst_opcode_supported(op, cmd->dev))
			offset = rsoc_put_desc(cmd, offset, op);

	for (op = scst_opcode_first(core, opcode); op;
	     op = scst_opcode_next(core, op))
		if (scst_opcode_supported(op, cmd->dev) &&
		    !scst_opcode_lookup(own, opcode, op->sa))
			offset = rsoc_put_desc(cmd, offset, op);
	return offset;
}

/* The all_commands parameter data format */
static scst_sense_t rsoc_all(struct scst_cmd *cmd)
{
	u8 header[4];
	u32 end = sizeof(header);
	unsigned int opcode;

	for (opcode = 0; opcode <= U8_MAX; opcode++)
		end = rsoc_put_opcode(cmd, end, opcode);

	put_unaligned_be32(end - sizeof(header), header);
	scst_cmd_data_in_part(cmd, 0, header, sizeof(header));
	scst_cmd_data_in_end(cmd, end);
	return SCST_GOOD;
}

/* The one_command parameter data format; @op is NULL when not supported */
static scst_sense_t rsoc_one(struct scst_cmd *cmd, const struct scst_opcode *op)
{
	u8 buf[4 + SCST_MAX_USAGE_LEN + RSOC_TIMEOUTS_LEN] = {};
	unsigned int len = 4;

	/* MLU, CDLP and RWCDLP are zero: no mode page has durations. */
	if (!scst_opcode_supported(op, cmd->dev)) {
		buf[1] = RSOC_NOT_SUPPORTED;
		scst_cmd_data_in(cmd, buf, len);
		return SCST_GOOD;
	}

	buf[1] = RSOC_SUPPORTED;
	put_unaligned_be16(op->cdb_len, buf + 2);
	memcpy(buf + len, op->usage, op->cdb_len);
	len += op->cdb_len;
	if (cmd->cdb[2] & SCST_RSOC_RCTD) {
		buf[1] |= RSOC_ONE_CTDP;
		len += rsoc_put_timeouts(buf + len, op);
	}
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}

/**
 * scst_exec_report_supported_opcodes - REPORT SUPPORTED OPERATION CODES
 * @cmd: command
 *
 * Context: any.
 * Return: how it ended.
 */
scst_sense_t scst_exec_report_supported_opcodes(struct scst_cmd *cmd)
{
	const struct scst_opcode **own = cmd->dev->type->opcode_index;
	u8 option = cmd->cdb[2] & SCST_RSOC_OPTIONS;
	u16 sa = get_unaligned_be16(cmd->cdb + 4);
	const struct scst_opcode *first, *op;
	u8 opcode = cmd->cdb[3];

	if (option == RSOC_ALL)
		return rsoc_all(cmd);

	first = scst_opcode_first(own, opcode) ?:
		scst_opcode_first(scst_core_opcodes(), opcode);
	op = scst_opcode_lookup(own, opcode, sa) ?:
	     scst_opcode_lookup(scst_core_opcodes(), opcode, sa);

	switch (option) {
	case RSOC_ONE_WITHOUT_SA:
		if (first && first->has_sa)
			return scst_cmd_cdb_error(cmd, 2, 2);
		return rsoc_one(cmd, op);
	case RSOC_ONE_WITH_SA:
		if (first && !first->has_sa)
			return scst_cmd_cdb_error(cmd, 2, 2);
		return rsoc_one(cmd, op);
	case RSOC_ONE:
		/* Without service actions, that of zero is the only one. */
		if (first && !first->has_sa && sa)
			op = NULL;
		return rsoc_one(cmd, op);
	default:
		return scst_cmd_cdb_error(cmd, 2, 2);
	}
}

/**
 * scst_exec_report_supported_tmfs - REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS
 * @cmd: command
 *
 * Tells what tmf.c implements.
 *
 * Context: any.
 * Return: how it ended.
 */
scst_sense_t scst_exec_report_supported_tmfs(struct scst_cmd *cmd)
{
	u8 buf[RSTMF_EXTENDED_LEN] = {
		RSTMF_ATS | RSTMF_ATSS | RSTMF_CACAS | RSTMF_CTSS |
		RSTMF_LURS | RSTMF_QTS | RSTMF_TRS,
		RSTMF_QAES | RSTMF_QTSS | RSTMF_ITNRS,
	};
	unsigned int len = RSTMF_BASIC_LEN;

	if (cmd->xfer_len < RSTMF_BASIC_LEN)
		return scst_cmd_cdb_error(cmd, 6, 8);
	/* No timeouts are known (TMFTMOV=0). */
	if (cmd->cdb[2] & SCST_RSTMF_REPD) {
		len = RSTMF_EXTENDED_LEN;
		buf[3] = RSTMF_EXTENDED_LEN - RSTMF_BASIC_LEN;
	}
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}
