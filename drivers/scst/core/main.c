// SPDX-License-Identifier: GPL-2.0
/* The root of the tree, and coming and going of the module. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/array_size.h>
#include <linux/init.h>
#include "core.h"

struct workqueue_struct *scst_wq;
struct workqueue_struct *scst_tmf_wq;
struct workqueue_struct *scst_aca_wq;
struct workqueue_struct *scst_task_set_wq;
struct workqueue_struct *scst_copy_wq;
struct workqueue_struct *scst_alua_wq;
struct workqueue_struct *scst_pr_wq;
struct device *scst_root;
struct device *scst_devices_dir;
struct device *scst_targets_dir;

#define SCST_VERSION		"4.0"
#define SETUP_ID_DEFAULT	0

static u32 setup_id = SETUP_ID_DEFAULT;

/*
 * Objects whose release() has not run.  That is code of this module, so its
 * exit waits for them; nobody else does.
 */
static atomic_t nr_objects = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(objects_wait);

void scst_object_get(void)
{
	atomic_inc(&nr_objects);
}

void scst_object_put(void)
{
	/* scst_remove_tree() waits for this section too. */
	guard(rcu)();
	if (atomic_dec_and_test(&nr_objects))
		wake_up_all(&objects_wait);
}

/**
 * scst_setup_id - number of this system
 *
 * Default identifiers of units are made from it, so that systems whose units
 * have the same names can be told apart.
 *
 * Context: any.
 * Return: the attribute setup_id.
 */
u32 scst_setup_id(void)
{
	return READ_ONCE(setup_id);
}
EXPORT_SYMBOL_GPL(scst_setup_id);

static ssize_t version_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%s\n", SCST_VERSION);
}
static DEVICE_ATTR_RO(version);

static ssize_t setup_id_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "0x%x\n", scst_setup_id());
}

static ssize_t setup_id_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	u32 id;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = kstrtou32(buf, 0, &id);
	if (ret) {
		dev_err(dev, "setup_id: not a 32 bit number\n");
		return ret;
	}
	WRITE_ONCE(setup_id, id);
	return count;
}
static DEVICE_ATTR_RW(setup_id);

static ssize_t key_attributes_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	if (scst_setup_id() == SETUP_ID_DEFAULT)
		return 0;
	return sysfs_emit(buf, "setup_id\n");
}
static DEVICE_ATTR_RO(key_attributes);

static struct attribute *root_attrs[] = {
	&dev_attr_version.attr,
	&dev_attr_setup_id.attr,
	&dev_attr_key_attributes.attr,
	NULL
};
ATTRIBUTE_GROUPS(root);

/* When this returns no code of this module runs for any object. */
static void scst_remove_tree(void)
{
	scst_sgv_remove_dir();
	scst_alua_remove_dir();
	scst_remove_dir(scst_targets_dir);
	scst_remove_dir(scst_devices_dir);
	scst_remove_dir(scst_root);
	wait_event(objects_wait, !atomic_read(&nr_objects));
	synchronize_rcu();
}

static int __init scst_create_tree(void)
{
	scst_root = scst_create_dir(NULL, "scst", root_groups, NULL);
	if (IS_ERR(scst_root))
		return PTR_ERR(scst_root);
	scst_devices_dir = scst_create_dir(scst_root, "devices", NULL, NULL);
	if (IS_ERR(scst_devices_dir))
		return PTR_ERR(scst_devices_dir);
	scst_targets_dir = scst_create_dir(scst_root, "targets", NULL, NULL);
	if (IS_ERR(scst_targets_dir))
		return PTR_ERR(scst_targets_dir);
	return scst_alua_create_dir() ?: scst_sgv_create_dir();
}

/*
 * Commands that free memory depend on all of these, hence the rescuers.  A work
 * item that waits is in another queue than what it waits for, and any number of
 * them may wait at a time.
 */
static const struct {
	struct workqueue_struct **wq;
	const char *name;
	int max_active;
} scst_queues[] = {
	{ &scst_wq, "scst", 0 },
	{ &scst_tmf_wq, "scst_tmf", WQ_MAX_ACTIVE },
	/* Task management waits for commands that fail. */
	{ &scst_aca_wq, "scst_aca", WQ_MAX_ACTIVE },
	/* It waits for commands that may want a CLEAR ACA. */
	{ &scst_task_set_wq, "scst_task_set", WQ_MAX_ACTIVE },
	/* It does not wait for I/O; a session waits for it to end. */
	{ &scst_copy_wq, "scst_copy", 0 },
	/* Sends uevents, for which it may have to wait. */
	{ &scst_alua_wq, "scst_alua", 0 },
	/* Files may be on disks whose initiators want something here too. */
	{ &scst_pr_wq, "scst_pr", WQ_MAX_ACTIVE },
};

static void scst_destroy_queues(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scst_queues); i++)
		if (*scst_queues[i].wq)
			destroy_workqueue(*scst_queues[i].wq);
}

static int scst_create_queues(void)
{
	struct workqueue_struct *wq;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scst_queues); i++) {
		wq = alloc_workqueue("%s", WQ_MEM_RECLAIM | WQ_UNBOUND,
				     scst_queues[i].max_active,
				     scst_queues[i].name);
		if (!wq)
			return -ENOMEM;
		*scst_queues[i].wq = wq;
	}
	return 0;
}

static int __init scst_init(void)
{
	int ret;

	ret = scst_create_queues();
	if (ret)
		goto destroy_queues;
	ret = scst_sgv_init();
	if (ret)
		goto destroy_queues;
	ret = scst_opcode_init();
	if (ret)
		goto exit_sgv;
	ret = scst_create_tree();
	if (ret)
		goto remove_tree;
	scst_inject_init();
	ret = scst_dev_bus_register();
	if (ret)
		goto remove_tree;
	ret = scst_port_bus_register();
	if (ret)
		goto unregister_dev_bus;
	return 0;

unregister_dev_bus:
	scst_dev_bus_unregister();
remove_tree:
	scst_inject_exit();
	scst_remove_tree();
	scst_opcode_exit();
exit_sgv:
	scst_sgv_exit();
destroy_queues:
	scst_destroy_queues();
	return ret;
}
module_init(scst_init);

static void __exit scst_exit(void)
{
	scst_port_bus_unregister();
	scst_dev_bus_unregister();
	scst_inject_exit();
	scst_remove_tree();
	scst_opcode_exit();
	scst_sgv_exit();
	/* LUN maps that were replaced come to a queue. */
	rcu_barrier();
	scst_destroy_queues();
}
module_exit(scst_exit);

MODULE_DESCRIPTION("SCSI target subsystem");
MODULE_LICENSE("GPL");
