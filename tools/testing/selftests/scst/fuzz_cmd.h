/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random commands for a disk or a CD-ROM: good ones with their parameter lists,
 * of both of which some bytes are changed then, and random bytes behind an
 * operation code.  SPC-6, SBC-5 and MMC-6 have the formats.
 */
#ifndef FUZZ_CMD_H
#define FUZZ_CMD_H

#include <linux/types.h>
#include <scsi/sg.h>
#include <string.h>
#include "naa.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_CDB		32
#define MAX_DATA	(256 * 1024)
#define MAX_LIST	8192
#define MAX_UNITS	4

#define NONE	SG_DXFER_NONE
#define OUT	SG_DXFER_TO_DEV
#define IN	SG_DXFER_FROM_DEV

#define TYPE_CDROM	5
#define VARIABLE_LENGTH	0x7f
#define NACA		0x04

/*
 * What the units have said of themselves before the first command.  units[0]
 * is the one that gets the commands.
 */
struct fuzz_unit {
	__u8 type;
	__u32 block_size;
	__u8 designator[MAX_DESIGNATOR];	/* NAA */
	__u8 designator_len;
	__u8 control_page[12];			/* default values */
};

static struct fuzz_unit units[MAX_UNITS];
static unsigned int nr_units;

struct fuzz_cmd {
	__u8 cdb[MAX_CDB];
	unsigned int cdb_len;
	int dir;
	unsigned int len;
	__u8 *data;
};

static void put(__u8 *p, __u64 v, unsigned int len)
{
	while (len--) {
		p[len] = v;
		v >>= 8;
	}
}

static void put16(__u8 *p, __u16 v)
{
	put(p, v, 2);
}

static void put32(__u8 *p, __u32 v)
{
	put(p, v, 4);
}

static void put64(__u8 *p, __u64 v)
{
	put(p, v, 8);
}

static __u64 get(const __u8 *p, unsigned int len)
{
	__u64 v = 0;

	while (len--)
		v = v << 8 | *p++;
	return v;
}

/* ------------------------------------------------------------------------
 * Randomness
 */

static __u64 state;

/* xorshift64* */
static __u32 rnd(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dull) >> 32;
}

static __u32 rnd_below(__u32 n)
{
	return rnd() % n;
}

static void rnd_init(__u64 seed, __u64 n)
{
	int i;

	state = (seed + 1) * 0x9e3779b97f4a7c15ull ^ (n + 1) * 0xbf58476d1ce4e5b9ull;
	if (!state)
		state = 1;
	for (i = 0; i < 8; i++)
		rnd();
}

static const __u8 bytes[] = { 0x00, 0x01, 0x02, 0x7f, 0x80, 0xfe, 0xff };

static __u8 rnd_byte(void)
{
	switch (rnd_below(4)) {
	case 0:
		return rnd();
	case 1:
		return bytes[rnd_below(ARRAY_SIZE(bytes))];
	default:
		return 0;
	}
}

static const __u32 lengths[] = {
	0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 24, 36, 96, 252, 255, 256, 511, 512,
	513, 1024, 4095, 4096, 4097, 65536, MAX_DATA,
};

static __u32 rnd_len(void)
{
	if (!rnd_below(8))
		return rnd_below(MAX_DATA + 1);
	return lengths[rnd_below(ARRAY_SIZE(lengths))];
}

/* Zeros often, so that COMPARE AND WRITE finds what it compares with */
static void fill(__u8 *buf, __u32 len)
{
	__u32 i, n = len < 512 ? len : 512;
	int kind = rnd_below(4);

	memset(buf, kind ? 0 : 0xff, len);
	if (kind == 3)
		return;
	for (i = 0; i < n; i++)
		if (kind != 1)
			buf[i] = rnd_byte();
		else if (!rnd_below(16))
			buf[i] = rnd();
}

/* ------------------------------------------------------------------------
 * Parameter lists.  Each returns its length.
 */

static __u32 rnd_lba(void)
{
	return rnd_below(8) ? rnd_below(2048) : rnd();
}

