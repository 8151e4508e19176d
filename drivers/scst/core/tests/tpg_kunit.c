// SPDX-License-Identifier: GPL-2.0
/* Tests of REPORT TARGET PORT GROUPS. */

#include <linux/slab.h>
#include <linux/unaligned.h>
#include "fixture.h"
#include "../alua.h"

/*
 * Two groups: ours has this port and one that is elsewhere, the other one has a
 * port whose identifier nobody has told, and is preferred.
 */
struct tpg_fixture {
	struct scst_dev_group group;
	struct scst_tpg tpgs[2];
	struct scst_tpg_port ports[3];
};

static void tpg_add(struct tpg_fixture *t, int i, u16 id)
{
	struct scst_tpg *tpg = &t->tpgs[i];

	tpg->group = &t->group;
	tpg->group_id = id;
	INIT_LIST_HEAD(&tpg->ports);
	list_add_tail(&tpg->obj.entry, &t->group.tpgs);
}

static void tpg_add_port(struct tpg_fixture *t, int i, int tpg)
{
	t->ports[i].tpg = &t->tpgs[tpg];
	list_add_tail(&t->ports[i].obj.entry, &t->tpgs[tpg].ports);
}

static struct tpg_fixture *tpg_setup(struct kunit *test)
{
	struct scst_fixture *f = test->priv;
	struct tpg_fixture *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	INIT_LIST_HEAD(&t->group.units);
	INIT_LIST_HEAD(&t->group.tpgs);
	t->group.group_id = 9;
	tpg_add(t, 0, 0x102);
	tpg_add(t, 1, 0x203);
	tpg_add_port(t, 0, 0);
	tpg_add_port(t, 1, 0);
	tpg_add_port(t, 2, 1);
	t->ports[0].tgt = &f->tgt;
	f->tgt.rel_tgt_id = 0x0a0b;
	t->ports[1].rel_tgt_id = 0x0c0d;
	t->tpgs[1].preferred = true;
	f->dev.dev_group = &t->group;
	return t;
}

static void tpg_report(struct kunit *test, u8 format, u32 alloc_len)
{
	u8 cdb[12] = { MAINTENANCE_IN, format | MI_REPORT_TARGET_PGS };

	put_unaligned_be32(alloc_len, cdb + 6);
	scst_fixture_cmd(test, cdb, sizeof(cdb));
	scst_fixture_set_buf(test, SCST_DATA_READ, alloc_len);
}

static const u8 tpg_want[] = {
	0, 0, 0, 24,
	0x02, 0xcf, 0x01, 0x02, 0, 0x02, 0, 2,
	0, 0, 0x0a, 0x0b,
	0, 0, 0x0c, 0x0d,
	0x80, 0xcf, 0x02, 0x03, 0, 0, 0, 0,
};

static void tpg_reports(struct kunit *test)
{
	struct tpg_fixture *t = tpg_setup(test);

	t->tpgs[0].state = SCST_STATE_STANDBY;
	t->tpgs[0].status = SCST_TPG_BY_IMPLICIT;
	tpg_report(test, 0, 512);
	KUNIT_EXPECT_TRUE(test, scst_fixture_exec(test) == SCST_GOOD);
	scst_fixture_expect_data(test, tpg_want, sizeof(tpg_want));
}

static void tpg_reports_part(struct kunit *test)
{
	struct tpg_fixture *t = tpg_setup(test);

	t->tpgs[0].state = SCST_STATE_STANDBY;
	t->tpgs[0].status = SCST_TPG_BY_IMPLICIT;
	tpg_report(test, 0, 15);
	KUNIT_EXPECT_TRUE(test, scst_fixture_exec(test) == SCST_GOOD);
	scst_fixture_expect_data(test, tpg_want, 15);
}

static void tpg_reports_extended(struct kunit *test)
{
	static const u8 want[] = {
		0, 0, 0, 28, 0x10, 0, 0, 0,
		0x00, 0xcf, 0x01, 0x02, 0, 0, 0, 2,
		0, 0, 0x0a, 0x0b,
		0, 0, 0x0c, 0x0d,
		0x80, 0xcf, 0x02, 0x03, 0, 0, 0, 0,
	};

	tpg_setup(test);
	tpg_report(test, 0x20, 512);
	KUNIT_EXPECT_TRUE(test, scst_fixture_exec(test) == SCST_GOOD);
	scst_fixture_expect_data(test, want, sizeof(want));
}

static void tpg_refuses_formats(struct kunit *test)
{
	struct scst_fixture *f = test->priv;
	unsigned int format;

	tpg_setup(test);
	for (format = 0x40; format < 0x100; format += 0x20) {
		tpg_report(test, format, 512);
		KUNIT_EXPECT_TRUE(test, scst_fixture_exec(test) ==
				  SCST_SENSE_INVALID_FIELD_IN_CDB);
		KUNIT_EXPECT_EQ(test, f->cmd.resp_data_len, 0);
	}
}

/* A unit without a group has no such command, nor one that has just left it. */
static void tpg_needs_group(struct kunit *test)
{
	struct tpg_fixture *t = tpg_setup(test);
	struct scst_fixture *f = test->priv;

	f->dev.dev_group = NULL;
	tpg_report(test, 0, 512);
	KUNIT_EXPECT_TRUE(test, scst_cmd_parse(&f->cmd) ==
			  SCST_SENSE_INVALID_FIELD_IN_CDB);

	f->dev.dev_group = &t->group;
	tpg_report(test, 0, 512);
	KUNIT_ASSERT_TRUE(test, scst_cmd_parse(&f->cmd) == SCST_GOOD);
	f->dev.dev_group = NULL;
	KUNIT_EXPECT_TRUE(test, f->cmd.op->exec(&f->cmd) ==
			  SCST_SENSE_INVALID_FIELD_IN_CDB);
}

static void tpg_tells_ids(struct kunit *test)
{
	struct tpg_fixture *t = tpg_setup(test);
	struct scst_fixture *f = test->priv;
	struct scst_tpg_ids ids;

	KUNIT_EXPECT_TRUE(test, scst_device_tpg(&f->dev, &f->tgt, &ids));
	KUNIT_EXPECT_EQ(test, ids.tpg_id, 0x102);
	KUNIT_EXPECT_EQ(test, ids.lu_group_id, 9);
	t->ports[0].tgt = NULL;
	KUNIT_EXPECT_TRUE(test, scst_device_tpg(&f->dev, &f->tgt, &ids));
	KUNIT_EXPECT_EQ(test, ids.tpg_id, 0);
	f->dev.dev_group = NULL;
	KUNIT_EXPECT_FALSE(test, scst_device_tpg(&f->dev, &f->tgt, &ids));
}

static struct kunit_case tpg_test_cases[] = {
	KUNIT_CASE(tpg_reports),
	KUNIT_CASE(tpg_reports_part),
	KUNIT_CASE(tpg_reports_extended),
	KUNIT_CASE(tpg_refuses_formats),
	KUNIT_CASE(tpg_needs_group),
	KUNIT_CASE(tpg_tells_ids),
	{}
};

static struct kunit_suite tpg_test_suite = {
	.name = "scst_tpg",
	.init = scst_fixture_init,
	.exit = scst_fixture_exit,
	.test_cases = tpg_test_cases,
};

kunit_test_suites(&tpg_test_suite);
