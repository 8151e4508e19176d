#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=1 TIMEOUT=300
# lifecycle
# Devices of this host on the bus of target devices: how they come there, who may have
# them, and what keeps whom in use.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pass_lib.sh
. "$(dirname "$0")/pass_lib.sh"

drivers=$dev_bus/drivers

# bound: which driver has the unit
bound() {
	[ ! -e "$unit/driver" ] || basename "$(realpath "$unit/driver")"
}

no_unit() {
	[ ! -e "$unit" ]
}

each_device_is_there() {
	local dir n=0

	debug_device num_tgts=2 max_luns=3
	for dir in "$adapters"/adapter*/host*/target*/*:*:*:*; do
		[ -d "$dir/scsi_device" ] || continue
		unit=$dev_bus/devices/${dir##*/}
		expect "place of $unit" "$(realpath "$dir")" "$(realpath "$unit/..")"
		expect "driver of $unit" "" "$(bound)"
		expect "type of $unit" 0 "$(<"$unit/type")"
		expect "handler of $unit" "" "$(<"$unit/handler")"
		expect "subsystem of $unit" scsi_tgt_dev \
			"$(basename "$(realpath "$unit/subsystem")")"
		[ ! -e "$scst_devices/${dir##*/}" ] || fail "it is a virtual device"
		n=$((n + 1))
	done
	expect "number of devices" 6 $n
	# Nobody serves it
	add_target tgt0
	expect_errno ENOENT "$scst_targets/tgt0/luns/add" "$hctl 0"
	del_target tgt0
}

# Those that were there before the module, and all of them go with it
the_module_comes_later() {
	local module

	debug_device
	for module in "${pass_modules[@]}"; do
		! loaded "$module" || rmmod "$module"
	done
	[ -e "$unit" ] || fail "the unit went with its handlers"
	rmmod scst_pass
	no_unit || fail "the unit is still there"
	scst_load scst_disk scst_tape scst_cdrom
	[ -e "$unit" ] || fail "the unit is not there"
}

claim_and_give_back() {
	debug_device
	put "$drivers/dev_disk/add_device" "$hctl"
	expect driver dev_disk "$(bound)"
	expect handler dev_disk "$(<"$unit/handler")"
	put "$drivers/dev_disk/del_device" "$hctl"
	expect driver "" "$(bound)"
	expect handler "" "$(<"$unit/handler")"
	expect type 0 "$(<"$unit/type")"
	# By another one of its type
	put "$drivers/dev_disk_perf/add_device" "$hctl"$'\n'
	expect driver dev_disk_perf "$(bound)"
	put "$drivers/dev_disk_perf/del_device" "$hctl"
	expect handler "" "$(<"$unit/handler")"
}

refusals() {
	local name

	debug_device
	expect_errno ENOENT "$drivers/dev_disk/add_device" 99:0:0:0
	expect_errno ENOENT "$drivers/dev_disk/add_device" "${hctl%:0}"
	expect_errno ENOENT "$drivers/dev_disk/add_device" disk01
	expect_errno EINVAL "$drivers/dev_tape/add_device" "$hctl"
	expect_errno EINVAL "$drivers/dev_tape_perf/add_device" "$hctl"
	expect_errno EINVAL "$drivers/dev_cdrom/add_device" "$hctl"
	for name in "size=1" "filename=/dev/sda" "read_only=1" x; do
		expect_errno EINVAL "$drivers/dev_disk/add_device" "$hctl $name"
	done
	expect_errno EINVAL "$drivers/dev_disk/add_device" " "
	expect driver "" "$(bound)"
	# Nobody has it who could give it back
	expect_errno ENOENT "$drivers/dev_disk/del_device" "$hctl"
	expect_errno ENOENT "$drivers/dev_disk/del_device" 99:0:0:0
	expect_errno ENODEV "$drivers/dev_disk/bind" "$hctl"
	expect_errno ENODEV "$drivers/dev_disk/unbind" "$hctl"

	put "$drivers/dev_disk/add_device" "$hctl"
	expect_errno EBUSY "$drivers/dev_disk/add_device" "$hctl"
	expect_errno EBUSY "$drivers/dev_disk_perf/add_device" "$hctl"
	expect_errno ENOENT "$drivers/dev_disk_perf/del_device" "$hctl"
	expect_errno ENODEV "$drivers/dev_disk_perf/bind" "$hctl"
	expect driver dev_disk "$(bound)"
	put "$drivers/dev_disk/del_device" "$hctl"
}

