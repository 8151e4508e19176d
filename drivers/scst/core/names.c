// SPDX-License-Identifier: GPL-2.0
/*
 * Names of target devices and targets: unique on their bus, and found by it.
 *
 * A duplicate is refused here, because sysfs would print a stack dump.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/hashtable.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/stringhash.h>
#include "core.h"

static DEFINE_MUTEX(names_mutex);	/* protects names */
static DEFINE_HASHTABLE(names, 10);

static unsigned int name_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

/*
 * Names that another file in the same directory has, or may get: an object is
 * an entry of its container, of its bus and of its driver.
 */
static bool name_is_taken(const char *name)
{
	static const char *const taken[] = {
		".", "..", "uevent", "power", "subsystem", "driver", "module",
		"bind", "unbind", "type", "version", "stats", "setup_id",
		"key_attributes", "add", "del", "add_device", "del_device",
		"add_device_parameters", "add_target", "del_target",
		"add_target_parameters", "add_session", "del_session",
		"devices", "targets", "device_groups",
	};
	const char *digits = name + strlen("session");

	if (match_string(taken, ARRAY_SIZE(taken), name) >= 0)
		return true;
	return !strncmp(name, "session", strlen("session")) && *digits &&
	       strspn(digits, "0123456789") == strlen(digits);
}

/* Why an object may not have a name, or NULL when it may. */
const char *scst_name_fault(const char *name)
{
	size_t len = strlen(name);
	size_t i;

	if (!len || len > SCST_MAX_NAME)
		return "want 1 to " __stringify(SCST_MAX_NAME) " characters";
	if (name_is_taken(name))
		return "there may be a file of this name";
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !isgraph(name[i]) ||
		    name[i] == '/' || name[i] == '!')
			return "want printable ASCII without blanks, '/' and '!'";
	return NULL;
}

/**
 * scst_valid_name - may an object have this name?
 * @name: name
 *
 * Context: any.
 * Return: true when @name has 1 to %SCST_MAX_NAME printable characters, without
 * blanks, '/' and '!' (which sysfs shows for '/'), and is not the name of a
 * file that stands, or may stand, in the same directory.
 */
bool scst_valid_name(const char *name)
{
	return !scst_name_fault(name);
}
EXPORT_SYMBOL_GPL(scst_valid_name);

/**
 * scst_check_name - say why an object may not have a name
 * @owner: name of the driver or object whose file was written
 * @file: file
 * @name: name that the user wants
 *
 * Context: any.
 * Return: 0, or -EINVAL when scst_valid_name() does not like @name.
 */
int scst_check_name(const char *owner, const char *file, const char *name)
{
	const char *fault = scst_name_fault(name);

	if (!fault)
		return 0;
	pr_err("%s: %s: name \"%*pE\": %s\n", owner, file,
	       (int)strnlen(name, SCST_MAX_NAME), name, fault);
	return -EINVAL;
}

/*
 * A name is in the table from the first moment, so that it stays unique; it is
 * found when the object is complete.
 */
static struct scst_name *name_lookup(const struct bus_type *bus,
				     const char *name)
{
	struct scst_name *n;

	lockdep_assert_held(&names_mutex);
	hash_for_each_possible(names, n, node, name_hash(name))
		if (n->dev->bus == bus && !strcmp(n->name, name))
			return n;
	return NULL;
}

static void name_add(struct scst_name *n, struct device *dev, const char *name)
{
	lockdep_assert_held(&names_mutex);
	n->dev = dev;
	n->name = name;
	hash_add(names, &n->node, name_hash(name));
}

/**
 * scst_add_name - reserve the name of a device
 * @n: to be kept until scst_del_name()
 * @dev: device of one of our buses
 *
 * Context: process context, may sleep.
 * Return: 0, or -EEXIST when the name is in use on this bus.
 */
int scst_add_name(struct scst_name *n, struct device *dev)
{
	guard(mutex)(&names_mutex);
	if (name_lookup(dev->bus, dev_name(dev)))
		return -EEXIST;
	name_add(n, dev, dev_name(dev));
	return 0;
}

/**
 * scst_add_alias - reserve a name of a device by which it is not found
 * @n: to be kept until scst_del_name()
 * @dev: device of one of our buses that is in the table
 * @alias: the name, to be kept as long
 *
 * Context: process context, may sleep.
 * Return: 0, -EEXIST when it is the name of another device on this bus, or -EBUSY when
 * it is another one's alias; both are logged.
 */
int scst_add_alias(struct scst_name *n, struct device *dev, const char *alias)
{
	const struct scst_name *other;

	guard(mutex)(&names_mutex);
	other = name_lookup(dev->bus, alias);
	if (!other || other->dev == dev) {
		name_add(n, dev, alias);
		return 0;
	}
	if (!strcmp(dev_name(other->dev), alias)) {
		dev_err(dev, "is %s, which is the name of another device\n", alias);
		return -EEXIST;
	}
	dev_err(dev, "is the same device as %s\n", dev_name(other->dev));
	return -EBUSY;
}

void scst_del_name(struct scst_name *n)
{
	guard(mutex)(&names_mutex);
	hash_del(&n->node);
}

static bool dev_is_ready(const struct scst_device *dev)
{
	return READ_ONCE(dev->ready);
}

static bool dev_is_passthrough(const struct scst_device *dev)
{
	return dev->passthrough;
}

static struct scst_device *find_dev(const char *name,
				    bool (*wanted)(const struct scst_device *d))
{
	struct scst_device *dev;
	struct scst_name *n;

	guard(mutex)(&names_mutex);
	n = name_lookup(scst_dev_bus(), name);
	if (!n)
		return NULL;
	dev = to_scst_dev(n->dev);
	if (strcmp(dev_name(&dev->dev), name) || !wanted(dev))
		return NULL;
	get_device(&dev->dev);
	return dev;
}

/* The device of that name, which a handler serves, with a reference, or NULL. */
struct scst_device *scst_find_dev(const char *name)
{
	return find_dev(name, dev_is_ready);
}

/* Likewise a device of this host, served or not */
struct scst_device *scst_find_passthrough(const char *name)
{
	return find_dev(name, dev_is_passthrough);
}

/* The target of that name with a reference, or NULL. */
struct scst_tgt *scst_find_tgt(const char *name)
{
	struct scst_name *n;
	struct scst_tgt *tgt;

	guard(mutex)(&names_mutex);
	n = name_lookup(scst_port_bus(), name);
	if (!n)
		return NULL;
	tgt = to_scst_tgt(n->dev);
	if (!READ_ONCE(tgt->ready))
		return NULL;
	get_device(&tgt->dev);
	return tgt;
}
