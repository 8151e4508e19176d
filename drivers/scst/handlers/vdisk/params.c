// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters of virtual disks.
 *
 * One table has what add_device takes, the attributes of a disk, and what its
 * key_attributes lists.  A parameter whose value is not its default is listed
 * there; writing it to add_device, or to its attribute, makes the same disk.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/log2.h>
#include <linux/siphash.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include "vdisk.h"

#define VDISK_STORE	(VDISK_FILEIO | VDISK_BLOCKIO)
#define VDISK_ALL	(VDISK_STORE | VDISK_NULLIO)	/* disks */
#define VDISK_ANY	(VDISK_ALL | VDISK_CDROM)

/* Blocks of 512 bytes can be addressed by READ(10) up to here and beyond. */
#define NULLIO_SIZE	SZ_1T
#define VDISK_REVISION	"400"

/**
 * struct vdisk_param - a parameter
 * @attr: its attribute; the name is the parameter's
 * @create: handlers whose add_device takes it
 * @show: handlers whose devices show it
 * @store: handlers whose devices let it be written
 * @offset: of its value in struct vdisk_params
 * @size: bytes of its value, 0: it has none of its own
 * @parse: check @val and make it the value
 * @emit: show the value in force
 * @apply: the attribute was written; NULL: @parse alone
 */
struct vdisk_param {
	struct device_attribute attr;
	u8 create;
	u8 show;
	u8 store;
	u16 offset;
	u16 size;
	int (*parse)(struct vdisk *vd, const struct vdisk_param *p,
		     const char *val);
	ssize_t (*emit)(struct vdisk *vd, const struct vdisk_param *p,
			char *buf);
	int (*apply)(struct vdisk *vd, const struct vdisk_param *p,
		     const char *val);
};

static void *vdisk_value(struct vdisk *vd, const struct vdisk_param *p)
{
	return (void *)&vd->p + p->offset;
}

static void *vdisk_default(struct vdisk *vd, const struct vdisk_param *p)
{
	return (void *)&vd->def + p->offset;
}

/* The one line that says why a value is refused. */
static int vdisk_bad_value(const struct vdisk *vd, const struct vdisk_param *p,
			   const char *want)
{
	dev_err(&vd->dev->dev, "%s: want %s\n", p->attr.attr.name, want);
	return -EINVAL;
}

/* ------------------------------------------------------------------------
 * Kinds of values
 */

/* Unlike kstrtobool() it does not take "10" for true. */
static int vdisk_str_to_bool(const char *val)
{
	u8 n;

	if (kstrtou8(val, 10, &n) || n > 1)
		return -EINVAL;
	return n;
}

static int bool_parse(struct vdisk *vd, const struct vdisk_param *p,
		      const char *val)
{
	int n = vdisk_str_to_bool(val);

	if (n < 0)
		return vdisk_bad_value(vd, p, "0 or 1");
	*(bool *)vdisk_value(vd, p) = n;
	return 0;
}

static ssize_t bool_emit(struct vdisk *vd, const struct vdisk_param *p,
			 char *buf)
{
	return sysfs_emit(buf, "%u\n", *(bool *)vdisk_value(vd, p));
}

/* Found out from the store, unless the user says otherwise. */
static int auto_parse(struct vdisk *vd, const struct vdisk_param *p,
		      const char *val)
{
	int n = vdisk_str_to_bool(val);

	if (n < 0)
		return vdisk_bad_value(vd, p, "0 or 1");
	*(s8 *)vdisk_value(vd, p) = n;
	return 0;
}

static ssize_t rotational_emit(struct vdisk *vd, const struct vdisk_param *p,
			       char *buf)
{
	return sysfs_emit(buf, "%u\n", vdisk_is_rotational(vd));
}

static ssize_t thin_provisioned_emit(struct vdisk *vd,
				     const struct vdisk_param *p, char *buf)
{
	return sysfs_emit(buf, "%u\n", vdisk_is_thin(vd));
}

static ssize_t lbprz_emit(struct vdisk *vd, const struct vdisk_param *p,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n", vdisk_unmap_zeroes(vd));
}

static int lb_per_pb_exp_parse(struct vdisk *vd, const struct vdisk_param *p,
			       const char *val)
{
	u8 n;

	if (kstrtou8(val, 0, &n) || n > VDISK_MAX_PB_EXP)
		return vdisk_bad_value(vd, p, "0 to 15");
	vd->p.lb_per_pb_exp = n;
	return 0;
}

