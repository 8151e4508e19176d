#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=64M,512M MEM=768 SMP=2 TIMEOUT=400
# EXTENDED COPY: between all kinds of units, what is refused, residual data,
# overlap, clones, and what becomes of a copy whose units go while it runs.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

test_unit=/sys/kernel/debug/scst_test/dev/slow

# A LUN each of tgt0: a file of 32 MiB with random data, one with zeros, one of
# 4 KiB blocks, a block device, a store without data, and a LUN that may only be
# read, of the second file's unit.  Where they are: $sg_<name>.
units() {
	mkdir -p "$tmp/store"
	mount -t tmpfs -o size=400m tmpfs "$tmp/store"
	head -c 32M /dev/urandom >"$tmp/store/from"
	truncate -s 32M "$tmp/store/to" "$tmp/store/big"
	add_device vdisk_fileio from "filename=$tmp/store/from t10_dev_id=from"
	add_device vdisk_fileio to "filename=$tmp/store/to t10_dev_id=to"
	add_device vdisk_fileio big "filename=$tmp/store/big blocksize=4096"
	add_device vdisk_blockio bdev "filename=/dev/vda"
	add_device vdisk_nullio null "size=32M read_zero=1"
	add_target tgt0 session_name=host0
	add_lun tgt0 0 from
	add_lun tgt0 1 to
	add_lun tgt0 2 big
	add_lun tgt0 3 bdev
	add_lun tgt0 4 null
	add_lun tgt0 5 to read_only=1
	udevadm settle
}

# The tests share them
after_failure() {
	:
}

# Unit attentions are for programs that do not expect any
find_units() {
	local sg

	sg_from=$(sg_of tgt0 0)
	sg_to=$(sg_of tgt0 1)
	sg_big=$(sg_of tgt0 2)
	sg_bdev=$(sg_of tgt0 3)
	sg_null=$(sg_of tgt0 4)
	sg_ro=$(sg_of tgt0 5)
	for sg in "$sg_from" "$sg_to" "$sg_big" "$sg_bdev" "$sg_null" "$sg_ro"; do
		sg_turs -n 8 "$sg" >/dev/null 2>&1 || :
	done
}

# copy WANT DEVICE ARGUMENT...: what the copy manager answers
copy() {
	local want=$1 dev=$2 got

	shift 2
	got=$("$xcopy" send "$@" "$dev") || :
	expect "copy $* by $dev" "$want" "$got"
}

# bytes FILE FIRST COUNT [SIZE]: checksum of COUNT blocks of SIZE bytes from FIRST on
bytes() {
	dd if="$1" bs="${4:-512}" skip="$2" count="$3" iflag=fullblock status=none | sha256sum
}

# same FILE FIRST COUNT FILE2 FIRST2: in blocks of 512 bytes
same() {
	expect "$3 blocks from $2 on of $1, from $5 on of $4" "$(bytes "$1" "$2" "$3")" \
		"$(bytes "$4" "$5" "$3")"
}

zeros() {
	same "$1" "$2" "$3" /dev/zero 0
}

clear_to() {
	truncate -s 0 "$tmp/store/to" "$tmp/store/big"
	truncate -s 32M "$tmp/store/to" "$tmp/store/big"
}

announces_it() {
	local out

	find_units
	out=$(sg_inq "$sg_from")
	expect_match "INQUIRY" '3PC=1' "$out"
	out=$(sg_vpd -p tpc "$sg_from") || fail "VPD page 8Fh: $out"
	expect_match "VPD page 8Fh" 'extended copy' "$out"
	out=$(sg_copy_results --params "$sg_from") || fail "operating parameters: $out"
	expect_match "operating parameters" 'Maximum target descriptor count: 16' "$out"
	expect_match "operating parameters" 'Maximum segment descriptor count: 64' "$out"
	expect_match "operating parameters" 'Block device to block device|0x2' "$out"
	# There is nothing that could be received.
	expect "RECEIVE DATA" 5 "$(
		sg_raw -r 64 "$sg_from" 84 01 00 00 00 00 00 00 00 00 00 00 00 40 00 00 \
			>"$tmp/out" 2>&1
		echo $?
	)"
}

