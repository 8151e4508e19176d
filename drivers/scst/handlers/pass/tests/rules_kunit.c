// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of what reservations and access states do to the commands of devices of this
 * host.
 */

#include <linux/kernel.h>
#include "../pass.h"
#include "../../../core/tests/rules.h"

/*
 * SPC-6, table of commands that are allowed in the presence of various reservations,
 * START STOP UNIT and PREVENT ALLOW MEDIUM REMOVAL as SBC-5 has them, and SPC-2 for
 * RESERVE.  For the access states see the rules of virtual disks.
 */
static const struct scst_rule spc_rules[] = {
	{ "TEST UNIT READY", 0x00, NO_SA, "AAAAA", 'C', "" },
	{ "REQUEST SENSE", 0x03, NO_SA, "AAAAA", 'A', "suot" },
	{ "INQUIRY", 0x12, NO_SA, "AAAAA", 'A', "suot" },
	{ "MODE SELECT(6)", 0x15, NO_SA, "CCACC", 'C', "s" },
	{ "MODE SENSE(6)", 0x1a, NO_SA, "ACAAC", 'C', "s" },
	{ "START STOP UNIT, stop", 0x1b, NO_SA, "CCACC", 'C', "", 0x00 },
	{ "START STOP UNIT, start", 0x1b, NO_SA, "AAAAA", 'C', "", 0x01 },
	{ "START STOP UNIT, eject", 0x1b, NO_SA, "CCACC", 'C', "", 0x02 },
	{ "START STOP UNIT, load", 0x1b, NO_SA, "AAAAA", 'C', "", 0x03 },
	{ "START STOP UNIT, ACTIVE", 0x1b, NO_SA, "CCACC", 'C', "", 0x11 },
	{ "START STOP UNIT, STANDBY", 0x1b, NO_SA, "CCACC", 'C', "", 0x30 },
	{ "RECEIVE DIAGNOSTIC RESULTS", 0x1c, NO_SA, "ACAAC", 'C', "s" },
	{ "SEND DIAGNOSTIC", 0x1d, NO_SA, "CCACC", 'C', "s" },
	{ "PREVENT ALLOW MEDIUM REMOVAL, PREVENT 00b", 0x1e, NO_SA, "AAAAA",
	  'A', "", 0x00 },
	{ "PREVENT ALLOW MEDIUM REMOVAL, PREVENT 01b", 0x1e, NO_SA, "CCACC",
	  'C', "", 0x01 },
	{ "PREVENT ALLOW MEDIUM REMOVAL, PREVENT 10b", 0x1e, NO_SA, "CCACC",
	  'C', "", 0x02 },
	{ "PREVENT ALLOW MEDIUM REMOVAL, PREVENT 11b", 0x1e, NO_SA, "CCACC",
	  'C', "", 0x03 },
	{ "WRITE BUFFER", 0x3b, NO_SA, "CCACC", 'C', "su" },
	{ "READ BUFFER(10)", 0x3c, NO_SA, "ACAAC", 'C', "su" },
	{ "LOG SELECT", 0x4c, NO_SA, "CCACC", 'C', "s" },
	{ "LOG SENSE", 0x4d, NO_SA, "AAAAA", 'A', "s" },
	{ "MODE SELECT(10)", 0x55, NO_SA, "CCACC", 'C', "s" },
	{ "MODE SENSE(10)", 0x5a, NO_SA, "ACAAC", 'C', "s" },
	{ "READ ATTRIBUTE", 0x8c, NO_SA, "ACAAC", 'C', "" },
	{ "SECURITY PROTOCOL IN", 0xa2, NO_SA, "ACAAC", 'C', "" },
	{ "REPORT IDENTIFYING INFORMATION", 0xa3, 0x05, "AAAAA", 'A', "" },
	{ "REPORT SUPPORTED OPERATION CODES", 0xa3, 0x0c, "ACAAC", 'C', "s" },
	{ "REPORT TIMESTAMP", 0xa3, 0x0f, "AAAAA", 'C', "" },
	{ "SET TIMESTAMP", 0xa4, 0x0f, "CCACC", 'C', "" },
};

