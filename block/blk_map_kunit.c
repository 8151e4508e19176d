// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of blk_rq_map_kern_sg().  The requests are executed by a queue
 * with the limits of the case, whose driver gets at the data as drivers do, by
 * blk_rq_map_sg(), and looks whether that is what the limits allow.
 */

#include <kunit/test.h>
#include <linux/blk-mq.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>

/*
 * All lists are in one piece of memory, so that it is certain which of their
 * entries are adjacent.  What is not in a list has to keep its canary.
 */
#define ARENA_ORDER	get_order(SZ_2M)
#define ARENA_SIZE	SZ_2M
#define CANARY		0xc5
/* What a list has before it is read into, and what free pages have */
#define OLD_DATA	0x5a
#define STALE		0xee

/* Entries of an array that is chained to another one, which takes one more */
#define CHAIN_ENTRIES	3

/* @count entries of @len bytes, the first at @start, the others @step apart */
struct run {
	unsigned int start;
	unsigned int len;
	unsigned int step;
	unsigned int count;
};

#define MAX_RUNS	6

/* More than any request has, so that the driver survives a wrong number */
#define MAX_SEGMENTS	2048

struct map_case {
	const char *name;
	/* What is 0 is not much of a limit: see make_queue() */
	struct queue_limits lim;
	struct run runs[MAX_RUNS];
	/* All entries name the first page of the memory */
	bool first_page;
	/* What is to come of it; the driver gets @nr_segs segments */
	int ret;
	bool bounced;
	unsigned int nr_segs;
};

/* What the test calls at the moment has allocated and not freed */
struct balance {
	struct task_struct *task;
	long pages;
	long objects;
};

struct fixture {
	struct blk_mq_tag_set set;
	struct request_queue *q;
	struct page *arena;
	u8 *mem;
	/* What the memory has to become */
	u8 *want;

	struct scatterlist *sgl;
	unsigned int nents;
	unsigned int len;

	/* The device: what it sends, or what it got, and how much of it */
	struct scatterlist *dev_sgl;
	u8 *dev_data;
	unsigned int dev_len;
	unsigned int nr_segs;
	bool bounced;

	/* The request that is allocated, and a copy of it from before */
	struct request *rq;
	struct request *unchanged;
};

static struct balance balance;

/* ------------------------------------------------------------------------
 * The driver
 */

/* Is there a gap between them, to a device with this limit? */
static bool gap(const struct queue_limits *lim, struct scatterlist *prev,
		struct scatterlist *sg)
{
	return (sg->offset | (prev->offset + prev->length)) &
		lim->virt_boundary_mask;
}

static void check_segment(struct kunit *test, const struct queue_limits *lim,
			  struct scatterlist *sg)
{
	phys_addr_t first = sg_phys(sg), last = first + sg->length - 1;

	KUNIT_EXPECT_GT(test, sg->length, 0);
	KUNIT_EXPECT_LE(test, sg->length, lim->max_segment_size);
	KUNIT_EXPECT_EQ(test, first | lim->seg_boundary_mask,
			last | lim->seg_boundary_mask);
	KUNIT_EXPECT_EQ(test, first & lim->dma_alignment, 0);
}

static bool in_arena(struct fixture *f, struct scatterlist *sg)
{
	return sg_page(sg) >= f->arena &&
		sg_page(sg) < f->arena + (1 << ARENA_ORDER);
}

static void check_segments(struct kunit *test, struct request *rq, int nr)
{
	const struct queue_limits *lim = &rq->q->limits;
	struct scatterlist *sg, *prev = NULL;
	struct fixture *f = test->priv;
	unsigned int len = 0, direct = 0;
	int i;

	KUNIT_EXPECT_EQ(test, nr, rq->nr_phys_segments);
	KUNIT_EXPECT_LE(test, nr, lim->max_segments);
	for_each_sg(f->dev_sgl, sg, nr, i) {
		check_segment(test, lim, sg);
		if (prev)
			KUNIT_EXPECT_FALSE(test, gap(lim, prev, sg));
		/* Only the end of what is bounced may be odd */
		if (i < nr - 1 || in_arena(f, sg))
			KUNIT_EXPECT_EQ(test, 0,
					sg->length & lim->dma_alignment);
		prev = sg;
		len += sg->length;
		direct += in_arena(f, sg);
	}
	KUNIT_EXPECT_EQ(test, len, f->len);
	KUNIT_EXPECT_EQ(test, len, blk_rq_bytes(rq));
	KUNIT_EXPECT_TRUE(test, !direct || direct == nr);
	f->nr_segs = nr;
	f->bounced = !direct;
}

/* Pad the data as scsi_alloc_sgtables() does.  Zeros are sent then. */
static void check_padding(struct kunit *test, struct request *rq,
			  struct scatterlist *last)
{
	unsigned int mask = rq->q->limits.dma_pad_mask;
	unsigned int pad = -blk_rq_bytes(rq) & mask;

	if (!pad)
		return;
	/* There is room for it in the last page */
	KUNIT_EXPECT_LE(test, pad, PAGE_SIZE -
			offset_in_page(last->offset + last->length));
	if (rq_data_dir(rq) == WRITE)
		KUNIT_EXPECT_NULL(test, memchr_inv(sg_virt(last) + last->length,
						   0, pad));
	else
		memset(sg_virt(last) + last->length, STALE, pad);
}

