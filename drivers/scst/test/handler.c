// SPDX-License-Identifier: GPL-2.0
/*
 * The dev handler test_handler: commands stay in exec() until they are told to
 * end, in any order, in any context, with any result.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/unaligned.h>
#include "test.h"

#define RAM_SIZE	(TEST_NR_BLOCKS << TEST_BLOCK_SHIFT)

static DEFINE_MUTEX(units_mutex);	/* protects the list */
static LIST_HEAD(units);
static struct dentry *units_dir;

/**
 * struct test_exec - a command in exec(), in scst_cmd.priv
 * @cmd: command
 * @entry: in test_unit.held or test_unit.to_end
 * @due: when test_unit.timer ends it, in jiffies, if @timed
 * @timed: see @due
 * @result: what it ends with
 */
struct test_exec {
	struct scst_cmd *cmd;
	struct list_head entry;
	unsigned long due;
	bool timed;
	scst_sense_t result;
};

static_assert(sizeof(struct test_exec) <= SCST_CMD_PRIV_SIZE);

static struct test_exec *to_test_exec(struct scst_cmd *cmd)
{
	return (struct test_exec *)cmd->priv;
}

/* ------------------------------------------------------------------------
 * Ending commands
 */

static void exec_transfer(struct test_unit *unit, struct scst_cmd *cmd)
{
	void *ram = unit->ram + (cmd->lba << TEST_BLOCK_SHIFT);
	size_t len = min_t(u64, cmd->xfer_len, cmd->bufflen);

	if (cmd->op->opcode == READ_10)
		sg_copy_from_buffer(cmd->sg, cmd->sg_cnt, ram, len);
	else if (cmd->op->opcode == WRITE_10)
		sg_copy_to_buffer(cmd->sg, cmd->sg_cnt, ram, len);
}

/* @x is in no list any more.  Returns the result. */
static scst_sense_t exec_end(struct test_unit *unit, struct test_exec *x)
{
	struct scst_cmd *cmd = x->cmd;

	if (x->result == SCST_GOOD)
		exec_transfer(unit, cmd);
	guard(spinlock_irqsave)(&unit->lock);
	unit->nr_inside--;
	if (cmd->op->exclusive)
		unit->nr_exclusive--;
	return x->result;
}

static void exec_done(struct test_unit *unit, struct test_exec *x)
{
	scst_sense_t result = exec_end(unit, x);

	scst_cmd_done(x->cmd, result);
}

static void unit_end_all(struct test_unit *unit)
{
	struct test_exec *x, *next;
	LIST_HEAD(list);

	scoped_guard(spinlock_irqsave, &unit->lock)
		list_splice_init(&unit->to_end, &list);
	list_for_each_entry_safe(x, next, &list, entry)
		exec_done(unit, x);
}

static void unit_irq_work(struct irq_work *work)
{
	unit_end_all(container_of(work, struct test_unit, irq_work));
}

/* Ends commands whose time has come, and is there for those that are left. */
static void unit_timer(struct timer_list *timer)
{
	struct test_unit *unit = from_timer(unit, timer, timer);
	struct test_exec *x, *next;
	unsigned long due = 0;
	bool more = false;

	scoped_guard(spinlock_irqsave, &unit->lock) {
		list_for_each_entry_safe(x, next, &unit->held, entry) {
			if (!x->timed)
				continue;
			if (time_after_eq(jiffies, x->due)) {
				list_move_tail(&x->entry, &unit->to_end);
			} else if (!more || time_before(x->due, due)) {
				due = x->due;
				more = true;
			}
		}
		if (more)
			mod_timer(timer, due);
	}
	unit_end_all(unit);
}

/* End the command, which is in no list, in the context that was asked for. */
static void exec_release(struct test_unit *unit, struct test_exec *x)
{
	u8 ctx = READ_ONCE(unit->ctx);

	if (ctx == TEST_CTX_PROCESS) {
		exec_done(unit, x);
		return;
	}
	scoped_guard(spinlock_irqsave, &unit->lock)
		list_add_tail(&x->entry, &unit->to_end);
	if (ctx == TEST_CTX_HARDIRQ)
		irq_work_queue(&unit->irq_work);
	else
		mod_timer(&unit->timer, jiffies);
}

