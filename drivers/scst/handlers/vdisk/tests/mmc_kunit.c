// SPDX-License-Identifier: GPL-2.0
/* Tests of vcdrom: what the commands of MMC-6 return, byte by byte. */

#include <kunit/test.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "../cdrom.h"

#define FILENAME_SIZE	512

/* The most that is a CD, and what is none any more */
#define CD_BLOCKS	(80 * 60 * 75)
#define DVD_BLOCKS	(CD_BLOCKS + 1)

struct fixture {
	struct vdisk_type type;
	struct scst_device dev;
	struct scst_cmd cmd;
	struct vdisk *vd;
	u8 cdb[12];
	u8 buf[MMC_MAX_LEN];
};

static int mmc_test_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->vd = kunit_kzalloc(test, struct_size(f->vd, filename, FILENAME_SIZE),
			      GFP_KERNEL);
	if (!f->vd)
		return -ENOMEM;
	test->priv = f;
	spin_lock_init(&f->dev.tgt_dev_lock);
	INIT_LIST_HEAD(&f->dev.tgt_devs);
	f->dev.dev.init_name = "cd01";
	f->dev.priv = f->vd;
	f->dev.block_size = VDISK_CDROM_BLOCK_SIZE;
	f->dev.block_shift = 11;
	f->cmd.dev = &f->dev;
	f->cmd.cdb = f->cdb;
	f->cmd.cdb_len = sizeof(f->cdb);
	f->type.mask = VDISK_CDROM;
	f->type.vendor = "SCST_FIO";
	f->vd->dev = &f->dev;
	f->vd->type = &f->type;
	f->vd->filename_size = FILENAME_SIZE;
	spin_lock_init(&f->vd->id_lock);
	vdisk_set_defaults(f->vd, "cd01", 0x1234);
	return 0;
}

static void expect_data(struct kunit *test, unsigned int len, const u8 *want,
			unsigned int want_len)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, len, want_len);
	KUNIT_EXPECT_MEMEQ(test, f->buf, want, want_len);
}

/* ------------------------------------------------------------------------
 * READ TOC/PMA/ATIP
 */

static unsigned int read_toc(struct kunit *test, u32 nblocks, bool msf,
			     u8 format, u8 start, u8 *bad_byte)
{
	struct fixture *f = test->priv;

	memset(f->cdb, 0, sizeof(f->cdb));
	f->cdb[0] = 0x43;
	f->cdb[1] = msf ? 0x02 : 0;
	f->cdb[2] = format;
	f->cdb[6] = start;
	*bad_byte = 0;
	return mmc_toc(nblocks, f->cdb, f->buf, bad_byte);
}

static void toc_tracks_test(struct kunit *test)
{
	static const u8 lba[] = {
		0, 18, 1, 1,
		0, 0x14, 1, 0, 0, 0, 0, 0,
		0, 0x14, 0xaa, 0, 0x00, 0x01, 0x02, 0x03
	};
	static const u8 msf[] = {
		0, 18, 1, 1,
		0, 0x14, 1, 0, 0, 0, 2, 0,
		0, 0x14, 0xaa, 0, 0, 14, 44, 9
	};
	static const u8 lead_out[] = {
		0, 10, 1, 1,
		0, 0x14, 0xaa, 0, 0x00, 0x01, 0x02, 0x03
	};
	u8 bad;

	expect_data(test, read_toc(test, 0x10203, false, 0, 0, &bad), lba,
		    sizeof(lba));
	expect_data(test, read_toc(test, 0x10203, false, 0, 1, &bad), lba,
		    sizeof(lba));
	expect_data(test, read_toc(test, (14 * 60 + 44) * 75 + 9 - 150, true, 0,
				   0, &bad), msf, sizeof(msf));
	expect_data(test, read_toc(test, 0x10203, false, 0, 0xaa, &bad),
		    lead_out, sizeof(lead_out));
}

