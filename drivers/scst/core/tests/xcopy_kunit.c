// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of EXTENDED COPY: each way in which its parameter list can be wrong, what
 * is planned for a segment, sense data of a failed one, and what RECEIVE COPY
 * RESULTS and VPD page 8Fh say.
 */

#include <linux/unaligned.h>
#include "fixture.h"
#include "../copy.h"

/* A list of two CSCD descriptors and two segment descriptors */
#define LIST_CSCD(n)	(XCOPY_HEADER_LEN + (n) * XCOPY_CSCD_LEN)
#define LIST_SEG(n)	(LIST_CSCD(2) + (n) * XCOPY_SEGMENT_LEN)
#define LIST_LEN	LIST_SEG(2)

static void xcopy_put_cscd(u8 *desc, u8 pad)
{
	static const u8 naa[8] = { 0x30, 1, 2, 3, 4, 5, 6, 7 };

	desc[0] = XCOPY_CSCD_ID;
	desc[4] = 0x01;
	desc[5] = 0x03;
	desc[7] = sizeof(naa);
	memcpy(desc + 8, naa, sizeof(naa));
	desc[28] = pad << 2;
	put_unaligned_be24(512, desc + 29);
}

static void xcopy_put_segment(u8 *desc, u16 src, u16 dst, u64 src_lba)
{
	desc[0] = XCOPY_SEGMENT_B2B;
	desc[3] = 24;
	put_unaligned_be16(src, desc + 4);
	put_unaligned_be16(dst, desc + 6);
	put_unaligned_be16(0x1234, desc + 10);
	put_unaligned_be64(src_lba, desc + 12);
	put_unaligned_be64(0x1122334455667788ULL, desc + 20);
}

static u8 *xcopy_list(struct kunit *test)
{
	u8 *buf = kunit_kzalloc(test, XCOPY_HEADER_LEN + XCOPY_MAX_LIST,
				GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	buf[0] = 0x42;
	put_unaligned_be16(2 * XCOPY_CSCD_LEN, buf + 2);
	put_unaligned_be32(2 * XCOPY_SEGMENT_LEN, buf + 8);
	xcopy_put_cscd(buf + LIST_CSCD(0), 0);
	xcopy_put_cscd(buf + LIST_CSCD(1), 1);
	xcopy_put_segment(buf + LIST_SEG(0), 0, 1, 0xfedcba9876543210ULL);
	xcopy_put_segment(buf + LIST_SEG(1), 1, XCOPY_OWN_UNIT, 7);
	return buf;
}

static scst_sense_t xcopy_parse(struct kunit *test, const u8 *buf, u32 len,
				struct scst_copy **copy)
{
	struct scst_cmd *cmd = scst_fixture_cmd(test, NULL, 0);

	*copy = kunit_kzalloc(test, sizeof(**copy), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, *copy);
	cmd->xfer_len = len;
	return scst_xcopy_parse(cmd, buf, *copy);
}

static void xcopy_good_test(struct kunit *test)
{
	u8 *buf = xcopy_list(test);
	const struct scst_copy_segment *seg;
	struct scst_copy *copy;

	buf[LIST_SEG(1) + 1] = 0x03;
	KUNIT_ASSERT_TRUE(test, xcopy_parse(test, buf, LIST_LEN, &copy) ==
				SCST_GOOD);
	KUNIT_EXPECT_EQ(test, copy->id, 0x42);
	KUNIT_EXPECT_EQ(test, copy->usage, XCOPY_LIST_ID_HOLD);
	KUNIT_EXPECT_EQ(test, copy->nr_segments, 2);
	KUNIT_EXPECT_EQ(test, copy->cscds[1].offset, LIST_CSCD(1));
	KUNIT_EXPECT_EQ(test, copy->cscds[1].id_len, 8);
	KUNIT_EXPECT_EQ(test, copy->cscds[1].id[7], 7);
	KUNIT_EXPECT_EQ(test, copy->cscds[1].code_set, 1);
	KUNIT_EXPECT_EQ(test, copy->cscds[1].id_type, 3);
	KUNIT_EXPECT_EQ(test, copy->cscds[1].block_len, 512);
	KUNIT_EXPECT_FALSE(test, copy->cscds[0].pad);
	KUNIT_EXPECT_TRUE(test, copy->cscds[1].pad);

	seg = &copy->segments[0];
	KUNIT_EXPECT_EQ(test, seg->src, 0);
	KUNIT_EXPECT_EQ(test, seg->dst, 1);
	KUNIT_EXPECT_EQ(test, seg->nblocks, 0x1234);
	KUNIT_EXPECT_EQ(test, seg->src_lba, 0xfedcba9876543210ULL);
	KUNIT_EXPECT_EQ(test, seg->dst_lba, 0x1122334455667788ULL);
	KUNIT_EXPECT_FALSE(test, seg->dc || seg->cat);
	KUNIT_EXPECT_EQ(test, seg[1].dst, XCOPY_MAX_CSCDS);
	KUNIT_EXPECT_TRUE(test, seg[1].dc && seg[1].cat);
}

/* IDs that stand for no CSCD fail the segment, not the list. */
static void xcopy_no_cscd_test(struct kunit *test)
{
	static const u16 ids[] = { 2, 0x7ff, 0xc000, 0xf800, 0xfffe };
	u8 *buf = xcopy_list(test);
	struct scst_copy *copy;
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(ids); i++) {
		xcopy_put_segment(buf + LIST_SEG(0), i % 2 ? ids[i / 2] : 0,
				  i % 2 ? 0 : ids[i / 2], 0);
		KUNIT_ASSERT_TRUE(test, xcopy_parse(test, buf, LIST_LEN, &copy)
					== SCST_GOOD);
		KUNIT_EXPECT_EQ(test, copy->segments[0].src,
				i % 2 ? XCOPY_NO_CSCD : 0);
		KUNIT_EXPECT_EQ(test, copy->segments[0].dst,
				i % 2 ? 0 : XCOPY_NO_CSCD);
		copy->segments[0].src = XCOPY_NO_CSCD;
		KUNIT_EXPECT_TRUE(test, scst_copy_begin_segment(copy) ==
					SCST_SENSE_COPY_NO_CSCD);
	}
}

