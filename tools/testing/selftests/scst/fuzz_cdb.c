// SPDX-License-Identifier: GPL-2.0-only
/*
 * Send random commands to a SCSI device:
 *
 *   fuzz_cdb [-c LO:HI] [-p PEER]... [-r N] [-t N] DEVICE SEED COUNT [FIRST]
 *
 *   -c	blocks outside of LO to HI - 1 are not to be written
 *   -p	EXTENDED COPY has this device for a source and destination, too
 *   -r	a LUN RESET or a TARGET RESET about once in N commands
 *   -t	a time-out that is due at once for about one in N commands
 *
 * Most are good commands with a few bytes changed, also of the parameter list
 * if they have one; the others are random bytes behind an operation code.
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
#include "fuzz_cmd.h"
#include "fuzz_confine.h"

#define GUARD		64
#define GUARD_BYTE	0xa5
#define TIMEOUT_MS	120000
#define MAX_REFUSED	16

/* libc has a header of its own, which is older */
#ifndef SG_SCSI_RESET_TARGET
#define SG_SCSI_RESET_TARGET		4
#endif
#ifndef SG_SCSI_RESET_NO_ESCALATE
#define SG_SCSI_RESET_NO_ESCALATE	0x100
#endif

#define DID_NO_CONNECT	0x01
#define DID_RESET	0x08
#define ACA_ACTIVE		0x30
#define CHECK_CONDITION		0x02
#define RESERVATION_CONFLICT	0x18

/* ASC and ASCQ */
#define FORMAT_CORRUPTED	0x3100
#define SANITIZE_FAILED		0x3103

static unsigned int reset_period, timeout_period;
static unsigned long count[256], asc_count[1 << 16], resets, host_errors;

static int bad(const struct sg_io_hdr *io, __u64 n, const char *what)
{
	int i;

	printf("command %llu: %s; data %u bytes, direction %d; cdb",
	       (unsigned long long)n, what, io->dxfer_len, io->dxfer_direction);
	for (i = 0; i < io->cmd_len; i++)
		printf(" %02x", io->cmdp[i]);
	printf("; status %x, host %x, driver %x, resid %d\n", io->status,
	       io->host_status, io->driver_status, io->resid);
	return 1;
}

/*
 * A reset ends commands of all sessions, and another process may need one even
 * without -r; with time-outs the mid-layer ends commands in other ways, too.
 * DID_NO_CONNECT is never right: it is that of a unit that has been given up.
 */
static int host_status_ok(const struct sg_io_hdr *io)
{
	if (!io->host_status)
		return 1;
	host_errors++;
	if (io->host_status == DID_RESET)
		return 1;
	return (reset_period || timeout_period) &&
	       io->host_status != DID_NO_CONNECT;
}

static int check(const struct sg_io_hdr *io, const __u8 *data, __u64 n)
{
	int i;

	for (i = 0; i < GUARD; i++)
		if (data[io->dxfer_len + i] != GUARD_BYTE)
			return bad(io, n, "wrote behind the buffer");
	if (io->resid < 0 || (unsigned int)io->resid > io->dxfer_len)
		return bad(io, n, "impossible residual");
	if (!host_status_ok(io))
		return bad(io, n, "the transport failed");
	if (io->host_status || io->status != CHECK_CONDITION)
		return 0;
	if (io->sb_len_wr < 8)
		return bad(io, n, "no sense data");
	if ((io->sbp[0] & 0x7f) != 0x70 && (io->sbp[0] & 0x7f) != 0x72)
		return bad(io, n, "wrong sense format");
	return 0;
}

static void reset_unit(int fd, int level)
{
	int arg = level | SG_SCSI_RESET_NO_ESCALATE;

	/* Fails while there is another one, or none of this level */
	ioctl(fd, SG_SCSI_RESET, &arg);
	resets++;
}

/* ASC and ASCQ of the last plain_command(), or 0 */
static unsigned int last_asc;

static unsigned int asc_of(const __u8 *sense)
{
	return get(sense + ((sense[0] & 0x7f) >= 0x72 ? 2 : 12), 2);
}

/* One command without a surprise.  Returns its status, or less than 0. */
static int plain_command(int fd, const __u8 *cdb, unsigned int cdb_len, int dir,
			 void *data, unsigned int len)
{
	__u8 copy[16], sense[64] = { };
	struct sg_io_hdr io = {
		.interface_id = 'S',
		.cmd_len = cdb_len,
		.cmdp = copy,
		.dxfer_direction = dir,
		.dxfer_len = len,
		.dxferp = data,
		.sbp = sense,
		.mx_sb_len = sizeof(sense),
		.timeout = TIMEOUT_MS,
	};

	memcpy(copy, cdb, cdb_len);
	last_asc = 0;
	if (ioctl(fd, SG_IO, &io) < 0 || io.host_status)
		return -1;
	last_asc = asc_of(sense);
	return io.status;
}

