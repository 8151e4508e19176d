// SPDX-License-Identifier: GPL-2.0
/*
 * MODE SENSE and MODE SELECT (SPC-6, SBC-5).
 *
 * A table has the mode pages: how their current values are made, and which bits
 * of them MODE SELECT can change.
 */

#include <kunit/visibility.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/* CDB of MODE SENSE */
#define SENSE_DBD		0x08	/* byte 1 */
#define SENSE_LLBAA		0x10	/* byte 1, MODE SENSE(10) only */
#define SENSE_PC		0xc0	/* byte 2 */
#define SENSE_PC_CHANGEABLE	0x40
#define SENSE_PC_DEFAULT	0x80
#define SENSE_PC_SAVED		0xc0
#define SENSE_ALL_PAGES		0x3f
#define SENSE_ALL_SUBPAGES	0xff

/* CDB of MODE SELECT: byte 1 */
#define SELECT_PF		0x10
#define SELECT_SP		0x01

/* Headers and block descriptors */
#define MODE_HEADER_6_LEN	4
#define MODE_HEADER_10_LEN	8
#define MODE_WP			0x80	/* DEVICE-SPECIFIC PARAMETER */
#define MODE_DPOFUA		0x10
#define MODE_LONGLBA		0x01	/* byte 4 of the header of 10 */
#define MODE_SHORT_DESC_LEN	8
#define MODE_LONG_DESC_LEN	16

/* Mode pages */
#define PAGE_SPF		0x40	/* byte 0 */
#define PAGE_CODE		0x3f
#define PAGE_MAX_LEN		32
#define CACHING_WCE		0x04	/* byte 2 */
#define CONTROL_TST_SHIFT	5	/* byte 2 */
#define CONTROL_D_SENSE		0x04
#define CONTROL_GLTSD		0x02
#define CONTROL_QAM_FREE	0x10	/* byte 3 */
#define CONTROL_SWP		0x08	/* byte 4 */
#define CONTROL_TAS		0x40	/* byte 5 */

static bool mode_is_10(const u8 *cdb)
{
	return cdb[0] == MODE_SENSE_10 || cdb[0] == MODE_SELECT_10;
}

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
VISIBLE_IF_KUNIT
void vdisk_mode_get(const struct vdisk *vd, struct vdisk_mode *mode)
{
	mode->wce = READ_ONCE(vd->wce);
	mode->d_sense = READ_ONCE(vd->dev->d_sense);
	mode->swp = READ_ONCE(vd->dev->swp);
	mode->tas = READ_ONCE(vd->dev->tas);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_mode_get);

static void mode_get_default(const struct vdisk *vd, struct vdisk_mode *mode)
{
	*mode = (struct vdisk_mode) { .wce = vdisk_default_wce(vd) };
}

/* ------------------------------------------------------------------------
 * Pages
 */

static void caching_fill(const struct vdisk *vd, const struct vdisk_mode *mode,
			 u8 *buf)
{
	buf[2] = mode->wce ? CACHING_WCE : 0;
}

static void caching_changeable(const struct vdisk *vd, u8 *buf)
{
	/* What the user has said is not for an initiator to change. */
	if (!vd->p.write_through && !vd->p.nv_cache)
		buf[2] = CACHING_WCE;
}

static void caching_select(struct vdisk_mode *mode, const u8 *buf)
{
	mode->wce = buf[2] & CACHING_WCE;
}

static void control_fill(const struct vdisk *vd, const struct vdisk_mode *mode,
			 u8 *buf)
{
	buf[2] = vd->p.tst << CONTROL_TST_SHIFT | CONTROL_GLTSD |
		 (mode->d_sense ? CONTROL_D_SENSE : 0);
	buf[3] = CONTROL_QAM_FREE;
	buf[4] = mode->swp ? CONTROL_SWP : 0;
	buf[5] = mode->tas ? CONTROL_TAS : 0;
}

static void control_changeable(const struct vdisk *vd, u8 *buf)
{
	buf[2] = CONTROL_D_SENSE;
	buf[4] = CONTROL_SWP;
	buf[5] = CONTROL_TAS;
}

