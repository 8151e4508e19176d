// SPDX-License-Identifier: GPL-2.0
/* Tests of what reservations and access states do to the commands of the core. */

#include "rules.h"

/*
 * SPC-6, table of commands that are allowed in the presence of various reservations,
 * and SPC-2 for RESERVE.  RESERVE and RELEASE are as in SPC-2; what becomes of them
 * where there are registrations (CRH=1), and of the service actions of PERSISTENT
 * RESERVE OUT, is found when they execute: see pr_kunit.c.
 *
 * SPC-6 5.18.2: what has to be executed in standby and unavailable is INQUIRY, REPORT
 * LUNS, REQUEST SENSE, REPORT and SET TARGET PORT GROUPS, and in standby PERSISTENT
 * RESERVE IN and OUT; other commands may be, in standby, which is decided in alua.rst.
 * Offline and transitioning are those that tell what there is.
 */
static const struct scst_rule spc_rules[] = {
	{ "TEST UNIT READY", 0x00, NO_SA, "AAAAA", 'C', "" },
	{ "REQUEST SENSE", 0x03, NO_SA, "AAAAA", 'A', "suot" },
	{ "INQUIRY", 0x12, NO_SA, "AAAAA", 'A', "suot" },
	{ "RESERVE(6)", 0x16, NO_SA, "CCACC", 'C', "s" },
	{ "RELEASE(6)", 0x17, NO_SA, "CCACC", 'A', "s" },
	{ "RESERVE(10)", 0x56, NO_SA, "CCACC", 'C', "s" },
	{ "RELEASE(10)", 0x57, NO_SA, "CCACC", 'A', "s" },
	{ "PERSISTENT RESERVE IN, READ KEYS", 0x5e, 0x00, "AAAAA", 'C', "s" },
	{ "PERSISTENT RESERVE IN, READ RESERVATION", 0x5e, 0x01, "AAAAA", 'C',
	  "s" },
	{ "PERSISTENT RESERVE IN, REPORT CAPABILITIES", 0x5e, 0x02, "AAAAA",
	  'C', "s" },
	{ "PERSISTENT RESERVE IN, READ FULL STATUS", 0x5e, 0x03, "AAAAA", 'C',
	  "s" },
	{ "PERSISTENT RESERVE OUT, REGISTER", 0x5f, 0x00, "AAAAA", 'C', "s" },
	{ "PERSISTENT RESERVE OUT, RESERVE", 0x5f, 0x01, "AAAAA", 'C', "s" },
	{ "PERSISTENT RESERVE OUT, RELEASE", 0x5f, 0x02, "AAAAA", 'C', "s" },
	{ "PERSISTENT RESERVE OUT, CLEAR", 0x5f, 0x03, "AAAAA", 'C', "s" },
	{ "PERSISTENT RESERVE OUT, PREEMPT", 0x5f, 0x04, "AAAAA", 'C', "s" },
	{ "PERSISTENT RESERVE OUT, PREEMPT AND ABORT", 0x5f, 0x05, "AAAAA",
	  'C', "s" },
	{ "PERSISTENT RESERVE OUT, REGISTER AND IGNORE EXISTING KEY", 0x5f,
	  0x06, "AAAAA", 'C', "s" },
	{ "PERSISTENT RESERVE OUT, REGISTER AND MOVE", 0x5f, 0x07, "AAAAA",
	  'C', "s" },
	{ "PERSISTENT RESERVE OUT, REPLACE LOST RESERVATION", 0x5f, 0x08,
	  "AAAAA", 'C', "s" },
	{ "EXTENDED COPY(LID1)", 0x83, 0x00, "CCACC", 'C', "" },
	{ "COPY OPERATION ABORT", 0x83, 0x1c, "CCACC", 'C', "" },
	/* ALLOW COMMANDS of REPORT CAPABILITIES is 011b. */
	{ "RECEIVE COPY STATUS(LID1)", 0x84, 0x00, "ACAAC", 'C', "" },
	{ "RECEIVE COPY OPERATING PARAMETERS", 0x84, 0x03, "AAAAA", 'C', "" },
	{ "RECEIVE COPY FAILURE DETAILS(LID1)", 0x84, 0x04, "ACAAC", 'C', "" },
	{ "REPORT LUNS", 0xa0, NO_SA, "AAAAA", 'A', "suot" },
	{ "REPORT TARGET PORT GROUPS", 0xa3, 0x0a, "AAAAA", 'C', "suot" },
	{ "REPORT SUPPORTED OPERATION CODES", 0xa3, 0x0c, "ACAAC", 'C', "s" },
	{ "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", 0xa3, 0x0d, "ACAAC",
	  'C', "s" },
	{ "SET TARGET PORT GROUPS", 0xa4, 0x0a, "CCACC", 'C', "su" },
};

static void spc_rules_test(struct kunit *test)
{
	const struct rule_table table = {
		.name		= "core",
		.ops		= scst_spc_opcodes,
		.nr_ops		= scst_nr_spc_opcodes,
		.rules		= spc_rules,
		.nr_rules	= ARRAY_SIZE(spc_rules),
	};

	rules_check(test, &table);
}

static struct kunit_case rules_test_cases[] = {
	KUNIT_CASE(spc_rules_test),
	{}
};

static struct kunit_suite rules_test_suite = {
	.name = "scst_rules",
	.test_cases = rules_test_cases,
};

kunit_test_suite(rules_test_suite);
