// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of what is made of a device's answers, of the parts of a long READ or WRITE,
 * and of the opcode tables of the handlers.
 */

#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_eh.h>
#include <scsi/scsi_host.h>
#include "../pass.h"

#define PASS_BUF_LEN	512

struct pass_fixture {
	struct pass_handler handler;
	struct scst_device dev;
	struct pass_unit pass;
	struct scsi_device *sdev;
	struct scst_opcode op;
	struct scst_cmd cmd;
	struct scsi_cmnd scmd;
	struct scatterlist sg;
	u8 cdb[32];
	u8 out[32];
	u8 sense[SCSI_SENSE_BUFFERSIZE];
	u8 *buf;
};

static int pass_test_init(struct kunit *test)
{
	struct pass_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->buf = kunit_kzalloc(test, PASS_BUF_LEN, GFP_KERNEL);
	if (!f->buf)
		return -ENOMEM;
	test->priv = f;
	f->dev.type = &f->handler.type;
	f->dev.priv = &f->pass;
	f->dev.block_size = 512;
	f->dev.block_shift = 9;
	spin_lock_init(&f->dev.tgt_dev_lock);
	INIT_LIST_HEAD(&f->dev.tgt_devs);
	f->sdev = kunit_kzalloc(test, sizeof(*f->sdev), GFP_KERNEL);
	if (!f->sdev)
		return -ENOMEM;
	f->sdev->sdev_state = SDEV_RUNNING;
	spin_lock_init(&f->pass.lock);
	f->pass.sdev = f->sdev;
	f->pass.unit = &f->dev;
	f->pass.block_size_known = true;
	f->cmd.dev = &f->dev;
	f->cmd.op = &f->op;
	f->cmd.cdb = f->cdb;
	f->op.dir = SCST_DATA_READ;
	f->scmd.sense_buffer = f->sense;
	sg_init_one(&f->sg, f->buf, PASS_BUF_LEN);
	scst_cmd_set_sg(&f->cmd, SCST_DATA_READ, &f->sg, 1, PASS_BUF_LEN);
	return 0;
}

/* ------------------------------------------------------------------------
 * How a request ended
 */

/**
 * struct pass_end - how a request ended, and what is made of it
 * @name: what is special
 * @host: host byte
 * @status: SAM status
 * @blk: what the block layer says
 * @gone: the device goes
 * @state: of the device, 0: it is there
 * @want: result
 */
struct pass_end {
	const char *name;
	u8 host;
	u8 status;
	blk_status_t blk;
	bool gone;
	enum scsi_device_state state;
	scst_sense_t want;
};

static const struct pass_end pass_ends[] = {
	{ "good", DID_OK, SAM_STAT_GOOD, .want = SCST_GOOD },
	{ "condition met", DID_OK, SAM_STAT_CONDITION_MET,
	  .want = SCST_CONDITION_MET },
	{ "busy", DID_OK, SAM_STAT_BUSY, .want = SCST_BUSY },
	{ "task set full", DID_OK, SAM_STAT_TASK_SET_FULL,
	  .want = SCST_TASK_SET_FULL },
	{ "reservation conflict", DID_OK, SAM_STAT_RESERVATION_CONFLICT,
	  .want = SCST_RESERVATION_CONFLICT },
	{ "task aborted", DID_OK, SAM_STAT_TASK_ABORTED,
	  .want = SCST_SENSE(ABORTED_COMMAND, 0, 0) },
	{ "ACA active", DID_OK, SAM_STAT_ACA_ACTIVE, .want = SCST_BUSY },
	{ "no sense data", DID_OK, SAM_STAT_CHECK_CONDITION,
	  .want = SCST_SENSE(ABORTED_COMMAND, 0x08, 0x00) },
	{ "no connection", DID_NO_CONNECT,
	  .want = SCST_SENSE(NOT_READY, 0x05, 0x00) },
	{ "no connection, gone", DID_NO_CONNECT, .gone = true,
	  .want = SCST_SENSE_LUN_NOT_SUPPORTED },
	{ "error, gone", DID_ERROR, .gone = true,
	  .want = SCST_SENSE_LUN_NOT_SUPPORTED },
	{ "error, being removed", DID_ERROR, .state = SDEV_CANCEL,
	  .want = SCST_SENSE_LUN_NOT_SUPPORTED },
	{ "not sent, being removed", .blk = BLK_STS_OFFLINE, .state = SDEV_CANCEL,
	  .want = SCST_SENSE_LUN_NOT_SUPPORTED },
	{ "no connection, removed", DID_NO_CONNECT, .state = SDEV_DEL,
	  .want = SCST_SENSE_LUN_NOT_SUPPORTED },
	{ "error, offline", DID_ERROR, .state = SDEV_OFFLINE,
	  .want = SCST_SENSE(ABORTED_COMMAND, 0x08, 0x00) },
	{ "time-out", DID_TIME_OUT,
	  .want = SCST_SENSE(ABORTED_COMMAND, 0x08, 0x01) },
	{ "aborted", DID_ABORT, .want = SCST_SENSE(ABORTED_COMMAND, 0, 0) },
	{ "reset", DID_RESET, .want = SCST_SENSE(ABORTED_COMMAND, 0, 0) },
	{ "requeue", DID_REQUEUE, .want = SCST_BUSY },
	{ "transport disrupted", DID_TRANSPORT_DISRUPTED,
	  .want = SCST_SENSE(ABORTED_COMMAND, 0x08, 0x00) },
	{ "soft error", DID_SOFT_ERROR,
	  .want = SCST_SENSE(ABORTED_COMMAND, 0x08, 0x00) },
	{ "parity", DID_PARITY,
	  .want = SCST_SENSE(ABORTED_COMMAND, 0x08, 0x00) },
	{ "error", DID_ERROR,
	  .want = SCST_SENSE(ABORTED_COMMAND, 0x08, 0x00) },
	{ "error with a status", DID_ERROR, SAM_STAT_CHECK_CONDITION,
	  .want = SCST_SENSE(ABORTED_COMMAND, 0x08, 0x00) },
	{ "not sent", .blk = BLK_STS_IOERR,
	  .want = SCST_SENSE(NOT_READY, 0x05, 0x00) },
};

