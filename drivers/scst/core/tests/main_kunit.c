// SPDX-License-Identifier: GPL-2.0
/* The KUnit tests of the core are one module; what its suites share. */

#include <kunit/test.h>
#include <linux/scatterlist.h>
#include <linux/string.h>
#include "fixture.h"

static scst_sense_t inquiry_exec(struct scst_cmd *cmd)
{
	return SCST_GOOD;
}

static const struct scst_opcode fixture_opcodes[] = {
	{
		.name		= "INQUIRY",
		.opcode		= INQUIRY,
		.cdb_len	= 6,
		.dir		= SCST_DATA_READ,
		.usage		= { INQUIRY, 0x01, 0xff, 0xff, 0xff, 0x04 },
		.timeout	= 30,
		.decode		= scst_decode_len_be16_3,
		.exec		= inquiry_exec,
	},
};

/* The init() of suites that send commands: test->priv is the fixture. */
int scst_fixture_init(struct kunit *test)
{
	struct scst_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;

	f->type.driver.name = "kunit";
	f->dev.type = &f->type;
	f->dev.block_size = 512;
	f->dev.block_shift = 9;
	f->dev.online = true;
	spin_lock_init(&f->dev.tgt_dev_lock);
	INIT_LIST_HEAD(&f->dev.tgt_devs);
	INIT_LIST_HEAD(&f->dev.parked);
	f->tgt.tgtt = &f->tgtt;
	f->sess.tgt = &f->tgt;
	f->sess.initiator_name = "kunit";
	xa_init(&f->map.luns);
	RCU_INIT_POINTER(f->sess.map, &f->map);
	spin_lock_init(&f->sess.copy_lock);
	INIT_LIST_HEAD(&f->sess.copy_ids);
	f->td.sess = &f->sess;
	f->td.dev = &f->dev;
	f->td.acg_dev = &f->acg_dev;
	return scst_fixture_set_opcodes(f, fixture_opcodes,
				   ARRAY_SIZE(fixture_opcodes));
}

void scst_fixture_exit(struct kunit *test)
{
	struct scst_fixture *f = test->priv;

	if (!f)
		return;
	xa_destroy(&f->map.luns);
	scst_opcode_index_exit(&f->type);
}

int scst_fixture_set_opcodes(struct scst_fixture *f,
			     const struct scst_opcode *rows, unsigned int nr)
{
	scst_opcode_index_exit(&f->type);
	f->type.opcodes = rows;
	f->type.nr_opcodes = nr;
	return scst_opcode_index_init(&f->type);
}

/*
 * A new command.  The memory of its CDB has just @len bytes, so that KASAN sees
 * who reads more.
 */
struct scst_cmd *scst_fixture_cmd(struct kunit *test, const u8 *cdb,
				  unsigned int len)
{
	struct scst_fixture *f = test->priv;
	struct scst_cmd *cmd = &f->cmd;
	u8 *copy = kunit_kzalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, cdb, len);

	memset(cmd, 0, sizeof(*cmd));
	cmd->sess = &f->sess;
	cmd->tgt_dev = &f->td;
	cmd->dev = &f->dev;
	cmd->cdb = copy;
	cmd->cdb_len = len;
	return cmd;
}

/* Send the fixture's command to a LUN that does not exist. */
void scst_fixture_no_lun(struct kunit *test)
{
	struct scst_fixture *f = test->priv;

	f->cmd.tgt_dev = NULL;
	f->cmd.dev = NULL;
}

void scst_fixture_set_buf(struct kunit *test, enum scst_data_direction dir,
			  u32 len)
{
	struct scst_fixture *f = test->priv;

	KUNIT_ASSERT_LE(test, len, sizeof(f->buf));
	memset(f->buf, FIXTURE_POISON, sizeof(f->buf));
	sg_init_one(&f->sg, f->buf, sizeof(f->buf));
	scst_cmd_set_sg(&f->cmd, dir, &f->sg, 1, len);
}

/* Execute the fixture's command, whose CDB is right. */
scst_sense_t scst_fixture_exec(struct kunit *test)
{
	struct scst_fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, scst_cmd_parse(&f->cmd) == SCST_GOOD);
	return f->cmd.op->exec(&f->cmd);
}

/* The command's data-in is the @len bytes of @want and nothing else. */
void scst_fixture_expect_data(struct kunit *test, const void *want, u32 len)
{
	struct scst_fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, f->cmd.resp_data_len, len);
	KUNIT_EXPECT_MEMEQ(test, f->buf, want, len);
	KUNIT_EXPECT_NULL(test, memchr_inv(f->buf + len, FIXTURE_POISON,
					   sizeof(f->buf) - len));
}

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit tests of the SCSI target subsystem");
MODULE_LICENSE("GPL");
