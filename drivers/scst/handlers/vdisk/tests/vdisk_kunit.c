// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of virtual disks: parameters, INQUIRY data, and the parameter lists of
 * MODE SELECT, each with what no sane initiator or user would send; and what is
 * made of errors.
 */

#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "../vdisk.h"

#define FILENAME_SIZE	512

struct fixture {
	struct vdisk_type type;
	struct scst_device dev;
	struct scst_cmd cmd;
	struct scst_tgt_template tgtt;
	struct scst_tgt tgt;
	struct vdisk *vd;
	u8 vpd[VDISK_VPD_MAX_LEN];
};

/* What tells a disk with a store from one without. */
static scst_sense_t fixture_sync(struct scst_cmd *cmd, u64 pos, u64 len)
{
	return SCST_GOOD;
}

static const struct vdisk_ops fixture_ops = {
	.sync	= fixture_sync,
};

static void fixture_set_type(struct fixture *f, u8 mask)
{
	f->type.mask = mask;
	f->type.vendor = "SCST_FIO";
	vdisk_set_defaults(f->vd, "disk01", 0x1234);
}

static void fixture_set_blocks(struct fixture *f, u8 shift, u64 nblocks)
{
	f->dev.block_shift = shift;
	f->dev.block_size = 1U << shift;
	f->dev.nblocks = nblocks;
}

static int vdisk_test_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->vd = kunit_kzalloc(test, struct_size(f->vd, filename, FILENAME_SIZE),
			      GFP_KERNEL);
	if (!f->vd)
		return -ENOMEM;
	test->priv = f;

	f->dev.dev.init_name = "disk01";
	f->tgt.dev.init_name = "tgt0";
	f->tgt.rel_tgt_id = 0x1234;
	f->tgt.tgtt = &f->tgtt;
	f->dev.priv = f->vd;
	f->cmd.dev = &f->dev;
	f->type.ops = &fixture_ops;
	f->vd->dev = &f->dev;
	f->vd->type = &f->type;
	f->vd->filename_size = FILENAME_SIZE;
	spin_lock_init(&f->vd->id_lock);
	spin_lock_init(&f->dev.tgt_dev_lock);
	INIT_LIST_HEAD(&f->dev.tgt_devs);
	fixture_set_blocks(f, 9, 2048);
	fixture_set_type(f, VDISK_FILEIO);
	f->vd->wce = true;
	f->dev.tst = true;
	return 0;
}

/* ------------------------------------------------------------------------
 * Parameters
 */

static int fixture_parse(struct kunit *test, u8 mask, const char *params)
{
	struct fixture *f = test->priv;
	char *copy = kunit_kstrdup(test, params, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	fixture_set_type(f, mask);
	memset(f->vd->filename, 0, FILENAME_SIZE);
	return vdisk_parse_params(f->vd, copy);
}

static void params_defaults_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdisk_params *p = &f->vd->p;

	KUNIT_EXPECT_EQ(test, fixture_parse(test, VDISK_NULLIO, ""), 0);
	KUNIT_EXPECT_EQ(test, p->block_size, 0);
	KUNIT_EXPECT_EQ(test, p->size, 1ULL << 40);
	KUNIT_EXPECT_EQ(test, p->rotational, VDISK_AUTO);
	KUNIT_EXPECT_EQ(test, p->thin_provisioned, VDISK_AUTO);
	KUNIT_EXPECT_EQ(test, p->max_atomic_len, VDISK_AUTO);
	KUNIT_EXPECT_TRUE(test, p->tst);
	KUNIT_EXPECT_FALSE(test, p->read_only);
	KUNIT_EXPECT_STREQ(test, p->vendor, "SCST_FIO");
	KUNIT_EXPECT_STREQ(test, p->prod_id, "disk01");
	KUNIT_EXPECT_EQ(test, strlen(p->usn), 16);
	KUNIT_EXPECT_STREQ(test, p->t10_dev_id + 8, "-disk01");
}

static void params_values_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdisk_params *p = &f->vd->p;
	const char *params;

	params = " filename=/a=b;blocksize=4096 tst=0\tread_only=1;;nv_cache=1 ";
	KUNIT_ASSERT_EQ(test, fixture_parse(test, VDISK_FILEIO, params), 0);
	KUNIT_EXPECT_STREQ(test, f->vd->filename, "/a=b");
	KUNIT_EXPECT_EQ(test, p->block_size, 4096);
	KUNIT_EXPECT_TRUE(test, p->read_only);
	KUNIT_EXPECT_TRUE(test, p->nv_cache);
	KUNIT_EXPECT_FALSE(test, p->write_through);
	KUNIT_EXPECT_FALSE(test, p->tst);

	params = "removable=1 rotational=0 thin_provisioned=1 filename=/x o_direct=1";
	KUNIT_ASSERT_EQ(test, fixture_parse(test, VDISK_FILEIO, params), 0);
	KUNIT_EXPECT_TRUE(test, p->removable);
	KUNIT_EXPECT_EQ(test, p->rotational, 0);
	KUNIT_EXPECT_EQ(test, p->thin_provisioned, 1);
	KUNIT_EXPECT_TRUE(test, p->o_direct);
}

/* As long as they may be. */
static void params_ids_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdisk_params *p = &f->vd->p;
	const char *params = "vendor=12345678 prod_id=1234567890123456 revision=1234";

	KUNIT_ASSERT_EQ(test, fixture_parse(test, VDISK_NULLIO, params), 0);
	KUNIT_EXPECT_STREQ(test, p->vendor, "12345678");
	KUNIT_EXPECT_STREQ(test, p->prod_id, "1234567890123456");
	KUNIT_EXPECT_STREQ(test, p->revision, "1234");
	KUNIT_ASSERT_EQ(test, fixture_parse(test, VDISK_NULLIO,
					    "t10_dev_id=t usn=u"), 0);
	KUNIT_EXPECT_STREQ(test, p->usn, "u");
	KUNIT_EXPECT_STREQ(test, p->t10_dev_id, "t");
}

struct params_case {
	const char *desc;
	u8 mask;
	const char *params;
	int ret;
	u64 size;
};

