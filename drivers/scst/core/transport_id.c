// SPDX-License-Identifier: GPL-2.0
/*
 * TransportIDs: what an initiator port is known by (SPC-6 7.6.4).
 *
 * Persistent reservations belong to them.  A session has one from the beginning:
 * that of its target driver, or else one made from the name of the initiator port,
 * which is the same after a restart, and at other targets.
 */

#include <kunit/visibility.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "core.h"

#define TID_FORMAT(byte0)	((byte0) >> 6)
#define TID_PROTOCOL(byte0)	((byte0) & 0x0f)
#define TID_RESERVED(byte0)	((byte0) & 0x30)
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

	if (len < TID_ISCSI_MIN || len % 4 || tid[1] ||
	    get_unaligned_be16(tid + 2) != len - TID_ISCSI_HEAD)
		return false;
	/* A name, NUL ended and NUL padded, to the shortest length there is */
	if (!*name || strnlen(name, max) == max ||
	    memchr_inv(name + strlen(name), 0, max - strlen(name)) ||
	    (len > TID_ISCSI_MIN && max - strlen(name) > 4))
		return false;

	has_isid = strstr(name, ",i,0x");
	return TID_FORMAT(tid[0]) == has_isid;
}

/*
 * Where the others have what they say (SPC-6 7.6.4): all else is reserved, and has to
 * be zero, so that a port has just one TransportID.
 */
static const struct {
	u8 first;
	u8 last;
} tid_used[] = {
	[SCSI_PROTOCOL_FCP]	= { 8, 15 },
	[SCSI_PROTOCOL_SPI]	= { 2, 7 },
	[SCSI_PROTOCOL_SBP]	= { 8, 15 },
	[SCSI_PROTOCOL_SRP]	= { 8, 23 },
	[SCSI_PROTOCOL_SAS]	= { 4, 11 },
	[TID_PROTOCOL_SOP]	= { 2, 3 },
};

static bool tid_other_valid(const u8 *tid, size_t len)
{
	u8 first, last;

	if (len != TID_LEN || TID_FORMAT(tid[0]) ||
	    TID_PROTOCOL(tid[0]) >= ARRAY_SIZE(tid_used))
		return false;
	first = tid_used[TID_PROTOCOL(tid[0])].first;
	last = tid_used[TID_PROTOCOL(tid[0])].last;
	return last && !memchr_inv(tid + 1, 0, first - 1) &&
	       !memchr_inv(tid + last + 1, 0, TID_LEN - last - 1);
}

/**
 * scst_transport_id_valid - is something a TransportID?
 * @tid: bytes of it
 * @len: how many
 *
 * Context: any.
 * Return: true if so, and if it is one of SAS, FCP, SPI, SBP, SRP, SOP or iSCSI.
 */
bool scst_transport_id_valid(const u8 *tid, size_t len)
{
	if (!len || len > SCST_MAX_TRANSPORT_ID)
		return false;

	if (TID_RESERVED(tid[0]))
		return false;
	if (TID_PROTOCOL(tid[0]) == SCSI_PROTOCOL_ISCSI)
		return tid_iscsi_valid(tid, len);
	return tid_other_valid(tid, len);
}
EXPORT_SYMBOL_IF_KUNIT(scst_transport_id_valid);

/* For a first comparison of two of them */
u32 scst_transport_id_hash(const u8 *tid, u16 len)
{
	return jhash(tid, len, 0);
}
EXPORT_SYMBOL_IF_KUNIT(scst_transport_id_hash);

/**
 * scst_transport_id_next - the length of a TransportID in a list of them
 * @list: what is left of the list
 * @len: its length in bytes
 *
 * Context: any.
 * Return: bytes of the first one, or 0 when it is not valid.
 */
u16 scst_transport_id_next(const u8 *list, size_t len)
{
	size_t want = TID_LEN;

	if (len < TID_LEN)
		return 0;
	if (TID_PROTOCOL(list[0]) == SCSI_PROTOCOL_ISCSI)
		want = get_unaligned_be16(list + 2) + TID_ISCSI_HEAD;
	return want <= len && scst_transport_id_valid(list, want) ? want : 0;
}

/* The protocol identifier (SPC-6 7.6.1) of a TransportID */
u8 scst_transport_id_protocol(const u8 *tid)
{
	return TID_PROTOCOL(tid[0]);
}

