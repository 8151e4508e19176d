// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compare a logical unit with the model of reservations in pr_rules.h:
 *
 *   pr_model [-a] [-k] [-u DIR] SEED STEPS NEXUS...
 *
 *   NEXUS  SG,PORT,FILE: an sg device, the relative identifier of its target port,
 *	    and a file with its TransportID.  Nobody else uses the unit.
 *   -a	    reservations can persist through power loss
 *   -u	    directory of the unit in sysfs, which is compared too
 *   -k	    only commands that change something, with APTPL=1; the kernel log has
 *	    "begin N STATE" before each and "done N" after it
 *
 * Each step is a random command through a random nexus, most of them good ones.
 * How it ends has to be what the model says, and so has, after each step, what the
 * unit says of its registrations and its reservation.  Pending unit attentions are
 * left alone as far as possible, so that they meet each kind of command.
 *
 * At a difference it prints the last steps and both states, and exits with 1.
 */
#include <dirent.h>
#include <stdarg.h>
#include "pr_random.h"

#define HISTORY		20
#define LINE_LEN	512
#define SYSFS_PERIOD	8	/* how often the registrants are compared */
#define SYSFS_TRIES	200	/* of 10 ms: when they have to be right */

/* libc has a header of its own, which is older */
#ifndef SG_SCSI_RESET_NO_ESCALATE
#define SG_SCSI_RESET_NO_ESCALATE	0x100
#endif

static char why[LINE_LEN];
static const char *unit_dir;
static bool only_changes;

static const char *const type_names[16] = {
	[0] = "none",
	[1] = "write_exclusive",
	[3] = "exclusive_access",
	[5] = "write_exclusive_registrants_only",
	[6] = "exclusive_access_registrants_only",
	[7] = "write_exclusive_all_registrants",
	[8] = "exclusive_access_all_registrants",
};

static const char *const action_names[NR_ACTIONS] = {
	"REGISTER", "RESERVE", "RELEASE", "CLEAR", "PREEMPT",
	"PREEMPT AND ABORT", "REGISTER AND IGNORE EXISTING KEY",
	"REGISTER AND MOVE", "REPLACE LOST RESERVATION",
};

/* What is wrong.  Returns false. */
static bool wrong(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return false;
}

static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

/* --- What is said of a command */

static const char *registration_name(int reg)
{
	static char name[32];

	sprintf(name, "id%d@%d", reg / MAX_PORTS, ports[reg % MAX_PORTS]);
	return name;
}

static int describe_pr_out(const struct cmd *c, char *text, size_t size)
{
	int n, i;

	if (c->action < NR_ACTIONS)
		n = snprintf(text, size, "PR OUT %s", action_names[c->action]);
	else
		n = snprintf(text, size, "PR OUT %02x", c->action);
	n += snprintf(text + n, size - n,
		      " type %d scope %d key %llx sa key %llx%s%s%s", c->type,
		      c->scope, (unsigned long long)c->rk,
		      (unsigned long long)c->sark, c->aptpl ? " aptpl" : "",
		      c->all_tg_pt ? " all_tg_pt" : "", c->unreg ? " unreg" : "");
	if (c->spec_i_pt)
		n += snprintf(text + n, size - n, " spec_i_pt");
	if (c->action == REGISTER_AND_MOVE)
		n += snprintf(text + n, size - n, " port %d",
			      c->port < 0 ? -1 : ports[c->port]);
	for (i = 0; i < c->nr_ids; i++)
		n += snprintf(text + n, size - n, " id%d", c->ids[i]);
	if (c->other_protocol)
		n += snprintf(text + n, size - n, " id of another protocol");
	return n + snprintf(text + n, size - n, " length %u%s", c->list_len,
			    c->bad_list ? " (wrong)" : "");
}

static void describe(const struct cmd *c, char *text, size_t size)
{
	int n = snprintf(text, size, "%s: ", st.nexus[c->nexus].name);

	switch (c->kind) {
	case PR_OUT:
		describe_pr_out(c, text + n, size - n);
		break;
	case PR_IN:
		snprintf(text + n, size - n, "PR IN %02x length %u", c->action,
			 c->data.len);
		break;
	case SPC2_RESERVE:
	case SPC2_RELEASE:
		snprintf(text + n, size - n, "%s(%u)%s",
			 c->kind == SPC2_RESERVE ? "RESERVE" : "RELEASE",
			 c->cdb_len, c->third_party ? " for another" : "");
		break;
	case REQUEST_SENSE:
		snprintf(text + n, size - n, "REQUEST SENSE");
		break;
	case LUN_RESET:
		snprintf(text + n, size - n, "LOGICAL UNIT RESET");
		break;
	case MEDIUM:
		snprintf(text + n, size - n, "%s", c->medium->name);
		break;
	}
}

