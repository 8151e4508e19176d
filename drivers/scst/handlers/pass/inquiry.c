// SPDX-License-Identifier: GPL-2.0
/*
 * INQUIRY (SPC-6 6.7): what the device says, but for what is not so for initiators
 * here.  To them the ports are those of our targets, tasks and groups of ports are
 * managed by the core, and protection information is not transferred.
 */

#include <kunit/visibility.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "pass.h"

#define VPD_SUPPORTED_PAGES	0x00
#define VPD_SERIAL_NUMBER	0x80
#define VPD_DEVICE_ID		0x83
#define VPD_EXTENDED_INQUIRY	0x86
#define VPD_SCSI_PORTS		0x88
#define VPD_THIRD_PARTY_COPY	0x8f
#define VPD_PROTOCOL_UNIT	0x90
#define VPD_PROTOCOL_PORT	0x91

#define VPD_HEADER_LEN		4
#define VPD_PAGES_MAX		(VPD_HEADER_LEN + 256)
/* All designators of a device, and ours */
#define VPD_DEVICE_ID_MAX	1024

/* Standard INQUIRY data */
#define INQUIRY_NORMACA		0x20	/* byte 3 */
#define INQUIRY_TPGS		0x30	/* byte 5 */
#define INQUIRY_TPGS_SHIFT	4
#define INQUIRY_3PC		0x08
#define INQUIRY_PROTECT		0x01
#define INQUIRY_MULTIP		0x10	/* byte 6 */
#define INQUIRY_CMDQUE		0x02	/* byte 7 */

/* Extended INQUIRY data */
#define EXTENDED_SPT		0x38	/* byte 4 */
#define EXTENDED_CHECKS		0x07
#define EXTENDED_TASKS		0x07	/* byte 5: HEADSUP, ORDSUP, SIMPSUP */
#define EXTENDED_LUICLR		0x01	/* byte 7: REPORT LUNS clears 3Fh/0Eh of all LUNs */

static void inquiry_std_done(struct scst_cmd *cmd)
{
	u8 groups = scst_device_tpgs(cmd->dev, scst_cmd_tgt(cmd)) <<
		    INQUIRY_TPGS_SHIFT;

	if (READ_ONCE(to_pass_unit(cmd->dev)->block_size_known))
		groups |= INQUIRY_3PC;
	pass_fix_byte(cmd, 3, 0, INQUIRY_NORMACA);
	pass_fix_byte(cmd, 5, INQUIRY_TPGS | INQUIRY_3PC | INQUIRY_PROTECT,
		      groups);
	pass_fix_byte(cmd, 6, 0, INQUIRY_MULTIP);
	pass_fix_byte(cmd, 7, 0, INQUIRY_CMDQUE);
}

static void inquiry_extended_done(struct scst_cmd *cmd)
{
	pass_fix_byte(cmd, 4, EXTENDED_SPT | EXTENDED_CHECKS, 0);
	pass_fix_byte(cmd, 5, 0, EXTENDED_TASKS);
	pass_fix_byte(cmd, 7, 0, EXTENDED_LUICLR);
}

/* Pages of the device that are about its own ports, or about what it could copy */
static bool inquiry_is_hidden(u8 page)
{
	return page == VPD_SCSI_PORTS || page == VPD_THIRD_PARTY_COPY ||
	       page == VPD_PROTOCOL_UNIT || page == VPD_PROTOCOL_PORT;
}

/**
 * pass_inquiry_pages - leave pages out of the list of VPD pages
 * @buf: page 00h, which may have been cut off
 * @len: bytes of it
 *
 * Context: any.
 * Return: bytes of it now.
 */
VISIBLE_IF_KUNIT
unsigned int pass_inquiry_pages(u8 *buf, unsigned int len)
{
	unsigned int i, to = VPD_HEADER_LEN;

	if (len < VPD_HEADER_LEN)
		return len;
	len = min(len, VPD_HEADER_LEN + (unsigned int)get_unaligned_be16(buf + 2));
	for (i = VPD_HEADER_LEN; i < len; i++)
		if (!inquiry_is_hidden(buf[i]))
			buf[to++] = buf[i];
	put_unaligned_be16(get_unaligned_be16(buf + 2) - (len - to), buf + 2);
	return to;
}
EXPORT_SYMBOL_IF_KUNIT(pass_inquiry_pages);

