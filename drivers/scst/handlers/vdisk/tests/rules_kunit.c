// SPDX-License-Identifier: GPL-2.0
/* Tests of what reservations and access states do to the commands of virtual disks. */

#include "../cdrom.h"
#include "../../../core/tests/rules.h"

/*
 * SPC-6 and SBC-5, tables of commands that are allowed in the presence of various
 * reservations, and SPC-2 for RESERVE.
 *
 * SPC-6 5.18.2: standby has to have INQUIRY, LOG SELECT and SENSE, MODE SELECT and
 * SENSE, SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS, and the echo buffer modes of
 * READ and WRITE BUFFER, which are in unavailable too.  Other commands may be in
 * standby; READ CAPACITY is.
 */
static const struct scst_rule disk_rules[] = {
	{ "TEST UNIT READY", 0x00, NO_SA, "AAAAA", 'C', "" },
	{ "FORMAT UNIT", 0x04, NO_SA, "CCACC", 'C', "" },
	{ "REASSIGN BLOCKS", 0x07, NO_SA, "CCACC", 'C', "" },
	{ "READ(6)", 0x08, NO_SA, "ACAAC", 'C', "" },
	{ "WRITE(6)", 0x0a, NO_SA, "CCACC", 'C', "" },
	{ "INQUIRY", 0x12, NO_SA, "AAAAA", 'A', "suot" },
	{ "MODE SELECT(6)", 0x15, NO_SA, "CCACC", 'C', "s" },
	{ "MODE SENSE(6)", 0x1a, NO_SA, "ACAAC", 'C', "s" },
	/* Allowed with START set to one and POWER CONDITION set to 0h */
	{ "START STOP UNIT, stop", 0x1b, NO_SA, "CCACC", 'C', "", 0x00 },
	{ "START STOP UNIT, start", 0x1b, NO_SA, "AAAAA", 'C', "", 0x01 },
	{ "START STOP UNIT, eject", 0x1b, NO_SA, "CCACC", 'C', "", 0x02 },
	{ "START STOP UNIT, load", 0x1b, NO_SA, "AAAAA", 'C', "", 0x03 },
	{ "START STOP UNIT, ACTIVE", 0x1b, NO_SA, "CCACC", 'C', "", 0x11 },
	{ "START STOP UNIT, STANDBY", 0x1b, NO_SA, "CCACC", 'C', "", 0x30 },
	{ "RECEIVE DIAGNOSTIC RESULTS", 0x1c, NO_SA, "ACAAC", 'C', "s" },
	{ "SEND DIAGNOSTIC", 0x1d, NO_SA, "CCACC", 'C', "s" },
	{ "PREVENT ALLOW MEDIUM REMOVAL, allow", 0x1e, NO_SA, "AAAAA", 'A', "",
	  0x00 },
	{ "PREVENT ALLOW MEDIUM REMOVAL, prevent", 0x1e, NO_SA, "CCACC", 'C',
	  "", 0x01 },
	{ "READ CAPACITY(10)", 0x25, NO_SA, "AAAAA", 'C', "s" },
	{ "READ(10)", 0x28, NO_SA, "ACAAC", 'C', "" },
	{ "WRITE(10)", 0x2a, NO_SA, "CCACC", 'C', "" },
	{ "WRITE AND VERIFY(10)", 0x2e, NO_SA, "CCACC", 'C', "" },
	{ "VERIFY(10)", 0x2f, NO_SA, "ACAAC", 'C', "" },
	{ "PRE-FETCH(10)", 0x34, NO_SA, "ACAAC", 'C', "" },
	{ "SYNCHRONIZE CACHE(10)", 0x35, NO_SA, "CCACC", 'C', "" },
	{ "READ DEFECT DATA(10)", 0x37, NO_SA, "ACAAC", 'C', "" },
	{ "WRITE BUFFER", 0x3b, NO_SA, "CCACC", 'C', "su" },
	{ "READ BUFFER(10)", 0x3c, NO_SA, "ACAAC", 'C', "su" },
	{ "WRITE SAME(10)", 0x41, NO_SA, "CCACC", 'C', "" },
	{ "UNMAP", 0x42, NO_SA, "CCACC", 'C', "" },
	{ "SANITIZE, OVERWRITE", 0x48, 0x01, "CCACC", 'C', "" },
	{ "SANITIZE, BLOCK ERASE", 0x48, 0x02, "CCACC", 'C', "" },
	{ "SANITIZE, EXIT FAILURE MODE", 0x48, 0x1f, "CCACC", 'C', "" },
	{ "LOG SELECT", 0x4c, NO_SA, "CCACC", 'C', "s" },
	{ "LOG SENSE", 0x4d, NO_SA, "AAAAA", 'A', "s" },
	{ "MODE SELECT(10)", 0x55, NO_SA, "CCACC", 'C', "s" },
	{ "MODE SENSE(10)", 0x5a, NO_SA, "ACAAC", 'C', "s" },
	{ "READ(32)", 0x7f, 0x0009, "ACAAC", 'C', "" },
	{ "VERIFY(32)", 0x7f, 0x000a, "ACAAC", 'C', "" },
	{ "WRITE(32)", 0x7f, 0x000b, "CCACC", 'C', "" },
	{ "WRITE AND VERIFY(32)", 0x7f, 0x000c, "CCACC", 'C', "" },
	{ "WRITE SAME(32)", 0x7f, 0x000d, "CCACC", 'C', "" },
	{ "GET LBA STATUS(32)", 0x7f, 0x0012, "ACAAC", 'C', "" },
	{ "READ(16)", 0x88, NO_SA, "ACAAC", 'C', "" },
	{ "COMPARE AND WRITE", 0x89, NO_SA, "CCACC", 'C', "" },
	{ "WRITE(16)", 0x8a, NO_SA, "CCACC", 'C', "" },
	{ "ORWRITE(16)", 0x8b, NO_SA, "CCACC", 'C', "" },
	{ "WRITE AND VERIFY(16)", 0x8e, NO_SA, "CCACC", 'C', "" },
	{ "VERIFY(16)", 0x8f, NO_SA, "ACAAC", 'C', "" },
	{ "PRE-FETCH(16)", 0x90, NO_SA, "ACAAC", 'C', "" },
	{ "SYNCHRONIZE CACHE(16)", 0x91, NO_SA, "CCACC", 'C', "" },
	{ "WRITE SAME(16)", 0x93, NO_SA, "CCACC", 'C', "" },
	{ "WRITE ATOMIC(16)", 0x9c, NO_SA, "CCACC", 'C', "" },
	{ "READ CAPACITY(16)", 0x9e, 0x10, "AAAAA", 'C', "s" },
	{ "GET LBA STATUS(16)", 0x9e, 0x12, "ACAAC", 'C', "" },
	{ "REPORT IDENTIFYING INFORMATION", 0xa3, 0x05, "AAAAA", 'A', "" },
	{ "REPORT TIMESTAMP", 0xa3, 0x0f, "AAAAA", 'C', "" },
	{ "SET IDENTIFYING INFORMATION", 0xa4, 0x06, "CCACC", 'C', "" },
	{ "SET TIMESTAMP", 0xa4, 0x0f, "CCACC", 'C', "" },
	{ "READ(12)", 0xa8, NO_SA, "ACAAC", 'C', "" },
	{ "WRITE(12)", 0xaa, NO_SA, "CCACC", 'C', "" },
	{ "WRITE AND VERIFY(12)", 0xae, NO_SA, "CCACC", 'C', "" },
	{ "VERIFY(12)", 0xaf, NO_SA, "ACAAC", 'C', "" },
	{ "READ DEFECT DATA(12)", 0xb7, NO_SA, "ACAAC", 'C', "" },
};

