// SPDX-License-Identifier: GPL-2.0
/* Tests of unit attention conditions: codes, order, who is told. */

#include "fixture.h"

struct ua_case {
	const char *desc;
	enum scst_ua ua;
	u8 asc;
	u8 ascq;
};

/* In the order in which they are to be reported */
static const struct ua_case ua_cases[] = {
	{ "power on", SCST_UA_POWER_ON, 0x29, 0x00 },
	{ "reset", SCST_UA_RESET, 0x29, 0x03 },
	{ "I_T nexus loss", SCST_UA_NEXUS_LOSS, 0x29, 0x07 },
	{ "medium changed", SCST_UA_MEDIUM_CHANGED, 0x28, 0x00 },
	{ "commands cleared", SCST_UA_COMMANDS_CLEARED, 0x2f, 0x00 },
	{ "previous BUSY", SCST_UA_PREVIOUS_BUSY, 0x2c, 0x07 },
	{ "previous TASK SET FULL", SCST_UA_PREVIOUS_TASK_SET_FULL,
	  0x2c, 0x08 },
	{ "previous RESERVATION CONFLICT", SCST_UA_PREVIOUS_CONFLICT,
	  0x2c, 0x09 },
	{ "reservations preempted", SCST_UA_RESERVATIONS_PREEMPTED,
	  0x2a, 0x03 },
	{ "reservations released", SCST_UA_RESERVATIONS_RELEASED, 0x2a, 0x04 },
	{ "registrations preempted", SCST_UA_REGISTRATIONS_PREEMPTED,
	  0x2a, 0x05 },
	{ "access state changed", SCST_UA_ACCESS_STATE_CHANGED, 0x2a, 0x06 },
	{ "access transition failed", SCST_UA_ACCESS_TRANSITION_FAILED,
	  0x2a, 0x07 },
	{ "mode changed", SCST_UA_MODE_CHANGED, 0x2a, 0x01 },
	{ "log changed", SCST_UA_LOG_CHANGED, 0x2a, 0x02 },
	{ "capacity changed", SCST_UA_CAPACITY_CHANGED, 0x2a, 0x09 },
	{ "timestamp changed", SCST_UA_TIMESTAMP_CHANGED, 0x2a, 0x10 },
	{ "space threshold", SCST_UA_SPACE_THRESHOLD, 0x38, 0x07 },
	{ "inquiry changed", SCST_UA_INQUIRY_CHANGED, 0x3f, 0x03 },
	{ "identifier changed", SCST_UA_IDENTIFIER_CHANGED, 0x3f, 0x05 },
	{ "LUNs changed", SCST_UA_LUNS_CHANGED, 0x3f, 0x0e },
	{ "other", SCST_UA_OTHER, 0x5a, 0x01 },
	{ "the second other", SCST_UA_OTHER + 1, 0x5a, 0x02 },
	{ "the third other", SCST_UA_OTHER + 2, 0x5a, 0x03 },
	{ "the fourth other", SCST_UA_OTHER + 3, 0x5a, 0x04 },
};

KUNIT_ARRAY_PARAM_DESC(ua, ua_cases, desc);

static scst_sense_t ua_pop(struct kunit *test, struct scst_tgt_dev *td)
{
	struct scst_fixture *f = test->priv;

	f->cmd.tgt_dev = td;
	return scst_ua_pop(&f->cmd);
}

static void ua_expect(struct kunit *test, struct scst_tgt_dev *td,
		      enum scst_ua ua)
{
	const struct ua_case *c = &ua_cases[ua];
	scst_sense_t want = SCST_SENSE(UNIT_ATTENTION, c->asc, c->ascq);
	scst_sense_t sense = ua_pop(test, td);

	KUNIT_EXPECT_EQ_MSG(test, (__force u32)sense, (__force u32)want, "%s",
			    c->desc);
}

static void ua_expect_none(struct kunit *test, struct scst_tgt_dev *td)
{
	KUNIT_EXPECT_EQ(test, (__force u32)ua_pop(test, td), 0);
	KUNIT_EXPECT_EQ(test, td->ua, 0);
}