copies_between_units() {
	find_units
	clear_to
	copy good "$sg_from" -c "$sg_from" -c "$sg_to" -s 0,1,4097,3,7
	same "$tmp/store/from" 3 4097 "$tmp/store/to" 7
	zeros "$tmp/store/to" 0 7
	zeros "$tmp/store/to" 4104 61432
	# More than 16 MiB, by a unit that has no part in it
	copy good "$sg_null" -c "$sg_from" -c "$sg_to" -s 0,1,65535,0,0
	same "$tmp/store/from" 0 65535 "$tmp/store/to" 0
	zeros "$tmp/store/to" 65535 1
	# To a block device, and back
	clear_to
	copy good "$sg_bdev" -c "$sg_from" -c "$sg_bdev" -s 0,1,20000,100,5
	dd if=/dev/vda iflag=direct bs=512 count=20005 status=none of="$tmp/out"
	same "$tmp/store/from" 100 20000 "$tmp/out" 5
	copy good "$sg_bdev" -c "$sg_bdev" -c "$sg_to" -s 0,1,20000,5,0
	same "$tmp/store/from" 100 20000 "$tmp/store/to" 0
	# From and to nothing
	copy good "$sg_from" -c "$sg_null" -c "$sg_to" -s 0,1,10,0,5
	same "$tmp/store/from" 100 5 "$tmp/store/to" 0
	zeros "$tmp/store/to" 5 10
	same "$tmp/store/from" 115 5 "$tmp/store/to" 15
	copy good "$sg_from" -c "$sg_from" -c "$sg_null" -s 0,1,65535,0,0
	# All of the unit
	copy good "$sg_from" -c "$sg_from" -c "$sg_to" -s 0,1,65535,0,0 -s 0,1,1,65535,65535
	cmp "$tmp/store/from" "$tmp/store/to"
	# Nothing
	copy good "$sg_from" -c "$sg_from" -c "$sg_to" -s 0,1,0,0,0
	copy good "$sg_from" -c "$sg_from"
	copy good "$sg_from"
}

finds_units_by_each_designator() {
	local type n=0

	find_units
	for type in t10 naa eui name; do
		"$xcopy" send -n -c "$type:$sg_from" -c "$type:$sg_to" "$sg_from" \
			>"$tmp/list" 2>/dev/null || continue
		clear_to
		copy good "$sg_from" -c "$type:$sg_from" -c "$type:$sg_to" -s "0,1,$((8 + n)),$n,0"
		same "$tmp/store/from" "$n" "$((8 + n))" "$tmp/store/to" 0
		n=$((n + 1))
	done
	msg "$n types of designators"
	[ "$n" -ge 2 ] || fail "only $n types of designators"
	# The unit that gets the command needs none
	copy good "$sg_from" -c "$sg_to" -s 65535,0,32,1,1
	same "$tmp/store/from" 1 32 "$tmp/store/to" 1
}

# repeat COUNT WORD...: the words, so many times, in $many
repeat() {
	local i

	many=()
	for ((i = 0; i < $1; i++)); do
		many+=("${@:2}")
	done
}

