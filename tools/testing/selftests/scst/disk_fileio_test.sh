#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=2G MEM=1024 SMP=2 TIMEOUT=600
# A file as a disk: on tmpfs and on ext4, with each parameter that shows.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

store_disk=/dev/vda
store=$tmp/store

# new_file NAME SIZE: on ext4, in $file
new_file() {
	file=$store/$1
	rm -f "$file"
	truncate -s "$2" "$file"
}

# queue NAME: of $disk
queue() {
	cat "/sys/block/${disk##*/}/queue/$1"
}

blocks_of() {
	stat -c %b "$1"
}

a_file_on_tmpfs() {
	truncate -s 256M "$tmp/disk.img"
	export_disk vdisk_fileio disk01 "filename=$tmp/disk.img"
	expect "size in sectors" $((256 * 2048)) "$(blockdev --getsz "$disk")"
	fs_roundtrip "$disk"
	fio_verify "$disk" 16M
	unexport_disk disk01
	rm "$tmp/disk.img"
}

a_file_on_ext4() {
	new_file disk.img 512M
	export_disk vdisk_fileio disk01 "filename=$file"
	fs_roundtrip "$disk"
	fio_verify "$disk" 32M
}

buffered_write_back_and_fsync() {
	mkfs.ext4 -q -F "$disk"
	mount "$disk" "$tmp/mnt"
	run_fio "$tmp/mnt/file" --ioengine=psync --direct=0 --rw=randwrite --bs=16k \
		--size=48M --fsync=64 --end_fsync=1 --verify=crc32c --verify_state_save=0
	run_fio "$tmp/mnt/mapped" --ioengine=mmap --direct=0 --rw=randwrite --bs=4k \
		--size=8M --verify=crc32c --verify_state_save=0
	umount "$tmp/mnt"
	quiet fsck.ext4 -fn "$disk"
}

# What was written is in the file after SYNCHRONIZE CACHE
the_file_has_the_data() {
	head -c 4M /dev/urandom >"$tmp/data"
	dd if="$tmp/data" of="$disk" bs=1M seek=3 oflag=direct conv=fsync status=none
	cmp -n 4194304 -i 0:3145728 "$tmp/data" "$file"
	head -c 4M /dev/urandom >"$tmp/data"
	dd if="$tmp/data" of="$disk" bs=64k seek=160 conv=fsync status=none
	cmp -n 4194304 -i 0:10485760 "$tmp/data" "$file"
}

# store_reads CMD...: how many reads of the file's disk it takes
store_reads() {
	local before after

	before=$(awk '{ print $1 }' "/sys/block/${store_disk#/dev/}/stat")
	quiet "$@"
	after=$(awk '{ print $1 }' "/sys/block/${store_disk#/dev/}/stat")
	echo $((after - before))
}

# Not the page cache, in which the blocks are
fua_and_verify_read_the_medium() {
	local read=(sg_dd "if=$disk" of=/dev/null bs=512 count=8 "skip=8192")

	quiet "${read[@]}" iflag=sgio
	expect "reads without FUA" 0 "$(store_reads "${read[@]}" iflag=sgio)"
	[ "$(store_reads "${read[@]}" iflag=sgio,fua)" -gt 0 ] || fail "FUA reads the cache"
	[ "$(store_reads sg_verify --lba=8192 --count=8 "$disk")" -gt 0 ] ||
		fail "VERIFY reads the cache"
}

cached_pages() {
	fincore --noheadings --raw --output PAGES "$file"
}

self_test_has_passed() {
	sg_logs -p 0x10 "$sg" 2>/dev/null | grep -q 'completed without error'
}

self_test_has_failed() {
	sg_logs -p 0x10 "$sg" 2>/dev/null | sed -n '2,8p' | grep -q 'failed'
}

# An extended self-test reads the medium, and what others have cached stays as it is
self_test_and_the_page_cache() {
	local before disk file lun sg

	new_file tested.img 32M
	dd if=/dev/urandom of="$file" bs=1M count=32 conv=fsync status=none
	dd if="$file" iflag=nocache count=0 status=none
	export_disk vdisk_fileio disk02 "filename=$file"
	sg=$(sg_of tgt0 "$lun")
	dd if="$disk" of=/dev/null bs=1M skip=8 count=4 iflag=direct status=none
	udevadm settle
	before=$(cached_pages)
	if [ "$before" -lt 1024 ] || [ "$before" -gt 4096 ]; then
		fail "$before pages"
	fi
	quiet sg_senddiag --selftest=2 "$sg"
	within 60 self_test_has_passed || fail "$(sg_logs -p 0x10 "$sg")"
	expect "pages" "$before" "$(cached_pages)"
	# What the file does not have any more is no hole
	truncate -s 16M "$file"
	quiet sg_senddiag --selftest=2 "$sg"
	within 60 self_test_has_failed || fail "$(sg_logs -p 0x10 "$sg")"
	unexport_disk disk02
}

