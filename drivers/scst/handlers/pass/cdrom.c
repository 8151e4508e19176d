// SPDX-License-Identifier: GPL-2.0
/* dev_cdrom: CD and DVD drives (MMC-6). */

#include <kunit/visibility.h>
#include "pass.h"

/* As sr; what writes to the disc takes as long as that takes */
#define CDROM_TIMEOUT	30	/* seconds */
#define CDROM_RETRIES	3
#define CDROM_LONG	(3 * 60 * 60)

#define CDROM_READ_FORMAT_CAPACITIES	0x23
#define CDROM_READ_SUBCHANNEL		0x42
#define CDROM_GET_CONFIGURATION		0x46
#define CDROM_GET_EVENT_STATUS		0x4a
#define CDROM_PAUSE_RESUME		0x4b
#define CDROM_STOP_PLAY			0x4e
#define CDROM_READ_DISC_INFO		0x51
#define CDROM_READ_TRACK_INFO		0x52
#define CDROM_CLOSE_TRACK		0x5b
#define CDROM_READ_BUFFER_CAPACITY	0x5c
#define CDROM_BLANK			0xa1
#define CDROM_GET_PERFORMANCE		0xac
#define CDROM_READ_DISC_STRUCTURE	0xad
#define CDROM_READ_CD_MSF		0xb9
#define CDROM_SET_SPEED			0xbb
#define CDROM_MECHANISM_STATUS		0xbd
#define CDROM_READ_CD			0xbe

/* GET EVENT STATUS NOTIFICATION */
#define EVENT_CLASS		2	/* byte of the answer */
#define EVENT_NONE		0x80	/* no event of a class that was asked for */
#define EVENT_CLASS_MASK	0x07
#define EVENT_CLASS_MEDIA	4
#define EVENT_CODE		4	/* byte of the answer */
#define EVENT_CODE_MASK		0x0f

/*
 * The device tells of an event once, to whoever asks first.  Each initiator here is to
 * hear of it.
 */
static void cdrom_event_done(struct scst_cmd *cmd)
{
	enum scst_medium_event event;
	u8 buf[EVENT_CODE + 1], code;

	if (cmd->resp_data_len < sizeof(buf))
		return;
	sg_copy_to_buffer(cmd->sg, cmd->sg_cnt, buf, sizeof(buf));
	if ((buf[EVENT_CLASS] & (EVENT_NONE | EVENT_CLASS_MASK)) != EVENT_CLASS_MEDIA)
		return;
	code = buf[EVENT_CODE] & EVENT_CODE_MASK;
	for (event = 0; code && scst_medium_event_code(event) != code; event++)
		if (event == SCST_MEDIUM_NO_EVENT)
			return;
	if (code)
		scst_device_medium_event(cmd->dev, event);
	event = scst_cmd_take_medium_event(cmd);
	pass_fix_byte(cmd, EVENT_CODE, EVENT_CODE_MASK, scst_medium_event_code(event));
}

static scst_sense_t cdrom_exec_get_event_status(struct scst_cmd *cmd)
{
	return pass_exec_then(cmd, cdrom_event_done);
}

