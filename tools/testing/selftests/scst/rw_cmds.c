// SPDX-License-Identifier: GPL-2.0-only
/*
 * Send each command of the READ and WRITE family, at its limits and beyond, and
 * check status, sense data with INFORMATION and field pointer, and residual:
 * rw_cmds DEVICE [nodata]
 *
 * nodata: what was written cannot be read back.
 *
 * The unit is thin provisioned, or not, as READ CAPACITY(16) says, and has the
 * limits that VPD page B0h says.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_DATA	(4U << 20)
#define TIMEOUT_MS	120000

/* What a command ended with */
#define GOOD		0
#define BAD_CDB		0x52400		/* INVALID FIELD IN CDB */
#define BAD_OPCODE	0x52000
#define BAD_LBA		0x52100		/* LBA OUT OF RANGE */
#define BAD_DATA	0x50e03		/* INVALID FIELD IN COMMAND IU */
#define MISCOMPARE	0xe1d00
#define UNIT_ATTENTION	0x60000

/* How much data there is for each block, and in all */
enum data {
	NONE,			/* none: PRE-FETCH, SYNCHRONIZE CACHE */
	IN,			/* each block to the initiator */
	OUT,			/* each block from the initiator */
	OUT_TWICE,		/* twice as much */
	OUT_ONE,		/* one block for all */
	VERIFY,			/* none, unless BYTCHK says so */
};

/* Bits of the flags byte */
#define DPO		0x10
#define FUA		0x08
#define IMMED		0x02

struct row {
	const char *name;
	__u8 cdb[32];		/* without LBA, length and flags */
	__u8 cdb_len;
	__u8 flags_at;		/* 0: it has no flags */
	__u8 lba_at, lba_len;
	__u8 len_at, len_len;
	enum data data;
	__u8 flags;		/* that may be set */
	bool zero_is_256;
	bool zero_is_all;	/* WSNZ=0 */
	bool only_if_atomic;
};

#define VARLEN(sa)	{ 0x7f, [7] = 0x18, [9] = sa }

