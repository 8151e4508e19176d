// SPDX-License-Identifier: GPL-2.0
/*
 * How much space the store of a thin provisioned disk has left (SBC-5, logical
 * block provisioning thresholds).
 */

#include <linux/jiffies.h>
#include "vdisk.h"

/* How often it is looked at while it is used up */
#define SPACE_CHECK_INTERVAL	HZ
#define SPACE_PERCENT		100

/* A threshold set: the unit in which space is told */
#define SPACE_SET_SHIFT		20

/**
 * vdisk_has_space - does the unit share space with others?
 * @vd: virtual disk
 *
 * Context: any.
 * Return: true if it is thin, and its store tells how much is left.
 */
bool vdisk_has_space(const struct vdisk *vd)
{
	return vdisk_is_thin(vd) && vd->limits.has_space;
}

/**
 * vdisk_threshold_exponent - the size of a threshold set
 * @vd: virtual disk
 *
 * Context: any.
 * Return: log2 of its logical blocks.
 */
u8 vdisk_threshold_exponent(const struct vdisk *vd)
{
	return SPACE_SET_SHIFT - vd->dev->block_shift;
}

static bool space_is_low(struct vdisk *vd)
{
	struct vdisk_space space;

	if (vd->type->ops->get_space(vd, &space) || !space.total)
		return false;
	/* It is less than 2^64 / 100. */
	return space.available * SPACE_PERCENT <
	       space.total * READ_ONCE(vd->p.thin_threshold);
}

/**
 * vdisk_space_check - have a look how much space is left
 * @vd: virtual disk with a store that has space
 *
 * When it falls below the threshold all initiators are told, once until there is
 * more again.
 *
 * Context: worker.
 */
void vdisk_space_check(struct vdisk *vd)
{
	WRITE_ONCE(vd->next_space_check, jiffies + SPACE_CHECK_INTERVAL);
	if (!space_is_low(vd))
		WRITE_ONCE(vd->space_is_low, false);
	else if (!xchg(&vd->space_is_low, true))
		scst_device_ua(vd->dev, SCST_UA_SPACE_THRESHOLD, NULL);
}

/**
 * vdisk_space_used - something was written that may need new space
 * @vd: virtual disk with a store
 *
 * Now and then vdisk_space_check() is called, and once more after the last write.
 *
 * Context: worker.
 */
void vdisk_space_used(struct vdisk *vd)
{
	unsigned long next = READ_ONCE(vd->next_space_check), now = jiffies;

	if (likely(!READ_ONCE(vd->p.thin_threshold)) || !vdisk_has_space(vd))
		return;
	if (time_before(now, next) ||
	    cmpxchg(&vd->next_space_check, next,
		    now + SPACE_CHECK_INTERVAL) != next)
		vdisk_queue_space_check(vd, SPACE_CHECK_INTERVAL);
	else
		vdisk_space_check(vd);
}

/**
 * vdisk_space_reset - the threshold has changed: tell again
 * @vd: virtual disk that is attached; the caller holds scst_device.mutex
 *
 * Context: any.
 */
void vdisk_space_reset(struct vdisk *vd)
{
	WRITE_ONCE(vd->space_is_low, false);
	/* There may be less already, and nobody who writes. */
	if (vd->p.thin_threshold && vdisk_has_space(vd))
		vdisk_queue_space_check(vd, 0);
}
