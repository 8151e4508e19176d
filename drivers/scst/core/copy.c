// SPDX-License-Identifier: GPL-2.0
/*
 * The copy manager: processing of EXTENDED COPY.
 *
 * exec() parses the list of a command and leaves the logical unit, so that a copy
 * holds up nobody who needs that unit alone; a work item, one context for each
 * copy operation, does the rest.  Segments are processed one after the other, in
 * chunks of which several are read and written at a time.  Reading and writing is
 * done by commands of the core, through the I_T nexus of the initiator: what
 * holds for a READ or WRITE of the initiator holds for them.
 *
 * The work item never waits: it starts commands, and each that ends queues it
 * again.  A copy operation has COPY_NR_CHUNKS buffers at most, and no more than
 * XCOPY_MAX_RUNNING of them have any, and XCOPY_MAX_NEXUS_RUNNING of those of an
 * I_T nexus; others wait for their turn.
 *
 * A nexus that a segment uses is held until the segment ends, but its end is not
 * held up: who removes a LUN, or aborts the command, has the commands of the core
 * ended and the work item queued, and that sees to it that no more are started.
 */

#include <linux/log2.h>
#include <linux/slab.h>
#include "copy.h"

/* Bytes of a chunk, and of one where there is no room for that: still for a block */
#define COPY_MIN_CHUNK		SZ_64K
#define COPY_DEFAULT_CHUNK	SZ_512K
#define COPY_MAX_CHUNK		SZ_1M
#define COPY_LEAST_CHUNK	SZ_16K
/* Residual data before, and padding behind, what is read: a block each */
#define COPY_STAGE_ROOM		(2 * COPY_MAX_BLOCK)

static_assert(COPY_STAGE_ROOM + COPY_MAX_BLOCK <= COPY_LEAST_CHUNK);

/*
 * Protects what is in the list, running, cancelled, and scst_session.nr_copies;
 * any context
 */
static DEFINE_SPINLOCK(copies_lock);
static LIST_HEAD(copies);
static unsigned int nr_running;

/**
 * struct copy_chunk - a part of a segment
 * @ic: command that reads or writes it
 * @copy: copy operation
 * @entry: in scst_copy.done
 * @busy: in flight
 * @writing: @ic is a WRITE
 * @dst_lba: where it is to be written
 * @head: bytes of residual data before what is read
 * @len: bytes that are read
 * @write_len: bytes to write, from the first byte of the buffer on
 * @buf: buffer
 */
struct copy_chunk {
	struct scst_internal_cmd ic;
	struct scst_copy *copy;
	struct list_head entry;
	bool busy;
	bool writing;
	u64 dst_lba;
	u32 head;
	u32 len;
	u32 write_len;
	struct scst_sgv *buf;
};

/* ------------------------------------------------------------------------
 * Memory
 */

static void copy_chunk_free(struct copy_chunk *chunk)
{
	if (!chunk)
		return;
	scst_sgv_free(chunk->buf);
	kfree(chunk);
}

/* Returns 0 or a negative errno. */
static int copy_chunk_alloc(struct scst_copy *copy, unsigned int i)
{
	struct copy_chunk *chunk;
	int ret;

	chunk = kzalloc(sizeof(*chunk), GFP_NOIO | __GFP_NOWARN);
	if (!chunk)
		return -ENOMEM;
	chunk->copy = copy;
	chunk->buf = scst_sgv_alloc(&copy->cmd->sess->sgv_owner,
				    copy->chunk_size, GFP_NOIO);
	if (IS_ERR(chunk->buf)) {
		ret = PTR_ERR(chunk->buf);
		kfree(chunk);
		return ret;
	}
	copy->chunks[i] = chunk;
	return 0;
}

/* One small chunk is enough: more of them, and larger ones, are for speed. */
static int copy_first_chunk(struct scst_copy *copy)
{
	int ret = copy_chunk_alloc(copy, 0);

	while (ret && copy->chunk_size > COPY_LEAST_CHUNK) {
		copy->chunk_size /= 2;
		ret = copy_chunk_alloc(copy, 0);
	}
	return ret;
}

