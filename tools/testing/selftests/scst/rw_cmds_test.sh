#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=64M MEM=768 SMP=1 TIMEOUT=300
# Each command of the READ and WRITE family at its limits and beyond, on disks of
# each kind, block size and size (rw_cmds.c).
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# walk HANDLER PARAMETERS [nodata]
walk() {
	export_disk "$1" disk01 "$2"
	sg=$(sg_of tgt0 "$lun")
	"$rw_cmds" "$sg" "${@:3}"
}

# walk_and_go: see walk
walk_and_go() {
	walk "$@"
	unexport_disk disk01
}

fileio() {
	truncate -s 64M "$tmp/disk.img"
	walk "vdisk_fileio" "filename=$tmp/disk.img"
}

# INFORMATION and field pointer have descriptors of their own
descriptor_format() {
	local page

	sg=$(sg_of tgt0 "$lun")
	page=$(sg_raw -b -r 24 "$sg" 1a 08 0a 00 18 00 2>/dev/null |
		od -An -v -tx1 -j4 -w12 | head -n 1 | sed 's/^ *//; s/ /,/g')
	# D_SENSE: byte 2 bit 2
	page=${page:0:6}$(printf %02x $((0x${page:6:2} | 4)))${page:8}
	sg_wr_mode --page=0x0a --contents="$page" "$sg"
	"$rw_cmds" "$sg"
	unexport_disk disk01
}

fileio_4096() {
	walk_and_go vdisk_fileio "filename=$tmp/disk.img blocksize=4096 thin_provisioned=0"
}

fileio_nv_cache() {
	walk_and_go vdisk_fileio "filename=/dev/vda nv_cache=1"
}

fileio_o_direct() {
	walk_and_go vdisk_fileio "filename=/dev/vda o_direct=1"
}

blockio() {
	walk_and_go vdisk_blockio "filename=/dev/vda"
}

blockio_4096() {
	walk_and_go vdisk_blockio "filename=/dev/vda blocksize=4096"
}

# A block device with limits of its own for atomic writes
blockio_atomic() {
	local dir host

	modprobe scsi_debug atomic_wr=1 atomic_wr_max_length=32 atomic_wr_align=2 \
		atomic_wr_gran=2 dev_size_mb=64 lbpu=1
	host=$(echo /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*:*/block/*)
	dir=/sys/block/${host##*/}/queue
	[ "$(<"$dir/atomic_write_unit_max_bytes")" -gt 0 ] || fail "no atomic writes"
	export_disk vdisk_blockio disk01 "filename=/dev/${host##*/}"
	sg=$(sg_of tgt0 "$lun")
	expect "MAXIMUM ATOMIC TRANSFER LENGTH" \
		"$(($(<"$dir/atomic_write_unit_max_bytes") / 512))" "$(block_limit 44)"
	expect "ATOMIC TRANSFER LENGTH GRANULARITY" \
		"$(($(<"$dir/atomic_write_unit_min_bytes") / 512))" "$(block_limit 52)"
	"$rw_cmds" "$sg"
	# scsi_debug stays: it does not wait for the release() of its adapters
	unexport_disk disk01
}

# block_limit BYTE: a field of four bytes in VPD page B0h
block_limit() {
	sg_raw -b -r 64 "$sg" 12 01 b0 00 40 00 2>/dev/null |
		od -An -v -tu4 --endian=big -j"$1" -N4 | tr -d ' '
}

nullio() {
	walk_and_go vdisk_nullio "size=5T" nodata
}

# More than 2^32 blocks of 4 KiB
nullio_4096() {
	walk_and_go vdisk_nullio "size=300T blocksize=4096" nodata
}

sectors_read() {
	awk '{ print $3 }' /sys/block/vda/stat
}

# What was pre-fetched is read without I/O
pre_fetch() {
	# Nor is there I/O of the file system's own
	mkfs.ext4 -q -F -E lazy_itable_init=0 /dev/vda
	mkdir -p "$tmp/mnt"
	mount -o no_prefetch_block_bitmaps /dev/vda "$tmp/mnt"
	fallocate -l 16M "$tmp/mnt/disk.img"
	dd if=/dev/urandom of="$tmp/mnt/disk.img" bs=1M count=16 conv=notrunc,fsync \
		status=none
	export_disk vdisk_fileio disk01 "filename=$tmp/mnt/disk.img"
	sg=$(sg_of tgt0 "$lun")
	echo 3 >/proc/sys/vm/drop_caches
	sg_raw "$sg" 34 00 00 00 00 00 00 40 00 00
	before=$(sectors_read)
	dd if="$disk" of=/dev/null bs=64k count=128 iflag=direct status=none
	expect "sectors that were read" "$before" "$(sectors_read)"
	unexport_disk disk01
	umount "$tmp/mnt"
}

take_apart() {
	del_target tgt0
	scst_unload
}

kernel_log() {
	log_clean "$log" \
		any 'Power-on or device reset occurred' \
		any 'Mode parameters changed' \
		any 'scsi_debug: trim poll_queues' \
		any '(critical|I/O|protection|device|medium) .*error, dev sd' \
		any 'sd .*(tag#|Sense Key|Add. Sense|CDB|FAILED Result)'
}

scst_load
rw_cmds=$(helper rw_cmds) || skip_all "no helper program rw_cmds"
log=$(log_mark)
main fileio descriptor_format fileio_4096 fileio_nv_cache fileio_o_direct blockio \
	blockio_4096 blockio_atomic nullio nullio_4096 pre_fetch take_apart kernel_log