static struct test_exec *unit_take_held(struct test_unit *unit, bool any,
					u64 tag)
{
	struct test_exec *x;

	guard(spinlock_irqsave)(&unit->lock);
	list_for_each_entry(x, &unit->held, entry) {
		if (any || x->cmd->tag == tag) {
			list_del(&x->entry);
			return x;
		}
	}
	return NULL;
}

/**
 * test_release - end a command that is held
 * @unit: unit
 * @tag: the command's
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOENT.
 */
int test_release(struct test_unit *unit, u64 tag)
{
	struct test_exec *x = unit_take_held(unit, false, tag);

	if (!x)
		return -ENOENT;
	exec_release(unit, x);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(test_release);

/**
 * test_release_all - end all commands that are held
 * @unit: unit
 *
 * Context: process context, may sleep.
 */
void test_release_all(struct test_unit *unit)
{
	struct test_exec *x;

	while ((x = unit_take_held(unit, true, 0)))
		exec_release(unit, x);
}
EXPORT_SYMBOL_IF_KUNIT(test_release_all);

/**
 * test_is_held - is a command in exec()?
 * @unit: unit
 * @tag: the command's
 *
 * Context: any.
 * Return: true when test_release() would find it.
 */
bool test_is_held(struct test_unit *unit, u64 tag)
{
	struct test_exec *x;

	guard(spinlock_irqsave)(&unit->lock);
	list_for_each_entry(x, &unit->held, entry)
		if (x->cmd->tag == tag)
			return true;
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(test_is_held);

/* ------------------------------------------------------------------------
 * Executing commands
 */

static void unit_log(struct test_unit *unit, struct scst_cmd *cmd)
{
	struct test_log_entry *entry;

	lockdep_assert_held(&unit->lock);

	if (unit->nr_executed < TEST_MAX_LOG) {
		entry = &unit->log[unit->nr_executed];
		entry->tag = cmd->tag;
		entry->sess_id = cmd->sess->id;
		test_event(&entry->seq);
	}
	unit->nr_executed++;
	unit->nr_started++;
}

static void exec_begin(struct test_unit *unit, struct scst_cmd *cmd)
{
	bool exclusive = cmd->op->exclusive;

	lockdep_assert_held(&unit->lock);

	unit_log(unit, cmd);
	if (!unit->attached || unit->nr_exclusive ||
	    (exclusive && unit->nr_inside))
		unit->violations++;
	unit->nr_inside++;
	if (exclusive)
		unit->nr_exclusive++;
}

static scst_sense_t test_exec(struct scst_cmd *cmd)
{
	struct test_unit *unit = cmd->dev->priv;
	struct test_exec *x = to_test_exec(cmd);
	u32 delay_ms = READ_ONCE(unit->delay_ms);

	x->cmd = cmd;
	x->result = SCST_GOOD;
	x->timed = false;

	scoped_guard(spinlock_irqsave, &unit->lock) {
		exec_begin(unit, cmd);
		if (unit->nr_fail) {
			unit->nr_fail--;
			x->result = unit->fail;
		}
		if (unit->hold) {
			list_add_tail(&x->entry, &unit->held);
			return SCST_PENDING;
		}
		if (delay_ms) {
			x->timed = true;
			x->due = jiffies + msecs_to_jiffies(delay_ms);
			list_add_tail(&x->entry, &unit->held);
			timer_reduce(&unit->timer, x->due);
			return SCST_PENDING;
		}
	}

	if (unit->ctx == TEST_CTX_PROCESS)
		return exec_end(unit, x);
	exec_release(unit, x);
	return SCST_PENDING;
}

/* SPC-6 6.7.2: the least that a standard INQUIRY may return */
static scst_sense_t test_exec_inquiry(struct scst_cmd *cmd)
{
	static const u8 data[36] = {
		[0] = TYPE_DISK,
		[2] = 0x06,		/* VERSION: SPC-4 */
		[3] = 0x32,		/* NORMACA, HISUP, RESPONSE DATA FORMAT */
		[4] = sizeof(data) - 5,
		[7] = 0x02,		/* CMDQUE */
		[8 ... 35] = ' ',
	};

	if (cmd->cdb[1] & 1)
		return scst_cmd_cdb_error(cmd, 1, 0);
	scst_cmd_data_in(cmd, data, sizeof(data));
	return SCST_GOOD;
}

static const struct scst_opcode test_opcodes[] = {
	{
		.name = "INQUIRY",
		.opcode = INQUIRY,
		.cdb_len = 6,
		.dir = SCST_DATA_READ,
		.access = SCST_ACCESS_ANY,
		.reserve = SCST_RESERVE_ALWAYS,
		.skip_ua = true,
		.offline = true,
		.usage = { INQUIRY, 0x01, 0xff, 0xff, 0xff,
			   SCST_CDB_CONTROL_NACA },
		.decode = scst_decode_len_be16_3,
		.exec = test_exec_inquiry,
	}, {
		.name = "READ(10)",
		.opcode = READ_10,
		.cdb_len = 10,
		.dir = SCST_DATA_READ,
		.range = SCST_RANGE_READ,
		.reserve = SCST_RESERVE_READ,
		.usage = { READ_10, 0x00, 0xff, 0xff, 0xff, 0xff,
			   0x00, 0xff, 0xff, SCST_CDB_CONTROL_NACA },
		.decode = scst_decode_rw10,
		.exec = test_exec,
	}, {
		.name = "WRITE(10)",
		.opcode = WRITE_10,
		.cdb_len = 10,
		.dir = SCST_DATA_WRITE,
		.range = SCST_RANGE_WRITE,
		.medium_write = true,
		.usage = { WRITE_10, 0x00, 0xff, 0xff, 0xff, 0xff,
			   0x00, 0xff, 0xff, SCST_CDB_CONTROL_NACA },
		.decode = scst_decode_rw10,
		.exec = test_exec,
	}, {
		.name = "ORWRITE(16)",
		.opcode = ORWRITE_16,
		.cdb_len = 16,
		.dir = SCST_DATA_WRITE,
		.range = SCST_RANGE_WRITE,
		.atomic = true,
		.medium_write = true,
		.usage = { ORWRITE_16, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00,
			   SCST_CDB_CONTROL_NACA },
		.decode = scst_decode_rw16,
		.exec = test_exec,
	}, {
		.name = "TEST EXCLUSIVE",
		.opcode = TEST_OP_EXCLUSIVE,
		.cdb_len = 6,
		.dir = SCST_DATA_NONE,
		.exclusive = true,
		.usage = { TEST_OP_EXCLUSIVE, [5] = SCST_CDB_CONTROL_NACA },
		.exec = test_exec,
	}, {
		.name = "TEST SHARED",
		.opcode = TEST_OP_SHARED,
		.cdb_len = 6,
		.dir = SCST_DATA_NONE,
		.usage = { TEST_OP_SHARED, [5] = SCST_CDB_CONTROL_NACA },
		.exec = test_exec,
	}, {
		.name = "TEST WRITE ANY",
		.opcode = TEST_OP_WRITE_ANY,
		.cdb_len = 6,
		.dir = SCST_DATA_NONE,
		.range = SCST_RANGE_WRITE_ANY,
		.usage = { TEST_OP_WRITE_ANY, [5] = SCST_CDB_CONTROL_NACA },
		.exec = test_exec,
	},
};

static scst_sense_t test_parse(struct scst_cmd *cmd)
{
	const struct test_unit *unit = cmd->dev->priv;

	if (cmd->lba > TEST_NR_BLOCKS || cmd->nblocks > TEST_NR_BLOCKS - cmd->lba)
		return SCST_SENSE_LBA_OUT_OF_RANGE;
	return READ_ONCE(unit->refuse);
}

static void test_dev_done(struct scst_cmd *cmd)
{
	struct test_unit *unit = cmd->dev->priv;

	if (cmd->op->exec != test_exec)
		return;
	guard(spinlock_irqsave)(&unit->lock);
	unit->nr_done++;
}

/* ------------------------------------------------------------------------
 * What happened
 */

/**
 * test_executed_seq - when did a command reach exec()?
 * @unit: unit
 * @tag: the command's
 *
 * Context: any.
 * Return: when, see test_event(); 0 if it did not since the log was cleared.
 */
int test_executed_seq(struct test_unit *unit, u64 tag)
{
	unsigned int i;

	guard(spinlock_irqsave)(&unit->lock);
	for (i = 0; i < min(unit->nr_executed, TEST_MAX_LOG); i++)
		if (unit->log[i].tag == tag)
			return unit->log[i].seq;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(test_executed_seq);

/**
 * test_clear_log - forget which commands reached exec()
 * @unit: unit
 *
 * Context: any.
 */
void test_clear_log(struct test_unit *unit)
{
	guard(spinlock_irqsave)(&unit->lock);
	unit->nr_executed = 0;
}
EXPORT_SYMBOL_IF_KUNIT(test_clear_log);

/* ------------------------------------------------------------------------
 * debugfs
 */

static int executing_show(struct seq_file *s, void *unused)
{
	struct test_unit *unit = s->private;
	struct test_exec *x;

	guard(spinlock_irqsave)(&unit->lock);
	list_for_each_entry(x, &unit->held, entry)
		seq_printf(s, "%llu\n", x->cmd->tag);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(executing);

static int executed_show(struct seq_file *s, void *unused)
{
	struct test_unit *unit = s->private;
	unsigned int i;

	guard(spinlock_irqsave)(&unit->lock);
	for (i = 0; i < min(unit->nr_executed, TEST_MAX_LOG); i++)
		seq_printf(s, "%llu\n", unit->log[i].tag);
	return 0;
}

static ssize_t executed_write(struct file *file, const char __user *buf,
			      size_t count, loff_t *pos)
{
	struct seq_file *s = file->private_data;

	test_clear_log(s->private);
	return count;
}
DEFINE_SHOW_STORE_ATTRIBUTE(executed);

static ssize_t release_write(struct file *file, const char __user *buf,
			     size_t count, loff_t *pos)
{
	struct test_unit *unit = file->private_data;
	char word[24];
	ssize_t len;
	u64 tag;
	int ret;

	len = strncpy_from_user(word, buf, min(count, sizeof(word) - 1));
	if (len < 0)
		return len;
	word[len] = '\0';
	if (sysfs_streq(word, "all")) {
		test_release_all(unit);
		return count;
	}
	ret = kstrtou64(strim(word), 0, &tag);
	return ret ?: test_release(unit, tag) ?: count;
}

static const struct file_operations release_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= release_write,
	.llseek	= noop_llseek,
};

/* "KEY/ASC/ASCQ COUNT", the first three in hexadecimal */
static ssize_t fail_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *pos)
{
	struct test_unit *unit = file->private_data;
	unsigned int key, asc, ascq, nr;
	char words[32];
	ssize_t len;

	len = strncpy_from_user(words, buf, min(count, sizeof(words) - 1));
	if (len < 0)
		return len;
	words[len] = '\0';
	if (sscanf(words, "%x/%x/%x %u", &key, &asc, &ascq, &nr) != 4 ||
	    key > 0xf || asc > 0xff || ascq > 0xff)
		return -EINVAL;

	guard(spinlock_irqsave)(&unit->lock);
	unit->fail = SCST_SENSE(key, asc, ascq);
	unit->nr_fail = nr;
	return count;
}

static const struct file_operations fail_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= fail_write,
	.llseek	= noop_llseek,
};

static const char *const ctx_names[] = {
	[TEST_CTX_PROCESS]	= "process",
	[TEST_CTX_SOFTIRQ]	= "softirq",
	[TEST_CTX_HARDIRQ]	= "hardirq",
};

static int complete_in_show(struct seq_file *s, void *unused)
{
	struct test_unit *unit = s->private;

	seq_printf(s, "%s\n", ctx_names[READ_ONCE(unit->ctx)]);
	return 0;
}

static ssize_t complete_in_write(struct file *file, const char __user *buf,
				 size_t count, loff_t *pos)
{
	struct seq_file *s = file->private_data;
	struct test_unit *unit = s->private;
	char word[16];
	ssize_t len;
	int ctx;

	len = strncpy_from_user(word, buf, min(count, sizeof(word) - 1));
	if (len < 0)
		return len;
	word[len] = '\0';
	ctx = sysfs_match_string(ctx_names, word);
	if (ctx < 0)
		return ctx;
	WRITE_ONCE(unit->ctx, ctx);
	return count;
}
DEFINE_SHOW_STORE_ATTRIBUTE(complete_in);

static void unit_debugfs(struct test_unit *unit)
{
	struct dentry *dir;

	dir = debugfs_create_dir(dev_name(&unit->dev->dev), units_dir);
	unit->dir = dir;
	debugfs_create_bool("hold", 0600, dir, &unit->hold);
	debugfs_create_u32("delay_ms", 0600, dir, &unit->delay_ms);
	debugfs_create_file("complete_in", 0600, dir, unit, &complete_in_fops);
	debugfs_create_file("fail", 0200, dir, unit, &fail_fops);
	debugfs_create_file("executing", 0400, dir, unit, &executing_fops);
	debugfs_create_file("executed", 0600, dir, unit, &executed_fops);
	debugfs_create_file("release", 0200, dir, unit, &release_fops);
	debugfs_create_u32("violations", 0400, dir, &unit->violations);
}

/* ------------------------------------------------------------------------
 * The unit
 */

static ssize_t tas_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_scst_dev(dev)->tas));
}

