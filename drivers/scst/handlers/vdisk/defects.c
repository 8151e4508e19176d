// SPDX-License-Identifier: GPL-2.0
/*
 * READ DEFECT DATA and REASSIGN BLOCKS (SBC-5).
 *
 * The medium of a virtual disk has no defects that it knows of: those of a device
 * below are that device's own business.
 */

#include <kunit/visibility.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/* READ DEFECT DATA(10) byte 2, (12) byte 1, and byte 1 of the data */
#define DEFECT_PLIST		0x10
#define DEFECT_GLIST		0x08
#define DEFECT_LIST_FORMAT	0x07
#define DEFECT_LIST_RESERVED	0x07

/**
 * vdisk_exec_read_defect_data - READ DEFECT DATA(10) and (12)
 * @cmd: command
 *
 * Both lists are there, and empty, in whatever format.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_read_defect_data(struct scst_cmd *cmd)
{
	u8 at = cmd->op->cdb_len == 10 ? 2 : 1;
	u8 flags = cmd->cdb[at] & (DEFECT_PLIST | DEFECT_GLIST |
				   DEFECT_LIST_FORMAT);
	u8 buf[8] = { 0, flags };
	scst_sense_t sense;

	sense = vdisk_check_medium(cmd->dev);
	if (sense != SCST_GOOD)
		return sense;
	if ((flags & DEFECT_LIST_FORMAT) == DEFECT_LIST_RESERVED)
		return scst_cmd_cdb_error(cmd, at, 2);
	scst_cmd_data_in(cmd, buf, cmd->op->cdb_len == 10 ? 4 : 8);
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * REASSIGN BLOCKS
 */

/* CDB byte 1 */
#define REASSIGN_LONGLBA	0x02
#define REASSIGN_LONGLIST	0x01

#define REASSIGN_HEADER		4
#define REASSIGN_MAX_LBAS	256
#define REASSIGN_MAX_LIST	(REASSIGN_HEADER + 8 * REASSIGN_MAX_LBAS)

/*
 * COMMAND-SPECIFIC INFORMATION of a command that fails is the first block that was
 * not reassigned.  This is what it is when all were, or when it is not known.
 */
#define REASSIGN_NO_LBA		U64_MAX

/**
 * struct vdisk_reassign - scst_cmd.priv of REASSIGN BLOCKS
 * @work: for the worker
 * @list: LBAs
 * @nr: how many
 * @lba_len: bytes each has
 */
struct vdisk_reassign {
	struct vdisk_work work;
	u8 *list;
	u32 nr;
	u8 lba_len;
};

static struct vdisk_reassign *to_vdisk_reassign(struct scst_cmd *cmd)
{
	BUILD_BUG_ON(sizeof(struct vdisk_reassign) > SCST_CMD_PRIV_SIZE);
	return (struct vdisk_reassign *)cmd->priv;
}

/**
 * vdisk_decode_reassign_blocks - decode REASSIGN BLOCKS
 * @cmd: command
 *
 * The CDB does not say how long the parameter list is, the list does.
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t vdisk_decode_reassign_blocks(struct scst_cmd *cmd)
{
	cmd->xfer_len = min(cmd->bufflen, REASSIGN_MAX_LIST);
	return SCST_GOOD;
}

static void reassign_set_lba(struct scst_cmd *cmd, u32 i)
{
	const struct vdisk_reassign *r = to_vdisk_reassign(cmd);
	const u8 *p = r->list + REASSIGN_HEADER + i * r->lba_len;

	cmd->lba = r->lba_len == 8 ? get_unaligned_be64(p) :
				     get_unaligned_be32(p);
	cmd->nblocks = 1;
}

/**
 * vdisk_reassign_read - what a block is to have that is reassigned
 * @vd: virtual disk
 * @buf: where to
 * @len: bytes of a block
 * @pos: where from
 *
 * It is zeros if the medium has lost what there was.  What cannot be read for
 * another reason may be there the next time.
 *
 * Context: worker.
 * Return: 0 or a negative errno.
 */
VISIBLE_IF_KUNIT
int vdisk_reassign_read(struct vdisk *vd, void *buf, u32 len, u64 pos)
{
	int ret = vd->type->ops->read_buf(vd, buf, len, pos);

	switch (ret) {
	case -EIO:
	case -ENODATA:
	case -EILSEQ:
		memset(buf, 0, len);
		return 0;
	default:
		return ret;
	}
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_reassign_read);

/*
 * Write what the block has: if the device below is one that has a better place for
 * it, this is what makes it use that.
 */
