// SPDX-License-Identifier: GPL-2.0
/* Tests of status and sense data, byte by byte. */

#include "fixture.h"

struct status_case {
	const char *desc;
	scst_sense_t result;
	u8 status;
};

static const struct status_case status_cases[] = {
	{ "good", SCST_GOOD, SAM_STAT_GOOD },
	{ "condition met", SCST_CONDITION_MET, SAM_STAT_CONDITION_MET },
	{ "busy", SCST_BUSY, SAM_STAT_BUSY },
	{ "task set full", SCST_TASK_SET_FULL, SAM_STAT_TASK_SET_FULL },
	{ "reservation conflict", SCST_RESERVATION_CONFLICT,
	  SAM_STAT_RESERVATION_CONFLICT },
	{ "ACA active", SCST_ACA_ACTIVE, SAM_STAT_ACA_ACTIVE },
};

KUNIT_ARRAY_PARAM_DESC(status, status_cases, desc);

static void sense_status_test(struct kunit *test)
{
	const struct status_case *c = test->param_value;
	struct scst_cmd *cmd = scst_fixture_cmd(test, NULL, 0);

	cmd->status = 0xff;
	cmd->sense_len = 1;
	scst_cmd_set_result(cmd, c->result);
	KUNIT_EXPECT_EQ(test, cmd->status, c->status);
	KUNIT_EXPECT_EQ(test, cmd->sense_len, 0);
}

struct sense_case {
	const char *desc;
	scst_sense_t sense;
	bool desc_format;
	bool info_valid;
	u64 info;
	bool cmd_info_valid;
	u64 cmd_info;
	bool field_valid;
	bool in_param;
	u16 field;
	u8 bit;
	u8 len;
	u8 want[40];
};

