# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154  # variables of run.sh and the back ends
# SCST: a virtual disk, or one of the host, behind scst_local
# kinds: null bdev file scsi
# reference: lio

# scst_device NAME: a virtual disk on the back end, or the back end; sets scst_store
scst_device() {
	local drivers=/sys/bus/scsi_tgt_dev/drivers

	scst_store=$1
	if [ "$store_kind" = scsi ]; then
		scst_store=$(address_of "$store")
		modprobe scst_disk && echo "$scst_store" >$drivers/dev_disk/add_device
		return
	fi
	modprobe scst_vdisk || return
	case $store_kind in
	null) echo "$1 size=1G" >$drivers/vdisk_nullio/add_device ;;
	bdev) echo "$1 filename=$store" >$drivers/vdisk_blockio/add_device ;;
	file) echo "$1 filename=$store" >$drivers/vdisk_fileio/add_device ;;
	esac
}

scst_local_map() {
	echo "$scst_store $n" >/sys/bus/scsi_tgt_port/devices/bench/luns/add
}

stack_setup() {
	local port=/sys/bus/scsi_tgt_port

	scst_device "bench$n" || return
	modprobe scst_local add_default_tgt=0 || return
	[ -e $port/devices/bench ] ||
		echo "bench session_name=bench" >$port/drivers/scst_local/add_target || return
	new_disk scst_local_map
}