static void control_select(struct vdisk_mode *mode, const u8 *buf)
{
	mode->d_sense = buf[2] & CONTROL_D_SENSE;
	mode->swp = buf[4] & CONTROL_SWP;
	mode->tas = buf[5] & CONTROL_TAS;
}

/**
 * struct mode_page - a mode page
 * @page: page code
 * @subpage: subpage code
 * @len: bytes, with the header
 * @fill: set the bits that are not zero
 * @changeable: set the bits that @select can change
 * @select: take them over
 *
 * Callbacks of pages without such bits are NULL.
 */
struct mode_page {
	u8 page;
	u8 subpage;
	u8 len;
	void (*fill)(const struct vdisk *vd, const struct vdisk_mode *mode,
		     u8 *buf);
	void (*changeable)(const struct vdisk *vd, u8 *buf);
	void (*select)(struct vdisk_mode *mode, const u8 *buf);
};

static const struct mode_page mode_pages[] = {
	{
		.page		= 0x01,		/* read-write error recovery */
		.len		= 12,
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
	}, {
		.page		= 0x1c,		/* informational exceptions */
		.len		= 12,
	},
};

static unsigned int mode_page_header_len(const struct mode_page *p)
{
	return p->subpage ? 4 : 2;
}

/* A page of zeros but for its header. */
static void mode_page_init(const struct mode_page *p, u8 *buf)
{
	memset(buf, 0, p->len);
	buf[0] = p->page;
	if (p->subpage) {
		buf[0] |= PAGE_SPF;
		buf[1] = p->subpage;
		put_unaligned_be16(p->len - 4, buf + 2);
	} else {
		buf[1] = p->len - 2;
	}
}

static void mode_page_values(const struct mode_page *p, const struct vdisk *vd,
			     const struct vdisk_mode *mode, u8 *buf)
{
	mode_page_init(p, buf);
	if (p->fill)
		p->fill(vd, mode, buf);
}

static void mode_page_changeable(const struct mode_page *p,
				 const struct vdisk *vd, u8 *buf)
{
	mode_page_init(p, buf);
	if (p->changeable)
		p->changeable(vd, buf);
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
		mode_get_default(vd, &mode);
	else
		vdisk_mode_get(vd, &mode);

	for (p = mode_pages; p < mode_pages + ARRAY_SIZE(mode_pages); p++) {
		if (!mode_page_wanted(p, cdb[2] & PAGE_CODE, cdb[3]))
			continue;
		if (pc == SENSE_PC_CHANGEABLE)
			mode_page_changeable(p, vd, buf + len);
		else
			mode_page_values(p, vd, &mode, buf + len);
		len += p->len;
	}
	return len;
}

