// SPDX-License-Identifier: GPL-2.0
/*
 * The mode pages (SPC-6, SBC-5): how their values are made, and which bits of
 * them MODE SELECT can change.
 *
 * A page whose fields are all zero says that there is nothing to be set: no error
 * recovery, no bus to be disconnected from, no timer for power conditions, no
 * reports of informational exceptions.  So does page 00h, which is vendor specific:
 * it has the format of a page here, and comes last where all pages are wanted
 * (SPC-6, MODE SENSE).
 */

#include <linux/string.h>
#include <linux/unaligned.h>
#include "mode.h"

/* Read-write error recovery, byte 7 */
#define RECOVERY_LBPERE		0x80

/* Caching, byte 2 */
#define CACHING_WCE		0x04
#define CACHING_RCD		0x01

/* Control */
#define CONTROL_TST		0x20	/* byte 2; the other bits are reserved */
#define CONTROL_TMF_ONLY	0x10
#define CONTROL_DPICZ		0x08
#define CONTROL_D_SENSE		0x04
#define CONTROL_GLTSD		0x02
#define CONTROL_QAM_FREE	0x10	/* byte 3 */
#define CONTROL_QERR		0x06
#define CONTROL_QERR_SHIFT	1
#define CONTROL_UA_INTLCK	0x30	/* byte 4 */
#define CONTROL_UA_INTLCK_SHIFT	4
#define CONTROL_SWP		0x08
#define CONTROL_TAS		0x40	/* byte 5 */

/* Control extension */
#define CONTROL_EXT_TCMOS	0x04	/* byte 4 */
#define CONTROL_EXT_SCSIP	0x02
#define CONTROL_EXT_IALUAE	0x01
#define CONTROL_EXT_SENSE_LEN	6

/* Logical block provisioning: its only threshold descriptor */
#define PROVISIONING_DESC	16
#define THRESHOLD_ENABLED	0x80
#define THRESHOLD_PERCENTAGE	0x08	/* THRESHOLD TYPE */
#define THRESHOLD_AVAILABLE	0x01		/* THRESHOLD RESOURCE */

static void recovery_fill(const struct vdisk *vd, const struct vdisk_mode *mode,
			  u8 *buf)
{
	if (vdisk_has_space(vd) && READ_ONCE(vd->p.thin_threshold))
		buf[7] = RECOVERY_LBPERE;
}

static void caching_fill(const struct vdisk *vd, const struct vdisk_mode *mode,
			 u8 *buf)
{
	buf[2] = (mode->wce ? CACHING_WCE : 0) | (mode->rcd ? CACHING_RCD : 0);
}

static void caching_changeable(const struct vdisk *vd, u8 *buf)
{
	/* What the user has said is not for an initiator to change. */
	if (!vd->p.write_through && !vd->p.nv_cache)
		buf[2] = CACHING_WCE;
	/* Nor is there a cache to be disabled without a store. */
	if (vd->type->ops->sync)
		buf[2] |= CACHING_RCD;
}

static u16 caching_select(struct vdisk_mode *mode, const u8 *buf)
{
	mode->wce = buf[2] & CACHING_WCE;
	mode->rcd = buf[2] & CACHING_RCD;
	return 0;
}

static void control_fill(const struct vdisk *vd, const struct vdisk_mode *mode,
			 u8 *buf)
{
	buf[2] = (mode->tst ? CONTROL_TST : 0) |
		 (mode->tmf_only ? CONTROL_TMF_ONLY : 0) |
		 (mode->dpicz ? CONTROL_DPICZ : 0) |
		 (mode->d_sense ? CONTROL_D_SENSE : 0) | CONTROL_GLTSD;
	buf[3] = CONTROL_QAM_FREE | mode->qerr << CONTROL_QERR_SHIFT;
	buf[4] = (mode->swp ? CONTROL_SWP : 0) |
		 mode->ua_intlck << CONTROL_UA_INTLCK_SHIFT;
	buf[5] = mode->tas ? CONTROL_TAS : 0;
	put_unaligned_be16(vdisk_self_test_seconds(vd), buf + 10);
}

static void control_changeable(const struct vdisk *vd, u8 *buf)
{
	buf[2] = CONTROL_TST | CONTROL_TMF_ONLY | CONTROL_DPICZ |
		 CONTROL_D_SENSE;
	buf[3] = CONTROL_QERR;
	buf[4] = CONTROL_UA_INTLCK | CONTROL_SWP;
	buf[5] = CONTROL_TAS;
}

static u16 control_select(struct vdisk_mode *mode, const u8 *buf)
{
	mode->tst = buf[2] & CONTROL_TST;
	mode->tmf_only = buf[2] & CONTROL_TMF_ONLY;
	mode->dpicz = buf[2] & CONTROL_DPICZ;
	mode->d_sense = buf[2] & CONTROL_D_SENSE;
	mode->qerr = (buf[3] & CONTROL_QERR) >> CONTROL_QERR_SHIFT;
	mode->ua_intlck = (buf[4] & CONTROL_UA_INTLCK) >>
			  CONTROL_UA_INTLCK_SHIFT;
	mode->swp = buf[4] & CONTROL_SWP;
	mode->tas = buf[5] & CONTROL_TAS;

	if (mode->qerr == SCST_QERR_RESERVED)
		return MODE_BAD_FIELD(3, 2);
	if (mode->ua_intlck && mode->ua_intlck < SCST_UA_INTLCK_KEEP)
		return MODE_BAD_FIELD(4, 5);
	return 0;
}

