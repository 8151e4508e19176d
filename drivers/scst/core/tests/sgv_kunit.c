// SPDX-License-Identifier: GPL-2.0
/* Tests of data buffers: their scatter lists, the cache, and the limits. */

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include "fixture.h"

/* Buffers that a test has at a time */
#define MAX_BUFFERS	64

struct sgv_fixture {
	struct scst_sgv_limits limits;
	struct scst_sgv_owner a;
	struct scst_sgv_owner b;
	struct scst_sgv *sgv[MAX_BUFFERS];
};

static int sgv_test_init(struct kunit *test)
{
	struct sgv_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->limits = scst_sgv_limits;
	return scst_sgv_owner_init(&f->a) ?: scst_sgv_owner_init(&f->b);
}

static void sgv_test_exit(struct kunit *test)
{
	struct sgv_fixture *f = test->priv;
	unsigned int i;

	if (!f)
		return;
	for (i = 0; i < MAX_BUFFERS; i++)
		scst_sgv_free(f->sgv[i]);
	scst_sgv_owner_exit(&f->a);
	scst_sgv_owner_exit(&f->b);
	scst_sgv_limits = f->limits;
}

/* One of the fixture's buffers, which its exit frees */
static struct scst_sgv *sgv_get(struct kunit *test, unsigned int i, u32 len)
{
	struct sgv_fixture *f = test->priv;
	struct scst_sgv *sgv = scst_sgv_alloc(&f->a, len, GFP_KERNEL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sgv));
	f->sgv[i] = sgv;
	return sgv;
}

static void sgv_put(struct kunit *test, unsigned int i)
{
	struct sgv_fixture *f = test->priv;

	scst_sgv_free(f->sgv[i]);
	f->sgv[i] = NULL;
}

static void sgv_expect_list(struct kunit *test, const struct scst_sgv *sgv,
			    u32 len)
{
	struct scatterlist *sg = sgv->sg, *last = NULL;
	unsigned int nr = 0;
	u64 sum = 0;

	KUNIT_EXPECT_EQ(test, sgv->len, len);
	for (; sg; sg = sg_next(sg)) {
		KUNIT_EXPECT_NE(test, sg->length, 0);
		KUNIT_EXPECT_EQ(test, sg->offset, 0);
		KUNIT_ASSERT_NOT_NULL(test, sg_page(sg));
		sum += sg->length;
		last = sg;
		nr++;
	}
	KUNIT_EXPECT_EQ(test, sum, len);
	KUNIT_EXPECT_EQ(test, sgv->sg_cnt, nr);
	KUNIT_ASSERT_NOT_NULL(test, last);
	KUNIT_EXPECT_TRUE(test, sg_is_last(last));
}

static const u32 sgv_lengths[] = {
	1, 512, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE,
	SZ_64K, SZ_64K + 512, SZ_1M - 1, SZ_1M, SZ_1M + 1, SZ_4M,
	SZ_4M + 1, SZ_4M + 5 * PAGE_SIZE
};

static void sgv_lengths_test(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sgv_lengths); i++)
		sgv_expect_list(test, sgv_get(test, i, sgv_lengths[i]),
				sgv_lengths[i]);
}

/* All bytes are there, and no two buffers share one. */
static void sgv_content_test(struct kunit *test)
{
	const u32 len = 5 * PAGE_SIZE + 17;
	u8 *pattern = kunit_kmalloc(test, len, GFP_KERNEL);
	u8 *copy = kunit_kmalloc(test, len, GFP_KERNEL);
	struct scst_sgv *sgv;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, pattern);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	for (i = 0; i < 8; i++) {
		sgv = sgv_get(test, i, len);
		memset(pattern, i, len);
		KUNIT_EXPECT_EQ(test, sg_copy_from_buffer(sgv->sg, sgv->sg_cnt,
							  pattern, len), len);
	}
	for (i = 0; i < 8; i++) {
		struct sgv_fixture *f = test->priv;

		sgv = f->sgv[i];
		memset(pattern, i, len);
		KUNIT_EXPECT_EQ(test, sg_copy_to_buffer(sgv->sg, sgv->sg_cnt,
							copy, len), len);
		KUNIT_EXPECT_MEMEQ(test, copy, pattern, len);
	}
}

/* A list that was cut off is whole again when it comes out of the cache. */
static void sgv_reuse_test(struct kunit *test)
{
	static const u32 lengths[] = {
		SZ_64K, SZ_32K + 1, SZ_64K - 1, 9 * PAGE_SIZE, SZ_64K
	};
	struct scst_sgv *first = NULL, *sgv;
	unsigned int i;

	/* The test must not go to another CPU meanwhile. */
	migrate_disable();
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		sgv = sgv_get(test, 0, lengths[i]);
		if (!first)
			first = sgv;
		KUNIT_EXPECT_PTR_EQ(test, sgv, first);
		sgv_expect_list(test, sgv, lengths[i]);
		sgv_put(test, 0);
	}
	migrate_enable();
}

