#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1536 SMP=1 TIMEOUT=600
# Commands about the whole medium: FORMAT UNIT, SANITIZE, self-tests in the background,
# GET LBA STATUS, READ DEFECT DATA, REASSIGN BLOCKS, by sg3_utils and smartctl.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

image=$tmp/disk.img
null=/sys/kernel/config/nullb

# run CMD...: its output in $out; it succeeds
run() {
	out=$("$@" 2>&1) || fail "$*: status $?: $out"
}

# run_status STATUS CMD...: it ends with STATUS
run_status() {
	local want=$1 status=0

	shift
	out=$("$@" 2>&1) || status=$?
	expect "status of $* ($out)" "$want" "$status"
}

# has REGEX...: in the output, in any case
has() {
	local regex

	for regex; do
		grep -qiE -- "$regex" <<<"$out" || fail "no /$regex/ in: $out"
	done
}

# list BYTE...: a parameter list
list() {
	printf '%b' "$(printf '\\x%s' "$@")" >"$tmp/list"
}

# send LEN CDB...: a command with that much of the parameter list
send() {
	sg_raw -s "$1" -i "$tmp/list" "$sg" "${@:2}"
}

# export_file HANDLER_PARAMETERS: a fresh file as disk01
export_file() {
	rm -f "$image"
	truncate -s 16M "$image"
	export_disk vdisk_fileio disk01 "filename=$image $1"
	sg=$(sg_of tgt0 "$lun")
	sg_turs "$sg" >/dev/null 2>&1 || :
}

fill() {
	quiet dd if=/dev/urandom of="$disk" bs=1M oflag=direct count=16
}

# all_bytes OCTAL: so is the medium, from end to end
all_bytes() {
	quiet dd if="$disk" of="$tmp/medium" bs=1M iflag=direct
	expect "bytes that are not $1" 0 "$(tr -d "\\$1" <"$tmp/medium" | wc -c)"
	expect "size" $((16 << 20)) "$(stat -c %s "$tmp/medium")"
}

# Not what the page cache may have of it
last_byte() {
	dd if="$disk" bs=1M iflag=direct skip=15 status=none | tail -c 1 | od -An -tx1 |
		tr -d ' '
}

# --- FORMAT UNIT

format_zeros() {
	export_file thin_provisioned=1
	fill
	# With IMMED=0, and with IMMED=1 and polling
	run sg_format --format --quick --wait "$sg"
	all_bytes 000
	expect "blocks of the file" 0 "$(stat -c %b "$image")"
	fill
	run sg_format --format --quick --early "$sg"
	within 60 is_ready || fail "the format does not end"
	all_bytes 000
	# Without a parameter list
	fill
	run sg_raw "$sg" 04 00 00 00 00 00
	all_bytes 000
	unexport_disk disk01
	# What is not thin keeps its space
	export_file thin_provisioned=0
	fill
	run sg_format --format --quick --wait "$sg"
	all_bytes 000
	[ "$(stat -c %b "$image")" -ge $((16 << 11)) ] || fail "a format gave space back"
}

format_pattern() {
	# FOV and IP; the pattern fills a block, the last copy is cut off
	list 00 88 00 00 00 01 00 03 aa bb cc
	run send 11 04 10 00 00 00 00
	quiet dd if="$disk" of="$tmp/medium" bs=1M iflag=direct
	for _ in $(seq 171); do printf '\xaa\xbb\xcc'; done | head -c 512 >"$tmp/block"
	cmp "$tmp/block" <(head -c 512 "$tmp/medium")
	cmp <(head -c 512 "$tmp/medium") <(tail -c 512 "$tmp/medium")
	# A long header, a pattern of one byte
	list 00 88 00 00 00 00 00 00 00 01 00 01 55
	run send 13 04 30 00 00 00 00
	all_bytes 125
	# The default pattern
	list 00 88 00 00 00 00 00 00
	run send 8 04 10 00 00 00 00
	all_bytes 000
	run sg_format --format --quick --wait --ip-def "$sg"
}

