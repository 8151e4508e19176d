// SPDX-License-Identifier: GPL-2.0
/*
 * What a virtual disk and its ports are known by: the device identification,
 * management network addresses and SCSI ports VPD pages (SPC-6 7.7).
 */

#include <kunit/visibility.h>
#include <linux/hex.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/*
 * Designators of a unit: T10, vendor specific, the device's name, EUI-64 and NAA, the
 * port's identifier, two groups, and what the port is named
 */
#define IDENT_MAX_LEN							\
	(8 * SCST_DESIG_HEADER_LEN + VDISK_VENDOR_LEN + VDISK_MAX_T10_DEV_ID + \
	 VDISK_MAX_VEND_ID + SCST_MAX_PORT_NAME + 1 +			\
	 2 * (VDISK_HEX_ID_SIZE / 2) + 3 * 4 + SCST_PORT_NAMES_LEN)

/* Management network addresses page */
#define VPD_85_HEADER_LEN	4

/* SCSI ports page */
#define PORT_HEADER_LEN		12

/* Adds a designator and returns where its bytes go. */
static u8 *ident_add(u8 **p, u8 code_set, u8 type, u8 len)
{
	u8 *designator = scst_put_desig(*p, code_set, type, len);

	*p = designator + len;
	return designator;
}

static void ident_add_hex(u8 **p, u8 type, const char *hex)
{
	unsigned int len = strlen(hex) / 2;

	/* Its digits were looked at when it was set. */
	if (len && hex2bin(ident_add(p, SCST_DESIG_BINARY, type, len), hex, len))
		*p -= SCST_DESIG_HEADER_LEN + len;
}

static void ident_add_t10(u8 **p, const struct vdisk_params *params)
{
	unsigned int len = strlen(params->t10_dev_id);
	u8 *id;

	id = ident_add(p, SCST_DESIG_ASCII, SCST_DESIG_T10,
		       VDISK_VENDOR_LEN + len);
	memset(id, ' ', VDISK_VENDOR_LEN);
	memcpy(id, params->vendor, strlen(params->vendor));
	memcpy(id + VDISK_VENDOR_LEN, params->t10_dev_id, len);
}

/* SPC-6 7.7.6.11: NUL terminated, NUL padded to a multiple of four */
static void ident_add_name(u8 **p, const char *name, unsigned int len)
{
	if (len)
		memcpy(ident_add(p, SCST_DESIG_UTF8,
				 SCST_DESIG_OF_DEVICE | SCST_DESIG_NAME,
				 round_up(len + 1, 4)), name, len);
}

/*
 * The user's, or that of the port without the portal group tag, which is what the
 * names of iSCSI ports are made of (RFC 7143 4.4.2).
 */
static void ident_add_device_name(u8 **p, const struct vdisk_params *params,
				  const struct scst_port_id *port)
{
	const char *name = params->scsi_device_name;
	const char *comma = strchr(port->name, ',');

	if (*name)
		ident_add_name(p, name, strlen(name));
	else if (comma)
		ident_add_name(p, port->name, comma - port->name);
}

static void ident_add_vendor(u8 **p, const char *id)
{
	unsigned int len = strlen(id);

	if (len)
		memcpy(ident_add(p, SCST_DESIG_ASCII, SCST_DESIG_VENDOR, len),
		       id, len);
}

/* Groups have identifiers of 16 bits behind as many reserved ones. */
static void ident_add_group(u8 **p, u8 type, u16 id)
{
	put_unaligned_be32(id, ident_add(p, SCST_DESIG_BINARY, type, 4));
}

static void ident_add_groups(u8 **p, const struct scst_device *dev,
			     const struct scst_tgt *tgt)
{
	struct scst_tpg_ids ids;

	if (!scst_device_tpg(dev, tgt, &ids))
		return;
	if (ids.tpg_id)
		ident_add_group(p, SCST_DESIG_OF_PORT | SCST_DESIG_PORT_GROUP,
				ids.tpg_id);
	ident_add_group(p, SCST_DESIG_LU_GROUP, ids.lu_group_id);
}

/**
 * vdisk_naa_id - the NAA identifier of a virtual disk
 * @vd: virtual disk; the caller holds its id_lock, or scst_device.mutex
 * @hex: %VDISK_HEX_ID_SIZE bytes, set to its hexadecimal digits
 *
 * Unless the user has chosen one it follows from t10_dev_id: who wants two hosts
 * to serve the same unit gives it the same t10_dev_id on both.
 *
 * Context: any.
 */
void vdisk_naa_id(const struct vdisk *vd, char *hex)
{
	const char *id = vd->p.t10_dev_id;

	if (*vd->p.naa_id)
		strscpy(hex, vd->p.naa_id, VDISK_HEX_ID_SIZE);
	else
		snprintf(hex, VDISK_HEX_ID_SIZE, "%016llx",
			 scst_local_naa(id, strlen(id)));
}

