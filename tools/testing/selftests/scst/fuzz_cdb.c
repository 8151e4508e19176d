// SPDX-License-Identifier: GPL-2.0-only
/*
 * Send random commands to a SCSI device: fuzz_cdb DEVICE SEED COUNT [FIRST]
 *
 * Half of them are good commands with a few bytes changed, the others random
 * bytes behind an operation code.
 *
 * A command depends on SEED and its number alone, so FIRST repeats a part of a
 * run.  What comes back is checked as far as it can be: the transfer stays in
 * its buffer, the residual is no larger than it, CHECK CONDITION has sense data
 * and no command times out.  What the device thinks of a command is its own
 * business.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <scsi/sg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_CDB		32
#define MAX_DATA	(256 * 1024)
#define GUARD		64
#define GUARD_BYTE	0xa5
#define TIMEOUT_MS	20000

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

/* Operation codes that a disk has, so that not all ends at the first check */
static const __u8 opcodes[] = {
	0x00, 0x03, 0x04, 0x08, 0x0a, 0x12, 0x15, 0x16, 0x17, 0x1a, 0x1b, 0x1d,
	0x1e, 0x25, 0x28, 0x2a, 0x2e, 0x2f, 0x34, 0x35, 0x3b, 0x3c, 0x41, 0x42,
	0x48, 0x4c, 0x4d, 0x55, 0x56, 0x57, 0x5a, 0x5e, 0x5f, 0x7f, 0x83, 0x84,
	0x88, 0x89, 0x8a, 0x8b, 0x8e, 0x8f, 0x90, 0x91, 0x93, 0x9c, 0x9e, 0x9f,
	0xa0, 0xa3, 0xa4, 0xa8, 0xaa, 0xae, 0xaf, 0xb7,
};

static const __u32 lengths[] = {
	0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 24, 36, 96, 252, 255, 256, 511, 512,
	513, 1024, 4095, 4096, 4097, 65536, MAX_DATA,
};

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

static __u8 cdb_len(__u8 opcode)
{
	static const __u8 by_group[] = { 6, 10, 10, 32, 16, 12, 16, 16 };

	/* One in eight has the wrong length */
	if (!rnd_below(8))
		return 6 + rnd_below(MAX_CDB - 5);
	return by_group[opcode >> 5];
}

static __u32 data_len(void)
{
	if (!rnd_below(8))
		return rnd_below(MAX_DATA + 1);
	return lengths[rnd_below(ARRAY_SIZE(lengths))];
}

static void fill(__u8 *buf, __u32 len)
{
	__u32 i, n = len < 512 ? len : 512;
	int kind = rnd_below(3);

	memset(buf, kind ? 0 : 0xff, len);
	for (i = 0; i < n; i++)
		if (kind != 1)
			buf[i] = rnd_byte();
		else if (!rnd_below(16))
			buf[i] = rnd();
}

#define NONE	SG_DXFER_NONE
#define OUT	SG_DXFER_TO_DEV
#define IN	SG_DXFER_FROM_DEV