static scst_sense_t reassign_block(struct scst_cmd *cmd, void *buf)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	u32 len = cmd->dev->block_size;
	int ret;

	ret = vdisk_reassign_read(vd, buf, len, vdisk_pos(cmd));
	if (ret)
		return vdisk_errno_error(cmd, ret, false, cmd->lba);
	if (!vd->type->ops->write_buf(vd, buf, len, vdisk_pos(cmd)))
		return SCST_GOOD;
	scst_device_event(cmd->dev, SCST_DEV_EVENT_IO_ERROR);
	return SCST_SENSE_NO_SPARE_LOCATION;
}

static scst_sense_t reassign_all(struct scst_cmd *cmd)
{
	const struct vdisk_reassign *r = to_vdisk_reassign(cmd);
	scst_sense_t sense;
	u32 i;

	void *buf __free(kfree) = kmalloc(cmd->dev->block_size, GFP_NOIO);
	if (!buf)
		return SCST_BUSY;
	for (i = 0; i < r->nr && !scst_cmd_aborted(cmd); i++) {
		reassign_set_lba(cmd, i);
		scst_cmd_set_sense_cmd_info(cmd, cmd->lba);
		sense = reassign_block(cmd, buf);
		if (sense != SCST_GOOD)
			return sense;
	}
	scst_cmd_set_sense_cmd_info(cmd, REASSIGN_NO_LBA);
	return vdisk_flush(cmd, 0, 0);
}

static scst_sense_t reassign_work(struct scst_cmd *cmd)
{
	scst_sense_t sense = reassign_all(cmd);

	kfree(to_vdisk_reassign(cmd)->list);
	return sense;
}

/* All are looked at before the first one is written. */
static scst_sense_t reassign_check_lbas(struct scst_cmd *cmd)
{
	const struct vdisk_reassign *r = to_vdisk_reassign(cmd);
	scst_sense_t sense;
	u32 i;

	for (i = 0; i < r->nr; i++) {
		reassign_set_lba(cmd, i);
		if (!i)
			scst_cmd_set_sense_cmd_info(cmd, cmd->lba);
		sense = vdisk_check_access(cmd);
		if (sense != SCST_GOOD)
			return sense;
	}
	return SCST_GOOD;
}

/**
 * vdisk_reassign_parse - read the header of the parameter list of REASSIGN BLOCKS
 * @cmd: command
 * @header: header
 * @nr: set to the number of LBAs
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
VISIBLE_IF_KUNIT
scst_sense_t vdisk_reassign_parse(struct scst_cmd *cmd, const u8 *header,
				  u32 *nr)
{
	bool longlist = cmd->cdb[1] & REASSIGN_LONGLIST;
	u32 lba_len = cmd->cdb[1] & REASSIGN_LONGLBA ? 8 : 4;
	u8 at = longlist ? 0 : 2;
	u32 len;

	len = longlist ? get_unaligned_be32(header) :
			 get_unaligned_be16(header + 2);
	if (len % lba_len || len / lba_len > REASSIGN_MAX_LBAS)
		return scst_cmd_param_error(cmd, at, 8);
	if (REASSIGN_HEADER + len > cmd->xfer_len)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	*nr = len / lba_len;
	return SCST_GOOD;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_reassign_parse);

static scst_sense_t reassign_get_list(struct scst_cmd *cmd)
{
	struct vdisk_reassign *r = to_vdisk_reassign(cmd);
	u8 header[REASSIGN_HEADER];
	scst_sense_t sense;
	u32 len;

	if (scst_cmd_data_out(cmd, header, sizeof(header)) < sizeof(header))
		return SCST_SENSE_PARAM_LIST_LENGTH;
	r->lba_len = cmd->cdb[1] & REASSIGN_LONGLBA ? 8 : 4;
	sense = vdisk_reassign_parse(cmd, header, &r->nr);
	if (sense != SCST_GOOD)
		return sense;
	len = REASSIGN_HEADER + r->nr * r->lba_len;
	r->list = kmalloc(len, GFP_NOIO);
	if (!r->list)
		return SCST_BUSY;
	scst_cmd_data_out(cmd, r->list, len);
	return SCST_GOOD;
}

/**
 * vdisk_exec_reassign_blocks - REASSIGN BLOCKS
 * @cmd: command; it has the unit alone, as it reads what it then writes
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_reassign_blocks(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	scst_sense_t sense;

	scst_cmd_set_sense_cmd_info(cmd, REASSIGN_NO_LBA);
	sense = vdisk_check_medium(cmd->dev);
	if (sense == SCST_GOOD)
		sense = reassign_get_list(cmd);
	if (sense != SCST_GOOD)
		return sense;
	sense = reassign_check_lbas(cmd);
	if (sense == SCST_GOOD && vd->worker)
		return vdisk_queue_work(cmd, reassign_work);
	kfree(to_vdisk_reassign(cmd)->list);
	return sense;
}
