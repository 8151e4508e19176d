// SPDX-License-Identifier: GPL-2.0
/*
 * INQUIRY: standard data and vital product data (SPC-6, SBC-5).  ident.c has the
 * pages that identify the unit and its ports.
 */

#include <kunit/visibility.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/* Standard data */
#define INQUIRY_RMB		0x80	/* byte 1 */
#define INQUIRY_VERSION		0x06	/* SPC-4 */
#define INQUIRY_NORMACA		0x20	/* byte 3 */
#define INQUIRY_HISUP		0x10
#define INQUIRY_TPGS_SHIFT	4	/* byte 5 */
#define INQUIRY_3PC		0x08
#define INQUIRY_FORMAT		0x02
#define INQUIRY_MULTIP		0x10	/* byte 6 */
#define INQUIRY_CMDQUE		0x02	/* byte 7 */

/*
 * Version descriptors.  VERSION says SPC-4, which is what initiators accept who
 * know no later standard; they look for descriptors of that generation too.
 */
#define VERSION_SAM_6		0x00c0
#define VERSION_SPC_4		0x0460
#define VERSION_SPC_5		0x05c0
#define VERSION_SBC_3		0x04c0
#define VERSION_SBC_4		0x0600
#define VERSION_MMC_6		0x04e0

static u8 vdisk_peripheral(const struct vdisk *vd)
{
	return vd->type->type.type;
}

/* Left aligned ASCII, filled with blanks (SPC-6 4.3.1) */
static void vdisk_put_ascii(u8 *buf, const char *str, unsigned int len)
{
	memset(buf, ' ', len);
	memcpy(buf, str, strnlen(str, len));
}

/**
 * vdisk_inquiry_std - build the standard INQUIRY data
 * @vd: virtual disk
 * @transport: version descriptor of the SCSI transport, or 0
 * @physical: version descriptor of the physical transport, or 0
 * @buf: %VDISK_INQUIRY_LEN bytes
 *
 * Context: process context.
 * Return: bytes of data.
 */
VISIBLE_IF_KUNIT
unsigned int vdisk_inquiry_std(struct vdisk *vd, u16 transport, u16 physical,
			       u8 *buf)
{
	bool cdrom = vdisk_is_cdrom(vd);
	const u16 versions[] = {
		VERSION_SAM_6, physical, transport, VERSION_SPC_4, VERSION_SPC_5,
		cdrom ? VERSION_MMC_6 : VERSION_SBC_3, cdrom ? 0 : VERSION_SBC_4,
	};
	u8 *version = buf + 58;
	unsigned int i;

	memset(buf, 0, VDISK_INQUIRY_LEN);
	buf[0] = vdisk_peripheral(vd);
	buf[1] = vd->p.removable ? INQUIRY_RMB : 0;
	buf[2] = INQUIRY_VERSION;
	buf[3] = INQUIRY_NORMACA | INQUIRY_HISUP | INQUIRY_FORMAT;
	buf[4] = VDISK_INQUIRY_LEN - 5;
	buf[5] = INQUIRY_3PC;
	buf[6] = INQUIRY_MULTIP;
	buf[7] = INQUIRY_CMDQUE;

	spin_lock(&vd->id_lock);
	vdisk_put_ascii(buf + 8, vd->p.vendor, VDISK_VENDOR_LEN);
	vdisk_put_ascii(buf + 16, vd->p.prod_id, VDISK_PROD_ID_LEN);
	vdisk_put_ascii(buf + 32, vd->p.revision, VDISK_REVISION_LEN);
	memcpy(buf + 36, vd->p.inq_vend_specific, VDISK_INQ_VEND_LEN);
	spin_unlock(&vd->id_lock);

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		if (!versions[i])
			continue;
		put_unaligned_be16(versions[i], version);
		version += 2;
	}
	return VDISK_INQUIRY_LEN;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_inquiry_std);

/* ------------------------------------------------------------------------
 * Vital product data.  The functions fill in a page, which is zeroed, behind
 * its header and return its PAGE LENGTH.
 */

/* Extended INQUIRY data */
#define VPD_86_LEN		0x3c
#define VPD_86_HEADSUP		0x04	/* byte 5 */
#define VPD_86_ORDSUP		0x02
#define VPD_86_SIMPSUP		0x01
#define VPD_86_NV_SUP		0x02	/* byte 6 */
#define VPD_86_V_SUP		0x01
#define VPD_86_LUICLR		0x01	/* byte 7 */
#define VPD_86_SENSE_LEN	13	/* MAXIMUM SUPPORTED SENSE DATA LENGTH */

