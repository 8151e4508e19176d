#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=1 TIMEOUT=300
# READ and WRITE of more than the device transfers at a time: parts of which one fails, is
# short, or is the last one because nobody wants the rest any more.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pr_lib.sh
. "$(dirname "$0")/pr_lib.sh"
# shellcheck source=pass_lib.sh
. "$(dirname "$0")/pass_lib.sh"

# 512 blocks of 512 bytes at a time, which is what BLIST_MAX_512 is for
setup() {
	if [ ! -e "$scst_targets/tgt0/luns/0" ]; then
		debug_flags 0x800000
		debug_device max_luns=1
		debug_flags 0
		serve dev_disk host0 host1
		settled "$(disk_of tgt0 0 host0)"
		settled "$(disk_of tgt0 0 host1)"
	fi
	serve_two 1
}

# rw16 OPCODE LBA BLOCKS: a CDB of 16 bytes, which nobody else sends for so small a disk
rw16() {
	printf '%s00%016x%08x0000' "$1" "$2" "$3"
}

# parts OPCODE: LBA and blocks of those that the device got since $log, in hexadecimal
parts() {
	local be32='(.. .. .. ..)'

	log_since "$log" |
		sed -nE "s/.* scsi_debug: tag=[^,]*, cmd $1 00 $be32 $be32 $be32.*/\2:\3/p" |
		tr -d ' ' | xargs
}

# fill LBA BLOCKS: random data on the device, and in $tmp/data; both are multiples of 128
fill() {
	head -c $(($2 * 512)) /dev/urandom >"$tmp/data"
	dd if="$tmp/data" of="$ddisk" bs=64K seek=$(($1 / 128)) oflag=direct status=none
}

# on_device LBA BLOCKS FILE: the device has these data
on_device() {
	dd if="$ddisk" bs=64K skip=$(($1 / 128)) count=$(($2 / 128)) iflag=direct status=none |
		cmp - "$3"
}

# --- What the device says of a part

