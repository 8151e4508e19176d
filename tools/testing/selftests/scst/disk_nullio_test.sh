#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=512 SMP=2 TIMEOUT=180
# The disk without a medium: it takes every write and reads as zeroes.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

a_disk_of_the_size_asked_for() {
	export_disk vdisk_nullio disk01 "size=$((3 << 30)) read_zero=1"
	expect "size" $((3 << 30)) "$(blockdev --getsize64 "$disk")"
	expect "attribute" $((3 << 30)) "$(<"$scst_devices/disk01/size")"
}

reads_zeroes() {
	dd if="$disk" bs=1M count=16 iflag=direct status=none | cmp -n $((16 << 20)) - /dev/zero
	dd if="$disk" bs=64k skip=1000 count=100 status=none | cmp -n 6553600 - /dev/zero
}

takes_writes() {
	dd if=/dev/urandom of="$disk" bs=1M count=8 oflag=direct conv=fsync status=none
	dd if="$disk" bs=1M count=8 iflag=direct status=none | cmp -n $((8 << 20)) - /dev/zero
}

random_io() {
	run_fio "$disk" --rw=randrw --bsrange=512-256k --size=512M --io_size=64M \
		--iodepth=32 --iodepth_batch=16 --iodepth_batch_complete_min=1 --numjobs=2
}

the_last_block() {
	dd if=/dev/zero of="$disk" bs=512 seek=$(((3 << 21) - 1)) count=1 oflag=direct \
		status=none
	expect_match "READ(16) behind the end" \
		"LBA out of range|logical block address out of range" \
		"$(sg_raw -r 512 "$disk" 88 00 00 00 00 00 00 60 00 00 00 00 00 01 00 00 2>&1)"
	unexport_disk disk01
}

more_than_2_tib() {
	export_disk vdisk_nullio disk01 "size=$((5 << 40)) read_zero=1"
	expect "size" $((5 << 40)) "$(blockdev --getsize64 "$disk")"
	dd if="$disk" bs=1M skip=$(((5 << 20) - 1)) count=1 iflag=direct status=none |
		cmp -n $((1 << 20)) - /dev/zero
	expect_match "READ CAPACITY(10)" "capacity too large" "$(sg_readcap "$disk" 2>&1)"
	unexport_disk disk01
}

blocksize_4096() {
	export_disk vdisk_nullio disk01 "size=$((1 << 30)) blocksize=4096"
	expect "logical block" 4096 "$(blockdev --getss "$disk")"
	expect "size" $((1 << 30)) "$(blockdev --getsize64 "$disk")"
	run_fio "$disk" --rw=randrw --bs=4k --size=64M --io_size=8M --iodepth=32
	unexport_disk disk01
}

read_only() {
	export_disk vdisk_nullio disk01 "size=$((1 << 30)) read_only=1"
	expect "read only" 1 "$(blockdev --getro "$disk")"
	unexport_disk disk01
}

# The LUNs of one target, and one unit at two LUNs
many_luns() {
	local n

	for n in $(seq 1 40); do
		add_device vdisk_nullio "null$n" "size=$((1 << 30))"
		add_lun tgt0 "$n" "null$n"
	done
	add_lun tgt0 300 null1
	add_lun tgt0 16383 null1
	for n in 1 40 300 16383; do
		disk=$(disk_of tgt0 $n)
		dd if="$disk" of=/dev/null bs=64k count=1 iflag=direct status=none
	done
	expect_match "sg_luns" "40|41|42" "$(sg_luns "$(sg_of tgt0 1)" 2>&1 | head -n 2)"
	expect "exports" 3 "$(find "$scst_devices/null1/exported" -name 'export*' -type l | wc -l)"
	put "$scst_targets/tgt0/luns/clear" 1
	for n in $(seq 1 40); do
		del_device "null$n"
	done
	expect "LUNs" "" "$(find "$scst_targets/tgt0/luns" -mindepth 1 -maxdepth 1 -name '[0-9]*')"
}

take_apart() {
	del_target tgt0
	scst_unload
}

kernel_log() {
	log_clean "$log" \
		any 'Power-on or device reset occurred' \
		any 'LUN assignments on this target have changed'
}

scst_load
log=$(log_mark)
main a_disk_of_the_size_asked_for reads_zeroes takes_writes random_io the_last_block \
	more_than_2_tib blocksize_4096 read_only many_luns take_apart kernel_log