static void inquiry_pages_done(struct scst_cmd *cmd)
{
	u8 buf[VPD_PAGES_MAX];
	unsigned int len;

	len = sg_copy_to_buffer(cmd->sg, cmd->sg_cnt, buf,
				min_t(u32, cmd->resp_data_len, sizeof(buf)));
	cmd->resp_data_len = pass_inquiry_pages(buf, len);
	sg_copy_from_buffer(cmd->sg, cmd->sg_cnt, buf, cmd->resp_data_len);
}

/*
 * The list that the mid-layer has found: what an initiator has room for is cut off from
 * all that is shown, so that PAGE LENGTH is the same each time (SPC-6 4.2.5.6).
 * Returns %SCST_PENDING if it has found none.
 */
static scst_sense_t inquiry_known_pages(struct scst_cmd *cmd)
{
	const struct pass_unit *pass = to_pass_unit(cmd->dev);
	const struct scsi_vpd *page;
	u8 buf[VPD_PAGES_MAX];
	unsigned int len;

	guard(rcu)();
	if (READ_ONCE(pass->gone))
		return SCST_SENSE_LUN_NOT_SUPPORTED;
	page = rcu_dereference(pass->sdev->vpd_pg0);
	if (!page)
		return SCST_PENDING;
	len = min_t(unsigned int, page->len, sizeof(buf));
	memcpy(buf, page->data, len);
	scst_cmd_data_in(cmd, buf, pass_inquiry_pages(buf, len));
	return SCST_GOOD;
}

static scst_sense_t inquiry_pages(struct scst_cmd *cmd)
{
	scst_sense_t sense = inquiry_known_pages(cmd);

	return sense == SCST_PENDING ? pass_exec_then(cmd, inquiry_pages_done) : sense;
}

/* ------------------------------------------------------------------------
 * Device identification
 */

/* Those of the unit itself.  Returns where they end. */
static unsigned int device_id_of_unit(const struct pass_unit *pass, u8 *buf,
				      unsigned int at, unsigned int size)
{
	const struct scsi_vpd *page;
	const u8 *desig, *end;
	unsigned int len;

	guard(rcu)();
	if (READ_ONCE(pass->gone))
		return at;
	page = rcu_dereference(pass->sdev->vpd_pg83);
	if (!page)
		return at;
	end = page->data + page->len;
	for (desig = page->data + VPD_HEADER_LEN;
	     desig + SCST_DESIG_HEADER_LEN <= end; desig += len) {
		len = SCST_DESIG_HEADER_LEN + desig[3];
		if (desig + len > end)
			break;
		if ((desig[1] & SCST_DESIG_ASSOCIATION) != SCST_DESIG_OF_UNIT ||
		    at + len > size)
			continue;
		memcpy(buf + at, desig, len);
		at += len;
	}
	return at;
}

static unsigned int device_id_add(u8 *buf, unsigned int at, unsigned int size,
				  u8 type, u16 id)
{
	if (at + 8 > size)
		return at;
	put_unaligned_be32(id, scst_put_desig(buf + at, SCST_DESIG_BINARY, type,
					      4));
	return at + 8;
}

/**
 * pass_device_id - VPD page 83h as initiators see it through a target port
 * @dev: unit
 * @tgt: target port
 * @buf: where to
 * @size: room at @buf in bytes
 *
 * Context: any.
 * Return: bytes of the page.
 */
unsigned int pass_device_id(struct scst_device *dev, struct scst_tgt *tgt,
			    u8 *buf, unsigned int size)
{
	struct scst_tpg_ids ids;
	struct scst_port_id port;
	unsigned int at;

	scst_tgt_port_id(tgt, &port);
	at = device_id_of_unit(to_pass_unit(dev), buf, VPD_HEADER_LEN, size);
	at = device_id_add(buf, at, size,
			   SCST_DESIG_OF_PORT | SCST_DESIG_REL_PORT,
			   port.rel_tgt_id);
	if (scst_device_tpg(dev, tgt, &ids)) {
		if (ids.tpg_id)
			at = device_id_add(buf, at, size, SCST_DESIG_OF_PORT |
					   SCST_DESIG_PORT_GROUP, ids.tpg_id);
		at = device_id_add(buf, at, size,
				   SCST_DESIG_OF_UNIT | SCST_DESIG_LU_GROUP,
				   ids.lu_group_id);
	}
	if (size - at >= SCST_PORT_NAMES_LEN)
		at += scst_put_port_names(&port, buf + at);
	buf[0] = dev->type->type;
	buf[1] = VPD_DEVICE_ID;
	put_unaligned_be16(at - VPD_HEADER_LEN, buf + 2);
	return at;
}