KUNIT_ARRAY_PARAM_DESC(pass_end, pass_ends, name);

static void result_test(struct kunit *test)
{
	const struct pass_end *end = test->param_value;
	struct pass_fixture *f = test->priv;
	scst_sense_t got;
	u32 resid;

	f->pass.gone = end->gone;
	if (end->state)
		f->sdev->sdev_state = end->state;
	f->scmd.result = end->host << 16 | end->status;
	f->scmd.resid_len = 12;
	got = pass_result(&f->cmd, &f->scmd, end->blk, 100, &resid);
	KUNIT_EXPECT_EQ(test, (__force u32)got, (__force u32)end->want);
	/* Without an answer nobody knows what was transferred. */
	KUNIT_EXPECT_EQ(test, resid,
			end->host != DID_OK || end->blk ? 100 : 12);
}

/* Both formats go as they are: a tape's FILEMARK, EOM and ILI are in byte 2. */
static void result_sense_test(struct kunit *test)
{
	static const u8 tape[18] = { 0xf0, 0, 0xe0, 0, 0, 2, 0, 10, [12] = 0, 1 };
	static const u8 desc[20] = { 0x72, MEDIUM_ERROR, 0x11, 0, [7] = 12,
				     0, 10, 0x80, [19] = 0x34 };
	struct pass_fixture *f = test->priv;
	scst_sense_t got;
	u32 resid;

	f->scmd.result = SAM_STAT_CHECK_CONDITION;
	f->scmd.resid_len = 200;
	memcpy(f->sense, tape, sizeof(tape));
	got = pass_result(&f->cmd, &f->scmd, BLK_STS_OK, 100, &resid);
	KUNIT_EXPECT_EQ(test, (__force u32)got, (__force u32)SCST_SENSE_DATA);
	KUNIT_EXPECT_EQ(test, f->cmd.sense_len, sizeof(tape));
	KUNIT_EXPECT_MEMEQ(test, f->cmd.sense, tape, sizeof(tape));
	KUNIT_EXPECT_EQ(test, resid, 100);

	memset(f->sense, 0, sizeof(f->sense));
	memcpy(f->sense, desc, sizeof(desc));
	got = pass_result(&f->cmd, &f->scmd, BLK_STS_OK, 100, &resid);
	KUNIT_EXPECT_EQ(test, (__force u32)got, (__force u32)SCST_SENSE_DATA);
	KUNIT_EXPECT_EQ(test, f->cmd.sense_len, sizeof(desc));
	KUNIT_EXPECT_MEMEQ(test, f->cmd.sense, desc, sizeof(desc));

	/* However long it says it is */
	f->sense[7] = 0xff;
	pass_result(&f->cmd, &f->scmd, BLK_STS_OK, 100, &resid);
	KUNIT_EXPECT_LE(test, f->cmd.sense_len, sizeof(f->cmd.sense));
}

