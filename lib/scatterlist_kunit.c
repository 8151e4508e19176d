// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of sg_copy(): lists of each shape are copied to lists of each
 * shape, and compared with a copy that was made byte by byte.
 */

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

/* The memory of a list: what is not in the list has to keep its canary */
#define SIDE_ORDER	3
#define SIDE_SIZE	(PAGE_SIZE << SIDE_ORDER)
#define DST_CANARY	0xc5
#define SRC_CANARY	0x3a

#define MAX_PIECES	8
/* Entries of an array that is chained to another one, which takes one more */
#define CHAIN_ENTRIES	3
/* One more after the end of the list */
#define MAX_ENTRIES	(MAX_PIECES + MAX_PIECES / CHAIN_ENTRIES + 1)

/* An entry of a list, by its place in the memory */
struct piece {
	unsigned int start;
	unsigned int len;
};

struct shape {
	const char *name;
	/* All entries name the first page, with an offset beyond it */
	bool first_page;
	unsigned int nr;
	struct piece pieces[MAX_PIECES];
};

static const struct shape shapes[] = {
	{
		.name = "one byte",
		.nr = 1,
		.pieces = { { 77, 1 } },
	}, {
		.name = "a page",
		.nr = 1,
		.pieces = { { PAGE_SIZE, PAGE_SIZE } },
	}, {
		.name = "part of a page",
		.nr = 1,
		.pieces = { { 100, 1000 } },
	}, {
		.name = "several pages in one entry",
		.nr = 1,
		.pieces = { { 100, 3 * PAGE_SIZE + 300 } },
	}, {
		.name = "pages apart",
		.nr = 3,
		.pieces = {
			{ 0, PAGE_SIZE }, { 2 * PAGE_SIZE, PAGE_SIZE },
			{ 4 * PAGE_SIZE, PAGE_SIZE },
		},
	}, {
		.name = "odd lengths, backwards",
		.nr = 6,
		.pieces = {
			{ 6 * PAGE_SIZE + 1, PAGE_SIZE },
			{ 5 * PAGE_SIZE - 7, 14 }, { 3 * PAGE_SIZE + 5, 511 },
			{ 2 * PAGE_SIZE - 1, 2 }, { PAGE_SIZE, 1 }, { 1, 3 },
		},
	}, {
		.name = "bytes",
		.nr = 8,
		.pieces = {
			{ 0, 1 }, { 2, 1 }, { 4, 1 }, { 6, 1 },
			{ PAGE_SIZE - 1, 1 }, { PAGE_SIZE + 1, 1 },
			{ 3 * PAGE_SIZE, 1 }, { SIDE_SIZE - 1, 1 },
		},
	}, {
		.name = "empty entries",
		.nr = 8,
		.pieces = {
			{ 0, 0 }, { 10, 100 }, { PAGE_SIZE, 0 }, { 17, 0 },
			{ 2 * PAGE_SIZE + 1, PAGE_SIZE }, { PAGE_SIZE - 1, 0 },
			{ 5 * PAGE_SIZE, 200 }, { 0, 0 },
		},
	}, {
		.name = "offsets beyond the page",
		.first_page = true,
		.nr = 6,
		.pieces = {
			{ PAGE_SIZE + 10, 100 }, { 2 * PAGE_SIZE, 0 },
			{ 3 * PAGE_SIZE - 1, 2 }, { 2 * PAGE_SIZE, 5 },
			{ 4 * PAGE_SIZE, PAGE_SIZE },
			{ 6 * PAGE_SIZE - 1, PAGE_SIZE + 1 },
		},
	}, {
		.name = "only empty entries",
		.nr = 2,
		.pieces = { { 0, 0 }, { PAGE_SIZE, 0 } },
	}, {
		.name = "no entries",
	},
};

KUNIT_ARRAY_PARAM_DESC(shape, shapes, name);

static const size_t lengths[] = {
	0, 1, 511, 512, PAGE_SIZE - 1, PAGE_SIZE + 1, 3 * PAGE_SIZE + 17,
	SIZE_MAX,
};

