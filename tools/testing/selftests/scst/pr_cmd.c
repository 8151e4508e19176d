// SPDX-License-Identifier: GPL-2.0-only
/*
 * Send one command and print what it ended with:
 *
 *	pr_cmd [-i LEN | -o DATA] [-g] DEVICE CDB
 *	pr_cmd -w BLOCK DEVICE
 *
 *	-i	it has so many bytes of data-in at most, which are printed on a second
 *		line
 *	-o	its data-out
 *	-g	again and again, until the device is gone: print "begun" when one was good,
 *		and how many were at the end
 *	-w	write a block, other data each time, until one write is not good: print
 *		how many were, and what the last one ended with
 *
 * CDB and DATA are hexadecimal, as is what is printed.  An end is "good", "conflict",
 * sense key, ASC and ASCQ as in 5/26/00, "status XX", or "host XX" when it was the
 * transport that failed.
 */
#include "pr_scsi.h"

#define MAX_DATA	65536
#define BLOCK_SIZE	512

static __u8 buf[MAX_DATA];

static unsigned int from_hex(const char *text, __u8 *p, unsigned int max)
{
	unsigned int len = 0, byte;

	while (*text && len < max && sscanf(text, "%2x", &byte) == 1) {
		p[len++] = byte;
		text += 2;
	}
	if (*text) {
		fprintf(stderr, "pr_cmd: '%s' is no hexadecimal data\n", text);
		exit(2);
	}
	return len;
}

static void print_end(__u32 end)
{
	char name[END_NAME_LEN];

	puts(end_name(end, name));
}

static void send_once(int fd, const __u8 *cdb, unsigned int cdb_len,
		      const struct scsi_data *data)
{
	unsigned int got, i;

	print_end(scsi_send(fd, cdb, cdb_len, data, &got));
	for (i = 0; i < got; i++)
		printf("%02x", data->buf[i]);
	if (got)
		putchar('\n');
}

/* A session that ends has no answer for its commands; what has gone wrong before? */
static void send_until_gone(int fd, const __u8 *cdb, unsigned int cdb_len,
			    const struct scsi_data *data)
{
	unsigned int got;
	char name[END_NAME_LEN];
	unsigned long good = 0;
	__u32 end, last = GOOD;

	do {
		end = scsi_send(fd, cdb, cdb_len, data, &got);
		if (end == GOOD)
			good++;
		else if (end != GONE && end >> 24 != 2)
			last = end;
		if (end == GOOD && good == 1) {
			puts("begun");
			fflush(stdout);
		}
	} while (end != GONE && end >> 24 != 2);
	printf("%lu good, last %s", good, end_name(last, name));
	printf(", then %s\n", end_name(end, name));
}

static void write_until_refused(int fd, __u32 block)
{
	struct scsi_data data = { OUT, BLOCK_SIZE, buf };
	__u8 cdb[10] = { 0x2a, [8] = 1 };
	char name[END_NAME_LEN];
	unsigned int got;
	__u64 n = 0;
	__u32 end;

	put(cdb + 2, block, 4);
	for (;;) {
		put(buf, n + 1, 8);
		put(buf + 8, getpid(), 8);
		end = scsi_send(fd, cdb, sizeof(cdb), &data, &got);
		if (end != GOOD)
			break;
		n++;
	}
	printf("%llu writes, then %s\n", (unsigned long long)n,
	       end_name(end, name));
}

static int usage(void)
{
	fputs("pr_cmd [-i LEN | -o DATA] [-g] DEVICE CDB, or pr_cmd -w BLOCK DEVICE\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct scsi_data data = { NONE, 0, buf };
	unsigned int cdb_len;
	bool again = false;
	long block = -1;
	__u8 cdb[32];
	int fd, c;

	while ((c = getopt(argc, argv, "gi:o:w:")) != -1) {
		switch (c) {
		case 'g':
			again = true;
			break;
		case 'i':
			data.dir = IN;
			data.len = strtoul(optarg, NULL, 0);
			break;
		case 'o':
			data.dir = OUT;
			data.len = from_hex(optarg, buf, sizeof(buf));
			break;
		case 'w':
			block = strtol(optarg, NULL, 0);
			break;
		default:
			return usage();
		}
	}
	if (argc - optind != (block < 0 ? 2 : 1) || data.len > sizeof(buf))
		return usage();
	fd = open(argv[optind], O_RDWR | O_NONBLOCK);
	if (fd < 0 && again && (errno == ENOENT || errno == ENXIO || errno == ENODEV)) {
		/* It was faster than this program. */
		puts("0");
		return 0;
	}
	if (fd < 0) {
		perror(argv[optind]);
		return 2;
	}
	if (block >= 0) {
		write_until_refused(fd, block);
		return 0;
	}
	cdb_len = from_hex(argv[optind + 1], cdb, sizeof(cdb));
	if (again)
		send_until_gone(fd, cdb, cdb_len, &data);
	else
		send_once(fd, cdb, cdb_len, &data);
	return 0;
}