# Names are those of all devices
names_of_others() {
	local name

	modinfo -n scst_vdisk >/dev/null 2>&1 || skip "the kernel has no scst_vdisk"
	modprobe scst_vdisk
	debug_device
	expect_errno EEXIST "$drivers/vdisk_nullio/add_device" "$hctl size=1048576"
	add_device vdisk_nullio disk01 size=1048576
	expect_errno ENOENT "$drivers/dev_disk/add_device" disk01
	expect_errno ENOENT "$drivers/vdisk_nullio/del_device" "$hctl"
	del_device disk01
	# A name that was taken before the device came: it does without, and tries again when
	# another device has gone
	name=$hctl
	no_debug
	add_device vdisk_nullio "${name/#*:0:0:/$((${name%%:*} + 1)):0:0:}" size=1048576
	name=${name/#*:0:0:/$((${name%%:*} + 1)):0:0:}
	modprobe scsi_debug
	[ -d "$scst_devices/$name" ] || fail "the virtual device is gone"
	expect handler vdisk_nullio "$(<"$dev_bus/devices/$name/handler")"
	no_debug
	[ -d "$scst_devices/$name" ] || fail "the virtual device went too"
	del_device "$name"
}

in_use_while_mapped() {
	local module

	debug_device
	serve dev_disk
	expect_errno EBUSY "$drivers/dev_disk/del_device" "$hctl"
	for module in scst_disk scst_pass; do
		expect_failure rmmod $module 2>"$tmp/err"
		expect_match "rmmod $module" "in use" "$(<"$tmp/err")"
	done
	disk=$(disk_of tgt0 0)
	fio_verify "$disk" 1M
	del_lun tgt0 0
	put "$drivers/dev_disk/del_device" "$hctl"
	expect_errno ENOENT "$scst_targets/tgt0/luns/add" "$hctl 0"
	del_target tgt0
	# A handler that goes gives back what it has
	put "$drivers/dev_disk/add_device" "$hctl"
	rmmod scst_disk
	expect handler "" "$(<"$unit/handler")"
	scst_load scst_disk
	put "$drivers/dev_disk/add_device" "$hctl"
	put "$drivers/dev_disk/del_device" "$hctl"
}

# As it is with everybody who uses a device of an adapter
the_adapter_is_in_use() {
	debug_device
	serve dev_disk
	expect_failure rmmod scsi_debug 2>"$tmp/err"
	expect_match "rmmod scsi_debug" "in use" "$(<"$tmp/err")"
	disk=$(disk_of tgt0 0)
	fio_verify "$disk" 1M
	unserve
	no_debug
	within 10 no_unit || fail "the unit is still there"
}

offline_and_back() {
	local cdb

	debug_device
	serve dev_disk host0 host1
	disk=$(disk_of tgt0 0 host0)
	settled "$disk"
	put "$drivers/dev_disk/unbind" "$hctl"
	expect driver "" "$(bound)"
	expect handler dev_disk "$(<"$unit/handler")"
	for cdb in 000000000000 28000000000000000100 c00000000000 1a003f00ff00; do
		ends_like 'status=02 .*sense=70..02.{18}0403' "$sg" $cdb
	done
	expect_errno EBUSY "$drivers/dev_disk/del_device" "$hctl"
	expect_errno EBUSY "$drivers/dev_disk/add_device" "$hctl"
	expect_errno ENODEV "$drivers/dev_disk_perf/bind" "$hctl"
	put "$drivers/dev_disk/bind" "$hctl"
	expect driver dev_disk "$(bound)"
	# Its medium may be another one
	ends_like 'status=02 .*sense=70..06.{18}2800' "$sg" 000000000000
	ends_like 'status=00 ' "$sg" 000000000000
	fio_verify "$disk" 1M
	# Offline it can be mapped
	del_lun tgt0 0
	put "$drivers/dev_disk/unbind" "$hctl"
	add_lun tgt0 0 "$hctl"
	put "$drivers/dev_disk/bind" "$hctl"
	del_lun tgt0 0
	# and given back
	put "$drivers/dev_disk/unbind" "$hctl"
	put "$drivers/dev_disk/del_device" "$hctl"
	expect handler "" "$(<"$unit/handler")"
	del_target tgt0
}

# SPC-6, INQUIRY and REPORT LUNS, and REQUEST SENSE, do not depend on the medium
what_is_told_offline() {
	debug_device
	serve dev_disk
	settled "$(disk_of tgt0 0)"
	put "$drivers/dev_disk/unbind" "$hctl"
	ends_like 'status=00 .*data=[0-9a-f:]' "$sg" a00000000000000000400000 in 64
	ends_like 'status=00 .*data=70..02.{18}0403' "$sg" 030000001200 in 18
	ends_like 'status=00 .*data=00....[0-9a-f]{2}' "$sg" 120000002400 in 36
	put "$drivers/dev_disk/bind" "$hctl"
	unserve
}

events() {
	local path

	no_debug
	uevents_start
	debug_device
	wait_uevent 10 ACTION=add SUBSYSTEM=scsi_tgt_dev DEVTYPE=device "DEVPATH=*/$hctl/$hctl"
	path=$(uevent_property DEVPATH)
	expect DEVPATH "$(realpath "$unit")" "/sys$path"
	expect SCST_DRIVER "" "$(uevent_property SCST_DRIVER)"
	put "$drivers/dev_disk/add_device" "$hctl"
	wait_uevent 10 ACTION=bind SUBSYSTEM=scsi_tgt_dev "DEVPATH=$path" DRIVER=dev_disk \
		SCST_DRIVER=dev_disk
	put "$drivers/dev_disk/unbind" "$hctl"
	wait_uevent 10 ACTION=unbind "DEVPATH=$path" SCST_DRIVER=dev_disk
	put "$drivers/dev_disk/bind" "$hctl"
	wait_uevent 10 ACTION=bind "DEVPATH=$path" SCST_DRIVER=dev_disk
	put "$drivers/dev_disk/del_device" "$hctl"
	wait_uevent 10 ACTION=unbind "DEVPATH=$path"
	# That of the unit before may come late
	expect "removals" "" "$(grep -F $'ACTION=remove\tDEVPATH='"$path" "$uevent_log")"
	serve dev_disk
	wait_uevent 10 ACTION=change SCST_EVENT=luns_changed SCST_TARGET=tgt0
	echo 1 >"$(debug_dir)/delete"
	wait_uevent 10 ACTION=change SCST_EVENT=luns_changed SCST_TARGET=tgt0
	wait_uevent 10 ACTION=unbind SUBSYSTEM=scsi_tgt_dev
	wait_uevent 10 ACTION=remove SUBSYSTEM=scsi_tgt_dev DEVTYPE=device "DEVPATH=*/$hctl"
	no_unit || fail "the unit is still there"
	uevents_stop
	del_target tgt0
}

# in_place: the unit of this name is below the device
in_place() {
	[ "$(realpath "$(debug_dir)")" = "$(realpath "$unit/..")" ]
}

unclaimed() {
	[ -z "$(cat "$unit/handler" 2>/dev/null)" ]
}

# Another device of the same name, which nobody has given to a handler
the_name_is_used_again() {
	local host n

	debug_device
	host=$(debug_dir)
	host=${host%/target*}
	for ((n = 0; n < 3; n++)); do
		serve dev_disk
		# An open disk keeps the initiator's device for longer
		exec {fd}<"$(disk_of tgt0 0)"
		echo 1 >"$(debug_dir)/delete"
		echo "- - -" >"$host/scsi_host/${host##*/}/scan"
		within 20 test -e "$unit/handler" || fail "the device is not there again"
		exec {fd}<&-
		within 20 in_place || fail "it is at $(realpath "$unit/..")"
		within 20 unclaimed || fail "it was given to $(<"$unit/handler")"
		within 20 test ! -e "$scst_targets/tgt0/luns/0" || fail "LUN 0 is still there"
		del_target tgt0
	done
	serve dev_disk
	disk=$(disk_of tgt0 0)
	fio_verify "$disk" 1M
	unserve
}

open_files() {
	local fd fds=() file

	debug_device
	serve dev_disk
	for file in "$unit/type" "$unit/handler" "$unit/reservation/type" \
		"$scst_targets/tgt0/luns/0/read_only"; do
		exec {fd}<"$file"
		fds+=("$fd")
	done
	exec {fd}>"$unit/blocked"
	echo 1 >"$(debug_dir)/delete"
	within 20 no_unit || fail "the unit is still there"
	for file in "${fds[@]}"; do
		! read -r -u "$file" 2>/dev/null || fail "read from a file that is gone"
		exec {file}<&-
	done
	! { echo 1 >&"$fd"; } 2>/dev/null || fail "wrote to a file that is gone"
	exec {fd}>&-
	del_target tgt0
}

# --- Disks of scst_local

local_names() {
	local dir

	for dir in "$dev_bus"/devices/*:*:*:*; do
		[[ $(realpath "$dir") != */session*/host* ]] || echo "${dir##*/}"
	done
}

