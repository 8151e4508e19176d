// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of opcode tables: that wrong ones are refused, which row a CDB finds,
 * what is checked before a command executes, and what REPORT SUPPORTED
 * OPERATION CODES says.
 */

#include <linux/prandom.h>
#include <linux/unaligned.h>
#include "fixture.h"
#include "../alua.h"

static scst_sense_t opcode_test_exec(struct scst_cmd *cmd)
{
	return SCST_GOOD;
}

#define SA_RTPG		MI_REPORT_TARGET_PGS
#define SA_RSOC		MI_REPORT_SUPPORTED_OPERATION_CODES
#define SA_RSTMF	MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS

enum {
	ROW_INQUIRY,
	ROW_READ_6,
	ROW_READ_10,
	ROW_WRITE_10,
	ROW_SYNC_10,
	ROW_VERIFY_10,
	ROW_READ_CAPACITY_16,
	ROW_GET_LBA_STATUS,
	ROW_REPORT_TARGET_PGS,
	ROW_WRITE_SAME_16,
	ROW_READ_12,
	ROW_WRITE_16,
	ROW_READ_32,
	ROW_BIDI,
};

/* Each CDB length, with and without data, with and without service actions */
static const struct scst_opcode opcode_rows[] = {
	[ROW_INQUIRY] = {
		.name = "INQUIRY", .opcode = INQUIRY, .cdb_len = 6,
		.dir = SCST_DATA_READ,
		.usage = { INQUIRY, 0x01, 0xff, 0xff, 0xff, 0x04 },
		.timeout = 0x102,
		.decode = scst_decode_len_be16_3, .exec = opcode_test_exec,
	},
	[ROW_READ_6] = {
		.name = "READ(6)", .opcode = READ_6, .cdb_len = 6,
		.dir = SCST_DATA_READ,
		.usage = { READ_6, 0x1f, 0xff, 0xff, 0xff, 0x04 },
		.decode = scst_decode_rw6, .exec = opcode_test_exec,
	},
	[ROW_READ_10] = {
		.name = "READ(10)", .opcode = READ_10, .cdb_len = 10,
		.dir = SCST_DATA_READ,
		.usage = { READ_10, 0x18, 0xff, 0xff, 0xff, 0xff, 0,
			   0xff, 0xff, 0x04 },
		.decode = scst_decode_rw10, .exec = opcode_test_exec,
	},
	[ROW_WRITE_10] = {
		.name = "WRITE(10)", .opcode = WRITE_10, .cdb_len = 10,
		.dir = SCST_DATA_WRITE, .medium_write = true,
		.usage = { WRITE_10, 0x18, 0xff, 0xff, 0xff, 0xff, 0,
			   0xff, 0xff, 0x04 },
		.decode = scst_decode_rw10, .exec = opcode_test_exec,
	},
	[ROW_SYNC_10] = {
		.name = "SYNCHRONIZE CACHE(10)", .opcode = SYNCHRONIZE_CACHE,
		.cdb_len = 10, .dir = SCST_DATA_NONE,
		.usage = { SYNCHRONIZE_CACHE, 0x02, 0xff, 0xff, 0xff, 0xff, 0,
			   0xff, 0xff, 0x04 },
		.decode = scst_decode_range10, .exec = opcode_test_exec,
	},
	[ROW_VERIFY_10] = {
		.name = "VERIFY(10)", .opcode = VERIFY, .cdb_len = 10,
		.dir = SCST_DATA_WRITE,
		.usage = { VERIFY, 0x16, 0xff, 0xff, 0xff, 0xff, 0,
			   0xff, 0xff, 0x04 },
		.decode = scst_decode_verify10, .exec = opcode_test_exec,
	},
	[ROW_READ_CAPACITY_16] = {
		.name = "READ CAPACITY(16)", .opcode = SERVICE_ACTION_IN_16,
		.has_sa = true, .sa = SAI_READ_CAPACITY_16, .cdb_len = 16,
		.dir = SCST_DATA_READ,
		.usage = { SERVICE_ACTION_IN_16, SAI_READ_CAPACITY_16,
			   [10] = 0xff, 0xff, 0xff, 0xff, 0, 0x04 },
		.decode = scst_decode_len_be32_10, .exec = opcode_test_exec,
	},
	[ROW_GET_LBA_STATUS] = {
		.name = "GET LBA STATUS", .opcode = SERVICE_ACTION_IN_16,
		.has_sa = true, .sa = SAI_GET_LBA_STATUS, .cdb_len = 16,
		.dir = SCST_DATA_READ,
		.usage = { SERVICE_ACTION_IN_16, SAI_GET_LBA_STATUS,
			   [10] = 0xff, 0xff, 0xff, 0xff, 0, 0x04 },
		.decode = scst_decode_len_be32_10, .exec = opcode_test_exec,
	},
	[ROW_REPORT_TARGET_PGS] = {
		.name = "REPORT TARGET PORT GROUPS", .opcode = MAINTENANCE_IN,
		.has_sa = true, .sa = SA_RTPG, .cdb_len = 12,
		.dir = SCST_DATA_READ,
		.usage = { MAINTENANCE_IN, SA_RTPG,
			   [6] = 0xff, 0xff, 0xff, 0xff, 0, 0x04 },
		.decode = scst_decode_len_be32_6, .exec = opcode_test_exec,
	},
	[ROW_WRITE_SAME_16] = {
		.name = "WRITE SAME(16)", .opcode = WRITE_SAME_16,
		.cdb_len = 16, .dir = SCST_DATA_WRITE, .medium_write = true,
		.usage = { WRITE_SAME_16, 0x09, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x04 },
		.decode = scst_decode_write_same16, .exec = opcode_test_exec,
	},
	[ROW_READ_12] = {
		.name = "READ(12)", .opcode = READ_12, .cdb_len = 12,
		.dir = SCST_DATA_READ,
		.usage = { READ_12, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0, 0x04 },
		.decode = scst_decode_rw12, .exec = opcode_test_exec,
	},
	[ROW_WRITE_16] = {
		.name = "WRITE(16)", .opcode = WRITE_16, .cdb_len = 16,
		.dir = SCST_DATA_WRITE, .medium_write = true,
		.usage = { WRITE_16, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x04 },
		.decode = scst_decode_rw16, .exec = opcode_test_exec,
	},
	[ROW_READ_32] = {
		.name = "READ(32)", .opcode = VARIABLE_LENGTH_CMD,
		.has_sa = true, .sa = READ_32, .cdb_len = 32,
		.dir = SCST_DATA_NONE,
		.usage = { VARIABLE_LENGTH_CMD, 0x04, [7] = 0x18, 0x00, READ_32,
			   [31] = 0xee },
		.exec = opcode_test_exec,
	},
	[ROW_BIDI] = {
		.name = "XDWRITEREAD(10)", .opcode = XDWRITEREAD_10,
		.cdb_len = 10, .dir = SCST_DATA_BIDI,
		.usage = { XDWRITEREAD_10, 0, 0xff, 0xff, 0xff, 0xff, 0,
			   0xff, 0xff, 0x04 },
		.decode = scst_decode_rw10, .exec = opcode_test_exec,
	},
};

static int opcode_suite_init(struct kunit *test)
{
	int ret = scst_fixture_init(test);

	return ret ?: scst_fixture_set_opcodes(test->priv, opcode_rows,
					  ARRAY_SIZE(opcode_rows));
}

/* ------------------------------------------------------------------------
 * Tables that are wrong
 */

/*
 * Row 0 of the table is INQUIRY, rows 1 to 3 are what @spoil makes of these:
 * two service actions of READ CAPACITY(16)'s operation code and READ(10).
 */
