// SPDX-License-Identifier: GPL-2.0
/* Commands of disks (SBC-5) of which the core has to know something. */

#include <kunit/visibility.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "pass.h"

#define SBC_LONG		(60 * 60)	/* seconds */
#define SBC_FORMAT		(18 * 60 * 60)

#define SBC_MIN_BLOCK_SIZE	256
#define SBC_MAX_BLOCK_SIZE	65536

/* READ CAPACITY(10) and (16) */
#define RC10_LEN		8
#define RC16_LEN		32
#define RC16_PROTECTION		0x0f		/* byte 12: P_TYPE and PROT_EN */
#define RC16_P_I_EXPONENT	0xf0		/* byte 13 */

#define RC_PMI			0x01		/* byte 8 or 14 of the CDB */

#define SBC_TIMEOUT		(30 * HZ)

/* ------------------------------------------------------------------------
 * Capacity: what a copy may count on, and how long a READ is
 */

/**
 * sbc_set_capacity - what the medium of a unit has
 * @dev: unit
 * @last_lba: its last block
 * @block_size: bytes of each; 0: not known
 *
 * Blocks of another size than a disk has are for the device alone: there is nothing
 * that is made of a number of them here.
 *
 * Context: any.
 */
void sbc_set_capacity(struct scst_device *dev, u64 last_lba, u32 block_size)
{
	struct pass_unit *pass = to_pass_unit(dev);
	bool known = is_power_of_2(block_size) &&
		     block_size >= SBC_MIN_BLOCK_SIZE &&
		     block_size <= SBC_MAX_BLOCK_SIZE;

	if (!known) {
		WRITE_ONCE(pass->block_size_known, false);
		/* Else a buffer that is right may be too short, see pass_parse() */
		WRITE_ONCE(dev->block_shift, 0);
		return;
	}
	/* A copy that counts on others ends.  Who else adds one does so to the same end. */
	if (dev->block_size != block_size)
		WRITE_ONCE(dev->medium_gen, READ_ONCE(dev->medium_gen) + 1);
	WRITE_ONCE(dev->block_size, block_size);
	WRITE_ONCE(dev->block_shift, ilog2(block_size));
	WRITE_ONCE(dev->nblocks, last_lba + 1);
	WRITE_ONCE(pass->block_size_known, true);
}
EXPORT_SYMBOL_IF_KUNIT(sbc_set_capacity);

static u32 sbc_copy_answer(struct scst_cmd *cmd, u8 *buf, u32 size)
{
	return sg_copy_to_buffer(cmd->sg, cmd->sg_cnt, buf,
				 min(cmd->resp_data_len, size));
}

/* After a change that the device has told of initiators ask for it. */
static void sbc_read_capacity10_done(struct scst_cmd *cmd)
{
	u8 buf[RC10_LEN];
	u32 last;

	/* With PMI it is about a place on the medium. */
	if (get_unaligned_be32(cmd->cdb + 2) || (cmd->cdb[8] & RC_PMI) ||
	    sbc_copy_answer(cmd, buf, sizeof(buf)) != sizeof(buf))
		return;
	last = get_unaligned_be32(buf);
	if (last != U32_MAX)
		sbc_set_capacity(cmd->dev, last, get_unaligned_be32(buf + 4));
}

/**
 * pass_exec_read_capacity10 - READ CAPACITY(10), of all that has blocks
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t pass_exec_read_capacity10(struct scst_cmd *cmd)
{
	return pass_exec_then(cmd, sbc_read_capacity10_done);
}
EXPORT_SYMBOL_NS_GPL(pass_exec_read_capacity10, SCST_PASS);

/* No protection information is transferred here, whatever the medium has. */
static void sbc_read_capacity16_done(struct scst_cmd *cmd)
{
	u8 buf[RC16_LEN] = {};
	u32 len = sbc_copy_answer(cmd, buf, sizeof(buf));

	if (len >= 12 && !get_unaligned_be64(cmd->cdb + 2) &&
	    !(cmd->cdb[14] & RC_PMI))
		sbc_set_capacity(cmd->dev, get_unaligned_be64(buf),
				 get_unaligned_be32(buf + 8));
	pass_fix_byte(cmd, 12, RC16_PROTECTION, 0);
	pass_fix_byte(cmd, 13, RC16_P_I_EXPONENT, 0);
}

static scst_sense_t sbc_exec_read_capacity16(struct scst_cmd *cmd)
{
	return pass_exec_then(cmd, sbc_read_capacity16_done);
}

/*
 * The device takes all initiators here for the one that has done it.  Its blocks may
 * have another size now.
 */
static void sbc_format_done(struct scst_cmd *cmd)
{
	sbc_set_capacity(cmd->dev, 0, 0);
	scst_device_ua(cmd->dev, SCST_UA_CAPACITY_CHANGED, cmd);
}