/* What the host adapter says does not count where the device has said it better. */
static void result_error_sense_test(struct kunit *test)
{
	static const u8 keys[] = { NOT_READY, MEDIUM_ERROR, ILLEGAL_REQUEST,
				   UNIT_ATTENTION, ABORTED_COMMAND };
	struct pass_fixture *f = test->priv;
	scst_sense_t got;
	unsigned int i;
	u32 resid;

	f->scmd.result = DID_ERROR << 16;
	f->sense[0] = 0x70;
	f->sense[7] = 10;
	/* Of what others would be told, of whom there are none */
	f->sense[12] = 0x2a;
	f->sense[13] = 0x09;
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		f->sense[2] = keys[i];
		got = pass_result(&f->cmd, &f->scmd, BLK_STS_IOERR, 100, &resid);
		KUNIT_EXPECT_EQ(test, (__force u32)got, (__force u32)SCST_SENSE_DATA);
		KUNIT_EXPECT_EQ(test, f->cmd.sense[2], keys[i]);
		KUNIT_EXPECT_EQ(test, resid, 100);
	}
	/* A tape has come to a filemark, or a block was shorter. */
	f->scmd.resid_len = 12;
	for (i = 0x20; i <= 0x80; i <<= 1) {
		f->sense[2] = i;
		got = pass_result(&f->cmd, &f->scmd, BLK_STS_IOERR, 100, &resid);
		KUNIT_EXPECT_EQ(test, (__force u32)got, (__force u32)SCST_SENSE_DATA);
		KUNIT_EXPECT_EQ(test, f->cmd.sense[2], i);
		KUNIT_EXPECT_EQ(test, resid, 12);
	}
	f->sense[2] = NO_SENSE;
	got = pass_result(&f->cmd, &f->scmd, BLK_STS_IOERR, 100, &resid);
	KUNIT_EXPECT_EQ(test, (__force u32)got,
			(__force u32)SCST_SENSE(ABORTED_COMMAND, 0x08, 0x00));
	/* The data are not good because the device thinks so. */
	f->sense[2] = RECOVERED_ERROR;
	got = pass_result(&f->cmd, &f->scmd, BLK_STS_IOERR, 100, &resid);
	KUNIT_EXPECT_EQ(test, (__force u32)got,
			(__force u32)SCST_SENSE(ABORTED_COMMAND, 0x08, 0x00));
}

/* What the core has to tell the nexus again if the command is aborted after all */
static void result_attention_test(struct kunit *test)
{
	static const struct {
		u8 asc;
		u8 ascq;
		u8 want;
	} uas[] = {
		{ 0x2a, 0x09, SCST_UA_CAPACITY_CHANGED + 1 },
		{ 0x29, 0x04, SCST_UA_RESET + 1 },
		{ 0x3f, 0x01, SCST_UA_OTHER + 1 },
		{ 0x2a, 0x06, 0 },
	};
	struct pass_fixture *f = test->priv;
	scst_sense_t got;
	unsigned int i;
	u32 resid;

	/* The core's, empty: nobody has reserved it */
	f->dev.pr = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->dev.pr);
	f->scmd.result = SAM_STAT_CHECK_CONDITION;
	f->sense[0] = 0x70;
	f->sense[2] = UNIT_ATTENTION;
	f->sense[7] = 10;
	for (i = 0; i < ARRAY_SIZE(uas); i++) {
		f->sense[12] = uas[i].asc;
		f->sense[13] = uas[i].ascq;
		f->cmd.ua = 0;
		got = pass_result(&f->cmd, &f->scmd, BLK_STS_OK, 0, &resid);
		KUNIT_EXPECT_EQ(test, f->cmd.ua, uas[i].want);
		/* What concerns this host alone no initiator hears of. */
		KUNIT_EXPECT_EQ(test, (__force u32)got,
				(__force u32)(uas[i].want ? SCST_SENSE_DATA : SCST_PENDING));
	}
	/* A command of the copy manager tells nobody. */
	set_bit(SCST_CMD_INTERNAL, &f->cmd.flags);
	f->sense[13] = 0x09;
	f->cmd.ua = 0;
	pass_result(&f->cmd, &f->scmd, BLK_STS_OK, 0, &resid);
	KUNIT_EXPECT_EQ(test, f->cmd.ua, 0);
}

/* Not more than the CDB is about, however large the buffer is */
static void transferred_test(struct kunit *test)
{
	struct pass_fixture *f = test->priv;

	f->cmd.xfer_len = 256;
	pass_set_transferred(&f->cmd, PASS_BUF_LEN);
	KUNIT_EXPECT_EQ(test, f->cmd.resp_data_len, 256);
	pass_set_transferred(&f->cmd, 100);
	KUNIT_EXPECT_EQ(test, f->cmd.resp_data_len, 100);

	f->op.dir = SCST_DATA_WRITE;
	pass_set_transferred(&f->cmd, PASS_BUF_LEN);
	KUNIT_EXPECT_EQ(test, f->cmd.xfer_len, 256);
	pass_set_transferred(&f->cmd, 100);
	KUNIT_EXPECT_EQ(test, f->cmd.xfer_len, 100);
	f->cmd.xfer_len = 0;
	pass_set_transferred(&f->cmd, PASS_BUF_LEN);
	KUNIT_EXPECT_EQ(test, f->cmd.xfer_len, 0);
}

/* ------------------------------------------------------------------------
 * Before a command is sent
 */

