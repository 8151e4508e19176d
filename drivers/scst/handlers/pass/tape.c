// SPDX-License-Identifier: GPL-2.0
/* dev_tape and dev_tape_perf: sequential access devices (SSC-5). */

#include <kunit/visibility.h>
#include "pass.h"

/* As st.  A command that moves the tape is never sent again: nobody knows where it is. */
#define TAPE_TIMEOUT	900	/* seconds */
#define TAPE_LONG	14000
#define TAPE_ERASE	(8 * TAPE_LONG)

/* Operation codes that are others' in scsi_proto.h, or are not there */
#define TAPE_SET_CAPACITY		0x0b
#define TAPE_READ_REVERSE		0x0f
#define TAPE_VERIFY			0x13
#define TAPE_REPORT_DENSITY		0x44
#define TAPE_WRITE_FILEMARKS_16		0x80
#define TAPE_SPACE_16			0x91
#define TAPE_LOCATE_16			0x92
#define TAPE_ERASE_16			0x93

static const struct pass_opcode tape_rows[] = {
	{
		.name		= "REWIND",
		.opcode		= REZERO_UNIT,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.timeout	= TAPE_LONG,
	}, {
		.name		= "FORMAT MEDIUM",
		.opcode		= FORMAT_UNIT,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.medium_write	= true,
		.timeout	= TAPE_LONG,
	}, {
		.name		= "READ BLOCK LIMITS",
		.opcode		= READ_BLOCK_LIMITS,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.reserve	= SCST_RESERVE_ALLOWED,
	}, {
		.name		= "READ(6)",
		.opcode		= READ_6,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.moves_data	= true,
	}, {
		.name		= "WRITE(6)",
		.opcode		= WRITE_6,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.medium_write	= true,
		.moves_data	= true,
	}, {
		.name		= "WRITE FILEMARKS(6)",
		.opcode		= WRITE_FILEMARKS,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.medium_write	= true,
		.timeout	= TAPE_LONG,
	}, {
		.name		= "SPACE(6)",
		.opcode		= SPACE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.timeout	= TAPE_LONG,
	}, {
		.name		= "VERIFY(6)",
		.opcode		= TAPE_VERIFY,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.timeout	= TAPE_LONG,
	}, {
		.name		= "ERASE(6)",
		.opcode		= ERASE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.medium_write	= true,
		.timeout	= TAPE_ERASE,
	}, {
		.name		= "LOAD UNLOAD",
		.opcode		= START_STOP,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.timeout	= TAPE_LONG,
	}, {
		.name		= "LOCATE(10)",
		.opcode		= SEEK_10,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.timeout	= TAPE_LONG,
	}, {
		.name		= "WRITE FILEMARKS(16)",
		.opcode		= TAPE_WRITE_FILEMARKS_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.medium_write	= true,
		.timeout	= TAPE_LONG,
	}, {
		.name		= "READ(16)",
		.opcode		= READ_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.moves_data	= true,
	}, {
		.name		= "WRITE(16)",
		.opcode		= WRITE_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_WRITE,
		.medium_write	= true,
		.moves_data	= true,
	}, {
		.name		= "SPACE(16)",
		.opcode		= TAPE_SPACE_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.timeout	= TAPE_LONG,
	}, {
		.name		= "LOCATE(16)",
		.opcode		= TAPE_LOCATE_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.timeout	= TAPE_LONG,
	}, {
		.name		= "ERASE(16)",
		.opcode		= TAPE_ERASE_16,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.medium_write	= true,
		.timeout	= TAPE_ERASE,
	}, {
		.name		= "READ REVERSE(6)",
		.opcode		= TAPE_READ_REVERSE,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.moves_data	= true,
	}, {
		.name		= "RECOVER BUFFERED DATA",
		.opcode		= RECOVER_BUFFERED_DATA,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
		.moves_data	= true,
	}, {
		.name		= "SET CAPACITY",
		.opcode		= TAPE_SET_CAPACITY,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_NONE,
		.medium_write	= true,
		.timeout	= TAPE_LONG,
	}, {
		.name		= "READ POSITION",
		.opcode		= READ_POSITION,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
	}, {
		.name		= "REPORT DENSITY SUPPORT",
		.opcode		= TAPE_REPORT_DENSITY,
		.sa		= PASS_NO_SA,
		.dir		= SCST_DATA_READ,
	},
};

static const struct pass_table tape_table = {
	.rows	= tape_rows,
	.nr	= ARRAY_SIZE(tape_rows),
};

VISIBLE_IF_KUNIT struct pass_handler pass_tape_handlers[] = {
	{
		.type = {
			.driver.name	= "dev_tape",
			.type		= TYPE_TAPE,
		},
		.table		= &tape_table,
		.timeout	= TAPE_TIMEOUT,
	}, {
		.type = {
			.driver.name	= "dev_tape_perf",
			.type		= TYPE_TAPE,
		},
		.table		= &tape_table,
		.no_data	= true,
		.timeout	= TAPE_TIMEOUT,
	},
	{}
};
EXPORT_SYMBOL_IF_KUNIT(pass_tape_handlers);

module_driver(pass_tape_handlers, pass_register, pass_unregister);

MODULE_DESCRIPTION("Tapes of this host, for the SCSI target subsystem");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(SCST_PASS);
