#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 SMP=2 TIMEOUT=400
# Objects come and go at any time: under I/O, while somebody reads their
# attributes, while others come and go.  At the end nothing is left.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

handlers=$dev_bus/drivers
fileio=$handlers/vdisk_fileio
nullio=$handlers/vdisk_nullio
local_driver=$port_bus/drivers/scst_local

after_failure() {
	cleanup_devices
	cleanup_targets
}

# start_fio: random I/O on $disk in the background, until it is killed or fails
start_fio() {
	fio --name=bg --filename="$disk" --ioengine=libaio --direct=1 --rw=randrw \
		--bs=4k --size=32M --iodepth=16 --time_based --runtime=600 --thread \
		--allow_file_create=0 >"$tmp/bg.out" 2>&1 &
	fio_pid=$!
	within 30 io_runs || fail "fio does not run: $(<"$tmp/bg.out")"
}

# fio_ends: by itself, as its I/O fails
fio_ends() {
	within 30 no_process "$fio_pid" || fail "fio hangs"
	! wait "$fio_pid" || fail "fio noticed nothing"
}

stop_fio() {
	kill "$fio_pid" 2>/dev/null || :
	within 30 no_process "$fio_pid" || fail "fio hangs"
	wait "$fio_pid" || :
}

open_attributes_and_rmmod() {
	local fd fds=() file

	export_disk vdisk_nullio null01 "size=$((1 << 30))"
	for file in "$scst_devices/null01/type" "$scst_targets/tgt0/enabled" \
		"$(session_of tgt0)/initiator_name" "$scst_targets/tgt0/luns/0/read_only" \
		/sys/devices/scst/version "$nullio/type" \
		"$local_driver/add_target_parameters"; do
		exec {fd}<"$file"
		fds+=("$fd")
	done
	exec {fd}>"$fileio/add_device"
	fds+=("$fd")
	rmmod_local
	rmmod scst_vdisk
	rmmod scst
	for fd in "${fds[@]}"; do
		! read -r -u "$fd" 2>/dev/null || fail "read from a file that is gone"
	done
	! { echo "disk01 filename=/x" >&"$fd"; } 2>/dev/null ||
		fail "wrote to a file that is gone"
	for fd in "${fds[@]}"; do
		exec {fd}<&-
	done
	[ ! -e /sys/devices/scst ] || fail "/sys/devices/scst is still there"
	scst_load
}

rmmod_while_mapped() {
	export_disk vdisk_fileio disk01 "filename=$tmp/disk.img"
	expect_failure rmmod scst_vdisk 2>"$tmp/err"
	expect_match "rmmod scst_vdisk" "in use" "$(<"$tmp/err")"
	expect_errno EBUSY "$fileio/del_device" disk01
	[ -d "$scst_devices/disk01" ] || fail "disk01 is gone"
	start_fio
	expect_failure rmmod scst_vdisk 2>/dev/null
	expect_failure rmmod scst_local 2>"$tmp/err"
	expect_match "rmmod scst_local" "in use" "$(<"$tmp/err")"
	expect_errno EBUSY "$fileio/del_device" disk01
	io_runs || fail "the I/O has stopped"
	stop_fio
}

unbind_under_io() {
	local n

	for n in $(seq 1 "$(rounds 3 50)"); do
		start_fio
		put "$fileio/unbind" disk01
		fio_ends
		[ ! -e "$scst_devices/disk01/driver" ] || fail "round $n: still bound"
		expect_match "TEST UNIT READY" "not ready" \
			"$(sg_raw "$disk" 00 00 00 00 00 00 2>&1)"
		put "$fileio/bind" disk01
		[ -e "$scst_devices/disk01/driver" ] || fail "round $n: not bound"
		sg_turs -n 3 "$disk" >/dev/null 2>&1 || :
		fio_verify "$disk" 1M
	done
}

unbound_devices() {
	put "$fileio/unbind" disk01
	expect_errno EBUSY "$fileio/del_device" disk01
	del_lun tgt0 0
	del_device disk01
	# A LUN of a device that is offline
	add_device vdisk_fileio disk01 "filename=$tmp/disk.img"
	put "$fileio/unbind" disk01
	add_lun tgt0 0 disk01
	put "$fileio/bind" disk01
	disk=$(disk_of tgt0 0)
	put "/sys/block/${disk##*/}/device/rescan" 1
	fio_verify "$disk" 1M
	# Only the handler that created it has it
	expect_errno ENODEV "$nullio/bind" disk01
	del_lun tgt0 0
	del_device disk01
}

