#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=2 TIMEOUT=240
# Two initiators share a device of this host, which takes them for one: reservations, unit
# attentions and task management are as if it knew both.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pr_lib.sh
. "$(dirname "$0")/pr_lib.sh"
# shellcheck source=pass_lib.sh
. "$(dirname "$0")/pass_lib.sh"

# The same device for all tests, by $a and $b
setup() {
	serve_two 1
	a=$sg
	b=$sgb
	# The device may have told one of them what others are to hear
	clear_uas "$dsg" "$a" "$b"
}

# How many commands with this operation code the device got
sent() {
	log_since "$log" | grep -c "scsi_debug: tag=.*, cmd $1 " || :
}

reserve_and_release() {
	local n

	setup
	echo 1 >"$adapters/opts"
	n=$(sent 16)
	ends good "$a" 160000000000
	ends conflict "$b" 28000000000000000100 -i 512
	ends conflict "$b" 160000000000
	ends conflict "$b" 2a000000000000000100 -o "$zeros"
	expect READ good "$(reads "$a")"
	# Those who did not reserve release nothing
	ends good "$b" 170000000000
	expect WRITE conflict "$(writes "$b")"
	ends good "$a" 170000000000
	expect WRITE good "$(writes "$b")"
	ends good "$b" 56000000000000000000
	expect READ conflict "$(reads "$a")"
	# A reset of the unit ends it
	quiet sg_reset -N -d "$a"
	clear_uas "$a" "$b"
	expect READ good "$(reads "$a")"
	# The device heard nothing of them
	expect "RESERVE(6) of the device" "$n" "$(sent 16)"
	echo 0 >"$adapters/opts"
}

persistent_reservations() {
	local n

	setup
	echo 1 >"$adapters/opts"
	n=$(sent 5f)
	pr good "$a" register 0 0 a a
	pr good "$b" register 0 0 b
	pr good "$a" reserve 1 a 0
	expect "READ of b" good "$(reads "$b")"
	expect "WRITE of b" conflict "$(writes "$b")"
	expect "UNMAP of b" conflict "$(scsi "$b" 42000000000000001800 -o "$(printf %048d 0)")"
	expect "WRITE of a" good "$(writes "$a")"
	expect_match "file of its state" '^[^/]+$' "$(ls "$store")"
	pr good "$b" preempt 1 b a
	expect "WRITE of b" good "$(writes "$b")"
	uas 6/2a/05 "$a"
	expect "WRITE of a" conflict "$(writes "$a")"
	expect registrants 1 "$(<"$unit/reservation/nr_registrants")"
	pr good "$b" clear 0 b 0
	expect "WRITE of a" good "$(writes "$a")"
	expect "PERSISTENT RESERVE OUT of the device" "$n" "$(sent 5f)"
	echo 0 >"$adapters/opts"
}

# The reservation is the device's, whatever unit of the bus it has come to be
a_reservation_survives_the_handler() {
	setup
	pr good "$a" register 0 0 a a
	pr good "$a" reserve 3 a 0
	del_lun tgt0 0
	put "$dev_bus/drivers/dev_disk/del_device" "$hctl"
	put "$dev_bus/drivers/dev_disk/add_device" "$hctl"
	add_lun tgt0 0 "$hctl"
	setup
	expect "WRITE of b" conflict "$(writes "$b")"
	expect "WRITE of a" good "$(writes "$a")"
	pr good "$a" clear 0 a 0
	clear_uas "$a" "$b"
	expect "WRITE of b" good "$(writes "$b")"
}

# attention WANT KEY ASC ASCQ: the device reports one to whoever comes first
attention() {
	fail_next 00 "$2" "$3" "$4"
	expect "the first one" "$1" "$(ready "$a")"
	uas "$1" "$b"
	inject_none 2 00
	uas "" "$a"
	uas "" "$b"
}

attentions() {
	setup
	# Not ready to ready, a changed capacity, microcode, and one that has no name here
	attention 6/28/00 6 28 0
	attention 6/2a/09 6 2a 9
	attention 6/3f/01 6 3f 1
	attention 6/38/07 6 38 7
	# For others a reset is what the core says of one
	fail_next 00 6 29 4
	expect "the first one" 6/29/04 "$(ready "$a")"
	uas 6/29/03 "$b"
	inject_none 2 00
}

