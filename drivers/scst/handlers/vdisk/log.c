// SPDX-License-Identifier: GPL-2.0
/*
 * LOG SENSE and LOG SELECT (SPC-6, SBC-5).
 *
 * A table has the log pages.  Most of their parameters are counters, which a
 * second table has: LOG SELECT changes what they count from.
 */

#include <kunit/visibility.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "vdisk.h"

/* LOG SENSE and LOG SELECT: CDB byte 2, and byte 1 of LOG SELECT */
#define LOG_PC(byte2)		((byte2) >> 6)
#define LOG_PC_CUMULATIVE	1
#define LOG_PC_DEFAULT		3	/* default cumulative values */
#define LOG_PAGE_CODE		0x3f
#define LOG_ALL_SUBPAGES	0xff
#define LOG_SELECT_PCR		0x02

/* Log pages */
#define LOG_HEADER_LEN		4
#define LOG_DS			0x80	/* byte 0: they are not saved */
#define LOG_SPF			0x40
#define LOG_PARAM_LEN		4	/* header of a parameter */
#define LOG_COUNTER		0x00	/* FORMAT AND LINKING, byte 2 of it */
#define LOG_BINARY		0x03

enum log_page_code {
	LOG_SUPPORTED		= 0x00,
	LOG_WRITE_ERRORS	= 0x02,
	LOG_READ_ERRORS		= 0x03,
	LOG_VERIFY_ERRORS	= 0x05,
	LOG_PROVISIONING	= 0x0c,
	LOG_START_STOP		= 0x0e,
	LOG_SELF_TESTS		= 0x10,
	LOG_STATISTICS		= 0x19,
	LOG_EXCEPTIONS		= 0x2f,
};

/* Parameter codes */
#define LOG_ERRORS_BYTES	0x0005
#define LOG_ERRORS_UNCORRECTED	0x0006
#define LOG_PROV_AVAILABLE	0x0001
#define LOG_PROV_USED		0x0002
#define LOG_START_STOP_CYCLES	0x0004
#define LOG_STAT_GENERAL	0x0001
#define LOG_STAT_INTERVAL	0x0003

/* SCOPE of a logical block provisioning parameter */
#define LOG_SCOPE_UNIT		0x01
#define LOG_SCOPE_SHARED	0x02

/* MOST RECENT TEMPERATURE READING that is not known */
#define LOG_NO_TEMPERATURE	0xff

/* ------------------------------------------------------------------------
 * Counters
 */

static u64 log_write_bytes(const struct vdisk *vd, const u64 *stats)
{
	return stats[SCST_STAT_WRITE_BYTES];
}

static u64 log_read_bytes(const struct vdisk *vd, const u64 *stats)
{
	return stats[SCST_STAT_READ_BYTES];
}

static u64 log_write_blocks(const struct vdisk *vd, const u64 *stats)
{
	return stats[SCST_STAT_WRITE_BYTES] >> vd->dev->block_shift;
}

static u64 log_read_blocks(const struct vdisk *vd, const u64 *stats)
{
	return stats[SCST_STAT_READ_BYTES] >> vd->dev->block_shift;
}

static u64 log_write_cmds(const struct vdisk *vd, const u64 *stats)
{
	return stats[SCST_STAT_WRITE_CMDS];
}

static u64 log_read_cmds(const struct vdisk *vd, const u64 *stats)
{
	return stats[SCST_STAT_READ_CMDS];
}

static u64 log_verify_bytes(const struct vdisk *vd, const u64 *stats)
{
	return atomic64_read(&vd->log.counters[VDISK_VERIFY_BYTES]);
}

static u64 log_write_errors(const struct vdisk *vd, const u64 *stats)
{
	return atomic64_read(&vd->log.counters[VDISK_WRITE_ERRORS]);
}

static u64 log_read_errors(const struct vdisk *vd, const u64 *stats)
{
	return atomic64_read(&vd->log.counters[VDISK_READ_ERRORS]);
}

static u64 log_verify_errors(const struct vdisk *vd, const u64 *stats)
{
	return atomic64_read(&vd->log.counters[VDISK_VERIFY_ERRORS]);
}

static u64 log_start_stops(const struct vdisk *vd, const u64 *stats)
{
	return atomic64_read(&vd->log.counters[VDISK_START_STOPS]);
}