/* Each by itself, reported once however often it was established */
static void ua_code_test(struct kunit *test)
{
	const struct ua_case *c = test->param_value;
	struct scst_fixture *f = test->priv;

	BUILD_BUG_ON(ARRAY_SIZE(ua_cases) != SCST_UA_NR);
	ua_expect_none(test, &f->td);
	scst_ua_set(&f->td, c->ua);
	scst_ua_set(&f->td, c->ua);
	ua_expect(test, &f->td, c->ua);
	ua_expect_none(test, &f->td);

	scst_ua_set(&f->td, c->ua);
	ua_expect(test, &f->td, c->ua);
}

static void ua_order_test(struct kunit *test)
{
	struct scst_fixture *f = test->priv;
	int ua;

	for (ua = SCST_UA_NR - 1; ua >= SCST_UA_MEDIUM_CHANGED; ua--)
		scst_ua_set(&f->td, ua);
	for (ua = SCST_UA_MEDIUM_CHANGED; ua < SCST_UA_NR; ua++)
		ua_expect(test, &f->td, ua);
	ua_expect_none(test, &f->td);
}

/* One that comes while others are pending takes its place. */
static void ua_late_test(struct kunit *test)
{
	struct scst_fixture *f = test->priv;

	scst_ua_set(&f->td, SCST_UA_MODE_CHANGED);
	scst_ua_set(&f->td, SCST_UA_LUNS_CHANGED);
	ua_expect(test, &f->td, SCST_UA_MODE_CHANGED);
	scst_ua_set(&f->td, SCST_UA_MEDIUM_CHANGED);
	ua_expect(test, &f->td, SCST_UA_MEDIUM_CHANGED);
	ua_expect(test, &f->td, SCST_UA_LUNS_CHANGED);
	ua_expect_none(test, &f->td);
}

/* What an aborted command was about to report is pending again. */
static void ua_unpop_test(struct kunit *test)
{
	struct scst_fixture *f = test->priv;

	scst_ua_set(&f->td, SCST_UA_CAPACITY_CHANGED);
	ua_expect(test, &f->td, SCST_UA_CAPACITY_CHANGED);
	scst_ua_unpop(&f->cmd);
	ua_expect(test, &f->td, SCST_UA_CAPACITY_CHANGED);
	ua_expect_none(test, &f->td);
}

/* Power on stands for the resets, a reset for what it includes. */
static void ua_precedence_test(struct kunit *test)
{
	struct scst_fixture *f = test->priv;
	unsigned int ua;

	for (ua = 0; ua < SCST_UA_NR; ua++)
		scst_ua_set(&f->td, ua);
	ua_expect(test, &f->td, SCST_UA_POWER_ON);
	ua_expect(test, &f->td, SCST_UA_MEDIUM_CHANGED);
	/* What is about single commands is included, no change is. */
	for (ua = SCST_UA_RESERVATIONS_PREEMPTED; ua < SCST_UA_NR; ua++)
		ua_expect(test, &f->td, ua);
	ua_expect_none(test, &f->td);

	scst_ua_set(&f->td, SCST_UA_COMMANDS_CLEARED);
	scst_ua_set(&f->td, SCST_UA_NEXUS_LOSS);
	scst_ua_set(&f->td, SCST_UA_RESET);
	ua_expect(test, &f->td, SCST_UA_RESET);
	ua_expect_none(test, &f->td);

	scst_ua_set(&f->td, SCST_UA_COMMANDS_CLEARED);
	scst_ua_set(&f->td, SCST_UA_NEXUS_LOSS);
	ua_expect(test, &f->td, SCST_UA_NEXUS_LOSS);
	ua_expect_none(test, &f->td);

	/* A reset after the report of power on is news. */
	scst_ua_set(&f->td, SCST_UA_POWER_ON);
	ua_expect(test, &f->td, SCST_UA_POWER_ON);
	scst_ua_set(&f->td, SCST_UA_RESET);
	ua_expect(test, &f->td, SCST_UA_RESET);
	ua_expect_none(test, &f->td);
}

