#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 SMP=2 TIMEOUT=400
# debug
# Faults on purpose: what the initiator of this system makes of errors, of delays
# and of commands that are never answered.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

image=$tmp/disk.img
faults=/sys/kernel/debug/scst

# inject DEVICE FAULT [FILE=VALUE...]: all commands that FILE=VALUE leave have it
inject() {
	local dir=$faults/$1/$2 setting

	shift 2
	for setting in probability=100 times=-1 "$@"; do
		echo "${setting#*=}" >"$dir/${setting%%=*}"
	done
}

# on DEVICE, off DEVICE FAULT
on() {
	echo 1 >"$faults/$1/enabled"
}

off() {
	echo 0 >"$faults/$1/enabled"
	echo 0 >"$faults/$1/$2/probability"
	echo 0x100 >"$faults/$1/$2/opcode"
	echo 0 >"$faults/$1/$2/first_lba"
	echo $((0xffffffffffffffff)) >"$faults/$1/$2/last_lba" 2>/dev/null ||
		echo 18446744073709551615 >"$faults/$1/$2/last_lba"
}

after_failure() {
	local fault

	for fault in fail busy task_set_full drop delay; do
		off disk01 $fault
	done
}

# reads BLOCK: one of 512 bytes of the medium
reads() {
	dd if="$disk" of=/dev/null bs=512 skip="$1" count=1 iflag=direct status=none
}

sense_of() {
	sg_raw -r 512 "$sg" "$@" 2>&1 || :
}

one_directory_each() {
	[ -d "$faults/disk01" ] || fail "no directory of disk01"
	add_device vdisk_nullio disk02 "size=$((1 << 20))"
	[ -d "$faults/disk02/delay" ] || fail "no directory of disk02"
	expect "enabled" 0 "$(<"$faults/disk02/enabled")"
	on disk02
	del_device disk02
	[ ! -e "$faults/disk02" ] || fail "the directory of disk02 is still there"
}

a_medium_error() {
	local out

	inject disk01 fail first_lba=1000 last_lba=1003
	# It does nothing before it is enabled
	reads 1000
	on disk01
	reads 999
	reads 1004
	! reads 1000 2>"$tmp/err" || fail "block 1000 can be read"
	# ENODATA is what the block layer makes of it
	expect_match "dd" 'No data available' "$(<"$tmp/err")"
	! reads 1003 2>/dev/null || fail "block 1003 can be read"
	# INFORMATION is the first block that is in error
	out=$(sense_of 28 00 00 00 03 e6 00 00 04 00)
	expect_match "READ" 'Medium Error' "$out"
	expect_match "READ" 'Unrecovered read error' "$out"
	expect_match "READ" 'Info fld=0x3e8 \[1000\]' "$out"
	# Another sense code, one operation code only
	inject disk01 fail opcode=0x2a sense=0x0b4403
	reads 1000
	out=$(sg_raw -s 512 -i /dev/zero "$sg" 2a 00 00 00 03 e8 00 00 01 00 2>&1) && fail "$out"
	expect_match "WRITE" 'Aborted Command' "$out"
	expect_match "WRITE" '44.*3' "$out"
	off disk01 fail
	reads 1000
}

# A file system that cannot read some blocks says so, and is whole afterwards
a_file_system() {
	fs_roundtrip "$disk"
	mount "$disk" "$tmp/mnt"
	echo 3 >/proc/sys/vm/drop_caches
	inject disk01 fail opcode=0x28 first_lba=4096
	on disk01
	! cat "$tmp"/mnt/tree/*/* >/dev/null 2>"$tmp/err" || fail "all could be read"
	expect_match "cat" 'Input/output error' "$(<"$tmp/err")"
	off disk01 fail
	umount "$tmp/mnt"
	quiet fsck.ext4 -fn "$disk"
}

# The mid-layer tries again, for sg too, and nobody sees it
busy_is_tried_again() {
	local fault

	for fault in busy task_set_full; do
		inject disk01 $fault probability=30
		on disk01
		fio_verify "$disk" 4M
		off disk01 $fault
	done
	inject disk01 busy times=3 opcode=0
	on disk01
	quiet sg_turs "$sg"
	expect "times left" 0 "$(<"$faults/disk01/busy/times")"
	off disk01 busy
}

delayed() {
	local before

	inject disk01 delay opcode=0x28 ms=1000
	on disk01
	before=$EPOCHREALTIME
	reads 7
	awk -v a="$before" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a >= 0.99) }' ||
		fail "it was not delayed"
	# What is delayed does not keep the unit from others, or from being alone
	inject disk01 delay ms=10000
	reads 8 &
	within 10 held 1 || fail "it is not delayed"
	quiet sg_start --start "$sg"
	wait
	# Nor from going on at once when it is over
	inject disk01 delay ms=3600000
	reads 9 &
	within 10 held 1 || fail "it is not delayed"
	off disk01 delay
	wait
}

# held N: commands of the session are in flight
held() {
	[ "$(<"$(session_of tgt0)/active_commands")" = "$1" ]
}

# The error handler of the mid-layer ends what nobody answers
dropped() {
	local timeout=/sys/block/${disk##*/}/device/timeout before

	before=$(aborted)
	echo 3 >"$timeout"
	inject disk01 drop times=1 opcode=0x28
	on disk01
	# ABORT TASK, and again
	reads 100
	[ "$(aborted)" -gt "$before" ] || fail "nothing was aborted"
	off disk01 drop

	# By hand
	echo 600 >"$timeout"
	for reset in --device --target; do
		inject disk01 drop times=1 opcode=0x28
		on disk01
		reads 100 &
		within 10 held 1 || fail "it is not held"
		sg_reset $reset "$sg"
		wait
		off disk01 drop
	done
	echo 30 >"$timeout"
	sg_turs -n 3 "$sg" >/dev/null 2>&1 || :
}

aborted() {
	local dir

	dir=$(session_of tgt0)
	cat "$dir/statistics/aborted"
}

# The unit and the LUN go while commands are held
gone_with_its_commands() {
	inject disk01 drop opcode=0x28
	on disk01
	reads 100 2>/dev/null &
	within 10 held 1 || fail "it is not held"
	put "$dev_bus/drivers/vdisk_fileio/unbind" disk01
	put "$dev_bus/drivers/vdisk_fileio/bind" disk01
	held 1 || fail "it is not held any more"
	del_lun tgt0 0
	wait || :
	del_device disk01
}

take_apart() {
	del_target tgt0
	scst_unload
	[ ! -e "$faults" ] || fail "$faults is still there"
}

kernel_log() {
	log_clean "$log" \
		any 'Power-on or device reset occurred' \
		any 'LUN assignments on this target have changed' \
		any 'Medium not present|Medium may have changed|medium may have changed' \
		any '(critical|I/O|protection|device|medium|Medium) .*error, dev sd' \
		any 'sd .*(tag#|Sense Key|Add. Sense|CDB|FAILED Result|Synchroniz)' \
		any 'Buffer I/O error on dev sd' \
		any 'EXT4-fs'
}

mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
scst_load
[ -d "$faults" ] || skip_all "the kernel has no CONFIG_SCST_FAULT_INJECTION"
log=$(log_mark)
mkdir "$tmp/mnt"
truncate -s 64M "$image"
(
	set -e
	export_disk vdisk_fileio disk01 "filename=$image"
) || exit 1
disk=$(disk_of tgt0 0)
sg=$(sg_of tgt0 0)
sg_turs "$sg" >/dev/null 2>&1
main one_directory_each a_medium_error a_file_system busy_is_tried_again delayed dropped \
	gone_with_its_commands take_apart kernel_log