/**
 * struct log_counter - a counter of a log page
 * @page: page code
 * @param: parameter code; several counters of one parameter stand together
 * @len: bytes
 * @get: what was counted since the device is there; NULL: this is not, and 0
 */
struct log_counter {
	u8 page;
	u16 param;
	u8 len;
	u64 (*get)(const struct vdisk *vd, const u64 *stats);
};

static const struct log_counter log_counters[VDISK_NR_LOG_COUNTERS] = {
	{ LOG_WRITE_ERRORS, LOG_ERRORS_BYTES, 8, log_write_bytes },
	{ LOG_WRITE_ERRORS, LOG_ERRORS_UNCORRECTED, 8, log_write_errors },
	{ LOG_READ_ERRORS, LOG_ERRORS_BYTES, 8, log_read_bytes },
	{ LOG_READ_ERRORS, LOG_ERRORS_UNCORRECTED, 8, log_read_errors },
	{ LOG_VERIFY_ERRORS, LOG_ERRORS_BYTES, 8, log_verify_bytes },
	{ LOG_VERIFY_ERRORS, LOG_ERRORS_UNCORRECTED, 8, log_verify_errors },
	{ LOG_START_STOP, LOG_START_STOP_CYCLES, 4, log_start_stops },
	{ LOG_STATISTICS, LOG_STAT_GENERAL, 8, log_read_cmds },
	{ LOG_STATISTICS, LOG_STAT_GENERAL, 8, log_write_cmds },
	{ LOG_STATISTICS, LOG_STAT_GENERAL, 8, log_write_blocks },
	{ LOG_STATISTICS, LOG_STAT_GENERAL, 8, log_read_blocks },
	/* Time is not measured: processing intervals, weighted sums */
	{ LOG_STATISTICS, LOG_STAT_GENERAL, 32, NULL },
	{ LOG_STATISTICS, LOG_STAT_INTERVAL, 8, NULL },
};

static u64 log_counter_value(const struct vdisk *vd, const u64 *stats,
			     unsigned int i)
{
	if (!log_counters[i].get)
		return 0;
	return log_counters[i].get(vd, stats) - vd->log.base[i];
}

/* Let counter @i have a value now, from which it goes on. */
static void log_counter_set(struct vdisk *vd, const u64 *stats, unsigned int i,
			    u64 value)
{
	if (log_counters[i].get)
		vd->log.base[i] = log_counters[i].get(vd, stats) - value;
}

static bool log_same_param(unsigned int i, unsigned int j)
{
	return j < ARRAY_SIZE(log_counters) &&
	       log_counters[i].page == log_counters[j].page &&
	       log_counters[i].param == log_counters[j].param;
}

static unsigned int log_param_len(unsigned int first)
{
	unsigned int i, len = 0;

	for (i = first; log_same_param(first, i); i++)
		len += log_counters[i].len;
	return len;
}

/* ------------------------------------------------------------------------
 * Pages
 */

/**
 * struct log_build - a log page that is being built
 * @vd: virtual disk
 * @page: page code
 * @subpage: subpage code
 * @defaults: default values instead of current ones
 * @first: parameter code: those before it are left out
 * @left_out: there are such
 * @buf: the page
 * @len: bytes in it
 */
struct log_build {
	struct vdisk *vd;
	u8 page;
	u8 subpage;
	bool defaults;
	u16 first;
	bool left_out;
	u8 *buf;
	unsigned int len;
};

/* Returns where the bytes of a parameter go, or NULL. */
static u8 *log_add(struct log_build *b, u16 param, u8 control, u8 len)
{
	u8 *p = b->buf + b->len;

	if (param < b->first) {
		b->left_out = true;
		return NULL;
	}
	put_unaligned_be16(param, p);
	p[2] = control;
	p[3] = len;
	b->len += LOG_PARAM_LEN + len;
	return p + LOG_PARAM_LEN;
}

static void log_put_value(u8 *p, unsigned int len, u64 value)
{
	if (len == 4)
		put_unaligned_be32(value, p);
	else
		put_unaligned_be64(value, p);
}