struct table_case {
	const char *desc;
	void (*spoil)(struct scst_opcode *rows);
	int ret;
};

static void spoil_nothing(struct scst_opcode *rows)
{
}

static void spoil_no_inquiry(struct scst_opcode *rows)
{
	rows[0] = opcode_rows[ROW_WRITE_10];
}

static void spoil_name(struct scst_opcode *rows)
{
	rows[3].name = NULL;
}

static void spoil_exec(struct scst_opcode *rows)
{
	rows[3].exec = NULL;
}

static void spoil_dir(struct scst_opcode *rows)
{
	rows[3].dir = SCST_DATA_BIDI + 1;
}

static void spoil_usage_opcode(struct scst_opcode *rows)
{
	rows[3].usage[0] = WRITE_10;
}

static void spoil_usage_sa(struct scst_opcode *rows)
{
	rows[2].usage[1] = SAI_READ_CAPACITY_16;
}

static void spoil_usage_len(struct scst_opcode *rows)
{
	rows[3].usage[10] = 1;
}

static void spoil_len(struct scst_opcode *rows)
{
	rows[3].cdb_len = 12;
}

static void spoil_len_zero(struct scst_opcode *rows)
{
	rows[3].cdb_len = 0;
}

static void spoil_len_huge(struct scst_opcode *rows)
{
	rows[3].cdb_len = 255;
}

static void spoil_varlen_no_sa(struct scst_opcode *rows)
{
	rows[3] = opcode_rows[ROW_READ_32];
	rows[3].has_sa = false;
}

static void spoil_varlen_short(struct scst_opcode *rows)
{
	rows[3] = opcode_rows[ROW_READ_32];
	rows[3].cdb_len = 8;
}

static void spoil_varlen_long(struct scst_opcode *rows)
{
	rows[3] = opcode_rows[ROW_READ_32];
	rows[3].cdb_len = 36;
}

static void spoil_varlen_odd(struct scst_opcode *rows)
{
	rows[3] = opcode_rows[ROW_READ_32];
	rows[3].cdb_len = 30;
	rows[3].usage[31] = 0;
}

static void spoil_varlen_sa(struct scst_opcode *rows)
{
	rows[3] = opcode_rows[ROW_READ_32];
	rows[3].usage[9] = WRITE_32;
}

static void spoil_sa_twice(struct scst_opcode *rows)
{
	rows[2] = rows[1];
}

static void spoil_opcode_twice(struct scst_opcode *rows)
{
	rows[2] = rows[3];
}

static void spoil_sa_missing(struct scst_opcode *rows)
{
	rows[2].has_sa = false;
}

static void spoil_order(struct scst_opcode *rows)
{
	swap(rows[2], rows[3]);
}

/* The core has service actions of MAINTENANCE IN, and none of REPORT LUNS. */
static void spoil_core_sa(struct scst_opcode *rows)
{
	rows[3] = opcode_rows[ROW_REPORT_TARGET_PGS];
	rows[3].has_sa = false;
}

static void spoil_core_no_sa(struct scst_opcode *rows)
{
	rows[3] = opcode_rows[ROW_REPORT_TARGET_PGS];
	rows[3].opcode = REPORT_LUNS;
	rows[3].usage[0] = REPORT_LUNS;
}

static void spoil_not_vendor_specific(struct scst_opcode *rows)
{
	rows[3] = (struct scst_opcode) {
		.name = "vendor specific", .opcode = VENDOR_SPECIFIC_CDB,
		.cdb_len = 16, .usage = { VENDOR_SPECIFIC_CDB, [15] = 0xff },
		.exec = opcode_test_exec,
	};
}

static void spoil_not_core_row(struct scst_opcode *rows)
{
	rows[3] = opcode_rows[ROW_INQUIRY];
	rows[3].opcode = TEST_UNIT_READY;
	rows[3].usage[0] = TEST_UNIT_READY;
}