static const struct pass_opcode cdrom_rows[] = {
	{
		.name		= "READ(10)",
		.opcode		= READ_10,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.range		= SCST_RANGE_READ,
		.reserve	= SCST_RESERVE_READ,
		.moves_data	= true,
		.decode		= scst_decode_rw10,
	}, {
		.name		= "READ(12)",
		.opcode		= READ_12,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.range		= SCST_RANGE_READ,
		.reserve	= SCST_RESERVE_READ,
		.moves_data	= true,
		.decode		= scst_decode_rw12,
	}, {
		.name		= "WRITE(10)",
		.opcode		= WRITE_10,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.medium_write	= true,
		.moves_data	= true,
	}, {
		.name		= "WRITE(12)",
		.opcode		= WRITE_12,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.medium_write	= true,
		.moves_data	= true,
	}, {
		.name		= "READ CAPACITY",
		.opcode		= READ_CAPACITY,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.access		= SCST_ACCESS_STANDBY,
		.reserve	= SCST_RESERVE_ALLOWED,
		.decode		= scst_decode_read_capacity10,
		.exec		= pass_exec_read_capacity10,
	}, {
		.name		= "SYNCHRONIZE CACHE",
		.opcode		= SYNCHRONIZE_CACHE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.timeout	= CDROM_LONG,
	}, {
		.name		= "READ TOC/PMA/ATIP",
		.opcode		= READ_TOC,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
	}, {
		.name		= "GET CONFIGURATION",
		.opcode		= CDROM_GET_CONFIGURATION,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.skip_ua	= true,
		.reserve	= SCST_RESERVE_ALLOWED,
	}, {
		.name		= "GET EVENT STATUS NOTIFICATION",
		.opcode		= CDROM_GET_EVENT_STATUS,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.skip_ua	= true,
		.reserve	= SCST_RESERVE_ALLOWED,
		.exec		= cdrom_exec_get_event_status,
	}, {
		.name		= "READ DISC INFORMATION",
		.opcode		= CDROM_READ_DISC_INFO,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
	}, {
		.name		= "CLOSE TRACK SESSION",
		.opcode		= CDROM_CLOSE_TRACK,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.medium_write	= true,
		.timeout	= CDROM_LONG,
	}, {
		.name		= "BLANK",
		.opcode		= CDROM_BLANK,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.medium_write	= true,
		.timeout	= CDROM_LONG,
	}, {
		.name		= "FORMAT UNIT",
		.opcode		= FORMAT_UNIT,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.medium_write	= true,
		.timeout	= CDROM_LONG,
	}, {
		.name		= "READ FORMAT CAPACITIES",
		.opcode		= CDROM_READ_FORMAT_CAPACITIES,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_ALLOWED,
	}, {
		.name		= "SEEK(10)",
		.opcode		= SEEK_10,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.reserve	= SCST_RESERVE_READ,
	}, {
		.name		= "READ SUB-CHANNEL",
		.opcode		= CDROM_READ_SUBCHANNEL,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
	}, {
		.name		= "PAUSE RESUME",
		.opcode		= CDROM_PAUSE_RESUME,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
	}, {
		.name		= "STOP PLAY SCAN",
		.opcode		= CDROM_STOP_PLAY,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
	}, {
		.name		= "READ TRACK INFORMATION",
		.opcode		= CDROM_READ_TRACK_INFO,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
	}, {
		.name		= "READ BUFFER CAPACITY",
		.opcode		= CDROM_READ_BUFFER_CAPACITY,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_ALLOWED,
	}, {
		.name		= "GET PERFORMANCE",
		.opcode		= CDROM_GET_PERFORMANCE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
	}, {
		.name		= "READ DISC STRUCTURE",
		.opcode		= CDROM_READ_DISC_STRUCTURE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
	}, {
		.name		= "READ CD MSF",
		.opcode		= CDROM_READ_CD_MSF,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
		.moves_data	= true,
	}, {
		.name		= "SET CD SPEED",
		.opcode		= CDROM_SET_SPEED,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
	}, {
		.name		= "MECHANISM STATUS",
		.opcode		= CDROM_MECHANISM_STATUS,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
	}, {
		.name		= "READ CD",
		.opcode		= CDROM_READ_CD,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_READ,
		.moves_data	= true,
	},
};

static const struct pass_table cdrom_table = {
	.rows	= cdrom_rows,
	.nr	= ARRAY_SIZE(cdrom_rows),
};

VISIBLE_IF_KUNIT struct pass_handler pass_cdrom_handlers[] = {
	{
		.type = {
			.driver.name	= "dev_cdrom",
			.type		= TYPE_ROM,
		},
		.table		= &cdrom_table,
		.timeout	= CDROM_TIMEOUT,
		.retries	= CDROM_RETRIES,
		.attach		= pass_attach_disk,
	},
	{}
};
EXPORT_SYMBOL_IF_KUNIT(pass_cdrom_handlers);

module_driver(pass_cdrom_handlers, pass_register, pass_unregister);

MODULE_DESCRIPTION("CD and DVD drives of this host, for the SCSI target subsystem");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(SCST_PASS);