/* What is beyond 255:59:74, or 99:59:74 of a CD, is told as the former. */
static void toc_msf_limit_test(struct kunit *test)
{
	static const u8 last[] = { 0, 99, 59, 74 };
	static const u8 beyond[] = { 0, 0xff, 59, 74 };
	struct fixture *f = test->priv;
	u8 bad;

	read_toc(test, 100 * 60 * 75 - 150 - 1, true, 0, 0xaa, &bad);
	KUNIT_EXPECT_MEMEQ(test, f->buf + 8, last, sizeof(last));
	read_toc(test, 100 * 60 * 75 - 150, true, 0, 0xaa, &bad);
	KUNIT_EXPECT_MEMEQ(test, f->buf + 8, beyond, sizeof(beyond));
	read_toc(test, U32_MAX, true, 0, 0xaa, &bad);
	KUNIT_EXPECT_MEMEQ(test, f->buf + 8, beyond, sizeof(beyond));
}

static void toc_sessions_test(struct kunit *test)
{
	static const u8 want[] = {
		0, 10, 1, 1,
		0, 0x14, 1, 0, 0, 0, 0, 0,
	};
	struct fixture *f = test->priv;
	u8 bad;

	expect_data(test, read_toc(test, 1000, false, 1, 0, &bad), want,
		    sizeof(want));
	/* As the first ATAPI drives had it, and sr asks for it */
	read_toc(test, 1000, false, 0, 0, &bad);
	f->cdb[9] = 0x40;
	expect_data(test, mmc_toc(1000, f->cdb, f->buf, &bad), want,
		    sizeof(want));
}

static void toc_raw_test(struct kunit *test)
{
	static const u8 want[] = {
		0, 46, 1, 1,
		1, 0x14, 0, 0xa0, 0, 0, 0, 0, 1, 0, 0,
		1, 0x14, 0, 0xa1, 0, 0, 0, 0, 1, 0, 0,
		1, 0x14, 0, 0xa2, 0, 0, 0, 0, 0, 15, 25,
		1, 0x14, 0, 0x01, 0, 0, 0, 0, 0, 2, 0,
	};
	u8 bad;

	/* 1000 + 150 = 15 * 75 + 25, with MSF=0 too */
	expect_data(test, read_toc(test, 1000, false, 2, 0, &bad), want,
		    sizeof(want));
	expect_data(test, read_toc(test, 1000, true, 2, 1, &bad), want,
		    sizeof(want));
}

static void toc_errors_test(struct kunit *test)
{
	static const struct {
		u8 format;
		u8 start;
		u8 bad;
	} cases[] = {
		{ 0, 2, 6 }, { 0, 0xa9, 6 }, { 0, 0xff, 6 },
		{ 2, 2, 6 }, { 2, 0xaa, 6 },
		{ 3, 0, 2 }, { 4, 0, 2 }, { 5, 0, 2 }, { 15, 0, 2 },
	};
	unsigned int i;
	u8 bad;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ(test, read_toc(test, 1000, false,
					       cases[i].format, cases[i].start,
					       &bad), 0);
		KUNIT_EXPECT_EQ(test, bad, cases[i].bad);
	}
}

static void msf_to_lba_test(struct kunit *test)
{
	static const struct {
		u8 msf[3];
		bool ok;
		u32 lba;
	} cases[] = {
		{ { 0, 2, 0 }, true, 0 },
		{ { 0, 2, 1 }, true, 1 },
		{ { 0, 1, 74 }, false, 0 },
		{ { 0, 0, 0 }, false, 0 },
		{ { 1, 0, 0 }, true, 58 * 75 },
		{ { 0, 60, 0 }, false, 0 },
		{ { 0, 2, 75 }, false, 0 },
		{ { 255, 59, 74 }, true, (255 * 60 + 59) * 75 + 74 - 150 },
	};
	unsigned int i;
	u32 lba;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		lba = 0;
		KUNIT_EXPECT_EQ(test, mmc_msf_to_lba(cases[i].msf, &lba),
				cases[i].ok);
		KUNIT_EXPECT_EQ(test, lba, cases[i].lba);
	}
}

