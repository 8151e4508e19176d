// SPDX-License-Identifier: GPL-2.0
/* Tests of LUN formats, and of the commands for LUNs that do not exist. */

#include <linux/slab.h>
#include <linux/unaligned.h>
#include "fixture.h"

struct lun_case {
	const char *desc;
	u64 lun;		/* SCST_LUN_INVALID: the bytes are no LUN */
	int method;		/* enum scst_addr_method that makes the bytes */
	struct scsi_lun bytes;
};

/* No method of ours makes these bytes. */
#define LUN_PARSE_ONLY	(-1)

static const struct lun_case lun_cases[] = {
	{ "peripheral 0", 0, SCST_ADDR_PERIPHERAL, { { 0 } } },
	{ "peripheral 1", 1, SCST_ADDR_PERIPHERAL, { { 0x00, 0x01 } } },
	{ "peripheral 255", 255, SCST_ADDR_PERIPHERAL, { { 0x00, 0xff } } },
	{ "peripheral 256 is flat", 256, SCST_ADDR_PERIPHERAL,
	  { { 0x41, 0x00 } } },
	{ "peripheral 16383 is flat", 16383, SCST_ADDR_PERIPHERAL,
	  { { 0x7f, 0xff } } },
	{ "flat 0", 0, SCST_ADDR_FLAT, { { 0x40, 0x00 } } },
	{ "flat 255", 255, SCST_ADDR_FLAT, { { 0x40, 0xff } } },
	{ "flat 4660", 4660, SCST_ADDR_FLAT, { { 0x52, 0x34 } } },
	{ "flat 16383", 16383, SCST_ADDR_FLAT, { { 0x7f, 0xff } } },
	{ "LUN 0", 0, SCST_ADDR_LUN, { { 0x80, 0x00 } } },
	{ "LUN 31", 31, SCST_ADDR_LUN, { { 0x80, 0x1f } } },
	{ "LUN 32 is flat", 32, SCST_ADDR_LUN, { { 0x40, 0x20 } } },
	{ "LUN 300 is flat", 300, SCST_ADDR_LUN, { { 0x41, 0x2c } } },

	{ "peripheral, bus 1", SCST_LUN_INVALID, LUN_PARSE_ONLY,
	  { { 0x01, 0x00 } } },
	{ "peripheral, bus 63", SCST_LUN_INVALID, LUN_PARSE_ONLY,
	  { { 0x3f, 0xff } } },
	{ "LUN, bus 1", SCST_LUN_INVALID, LUN_PARSE_ONLY, { { 0x80, 0x20 } } },
	{ "LUN, bus 7", SCST_LUN_INVALID, LUN_PARSE_ONLY, { { 0x80, 0xe0 } } },
	{ "LUN, target 1", SCST_LUN_INVALID, LUN_PARSE_ONLY,
	  { { 0x81, 0x00 } } },
	{ "LUN, target 63", SCST_LUN_INVALID, LUN_PARSE_ONLY,
	  { { 0xbf, 0x00 } } },
	{ "REPORT LUNS well known logical unit", SCST_LUN_INVALID,
	  LUN_PARSE_ONLY, { { 0xc1, 0x01 } } },
	{ "extended flat", SCST_LUN_INVALID, LUN_PARSE_ONLY,
	  { { 0xd2, 0x00, 0x00, 0x01 } } },
	{ "long extended flat", SCST_LUN_INVALID, LUN_PARSE_ONLY,
	  { { 0xe2, 0x00, 0x00, 0x00, 0x00, 0x01 } } },
	{ "not specified", SCST_LUN_INVALID, LUN_PARSE_ONLY,
	  { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } } },
	{ "peripheral, second level", SCST_LUN_INVALID, LUN_PARSE_ONLY,
	  { { 0x00, 0x00, 0x01 } } },
	{ "peripheral, second level's last byte", SCST_LUN_INVALID,
	  LUN_PARSE_ONLY, { { 0x00, 0x00, 0x00, 0x01 } } },
	{ "flat, third level", SCST_LUN_INVALID, LUN_PARSE_ONLY,
	  { { 0x40, 0x01, 0x00, 0x00, 0x01 } } },
	{ "flat, last byte", SCST_LUN_INVALID, LUN_PARSE_ONLY,
	  { { 0x40, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01 } } },
};

