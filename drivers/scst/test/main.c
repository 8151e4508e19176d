// SPDX-License-Identifier: GPL-2.0
/* What a test of the core needs at both ends; see test.h. */

#include <kunit/visibility.h>
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/module.h>
#include "test.h"

wait_queue_head_t test_waitq = __WAIT_QUEUE_HEAD_INITIALIZER(test_waitq);
EXPORT_SYMBOL_IF_KUNIT(test_waitq);
struct workqueue_struct *test_wq;
struct dentry *test_debugfs;

static atomic_t test_seq = ATOMIC_INIT(0);

/**
 * test_event - something happened
 * @seq: set to its number, from 1 on, in the order of events
 *
 * What the caller wrote before is there for who reads @seq with
 * smp_load_acquire().  Wakes those that wait in test_waitq.
 *
 * Context: any.
 */
void test_event(int *seq)
{
	/* Pairs with those who wait for a number. */
	smp_store_release(seq, atomic_inc_return(&test_seq));
	wake_up_all(&test_waitq);
}
EXPORT_SYMBOL_IF_KUNIT(test_event);

static int __init test_init(void)
{
	int ret;

	test_wq = alloc_workqueue("scst_test", 0, 0);
	if (!test_wq)
		return -ENOMEM;
	test_debugfs = debugfs_create_dir("scst_test", NULL);
	ret = test_handler_init();
	if (ret)
		goto remove;
	ret = test_target_init();
	if (ret)
		goto exit_handler;
	return 0;

exit_handler:
	test_handler_exit();
remove:
	debugfs_remove(test_debugfs);
	destroy_workqueue(test_wq);
	return ret;
}
module_init(test_init);

static void __exit test_exit(void)
{
	/* First the nexuses, as they have commands of the handler's units */
	test_target_exit();
	test_handler_exit();
	debugfs_remove(test_debugfs);
	destroy_workqueue(test_wq);
}
module_exit(test_exit);

MODULE_DESCRIPTION("SCSI target subsystem: a dev handler and a target driver for tests");
MODULE_LICENSE("GPL");
