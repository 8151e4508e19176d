#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=256M MEM=1024 SMP=2 TIMEOUT=400
# The capacity of a store changes while it is in use: its initiators are told, by
# attribute where nobody else can know, and by itself where the block layer does.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

mb=$((1 << 20))
image=$tmp/disk.img
fio_pid=

# capacity_of SG: bytes, as READ CAPACITY(16) has it
capacity_of() {
	sg_readcap --16 --brief "$1" | {
		read -r blocks size
		echo $((blocks * size))
	}
}

# has_capacity SG BYTES
has_capacity() {
	[ "$(capacity_of "$1")" = "$2" ]
}

# clear_ua SG: what is pending, until nothing is
clear_ua() {
	sg_turs -n 4 "$1" >/dev/null 2>&1 || :
	quiet sg_turs "$1"
}

# Two initiators, so that one of them has nothing to do with what happens
two_sessions() {
	export_disk "$@"
	[ -d "$(session_of tgt0 host1 2>/dev/null)" ] || add_session tgt0 host1
	sg=$(sg_of tgt0 "$lun" host0)
	sg2=$(sg_of tgt0 "$lun" host1)
	disk2=$(disk_of tgt0 "$lun" host1)
	clear_ua "$sg2"
}

# ua_capacity SG: CAPACITY DATA HAS CHANGED is pending, once
ua_capacity() {
	local out

	out=$(sg_raw -r 18 "$1" 03 00 00 00 12 00 2>&1) || fail "REQUEST SENSE: $out"
	expect_match "sense data" ' 70 00 06 00 .*' "$out"
	expect_match "ASC and ASCQ" '2a 09' "$out"
	out=$(sg_raw -r 18 "$1" 03 00 00 00 12 00 2>&1)
	expect_match "sense data" ' 70 00 00 00 ' "$out"
}

# io_begins BYTES: verified I/O to the first blocks of $disk, until io_ends
io_begins() {
	fio --name=bg --filename="$disk" --ioengine=libaio --direct=1 --rw=randrw --bs=4k \
		--size="$1" --iodepth=16 --time_based --runtime=7200 --allow_file_create=0 \
		--verify=crc32c --verify_state_save=0 --verify_fatal=1 --thread \
		>"$tmp/fio.bg" 2>&1 &
	fio_pid=$!
	within 30 io_runs || fail "fio does not run: $(<"$tmp/fio.bg")"
}

io_goes_on() {
	kill -0 "$fio_pid" || fail "fio has ended: $(<"$tmp/fio.bg")"
	within 30 io_runs || fail "no I/O runs any more"
}

io_ends() {
	kill -INT "$fio_pid"
	wait "$fio_pid" || [ $? = 128 ] || fail "$(<"$tmp/fio.bg")"
	expect_match "fio" "err= 0" "$(<"$tmp/fio.bg")"
}

# resized NAME BYTES: everybody knows it
resized() {
	wait_uevent 10 ACTION=change "DEVPATH=*/devices/$1" SCST_EVENT=capacity_changed
	expect "attribute size" "$2" "$(<"$scst_devices/$1/size")"
	ua_capacity "$sg2"
	has_capacity "$sg2" "$2" || fail "capacity is $(capacity_of "$sg2"), expected $2"
	# The other one, whose I/O may have met the unit attention
	has_capacity "$sg" "$2" || fail "capacity is $(capacity_of "$sg"), expected $2"
	echo 1 >"/sys/block/${disk##*/}/device/rescan"
	echo 1 >"/sys/block/${disk2##*/}/device/rescan"
	expect "size of $disk" "$2" "$(blockdev --getsize64 "$disk")"
	expect "size of $disk2" "$2" "$(blockdev --getsize64 "$disk2")"
}

# last_block BYTES: it is there, and the one behind it is not.  INFORMATION tells
# the first one that is not.
last_block() {
	local last out

	last=$(printf %016x $(($1 / 512 - 1)) | sed 's/../& /g')
	# shellcheck disable=SC2086  # bytes
	quiet sg_raw -r 512 "$sg2" 88 00 $last 00 00 00 01 00 00
	# shellcheck disable=SC2086
	out=$(sg_raw -r 1024 "$sg2" 88 00 $last 00 00 00 02 00 00 2>&1) && fail "no error"
	expect_match "reading behind the end" 'block address out of range' "$out"
	expect_match "INFORMATION" "Info fld=0x$(printf %x $(($1 / 512)))" "$out"
}

# change_size NAME COMMAND BYTES...: COMMAND gives it each size in turn, under I/O
change_size() {
	local name=$1 command=$2 size

	shift 2
	io_begins 16M
	for size; do
		"$command" "$size"
		resized "$name" "$size"
		last_block "$size"
		io_goes_on
	done
	io_ends
}

grow_file() {
	truncate -s "$1" "$image"
	put "$scst_devices/file/resync_size" 1
}

