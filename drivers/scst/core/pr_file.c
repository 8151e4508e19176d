// SPDX-License-Identifier: GPL-2.0
/*
 * Registrations and reservations that persist through power loss: the files
 * /var/lib/scst/pr/<unit>, see persist.c.
 *
 * All numbers are little endian.  PRgeneration is not there: it begins with zero (SPC-6
 * 5.14.6).  A unit that is not to persist any more has a file that says just that.
 */

#include <kunit/visibility.h>
#include <linux/slab.h>
#include "pr.h"

#define PR_VERSION		1

/**
 * struct pr_file_header - what the data begins with
 * @aptpl: the rest counts
 * @type: enum scst_pr_type
 * @holder: index of the holder, if @type has a single one
 * @nr: number of registrations that follow
 * @reserved: zero
 */
struct pr_file_header {
	u8 aptpl;
	u8 type;
	__le16 holder;
	__le16 nr;
	__le16 reserved;
} __packed;

/**
 * struct pr_file_reg - a registration
 * @key: reservation key
 * @rel_tgt_id: relative target port identifier
 * @tid_len: bytes of TransportID that follow
 */
struct pr_file_reg {
	__le64 key;
	__le16 rel_tgt_id;
	__le16 tid_len;
} __packed;

#define PR_FILE_MAX_LEN	(sizeof(struct pr_file_header) + \
			 SCST_PR_MAX_REGISTRANTS * \
			 (sizeof(struct pr_file_reg) + SCST_MAX_TRANSPORT_ID))

/**
 * scst_pr_pack - make what is to be saved
 * @state: registrations and reservation
 * @buf: room for the largest state, or NULL to know how many bytes there are
 *
 * Context: any.
 * Return: bytes of data.
 */
VISIBLE_IF_KUNIT
u32 scst_pr_pack(const struct scst_pr_state *state, u8 *buf)
{
	unsigned int i, nr = state->aptpl ? state->nr : 0;
	struct pr_file_header h = {
		.aptpl	= state->aptpl,
		.type	= nr ? state->type : SCST_PR_NONE,
		.holder	= cpu_to_le16(state->holder),
		.nr	= cpu_to_le16(nr),
	};
	u32 at = sizeof(h);

	if (buf)
		memcpy(buf, &h, sizeof(h));
	for (i = 0; i < nr; i++) {
		const struct scst_registrant *reg = &state->regs[i];
		struct pr_file_reg r = {
			.key		= cpu_to_le64(reg->key),
			.rel_tgt_id	= cpu_to_le16(reg->nexus.rel_tgt_id),
			.tid_len	= cpu_to_le16(reg->nexus.tid_len),
		};

		if (buf) {
			memcpy(buf + at, &r, sizeof(r));
			memcpy(buf + at + sizeof(r), reg->nexus.tid,
			       reg->nexus.tid_len);
		}
		at += sizeof(r) + reg->nexus.tid_len;
	}
	return at;
}
EXPORT_SYMBOL_IF_KUNIT(scst_pr_pack);

/* Returns the bytes that it has, or 0 when they make no sense. */
static u32 pr_unpack_reg(struct scst_pr_state *state, const u8 *buf, u32 len)
{
	struct scst_registrant *reg = &state->regs[state->nr];
	struct pr_file_reg r;
	u16 tid_len;

	if (len < sizeof(r))
		return 0;
	memcpy(&r, buf, sizeof(r));
	reg->key = le64_to_cpu(r.key);
	tid_len = le16_to_cpu(r.tid_len);
	if (tid_len > len - sizeof(r) ||
	    !scst_transport_id_valid(buf + sizeof(r), tid_len))
		return 0;
	scst_nexus_set(&reg->nexus, le16_to_cpu(r.rel_tgt_id), buf + sizeof(r),
		       tid_len);
	if (!reg->key || scst_pr_find(state, &reg->nexus) >= 0)
		return 0;
	scst_pr_added(state);
	return sizeof(r) + tid_len;
}