/* Commands that a disk executes */
static const struct good_command {
	__u8 cdb_len;
	__s8 dir;
	__u32 data_len;
	__u8 cdb[16];
} good[] = {
	{ 6, NONE, 0, { 0x00 } },
	{ 6, IN, 252, { 0x03, 0, 0, 0, 252 } },
	{ 6, IN, 4096, { 0x08, 0, 0, 16, 8 } },
	{ 6, OUT, 4096, { 0x0a, 0, 0, 16, 8 } },
	{ 6, IN, 96, { 0x12, 0, 0, 0, 96 } },
	{ 6, IN, 252, { 0x12, 1, 0x83, 0, 252 } },
	{ 6, IN, 252, { 0x12, 1, 0xb0, 0, 252 } },
	{ 6, OUT, 24, { 0x15, 0x10, 0, 0, 24 } },
	{ 6, IN, 252, { 0x1a, 0, 0x3f, 0, 252 } },
	{ 6, NONE, 0, { 0x1b, 0, 0, 0, 1 } },
	{ 10, IN, 8, { 0x25 } },
	{ 10, IN, 65536, { 0x28, 0, 0, 0, 1, 0, 0, 0, 128 } },
	{ 10, OUT, 65536, { 0x2a, 0, 0, 0, 2, 0, 0, 0, 128 } },
	{ 10, OUT, 4096, { 0x2a, 8, 0, 0, 2, 0, 0, 0, 8 } },
	{ 10, OUT, 4096, { 0x2e, 0, 0, 0, 2, 0, 0, 0, 8 } },
	{ 10, NONE, 0, { 0x2f, 0, 0, 0, 2, 0, 0, 1, 0 } },
	{ 10, OUT, 512, { 0x2f, 2, 0, 0, 2, 0, 0, 0, 1 } },
	{ 10, NONE, 0, { 0x35 } },
	{ 10, OUT, 512, { 0x41, 0, 0, 0, 8, 0, 0, 0, 64 } },
	{ 10, OUT, 24, { 0x42, 0, 0, 0, 0, 0, 0, 0, 24 } },
	{ 10, OUT, 28, { 0x55, 0x10, 0, 0, 0, 0, 0, 0, 28 } },
	{ 10, IN, 512, { 0x5a, 0, 0x3f, 0xff, 0, 0, 0, 2, 0 } },
	{ 12, IN, 4096, { 0xa0, 0, 0, 0, 0, 0, 0, 0, 16, 0 } },
	{ 12, IN, 8192, { 0xa3, 0x0c, 0x80, 0, 0, 0, 0, 0, 32, 0 } },
	{ 12, IN, 512, { 0xa3, 0x0c, 1, 0x28, 0, 0, 0, 0, 2, 0 } },
	{ 12, IN, 16, { 0xa3, 0x0d, 0, 0, 0, 0, 0, 0, 0, 16 } },
	{ 12, IN, 4096, { 0xa8, 0, 0, 0, 1, 0, 0, 0, 0, 8 } },
	{ 12, OUT, 4096, { 0xaa, 0, 0, 0, 1, 0, 0, 0, 0, 8 } },
	{ 16, IN, 65536, { 0x88, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 128 } },
	{ 16, OUT, 65536, { 0x8a, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 128 } },
	{ 16, OUT, 512, { 0x8f, 2, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1 } },
	{ 16, NONE, 0, { 0x91 } },
	{ 16, OUT, 512, { 0x93, 8, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0 } },
	{ 16, IN, 32, { 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32 } },
};

static void make_mutant(struct sg_io_hdr *io, __u8 *cdb)
{
	const struct good_command *cmd = &good[rnd_below(ARRAY_SIZE(good))];
	int changes = rnd_below(4);

	memcpy(cdb, cmd->cdb, sizeof(cmd->cdb));
	io->cmd_len = cmd->cdb_len;
	io->dxfer_direction = cmd->dir;
	io->dxfer_len = cmd->data_len;
	while (changes--)
		cdb[1 + rnd_below(cmd->cdb_len - 1)] = rnd_byte();
	if (!rnd_below(8) && cmd->dir != NONE)
		io->dxfer_len = data_len();
}

static void make_random(struct sg_io_hdr *io, __u8 *cdb)
{
	static const int dirs[] = { NONE, OUT, IN, IN };
	int i;

	cdb[0] = rnd_below(4) ? opcodes[rnd_below(ARRAY_SIZE(opcodes))] : rnd();
	io->cmd_len = cdb_len(cdb[0]);
	for (i = 1; i < MAX_CDB; i++)
		cdb[i] = rnd_byte();
	/* Small block addresses are within the medium */
	if (rnd_below(2))
		memset(cdb + 2, 0, io->cmd_len > 10 ? 6 : 2);
	if (cdb[0] == 0x7f && rnd_below(4))
		cdb[7] = io->cmd_len - 8;
	io->dxfer_direction = dirs[rnd_below(ARRAY_SIZE(dirs))];
	io->dxfer_len = io->dxfer_direction == NONE ? 0 : data_len();
}

static void make_command(struct sg_io_hdr *io, __u8 *cdb, __u8 *data)
{
	if (rnd_below(2))
		make_mutant(io, cdb);
	else
		make_random(io, cdb);
	if (!io->dxfer_len)
		io->dxfer_direction = NONE;
	if (io->dxfer_direction == OUT)
		fill(data, io->dxfer_len);
}