# A LUN goes while its disk is busy: the initiator sees it removed
del_lun_under_io() {
	local n

	for n in $(seq 1 "$(rounds 3 50)"); do
		export_disk vdisk_fileio disk01 "filename=$tmp/disk.img"
		start_fio
		del_lun tgt0 0
		fio_ends
		[ ! -e "/sys/block/${disk##*/}" ] || fail "round $n: $disk is still there"
		del_device disk01
	done
}

del_target_under_io() {
	export_disk vdisk_fileio disk01 "filename=$tmp/disk.img"
	start_fio
	del_target tgt0
	fio_ends
	[ ! -e "/sys/block/${disk##*/}" ] || fail "$disk is still there"
	# Its LUNs went with it
	del_device disk01
}

session_close() {
	local session

	export_disk vdisk_nullio null01 "size=$((1 << 30))"
	add_session tgt0 host1
	session=$(session_of tgt0 host1)
	disk=$(disk_of tgt0 0 host1)
	start_fio
	put "$session/close" 1
	[ ! -e "$session" ] || fail "$session is still there"
	fio_ends
	session=$(session_of tgt0 host0)
	io=$(disk_of tgt0 0 host0)
	dd if="$io" of=/dev/null bs=64k count=1 iflag=direct status=none
	# Several closers, and readers of what goes
	add_session tgt0 host1
	session=$(session_of tgt0 host1)
	for _ in 1 2 3; do
		echo 1 2>/dev/null >"$session/close" &
		cat "$session"/* >/dev/null 2>&1 &
	done
	within 20 test ! -e "$session" || fail "$session is still there"
	wait
}

disable_and_enable() {
	put "$scst_targets/tgt0/enabled" 0
	expect "enabled" 0 "$(<"$scst_targets/tgt0/enabled")"
	expect "sessions" "" "$(find "$scst_targets/tgt0/sessions" -mindepth 1 -name 'session*')"
	expect_errno ENODEV "$local_driver/add_session" "tgt0 host0"
	put "$scst_targets/tgt0/enabled" 1
	add_session tgt0 host0
	disk=$(disk_of tgt0 0)
	unexport_disk null01
}

duplicate_names() {
	local mark

	mark=$(log_mark)
	export_disk vdisk_nullio dup01 "size=$((1 << 30))"
	expect_errno EEXIST "$nullio/add_device" "dup01 size=$((1 << 30))"
	# Over all handlers
	expect_errno EEXIST "$fileio/add_device" "dup01 filename=$tmp/disk.img"
	expect_errno EEXIST "$local_driver/add_target" tgt0
	expect_errno EEXIST "$local_driver/add_session" "tgt0 host0"
	expect_errno EEXIST "$scst_targets/tgt0/luns/add" "dup01 0"
	expect "kernel messages" 5 "$(log_bad "$mark" | grep -c ': .*\(scst\|scsi_tgt\|vdisk\)')"
	! log_since "$mark" | grep -E 'Call Trace|cannot create duplicate' ||
		fail "a stack dump"
	unexport_disk dup01
}

# all_attributes: of devices, targets and handlers that can be tried safely
all_attributes() {
	find /sys/devices/scst "$handlers"/* "$local_driver/" -maxdepth 6 \
		\( -name 'host[0-9]*' -o -name power \) -prune -o -type f \
		! -name close ! -name uevent ! -name unbind ! -name bind ! -name clear \
		! -name enabled -print 2>/dev/null
}

read_all() {
	local file

	while read -r file; do
		# Files and their directories go while we look at them
		{ read -r -N 4096 <"$file"; } 2>/dev/null || :
	done < <(all_attributes)
}

write_all() {
	local file

	while read -r file; do
		{ echo "?" >"$file"; } 2>/dev/null || :
	done < <(all_attributes)
}

# until_told CMD: repeat it while the file "go" is there
until_told() {
	while [ -e "$tmp/go" ]; do
		"$@" || :
	done
}

attributes_against_unbind() {
	local n

	export_disk vdisk_fileio disk01 "filename=$tmp/disk.img"
	touch "$tmp/go"
	until_told read_all &
	until_told read_all &
	for n in $(seq 1 "$(rounds 20 500)"); do
		put "$fileio/unbind" disk01
		put "$fileio/bind" disk01
		((n % 10)) || write_all
	done
	rm "$tmp/go"
	wait
	unexport_disk disk01
}

attributes_against_del() {
	touch "$tmp/go"
	until_told read_all &
	until_told read_all &
	for _ in $(seq 1 "$(rounds 10 300)"); do
		export_disk vdisk_fileio disk01 "filename=$tmp/disk.img"
		add_session tgt0 host2
		add_target tgt1 session_name=a
		add_lun tgt1 0 disk01
		del_target tgt1
		del_session tgt0 host2
		unexport_disk disk01
	done
	rm "$tmp/go"
	wait
}

# worker N: everything in random order; all workers share the names, so that
# much of it is refused
worker() {
	local names=(a b c) dev tgt

	set +e
	RANDOM=$1
	for _ in $(seq 1 "$(rounds 20 200)"); do
		dev=dev_${names[RANDOM % 3]}
		tgt=tgt_${names[RANDOM % 2]}
		echo "$dev size=1073741824" >"$nullio/add_device"
		echo "$dev filename=$tmp/disk.img" >"$fileio/add_device"
		echo "$tgt session_name=ini" >"$local_driver/add_target"
		echo "$dev $((RANDOM % 3))" >"$scst_targets/$tgt/luns/add"
		case $((RANDOM % 8)) in
		0) echo "$tgt ini$((RANDOM % 2))" >"$local_driver/add_session" ;;
		1) echo "$dev $((RANDOM % 3))" >"$scst_targets/$tgt/luns/replace" ;;
		2) echo "$dev" >"$nullio/unbind" ;;
		3) echo "$dev" >"$nullio/bind" ;;
		4) echo 1 >"$scst_targets/$tgt/luns/clear" ;;
		5) echo $((RANDOM % 2)) >"$scst_targets/$tgt/enabled" ;;
		6) echo "$tgt ini$((RANDOM % 2))" >"$local_driver/del_session" ;;
		7) cat "$scst_targets/$tgt"/sessions/*/* "$scst_devices/$dev"/* >/dev/null ;;
		esac
		echo $((RANDOM % 3)) >"$scst_targets/$tgt/luns/del"
		[ $((RANDOM % 3)) != 0 ] || echo "$tgt" >"$local_driver/del_target"
		echo "$dev" >"$nullio/del_device"
		echo "$dev" >"$fileio/del_device"
	done 2>/dev/null
}

rescan() {
	local host

	for host in /sys/class/scsi_host/host*; do
		{ echo "- - -" >"$host/scan"; } 2>/dev/null
	done
	sleep 0.1
}

all_in_parallel() {
	local n pids=()

	# Thousands of refusals: they are in the log all the same
	dmesg --console-level warn
	touch "$tmp/go"
	until_told rescan &
	for n in 1 2 3; do
		worker "$n" &
		pids+=("$!")
	done
	wait "${pids[@]}" || :
	rm "$tmp/go"
	wait
	dmesg --console-level debug
	cleanup_devices
	cleanup_targets
}

nothing_is_left() {
	cleanup_devices
	cleanup_targets
	expect "devices" "" "$(find "$scst_devices" -mindepth 1 -maxdepth 1 -type d)"
	expect "targets" "" "$(find "$scst_targets" -mindepth 1 -maxdepth 1 -type d)"
	expect "bus scsi_tgt_dev" "" "$(ls "$dev_bus/devices")"
	expect "bus scsi_tgt_port" "" "$(ls "$port_bus/devices")"
	expect "hosts" "" "$(grep -sl scst /sys/class/scsi_host/*/proc_name)"
	scst_unload
	scst_load
	scst_unload
}

# What unloads in any state in between, again and again
load_and_unload() {
	for _ in $(seq 1 "$(rounds 3 100)"); do
		scst_load
		export_disk vdisk_nullio null01 "size=$((1 << 30))"
		add_device vdisk_fileio disk01 "filename=$tmp/disk.img"
		rmmod_local
		rmmod scst_vdisk
		rmmod scst
	done
	[ ! -e /sys/devices/scst ] || fail "/sys/devices/scst is still there"
}

scst_load
truncate -s 64M "$tmp/disk.img"
main open_attributes_and_rmmod rmmod_while_mapped unbind_under_io unbound_devices \
	del_lun_under_io del_target_under_io session_close disable_and_enable \
	duplicate_names attributes_against_unbind attributes_against_del \
	all_in_parallel nothing_is_left load_and_unload