KUNIT_ARRAY_PARAM_DESC(lun, lun_cases, desc);

static void lun_format_test(struct kunit *test)
{
	const struct lun_case *c = test->param_value;
	struct scsi_lun lun;

	KUNIT_EXPECT_EQ(test, scst_lun_parse(&c->bytes), c->lun);
	if (c->method == LUN_PARSE_ONLY)
		return;
	memset(&lun, FIXTURE_POISON, sizeof(lun));
	scst_lun_format(&lun, c->lun, c->method);
	KUNIT_EXPECT_MEMEQ(test, lun.scsi_lun, c->bytes.scsi_lun, 8);
}

/* Every LUN survives the way out and back, and no two look the same. */
static void lun_round_trip_test(struct kunit *test)
{
	static const enum scst_addr_method methods[] = {
		SCST_ADDR_PERIPHERAL, SCST_ADDR_FLAT, SCST_ADDR_LUN,
	};
	struct scsi_lun lun;
	unsigned int i;
	u64 n;

	for (i = 0; i < ARRAY_SIZE(methods); i++) {
		for (n = 0; n <= SCST_MAX_LUN; n++) {
			scst_lun_format(&lun, n, methods[i]);
			if (scst_lun_parse(&lun) != n)
				break;
		}
		KUNIT_EXPECT_EQ_MSG(test, n, SCST_MAX_LUN + 1, "method %u",
				    methods[i]);
	}
}

/* Map @nr LUNs: 0, @step, 2 * @step, ... */
static void lun_map(struct kunit *test, unsigned int nr, unsigned int step)
{
	struct scst_fixture *f = test->priv;
	unsigned int i;

	/* From the highest down: the answer is sorted all the same. */
	for (i = nr; i-- > 0;)
		KUNIT_ASSERT_EQ(test, 0,
				xa_err(xa_store(&f->map.luns, i * step, &f->td,
						GFP_KERNEL)));
}

static void lun_report(struct kunit *test, u8 select, u32 alloc_len,
		       u32 bufflen)
{
	u8 cdb[12] = { REPORT_LUNS, 0, select };

	put_unaligned_be32(alloc_len, cdb + 6);
	scst_fixture_cmd(test, cdb, sizeof(cdb));
	scst_fixture_set_buf(test, SCST_DATA_READ, bufflen);
	KUNIT_ASSERT_TRUE(test, scst_fixture_exec(test) == SCST_GOOD);
}

