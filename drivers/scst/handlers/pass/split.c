// SPDX-License-Identifier: GPL-2.0
/*
 * READ and WRITE of more data than the host adapter takes in one request: one
 * request after the other, each for as many blocks as it takes.
 */

#include <kunit/visibility.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_eh.h>
#include "pass.h"

/**
 * pass_moves_blocks - does a command transfer its blocks once, and nothing else?
 * @cmd: command
 *
 * Context: any.
 * Return: true if so: it may be done twice, and is the sum of commands for some of its
 * blocks.  Not so for those that others must not see half done.
 */
bool pass_moves_blocks(const struct scst_cmd *cmd)
{
	u8 opcode = cmd->cdb[0];

	return cmd->nblocks && to_pass_unit(cmd->dev)->block_size_known &&
	       cmd->xfer_len == cmd->nblocks << cmd->dev->block_shift &&
	       opcode != WRITE_ATOMIC_16 && opcode != ORWRITE_16;
}

/* The highest LBA that its CDB has room for */
static u64 split_max_lba(u8 opcode)
{
	if (opcode == VARIABLE_LENGTH_CMD || COMMAND_SIZE(opcode) == 16)
		return U64_MAX;
	return COMMAND_SIZE(opcode) == 6 ? 0x1fffff : U32_MAX;
}

/**
 * pass_can_split - can a command be sent in parts?
 * @cmd: command
 *
 * Context: any.
 * Return: true if so.
 */
bool pass_can_split(const struct scst_cmd *cmd)
{
	u64 max = split_max_lba(cmd->cdb[0]);

	return cmd->xfer_len == cmd->bufflen && pass_moves_blocks(cmd) &&
	       cmd->lba <= max &&
	       cmd->nblocks - 1 <= max - cmd->lba;
}
EXPORT_SYMBOL_IF_KUNIT(pass_can_split);

/* Bytes that go into one request in any case, as pages of its own if need be */
static u32 split_max_len(const struct pass_split *split)
{
	const struct pass_unit *pass = to_pass_unit(split->cmd->dev);
	const struct queue_limits *lim = &pass->sdev->request_queue->limits;
	u64 max = min((u64)lim->max_hw_sectors << SECTOR_SHIFT,
		      (u64)lim->max_segments << PAGE_SHIFT);

	return round_down(min_t(u64, max, U32_MAX), 1U << split->shift);
}

/**
 * pass_split_cdb - make the CDB of a part of a command
 * @cmd: command for which pass_can_split() says so
 * @cdb: set to it; has pass_cdb_len() bytes
 * @lba: first block
 * @nblocks: number of blocks
 *
 * Context: any.
 */
VISIBLE_IF_KUNIT
void pass_split_cdb(const struct scst_cmd *cmd, u8 *cdb, u64 lba, u32 nblocks)
{
	memcpy(cdb, cmd->cdb, pass_cdb_len(cmd));
	if (cdb[0] == VARIABLE_LENGTH_CMD) {
		put_unaligned_be64(lba, cdb + 12);
		put_unaligned_be32(lba, cdb + 20);
		put_unaligned_be32(nblocks, cdb + 28);
		return;
	}
	switch (COMMAND_SIZE(cdb[0])) {
	case 6:
		put_unaligned_be24((cdb[1] & 0xe0) << 16 | (u32)lba, cdb + 1);
		cdb[4] = nblocks;
		break;
	case 10:
		put_unaligned_be32(lba, cdb + 2);
		put_unaligned_be16(nblocks, cdb + 7);
		break;
	case 12:
		put_unaligned_be32(lba, cdb + 2);
		put_unaligned_be32(nblocks, cdb + 6);
		break;
	case 16:
		put_unaligned_be64(lba, cdb + 2);
		put_unaligned_be32(nblocks, cdb + 10);
		break;
	}
}
EXPORT_SYMBOL_IF_KUNIT(pass_split_cdb);

/* The entries of the command's list from split->at on, for split->len bytes */
static int split_set_table(struct pass_split *split)
{
	struct scst_cmd *cmd = split->cmd;
	u32 skip = split->at, left = split->len, len;
	struct scatterlist *from = cmd->sg, *to;
	int nents, ret;

	while (skip >= from->length) {
		skip -= from->length;
		from = sg_next(from);
	}
	nents = sg_nents_for_len(from, (u64)skip + left);
	if (nents < 0)
		return nents;
	ret = sg_alloc_table(&split->table, nents, GFP_NOIO);
	if (ret)
		return ret;
	for (to = split->table.sgl; left; to = sg_next(to)) {
		len = min(from->length - skip, left);
		sg_set_page(to, sg_page(from), len, from->offset + skip);
		left -= len;
		skip = 0;
		from = sg_next(from);
	}
	return 0;
}

static void split_end(struct pass_split *split, scst_sense_t result)
{
	struct scst_cmd *cmd = split->cmd;

	pass_set_transferred(cmd, split->at);
	kfree(split);
	scst_cmd_done(cmd, result);
}

/* INFORMATION, in fixed format and as a descriptor (SPC-6 4.4.2 and 4.4.3) */
#define SENSE_VALID		0x80
#define SENSE_INFO		3
#define SENSE_DESC_INFO		0x00
#define SENSE_DESC_INFO_LEN	12