/* --- What PERSISTENT RESERVE IN returns */

static unsigned int pr_in_len(int action)
{
	unsigned int len = 8;
	int reg;

	if (action == 2)
		return 8;
	if (action == 1)
		return st.type ? 24 : 8;
	for (reg = 0; reg < MAX_REGS; reg++)
		if (st.key[reg])
			len += action == 0 ? 8 : 24 + tids[reg / MAX_PORTS].len;
	return len;
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

static bool check_keys(void)
{
	__u8 want[MAX_REGS][8];
	int reg, n = 0;

	for (reg = 0; reg < MAX_REGS; reg++)
		if (st.key[reg])
			put(want[n++], st.key[reg], 8);
	qsort(want, n, 8, compare_keys);
	qsort(buf + 8, n, 8, compare_keys);
	return !memcmp(want, buf + 8, n * 8) || wrong("READ KEYS: other keys");
}

static bool check_reservation(void)
{
	__u64 key = st.holder < 0 ? 0 : st.key[st.holder];

	if (!st.type)
		return true;
	if (get(buf + 8, 8) != key)
		return wrong("READ RESERVATION: key %llx",
			     (unsigned long long)get(buf + 8, 8));
	return buf[21] == st.type ||
	       wrong("READ RESERVATION: scope and type %02x", buf[21]);
}

static bool check_capabilities(void)
{
	/* RLR_C, CRH, SIP_C, ATP_C, PTPL_C; TMV, ALLOW COMMANDS, PTPL_A */
	const __u8 want[8] = {
		0, 8, 0x9c | can_save, 0xb0 | st.aptpl, 0xea, 0x01,
	};
	int i;

	for (i = 0; i < 8; i++)
		if (buf[i] != want[i])
			return wrong("REPORT CAPABILITIES: byte %d is %02x, not %02x",
				     i, buf[i], want[i]);
	return true;
}

/* Returns the registration that a full status descriptor is for, or -1. */
static int described_registration(const __u8 *desc)
{
	unsigned int len = get(desc + 20, 4);
	int tid, port;

	for (tid = 0; tid < nr_tids; tid++)
		for (port = 0; port < nr_ports; port++)
			if (tids[tid].len == len &&
			    !memcmp(tids[tid].data, desc + 24, len) &&
			    get(desc + 18, 2) == ports[port])
				return reg_of(tid, port);
	return -1;
}

static bool check_full_status(unsigned int end)
{
	unsigned int at, seen = 0;
	const __u8 *desc;
	int reg;

	for (at = 8; at < end; at += 24 + get(desc + 20, 4)) {
		desc = buf + at;
		if (at + 24 > end || get(desc + 20, 4) > end - at - 24)
			return wrong("READ FULL STATUS: a descriptor is cut off");
		reg = described_registration(desc);
		if (reg < 0 || !st.key[reg] || (seen & BIT(reg)))
			return wrong("READ FULL STATUS: a nexus that is none, byte %u",
				     at);
		seen |= BIT(reg);
		if (get(desc, 8) != st.key[reg])
			return wrong("READ FULL STATUS: key %llx of %s",
				     (unsigned long long)get(desc, 8),
				     registration_name(reg));
		if (desc[12] != is_holder(reg))
			return wrong("READ FULL STATUS: flags %02x of %s", desc[12],
				     registration_name(reg));
		if (is_holder(reg) && desc[13] != st.type)
			return wrong("READ FULL STATUS: scope and type %02x of %s",
				     desc[13], registration_name(reg));
	}
	return at == end || wrong("READ FULL STATUS: length");
}

static bool check_pr_in(const struct cmd *c, unsigned int got)
{
	unsigned int len = pr_in_len(c->action);

	if (got != (c->data.len < len ? c->data.len : len))
		return wrong("PR IN %02x: %u bytes instead of %u", c->action, got, len);
	if (c->action == 2)
		return got < 8 || check_capabilities();
	if (got >= 8 && get(buf, 4) != st.generation)
		return wrong("PR IN %02x: generation %llu", c->action,
			     (unsigned long long)get(buf, 4));
	if (got >= 8 && get(buf + 4, 4) != len - 8)
		return wrong("PR IN %02x: additional length %llu", c->action,
			     (unsigned long long)get(buf + 4, 4));
	if (got < len)
		return true;
	if (c->action == 0)
		return check_keys();
	return c->action == 1 ? check_reservation() : check_full_status(len);
}

/* The sense data that REQUEST SENSE returns are a condition reported. */
static bool check_sense(const struct cmd *c, unsigned int got)
{
	__u32 code;

	if (got < 8 || !(buf[0] & 0x70))
		return wrong("REQUEST SENSE: %u bytes", got);
	code = sense_code(buf);
	if (ua_reported(&st.nexus[c->nexus], code))
		return true;
	return wrong("REQUEST SENSE: sense %05x", code);
}

/* --- Steps */

static char history[HISTORY][LINE_LEN + 64];
static unsigned long step;
static unsigned long good[NR_ACTIONS], conflicts, attentions, errors;

static __u32 send_reset(int fd)
{
	int arg = SG_SCSI_RESET_DEVICE | SG_SCSI_RESET_NO_ESCALATE;

	return ioctl(fd, SG_SCSI_RESET, &arg) ? HOST(1) : GOOD;
}

static void count(const struct cmd *c, __u32 end)
{
	if (end == GOOD && c->kind == PR_OUT && c->action < NR_ACTIONS)
		good[c->action]++;
	conflicts += end == CONFLICT;
	attentions += is_unit_attention(end);
	errors += end >> 16 == 5;
}

static bool explain(const struct want *w, __u32 end)
{
	char name[END_NAME_LEN], text[LINE_LEN] = "";
	int i, n = 0;

	for (i = 0; i < w->nr; i++)
		n += snprintf(text + n, sizeof(text) - n, "%s%s", i ? " or " : "",
			      end_name(w->end[i], name));
	return wrong("ended with %s, expected %s", end_name(end, name),
		     w->nr ? text : "a unit attention that is pending");
}

/* run_cmd - send a command and judge it; *end is set to how it ended */
static bool run_cmd(const struct cmd *c, __u32 *end)
{
	unsigned int got = 0;
	struct want w;

	if (c->kind == LUN_RESET)
		*end = send_reset(st.nexus[c->nexus].fd);
	else
		*end = scsi_send(st.nexus[c->nexus].fd, c->cdb, c->cdb_len, &c->data,
				 &got);
	count(c, *end);
	if (!judge(c, *end, &w))
		return explain(&w, *end);
	if (*end != GOOD)
		return true;
	if (c->kind == PR_IN)
		return check_pr_in(c, got);
	return c->kind != REQUEST_SENSE || check_sense(c, got);
}

/* One that has nothing to report, so that what is pending meets other commands */
static int reader(void)
{
	int first = below(nr_nexuses), i, n;

	for (n = 0; n < nr_nexuses; n++) {
		i = (first + n) % nr_nexuses;
		if (!st.nexus[i].ua && !st.nexus[i].maybe_ua)
			return i;
	}
	return first;
}

static bool read_back(int action)
{
	struct cmd c = { .nexus = reader() };
	unsigned int tries;
	__u32 end;

	make_pr_in(&c, action, 8192);
	for (tries = 0; tries <= NR_UAS; tries++) {
		if (!run_cmd(&c, &end)) {
			printf("read back through %s\n", st.nexus[c.nexus].name);
			return false;
		}
		if (end == GOOD)
			return true;
	}
	return wrong("PR IN %02x: no data", action);
}

/* --- sysfs */

static void read_file(const char *dir, const char *name, char *text, size_t size)
{
	char path[600];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	text[0] = '\0';
	file = fopen(path, "r");
	if (!file)
		return;
	if (!fgets(text, size, file))
		text[0] = '\0';
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
}

static bool file_says(const char *name, const char *want)
{
	char text[64];

	read_file(unit_dir, name, text, sizeof(text));
	return !strcmp(text, want) ||
	       wrong("sysfs: %s is '%s', not '%s'", name, text, want);
}

static bool file_says_number(const char *name, unsigned int want)
{
	char text[16];

	sprintf(text, "%u", want);
	return file_says(name, text);
}

/* Returns the registration that a registrant's directory is for, or -1. */
static int registrant(const char *dir)
{
	__u8 id[MAX_TID_LEN + 1];
	char path[600], text[64];
	int tid, port, fd;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/transport_id", dir);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	len = read(fd, id, sizeof(id));
	close(fd);
	read_file(dir, "rel_tgt_id", text, sizeof(text));
	for (tid = 0; tid < nr_tids; tid++)
		for (port = 0; port < nr_ports; port++)
			if (len == (ssize_t)tids[tid].len &&
			    !memcmp(tids[tid].data, id, len) &&
			    atoi(text) == ports[port])
				return reg_of(tid, port);
	return -1;
}

static bool registrant_right(const char *dir, unsigned int *seen)
{
	char text[64], want[32];
	int reg = registrant(dir);

	if (reg < 0 || !st.key[reg] || (*seen & BIT(reg)))
		return wrong("sysfs: %s is for none", dir);
	*seen |= BIT(reg);
	sprintf(want, "0x%016llx", (unsigned long long)st.key[reg]);
	read_file(dir, "key", text, sizeof(text));
	if (strcmp(text, want))
		return wrong("sysfs: %s/key is '%s', not '%s'", dir, text, want);
	read_file(dir, "holder", text, sizeof(text));
	if (atoi(text) != is_holder(reg))
		return wrong("sysfs: %s/holder is '%s'", dir, text);
	return true;
}

static bool registrants_right(void)
{
	unsigned int seen = 0;
	struct dirent *entry;
	char path[512];
	bool ok = true;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/registrants", unit_dir);
	dir = opendir(path);
	/* It comes with the first one */
	if (!dir)
		return !nr_registered() || wrong("sysfs: no %s", path);
	while (ok && (entry = readdir(dir))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "%s/registrants/%.20s", unit_dir,
			 entry->d_name);
		ok = registrant_right(path, &seen);
	}
	closedir(dir);
	if (ok && __builtin_popcount(seen) != nr_registered())
		return wrong("sysfs: %d registrants", __builtin_popcount(seen));
	return ok;
}

