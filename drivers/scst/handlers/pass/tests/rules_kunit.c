// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of what reservations and access states do to the commands of devices of this
 * host.
 */

#include <linux/kernel.h>
#include "../pass.h"
#include "../../../core/tests/standard_rules.h"

/*
 * SPC-6 and SPC-2, of all devices.  PREVENT ALLOW MEDIUM REMOVAL is as SBC-5 had it
 * when all its bits had a meaning.
 */
static const struct scst_rule device_rules[] = {
	{ "REQUEST SENSE", 0x03, NO_SA, "AAAAA", 'A', "suot" },
	{ "PREVENT ALLOW MEDIUM REMOVAL, PREVENT 00b", 0x1e, NO_SA, "AAAAA",
	  'A', "", 0x00 },
	{ "PREVENT ALLOW MEDIUM REMOVAL, PREVENT 01b", 0x1e, NO_SA, "CCACC",
	  'C', "", 0x01 },
	{ "PREVENT ALLOW MEDIUM REMOVAL, PREVENT 10b", 0x1e, NO_SA, "CCACC",
	  'C', "", 0x02 },
	{ "PREVENT ALLOW MEDIUM REMOVAL, PREVENT 11b", 0x1e, NO_SA, "CCACC",
	  'C', "", 0x03 },
	{ "READ ATTRIBUTE", 0x8c, NO_SA, "ACAAC", 'C', "" },
	{ "SECURITY PROTOCOL IN", 0xa2, NO_SA, "ACAAC", 'C', "" },
	{ "REPORT SUPPORTED OPERATION CODES", 0xa3, 0x0c, "ACAAC", 'C', "s" },
	{ "SET IDENTIFYING INFORMATION", 0xa4, 0x06, "CCACC", 'C', "" },
};

/* SBC-5 and ZBC-2: what vdisk_* do not have, or have by service actions */
static const struct scst_rule disk_rules[] = {
	/* SBC-5 does not have it any more: it is like READ. */
	{ "READ LONG(10)", 0x3e, NO_SA, "ACAAC", 'C', "" },
	{ "SANITIZE", 0x48, NO_SA, "CCACC", 'C', "" },
	{ "REPORT ZONES", 0x95, 0x00, "ACAAC", 'C', "" },
};

/* SSC-5: who reads moves the tape. */
static const struct scst_rule tape_rules[] = {
	{ "REWIND", 0x01, NO_SA, "CCACC", 'C', "" },
	{ "FORMAT MEDIUM", 0x04, NO_SA, "CCACC", 'C', "" },
	{ "READ BLOCK LIMITS", 0x05, NO_SA, "AAAAA", 'C', "" },
	{ "READ(6)", 0x08, NO_SA, "CCACC", 'C', "" },
	{ "WRITE(6)", 0x0a, NO_SA, "CCACC", 'C', "" },
	{ "SET CAPACITY", 0x0b, NO_SA, "CCACC", 'C', "" },
	{ "READ REVERSE(6)", 0x0f, NO_SA, "CCACC", 'C', "" },
	{ "WRITE FILEMARKS(6)", 0x10, NO_SA, "CCACC", 'C', "" },
	{ "SPACE(6)", 0x11, NO_SA, "CCACC", 'C', "" },
	{ "VERIFY(6)", 0x13, NO_SA, "CCACC", 'C', "" },
	{ "RECOVER BUFFERED DATA", 0x14, NO_SA, "CCACC", 'C', "" },
	{ "ERASE(6)", 0x19, NO_SA, "CCACC", 'C', "" },
	/* Not START STOP UNIT: both of them move the tape. */
	{ "LOAD UNLOAD, unload", 0x1b, NO_SA, "CCACC", 'C', "", 0x00 },
	{ "LOAD UNLOAD, load", 0x1b, NO_SA, "CCACC", 'C', "", 0x01 },
	{ "LOCATE(10)", 0x2b, NO_SA, "CCACC", 'C', "" },
	/* They tell of the tape, which is another one's. */
	{ "READ POSITION", 0x34, NO_SA, "CCACC", 'C', "" },
	{ "REPORT DENSITY SUPPORT", 0x44, NO_SA, "CCACC", 'C', "" },
	{ "WRITE FILEMARKS(16)", 0x80, NO_SA, "CCACC", 'C', "" },
	{ "READ(16)", 0x88, NO_SA, "CCACC", 'C', "" },
	{ "WRITE(16)", 0x8a, NO_SA, "CCACC", 'C', "" },
	{ "SPACE(16)", 0x91, NO_SA, "CCACC", 'C', "" },
	{ "LOCATE(16)", 0x92, NO_SA, "CCACC", 'C', "" },
	{ "ERASE(16)", 0x93, NO_SA, "CCACC", 'C', "" },
};