static unsigned int list_mode_page(__u8 *p)
{
	static const __u8 pages[][4] = {
		/* page code, subpage code, length; SPF is in the code */
		{ 0x01, 0, 10 }, { 0x02, 0, 14 }, { 0x07, 0, 10 },
		{ 0x08, 0, 18 }, { 0x0a, 0, 10 }, { 0x4a, 1, 28 },
		{ 0x1a, 0, 38 }, { 0x1c, 0, 10 }, { 0x0d, 0, 6 },
		{ 0x2a, 0, 24 },
	};
	const __u8 *page = pages[rnd_below(ARRAY_SIZE(pages))];
	unsigned int i, head = 2;

	if (page[0] == 0x0a && rnd_below(2)) {
		memcpy(p, units[0].control_page, 12);
		p[2 + rnd_below(4)] ^= 1 << rnd_below(8);
		return 12;
	}
	p[0] = page[0];
	if (page[0] & 0x40) {
		p[1] = page[1];
		put16(p + 2, page[2]);
		head = 4;
	} else {
		p[1] = page[2];
	}
	for (i = 0; i < page[2]; i++)
		p[head + i] = rnd_below(4) ? 0 : rnd_byte();
	return head + page[2];
}

static unsigned int list_mode(__u8 *p, unsigned int head)
{
	unsigned int len = head;

	if (!rnd_below(3)) {
		p[head - 1] = 8;
		put32(p + len, rnd_below(2) ? 0 : rnd_lba());
		put32(p + len + 4, units[0].block_size);
		len += 8;
	}
	len += list_mode_page(p + len);
	if (!rnd_below(4))
		len += list_mode_page(p + len);
	return len;
}

static unsigned int list_mode6(__u8 *p)
{
	return list_mode(p, 4);
}

static unsigned int list_mode10(__u8 *p)
{
	return list_mode(p, 8);
}

static unsigned int list_unmap(__u8 *p)
{
	unsigned int i, nr = rnd_below(4) ? rnd_below(8) : rnd_below(300);

	put16(p, 6 + nr * 16);
	put16(p + 2, nr * 16);
	for (i = 0; i < nr; i++) {
		put64(p + 8 + i * 16, rnd_lba());
		put32(p + 16 + i * 16, rnd_below(64));
	}
	return 8 + nr * 16;
}

/* CSCD descriptor of identification type (SPC-6, EXTENDED COPY) */
static void put_cscd(__u8 *p)
{
	const struct fuzz_unit *unit = &units[rnd_below(nr_units)];

	p[0] = 0xe4;
	p[4] = 0x01;
	p[5] = 0x03;
	p[7] = unit->designator_len;
	memcpy(p + 8, unit->designator, unit->designator_len);
	put32(p + 28, unit->block_size);
}

/* Block to block (02h) or, rarely, another type */
static void put_segment(__u8 *p, unsigned int nr_cscds)
{
	p[0] = rnd_below(8) ? 0x02 : rnd_below(0x20);
	p[1] = rnd_below(4);
	put16(p + 2, 0x18);
	put16(p + 4, rnd_below(nr_cscds));
	put16(p + 6, rnd_below(nr_cscds));
	put16(p + 10, rnd_below(64));
	put64(p + 12, rnd_lba());
	put64(p + 20, rnd_lba());
}

static unsigned int list_extended_copy(__u8 *p)
{
	unsigned int cscds = 1 + rnd_below(3), segments = rnd_below(4);
	unsigned int i, len = 16;

	p[0] = rnd_below(4);
	p[1] = rnd_below(4) << 3;
	put16(p + 2, cscds * 32);
	put32(p + 8, segments * 28);
	for (i = 0; i < cscds; i++, len += 32)
		put_cscd(p + len);
	for (i = 0; i < segments; i++, len += 28)
		put_segment(p + len, cscds);
	return len;
}

static unsigned int list_format(__u8 *p)
{
	/* FOV or not, IP, IMMED */
	p[1] = rnd_below(2) ? 0x82 : 0x80;
	if (rnd_below(2))
		return 4;
	p[1] |= 0x08;
	p[5] = rnd_below(3);
	put16(p + 6, 4);
	put32(p + 8, rnd());
	return 12;
}

