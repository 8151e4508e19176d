// SPDX-License-Identifier: GPL-2.0
/*
 * Asymmetric access as initiators see it (SPC-6 5.18): what the state of a port
 * lets a command do, and REPORT TARGET PORT GROUPS.
 */

#include <kunit/visibility.h>
#include <linux/unaligned.h>
#include "alua.h"

/* REPORT TARGET PORT GROUPS parameter data (SPC-6 6.44) */
#define RTPG_FORMAT_EXTENDED	0x20	/* in SCST_RTPG_FORMAT */
#define RTPG_HEADER_LEN		4
#define RTPG_EXTENDED_LEN	8
#define RTPG_EXTENDED		0x10	/* byte 4 of the header */
#define RTPG_DESC_LEN		8
#define RTPG_PORT_LEN		4
#define RTPG_PREF		0x80	/* byte 0 of a descriptor */
#define RTPG_SUPPORTED		0xcf	/* byte 1: T, O, U, S, AN, AO */

#define SENSE_TRANSITION	SCST_SENSE(NOT_READY, 0x04, 0x0a)
#define SENSE_STANDBY		SCST_SENSE(NOT_READY, 0x04, 0x0b)
#define SENSE_UNAVAILABLE	SCST_SENSE(NOT_READY, 0x04, 0x0c)
#define SENSE_OFFLINE		SCST_SENSE(NOT_READY, 0x04, 0x12)

/*
 * What each state lets through, how others end, and the code of the state.  In the
 * first two of them every command is executed.
 */
static const struct {
	enum scst_access needs;
	scst_sense_t sense;
	u8 code;
} tpg_states[] = {
	[SCST_STATE_OPTIMIZED] = {
		.code	= 0x0,
	},
	[SCST_STATE_NONOPTIMIZED] = {
		.code	= 0x1,
	},
	[SCST_STATE_STANDBY] = {
		.needs	= SCST_ACCESS_STANDBY,
		.sense	= SENSE_STANDBY,
		.code	= 0x2,
	},
	[SCST_STATE_UNAVAILABLE] = {
		.needs	= SCST_ACCESS_UNAVAILABLE,
		.sense	= SENSE_UNAVAILABLE,
		.code	= 0x3,
	},
	[SCST_STATE_OFFLINE] = {
		.needs	= SCST_ACCESS_ANY,
		.sense	= SENSE_OFFLINE,
		.code	= 0xe,
	},
	[SCST_STATE_TRANSITIONING] = {
		.needs	= SCST_ACCESS_ANY,
		.sense	= SENSE_TRANSITION,
		.code	= 0xf,
	},
};

DEFINE_SPINLOCK(scst_alua_lock);	/* see struct scst_dev_group */

/**
 * scst_tpg_check - does the state of the port let a command execute?
 * @cmd: command of an I_T_L nexus
 *
 * Context: any.
 * Return: %SCST_GOOD, or how it is to end (SPC-6 5.18.2).
 */
scst_sense_t scst_tpg_check(const struct scst_cmd *cmd)
{
	unsigned int state = READ_ONCE(cmd->tgt_dev->access_state);

	if (cmd->op->access >= tpg_states[state].needs)
		return SCST_GOOD;
	return tpg_states[state].sense;
}
EXPORT_SYMBOL_IF_KUNIT(scst_tpg_check);

/**
 * scst_tpg_of - the target port group of a port
 * @group: device group
 * @tgt: target port
 *
 * Context: the caller holds scst_alua_lock.
 * Return: the target port group, or NULL when the port is in none.
 */
struct scst_tpg *scst_tpg_of(const struct scst_dev_group *group,
			     const struct scst_tgt *tgt)
{
	struct scst_tpg_port *port;
	struct scst_tpg *tpg;

	lockdep_assert_held(&scst_alua_lock);
	list_for_each_entry(tpg, &group->tpgs, obj.entry)
		list_for_each_entry(port, &tpg->ports, obj.entry)
			if (port->tgt == tgt)
				return tpg;
	return NULL;
}