/* Objects come and go on their own, soon */
static bool registrants_soon_right(void)
{
	int i;

	for (i = 0; i < SYSFS_TRIES; i++) {
		if (registrants_right())
			return true;
		usleep(10000);
	}
	return false;
}

static bool check_sysfs(void)
{
	const char *type = st.reserved_by >= 0 ? "reserve" : type_names[st.type];

	if (!file_says("reservation/type", type) ||
	    !file_says_number("reservation/generation", st.generation) ||
	    !file_says_number("reservation/aptpl", st.aptpl) ||
	    !file_says_number("reservation/nr_registrants", nr_registered()))
		return false;
	return step % SYSFS_PERIOD || registrants_soon_right();
}

/* --- A difference */

static void print_states(void)
{
	struct cmd c = { };
	unsigned int got, i;
	char text[64];
	int reg, n;

	printf("model: type %d, generation %u, aptpl %d, reserved by %s\n", st.type,
	       st.generation, st.aptpl,
	       st.reserved_by < 0 ? "none" : st.nexus[st.reserved_by].name);
	for (reg = 0; reg < MAX_REGS; reg++)
		if (st.key[reg])
			printf("  %s: %llx%s\n", registration_name(reg),
			       (unsigned long long)st.key[reg],
			       is_holder(reg) ? ", holder" : "");
	for (n = 0; n < nr_nexuses; n++)
		printf("  %s is id%d@%d: unit attentions %02x, perhaps %02x\n",
		       st.nexus[n].name, st.nexus[n].tid, ports[st.nexus[n].port],
		       st.nexus[n].ua, st.nexus[n].maybe_ua);
	make_pr_in(&c, 3, 8192);
	for (n = 0; n <= NR_UAS; n++)
		if (scsi_send(st.nexus[0].fd, c.cdb, c.cdb_len, &c.data, &got) == GOOD)
			break;
	printf("unit: READ FULL STATUS, %u bytes:", got);
	for (i = 0; i < got; i++)
		printf("%s%02x", i % 32 ? " " : "\n  ", buf[i]);
	putchar('\n');
	if (!unit_dir)
		return;
	read_file(unit_dir, "reservation/type", text, sizeof(text));
	printf("sysfs: type %s, ", text);
	read_file(unit_dir, "reservation/generation", text, sizeof(text));
	printf("generation %s\n", text);
}

