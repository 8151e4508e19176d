// SPDX-License-Identifier: GPL-2.0
/*
 * Units that stand for devices of this host: what their reservations are kept under
 * is nobody else's name.
 */

#include <linux/device.h>
#include "kit_kunit.h"

#define CLAIM_DIR	"/sys/bus/scsi_tgt_dev/drivers/kunit_claim"
/* What the device is called, wherever it is */
#define CLAIM_WWID	"naa.kunit"

/* No initiator has such a unit. */
static scst_sense_t claim_exec(struct scst_cmd *cmd)
{
	return SCST_GOOD;
}

static const struct scst_opcode claim_opcodes[] = {
	{
		.name = "INQUIRY",
		.opcode = INQUIRY,
		.cdb_len = 6,
		.usage = { INQUIRY },
		.exec = claim_exec,
	},
};

static int claim_attach(struct scst_device *dev)
{
	return 0;
}

static void claim_detach(struct scst_device *dev)
{
}

static struct scst_dev_type claim_handler = {
	.driver.name	= "kunit_claim",
	.type		= TYPE_DISK,
	.opcodes	= claim_opcodes,
	.nr_opcodes	= ARRAY_SIZE(claim_opcodes),
	.attach		= claim_attach,
	.detach		= claim_detach,
};

static bool claim_registered;

/* Once: where the release of kobjects is late, so is that of the name. */
static int claim_suite_init(struct kunit_suite *suite)
{
	int ret = scst_register_dev_driver(&claim_handler);

	claim_registered = !ret;
	return ret;
}

static void claim_suite_exit(struct kunit_suite *suite)
{
	if (claim_registered)
		scst_unregister_dev_driver(&claim_handler);
}

/**
 * struct claim_fixture - devices of this host
 * @parent: the device
 * @units: those that stand for it
 */
struct claim_fixture {
	struct device *parent;
	struct scst_device *units[2];
};

static int claim_init(struct kunit *test)
{
	struct claim_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->parent = root_device_register("scst-kunit");
	return PTR_ERR_OR_ZERO(f->parent);
}

static void claim_exit(struct kunit *test)
{
	struct claim_fixture *f = test->priv;
	unsigned int i;

	if (!f)
		return;
	for (i = 0; i < ARRAY_SIZE(f->units); i++) {
		if (!f->units[i])
			continue;
		scst_passthrough_gone(f->units[i]);
		scst_del_passthrough(f->units[i]);
	}
	if (!IS_ERR(f->parent))
		root_device_unregister(f->parent);
}

static void claim_add_unit(struct kunit *test, unsigned int i, const char *name)
{
	struct claim_fixture *f = test->priv;
	struct scst_device *unit;
	int ret;

	unit = scst_alloc_passthrough(name, TYPE_DISK, CLAIM_WWID, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, unit);
	ret = scst_add_passthrough(unit, f->parent);
	if (ret)
		put_device(&unit->dev);
	KUNIT_ASSERT_EQ(test, 0, ret);
	f->units[i] = unit;
}

static int claim(const char *name)
{
	return kit_write_file(CLAIM_DIR "/add_device", name);
}

static int claim_give_back(const char *name)
{
	return kit_write_file(CLAIM_DIR "/del_device", name);
}

static void claim_by_two_paths(struct kunit *test)
{
	claim_add_unit(test, 0, "kunit:0");
	claim_add_unit(test, 1, "kunit:1");
	KUNIT_ASSERT_EQ(test, 0, claim("kunit:0"));
	KUNIT_EXPECT_EQ(test, -EBUSY, claim("kunit:1"));
	KUNIT_EXPECT_EQ(test, 0, claim_give_back("kunit:0"));
	KUNIT_EXPECT_EQ(test, 0, claim("kunit:1"));
	KUNIT_EXPECT_EQ(test, -EBUSY, claim("kunit:0"));
	KUNIT_EXPECT_EQ(test, 0, claim_give_back("kunit:1"));
}

/* Whichever comes first, and as long as it is there */
static void claim_or_name(struct kunit *test)
{
	claim_add_unit(test, 0, "kunit:0");
	KUNIT_ASSERT_EQ(test, 0, claim("kunit:0"));
	KUNIT_EXPECT_EQ(test, -EEXIST,
			kit_write_file(KIT_HANDLER_DIR "/add_device", CLAIM_WWID));
	/* Nobody finds it by that. */
	KUNIT_EXPECT_EQ(test, -ENOENT, claim_give_back(CLAIM_WWID));
	KUNIT_EXPECT_EQ(test, 0, claim_give_back("kunit:0"));

	KUNIT_ASSERT_EQ(test, 0,
			kit_write_file(KIT_HANDLER_DIR "/add_device", CLAIM_WWID));
	KUNIT_EXPECT_EQ(test, -EEXIST, claim("kunit:0"));
	KUNIT_EXPECT_EQ(test, 0,
			kit_write_file(KIT_HANDLER_DIR "/del_device", CLAIM_WWID));
	KUNIT_EXPECT_EQ(test, 0, claim("kunit:0"));
	KUNIT_EXPECT_EQ(test, 0, claim_give_back("kunit:0"));
}

/* A unit that has the name of its device is found by that. */
static void claim_own_name(struct kunit *test)
{
	claim_add_unit(test, 0, CLAIM_WWID);
	claim_add_unit(test, 1, "kunit:1");
	KUNIT_EXPECT_EQ(test, -EEXIST, claim("kunit:1"));
	KUNIT_ASSERT_EQ(test, 0, claim(CLAIM_WWID));
	KUNIT_EXPECT_EQ(test, 0, claim_give_back(CLAIM_WWID));
}

static struct kunit_case scst_passthrough_cases[] = {
	KUNIT_CASE(claim_by_two_paths),
	KUNIT_CASE(claim_or_name),
	KUNIT_CASE(claim_own_name),
	{}
};

static struct kunit_suite scst_passthrough_suite = {
	.name = "scst_passthrough",
	.suite_init = claim_suite_init,
	.suite_exit = claim_suite_exit,
	.init = claim_init,
	.exit = claim_exit,
	.test_cases = scst_passthrough_cases,
};

kunit_test_suite(scst_passthrough_suite);