/* Mode page policy: one descriptor for all pages */
#define VPD_87_LEN		4
#define VPD_87_ALL_PAGES	0x3f
#define VPD_87_ALL_SUBPAGES	0xff
#define VPD_87_SHARED		0x00

/* Block limits */
#define VPD_B0_LEN		0x3c
#define VPD_B0_UGAVALID		0x80000000

/* Block device characteristics */
#define VPD_B1_LEN		0x3c
#define VPD_B1_NON_ROTATING	1
#define VPD_B1_WABEREQ		0x40	/* byte 7: reads succeed after an erase */
#define VPD_B1_FUAB		0x02	/* byte 8 */
#define VPD_B1_VBULS		0x01

/* Logical block provisioning */
#define VPD_B2_LEN		4
#define VPD_B2_LBPU		0x80	/* byte 5 */
#define VPD_B2_LBPWS		0x40
#define VPD_B2_LBPWS10		0x20
#define VPD_B2_LBPRZ		0x04
#define VPD_B2_THIN		0x02	/* byte 6 */

/* Block limits extension */
#define VPD_B7_LEN		0x3c

static unsigned int vdisk_vpd_supported(struct vdisk *vd,
					const struct scst_tgt *tgt, u8 *buf);

static unsigned int vdisk_vpd_serial(struct vdisk *vd,
				     const struct scst_tgt *tgt, u8 *buf)
{
	unsigned int len;

	spin_lock(&vd->id_lock);
	len = strlen(vd->p.usn);
	memcpy(buf + VDISK_VPD_HEADER_LEN, vd->p.usn, len);
	spin_unlock(&vd->id_lock);
	return len;
}

static unsigned int vdisk_vpd_extended(struct vdisk *vd,
				       const struct scst_tgt *tgt, u8 *buf)
{
	buf[5] = VPD_86_HEADSUP | VPD_86_ORDSUP | VPD_86_SIMPSUP;
	buf[6] = vd->p.nv_cache ? VPD_86_NV_SUP : VPD_86_V_SUP;
	buf[7] = VPD_86_LUICLR;
	if (!vdisk_is_cdrom(vd))
		put_unaligned_be16(vdisk_self_test_minutes(vd), buf + 10);
	buf[VPD_86_SENSE_LEN] = SCST_SENSE_BUFFERSIZE;
	return VPD_86_LEN;
}

/* All initiators see the same mode parameters. */
static unsigned int vdisk_vpd_mode_policy(struct vdisk *vd,
					  const struct scst_tgt *tgt, u8 *buf)
{
	buf[4] = VPD_87_ALL_PAGES;
	buf[5] = VPD_87_ALL_SUBPAGES;
	buf[6] = VPD_87_SHARED;
	return VPD_87_LEN;
}

/* The copy manager is the core's. */
static unsigned int vdisk_vpd_third_party_copy(struct vdisk *vd,
					       const struct scst_tgt *tgt,
					       u8 *buf)
{
	BUILD_BUG_ON(VDISK_VPD_HEADER_LEN + SCST_VPD_8F_MAX_LEN >
		     VDISK_VPD_MAX_LEN);
	return scst_vpd_third_party_copy(buf + VDISK_VPD_HEADER_LEN);
}

/* Without an ATOMIC BOUNDARY, which byte 56 and those behind it are about */
static void vdisk_vpd_atomic_limits(const struct vdisk *vd, u8 *buf)
{
	u32 granularity = vd->limits.atomic_granularity;
	u8 shift = vd->dev->block_shift;

	if (!vdisk_supports_write_atomic(vd->dev))
		return;
	put_unaligned_be32(vdisk_atomic_max(vd) >> shift, buf + 44);
	put_unaligned_be32(vdisk_atomic_alignment(vd) >> shift, buf + 48);
	/*
	 * Where there is none, one block says the same.  With zero Linux takes the
	 * physical block, whose size it does not know while the unit is offline.
	 */
	put_unaligned_be32(max(granularity >> shift, 1U), buf + 52);
}

static unsigned int vdisk_vpd_block_limits(struct vdisk *vd,
					   const struct scst_tgt *tgt, u8 *buf)
{
	const struct vdisk_limits *limits = &vd->limits;
	u8 shift = vd->dev->block_shift;
	u32 granularity = limits->opt_granularity >> shift;

	buf[5] = VDISK_MAX_CAW;
	put_unaligned_be16(min(granularity, U16_MAX), buf + 6);
	put_unaligned_be32(VDISK_MAX_XFER >> shift, buf + 8);
	put_unaligned_be32(vdisk_opt_xfer(vd) >> shift, buf + 12);
	put_unaligned_be64(VDISK_MAX_WRITE_SAME >> shift, buf + 36);
	vdisk_vpd_atomic_limits(vd, buf);
	if (!vdisk_is_thin(vd))
		return VPD_B0_LEN;

	put_unaligned_be32(VDISK_MAX_UNMAP, buf + 20);
	put_unaligned_be32(VDISK_MAX_UNMAP_DESCS, buf + 24);
	put_unaligned_be32(max(limits->unmap_granularity >> shift, 1U),
			   buf + 28);
	put_unaligned_be32(VPD_B0_UGAVALID | limits->unmap_alignment >> shift,
			   buf + 32);
	return VPD_B0_LEN;
}