/* What is wrong with a list: @size bytes at @at are @value instead. */
struct xcopy_bad_case {
	const char *desc;
	u16 at;
	u8 size;
	u32 value;
	u32 len;
	scst_sense_t sense;
	int field;	/* -1: no field pointer */
	u8 bit;
};

#define BAD_PARAM	SCST_SENSE_INVALID_FIELD_IN_PARAM
#define BAD_LEN		SCST_SENSE_PARAM_LIST_LENGTH

static const struct xcopy_bad_case xcopy_bad_cases[] = {
	{ "shorter than the header", 0, 0, 0, 15, BAD_LEN, -1 },
	{ "just the header", 0, 0, 0, 16, BAD_LEN, -1 },
	{ "one byte short", 0, 0, 0, LIST_LEN - 1, BAD_LEN, -1 },
	{ "LIST ID USAGE 01b", 1, 1, 0x08, LIST_LEN, BAD_PARAM, 1, 4 },
	{ "LIST ID USAGE 11b with an identifier", 1, 1, 0x18, LIST_LEN,
	  BAD_PARAM, 0, 8 },
	{ "half a CSCD descriptor", 2, 2, 48, LIST_LEN, BAD_PARAM, 2, 8 },
	{ "too many CSCD descriptors", 2, 2, 17 * 32, LIST_LEN,
	  SCST_SENSE_TOO_MANY_CSCDS, 2, 8 },
	{ "most CSCD descriptors", 2, 2, 0xffe0, LIST_LEN, BAD_LEN, -1 },
	{ "too many segment descriptors", 8, 4, 65 * 28, LIST_LEN,
	  SCST_SENSE_TOO_MANY_SEGMENTS, 8, 8 },
	{ "most segment descriptors", 8, 4, U32_MAX, LIST_LEN, BAD_LEN, -1 },
	{ "list longer than supported", 8, 4, XCOPY_MAX_LIST - 63, LIST_LEN,
	  BAD_LEN, -1 },
	{ "as many segment descriptors as supported, but not there", 8, 4,
	  64 * 28, LIST_LEN, BAD_LEN, -1 },
	{ "inline data", 12, 4, 1, LIST_LEN, SCST_SENSE_INLINE_DATA_LENGTH,
	  12, 8 },
	{ "most inline data", 12, 4, U32_MAX, LIST_LEN,
	  SCST_SENSE_INLINE_DATA_LENGTH, 12, 8 },
	{ "CSCD descriptor of a fibre channel N_Port_Name", LIST_CSCD(0), 1,
	  0xe0, LIST_LEN, SCST_SENSE_CSCD_TYPE, LIST_CSCD(0), 8 },
	{ "segment descriptor for a CSCD descriptor", LIST_CSCD(1), 1, 0x02,
	  LIST_LEN, SCST_SENSE_CSCD_TYPE, LIST_CSCD(1), 8 },
	{ "null device", LIST_CSCD(0) + 1, 1, 0x20, LIST_LEN, BAD_PARAM,
	  LIST_CSCD(0) + 1, 5 },
	{ "no designator", LIST_CSCD(0) + 7, 1, 0, LIST_LEN, BAD_PARAM,
	  LIST_CSCD(0) + 7, 8 },
	{ "designator too long", LIST_CSCD(0) + 7, 1, 21, LIST_LEN, BAD_PARAM,
	  LIST_CSCD(0) + 7, 8 },
	{ "block to stream", LIST_SEG(0), 1, 0x00, LIST_LEN,
	  SCST_SENSE_SEGMENT_TYPE, LIST_SEG(0), 8 },
	{ "inline to stream", LIST_SEG(1), 1, 0x04, LIST_LEN,
	  SCST_SENSE_SEGMENT_TYPE, LIST_SEG(1), 8 },
	{ "CSCD descriptor for a segment descriptor", LIST_SEG(1), 1, 0xe4,
	  LIST_LEN, SCST_SENSE_SEGMENT_TYPE, LIST_SEG(1), 8 },
	{ "DESCRIPTOR LENGTH too short", LIST_SEG(1) + 2, 2, 23, LIST_LEN,
	  BAD_PARAM, LIST_SEG(1) + 2, 8 },
	{ "DESCRIPTOR LENGTH too long", LIST_SEG(0) + 2, 2, 25, LIST_LEN,
	  BAD_PARAM, LIST_SEG(0) + 2, 8 },
	{ "part of a segment descriptor", 8, 4, 28 + 27, LIST_LEN, BAD_PARAM,
	  LIST_SEG(1) + 2, 8 },
	{ "a byte of a segment descriptor", 8, 4, 28 + 1, LIST_LEN, BAD_PARAM,
	  LIST_SEG(1) + 2, 8 },
};