static void sgv_zero_test(struct kunit *test)
{
	const u32 len = 3 * PAGE_SIZE + 1;
	struct sgv_fixture *f = test->priv;
	u8 *buf = kunit_kmalloc(test, len, GFP_KERNEL);
	struct scst_sgv *sgv;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	/* Whether it is new or was used */
	for (i = 0; i < 2; i++) {
		sgv = scst_sgv_alloc(&f->a, len, GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_FALSE(test, IS_ERR(sgv));
		memset(buf, 0xa5, len);
		sg_copy_to_buffer(sgv->sg, sgv->sg_cnt, buf, len);
		KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, len));
		memset(buf, 0xa5, len);
		sg_copy_from_buffer(sgv->sg, sgv->sg_cnt, buf, len);
		scst_sgv_free(sgv);
	}
}

static void sgv_expect_busy(struct kunit *test, struct scst_sgv_owner *owner,
			    u32 len)
{
	struct scst_sgv *sgv = scst_sgv_alloc(owner, len, GFP_KERNEL);

	KUNIT_EXPECT_PTR_EQ(test, sgv, ERR_PTR(-EBUSY));
	scst_sgv_free(sgv);
}

static void sgv_expect_ok(struct kunit *test, struct scst_sgv_owner *owner,
			  u32 len)
{
	struct scst_sgv *sgv = scst_sgv_alloc(owner, len, GFP_KERNEL);

	KUNIT_EXPECT_FALSE(test, IS_ERR(sgv));
	scst_sgv_free(sgv);
}

static void sgv_owner_limit_test(struct kunit *test)
{
	struct sgv_fixture *f = test->priv;
	unsigned int i;

	scst_sgv_limits.per_initiator = 8 * (SZ_64K / PAGE_SIZE);
	for (i = 0; i < 8; i++)
		sgv_get(test, i, SZ_64K);
	sgv_expect_busy(test, &f->a, 1);
	/* It is nobody else's. */
	sgv_expect_ok(test, &f->b, SZ_64K);
	sgv_expect_ok(test, NULL, SZ_1M);
	sgv_put(test, 3);
	sgv_expect_busy(test, &f->a, SZ_64K + 1);
	sgv_expect_ok(test, &f->a, SZ_64K);
	sgv_get(test, 3, SZ_64K);
	sgv_expect_busy(test, &f->a, 1);
}

static void sgv_all_limit_test(struct kunit *test)
{
	struct sgv_fixture *f = test->priv;
	unsigned int i;

	/* Others may have some. */
	scst_sgv_limits.all = scst_sgv_pages_in_use() +
			      4 * (SZ_64K / PAGE_SIZE);
	for (i = 0; i < 4; i++)
		sgv_get(test, i, SZ_64K);
	sgv_expect_busy(test, &f->b, 1);
	sgv_expect_busy(test, NULL, 1);
	/* What was refused does not count. */
	KUNIT_EXPECT_EQ(test, percpu_counter_sum(&f->b.in_use), 0);
	sgv_put(test, 0);
	sgv_expect_ok(test, &f->b, SZ_64K);
	sgv_expect_ok(test, NULL, SZ_64K);
}

static void sgv_too_long_test(struct kunit *test)
{
	struct sgv_fixture *f = test->priv;
	struct scst_sgv *sgv;

	scst_sgv_limits.per_initiator = SZ_64K / PAGE_SIZE;
	sgv = scst_sgv_alloc(&f->a, SZ_64K + 1, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, sgv, ERR_PTR(-EMSGSIZE));
	sgv_expect_ok(test, NULL, SZ_64K + 1);
	scst_sgv_limits.all = SZ_32K / PAGE_SIZE;
	sgv = scst_sgv_alloc(NULL, SZ_32K + 1, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, sgv, ERR_PTR(-EMSGSIZE));
	sgv = scst_sgv_alloc(NULL, U32_MAX, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, sgv, ERR_PTR(-EMSGSIZE));
}

static void sgv_counted_test(struct kunit *test)
{
	struct sgv_fixture *f = test->priv;
	s64 before = scst_sgv_pages_in_use();

	sgv_get(test, 0, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, percpu_counter_sum(&f->a.in_use), 4);
	KUNIT_EXPECT_EQ(test, scst_sgv_pages_in_use(), before + 4);
	sgv_get(test, 1, SZ_4M + 1);
	KUNIT_EXPECT_EQ(test, percpu_counter_sum(&f->a.in_use),
			4 + SZ_4M / PAGE_SIZE + 1);
	sgv_put(test, 0);
	sgv_put(test, 1);
	KUNIT_EXPECT_EQ(test, percpu_counter_sum(&f->a.in_use), 0);
	KUNIT_EXPECT_EQ(test, scst_sgv_pages_in_use(), before);
}