struct side {
	u8 *mem;
	struct scatterlist sgl[MAX_ENTRIES];
};

struct fixture {
	struct side dst;
	struct side src;
	u8 *want;
};

static u8 *alloc_side(struct kunit *test)
{
	u8 *mem = kunit_kmalloc(test, SIDE_SIZE, GFP_KERNEL);

	/* So large a power of two is aligned to itself */
	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_ASSERT_TRUE(test, PAGE_ALIGNED(mem));
	return mem;
}

static int sg_copy_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->dst.mem = alloc_side(test);
	f->src.mem = alloc_side(test);
	f->want = alloc_side(test);
	test->priv = f;
	return 0;
}

/* Entry @i of the list, in an array by itself or in one of several */
static struct scatterlist *entry(struct side *side, unsigned int i,
				 bool chained)
{
	return &side->sgl[i + (chained ? i / CHAIN_ENTRIES : 0)];
}

static void set_entry(struct side *side, struct scatterlist *sg,
		      const struct piece *piece, bool first_page)
{
	unsigned int page = first_page ? 0 : piece->start & PAGE_MASK;

	sg_set_page(sg, virt_to_page(side->mem + page), piece->len,
		    piece->start - page);
}

/* The list of @shape.  Its end is marked, or followed by an entry to ignore. */
static struct scatterlist *make_list(struct side *side,
				     const struct shape *shape, bool chained,
				     bool marked)
{
	struct scatterlist *sg = NULL;
	unsigned int i;

	sg_init_table(side->sgl, MAX_ENTRIES);
	sg_unmark_end(&side->sgl[MAX_ENTRIES - 1]);
	for (i = 0; i < shape->nr; i++) {
		sg = entry(side, i, chained);
		if (chained && i && i % CHAIN_ENTRIES == 0)
			sg_chain(sg - CHAIN_ENTRIES - 1, CHAIN_ENTRIES + 1, sg);
		set_entry(side, sg, &shape->pieces[i], shape->first_page);
	}
	if (sg && marked)
		sg_mark_end(sg);
	else if (sg)
		sg_set_page(sg + 1, virt_to_page(side->mem), PAGE_SIZE, 0);
	return shape->nr ? side->sgl : NULL;
}

static size_t shape_len(const struct shape *shape)
{
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < shape->nr; i++)
		len += shape->pieces[i].len;
	return len;
}

static void fill(struct fixture *f)
{
	unsigned int i;

	memset(f->dst.mem, DST_CANARY, SIDE_SIZE);
	memset(f->want, DST_CANARY, SIDE_SIZE);
	for (i = 0; i < SIDE_SIZE; i++)
		f->src.mem[i] = i * 7 + (i >> 8) * 13;
}

/* The place of the next byte of a shape, which has one */
static unsigned int next_byte(const struct piece **piece, unsigned int *done)
{
	while (*done == (*piece)->len) {
		(*piece)++;
		*done = 0;
	}
	return (*piece)->start + (*done)++;
}

/* What the memory of @dst has to become */
static void copy_bytes(struct fixture *f, const struct shape *dst,
		       const struct shape *src, size_t len)
{
	const struct piece *to = dst->pieces, *from = src->pieces;
	unsigned int to_done = 0, from_done = 0, i;

	while (len--) {
		i = next_byte(&to, &to_done);
		f->want[i] = f->src.mem[next_byte(&from, &from_done)];
	}
}

static void check_copy(struct kunit *test, const struct shape *dst,
		       const struct shape *src, size_t len, bool chained,
		       bool marked)
{
	size_t want = min3(shape_len(dst), shape_len(src), len);
	struct scatterlist *dst_sgl, *src_sgl;
	struct fixture *f = test->priv;

	fill(f);
	copy_bytes(f, dst, src, want);
	dst_sgl = make_list(&f->dst, dst, chained, marked);
	src_sgl = make_list(&f->src, src, chained, marked);

	KUNIT_EXPECT_EQ(test, want,
			sg_copy(dst_sgl, marked && dst->nr ? UINT_MAX : dst->nr,
				src_sgl, marked && src->nr ? UINT_MAX : src->nr,
				len));
	KUNIT_EXPECT_TRUE_MSG(test, !memcmp(f->dst.mem, f->want, SIDE_SIZE),
			      "%zu bytes from \"%s\"%s", len, src->name,
			      chained ? ", chained" : "");
}

