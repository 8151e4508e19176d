// SPDX-License-Identifier: GPL-2.0
/*
 * SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS, but for the self-tests, and the
 * buffers by which an initiator tests the way to the unit: WRITE BUFFER and READ
 * BUFFER (SPC-6).
 */

#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/* ------------------------------------------------------------------------
 * SEND DIAGNOSTIC
 */

/* CDB byte 1 */
#define DIAG_PF			0x10
#define DIAG_SELFTEST		0x04

/* Supported diagnostic pages: this one */
static const u8 diag_pages[] = { 0, 0, 0, 1, 0 };

/* The only page that can be sent asks for the list of pages. */
static scst_sense_t diag_check_list(struct scst_cmd *cmd)
{
	u8 page[4];

	if (!(cmd->cdb[1] & DIAG_PF))
		return scst_cmd_cdb_error(cmd, 1, 4);
	/* SPC-6, PARAMETER LIST LENGTH: a page must not be cut off. */
	if (cmd->xfer_len != sizeof(page))
		return scst_cmd_cdb_error(cmd, 3, 8);
	if (scst_cmd_data_out(cmd, page, sizeof(page)) < sizeof(page))
		return SCST_SENSE_PARAM_LIST_LENGTH;
	if (page[0])
		return scst_cmd_param_error(cmd, 0, 8);
	if (get_unaligned_be16(page + 2))
		return scst_cmd_param_error(cmd, 2, 8);
	return SCST_GOOD;
}

/**
 * vdisk_exec_send_diagnostic - SEND DIAGNOSTIC
 * @cmd: command
 *
 * The vendor may choose what the default self-test is: the short one.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_send_diagnostic(struct scst_cmd *cmd)
{
	bool selftest = cmd->cdb[1] & DIAG_SELFTEST;
	u8 code = VDISK_SELF_TEST_CODE(cmd->cdb[1]);

	if (selftest && code)
		return scst_cmd_cdb_error(cmd, 1, 7);
	if (!selftest && !code)
		return cmd->xfer_len ? diag_check_list(cmd) : SCST_GOOD;
	/* A self-test has no parameters. */
	if (cmd->xfer_len)
		return scst_cmd_cdb_error(cmd, 3, 8);
	return vdisk_self_test(cmd, code);
}

/**
 * vdisk_exec_receive_diagnostic - RECEIVE DIAGNOSTIC RESULTS
 * @cmd: command
 *
 * Without PCV it returns the results of the last SEND DIAGNOSTIC, which can have
 * been about the list of pages only.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_receive_diagnostic(struct scst_cmd *cmd)
{
	if (cmd->cdb[2])
		return scst_cmd_cdb_error(cmd, 2, 8);
	scst_cmd_data_in(cmd, diag_pages, sizeof(diag_pages));
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * WRITE BUFFER and READ BUFFER
 */

#define BUFFER_MODE		0x1f	/* CDB byte 1 */
#define BUFFER_MODE_DATA	0x02
#define BUFFER_MODE_DESC	0x03
#define BUFFER_MODE_ECHO	0x0a
#define BUFFER_MODE_ECHO_DESC	0x0b

#define BUFFER_DESC_LEN		4

/* Allocated when something is written first; zeros until then. */
static scst_sense_t buffer_alloc(u8 **buffer)
{
	if (!*buffer)
		*buffer = kzalloc(VDISK_BUFFER_LEN, GFP_NOIO);
	return *buffer ? SCST_GOOD : SCST_BUSY;
}

static scst_sense_t buffer_write(struct scst_cmd *cmd, u8 **buffer, u32 offset)
{
	scst_sense_t sense;

	if (offset > VDISK_BUFFER_LEN)
		return scst_cmd_cdb_error(cmd, 3, 8);
	if (cmd->xfer_len > VDISK_BUFFER_LEN - offset)
		return scst_cmd_cdb_error(cmd, 6, 8);
	sense = buffer_alloc(buffer);
	if (sense == SCST_GOOD)
		scst_cmd_data_out(cmd, *buffer + offset, cmd->xfer_len);
	return sense;
}

