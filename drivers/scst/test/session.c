// SPDX-License-Identifier: GPL-2.0
/* An I_T nexus in debugfs: what its initiator sends, and what it hears. */

#include <linux/debugfs.h>
#include <linux/hex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "test.h"

#define MAX_LINE	256

/* ------------------------------------------------------------------------
 * Lines of the form "name=value name=value"
 */

/**
 * struct word - a word that a line may have
 * @name: what is before the '='
 * @names: possible values, or NULL for a number
 * @nr_names: entries of @names
 * @value: index in @names, or the number
 * @text: where to store the value as it is, or NULL
 */
struct word {
	const char *name;
	const char *const *names;
	size_t nr_names;
	u64 *value;
	char **text;
};

static int parse_value(const struct word *word, char *value)
{
	int i;

	if (word->text) {
		*word->text = value;
		return 0;
	}
	if (!word->names)
		return kstrtou64(value, 0, word->value);
	i = match_string(word->names, word->nr_names, value);
	if (i < 0)
		return -EINVAL;
	*word->value = i;
	return 0;
}

static int parse_word(const struct word *words, const char *name, char *value)
{
	for (; words->name; words++)
		if (!strcmp(words->name, name))
			return parse_value(words, value);
	return -EINVAL;
}

/* @words ends with an entry without name; @line is modified. */
static int parse_line(char *line, const struct word *words)
{
	char *name, *value;
	int ret = 0;

	while (!ret && (name = scst_next_param(&line, &value)))
		ret = value ? parse_word(words, name, value) : -EINVAL;
	return ret;
}

static char *copy_line(const char __user *buf, size_t count)
{
	if (count > MAX_LINE)
		return ERR_PTR(-EINVAL);
	return memdup_user_nul(buf, count);
}

/* ------------------------------------------------------------------------
 * submit: "tag=5 lun=0 attr=ordered cdb=2a00... dir=write len=4096 data=late
 * fill=0x5a"
 */

static const char *const attr_names[] = {
	[SCST_CMD_QUEUE_SIMPLE]		= "simple",
	[SCST_CMD_QUEUE_ORDERED]	= "ordered",
	[SCST_CMD_QUEUE_HEAD_OF_QUEUE]	= "head",
	[SCST_CMD_QUEUE_ACA]		= "aca",
};

static const char *const dir_names[] = {
	[SCST_DATA_NONE]	= "none",
	[SCST_DATA_WRITE]	= "write",
	[SCST_DATA_READ]	= "read",
};

static const char *const data_names[] = {
	[TEST_DATA_NOW]		= "now",
	[TEST_DATA_LATE]	= "late",
	[TEST_DATA_PARTIAL]	= "partial",
	[TEST_DATA_REFUSE]	= "refuse",
};

static int parse_cdb(const char *hex, struct test_params *p)
{
	size_t len = strlen(hex);

	if (!len || len % 2 || len / 2 > TEST_MAX_CDB)
		return -EINVAL;
	p->cdb_len = len / 2;
	return hex2bin(p->cdb, hex, p->cdb_len);
}

static int parse_params(char *line, struct test_params *p)
{
	u64 attr = 0, dir = 0, data = 0, len = 0, fill = 0;
	char *cdb = NULL;
	const struct word words[] = {
		{ "tag", .value = &p->tag },
		{ "lun", .value = &p->lun },
		{ "attr", .names = attr_names, .nr_names = ARRAY_SIZE(attr_names), .value = &attr },
		{ "cdb", .text = &cdb },
		{ "dir", .names = dir_names, .nr_names = ARRAY_SIZE(dir_names), .value = &dir },
		{ "len", .value = &len },
		{ "data", .names = data_names, .nr_names = ARRAY_SIZE(data_names), .value = &data },
		{ "fill", .value = &fill },
		{}
	};
	int ret;

	memset(p, 0, sizeof(*p));
	ret = parse_line(line, words);
	if (!ret)
		ret = cdb ? parse_cdb(cdb, p) : -EINVAL;
	if (ret || len > TEST_MAX_DATA || fill > U8_MAX)
		return ret ?: -EINVAL;
	p->queue_type = attr;
	p->dir = dir;
	p->len = len;
	p->data = data;
	p->fill = fill;
	return 0;
}

