// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of I_T_L nexuses, shown summed up per session and per LUN.
 *
 * Each nexus counts per CPU.  What a nexus had counted when it went is kept by
 * its session and its LUN.
 */

#include <linux/percpu.h>
#include "core.h"

/* Count a command that has its result.  Context: any. */
void scst_stats_cmd(struct scst_cmd *cmd)
{
	struct scst_stats __percpu *stats = cmd->tgt_dev->stats;
	u8 dir = cmd->op ? cmd->op->dir : SCST_DATA_NONE;

	if (dir == SCST_DATA_READ) {
		this_cpu_inc(stats->counter[SCST_STAT_READ_CMDS]);
		this_cpu_add(stats->counter[SCST_STAT_READ_BYTES],
			     cmd->resp_data_len);
	} else if (dir == SCST_DATA_WRITE) {
		this_cpu_inc(stats->counter[SCST_STAT_WRITE_CMDS]);
		if (likely(cmd->status == SAM_STAT_GOOD && !cmd->no_response))
			this_cpu_add(stats->counter[SCST_STAT_WRITE_BYTES],
				     cmd->xfer_len);
	} else {
		this_cpu_inc(stats->counter[SCST_STAT_OTHER_CMDS]);
	}

	if (unlikely(scst_cmd_aborted(cmd))) {
		this_cpu_inc(stats->counter[SCST_STAT_ABORTED]);
	} else if (unlikely(cmd->status != SAM_STAT_GOOD &&
			    cmd->status != SAM_STAT_CONDITION_MET)) {
		this_cpu_inc(stats->counter[SCST_STAT_ERRORS]);
		if (cmd->status == SAM_STAT_TASK_SET_FULL)
			this_cpu_inc(stats->counter[SCST_STAT_REFUSED]);
	}
}

static u64 stats_sum(const struct scst_tgt_dev *td, enum scst_stat stat)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(td->stats, cpu)->counter[stat];
	return sum;
}

static void stats_add(struct scst_tgt_dev *td, void *arg)
{
	u64 *stats = arg;
	enum scst_stat stat;

	for (stat = 0; stat < SCST_STAT_NR; stat++)
		stats[stat] += stats_sum(td, stat);
}

/* The nexus is about to go, or to be one of another LUN: what it has counted stays. */
void scst_stats_move(struct scst_tgt_dev *td)
{
	enum scst_stat stat;

	lockdep_assert_held(&td->sess->tgt->mutex);
	for (stat = 0; stat < SCST_STAT_NR; stat++) {
		u64 sum = stats_sum(td, stat);

		td->acg_dev->past_stats[stat] += sum - td->moved_stats[stat];
		td->moved_stats[stat] = sum;
	}
}

/* Keep what a nexus that goes has counted. */
void scst_stats_fold(struct scst_tgt_dev *td)
{
	guard(mutex)(&td->sess->tgt->mutex);
	stats_add(td, td->sess->past_stats);
	scst_stats_move(td);
}

/* The same for its unit, in whose list it is no more; under the list's lock. */
void scst_stats_fold_unit(struct scst_tgt_dev *td)
{
	lockdep_assert_held(&td->dev->tgt_dev_lock);
	stats_add(td, td->dev->past_stats);
}

static void stats_get_past(struct scst_device *dev, u64 *stats)
{
	guard(spinlock_irqsave)(&dev->tgt_dev_lock);
	memcpy(stats, dev->past_stats, sizeof(dev->past_stats));
}

/**
 * scst_device_stats - what the I_T nexuses of a logical unit have counted
 * @dev: logical unit
 * @stats: %SCST_STAT_NR counters, set to the sums
 *
 * Context: process context.
 */
void scst_device_stats(struct scst_device *dev, u64 *stats)
{
	u64 past[SCST_STAT_NR], now[SCST_STAT_NR];
	struct scst_tgt_dev *td;

	stats_get_past(dev, now);
	do {
		memcpy(past, now, sizeof(past));
		memcpy(stats, past, sizeof(past));
		td = NULL;
		do {
			td = scst_device_visit_nexus(dev, td, stats_add, stats);
		} while (td);
		/* A nexus that went meanwhile may be missing, or be there twice. */
		stats_get_past(dev, now);
	} while (memcmp(past, now, sizeof(past)));
}
EXPORT_SYMBOL_GPL(scst_device_stats);

