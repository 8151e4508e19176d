#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=64M MEM=512 SMP=2 TIMEOUT=360
# Atomic commands, and copies, of several sessions raced against overlapping reads and writes
# (race_atomic.c): nothing is torn, nothing is lost.  The limits of WRITE ATOMIC.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

sessions="host0 host1 host2 host3"

# race MODE ROUNDS BLOCKS [PATH...]: ROUNDS of each path, those of the sessions first
race() {
	local name paths=()

	for name in $sessions; do
		paths+=("$(sg_of tgt0 0 "$name")")
	done
	paths+=("${@:4}")
	"$race_atomic" "$1" "$2" "$3" "${paths[@]}"
}

export_to_all() {
	add_device "$1" disk01 "$2"
	add_lun tgt0 0 disk01
}

unexport() {
	del_lun tgt0 0
	del_device disk01
}

# block_limit BYTE: a field of four bytes in VPD page B0h
block_limit() {
	sg_raw -b -r 64 "$sg" 12 01 b0 00 40 00 2>/dev/null |
		od -An -v -tu4 --endian=big -j"$1" -N4 | tr -d ' '
}

# write_atomic BLOCKS: status and sense data of the command, in words
write_atomic() {
	local len

	len=$(printf '%02x %02x' $(($1 >> 8)) $(($1 & 255)))
	# shellcheck disable=SC2086  # two bytes
	head -c $(($1 * 512)) /dev/zero |
		sg_raw -s $(($1 * 512)) "$sg" 9c 00 00 00 00 00 00 00 00 00 00 00 $len 00 00 \
			2>&1 || :
}

# The unit attentions of the first session are gone, and sd is done with its unit
settle() {
	disk_of tgt0 0 host0 >/dev/null
	sg=$(sg_of tgt0 0 host0)
	sg_turs -n 8 "$sg" >/dev/null 2>&1 || :
}

fileio_compare_and_write() {
	truncate -s 64M "$tmp/disk.img"
	export_to_all vdisk_fileio "filename=$tmp/disk.img"
	race caw "$(rounds 60 2500)" 64
	race caw "$(rounds 20 500)" 4
}

fileio_write_atomic() {
	race atomic "$(rounds 60 2500)" 128
}

fileio_orwrite() {
	race or "$(rounds 60 2500)" 16
	unexport
}

fileio_extended_copy() {
	export_to_all vdisk_fileio "filename=$tmp/disk.img"
	race copy "$(rounds 40 2500)" 128
	unexport
}

blockio_compare_and_write() {
	export_to_all vdisk_blockio "filename=/dev/vda"
	race caw "$(rounds 40 2500)" 64
}

blockio_orwrite() {
	race or "$(rounds 40 2500)" 16
	unexport
}

# The first command that needs the blocks for itself is one of the copy manager's
blockio_extended_copy() {
	export_to_all vdisk_blockio "filename=/dev/vda"
	race copy "$(rounds 40 2500)" 128
	unexport
}

# debug_unit: the directory of scsi_debug's scsi_device, which has atomic writes
debug_unit() {
	local dir='/sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*:*'

	modinfo -n scsi_debug >/dev/null 2>&1 || skip "the kernel has no scsi_debug"
	modprobe scsi_debug atomic_wr=1 dev_size_mb=16 delay=0
	within 20 compgen -G "$dir/block/*" >/dev/null || fail "scsi_debug has no disk"
	within 20 compgen -G "$dir/scsi_generic/*" >/dev/null || fail "scsi_debug has no sg device"
	# scsi_debug stays: it does not wait for the release() of its adapters
	compgen -G "$dir"
}

