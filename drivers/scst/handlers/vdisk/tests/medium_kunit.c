// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the commands about the medium as a whole: their parameter lists, what
 * GET LBA STATUS makes of a store, and which commands are refused meanwhile.
 */

#include <kunit/test.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "../vdisk.h"

struct medium_fixture {
	struct vdisk_type type;
	struct vdisk_ops ops;
	struct scst_device dev;
	struct scst_opcode op;
	struct scst_cmd cmd;
	struct vdisk vd;
	u8 cdb[32];
};

static int medium_test_init(struct kunit *test)
{
	struct medium_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->type.ops = &f->ops;
	f->vd.type = &f->type;
	f->vd.dev = &f->dev;
	f->vd.p.thin_provisioned = 1;
	f->dev.priv = &f->vd;
	f->dev.block_size = 512;
	f->dev.block_shift = 9;
	f->dev.nblocks = 65536;
	f->cmd.dev = &f->dev;
	f->cmd.cdb = f->cdb;
	f->cmd.op = &f->op;
	return 0;
}

/* ------------------------------------------------------------------------
 * Parameter lists
 */

/**
 * struct medium_list - a parameter list and what is said about it
 * @name: what is special
 * @flags: CDB byte 1
 * @len: bytes
 * @list: beginning, zeros follow
 * @want: how the command ends
 * @byte: byte that is in error, for INVALID FIELD
 * @bit: and bit
 */
struct medium_list {
	const char *name;
	u8 flags;
	u16 len;
	u8 list[16];
	scst_sense_t want;
	u16 byte;
	u8 bit;
};

static void medium_get_desc(const struct medium_list *p, char *desc)
{
	strscpy(desc, p->name, KUNIT_PARAM_DESC_SIZE);
}

static void expect_field(struct kunit *test, const struct medium_list *p,
			 scst_sense_t sense)
{
	struct medium_fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, (__force u32)sense, (__force u32)p->want);
	if (p->want != SCST_SENSE_INVALID_FIELD_IN_PARAM)
		return;
	KUNIT_EXPECT_TRUE(test, f->cmd.field_valid);
	KUNIT_EXPECT_FALSE(test, f->cmd.field_in_cdb);
	KUNIT_EXPECT_EQ(test, f->cmd.field_ptr, p->byte);
	KUNIT_EXPECT_EQ(test, f->cmd.field_bit, p->bit);
}

/* In memory of its own and no longer than it says, for KASAN. */
static u8 *medium_copy(struct kunit *test, const struct medium_list *p)
{
	u8 *copy = kunit_kzalloc(test, p->len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, p->list, min_t(size_t, p->len, sizeof(p->list)));
	return copy;
}

#define BAD_PARAM	SCST_SENSE_INVALID_FIELD_IN_PARAM
#define BAD_LEN		SCST_SENSE_PARAM_LIST_LENGTH

static const struct medium_list format_lists[] = {
	{ "short header", 0x10, 4, { 0, 0, 0, 0 }, SCST_GOOD },
	{ "long header", 0x30, 8, { }, SCST_GOOD },
	{ "half a short header", 0x10, 3, { }, BAD_LEN },
	{ "half a long header", 0x30, 7, { }, BAD_LEN },
	{ "protection field usage", 0x10, 4, { 0x04 }, BAD_PARAM, 0, 2 },
	{ "protection interval", 0x30, 8, { 0, 0, 0, 0x02 }, BAD_PARAM, 3, 3 },
	{ "P_I_INFORMATION", 0x30, 8, { 0, 0, 0, 0x10 }, BAD_PARAM, 3, 7 },
	{ "DPRY without FOV", 0x10, 4, { 0, 0x40 }, BAD_PARAM, 1, 6 },
	{ "DCRT without FOV", 0x10, 4, { 0, 0x20 }, BAD_PARAM, 1, 5 },
	{ "STPF without FOV", 0x10, 4, { 0, 0x10 }, BAD_PARAM, 1, 4 },
	{ "IP without FOV", 0x10, 4, { 0, 0x08 }, BAD_PARAM, 1, 3 },
	{ "options with FOV", 0x10, 4, { 0, 0xf0 }, SCST_GOOD },
	{ "IMMED without FOV", 0x10, 4, { 0, 0x02 }, SCST_GOOD },
	{ "a defect", 0x10, 8, { 0, 0, 0, 4 }, BAD_PARAM, 2, 8 },
	{ "a defect, long", 0x30, 12, { 0, 0, 0, 0, 0, 0, 0, 4 },
	  BAD_PARAM, 4, 8 },
	{ "no descriptor", 0x10, 7, { 0, 0x88, 0, 0, 0, 1, 0 }, BAD_LEN },
	{ "default pattern", 0x10, 8, { 0, 0x88 }, SCST_GOOD },
	{ "default pattern with length", 0x10, 9,
	  { 0, 0x88, 0, 0, 0, 0, 0, 1 }, BAD_PARAM, 6, 8 },
	{ "pattern type", 0x10, 9, { 0, 0x88, 0, 0, 0, 2, 0, 1 },
	  BAD_PARAM, 5, 8 },
	{ "SI", 0x10, 9, { 0, 0x88, 0, 0, 0x20, 1, 0, 1 }, BAD_PARAM, 4, 5 },
	{ "empty pattern", 0x10, 8, { 0, 0x88, 0, 0, 0, 1, 0, 0 },
	  BAD_PARAM, 6, 8 },
	{ "pattern of a block and a byte", 0x10, 521,
	  { 0, 0x88, 0, 0, 0, 1, 2, 1 }, BAD_PARAM, 6, 8 },
	{ "pattern cut off", 0x10, 519, { 0, 0x88, 0, 0, 0, 1, 2, 0 },
	  BAD_LEN },
	{ "pattern of a block", 0x10, 520, { 0, 0x88, 0, 0, 0, 1, 2, 0 },
	  SCST_GOOD },
	{ "pattern, long header", 0x30, 13,
	  { 0, 0x88, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1 }, SCST_GOOD },
};

