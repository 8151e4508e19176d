// SPDX-License-Identifier: GPL-2.0
/*
 * Commands go to the device as they came: a request with the CDB, and with the data
 * where the target driver has them.
 */

#include <kunit/visibility.h>
#include <linux/sched/mm.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_host.h>
#include "pass.h"

#define PASS_MAX_AGAIN	5

/* ------------------------------------------------------------------------
 * The request
 */

VISIBLE_IF_KUNIT
bool pass_cdb_fits(const struct scst_cmd *cmd, const struct scsi_device *sdev)
{
	u16 len = pass_cdb_len(cmd);

	return len <= sizeof_field(struct scsi_cmnd, cmnd) &&
	       len <= sdev->host->max_cmd_len;
}
EXPORT_SYMBOL_IF_KUNIT(pass_cdb_fits);

/*
 * A device that uses ACA would hold up everybody here, as all are one initiator to
 * it.  The condition is the core's business.
 */
static void pass_set_cdb(struct scsi_cmnd *scmd, const u8 *cdb, u16 len)
{
	unsigned int control = scst_cdb_control(cdb);

	memcpy(scmd->cmnd, cdb, len);
	scmd->cmd_len = len;
	if (control && control < len)
		scmd->cmnd[control] &= ~SCST_CDB_CONTROL_NACA;
}

/*
 * What the kernel's own driver of the device has, or what the administrator has set
 * there, and for a flush twice of that, as sd; more for a command that takes longer.
 */
VISIBLE_IF_KUNIT
unsigned int pass_timeout(const struct scst_cmd *cmd, unsigned int rq_timeout)
{
	unsigned int timeout = max(to_pass_handler(cmd->dev)->timeout * HZ,
				   rq_timeout);

	if (cmd->cdb[0] == SYNCHRONIZE_CACHE ||
	    cmd->cdb[0] == SYNCHRONIZE_CACHE_16)
		timeout *= 2;
	return max(timeout, cmd->op->timeout * HZ);
}
EXPORT_SYMBOL_IF_KUNIT(pass_timeout);

/**
 * pass_send - send a request for a command to the device
 * @cmd: command
 * @pr: the request
 * @flags: %BLK_MQ_REQ_NOWAIT: fail where there is no request now
 *
 * Context: process context; waits for a request if @flags allow.
 * Return: 0: end_io() is or will be called; -EAGAIN when there is no request,
 * -ENODEV when there will be none, -EINVAL when the host adapter cannot transfer the
 * data at a time, -ECANCELED when @cmd was aborted, -ENOMEM.
 */
int pass_send(struct scst_cmd *cmd, struct pass_request *pr,
	      blk_mq_req_flags_t flags)
{
	const struct pass_handler *handler = to_pass_handler(cmd->dev);
	bool out = cmd->op->dir & SCST_DATA_WRITE;
	bool at_head = cmd->queue_type == SCST_CMD_QUEUE_HEAD_OF_QUEUE;
	struct scsi_device *sdev = to_pass_unit(cmd->dev)->sdev;
	struct scsi_cmnd *scmd;
	struct request *rq;
	int ret = 0;

	rq = scsi_alloc_request(sdev->request_queue,
				out ? REQ_OP_DRV_OUT : REQ_OP_DRV_IN, flags);
	if (IS_ERR(rq))
		return PTR_ERR(rq);
	/* A reset may have come, and gone, while there was no request. */
	if (scst_cmd_aborted(cmd))
		ret = -ECANCELED;
	else if (pr->sg_cnt)
		ret = blk_rq_map_kern_sg(rq, pr->sg, pr->sg_cnt, GFP_NOIO);
	if (ret) {
		blk_mq_free_request(rq);
		return ret;
	}

	scmd = blk_mq_rq_to_pdu(rq);
	pass_set_cdb(scmd, pr->cdb, pass_cdb_len(cmd));
	/* Else, if it does not get as far as to the device, it has that of the last one. */
	scmd->sense_buffer[0] = 0;
	scmd->allowed = pass_moves_blocks(cmd) ? handler->retries : 0;
	/* Error recovery may rewind the tape. */
	if (sdev->type == TYPE_TAPE)
		scmd->flags |= SCMD_FAIL_IF_RECOVERING;
	rq->rq_flags |= RQF_QUIET;
	rq->timeout = pass_timeout(cmd, READ_ONCE(sdev->request_queue->rq_timeout));
	rq->end_io = pr->end_io;
	rq->end_io_data = pr;
	pr->bio = rq->bio;
	blk_execute_rq_nowait(rq, at_head);
	return 0;
}

