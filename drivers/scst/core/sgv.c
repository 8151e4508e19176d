// SPDX-License-Identifier: GPL-2.0
/*
 * Data buffers of those who have none of their own: target drivers whose
 * transport delivers data to wherever it is told, and the copy manager.
 *
 * What an initiator can make the target allocate has two limits, one for each
 * owner, which is an I_T nexus, and one for all.  Over a limit, or without
 * memory, there is no buffer: its command ends with TASK SET FULL and the
 * initiator sends it again when others have ended (SAM-6 5.3.1), which is no
 * I/O error.
 *
 * A buffer is a scatter list with its pages, of a size that is a power of two.
 * A free one goes back to the CPU that it came from, where the next of its size
 * is the one that was freed last: neither the pages nor the list have to be made
 * anew, and no two CPUs share a lock as long as completions stay near.  What is
 * not used goes when the cache is full, oldest first, and when the kernel wants
 * memory.
 */

#include <kunit/visibility.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include "core.h"

/* Classes of buffers that are cached: up to 4 MiB with pages of 4 KiB */
#define SGV_NR_CLASSES		11

/*
 * How far a CPU's part of a counter may be from what all know, in pages: what
 * an I/O of usual size adds and takes away again leaves the shared part alone.
 */
#define SGV_COUNTER_BATCH	1024

/**
 * struct sgv_cache - free buffers of a CPU
 * @lock: protects all fields
 * @classes: by order, last freed first
 * @lru: all of them, last freed first
 * @nr_pages: in them
 */
struct sgv_cache {
	spinlock_t lock;	/* see above */
	struct list_head classes[SGV_NR_CLASSES];
	struct list_head lru;
	unsigned long nr_pages;
};

static DEFINE_PER_CPU(struct sgv_cache, sgv_caches);

enum sgv_stat {
	SGV_ALLOCATIONS,
	SGV_HITS,
	SGV_ENTRIES,
	SGV_PAGES,
	SGV_OVER_LIMIT,
	SGV_NO_MEMORY,
	SGV_NR_STATS
};

static DEFINE_PER_CPU(u64 [SGV_NR_STATS], sgv_stats);

VISIBLE_IF_KUNIT struct scst_sgv_limits scst_sgv_limits;
EXPORT_SYMBOL_IF_KUNIT(scst_sgv_limits);

static struct percpu_counter sgv_in_use;
static struct shrinker *sgv_shrinker;
static struct device *sgv_dir;

static void sgv_count(enum sgv_stat stat)
{
	this_cpu_inc(sgv_stats[stat]);
}

/* ------------------------------------------------------------------------
 * Limits
 */

/* Count @nr pages, if they are not too many. */
static bool sgv_counter_charge(struct percpu_counter *counter, s64 nr,
			       unsigned long limit)
{
	percpu_counter_add_batch(counter, nr, SGV_COUNTER_BATCH);
	/* Exact where it matters, and only there */
	if (likely(__percpu_counter_compare(counter, limit,
					    SGV_COUNTER_BATCH) <= 0))
		return true;
	percpu_counter_add_batch(counter, -nr, SGV_COUNTER_BATCH);
	return false;
}

/* For the test; so many are in use now. */
VISIBLE_IF_KUNIT s64 scst_sgv_pages_in_use(void)
{
	return percpu_counter_sum_positive(&sgv_in_use);
}
EXPORT_SYMBOL_IF_KUNIT(scst_sgv_pages_in_use);

static void sgv_uncharge(struct scst_sgv_owner *owner, unsigned int nr)
{
	percpu_counter_add_batch(&sgv_in_use, -(s64)nr, SGV_COUNTER_BATCH);
	if (owner)
		percpu_counter_add_batch(&owner->in_use, -(s64)nr,
					 SGV_COUNTER_BATCH);
}