static blk_status_t map_queue_rq(struct blk_mq_hw_ctx *hctx,
				 const struct blk_mq_queue_data *bd)
{
	struct kunit *test = hctx->queue->queuedata;
	struct scatterlist *last = NULL;
	struct fixture *f = test->priv;
	struct request *rq = bd->rq;
	int nr;

	blk_mq_start_request(rq);
	nr = __blk_rq_map_sg(rq->q, rq, f->dev_sgl, &last);
	check_segments(test, rq, nr);
	check_padding(test, rq, last);

	if (rq_data_dir(rq) == WRITE)
		f->dev_len = sg_copy_to_buffer(f->dev_sgl, nr, f->dev_data,
					       ARENA_SIZE);
	else
		sg_copy_from_buffer(f->dev_sgl, nr, f->dev_data, f->dev_len);
	blk_mq_end_request(rq, BLK_STS_OK);
	return BLK_STS_OK;
}

static const struct blk_mq_ops map_mq_ops = {
	.queue_rq	= map_queue_rq,
};

/* ------------------------------------------------------------------------
 * What is allocated
 */

static bool balance_counts(void)
{
	return in_task() && READ_ONCE(balance.task) == current;
}

static void count_kmalloc(void *data, unsigned long call_site, const void *ptr,
			  size_t bytes_req, size_t bytes_alloc, gfp_t gfp,
			  int node)
{
	if (ptr && balance_counts())
		balance.objects++;
}

static void count_kfree(void *data, unsigned long call_site, const void *ptr)
{
	if (ptr && balance_counts())
		balance.objects--;
}

/* The slab allocator gets and frees pages too, but compound ones: not marked */
static void count_page_alloc(void *data, struct page *page, unsigned int order,
			     gfp_t gfp, int migratetype)
{
	if (!page || order || gfp & __GFP_COMP || !balance_counts())
		return;
	set_page_private(page, (unsigned long)&balance);
	balance.pages++;
}

static void count_page_free(void *data, struct page *page, unsigned int order)
{
	if (order || page_private(page) != (unsigned long)&balance ||
	    !balance_counts())
		return;
	set_page_private(page, 0);
	balance.pages--;
}

static struct balance_probe {
	const char *name;
	void *probe;
	struct tracepoint *tp;
	bool registered;
} balance_probes[] = {
	{ "kmalloc", count_kmalloc },
	{ "kfree", count_kfree },
	{ "mm_page_alloc", count_page_alloc },
	{ "mm_page_free", count_page_free },
};

/* Not all of them are exported, but each can be found */
static void find_tracepoint(struct tracepoint *tp, void *data)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(balance_probes); i++) {
		if (!strcmp(tp->name, balance_probes[i].name))
			balance_probes[i].tp = tp;
	}
}

static int register_probe(struct balance_probe *p)
{
	int ret;

	if (!p->tp)
		return -ENOENT;
	ret = tracepoint_probe_register(p->tp, p->probe, NULL);
	p->registered = !ret;
	return ret;
}

static void map_suite_exit(struct kunit_suite *suite)
{
	unsigned int i;

	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		return;
	for (i = 0; i < ARRAY_SIZE(balance_probes); i++) {
		struct balance_probe *p = &balance_probes[i];

		if (p->registered)
			tracepoint_probe_unregister(p->tp, p->probe, NULL);
		p->registered = false;
	}
	tracepoint_synchronize_unregister();
}

/* Without tracepoints nothing is counted, and the balance is even */
static int map_suite_init(struct kunit_suite *suite)
{
	unsigned int i;
	int ret = 0;

	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		return 0;
	for_each_kernel_tracepoint(find_tracepoint, NULL);
	for (i = 0; i < ARRAY_SIZE(balance_probes) && !ret; i++)
		ret = register_probe(&balance_probes[i]);
	if (ret)
		map_suite_exit(suite);
	return ret;
}

static void balance_reset(void)
{
	balance.pages = 0;
	balance.objects = 0;
}

static void expect_balance(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, balance.pages, 0);
	KUNIT_EXPECT_EQ(test, balance.objects, 0);
}

/* The calls under test, with what they allocate and free counted */
static int map(struct fixture *f, struct request *rq, gfp_t gfp)
{
	int ret;

	WRITE_ONCE(balance.task, current);
	ret = blk_rq_map_kern_sg(rq, f->sgl, f->nents, gfp);
	WRITE_ONCE(balance.task, NULL);
	return ret;
}

static void unmap(struct bio *bio)
{
	WRITE_ONCE(balance.task, current);
	blk_rq_unmap_kern_sg(bio);
	WRITE_ONCE(balance.task, NULL);
}

/* ------------------------------------------------------------------------
 * The queue, requests and lists
 */

static void map_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	/* The queue cannot go before it */
	if (f->rq)
		blk_mq_free_request(f->rq);
	if (f->q) {
		blk_mq_destroy_queue(f->q);
		blk_put_queue(f->q);
	}
	if (f->set.tags)
		blk_mq_free_tag_set(&f->set);
	if (f->arena)
		__free_pages(f->arena, ARENA_ORDER);
	vfree(f->want);
	vfree(f->dev_data);
}