static int bad(const struct sg_io_hdr *io, const __u8 *cdb, __u64 n,
	       const char *what)
{
	int i;

	printf("command %llu: %s; data %u bytes, direction %d; cdb",
	       (unsigned long long)n, what, io->dxfer_len, io->dxfer_direction);
	for (i = 0; i < io->cmd_len; i++)
		printf(" %02x", cdb[i]);
	printf("; status %x, host %x, driver %x, resid %d\n", io->status,
	       io->host_status, io->driver_status, io->resid);
	return 1;
}

static int check(const struct sg_io_hdr *io, const __u8 *cdb,
		 const __u8 *data, __u64 n)
{
	int i;

	for (i = 0; i < GUARD; i++)
		if (data[io->dxfer_len + i] != GUARD_BYTE)
			return bad(io, cdb, n, "wrote behind the buffer");
	if (io->resid < 0 || (unsigned int)io->resid > io->dxfer_len)
		return bad(io, cdb, n, "impossible residual");
	/* DID_NO_CONNECT, DID_BUS_BUSY, DID_TIME_OUT, ... */
	if (io->host_status)
		return bad(io, cdb, n, "the transport failed");
	if (io->status == 2 && io->sb_len_wr < 8)
		return bad(io, cdb, n, "no sense data");
	if (io->status == 2 && (io->sbp[0] & 0x7f) != 0x70 &&
	    (io->sbp[0] & 0x7f) != 0x72)
		return bad(io, cdb, n, "wrong sense format");
	return 0;
}

static int send_one(int fd, __u64 seed, __u64 n, __u8 *data,
		    unsigned long count[256])
{
	__u8 cdb[MAX_CDB] = { }, sense[64] = { };
	struct sg_io_hdr io = {
		.interface_id = 'S',
		.cmdp = cdb,
		.dxferp = data,
		.sbp = sense,
		.mx_sb_len = sizeof(sense),
		.timeout = TIMEOUT_MS,
	};

	rnd_init(seed, n);
	make_command(&io, cdb, data);
	memset(data + io.dxfer_len, GUARD_BYTE, GUARD);
	if (ioctl(fd, SG_IO, &io) < 0) {
		/* sg itself refuses it, or is out of memory for it */
		if (errno == EINVAL || errno == EMSGSIZE || errno == ENOMEM)
			return 0;
		perror("SG_IO");
		return bad(&io, cdb, n, "SG_IO failed");
	}
	count[io.status]++;
	return check(&io, cdb, data, n);
}

/* Whatever was sent, the unit can be made to work again: START, then TUR */
static int still_alive(int fd)
{
	__u8 cdb[6] = { 0x1b, 0, 0, 0, 1 }, sense[64];
	struct sg_io_hdr io = {
		.interface_id = 'S',
		.cmd_len = 6,
		.cmdp = cdb,
		.dxfer_direction = SG_DXFER_NONE,
		.sbp = sense,
		.mx_sb_len = sizeof(sense),
		.timeout = TIMEOUT_MS,
	};
	int i;

	for (i = 0; i < 10; i++) {
		cdb[0] = i & 1 ? 0x00 : 0x1b;
		cdb[4] = i & 1 ? 0 : 1;
		if (ioctl(fd, SG_IO, &io) < 0)
			return 0;
		if (!io.status && !io.host_status && (i & 1))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long count[256] = { };
	__u64 seed, n, first, end;
	__u8 *data;
	int fd, i;

	if (argc < 4) {
		fprintf(stderr, "usage: fuzz_cdb DEVICE SEED COUNT [FIRST]\n");
		return 2;
	}
	seed = strtoull(argv[2], NULL, 0);
	first = argc > 4 ? strtoull(argv[4], NULL, 0) : 0;
	end = first + strtoull(argv[3], NULL, 0);
	fd = open(argv[1], O_RDWR);
	if (fd < 0 && errno == EROFS)
		fd = open(argv[1], O_RDONLY);
	data = aligned_alloc(4096, MAX_DATA + 4096);
	if (fd < 0 || !data) {
		perror(argv[1]);
		return 2;
	}
	for (n = first; n < end; n++)
		if (send_one(fd, seed, n, data, count))
			return 1;
	for (i = 0; i < 256; i++)
		if (count[i])
			printf("status %02x: %lu commands\n", i, count[i]);
	if (!still_alive(fd)) {
		printf("the unit does not become ready any more\n");
		return 1;
	}
	return 0;
}