/*
 * A chunk that is not in flight, NULL when there may be no more of them, or ERR_PTR()
 * when there is none at all.
 */
static struct copy_chunk *copy_get_chunk(struct scst_copy *copy)
{
	unsigned int i;
	int ret;

	if (!copy->chunks[0]) {
		ret = copy_first_chunk(copy);
		if (ret)
			return ERR_PTR(ret);
	}
	if (copy->nr_busy >= copy->run.window)
		return NULL;
	for (i = 0; i < copy->run.window; i++) {
		if (!copy->chunks[i] && copy_chunk_alloc(copy, i))
			return NULL;
		if (!copy->chunks[i]->busy)
			return copy->chunks[i];
	}
	return NULL;
}

static u32 copy_chunk_size(const struct scst_copy *copy)
{
	u32 size = max(copy->run.src->td->dev->opt_xfer,
		       copy->run.dst->td->dev->opt_xfer) ?: COPY_DEFAULT_CHUNK;

	size = clamp(size, COPY_MIN_CHUNK, COPY_MAX_CHUNK);
	return rounddown_pow_of_two(size);
}

static void copy_free(struct scst_copy *copy)
{
	unsigned int i;

	for (i = 0; i < COPY_NR_CHUNKS; i++)
		copy_chunk_free(copy->chunks[i]);
	for (i = 0; i < ARRAY_SIZE(copy->cscds); i++)
		if (copy->cscds[i].td)
			percpu_ref_put(&copy->cscds[i].td->ref);
	kfree(copy->clone);
	kfree(copy->carry);
	kfree(copy);
}

/* ------------------------------------------------------------------------
 * Failure
 */

static bool copy_must_stop(const struct scst_copy *copy)
{
	return copy->result != SCST_GOOD || scst_cmd_aborted(copy->cmd) ||
	       READ_ONCE(copy->cancelled);
}

/* The first failure is the one that is told. */
static void copy_fail(struct scst_copy *copy, scst_sense_t sense)
{
	struct scst_copy_failure *f = xcopy_failure(copy->cmd);

	if (copy->result != SCST_GOOD)
		return;
	copy->result = sense;
	memset(f, 0, sizeof(*f));
	f->segment = copy->segment;
	set_bit(SCST_CMD_COPY_FAILED, &copy->cmd->flags);
}

/* Where nothing was done the initiator can send the command again, if that helps. */
static void copy_fail_memory(struct scst_copy *copy, int error)
{
	if (copy->segment || copy->wrote)
		copy_fail(copy, SCST_SENSE_COPY_RESOURCES);
	else
		copy->result = error == -EMSGSIZE ?
			       SCST_SENSE_INVALID_FIELD_IN_CDB :
			       SCST_TASK_SET_FULL;
}

/* Its LUN goes, or that of the EXTENDED COPY, for which it was sent. */
static bool copy_cmd_lun_goes(const struct scst_copy *copy,
			      const struct scst_cmd *cmd)
{
	return test_bit(SCST_CMD_ABORTED_LUN, &cmd->flags) ||
	       test_bit(SCST_CMD_ABORTED_LUN, &copy->cmd->flags);
}

/* A command of the copy manager failed: its status is part of the answer. */
static void copy_fail_cmd(struct scst_copy *copy, const struct scst_cmd *cmd,
			  bool source)
{
	struct scst_copy_failure *f = xcopy_failure(copy->cmd);

	if (copy->result != SCST_GOOD)
		return;
	if (scst_cmd_aborted(cmd) && copy_cmd_lun_goes(copy, cmd)) {
		copy_fail(copy, SCST_SENSE_COPY_UNREACHABLE);
		return;
	}
	copy_fail(copy, SCST_SENSE_COPY_CSCD_FAILURE);
	f->source = source;
	f->status = cmd->status;
	f->sense_len = min_t(u32, cmd->sense_len, sizeof(f->sense));
	memcpy(f->sense, cmd->sense, f->sense_len);
}

/*
 * The blocks of a segment are not all there: say what the unit would have said,
 * had it been asked.
 */