static int sgv_charge(struct scst_sgv_owner *owner, unsigned int nr)
{
	unsigned long limit = READ_ONCE(scst_sgv_limits.all);
	unsigned long own_limit = READ_ONCE(scst_sgv_limits.per_initiator);

	if (unlikely(nr > limit || (owner && nr > own_limit)))
		return -EMSGSIZE;
	if (owner && !sgv_counter_charge(&owner->in_use, nr, own_limit))
		return -EBUSY;
	if (sgv_counter_charge(&sgv_in_use, nr, limit))
		return 0;
	if (owner)
		percpu_counter_add_batch(&owner->in_use, -(s64)nr,
					 SGV_COUNTER_BATCH);
	return -EBUSY;
}

/* ------------------------------------------------------------------------
 * Making and destroying buffers
 */

static void sgv_free_folios(struct list_head *folios)
{
	struct folio *folio, *next;

	list_for_each_entry_safe(folio, next, folios, lru) {
		list_del(&folio->lru);
		folio_put(folio);
	}
}

/*
 * Big folios make short scatter lists, but nobody waits for memory to be
 * compacted, and none is taken out of a reserve.
 */
static struct folio *sgv_alloc_folio(unsigned int *order, gfp_t gfp)
{
	gfp_t try = (gfp & ~__GFP_RECLAIM) | __GFP_NOMEMALLOC;
	struct folio *folio;

	for (; *order; (*order)--) {
		folio = folio_alloc(try, *order);
		if (folio)
			return folio;
	}
	return folio_alloc(gfp, 0);
}

/* Returns the number of folios in @folios, 0 without memory. */
static unsigned int sgv_alloc_folios(struct list_head *folios,
				     unsigned int left, gfp_t gfp)
{
	unsigned int order = MAX_PAGE_ORDER, nr = 0;
	struct folio *folio;

	while (left) {
		order = min_t(unsigned int, order, ilog2(left));
		folio = sgv_alloc_folio(&order, gfp);
		if (!folio) {
			sgv_free_folios(folios);
			return 0;
		}
		list_add_tail(&folio->lru, folios);
		left -= 1U << order;
		nr++;
	}
	return nr;
}

static void sgv_fill_table(struct scst_sgv *sgv, struct list_head *folios)
{
	struct scatterlist *sg = sgv->table.sgl;
	struct folio *folio, *next;

	list_for_each_entry_safe(folio, next, folios, lru) {
		list_del(&folio->lru);
		sg_set_folio(sg, folio, folio_size(folio), 0);
		sg = sg_next(sg);
	}
}

static void sgv_destroy(struct scst_sgv *sgv)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(&sgv->table, sg, i)
		folio_put(page_folio(sg_page(sg)));
	sg_free_table(&sgv->table);
	kfree(sgv);
}

static struct scst_sgv *sgv_create(unsigned int nr_pages, gfp_t gfp)
{
	struct scst_sgv *sgv;
	LIST_HEAD(folios);
	unsigned int nr;

	sgv = kmalloc(sizeof(*sgv), gfp);
	if (!sgv)
		return NULL;
	nr = sgv_alloc_folios(&folios, nr_pages, gfp);
	if (!nr)
		goto free_sgv;
	if (sg_alloc_table(&sgv->table, nr, gfp))
		goto free_folios;
	sgv_fill_table(sgv, &folios);
	sgv->sg = sgv->table.sgl;
	sgv->nr_pages = nr_pages;
	this_cpu_add(sgv_stats[SGV_PAGES], nr_pages);
	this_cpu_add(sgv_stats[SGV_ENTRIES], nr);
	return sgv;

free_folios:
	sgv_free_folios(&folios);
free_sgv:
	kfree(sgv);
	return NULL;
}

/* ------------------------------------------------------------------------
 * The cache
 */

static void sgv_unlink(struct sgv_cache *cache, struct scst_sgv *sgv)
{
	lockdep_assert_held(&cache->lock);
	list_del(&sgv->class_entry);
	list_del(&sgv->lru_entry);
	cache->nr_pages -= sgv->nr_pages;
}

