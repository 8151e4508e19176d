// SPDX-License-Identifier: GPL-2.0
/*
 * vdisk_nullio: a disk that stores nothing, to measure what is above it.
 *
 * Reads leave in the buffer what was there, unless read_zero=1.
 */

#include <linux/scatterlist.h>
#include "vdisk.h"

static int nullio_open(struct vdisk *vd, struct vdisk_limits *limits)
{
	limits->size = vd->p.size;
	limits->atomic_max = VDISK_MAX_ATOMIC;
	return 0;
}

static void nullio_close(struct vdisk *vd)
{
}

static int nullio_get_size(struct vdisk *vd, u64 *size)
{
	*size = vd->p.size;
	return 0;
}

static scst_sense_t nullio_read(struct scst_cmd *cmd, u32 len)
{
	if (to_vdisk(cmd->dev)->p.read_zero)
		sg_zero_buffer(cmd->sg, cmd->sg_cnt, len, 0);
	return SCST_GOOD;
}

static scst_sense_t nullio_write(struct scst_cmd *cmd, u32 len, bool fua)
{
	return SCST_GOOD;
}

const struct vdisk_ops vdisk_nullio_ops = {
	.open		= nullio_open,
	.close		= nullio_close,
	.get_size	= nullio_get_size,
	.read		= nullio_read,
	.write		= nullio_write,
};