static const struct params_case params_cases[] = {
	{ "file only", VDISK_FILEIO, "filename=/x" },
	{ "device only", VDISK_BLOCKIO, "filename=/x" },
	{ "no file", VDISK_FILEIO, "", -EINVAL },
	{ "no device", VDISK_BLOCKIO, "read_only=1", -EINVAL },
	{ "empty file name", VDISK_FILEIO, "filename=", -EINVAL },
	{ "file name without value", VDISK_FILEIO, "filename", -EINVAL },
	{ "relative file name", VDISK_FILEIO, "filename=x", -EINVAL },
	{ "file for nullio", VDISK_NULLIO, "filename=/x", -EINVAL },
	{ "unknown", VDISK_NULLIO, "nothing=1", -EINVAL },
	{ "unknown without value", VDISK_NULLIO, "nothing", -EINVAL },
	{ "no name", VDISK_NULLIO, "=1", -EINVAL },
	{ "prefix", VDISK_NULLIO, "read=1", -EINVAL },
	{ "longer", VDISK_NULLIO, "read_onlyy=1", -EINVAL },
	{ "case", VDISK_NULLIO, "READ_ONLY=1", -EINVAL },
	{ "no parameter", VDISK_FILEIO, "filename=/x resync_size=1", -EINVAL },
	{ "twice", VDISK_NULLIO, "tst=1 tst=1", -EINVAL },
	{ "caches", VDISK_FILEIO, "filename=/x nv_cache=1 write_through=1",
	  -EINVAL },
	{ "one cache", VDISK_FILEIO, "filename=/x nv_cache=0 write_through=1" },
	{ "o_direct of a device", VDISK_BLOCKIO, "filename=/x o_direct=1",
	  -EINVAL },
	{ "bool 2", VDISK_NULLIO, "tst=2", -EINVAL },
	{ "bool 10", VDISK_NULLIO, "tst=10", -EINVAL },
	{ "bool y", VDISK_NULLIO, "tst=y", -EINVAL },
	{ "bool -1", VDISK_NULLIO, "tst=-1", -EINVAL },
	{ "bool 256", VDISK_NULLIO, "tst=256", -EINVAL },
	{ "auto -1", VDISK_NULLIO, "rotational=-1", -EINVAL },
	{ "block size 0", VDISK_NULLIO, "blocksize=0", -EINVAL },
	{ "block size 256", VDISK_NULLIO, "blocksize=256", -EINVAL },
	{ "block size 512", VDISK_NULLIO, "blocksize=512" },
	{ "block size 520", VDISK_NULLIO, "blocksize=520", -EINVAL },
	{ "block size 8192", VDISK_NULLIO, "blocksize=8192", -EINVAL },
	{ "block size 2^32 + 512", VDISK_NULLIO, "blocksize=4294967808",
	  -EINVAL },
	{ "size", VDISK_NULLIO, "size=1048576", 0, 1 << 20 },
	{ "size in K", VDISK_NULLIO, "size=3K", 0, 3 << 10 },
	{ "size in m", VDISK_NULLIO, "size=3m", 0, 3 << 20 },
	{ "size in G", VDISK_NULLIO, "size=3G", 0, 3ULL << 30 },
	{ "size in T", VDISK_NULLIO, "size=3T", 0, 3ULL << 40 },
	{ "largest size", VDISK_NULLIO, "size=9223372036854775807", 0,
	  S64_MAX },
	{ "size 2^63", VDISK_NULLIO, "size=9223372036854775808", -EINVAL },
	{ "size 2^64", VDISK_NULLIO, "size=18446744073709551616", -EINVAL },
	{ "size that overflows", VDISK_NULLIO, "size=16777216T", -EINVAL },
	{ "size of many digits", VDISK_NULLIO,
	  "size=000000000000000000000000000000000000000000000001K", -EINVAL },
	{ "negative size", VDISK_NULLIO, "size=-512", -EINVAL },
	{ "hexadecimal size", VDISK_NULLIO, "size=0x1000", -EINVAL },
	{ "size without number", VDISK_NULLIO, "size=K", -EINVAL },
	{ "size in X", VDISK_NULLIO, "size=1X", -EINVAL },
	{ "size in KK", VDISK_NULLIO, "size=1KK", -EINVAL },
	{ "size of a file", VDISK_FILEIO, "filename=/x size=1M", -EINVAL },
	{ "long vendor", VDISK_NULLIO, "vendor=123456789", -EINVAL },
	{ "long product", VDISK_NULLIO, "prod_id=12345678901234567", -EINVAL },
	{ "long revision", VDISK_NULLIO, "revision=12345", -EINVAL },
	{ "empty vendor", VDISK_NULLIO, "vendor=", -EINVAL },
	{ "control character", VDISK_NULLIO, "usn=a\001b", -EINVAL },
	{ "NAA 2", VDISK_NULLIO, "naa_id=2123456789abcdef" },
	{ "NAA 6", VDISK_NULLIO, "naa_id=0x6123456789ABCDEF0123456789abcdef" },
	{ "NAA 4", VDISK_NULLIO, "naa_id=4123456789abcdef", -EINVAL },
	{ "NAA too short", VDISK_NULLIO, "naa_id=5123456789abcde", -EINVAL },
	{ "NAA 5 too long", VDISK_NULLIO,
	  "naa_id=5123456789abcdef0123456789abcdef", -EINVAL },
	{ "NAA 6 too short", VDISK_NULLIO, "naa_id=6123456789abcdef", -EINVAL },
	{ "NAA 6 too long", VDISK_NULLIO,
	  "naa_id=6123456789abcdef0123456789abcdef0", -EINVAL },
	{ "no NAA", VDISK_NULLIO, "naa_id=5123456789abcdeg", -EINVAL },
	{ "NAA 0x", VDISK_NULLIO, "naa_id=0x0x6789abcdef12", -EINVAL },
	{ "EUI-64 of 8", VDISK_NULLIO, "eui64_id=0123456789abcdef" },
	{ "EUI-64 of 12", VDISK_NULLIO, "eui64_id=0123456789abcdef01234567" },
	{ "EUI-64 of 16", VDISK_NULLIO,
	  "eui64_id=0123456789abcdef0123456789abcdef" },
	{ "EUI-64 of 10", VDISK_NULLIO, "eui64_id=0123456789abcdef0123",
	  -EINVAL },
	{ "EUI-64 of 64 digits", VDISK_NULLIO,
	  "eui64_id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	  -EINVAL },
	{ "device name", VDISK_NULLIO, "scsi_device_name=naa.5123" },
	{ "bad device name", VDISK_NULLIO, "scsi_device_name=disk", -EINVAL },
	{ "inquiry bytes", VDISK_NULLIO,
	  "inq_vend_specific=12345678901234567890" },
	{ "too many inquiry bytes", VDISK_NULLIO,
	  "inq_vend_specific=123456789012345678901", -EINVAL },
	{ "transfer length", VDISK_NULLIO, "opt_trans_len=65536" },
	{ "odd transfer length", VDISK_NULLIO, "opt_trans_len=65537", -EINVAL },
	{ "long transfer length", VDISK_NULLIO, "opt_trans_len=16777216",
	  -EINVAL },
	{ "atomic length", VDISK_NULLIO, "max_atomic_len=65536" },
	{ "longest atomic length", VDISK_BLOCKIO,
	  "filename=/x max_atomic_len=1048576" },
	{ "no atomic writes", VDISK_FILEIO, "filename=/x max_atomic_len=0" },
	{ "odd atomic length", VDISK_NULLIO, "max_atomic_len=12288", -EINVAL },
	{ "long atomic length", VDISK_NULLIO, "max_atomic_len=2097152",
	  -EINVAL },
	{ "negative atomic length", VDISK_NULLIO, "max_atomic_len=-1",
	  -EINVAL },
	{ "atomic length 2^32", VDISK_NULLIO, "max_atomic_len=4294967296",
	  -EINVAL },
	{ "atomic length of a CD-ROM", VDISK_CDROM, "max_atomic_len=0",
	  -EINVAL },
	{ "exponent", VDISK_NULLIO, "lb_per_pb_exp=15" },
	{ "large exponent", VDISK_NULLIO, "lb_per_pb_exp=16", -EINVAL },
	{ "DEL", VDISK_NULLIO, "usn=a\177b", -EINVAL },
	{ "no ASCII", VDISK_NULLIO, "usn=\303\251", -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(params, params_cases, desc);

static void params_test(struct kunit *test)
{
	const struct params_case *c = test->param_value;
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, fixture_parse(test, c->mask, c->params), c->ret);
	if (c->size)
		KUNIT_EXPECT_EQ(test, f->vd->p.size, c->size);
}

/* One character too long for each of the identifiers. */
static void params_long_id_test(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int max;
	} ids[] = {
		{ "usn", VDISK_MAX_USN },
		{ "t10_dev_id", VDISK_MAX_T10_DEV_ID },
		{ "vend_specific_id", VDISK_MAX_VEND_ID },
		{ "management_address", VDISK_MAX_ADDRESS },
	};
	char *params = kunit_kzalloc(test, 1024, GFP_KERNEL);
	unsigned int i, len;

	KUNIT_ASSERT_NOT_NULL(test, params);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		len = scnprintf(params, 1024, "%s=", ids[i].name);
		memset(params + len, 'x', ids[i].max);
		params[len + ids[i].max] = '\0';
		KUNIT_EXPECT_EQ(test, fixture_parse(test, VDISK_NULLIO, params),
				0);
		strcat(params, "x");
		KUNIT_EXPECT_EQ(test, fixture_parse(test, VDISK_NULLIO, params),
				-EINVAL);
	}
}

static void expect_keys(struct kunit *test, const char *want)
{
	struct fixture *f = test->priv;
	char *page = (char *)get_zeroed_page(GFP_KERNEL);
	ssize_t len;

	KUNIT_ASSERT_NOT_NULL(test, page);
	len = vdisk_key_attributes(&f->dev, page, 0);
	KUNIT_EXPECT_EQ(test, len, strlen(page));
	KUNIT_EXPECT_STREQ(test, page, want);
	free_page((unsigned long)page);
}

static void params_keys_test(struct kunit *test)
{
	fixture_parse(test, VDISK_NULLIO, "");
	expect_keys(test, "");
	fixture_parse(test, VDISK_NULLIO, "size=1T tst=1 read_only=0");
	expect_keys(test, "");
	fixture_parse(test, VDISK_NULLIO, "tst=0 size=1G rotational=0 usn=x");
	expect_keys(test, "size\nrotational\ntst\nusn\n");
	fixture_parse(test, VDISK_NULLIO, "max_atomic_len=0");
	expect_keys(test, "max_atomic_len\n");
	fixture_parse(test, VDISK_FILEIO, "filename=/x");
	expect_keys(test, "filename\n");
}

/* ------------------------------------------------------------------------
 * INQUIRY
 */

static void inquiry_std_test(struct kunit *test)
{
	static const u8 want[74] = {
		0x00, 0x80, 0x06, 0x32, 91, 0x08, 0x10, 0x02,
		'S', 'C', 'S', 'T', '_', 'F', 'I', 'O',
		'd', 'i', 's', 'k', '0', '1', ' ', ' ',
		' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ',
		'4', '0', '0', ' ',
		[58] = 0x00, 0xc0, 0x0c, 0x00, 0x0b, 0x11, 0x04, 0x60,
		0x05, 0xc0, 0x04, 0xc0, 0x06, 0x00,
	};
	struct fixture *f = test->priv;
	u8 buf[VDISK_INQUIRY_LEN];

	f->vd->p.removable = true;
	KUNIT_EXPECT_EQ(test, vdisk_inquiry_std(f->vd, 0x0b11, 0x0c00, buf),
			96);
	KUNIT_EXPECT_MEMEQ(test, buf, want, sizeof(want));
}

static void inquiry_no_transport_test(struct kunit *test)
{
	static const u8 want[] = {
		0x00, 0xc0, 0x04, 0x60, 0x05, 0xc0, 0x04, 0xc0, 0x06, 0x00, 0, 0,
	};
	struct fixture *f = test->priv;
	u8 buf[VDISK_INQUIRY_LEN];

	vdisk_inquiry_std(f->vd, 0, 0, buf);
	KUNIT_EXPECT_MEMEQ(test, buf + 58, want, sizeof(want));
}