KUNIT_ARRAY_PARAM(format, format_lists, medium_get_desc);

static void format_list_test(struct kunit *test)
{
	const struct medium_list *p = test->param_value;
	struct vdisk_background_req req = { };
	struct medium_fixture *f = test->priv;
	u8 *list = medium_copy(test, p);

	f->cdb[1] = p->flags;
	expect_field(test, p, vdisk_format_parse(&f->cmd, list, p->len, &req));
}

static void format_req_test(struct kunit *test)
{
	static const u8 list[] = { 0, 0x8a, 0, 0, 0, 1, 0, 3, 7, 8, 9 };
	struct vdisk_background_req req = { .how = VDISK_FILL_ZEROS };
	struct medium_fixture *f = test->priv;

	f->cdb[1] = 0x10;
	KUNIT_ASSERT_EQ(test, (__force u32)
			vdisk_format_parse(&f->cmd, list, sizeof(list), &req),
			(__force u32)SCST_GOOD);
	KUNIT_EXPECT_TRUE(test, req.immed);
	KUNIT_EXPECT_EQ(test, req.how, VDISK_FILL_PATTERN);
	KUNIT_EXPECT_PTR_EQ(test, req.pattern, list + 8);
	KUNIT_EXPECT_EQ(test, req.pattern_len, 3);
}

static const struct medium_list sanitize_lists[] = {
	{ "a byte", 0, 5, { 1, 0, 0, 1, 0xaa }, SCST_GOOD },
	{ "a block", 0, 516, { 0x9f, 0, 2, 0 }, SCST_GOOD },
	{ "more than is used", 0, 16, { 1, 0, 0, 1 }, SCST_GOOD },
	{ "half a header", 0, 3, { 1 }, BAD_LEN },
	{ "no passes", 0, 5, { 0x80, 0, 0, 1 }, BAD_PARAM, 0, 4 },
	{ "a test", 0, 5, { 0x21, 0, 0, 1 }, BAD_PARAM, 0, 6 },
	{ "no pattern", 0, 5, { 1, 0, 0, 0 }, BAD_PARAM, 2, 8 },
	{ "more than a block", 0, 517, { 1, 0, 2, 1 }, BAD_PARAM, 2, 8 },
	{ "cut off", 0, 5, { 1, 0, 0, 2 }, BAD_LEN },
};

KUNIT_ARRAY_PARAM(sanitize, sanitize_lists, medium_get_desc);

static void sanitize_list_test(struct kunit *test)
{
	const struct medium_list *p = test->param_value;
	struct vdisk_background_req req = { };
	struct medium_fixture *f = test->priv;
	u8 *list = medium_copy(test, p);

	expect_field(test, p,
		     vdisk_sanitize_parse(&f->cmd, list, p->len, &req));
	if (p->want != SCST_GOOD)
		return;
	KUNIT_EXPECT_EQ(test, req.passes, p->list[0] & 0x1f);
	KUNIT_EXPECT_EQ(test, req.invert, p->list[0] >> 7);
	KUNIT_EXPECT_PTR_EQ(test, req.pattern, list + 4);
	KUNIT_EXPECT_EQ(test, req.pattern_len, get_unaligned_be16(list + 2));
}

