// SPDX-License-Identifier: GPL-2.0
/*
 * vcdrom: commands of MMC-6 that tell what drive and medium are.
 *
 * The medium has one session with one data track, which begins at block 0.  It is
 * a CD-ROM as long as it fits on one, else a DVD-ROM.
 */

#include <kunit/visibility.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "cdrom.h"

/* Addresses in minutes, seconds and frames of a CD (MMC-6, MSF) */
#define CD_FRAMES		75
#define CD_SECONDS		60
#define CD_PREGAP		150
#define CD_MAX_MSF		(100 * CD_SECONDS * CD_FRAMES - CD_PREGAP)

/* Profiles */
#define PROFILE_CD_ROM		0x0008
#define PROFILE_DVD_ROM		0x0010

#define TRACK			1
#define SESSION			1
#define LEAD_OUT		0xaa
#define ADR_CONTROL_DATA	0x14	/* Q sub-channel has position; data */

/**
 * mmc_is_dvd - what kind of medium is it?
 * @nblocks: blocks of the medium, 0: there is none
 *
 * Context: any.
 * Return: true when it is too large for a CD of 80 minutes.
 */
static bool mmc_is_dvd(u64 nblocks)
{
	return nblocks > 80 * CD_SECONDS * CD_FRAMES;
}

static bool mmc_is_cd(u64 nblocks)
{
	return nblocks && !mmc_is_dvd(nblocks);
}

static u16 mmc_profile(u64 nblocks)
{
	if (!nblocks)
		return 0;
	return mmc_is_dvd(nblocks) ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
}

/* An address in four bytes.  What does not fit is as large as can be. */
static void mmc_put_addr(u8 *buf, u32 lba, bool msf)
{
	u32 frames = lba + CD_PREGAP;

	if (!msf) {
		put_unaligned_be32(lba, buf);
		return;
	}
	buf[0] = 0;
	if (lba >= CD_MAX_MSF) {
		buf[1] = 0xff;
		buf[2] = CD_SECONDS - 1;
		buf[3] = CD_FRAMES - 1;
		return;
	}
	buf[1] = frames / CD_FRAMES / CD_SECONDS;
	buf[2] = frames / CD_FRAMES % CD_SECONDS;
	buf[3] = frames % CD_FRAMES;
}

/**
 * mmc_msf_to_lba - block address of minutes, seconds and frames
 * @msf: three bytes
 * @lba: set to the address
 *
 * Context: any.
 * Return: false when @msf is before block 0, or no address.
 */