KUNIT_ARRAY_PARAM_DESC(xcopy_bad, xcopy_bad_cases, desc);

static void xcopy_bad_test(struct kunit *test)
{
	const struct xcopy_bad_case *c = test->param_value;
	struct scst_fixture *f = test->priv;
	u8 *buf = xcopy_list(test);
	struct scst_copy *copy;
	scst_sense_t sense;
	unsigned int i;

	for (i = 0; i < c->size; i++)
		buf[c->at + i] = c->value >> 8 * (c->size - 1 - i);
	sense = xcopy_parse(test, buf, c->len, &copy);
	KUNIT_EXPECT_EQ(test, (__force u32)sense, (__force u32)c->sense);
	KUNIT_EXPECT_EQ(test, f->cmd.field_valid, c->field >= 0);
	if (c->field < 0)
		return;
	KUNIT_EXPECT_FALSE(test, f->cmd.field_in_cdb);
	KUNIT_EXPECT_EQ(test, f->cmd.field_ptr, c->field);
	KUNIT_EXPECT_EQ(test, f->cmd.field_bit, c->bit);
}

/* The longest list that is supported, and one without anything to do */
static void xcopy_limits_test(struct kunit *test)
{
	u8 *buf = xcopy_list(test);
	struct scst_copy *copy;
	unsigned int i;
	u8 *seg;

	put_unaligned_be16(XCOPY_MAX_CSCDS * XCOPY_CSCD_LEN, buf + 2);
	put_unaligned_be32(XCOPY_MAX_SEGMENTS * XCOPY_SEGMENT_LEN, buf + 8);
	for (i = 0; i < XCOPY_MAX_CSCDS; i++)
		xcopy_put_cscd(buf + LIST_CSCD(i), 0);
	for (i = 0; i < XCOPY_MAX_SEGMENTS; i++) {
		seg = buf + LIST_CSCD(XCOPY_MAX_CSCDS) + i * XCOPY_SEGMENT_LEN;
		memset(seg, 0, XCOPY_SEGMENT_LEN);
		xcopy_put_segment(seg, 15, 0, i);
	}
	KUNIT_ASSERT_TRUE(test, xcopy_parse(test, buf, XCOPY_HEADER_LEN +
					    XCOPY_MAX_LIST, &copy) ==
				SCST_GOOD);
	KUNIT_EXPECT_EQ(test, copy->nr_segments, XCOPY_MAX_SEGMENTS);
	KUNIT_EXPECT_EQ(test, copy->segments[63].src, 15);
	KUNIT_EXPECT_EQ(test, copy->segments[63].src_lba, 63);

	memset(buf, 0, XCOPY_HEADER_LEN);
	buf[1] = XCOPY_LIST_ID_NONE << 3;
	KUNIT_ASSERT_TRUE(test, xcopy_parse(test, buf, XCOPY_HEADER_LEN,
					    &copy) == SCST_GOOD);
	KUNIT_EXPECT_EQ(test, copy->nr_segments, 0);
}

/* ------------------------------------------------------------------------
 * Plans
 */

/*
 * A segment of a list of @nr between units of @src_size and @dst_size bytes per
 * block, or within one unit when @dst_size is 0; both have 1,000 blocks.
 */