/* Page 00h lists, in ascending order, what can be read, and nothing else can. */
static void vpd_supported_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int len, page, i = 4;
	u8 list[64];

	strscpy_pad(f->vd->p.management_address, "http://x/");
	len = vdisk_inquiry_vpd(f->vd, 0, &f->tgt, f->vpd);
	KUNIT_ASSERT_LE(test, len, sizeof(list));
	memcpy(list, f->vpd, len);
	KUNIT_ASSERT_EQ(test, len, get_unaligned_be16(list + 2) + 4);
	for (page = 0; page < 256; page++) {
		unsigned int n = vdisk_inquiry_vpd(f->vd, page, &f->tgt,
						   f->vpd);

		if (i < len && list[i] == page) {
			i++;
			/* As long as there are ports */
			if (page == 0x88)
				continue;
			KUNIT_EXPECT_EQ(test, n,
					get_unaligned_be16(f->vpd + 2) + 4);
			KUNIT_EXPECT_EQ(test, f->vpd[1], page);
		} else {
			KUNIT_EXPECT_EQ(test, n, 0);
		}
	}
	KUNIT_EXPECT_EQ(test, i, len);
	KUNIT_EXPECT_NOT_NULL(test, memchr(list + 4, 0x85, len - 4));

	/* Without an address there is no page for it. */
	strscpy_pad(f->vd->p.management_address, "");
	KUNIT_EXPECT_EQ(test, vdisk_inquiry_vpd(f->vd, 0, &f->tgt, f->vpd),
			len - 1);
	KUNIT_EXPECT_NULL(test, memchr(f->vpd + 4, 0x85, len - 5));
	KUNIT_EXPECT_EQ(test, vdisk_inquiry_vpd(f->vd, 0x85, &f->tgt, f->vpd),
			0);
}

static void vpd_serial_test(struct kunit *test)
{
	static const u8 want[] = { 0, 0x80, 0, 3, 'a', 'b', 'c' };
	struct fixture *f = test->priv;
	u8 *buf = f->vpd;

	strscpy_pad(f->vd->p.usn, "abc");
	KUNIT_ASSERT_EQ(test, vdisk_inquiry_vpd(f->vd, 0x80, &f->tgt, buf), 7);
	KUNIT_EXPECT_MEMEQ(test, buf, want, sizeof(want));
}

static void vpd_device_id_test(struct kunit *test)
{
	static const u8 want[] = {
		0, 0x83, 0, 47,
		0x02, 0x01, 0, 11, 'S', 'C', 'S', 'T', '_', 'F', 'I', 'O',
		'a', 'b', 'c',
		0x01, 0x03, 0, 8,
	};
	static const u8 ports[] = {
		0x01, 0x14, 0, 4, 0, 0, 0x12, 0x34,
		0x01, 0x13, 0, 8,
	};
	struct fixture *f = test->priv;
	struct scst_port_id port;
	u8 old[51];

	scst_tgt_port_id(&f->tgt, &port);
	strscpy_pad(f->vd->p.t10_dev_id, "abc");
	KUNIT_ASSERT_EQ(test, vdisk_inquiry_vpd(f->vd, 0x83, &f->tgt, f->vpd),
			sizeof(old));
	KUNIT_EXPECT_MEMEQ(test, f->vpd, want, sizeof(want));
	KUNIT_EXPECT_EQ(test, f->vpd[23] >> 4, 3);
	KUNIT_EXPECT_MEMEQ(test, f->vpd + 31, ports, sizeof(ports));
	KUNIT_EXPECT_EQ(test, get_unaligned_be64(f->vpd + 43), port.naa);
	KUNIT_EXPECT_EQ(test, f->vpd[43] >> 4, 3);

	/* The same for ever, and another for another t10_dev_id */
	memcpy(old, f->vpd, sizeof(old));
	vdisk_inquiry_vpd(f->vd, 0x83, &f->tgt, f->vpd);
	KUNIT_EXPECT_MEMEQ(test, f->vpd, old, sizeof(old));
	strscpy_pad(f->vd->p.t10_dev_id, "abd");
	vdisk_inquiry_vpd(f->vd, 0x83, &f->tgt, f->vpd);
	KUNIT_EXPECT_MEMEQ(test, f->vpd + 31, old + 31, 20);
	KUNIT_EXPECT_MEMNEQ(test, f->vpd + 23, old + 23, 8);
}

/* What the user has chosen */
static void vpd_chosen_ids_test(struct kunit *test)
{
	static const u8 head[] = {
		0, 0x83, 0, 84,
		0x02, 0x01, 0, 9, 'S', 'C', 'S', 'T', '_', 'F', 'I', 'O', 'a',
		0x02, 0x00, 0, 3, 'b', 'c', 'd',
		0x03, 0x28, 0, 8, 'i', 'q', 'n', '.', 'x', 0, 0, 0,
		0x01, 0x02, 0, 8, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd,
		0xef,
		0x01, 0x03, 0, 16, 0x60, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc,
		0xde, 0xf0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde,
		0x01, 0x14, 0, 4, 0, 0, 0x12, 0x34,
		0x01, 0x13, 0, 8,
	};
	struct fixture *f = test->priv;

	strscpy_pad(f->vd->p.t10_dev_id, "a");
	strscpy_pad(f->vd->p.vend_specific_id, "bcd");
	strscpy_pad(f->vd->p.scsi_device_name, "iqn.x");
	strscpy_pad(f->vd->p.eui64_id, "0123456789abcdef");
	strscpy_pad(f->vd->p.naa_id, "60123456789abcdef0123456789abcde");
	KUNIT_ASSERT_EQ(test, vdisk_inquiry_vpd(f->vd, 0x83, &f->tgt, f->vpd),
			sizeof(head) + 8);
	KUNIT_EXPECT_MEMEQ(test, f->vpd, head, sizeof(head));
}

static void vpd_management_address_test(struct kunit *test)
{
	static const u8 want[] = {
		0, 0x85, 0, 12, 0, 0, 0, 8,
		'h', 't', 't', 'p', ':', '/', '/', 0,
	};
	struct fixture *f = test->priv;

	strscpy_pad(f->vd->p.management_address, "http://");
	KUNIT_ASSERT_EQ(test, vdisk_inquiry_vpd(f->vd, 0x85, &f->tgt, f->vpd),
			sizeof(want));
	KUNIT_EXPECT_MEMEQ(test, f->vpd, want, sizeof(want));
}

static void vpd_port_test(struct kunit *test)
{
	static const u8 want[] = {
		0, 0, 0x12, 0x34, 0, 0, 0, 0, 0, 0, 0, 12,
		0x01, 0x13, 0, 8, 0x31, 0, 0, 0, 0, 0, 0, 0x0f,
	};
	static const u8 named[] = {
		0, 0, 0x12, 0x34, 0, 0, 0, 0, 0, 0, 0, 28,
		0x01, 0x13, 0, 8, 0x31, 0, 0, 0, 0, 0, 0, 0x0f,
		0x03, 0x18, 0, 12, 'i', 'q', 'n', '.', 'x', ',', 't', ',',
		'0', 'x', '1', 0,
	};
	struct scst_port_id port = { 0x1234, 0x310000000000000fULL };
	u8 buf[VDISK_PORT_DESC_MAX];

	KUNIT_ASSERT_EQ(test, vdisk_vpd_port(&port, buf), sizeof(want));
	KUNIT_EXPECT_MEMEQ(test, buf, want, sizeof(want));
	strscpy(port.name, "iqn.x,t,0x1");
	KUNIT_ASSERT_EQ(test, vdisk_vpd_port(&port, buf), sizeof(named));
	KUNIT_EXPECT_MEMEQ(test, buf, named, sizeof(named));
	/* The longest, which ends with its NUL */
	memset(port.name, 'x', SCST_MAX_PORT_NAME);
	KUNIT_ASSERT_EQ(test, vdisk_vpd_port(&port, buf), sizeof(buf));
	KUNIT_EXPECT_EQ(test, buf[27], SCST_MAX_PORT_NAME + 1);
	KUNIT_EXPECT_EQ(test, buf[sizeof(buf) - 1], 0);
}

static void fixture_port_id(const struct scst_tgt *tgt,
			    struct scst_port_id *port)
{
	port->naa = 0x5000c50000000001ULL;
	strscpy(port->name, "iqn.abc,t,0x0001");
}

/* What the transport names the port by, and the device that has it */
static void vpd_transport_ids_test(struct kunit *test)
{
	static const u8 device[] = {
		0x03, 0x28, 0, 8, 'i', 'q', 'n', '.', 'a', 'b', 'c', 0,
	};
	static const u8 user[] = {
		0x03, 0x28, 0, 8, 'i', 'q', 'n', '.', 'x', 0, 0, 0,
	};
	static const u8 port[] = {
		0x01, 0x13, 0, 8, 0x50, 0, 0xc5, 0, 0, 0, 0, 1,
		0x03, 0x18, 0, 20, 'i', 'q', 'n', '.', 'a', 'b', 'c', ',',
		't', ',', '0', 'x', '0', '0', '0', '1', 0, 0, 0, 0,
	};
	struct fixture *f = test->priv;
	unsigned int len;
	u8 *buf = f->vpd;

	f->tgtt.port_id = fixture_port_id;
	strscpy_pad(f->vd->p.t10_dev_id, "a");
	len = vdisk_inquiry_vpd(f->vd, 0x83, &f->tgt, buf);
	KUNIT_ASSERT_EQ(test, len, 4 + 13 + sizeof(device) + 12 + 8 +
				   sizeof(port));
	KUNIT_EXPECT_MEMEQ(test, buf + 17, device, sizeof(device));
	KUNIT_EXPECT_MEMEQ(test, buf + len - sizeof(port), port, sizeof(port));

	strscpy_pad(f->vd->p.scsi_device_name, "iqn.x");
	KUNIT_ASSERT_EQ(test, vdisk_inquiry_vpd(f->vd, 0x83, &f->tgt, buf),
			len);
	KUNIT_EXPECT_MEMEQ(test, buf + 17, user, sizeof(user));
}

static void vpd_mode_policy_test(struct kunit *test)
{
	static const u8 want[] = { 0, 0x87, 0, 4, 0x3f, 0xff, 0, 0 };
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, vdisk_inquiry_vpd(f->vd, 0x87, &f->tgt, f->vpd),
			sizeof(want));
	KUNIT_EXPECT_MEMEQ(test, f->vpd, want, sizeof(want));
}