VISIBLE_IF_KUNIT bool mmc_msf_to_lba(const u8 *msf, u32 *lba)
{
	u32 frames = (msf[0] * CD_SECONDS + msf[1]) * CD_FRAMES + msf[2];

	if (msf[1] >= CD_SECONDS || msf[2] >= CD_FRAMES || frames < CD_PREGAP)
		return false;
	*lba = frames - CD_PREGAP;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(mmc_msf_to_lba);

/* ------------------------------------------------------------------------
 * READ TOC/PMA/ATIP
 */

#define TOC_MSF			0x02	/* CDB byte 1 */
#define TOC_FORMAT		0x0f	/* CDB byte 2 */
#define TOC_TRACKS		0x00
#define TOC_VENDOR_FORMAT	6	/* CDB byte 9, where SFF-8020i has it */
#define TOC_HEADER_LEN		4

static u8 toc_format(const u8 *cdb)
{
	return (cdb[2] & TOC_FORMAT) ?: cdb[9] >> TOC_VENDOR_FORMAT;
}

static u8 *toc_put_track(u8 *p, u8 track, u32 lba, bool msf)
{
	p[1] = ADR_CONTROL_DATA;
	p[2] = track;
	mmc_put_addr(p + 4, lba, msf);
	return p + 8;
}

static u8 *toc_put_tracks(u8 *p, const u8 *cdb, u32 nblocks)
{
	bool msf = cdb[1] & TOC_MSF;

	if (cdb[6] <= TRACK)
		p = toc_put_track(p, TRACK, 0, msf);
	return toc_put_track(p, LEAD_OUT, nblocks, msf);
}

static u8 *toc_put_sessions(u8 *p, const u8 *cdb, u32 nblocks)
{
	return toc_put_track(p, TRACK, 0, cdb[1] & TOC_MSF);
}

/* An entry of the lead-in's Q sub-channel: POINT, and what it is about */
static u8 *toc_put_point(u8 *p, u8 point, u8 min)
{
	p[0] = SESSION;
	p[1] = ADR_CONTROL_DATA;
	p[3] = point;
	p[8] = min;
	return p + 11;
}

/* The addresses of a raw TOC are MSF whatever the CDB says. */
static u8 *toc_put_addr_point(u8 *p, u8 point, u32 lba)
{
	u8 addr[4];

	mmc_put_addr(addr, lba, true);
	memcpy(p + 8, addr + 1, 3);
	return toc_put_point(p, point, addr[1]);
}

static u8 *toc_put_raw(u8 *p, const u8 *cdb, u32 nblocks)
{
	p = toc_put_point(p, 0xa0, TRACK);	/* first track; CD-ROM */
	p = toc_put_point(p, 0xa1, TRACK);	/* last track */
	p = toc_put_addr_point(p, 0xa2, nblocks);	/* lead-out */
	return toc_put_addr_point(p, TRACK, 0);
}

/**
 * mmc_toc - build the data of READ TOC/PMA/ATIP
 * @nblocks: blocks of the medium
 * @cdb: CDB
 * @buf: %MMC_MAX_LEN bytes
 * @bad_byte: set to the byte of @cdb that is wrong, if one is
 *
 * Context: any.
 * Return: bytes of data, 0 when @cdb is wrong.
 */
VISIBLE_IF_KUNIT
unsigned int mmc_toc(u32 nblocks, const u8 *cdb, u8 *buf, u8 *bad_byte)
{
	static const struct {
		u8 *(*put)(u8 *p, const u8 *cdb, u32 nblocks);
		u8 max;		/* value of TRACK/SESSION NUMBER */
	} formats[] = {
		{ toc_put_tracks, TRACK },
		{ toc_put_sessions, U8_MAX },
		{ toc_put_raw, SESSION },
	};
	u8 format = toc_format(cdb);
	u8 *end;

	if (format >= ARRAY_SIZE(formats)) {
		*bad_byte = 2;
		return 0;
	}
	if (cdb[6] > formats[format].max &&
	    !(format == TOC_TRACKS && cdb[6] == LEAD_OUT)) {
		*bad_byte = 6;
		return 0;
	}
	memset(buf, 0, MMC_MAX_LEN);
	buf[2] = TRACK;		/* first and last track, or session */
	buf[3] = TRACK;
	end = formats[format].put(buf + TOC_HEADER_LEN, cdb, nblocks);
	put_unaligned_be16(end - buf - 2, buf);
	return end - buf;
}
EXPORT_SYMBOL_IF_KUNIT(mmc_toc);

/**
 * mmc_exec_read_toc - READ TOC/PMA/ATIP
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t mmc_exec_read_toc(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_check_medium(cmd->dev);
	u8 buf[MMC_MAX_LEN];
	unsigned int len;
	u8 bad_byte;

	if (sense != SCST_GOOD)
		return sense;
	len = mmc_toc(cmd->dev->nblocks, cmd->cdb, buf, &bad_byte);
	if (!len)
		return scst_cmd_cdb_error(cmd, bad_byte, bad_byte == 2 ? 3 : 8);
	scst_cmd_data_in(cmd, buf, len);
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * GET CONFIGURATION
 */

#define CONFIG_RT		0x03	/* CDB byte 1 */
#define CONFIG_RT_ALL		0x00
#define CONFIG_RT_CURRENT	0x01
#define CONFIG_RT_ONE		0x02
#define CONFIG_HEADER_LEN	8

#define FEATURE_PERSISTENT	0x02	/* byte 2 */
#define FEATURE_CURRENT		0x01
#define FEATURE_VERSION(v)	((v) << 2)

#define MECHANISM_TRAY		0x20	/* removable medium, byte 4 */
#define MECHANISM_LOAD		0x10
#define MECHANISM_EJECT		0x08
#define MECHANISM_LOCK		0x01

/* Returns the number of bytes behind the four of the header. */
static unsigned int feature_profiles(struct vdisk *vd, u64 nblocks,
				     u8 *p)
{
	static const u16 profiles[] = { PROFILE_DVD_ROM, PROFILE_CD_ROM };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(profiles); i++, p += 4) {
		put_unaligned_be16(profiles[i], p);
		p[2] = profiles[i] == mmc_profile(nblocks);
	}
	return 4 * ARRAY_SIZE(profiles);
}