static unsigned int list_sanitize(__u8 *p)
{
	unsigned int len = rnd_below(2) ? 4 : units[0].block_size;

	p[0] = 1 + rnd_below(2);
	put16(p + 2, len);
	fill(p + 4, len);
	return 4 + len;
}

static unsigned int list_log_select(__u8 *p)
{
	static const __u8 pages[] = { 0x02, 0x03, 0x05, 0x06, 0x0c, 0x0d, 0x0e, 0x19 };

	p[0] = pages[rnd_below(ARRAY_SIZE(pages))];
	put16(p + 2, 8);
	put16(p + 4, rnd_below(4));
	p[7] = 4;
	return 12;
}

/* Reservation keys: one of few, so that some are right */
#define LIST_KEY	1

static void put_keys(__u8 *p)
{
	put64(p, rnd_below(2) ? LIST_KEY : rnd_below(4));
	put64(p + 8, rnd_below(2) ? LIST_KEY : rnd_below(4));
}

static unsigned int list_reservation(__u8 *p)
{
	put_keys(p);
	/* ALL_TG_PT, and APTPL, for which there is no place */
	p[20] = rnd_below(4) ? 0 : rnd_below(8);
	return 24;
}

/* Of SAS, as those of scst_local are; nobody has it */
static unsigned int put_transport_id(__u8 *p)
{
	p[0] = 0x06;
	p[4] = 0x50;
	p[11] = rnd_below(16);
	return 24;
}

static unsigned int list_spec_i_pt(__u8 *p)
{
	unsigned int i, nr = rnd_below(4), len = 28;

	list_reservation(p);
	p[20] |= 0x08;
	for (i = 0; i < nr; i++)
		len += put_transport_id(p + len);
	put32(p + 24, len - 28);
	return len;
}

/* REGISTER AND MOVE; most are for the only port that there is */
static unsigned int list_move(__u8 *p)
{
	put_keys(p);
	p[17] = rnd_below(4) ? 0 : rnd_below(4);
	put16(p + 18, rnd_below(4) ? 1 : rnd_below(4));
	put32(p + 20, put_transport_id(p + 24));
	return 24 + 24;
}

static unsigned int list_timestamp(__u8 *p)
{
	put64(p + 2, rnd());
	return 12;
}

static unsigned int list_diagnostic(__u8 *p)
{
	p[0] = rnd_below(2) ? 0x40 : 0;
	return 4;
}

static unsigned int list_reassign(__u8 *p)
{
	unsigned int i, nr = rnd_below(4);

	put16(p + 2, nr * 4);
	for (i = 0; i < nr; i++)
		put32(p + 4 + i * 4, rnd_lba());
	return 4 + nr * 4;
}

static unsigned int list_port_groups(__u8 *p)
{
	p[4] = rnd_below(4);
	put16(p + 6, rnd_below(3));
	return 8;
}

/* ------------------------------------------------------------------------
 * Commands
 */

struct good_command {
	__u8 cdb_len;
	__s8 dir;
	__u32 data_len;		/* for blocks of 512 bytes */
	__u8 cdb[MAX_CDB];
};

/* One with a parameter list, whose length is in the len_bytes at len_at */
struct good_list {
	__u8 cdb_len;
	__u8 len_at;
	__u8 len_bytes;
	unsigned int (*list)(__u8 *p);
	__u8 cdb[16];
};

#define CDB32(sa, flags, lba, len)					\
	{ 0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0, sa, flags, 0,		\
	  0, 0, 0, 0, 0, 0, 0, lba, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, len }