static void copy_fail_range(struct scst_copy *copy)
{
	struct scst_copy_failure *f = xcopy_failure(copy->cmd);

	copy_fail(copy, SCST_SENSE_COPY_RANGE);
	f->source = copy->run.bad_source;
	f->status = SAM_STAT_CHECK_CONDITION;
	f->sense_len = scst_build_sense(f->sense, false,
					SCST_SENSE_LBA_OUT_OF_RANGE);
}

/* May another command be sent to the unit? */
static bool copy_is_reachable(struct scst_copy *copy,
			      const struct scst_copy_cscd *cscd)
{
	if (!percpu_ref_is_dying(&cscd->td->ref))
		return true;
	copy_fail(copy, SCST_SENSE_COPY_UNREACHABLE);
	return false;
}

/*
 * A READ of the source of the segment, or a WRITE of its destination.  The nexus that
 * is not asked for anything is kept by the segment: its end must not wait for the unit
 * of the other.
 */
static void copy_init_rw(struct scst_copy *copy, struct scst_internal_cmd *ic,
			 bool write, u64 lba, u32 nblocks,
			 void (*done)(struct scst_internal_cmd *ic))
{
	struct scst_copy_run *run = &copy->run;
	struct scst_copy_cscd *cscd = write ? run->dst : run->src;

	scst_internal_init(ic, copy->cmd, cscd->td, cscd->medium_gen, done);
	scst_internal_set_rw(ic, write, lba, nblocks);
	ic->peer = write ? run->src->td : run->dst->td;
}

/* ------------------------------------------------------------------------
 * Clones
 */

/**
 * struct copy_clone - a range that the handler is asked to clone
 *
 * The handler executes it as the second command, while the first one, of the
 * other unit, executes too: so both units are there, neither is somebody's
 * alone, and each has its range of blocks (range.c).  Their order is that of
 * their addresses, lest two copies wait for one another.  Nor does one of the
 * units wait for the other: they have the clone_domain in common.  Within a unit
 * there is just the first.
 *
 * @copy: copy operation
 * @first: command of the unit with the lower address
 * @second: command of the other unit
 * @both: there are two
 * @sent: the second one, by the first one's exec()
 * @busy: the handler was asked, and @done was not seen yet
 * @done: @first has ended; under scst_copy.lock
 * @result: how it ended
 * @args: for the handler
 */
struct copy_clone {
	struct scst_copy *copy;
	struct scst_internal_cmd first;
	struct scst_internal_cmd second;
	bool both;
	bool sent;
	bool busy;
	bool done;
	scst_sense_t result;
	struct scst_clone args;
};

static struct copy_clone *first_to_clone(struct scst_internal_cmd *ic)
{
	return container_of(ic, struct copy_clone, first);
}

static struct copy_clone *second_to_clone(struct scst_internal_cmd *ic)
{
	return container_of(ic, struct copy_clone, second);
}

static scst_sense_t copy_exec_clone_second(struct scst_cmd *cmd)
{
	struct copy_clone *clone = second_to_clone(to_scst_internal(cmd));

	return cmd->dev->type->clone(cmd, &clone->args);
}

static void copy_clone_send_second(struct copy_clone *clone, bool write);

static scst_sense_t copy_exec_clone_first(struct scst_cmd *cmd)
{
	struct copy_clone *clone = first_to_clone(to_scst_internal(cmd));

	if (!clone->both)
		return cmd->dev->type->clone(cmd, &clone->args);
	/*
	 * The other unit is somebody's alone, or blocked, or is about to be: this one
	 * is not to be held up by that.  They are read and written.
	 */
	if (!scst_gate_is_open(&clone->first.peer->dev->exec_gate))
		return SCST_SENSE_INTERNAL_FAILURE;
	copy_clone_send_second(clone, !cmd->op->medium_write);
	return SCST_PENDING;
}

