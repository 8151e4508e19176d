// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Logical units as SCSI devices of the same system
 *
 * scst_local is a target driver whose initiator is the SCSI mid-layer of the
 * same kernel.  Each of its I_T nexuses is a Scsi_Host that has one SCSI
 * target, with the logical units that the session's LUN map has.
 *
 * A command is processed in the context that submits it, on the initiator's
 * own pages.  The scst_cmd lives in the scsi_cmnd, so nothing is allocated,
 * and nothing is shared with other commands.
 *
 * Bidirectional commands cannot arrive: the block layer has no requests for
 * them.  A CDB of such a command comes with one data buffer, and the core
 * refuses it.
 */

#include <linux/blk-mq.h>
#include <linux/rcupdate.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include "local.h"

/*
 * Commands of one LUN, and of all LUNs on one hardware queue.  The tag set is
 * memory that a session has all its life, so queues are not without limit.
 */
#define LOCAL_QUEUE_DEPTH	256
#define LOCAL_MAX_HW_QUEUES	32

/* A request of this size can be built from single pages. */
#define LOCAL_MAX_SECTORS	(SG_MAX_SEGMENTS << (PAGE_SHIFT - SECTOR_SHIFT))

static int local_init_cmd_priv(struct Scsi_Host *shost, struct scsi_cmnd *sc)
{
	struct local_cmd *lc = scsi_cmd_priv(sc);

	/* Without this callback the mid-layer clears *lc for each command. */
	lc->sc = sc;
	lc->owned = false;
	return 0;
}

static int local_queuecommand(struct Scsi_Host *shost, struct scsi_cmnd *sc)
{
	struct local_sess *ls = shost_priv(shost);
	struct local_cmd *lc = scsi_cmd_priv(sc);
	enum scst_data_direction dir;
	struct scsi_lun lun;

	WRITE_ONCE(lc->owned, true);
	WRITE_ONCE(lc->aborting, false);
	int_to_scsilun(sc->device->lun, &lun);
	scst_rx_cmd(ls->sess, &lc->cmd, &lun, sc->cmnd, sc->cmd_len);
	lc->cmd.tag = blk_mq_unique_tag(scsi_cmd_to_rq(sc));
	if (sc->sc_data_direction != DMA_NONE) {
		dir = sc->sc_data_direction == DMA_TO_DEVICE ?
		      SCST_DATA_WRITE : SCST_DATA_READ;
		scst_cmd_set_sg(&lc->cmd, dir, scsi_sglist(sc),
				scsi_sg_count(sc), scsi_bufflen(sc));
	}
	scst_cmd_init_done(&lc->cmd);
	return 0;
}

static void local_set_result(struct scsi_cmnd *sc, const struct scst_cmd *cmd)
{
	bool overflow;
	u32 resid;

	sc->result = cmd->status;
	if (unlikely(cmd->sense_len))
		memcpy(sc->sense_buffer, cmd->sense,
		       min_t(u32, cmd->sense_len, SCSI_SENSE_BUFFERSIZE));

	/*
	 * The residual that the mid-layer knows is the unused part of the
	 * buffer.  When the CDB asked for more than the buffer holds, all of
	 * it was used, and that is no error of the transport.
	 */
	resid = scst_cmd_get_resid(cmd, &overflow);
	if (unlikely(resid) && !overflow)
		scsi_set_resid(sc, resid);
}

void local_xmit_response(struct scst_cmd *cmd)
{
	struct local_cmd *lc = container_of(cmd, struct local_cmd, cmd);

	/*
	 * DID_RESET: it is one that somebody else's reset, or ours of the whole
	 * unit, ended without an answer.  The mid-layer repeats what the block
	 * layer has made, and lets who has passed a command through see it.  No
	 * status is seen of a command that the error handler aborts.
	 */
	if (unlikely(scst_cmd_no_response(cmd)))
		lc->sc->result = (READ_ONCE(lc->aborting) ?
				  DID_ABORT : DID_RESET) << 16;
	else
		local_set_result(lc->sc, cmd);
	scst_tgt_cmd_done(cmd);
}

void local_on_free_cmd(struct scst_cmd *cmd)
{
	struct local_cmd *lc = container_of(cmd, struct local_cmd, cmd);
	struct scsi_cmnd *sc = lc->sc;

	/*
	 * If the mid-layer has given up on the command meanwhile, scsi_done()
	 * does nothing, and the error handler decides when the command may be
	 * used again; see local_wait_released().
	 */
	guard(rcu)();
	WRITE_ONCE(lc->owned, false);
	scsi_done(sc);
}

static struct lock_class_key local_flush_lock_key;

/*
 * The flush of a disk of ours may end while the block layer completes the
 * flush of the disk that its blocks are on, under the same lock of that one.
 */
static int local_slave_alloc(struct scsi_device *sdev)
{
	struct blk_mq_hw_ctx *hctx;
	unsigned long i;

	queue_for_each_hw_ctx(sdev->request_queue, hctx, i)
		blk_mq_hctx_set_fq_lock_class(hctx, &local_flush_lock_key);
	return 0;
}

const struct scsi_host_template local_host_template = {
	.module			= THIS_MODULE,
	.name			= "SCST local",
	.proc_name		= KBUILD_MODNAME,
	.cmd_size		= sizeof(struct local_cmd),
	.init_cmd_priv		= local_init_cmd_priv,
	.queuecommand		= local_queuecommand,
	.eh_timed_out		= local_eh_timed_out,
	.eh_abort_handler	= local_eh_abort,
	.eh_device_reset_handler = local_eh_device_reset,
	.eh_target_reset_handler = local_eh_target_reset,
	.slave_alloc		= local_slave_alloc,
	.change_queue_depth	= scsi_change_queue_depth,
	.can_queue		= LOCAL_QUEUE_DEPTH,
	.cmd_per_lun		= LOCAL_QUEUE_DEPTH,
	.this_id		= -1,
	.sg_tablesize		= SG_MAX_SEGMENTS,
	.max_sectors		= LOCAL_MAX_SECTORS,
	.max_segment_size	= UINT_MAX,
	.dma_boundary		= ULONG_MAX,
	/*
	 * The pages go to back ends as they are.  This alignment is what block
	 * drivers get from the block layer if they do not ask for another.
	 */
	.dma_alignment		= SECTOR_SIZE - 1,
	.queuecommand_may_block	= 1,
};

/* What a host template has no field for. */
void local_host_init(struct Scsi_Host *shost)
{
	shost->nr_hw_queues = min_t(unsigned int, nr_cpu_ids,
				    LOCAL_MAX_HW_QUEUES);
	shost->max_id = 1;
	shost->max_channel = 0;
	shost->max_lun = U16_MAX;
	shost->max_cmd_len = sizeof_field(struct scsi_cmnd, cmnd);
}