/* Blocks of 4096 bytes have become such that only the transport knows of. */
static void block_size_test(struct kunit *test)
{
	struct pass_fixture *f = test->priv;

	f->cdb[0] = WRITE_10;
	f->cdb[8] = 1;
	f->op.dir = SCST_DATA_WRITE;
	sbc_set_capacity(&f->dev, 99, 4096);
	KUNIT_EXPECT_EQ(test, f->dev.block_shift, 12);
	sbc_set_capacity(&f->dev, 99, 520);
	KUNIT_EXPECT_FALSE(test, f->pass.block_size_known);
	KUNIT_EXPECT_EQ(test, (__force u32)scst_decode_rw10(&f->cmd),
			(__force u32)SCST_GOOD);
	/* Else the core refuses it before it comes to pass_parse(). */
	KUNIT_EXPECT_LE(test, f->cmd.xfer_len, f->cmd.bufflen);
	KUNIT_EXPECT_EQ(test, (__force u32)pass_parse(&f->cmd),
			(__force u32)SCST_GOOD);
	KUNIT_EXPECT_EQ(test, f->cmd.xfer_len, f->cmd.bufflen);
	/* A copy has counted on another size. */
	set_bit(SCST_CMD_INTERNAL, &f->cmd.flags);
	KUNIT_EXPECT_EQ(test, (__force u32)pass_parse(&f->cmd),
			(__force u32)SCST_SENSE_MEDIUM_CHANGED);
}

static void pass_set_max_cmd_len(struct kunit *test, unsigned short len)
{
	struct Scsi_Host *shost = kunit_kzalloc(test, sizeof(*shost), GFP_KERNEL);
	struct pass_fixture *f = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, shost);
	shost->max_cmd_len = len;
	f->sdev->host = shost;
}

/* To a device a command is as long as it is, with whatever a transport pads it. */
static void padded_cdb_test(struct kunit *test)
{
	struct pass_fixture *f = test->priv;

	pass_set_max_cmd_len(test, 12);
	f->cdb[0] = READ_10;
	memset(f->cdb + 10, 0x5a, 6);
	f->cmd.cdb_len = 16;
	f->op.cdb_len = 10;
	KUNIT_EXPECT_TRUE(test, pass_cdb_fits(&f->cmd, f->sdev));
	pass_split_cdb(&f->cmd, f->out, 0x12345, 2);
	KUNIT_EXPECT_EQ(test, f->out[10], 0);
	/* A command that the table does not have: its group tells */
	f->op.cdb_len = 0;
	KUNIT_EXPECT_TRUE(test, pass_cdb_fits(&f->cmd, f->sdev));
	/* Nobody knows how long it is. */
	f->cdb[0] = VENDOR_SPECIFIC_CDB;
	KUNIT_EXPECT_FALSE(test, pass_cdb_fits(&f->cmd, f->sdev));
	f->op.cdb_len = 16;
	KUNIT_EXPECT_FALSE(test, pass_cdb_fits(&f->cmd, f->sdev));
}

/* The mid-layer has no room for more. */
static void long_cdb_test(struct kunit *test)
{
	struct pass_fixture *f = test->priv;

	pass_set_max_cmd_len(test, 260);
	f->cdb[0] = VARIABLE_LENGTH_CMD;
	f->cmd.cdb_len = 32;
	KUNIT_EXPECT_TRUE(test, pass_cdb_fits(&f->cmd, f->sdev));
	f->cmd.cdb_len = 36;
	KUNIT_EXPECT_FALSE(test, pass_cdb_fits(&f->cmd, f->sdev));
}

/**
 * struct pass_time - how long a command may take, in seconds
 * @name: what is special
 * @opcode: operation code
 * @handler: what the handler has
 * @row: what its row has
 * @device: what the device has
 * @want: the time
 */
struct pass_time {
	const char *name;
	u8 opcode;
	unsigned int handler;
	unsigned int row;
	unsigned int device;
	unsigned int want;
};

static const struct pass_time pass_times[] = {
	{ "the handler's", READ_10, 30, 0, 30, 30 },
	{ "the device's is less", READ_10, 75, 0, 30, 75 },
	{ "the device's is more", READ_10, 30, 0, 180, 180 },
	{ "a long command", FORMAT_UNIT, 30, 3600, 30, 3600 },
	{ "more than a day", ERASE, 900, 112000, 900, 112000 },
	{ "a long command, more patience", FORMAT_UNIT, 30, 3600, 7200, 7200 },
	{ "flush", SYNCHRONIZE_CACHE, 30, 0, 30, 60 },
	{ "flush, the handler's is more", SYNCHRONIZE_CACHE, 75, 0, 30, 150 },
	{ "flush, the device's is more", SYNCHRONIZE_CACHE_16, 30, 0, 180, 360 },
	{ "flush that is long", SYNCHRONIZE_CACHE, 30, 3600, 30, 3600 },
};

KUNIT_ARRAY_PARAM_DESC(pass_time, pass_times, name);

static void timeout_test(struct kunit *test)
{
	const struct pass_time *c = test->param_value;
	struct pass_fixture *f = test->priv;

	f->handler.timeout = c->handler;
	f->op.timeout = c->row;
	f->cdb[0] = c->opcode;
	KUNIT_EXPECT_EQ(test, pass_timeout(&f->cmd, c->device * HZ),
			c->want * HZ);
}

/* ------------------------------------------------------------------------
 * Parts of a READ or WRITE
 */

