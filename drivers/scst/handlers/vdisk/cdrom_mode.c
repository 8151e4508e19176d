// SPDX-License-Identifier: GPL-2.0
/*
 * vcdrom: MODE SENSE and MODE SELECT (SPC-6, MMC-6).
 *
 * No mode parameter can be changed, so that MODE SELECT takes what MODE SENSE
 * returns and nothing else.  There are no block descriptors (MMC-6).
 */

#include <kunit/visibility.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "cdrom.h"

/* CDB of MODE SENSE: byte 2 */
#define SENSE_PC		0xc0
#define SENSE_PC_CHANGEABLE	0x40
#define SENSE_PC_SAVED		0xc0
#define SENSE_PAGE		0x3f
#define SENSE_ALL_PAGES		0x3f
#define SENSE_ALL_SUBPAGES	0xff	/* byte 3 */

/* CDB of MODE SELECT: byte 1 */
#define SELECT_PF		0x10
#define SELECT_SP		0x01

#define HEADER_6_LEN		4
#define HEADER_10_LEN		8
#define PAGE_SPF		0x40	/* byte 0 */

/* Capabilities */
#define CAP_READS		0x0b	/* byte 2: CD-R, CD-RW, DVD-ROM */
#define CAP_TRAY		0x20	/* byte 6 */
#define CAP_EJECT		0x08
#define CAP_LOCKED		0x02
#define CAP_LOCK		0x01
#define CAP_SPEED		(52 * 176)	/* kB/s, of a drive of 52x */
#define CAP_BUFFER		512		/* KiB */

static bool mode_is_10(const u8 *cdb)
{
	return cdb[0] == MODE_SENSE_10 || cdb[0] == MODE_SELECT_10;
}

static void control_fill(struct scst_device *dev, u8 *buf)
{
	buf[2] = READ_ONCE(dev->tst) << 5 | 0x02;	/* GLTSD */
	buf[3] = 0x10;	/* unrestricted reordering */
}

static void capabilities_fill(struct scst_device *dev, u8 *buf)
{
	buf[2] = CAP_READS;
	buf[6] = CAP_TRAY | CAP_EJECT | CAP_LOCK;
	if (scst_device_removal_prevented(dev))
		buf[6] |= CAP_LOCKED;
	put_unaligned_be16(CAP_SPEED, buf + 8);
	put_unaligned_be16(CAP_BUFFER, buf + 12);
	put_unaligned_be16(CAP_SPEED, buf + 14);
}

/* What is not filled in is zero. */
static const struct vcdrom_mode_page {
	u8 page;
	u8 len;
	void (*fill)(struct scst_device *dev, u8 *buf);
} vcdrom_mode_pages[] = {
	{ 0x01, 12 },				/* read error recovery */
	{ 0x0a, 12, control_fill },
	{ 0x1a, 12 },				/* power condition */
	{ 0x1c, 12 },				/* informational exceptions */
	{ 0x1d, 12 },				/* timeout and protect */
	{ 0x2a, 22, capabilities_fill },
};

static void mode_put_page(const struct vcdrom_mode_page *p,
			  struct scst_device *dev, bool changeable, u8 *buf)
{
	memset(buf, 0, p->len);
	buf[0] = p->page;
	buf[1] = p->len - 2;
	if (p->fill && !changeable)
		p->fill(dev, buf);
}

static unsigned int mode_put_pages(struct scst_device *dev, const u8 *cdb,
				   u8 *buf)
{
	bool changeable = (cdb[2] & SENSE_PC) == SENSE_PC_CHANGEABLE;
	u8 page = cdb[2] & SENSE_PAGE;
	unsigned int i, len = 0;

	if (cdb[3] && cdb[3] != SENSE_ALL_SUBPAGES)
		return 0;
	for (i = 0; i < ARRAY_SIZE(vcdrom_mode_pages); i++) {
		const struct vcdrom_mode_page *p = &vcdrom_mode_pages[i];

		if (page != SENSE_ALL_PAGES && page != p->page)
			continue;
		mode_put_page(p, dev, changeable, buf + len);
		len += p->len;
	}
	return len;
}

/**
 * vcdrom_mode_sense - build the data of MODE SENSE
 * @dev: logical unit
 * @cdb: CDB of MODE SENSE(6) or (10)
 * @buf: %MMC_MAX_LEN bytes
 *
 * Context: any.
 * Return: bytes of data, 0 when there are no such pages.
 */