refuses() {
	local many

	find_units
	copy 'a/08/04 segment 0' "$sg_from" -c "$sg_from" -s 0,1,1,0,0
	repeat 65 -s 0,0,0,0,0
	copy '5/26/08 field 8' "$sg_from" -c "$sg_from" "${many[@]}"
	repeat 64 -s 0,0,0,0,0
	copy good "$sg_from" -c "$sg_from" "${many[@]}"
	repeat 17 -c "$sg_to"
	copy '5/26/06 field 2' "$sg_from" "${many[@]}"
	repeat 16 -c "$sg_to"
	copy good "$sg_from" "${many[@]}" -s 15,0,8,0,8
	copy '5/26/00 field 0' "$sg_from" -i 1 -u 3 -c "$sg_from" -s 0,0,1,0,0
	copy '5/26/00 field 1' "$sg_from" -i 1 -u 1 -c "$sg_from" -s 0,0,1,0,0
	# Blocks that are not there
	copy 'a/00/00 segment 0 source 02 5/21/00' "$sg_from" -c "$sg_from" -c "$sg_to" \
		-s 0,1,2,65535,0
	copy 'a/00/00 segment 1 destination 02 5/21/00' "$sg_from" -c "$sg_from" -c "$sg_to" \
		-s 0,1,2,0,0 -s 0,1,2,0,65535
	copy 'a/00/00 segment 0 source 02 5/21/00' "$sg_from" -c "$sg_from" -c "$sg_to" \
		-s 0,1,2,0xffffffffffffffff,0
	# A LUN that may only be read: the designator finds the one that may be written
	# first, so the command is sent to the other
	clear_to
	copy 'a/0d/01 segment 0 destination 02 7/27/00' "$sg_ro" -c "$sg_from" -s 0,65535,8,0,0
	zeros "$tmp/store/to" 0 8
	copy good "$sg_ro" -c "$sg_from" -s 65535,0,8,0,0
	zeros "$tmp/store/from" 0 8
	# A unit that the nexus has no LUN for
	add_device vdisk_nullio other size=1M
	add_target tgt1 session_name=host1
	add_lun tgt1 0 other
	udevadm settle
	copy 'a/0d/02 segment 1' "$sg_from" -c "$sg_to" -c "$(sg_of tgt1 0)" \
		-s 0,65535,1,0,0 -s 0,1,1,0,0
	del_target tgt1
	del_device other
	# A source that is not ready
	sg_start --stop "$sg_bdev"
	copy 'a/0d/01 segment 0 source 02 2/04/02' "$sg_from" -c "$sg_bdev" -c "$sg_to" \
		-s 0,1,8,0,0
	sg_start --start "$sg_bdev"
}

pads_and_concatenates() {
	local from=$tmp/store/from big=$tmp/store/big to=$tmp/store/to

	find_units
	clear_to
	copy good "$sg_from" -c "$sg_from" -c "$sg_big" -s 0,1,8000,16,2
	same "$from" 16 8000 "$big" 16
	copy good "$sg_from" -c "$sg_from" -c "$sg_big" -s 0,1,5,100,3,dc
	same "$from" 100 40 "$big" 24
	copy good "$sg_from" -c "$sg_big" -c "$sg_to" -s 0,1,100,2,8
	same "$big" 16 800 "$to" 8
	# Nine blocks are one and an eighth
	copy 'a/26/0a segment 0' "$sg_from" -c "$sg_from" -c "$sg_big" -s 0,1,9,0,0
	copy 'a/26/0a segment 0' "$sg_from" -c "$sg_from,pad" -c "$sg_big" -s 0,1,9,0,0
	copy 'a/26/0a segment 0' "$sg_from" -c "$sg_from" -c "$sg_big" -s 0,1,9,0,0,cat
	clear_to
	copy good "$sg_from" -c "$sg_from" -c "$sg_big,pad" -s 0,1,9,50,1
	same "$from" 50 9 "$big" 8
	zeros "$big" 17 100
	# Residual data is the beginning of the next segment's, many chunks long
	clear_to
	copy good "$sg_from" -c "$sg_from" -c "$sg_big" \
		-s 0,1,9,50,1,cat -s 0,1,60007,1000,2
	same "$from" 50 9 "$big" 8
	same "$from" 1000 60007 "$big" 17
	# What is left of a source block
	clear_to
	dd if="$from" of="$big" bs=1M conv=notrunc status=none
	copy 'a/26/0a segment 0' "$sg_from" -c "$sg_big" -c "$sg_to" -s 0,1,9,0,0,dc
	copy good "$sg_from" -c "$sg_big,pad" -c "$sg_to" -s 0,1,9,0,0,dc
	same "$from" 0 9 "$to" 0
	zeros "$to" 9 10
	clear_to
	dd if="$from" of="$big" bs=1M conv=notrunc status=none
	copy good "$sg_from" -c "$sg_big" -c "$sg_to" -s 0,1,9,0,0,dc,cat -s 0,1,7,99,9,dc
	same "$from" 0 16 "$to" 0
	zeros "$to" 16 10
}