/* From each shape to one shape: so much, and all that there is */
static void sg_copy_shapes_test(struct kunit *test)
{
	const struct shape *dst = test->param_value;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		const struct shape *src = &shapes[i];

		for (j = 0; j < ARRAY_SIZE(lengths); j++) {
			check_copy(test, dst, src, lengths[j], false, true);
			check_copy(test, dst, src, lengths[j], true, true);
		}
	}
}

/* A list that is part of an array: nothing tells its end but its length. */
static void sg_copy_unmarked_test(struct kunit *test)
{
	const struct shape *dst = test->param_value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		check_copy(test, dst, &shapes[i], SIZE_MAX, false, false);
		check_copy(test, dst, &shapes[i], SIZE_MAX, true, false);
	}
}

/* Less entries than the list has */
static void sg_copy_nents_test(struct kunit *test)
{
	static const struct shape shape = {
		.nr = 4,
		.pieces = {
			{ 0, 100 }, { 200, 50 }, { PAGE_SIZE, PAGE_SIZE },
			{ 3 * PAGE_SIZE, 1000 }
		},
	};
	struct fixture *f = test->priv;
	struct scatterlist *dst, *src;
	struct shape part = shape;

	for (part.nr = 0; part.nr < shape.nr; part.nr++) {
		fill(f);
		copy_bytes(f, &part, &shape, shape_len(&part));
		dst = make_list(&f->dst, &shape, true, true);
		src = make_list(&f->src, &shape, true, true);
		KUNIT_EXPECT_EQ(test, shape_len(&part),
				sg_copy(dst, part.nr, src, shape.nr, SIZE_MAX));
		KUNIT_EXPECT_MEMEQ(test, f->dst.mem, f->want, SIDE_SIZE);

		memset(f->dst.mem, DST_CANARY, SIDE_SIZE);
		KUNIT_EXPECT_EQ(test, shape_len(&part),
				sg_copy(dst, shape.nr, src, part.nr, SIZE_MAX));
		KUNIT_EXPECT_MEMEQ(test, f->dst.mem, f->want, SIDE_SIZE);
	}
}

static void sg_copy_src_unchanged_test(struct kunit *test)
{
	const struct shape *shape = &shapes[3];
	struct fixture *f = test->priv;
	struct scatterlist *dst, *src;

	memset(f->src.mem, SRC_CANARY, SIDE_SIZE);
	dst = make_list(&f->dst, shape, false, true);
	src = make_list(&f->src, shape, false, true);
	KUNIT_EXPECT_EQ(test, shape_len(shape),
			sg_copy(dst, 1, src, 1, SIZE_MAX));
	KUNIT_EXPECT_NULL(test, memchr_inv(f->src.mem, SRC_CANARY, SIDE_SIZE));
	KUNIT_EXPECT_EQ(test, src->offset, 100);
	KUNIT_EXPECT_EQ(test, (size_t)src->length, shape_len(shape));
}

static void sg_copy_irqs_off_test(struct kunit *test)
{
	const struct shape *shape = &shapes[5];
	struct fixture *f = test->priv;
	struct scatterlist *dst, *src;
	unsigned long flags;
	size_t copied;

	fill(f);
	copy_bytes(f, shape, shape, shape_len(shape));
	dst = make_list(&f->dst, shape, true, true);
	src = make_list(&f->src, shape, true, true);
	local_irq_save(flags);
	copied = sg_copy(dst, shape->nr, src, shape->nr, SIZE_MAX);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, copied, shape_len(shape));
	KUNIT_EXPECT_MEMEQ(test, f->dst.mem, f->want, SIDE_SIZE);
}