static const struct row rows[] = {
	{ "READ(6)", { 0x08 }, 6, 0, 1, 3, 4, 1,
	  .data = IN, .zero_is_256 = true },
	{ "READ(10)", { 0x28 }, 10, 1, 2, 4, 7, 2,
	  .data = IN, .flags = DPO | FUA },
	{ "READ(12)", { 0xa8 }, 12, 1, 2, 4, 6, 4,
	  .data = IN, .flags = DPO | FUA },
	{ "READ(16)", { 0x88 }, 16, 1, 2, 8, 10, 4,
	  .data = IN, .flags = DPO | FUA },
	{ "READ(32)", VARLEN(0x09), 32, 10, 12, 8, 28, 4,
	  .data = IN, .flags = DPO | FUA },
	{ "WRITE(6)", { 0x0a }, 6, 0, 1, 3, 4, 1,
	  .data = OUT, .zero_is_256 = true },
	{ "WRITE(10)", { 0x2a }, 10, 1, 2, 4, 7, 2,
	  .data = OUT, .flags = DPO | FUA },
	{ "WRITE(12)", { 0xaa }, 12, 1, 2, 4, 6, 4,
	  .data = OUT, .flags = DPO | FUA },
	{ "WRITE(16)", { 0x8a }, 16, 1, 2, 8, 10, 4,
	  .data = OUT, .flags = DPO | FUA },
	{ "WRITE(32)", VARLEN(0x0b), 32, 10, 12, 8, 28, 4,
	  .data = OUT, .flags = DPO | FUA },
	{ "WRITE AND VERIFY(10)", { 0x2e }, 10, 1, 2, 4, 7, 2,
	  .data = OUT, .flags = DPO | 2 },
	{ "WRITE AND VERIFY(12)", { 0xae }, 12, 1, 2, 4, 6, 4,
	  .data = OUT, .flags = DPO | 2 },
	{ "WRITE AND VERIFY(16)", { 0x8e }, 16, 1, 2, 8, 10, 4,
	  .data = OUT, .flags = DPO | 2 },
	{ "WRITE AND VERIFY(32)", VARLEN(0x0c), 32, 10, 12, 8, 28, 4,
	  .data = OUT, .flags = DPO | 2 },
	{ "VERIFY(10)", { 0x2f }, 10, 1, 2, 4, 7, 2,
	  .data = VERIFY, .flags = DPO },
	{ "VERIFY(12)", { 0xaf }, 12, 1, 2, 4, 6, 4,
	  .data = VERIFY, .flags = DPO },
	{ "VERIFY(16)", { 0x8f }, 16, 1, 2, 8, 10, 4,
	  .data = VERIFY, .flags = DPO },
	{ "VERIFY(32)", VARLEN(0x0a), 32, 10, 12, 8, 28, 4,
	  .data = VERIFY, .flags = DPO },
	{ "WRITE SAME(10)", { 0x41 }, 10, 1, 2, 4, 7, 2,
	  .data = OUT_ONE, .zero_is_all = true },
	{ "WRITE SAME(16)", { 0x93 }, 16, 1, 2, 8, 10, 4,
	  .data = OUT_ONE, .zero_is_all = true },
	{ "WRITE SAME(32)", VARLEN(0x0d), 32, 10, 12, 8, 28, 4,
	  .data = OUT_ONE, .zero_is_all = true },
	{ "COMPARE AND WRITE", { 0x89 }, 16, 1, 2, 8, 13, 1,
	  .data = OUT_TWICE, .flags = DPO | FUA },
	{ "ORWRITE(16)", { 0x8b }, 16, 1, 2, 8, 10, 4,
	  .data = OUT, .flags = DPO | FUA },
	{ "WRITE ATOMIC(16)", { 0x9c }, 16, 1, 2, 8, 12, 2,
	  .data = OUT, .flags = DPO | FUA, .only_if_atomic = true },
	{ "PRE-FETCH(10)", { 0x34 }, 10, 0, 2, 4, 7, 2,
	  .data = NONE },
	{ "PRE-FETCH(16)", { 0x90 }, 16, 0, 2, 8, 10, 4,
	  .data = NONE },
	{ "SYNCHRONIZE CACHE(10)", { 0x35 }, 10, 0, 2, 4, 7, 2,
	  .data = NONE },
	{ "SYNCHRONIZE CACHE(16)", { 0x91 }, 16, 0, 2, 8, 10, 4,
	  .data = NONE },
};

static int fd;
static unsigned int nr_errors, nr_checks;
static bool nodata;

/* Of the unit */
static __u64 capacity;
static __u32 block_size;
static bool thin;
static __u8 vpd_b0[64];

/* One command */
static struct {
	const struct row *row;
	char what[80];
	__u8 cdb[32];
	unsigned int cdb_len;
	int dir;
	__u32 data_len;
	/* and what came of it */
	__u32 result;
	__u8 sense[64];
	__s32 resid;
} cmd;

static __u8 *buf;

static __u64 get(const __u8 *p, unsigned int len)
{
	__u64 v = 0;

	while (len--)
		v = v << 8 | *p++;
	return v;
}

static void put(__u8 *p, unsigned int len, __u64 v)
{
	while (len--) {
		p[len] = v;
		v >>= 8;
	}
}

static void error(const char *fmt, ...)
{
	unsigned int i;
	va_list args;

	printf("%s: %s: ", cmd.row ? cmd.row->name : "", cmd.what);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("; CDB");
	for (i = 0; i < cmd.cdb_len; i++)
		printf(" %02x", cmd.cdb[i]);
	printf(", %u bytes\n", cmd.data_len);
	nr_errors++;
}