static const struct sense_case sense_cases[] = {
	{
		.desc = "fixed",
		.sense = SCST_SENSE(HARDWARE_ERROR, 0x44, 0x01),
		.len = 18,
		.want = { 0x70, 0, 0x04, 0, 0, 0, 0, 0x0a,
			  0, 0, 0, 0, 0x44, 0x01 },
	}, {
		.desc = "fixed, information",
		.sense = SCST_SENSE_READ_ERROR,
		.info_valid = true, .info = 0x01020304,
		.len = 18,
		.want = { 0xf0, 0, 0x03, 1, 2, 3, 4, 0x0a,
			  0, 0, 0, 0, 0x11, 0x00 },
	}, {
		.desc = "fixed, largest information",
		.sense = SCST_SENSE_READ_ERROR,
		.info_valid = true, .info = 0xffffffffULL,
		.len = 18,
		.want = { 0xf0, 0, 0x03, 0xff, 0xff, 0xff, 0xff, 0x0a,
			  0, 0, 0, 0, 0x11, 0x00 },
	}, {
		.desc = "fixed, information of zero is valid",
		.sense = SCST_SENSE_MISCOMPARE,
		.info_valid = true,
		.len = 18,
		.want = { 0xf0, 0, 0x0e, 0, 0, 0, 0, 0x0a,
			  0, 0, 0, 0, 0x1d, 0x00 },
	}, {
		.desc = "fixed, information too long: VALID=0",
		.sense = SCST_SENSE_READ_ERROR,
		.info_valid = true, .info = 0x100000005ULL,
		.len = 18,
		.want = { 0x70, 0, 0x03, 0, 0, 0, 5, 0x0a,
			  0, 0, 0, 0, 0x11, 0x00 },
	}, {
		.desc = "fixed, command-specific information",
		.sense = SCST_SENSE_NO_SPARE_LOCATION,
		.cmd_info_valid = true, .cmd_info = 0x01020304,
		.len = 18,
		.want = { 0x70, 0, 0x04, 0, 0, 0, 0, 0x0a,
			  1, 2, 3, 4, 0x32, 0x00 },
	}, {
		.desc = "fixed, command-specific information too long",
		.sense = SCST_SENSE_READ_ERROR,
		.info_valid = true, .info = 0x01020304,
		.cmd_info_valid = true, .cmd_info = 0x100000005ULL,
		.len = 18,
		.want = { 0xf0, 0, 0x03, 1, 2, 3, 4, 0x0a,
			  0xff, 0xff, 0xff, 0xff, 0x11, 0x00 },
	}, {
		.desc = "fixed, field pointer to a bit of the CDB",
		.sense = SCST_SENSE_INVALID_FIELD_IN_CDB,
		.field_valid = true, .field = 1, .bit = 7,
		.len = 18,
		.want = { 0x70, 0, 0x05, 0, 0, 0, 0, 0x0a,
			  0, 0, 0, 0, 0x24, 0x00, 0, 0xcf, 0x00, 0x01 },
	}, {
		.desc = "fixed, field pointer to bit 0",
		.sense = SCST_SENSE_INVALID_FIELD_IN_CDB,
		.field_valid = true, .field = 2, .bit = 0,
		.len = 18,
		.want = { 0x70, 0, 0x05, 0, 0, 0, 0, 0x0a,
			  0, 0, 0, 0, 0x24, 0x00, 0, 0xc8, 0x00, 0x02 },
	}, {
		.desc = "fixed, field pointer to a byte of the parameter list",
		.sense = SCST_SENSE_INVALID_FIELD_IN_PARAM,
		.field_valid = true, .in_param = true, .field = 0x123, .bit = 8,
		.len = 18,
		.want = { 0x70, 0, 0x05, 0, 0, 0, 0, 0x0a,
			  0, 0, 0, 0, 0x26, 0x00, 0, 0x80, 0x01, 0x23 },
	}, {
		.desc = "fixed, no field pointer with another sense key",
		.sense = SCST_SENSE_WRITE_PROTECTED,
		.field_valid = true, .field = 1, .bit = 7,
		.len = 18,
		.want = { 0x70, 0, 0x07, 0, 0, 0, 0, 0x0a,
			  0, 0, 0, 0, 0x27, 0x00 },
	}, {
		.desc = "descriptor",
		.sense = SCST_SENSE(UNIT_ATTENTION, 0x3f, 0x0e),
		.desc_format = true,
		.len = 8,
		.want = { 0x72, 0x06, 0x3f, 0x0e, 0, 0, 0, 0 },
	}, {
		.desc = "descriptor, information",
		.sense = SCST_SENSE_READ_ERROR,
		.desc_format = true,
		.info_valid = true, .info = 0x0102030405060708ULL,
		.len = 20,
		.want = { 0x72, 0x03, 0x11, 0x00, 0, 0, 0, 12,
			  0x00, 0x0a, 0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8 },
	}, {
		.desc = "descriptor, field pointer",
		.sense = SCST_SENSE_INVALID_FIELD_IN_CDB,
		.desc_format = true,
		.field_valid = true, .field = 0x0a, .bit = 3,
		.len = 16,
		.want = { 0x72, 0x05, 0x24, 0x00, 0, 0, 0, 8,
			  0x02, 0x06, 0, 0, 0xcb, 0x00, 0x0a, 0 },
	}, {
		.desc = "descriptor, command-specific information",
		.sense = SCST_SENSE_NO_SPARE_LOCATION,
		.desc_format = true,
		.cmd_info_valid = true, .cmd_info = 0x0102030405060708ULL,
		.len = 20,
		.want = { 0x72, 0x04, 0x32, 0x00, 0, 0, 0, 12,
			  0x01, 0x0a, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 },
	}, {
		.desc = "descriptor, all three",
		.sense = SCST_SENSE_INVALID_FIELD_IN_PARAM,
		.desc_format = true,
		.info_valid = true, .info = 9,
		.cmd_info_valid = true, .cmd_info = U64_MAX,
		.field_valid = true, .in_param = true, .field = 4, .bit = 8,
		.len = 40,
		.want = { 0x72, 0x05, 0x26, 0x00, 0, 0, 0, 32,
			  0x00, 0x0a, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 9,
			  0x01, 0x0a, 0, 0, 0xff, 0xff, 0xff, 0xff,
			  0xff, 0xff, 0xff, 0xff,
			  0x02, 0x06, 0, 0, 0x80, 0x00, 0x04, 0 },
	}, {
		.desc = "descriptor, both",
		.sense = SCST_SENSE_INVALID_FIELD_IN_PARAM,
		.desc_format = true,
		.info_valid = true, .info = 9,
		.field_valid = true, .in_param = true, .field = 4, .bit = 8,
		.len = 28,
		.want = { 0x72, 0x05, 0x26, 0x00, 0, 0, 0, 20,
			  0x00, 0x0a, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 9,
			  0x02, 0x06, 0, 0, 0x80, 0x00, 0x04, 0 },
	},
};