struct plan_case {
	const char *desc;
	u16 src_size, dst_size;
	u8 segment, nr;
	struct scst_copy_segment seg;
	bool src_pad, dst_pad;
	u32 carry;
	bool carry_source, carry_other;
	scst_sense_t sense;
	u64 blocks;
	u32 rest;
	u32 window;
	bool backward, staged, pad, keep;
	u64 src_lba, dst_lba;
};

#define SEG(n, from, to)	\
	{ .dst = 1, .nblocks = (n), .src_lba = (from), .dst_lba = (to) }
#define SEG_DC(n, from, to)	\
	{ .dst = 1, .dc = true, .nblocks = (n), .src_lba = (from), .dst_lba = (to) }
#define SEG_CAT(n, from, to)	\
	{ .dst = 1, .cat = true, .nblocks = (n), .src_lba = (from), .dst_lba = (to) }

static const struct plan_case plan_cases[] = {
	{
		.desc = "zero blocks", .src_size = 512, .dst_size = 512,
		.seg = SEG(0, ~0ULL, ~0ULL), .carry = 512,
	}, {
		.desc = "all blocks", .src_size = 512, .dst_size = 512,
		.seg = SEG(1000, 0, 0), .blocks = 1000,
		.window = COPY_NR_CHUNKS,
	}, {
		.desc = "source ends too early", .src_size = 512, .dst_size = 512,
		.seg = SEG(1000, 1, 0), .sense = SCST_SENSE_COPY_RANGE,
	}, {
		.desc = "destination ends too early", .src_size = 512,
		.dst_size = 512, .seg = SEG(1, 0, 1000),
		.sense = SCST_SENSE_COPY_RANGE,
	}, {
		.desc = "source wraps around", .src_size = 512, .dst_size = 512,
		.seg = SEG(2, ~0ULL, 0), .sense = SCST_SENSE_COPY_RANGE,
	}, {
		.desc = "512 to 4096", .src_size = 512, .dst_size = 4096,
		.seg = SEG(16, 3, 5), .blocks = 16, .window = COPY_NR_CHUNKS,
		.src_lba = 3, .dst_lba = 5,
	}, {
		.desc = "512 to 4096, DC", .src_size = 512, .dst_size = 4096,
		.seg = SEG_DC(2, 3, 5), .blocks = 16, .window = COPY_NR_CHUNKS,
		.src_lba = 3, .dst_lba = 5,
	}, {
		.desc = "4096 to 512", .src_size = 4096, .dst_size = 512,
		.seg = SEG(100, 0, 0), .blocks = 100, .window = COPY_NR_CHUNKS,
	}, {
		.desc = "4096 to 512, destination too small", .src_size = 4096,
		.dst_size = 512, .seg = SEG(126, 0, 0),
		.sense = SCST_SENSE_COPY_RANGE,
	}, {
		.desc = "inexact without PAD", .src_size = 512, .dst_size = 4096,
		.seg = SEG(9, 0, 0), .sense = SCST_SENSE_COPY_INEXACT,
	}, {
		.desc = "inexact, PAD of the destination", .src_size = 512,
		.dst_size = 4096, .seg = SEG(9, 0, 0), .dst_pad = true,
		.blocks = 9, .rest = 512, .window = 1, .staged = true,
		.pad = true,
	}, {
		.desc = "padding does not fit", .src_size = 512,
		.dst_size = 4096, .seg = SEG(9, 0, 999), .dst_pad = true,
		.sense = SCST_SENSE_COPY_RANGE,
	}, {
		.desc = "inexact, PAD of the source, last", .src_size = 512,
		.dst_size = 4096, .seg = SEG(9, 0, 0), .src_pad = true,
		.sense = SCST_SENSE_COPY_INEXACT,
	}, {
		.desc = "inexact, PAD of the source, not last", .src_size = 512,
		.dst_size = 4096, .nr = 2, .seg = SEG(9, 0, 0),
		.src_pad = true, .blocks = 9, .rest = 512, .window = 1,
		.staged = true, .keep = true,
	}, {
		.desc = "inexact, CAT", .src_size = 512, .dst_size = 4096,
		.nr = 2, .seg = SEG_CAT(9, 0, 0), .blocks = 9, .rest = 512,
		.window = 1, .staged = true, .keep = true,
	}, {
		.desc = "inexact, CAT in the last segment", .src_size = 512,
		.dst_size = 4096, .seg = SEG_CAT(9, 0, 0),
		.sense = SCST_SENSE_COPY_INEXACT,
	}, {
		.desc = "exact with residual data", .src_size = 512,
		.dst_size = 4096, .segment = 1, .nr = 2, .seg = SEG(7, 0, 0),
		.carry = 512, .blocks = 7, .window = 1, .staged = true,
	}, {
		.desc = "residual data of another destination", .src_size = 512,
		.dst_size = 4096, .segment = 1, .nr = 2, .seg = SEG(8, 0, 0),
		.carry = 512, .carry_other = true, .blocks = 8,
		.window = COPY_NR_CHUNKS,
	}, {
		.desc = "DC, source left over", .src_size = 4096,
		.dst_size = 512, .seg = SEG_DC(9, 0, 0),
		.sense = SCST_SENSE_COPY_INEXACT,
	}, {
		.desc = "DC, source left over, PAD", .src_size = 4096,
		.dst_size = 512, .seg = SEG_DC(9, 0, 0), .src_pad = true,
		.blocks = 2, .rest = 3584, .window = 1, .staged = true,
	}, {
		.desc = "DC, residual data is enough", .src_size = 4096,
		.dst_size = 512, .segment = 1, .nr = 2,
		.seg = SEG_DC(3, 0, 0), .carry = 1536, .carry_source = true,
		.window = 1, .staged = true,
	}, {
		.desc = "destination behind, overlapping", .src_size = 512,
		.seg = SEG(100, 10, 109), .blocks = 100, .window = 1,
		.backward = true, .src_lba = 110, .dst_lba = 209,
	}, {
		.desc = "destination before, overlapping", .src_size = 512,
		.seg = SEG(100, 109, 10), .blocks = 100, .window = 1,
		.src_lba = 109, .dst_lba = 10,
	}, {
		.desc = "same blocks", .src_size = 512, .seg = SEG(100, 10, 10),
		.blocks = 100, .window = 1, .src_lba = 10, .dst_lba = 10,
	}, {
		.desc = "adjacent", .src_size = 512, .seg = SEG(100, 10, 110),
		.blocks = 100, .window = COPY_NR_CHUNKS, .src_lba = 10,
		.dst_lba = 110,
	},
};