static ssize_t lb_per_pb_exp_emit(struct vdisk *vd, const struct vdisk_param *p,
				  char *buf)
{
	return sysfs_emit(buf, "%u\n", vdisk_physical_exponent(vd));
}

/* What the store has is not known yet, see vdisk_check_atomic(). */
static int max_atomic_len_parse(struct vdisk *vd, const struct vdisk_param *p,
				const char *val)
{
	u32 n;

	if (kstrtou32(val, 0, &n) || n > VDISK_MAX_ATOMIC ||
	    (n && !is_power_of_2(n)))
		return vdisk_bad_value(vd, p,
				       "0, or a power of two up to 1048576");
	vd->p.max_atomic_len = n;
	return 0;
}

static ssize_t max_atomic_len_emit(struct vdisk *vd,
				   const struct vdisk_param *p, char *buf)
{
	return sysfs_emit(buf, "%u\n", vdisk_atomic_max(vd));
}

static int opt_trans_len_parse(struct vdisk *vd, const struct vdisk_param *p,
			       const char *val)
{
	u32 n;

	if (kstrtou32(val, 0, &n) || n > VDISK_MAX_XFER ||
	    n % VDISK_MAX_BLOCK_SIZE)
		return vdisk_bad_value(vd, p,
				       "a multiple of 4096 up to 8388608");
	WRITE_ONCE(vd->p.opt_trans_len, n);
	return 0;
}

static ssize_t opt_trans_len_emit(struct vdisk *vd, const struct vdisk_param *p,
				  char *buf)
{
	return sysfs_emit(buf, "%u\n", vdisk_opt_xfer(vd));
}

static int thin_threshold_parse(struct vdisk *vd, const struct vdisk_param *p,
				const char *val)
{
	u8 n;

	if (kstrtou8(val, 0, &n) || n >= 100)
		return vdisk_bad_value(vd, p, "percent: 0 to 99");
	WRITE_ONCE(vd->p.thin_threshold, n);
	return 0;
}

static ssize_t thin_threshold_emit(struct vdisk *vd,
				   const struct vdisk_param *p, char *buf)
{
	return sysfs_emit(buf, "%u\n", vd->p.thin_threshold);
}

static int thin_threshold_apply(struct vdisk *vd, const struct vdisk_param *p,
				const char *val)
{
	u8 old = vd->p.thin_threshold;
	int ret = thin_threshold_parse(vd, p, val);

	if (ret)
		return ret;
	vdisk_space_reset(vd);
	if (vd->p.thin_threshold == old || !vdisk_has_space(vd))
		return 0;
	/* VPD page B2h, mode pages 01h and 1Ch/02h */
	scst_device_ua(vd->dev, SCST_UA_INQUIRY_CHANGED, NULL);
	scst_device_ua(vd->dev, SCST_UA_MODE_CHANGED, NULL);
	return 0;
}

/* What VPD pages say has changed. */
static int inquiry_apply(struct vdisk *vd, const struct vdisk_param *p,
			 const char *val)
{
	int ret = p->parse(vd, p, val);

	if (!ret)
		scst_device_ua(vd->dev, SCST_UA_INQUIRY_CHANGED, NULL);
	return ret;
}

static int blocksize_parse(struct vdisk *vd, const struct vdisk_param *p,
			   const char *val)
{
	u32 n;

	if (kstrtou32(val, 0, &n) || !is_power_of_2(n) ||
	    n < VDISK_MIN_BLOCK_SIZE || n > VDISK_MAX_BLOCK_SIZE)
		return vdisk_bad_value(vd, p, "512, 1024, 2048 or 4096");
	vd->p.block_size = n;
	return 0;
}

static ssize_t blocksize_emit(struct vdisk *vd, const struct vdisk_param *p,
			      char *buf)
{
	return sysfs_emit(buf, "%u\n", vd->dev->block_size);
}

/* memparse() does not notice an overflow. */
static int vdisk_str_to_size(const char *val, u64 *size)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(val, "0123456789");
	const char *unit = val + digits;
	char number[24];
	unsigned int shift = 0;

	if (digits >= sizeof(number))
		return -EINVAL;
	memcpy(number, val, digits);
	number[digits] = '\0';
	if (kstrtou64(number, 10, size))
		return -EINVAL;
	if (*unit) {
		const char *found = strchr(units, toupper(*unit));

		if (!found || unit[1])
			return -EINVAL;
		shift = 10 * (found - units + 1);
	}
	if (*size > (u64)LLONG_MAX >> shift)
		return -EINVAL;
	*size <<= shift;
	return 0;
}

