// SPDX-License-Identifier: GPL-2.0
/* From the result of a command to its status and sense data. */

#include <kunit/visibility.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "core.h"

/* Tells a sense code from the other values of scst_sense_t, see SCST_SENSE() */
#define SENSE_IS_CODE	0x1000000

static u8 sense_key(scst_sense_t sense)
{
	return (__force u32)sense >> 16 & 0xf;
}

/**
 * scst_build_sense - build sense data
 * @buf: where to, at least %SCST_SENSE_FIXED_LEN bytes
 * @desc: descriptor format, else fixed format
 * @sense: sense code made by SCST_SENSE()
 *
 * Context: any.
 * Return: bytes of sense data in @buf.
 */
unsigned int scst_build_sense(u8 *buf, bool desc, scst_sense_t sense)
{
	u32 code = (__force u32)sense;

	memset(buf, 0, SCST_SENSE_FIXED_LEN);
	scsi_build_sense_buffer(desc, buf, sense_key(sense), code >> 8, code);
	return desc ? 8 : SCST_SENSE_FIXED_LEN;
}

#define SENSE_SKSV		0x80
#define SENSE_DESC_SKS		0x02	/* descriptor type: sense key specific */
#define SENSE_DESC_SKS_LEN	8

/* Of an operation of the unit itself, which others that are NOT READY are not */
static bool sense_has_progress(scst_sense_t sense)
{
	return sense == SCST_SENSE_FORMAT_IN_PROGRESS ||
	       sense == SCST_SENSE_SANITIZE_IN_PROGRESS ||
	       sense == SCST_SENSE_SELF_TEST_IN_PROGRESS;
}

/**
 * scst_add_progress - add the progress indication that a sense code may have
 * @dev: logical unit
 * @buf: sense data of it; has room for another eight bytes
 * @sense: sense code in it
 *
 * Context: any.
 * Return: bytes of sense data in @buf.
 */
unsigned int scst_add_progress(struct scst_device *dev, u8 *buf,
			       scst_sense_t sense)
{
	bool desc = (buf[0] & 0x7f) >= 0x72;
	unsigned int len = 8 + buf[7];
	int progress = -1;

	if (sense_has_progress(sense) && dev && dev->type->progress)
		progress = dev->type->progress(dev);
	if (progress < 0)
		return len;
	if (!desc) {
		buf[15] = SENSE_SKSV;
		put_unaligned_be16(progress, buf + 16);
		return len;
	}
	memset(buf + len, 0, SENSE_DESC_SKS_LEN);
	buf[len] = SENSE_DESC_SKS;
	buf[len + 1] = SENSE_DESC_SKS_LEN - 2;
	buf[len + 4] = SENSE_SKSV;
	put_unaligned_be16(progress, buf + len + 5);
	buf[7] += SENSE_DESC_SKS_LEN;
	return len + SENSE_DESC_SKS_LEN;
}

#define SENSE_DESC_CMD_INFO	0x01	/* descriptor type: command-specific */
#define SENSE_DESC_CMD_INFO_LEN	12

/* @buf has nothing but zeros behind the sense data. */
static void sense_add_cmd_info(u8 *buf, bool desc, u64 info)
{
	u8 *d = buf + 8 + buf[7];

	if (!desc) {
		put_unaligned_be32(min_t(u64, info, U32_MAX), buf + 8);
		return;
	}
	d[0] = SENSE_DESC_CMD_INFO;
	d[1] = SENSE_DESC_CMD_INFO_LEN - 2;
	put_unaligned_be64(info, d + 4);
	buf[7] += SENSE_DESC_CMD_INFO_LEN;
}

static void sense_set_check_condition(struct scst_cmd *cmd, scst_sense_t sense)
{
	bool desc = cmd->dev && READ_ONCE(cmd->dev->d_sense);
	u8 *buf = cmd->sense;

	memset(buf, 0, sizeof(cmd->sense));
	cmd->status = SAM_STAT_CHECK_CONDITION;
	scst_build_sense(buf, desc, sense);

	/* The fixed format has VALID=0 when it is too long (SPC-6 4.4.3). */
	if (cmd->info_valid)
		scsi_set_sense_information(buf, sizeof(cmd->sense),
					   cmd->sense_info);
	if (cmd->cmd_info_valid)
		sense_add_cmd_info(buf, desc, cmd->sense_cmd_info);
	/* With another sense key these bytes mean something else. */
	if (cmd->field_valid && sense_key(sense) == ILLEGAL_REQUEST)
		scsi_set_sense_field_pointer(buf, sizeof(cmd->sense),
					     cmd->field_ptr, cmd->field_bit,
					     cmd->field_in_cdb);

	/*
	 * The field pointer ends with byte 17, which was there before, but
	 * scsi_set_sense_field_pointer() adds eight to the fixed format's
	 * length for it.
	 */
	if (!desc)
		buf[7] = SCST_SENSE_FIXED_LEN - 8;
	cmd->sense_len = scst_add_progress(cmd->dev, buf, sense);
	if (unlikely(test_bit(SCST_CMD_COPY_FAILED, &cmd->flags)))
		cmd->sense_len = scst_copy_add_sense(cmd, desc);
}

