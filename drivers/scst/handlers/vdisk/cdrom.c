// SPDX-License-Identifier: GPL-2.0
/*
 * vcdrom: a file served as the medium of a CD-ROM drive (MMC-6).
 *
 * The user changes the medium by writing the attribute filename; an initiator can
 * open and close the tray, with the medium in it, and keep both from being done.
 * Blocks of different media never make up the data of one command, and a command
 * that came before a change never reads what is there after it.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "cdrom.h"

/**
 * struct vcdrom_cmd - scst_cmd.priv from parse() until a command is executed
 * @medium_gen: the unit's then
 */
struct vcdrom_cmd {
	u32 medium_gen;
};

static_assert(sizeof(struct vcdrom_cmd) <= SCST_CMD_PARSED_SIZE);

static struct vcdrom_cmd *to_cdrom_cmd(struct scst_cmd *cmd)
{
	return (struct vcdrom_cmd *)cmd->priv;
}

/* ------------------------------------------------------------------------
 * The store: fileio's, if there is a medium
 */

static void vcdrom_close(struct vdisk *vd)
{
	if (vd->store)
		vdisk_fileio_ops.close(vd);
}

static int vcdrom_open(struct vdisk *vd, struct vdisk_limits *limits)
{
	int ret;

	if (!*vd->filename)
		return 0;
	ret = vdisk_fileio_ops.open(vd, limits);
	if (ret)
		return ret;
	/* An LBA has four bytes in all commands of MMC-6. */
	if (limits->size > (u64)U32_MAX * VDISK_CDROM_BLOCK_SIZE) {
		dev_err(&vd->dev->dev, "size of %llu bytes is too large\n",
			limits->size);
		vcdrom_close(vd);
		return -EFBIG;
	}
	return 0;
}

static int vcdrom_get_size(struct vdisk *vd, u64 *size)
{
	*size = 0;
	return vd->store ? vdisk_fileio_ops.get_size(vd, size) : 0;
}

static scst_sense_t vcdrom_read(struct scst_cmd *cmd, u32 len)
{
	return vdisk_fileio_ops.read(cmd, len);
}

static scst_sense_t vcdrom_sync(struct scst_cmd *cmd, u64 pos, u64 len)
{
	return SCST_GOOD;
}

static int vcdrom_flush(struct vdisk *vd, u64 pos, u64 len)
{
	return 0;
}

static int vcdrom_read_buf(struct vdisk *vd, void *buf, u32 len, u64 pos)
{
	return vdisk_fileio_ops.read_buf(vd, buf, len, pos);
}

const struct vdisk_ops vdisk_cdrom_ops = {
	.open		= vcdrom_open,
	.close		= vcdrom_close,
	.get_size	= vcdrom_get_size,
	.read		= vcdrom_read,
	.sync		= vcdrom_sync,
	.flush		= vcdrom_flush,
	.read_buf	= vcdrom_read_buf,
};

/* ------------------------------------------------------------------------
 * The medium
 */

/* Nobody executes a command, or knows the unit. */
static void vcdrom_medium_changed(struct vdisk *vd)
{
	WRITE_ONCE(vd->tray_open, false);
	WRITE_ONCE(vd->medium, vd->store ? VDISK_READY : VDISK_EJECTED);
	/* Commands may be parsed: see vcdrom_check_access(). */
	WRITE_ONCE(vd->medium_gen, vd->medium_gen + 1);
}

/* What initiators are to be told when there is another medium. */
static void vcdrom_announce(struct vdisk *vd)
{
	if (!vcdrom_is_loaded(vd))
		return;
	scst_device_medium_event(vd->dev, SCST_MEDIUM_NEW);
	scst_device_ua(vd->dev, SCST_UA_MEDIUM_CHANGED, NULL);
}

static int vcdrom_attach(struct scst_device *dev)
{
	struct vdisk *vd = to_vdisk(dev);
	int ret = vdisk_open(vd);

	if (!ret)
		vcdrom_medium_changed(vd);
	return ret;
}

/*
 * The file is opened while the old one still serves: if it cannot be used,
 * nothing has changed.
 */
static struct vdisk *vcdrom_open_medium(const struct vdisk *vd,
					const char *filename)
{
	size_t size = strlen(filename) + 1;
	struct vdisk *new;
	int ret;

	new = kzalloc(struct_size(new, filename, size), GFP_KERNEL);
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->dev = vd->dev;
	new->type = vd->type;
	new->p = vd->p;
	new->filename_size = size;
	memcpy(new->filename, filename, size);
	ret = vcdrom_open(new, &new->limits);
	if (!ret && new->store)
		ret = vdisk_check_size(vd, new->limits.size);
	if (ret) {
		vcdrom_close(new);
		kfree(new);
		return ERR_PTR(ret);
	}
	return new;
}