/**
 * scst_tpg_join - tell a nexus the state of its port
 * @td: I_T_L nexus that is in the unit's list, or about to be
 *
 * Context: any; the caller holds scst_device.tgt_dev_lock.
 */
void scst_tpg_join(struct scst_tgt_dev *td)
{
	enum scst_access_state state = SCST_STATE_OPTIMIZED;
	const struct scst_dev_group *group;
	const struct scst_tpg *tpg = NULL;

	lockdep_assert_held(&td->dev->tgt_dev_lock);
	guard(spinlock)(&scst_alua_lock);
	group = td->dev->dev_group;
	if (group)
		tpg = scst_tpg_of(group, td->sess->tgt);
	if (tpg)
		state = tpg->state;
	WRITE_ONCE(td->access_state, state);
}

/* Tell all nexuses of a unit. */
void scst_tpg_update_unit(struct scst_device *unit)
{
	struct scst_tgt_dev *td;

	guard(spinlock_irqsave)(&unit->tgt_dev_lock);
	list_for_each_entry(td, &unit->tgt_devs, dev_entry)
		scst_tpg_join(td);
}

/**
 * scst_tpg_tell - tell initiators of access states
 * @group: device group
 * @ua: that they have changed, or that a change has failed
 * @except: command that asked for it, or NULL: its I_T_L nexus is not told, but those of
 *	other units, and of other LUNs of this one, are
 *
 * Context: process context; the caller holds scst_alua_config.
 */
void scst_tpg_tell(const struct scst_dev_group *group, enum scst_ua ua,
		   struct scst_cmd *except)
{
	struct scst_group_unit *gu;

	lockdep_assert_held(&scst_alua_config);
	list_for_each_entry(gu, &group->units, entry)
		scst_device_ua(gu->unit, ua, except);
}

/**
 * scst_tpg_set_state - change the state of a target port group
 * @tpg: target port group
 * @state: its new state, enum scst_access_state
 * @status: by what: %SCST_TPG_BY_EXPLICIT, %SCST_TPG_BY_IMPLICIT
 *
 * Context: process context; the caller holds scst_alua_config.
 */
void scst_tpg_set_state(struct scst_tpg *tpg, u8 state, u8 status)
{
	struct scst_group_unit *gu;

	lockdep_assert_held(&scst_alua_config);
	scoped_guard(spinlock_irqsave, &scst_alua_lock) {
		WRITE_ONCE(tpg->state, state);
		tpg->status = status;
	}
	list_for_each_entry(gu, &tpg->group->units, entry)
		scst_tpg_update_unit(gu->unit);
}

/*
 * Are there commands that the state does not let through?  They may execute even if
 * the state of before did not either: nobody needs to have waited for them.
 */
bool scst_tpg_restricts(u8 state)
{
	return tpg_states[state].needs != SCST_ACCESS_ACTIVE;
}

/* The state with a code of SPC-6, or -1 */
int scst_tpg_state_of_code(u8 code)
{
	int state;

	for (state = 0; state < ARRAY_SIZE(tpg_states); state++)
		if (tpg_states[state].code == code)
			return state;
	return -1;
}

/**
 * scst_device_tpgs - TPGS field of standard INQUIRY data (SPC-6 6.7.2)
 * @dev: logical unit
 * @tgt: target port
 *
 * Context: any.
 * Return: 0 when @tgt is in no target port group, 1 when asymmetric access is
 * implicit, 3 when initiators may ask for states, too.
 */
u8 scst_device_tpgs(const struct scst_device *dev, const struct scst_tgt *tgt)
{
	const struct scst_dev_group *group;

	guard(spinlock_irqsave)(&scst_alua_lock);
	group = dev->dev_group;
	if (!group || !scst_tpg_of(group, tgt))
		return 0;
	return group->explicit ? 3 : 1;
}
EXPORT_SYMBOL_GPL(scst_device_tpgs);