KUNIT_ARRAY_PARAM_DESC(plan, plan_cases, desc);

static void plan_init_dev(struct scst_device *dev, struct scst_tgt_dev *td,
			  struct scst_dev_type *type, u16 size)
{
	dev->type = type;
	dev->block_size = size;
	dev->block_shift = ilog2(size);
	dev->nblocks = 1000;
	td->dev = dev;
}

static void plan_test(struct kunit *test)
{
	const struct plan_case *c = test->param_value;
	struct scst_fixture *f = test->priv;
	struct scst_tgt_dev *td = kunit_kzalloc(test, sizeof(*td), GFP_KERNEL);
	struct scst_device *dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	struct scst_copy *copy = kunit_kzalloc(test, sizeof(*copy), GFP_KERNEL);
	const struct scst_copy_run *run = &copy->run;
	scst_sense_t sense;

	KUNIT_ASSERT_TRUE(test, td && dev && copy);
	plan_init_dev(&f->dev, &f->td, &f->type, c->src_size);
	plan_init_dev(dev, td, &f->type, c->dst_size ?: 512);
	copy->cmd = scst_fixture_cmd(test, NULL, 0);
	copy->cscds[0].td = &f->td;
	copy->cscds[0].pad = c->src_pad;
	copy->cscds[1].td = c->dst_size ? td : &f->td;
	copy->cscds[1].pad = c->dst_pad;
	copy->segment = c->segment;
	copy->nr_segments = max(c->nr, 1);
	copy->segments[c->segment] = c->seg;
	copy->carry_len = c->carry;
	copy->carry_source = c->carry_source;
	copy->carry_id = c->carry_source ? 0 : 1 + c->carry_other;

	sense = scst_copy_begin_segment(copy);
	KUNIT_ASSERT_EQ(test, (__force u32)sense, (__force u32)c->sense);
	if (c->sense != SCST_GOOD)
		return;
	KUNIT_EXPECT_EQ(test, copy->carry_len, c->carry_other ? 0 : c->carry);
	if (!c->seg.nblocks) {
		KUNIT_EXPECT_FALSE(test, run->more);
		return;
	}
	KUNIT_EXPECT_TRUE(test, run->more);
	KUNIT_EXPECT_EQ(test, run->blocks, c->blocks);
	KUNIT_EXPECT_EQ(test, run->rest, c->rest);
	KUNIT_EXPECT_EQ(test, run->window, c->window);
	KUNIT_EXPECT_EQ(test, run->backward, c->backward);
	KUNIT_EXPECT_EQ(test, run->staged, c->staged);
	KUNIT_EXPECT_EQ(test, run->pad, c->pad);
	KUNIT_EXPECT_EQ(test, run->keep, c->keep);
	KUNIT_EXPECT_EQ(test, run->src_lba, c->src_lba);
	KUNIT_EXPECT_EQ(test, run->dst_lba, c->dst_lba);
	KUNIT_EXPECT_EQ(test, run->clone_blocks, 0);
}

