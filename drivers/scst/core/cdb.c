// SPDX-License-Identifier: GPL-2.0
/*
 * CDB decoders: where a command has its LBA, its number of blocks and the
 * length of its data.
 *
 * They read nothing but the CDB, whose length scst_cmd_parse() has checked, and
 * do not judge the LBA range: that is up to the handler's parse().
 */

#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/unaligned.h>
#include <scst/scst.h>

/* Values of the BYTCHK field of VERIFY in place (SBC-5, VERIFY(10)) */
#define CDB_BYTCHK_NONE		0x00	/* verify the medium alone */
#define CDB_BYTCHK_ALL		0x02	/* compare with as many blocks */
#define CDB_BYTCHK_ONE		0x06	/* compare each with a single block */

static scst_sense_t cdb_set_range(struct scst_cmd *cmd, u64 lba, u32 nblocks)
{
	cmd->lba = lba;
	cmd->nblocks = nblocks;
	return SCST_GOOD;
}

static scst_sense_t cdb_set_transfer(struct scst_cmd *cmd, u64 lba, u32 nblocks)
{
	cmd->xfer_len = (u64)nblocks << cmd->dev->block_shift;
	return cdb_set_range(cmd, lba, nblocks);
}

static scst_sense_t cdb_set_len(struct scst_cmd *cmd, u32 len)
{
	cmd->xfer_len = len;
	return SCST_GOOD;
}

/*
 * The logical units are formatted without protection information, so that a
 * command that asks for some is in error (SBC-5, RDPROTECT field and its
 * siblings).
 */
static bool cdb_wants_protection(const struct scst_cmd *cmd)
{
	return unlikely(scst_cdb_flags(cmd) & SCST_CDB_RDPROTECT);
}

static scst_sense_t cdb_protection_error(struct scst_cmd *cmd)
{
	return scst_cmd_cdb_error(cmd, scst_cdb_flags_at(cmd), 7);
}

/**
 * scst_decode_rw6 - decode READ(6) and WRITE(6)
 * @cmd: command
 *
 * A TRANSFER LENGTH of zero stands for 256 blocks (SBC-5, READ(6)).
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t scst_decode_rw6(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	return cdb_set_transfer(cmd, get_unaligned_be24(cdb + 1) & 0x1fffff,
				cdb[4] ?: 256);
}
EXPORT_SYMBOL_GPL(scst_decode_rw6);

/**
 * scst_decode_rw10 - decode READ(10), WRITE(10) and WRITE AND VERIFY(10)
 * @cmd: command
 *
 * Context: any.
 * Return: %SCST_GOOD, or INVALID FIELD IN CDB for protection information.
 */
scst_sense_t scst_decode_rw10(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	if (cdb_wants_protection(cmd))
		return cdb_protection_error(cmd);
	return cdb_set_transfer(cmd, get_unaligned_be32(cdb + 2),
				get_unaligned_be16(cdb + 7));
}
EXPORT_SYMBOL_GPL(scst_decode_rw10);

/**
 * scst_decode_rw12 - decode READ(12), WRITE(12) and WRITE AND VERIFY(12)
 * @cmd: command
 *
 * Context: any.
 * Return: %SCST_GOOD, or INVALID FIELD IN CDB for protection information.
 */
scst_sense_t scst_decode_rw12(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	if (cdb_wants_protection(cmd))
		return cdb_protection_error(cmd);
	return cdb_set_transfer(cmd, get_unaligned_be32(cdb + 2),
				get_unaligned_be32(cdb + 6));
}
EXPORT_SYMBOL_GPL(scst_decode_rw12);

/**
 * scst_decode_rw16 - decode READ(16), WRITE(16) and WRITE AND VERIFY(16)
 * @cmd: command
 *
 * Context: any.
 * Return: %SCST_GOOD, or INVALID FIELD IN CDB for protection information.
 */
scst_sense_t scst_decode_rw16(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	if (cdb_wants_protection(cmd))
		return cdb_protection_error(cmd);
	return cdb_set_transfer(cmd, get_unaligned_be64(cdb + 2),
				get_unaligned_be32(cdb + 10));
}
EXPORT_SYMBOL_GPL(scst_decode_rw16);

