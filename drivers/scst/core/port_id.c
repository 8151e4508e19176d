// SPDX-License-Identifier: GPL-2.0
/* What initiators are told of target ports (SPC-6 7.7.6, SCSI ports page). */

#include <kunit/visibility.h>
#include <linux/siphash.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "core.h"

#define NAA_LOCALLY_ASSIGNED	(3ULL << 60)

#define NAA_LEN			8

/**
 * scst_local_naa - make a name that is the same for ever
 * @data: what is to be named, as whoever set up this system knows it
 * @len: bytes of it
 *
 * Context: any.
 * Return: an NAA locally assigned designator (SPC-6 7.7.6.6.4).
 */
u64 scst_local_naa(const void *data, size_t len)
{
	/* The key is no secret, but part of what the names are. */
	static const siphash_key_t key;

	return NAA_LOCALLY_ASSIGNED | siphash(data, len, &key) >> 4;
}
EXPORT_SYMBOL_GPL(scst_local_naa);

/**
 * scst_tgt_port_id - what identifies a target port
 * @tgt: target
 * @port: set to it
 *
 * Unless the target driver knows better, the name follows from that of @tgt and
 * from setup_id, so that it is the same after a restart, and another one on
 * another system.
 *
 * Context: any.
 */
void scst_tgt_port_id(const struct scst_tgt *tgt, struct scst_port_id *port)
{
	char name[SCST_MAX_NAME + 16];
	int len;

	len = scnprintf(name, sizeof(name), "%08x:%s", scst_setup_id(),
			dev_name(&tgt->dev));
	port->naa = scst_local_naa(name, len);
	port->name[0] = '\0';
	if (tgt->tgtt->port_id)
		tgt->tgtt->port_id(tgt, port);
	/* Walks go by it: it is the core's. */
	port->rel_tgt_id = READ_ONCE(tgt->rel_tgt_id);
}
EXPORT_SYMBOL_GPL(scst_tgt_port_id);

/**
 * scst_put_port_names - make the designators of what a target port is named
 * @port: target port
 * @buf: where to, up to %SCST_PORT_NAMES_LEN bytes
 *
 * They are its NAA and, if it has one, its SCSI name string: NUL terminated, and NUL
 * padded to a multiple of four (SPC-6 7.7.6.11).
 *
 * Context: any.
 * Return: bytes of them.
 */
unsigned int scst_put_port_names(const struct scst_port_id *port, u8 *buf)
{
	unsigned int len = strlen(port->name), pad = round_up(len + 1, 4);
	u8 *p;

	BUILD_BUG_ON(2 * SCST_DESIG_HEADER_LEN + NAA_LEN + SCST_MAX_PORT_NAME +
		     1 != SCST_PORT_NAMES_LEN);
	p = scst_put_desig(buf, SCST_DESIG_BINARY,
			   SCST_DESIG_OF_PORT | SCST_DESIG_NAA, NAA_LEN);
	put_unaligned_be64(port->naa, p);
	p += NAA_LEN;
	if (!len)
		return p - buf;

	p = scst_put_desig(p, SCST_DESIG_UTF8,
			   SCST_DESIG_OF_PORT | SCST_DESIG_NAME, pad);
	memset(p, 0, pad);
	memcpy(p, port->name, len);
	return p + pad - buf;
}
EXPORT_SYMBOL_GPL(scst_put_port_names);

/**
 * scst_device_next_port - walk through the ports that give access to a unit
 * @dev: logical unit
 * @port: the port before, or one whose rel_tgt_id is zero; set to the next one
 *
 * They come in the order of their relative target port identifiers.
 *
 * Context: any.
 * Return: false when there is none after @port.
 */
bool scst_device_next_port(struct scst_device *dev, struct scst_port_id *port)
{
	const struct scst_tgt *next = NULL, *tgt;
	const struct scst_acg_dev *ad;

	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	list_for_each_entry(ad, &dev->exports, unit_entry) {
		tgt = ad->acg->tgt;
		if (READ_ONCE(tgt->rel_tgt_id) > port->rel_tgt_id &&
		    (!next || READ_ONCE(tgt->rel_tgt_id) <
			      READ_ONCE(next->rel_tgt_id)))
			next = tgt;
	}
	if (!next)
		return false;
	scst_tgt_port_id(next, port);
	return true;
}
EXPORT_SYMBOL_GPL(scst_device_next_port);