/* ------------------------------------------------------------------------
 * How long it takes: reported in nanoseconds, and never a failure
 */

#define SPEED_LEN	SZ_64K
#define SPEED_ROUNDS	100

static const struct speed_case {
	const char *name;
	/* Bytes of an entry */
	unsigned int dst_len;
	unsigned int src_len;
} speed_cases[] = {
	{ "pages of 4 KiB to pages", SZ_4K, SZ_4K },
	{ "one entry to entries of 512 bytes", 512, SPEED_LEN },
};

KUNIT_ARRAY_PARAM_DESC(speed, speed_cases, name);

static struct scatterlist *speed_list(struct kunit *test, unsigned int len)
{
	unsigned int i, nr = SPEED_LEN / len;
	u8 *mem = kunit_kzalloc(test, SPEED_LEN, GFP_KERNEL);
	struct scatterlist *sgl = kunit_kcalloc(test, nr, sizeof(*sgl),
						GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_ASSERT_NOT_NULL(test, sgl);
	sg_init_table(sgl, nr);
	for (i = 0; i < nr; i++)
		sg_set_buf(&sgl[i], mem + i * len, len);
	return sgl;
}

/* What is done without sg_copy() */
static size_t by_buffer(struct scatterlist *dst, unsigned int dst_nents,
			struct scatterlist *src, unsigned int src_nents)
{
	void *buf = kmalloc(SPEED_LEN, GFP_KERNEL);
	size_t copied;

	if (!buf)
		return 0;
	copied = sg_copy_to_buffer(src, src_nents, buf, SPEED_LEN);
	copied = sg_copy_from_buffer(dst, dst_nents, buf, copied);
	kfree(buf);
	return copied;
}

static void sg_copy_speed_test(struct kunit *test)
{
	const struct speed_case *c = test->param_value;
	unsigned int i, dst_nents = SPEED_LEN / c->dst_len;
	unsigned int src_nents = SPEED_LEN / c->src_len;
	struct scatterlist *dst = speed_list(test, c->dst_len);
	struct scatterlist *src = speed_list(test, c->src_len);
	size_t copied = 0, buffered = 0;
	u64 start, middle, end;

	start = ktime_get_ns();
	for (i = 0; i < SPEED_ROUNDS; i++)
		copied += sg_copy(dst, dst_nents, src, src_nents, SIZE_MAX);
	middle = ktime_get_ns();
	for (i = 0; i < SPEED_ROUNDS; i++)
		buffered += by_buffer(dst, dst_nents, src, src_nents);
	end = ktime_get_ns();
	KUNIT_EXPECT_EQ(test, copied, SPEED_ROUNDS * SPEED_LEN);
	KUNIT_EXPECT_EQ(test, buffered, SPEED_ROUNDS * SPEED_LEN);
	kunit_info(test, "%s: %llu ns, through a buffer %llu ns", c->name,
		   div_u64(middle - start, SPEED_ROUNDS),
		   div_u64(end - middle, SPEED_ROUNDS));
}

static struct kunit_case sg_copy_cases[] = {
	KUNIT_CASE_PARAM(sg_copy_shapes_test, shape_gen_params),
	KUNIT_CASE_PARAM(sg_copy_unmarked_test, shape_gen_params),
	KUNIT_CASE(sg_copy_nents_test),
	KUNIT_CASE(sg_copy_src_unchanged_test),
	KUNIT_CASE(sg_copy_irqs_off_test),
	KUNIT_CASE_PARAM(sg_copy_speed_test, speed_gen_params),
	{}
};

static struct kunit_suite sg_copy_suite = {
	.name		= "sg_copy",
	.init		= sg_copy_init,
	.test_cases	= sg_copy_cases,
};

kunit_test_suite(sg_copy_suite);

MODULE_DESCRIPTION("KUnit tests of sg_copy()");
MODULE_LICENSE("GPL");
