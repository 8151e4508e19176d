#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 SMP=1 TIMEOUT=240
# What sg3_utils make of a disk: pages decode, commands do what they say, and
# malformed ones are refused.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# All tests have the same disk, whatever became of the one before
after_failure() {
	sg_start --start "$sg" >/dev/null 2>&1
	sg_turs -n 3 "$sg" >/dev/null 2>&1
}

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

has_not() {
	! grep -qiE -- "$1" <<<"$out" || fail "/$1/ in: $out"
}

inquiry() {
	run sg_inq "$sg"
	has 'PQual=0 +PDT=0' 'version=0x07|version=0x06' 'RMB=0' 'Resp_data_format=2' \
		'CmdQue=1' 'Vendor identification: *[A-Z]' 'Product identification: *disk01' \
		'Peripheral device type: disk'
	run sg_inq -d "$sg"
	has 'SBC' 'SPC' 'SAM'
	# CMDDT is obsolete
	run_status 5 sg_raw -r 96 "$sg" 12 02 00 00 60 00
}

vital_product_data() {
	local page

	run sg_vpd "$sg"
	has 'Supported VPD pages' 'Unit serial number \[sn\]' 'Device identification \[di\]' \
		'Extended inquiry data \[ei\]' 'Block limits \(SBC\) \[bl\]' \
		'Block device characteristics' 'Logical block provisioning'
	run sg_vpd -a "$sg"
	has_not 'unable to decode|malformed|truncated|too short'
	for page in sv sn di ei bl bdc lbpv; do
		run sg_vpd -p "$page" "$sg"
		has_not 'unable to decode|malformed|truncated|too short'
	done
	run sg_vpd -p di "$sg"
	has 'T10 vendor identification' 'Addressed logical unit' \
		'Relative target port: 0x[0-9a-f]+'
	run sg_vpd -p ei "$sg"
	has 'SIMPSUP=1' 'V_SUP=1' 'LUICLR=1'
	run sg_vpd -p bl "$sg"
	has 'Maximum transfer length: [0-9]+' 'Maximum unmap LBA count: (-1|[1-9])' \
		'Maximum unmap block descriptor count: [1-9]'
	run sg_vpd -p bdc "$sg"
	has 'Non-rotating medium|rotation rate'
	run sg_vpd -p lbpv "$sg"
	has 'LBPU\): 1' 'LBPWS\): 1'
	# Pages that are not there
	for page in 81 c0 ff; do
		run_status 5 sg_raw -r 252 "$sg" 12 01 $page 00 fc 00
	done
	# A page code without EVPD
	run_status 5 sg_raw -r 96 "$sg" 12 00 80 00 60 00
}

# An allocation length cuts what is returned, and nothing else
allocation_length() {
	local len full

	sg_raw -b -r 96 "$sg" 12 00 00 00 60 00 >"$tmp/full" 2>/dev/null
	full=$(stat -c %s "$tmp/full")
	for len in 0 1 4 5 35 36; do
		sg_raw -b -r 96 "$sg" 12 00 00 00 "$(printf %02x $len)" 00 >"$tmp/cut" 2>/dev/null
		expect "length" "$len" "$(stat -c %s "$tmp/cut")"
		cmp -n "$len" "$tmp/cut" "$tmp/full"
	done
	[ "$full" -ge 36 ] || fail "INQUIRY returns $full bytes"
}

supported_opcodes() {
	local name

	run sg_opcodes "$sg"
	for name in 'Test Unit Ready' 'Request Sense' 'Inquiry' 'Mode select\(6\)' \
		'Mode sense\(6\)' 'Start stop unit' 'Read capacity\(10\)' 'Read\(10\)' \
		'Write\(10\)' 'Write and verify\(10\)' 'Verify\(10\)' \
		'Synchronize cache\(10\)' 'Write same\(10\)' 'Unmap' 'Mode sense\(10\)' \
		'Read\(16\)' 'Write\(16\)' 'Synchronize cache\(16\)' 'Write same\(16\)' \
		'Read capacity\(16\)' 'Report luns' 'Report supported operation codes' \
		'Report supported task management functions' 'Read\(12\)' 'Write\(12\)'; do
		has "$name"
	done
	has_not 'opcode.*reserved'
	# The same with command timeouts descriptors
	run sg_opcodes -R "$sg"
	has 'Inquiry'
}

