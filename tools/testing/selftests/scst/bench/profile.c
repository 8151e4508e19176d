// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCG plugin for QEMU: what the guest's CPUs execute, and which cache lines go
 * from one to another.
 *
 *	-plugin profile.so,out=PREFIX,marker=ADDR[,watch=ADDR:ADDR...][,lines=on]
 *
 * Counting begins when the function at the guest's address marker is called and
 * ends with its next call, which writes PREFIX.N, N = 0, 1, ..., a line for
 *
 *	B <address> <instructions> <times>	each block of code executed
 *	C <from> <to> <times>			each call of a watched function
 *	L <address> 0 <thousandths>		how often, at most, an instruction
 *						found that another CPU had written
 *						to the cache line since
 *
 * A block ends with a jump or a call, so the block that ran before a watched
 * function is the one that called it.  What the first block of such a function does to
 * a cache line is what its caller does: that is where a lock is taken.
 *
 * The CPUs have to take turns (-accel tcg,thread=single): nothing is locked.
 * Their turns are long, so it cannot be seen when a line of the kernel's would go
 * from one to another.  But an access to it can miss at most as often as others
 * write to it, which is what is counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qemu_plugin.h"

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define MAX_CPUS	32
#define MAX_WATCH	256
#define LINE_SHIFT	6

/**
 * struct block - a piece of code without a branch inside
 * @next: in the list of all; QEMU may translate the same code several times
 * @vaddr: address of its first instruction
 * @insns: number of instructions
 * @count: how often it was executed
 * @watched: a watched function begins here
 */
struct block {
	struct block *next;
	uint64_t vaddr;
	size_t insns;
	uint64_t count;
	bool watched;
};

/* A hash table that only grows, keyed by two numbers of which one is not 0. */
struct entry {
	uint64_t key[2];
	uint64_t value;
};

struct table {
	struct entry *entries;
	size_t size;
	size_t used;
};

static struct block *blocks;
static struct table calls;	/* from, to: times */
static struct table uses;	/* line, CPU + 1: accesses */
static struct table writes;	/* line, CPU + 1: writes */
static struct table accesses;	/* instruction, line: times */
static struct table misses;	/* instruction: thousandths */
static uint64_t marker, watch[MAX_WATCH], last[MAX_CPUS], caller[MAX_CPUS];
static size_t nr_watch;
static bool counting, with_lines;
static const char *prefix = "profile";
static unsigned int nr_dumps, nr_cpus;

static void *alloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		abort();
	return p;
}

static struct entry *slot(const struct table *t, uint64_t a, uint64_t b)
{
	size_t i = (a * 0x9e3779b97f4a7c15ULL ^ b * 0xc2b2ae3d27d4eb4fULL) >> 20;
	struct entry *e;

	for (;; i++) {
		e = &t->entries[i & (t->size - 1)];
		if ((!e->key[0] && !e->key[1]) ||
		    (e->key[0] == a && e->key[1] == b))
			return e;
	}
}

static void grow(struct table *t)
{
	struct table old = *t;
	size_t i;

	t->size = old.size ? 2 * old.size : 1 << 12;
	t->entries = alloc(t->size, sizeof(*t->entries));
	for (i = 0; i < old.size; i++) {
		struct entry *e = &old.entries[i];

		if (e->key[0] || e->key[1])
			*slot(t, e->key[0], e->key[1]) = *e;
	}
	free(old.entries);
}

static uint64_t *lookup(struct table *t, uint64_t a, uint64_t b)
{
	struct entry *e;

	if (2 * t->used >= t->size)
		grow(t);
	e = slot(t, a, b);
	if (!e->key[0] && !e->key[1]) {
		e->key[0] = a;
		e->key[1] = b;
		t->used++;
	}
	return &e->value;
}

static void clear(struct table *t)
{
	free(t->entries);
	memset(t, 0, sizeof(*t));
}

/* How much of the accesses to a line miss */
static double miss_ratio(uint64_t line)
{
	uint64_t cpu, total = 0, written = 0, missed = 0;

	for (cpu = 1; cpu <= nr_cpus; cpu++) {
		total += *lookup(&uses, line, cpu);
		written += *lookup(&writes, line, cpu);
	}
	for (cpu = 1; cpu <= nr_cpus; cpu++) {
		uint64_t used = *lookup(&uses, line, cpu);
		uint64_t others = written - *lookup(&writes, line, cpu);

		missed += used < others ? used : others;
	}
	return (double)missed / total;
}