/* ------------------------------------------------------------------------
 * GET CONFIGURATION
 */

static unsigned int get_config(struct kunit *test, u64 nblocks, u8 rt,
			       u16 start)
{
	struct fixture *f = test->priv;

	memset(f->cdb, 0, sizeof(f->cdb));
	f->cdb[0] = 0x46;
	f->cdb[1] = rt;
	put_unaligned_be16(start, f->cdb + 2);
	return mmc_config(f->vd, nblocks, f->cdb, f->buf);
}

/* Features from offset 8 on; returns a bitmap of the current ones. */
static u32 walk_features(struct kunit *test, unsigned int len, unsigned int *nr)
{
	struct fixture *f = test->priv;
	unsigned int at = 8;
	u32 is_current = 0;
	int last = -1;

	KUNIT_EXPECT_EQ(test, get_unaligned_be32(f->buf), len - 4);
	*nr = 0;
	while (at < len) {
		KUNIT_EXPECT_GT(test, (int)get_unaligned_be16(f->buf + at),
				last);
		last = get_unaligned_be16(f->buf + at);
		KUNIT_EXPECT_EQ(test, f->buf[at + 3] % 4, 0);
		if (f->buf[at + 2] & 1)
			is_current |= BIT(*nr);
		at += 4 + f->buf[at + 3];
		(*nr)++;
	}
	KUNIT_EXPECT_EQ(test, at, len);
	return is_current;
}

static void config_all_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int nr;

	KUNIT_EXPECT_EQ(test, walk_features(test, get_config(test, 0, 0, 0),
					    &nr), 0x70f);
	KUNIT_EXPECT_EQ(test, nr, 11);
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(f->buf + 6), 0);
	KUNIT_EXPECT_EQ(test, walk_features(test, get_config(test, CD_BLOCKS, 0,
							     0), &nr), 0x77f);
	KUNIT_EXPECT_EQ(test, nr, 11);
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(f->buf + 6), 0x0008);
	KUNIT_EXPECT_EQ(test, walk_features(test, get_config(test, DVD_BLOCKS,
							     0, 0), &nr), 0x79f);
	KUNIT_EXPECT_EQ(test, nr, 11);
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(f->buf + 6), 0x0010);
}

static void config_current_test(struct kunit *test)
{
	unsigned int nr;

	walk_features(test, get_config(test, 0, 1, 0), &nr);
	KUNIT_EXPECT_EQ(test, nr, 7);
	walk_features(test, get_config(test, CD_BLOCKS, 1, 0), &nr);
	KUNIT_EXPECT_EQ(test, nr, 10);
	walk_features(test, get_config(test, CD_BLOCKS, 1, 0x001e), &nr);
	KUNIT_EXPECT_EQ(test, nr, 4);
	walk_features(test, get_config(test, CD_BLOCKS, 0, 0x0109), &nr);
	KUNIT_EXPECT_EQ(test, nr, 0);
}

static void config_one_test(struct kunit *test)
{
	static const u8 profiles[] = {
		0, 0, 0, 16, 0, 0, 0, 8,
		0, 0, 0x03, 8, 0, 0x10, 0, 0, 0, 0x08, 1, 0
	};
	static const u8 removable[] = {
		0, 0, 0, 12, 0, 0, 0, 8,
		0, 3, 0x0b, 4, 0x39, 0, 0, 0
	};
	static const u8 read_dvd[] = {
		0, 0, 0, 16, 0, 0, 0, 0x10,
		0, 0x10, 0x01, 8, 0, 0, 8, 0, 0, 16, 1, 0
	};
	static const u8 unknown[] = { 0, 0, 0, 4, 0, 0, 0, 8 };

	expect_data(test, get_config(test, 1000, 2, 0), profiles,
		    sizeof(profiles));
	expect_data(test, get_config(test, 1000, 2, 3), removable,
		    sizeof(removable));
	expect_data(test, get_config(test, DVD_BLOCKS, 2, 0x10), read_dvd,
		    sizeof(read_dvd));
	expect_data(test, get_config(test, 1000, 2, 0x20), unknown,
		    sizeof(unknown));
}

