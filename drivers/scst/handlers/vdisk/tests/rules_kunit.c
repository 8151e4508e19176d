// SPDX-License-Identifier: GPL-2.0
/* Tests of what reservations and access states do to the commands of virtual disks. */

#include "../cdrom.h"
#include "../../../core/tests/standard_rules.h"

/* SBC-5: of the bits of PREVENT, the one that is not obsolete */
static const struct scst_rule prevent_rules[] = {
	{ "PREVENT ALLOW MEDIUM REMOVAL, allow", 0x1e, NO_SA, "AAAAA", 'A', "",
	  0x00 },
	{ "PREVENT ALLOW MEDIUM REMOVAL, prevent", 0x1e, NO_SA, "CCACC", 'C',
	  "", 0x01 },
};

/* SBC-5 and SPC-6: what others than vdisk_* do not have */
static const struct scst_rule disk_rules[] = {
	{ "SANITIZE, OVERWRITE", 0x48, 0x01, "CCACC", 'C', "" },
	{ "SANITIZE, BLOCK ERASE", 0x48, 0x02, "CCACC", 'C', "" },
	{ "SANITIZE, EXIT FAILURE MODE", 0x48, 0x1f, "CCACC", 'C', "" },
	{ "GET LBA STATUS(32)", 0x7f, 0x0012, "ACAAC", 'C', "" },
	{ "SET IDENTIFYING INFORMATION", 0xa4, 0x06, "CCACC", 'C', "" },
};

static const struct rule_list disk_lists[] = {
	{ disk_rules, ARRAY_SIZE(disk_rules) },
	{ prevent_rules, ARRAY_SIZE(prevent_rules) },
	{ unit_rules, ARRAY_SIZE(unit_rules) },
	{ primary_rules, ARRAY_SIZE(primary_rules) },
	{ block_rules, ARRAY_SIZE(block_rules) },
};

static const struct rule_list cdrom_lists[] = {
	{ prevent_rules, ARRAY_SIZE(prevent_rules) },
	{ unit_rules, ARRAY_SIZE(unit_rules) },
	{ multimedia_rules, ARRAY_SIZE(multimedia_rules) },
};

static void disk_rules_test(struct kunit *test)
{
	struct rule_table table = {
		.name		= "vdisk",
		.ops		= vdisk_opcodes,
		.nr_ops		= vdisk_nr_opcodes,
	};

	rules_merge(test, &table, disk_lists, ARRAY_SIZE(disk_lists),
		    ARRAY_SIZE(disk_lists));
	rules_check(test, &table);
}

static void cdrom_rules_test(struct kunit *test)
{
	struct rule_table table = {
		.name		= "vcdrom",
		.ops		= vcdrom_opcodes,
		.nr_ops		= vcdrom_nr_opcodes,
	};

	rules_merge(test, &table, cdrom_lists, ARRAY_SIZE(cdrom_lists),
		    ARRAY_SIZE(cdrom_lists));
	rules_check(test, &table);
}

static struct kunit_case rules_test_cases[] = {
	KUNIT_CASE(disk_rules_test),
	KUNIT_CASE(cdrom_rules_test),
	{ }
};

static struct kunit_suite rules_suite = {
	.name		= "scst_vdisk_rules",
	.test_cases	= rules_test_cases,
};

kunit_test_suite(rules_suite);