static const struct good_command good[] = {
	{ 6, NONE, 0, { 0x00 } },
	{ 6, IN, 252, { 0x03, 0, 0, 0, 252 } },
	{ 6, IN, 252, { 0x03, 1, 0, 0, 252 } },
	{ 6, IN, 4096, { 0x08, 0, 0, 16, 8 } },
	{ 6, OUT, 4096, { 0x0a, 0, 0, 16, 8 } },
	{ 6, IN, 96, { 0x12, 0, 0, 0, 96 } },
	{ 6, IN, 252, { 0x12, 1, 0x83, 0, 252 } },
	{ 6, IN, 252, { 0x12, 1, 0xb0, 0, 252 } },
	{ 6, NONE, 0, { 0x16 } },
	{ 6, NONE, 0, { 0x17 } },
	{ 6, IN, 252, { 0x1a, 0, 0x3f, 0, 252 } },
	{ 6, IN, 252, { 0x1a, 0, 0x3f, 0xff, 252 } },
	{ 6, NONE, 0, { 0x1b, 0, 0, 0, 1 } },
	{ 6, NONE, 0, { 0x1b, 0, 0, 0, 3 } },
	{ 6, IN, 252, { 0x1c, 1, 0, 0, 252 } },
	{ 6, NONE, 0, { 0x1d, 4 } },
	{ 6, NONE, 0, { 0x1e, 0, 0, 0, 1 } },
	{ 6, NONE, 0, { 0x1e } },
	{ 10, IN, 8, { 0x25 } },
	{ 10, IN, 65536, { 0x28, 0, 0, 0, 1, 0, 0, 0, 128 } },
	{ 10, OUT, 65536, { 0x2a, 0, 0, 0, 2, 0, 0, 0, 128 } },
	{ 10, OUT, 4096, { 0x2a, 8, 0, 0, 2, 0, 0, 0, 8 } },
	{ 10, OUT, 4096, { 0x2e, 0, 0, 0, 2, 0, 0, 0, 8 } },
	{ 10, NONE, 0, { 0x2f, 0, 0, 0, 2, 0, 0, 1, 0 } },
	{ 10, OUT, 512, { 0x2f, 2, 0, 0, 2, 0, 0, 0, 1 } },
	{ 10, OUT, 512, { 0x2f, 6, 0, 0, 2, 0, 0, 0, 8 } },
	{ 10, NONE, 0, { 0x34, 0, 0, 0, 2, 0, 0, 0, 64 } },
	{ 10, NONE, 0, { 0x35 } },
	{ 10, NONE, 0, { 0x35, 2 } },
	{ 10, IN, 252, { 0x37, 0, 0x1d, 0, 0, 0, 0, 0, 252 } },
	{ 10, OUT, 252, { 0x3b, 0x0a, 0, 0, 0, 0, 0, 0, 252 } },
	{ 10, OUT, 252, { 0x3b, 0x02, 0, 0, 0, 0, 0, 0, 252 } },
	{ 10, IN, 252, { 0x3c, 0x0a, 0, 0, 0, 0, 0, 0, 252 } },
	{ 10, IN, 4, { 0x3c, 0x0b, 0, 0, 0, 0, 0, 0, 4 } },
	{ 10, IN, 4, { 0x3c, 0x03, 0, 0, 0, 0, 0, 0, 4 } },
	{ 10, OUT, 512, { 0x41, 0, 0, 0, 8, 0, 0, 0, 64 } },
	{ 10, NONE, 0, { 0x4c, 2, 0x40 } },
	{ 10, IN, 512, { 0x4d, 0, 0x40, 0xff, 0, 0, 0, 2, 0 } },
	{ 10, IN, 512, { 0x4d, 0, 0x4c, 0, 0, 0, 0, 2, 0 } },
	{ 10, IN, 512, { 0x5a, 0, 0x3f, 0xff, 0, 0, 0, 2, 0 } },
	{ 10, IN, 512, { 0x5e, 0, 0, 0, 0, 0, 0, 2, 0 } },
	{ 12, IN, 4096, { 0xa0, 0, 0, 0, 0, 0, 0, 0, 16, 0 } },
	{ 12, IN, 512, { 0xa3, 0x05, 0, 0, 0, 0, 0, 0, 2, 0 } },
	{ 12, IN, 512, { 0xa3, 0x0a, 0, 0, 0, 0, 0, 0, 2, 0 } },
	{ 12, IN, 8192, { 0xa3, 0x0c, 0x80, 0, 0, 0, 0, 0, 32, 0 } },
	{ 12, IN, 512, { 0xa3, 0x0c, 1, 0x28, 0, 0, 0, 0, 2, 0 } },
	{ 12, IN, 16, { 0xa3, 0x0d, 0, 0, 0, 0, 0, 0, 0, 16 } },
	{ 12, IN, 16, { 0xa3, 0x0f, 0, 0, 0, 0, 0, 0, 0, 16 } },
	{ 12, OUT, 64, { 0xa4, 0x06, 0, 0, 0, 0, 0, 0, 0, 64 } },
	{ 12, IN, 4096, { 0xa8, 0, 0, 0, 1, 0, 0, 0, 0, 8 } },
	{ 12, OUT, 4096, { 0xaa, 0, 0, 0, 1, 0, 0, 0, 0, 8 } },
	{ 12, IN, 252, { 0xb7, 0x1d, 0, 0, 0, 0, 0, 0, 0, 252 } },
	{ 16, IN, 512, { 0x84, 0x00, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0 } },
	{ 16, IN, 512, { 0x84, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0 } },
	{ 16, IN, 512, { 0x84, 0x04, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0 } },
	{ 16, IN, 65536, { 0x88, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 128 } },
	{ 16, OUT, 1024, { 0x89, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1 } },
	{ 16, OUT, 8192, { 0x89, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 8 } },
	{ 16, OUT, 65536, { 0x8a, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 128 } },
	{ 16, OUT, 4096, { 0x8b, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 8 } },
	{ 16, OUT, 4096, { 0x8e, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 8 } },
	{ 16, OUT, 512, { 0x8f, 2, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1 } },
	{ 16, NONE, 0, { 0x90, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 64 } },
	{ 16, NONE, 0, { 0x91 } },
	{ 16, OUT, 512, { 0x93, 8, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0 } },
	{ 16, NONE, 0, { 0x93, 1, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0 } },
	{ 16, OUT, 4096, { 0x9c, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 8 } },
	{ 16, IN, 32, { 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32 } },
	{ 16, IN, 512, { 0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0 } },
	{ 16, IN, 8, { 0x9e, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8 } },
	{ 32, IN, 4096, CDB32(0x09, 0, 16, 8) },
	{ 32, OUT, 4096, CDB32(0x0a, 2, 16, 8) },
	{ 32, OUT, 4096, CDB32(0x0b, 0, 16, 8) },
	{ 32, OUT, 4096, CDB32(0x0b, 8, 16, 8) },
	{ 32, OUT, 4096, CDB32(0x0c, 0, 16, 8) },
	{ 32, OUT, 512, CDB32(0x0d, 8, 16, 64) },
	{ 32, OUT, 4096, CDB32(0x0e, 0, 16, 8) },
	{ 32, OUT, 4096, CDB32(0x0f, 0, 16, 8) },
	{ 32, IN, 512, CDB32(0x12, 0, 16, 8) },
};

