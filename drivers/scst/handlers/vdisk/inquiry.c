// SPDX-License-Identifier: GPL-2.0
/* INQUIRY: standard data and vital product data (SPC-6, SBC-5). */

#include <kunit/visibility.h>
#include <linux/siphash.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "vdisk.h"

#define INQUIRY_CMDDT		0x02	/* CDB byte 1, obsolete */

/* Standard data */
#define INQUIRY_RMB		0x80	/* byte 1 */
#define INQUIRY_VERSION		0x06	/* SPC-4 */
#define INQUIRY_HISUP		0x10	/* byte 3 */
#define INQUIRY_3PC		0x08	/* byte 5 */
#define INQUIRY_FORMAT		0x02
#define INQUIRY_MULTIP		0x10	/* byte 6 */
#define INQUIRY_CMDQUE		0x02	/* byte 7 */

/* Version descriptors */
#define VERSION_SAM_5		0x00a0
#define VERSION_SPC_4		0x0460
#define VERSION_SBC_3		0x04c0

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
	const u16 versions[] = {
		VERSION_SAM_5, physical, transport, VERSION_SPC_4, VERSION_SBC_3
	};
	u8 *version = buf + 58;
	unsigned int i;

	memset(buf, 0, VDISK_INQUIRY_LEN);
	buf[0] = vdisk_peripheral(vd);
	buf[1] = vd->p.removable ? INQUIRY_RMB : 0;
	buf[2] = INQUIRY_VERSION;
	buf[3] = INQUIRY_HISUP | INQUIRY_FORMAT;
	buf[4] = VDISK_INQUIRY_LEN - 5;
	buf[5] = INQUIRY_3PC;
	buf[6] = INQUIRY_MULTIP;
	buf[7] = INQUIRY_CMDQUE;

	spin_lock(&vd->id_lock);
	vdisk_put_ascii(buf + 8, vd->p.vendor, VDISK_VENDOR_LEN);
	vdisk_put_ascii(buf + 16, vd->p.prod_id, VDISK_PROD_ID_LEN);
	vdisk_put_ascii(buf + 32, vd->p.revision, VDISK_REVISION_LEN);
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

#define VPD_HEADER_LEN		4

/* Extended INQUIRY data */
#define VPD_86_LEN		0x3c
#define VPD_86_HEADSUP		0x04	/* byte 5 */
#define VPD_86_ORDSUP		0x02
#define VPD_86_SIMPSUP		0x01
#define VPD_86_NV_SUP		0x02	/* byte 6 */
#define VPD_86_V_SUP		0x01

/* Device identification */
#define VPD_83_BINARY		0x01	/* designator byte 0 */
#define VPD_83_ASCII		0x02
#define VPD_83_T10_VENDOR_ID	0x01	/* byte 1 */
#define VPD_83_NAA		0x03
#define VPD_83_REL_TGT_PORT	0x14	/* of the target port */
#define VPD_83_NAA_LOCAL	(3ULL << 60)

/* Block limits */
#define VPD_B0_LEN		0x3c
#define VPD_B0_UGAVALID		0x80000000

/* Block device characteristics */
#define VPD_B1_LEN		0x3c
#define VPD_B1_NON_ROTATING	1
#define VPD_B1_VBULS		0x01	/* byte 8 */

/* Logical block provisioning */
#define VPD_B2_LEN		4
#define VPD_B2_LBPU		0x80	/* byte 5 */
#define VPD_B2_LBPWS		0x40
#define VPD_B2_LBPWS10		0x20
#define VPD_B2_LBPRZ		0x04
#define VPD_B2_THIN		0x02	/* byte 6 */

static unsigned int vdisk_vpd_supported(struct vdisk *vd, u16 rel_tgt_id,
					u8 *buf);

static unsigned int vdisk_vpd_serial(struct vdisk *vd, u16 rel_tgt_id, u8 *buf)
{
	unsigned int len;

	spin_lock(&vd->id_lock);
	len = strlen(vd->p.usn);
	memcpy(buf + VPD_HEADER_LEN, vd->p.usn, len);
	spin_unlock(&vd->id_lock);
	return len;
}

/* Adds a designator and returns where its bytes go. */
static u8 *vdisk_add_designator(u8 **p, u8 code_set, u8 type, u8 len)
{
	u8 *designator = *p;

	designator[0] = code_set;
	designator[1] = type;
	designator[3] = len;
	*p += VPD_HEADER_LEN + len;
	return designator + VPD_HEADER_LEN;
}

