#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=1 TIMEOUT=600
# Commands of SPC-6 that return or keep data: REPORT LUNS, supported operation
# codes, log pages, timestamp, identifying information, diagnostics, buffers,
# and the state of a removable medium.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# All tests have the same disks
after_failure() {
	sg_prevent --allow "$sg" >/dev/null 2>&1
	sg_start --load "$sg" >/dev/null 2>&1
	clear_ua
}

run() {
	out=$("$@" 2>&1) || fail "$*: status $?: $out"
}

# run_status STATUS CMD...
run_status() {
	local want=$1 status=0

	shift
	out=$("$@" 2>&1) || status=$?
	expect "status of $* ($out)" "$want" "$status"
}

has() {
	local regex

	for regex; do
		grep -qiE -- "$regex" <<<"$out" || fail "no /$regex/ in: $out"
	done
}

has_not() {
	! grep -qiE -- "$1" <<<"$out" || fail "/$1/ in: $out"
}

# The lines of the output as one
joined() {
	paste -sd' ' <<<"$out"
}

clear_ua() {
	local dev

	for dev in "$sg" "$sg2"; do
		sg_turs -n 5 "$dev" >/dev/null 2>&1
	done
	return 0
}

# expect_ua SG REGEX: it is reported there, once
expect_ua() {
	run_status 6 sg_raw "$1" 00 00 00 00 00 00
	has "$2"
	run sg_turs "$1"
}

# expect_sense REGEX SG CDB...: the command ends with this sense data
expect_sense() {
	local want=$1 status=0

	shift
	out=$(sg_raw --cmdset=1 -r 4096 "$@" 2>&1) || status=$?
	[ "$status" != 0 ] || fail "$* succeeded"
	has "$want"
}

# refused BYTE BIT CDB...: INVALID FIELD IN CDB with this field pointer
refused() {
	local byte=$1 bit=$2

	shift 2
	expect_sense 'Invalid field in cdb' "$sg" "$@"
	has "Error in Command: byte $byte\b"
	[ "$bit" = - ] || has "byte $byte bit $bit\b"
}

# --- REPORT LUNS

report_luns() {
	local select

	for select in 0 0x11; do
		run sg_luns -q -s $select "$sg"
		expect "SELECT REPORT $select" "0000000000000000 0001000000000000" "$(joined)"
	done
	run sg_luns -q -s 1 "$sg"
	expect "well known logical units" c101000000000000 "$(joined)"
	run sg_luns -q -s 2 "$sg"
	expect "all" "0000000000000000 0001000000000000 c101000000000000" "$(joined)"
	for select in 10 12; do
		out=$(sg_raw -b -r 64 "$sg" a0 00 $select 00 00 00 00 00 00 40 00 00 \
			2>/dev/null | hex -)
		expect "SELECT REPORT $select" 0000000000000000 "$out"
	done
	for select in 03 0f 13 ff; do
		refused 2 - a0 00 $select 00 00 00 00 00 00 40 00 00
	done
	# Cut off: less than SPC-6 advises, and nothing
	run sg_raw -r 15 "$sg" a0 00 00 00 00 00 00 00 00 0f 00 00
	has '00 +00 00 00 10 00 00 00 00'
	run sg_raw "$sg" a0 00 00 00 00 00 00 00 00 00 00 00
}