static ssize_t tas_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	struct scst_device *unit = to_scst_dev(dev);
	bool tas;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = kstrtobool(buf, &tas);
	if (ret) {
		dev_err(dev, "tas: not 0 or 1\n");
		return ret;
	}
	guard(mutex)(&unit->mutex);
	WRITE_ONCE(unit->tas, tas);
	return count;
}
static DEVICE_ATTR_RW(tas);

static ssize_t tst_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_scst_dev(dev)->tst));
}

static ssize_t tst_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	struct scst_device *unit = to_scst_dev(dev);
	bool tst;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = kstrtobool(buf, &tst);
	if (ret) {
		dev_err(dev, "tst: not 0 or 1\n");
		return ret;
	}
	guard(mutex)(&unit->mutex);
	scst_device_set_tst(unit, tst);
	return count;
}
static DEVICE_ATTR_RW(tst);

static ssize_t qerr_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_scst_dev(dev)->qerr));
}

static ssize_t qerr_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct scst_device *unit = to_scst_dev(dev);
	u8 qerr;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (kstrtou8(buf, 10, &qerr) || qerr > SCST_QERR_NEXUS ||
	    qerr == SCST_QERR_RESERVED) {
		dev_err(dev, "qerr: not 0, 1 or 3\n");
		return -EINVAL;
	}
	guard(mutex)(&unit->mutex);
	WRITE_ONCE(unit->qerr, qerr);
	return count;
}
static DEVICE_ATTR_RW(qerr);