one_opcode() {
	run sg_opcodes -o 0x28 "$sg"
	has 'Read\(10\)' 'conforming to SCSI standard' 'Usage data: 28 [0-9a-f]{2} ff ff ff ff'
	run sg_opcodes -o 0x9e -s 0x10 "$sg"
	has 'Read capacity\(16\)' 'Usage data: 9e 10'
	run sg_opcodes -o 0xc5 "$sg"
	has 'NOT supported'
	run sg_opcodes -o 0x9e -s 0x1f "$sg"
	has 'NOT supported'
	# An operation code with service actions, asked for without one, and the reverse
	run_status 5 sg_raw -r 512 "$sg" a3 0c 01 9e 00 00 00 00 02 00 00 00
	run_status 5 sg_raw -r 512 "$sg" a3 0c 02 28 00 00 00 00 02 00 00 00
	run sg_opcodes -t "$sg"
	has 'Abort task' 'Abort task set' 'Logical unit reset'
}

report_luns() {
	run sg_luns "$sg"
	has 'Lun list length = 16 which imp.* 2 lun' '0000000000000000' '0001000000000000'
	run sg_luns -s 1 "$sg"
	has_not '0001000000000000'
	run sg_luns -s 2 "$sg"
	has '0001000000000000'
	# Less than 16 bytes, a reserved SELECT REPORT
	run sg_raw -r 16 "$sg" a0 00 00 00 00 00 00 00 00 04 00 00
	has '00 +00 00 00 10'
	run_status 5 sg_raw -r 512 "$sg" a0 00 77 00 00 00 00 00 02 00 00 00
}

unit_ready_and_sense() {
	run sg_turs -n 100 "$sg"
	has 'Completed 100 Test Unit Ready commands with 0 errors'
	run sg_requests "$sg"
	has 'no sense|Fixed format'
	run sg_requests --desc "$sg"
	has 'Descriptor format|no sense'
	run sg_start --stop "$sg"
	run_status 2 sg_turs "$sg"
	run sg_requests "$sg"
	run_status 2 sg_raw -r 512 "$sg" 28 00 00 00 00 00 00 00 01 00
	run sg_start --start "$sg"
	run sg_turs "$sg"
}

mode_pages() {
	run sg_modes -a "$sg"
	has 'Caching' 'Control' 'WP=0' 'DpoFua=1'
	run sg_modes -6 -a "$sg"
	has 'Caching' 'Control'
	run sg_modes -p 8 "$sg"
	run sg_modes -p 0x0a "$sg"
	# Changeable values, default values; nothing is saved
	run sg_modes -c 1 -a "$sg"
	run sg_modes -c 2 -a "$sg"
	run_status 5 sg_raw -r 252 "$sg" 1a 00 c8 00 fc 00
	# A page that is not there
	run_status 5 sg_raw -r 252 "$sg" 1a 00 3e 00 fc 00
	run sg_wr_mode --page=0x0a --contents="$(control_page)" "$sg"
}

# The control mode page as it is, to be written back as it is
control_page() {
	sg_raw -b -r 252 "$sg" 5a 08 0a 00 00 00 00 00 fc 00 2>/dev/null |
		od -An -v -tx1 -j8 -w12 | head -n 1 | sed 's/^ *//; s/ /,/g'
}

# or_byte PAGE N BITS: a page of xx,xx,... with bits set in byte N
or_byte() {
	local bytes

	IFS=, read -ra bytes <<<"$1"
	bytes[$2]=$(printf %02x $((0x${bytes[$2]} | $3)))
	(IFS=,; echo "${bytes[*]}")
}

