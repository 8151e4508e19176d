// SPDX-License-Identifier: GPL-2.0-only
/*
 * EXTENDED COPY(LID1), word for word as a test wants it:
 *
 *	xcopy send DEVICE [-i ID] [-u USAGE] [-n] [-c UNIT]... [-s SEGMENT]...
 *		UNIT	[TYPE:]DEVICE[,pad]: the designator of this type (naa, t10,
 *			eui, name), or the first that fits into a descriptor
 *		SEGMENT	SRC,DST,BLOCKS,SRC_LBA,DST_LBA[,dc][,cat]: indices of -c,
 *			or 65535 for DEVICE itself
 *		-n	only print the parameter list, in hexadecimal
 *	xcopy list DEVICE FILE
 *		send what -n has printed: units are not asked for designators
 *
 * send prints "good", or sense key, ASC and ASCQ, and where the sense data says so
 * "field N", "segment N" and "source" or "destination" with the status and sense
 * that were forwarded.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define MAX_CSCDS	32
#define MAX_SEGMENTS	100
#define CSCD_LEN	32
#define SEGMENT_LEN	28
#define HEADER_LEN	16
#define MAX_LIST	(HEADER_LEN + MAX_CSCDS * CSCD_LEN + MAX_SEGMENTS * SEGMENT_LEN)
#define TIMEOUT_MS	300000

static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static void put64(uint8_t *p, uint64_t v)
{
	put32(p, v >> 32);
	put32(p + 4, v);
}

static unsigned int get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* --- Commands */

struct result {
	uint8_t status;
	uint8_t sense[96];
	int sense_len;
};

static void scsi_cmd(int fd, uint8_t *cdb, int cdb_len, int dir, void *buf,
		     unsigned int len, struct result *r)
{
	struct sg_io_hdr io = {
		.interface_id = 'S',
		.dxfer_direction = len ? dir : SG_DXFER_NONE,
		.cmd_len = cdb_len,
		.mx_sb_len = sizeof(r->sense),
		.dxfer_len = len,
		.dxferp = buf,
		.cmdp = cdb,
		.sbp = r->sense,
		.timeout = TIMEOUT_MS,
	};

	if (ioctl(fd, SG_IO, &io))
		die("SG_IO: %s", strerror(errno));
	if (io.host_status || (io.driver_status & ~0x08)) {
		printf("host status %#x\n", io.host_status);
		exit(1);
	}
	r->status = io.status;
	r->sense_len = io.sb_len_wr;
}

