// SPDX-License-Identifier: GPL-2.0
/*
 * What a data buffer costs: from the core, and if it were made of single pages of
 * the page allocator's bulk interface each time, to see which is better.
 *
 * The file sgv_bench of a nexus takes "cache LENGTH COUNT DEPTH", or "pages ...":
 * DEPTH buffers are allocated, then freed, until it was COUNT.  Reading the same
 * open file returns the nanoseconds for each.
 */

#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "test.h"

#define BENCH_MAX_DEPTH		32
#define BENCH_MAX_COUNT		1000000
#define BENCH_BULK		32

/**
 * struct sgv_bench - an open file
 * @ts: I_T nexus
 * @ns: result
 */
struct sgv_bench {
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

static const struct bench_way {
	const char *name;
	void *(*get)(struct test_sess *ts, u32 len);
	void (*put)(void *buf);
} bench_ways[] = {
	{ "cache", bench_get, bench_put },
	{ "pages", bench_get_pages, bench_put_pages },
};

static int bench_run(struct sgv_bench *bench, const struct bench_way *way,
		     u32 len, u32 count, u32 depth)
{
	void *bufs[BENCH_MAX_DEPTH];
	u64 start = ktime_get_ns();
	bool failed = false;
	u32 done, i;

	for (done = 0; done < count && !failed; done += depth) {
		for (i = 0; i < depth; i++) {
			bufs[i] = way->get(bench->ts, len);
			failed |= !bufs[i];
		}
		for (i = 0; i < depth; i++)
			way->put(bufs[i]);
		cond_resched();
	}
	bench->ns = div_u64(ktime_get_ns() - start, done);
	return failed ? -ENOMEM : 0;
}

static ssize_t sgv_bench_write(struct file *file, const char __user *buf,
			       size_t count, loff_t *pos)
{
	struct sgv_bench *bench = file->private_data;
	u32 len, nr, depth, i;
	char line[64] = { };
	char name[8];
	int ret;

	if (count >= sizeof(line) || copy_from_user(line, buf, count))
		return -EINVAL;
	if (sscanf(line, "%7s %u %u %u", name, &len, &nr, &depth) != 4 ||
	    !len || len > TEST_MAX_DATA || !nr || nr > BENCH_MAX_COUNT ||
	    !depth || depth > BENCH_MAX_DEPTH)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(bench_ways); i++) {
		if (strcmp(bench_ways[i].name, name))
			continue;
		ret = bench_run(bench, &bench_ways[i], len, nr, depth);
		return ret ?: count;
	}
	return -EINVAL;
}

static ssize_t sgv_bench_read(struct file *file, char __user *buf, size_t count,
			      loff_t *pos)
{
	struct sgv_bench *bench = file->private_data;
	loff_t start = 0;
	char line[24];
	int len;

	len = scnprintf(line, sizeof(line), "%llu\n", bench->ns);
	return simple_read_from_buffer(buf, count, &start, line, len);
}

static int sgv_bench_open(struct inode *inode, struct file *file)
{
	struct sgv_bench *bench = kzalloc(sizeof(*bench), GFP_KERNEL);

	if (!bench)
		return -ENOMEM;
	bench->ts = inode->i_private;
	file->private_data = bench;
	return 0;
}

static int sgv_bench_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

/* The file is gone before the nexus is: see sess_close(). */
const struct file_operations test_sgv_bench_fops = {
	.owner	 = THIS_MODULE,
	.open	 = sgv_bench_open,
	.release = sgv_bench_release,
	.read	 = sgv_bench_read,
	.write	 = sgv_bench_write,
	.llseek	 = noop_llseek,
};