static int size_parse(struct vdisk *vd, const struct vdisk_param *p,
		      const char *val)
{
	u64 size;

	if (vdisk_str_to_size(val, &size))
		return vdisk_bad_value(vd, p,
				       "bytes, or a number with K, M, G or T");
	vd->p.size = size;
	return 0;
}

static ssize_t size_emit(struct vdisk *vd, const struct vdisk_param *p,
			 char *buf)
{
	struct scst_device *dev = vd->dev;

	return sysfs_emit(buf, "%llu\n", dev->nblocks << dev->block_shift);
}

static int size_apply(struct vdisk *vd, const struct vdisk_param *p,
		      const char *val)
{
	u64 old = vd->p.size;
	int ret;

	ret = size_parse(vd, p, val);
	if (!ret)
		ret = vdisk_resize(vd, vd->p.size);
	if (ret)
		vd->p.size = old;
	return ret;
}

static int resync_size_apply(struct vdisk *vd, const struct vdisk_param *p,
			     const char *val)
{
	u64 size;
	int ret;

	ret = vd->type->ops->get_size(vd, &size);
	if (ret) {
		dev_err(&vd->dev->dev, "resync_size: no size: %pe\n",
			ERR_PTR(ret));
		return ret;
	}
	return vdisk_resize(vd, size);
}

/* Stores are opened from the root directory of whoever writes add_device. */
static int filename_parse(struct vdisk *vd, const struct vdisk_param *p,
			  const char *val)
{
	if (*val != '/')
		return vdisk_bad_value(vd, p, "an absolute path");
	if (strscpy(vd->filename, val, vd->filename_size) < 0)
		return -ENAMETOOLONG;
	return 0;
}

/* The medium of a CD-ROM drive is changed; nothing but blanks is none. */
static int filename_apply(struct vdisk *vd, const struct vdisk_param *p,
			  const char *val)
{
	if (*val && *val != '/')
		return vdisk_bad_value(vd, p, "an absolute path, or nothing");
	if (strlen(val) >= vd->filename_size)
		return -ENAMETOOLONG;
	return vcdrom_change(vd, val);
}

static ssize_t filename_emit(struct vdisk *vd, const struct vdisk_param *p,
			     char *buf)
{
	return sysfs_emit(buf, "%s\n", vd->filename);
}

/* SPC-6 4.3.1: ASCII data fields have graphic codes and blanks. */
static bool vdisk_is_ascii(const char *val)
{
	for (; *val; val++)
		if (*val < 0x20 || *val > 0x7e)
			return false;
	return true;
}

static int id_parse(struct vdisk *vd, const struct vdisk_param *p,
		    const char *val)
{
	size_t len = strlen(val);

	if (!len || len >= p->size || !vdisk_is_ascii(val)) {
		dev_err(&vd->dev->dev, "%s: want 1 to %u ASCII characters\n",
			p->attr.attr.name, p->size - 1);
		return -EINVAL;
	}
	spin_lock(&vd->id_lock);
	strscpy_pad(vdisk_value(vd, p), val, p->size);
	spin_unlock(&vd->id_lock);
	return 0;
}

static ssize_t id_emit(struct vdisk *vd, const struct vdisk_param *p, char *buf)
{
	return sysfs_emit(buf, "%s\n", (char *)vdisk_value(vd, p));
}

/* Empty is the same as not set. */
static int optional_id_parse(struct vdisk *vd, const struct vdisk_param *p,
			     const char *val)
{
	if (*val)
		return id_parse(vd, p, val);
	guard(spinlock)(&vd->id_lock);
	memset(vdisk_value(vd, p), 0, p->size);
	return 0;
}

/* SPC-6 7.7.6.11 */
static int device_name_parse(struct vdisk *vd, const struct vdisk_param *p,
			     const char *val)
{
	if (*val && !strstarts(val, "iqn.") && !strstarts(val, "eui.") &&
	    !strstarts(val, "naa.") && !strstarts(val, "uuid."))
		return vdisk_bad_value(vd, p,
				       "a name that begins with iqn., eui., naa. or uuid.");
	return optional_id_parse(vd, p, val);
}

