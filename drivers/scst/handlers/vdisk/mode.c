// SPDX-License-Identifier: GPL-2.0
/* Mode parameters of a virtual disk, and MODE SENSE (SPC-6, SBC-5). */

#include <kunit/visibility.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "mode.h"

/* CDB of MODE SENSE */
#define SENSE_DBD		0x08	/* byte 1 */
#define SENSE_LLBAA		0x10	/* byte 1, MODE SENSE(10) only */
#define SENSE_PC		0xc0	/* byte 2 */
#define SENSE_PC_CHANGEABLE	0x40
#define SENSE_PC_DEFAULT	0x80
#define SENSE_PC_SAVED		0xc0
#define SENSE_ALL_PAGES		0x3f
#define SENSE_ALL_SUBPAGES	0xff

/* DEVICE-SPECIFIC PARAMETER */
#define MODE_WP			0x80
#define MODE_DPOFUA		0x10

/**
 * vdisk_default_wce - may writes be cached, unless an initiator forbids it?
 * @vd: virtual disk
 *
 * Context: any.
 * Return: default value of WCE.
 */
bool vdisk_default_wce(const struct vdisk *vd)
{
	return vd->type->ops->sync && !vd->p.write_through && !vd->p.nv_cache;
}

/**
 * vdisk_mode_get - get the changeable mode parameters
 * @vd: virtual disk
 * @mode: where to
 *
 * Context: any.
 */
void vdisk_mode_get(const struct vdisk *vd, struct vdisk_mode *mode)
{
	const struct scst_device *dev = vd->dev;

	mode->wce = READ_ONCE(vd->wce);
	mode->rcd = READ_ONCE(vd->rcd);
	mode->dpicz = READ_ONCE(vd->dpicz);
	mode->d_sense = READ_ONCE(dev->d_sense);
	mode->swp = READ_ONCE(dev->swp);
	mode->tas = READ_ONCE(dev->tas);
	mode->tst = READ_ONCE(dev->tst);
	mode->tmf_only = READ_ONCE(dev->tmf_only);
	mode->qerr = READ_ONCE(dev->qerr);
	mode->ua_intlck = READ_ONCE(dev->ua_intlck);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_mode_get);

/**
 * vdisk_mode_default - get the default values of the mode parameters
 * @vd: virtual disk
 * @mode: where to
 *
 * Context: any.
 */
void vdisk_mode_default(const struct vdisk *vd, struct vdisk_mode *mode)
{
	*mode = (struct vdisk_mode) {
		.wce = vdisk_default_wce(vd),
		.tst = READ_ONCE(vd->p.tst),
	};
}

/**
 * vdisk_mode_saved - get the saved values of the mode parameters
 * @vd: virtual disk
 * @mode: where to; the default values if none were saved
 *
 * Context: any, but not while a command saves them.
 */
void vdisk_mode_saved(const struct vdisk *vd, struct vdisk_mode *mode)
{
	if (READ_ONCE(vd->is_saved))
		*mode = vd->saved_mode;
	else
		vdisk_mode_default(vd, mode);
}

/**
 * vdisk_mode_set - set the mode parameters
 * @vd: virtual disk that no other command executes for
 * @mode: new values
 *
 * Context: process context.
 */
void vdisk_mode_set(struct vdisk *vd, const struct vdisk_mode *mode)
{
	struct scst_device *dev = vd->dev;

	WRITE_ONCE(vd->wce, mode->wce);
	WRITE_ONCE(vd->rcd, mode->rcd);
	WRITE_ONCE(vd->dpicz, mode->dpicz);
	WRITE_ONCE(dev->d_sense, mode->d_sense);
	WRITE_ONCE(dev->swp, mode->swp);
	WRITE_ONCE(dev->tas, mode->tas);
	WRITE_ONCE(dev->tmf_only, mode->tmf_only);
	WRITE_ONCE(dev->qerr, mode->qerr);
	WRITE_ONCE(dev->ua_intlck, mode->ua_intlck);
	scst_device_set_tst(dev, mode->tst);
}

/**
 * vdisk_mode_needs_flush - is what is cached to be written before a change?
 * @vd: virtual disk with a store that no other command executes for
 * @mode: mode parameters that are to be set
 *
 * With WCE=0 nothing is cached any more (SBC-5), and with SWP=1 nothing is written
 * (SPC-6).
 *
 * Context: any.
 * Return: true if so.
 */
bool vdisk_mode_needs_flush(const struct vdisk *vd,
			    const struct vdisk_mode *mode)
{
	return (vd->wce && !mode->wce) || (!vd->dev->swp && mode->swp);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_mode_needs_flush);

/**
 * vdisk_mode_init - give a new disk its mode parameters
 * @vd: virtual disk, of which nobody knows yet
 *
 * Context: process context; waits for I/O.
 */
void vdisk_mode_init(struct vdisk *vd)
{
	struct vdisk_mode mode;

	vdisk_mode_load(vd);
	vdisk_mode_saved(vd, &mode);
	vdisk_mode_set(vd, &mode);
}

/* The reset may be what memory reclaim on this host waits for. */
static void mode_flush(struct vdisk *vd)
{
	unsigned int noio = memalloc_noio_save();

	vdisk_flush_all(vd);
	memalloc_noio_restore(noio);
}

/**
 * vdisk_reset - a logical unit reset: saved mode parameters, active power condition,
 *	no self-test
 * @dev: logical unit none of whose commands executes
 *
 * As with MODE SELECT, what is cached is written before WCE becomes zero, or SWP
 * one.  The reset does not fail if that does.
 *
 * Context: process context; may wait for I/O.
 */