VISIBLE_IF_KUNIT
unsigned int vcdrom_mode_sense(struct scst_device *dev, const u8 *cdb, u8 *buf)
{
	unsigned int header = mode_is_10(cdb) ? HEADER_10_LEN : HEADER_6_LEN;
	unsigned int len = mode_put_pages(dev, cdb, buf + header);

	if (!len)
		return 0;
	memset(buf, 0, header);
	if (mode_is_10(cdb))
		put_unaligned_be16(header + len - 2, buf);
	else
		buf[0] = header + len - 1;
	return header + len;
}
EXPORT_SYMBOL_IF_KUNIT(vcdrom_mode_sense);

/**
 * vcdrom_exec_mode_sense - MODE SENSE(6) and (10)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vcdrom_exec_mode_sense(struct scst_cmd *cmd)
{
	u8 buf[MMC_MAX_LEN];
	unsigned int len;

	if ((cmd->cdb[2] & SENSE_PC) == SENSE_PC_SAVED)
		return SCST_SENSE_SAVING_NOT_SUPPORTED;
	len = vcdrom_mode_sense(cmd->dev, cmd->cdb, buf);
	if (!len && cmd->cdb[3] && cmd->cdb[3] != SENSE_ALL_SUBPAGES)
		return scst_cmd_cdb_error(cmd, 3, 8);
	if (!len)
		return scst_cmd_cdb_error(cmd, 2, 5);
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}

static const struct vcdrom_mode_page *mode_find_page(u8 page)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vcdrom_mode_pages); i++)
		if (vcdrom_mode_pages[i].page == page)
			return &vcdrom_mode_pages[i];
	return NULL;
}

/* Sets @used to the length of the page at @buf, which is that of MODE SENSE. */
static scst_sense_t mode_check_page(struct scst_cmd *cmd, const u8 *buf,
				    u32 len, u32 at, u32 *used)
{
	const struct vcdrom_mode_page *p = mode_find_page(buf[0] & SENSE_PAGE);
	u8 values[MMC_MAX_LEN];
	unsigned int i;

	if (!p || (buf[0] & PAGE_SPF))
		return scst_cmd_param_error(cmd, at, 5);
	if (len < p->len)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	mode_put_page(p, cmd->dev, false, values);
	for (i = 1; i < p->len; i++)
		if (buf[i] != values[i])
			return scst_cmd_param_error(cmd, at + i,
						    fls(buf[i] ^ values[i]) - 1);
	*used = p->len;
	return SCST_GOOD;
}

/**
 * vcdrom_mode_parse - check the parameter list of MODE SELECT
 * @cmd: MODE SELECT(6) or (10)
 * @buf: parameter list
 * @len: bytes that are there, not 0
 *
 * Context: any.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
VISIBLE_IF_KUNIT
scst_sense_t vcdrom_mode_parse(struct scst_cmd *cmd, const u8 *buf, u32 len)
{
	bool is_10 = mode_is_10(cmd->cdb);
	u32 at = is_10 ? HEADER_10_LEN : HEADER_6_LEN, used = 0;
	scst_sense_t sense = SCST_GOOD;

	if (len < at)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	/* BLOCK DESCRIPTOR LENGTH */
	if (is_10 && get_unaligned_be16(buf + 6))
		return scst_cmd_param_error(cmd, 6, 8);
	if (!is_10 && buf[3])
		return scst_cmd_param_error(cmd, 3, 8);
	while (sense == SCST_GOOD && at < len) {
		sense = mode_check_page(cmd, buf + at, len - at, at, &used);
		at += used;
	}
	return sense;
}
EXPORT_SYMBOL_IF_KUNIT(vcdrom_mode_parse);

/**
 * vcdrom_exec_mode_select - MODE SELECT(6) and (10)
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vcdrom_exec_mode_select(struct scst_cmd *cmd)
{
	u8 buf[MMC_MAX_LEN];
	u32 len;

	if (!(cmd->cdb[1] & SELECT_PF))
		return scst_cmd_cdb_error(cmd, 1, 4);
	if (cmd->cdb[1] & SELECT_SP)
		return scst_cmd_cdb_error(cmd, 1, 0);
	if (cmd->xfer_len > sizeof(buf))
		return SCST_SENSE_PARAM_LIST_LENGTH;
	len = scst_cmd_data_out(cmd, buf, cmd->xfer_len);
	return len ? vcdrom_mode_parse(cmd, buf, len) : SCST_GOOD;
}