static const struct good_list good_lists[] = {
	{ 6, 4, 1, list_mode6, { 0x15, 0x10 } },
	{ 6, 3, 2, list_diagnostic, { 0x1d, 0x10 } },
	{ 10, 7, 2, list_unmap, { 0x42 } },
	{ 10, 7, 2, list_log_select, { 0x4c, 0 } },
	{ 10, 7, 2, list_mode10, { 0x55, 0x10 } },
	{ 10, 7, 2, list_mode10, { 0x55, 0x11 } },
	{ 12, 6, 4, list_port_groups, { 0xa4, 0x0a } },
	{ 12, 6, 4, list_timestamp, { 0xa4, 0x0f } },
	{ 16, 10, 4, list_extended_copy, { 0x83 } },
	{ 16, 10, 4, list_extended_copy, { 0x83 } },
};

/*
 * PERSISTENT RESERVE OUT: each service action, and REGISTER with SPEC_I_PT.  They are
 * one in so many of the lists, since what other nexuses send conflicts with what they do.
 */
static const struct good_list reservation_lists[] = {
	{ 10, 5, 4, list_reservation, { 0x5f, 0 } },
	{ 10, 5, 4, list_reservation, { 0x5f, 0 } },
	{ 10, 5, 4, list_spec_i_pt, { 0x5f, 0 } },
	{ 10, 5, 4, list_reservation, { 0x5f, 1 } },
	{ 10, 5, 4, list_reservation, { 0x5f, 2 } },
	{ 10, 5, 4, list_reservation, { 0x5f, 3 } },
	{ 10, 5, 4, list_reservation, { 0x5f, 4 } },
	{ 10, 5, 4, list_reservation, { 0x5f, 5 } },
	{ 10, 5, 4, list_reservation, { 0x5f, 6 } },
	{ 10, 5, 4, list_reservation, { 0x5f, 6 } },
	{ 10, 5, 4, list_move, { 0x5f, 7 } },
};

