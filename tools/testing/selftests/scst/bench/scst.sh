# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# SCST: vdisk_nullio behind scst_local

setup() {
	modprobe scst_vdisk 2>/dev/null || return
	modprobe scst_local add_default_tgt=0 2>/dev/null || return
	echo "null01 size=1G" >/sys/bus/scsi_tgt_dev/drivers/vdisk_nullio/add_device || return
	echo "tgt0 session_name=host0" >/sys/bus/scsi_tgt_port/drivers/scst_local/add_target ||
		return
	new_disk scst_map
}

scst_map() {
	echo "null01 0" >/sys/bus/scsi_tgt_port/devices/tgt0/luns/add
}