/**
 * struct pass_part - the CDB of a part
 * @name: command
 * @len: bytes of the CDB
 * @cdb: that of the command
 * @want: that of 2 blocks from LBA 0x12345 on
 */
struct pass_part {
	const char *name;
	u8 len;
	u8 cdb[32];
	u8 want[32];
};

static const struct pass_part pass_parts[] = {
	{ "READ(6)", 6, { READ_6, 0, 0, 0, 0, 0xc0 },
	  { READ_6, 0x01, 0x23, 0x45, 2, 0xc0 } },
	{ "WRITE(10)", 10, { WRITE_10, 0x18, 0, 0, 0, 0, 0x05, 0xff, 0xff, 0xc0 },
	  { WRITE_10, 0x18, 0, 1, 0x23, 0x45, 0x05, 0, 2, 0xc0 } },
	{ "READ(12)", 12, { READ_12, 0x10, [6] = 0xff, 0xff, 0xff, 0xff },
	  { READ_12, 0x10, 0, 1, 0x23, 0x45, 0, 0, 0, 2 } },
	{ "WRITE(16)", 16, { WRITE_16, 0x08, [10] = 0xff, 0xff, 0xff, 0xff, 0x3f },
	  { WRITE_16, 0x08, [7] = 1, 0x23, 0x45, 0, 0, 0, 2, 0x3f } },
	{ "READ(32)", 32,
	  { VARIABLE_LENGTH_CMD, 0, 0, 0, 0, 0, 0, 24, 0, READ_32, 0x08,
	    [28] = 0xff, 0xff, 0xff, 0xff },
	  { VARIABLE_LENGTH_CMD, 0, 0, 0, 0, 0, 0, 24, 0, READ_32, 0x08,
	    [17] = 1, 0x23, 0x45, [21] = 1, 0x23, 0x45, [31] = 2 } },
};

KUNIT_ARRAY_PARAM_DESC(pass_part, pass_parts, name);

static void split_cdb_test(struct kunit *test)
{
	const struct pass_part *part = test->param_value;
	struct pass_fixture *f = test->priv;

	f->cmd.cdb = part->cdb;
	f->cmd.cdb_len = part->len;
	pass_split_cdb(&f->cmd, f->out, 0x12345, 2);
	KUNIT_EXPECT_MEMEQ(test, f->out, part->want, part->len);
}

/* Others must not see it half done, or it is not the sum of its blocks. */
static void can_split_test(struct kunit *test)
{
	struct pass_fixture *f = test->priv;

	f->cdb[0] = READ_10;
	f->cmd.nblocks = 1;
	f->cmd.xfer_len = PASS_BUF_LEN;
	KUNIT_EXPECT_TRUE(test, pass_can_split(&f->cmd));
	f->cmd.nblocks = 2;
	f->cmd.xfer_len = 1024;
	KUNIT_EXPECT_FALSE(test, pass_can_split(&f->cmd));
	f->cmd.bufflen = 1024;
	KUNIT_EXPECT_TRUE(test, pass_can_split(&f->cmd));
	/* The last block has to have room in the CDB of a part. */
	f->cmd.lba = U32_MAX;
	KUNIT_EXPECT_FALSE(test, pass_can_split(&f->cmd));
	f->cdb[0] = READ_6;
	f->cmd.lba = 0x1ffffe;
	KUNIT_EXPECT_TRUE(test, pass_can_split(&f->cmd));
	f->cmd.lba = 0x1fffff;
	KUNIT_EXPECT_FALSE(test, pass_can_split(&f->cmd));
	f->cdb[0] = READ_16;
	f->cmd.lba = U32_MAX;
	KUNIT_EXPECT_TRUE(test, pass_can_split(&f->cmd));
	f->pass.block_size_known = false;
	KUNIT_EXPECT_FALSE(test, pass_can_split(&f->cmd));
	f->pass.block_size_known = true;
	/* COMPARE AND WRITE has twice the data, WRITE SAME one block of it. */
	f->cmd.xfer_len = 2048;
	f->cmd.bufflen = 2048;
	KUNIT_EXPECT_FALSE(test, pass_can_split(&f->cmd));
	f->cmd.xfer_len = 512;
	f->cmd.bufflen = 512;
	KUNIT_EXPECT_FALSE(test, pass_can_split(&f->cmd));
	f->cmd.xfer_len = 1024;
	f->cmd.bufflen = 1024;
	f->cdb[0] = WRITE_ATOMIC_16;
	KUNIT_EXPECT_FALSE(test, pass_can_split(&f->cmd));
	f->cdb[0] = ORWRITE_16;
	KUNIT_EXPECT_FALSE(test, pass_can_split(&f->cmd));
}

#define PART_LEN	1024
#define PARTS_LEN	(3 * PART_LEN)

/**
 * struct pass_part_end - how a part of a command ended, and what is made of it
 * @name: what is special
 * @at: bytes that those before it have transferred
 * @before: how they ended
 * @result: how it ended
 * @code: response code of its sense data
 * @key: sense key
 * @resid: bytes of it that were not transferred
 * @more: another one is sent
 * @done: bytes of the command that were transferred
 * @want: how the command ends, unless another one is sent
 */