/* They replace or reassign the whole medium; one in so many is enough */
static const struct good_command destructive[] = {
	{ 6, NONE, 0, { 0x04 } },
	{ 10, NONE, 0, { 0x48, 0x82 } },
	{ 10, NONE, 0, { 0x48, 0x83 } },
	{ 10, NONE, 0, { 0x48, 0x9f } },
};

static const struct good_list destructive_lists[] = {
	{ 6, 0, 0, list_format, { 0x04, 0x10 } },
	{ 6, 0, 0, list_reassign, { 0x07 } },
	{ 10, 7, 2, list_sanitize, { 0x48, 0x81 } },
};

static const struct good_command good_cdrom[] = {
	{ 10, IN, 512, { 0x42, 0x02, 0x40, 1, 0, 0, 0, 2, 0 } },
	{ 10, IN, 512, { 0x43, 0, 0, 0, 0, 0, 0, 2, 0 } },
	{ 10, IN, 512, { 0x43, 2, 0, 0, 0, 0, 0, 2, 0 } },
	{ 10, IN, 512, { 0x43, 0, 1, 0, 0, 0, 0, 2, 0 } },
	{ 10, IN, 512, { 0x43, 2, 2, 0, 0, 0, 0, 2, 0 } },
	{ 10, IN, 512, { 0x43, 0, 4, 0, 0, 0, 0, 2, 0 } },
	{ 10, IN, 512, { 0x46, 0, 0, 0, 0, 0, 0, 2, 0 } },
	{ 10, IN, 512, { 0x46, 2, 0, 1, 0, 0, 0, 2, 0 } },
	{ 10, IN, 8, { 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8 } },
	{ 10, IN, 34, { 0x51, 0, 0, 0, 0, 0, 0, 0, 34 } },
	{ 10, IN, 36, { 0x52, 1, 0, 0, 0, 1, 0, 0, 36 } },
	{ 12, IN, 512, { 0xad, 0, 0, 0, 0, 0, 0, 0, 2, 0 } },
	{ 12, NONE, 0, { 0xbb, 0, 0xff, 0xff, 0xff, 0xff } },
	{ 12, IN, 8, { 0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8 } },
	{ 12, IN, 2048, { 0xbe, 0, 0, 0, 0, 16, 0, 0, 1, 0x10 } },
	{ 12, IN, 2352, { 0xbe, 8, 0, 0, 0, 16, 0, 0, 1, 0xf8 } },
};

/* Operation codes that units have, so that not all ends at the first check */
static const __u8 opcodes[] = {
	0x00, 0x03, 0x04, 0x07, 0x08, 0x0a, 0x12, 0x15, 0x16, 0x17, 0x1a, 0x1b,
	0x1c, 0x1d, 0x1e, 0x25, 0x28, 0x2a, 0x2e, 0x2f, 0x34, 0x35, 0x37, 0x3b,
	0x3c, 0x41, 0x42, 0x43, 0x46, 0x48, 0x4a, 0x4c, 0x4d, 0x51, 0x52, 0x55,
	0x56, 0x57, 0x5a, 0x5e, 0x5f, 0x7f, 0x83, 0x84, 0x88, 0x89, 0x8a, 0x8b,
	0x8e, 0x8f, 0x90, 0x91, 0x93, 0x9c, 0x9e, 0x9f, 0xa0, 0xa3, 0xa4, 0xa8,
	0xaa, 0xad, 0xae, 0xaf, 0xb7, 0xbb, 0xbd, 0xbe,
};