static int differs(__u64 seed)
{
	unsigned long n = step < HISTORY ? 0 : step + 1 - HISTORY;

	printf("seed %llu, step %lu: %s\n", (unsigned long long)seed, step, why);
	for (; n <= step; n++)
		printf("  %s\n", history[n % HISTORY]);
	print_states();
	return 1;
}

/* --- Runs */

static bool verify(void)
{
	if (unit_dir && !check_sysfs())
		return false;
	if (st.reserved_by >= 0)
		return true;
	return read_back(0) && read_back(1) && read_back(3);
}

static bool one_step(void)
{
	char name[END_NAME_LEN], *line = history[step % HISTORY];
	struct cmd c;
	__u32 end;
	bool ok;
	int n;

	make_cmd(&c);
	n = sprintf(line, "%lu ", step);
	describe(&c, line + n, LINE_LEN - n);
	ok = run_cmd(&c, &end);
	n = strlen(line);
	sprintf(line + n, ": %s", end_name(end, name));
	return ok && verify();
}

static bool report_attentions(void)
{
	struct cmd c = { .kind = MEDIUM, .medium = &medium_cmds[0], .cdb_len = 6 };
	__u32 end;

	for (c.nexus = 0; c.nexus < nr_nexuses; c.nexus++)
		do {
			if (!run_cmd(&c, &end))
				return false;
		} while (end != GOOD);
	return true;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* As powerfail.sh has it from sysfs: PORT:ADDRESS:KEY:HOLDER, sorted */
static void print_state(char *text)
{
	char word[MAX_REGS][64];
	int reg, n = 0, i, at;

	for (reg = 0; reg < MAX_REGS; reg++) {
		if (!st.key[reg])
			continue;
		sprintf(word[n++], "%u:%016llx:0x%016llx:%d", ports[reg % MAX_PORTS],
			(unsigned long long)get(tids[reg / MAX_PORTS].data + 4, 8),
			(unsigned long long)st.key[reg], is_holder(reg));
	}
	qsort(word, n, sizeof(word[0]), compare_words);
	at = sprintf(text, "%s", type_names[st.type]);
	for (i = 0; i < n; i++)
		at += sprintf(text + at, " %s", word[i]);
}

static void log_line(const char *fmt, ...)
{
	static int fd = -1;
	char line[MAX_REGS * 64 + 128];
	va_list ap;
	int n;

	if (fd < 0)
		fd = open("/dev/kmsg", O_WRONLY);
	n = sprintf(line, "<4>pr_model: ");
	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	/* Else the console has it with the next one, since that may continue it */
	line[n++] = '\n';
	if (fd < 0 || write(fd, line, n) != n)
		die("/dev/kmsg: %s", strerror(errno));
}

/* Something that the unit accepts, and that has to persist */
static void make_change(struct cmd *c)
{
	struct want w;

	do {
		memset(c, 0, sizeof(*c));
		make_pr_out(c);
		if (c->action == REGISTER || c->action == REGISTER_AND_IGNORE ||
		    c->action == REGISTER_AND_MOVE)
			c->aptpl = true;
		c->list_len = put_list(c, buf);
		put(c->cdb + 5, c->list_len, 4);
		c->data.len = c->list_len;
		memset(&w, 0, sizeof(w));
		check_cmd(c, &w);
	} while (w.nr != 1 || w.end[0] != GOOD ||
		 (!c->sark && !st.key[reg_of_nexus(c->nexus)]));
}

static bool one_change(void)
{
	static struct state before;
	char text[MAX_REGS * 64 + 64], *line = history[step % HISTORY];
	struct cmd c;
	__u32 end;
	int n;

	if (!report_attentions())
		return false;
	make_change(&c);
	n = sprintf(line, "%lu ", step);
	describe(&c, line + n, LINE_LEN - n);
	before = st;
	do_cmd(&c);
	print_state(text);
	st = before;
	log_line("begin %lu %s", step, text);
	if (!run_cmd(&c, &end))
		return false;
	log_line("done %lu", step);
	return true;
}

static void forget_attentions(void)
{
	static const __u8 test_unit_ready[6];
	struct scsi_data none = { };
	unsigned int got, quiet = 0;
	int i;

	for (i = 0; i < nr_nexuses; i++)
		for (quiet = 0; quiet < 3; quiet++)
			if (scsi_send(st.nexus[i].fd, test_unit_ready, 6, &none,
				      &got) != GOOD)
				quiet = -1;
}

/* Registrations of an earlier run go; PRgeneration stays, and is known then */
static void start_empty(void)
{
	struct scsi_data list = { OUT, 24, buf }, in = { IN, 8, buf };
	__u8 clear[10] = { 0x5f, CLEAR, [8] = 24 };
	__u8 ignore[10] = { 0x5f, REGISTER_AND_IGNORE, [8] = 24 };
	__u8 read_keys[10] = { 0x5e, [8] = 8 };
	unsigned int got;
	int fd = st.nexus[0].fd;

	memset(buf, 0, 24);
	put(buf, 1, 8);
	put(buf + 8, 1, 8);
	buf[20] = can_save;
	if (scsi_send(fd, ignore, sizeof(ignore), &list, &got) != GOOD ||
	    scsi_send(fd, clear, sizeof(clear), &list, &got) != GOOD)
		die("%s: cannot register", st.nexus[0].name);
	forget_attentions();
	if (scsi_send(fd, read_keys, sizeof(read_keys), &in, &got) != GOOD || got != 8)
		die("%s: no PERSISTENT RESERVE IN", st.nexus[0].name);
	st.generation = get(buf, 4);
	st.aptpl = can_save;
	st.holder = -1;
	st.reserved_by = -1;
}

/* --- Arguments */

static int find_tid(const struct tid *tid)
{
	int i;

	for (i = 0; i < nr_tids; i++)
		if (tids[i].len == tid->len &&
		    !memcmp(tids[i].data, tid->data, tid->len))
			return i;
	if (nr_tids == MAX_TIDS)
		die("too many TransportIDs");
	tids[nr_tids] = *tid;
	return nr_tids++;
}

static int find_port(unsigned int port)
{
	int i;

	for (i = 0; i < nr_ports; i++)
		if (ports[i] == port)
			return i;
	if (nr_ports == MAX_PORTS)
		die("too many ports");
	ports[nr_ports] = port;
	return nr_ports++;
}

static int read_tid(const char *name)
{
	struct tid tid = { };
	ssize_t len;
	int fd;

	fd = open(name, O_RDONLY);
	len = fd < 0 ? -1 : read(fd, tid.data, sizeof(tid.data));
	if (len < 24)
		die("%s: no TransportID", name);
	close(fd);
	tid.len = len;
	return find_tid(&tid);
}

static void add_nexus(char *arg)
{
	struct nexus *nexus = &st.nexus[nr_nexuses];
	char *sg = strsep(&arg, ","), *port = strsep(&arg, ",");

	if (nr_nexuses == MAX_NEXUSES || !port || !arg)
		die("want SG,PORT,FILE, %d at most", MAX_NEXUSES);
	nexus->fd = open(sg, O_RDWR | O_NONBLOCK);
	if (nexus->fd < 0)
		die("%s: %s", sg, strerror(errno));
	nexus->tid = read_tid(arg);
	nexus->port = find_port(strtoul(port, NULL, 0));
	snprintf(nexus->name, sizeof(nexus->name), "%s", sg);
	nr_nexuses++;
}

/* One that nobody has logged in by: its last byte of the name is another one */
static void add_absent_tid(void)
{
	struct tid tid = tids[0];

	/* SAS and iSCSI: address, name */
	tid.data[10] = tid.data[10] == 'x' ? 'y' : 'x';
	find_tid(&tid);
}

static void print_counts(void)
{
	int i;

	/* REPLACE LOST RESERVATION never is */
	for (i = 0; i < REPLACE_LOST; i++)
		printf("%lu good: %s\n", good[i], action_names[i]);
	printf("%lu conflicts, %lu unit attentions, %lu illegal requests\n", conflicts,
	       attentions, errors);
}

static int usage(void)
{
	fputs("pr_model [-a] [-k] [-u DIR] SEED STEPS SG,PORT,FILE...\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	unsigned long steps;
	__u64 seed;
	int c, i;

	while ((c = getopt(argc, argv, "aku:")) != -1) {
		switch (c) {
		case 'a':
			can_save = true;
			break;
		case 'k':
			only_changes = true;
			break;
		case 'u':
			unit_dir = optarg;
			break;
		default:
			return usage();
		}
	}
	if (argc - optind < 3)
		return usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	seed = strtoull(argv[optind], NULL, 0);
	steps = strtoul(argv[optind + 1], NULL, 0);
	for (i = optind + 2; i < argc; i++)
		add_nexus(argv[i]);
	add_absent_tid();
	rnd_state = (seed + 1) * 0x9e3779b97f4a7c15ull ?: 1;
	for (i = 0; i < 8; i++)
		rnd();

	/* RESERVE of an earlier run */
	if (send_reset(st.nexus[0].fd) != GOOD)
		die("%s: cannot be reset", st.nexus[0].name);
	forget_attentions();
	start_empty();
	for (step = 0; step < steps; step++)
		if (!(only_changes ? one_change() : one_step()))
			return differs(seed);
	print_counts();
	return 0;
}