/**
 * vdisk_vpd_device_id - build the device identification VPD page
 * @vd: virtual disk
 * @tgt: the target port that asks
 * @buf: the page, which is zeroed
 *
 * The NAA identifier comes last of those of the unit: Linux prefers the later one
 * of two that it finds equally good.  Those of the port come after them: some
 * programs, libiscsi's tests for one, take the first of a type for the unit's.
 *
 * Context: process context.
 * Return: its PAGE LENGTH.
 */
unsigned int vdisk_vpd_device_id(struct vdisk *vd, const struct scst_tgt *tgt,
				 u8 *buf)
{
	u8 *start = buf + VDISK_VPD_HEADER_LEN, *p = start;
	struct scst_port_id port;
	char naa[VDISK_HEX_ID_SIZE];

	BUILD_BUG_ON(VDISK_VENDOR_LEN + VDISK_MAX_T10_DEV_ID > U8_MAX);
	BUILD_BUG_ON(VDISK_VPD_HEADER_LEN + IDENT_MAX_LEN > VDISK_VPD_MAX_LEN);
	scst_tgt_port_id(tgt, &port);
	guard(spinlock)(&vd->id_lock);
	ident_add_t10(&p, &vd->p);
	ident_add_vendor(&p, vd->p.vend_specific_id);
	ident_add_device_name(&p, &vd->p, &port);
	ident_add_hex(&p, SCST_DESIG_EUI64, vd->p.eui64_id);
	vdisk_naa_id(vd, naa);
	ident_add_hex(&p, SCST_DESIG_NAA, naa);
	put_unaligned_be32(port.rel_tgt_id,
			   ident_add(&p, SCST_DESIG_BINARY,
				     SCST_DESIG_OF_PORT | SCST_DESIG_REL_PORT, 4));
	ident_add_groups(&p, vd->dev, tgt);
	p += scst_put_port_names(&port, p);
	return p - start;
}

/**
 * vdisk_has_management_address - is there a management network address?
 * @vd: virtual disk
 *
 * Context: any.
 * Return: true if the user has set one.
 */
bool vdisk_has_management_address(const struct vdisk *vd)
{
	return READ_ONCE(vd->p.management_address[0]);
}

/**
 * vdisk_vpd_management_address - build the management network addresses page
 * @vd: virtual disk
 * @tgt: the target port that asks
 * @buf: the page, which is zeroed
 *
 * It has one address, of no certain type of service.
 *
 * Context: process context.
 * Return: its PAGE LENGTH.
 */
unsigned int vdisk_vpd_management_address(struct vdisk *vd,
					  const struct scst_tgt *tgt, u8 *buf)
{
	u8 *desc = buf + VDISK_VPD_HEADER_LEN;
	unsigned int len;

	guard(spinlock)(&vd->id_lock);
	len = strlen(vd->p.management_address);
	memcpy(desc + VPD_85_HEADER_LEN, vd->p.management_address, len);
	/* NUL terminated, NUL padded to a multiple of four */
	len = round_up(len + 1, 4);
	put_unaligned_be16(len, desc + 2);
	return VPD_85_HEADER_LEN + len;
}

/**
 * vdisk_vpd_port - build a descriptor of the SCSI ports VPD page
 * @port: target port
 * @buf: %VDISK_PORT_DESC_MAX bytes
 *
 * Context: any.
 * Return: bytes of it.
 */
VISIBLE_IF_KUNIT
unsigned int vdisk_vpd_port(const struct scst_port_id *port, u8 *buf)
{
	unsigned int len = scst_put_port_names(port, buf + PORT_HEADER_LEN);

	BUILD_BUG_ON(PORT_HEADER_LEN + SCST_PORT_NAMES_LEN !=
		     VDISK_PORT_DESC_MAX);
	memset(buf, 0, PORT_HEADER_LEN);
	put_unaligned_be16(port->rel_tgt_id, buf + 2);
	put_unaligned_be16(len, buf + 10);
	return PORT_HEADER_LEN + len;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_vpd_port);

/**
 * vdisk_exec_inquiry_ports - INQUIRY of the SCSI ports VPD page
 * @cmd: command
 *
 * It has the ports of all targets that have the unit in their LUN maps.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_inquiry_ports(struct scst_cmd *cmd)
{
	u32 max = VDISK_VPD_HEADER_LEN + U16_MAX, len = VDISK_VPD_HEADER_LEN, n;
	u8 buf[VDISK_PORT_DESC_MAX];
	struct scst_port_id port = { };

	while (scst_device_next_port(cmd->dev, &port)) {
		n = vdisk_vpd_port(&port, buf);
		if (len + n > max)
			break;
		scst_cmd_data_in_part(cmd, len, buf, n);
		len += n;
	}
	vdisk_vpd_header(to_vdisk(cmd->dev), cmd->cdb[2],
			 len - VDISK_VPD_HEADER_LEN, buf);
	scst_cmd_data_in_part(cmd, 0, buf, VDISK_VPD_HEADER_LEN);
	scst_cmd_data_in_end(cmd, len);
	return SCST_GOOD;
}