static __u8 rnd_cdb_len(__u8 opcode)
{
	static const __u8 by_group[] = { 6, 10, 10, 32, 16, 12, 16, 16 };

	/* One in eight has the wrong length */
	if (!rnd_below(8))
		return 6 + rnd_below(MAX_CDB - 5);
	return by_group[opcode >> 5];
}

static void change(__u8 *p, unsigned int len)
{
	int changes = rnd_below(2) ? rnd_below(4) : 0;

	while (len && changes--)
		p[rnd_below(len)] = rnd_byte();
}

static const struct good_command *rnd_good(void)
{
	if (units[0].type == TYPE_CDROM && rnd_below(2))
		return &good_cdrom[rnd_below(ARRAY_SIZE(good_cdrom))];
	if (!rnd_below(64))
		return &destructive[rnd_below(ARRAY_SIZE(destructive))];
	return &good[rnd_below(ARRAY_SIZE(good))];
}

static void make_mutant(struct fuzz_cmd *cmd)
{
	const struct good_command *g = rnd_good();

	memcpy(cmd->cdb, g->cdb, sizeof(g->cdb));
	cmd->cdb_len = g->cdb_len;
	cmd->dir = g->dir;
	cmd->len = g->data_len;
	if (g->data_len >= 512)
		cmd->len = g->data_len / 512 * units[0].block_size;
	change(cmd->cdb + 1, cmd->cdb_len - 1);
	if ((!rnd_below(8) && cmd->dir != NONE) || cmd->len > MAX_DATA)
		cmd->len = rnd_len();
	if (cmd->dir == OUT)
		fill(cmd->data, cmd->len);
}

static const struct good_list *rnd_list(void)
{
	if (!rnd_below(16))
		return &destructive_lists[rnd_below(ARRAY_SIZE(destructive_lists))];
	if (!rnd_below(6))
		return &reservation_lists[rnd_below(ARRAY_SIZE(reservation_lists))];
	return &good_lists[rnd_below(ARRAY_SIZE(good_lists))];
}

static __u8 rnd_reservation_type(void)
{
	static const __u8 types[] = { 1, 3, 5, 6, 7, 8 };

	return types[rnd_below(ARRAY_SIZE(types))];
}

static void make_list_mutant(struct fuzz_cmd *cmd)
{
	const struct good_list *g = rnd_list();

	memcpy(cmd->cdb, g->cdb, sizeof(g->cdb));
	if (cmd->cdb[0] == 0x5f)
		cmd->cdb[2] = rnd_reservation_type();
	cmd->cdb_len = g->cdb_len;
	cmd->dir = OUT;
	memset(cmd->data, 0, MAX_LIST);
	cmd->len = g->list(cmd->data);
	put(cmd->cdb + g->len_at, cmd->len, g->len_bytes);
	/* Most of the lists come with a good CDB, so that they are looked at */
	if (!rnd_below(3))
		change(cmd->cdb + 1, cmd->cdb_len - 1);
	change(cmd->data, cmd->len);
	if (!rnd_below(8))
		cmd->len = rnd_below(cmd->len + 64);
}

static void make_random(struct fuzz_cmd *cmd)
{
	static const int dirs[] = { NONE, OUT, IN, IN };
	int i;

	cmd->cdb[0] = rnd_below(4) ? opcodes[rnd_below(ARRAY_SIZE(opcodes))] : rnd();
	cmd->cdb_len = rnd_cdb_len(cmd->cdb[0]);
	for (i = 1; i < MAX_CDB; i++)
		cmd->cdb[i] = rnd_byte();
	/* Small block addresses are within the medium */
	if (rnd_below(2))
		memset(cmd->cdb + 2, 0, cmd->cdb_len > 10 ? 6 : 2);
	if (cmd->cdb[0] == VARIABLE_LENGTH && rnd_below(4)) {
		cmd->cdb[7] = cmd->cdb_len - 8;
		put16(cmd->cdb + 8, rnd_below(0x20));
		memset(cmd->cdb + 12, 0, 6);
	}
	cmd->dir = dirs[rnd_below(ARRAY_SIZE(dirs))];
	cmd->len = cmd->dir == NONE ? 0 : rnd_len();
	if (cmd->dir == OUT)
		fill(cmd->data, cmd->len);
}