format_refused() {
	fill
	cp "$image" "$tmp/before"
	# FMTPINFO, FFMT, a reserved format of the defect list
	run_status 5 sg_raw "$sg" 04 40 00 00 00 00
	run_status 5 sg_raw "$sg" 04 80 00 00 00 00
	run_status 5 sg_raw "$sg" 04 00 00 00 01 00
	list 00 00 00 00
	run_status 5 send 4 04 17 00 00 00 00
	# No list where there is to be one, half a header
	run_status 5 sg_raw "$sg" 04 10 00 00 00 00
	run_status 5 send 3 04 10 00 00 00 00
	run_status 5 send 4 04 30 00 00 00 00
	# PROTECTION FIELD USAGE, the protection interval, options without FOV
	list 01 00 00 00
	run_status 5 send 4 04 10 00 00 00 00
	list 00 00 00 01 00 00 00 00
	run_status 5 send 8 04 30 00 00 00 00
	for flag in 40 20 10 08; do
		list 00 $flag 00 00
		run_status 5 send 4 04 10 00 00 00 00
	done
	# Defects
	list 00 00 00 04 00 00 00 00
	run_status 5 send 8 04 10 00 00 00 00
	# A pattern that is not there, has no length, is longer than a block, is secure
	list 00 88 00 00 00 01 00
	run_status 5 send 7 04 10 00 00 00 00
	list 00 88 00 00 00 01 00 04 aa bb
	run_status 5 send 10 04 10 00 00 00 00
	list 00 88 00 00 00 01 00 00
	run_status 5 send 8 04 10 00 00 00 00
	list 00 88 00 00 00 01 02 01
	run_status 5 send 8 04 10 00 00 00 00
	list 00 88 00 00 20 01 00 01 aa
	run_status 5 send 9 04 10 00 00 00 00
	list 00 88 00 00 00 02 00 01 aa
	run_status 5 send 9 04 10 00 00 00 00
	cmp "$image" "$tmp/before"
	run sg_turs "$sg"
	unexport_disk disk01
	# Write protected
	export_file read_only=1
	run_status 7 sg_raw "$sg" 04 00 00 00 00 00
	unexport_disk disk01
}

# --- SANITIZE

sanitize_overwrite() {
	export_file thin_provisioned=1
	fill
	printf '\xa5' >"$tmp/pattern"
	run sg_sanitize --overwrite --pattern="$tmp/pattern" --ipl=1 --quick --wait "$sg"
	all_bytes 245
	# Inverted from pass to pass
	run sg_sanitize --overwrite --pattern="$tmp/pattern" --ipl=1 --count=2 --invert --quick \
		--wait "$sg"
	all_bytes 132
	run sg_sanitize --overwrite --pattern="$tmp/pattern" --ipl=1 --count=3 --invert --quick \
		--wait "$sg"
	all_bytes 245
	run sg_sanitize --overwrite --zero --quick --wait "$sg"
	all_bytes 000
	[ "$(stat -c %b "$image")" -ge $((16 << 11)) ] || fail "nothing was written"
}

sanitize_block_erase() {
	fill
	run sg_sanitize --block --quick --wait "$sg"
	expect "blocks of the file" 0 "$(stat -c %b "$image")"
	all_bytes 000
	run sg_vpd -p bdc "$sg"
	has 'WABEREQ=1' 'WACEREQ=0'
}

sanitize_refused() {
	fill
	cp "$image" "$tmp/before"
	# No cryptographic erase, no such service action
	run_status 5 sg_sanitize --crypto --quick --wait "$sg"
	run_status 5 sg_raw "$sg" 48 04 00 00 00 00 00 00 00 00
	# A parameter list where there is none
	list 00 00 00 00
	run_status 5 send 4 48 02 00 00 00 00 00 00 04 00
	run_status 5 send 4 48 1f 00 00 00 00 00 00 04 00
	# No list, one without a pattern, one longer than a block
	run_status 5 sg_raw "$sg" 48 01 00 00 00 00 00 00 00 00
	run_status 5 send 4 48 01 00 00 00 00 00 00 04 00
	list 01 00 02 01
	head -c 513 /dev/zero >>"$tmp/list"
	run_status 5 send 517 48 01 00 00 00 00 00 02 05 00
	# A pattern of no bytes, more than there are, no passes, a test
	list 01 00 00 00 aa
	run_status 5 send 5 48 01 00 00 00 00 00 00 05 00
	list 01 00 00 02 aa
	run_status 5 send 5 48 01 00 00 00 00 00 00 05 00
	list 00 00 00 01 aa
	run_status 5 send 5 48 01 00 00 00 00 00 00 05 00
	list 21 00 00 01 aa
	run_status 5 send 5 48 01 00 00 00 00 00 00 05 00
	# Nothing has failed that could be left
	run sg_sanitize --fail --early --quick "$sg"
	within 60 is_ready || fail "it does not end"
	cmp "$image" "$tmp/before"
	unexport_disk disk01
	export_file "read_only=1 thin_provisioned=1"
	run_status 7 sg_raw "$sg" 48 02 00 00 00 00 00 00 00 00
	unexport_disk disk01
	# What cannot unmap has no block erase
	export_file thin_provisioned=0
	run_status 5 sg_sanitize --block --quick --wait "$sg"
	run sg_opcodes -o 0x48 -s 2 "$sg"
	has 'NOT supported'
	unexport_disk disk01
}