/*
 * The NAA identifier follows from the T10 one: who wants two hosts to serve the
 * same unit gives it the same t10_dev_id on both.  It comes last: Linux prefers
 * the later one of two that it finds equally good.
 */
static unsigned int vdisk_vpd_device_id(struct vdisk *vd, u16 rel_tgt_id,
					u8 *buf)
{
	static const siphash_key_t key;
	u8 *p = buf + VPD_HEADER_LEN;
	unsigned int len;
	u8 *designator;
	u64 naa;

	spin_lock(&vd->id_lock);
	len = strlen(vd->p.t10_dev_id);
	designator = vdisk_add_designator(&p, VPD_83_ASCII,
					  VPD_83_T10_VENDOR_ID,
					  VDISK_VENDOR_LEN + len);
	vdisk_put_ascii(designator, vd->p.vendor, VDISK_VENDOR_LEN);
	memcpy(designator + VDISK_VENDOR_LEN, vd->p.t10_dev_id, len);
	naa = siphash(vd->p.t10_dev_id, len, &key);
	spin_unlock(&vd->id_lock);

	designator = vdisk_add_designator(&p, VPD_83_BINARY,
					  VPD_83_REL_TGT_PORT, 4);
	put_unaligned_be32(rel_tgt_id, designator);
	designator = vdisk_add_designator(&p, VPD_83_BINARY, VPD_83_NAA, 8);
	put_unaligned_be64(VPD_83_NAA_LOCAL | naa >> 4, designator);
	return p - buf - VPD_HEADER_LEN;
}

static unsigned int vdisk_vpd_extended(struct vdisk *vd, u16 rel_tgt_id,
				       u8 *buf)
{
	buf[5] = VPD_86_HEADSUP | VPD_86_ORDSUP | VPD_86_SIMPSUP;
	buf[6] = vd->p.nv_cache ? VPD_86_NV_SUP : VPD_86_V_SUP;
	return VPD_86_LEN;
}

/* The copy manager is the core's. */
static unsigned int vdisk_vpd_third_party_copy(struct vdisk *vd, u16 rel_tgt_id,
					       u8 *buf)
{
	BUILD_BUG_ON(VPD_HEADER_LEN + SCST_VPD_8F_MAX_LEN > VDISK_VPD_MAX_LEN);
	return scst_vpd_third_party_copy(buf + VPD_HEADER_LEN);
}

/* Without an ATOMIC BOUNDARY, which byte 56 and those behind it are about */
static void vdisk_vpd_atomic_limits(const struct vdisk *vd, u8 *buf)
{
	const struct vdisk_limits *limits = &vd->limits;
	u8 shift = vd->dev->block_shift;

	put_unaligned_be32(limits->atomic_max >> shift, buf + 44);
	put_unaligned_be32(limits->atomic_alignment >> shift, buf + 48);
	put_unaligned_be32(limits->atomic_granularity >> shift, buf + 52);
}

static unsigned int vdisk_vpd_block_limits(struct vdisk *vd, u16 rel_tgt_id,
					   u8 *buf)
{
	const struct vdisk_limits *limits = &vd->limits;
	u8 shift = vd->dev->block_shift;
	u32 opt_xfer = min(limits->opt_xfer ?: VDISK_OPT_XFER, VDISK_MAX_XFER);
	u32 granularity = limits->opt_granularity >> shift;

	buf[5] = VDISK_MAX_CAW;
	put_unaligned_be16(min(granularity, U16_MAX), buf + 6);
	put_unaligned_be32(VDISK_MAX_XFER >> shift, buf + 8);
	put_unaligned_be32(opt_xfer >> shift, buf + 12);
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

/* How fast it rotates is not known, which is what zero says. */
static unsigned int vdisk_vpd_characteristics(struct vdisk *vd, u16 rel_tgt_id,
					      u8 *buf)
{
	if (!vdisk_is_rotational(vd))
		put_unaligned_be16(VPD_B1_NON_ROTATING, buf + 4);
	buf[8] = VPD_B1_VBULS;
	return VPD_B1_LEN;
}

static unsigned int vdisk_vpd_provisioning(struct vdisk *vd, u16 rel_tgt_id,
					   u8 *buf)
{
	if (!vdisk_is_thin(vd))
		return VPD_B2_LEN;
	buf[5] = VPD_B2_LBPU | VPD_B2_LBPWS | VPD_B2_LBPWS10;
	if (vd->limits.unmap_zeroes)
		buf[5] |= VPD_B2_LBPRZ;
	buf[6] = VPD_B2_THIN;
	return VPD_B2_LEN;
}

/* In ascending order, as page 00h has to list them. */
static const struct {
	u8 page;
	unsigned int (*fill)(struct vdisk *vd, u16 rel_tgt_id, u8 *buf);
} vdisk_vpd_pages[] = {
	{ 0x00, vdisk_vpd_supported },
	{ 0x80, vdisk_vpd_serial },
	{ 0x83, vdisk_vpd_device_id },
	{ 0x86, vdisk_vpd_extended },
	{ 0x8f, vdisk_vpd_third_party_copy },
	{ 0xb0, vdisk_vpd_block_limits },
	{ 0xb1, vdisk_vpd_characteristics },
	{ 0xb2, vdisk_vpd_provisioning },
};

static unsigned int vdisk_vpd_supported(struct vdisk *vd, u16 rel_tgt_id,
					u8 *buf)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vdisk_vpd_pages); i++)
		buf[VPD_HEADER_LEN + i] = vdisk_vpd_pages[i].page;
	return i;
}

