#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=512M MEM=1024 TIMEOUT=240
# lifecycle
# scst_local cannot be unloaded while a disk of it is in use; when it can, the
# disks' caches are written back and nothing is left.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Not vda where DEBUG_TEST_DRIVER_REMOVE binds every driver twice
store_disk=$(find /dev -maxdepth 1 -name 'vd?' | head -n 1)
store=$tmp/store
image=$store/disk.img
size=$((32 << 20))

# The backing file, written once so that its blocks do not move any more, on a
# file system that can be read behind the kernel's back
make_store() {
	[ -b "$store_disk" ] || skip "no virtio disk"
	mkfs.ext4 -q -F -O ^has_journal "$store_disk"
	mkdir "$store"
	mount "$store_disk" "$store"
	head -c "$size" /dev/zero >"$image"
	sync
}

# stored FILE: what the disk has of the backing file
stored() {
	debugfs -D -R "dump /${image##*/} $1" "$store_disk" 2>/dev/null
	expect "size of what is stored" "$size" "$(stat -c %s "$1")"
}

export_image() {
	scst_load
	export_disk vdisk_fileio disk01 "filename=$image"
}

load_again() {
	modprobe scst_local add_default_tgt=0
	add_target tgt0 session_name=host0
	add_lun tgt0 0 disk01
	disk=$(disk_of tgt0 0)
}

# refused TEXT
refused() {
	local err

	err=$(rmmod scst_local 2>&1) && fail "scst_local was unloaded $1"
	expect_match "rmmod's message" "in use" "$err"
	[ -e "$disk" ] || fail "$disk is gone"
	# All still answers
	sg_turs "$(sg_of tgt0 0)" || sg_turs "$(sg_of tgt0 0)"
}

refused_while_mounted() {
	make_store
	export_image
	mkfs.ext4 -q -F "$disk"
	mkdir "$tmp/mnt"
	mount "$disk" "$tmp/mnt"
	make_tree "$tmp/tree"
	checksums "$tmp/tree" "$tmp/sums"
	cp -r "$tmp/tree" "$tmp/mnt/tree"
	refused "with a file system on it"
	(cd "$tmp/mnt/tree" && sha256sum --quiet -c "$tmp/sums")
}

unloaded_after_umount() {
	umount "$tmp/mnt"
	rmmod scst_local
	[ ! -e "$scst_targets/tgt0" ] || fail "the target is still there"
	[ ! -e "$port_bus/drivers/scst_local" ] || fail "the driver is still there"
	! ls /dev/sd? 2>/dev/null || fail "disks are still there"

	# The file system is whole in the backing file
	mount -o loop,ro "$image" "$tmp/mnt"
	(cd "$tmp/mnt/tree" && sha256sum --quiet -c "$tmp/sums")
	umount "$tmp/mnt"
}

refused_while_open() {
	load_again
	exec {fd}<"$disk"
	refused "with $disk open"
	exec {fd}<&-
	exec {fd}<>"$(sg_of tgt0 0)"
	refused "with sg open"
	exec {fd}<&-
	rmmod_local
}

# What was written stays in the target's write cache until sd has it flushed
cache_is_flushed() {
	local mark

	load_again
	expect "write cache of $disk" "write back" \
		"$(<"/sys/block/${disk#/dev/}/queue/write_cache")"
	head -c "$size" /dev/urandom >"$tmp/data"
	dd if="$tmp/data" of="$disk" bs=1M 2>&1
	mark=$(log_mark)
	rmmod scst_local
	expect "flushes that sd reported" 1 \
		"$(log_since "$mark" | grep -c 'Synchronizing SCSI cache$')"
	! log_since "$mark" | grep -i 'synchronize cache.*failed' || fail "sd's flush failed"
	stored "$tmp/stored"
	cmp "$tmp/data" "$tmp/stored"
}

# Like pulling a cable: I/O ends, what is open can be closed, nothing is left
session_deleted_under_io() {
	local dir

	load_again
	dir=$(session_of tgt0)
	exec {fd}<"$disk"
	run_fio "$disk" --rw=randrw --bs=4k --size=16M --iodepth=32 --time_based \
		--runtime=120 >"$tmp/fio.log" &
	within 30 io_runs || fail "fio does not run"
	del_session tgt0 host0
	[ ! -e "$dir" ] || fail "the session is still there"
	! wait "$!" || fail "fio did not see that the disk is gone"
	add_session tgt0 host0
	disk_of tgt0 0
	exec {fd}<&-
	rmmod scst_local
}

in_a_loop() {
	local i

	for ((i = 0; i < $(rounds 3 100); i++)); do
		load_again
		run_fio "$disk" --rw=randwrite --bs=4k --size=4M --iodepth=32
		rmmod scst_local
	done
}

nothing_is_left() {
	del_device disk01
	scst_unload
	umount "$store"
}

main refused_while_mounted unloaded_after_umount refused_while_open \
	cache_is_flushed session_deleted_under_io in_a_loop nothing_is_left