/* UA_INTLCK_CTRL: what CHECK CONDITION reports stays, REQUEST SENSE clears it. */
static void ua_interlock_test(struct kunit *test)
{
	static const u8 cdb[6] = { REQUEST_SENSE, [4] = 252 };
	static const u8 intlck[] = {
		SCST_UA_INTLCK_KEEP, SCST_UA_INTLCK_STATUS,
	};
	scst_sense_t want = SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x09);
	struct scst_fixture *f = test->priv;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(intlck); i++) {
		scst_fixture_cmd(test, cdb, sizeof(cdb));
		f->dev.ua_intlck = intlck[i];
		scst_ua_set(&f->td, SCST_UA_CAPACITY_CHANGED);
		for (n = 0; n < 3; n++)
			KUNIT_EXPECT_TRUE(test, scst_ua_report(&f->cmd) == want);
		/* So there is nothing to establish again. */
		KUNIT_EXPECT_EQ(test, f->cmd.ua, 0);
		scst_fixture_set_buf(test, SCST_DATA_READ, 252);
		KUNIT_EXPECT_TRUE(test, scst_fixture_exec(test) == SCST_GOOD);
		KUNIT_EXPECT_EQ(test, f->buf[12], 0x2a);
		ua_expect_none(test, &f->td);
	}

	f->dev.ua_intlck = 0;
	scst_ua_set(&f->td, SCST_UA_CAPACITY_CHANGED);
	KUNIT_EXPECT_TRUE(test, scst_ua_report(&f->cmd) == want);
	KUNIT_EXPECT_TRUE(test, scst_ua_report(&f->cmd) == SCST_GOOD);
}

static void ua_status_test(struct kunit *test)
{
	static const struct {
		u8 status;
		enum scst_ua ua;
	} cases[] = {
		{ SAM_STAT_BUSY, SCST_UA_PREVIOUS_BUSY },
		{ SAM_STAT_TASK_SET_FULL, SCST_UA_PREVIOUS_TASK_SET_FULL },
		{ SAM_STAT_RESERVATION_CONFLICT, SCST_UA_PREVIOUS_CONFLICT },
	};
	struct scst_fixture *f = test->priv;
	unsigned int i;

	f->cmd.tgt_dev = &f->td;
	f->cmd.dev = &f->dev;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		f->cmd.status = cases[i].status;
		f->dev.ua_intlck = SCST_UA_INTLCK_KEEP;
		scst_ua_of_status(&f->cmd);
		ua_expect_none(test, &f->td);

		f->dev.ua_intlck = SCST_UA_INTLCK_STATUS;
		scst_ua_of_status(&f->cmd);
		/* No more of them until it was cleared */
		f->cmd.status = cases[(i + 1) % ARRAY_SIZE(cases)].status;
		scst_ua_of_status(&f->cmd);
		ua_expect(test, &f->td, cases[i].ua);
		ua_expect_none(test, &f->td);
	}
	f->cmd.status = SAM_STAT_CONDITION_MET;
	scst_ua_of_status(&f->cmd);
	ua_expect_none(test, &f->td);
}

/* Looking does not clear. */
static void ua_peek_test(struct kunit *test)
{
	struct scst_fixture *f = test->priv;
	unsigned int nr;

	KUNIT_EXPECT_TRUE(test, scst_ua_peek(&f->td, &nr) == SCST_GOOD);
	KUNIT_EXPECT_EQ(test, nr, 0);
	scst_ua_set(&f->td, SCST_UA_LUNS_CHANGED);
	scst_ua_set(&f->td, SCST_UA_LOG_CHANGED);
	KUNIT_EXPECT_TRUE(test, scst_ua_peek(&f->td, &nr) ==
			  SCST_SENSE(UNIT_ATTENTION, 0x2a, 0x02));
	KUNIT_EXPECT_EQ(test, nr, 2);
	ua_expect(test, &f->td, SCST_UA_LOG_CHANGED);
	ua_expect(test, &f->td, SCST_UA_LUNS_CHANGED);
	ua_expect_none(test, &f->td);
}

static struct scst_tgt_dev *ua_add_nexus(struct kunit *test)
{
	struct scst_fixture *f = test->priv;
	struct scst_tgt_dev *td;

