#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=256M MEM=1024 SMP=2 TIMEOUT=240
# Random commands, from several processes at once.  SCST_SEED repeats a run; the
# numbers of the commands that a failure prints do so alone (fuzz_cdb.c).
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

seed=${SCST_SEED:-$(rounds 1 "$(date +%s)")}
count=$(rounds 2000 200000)

# fuzz HANDLER PARAMETERS
fuzz() {
	local pid sg pids=()

	export_disk "$1" fuzz01 "$2"
	sg=$(sg_of tgt0 "$lun")
	"$fuzz_cdb" "$sg" "$seed" $((count / 2)) >"$tmp/out1" &
	pids+=("$!")
	"$fuzz_cdb" "$disk" "$((seed + 1))" $((count / 2)) >"$tmp/out2" &
	pids+=("$!")
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "seed $seed: $(cat "$tmp"/out?)"
	done
	cat "$tmp"/out?
	# Whatever mode or state it was brought to, it still works
	sg_start --start "$sg"
	dd if="$disk" of=/dev/null bs=64k count=16 iflag=direct status=none
	sg_inq "$sg" >/dev/null
	unexport_disk fuzz01
}

fileio() {
	truncate -s 64M "$tmp/disk.img"
	fuzz vdisk_fileio "filename=$tmp/disk.img thin_provisioned=1"
	expect "size of the file" $((64 << 20)) "$(stat -c %s "$tmp/disk.img")"
}

blockio() {
	fuzz vdisk_blockio "filename=/dev/vda thin_provisioned=1"
}

nullio() {
	fuzz vdisk_nullio "size=$((1 << 30))"
}

read_only_data_stays() {
	head -c 16M /dev/urandom >"$tmp/disk.img"
	truncate -s 16M "$tmp/disk.img"
	cp "$tmp/disk.img" "$tmp/copy"
	fuzz vdisk_fileio "filename=$tmp/disk.img read_only=1"
	cmp "$tmp/disk.img" "$tmp/copy"
}

take_apart() {
	del_target tgt0
	scst_unload
}

# No fuzzed command may make our code say a word; DEBUG_KOBJECT_RELEASE says some
kernel_log() {
	! log_since "$log" | grep -E '(scsi_tgt_|scst|vdisk_).*' |
		grep -vE 'sd |scsi host|kobject: ' ||
		fail "messages that an initiator caused"
}

scst_load
fuzz_cdb=$(helper fuzz_cdb) || skip_all "no helper program fuzz_cdb"
log=$(log_mark)
dmesg --console-level warn
main fileio blockio nullio read_only_data_stays take_apart kernel_log