# queue_limit DIR NAME: of the block device
queue_limit() {
	cat "$1"/block/*/queue/"$2"
}

# The unit keeps its own commands apart, but not from what goes to its store directly: for
# one that is a path, too, there is only REQ_ATOMIC.  scsi_debug locks its data block by
# block, so that all but WRITE ATOMIC can be torn.
race_debug_unit() {
	local dir

	dir=$(debug_unit)
	export_to_all "$1" "filename=/dev/$(ls "$dir/block") ${3-}"
	expect "max_atomic_len" "$(queue_limit "$dir" atomic_write_unit_max_bytes)" \
		"$(<"$scst_devices/disk01/max_atomic_len")"
	race atomic "$2" 128 "/dev/$(ls "$dir/scsi_generic")"
	unexport
}

blockio_write_atomic() {
	race_debug_unit vdisk_blockio "$(rounds 60 2500)"
}

fileio_direct_write_atomic() {
	race_debug_unit vdisk_fileio "$(rounds 20 2500)" o_direct=1
}

# Through the page cache there are no atomic writes; past it, as short as the device
# has them
fileio_of_a_device() {
	local dir min

	dir=$(debug_unit)
	min=$(queue_limit "$dir" atomic_write_unit_min_bytes)
	export_to_all vdisk_fileio "filename=/dev/$(ls "$dir/block")"
	settle
	expect "MAXIMUM ATOMIC TRANSFER LENGTH" 0 "$(block_limit 44)"
	unexport

	export_to_all vdisk_fileio \
		"filename=/dev/$(ls "$dir/block") o_direct=1 max_atomic_len=$min"
	settle
	expect "MAXIMUM ATOMIC TRANSFER LENGTH" $((min / 512)) "$(block_limit 44)"
	expect "ATOMIC TRANSFER LENGTH GRANULARITY" $((min / 512)) "$(block_limit 52)"
	expect_match "the longest" 'Status: Good' "$(write_atomic $((min / 512)))"
	expect_match "too long" 'Invalid field in cdb' "$(write_atomic $((min / 256)))"
	unexport
}

# The user makes the longest WRITE ATOMIC shorter than the store has it, or has none
max_atomic_len() {
	local attr=$scst_devices/disk01/max_atomic_len add=$dev_bus/drivers len

	# Without a cache that survives it is so on tmpfs only
	export_to_all vdisk_fileio "filename=$tmp/disk.img nv_cache=1"
	settle
	expect "default" 1048576 "$(<"$attr")"
	expect "default of page B0h" 2048 "$(block_limit 44)"
	unexport

	export_to_all vdisk_fileio "filename=$tmp/disk.img nv_cache=1 max_atomic_len=65536"
	settle
	expect "max_atomic_len" 65536 "$(<"$attr")"
	expect_match "key attributes" '^max_atomic_len$' \
		"$(<"$scst_devices/disk01/key_attributes")"
	expect "MAXIMUM ATOMIC TRANSFER LENGTH" 128 "$(block_limit 44)"
	expect_match "the longest" 'Status: Good' "$(write_atomic 128)"
	expect_match "one block more" 'Invalid field in cdb' "$(write_atomic 129)"
	unexport

	export_to_all vdisk_fileio "filename=$tmp/disk.img max_atomic_len=0"
	settle
	expect "max_atomic_len" 0 "$(<"$attr")"
	expect "MAXIMUM ATOMIC TRANSFER LENGTH" 0 "$(block_limit 44)"
	expect_match "no command" 'Invalid command operation code' "$(write_atomic 1)"
	unexport

	for len in 256 3000 2097152 -1 x; do
		expect_errno EINVAL "$add/vdisk_fileio/add_device" \
			"disk01 filename=$tmp/disk.img max_atomic_len=$len"
	done
	# This store has no atomic writes
	expect_errno EINVAL "$add/vdisk_blockio/add_device" \
		"disk01 filename=/dev/vda max_atomic_len=4096"
	add_device vdisk_blockio disk01 "filename=/dev/vda max_atomic_len=0"
	expect "max_atomic_len" 0 "$(<"$attr")"
	del_device disk01
}

take_apart() {
	del_target tgt0
	scst_unload
}

kernel_log() {
	log_clean "$log" \
		any 'Power-on or device reset occurred' \
		any 'LUN assignments on this target have changed' \
		any 'scsi_debug: trim poll_queues' \
		any 'disk01: max_atomic_len: ' \
		any 'sd .*(tag#|Sense Key|Add. Sense|CDB|FAILED Result)'
}

scst_load
race_atomic=$(helper race_atomic) || skip_all "no helper program race_atomic"
log=$(log_mark)
(
	set -e
	add_target tgt0 session_name=host0
	for name in host1 host2 host3; do
		add_session tgt0 "$name"
	done
) || exit 1
main fileio_compare_and_write fileio_write_atomic fileio_orwrite fileio_extended_copy \
	blockio_compare_and_write blockio_orwrite blockio_extended_copy blockio_write_atomic \
	fileio_direct_write_atomic fileio_of_a_device max_atomic_len take_apart kernel_log