change_a_mode_page() {
	local page

	page=$(control_page)
	# SWP: byte 4 bit 3
	run sg_wr_mode --page=0x0a --contents="$(or_byte "$page" 4 8)" "$sg"
	run_status 7 sg_raw -s 512 -i /dev/zero "$sg" 2a 00 00 00 00 00 00 00 01 00
	run sg_modes "$sg"
	has 'WP=1'
	run sg_wr_mode --page=0x0a --contents="$page" "$sg"
	run sg_raw -s 512 -i /dev/zero "$sg" 2a 00 00 00 00 00 00 00 01 00
	# D_SENSE: byte 2 bit 2
	run sg_wr_mode --page=0x0a --contents="$(or_byte "$page" 2 4)" "$sg"
	run_status 22 sg_raw -r 512 "$sg" 28 00 ff ff ff ff 00 00 01 00
	has 'Descriptor format'
	run sg_wr_mode --page=0x0a --contents="$page" "$sg"
	run_status 22 sg_raw -r 512 "$sg" 28 00 ff ff ff ff 00 00 01 00
	has 'Fixed format'
	# The last byte is reserved, the first says how long the page is
	run_status 5 sg_wr_mode --page=0x0a --contents="$(or_byte "$page" 1 4)" "$sg"
}

read_capacity() {
	run sg_readcap "$sg"
	has "Last LBA=131071 " "Logical block length=512 bytes"
	run sg_readcap --16 "$sg"
	has "Last LBA=131071 " 'lbpme=1' 'prot_en=0' 'Logical block length=512 bytes'
}

verify() {
	run sg_verify --lba=0 --count=1000 --bpc=128 "$sg"
	head -c 4096 /dev/urandom >"$tmp/data"
	run sg_dd if="$tmp/data" of="$sg" bs=512 count=8 seek=64
	run sg_verify --lba=64 --count=8 --ndo=4096 --in="$tmp/data" "$sg"
	printf '\xff' | dd of="$tmp/data" bs=1 seek=1234 conv=notrunc status=none
	out=$(sg_verify --lba=64 --count=8 --ndo=4096 --in="$tmp/data" "$sg" 2>&1) || :
	has 'miscompare'
	run_status 22 sg_raw "$sg" 2f 00 00 02 00 00 00 00 01 00
}

synchronize_cache() {
	run sg_sync "$sg"
	run sg_sync --16 "$sg"
	run sg_sync --immed "$sg"
	run sg_sync --lba=100 --count=8 "$sg"
	run_status 22 sg_raw "$sg" 35 00 00 02 00 00 00 00 01 00
}

unmap() {
	run sg_dd if=/dev/urandom of="$sg" bs=512 count=2048 seek=4096
	run sg_unmap --force --lba=4096 --num=2048 "$sg"
	run sg_dd if="$sg" of="$tmp/data" bs=512 count=2048 skip=4096
	cmp -n 1048576 "$tmp/data" /dev/zero
	# No descriptor is no error; a descriptor behind the end is one
	run sg_raw -s 8 -i /dev/zero "$sg" 42 00 00 00 00 00 00 00 08 00
	run sg_raw "$sg" 42 00 00 00 00 00 00 00 00 00
	run_status 22 sg_unmap --force --lba=131071 --num=2 "$sg"
	# ANCHOR without support; a list of 7 bytes
	run_status 5 sg_unmap --force --anchor --lba=0 --num=1 "$sg"
	run_status 5 sg_raw -s 7 -i /dev/zero "$sg" 42 00 00 00 00 00 00 00 07 00
}

# unmap_list NUMBER BLOCKS: UNMAP with so many descriptors of the first blocks
unmap_list() {
	local hex len=$((8 + 16 * $1)) n

	printf -v hex '%04x%04x00000000' $((len - 2)) $((len - 8))
	for ((n = 0; n < $1; n++)); do
		printf -v hex '%s%016x%08x00000000' "$hex" 0 "$2"
	done
	# shellcheck disable=SC2001  # two digits each
	printf %b "$(sed 's/../\\x&/g' <<<"$hex")" >"$tmp/list"
	sg_raw -s $len -i "$tmp/list" "$sg" 42 00 00 00 00 00 00 \
		"$(printf %02x $((len >> 8)))" "$(printf %02x $((len & 255)))" 00
}