static unsigned int feature_core(struct vdisk *vd, u64 nblocks, u8 *p)
{
	put_unaligned_be32(1, p);	/* SCSI family */
	p[4] = 0x01;			/* DBE */
	return 8;
}

/* Events have to be polled for, and there are no operational changes. */
static unsigned int feature_morphing(struct vdisk *vd, u64 nblocks,
				     u8 *p)
{
	return 4;
}

static unsigned int feature_removable(struct vdisk *vd, u64 nblocks,
				      u8 *p)
{
	p[0] = MECHANISM_TRAY | MECHANISM_LOAD | MECHANISM_EJECT |
	       MECHANISM_LOCK;
	return 4;
}

static unsigned int feature_random_read(struct vdisk *vd, u64 nblocks,
					u8 *p)
{
	put_unaligned_be32(VDISK_CDROM_BLOCK_SIZE, p);
	put_unaligned_be16(mmc_is_dvd(nblocks) ? 16 : 1, p + 4);
	p[6] = 0x01;			/* has the error recovery page */
	return 8;
}

static unsigned int feature_empty(struct vdisk *vd, u64 nblocks, u8 *p)
{
	return 0;
}

static unsigned int feature_four(struct vdisk *vd, u64 nblocks, u8 *p)
{
	return 4;
}

static unsigned int feature_serial(struct vdisk *vd, u64 nblocks, u8 *p)
{
	unsigned int len;

	spin_lock(&vd->id_lock);
	len = strlen(vd->p.usn);
	memcpy(p, vd->p.usn, len);
	spin_unlock(&vd->id_lock);
	memset(p + len, ' ', ALIGN(len, 4) - len);
	return ALIGN(len, 4);
}

static bool any_medium(u64 nblocks)
{
	return nblocks;
}

/* In ascending order, as they are returned (MMC-6, features) */
static const struct mmc_feature {
	u16 code;
	u8 version;
	bool persistent;
	bool (*current_if)(u64 nblocks);
	unsigned int (*fill)(struct vdisk *vd, u64 nblocks, u8 *p);
} mmc_features[] = {
	{ 0x0000, 0, true, NULL, feature_profiles },
	{ 0x0001, 2, true, NULL, feature_core },
	{ 0x0002, 1, true, NULL, feature_morphing },
	{ 0x0003, 2, true, NULL, feature_removable },
	{ 0x0010, 0, false, any_medium, feature_random_read },
	{ 0x001d, 0, false, mmc_is_cd, feature_empty },		/* multi-read */
	{ 0x001e, 2, false, mmc_is_cd, feature_four },		/* CD read */
	{ 0x001f, 1, false, mmc_is_dvd, feature_four },		/* DVD read */
	{ 0x0100, 0, true, NULL, feature_empty },		/* power */
	{ 0x0105, 1, true, NULL, feature_four },		/* timeout */
	{ 0x0108, 0, true, NULL, feature_serial },
};

static bool feature_is_current(const struct mmc_feature *f, u64 nblocks)
{
	return !f->current_if || f->current_if(nblocks);
}

static bool feature_wanted(const struct mmc_feature *f, const u8 *cdb,
			   u64 nblocks)
{
	u16 start = get_unaligned_be16(cdb + 2);

	switch (cdb[1] & CONFIG_RT) {
	case CONFIG_RT_ONE:
		return f->code == start;
	case CONFIG_RT_CURRENT:
		return f->code >= start && feature_is_current(f, nblocks);
	default:
		return f->code >= start;
	}
}

static u8 *feature_put(struct vdisk *vd, const struct mmc_feature *f,
		       u64 nblocks, u8 *p)
{
	put_unaligned_be16(f->code, p);
	p[2] = FEATURE_VERSION(f->version);
	if (f->persistent)
		p[2] |= FEATURE_PERSISTENT;
	if (feature_is_current(f, nblocks))
		p[2] |= FEATURE_CURRENT;
	p[3] = f->fill(vd, nblocks, p + 4);
	return p + 4 + p[3];
}

/**
 * mmc_config - build the data of GET CONFIGURATION
 * @vd: virtual CD-ROM
 * @nblocks: blocks of the medium, 0: there is none
 * @cdb: CDB
 * @buf: %MMC_MAX_LEN bytes
 *
 * Context: process context.
 * Return: bytes of data.
 */