reload() {
	local module

	no_debug
	for module in "${pass_modules[@]}" scst_pass; do
		! loaded "$module" || rmmod "$module"
	done
	modprobe scst_pass "$@"
	scst_load scst_disk
}

local_disks_are_not_there() {
	modinfo -n scst_vdisk >/dev/null 2>&1 || skip "the kernel has no scst_vdisk"
	modprobe scst_vdisk
	reload
	expect "local_disks" N "$(</sys/module/scst_pass/parameters/local_disks)"
	export_disk vdisk_nullio null01 size=64M
	expect "disks of scst_local" "" "$(local_names)"
	unexport_disk null01
	del_target tgt0
}

# chain: disk01 is LUN 0 of tgt0, whose disk is LUN 0 of tgt1, whose disk is $disk
chain() {
	export_disk vdisk_fileio disk01 "filename=$tmp/disk.img"
	settled "$disk"
	hctl=$(local_names)
	unit=$dev_bus/devices/$hctl
	put "$drivers/dev_disk/add_device" "$hctl"
	add_target tgt1 session_name=host1
	add_lun tgt1 0 "$hctl"
	disk=$(disk_of tgt1 0)
}

a_local_disk_is_served_again() {
	local inner wwid

	modinfo -n scst_vdisk >/dev/null 2>&1 || skip "the kernel has no scst_vdisk"
	modprobe scst_vdisk
	reload local_disks=1
	expect "local_disks" Y "$(</sys/module/scst_pass/parameters/local_disks)"
	truncate -s 64M "$tmp/disk.img"
	chain
	inner=$(disk_of tgt0 0)
	fio_verify "$disk" 4M
	fs_roundtrip "$disk"
	blockdev --flushbufs "$inner"
	cmp "$inner" "$disk"
	# The unit behind it is the one that initiators see
	wwid=$(attribute "/sys/block/${inner##*/}/device/wwid")
	expect "identification" "$wwid" "$(<"/sys/block/${disk##*/}/device/wwid")"
	# The inner one goes, and the outer one with it
	del_lun tgt0 0
	within 20 no_unit || fail "the unit is still there"
	[ ! -e "$scst_targets/tgt1/luns/0" ] || fail "LUN 0 of tgt1 is still there"
	del_device disk01
	del_target tgt1
	# The outer one first; both at once
	chain
	del_target tgt1
	put "$drivers/dev_disk/del_device" "$hctl"
	unexport_disk disk01
	chain
	del_target tgt0
	del_target tgt1
	within 20 no_unit || fail "the unit is still there"
	del_device disk01
}

# media_event SG: the code of the next one
media_event() {
	local data

	data=$(sg_raw -b -r 8 "$1" 4a 01 00 00 10 00 00 00 08 00 2>/dev/null | hex -)
	expect_match "answer" '^00060454' "$data"
	echo "${data:8:2}"
}

no_more_events() {
	[ "$(media_event "$1")" = 00 ]
}

# The drive, which is one of scst_local, tells of an event once
each_hears_of_a_disc() {
	local sg

	[ "$(</sys/module/scst_pass/parameters/local_disks)" = Y ] ||
		skip "scst_pass has no local_disks"
	modprobe scst_cdrom
	truncate -s 4M "$tmp/one.iso" "$tmp/two.iso"
	add_device vcdrom cd01 "filename=$tmp/one.iso"
	add_target tgt0 session_name=host0
	add_lun tgt0 0 cd01
	hctl=$(local_names)
	unit=$dev_bus/devices/$hctl
	put "$drivers/dev_cdrom/add_device" "$hctl"
	add_target tgt1 session_name=host0
	add_session tgt1 host1
	add_lun tgt1 0 "$hctl"
	for sg in "$(sg_of tgt1 0 host0)" "$(sg_of tgt1 0 host1)"; do
		within 10 no_more_events "$sg" || fail "events without an end"
	done
	put "$scst_devices/cd01/filename" "$tmp/two.iso"
	for sg in "$(sg_of tgt1 0 host0)" "$(sg_of tgt1 0 host1)"; do
		expect "the first event of $sg" 03 "$(media_event "$sg")"
	done
	for sg in "$(sg_of tgt1 0 host0)" "$(sg_of tgt1 0 host1)"; do
		expect "the second event of $sg" 02 "$(media_event "$sg")"
		expect "the third event of $sg" 00 "$(media_event "$sg")"
	done
	del_target tgt1
	put "$drivers/dev_cdrom/del_device" "$hctl"
	del_target tgt0
	del_device cd01
}

# refuses_its_own DEVICE: tgt0 has a disk that it is made of
refuses_its_own() {
	expect_errno ELOOP "$scst_targets/tgt0/luns/add" "$1 1"
	expect_errno ELOOP "$scst_targets/tgt0/luns/replace" "$1 0"
	put "$scst_targets/tgt0/ini_groups/add" group1
	expect_errno ELOOP "$scst_targets/tgt0/ini_groups/group1/luns/add" "$1 0"
	put "$scst_targets/tgt0/ini_groups/del" group1
}

# The tags of a host adapter are shared by all its disks.
a_target_with_its_own_disk() {
	[ "$(</sys/module/scst_pass/parameters/local_disks)" = Y ] ||
		skip "scst_pass has no local_disks"
	export_disk vdisk_fileio disk01 "filename=$tmp/disk.img"
	settled "$disk"
	hctl=$(local_names)
	unit=$dev_bus/devices/$hctl
	put "$drivers/dev_disk/add_device" "$hctl"
	refuses_its_own "$hctl"
	add_target tgt1 session_name=host1
	add_lun tgt1 0 "$hctl"
	disk=$(disk_of tgt1 0)
	fio_verify "$disk" 1M
	del_target tgt1
	timeout 60 "$wr" "$port_bus/drivers/scst_local/del_target" tgt0 >/dev/null ||
		fail "del_target hangs"
	within 20 no_unit || fail "the unit is still there"
	del_device disk01
}

kernel_log() {
	log_clean "$log" \
		any 'Power-on or device reset occurred' \
		any 'LUN assignments on this target have changed' \
		any 'scsi_debug: trim poll_queues' \
		any '(critical|I/O|device) .*error, dev sd' \
		any 'Buffer I/O error on dev sd' \
		any 'sd .*(tag#|Sense Key|Add. Sense|CDB|FAILED Result|rejecting I/O)' \
		any 'sd .*failed: Result' \
		any 'sd .* (I/O|transfer) size .* not a multiple of physical block size' \
		any 'sd .*(READ CAPACITY|Read Capacity|Synchronize Cache|Test WP)' \
		any 'sd .*(Asking for cache data failed|Assuming drive cache)' \
		any '(scsi_tgt_dev|dev_disk|dev_disk_perf|dev_tape|dev_cdrom)\b.*: ' \
		any '(vdisk_nullio|vcdrom)\b.*: ' \
		any '(dev_tape_perf|scst): ' \
		2 'scst_local tgt0: no handler serves device "[0-9:]+"' \
		0-3 'LUN [01]: made of a disk of this target: -ELOOP' \
		any 'cannot be served: -EEXIST' \
		any 'rejecting I/O to dead device'
}

pass_load scst_disk scst_tape scst_cdrom scst_local
log=$(log_mark)
mkdir "$tmp/mnt"
main each_device_is_there the_module_comes_later claim_and_give_back refusals \
	names_of_others in_use_while_mapped the_adapter_is_in_use offline_and_back \
	what_is_told_offline events the_name_is_used_again open_files \
	local_disks_are_not_there a_local_disk_is_served_again each_hears_of_a_disc \
	a_target_with_its_own_disk take_apart kernel_log