static struct scst_sgv *sgv_cache_get(struct sgv_cache *cache,
				      unsigned int order)
{
	struct scst_sgv *sgv;

	guard(spinlock_irqsave)(&cache->lock);
	sgv = list_first_entry_or_null(&cache->classes[order], struct scst_sgv,
				       class_entry);
	if (sgv)
		sgv_unlink(cache, sgv);
	return sgv;
}

/* Move the oldest buffers to @old, as long as there are more than @max pages. */
static unsigned long sgv_cache_shrink(struct sgv_cache *cache,
				      unsigned long max, struct list_head *old)
{
	unsigned long before = cache->nr_pages;
	struct scst_sgv *sgv;

	lockdep_assert_held(&cache->lock);
	while (unlikely(cache->nr_pages > max)) {
		sgv = list_last_entry(&cache->lru, struct scst_sgv, lru_entry);
		sgv_unlink(cache, sgv);
		list_add(&sgv->lru_entry, old);
	}
	return before - cache->nr_pages;
}

static void sgv_destroy_list(struct list_head *list)
{
	struct scst_sgv *sgv, *next;

	list_for_each_entry_safe(sgv, next, list, lru_entry)
		sgv_destroy(sgv);
}

static void sgv_cache_put(struct sgv_cache *cache, struct scst_sgv *sgv)
{
	unsigned long max = READ_ONCE(scst_sgv_limits.cache) / num_online_cpus();
	LIST_HEAD(old);

	scoped_guard(spinlock_irqsave, &cache->lock) {
		list_add(&sgv->class_entry, &cache->classes[sgv->order]);
		list_add(&sgv->lru_entry, &cache->lru);
		cache->nr_pages += sgv->nr_pages;
		sgv_cache_shrink(cache, max, &old);
	}
	sgv_destroy_list(&old);
}

static unsigned long sgv_cached_pages(void)
{
	unsigned long nr = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		nr += READ_ONCE(per_cpu(sgv_caches, cpu).nr_pages);
	return nr;
}

/* Free the oldest buffers of a CPU, @nr pages or a few more. */
static unsigned long sgv_reclaim(struct sgv_cache *cache, unsigned long nr)
{
	unsigned long freed;
	LIST_HEAD(old);

	scoped_guard(spinlock_irqsave, &cache->lock)
		freed = sgv_cache_shrink(cache, cache->nr_pages -
					 min(nr, cache->nr_pages), &old);
	sgv_destroy_list(&old);
	return freed;
}

static unsigned long sgv_count_objects(struct shrinker *shrinker,
				       struct shrink_control *sc)
{
	return sgv_cached_pages() ?: SHRINK_EMPTY;
}

static unsigned long sgv_scan_objects(struct shrinker *shrinker,
				      struct shrink_control *sc)
{
	unsigned long all = sgv_cached_pages(), freed = 0;
	int cpu;

	/* From each as much as it has of all, which may be more by now */
	for_each_possible_cpu(cpu) {
		struct sgv_cache *cache = per_cpu_ptr(&sgv_caches, cpu);
		unsigned long nr = READ_ONCE(cache->nr_pages);

		if (!nr || freed >= sc->nr_to_scan)
			continue;
		nr = mult_frac(sc->nr_to_scan, nr, max(all, nr)) ?: 1;
		freed += sgv_reclaim(cache, nr);
	}
	return freed ?: SHRINK_STOP;
}

/* ------------------------------------------------------------------------
 * What others call
 */

/* Have the scatter list end where the buffer does. */
static void sgv_cut(struct scst_sgv *sgv, u32 len)
{
	struct scatterlist *sg = sgv->sg;

	sgv->len = len;
	sgv->sg_cnt = 1;
	while (len > sg->length) {
		len -= sg->length;
		sgv->sg_cnt++;
		sg = sg_next(sg);
	}
	sgv->last = sg;
	sgv->last_len = sg->length;
	sg->length = len;
	if (sgv->sg_cnt < sgv->table.nents)
		sg_mark_end(sg);
}