# --- What goes on meanwhile

# null_disk: a device of 16 MiB that stores
null_disk() {
	modprobe null_blk nr_devices=0
	mkdir "$null/nullb-medium"
	echo 16 >"$null/nullb-medium/size"
	echo 1 >"$null/nullb-medium/memory_backed"
	echo 1 >"$null/nullb-medium/power"
	within 10 test -b /dev/nullb-medium
}

# slow, fast: from now on, some seconds for a request or none.  There are 16 requests of
# 1 MiB, and what is looked at meanwhile takes a slow machine many seconds.
slow() {
	dm_table scst-medium "0 32768 delay /dev/nullb-medium 0 $(by_kernel 2000 4000)"
}

fast() {
	dm_table scst-medium '0 32768 linear /dev/nullb-medium 0'
}

slow_store() {
	modprobe dm-mod
	modprobe dm-delay
	null_disk
	dm create scst-medium --table '0 32768 linear /dev/nullb-medium 0'
	export_disk vdisk_blockio disk01 "filename=$(dm_disk scst-medium)"
	sg=$(sg_of tgt0 "$lun")
	sg_turs "$sg" >/dev/null 2>&1 || :
}

# in_progress ASCQ: other commands are refused, REQUEST SENSE tells how far it is,
# and what tells of the unit is answered
in_progress() {
	local cdb

	for cdb in '00 00 00 00 00 00' '28 00 00 00 00 00 00 00 01 00' '1b 00 00 00 01 00' \
		'5a 00 3f 00 00 00 00 00 fc 00' '04 00 00 00 00 00' \
		'48 1f 00 00 00 00 00 00 00 00' '16 00 00 00 00 00' '17 00 00 00 00 00' \
		'5e 00 00 00 00 00 00 00 08 00' '4c 02 c0 00 00 00 00 00 00 00'; do
		# shellcheck disable=SC2086  # bytes
		run_status 2 sg_raw -v -r 512 "$sg" $cdb
		has 'Not Ready' "ASC=04, ASCQ=$1|in progress"
	done
	run sg_inq "$sg"
	run sg_vpd -p bdc "$sg"
	run sg_opcodes "$sg"
	run sg_luns "$sg"
	run sg_raw -r 18 "$sg" 03 00 00 00 12 00
	has "70 00 02 00 00 00 00 0a +00 00 00 00 04 $1 00 8"
	# The same in descriptor format
	run sg_raw -r 32 "$sg" 03 01 00 00 20 00
	has "72 02 04 $1 00 00 00 08 +02 06 00 00 80"
}

progress_of() {
	sg_raw -b -r 18 "$sg" 03 00 00 00 12 00 2>/dev/null | od -An -v -tx1 -j16 -N2
}

progress_is_not() {
	[ "$(progress_of)" != "$1" ]
}

is_ready() {
	sg_turs "$sg" >/dev/null 2>&1
}

in_flight() {
	[ "$(<"$(session_of tgt0)/active_commands")" = "$1" ]
}

# stops_meanwhile: a format begins, and a START STOP UNIT that waits for the unit meanwhile
stops_meanwhile() {
	local format stop status=0

	put "$scst_devices/disk01/blocked" 1
	list 00 8a 00 00 00 01 00 01 aa
	send 9 04 10 00 00 00 00 >"$tmp/format" 2>&1 &
	format=$!
	within 10 in_flight 1 || fail "the format does not wait: $(<"$tmp/format")"
	sg_raw -v "$sg" 1b 00 00 00 00 00 >"$tmp/stop" 2>&1 &
	stop=$!
	within 10 in_flight 2 || fail "it does not wait: $(<"$tmp/stop")"
	put "$scst_devices/disk01/blocked" 0
	wait "$format" || fail "no format: $(<"$tmp/format")"
	wait "$stop" || status=$?
	expect "START STOP UNIT ($(<"$tmp/stop"))" 2 "$status"
}