/* @lengths: numbers of digits that are allowed, as bits */
static int hex_id_parse(struct vdisk *vd, const struct vdisk_param *p,
			const char *val, u64 lengths, const char *want)
{
	char hex[VDISK_HEX_ID_SIZE] = { };
	size_t len, i;

	if (!strncasecmp(val, "0x", 2))
		val += 2;
	len = strlen(val);
	if (len >= sizeof(hex) || !(lengths & BIT_ULL(len)))
		return vdisk_bad_value(vd, p, want);
	for (i = 0; i < len; i++) {
		if (!isxdigit(val[i]))
			return vdisk_bad_value(vd, p, want);
		hex[i] = tolower(val[i]);
	}
	guard(spinlock)(&vd->id_lock);
	memcpy(vdisk_value(vd, p), hex, sizeof(hex));
	return 0;
}

static int naa_id_parse(struct vdisk *vd, const struct vdisk_param *p,
			const char *val)
{
	static const char want[] =
		"16 hexadecimal digits that begin with 2, 3 or 5, or 32 with 6";
	const char *digits = strncasecmp(val, "0x", 2) ? val : val + 2;

	/* SPC-6 7.7.6.6: the first digit says how long it is. */
	if (*digits == '6')
		return hex_id_parse(vd, p, val, BIT_ULL(32), want);
	if (*digits && !strchr("235", *digits))
		return vdisk_bad_value(vd, p, want);
	return hex_id_parse(vd, p, val, BIT_ULL(16) | BIT_ULL(0), want);
}

static ssize_t naa_id_emit(struct vdisk *vd, const struct vdisk_param *p,
			   char *buf)
{
	char hex[VDISK_HEX_ID_SIZE];

	vdisk_naa_id(vd, hex);
	return sysfs_emit(buf, "%s\n", hex);
}

static int eui64_id_parse(struct vdisk *vd, const struct vdisk_param *p,
			  const char *val)
{
	return hex_id_parse(vd, p, val, BIT_ULL(32) | BIT_ULL(24) |
			    BIT_ULL(16) | BIT_ULL(0),
			    "16, 24 or 32 hexadecimal digits");
}

static int id_apply(struct vdisk *vd, const struct vdisk_param *p,
		    const char *val)
{
	int ret;

	if (!strcmp(vdisk_value(vd, p), val))
		return 0;
	ret = p->parse(vd, p, val);
	if (!ret)
		scst_device_ua(vd->dev, SCST_UA_INQUIRY_CHANGED, NULL);
	return ret;
}

/* The default value, which becomes the current one too */
static int tst_apply(struct vdisk *vd, const struct vdisk_param *p,
		     const char *val)
{
	struct scst_device *dev = vd->dev;
	bool old = dev->tst;
	int ret;

	ret = bool_parse(vd, p, val);
	if (ret || vd->p.tst == old)
		return ret;
	scst_device_set_tst(dev, vd->p.tst);
	scst_device_ua(dev, SCST_UA_MODE_CHANGED, NULL);
	return 0;
}

/* ------------------------------------------------------------------------
 * The table
 */

static ssize_t vdisk_param_show(struct device *dev,
				struct device_attribute *attr, char *buf);
static ssize_t vdisk_param_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *buf, size_t count);

/* The attribute; vdisk_attr_visible() decides on its mode */
#define VDISK_ATTR(_name) \
	.attr = __ATTR(_name, 0, vdisk_param_show, vdisk_param_store)