static void submit_once(void)
{
	struct sg_io_hdr hdr = {
		.interface_id = 'S',
		.dxfer_direction = cmd.data_len ? cmd.dir : SG_DXFER_NONE,
		.cmd_len = cmd.cdb_len,
		.cmdp = cmd.cdb,
		.mx_sb_len = sizeof(cmd.sense),
		.sbp = cmd.sense,
		.dxfer_len = cmd.data_len,
		.dxferp = cmd.data_len ? buf : NULL,
		.timeout = TIMEOUT_MS,
	};
	const __u8 *s = cmd.sense;

	memset(cmd.sense, 0, sizeof(cmd.sense));
	if (ioctl(fd, SG_IO, &hdr) < 0) {
		error("SG_IO: %s", strerror(errno));
		exit(1);
	}
	cmd.resid = hdr.resid;
	if (hdr.host_status) {
		error("host status %x", hdr.host_status);
		cmd.result = ~0U;
	} else if (hdr.status != 2) {
		cmd.result = hdr.status;
	} else if ((s[0] & 0x7f) >= 0x72) {
		cmd.result = (s[1] & 0xf) << 16 | s[2] << 8 | s[3];
	} else {
		cmd.result = (s[2] & 0xf) << 16 | s[12] << 8 | s[13];
	}
}

static void submit(void)
{
	do {
		submit_once();
	} while ((cmd.result & 0xff0000) == UNIT_ATTENTION);
}

/* A sense data descriptor, or NULL */
static const __u8 *descriptor(__u8 type)
{
	unsigned int at = 8, end = 8 + cmd.sense[7];

	while (at + 2 <= end && at + 2 <= sizeof(cmd.sense)) {
		if (cmd.sense[at] == type)
			return cmd.sense + at;
		at += 2 + cmd.sense[at + 1];
	}
	return NULL;
}

static bool is_desc(void)
{
	return (cmd.sense[0] & 0x7f) >= 0x72;
}

static void expect(__u32 want)
{
	nr_checks++;
	if (cmd.result != want)
		error("expected %x, got %x", want, cmd.result);
}

static void expect_info(__u64 want)
{
	const __u8 *d;

	if (!is_desc()) {
		/* No room for more: VALID=0 */
		if (want > 0xffffffff && !(cmd.sense[0] & 0x80))
			return;
		if (!(cmd.sense[0] & 0x80) || get(cmd.sense + 3, 4) != want)
			error("INFORMATION is %llx, valid %u, expected %llx",
			      get(cmd.sense + 3, 4), cmd.sense[0] >> 7, want);
		return;
	}
	d = descriptor(0);
	if (!d || !(d[2] & 0x80) || get(d + 4, 8) != want)
		error("INFORMATION descriptor is %llx, expected %llx",
		      d ? get(d + 4, 8) : 0, want);
}

/* Bit 8 is none in particular. */
static void expect_field(unsigned int byte, unsigned int bit)
{
	const __u8 *d = is_desc() ? descriptor(2) : cmd.sense + 11;
	__u8 want = 0xc0 | (bit < 8 ? 8 | bit : 0);

	expect(BAD_CDB);
	if (!d || (d[4] & 0xcf) != want || get(d + 5, 2) != byte)
		error("field pointer is %02x %02x %02x, expected byte %u bit %u",
		      d ? d[4] : 0, d ? d[5] : 0, d ? d[6] : 0, byte, bit);
}

static void expect_resid(__s32 want)
{
	if (cmd.resid != want)
		error("residual %d, expected %d", cmd.resid, want);
}

static __u64 max_of(unsigned int len)
{
	return len == 8 ? ~0ULL : (1ULL << len * 8) - 1;
}

static __u64 max_lba(const struct row *row)
{
	return row->lba_len == 3 ? 0x1fffff : max_of(row->lba_len);
}

static bool has_data(const struct row *row)
{
	return row->data != NONE && row->data != VERIFY;
}

static __u32 data_len(const struct row *row, __u32 n)
{
	switch (row->data) {
	case IN:
	case OUT:
		return n * block_size;
	case OUT_TWICE:
		return 2 * n * block_size;
	case OUT_ONE:
		return block_size;
	default:
		return 0;
	}
}