/**
 * pass_disk_id - pass_device_id() of a disk, by which a copy finds it
 * @dev: unit
 * @tgt: target port
 * @buf: where to
 * @size: room at @buf in bytes
 *
 * Context: any.
 * Return: bytes of the page; 0 for a unit that cannot be copied.
 */
unsigned int pass_disk_id(struct scst_device *dev, struct scst_tgt *tgt, u8 *buf,
			  unsigned int size)
{
	return READ_ONCE(to_pass_unit(dev)->block_size_known) ?
		       pass_device_id(dev, tgt, buf, size) : 0;
}
EXPORT_SYMBOL_NS_GPL(pass_disk_id, SCST_PASS);

static scst_sense_t inquiry_device_id(struct scst_cmd *cmd)
{
	u8 *buf __free(kfree) = kmalloc(VPD_DEVICE_ID_MAX, GFP_NOIO);
	unsigned int len;

	if (!buf)
		return SCST_BUSY;
	len = pass_device_id(cmd->dev, scst_cmd_tgt(cmd), buf,
			     VPD_DEVICE_ID_MAX);
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}

static scst_sense_t inquiry_vpd(struct scst_cmd *cmd)
{
	switch (cmd->cdb[2]) {
	case VPD_SUPPORTED_PAGES:
		return inquiry_pages(cmd);
	case VPD_EXTENDED_INQUIRY:
		return pass_exec_then(cmd, inquiry_extended_done);
	default:
		if (inquiry_is_hidden(cmd->cdb[2]))
			return scst_cmd_cdb_error(cmd, 2, 8);
		return pass_exec(cmd);
	}
}

/* ------------------------------------------------------------------------
 * While no handler serves it: what the SCSI mid-layer has found when it came
 */

static scst_sense_t inquiry_offline_page(struct scst_cmd *cmd,
					 struct scsi_vpd __rcu *const *cached)
{
	const struct scsi_vpd *page = rcu_dereference(*cached);

	if (!page)
		return scst_cmd_cdb_error(cmd, 2, 8);
	scst_cmd_data_in(cmd, page->data, page->len);
	return SCST_GOOD;
}

static scst_sense_t inquiry_offline(struct scst_cmd *cmd)
{
	const struct pass_unit *pass = to_pass_unit(cmd->dev);
	const struct scsi_device *sdev = pass->sdev;
	scst_sense_t sense;

	/* See pass_device_goes() */
	guard(rcu)();
	if (READ_ONCE(pass->gone))
		return SCST_SENSE_LUN_NOT_SUPPORTED;
	if (!(cmd->cdb[1] & SCST_INQUIRY_EVPD)) {
		scst_cmd_data_in(cmd, sdev->inquiry, sdev->inquiry_len);
		inquiry_std_done(cmd);
		return SCST_GOOD;
	}
	switch (cmd->cdb[2]) {
	case VPD_SUPPORTED_PAGES:
		sense = inquiry_known_pages(cmd);
		return sense == SCST_PENDING ? scst_cmd_cdb_error(cmd, 2, 8) : sense;
	case VPD_SERIAL_NUMBER:
		return inquiry_offline_page(cmd, &sdev->vpd_pg80);
	default:
		return SCST_SENSE_NOT_READY_MANUAL;
	}
}

/**
 * pass_exec_inquiry - INQUIRY
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t pass_exec_inquiry(struct scst_cmd *cmd)
{
	bool evpd = cmd->cdb[1] & SCST_INQUIRY_EVPD;

	if (evpd && cmd->cdb[2] == VPD_DEVICE_ID)
		return inquiry_device_id(cmd);
	/* Pairs with dev_probe() */
	if (!smp_load_acquire(&cmd->dev->online))
		return inquiry_offline(cmd);
	return evpd ? inquiry_vpd(cmd) : pass_exec_then(cmd, inquiry_std_done);
}