parts_in_their_order() {
	local log

	setup
	expect "KiB at a time" 256 "$(<"/sys/block/${ddisk##*/}/queue/max_hw_sectors_kb")"
	head -c 1M /dev/urandom >"$tmp/data"
	opts 1
	log=$(log_mark)
	ends_like 'status=00 host=00 resid=0 ' -f "$tmp/data" "$sg" \
		"$(rw16 8a 0x1000 0x800)" out $((1 << 20))
	expect "parts of the WRITE" "$(echo 0000{1000,1200,1400,1600}:00000200)" "$(parts 8a)"
	on_device 0x1000 0x800 "$tmp/data"
	log=$(log_mark)
	ends_like 'status=00 host=00 resid=0 ' -f "$tmp/back" "$sg" \
		"$(rw16 88 0x1080 0x280)" in $((0x280 * 512))
	expect "parts of the READ" "00001080:00000200 00001280:00000080" "$(parts 88)"
	cmp -n $((0x280 * 512)) -i $((0x80 * 512)):0 "$tmp/data" "$tmp/back"
	opts 0
}

# Blocks 1234h to 123Dh cannot be read.  The LBA in the sense data is that of the medium,
# and the data are those of the parts before.
a_later_part_fails() {
	local cdb log sense='sense=f0000300001234.{10}1100'

	setup
	fill 0x1000 0x400
	head -c 256K "$tmp/data" >"$tmp/want"
	opts 2
	for cdb in 28000000100000040000 a80000001000000004000000 "$(rw16 88 0x1000 0x400)" \
		7f00000000000018000900000000000000001000000010000000000000000400; do
		rm -f "$tmp/back"
		ends_like "status=02 host=00 resid=262144 $sense" -f "$tmp/back" "$sg" "$cdb" \
			in 524288
		cmp "$tmp/want" "$tmp/back"
	done
	# The third of three, and the first one
	ends_like "status=02 host=00 resid=262144 $sense" "$sg" "$(rw16 88 0xe00 0x600)" \
		in 786432
	opts 3
	log=$(log_mark)
	ends_like "status=02 host=00 resid=786432 $sense" "$sg" "$(rw16 88 0x1200 0x600)" \
		in 786432
	expect "parts" 00001200:00000200 "$(parts 88)"
	opts 2
	# What sd makes of it
	expect_failure dd if="$disk" of=/dev/null bs=512K skip=4 count=1 iflag=direct \
		status=none 2>/dev/null
	dd if="$disk" bs=256K skip=8 count=1 iflag=direct status=none | cmp - "$tmp/want"
	opts 0
}

# The second part is half of what it should be: what is behind it is not asked for
short_parts() {
	setup
	fill 0x1000 0x600
	opts 0x100 2
	ends_like 'status=00 host=00 resid=393216 ' -f "$tmp/back" "$sg" \
		"$(rw16 88 0x1000 0x600)" in 786432
	opts 0
	head -c 393216 "$tmp/data" | cmp - "$tmp/back"
}

# All of them, or the third one: the command is done all the same, and says so
parts_that_could_be_corrected() {
	local nth sense='sense=70..01.{18}5d00'

	setup
	fill 0x1000 0x800
	for nth in 1 3; do
		rm -f "$tmp/back"
		opts 8 $nth
		ends_like "status=02 host=00 resid=0 $sense" -f "$tmp/back" "$sg" \
			"$(rw16 88 0x1000 0x800)" in $((1 << 20))
		opts 0
		cmp "$tmp/data" "$tmp/back"
	done
	head -c 1M /dev/urandom >"$tmp/data"
	opts 8 3
	ends_like "status=02 host=00 resid=0 $sense" -f "$tmp/data" "$sg" \
		"$(rw16 8a 0x1000 0x800)" out $((1 << 20))
	opts 0
	on_device 0x1000 0x800 "$tmp/data"
}

# BUSY and TASK SET FULL are for the mid-layer to wait for
parts_are_repeated() {
	local status

	setup
	fill 0x1000 0x600
	for status in 8 28; do
		rm -f "$tmp/back"
		inject 2 -2 88 0 0 $status 0 0 0
		ends_like 'status=00 host=00 resid=0 ' -f "$tmp/back" "$sg" \
			"$(rw16 88 0x1000 0x600)" in 786432
		inject_none 2 88
		cmp "$tmp/data" "$tmp/back"
	done
}

# --- What happens while a part is under way

# issued: how many commands the device has got
issued() {
	echo $(($(<"/sys/bus/scsi/devices/$hctl/iorequest_cnt")))
}

has_issued() {
	[ "$(issued)" -ge "$1" ]
}

# slow_command N [OPTION...] SG CDB [...]: each of its parts takes $part seconds; returns
# when the Nth is under way.  $before are the commands before it.  How it ends will be in
# $tmp/slow.
slow_command() {
	within 10 adapter_delays delay $((part * 250)) || fail "the adapter is busy"
	before=$(issued)
	command_end "${@:2}" >"$tmp/slow" &
	slow=$!
	within 30 has_issued $((before + $1)) || fail "no part $1: $(<"$tmp/slow")"
	kill -0 "$slow" 2>/dev/null || fail "it has ended: $(<"$tmp/slow")"
}

# slow_ends PARTS: in the time of so many
slow_ends() {
	within $(($1 * part + 5)) no_process "$slow" || fail "the command hangs"
	within 30 adapter_delays ndelay 10000 || fail "the adapter is busy"
}

# second_part_ends OPCODE STATUS KEY ASC ASCQ [OPTION...] SG CDB [...]: a slow command
# whose second part ends so.  The device has to be told before it gets that.
second_part_ends() {
	local try in_time

	for try in 1 2 3 4 5; do
		log=$(log_mark)
		slow_command 1 "${@:6}"
		inject 2 1 "$1" 0 0 "${@:2:4}"
		in_time=$(($(issued) == before + 1))
		[ "$in_time" = 1 ] || inject_none 2 "$1"
		slow_ends 3
		inject_none 2 "$1"
		[ "$in_time" = 0 ] || return 0
	done
	fail "never in time in $try attempts"
}

# later WANT STATUS KEY ASC ASCQ: how a READ of three parts ends whose second one ends so
later() {
	local log

	opts 1
	second_part_ends 88 "${@:2}" "$sg" "$(rw16 88 0x1000 0x600)" in 786432
	opts 0
	[[ $(<"$tmp/slow") =~ $1 ]] || fail "expected /$1/, got '$(<"$tmp/slow")'"
	[[ $(parts 88) != *00001400:* ]] || fail "the third part was sent: $(parts 88)"
}

# With another status than CHECK CONDITION there are no data.  scsi_debug says of none of
# the parts that it has not transferred it.
a_later_part_ends_otherwise() {
	setup
	later 'status=18 host=00 resid=786432 ' 18 0 0 0
	later 'status=02 host=00 resid=786432 sense=70..0b.{18}0000' 40 0 0 0
	later 'status=02 host=00 resid=262144 sense=70..06.{18}2a09' 2 6 2a 9
	uas "" "$sg"
	uas 6/2a/09 "$sgb"
}

a_later_part_of_a_write_conflicts() {
	local end log

	setup
	fill 0x1000 0x600
	head -c 768K /dev/urandom >"$tmp/new"
	{
		head -c 256K "$tmp/new"
		tail -c 512K "$tmp/data"
	} >"$tmp/want"
	second_part_ends 8a 18 0 0 0 -f "$tmp/new" "$sg" "$(rw16 8a 0x1000 0x600)" out 786432
	end=$(<"$tmp/slow")
	[[ $end == "status=18 host=00 resid=262144 "* ]] || fail "it ended: $end"
	on_device 0x1000 0x600 "$tmp/want"
}

# slow_read: of eight parts, the second of which is under way
slow_read() {
	opts 1
	log=$(log_mark)
	slow_command 2 "$sg" "$(rw16 88 0x1000 0x1000)" in $((2 << 20))
}

# rest_is_not_sent: what was to end it has happened, so that nothing follows
rest_is_not_sent() {
	local sent n

	sent=$(parts 88)
	n=$(wc -w <<<"$sent")
	[ "$n" -ge 2 ] || fail "parts: $sent"
	[ "$n" -lt 8 ] || fail "all parts were sent"
	sleep $((part + 1))
	expect "parts" "$sent" "$(parts 88)"
	[[ $(<"$tmp/slow") != *"status=00 host=00"* ]] || fail "it ended: $(<"$tmp/slow")"
}

# PREEMPT AND ABORT waits for the part, and for no other
preempted_between_parts() {
	local log

	setup
	pr good "$sg" register 0 0 a
	pr good "$sgb" register 0 0 b
	pr good "$sg" reserve 1 a 0
	slow_read
	pr good "$sgb" preempt_abort 1 b a
	within 2 no_process "$slow" || fail "the response came too early"
	rest_is_not_sent
	slow_ends 1
	opts 0
	pr good "$sgb" clear 0 b 0
	clear_uas "$sg" "$sgb"
	expect READ good "$(reads "$sg")"
}

reset_between_parts() {
	local log

	setup
	slow_read
	timeout 60 sg_reset -N -d "$sgb" || fail "sg_reset: status $?"
	rest_is_not_sent
	slow_ends 1
	opts 0
	clear_uas "$sg" "$sgb"
	expect READ good "$(reads "$sg")"
	expect READ good "$(reads "$sgb")"
}

the_device_goes_between_parts() {
	local log end want='sense=70..05.{18}2500|host=0[17]|status=08'

	setup
	slow_read
	echo 1 >"$(debug_dir)/delete"
	within 60 gone || fail "$hctl is still there"
	rest_is_not_sent
	slow_ends 1
	end=$(<"$tmp/slow")
	[[ $end =~ $want ]] || fail "it ended: $end"
	opts 0
	del_target tgt0
}

# --- All together

large_requests() {
	run_fio "$disk" --rw=randrw --bsrange=4k-1M --bs_unaligned=0 --size=8M --iodepth=8 \
		--allow_file_create=0 --verify=crc32c --do_verify=1
}

# Now and then the transport fails, and the device has to correct something
under_io() {
	setup
	opts 16 23
	large_requests
	opts 8 7
	large_requests
	opts 0
}

take_apart() {
	pass_take_apart
	rm -rf "$store"
}

pass_load scst_disk scst_local
pr_cmd=$(helper pr_cmd) || skip_all "no helper program pr_cmd"
[ -e /proc/scsi/device_info ] || skip_all "the kernel has no CONFIG_SCSI_PROC_FS"
dmesg --console-level warn
mkdir -p "$store"
# Long enough for a program or two
part=$(by_kernel 2 10)
main parts_in_their_order a_later_part_fails short_parts parts_that_could_be_corrected \
	parts_are_repeated a_later_part_ends_otherwise a_later_part_of_a_write_conflicts \
	preempted_between_parts reset_between_parts the_device_goes_between_parts under_io \
	take_apart