/* MMC-6: what vcdrom does not have */
static const struct scst_rule cdrom_rules[] = {
	{ "FORMAT UNIT", 0x04, NO_SA, "CCACC", 'C', "" },
	{ "READ FORMAT CAPACITIES", 0x23, NO_SA, "AAAAA", 'C', "" },
	{ "WRITE(10)", 0x2a, NO_SA, "CCACC", 'C', "" },
	{ "SYNCHRONIZE CACHE", 0x35, NO_SA, "CCACC", 'C', "" },
	{ "READ SUB-CHANNEL", 0x42, NO_SA, "ACAAC", 'C', "" },
	{ "PAUSE RESUME", 0x4b, NO_SA, "CCACC", 'C', "" },
	{ "STOP PLAY SCAN", 0x4e, NO_SA, "CCACC", 'C', "" },
	{ "CLOSE TRACK SESSION", 0x5b, NO_SA, "CCACC", 'C', "" },
	{ "READ BUFFER CAPACITY", 0x5c, NO_SA, "AAAAA", 'C', "" },
	{ "BLANK", 0xa1, NO_SA, "CCACC", 'C', "" },
	{ "WRITE(12)", 0xaa, NO_SA, "CCACC", 'C', "" },
	{ "GET PERFORMANCE", 0xac, NO_SA, "ACAAC", 'C', "" },
};

/*
 * SMC-3.  READ ELEMENT STATUS with CURDATA set to one could be let through: it moves
 * nothing.
 */
static const struct scst_rule changer_rules[] = {
	{ "INITIALIZE ELEMENT STATUS", 0x07, NO_SA, "CCACC", 'C', "" },
	{ "INITIALIZE ELEMENT STATUS WITH RANGE", 0x37, NO_SA, "CCACC", 'C',
	  "" },
	{ "READ ELEMENT STATUS", 0xb8, NO_SA, "CCACC", 'C', "" },
};

/* What nobody knows might do anything.  The rows have no operation code. */
static const struct scst_rule any_rules[] = {
	{ "other command", 0x00, NO_SA, "CCACC", 'C', "" },
};

#define HANDLER_NR_LISTS	2

/**
 * struct handler_case - the handlers of a module
 * @name: module
 * @handlers: handlers; NULL when this kernel does not have them, or when they are
 *	modules and this is not
 * @own: what is expected of their own rows
 */
struct handler_case {
	const char *name;
	const struct pass_handler *handlers;
	struct rule_list own[HANDLER_NR_LISTS];
};

static const struct handler_case handler_cases[] = {
	{ "scst_disk",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_DISK), pass_disk_handlers),
	  { { disk_rules, ARRAY_SIZE(disk_rules) },
	    { block_rules, ARRAY_SIZE(block_rules) } } },
	{ "scst_modisk",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_MODISK), pass_modisk_handlers),
	  { { disk_rules, ARRAY_SIZE(disk_rules) },
	    { block_rules, ARRAY_SIZE(block_rules) } } },
	{ "scst_tape",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_TAPE), pass_tape_handlers),
	  { { tape_rules, ARRAY_SIZE(tape_rules) } } },
	{ "scst_cdrom",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_CDROM), pass_cdrom_handlers),
	  { { cdrom_rules, ARRAY_SIZE(cdrom_rules) },
	    { multimedia_rules, ARRAY_SIZE(multimedia_rules) } } },
	{ "scst_changer",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_CHANGER), pass_changer_handlers),
	  { { changer_rules, ARRAY_SIZE(changer_rules) } } },
	{ "scst_processor",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_PROCESSOR), pass_processor_handlers) },
	{ "scst_raid",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_RAID), pass_raid_handlers) },
};

KUNIT_ARRAY_PARAM_DESC(handler, handler_cases, name);

static void handler_rules_test(struct kunit *test)
{
	const struct handler_case *c = test->param_value;
	const struct pass_handler *handler;
	/* As pass_make_table(): those of all devices, unless the handler has its own */
	const struct rule_list lists[] = {
		c->own[0],
		c->own[1],
		{ device_rules, ARRAY_SIZE(device_rules) },
		{ unit_rules, ARRAY_SIZE(unit_rules) },
		{ primary_rules, ARRAY_SIZE(primary_rules) },
	};
	struct rule_table table = { };

	if (!c->handlers)
		kunit_skip(test, "the handler is not there");
	rules_merge(test, &table, lists, ARRAY_SIZE(lists), HANDLER_NR_LISTS);
	for (handler = c->handlers; handler->type.driver.name; handler++) {
		KUNIT_ASSERT_NOT_NULL(test, handler->type.opcodes);
		table.name = handler->type.driver.name;
		table.ops = handler->type.opcodes;
		table.nr_ops = handler->type.nr_opcodes;
		rules_check(test, &table);
	}
}

static void any_rules_test(struct kunit *test)
{
	const struct handler_case *c = test->param_value;
	const struct pass_handler *handler;
	struct rule_table table = {
		.rules		= any_rules,
		.nr_rules	= ARRAY_SIZE(any_rules),
	};

	if (!c->handlers)
		kunit_skip(test, "the handler is not there");
	for (handler = c->handlers; handler->type.driver.name; handler++) {
		KUNIT_ASSERT_NOT_NULL(test, handler->type.any);
		table.name = handler->type.driver.name;
		table.ops = handler->type.any;
		table.nr_ops = ARRAY_SIZE(handler->any);
		rules_check(test, &table);
	}
}

static struct kunit_case rules_test_cases[] = {
	KUNIT_CASE_PARAM(handler_rules_test, handler_gen_params),
	KUNIT_CASE_PARAM(any_rules_test, handler_gen_params),
	{}
};

static struct kunit_suite rules_test_suite = {
	.name = "scst_pass_rules",
	.test_cases = rules_test_cases,
};

kunit_test_suite(rules_test_suite);