static struct vdisk_param vdisk_table[] = {
	{
		VDISK_ATTR(filename),
		.create	= VDISK_STORE | VDISK_CDROM,
		.show	= VDISK_STORE | VDISK_CDROM,
		.store	= VDISK_CDROM,
		.parse	= filename_parse,
		.emit	= filename_emit,
		.apply	= filename_apply,
	}, {
		VDISK_ATTR(blocksize),
		.offset	= offsetof(struct vdisk_params, block_size),
		.size	= sizeof_field(struct vdisk_params, block_size),
		.create	= VDISK_ALL,
		.show	= VDISK_ANY,
		.parse	= blocksize_parse,
		.emit	= blocksize_emit,
	}, {
		VDISK_ATTR(size),
		.offset	= offsetof(struct vdisk_params, size),
		.size	= sizeof_field(struct vdisk_params, size),
		.create	= VDISK_NULLIO,
		.show	= VDISK_ANY,
		.store	= VDISK_NULLIO,
		.parse	= size_parse,
		.emit	= size_emit,
		.apply	= size_apply,
	}, {
		VDISK_ATTR(resync_size),
		.store	= VDISK_STORE,
		.apply	= resync_size_apply,
	}, {
		VDISK_ATTR(read_only),
		.offset	= offsetof(struct vdisk_params, read_only),
		.size	= sizeof_field(struct vdisk_params, read_only),
		.create	= VDISK_ALL,
		.show	= VDISK_ANY,
		.parse	= bool_parse,
		.emit	= bool_emit,
	}, {
		VDISK_ATTR(removable),
		.offset	= offsetof(struct vdisk_params, removable),
		.size	= sizeof_field(struct vdisk_params, removable),
		.create	= VDISK_ALL,
		.show	= VDISK_ANY,
		.parse	= bool_parse,
		.emit	= bool_emit,
	}, {
		VDISK_ATTR(rotational),
		.offset	= offsetof(struct vdisk_params, rotational),
		.size	= sizeof_field(struct vdisk_params, rotational),
		.create	= VDISK_ALL,
		.show	= VDISK_ALL,
		.parse	= auto_parse,
		.emit	= rotational_emit,
	}, {
		VDISK_ATTR(thin_provisioned),
		.offset	= offsetof(struct vdisk_params, thin_provisioned),
		.size	= sizeof_field(struct vdisk_params, thin_provisioned),
		.create	= VDISK_ALL,
		.show	= VDISK_ALL,
		.parse	= auto_parse,
		.emit	= thin_provisioned_emit,
	}, {
		VDISK_ATTR(nv_cache),
		.offset	= offsetof(struct vdisk_params, nv_cache),
		.size	= sizeof_field(struct vdisk_params, nv_cache),
		.create	= VDISK_STORE,
		.show	= VDISK_STORE,
		.parse	= bool_parse,
		.emit	= bool_emit,
	}, {
		VDISK_ATTR(write_through),
		.offset	= offsetof(struct vdisk_params, write_through),
		.size	= sizeof_field(struct vdisk_params, write_through),
		.create	= VDISK_STORE,
		.show	= VDISK_STORE,
		.parse	= bool_parse,
		.emit	= bool_emit,
	}, {
		VDISK_ATTR(o_direct),
		.offset	= offsetof(struct vdisk_params, o_direct),
		.size	= sizeof_field(struct vdisk_params, o_direct),
		.create	= VDISK_FILEIO,
		.show	= VDISK_FILEIO,
		.parse	= bool_parse,
		.emit	= bool_emit,
	}, {
		VDISK_ATTR(read_zero),
		.offset	= offsetof(struct vdisk_params, read_zero),
		.size	= sizeof_field(struct vdisk_params, read_zero),
		.create	= VDISK_NULLIO,
		.show	= VDISK_NULLIO,
		.parse	= bool_parse,
		.emit	= bool_emit,
	}, {
		VDISK_ATTR(tst),
		.offset	= offsetof(struct vdisk_params, tst),
		.size	= sizeof_field(struct vdisk_params, tst),
		.create	= VDISK_ANY,
		.show	= VDISK_ANY,
		.store	= VDISK_ANY,
		.parse	= bool_parse,
		.emit	= bool_emit,
		.apply	= tst_apply,
	}, {
		VDISK_ATTR(vendor),
		.offset	= offsetof(struct vdisk_params, vendor),
		.size	= sizeof_field(struct vdisk_params, vendor),
		.create	= VDISK_ANY,
		.show	= VDISK_ANY,
		.store	= VDISK_ANY,
		.parse	= id_parse,
		.emit	= id_emit,
		.apply	= id_apply,
	}, {
		VDISK_ATTR(prod_id),
		.offset	= offsetof(struct vdisk_params, prod_id),
		.size	= sizeof_field(struct vdisk_params, prod_id),
		.create	= VDISK_ANY,
		.show	= VDISK_ANY,
		.store	= VDISK_ANY,
		.parse	= id_parse,
		.emit	= id_emit,
		.apply	= id_apply,
	}, {
		VDISK_ATTR(revision),
		.offset	= offsetof(struct vdisk_params, revision),
		.size	= sizeof_field(struct vdisk_params, revision),
		.create	= VDISK_ANY,
		.show	= VDISK_ANY,
		.store	= VDISK_ANY,
		.parse	= id_parse,
		.emit	= id_emit,
		.apply	= id_apply,
	}, {
		VDISK_ATTR(usn),
		.offset	= offsetof(struct vdisk_params, usn),
		.size	= sizeof_field(struct vdisk_params, usn),
		.create	= VDISK_ANY,
		.show	= VDISK_ANY,
		.store	= VDISK_ANY,
		.parse	= id_parse,
		.emit	= id_emit,
		.apply	= id_apply,
	}, {
		VDISK_ATTR(t10_dev_id),
		.offset	= offsetof(struct vdisk_params, t10_dev_id),
		.size	= sizeof_field(struct vdisk_params, t10_dev_id),
		.create	= VDISK_ANY,
		.show	= VDISK_ANY,
		.store	= VDISK_ANY,
		.parse	= id_parse,
		.emit	= id_emit,
		.apply	= id_apply,
	}, {
		VDISK_ATTR(vend_specific_id),
		.offset	= offsetof(struct vdisk_params, vend_specific_id),
		.size	= sizeof_field(struct vdisk_params, vend_specific_id),
		.create	= VDISK_ALL,
		.show	= VDISK_ALL,
		.store	= VDISK_ALL,
		.parse	= optional_id_parse,
		.emit	= id_emit,
		.apply	= id_apply,
	}, {
		VDISK_ATTR(naa_id),
		.offset	= offsetof(struct vdisk_params, naa_id),
		.size	= sizeof_field(struct vdisk_params, naa_id),
		.create	= VDISK_ALL,
		.show	= VDISK_ALL,
		.store	= VDISK_ALL,
		.parse	= naa_id_parse,
		.emit	= naa_id_emit,
		.apply	= inquiry_apply,
	}, {
		VDISK_ATTR(eui64_id),
		.offset	= offsetof(struct vdisk_params, eui64_id),
		.size	= sizeof_field(struct vdisk_params, eui64_id),
		.create	= VDISK_ALL,
		.show	= VDISK_ALL,
		.store	= VDISK_ALL,
		.parse	= eui64_id_parse,
		.emit	= id_emit,
		.apply	= inquiry_apply,
	}, {
		VDISK_ATTR(scsi_device_name),
		.offset	= offsetof(struct vdisk_params, scsi_device_name),
		.size	= sizeof_field(struct vdisk_params, scsi_device_name),
		.create	= VDISK_ALL,
		.show	= VDISK_ALL,
		.store	= VDISK_ALL,
		.parse	= device_name_parse,
		.emit	= id_emit,
		.apply	= id_apply,
	}, {
		VDISK_ATTR(inq_vend_specific),
		.offset	= offsetof(struct vdisk_params, inq_vend_specific),
		.size	= sizeof_field(struct vdisk_params, inq_vend_specific),
		.create	= VDISK_ALL,
		.show	= VDISK_ALL,
		.store	= VDISK_ALL,
		.parse	= optional_id_parse,
		.emit	= id_emit,
		.apply	= id_apply,
	}, {
		VDISK_ATTR(management_address),
		.offset	= offsetof(struct vdisk_params, management_address),
		.size	= sizeof_field(struct vdisk_params, management_address),
		.create	= VDISK_ALL,
		.show	= VDISK_ALL,
		.store	= VDISK_ALL,
		.parse	= optional_id_parse,
		.emit	= id_emit,
		.apply	= id_apply,
	}, {
		VDISK_ATTR(opt_trans_len),
		.offset	= offsetof(struct vdisk_params, opt_trans_len),
		.size	= sizeof_field(struct vdisk_params, opt_trans_len),
		.create	= VDISK_ALL,
		.show	= VDISK_ALL,
		.store	= VDISK_ALL,
		.parse	= opt_trans_len_parse,
		.emit	= opt_trans_len_emit,
		.apply	= inquiry_apply,
	}, {
		VDISK_ATTR(lb_per_pb_exp),
		.offset	= offsetof(struct vdisk_params, lb_per_pb_exp),
		.size	= sizeof_field(struct vdisk_params, lb_per_pb_exp),
		.create	= VDISK_ALL,
		.show	= VDISK_ALL,
		.parse	= lb_per_pb_exp_parse,
		.emit	= lb_per_pb_exp_emit,
	}, {
		VDISK_ATTR(lbprz),
		.offset	= offsetof(struct vdisk_params, lbprz),
		.size	= sizeof_field(struct vdisk_params, lbprz),
		.create	= VDISK_ALL,
		.show	= VDISK_ALL,
		.parse	= auto_parse,
		.emit	= lbprz_emit,
	}, {
		VDISK_ATTR(max_atomic_len),
		.offset	= offsetof(struct vdisk_params, max_atomic_len),
		.size	= sizeof_field(struct vdisk_params, max_atomic_len),
		.create	= VDISK_ALL,
		.show	= VDISK_ALL,
		.parse	= max_atomic_len_parse,
		.emit	= max_atomic_len_emit,
	}, {
		VDISK_ATTR(thin_threshold),
		.offset	= offsetof(struct vdisk_params, thin_threshold),
		.size	= sizeof_field(struct vdisk_params, thin_threshold),
		.create	= VDISK_FILEIO,
		.show	= VDISK_FILEIO,
		.store	= VDISK_FILEIO,
		.parse	= thin_threshold_parse,
		.emit	= thin_threshold_emit,
		.apply	= thin_threshold_apply,
	},
};