	td = kunit_kzalloc(test, sizeof(*td), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, td);
	td->sess = &f->sess;
	td->dev = &f->dev;
	list_add_tail(&td->dev_entry, &f->dev.tgt_devs);
	return td;
}

static void ua_device_test(struct kunit *test)
{
	static const u8 cdb[6] = { TEST_UNIT_READY };
	struct scst_fixture *f = test->priv;
	struct scst_tgt_dev *other1 = ua_add_nexus(test);
	struct scst_tgt_dev *own = ua_add_nexus(test);
	struct scst_tgt_dev *other2 = ua_add_nexus(test);
	struct scst_cmd *cmd = scst_fixture_cmd(test, cdb, sizeof(cdb));

	cmd->tgt_dev = own;
	scst_device_ua(&f->dev, SCST_UA_MODE_CHANGED, cmd);
	ua_expect(test, other1, SCST_UA_MODE_CHANGED);
	ua_expect_none(test, own);
	ua_expect(test, other2, SCST_UA_MODE_CHANGED);

	scst_device_ua(&f->dev, SCST_UA_CAPACITY_CHANGED, NULL);
	ua_expect(test, other1, SCST_UA_CAPACITY_CHANGED);
	ua_expect(test, own, SCST_UA_CAPACITY_CHANGED);
	ua_expect(test, other2, SCST_UA_CAPACITY_CHANGED);
}

/* A new LUN is news to the old ones; REPORT LUNS tells all about all. */
static void ua_luns_test(struct kunit *test)
{
	static const u8 cdb[12] = { REPORT_LUNS, [9] = 16 };
	static const u8 cdb_bad[12] = { REPORT_LUNS, [2] = 0x03, [9] = 16 };
	static const u64 luns[] = { 0, 7, SCST_MAX_LUN };
	struct scst_fixture *f = test->priv;
	struct scst_tgt_dev *td[ARRAY_SIZE(luns)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(luns); i++) {
		td[i] = ua_add_nexus(test);
		td[i]->lun = luns[i];
		KUNIT_ASSERT_EQ(test, 0,
				xa_err(xa_store(&f->map.luns, luns[i], td[i],
						GFP_KERNEL)));
	}

	scst_ua_luns_changed(&f->sess, 7);
	ua_expect(test, td[0], SCST_UA_LUNS_CHANGED);
	ua_expect_none(test, td[1]);
	ua_expect(test, td[2], SCST_UA_LUNS_CHANGED);

	scst_ua_luns_changed(&f->sess, SCST_LUN_INVALID);
	scst_ua_set(td[1], SCST_UA_MODE_CHANGED);

	/* One that fails reports nothing. */
	scst_fixture_cmd(test, cdb_bad, sizeof(cdb_bad));
	scst_fixture_set_buf(test, SCST_DATA_READ, 16);
	KUNIT_EXPECT_TRUE(test, scst_fixture_exec(test) ==
				SCST_SENSE_INVALID_FIELD_IN_CDB);
	for (i = 0; i < ARRAY_SIZE(luns); i++)
		KUNIT_EXPECT_TRUE(test, scst_ua_pending(td[i]));

	scst_fixture_cmd(test, cdb, sizeof(cdb));
	scst_fixture_set_buf(test, SCST_DATA_READ, 16);
	KUNIT_EXPECT_TRUE(test, scst_fixture_exec(test) == SCST_GOOD);
	ua_expect_none(test, td[0]);
	ua_expect(test, td[1], SCST_UA_MODE_CHANGED);
	ua_expect_none(test, td[1]);
	ua_expect_none(test, td[2]);
}

/* A device reports one to a nexus, or to the host if @own is NULL. */
static enum scst_ua ua_other(struct kunit *test, struct scst_tgt_dev *own,
			     u16 code)
{
	struct scst_fixture *f = test->priv;

	f->cmd.tgt_dev = own;
	return scst_device_other_ua(&f->dev, code >> 8, code & 0xff,
				    own ? &f->cmd : NULL);
}