/* A command as it should be; the caller changes it and submits it. */
static void make(const struct row *row, __u64 lba, __u32 n, const char *what)
{
	memset(&cmd, 0, sizeof(cmd));
	cmd.row = row;
	snprintf(cmd.what, sizeof(cmd.what), "%s", what);
	memcpy(cmd.cdb, row->cdb, row->cdb_len);
	cmd.cdb_len = row->cdb_len;
	put(cmd.cdb + row->lba_at, row->lba_len, lba);
	put(cmd.cdb + row->len_at, row->len_len, n);
	cmd.dir = row->data == IN ? SG_DXFER_FROM_DEV : SG_DXFER_TO_DEV;
	cmd.data_len = data_len(row, n);
	if (cmd.data_len > MAX_DATA)
		cmd.data_len = MAX_DATA;
	memset(buf, 0, cmd.data_len);
}

static void zero(const struct row *row, __u64 lba, __u32 n)
{
	static const struct row write = {
		"WRITE(16)", { 0x8a }, 16, 1, 2, 8, 10, 4, .data = OUT,
	};

	make(&write, lba, n, "zeros");
	submit();
	expect(GOOD);
	cmd.row = row;
}

/* ------------------------------------------------------------------------
 * What each row is checked for
 */

static void check_ranges(const struct row *row)
{
	__u64 last = capacity - 1, max = max_lba(row);

	make(row, 0, 1, "first block");
	submit();
	expect(GOOD);
	if (last <= max) {
		zero(row, last - 1, 2);
		make(row, last, 1, "last block");
		submit();
		expect(GOOD);
		make(row, last, 2, "last block and one more");
		submit();
		expect(BAD_LBA);
		expect_info(capacity);
	} else {
		make(row, max, 1, "highest LBA of the CDB");
		submit();
		expect(GOOD);
	}
	if (capacity < max) {
		make(row, capacity, 1, "behind the last block");
		submit();
		expect(BAD_LBA);
		expect_info(capacity);
		make(row, max, 1, "highest LBA");
		submit();
		expect(BAD_LBA);
		expect_info(max);
	}
}

static void check_no_blocks(const struct row *row)
{
	if (row->zero_is_256) {
		make(row, 0, 0, "no blocks are 256");
		cmd.data_len = 256 * block_size;
		memset(buf, 0, cmd.data_len);
		submit();
		expect(GOOD);
		expect_resid(0);
		return;
	}
	if (row->zero_is_all) {
		make(row, 0, 0, "no blocks are all");
		submit();
		if (get(vpd_b0 + 36, 8) < capacity)
			expect_field(row->len_at, 8);
		else
			expect(GOOD);
		if (capacity >= max_lba(row))
			return;
		make(row, capacity - 1, 0, "no blocks are the last");
		submit();
		expect(GOOD);
		make(row, capacity, 0, "no blocks from the end on");
		submit();
		expect(BAD_LBA);
		return;
	}
	make(row, 0, 0, "no blocks");
	submit();
	expect(GOOD);
	if (capacity < max_lba(row)) {
		make(row, capacity, 0, "no blocks from the end on");
		submit();
		expect(GOOD);
		make(row, capacity + 1, 0, "no blocks behind the end");
		submit();
		expect(BAD_LBA);
		expect_info(capacity + 1);
	}
	if (has_data(row)) {
		make(row, 0, 0, "no blocks, but a buffer");
		cmd.data_len = block_size;
		submit();
		expect(GOOD);
		expect_resid(block_size);
	}
}

static void check_flags(const struct row *row)
{
	unsigned int bit;
	__u8 protect;

	for (bit = 0; bit < 5; bit++) {
		if (!(row->flags & 1 << bit))
			continue;
		make(row, 0, 1, "flag");
		cmd.cdb[row->flags_at] = 1 << bit;
		submit();
		expect(GOOD);
	}
	if (!row->flags_at)
		return;
	for (protect = 1; protect < 8; protect++) {
		make(row, 0, 1, "RDPROTECT or WRPROTECT");
		cmd.cdb[row->flags_at] = protect << 5;
		submit();
		expect_field(row->flags_at, 7);
	}
}