format_in_progress() {
	local before

	slow_store
	slow
	stops_meanwhile
	in_progress 04
	before=$(progress_of)
	within 60 progress_is_not "$before" || fail "it does not make progress"
	fast
	within 60 is_ready || fail "the format does not end"
	expect "last byte" aa "$(last_byte)"
}

# An initiator that gives up its command leaves a medium that is not formatted
format_aborted() {
	slow
	list 00 88 00 00 00 01 00 01 aa
	send 9 04 10 00 00 00 00 >"$tmp/format" 2>&1 &
	within 30 not_ready 04 || fail "no format goes on: $(<"$tmp/format")"
	in_progress 04
	run sg_reset --device "$sg"
	wait || :
	sg_turs -n 2 "$sg" >/dev/null 2>&1 || :
	run_status 3 sg_raw -r 512 "$sg" 28 00 00 00 00 00 00 00 01 00
	has 'Medium Error' 'format corrupted'
	run_status 3 sg_turs "$sg"
	run sg_modes -p 8 "$sg"
	fast
	run sg_raw "$sg" 04 00 00 00 00 00
	all_bytes 000
}

not_ready() {
	local sense

	sense=$(sg_raw -b -r 18 "$sg" 03 00 00 00 12 00 2>/dev/null | hex -)
	[[ $sense == ????02??????????????????04"$1"* ]]
}

# self_test_ended: nothing goes on that REQUEST SENSE would tell of
self_test_ended() {
	[[ $(sg_raw -b -r 18 "$sg" 03 00 00 00 12 00 2>/dev/null | hex -) == 700000* ]]
}

# last_self_test: code and result, address of the first failure, sense data, of the first
# parameter of the log page
last_self_test() {
	sg_raw -b -r 24 "$sg" 4d 00 50 00 00 00 00 00 18 00 2>/dev/null |
		hex - | sed -E 's/^.{16}(..)......(.{16})(......).*/\1 \2 \3/'
}

no_address=ffffffffffffffff

begin_self_test() {
	run sg_senddiag --selftest="$1" "$sg"
	not_ready 09 || fail "no self-test goes on"
}

# The unit serves its initiators meanwhile, and has one such test at a time
self_test_in_progress() {
	local before code

	slow
	begin_self_test 2
	run sg_turs "$sg"
	run sg_raw -s 512 -i /dev/zero "$sg" 2a 00 00 00 00 00 00 00 01 00
	run sg_raw -r 512 "$sg" 28 00 00 00 00 00 00 00 01 00
	run sg_raw -r 18 "$sg" 03 00 00 00 12 00
	has '70 00 02 00 00 00 00 0a +00 00 00 00 04 09 00 8'
	for code in 04 20 40 a0 c0; do
		run_status 2 sg_raw -v "$sg" 1d "$code" 00 00 00 00
		has 'self-test in progress'
	done
	run sg_logs -p 0x10 "$sg"
	has 'background extended' 'self test in progress'
	expect "in the log page" "4f $no_address 000000" "$(last_self_test)"
	before=$(progress_of)
	within 90 progress_is_not "$before" || fail "it does not make progress"
	run sg_senddiag --selftest=4 "$sg"
	self_test_ended || fail "it was not aborted"
	expect "aborted" "41 $no_address 000000" "$(last_self_test)"
	# There is none any more
	run_status 5 sg_raw "$sg" 1d 80 00 00 00 00
	has 'Invalid field in cdb'
	# The next one begins though a piece of the last is still being read
	begin_self_test 2
	fast
	within 60 self_test_ended || fail "it does not end"
	expect "extended" "40 $no_address 000000" "$(last_self_test)"
	run sg_senddiag --selftest=1 "$sg"
	within 60 self_test_ended || fail "it does not end"
	expect "short" "20 $no_address 000000" "$(last_self_test)"
	run sg_logs -p 0x10 "$sg"
	has 'Aborted|aborted'
}

unbind_and_bind() {
	put "$dev_bus/drivers/vdisk_blockio/unbind" disk01
	put "$dev_bus/drivers/vdisk_blockio/bind" disk01
}

format_immed() {
	list 00 82 00 00
	send 4 04 10 00 00 00 00
}

sanitize_immed() {
	list 01 00 00 01 55
	send 5 48 81 00 00 00 00 00 00 05 00
}