/* Unit attentions that are pending are not what a test is about. */
static int open_dev(const char *name)
{
	int fd = open(name, O_RDWR | O_NONBLOCK), i;
	uint8_t cdb[6] = { 0 };
	struct result r;

	if (fd < 0)
		fd = open(name, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		die("%s: %s", name, strerror(errno));
	for (i = 0; i < 8; i++) {
		scsi_cmd(fd, cdb, sizeof(cdb), SG_DXFER_NONE, NULL, 0, &r);
		if (r.status != 0x02 || (r.sense[2] & 0xf) != 0x06)
			break;
	}
	return fd;
}

/* Fixed format: what the copy manager adds is described in SPC-4 6.4.3 */
static void print_result(const struct result *r)
{
	const uint8_t *s = r->sense;
	int at;

	if (!r->status) {
		puts("good");
		return;
	}
	if (r->status != 0x02) {
		printf("status %02x\n", r->status);
		return;
	}
	printf("%x/%02x/%02x", s[2] & 0xf, s[12], s[13]);
	if (s[15] & 0x80)
		printf(" field %u", get16(s + 16));
	if ((s[2] & 0xf) == 0x0a)
		printf(" segment %u", get16(s + 10));
	for (at = 8; (s[2] & 0xf) == 0x0a && at <= 9; at++) {
		if (!s[at])
			continue;
		printf(" %s %02x", at == 8 ? "source" : "destination", s[s[at]]);
		if (s[s[at]] == 0x02)
			printf(" %x/%02x/%02x", s[s[at] + 3] & 0xf, s[s[at] + 13],
			       s[s[at] + 14]);
	}
	putchar('\n');
}

/* --- Parameter list */

struct list {
	unsigned int nr_cscds, nr_segments;
	uint8_t cscds[MAX_CSCDS][CSCD_LEN];
	uint8_t segments[MAX_SEGMENTS][SEGMENT_LEN];
};

static const char *const types[] = { "", "t10", "eui", "naa", "", "", "", "", "name" };

/* The first designator of the unit that fits, of a type if that is wanted */
static void find_designator(int fd, const char *type, uint8_t *desc)
{
	uint8_t cdb[6] = { 0x12, 1, 0x83, 0x03, 0xfc }, page[1020] = { 0 };
	unsigned int at, len, t;
	struct result r;

	scsi_cmd(fd, cdb, sizeof(cdb), SG_DXFER_FROM_DEV, page, sizeof(page), &r);
	if (r.status)
		die("no VPD page 83h");
	len = 4 + get16(page + 2);
	for (at = 4; at + 4 <= len; at += 4 + page[at + 3]) {
		t = page[at + 1] & 0xf;
		if ((page[at + 1] & 0x30) || page[at + 3] > 20)
			continue;
		if (*type && (t >= ARRAY_SIZE(types) ||
			      strcmp(types[t], type)))
			continue;
		desc[4] = page[at] & 0xf;
		desc[5] = page[at + 1] & 0x3f;
		desc[7] = page[at + 3];
		memcpy(desc + 8, page + at + 4, page[at + 3]);
		return;
	}
	die("no designator %s", type);
}

static unsigned int block_length(int fd)
{
	uint8_t cdb[10] = { 0x25 }, buf[8] = { 0 };
	struct result r;

	scsi_cmd(fd, cdb, sizeof(cdb), SG_DXFER_FROM_DEV, buf, sizeof(buf), &r);
	return r.status ? 0 : buf[5] << 16 | buf[6] << 8 | buf[7];
}

static unsigned int device_type(int fd)
{
	uint8_t cdb[6] = { 0x12, 0, 0, 0, 36 }, buf[36] = { 0 };
	struct result r;

	scsi_cmd(fd, cdb, sizeof(cdb), SG_DXFER_FROM_DEV, buf, sizeof(buf), &r);
	return buf[0] & 0x1f;
}

static void add_cscd(struct list *l, char *arg)
{
	uint8_t *desc = l->cscds[l->nr_cscds];
	char *name = strchr(arg, ':'), *option = strchr(arg, ',');
	unsigned int size;
	int fd;

	if (l->nr_cscds++ == MAX_CSCDS)
		die("too many -c");
	if (option)
		*option++ = '\0';
	if (name)
		*name++ = '\0';
	fd = open_dev(name ? name : arg);
	desc[0] = 0xe4;
	desc[1] = device_type(fd);
	find_designator(fd, name ? arg : "", desc);
	if (option && !strcmp(option, "pad"))
		desc[28] = 0x04;
	size = block_length(fd);
	desc[29] = size >> 16;
	put16(desc + 30, size);
	close(fd);
}

static void add_segment(struct list *l, char *arg)
{
	uint8_t *desc = l->segments[l->nr_segments];
	unsigned long long v[5];
	char *word;
	int i;

	if (l->nr_segments++ == MAX_SEGMENTS)
		die("too many -s");
	for (i = 0; i < 5; i++) {
		word = strsep(&arg, ",");
		if (!word)
			die("a segment has five numbers");
		v[i] = strtoull(word, NULL, 0);
	}
	desc[0] = 0x02;
	while ((word = strsep(&arg, ",")))
		desc[1] |= !strcmp(word, "dc") ? 0x02 : 0x01;
	put16(desc + 2, SEGMENT_LEN - 4);
	put16(desc + 4, v[0]);
	put16(desc + 6, v[1]);
	put16(desc + 10, v[2]);
	put64(desc + 12, v[3]);
	put64(desc + 20, v[4]);
}

static unsigned int build_list(const struct list *l, uint8_t id, uint8_t usage, uint8_t *buf)
{
	unsigned int cscds = l->nr_cscds * CSCD_LEN, segments = l->nr_segments * SEGMENT_LEN;

	memset(buf, 0, HEADER_LEN);
	buf[0] = id;
	buf[1] = usage << 3;
	put16(buf + 2, cscds);
	put32(buf + 8, segments);
	memcpy(buf + HEADER_LEN, l->cscds, cscds);
	memcpy(buf + HEADER_LEN + cscds, l->segments, segments);
	return HEADER_LEN + cscds + segments;
}

static void extended_copy(int fd, uint8_t *buf, unsigned int len, struct result *r)
{
	uint8_t cdb[16] = { 0x83 };

	put32(cdb + 10, len);
	scsi_cmd(fd, cdb, sizeof(cdb), SG_DXFER_TO_DEV, buf, len, r);
}

static int send_main(int argc, char **argv)
{
	static uint8_t buf[MAX_LIST];
	static struct list l;
	uint8_t id = 0, usage = 2;
	unsigned int len, i;
	int opt, dry = 0;
	struct result r;

	while ((opt = getopt(argc, argv, "i:u:nc:s:")) != -1) {
		switch (opt) {
		case 'i':
			id = strtoul(optarg, NULL, 0);
			break;
		case 'u':
			usage = strtoul(optarg, NULL, 0);
			break;
		case 'n':
			dry = 1;
			break;
		case 'c':
			add_cscd(&l, optarg);
			break;
		case 's':
			add_segment(&l, optarg);
			break;
		default:
			die("bad option");
		}
	}
	if (optind + 1 != argc)
		die("want one device");
	len = build_list(&l, id, usage, buf);
	if (dry) {
		for (i = 0; i < len; i++)
			printf("%02x%c", buf[i], i % 16 == 15 || i == len - 1 ? '\n' : ' ');
		return 0;
	}
	extended_copy(open_dev(argv[optind]), buf, len, &r);
	print_result(&r);
	return !!r.status;
}

static int list_main(const char *dev, const char *file)
{
	static uint8_t buf[MAX_LIST];
	unsigned int len = 0;
	struct result r;
	FILE *f;

	f = fopen(file, "r");
	if (!f)
		die("%s: no such file", file);
	while (len < sizeof(buf) && fscanf(f, "%2hhx", &buf[len]) == 1)
		len++;
	fclose(f);
	extended_copy(open_dev(dev), buf, len, &r);
	print_result(&r);
	return !!r.status;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "send"))
		return send_main(argc - 1, argv + 1);
	if (argc == 4 && !strcmp(argv[1], "list"))
		return list_main(argv[2], argv[3]);
	die("xcopy send DEVICE ...");
	return 2;
}