static int map_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->unchanged = kunit_kzalloc(test, sizeof(*f->unchanged), GFP_KERNEL);
	f->dev_sgl = kunit_kcalloc(test, MAX_SEGMENTS, sizeof(*f->dev_sgl),
				   GFP_KERNEL);
	f->want = vmalloc(ARENA_SIZE);
	f->dev_data = vmalloc(ARENA_SIZE);
	f->arena = alloc_pages(GFP_KERNEL | __GFP_COMP, ARENA_ORDER);
	if (!f->unchanged || !f->dev_sgl || !f->want || !f->dev_data ||
	    !f->arena)
		return -ENOMEM;
	f->mem = page_address(f->arena);
	sg_init_table(f->dev_sgl, MAX_SEGMENTS);

	f->set.ops = &map_mq_ops;
	f->set.nr_hw_queues = 1;
	f->set.queue_depth = 2;
	f->set.numa_node = NUMA_NO_NODE;
	/* An expectation that fails sleeps */
	f->set.flags = BLK_MQ_F_BLOCKING;
	balance_reset();
	return blk_mq_alloc_tag_set(&f->set);
}

static void make_queue(struct kunit *test, const struct queue_limits *limits)
{
	struct queue_limits lim = *limits;
	struct fixture *f = test->priv;
	struct request_queue *q;

	if (!lim.max_hw_sectors)
		lim.max_hw_sectors = ARENA_SIZE >> SECTOR_SHIFT;
	if (!lim.max_segments)
		lim.max_segments = 128;
	if (!lim.dma_alignment)
		lim.dma_alignment = 3;
	q = blk_mq_alloc_queue(&f->set, &lim, test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, q);
	f->q = q;
}

static struct request *get_flagged_request(struct kunit *test, bool write,
					   blk_opf_t flags)
{
	blk_opf_t op = write ? REQ_OP_DRV_OUT : REQ_OP_DRV_IN;
	struct fixture *f = test->priv;
	struct request *rq;

	rq = blk_mq_alloc_request(f->q, op | flags, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rq);
	f->rq = rq;
	return rq;
}

static struct request *get_request(struct kunit *test, bool write)
{
	return get_flagged_request(test, write, 0);
}

static void put_request(struct kunit *test, struct request *rq)
{
	struct fixture *f = test->priv;

	f->rq = NULL;
	blk_mq_free_request(rq);
}

/* Entry @i, in an array that is chained to the one before where it has to be */
static struct scatterlist *next_entry(struct fixture *f, unsigned int i)
{
	struct scatterlist *sg = &f->sgl[i + i / CHAIN_ENTRIES];

	if (i && i % CHAIN_ENTRIES == 0)
		sg_chain(sg - CHAIN_ENTRIES - 1, CHAIN_ENTRIES + 1, sg);
	return sg;
}

static void set_entry(struct fixture *f, struct scatterlist *sg,
		      unsigned int start, unsigned int len, bool first_page)
{
	unsigned int page = first_page ? 0 : start >> PAGE_SHIFT;

	sg_set_page(sg, f->arena + page, len, start - (page << PAGE_SHIFT));
}

static void make_list(struct kunit *test, const struct map_case *c)
{
	unsigned int i, j, nr = 0, slots;
	struct fixture *f = test->priv;
	struct scatterlist *sg = NULL;

	for (i = 0; i < MAX_RUNS; i++)
		nr += c->runs[i].count;
	slots = nr + nr / CHAIN_ENTRIES + 1;
	f->sgl = kunit_kcalloc(test, slots, sizeof(*f->sgl), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->sgl);
	sg_init_table(f->sgl, slots);
	sg_unmark_end(&f->sgl[slots - 1]);

	f->len = 0;
	f->nents = 0;
	for (i = 0; i < MAX_RUNS; i++) {
		const struct run *run = &c->runs[i];

		for (j = 0; j < run->count; j++) {
			sg = next_entry(f, f->nents++);
			set_entry(f, sg, run->start + j * run->step, run->len,
				  c->first_page);
			f->len += run->len;
		}
	}
	if (sg)
		sg_mark_end(sg);
	KUNIT_ASSERT_LE(test, f->len, ARENA_SIZE);
}

static u8 pattern(unsigned int i)
{
	return i * 7 + (i >> 8) * 13 + 1;
}

static void fill_pattern(u8 *buf, unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		buf[i] = pattern(i);
}

/* Set the bytes of the list in @mem, which is the memory or a copy of it */
static void set_list(struct fixture *f, u8 *mem, const u8 *data)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg(f->sgl, sg, f->nents, i) {
		u8 *to = mem + (sg_phys(sg) - page_to_phys(f->arena));

		if (data) {
			memcpy(to, data, sg->length);
			data += sg->length;
		} else {
			memset(to, OLD_DATA, sg->length);
		}
	}
}

/* The pages that are allocated next have been somebody else's */
static void make_free_pages_stale(struct kunit *test)
{
	struct page *pages[32];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, pages[i]);
		memset(page_address(pages[i]), STALE, PAGE_SIZE);
	}
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		__free_page(pages[i]);
}

static void prepare(struct kunit *test, const struct map_case *c)
{
	make_queue(test, &c->lim);
	make_list(test, c);
	make_free_pages_stale(test);
}

