/* SPDX-License-Identifier: GPL-2.0 */
/* A logical unit behind a nexus, without devices, to send one command to. */
#ifndef _SCST_KUNIT_FIXTURE_H
#define _SCST_KUNIT_FIXTURE_H

#include <kunit/test.h>
#include "../core.h"

/* What a data buffer holds before the command */
#define FIXTURE_POISON		0xa5

/**
 * struct scst_fixture - everything a command points to
 * @type: handler with just an INQUIRY row; a test may set another table before
 *	scst_fixture_set_opcodes()
 * @dev: logical unit of 512 byte blocks, online
 * @tgtt: target driver, without callbacks
 * @tgt: target port
 * @sess: I_T nexus
 * @map: its LUNs, none
 * @acg_dev: LUN 0
 * @td: I_T_L nexus for it
 * @cmd: command
 * @sg: its buffer
 * @buf: memory of it
 */
struct scst_fixture {
	struct scst_dev_type type;
	struct scst_device dev;
	struct scst_tgt_template tgtt;
	struct scst_tgt tgt;
	struct scst_session sess;
	struct scst_lun_map map;
	struct scst_acg_dev acg_dev;
	struct scst_tgt_dev td;
	struct scst_cmd cmd;
	struct scatterlist sg;
	u8 buf[1024];
};

int scst_fixture_init(struct kunit *test);
void scst_fixture_exit(struct kunit *test);
int scst_fixture_set_opcodes(struct scst_fixture *f,
			     const struct scst_opcode *rows, unsigned int nr);
struct scst_cmd *scst_fixture_cmd(struct kunit *test, const u8 *cdb,
				  unsigned int len);
void scst_fixture_no_lun(struct kunit *test);
void scst_fixture_set_buf(struct kunit *test, enum scst_data_direction dir,
			  u32 len);
scst_sense_t scst_fixture_exec(struct kunit *test);
void scst_fixture_expect_data(struct kunit *test, const void *want, u32 len);

#endif /* _SCST_KUNIT_FIXTURE_H */