VISIBLE_IF_KUNIT
unsigned int mmc_config(struct vdisk *vd, u64 nblocks, const u8 *cdb, u8 *buf)
{
	u8 *p = buf + CONFIG_HEADER_LEN;
	unsigned int i;

	memset(buf, 0, MMC_MAX_LEN);
	for (i = 0; i < ARRAY_SIZE(mmc_features); i++)
		if (feature_wanted(&mmc_features[i], cdb, nblocks))
			p = feature_put(vd, &mmc_features[i], nblocks, p);
	put_unaligned_be32(p - buf - 4, buf);
	put_unaligned_be16(mmc_profile(nblocks), buf + 6);
	return p - buf;
}
EXPORT_SYMBOL_IF_KUNIT(mmc_config);

/* Blocks that can be read now, 0: no medium */
static u64 mmc_nblocks(const struct scst_cmd *cmd)
{
	if (vdisk_check_medium(cmd->dev) != SCST_GOOD)
		return 0;
	return cmd->dev->nblocks;
}

/**
 * mmc_exec_get_configuration - GET CONFIGURATION
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t mmc_exec_get_configuration(struct scst_cmd *cmd)
{
	u8 buf[MMC_MAX_LEN];

	if ((cmd->cdb[1] & CONFIG_RT) == CONFIG_RT)
		return scst_cmd_cdb_error(cmd, 1, 1);
	scst_cmd_data_in(cmd, buf, mmc_config(to_vdisk(cmd->dev),
					      mmc_nblocks(cmd), cmd->cdb,
					      buf));
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * GET EVENT STATUS NOTIFICATION
 */

#define GESN_POLLED		0x01	/* CDB byte 1 */
#define GESN_HEADER_LEN		4
#define GESN_LEN		8
#define GESN_NEA		0x80	/* byte 2: no event available */
#define GESN_CLASS_POWER	2
#define GESN_CLASS_MEDIA	4
#define GESN_CLASS_BUSY		6
#define GESN_CLASSES		(BIT(GESN_CLASS_POWER) | BIT(GESN_CLASS_MEDIA) | \
				 BIT(GESN_CLASS_BUSY))
#define GESN_MEDIUM_PRESENT	0x02	/* media event, byte 5 */
#define GESN_TRAY_OPEN		0x01
#define GESN_POWER_ACTIVE	0x01	/* power management event, byte 5 */

/**
 * mmc_event - build the data of GET EVENT STATUS NOTIFICATION
 * @classes: notification classes that are asked for
 * @state: medium and tray, bits of byte 5 of the media event
 * @event: media event code, 0: nothing happened
 * @buf: %MMC_MAX_LEN bytes
 *
 * Of the classes that have an event, else of all, the lowest one is answered.
 *
 * Context: any.
 * Return: bytes of data.
 */
VISIBLE_IF_KUNIT
unsigned int mmc_event(u8 classes, u8 state, u8 event, u8 *buf)
{
	memset(buf, 0, MMC_MAX_LEN);
	buf[3] = GESN_CLASSES;
	classes &= GESN_CLASSES;
	if (!classes) {
		buf[2] = GESN_NEA;
		put_unaligned_be16(GESN_HEADER_LEN - 2, buf);
		return GESN_HEADER_LEN;
	}

	if (event && (classes & BIT(GESN_CLASS_MEDIA)))
		classes = BIT(GESN_CLASS_MEDIA);
	buf[2] = __ffs(classes);
	if (buf[2] == GESN_CLASS_MEDIA) {
		buf[4] = event;
		buf[5] = state;
	} else if (buf[2] == GESN_CLASS_POWER) {
		buf[5] = GESN_POWER_ACTIVE;
	}
	put_unaligned_be16(GESN_LEN - 2, buf);
	return GESN_LEN;
}
EXPORT_SYMBOL_IF_KUNIT(mmc_event);

static u8 mmc_event_state(const struct scst_cmd *cmd)
{
	u8 state = 0;

	if (vcdrom_is_loaded(to_vdisk(cmd->dev)))
		state |= GESN_MEDIUM_PRESENT;
	if (READ_ONCE(to_vdisk(cmd->dev)->tray_open))
		state |= GESN_TRAY_OPEN;
	return state;
}