static u64 session_stat(struct scst_session *sess, enum scst_stat stat)
{
	struct scst_tgt_dev *td;
	unsigned long lun;
	u64 sum;

	guard(mutex)(&sess->tgt->mutex);
	sum = sess->past_stats[stat];
	xa_for_each(scst_luns(sess), lun, td)
		sum += stats_sum(td, stat);
	return sum;
}

static u64 lun_stat(struct scst_acg_dev *ad, enum scst_stat stat)
{
	struct scst_session *sess;
	struct scst_tgt_dev *td;
	u64 sum;

	guard(mutex)(&ad->acg->tgt->mutex);
	sum = ad->past_stats[stat];
	list_for_each_entry(sess, &ad->acg->tgt->sessions, tgt_entry) {
		td = xa_load(scst_luns(sess), ad->lun);
		if (td && td->acg_dev == ad)
			sum += stats_sum(td, stat) - td->moved_stats[stat];
	}
	return sum;
}

struct stat_attribute {
	struct device_attribute attr;
	enum scst_stat stat;
};

static ssize_t session_stat_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	enum scst_stat stat =
		container_of(attr, struct stat_attribute, attr)->stat;

	return sysfs_emit(buf, "%llu\n",
			  session_stat(to_scst_sess(dev), stat));
}

static ssize_t lun_stat_show(struct device *dev,
			     struct device_attribute *attr, char *buf)
{
	enum scst_stat stat =
		container_of(attr, struct stat_attribute, attr)->stat;

	return sysfs_emit(buf, "%llu\n",
			  lun_stat(to_scst_acg_dev(dev), stat));
}

#define STAT_ATTR(_owner, _name, _stat)					\
	static struct stat_attribute _owner##_##_name = {		\
		.attr = __ATTR(_name, 0444, _owner##_stat_show, NULL),	\
		.stat = (_stat),					\
	}

STAT_ATTR(session, read_cmds, SCST_STAT_READ_CMDS);
STAT_ATTR(session, write_cmds, SCST_STAT_WRITE_CMDS);
STAT_ATTR(session, other_cmds, SCST_STAT_OTHER_CMDS);
STAT_ATTR(session, read_bytes, SCST_STAT_READ_BYTES);
STAT_ATTR(session, write_bytes, SCST_STAT_WRITE_BYTES);
STAT_ATTR(session, errors, SCST_STAT_ERRORS);
STAT_ATTR(session, aborted, SCST_STAT_ABORTED);
STAT_ATTR(session, refused, SCST_STAT_REFUSED);

static struct attribute *session_stats_attrs[] = {
	&session_read_cmds.attr.attr,
	&session_write_cmds.attr.attr,
	&session_other_cmds.attr.attr,
	&session_read_bytes.attr.attr,
	&session_write_bytes.attr.attr,
	&session_errors.attr.attr,
	&session_aborted.attr.attr,
	&session_refused.attr.attr,
	NULL
};

const struct attribute_group scst_session_stats_group = {
	.name	= "statistics",
	.attrs	= session_stats_attrs,
};

STAT_ATTR(lun, read_cmds, SCST_STAT_READ_CMDS);
STAT_ATTR(lun, write_cmds, SCST_STAT_WRITE_CMDS);
STAT_ATTR(lun, other_cmds, SCST_STAT_OTHER_CMDS);
STAT_ATTR(lun, read_bytes, SCST_STAT_READ_BYTES);
STAT_ATTR(lun, write_bytes, SCST_STAT_WRITE_BYTES);
STAT_ATTR(lun, errors, SCST_STAT_ERRORS);
STAT_ATTR(lun, aborted, SCST_STAT_ABORTED);
STAT_ATTR(lun, refused, SCST_STAT_REFUSED);

static struct attribute *lun_stats_attrs[] = {
	&lun_read_cmds.attr.attr,
	&lun_write_cmds.attr.attr,
	&lun_other_cmds.attr.attr,
	&lun_read_bytes.attr.attr,
	&lun_write_bytes.attr.attr,
	&lun_errors.attr.attr,
	&lun_aborted.attr.attr,
	&lun_refused.attr.attr,
	NULL
};

const struct attribute_group scst_lun_stats_group = {
	.name	= "statistics",
	.attrs	= lun_stats_attrs,
};

/* All commands that ended, for the session's attribute. */
u64 scst_session_commands(struct scst_session *sess)
{
	return session_stat(sess, SCST_STAT_READ_CMDS) +
	       session_stat(sess, SCST_STAT_WRITE_CMDS) +
	       session_stat(sess, SCST_STAT_OTHER_CMDS);
}