#define VDISK_NR_PARAMS		ARRAY_SIZE(vdisk_table)
#define VDISK_NR_TYPES		4

static struct attribute *vdisk_attrs[VDISK_NR_PARAMS + 1];
static const char *vdisk_names[VDISK_NR_TYPES][VDISK_NR_PARAMS + 1];

/* ------------------------------------------------------------------------
 * add_device
 */

/**
 * vdisk_set_defaults - set the parameters of a new disk to their defaults
 * @vd: virtual disk; its type is set
 * @name: its name
 * @setup_id: number of this system
 *
 * The identifiers follow from @name and @setup_id, so that they are the same
 * after a reboot.
 *
 * Context: any.
 */
void vdisk_set_defaults(struct vdisk *vd, const char *name, u32 setup_id)
{
	/* The key is no secret, but part of what the identifiers are. */
	static const siphash_key_t key;
	struct vdisk_params *def = &vd->def;
	char unique[SCST_MAX_NAME + 16];
	u64 id;

	id = siphash(unique, scnprintf(unique, sizeof(unique), "%08x-%s",
				       setup_id, name), &key);
	def->size = NULLIO_SIZE;
	def->rotational = VDISK_AUTO;
	def->thin_provisioned = VDISK_AUTO;
	def->lb_per_pb_exp = VDISK_AUTO;
	def->lbprz = VDISK_AUTO;
	def->max_atomic_len = VDISK_AUTO;
	def->tst = true;
	if (vdisk_is_cdrom(vd)) {
		def->block_size = VDISK_CDROM_BLOCK_SIZE;
		def->read_only = true;
		def->removable = true;
	}
	strscpy(def->vendor, vd->type->vendor);
	strscpy(def->prod_id, name);
	strscpy(def->revision, VDISK_REVISION);
	snprintf(def->usn, sizeof(def->usn), "%016llx", id);
	snprintf(def->t10_dev_id, sizeof(def->t10_dev_id), "%08x-%s",
		 upper_32_bits(id), name);
	vd->p = *def;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_set_defaults);