/*
 * How fast it rotates is not known, which is what zero says.  Only a unit that can
 * unmap has SANITIZE, BLOCK ERASE.
 */
static unsigned int vdisk_vpd_characteristics(struct vdisk *vd,
					      const struct scst_tgt *tgt, u8 *buf)
{
	if (!vdisk_is_rotational(vd))
		put_unaligned_be16(VPD_B1_NON_ROTATING, buf + 4);
	if (vdisk_is_thin(vd))
		buf[7] = VPD_B1_WABEREQ;
	buf[8] = VPD_B1_FUAB | VPD_B1_VBULS;
	return VPD_B1_LEN;
}

static unsigned int vdisk_vpd_provisioning(struct vdisk *vd,
					   const struct scst_tgt *tgt, u8 *buf)
{
	if (!vdisk_is_thin(vd))
		return VPD_B2_LEN;
	if (vdisk_has_space(vd)) {
		buf[4] = vdisk_threshold_exponent(vd);
		buf[7] = READ_ONCE(vd->p.thin_threshold);
	}
	buf[5] = VPD_B2_LBPU | VPD_B2_LBPWS | VPD_B2_LBPWS10;
	if (vdisk_unmap_zeroes(vd))
		buf[5] |= VPD_B2_LBPRZ;
	buf[6] = VPD_B2_THIN;
	return VPD_B2_LEN;
}

/* No streams and no scattered writes */
static unsigned int vdisk_vpd_limits_ext(struct vdisk *vd,
					 const struct scst_tgt *tgt, u8 *buf)
{
	return VPD_B7_LEN;
}

/**
 * struct vdisk_vpd_page - a page of vital product data
 * @page: page code
 * @supported: does the unit have it? NULL: it does
 * @fill: build it; NULL: @exec does, which may be longer than
 *	%VDISK_VPD_MAX_LEN
 * @exec: execute INQUIRY for it
 */
struct vdisk_vpd_page {
	u8 page;
	bool (*supported)(const struct vdisk *vd);
	unsigned int (*fill)(struct vdisk *vd, const struct scst_tgt *tgt,
			     u8 *buf);
	scst_sense_t (*exec)(struct scst_cmd *cmd);
};

static bool vdisk_is_disk(const struct vdisk *vd)
{
	return !vdisk_is_cdrom(vd);
}

/* In ascending order, as page 00h has to list them. */
static const struct vdisk_vpd_page vdisk_vpd_pages[] = {
	{ 0x00, .fill = vdisk_vpd_supported },
	{ 0x80, .fill = vdisk_vpd_serial },
	{ 0x83, .fill = vdisk_vpd_device_id },
	{ 0x85, vdisk_has_management_address,
	  .fill = vdisk_vpd_management_address },
	{ 0x86, .fill = vdisk_vpd_extended },
	{ 0x87, .fill = vdisk_vpd_mode_policy },
	{ 0x88, .exec = vdisk_exec_inquiry_ports },
	{ 0x8f, .fill = vdisk_vpd_third_party_copy },
	{ 0xb0, vdisk_is_disk, .fill = vdisk_vpd_block_limits },
	{ 0xb1, vdisk_is_disk, .fill = vdisk_vpd_characteristics },
	{ 0xb2, vdisk_is_disk, .fill = vdisk_vpd_provisioning },
	{ 0xb7, vdisk_is_disk, .fill = vdisk_vpd_limits_ext },
};

static bool vdisk_vpd_has(const struct vdisk *vd,
			  const struct vdisk_vpd_page *p)
{
	return !p->supported || p->supported(vd);
}

static unsigned int vdisk_vpd_supported(struct vdisk *vd,
					const struct scst_tgt *tgt, u8 *buf)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(vdisk_vpd_pages); i++)
		if (vdisk_vpd_has(vd, &vdisk_vpd_pages[i]))
			buf[VDISK_VPD_HEADER_LEN + n++] =
				vdisk_vpd_pages[i].page;
	return n;
}