# Which one is reported first does not matter
several_attentions() {
	local got

	setup
	fail_next 00 6 2a 9
	expect "the first" 6/2a/09 "$(ready "$a")"
	inject_none 2 00
	fail_next 00 6 28 0
	expect "the second" 6/28/00 "$(ready "$a")"
	inject_none 2 00
	got=$(ready "$b"; ready "$b")
	expect "those of b" "6/28/00 6/2a/09" "$(sort <<<"$got" | xargs)"
	uas "" "$b"
}

# Of those that have no name here either, each is reported once, and in their order
several_without_a_name() {
	local code

	setup
	for code in 3f:1 b:1 5a:1 b:1; do
		fail_next 00 6 "${code%:*}" "${code#*:}"
		ready "$a" >/dev/null
		inject_none 2 00
	done
	uas "6/3f/01 6/0b/01 6/5a/01" "$b"
	uas "" "$a"
}

# caching_page SG: as MODE SELECT(6) takes it
caching_page() {
	local data

	data=$(scsi "$1" 1a0808001800 -i 24 | sed -n 2p)
	expect "bytes of the caching page" 24 $((${#data} / 2))
	printf '00%s00%s' "${data:2:2}" "${data:6}"
}

# What it has forgotten holds here no longer either
a_reset_by_others() {
	local n

	setup
	ends good "$a" 1e0000000100
	ends good "$b" 1e0000000100
	ends good "$a" 160000000000
	fail_next 00 6 29 0
	expect "a" 6/29/00 "$(ready "$a")"
	inject_none 2 00
	uas 6/29/03 "$b"
	expect "READ of b" good "$(reads "$b")"
	# Nobody prevents removal, so that the device hears of who allows it
	echo 1 >"$adapters/opts"
	n=$(sent 1e)
	ends good "$a" 1e0000000000
	expect "ALLOW MEDIUM REMOVAL of the device" $((n + 1)) "$(sent 1e)"
	echo 0 >"$adapters/opts"
}

# Those of this host's own nexus are none of theirs
attentions_of_the_host() {
	local code

	setup
	for code in 2a:3 2a:6 3f:e; do
		fail_next 00 6 "${code%:*}" "${code#*:}"
		uas "" "$a"
		inject_none 2 00
		uas "" "$b"
	done
}

# tells WANT CDB [OPTION...]: what a has done b hears of
tells() {
	ends good "$a" "${@:2}"
	expect "b after ${2:0:4}" "$1" "$(ready "$b")"
	clear_uas "$a" "$b"
}

# pretend OPCODE: the device says GOOD to a command that it may not know
pretend() {
	inject 2 1 "$1" 0 0 0 0 0 0
}

what_others_have_done() {
	setup
	pretend 4c
	tells 6/2a/02 4c000000000000000000
	inject_none 2 4c
	pretend 04
	tells 6/2a/09 040000000000
	inject_none 2 04
	pretend a4
	tells 6/2a/10 a40f00000000000000000000
	inject_none 2 a4
	pretend 3b
	tells 6/3f/01 3b050000000000000000
	inject_none 2 3b
	pretend a4
	tells 6/3f/05 a40600000000000000000000
	inject_none 2 a4
}

# Who has no room for what the device would say is not told, and takes it from nobody
request_sense_without_room() {
	local n len

	setup
	echo 1 >"$adapters/opts"
	n=$(sent 03)
	for len in 0 1 2; do
		ends good "$a" "030000000${len}00" -i 4
	done
	expect "REQUEST SENSE of the device" "$n" "$(sent 03)"
	ends good "$a" 030000001200 -i 18
	expect "REQUEST SENSE of the device" $((n + 1)) "$(sent 03)"
	echo 0 >"$adapters/opts"
	uas "" "$b"
}

# What a copy meets there, not even the one who wants it copied is told by its end
attention_of_a_copy() {
	local got

	setup
	expect "copy" good "$("$xcopy" send -c "$a" -s 0,0,1,0,8 "$a")"
	fail_next 28 6 2a 9
	got=$("$xcopy" send -c "$a" -s 0,0,1,0,8 "$a") || :
	inject_none 2 28
	[ "$got" != good ] || fail "the copy has met nothing"
	uas 6/2a/09 "$a"
	uas 6/2a/09 "$b"
}

# What one has changed the other one is told, by the core and maybe by the device too
mode_parameters() {
	local page changed

	setup
	page=$(caching_page "$a")
	# Write cache off, or on
	changed=${page:0:12}$(printf %02x $((0x${page:12:2} ^ 4)))${page:14}
	ends good "$a" 151000001800 -o "$changed"
	expect "b is told" 6/2a/01 "$(ready "$b")"
	clear_uas "$a" "$b"
	expect "what b sees" "$changed" "$(caching_page "$b")"
	ends good "$a" 151000001800 -o "$page"
	expect "b is told" 6/2a/01 "$(ready "$b")"
	clear_uas "$a" "$b"
}

# What the device has in its cache is on the medium when nothing is to change any more
blocked_units_are_flushed() {
	local n

	setup
	echo 1 >"$adapters/opts"
	n=$(sent 35)
	put "$unit/blocked" 1
	put "$unit/blocked" 0
	expect "SYNCHRONIZE CACHE of the device" $((n + 1)) "$(sent 35)"
	echo 0 >"$adapters/opts"
	# It is being formatted
	fail_next 35 2 4 4
	expect_errno EBUSY "$unit/blocked" 1
	inject_none 2 35
	expect blocked 0 "$(<"$unit/blocked")"
	# It has no cache
	fail_next 35 5 20 0
	put "$unit/blocked" 1
	put "$unit/blocked" 0
	inject_none 2 35
	expect READ good "$(reads "$a")"
}

# Blocks of another size are not copied until the initiators know of it
another_block_size() {
	setup
	expect "3PC" 8 $(($(byte 5 "$a") & 8))
	pretend 15
	ends good "$a" 151000000c00 -o 000000080000000000000200
	inject_none 2 15
	expect "3PC with blocks as before" 8 $(($(byte 5 "$a") & 8))
	pretend 15
	ends good "$a" 151000000c00 -o 000000080000000000001000
	inject_none 2 15
	expect "3PC with other blocks" 0 $(($(byte 5 "$a") & 8))
	clear_uas "$a" "$b"
	quiet sg_readcap "$a"
	expect "3PC when they are known" 8 $(($(byte 5 "$a") & 8))
}

# byte N: of standard INQUIRY data, by which device
byte() {
	local data

	data=$(scsi "$2" 120000006000 -i 96 | sed -n 2p)
	echo $((0x${data:$((2 * $1)):2}))
}

# Ports, groups of ports and tasks are the core's; the rest is the device's
inquiry_is_true() {
	local n page

	setup
	unserve
	# It has target port groups
	debug_device max_luns=1 vpd_use_hostno=0
	serve dev_disk
	a=$sg
	clear_uas "$dsg" "$a"
	for n in 0 1 2 4; do
		expect "byte $n" "$(byte $n "$dsg")" "$(byte $n "$a")"
	done
	# NORMACA and HISUP
	expect "byte 3" $(($(byte 3 "$dsg") | 0x20)) "$(byte 3 "$a")"
	expect_match "TPGS of the device" '^[1-9]' $(($(byte 5 "$dsg") & 0x30))
	# There are no device groups; copies are the core's
	expect "byte 5" $(($(byte 5 "$dsg") & ~0x31 | 0x08)) "$(byte 5 "$a")"
	expect "MULTIP" 16 $(($(byte 6 "$a") & 0x10))
	expect "CMDQUE" 2 $(($(byte 7 "$a") & 2))
	page=$(sg_vpd --page=sv "$dsg")
	expect_match "pages of the device" 'SCSI ports' "$page"
	page=$(sg_vpd --page=sv "$a")
	expect_match "pages" 'Device identification' "$page"
	expect_failure grep -q 'SCSI ports' <<<"$page"
	# As much of it as there is room for
	page=$(scsi "$a" 12010000ff00 -i 255 | sed -n 2p)
	expect_match "page 00h" '^0000' "$page"
	for n in 4 8 12; do
		expect "$n bytes of it" "${page:0:2 * n}" \
			"$(scsi "$a" "120100$(printf %04x "$n")00" -i "$n" | sed -n 2p)"
	done
	for n in 88 8f 90 91; do
		ends 5/24/00 "$a" "1201${n}00ff00" -i 255
	done
	unserve
	no_debug
}

# They see the same unit, by ports that are ours
identification() {
	local file

	setup
	for file in 80 83; do
		sg_vpd --page=0x$file --raw "$a" >"$tmp/a"
		sg_vpd --page=0x$file --raw "$b" >"$tmp/b"
		[ -s "$tmp/a" ] || fail "page $file is empty"
		cmp "$tmp/a" "$tmp/b" || fail "page $file"
	done
	sg_vpd --page=di "$dsg" | grep -A1 -i 'NAA' | grep 0x >"$tmp/device"
	sg_vpd --page=di "$a" >"$tmp/unit"
	[ -s "$tmp/device" ] || fail "the device has no NAA name"
	grep -qF "$(grep -o '0x.*' "$tmp/device" | head -n 1)" "$tmp/unit" ||
		fail "not the name of the device: $(<"$tmp/unit")"
	expect "its port" "$(printf 0x%x "$(<"$scst_targets/tgt0/rel_tgt_id")")" \
		"$(sed -n 's/.*Relative target port: //p' "$tmp/unit")"
}

# What the device says of its own ports is not what counts
asymmetric_access() {
	local group=$device_groups/dg0/target_groups/tpg0

	setup
	put "$device_groups/add" dg0
	put "$device_groups/dg0/devices/add" "$hctl"
	put "${group%/*}/add" tpg0
	put "$group/group_id" 77
	put "$group/targets/add" tgt0
	clear_uas "$a" "$b"
	expect_match TPGS 'TPGS=1' "$(sg_inq "$a")"
	expect_match "designators" 'Target port group: 0x4d' "$(sg_vpd -p di "$a")"
	expect_match "REPORT TARGET PORT GROUPS" 'target port group id : 0x4d' "$(sg_rtpg "$a")"
	put "$group/state" standby
	clear_uas "$a" "$b"
	expect READ 2/04/0b "$(reads "$a")"
	expect WRITE 2/04/0b "$(writes "$b")"
	ends good "$a" 120000002400 -i 36
	put "$group/state" active/optimized
	clear_uas "$a" "$b"
	expect READ good "$(reads "$a")"
	expect WRITE good "$(writes "$b")"
	put "$device_groups/dg0/devices/del" "$hctl"
	put "$device_groups/del" dg0
	clear_uas "$a" "$b"
	expect_match TPGS 'TPGS=0' "$(sg_inq "$a")"
}

# Both use it at once, while one of them resets it
io_of_both() {
	local n pid

	setup
	disk=$(disk_of tgt0 0 host1)
	fio --name=a --filename="$disk" --ioengine=libaio --direct=1 \
		--rw=randread --bs=4k --size=8M --time_based --runtime=7200 --iodepth=8 \
		--allow_file_create=0 --thread >"$tmp/bg.out" 2>&1 &
	pid=$!
	within 30 io_runs || fail "fio does not run: $(<"$tmp/bg.out")"
	for n in 1 2 3; do
		quiet sg_reset -N -d "$a"
		sleep 0.3
		kill -0 $pid || fail "reset $n: $(<"$tmp/bg.out")"
	done
	kill -INT $pid
	wait $pid || [ $? = 128 ] || fail "$(<"$tmp/bg.out")"
	clear_uas "$a" "$b"
	fio_verify "$(disk_of tgt0 0 host0)" 1M
}

take_apart() {
	pass_take_apart
	rm -rf "$store"
}

pass_load scst_disk scst_local
pr_cmd=$(helper pr_cmd) || skip_all "no helper program pr_cmd"
xcopy=$(helper xcopy) || skip_all "no helper program xcopy"
dmesg --console-level warn
mkdir -p "$store"
log=$(log_mark)
main reserve_and_release persistent_reservations a_reservation_survives_the_handler \
	attentions a_reset_by_others several_attentions several_without_a_name \
	attentions_of_the_host what_others_have_done request_sense_without_room \
	attention_of_a_copy mode_parameters another_block_size \
	blocked_units_are_flushed inquiry_is_true identification asymmetric_access \
	io_of_both take_apart
