// SPDX-License-Identifier: GPL-2.0
/* Commands of SBC-5 that every disk has: reading, writing, capacity. */

#include <kunit/visibility.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/* ------------------------------------------------------------------------
 * Checks
 */

/**
 * vdisk_check_started - is the medium there and in use?
 * @dev: logical unit
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code that says what is wrong.
 */
scst_sense_t vdisk_check_started(struct scst_device *dev)
{
	switch (READ_ONCE(to_vdisk(dev)->medium)) {
	case VDISK_STOPPED:
		return SCST_SENSE_STOPPED;
	case VDISK_EJECTED:
		return SCST_SENSE_NO_MEDIUM;
	case VDISK_LOADING:
		return SCST_SENSE_BECOMING_READY;
	default:
		return SCST_GOOD;
	}
}

/**
 * vdisk_check_medium - is the medium there, in use and fit for it?
 * @dev: logical unit
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code that says what is wrong.
 */
scst_sense_t vdisk_check_medium(struct scst_device *dev)
{
	if (unlikely(READ_ONCE(to_vdisk(dev)->condition)))
		return vdisk_check_condition(dev);
	return vdisk_check_started(dev);
}

/* INFORMATION is the first block that is not there (SBC-5 4.18). */
static scst_sense_t vdisk_check_range(struct scst_cmd *cmd)
{
	/* For parse() it may change meanwhile; exec() looks again. */
	u64 capacity = READ_ONCE(cmd->dev->nblocks);

	if (likely(cmd->nblocks <= capacity &&
		   cmd->lba <= capacity - cmd->nblocks))
		return SCST_GOOD;
	scst_cmd_set_sense_info(cmd, max(cmd->lba, capacity));
	return SCST_SENSE_LBA_OUT_OF_RANGE;
}

/**
 * vdisk_check_access - may a command access the medium?
 * @cmd: command that executes
 *
 * What parse() has found may not hold any more: the capacity, and whether the
 * medium is there, can change until the command executes.
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
scst_sense_t vdisk_check_access(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_check_medium(cmd->dev);

	if (unlikely(sense != SCST_GOOD))
		return sense;
	return vdisk_check_range(cmd);
}

/**
 * vdisk_len_error - the number of blocks in a CDB is too large, or zero
 * @cmd: command whose CDB has 10, 12, 16 or 32 bytes
 *
 * Context: any.
 * Return: sense code to end @cmd with.
 */
scst_sense_t vdisk_len_error(struct scst_cmd *cmd)
{
	switch (cmd->op->cdb_len) {
	case 10:
		return scst_cmd_cdb_error(cmd, 7, 8);
	case 12:
		return scst_cmd_cdb_error(cmd, 6, 8);
	case 32:
		return scst_cmd_cdb_error(cmd, 28, 8);
	default:
		/* Bytes 10 and 11 are its boundary. */
		if (cmd->op->opcode == WRITE_ATOMIC_16)
			return scst_cmd_cdb_error(cmd, 12, 8);
		return scst_cmd_cdb_error(cmd, 10, 8);
	}
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_len_error);

/**
 * vdisk_check_xfer - are there more blocks than can be transferred at once?
 * @cmd: decoded command
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
scst_sense_t vdisk_check_xfer(struct scst_cmd *cmd)
{
	/* Blocks for which data is transferred: MAXIMUM TRANSFER LENGTH */
	if (unlikely(cmd->nblocks && cmd->xfer_len > VDISK_MAX_XFER))
		return vdisk_len_error(cmd);
	return SCST_GOOD;
}

/**
 * vdisk_parse - check a decoded command before its data is fetched
 * @cmd: command
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
scst_sense_t vdisk_parse(struct scst_cmd *cmd)
{
	scst_sense_t sense;

	if (unlikely(READ_ONCE(to_vdisk(cmd->dev)->condition))) {
		sense = vdisk_condition_parse(cmd);
		if (sense != SCST_GOOD)
			return sense;
	}
	sense = vdisk_check_xfer(cmd);
	return unlikely(sense != SCST_GOOD) ? sense : vdisk_check_range(cmd);
}

/* ------------------------------------------------------------------------
 * READ and WRITE
 */

static scst_sense_t vdisk_work_read_fua(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_to_medium(cmd);

	if (sense != SCST_GOOD)
		return sense;
	return to_vdisk(cmd->dev)->type->ops->read(cmd, vdisk_read_len(cmd));
}

/**
 * vdisk_exec_read - READ(6), (10), (12), (16) and (32)
 * @cmd: command
 *
 * DPO is a hint, which the cache of this host does not need.  With FUA=1, or
 * RCD=1 in the caching mode page, the medium is read, to which what is cached
 * goes first.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_read(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	scst_sense_t sense = vdisk_check_access(cmd);
	u32 len = vdisk_read_len(cmd);

	if (unlikely(sense != SCST_GOOD || !len))
		return sense;
	if (unlikely((vdisk_wants_fua(cmd) || READ_ONCE(vd->rcd)) &&
		     vd->worker))
		return vdisk_queue_work(cmd, vdisk_work_read_fua);
	return vd->type->ops->read(cmd, len);
}

/**
 * vdisk_exec_write - WRITE(6), (10), (12), (16) and (32)
 * @cmd: command; the core has seen to it that all of its data is there
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_write(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	scst_sense_t sense = vdisk_check_access(cmd);

	if (unlikely(sense != SCST_GOOD || !cmd->xfer_len))
		return sense;
	return vd->type->ops->write(cmd, cmd->xfer_len, vdisk_write_fua(cmd));
}

/* ------------------------------------------------------------------------
 * SYNCHRONIZE CACHE
 */