/* The longest identifiers fit. */
static void vpd_long_ids_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdisk_params *p = &f->vd->p;

	memset(p->t10_dev_id, 'x', VDISK_MAX_T10_DEV_ID);
	memset(p->vend_specific_id, 'x', VDISK_MAX_VEND_ID);
	memset(p->scsi_device_name, 'x', VDISK_MAX_DEVICE_NAME);
	memset(p->eui64_id, '1', VDISK_HEX_ID_SIZE - 1);
	memset(p->naa_id, '6', VDISK_HEX_ID_SIZE - 1);
	memset(p->management_address, 'x', VDISK_MAX_ADDRESS);
	memset(p->usn, 'x', VDISK_MAX_USN);
	KUNIT_EXPECT_EQ(test, vdisk_inquiry_vpd(f->vd, 0x83, &f->tgt, f->vpd),
			4 + 4 + 8 + VDISK_MAX_T10_DEV_ID +
			4 + VDISK_MAX_VEND_ID + 4 + VDISK_MAX_DEVICE_NAME + 1 +
			8 + 12 + 20 + 20);
	KUNIT_EXPECT_EQ(test, vdisk_inquiry_vpd(f->vd, 0x80, &f->tgt, f->vpd),
			4 + VDISK_MAX_USN);
	KUNIT_EXPECT_EQ(test, vdisk_inquiry_vpd(f->vd, 0x85, &f->tgt, f->vpd),
			8 + VDISK_MAX_ADDRESS + 1);
}

static void vpd_block_limits_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdisk_limits *limits = &f->vd->limits;
	u8 *buf = f->vpd;

	limits->opt_granularity = 4096;
	limits->unmap_granularity = 65536;
	limits->unmap_alignment = 4096;
	KUNIT_ASSERT_EQ(test, vdisk_inquiry_vpd(f->vd, 0xb0, &f->tgt, buf), 64);
	KUNIT_EXPECT_EQ(test, buf[4], 0);
	KUNIT_EXPECT_EQ(test, buf[5], 128);
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(buf + 6), 8);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 8), 16384);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 12), 1024);
	KUNIT_EXPECT_EQ(test, get_unaligned_be64(buf + 36), 524288);
	/* Not thin: no UNMAP */
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 20), 0);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 24), 0);

	/* What the user has chosen is the last word. */
	limits->opt_xfer = 1 << 20;
	vdisk_inquiry_vpd(f->vd, 0xb0, &f->tgt, buf);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 12), 2048);
	f->vd->p.opt_trans_len = 65536;
	vdisk_inquiry_vpd(f->vd, 0xb0, &f->tgt, buf);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 12), 128);

	limits->can_unmap = true;
	fixture_set_blocks(f, 12, 256);
	vdisk_inquiry_vpd(f->vd, 0xb0, &f->tgt, buf);
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(buf + 6), 1);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 8), 2048);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 20), 1 << 20);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 24), 256);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 28), 16);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 32), 0x80000001);
}

static void vpd_atomic_limits_test(struct kunit *test)
{
	static const u8 none[20];
	struct fixture *f = test->priv;
	struct vdisk_limits *limits = &f->vd->limits;
	u8 buf[VDISK_VPD_MAX_LEN];

	KUNIT_ASSERT_EQ(test, vdisk_inquiry_vpd(f->vd, 0xb0, &f->tgt, buf), 64);
	KUNIT_EXPECT_MEMEQ(test, buf + 44, none, sizeof(none));

	limits->atomic_max = 65536;
	limits->atomic_granularity = 4096;
	limits->atomic_alignment = 8192;
	vdisk_inquiry_vpd(f->vd, 0xb0, &f->tgt, buf);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 44), 128);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 48), 16);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 52), 8);
	/* No ATOMIC BOUNDARY */
	KUNIT_EXPECT_MEMEQ(test, buf + 56, none, 8);

	fixture_set_blocks(f, 12, 256);
	vdisk_inquiry_vpd(f->vd, 0xb0, &f->tgt, buf);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 44), 16);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 48), 2);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 52), 1);
}

static void expect_atomic_limits(struct kunit *test, s32 len, u32 max,
				 u32 alignment, u32 granularity)
{
	struct fixture *f = test->priv;
	u8 *buf = f->vpd;

	f->vd->p.max_atomic_len = len;
	vdisk_inquiry_vpd(f->vd, 0xb0, &f->tgt, buf);
	KUNIT_EXPECT_EQ_MSG(test, get_unaligned_be32(buf + 44), max, "%d", len);
	KUNIT_EXPECT_EQ_MSG(test, get_unaligned_be32(buf + 48), alignment, "%d",
			    len);
	KUNIT_EXPECT_EQ_MSG(test, get_unaligned_be32(buf + 52), granularity,
			    "%d", len);
	KUNIT_EXPECT_EQ_MSG(test, vdisk_atomic_max(f->vd),
			    max << f->dev.block_shift, "%d", len);
}

/* The user lowers what the store has, or turns it off. */
static void vpd_atomic_len_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdisk_limits *limits = &f->vd->limits;

	/* As of a device with a boundary */
	limits->atomic_max = 65536;
	limits->atomic_granularity = 4096;
	limits->atomic_alignment = 65536;
	expect_atomic_limits(test, VDISK_AUTO, 128, 128, 8);
	expect_atomic_limits(test, 65536, 128, 128, 8);
	expect_atomic_limits(test, 16384, 32, 32, 8);
	expect_atomic_limits(test, 4096, 8, 8, 8);
	expect_atomic_limits(test, 0, 0, 0, 0);

	limits->atomic_granularity = 0;
	limits->atomic_alignment = 0;
	expect_atomic_limits(test, 16384, 32, 0, 1);
	/* A store that has less than a block */
	fixture_set_blocks(f, 12, 256);
	limits->atomic_max = 2048;
	expect_atomic_limits(test, VDISK_AUTO, 0, 0, 0);
}

/* But does not promise what the store cannot do. */
static void atomic_len_check_test(struct kunit *test)
{
	static const struct {
		s32 len;
		u32 max;
		u32 granularity;
		int ret;
	} cases[] = {
		{ VDISK_AUTO, 0, 0 },
		{ VDISK_AUTO, 65536, 4096 },
		{ 0, 0, 0 },
		{ 0, 65536, 4096 },
		{ 65536, 65536, 4096 },
		{ 4096, 65536, 4096 },
		{ 2048, 65536, 4096, -EINVAL },
		{ 131072, 65536, 4096, -EINVAL },
		{ 512, 65536, 0 },
		{ 256, 65536, 0, -EINVAL },
		{ 512, 0, 0, -EINVAL },
		{ 1048576, 1048576, 0 },
	};
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct vdisk_limits limits = {
			.atomic_max		= cases[i].max,
			.atomic_granularity	= cases[i].granularity,
		};

		f->vd->p.max_atomic_len = cases[i].len;
		KUNIT_EXPECT_EQ_MSG(test, vdisk_check_atomic(f->vd, &limits),
				    cases[i].ret, "case %u", i);
	}
}

static void vpd_provisioning_test(struct kunit *test)
{
	static const u8 thick[] = { 0, 0xb2, 0, 4, 0, 0, 0, 0 };
	static const u8 thin[] = { 0, 0xb2, 0, 4, 0, 0xe0, 2, 0 };
	static const u8 zeroes[] = { 0, 0xb2, 0, 4, 0, 0xe4, 2, 0 };
	struct fixture *f = test->priv;
	u8 *buf = f->vpd;

	vdisk_inquiry_vpd(f->vd, 0xb2, &f->tgt, buf);
	KUNIT_EXPECT_MEMEQ(test, buf, thick, sizeof(thick));
	f->vd->limits.can_unmap = true;
	vdisk_inquiry_vpd(f->vd, 0xb2, &f->tgt, buf);
	KUNIT_EXPECT_MEMEQ(test, buf, thin, sizeof(thin));
	f->vd->limits.unmap_zeroes = true;
	vdisk_inquiry_vpd(f->vd, 0xb2, &f->tgt, buf);
	KUNIT_EXPECT_MEMEQ(test, buf, zeroes, sizeof(zeroes));
	/* The user's word is the last. */
	f->vd->p.lbprz = 0;
	vdisk_inquiry_vpd(f->vd, 0xb2, &f->tgt, buf);
	KUNIT_EXPECT_MEMEQ(test, buf, thin, sizeof(thin));
	f->vd->p.thin_provisioned = 0;
	vdisk_inquiry_vpd(f->vd, 0xb2, &f->tgt, buf);
	KUNIT_EXPECT_MEMEQ(test, buf, thick, sizeof(thick));
}

static void vpd_characteristics_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 *buf = f->vpd;

	vdisk_inquiry_vpd(f->vd, 0xb1, &f->tgt, buf);
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(buf + 4), 1);
	f->vd->limits.rotational = true;
	vdisk_inquiry_vpd(f->vd, 0xb1, &f->tgt, buf);
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(buf + 4), 0);
	f->vd->p.rotational = 0;
	vdisk_inquiry_vpd(f->vd, 0xb1, &f->tgt, buf);
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(buf + 4), 1);
}

/* ------------------------------------------------------------------------
 * LOG SENSE
 */

static unsigned int log_sense(struct kunit *test, u8 page, u8 subpage,
			      u16 first, u8 *buf)
{
	u8 cdb[10] = { LOG_SENSE, 0, 0x40 | page, subpage };
	struct fixture *f = test->priv;

	put_unaligned_be16(first, cdb + 5);
	return vdisk_log_sense(f->vd, cdb, buf);
}