/* The longest data there can be */
static void config_serial_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int len, nr;

	memset(f->vd->p.usn, 'x', VDISK_MAX_USN - 1);
	len = get_config(test, 1000, 0, 0);
	KUNIT_EXPECT_LE(test, len, MMC_MAX_LEN);
	walk_features(test, len, &nr);
	KUNIT_EXPECT_EQ(test, f->buf[len - 1], ' ');
	KUNIT_EXPECT_EQ(test, f->buf[len - 2], 'x');
}

/* ------------------------------------------------------------------------
 * GET EVENT STATUS NOTIFICATION
 */

static void event_test(struct kunit *test)
{
	static const u8 none[] = { 0, 2, 0x80, 0x54 };
	static const u8 power[] = { 0, 6, 2, 0x54, 0, 1, 0, 0 };
	static const u8 media[] = { 0, 6, 4, 0x54, 0, 2, 0, 0 };
	static const u8 new_medium[] = { 0, 6, 4, 0x54, 2, 2, 0, 0 };
	static const u8 busy[] = { 0, 6, 6, 0x54, 0, 0, 0, 0 };
	struct fixture *f = test->priv;

	expect_data(test, mmc_event(0, 2, 0, f->buf), none, sizeof(none));
	expect_data(test, mmc_event(0xab, 2, 0, f->buf), none, sizeof(none));
	expect_data(test, mmc_event(0x10, 2, 0, f->buf), media, sizeof(media));
	expect_data(test, mmc_event(0x10, 2, 2, f->buf), new_medium,
		    sizeof(new_medium));
	/* The lowest class, unless another one has something to tell */
	expect_data(test, mmc_event(0xff, 2, 0, f->buf), power, sizeof(power));
	expect_data(test, mmc_event(0xff, 2, 2, f->buf), new_medium,
		    sizeof(new_medium));
	expect_data(test, mmc_event(0x40, 2, 2, f->buf), busy, sizeof(busy));
}

/* ------------------------------------------------------------------------
 * READ DISC STRUCTURE, READ CD
 */

static void dvd_physical_test(struct kunit *test)
{
	static const u8 want[] = {
		0x08, 0x02, 0, 0, 0x01, 0x0f, 0x01, 0,
		0, 0x03, 0, 0, 0, 0x03 + 0x12, 0x34, 0x55, 0
	};
	static const u8 clamped[] = { 0xff, 0xff, 0xff };
	struct fixture *f = test->priv;

	expect_data(test, mmc_dvd_physical(0x123456, f->buf), want,
		    sizeof(want));
	mmc_dvd_physical(U32_MAX, f->buf);
	KUNIT_EXPECT_MEMEQ(test, f->buf + 13, clamped, sizeof(clamped));
}