static void check_control(const struct row *row)
{
	unsigned int at = row->cdb[0] == 0x7f ? 1 : row->cdb_len - 1;

	make(row, 0, 1, "NACA");
	cmd.cdb[at] = 0x04;
	submit();
	expect(GOOD);
	/* LINK is obsolete since SAM-4. */
	make(row, 0, 1, "LINK");
	cmd.cdb[at] = 0x01;
	submit();
	expect_field(at, 0);
	make(row, 0, 1, "vendor specific control bits");
	cmd.cdb[at] = 0xc0;
	submit();
	expect_field(at, 7);
}

static void check_varlen(const struct row *row)
{
	if (row->cdb[0] != 0x7f)
		return;
	make(row, 0, 1, "ADDITIONAL CDB LENGTH");
	cmd.cdb[7] = 0x14;
	submit();
	expect_field(7, 8);
	make(row, 0, 1, "service action");
	cmd.cdb[8] = 0x77;
	submit();
	expect_field(8, 8);
}

/* A buffer that is not as long as the CDB says, or goes the other way */
static void check_buffer(const struct row *row)
{
	__u32 blocks = data_len(row, 4);

	if (!has_data(row))
		return;
	make(row, 0, 4, "longer buffer");
	cmd.data_len = blocks + 2 * block_size;
	memset(buf, 0, cmd.data_len);
	submit();
	if (row->data == OUT_ONE || row->data == OUT_TWICE) {
		expect(BAD_DATA);
	} else {
		expect(GOOD);
		expect_resid(2 * block_size);
	}

	make(row, 0, 4, "shorter buffer");
	cmd.data_len = blocks / 2;
	submit();
	expect(row->data == IN ? GOOD : BAD_DATA);
	if (row->data == IN)
		expect_resid(0);
	make(row, 0, 4, "buffer that ends in a block");
	cmd.data_len = blocks - 3;
	submit();
	expect(row->data == IN ? GOOD : BAD_DATA);

	make(row, 0, 4, "no buffer");
	cmd.data_len = 0;
	submit();
	expect(row->data == IN ? GOOD : BAD_DATA);
	make(row, 0, 4, "wrong direction");
	cmd.dir = row->data == IN ? SG_DXFER_TO_DEV : SG_DXFER_FROM_DEV;
	submit();
	expect(BAD_DATA);
}

/* MAXIMUM TRANSFER LENGTH holds for what is verified, too. */
static void check_limits(const struct row *row)
{
	__u32 max = get(vpd_b0 + 8, 4);

	if (row->data == NONE || row->data == OUT_ONE || row->data == OUT_TWICE ||
	    row->only_if_atomic || max >= max_of(row->len_len))
		return;
	if (row->data == VERIFY) {
		make(row, 0, max, "most blocks");
		submit();
		expect(GOOD);
	}
	if (row->data == OUT)
		return;
	make(row, 0, max + 1, "too many blocks");
	submit();
	expect_field(row->len_at, 8);
}

static void check_write_same(const struct row *row)
{
	__u64 max = get(vpd_b0 + 36, 8);

	if (row->data != OUT_ONE)
		return;
	if (max < max_of(row->len_len) && max < capacity) {
		make(row, 0, max + 1, "too many blocks");
		submit();
		expect_field(row->len_at, 8);
	}
	make(row, 0, 1, "ANCHOR");
	cmd.cdb[row->flags_at] = 0x10;
	submit();
	expect_field(row->flags_at, 4);
	make(row, 0, 8, "UNMAP");
	cmd.cdb[row->flags_at] = 0x08;
	submit();
	if (thin)
		expect(GOOD);
	else
		expect_field(row->flags_at, 3);
	if (row->cdb_len == 10)
		return;
	make(row, 0, 8, "NDOB");
	cmd.cdb[row->flags_at] = 0x01;
	cmd.data_len = 0;
	submit();
	expect(GOOD);
}

