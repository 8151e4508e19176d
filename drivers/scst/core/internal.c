// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that the core itself sends to a logical unit, on behalf of a command
 * of an initiator and through the same I_T nexus.
 *
 * They pass what every command passes but the task set: the initiator did not
 * send them, so they have no place in its order, and report no unit attention
 * condition of its.  Hence they know which medium they are for.  They end by a
 * callback instead of a response.
 */

#include <linux/unaligned.h>
#include "core.h"

/**
 * scst_internal_init - prepare a command of the core
 * @ic: command
 * @parent: command that it is for; does not end before @ic
 * @td: I_T_L nexus of @parent's I_T nexus, which the caller has a reference on
 * @medium_gen: scst_device.medium_gen of the medium that it is for
 * @done: called when it has ended; see struct scst_internal_cmd
 *
 * Context: any.
 */
void scst_internal_init(struct scst_internal_cmd *ic, struct scst_cmd *parent,
			struct scst_tgt_dev *td, u32 medium_gen,
			void (*done)(struct scst_internal_cmd *ic))
{
	struct scst_cmd *cmd = &ic->cmd;
	struct scsi_lun lun;

	scst_lun_format(&lun, td->lun, SCST_ADDR_FLAT);
	scst_rx_cmd(parent->sess, cmd, &lun, ic->cdb, sizeof(ic->cdb));
	cmd->tag = parent->tag;
	cmd->tgt_dev = td;
	cmd->dev = td->dev;
	cmd->task_set = READ_ONCE(td->task_set);
	percpu_ref_get(&td->ref);
	set_bit(SCST_CMD_INTERNAL, &cmd->flags);
	ic->parent = parent;
	ic->peer = NULL;
	ic->holds_peer = false;
	ic->medium_gen = medium_gen;
	ic->done = done;
}

/* Not every handler has the long one. */
static bool internal_use_rw10(u64 lba, u32 nblocks)
{
	return lba <= U32_MAX && nblocks <= U16_MAX;
}

/**
 * scst_internal_set_rw - make a command of the core a READ or WRITE
 * @ic: command that scst_internal_init() has prepared
 * @write: which of both
 * @lba: first block
 * @nblocks: number of blocks
 *
 * The caller gives it its buffer.
 *
 * Context: any.
 */
void scst_internal_set_rw(struct scst_internal_cmd *ic, bool write, u64 lba,
			  u32 nblocks)
{
	u8 *cdb = ic->cdb;

	memset(cdb, 0, sizeof(ic->cdb));
	if (internal_use_rw10(lba, nblocks)) {
		ic->cmd.cdb_len = 10;
		cdb[0] = write ? WRITE_10 : READ_10;
		put_unaligned_be32(lba, cdb + 2);
		put_unaligned_be16(nblocks, cdb + 7);
	} else {
		cdb[0] = write ? WRITE_16 : READ_16;
		put_unaligned_be64(lba, cdb + 2);
		put_unaligned_be32(nblocks, cdb + 10);
	}
}

/**
 * scst_internal_failed - did a command of the core fail?
 * @ic: command that has ended
 *
 * Context: any.
 * Return: true when it was aborted or has another status than GOOD.
 */
bool scst_internal_failed(const struct scst_internal_cmd *ic)
{
	return scst_cmd_aborted(&ic->cmd) ||
	       ic->cmd.status != SAM_STAT_GOOD;
}