static void decode_read_cd_test(struct kunit *test)
{
	static const u8 good[12] = { 0xbe, 0, 0, 0, 1, 2, 0, 0, 3, 0x10, 0, 0 };
	struct fixture *f = test->priv;
	struct scst_cmd *cmd = &f->cmd;

	memcpy(f->cdb, good, sizeof(good));
	KUNIT_EXPECT_TRUE(test, mmc_decode_read_cd(cmd) == SCST_GOOD);
	KUNIT_EXPECT_EQ(test, cmd->lba, 0x102);
	KUNIT_EXPECT_EQ(test, cmd->nblocks, 3);
	KUNIT_EXPECT_EQ(test, cmd->xfer_len, 3 * 2048);

	/* Nothing is wanted: nothing is transferred. */
	f->cdb[9] = 0;
	KUNIT_EXPECT_TRUE(test, mmc_decode_read_cd(cmd) == SCST_GOOD);
	KUNIT_EXPECT_EQ(test, cmd->xfer_len, 0);

	/* Sync, headers, ECC; C2 error bits; sub-channels */
	f->cdb[9] = 0xf8;
	KUNIT_EXPECT_TRUE(test, mmc_decode_read_cd(cmd) ==
			  SCST_SENSE_INVALID_FIELD_IN_CDB);
	KUNIT_EXPECT_EQ(test, cmd->field_ptr, 9);
	f->cdb[9] = 0x12;
	KUNIT_EXPECT_TRUE(test, mmc_decode_read_cd(cmd) ==
			  SCST_SENSE_INVALID_FIELD_IN_CDB);
	f->cdb[9] = 0x10;
	f->cdb[10] = 0x01;
	KUNIT_EXPECT_TRUE(test, mmc_decode_read_cd(cmd) ==
			  SCST_SENSE_INVALID_FIELD_IN_CDB);
	KUNIT_EXPECT_EQ(test, cmd->field_ptr, 10);
}

static void decode_read_cd_msf_test(struct kunit *test)
{
	static const u8 good[12] = {
		0xb9, 0, 0, 0, 2, 10, 0, 3, 0, 0x10, 0, 0
	};
	struct fixture *f = test->priv;
	struct scst_cmd *cmd = &f->cmd;

	memcpy(f->cdb, good, sizeof(good));
	KUNIT_EXPECT_TRUE(test, mmc_decode_read_cd_msf(cmd) == SCST_GOOD);
	KUNIT_EXPECT_EQ(test, cmd->lba, 10);
	KUNIT_EXPECT_EQ(test, cmd->nblocks, 65);
	KUNIT_EXPECT_EQ(test, cmd->xfer_len, 65 * 2048);

	f->cdb[7] = 1;		/* ends before it begins */
	KUNIT_EXPECT_TRUE(test, mmc_decode_read_cd_msf(cmd) ==
			  SCST_SENSE_INVALID_FIELD_IN_CDB);
	KUNIT_EXPECT_EQ(test, cmd->field_ptr, 6);
	f->cdb[5] = 75;		/* no frame */
	KUNIT_EXPECT_TRUE(test, mmc_decode_read_cd_msf(cmd) ==
			  SCST_SENSE_INVALID_FIELD_IN_CDB);
	KUNIT_EXPECT_EQ(test, cmd->field_ptr, 3);
}

/* ------------------------------------------------------------------------
 * MODE SENSE and MODE SELECT
 */

static unsigned int mode_sense(struct kunit *test, u8 opcode, u8 page,
			       u8 subpage)
{
	struct fixture *f = test->priv;

	memset(f->cdb, 0, sizeof(f->cdb));
	f->cdb[0] = opcode;
	f->cdb[2] = page;
	f->cdb[3] = subpage;
	return vcdrom_mode_sense(&f->dev, f->cdb, f->buf);
}

static void mode_sense_test(struct kunit *test)
{
	static const u8 recovery[] = {
		15, 0, 0, 0, 0x01, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
	};
	static const u8 capabilities[] = {
		0, 28, 0, 0, 0, 0, 0, 0,
		0x2a, 0x14, 0x0b, 0, 0, 0, 0x29, 0, 0x23, 0xc0, 0, 0,
		0x02, 0, 0x23, 0xc0, 0, 0, 0, 0, 0, 0
	};

	expect_data(test, mode_sense(test, MODE_SENSE, 0x01, 0), recovery,
		    sizeof(recovery));
	expect_data(test, mode_sense(test, MODE_SENSE_10, 0x2a, 0),
		    capabilities, sizeof(capabilities));
	KUNIT_EXPECT_EQ(test, mode_sense(test, MODE_SENSE_10, 0x3f, 0),
			8 + 5 * 12 + 22);
	KUNIT_EXPECT_EQ(test, mode_sense(test, MODE_SENSE_10, 0x3f, 0xff),
			8 + 5 * 12 + 22);
	KUNIT_EXPECT_EQ(test, mode_sense(test, MODE_SENSE, 0x08, 0), 0);
	KUNIT_EXPECT_EQ(test, mode_sense(test, MODE_SENSE, 0x0a, 1), 0);
}