/**
 * scst_decode_rw32 - decode READ(32), WRITE(32) and WRITE AND VERIFY(32)
 * @cmd: command
 *
 * The reference and application tags are of no effect without protection
 * information.
 *
 * Context: any.
 * Return: %SCST_GOOD, or INVALID FIELD IN CDB for protection information.
 */
scst_sense_t scst_decode_rw32(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	if (cdb_wants_protection(cmd))
		return cdb_protection_error(cmd);
	return cdb_set_transfer(cmd, get_unaligned_be64(cdb + 12),
				get_unaligned_be32(cdb + 28));
}
EXPORT_SYMBOL_GPL(scst_decode_rw32);

/**
 * scst_decode_compare_and_write - decode COMPARE AND WRITE
 * @cmd: command
 *
 * The blocks to compare with come first, as many to write after them.
 *
 * Context: any.
 * Return: %SCST_GOOD, or INVALID FIELD IN CDB for protection information.
 */
scst_sense_t scst_decode_compare_and_write(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;
	u32 nblocks = cdb[13];

	if (cdb_wants_protection(cmd))
		return cdb_protection_error(cmd);
	cmd->xfer_len = 2ULL * nblocks << cmd->dev->block_shift;
	return cdb_set_range(cmd, get_unaligned_be64(cdb + 2), nblocks);
}
EXPORT_SYMBOL_GPL(scst_decode_compare_and_write);

/**
 * scst_decode_write_atomic16 - decode WRITE ATOMIC(16)
 * @cmd: command
 *
 * Context: any.
 * Return: %SCST_GOOD, or INVALID FIELD IN CDB for protection information.
 */
scst_sense_t scst_decode_write_atomic16(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	if (cdb_wants_protection(cmd))
		return cdb_protection_error(cmd);
	return cdb_set_transfer(cmd, get_unaligned_be64(cdb + 2),
				get_unaligned_be16(cdb + 12));
}
EXPORT_SYMBOL_GPL(scst_decode_write_atomic16);

/* With a VERIFICATION LENGTH of zero nothing is verified nor transferred. */
static scst_sense_t cdb_set_verify(struct scst_cmd *cmd, u64 lba, u32 nblocks)
{
	u32 nsent;

	if (cdb_wants_protection(cmd))
		return cdb_protection_error(cmd);

	switch (scst_cdb_flags(cmd) & SCST_CDB_BYTCHK) {
	case CDB_BYTCHK_NONE:
		nsent = 0;
		break;
	case CDB_BYTCHK_ALL:
		nsent = nblocks;
		break;
	case CDB_BYTCHK_ONE:
		nsent = min(nblocks, 1U);
		break;
	default:
		return scst_cmd_cdb_error(cmd, scst_cdb_flags_at(cmd), 2);
	}
	cmd->xfer_len = (u64)nsent << cmd->dev->block_shift;
	return cdb_set_range(cmd, lba, nblocks);
}

/**
 * scst_decode_verify10 - decode VERIFY(10)
 * @cmd: command
 *
 * Context: any.
 * Return: %SCST_GOOD, or INVALID FIELD IN CDB for protection information or a
 *	reserved BYTCHK.
 */
scst_sense_t scst_decode_verify10(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	return cdb_set_verify(cmd, get_unaligned_be32(cdb + 2),
			      get_unaligned_be16(cdb + 7));
}
EXPORT_SYMBOL_GPL(scst_decode_verify10);

/**
 * scst_decode_verify12 - decode VERIFY(12)
 * @cmd: command
 *
 * Context: any.
 * Return: as scst_decode_verify10().
 */
scst_sense_t scst_decode_verify12(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	return cdb_set_verify(cmd, get_unaligned_be32(cdb + 2),
			      get_unaligned_be32(cdb + 6));
}
EXPORT_SYMBOL_GPL(scst_decode_verify12);

/**
 * scst_decode_verify16 - decode VERIFY(16)
 * @cmd: command
 *
 * Context: any.
 * Return: as scst_decode_verify10().
 */