/**
 * scst_cmd_set_result - set status and sense data of a command
 * @cmd: command
 * @result: how it ended
 *
 * Context: any.
 */
void scst_cmd_set_result(struct scst_cmd *cmd, scst_sense_t result)
{
	if (result == SCST_SENSE_DATA) {
		cmd->status = SAM_STAT_CHECK_CONDITION;
		return;
	}
	cmd->sense_len = 0;

	switch (result) {
	case SCST_GOOD:
		cmd->status = SAM_STAT_GOOD;
		return;
	case SCST_CONDITION_MET:
		cmd->status = SAM_STAT_CONDITION_MET;
		return;
	case SCST_BUSY:
		cmd->status = SAM_STAT_BUSY;
		return;
	case SCST_TASK_SET_FULL:
		cmd->status = SAM_STAT_TASK_SET_FULL;
		return;
	case SCST_ACA_ACTIVE:
		cmd->status = SAM_STAT_ACA_ACTIVE;
		return;
	case SCST_RESERVATION_CONFLICT:
		cmd->status = SAM_STAT_RESERVATION_CONFLICT;
		return;
	}

	/* A handler that ends a command with anything else is in error. */
	if (!((__force u32)result & SENSE_IS_CODE))
		result = SCST_SENSE_INTERNAL_FAILURE;
	sense_set_check_condition(cmd, result);
}
EXPORT_SYMBOL_IF_KUNIT(scst_cmd_set_result);

/**
 * scst_cmd_set_sense_info - set the INFORMATION field of the sense data
 * @cmd: command that is about to end with CHECK CONDITION
 * @info: such as the LBA of the first block in error (SBC-5 4.18), or the
 *	offset of the first difference for MISCOMPARE
 *
 * Context: any.
 */
void scst_cmd_set_sense_info(struct scst_cmd *cmd, u64 info)
{
	cmd->sense_info = info;
	cmd->info_valid = true;
}
EXPORT_SYMBOL_GPL(scst_cmd_set_sense_info);

/**
 * scst_cmd_set_sense_cmd_info - set the COMMAND-SPECIFIC INFORMATION field of the
 *	sense data
 * @cmd: command that is about to end with CHECK CONDITION
 * @info: what the standard of the command says, such as the LBA of the first block
 *	that REASSIGN BLOCKS has not reassigned.  All ones, in the fixed format, if
 *	it does not fit there, which is what that command wants.
 *
 * Context: any.
 */
void scst_cmd_set_sense_cmd_info(struct scst_cmd *cmd, u64 info)
{
	cmd->sense_cmd_info = info;
	cmd->cmd_info_valid = true;
}
EXPORT_SYMBOL_GPL(scst_cmd_set_sense_cmd_info);

/**
 * scst_cmd_set_sense_data - give a command the sense data of a device of this host
 * @cmd: command that is about to end with %SCST_SENSE_DATA
 * @sense: sense data, in either format
 * @len: bytes of it
 *
 * Data-in that scst_cmd.resp_data_len tells of goes to the initiator with it.
 *
 * Context: any.
 */
void scst_cmd_set_sense_data(struct scst_cmd *cmd, const u8 *sense,
			     unsigned int len)
{
	len = min(len, sizeof(cmd->sense));
	memcpy(cmd->sense, sense, len);
	memset(cmd->sense + len, 0, sizeof(cmd->sense) - len);
	cmd->sense_len = len;
}
EXPORT_SYMBOL_GPL(scst_cmd_set_sense_data);

static void sense_set_field(struct scst_cmd *cmd, bool in_cdb, u16 byte, u8 bit)
{
	cmd->field_ptr = byte;
	cmd->field_bit = bit;
	cmd->field_in_cdb = in_cdb;
	cmd->field_valid = true;
}

/**
 * scst_cmd_cdb_error - a field of the CDB is wrong
 * @cmd: command
 * @byte: first byte of the field
 * @bit: highest bit of the field in that byte, 8 when it is the whole byte
 *
 * Context: any.
 * Return: INVALID FIELD IN CDB, to end @cmd with; the sense data will have the
 *	field pointer (SPC-6 4.4.2.4.2).
 */
scst_sense_t scst_cmd_cdb_error(struct scst_cmd *cmd, u16 byte, u8 bit)
{
	sense_set_field(cmd, true, byte, bit);
	return SCST_SENSE_INVALID_FIELD_IN_CDB;
}
EXPORT_SYMBOL_GPL(scst_cmd_cdb_error);

/**
 * scst_cmd_param_error - a field of the parameter list is wrong
 * @cmd: command
 * @byte: first byte of the field
 * @bit: highest bit of the field in that byte, 8 when it is the whole byte
 *
 * Context: any.
 * Return: INVALID FIELD IN PARAMETER LIST, to end @cmd with; the sense data
 *	will have the field pointer.
 */
scst_sense_t scst_cmd_param_error(struct scst_cmd *cmd, u16 byte, u8 bit)
{
	sense_set_field(cmd, false, byte, bit);
	return SCST_SENSE_INVALID_FIELD_IN_PARAM;
}
EXPORT_SYMBOL_GPL(scst_cmd_param_error);
