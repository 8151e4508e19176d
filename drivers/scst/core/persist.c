// SPDX-License-Identifier: GPL-2.0
/*
 * What a logical unit has to remember when power is lost: files
 * /var/lib/scst/<kind>/<name of the unit>.
 *
 * A file has a header, which says whose it is and has a checksum, and data.  A new
 * one is written beside it and synchronised before it takes its place; the former
 * is kept as <name>!.1, since names of units have no '!', and is what counts when
 * the file is missing or damaged; a damaged one is put aside then, as <name>!bad, so
 * that it does not become the former one.  The directory of a kind is the user's to make:
 * where there is none nothing can be saved.
 *
 * The root directory is that of the initial task, whoever writes into sysfs.
 *
 * This waits for I/O, and the file system may be that of a disk of this host: not
 * for the context of a submitter, and not for a workqueue that units share.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/crc32.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "core.h"

#define PERSIST_DIR	"var/lib/scst"
#define PERSIST_MAGIC	"SCSTfile"
#define PERSIST_FORMAT	1
/* Suffixes: what is being written, what was valid before, and what is damaged */
#define PERSIST_NEW	"!new"
#define PERSIST_OLD	"!.1"
#define PERSIST_BAD	"!bad"

/**
 * struct persist_header - what a file begins with
 * @magic: %PERSIST_MAGIC
 * @format: of this header
 * @version: of the data, which is its owner's
 * @len: bytes of data
 * @crc: CRC-32 of header and data, with this field zero
 * @name: of the unit, padded with zeros
 */
struct persist_header {
	char magic[8];
	__le16 format;
	__le16 version;
	__le32 len;
	__le32 crc;
	char name[SCST_MAX_NAME];
} __packed;

static void persist_file_name(char *buf, size_t size, const char *name,
			      const char *suffix)
{
	snprintf(buf, size, "%s%s", name, suffix);
}

static struct file *persist_open_dir(const char *kind)
{
	char path[64];
	struct file *dir;
	struct path root;

	snprintf(path, sizeof(path), PERSIST_DIR "/%s", kind);
	task_lock(&init_task);
	get_fs_root(init_task.fs, &root);
	task_unlock(&init_task);
	dir = file_open_root(&root, path, O_RDONLY | O_DIRECTORY, 0);
	path_put(&root);
	return dir;
}

static u32 persist_crc(const struct persist_header *h, const void *data,
		       u32 len)
{
	struct persist_header copy = *h;

	copy.crc = 0;
	return crc32_le(crc32_le(~0, (const u8 *)&copy, sizeof(copy)), data,
			len);
}

/* ------------------------------------------------------------------------
 * Saving
 */

static int persist_write_all(struct file *file, const void *buf, size_t len,
			     loff_t *pos)
{
	ssize_t ret = kernel_write(file, buf, len, pos);

	if (ret < 0)
		return ret;
	return ret == len ? 0 : -EIO;
}