static void log_fill_counters(struct log_build *b)
{
	unsigned int i, j, nr = ARRAY_SIZE(log_counters);
	u64 stats[SCST_STAT_NR];
	u8 *p;

	scst_device_stats(b->vd->dev, stats);
	for (i = 0; i < nr; i = j) {
		p = NULL;
		if (log_counters[i].page == b->page)
			p = log_add(b, log_counters[i].param,
				    b->page == LOG_STATISTICS ||
				    b->page == LOG_START_STOP ? LOG_BINARY :
								LOG_COUNTER,
				    log_param_len(i));
		for (j = i; log_same_param(i, j); j++) {
			if (p && !b->defaults)
				log_put_value(p, log_counters[j].len,
					      log_counter_value(b->vd, stats,
								j));
			if (p)
				p += log_counters[j].len;
		}
	}
}

static u32 log_threshold_sets(const struct vdisk *vd, u64 bytes)
{
	u8 shift = vdisk_threshold_exponent(vd) + vd->dev->block_shift;

	return min(bytes >> shift, U32_MAX);
}

/* What the store does not tell is left out. */
static void log_fill_provisioning(struct log_build *b)
{
	struct vdisk_space space;
	u8 *p;

	if (b->vd->type->ops->get_space(b->vd, &space))
		return;
	if (space.total) {
		p = log_add(b, LOG_PROV_AVAILABLE, LOG_BINARY, 8);
		if (p) {
			put_unaligned_be32(log_threshold_sets(b->vd,
							      space.available),
					   p);
			p[4] = LOG_SCOPE_SHARED;
		}
	}
	p = log_add(b, LOG_PROV_USED, LOG_BINARY, 8);
	if (p) {
		put_unaligned_be32(log_threshold_sets(b->vd, space.used), p);
		p[4] = LOG_SCOPE_UNIT;
	}
}

static void log_put_self_test(u8 *p, const struct vdisk_self_test *t)
{
	p[0] = t->code << 5 | t->result;
	put_unaligned_be16(t->hours, p + 2);
	if (t->result != VDISK_SELF_TEST_FAILED) {
		put_unaligned_be64(U64_MAX, p + 4);
		return;
	}
	put_unaligned_be64(t->lba, p + 4);
	p[12] = HARDWARE_ERROR;
	p[13] = 0x3e;	/* LOGICAL UNIT FAILED SELF-TEST */
	p[14] = 0x03;
}

/* SPC-6: 20 parameters, the last self-test first, which may still go on. */
static void log_fill_self_tests(struct log_build *b)
{
	struct vdisk_self_tests *tests = &b->vd->self_tests;
	struct vdisk_self_test t = { };
	unsigned int i, ended = 0;
	u8 *p;

	guard(spinlock)(&b->vd->id_lock);
	for (i = 0; i < VDISK_NR_SELF_TESTS; i++) {
		if (!i && tests->code) {
			t.done = true;
			t.code = tests->code;
			t.result = VDISK_SELF_TEST_GOES_ON;
		} else {
			t = tests->results[ended++];
		}
		p = log_add(b, i + 1, LOG_BINARY, 16);
		if (p && t.done)
			log_put_self_test(p, &t);
	}
}

/* There is no exception, and nothing that has a temperature. */
static void log_fill_exceptions(struct log_build *b)
{
	u8 *p = log_add(b, 0, LOG_BINARY, 4);

	if (p)
		p[2] = LOG_NO_TEMPERATURE;
}

static void log_fill_supported(struct log_build *b);

/**
 * struct log_page - a log page
 * @page: page code; its subpage code is 0
 * @supported: does the unit have it?  NULL: it does
 * @fill: add its parameters
 * @waits: @fill may wait: it is for a worker
 */
struct log_page {
	u8 page;
	bool (*supported)(const struct vdisk *vd);
	void (*fill)(struct log_build *b);
	bool waits;
};

/* In ascending order, as page 00h has to list them */
static const struct log_page log_pages[] = {
	{ LOG_SUPPORTED, NULL, log_fill_supported },
	{ LOG_WRITE_ERRORS, NULL, log_fill_counters },
	{ LOG_READ_ERRORS, NULL, log_fill_counters },
	{ LOG_VERIFY_ERRORS, NULL, log_fill_counters },
	{ LOG_PROVISIONING, vdisk_has_space, log_fill_provisioning, true },
	{ LOG_START_STOP, NULL, log_fill_counters },
	{ LOG_SELF_TESTS, NULL, log_fill_self_tests },
	{ LOG_STATISTICS, NULL, log_fill_counters },
	{ LOG_EXCEPTIONS, NULL, log_fill_exceptions },
};