overlapping_ranges_are_moved() {
	local from=$tmp/store/from dst

	find_units
	head -c 6M "$from" >"$tmp/store/before"
	for dst in 1 100 4095 2001 1999 0; do
		dd if="$tmp/store/before" of="$from" bs=1M conv=notrunc status=none
		copy good "$sg_from" -s "65535,65535,6000,2000,$dst"
		same "$tmp/store/before" 2000 6000 "$from" "$dst"
		same "$tmp/store/before" 10100 1000 "$from" 10100
		[ "$dst" -gt 2000 ] || same "$tmp/store/before" 0 "$dst" "$from" 0
	done
	dd if="$tmp/store/before" of="$from" bs=1M conv=notrunc status=none
	rm "$tmp/store/before"
}

# Chunks are as small as they have to be, and what cannot be done is not tried for ever
copies_with_small_buffers() {
	local limit=/sys/devices/scst/sgv/limit_per_initiator old from=$tmp/store/from

	find_units
	clear_to
	old=$(<"$limit")
	put "$limit" 16384
	copy good "$sg_from" -c "$sg_from" -c "$sg_to" -s 0,1,4097,3,7
	same "$from" 3 4097 "$tmp/store/to" 7
	copy good "$sg_from" -c "$sg_from" -c "$sg_big" -s 0,1,9,50,1,cat -s 0,1,1007,1000,2
	same "$from" 50 9 "$tmp/store/big" 8
	same "$from" 1000 1007 "$tmp/store/big" 17
	put "$limit" 8192
	copy '5/24/00' "$sg_from" -c "$sg_from" -c "$sg_to" -s 0,1,8,0,0
	copy 'a/55/03 segment 1' "$sg_from" -c "$sg_from" -c "$sg_to" -s 0,1,0,0,0 -s 0,1,8,0,0
	put "$limit" "$old"
	copy good "$sg_from" -c "$sg_from" -c "$sg_to" -s 0,1,8,0,0
}

tells_of_copies() {
	local out

	find_units
	clear_to
	copy good "$sg_from" -i 5 -u 0 -c "$sg_from" -c "$sg_to" -s 0,1,8,0,0 -s 0,1,8,0,8
	out=$(sg_copy_results --status --list_id=5 "$sg_from") || fail "status: $out"
	expect_match "status" 'without errors' "$out"
	expect_match "segments" 'segments processed: 2' "$out"
	expect_match "count" 'count: 8192' "$out"
	copy 'a/00/00 segment 1 destination 02 5/21/00' "$sg_from" -i 6 -u 0 \
		-c "$sg_from" -c "$sg_to" -s 0,1,8,0,0 -s 0,1,8,0,65530
	out=$(sg_copy_results --status --list_id=6 "$sg_to") || fail "status: $out"
	expect_match "status" 'with errors' "$out"
	expect_match "segments" 'segments processed: 1' "$out"
	out=$(sg_copy_results --failed --list_id=6 "$sg_from") || fail "failed segment: $out"
	expect_match "sense data" 'Copy Aborted' "$out"
	# Identifiers belong to the nexus
	add_session tgt0 host1
	udevadm settle
	expect_failure sg_copy_results --status --list_id=5 "$(sg_of tgt0 0 host1)" \
		>/dev/null 2>&1
	del_session tgt0 host1
	expect_failure sg_copy_results --status --list_id=99 "$sg_from" >/dev/null 2>&1
}

# What does not come from here: sg3_utils and libiscsi
other_programs() {
	local out suite

	find_units
	clear_to
	quiet sg_xcopy if="$sg_from" of="$sg_to" bs=512 count=30000 skip=10 seek=20 list_id=3 \
		id_usage=hold
	same "$tmp/store/from" 10 30000 "$tmp/store/to" 20
	quiet sg_xcopy if="$sg_from" of="$sg_bdev" bs=512 count=3000 bpt=100 prio=1 cat=0
	dd if=/dev/vda iflag=direct bs=512 count=3000 status=none of="$tmp/out"
	same "$tmp/store/from" 0 3000 "$tmp/out" 0
	for suite in ExtendedCopy ReceiveCopyResults; do
		# They want a nexus whose list identifiers were not used
		add_session tgt0 "$suite"
		out=$(iscsi-test-cu --dataloss --test="SCSI.$suite" "$(disk_of tgt0 1 "$suite")" \
			2>&1) || fail "$suite: $out"
		del_session tgt0 "$suite"
		expect_match "$suite" 'tests +[0-9]+ +[0-9]+ +[0-9]+ +0 +0' "$out"
		# NUL is obsolete since SPC-4; reservations are looked for before each suite
		! grep -F '[SKIPPED]' <<<"$out" | grep -vE 'NUL bit|PERSISTENT RESERVE' ||
			fail "$suite: skipped"
		msg "$suite: $(grep -E '^ +tests' <<<"$out")"
	done
}