struct pass_part_end {
	const char *name;
	u32 at;
	scst_sense_t before;
	scst_sense_t result;
	u8 code;
	u8 key;
	u32 resid;
	bool more;
	u32 done;
	scst_sense_t want;
};

static const struct pass_part_end pass_part_ends[] = {
	{ "good", .more = true, .done = PART_LEN },
	{ "the last", .at = 2 * PART_LEN, .done = PARTS_LEN },
	{ "short", .at = PART_LEN, .resid = 512, .done = PART_LEN + 512 },
	{ "corrected", .result = SCST_SENSE_DATA, .code = 0x70,
	  .key = RECOVERED_ERROR, .more = true, .done = PART_LEN },
	{ "corrected, descriptors", .result = SCST_SENSE_DATA, .code = 0x72,
	  .key = RECOVERED_ERROR, .more = true, .done = PART_LEN },
	{ "corrected, the last", .at = 2 * PART_LEN, .result = SCST_SENSE_DATA,
	  .code = 0x70, .key = RECOVERED_ERROR, .done = PARTS_LEN,
	  .want = SCST_SENSE_DATA },
	{ "corrected, short", .result = SCST_SENSE_DATA, .code = 0x70,
	  .key = RECOVERED_ERROR, .resid = 512, .done = 512,
	  .want = SCST_SENSE_DATA },
	{ "the last, one before was corrected", .at = 2 * PART_LEN,
	  .before = SCST_SENSE_DATA, .done = PARTS_LEN, .want = SCST_SENSE_DATA },
	{ "short, one before was corrected", .at = PART_LEN,
	  .before = SCST_SENSE_DATA, .resid = PART_LEN, .done = PART_LEN,
	  .want = SCST_SENSE_DATA },
	/* It was not done, as the device has had to tell of something else. */
	{ "corrected, deferred", .at = PART_LEN, .result = SCST_SENSE_DATA,
	  .code = 0x71, .key = RECOVERED_ERROR, .resid = PART_LEN,
	  .done = PART_LEN, .want = SCST_SENSE_DATA },
	{ "deferred, no residual", .result = SCST_SENSE_DATA, .code = 0x73,
	  .key = RECOVERED_ERROR, .done = PART_LEN, .want = SCST_SENSE_DATA },
	{ "medium error", .at = PART_LEN, .result = SCST_SENSE_DATA, .code = 0x70,
	  .key = MEDIUM_ERROR, .resid = 512, .done = PART_LEN + 512,
	  .want = SCST_SENSE_DATA },
	{ "unit attention", .at = PART_LEN, .result = SCST_SENSE_DATA,
	  .code = 0x70, .key = UNIT_ATTENTION, .resid = PART_LEN,
	  .done = PART_LEN, .want = SCST_SENSE_DATA },
	{ "busy", .at = PART_LEN, .result = SCST_BUSY, .resid = PART_LEN,
	  .done = PART_LEN, .want = SCST_BUSY },
	{ "task set full", .at = PART_LEN, .result = SCST_TASK_SET_FULL,
	  .resid = PART_LEN, .done = PART_LEN, .want = SCST_TASK_SET_FULL },
	{ "reservation conflict", .at = PART_LEN,
	  .result = SCST_RESERVATION_CONFLICT, .resid = PART_LEN,
	  .done = PART_LEN, .want = SCST_RESERVATION_CONFLICT },
	{ "conflict, one before was corrected", .at = PART_LEN,
	  .before = SCST_SENSE_DATA, .result = SCST_RESERVATION_CONFLICT,
	  .resid = PART_LEN, .done = PART_LEN,
	  .want = SCST_RESERVATION_CONFLICT },
	{ "time-out", .at = 2 * PART_LEN,
	  .result = SCST_SENSE(ABORTED_COMMAND, 0x08, 0x01), .resid = PART_LEN,
	  .done = 2 * PART_LEN,
	  .want = SCST_SENSE(ABORTED_COMMAND, 0x08, 0x01) },
	{ "the device is gone", .at = PART_LEN,
	  .result = SCST_SENSE_LUN_NOT_SUPPORTED, .resid = PART_LEN,
	  .done = PART_LEN, .want = SCST_SENSE_LUN_NOT_SUPPORTED },
};

KUNIT_ARRAY_PARAM_DESC(pass_part_end, pass_part_ends, name);