static const struct table_case table_cases[] = {
	{ "right", spoil_nothing, 0 },
	{ "vendor specific opcodes have any length",
	  spoil_not_vendor_specific, 0 },
	{ "in the place of the core's row", spoil_not_core_row, 0 },
	{ "no INQUIRY", spoil_no_inquiry, -EINVAL },
	{ "no name", spoil_name, -EINVAL },
	{ "no exec()", spoil_exec, -EINVAL },
	{ "no such direction", spoil_dir, -EINVAL },
	{ "usage map of another opcode", spoil_usage_opcode, -EINVAL },
	{ "usage map of another service action", spoil_usage_sa, -EINVAL },
	{ "usage map longer than the CDB", spoil_usage_len, -EINVAL },
	{ "length of another group", spoil_len, -EINVAL },
	{ "no length", spoil_len_zero, -EINVAL },
	{ "length beyond the usage map", spoil_len_huge, -EINVAL },
	{ "variable length: no service action", spoil_varlen_no_sa, -EINVAL },
	{ "variable length: too short", spoil_varlen_short, -EINVAL },
	{ "variable length: too long", spoil_varlen_long, -EINVAL },
	{ "variable length: no multiple of four", spoil_varlen_odd, -EINVAL },
	{ "variable length: other service action", spoil_varlen_sa, -EINVAL },
	{ "service action twice", spoil_sa_twice, -EINVAL },
	{ "opcode twice", spoil_opcode_twice, -EINVAL },
	{ "with and without service action", spoil_sa_missing, -EINVAL },
	{ "rows of an opcode apart", spoil_order, -EINVAL },
	{ "no service action where the core has some", spoil_core_sa,
	  -EINVAL },
	{ "service action where the core has none", spoil_core_no_sa,
	  -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(table, table_cases, desc);

static void opcode_table_test(struct kunit *test)
{
	const struct table_case *c = test->param_value;
	struct scst_fixture *f = test->priv;
	struct scst_opcode *rows;

	rows = kunit_kcalloc(test, 4, sizeof(*rows), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rows);
	rows[0] = opcode_rows[ROW_INQUIRY];
	rows[1] = opcode_rows[ROW_READ_CAPACITY_16];
	rows[2] = opcode_rows[ROW_GET_LBA_STATUS];
	rows[3] = opcode_rows[ROW_READ_10];
	c->spoil(rows);

	KUNIT_EXPECT_EQ(test, scst_fixture_set_opcodes(f, rows, 4), c->ret);
	if (c->ret)
		KUNIT_EXPECT_NULL(test, f->type.opcode_index);
}

/* ------------------------------------------------------------------------
 * Which row a CDB finds
 */

struct find_case {
	const char *desc;
	u8 cdb[32];
	u8 len;
	int row;		/* in opcode_rows[], or one of the next two */
	scst_sense_t sense;
	u16 field;
	u8 bit;
};

#define ROW_OF_CORE	(-1)
#define ROW_NONE	(-2)
#define NO_FIELD	0xffff

static const struct find_case find_cases[] = {
	{ "READ(10)", { READ_10 }, 10, ROW_READ_10, SCST_GOOD, NO_FIELD },
	{ "READ(10) in a longer CDB", { READ_10 }, 16, ROW_READ_10, SCST_GOOD,
	  NO_FIELD },
	{ "first service action", { SERVICE_ACTION_IN_16, 0x10 }, 16,
	  ROW_READ_CAPACITY_16, SCST_GOOD, NO_FIELD },
	{ "second service action", { SERVICE_ACTION_IN_16, 0x12 }, 16,
	  ROW_GET_LBA_STATUS, SCST_GOOD, NO_FIELD },
	{ "reserved bits beside the service action",
	  { SERVICE_ACTION_IN_16, 0xf2 }, 16, ROW_GET_LBA_STATUS,
	  SCST_SENSE_INVALID_FIELD_IN_CDB, 1, 7 },
	{ "service action of the handler", { MAINTENANCE_IN, SA_RTPG }, 12,
	  ROW_REPORT_TARGET_PGS, SCST_GOOD, NO_FIELD },
	{ "service action of the core", { MAINTENANCE_IN, SA_RSOC }, 12,
	  ROW_OF_CORE, SCST_GOOD, NO_FIELD },
	{ "TEST UNIT READY is the core's", { TEST_UNIT_READY }, 6, ROW_OF_CORE,
	  SCST_GOOD, NO_FIELD },
	{ "INQUIRY is the handler's", { INQUIRY }, 6, ROW_INQUIRY, SCST_GOOD,
	  NO_FIELD },
	{ "variable length",
	  { VARIABLE_LENGTH_CMD, [7] = 24, 0x00, READ_32 }, 32, ROW_READ_32,
	  SCST_GOOD, NO_FIELD },

	{ "no CDB", { 0 }, 0, ROW_NONE, SCST_SENSE_INVALID_OPCODE, NO_FIELD },
	{ "unknown opcode", { WRITE_12 }, 12, ROW_NONE,
	  SCST_SENSE_INVALID_OPCODE, NO_FIELD },
	{ "unknown opcode FFh", { 0xff }, 16, ROW_NONE,
	  SCST_SENSE_INVALID_OPCODE, NO_FIELD },
	{ "unknown service action", { SERVICE_ACTION_IN_16, 0x11 }, 16,
	  ROW_NONE, SCST_SENSE_INVALID_FIELD_IN_CDB, 1, 4 },
	{ "unknown service action of both", { MAINTENANCE_IN, 0x1f }, 12,
	  ROW_NONE, SCST_SENSE_INVALID_FIELD_IN_CDB, 1, 4 },
	{ "unknown variable length service action",
	  { VARIABLE_LENGTH_CMD, [7] = 24, 0x01, READ_32 }, 32, ROW_NONE,
	  SCST_SENSE_INVALID_FIELD_IN_CDB, 8, 8 },
	{ "ends before the service action", { MAINTENANCE_IN }, 1, ROW_NONE,
	  SCST_SENSE_INVALID_FIELD_IN_CDB, 1, 8 },
	{ "ends before the variable length service action",
	  { VARIABLE_LENGTH_CMD, [7] = 24, 0x00 }, 9, ROW_NONE,
	  SCST_SENSE_INVALID_FIELD_IN_CDB, 9, 8 },
	{ "variable length, shorter than it says",
	  { VARIABLE_LENGTH_CMD, [7] = 24, 0x00, READ_32 }, 28, ROW_READ_32,
	  SCST_SENSE_INVALID_FIELD_IN_CDB, 28, 8 },
	{ "variable length says too little",
	  { VARIABLE_LENGTH_CMD, [7] = 20, 0x00, READ_32 }, 32, ROW_READ_32,
	  SCST_SENSE_INVALID_FIELD_IN_CDB, 7, 8 },
	{ "variable length says too much",
	  { VARIABLE_LENGTH_CMD, [7] = 0xff, 0x00, READ_32 }, 32, ROW_READ_32,
	  SCST_SENSE_INVALID_FIELD_IN_CDB, 7, 8 },
	{ "linked, six bytes", { READ_6, [5] = 0x01 }, 6, ROW_READ_6,
	  SCST_SENSE_INVALID_FIELD_IN_CDB, 5, 0 },
	{ "linked, ten bytes", { READ_10, [9] = 0xff }, 10, ROW_READ_10,
	  SCST_SENSE_INVALID_FIELD_IN_CDB, 9, 0 },
	{ "linked, twelve bytes", { READ_12, [11] = 0x01 }, 12, ROW_READ_12,
	  SCST_SENSE_INVALID_FIELD_IN_CDB, 11, 0 },
	{ "linked, sixteen bytes", { WRITE_16, [15] = 0x01 }, 16, ROW_WRITE_16,
	  SCST_SENSE_INVALID_FIELD_IN_CDB, 15, 0 },
	{ "linked, variable length CDB",
	  { VARIABLE_LENGTH_CMD, 0x01, [7] = 24, 0x00, READ_32 }, 32,
	  ROW_READ_32, SCST_SENSE_INVALID_FIELD_IN_CDB, 1, 0 },
	{ "control byte without LINK", { READ_10, [9] = 0x7a }, 10,
	  ROW_READ_10, SCST_SENSE_INVALID_FIELD_IN_CDB, 9, 6 },
	{ "a decoder's error",
	  { READ_10, 0x20 }, 10, ROW_READ_10, SCST_SENSE_INVALID_FIELD_IN_CDB,
	  1, 7 },
};

KUNIT_ARRAY_PARAM_DESC(find, find_cases, desc);

/* Where the control byte is, and where there is none */
static void opcode_naca_test(struct kunit *test)
{
	static const struct {
		u8 cdb[32];
		unsigned int len;
		bool naca;
	} cases[] = {
		{ { READ_6, [5] = 0x04 }, 6, true },
		{ { READ_6, [5] = 0xfb }, 6, false },
		{ { READ_6, [5] = 0x04 }, 5, false },
		{ { READ_10, [9] = 0xff }, 10, true },
		{ { READ_10, [5] = 0x04 }, 10, false },
		/* A transport may pad it. */
		{ { READ_10, [9] = 0x04 }, 16, true },
		{ { READ_10, [15] = 0x04 }, 16, false },
		{ { READ_12, [11] = 0x04 }, 12, true },
		{ { WRITE_16, [15] = 0x04 }, 16, true },
		{ { VARIABLE_LENGTH_CMD, 0x04 }, 32, true },
		{ { VARIABLE_LENGTH_CMD, 0x04 }, 1, false },
		/* It may be anything there. */
		{ { VENDOR_SPECIFIC_CDB, [5] = 0x04 }, 6, false },
		{ { 0xdf, [11] = 0xec }, 12, false },
		{ { 0x04 }, 0, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, scst_cdb_naca(cases[i].cdb,
							cases[i].len),
				    cases[i].naca, "case %u", i);
}

static void opcode_find_test(struct kunit *test)
{
	const struct find_case *c = test->param_value;
	struct scst_cmd *cmd = scst_fixture_cmd(test, c->cdb, c->len);
	scst_sense_t sense = scst_cmd_parse(cmd);

	KUNIT_EXPECT_EQ(test, (__force u32)sense, (__force u32)c->sense);
	if (c->row == ROW_NONE) {
		KUNIT_EXPECT_NULL(test, cmd->op);
	} else if (c->row == ROW_OF_CORE) {
		KUNIT_ASSERT_NOT_NULL(test, cmd->op);
		KUNIT_EXPECT_PTR_EQ(test, cmd->op,
				    scst_opcode_find(scst_core_opcodes(),
						     c->cdb, c->len));
	} else {
		KUNIT_EXPECT_PTR_EQ(test, cmd->op, &opcode_rows[c->row]);
	}

	KUNIT_EXPECT_EQ(test, cmd->field_valid, c->field != NO_FIELD);
	if (c->field == NO_FIELD)
		return;
	KUNIT_EXPECT_TRUE(test, cmd->field_in_cdb);
	KUNIT_EXPECT_EQ(test, cmd->field_ptr, c->field);
	KUNIT_EXPECT_EQ(test, cmd->field_bit, c->bit);
}

/*
 * A table ends where it says, though a row of the kind follows; an operation
 * code that only the core knows is no less known.
 */
static void opcode_end_test(struct kunit *test)
{
	static const u8 behind[16] = { SERVICE_ACTION_IN_16, 0x12 };
	static const u8 unknown[12] = { MAINTENANCE_IN, 0x1f };
	static const u8 core[12] = { MAINTENANCE_IN, SA_RSOC };
	struct scst_fixture *f = test->priv;
	struct scst_opcode *rows;
	struct scst_cmd *cmd;

	rows = kunit_kcalloc(test, 3, sizeof(*rows), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rows);
	rows[0] = opcode_rows[ROW_INQUIRY];
	rows[1] = opcode_rows[ROW_READ_CAPACITY_16];
	rows[2] = opcode_rows[ROW_GET_LBA_STATUS];
	KUNIT_ASSERT_EQ(test, scst_fixture_set_opcodes(f, rows, 2), 0);

	cmd = scst_fixture_cmd(test, behind, sizeof(behind));
	KUNIT_EXPECT_TRUE(test, scst_cmd_parse(cmd) ==
				SCST_SENSE_INVALID_FIELD_IN_CDB);
	KUNIT_EXPECT_NULL(test, cmd->op);

	cmd = scst_fixture_cmd(test, unknown, sizeof(unknown));
	KUNIT_EXPECT_TRUE(test, scst_cmd_parse(cmd) ==
				SCST_SENSE_INVALID_FIELD_IN_CDB);
	KUNIT_EXPECT_NULL(test, cmd->op);

	cmd = scst_fixture_cmd(test, core, sizeof(core));
	KUNIT_EXPECT_TRUE(test, scst_cmd_parse(cmd) == SCST_GOOD);
	KUNIT_EXPECT_NOT_NULL(test, cmd->op);
}

/* Every CDB that ends too early, at every byte: see scst_fixture_cmd(). */
static void opcode_truncated_test(struct kunit *test)
{
	const struct scst_opcode *op;
	struct scst_cmd *cmd;
	scst_sense_t sense;
	unsigned int len;

	for (op = opcode_rows; op < opcode_rows + ARRAY_SIZE(opcode_rows);
	     op++) {
		for (len = 1; len < op->cdb_len; len++) {
			/* The usage map begins as such a CDB does. */
			cmd = scst_fixture_cmd(test, op->usage, len);
			sense = scst_cmd_parse(cmd);
			KUNIT_EXPECT_TRUE_MSG(test, sense ==
					      SCST_SENSE_INVALID_FIELD_IN_CDB,
					      "%s, %u bytes", op->name, len);
			KUNIT_EXPECT_EQ_MSG(test, cmd->field_ptr, len,
					    "%s, %u bytes", op->name, len);
		}
	}
}

/* May this bit be another command's, or another length's? */
static bool opcode_selects(const struct scst_opcode *op, unsigned int byte,
			   unsigned int bit)
{
	if (!byte)
		return true;
	if (op->opcode == VARIABLE_LENGTH_CMD)
		return byte >= 7 && byte <= 9;
	return op->has_sa && byte == 1 && bit < 5;
}

/* The LUN of SCSI-2, which an INQUIRY may still have, see opcode_bad_bits() */
static bool opcode_is_old_lun(const struct scst_opcode *op, unsigned int byte,
			      unsigned int bit)
{
	return op->opcode == INQUIRY && byte == 1 && bit >= 5;
}

/* The usage map tells what is looked at, bit by bit. */
static void opcode_expect_usage(struct kunit *test, const struct scst_opcode *op)
{
	u8 cdb[SCST_MAX_USAGE_LEN] = { op->opcode };
	unsigned int byte, bit;
	struct scst_cmd *cmd;
	scst_sense_t sense;

	for (byte = 0; byte < op->cdb_len; byte++)
		for (bit = 0; bit < 8; bit++)
			if (byte && opcode_selects(op, byte, bit))
				cdb[byte] |= op->usage[byte] & BIT(bit);

	for (byte = 0; byte < op->cdb_len; byte++) {
		for (bit = 0; bit < 8; bit++) {
			if (opcode_selects(op, byte, bit) ||
			    (op->usage[byte] & BIT(bit)))
				continue;
			cdb[byte] |= BIT(bit);
			cmd = scst_fixture_cmd(test, cdb, op->cdb_len);
			sense = scst_cmd_parse(cmd);
			cdb[byte] &= ~BIT(bit);
			if (opcode_is_old_lun(op, byte, bit)) {
				KUNIT_EXPECT_TRUE(test, sense == SCST_GOOD);
				continue;
			}
			KUNIT_EXPECT_TRUE_MSG(test, sense ==
					      SCST_SENSE_INVALID_FIELD_IN_CDB,
					      "%s, byte %u bit %u", op->name,
					      byte, bit);
			KUNIT_EXPECT_EQ_MSG(test, cmd->field_ptr, byte,
					    "%s, byte %u bit %u", op->name,
					    byte, bit);
			/* It may be in a field of several bits. */
			KUNIT_EXPECT_GE_MSG(test, cmd->field_bit, bit,
					    "%s, byte %u bit %u", op->name,
					    byte, bit);
			KUNIT_EXPECT_FALSE_MSG(test, op->usage[byte] &
					       GENMASK(cmd->field_bit & 7, bit),
					       "%s, byte %u bit %u", op->name,
					       byte, bit);
		}
	}
}

static void opcode_usage_test(struct kunit *test)
{
	struct scst_fixture *f = test->priv;
	struct scst_dev_group *group;
	unsigned int i;

	/* A unit that has all commands of the core */
	group = kunit_kzalloc(test, sizeof(*group), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, group);
	group->explicit = true;
	f->dev.dev_group = group;

	for (i = 0; i < ARRAY_SIZE(opcode_rows); i++)
		opcode_expect_usage(test, &opcode_rows[i]);
	for (i = 0; i < 256; i++) {
		const struct scst_opcode **core = scst_core_opcodes();
		const struct scst_opcode *op;

		for (op = core[i]; op && op < core[256] && op->opcode == i;
		     op++)
			opcode_expect_usage(test, op);
	}
}

static bool opcode_is_even(const struct scst_device *dev)
{
	return !(dev->nblocks & 1);
}

/* A row that only some units have. */
static void opcode_supported_test(struct kunit *test)
{
	static const u8 cdb[10] = { READ_10 };
	struct scst_fixture *f = test->priv;
	struct scst_opcode *rows;
	struct scst_cmd *cmd;

	rows = kunit_kmalloc(test, sizeof(opcode_rows), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rows);
	memcpy(rows, opcode_rows, sizeof(opcode_rows));
	rows[ROW_READ_10].supported = opcode_is_even;
	KUNIT_ASSERT_EQ(test, scst_fixture_set_opcodes(f, rows,
						       ARRAY_SIZE(opcode_rows)),
			0);
	f->dev.nblocks = 8;
	cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));
	KUNIT_EXPECT_TRUE(test, scst_cmd_parse(cmd) == SCST_GOOD);
	KUNIT_EXPECT_NOT_NULL(test, cmd->op);

	f->dev.nblocks = 9;
	cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));
	KUNIT_EXPECT_TRUE(test, scst_cmd_parse(cmd) ==
				SCST_SENSE_INVALID_OPCODE);
	KUNIT_EXPECT_NULL(test, cmd->op);
}