static void log_supported_test(struct kunit *test)
{
	static const u8 pages[] = {
		0, 0, 0, 8, 0x00, 0x02, 0x03, 0x05, 0x0e, 0x10, 0x19, 0x2f,
	};
	static const u8 subpages[] = { 0x42, 0xff, 0, 4, 2, 0, 2, 0xff };
	struct fixture *f = test->priv;
	u8 *buf = f->vpd;

	BUILD_BUG_ON(sizeof(f->vpd) < VDISK_LOG_MAX_LEN);
	KUNIT_ASSERT_EQ(test, log_sense(test, 0, 0, 0, buf), sizeof(pages));
	KUNIT_EXPECT_MEMEQ(test, buf, pages, sizeof(pages));
	KUNIT_ASSERT_EQ(test, log_sense(test, 2, 0xff, 0, buf),
			sizeof(subpages));
	KUNIT_EXPECT_MEMEQ(test, buf, subpages, sizeof(subpages));
	/* All of them, twice each, as pairs */
	KUNIT_EXPECT_EQ(test, log_sense(test, 0, 0xff, 0, buf), 4 + 8 * 4);
	KUNIT_EXPECT_EQ(test, buf[0], 0x40);

	/* One more when the store tells of its space */
	f->vd->limits.can_unmap = true;
	f->vd->limits.has_space = true;
	KUNIT_ASSERT_EQ(test, log_sense(test, 0, 0, 0, buf),
			sizeof(pages) + 1);
	KUNIT_EXPECT_EQ(test, buf[8], 0x0c);
}

static void log_errors_test(struct kunit *test)
{
	static const u8 want[] = {
		0x82, 0, 0, 24,
		0, 5, 0, 8, 0, 0, 0, 0, 0, 0, 0x12, 0x34,
		0, 6, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2,
	};
	static const u8 tail[] = { 0x82, 0, 0, 12, 0, 6, 0, 8 };
	struct fixture *f = test->priv;
	u8 *buf = f->vpd;

	f->dev.past_stats[SCST_STAT_WRITE_BYTES] = 0x1234;
	atomic64_set(&f->vd->log.counters[VDISK_WRITE_ERRORS], 2);
	KUNIT_ASSERT_EQ(test, log_sense(test, 2, 0, 0, buf), sizeof(want));
	KUNIT_EXPECT_MEMEQ(test, buf, want, sizeof(want));
	/* PARAMETER POINTER: between two, at the last, behind it */
	KUNIT_ASSERT_EQ(test, log_sense(test, 2, 0, 6, buf), 16);
	KUNIT_EXPECT_MEMEQ(test, buf, tail, sizeof(tail));
	KUNIT_EXPECT_EQ(test, log_sense(test, 2, 0, 1, buf), sizeof(want));
	KUNIT_EXPECT_EQ(test, log_sense(test, 2, 0, 7, buf), 0);
}

static void log_statistics_test(struct kunit *test)
{
	static const u8 head[] = { 0x99, 0, 0, 80, 0, 1, 3, 64 };
	static const u8 interval[] = { 0, 3, 3, 8 };
	struct fixture *f = test->priv;
	u8 *buf = f->vpd;

	f->dev.past_stats[SCST_STAT_READ_CMDS] = 1;
	f->dev.past_stats[SCST_STAT_WRITE_CMDS] = 2;
	f->dev.past_stats[SCST_STAT_WRITE_BYTES] = 3 << 9;
	f->dev.past_stats[SCST_STAT_READ_BYTES] = 4 << 9;
	KUNIT_ASSERT_EQ(test, log_sense(test, 0x19, 0, 0, buf), 84);
	KUNIT_EXPECT_MEMEQ(test, buf, head, sizeof(head));
	KUNIT_EXPECT_EQ(test, get_unaligned_be64(buf + 8), 1);
	KUNIT_EXPECT_EQ(test, get_unaligned_be64(buf + 16), 2);
	KUNIT_EXPECT_EQ(test, get_unaligned_be64(buf + 24), 3);
	KUNIT_EXPECT_EQ(test, get_unaligned_be64(buf + 32), 4);
	KUNIT_EXPECT_MEMEQ(test, buf + 72, interval, sizeof(interval));
}

/* The last one first, 20 in all */
static void log_self_tests_test(struct kunit *test)
{
	static const u8 want[] = {
		0x90, 0, 1, 0x90,
		0, 1, 3, 16, 0xa7, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0x12, 0x34,
		4, 0x3e, 3, 0,
		0, 2, 3, 16, 0xc0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0, 0, 0, 0,
		0, 3, 3, 16, 0, 0,
	};
	struct fixture *f = test->priv;
	struct vdisk_self_test *results = f->vd->self_tests.results;
	u8 *buf = f->vpd;

	results[0] = (struct vdisk_self_test) {
		.done = true, .code = 5, .result = 7,
		.hours = 9, .lba = 0x1234,
	};
	results[1] = (struct vdisk_self_test) {
		.done = true, .code = 6, .hours = 8,
	};
	KUNIT_ASSERT_EQ(test, log_sense(test, 0x10, 0, 0, buf), 4 + 20 * 20);
	KUNIT_EXPECT_MEMEQ(test, buf, want, sizeof(want));
}

/* ------------------------------------------------------------------------
 * MODE SENSE
 */

static unsigned int sense_6(struct kunit *test, u8 flags, u8 page, u8 subpage,
			    u8 *buf)
{
	const u8 cdb[6] = { MODE_SENSE, flags, page, subpage, 0xff };
	struct fixture *f = test->priv;
	u8 bad_byte = 0;
	unsigned int len;

	len = vdisk_mode_sense(f->vd, cdb, false, buf, &bad_byte);
	return len ?: bad_byte;
}

static void mode_sense_6_test(struct kunit *test)
{
	static const u8 want[] = {
		23, 0, 0x10, 8, 0, 0, 0x08, 0, 0, 0, 2, 0,
		0x0a, 0x0a, 0x22, 0x10, 0, 0, 0, 0, 0, 0, 0, 1,
	};
	u8 buf[VDISK_MODE_MAX_LEN];

	KUNIT_ASSERT_EQ(test, sense_6(test, 0, 0x0a, 0, buf), sizeof(want));
	KUNIT_EXPECT_MEMEQ(test, buf, want, sizeof(want));
}

static void mode_sense_10_test(struct kunit *test)
{
	static const u8 cdb[10] = { MODE_SENSE_10, 0x10, 0x08 };
	static const u8 want[] = {
		0, 42, 0, 0x90, 1, 0, 0, 16,
		0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0,
		0x08, 0x12, 0x04, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	struct fixture *f = test->priv;
	u8 buf[VDISK_MODE_MAX_LEN], bad_byte;

	fixture_set_blocks(f, 12, 1ULL << 32);
	KUNIT_ASSERT_EQ(test, vdisk_mode_sense(f->vd, cdb, true, buf,
					       &bad_byte), sizeof(want));
	KUNIT_EXPECT_MEMEQ(test, buf, want, sizeof(want));
}

/* Too many blocks for the short descriptor */
static void mode_sense_many_blocks_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 buf[VDISK_MODE_MAX_LEN];

	fixture_set_blocks(f, 9, 1ULL << 32);
	sense_6(test, 0, 0x08, 0, buf);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 4), U32_MAX);
}

static void mode_sense_all_test(struct kunit *test)
{
	u8 buf[VDISK_MODE_MAX_LEN];

	/* DBD=1: the header, and the pages 01h, 02h, 08h, 0Ah, 1Ah, 1Ch and 00h */
	KUNIT_EXPECT_EQ(test, sense_6(test, 0x08, 0x3f, 0, buf),
			4 + 12 + 16 + 20 + 12 + 40 + 12 + 4);
	KUNIT_EXPECT_EQ(test, buf[3], 0);
	KUNIT_EXPECT_EQ(test, sense_6(test, 0x08, 0x3f, 0xff, buf),
			4 + 12 + 16 + 20 + 12 + 32 + 40 + 12 + 4);
	KUNIT_EXPECT_EQ(test, sense_6(test, 0x08, 0x0a, 0xff, buf),
			4 + 12 + 32);
	KUNIT_EXPECT_EQ(test, sense_6(test, 0x08, 0x0a, 1, buf), 4 + 32);
	KUNIT_EXPECT_EQ(test, buf[4], 0x4a);
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(buf + 6), 28);
}

/* Each page by itself: its code and its length; in this order together */
static void mode_sense_pages_test(struct kunit *test)
{
	static const struct {
		u8 page;
		u8 len;
	} pages[] = {
		{ 0x01, 0x0a }, { 0x02, 0x0e }, { 0x08, 0x12 },
		{ 0x0a, 0x0a }, { 0x1a, 0x26 }, { 0x1c, 0x0a },
		{ 0x00, 0x02 },
	};
	u8 all[VDISK_MODE_MAX_LEN], buf[VDISK_MODE_MAX_LEN];
	unsigned int i, at = 4;

	sense_6(test, 0x08, 0x3f, 0, all);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		unsigned int len = pages[i].len + 2;

		KUNIT_ASSERT_EQ(test, sense_6(test, 0x08, pages[i].page, 0,
					      buf), 4 + len);
		KUNIT_EXPECT_EQ(test, buf[4], pages[i].page);
		KUNIT_EXPECT_EQ(test, buf[5], pages[i].len);
		KUNIT_EXPECT_MEMEQ(test, buf + 4, all + at, len);
		at += len;
	}
}

/* PS, for pages that can be changed, if they can be saved */
static void mode_sense_ps_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 buf[VDISK_MODE_MAX_LEN];

	f->vd->can_save = true;
	sense_6(test, 0x08, 0x08, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[4], 0x88);
	sense_6(test, 0x08, 0x0a, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[4], 0x8a);
	sense_6(test, 0x08, 0x0a, 1, buf);
	KUNIT_EXPECT_EQ(test, buf[4], 0x4a);
	sense_6(test, 0x08, 0x1c, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[4], 0x1c);
	f->vd->can_save = false;
	sense_6(test, 0x08, 0x08, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[4], 0x08);
}