static void plan_ref_release(struct percpu_ref *ref)
{
}

/* What a segment does not use is let go. */
static void plan_drop_test(struct kunit *test)
{
	struct scst_fixture *f = test->priv;
	struct scst_tgt_dev *td = kunit_kzalloc(test, sizeof(*td), GFP_KERNEL);
	struct scst_copy *copy = kunit_kzalloc(test, sizeof(*copy), GFP_KERNEL);
	struct scst_device *dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, td && dev && copy);
	KUNIT_ASSERT_EQ(test, percpu_ref_init(&td->ref, plan_ref_release,
					      PERCPU_REF_INIT_ATOMIC,
					      GFP_KERNEL), 0);
	plan_init_dev(&f->dev, &f->td, &f->type, 512);
	plan_init_dev(dev, td, &f->type, 512);
	percpu_ref_get(&td->ref);
	copy->cscds[0].td = &f->td;
	copy->cscds[2].td = td;
	copy->nr_segments = 1;
	copy->segments[0] = (struct scst_copy_segment)SEG(8, 0, 8);
	copy->segments[0].dst = 2;
	KUNIT_EXPECT_TRUE(test, scst_copy_begin_segment(copy) == SCST_GOOD);
	KUNIT_EXPECT_PTR_EQ(test, copy->cscds[2].td, td);
	copy->cscds[1].td = &f->td;
	copy->segments[0].dst = 1;
	KUNIT_EXPECT_TRUE(test, scst_copy_begin_segment(copy) == SCST_GOOD);
	KUNIT_EXPECT_NULL(test, copy->cscds[2].td);
	KUNIT_EXPECT_PTR_EQ(test, copy->cscds[1].td, &f->td);
	/* The reference of percpu_ref_init() is left. */
	percpu_ref_put(&td->ref);
	KUNIT_EXPECT_TRUE(test, percpu_ref_is_zero(&td->ref));
	percpu_ref_exit(&td->ref);
}

static scst_sense_t plan_clone(struct scst_cmd *cmd,
			       const struct scst_clone *clone)
{
	return SCST_GOOD;
}

/* Only whole units of both are cloned. */
static void plan_clone_test(struct kunit *test)
{
	static const struct {
		u32 src_size, dst_size;
		struct scst_copy_segment seg;
		u64 skip, blocks;
		bool apart;
	} cases[] = {
		{ 4096, 4096, SEG(16, 8, 0), 0, 16 },
		{ 4096, 4096, SEG(16, 8, 0), 0, 0, true },
		{ 4096, 4096, SEG(30, 7, 15), 1, 24 },
		{ 4096, 4096, SEG(8, 4, 4), 0, 0 },
		{ 4096, 4096, SEG(16, 8, 1), 0, 0 },
		{ 4096, 65536, SEG(16, 8, 0), 0, 0 },
		{ 0, 0, SEG(16, 8, 0), 0, 0 },
	};
	struct scst_fixture *f = test->priv;
	struct scst_tgt_dev *td = kunit_kzalloc(test, sizeof(*td), GFP_KERNEL);
	struct scst_device *dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	struct scst_copy *copy = kunit_kzalloc(test, sizeof(*copy), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, td && dev && copy);
	f->type.clone = plan_clone;
	plan_init_dev(&f->dev, &f->td, &f->type, 512);
	plan_init_dev(dev, td, &f->type, 512);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		f->dev.clone_size = cases[i].src_size;
		dev->clone_size = cases[i].dst_size;
		dev->clone_domain = NULL;
		if (cases[i].apart)
			dev->clone_domain = dev;
		copy->cscds[0].td = &f->td;
		copy->cscds[1].td = td;
		copy->nr_segments = 1;
		copy->segments[0] = cases[i].seg;
		KUNIT_EXPECT_TRUE(test, scst_copy_begin_segment(copy) ==
					SCST_GOOD);
		KUNIT_EXPECT_EQ(test, copy->run.clone_skip, cases[i].skip);
		KUNIT_EXPECT_EQ(test, copy->run.clone_blocks, cases[i].blocks);
	}
}

/* ------------------------------------------------------------------------
 * Sense data
 */