/**
 * mmc_exec_get_event_status - GET EVENT STATUS NOTIFICATION
 * @cmd: command
 *
 * An event is reported once to each I_T nexus.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t mmc_exec_get_event_status(struct scst_cmd *cmd)
{
	enum scst_medium_event event = SCST_MEDIUM_NO_EVENT;
	u8 buf[MMC_MAX_LEN];

	if (!(cmd->cdb[1] & GESN_POLLED))
		return scst_cmd_cdb_error(cmd, 1, 0);
	/* What is not transferred was not reported. */
	if ((cmd->cdb[4] & BIT(GESN_CLASS_MEDIA)) &&
	    vdisk_read_len(cmd) > GESN_HEADER_LEN)
		event = scst_cmd_take_medium_event(cmd);
	scst_cmd_data_in(cmd, buf, mmc_event(cmd->cdb[4], mmc_event_state(cmd),
					     scst_medium_event_code(event), buf));
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * READ DISC INFORMATION and READ TRACK INFORMATION
 */

#define DISC_INFO_LEN		34
#define DISC_INFO_TYPE		0x07	/* CDB byte 1 */
#define DISC_COMPLETE		0x0e	/* byte 2: disc and last session */
#define DISC_UNRESTRICTED	0x20	/* byte 7 */

/**
 * mmc_exec_read_disc_information - READ DISC INFORMATION
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t mmc_exec_read_disc_information(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_check_medium(cmd->dev);
	u8 buf[DISC_INFO_LEN] = { };

	if (cmd->cdb[1] & DISC_INFO_TYPE)
		return scst_cmd_cdb_error(cmd, 1, 2);
	if (sense != SCST_GOOD)
		return sense;
	put_unaligned_be16(DISC_INFO_LEN - 2, buf);
	buf[2] = DISC_COMPLETE;
	buf[3] = TRACK;		/* first track of the disc */
	buf[4] = SESSION;	/* number of sessions */
	buf[5] = TRACK;		/* first and last track of the last session */
	buf[6] = TRACK;
	buf[7] = DISC_UNRESTRICTED;
	/* Nothing more can be written: no lead-in, and no lead-out to come. */
	memset(buf + 16, 0xff, 8);
	scst_cmd_data_in(cmd, buf, sizeof(buf));
	return SCST_GOOD;
}

#define TRACK_INFO_LEN		36
#define TRACK_INFO_TYPE		0x03	/* CDB byte 1 */
#define TRACK_INFO_BY_LBA	0
#define TRACK_INFO_BY_TRACK	1
#define TRACK_INFO_BY_SESSION	2
#define TRACK_MODE_DATA		0x04	/* byte 5 */
#define DATA_MODE_1		0x01	/* byte 6 */

static scst_sense_t mmc_check_track(struct scst_cmd *cmd)
{
	u32 n = get_unaligned_be32(cmd->cdb + 2);

	switch (cmd->cdb[1] & TRACK_INFO_TYPE) {
	case TRACK_INFO_BY_LBA:
		if (n < cmd->dev->nblocks)
			return SCST_GOOD;
		scst_cmd_set_sense_info(cmd, n);
		return SCST_SENSE_LBA_OUT_OF_RANGE;
	case TRACK_INFO_BY_TRACK:
	case TRACK_INFO_BY_SESSION:
		return n == TRACK ? SCST_GOOD : scst_cmd_cdb_error(cmd, 2, 8);
	default:
		return scst_cmd_cdb_error(cmd, 1, 1);
	}
}

/**
 * mmc_exec_read_track_information - READ TRACK INFORMATION
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t mmc_exec_read_track_information(struct scst_cmd *cmd)
{
	scst_sense_t sense = vdisk_check_medium(cmd->dev);
	u32 nblocks = cmd->dev->nblocks;
	u8 buf[TRACK_INFO_LEN] = { };

	if (sense == SCST_GOOD)
		sense = mmc_check_track(cmd);
	if (sense != SCST_GOOD)
		return sense;
	put_unaligned_be16(TRACK_INFO_LEN - 2, buf);
	buf[2] = TRACK;
	buf[3] = SESSION;
	buf[5] = TRACK_MODE_DATA;
	buf[6] = DATA_MODE_1;
	put_unaligned_be32(nblocks, buf + 24);
	put_unaligned_be32(nblocks - 1, buf + 28);
	scst_cmd_data_in(cmd, buf, sizeof(buf));
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * MECHANISM STATUS
 */

