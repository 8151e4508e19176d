#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 SMP=1 TIMEOUT=300
# A disk of scst_local takes at least 256 commands, and they are really in
# flight: on the initiator's side, in the target, and on the device behind.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

depth=256
# A kernel full of checks takes longer to send as many
slow=$(by_kernel 1 5)

# in_flight DISK: its requests, reads and writes together
in_flight() {
	awk '{ print $1 + $2 }' "/sys/block/${1#/dev/}/inflight"
}

# start_reads DISK: random reads, so that nothing is merged, until the test ends
start_reads() {
	fio --name=job --filename="$1" --ioengine=libaio --direct=1 --thread --rw=randread \
		--bs=4k --norandommap --iodepth="$depth" --time_based --runtime=600 \
		>"$tmp/fio.out" &
}

# most ENOUGH CMD...: the highest of the numbers that CMD prints for a while, or the first
# one that is enough
most() {
	local i n max=0

	for ((i = 0; i < 30 && max < $1; i++)); do
		n=$("${@:2}")
		max=$((n > max ? n : max))
		sleep 0.1
	done
	echo "$max"
}

# A device that takes its time, at least 300 ms for each request
slow_disk() {
	modinfo -n null_blk >/dev/null 2>&1 || skip "the kernel has no null_blk"
	modprobe null_blk nr_devices=1 queue_mode=2 irqmode=2 \
		completion_nsec=$((slow * 300000000)) hw_queue_depth=1024 submit_queues=1 gb=1
	add_device vdisk_blockio slow filename=/dev/nullb0
	add_target tgt0 session_name=host0
	add_lun tgt0 0 slow
	disk_of tgt0 0
}

# at_least WHAT WANT GOT: a request that ends may be counted beside its successor
at_least() {
	msg "$1: $3"
	[ "$3" -ge "$2" ] || fail "$1: $3, want $2"
}

enough_is_announced() {
	at_least queue_depth "$depth" "$(<"$(scsi_device_of tgt0 0)/queue_depth")"
	at_least can_queue "$depth" "$(cat "$(session_of tgt0)"/host/scsi_host/host*/can_queue)"
}

as_many_are_in_flight() {
	local disk

	disk=$(disk_of tgt0 0)
	start_reads "$disk"
	at_least "requests of the disk" "$depth" "$(most "$depth" in_flight "$disk")"
	at_least "commands in the target" "$depth" \
		"$(most "$depth" cat "$(session_of tgt0)/active_commands")"
	at_least "requests of the device behind" "$depth" "$(most "$depth" in_flight nullb0)"
}

# The tags of a hardware queue are shared by the disks that use it, or that have used it
# in the last half minute: there is no second disk before
on_two_disks_too() {
	local first second

	add_lun tgt0 1 slow
	first=$(disk_of tgt0 0)
	second=$(disk_of tgt0 1)
	start_reads "$first"
	start_reads "$second"
	at_least "commands in the target" "$depth" \
		"$(most "$depth" cat "$(session_of tgt0)/active_commands")"
	for disk in "$first" "$second"; do
		at_least "requests of $disk" $((depth / 2)) \
			"$(most $((depth / 2)) in_flight "$disk")"
	done
}

a_smaller_depth_holds() {
	local dir

	dir=$(scsi_device_of tgt0 0)
	put "$dir/queue_depth" 16
	expect "queue_depth" 16 "$(<"$dir/queue_depth")"
	start_reads "$(disk_of tgt0 0)"
	expect "commands in the target" 16 \
		"$(most "$depth" cat "$(session_of tgt0)/active_commands")"
}

# null_blk stays: with DEBUG_KOBJECT_RELEASE its disks outlive the module
take_apart() {
	del_target tgt0
	del_device slow
	scst_unload
}

scst_load
main slow_disk enough_is_announced as_many_are_in_flight on_two_disks_too \
	a_smaller_depth_holds take_apart