static void lun_report_test(struct kunit *test)
{
	static const u8 peripheral[] = {
		0, 0, 0, 24, 0, 0, 0, 0,
		0x00, 0x00, 0, 0, 0, 0, 0, 0,
		0x00, 0xc8, 0, 0, 0, 0, 0, 0,
		0x41, 0x90, 0, 0, 0, 0, 0, 0,
	};
	static const u8 flat[] = {
		0, 0, 0, 24, 0, 0, 0, 0,
		0x40, 0x00, 0, 0, 0, 0, 0, 0,
		0x40, 0xc8, 0, 0, 0, 0, 0, 0,
		0x41, 0x90, 0, 0, 0, 0, 0, 0,
	};
	static const u8 all[] = {
		0, 0, 0, 32, 0, 0, 0, 0,
		0x00, 0x00, 0, 0, 0, 0, 0, 0,
		0x00, 0xc8, 0, 0, 0, 0, 0, 0,
		0x41, 0x90, 0, 0, 0, 0, 0, 0,
		0xc1, 0x01, 0, 0, 0, 0, 0, 0,
	};
	static const u8 wlun[] = {
		0, 0, 0, 8, 0, 0, 0, 0,
		0xc1, 0x01, 0, 0, 0, 0, 0, 0,
	};
	static const u8 none[8] = { };
	struct scst_fixture *f = test->priv;

	lun_report(test, 0, 512, 512);
	scst_fixture_expect_data(test, none, sizeof(none));

	lun_map(test, 3, 200);
	lun_report(test, 0, 512, 512);
	scst_fixture_expect_data(test, peripheral, sizeof(peripheral));
	lun_report(test, SCST_SELECT_REPORT_ADMIN_AND_LUNS, 512, 512);
	scst_fixture_expect_data(test, peripheral, sizeof(peripheral));
	lun_report(test, SCST_SELECT_REPORT_ALL, 512, 512);
	scst_fixture_expect_data(test, all, sizeof(all));
	lun_report(test, SCST_SELECT_REPORT_WLUNS, 512, 512);
	scst_fixture_expect_data(test, wlun, sizeof(wlun));
	lun_report(test, SCST_SELECT_REPORT_ADMIN, 512, 512);
	scst_fixture_expect_data(test, none, sizeof(none));
	lun_report(test, SCST_SELECT_REPORT_SUBSIDIARY, 512, 512);
	scst_fixture_expect_data(test, none, sizeof(none));

	/* Cut off, wherever that is: the list's length stays. */
	lun_report(test, 0, 0, 512);
	scst_fixture_expect_data(test, peripheral, 0);
	lun_report(test, 0, 3, 512);
	scst_fixture_expect_data(test, peripheral, 3);
	lun_report(test, 0, 15, 512);
	scst_fixture_expect_data(test, peripheral, 15);
	lun_report(test, 0, 16, 512);
	scst_fixture_expect_data(test, peripheral, 16);
	lun_report(test, 0, 19, 512);
	scst_fixture_expect_data(test, peripheral, 19);

	f->sess.addr_method = SCST_ADDR_FLAT;
	lun_report(test, 0, U32_MAX, 512);
	scst_fixture_expect_data(test, flat, sizeof(flat));
}

/*
 * A buffer smaller than the allocation length: it gets what fits, and
 * resp_data_len says what there would have been, for the residual.
 */
static void lun_report_short_buf_test(struct kunit *test)
{
	struct scst_fixture *f = test->priv;

	lun_map(test, 3, 1);
	lun_report(test, 0, 512, 12);
	KUNIT_EXPECT_EQ(test, f->cmd.resp_data_len, 32);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(f->buf), 24);
	KUNIT_EXPECT_EQ(test, f->buf[11], 0);
	KUNIT_EXPECT_EQ(test, f->buf[12], FIXTURE_POISON);
}

/* More LUNs than are copied at a time, in a buffer of odd pieces */
static void lun_report_many_test(struct kunit *test)
{
	static const unsigned int pieces[] = { 13, 4096, 1, 255 };
	const unsigned int nr = 500;
	const u32 len = 8 + 8 * nr;
	u8 cdb[12] = { REPORT_LUNS };
	struct scst_fixture *f = test->priv;
	struct scatterlist sg[ARRAY_SIZE(pieces)];
	struct scst_cmd *cmd;
	unsigned int i, at = 0;
	u8 *buf;

	lun_map(test, nr, 3);
	buf = kunit_kzalloc(test, 8192, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	memset(buf, FIXTURE_POISON, 8192);
	sg_init_table(sg, ARRAY_SIZE(sg));
	for (i = 0; i < ARRAY_SIZE(sg); i++) {
		sg_set_buf(&sg[i], buf + at, pieces[i]);
		at += pieces[i];
	}

	put_unaligned_be32(8192, cdb + 6);
	cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));
	scst_cmd_set_sg(cmd, SCST_DATA_READ, sg, ARRAY_SIZE(sg), at);
	KUNIT_ASSERT_TRUE(test, scst_fixture_exec(test) == SCST_GOOD);

	KUNIT_EXPECT_EQ(test, cmd->resp_data_len, len);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf), 8 * nr);
	for (i = 0; i < nr; i++)
		if (scst_lun_parse((void *)(buf + 8 + 8 * i)) != 3 * i)
			break;
	KUNIT_EXPECT_EQ(test, i, nr);
	KUNIT_EXPECT_EQ(test, buf[len], FIXTURE_POISON);
	xa_destroy(&f->map.luns);
}

