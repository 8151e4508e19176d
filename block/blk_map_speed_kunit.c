// SPDX-License-Identifier: GPL-2.0
/*
 * How long blk_rq_map_kern_sg() and blk_rq_unmap_kern_sg() take, beside what others do
 * by hand.  These tests report nanoseconds, and fail only if a list is not mapped.
 */

#include <kunit/test.h>
#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>

#define MAX_PAGES	256
/* Room for pages with others between them */
#define ARENA_ORDER	get_order(2 * MAX_PAGES * PAGE_SIZE)
#define ROUNDS		100

static const struct speed_case {
	const char *name;
	unsigned int nr_pages;
	/* From one page to the next: if that is 1, they are one segment */
	unsigned int step;
	/* Of the first page; what is misaligned is copied */
	unsigned int offset;
} speed_cases[] = {
	{ "1 page", 1, 1, 0 },
	{ "16 adjacent pages", 16, 1, 0 },
	{ "256 adjacent pages", MAX_PAGES, 1, 0 },
	{ "16 pages", 16, 2, 0 },
	{ "256 pages", MAX_PAGES, 2, 0 },
	{ "1 page, misaligned", 1, 2, 1 },
	{ "16 pages, misaligned", 16, 2, 1 },
	{ "256 pages, misaligned", MAX_PAGES, 2, 1 },
};

KUNIT_ARRAY_PARAM_DESC(speed, speed_cases, name);

struct fixture {
	struct blk_mq_tag_set set;
	struct request_queue *q;
	struct request *rq;
	struct page *arena;
	struct scatterlist sgl[MAX_PAGES];
	unsigned int nents;
};

/* Nothing is executed. */
static blk_status_t speed_queue_rq(struct blk_mq_hw_ctx *hctx,
				   const struct blk_mq_queue_data *bd)
{
	return BLK_STS_NOTSUPP;
}

static const struct blk_mq_ops speed_mq_ops = {
	.queue_rq	= speed_queue_rq,
};

static void speed_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
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
}

static int speed_init(struct kunit *test)
{
	struct queue_limits lim = {
		.max_hw_sectors	= (MAX_PAGES * PAGE_SIZE) >> SECTOR_SHIFT,
		.max_segments	= MAX_PAGES,
		.max_segment_size = MAX_PAGES * PAGE_SIZE,
		.dma_alignment	= 3,
	};
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	f->arena = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN,
			       ARENA_ORDER);
	if (!f->arena)
		kunit_skip(test, "no memory in one piece");
	f->set.ops = &speed_mq_ops;
	f->set.nr_hw_queues = 1;
	f->set.queue_depth = 1;
	f->set.numa_node = NUMA_NO_NODE;
	KUNIT_ASSERT_EQ(test, blk_mq_alloc_tag_set(&f->set), 0);
	f->q = blk_mq_alloc_queue(&f->set, &lim, test);
	if (IS_ERR(f->q)) {
		f->q = NULL;
		return -ENOMEM;
	}
	f->rq = blk_mq_alloc_request(f->q, REQ_OP_DRV_OUT, 0);
	if (IS_ERR(f->rq)) {
		f->rq = NULL;
		return -ENOMEM;
	}
	return 0;
}

static void make_list(struct fixture *f, const struct speed_case *c)
{
	unsigned int i, offset;

	f->nents = c->nr_pages;
	sg_init_table(f->sgl, f->nents);
	for (i = 0; i < f->nents; i++) {
		offset = i ? 0 : c->offset;
		sg_set_page(&f->sgl[i], f->arena + c->step * i,
			    PAGE_SIZE - offset, offset);
	}
}

static void forget_bios(struct request *rq)
{
	rq->bio = NULL;
	rq->biotail = NULL;
	rq->__data_len = 0;
	rq->nr_phys_segments = 0;
}

static int by_function(struct fixture *f)
{
	int ret = blk_rq_map_kern_sg(f->rq, f->sgl, f->nents, GFP_KERNEL);

	if (!ret)
		blk_rq_unmap_kern_sg(f->rq->bio);
	forget_bios(f->rq);
	return ret;
}

/* One bio, of pages, as pscsi_map_sg() makes it if the queue takes all of it */
static int by_hand(struct fixture *f)
{
	struct scatterlist *sg;
	struct bio *bio;
	unsigned int i, len;
	int ret = 0;

	bio = bio_kmalloc(f->nents, GFP_KERNEL);
	if (!bio)
		return -ENOMEM;
	bio_init(bio, NULL, bio->bi_inline_vecs, f->nents, REQ_OP_DRV_OUT);
	for_each_sg(f->sgl, sg, f->nents, i) {
		len = bio_add_pc_page(f->q, bio, sg_page(sg), sg->length,
				      sg->offset);
		if (len != sg->length)
			ret = -EINVAL;
	}
	if (!ret)
		ret = blk_rq_append_bio(f->rq, bio);
	forget_bios(f->rq);
	bio_uninit(bio);
	kfree(bio);
	return ret;
}

/* Returns the nanoseconds of one round. */
static u64 speed(struct kunit *test, int (*way)(struct fixture *f))
{
	struct fixture *f = test->priv;
	unsigned int i, bad = 0;
	u64 start;

	/* The caches of the allocators are filled first. */
	bad += !!way(f);
	start = ktime_get_ns();
	for (i = 0; i < ROUNDS; i++)
		bad += !!way(f);
	start = ktime_get_ns() - start;
	KUNIT_EXPECT_EQ(test, bad, 0);
	return div_u64(start, ROUNDS);
}

static void map_speed_test(struct kunit *test)
{
	const struct speed_case *c = test->param_value;
	u64 function, hand;

	make_list(test->priv, c);
	function = speed(test, by_function);
	hand = speed(test, by_hand);
	kunit_info(test, "%s: %llu ns, by hand %llu ns", c->name, function,
		   hand);
}

static struct kunit_case speed_kunit_cases[] = {
	KUNIT_CASE_PARAM(map_speed_test, speed_gen_params),
	{}
};

static struct kunit_suite speed_kunit_suite = {
	.name		= "blk_map_speed",
	.init		= speed_init,
	.exit		= speed_exit,
	.test_cases	= speed_kunit_cases,
};

kunit_test_suite(speed_kunit_suite);

MODULE_DESCRIPTION("Speed of blk_rq_map_kern_sg()");
MODULE_LICENSE("GPL");