/* The user's threshold, which no initiator can change, is told by two pages. */
static void mode_sense_provisioning_test(struct kunit *test)
{
	static const u8 page[] = {
		0x5c, 0x02, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0x88, 0x01, 0, 0, 0, 0, 0, 30,
	};
	struct fixture *f = test->priv;
	u8 buf[VDISK_MODE_MAX_LEN];
	unsigned int len;

	f->vd->p.thin_threshold = 30;
	/* SUBPAGE CODE is wrong */
	KUNIT_EXPECT_EQ(test, sense_6(test, 0x08, 0x1c, 2, buf), 3);
	sense_6(test, 0x08, 0x01, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[4 + 7], 0x00);

	f->vd->limits.can_unmap = true;
	f->vd->limits.has_space = true;
	KUNIT_ASSERT_EQ(test, sense_6(test, 0x08, 0x1c, 2, buf),
			4 + sizeof(page));
	KUNIT_EXPECT_MEMEQ(test, buf + 4, page, sizeof(page));
	sense_6(test, 0x08, 0x01, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[4 + 7], 0x80);
	KUNIT_EXPECT_EQ(test, sense_6(test, 0x08, 0x1c, 0xff, buf),
			4 + 12 + sizeof(page));
	/* All there is, with a block descriptor, fits MODE SENSE(6). */
	len = 4 + 8 + 12 + 16 + 20 + 12 + 32 + 40 + 12 + sizeof(page) + 4;
	KUNIT_EXPECT_EQ(test, sense_6(test, 0, 0x3f, 0xff, buf), len);
	KUNIT_EXPECT_EQ(test, buf[0], len - 1);
	/* With PC=01b */
	sense_6(test, 0x08, 0x40 | 0x1c, 2, buf);
	KUNIT_EXPECT_EQ(test, buf[4 + 16], 0);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(buf + 4 + 20), 0);

	f->vd->p.thin_threshold = 0;
	sense_6(test, 0x08, 0x1c, 2, buf);
	KUNIT_EXPECT_EQ(test, buf[4 + 16], 0x08);
	sense_6(test, 0x08, 0x01, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[4 + 7], 0x00);
}

/* Saved values are the default ones until some are saved. */
static void mode_sense_saved_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 buf[VDISK_MODE_MAX_LEN];

	f->dev.swp = true;
	sense_6(test, 0x08, 0xc0 | 0x0a, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[6], 0x22);
	KUNIT_EXPECT_EQ(test, buf[8], 0x00);

	f->vd->saved_mode.tas = true;
	f->vd->saved_mode.qerr = 3;
	f->vd->is_saved = true;
	sense_6(test, 0x08, 0xc0 | 0x0a, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[6], 0x02);
	KUNIT_EXPECT_EQ(test, buf[7], 0x16);
	KUNIT_EXPECT_EQ(test, buf[8], 0x00);
	KUNIT_EXPECT_EQ(test, buf[9], 0x40);
	sense_6(test, 0x08, 0xc0 | 0x08, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[6], 0x00);
	/* The current ones are others. */
	sense_6(test, 0x08, 0x0a, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[8], 0x08);
}

static void mode_sense_bad_test(struct kunit *test)
{
	u8 buf[VDISK_MODE_MAX_LEN];

	KUNIT_EXPECT_EQ(test, sense_6(test, 0, 0x03, 0, buf), 2);
	KUNIT_EXPECT_EQ(test, sense_6(test, 0, 0x00, 1, buf), 3);
	KUNIT_EXPECT_EQ(test, sense_6(test, 0, 0x03, 0xff, buf), 2);
	KUNIT_EXPECT_EQ(test, sense_6(test, 0, 0x0a, 2, buf), 3);
	KUNIT_EXPECT_EQ(test, sense_6(test, 0, 0x3f, 1, buf), 3);
}

static void mode_sense_control_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 buf[VDISK_MODE_MAX_LEN];

	f->dev.d_sense = true;
	f->dev.swp = true;
	f->dev.tas = true;
	f->dev.tst = false;
	f->dev.tmf_only = true;
	f->dev.qerr = 1;
	f->dev.ua_intlck = 3;
	f->vd->wce = false;
	f->vd->rcd = true;
	f->vd->dpicz = true;
	sense_6(test, 0x08, 0x0a, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[6], 0x1e);
	KUNIT_EXPECT_EQ(test, buf[7], 0x12);
	KUNIT_EXPECT_EQ(test, buf[8], 0x38);
	KUNIT_EXPECT_EQ(test, buf[9], 0x40);
	sense_6(test, 0x08, 0x08, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[6], 0x01);

	/* Default values do not change, nor does what can be changed. */
	sense_6(test, 0x08, 0x80 | 0x0a, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[6], 0x22);
	KUNIT_EXPECT_EQ(test, buf[7], 0x10);
	KUNIT_EXPECT_EQ(test, buf[8] | buf[9], 0);
	sense_6(test, 0x08, 0x80 | 0x08, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[6], 0x04);
	sense_6(test, 0x08, 0x40 | 0x0a, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[6], 0x3c);
	KUNIT_EXPECT_EQ(test, buf[7], 0x06);
	KUNIT_EXPECT_EQ(test, buf[8], 0x38);
	KUNIT_EXPECT_EQ(test, buf[9], 0x40);
	sense_6(test, 0x08, 0x40 | 0x08, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[6], 0x05);
	f->vd->p.nv_cache = true;
	sense_6(test, 0x08, 0x40 | 0x08, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[6], 0x01);
	/* The user's default is that of TST. */
	f->vd->p.tst = false;
	sense_6(test, 0x08, 0x80 | 0x0a, 0, buf);
	KUNIT_EXPECT_EQ(test, buf[6], 0x02);
}

/* Whatever PC asks for: nothing of it can be changed.  The unit is in no group. */
static void mode_sense_control_ext_test(struct kunit *test)
{
	static const u8 want[32] = {
		0x4a, 0x01, 0, 28, 0x06, 0, SCST_SENSE_BUFFERSIZE,
	};
	static const u8 unchangeable[32] = { 0x4a, 0x01, 0, 28 };
	static const u8 pcs[] = { 0x00, 0x80, 0xc0 };
	u8 buf[VDISK_MODE_MAX_LEN];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pcs); i++) {
		KUNIT_ASSERT_EQ(test, sense_6(test, 0x08, pcs[i] | 0x0a, 1,
					      buf), 4 + sizeof(want));
		KUNIT_EXPECT_MEMEQ(test, buf + 4, want, sizeof(want));
	}
	sense_6(test, 0x08, 0x40 | 0x0a, 1, buf);
	KUNIT_EXPECT_MEMEQ(test, buf + 4, unchangeable, sizeof(unchangeable));
}

/* ------------------------------------------------------------------------
 * MODE SELECT
 */

static const u8 select_6_cdb[6] = { MODE_SELECT, 0x10 };
static const u8 select_10_cdb[10] = { MODE_SELECT_10, 0x10 };

/* WCE=0, TST=1, D_SENSE=1, SWP=1 and TAS=1, with block descriptor */
static const u8 select_list[] = {
	0, 0, 0x10, 8, 0, 0, 0x08, 0, 0, 0, 2, 0,
	0x08, 0x12, 0x00, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x0a, 0x0a, 0x26, 0x10, 0x08, 0x40, 0, 0, 0, 0, 0, 1,
};

#define SELECT_PAGES	12	/* where the pages begin */
#define SELECT_CONTROL	32	/* where the second one does */

/*
 * In memory of its own and no longer than it says, for KASAN to see who reads
 * beyond it.
 */
static scst_sense_t select_list_of(struct kunit *test, const u8 *cdb,
				   const u8 *list, u32 len,
				   struct vdisk_mode *mode)
{
	struct fixture *f = test->priv;
	scst_sense_t sense;
	u8 *copy;