/* SBC-5 and ZBC-2, likewise */
static const struct scst_rule disk_rules[] = {
	{ "FORMAT UNIT", 0x04, NO_SA, "CCACC", 'C', "" },
	{ "REASSIGN BLOCKS", 0x07, NO_SA, "CCACC", 'C', "" },
	{ "READ(6)", 0x08, NO_SA, "ACAAC", 'C', "" },
	{ "WRITE(6)", 0x0a, NO_SA, "CCACC", 'C', "" },
	{ "READ CAPACITY(10)", 0x25, NO_SA, "AAAAA", 'C', "s" },
	{ "READ(10)", 0x28, NO_SA, "ACAAC", 'C', "" },
	{ "WRITE(10)", 0x2a, NO_SA, "CCACC", 'C', "" },
	{ "WRITE AND VERIFY(10)", 0x2e, NO_SA, "CCACC", 'C', "" },
	{ "VERIFY(10)", 0x2f, NO_SA, "ACAAC", 'C', "" },
	{ "PRE-FETCH(10)", 0x34, NO_SA, "ACAAC", 'C', "" },
	{ "SYNCHRONIZE CACHE(10)", 0x35, NO_SA, "CCACC", 'C', "" },
	{ "READ DEFECT DATA(10)", 0x37, NO_SA, "ACAAC", 'C', "" },
	/* SBC-5 does not have it any more: it is like READ. */
	{ "READ LONG(10)", 0x3e, NO_SA, "ACAAC", 'C', "" },
	{ "WRITE SAME(10)", 0x41, NO_SA, "CCACC", 'C', "" },
	{ "UNMAP", 0x42, NO_SA, "CCACC", 'C', "" },
	{ "SANITIZE", 0x48, NO_SA, "CCACC", 'C', "" },
	{ "READ(32)", 0x7f, 0x0009, "ACAAC", 'C', "" },
	{ "VERIFY(32)", 0x7f, 0x000a, "ACAAC", 'C', "" },
	{ "WRITE(32)", 0x7f, 0x000b, "CCACC", 'C', "" },
	{ "WRITE AND VERIFY(32)", 0x7f, 0x000c, "CCACC", 'C', "" },
	{ "WRITE SAME(32)", 0x7f, 0x000d, "CCACC", 'C', "" },
	{ "READ(16)", 0x88, NO_SA, "ACAAC", 'C', "" },
	{ "COMPARE AND WRITE", 0x89, NO_SA, "CCACC", 'C', "" },
	{ "WRITE(16)", 0x8a, NO_SA, "CCACC", 'C', "" },
	{ "ORWRITE(16)", 0x8b, NO_SA, "CCACC", 'C', "" },
	{ "WRITE AND VERIFY(16)", 0x8e, NO_SA, "CCACC", 'C', "" },
	{ "VERIFY(16)", 0x8f, NO_SA, "ACAAC", 'C', "" },
	{ "PRE-FETCH(16)", 0x90, NO_SA, "ACAAC", 'C', "" },
	{ "SYNCHRONIZE CACHE(16)", 0x91, NO_SA, "CCACC", 'C', "" },
	{ "WRITE SAME(16)", 0x93, NO_SA, "CCACC", 'C', "" },
	{ "REPORT ZONES", 0x95, 0x00, "ACAAC", 'C', "" },
	{ "WRITE ATOMIC(16)", 0x9c, NO_SA, "CCACC", 'C', "" },
	{ "READ CAPACITY(16)", 0x9e, 0x10, "AAAAA", 'C', "s" },
	{ "GET LBA STATUS(16)", 0x9e, 0x12, "ACAAC", 'C', "" },
	{ "READ(12)", 0xa8, NO_SA, "ACAAC", 'C', "" },
	{ "WRITE(12)", 0xaa, NO_SA, "CCACC", 'C', "" },
	{ "WRITE AND VERIFY(12)", 0xae, NO_SA, "CCACC", 'C', "" },
	{ "VERIFY(12)", 0xaf, NO_SA, "ACAAC", 'C', "" },
	{ "READ DEFECT DATA(12)", 0xb7, NO_SA, "ACAAC", 'C', "" },
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

/* MMC-6, which has no such table: see the rules of vcdrom. */
static const struct scst_rule cdrom_rules[] = {
	{ "FORMAT UNIT", 0x04, NO_SA, "CCACC", 'C', "" },
	{ "READ FORMAT CAPACITIES", 0x23, NO_SA, "AAAAA", 'C', "" },
	{ "READ CAPACITY", 0x25, NO_SA, "AAAAA", 'C', "s" },
	{ "READ(10)", 0x28, NO_SA, "ACAAC", 'C', "" },
	{ "WRITE(10)", 0x2a, NO_SA, "CCACC", 'C', "" },
	{ "SEEK(10)", 0x2b, NO_SA, "ACAAC", 'C', "" },
	{ "SYNCHRONIZE CACHE", 0x35, NO_SA, "CCACC", 'C', "" },
	{ "READ SUB-CHANNEL", 0x42, NO_SA, "ACAAC", 'C', "" },
	{ "READ TOC/PMA/ATIP", 0x43, NO_SA, "ACAAC", 'C', "" },
	{ "GET CONFIGURATION", 0x46, NO_SA, "AAAAA", 'C', "" },
	{ "GET EVENT STATUS NOTIFICATION", 0x4a, NO_SA, "AAAAA", 'C', "" },
	{ "PAUSE RESUME", 0x4b, NO_SA, "CCACC", 'C', "" },
	{ "STOP PLAY SCAN", 0x4e, NO_SA, "CCACC", 'C', "" },
	{ "READ DISC INFORMATION", 0x51, NO_SA, "ACAAC", 'C', "" },
	{ "READ TRACK INFORMATION", 0x52, NO_SA, "ACAAC", 'C', "" },
	{ "CLOSE TRACK SESSION", 0x5b, NO_SA, "CCACC", 'C', "" },
	{ "READ BUFFER CAPACITY", 0x5c, NO_SA, "AAAAA", 'C', "" },
	{ "BLANK", 0xa1, NO_SA, "CCACC", 'C', "" },
	{ "READ(12)", 0xa8, NO_SA, "ACAAC", 'C', "" },
	{ "WRITE(12)", 0xaa, NO_SA, "CCACC", 'C', "" },
	{ "GET PERFORMANCE", 0xac, NO_SA, "ACAAC", 'C', "" },
	{ "READ DISC STRUCTURE", 0xad, NO_SA, "ACAAC", 'C', "" },
	{ "READ CD MSF", 0xb9, NO_SA, "ACAAC", 'C', "" },
	{ "SET CD SPEED", 0xbb, NO_SA, "CCACC", 'C', "" },
	{ "MECHANISM STATUS", 0xbd, NO_SA, "ACAAC", 'C', "" },
	{ "READ CD", 0xbe, NO_SA, "ACAAC", 'C', "" },
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

/**
 * struct handler_case - the handlers of a module
 * @name: module
 * @handlers: handlers; NULL when this kernel does not have them, or when they are
 *	modules and this is not
 * @rules: what is expected of their own rows
 * @nr: number of @rules
 */
struct handler_case {
	const char *name;
	const struct pass_handler *handlers;
	const struct scst_rule *rules;
	unsigned int nr;
};

static const struct handler_case handler_cases[] = {
	{ "scst_disk",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_DISK), pass_disk_handlers),
	  disk_rules, ARRAY_SIZE(disk_rules) },
	{ "scst_modisk",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_MODISK), pass_modisk_handlers),
	  disk_rules, ARRAY_SIZE(disk_rules) },
	{ "scst_tape",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_TAPE), pass_tape_handlers),
	  tape_rules, ARRAY_SIZE(tape_rules) },
	{ "scst_cdrom",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_CDROM), pass_cdrom_handlers),
	  cdrom_rules, ARRAY_SIZE(cdrom_rules) },
	{ "scst_changer",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_CHANGER), pass_changer_handlers),
	  changer_rules, ARRAY_SIZE(changer_rules) },
	{ "scst_processor",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_PROCESSOR), pass_processor_handlers) },
	{ "scst_raid",
	  PTR_IF(IS_REACHABLE(CONFIG_SCST_RAID), pass_raid_handlers) },
};