/* Map the list to @rq, which stays as it is where it should */
static void check_map(struct kunit *test, struct request *rq, int ret)
{
	struct fixture *f = test->priv;

	memcpy(f->unchanged, rq, sizeof(*rq));
	KUNIT_ASSERT_EQ(test, map(f, rq, GFP_KERNEL), ret);
	if (ret)
		KUNIT_EXPECT_MEMEQ(test, rq, f->unchanged, sizeof(*rq));
	else
		KUNIT_ASSERT_NOT_NULL(test, rq->bio);
}

static unsigned int count_bios(struct request *rq)
{
	unsigned int nr = 0;
	struct bio *bio;

	__rq_for_each_bio(bio, rq)
		nr++;
	return nr;
}

/* Execute @rq, free it, and undo the mapping */
static void execute(struct kunit *test, struct request *rq)
{
	struct bio *bio = rq->bio;

	KUNIT_EXPECT_TRUE(test, blk_execute_rq(rq, false) == BLK_STS_OK);
	KUNIT_EXPECT_NULL(test, rq->bio);
	put_request(test, rq);
	unmap(bio);
}

static void expect_memory(struct kunit *test)
{
	struct fixture *f = test->priv;

	/* Not KUNIT_EXPECT_MEMEQ(): it would print all of the memory */
	KUNIT_EXPECT_EQ(test, memcmp(f->mem, f->want, ARENA_SIZE), 0);
}

/* The list has the pattern, and the device has to get it. */
static void write_list(struct kunit *test)
{
	struct fixture *f = test->priv;

	memset(f->mem, CANARY, ARENA_SIZE);
	fill_pattern(f->want, f->len);
	set_list(f, f->mem, f->want);
	memset(f->dev_data, CANARY, ARENA_SIZE);
}

static void expect_list_unchanged(struct kunit *test)
{
	struct fixture *f = test->priv;

	memcpy(f->dev_data, f->want, f->len);
	memset(f->want, CANARY, ARENA_SIZE);
	set_list(f, f->want, f->dev_data);
	expect_memory(test);
}

static void expect_written(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, f->dev_len, f->len);
	KUNIT_EXPECT_EQ(test, memcmp(f->dev_data, f->want, f->len), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(f->dev_data + f->len, CANARY,
					   ARENA_SIZE - f->len));
	expect_list_unchanged(test);
}

/* The device has @len bytes of the pattern to send, for the list. */
static void read_list(struct kunit *test, unsigned int len)
{
	struct fixture *f = test->priv;

	memset(f->mem, CANARY, ARENA_SIZE);
	set_list(f, f->mem, NULL);
	fill_pattern(f->dev_data, len);
	f->dev_len = len;
}

static void expect_read(struct kunit *test)
{
	struct fixture *f = test->priv;

	memset(f->dev_data + f->dev_len, f->bounced ? 0 : OLD_DATA,
	       f->len - f->dev_len);
	memset(f->want, CANARY, ARENA_SIZE);
	set_list(f, f->want, f->dev_data);
	expect_memory(test);
}

/* ------------------------------------------------------------------------
 * Lists of all kinds on queues of all kinds
 */

/* A page is a segment, wherever the next page is */
#define PAGE_SEGMENTS(nr)				\
	.max_segments		= (nr),			\
	.max_segment_size	= PAGE_SIZE