/*
 * Other INFORMATION is the LBA of a block; that of MISCOMPARE is the offset of the first
 * difference in the data, of which the device has seen a part.
 */
static void split_move_offset(struct pass_split *split)
{
	struct scst_cmd *cmd = split->cmd;
	u8 *sense = cmd->sense, *desc;
	struct scsi_sense_hdr hdr;

	if (!scsi_normalize_sense(sense, cmd->sense_len, &hdr) ||
	    hdr.sense_key != MISCOMPARE)
		return;
	if (hdr.response_code < 0x72) {
		if ((sense[0] & SENSE_VALID) && cmd->sense_len >= SENSE_INFO + 4)
			put_unaligned_be32(get_unaligned_be32(sense + SENSE_INFO) + split->at,
					   sense + SENSE_INFO);
		return;
	}
	desc = (u8 *)scsi_sense_desc_find(sense, cmd->sense_len, SENSE_DESC_INFO);
	/* It may have been cut off. */
	if (desc && desc + SENSE_DESC_INFO_LEN <= sense + cmd->sense_len)
		put_unaligned_be64(get_unaligned_be64(desc + 4) + split->at, desc + 4);
}

/**
 * pass_split_go_on - a part has ended: is there another one to send?
 * @split: command; @split->len is that of the part
 * @result: how the part ended
 * @resid: bytes of it that were not transferred
 *
 * Context: any.
 * Return: true if so; else @split->result is how the command ends.
 */
VISIBLE_IF_KUNIT
bool pass_split_go_on(struct pass_split *split, scst_sense_t result, u32 resid)
{
	bool whole = !resid && pass_was_done(split->cmd, result);

	if (result == SCST_SENSE_DATA)
		split_move_offset(split);
	split->at += split->len - resid;
	/* An error that was corrected is told of in the end, unless another one comes. */
	if (result != SCST_GOOD)
		split->result = result;
	return whole && split->at < split->cmd->bufflen;
}
EXPORT_SYMBOL_IF_KUNIT(pass_split_go_on);

static int split_send(struct pass_split *split)
{
	struct scst_cmd *cmd = split->cmd;
	int ret;

	split->len = min(cmd->bufflen - split->at, split_max_len(split));
	if (!split->len)
		return -EINVAL;
	ret = split_set_table(split);
	if (ret)
		return ret;
	pass_split_cdb(cmd, split->cdb, cmd->lba + (split->at >> split->shift),
		       split->len >> split->shift);
	split->request = (struct pass_request) {
		.cdb	= split->cdb,
		.sg	= split->table.sgl,
		.sg_cnt	= split->table.nents,
		.end_io	= pass_split_end_io,
	};
	ret = pass_send(cmd, &split->request, 0);
	if (ret)
		sg_free_table(&split->table);
	return ret;
}

static void split_go(struct pass_waiter *waiter)
{
	struct pass_split *split = container_of(waiter, struct pass_split,
						waiter);
	int ret;

	/* Its result is moot then. */
	if (scst_cmd_aborted(split->cmd)) {
		split_end(split, SCST_GOOD);
		return;
	}
	ret = split_send(split);
	if (ret)
		split_end(split, pass_sense_of_errno(ret));
}

/**
 * pass_split_end_io - a request for some of the blocks has ended
 * @rq: request
 * @status: what the block layer says
 *
 * Return: %RQ_END_IO_NONE
 */
enum rq_end_io_ret pass_split_end_io(struct request *rq, blk_status_t status)
{
	struct pass_split *split = container_of((struct pass_request *)rq->end_io_data,
						struct pass_split, request);
	scst_sense_t result;
	u32 resid;

	result = pass_recv(split->cmd, rq, status, split->len, &resid);
	sg_free_table(&split->table);
	if (result == SCST_PENDING || pass_split_go_on(split, result, resid))
		pass_wait(split->cmd, &split->waiter);
	else
		split_end(split, split->result);
	return RQ_END_IO_NONE;
}

/**
 * pass_split - send a command in several requests
 * @cmd: command for which pass_can_split() says so
 *
 * Context: see struct scst_dev_type.
 * Return: %SCST_PENDING, or how it ended.
 */
scst_sense_t pass_split(struct scst_cmd *cmd)
{
	u64 nblocks = READ_ONCE(cmd->dev->nblocks);
	struct pass_split *split;

	/* The device refuses it before it begins, not when some parts are done. */
	if (cmd->lba >= nblocks || cmd->nblocks > nblocks - cmd->lba)
		return SCST_SENSE_LBA_OUT_OF_RANGE;
	split = kzalloc(sizeof(*split), GFP_NOIO);
	if (!split)
		return SCST_BUSY;
	split->cmd = cmd;
	split->result = SCST_GOOD;
	/* Not that of the unit, which may have changed since it was decoded */
	split->shift = ilog2((u32)cmd->xfer_len / (u32)cmd->nblocks);
	split->waiter.go = split_go;
	pass_wait(cmd, &split->waiter);
	return SCST_PENDING;
}