static const struct vdisk_param *vdisk_find_param(const char *name)
{
	unsigned int i;

	for (i = 0; i < VDISK_NR_PARAMS; i++)
		if (!strcmp(vdisk_table[i].attr.attr.name, name))
			return &vdisk_table[i];
	return NULL;
}

static int vdisk_parse_param(struct vdisk *vd, const char *name,
			     const char *val, unsigned long *seen)
{
	const struct vdisk_param *p = vdisk_find_param(name);
	const struct device *dev = &vd->dev->dev;

	if (!p || !(p->create & vd->type->mask)) {
		dev_err(dev, "unknown parameter '%.64s'\n", name);
		return -EINVAL;
	}
	if (!val || !*val) {
		dev_err(dev, "parameter '%s' has no value\n", name);
		return -EINVAL;
	}
	if (__test_and_set_bit(p - vdisk_table, seen)) {
		dev_err(dev, "parameter '%s' is there twice\n", name);
		return -EINVAL;
	}
	return p->parse(vd, p, val);
}

/* What no single parameter is to blame for. */
static int vdisk_check_params(const struct vdisk *vd)
{
	const struct device *dev = &vd->dev->dev;

	if ((vd->type->mask & VDISK_STORE) && !*vd->filename) {
		dev_err(dev, "parameter 'filename' is missing\n");
		return -EINVAL;
	}
	if (vd->p.nv_cache && vd->p.write_through) {
		dev_err(dev, "nv_cache and write_through exclude each other\n");
		return -EINVAL;
	}
	return 0;
}