# stopped_by RESULT CMD...
stopped_by() {
	local want=$1

	shift
	slow
	begin_self_test 2
	run "$@"
	fast
	# Who formats answers nothing else
	sg_turs -n 2 "$sg" >/dev/null 2>&1 || :
	within 60 self_test_ended || fail "$*: something goes on"
	expect "$*" "$want $no_address 000000" "$(last_self_test)"
}

# What SPC-6 has end it, and that it is told of
self_test_is_stopped() {
	stopped_by 42 sg_start --start "$sg"
	stopped_by 42 format_immed
	stopped_by 42 sanitize_immed
	stopped_by 42 sg_reset --device "$sg"
	stopped_by 43 unbind_and_bind
	slow
	begin_self_test 2
	run sg_start --stop "$sg"
	fast
	expect "STOP" "42 $no_address 000000" "$(last_self_test)"
	run sg_start --start "$sg"
}

# It reads all blocks: the one in the foreground would miss this one
self_test_finds_it() {
	dm_table scst-medium "$(printf '%s\n' '0 12345 linear /dev/nullb-medium 0' '12345 1 error' \
		'12346 20422 linear /dev/nullb-medium 12346')"
	run sg_senddiag --selftest=6 "$sg"
	run sg_senddiag --selftest=2 "$sg"
	within 60 self_test_ended || fail "it does not end"
	expect "block 12345" "47 $(printf %016x 12345) 043e03" "$(last_self_test)"
	run sg_logs -p 0x10 "$sg"
	has 'background extended'
	fast
	run sg_senddiag --selftest=2 "$sg"
	within 60 self_test_ended || fail "it does not end"
	expect "after repair" "40 $no_address 000000" "$(last_self_test)"
}

# What tools of the trade make of it.  The exit status tells of the failure above.
self_test_by_smartctl() {
	command -v smartctl >/dev/null || skip "no smartctl"
	run smartctl -c "$disk"
	run smartctl -t short "$disk"
	has 'Short Background Self Test has begun'
	within 60 self_test_ended || fail "it does not end"
	slow
	run smartctl -t long "$disk"
	has 'Extended Background Self Test has begun'
	out=$(smartctl -l selftest "$disk") || :
	has '# 1 +Background long +Self test in progress' '# 2 +Background short +Completed' \
		'Long .extended. Self.test duration: 1 seconds'
	run smartctl -X "$disk"
	has 'Self Test returned without error'
	out=$(smartctl -l selftest "$disk") || :
	has '# 1 +Background long +Aborted \(by user command\)'
	fast
	run smartctl -H "$disk"
	has 'SMART Health Status: OK'
}

sanitize_outlives_all() {
	local driver=$dev_bus/drivers/vdisk_blockio

	fill
	slow
	list 01 00 00 01 aa
	send 5 48 01 00 00 00 00 00 00 05 00 >"$tmp/sanitize" 2>&1 &
	within 30 not_ready 1b || fail "nothing is sanitized: $(<"$tmp/sanitize")"
	in_progress 1b
	run sg_reset --device "$sg"
	run sg_reset --target "$sg"
	wait || :
	within 30 not_ready 1b || fail "a reset ended it"
	put "$driver/unbind" disk01
	run_status 2 sg_turs "$sg"
	put "$driver/bind" disk01
	sg_turs "$sg" >/dev/null 2>&1 || :
	within 30 not_ready 1b || fail "unbind ended it"
	in_progress 1b
	fast
	within 60 is_ready || fail "it does not end"
	expect "last byte" aa "$(last_byte)"
	# A device goes in the middle of it
	slow
	list 01 00 00 01 55
	run send 5 48 81 00 00 00 00 00 00 05 00
	not_ready 1b
	unexport_disk disk01
	dm remove scst-medium
}

# --- Failures