static int simple_command(int fd, const __u8 *cdb, unsigned int cdb_len,
			  void *data, unsigned int len)
{
	return plain_command(fd, cdb, cdb_len, len ? IN : NONE, data, len);
}

/* Another nexus has the unit for itself.  A RESERVE of one that has ended stays. */
static void end_reservation(int fd)
{
	__u8 list[CLEAR_LIST_LEN];
	int status;

	put_clear_list(list);
	status = plain_command(fd, clear_reservations[0], 10, OUT, list, sizeof(list));
	if (status == RESERVATION_CONFLICT)
		reset_unit(fd, SG_SCSI_RESET_DEVICE);
	else if (!status)
		plain_command(fd, clear_reservations[1], 10, OUT, list, sizeof(list));
}

/*
 * FORMAT UNIT after one, SANITIZE after one, that did not come to its end.  Only task
 * management ends an ACA condition, sg has no ACA task attribute.
 */
static void make_ready(int fd, int status)
{
	static const __u8 format[6] = { 0x04 }, erase[10] = { 0x48, 0x02 };

	if (status == ACA_ACTIVE)
		reset_unit(fd, SG_SCSI_RESET_DEVICE);
	if (last_asc == FORMAT_CORRUPTED)
		status = simple_command(fd, format, 6, NULL, 0);
	else if (last_asc == SANITIZE_FAILED)
		status = simple_command(fd, erase, 10, NULL, 0);
	if (status == RESERVATION_CONFLICT)
		end_reservation(fd);
}

/* Nearly all commands are refused as long as this goes on: some are enough */
static void note_answer(int fd, const struct sg_io_hdr *io)
{
	static unsigned int refused;
	unsigned int asc = io->status == CHECK_CONDITION ? asc_of(io->sbp) : 0;

	count[io->status]++;
	asc_count[asc]++;
	if (io->status != ACA_ACTIVE && asc != FORMAT_CORRUPTED && asc != SANITIZE_FAILED)
		return;
	if (++refused < MAX_REFUSED)
		return;
	refused = 0;
	last_asc = asc;
	make_ready(fd, io->status);
}

static int send_one(int fd, __u64 seed, __u64 n, __u8 *data)
{
	struct fuzz_cmd cmd = { .data = data };
	__u8 sense[64] = { };
	struct sg_io_hdr io = {
		.interface_id = 'S',
		.sbp = sense,
		.mx_sb_len = sizeof(sense),
		.timeout = TIMEOUT_MS,
	};

	rnd_init(seed, n);
	if (timeout_period && !rnd_below(timeout_period))
		io.timeout = 1;
	if (reset_period && !rnd_below(reset_period))
		reset_unit(fd, rnd_below(2) ? SG_SCSI_RESET_DEVICE :
					      SG_SCSI_RESET_TARGET);
	make_command(&cmd, n);
	confine(&cmd);
	io.cmdp = cmd.cdb;
	io.cmd_len = cmd.cdb_len;
	io.dxferp = data;
	io.dxfer_len = cmd.len;
	io.dxfer_direction = cmd.dir;
	memset(data + cmd.len, GUARD_BYTE, GUARD);
	if (ioctl(fd, SG_IO, &io) < 0) {
		/* sg itself refuses it, or is out of memory for it */
		if (errno == EINVAL || errno == EMSGSIZE || errno == ENOMEM)
			return 0;
		perror("SG_IO");
		return bad(&io, n, "SG_IO failed");
	}
	note_answer(fd, &io);
	return check(&io, data, n);
}

/* Whatever was sent, the unit can be made to work again: START, then TUR */
static int still_alive(int fd)
{
	static const __u8 allow[6] = { 0x1e }, start[6] = { 0x1b, 0, 0, 0, 1 };
	static const __u8 load[6] = { 0x1b, 0, 0, 0, 3 };
	static const __u8 test_unit_ready[6] = { 0 };
	int i, status = 0;

	for (i = 0; i < 300; i++) {
		simple_command(fd, allow, 6, NULL, 0);
		/* A medium that is not removable can't be loaded */
		simple_command(fd, load, 6, NULL, 0);
		simple_command(fd, start, 6, NULL, 0);
		status = simple_command(fd, test_unit_ready, 6, NULL, 0);
		if (!status)
			return 1;
		make_ready(fd, status);
		/* What runs in the background ends some time */
		usleep(100000);
	}
	printf("TEST UNIT READY: status %02x, ASC and ASCQ %04x\n", status, last_asc);
	return 0;
}