/* As the button at a drive: it is up to the initiator to let go. */
static int vcdrom_may_remove(struct vdisk *vd)
{
	if (!vcdrom_is_loaded(vd) || !scst_device_removal_prevented(vd->dev))
		return 0;
	scst_device_medium_event(vd->dev, SCST_MEDIUM_EJECT_REQUEST);
	dev_err(&vd->dev->dev,
		"filename: an initiator prevents the removal\n");
	return -EBUSY;
}

/* Nobody executes a command. */
static void vcdrom_take_out(struct vdisk *vd)
{
	bool removed = vcdrom_is_loaded(vd);

	vd->store = NULL;
	WRITE_ONCE(vd->dev->nblocks, 0);
	vcdrom_medium_changed(vd);
	if (removed)
		scst_device_medium_event(vd->dev, SCST_MEDIUM_REMOVED);
}

/* Likewise; the drive is empty. */
static void vcdrom_put_in(struct vdisk *vd, const struct vdisk *new)
{
	struct scst_device *dev = vd->dev;

	vd->store = new->store;
	vd->limits = new->limits;
	WRITE_ONCE(dev->nblocks, vd->limits.size >> dev->block_shift);
	strscpy(vd->filename, new->filename, vd->filename_size);
	vcdrom_medium_changed(vd);
	vcdrom_announce(vd);
}

/*
 * Between the two the drive is empty for a moment: that is what a command finds that
 * waited until the old medium was out.  @new has the old store then.
 */
static int vcdrom_exchange(struct vdisk *vd, struct vdisk *new)
{
	struct scst_device *dev = vd->dev;
	void *old = vd->store;
	int ret = 0;

	if (old) {
		scst_device_suspend(dev);
		ret = vcdrom_may_remove(vd);
		if (!ret)
			vcdrom_take_out(vd);
		scst_device_resume(dev);
	}
	if (ret)
		return ret;
	scst_device_suspend(dev);
	vcdrom_put_in(vd, new);
	scst_device_resume(dev);
	new->store = old;
	return 0;
}

/* From @old to @state; what was seen of the medium before may be old. */
static void vcdrom_set_loading(struct vdisk *vd, u8 old, u8 state)
{
	if (READ_ONCE(vd->medium) != old)
		return;
	scst_device_suspend(vd->dev);
	if (vd->medium == old)
		WRITE_ONCE(vd->medium, state);
	scst_device_resume(vd->dev);
}

/**
 * vcdrom_change - change the medium
 * @vd: virtual CD-ROM that is attached; the caller holds scst_device.mutex
 * @filename: of the new one, or an empty string for none
 *
 * Context: process context; waits for commands.
 * Return: 0; -EBUSY if an initiator prevents it; another negative errno when the
 * file cannot be used.
 */
int vcdrom_change(struct vdisk *vd, const char *filename)
{
	struct vdisk *new;
	int ret;

	/* The tray closes, and the drive looks at what is in it. */
	vcdrom_set_loading(vd, VDISK_EJECTED, VDISK_LOADING);
	new = vcdrom_open_medium(vd, filename);
	if (IS_ERR(new)) {
		vcdrom_set_loading(vd, VDISK_LOADING, VDISK_EJECTED);
		return PTR_ERR(new);
	}
	ret = vcdrom_exchange(vd, new);
	if (!ret)
		scst_device_event(vd->dev, SCST_DEV_EVENT_CAPACITY);
	vcdrom_close(new);
	kfree(new);
	return ret;
}

/* ------------------------------------------------------------------------
 * Commands
 */

/**
 * vcdrom_decode_len_be16_8 - ALLOCATION LENGTH in bytes 8..9
 * @cmd: command, such as MECHANISM STATUS
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t vcdrom_decode_len_be16_8(struct scst_cmd *cmd)
{
	cmd->xfer_len = get_unaligned_be16(cmd->cdb + 8);
	return SCST_GOOD;
}

/**
 * vcdrom_decode_seek - decode SEEK(10)
 * @cmd: command
 *
 * Context: any.
 * Return: %SCST_GOOD.
 */
scst_sense_t vcdrom_decode_seek(struct scst_cmd *cmd)
{
	/* The block has to be there, though it is not read. */
	cmd->lba = get_unaligned_be32(cmd->cdb + 2);
	cmd->nblocks = 1;
	return SCST_GOOD;
}

/* Which blocks there are depends on the medium: exec() looks. */
static scst_sense_t vcdrom_parse(struct scst_cmd *cmd)
{
	const struct vdisk *vd = to_vdisk(cmd->dev);

	to_cdrom_cmd(cmd)->medium_gen = READ_ONCE(vd->medium_gen);
	return vdisk_check_xfer(cmd);
}