/**
 * vdisk_exec_write_buffer - WRITE BUFFER
 * @cmd: command; it has the unit alone
 *
 * There is one buffer, number 0, and the echo buffer, both shared by all
 * initiators.  There is no microcode to download.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_write_buffer(struct scst_cmd *cmd)
{
	struct vdisk_diag *diag = &to_vdisk(cmd->dev)->diag;
	u32 offset = get_unaligned_be24(cmd->cdb + 3);
	scst_sense_t sense;

	switch (cmd->cdb[1] & BUFFER_MODE) {
	case BUFFER_MODE_DATA:
		if (cmd->cdb[2])
			return scst_cmd_cdb_error(cmd, 2, 8);
		return buffer_write(cmd, &diag->buffer, offset);
	case BUFFER_MODE_ECHO:
		/* BUFFER ID and BUFFER OFFSET are ignored. */
		sense = buffer_write(cmd, &diag->echo, 0);
		if (sense == SCST_GOOD)
			diag->echo_len = cmd->xfer_len;
		return sense;
	default:
		return scst_cmd_cdb_error(cmd, 1, 4);
	}
}

static scst_sense_t buffer_read_data(struct scst_cmd *cmd,
				     const struct vdisk_diag *diag)
{
	u32 offset = get_unaligned_be24(cmd->cdb + 3);
	u32 len;

	if (cmd->cdb[2])
		return scst_cmd_cdb_error(cmd, 2, 8);
	if (offset > VDISK_BUFFER_LEN)
		return scst_cmd_cdb_error(cmd, 3, 8);
	len = VDISK_BUFFER_LEN - offset;
	scst_cmd_data_in(cmd, diag->buffer ? diag->buffer + offset :
					     page_address(ZERO_PAGE(0)), len);
	return SCST_GOOD;
}

static scst_sense_t buffer_read_echo(struct scst_cmd *cmd,
				     const struct vdisk_diag *diag)
{
	if (!diag->echo)
		return SCST_SENSE_COMMAND_SEQUENCE;
	scst_cmd_data_in(cmd, diag->echo, diag->echo_len);
	return SCST_GOOD;
}

/* Offsets need no alignment.  Of a buffer that there is not all is zero. */
static scst_sense_t buffer_read_desc(struct scst_cmd *cmd)
{
	u8 buf[BUFFER_DESC_LEN] = { };

	if (!cmd->cdb[2])
		put_unaligned_be24(VDISK_BUFFER_LEN, buf + 1);
	scst_cmd_data_in(cmd, buf, sizeof(buf));
	return SCST_GOOD;
}

/* EBOS=0: who writes does not ask whose data was there. */
static scst_sense_t buffer_read_echo_desc(struct scst_cmd *cmd)
{
	u8 buf[BUFFER_DESC_LEN] = { };

	put_unaligned_be16(VDISK_BUFFER_LEN, buf + 2);
	scst_cmd_data_in(cmd, buf, sizeof(buf));
	return SCST_GOOD;
}

/**
 * vdisk_exec_read_buffer - READ BUFFER(10)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_read_buffer(struct scst_cmd *cmd)
{
	const struct vdisk_diag *diag = &to_vdisk(cmd->dev)->diag;

	switch (cmd->cdb[1] & BUFFER_MODE) {
	case BUFFER_MODE_DATA:
		return buffer_read_data(cmd, diag);
	case BUFFER_MODE_DESC:
		return buffer_read_desc(cmd);
	case BUFFER_MODE_ECHO:
		return buffer_read_echo(cmd, diag);
	case BUFFER_MODE_ECHO_DESC:
		return buffer_read_echo_desc(cmd);
	default:
		return scst_cmd_cdb_error(cmd, 1, 4);
	}
}

/**
 * vdisk_diag_exit - free the buffers
 * @vd: virtual disk that goes
 *
 * Context: process context.
 */
void vdisk_diag_exit(struct vdisk *vd)
{
	kfree(vd->diag.buffer);
	kfree(vd->diag.echo);
	vd->diag.buffer = NULL;
	vd->diag.echo = NULL;
}
