// SPDX-License-Identifier: GPL-2.0-only
/*
 * Race atomic commands against overlapping reads and writes:
 * race_atomic MODE ROUNDS BLOCKS DEVICE...
 *
 * Each DEVICE is a path to the same logical unit, and has threads of its own.
 * The first BLOCKS blocks, which are written over, look like this: all blocks
 * that were written by one command have its stamp, but for those that a writer
 * wrote since: they have none.  A writer has a block for itself and counts what
 * it wrote there.  A block has a checksum.
 *
 * caw:    COMPARE AND WRITE gives all blocks as they were read a new stamp, and
 *	   keeps the writer's count.
 * atomic: WRITE ATOMIC gives all blocks a new stamp.
 * or:	   ORWRITE sets bits, each thread its own, in all blocks.
 * copy:   EXTENDED COPY copies as many blocks, from SOURCE on, to them.  The
 *	   writer of the first path gives all of those a new stamp at a time, that
 *	   of the second one does so where they are copied to.
 *
 * Meanwhile writers write their block and others read all blocks.  These are
 * errors: two stamps in what one command read; a bit that was set and is not
 * there; and that a writer, with caw, finds an older count than it wrote: COMPARE
 * AND WRITE has put back what it had read before.
 *
 * ROUNDS is the number of atomic commands of each path that take effect.
 *
 * pace:   no race, for measurements: ROUNDS times a second COMPARE AND WRITE of
 *	   zeros by zeros, until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <pthread.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "naa.h"

#define MAX_PATHS	8
#define MAX_BLOCKS	255
#define SOURCE		256	/* block */
#define TIMEOUT_MS	120000
#define MISCOMPARE	0x0e
#define UNIT_ATTENTION	0x06

enum mode { CAW, ATOMIC, OR, COPY, PACE };

/* What a block begins with, except with ORWRITE */
struct block {
	__u64 stamp;		/* of the command that wrote it, 0: a writer */
	__u64 count;		/* of its writer */
	__u64 sum;
};

struct path {
	const char *name;
	int fd;
	unsigned int nr;
	pthread_t changer, writer, reader;
	unsigned long done;	/* atomic commands that took effect */
	unsigned long tries;
	unsigned long reads;
	unsigned long writes;
};

static struct path paths[MAX_PATHS];
static unsigned int nr_paths;
static unsigned int nr_blocks;
static unsigned int block_size;
static __u8 naa[MAX_DESIGNATOR];	/* of the logical unit */
static __u8 naa_len;
static unsigned long rounds;
static enum mode mode;
static bool stop;
static bool failed;

static void error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	flockfile(stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	funlockfile(stderr);
	va_end(args);
	__atomic_store_n(&failed, true, __ATOMIC_RELAXED);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
}