static int persist_write_new(struct file *dir, const char *name,
			     const struct persist_header *h, const void *data,
			     u32 len)
{
	struct file *file;
	loff_t pos = 0;
	int ret;

	file = file_open_root(&dir->f_path, name,
			      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = persist_write_all(file, h, sizeof(*h), &pos) ?:
	      persist_write_all(file, data, len, &pos) ?:
	      vfs_fsync(file, 0);
	fput(file);
	return ret;
}

static int persist_rename_locked(const struct path *dir, const char *from,
				 const char *to)
{
	struct mnt_idmap *idmap = mnt_idmap(dir->mnt);
	struct renamedata rd = {
		.old_mnt_idmap	= idmap,
		.old_dir	= d_inode(dir->dentry),
		.new_mnt_idmap	= idmap,
		.new_dir	= d_inode(dir->dentry),
	};
	int ret;

	rd.old_dentry = lookup_one(idmap, from, dir->dentry, strlen(from));
	if (IS_ERR(rd.old_dentry))
		return PTR_ERR(rd.old_dentry);
	rd.new_dentry = lookup_one(idmap, to, dir->dentry, strlen(to));
	if (IS_ERR(rd.new_dentry))
		ret = PTR_ERR(rd.new_dentry);
	else if (d_really_is_negative(rd.old_dentry))
		ret = -ENOENT;
	else
		ret = vfs_rename(&rd);
	if (!IS_ERR(rd.new_dentry))
		dput(rd.new_dentry);
	dput(rd.old_dentry);
	return ret;
}

static int persist_rename(const struct path *dir, const char *from,
			  const char *to)
{
	int ret;

	ret = mnt_want_write(dir->mnt);
	if (ret)
		return ret;
	lock_rename(dir->dentry, dir->dentry);
	ret = persist_rename_locked(dir, from, to);
	unlock_rename(dir->dentry, dir->dentry);
	mnt_drop_write(dir->mnt);
	return ret;
}

/* Not every file system has something to do for a directory. */
static int persist_sync_dir(struct file *dir)
{
	int ret = vfs_fsync(dir, 0);

	return ret == -EINVAL ? 0 : ret;
}

static int persist_replace(struct file *dir, const char *name)
{
	char fresh[SCST_MAX_NAME + 8], old[SCST_MAX_NAME + 8];
	int ret;

	persist_file_name(fresh, sizeof(fresh), name, PERSIST_NEW);
	persist_file_name(old, sizeof(old), name, PERSIST_OLD);
	ret = persist_rename(&dir->f_path, name, old);
	if (ret && ret != -ENOENT)
		return ret;
	ret = persist_rename(&dir->f_path, fresh, name);
	if (!ret)
		ret = persist_sync_dir(dir);
	if (!ret)
		return 0;
	/* The caller goes on with the former one: so must who reads it again. */
	persist_rename(&dir->f_path, name, fresh);
	persist_rename(&dir->f_path, old, name);
	return ret;
}

/**
 * scst_persist_save - save something of a logical unit
 * @kind: what it is: the name of a directory
 * @name: name of the unit
 * @version: version of the data's format
 * @data: data
 * @len: its length in bytes
 *
 * It is on the medium when this returns 0.  One at a time for @kind and @name.
 *
 * Context: process context; waits for I/O.
 * Return: 0 or a negative errno: the former data, if any, is still there.
 */
int scst_persist_save(const char *kind, const char *name, u16 version,
		      const void *data, u32 len)
{
	struct persist_header h = {
		.magic	 = PERSIST_MAGIC,
		.format	 = cpu_to_le16(PERSIST_FORMAT),
		.version = cpu_to_le16(version),
		.len	 = cpu_to_le32(len),
	};
	char fresh[SCST_MAX_NAME + 8];
	struct file *dir;
	int ret;

	strtomem_pad(h.name, name, 0);
	h.crc = cpu_to_le32(persist_crc(&h, data, len));
	persist_file_name(fresh, sizeof(fresh), name, PERSIST_NEW);

	dir = persist_open_dir(kind);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	ret = persist_write_new(dir, fresh, &h, data, len) ?:
	      persist_replace(dir, name);
	fput(dir);
	return ret;
}
EXPORT_SYMBOL_GPL(scst_persist_save);

/**
 * scst_persist_can_save - is there a directory that can be written?
 * @kind: what is to be saved
 *
 * Context: process context; waits for I/O.
 * Return: true if so; scst_persist_save() may fail all the same.
 */
bool scst_persist_can_save(const char *kind)
{
	struct file *dir = persist_open_dir(kind);
	bool can;

	if (IS_ERR(dir))
		return false;
	can = !mnt_want_write(dir->f_path.mnt);
	if (can) {
		can = !inode_permission(mnt_idmap(dir->f_path.mnt),
					file_inode(dir), MAY_WRITE | MAY_EXEC);
		mnt_drop_write(dir->f_path.mnt);
	}
	fput(dir);
	return can;
}
EXPORT_SYMBOL_GPL(scst_persist_can_save);

/* ------------------------------------------------------------------------
 * Loading
 */

/* Returns bytes of data, or why the file is not valid. */
static int persist_check(const struct persist_header *h, const char *name,
			 u16 version, const void *data, ssize_t data_len)
{
	char padded[SCST_MAX_NAME];
	u32 len = le32_to_cpu(h->len);

	strtomem_pad(padded, name, 0);
	if (memcmp(h->magic, PERSIST_MAGIC, sizeof(h->magic)) ||
	    le16_to_cpu(h->format) != PERSIST_FORMAT || len != data_len ||
	    le32_to_cpu(h->crc) != persist_crc(h, data, len))
		return -EUCLEAN;
	if (memcmp(h->name, padded, sizeof(padded)) ||
	    le16_to_cpu(h->version) != version)
		return -EINVAL;
	return len;
}

/* A read may be short because of a signal, or of a lack of memory. */
static ssize_t persist_read_all(struct file *file, void *buf, size_t size,
				loff_t *pos)
{
	size_t done = 0;
	ssize_t ret;

	while (done < size) {
		ret = kernel_read(file, buf + done, size - done, pos);
		if (ret < 0)
			return ret;
		if (!ret)
			break;
		done += ret;
	}
	return done;
}

static int persist_load_file(struct file *dir, const char *file_name,
			     const char *name, u16 version, void *buf, u32 size)
{
	struct persist_header h;
	struct file *file;
	ssize_t got = 0;
	loff_t pos = 0;
	int ret;

	file = file_open_root(&dir->f_path, file_name, O_RDONLY | O_NOFOLLOW,
			      0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = persist_read_all(file, &h, sizeof(h), &pos);
	if (ret == sizeof(h))
		got = persist_read_all(file, buf, size, &pos);
	if (ret < 0)
		goto put;
	if (got < 0)
		ret = got;
	else if (ret != sizeof(h))
		ret = -EUCLEAN;
	else
		ret = persist_check(&h, name, version, buf, got);
put:
	fput(file);
	return ret;
}

/* As we see it, or a file system that has checksums itself */
static bool persist_is_damage(int error)
{
	return error == -EUCLEAN || error == -EBADMSG;
}

static int persist_load_one(struct file *dir, const char *kind,
			    const char *name, const char *suffix, u16 version,
			    void *buf, u32 size)
{
	char file_name[SCST_MAX_NAME + 8];
	int ret;

	persist_file_name(file_name, sizeof(file_name), name, suffix);
	ret = persist_load_file(dir, file_name, name, version, buf, size);
	if (ret < 0 && ret != -ENOENT)
		pr_err("/" PERSIST_DIR "/%s/%s cannot be used: %pe\n", kind,
		       file_name, ERR_PTR(ret));
	return ret;
}

static void persist_put_aside(struct file *dir, const char *kind,
			      const char *name)
{
	char bad[SCST_MAX_NAME + 8];
	int ret;

	persist_file_name(bad, sizeof(bad), name, PERSIST_BAD);
	ret = persist_rename(&dir->f_path, name, bad);
	if (!ret)
		ret = persist_sync_dir(dir);
	if (ret)
		pr_err("/" PERSIST_DIR "/%s/%s cannot be put aside: %pe\n",
		       kind, name, ERR_PTR(ret));
	else
		pr_notice("/" PERSIST_DIR "/%s/%s is %s now\n", kind, name,
			  bad);
}

/**
 * scst_persist_load - load what scst_persist_save() has saved
 * @kind: what it is
 * @name: name of the unit
 * @version: version of the data's format that the caller knows
 * @buf: where to; contents undefined after an error
 * @size: its length in bytes; data that is longer is not valid
 *
 * What was valid before counts where a file is missing or damaged, not where it cannot
 * be read or is not this unit's.  A damaged one is renamed then.  Logs what is wrong with
 * a file.  One at a time for @kind and @name.
 *
 * Context: process context; waits for I/O.
 * Return: bytes of data; -ENOENT when nothing was saved; -EUCLEAN or -EBADMSG when all
 * that was saved is damaged, -EINVAL when it is of another unit or version, -EIO when it
 * cannot be read; another negative errno says nothing of it.
 */
int scst_persist_load(const char *kind, const char *name, u16 version,
		      void *buf, u32 size)
{
	struct file *dir;
	int ret, former;

	dir = persist_open_dir(kind);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	ret = persist_load_one(dir, kind, name, "", version, buf, size);
	if (ret == -ENOENT || persist_is_damage(ret)) {
		former = persist_load_one(dir, kind, name, PERSIST_OLD, version,
					  buf, size);
		if (former >= 0 && ret != -ENOENT)
			persist_put_aside(dir, kind, name);
		if (former != -ENOENT)
			ret = former;
	}
	fput(dir);
	return ret;
}
EXPORT_SYMBOL_GPL(scst_persist_load);