/*
 * The timestamp is the host's (TCMOS) until a command sets it, which then stays
 * (SCSIP), see info.c.
 *
 * IALUAE is that of the unit, as all nexuses share the page: in a device group the
 * user changes states, whether or not initiators can ask for that, too.  A unit that
 * comes into a group or leaves it tells INQUIRY DATA HAS CHANGED, because of TPGS;
 * it does not tell MODE PARAMETERS CHANGED as well.
 */
static void control_ext_fill(const struct vdisk *vd,
			     const struct vdisk_mode *mode, u8 *buf)
{
	buf[4] = CONTROL_EXT_TCMOS | CONTROL_EXT_SCSIP |
		 (READ_ONCE(vd->dev->dev_group) ? CONTROL_EXT_IALUAE : 0);
	buf[CONTROL_EXT_SENSE_LEN] = SCST_SENSE_BUFFERSIZE;
}

/*
 * One threshold, armed while the available space decreases.  SITUA is zero: all
 * initiators are told.
 */
static void provisioning_fill(const struct vdisk *vd,
			      const struct vdisk_mode *mode, u8 *buf)
{
	u8 percent = READ_ONCE(vd->p.thin_threshold);
	u8 *desc = buf + PROVISIONING_DESC;

	desc[0] = (percent ? THRESHOLD_ENABLED : 0) | THRESHOLD_PERCENTAGE;
	desc[1] = THRESHOLD_AVAILABLE;
	put_unaligned_be32(percent, desc + 4);
}

const struct mode_page vdisk_mode_pages[] = {
	{
		.page		= 0x01,		/* read-write error recovery */
		.len		= 12,
		.fill		= recovery_fill,
	}, {
		.page		= 0x02,		/* disconnect-reconnect */
		.len		= 16,
	}, {
		.page		= 0x08,		/* caching */
		.len		= 20,
		.fill		= caching_fill,
		.changeable	= caching_changeable,
		.select		= caching_select,
	}, {
		.page		= 0x0a,		/* control */
		.len		= 12,
		.fill		= control_fill,
		.changeable	= control_changeable,
		.select		= control_select,
	}, {
		.page		= 0x0a,		/* control extension */
		.subpage	= 0x01,
		.len		= 32,
		.fill		= control_ext_fill,
	}, {
		.page		= 0x1a,		/* power condition */
		.len		= 40,
	}, {
		.page		= MODE_EXCEPTIONS, /* informational exceptions */
		.len		= 12,
	}, {
		.page		= MODE_EXCEPTIONS, /* block provisioning */
		.subpage	= MODE_PROVISIONING,
		.len		= 24,
		.is_there	= vdisk_has_space,
		.fill		= provisioning_fill,
	}, {
		.page		= 0x00,		/* vendor specific */
		.len		= 4,
	},
};

const unsigned int vdisk_nr_mode_pages = ARRAY_SIZE(vdisk_mode_pages);

/**
 * vdisk_has_mode_page - is it a page of this disk?
 * @vd: virtual disk
 * @p: mode page
 *
 * Context: any.
 * Return: true if it is.
 */
bool vdisk_has_mode_page(const struct vdisk *vd, const struct mode_page *p)
{
	return !p->is_there || p->is_there(vd);
}

/**
 * vdisk_find_mode_page - find a mode page
 * @vd: virtual disk
 * @page: page code
 * @subpage: subpage code
 *
 * Context: any.
 * Return: the page, or NULL when the disk has none.
 */
const struct mode_page *vdisk_find_mode_page(const struct vdisk *vd, u8 page,
					     u8 subpage)
{
	unsigned int i;

	for (i = 0; i < vdisk_nr_mode_pages; i++)
		if (vdisk_mode_pages[i].page == page &&
		    vdisk_mode_pages[i].subpage == subpage &&
		    vdisk_has_mode_page(vd, &vdisk_mode_pages[i]))
			return &vdisk_mode_pages[i];
	return NULL;
}

/**
 * vdisk_mode_page_header_len - how long the header of a mode page is
 * @p: mode page
 *
 * Context: any.
 * Return: bytes.
 */
unsigned int vdisk_mode_page_header_len(const struct mode_page *p)
{
	return p->subpage ? 4 : 2;
}

/* A page of zeros but for its header. */
static void mode_page_init(const struct mode_page *p, const struct vdisk *vd,
			   u8 *buf)
{
	memset(buf, 0, p->len);
	buf[0] = p->page;
	if (p->select && READ_ONCE(vd->can_save))
		buf[0] |= MODE_PAGE_PS;
	if (p->subpage) {
		buf[0] |= MODE_PAGE_SPF;
		buf[1] = p->subpage;
		put_unaligned_be16(p->len - 4, buf + 2);
	} else {
		buf[1] = p->len - 2;
	}
}

/**
 * vdisk_mode_page_values - make a mode page
 * @p: mode page
 * @vd: virtual disk
 * @mode: values of the parameters
 * @buf: where to, up to %MODE_PAGE_MAX_LEN bytes
 *
 * Context: any.
 */
void vdisk_mode_page_values(const struct mode_page *p, const struct vdisk *vd,
			    const struct vdisk_mode *mode, u8 *buf)
{
	mode_page_init(p, vd, buf);
	if (p->fill)
		p->fill(vd, mode, buf);
}

/**
 * vdisk_mode_page_changeable - make a mask of what can be changed in a mode page
 * @p: mode page
 * @vd: virtual disk
 * @buf: where to, up to %MODE_PAGE_MAX_LEN bytes; has the page's header
 *
 * Context: any.
 */
void vdisk_mode_page_changeable(const struct mode_page *p,
				const struct vdisk *vd, u8 *buf)
{
	mode_page_init(p, vd, buf);
	if (p->changeable)
		p->changeable(vd, buf);
}