static void ua_expect_codes(struct kunit *test, struct scst_tgt_dev *td,
			    const u16 *codes, unsigned int nr)
{
	unsigned int i, pending;

	scst_ua_peek(td, &pending);
	KUNIT_EXPECT_EQ(test, pending, nr);
	for (i = 0; i < nr; i++) {
		scst_sense_t want = SCST_SENSE(UNIT_ATTENTION, codes[i] >> 8,
					       codes[i] & 0xff);

		KUNIT_EXPECT_TRUE(test, scst_ua_peek(td, &pending) == want);
		KUNIT_EXPECT_EQ(test, (__force u32)ua_pop(test, td),
				(__force u32)want);
	}
	ua_expect_none(test, td);
}

static void ua_other_test(struct kunit *test)
{
	static const u16 codes[SCST_NR_OTHER_UAS + 1] = { 0x3f01, 0x0b01, 0x2a0a,
							  0x3f0f, 0x5e01 };
	static const u16 two[] = { 0x3f01, 0x5e01 };
	static const u16 full[] = { 0x5e01, 0x0b01, 0x2a0a, 0x3f0f };
	static const u16 none[] = { 0 };
	struct scst_fixture *f = test->priv;
	struct scst_tgt_dev *own = ua_add_nexus(test);
	struct scst_tgt_dev *other = ua_add_nexus(test);
	unsigned int i;

	/* In their order; one that comes again is not one more. */
	for (i = 0; i < SCST_NR_OTHER_UAS; i++)
		KUNIT_EXPECT_EQ(test, ua_other(test, own, codes[i]),
				SCST_UA_OTHER + i);
	KUNIT_EXPECT_EQ(test, ua_other(test, own, codes[1]), SCST_UA_OTHER + 1);
	ua_expect_codes(test, other, codes, SCST_NR_OTHER_UAS);
	ua_expect_none(test, own);

	/* What has been reported makes room: neither of two is lost. */
	ua_other(test, own, codes[0]);
	ua_other(test, own, codes[4]);
	ua_expect_codes(test, other, two, ARRAY_SIZE(two));
	/* One that only one nexus has not reported yet is there still. */
	for (i = 0; i < SCST_NR_OTHER_UAS; i++)
		ua_other(test, NULL, codes[i]);
	ua_expect_codes(test, own, codes, SCST_NR_OTHER_UAS);
	ua_pop(test, other);

	/* One is free, and then none: one more is in the place of another. */
	ua_other(test, NULL, 0);
	ua_other(test, own, codes[4]);
	ua_expect_codes(test, own, none, 0);
	/* Those that have a name come first. */
	scst_ua_set(other, SCST_UA_LUNS_CHANGED);
	ua_expect(test, other, SCST_UA_LUNS_CHANGED);
	ua_expect_codes(test, other, full, SCST_NR_OTHER_UAS);

	/* What an aborted command was about to report */
	ua_other(test, own, codes[3]);
	ua_pop(test, other);
	scst_ua_unpop(&f->cmd);
	ua_expect_codes(test, other, codes + 3, 1);
}

static struct kunit_case ua_test_cases[] = {
	KUNIT_CASE_PARAM(ua_code_test, ua_gen_params),
	KUNIT_CASE(ua_order_test),
	KUNIT_CASE(ua_late_test),
	KUNIT_CASE(ua_unpop_test),
	KUNIT_CASE(ua_precedence_test),
	KUNIT_CASE(ua_interlock_test),
	KUNIT_CASE(ua_status_test),
	KUNIT_CASE(ua_peek_test),
	KUNIT_CASE(ua_device_test),
	KUNIT_CASE(ua_luns_test),
	KUNIT_CASE(ua_other_test),
	{}
};

static int ua_init(struct kunit *test)
{
	int ret = scst_fixture_init(test);
	struct scst_fixture *f = test->priv;
	unsigned int i;

	for (i = 0; !ret && i < SCST_NR_OTHER_UAS; i++)
		f->dev.other_uas[i] = 0x5a01 + i;
	return ret;
}

static struct kunit_suite ua_test_suite = {
	.name = "scst_ua",
	.init = ua_init,
	.exit = scst_fixture_exit,
	.test_cases = ua_test_cases,
};

kunit_test_suites(&ua_test_suite);
