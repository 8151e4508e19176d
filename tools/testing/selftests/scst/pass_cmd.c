// SPDX-License-Identifier: GPL-2.0-only
/*
 * Send commands and print all that they end with, or compare it for two ways to the
 * same unit:
 *
 *	pass_cmd [OPTION...] DEVICE CDB [in LEN | out LEN | out HEX]
 *	pass_cmd [-t SECONDS] -c DEVICE OTHER <FILE
 *
 *	-c	send each line of FILE, which has a CDB and what follows it above, by
 *		one device and then by the other; print those whose ends differ
 *	-f FILE	the data-in go to FILE, the data-out come from there
 *	-s N	the buffer begins N bytes behind the beginning of a page
 *	-t N	seconds that a command may take
 *
 * The end of a command is printed as one line of name=value: the status, that of the
 * host adapter, the residual, the sense data and the data-in, of which there is a
 * checksum when they are long.  What was not transferred is not looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <scsi/sg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_CDB		32
#define MAX_SENSE	96
#define MAX_DATA	(16 << 20)
#define PAGE		4096
#define MAX_PRINT	64
#define MAX_UAS		16

#define CHECK_CONDITION	0x02
#define RECOVERED_ERROR	0x01	/* sense keys */
#define UNIT_ATTENTION	0x06

struct command {
	uint8_t cdb[MAX_CDB];
	unsigned int cdb_len;
	int dir;
	unsigned int len;
	uint8_t *out;		/* what to send, or NULL: a pattern */
};

struct end {
	int error;		/* an errno: it was not sent */
	uint8_t status;
	uint16_t host;
	int resid;
	uint8_t sense[MAX_SENSE];
	unsigned int sense_len;
	uint8_t *data;
	unsigned int len;
};

static unsigned int timeout = 60;
static unsigned int shift;
static const char *file;
static uint8_t parameters[PAGE];

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static unsigned int from_hex(const char *text, uint8_t *p, unsigned int max)
{
	unsigned int len = 0, byte;

	while (*text && len < max && sscanf(text, "%2x", &byte) == 1) {
		p[len++] = byte;
		text += text[1] ? 2 : 1;
	}
	if (*text) {
		fprintf(stderr, "pass_cmd: '%s' is no hexadecimal data\n", text);
		exit(2);
	}
	return len;
}

/* parse - a command from its words; dir and data may be NULL */
static void parse(struct command *cmd, const char *cdb, const char *dir, const char *data)
{
	char *end;

	memset(cmd, 0, sizeof(*cmd));
	cmd->dir = SG_DXFER_NONE;
	cmd->cdb_len = from_hex(cdb, cmd->cdb, MAX_CDB);
	if (!dir)
		return;
	cmd->dir = strcmp(dir, "in") ? SG_DXFER_TO_DEV : SG_DXFER_FROM_DEV;
	/* A length is decimal and short, parameters have two digits for a byte. */
	cmd->len = data ? strtoul(data, &end, 10) : 0;
	if (data && (*end || strlen(data) >= 8)) {
		cmd->len = from_hex(data, parameters, sizeof(parameters));
		cmd->out = parameters;
	}
	if (!cmd->len || cmd->len > MAX_DATA) {
		fprintf(stderr, "pass_cmd: %s: no such length\n", cdb);
		exit(2);
	}
}

/* A buffer for the data, which does not look like data of anybody */
static uint8_t *get_buffer(const struct command *cmd, unsigned int seed)
{
	uint8_t *buf = NULL;
	unsigned int i;

	if (posix_memalign((void **)&buf, PAGE, MAX_DATA + PAGE))
		die("no memory");
	buf += shift;
	if (cmd->out) {
		memcpy(buf, cmd->out, cmd->len);
		return buf;
	}
	for (i = 0; i < cmd->len; i++)
		buf[i] = cmd->dir == SG_DXFER_TO_DEV ? i * 7 + (i >> 8) + seed : 0xa5;
	return buf;
}

static void put_buffer(uint8_t *buf)
{
	free(buf - shift);
}

static void send_command(int fd, const struct command *cmd, uint8_t *buf, struct end *end)
{
	uint8_t cdb[MAX_CDB];
	struct sg_io_hdr io = {
		.interface_id = 'S',
		.cmd_len = cmd->cdb_len,
		.cmdp = cdb,
		.dxfer_direction = cmd->dir,
		.dxfer_len = cmd->len,
		.dxferp = cmd->len ? buf : NULL,
		.sbp = end->sense,
		.mx_sb_len = MAX_SENSE,
		.timeout = timeout * 1000,
	};

	memcpy(cdb, cmd->cdb, MAX_CDB);
	memset(end, 0, sizeof(*end));
	if (ioctl(fd, SG_IO, &io) < 0) {
		end->error = errno;
		return;
	}
	end->status = io.status;
	end->host = io.host_status;
	end->resid = io.resid;
	end->sense_len = io.sb_len_wr;
	if (cmd->dir == SG_DXFER_FROM_DEV && io.resid >= 0 &&
	    (unsigned int)io.resid <= cmd->len) {
		end->data = buf;
		end->len = cmd->len - io.resid;
	}
}