/*
 * A command came when there was another medium, and waited.  If it is the first one to
 * tell its initiator of that, no other has to.
 */
static scst_sense_t vcdrom_too_late(struct scst_cmd *cmd)
{
	scst_sense_t sense = SCST_GOOD;

	if (!test_bit(SCST_CMD_INTERNAL, &cmd->flags))
		sense = scst_ua_report(cmd);
	return sense == SCST_GOOD ? SCST_SENSE_MEDIUM_CHANGED : sense;
}

/**
 * vcdrom_check_access - may a command access the medium?
 * @cmd: command that executes and has not used its priv yet
 *
 * The range comes last: the capacity of a medium is no matter to who means another one.
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
scst_sense_t vcdrom_check_access(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_check_medium(cmd->dev);

	if (sense != SCST_GOOD)
		return sense;
	if (to_cdrom_cmd(cmd)->medium_gen != to_vdisk(cmd->dev)->medium_gen)
		return vcdrom_too_late(cmd);
	return vdisk_check_access(cmd);
}

/**
 * vcdrom_exec_read - READ(10) and (12)
 * @cmd: command
 *
 * The medium cannot be written, so that FUA=1 makes no difference.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vcdrom_exec_read(struct scst_cmd *cmd)
{
	scst_sense_t sense = vcdrom_check_access(cmd);
	u32 len = vdisk_read_len(cmd);

	if (sense != SCST_GOOD || !len)
		return sense;
	return vcdrom_read(cmd, len);
}

/**
 * vcdrom_exec_seek - SEEK(10)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vcdrom_exec_seek(struct scst_cmd *cmd)
{
	return vcdrom_check_access(cmd);
}

/**
 * vcdrom_exec_set_cd_speed - SET CD SPEED
 * @cmd: command
 *
 * A speed is a limit (MMC-6), and this drive is as fast as its store.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vcdrom_exec_set_cd_speed(struct scst_cmd *cmd)
{
	return SCST_GOOD;
}

/* START STOP UNIT: CDB byte 4 */
#define START_STOP_START	0x01
#define START_STOP_LOEJ		0x02
#define START_STOP_FL		0x04
#define START_STOP_POWER(byte4)	((byte4) >> 4)

/* There is one power condition in effect, which has the others within it. */
static scst_sense_t vcdrom_set_power(struct scst_cmd *cmd)
{
	switch (START_STOP_POWER(cmd->cdb[4])) {
	case 1:		/* active */
	case 2:		/* idle */
	case 3:		/* standby */
	case 5:		/* sleep */
		return SCST_GOOD;
	default:
		return scst_cmd_cdb_error(cmd, 4, 7);
	}
}

static void vcdrom_load(struct vdisk *vd)
{
	if (!vd->tray_open)
		return;
	vcdrom_medium_changed(vd);
	vcdrom_announce(vd);
}

static scst_sense_t vcdrom_eject(struct vdisk *vd)
{
	bool removed = vcdrom_is_loaded(vd);

	if (scst_device_removal_prevented(vd->dev))
		return SCST_SENSE_REMOVAL_PREVENTED;
	WRITE_ONCE(vd->tray_open, true);
	WRITE_ONCE(vd->medium, VDISK_EJECTED);
	if (removed)
		scst_device_medium_event(vd->dev, SCST_MEDIUM_REMOVED);
	return SCST_GOOD;
}

/**
 * vcdrom_exec_start_stop_unit - START STOP UNIT
 * @cmd: command; it has the unit alone
 *
 * A medium that was stopped starts when it is read.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vcdrom_exec_start_stop_unit(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	u8 flags = cmd->cdb[4];

	if (START_STOP_POWER(flags))
		return vcdrom_set_power(cmd);
	if (flags & START_STOP_FL)
		return scst_cmd_cdb_error(cmd, 4, 2);
	if (!(flags & START_STOP_LOEJ))
		return flags & START_STOP_START ?
			vdisk_check_medium(cmd->dev) : SCST_GOOD;
	if (!(flags & START_STOP_START))
		return vcdrom_eject(vd);
	vcdrom_load(vd);
	return SCST_GOOD;
}

/**
 * vcdrom_set_type - make a CD-ROM drive of what would be a disk
 * @type: handler
 *
 * Context: module initialisation.
 */
void vcdrom_set_type(struct scst_dev_type *type)
{
	type->type = TYPE_ROM;
	type->opcodes = vcdrom_opcodes;
	type->nr_opcodes = vcdrom_nr_opcodes;
	type->attach = vcdrom_attach;
	type->parse = vcdrom_parse;
}