static const struct map_case map_cases[] = {
	{
		.name = "a page",
		.runs = { { 0, PAGE_SIZE, 0, 1 } },
		.nr_segs = 1,
	}, {
		.name = "an offset",
		.runs = { { 516, 1024, 0, 1 } },
		.nr_segs = 1,
	}, {
		.name = "entries with gaps between them",
		.runs = { { 4, 512, 1024, 20 } },
		.nr_segs = 20,
	}, {
		.name = "adjacent pages are one segment",
		.runs = { { 0, PAGE_SIZE, PAGE_SIZE, 7 } },
		.nr_segs = 1,
	}, {
		.name = "adjacent parts are aligned together",
		.lim = { .dma_alignment = 511 },
		.runs = { { 0, 6, 0, 1 }, { 6, 506, 0, 1 } },
		.nr_segs = 1,
	}, {
		.name = "empty entries",
		.runs = {
			{ 0, 0, 0, 1 }, { 0, 512, 0, 1 },
			{ PAGE_SIZE, 0, 16, 4 }, { 2 * PAGE_SIZE, 512, 0, 1 },
			{ 1, 0, 0, 1 },
		},
		.nr_segs = 2,
	}, {
		.name = "offsets beyond the page",
		.first_page = true,
		.runs = {
			{ PAGE_SIZE, 0, 0, 1 }, { PAGE_SIZE + 512, 512, 0, 1 },
			{ 5 * PAGE_SIZE, 3 * PAGE_SIZE, 0, 1 },
		},
		.nr_segs = 2,
	}, {
		.name = "bounced: offsets beyond the page",
		.first_page = true,
		.runs = {
			{ PAGE_SIZE, 0, 0, 1 }, { PAGE_SIZE + 511, 513, 0, 1 },
			{ 5 * PAGE_SIZE - 1, 3 * PAGE_SIZE, 0, 1 },
		},
		.bounced = true,
	},

	/* How long a segment is */
	{
		.name = "an entry longer than a segment",
		.runs = { { 0, SZ_256K, 0, 1 } },
		.nr_segs = 4,
	}, {
		.name = "an entry longer than a segment, at an offset",
		.runs = { { 512, SZ_256K - 512, 0, 1 } },
		.nr_segs = 4,
	}, {
		.name = "adjacent entries longer than a segment",
		.runs = { { 512, SZ_32K, SZ_32K, 3 } },
		.nr_segs = 2,
	}, {
		.name = "segments that are not whole pages",
		.lim = { .max_segment_size = 2 * PAGE_SIZE - 512 },
		.runs = { { 0, 6 * PAGE_SIZE, 0, 1 } },
		.nr_segs = 4,
	}, {
		.name = "a boundary of segments",
		.lim = { .seg_boundary_mask = SZ_64K - 1 },
		.runs = { { SZ_64K - 512, 1024, 0, 1 } },
		.nr_segs = 2,
	}, {
		.name = "two boundaries of segments",
		.lim = { .seg_boundary_mask = SZ_64K - 1 },
		.runs = { { SZ_64K - 512, SZ_64K + 1024, 0, 1 } },
		.nr_segs = 3,
	}, {
		.name = "adjacent entries at a boundary of segments",
		.lim = { .seg_boundary_mask = SZ_64K - 1 },
		.runs = { { SZ_64K - 512, 512, 512, 2 } },
		.nr_segs = 2,
	},

	/* Alignment */
	{
		.name = "bounced: odd length",
		.runs = { { 0, 1001, 0, 1 } },
		.bounced = true, .nr_segs = 1,
	}, {
		.name = "bounced: odd length of several pages",
		.lim = { PAGE_SEGMENTS(8) },
		.runs = { { 0, 1001, PAGE_SIZE, 20 } },
		.bounced = true, .nr_segs = 5,
	}, {
		.name = "bounced: one byte",
		.runs = { { 17, 1, 0, 1 } },
		.bounced = true, .nr_segs = 1,
	}, {
		.name = "bounced: misaligned",
		.lim = { PAGE_SEGMENTS(8) },
		.runs = { { 2, 8 * PAGE_SIZE, 0, 1 } },
		.bounced = true, .nr_segs = 8,
	}, {
		.name = "bounced: misaligned for a block",
		.lim = { .dma_alignment = 511 },
		.runs = { { 4, 512, 0, 1 } },
		.bounced = true, .nr_segs = 1,
	}, {
		.name = "bounced: misaligned within the first block",
		.runs = { { 0, 2, 0, 1 }, { PAGE_SIZE, 510, 0, 1 } },
		.bounced = true, .nr_segs = 1,
	}, {
		.name = "bounced: misaligned within the last block",
		.lim = { PAGE_SEGMENTS(8) },
		.runs = { { 0, PAGE_SIZE, 2 * PAGE_SIZE, 3 },
			  { SZ_64K, 3, 0, 1 }, { SZ_128K, 1, 0, 1 } },
		.bounced = true, .nr_segs = 4,
	}, {
		.name = "bounced: misaligned for padding alone",
		.lim = { .dma_alignment = 1, .dma_pad_mask = 3 },
		.runs = { { 0, 512, 0, 1 }, { PAGE_SIZE, 510, 0, 1 } },
		.bounced = true, .nr_segs = 1,
	}, {
		.name = "padded",
		.lim = { .dma_pad_mask = 511 },
		.runs = { { 0, PAGE_SIZE + 36, 0, 1 } },
		.bounced = true,
	},

	/* Gaps */
	{
		.name = "no gaps",
		.lim = { .virt_boundary_mask = PAGE_SIZE - 1 },
		.runs = { { 512, PAGE_SIZE - 512, 0, 1 },
			  { 2 * PAGE_SIZE, PAGE_SIZE, 2 * PAGE_SIZE, 5 },
			  { SZ_64K, 512, 0, 1 } },
		.nr_segs = 7,
	}, {
		.name = "bounced: a gap after the first entry",
		.lim = { .virt_boundary_mask = PAGE_SIZE - 1 },
		.runs = { { 0, 512, 0, 1 }, { PAGE_SIZE, 512, 0, 1 } },
		.bounced = true, .nr_segs = 1,
	}, {
		.name = "bounced: a gap before the second entry",
		.lim = { .virt_boundary_mask = PAGE_SIZE - 1 },
		.runs = { { 0, PAGE_SIZE, 0, 1 },
			  { 2 * PAGE_SIZE + 512, 512, 0, 1 } },
		.bounced = true,
	}, {
		.name = "bounced: a gap within the first block",
		.lim = { .virt_boundary_mask = PAGE_SIZE - 1 },
		.runs = { { 0, 4, 0, 1 }, { PAGE_SIZE, 508, 0, 1 } },
		.bounced = true, .nr_segs = 1,
	}, {
		.name = "bounced: a gap within an entry",
		.lim = { .virt_boundary_mask = PAGE_SIZE - 1,
			 .max_segment_size = 3 * PAGE_SIZE },
		.runs = { { 512, 3 * PAGE_SIZE + 512, 0, 1 } },
		.bounced = true,
	}, {
		.name = "no gap between bios",
		.lim = { .virt_boundary_mask = PAGE_SIZE - 1,
			 .max_segments = 300 },
		.runs = { { 0, PAGE_SIZE, 2 * PAGE_SIZE, BIO_MAX_VECS },
			  { PAGE_SIZE, 512, 0, 1 } },
		.nr_segs = BIO_MAX_VECS + 1,
	}, {
		.name = "bounced: a gap between bios",
		.lim = { .virt_boundary_mask = PAGE_SIZE - 1,
			 .max_segments = 300 },
		.runs = { { 0, PAGE_SIZE, 2 * PAGE_SIZE, BIO_MAX_VECS },
			  { PAGE_SIZE + 512, 512, 0, 1 } },
		.bounced = true,
	},

	/* The number of segments */
	{
		.name = "as many segments as the queue takes",
		.lim = { PAGE_SEGMENTS(8) },
		.runs = { { 0, PAGE_SIZE, 2 * PAGE_SIZE, 8 } },
		.nr_segs = 8,
	}, {
		.name = "more than the queue takes",
		.lim = { PAGE_SEGMENTS(8) },
		.runs = { { 0, PAGE_SIZE, 2 * PAGE_SIZE, 9 } },
		.ret = -EINVAL,
	}, {
		.name = "bounced: more than the queue takes",
		.lim = { PAGE_SEGMENTS(8) },
		.runs = { { 0, 512, 1024, 9 } },
		.bounced = true, .nr_segs = 2,
	}, {
		.name = "one entry of more than the queue takes",
		.lim = { PAGE_SEGMENTS(8) },
		.runs = { { 0, 9 * PAGE_SIZE, 0, 1 } },
		.ret = -EINVAL,
	}, {
		.name = "bounced: one entry of more than the queue takes",
		.lim = { PAGE_SEGMENTS(8), .seg_boundary_mask = PAGE_SIZE - 1 },
		.runs = { { 512, 8 * PAGE_SIZE, 0, 1 } },
		.bounced = true, .nr_segs = 8,
	}, {
		.name = "one segment",
		.lim = { .max_segments = 1 },
		.runs = { { PAGE_SIZE - 512, 512, 512, 100 } },
		.nr_segs = 1,
	}, {
		.name = "bounced: one segment",
		.lim = { .max_segments = 1 },
		.runs = { { PAGE_SIZE - 512, 4, 8, 100 } },
		.bounced = true, .nr_segs = 1,
	}, {
		.name = "several bios",
		.lim = { .max_segments = 1000 },
		.runs = { { 0, 512, 1024, 2 * BIO_MAX_VECS + 88 } },
		.nr_segs = 2 * BIO_MAX_VECS + 88,
	}, {
		.name = "bounced: more entries than a bio takes",
		.lim = { .max_segments = 1000 },
		.runs = { { 0, 512, 1024, 2 * BIO_MAX_VECS + 88 },
			  { SZ_1M, 1, 0, 1 } },
		.bounced = true,
	},

	/* Length */
	{
		.name = "as long as the queue takes",
		.lim = { .max_hw_sectors = 24 },
		.runs = { { 0, 4096, 8192, 3 } },
	}, {
		.name = "longer than the queue takes",
		.lim = { .max_hw_sectors = 24 },
		.runs = { { 0, 4096, 8192, 3 }, { SZ_64K, 4, 0, 1 } },
		.ret = -EINVAL,
	}, {
		.name = "no bytes",
		.runs = { { 0, 0, 512, 5 } },
		.ret = -EINVAL,
	}, {
		.name = "no entries",
		.ret = -EINVAL,
	},
};

