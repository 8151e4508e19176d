// SPDX-License-Identifier: GPL-2.0
/* PERSISTENT RESERVE IN (SPC-6 6.14): what there is of registrations and reservation */

#include <linux/string.h>
#include <linux/unaligned.h>
#include "pr.h"

#define PRIN_HEADER_LEN		8
#define PRIN_RESERVATION_LEN	16
#define PRIN_CAPABILITIES_LEN	8
/* A full status descriptor without its TransportID */
#define PRIN_STATUS_LEN		24
#define PRIN_R_HOLDER		0x01

/* REPORT CAPABILITIES, byte 2 */
#define CAP_RLR_C		0x80
#define CAP_CRH			0x10
#define CAP_SIP_C		0x08
#define CAP_ATP_C		0x04
#define CAP_PTPL_C		0x01
/* Byte 3 */
#define CAP_TMV			0x80
#define CAP_PTPL_A		0x01
/*
 * ALLOW COMMANDS: TEST UNIT READY is never in conflict, and MODE SENSE, READ
 * BUFFER, RECEIVE DIAGNOSTIC RESULTS and those that are like them are not with
 * write exclusive types.
 */
#define CAP_ALLOW_COMMANDS	(3 << 4)
/* Types, bytes 4 and 5 */
#define CAP_TYPES		0xea01

static void prin_header(struct scst_cmd *cmd, const struct scst_pr_state *state,
			u32 len)
{
	u8 header[PRIN_HEADER_LEN];

	put_unaligned_be32(state->generation, header);
	put_unaligned_be32(len, header + 4);
	scst_cmd_data_in_part(cmd, 0, header, sizeof(header));
	scst_cmd_data_in_end(cmd, sizeof(header) + len);
}

static void prin_read_keys(struct scst_cmd *cmd,
			   const struct scst_pr_state *state)
{
	unsigned int i;
	__be64 key;

	for (i = 0; i < state->nr; i++) {
		key = cpu_to_be64(state->regs[i].key);
		scst_cmd_data_in_part(cmd, PRIN_HEADER_LEN + i * sizeof(key),
				      &key, sizeof(key));
	}
	prin_header(cmd, state, state->nr * sizeof(key));
}

static void prin_read_reservation(struct scst_cmd *cmd,
				  const struct scst_pr_state *state)
{
	u8 desc[PRIN_RESERVATION_LEN] = {};

	if (state->type == SCST_PR_NONE) {
		prin_header(cmd, state, 0);
		return;
	}
	/* One that all registrants hold is nobody's in particular. */
	if (!scst_pr_all_registrants(state->type))
		put_unaligned_be64(state->regs[state->holder].key, desc);
	desc[13] = state->type;
	scst_cmd_data_in_part(cmd, PRIN_HEADER_LEN, desc, sizeof(desc));
	prin_header(cmd, state, sizeof(desc));
}

static void prin_read_full_status(struct scst_cmd *cmd,
				  const struct scst_pr_state *state)
{
	const struct scst_registrant *reg;
	u32 at = PRIN_HEADER_LEN;
	unsigned int i;

	for (i = 0; i < state->nr; i++) {
		u8 desc[PRIN_STATUS_LEN] = {};

		reg = &state->regs[i];
		put_unaligned_be64(reg->key, desc);
		if (scst_pr_holds(state, i)) {
			desc[12] = PRIN_R_HOLDER;
			desc[13] = state->type;
		}
		put_unaligned_be16(reg->nexus.rel_tgt_id, desc + 18);
		put_unaligned_be32(reg->nexus.tid_len, desc + 20);
		scst_cmd_data_in_part(cmd, at, desc, sizeof(desc));
		at += sizeof(desc);
		scst_cmd_data_in_part(cmd, at, reg->nexus.tid,
				      reg->nexus.tid_len);
		at += reg->nexus.tid_len;
	}
	prin_header(cmd, state, at - PRIN_HEADER_LEN);
}

static scst_sense_t prin_read(struct scst_cmd *cmd,
			      void (*read)(struct scst_cmd *cmd,
					   const struct scst_pr_state *state))
{
	const struct scst_pr_state *state;

	if (scst_reserve_held(cmd->dev))
		return SCST_RESERVATION_CONFLICT;
	guard(rcu)();
	state = scst_pr_state_of(cmd->dev->pr);
	if (state->lost)
		return SCST_SENSE_RESERVATION_LOST;
	read(cmd, state);
	return SCST_GOOD;
}

/**
 * scst_exec_pr_read_keys - READ KEYS
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t scst_exec_pr_read_keys(struct scst_cmd *cmd)
{
	return prin_read(cmd, prin_read_keys);
}

/**
 * scst_exec_pr_read_reservation - READ RESERVATION
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t scst_exec_pr_read_reservation(struct scst_cmd *cmd)
{
	return prin_read(cmd, prin_read_reservation);
}

/**
 * scst_exec_pr_read_full_status - READ FULL STATUS
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t scst_exec_pr_read_full_status(struct scst_cmd *cmd)
{
	return prin_read(cmd, prin_read_full_status);
}

static scst_sense_t prin_report_capabilities(struct scst_pr *pr,
					     struct scst_pr_request *req)
{
	u8 buf[PRIN_CAPABILITIES_LEN] = {};

	put_unaligned_be16(sizeof(buf), buf);
	buf[2] = CAP_RLR_C | CAP_CRH | CAP_SIP_C | CAP_ATP_C;
	buf[3] = CAP_TMV | CAP_ALLOW_COMMANDS;
	if (scst_persist_can_save(SCST_PR_KIND))
		buf[2] |= CAP_PTPL_C;
	scoped_guard(rcu)
		if (scst_pr_state_of(pr)->aptpl)
			buf[3] |= CAP_PTPL_A;
	put_unaligned_be16(CAP_TYPES, buf + 4);
	scst_cmd_data_in(req->cmd, buf, sizeof(buf));
	return SCST_GOOD;
}

/**
 * scst_exec_pr_report_capabilities - REPORT CAPABILITIES
 * @cmd: command
 *
 * Whether there is a place to save anything takes I/O to find out.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t scst_exec_pr_report_capabilities(struct scst_cmd *cmd)
{
	struct scst_pr_request *req;

	if (scst_reserve_held(cmd->dev))
		return SCST_RESERVATION_CONFLICT;
	req = scst_pr_request_alloc(cmd, 0);
	if (!req)
		return SCST_TASK_SET_FULL;
	req->execute = prin_report_capabilities;
	return scst_pr_submit(req);
}