/**
 * scst_device_tpg - what a unit says of a port in INQUIRY data
 * @dev: logical unit
 * @tgt: target port
 * @ids: set to it
 *
 * Context: any.
 * Return: false when @dev is in no device group, so that there is no asymmetric
 * access.
 */
bool scst_device_tpg(const struct scst_device *dev, const struct scst_tgt *tgt,
		     struct scst_tpg_ids *ids)
{
	const struct scst_tpg *tpg;

	guard(spinlock_irqsave)(&scst_alua_lock);
	if (!dev->dev_group)
		return false;
	tpg = scst_tpg_of(dev->dev_group, tgt);
	ids->tpg_id = tpg ? tpg->group_id : 0;
	ids->lu_group_id = dev->dev_group->group_id;
	return true;
}
EXPORT_SYMBOL_GPL(scst_device_tpg);

static u16 tpg_port_id(const struct scst_tpg_port *port)
{
	return port->tgt ? READ_ONCE(port->tgt->rel_tgt_id) : port->rel_tgt_id;
}

/* A target port group descriptor and those of its ports; returns their bytes. */
static u32 tpg_report(struct scst_cmd *cmd, u32 offset,
		      const struct scst_tpg *tpg)
{
	u8 desc[RTPG_DESC_LEN] = { }, buf[RTPG_PORT_LEN] = { };
	const struct scst_tpg_port *port;
	u32 len = sizeof(desc);
	u8 nr_ports = 0;

	list_for_each_entry(port, &tpg->ports, obj.entry) {
		if (!tpg_port_id(port))
			continue;
		put_unaligned_be16(tpg_port_id(port), buf + 2);
		scst_cmd_data_in_part(cmd, offset + len, buf, sizeof(buf));
		len += sizeof(buf);
		nr_ports++;
	}

	desc[0] = tpg_states[tpg->state].code;
	if (tpg->preferred)
		desc[0] |= RTPG_PREF;
	desc[1] = RTPG_SUPPORTED;
	put_unaligned_be16(tpg->group_id, desc + 2);
	desc[5] = tpg->status;
	desc[7] = nr_ports;
	scst_cmd_data_in_part(cmd, offset, desc, sizeof(desc));
	return len;
}

/* REPORT TARGET PORT GROUPS is there for units that are in a group. */
bool scst_supports_tpgs(const struct scst_device *dev)
{
	return READ_ONCE(dev->dev_group);
}

/**
 * scst_exec_report_tpgs - REPORT TARGET PORT GROUPS (SPC-6 6.44)
 * @cmd: command
 *
 * Context: any.
 * Return: how it ended.
 */
scst_sense_t scst_exec_report_tpgs(struct scst_cmd *cmd)
{
	u8 format = cmd->cdb[1] & SCST_RTPG_FORMAT, header[RTPG_EXTENDED_LEN] = { };
	const struct scst_tpg *tpg;
	u32 header_len, len;

	if (format && format != RTPG_FORMAT_EXTENDED)
		return scst_cmd_cdb_error(cmd, 1, 7);
	header_len = format ? RTPG_EXTENDED_LEN : RTPG_HEADER_LEN;
	len = header_len;

	guard(spinlock_irqsave)(&scst_alua_lock);
	/* It may have left its group since the command was parsed. */
	if (!cmd->dev->dev_group)
		return scst_cmd_cdb_error(cmd, 1, 4);
	list_for_each_entry(tpg, &cmd->dev->dev_group->tpgs, obj.entry)
		len += tpg_report(cmd, len, tpg);

	put_unaligned_be32(len - RTPG_HEADER_LEN, header);
	if (format)
		header[4] = RTPG_EXTENDED;
	scst_cmd_data_in_part(cmd, 0, header, header_len);
	scst_cmd_data_in_end(cmd, len);
	return SCST_GOOD;
}