KUNIT_ARRAY_PARAM_DESC(handler, handler_cases, name);

static bool has_rule(const struct handler_case *c, const struct scst_rule *like)
{
	unsigned int i;

	for (i = 0; i < c->nr; i++)
		if (rules_alike(&c->rules[i], like))
			return true;
	return false;
}

/* As pass_make_table(): those of all devices, unless the handler has its own */
static void make_rules(struct kunit *test, const struct handler_case *c,
		       struct rule_table *table)
{
	struct scst_rule *rules;
	unsigned int i, nr = 0;

	rules = kunit_kcalloc(test, c->nr + ARRAY_SIZE(spc_rules),
			      sizeof(*rules), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rules);
	for (i = 0; i < c->nr; i++)
		rules[nr++] = c->rules[i];
	for (i = 0; i < ARRAY_SIZE(spc_rules); i++)
		if (!has_rule(c, &spc_rules[i]))
			rules[nr++] = spc_rules[i];
	table->rules = rules;
	table->nr_rules = nr;
}

static void handler_rules_test(struct kunit *test)
{
	const struct handler_case *c = test->param_value;
	const struct pass_handler *handler;
	struct rule_table table = { };

	if (!c->handlers)
		kunit_skip(test, "the handler is not there");
	make_rules(test, c, &table);
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