KUNIT_ARRAY_PARAM_DESC(map, map_cases, name);

static void expect_mapping(struct kunit *test, const struct map_case *c)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, f->bounced, c->bounced);
	if (c->nr_segs)
		KUNIT_EXPECT_EQ(test, f->nr_segs, c->nr_segs);
	expect_balance(test);
}

static void map_write_test(struct kunit *test)
{
	const struct map_case *c = test->param_value;
	struct request *rq;

	prepare(test, c);
	write_list(test);
	rq = get_request(test, true);
	check_map(test, rq, c->ret);
	if (c->ret) {
		put_request(test, rq);
		expect_balance(test);
		return;
	}
	execute(test, rq);
	expect_written(test);
	expect_mapping(test, c);
}

static void map_read_test(struct kunit *test)
{
	const struct map_case *c = test->param_value;
	struct fixture *f = test->priv;
	struct request *rq;

	prepare(test, c);
	read_list(test, f->len);
	rq = get_request(test, false);
	check_map(test, rq, c->ret);
	if (c->ret) {
		put_request(test, rq);
		expect_balance(test);
		return;
	}
	execute(test, rq);
	expect_read(test);
	expect_mapping(test, c);
}

/* ------------------------------------------------------------------------
 * One thing each
 */

static const struct map_case both_cases[] = {
	{
		.name = "direct",
		.runs = { { 512, 512, 2 * PAGE_SIZE, 10 } },
	}, {
		.name = "bounced",
		.runs = { { 511, 1001, 2 * PAGE_SIZE, 10 } },
		.bounced = true,
	},
};

KUNIT_ARRAY_PARAM_DESC(both, both_cases, name);

/* The device sends less than it is asked for. */
static void map_short_read_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct request *rq;
	unsigned int len;

	prepare(test, test->param_value);
	for (len = 0; len < f->len; len += 511) {
		read_list(test, len);
		rq = get_request(test, false);
		check_map(test, rq, 0);
		execute(test, rq);
		expect_read(test);
		expect_mapping(test, test->param_value);
	}
}