static bool log_page_supported(const struct log_page *p, const struct vdisk *vd)
{
	return !p->supported || p->supported(vd);
}

static const struct log_page *log_find_page(const struct vdisk *vd, u8 page)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(log_pages); i++)
		if (log_pages[i].page == page)
			return log_page_supported(&log_pages[i], vd) ?
			       &log_pages[i] : NULL;
	return NULL;
}

/*
 * Supported log pages; with subpage FFh supported log pages and subpages: of all
 * pages, or of this one.
 */
static void log_fill_supported(struct log_build *b)
{
	bool subpages = b->subpage == LOG_ALL_SUBPAGES;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(log_pages); i++) {
		if (!log_page_supported(&log_pages[i], b->vd) ||
		    (b->page && b->page != log_pages[i].page))
			continue;
		b->buf[b->len++] = log_pages[i].page;
		if (!subpages)
			continue;
		b->buf[b->len++] = 0;
		b->buf[b->len++] = log_pages[i].page;
		b->buf[b->len++] = LOG_ALL_SUBPAGES;
	}
}

/* ------------------------------------------------------------------------
 * LOG SENSE
 */

/**
 * vdisk_log_sense - build a log page
 * @vd: virtual disk
 * @cdb: CDB of LOG SENSE, for a page that there is
 * @buf: %VDISK_LOG_MAX_LEN bytes
 *
 * Context: process context; of a worker if the page says so.
 * Return: bytes of data, 0 when no parameter is left by PARAMETER POINTER.
 */
VISIBLE_IF_KUNIT
unsigned int vdisk_log_sense(struct vdisk *vd, const u8 *cdb, u8 *buf)
{
	struct log_build b = {
		.vd = vd,
		.page = cdb[2] & LOG_PAGE_CODE,
		.subpage = cdb[3],
		.defaults = LOG_PC(cdb[2]) == LOG_PC_DEFAULT,
		.first = get_unaligned_be16(cdb + 5),
		.buf = buf,
		.len = LOG_HEADER_LEN,
	};
	bool is_list = !b.page || b.subpage == LOG_ALL_SUBPAGES;

	memset(buf, 0, VDISK_LOG_MAX_LEN);
	buf[0] = b.page | (b.subpage ? LOG_SPF : 0) | (is_list ? 0 : LOG_DS);
	buf[1] = b.subpage;
	if (is_list)
		log_fill_supported(&b);
	else
		log_find_page(vd, b.page)->fill(&b);
	put_unaligned_be16(b.len - LOG_HEADER_LEN, buf + 2);
	if (b.first && b.len == LOG_HEADER_LEN)
		return 0;
	return b.len;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_log_sense);

static scst_sense_t log_work_sense(struct scst_cmd *cmd)
{
	u8 *buf __free(kfree) = kmalloc(VDISK_LOG_MAX_LEN, GFP_NOIO);
	unsigned int len;

	if (!buf)
		return SCST_BUSY;
	len = vdisk_log_sense(to_vdisk(cmd->dev), cmd->cdb, buf);
	/* PARAMETER POINTER behind the last parameter */
	if (!len)
		return scst_cmd_cdb_error(cmd, 5, 8);
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}

/**
 * vdisk_exec_log_sense - LOG SENSE
 * @cmd: command
 *
 * There are no threshold values.  Lists of pages have no values at all, and no
 * parameters to point to.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t vdisk_exec_log_sense(struct scst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;
	u8 pc = LOG_PC(cdb[2]), page = cdb[2] & LOG_PAGE_CODE;
	struct vdisk *vd = to_vdisk(cmd->dev);
	const struct log_page *p = log_find_page(vd, page);

	if (!p)
		return scst_cmd_cdb_error(cmd, 2, 5);
	if (cdb[3] && cdb[3] != LOG_ALL_SUBPAGES)
		return scst_cmd_cdb_error(cmd, 3, 8);
	if (!page || cdb[3]) {
		if (get_unaligned_be16(cdb + 5))
			return scst_cmd_cdb_error(cmd, 5, 8);
		return log_work_sense(cmd);
	}
	if (pc != LOG_PC_CUMULATIVE && pc != LOG_PC_DEFAULT)
		return scst_cmd_cdb_error(cmd, 2, 7);
	if (p->waits && vd->worker)
		return vdisk_queue_work(cmd, log_work_sense);
	return log_work_sense(cmd);
}

/* ------------------------------------------------------------------------
 * LOG SELECT
 */

