#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=512 SMP=1 TIMEOUT=240
# What a disk is known by: standard INQUIRY data and vital product data, their
# attributes, and who is told when they change.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# All tests have the same disk
after_failure() {
	:
}

run() {
	out=$("$@" 2>&1) || fail "$*: status $?: $out"
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

# vpd PAGE [SG]: its bytes as hex digits
vpd() {
	sg_raw -b -r 4096 "${2:-$sg}" 12 01 "$1" 10 00 00 2>/dev/null | hex -
}

# expect_changed SG: INQUIRY DATA HAS CHANGED, once
expect_changed() {
	local status=0

	out=$(sg_raw "$1" 00 00 00 00 00 00 2>&1) || status=$?
	expect "status of TEST UNIT READY on $1 ($out)" 6 "$status"
	has 'Inquiry data has changed'
	run sg_turs "$1"
}

# set_id ATTRIBUTE VALUE: both initiators are told
set_id() {
	put "$scst_devices/disk01/$1" "$2"
	expect_changed "$sg"
	expect_changed "$sg2"
}

version_descriptors() {
	run sg_inq -d "$sg"
	has 'version=0x06' 'SAM-6' 'SPC-4' 'SPC-5' 'SBC-3' 'SBC-4' 'SAS'
}

all_pages() {
	local page

	run sg_vpd "$sg"
	has 'Unit serial number' 'Device identification' 'Extended inquiry data' \
		'Mode page policy' 'SCSI ports' 'Block limits \(SBC\)' \
		'Block device characteristics' 'Logical block provisioning' \
		'Block limits extension'
	has_not 'Management network addresses'
	for page in 80 83 86 87 88 b0 b1 b2 b7; do
		run sg_vpd -p "0x$page" "$sg"
		has_not 'unable to decode|malformed|truncated|too short|unexpected'
		[[ $(vpd $page) == 00$page* ]] || fail "page $page: $(vpd $page)"
	done
	run sg_vpd -p bdc "$sg"
	has 'FUAB=1' 'VBULS=1'
	run sg_vpd -p mpp "$sg"
	has 'Policy page code: 0x3f, +subpage code: 0xff' 'shared'
}

# Each page is cut off where the allocation length says, and nowhere else
allocation_length() {
	local page len full

	for page in 00 83 88 b0; do
		full=$(vpd $page)
		expect "PAGE LENGTH of $page" $((${#full} / 2 - 4)) $((0x${full:4:4}))
		for len in 0 1 4 7 $((${#full} / 2 - 1)); do
			out=$(sg_raw -b -r 4096 "$sg" 12 01 $page 00 "$(printf %02x "$len")" 00 \
				2>/dev/null | hex -)
			expect "page $page, $len bytes" "${full:0:$((len * 2))}" "$out"
		done
	done
}

# The ports of all targets that have the unit in their LUN map
scsi_ports() {
	local id0 id1

	id0=$(<"$scst_targets/tgt0/rel_tgt_id")
	run sg_vpd -p sp "$sg"
	has "Relative port.*=$id0\$|Relative target port.* $id0\$|port.*$id0"
	expect "descriptors" $((4 + 24)) $(($(vpd 88 | wc -c) / 2))

	add_target tgt1 session_name=host1
	expect "not mapped" $((4 + 24)) $(($(vpd 88 | wc -c) / 2))
	add_lun tgt1 7 disk01
	expect "mapped" $((4 + 48)) $(($(vpd 88 | wc -c) / 2))
	id1=$(<"$scst_targets/tgt1/rel_tgt_id")
	out=$(vpd 88)
	expect "first port" "$(printf 0000%04x "$id0")" "${out:8:8}"
	expect "second port" "$(printf 0000%04x "$id1")" "${out:56:8}"
	# By both ways the same list, and each says which port it is
	expect "by the other port" "$out" "$(vpd 88 "$(sg_of tgt1 7)")"
	[ "${out:40:16}" != "${out:88:16}" ] || fail "two ports of one name"
	[[ $(vpd 83) == *"${out:40:16}"* ]] || fail "page 83h does not name its port"

	put "$scst_targets/tgt1/enabled" 0
	put "$scst_targets/tgt1/rel_tgt_id" 4321
	expect_changed "$sg"
	expect_changed "$sg2"
	out=$(vpd 88)
	expect "new identifier" 000010e1 "${out:56:8}"
	put "$scst_targets/tgt1/luns/clear" 1
	expect "unmapped" $((4 + 24)) $(($(vpd 88 | wc -c) / 2))
	del_target tgt1
}

# The NAA designator is there by default, and follows t10_dev_id
naa() {
	local naa

	naa=$(<"$scst_devices/disk01/naa_id")
	expect_match "default" '^3[0-9a-f]{15}$' "$naa"
	[[ $(vpd 83) == *01030008"$naa"* ]] || fail "page 83h: $(vpd 83)"
	set_id t10_dev_id other
	[ "$naa" != "$(<"$scst_devices/disk01/naa_id")" ] || fail "naa_id stayed"

	set_id naa_id 0x5000C50012345678
	expect "naa_id" 5000c50012345678 "$(<"$scst_devices/disk01/naa_id")"
	run sg_vpd -p di "$sg"
	has 'designator type: NAA' '0x5000c50012345678'
	expect_match "key attributes" '^naa_id$' "$(<"$scst_devices/disk01/key_attributes")"
	set_id naa_id 6000c500123456789abcdef012345678
	run sg_vpd -p di "$sg"
	has 'designator type: NAA' '0x6000c500123456789abcdef012345678'
	for bad in 1000c50012345678 5000c5001234567 6000c50012345678 x 0x \
		5000c5001234567g 6000c500123456789abcdef0123456789; do
		[ $bad = 0x ] || expect_errno EINVAL "$scst_devices/disk01/naa_id" $bad
	done
	set_id naa_id $'\n'
	expect_match "default" '^3[0-9a-f]{15}$' "$(<"$scst_devices/disk01/naa_id")"
}

other_identifiers() {
	set_id eui64_id 0x0123456789ABCDEF
	run sg_vpd -p di "$sg"
	has 'EUI-64' '0x0123456789abcdef'
	set_id eui64_id 0123456789abcdef01234567
	run sg_vpd -p di "$sg"
	set_id eui64_id 0123456789abcdef0123456789abcdef
	run sg_vpd -p di "$sg"
	expect_errno EINVAL "$scst_devices/disk01/eui64_id" 0123456789abcde
	set_id eui64_id $'\n'

	set_id scsi_device_name iqn.2026-11.org.example:disk
	run sg_vpd -p di "$sg"
	has 'Target device that contains' 'SCSI name string' 'iqn.2026-11.org.example:disk'
	expect_errno EINVAL "$scst_devices/disk01/scsi_device_name" disk
	set_id vend_specific_id "a vendor's"
	run sg_vpd -p di "$sg"
	has 'vendor specific' "a vendor's"
	set_id usn 4711
	run sg_vpd -p sn "$sg"
	has 'serial number: 4711$'
	set_id inq_vend_specific "01234567890123456789"
	out=$(sg_raw -b -r 96 "$sg" 12 00 00 00 60 00 2>/dev/null | tail -c +37 | head -c 20)
	expect "bytes 36 to 55" 01234567890123456789 "$out"
	expect_errno EINVAL "$scst_devices/disk01/inq_vend_specific" 012345678901234567890
}

management_address() {
	set_id management_address "https://[2001:db8::1]/"
	run sg_vpd "$sg"
	has 'Management network addresses'
	run sg_vpd -p mna "$sg"
	has 'https://\[2001:db8::1\]/'
	set_id management_address $'\n'
	expect "gone" "" "$(vpd 85)"
}

limits() {
	run sg_vpd -p bl "$sg"
	has 'Optimal transfer length: 1024 blocks'
	set_id opt_trans_len 65536
	run sg_vpd -p bl "$sg"
	has 'Optimal transfer length: 128 blocks'
	expect_errno EINVAL "$scst_devices/disk01/opt_trans_len" 1000
	set_id opt_trans_len 0

	add_device vdisk_nullio disk02 \
		"size=1G lb_per_pb_exp=3 lbprz=1 thin_provisioned=1 opt_trans_len=4096"
	expect_match "key attributes" 'lb_per_pb_exp' "$(<"$scst_devices/disk02/key_attributes")"
	add_lun tgt0 1 disk02
	out=$(sg_readcap --16 "$(sg_of tgt0 1)")
	has 'lbprz=1' 'per physical block exponent=3'
	del_lun tgt0 1
	del_device disk02
}

take_apart() {
	put "$scst_targets/tgt0/luns/clear" 1
	del_device disk01
	del_target tgt0
	scst_unload
}

kernel_log() {
	log_clean "$log" any '(Power-on|Inquiry data has changed|LUN assignments on this)' \
		any ': (naa_id|eui64_id|scsi_device_name|inq_vend_specific|opt_trans_len): want'
}

scst_load
log=$(log_mark)
truncate -s 64M "$tmp/disk.img"
(
	set -e
	export_disk vdisk_fileio disk01 "filename=$tmp/disk.img"
	add_session tgt0 host1
	disk_of tgt0 0 host1 >/dev/null
) || exit 1
disk=$(disk_of tgt0 0 host0)
sg=$(sg_of tgt0 0 host0)
sg2=$(sg_of tgt0 0 host1)
sg_turs -n 3 "$sg" >/dev/null 2>&1
sg_turs -n 3 "$sg2" >/dev/null 2>&1
main version_descriptors all_pages allocation_length scsi_ports naa other_identifiers \
	management_address limits take_apart kernel_log
