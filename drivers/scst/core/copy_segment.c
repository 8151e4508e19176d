// SPDX-License-Identifier: GPL-2.0
/*
 * The copy manager: which units a segment is about, and what is to be done for
 * it (SPC-4 6.4.6.5, block device to block device).
 */

#include <kunit/visibility.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include "copy.h"

/* Of VPD page 83h: what all handlers together need, and more */
#define COPY_DEVICE_ID_LEN	1024
#define DEVICE_ID_HEADER_LEN	4

/* ------------------------------------------------------------------------
 * CSCD descriptors
 */

static bool copy_designator_is(const u8 *d, const struct scst_copy_cscd *cscd)
{
	return (d[0] & 0x0f) == cscd->code_set &&
	       (d[1] & 0x3f) == cscd->id_type &&
	       d[3] == cscd->id_len &&
	       !memcmp(d + SCST_DESIG_HEADER_LEN, cscd->id, cscd->id_len);
}

/* Has VPD page 83h the designator?  @page has @len bytes. */
static bool copy_page_has(const u8 *page, unsigned int len,
			  const struct scst_copy_cscd *cscd)
{
	const u8 *d = page + DEVICE_ID_HEADER_LEN, *end = page + len;

	for (; d + SCST_DESIG_HEADER_LEN <= end;
	     d += SCST_DESIG_HEADER_LEN + d[3]) {
		if (d + SCST_DESIG_HEADER_LEN + d[3] > end)
			return false;
		if (copy_designator_is(d, cscd))
			return true;
	}
	return false;
}

static bool copy_unit_is(struct scst_tgt_dev *td, u8 *page,
			 const struct scst_copy_cscd *cscd)
{
	struct scst_dev_type *type = td->dev->type;
	unsigned int len;

	if (!type->device_id)
		return false;
	len = type->device_id(td->dev, td->sess->tgt, page, COPY_DEVICE_ID_LEN);
	return copy_page_has(page, len, cscd);
}

/*
 * Only the designators of logical units find one: what the initiator may reach
 * is what its I_T nexus has LUNs for.  Returns NULL if there is none, or
 * ERR_PTR().
 */
static struct scst_tgt_dev *copy_find_unit(struct scst_session *sess,
					   const struct scst_copy_cscd *cscd)
{
	u8 *page __free(kfree) = kmalloc(COPY_DEVICE_ID_LEN, GFP_NOIO);
	struct scst_tgt_dev *td;
	unsigned long lun;

	if (!page)
		return ERR_PTR(-ENOMEM);
	if (cscd->id_type & 0x30)
		return NULL;
	for (lun = 0; (td = scst_tgt_dev_next(sess, &lun)); lun++) {
		if (copy_unit_is(td, page, cscd))
			return td;
		percpu_ref_put(&td->ref);
		cond_resched();
	}
	return NULL;
}

/* What has blocks, of a size that there is memory for */
static bool copy_is_block_device(const struct scst_device *dev)
{
	switch (dev->type->type) {
	case TYPE_DISK:
	case TYPE_ROM:
	case TYPE_MOD:
	case TYPE_RBC:
		return dev->block_size && dev->block_size <= COPY_MAX_BLOCK;
	default:
		return false;
	}
}

static scst_sense_t copy_check_cscd(const struct scst_copy_cscd *cscd)
{
	const struct scst_device *dev = cscd->td->dev;

	if (cscd->type != dev->type->type)
		return SCST_SENSE_COPY_DEVICE_TYPE;
	/* Who takes its blocks for others would have others written. */
	if (cscd->block_len && cscd->block_len != dev->block_size)
		return SCST_SENSE_COPY_BLOCK_LENGTH;
	return SCST_GOOD;
}

/* Find the unit that a segment copies from or to, unless it is known. */
static scst_sense_t copy_find_cscd(struct scst_copy *copy, unsigned int index)
{
	struct scst_copy_cscd *cscd;
	struct scst_tgt_dev *td;

	if (index == XCOPY_NO_CSCD)
		return SCST_SENSE_COPY_NO_CSCD;
	cscd = &copy->cscds[index];
	if (cscd->td)
		return SCST_GOOD;
	if (index == XCOPY_MAX_CSCDS) {
		td = copy->cmd->tgt_dev;
		percpu_ref_get(&td->ref);
		cscd->type = td->dev->type->type;
	} else {
		td = copy_find_unit(copy->cmd->sess, cscd);
	}
	if (IS_ERR(td))
		return SCST_TASK_SET_FULL;
	if (!td)
		return SCST_SENSE_COPY_UNREACHABLE;
	cscd->td = td;
	if (!cscd->found) {
		cscd->found = true;
		cscd->medium_gen = READ_ONCE(td->dev->medium_gen);
	}
	if (!copy_is_block_device(cscd->td->dev))
		return SCST_SENSE_COPY_DEVICE_TYPE;
	return copy_check_cscd(cscd);
}

/* Let go of units that the segment does not use, so that their LUNs can go. */
static void copy_drop_others(struct scst_copy *copy,
			     const struct scst_copy_segment *seg)
{
	struct scst_copy_cscd *cscd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(copy->cscds); i++) {
		cscd = &copy->cscds[i];
		if (!cscd->td || i == seg->src || i == seg->dst)
			continue;
		percpu_ref_put(&cscd->td->ref);
		cscd->td = NULL;
	}
}

/* ------------------------------------------------------------------------
 * Residual data
 */

/* Residual data of earlier segments that this one uses; others is dropped. */
static u32 copy_use_carry(struct scst_copy *copy,
			  const struct scst_copy_segment *seg)
{
	u8 id = copy->carry_source ? seg->src : seg->dst;

	if (copy->carry_len && copy->carry_id != id)
		copy->carry_len = 0;
	return copy->carry_len;
}