/* What they are to the command path: indexed by second, and by write. */
static const struct scst_opcode copy_clone_ops[2][2] = {
	{
		{
			.name	= "clone from",
			.range	= SCST_RANGE_READ,
			.reserve = SCST_RESERVE_READ,
			.exec	= copy_exec_clone_first,
		}, {
			.name	= "clone to",
			.medium_write = true,
			.range	= SCST_RANGE_WRITE,
			.exec	= copy_exec_clone_first,
		},
	}, {
		{
			.name	= "clone from",
			.range	= SCST_RANGE_READ,
			.reserve = SCST_RESERVE_READ,
			.exec	= copy_exec_clone_second,
		}, {
			.name	= "clone to",
			.medium_write = true,
			.range	= SCST_RANGE_WRITE,
			.exec	= copy_exec_clone_second,
		},
	},
};

/* It has one range of blocks, and needs two of them. */
static const struct scst_opcode copy_clone_within_op = {
	.name		= "clone within",
	.medium_write	= true,
	.range		= SCST_RANGE_WRITE_ANY,
	.exec		= copy_exec_clone_first,
};

static void copy_kick(struct scst_copy *copy)
{
	queue_work(scst_copy_wq, &copy->work);
}

static void copy_clone_first_done(struct scst_internal_cmd *ic)
{
	struct copy_clone *clone = first_to_clone(ic);
	struct scst_copy *copy = clone->copy;

	guard(spinlock_irqsave)(&copy->lock);
	if (scst_internal_failed(ic))
		clone->result = SCST_SENSE_INTERNAL_FAILURE;
	clone->done = true;
	copy_kick(copy);
}

static void copy_clone_second_done(struct scst_internal_cmd *ic)
{
	struct copy_clone *clone = second_to_clone(ic);

	if (scst_internal_failed(ic))
		clone->result = SCST_SENSE_INTERNAL_FAILURE;
	scst_cmd_done(&clone->first.cmd, SCST_GOOD);
}

static void copy_clone_init_cmd(struct copy_clone *clone,
				struct scst_internal_cmd *ic, bool second,
				bool write)
{
	struct scst_copy_run *run = &clone->copy->run;
	u64 lba = (write ? run->dst_lba : run->src_lba) + run->clone_skip;

	copy_init_rw(clone->copy, ic, write, lba, run->clone_blocks,
		     second ? copy_clone_second_done : copy_clone_first_done);
	ic->holds_peer = second;
	ic->cmd.op = &copy_clone_ops[second][write];
	ic->cmd.lba = lba;
	ic->cmd.nblocks = run->clone_blocks;
}

/* The first one may end without having been executed: then this is not called. */
static void copy_clone_send_second(struct copy_clone *clone, bool write)
{
	copy_clone_init_cmd(clone, &clone->second, true, write);
	clone->sent = true;
	scst_cmd_exec_internal(&clone->second.cmd);
}

static bool copy_clone_begin(struct scst_copy *copy)
{
	struct scst_copy_run *run = &copy->run;
	struct scst_device *src = run->src->td->dev, *dst = run->dst->td->dev;
	struct copy_clone *clone = copy->clone;
	bool write_first = dst <= src;

	if (!clone)
		clone = kzalloc(sizeof(*clone), GFP_NOIO | __GFP_NOWARN);
	if (!clone)
		return false;
	copy->clone = clone;
	clone->copy = copy;
	clone->args = (struct scst_clone) {
		.src = src,
		.dst = dst,
		.src_pos = (run->src_lba + run->clone_skip) << src->block_shift,
		.dst_pos = (run->dst_lba + run->clone_skip) << dst->block_shift,
		.len = run->clone_blocks << src->block_shift,
	};
	clone->both = src != dst;
	clone->done = false;
	clone->busy = true;
	clone->result = SCST_GOOD;
	clone->sent = false;
	copy_clone_init_cmd(clone, &clone->first, false, write_first);
	if (!clone->both)
		clone->first.cmd.op = &copy_clone_within_op;
	copy->nr_busy++;
	scst_cmd_exec_internal(&clone->first.cmd);
	return true;
}