# The REPORT LUNS well known logical unit has a few commands of its own
well_known_logical_unit() {
	local host wlun

	host=$(realpath "$(session_of tgt0 host0)/host")
	host=/sys/class/scsi_host/${host##*/}
	echo "0 0 $((0xc101))" >"$host/scan"
	wlun=$(compgen -G "$host/device/target*/*:*:*:$((0xc101))/scsi_generic/*") ||
		fail "no W-LUN"
	wlun=/dev/${wlun##*/}
	within 10 test -c "$wlun" || fail "no $wlun"
	run sg_inq "$wlun"
	has 'PQual=0' 'PDT=30' 'REPORT LUNS'
	run sg_vpd "$wlun"
	has 'Device identification'
	run sg_vpd -p di "$wlun"
	has 'Relative target port'
	run sg_turs "$wlun"
	run sg_requests "$wlun"
	run sg_luns -q "$wlun"
	expect "LUNs" "0000000000000000 0001000000000000" "$(joined)"
	expect_sense 'Invalid command operation code' "$wlun" 28 00 00 00 00 00 00 00 01 00
	expect_sense 'Invalid command operation code' "$wlun" a3 0c 00 00 00 00 00 00 02 00 00 00
	echo 1 >"/sys/class/scsi_generic/${wlun##*/}/device/delete"
}

# --- Supported operation codes

supported_opcodes() {
	run sg_opcodes "$sg"
	has 'Unmap' 'Log sense' 'Log select' 'Read buffer' 'Write buffer' 'Send diagnostic' \
		'Receive diagnostic' 'Prevent allow' 'timestamp' 'identifying information'
	run sg_opcodes -o 0x42 "$sg"
	has 'conforming to SCSI standard'
	# disk02 is not thin
	run sg_opcodes "$(sg_of tgt0 1 host0)"
	has_not 'Unmap'
	run sg_opcodes -o 0x42 "$(sg_of tgt0 1 host0)"
	has 'NOT supported'
	expect_sense 'Invalid command operation code' "$(sg_of tgt0 1 host0)" \
		42 00 00 00 00 00 00 00 00 00
	# One command, by each of the reporting options
	run sg_opcodes -o 0xa3,0xf -R "$sg"
	has 'conforming' 'Usage data: a3 0f 00 00 00 00 ff ff ff ff 00'
	refused 2 2 a3 0c 01 a3 00 0f 00 00 02 00 00 00
	refused 2 2 a3 0c 02 28 00 00 00 00 02 00 00 00
	refused 2 2 a3 0c 04 28 00 00 00 00 02 00 00 00
	run sg_raw -r 512 "$sg" a3 0c 03 28 00 00 00 00 02 00 00 00
	has '00 +00 03 00 0a 28'
	# A service action that is not there
	run sg_raw -r 512 "$sg" a3 0c 03 a3 00 1f 00 00 02 00 00 00
	has '00 +00 01'
}

usage_maps() {
	run "$lib_dir/cdb_bits.py" "$sg"
	msg "$out"
}

# --- LOG SENSE and LOG SELECT

# log_value PAGE PARAMETER OFFSET LENGTH: a number in a parameter's bytes
log_value() {
	local hex at=8 code len

	hex=$(sg_raw -b -r 4096 "$sg" 4d 00 "$(printf %02x $((0x40 | 0x$1)))" 00 00 00 00 10 00 00 \
		2>/dev/null | hex -)
	while [ $at -lt ${#hex} ]; do
		code=${hex:at:4}
		len=$((0x${hex:at+6:2}))
		if [ "$code" = "$2" ]; then
			echo $((0x${hex:at+8+2*$3:2*$4}))
			return
		fi
		at=$((at + 8 + 2 * len))
	done
	fail "page $1 has no parameter $2: $hex"
}

log_pages() {
	run sg_logs -l "$sg"
	has '0x02' '0x03' '0x05' '0x0c' '0x0e' '0x10' '0x19' '0x2f'
	run sg_logs -ll "$sg"
	has '0x19'
	run sg_logs -a "$sg"
	has 'Write error counter' 'Read error counter' 'Verify error counter' \
		'Logical block provisioning' 'Start-stop cycle' 'Self-test results' \
		'General Statistics' 'Informational Exceptions'
	has_not 'malformed|too short|truncated'
	# disk02 has no store that could be full
	run sg_logs -l "$(sg_of tgt0 1 host0)"
	has_not '0x0c'
	# Subpages of one page; no page, no subpage, threshold values, SP, PPC
	run sg_raw -r 64 "$sg" 4d 00 42 ff 00 00 00 00 40 00
	has '00 +42 ff 00 04 02 00 02 ff'
	refused 2 5 4d 00 4d 00 00 00 00 00 40 00
	refused 3 - 4d 00 42 01 00 00 00 00 40 00
	refused 2 7 4d 00 02 00 00 00 00 00 40 00
	refused 2 7 4d 00 82 00 00 00 00 00 40 00
	refused 1 0 4d 01 42 00 00 00 00 00 40 00
	refused 1 1 4d 02 42 00 00 00 00 00 40 00
	# From a parameter on, and from behind the last one
	run sg_raw -r 64 "$sg" 4d 00 42 00 00 00 06 00 40 00
	has '00 +82 00 00 0c 00 06'
	refused 5 - 4d 00 42 00 00 00 07 00 40 00
	refused 5 - 4d 00 00 00 00 00 01 00 40 00
}

log_counters() {
	local before

	before=$(log_value 02 0005 0 8)
	run dd if=/dev/urandom of="$disk" bs=64k count=16 oflag=direct
	expect "bytes written" $((before + 1048576)) "$(log_value 02 0005 0 8)"
	before=$(log_value 19 0001 24 8)
	run sg_dd if="$sg" of=/dev/null bs=512 count=2048 blk_sgio=1
	[ "$(log_value 19 0001 24 8)" -ge $((before + 2048)) ] || fail "blocks read"
	before=$(log_value 05 0005 0 8)
	run sg_verify --lba=0 --count=100 "$sg"
	expect "bytes verified" $((before + 51200)) "$(log_value 05 0005 0 8)"
	before=$(log_value 0e 0004 0 4)
	run sg_start --stop "$sg"
	run sg_start --start "$sg"
	expect "start-stop cycles" $((before + 2)) "$(log_value 0e 0004 0 4)"
}

log_reset() {
	local p5='\0\x05\0\x08\0\0\0\0\0\0\x12\x34' p6='\0\x06\0\x08\0\0\0\0\0\0\0\0' len

	clear_ua
	[ "$(log_value 02 0005 0 8)" -gt 0 ] || fail "nothing written"
	# PCR
	run sg_raw "$sg" 4c 02 c2 00 00 00 00 00 00 00
	expect_ua "$sg2" 'Log parameters changed'
	run sg_turs "$sg"
	expect "bytes written" 0 "$(log_value 02 0005 0 8)"
	[ "$(log_value 05 0005 0 8)" -gt 0 ] || fail "page 05h was reset too"
	run sg_raw "$sg" 4c 02 c0 00 00 00 00 00 00 00
	expect "bytes verified" 0 "$(log_value 05 0005 0 8)"
	# A list with a value; a page, a parameter, a length that there are not
	printf '\x02\0\0\x0c\0\x05\0\x08\0\0\0\0\0\0\x12\x34' >"$tmp/list"
	run sg_raw -s 16 -i "$tmp/list" "$sg" 4c 00 40 00 00 00 00 00 10 00
	expect "bytes written" $((0x1234)) "$(log_value 02 0005 0 8)"
	for list in '\x0d\0\0\x0c\0\x05\0\x08\0\0\0\0\0\0\x12\x34' \
		'\x02\0\0\x0c\0\x07\0\x08\0\0\0\0\0\0\x12\x34' \
		'\x02\0\0\x0c\0\x05\0\x04\0\0\0\0\0\0\x12\x34'; do
		printf %b "$list" >"$tmp/list"
		run_status 5 sg_raw -s 16 -i "$tmp/list" "$sg" 4c 00 40 00 00 00 00 00 10 00
		has 'Invalid field in parameter list'
	done
	printf '\x02\0\0\x0d\0\x05\0\x08\0\0\0\0\0\0\x12\x34' >"$tmp/list"
	run_status 5 sg_raw -s 16 -i "$tmp/list" "$sg" 4c 00 40 00 00 00 00 00 10 00
	has 'Parameter list length error'
	run_status 5 sg_raw -s 16 -i "$tmp/list" "$sg" 4c 02 40 00 00 00 00 00 10 00
	run_status 5 sg_raw -s 16 -i "$tmp/list" "$sg" 4c 00 42 00 00 00 00 00 10 00
	refused 1 0 4c 01 40 00 00 00 00 00 00 00
	# Pages and parameters in descending order, or twice
	for list in "\x05\0\0\x0c$p5\x02\0\0\x0c$p5" "\x02\0\0\x0c$p5\x02\0\0\x0c$p5" \
		"\x02\0\0\x18$p6$p5" "\x02\0\0\x18$p5$p5"; do
		printf %b "$list" >"$tmp/list"
		len=$(stat -c %s "$tmp/list")
		run_status 5 sg_raw -s "$len" -i "$tmp/list" "$sg" 4c 00 40 00 00 00 00 00 \
			"$(printf %02x "$len")" 00
		has 'Invalid field in parameter list'
	done
	printf %b "\x02\0\0\x18$p5$p6\x05\0\0\x0c$p5" >"$tmp/list"
	run sg_raw -s 44 -i "$tmp/list" "$sg" 4c 00 40 00 00 00 00 00 2c 00
	# No list: a page, a subpage and values that there are not
	run sg_raw "$sg" 4c 00 42 00 00 00 00 00 00 00
	refused 2 5 4c 00 4d 00 00 00 00 00 00 00
	refused 2 5 4c 02 cd 00 00 00 00 00 00 00
	refused 3 - 4c 00 42 01 00 00 00 00 00 00
	refused 2 7 4c 00 02 00 00 00 00 00 00 00
	refused 2 7 4c 00 82 00 00 00 00 00 00 00
	expect "bytes written" $((0x1234)) "$(log_value 02 0005 0 8)"
	clear_ua
}

# What the store says of its errors
log_errors() {
	local before

	before=$(log_value 03 0006 0 8)
	truncate -s 32M "$tmp/disk.img"
	run_status 3 sg_raw -r 512 "$sg" 28 00 00 01 ff ff 00 00 01 00
	[ "$(log_value 03 0006 0 8)" -gt "$before" ] || fail "no error counted"
	# The self-test reads the last block too
	run_status 3 sg_senddiag --test "$sg"
	truncate -s 64M "$tmp/disk.img"
	run sg_senddiag --test "$sg"
}

# mode_bytes PAGE SUBPAGE AT LENGTH: some of a mode page, PAGE with PC, in hexadecimal
mode_bytes() {
	sg_raw -b -r 64 "$thin" 5a 08 "$1" "$2" 00 00 00 00 40 00 2>/dev/null |
		od -An -v -tx1 -j $((8 + $3)) -N "$4" | tr -d ' \n'
}

# threshold_is BYTE DESCRIPTOR: byte 7 of mode page 01h, and that of page 1Ch/02h
threshold_is() {
	sg_turs -n 5 "$thin" >/dev/null 2>&1 || :
	expect "LBPERE" "$1" "$(mode_bytes 01 00 7 1)"
	expect "threshold" "$2" "$(mode_bytes 1c 02 16 8)"
	expect "what can be changed" 0000000000000000 "$(mode_bytes 5c 02 16 8)"
}

# Initiators are told once when space gets short
thin_threshold() {
	local told

	mkdir -p "$tmp/small"
	mount -t tmpfs -o size=48M tmpfs "$tmp/small"
	truncate -s 40M "$tmp/small/img"
	add_device vdisk_fileio thin01 "filename=$tmp/small/img thin_threshold=50"
	add_lun tgt0 2 thin01
	thin=$(disk_of tgt0 2 host0)
	thin2=$(sg_of tgt0 2 host1)
	run sg_vpd -p lbpv "$thin"
	has 'Threshold exponent: 11' 'Threshold percentage: 50'
	threshold_is 80 8801000000000032
	# Its status is about saved values, which there are none of.
	out=$(sdparm --page=lbp "$thin" 2>&1) || :
	has 'SITUA +0' 'LBP_EN +1' 'LBP_TYPE +1' 'LBP_ARM +0' 'LBP_RES +1' 'LBP_COUNT +50'
	run sg_logs -p lbp "$thin"
	has 'Available LBA mapping' 'Used LBA mapping'
	sg_turs -n 5 "$thin2" >/dev/null 2>&1 || :
	run dd if=/dev/urandom of="$thin" bs=1M count=8 oflag=direct
	run sg_turs "$thin2"
	sleep 1.2
	run dd if=/dev/urandom of="$thin" bs=1M count=20 seek=8 oflag=direct
	# Whenever it was crossed: nobody writes any more
	sleep 2
	expect_ua "$thin2" 'soft threshold'
	run dd if=/dev/urandom of="$thin" bs=1M count=1 seek=31 oflag=direct
	run sg_turs "$thin2"
	# Another threshold: once more, though nothing is written
	put "$scst_devices/thin01/thin_threshold" 60
	sleep 1
	told=
	for _ in 1 2 3; do
		run_status 6 sg_raw "$thin2" 00 00 00 00 00 00
		told+=$out
	done
	run sg_turs "$thin2"
	out=$told
	has 'mode parameters changed' 'inquiry data has changed' 'soft threshold'
	threshold_is 80 880100000000003c
	expect_errno EINVAL "$scst_devices/thin01/thin_threshold" 100
	expect_errno EINVAL "$scst_devices/thin01/thin_threshold" -1
	put "$scst_devices/thin01/thin_threshold" 0
	sg_turs -n 5 "$thin2" >/dev/null 2>&1 || :
	threshold_is 00 0801000000000000
	del_lun tgt0 2
	del_device thin01
	umount "$tmp/small"
	clear_ua
}

# --- Timestamp and identifying information

timestamp() {
	clear_ua
	run sg_timestamp -o "$sg"
	has 'other method|origin.*3|outside'
	run sg_timestamp --milliseconds=5000000000 "$sg"
	expect_ua "$sg2" 'Timestamp changed'
	run sg_turs "$sg"
	run sg_timestamp "$sg2"
	[ "$out" -ge 5000000000 ] || fail "timestamp $out"
	[ "$out" -lt 6000000000 ] || fail "timestamp $out"
	run sg_timestamp -o "$sg"
	has 'SET TIMESTAMP|origin.*2'
	# It is the initiator's, whatever becomes of this host's
	date -s '1 hour' >/dev/null
	out=$(sg_timestamp "$sg2" 2>&1) || :
	date -s '1 hour ago' >/dev/null
	[[ $out =~ ^[0-9]+$ ]] || fail "timestamp: $out"
	[ "$out" -ge 5000000000 ] || fail "timestamp $out"
	[ "$out" -lt 5003000000 ] || fail "timestamp $out"
	# 11 bytes are too few, none are no error
	run_status 5 sg_raw -s 11 -i /dev/zero "$sg" a4 0f 00 00 00 00 00 00 00 0b 00 00
	has 'Parameter list length error'
	run sg_raw "$sg" a4 0f 00 00 00 00 00 00 00 00 00 00
	run sg_turs "$sg2"
}

identifying_information() {
	clear_ua
	run sg_ident "$sg"
	printf 'rack 7, shelf 3' | sg_ident --set "$sg" >/dev/null
	expect_ua "$sg2" 'Device identifier changed'
	run sg_turs "$sg"
	expect "information" "rack 7, shelf 3" "$(sg_ident --raw "$sg2")"
	printf 'text\0' | sg_ident --set --itype=2 "$sg" >/dev/null
	sg_turs "$sg2" >/dev/null 2>&1 || :
	expect "text" "text" "$(sg_ident --raw --itype=2 "$sg" | tr -d '\0')"
	expect "information" "rack 7, shelf 3" "$(sg_ident --raw "$sg")"
	# What there is: two types
	run sg_raw -r 64 "$sg" a3 05 00 00 00 00 00 00 00 40 fe 00
	has '00 +00 00 00 08 00 00 02 00 +04 00 01 00'
	# No such type, text without its end, too much
	refused 10 7 a3 05 00 00 00 00 00 00 00 40 08 00
	run_status 5 sg_raw -s 4 -i "$tmp/disk.img" "$sg" a4 06 00 00 00 00 00 00 00 04 0a 00
	printf 'text' >"$tmp/list"
	run_status 5 sg_raw -s 4 -i "$tmp/list" "$sg" a4 06 00 00 00 00 00 00 00 04 04 00
	has 'Invalid field in parameter list'
	run_status 5 sg_raw -s 513 -i /dev/zero "$sg" a4 06 00 00 00 00 00 00 02 01 00 00
	expect "text" "text" "$(sg_ident --raw --itype=2 "$sg" | tr -d '\0')"
	# It stays while the device is there, whoever serves it
	echo disk01 >"$dev_bus/drivers/vdisk_fileio/unbind"
	echo disk01 >"$dev_bus/drivers/vdisk_fileio/bind"
	clear_ua
	expect "information" "rack 7, shelf 3" "$(sg_ident --raw "$sg")"
	run sg_ident --clear "$sg"
	expect "information" "" "$(sg_ident --raw "$sg" 2>/dev/null)"
	clear_ua
}

# --- Diagnostics and buffers

self_tests() {
	# An earlier test has changed the LUN map
	clear_ua
	sg_turs -n 5 "$fixed_sg" >/dev/null 2>&1 || :
	run sg_senddiag --test "$sg"
	run sg_senddiag --selftest=5 "$sg"
	run sg_senddiag --selftest=6 "$sg"
	run sg_logs -p 0x10 "$sg"
	has 'foreground extended' 'completed without error'
	# Abort when there is none in the background, reserved, with a list, both ways
	refused 1 7 1d 80 00 00 00 00
	refused 1 7 1d 60 00 00 00 00
	refused 1 7 1d a4 00 00 00 00
	refused 1 3 1d 08 00 00 00 00
	run_status 5 sg_raw -s 4 -i /dev/zero "$sg" 1d 14 00 00 04 00
	# The list of pages
	run sg_senddiag --list "$sg"
	has 'Supported diagnostic pages'
	run sg_raw -s 4 -i /dev/zero "$sg" 1d 10 00 00 04 00
	run_status 5 sg_raw -s 4 -i /dev/zero "$sg" 1d 00 00 00 04 00
	run_status 5 sg_raw -v -s 3 -i /dev/zero "$sg" 1d 10 00 00 03 00
	has 'Invalid field in cdb'
	refused 2 - 1c 01 40 00 40 00
	# Of a unit that is not ready, and of one without a store
	run sg_start --stop "$sg"
	run_status 2 sg_senddiag --test "$sg"
	run sg_start --start "$sg"
	run sg_senddiag --selftest=6 "$(sg_of tgt0 1 host0)"
}

buffers() {
	run sg_test_rwbuf --quick "$sg"
	has '4096'
	run sg_test_rwbuf --size=4096 --times=10 "$sg"
	head -c 252 /dev/urandom >"$tmp/data"
	run sg_raw -s 252 -i "$tmp/data" "$sg" 3b 0a 00 00 00 00 00 00 fc 00
	# As much as was written, by whoever asks
	run sg_raw -b -r 4096 -o "$tmp/back" "$sg2" 3c 0a 00 00 00 00 00 10 00 00
	cmp "$tmp/data" "$tmp/back"
	run sg_raw -r 4 "$sg" 3c 0b 00 00 00 00 00 00 04 00
	has '00 +00 00 10 00'
	# At an offset
	run sg_raw -s 252 -i "$tmp/data" "$sg" 3b 02 00 00 01 00 00 00 fc 00
	run sg_raw -b -r 252 -o "$tmp/back" "$sg" 3c 02 00 00 01 00 00 00 fc 00
	cmp "$tmp/data" "$tmp/back"
	# Beyond the end, another buffer, modes that are not there: microcode too
	run_status 5 sg_raw -s 252 -i "$tmp/data" "$sg" 3b 02 00 00 0f 80 00 00 fc 00
	run_status 5 sg_raw -s 252 -i "$tmp/data" "$sg" 3b 02 01 00 00 00 00 00 fc 00
	refused 3 - 3c 02 00 00 10 01 00 00 04 00
	refused 2 - 3c 02 01 00 00 00 00 00 04 00
	refused 1 4 3c 00 00 00 00 00 00 00 04 00
	for mode in 00 01 04 05 06 07 0c 0d 0e 0f 1a; do
		refused 1 4 3b $mode 00 00 00 00 00 00 00 00
	done
	run sg_raw -r 4 "$sg" 3c 03 05 00 00 00 00 00 04 00
	has '00 +00 00 00 00'
	# Nothing was ever written to the echo buffer of the other unit
	expect_sense 'Command sequence error' "$(sg_of tgt0 1 host0)" \
		3c 0a 00 00 00 00 00 10 00 00
}

# --- The medium

prevent_removal() {
	clear_ua
	run sg_prevent "$sg"
	expect_sense 'Medium removal prevented' "$sg" 1b 00 00 00 02 00
	expect_sense 'Medium removal prevented' "$sg2" 1b 00 00 00 02 00
	run sg_turs "$sg"
	# Stopping is something else
	run sg_start --stop "$sg"
	run sg_start --start "$sg"
	# Each initiator for itself
	run sg_prevent "$sg2"
	run sg_prevent --allow "$sg"
	expect_sense 'Medium removal prevented' "$sg" 1b 00 00 00 02 00
	run sg_prevent --allow "$sg2"
	run sg_start --eject "$sg"
	run_status 2 sg_turs "$sg"
	run sg_requests "$sg"
	has 'Medium not present'
	run sg_start --load "$sg"
	expect_ua "$sg2" 'Not ready to ready change'
	run sg_turs "$sg"
	# PREVENT 10b and 11b are obsolete
	refused 4 1 1e 00 00 00 02 00
}

# A reset, and the end of the nexus, allow it
prevent_ends() {
	run sg_prevent "$sg2"
	run sg_reset -d "$sg"
	clear_ua
	run sg_start --eject "$sg"
	run sg_start --load "$sg"
	clear_ua
	add_session tgt0 host2
	third=$(sg_of tgt0 0 host2)
	sg_turs -n 5 "$third" >/dev/null 2>&1 || :
	run sg_prevent "$third"
	expect_sense 'Medium removal prevented' "$sg" 1b 00 00 00 02 00
	del_session tgt0 host2
	run sg_start --eject "$sg"
	run sg_start --load "$sg"
	clear_ua
}

start_stop() {
	run sg_start --stop "$sg"
	expect_sense 'Logical unit not ready' "$sg" 00 00 00 00 00 00
	run sg_start --start "$sg"
	# The fixed disk has nothing to eject
	fixed=$(sg_of tgt0 1 host0)
	expect_sense 'Error in Command: byte 4 bit 1' "$fixed" 1b 00 00 00 02 00
	run sg_turs "$fixed"
	run sg_start --immed --stop --noflush "$fixed"
	run sg_start --immed --start "$fixed"
}

power_conditions() {
	run sg_start --pc=2 "$sg"
	run sg_turs "$sg"
	run sg_requests "$sg"
	has 'Idle condition activated by command'
	run sg_start --pc=3 --mod=1 "$sg"
	run sg_turs "$sg"
	run sg_requests "$sg"
	has 'Standby condition activated by command'
	run sg_raw -r 512 "$sg" 28 00 00 00 00 00 00 00 01 00
	run sg_start --pc=1 "$sg"
	run sg_requests "$sg"
	has_not 'condition activated'
	# A medium that is stopped starts
	for pc in 1 2 3; do
		run sg_start --stop "$sg"
		run sg_start --pc=$pc "$sg"
		run sg_turs "$sg"
	done
	run sg_start --pc=2 --mod=2 "$sg"
	run sg_start --pc=7 "$sg"
	run sg_requests "$sg"
	has_not 'condition activated'
	# Reserved conditions, timers that are not there, modifiers
	for pc in 4 5 6 8 9 a b c d e f; do
		refused 4 7 1b 00 00 00 ${pc}0 00
	done
	refused 3 3 1b 00 00 03 20 00
	refused 3 3 1b 00 00 02 30 00
	refused 3 3 1b 00 00 01 01 00
	# A reset ends it
	run sg_start --pc=3 "$sg"
	run sg_reset -d "$sg"
	clear_ua
	run sg_requests "$sg"
	has_not 'condition activated'
}

# --- What others test

take_apart() {
	put "$scst_targets/tgt0/luns/clear" 1
	del_device disk01
	del_device disk02
	del_target tgt0
	scst_unload
}

kernel_log() {
	log_clean "$log" \
		any '(Power-on|Inquiry data has changed|LUN assignments on this)' \
		any '(critical|I/O|protection|device|medium|Buffer I/O) .*error' \
		any '[0-9:]+ .*(tag#|Sense Key|Add. Sense|CDB|FAILED Result|Synchronizing)' \
		any 'sd .*(soft threshold|[Tt]hin|[Pp]arameters .*changed)' \
		any 'thin_threshold: want' any 'sd[a-z]+: detected capacity'
}

scst_load
log=$(log_mark)
truncate -s 64M "$tmp/disk.img"
(
	set -e
	add_device vdisk_fileio disk01 "filename=$tmp/disk.img removable=1"
	add_device vdisk_nullio disk02 "size=1G read_zero=1"
	add_target tgt0 session_name=host0
	add_lun tgt0 0 disk01
	add_lun tgt0 1 disk02
	add_session tgt0 host1
) || exit 1
disk=$(disk_of tgt0 0 host0)
sg=$(sg_of tgt0 0 host0)
sg2=$(sg_of tgt0 0 host1)
fixed_sg=$(sg_of tgt0 1 host0)
clear_ua
sg_turs -n 5 "$fixed_sg" >/dev/null 2>&1
main report_luns well_known_logical_unit supported_opcodes usage_maps log_pages \
	log_counters log_reset log_errors thin_threshold timestamp \
	identifying_information self_tests buffers prevent_removal prevent_ends \
	start_stop power_conditions take_apart kernel_log
