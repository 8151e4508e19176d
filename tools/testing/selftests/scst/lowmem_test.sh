#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=4G MEM=512 SMP=2 TIMEOUT=700
# A file system on a fileio disk of the same host, under memory pressure: to
# write a dirty page of it, the host dirties a page of the file below.  Twice as
# much is written as there is memory, and nearly all of it may be dirty.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

store=$tmp/store
mnt=$tmp/mnt

memory_kib() {
	sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

# write_and_verify JOBS: in all twice the memory
write_and_verify() {
	local jobs=$1 size
	local fio=(fio --name=dirty --directory="$mnt" --ioengine=psync --bs=64k --thread
		--numjobs="$jobs" --group_reporting --verify=crc32c --verify_state_save=0
		--fallocate=none)

	size=$(($(memory_kib) * 2 / jobs / 1024))M
	"${fio[@]}" --rw=write --size="$size" --do_verify=0 >"$tmp/fio.out" 2>&1 ||
		fail "$(<"$tmp/fio.out")"
	sync
	echo 3 >/proc/sys/vm/drop_caches
	"${fio[@]}" --rw=read --size="$size" >"$tmp/fio.out" 2>&1 ||
		fail "$(<"$tmp/fio.out")"
	rm -f "$mnt"/dirty*
}

mount_the_disk() {
	export_disk vdisk_fileio disk01 "filename=$store/disk.img ${1-}"
	mkfs.ext4 -q -F "$disk"
	mount "$disk" "$mnt"
}

unmount_the_disk() {
	umount "$mnt"
	quiet fsck.ext4 -fn "$disk"
	unexport_disk disk01
}

twice_as_much_dirty_data_as_memory() {
	truncate -s "$(($(memory_kib) * 5 / 2))K" "$store/disk.img"
	mount_the_disk
	write_and_verify 2
}

# The same with mmap: pages are dirtied without a limit on the way, and cleaned
# by reclaim
mapped_pages() {
	run_fio "$mnt/mapped" --ioengine=mmap --direct=0 --rw=randwrite --bs=4k \
		--size=400M --io_size="$(rounds 100M 1G)" --verify=crc32c \
		--verify_state_save=0
	rm "$mnt/mapped"
	unmount_the_disk
}

o_direct() {
	local size

	mount_the_disk o_direct=1
	size=$(($(memory_kib) / 1024))M
	run_fio "$mnt/file" --ioengine=psync --direct=0 --rw=write --bs=256k \
		--size="$size" --end_fsync=1 --verify=crc32c --verify_state_save=0
	rm "$mnt/file"
	unmount_the_disk
}

# And in the other file system, whose writeback competes
both_at_once() {
	local pid

	mount_the_disk
	dd if=/dev/zero of="$store/other" bs=1M count=700 status=none &
	pid=$!
	run_fio "$mnt/file" --ioengine=psync --direct=0 --rw=randwrite --bs=16k \
		--size=200M --fsync=500 --verify=crc32c --verify_state_save=0
	wait "$pid"
	rm "$store/other"
	unmount_the_disk
}

take_apart() {
	umount "$store"
	del_target tgt0
	scst_unload
}

kernel_log() {
	log_clean "$log" any 'Power-on or device reset occurred'
}

scst_load
log=$(log_mark)
mkdir "$store" "$mnt"
mkfs.ext4 -q -F /dev/vda && mount /dev/vda "$store" || exit 1
# Let writers run into reclaim, not into the limit of dirty pages
echo 80 >/proc/sys/vm/dirty_ratio
echo 70 >/proc/sys/vm/dirty_background_ratio
# virtio_blk allocates without waiting, and says so when it cannot
echo 16384 >/proc/sys/vm/min_free_kbytes
main twice_as_much_dirty_data_as_memory mapped_pages o_direct both_at_once take_apart \
	kernel_log