/*
 * MMC-6 has no such table.  What SPC-6 and SBC-5 have is as there.  Of the others,
 * what tells of the drive and not of the disc is allowed, what tells of the disc, or
 * moves over it, is like READ, and what sets something is in conflict; MECHANISM
 * STATUS, which tells of both, is like READ.
 */
static const struct scst_rule cdrom_rules[] = {
	{ "TEST UNIT READY", 0x00, NO_SA, "AAAAA", 'C', "" },
	{ "INQUIRY", 0x12, NO_SA, "AAAAA", 'A', "suot" },
	{ "MODE SELECT(6)", 0x15, NO_SA, "CCACC", 'C', "s" },
	{ "MODE SENSE(6)", 0x1a, NO_SA, "ACAAC", 'C', "s" },
	{ "START STOP UNIT, stop", 0x1b, NO_SA, "CCACC", 'C', "", 0x00 },
	{ "START STOP UNIT, start", 0x1b, NO_SA, "AAAAA", 'C', "", 0x01 },
	{ "START STOP UNIT, eject", 0x1b, NO_SA, "CCACC", 'C', "", 0x02 },
	{ "START STOP UNIT, load", 0x1b, NO_SA, "AAAAA", 'C', "", 0x03 },
	{ "START STOP UNIT, ACTIVE", 0x1b, NO_SA, "CCACC", 'C', "", 0x11 },
	{ "START STOP UNIT, STANDBY", 0x1b, NO_SA, "CCACC", 'C', "", 0x30 },
	{ "PREVENT ALLOW MEDIUM REMOVAL, allow", 0x1e, NO_SA, "AAAAA", 'A', "",
	  0x00 },
	{ "PREVENT ALLOW MEDIUM REMOVAL, prevent", 0x1e, NO_SA, "CCACC", 'C',
	  "", 0x01 },
	{ "READ CAPACITY(10)", 0x25, NO_SA, "AAAAA", 'C', "s" },
	{ "READ(10)", 0x28, NO_SA, "ACAAC", 'C', "" },
	{ "SEEK(10)", 0x2b, NO_SA, "ACAAC", 'C', "" },
	{ "READ TOC/PMA/ATIP", 0x43, NO_SA, "ACAAC", 'C', "" },
	{ "GET CONFIGURATION", 0x46, NO_SA, "AAAAA", 'C', "" },
	{ "GET EVENT STATUS NOTIFICATION", 0x4a, NO_SA, "AAAAA", 'C', "" },
	{ "READ DISC INFORMATION", 0x51, NO_SA, "ACAAC", 'C', "" },
	{ "READ TRACK INFORMATION", 0x52, NO_SA, "ACAAC", 'C', "" },
	{ "MODE SELECT(10)", 0x55, NO_SA, "CCACC", 'C', "s" },
	{ "MODE SENSE(10)", 0x5a, NO_SA, "ACAAC", 'C', "s" },
	{ "READ(12)", 0xa8, NO_SA, "ACAAC", 'C', "" },
	{ "READ DISC STRUCTURE", 0xad, NO_SA, "ACAAC", 'C', "" },
	{ "READ CD MSF", 0xb9, NO_SA, "ACAAC", 'C', "" },
	{ "SET CD SPEED", 0xbb, NO_SA, "CCACC", 'C', "" },
	{ "MECHANISM STATUS", 0xbd, NO_SA, "ACAAC", 'C', "" },
	{ "READ CD", 0xbe, NO_SA, "ACAAC", 'C', "" },
};

static void disk_rules_test(struct kunit *test)
{
	const struct rule_table table = {
		.name		= "vdisk",
		.ops		= vdisk_opcodes,
		.nr_ops		= vdisk_nr_opcodes,
		.rules		= disk_rules,
		.nr_rules	= ARRAY_SIZE(disk_rules),
	};

	rules_check(test, &table);
}

static void cdrom_rules_test(struct kunit *test)
{
	const struct rule_table table = {
		.name		= "vcdrom",
		.ops		= vcdrom_opcodes,
		.nr_ops		= vcdrom_nr_opcodes,
		.rules		= cdrom_rules,
		.nr_rules	= ARRAY_SIZE(cdrom_rules),
	};

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