failures() {
	local good bad loop

	modprobe dm-mod
	rm -f "$image"
	truncate -s 16M "$image"
	loop=$(losetup -f --show "$image")
	good="0 32768 linear $loop 0"
	bad=$(printf '0 16384 linear %s 0\n16384 16384 error' "$loop")
	dm create scst-medium --table "$good"
	export_disk vdisk_blockio disk01 "filename=$(dm_disk scst-medium) thin_provisioned=1"
	sg=$(sg_of tgt0 "$lun")
	sg_turs "$sg" >/dev/null 2>&1 || :

	dm_table scst-medium "$bad"
	run_status 3 sg_raw "$sg" 04 00 00 00 00 00
	has 'Format command failed'
	run_status 3 sg_turs "$sg"
	dm_table scst-medium "$good"
	run_status 3 sg_turs "$sg"
	run sg_raw "$sg" 04 00 00 00 00 00
	run sg_turs "$sg"

	# AUSE=0: only a sanitize operation that succeeds helps
	dm_table scst-medium "$bad"
	run_status 3 sg_raw "$sg" 48 02 00 00 00 00 00 00 00 00
	has 'Sanitize command failed'
	dm_table scst-medium "$good"
	run_status 3 sg_turs "$sg"
	run_status 3 sg_raw -r 252 "$sg" 5a 00 3f 00 00 00 00 00 fc 00
	run_status 3 sg_raw "$sg" 04 00 00 00 00 00
	run_status 5 sg_sanitize --fail --quick "$sg"
	run sg_inq "$sg"
	run sg_raw "$sg" 48 02 00 00 00 00 00 00 00 00
	run sg_turs "$sg"

	# AUSE=1: the initiator may have the medium as it is
	dm_table scst-medium "$bad"
	run_status 3 sg_raw "$sg" 48 22 00 00 00 00 00 00 00 00
	run_status 3 sg_turs "$sg"
	run sg_sanitize --fail --early --quick "$sg"
	within 60 is_ready || fail "it does not end"

	# REASSIGN BLOCKS of a block that cannot be written: COMMAND-SPECIFIC INFORMATION is
	# that one, and not those before and behind it
	list 00 00 00 0c 00 00 00 05 00 00 60 00 00 00 70 00
	run_status 3 sg_raw -v -s 16 -i "$tmp/list" "$sg" 07 00 00 00 00 00
	has 'No defect spare location' '70 00 04 00 00 00 00 0a +00 00 60 00 32 00'
	run sdparm --quiet --set=D_SENSE=1 "$sg"
	run_status 3 sg_raw -v -s 16 -i "$tmp/list" "$sg" 07 00 00 00 00 00
	has '72 04 32 00 00 00 00 0c +01 0a 00 00 00 00 00 00' '^ +00 00 60 00'
	unexport_disk disk01
	dm remove scst-medium
	losetup -d "$loop"
}

# --- GET LBA STATUS

lba_status() {
	export_file thin_provisioned=1
	# Data from block 2048 to 4096, and the last 8 blocks
	quiet dd if=/dev/urandom of="$disk" bs=1M count=1 seek=1 oflag=direct
	quiet dd if=/dev/urandom of="$disk" bs=4k count=1 seek=4095 oflag=direct
	run sg_get_lba_status --maxlen=512 --lba=0 "$sg"
	has 'LBA: 0x0+0  *blocks: +2048  *deallocated' 'LBA: 0x0*800  *blocks: +2048  *mapped' \
		'LBA: 0x0*1000  *blocks: +28664  *deallocated' 'LBA: 0x0*7ff8  *blocks: +8  *mapped'
	run sg_get_lba_status --maxlen=512 --lba=3000 --brief "$sg"
	has '0x0*bb8 +0x448 +0'
	run sg_get_lba_status --maxlen=512 --32 --lba=0 --scan-len=4000 "$sg"
	has 'blocks: +2048' 'blocks: +1952'
	# Only what is mapped, or is not
	run sg_get_lba_status --maxlen=512 --lba=0 --report-type=2 "$sg"
	! grep -qi deallocated <<<"$out" || fail "$out"
	has 'blocks: +2048' 'blocks: +8 '
	run sg_get_lba_status --maxlen=512 --lba=0 --report-type=3 "$sg"
	has 'blocks: +28664  *deallocated'
	! grep -qiE '[^-]mapped' <<<"$out" || fail "$out"
	# Room for one; for none
	run sg_raw -r 24 "$sg" 9e 12 00 00 00 00 00 00 00 00 00 00 00 18 00 00
	has '00 00 00 14 00 00 00 0[123]  00 00 00 00 00 00 00 00'
	run sg_raw "$sg" 9e 12 00 00 00 00 00 00 00 00 00 00 00 00 00 00
	# Behind the end, no such report
	run_status 22 sg_get_lba_status --maxlen=512 --lba=32768 "$sg"
	run_status 22 sg_raw -r 24 "$sg" 9e 12 ff ff ff ff ff ff ff ff 00 00 00 18 00 00
	run_status 5 sg_get_lba_status --maxlen=512 --lba=0 --report-type=0x20 "$sg"
	unexport_disk disk01
	# All of it has space
	export_file thin_provisioned=0
	run sg_get_lba_status --maxlen=512 --lba=5 "$sg"
	has 'blocks: +32763  *mapped'
	unexport_disk disk01
}