/* A request that has data keeps it. */
static void map_twice_test(struct kunit *test)
{
	struct request *rq;

	prepare(test, test->param_value);
	write_list(test);
	rq = get_request(test, true);
	check_map(test, rq, 0);
	check_map(test, rq, -EINVAL);
	execute(test, rq);
	expect_written(test);
	expect_mapping(test, test->param_value);
}

static void map_not_executed_test(struct kunit *test)
{
	const struct map_case *c = test->param_value;
	struct fixture *f = test->priv;
	struct request *rq;

	prepare(test, c);
	read_list(test, 0);
	rq = get_request(test, false);
	check_map(test, rq, 0);
	unmap(rq->bio);
	put_request(test, rq);
	f->bounced = c->bounced;
	expect_read(test);

	write_list(test);
	rq = get_request(test, true);
	check_map(test, rq, 0);
	unmap(rq->bio);
	put_request(test, rq);
	expect_list_unchanged(test);
	expect_balance(test);
}

static void map_irqs_off_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct request *rq;
	unsigned long flags;
	struct bio *bio;
	int ret;

	prepare(test, test->param_value);
	read_list(test, f->len);
	rq = get_request(test, false);
	local_irq_save(flags);
	ret = map(f, rq, GFP_ATOMIC);
	local_irq_restore(flags);
	KUNIT_ASSERT_EQ(test, ret, 0);

	bio = rq->bio;
	KUNIT_EXPECT_TRUE(test, blk_execute_rq(rq, false) == BLK_STS_OK);
	put_request(test, rq);
	local_irq_save(flags);
	unmap(bio);
	local_irq_restore(flags);
	expect_read(test);
	expect_mapping(test, test->param_value);
}

/* Small bios of such a request are not from kmalloc(). */
static void map_cached_bio_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct request *rq;

	prepare(test, test->param_value);
	/* The first entries alone */
	f->nents = 2;
	f->len = f->sgl[0].length + f->sgl[1].length;
	write_list(test);
	rq = get_flagged_request(test, true, REQ_ALLOC_CACHE);
	check_map(test, rq, 0);
	execute(test, rq);
	expect_written(test);

	read_list(test, f->len);
	rq = get_flagged_request(test, false, REQ_ALLOC_CACHE);
	check_map(test, rq, 0);
	execute(test, rq);
	expect_read(test);
	expect_mapping(test, test->param_value);
}

static void unmap_nothing_test(struct kunit *test)
{
	unmap(NULL);
	expect_balance(test);
}

/* Lengths whose sum does not fit in 32 bits.  Nobody looks at the memory. */
static void map_sum_test(struct kunit *test)
{
	static const struct map_case c = {
		.lim = { .max_hw_sectors = UINT_MAX },
	};
	struct fixture *f = test->priv;
	struct scatterlist sgl[3];
	struct request *rq;

	make_queue(test, &c.lim);
	sg_init_table(sgl, ARRAY_SIZE(sgl));
	sg_set_page(&sgl[0], f->arena, 0xfffffe00, 0);
	sg_set_page(&sgl[1], f->arena, 512, 0);
	sg_set_page(&sgl[2], f->arena, 512, 0);
	f->sgl = sgl;
	rq = get_request(test, true);
	for (f->nents = 1; f->nents <= ARRAY_SIZE(sgl); f->nents++)
		check_map(test, rq, -EINVAL);
	put_request(test, rq);
	expect_balance(test);
}

static unsigned int list_bios(struct kunit *test, bool write)
{
	struct request *rq = get_request(test, write);
	unsigned int nr;

	check_map(test, rq, 0);
	nr = count_bios(rq);
	execute(test, rq);
	return nr;
}

static void map_bios_test(struct kunit *test)
{
	static const struct map_case c = {
		.lim = { .max_segments = 1000 },
		.runs = { { 0, 512, 1024, 2 * BIO_MAX_VECS + 1 } },
	};
	struct fixture *f = test->priv;

	prepare(test, &c);
	write_list(test);
	KUNIT_EXPECT_EQ(test, list_bios(test, true), 3);
	expect_written(test);
	read_list(test, f->len);
	KUNIT_EXPECT_EQ(test, list_bios(test, false), 3);
	expect_read(test);
	expect_mapping(test, &c);
}

#define NR_PAGES	1024

/*
 * Free pages that are not adjacent, which the next ones that are allocated are
 * then.  The others are for free_pages_between().
 */
static struct page **free_odd_pages(struct kunit *test)
{
	struct page **pages;
	unsigned int i;

	pages = kunit_kcalloc(test, NR_PAGES, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < NR_PAGES; i++)
		pages[i] = alloc_page(GFP_KERNEL);
	for (i = 0; i < NR_PAGES; i++) {
		if (!pages[i] || !(page_to_pfn(pages[i]) & 1))
			continue;
		__free_page(pages[i]);
		pages[i] = NULL;
	}
	return pages;
}

static void free_pages_between(struct page **pages)
{
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++) {
		if (pages[i])
			__free_page(pages[i]);
	}
}