/* Undo sgv_cut(). */
static void sgv_uncut(struct scst_sgv *sgv)
{
	sgv->last->length = sgv->last_len;
	if (sgv->sg_cnt < sgv->table.nents)
		sg_unmark_end(sgv->last);
}

static struct scst_sgv *sgv_get(unsigned int order, unsigned int nr, gfp_t gfp)
{
	int cpu = raw_smp_processor_id();
	struct scst_sgv *sgv = NULL;

	sgv_count(SGV_ALLOCATIONS);
	if (likely(order < SGV_NR_CLASSES))
		sgv = sgv_cache_get(per_cpu_ptr(&sgv_caches, cpu), order);
	if (likely(sgv)) {
		sgv_count(SGV_HITS);
		return sgv;
	}
	/* Others are not to be killed for a command that can be refused. */
	sgv = sgv_create(nr, (gfp & ~__GFP_ZERO) | __GFP_NORETRY |
			     __GFP_NOWARN);
	if (likely(sgv)) {
		sgv->order = order;
		sgv->cpu = cpu;
	}
	return sgv;
}

/**
 * scst_sgv_alloc - get a data buffer
 * @owner: whose it is: that of the I_T nexus, which must outlive the buffer, or
 *	NULL for one that only the limit of all applies to
 * @len: bytes, not 0
 * @gfp: %GFP_KERNEL, %GFP_NOIO or %GFP_NOWAIT, with %__GFP_ZERO for a buffer of
 *	zeroes; without it, it has what was in that memory before, also of other
 *	initiators, and only what was written to it since may be sent
 *
 * The scatter list is not to be modified, but that its first entry may begin later
 * for a while, within its first page.  When the buffer is given back nobody may use
 * its pages any more, reference or not.
 *
 * Context: as @gfp says; process context if it may sleep.
 * Return: the buffer or ERR_PTR(): -EBUSY when a limit is reached, -ENOMEM, with
 * both of which the command is to end with TASK SET FULL, see scst_cmd_refuse();
 * -EMSGSIZE when @len alone is more than a limit.
 */
struct scst_sgv *scst_sgv_alloc(struct scst_sgv_owner *owner, u32 len,
				gfp_t gfp)
{
	unsigned int order = get_order(len);
	unsigned int nr = DIV_ROUND_UP(len, PAGE_SIZE);
	struct scst_sgv *sgv;
	int ret;

	if (likely(order < SGV_NR_CLASSES))
		nr = 1U << order;
	ret = sgv_charge(owner, nr);
	if (unlikely(ret)) {
		sgv_count(SGV_OVER_LIMIT);
		return ERR_PTR(ret);
	}
	sgv = sgv_get(order, nr, gfp);
	if (unlikely(!sgv)) {
		sgv_uncharge(owner, nr);
		sgv_count(SGV_NO_MEMORY);
		return ERR_PTR(-ENOMEM);
	}
	sgv->owner = owner;
	sgv_cut(sgv, len);
	if (gfp & __GFP_ZERO)
		sg_zero_buffer(sgv->sg, sgv->sg_cnt, len, 0);
	return sgv;
}
EXPORT_SYMBOL_GPL(scst_sgv_alloc);

/**
 * scst_sgv_free - give a data buffer back
 * @sgv: what scst_sgv_alloc() returned; an error or NULL is ignored
 *
 * Context: any.
 */
void scst_sgv_free(struct scst_sgv *sgv)
{
	if (IS_ERR_OR_NULL(sgv))
		return;
	sgv_uncharge(sgv->owner, sgv->nr_pages);
	sgv_uncut(sgv);
	if (likely(sgv->order < SGV_NR_CLASSES))
		sgv_cache_put(per_cpu_ptr(&sgv_caches, sgv->cpu), sgv);
	else
		sgv_destroy(sgv);
}
EXPORT_SYMBOL_GPL(scst_sgv_free);