# --- Defects

defects() {
	export_file thin_provisioned=1
	# Lists in each format, whole and cut off
	for format in 0 1 2 3 4 5 6; do
		run sg_raw -r 8 "$sg" 37 00 1$format 00 00 00 00 00 08 00
		has "00 1$format 00 00"
		run sg_raw -r 16 "$sg" b7 0$format 00 00 00 00 00 00 00 10 00 00
		has "00 0$format 00 00 00 00 00 00"
	done
	run sg_raw -r 2 "$sg" 37 00 18 00 00 00 00 00 02 00
	run_status 5 sg_raw -r 8 "$sg" 37 00 1f 00 00 00 00 00 08 00
	run_status 5 sg_raw -r 8 "$sg" b7 1f 00 00 00 00 00 00 00 08 00 00
	run sg_reassign --primary "$sg"
	has '0'
	run sg_reassign --grown "$sg"
}

reassign_blocks() {
	fill
	cp "$image" "$tmp/before"
	run sg_reassign --address=0,77,32767 "$sg"
	run sg_reassign --address=0x7000 --eight=1 "$sg"
	# The blocks keep what they have
	cmp "$image" "$tmp/before"
	run_status 22 sg_reassign --address=5,32768 "$sg"
	list 00 00 00 08 00 00 00 01 00 00 00 00
	run_status 22 send 12 07 02 00 00 00 00
	# Nothing was reassigned: the first one is that of the list, 5, and not the one in error
	list 00 00 00 08 00 00 00 05 00 00 80 00
	run_status 22 sg_raw -v -s 12 -i "$tmp/list" "$sg" 07 00 00 00 00 00
	has 'f0 00 05 00 00 80 00 0a +00 00 00 05 21 00'
	# No list, one that is cut off, one that is no list of LBAs, an empty one
	run_status 5 sg_raw "$sg" 07 00 00 00 00 00
	list 00 00 00 08 00 00 00 00
	run_status 5 send 8 07 00 00 00 00 00
	list 00 00 00 03 00 00 00
	run_status 5 send 7 07 00 00 00 00 00
	list 00 00 00 00
	run send 4 07 00 00 00 00 00
	# LONGLIST
	list 00 00 00 04 00 00 00 01
	run send 8 07 01 00 00 00 00
	cmp "$image" "$tmp/before"
	unexport_disk disk01
	export_file read_only=1
	run_status 7 sg_reassign --address=0 "$sg"
	unexport_disk disk01
}

# --- Who has no store

nothing_stored() {
	export_disk vdisk_nullio disk01 size=$((16 << 20))
	sg=$(sg_of tgt0 "$lun")
	sg_turs "$sg" >/dev/null 2>&1 || :
	run sg_format --format --quick --wait "$sg"
	run sg_sanitize --overwrite --zero --quick --wait "$sg"
	run sg_get_lba_status --maxlen=512 --lba=0 "$sg"
	has 'blocks: +32768  *mapped'
	run sg_reassign --address=5 "$sg"
	run sg_turs "$sg"
	unexport_disk disk01
}

take_apart() {
	del_target tgt0
	scst_unload
}

kernel_log() {
	local said="tag#|Sense Key|Add. Sense|CDB|FAILED Result|Read Capacity|Mode Sense"

	said+="|Sense not available|Asking for|Assuming|0 512-byte|Test WP|No Caching|cache"
	log_clean "$log" \
		any 'Power-on or device reset occurred' \
		any 'LUN assignments on this target have changed' \
		any '(critical|I/O|protection|device|medium|Medium) .*error, dev (sd|dm-)' \
		any "sd .*($said)" \
		any 'Buffer I/O error on dev sd' \
		any 'null_blk: '
}

scst_load
log=$(log_mark)
main format_zeros format_pattern format_refused \
	sanitize_overwrite sanitize_block_erase sanitize_refused \
	format_in_progress format_aborted self_test_in_progress self_test_is_stopped \
	self_test_finds_it self_test_by_smartctl sanitize_outlives_all failures \
	lba_status defects reassign_blocks nothing_stored take_apart kernel_log