	copy = kmemdup(list, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	f->cmd.cdb = cdb;
	f->cmd.field_valid = false;
	vdisk_mode_get(f->vd, mode);
	sense = vdisk_mode_parse(&f->cmd, copy, len, mode);
	kfree(copy);
	return sense;
}

static void expect_select(struct kunit *test, const u8 *cdb, const u8 *list,
			  u32 len, struct vdisk_mode *mode, scst_sense_t want)
{
	scst_sense_t sense = select_list_of(test, cdb, list, len, mode);

	KUNIT_EXPECT_EQ_MSG(test, (__force u32)sense, (__force u32)want,
			    "%u bytes", len);
}

static void select_good_test(struct kunit *test)
{
	struct vdisk_mode mode;

	expect_select(test, select_6_cdb, select_list, sizeof(select_list),
		      &mode, SCST_GOOD);
	KUNIT_EXPECT_FALSE(test, mode.wce);
	KUNIT_EXPECT_TRUE(test, mode.d_sense);
	KUNIT_EXPECT_TRUE(test, mode.swp);
	KUNIT_EXPECT_TRUE(test, mode.tas);
}

/* What MODE SENSE returns can be sent back. */
static void select_round_trip_test(struct kunit *test)
{
	static const u8 cdb[10] = { MODE_SENSE_10, 0x10, 0x3f, 0xff };
	struct fixture *f = test->priv;
	struct vdisk_mode old, mode;
	u8 buf[VDISK_MODE_MAX_LEN], bad_byte;
	unsigned int len;

	vdisk_mode_get(f->vd, &old);
	len = sense_6(test, 0, 0x3f, 0, buf);
	expect_select(test, select_6_cdb, buf, len, &mode, SCST_GOOD);
	KUNIT_EXPECT_MEMEQ(test, &mode, &old, sizeof(old));
	len = vdisk_mode_sense(f->vd, cdb, false, buf, &bad_byte);
	expect_select(test, select_10_cdb, buf, len, &mode, SCST_GOOD);
	KUNIT_EXPECT_MEMEQ(test, &mode, &old, sizeof(old));
}

/* Cut off anywhere but between pages it is too short. */
static void select_truncated_test(struct kunit *test)
{
	struct vdisk_mode mode;
	unsigned int len;

	for (len = 1; len < sizeof(select_list); len++) {
		bool good = len == SELECT_PAGES || len == SELECT_CONTROL;

		expect_select(test, select_6_cdb, select_list, len, &mode,
			      good ? SCST_GOOD : SCST_SENSE_PARAM_LIST_LENGTH);
	}
}

/* Without the values that are reserved */
static u8 select_changeable(unsigned int byte)
{
	switch (byte) {
	case SELECT_PAGES + 2:			/* WCE, RCD */
		return 0x05;
	case SELECT_CONTROL + 2:		/* TST, TMF_ONLY, DPICZ, D_SENSE */
		return 0x3c;
	case SELECT_CONTROL + 3:		/* QERR of 1 */
		return 0x02;
	case SELECT_CONTROL + 4:		/* UA_INTLCK_CTRL of 2, SWP */
		return 0x28;
	case SELECT_CONTROL + 5:		/* TAS */
		return 0x40;
	default:
		return 0;
	}
}

/* Each bit of the pages that cannot be changed is missed, and named. */
static void select_unchangeable_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 list[sizeof(select_list)];
	struct vdisk_mode mode;
	unsigned int byte, bit;
	bool good;

	for (byte = SELECT_PAGES + 2; byte < sizeof(list); byte++) {
		if (byte == SELECT_CONTROL || byte == SELECT_CONTROL + 1)
			continue;
		for (bit = 0; bit < 8; bit++) {
			memcpy(list, select_list, sizeof(list));
			list[byte] ^= 1 << bit;
			good = select_changeable(byte) & (1 << bit);
			expect_select(test, select_6_cdb, list, sizeof(list),
				      &mode, good ? SCST_GOOD :
				      SCST_SENSE_INVALID_FIELD_IN_PARAM);
			if (good)
				continue;
			KUNIT_EXPECT_TRUE(test, f->cmd.field_valid);
			KUNIT_EXPECT_EQ(test, f->cmd.field_ptr, byte);
			/* Of a reserved value, the first bit of the field */
			KUNIT_EXPECT_EQ(test, f->cmd.field_bit,
					byte == SELECT_CONTROL + 4 && bit == 4 ?
					5 : bit);
		}
	}
}

/* The same for the control extension page */
static void select_control_ext_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 list[VDISK_MODE_MAX_LEN];
	struct vdisk_mode mode;
	unsigned int len, bit;

	len = sense_6(test, 0x08, 0x0a, 1, list);
	for (bit = 8 * 8; bit < len * 8; bit++) {
		list[bit / 8] ^= 1 << bit % 8;
		expect_select(test, select_6_cdb, list, len, &mode,
			      SCST_SENSE_INVALID_FIELD_IN_PARAM);
		KUNIT_EXPECT_TRUE(test, f->cmd.field_valid);
		KUNIT_EXPECT_EQ(test, f->cmd.field_ptr, bit / 8);
		KUNIT_EXPECT_EQ(test, f->cmd.field_bit, bit % 8);
		list[bit / 8] ^= 1 << bit % 8;
	}
	expect_select(test, select_6_cdb, list, len, &mode, SCST_GOOD);
}

/* Fields of several bits: each value is taken, or refused, as a whole. */
static void select_fields_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 list[sizeof(select_list)];
	struct vdisk_mode mode;
	unsigned int value;

	memcpy(list, select_list, sizeof(list));
	for (value = 0; value < 4; value++) {
		list[SELECT_CONTROL + 3] = 0x10 | value << 1;
		expect_select(test, select_6_cdb, list, sizeof(list), &mode,
			      value == 2 ? SCST_SENSE_INVALID_FIELD_IN_PARAM :
			      SCST_GOOD);
		if (value == 2) {
			KUNIT_EXPECT_EQ(test, f->cmd.field_ptr,
					SELECT_CONTROL + 3);
			KUNIT_EXPECT_EQ(test, f->cmd.field_bit, 2);
		}
		KUNIT_EXPECT_EQ(test, mode.qerr, value);
	}
	list[SELECT_CONTROL + 3] = 0x10;
	for (value = 0; value < 4; value++) {
		list[SELECT_CONTROL + 4] = value << 4;
		expect_select(test, select_6_cdb, list, sizeof(list), &mode,
			      value == 1 ? SCST_SENSE_INVALID_FIELD_IN_PARAM :
			      SCST_GOOD);
		KUNIT_EXPECT_EQ(test, mode.ua_intlck, value);
	}
	list[SELECT_CONTROL + 4] = 0;
	list[SELECT_CONTROL + 2] = 0x1a;
	expect_select(test, select_6_cdb, list, sizeof(list), &mode,
		      SCST_GOOD);
	KUNIT_EXPECT_FALSE(test, mode.tst);
	KUNIT_EXPECT_TRUE(test, mode.tmf_only);
	KUNIT_EXPECT_TRUE(test, mode.dpicz);
	KUNIT_EXPECT_FALSE(test, mode.d_sense);
}

/* Before nothing is cached, or written, any more, and else not */
static void select_flush_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdisk_mode mode;

	vdisk_mode_get(f->vd, &mode);
	KUNIT_EXPECT_FALSE(test, vdisk_mode_needs_flush(f->vd, &mode));
	mode.tas = true;
	KUNIT_EXPECT_FALSE(test, vdisk_mode_needs_flush(f->vd, &mode));
	mode.swp = true;
	KUNIT_EXPECT_TRUE(test, vdisk_mode_needs_flush(f->vd, &mode));
	f->dev.swp = true;
	KUNIT_EXPECT_FALSE(test, vdisk_mode_needs_flush(f->vd, &mode));
	mode.wce = false;
	KUNIT_EXPECT_TRUE(test, vdisk_mode_needs_flush(f->vd, &mode));
	f->vd->wce = false;
	mode.swp = false;
	mode.wce = true;
	KUNIT_EXPECT_FALSE(test, vdisk_mode_needs_flush(f->vd, &mode));
}

/* ------------------------------------------------------------------------
 * Saved mode parameters
 */

/* Every one of them comes back. */
static void saved_round_trip_test(struct kunit *test)
{
	static const struct vdisk_mode modes[] = {
		{ .wce = true }, { .rcd = true }, { .d_sense = true },
		{ .swp = true }, { .tas = true }, { .tst = true },
		{ .tmf_only = true }, { .dpicz = true }, { .qerr = 1 },
		{ .qerr = 3 }, { .ua_intlck = 2 }, { .ua_intlck = 3 },
	};
	struct fixture *f = test->priv;
	u8 buf[VDISK_MODE_MAX_LEN];
	unsigned int i, len;

	f->vd->can_save = true;
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		struct vdisk_mode mode = { .wce = true, .qerr = 1 };

		len = vdisk_mode_pack(f->vd, &modes[i], buf);
		KUNIT_EXPECT_TRUE(test, vdisk_mode_unpack(f->vd, buf, len,
							  &mode));
		KUNIT_EXPECT_MEMEQ(test, &mode, &modes[i], sizeof(mode));
	}
}

/* What the user has forbidden meanwhile stays as it is. */
static void saved_unchangeable_test(struct kunit *test)
{
	struct vdisk_mode mode = { .wce = true, .swp = true };
	struct fixture *f = test->priv;
	u8 buf[VDISK_MODE_MAX_LEN];
	unsigned int len;

	len = vdisk_mode_pack(f->vd, &mode, buf);
	f->vd->p.write_through = true;
	mode = (struct vdisk_mode) {};
	KUNIT_EXPECT_TRUE(test, vdisk_mode_unpack(f->vd, buf, len, &mode));
	KUNIT_EXPECT_FALSE(test, mode.wce);
	KUNIT_EXPECT_TRUE(test, mode.swp);
}

/* Cut off, or garbage: some of it may be taken, none beyond its end is read. */
static void saved_bad_test(struct kunit *test)
{
	struct vdisk_mode mode = {}, all = { .swp = true, .wce = true };
	struct fixture *f = test->priv;
	u8 buf[VDISK_MODE_MAX_LEN], *copy;
	struct rnd_state rnd;
	unsigned int i, len, n;

	len = vdisk_mode_pack(f->vd, &all, buf);
	for (n = 1; n < len; n++) {
		copy = kmemdup(buf, n, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, copy);
		KUNIT_EXPECT_EQ(test, vdisk_mode_unpack(f->vd, copy, n, &mode),
				n == 20);
		kfree(copy);
	}

	prandom_seed_state(&rnd, 4712);
	for (i = 0; i < 2000; i++) {
		n = 1 + prandom_u32_state(&rnd) % len;
		copy = kmemdup(buf, n, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, copy);
		copy[prandom_u32_state(&rnd) % n] = prandom_u32_state(&rnd);
		vdisk_mode_unpack(f->vd, copy, n, &mode);
		KUNIT_EXPECT_NE(test, mode.qerr, 2);
		KUNIT_EXPECT_NE(test, mode.ua_intlck, 1);
		kfree(copy);
	}
}