/* Is a page one with counters?  All are, if @page is zero. */
static bool log_has_counters(u8 page)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(log_counters); i++)
		if (!page || log_counters[i].page == page)
			return true;
	return false;
}

/* LOG SELECT itself is counted when it ends: it does not count. */
static void log_get_stats(const struct scst_cmd *cmd, u64 *stats)
{
	scst_device_stats(cmd->dev, stats);
	stats[SCST_STAT_WRITE_CMDS]++;
	stats[SCST_STAT_WRITE_BYTES] += cmd->xfer_len;
}

static scst_sense_t log_reset(struct scst_cmd *cmd)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	u8 page = cmd->cdb[2] & LOG_PAGE_CODE;
	u64 stats[SCST_STAT_NR];
	unsigned int i;

	log_get_stats(cmd, stats);
	for (i = 0; i < ARRAY_SIZE(log_counters); i++)
		if (!page || log_counters[i].page == page)
			log_counter_set(vd, stats, i, 0);
	scst_device_ua(cmd->dev, SCST_UA_LOG_CHANGED, cmd);
	return SCST_GOOD;
}

static unsigned int log_find_param(u8 page, u16 param)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(log_counters); i++)
		if (log_counters[i].page == page &&
		    log_counters[i].param == param)
			break;
	return i;
}

/**
 * struct log_select - what LOG SELECT is to change
 * @page: code of the last page in the list, 0: there was none
 * @set: counters that get a value
 * @value: it
 */
struct log_select {
	u8 page;
	bool set[VDISK_NR_LOG_COUNTERS];
	u64 value[VDISK_NR_LOG_COUNTERS];
};

/* Values that are never counted can be sent back as they were sent: as zeros. */
static scst_sense_t log_parse_param(struct scst_cmd *cmd, const u8 *buf, u32 at,
				    u8 page, struct log_select *sel)
{
	const u8 *value = buf + at + LOG_PARAM_LEN;
	unsigned int first, i;

	first = log_find_param(page, get_unaligned_be16(buf + at));
	if (first == ARRAY_SIZE(log_counters))
		return scst_cmd_param_error(cmd, at, 8);
	if (buf[at + 3] != log_param_len(first))
		return scst_cmd_param_error(cmd, at + 3, 8);
	for (i = first; log_same_param(first, i); i++) {
		if (!log_counters[i].get) {
			if (memchr_inv(value, 0, log_counters[i].len))
				return scst_cmd_param_error(cmd, value - buf,
							    8);
		} else {
			sel->set[i] = true;
			sel->value[i] = log_counters[i].len == 4 ?
					get_unaligned_be32(value) :
					get_unaligned_be64(value);
		}
		value += log_counters[i].len;
	}
	return SCST_GOOD;
}

/* Returns the bytes of the page in @used.  SPC-6: pages and parameters ascend. */
static scst_sense_t log_parse_page(struct scst_cmd *cmd, const u8 *buf, u32 len,
				   u32 at, struct log_select *sel, u32 *used)
{
	u8 page = buf[at] & LOG_PAGE_CODE;
	int param, last = -1;
	scst_sense_t sense;
	u32 end;

	if (len - at < LOG_HEADER_LEN)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	if ((buf[at] & LOG_SPF) || !page || !log_has_counters(page))
		return scst_cmd_param_error(cmd, at, 6);
	if (page <= sel->page)
		return scst_cmd_param_error(cmd, at, 5);
	sel->page = page;
	if (buf[at + 1])
		return scst_cmd_param_error(cmd, at + 1, 8);
	*used = LOG_HEADER_LEN + get_unaligned_be16(buf + at + 2);
	if (*used > len - at)
		return SCST_SENSE_PARAM_LIST_LENGTH;

	end = at + *used;
	for (at += LOG_HEADER_LEN; at < end; at += LOG_PARAM_LEN + buf[at + 3]) {
		if (end - at < LOG_PARAM_LEN ||
		    end - at < LOG_PARAM_LEN + buf[at + 3])
			return SCST_SENSE_PARAM_LIST_LENGTH;
		param = get_unaligned_be16(buf + at);
		if (param <= last)
			return scst_cmd_param_error(cmd, at, 8);
		last = param;
		sense = log_parse_param(cmd, buf, at, page, sel);
		if (sense != SCST_GOOD)
			return sense;
	}
	return SCST_GOOD;
}