static const struct medium_list reassign_lists[] = {
	{ "none", 0, 4, { 0, 0, 0, 0 }, SCST_GOOD },
	{ "one", 0, 8, { 0, 0, 0, 4 }, SCST_GOOD },
	{ "one of eight bytes", 2, 12, { 0, 0, 0, 8 }, SCST_GOOD },
	{ "256", 1, 1028, { 0, 0, 4, 0 }, SCST_GOOD },
	{ "257", 1, 1032, { 0, 0, 4, 4 }, BAD_PARAM, 0, 8 },
	{ "half a one", 0, 8, { 0, 0, 0, 2 }, BAD_PARAM, 2, 8 },
	{ "half a one of eight bytes", 2, 8, { 0, 0, 0, 4 }, BAD_PARAM, 2, 8 },
	{ "cut off", 0, 7, { 0, 0, 0, 4 }, BAD_LEN },
	{ "long length", 1, 8, { 1, 0, 0, 0 }, BAD_PARAM, 0, 8 },
	{ "reserved bytes", 0, 4, { 0xff, 0xff, 0, 0 }, SCST_GOOD },
};

KUNIT_ARRAY_PARAM(reassign, reassign_lists, medium_get_desc);

static void reassign_list_test(struct kunit *test)
{
	const struct medium_list *p = test->param_value;
	struct medium_fixture *f = test->priv;
	u8 *list = medium_copy(test, p);
	u32 nr;

	f->cdb[1] = p->flags;
	f->cmd.xfer_len = p->len;
	expect_field(test, p, vdisk_reassign_parse(&f->cmd, list, &nr));
	if (p->want == SCST_GOOD)
		KUNIT_EXPECT_EQ(test, nr, (p->len - 4) / (p->flags & 2 ? 8 : 4));
}

static int fixture_read_error;

static int fixture_read_buf(struct vdisk *vd, void *buf, u32 len, u64 pos)
{
	return fixture_read_error;
}

/* Only what the medium has lost is replaced by zeros. */
static void reassign_read_test(struct kunit *test)
{
	static const int lost[] = { -EIO, -ENODATA, -EILSEQ };
	static const int others[] = { -ENOMEM, -EAGAIN, -ESTALE, -ENODEV };
	struct medium_fixture *f = test->priv;
	u8 buf[4] = { 1, 2, 3, 4 };
	unsigned int i;

	f->ops.read_buf = fixture_read_buf;
	fixture_read_error = 0;
	KUNIT_EXPECT_EQ(test, vdisk_reassign_read(&f->vd, buf, 4, 0), 0);
	KUNIT_EXPECT_EQ(test, buf[3], 4);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		fixture_read_error = others[i];
		KUNIT_EXPECT_EQ(test, vdisk_reassign_read(&f->vd, buf, 4, 0),
				others[i]);
	}
	for (i = 0; i < ARRAY_SIZE(lost); i++) {
		memset(buf, 1, sizeof(buf));
		fixture_read_error = lost[i];
		KUNIT_EXPECT_EQ(test, vdisk_reassign_read(&f->vd, buf, 4, 0),
				0);
		KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf), 0);
	}
}

/* ------------------------------------------------------------------------
 * COMPARE AND WRITE
 */

#define CAW_LEN		1024
#define CAW_OLD		0x11
#define CAW_NEW		0x22

static u8 caw_medium[CAW_LEN];
static unsigned int caw_nr_fail;

static int caw_read_buf(struct vdisk *vd, void *buf, u32 len, u64 pos)
{
	memcpy(buf, caw_medium + pos, len);
	return 0;
}

/* What fails is done by half. */
static int caw_write_buf(struct vdisk *vd, const void *buf, u32 len, u64 pos)
{
	bool fail = caw_nr_fail;

	memcpy(caw_medium + pos, buf, fail ? len / 2 : len);
	if (!fail)
		return 0;
	caw_nr_fail--;
	return -ENOMEM;
}

