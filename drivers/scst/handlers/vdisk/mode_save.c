// SPDX-License-Identifier: GPL-2.0
/*
 * Saved mode parameters: the mode pages that can be changed, one after the other
 * in the format of MODE SENSE, so that what they mean is in the standards.
 */

#include <kunit/visibility.h>
#include <linux/string.h>
#include "mode.h"

#define MODE_KIND		"mode"
#define MODE_VERSION		1

/**
 * vdisk_mode_pack - make what is to be saved
 * @vd: virtual disk
 * @mode: mode parameters
 * @buf: %VDISK_MODE_MAX_LEN bytes
 *
 * Context: any.
 * Return: bytes of data.
 */
VISIBLE_IF_KUNIT
unsigned int vdisk_mode_pack(const struct vdisk *vd,
			     const struct vdisk_mode *mode, u8 *buf)
{
	const struct mode_page *p;
	unsigned int i, len = 0;

	for (i = 0; i < vdisk_nr_mode_pages; i++) {
		p = &vdisk_mode_pages[i];
		if (!p->select)
			continue;
		vdisk_mode_page_values(p, vd, mode, buf + len);
		buf[len] &= ~MODE_PAGE_PS;
		len += p->len;
	}
	return len;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_mode_pack);

/* Bits that cannot be changed, any more perhaps, keep their values. */
static void mode_unpack_page(const struct mode_page *p, const struct vdisk *vd,
			     const u8 *saved, struct vdisk_mode *mode)
{
	u8 values[MODE_PAGE_MAX_LEN], changeable[MODE_PAGE_MAX_LEN];
	struct vdisk_mode old = *mode;
	unsigned int i;

	vdisk_mode_page_values(p, vd, mode, values);
	vdisk_mode_page_changeable(p, vd, changeable);
	for (i = vdisk_mode_page_header_len(p); i < p->len; i++)
		values[i] ^= (values[i] ^ saved[i]) & changeable[i];
	if (p->select(mode, values))
		*mode = old;
}

/**
 * vdisk_mode_unpack - take what was saved
 * @vd: virtual disk
 * @buf: what vdisk_mode_pack() made, or another version of it
 * @len: bytes in it
 * @mode: default values; is changed to what was saved
 *
 * Context: any.
 * Return: true if all of it made sense.
 */
VISIBLE_IF_KUNIT
bool vdisk_mode_unpack(const struct vdisk *vd, const u8 *buf, u32 len,
		       struct vdisk_mode *mode)
{
	const struct mode_page *p;
	u32 at;

	for (at = 0; at < len; at += p->len) {
		p = vdisk_find_mode_page(vd, buf[at], 0);
		if (!p || !p->select || len - at < p->len ||
		    buf[at + 1] != p->len - 2)
			return false;
		mode_unpack_page(p, vd, buf + at, mode);
	}
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_mode_unpack);

/**
 * vdisk_mode_load - find out what mode parameters were saved
 * @vd: new virtual disk that has its parameters
 *
 * Context: process context; waits for I/O.
 */
void vdisk_mode_load(struct vdisk *vd)
{
	const char *name = dev_name(&vd->dev->dev);
	u8 buf[VDISK_MODE_MAX_LEN];
	struct vdisk_mode mode;
	int len;

	/* Without a worker there is nobody to save them. */
	if (!vd->type->ops->sync)
		return;
	vd->can_save = scst_persist_can_save(MODE_KIND);
	len = scst_persist_load(MODE_KIND, name, MODE_VERSION, buf,
				sizeof(buf));
	if (len < 0)
		return;
	vdisk_mode_default(vd, &mode);
	if (!vdisk_mode_unpack(vd, buf, len, &mode)) {
		dev_err(&vd->dev->dev, "saved mode pages make no sense\n");
		return;
	}
	vd->saved_mode = mode;
	vd->is_saved = true;
}

/* Is there no place to save anything, rather than a failure that may pass? */
static bool mode_has_no_place(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
	case -EROFS:
	case -EACCES:
	case -EPERM:
		return true;
	default:
		return false;
	}
}

/**
 * vdisk_mode_save - save mode parameters
 * @vd: virtual disk of which one command at a time does this
 * @mode: mode parameters
 *
 * Finds out, too, whether there is a place to save anything: vdisk.can_save.
 *
 * Context: worker; waits for I/O.
 * Return: 0 or a negative errno.
 */
int vdisk_mode_save(struct vdisk *vd, const struct vdisk_mode *mode)
{
	u8 buf[VDISK_MODE_MAX_LEN];
	int ret;

	ret = scst_persist_save(MODE_KIND, dev_name(&vd->dev->dev),
				MODE_VERSION, buf,
				vdisk_mode_pack(vd, mode, buf));
	WRITE_ONCE(vd->can_save, !mode_has_no_place(ret));
	if (ret)
		return ret;
	vd->saved_mode = *mode;
	WRITE_ONCE(vd->is_saved, true);
	return 0;
}