/**
 * scst_sgv_owner_init - begin to count an initiator's buffers
 * @owner: part of its session
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int scst_sgv_owner_init(struct scst_sgv_owner *owner)
{
	return percpu_counter_init(&owner->in_use, 0, GFP_KERNEL);
}
EXPORT_SYMBOL_IF_KUNIT(scst_sgv_owner_init);

/**
 * scst_sgv_owner_exit - end what scst_sgv_owner_init() began, if it did
 * @owner: part of a session, zeroed before; all its buffers are freed
 *
 * Context: process context.
 */
void scst_sgv_owner_exit(struct scst_sgv_owner *owner)
{
	percpu_counter_destroy(&owner->in_use);
}
EXPORT_SYMBOL_IF_KUNIT(scst_sgv_owner_exit);

/* ------------------------------------------------------------------------
 * /sys/devices/scst/sgv
 */

/**
 * struct sgv_limit_attr - an attribute that can be set, in bytes
 * @attr: attribute
 * @value: where it is, in pages
 * @def: default, in pages
 * @min: least value, in pages
 */
struct sgv_limit_attr {
	struct device_attribute attr;
	unsigned long *value;
	unsigned long def;
	unsigned long min;
};

static struct sgv_limit_attr *to_limit_attr(struct device_attribute *attr)
{
	return container_of(attr, struct sgv_limit_attr, attr);
}

static ssize_t limit_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  (u64)READ_ONCE(*to_limit_attr(attr)->value) <<
			  PAGE_SHIFT);
}

static ssize_t limit_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct sgv_limit_attr *limit = to_limit_attr(attr);
	u64 bytes;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = kstrtou64(buf, 0, &bytes);
	if (!ret && (bytes >> PAGE_SHIFT < limit->min ||
		     bytes >> PAGE_SHIFT > LONG_MAX))
		ret = -EINVAL;
	if (ret) {
		dev_err(dev, "%s: want a number of bytes, %lu or more\n",
			attr->attr.name, limit->min << PAGE_SHIFT);
		return ret;
	}
	WRITE_ONCE(*limit->value, bytes >> PAGE_SHIFT);
	return count;
}

#define SGV_LIMIT_ATTR(_name, _value, _min)			\
	static struct sgv_limit_attr _name##_attr = {		\
		.attr	= __ATTR(_name, 0644, limit_show, limit_store),	\
		.value	= &(_value),				\
		.min	= (_min),				\
	}

SGV_LIMIT_ATTR(limit, scst_sgv_limits.all, 1);
SGV_LIMIT_ATTR(limit_per_initiator, scst_sgv_limits.per_initiator, 1);
SGV_LIMIT_ATTR(cache_limit, scst_sgv_limits.cache, 0);

static struct sgv_limit_attr *const sgv_limit_attrs[] = {
	&limit_attr, &limit_per_initiator_attr, &cache_limit_attr
};

static ssize_t key_attributes_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	unsigned int i;
	int at = 0;

	for (i = 0; i < ARRAY_SIZE(sgv_limit_attrs); i++)
		if (*sgv_limit_attrs[i]->value != sgv_limit_attrs[i]->def)
			at += sysfs_emit_at(buf, at, "%s\n",
					    sgv_limit_attrs[i]->attr.attr.name);
	return at;
}
static DEVICE_ATTR_RO(key_attributes);

static ssize_t in_use_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  (u64)scst_sgv_pages_in_use() << PAGE_SHIFT);
}
static DEVICE_ATTR_RO(in_use);

static ssize_t cached_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  (u64)sgv_cached_pages() << PAGE_SHIFT);
}
static DEVICE_ATTR_RO(cached);

struct sgv_stat_attr {
	struct device_attribute attr;
	enum sgv_stat stat;
};

static ssize_t stat_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	enum sgv_stat stat = container_of(attr, struct sgv_stat_attr,
					  attr)->stat;
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(sgv_stats, cpu)[stat];
	return sysfs_emit(buf, "%llu\n", sum);
}

#define SGV_STAT_ATTR(_name, _stat)				\
	static struct sgv_stat_attr _name##_attr = {		\
		.attr = __ATTR(_name, 0444, stat_show, NULL),	\
		.stat = (_stat),				\
	}

