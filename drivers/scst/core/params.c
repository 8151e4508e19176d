// SPDX-License-Identifier: GPL-2.0
/* What a user writes into add_device and its kin: "name param=value ...". */

#include <linux/string.h>
#include "core.h"

#define PARAM_BLANKS	" \t\n;"

/**
 * scst_next_param - split off the next word of a parameter string
 * @params: what is left of the string; is modified and moved on
 * @value: set to what follows the first '=', or NULL when there is none
 *
 * Words are separated by blanks and semicolons.
 *
 * Context: any.
 * Return: the word, up to the '=', or NULL at the end.
 */
char *scst_next_param(char **params, char **value)
{
	char *word;

	do {
		word = strsep(params, PARAM_BLANKS);
	} while (word && !*word);

	*value = NULL;
	if (word) {
		*value = strchr(word, '=');
		if (*value)
			*(*value)++ = '\0';
	}
	return word;
}
EXPORT_SYMBOL_GPL(scst_next_param);

/**
 * scst_split_name - copy what a user wrote and split off the object's name
 * @buf: what the user wrote
 * @name: set to the first word
 * @params: set to what follows, never NULL
 *
 * Context: process context, may sleep.
 * Return: the copy, to be freed with kfree(), or ERR_PTR(): -ENOMEM, or -EINVAL
 * when there is no name.
 */
char *scst_split_name(const char *buf, char **name, char **params)
{
	char *copy = kstrdup(buf, GFP_KERNEL);
	char *value;

	if (!copy)
		return ERR_PTR(-ENOMEM);
	*params = strim(copy);
	*name = scst_next_param(params, &value);
	if (!*name || value) {
		kfree(copy);
		return ERR_PTR(-EINVAL);
	}
	if (!*params)
		*params = *name + strlen(*name);
	return copy;
}

/* Show a NULL ended list of names in one line. */
ssize_t scst_emit_names(char *buf, const char *const *names)
{
	ssize_t at = 0;

	if (!names)
		return 0;
	for (; *names; names++)
		at += sysfs_emit_at(buf, at, "%s%s", at ? " " : "", *names);
	return at + sysfs_emit_at(buf, at, "\n");
}
