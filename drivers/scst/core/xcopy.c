// SPDX-License-Identifier: GPL-2.0
/*
 * EXTENDED COPY(LID1): its parameter list, and its sense data (SPC-4 6.4, which
 * SPC-5 and later refer to).
 */

#include <kunit/visibility.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "copy.h"

#define XCOPY_LIST_MAX_LEN	(XCOPY_HEADER_LEN + XCOPY_MAX_LIST)

/* CSCD descriptor */
#define CSCD_NUL		0x20	/* byte 1 */
#define CSCD_TYPE		0x1f
#define CSCD_CODE_SET		0x0f	/* byte 4 */
#define CSCD_ID_TYPE		0x3f	/* byte 5: association and type */
#define CSCD_PAD		0x04	/* byte 28 */

/* Segment descriptor, byte 1 */
#define SEGMENT_DC		0x02
#define SEGMENT_CAT		0x01
#define SEGMENT_DESC_HEADER	4

/* ------------------------------------------------------------------------
 * Parameter list
 */

/* As scst_cmd_param_error(), with a sense code of its own. */
static scst_sense_t xcopy_error(struct scst_cmd *cmd, u16 byte,
				scst_sense_t sense)
{
	scst_cmd_param_error(cmd, byte, 8);
	return sense;
}

static scst_sense_t xcopy_parse_cscd(struct scst_cmd *cmd, const u8 *buf,
				     u16 offset, struct scst_copy_cscd *cscd)
{
	const u8 *desc = buf + offset;

	if (desc[0] != XCOPY_CSCD_ID)
		return xcopy_error(cmd, offset, SCST_SENSE_CSCD_TYPE);
	/* LU ID TYPE is reserved: there is no LU IDENTIFIER in it. */
	if (desc[1] & CSCD_NUL)
		return scst_cmd_param_error(cmd, offset + 1, 5);
	if (!desc[7] || desc[7] > XCOPY_ID_MAX_LEN)
		return scst_cmd_param_error(cmd, offset + 7, 8);

	cscd->offset = offset;
	cscd->type = desc[1] & CSCD_TYPE;
	cscd->code_set = desc[4] & CSCD_CODE_SET;
	cscd->id_type = desc[5] & CSCD_ID_TYPE;
	cscd->id_len = desc[7];
	memcpy(cscd->id, desc + 8, XCOPY_ID_MAX_LEN);
	cscd->pad = desc[28] & CSCD_PAD;
	cscd->block_len = get_unaligned_be24(desc + 29);
	return SCST_GOOD;
}

/*
 * Which of @nr CSCDs a CSCD descriptor ID stands for.  That it stands for none is
 * told when the segment is processed.
 */
static u8 xcopy_cscd_index(u16 id, unsigned int nr)
{
	if (id == XCOPY_OWN_UNIT)
		return XCOPY_MAX_CSCDS;
	return id < nr ? id : XCOPY_NO_CSCD;
}

/* @len: bytes up to the end of the list of segment descriptors */
static scst_sense_t xcopy_parse_segment(struct scst_cmd *cmd, const u8 *buf,
					u16 offset, u32 len,
					unsigned int nr_cscds,
					struct scst_copy_segment *seg)
{
	const u8 *desc = buf + offset;

	if (desc[0] != XCOPY_SEGMENT_B2B)
		return xcopy_error(cmd, offset, SCST_SENSE_SEGMENT_TYPE);
	if (len < XCOPY_SEGMENT_LEN ||
	    get_unaligned_be16(desc + 2) !=
	    XCOPY_SEGMENT_LEN - SEGMENT_DESC_HEADER)
		return scst_cmd_param_error(cmd, offset + 2, 8);

	seg->src = xcopy_cscd_index(get_unaligned_be16(desc + 4), nr_cscds);
	seg->dst = xcopy_cscd_index(get_unaligned_be16(desc + 6), nr_cscds);
	seg->dc = desc[1] & SEGMENT_DC;
	seg->cat = desc[1] & SEGMENT_CAT;
	seg->nblocks = get_unaligned_be16(desc + 10);
	seg->src_lba = get_unaligned_be64(desc + 12);
	seg->dst_lba = get_unaligned_be64(desc + 20);
	return SCST_GOOD;
}