static const struct vdisk_vpd_page *vdisk_vpd_find(const struct vdisk *vd,
						   u8 page)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vdisk_vpd_pages); i++)
		if (vdisk_vpd_pages[i].page == page)
			return vdisk_vpd_has(vd, &vdisk_vpd_pages[i]) ?
			       &vdisk_vpd_pages[i] : NULL;
	return NULL;
}

/**
 * vdisk_vpd_header - fill in the header of a page of vital product data
 * @vd: virtual disk
 * @page: page code
 * @len: PAGE LENGTH
 * @buf: %VDISK_VPD_HEADER_LEN bytes
 *
 * Context: any.
 */
void vdisk_vpd_header(const struct vdisk *vd, u8 page, u16 len, u8 *buf)
{
	buf[0] = vdisk_peripheral(vd);
	buf[1] = page;
	put_unaligned_be16(len, buf + 2);
}

/**
 * vdisk_inquiry_vpd - build a page of vital product data
 * @vd: virtual disk
 * @page: page code
 * @tgt: the target port that asks
 * @buf: %VDISK_VPD_MAX_LEN bytes
 *
 * Context: process context.
 * Return: bytes of data, 0 when there is no such page that is so short.
 */
VISIBLE_IF_KUNIT
unsigned int vdisk_inquiry_vpd(struct vdisk *vd, u8 page,
			       const struct scst_tgt *tgt, u8 *buf)
{
	const struct vdisk_vpd_page *p = vdisk_vpd_find(vd, page);
	unsigned int len;

	if (!p || !p->fill)
		return 0;
	memset(buf, 0, VDISK_VPD_MAX_LEN);
	len = p->fill(vd, tgt, buf);
	vdisk_vpd_header(vd, page, len, buf);
	return len + VDISK_VPD_HEADER_LEN;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_inquiry_vpd);

/**
 * vdisk_device_id - device_id() of struct scst_dev_type
 * @dev: logical unit
 * @tgt: target port
 * @buf: where to
 * @size: bytes in @buf
 *
 * Context: process context.
 * Return: bytes of VPD page 83h, 0 when there is no memory.
 */
unsigned int vdisk_device_id(struct scst_device *dev, struct scst_tgt *tgt,
			     u8 *buf, unsigned int size)
{
	u8 *page __free(kfree) = kmalloc(VDISK_VPD_MAX_LEN, GFP_NOIO);
	unsigned int len;

	if (!page)
		return 0;
	len = vdisk_inquiry_vpd(to_vdisk(dev), 0x83, tgt, page);
	len = min(len, size);
	memcpy(buf, page, len);
	return len;
}

static scst_sense_t vdisk_exec_inquiry_vpd(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	const struct vdisk_vpd_page *p = vdisk_vpd_find(vd, cmd->cdb[2]);

	if (!p)
		return scst_cmd_cdb_error(cmd, 2, 8);
	if (p->exec)
		return p->exec(cmd);

	u8 *buf __free(kfree) = kmalloc(VDISK_VPD_MAX_LEN, GFP_NOIO);
	if (!buf)
		return SCST_BUSY;
	scst_cmd_data_in(cmd, buf, vdisk_inquiry_vpd(vd, p->page,
						     scst_cmd_tgt(cmd), buf));
	return SCST_GOOD;
}

static scst_sense_t vdisk_exec_inquiry_std(struct scst_cmd *cmd)
{
	struct scst_tgt *tgt = scst_cmd_tgt(cmd);
	const struct scst_tgt_template *tgtt = tgt->tgtt;
	u16 transport = 0, physical = 0;
	u8 buf[VDISK_INQUIRY_LEN];
	unsigned int len;

	if (tgtt->scsi_transport_version)
		transport = tgtt->scsi_transport_version(tgt);
	if (tgtt->phys_transport_version)
		physical = tgtt->phys_transport_version(tgt);
	len = vdisk_inquiry_std(to_vdisk(cmd->dev), transport, physical, buf);
	buf[5] |= scst_device_tpgs(cmd->dev, tgt) << INQUIRY_TPGS_SHIFT;
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}

/**
 * vdisk_exec_inquiry - INQUIRY
 * @cmd: command
 *
 * Context: see struct scst_dev_type; also without an open store.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_inquiry(struct scst_cmd *cmd)
{
	if (cmd->cdb[1] & SCST_INQUIRY_EVPD)
		return vdisk_exec_inquiry_vpd(cmd);
	/* Without EVPD there are no pages. */
	if (cmd->cdb[2])
		return scst_cmd_cdb_error(cmd, 2, 8);
	return vdisk_exec_inquiry_std(cmd);
}