/* Does a TransportID name an initiator with all of its ports?  (iSCSI, 00b) */
bool scst_transport_id_is_device(const u8 *tid)
{
	return TID_PROTOCOL(tid[0]) == SCSI_PROTOCOL_ISCSI &&
	       !TID_FORMAT(tid[0]);
}

/**
 * scst_transport_id_of_device - is a port one of an initiator's?
 * @tid: TransportID of the port
 * @device: TransportID for which scst_transport_id_is_device() is true
 *
 * Context: any.
 * Return: true if so; also for two that are equal.
 */
bool scst_transport_id_of_device(const u8 *tid, const u8 *device)
{
	const char *name = (const char *)device + TID_ISCSI_HEAD;
	const char *port = (const char *)tid + TID_ISCSI_HEAD;
	size_t len = strlen(name);

	if (TID_PROTOCOL(tid[0]) != SCSI_PROTOCOL_ISCSI ||
	    strncmp(port, name, len))
		return false;
	return !port[len] || port[len] == ',';
}

static struct scst_transport_id *tid_alloc(const u8 *id, u16 len)
{
	struct scst_transport_id *tid;

	tid = kzalloc(struct_size(tid, id, len), GFP_KERNEL);
	if (!tid)
		return NULL;
	tid->len = len;
	tid->hash = scst_transport_id_hash(id, len);
	memcpy(tid->id, id, len);
	return tid;
}

/* That of a SAS port with a locally assigned NAA designator as address */
static u16 tid_default(const struct scst_session *sess, u8 *id)
{
	const char *name = sess->initiator_name;

	memset(id, 0, TID_LEN);
	id[0] = SCSI_PROTOCOL_SAS;
	put_unaligned_be64(scst_local_naa(name, strlen(name)), id + 4);
	return TID_LEN;
}

/**
 * scst_session_init_transport_id - give a new session its TransportID
 * @sess: session, not registered yet
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL when that of the target driver is not valid, or -ENOMEM.
 */
int scst_session_init_transport_id(struct scst_session *sess)
{
	const struct scst_tgt_template *tgtt = sess->tgt->tgtt;
	struct scst_transport_id *tid;
	u16 len;

	u8 *id __free(kfree) = kzalloc(SCST_MAX_TRANSPORT_ID, GFP_KERNEL);
	if (!id)
		return -ENOMEM;
	if (tgtt->get_initiator_port_transport_id)
		len = tgtt->get_initiator_port_transport_id(sess, id);
	else
		len = tid_default(sess, id);
	if (!scst_transport_id_valid(id, len))
		return -EINVAL;
	tid = tid_alloc(id, len);
	RCU_INIT_POINTER(sess->transport_id, tid);
	return tid ? 0 : -ENOMEM;
}

/**
 * scst_session_set_transport_id - another initiator port, by the looks of it
 * @sess: session
 * @id: TransportID
 * @len: its length in bytes
 *
 * Registrations of this TransportID are those of the session from now on, and none
 * else.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL when @id is not valid, or -ENOMEM.
 */
int scst_session_set_transport_id(struct scst_session *sess, const u8 *id,
				  u16 len)
{
	struct scst_transport_id *tid;
	struct scst_tgt_dev *td;
	unsigned long lun;

	if (!scst_transport_id_valid(id, len))
		return -EINVAL;
	tid = tid_alloc(id, len);
	if (!tid)
		return -ENOMEM;
	guard(mutex)(&sess->tgt->mutex);
	tid = rcu_replace_pointer(sess->transport_id, tid,
				  lockdep_is_held(&sess->tgt->mutex));
	kfree_rcu(tid, rcu);
	xa_for_each(scst_luns(sess), lun, td)
		scst_reservation_nexus_changed(td);
	return 0;
}
EXPORT_SYMBOL_GPL(scst_session_set_transport_id);

/**
 * scst_session_transport_id - the TransportID of a session
 * @sess: session
 * @id: where to: %SCST_MAX_TRANSPORT_ID bytes
 *
 * Context: any.
 * Return: its length in bytes.
 */
u16 scst_session_transport_id(const struct scst_session *sess, u8 *id)
{
	const struct scst_transport_id *tid;

	guard(rcu)();
	tid = rcu_dereference(sess->transport_id);
	memcpy(id, tid->id, tid->len);
	return tid->len;
}
EXPORT_SYMBOL_GPL(scst_session_transport_id);
