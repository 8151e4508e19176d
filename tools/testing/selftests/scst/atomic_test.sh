#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=64M MEM=512 SMP=2 TIMEOUT=300
# Atomic commands, and copies, of several sessions raced against overlapping reads and writes
# (race_atomic.c): nothing is torn, nothing is lost.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

sessions="host0 host1 host2 host3"

# race MODE ROUNDS BLOCKS: ROUNDS of each path
race() {
	local name paths=()

	for name in $sessions; do
		paths+=("$(sg_of tgt0 0 "$name")")
	done
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

take_apart() {
	del_target tgt0
	scst_unload
}

kernel_log() {
	log_clean "$log" \
		any 'Power-on or device reset occurred' \
		any 'LUN assignments on this target have changed' \
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
	blockio_compare_and_write blockio_orwrite blockio_extended_copy take_apart kernel_log
