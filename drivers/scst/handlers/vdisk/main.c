// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual disks: a file, a block device or nothing served as a disk (SBC-5).
 *
 * A disk's store is opened by new_device(), so that what is wrong with it is
 * known before there is a device, and again by attach() after an unbind.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/log2.h>
#include <linux/module.h>
#include "cdrom.h"

/**
 * vdisk_check_size - can a store of this size be served?
 * @vd: virtual disk whose block length is known
 * @size: bytes
 *
 * Context: any.
 * Return: 0, or -EINVAL, which is logged.
 */
int vdisk_check_size(const struct vdisk *vd, u64 size)
{
	u32 block_size = vd->dev->block_size;

	if (!size || size > LLONG_MAX || (size & (block_size - 1))) {
		dev_err(&vd->dev->dev,
			"size of %llu bytes is no capacity in blocks of %u\n",
			size, block_size);
		return -EINVAL;
	}
	return 0;
}

static int vdisk_set_geometry(struct vdisk *vd,
			      const struct vdisk_limits *limits)
{
	u32 least = max(limits->block_size, VDISK_MIN_BLOCK_SIZE);
	struct scst_device *dev = vd->dev;
	u32 block_size;
	int ret;

	/* Once chosen it stays: commands may be on their way. */
	block_size = dev->block_size ?: vd->p.block_size ?: least;
	if (block_size < least || block_size > VDISK_MAX_BLOCK_SIZE) {
		dev_err(&dev->dev, "block size %u, but the store has %u\n",
			block_size, least);
		return -EINVAL;
	}
	dev->block_size = block_size;
	dev->block_shift = ilog2(block_size);
	/* A drive may be empty, a disk not. */
	ret = vd->store || !vdisk_is_cdrom(vd) ?
		vdisk_check_size(vd, limits->size) : 0;
	if (!ret)
		ret = vdisk_check_atomic(vd, limits);
	if (ret)
		return ret;
	WRITE_ONCE(dev->nblocks, limits->size >> dev->block_shift);
	dev->opt_xfer = min(limits->opt_xfer ?: VDISK_OPT_XFER, VDISK_MAX_XFER);
	dev->clone_size = limits->clone_size;
	dev->clone_domain = limits->clone_domain;
	/* INQUIRY reads them though the device is not attached yet. */
	vd->limits = *limits;
	return 0;
}

/**
 * vdisk_add_lower - say what block device a store is, or is on
 * @vd: virtual disk
 * @lower: see scst_lower_add()
 * @bdev: block device that is open
 *
 * Context: process context, may sleep.
 * Return: 0; -ELOOP when it is a disk of a target of which @vd is a LUN, -ENXIO when the
 * disk is gone.
 */
int vdisk_add_lower(struct vdisk *vd, struct scst_lower *lower,
		    struct block_device *bdev)
{
	struct gendisk *disk = bdev->bd_disk;

	/* What a disk is below does not go before it is dead. */
	guard(mutex)(&disk->open_mutex);
	if (!disk_live(disk))
		return -ENXIO;
	return scst_lower_add(vd->dev, lower, disk_to_dev(disk));
}

/**
 * vdisk_open - open the store and start the workers, unless that was done
 * @vd: virtual disk
 *
 * Context: process context; waits for I/O.
 * Return: 0 or a negative errno, which is logged.
 */
int vdisk_open(struct vdisk *vd)
{
	const struct vdisk_ops *ops = vd->type->ops;
	struct vdisk_limits limits = { };
	int ret;

	if (vd->is_open)
		return 0;

	ret = ops->open(vd, &limits);
	if (ret)
		return ret;
	/* Only a store makes somebody wait. */
	if (ops->sync) {
		ret = vdisk_worker_init(vd);
		if (ret)
			goto close;
	}
	ret = vdisk_set_geometry(vd, &limits);
	if (ret)
		goto exit_worker;
	vd->is_open = true;
	return 0;

exit_worker:
	if (vd->worker)
		vdisk_worker_exit(vd);
close:
	ops->close(vd);
	return ret;
}

static void vdisk_close(struct vdisk *vd)
{
	if (!vd->is_open)
		return;
	vd->is_open = false;
	if (vd->worker) {
		vdisk_self_test_stop(vd, VDISK_SELF_TEST_UNKNOWN);
		cancel_delayed_work_sync(&vd->self_tests.work);
		vdisk_background_stop(vd);
		vdisk_worker_exit(vd);
	}
	vd->type->ops->close(vd);
}

static void vdisk_tell_capacity(struct scst_device *dev)
{
	scst_device_ua(dev, SCST_UA_CAPACITY_CHANGED, NULL);
	scst_device_event(dev, SCST_DEV_EVENT_CAPACITY);
}

/**
 * vdisk_resize - the store has, or shall have, another size
 * @vd: virtual disk that is attached; the caller holds scst_device.mutex
 * @size: bytes
 *
 * Context: process context; waits for commands.
 * Return: 0, or -EINVAL when @size is no capacity.
 */