scst_sense_t scst_decode_verify16(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	return cdb_set_verify(cmd, get_unaligned_be64(cdb + 2),
			      get_unaligned_be32(cdb + 10));
}
EXPORT_SYMBOL_GPL(scst_decode_verify16);

/**
 * scst_decode_verify32 - decode VERIFY(32)
 * @cmd: command
 *
 * Context: any.
 * Return: as scst_decode_verify10().
 */
scst_sense_t scst_decode_verify32(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	return cdb_set_verify(cmd, get_unaligned_be64(cdb + 12),
			      get_unaligned_be32(cdb + 28));
}
EXPORT_SYMBOL_GPL(scst_decode_verify32);

/**
 * scst_decode_range10 - decode SYNCHRONIZE CACHE(10) and PRE-FETCH(10)
 * @cmd: command
 *
 * No data is transferred.  A length of zero stands for all blocks from the LBA
 * on (SBC-5, SYNCHRONIZE CACHE(10)), which is left to the handler.
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t scst_decode_range10(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	return cdb_set_range(cmd, get_unaligned_be32(cdb + 2),
			     get_unaligned_be16(cdb + 7));
}
EXPORT_SYMBOL_GPL(scst_decode_range10);

/**
 * scst_decode_range16 - decode SYNCHRONIZE CACHE(16) and PRE-FETCH(16)
 * @cmd: command
 *
 * Context: any.
 * Return: %SCST_GOOD; see scst_decode_range10().
 */
scst_sense_t scst_decode_range16(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	return cdb_set_range(cmd, get_unaligned_be64(cdb + 2),
			     get_unaligned_be32(cdb + 10));
}
EXPORT_SYMBOL_GPL(scst_decode_range16);

/*
 * SBC-5, WSNZ=0: a NUMBER OF LOGICAL BLOCKS of zero is all up to the last one,
 * which may be more than the field could say.  It stays zero if there are none.
 */
static u64 cdb_write_same_blocks(const struct scst_cmd *cmd, u64 lba,
				 u32 nblocks)
{
	u64 capacity = READ_ONCE(cmd->dev->nblocks);

	if (nblocks)
		return nblocks;
	return lba < capacity ? capacity - lba : 0;
}

/* With NDOB=1 there is no data-out buffer. */
static scst_sense_t cdb_set_write_same(struct scst_cmd *cmd, u64 lba,
				       u32 nblocks, bool ndob)
{
	if (cdb_wants_protection(cmd))
		return cdb_protection_error(cmd);
	cmd->xfer_len = ndob ? 0 : 1ULL << cmd->dev->block_shift;
	cmd->lba = lba;
	cmd->nblocks = cdb_write_same_blocks(cmd, lba, nblocks);
	return SCST_GOOD;
}

/**
 * scst_decode_write_same10 - decode WRITE SAME(10)
 * @cmd: command
 *
 * One block is transferred.  A NUMBER OF LOGICAL BLOCKS of zero becomes what it
 * stands for.
 *
 * Context: any.
 * Return: %SCST_GOOD, or INVALID FIELD IN CDB for protection information.
 */
scst_sense_t scst_decode_write_same10(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	return cdb_set_write_same(cmd, get_unaligned_be32(cdb + 2),
				  get_unaligned_be16(cdb + 7), false);
}
EXPORT_SYMBOL_GPL(scst_decode_write_same10);

/**
 * scst_decode_write_same16 - decode WRITE SAME(16)
 * @cmd: command
 *
 * As WRITE SAME(10), but with NDOB=1 there is no data-out buffer.
 *
 * Context: any.
 * Return: %SCST_GOOD, or INVALID FIELD IN CDB for protection information.
 */
scst_sense_t scst_decode_write_same16(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	return cdb_set_write_same(cmd, get_unaligned_be64(cdb + 2),
				  get_unaligned_be32(cdb + 10),
				  cdb[1] & SCST_CDB_NDOB);
}
EXPORT_SYMBOL_GPL(scst_decode_write_same16);