/*
 * Some commands leave the unit in a state in which it refuses most others, or all of
 * other nexuses: RELEASE ends a RESERVE.
 */
static const __u8 revivers[][10] = {
	{ 0x17 },
	{ 0x1e },
	{ 0x1b, 0, 0, 0, 3 },
	{ 0x1b, 0, 0, 0, 1 },
	{ 0x55, 0x10, 0, 0, 0, 0, 0, 0, 20 },
};

static void make_reviver(struct fuzz_cmd *cmd, unsigned int which)
{
	memcpy(cmd->cdb, revivers[which], sizeof(revivers[which]));
	cmd->cdb_len = 6;
	if (cmd->cdb[0] != 0x55)
		return;
	cmd->cdb_len = 10;
	cmd->dir = OUT;
	cmd->len = 20;
	memset(cmd->data, 0, 8);
	memcpy(cmd->data + 8, units[0].control_page, 12);
}

/*
 * Everybody can register, and who is registered can end a persistent reservation:
 * REGISTER AND IGNORE EXISTING KEY, CLEAR.
 */
#define CLEAR_LIST_LEN	24

static const __u8 clear_reservations[][10] = {
	{ 0x5f, 6, 0, 0, 0, 0, 0, 0, CLEAR_LIST_LEN },
	{ 0x5f, 3, 0, 0, 0, 0, 0, 0, CLEAR_LIST_LEN },
};

/* The parameter list of both */
static void put_clear_list(__u8 *p)
{
	memset(p, 0, CLEAR_LIST_LEN);
	put64(p, LIST_KEY);
	put64(p + 8, LIST_KEY);
}

static void make_clear(struct fuzz_cmd *cmd, unsigned int which)
{
	memcpy(cmd->cdb, clear_reservations[which], sizeof(clear_reservations[which]));
	cmd->cdb_len = 10;
	cmd->dir = OUT;
	cmd->len = CLEAR_LIST_LEN;
	put_clear_list(cmd->data);
}

/* An ACA condition has all others refused until it ends, so a few have to be enough */
static void make_naca_rare(struct fuzz_cmd *cmd)
{
	__u8 *control = cmd->cdb + (cmd->cdb[0] == VARIABLE_LENGTH ? 1 : cmd->cdb_len - 1);

	if (rnd_below(32))
		*control &= ~NACA;
}

/* The second one is a multiple of the first */
#define REVIVE_PERIOD	32
#define CLEAR_PERIOD	128

static void make_any(struct fuzz_cmd *cmd, __u64 n)
{
	const unsigned int nr_revivers = ARRAY_SIZE(revivers);

	cmd->dir = NONE;
	if (n % REVIVE_PERIOD < nr_revivers)
		make_reviver(cmd, n % REVIVE_PERIOD);
	else if (n % CLEAR_PERIOD < nr_revivers + ARRAY_SIZE(clear_reservations))
		make_clear(cmd, n % CLEAR_PERIOD - nr_revivers);
	else if (!rnd_below(3))
		make_list_mutant(cmd);
	else if (rnd_below(2))
		make_mutant(cmd);
	else
		make_random(cmd);
}

/* FORMAT UNIT and SANITIZE have others refused for as long as hundreds of these take */
static int is_long(const struct fuzz_cmd *cmd)
{
	return cmd->cdb[0] == 0x04 || cmd->cdb[0] == 0x48;
}

static void make_command(struct fuzz_cmd *cmd, __u64 n)
{
	do {
		make_any(cmd, n);
	} while (is_long(cmd) && rnd_below(32));
	if (!cmd->len)
		cmd->dir = NONE;
	make_naca_rare(cmd);
}

#endif /* FUZZ_CMD_H */