static void split_go_on_test(struct kunit *test)
{
	const struct pass_part_end *end = test->param_value;
	struct pass_fixture *f = test->priv;
	struct pass_split split = {
		.cmd	= &f->cmd,
		.at	= end->at,
		.len	= PART_LEN,
		.result	= end->before,
	};
	u8 sense[18] = { end->code };

	f->cmd.bufflen = PARTS_LEN;
	f->cmd.xfer_len = PARTS_LEN;
	if (end->code < 0x72) {
		sense[2] = end->key;
		sense[7] = sizeof(sense) - 8;
	} else {
		sense[1] = end->key;
	}
	scst_cmd_set_sense_data(&f->cmd, sense, sizeof(sense));
	KUNIT_EXPECT_EQ(test, pass_split_go_on(&split, end->result, end->resid),
			end->more);
	KUNIT_EXPECT_EQ(test, split.at, end->done);
	if (end->more)
		return;
	KUNIT_EXPECT_EQ(test, (__force u32)split.result, (__force u32)end->want);

	/* What the initiator is told */
	pass_set_transferred(&f->cmd, split.at);
	KUNIT_EXPECT_EQ(test, f->cmd.resp_data_len, end->done);
	f->op.dir = SCST_DATA_WRITE;
	pass_set_transferred(&f->cmd, split.at);
	KUNIT_EXPECT_EQ(test, f->cmd.xfer_len, end->done);
}

/* Where the difference is in the data of the command, not of the part */
static void split_miscompare_test(struct kunit *test)
{
	static const u8 fixed[] = { 0xf0, [2] = MISCOMPARE, [5] = 0x01, [6] = 0x23, [7] = 10,
				    [12] = 0x1d, [17] = 0 };
	static const u8 desc[] = { 0x72, MISCOMPARE, 0x1d, [7] = 12, [9] = 10, [10] = 0x80,
				   [18] = 0x01, [19] = 0x23 };
	struct pass_fixture *f = test->priv;
	struct pass_split split = {
		.cmd	= &f->cmd,
		.at	= PART_LEN,
		.len	= PART_LEN,
	};
	u64 info;

	f->cmd.bufflen = PARTS_LEN;
	f->cmd.xfer_len = PARTS_LEN;
	scst_cmd_set_sense_data(&f->cmd, fixed, sizeof(fixed));
	KUNIT_EXPECT_FALSE(test, pass_split_go_on(&split, SCST_SENSE_DATA, 0));
	KUNIT_ASSERT_TRUE(test, scsi_get_sense_info_fld(f->cmd.sense, f->cmd.sense_len, &info));
	KUNIT_EXPECT_EQ(test, info, PART_LEN + 0x123);

	split.at = PART_LEN;
	scst_cmd_set_sense_data(&f->cmd, desc, sizeof(desc));
	KUNIT_EXPECT_FALSE(test, pass_split_go_on(&split, SCST_SENSE_DATA, 0));
	KUNIT_ASSERT_TRUE(test, scsi_get_sense_info_fld(f->cmd.sense, f->cmd.sense_len, &info));
	KUNIT_EXPECT_EQ(test, info, PART_LEN + 0x123);

	/* A descriptor that was cut off: nothing is written behind the sense data */
	split.at = PART_LEN;
	f->cmd.sense_len = 12;
	KUNIT_EXPECT_FALSE(test, pass_split_go_on(&split, SCST_SENSE_DATA, 0));
	KUNIT_EXPECT_EQ(test, get_unaligned_be64(f->cmd.sense + 12), PART_LEN + 0x123);
	f->cmd.sense_len = sizeof(desc);

	/* The LBA of a block is what it was */
	split.at = PART_LEN;
	f->cmd.sense[1] = MEDIUM_ERROR;
	KUNIT_EXPECT_FALSE(test, pass_split_go_on(&split, SCST_SENSE_DATA, 0));
	KUNIT_ASSERT_TRUE(test, scsi_get_sense_info_fld(f->cmd.sense, f->cmd.sense_len, &info));
	KUNIT_EXPECT_EQ(test, info, PART_LEN + 0x123);
}

/* ------------------------------------------------------------------------
 * INQUIRY
 */

static void vpd_pages_test(struct kunit *test)
{
	static const u8 pages[] = { 0, 0, 0, 6, 0x00, 0x80, 0x83, 0x88, 0x8f,
				    0xb0 };
	static const u8 want[] = { 0, 0, 0, 4, 0x00, 0x80, 0x83, 0xb0 };
	struct pass_fixture *f = test->priv;
	unsigned int len;

	memcpy(f->buf, pages, sizeof(pages));
	KUNIT_EXPECT_EQ(test, pass_inquiry_pages(f->buf, PASS_BUF_LEN), sizeof(want));
	KUNIT_EXPECT_MEMEQ(test, f->buf, want, sizeof(want));

	/* Cut off anywhere */
	for (len = 0; len < sizeof(pages); len++) {
		memset(f->buf, 0x5a, PASS_BUF_LEN);
		memcpy(f->buf, pages, len);
		KUNIT_EXPECT_LE(test, pass_inquiry_pages(f->buf, len), len);
		KUNIT_EXPECT_EQ(test, f->buf[sizeof(pages)], 0x5a);
	}
}

static void fix_byte_test(struct kunit *test)
{
	struct pass_fixture *f = test->priv;

	memset(f->buf, 0xff, PASS_BUF_LEN);
	f->cmd.resp_data_len = 4;
	pass_fix_byte(&f->cmd, 3, 0x0f, 0x01);
	pass_fix_byte(&f->cmd, 4, 0xff, 0);
	KUNIT_EXPECT_EQ(test, f->buf[3], 0xf1);
	KUNIT_EXPECT_EQ(test, f->buf[4], 0xff);
}