/* More than there is, of which nothing is left behind. */
static void sgv_no_memory_test(struct kunit *test)
{
	struct sgv_fixture *f = test->priv;
	s64 before = scst_sgv_pages_in_use();
	struct scst_sgv *sgv;
	unsigned int i;

	scst_sgv_limits.all = LONG_MAX;
	for (i = 0; i < MAX_BUFFERS; i++) {
		sgv = scst_sgv_alloc(NULL, U32_MAX, GFP_NOWAIT);
		if (IS_ERR(sgv))
			break;
		f->sgv[i] = sgv;
	}
	KUNIT_EXPECT_PTR_EQ(test, sgv, ERR_PTR(-ENOMEM));
	while (i--)
		sgv_put(test, i);
	KUNIT_EXPECT_EQ(test, scst_sgv_pages_in_use(), before);
	sgv_expect_ok(test, NULL, SZ_64K);
}

/* ------------------------------------------------------------------------
 * Several threads
 */

#define RACE_THREADS	4
#define RACE_ROUNDS	2000
#define RACE_HELD	4

struct sgv_racer {
	struct scst_sgv_owner *owner;
	atomic_t *nr_held;
	struct completion done;
	unsigned int nr_busy;
	unsigned int nr_wrong;
	u32 seed;
};

static int racer_pages(const struct scst_sgv *sgv)
{
	return 1 << get_order(sgv->len);
}

static void racer_free(struct sgv_racer *r, struct scst_sgv *sgv)
{
	if (IS_ERR_OR_NULL(sgv))
		return;
	atomic_sub(racer_pages(sgv), r->nr_held);
	scst_sgv_free(sgv);
}

static struct scst_sgv *racer_alloc(struct sgv_racer *r)
{
	struct scst_sgv *sgv;
	u32 len;

	r->seed = r->seed * 1103515245 + 12345;
	len = (r->seed >> 16) % SZ_32K + 1;
	sgv = scst_sgv_alloc(r->owner, len, GFP_KERNEL);
	if (PTR_ERR(sgv) == -EBUSY)
		r->nr_busy++;
	else if (IS_ERR(sgv) || sgv->len != len ||
		 sg_nents(sgv->sg) != sgv->sg_cnt)
		r->nr_wrong++;
	else if (atomic_add_return(racer_pages(sgv), r->nr_held) >
		 scst_sgv_limits.per_initiator)
		r->nr_wrong++;
	return sgv;
}

static int racer_fn(void *data)
{
	struct scst_sgv *held[RACE_HELD] = { };
	struct sgv_racer *r = data;
	unsigned int i;

	for (i = 0; i < RACE_ROUNDS; i++) {
		racer_free(r, held[i % RACE_HELD]);
		held[i % RACE_HELD] = racer_alloc(r);
		cond_resched();
	}
	for (i = 0; i < RACE_HELD; i++)
		racer_free(r, held[i]);
	complete(&r->done);
	return 0;
}

/* Each alone wants more than there is at times, whether or not they meet. */
static void sgv_race_test(struct kunit *test)
{
	struct sgv_racer *racers = kunit_kcalloc(test, RACE_THREADS,
						 sizeof(*racers), GFP_KERNEL);
	struct sgv_fixture *f = test->priv;
	atomic_t nr_held = ATOMIC_INIT(0);
	struct task_struct *task;
	unsigned int i, nr_busy = 0;

	KUNIT_ASSERT_NOT_NULL(test, racers);
	scst_sgv_limits.per_initiator = 6 * RACE_HELD;
	for (i = 0; i < RACE_THREADS; i++) {
		racers[i].nr_held = &nr_held;
		racers[i].owner = &f->a;
		racers[i].seed = i;
		init_completion(&racers[i].done);
		task = kthread_run(racer_fn, &racers[i], "sgv_kunit/%u", i);
		if (IS_ERR(task)) {
			KUNIT_FAIL(test, "no thread");
			complete(&racers[i].done);
		}
	}
	for (i = 0; i < RACE_THREADS; i++) {
		wait_for_completion(&racers[i].done);
		KUNIT_EXPECT_EQ(test, racers[i].nr_wrong, 0);
		nr_busy += racers[i].nr_busy;
	}
	KUNIT_EXPECT_NE(test, nr_busy, 0);
	KUNIT_EXPECT_EQ(test, percpu_counter_sum(&f->a.in_use), 0);
}

static struct kunit_case sgv_cases[] = {
	KUNIT_CASE(sgv_lengths_test),
	KUNIT_CASE(sgv_content_test),
	KUNIT_CASE(sgv_reuse_test),
	KUNIT_CASE(sgv_zero_test),
	KUNIT_CASE(sgv_owner_limit_test),
	KUNIT_CASE(sgv_all_limit_test),
	KUNIT_CASE(sgv_too_long_test),
	KUNIT_CASE(sgv_counted_test),
	KUNIT_CASE(sgv_no_memory_test),
	KUNIT_CASE(sgv_race_test),
	{}
};

static struct kunit_suite sgv_suite = {
	.name	= "scst_sgv",
	.init	= sgv_test_init,
	.exit	= sgv_test_exit,
	.test_cases = sgv_cases,
};

kunit_test_suite(sgv_suite);