static void check_bytchk(const struct row *row)
{
	if (row->data != VERIFY)
		return;
	zero(row, 0, 8);
	make(row, 0, 8, "BYTCHK 01b");
	cmd.cdb[row->flags_at] = 0x02;
	cmd.data_len = 8 * block_size;
	memset(buf, 0, cmd.data_len);
	submit();
	expect(GOOD);
	if (!nodata) {
		snprintf(cmd.what, sizeof(cmd.what), "BYTCHK 01b, difference");
		buf[3 * block_size + 7] = 1;
		submit();
		expect(MISCOMPARE);
		expect_info(3 * block_size + 7);
	}
	make(row, 0, 8, "BYTCHK 11b");
	cmd.cdb[row->flags_at] = 0x06;
	cmd.data_len = block_size;
	memset(buf, 0, cmd.data_len);
	submit();
	expect(GOOD);
	if (!nodata) {
		snprintf(cmd.what, sizeof(cmd.what), "BYTCHK 11b, difference");
		buf[9] = 1;
		submit();
		expect(MISCOMPARE);
		expect_info(9);
	}
	make(row, 0, 1, "BYTCHK 10b");
	cmd.cdb[row->flags_at] = 0x04;
	submit();
	expect_field(row->flags_at, 2);
}

static void fill(__u8 *p, __u32 len, __u32 seed)
{
	while (len--) {
		seed = seed * 1664525 + 1013904223;
		*p++ = seed >> 24;
	}
}

/* What a row has written, each row that reads has to find. */
static void check_data(const struct row *row)
{
	__u32 n = 16, len = n * block_size, seed = row - rows + 1;
	__u8 *want = buf + MAX_DATA;
	const struct row *reader;

	if (row->data != OUT && row->data != OUT_TWICE)
		return;
	zero(row, 64, n);
	fill(want, len, seed);
	make(row, 64, n, "data");
	memcpy(buf + cmd.data_len - len, want, len);
	submit();
	expect(GOOD);
	for (reader = rows; reader->data == IN; reader++) {
		make(reader, 64, n, row->name);
		submit();
		expect(GOOD);
		expect_resid(0);
		if (memcmp(buf, want, len))
			error("other data");
	}
	cmd.row = row;
}

/* The most blocks that a page allows, and one more */
static void check_longest(const struct row *row, __u32 max)
{
	make(row, 0, max, "longest");
	submit();
	expect(GOOD);
	make(row, 0, max + 1, "too long");
	submit();
	expect_field(row->len_at, 8);
}

static void check_compare(const struct row *row)
{
	__u32 max = vpd_b0[5], n, i;

	if (row->data != OUT_TWICE)
		return;
	if (!max || max == 0xff)
		error("MAXIMUM COMPARE AND WRITE LENGTH is %u", max);
	for (n = 1; n <= max; n *= 2) {
		zero(row, 0, n);
		make(row, 0, n, "the same");
		submit();
		expect(GOOD);
		for (i = 0; i < n; i += n > 1 ? n - 1 : 1) {
			make(row, 0, n, "difference");
			buf[(i + 1) * block_size - 1] = 1;
			submit();
			expect(MISCOMPARE);
			expect_info((i + 1) * block_size - 1);
		}
	}
	zero(row, 0, max);
	check_longest(row, max);
}

/* Bits of one block are set, of another one, of none, of both in turn. */
static void check_or(const struct row *row)
{
	static const __u8 out[2][4] = {
		{ 0xf0, 0x00, 0x00, 0xf0 }, { 0x00, 0x0f, 0x00, 0x0f },
	};
	static const __u8 want[4] = { 0xf0, 0x0f, 0x00, 0xff };
	__u32 i, at;

	if (row->cdb[0] != 0x8b)
		return;
	zero(row, 64, 4);
	for (i = 0; i < 2; i++) {
		make(row, 64, 4, "bits");
		for (at = 0; at < cmd.data_len; at++)
			buf[at] = out[i][at / block_size];
		submit();
		expect(GOOD);
	}
	make(&rows[3], 64, 4, "after ORWRITE(16)");
	submit();
	for (at = 0; at < cmd.data_len; at++) {
		if (buf[at] == want[at / block_size])
			continue;
		error("byte %u is %02x", at, buf[at]);
		break;
	}
	cmd.row = row;
}