/* Which byte of the CDB is to blame that there are no such pages. */
static u8 mode_bad_byte(const u8 *cdb)
{
	u8 page = cdb[2] & PAGE_CODE;
	unsigned int i;

	if (page == SENSE_ALL_PAGES)
		return 3;
	for (i = 0; i < ARRAY_SIZE(mode_pages); i++)
		if (mode_pages[i].page == page)
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
 * @cdb: CDB of MODE SENSE(6) or (10); not for saved values
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
	u8 buf[VDISK_MODE_MAX_LEN];
	scst_sense_t sense;
	unsigned int len;
	u8 bad_byte;

	if ((cmd->cdb[2] & SENSE_PC) == SENSE_PC_SAVED)
		return SCST_SENSE_SAVING_NOT_SUPPORTED;
	len = vdisk_mode_sense(to_vdisk(cmd->dev), cmd->cdb,
			       scst_cmd_write_protected(cmd, &sense), buf,
			       &bad_byte);
	if (!len)
		return scst_cmd_cdb_error(cmd, bad_byte, bad_byte == 2 ? 5 : 8);
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * MODE SELECT
 */

/*
 * Capacity and block length are the user's to set: the initiator may only say
 * what they are.  Zero blocks, and all ones, mean as many as there are (SBC-5,
 * mode parameter block descriptors).
 */
static scst_sense_t mode_check_block_desc(struct scst_cmd *cmd, const u8 *desc,
					  u32 at, bool longlba)
{
	const struct scst_device *dev = cmd->dev;
	u64 nblocks, all;
	u32 block_size;

	if (longlba) {
		nblocks = get_unaligned_be64(desc);
		all = U64_MAX;
		block_size = get_unaligned_be32(desc + 12);
	} else {
		nblocks = get_unaligned_be32(desc);
		all = U32_MAX;
		block_size = get_unaligned_be24(desc + 5);
	}
	if (nblocks && nblocks != all && nblocks != dev->nblocks)
		return scst_cmd_param_error(cmd, at, 8);
	if (block_size != dev->block_size)
		return scst_cmd_param_error(cmd, at + (longlba ? 12 : 5), 8);
	return SCST_GOOD;
}

/* Checks what precedes the pages and sets @at to where they begin. */
static scst_sense_t mode_check_header(struct scst_cmd *cmd, const u8 *buf,
				      u32 len, u32 *at)
{
	bool is_10 = mode_is_10(cmd->cdb);
	u32 header = is_10 ? MODE_HEADER_10_LEN : MODE_HEADER_6_LEN;
	bool longlba;
	u32 desc;

	if (len < header)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	desc = is_10 ? get_unaligned_be16(buf + 6) : buf[3];
	longlba = is_10 && (buf[4] & MODE_LONGLBA);
	/* MEDIUM TYPE.  MODE DATA LENGTH is reserved, WP is not for select. */
	if (buf[is_10 ? 2 : 1])
		return scst_cmd_param_error(cmd, is_10 ? 2 : 1, 8);
	if (desc && desc != (longlba ? MODE_LONG_DESC_LEN :
				       MODE_SHORT_DESC_LEN))
		return scst_cmd_param_error(cmd, is_10 ? 6 : 3, 8);
	if (desc > len - header)
		return SCST_SENSE_PARAM_LIST_LENGTH;

	*at = header + desc;
	return desc ? mode_check_block_desc(cmd, buf + header, header, longlba) :
		      SCST_GOOD;
}

static const struct mode_page *mode_find_page(u8 page, u8 subpage)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mode_pages); i++)
		if (mode_pages[i].page == page &&
		    mode_pages[i].subpage == subpage)
			return &mode_pages[i];
	return NULL;
}

/*
 * SPC-6, MODE SELECT: a page has to be sent as MODE SENSE returns it, but for
 * the bits that can be changed.  Its header is compared too, which has its
 * length.  PS is reserved here.
 */
static scst_sense_t mode_check_page(struct scst_cmd *cmd,
				    const struct mode_page *p, const u8 *buf,
				    u32 at, const struct vdisk_mode *mode)
{
	const struct vdisk *vd = to_vdisk(cmd->dev);
	u8 values[PAGE_MAX_LEN], changeable[PAGE_MAX_LEN];
	unsigned int i;

	mode_page_values(p, vd, mode, values);
	mode_page_changeable(p, vd, changeable);
	for (i = 1; i < p->len; i++) {
		u8 bad = buf[i] ^ values[i];

		if (i >= mode_page_header_len(p))
			bad &= ~changeable[i];
		if (bad)
			return scst_cmd_param_error(cmd, at + i, fls(bad) - 1);
	}
	return SCST_GOOD;
}

/* Returns the bytes of the page at @buf in @used. */
static scst_sense_t mode_parse_page(struct scst_cmd *cmd, const u8 *buf,
				    u32 len, u32 at, struct vdisk_mode *mode,
				    u32 *used)
{
	const struct mode_page *p;
	scst_sense_t sense;
	u8 subpage = 0;

	if (len < 2)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	if (buf[0] & PAGE_SPF)
		subpage = buf[1];
	p = mode_find_page(buf[0] & PAGE_CODE, subpage);
	/* A subpage of zero has no header for subpages. */
	if (!p || (!subpage && (buf[0] & PAGE_SPF)))
		return scst_cmd_param_error(cmd, at, 5);
	if (len < p->len)
		return SCST_SENSE_PARAM_LIST_LENGTH;

	sense = mode_check_page(cmd, p, buf, at, mode);
	if (sense == SCST_GOOD && p->select)
		p->select(mode, buf);
	*used = p->len;
	return sense;
}