static bool pr_unpack(struct scst_pr_state *state, unsigned int nr,
		      const u8 *buf, u32 len)
{
	u32 at, one;

	for (at = 0; state->nr < nr; at += one) {
		one = pr_unpack_reg(state, buf + at, len - at);
		if (!one)
			return false;
	}
	if (at != len)
		return false;
	if (state->type == SCST_PR_NONE)
		return true;
	if (!scst_pr_type_valid(state->type))
		return false;
	return scst_pr_all_registrants(state->type) ? nr > 0 :
						      state->holder < nr;
}

/**
 * scst_pr_unpack - take what was saved
 * @buf: what scst_pr_pack() made
 * @len: bytes in it
 *
 * Context: process context, may sleep.
 * Return: the state, or ERR_PTR(): -EUCLEAN when it makes no sense, -ENOMEM.
 */
VISIBLE_IF_KUNIT
struct scst_pr_state *scst_pr_unpack(const u8 *buf, u32 len)
{
	struct scst_pr_state *state;
	struct pr_file_header h;

	if (len < sizeof(h))
		return ERR_PTR(-EUCLEAN);
	memcpy(&h, buf, sizeof(h));
	if (h.aptpl > 1 || h.reserved || (!h.aptpl && (h.nr || h.type)) ||
	    le16_to_cpu(h.nr) > SCST_PR_MAX_REGISTRANTS)
		return ERR_PTR(-EUCLEAN);
	state = scst_pr_state_alloc(le16_to_cpu(h.nr));
	if (!state)
		return ERR_PTR(-ENOMEM);
	state->aptpl = h.aptpl;
	state->type = h.type;
	state->holder = le16_to_cpu(h.holder);
	if (!pr_unpack(state, le16_to_cpu(h.nr), buf + sizeof(h),
		       len - sizeof(h))) {
		scst_pr_state_free(state);
		return ERR_PTR(-EUCLEAN);
	}
	return state;
}
EXPORT_SYMBOL_IF_KUNIT(scst_pr_unpack);

/* A device of this host may be another one's place the next time. */
static const char *pr_file_name(const struct scst_pr *pr)
{
	return pr->dev->persist_name ?: dev_name(&pr->dev->dev);
}

/**
 * scst_pr_save - make a state persist
 * @pr: reservations of the unit
 * @state: registrations and reservation
 *
 * Context: process context; waits for I/O.  One at a time for a unit.
 * Return: 0 or a negative errno: what was saved before is still there.
 */
int scst_pr_save(struct scst_pr *pr, const struct scst_pr_state *state)
{
	u32 len = scst_pr_pack(state, NULL);

	u8 *buf __free(kvfree) = kvmalloc(len, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	scst_pr_pack(state, buf);
	return scst_persist_save(SCST_PR_KIND, pr_file_name(pr), PR_VERSION, buf,
				 len);
}

/* Nobody knows any more who may do what. */
static struct scst_pr_state *pr_lost(struct scst_pr *pr)
{
	struct scst_pr_state *state = scst_pr_state_alloc(0);

	if (!state)
		return ERR_PTR(-ENOMEM);
	dev_err(&pr->dev->dev,
		"persistent reservations are lost; see reservations.rst for how to go on\n");
	state->lost = true;
	return state;
}

/**
 * scst_pr_load - find out what persists
 * @pr: reservations of a new unit
 *
 * Context: process context; waits for I/O.
 * Return: the state, which may be that it was lost; or ERR_PTR() of an error that
 * says nothing about the files.
 */
struct scst_pr_state *scst_pr_load(struct scst_pr *pr)
{
	struct scst_pr_state *state;
	int len;

	u8 *buf __free(kvfree) = kvmalloc(PR_FILE_MAX_LEN, GFP_KERNEL);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	len = scst_persist_load(SCST_PR_KIND, pr_file_name(pr), PR_VERSION, buf,
				PR_FILE_MAX_LEN);
	if (len == -ENOENT || len == -ENOTDIR)
		return scst_pr_state_alloc(0) ?: ERR_PTR(-ENOMEM);
	if (len == -EUCLEAN || len == -EBADMSG || len == -EINVAL || len == -EIO)
		return pr_lost(pr);
	if (len < 0) {
		dev_err(&pr->dev->dev, "reservations cannot be read: %pe\n",
			ERR_PTR(len));
		return ERR_PTR(len);
	}
	state = scst_pr_unpack(buf, len);
	return state == ERR_PTR(-EUCLEAN) ? pr_lost(pr) : state;
}
