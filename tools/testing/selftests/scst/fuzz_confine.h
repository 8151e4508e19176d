/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keep the blocks that a command may write within [confine_lo, confine_hi),
 * whatever it is, so that all other blocks have to stay as they were.  What is
 * not listed here, and what the unit refuses, must not write at all.
 */
#ifndef FUZZ_CONFINE_H
#define FUZZ_CONFINE_H

#include "fuzz_cmd.h"

static __u64 confine_lo, confine_hi;	/* no limit if both are 0 */

#define NO_SA	-1

/* Where a command that writes has its LBA and its number of blocks */
struct writer {
	__u8 opcode;
	int sa;
	__u8 lba_at, lba_bytes;
	__u8 len_at, len_bytes;
};

static const struct writer writers[] = {
	{ 0x2a, NO_SA, 2, 4, 7, 2 },	/* WRITE(10) */
	{ 0x2e, NO_SA, 2, 4, 7, 2 },	/* WRITE AND VERIFY(10) */
	{ 0x3f, NO_SA, 2, 4, 0, 0 },	/* WRITE LONG(10) */
	{ 0x41, NO_SA, 2, 4, 7, 2 },	/* WRITE SAME(10) */
	{ 0x7f, 0x0b, 12, 8, 28, 4 },	/* WRITE(32) */
	{ 0x7f, 0x0c, 12, 8, 28, 4 },	/* WRITE AND VERIFY(32) */
	{ 0x7f, 0x0d, 12, 8, 28, 4 },	/* WRITE SAME(32) */
	{ 0x7f, 0x0e, 12, 8, 28, 4 },	/* ORWRITE(32) */
	{ 0x7f, 0x0f, 12, 8, 28, 4 },	/* WRITE ATOMIC(32) */
	{ 0x7f, 0x10, 12, 8, 28, 4 },	/* WRITE STREAM(32) */
	{ 0x89, NO_SA, 2, 8, 13, 1 },	/* COMPARE AND WRITE */
	{ 0x8a, NO_SA, 2, 8, 10, 4 },	/* WRITE(16) */
	{ 0x8b, NO_SA, 2, 8, 10, 4 },	/* ORWRITE(16) */
	{ 0x8e, NO_SA, 2, 8, 10, 4 },	/* WRITE AND VERIFY(16) */
	{ 0x93, NO_SA, 2, 8, 10, 4 },	/* WRITE SAME(16) */
	{ 0x9a, NO_SA, 2, 8, 12, 2 },	/* WRITE STREAM(16) */
	{ 0x9c, NO_SA, 2, 8, 12, 2 },	/* WRITE ATOMIC(16) */
	{ 0x9f, 0x11, 2, 8, 0, 0 },	/* WRITE LONG(16) */
	{ 0xaa, NO_SA, 2, 4, 6, 4 },	/* WRITE(12) */
	{ 0xae, NO_SA, 2, 4, 6, 4 },	/* WRITE AND VERIFY(12) */
};

static __u64 confine_lba(__u64 lba)
{
	return confine_lo + lba % (confine_hi - confine_lo);
}

/* At least one block: 0 can mean all up to the end of the medium */
static __u64 confine_len(__u64 lba, __u64 len)
{
	__u64 max = confine_hi - lba;

	return len && len <= max ? len : 1 + len % max;
}

static void confine_range(__u8 *lba_at, unsigned int lba_bytes,
			  __u8 *len_at, unsigned int len_bytes)
{
	__u64 lba = confine_lba(get(lba_at, lba_bytes)), len;

	put(lba_at, lba, lba_bytes);
	if (!len_bytes)
		return;
	len = confine_len(lba, get(len_at, len_bytes));
	/* As many as the field can say */
	if (len_bytes < 4 && len >> len_bytes * 8)
		len = 1;
	put(len_at, len, len_bytes);
}

static void confine_write6(__u8 *cdb)
{
	__u64 lba = confine_lba(get(cdb + 1, 3) & 0x1fffff);

	put(cdb + 1, lba, 3);
	cdb[4] = confine_len(lba, cdb[4] ? cdb[4] : 256);
}

static void confine_unmap(__u8 *list, unsigned int len)
{
	unsigned int i;

	for (i = 8; i + 16 <= len; i += 16)
		confine_range(list + i, 8, list + i + 8, 4);
}

/*
 * All that can be taken for a segment descriptor of type 02h: they follow the
 * CSCD descriptors.  As the number of blocks may be that of a source with blocks
 * eight times as long, it is small.
 */
static void confine_extended_copy(__u8 *list, unsigned int len)
{
	unsigned int i;
	__u8 *segment;

	if (len < 4)
		return;
	for (i = 16 + get(list + 2, 2); i + 28 <= len; i += 4 + get(segment + 2, 2)) {
		segment = list + i;
		put16(segment + 10, get(segment + 10, 2) % 16);
		put64(segment + 20, confine_lo + get(segment + 20, 8) %
		      (confine_hi - confine_lo - 128));
	}
}

static int cdb_sa(const struct fuzz_cmd *cmd)
{
	if (cmd->cdb[0] == 0x7f)
		return get(cmd->cdb + 8, 2);
	return cmd->cdb[1] & 0x1f;
}

static void confine_writer(struct fuzz_cmd *cmd)
{
	const struct writer *w;
	__u8 *cdb = cmd->cdb;

	for (w = writers; w < writers + ARRAY_SIZE(writers); w++) {
		if (w->opcode != cdb[0] ||
		    (w->sa != NO_SA && w->sa != cdb_sa(cmd)))
			continue;
		confine_range(cdb + w->lba_at, w->lba_bytes,
			      cdb + w->len_at, w->len_bytes);
	}
}

static void confine(struct fuzz_cmd *cmd)
{
	if (!confine_hi)
		return;
	switch (cmd->cdb[0]) {
	case 0x04:	/* FORMAT UNIT */
	case 0x48:	/* SANITIZE */
		memset(cmd->cdb, 0, sizeof(cmd->cdb));
		break;
	case 0x0a:
		confine_write6(cmd->cdb);
		break;
	case 0x42:
		confine_unmap(cmd->data, cmd->dir == OUT ? cmd->len : 0);
		break;
	case 0x83:
		/* Not the formats of which the fuzzer knows nothing */
		cmd->cdb[1] &= ~0x1f;
		confine_extended_copy(cmd->data, cmd->dir == OUT ? cmd->len : 0);
		break;
	default:
		confine_writer(cmd);
	}
}

#endif /* FUZZ_CONFINE_H */