/**
 * vdisk_parse_params - parse what a user wrote to add_device
 * @vd: virtual disk with its defaults set
 * @params: parameters; is modified
 *
 * Logs what is wrong.
 *
 * Context: process context.
 * Return: 0, -EINVAL, or -ENAMETOOLONG.
 */
int vdisk_parse_params(struct vdisk *vd, char *params)
{
	DECLARE_BITMAP(seen, VDISK_NR_PARAMS) = { };
	char *name, *val;
	int ret;

	while ((name = scst_next_param(&params, &val))) {
		ret = vdisk_parse_param(vd, name, val, seen);
		if (ret)
			return ret;
	}
	return vdisk_check_params(vd);
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_parse_params);

/**
 * vdisk_parameters - names of the parameters that add_device takes
 * @mask: handler
 *
 * Context: any.
 * Return: names, ended by NULL.
 */
const char *const *vdisk_parameters(u8 mask)
{
	return vdisk_names[ilog2(mask)];
}

/* ------------------------------------------------------------------------
 * Attributes
 */

static struct vdisk_param *to_vdisk_param(struct device_attribute *attr)
{
	return container_of(attr, struct vdisk_param, attr);
}

static ssize_t vdisk_param_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	const struct vdisk_param *p = to_vdisk_param(attr);
	struct scst_device *unit = to_scst_dev(dev);

	guard(mutex)(&unit->mutex);
	return p->emit(to_vdisk(unit), p, buf);
}

static ssize_t vdisk_param_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *buf, size_t count)
{
	const struct vdisk_param *p = to_vdisk_param(attr);
	struct scst_device *unit = to_scst_dev(dev);
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	char *copy __free(kfree) = kstrdup(buf, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	guard(mutex)(&unit->mutex);
	ret = p->apply(to_vdisk(unit), p, strim(copy));
	return ret ?: count;
}

static umode_t vdisk_attr_visible(struct kobject *kobj, struct attribute *attr,
				  int i)
{
	struct vdisk *vd = to_vdisk(to_scst_dev(kobj_to_dev(kobj)));
	const struct vdisk_param *p = &vdisk_table[i];
	umode_t mode = 0;

	if (p->show & vd->type->mask)
		mode |= 0444;
	if (p->store & vd->type->mask)
		mode |= 0200;
	return mode;
}

static const struct attribute_group vdisk_group = {
	.attrs		= vdisk_attrs,
	.is_visible	= vdisk_attr_visible,
};

const struct attribute_group *vdisk_groups[] = {
	&vdisk_group,
	NULL
};

static bool vdisk_is_key(struct vdisk *vd, const struct vdisk_param *p)
{
	if (!(p->create & vd->type->mask))
		return false;
	/* A file name has no default but that of an empty drive. */
	return p->size ? memcmp(vdisk_value(vd, p), vdisk_default(vd, p),
				p->size) : *vd->filename;
}

/**
 * vdisk_key_attributes - list the attributes whose values are not the defaults
 * @dev: logical unit; the caller holds its mutex
 * @buf: where to
 * @at: offset in it
 *
 * Context: process context.
 * Return: bytes added.
 */
ssize_t vdisk_key_attributes(struct scst_device *dev, char *buf, int at)
{
	struct vdisk *vd = to_vdisk(dev);
	const struct vdisk_param *p;
	int start = at;

	for (p = vdisk_table; p < vdisk_table + VDISK_NR_PARAMS; p++)
		if (vdisk_is_key(vd, p))
			at += sysfs_emit_at(buf, at, "%s\n", p->attr.attr.name);
	return at - start;
}
EXPORT_SYMBOL_IF_KUNIT(vdisk_key_attributes);

/**
 * vdisk_params_init - derive the lists that others want from the table
 *
 * Context: module initialisation.
 */
void __init vdisk_params_init(void)
{
	unsigned int i, type, nr;

	for (i = 0; i < VDISK_NR_PARAMS; i++)
		vdisk_attrs[i] = &vdisk_table[i].attr.attr;

	for (type = 0; type < VDISK_NR_TYPES; type++) {
		for (i = 0, nr = 0; i < VDISK_NR_PARAMS; i++)
			if (vdisk_table[i].create & BIT(type))
				vdisk_names[type][nr++] =
					vdisk_table[i].attr.attr.name;
	}
}