/**
 * pass_recv - take back the request that a device has ended
 * @cmd: command
 * @rq: request of it, whose end_io() this is; it is gone after this
 * @status: what end_io() was told
 * @len: bytes of data that it had
 * @resid: set to the bytes that were not transferred
 *
 * Context: any.
 * Return: how it ended, as pass_result().
 */
scst_sense_t pass_recv(struct scst_cmd *cmd, struct request *rq,
		       blk_status_t status, u32 len, u32 *resid)
{
	struct pass_unit *pass = to_pass_unit(cmd->dev);
	struct pass_request *pr = rq->end_io_data;
	scst_sense_t result;

	result = pass_result(cmd, blk_mq_rq_to_pdu(rq), status, len, resid);
	/* It has to tell of one thing at a time, but not for ever. */
	if (unlikely(result == SCST_PENDING) && ++to_pass_cmd(cmd)->again > PASS_MAX_AGAIN)
		result = SCST_BUSY;
	blk_rq_unmap_kern_sg(pr->bio);
	blk_mq_free_request(rq);
	/* The device would have told of it by this one, which came later. */
	if (unlikely(READ_ONCE(pass->reset_told)) && !cmd->op->skip_ua &&
	    (result == SCST_GOOD || result == SCST_SENSE_DATA) &&
	    to_pass_cmd(cmd)->nr_resets == READ_ONCE(pass->nr_resets))
		WRITE_ONCE(pass->reset_told, false);
	pass_was_reset(pass);
	return result;
}

/* There is no request, or the data can't be mapped. */
scst_sense_t pass_sense_of_errno(int error)
{
	switch (error) {
	case -ENOMEM:
	case -EBUSY:
		return SCST_BUSY;
	case -ENODEV:
		return SCST_SENSE_LUN_NOT_SUPPORTED;
	default:
		/* More than the host adapter can transfer at a time */
		return SCST_SENSE_INVALID_FIELD_IN_CDB;
	}
}

static void pass_done(struct scst_cmd *cmd, scst_sense_t result)
{
	if (unlikely(to_pass_cmd(cmd)->lock_turn))
		pass_lock_end(to_pass_unit(cmd->dev));
	scst_cmd_done(cmd, result);
}

static void pass_go(struct pass_waiter *waiter);

static enum rq_end_io_ret pass_end_io(struct request *rq, blk_status_t status)
{
	struct pass_cmd *pc = container_of((struct pass_request *)rq->end_io_data,
					   struct pass_cmd, request);
	struct scst_cmd *cmd = to_scst_cmd(pc);
	scst_sense_t result;
	u32 resid;

	result = pass_recv(cmd, rq, status, cmd->bufflen, &resid);
	if (unlikely(result == SCST_PENDING)) {
		pc->waiter.go = pass_go;
		pass_wait(cmd, &pc->waiter);
		return RQ_END_IO_NONE;
	}
	pass_set_transferred(cmd, cmd->bufflen - resid);
	if (pc->done && pass_was_done(cmd, result))
		pc->done(cmd);
	pass_done(cmd, result);
	return RQ_END_IO_NONE;
}

/* Is a command's list as long as its data?  That of a copy may be longer. */
static bool pass_sg_is_cut(const struct scst_cmd *cmd)
{
	struct scatterlist *sg;
	unsigned int i;
	u64 len = 0;

	for_each_sg(cmd->sg, sg, cmd->sg_cnt, i)
		len += sg->length;
	return len == cmd->bufflen;
}