static ssize_t submit_write(struct file *file, const char __user *buf,
			    size_t count, loff_t *pos)
{
	char *line __free(kfree) = copy_line(buf, count);
	struct test_params p;
	struct test_req *req;
	int ret;

	if (IS_ERR(line))
		return PTR_ERR(line);
	ret = parse_params(line, &p);
	if (ret)
		return ret;
	req = test_submit(file->private_data, &p);
	if (IS_ERR(req))
		return PTR_ERR(req);
	test_req_put(req);
	return count;
}

static const struct file_operations submit_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= submit_write,
	.llseek	= noop_llseek,
};

/* ------------------------------------------------------------------------
 * data: "tag=5 result=deliver" or "tag=5 result=error"
 */

static ssize_t data_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *pos)
{
	static const char *const result_names[] = { "deliver", "error" };
	u64 tag = 0, result = 0;
	const struct word words[] = {
		{ "tag", .value = &tag },
		{ "result", .names = result_names,
		  .nr_names = ARRAY_SIZE(result_names), .value = &result },
		{}
	};
	int ret;

	char *line __free(kfree) = copy_line(buf, count);

	if (IS_ERR(line))
		return PTR_ERR(line);
	ret = parse_line(line, words);
	if (!ret)
		ret = test_deliver(file->private_data, tag, result ? -EIO : 0);
	return ret ?: count;
}

static const struct file_operations data_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= data_write,
	.llseek	= noop_llseek,
};

/* ------------------------------------------------------------------------
 * responded: "tag=5": the response that is held has been sent
 */

static ssize_t responded_write(struct file *file, const char __user *buf,
			       size_t count, loff_t *pos)
{
	char *line __free(kfree) = copy_line(buf, count);
	u64 tag = 0;
	const struct word words[] = {
		{ "tag", .value = &tag },
		{}
	};
	int ret;

	if (IS_ERR(line))
		return PTR_ERR(line);
	ret = parse_line(line, words) ?:
		test_release_response(file->private_data, tag);
	return ret ?: count;
}

static const struct file_operations responded_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= responded_write,
	.llseek	= noop_llseek,
};

/* ------------------------------------------------------------------------
 * tmf: "id=1 fn=abort_task tag=5 lun=0"
 */

static const char *const fn_names[] = {
	[SCST_ABORT_TASK]	= "abort_task",
	[SCST_ABORT_TASK_SET]	= "abort_task_set",
	[SCST_CLEAR_TASK_SET]	= "clear_task_set",
	[SCST_LUN_RESET]	= "lun_reset",
	[SCST_TARGET_RESET]	= "target_reset",
	[SCST_NEXUS_LOSS]	= "nexus_loss",
	[SCST_CLEAR_ACA]	= "clear_aca",
	[SCST_QUERY_TASK]	= "query_task",
	[SCST_QUERY_TASK_SET]	= "query_task_set",
	[SCST_QUERY_ASYNC_EVENT] = "query_async_event",
};

static ssize_t tmf_write(struct file *file, const char __user *buf,
			 size_t count, loff_t *pos)
{
	char *line __free(kfree) = copy_line(buf, count);
	u64 id = 0, fn = ARRAY_SIZE(fn_names), tag = 0, lun = 0;
	const struct word words[] = {
		{ "id", .value = &id },
		{ "fn", .names = fn_names, .nr_names = ARRAY_SIZE(fn_names), .value = &fn },
		{ "tag", .value = &tag },
		{ "lun", .value = &lun },
		{}
	};
	struct test_req *req;
	int ret;

	if (IS_ERR(line))
		return PTR_ERR(line);
	ret = parse_line(line, words);
	if (ret || fn == ARRAY_SIZE(fn_names))
		return ret ?: -EINVAL;
	req = test_tmf(file->private_data, fn, id, lun, tag);
	if (IS_ERR(req))
		return PTR_ERR(req);
	test_req_put(req);
	return count;
}

static const struct file_operations tmf_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= tmf_write,
	.llseek	= noop_llseek,
};

/* ------------------------------------------------------------------------
 * results: a line for all that ended, in that order; pending: for the rest
 */

static const char *const status_names[] = {
	[SCST_TMF_COMPLETE]	= "complete",
	[SCST_TMF_NO_TASK]	= "no_task",
	[SCST_TMF_SUCCEEDED]	= "succeeded",
	[SCST_TMF_NO_LUN]	= "no_lun",
	[SCST_TMF_REJECTED]	= "rejected",
};

