// SPDX-License-Identifier: GPL-2.0
/*
 * The state of the medium and of the unit: TEST UNIT READY, START STOP UNIT and
 * PREVENT ALLOW MEDIUM REMOVAL (SPC-6, SBC-5).
 */

#include "vdisk.h"

/* START STOP UNIT: CDB byte 3 and 4 */
#define POWER_MODIFIER		0x0f
#define START_STOP_START	0x01
#define START_STOP_LOEJ		0x02
#define START_STOP_NO_FLUSH	0x04
#define POWER_CONDITION(byte4)	((byte4) >> 4)

/* POWER CONDITION field */
#define POWER_ACTIVE		0x1
#define POWER_IDLE		0x2
#define POWER_STANDBY		0x3
#define POWER_LU_CONTROL	0x7

/* PREVENT ALLOW MEDIUM REMOVAL: CDB byte 4.  The other bit is obsolete. */
#define PREVENT			0x01

/**
 * vdisk_poll_sense - what REQUEST SENSE tells when nothing else is pending
 * @dev: logical unit
 *
 * Context: any.
 * Return: sense code, or %SCST_GOOD.
 */
scst_sense_t vdisk_poll_sense(struct scst_device *dev)
{
	scst_sense_t sense = vdisk_check_medium(dev);

	if (sense != SCST_GOOD)
		return sense;
	if (vdisk_self_test_goes_on(to_vdisk(dev)))
		return SCST_SENSE_SELF_TEST_IN_PROGRESS;
	switch (READ_ONCE(to_vdisk(dev)->power)) {
	case VDISK_POWER_IDLE:
		return SCST_SENSE_IDLE_BY_COMMAND;
	case VDISK_POWER_STANDBY:
		return SCST_SENSE_STANDBY_BY_COMMAND;
	default:
		return SCST_GOOD;
	}
}

/**
 * vdisk_exec_test_unit_ready - TEST UNIT READY
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_test_unit_ready(struct scst_cmd *cmd)
{
	return vdisk_check_medium(cmd->dev);
}

/* ------------------------------------------------------------------------
 * START STOP UNIT
 */

/**
 * vdisk_start_stop_rule - reservations and START STOP UNIT
 * @cmd: command
 *
 * Context: any.
 * Return: who only wants the unit ready is in nobody's way (SBC-5, table of
 * commands that are allowed in the presence of various reservations).
 */
enum scst_reserve_rule vdisk_start_stop_rule(const struct scst_cmd *cmd)
{
	return !POWER_CONDITION(cmd->cdb[4]) &&
	       (cmd->cdb[4] & START_STOP_START) ?
		       SCST_RESERVE_ALLOWED : SCST_RESERVE_CONFLICT;
}

/* SPC-6: START STOP UNIT is one of the commands that end a self-test. */
static void vdisk_set_medium(struct vdisk *vd, u8 medium)
{
	vdisk_self_test_stop(vd, VDISK_SELF_TEST_STOPPED);
	if (vd->medium != medium)
		atomic64_inc(&vd->log.counters[VDISK_START_STOPS]);
	WRITE_ONCE(vd->medium, medium);
}

/* A medium that was stopped is not in any of them, and starts. */
static void vdisk_set_power_condition(struct vdisk *vd, u8 power)
{
	vdisk_set_medium(vd, VDISK_READY);
	WRITE_ONCE(vd->power, power);
}

static scst_sense_t vdisk_start(struct scst_cmd *cmd, bool load)
{
	struct vdisk *vd = to_vdisk(cmd->dev);

	if (vd->medium == VDISK_EJECTED) {
		if (!load)
			return SCST_SENSE_NO_MEDIUM;
		scst_device_ua(cmd->dev, SCST_UA_MEDIUM_CHANGED, cmd);
	}
	vdisk_set_power_condition(vd, VDISK_POWER_ACTIVE);
	return SCST_GOOD;
}

static scst_sense_t vdisk_stop(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);

	if (POWER_CONDITION(cmd->cdb[4]))
		vdisk_set_power_condition(vd, VDISK_POWER_STANDBY);
	else if (cmd->cdb[4] & START_STOP_LOEJ)
		vdisk_set_medium(vd, VDISK_EJECTED);
	else if (vd->medium == VDISK_READY)
		vdisk_set_medium(vd, VDISK_STOPPED);
	return SCST_GOOD;
}