void vdisk_reset(struct scst_device *dev)
{
	struct vdisk *vd = to_vdisk(dev);
	struct vdisk_mode mode;

	vdisk_mode_saved(vd, &mode);
	if (vd->worker && vdisk_mode_needs_flush(vd, &mode))
		mode_flush(vd);
	vdisk_mode_set(vd, &mode);
	WRITE_ONCE(vd->power, VDISK_POWER_ACTIVE);
	vdisk_self_test_stop(vd, VDISK_SELF_TEST_STOPPED);
}

/* ------------------------------------------------------------------------
 * MODE SENSE
 */

/* With all pages only none or all of their subpages can be asked for. */
static bool mode_page_wanted(const struct mode_page *p, u8 page, u8 subpage)
{
	if (subpage == SENSE_ALL_SUBPAGES)
		return page == p->page || page == SENSE_ALL_PAGES;
	if (page == SENSE_ALL_PAGES)
		return !subpage && !p->subpage;
	return page == p->page && subpage == p->subpage;
}

static unsigned int mode_put_pages(const struct vdisk *vd, const u8 *cdb,
				   u8 *buf)
{
	const struct mode_page *p;
	struct vdisk_mode mode;
	u8 pc = cdb[2] & SENSE_PC;
	unsigned int len = 0;

	if (pc == SENSE_PC_DEFAULT)
		vdisk_mode_default(vd, &mode);
	else if (pc == SENSE_PC_SAVED)
		vdisk_mode_saved(vd, &mode);
	else
		vdisk_mode_get(vd, &mode);

	for (p = vdisk_mode_pages; p < vdisk_mode_pages + vdisk_nr_mode_pages;
	     p++) {
		if (!vdisk_has_mode_page(vd, p) ||
		    !mode_page_wanted(p, cdb[2] & MODE_PAGE_CODE, cdb[3]))
			continue;
		if (pc == SENSE_PC_CHANGEABLE)
			vdisk_mode_page_changeable(p, vd, buf + len);
		else
			vdisk_mode_page_values(p, vd, &mode, buf + len);
		len += p->len;
	}
	return len;
}

/* Which byte of the CDB is to blame that there are no such pages. */
static u8 mode_bad_byte(const u8 *cdb)
{
	u8 page = cdb[2] & MODE_PAGE_CODE;
	unsigned int i;

	if (page == SENSE_ALL_PAGES)
		return 3;
	for (i = 0; i < vdisk_nr_mode_pages; i++)
		if (vdisk_mode_pages[i].page == page)
			return 3;
	return 2;
}

static unsigned int mode_put_block_desc(const struct scst_device *dev,
					bool longlba, u8 *buf)
{
	if (longlba) {
		put_unaligned_be64(dev->nblocks, buf);
		put_unaligned_be32(dev->block_size, buf + 12);
		return MODE_LONG_DESC_LEN;
	}
	/* SBC-5: all ones when the number does not fit. */
	put_unaligned_be32(min_t(u64, dev->nblocks, U32_MAX), buf);
	put_unaligned_be24(dev->block_size, buf + 5);
	return MODE_SHORT_DESC_LEN;
}

/**
 * vdisk_mode_sense - build the data of MODE SENSE
 * @vd: virtual disk
 * @cdb: CDB of MODE SENSE(6) or (10)
 * @write_protected: value of the WP bit
 * @buf: %VDISK_MODE_MAX_LEN bytes
 * @bad_byte: set, in case of an error, to the byte of the CDB that is wrong
 *
 * Context: any.
 * Return: bytes of data, 0 when there are no such pages.
 */
VISIBLE_IF_KUNIT
unsigned int vdisk_mode_sense(const struct vdisk *vd, const u8 *cdb,
			      bool write_protected, u8 *buf, u8 *bad_byte)
{
	bool is_10 = mode_is_10(cdb);
	unsigned int header = is_10 ? MODE_HEADER_10_LEN : MODE_HEADER_6_LEN;
	bool longlba = is_10 && (cdb[1] & SENSE_LLBAA);
	u8 param = MODE_DPOFUA | (write_protected ? MODE_WP : 0);
	unsigned int desc = 0, pages;

	memset(buf, 0, VDISK_MODE_MAX_LEN);
	if (!(cdb[1] & SENSE_DBD))
		desc = mode_put_block_desc(vd->dev, longlba, buf + header);
	pages = mode_put_pages(vd, cdb, buf + header + desc);
	if (!pages) {
		*bad_byte = mode_bad_byte(cdb);
		return 0;
	}

	if (is_10) {
		put_unaligned_be16(header + desc + pages - 2, buf);
		buf[3] = param;
		buf[4] = desc == MODE_LONG_DESC_LEN ? MODE_LONGLBA : 0;
		put_unaligned_be16(desc, buf + 6);
	} else {
		buf[0] = header + desc + pages - 1;
		buf[2] = param;
		buf[3] = desc;
	}
	return header + desc + pages;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_mode_sense);

/**
 * vdisk_exec_mode_sense - MODE SENSE(6) and (10)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_mode_sense(struct scst_cmd *cmd)
{
	const struct vdisk *vd = to_vdisk(cmd->dev);
	u8 buf[VDISK_MODE_MAX_LEN];
	scst_sense_t sense;
	unsigned int len;
	u8 bad_byte;

	if ((cmd->cdb[2] & SENSE_PC) == SENSE_PC_SAVED &&
	    !READ_ONCE(vd->can_save) && !READ_ONCE(vd->is_saved))
		return SCST_SENSE_SAVING_NOT_SUPPORTED;
	len = vdisk_mode_sense(vd, cmd->cdb,
			       scst_cmd_write_protected(cmd, &sense), buf,
			       &bad_byte);
	if (!len)
		return scst_cmd_cdb_error(cmd, bad_byte, bad_byte == 2 ? 5 : 8);
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}
