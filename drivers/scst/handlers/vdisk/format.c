// SPDX-License-Identifier: GPL-2.0
/* FORMAT UNIT (SBC-5), without protection information. */

#include <kunit/visibility.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/* CDB byte 1 */
#define FORMAT_LONGLIST		0x20
#define FORMAT_FMTDATA		0x10
#define FORMAT_LIST_FORMAT	0x07
#define FORMAT_LIST_RESERVED	0x07

#define FORMAT_SHORT_HEADER	4
#define FORMAT_LONG_HEADER	8
/* Parameter list byte 0 */
#define FORMAT_PROT_USAGE	0x07
/* Parameter list byte 1 */
#define FORMAT_FOV		0x80
#define FORMAT_DPRY		0x40
#define FORMAT_DCRT		0x20
#define FORMAT_STPF		0x10
#define FORMAT_IP		0x08
#define FORMAT_IMMED		0x02
#define FORMAT_OPTIONS		(FORMAT_DPRY | FORMAT_DCRT | FORMAT_STPF | \
				 FORMAT_IP)

/* Initialization pattern descriptor */
#define FORMAT_IP_HEADER	4
#define FORMAT_IP_SI		0x20	/* byte 0 */
#define FORMAT_IP_DEFAULT	0x00	/* byte 1 */
#define FORMAT_IP_REPEAT	0x01

/* Nothing behind the longest initialization pattern matters. */
#define FORMAT_MAX_LIST		(FORMAT_LONG_HEADER + FORMAT_IP_HEADER + \
				 VDISK_MAX_BLOCK_SIZE)

/**
 * vdisk_decode_format_unit - decode FORMAT UNIT
 * @cmd: command
 *
 * The CDB does not say how long the parameter list is, the list does.
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t vdisk_decode_format_unit(struct scst_cmd *cmd)
{
	if (cmd->cdb[1] & FORMAT_FMTDATA)
		cmd->xfer_len = min(cmd->bufflen, FORMAT_MAX_LIST);
	return SCST_GOOD;
}

/* Repeat @pattern, as long as the block or shorter (SBC-5). */
static scst_sense_t format_parse_pattern(struct scst_cmd *cmd, const u8 *list,
					 u32 len, u32 at,
					 struct vdisk_background_req *req)
{
	const u8 *desc = list + at;
	u16 pattern_len;

	if (len < at + FORMAT_IP_HEADER)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	pattern_len = get_unaligned_be16(desc + 2);
	/* All of the medium is written, but who knows where it has been. */
	if (desc[0] & FORMAT_IP_SI)
		return scst_cmd_param_error(cmd, at, 5);
	switch (desc[1]) {
	case FORMAT_IP_DEFAULT:
		return pattern_len ? scst_cmd_param_error(cmd, at + 2, 8) :
				     SCST_GOOD;
	case FORMAT_IP_REPEAT:
		break;
	default:
		return scst_cmd_param_error(cmd, at + 1, 8);
	}
	if (!pattern_len || pattern_len > cmd->dev->block_size)
		return scst_cmd_param_error(cmd, at + 2, 8);
	if (len < at + FORMAT_IP_HEADER + pattern_len)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	req->how = VDISK_FILL_PATTERN;
	req->pattern = desc + FORMAT_IP_HEADER;
	req->pattern_len = pattern_len;
	return SCST_GOOD;
}

/**
 * vdisk_format_parse - read the parameter list of FORMAT UNIT
 * @cmd: command with FMTDATA=1
 * @list: parameter list
 * @len: bytes in it
 * @req: set to what it asks for; keeps a pointer into @list
 *
 * A virtual disk has no defects to hide: with an empty list of them DPRY, DCRT
 * and STPF change nothing, and a list that is not empty is refused.
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
VISIBLE_IF_KUNIT
scst_sense_t vdisk_format_parse(struct scst_cmd *cmd, const u8 *list, u32 len,
				struct vdisk_background_req *req)
{
	bool is_long = cmd->cdb[1] & FORMAT_LONGLIST;
	u32 header = is_long ? FORMAT_LONG_HEADER : FORMAT_SHORT_HEADER;
	u8 flags;

	if (len < header)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	flags = list[1];
	/* Both say something about protection information. */
	if (list[0] & FORMAT_PROT_USAGE)
		return scst_cmd_param_error(cmd, 0, 2);
	if (is_long && list[3])
		return scst_cmd_param_error(cmd, 3, list[3] & 0xf0 ? 7 : 3);
	/* FOV=0: the options shall be zero. */
	if (!(flags & FORMAT_FOV) && (flags & FORMAT_OPTIONS))
		return scst_cmd_param_error(cmd, 1,
					    fls(flags & FORMAT_OPTIONS) - 1);
	if (is_long ? get_unaligned_be32(list + 4) :
		      get_unaligned_be16(list + 2))
		return scst_cmd_param_error(cmd, is_long ? 4 : 2, 8);
	req->immed = flags & FORMAT_IMMED;
	if (!(flags & FORMAT_IP))
		return SCST_GOOD;
	return format_parse_pattern(cmd, list, len, header, req);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_format_parse);

/**
 * vdisk_exec_format_unit - FORMAT UNIT
 * @cmd: command; it has the unit alone
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_format_unit(struct scst_cmd *cmd)
{
	struct vdisk_background_req req = {
		.condition	= VDISK_FORMATTING,
		.how		= VDISK_FILL_ZEROS,
		.passes		= 1,
	};
	u32 len = cmd->xfer_len;
	scst_sense_t sense;

	sense = vdisk_check_started(cmd->dev);
	if (sense != SCST_GOOD)
		return sense;
	if (!(cmd->cdb[1] & FORMAT_FMTDATA))
		return vdisk_background_begin(cmd, &req);
	if ((cmd->cdb[1] & FORMAT_LIST_FORMAT) == FORMAT_LIST_RESERVED)
		return scst_cmd_cdb_error(cmd, 1, 2);

	u8 *list __free(kfree) = kmalloc(FORMAT_MAX_LIST, GFP_NOIO);
	if (!list)
		return SCST_BUSY;
	len = scst_cmd_data_out(cmd, list, len);
	sense = vdisk_format_parse(cmd, list, len, &req);
	if (sense != SCST_GOOD)
		return sense;
	return vdisk_background_begin(cmd, &req);
}