/* No service action is taken from behind the end of a CDB. */
static void opcode_service_action_test(struct kunit *test)
{
	static const u8 in_byte_1[2] = { SERVICE_ACTION_IN_16, 0xf2 };
	static const u8 varlen[10] = { VARIABLE_LENGTH_CMD, [8] = 0x1f, 0xf0 };

	KUNIT_EXPECT_EQ(test, scst_cdb_service_action(in_byte_1, 0), 0);
	KUNIT_EXPECT_EQ(test, scst_cdb_service_action(in_byte_1, 1), 0);
	KUNIT_EXPECT_EQ(test, scst_cdb_service_action(in_byte_1, 2), 0x12);
	KUNIT_EXPECT_EQ(test, scst_cdb_service_action(varlen, 2), 0);
	KUNIT_EXPECT_EQ(test, scst_cdb_service_action(varlen, 9), 0);
	KUNIT_EXPECT_EQ(test, scst_cdb_service_action(varlen, 10), 0x1ff0);
}

/* Whatever comes, it is a row that fits or a sense code. */
static void opcode_random_test(struct kunit *test)
{
	const unsigned int nr_rows = ARRAY_SIZE(opcode_rows);
	struct scst_fixture *f = test->priv;
	unsigned int i, len, bufflen;
	struct rnd_state rnd;
	struct scst_cmd *cmd;
	scst_sense_t sense;
	u8 cdb[32];

	prandom_seed_state(&rnd, 5);
	for (i = 0; i < 4096; i++) {
		prandom_bytes_state(&rnd, cdb, sizeof(cdb));
		len = prandom_u32_state(&rnd) % (sizeof(cdb) + 1);
		/* All operation codes come, those of the table more often. */
		cdb[0] = i;
		if (i & 0x800)
			cdb[0] = opcode_rows[i % nr_rows].opcode;
		cmd = scst_fixture_cmd(test, cdb, len);
		if (i & 1)
			scst_fixture_no_lun(test);
		bufflen = i % sizeof(f->buf);
		scst_fixture_set_buf(test, SCST_DATA_READ, bufflen);
		sense = scst_cmd_parse(cmd);
		if (cmd->op) {
			KUNIT_EXPECT_EQ(test, cmd->op->opcode, cdb[0]);
			if (sense == SCST_GOOD)
				KUNIT_EXPECT_GE(test, len, cmd->op->cdb_len);
		} else {
			KUNIT_EXPECT_FALSE(test, sense == SCST_GOOD);
		}
		scst_cmd_set_result(cmd, sense);
		/* The core's commands run on what they got. */
		if (sense == SCST_GOOD && cmd->op->no_lun)
			cmd->op->exec(cmd);
		KUNIT_EXPECT_NULL(test, memchr_inv(f->buf + bufflen,
						   FIXTURE_POISON,
						   sizeof(f->buf) - bufflen));
		kunit_kfree(test, cmd->cdb);
	}
}