static void check_atomic(const struct row *row)
{
	__u32 max = get(vpd_b0 + 44, 4), align = get(vpd_b0 + 48, 4);
	__u32 gran = get(vpd_b0 + 52, 4);

	check_longest(row, max);
	make(row, 0, 1, "ATOMIC BOUNDARY");
	cmd.cdb[11] = 1;
	submit();
	expect_field(10, 8);
	if (gran > 1) {
		make(row, 0, gran + 1, "GRANULARITY");
		submit();
		expect_field(row->len_at, 8);
	}
	if (align > 1) {
		make(row, 1, gran, "ALIGNMENT");
		submit();
		expect_field(row->lba_at, 8);
	}
}

static void check_immed(const struct row *row)
{
	if (row->data != NONE)
		return;
	make(row, 0, 64, "IMMED");
	cmd.cdb[1] = IMMED;
	submit();
	expect(GOOD);
	make(row, 0, 0, "IMMED, to the end");
	cmd.cdb[1] = IMMED;
	submit();
	expect(GOOD);
}

static void check_row(const struct row *row)
{
	if (row->only_if_atomic) {
		if (!get(vpd_b0 + 44, 4)) {
			make(row, 0, 1, "not supported");
			submit();
			expect(BAD_OPCODE);
			return;
		}
		check_atomic(row);
		/* What follows is about single blocks. */
		if (get(vpd_b0 + 52, 4) > 1)
			return;
	}
	check_ranges(row);
	check_no_blocks(row);
	check_flags(row);
	check_control(row);
	check_varlen(row);
	check_buffer(row);
	check_limits(row);
	check_write_same(row);
	check_bytchk(row);
	check_immed(row);
	if (nodata)
		return;
	check_data(row);
	check_compare(row);
	check_or(row);
}

/* ------------------------------------------------------------------------ */

static void ask(const struct row *row, __u32 len)
{
	make(row, 0, 0, "about the unit");
	memcpy(cmd.cdb, row->cdb, row->cdb_len);
	cmd.dir = SG_DXFER_FROM_DEV;
	cmd.data_len = len;
	submit();
	if (cmd.result) {
		error("result %x", cmd.result);
		exit(1);
	}
}

static void get_unit(void)
{
	static const struct row capacity16 = {
		.name = "READ CAPACITY(16)", .cdb_len = 16,
		.cdb = { 0x9e, 0x10, [13] = 32 },
	};
	static const struct row block_limits = {
		.name = "Block limits", .cdb_len = 6,
		.cdb = { 0x12, 1, 0xb0, 0, 64 },
	};

	ask(&capacity16, 32);
	capacity = get(buf, 8) + 1;
	block_size = get(buf + 8, 4);
	thin = buf[14] & 0x80;
	ask(&block_limits, 64);
	memcpy(vpd_b0, buf, sizeof(vpd_b0));
}

int main(int argc, char **argv)
{
	const struct row *row;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: %s DEVICE [nodata]\n", argv[0]);
		return 2;
	}
	nodata = argc == 3;
	buf = aligned_alloc(4096, 2 * MAX_DATA);
	fd = open(argv[1], O_RDWR);
	if (!buf || fd < 0) {
		perror(argv[1]);
		return 1;
	}
	get_unit();
	for (row = rows; row < rows + ARRAY_SIZE(rows); row++)
		check_row(row);
	printf("%llu blocks of %u bytes: %u checks, %u errors\n", capacity,
	       block_size, nr_checks, nr_errors);
	return nr_errors != 0;
}
