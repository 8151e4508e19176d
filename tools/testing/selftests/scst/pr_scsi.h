/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of pr_cmd.c and pr_model.c: one at a time by SG_IO, and what it ended
 * with as one number.  An sg device has them sent once and as they are: it allows
 * no retries, and the mid-layer repeats none of a user for its sense data.
 */
#ifndef PR_SCSI_H
#define PR_SCSI_H

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <scsi/sg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define NONE	SG_DXFER_NONE
#define OUT	SG_DXFER_TO_DEV
#define IN	SG_DXFER_FROM_DEV

#define TIMEOUT_MS	120000

/* What a command ended with */
#define GOOD			0u
#define SENSE(key, asc, ascq)	((key) << 16 | (asc) << 8 | (ascq))
#define STATUS(status)		(1u << 24 | (status))
#define HOST(status)		(2u << 24 | (status))
#define GONE			(3u << 24)	/* there is no device any more */

#define CHECK_CONDITION		0x02
#define CONFLICT		STATUS(0x18)

static inline bool is_unit_attention(__u32 end)
{
	return end >> 16 == 6;
}

static inline void put(__u8 *p, __u64 v, unsigned int len)
{
	while (len--) {
		p[len] = v;
		v >>= 8;
	}
}

static inline __u64 get(const __u8 *p, unsigned int len)
{
	__u64 v = 0;

	while (len--)
		v = v << 8 | *p++;
	return v;
}

#define END_NAME_LEN	24

/* end_name - how the scripts and the messages call it; buf is the caller's */
static inline const char *end_name(__u32 end, char *buf)
{
	if (end == GOOD)
		return "good";
	if (end == CONFLICT)
		return "conflict";
	if (end == GONE)
		return "gone";
	if (end >> 24 == 2)
		sprintf(buf, "host %02x", end & 0xff);
	else if (end >> 24 == 1)
		sprintf(buf, "status %02x", end & 0xff);
	else
		sprintf(buf, "%x/%02x/%02x", end >> 16 & 0xf, end >> 8 & 0xff,
			end & 0xff);
	return buf;
}

/* sense_code - key, ASC and ASCQ of sense data in either format */
static inline __u32 sense_code(const __u8 *s)
{
	if ((s[0] & 0x7f) >= 0x72)
		return SENSE(s[1] & 0xf, s[2], s[3]);
	return SENSE(s[2] & 0xf, s[12], s[13]);
}

struct scsi_data {
	int dir;
	unsigned int len;
	__u8 *buf;
};

/* scsi_send - send a command; *got is set to how many bytes came back */
static inline __u32 scsi_send(int fd, const __u8 *cdb, unsigned int cdb_len,
			      const struct scsi_data *data, unsigned int *got)
{
	__u8 copy[32], sense[96] = { };
	struct sg_io_hdr io = {
		.interface_id = 'S',
		.cmd_len = cdb_len,
		.cmdp = copy,
		.dxfer_direction = data->len ? data->dir : NONE,
		.dxfer_len = data->len,
		.dxferp = data->len ? data->buf : NULL,
		.sbp = sense,
		.mx_sb_len = sizeof(sense),
		.timeout = TIMEOUT_MS,
	};

	memcpy(copy, cdb, cdb_len);
	*got = 0;
	if (ioctl(fd, SG_IO, &io) < 0) {
		if (errno == ENODEV || errno == ENXIO)
			return GONE;
		perror("SG_IO");
		exit(2);
	}
	if (io.host_status)
		return HOST(io.host_status);
	if (data->dir == IN)
		*got = data->len - io.resid;
	if (io.status != CHECK_CONDITION)
		return io.status ? STATUS(io.status) : GOOD;
	return io.sb_len_wr < 8 ? STATUS(CHECK_CONDITION) : sense_code(sense);
}

#endif /* PR_SCSI_H */