/* ------------------------------------------------------------------------
 * Direction and length
 */

struct buffer_case {
	const char *desc;
	u8 cdb[16];
	u8 len;
	u8 dir;
	u32 bufflen;
	u32 out_bufflen;
	bool bad;
};

static const struct buffer_case buffer_cases[] = {
	{ "read, all of it", { READ_10, [8] = 1 }, 10, SCST_DATA_READ, 512 },
	{ "read, too small a buffer", { READ_10, [8] = 1 }, 10, SCST_DATA_READ,
	  511 },
	{ "read, no buffer", { READ_10, [8] = 1 }, 10, SCST_DATA_NONE, 0 },
	{ "read, buffer for data-out", { READ_10, [8] = 1 }, 10,
	  SCST_DATA_WRITE, 512, .bad = true },
	{ "read of nothing, buffer for data-out", { READ_10 }, 10,
	  SCST_DATA_WRITE, 512 },
	{ "write, all of it", { WRITE_10, [8] = 1 }, 10, SCST_DATA_WRITE,
	  512 },
	{ "write, larger buffer", { WRITE_10, [8] = 1 }, 10, SCST_DATA_WRITE,
	  513 },
	{ "write, too small a buffer", { WRITE_10, [8] = 1 }, 10,
	  SCST_DATA_WRITE, 511, .bad = true },
	{ "write, no buffer", { WRITE_10, [8] = 1 }, 10, SCST_DATA_NONE, 0,
	  .bad = true },
	{ "write, buffer for data-in", { WRITE_10, [8] = 1 }, 10,
	  SCST_DATA_READ, 512, .bad = true },
	{ "write of nothing", { WRITE_10 }, 10, SCST_DATA_NONE, 0 },
	{ "write of nothing, buffer for data-in", { WRITE_10 }, 10,
	  SCST_DATA_READ, 512 },
	{ "write of 2^32 - 1 blocks",
	  { WRITE_16, [10] = 0xff, 0xff, 0xff, 0xff }, 16, SCST_DATA_WRITE,
	  512, .bad = true },
	/* 2^23 blocks of 512 bytes are 2^32 bytes: zero, if cut to 32 bits */
	{ "write of 2^32 bytes", { WRITE_16, [11] = 0x80 }, 16,
	  SCST_DATA_WRITE, 512, .bad = true },
	{ "verify without comparing, no buffer", { VERIFY, [8] = 1 }, 10,
	  SCST_DATA_NONE, 0 },
	{ "verify without comparing, data-out", { VERIFY, [8] = 1 }, 10,
	  SCST_DATA_WRITE, 512 },
	{ "verify, comparing", { VERIFY, 2, [8] = 1 }, 10, SCST_DATA_WRITE,
	  512 },
	{ "verify, comparing, no buffer", { VERIFY, 2, [8] = 1 }, 10,
	  SCST_DATA_NONE, 0, .bad = true },
	{ "write same, NDOB", { WRITE_SAME_16, 1, [13] = 9 }, 16,
	  SCST_DATA_NONE, 0 },
	{ "write same, no buffer", { WRITE_SAME_16, 0, [13] = 9 }, 16,
	  SCST_DATA_NONE, 0, .bad = true },
	{ "no data, data-in announced", { SYNCHRONIZE_CACHE, [8] = 1 }, 10,
	  SCST_DATA_READ, 512 },
	{ "no data, bidirectional announced", { SYNCHRONIZE_CACHE }, 10,
	  SCST_DATA_BIDI, 512, 512, .bad = true },
	{ "read, bidirectional announced", { READ_10, [8] = 1 }, 10,
	  SCST_DATA_BIDI, 512, 512, .bad = true },
	{ "write, bidirectional announced", { WRITE_10, [8] = 1 }, 10,
	  SCST_DATA_BIDI, 512, 512, .bad = true },
	{ "bidirectional", { XDWRITEREAD_10, [8] = 1 }, 10, SCST_DATA_BIDI,
	  512, 512 },
	{ "bidirectional, too small for data-out", { XDWRITEREAD_10, [8] = 1 },
	  10, SCST_DATA_BIDI, 512, 511, .bad = true },
	{ "bidirectional, too small for data-in", { XDWRITEREAD_10, [8] = 1 },
	  10, SCST_DATA_BIDI, 511, 512 },
	{ "bidirectional, only data-out announced",
	  { XDWRITEREAD_10, [8] = 1 }, 10, SCST_DATA_WRITE, 512,
	  .bad = true },
};

KUNIT_ARRAY_PARAM_DESC(buffer, buffer_cases, desc);

static void opcode_buffer_test(struct kunit *test)
{
	const struct buffer_case *c = test->param_value;
	struct scst_cmd *cmd = scst_fixture_cmd(test, c->cdb, c->len);
	scst_sense_t want = SCST_GOOD;

	if (c->bad)
		want = SCST_SENSE_INVALID_FIELD_IN_IU;
	cmd->expected_dir = c->dir;
	cmd->bufflen = c->bufflen;
	cmd->out_bufflen = c->out_bufflen;
	KUNIT_EXPECT_EQ(test, (__force u32)scst_cmd_parse(cmd),
			(__force u32)want);
}

/* The handler's parse() sees what passed, decoded, and nothing else. */
static unsigned int opcode_nr_parsed;
static u64 opcode_parsed_lba;

