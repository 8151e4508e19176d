/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit suites of the command path share: a logical unit, a target
 * and two I_T nexuses, and what a test says about its commands.
 */
#ifndef _SCST_TEST_KIT_KUNIT_H
#define _SCST_TEST_KIT_KUNIT_H

#include <kunit/test.h>
#include <linux/completion.h>
#include "test.h"

/* What has to happen does within this time, on an emulated CPU too. */
#define KIT_TIMEOUT_MS		10000
/* What must not happen has this time to do so. */
#define KIT_GRACE_MS		40

#define KIT_HANDLER_DIR	"/sys/bus/scsi_tgt_dev/drivers/test_handler"
#define KIT_DRIVER_DIR	"/sys/bus/scsi_tgt_port/drivers/test_target"

#define KIT_MAX_REQS		128
#define KIT_MAX_TASKS		4
#define KIT_NR_NEXUSES		2
#define KIT_NR_LUNS		2

/* Short names of the task attributes, for tests that have many */
#define SIMPLE			SCST_CMD_QUEUE_SIMPLE
#define ORDERED			SCST_CMD_QUEUE_ORDERED
#define HEAD			SCST_CMD_QUEUE_HEAD_OF_QUEUE

/**
 * struct kit - what a test works with
 * @test: test
 * @name: of the unit and of the target, see kit_name()
 * @units: one for each LUN, the second if a test wants it; their commands are
 *	held in exec()
 * @tt: target
 * @ts: I_T nexuses
 * @reqs: what the test submitted
 * @nr_reqs: entries of @reqs
 * @next_tag: no tag is used twice
 * @tasks: what the test started
 * @nr_tasks: entries of @tasks
 */
struct kit {
	struct kunit *test;
	char name[24];
	struct test_unit *units[KIT_NR_LUNS];
	struct test_tgt *tt;
	struct test_sess *ts[KIT_NR_NEXUSES];
	struct test_req *reqs[KIT_MAX_REQS];
	unsigned int nr_reqs;
	u64 next_tag;
	struct kit_task *tasks[KIT_MAX_TASKS];
	unsigned int nr_tasks;
};

/**
 * struct kit_task - something that waits, in a work item
 * @work: runs @fn
 * @kit: kit
 * @fn: what waits
 * @path: for kit_write_file()
 * @data: for kit_write_file()
 * @ts: for test_del_session()
 * @nexus: for test_add_session()
 * @ret: what it returned
 * @suspended: when the unit was suspended, see test_event()
 * @seq: when it returned, see test_event()
 * @done: it returned
 */
struct kit_task {
	struct work_struct work;
	struct kit *kit;
	void (*fn)(struct kit_task *task);
	char path[128];
	char data[64];
	struct test_sess *ts;
	int nexus;
	int ret;
	int suspended;
	int seq;
	struct completion done;
};

int kit_read_file(const char *path, char *data, size_t size);
int kit_write_file(const char *path, const char *data);
int kit_write_luns(struct kit *kit, const char *file, const char *data);
int kit_init(struct kunit *test);
void kit_exit(struct kunit *test);
struct kit *kit_setup(struct kunit *test, bool tst);
void kit_second_unit(struct kit *kit);
void kit_let_go(struct kit *kit);
void kit_clear_uas(struct kit *kit);

/* What initiators send; all go to LUN 0 unless a parameter says otherwise. */
struct test_req *kit_submit(struct kit *kit, int nexus, struct test_params *p);
struct test_req *kit_read(struct kit *kit, int nexus, int queue_type);
struct test_req *kit_read_lun(struct kit *kit, int nexus, int queue_type,
			      u64 lun);
struct test_req *kit_write(struct kit *kit, int nexus, int queue_type,
			   enum test_data data);
struct test_req *kit_exclusive(struct kit *kit, int nexus, int queue_type);
struct test_req *kit_tmf_lun(struct kit *kit, int nexus, enum scst_tmf_fn fn,
			     struct test_req *victim, u64 lun);
struct test_req *kit_tmf(struct kit *kit, int nexus, enum scst_tmf_fn fn,
			 struct test_req *victim);
void kit_deliver(struct kit *kit, struct test_req *req, int error);
void kit_release(struct kit *kit, struct test_req *req);

/* What is to be seen */
void kit_executes(struct kit *kit, struct test_req *req);
void kit_is_in(struct kit *kit, struct test_req *req,
	       enum scst_cmd_state state);
void kit_is_marked(struct kit *kit, struct test_req *req);
void kit_waits(struct kit *kit, struct test_req *req);
void kit_runs(struct kit *kit, struct test_req *req);
void kit_ends(struct kit *kit, struct test_req *req);
void kit_ends_good(struct kit *kit, struct test_req *req);
void kit_ends_sense(struct kit *kit, struct test_req *req, u8 key, u8 asc,
		    u8 ascq);
void kit_completes(struct kit *kit, struct test_req *req);
void kit_tmf_ends(struct kit *kit, struct test_req *tmf,
		  enum scst_tmf_status status);
void kit_has_ua(struct kit *kit, int nexus, u8 asc, u8 ascq);
bool kit_was_executed(struct kit *kit, struct test_req *req);

/* Things that wait */
struct kit_task *kit_start_write(struct kit *kit, const char *path,
				 const char *data);
struct kit_task *kit_start_bind(struct kit *kit, const char *file);
struct kit_task *kit_start_del_lun(struct kit *kit, u64 lun);
struct kit_task *kit_start_del_session(struct kit *kit, int nexus);
struct kit_task *kit_start_add_session(struct kit *kit, int nexus);
struct kit_task *kit_start_suspend(struct kit *kit);
void kit_task_waits(struct kit *kit, struct kit_task *task);
void kit_task_ends(struct kit *kit, struct kit_task *task);

#endif /* _SCST_TEST_KIT_KUNIT_H */