struct select_case {
	const char *desc;
	u8 at;
	u8 value;
	u16 field;
};

static const struct select_case select_cases[] = {
	{ "medium type", 1, 1, 1 },
	{ "block descriptor of 7 bytes", 3, 7, 3 },
	{ "block descriptor of 16 bytes", 3, 16, 3 },
	{ "block descriptor of 255 bytes", 3, 255, 3 },
	{ "other number of blocks", 6, 0x09, 4 },
	{ "other block length", 10, 4, 9 },
	{ "no block length", 10, 0, 9 },
	{ "page that is not there", 12, 0x03, 12 },
	{ "all pages", 12, 0x3f, 12 },
	{ "subpage that is not there", 12, 0x48, 12 },
	{ "short page", 13, 0x11, 13 },
	{ "long page", 13, 0xff, 13 },
	{ "empty page", 13, 0, 13 },
};

KUNIT_ARRAY_PARAM_DESC(select, select_cases, desc);

static void select_bad_test(struct kunit *test)
{
	const struct select_case *c = test->param_value;
	struct fixture *f = test->priv;
	u8 list[sizeof(select_list)];
	struct vdisk_mode mode;

	memcpy(list, select_list, sizeof(list));
	list[c->at] = c->value;
	expect_select(test, select_6_cdb, list, sizeof(list), &mode,
		      SCST_SENSE_INVALID_FIELD_IN_PARAM);
	KUNIT_EXPECT_FALSE(test, f->cmd.field_in_cdb);
	KUNIT_EXPECT_EQ(test, f->cmd.field_ptr, c->field);
}

/* Numbers of blocks that mean no change. */
static void select_capacity_test(struct kunit *test)
{
	static const u32 nblocks[] = { 0, 2048, U32_MAX };
	u8 list[sizeof(select_list)];
	struct vdisk_mode mode;
	unsigned int i;

	memcpy(list, select_list, sizeof(list));
	for (i = 0; i < ARRAY_SIZE(nblocks); i++) {
		put_unaligned_be32(nblocks[i], list + 4);
		expect_select(test, select_6_cdb, list, sizeof(list), &mode,
			      SCST_GOOD);
	}
}

/* The user has said how to cache. */
static void select_wce_fixed_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 list[sizeof(select_list)];
	struct vdisk_mode mode;

	memcpy(list, select_list, sizeof(list));
	f->vd->p.write_through = true;
	f->vd->wce = false;
	expect_select(test, select_6_cdb, list, sizeof(list), &mode, SCST_GOOD);
	list[SELECT_PAGES + 2] = 0x04;
	expect_select(test, select_6_cdb, list, sizeof(list), &mode,
		      SCST_SENSE_INVALID_FIELD_IN_PARAM);
	/* Whether reads are cached is another matter. */
	list[SELECT_PAGES + 2] = 0x01;
	expect_select(test, select_6_cdb, list, sizeof(list), &mode, SCST_GOOD);
	KUNIT_EXPECT_TRUE(test, mode.rcd);
}

#define SELECT_FUZZ_ROUNDS	20000

/* Garbage, and a good list with some: it ends, and within the list. */
static void select_fuzz_test(struct kunit *test)
{
	struct rnd_state rnd;
	struct vdisk_mode mode;
	unsigned int i, n;
	u8 list[128];

	prandom_seed_state(&rnd, 4711);
	for (i = 0; i < SELECT_FUZZ_ROUNDS; i++) {
		u32 len = 1 + prandom_u32_state(&rnd) % sizeof(list);

		prandom_bytes_state(&rnd, list, sizeof(list));
		if (i % 2) {
			memcpy(list, select_list, sizeof(select_list));
			for (n = prandom_u32_state(&rnd) % 4; n; n--)
				list[prandom_u32_state(&rnd) % sizeof(list)] =
					prandom_u32_state(&rnd);
		}
		select_list_of(test, i % 3 ? select_6_cdb : select_10_cdb,
			       list, len, &mode);
	}
}

/* ------------------------------------------------------------------------
 * Commands of SBC-5
 */

/* Where each CDB has the number of blocks */
static void len_error_test(struct kunit *test)
{
	static const struct {
		u8 opcode;
		u8 cdb_len;
		u16 byte;
	} rows[] = {
		{ WRITE_10, 10, 7 },
		{ WRITE_12, 12, 6 },
		{ WRITE_16, 16, 10 },
		{ WRITE_ATOMIC_16, 16, 12 },
		{ VARIABLE_LENGTH_CMD, 32, 28 },
	};
	struct fixture *f = test->priv;
	struct scst_opcode op = { };
	unsigned int i;

	f->cmd.op = &op;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		op.opcode = rows[i].opcode;
		op.cdb_len = rows[i].cdb_len;
		f->cmd.field_valid = false;
		KUNIT_EXPECT_EQ(test, (__force u32)vdisk_len_error(&f->cmd),
				(__force u32)SCST_SENSE_INVALID_FIELD_IN_CDB);
		KUNIT_EXPECT_TRUE(test, f->cmd.field_valid);
		KUNIT_EXPECT_EQ(test, f->cmd.field_ptr, rows[i].byte);
	}
}

static int fixture_flush(struct vdisk *vd, u64 pos, u64 len)
{
	return 0;
}

static void fixture_event(struct work_struct *work)
{
}

static void expect_flush(struct kunit *test, scst_sense_t want)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, (__force u32)vdisk_flush(&f->cmd, 0, 0),
			(__force u32)want);
}

/*
 * The flush of a command succeeds, but another one has found, after the command
 * began to write, that data was lost.
 */
static void flush_lost_test(struct kunit *test)
{
	static const struct vdisk_ops ops = { .flush = fixture_flush };
	struct fixture *f = test->priv;
	int *losses = &to_vdisk_work(&f->cmd)->losses;

	INIT_DELAYED_WORK(&f->dev.event_work, fixture_event);
	f->type.ops = &ops;
	expect_flush(test, SCST_GOOD);
	vdisk_data_lost(f->vd, -EIO);
	expect_flush(test, SCST_SENSE_WRITE_ERROR);
	*losses = atomic_read(&f->vd->losses);
	expect_flush(test, SCST_GOOD);
	vdisk_data_lost(f->vd, -ENOSPC);
	expect_flush(test, SCST_SENSE_NO_SPACE);
	cancel_delayed_work_sync(&f->dev.event_work);
}

static struct kunit_case vdisk_cases[] = {
	KUNIT_CASE(params_defaults_test),
	KUNIT_CASE(params_values_test),
	KUNIT_CASE(params_ids_test),
	KUNIT_CASE_PARAM(params_test, params_gen_params),
	KUNIT_CASE(params_long_id_test),
	KUNIT_CASE(params_keys_test),
	KUNIT_CASE(inquiry_std_test),
	KUNIT_CASE(inquiry_no_transport_test),
	KUNIT_CASE(vpd_supported_test),
	KUNIT_CASE(vpd_serial_test),
	KUNIT_CASE(vpd_device_id_test),
	KUNIT_CASE(vpd_chosen_ids_test),
	KUNIT_CASE(vpd_management_address_test),
	KUNIT_CASE(vpd_port_test),
	KUNIT_CASE(vpd_transport_ids_test),
	KUNIT_CASE(vpd_mode_policy_test),
	KUNIT_CASE(vpd_long_ids_test),
	KUNIT_CASE(vpd_block_limits_test),
	KUNIT_CASE(vpd_atomic_limits_test),
	KUNIT_CASE(vpd_atomic_len_test),
	KUNIT_CASE(atomic_len_check_test),
	KUNIT_CASE(vpd_provisioning_test),
	KUNIT_CASE(vpd_characteristics_test),
	KUNIT_CASE(log_supported_test),
	KUNIT_CASE(log_errors_test),
	KUNIT_CASE(log_statistics_test),
	KUNIT_CASE(log_self_tests_test),
	KUNIT_CASE(mode_sense_6_test),
	KUNIT_CASE(mode_sense_10_test),
	KUNIT_CASE(mode_sense_many_blocks_test),
	KUNIT_CASE(mode_sense_all_test),
	KUNIT_CASE(mode_sense_pages_test),
	KUNIT_CASE(mode_sense_ps_test),
	KUNIT_CASE(mode_sense_provisioning_test),
	KUNIT_CASE(mode_sense_saved_test),
	KUNIT_CASE(mode_sense_bad_test),
	KUNIT_CASE(mode_sense_control_test),
	KUNIT_CASE(mode_sense_control_ext_test),
	KUNIT_CASE(select_good_test),
	KUNIT_CASE(select_round_trip_test),
	KUNIT_CASE(select_truncated_test),
	KUNIT_CASE(select_unchangeable_test),
	KUNIT_CASE(select_control_ext_test),
	KUNIT_CASE(select_fields_test),
	KUNIT_CASE(select_flush_test),
	KUNIT_CASE(saved_round_trip_test),
	KUNIT_CASE(saved_unchangeable_test),
	KUNIT_CASE(saved_bad_test),
	KUNIT_CASE_PARAM(select_bad_test, select_gen_params),
	KUNIT_CASE(select_capacity_test),
	KUNIT_CASE(select_wce_fixed_test),
	KUNIT_CASE_SLOW(select_fuzz_test),
	KUNIT_CASE(len_error_test),
	KUNIT_CASE(flush_lost_test),
	{ }
};

static struct kunit_suite vdisk_suite = {
	.name		= "scst_vdisk",
	.init		= vdisk_test_init,
	.test_cases	= vdisk_cases,
};

kunit_test_suite(vdisk_suite);

MODULE_DESCRIPTION("KUnit tests of virtual disks");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_LICENSE("GPL");