/**
 * vdisk_inquiry_vpd - build a page of vital product data
 * @vd: virtual disk
 * @page: page code
 * @rel_tgt_id: relative identifier of the target port that asks
 * @buf: %VDISK_VPD_MAX_LEN bytes
 *
 * Context: process context.
 * Return: bytes of data, 0 when there is no such page.
 */
VISIBLE_IF_KUNIT
unsigned int vdisk_inquiry_vpd(struct vdisk *vd, u8 page, u16 rel_tgt_id,
			       u8 *buf)
{
	unsigned int i, len;

	BUILD_BUG_ON(VDISK_MAX_USN + VPD_HEADER_LEN > VDISK_VPD_MAX_LEN);
	BUILD_BUG_ON(4 * VPD_HEADER_LEN + VDISK_VENDOR_LEN +
		     VDISK_MAX_T10_DEV_ID + 4 + 8 > VDISK_VPD_MAX_LEN);

	for (i = 0; i < ARRAY_SIZE(vdisk_vpd_pages); i++) {
		if (vdisk_vpd_pages[i].page != page)
			continue;
		memset(buf, 0, VDISK_VPD_MAX_LEN);
		len = vdisk_vpd_pages[i].fill(vd, rel_tgt_id, buf);
		buf[0] = vdisk_peripheral(vd);
		buf[1] = page;
		put_unaligned_be16(len, buf + 2);
		return len + VPD_HEADER_LEN;
	}
	return 0;
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
 * Return: bytes of VPD page 83h.
 */
unsigned int vdisk_device_id(struct scst_device *dev, struct scst_tgt *tgt,
			     u8 *buf, unsigned int size)
{
	u8 page[VDISK_VPD_MAX_LEN];
	unsigned int len;

	len = vdisk_inquiry_vpd(to_vdisk(dev), 0x83, tgt->rel_tgt_id, page);
	len = min(len, size);
	memcpy(buf, page, len);
	return len;
}

static scst_sense_t vdisk_exec_inquiry_std(struct scst_cmd *cmd)
{
	struct scst_tgt *tgt = scst_cmd_tgt(cmd);
	const struct scst_tgt_template *tgtt = tgt->tgtt;
	u16 transport = 0, physical = 0;
	u8 buf[VDISK_INQUIRY_LEN];

	if (tgtt->scsi_transport_version)
		transport = tgtt->scsi_transport_version(tgt);
	if (tgtt->phys_transport_version)
		physical = tgtt->phys_transport_version(tgt);
	scst_cmd_data_in(cmd, buf, vdisk_inquiry_std(to_vdisk(cmd->dev),
						     transport, physical, buf));
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
	u8 buf[VDISK_VPD_MAX_LEN];
	u8 page = cmd->cdb[2];
	unsigned int len;

	if (cmd->cdb[1] & INQUIRY_CMDDT)
		return scst_cmd_cdb_error(cmd, 1, 1);
	if (!(cmd->cdb[1] & SCST_INQUIRY_EVPD))
		return page ? scst_cmd_cdb_error(cmd, 2, 8) :
			      vdisk_exec_inquiry_std(cmd);

	len = vdisk_inquiry_vpd(to_vdisk(cmd->dev), page,
				scst_cmd_tgt(cmd)->rel_tgt_id, buf);
	if (!len)
		return scst_cmd_cdb_error(cmd, 2, 8);
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}