/* ------------------------------------------------------------------------
 * Tables
 */

static scst_sense_t table_exec(struct scst_cmd *cmd)
{
	return SCST_GOOD;
}

static const struct pass_opcode table_rows[] = {
	{ .name = "WRITE(6)", .opcode = WRITE_6, .sa = PASS_NO_SA,
	  .dir = SCST_DATA_WRITE, .moves_data = true, .medium_write = true },
	{ .name = "INQUIRY", .opcode = INQUIRY, .sa = PASS_NO_SA,
	  .dir = SCST_DATA_READ, .exec = table_exec },
	{ .name = "READ(32)", .opcode = VARIABLE_LENGTH_CMD, .sa = READ_32,
	  .dir = SCST_DATA_READ },
};

static const struct pass_table table = {
	.rows	= table_rows,
	.nr	= ARRAY_SIZE(table_rows),
};

static const struct scst_opcode *table_find(struct pass_fixture *f, u8 opcode)
{
	const struct scst_opcode *op = f->handler.type.opcodes;

	while (op->opcode != opcode)
		op++;
	return op;
}

static void table_test(struct kunit *test)
{
	struct pass_fixture *f = test->priv;
	const struct scst_dev_type *type = &f->handler.type;
	const struct scst_opcode *op;
	unsigned int i;

	f->handler.table = &table;
	KUNIT_ASSERT_EQ(test, pass_make_table(&f->handler), 0);
	/* The handler's own INQUIRY is in the place of the common one. */
	KUNIT_EXPECT_EQ(test, type->nr_opcodes,
			table.nr + pass_spc_table.nr - 1);
	KUNIT_EXPECT_TRUE(test, table_find(f, INQUIRY)->exec == table_exec);
	for (i = 1; i < type->nr_opcodes; i++)
		KUNIT_EXPECT_GE(test, type->opcodes[i].opcode,
				type->opcodes[i - 1].opcode);

	/* The device says which bits of a CDB it wants. */
	op = table_find(f, WRITE_6);
	KUNIT_EXPECT_EQ(test, op->cdb_len, 6);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(op->usage + 2), U32_MAX);
	KUNIT_EXPECT_EQ(test, op->usage[6], 0);
	op = table_find(f, VARIABLE_LENGTH_CMD);
	KUNIT_EXPECT_EQ(test, op->cdb_len, 32);
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(op->usage + 8), READ_32);

	KUNIT_EXPECT_TRUE(test, type->any[SCST_DATA_WRITE].medium_write);
	KUNIT_EXPECT_TRUE(test, type->any[SCST_DATA_READ].medium_write);
	pass_free_table(&f->handler);
}

/* A handler that moves no data answers READ and WRITE itself, and nothing else. */
static void table_no_data_test(struct kunit *test)
{
	struct pass_fixture *f = test->priv;
	const struct scst_opcode *op;

	f->handler.table = &table;
	f->handler.no_data = true;
	KUNIT_ASSERT_EQ(test, pass_make_table(&f->handler), 0);
	op = table_find(f, WRITE_6);
	KUNIT_EXPECT_EQ(test, (__force u32)op->exec(&f->cmd),
			(__force u32)SCST_GOOD);
	KUNIT_EXPECT_TRUE(test, table_find(f, TEST_UNIT_READY)->exec ==
				table_find(f, VARIABLE_LENGTH_CMD)->exec);
	pass_free_table(&f->handler);
}

static struct kunit_case pass_test_cases[] = {
	KUNIT_CASE_PARAM(result_test, pass_end_gen_params),
	KUNIT_CASE(result_sense_test),
	KUNIT_CASE(result_error_sense_test),
	KUNIT_CASE(result_attention_test),
	KUNIT_CASE(transferred_test),
	KUNIT_CASE(block_size_test),
	KUNIT_CASE(padded_cdb_test),
	KUNIT_CASE(long_cdb_test),
	KUNIT_CASE_PARAM(timeout_test, pass_time_gen_params),
	KUNIT_CASE_PARAM(split_cdb_test, pass_part_gen_params),
	KUNIT_CASE(can_split_test),
	KUNIT_CASE_PARAM(split_go_on_test, pass_part_end_gen_params),
	KUNIT_CASE(split_miscompare_test),
	KUNIT_CASE(vpd_pages_test),
	KUNIT_CASE(fix_byte_test),
	KUNIT_CASE(table_test),
	KUNIT_CASE(table_no_data_test),
	{}
};

static struct kunit_suite pass_test_suite = {
	.name = "scst_pass",
	.init = pass_test_init,
	.test_cases = pass_test_cases,
};

kunit_test_suites(&pass_test_suite);

MODULE_DESCRIPTION("KUnit tests of the handlers for devices of this host");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_IMPORT_NS(SCST_PASS);