static scst_sense_t opcode_test_parse(struct scst_cmd *cmd)
{
	opcode_nr_parsed++;
	opcode_parsed_lba = cmd->lba;
	return SCST_SENSE_LBA_OUT_OF_RANGE;
}

static void opcode_parse_test(struct kunit *test)
{
	static const u8 good[10] = { READ_10, [5] = 7, [8] = 1 };
	static const u8 bad[10] = { READ_10, 0x20, [5] = 9, [8] = 1 };
	struct scst_fixture *f = test->priv;
	struct scst_cmd *cmd;

	f->type.parse = opcode_test_parse;
	opcode_nr_parsed = 0;

	cmd = scst_fixture_cmd(test, good, sizeof(good));
	KUNIT_EXPECT_TRUE(test, scst_cmd_parse(cmd) ==
				SCST_SENSE_LBA_OUT_OF_RANGE);
	KUNIT_EXPECT_EQ(test, opcode_parsed_lba, 7);

	cmd = scst_fixture_cmd(test, bad, sizeof(bad));
	KUNIT_EXPECT_TRUE(test, scst_cmd_parse(cmd) ==
				SCST_SENSE_INVALID_FIELD_IN_CDB);
	KUNIT_EXPECT_EQ(test, opcode_nr_parsed, 1);
}

/**
 * struct any_case - a command for a handler that takes anything
 * @name: what is special
 * @cdb: CDB
 * @len: its length in bytes
 * @taken: it goes to the handler's row for all else
 */
struct any_case {
	const char *name;
	u8 cdb[32];
	u8 len;
	bool taken;
};

static const struct any_case any_cases[] = {
	{ "vendor specific", { 0xc1 }, 6, true },
	{ "of 10 bytes", { 0x3e }, 10, true },
	{ "cut off", { 0x3e }, 9, false },
	{ "other service action", { 0xa3, 0x05 }, 12, true },
	{ "variable length", { 0x7f, [7] = 8, 0xfe, 0x01 }, 16, true },
	{ "variable length, cut off", { 0x7f, [7] = 24, 0xfe, 0x01 }, 16, false },
	{ "EXTENDED COPY(LID4)", { 0x83, 0x01 }, 16, false },
	{ "RECEIVE COPY STATUS(LID4)", { 0x84, 0x05 }, 16, false },
	{ "PERSISTENT RESERVE OUT", { 0x5f, 0x1f }, 10, false },
	{ "PERSISTENT RESERVE IN", { 0x5e, 0x1f }, 10, false },
	{ "COPY", { 0x18 }, 6, false },
	{ "COMPARE", { 0x39 }, 10, false },
	{ "COPY AND VERIFY", { 0x3a }, 10, false },
};

KUNIT_ARRAY_PARAM_DESC(any, any_cases, name);

/* LUN maps and reservations hold for what nobody knows, too. */
static void opcode_any_test(struct kunit *test)
{
	static const struct scst_opcode any[SCST_DATA_BIDI + 1] = {};
	const struct any_case *c = test->param_value;
	struct scst_fixture *f = test->priv;
	struct scst_cmd *cmd = scst_fixture_cmd(test, c->cdb, c->len);
	scst_sense_t sense;

	f->type.any = any;
	scst_fixture_set_buf(test, SCST_DATA_READ, 512);
	sense = scst_cmd_parse(cmd);
	KUNIT_EXPECT_EQ(test, sense == SCST_GOOD, c->taken);
	if (!c->taken)
		return;
	KUNIT_EXPECT_PTR_EQ(test, cmd->op, &any[SCST_DATA_READ]);
	KUNIT_EXPECT_EQ(test, cmd->xfer_len, 512);
}

/* For a LUN that does not exist only what the core answers is known. */
static void opcode_no_lun_test(struct kunit *test)
{
	static const u8 known[] = { INQUIRY, REQUEST_SENSE, REPORT_LUNS };
	u8 cdb[16] = {};
	struct scst_cmd *cmd;
	unsigned int i, opcode;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		cdb[0] = known[i];
		cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));
		scst_fixture_no_lun(test);
		KUNIT_EXPECT_TRUE(test, scst_cmd_parse(cmd) == SCST_GOOD);
		KUNIT_ASSERT_NOT_NULL(test, cmd->op);
		KUNIT_EXPECT_TRUE(test, cmd->op->no_lun);
	}

	for (opcode = 0; opcode < 256; opcode++) {
		if (memchr(known, opcode, sizeof(known)))
			continue;
		cdb[0] = opcode;
		cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));
		scst_fixture_no_lun(test);
		if (scst_cmd_parse(cmd) == SCST_GOOD)
			KUNIT_EXPECT_FALSE(test, cmd->op->no_lun);
		else
			KUNIT_EXPECT_NULL(test, cmd->op);
	}
}

/* ------------------------------------------------------------------------
 * REPORT SUPPORTED OPERATION CODES and TASK MANAGEMENT FUNCTIONS
 */

struct rsoc_case {
	const char *desc;
	u8 cdb[12];
	scst_sense_t sense;
	u8 len;
	u8 want[48];
};

/* With an allocation length of 512 */
#define RSOC_CDB(options, opcode, sa_high, sa_low) \
	{ MAINTENANCE_IN, SA_RSOC, options, opcode, sa_high, sa_low, [8] = 2 }