static scst_sense_t vdisk_work_stop(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_flush(cmd, 0, 0);

	return sense == SCST_GOOD ? vdisk_stop(cmd) : sense;
}

/* What is cached is written before the medium stops, or goes. */
static scst_sense_t vdisk_flush_and_stop(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);

	if ((cmd->cdb[4] & START_STOP_NO_FLUSH) || vd->p.nv_cache ||
	    !vd->worker)
		return vdisk_stop(cmd);
	return vdisk_queue_work(cmd, vdisk_work_stop);
}

/*
 * SPC-6 5.11: a condition chosen by command stays until the next one, and
 * REQUEST SENSE tells it.  This unit can execute every command in each of them.
 * There are no timers that FORCE_IDLE_0 and FORCE_STANDBY_0 could expire.
 */
static scst_sense_t vdisk_set_power(struct scst_cmd *cmd)
{
	static const u8 max_modifier[] = {
		[POWER_IDLE] = 2, [POWER_STANDBY] = 1, [POWER_LU_CONTROL] = 0,
	};
	u8 condition = POWER_CONDITION(cmd->cdb[4]);
	struct vdisk *vd = to_vdisk(cmd->dev);

	if (condition != POWER_ACTIVE && condition != POWER_IDLE &&
	    condition != POWER_STANDBY && condition != POWER_LU_CONTROL)
		return scst_cmd_cdb_error(cmd, 4, 7);
	if ((cmd->cdb[3] & POWER_MODIFIER) > max_modifier[condition])
		return scst_cmd_cdb_error(cmd, 3, 3);
	if (vd->medium == VDISK_EJECTED)
		return SCST_SENSE_NO_MEDIUM;
	if (condition == POWER_STANDBY)
		return vdisk_flush_and_stop(cmd);

	vdisk_set_power_condition(vd, condition == POWER_IDLE ?
				      VDISK_POWER_IDLE : VDISK_POWER_ACTIVE);
	return SCST_GOOD;
}

/**
 * vdisk_exec_start_stop_unit - START STOP UNIT
 * @cmd: command; it has the unit alone
 *
 * IMMED allows to end early, which is of no use.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_start_stop_unit(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	u8 flags = cmd->cdb[4];

	if (POWER_CONDITION(flags))
		return vdisk_set_power(cmd);
	if (cmd->cdb[3] & POWER_MODIFIER)
		return scst_cmd_cdb_error(cmd, 3, 3);
	if ((flags & START_STOP_LOEJ) && !vd->p.removable)
		return scst_cmd_cdb_error(cmd, 4, 1);
	/* Whoever has locked the door has locked it for what comes in, too. */
	if ((flags & START_STOP_LOEJ) &&
	    scst_device_removal_prevented(cmd->dev))
		return SCST_SENSE_REMOVAL_PREVENTED;
	if (flags & START_STOP_START)
		return vdisk_start(cmd, flags & START_STOP_LOEJ);
	return vdisk_flush_and_stop(cmd);
}

/**
 * vdisk_prevent_allow_rule - reservations and PREVENT ALLOW MEDIUM REMOVAL
 * @cmd: command
 *
 * Context: any.
 * Return: who allows the removal is in nobody's way (the same table, and SPC-2's
 * for RESERVE).
 */
enum scst_reserve_rule vdisk_prevent_allow_rule(const struct scst_cmd *cmd)
{
	return cmd->cdb[4] & PREVENT ? SCST_RESERVE_CONFLICT :
				       SCST_RESERVE_ALWAYS;
}

/**
 * vdisk_exec_prevent_allow - PREVENT ALLOW MEDIUM REMOVAL
 * @cmd: command
 *
 * What it sets has an effect on units whose medium is removable only.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_prevent_allow(struct scst_cmd *cmd)
{
	scst_cmd_prevent_removal(cmd, cmd->cdb[4] & PREVENT);
	return SCST_GOOD;
}