#define SYNC_IMMED	0x02	/* CDB byte 1 */

/**
 * vdisk_flush - write what is cached to the medium, for another command
 * @cmd: command, of a unit with a store
 * @pos: first byte
 * @len: bytes, 0: up to the end
 *
 * Context: worker.
 * Return: how it ended.
 */
scst_sense_t vdisk_flush(struct scst_cmd *cmd, u64 pos, u64 len)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	int ret = vd->type->ops->flush(vd, pos, len);

	/* What another flush has found lost may be what @cmd has written. */
	if (!ret)
		ret = vdisk_check_losses(vd, to_vdisk_work(cmd)->losses);
	return ret ? vdisk_flush_error(cmd, ret) : SCST_GOOD;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_flush);

/**
 * vdisk_flush_all - write all that is cached to the medium, for no command
 * @vd: virtual disk with a store
 *
 * Initiators hear of an error from SYNCHRONIZE CACHE.
 *
 * Context: worker, or process context under memalloc_noio_save(); waits for I/O.
 */
void vdisk_flush_all(struct vdisk *vd)
{
	if (vd->type->ops->flush(vd, 0, 0))
		scst_device_event(vd->dev, SCST_DEV_EVENT_IO_ERROR);
}

/**
 * vdisk_flush_cmd - write the blocks of a command to the medium
 * @cmd: command that has some
 *
 * Context: worker.
 * Return: how it ended.
 */
scst_sense_t vdisk_flush_cmd(struct scst_cmd *cmd)
{
	return vdisk_flush(cmd, vdisk_pos(cmd), vdisk_len(cmd));
}

/**
 * vdisk_to_medium - have the blocks of a command on the medium and nowhere else
 * @cmd: command that is to read the medium.  A non-volatile cache is as good.
 *
 * Context: worker.
 * Return: how it ended.
 */
scst_sense_t vdisk_to_medium(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	scst_sense_t sense;

	if (vd->p.nv_cache)
		return SCST_GOOD;
	/* With WCE=0 they are there already. */
	if (READ_ONCE(vd->wce)) {
		sense = vdisk_flush_cmd(cmd);
		if (sense != SCST_GOOD)
			return sense;
	}
	if (vd->type->ops->drop_cache)
		vd->type->ops->drop_cache(vd, vdisk_pos(cmd), vdisk_len(cmd));
	return SCST_GOOD;
}

/**
 * vdisk_exec_synchronize_cache - SYNCHRONIZE CACHE(10) and (16)
 * @cmd: command
 *
 * With IMMED=1 it ends before the work is done; should that fail, the next one
 * says so.  A non-volatile cache is as good as the medium, unless it is known
 * that it could not be written.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_synchronize_cache(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	scst_sense_t sense = vdisk_check_access(cmd);

	if (sense != SCST_GOOD)
		return sense;
	if (!vd->worker)
		return SCST_GOOD;
	to_vdisk_work(cmd)->losses = atomic_read(&vd->losses);
	if ((cmd->cdb[1] & SYNC_IMMED) && !vd->p.nv_cache) {
		sense = vdisk_sync_end(cmd, 0);
		vdisk_queue_flush(vd);
		return sense;
	}
	return vd->type->ops->sync(cmd, vdisk_pos(cmd), vdisk_len(cmd));
}

/* ------------------------------------------------------------------------
 * READ CAPACITY
 */

#define CAPACITY_LBPME		0x80	/* READ CAPACITY(16) byte 14 */
#define CAPACITY_LBPRZ		0x40
#define CAPACITY_LALBA_MAX	0x3fff
#define CAPACITY_16_LEN		32

static scst_sense_t vdisk_check_loaded(const struct scst_cmd *cmd)
{
	/* A medium that was stopped has a capacity too. */
	if (READ_ONCE(to_vdisk(cmd->dev)->medium) == VDISK_STOPPED)
		return SCST_GOOD;
	return vdisk_check_medium(cmd->dev);
}

/**
 * vdisk_exec_read_capacity_10 - READ CAPACITY(10)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_read_capacity_10(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_check_loaded(cmd);
	u64 last = cmd->dev->nblocks - 1;
	u8 buf[8];

	if (sense != SCST_GOOD)
		return sense;
	put_unaligned_be32(min_t(u64, last, U32_MAX), buf);
	put_unaligned_be32(cmd->dev->block_size, buf + 4);
	scst_cmd_data_in(cmd, buf, sizeof(buf));
	return SCST_GOOD;
}

/**
 * vdisk_exec_read_capacity_16 - READ CAPACITY(16)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_read_capacity_16(struct scst_cmd *cmd)
{
	const struct vdisk *vd = to_vdisk(cmd->dev);
	scst_sense_t sense = vdisk_check_loaded(cmd);
	struct scst_device *dev = cmd->dev;
	u8 buf[CAPACITY_16_LEN] = { };

	if (sense != SCST_GOOD)
		return sense;
	put_unaligned_be64(dev->nblocks - 1, buf);
	put_unaligned_be32(dev->block_size, buf + 8);
	buf[13] = vdisk_physical_exponent(vd);
	put_unaligned_be16(vd->limits.misalignment >> dev->block_shift &
			   CAPACITY_LALBA_MAX, buf + 14);
	if (vdisk_is_thin(vd))
		buf[14] |= CAPACITY_LBPME |
			   (vdisk_unmap_zeroes(vd) ? CAPACITY_LBPRZ : 0);
	scst_cmd_data_in(cmd, buf, sizeof(buf));
	return SCST_GOOD;
}
