// SPDX-License-Identifier: GPL-2.0
/* What an exec() callback asks and tells about its command's data. */

#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include "core.h"

/**
 * scst_cmd_data_in_part - copy a part of a command's data-in
 * @cmd: command
 * @offset: where in its data-in the part begins
 * @buf: the part
 * @len: bytes in @buf
 *
 * What the allocation length or the buffer cuts off is ignored.  When all parts
 * are there scst_cmd_data_in_end() is to be called.
 *
 * Context: any.
 */
void scst_cmd_data_in_part(struct scst_cmd *cmd, u32 offset, const void *buf,
			   u32 len)
{
	u32 room = min_t(u64, cmd->xfer_len, cmd->bufflen);

	if (offset < room)
		sg_pcopy_from_buffer(cmd->sg, cmd->sg_cnt, buf,
				     min(len, room - offset), offset);
}
EXPORT_SYMBOL_GPL(scst_cmd_data_in_part);

/**
 * scst_cmd_data_in_end - say how much data-in a command has
 * @cmd: command
 * @len: bytes there are, no matter how many were asked for
 *
 * Sets resp_data_len to what is to be transferred.  It may exceed the buffer:
 * then it gives the residual overflow.
 *
 * Context: any.
 */
void scst_cmd_data_in_end(struct scst_cmd *cmd, u32 len)
{
	cmd->resp_data_len = min_t(u64, len, cmd->xfer_len);
}
EXPORT_SYMBOL_GPL(scst_cmd_data_in_end);

/**
 * scst_cmd_data_in - give a command its data-in
 * @cmd: command
 * @buf: data
 * @len: bytes in @buf
 *
 * Transfers the first bytes, as many as the ALLOCATION LENGTH and the buffer
 * take, and nothing else.
 *
 * Context: any.
 */
void scst_cmd_data_in(struct scst_cmd *cmd, const void *buf, u32 len)
{
	scst_cmd_data_in_part(cmd, 0, buf, len);
	scst_cmd_data_in_end(cmd, len);
}
EXPORT_SYMBOL_GPL(scst_cmd_data_in);

/**
 * scst_cmd_data_out - get a command's data-out
 * @cmd: command
 * @buf: where to
 * @len: bytes wanted
 *
 * Context: any.
 * Return: bytes copied: less than @len when the initiator sent less.
 */
u32 scst_cmd_data_out(struct scst_cmd *cmd, void *buf, u32 len)
{
	len = min_t(u64, len, cmd->xfer_len);
	if (cmd->out_sg)
		return sg_copy_to_buffer(cmd->out_sg, cmd->out_sg_cnt, buf,
					 min(len, cmd->out_bufflen));
	return sg_copy_to_buffer(cmd->sg, cmd->sg_cnt, buf,
				 min(len, cmd->bufflen));
}
EXPORT_SYMBOL_GPL(scst_cmd_data_out);

/**
 * scst_cmd_write_protected - may a command not write?
 * @cmd: command for a LUN that exists
 * @sense: set when it may not: the sense code to end it with
 *
 * Context: any.
 * Return: true when its logical unit or its LUN is write protected.
 */
bool scst_cmd_write_protected(const struct scst_cmd *cmd, scst_sense_t *sense)
{
	if (READ_ONCE(cmd->dev->read_only) ||
	    cmd->tgt_dev->read_only) {
		*sense = SCST_SENSE_WRITE_PROTECTED;
		return true;
	}
	if (READ_ONCE(cmd->dev->swp)) {
		*sense = SCST_SENSE_SOFT_WRITE_PROTECTED;
		return true;
	}
	return false;
}
EXPORT_SYMBOL_GPL(scst_cmd_write_protected);