/**
 * vdisk_mode_parse - check the parameter list of MODE SELECT
 * @cmd: MODE SELECT(6) or (10)
 * @buf: parameter list
 * @len: bytes that are there
 * @mode: current values; is changed, which has no effect yet
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
VISIBLE_IF_KUNIT
scst_sense_t vdisk_mode_parse(struct scst_cmd *cmd, const u8 *buf, u32 len,
			      struct vdisk_mode *mode)
{
	scst_sense_t sense;
	u32 at, used = 0;

	sense = mode_check_header(cmd, buf, len, &at);
	while (sense == SCST_GOOD && at < len) {
		sense = mode_parse_page(cmd, buf + at, len - at, at, mode,
					&used);
		at += used;
	}
	return sense;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_mode_parse);

/**
 * struct mode_work - scst_cmd.priv of MODE SELECT
 * @work: for the worker
 * @mode: values to be set
 */
struct mode_work {
	struct vdisk_work work;
	struct vdisk_mode mode;
};

static struct mode_work *to_mode_work(struct scst_cmd *cmd)
{
	BUILD_BUG_ON(sizeof(struct mode_work) > SCST_CMD_PRIV_SIZE);
	return (struct mode_work *)cmd->priv;
}

static void mode_set(struct vdisk *vd, const struct vdisk_mode *mode)
{
	WRITE_ONCE(vd->wce, mode->wce);
	WRITE_ONCE(vd->dev->d_sense, mode->d_sense);
	WRITE_ONCE(vd->dev->swp, mode->swp);
	WRITE_ONCE(vd->dev->tas, mode->tas);
}

/**
 * vdisk_reset - a logical unit reset: back to the default mode parameters
 * @dev: logical unit; none of its commands executes
 *
 * WCE=0 is the default only where the initiator cannot change it, or nothing is
 * cached, so that there is nothing to flush.
 *
 * Context: see struct scst_dev_type.
 */
void vdisk_reset(struct scst_device *dev)
{
	struct vdisk *vd = to_vdisk(dev);
	struct vdisk_mode mode;

	mode_get_default(vd, &mode);
	mode_set(vd, &mode);
	WRITE_ONCE(vd->power, VDISK_POWER_ACTIVE);
}

static scst_sense_t mode_apply(struct scst_cmd *cmd)
{
	mode_set(to_vdisk(cmd->dev), &to_mode_work(cmd)->mode);
	scst_device_ua(cmd->dev, SCST_UA_MODE_CHANGED, cmd);
	return SCST_GOOD;
}

/*
 * SBC-5, WCE bit: what is cached is written before the bit becomes zero.  It is
 * cached, and its loss to be reported, until then.
 */
static scst_sense_t mode_work_wce_off(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_flush(cmd, 0, 0);

	return sense == SCST_GOOD ? mode_apply(cmd) : sense;
}

static scst_sense_t mode_get_list(struct scst_cmd *cmd, u8 *buf, u32 *len)
{
	if (!(cmd->cdb[1] & SELECT_PF))
		return scst_cmd_cdb_error(cmd, 1, 4);
	if (cmd->cdb[1] & SELECT_SP)
		return scst_cmd_cdb_error(cmd, 1, 0);
	if (cmd->xfer_len > VDISK_MODE_MAX_LEN)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	*len = scst_cmd_data_out(cmd, buf, cmd->xfer_len);
	return SCST_GOOD;
}

/**
 * vdisk_exec_mode_select - MODE SELECT(6) and (10)
 * @cmd: command; it has the unit alone
 *
 * Nothing is changed unless all of the list is good.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_mode_select(struct scst_cmd *cmd)
{
	struct vdisk_mode *mode = &to_mode_work(cmd)->mode;
	struct vdisk *vd = to_vdisk(cmd->dev);
	u8 buf[VDISK_MODE_MAX_LEN];
	struct vdisk_mode old;
	scst_sense_t sense;
	u32 len;

	sense = mode_get_list(cmd, buf, &len);
	if (sense != SCST_GOOD || !len)
		return sense;

	vdisk_mode_get(vd, &old);
	*mode = old;
	sense = vdisk_mode_parse(cmd, buf, len, mode);
	if (sense != SCST_GOOD || !memcmp(mode, &old, sizeof(old)))
		return sense;
	if (old.wce && !mode->wce && vd->worker)
		return vdisk_queue_work(cmd, mode_work_wce_off);
	return mode_apply(cmd);
}