/*
 * Segment descriptors have all the same length, so that more bytes than those that
 * are supported have are more of them.
 */
static scst_sense_t xcopy_parse_header(struct scst_cmd *cmd, const u8 *buf,
				       struct scst_copy *copy)
{
	u32 cscd_len = get_unaligned_be16(buf + 2);
	u32 segment_len = get_unaligned_be32(buf + 8);
	u32 inline_len = get_unaligned_be32(buf + 12);

	copy->id = buf[0];
	copy->usage = (buf[1] >> 3) & 3;
	if (copy->usage == XCOPY_LIST_ID_NONE) {
		if (copy->id)
			return scst_cmd_param_error(cmd, 0, 8);
	} else if (copy->usage != XCOPY_LIST_ID_HOLD &&
		   copy->usage != XCOPY_LIST_ID_DISCARD) {
		return scst_cmd_param_error(cmd, 1, 4);
	}

	if ((u64)cscd_len + segment_len > XCOPY_MAX_LIST)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	if (cscd_len % XCOPY_CSCD_LEN)
		return scst_cmd_param_error(cmd, 2, 8);
	if (cscd_len > XCOPY_MAX_CSCDS * XCOPY_CSCD_LEN)
		return xcopy_error(cmd, 2, SCST_SENSE_TOO_MANY_CSCDS);
	if (segment_len > XCOPY_MAX_SEGMENTS * XCOPY_SEGMENT_LEN)
		return xcopy_error(cmd, 8, SCST_SENSE_TOO_MANY_SEGMENTS);
	if (inline_len)
		return xcopy_error(cmd, 12, SCST_SENSE_INLINE_DATA_LENGTH);
	if (cmd->xfer_len < XCOPY_HEADER_LEN + cscd_len + segment_len)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	return SCST_GOOD;
}

/**
 * scst_xcopy_parse - parse the parameter list of EXTENDED COPY(LID1)
 * @cmd: command; its xfer_len is the PARAMETER LIST LENGTH
 * @buf: the list, as many bytes as are supported, zeros behind its end
 * @copy: filled in; all zeros before
 *
 * STR and PRIORITY are hints, which are not needed: segments are processed one
 * after the other.  NRCR is what SPC-3 had in place of LIST ID USAGE: 0 is hold
 * and 1 is discard.
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
VISIBLE_IF_KUNIT
scst_sense_t scst_xcopy_parse(struct scst_cmd *cmd, const u8 *buf,
			      struct scst_copy *copy)
{
	unsigned int nr_cscds, i;
	scst_sense_t sense;
	u32 offset, end;

	if (cmd->xfer_len < XCOPY_HEADER_LEN)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	sense = xcopy_parse_header(cmd, buf, copy);
	if (sense != SCST_GOOD)
		return sense;

	offset = XCOPY_HEADER_LEN;
	nr_cscds = get_unaligned_be16(buf + 2) / XCOPY_CSCD_LEN;
	for (i = 0; i < nr_cscds; i++, offset += XCOPY_CSCD_LEN) {
		sense = xcopy_parse_cscd(cmd, buf, offset, &copy->cscds[i]);
		if (sense != SCST_GOOD)
			return sense;
	}

	end = offset + get_unaligned_be32(buf + 8);
	for (i = 0; offset < end; i++, offset += XCOPY_SEGMENT_LEN) {
		sense = xcopy_parse_segment(cmd, buf, offset, end - offset,
					    nr_cscds, &copy->segments[i]);
		if (sense != SCST_GOOD)
			return sense;
	}
	copy->nr_segments = i;
	return SCST_GOOD;
}
EXPORT_SYMBOL_IF_KUNIT(scst_xcopy_parse);

static scst_sense_t xcopy_get_list(struct scst_cmd *cmd, struct scst_copy *copy)
{
	u8 *buf __free(kfree) = kzalloc(XCOPY_LIST_MAX_LEN, GFP_NOIO);

	if (!buf)
		return SCST_TASK_SET_FULL;
	scst_cmd_data_out(cmd, buf, XCOPY_LIST_MAX_LEN);
	return scst_xcopy_parse(cmd, buf, copy);
}

static scst_sense_t xcopy_submit(struct scst_copy *copy)
{
	struct scst_cmd *cmd = copy->cmd;
	scst_sense_t sense;

	sense = xcopy_get_list(cmd, copy);
	if (sense != SCST_GOOD)
		return sense;
	sense = scst_copy_id_start(copy);
	if (sense != SCST_GOOD)
		return sense;
	scst_copy_start(copy);
	return SCST_PENDING;
}

/**
 * scst_exec_extended_copy - EXTENDED COPY(LID1)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t scst_exec_extended_copy(struct scst_cmd *cmd)
{
	struct scst_copy *copy;
	scst_sense_t sense;

	if (!cmd->xfer_len)
		return SCST_GOOD;
	copy = kzalloc(sizeof(*copy), GFP_NOIO);
	if (!copy)
		return SCST_TASK_SET_FULL;
	copy->cmd = cmd;
	sense = xcopy_submit(copy);
	if (sense != SCST_PENDING)
		kfree(copy);
	return sense;
}

/* ------------------------------------------------------------------------
 * Sense data
 */