static struct attribute *test_unit_attrs[] = {
	&dev_attr_tas.attr,
	&dev_attr_tst.attr,
	&dev_attr_qerr.attr,
	NULL
};
ATTRIBUTE_GROUPS(test_unit);

static ssize_t test_key_attributes(struct scst_device *dev, char *buf, int at)
{
	return dev->tas ? sysfs_emit_at(buf, at, "tas\n") : 0;
}

static int test_parse_params(char *params, bool *tst)
{
	char *name, *value;

	*tst = true;
	while ((name = scst_next_param(&params, &value))) {
		if (strcmp(name, "tst") || !value || kstrtobool(value, tst)) {
			pr_err("add_device: bad parameter %s\n", name);
			return -EINVAL;
		}
	}
	return 0;
}

static struct scst_device *test_new_device(struct scst_dev_type *type,
					   const char *name, char *params)
{
	struct scst_device *dev;
	struct test_unit *unit;
	bool tst;
	int ret;

	ret = test_parse_params(params, &tst);
	if (ret)
		return ERR_PTR(ret);
	dev = scst_alloc_device(type, name, sizeof(*unit));
	if (IS_ERR(dev))
		return dev;

	unit = dev->priv;
	unit->dev = dev;
	unit->ram = vzalloc(RAM_SIZE);
	if (!unit->ram) {
		put_device(&dev->dev);
		return ERR_PTR(-ENOMEM);
	}
	dev->tst = tst;
	spin_lock_init(&unit->lock);
	INIT_LIST_HEAD(&unit->held);
	INIT_LIST_HEAD(&unit->to_end);
	init_irq_work(&unit->irq_work, unit_irq_work);
	timer_setup(&unit->timer, unit_timer, 0);
	guard(mutex)(&units_mutex);
	list_add_tail(&unit->entry, &units);
	return dev;
}