a_file_by_attribute() {
	truncate -s 64M "$image"
	two_sessions vdisk_fileio file "filename=$image"
	change_size file grow_file $((96 * mb)) $((32 * mb)) $((64 * mb))
	# No change is none
	put "$scst_devices/file/resync_size" 1
	sg_turs "$sg2"
	# No capacity is refused, and the old one stays
	truncate -s 1000 "$image"
	expect_errno EINVAL "$scst_devices/file/resync_size" 1
	truncate -s 64M "$image"
	has_capacity "$sg2" $((64 * mb))
	unexport_disk file
}

resize_loop() {
	truncate -s "$1" "$image"
	losetup -c "$loop"
}

a_block_device_by_itself() {
	truncate -s 64M "$image"
	loop=$(losetup -f --show "$image")
	two_sessions vdisk_blockio block "filename=$loop"
	change_size block resize_loop $((96 * mb)) $((32 * mb)) $((64 * mb))
	unexport_disk block
	losetup -d "$loop"
}

resize_partition() {
	resizepart "$store" 1 $(($1 / 512))
}

a_partition_by_itself() {
	store=/dev/vda
	addpart "$store" 1 2048 65536
	within 10 test -b "${store}1"
	two_sessions vdisk_blockio part "filename=${store}1"
	change_size part resize_partition $((64 * mb)) $((24 * mb)) $((32 * mb))
	unexport_disk part
	delpart "$store" 1
}

# bound_again UAS: they are what is reported, once each, in any order.  The medium may be
# another one in any case.
bound_again() {
	local out i told=

	for ((i = 0; i <= $(wc -w <<<"$1"); i++)); do
		out=$(sg_raw -b -r 18 "$sg2" 03 00 00 00 12 00 2>/dev/null | hex -) ||
			fail "REQUEST SENSE: $out"
		told+="${out:4:2}/${out:24:4} "
	done
	expect "unit attentions" "$(xargs -n 1 <<<"$1 00/0000" | sort)" \
		"$(xargs -n 1 <<<"$told" | sort)"
}

# A file that changed is found out by bind, too
a_file_while_it_is_offline() {
	local driver=$dev_bus/drivers/vdisk_fileio

	truncate -s 64M "$image"
	two_sessions vdisk_fileio file "filename=$image"
	put "$driver/unbind" file
	put "$driver/bind" file
	bound_again "06/2800"
	put "$driver/unbind" file
	truncate -s 96M "$image"
	put "$driver/bind" file
	wait_uevent 10 ACTION=change "DEVPATH=*/devices/file" SCST_EVENT=capacity_changed
	bound_again "06/2800 06/2a09"
	has_capacity "$sg2" $((96 * mb)) || fail "$(capacity_of "$sg2")"
	unexport_disk file
}

# The device is told of by nobody, as it is not open; bind finds out.
while_it_is_offline() {
	local driver=$dev_bus/drivers/vdisk_blockio

	truncate -s 64M "$image"
	loop=$(losetup -f --show "$image")
	two_sessions vdisk_blockio block "filename=$loop"
	put "$driver/unbind" block
	truncate -s 96M "$image"
	losetup -c "$loop"
	put "$driver/bind" block
	wait_uevent 10 ACTION=change "DEVPATH=*/devices/block" SCST_EVENT=capacity_changed
	bound_again "06/2800 06/2a09"
	has_capacity "$sg2" $((96 * mb)) || fail "$(capacity_of "$sg2")"
	unexport_disk block
	losetup -d "$loop"
}

# The size changes while devices come and go
resize_against_unbind() {
	local driver=$dev_bus/drivers/vdisk_blockio pid n

	truncate -s 64M "$image"
	loop=$(losetup -f --show "$image")
	two_sessions vdisk_blockio block "filename=$loop"
	# It ends by itself: kill would leave one of its programs behind, still at work
	until [ -e "$tmp/enough" ]; do
		resize_loop $((96 * mb))
		resize_loop $((64 * mb))
	done &
	pid=$!
	for n in $(seq 1 "$(rounds 10 500)"); do
		put "$driver/unbind" block
		put "$driver/bind" block
	done
	touch "$tmp/enough"
	wait "$pid"
	resize_loop $((80 * mb))
	expect "size of $loop" $((80 * mb)) "$(blockdev --getsize64 "$loop")"
	clear_ua "$sg2"
	within 10 has_capacity "$sg2" $((80 * mb)) || fail "$(capacity_of "$sg2")"
	unexport_disk block
	losetup -d "$loop"
}

take_apart() {
	uevents_stop
	del_target tgt0
	scst_unload
}

kernel_log() {
	log_clean "$log" \
		any 'Power-on or device reset occurred' \
		any 'Capacity data has changed' \
		any 'LUN assignments on this target have changed' \
		any '(critical|I/O|protection|device|medium) .*error, dev sd' \
		any 'sd .*(tag#|Sense Key|Add. Sense|CDB|FAILED Result)' \
		any 'Buffer I/O error on dev sd' \
		any 'detected capacity change' \
		any 'set_capacity_and_notify: .* callbacks suppressed' \
		1 'size of 1000 bytes is no capacity'
}

scst_load
log=$(log_mark)
uevents_start || skip_all "no uevents"
main a_file_by_attribute a_block_device_by_itself a_partition_by_itself \
	a_file_while_it_is_offline while_it_is_offline resize_against_unbind take_apart kernel_log