/* As for a chunk whose command was aborted: a reset of a unit ends the copy. */
static void copy_clone_check(struct scst_copy *copy,
			     const struct scst_internal_cmd *ic)
{
	if (scst_cmd_aborted(&ic->cmd))
		copy_fail_cmd(copy, &ic->cmd, !ic->cmd.op->medium_write);
}

/* What was not cloned is read and written, unless the clone was aborted. */
static void copy_clone_collect(struct scst_copy *copy)
{
	struct copy_clone *clone = copy->clone;
	struct scst_copy_run *run = &copy->run;

	if (!clone || !clone->busy)
		return;
	scoped_guard(spinlock_irqsave, &copy->lock)
		if (!clone->done)
			return;
	clone->busy = false;
	copy->nr_busy--;
	copy_clone_check(copy, &clone->first);
	if (clone->sent)
		copy_clone_check(copy, &clone->second);
	if (clone->result != SCST_GOOD)
		run->clone_blocks = 0;
	else
		scst_copy_id_progress(copy, clone->args.len);
}

/* ------------------------------------------------------------------------
 * Chunks
 */

static void copy_chunk_done(struct scst_internal_cmd *ic)
{
	struct copy_chunk *chunk = container_of(ic, struct copy_chunk, ic);
	struct scst_copy *copy = chunk->copy;

	/* With the lock held: the copy may be gone when the list has been. */
	guard(spinlock_irqsave)(&copy->lock);
	list_add_tail(&chunk->entry, &copy->done);
	copy_kick(copy);
}

/* Send a READ or WRITE for @len bytes of the buffer from @skip on. */
static void copy_chunk_rw(struct copy_chunk *chunk, bool write, u64 lba,
			  u32 skip, u32 len)
{
	struct scst_copy *copy = chunk->copy;
	struct scst_tgt_dev *td = write ? copy->run.dst->td : copy->run.src->td;
	struct scst_internal_cmd *ic = &chunk->ic;
	struct scatterlist *sg = chunk->buf->sg;

	/* What is skipped is part of the first page. */
	sg->offset += skip;
	sg->length -= skip;
	chunk->writing = write;
	copy_init_rw(copy, ic, write, lba, len >> td->dev->block_shift,
		     copy_chunk_done);
	scst_cmd_set_sg(&ic->cmd, write ? SCST_DATA_WRITE : SCST_DATA_READ,
			sg, sg_nents_for_len(sg, len), len);
	scst_cmd_exec_internal(&ic->cmd);
}

static void copy_chunk_end(struct copy_chunk *chunk)
{
	chunk->busy = false;
	chunk->copy->nr_busy--;
}

/* Residual data behind the last block that is written */
static void copy_keep_rest(struct copy_chunk *chunk, u32 rest)
{
	struct scst_copy *copy = chunk->copy;
	const struct scst_copy_run *run = &copy->run;
	bool last = !run->blocks;

	copy->carry_len = 0;
	if (!rest || (last && !run->keep))
		return;
	sg_pcopy_to_buffer(chunk->buf->sg, chunk->buf->sg_cnt, copy->carry,
			   rest, chunk->write_len);
	copy->carry_len = rest;
	copy->carry_source = run->keep_source;
	copy->carry_id = copy->carry_source ? run->src - copy->cscds :
					      run->dst - copy->cscds;
}

/* Whole blocks of the destination: what else is there waits for more. */
static void copy_chunk_stage(struct copy_chunk *chunk)
{
	struct scst_copy *copy = chunk->copy;
	const struct scst_copy_run *run = &copy->run;
	u32 size = run->dst->td->dev->block_size;
	u32 bytes = chunk->head + chunk->len;
	bool last = !run->blocks;
	u32 rest;

	rest = last ? run->rest : bytes & (size - 1);
	if (last && run->pad) {
		chunk->write_len = round_up(bytes, size);
		sg_zero_buffer(chunk->buf->sg, chunk->buf->sg_cnt,
			       chunk->write_len - bytes, bytes);
		rest = 0;
	} else {
		chunk->write_len = bytes - rest;
	}
	copy_keep_rest(chunk, rest);
	copy->run.dst_lba += chunk->write_len >> run->dst->td->dev->block_shift;
}