static bool stopping(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* Returns the sense key, 0 when it succeeded, -1 for an error. */
static int submit(const struct path *path, const __u8 *cdb, int dir, void *buf,
		  __u32 len)
{
	__u8 sense[64] = { 0 };
	struct sg_io_hdr hdr = {
		.interface_id = 'S',
		.dxfer_direction = dir,
		.cmd_len = cdb[0] < 0x20 ? 6 : 16,
		.cmdp = (void *)cdb,
		.mx_sb_len = sizeof(sense),
		.sbp = sense,
		.dxfer_len = len,
		.dxferp = buf,
		.timeout = TIMEOUT_MS,
	};

	if (ioctl(path->fd, SG_IO, &hdr) < 0) {
		error("%s: SG_IO: %s", path->name, strerror(errno));
		return -1;
	}
	if (!hdr.status && !hdr.host_status && !hdr.driver_status)
		return 0;
	if (hdr.status == 2 && (sense[0] & 0x7f) >= 0x72)
		return sense[1] & 0xf;
	if (hdr.status == 2 && hdr.sb_len_wr > 2)
		return sense[2] & 0xf;
	error("%s: operation code %02x: status %02x host %04x driver %04x",
	      path->name, cdb[0], hdr.status, hdr.host_status,
	      hdr.driver_status);
	return -1;
}

static bool must(const struct path *path, const __u8 *cdb, int dir, void *buf,
		 __u32 len)
{
	int key;

	do {
		key = submit(path, cdb, dir, buf, len);
	} while (key == UNIT_ATTENTION);
	if (key > 0)
		error("%s: operation code %02x: sense key %x", path->name,
		      cdb[0], key);
	return !key;
}

static bool read_blocks(const struct path *path, void *buf)
{
	const __u8 cdb[16] = { 0x88, [13] = nr_blocks };

	return must(path, cdb, SG_DXFER_FROM_DEV, buf, nr_blocks * block_size);
}

static bool write_blocks(const struct path *path, unsigned int lba, void *buf,
			 unsigned int n)
{
	const __u8 cdb[16] = { 0x8a, [8] = lba >> 8, [9] = lba, [13] = n };

	return must(path, cdb, SG_DXFER_TO_DEV, buf, n * block_size);
}

static struct block *block_at(void *buf, unsigned int i)
{
	return buf + i * block_size;
}

static __u64 checksum(const struct block *b)
{
	return (b->stamp * 31 + b->count) * 0x9e3779b97f4a7c15ull + 1;
}

static void set_block(struct block *b, __u64 stamp, __u64 count)
{
	__u64 *p = (__u64 *)b, *end = (void *)b + block_size;

	b->stamp = stamp;
	b->count = count;
	b->sum = checksum(b);
	/* All of the block is different each time. */
	for (p += 3; p < end; p++)
		*p = b->sum;
}

static bool block_ok(const struct block *b)
{
	const __u64 *p = (const __u64 *)b, *end = (void *)b + block_size;

	for (p += 2; p < end; p++)
		if (*p != checksum(b))
			return false;
	return true;
}

static bool check_blocks(const struct path *path, void *buf)
{
	__u64 stamp = 0;
	unsigned int i;

	for (i = 0; i < nr_blocks; i++) {
		const struct block *b = block_at(buf, i);

		if (!block_ok(b)) {
			error("%s: block %u is torn", path->name, i);
			return false;
		}
		if (stamp && b->stamp && b->stamp != stamp) {
			error("%s: block %u has stamp %llx, one before it %llx",
			      path->name, i, b->stamp, stamp);
			return false;
		}
		if (b->stamp)
			stamp = b->stamp;
	}
	return true;
}

static __u64 new_stamp(const struct path *path)
{
	return (__u64)(path->nr + 1) << 48 | path->tries;
}

/* Returns 1 when it took effect, 0 when it is to be tried again. */
static int compare_and_write(struct path *path, void *buf)
{
	const __u8 cdb[16] = { 0x89, [13] = nr_blocks };
	void *new = buf + nr_blocks * block_size;
	unsigned int i;
	int key;

	if (!read_blocks(path, buf) || !check_blocks(path, buf))
		return -1;
	for (i = 0; i < nr_blocks; i++)
		set_block(block_at(new, i), new_stamp(path),
			  block_at(buf, i)->count);
	key = submit(path, cdb, SG_DXFER_TO_DEV, buf,
		     2 * nr_blocks * block_size);
	if (key == MISCOMPARE || key == UNIT_ATTENTION)
		return 0;
	if (key > 0)
		error("%s: COMPARE AND WRITE: sense key %x", path->name, key);
	return key ? -1 : 1;
}

static int write_atomic(struct path *path, void *buf)
{
	const __u8 cdb[16] = { 0x9c, [13] = nr_blocks };
	unsigned int i;

	for (i = 0; i < nr_blocks; i++)
		set_block(block_at(buf, i), new_stamp(path), 0);
	return must(path, cdb, SG_DXFER_TO_DEV, buf,
		    nr_blocks * block_size) ? 1 : -1;
}

static void set_bit(__u8 *block, unsigned long bit)
{
	block[bit / 8] |= 1 << bit % 8;
}

/* All that this path has set so far has to be there, in each block. */
static int orwrite(struct path *path, void *buf)
{
	const __u8 cdb[16] = { 0x8b, [13] = nr_blocks };
	unsigned long nr_bits = block_size * 8 / nr_paths;
	unsigned long first = path->nr * nr_bits, bit, i;
	unsigned long nr_set = path->done % nr_bits + 1;

	memset(buf, 0, nr_blocks * block_size);
	for (i = 0; i < nr_blocks; i++)
		set_bit(buf + i * block_size, first + nr_set - 1);
	if (!must(path, cdb, SG_DXFER_TO_DEV, buf, nr_blocks * block_size) ||
	    !read_blocks(path, buf))
		return -1;
	if (path->done >= nr_bits)
		nr_set = nr_bits;
	for (i = 0; i < nr_blocks; i++) {
		const __u8 *block = buf + i * block_size;

		for (bit = first; bit < first + nr_set; bit++) {
			if (block[bit / 8] & 1 << bit % 8)
				continue;
			error("%s: block %lu: bit %lu is lost", path->name, i,
			      bit);
			return -1;
		}
	}
	return 1;
}

static int extended_copy(struct path *path)
{
	__u8 list[16 + 32 + 28] = { 0, 0x18, 0, 32, [11] = 28 };
	const __u8 cdb[16] = { 0x83, [13] = sizeof(list) };
	__u8 *unit = list + 16, *segment = unit + 32;

	/* SPC-6: identification descriptor CSCD descriptor, in binary, NAA */
	unit[0] = 0xe4;
	unit[4] = 1;
	unit[5] = 3;
	unit[7] = naa_len;
	memcpy(unit + 8, naa, naa_len);
	unit[30] = block_size >> 8;
	unit[31] = block_size;
	/* From block device to block device */
	segment[0] = 0x02;
	segment[3] = 24;
	segment[11] = nr_blocks;
	segment[18] = SOURCE >> 8;
	segment[19] = SOURCE & 0xff;
	return must(path, cdb, SG_DXFER_TO_DEV, list, sizeof(list)) ? 1 : -1;
}

static bool change(struct path *path)
{
	void *buf = aligned_alloc(4096, 2 * MAX_BLOCKS * 4096);
	int ret;

	path->tries++;
	if (mode == CAW)
		ret = compare_and_write(path, buf);
	else if (mode == ATOMIC)
		ret = write_atomic(path, buf);
	else if (mode == COPY)
		ret = extended_copy(path);
	else
		ret = orwrite(path, buf);
	free(buf);
	if (ret < 0)
		return false;
	__atomic_fetch_add(&path->done, ret, __ATOMIC_RELAXED);
	return true;
}

static void *run_changer(void *arg)
{
	struct path *path = arg;

	while (path->done < rounds && !stopping() && change(path))
		;
	return NULL;
}

static void *run_reader(void *arg)
{
	struct path *path = arg;
	void *buf = aligned_alloc(4096, MAX_BLOCKS * 4096);

	while (!stopping() && read_blocks(path, buf) &&
	       (mode == OR || check_blocks(path, buf)))
		path->reads++;
	free(buf);
	return NULL;
}

static unsigned long total_done(void)
{
	unsigned long sum = 0;
	unsigned int i;

	for (i = 0; i < nr_paths; i++)
		sum += __atomic_load_n(&paths[i].done, __ATOMIC_RELAXED);
	return sum;
}

/* COMPARE AND WRITE has to have a chance. */
static void wait_for_change(unsigned long *done)
{
	while (total_done() == *done && !stopping())
		usleep(1000);
	*done = total_done();
}

/* The others write blocks without a stamp. */
static void *run_range_writer(void *arg)
{
	struct path *path = arg;
	void *buf = aligned_alloc(4096, MAX_BLOCKS * 4096);
	unsigned int lba = path->nr ? 0 : SOURCE, i;
	unsigned long done = 0;

	while (!stopping()) {
		path->writes++;
		for (i = 0; i < nr_blocks; i++)
			set_block(block_at(buf, i), (__u64)(path->nr + 1) << 48 |
				  path->writes, 0);
		if (!write_blocks(path, lba, buf, nr_blocks))
			break;
		wait_for_change(&done);
	}
	free(buf);
	return NULL;
}

static void *run_writer(void *arg)
{
	struct path *path = arg;
	void *all = aligned_alloc(4096, MAX_BLOCKS * 4096);
	void *buf = aligned_alloc(4096, 4096);
	unsigned int lba = path->nr * nr_blocks / nr_paths;
	const struct block *b = block_at(all, lba);
	unsigned long done = 0;

	while (!stopping()) {
		set_block(buf, 0, ++path->writes);
		if (!write_blocks(path, lba, buf, 1) || !read_blocks(path, all))
			break;
		if (mode == CAW && b->count != path->writes)
			error("%s: block %u: count %llu instead of %lu is back",
			      path->name, lba, b->count, path->writes);
		wait_for_change(&done);
	}
	free(all);
	free(buf);
	return NULL;
}

static bool read_naa(const struct path *path)
{
	__u8 page[ID_PAGE_LEN] = { };
	const __u8 *d;

	if (!must(path, inquiry_id_page, SG_DXFER_FROM_DEV, page, sizeof(page)))
		return false;
	d = find_naa(page);
	if (!d) {
		error("%s: no NAA designator", path->name);
		return false;
	}
	naa_len = d[3];
	memcpy(naa, d + 4, naa_len);
	return true;
}

static bool open_path(const char *name)
{
	static const __u8 cdb[16] = { 0x9e, 0x10, [13] = 32 };
	struct path *path = &paths[nr_paths];
	__u8 buf[32];

	path->name = name;
	path->nr = nr_paths++;
	path->fd = open(name, O_RDWR);
	if (path->fd < 0) {
		error("%s: %s", name, strerror(errno));
		return false;
	}
	if (!must(path, cdb, SG_DXFER_FROM_DEV, buf, sizeof(buf)))
		return false;
	block_size = buf[8] << 24 | buf[9] << 16 | buf[10] << 8 | buf[11];
	return block_size <= 4096 && read_naa(path);
}

/* Everything is zero, or has no stamp yet. */
static bool init_blocks(void)
{
	void *buf = aligned_alloc(4096, MAX_BLOCKS * 4096);
	unsigned int i;
	bool ok;

	memset(buf, 0, MAX_BLOCKS * 4096);
	for (i = 0; mode != OR && i < nr_blocks; i++)
		set_block(block_at(buf, i), 0, 0);
	ok = write_blocks(&paths[0], 0, buf, nr_blocks) &&
	     write_blocks(&paths[0], SOURCE, buf, nr_blocks);
	free(buf);
	return ok;
}

static void pace(void)
{
	const __u8 cdb[16] = { 0x89, [13] = nr_blocks };
	void *buf = aligned_alloc(4096, 2 * MAX_BLOCKS * 4096);

	memset(buf, 0, 2 * MAX_BLOCKS * 4096);
	while (must(&paths[0], cdb, SG_DXFER_TO_DEV, buf,
		    2 * nr_blocks * block_size))
		usleep(1000000 / rounds);
	free(buf);
}

static void start(pthread_t *thread, void *(*fn)(void *), struct path *path)
{
	if (pthread_create(thread, NULL, fn, path)) {
		perror("pthread_create");
		exit(1);
	}
}

static void race(void)
{
	struct path *path, *end = paths + nr_paths;

	/*
	 * Before the first atomic command nothing keeps a READ from seeing half of a
	 * WRITE: only then is there something to be checked.
	 */
	if (!change(paths))
		return;
	for (path = paths; path < end; path++) {
		start(&path->changer, run_changer, path);
		start(&path->reader, run_reader, path);
		if (mode == COPY && path->nr < 2)
			start(&path->writer, run_range_writer, path);
		else if (mode != OR)
			start(&path->writer, run_writer, path);
	}
	for (path = paths; path < end; path++)
		pthread_join(path->changer, NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (path = paths; path < end; path++) {
		pthread_join(path->reader, NULL);
		if (mode != OR)
			pthread_join(path->writer, NULL);
		printf("%s: %lu of %lu took effect, %lu reads, %lu writes\n",
		       path->name, path->done, path->tries, path->reads,
		       path->writes);
	}
}

int main(int argc, char **argv)
{
	static const char *const modes[] = { "caw", "atomic", "or", "copy", "pace" };
	int i;

	if (argc < 5 || argc > 4 + MAX_PATHS) {
		fprintf(stderr, "usage: %s MODE ROUNDS BLOCKS DEVICE...\n",
			argv[0]);
		return 2;
	}
	while (mode <= PACE && strcmp(argv[1], modes[mode]))
		mode++;
	rounds = strtoul(argv[2], NULL, 0);
	nr_blocks = strtoul(argv[3], NULL, 0);
	if (mode > PACE || !rounds || !nr_blocks || nr_blocks > MAX_BLOCKS)
		return 2;
	/* Each writer has a block for itself. */
	if (nr_blocks < (unsigned int)argc - 4)
		return 2;
	for (i = 4; i < argc; i++)
		if (!open_path(argv[i]))
			return 1;
	if (mode == PACE)
		pace();
	else if (init_blocks())
		race();
	return failed;
}
