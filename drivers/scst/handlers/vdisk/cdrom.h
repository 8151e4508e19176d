/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of vcdrom share. */
#ifndef _SCST_VDISK_CDROM_H
#define _SCST_VDISK_CDROM_H

#include "vdisk.h"

/* Longest data of a command that mmc.c makes, but for trailing zeros */
#define MMC_MAX_LEN		256

/* A medium is in place, and the tray is closed. */
static inline bool vcdrom_is_loaded(const struct vdisk *vd)
{
	return READ_ONCE(vd->medium) == VDISK_READY;
}

/* cdrom.c */
void vcdrom_set_type(struct scst_dev_type *type);
scst_sense_t vcdrom_decode_seek(struct scst_cmd *cmd);
scst_sense_t vcdrom_decode_len_be16_8(struct scst_cmd *cmd);
scst_sense_t vcdrom_check_access(struct scst_cmd *cmd);
scst_sense_t vcdrom_exec_read(struct scst_cmd *cmd);
scst_sense_t vcdrom_exec_seek(struct scst_cmd *cmd);
scst_sense_t vcdrom_exec_set_cd_speed(struct scst_cmd *cmd);
scst_sense_t vcdrom_exec_start_stop_unit(struct scst_cmd *cmd);

/* cdrom_mode.c */
scst_sense_t vcdrom_exec_mode_sense(struct scst_cmd *cmd);
scst_sense_t vcdrom_exec_mode_select(struct scst_cmd *cmd);
#if IS_ENABLED(CONFIG_KUNIT)
unsigned int vcdrom_mode_sense(struct scst_device *dev, const u8 *cdb, u8 *buf);
scst_sense_t vcdrom_mode_parse(struct scst_cmd *cmd, const u8 *buf, u32 len);
#endif

/* cdrom_opcodes.c */
extern const struct scst_opcode vcdrom_opcodes[];
extern const unsigned int vcdrom_nr_opcodes;

/* mmc.c */
scst_sense_t mmc_decode_read_cd(struct scst_cmd *cmd);
scst_sense_t mmc_decode_read_cd_msf(struct scst_cmd *cmd);
scst_sense_t mmc_exec_get_configuration(struct scst_cmd *cmd);
scst_sense_t mmc_exec_get_event_status(struct scst_cmd *cmd);
scst_sense_t mmc_exec_mechanism_status(struct scst_cmd *cmd);
scst_sense_t mmc_exec_read_cd(struct scst_cmd *cmd);
scst_sense_t mmc_exec_read_disc_information(struct scst_cmd *cmd);
scst_sense_t mmc_exec_read_disc_structure(struct scst_cmd *cmd);
scst_sense_t mmc_exec_read_toc(struct scst_cmd *cmd);
scst_sense_t mmc_exec_read_track_information(struct scst_cmd *cmd);
#if IS_ENABLED(CONFIG_KUNIT)
bool mmc_msf_to_lba(const u8 *msf, u32 *lba);
unsigned int mmc_toc(u32 nblocks, const u8 *cdb, u8 *buf, u8 *bad_byte);
unsigned int mmc_config(struct vdisk *vd, u64 nblocks, const u8 *cdb, u8 *buf);
unsigned int mmc_event(u8 classes, u8 state, u8 event, u8 *buf);
unsigned int mmc_dvd_physical(u64 nblocks, u8 *buf);
#endif

#endif /* _SCST_VDISK_CDROM_H */