struct lun_bad_case {
	const char *desc;
	u8 cdb[12];
	u16 field;
};

static const struct lun_bad_case lun_bad_cases[] = {
	{ "REPORT LUNS, SELECT REPORT 03h", { REPORT_LUNS, [2] = 0x03,
					      [9] = 16 }, 2 },
	{ "REPORT LUNS, SELECT REPORT 13h", { REPORT_LUNS, [2] = 0x13,
					      [9] = 16 }, 2 },
	{ "REPORT LUNS, SELECT REPORT FFh", { REPORT_LUNS, [2] = 0xff,
					      [9] = 16 }, 2 },
	{ "INQUIRY, page code without EVPD", { INQUIRY, 0, 0x80, 0, 255 }, 2 },
	{ "INQUIRY, VPD page 80h", { INQUIRY, 1, 0x80, 0, 255 }, 2 },
	{ "INQUIRY, VPD page 83h", { INQUIRY, 1, 0x83, 0, 255 }, 2 },
};

KUNIT_ARRAY_PARAM_DESC(lun_bad, lun_bad_cases, desc);

static void lun_bad_test(struct kunit *test)
{
	const struct lun_bad_case *c = test->param_value;
	struct scst_cmd *cmd = scst_fixture_cmd(test, c->cdb, sizeof(c->cdb));

	scst_fixture_no_lun(test);
	scst_fixture_set_buf(test, SCST_DATA_READ, 255);
	KUNIT_EXPECT_TRUE(test, scst_fixture_exec(test) ==
				SCST_SENSE_INVALID_FIELD_IN_CDB);
	KUNIT_EXPECT_TRUE(test, cmd->field_valid);
	KUNIT_EXPECT_TRUE(test, cmd->field_in_cdb);
	KUNIT_EXPECT_EQ(test, cmd->field_ptr, c->field);
	KUNIT_EXPECT_EQ(test, cmd->field_bit, 8);
}

/* The core's INQUIRY says that there is no such logical unit. */
static void lun_inquiry_test(struct kunit *test)
{
	static const u8 cdb[6] = { INQUIRY, 0, 0, 0, 255 };
	static const u8 cdb_vpd[6] = { INQUIRY, 1, 0, 0, 255 };
	static const u8 vpd[5] = { 0x7f, 0, 0, 1, 0 };
	struct scst_fixture *f = test->priv;
	struct scst_cmd *cmd;

	cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));
	scst_fixture_no_lun(test);
	scst_fixture_set_buf(test, SCST_DATA_READ, 255);
	KUNIT_ASSERT_TRUE(test, scst_cmd_parse(cmd) == SCST_GOOD);
	KUNIT_EXPECT_TRUE(test, cmd->op->no_lun);
	KUNIT_EXPECT_TRUE(test, cmd->op->exec(cmd) == SCST_GOOD);
	KUNIT_EXPECT_EQ(test, cmd->resp_data_len, 36);
	KUNIT_EXPECT_EQ(test, f->buf[0], 0x7f);
	KUNIT_EXPECT_EQ(test, f->buf[3] & 0x0f, 2);
	KUNIT_EXPECT_EQ(test, f->buf[4], 31);
	KUNIT_EXPECT_MEMEQ(test, f->buf + 8, "SCST    ", 8);
	KUNIT_EXPECT_EQ(test, f->buf[35], ' ');
	KUNIT_EXPECT_EQ(test, f->buf[36], FIXTURE_POISON);

	cmd = scst_fixture_cmd(test, cdb_vpd, sizeof(cdb_vpd));
	scst_fixture_no_lun(test);
	scst_fixture_set_buf(test, SCST_DATA_READ, 255);
	KUNIT_EXPECT_TRUE(test, scst_fixture_exec(test) == SCST_GOOD);
	scst_fixture_expect_data(test, vpd, sizeof(vpd));

	/* A unit that is there answers by its handler's row. */
	cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));
	scst_fixture_set_buf(test, SCST_DATA_READ, 255);
	KUNIT_ASSERT_TRUE(test, scst_cmd_parse(cmd) == SCST_GOOD);
	KUNIT_EXPECT_PTR_EQ(test, cmd->op, &f->type.opcodes[0]);
}