/*
 * The bits PAD and CAT decide what becomes of data that does not fill the last
 * block of the destination, or is left of the last block of the source.  CAT=1
 * means nothing in the last segment.
 */
static scst_sense_t copy_plan_rest(struct scst_copy *copy,
				   const struct scst_copy_segment *seg)
{
	struct scst_copy_run *run = &copy->run;
	bool last = copy->segment == copy->nr_segments - 1;
	bool of_source = seg->dc;

	run->staged = true;
	if (seg->cat && !last)
		run->keep = true;
	else if (of_source ? run->src->pad : run->dst->pad)
		run->pad = !of_source;
	else if ((run->src->pad || run->dst->pad) && !last)
		run->keep = true;
	else
		return SCST_SENSE_COPY_INEXACT;
	run->keep_source = of_source;
	return SCST_GOOD;
}

/* How many blocks to read, and to write */
static scst_sense_t copy_plan_blocks(struct scst_copy *copy,
				     const struct scst_copy_segment *seg,
				     u64 *to_write)
{
	struct scst_copy_run *run = &copy->run;
	u32 src_size = run->src->td->dev->block_size;
	u32 dst_size = run->dst->td->dev->block_size;
	u32 carry = copy_use_carry(copy, seg);
	u64 bytes = (u64)seg->nblocks * (seg->dc ? dst_size : src_size);
	scst_sense_t sense = SCST_GOOD;

	if (!seg->dc)
		run->blocks = seg->nblocks;
	else if (bytes > carry)
		run->blocks = DIV_ROUND_UP_ULL(bytes - carry, src_size);
	*to_write = div_u64(seg->dc ? bytes : carry + bytes, dst_size);
	run->rest = carry + run->blocks * src_size - *to_write * dst_size;
	run->staged = carry;
	if (run->rest)
		sense = copy_plan_rest(copy, seg);
	*to_write += run->pad;
	return sense;
}

/* ------------------------------------------------------------------------
 * The plan
 */

static bool copy_in_range(const struct scst_copy_cscd *cscd, u64 lba, u64 n)
{
	u64 capacity = READ_ONCE(cscd->td->dev->nblocks);

	return n <= capacity && lba <= capacity - n;
}

/*
 * Where the destination overlaps the source, what the source was before is
 * copied: one chunk after the other, from the end on where the beginning of the
 * destination is yet to be read.  Not behind data that the segment before has
 * left: that comes first, so that this goes from the beginning on, and in such a
 * segment what was written may be read again.
 */
static void copy_plan_order(struct scst_copy_run *run)
{
	u64 src = run->src_lba, dst = run->dst_lba;

	run->window = run->staged ? 1 : COPY_NR_CHUNKS;
	if (run->src->td->dev != run->dst->td->dev || run->staged ||
	    src >= dst + run->blocks || dst >= src + run->blocks)
		return;
	run->window = 1;
	run->backward = dst > src;
	if (run->backward) {
		run->src_lba += run->blocks;
		run->dst_lba += run->blocks;
	}
}

/* The part of the segment that a handler may clone, in whole units of it. */
static void copy_plan_clone(struct scst_copy_run *run)
{
	struct scst_device *src = run->src->td->dev, *dst = run->dst->td->dev;
	u64 from, to, first, end;
	u32 size;

	if (!src->type->clone || src->type != dst->type || run->staged ||
	    run->window == 1 || src->block_size != dst->block_size)
		return;
	size = src->clone_size;
	if (!size || size != dst->clone_size || size < src->block_size ||
	    src->clone_domain != dst->clone_domain)
		return;
	from = run->src_lba << src->block_shift;
	to = run->dst_lba << dst->block_shift;
	if ((from ^ to) & (size - 1))
		return;
	first = round_up(from, size);
	end = round_down(from + (run->blocks << src->block_shift), size);
	if (first >= end)
		return;
	run->clone_skip = (first - from) >> src->block_shift;
	run->clone_blocks = (end - first) >> src->block_shift;
}

/**
 * scst_copy_begin_segment - make a plan for the segment that is next
 * @copy: copy operation, of which nothing is in flight; its run is filled in
 *
 * Context: process context, may sleep for memory.
 * Return: %SCST_GOOD, the sense code to end the command with, or
 * %SCST_TASK_SET_FULL when there is no memory.
 */
scst_sense_t scst_copy_begin_segment(struct scst_copy *copy)
{
	const struct scst_copy_segment *seg = &copy->segments[copy->segment];
	struct scst_copy_run *run = &copy->run;
	scst_sense_t sense;
	u64 to_write;

	*run = (struct scst_copy_run) {
		.src_lba = seg->src_lba,
		.dst_lba = seg->dst_lba,
	};
	copy_drop_others(copy, seg);
	sense = copy_find_cscd(copy, seg->src);
	if (sense == SCST_GOOD)
		sense = copy_find_cscd(copy, seg->dst);
	if (sense != SCST_GOOD)
		return sense;
	run->src = &copy->cscds[seg->src];
	run->dst = &copy->cscds[seg->dst];
	/* SPC-4: zero blocks are no error, and leave residual data alone. */
	if (!seg->nblocks)
		return SCST_GOOD;

	sense = copy_plan_blocks(copy, seg, &to_write);
	if (sense != SCST_GOOD)
		return sense;
	run->bad_source = !copy_in_range(run->src, run->src_lba, run->blocks);
	if (run->bad_source || !copy_in_range(run->dst, run->dst_lba, to_write))
		return SCST_SENSE_COPY_RANGE;
	run->more = run->blocks || run->staged;
	copy_plan_order(run);
	copy_plan_clone(run);
	return SCST_GOOD;
}
EXPORT_SYMBOL_IF_KUNIT(scst_copy_begin_segment);