static void xcopy_set_failure(struct scst_cmd *cmd, bool source, u8 status)
{
	static const u8 sense[18] = { 0x70, 0, 0x05, [7] = 10, [12] = 0x21 };
	struct scst_copy_failure *f = xcopy_failure(cmd);

	memset(f, 0, sizeof(*f));
	f->segment = 0x0102;
	f->source = source;
	f->status = status;
	f->sense_len = status ? sizeof(sense) : 0;
	memcpy(f->sense, sense, f->sense_len);
	set_bit(SCST_CMD_COPY_FAILED, &cmd->flags);
}

static void xcopy_sense_test(struct kunit *test)
{
	static const u8 fixed[18] = { 0x70, 0, 0x0a, [7] = 10, [10] = 1, 2,
				      [12] = 0x0d, 0x02 };
	static const u8 fixed_source[20] = { 0x70, 0, 0x0a, [7] = 29,
					     [8] = 18, 0, 1, 2,
					     [12] = 0x0d, 0x01,
					     [18] = 0x02, 0x70 };
	static const u8 desc[24] = { 0x72, 0x0a, 0x0d, 0x01, [7] = 34,
				     [8] = 0x01, 10, [18] = 1, 2,
				     [20] = 0x0c, 20, 2, 0x02 };
	struct scst_cmd *cmd = scst_fixture_cmd(test, NULL, 0);

	xcopy_set_failure(cmd, false, 0);
	scst_cmd_set_result(cmd, SCST_SENSE_COPY_UNREACHABLE);
	KUNIT_EXPECT_EQ(test, cmd->sense_len, 18);
	KUNIT_EXPECT_MEMEQ(test, cmd->sense, fixed, sizeof(fixed));

	xcopy_set_failure(cmd, true, SAM_STAT_CHECK_CONDITION);
	scst_cmd_set_result(cmd, SCST_SENSE_COPY_CSCD_FAILURE);
	KUNIT_EXPECT_EQ(test, cmd->sense_len, 37);
	KUNIT_EXPECT_MEMEQ(test, cmd->sense, fixed_source,
			   sizeof(fixed_source));
	KUNIT_EXPECT_EQ(test, cmd->sense[19 + 12], 0x21);

	cmd->dev->d_sense = true;
	xcopy_set_failure(cmd, false, SAM_STAT_CHECK_CONDITION);
	scst_cmd_set_result(cmd, SCST_SENSE_COPY_CSCD_FAILURE);
	KUNIT_EXPECT_EQ(test, cmd->sense_len, 42);
	KUNIT_EXPECT_MEMEQ(test, cmd->sense, desc, sizeof(desc));
	KUNIT_EXPECT_EQ(test, cmd->sense[24 + 12], 0x21);
}

/* ------------------------------------------------------------------------
 * RECEIVE COPY RESULTS
 */

static scst_sense_t results_get(struct kunit *test, u8 sa, u8 id, u8 len)
{
	const u8 cdb[16] = { RECEIVE_COPY_RESULTS, sa, id, [13] = len };

	scst_fixture_cmd(test, cdb, sizeof(cdb));
	scst_fixture_set_buf(test, SCST_DATA_READ, 255);
	return scst_fixture_exec(test);
}

static void results_unknown(struct kunit *test, u8 sa, u8 id)
{
	struct scst_fixture *f = test->priv;

	KUNIT_EXPECT_TRUE(test, results_get(test, sa, id, 255) ==
				SCST_SENSE_INVALID_FIELD_IN_CDB);
	KUNIT_EXPECT_EQ(test, f->cmd.field_ptr, 2);
}

static void results_parameters_test(struct kunit *test)
{
	static const u8 want[46] = {
		0, 0, 0, 42, 0x01, 0, 0, 0, 0, 16, 0, 64, 0, 0, 0x09, 0x00,
		0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 96,
		[35] = 16, 16, 9, [43] = 2, 0x02, 0xe4,
	};

	KUNIT_EXPECT_TRUE(test, results_get(test, 0x03, 0, 255) == SCST_GOOD);
	scst_fixture_expect_data(test, want, sizeof(want));
	KUNIT_EXPECT_TRUE(test, results_get(test, 0x03, 0, 10) == SCST_GOOD);
	scst_fixture_expect_data(test, want, 10);
}