# Requests larger and smaller than a page, and unaligned memory
odd_requests() {
	head -c 3000000 /dev/urandom >"$tmp/data"
	dd if="$tmp/data" of="$disk" bs=512 count=777 seek=3 oflag=direct status=none
	dd if="$disk" of="$tmp/back" bs=1M count=1 iflag=direct status=none
	cmp -n $((777 * 512)) -i 0:1536 "$tmp/data" "$tmp/back"
	sg_dd if="$tmp/data" of="$disk" bs=512 count=2048 bpt=2048 oflag=sgio time=0 \
		2>/dev/null
	sg_dd if="$disk" of="$tmp/back" bs=512 count=2048 bpt=1023 iflag=sgio,fua \
		2>/dev/null
	cmp -n $((2048 * 512)) "$tmp/data" "$tmp/back"
}

# One that never sleeps must not keep its commands from being executed
a_polling_submitter() {
	fio_verify "$disk" 8M --iodepth=4 --iodepth_batch_complete_min=0
	fio_verify "$disk" 4M --iodepth=1 --iodepth_batch=1 --iodepth_batch_complete_min=0
}

# toggle_cpu FILE: offline and online, on and on
toggle_cpu() {
	trap 'put "$1" 1' EXIT
	while :; do
		put "$1" 0
		sleep 0.1
		put "$1" 1
		sleep 0.1
		echo
	done >"$tmp/toggled"
}

# They share a queue, and each is not the one who submitted last
two_submitters_on_a_cpu() {
	fio_verify "$disk" 4M --numjobs=2 --offset_increment=4M --iodepth=1 \
		--iodepth_batch=1 --cpus_allowed=0
}

# What is put off on a CPU that goes offline is done nevertheless
cpus_come_and_go() {
	local cpu=/sys/devices/system/cpu/cpu1/online toggle n

	[ -e $cpu ] || skip "no CPU can go offline"
	toggle_cpu $cpu &
	toggle=$!
	fio_verify "$disk" 32M --numjobs=2 --offset_increment=32M --loops="$(rounds 3 100)"
	kill "$toggle" 2>/dev/null || :
	wait "$toggle" || :
	n=$(wc -l <"$tmp/toggled")
	[ "$n" -ge 2 ] || fail "CPU 1 was offline $n times"
}