static uint32_t checksum(const uint8_t *p, unsigned int len)
{
	uint32_t sum = 2166136261u;

	while (len--)
		sum = (sum ^ *p++) * 16777619u;
	return sum;
}

static void print_hex(const uint8_t *p, unsigned int len)
{
	while (len--)
		printf("%02x", *p++);
}

static void print_end(const struct end *end)
{
	if (end->error) {
		printf("error=%s\n", strerrorname_np(end->error));
		return;
	}
	printf("status=%02x host=%02x resid=%d sense=", end->status, end->host, end->resid);
	print_hex(end->sense, end->sense_len);
	printf(" data=");
	if (end->len > MAX_PRINT)
		printf("%u:%08x", end->len, checksum(end->data, end->len));
	else
		print_hex(end->data, end->len);
	putchar('\n');
}

static unsigned int sense_key(const struct end *end)
{
	if (end->status != CHECK_CONDITION || end->sense_len < 3)
		return 0;
	return ((end->sense[0] & 0x7f) >= 0x72 ? end->sense[1] : end->sense[2]) & 0xf;
}

/*
 * The data of a command that failed are not compared: not all that have none say so by
 * the residual.
 */
static bool same_end(const struct end *a, const struct end *b)
{
	if (a->error != b->error || a->status != b->status || a->host != b->host ||
	    a->resid != b->resid || a->sense_len != b->sense_len || a->len != b->len ||
	    memcmp(a->sense, b->sense, a->sense_len))
		return false;
	return !a->len || sense_key(a) > RECOVERED_ERROR || !memcmp(a->data, b->data, a->len);
}

/* Nothing is pending from what was sent before. */
static void clear_uas(int fd)
{
	struct command cmd = { .cdb_len = 6, .dir = SG_DXFER_NONE };
	struct end end;
	int i;

	for (i = 0; i < MAX_UAS; i++) {
		send_command(fd, &cmd, NULL, &end);
		if (sense_key(&end) != UNIT_ATTENTION)
			return;
	}
}

static int open_device(const char *name)
{
	int fd = open(name, O_RDWR | O_NONBLOCK);

	if (fd < 0)
		die(name);
	return fd;
}

static const char separators[] = { ' ', '\n', 0 };

static int compare(const char *name, const char *other)
{
	int a = open_device(name), b = open_device(other);
	unsigned int nr = 0, nr_differ = 0;
	char line[PAGE + 128], *word[3];
	struct command cmd;

	while (fgets(line, sizeof(line), stdin)) {
		struct end end_a, end_b;
		uint8_t *buf_a, *buf_b;
		int i;

		for (i = 0; i < 3; i++)
			word[i] = strtok(i ? NULL : line, separators);
		if (!word[0] || *word[0] == '#')
			continue;
		parse(&cmd, word[0], word[1], word[2]);
		buf_a = get_buffer(&cmd, nr);
		buf_b = get_buffer(&cmd, nr);
		nr++;
		clear_uas(a);
		clear_uas(b);
		send_command(a, &cmd, buf_a, &end_a);
		clear_uas(a);
		clear_uas(b);
		send_command(b, &cmd, buf_b, &end_b);
		if (!same_end(&end_a, &end_b)) {
			nr_differ++;
			printf("%s %s %s\n  ", word[0], word[1] ?: "", word[2] ?: "");
			print_end(&end_a);
			printf("  ");
			print_end(&end_b);
		}
		put_buffer(buf_a);
		put_buffer(buf_b);
	}
	printf("%u commands, %u differ\n", nr, nr_differ);
	return nr_differ || !nr;
}

static void read_file(uint8_t *buf, unsigned int len)
{
	FILE *f = fopen(file, "r");

	if (!f || fread(buf, 1, len, f) != len)
		die(file);
	fclose(f);
}

static void write_file(const struct end *end)
{
	FILE *f = fopen(file, "w");

	if (!f || fwrite(end->data, 1, end->len, f) != end->len || fclose(f))
		die(file);
}

static int send_one(const char *name, char **words, int nr)
{
	struct command cmd;
	struct end end;
	uint8_t *buf;

	parse(&cmd, words[0], nr > 1 ? words[1] : NULL, nr > 2 ? words[2] : NULL);
	buf = get_buffer(&cmd, 0);
	if (file && cmd.dir == SG_DXFER_TO_DEV)
		read_file(buf, cmd.len);
	send_command(open_device(name), &cmd, buf, &end);
	if (file && cmd.dir == SG_DXFER_FROM_DEV)
		write_file(&end);
	print_end(&end);
	return 0;
}

int main(int argc, char **argv)
{
	bool both = false;
	int c;

	while ((c = getopt(argc, argv, "cf:s:t:")) != -1) {
		switch (c) {
		case 'c':
			both = true;
			break;
		case 'f':
			file = optarg;
			break;
		case 's':
			shift = strtoul(optarg, NULL, 0) % PAGE;
			break;
		case 't':
			timeout = strtoul(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc < 2 || argc > 4 || (both && argc != 2)) {
		fputs("pass_cmd [OPTION...] DEVICE CDB [in LEN | out LEN | out HEX], or\n"
		      "pass_cmd -c DEVICE OTHER\n", stderr);
		return 2;
	}
	return both ? compare(argv[0], argv[1]) :
		      send_one(argv[0], argv + 1, argc - 1);
}