KUNIT_ARRAY_PARAM_DESC(sense, sense_cases, desc);

static void sense_bytes_test(struct kunit *test)
{
	const struct sense_case *c = test->param_value;
	struct scst_cmd *cmd = scst_fixture_cmd(test, NULL, 0);
	scst_sense_t code;

	memset(cmd->sense, FIXTURE_POISON, sizeof(cmd->sense));
	cmd->dev->d_sense = c->desc_format;
	if (c->info_valid)
		scst_cmd_set_sense_info(cmd, c->info);
	if (c->cmd_info_valid)
		scst_cmd_set_sense_cmd_info(cmd, c->cmd_info);
	if (c->field_valid && c->in_param) {
		code = scst_cmd_param_error(cmd, c->field, c->bit);
		KUNIT_EXPECT_TRUE(test,
				  code == SCST_SENSE_INVALID_FIELD_IN_PARAM);
	} else if (c->field_valid) {
		code = scst_cmd_cdb_error(cmd, c->field, c->bit);
		KUNIT_EXPECT_TRUE(test,
				  code == SCST_SENSE_INVALID_FIELD_IN_CDB);
	}

	scst_cmd_set_result(cmd, c->sense);
	KUNIT_EXPECT_EQ(test, cmd->status, SAM_STAT_CHECK_CONDITION);
	KUNIT_EXPECT_EQ(test, cmd->sense_len, c->len);
	KUNIT_EXPECT_MEMEQ(test, cmd->sense, c->want, c->len);
}

/* A LUN that does not exist has no D_SENSE. */
static void sense_no_lun_test(struct kunit *test)
{
	struct scst_fixture *f = test->priv;
	struct scst_cmd *cmd = scst_fixture_cmd(test, NULL, 0);

	f->dev.d_sense = true;
	scst_fixture_no_lun(test);
	scst_cmd_set_result(cmd, SCST_SENSE_LUN_NOT_SUPPORTED);
	KUNIT_EXPECT_EQ(test, cmd->sense_len, 18);
	KUNIT_EXPECT_EQ(test, cmd->sense[0], 0x70);
	KUNIT_EXPECT_EQ(test, cmd->sense[12], 0x25);
}

/* What is no result must not reach the initiator as success. */
static void sense_no_result_test(struct kunit *test)
{
	static const u32 wrong[] = { 0x2000000, 0x2000007, 1, 0x00050000 };
	struct scst_cmd *cmd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		cmd = scst_fixture_cmd(test, NULL, 0);
		scst_cmd_set_result(cmd, (__force scst_sense_t)wrong[i]);
		KUNIT_EXPECT_EQ(test, cmd->status, SAM_STAT_CHECK_CONDITION);
		KUNIT_EXPECT_EQ(test, cmd->sense[2], HARDWARE_ERROR);
		KUNIT_EXPECT_EQ(test, cmd->sense[12], 0x44);
	}
}

/* Sense data of a device go as they are, and no more than there is room for. */
static void sense_data_test(struct kunit *test)
{
	struct scst_cmd *cmd = scst_fixture_cmd(test, NULL, 0);
	u8 sense[256];
	unsigned int i;

	for (i = 0; i < sizeof(sense); i++)
		sense[i] = 0x70 + i;
	scst_cmd_set_sense_data(cmd, sense, 20);
	scst_cmd_set_result(cmd, SCST_SENSE_DATA);
	KUNIT_EXPECT_EQ(test, cmd->status, SAM_STAT_CHECK_CONDITION);
	KUNIT_EXPECT_EQ(test, cmd->sense_len, 20);
	KUNIT_EXPECT_MEMEQ(test, cmd->sense, sense, 20);
	KUNIT_EXPECT_EQ(test, cmd->sense[20], 0);

	scst_cmd_set_sense_data(cmd, sense, sizeof(sense));
	KUNIT_EXPECT_EQ(test, cmd->sense_len, sizeof(cmd->sense));
	KUNIT_EXPECT_MEMEQ(test, cmd->sense, sense, sizeof(cmd->sense));
}