static const char *const state_names[] = {
	[SCST_CMD_INIT]		= "init",
	[SCST_CMD_QUEUED]	= "queued",
	[SCST_CMD_DATA_WAIT]	= "data_wait",
	[SCST_CMD_EXEC_WAIT]	= "exec_wait",
	[SCST_CMD_EXECUTING]	= "executing",
	[SCST_CMD_DETACHED]	= "copying",
	[SCST_CMD_BLOCKED]	= "blocked",
	[SCST_CMD_RESPONDING]	= "responding",
};

static void show_result(struct seq_file *s, const struct test_req *req)
{
	if (req->is_tmf) {
		seq_printf(s, "tmf %llu %s %s", req->tag,
			   fn_names[req->tmf.fn],
			   status_names[req->tmf.status]);
		/* Additional response information */
		if (req->tmf.info)
			seq_printf(s, " info=%06x", req->tmf.info);
		seq_putc(s, '\n');
		return;
	}
	seq_printf(s, "cmd %llu status=%02x sense=%x/%02x/%02x", req->tag,
		   req->status, req->sense[0], req->sense[1], req->sense[2]);
	seq_printf(s, " aborted=%d no_response=%d", req->aborted,
		   req->no_response);
	seq_printf(s, " resid=%s%u data=%02x\n", req->overflow ? "-" : "",
		   req->resid, req->data_in[0]);
}

static int results_show(struct seq_file *s, void *unused)
{
	struct test_sess *ts = s->private;
	struct test_req *req;

	guard(spinlock_irqsave)(&ts->lock);
	list_for_each_entry(req, &ts->ended, entry)
		show_result(s, req);
	return 0;
}

static ssize_t results_write(struct file *file, const char __user *buf,
			     size_t count, loff_t *pos)
{
	struct seq_file *s = file->private_data;

	test_clear_ended(s->private);
	return count;
}
DEFINE_SHOW_STORE_ATTRIBUTE(results);

static enum scst_cmd_state req_state(const struct test_req *req)
{
	/* In on_free_cmd() it has no command any more. */
	return req->cmd ? READ_ONCE(req->cmd->cmd.state) : SCST_CMD_RESPONDING;
}

static int pending_show(struct seq_file *s, void *unused)
{
	struct test_sess *ts = s->private;
	struct test_req *req;

	guard(spinlock_irqsave)(&ts->lock);
	list_for_each_entry(req, &ts->running, entry) {
		if (req->is_tmf)
			seq_printf(s, "tmf %llu %s\n", req->tag,
				   fn_names[req->tmf.fn]);
		else
			seq_printf(s, "cmd %llu %s\n", req->tag,
				   state_names[req_state(req)]);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pending);

/**
 * test_sess_debugfs - give a nexus its directory
 * @ts: I_T nexus
 *
 * Context: process context, may sleep.
 */
void test_sess_debugfs(struct test_sess *ts)
{
	struct dentry *dir;

	dir = debugfs_create_dir(ts->sess->initiator_name, ts->tt->dir);
	ts->dir = dir;
	debugfs_create_file("submit", 0200, dir, ts, &submit_fops);
	debugfs_create_file("data", 0200, dir, ts, &data_fops);
	debugfs_create_file("responded", 0200, dir, ts, &responded_fops);
	debugfs_create_file("tmf", 0200, dir, ts, &tmf_fops);
	debugfs_create_file("results", 0600, dir, ts, &results_fops);
	debugfs_create_file("pending", 0400, dir, ts, &pending_fops);
	debugfs_create_file("bench", 0600, dir, ts, &test_bench_fops);
	debugfs_create_bool("defer", 0600, dir, &ts->defer);
	debugfs_create_bool("ignore_abort", 0600, dir, &ts->ignore_abort);
	debugfs_create_bool("hold_response", 0600, dir, &ts->hold_response);
	debugfs_create_u32("violations", 0400, dir, &ts->violations);
}

/**
 * test_sess_no_submit - take away the files that need the core's session
 * @ts: I_T nexus; the rest of its directory goes when it has ended
 *
 * Context: process context; waits for who writes to them.
 */
void test_sess_no_submit(struct test_sess *ts)
{
	debugfs_lookup_and_remove("submit", ts->dir);
	debugfs_lookup_and_remove("tmf", ts->dir);
	debugfs_lookup_and_remove("bench", ts->dir);
}