int vdisk_resize(struct vdisk *vd, u64 size)
{
	struct scst_device *dev = vd->dev;
	int ret;

	ret = vdisk_check_size(vd, size);
	if (ret || size >> dev->block_shift == dev->nblocks)
		return ret;

	scst_device_suspend(dev);
	vd->limits.size = size;
	WRITE_ONCE(dev->nblocks, size >> dev->block_shift);
	scst_device_resume(dev);
	vdisk_tell_capacity(dev);
	return 0;
}

static struct scst_device *vdisk_new_device(struct scst_dev_type *type,
					    const char *name, char *params)
{
	/* No value in it is longer than the string. */
	size_t filename_size = strlen(params) + 1;
	struct scst_device *dev;
	struct vdisk *vd;
	int ret;

	/* The medium can be changed, for one that the attribute can show. */
	if (to_vdisk_type(type)->mask & VDISK_CDROM)
		filename_size = VDISK_MAX_FILENAME;
	dev = scst_alloc_device(type, name,
				struct_size(vd, filename, filename_size));
	if (IS_ERR(dev))
		return dev;

	vd = to_vdisk(dev);
	vd->dev = dev;
	vd->type = to_vdisk_type(type);
	vd->filename_size = filename_size;
	spin_lock_init(&vd->id_lock);
	vdisk_set_defaults(vd, name, scst_setup_id());
	ret = vdisk_parse_params(vd, params);
	if (!ret)
		ret = vdisk_open(vd);
	if (ret) {
		put_device(&dev->dev);
		return ERR_PTR(ret);
	}
	dev->read_only = vd->p.read_only;
	vdisk_mode_init(vd);
	return dev;
}

static int vdisk_attach(struct scst_device *dev)
{
	struct vdisk *vd = to_vdisk(dev);
	u64 old = dev->nblocks;
	int ret;

	vd->medium = VDISK_READY;
	ret = vdisk_open(vd);
	if (ret)
		return ret;
	/* Since detach(), which only we know */
	if (old && dev->nblocks != old)
		vdisk_tell_capacity(dev);
	if (vd->type->ops->watch_size)
		vd->type->ops->watch_size(vd);
	vdisk_background_resume(vd);
	return 0;
}

static void vdisk_detach(struct scst_device *dev)
{
	vdisk_close(to_vdisk(dev));
}

static void vdisk_free_device(struct scst_device *dev)
{
	struct vdisk *vd = to_vdisk(dev);

	vdisk_close(vd);
	vdisk_info_exit(vd);
	vdisk_diag_exit(vd);
	vdisk_background_free(vd);
}

static struct vdisk_type vdisk_types[] = {
	{
		.ops	= &vdisk_fileio_ops,
		.mask	= VDISK_FILEIO,
		.vendor	= "SCST_FIO",
		.type.driver.name = "vdisk_fileio",
	}, {
		.ops	= &vdisk_blockio_ops,
		.mask	= VDISK_BLOCKIO,
		.vendor	= "SCST_BIO",
		.type.driver.name = "vdisk_blockio",
	}, {
		.ops	= &vdisk_nullio_ops,
		.mask	= VDISK_NULLIO,
		.vendor	= "SCST_FIO",
		.type.driver.name = "vdisk_nullio",
	}, {
		.ops	= &vdisk_cdrom_ops,
		.mask	= VDISK_CDROM,
		.vendor	= "SCST_FIO",
		.type.driver.name = "vcdrom",
	},
};

static int vdisk_register(struct vdisk_type *vt)
{
	struct scst_dev_type *type = &vt->type;

	type->type = TYPE_DISK;
	type->driver.dev_groups = vdisk_groups;
	type->opcodes = vdisk_opcodes;
	type->nr_opcodes = vdisk_nr_opcodes;
	type->add_device_parameters = vdisk_parameters(vt->mask);
	type->new_device = vdisk_new_device;
	type->attach = vdisk_attach;
	type->detach = vdisk_detach;
	type->free_device = vdisk_free_device;
	type->poll_sense = vdisk_poll_sense;
	type->progress = vdisk_progress;
	type->reset = vdisk_reset;
	type->quiesce = vdisk_quiesce;
	type->parse = vdisk_parse;
	type->device_id = vdisk_device_id;
	if (vt->ops->clone)
		type->clone = vdisk_clone;
	type->key_attributes = vdisk_key_attributes;
	if (vt->mask & VDISK_CDROM)
		vcdrom_set_type(type);
	return scst_register_virtual_dev_driver(type);
}

static int __init vdisk_init(void)
{
	int i, ret;

	vdisk_params_init();
	ret = vdisk_defer_init();
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(vdisk_types); i++) {
		ret = vdisk_register(&vdisk_types[i]);
		if (ret)
			goto unregister;
	}
	return 0;

unregister:
	while (--i >= 0)
		scst_unregister_virtual_dev_driver(&vdisk_types[i].type);
	vdisk_defer_exit();
	return ret;
}
module_init(vdisk_init);

static void __exit vdisk_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(vdisk_types); i++)
		scst_unregister_virtual_dev_driver(&vdisk_types[i].type);
	vdisk_defer_exit();
}
module_exit(vdisk_exit);

MODULE_DESCRIPTION("SCSI target subsystem: virtual disks");
MODULE_LICENSE("GPL");