write_back_cache_is_announced() {
	expect "cache" "write back" "$(queue write_cache)"
	expect_match "FUA" "DPO and FUA" "$(log_since "$log" | grep "\[${disk##*/}\]")"
	unexport_disk disk01
}

write_through() {
	new_file disk.img 128M
	export_disk vdisk_fileio disk01 "filename=$file write_through=1"
	expect "cache" "write through" "$(queue write_cache)"
	fio_verify "$disk" 8M
	unexport_disk disk01
}

nv_cache() {
	new_file disk.img 128M
	export_disk vdisk_fileio disk01 "filename=$file nv_cache=1"
	expect "cache" "write through" "$(queue write_cache)"
	fs_roundtrip "$disk"
	unexport_disk disk01
}

o_direct() {
	new_file disk.img 256M
	export_disk vdisk_fileio disk01 "filename=$file o_direct=1"
	fs_roundtrip "$disk"
	fio_verify "$disk" 32M
	the_file_has_the_data
	odd_requests
	unexport_disk disk01
}

blocksize_4096() {
	new_file disk.img 256M
	export_disk vdisk_fileio disk01 "filename=$file blocksize=4096"
	expect "logical block" 4096 "$(blockdev --getss "$disk")"
	expect "size" $((256 << 20)) "$(blockdev --getsize64 "$disk")"
	fs_roundtrip "$disk"
	fio_verify "$disk" 16M
	unexport_disk disk01
}

blocksize_1024_and_2048() {
	local size

	for size in 1024 2048; do
		new_file disk.img 64M
		export_disk vdisk_fileio disk01 "filename=$file blocksize=$size"
		expect "logical block" "$size" "$(blockdev --getss "$disk")"
		fio_verify "$disk" 4M
		unexport_disk disk01
	done
}

# A size that is no multiple of the block is a mistake
odd_size() {
	new_file disk.img $((8 * 1048576 + 512))
	expect_errno EINVAL "$dev_bus/drivers/vdisk_fileio/add_device" \
		"disk01 filename=$file blocksize=4096"
	export_disk vdisk_fileio disk01 "filename=$file"
	expect "size" $((8 * 1048576 + 512)) "$(blockdev --getsize64 "$disk")"
	dd if=/dev/urandom of="$disk" bs=512 seek=16384 count=1 oflag=direct status=none
	truncate -s +100 "$file"
	expect_errno EINVAL "$scst_devices/disk01/resync_size" 1
	unexport_disk disk01
	expect "size of the file" $((8 * 1048576 + 612)) "$(stat -c %s "$file")"
}

thin_provisioning() {
	local full

	new_file disk.img 256M
	export_disk vdisk_fileio disk01 "filename=$file thin_provisioned=1"
	[ "$(queue discard_max_bytes)" -gt 0 ] || fail "no discard"
	dd if=/dev/urandom of="$disk" bs=1M count=64 oflag=direct conv=fsync status=none
	full=$(blocks_of "$file")
	[ "$full" -ge $((64 * 2048)) ] || fail "only $full blocks in the file"
	blkdiscard -o $((8 << 20)) -l $((48 << 20)) "$disk"
	expect_match "blocks after blkdiscard" '^(3[0-9]{4})$' "$(blocks_of "$file")"
	dd if="$disk" bs=1M skip=8 count=48 iflag=direct status=none |
		cmp -n $((48 << 20)) - /dev/zero
	blkdiscard "$disk"
	[ "$(blocks_of "$file")" -lt 1000 ] || fail "$(blocks_of "$file") blocks are left"
}

fstrim_gives_blocks_back() {
	local before after

	mkfs.ext4 -q -F "$disk"
	mount "$disk" "$tmp/mnt"
	head -c 64M /dev/urandom >"$tmp/mnt/file"
	sync
	before=$(blocks_of "$file")
	rm "$tmp/mnt/file"
	sync
	fstrim "$tmp/mnt"
	after=$(blocks_of "$file")
	umount "$tmp/mnt"
	((before - after > 60 * 2048)) || fail "$before blocks before, $after after"
	quiet fsck.ext4 -fn "$disk"
	unexport_disk disk01
}

write_zeroes() {
	new_file disk.img 64M
	export_disk vdisk_fileio disk01 "filename=$file thin_provisioned=1"
	[ "$(queue write_zeroes_max_bytes)" -gt 0 ] || fail "no WRITE SAME"
	dd if=/dev/urandom of="$disk" bs=1M count=16 oflag=direct status=none
	blkdiscard -z -o $((2 << 20)) -l $((8 << 20)) "$disk"
	dd if="$disk" bs=1M skip=2 count=8 iflag=direct status=none |
		cmp -n $((8 << 20)) - /dev/zero
	dd if="$disk" bs=1M count=2 iflag=direct status=none |
		expect_failure cmp -s -n $((2 << 20)) - /dev/zero
	unexport_disk disk01
}

no_thin_provisioning() {
	new_file disk.img 16M
	export_disk vdisk_fileio disk01 "filename=$file thin_provisioned=0"
	expect "discard" 0 "$(queue discard_max_bytes)"
	unexport_disk disk01
}

expect_write_protected() {
	expect "read only" 1 "$(blockdev --getro "$disk")"
	expect_failure dd if=/dev/urandom of="$disk" bs=4k count=1 oflag=direct \
		status=none 2>/dev/null
	# Not by sd alone
	expect_match "WRITE(10)" "data protect" "$(sg_raw -s 512 -i /dev/urandom \
		"$(sg_of tgt0 "$lun")" 2a 00 00 00 00 00 00 00 01 00 2>&1)"
	cmp "$file" "$tmp/copy"
}

read_only_device() {
	new_file disk.img 16M
	head -c 16M /dev/urandom >"$file"
	cp "$file" "$tmp/copy"
	export_disk vdisk_fileio disk01 "filename=$file read_only=1"
	expect_write_protected
	cmp -n $((16 << 20)) "$disk" "$file"
	unexport_disk disk01
}

read_only_lun() {
	export_disk vdisk_fileio disk01 "filename=$file" read_only=1
	expect "attribute" 1 "$(<"$scst_targets/tgt0/luns/$lun/read_only")"
	expect_write_protected
	unexport_disk disk01
	rm "$tmp/copy"
}

removable_and_rotational() {
	new_file disk.img 16M
	export_disk vdisk_fileio disk01 "filename=$file removable=1 rotational=0"
	expect "removable" 1 "$(<"/sys/block/${disk##*/}/removable")"
	expect "rotational" 0 "$(queue rotational)"
	unexport_disk disk01
	export_disk vdisk_fileio disk01 "filename=$file removable=0 rotational=1"
	expect "removable" 0 "$(<"/sys/block/${disk##*/}/removable")"
	expect "rotational" 1 "$(queue rotational)"
	unexport_disk disk01
}

identity() {
	local dir

	new_file disk.img 16M
	add_device vdisk_fileio disk01 "filename=$file"
	put "$scst_devices/disk01/prod_id" "MY DISK"
	put "$scst_devices/disk01/vendor" "SELFTEST"
	put "$scst_devices/disk01/revision" "0042"
	put "$scst_devices/disk01/usn" "serial0815"
	add_lun tgt0 5 disk01
	dir=$(scsi_device_of tgt0 5)
	expect_match "model" "^MY DISK *$" "$(<"$dir/model")"
	expect_match "vendor" "^SELFTEST *$" "$(<"$dir/vendor")"
	expect_match "revision" "^0042 *$" "$(<"$dir/rev")"
	expect_match "serial number" "serial0815" "$(tr -d '\0' <"$dir/vpd_pg80")"
	expect_match "key_attributes" "prod_id" "$(<"$scst_devices/disk01/key_attributes")"
	expect_match "key_attributes" "usn" "$(<"$scst_devices/disk01/key_attributes")"
	del_lun tgt0 5
	del_device disk01
}

grow() {
	new_file disk.img 64M
	export_disk vdisk_fileio disk01 "filename=$file"
	mkfs.ext4 -q -F "$disk"
	mount "$disk" "$tmp/mnt"
	truncate -s 128M "$file"
	put "$scst_devices/disk01/resync_size" 1
	expect "size attribute" $((128 << 20)) "$(<"$scst_devices/disk01/size")"
	# The unit attention tells the initiator's administrator
	sg_turs "$disk" >/dev/null 2>&1 || :
	put "/sys/block/${disk##*/}/device/rescan" 1
	expect "size" $((128 << 20)) "$(blockdev --getsize64 "$disk")"
	umount "$tmp/mnt"
	quiet e2fsck -fy "$disk"
	quiet resize2fs "$disk"
	quiet fsck.ext4 -fn "$disk"
	unexport_disk disk01
}

# ENOSPC of the store is no lost write
full_store() {
	fallocate -l "$(($(stat -f -c '%f * %S' "$store") - (32 << 20)))" "$store/filler"
	new_file disk.img 96M
	export_disk vdisk_fileio disk01 "filename=$file"
	expect_failure dd if=/dev/urandom of="$disk" bs=1M count=80 oflag=direct \
		conv=fsync status=none 2>"$tmp/err"
	expect_match "error" "No space left|Remote I/O|Input/output" "$(<"$tmp/err")"
	rm "$store/filler"
	dd if=/dev/urandom of="$disk" bs=1M count=80 oflag=direct conv=fsync status=none
	unexport_disk disk01
}

# A file that was cut short behind our back
short_file() {
	new_file disk.img 16M
	head -c 16M /dev/urandom >"$file"
	export_disk vdisk_fileio disk01 "filename=$file"
	truncate -s 8M "$file"
	echo 3 >/proc/sys/vm/drop_caches
	expect_match "READ(10)" "medium" "$(sg_raw -r 4096 "$disk" \
		28 00 00 00 60 00 00 00 08 00 2>&1)"
	unexport_disk disk01
}

take_apart() {
	umount "$store"
	del_target tgt0
	scst_unload
}

kernel_log() {
	log_clean "$log" any 'LUN assignments on this target have changed' \
		any 'Power-on or device reset occurred' \
		1-4 'Capacity data has changed' \
		any '(critical|I/O|protection|device|medium) .*error, dev sd' \
		any 'sd .*(tag#|Sense Key|Add. Sense|CDB|FAILED Result)' \
		any 'Buffer I/O error on dev sd' \
		any 'scsi_tgt_dev|vdisk_fileio'
}

scst_load
log=$(log_mark)
mkdir "$store" "$tmp/mnt"
mkfs.ext4 -q -F "$store_disk" && mount "$store_disk" "$store" || exit 1
main a_file_on_tmpfs a_file_on_ext4 buffered_write_back_and_fsync the_file_has_the_data \
	fua_and_verify_read_the_medium self_test_and_the_page_cache odd_requests \
	a_polling_submitter two_submitters_on_a_cpu cpus_come_and_go write_back_cache_is_announced \
	write_through nv_cache o_direct blocksize_4096 blocksize_1024_and_2048 odd_size \
	thin_provisioning fstrim_gives_blocks_back write_zeroes no_thin_provisioning \
	read_only_device read_only_lun removable_and_rotational identity grow full_store \
	short_file take_apart kernel_log