SGV_STAT_ATTR(allocations, SGV_ALLOCATIONS);
SGV_STAT_ATTR(hits, SGV_HITS);
SGV_STAT_ATTR(made_pages, SGV_PAGES);
SGV_STAT_ATTR(made_entries, SGV_ENTRIES);
SGV_STAT_ATTR(over_limit, SGV_OVER_LIMIT);
SGV_STAT_ATTR(no_memory, SGV_NO_MEMORY);

static struct attribute *sgv_attrs[] = {
	&limit_attr.attr.attr,
	&limit_per_initiator_attr.attr.attr,
	&cache_limit_attr.attr.attr,
	&dev_attr_key_attributes.attr,
	&dev_attr_in_use.attr,
	&dev_attr_cached.attr,
	&allocations_attr.attr.attr,
	&hits_attr.attr.attr,
	&made_pages_attr.attr.attr,
	&made_entries_attr.attr.attr,
	&over_limit_attr.attr.attr,
	&no_memory_attr.attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(sgv);

/**
 * scst_sgv_create_dir - create /sys/devices/scst/sgv
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno.
 */
int scst_sgv_create_dir(void)
{
	sgv_dir = scst_create_dir(scst_root, "sgv", sgv_groups, NULL);
	return PTR_ERR_OR_ZERO(sgv_dir);
}

/**
 * scst_sgv_remove_dir - remove what scst_sgv_create_dir() created, if it did
 *
 * Context: process context, may sleep.
 */
void scst_sgv_remove_dir(void)
{
	scst_remove_dir(sgv_dir);
}

/* ------------------------------------------------------------------------
 * Coming and going
 */

/* A quarter of the memory for all, and two fifths of that for one */
static void sgv_set_defaults(void)
{
	unsigned int i;

	scst_sgv_limits.all = max(totalram_pages() / 4, 1UL);
	scst_sgv_limits.per_initiator = max(scst_sgv_limits.all / 5 * 2, 1UL);
	scst_sgv_limits.cache = scst_sgv_limits.all / 4;
	for (i = 0; i < ARRAY_SIZE(sgv_limit_attrs); i++)
		sgv_limit_attrs[i]->def = *sgv_limit_attrs[i]->value;
}

static void sgv_cache_init(struct sgv_cache *cache)
{
	unsigned int i;

	spin_lock_init(&cache->lock);
	for (i = 0; i < SGV_NR_CLASSES; i++)
		INIT_LIST_HEAD(&cache->classes[i]);
	INIT_LIST_HEAD(&cache->lru);
}

/**
 * scst_sgv_init - prepare for scst_sgv_alloc()
 *
 * Context: module initialisation.
 * Return: 0 or -ENOMEM.
 */
int __init scst_sgv_init(void)
{
	int cpu, ret;

	sgv_set_defaults();
	for_each_possible_cpu(cpu)
		sgv_cache_init(per_cpu_ptr(&sgv_caches, cpu));
	ret = percpu_counter_init(&sgv_in_use, 0, GFP_KERNEL);
	if (ret)
		return ret;

	sgv_shrinker = shrinker_alloc(0, "scst-sgv");
	if (!sgv_shrinker) {
		percpu_counter_destroy(&sgv_in_use);
		return -ENOMEM;
	}
	sgv_shrinker->count_objects = sgv_count_objects;
	sgv_shrinker->scan_objects = sgv_scan_objects;
	shrinker_register(sgv_shrinker);
	return 0;
}

/**
 * scst_sgv_exit - free what is cached; all buffers were given back
 *
 * Context: process context, may sleep.
 */
void scst_sgv_exit(void)
{
	int cpu;

	shrinker_free(sgv_shrinker);
	for_each_possible_cpu(cpu)
		sgv_reclaim(per_cpu_ptr(&sgv_caches, cpu), ULONG_MAX);
	percpu_counter_destroy(&sgv_in_use);
}