#define MECHANISM_STATUS_LEN	8
#define MECHANISM_TRAY_OPEN	0x10	/* byte 1 */

/**
 * mmc_exec_mechanism_status - MECHANISM STATUS
 * @cmd: command
 *
 * It is no changer: there are no slots.
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t mmc_exec_mechanism_status(struct scst_cmd *cmd)
{
	u8 buf[MECHANISM_STATUS_LEN] = { };

	if (READ_ONCE(to_vdisk(cmd->dev)->tray_open))
		buf[1] = MECHANISM_TRAY_OPEN;
	scst_cmd_data_in(cmd, buf, sizeof(buf));
	return SCST_GOOD;
}

/* ------------------------------------------------------------------------
 * READ DISC STRUCTURE
 */

#define STRUCTURE_MEDIA_TYPE	0x0f	/* CDB byte 1 */
#define STRUCTURE_PHYSICAL	0x00	/* CDB byte 7 */
#define STRUCTURE_COPYRIGHT	0x01
#define STRUCTURE_LIST		0xff
#define STRUCTURE_HEADER_LEN	4
#define STRUCTURE_PHYSICAL_LEN	(STRUCTURE_HEADER_LEN + 2048)
#define STRUCTURE_COPYRIGHT_LEN	(STRUCTURE_HEADER_LEN + 4)
#define STRUCTURE_READABLE	0x40	/* byte 1 of an entry of the list */

/* Where the data area of a DVD-ROM begins, in physical sectors */
#define DVD_DATA_START		0x30000

/**
 * mmc_dvd_physical - build the physical format information of a DVD-ROM
 * @nblocks: blocks of the medium
 * @buf: %MMC_MAX_LEN bytes; those behind it up to the length of the structure
 *	are zero
 *
 * Context: any.
 * Return: bytes of @buf that are not zero, at most.
 */
VISIBLE_IF_KUNIT unsigned int mmc_dvd_physical(u64 nblocks, u8 *buf)
{
	memset(buf, 0, MMC_MAX_LEN);
	put_unaligned_be16(STRUCTURE_PHYSICAL_LEN - 2, buf);
	buf[4] = 0x01;		/* DVD-ROM, version 1 */
	buf[5] = 0x0f;		/* 120 mm, no maximum rate */
	buf[6] = 0x01;		/* one layer, read only */
	put_unaligned_be24(DVD_DATA_START, buf + 9);
	put_unaligned_be24(min_t(u64, DVD_DATA_START + nblocks - 1, 0xffffff),
			   buf + 13);
	return 17;
}
EXPORT_SYMBOL_IF_KUNIT(mmc_dvd_physical);

static void mmc_structure_list(struct scst_cmd *cmd)
{
	static const u8 list[] = {
		0, 10, 0, 0,
		STRUCTURE_PHYSICAL, STRUCTURE_READABLE,
		STRUCTURE_PHYSICAL_LEN >> 8, STRUCTURE_PHYSICAL_LEN & 0xff,
		STRUCTURE_COPYRIGHT, STRUCTURE_READABLE,
		STRUCTURE_COPYRIGHT_LEN >> 8, STRUCTURE_COPYRIGHT_LEN & 0xff,
	};

	scst_cmd_data_in(cmd, list, sizeof(list));
}

static scst_sense_t mmc_dvd_structure(struct scst_cmd *cmd)
{
	u8 buf[MMC_MAX_LEN] = { };
	unsigned int len;

	switch (cmd->cdb[7]) {
	case STRUCTURE_PHYSICAL:
		len = mmc_dvd_physical(cmd->dev->nblocks, buf);
		sg_zero_buffer(cmd->sg, cmd->sg_cnt,
			       min(vdisk_read_len(cmd), STRUCTURE_PHYSICAL_LEN),
			       0);
		scst_cmd_data_in(cmd, buf, len);
		cmd->resp_data_len = min_t(u64, cmd->xfer_len,
					   STRUCTURE_PHYSICAL_LEN);
		return SCST_GOOD;
	case STRUCTURE_COPYRIGHT:
		put_unaligned_be16(STRUCTURE_COPYRIGHT_LEN - 2, buf);
		scst_cmd_data_in(cmd, buf, STRUCTURE_COPYRIGHT_LEN);
		return SCST_GOOD;
	default:
		return scst_cmd_cdb_error(cmd, 7, 8);
	}
}