static const struct rsoc_case rsoc_cases[] = {
	{
		.desc = "one, without service action",
		.cdb = RSOC_CDB(1, READ_10, 0, 0),
		.len = 14,
		.want = { 0, 0x03, 0, 10, READ_10, 0x18, 0xff, 0xff, 0xff, 0xff,
			  0, 0xff, 0xff, 0x04 },
	}, {
		.desc = "one, without service action: that of the CDB is moot",
		.cdb = RSOC_CDB(1, READ_10, 0xff, 0xff),
		.len = 14,
		.want = { 0, 0x03, 0, 10, READ_10, 0x18, 0xff, 0xff, 0xff, 0xff,
			  0, 0xff, 0xff, 0x04 },
	}, {
		.desc = "one, with timeouts",
		.cdb = RSOC_CDB(0x81, INQUIRY, 0, 0),
		.len = 22,
		.want = { 0, 0x83, 0, 6, INQUIRY, 0x01, 0xff, 0xff, 0xff, 0x04,
			  0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x02 },
	}, {
		.desc = "one, of the core",
		.cdb = RSOC_CDB(1, TEST_UNIT_READY, 0, 0),
		.len = 10,
		.want = { 0, 0x03, 0, 6, TEST_UNIT_READY, 0, 0, 0, 0, 0x04 },
	}, {
		.desc = "one, not supported",
		.cdb = RSOC_CDB(1, WRITE_12, 0, 0),
		.len = 4,
		.want = { 0, 0x01 },
	}, {
		.desc = "one, not supported: no timeouts",
		.cdb = RSOC_CDB(0x81, WRITE_12, 0, 0),
		.len = 4,
		.want = { 0, 0x01 },
	}, {
		.desc = "one, without: it has service actions",
		.cdb = RSOC_CDB(1, SERVICE_ACTION_IN_16, 0, 0x10),
		.sense = SCST_SENSE_INVALID_FIELD_IN_CDB,
	}, {
		.desc = "one, without: the core's has service actions",
		.cdb = RSOC_CDB(1, MAINTENANCE_IN, 0, SA_RSOC),
		.sense = SCST_SENSE_INVALID_FIELD_IN_CDB,
	}, {
		.desc = "one, with service action",
		.cdb = RSOC_CDB(2, SERVICE_ACTION_IN_16, 0, 0x12),
		.len = 20,
		.want = { 0, 0x03, 0, 16, SERVICE_ACTION_IN_16, 0x12,
			  [14] = 0xff, 0xff, 0xff, 0xff, 0, 0x04 },
	}, {
		.desc = "one, with service action of the core",
		.cdb = RSOC_CDB(2, MAINTENANCE_IN, 0, SA_RSOC),
		.len = 16,
		.want = { 0, 0x03, 0, 12, MAINTENANCE_IN, SA_RSOC, 0x87, 0xff,
			  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x04 },
	}, {
		.desc = "one, with service action in 32 bytes",
		.cdb = RSOC_CDB(2, VARIABLE_LENGTH_CMD, 0, READ_32),
		.len = 36,
		.want = { 0, 0x03, 0, 32, VARIABLE_LENGTH_CMD, 0x04,
			  [11] = 0x18, 0, READ_32, [35] = 0xee },
	}, {
		.desc = "one, service action not supported",
		.cdb = RSOC_CDB(2, SERVICE_ACTION_IN_16, 0, 0x11),
		.len = 4,
		.want = { 0, 0x01 },
	}, {
		.desc = "one, service action too large for its field",
		.cdb = RSOC_CDB(2, SERVICE_ACTION_IN_16, 0x01, 0x10),
		.len = 4,
		.want = { 0, 0x01 },
	}, {
		.desc = "one, with: it has no service actions",
		.cdb = RSOC_CDB(2, READ_10, 0, 0),
		.sense = SCST_SENSE_INVALID_FIELD_IN_CDB,
	}, {
		.desc = "one, with, opcode not supported",
		.cdb = RSOC_CDB(2, WRITE_12, 0, 0),
		.len = 4,
		.want = { 0, 0x01 },
	}, {
		.desc = "any, no service actions",
		.cdb = RSOC_CDB(3, INQUIRY, 0, 0),
		.len = 10,
		.want = { 0, 0x03, 0, 6, INQUIRY, 0x01, 0xff, 0xff, 0xff,
			  0x04 },
	}, {
		.desc = "any, no service actions but one asked for",
		.cdb = RSOC_CDB(3, INQUIRY, 0, 1),
		.len = 4,
		.want = { 0, 0x01 },
	}, {
		.desc = "any, service action",
		.cdb = RSOC_CDB(0x83, MAINTENANCE_IN, 0, SA_RTPG),
		.len = 28,
		.want = { 0, 0x83, 0, 12, MAINTENANCE_IN, SA_RTPG,
			  [10] = 0xff, 0xff, 0xff, 0xff, 0, 0x04, 0, 10 },
	}, {
		.desc = "any, service action not supported",
		.cdb = RSOC_CDB(3, MAINTENANCE_IN, 0, 0),
		.len = 4,
		.want = { 0, 0x01 },
	}, {
		.desc = "reserved option 4",
		.cdb = RSOC_CDB(4, READ_10, 0, 0),
		.sense = SCST_SENSE_INVALID_FIELD_IN_CDB,
	}, {
		.desc = "reserved option 7",
		.cdb = RSOC_CDB(7, READ_10, 0, 0),
		.sense = SCST_SENSE_INVALID_FIELD_IN_CDB,
	}, {
		.desc = "allocation length of zero",
		.cdb = { MAINTENANCE_IN, SA_RSOC, 1, READ_10 },
	}, {
		.desc = "allocation length cuts off",
		.cdb = { MAINTENANCE_IN, SA_RSOC, 1, READ_10, [9] = 7 },
		.len = 7,
		.want = { 0, 0x03, 0, 10, READ_10, 0x18, 0xff },
	}, {
		.desc = "functions",
		.cdb = { MAINTENANCE_IN, SA_RSTMF, [9] = 255 },
		.len = 4,
		.want = { 0xfe, 0x07, 0, 0 },
	}, {
		.desc = "functions, extended",
		.cdb = { MAINTENANCE_IN, SA_RSTMF, 0x80, [9] = 255 },
		.len = 16,
		.want = { 0xfe, 0x07, 0, 12 },
	}, {
		.desc = "functions, extended and cut off",
		.cdb = { MAINTENANCE_IN, SA_RSTMF, 0x80, [9] = 4 },
		.len = 4,
		.want = { 0xfe, 0x07, 0, 12 },
	}, {
		.desc = "functions, allocation length too small",
		.cdb = { MAINTENANCE_IN, SA_RSTMF, [9] = 3 },
		.sense = SCST_SENSE_INVALID_FIELD_IN_CDB,
	},
};

KUNIT_ARRAY_PARAM_DESC(rsoc, rsoc_cases, desc);

static void opcode_rsoc_test(struct kunit *test)
{
	const struct rsoc_case *c = test->param_value;
	struct scst_cmd *cmd = scst_fixture_cmd(test, c->cdb, sizeof(c->cdb));
	scst_sense_t sense;

	scst_fixture_set_buf(test, SCST_DATA_READ, 512);
	sense = scst_fixture_exec(test);
	KUNIT_EXPECT_EQ(test, (__force u32)sense, (__force u32)c->sense);
	if (c->sense == SCST_GOOD)
		scst_fixture_expect_data(test, c->want, c->len);
	else
		KUNIT_EXPECT_TRUE(test, cmd->field_valid);
}

/* All: the rows of the handler and the core, in order, each once */
static const struct {
	u8 opcode;
	bool has_sa;
	u16 sa;
	u8 len;
	u16 timeout;
} rsoc_all[] = {
	{ TEST_UNIT_READY, false, 0, 6 },
	{ REQUEST_SENSE, false, 0, 6 },
	{ READ_6, false, 0, 6 },
	{ INQUIRY, false, 0, 6, 0x102 },
	{ RESERVE, false, 0, 6 },
	{ RELEASE, false, 0, 6 },
	{ READ_10, false, 0, 10 },
	{ WRITE_10, false, 0, 10 },
	{ VERIFY, false, 0, 10 },
	{ SYNCHRONIZE_CACHE, false, 0, 10 },
	{ XDWRITEREAD_10, false, 0, 10 },
	{ RESERVE_10, false, 0, 10 },
	{ RELEASE_10, false, 0, 10 },
	{ PERSISTENT_RESERVE_IN, true, 0x00, 10 },
	{ PERSISTENT_RESERVE_IN, true, 0x01, 10 },
	{ PERSISTENT_RESERVE_IN, true, 0x02, 10 },
	{ PERSISTENT_RESERVE_IN, true, 0x03, 10 },
	{ PERSISTENT_RESERVE_OUT, true, 0x00, 10 },
	{ PERSISTENT_RESERVE_OUT, true, 0x01, 10 },
	{ PERSISTENT_RESERVE_OUT, true, 0x02, 10 },
	{ PERSISTENT_RESERVE_OUT, true, 0x03, 10 },
	{ PERSISTENT_RESERVE_OUT, true, 0x04, 10 },
	{ PERSISTENT_RESERVE_OUT, true, 0x05, 10 },
	{ PERSISTENT_RESERVE_OUT, true, 0x06, 10 },
	{ PERSISTENT_RESERVE_OUT, true, 0x07, 10 },
	{ PERSISTENT_RESERVE_OUT, true, 0x08, 10 },
	{ VARIABLE_LENGTH_CMD, true, READ_32, 32 },
	{ EXTENDED_COPY, true, 0x00, 16 },
	{ EXTENDED_COPY, true, 0x1c, 16 },
	{ RECEIVE_COPY_RESULTS, true, 0x00, 16 },
	{ RECEIVE_COPY_RESULTS, true, 0x03, 16 },
	{ RECEIVE_COPY_RESULTS, true, 0x04, 16 },
	{ WRITE_16, false, 0, 16 },
	{ WRITE_SAME_16, false, 0, 16 },
	{ SERVICE_ACTION_IN_16, true, SAI_READ_CAPACITY_16, 16 },
	{ SERVICE_ACTION_IN_16, true, SAI_GET_LBA_STATUS, 16 },
	{ REPORT_LUNS, false, 0, 12 },
	{ MAINTENANCE_IN, true, SA_RTPG, 12 },
	{ MAINTENANCE_IN, true, SA_RSOC, 12 },
	{ MAINTENANCE_IN, true, SA_RSTMF, 12 },
	{ READ_12, false, 0, 12 },
};

