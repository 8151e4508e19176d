/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the standards say of commands that virtual disks have, and devices of this host:
 * see rules.h.
 *
 * SPC-6 5.18.2: standby has to have INQUIRY, LOG SELECT and SENSE, MODE SELECT and
 * SENSE, SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS, and the echo buffer modes of
 * READ and WRITE BUFFER, which are in unavailable too.  Other commands may be in
 * standby; READ CAPACITY is.
 */
#ifndef _SCST_KUNIT_STANDARD_RULES_H
#define _SCST_KUNIT_STANDARD_RULES_H

#include "rules.h"

/*
 * SPC-6, table of commands that are allowed in the presence of various reservations,
 * START STOP UNIT as SBC-5 has it, and SPC-2 for RESERVE
 */
static const struct scst_rule unit_rules[] = {
	{ "TEST UNIT READY", 0x00, NO_SA, "AAAAA", 'C', "" },
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
	{ "MODE SELECT(10)", 0x55, NO_SA, "CCACC", 'C', "s" },
	{ "MODE SENSE(10)", 0x5a, NO_SA, "ACAAC", 'C', "s" },
};

/* SPC-6, of disks and of devices of this host */
static const struct scst_rule primary_rules[] = {
	{ "RECEIVE DIAGNOSTIC RESULTS", 0x1c, NO_SA, "ACAAC", 'C', "s" },
	{ "SEND DIAGNOSTIC", 0x1d, NO_SA, "CCACC", 'C', "s" },
	{ "WRITE BUFFER", 0x3b, NO_SA, "CCACC", 'C', "su" },
	{ "READ BUFFER(10)", 0x3c, NO_SA, "ACAAC", 'C', "su" },
	{ "LOG SELECT", 0x4c, NO_SA, "CCACC", 'C', "s" },
	{ "LOG SENSE", 0x4d, NO_SA, "AAAAA", 'A', "s" },
	{ "REPORT IDENTIFYING INFORMATION", 0xa3, 0x05, "AAAAA", 'A', "" },
	{ "REPORT TIMESTAMP", 0xa3, 0x0f, "AAAAA", 'C', "" },
	{ "SET TIMESTAMP", 0xa4, 0x0f, "CCACC", 'C', "" },
};

/* SBC-5 */
static const struct scst_rule block_rules[] = {
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
	{ "WRITE SAME(10)", 0x41, NO_SA, "CCACC", 'C', "" },
	{ "UNMAP", 0x42, NO_SA, "CCACC", 'C', "" },
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
	{ "WRITE ATOMIC(16)", 0x9c, NO_SA, "CCACC", 'C', "" },
	{ "READ CAPACITY(16)", 0x9e, 0x10, "AAAAA", 'C', "s" },
	{ "GET LBA STATUS(16)", 0x9e, 0x12, "ACAAC", 'C', "" },
	{ "READ(12)", 0xa8, NO_SA, "ACAAC", 'C', "" },
	{ "WRITE(12)", 0xaa, NO_SA, "CCACC", 'C', "" },
	{ "WRITE AND VERIFY(12)", 0xae, NO_SA, "CCACC", 'C', "" },
	{ "VERIFY(12)", 0xaf, NO_SA, "ACAAC", 'C', "" },
	{ "READ DEFECT DATA(12)", 0xb7, NO_SA, "ACAAC", 'C', "" },
};

/*
 * MMC-6 has no such table.  What tells of the drive and not of the disc is allowed,
 * what tells of the disc, or moves over it, is like READ, and what sets something is in
 * conflict; MECHANISM STATUS, which tells of both, is like READ.
 */
static const struct scst_rule multimedia_rules[] = {
	{ "READ CAPACITY(10)", 0x25, NO_SA, "AAAAA", 'C', "s" },
	{ "READ(10)", 0x28, NO_SA, "ACAAC", 'C', "" },
	{ "SEEK(10)", 0x2b, NO_SA, "ACAAC", 'C', "" },
	{ "READ TOC/PMA/ATIP", 0x43, NO_SA, "ACAAC", 'C', "" },
	{ "GET CONFIGURATION", 0x46, NO_SA, "AAAAA", 'C', "" },
	{ "GET EVENT STATUS NOTIFICATION", 0x4a, NO_SA, "AAAAA", 'C', "" },
	{ "READ DISC INFORMATION", 0x51, NO_SA, "ACAAC", 'C', "" },
	{ "READ TRACK INFORMATION", 0x52, NO_SA, "ACAAC", 'C', "" },
	{ "READ(12)", 0xa8, NO_SA, "ACAAC", 'C', "" },
	{ "READ DISC STRUCTURE", 0xad, NO_SA, "ACAAC", 'C', "" },
	{ "READ CD MSF", 0xb9, NO_SA, "ACAAC", 'C', "" },
	{ "SET CD SPEED", 0xbb, NO_SA, "CCACC", 'C', "" },
	{ "MECHANISM STATUS", 0xbd, NO_SA, "ACAAC", 'C', "" },
	{ "READ CD", 0xbe, NO_SA, "ACAAC", 'C', "" },
};

#endif /* _SCST_KUNIT_STANDARD_RULES_H */