static void mode_changeable_test(struct kunit *test)
{
	struct fixture *f = test->priv;

	mode_sense(test, MODE_SENSE_10, 0x40 | 0x2a, 0);
	KUNIT_EXPECT_EQ(test, f->buf[8], 0x2a);
	KUNIT_EXPECT_EQ(test, f->buf[9], 0x14);
	KUNIT_EXPECT_NULL(test, memchr_inv(f->buf + 10, 0, 0x14));
}

/* What MODE SENSE has returned is good, and every other bit of it is not. */
static void mode_select_test(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct scst_cmd *cmd = &f->cmd;
	unsigned int len, i;

	len = mode_sense(test, MODE_SENSE_10, 0x3f, 0);
	f->cdb[0] = MODE_SELECT_10;
	KUNIT_EXPECT_TRUE(test, vcdrom_mode_parse(cmd, f->buf, len) ==
			  SCST_GOOD);
	KUNIT_EXPECT_TRUE(test, vcdrom_mode_parse(cmd, f->buf, 8) == SCST_GOOD);
	for (i = 1; i < 8; i++)
		KUNIT_EXPECT_TRUE(test, vcdrom_mode_parse(cmd, f->buf, i) ==
				  SCST_SENSE_PARAM_LIST_LENGTH);
	KUNIT_EXPECT_TRUE(test, vcdrom_mode_parse(cmd, f->buf, len - 1) ==
			  SCST_SENSE_PARAM_LIST_LENGTH);
	for (i = 8; i < len; i++) {
		f->buf[i] ^= 0x40;
		KUNIT_EXPECT_TRUE(test, vcdrom_mode_parse(cmd, f->buf, len) ==
				  SCST_SENSE_INVALID_FIELD_IN_PARAM);
		KUNIT_EXPECT_EQ(test, cmd->field_ptr, i);
		f->buf[i] ^= 0x40;
	}
	f->buf[7] = 8;
	KUNIT_EXPECT_TRUE(test, vcdrom_mode_parse(cmd, f->buf, len) ==
			  SCST_SENSE_INVALID_FIELD_IN_PARAM);
	KUNIT_EXPECT_EQ(test, cmd->field_ptr, 6);
}

static struct kunit_case mmc_cases[] = {
	KUNIT_CASE(toc_tracks_test),
	KUNIT_CASE(toc_msf_limit_test),
	KUNIT_CASE(toc_sessions_test),
	KUNIT_CASE(toc_raw_test),
	KUNIT_CASE(toc_errors_test),
	KUNIT_CASE(msf_to_lba_test),
	KUNIT_CASE(config_all_test),
	KUNIT_CASE(config_current_test),
	KUNIT_CASE(config_one_test),
	KUNIT_CASE(config_serial_test),
	KUNIT_CASE(event_test),
	KUNIT_CASE(dvd_physical_test),
	KUNIT_CASE(decode_read_cd_test),
	KUNIT_CASE(decode_read_cd_msf_test),
	KUNIT_CASE(mode_sense_test),
	KUNIT_CASE(mode_changeable_test),
	KUNIT_CASE(mode_select_test),
	{}
};

static struct kunit_suite mmc_suite = {
	.name	= "scst_mmc",
	.init	= mmc_test_init,
	.test_cases = mmc_cases,
};

kunit_test_suite(mmc_suite);