static void opcode_rsoc_all_test(struct kunit *test)
{
	static const u8 cdb[2][12] = {
		{ MAINTENANCE_IN, SA_RSOC, 0x00, 0xff, 0xff, 0xff, [8] = 4 },
		{ MAINTENANCE_IN, SA_RSOC, 0x80, 0, 0, 0, [8] = 4 },
	};
	struct scst_fixture *f = test->priv;
	unsigned int rctd, i, len;
	struct scst_cmd *cmd;
	u8 want[1024];
	u8 *p;

	for (rctd = 0; rctd < 2; rctd++) {
		len = ARRAY_SIZE(rsoc_all) * (rctd ? 20 : 8);
		memset(want, 0, sizeof(want));
		put_unaligned_be32(len, want);
		p = want + 4;
		for (i = 0; i < ARRAY_SIZE(rsoc_all); i++) {
			p[0] = rsoc_all[i].opcode;
			put_unaligned_be16(rsoc_all[i].sa, p + 2);
			p[5] = rsoc_all[i].has_sa | rctd << 1;
			put_unaligned_be16(rsoc_all[i].len, p + 6);
			if (rctd) {
				p[9] = 10;
				put_unaligned_be16(rsoc_all[i].timeout, p + 18);
			}
			p += rctd ? 20 : 8;
		}

		cmd = scst_fixture_cmd(test, cdb[rctd], sizeof(cdb[rctd]));
		scst_fixture_set_buf(test, SCST_DATA_READ, sizeof(f->buf));
		KUNIT_ASSERT_TRUE(test, scst_cmd_parse(cmd) == SCST_GOOD);
		KUNIT_EXPECT_TRUE(test, cmd->op->exec(cmd) == SCST_GOOD);
		scst_fixture_expect_data(test, want, 4 + len);
	}
}

/* ------------------------------------------------------------------------
 * Data and write protection
 */

static void opcode_data_out_test(struct kunit *test)
{
	static const u8 cdb[10] = { WRITE_10, [8] = 1 };
	struct scst_fixture *f = test->priv;
	struct scatterlist out_sg;
	struct scst_cmd *cmd;
	u8 out[4] = { 1, 2, 3, 4 };
	u8 buf[8] = {};

	cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));
	scst_fixture_set_buf(test, SCST_DATA_WRITE, 6);
	memcpy(f->buf, "abcdefgh", 8);
	cmd->xfer_len = 512;
	KUNIT_EXPECT_EQ(test, scst_cmd_data_out(cmd, buf, 3), 3);
	KUNIT_EXPECT_MEMEQ(test, buf, "abc\0\0\0\0\0", 8);
	KUNIT_EXPECT_EQ(test, scst_cmd_data_out(cmd, buf, 8), 6);
	KUNIT_EXPECT_MEMEQ(test, buf, "abcdef\0\0", 8);
	cmd->xfer_len = 2;
	KUNIT_EXPECT_EQ(test, scst_cmd_data_out(cmd, buf, 8), 2);
	cmd->xfer_len = 0;
	KUNIT_EXPECT_EQ(test, scst_cmd_data_out(cmd, buf, 8), 0);

	/* Bidirectional: not from the buffer for data-in */
	cmd->xfer_len = 512;
	sg_init_one(&out_sg, out, sizeof(out));
	scst_cmd_set_out_sg(cmd, &out_sg, 1, sizeof(out));
	KUNIT_EXPECT_EQ(test, scst_cmd_data_out(cmd, buf, 8), 4);
	KUNIT_EXPECT_MEMEQ(test, buf, out, 4);
}

static void opcode_data_in_test(struct kunit *test)
{
	static const u8 cdb[6] = { INQUIRY };
	struct scst_cmd *cmd;

	/* No buffer at all, and an allocation length of zero */
	cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));
	cmd->xfer_len = 4;
	scst_cmd_data_in(cmd, "abcdefgh", 8);
	KUNIT_EXPECT_EQ(test, cmd->resp_data_len, 4);

	cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));
	scst_fixture_set_buf(test, SCST_DATA_READ, 8);
	scst_cmd_data_in(cmd, "abcdefgh", 8);
	scst_fixture_expect_data(test, "", 0);

	cmd->xfer_len = U64_MAX;
	scst_cmd_data_in(cmd, "abcdefgh", 8);
	scst_fixture_expect_data(test, "abcdefgh", 8);
}

static void opcode_write_protect_test(struct kunit *test)
{
	static const u8 cdb[10] = { WRITE_10 };
	struct scst_fixture *f = test->priv;
	struct scst_cmd *cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));
	scst_sense_t sense;

	KUNIT_EXPECT_FALSE(test, scst_cmd_write_protected(cmd, &sense));

	f->dev.swp = true;
	KUNIT_EXPECT_TRUE(test, scst_cmd_write_protected(cmd, &sense));
	KUNIT_EXPECT_TRUE(test, sense == SCST_SENSE_SOFT_WRITE_PROTECTED);

	cmd->tgt_dev->read_only = true;
	KUNIT_EXPECT_TRUE(test, scst_cmd_write_protected(cmd, &sense));
	KUNIT_EXPECT_TRUE(test, sense == SCST_SENSE_WRITE_PROTECTED);

	cmd->tgt_dev->read_only = false;
	f->dev.swp = false;
	f->dev.read_only = true;
	KUNIT_EXPECT_TRUE(test, scst_cmd_write_protected(cmd, &sense));
	KUNIT_EXPECT_TRUE(test, sense == SCST_SENSE_WRITE_PROTECTED);
}

static struct kunit_case opcode_test_cases[] = {
	KUNIT_CASE_PARAM(opcode_table_test, table_gen_params),
	KUNIT_CASE_PARAM(opcode_find_test, find_gen_params),
	KUNIT_CASE(opcode_naca_test),
	KUNIT_CASE(opcode_end_test),
	KUNIT_CASE(opcode_truncated_test),
	KUNIT_CASE(opcode_usage_test),
	KUNIT_CASE(opcode_supported_test),
	KUNIT_CASE(opcode_service_action_test),
	KUNIT_CASE(opcode_random_test),
	KUNIT_CASE_PARAM(opcode_buffer_test, buffer_gen_params),
	KUNIT_CASE(opcode_parse_test),
	KUNIT_CASE_PARAM(opcode_any_test, any_gen_params),
	KUNIT_CASE(opcode_no_lun_test),
	KUNIT_CASE_PARAM(opcode_rsoc_test, rsoc_gen_params),
	KUNIT_CASE(opcode_rsoc_all_test),
	KUNIT_CASE(opcode_data_out_test),
	KUNIT_CASE(opcode_data_in_test),
	KUNIT_CASE(opcode_write_protect_test),
	{}
};

static struct kunit_suite opcode_test_suite = {
	.name = "scst_opcode",
	.init = opcode_suite_init,
	.exit = scst_fixture_exit,
	.test_cases = opcode_test_cases,
};

kunit_test_suites(&opcode_test_suite);