static void lun_wlun_exec(struct kunit *test, const u8 *cdb, unsigned int len)
{
	struct scst_fixture *f = test->priv;

	scst_fixture_cmd(test, cdb, len);
	scst_fixture_no_lun(test);
	f->cmd.lun = (struct scsi_lun) { { 0xc1, 0x01 } };
	scst_fixture_set_buf(test, SCST_DATA_READ, 255);
	KUNIT_ASSERT_TRUE(test, scst_fixture_exec(test) == SCST_GOOD);
	KUNIT_EXPECT_TRUE(test, f->cmd.op->wlun);
}

/* The REPORT LUNS well known logical unit */
static void lun_wlun_test(struct kunit *test)
{
	static const u8 tur[6] = { TEST_UNIT_READY };
	static const u8 sense[6] = { REQUEST_SENSE, [4] = 255 };
	static const u8 std[6] = { INQUIRY, [4] = 255 };
	static const u8 pages[6] = { INQUIRY, 1, [4] = 255 };
	static const u8 id[6] = { INQUIRY, 1, 0x83, [4] = 255 };
	static const u8 want_pages[] = { 0x1e, 0, 0, 2, 0, 0x83 };
	static const u8 want_id[] = {
		0x1e, 0x83, 0, 20, 0x01, 0x14, 0, 4, 0, 0, 0, 9,
		0x01, 0x13, 0, 8,
	};
	struct scst_fixture *f = test->priv;

	f->tgt.dev.init_name = "tgt0";
	f->tgt.rel_tgt_id = 9;
	lun_wlun_exec(test, tur, sizeof(tur));
	lun_wlun_exec(test, sense, sizeof(sense));
	KUNIT_EXPECT_EQ(test, f->buf[2], NO_SENSE);
	KUNIT_EXPECT_EQ(test, f->buf[12], 0);
	lun_wlun_exec(test, std, sizeof(std));
	KUNIT_EXPECT_EQ(test, f->buf[0], 0x1e);
	lun_wlun_exec(test, pages, sizeof(pages));
	scst_fixture_expect_data(test, want_pages, sizeof(want_pages));
	lun_wlun_exec(test, id, sizeof(id));
	KUNIT_EXPECT_EQ(test, f->cmd.resp_data_len, 24);
	KUNIT_EXPECT_MEMEQ(test, f->buf, want_id, sizeof(want_id));
	KUNIT_EXPECT_EQ(test, f->buf[16] >> 4, 3);
}

static struct kunit_case lun_test_cases[] = {
	KUNIT_CASE_PARAM(lun_format_test, lun_gen_params),
	KUNIT_CASE(lun_round_trip_test),
	KUNIT_CASE(lun_report_test),
	KUNIT_CASE(lun_report_short_buf_test),
	KUNIT_CASE(lun_report_many_test),
	KUNIT_CASE_PARAM(lun_bad_test, lun_bad_gen_params),
	KUNIT_CASE(lun_inquiry_test),
	KUNIT_CASE(lun_wlun_test),
	{}
};

static struct kunit_suite lun_test_suite = {
	.name = "scst_lun",
	.init = scst_fixture_init,
	.exit = scst_fixture_exit,
	.test_cases = lun_test_cases,
};

kunit_test_suites(&lun_test_suite);
