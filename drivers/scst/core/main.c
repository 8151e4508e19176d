// SPDX-License-Identifier: GPL-2.0
/* The root of the tree, and coming and going of the module. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include "core.h"

struct workqueue_struct *scst_wq;
struct workqueue_struct *scst_tmf_wq;
struct workqueue_struct *scst_aca_wq;
struct workqueue_struct *scst_copy_wq;
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
	return scst_sgv_create_dir();
}

static int __init scst_init(void)
{
	int ret = -ENOMEM;

	/* Commands that free memory wait in gates: forward progress. */
	scst_wq = alloc_workqueue("scst", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!scst_wq)
		return ret;
	/* One that waits for a slow unit must not keep those of others. */
	scst_tmf_wq = alloc_workqueue("scst_tmf", WQ_MEM_RECLAIM | WQ_UNBOUND,
				      WQ_MAX_ACTIVE);
	if (!scst_tmf_wq)
		goto destroy_wq;
	/* Task management waits for commands that fail. */
	scst_aca_wq = alloc_workqueue("scst_aca", WQ_MEM_RECLAIM | WQ_UNBOUND,
				      WQ_MAX_ACTIVE);
	if (!scst_aca_wq)
		goto destroy_tmf_wq;

	/* It does not wait for I/O; a session waits for it to end. */
	scst_copy_wq = alloc_workqueue("scst_copy",
				       WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!scst_copy_wq)
		goto destroy_aca_wq;

	ret = scst_sgv_init();
	if (ret)
		goto destroy_copy_wq;
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
destroy_copy_wq:
	destroy_workqueue(scst_copy_wq);
destroy_aca_wq:
	destroy_workqueue(scst_aca_wq);
destroy_tmf_wq:
	destroy_workqueue(scst_tmf_wq);
destroy_wq:
	destroy_workqueue(scst_wq);
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
	destroy_workqueue(scst_copy_wq);
	destroy_workqueue(scst_aca_wq);
	destroy_workqueue(scst_tmf_wq);
	destroy_workqueue(scst_wq);
}
module_exit(scst_exit);

MODULE_DESCRIPTION("SCSI target subsystem");
MODULE_LICENSE("GPL");