/* With so many writes that fail */
static void caw_run(struct kunit *test, unsigned int nr_fail, scst_sense_t want)
{
	u8 *data = kunit_kmalloc(test, 2 * CAW_LEN, GFP_KERNEL);
	struct medium_fixture *f = test->priv;
	struct scatterlist sg;

	KUNIT_ASSERT_NOT_NULL(test, data);
	memset(caw_medium, CAW_OLD, CAW_LEN);
	memset(data, CAW_OLD, CAW_LEN);
	memset(data + CAW_LEN, CAW_NEW, CAW_LEN);
	sg_init_one(&sg, data, 2 * CAW_LEN);
	f->cmd.sg = &sg;
	f->cmd.sg_cnt = 1;
	f->cmd.nblocks = CAW_LEN >> f->dev.block_shift;
	caw_nr_fail = nr_fail;
	KUNIT_EXPECT_EQ(test, (__force u32)vdisk_compare_and_write(&f->cmd),
			(__force u32)want);
	KUNIT_EXPECT_EQ(test, caw_nr_fail, 0);
}

/* All of it or nothing, unless it is an error that says so. */
static void caw_undo_test(struct kunit *test)
{
	struct medium_fixture *f = test->priv;

	f->ops.read_buf = caw_read_buf;
	f->ops.write_buf = caw_write_buf;
	f->vd.wce = true;
	f->op.cdb_len = 16;
	caw_run(test, 0, SCST_GOOD);
	KUNIT_EXPECT_NULL(test, memchr_inv(caw_medium, CAW_NEW, CAW_LEN));
	caw_run(test, 1, SCST_BUSY);
	KUNIT_EXPECT_NULL(test, memchr_inv(caw_medium, CAW_OLD, CAW_LEN));
	caw_run(test, 2, SCST_SENSE_WRITE_ERROR);
	KUNIT_EXPECT_TRUE(test, f->cmd.info_valid);
}

/* ------------------------------------------------------------------------
 * GET LBA STATUS
 */

/* Bytes 0..4095 are a hole, 4096..5000 data, then a hole up to 1 MiB, then data. */
static int fixture_map(struct vdisk *vd, u64 pos, u64 *len, bool *mapped)
{
	static const u64 ends[] = { 4096, 5001, 1 << 20, U64_MAX };
	unsigned int i;

	for (i = 0; pos >= ends[i]; i++)
		;
	*mapped = i & 1;
	*len = min(*len, ends[i] - pos);
	return 0;
}

struct lba_desc {
	u64 lba;
	u32 nblocks;
	u8 status;
};

static void expect_lba_status(struct kunit *test, u8 type, u64 lba, u64 end,
			      unsigned int max, const struct lba_desc *want,
			      unsigned int nr)
{
	struct medium_fixture *f = test->priv;
	u8 *buf = kunit_kzalloc(test, max * 16, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	f->cmd.lba = lba;
	KUNIT_ASSERT_EQ(test, vdisk_lba_status_fill(&f->cmd, type, &end, buf,
						    max), nr);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, get_unaligned_be64(buf + i * 16),
				want[i].lba);
		KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + i * 16 + 8),
				want[i].nblocks);
		KUNIT_EXPECT_EQ(test, buf[i * 16 + 12], want[i].status);
	}
}

static void lba_status_test(struct kunit *test)
{
	/* A block that is a hole in part is mapped. */
	static const struct lba_desc all[] = {
		{ 0, 8, 1 }, { 8, 2, 0 }, { 10, 2038, 1 }, { 2048, 63488, 0 },
	};
	static const struct lba_desc mapped[] = {
		{ 8, 2, 0 }, { 2048, 63488, 0 },
	};
	static const struct lba_desc holes[] = { { 0, 8, 1 }, { 10, 2, 1 } };
	static const struct lba_desc middle[] = { { 5, 3, 1 }, { 8, 1, 0 } };
	struct medium_fixture *f = test->priv;

	f->ops.map = fixture_map;
	expect_lba_status(test, 0, 0, 65536, 8, all, 4);
	expect_lba_status(test, 0, 0, 65536, 2, all, 2);
	expect_lba_status(test, 2, 0, 65536, 8, mapped, 2);
	expect_lba_status(test, 3, 0, 12, 8, holes, 2);
	expect_lba_status(test, 0, 5, 9, 8, middle, 2);
	/* No block is anchored, or has an additional status. */
	expect_lba_status(test, 4, 0, 65536, 8, NULL, 0);
	expect_lba_status(test, 1, 0, 65536, 8, NULL, 0);
}