static scst_sense_t sbc_exec_format_unit(struct scst_cmd *cmd)
{
	return pass_exec_then(cmd, sbc_format_done);
}

static int sbc_read_capacity(struct pass_unit *pass, u64 *last, u32 *block_size)
{
	const u8 cdb16[16] = { SERVICE_ACTION_IN_16, SAI_READ_CAPACITY_16,
			       [13] = RC16_LEN };
	const u8 cdb10[10] = { READ_CAPACITY };
	struct scsi_sense_hdr sshdr;

	u8 *buf __free(kfree) = kzalloc(RC16_LEN, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	if (pass_execute(pass, cdb10, buf, RC10_LEN, SBC_TIMEOUT, &sshdr))
		return -ENODATA;
	*last = get_unaligned_be32(buf);
	*block_size = get_unaligned_be32(buf + 4);
	if (*last != U32_MAX)
		return 0;
	if (pass_execute(pass, cdb16, buf, RC16_LEN, SBC_TIMEOUT, &sshdr))
		return -ENODATA;
	*last = get_unaligned_be64(buf);
	*block_size = get_unaligned_be32(buf + 8);
	return 0;
}

/**
 * pass_attach_disk - find out how large a disk is
 * @pass: device; one that is not ready is none the worse
 *
 * Context: process context; waits for I/O.
 * Return: 0 or -ENOMEM.
 */
int pass_attach_disk(struct pass_unit *pass)
{
	u32 block_size;
	u64 last;
	int ret;

	sbc_set_capacity(pass->unit, 0, 0);
	ret = sbc_read_capacity(pass, &last, &block_size);
	if (!ret)
		sbc_set_capacity(pass->unit, last, block_size);
	return ret == -ENODATA ? 0 : ret;
}
EXPORT_SYMBOL_NS_GPL(pass_attach_disk, SCST_PASS);

/* ------------------------------------------------------------------------
 * Rows
 */

static const struct pass_opcode sbc_rows[] = {
	{
		.name		= "READ(6)",
		.opcode		= READ_6,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.range		= SCST_RANGE_READ,
		.reserve	= SCST_RESERVE_READ,
		.moves_data	= true,
		.decode		= scst_decode_rw6,
	}, {
		.name		= "READ(10)",
		.opcode		= READ_10,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.range		= SCST_RANGE_READ,
		.reserve	= SCST_RESERVE_READ,
		.moves_data	= true,
		.decode		= scst_decode_rw10,
	}, {
		.name		= "READ(12)",
		.opcode		= READ_12,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.range		= SCST_RANGE_READ,
		.reserve	= SCST_RESERVE_READ,
		.moves_data	= true,
		.decode		= scst_decode_rw12,
	}, {
		.name		= "READ(16)",
		.opcode		= READ_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.range		= SCST_RANGE_READ,
		.reserve	= SCST_RESERVE_READ,
		.moves_data	= true,
		.decode		= scst_decode_rw16,
	}, {
		.name		= "READ(32)",
		.opcode		= VARIABLE_LENGTH_CMD,
		.sa		= READ_32,
		.dir		= SCST_DATA_READ,
		.range		= SCST_RANGE_READ,
		.reserve	= SCST_RESERVE_READ,
		.moves_data	= true,
		.decode		= scst_decode_rw32,
	}, {
		.name		= "WRITE(6)",
		.opcode		= WRITE_6,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.moves_data	= true,
		.decode		= scst_decode_rw6,
	}, {
		.name		= "WRITE(10)",
		.opcode		= WRITE_10,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.moves_data	= true,
		.decode		= scst_decode_rw10,
	}, {
		.name		= "WRITE(12)",
		.opcode		= WRITE_12,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.moves_data	= true,
		.decode		= scst_decode_rw12,
	}, {
		.name		= "WRITE(16)",
		.opcode		= WRITE_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.moves_data	= true,
		.decode		= scst_decode_rw16,
	}, {
		.name		= "WRITE(32)",
		.opcode		= VARIABLE_LENGTH_CMD,
		.sa		= WRITE_32,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.moves_data	= true,
		.decode		= scst_decode_rw32,
	}, {
		.name		= "WRITE AND VERIFY(10)",
		.opcode		= WRITE_VERIFY,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.moves_data	= true,
		.decode		= scst_decode_rw10,
	}, {
		.name		= "WRITE AND VERIFY(12)",
		.opcode		= WRITE_VERIFY_12,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.moves_data	= true,
		.decode		= scst_decode_rw12,
	}, {
		.name		= "WRITE AND VERIFY(16)",
		.opcode		= WRITE_VERIFY_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.moves_data	= true,
		.decode		= scst_decode_rw16,
	}, {
		.name		= "VERIFY(10)",
		.opcode		= VERIFY,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_READ,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_verify10,
	}, {
		.name		= "VERIFY(12)",
		.opcode		= VERIFY_12,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_READ,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_verify12,
	}, {
		.name		= "VERIFY(16)",
		.opcode		= VERIFY_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_READ,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_verify16,
	}, {
		.name		= "COMPARE AND WRITE",
		.opcode		= COMPARE_AND_WRITE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.decode		= scst_decode_compare_and_write,
	}, {
		.name		= "ORWRITE(16)",
		.opcode		= ORWRITE_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.decode		= scst_decode_rw16,
	}, {
		.name		= "WRITE ATOMIC(16)",
		.opcode		= WRITE_ATOMIC_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.decode		= scst_decode_write_atomic16,
	}, {
		.name		= "WRITE SAME(10)",
		.opcode		= WRITE_SAME,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.timeout	= SBC_LONG,
		.decode		= scst_decode_write_same10,
	}, {
		.name		= "WRITE SAME(16)",
		.opcode		= WRITE_SAME_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.timeout	= SBC_LONG,
		.decode		= scst_decode_write_same16,
	}, {
		.name		= "WRITE SAME(32)",
		.opcode		= VARIABLE_LENGTH_CMD,
		.sa		= WRITE_SAME_32,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.timeout	= SBC_LONG,
		.decode		= scst_decode_write_same32,
	}, {
		.name		= "UNMAP",
		.opcode		= UNMAP,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE_ANY,
		.medium_write	= true,
		.timeout	= SBC_LONG,
		.decode		= scst_decode_len_be16_7,
	}, {
		.name		= "PRE-FETCH(10)",
		.opcode		= PRE_FETCH,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_range10,
	}, {
		.name		= "PRE-FETCH(16)",
		.opcode		= PRE_FETCH_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_range16,
	}, {
		.name		= "SYNCHRONIZE CACHE(10)",
		.opcode		= SYNCHRONIZE_CACHE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.decode		= scst_decode_range10,
	}, {
		.name		= "SYNCHRONIZE CACHE(16)",
		.opcode		= SYNCHRONIZE_CACHE_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.decode		= scst_decode_range16,
	}, {
		.name		= "READ CAPACITY(10)",
		.opcode		= READ_CAPACITY,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.access		= SCST_ACCESS_STANDBY,
		.reserve	= SCST_RESERVE_ALLOWED,
		.decode		= scst_decode_read_capacity10,
		.exec		= pass_exec_read_capacity10,
	}, {
		.name		= "READ CAPACITY(16)",
		.opcode		= SERVICE_ACTION_IN_16,
		.sa		= SAI_READ_CAPACITY_16,
		.dir		= SCST_DATA_READ,
		.access		= SCST_ACCESS_STANDBY,
		.reserve	= SCST_RESERVE_ALLOWED,
		.decode		= scst_decode_len_be32_10,
		.exec		= sbc_exec_read_capacity16,
	}, {
		.name		= "GET LBA STATUS(16)",
		.opcode		= SERVICE_ACTION_IN_16,
		.sa		= SAI_GET_LBA_STATUS,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_len_be32_10,
	}, {
		.name		= "READ DEFECT DATA(10)",
		.opcode		= READ_DEFECT_DATA,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_len_be16_7,
	}, {
		.name		= "READ DEFECT DATA(12)",
		.opcode		= SCST_READ_DEFECT_DATA_12,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_len_be32_6,
	}, {
		.name		= "FORMAT UNIT",
		.opcode		= FORMAT_UNIT,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE_ANY,
		.medium_write	= true,
		.timeout	= SBC_FORMAT,
		.exec		= sbc_exec_format_unit,
	}, {
		.name		= "SANITIZE",
		.opcode		= SCST_SANITIZE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE_ANY,
		.medium_write	= true,
		.timeout	= SBC_FORMAT,
	}, {
		.name		= "REASSIGN BLOCKS",
		.opcode		= REASSIGN_BLOCKS,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE_ANY,
		.medium_write	= true,
		.timeout	= SBC_LONG,
	}, {
		.name		= "WRITE AND VERIFY(32)",
		.opcode		= VARIABLE_LENGTH_CMD,
		.sa		= WRITE_VERIFY_32,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_WRITE,
		.medium_write	= true,
		.moves_data	= true,
		.decode		= scst_decode_rw32,
	}, {
		.name		= "VERIFY(32)",
		.opcode		= VARIABLE_LENGTH_CMD,
		.sa		= VERIFY_32,
		.dir		= SCST_DATA_WRITE,
		.range		= SCST_RANGE_READ,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_verify32,
	}, {
		.name		= "READ LONG(10)",
		.opcode		= READ_LONG,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
	}, {
		.name		= "REPORT ZONES",
		.opcode		= ZBC_IN,
		.sa		= ZI_REPORT_ZONES,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
		.decode		= scst_decode_len_be32_10,
	},
};

const struct pass_table pass_sbc_table = {
	.rows	= sbc_rows,
	.nr	= ARRAY_SIZE(sbc_rows),
};
EXPORT_SYMBOL_NS_GPL(pass_sbc_table, SCST_PASS);
