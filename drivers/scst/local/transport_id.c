// SPDX-License-Identifier: GPL-2.0
/* TransportIDs of the sessions' initiator ports (SPC-6 7.6.4). */

#include <linux/siphash.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <scsi/scsi_proto.h>
#include "local.h"

#define TID_FORMAT(byte0)	((byte0) >> 6)
#define TID_PROTOCOL(byte0)	((byte0) & 0x0f)
/* All TransportIDs but those for iSCSI */
#define TID_LEN			24
/* An iSCSI TransportID without its name, and the shortest whole one */
#define TID_ISCSI_HEAD		4
#define TID_ISCSI_MIN		24
/* SCSI over PCI Express; the others are in scsi_proto.h */
#define TID_PROTOCOL_SOP	0x0a

static bool tid_iscsi_valid(const u8 *tid, size_t len)
{
	const char *name = (const char *)tid + TID_ISCSI_HEAD;
	size_t max = len - TID_ISCSI_HEAD;
	bool has_isid;

	if (len < TID_ISCSI_MIN || len % 4 ||
	    get_unaligned_be16(tid + 2) != len - TID_ISCSI_HEAD)
		return false;
	/* A name, NUL ended and NUL padded */
	if (!*name || strnlen(name, max) == max ||
	    memchr_inv(name + strlen(name), 0, max - strlen(name)))
		return false;

	has_isid = strstr(name, ",i,0x");
	return TID_FORMAT(tid[0]) == has_isid;
}

static bool tid_valid(const u8 *tid, size_t len)
{
	if (!len || len > LOCAL_TRANSPORT_ID_MAX)
		return false;

	switch (TID_PROTOCOL(tid[0])) {
	case SCSI_PROTOCOL_ISCSI:
		return tid_iscsi_valid(tid, len);
	case SCSI_PROTOCOL_FCP:
	case SCSI_PROTOCOL_SPI:
	case SCSI_PROTOCOL_SBP:
	case SCSI_PROTOCOL_SRP:
	case SCSI_PROTOCOL_SAS:
	case TID_PROTOCOL_SOP:
		return len == TID_LEN && !TID_FORMAT(tid[0]);
	default:
		return false;
	}
}

/**
 * local_transport_id_init - give a session its default TransportID
 * @ls: session
 * @tgt_name: name of its target
 * @name: name of the session
 *
 * That of a SAS port with a locally assigned NAA designator as address (SPC-6
 * 7.7.6.6.4), made from the names: it is the same after a restart, as persistent
 * reservations want it, and another one for each session.
 *
 * Context: process context, before @ls is registered.
 */
void local_transport_id_init(struct local_sess *ls, const char *tgt_name,
			     const char *name)
{
	siphash_key_t key = {};
	u64 naa;

	key.key[0] = siphash(tgt_name, strlen(tgt_name), &key);
	naa = siphash(name, strlen(name), &key);
	naa = 3ULL << 60 | naa >> 4;

	ls->transport_id[0] = SCSI_PROTOCOL_SAS;
	put_unaligned_be64(naa, ls->transport_id + 4);
	ls->transport_id_len = TID_LEN;
}

static struct local_sess *kobj_to_local_sess(struct kobject *kobj)
{
	return to_scst_sess(kobj_to_dev(kobj))->priv;
}

static ssize_t transport_id_read(struct file *file, struct kobject *kobj,
				 struct bin_attribute *attr, char *buf,
				 loff_t off, size_t count)
{
	struct local_sess *ls = kobj_to_local_sess(kobj);

	guard(mutex)(&ls->id_mutex);
	return memory_read_from_buffer(buf, count, &off, ls->transport_id,
				       ls->transport_id_len);
}

static ssize_t transport_id_write(struct file *file, struct kobject *kobj,
				  struct bin_attribute *attr, char *buf,
				  loff_t off, size_t count)
{
	struct local_sess *ls = kobj_to_local_sess(kobj);

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (off || !tid_valid((const u8 *)buf, count)) {
		dev_err(kobj_to_dev(kobj),
			"transport_id: %zu bytes at offset %lld are no TransportID (SPC-6 7.6.4)\n",
			count, off);
		return -EINVAL;
	}

	guard(mutex)(&ls->id_mutex);
	memcpy(ls->transport_id, buf, count);
	ls->transport_id_len = count;
	return count;
}
BIN_ATTR_RW(transport_id, 0);