static void copy_chunk_write(struct copy_chunk *chunk)
{
	struct scst_copy *copy = chunk->copy;

	if (copy->run.staged)
		copy_chunk_stage(chunk);
	if (!chunk->write_len)
		copy_chunk_end(chunk);
	else if (copy_is_reachable(copy, copy->run.dst))
		copy_chunk_rw(chunk, true, chunk->dst_lba, 0, chunk->write_len);
	else
		copy_chunk_end(chunk);
}

static bool copy_prepare_carry(struct scst_copy *copy)
{
	if (!copy->carry)
		copy->carry = kmalloc(COPY_MAX_BLOCK, GFP_NOIO | __GFP_NOWARN);
	return copy->carry;
}

/* Take the next blocks of the segment.  Returns the first of them. */
static u64 copy_chunk_take(struct copy_chunk *chunk, u64 blocks)
{
	struct scst_copy *copy = chunk->copy;
	struct scst_copy_run *run = &copy->run;
	u32 size = run->src->td->dev->block_size;
	u64 dst_blocks;
	u64 src_lba;

	chunk->head = run->staged ? copy->carry_len : 0;
	chunk->len = blocks * size;
	chunk->write_len = chunk->len;
	run->blocks -= blocks;
	run->more = run->blocks;
	if (run->staged) {
		src_lba = run->src_lba;
		chunk->dst_lba = run->dst_lba;
		run->src_lba += blocks;
		return src_lba;
	}

	dst_blocks = chunk->len >> run->dst->td->dev->block_shift;
	if (run->backward) {
		run->src_lba -= blocks;
		run->dst_lba -= dst_blocks;
		chunk->dst_lba = run->dst_lba;
		return run->src_lba;
	}
	src_lba = run->src_lba;
	chunk->dst_lba = run->dst_lba;
	run->src_lba += blocks;
	run->dst_lba += dst_blocks;
	return src_lba;
}

static void copy_chunk_begin(struct copy_chunk *chunk, u64 blocks)
{
	struct scst_copy *copy = chunk->copy;
	u64 lba = copy_chunk_take(chunk, blocks);

	chunk->busy = true;
	copy->nr_busy++;
	if (chunk->head)
		sg_copy_from_buffer(chunk->buf->sg, chunk->buf->sg_cnt,
				    copy->carry, chunk->head);
	if (chunk->len)
		copy_chunk_rw(chunk, false, lba, chunk->head, chunk->len);
	else
		copy_chunk_write(chunk);
}

/* It has moved less than it was to, and that was good for the unit. */
static bool copy_chunk_is_short(const struct copy_chunk *chunk)
{
	const struct scst_cmd *cmd = &chunk->ic.cmd;

	return chunk->writing ? cmd->xfer_len < chunk->write_len :
				cmd->resp_data_len < chunk->len;
}

/* The command of a chunk has ended. */
static void copy_chunk_ended(struct copy_chunk *chunk)
{
	struct scst_copy *copy = chunk->copy;
	const struct scst_cmd *cmd = &chunk->ic.cmd;

	if (!chunk->writing) {
		chunk->buf->sg->offset -= chunk->head;
		chunk->buf->sg->length += chunk->head;
	}
	if (scst_internal_failed(&chunk->ic)) {
		copy_fail_cmd(copy, cmd, !chunk->writing);
		copy_chunk_end(chunk);
	} else if (copy_chunk_is_short(chunk)) {
		copy_fail(copy, SCST_SENSE_COPY_UNDERRUN);
		copy_chunk_end(chunk);
	} else if (chunk->writing) {
		scst_copy_id_progress(copy, chunk->write_len);
		copy_chunk_end(chunk);
	} else if (copy_must_stop(copy)) {
		copy_chunk_end(chunk);
	} else {
		copy_chunk_write(chunk);
	}
}

static void copy_collect(struct scst_copy *copy)
{
	struct copy_chunk *chunk, *next;
	LIST_HEAD(done);

	scoped_guard(spinlock_irqsave, &copy->lock)
		list_splice_init(&copy->done, &done);
	list_for_each_entry_safe(chunk, next, &done, entry)
		copy_chunk_ended(chunk);
	copy_clone_collect(copy);
}