/**
 * scst_decode_write_same32 - decode WRITE SAME(32)
 * @cmd: command
 *
 * Context: any.
 * Return: as scst_decode_write_same16().
 */
scst_sense_t scst_decode_write_same32(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	return cdb_set_write_same(cmd, get_unaligned_be64(cdb + 12),
				  get_unaligned_be32(cdb + 28),
				  cdb[10] & SCST_CDB_NDOB);
}
EXPORT_SYMBOL_GPL(scst_decode_write_same32);

/**
 * scst_decode_len_byte4 - ALLOCATION or PARAMETER LIST LENGTH in byte 4
 * @cmd: command, such as REQUEST SENSE and MODE SENSE(6)
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t scst_decode_len_byte4(struct scst_cmd *cmd)
{
	return cdb_set_len(cmd, cmd->cdb[4]);
}
EXPORT_SYMBOL_GPL(scst_decode_len_byte4);

/**
 * scst_decode_len_be16_3 - ALLOCATION or PARAMETER LIST LENGTH in bytes 3..4
 * @cmd: command, such as INQUIRY
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t scst_decode_len_be16_3(struct scst_cmd *cmd)
{
	return cdb_set_len(cmd, get_unaligned_be16(cmd->cdb + 3));
}
EXPORT_SYMBOL_GPL(scst_decode_len_be16_3);

/**
 * scst_decode_len_be16_7 - ALLOCATION or PARAMETER LIST LENGTH in bytes 7..8
 * @cmd: command, such as MODE SENSE(10) and UNMAP
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t scst_decode_len_be16_7(struct scst_cmd *cmd)
{
	return cdb_set_len(cmd, get_unaligned_be16(cmd->cdb + 7));
}
EXPORT_SYMBOL_GPL(scst_decode_len_be16_7);

/**
 * scst_decode_len_be24_6 - ALLOCATION or PARAMETER LIST LENGTH in bytes 6..8
 * @cmd: command, such as READ BUFFER and WRITE BUFFER
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t scst_decode_len_be24_6(struct scst_cmd *cmd)
{
	return cdb_set_len(cmd, get_unaligned_be24(cmd->cdb + 6));
}
EXPORT_SYMBOL_GPL(scst_decode_len_be24_6);

/**
 * scst_decode_len_be32_5 - PARAMETER LIST LENGTH in bytes 5..8
 * @cmd: command: PERSISTENT RESERVE OUT
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t scst_decode_len_be32_5(struct scst_cmd *cmd)
{
	return cdb_set_len(cmd, get_unaligned_be32(cmd->cdb + 5));
}
EXPORT_SYMBOL_GPL(scst_decode_len_be32_5);

/**
 * scst_decode_len_be32_6 - ALLOCATION or PARAMETER LIST LENGTH in bytes 6..9
 * @cmd: command, such as REPORT LUNS and MAINTENANCE IN
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t scst_decode_len_be32_6(struct scst_cmd *cmd)
{
	return cdb_set_len(cmd, get_unaligned_be32(cmd->cdb + 6));
}
EXPORT_SYMBOL_GPL(scst_decode_len_be32_6);

/**
 * scst_decode_len_be32_10 - ALLOCATION or PARAMETER LIST LENGTH, bytes 10..13
 * @cmd: command, such as READ CAPACITY(16)
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t scst_decode_len_be32_10(struct scst_cmd *cmd)
{
	return cdb_set_len(cmd, get_unaligned_be32(cmd->cdb + 10));
}
EXPORT_SYMBOL_GPL(scst_decode_len_be32_10);

/**
 * scst_decode_read_capacity10 - decode READ CAPACITY(10)
 * @cmd: command
 *
 * Its data always has eight bytes, there is no ALLOCATION LENGTH.  LOGICAL
 * BLOCK ADDRESS and PMI are obsolete since SBC-4 and so of no effect: the
 * answer is the same with every value of theirs.
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t scst_decode_read_capacity10(struct scst_cmd *cmd)
{
	return cdb_set_len(cmd, 8);
}
EXPORT_SYMBOL_GPL(scst_decode_read_capacity10);