/* REQUEST SENSE: ends with GOOD, in the format that it asks for. */
static void request_sense(struct kunit *test, u8 desc, u8 alloc_len, bool lun,
			  const u8 *want, u32 len)
{
	const u8 cdb[6] = { REQUEST_SENSE, desc, 0, 0, alloc_len, 0 };

	scst_fixture_cmd(test, cdb, sizeof(cdb));
	if (!lun)
		scst_fixture_no_lun(test);
	scst_fixture_set_buf(test, SCST_DATA_READ, 252);
	KUNIT_EXPECT_TRUE(test, scst_fixture_exec(test) == SCST_GOOD);
	scst_fixture_expect_data(test, want, len);
}

static void sense_request_sense_test(struct kunit *test)
{
	static const u8 none[18] = { 0x70, [7] = 0x0a };
	static const u8 no_lun[18] = { 0x70, 0, 0x05, [7] = 0x0a, [12] = 0x25 };
	static const u8 ua[8] = { 0x72, 0x06, 0x29, 0x03 };
	static const u8 offline[18] = { 0x70, 0, 0x02, [7] = 0x0a,
					[12] = 0x04, 0x03 };
	struct scst_fixture *f = test->priv;

	/* D_SENSE is about autosense only. */
	f->dev.d_sense = true;
	request_sense(test, 0, 252, true, none, 18);

	/* A unit attention condition comes first, and is reported by that. */
	scst_ua_set(&f->td, SCST_UA_RESET);
	f->dev.online = false;
	request_sense(test, 0, 0, true, none, 0);
	request_sense(test, 1, 252, true, ua, 8);
	KUNIT_EXPECT_EQ(test, f->td.ua, 0);
	request_sense(test, 0, 252, true, offline, 18);

	request_sense(test, 0, 252, false, no_lun, 18);
	request_sense(test, 0, 4, false, no_lun, 4);
	request_sense(test, 0, 0, false, no_lun, 0);
}

static int sense_progress_of_unit;

static int sense_progress(struct scst_device *dev)
{
	return sense_progress_of_unit;
}

static void expect_sense(struct kunit *test, scst_sense_t sense, bool desc,
			 const u8 *want, unsigned int len)
{
	struct scst_cmd *cmd = scst_fixture_cmd(test, NULL, 0);

	cmd->dev->d_sense = desc;
	scst_cmd_set_result(cmd, sense);
	KUNIT_ASSERT_EQ(test, cmd->sense_len, len);
	KUNIT_EXPECT_MEMEQ(test, cmd->sense, want, len);
}

/* With NOT READY, and only as long as there is an operation */
static void sense_progress_test(struct kunit *test)
{
	static const u8 fixed[] = {
		0x70, 0, 2, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 4, 4, 0,
		0x80, 0x12, 0x34,
	};
	static const u8 desc[] = {
		0x72, 2, 4, 4, 0, 0, 0, 8, 2, 6, 0, 0, 0x80, 0x12, 0x34, 0,
	};
	static const u8 none[] = { 0x72, 2, 4, 4, 0, 0, 0, 0 };
	static const u8 medium[] = { 0x72, 3, 0x31, 0, 0, 0, 0, 0 };
	struct scst_fixture *f = test->priv;

	f->type.progress = sense_progress;
	sense_progress_of_unit = 0x1234;
	expect_sense(test, SCST_SENSE_FORMAT_IN_PROGRESS, false, fixed,
		     sizeof(fixed));
	expect_sense(test, SCST_SENSE_FORMAT_IN_PROGRESS, true, desc,
		     sizeof(desc));
	expect_sense(test, SCST_SENSE_FORMAT_CORRUPT, true, medium,
		     sizeof(medium));
	sense_progress_of_unit = -1;
	expect_sense(test, SCST_SENSE_FORMAT_IN_PROGRESS, true, none,
		     sizeof(none));
}

static struct kunit_case sense_test_cases[] = {
	KUNIT_CASE_PARAM(sense_status_test, status_gen_params),
	KUNIT_CASE_PARAM(sense_bytes_test, sense_gen_params),
	KUNIT_CASE(sense_no_lun_test),
	KUNIT_CASE(sense_no_result_test),
	KUNIT_CASE(sense_data_test),
	KUNIT_CASE(sense_request_sense_test),
	KUNIT_CASE(sense_progress_test),
	{}
};

static struct kunit_suite sense_test_suite = {
	.name = "scst_sense",
	.init = scst_fixture_init,
	.exit = scst_fixture_exit,
	.test_cases = sense_test_cases,
};

kunit_test_suites(&sense_test_suite);