/* ------------------------------------------------------------------------
 * The work item
 */

/* How many blocks the next chunk is to have; before the clone ends it, if any */
static u64 copy_next_blocks(const struct scst_copy *copy)
{
	const struct scst_copy_run *run = &copy->run;
	u64 max = copy->chunk_size;

	if (run->staged)
		max -= COPY_STAGE_ROOM;
	max >>= run->src->td->dev->block_shift;
	if (run->clone_skip)
		max = min(max, run->clone_skip);
	return min(max, run->blocks);
}

/* Pass over what was cloned. */
static void copy_skip_clone(struct scst_copy_run *run)
{
	if (run->clone_skip || !run->clone_blocks)
		return;
	run->src_lba += run->clone_blocks;
	run->dst_lba += run->clone_blocks;
	run->blocks -= run->clone_blocks;
	run->clone_blocks = 0;
	run->more = run->blocks || run->staged;
}

/* Start what may be started of the segment.  Returns false if it is over. */
static bool copy_advance(struct scst_copy *copy)
{
	struct scst_copy_run *run = &copy->run;
	struct copy_chunk *chunk;
	u64 blocks;

	for (;;) {
		copy_skip_clone(run);
		if (!run->more || !copy_is_reachable(copy, run->src))
			break;
		chunk = copy_get_chunk(copy);
		if (IS_ERR(chunk))
			copy_fail_memory(copy, PTR_ERR(chunk));
		if (IS_ERR_OR_NULL(chunk))
			break;
		blocks = copy_next_blocks(copy);
		if (run->clone_skip)
			run->clone_skip -= blocks;
		copy_chunk_begin(chunk, blocks);
	}
	return copy->nr_busy;
}

static bool copy_begin_segment(struct scst_copy *copy)
{
	struct scst_copy_run *run = &copy->run;
	scst_sense_t sense;

	sense = scst_copy_begin_segment(copy);
	if (sense == SCST_SENSE_COPY_RANGE) {
		copy_fail_range(copy);
		return false;
	}
	if (sense == SCST_TASK_SET_FULL) {
		copy_fail_memory(copy, -ENOMEM);
		return false;
	}
	if (sense != SCST_GOOD) {
		copy_fail(copy, sense);
		return false;
	}
	if (run->staged && !copy_prepare_carry(copy)) {
		copy_fail_memory(copy, -ENOMEM);
		return false;
	}
	copy->in_segment = true;
	if (!run->more)
		return true;
	if (!copy->chunk_size)
		copy->chunk_size = copy_chunk_size(copy);
	if (!run->clone_blocks)
		return true;
	/* A segment that is cloned as a whole has no chunks, which would look. */
	if (!copy_is_reachable(copy, run->src) ||
	    !copy_is_reachable(copy, run->dst))
		return false;
	if (!copy_clone_begin(copy))
		run->clone_blocks = 0;
	return true;
}

/* Returns false when there is nothing more to wait for. */
static bool copy_run_segments(struct scst_copy *copy)
{
	copy_collect(copy);
	while (!copy_must_stop(copy)) {
		if (!copy->in_segment) {
			if (copy->segment == copy->nr_segments)
				break;
			if (!copy_begin_segment(copy))
				break;
		}
		if (copy->clone && copy->clone->busy)
			return true;
		if (copy_advance(copy))
			return true;
		if (copy_must_stop(copy))
			break;
		copy->in_segment = false;
		copy->segment++;
	}
	return copy->nr_busy;
}

static bool copy_may_run(const struct scst_copy *copy)
{
	lockdep_assert_held(&copies_lock);
	return nr_running < XCOPY_MAX_RUNNING &&
	       copy->cmd->sess->nr_copies < XCOPY_MAX_NEXUS_RUNNING;
}

static void copy_begin_turn(struct scst_copy *copy)
{
	lockdep_assert_held(&copies_lock);
	copy->running = true;
	nr_running++;
	copy->cmd->sess->nr_copies++;
	copy_kick(copy);
}