# shares FILE FILE2: they have the same blocks on the disk
shared_extents() {
	filefrag -v "$1" | grep -c shared || :
}

# is_shared FILE BLOCK: the file has this block of the file system together with another
is_shared() {
	filefrag -v "$1" | awk -F '[ .:]+' -v block="$2" '
		/shared/ && $3 <= block && block <= $4 { found = 1 }
		END { exit !found }'
}

# clones_each_segment FROM TO FILE: FILE, which is TO's, has nothing that is shared before
clones_each_segment() {
	local block

	dd if=/dev/urandom of="$3" bs=1M count=16 conv=notrunc,fsync status=none
	! is_shared "$3" 2500 || fail "already shared: $(filefrag -v "$3")"
	copy good "$sg_from" -c "$1" -c "$2" -s 0,1,8000,8,8 -s 0,1,8000,16384,16384 \
		-s 0,1,1000,24384,24384
	sync
	for block in 500 2500 3100; do
		is_shared "$3" "$block" || fail "block $block is a copy: $(filefrag -v "$3")"
	done
}

# refuses_to_clone FROM TO: to a unit that is write protected, whichever of both is
# the one that has to be asked first
refuses_to_clone() {
	local answer

	quiet sdparm --quiet --set=SWP=1 "$2"
	answer=$("$xcopy" send -c "$1" -c "$2" -s 0,1,8000,8,8 "$sg_from") || :
	[ "$answer" != good ] || fail "a write protected unit was written to"
	quiet sdparm --quiet --set=SWP=0 "$2"
	copy good "$sg_from" -c "$1" -c "$2" -s 0,1,8000,8,8
}

# start_blocked UNIT DEVICE ARGUMENT...: a copy that waits for the unit, which is blocked;
# its answer will be in $tmp/answer
start_blocked() {
	local unit=$1 dev=$2

	shift 2
	"$xcopy" send -n "$@" "$dev" >"$tmp/list"
	put "$scst_devices/$unit/blocked" 1
	"$xcopy" list "$dev" "$tmp/list" >"$tmp/answer" 2>&1 &
	slow=$!
	sleep 0.5
	expect "the copy waits" "" "$(<"$tmp/answer")"
}

# holds_up_no_other BLOCKED OTHER: units of LUNs 8 and 9, one of which could be cloned to
# the other
holds_up_no_other() {
	start_blocked "$1" "$sg_from" -c "$sg_8" -c "$sg_9" -s 0,1,8000,8,8
	timeout 20 bash -c "echo 1 >$scst_devices/$2/blocked" ||
		fail "$2 is held up by $1"
	put "$scst_devices/$1/blocked" 0
	put "$scst_devices/$2/blocked" 0
	wait "$slow" || :
	expect "copy" good "$(<"$tmp/answer")"
}