static void find_misses(void)
{
	size_t i;

	for (i = 0; i < accesses.size; i++) {
		struct entry *e = &accesses.entries[i];

		if (e->value)
			*lookup(&misses, e->key[0], 0) +=
				1000 * e->value * miss_ratio(e->key[1]);
	}
	clear(&accesses);
	clear(&uses);
	clear(&writes);
}

static void dump_table(FILE *f, char type, struct table *t)
{
	size_t i;

	for (i = 0; i < t->size; i++) {
		struct entry *e = &t->entries[i];

		if (!e->value)
			continue;
		fprintf(f, "%c %llx %llx %llu\n", type,
			(unsigned long long)e->key[0],
			(unsigned long long)e->key[1],
			(unsigned long long)e->value);
	}
	clear(t);
}

static void dump(void)
{
	struct block *b;
	char name[4096];
	FILE *f;

	snprintf(name, sizeof(name), "%s.%u", prefix, nr_dumps++);
	f = fopen(name, "w");
	if (!f)
		abort();
	for (b = blocks; b; b = b->next) {
		if (b->count)
			fprintf(f, "B %llx %zu %llu\n",
				(unsigned long long)b->vaddr, b->insns,
				(unsigned long long)b->count);
		b->count = 0;
	}
	dump_table(f, 'C', &calls);
	find_misses();
	dump_table(f, 'L', &misses);
	fclose(f);
}

static bool is_kernel(uint64_t vaddr)
{
	return vaddr > INT64_MAX;
}

/* Only the marker is called while nothing is counted. */
static void on_marker(unsigned int vcpu, void *userdata)
{
	if (counting)
		dump();
	counting = !counting;
}

static void on_block(unsigned int vcpu, void *userdata)
{
	struct block *b = userdata;

	if (!counting)
		return;
	if (vcpu >= nr_cpus)
		nr_cpus = vcpu + 1;
	b->count++;
	caller[vcpu] = b->watched ? last[vcpu] : 0;
	if (b->watched)
		(*lookup(&calls, last[vcpu], b->vaddr))++;
	last[vcpu] = b->vaddr;
}

static void on_access(unsigned int vcpu, uint32_t info,
		      uint64_t vaddr, void *userdata)
{
	uint64_t line = vaddr >> LINE_SHIFT;

	if (!counting || !is_kernel(vaddr))
		return;
	(*lookup(&uses, line, vcpu + 1))++;
	if (qemu_plugin_mem_is_store(info))
		(*lookup(&writes, line, vcpu + 1))++;
	(*lookup(&accesses, caller[vcpu] ?: (uintptr_t)userdata, line))++;
}

static bool is_watched(uint64_t vaddr)
{
	size_t i;

	for (i = 0; i < nr_watch; i++)
		if (watch[i] == vaddr)
			return true;
	return false;
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	struct block *b = alloc(1, sizeof(*b));
	size_t i;

	b->vaddr = qemu_plugin_tb_vaddr(tb);
	b->insns = qemu_plugin_tb_n_insns(tb);
	b->watched = is_watched(b->vaddr);
	b->next = blocks;
	blocks = b;
	if (b->vaddr == marker)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_marker,
						     QEMU_PLUGIN_CB_NO_REGS,
						     NULL);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block,
					     QEMU_PLUGIN_CB_NO_REGS, b);
	if (!with_lines || !is_kernel(b->vaddr))
		return;
	for (i = 0; i < b->insns; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		void *vaddr = (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn);

		qemu_plugin_register_vcpu_mem_cb(insn, on_access,
						 QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, vaddr);
	}
}

static void parse_watch(char *list)
{
	char *word;

	while ((word = strsep(&list, ":")) && nr_watch < MAX_WATCH)
		watch[nr_watch++] = strtoull(word, NULL, 16);
}

__attribute__((visibility("default")))
int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc,
			char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			prefix = strdup(argv[i] + 4);
		else if (!strncmp(argv[i], "marker=", 7))
			marker = strtoull(argv[i] + 7, NULL, 16);
		else if (!strncmp(argv[i], "watch=", 6))
			parse_watch(argv[i] + 6);
		else if (!strcmp(argv[i], "lines=on"))
			with_lines = true;
		else
			return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
