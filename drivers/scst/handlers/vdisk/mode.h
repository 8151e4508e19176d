/* SPDX-License-Identifier: GPL-2.0 */
/* What the files about mode parameters share. */
#ifndef _SCST_VDISK_MODE_H
#define _SCST_VDISK_MODE_H

#include "vdisk.h"

/* Headers and block descriptors (SPC-6, SBC-5) */
#define MODE_HEADER_6_LEN	4
#define MODE_HEADER_10_LEN	8
#define MODE_LONGLBA		0x01	/* byte 4 of the header of 10 */
#define MODE_SHORT_DESC_LEN	8
#define MODE_LONG_DESC_LEN	16

/* Mode pages: byte 0 */
#define MODE_PAGE_PS		0x80
#define MODE_PAGE_SPF		0x40
#define MODE_PAGE_CODE		0x3f
#define MODE_PAGE_MAX_LEN	40
#define MODE_EXCEPTIONS		0x1c
#define MODE_PROVISIONING	0x02	/* subpage of it */

/* What select() of struct mode_page has found wrong, see there */
#define MODE_BAD_FIELD(byte, bit)	((byte) << 4 | (bit))
#define MODE_BAD_BYTE(bad)		((bad) >> 4)
#define MODE_BAD_BIT(bad)		((bad) & 0xf)

/**
 * struct mode_page - a mode page
 * @page: page code
 * @subpage: subpage code
 * @len: bytes, with the header
 * @is_there: does the disk have it? NULL if all do
 * @fill: set the bits that are not zero
 * @changeable: set the bits that @select can change
 * @select: take them over; returns 0, or MODE_BAD_FIELD() for a value that is
 *	reserved
 *
 * Callbacks of pages without such bits are NULL; the others can be saved.
 */
struct mode_page {
	u8 page;
	u8 subpage;
	u8 len;
	bool (*is_there)(const struct vdisk *vd);
	void (*fill)(const struct vdisk *vd, const struct vdisk_mode *mode,
		     u8 *buf);
	void (*changeable)(const struct vdisk *vd, u8 *buf);
	u16 (*select)(struct vdisk_mode *mode, const u8 *buf);
};

static inline bool mode_is_10(const u8 *cdb)
{
	return cdb[0] == MODE_SENSE_10 || cdb[0] == MODE_SELECT_10;
}

/* mode_pages.c */
extern const struct mode_page vdisk_mode_pages[];
extern const unsigned int vdisk_nr_mode_pages;
const struct mode_page *vdisk_find_mode_page(const struct vdisk *vd, u8 page,
					     u8 subpage);
bool vdisk_has_mode_page(const struct vdisk *vd, const struct mode_page *p);
unsigned int vdisk_mode_page_header_len(const struct mode_page *p);
void vdisk_mode_page_values(const struct mode_page *p, const struct vdisk *vd,
			    const struct vdisk_mode *mode, u8 *buf);
void vdisk_mode_page_changeable(const struct mode_page *p,
				const struct vdisk *vd, u8 *buf);

/* mode.c */
void vdisk_mode_default(const struct vdisk *vd, struct vdisk_mode *mode);
void vdisk_mode_saved(const struct vdisk *vd, struct vdisk_mode *mode);
void vdisk_mode_set(struct vdisk *vd, const struct vdisk_mode *mode);

/* mode_save.c */
int vdisk_mode_save(struct vdisk *vd, const struct vdisk_mode *mode);

#endif /* _SCST_VDISK_MODE_H */