/*
 * What the unit says of itself.  Other processes may have it stopped, reserved or
 * reset between any two commands.  The data of a command that failed are those
 * of an earlier one: sg does not clear its buffer.
 */
static void ask(int fd, const __u8 *cdb, unsigned int cdb_len, void *data,
		unsigned int len)
{
	int i, status;

	for (i = 0; i < 20; i++) {
		status = simple_command(fd, cdb, cdb_len, data, len);
		if (!status)
			return;
		if (status == RESERVATION_CONFLICT)
			end_reservation(fd);
		else if (!still_alive(fd))
			break;
	}
	memset(data, 0, len);
}

static void read_designator(int fd, struct fuzz_unit *unit)
{
	__u8 page[ID_PAGE_LEN];
	const __u8 *naa;

	ask(fd, inquiry_id_page, 6, page, sizeof(page));
	naa = find_naa(page);
	if (!naa)
		return;
	unit->designator_len = naa[3];
	memcpy(unit->designator, naa + 4, naa[3]);
}

/* Commands that fail, such as those for a drive without a disc, change nothing */
static int open_unit(const char *name)
{
	static const __u8 inquiry[6] = { 0x12, 0, 0, 0, 36 };
	static const __u8 capacity[10] = { 0x25 };
	static const __u8 sense[10] = { 0x5a, 8, 0x8a, 0, 0, 0, 0, 0, 20 };
	static const __u8 control[12] = { 0x0a, 0x0a };
	struct fuzz_unit *unit = &units[nr_units];
	__u8 data[36];
	int fd;

	if (nr_units == MAX_UNITS)
		return -1;
	fd = open(name, O_RDWR | O_NONBLOCK);
	if (fd < 0 && errno == EROFS)
		fd = open(name, O_RDONLY | O_NONBLOCK);
	if (fd < 0) {
		perror(name);
		return -1;
	}
	nr_units++;
	ask(fd, inquiry, 6, data, 36);
	unit->type = data[0] & 0x1f;
	ask(fd, capacity, 10, data, 8);
	unit->block_size = get(data + 4, 4) ?: 512;
	ask(fd, sense, 10, data, 20);
	memcpy(unit->control_page, data[8] == 0x0a ? data + 8 : control, 12);
	read_designator(fd, unit);
	return fd;
}

static int run(int fd, __u64 seed, __u64 first, __u64 end)
{
	__u8 *data = aligned_alloc(4096, MAX_DATA + 4096);
	__u64 n;
	int i;

	for (n = first; n < end; n++)
		if (send_one(fd, seed, n, data))
			return 1;
	for (i = 0; i < 256; i++)
		if (count[i])
			printf("status %02x: %lu commands\n", i, count[i]);
	for (i = 1; i < 1 << 16; i++)
		if (asc_count[i])
			printf("sense %04x: %lu commands\n", i, asc_count[i]);
	printf("%lu resets, %lu commands ended by the mid-layer\n", resets,
	       host_errors);
	if (still_alive(fd))
		return 0;
	printf("the unit does not become ready any more\n");
	return 1;
}

static int usage(void)
{
	fputs("fuzz_cdb [-c LO:HI] [-p PEER]... [-r N] [-t N] DEVICE SEED COUNT [FIRST]\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *peers[MAX_UNITS];
	unsigned int nr_peers = 0, i;
	__u64 first;
	char *end;
	int fd, c;

	while ((c = getopt(argc, argv, "c:p:r:t:")) != -1) {
		switch (c) {
		case 'c':
			confine_lo = strtoull(optarg, &end, 0);
			confine_hi = *end == ':' ? strtoull(end + 1, NULL, 0) : 0;
			if (confine_hi < confine_lo + 512)
				return usage();
			break;
		case 'p':
			if (nr_peers < MAX_UNITS)
				peers[nr_peers++] = optarg;
			break;
		case 'r':
			reset_period = atoi(optarg);
			break;
		case 't':
			timeout_period = atoi(optarg);
			break;
		default:
			return usage();
		}
	}
	if (argc - optind < 3)
		return usage();
	fd = open_unit(argv[optind]);
	if (fd < 0)
		return 2;
	for (i = 0; i < nr_peers; i++)
		if (open_unit(peers[i]) < 0)
			return 2;
	first = argc - optind > 3 ? strtoull(argv[optind + 3], NULL, 0) : 0;
	return run(fd, strtoull(argv[optind + 1], NULL, 0), first,
		   first + strtoull(argv[optind + 2], NULL, 0));
}