static int pass_start(struct scst_cmd *cmd, blk_mq_req_flags_t flags)
{
	struct pass_request *pr = &to_pass_cmd(cmd)->request;
	struct pass_unit *pass = to_pass_unit(cmd->dev);
	/* Else nobody may have fetched it. */
	bool data = cmd->op->dir != SCST_DATA_NONE && cmd->xfer_len &&
		    cmd->expected_dir != SCST_DATA_NONE && cmd->bufflen;

	pass_was_reset(pass);
	/* There was a reset since it came: its initiator is to hear of that first. */
	if (unlikely(to_pass_cmd(cmd)->nr_resets != READ_ONCE(pass->nr_resets) ||
		     atomic_read(&pass->nr_resetting)) && !cmd->op->skip_ua)
		return -EBUSY;
	if (data && unlikely(!pass_sg_is_cut(cmd)))
		return -EINVAL;
	pr->cdb = cmd->cdb;
	pr->sg = cmd->sg;
	pr->sg_cnt = data ? cmd->sg_cnt : 0;
	pr->end_io = pass_end_io;
	return pass_send(cmd, pr, flags);
}

/* It was not sent.  Returns how it ended, or %SCST_PENDING. */
static scst_sense_t pass_not_started(struct scst_cmd *cmd, int error)
{
	if (error == -EINVAL && pass_can_split(cmd))
		return pass_split(cmd);
	return pass_sense_of_errno(error);
}

/* ------------------------------------------------------------------------
 * Waiting for requests
 */

static struct pass_waiter *pass_next_waiter(struct pass_unit *pass)
{
	struct pass_waiter *waiter;

	guard(spinlock_irqsave)(&pass->lock);
	waiter = list_first_entry_or_null(&pass->waiting, struct pass_waiter,
					  entry);
	if (waiter)
		list_del(&waiter->entry);
	return waiter;
}

/**
 * pass_wait_work - let those go on that wait for requests
 * @work: pass_unit.wait_work
 */
void pass_wait_work(struct work_struct *work)
{
	struct pass_unit *pass = container_of(work, struct pass_unit, wait_work);
	unsigned int noio = memalloc_noio_save();
	struct pass_waiter *waiter;

	while ((waiter = pass_next_waiter(pass)))
		waiter->go(waiter);
	memalloc_noio_restore(noio);
}

/**
 * pass_wait - wait for a request, in a thread
 * @cmd: command
 * @waiter: whose go() is called; @cmd may have ended when this returns
 *
 * Context: any.
 */
void pass_wait(struct scst_cmd *cmd, struct pass_waiter *waiter)
{
	struct pass_unit *pass = to_pass_unit(cmd->dev);

	/* Who ends the last command may be waited for: queued before that. */
	guard(spinlock_irqsave)(&pass->lock);
	list_add_tail(&waiter->entry, &pass->waiting);
	queue_work(pass_wq, &pass->wait_work);
}

static void pass_go(struct pass_waiter *waiter)
{
	struct scst_cmd *cmd = to_scst_cmd(container_of(waiter, struct pass_cmd,
							waiter));
	scst_sense_t result = SCST_GOOD;
	int ret;

	/* Its result is moot when it was aborted. */
	if (!scst_cmd_aborted(cmd)) {
		ret = pass_start(cmd, 0);
		if (!ret)
			return;
		result = pass_not_started(cmd, ret);
	}
	if (result != SCST_PENDING)
		pass_done(cmd, result);
}

/**
 * pass_parse - how much data a command has
 * @cmd: command
 *
 * Without a block size that is known here only the transport knows.  It may have
 * become known after the command was decoded, with blocks of one byte: there is none
 * with data for more than twice its blocks then.
 *
 * Context: any.
 * Return: %SCST_GOOD, or how a command of the copy manager ends that was for blocks
 * of a size that the medium has no longer.
 */
scst_sense_t pass_parse(struct scst_cmd *cmd)
{
	struct pass_unit *pass = to_pass_unit(cmd->dev);

	/*
	 * Unit attention conditions and reservations are looked at next.  A device that
	 * nobody serves is the host's, and so is the note.
	 */
	scoped_guard(rcu) {
		if (likely(READ_ONCE(pass->held) && !READ_ONCE(pass->gone)))
			pass_was_reset(pass);
	}
	to_pass_cmd(cmd)->nr_resets = READ_ONCE(pass->nr_resets);
	if (!cmd->nblocks || !cmd->xfer_len)
		return SCST_GOOD;
	if (READ_ONCE(pass->block_size_known))
		return likely(cmd->xfer_len > 2 * cmd->nblocks) ? SCST_GOOD :
								  cmd->op->decode(cmd);
	if (test_bit(SCST_CMD_INTERNAL, &cmd->flags))
		return SCST_SENSE_MEDIUM_CHANGED;
	cmd->xfer_len = cmd->bufflen;
	return SCST_GOOD;
}
EXPORT_SYMBOL_IF_KUNIT(pass_parse);