/**
 * mmc_exec_read_disc_structure - READ DISC STRUCTURE
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended.
 */
scst_sense_t mmc_exec_read_disc_structure(struct scst_cmd *cmd)
{
	scst_sense_t sense;

	if (cmd->cdb[1] & STRUCTURE_MEDIA_TYPE)
		return scst_cmd_cdb_error(cmd, 1, 3);
	if (cmd->cdb[7] == STRUCTURE_LIST) {
		mmc_structure_list(cmd);
		return SCST_GOOD;
	}
	sense = vdisk_check_medium(cmd->dev);
	if (sense != SCST_GOOD)
		return sense;
	if (!mmc_is_dvd(cmd->dev->nblocks))
		return SCST_SENSE_INCOMPATIBLE_FORMAT;
	if (cmd->cdb[6])
		return scst_cmd_cdb_error(cmd, 6, 8);
	return mmc_dvd_structure(cmd);
}

/* ------------------------------------------------------------------------
 * READ CD
 */

#define READ_CD_SECTOR_TYPE	0x1c	/* CDB byte 1; DAP is about audio */
#define READ_CD_MODE_1		0x08
#define READ_CD_SELECTION	0xfe	/* CDB byte 9 */
#define READ_CD_USER_DATA	0x10
#define READ_CD_SUBCHANNEL	0x07	/* CDB byte 10 */

static scst_sense_t mmc_set_read_cd(struct scst_cmd *cmd, u32 lba, u32 nblocks)
{
	u8 selection = cmd->cdb[9] & READ_CD_SELECTION;

	if (selection && selection != READ_CD_USER_DATA)
		return scst_cmd_cdb_error(cmd, 9, 7);
	if (cmd->cdb[10] & READ_CD_SUBCHANNEL)
		return scst_cmd_cdb_error(cmd, 10, 2);
	cmd->lba = lba;
	cmd->nblocks = nblocks;
	/* With nothing selected nothing is transferred (MMC-6, READ CD). */
	cmd->xfer_len = selection ? (u64)nblocks << cmd->dev->block_shift : 0;
	return SCST_GOOD;
}

/**
 * mmc_decode_read_cd - decode READ CD
 * @cmd: command
 *
 * Context: any.
 * Return: %SCST_GOOD, or INVALID FIELD IN CDB when other things than user data
 * are wanted.
 */
scst_sense_t mmc_decode_read_cd(struct scst_cmd *cmd)
{
	return mmc_set_read_cd(cmd, get_unaligned_be32(cmd->cdb + 2),
			       get_unaligned_be24(cmd->cdb + 6));
}
EXPORT_SYMBOL_IF_KUNIT(mmc_decode_read_cd);

/**
 * mmc_decode_read_cd_msf - decode READ CD MSF
 * @cmd: command
 *
 * Context: any.
 * Return: as mmc_decode_read_cd(), also for addresses that are none.
 */
scst_sense_t mmc_decode_read_cd_msf(struct scst_cmd *cmd)
{
	u32 start, end;

	if (!mmc_msf_to_lba(cmd->cdb + 3, &start))
		return scst_cmd_cdb_error(cmd, 3, 8);
	if (!mmc_msf_to_lba(cmd->cdb + 6, &end) || end < start)
		return scst_cmd_cdb_error(cmd, 6, 8);
	return mmc_set_read_cd(cmd, start, end - start);
}
EXPORT_SYMBOL_IF_KUNIT(mmc_decode_read_cd_msf);

/**
 * mmc_exec_read_cd - READ CD and READ CD MSF
 * @cmd: command
 *
 * Context: see struct scst_dev_type.
 * Return: how it ended, or %SCST_PENDING.
 */
scst_sense_t mmc_exec_read_cd(struct scst_cmd *cmd)
{
	u8 type = cmd->cdb[1] & READ_CD_SECTOR_TYPE;
	scst_sense_t sense = vcdrom_check_access(cmd);

	if (sense != SCST_GOOD)
		return sense;
	if (!mmc_is_cd(cmd->dev->nblocks))
		return SCST_SENSE_INCOMPATIBLE_FORMAT;
	if (type && type != READ_CD_MODE_1)
		return SCST_SENSE_ILLEGAL_TRACK_MODE;
	if (!vdisk_read_len(cmd))
		return SCST_GOOD;
	return to_vdisk(cmd->dev)->type->ops->read(cmd, vdisk_read_len(cmd));
}
