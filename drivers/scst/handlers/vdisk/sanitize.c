// SPDX-License-Identifier: GPL-2.0
/* SANITIZE (SBC-5 4.11). */

#include <kunit/visibility.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/* CDB byte 1 */
#define SANITIZE_IMMED		0x80
#define SANITIZE_AUSE		0x20

/* Parameter list of OVERWRITE */
#define SANITIZE_HEADER		4
#define SANITIZE_INVERT		0x80	/* byte 0 */
#define SANITIZE_TEST		0x60
#define SANITIZE_COUNT		0x1f

static scst_sense_t sanitize_begin(struct scst_cmd *cmd,
				   struct vdisk_background_req *req)
{
	req->condition = VDISK_SANITIZING;
	req->immed = cmd->cdb[1] & SANITIZE_IMMED;
	req->ause = cmd->cdb[1] & SANITIZE_AUSE;
	return vdisk_background_begin(cmd, req);
}

/* Two of the service actions have no parameter list. */
static scst_sense_t sanitize_check_no_list(struct scst_cmd *cmd)
{
	return cmd->xfer_len ? scst_cmd_cdb_error(cmd, 7, 8) : SCST_GOOD;
}

/**
 * vdisk_sanitize_parse - read the parameter list of SANITIZE, OVERWRITE
 * @cmd: command
 * @list: parameter list
 * @len: bytes in it
 * @req: set to what it asks for; keeps a pointer into @list
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
VISIBLE_IF_KUNIT
scst_sense_t vdisk_sanitize_parse(struct scst_cmd *cmd, const u8 *list, u32 len,
				  struct vdisk_background_req *req)
{
	u16 pattern_len;

	if (len < SANITIZE_HEADER)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	/* Other tests than none are vendor specific, and not there. */
	if (list[0] & SANITIZE_TEST)
		return scst_cmd_param_error(cmd, 0, 6);
	if (!(list[0] & SANITIZE_COUNT))
		return scst_cmd_param_error(cmd, 0, 4);
	pattern_len = get_unaligned_be16(list + 2);
	if (!pattern_len || pattern_len > cmd->dev->block_size)
		return scst_cmd_param_error(cmd, 2, 8);
	if (len < SANITIZE_HEADER + pattern_len)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	req->how = VDISK_FILL_PATTERN;
	req->passes = list[0] & SANITIZE_COUNT;
	req->invert = list[0] & SANITIZE_INVERT;
	req->pattern = list + SANITIZE_HEADER;
	req->pattern_len = pattern_len;
	return SCST_GOOD;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_sanitize_parse);

/**
 * vdisk_exec_sanitize_overwrite - SANITIZE, OVERWRITE
 * @cmd: command; it has the unit alone
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_sanitize_overwrite(struct scst_cmd *cmd)
{
	u32 max = SANITIZE_HEADER + cmd->dev->block_size;
	struct vdisk_background_req req = { };
	scst_sense_t sense;
	u32 len;

	sense = vdisk_check_started(cmd->dev);
	if (sense != SCST_GOOD)
		return sense;
	/* SBC-5: there has to be a pattern, and no more than one. */
	if (cmd->xfer_len <= SANITIZE_HEADER || cmd->xfer_len > max)
		return scst_cmd_cdb_error(cmd, 7, 8);

	u8 *list __free(kfree) = kmalloc(max, GFP_NOIO);
	if (!list)
		return SCST_BUSY;
	len = scst_cmd_data_out(cmd, list, max);
	sense = vdisk_sanitize_parse(cmd, list, len, &req);
	if (sense != SCST_GOOD)
		return sense;
	return sanitize_begin(cmd, &req);
}

/**
 * vdisk_exec_sanitize_block_erase - SANITIZE, BLOCK ERASE
 * @cmd: command; it has the unit alone
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_sanitize_block_erase(struct scst_cmd *cmd)
{
	struct vdisk_background_req req = {
		.how	= VDISK_FILL_ERASE,
		.passes	= 1,
	};
	scst_sense_t sense = vdisk_check_started(cmd->dev);

	if (sense == SCST_GOOD)
		sense = sanitize_check_no_list(cmd);
	return sense == SCST_GOOD ? sanitize_begin(cmd, &req) : sense;
}

/**
 * vdisk_exec_sanitize_exit_failure_mode - SANITIZE, EXIT FAILURE MODE
 * @cmd: command; it has the unit alone
 *
 * Only the command that failed may have allowed it, with AUSE=1.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_sanitize_exit_failure_mode(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	scst_sense_t sense = sanitize_check_no_list(cmd);

	if (sense != SCST_GOOD || vd->condition != VDISK_SANITIZE_FAILED)
		return sense;
	if (!vd->background.ause)
		return scst_cmd_cdb_error(cmd, 1, 4);
	WRITE_ONCE(vd->condition, VDISK_FORMATTED);
	return SCST_GOOD;
}