# The maxima that VPD page B0h has; the sense data say which field is too large
unmap_limits() {
	local wrong='Error in Data parameters: byte'

	run unmap_list 256 1
	run_status 5 unmap_list 257 1
	has 'Invalid field in parameter list' "$wrong 2"
	# 1,048,576 blocks in all
	run unmap_list 8 131072
	run_status 5 unmap_list 9 131072
	has 'Invalid field in parameter list' "$wrong 144"
}

write_same() {
	head -c 512 /dev/urandom >"$tmp/block"
	run sg_write_same --10 --in="$tmp/block" --lba=8192 --num=512 "$sg"
	run sg_dd if="$sg" of="$tmp/data" bs=512 count=512 skip=8192
	for n in 0 1 255 511; do
		cmp -n 512 -i 0:$((n * 512)) "$tmp/block" "$tmp/data"
	done
	run sg_write_same --16 --unmap --in=/dev/zero --xferlen=512 --lba=8192 --num=512 "$sg"
	run sg_dd if="$sg" of="$tmp/data" bs=512 count=512 skip=8192
	cmp -n 262144 "$tmp/data" /dev/zero
	run_status 22 sg_write_same --16 --in="$tmp/block" --lba=131071 --num=2 "$sg"
	# LBDATA and PBDATA are obsolete
	run_status 5 sg_raw -s 512 -i "$tmp/block" "$sg" 41 02 00 00 00 00 00 00 01 00
}

read_and_write() {
	local len

	head -c 65536 /dev/urandom >"$tmp/data"
	for len in 6 10 12 16; do
		run sg_dd if="$tmp/data" of="$sg" bs=512 count=128 seek=$((len * 200)) cdbsz=$len
		rm -f "$tmp/back"
		run sg_dd if="$sg" of="$tmp/back" bs=512 count=128 skip=$((len * 200)) cdbsz=$len
		cmp "$tmp/data" "$tmp/back"
	done
	# WRITE AND VERIFY
	run sg_raw -s 512 -i "$tmp/data" "$sg" 2e 00 00 00 00 00 00 00 01 00
	run sg_raw -b -r 512 -o "$tmp/back" "$sg" 28 08 00 00 00 00 00 00 01 00
	cmp -n 512 "$tmp/data" "$tmp/back"
	# A buffer that is shorter, and longer, than what is read
	run sg_raw -r 1024 "$sg" 28 00 00 00 00 00 00 00 01 00
	has 'Received 512 bytes'
	out=$(sg_raw -r 512 "$sg" 28 00 00 00 00 00 00 00 02 00 2>&1) || :
	# Nothing, and the end
	run sg_raw "$sg" 28 00 00 00 00 00 00 00 00 00
	run sg_raw "$sg" 28 00 00 02 00 00 00 00 00 00
	run_status 22 sg_raw -r 512 "$sg" 28 00 00 02 00 00 00 00 01 00
	run_status 22 sg_raw -r 512 "$sg" 88 00 ff ff ff ff ff ff ff ff 00 00 00 01 00 00
	run_status 22 sg_raw -r 1024 "$sg" 28 00 00 01 ff ff 00 00 02 00
}

# refused STATUS CDB...: as SCSI, which sg_raw doubts when the length is odd
refused() {
	run_status "$1" sg_raw --cmdset=1 -r 4096 "$sg" "${@:2}"
}