clones_where_it_can() {
	local dir=$tmp/xfs from to

	find_units
	quiet mkfs.xfs -q -f -m reflink=1 /dev/vdb
	mkdir -p "$dir"
	mount /dev/vdb "$dir"
	from=$dir/from to=$dir/to
	head -c 16M /dev/urandom >"$from"
	head -c 16M /dev/urandom >"$to"
	cp "$to" "$tmp/store/before"
	sync
	add_device vdisk_fileio xfs0 "filename=$from"
	add_device vdisk_fileio xfs1 "filename=$to"
	add_lun tgt0 8 xfs0
	add_lun tgt0 9 xfs1
	udevadm settle
	# Three blocks before, and five behind, what can be cloned
	copy good "$sg_from" -c "$(sg_of tgt0 8)" -c "$(sg_of tgt0 9)" -s 0,1,20008,5,13
	same "$from" 5 20008 "$to" 13
	same "$tmp/store/before" 0 13 "$to" 0
	same "$tmp/store/before" 20021 12747 "$to" 20021
	sync
	[ "$(shared_extents "$to")" -gt 0 ] || fail "nothing was cloned: $(filefrag -v "$to")"
	# Within a file
	copy good "$sg_from" -c "$(sg_of tgt0 8)" -s 0,0,8000,8,16384
	same "$from" 8 8000 "$from" 16384
	# A write to one of them is not seen in the other
	cp "$to" "$tmp/store/before"
	dd if=/dev/zero of="$(disk_of tgt0 8)" bs=512 count=3000 oflag=direct status=none
	same "$tmp/store/before" 0 32768 "$to" 0
	# What cannot be cloned is read and written
	copy good "$sg_from" -c "$(sg_of tgt0 8)" -c "$(sg_of tgt0 9)" -s 0,1,8000,3,8
	same "$from" 3 8000 "$to" 8
	copy good "$sg_from" -c "$(sg_of tgt0 8)" -c "$sg_to" -s 0,1,8000,8,8
	same "$from" 8 8000 "$tmp/store/to" 8
	clones_each_segment "$(sg_of tgt0 8)" "$(sg_of tgt0 9)" "$to"
	clones_each_segment "$(sg_of tgt0 9)" "$(sg_of tgt0 8)" "$from"
	refuses_to_clone "$(sg_of tgt0 8)" "$(sg_of tgt0 9)"
	refuses_to_clone "$(sg_of tgt0 9)" "$(sg_of tgt0 8)"
	sg_8=$(sg_of tgt0 8)
	sg_9=$(sg_of tgt0 9)
	holds_up_no_other xfs0 xfs1
	holds_up_no_other xfs1 xfs0
	# Nothing of that has kept the units
	del_lun tgt0 8
	del_lun tgt0 9
	del_device xfs0
	del_device xfs1
	umount "$dir"
	rm "$tmp/store/before"
}

reads_are_held() {
	[ -n "$(<"$test_unit/executing")" ]
}

# is_at_lun UNIT LUN
is_at_lun() {
	[ "$(basename "$(realpath "$scst_targets/tgt0/luns/$2/device")")" = "$1" ]
}

# start_slow ARGUMENT...: a copy from the unit whose READs are held; its answer will
# be in $tmp/answer
start_slow() {
	put "$test_unit/hold" 1
	"$xcopy" send -i 7 -u 0 "$@" "$sg_slow" >"$tmp/answer" 2>&1 &
	slow=$!
	within 10 reads_are_held || fail "no READ: $(<"$tmp/answer")"
}

# end_slow WANT
end_slow() {
	put "$test_unit/hold" 0
	put "$test_unit/release" all
	wait "$slow" || :
	expect "slow copy" "$1" "$(<"$tmp/answer")"
	expect "violations" 0 "$(<"$test_unit/violations")"
}

lun_resets() {
	cat "$port_bus/drivers/scst_local/stats/lun_resets"
}

another_reset() {
	[ "$(lun_resets)" -gt "$1" ]
}