static void lba_status_mapped_test(struct kunit *test)
{
	static const struct lba_desc huge[] = {
		{ 5, U32_MAX, 0 }, { 5 + (u64)U32_MAX, 95, 0 },
	};
	struct medium_fixture *f = test->priv;

	expect_lba_status(test, 0, 5, 100 + (u64)U32_MAX, 4, huge, 2);
	f->ops.map = fixture_map;
	f->vd.p.thin_provisioned = 0;
	expect_lba_status(test, 0, 5, 100 + (u64)U32_MAX, 4, huge, 2);
}

/* ------------------------------------------------------------------------
 * What is refused meanwhile
 */

static void expect_refused(struct kunit *test, u8 condition, u8 opcode, u16 sa,
			   scst_sense_t want)
{
	struct medium_fixture *f = test->priv;

	f->vd.condition = condition;
	f->op.opcode = opcode;
	f->op.sa = sa;
	KUNIT_EXPECT_EQ_MSG(test, (__force u32)vdisk_condition_parse(&f->cmd),
			    (__force u32)want, "condition %u, %02xh/%02xh",
			    condition, opcode, sa);
}

static void condition_test(struct kunit *test)
{
	unsigned int c;

	for (c = VDISK_FORMATTED; c <= VDISK_SANITIZE_FAILED; c++) {
		expect_refused(test, c, INQUIRY, 0, SCST_GOOD);
		expect_refused(test, c, REPORT_LUNS, 0, SCST_GOOD);
		expect_refused(test, c, REQUEST_SENSE, 0, SCST_GOOD);
		expect_refused(test, c, MAINTENANCE_IN,
			       MI_REPORT_SUPPORTED_OPERATION_CODES, SCST_GOOD);
		expect_refused(test, c, MAINTENANCE_IN,
			       MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS,
			       SCST_GOOD);
	}
	expect_refused(test, VDISK_FORMATTING, READ_10, 0,
		       SCST_SENSE_FORMAT_IN_PROGRESS);
	expect_refused(test, VDISK_FORMATTING, SCST_SANITIZE, 0,
		       SCST_SENSE_FORMAT_IN_PROGRESS);
	expect_refused(test, VDISK_SANITIZING, READ_10, 0,
		       SCST_SENSE_SANITIZE_IN_PROGRESS);
	expect_refused(test, VDISK_SANITIZING, SCST_SANITIZE, 0,
		       SCST_SENSE_SANITIZE_IN_PROGRESS);
	expect_refused(test, VDISK_SANITIZE_FAILED, READ_10, 0,
		       SCST_SENSE_SANITIZE_FAILED);
	expect_refused(test, VDISK_SANITIZE_FAILED, FORMAT_UNIT, 0,
		       SCST_SENSE_SANITIZE_FAILED);
	expect_refused(test, VDISK_SANITIZE_FAILED, SCST_SANITIZE, 0,
		       SCST_GOOD);
	expect_refused(test, VDISK_FORMAT_CORRUPT, FORMAT_UNIT, 0,
		       SCST_GOOD);
}

/* What needs no handler is refused like all others, if it tells of something else. */
static void condition_offline_test(struct kunit *test)
{
	struct medium_fixture *f = test->priv;

	f->op.offline = true;
	expect_refused(test, VDISK_FORMATTING, RESERVE, 0,
		       SCST_SENSE_FORMAT_IN_PROGRESS);
	expect_refused(test, VDISK_SANITIZING, RELEASE_10, 0,
		       SCST_SENSE_SANITIZE_IN_PROGRESS);
	expect_refused(test, VDISK_FORMATTING, PERSISTENT_RESERVE_IN, 0,
		       SCST_SENSE_FORMAT_IN_PROGRESS);
	/* PREEMPT AND ABORT */
	expect_refused(test, VDISK_SANITIZE_FAILED, PERSISTENT_RESERVE_OUT, 5,
		       SCST_SENSE_SANITIZE_FAILED);
	expect_refused(test, VDISK_SANITIZING, MAINTENANCE_IN,
		       MI_REPORT_TARGET_PGS, SCST_SENSE_SANITIZE_IN_PROGRESS);
	expect_refused(test, VDISK_FORMAT_CORRUPT, PERSISTENT_RESERVE_IN, 0,
		       SCST_GOOD);
}

static int background_error;

static int background_zero(struct vdisk *vd, u64 pos, u64 len, bool unmap)
{
	return background_error;
}

static int background_flush(struct vdisk *vd, u64 pos, u64 len)
{
	return 0;
}

static void background_event(struct work_struct *work)
{
}