/* Sense data descriptors (SPC-6 4.4.2) */
#define SENSE_DESC_COMMAND_SPECIFIC	0x01
#define SENSE_DESC_FORWARDED		0x0c
#define FORWARDED_SOURCE		1	/* copy source */
#define FORWARDED_DESTINATION		2

/*
 * The fields of COMMAND-SPECIFIC INFORMATION: where the status of the source
 * and of the destination begin, and the number of the segment.
 */
static unsigned int xcopy_add_sense_fixed(u8 *buf,
					  const struct scst_copy_failure *f)
{
	unsigned int len = SCST_SENSE_FIXED_LEN;

	put_unaligned_be16(f->segment, buf + 10);
	if (f->status) {
		buf[f->source ? 8 : 9] = len;
		buf[len++] = f->status;
		memcpy(buf + len, f->sense, f->sense_len);
		len += f->sense_len;
	}
	buf[7] = len - 8;
	return len;
}

static unsigned int xcopy_add_sense_desc(u8 *buf,
					 const struct scst_copy_failure *f)
{
	u8 *desc = buf + 8 + buf[7];

	desc[0] = SENSE_DESC_COMMAND_SPECIFIC;
	desc[1] = 10;
	put_unaligned_be16(f->segment, desc + 10);
	desc += 12;
	if (f->status) {
		desc[0] = SENSE_DESC_FORWARDED;
		desc[1] = 2 + f->sense_len;
		desc[2] = f->source ? FORWARDED_SOURCE : FORWARDED_DESTINATION;
		desc[3] = f->status;
		memcpy(desc + 4, f->sense, f->sense_len);
		desc += 4 + f->sense_len;
	}
	buf[7] = desc - buf - 8;
	return desc - buf;
}

/**
 * scst_copy_add_sense - say in sense data which segment failed, and why
 * @cmd: EXTENDED COPY with sense data, and a struct scst_copy_failure
 * @desc: the sense data is in descriptor format
 *
 * Context: any.
 * Return: bytes of sense data.
 */
unsigned int scst_copy_add_sense(struct scst_cmd *cmd, bool desc)
{
	const struct scst_copy_failure *f = xcopy_failure(cmd);

	/* With neither INFORMATION nor a field pointer there is nothing more. */
	BUILD_BUG_ON(SCST_SENSE_FIXED_LEN + 1 + sizeof(f->sense) >
		     SCST_SENSE_BUFFERSIZE);
	BUILD_BUG_ON(8 + 12 + 4 + sizeof(f->sense) > SCST_SENSE_BUFFERSIZE);
	if (desc)
		return xcopy_add_sense_desc(cmd->sense, f);
	return xcopy_add_sense_fixed(cmd->sense, f);
}