units_go_while_it_runs() {
	local pid out resets

	modprobe scst_test
	find_units
	add_device test_handler slow
	add_lun tgt0 10 slow
	udevadm settle
	sg_slow=$(sg_of tgt0 10)
	clear_to

	# Nothing happens to it, and its identifier is in use meanwhile
	start_slow -c "$sg_to" -s 65535,0,128,0,0
	copy '5/00/16' "$sg_from" -i 7 -u 0 -c "$sg_to" -s 0,0,1,0,0
	out=$(sg_copy_results --status --list_id=7 "$sg_from") || fail "status: $out"
	expect_match "status" 'in progress' "$out"
	end_slow good

	# The unit that got the command can be somebody's alone
	start_slow -c "$sg_from" -c "$sg_to" -s 65535,1,128,0,0 -s 0,1,8,0,0
	sg_start --stop "$sg_from"
	sg_start --start "$sg_from"
	end_slow good

	# The destination is unbound
	start_slow -c "$sg_to" -s 65535,0,128,0,0
	put "$dev_bus/drivers/vdisk_fileio/unbind" to
	end_slow 'a/0d/01 segment 0 destination 02 2/04/03'
	put "$dev_bus/drivers/vdisk_fileio/bind" to

	# The source is
	start_slow -c "$sg_to" -s 65535,0,64,0,0 -s 65535,0,64,64,64
	put "$dev_bus/drivers/test_handler/unbind" slow &
	pid=$!
	sleep 0.3
	kill -0 "$pid" || fail "unbind did not wait for the READ"
	end_slow 'a/0d/01 segment 1 source 02 2/04/03'
	wait "$pid"
	put "$dev_bus/drivers/test_handler/bind" slow

	# The destination is unbound and bound again: it may have another content
	start_slow -c "$sg_to" -s 65535,0,128,0,0
	put "$dev_bus/drivers/vdisk_fileio/unbind" to
	put "$dev_bus/drivers/vdisk_fileio/bind" to
	end_slow 'a/0d/01 segment 0 destination 02 6/28/00'
	find_units

	# The medium of a CD-ROM drive is changed, between two segments that read it
	head -c 1M /dev/urandom >"$tmp/store/a.iso"
	head -c 1M /dev/urandom >"$tmp/store/b.iso"
	add_device vcdrom cd "filename=$tmp/store/a.iso"
	add_lun tgt0 11 cd
	udevadm settle
	sg_cd=$(sg_of tgt0 11)
	sg_turs -n 8 "$sg_cd" >/dev/null 2>&1 || :
	start_slow -c "$sg_cd" -c "$sg_from" -s 0,65535,8,0,0 -s 1,65535,8,0,0 \
		-s 0,65535,8,0,32
	put "$scst_devices/cd/filename" "$tmp/store/b.iso"
	end_slow 'a/0d/01 segment 2 source 02 6/28/00'
	start_slow -c "$sg_cd" -s 0,65535,8,0,0
	end_slow good
	del_lun tgt0 11
	del_device cd

	# The LUN of the destination goes
	start_slow -c "$sg_to" -s 65535,0,128,0,0
	put "$scst_targets/tgt0/luns/del" 1 &
	pid=$!
	sleep 0.3
	end_slow 'a/0d/02 segment 0'
	wait "$pid"
	add_lun tgt0 1 to
	udevadm settle
	find_units

	# The LUN goes of a unit that an earlier segment used: it is not waited for
	start_slow -c "$sg_from" -c "$sg_to" -s 0,1,8,0,0 -s 65535,0,64,0,0
	timeout 20 bash -c "echo 1 >$scst_targets/tgt0/luns/del" ||
		fail "luns/del waits for the copy"
	reads_are_held || fail "no READ: $(<"$tmp/answer")"
	end_slow good
	add_lun tgt0 1 to
	udevadm settle
	find_units

	# And of one that a later segment uses again, which finds it at the other LUN
	start_slow -c "$sg_from" -c "$sg_to" -s 0,1,8,0,0 -s 65535,0,64,0,0 -s 0,1,8,0,0
	put "$scst_targets/tgt0/luns/del" 1
	end_slow 'a/0d/01 segment 2 destination 02 7/27/00'
	add_lun tgt0 1 to
	udevadm settle
	find_units

	# The LUN of the source goes, while the destination is blocked: neither is waited for
	start_blocked to "$sg_slow" -i 7 -u 0 -c "$sg_from" -c "$sg_to" -s 0,1,8,0,0
	timeout 20 bash -c "echo 0 >$scst_targets/tgt0/luns/del" ||
		fail "luns/del waits for the other unit"
	wait "$slow" || :
	expect "its answer" 'a/0d/02 segment 0' "$(<"$tmp/answer")"
	put "$scst_devices/to/blocked" 0
	add_lun tgt0 0 from
	udevadm settle
	find_units

	# Another unit is at the LUN of the command: what was copied is not told to be sent
	# again
	start_slow -c "$sg_to" -s 65535,0,64,0,0 -s 65535,0,64,64,64
	put "$scst_targets/tgt0/luns/replace" "null 10" &
	pid=$!
	within 10 is_at_lun null 10 || fail "it is not replaced"
	end_slow 'a/0d/02 segment 0'
	wait "$pid"
	put "$scst_targets/tgt0/luns/replace" "slow 10"
	find_units

	# The copy is cancelled, by COPY OPERATION ABORT
	start_slow -c "$sg_to" -s 65535,0,128,0,0
	quiet sg_raw "$sg_from" 83 1c 00 00 00 07 00 00 00 00 00 00 00 00 00 00
	end_slow 'a/2f/02 segment 0'
	expect "COPY OPERATION ABORT of none" 5 "$(
		sg_raw "$sg_from" 83 1c 00 00 00 07 00 00 00 00 00 00 00 00 00 00 \
			>"$tmp/out" 2>&1
		echo $?
	)"

	# It is aborted, by a reset of the unit that got it: no second segment is read
	put "$test_unit/executed" clear
	start_slow -c "$sg_to" -s 65535,0,64,0,0 -s 65535,0,64,64,64
	resets=$(lun_resets)
	quiet sg_reset --device --no-escalate "$sg_slow" &
	pid=$!
	within 10 another_reset "$resets" || fail "no reset"
	put "$test_unit/hold" 0
	put "$test_unit/release" all
	wait "$pid" || fail "the reset failed"
	wait "$slow" || :
	expect_match "aborted copy" 'host status' "$(<"$tmp/answer")"
	expect "READs" 1 "$(wc -l <"$test_unit/executed")"

	# The destination is reset: its task set has nothing of the copy
	start_slow -c "$sg_to" -s 65535,0,128,0,0
	quiet sg_reset --device --no-escalate "$sg_to" || fail "the reset failed"
	end_slow good

	# The nexus ends
	add_session tgt0 host1
	udevadm settle
	sg_slow=$(sg_of tgt0 10 host1)
	start_slow -c "$(sg_of tgt0 1 host1)" -s 65535,0,128,0,0
	put "$port_bus/drivers/scst_local/del_session" "tgt0 host1" &
	pid=$!
	sleep 0.3
	put "$test_unit/hold" 0
	put "$test_unit/release" all
	wait "$pid" || fail "del_session failed"
	wait "$slow" || :
	del_lun tgt0 10
	del_device slow
	rmmod scst_test
}