/* The next piece fails; returns how often it is tried again, up to @max. */
static unsigned int background_tries(struct kunit *test, int error,
				     unsigned int max)
{
	struct medium_fixture *f = test->priv;
	unsigned int nr = 0;

	background_error = error;
	while (nr < max && vdisk_background_work(&f->vd))
		nr++;
	KUNIT_EXPECT_EQ(test, f->vd.background.pos, 0);
	return nr;
}

/* What goes away by itself has time to do so, but not for ever. */
static void background_retry_test(struct kunit *test)
{
	struct medium_fixture *f = test->priv;
	struct vdisk_background *bg = &f->vd.background;

	INIT_DELAYED_WORK(&f->dev.event_work, background_event);
	f->ops.zero = background_zero;
	f->ops.flush = background_flush;
	bg->how = VDISK_FILL_ZEROS;
	bg->passes = 1;

	f->vd.condition = VDISK_FORMATTING;
	KUNIT_EXPECT_EQ(test, background_tries(test, -EAGAIN, 3), 3);
	KUNIT_EXPECT_EQ(test, bg->retries, 3);
	background_error = 0;
	KUNIT_EXPECT_TRUE(test, vdisk_background_work(&f->vd));
	KUNIT_EXPECT_EQ(test, bg->retries, 0);
	KUNIT_EXPECT_GT(test, bg->pos, 0);
	while (vdisk_background_work(&f->vd))
		;
	KUNIT_EXPECT_EQ(test, f->vd.condition, VDISK_FORMATTED);

	bg->pos = 0;
	f->vd.condition = VDISK_FORMATTING;
	KUNIT_EXPECT_EQ(test, background_tries(test, -ENOMEM, 1000), 30);
	KUNIT_EXPECT_EQ(test, f->vd.condition, VDISK_FORMAT_CORRUPT);
	f->vd.condition = VDISK_SANITIZING;
	KUNIT_EXPECT_EQ(test, background_tries(test, -EIO, 1000), 0);
	KUNIT_EXPECT_EQ(test, f->vd.condition, VDISK_SANITIZE_FAILED);
	cancel_delayed_work_sync(&f->dev.event_work);
}

static void progress_test(struct kunit *test)
{
	struct medium_fixture *f = test->priv;
	struct vdisk_background *bg = &f->vd.background;

	KUNIT_EXPECT_EQ(test, vdisk_progress(&f->dev), -1);
	f->vd.condition = VDISK_SANITIZE_FAILED;
	KUNIT_EXPECT_EQ(test, vdisk_progress(&f->dev), -1);
	f->vd.condition = VDISK_SANITIZING;
	bg->passes = 4;
	KUNIT_EXPECT_EQ(test, vdisk_progress(&f->dev), 0);
	bg->pass = 2;
	KUNIT_EXPECT_EQ(test, vdisk_progress(&f->dev), 0x8000);
	bg->pass = 3;
	bg->pos = 65536 * 512;
	KUNIT_EXPECT_GT(test, vdisk_progress(&f->dev), 0xff00);
	KUNIT_EXPECT_LE(test, vdisk_progress(&f->dev), 0xffff);
	/* It has shrunk meanwhile. */
	f->dev.nblocks = 1;
	KUNIT_EXPECT_EQ(test, vdisk_progress(&f->dev), 0xffff);
	/* As large as can be */
	f->vd.condition = VDISK_FORMATTING;
	f->dev.nblocks = LLONG_MAX >> 9;
	bg->passes = 31;
	bg->pass = 30;
	bg->pos = f->dev.nblocks << 9;
	KUNIT_EXPECT_GT(test, vdisk_progress(&f->dev), 0xff00);
	KUNIT_EXPECT_LE(test, vdisk_progress(&f->dev), 0xffff);
}

static struct kunit_case medium_cases[] = {
	KUNIT_CASE_PARAM(format_list_test, format_gen_params),
	KUNIT_CASE(format_req_test),
	KUNIT_CASE_PARAM(sanitize_list_test, sanitize_gen_params),
	KUNIT_CASE_PARAM(reassign_list_test, reassign_gen_params),
	KUNIT_CASE(reassign_read_test),
	KUNIT_CASE(caw_undo_test),
	KUNIT_CASE(lba_status_test),
	KUNIT_CASE(lba_status_mapped_test),
	KUNIT_CASE(condition_test),
	KUNIT_CASE(condition_offline_test),
	KUNIT_CASE(background_retry_test),
	KUNIT_CASE(progress_test),
	{}
};

static struct kunit_suite medium_suite = {
	.name		= "scst_vdisk_medium",
	.init		= medium_test_init,
	.test_cases	= medium_cases,
};

kunit_test_suite(medium_suite);