/* Pages that are not adjacent do not all go into one bio. */
static void map_bounced_bios_test(struct kunit *test)
{
	static const struct map_case c = {
		.lim = { .max_segments = 1000 },
		.runs = { { 1, SZ_2M - PAGE_SIZE, 0, 1 } },
		.bounced = true,
	};
	struct fixture *f = test->priv;
	unsigned int written, read;
	struct page **pages;

	prepare(test, &c);
	write_list(test);
	pages = free_odd_pages(test);
	written = list_bios(test, true);
	expect_written(test);
	read_list(test, f->len);
	read = list_bios(test, false);
	expect_read(test);
	expect_mapping(test, &c);
	free_pages_between(pages);
	/* It is the page allocator's choice */
	kunit_info(test, "%u bios written, %u read", written, read);
}

/* ------------------------------------------------------------------------
 * Failures of allocation
 */

#if IS_ENABLED(CONFIG_FAULT_INJECTION) && IS_ENABLED(CONFIG_FAILSLAB)
static void set_fail_nth(unsigned int nth)
{
	WRITE_ONCE(current->fail_nth, nth);
}

static bool has_failed(void)
{
	return !READ_ONCE(current->fail_nth);
}
#else
static void set_fail_nth(unsigned int nth)
{
}

static bool has_failed(void)
{
	return false;
}
#endif

/*
 * Let each allocation fail in turn, until there is none that could.  Pages of
 * order 0 fail when the min-order of fail_page_alloc is 0.  Returns the number
 * of failures, and the list is mapped in the end.
 *
 * One that the slab allocator has made do without may have given it what the next one
 * was to ask for, so that this one comes in its place: tried again.
 */
static unsigned int fail_each(struct kunit *test, struct request *rq)
{
	struct fixture *f = test->priv;
	unsigned int nth, nr = 0, again = 0;
	bool failed;
	int ret;

	memcpy(f->unchanged, rq, sizeof(*rq));
	for (nth = 1; ; nth++) {
		set_fail_nth(nth);
		/* What may sleep does not fail */
		ret = map(f, rq, GFP_NOWAIT);
		failed = has_failed();
		set_fail_nth(0);
		if (!failed)
			break;
		if (ret) {
			KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
			KUNIT_EXPECT_MEMEQ(test, rq, f->unchanged, sizeof(*rq));
			nr++;
			again = 0;
		} else {
			unmap(rq->bio);
			memcpy(rq, f->unchanged, sizeof(*rq));
			if (again++ < 3)
				nth--;
			else
				again = 0;
		}
		expect_balance(test);
	}
	KUNIT_ASSERT_EQ(test, ret, 0);
	return nr;
}

static const struct map_case fail_cases[] = {
	{
		.name = "direct",
		.lim = { .max_segments = 1000 },
		.runs = { { 0, 512, 1024, 2 * BIO_MAX_VECS + 1 } },
	}, {
		.name = "bounced",
		.runs = { { 1, 8 * PAGE_SIZE, 0, 1 } },
		.bounced = true,
	}, {
		.name = "bounced, several bios",
		.lim = { .max_segments = 1000 },
		.runs = { { 1, SZ_2M - PAGE_SIZE, 0, 1 } },
		.bounced = true,
	},
};

KUNIT_ARRAY_PARAM_DESC(fail, fail_cases, name);

static void map_fail_test(struct kunit *test)
{
	const struct map_case *c = test->param_value;
	struct page **pages;
	struct request *rq;
	unsigned int nr;

	if (!IS_ENABLED(CONFIG_FAULT_INJECTION) || !IS_ENABLED(CONFIG_FAILSLAB))
		kunit_skip(test, "needs FAILSLAB");

	prepare(test, c);
	write_list(test);
	rq = get_request(test, true);
	pages = free_odd_pages(test);
	nr = fail_each(test, rq);
	kunit_info(test, "%u failures, %u bios", nr, count_bios(rq));
	/* At least that of each bio, and of the one that was tried first */
	KUNIT_EXPECT_GE(test, nr, count_bios(rq) + c->bounced);
	execute(test, rq);
	free_pages_between(pages);
	expect_written(test);
	expect_balance(test);
}

static struct kunit_case map_kunit_cases[] = {
	KUNIT_CASE_PARAM(map_write_test, map_gen_params),
	KUNIT_CASE_PARAM(map_read_test, map_gen_params),
	KUNIT_CASE_PARAM(map_short_read_test, both_gen_params),
	KUNIT_CASE_PARAM(map_twice_test, both_gen_params),
	KUNIT_CASE_PARAM(map_not_executed_test, both_gen_params),
	KUNIT_CASE_PARAM(map_irqs_off_test, both_gen_params),
	KUNIT_CASE_PARAM(map_cached_bio_test, both_gen_params),
	KUNIT_CASE(unmap_nothing_test),
	KUNIT_CASE(map_sum_test),
	KUNIT_CASE(map_bios_test),
	KUNIT_CASE(map_bounced_bios_test),
	KUNIT_CASE_PARAM(map_fail_test, fail_gen_params),
	{}
};

static struct kunit_suite map_kunit_suite = {
	.name		= "blk_map",
	.suite_init	= map_suite_init,
	.suite_exit	= map_suite_exit,
	.init		= map_init,
	.exit		= map_exit,
	.test_cases	= map_kunit_cases,
};

kunit_test_suite(map_kunit_suite);

MODULE_DESCRIPTION("KUnit tests of blk_rq_map_kern_sg()");
MODULE_LICENSE("GPL");