# At random, under load: nothing hangs, nothing is lost
units_come_and_go() {
	local n=0 pids=() i

	find_units
	for i in 1 2 3; do
		# They end by themselves: kill would leave a copy behind, still under way
		until [ -e "$tmp/enough" ]; do
			"$xcopy" send -u 3 -c "$sg_from" -c "$sg_to" -c "$sg_null" -c "$sg_bdev" \
				-s 0,1,30000,0,0 -s 1,3,30000,0,0 -s 3,1,30000,0,0 \
				-s 65535,0,0,0,0 "$sg_null" >/dev/null 2>&1 || :
		done &
		pids+=($!)
	done
	for ((n = 0; n < $(rounds 8 300); n++)); do
		put "$dev_bus/drivers/vdisk_fileio/unbind" to
		put "$dev_bus/drivers/vdisk_fileio/bind" to
		sg_reset --device --no-escalate "$sg_null" >/dev/null
		put "$dev_bus/drivers/vdisk_blockio/unbind" bdev
		put "$dev_bus/drivers/vdisk_blockio/bind" bdev
		sg_reset --device --no-escalate "$sg_to" >/dev/null
	done
	touch "$tmp/enough"
	wait "${pids[@]}"
	sg_turs -n 3 "$sg_to" >/dev/null 2>&1 || :
	sg_turs -n 3 "$sg_from" >/dev/null 2>&1 || :
	copy good "$sg_from" -c "$sg_from" -c "$sg_to" -s 0,1,30000,0,0
	same "$tmp/store/from" 0 30000 "$tmp/store/to" 0
}

# What sd says of unit attentions, and of the unit of scst_test, is its own business
kernel_log_is_clean() {
	log_clean "$mark" any 's[dr] [0-9]+:[0-9]+:[0-9]+:[0-9]+: '
}

scst_load
xcopy=$(helper xcopy) || exit 1
mark=$(log_mark)
main units announces_it copies_between_units finds_units_by_each_designator refuses \
	pads_and_concatenates overlapping_ranges_are_moved copies_with_small_buffers \
	tells_of_copies other_programs clones_where_it_can units_go_while_it_runs \
	units_come_and_go kernel_log_is_clean
