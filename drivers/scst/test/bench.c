// SPDX-License-Identifier: GPL-2.0
/*
 * What things cost, without a program that does them.  The file bench of a nexus takes
 * one of these lines; reading the same open file returns the nanoseconds for each.
 *
 * "cache LENGTH COUNT DEPTH": DEPTH data buffers are allocated from the core, then
 * freed, until it was COUNT.
 * "pages LENGTH COUNT DEPTH": as if they were made of single pages of the page
 * allocator's bulk interface each time, to see which is better.
 * "read LENGTH COUNT LUN": one READ (10) after the other, of blocks of 512 bytes.
 */

#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>
#include <scsi/scsi_proto.h>
#include "test.h"

#define BENCH_MAX_DEPTH		32
#define BENCH_MAX_COUNT		1000000
#define BENCH_BULK		32
#define BENCH_TIMEOUT		(30 * HZ)
/* Unit attentions that a nexus may have */
#define BENCH_MAX_REFUSED	16

/**
 * struct bench - an open file
 * @ts: I_T nexus
 * @ns: result
 */
struct bench {
	struct test_sess *ts;
	u64 ns;
};

static void *bench_get(struct test_sess *ts, u32 len)
{
	struct scst_sgv *sgv = scst_sgv_alloc(&ts->sess->sgv_owner, len,
					      GFP_KERNEL);

	return IS_ERR(sgv) ? NULL : sgv;
}

static void bench_put(void *buf)
{
	scst_sgv_free(buf);
}

static void bench_put_pages(void *buf)
{
	struct sg_table *table = buf;
	struct scatterlist *sg;
	unsigned int i;

	if (!table)
		return;
	for_each_sgtable_sg(table, sg, i)
		if (sg_page(sg))
			__free_page(sg_page(sg));
	sg_free_table(table);
	kfree(table);
}

static int bench_fill_table(struct sg_table *table)
{
	struct scatterlist *sg = table->sgl;
	unsigned int left = table->nents, i, nr;
	struct page *pages[BENCH_BULK];

	while (left) {
		memset(pages, 0, sizeof(pages));
		nr = alloc_pages_bulk_array(GFP_KERNEL, min(left, BENCH_BULK),
					    pages);
		if (!nr)
			return -ENOMEM;
		for (i = 0; i < nr; i++, sg = sg_next(sg))
			sg_set_page(sg, pages[i], PAGE_SIZE, 0);
		left -= nr;
	}
	return 0;
}

static void *bench_get_pages(struct test_sess *ts, u32 len)
{
	struct sg_table *table = kmalloc(sizeof(*table), GFP_KERNEL);

	if (!table)
		return NULL;
	if (sg_alloc_table(table, DIV_ROUND_UP(len, PAGE_SIZE), GFP_KERNEL)) {
		kfree(table);
		return NULL;
	}
	if (bench_fill_table(table)) {
		bench_put_pages(table);
		return NULL;
	}
	return table;
}

static int bench_buffers(struct bench *bench, void *(*get)(struct test_sess *, u32),
			 void (*put)(void *), u32 len, u32 count, u32 depth)
{
	void *bufs[BENCH_MAX_DEPTH];
	u64 start = ktime_get_ns();
	bool failed = false;
	u32 done, i;

	if (!depth || depth > BENCH_MAX_DEPTH)
		return -EINVAL;
	for (done = 0; done < count && !failed; done += depth) {
		for (i = 0; i < depth; i++) {
			bufs[i] = get(bench->ts, len);
			failed |= !bufs[i];
		}
		for (i = 0; i < depth; i++)
			put(bufs[i]);
		cond_resched();
	}
	bench->ns = div_u64(ktime_get_ns() - start, done);
	return failed ? -ENOMEM : 0;
}

static int bench_cache(struct bench *bench, u32 len, u32 count, u32 depth)
{
	return bench_buffers(bench, bench_get, bench_put, len, count, depth);
}

static int bench_pages(struct bench *bench, u32 len, u32 count, u32 depth)
{
	return bench_buffers(bench, bench_get_pages, bench_put_pages, len, count, depth);
}

/* Send a command and wait for its end: its status, or a negative errno */
static int bench_cmd(struct test_sess *ts, const struct test_params *p)
{
	struct test_req *req = test_submit(ts, p);
	long ret;

	if (IS_ERR(req))
		return PTR_ERR(req);
	ret = wait_event_killable_timeout(test_waitq, test_req_ended(req), BENCH_TIMEOUT);
	if (ret > 0)
		ret = req->status;
	else if (!ret)
		ret = -ETIMEDOUT;
	test_req_put(req);
	return ret;
}

static int bench_read(struct bench *bench, u32 len, u32 count, u32 lun)
{
	struct test_params p = {
		.lun	 = lun,
		.cdb	 = { READ_10 },
		.cdb_len = 10,
		.dir	 = SCST_DATA_READ,
		.len	 = len,
	};
	int refused = 0, ret;
	u64 start;
	u32 i;

	if (len >> TEST_BLOCK_SHIFT > U16_MAX)
		return -EINVAL;
	put_unaligned_be16(len >> TEST_BLOCK_SHIFT, p.cdb + 7);
	/* What is measured has no unit attention before it, and caches that are warm. */
	do
		ret = bench_cmd(bench->ts, &p);
	while (ret == SAM_STAT_CHECK_CONDITION && ++refused < BENCH_MAX_REFUSED);

	start = ktime_get_ns();
	for (i = 0; i < count && !ret; i++) {
		ret = bench_cmd(bench->ts, &p);
		cond_resched();
	}
	if (ret)
		return ret < 0 ? ret : -EIO;
	bench->ns = div_u64(ktime_get_ns() - start, count);
	return 0;
}

static const struct bench_way {
	const char *name;
	int (*run)(struct bench *bench, u32 len, u32 count, u32 arg);
} bench_ways[] = {
	{ "cache", bench_cache },
	{ "pages", bench_pages },
	{ "read", bench_read },
};

static ssize_t bench_file_write(struct file *file, const char __user *buf,
				size_t count, loff_t *pos)
{
	struct bench *bench = file->private_data;
	u32 len, nr, arg, i;
	char line[64] = { };
	char name[8];

	if (count >= sizeof(line) || copy_from_user(line, buf, count))
		return -EINVAL;
	if (sscanf(line, "%7s %u %u %u", name, &len, &nr, &arg) != 4 ||
	    !len || len > TEST_MAX_DATA || !nr || nr > BENCH_MAX_COUNT)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(bench_ways); i++)
		if (!strcmp(bench_ways[i].name, name))
			return bench_ways[i].run(bench, len, nr, arg) ?: count;
	return -EINVAL;
}

static ssize_t bench_file_read(struct file *file, char __user *buf, size_t count,
			       loff_t *pos)
{
	struct bench *bench = file->private_data;
	loff_t start = 0;
	char line[24];
	int len;

	len = scnprintf(line, sizeof(line), "%llu\n", bench->ns);
	return simple_read_from_buffer(buf, count, &start, line, len);
}

static int bench_file_open(struct inode *inode, struct file *file)
{
	struct bench *bench = kzalloc(sizeof(*bench), GFP_KERNEL);

	if (!bench)
		return -ENOMEM;
	bench->ts = inode->i_private;
	file->private_data = bench;
	return 0;
}

static int bench_file_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

/* The file is gone before the nexus is: see sess_close(). */
const struct file_operations test_bench_fops = {
	.owner	 = THIS_MODULE,
	.open	 = bench_file_open,
	.release = bench_file_release,
	.read	 = bench_file_read,
	.write	 = bench_file_write,
	.llseek	 = noop_llseek,
};
