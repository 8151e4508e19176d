// SPDX-License-Identifier: GPL-2.0
/* Tests of the CDB decoders: every field at its limits, and wrong ones. */

#include "fixture.h"

/* Blocks of the unit, for the commands that depend on it */
#define CDB_CAPACITY	1000

struct cdb_case {
	const char *desc;
	scst_sense_t (*decode)(struct scst_cmd *cmd);
	u8 cdb[32];
	u8 len;
	u8 shift;
	u64 lba;
	u64 nblocks;
	u64 xfer_len;
	bool bad;	/* INVALID FIELD IN CDB, in the flags with bit @bit */
	u8 bit;
};

static const struct cdb_case cdb_cases[] = {
	/* READ(6) and WRITE(6) */
	{
		.desc = "6: zero length is 256 blocks",
		.decode = scst_decode_rw6, .len = 6, .shift = 9,
		.cdb = { READ_6, 0, 0, 0, 0, 0 },
		.nblocks = 256, .xfer_len = 256 * 512,
	}, {
		.desc = "6: one block",
		.decode = scst_decode_rw6, .len = 6, .shift = 12,
		.cdb = { WRITE_6, 0x01, 0x02, 0x03, 1, 0 },
		.lba = 0x10203, .nblocks = 1, .xfer_len = 4096,
	}, {
		.desc = "6: limits, reserved bits are no LBA",
		.decode = scst_decode_rw6, .len = 6, .shift = 9,
		.cdb = { READ_6, 0xff, 0xff, 0xff, 0xff, 0 },
		.lba = 0x1fffff, .nblocks = 255, .xfer_len = 255 * 512,
	},
	/* READ(10), WRITE(10) */
	{
		.desc = "10: zero length is no block",
		.decode = scst_decode_rw10, .len = 10, .shift = 9,
		.cdb = { READ_10, 0, 0x12, 0x34, 0x56, 0x78 },
		.lba = 0x12345678,
	}, {
		.desc = "10: limits",
		.decode = scst_decode_rw10, .len = 10, .shift = 12,
		.cdb = { WRITE_10, 0, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff },
		.lba = U32_MAX, .nblocks = 65535, .xfer_len = 65535ULL << 12,
	}, {
		.desc = "10: DPO, FUA and group number are no length",
		.decode = scst_decode_rw10, .len = 10, .shift = 9,
		.cdb = { READ_10, 0x1f, 0, 0, 0, 1, 0xff, 0, 2 },
		.lba = 1, .nblocks = 2, .xfer_len = 1024,
	}, {
		.desc = "10: RDPROTECT 001b",
		.decode = scst_decode_rw10, .len = 10, .shift = 9,
		.cdb = { READ_10, 0x20, 0, 0, 0, 1, 0, 0, 2 },
		.bad = true, .bit = 7,
	}, {
		.desc = "10: WRPROTECT 111b",
		.decode = scst_decode_rw10, .len = 10, .shift = 9,
		.cdb = { WRITE_10, 0xe0, 0, 0, 0, 1, 0, 0, 2 },
		.bad = true, .bit = 7,
	},
	/* READ(12), WRITE(12) */
	{
		.desc = "12: limits do not overflow",
		.decode = scst_decode_rw12, .len = 12, .shift = 16,
		.cdb = { READ_12, 0, 0xff, 0xff, 0xff, 0xff,
			 0xff, 0xff, 0xff, 0xff },
		.lba = U32_MAX, .nblocks = U32_MAX,
		.xfer_len = (u64)U32_MAX << 16,
	}, {
		.desc = "12: byte order",
		.decode = scst_decode_rw12, .len = 12, .shift = 9,
		.cdb = { WRITE_12, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0xff, 0 },
		.lba = 0x102, .nblocks = 0x304, .xfer_len = 0x304 * 512,
	}, {
		.desc = "12: RDPROTECT 100b",
		.decode = scst_decode_rw12, .len = 12, .shift = 9,
		.cdb = { READ_12, 0x80 },
		.bad = true, .bit = 7,
	},
	/* READ(16), WRITE(16) */
	{
		.desc = "16: limits do not overflow",
		.decode = scst_decode_rw16, .len = 16, .shift = 16,
		.cdb = { WRITE_16, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			 0xff, 0xff, 0xff, 0xff, 0xff },
		.lba = U64_MAX, .nblocks = U32_MAX,
		.xfer_len = (u64)U32_MAX << 16,
	}, {
		.desc = "16: byte order",
		.decode = scst_decode_rw16, .len = 16, .shift = 9,
		.cdb = { READ_16, 0x18, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 9, 10,
			 0xff, 0 },
		.lba = 0x102030405060708ULL, .nblocks = 0x90a,
		.xfer_len = 0x90a * 512,
	}, {
		.desc = "16: RDPROTECT 011b",
		.decode = scst_decode_rw16, .len = 16, .shift = 9,
		.cdb = { READ_16, 0x60 },
		.bad = true, .bit = 7,
	},
	/* VERIFY */
	{
		.desc = "VERIFY(10): BYTCHK 00b sends nothing",
		.decode = scst_decode_verify10, .len = 10, .shift = 9,
		.cdb = { VERIFY, 0, 0, 0, 0, 5, 0, 0, 3 },
		.lba = 5, .nblocks = 3,
	}, {
		.desc = "VERIFY(10): BYTCHK 01b sends all blocks",
		.decode = scst_decode_verify10, .len = 10, .shift = 9,
		.cdb = { VERIFY, 0x02, 0, 0, 0, 5, 0, 0, 3 },
		.lba = 5, .nblocks = 3, .xfer_len = 3 * 512,
	}, {
		.desc = "VERIFY(10): BYTCHK 11b sends one block",
		.decode = scst_decode_verify10, .len = 10, .shift = 9,
		.cdb = { VERIFY, 0x06, 0, 0, 0, 5, 0, 0xff, 0xff },
		.lba = 5, .nblocks = 65535, .xfer_len = 512,
	}, {
		.desc = "VERIFY(10): BYTCHK 11b without blocks sends none",
		.decode = scst_decode_verify10, .len = 10, .shift = 9,
		.cdb = { VERIFY, 0x06, 0, 0, 0, 5 },
		.lba = 5,
	}, {
		.desc = "VERIFY(10): BYTCHK 10b is reserved",
		.decode = scst_decode_verify10, .len = 10, .shift = 9,
		.cdb = { VERIFY, 0x04, 0, 0, 0, 5, 0, 0, 3 },
		.bad = true, .bit = 2,
	}, {
		.desc = "VERIFY(10): VRPROTECT",
		.decode = scst_decode_verify10, .len = 10, .shift = 9,
		.cdb = { VERIFY, 0x20 },
		.bad = true, .bit = 7,
	}, {
		.desc = "VERIFY(12): limits do not overflow",
		.decode = scst_decode_verify12, .len = 12, .shift = 12,
		.cdb = { VERIFY_12, 0x02, 0xff, 0xff, 0xff, 0xfe,
			 0xff, 0xff, 0xff, 0xff },
		.lba = U32_MAX - 1, .nblocks = U32_MAX,
		.xfer_len = (u64)U32_MAX << 12,
	}, {
		.desc = "VERIFY(12): BYTCHK 10b is reserved",
		.decode = scst_decode_verify12, .len = 12, .shift = 9,
		.cdb = { VERIFY_12, 0x04 },
		.bad = true, .bit = 2,
	}, {
		.desc = "VERIFY(16): BYTCHK 11b sends one block",
		.decode = scst_decode_verify16, .len = 16, .shift = 12,
		.cdb = { VERIFY_16, 0x16, 1, 0, 0, 0, 0, 0, 0, 2,
			 0xff, 0xff, 0xff, 0xff },
		.lba = 0x0100000000000002ULL, .nblocks = U32_MAX,
		.xfer_len = 4096,
	}, {
		.desc = "VERIFY(16): BYTCHK 10b is reserved",
		.decode = scst_decode_verify16, .len = 16, .shift = 9,
		.cdb = { VERIFY_16, 0x04 },
		.bad = true, .bit = 2,
	},
	/* SYNCHRONIZE CACHE */
	{
		.desc = "SYNCHRONIZE CACHE(10): a range, no data",
		.decode = scst_decode_range10, .len = 10, .shift = 9,
		.cdb = { SYNCHRONIZE_CACHE, 0x02, 0xff, 0xff, 0xff, 0xff, 0,
			 0xff, 0xff },
		.lba = U32_MAX, .nblocks = 65535,
	}, {
		.desc = "SYNCHRONIZE CACHE(16): a range, no data",
		.decode = scst_decode_range16, .len = 16, .shift = 9,
		.cdb = { SYNCHRONIZE_CACHE_16, 0x02, 0xff, 0xff, 0xff, 0xff,
			 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.lba = U64_MAX, .nblocks = U32_MAX,
	},
	/* WRITE SAME */
	{
		.desc = "WRITE SAME(10): one block is sent",
		.decode = scst_decode_write_same10, .len = 10, .shift = 9,
		.cdb = { WRITE_SAME, 0x08, 0, 0, 0, 1, 0, 0xff, 0xff },
		.lba = 1, .nblocks = 65535, .xfer_len = 512,
	}, {
		.desc = "WRITE SAME(10): a length of zero is up to the end",
		.decode = scst_decode_write_same10, .len = 10, .shift = 12,
		.cdb = { WRITE_SAME, 0, 0, 0, 0, 1 },
		.lba = 1, .nblocks = CDB_CAPACITY - 1, .xfer_len = 4096,
	}, {
		.desc = "WRITE SAME(10): a length of zero behind the end",
		.decode = scst_decode_write_same10, .len = 10, .shift = 12,
		.cdb = { WRITE_SAME, 0, 0xff, 0xff, 0xff, 0xff },
		.lba = U32_MAX, .xfer_len = 4096,
	}, {
		.desc = "WRITE SAME(10): byte 1 bit 0 is not NDOB",
		.decode = scst_decode_write_same10, .len = 10, .shift = 9,
		.cdb = { WRITE_SAME, 0x01, 0, 0, 0, 1, 0, 0, 1 },
		.lba = 1, .nblocks = 1, .xfer_len = 512,
	}, {
		.desc = "WRITE SAME(10): WRPROTECT",
		.decode = scst_decode_write_same10, .len = 10, .shift = 9,
		.cdb = { WRITE_SAME, 0x20 },
		.bad = true, .bit = 7,
	}, {
		.desc = "WRITE SAME(16): limits",
		.decode = scst_decode_write_same16, .len = 16, .shift = 9,
		.cdb = { WRITE_SAME_16, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.lba = U64_MAX, .nblocks = U32_MAX, .xfer_len = 512,
	}, {
		.desc = "WRITE SAME(16): NDOB",
		.decode = scst_decode_write_same16, .len = 16, .shift = 9,
		.cdb = { WRITE_SAME_16, 0x09, 0, 0, 0, 0, 0, 0, 0, 7,
			 0, 0, 0, 2 },
		.lba = 7, .nblocks = 2,
	}, {
		.desc = "WRITE SAME(16): WRPROTECT",
		.decode = scst_decode_write_same16, .len = 16, .shift = 9,
		.cdb = { WRITE_SAME_16, 0xa1 },
		.bad = true, .bit = 7,
	},
	/* Variable length CDBs */
	{
		.desc = "READ(32): limits, the tags are no length",
		.decode = scst_decode_rw32, .len = 32, .shift = 12,
		.cdb = { VARIABLE_LENGTH_CMD, 0, 0xff, 0xff, 0xff, 0xff, 0xff,
			 0x18, 0, READ_32, 0x1c, 0xff, 0xff, 0xff, 0xff, 0xff,
			 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 0xff,
			 0xff, 0xff, 0xff },
		.lba = U64_MAX, .nblocks = U32_MAX,
		.xfer_len = (u64)U32_MAX << 12,
	}, {
		.desc = "READ(32): zero length is no block",
		.decode = scst_decode_rw32, .len = 32, .shift = 9,
		.cdb = { VARIABLE_LENGTH_CMD, [9] = READ_32, [19] = 7 },
		.lba = 7,
	}, {
		.desc = "WRITE(32): byte 1 has no WRPROTECT",
		.decode = scst_decode_rw32, .len = 32, .shift = 9,
		.cdb = { VARIABLE_LENGTH_CMD, 0xe0, [9] = WRITE_32, [12] = 1,
			 [31] = 2 },
		.lba = 1ULL << 56, .nblocks = 2, .xfer_len = 1024,
	}, {
		.desc = "WRITE(32): WRPROTECT",
		.decode = scst_decode_rw32, .len = 32, .shift = 9,
		.cdb = { VARIABLE_LENGTH_CMD, [9] = WRITE_32, [10] = 0x20 },
		.bad = true, .bit = 7,
	}, {
		.desc = "VERIFY(32): BYTCHK 01b",
		.decode = scst_decode_verify32, .len = 32, .shift = 9,
		.cdb = { VARIABLE_LENGTH_CMD, [9] = VERIFY_32, [10] = 0x02,
			 [19] = 1, [31] = 3 },
		.lba = 1, .nblocks = 3, .xfer_len = 1536,
	}, {
		.desc = "VERIFY(32): BYTCHK 10b is reserved",
		.decode = scst_decode_verify32, .len = 32, .shift = 9,
		.cdb = { VARIABLE_LENGTH_CMD, [9] = VERIFY_32, [10] = 0x04 },
		.bad = true, .bit = 2,
	}, {
		.desc = "WRITE SAME(32): one block",
		.decode = scst_decode_write_same32, .len = 32, .shift = 12,
		.cdb = { VARIABLE_LENGTH_CMD, [9] = WRITE_SAME_32, [28] = 1 },
		.nblocks = 1 << 24, .xfer_len = 4096,
	}, {
		.desc = "WRITE SAME(32): NDOB",
		.decode = scst_decode_write_same32, .len = 32, .shift = 12,
		.cdb = { VARIABLE_LENGTH_CMD, [9] = WRITE_SAME_32, [10] = 0x01,
			 [31] = 1 },
		.nblocks = 1,
	}, {
		.desc = "WRITE SAME(32): WRPROTECT",
		.decode = scst_decode_write_same32, .len = 32, .shift = 9,
		.cdb = { VARIABLE_LENGTH_CMD, [9] = WRITE_SAME_32, [10] = 0xe1 },
		.bad = true, .bit = 7,
	},
	/* Atomic commands */
	{
		.desc = "COMPARE AND WRITE: twice the data, one byte of length",
		.decode = scst_decode_compare_and_write, .len = 16, .shift = 12,
		.cdb = { COMPARE_AND_WRITE, 0x18, 1, 2, 3, 4, 5, 6, 7, 8, 0xff,
			 0xff, 0xff, 0xff },
		.lba = 0x0102030405060708ULL, .nblocks = 255,
		.xfer_len = 2 * 255 * 4096,
	}, {
		.desc = "COMPARE AND WRITE: zero length is no block",
		.decode = scst_decode_compare_and_write, .len = 16, .shift = 9,
		.cdb = { COMPARE_AND_WRITE, [9] = 9 },
		.lba = 9,
	}, {
		.desc = "COMPARE AND WRITE: WRPROTECT",
		.decode = scst_decode_compare_and_write, .len = 16, .shift = 9,
		.cdb = { COMPARE_AND_WRITE, 0x80 },
		.bad = true, .bit = 7,
	}, {
		.desc = "WRITE ATOMIC(16): the boundary is no length",
		.decode = scst_decode_write_atomic16, .len = 16, .shift = 9,
		.cdb = { WRITE_ATOMIC_16, 0x18, 0, 0, 0, 0, 0, 0, 0, 1, 0xff,
			 0xff, 0x01, 0x02 },
		.lba = 1, .nblocks = 0x102, .xfer_len = 0x102 * 512,
	}, {
		.desc = "WRITE ATOMIC(16): WRPROTECT",
		.decode = scst_decode_write_atomic16, .len = 16, .shift = 9,
		.cdb = { WRITE_ATOMIC_16, 0x40 },
		.bad = true, .bit = 7,
	},
	/* Lengths in bytes: the block size is of no concern */
	{
		.desc = "length in byte 4",
		.decode = scst_decode_len_byte4, .len = 6, .shift = 12,
		.cdb = { REQUEST_SENSE, 0xff, 0xff, 0xff, 0xfe, 0xff },
		.xfer_len = 0xfe,
	}, {
		.desc = "length in bytes 3..4",
		.decode = scst_decode_len_be16_3, .len = 6, .shift = 12,
		.cdb = { INQUIRY, 0xff, 0xff, 0x01, 0x02, 0xff },
		.xfer_len = 0x102,
	}, {
		.desc = "length in bytes 7..8",
		.decode = scst_decode_len_be16_7, .len = 10, .shift = 12,
		.cdb = { MODE_SENSE_10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			 0x01, 0x02, 0xff },
		.xfer_len = 0x102,
	}, {
		.desc = "length in bytes 6..9",
		.decode = scst_decode_len_be32_6, .len = 12, .shift = 12,
		.cdb = { REPORT_LUNS, 0xff, 0xff, 0xff, 0xff, 0xff,
			 0x01, 0x02, 0x03, 0x04, 0xff, 0xff },
		.xfer_len = 0x1020304,
	}, {
		.desc = "length in bytes 10..13",
		.decode = scst_decode_len_be32_10, .len = 16, .shift = 12,
		.cdb = { SERVICE_ACTION_IN_16, 0xff, 0xff, 0xff, 0xff, 0xff,
			 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x03, 0x04,
			 0xff, 0xff },
		.xfer_len = 0xff020304,
	}, {
		.desc = "READ CAPACITY(10): eight bytes",
		.decode = scst_decode_read_capacity10, .len = 10, .shift = 9,
		.cdb = { READ_CAPACITY },
		.xfer_len = 8,
	}, {
		.desc = "READ CAPACITY(10): obsolete fields are not looked at",
		.decode = scst_decode_read_capacity10, .len = 10, .shift = 9,
		.cdb = { READ_CAPACITY, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0 },
		.xfer_len = 8,
	},
};

KUNIT_ARRAY_PARAM_DESC(cdb, cdb_cases, desc);

static void cdb_decode_test(struct kunit *test)
{
	const struct cdb_case *c = test->param_value;
	struct scst_cmd *cmd = scst_fixture_cmd(test, c->cdb, c->len);
	scst_sense_t sense;

	cmd->dev->block_shift = c->shift;
	cmd->dev->nblocks = CDB_CAPACITY;
	sense = c->decode(cmd);

	if (c->bad) {
		KUNIT_EXPECT_TRUE(test,
				  sense == SCST_SENSE_INVALID_FIELD_IN_CDB);
		KUNIT_EXPECT_TRUE(test, cmd->field_valid);
		KUNIT_EXPECT_TRUE(test, cmd->field_in_cdb);
		KUNIT_EXPECT_EQ(test, cmd->field_ptr, c->len == 32 ? 10 : 1);
		KUNIT_EXPECT_EQ(test, cmd->field_bit, c->bit);
		return;
	}
	KUNIT_EXPECT_TRUE(test, sense == SCST_GOOD);
	KUNIT_EXPECT_FALSE(test, cmd->field_valid);
	KUNIT_EXPECT_EQ(test, cmd->lba, c->lba);
	KUNIT_EXPECT_EQ(test, cmd->nblocks, c->nblocks);
	KUNIT_EXPECT_EQ(test, cmd->xfer_len, c->xfer_len);
}

static struct kunit_case cdb_test_cases[] = {
	KUNIT_CASE_PARAM(cdb_decode_test, cdb_gen_params),
	{}
};

static struct kunit_suite cdb_test_suite = {
	.name = "scst_cdb",
	.init = scst_fixture_init,
	.exit = scst_fixture_exit,
	.test_cases = cdb_test_cases,
};

kunit_test_suites(&cdb_test_suite);