static int test_attach(struct scst_device *dev)
{
	struct test_unit *unit = dev->priv;

	dev->block_size = 1 << TEST_BLOCK_SHIFT;
	dev->block_shift = TEST_BLOCK_SHIFT;
	dev->nblocks = TEST_NR_BLOCKS;
	/* By now the name is known to be unique. */
	if (!unit->dir)
		unit_debugfs(unit);
	guard(spinlock_irqsave)(&unit->lock);
	unit->attached = true;
	return 0;
}

static void test_detach(struct scst_device *dev)
{
	struct test_unit *unit = dev->priv;

	guard(spinlock_irqsave)(&unit->lock);
	unit->attached = false;
	if (unit->nr_inside || unit->nr_started != unit->nr_done)
		unit->violations++;
}

static void test_free_device(struct scst_device *dev)
{
	struct test_unit *unit = dev->priv;

	debugfs_remove(unit->dir);
	scoped_guard(mutex, &units_mutex)
		list_del(&unit->entry);
	timer_shutdown_sync(&unit->timer);
	irq_work_sync(&unit->irq_work);
	vfree(unit->ram);
}

static const char *const test_parameters[] = { "tst", NULL };

static struct scst_dev_type test_handler = {
	.driver.name		= "test_handler",
	.driver.dev_groups	= test_unit_groups,
	.type			= TYPE_DISK,
	.opcodes		= test_opcodes,
	.nr_opcodes		= ARRAY_SIZE(test_opcodes),
	.add_device_parameters	= test_parameters,
	.new_device		= test_new_device,
	.attach			= test_attach,
	.detach			= test_detach,
	.free_device		= test_free_device,
	.parse			= test_parse,
	.dev_done		= test_dev_done,
	.key_attributes		= test_key_attributes,
};

/**
 * test_find_unit - find a unit by its name
 * @name: name
 *
 * Context: process context, may sleep.
 * Return: the unit, valid until somebody deletes it, or NULL.
 */
struct test_unit *test_find_unit(const char *name)
{
	struct test_unit *unit;

	guard(mutex)(&units_mutex);
	list_for_each_entry(unit, &units, entry)
		if (!strcmp(dev_name(&unit->dev->dev), name))
			return unit;
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(test_find_unit);

int __init test_handler_init(void)
{
	int ret;

	units_dir = debugfs_create_dir("dev", test_debugfs);
	ret = scst_register_virtual_dev_driver(&test_handler);
	if (ret)
		debugfs_remove(units_dir);
	return ret;
}

void test_handler_exit(void)
{
	scst_unregister_virtual_dev_driver(&test_handler);
	debugfs_remove(units_dir);
}