static scst_sense_t __pass_exec(struct scst_cmd *cmd, void (*done)(struct scst_cmd *cmd),
				bool lock_turn)
{
	struct pass_unit *pass = to_pass_unit(cmd->dev);
	int ret;

	if (unlikely(READ_ONCE(pass->gone)))
		return SCST_SENSE_LUN_NOT_SUPPORTED;
	if (unlikely(!pass_cdb_fits(cmd, pass->sdev)))
		return SCST_SENSE_INVALID_OPCODE;
	if (unlikely(cmd->expected_dir == SCST_DATA_BIDI))
		return SCST_SENSE_INVALID_OPCODE;
	to_pass_cmd(cmd)->done = done;
	to_pass_cmd(cmd)->again = 0;
	to_pass_cmd(cmd)->lock_turn = lock_turn;
	ret = pass_start(cmd, BLK_MQ_REQ_NOWAIT);
	if (likely(!ret))
		return SCST_PENDING;
	if (ret == -EAGAIN) {
		to_pass_cmd(cmd)->waiter.go = pass_go;
		pass_wait(cmd, &to_pass_cmd(cmd)->waiter);
		return SCST_PENDING;
	}
	return pass_not_started(cmd, ret);
}

/**
 * pass_exec_then - send a command to the device, and look at what it answers
 * @cmd: command
 * @done: called when the device has done it, in any context; or NULL
 *
 * The submitter's own request may be the last one there is, so that this waits for
 * none.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t pass_exec_then(struct scst_cmd *cmd,
			    void (*done)(struct scst_cmd *cmd))
{
	return __pass_exec(cmd, done, false);
}
EXPORT_SYMBOL_NS_GPL(pass_exec_then, SCST_PASS);

/**
 * pass_exec_lock - pass_exec_then() of a command that locks or unlocks the medium
 * @cmd: command whose turn it is, see pass_lock_end()
 * @done: as there
 *
 * Context: see struct scst_dev_type; or process context.
 * Return: how it ended, the turn is over then; or %SCST_PENDING.
 */
scst_sense_t pass_exec_lock(struct scst_cmd *cmd, void (*done)(struct scst_cmd *cmd))
{
	scst_sense_t result = __pass_exec(cmd, done, true);

	if (result != SCST_PENDING)
		pass_lock_end(to_pass_unit(cmd->dev));
	return result;
}

/**
 * pass_exec - send a command to the device
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t pass_exec(struct scst_cmd *cmd)
{
	return pass_exec_then(cmd, NULL);
}

/**
 * pass_fix_byte - change what the device has said
 * @cmd: command whose done() this is
 * @at: which byte of the data-in; it may have been cut off before it
 * @clear: bits to clear
 * @set: bits to set
 *
 * Context: any.
 */
void pass_fix_byte(struct scst_cmd *cmd, u32 at, u8 clear, u8 set)
{
	u8 byte;

	if (at >= cmd->resp_data_len ||
	    !sg_pcopy_to_buffer(cmd->sg, cmd->sg_cnt, &byte, 1, at))
		return;
	byte = (byte & ~clear) | set;
	sg_pcopy_from_buffer(cmd->sg, cmd->sg_cnt, &byte, 1, at);
}
EXPORT_SYMBOL_NS_GPL(pass_fix_byte, SCST_PASS);

/**
 * pass_is_ours - was a request sent here?
 * @rq: request, maybe of another user of the device
 *
 * Context: any.
 * Return: true if so.
 */
bool pass_is_ours(const struct request *rq)
{
	return rq->end_io == pass_end_io || rq->end_io == pass_split_end_io;
}
