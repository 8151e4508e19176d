// SPDX-License-Identifier: GPL-2.0
/* Tests of whom QERR concerns, as far as initiators do not see them. */

#include <linux/slab.h>
#include "fixture.h"

static void qerr_ref_release(struct percpu_ref *ref)
{
}

static int qerr_init(struct kunit *test)
{
	struct scst_fixture *f;
	int ret;

	ret = scst_fixture_init(test);
	if (ret)
		return ret;
	f = test->priv;
	init_waitqueue_head(&f->sess.tmf_wait);
	ret = scst_inflight_init(&f->sess);
	if (ret)
		return ret;
	ret = percpu_ref_init(&f->td.ref, qerr_ref_release, 0, GFP_KERNEL);
	if (ret)
		return ret;
	list_add_tail(&f->td.dev_entry, &f->dev.tgt_devs);
	return 0;
}

static void qerr_exit(struct kunit *test)
{
	struct scst_fixture *f = test->priv;

	if (!f)
		return;
	percpu_ref_exit(&f->td.ref);
	scst_inflight_exit(&f->sess);
	scst_fixture_exit(test);
}

/*
 * What the core sends here for a command of another unit is in no task set, so
 * that a command that fails here neither aborts it nor waits for it.
 */
static void qerr_spares_internal(struct kunit *test)
{
	static const u8 cdb[6] = { TEST_UNIT_READY };
	struct scst_fixture *f = test->priv;
	struct scst_cmd *failed = scst_fixture_cmd(test, cdb, sizeof(cdb));
	struct scst_internal_cmd *ic;
	struct scst_tgt_dev *other;
	struct scst_cmd *parent;

	ic = kunit_kzalloc(test, sizeof(*ic), GFP_KERNEL);
	other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	parent = kunit_kzalloc(test, sizeof(*parent), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ic);
	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_ASSERT_NOT_NULL(test, parent);
	parent->sess = &f->sess;
	parent->tgt_dev = other;
	parent->state = SCST_CMD_DETACHED;
	ic->parent = parent;
	ic->cmd.sess = &f->sess;
	ic->cmd.tgt_dev = &f->td;
	ic->cmd.dev = &f->dev;
	ic->cmd.state = SCST_CMD_EXECUTING;
	set_bit(SCST_CMD_INTERNAL, &ic->cmd.flags);
	scst_inflight_add(parent);
	scst_inflight_add(&ic->cmd);

	failed->state = SCST_CMD_RESPONDING;
	f->dev.qerr = SCST_QERR_ALL;
	scst_abort_others(failed);
	KUNIT_EXPECT_FALSE(test, scst_cmd_aborted(&ic->cmd));
	KUNIT_EXPECT_FALSE(test, scst_cmd_aborted(parent));

	scst_inflight_del(&ic->cmd);
	scst_inflight_del(parent);
}

static struct kunit_case qerr_test_cases[] = {
	KUNIT_CASE(qerr_spares_internal),
	{}
};

static struct kunit_suite qerr_test_suite = {
	.name = "scst_qerr",
	.init = qerr_init,
	.exit = qerr_exit,
	.test_cases = qerr_test_cases,
};

kunit_test_suites(&qerr_test_suite);