/* Sets @sel, which is zeroed, to what is to be changed. */
static scst_sense_t log_parse(struct scst_cmd *cmd, const u8 *buf, u32 len,
			      struct log_select *sel)
{
	scst_sense_t sense = SCST_GOOD;
	u32 at, used = 0;

	for (at = 0; sense == SCST_GOOD && at < len; at += used)
		sense = log_parse_page(cmd, buf, len, at, sel, &used);
	return sense;
}

static scst_sense_t log_apply(struct scst_cmd *cmd, const u8 *buf, u32 len)
{
	struct vdisk *vd = to_vdisk(cmd->dev);
	struct log_select sel = { };
	u64 stats[SCST_STAT_NR];
	scst_sense_t sense;
	unsigned int i;

	sense = log_parse(cmd, buf, len, &sel);
	if (sense != SCST_GOOD)
		return sense;
	log_get_stats(cmd, stats);
	for (i = 0; i < ARRAY_SIZE(log_counters); i++)
		if (sel.set[i])
			log_counter_set(vd, stats, i, sel.value[i]);
	scst_device_ua(cmd->dev, SCST_UA_LOG_CHANGED, cmd);
	return SCST_GOOD;
}

static scst_sense_t log_select_list(struct scst_cmd *cmd)
{
	u32 len = cmd->xfer_len;

	/* SPC-6: the list names the pages. */
	if (cmd->cdb[2] & LOG_PAGE_CODE)
		return scst_cmd_cdb_error(cmd, 2, 5);
	if (cmd->cdb[3])
		return scst_cmd_cdb_error(cmd, 3, 8);
	if (LOG_PC(cmd->cdb[2]) != LOG_PC_CUMULATIVE)
		return scst_cmd_cdb_error(cmd, 2, 7);
	if (len > VDISK_LOG_MAX_LEN)
		return scst_cmd_cdb_error(cmd, 7, 8);

	u8 *buf __free(kfree) = kmalloc(VDISK_LOG_MAX_LEN, GFP_NOIO);
	if (!buf)
		return SCST_BUSY;
	if (scst_cmd_data_out(cmd, buf, len) < len)
		return SCST_SENSE_PARAM_LIST_LENGTH;
	return log_apply(cmd, buf, len);
}

/* Without a list the CDB says which pages.  No saved values are there to go back to. */
static scst_sense_t log_select_no_list(struct scst_cmd *cmd, bool pcr)
{
	u8 pc = LOG_PC(cmd->cdb[2]);

	if (!log_has_counters(cmd->cdb[2] & LOG_PAGE_CODE))
		return scst_cmd_cdb_error(cmd, 2, 5);
	if (cmd->cdb[3])
		return scst_cmd_cdb_error(cmd, 3, 8);
	if (pcr || pc == LOG_PC_DEFAULT)
		return log_reset(cmd);
	return pc == LOG_PC_CUMULATIVE ? SCST_GOOD :
					 scst_cmd_cdb_error(cmd, 2, 7);
}

/**
 * vdisk_exec_log_select - LOG SELECT
 * @cmd: command; it has the unit alone
 *
 * PCR=1, or default cumulative values without a list, set counters to zero.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t vdisk_exec_log_select(struct scst_cmd *cmd)
{
	bool pcr = cmd->cdb[1] & LOG_SELECT_PCR;

	if (!cmd->xfer_len)
		return log_select_no_list(cmd, pcr);
	return pcr ? scst_cmd_cdb_error(cmd, 1, 1) : log_select_list(cmd);
}