/*
 * Let the oldest one run of those that may: it can only be one more, as none of
 * them could before.
 */
static void copy_end_turn(struct scst_copy *copy)
{
	struct scst_copy *next;

	guard(spinlock_irqsave)(&copies_lock);
	list_del(&copy->entry);
	if (!copy->running)
		return;
	nr_running--;
	copy->cmd->sess->nr_copies--;
	list_for_each_entry(next, &copies, entry) {
		if (next->running || !copy_may_run(next))
			continue;
		copy_begin_turn(next);
		return;
	}
}

/* Somebody has seen to it that not all segments are processed, unless one has failed. */
static void copy_cut_short(struct scst_copy *copy)
{
	if (READ_ONCE(copy->cancelled))
		copy_fail(copy, SCST_SENSE_COPY_CANCELLED);
	else if (READ_ONCE(copy->running) &&
		 test_bit(SCST_CMD_ABORTED_LUN, &copy->cmd->flags))
		copy_fail(copy, SCST_SENSE_COPY_UNREACHABLE);
}

static void copy_end(struct scst_copy *copy)
{
	struct scst_cmd *cmd = copy->cmd;
	bool complete = copy->segment == copy->nr_segments;
	scst_sense_t result;

	if (!complete)
		copy_cut_short(copy);
	result = copy->result;
	/* It is told of, though its LUN goes: something may have been copied. */
	cmd->executed = complete || result != SCST_GOOD;
	/* The details of the failure include the sense data. */
	scst_cmd_set_result(cmd, result);
	if (result == SCST_GOOD && !complete)
		cmd->status = SAM_STAT_TASK_ABORTED;
	scst_copy_id_end(copy);
	copy_end_turn(copy);
	/* From now on nobody queues it; it may be queued once more already. */
	cancel_work(&copy->work);
	copy_free(copy);
	scst_cmd_done(cmd, result);
}

static void copy_work(struct work_struct *work)
{
	struct scst_copy *copy = container_of(work, struct scst_copy, work);

	/* Its turn may come while this looks. */
	if (READ_ONCE(copy->running) ? copy_run_segments(copy) :
				       !copy_must_stop(copy))
		return;
	copy_end(copy);
}

/**
 * scst_copy_start - process a copy operation
 * @copy: copy operation, parsed; its command, which executes, ends when it has
 *	ended
 *
 * Context: the command's exec().
 */
void scst_copy_start(struct scst_copy *copy)
{
	spin_lock_init(&copy->lock);
	INIT_LIST_HEAD(&copy->done);
	INIT_WORK(&copy->work, copy_work);
	scst_cmd_detach(copy->cmd);

	guard(spinlock_irqsave)(&copies_lock);
	list_add_tail(&copy->entry, &copies);
	/*
	 * scst_cmd_abort() looks for it after it has marked the command: if it
	 * was not in the list yet, the work item sees the mark.
	 */
	if (copy_may_run(copy))
		copy_begin_turn(copy);
	else if (scst_cmd_aborted(copy->cmd))
		copy_kick(copy);
}

/**
 * scst_copy_abort - a command that is being copied for was aborted
 * @cmd: command, marked as aborted and pinned
 *
 * Context: any.
 */
void scst_copy_abort(const struct scst_cmd *cmd)
{
	struct scst_copy *copy;

	guard(spinlock_irqsave)(&copies_lock);
	list_for_each_entry(copy, &copies, entry)
		if (copy->cmd == cmd)
			copy_kick(copy);
}

/**
 * scst_copy_cancel - end a copy operation early
 * @list_id: its list identifier; the caller holds scst_session.copy_lock
 *
 * Context: any.
 */
void scst_copy_cancel(const struct scst_copy_id *list_id)
{
	struct scst_copy *copy;

	guard(spinlock_irqsave)(&copies_lock);
	list_for_each_entry(copy, &copies, entry) {
		if (copy->list_id != list_id)
			continue;
		WRITE_ONCE(copy->cancelled, true);
		copy_kick(copy);
	}
}