/* An identifier is in use, then told of, and then there are too many others. */
static void results_status_test(struct kunit *test)
{
	static const u8 running[12] = { 0, 0, 0, 8, 0, 0, 3, 0, 0, 0, 2, 0 };
	static const u8 failed[12] = { 0, 0, 0, 8, 2, 0, 3, 0, 0, 0, 2, 0 };
	static const u8 no_failure[4] = { };
	struct scst_fixture *f = test->priv;
	struct scst_copy *copy = kunit_kzalloc(test, sizeof(*copy), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	results_unknown(test, 0x00, 7);
	copy->id = 7;
	copy->cmd = scst_fixture_cmd(test, NULL, 0);
	KUNIT_ASSERT_TRUE(test, scst_copy_id_start(copy) == SCST_GOOD);
	copy->segment = 3;
	scst_copy_id_progress(copy, 512);
	KUNIT_EXPECT_TRUE(test, scst_copy_id_start(copy) ==
				SCST_SENSE_OPERATION_IN_PROGRESS);
	KUNIT_EXPECT_TRUE(test, results_get(test, 0x00, 7, 255) == SCST_GOOD);
	scst_fixture_expect_data(test, running, sizeof(running));
	results_unknown(test, 0x04, 7);

	scst_fixture_cmd(test, NULL, 0);
	scst_cmd_set_result(&f->cmd, SCST_SENSE_COPY_UNREACHABLE);
	scst_copy_id_end(copy);
	KUNIT_EXPECT_TRUE(test, results_get(test, 0x00, 7, 255) == SCST_GOOD);
	scst_fixture_expect_data(test, failed, sizeof(failed));

	/* The details are held until all of them were read. */
	KUNIT_EXPECT_TRUE(test, results_get(test, 0x04, 7, 77) == SCST_GOOD);
	KUNIT_EXPECT_TRUE(test, results_get(test, 0x04, 7, 255) == SCST_GOOD);
	KUNIT_EXPECT_EQ(test, f->cmd.resp_data_len, 78);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(f->buf), 74);
	KUNIT_EXPECT_EQ(test, f->buf[56], SAM_STAT_CHECK_CONDITION);
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(f->buf + 58), 18);
	KUNIT_EXPECT_EQ(test, f->buf[60 + 2], 0x0a);
	KUNIT_EXPECT_EQ(test, f->buf[60 + 12], 0x0d);
	KUNIT_EXPECT_TRUE(test, results_get(test, 0x04, 7, 255) == SCST_GOOD);
	scst_fixture_expect_data(test, no_failure, sizeof(no_failure));

	for (i = 100; i < 116; i++) {
		copy->id = i;
		KUNIT_ASSERT_TRUE(test, scst_copy_id_start(copy) == SCST_GOOD);
		scst_copy_id_end(copy);
	}
	results_unknown(test, 0x00, 7);
	KUNIT_EXPECT_TRUE(test, results_get(test, 0x00, 100, 255) == SCST_GOOD);
	KUNIT_EXPECT_TRUE(test, results_get(test, 0x00, 115, 255) == SCST_GOOD);
	KUNIT_EXPECT_EQ(test, f->buf[4], 1);
	scst_copy_session_exit(&f->sess);
}

/* Descriptors fill the page, in ascending order, each a multiple of four. */
static void results_vpd_test(struct kunit *test)
{
	static const u16 types[] = { 0x0001, 0x0004, 0x0008, 0x000c, 0x8001,
				     0xc001 };
	unsigned int len, at, i = 0;
	u8 buf[SCST_VPD_8F_MAX_LEN] = {};

	len = scst_vpd_third_party_copy(buf);
	KUNIT_ASSERT_LE(test, len, sizeof(buf));
	for (at = 0; at < len; at += 4 + get_unaligned_be16(buf + at + 2)) {
		KUNIT_ASSERT_LT(test, i, ARRAY_SIZE(types));
		KUNIT_EXPECT_EQ(test, get_unaligned_be16(buf + at), types[i]);
		KUNIT_EXPECT_EQ(test, get_unaligned_be16(buf + at + 2) % 4, 0);
		i++;
	}
	KUNIT_EXPECT_EQ(test, at, len);
	KUNIT_EXPECT_EQ(test, i, ARRAY_SIZE(types));
	KUNIT_EXPECT_EQ(test, buf[4], 9);
	KUNIT_EXPECT_EQ(test, buf[5], EXTENDED_COPY);
}

static struct kunit_case xcopy_test_cases[] = {
	KUNIT_CASE(xcopy_good_test),
	KUNIT_CASE(xcopy_no_cscd_test),
	KUNIT_CASE_PARAM(xcopy_bad_test, xcopy_bad_gen_params),
	KUNIT_CASE(xcopy_limits_test),
	KUNIT_CASE_PARAM(plan_test, plan_gen_params),
	KUNIT_CASE(plan_drop_test),
	KUNIT_CASE(plan_clone_test),
	KUNIT_CASE(xcopy_sense_test),
	KUNIT_CASE(results_parameters_test),
	KUNIT_CASE(results_status_test),
	KUNIT_CASE(results_vpd_test),
	{}
};

static struct kunit_suite xcopy_test_suite = {
	.name = "scst_xcopy",
	.init = scst_fixture_init,
	.exit = scst_fixture_exit,
	.test_cases = xcopy_test_cases,
};

kunit_test_suites(&xcopy_test_suite);