malformed_commands() {
	# Operation codes and service actions that are not there
	refused 9 c0 00 00 00 00 00
	refused 9 ff 00 00 00 00 00 00 00 00 00
	refused 5 9e 1f 00 00 00 00 00 00 00 00 00 00 02 00 00 00
	refused 5 a3 1e 00 00 00 00 00 00 02 00 00 00
	# Protection information on a unit without, linked commands
	refused 5 28 e0 00 00 00 00 00 00 01 00
	refused 5 12 00 00 00 60 01
	# The beginning of a longer command
	refused 5 28 00 00 00 00 00
	refused 5 28 00 00 00 00 00 00 00 01
	refused 5 5a 00 0a 00 00 00
	refused 5 88 00 00 00 00 00 00 00 00 00
	refused 5 a0 00 00 00 00 00
	# Variable length CDBs: a length that lies, no room for the service action
	refused 5 7f 00 00 00 00 00 00 18 77 77 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 \
		00 00 00 00 00 00 01
	refused 5 7f 00 00 00 00 00 00 ff 77 77 00 00 00 00 00 00
	refused 5 7f 00 00 00 00 00 00 00 77 77
	refused 5 7f 00 00 00 00 00
	# Parameter lists: shorter and longer than they say, or than they must be
	run_status 5 sg_raw -s 24 -i /dev/urandom "$sg" 42 00 00 00 00 00 00 ff ff 00
	run_status 5 sg_raw -s 12 -i /dev/urandom "$sg" 15 10 00 00 ff 00
	run_status 5 sg_raw -s 4 -i /dev/zero "$sg" 55 10 00 00 00 00 00 00 03 00
	printf '\xff\xff\xff\xff\xff\xff\xff\xff' >"$tmp/list"
	run_status 5 sg_raw -s 8 -i "$tmp/list" "$sg" 42 00 00 00 00 00 00 00 08 00
	# The guest is alive, and so is the unit
	run sg_turs "$sg"
}

reset_during_io() {
	local n pid

	fio --name=bg --filename="$disk" --ioengine=libaio --direct=1 --rw=randrw --bs=4k \
		--size=32M --iodepth=32 --time_based --runtime=7200 --allow_file_create=0 \
		--verify=crc32c --verify_state_save=0 --verify_fatal=1 --thread \
		>"$tmp/fio.out" 2>&1 &
	pid=$!
	within 30 io_runs || fail "fio does not run: $(<"$tmp/fio.out")"
	for n in $(seq 1 "$(rounds 5 300)"); do
		run sg_reset -d "$sg"
		run sg_reset -t "$sg"
		sleep 0.2
		kill -0 "$pid" || fail "round $n: fio has ended: $(<"$tmp/fio.out")"
	done
	kill -INT "$pid"
	wait "$pid" || [ $? = 128 ] || fail "$(<"$tmp/fio.out")"
	expect_match "fio" "err= 0" "$(<"$tmp/fio.out")"
	sg_turs -n 3 "$sg" >/dev/null 2>&1 || :
	fio_verify "$disk" 4M
}

take_apart() {
	put "$scst_targets/tgt0/luns/clear" 1
	del_device disk01
	del_device disk02
	del_target tgt0
	scst_unload
}

kernel_log() {
	log_clean "$log" \
		any 'Power-on or device reset occurred' \
		any 'LUN assignments on this target have changed' \
		any 'Mode parameters changed' \
		any '(critical|I/O|protection|device|medium) .*error, dev sd' \
		any 'sd .*(tag#|Sense Key|Add. Sense|CDB|FAILED Result)'
}

scst_load
log=$(log_mark)
truncate -s 64M "$tmp/disk.img"
(
	set -e
	export_disk vdisk_fileio disk01 "filename=$tmp/disk.img thin_provisioned=1"
	add_device vdisk_nullio disk02 "size=$((1 << 30))"
	add_lun tgt0 1 disk02
) || exit 1
disk=$(disk_of tgt0 0)
sg=$(sg_of tgt0 0)
sg_turs "$sg" >/dev/null 2>&1
main inquiry vital_product_data allocation_length supported_opcodes one_opcode report_luns \
	unit_ready_and_sense mode_pages change_a_mode_page read_capacity verify \
	synchronize_cache unmap unmap_limits write_same read_and_write malformed_commands \
	reset_during_io take_apart kernel_log
