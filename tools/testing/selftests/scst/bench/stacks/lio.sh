# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154  # variables of run.sh and the back ends
# LIO behind tcm_loop
# kinds: null bdev file scsi

# lio_device NAME: a backstore on the back end, its path in lio_store
lio_device() {
	local core=/sys/kernel/config/target/core hba control address

	modprobe target_core_mod || return
	case $store_kind in
	null)
		hba=rd_mcp_0
		control=rd_pages=262144,rd_nullio=1
		;;
	bdev)
		modprobe target_core_iblock || return
		hba=iblock_0
		control=udev_path=$store,readonly=0
		;;
	file)
		# Through the page cache, as vdisk_fileio; LIO's default is O_DSYNC
		modprobe target_core_file || return
		hba=fileio_0
		control=fd_dev_name=$store,fd_dev_size=$(stat -c %s "$store"),fd_buffered_io=1
		;;
	scsi)
		modprobe target_core_pscsi || return
		hba=pscsi_0
		IFS=: read -ra address < <(address_of "$store")
		control=scsi_host_id=${address[0]},scsi_channel_id=${address[1]}
		control+=,scsi_target_id=${address[2]},scsi_lun_id=${address[3]}
		;;
	esac
	lio_store=$core/$hba/$1
	mkdir -p "$lio_store" || return
	[ "$store_kind" != scsi ] || echo -n "$store" >"$lio_store/udev_path" || return
	echo "$control" >"$lio_store/control" && echo 1 >"$lio_store/enable"
}

lio_loop_map() {
	local tpg=/sys/kernel/config/target/loopback/naa.6001405000000001/tpgt_1

	if [ ! -e $tpg ]; then
		mkdir -p $tpg
		echo naa.6001405000000002 >$tpg/nexus || return
	fi
	mkdir "$tpg/lun/lun_$n"
	ln -s "$lio_store" "$tpg/lun/lun_$n/bench"
}

stack_setup() {
	lio_device "bench$n" || return
	modprobe tcm_loop || return
	new_disk lio_loop_map
}
