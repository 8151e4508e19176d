#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 SMP=1 TIMEOUT=180
# A user-space target driver on top of scst_local, in the six steps of
# Documentation/scst: a target, its transport, a session for each initiator,
# the initiator's TransportID, the session's sg devices, I/O through them.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

drv=$port_bus/drivers/scst_local
tgt=$scst_targets/iqn.2024-01.org.example:tgt
target=${tgt##*/}
initiators=(iqn.2024-01.org.example:init-a iqn.2024-01.org.example:init-b)

# iscsi_tid NAME: the TransportID of an iSCSI initiator device (SPC-6 7.6.4.6)
iscsi_tid() {
	local len=$((${#1} + 1))

	len=$(((len + 3) / 4 * 4))
	[ "$len" -ge 20 ] || len=20
	# shellcheck disable=SC2059  # the format is what is wanted
	printf "\\x05\\x00\\x$(printf %02x $((len >> 8)))\\x$(printf %02x $((len & 255)))"
	printf %s "$1"
	head -c $((len - ${#1})) /dev/zero
}

# unhex HEX: the bytes
unhex() {
	local i

	for ((i = 0; i < ${#1}; i += 2)); do
		printf %b "\\x${1:i:2}"
	done
}

# tid SESSION: its TransportID in hex
tid() {
	hex "$1/transport_id"
}

nr_sessions() {
	find "$tgt/sessions" -mindepth 1 -maxdepth 1 -name 'session*' | wc -l
}

# expect_tid ERRNO SESSION HEX
expect_tid() {
	local got

	got=$(unhex "$3" | "$wr" "$2/transport_id" -) || :
	expect "TransportID $3" "$1" "$got"
}

# version_descriptors SG: those of the INQUIRY data, bytes 58 to 73
version_descriptors() {
	sg_inq --raw --len=96 "$1" | hex - | cut -c117-148 | sed 's/..../& /g'
}

# expect_names SG: in VPD page 83h those of the port and of the target device, UTF-8 and
# padded with NULs, in page 88h that of the port
expect_names() {
	local device port page

	device=$(name_designator 28 "$target")
	port=$(name_designator 18 "$target,t,0x0001")
	page=$(sg_vpd -p 0x83 -r "$1" | hex -)
	[[ $page == *$device* ]] || fail "no $device in page 83h: $page"
	[[ $page == *$port* ]] || fail "no $port in page 83h: $page"
	page=$(sg_vpd -p 0x88 -r "$1" | hex -)
	[[ $page == *$port* ]] || fail "no $port in page 88h: $page"
	[[ $page != *$device* ]] || fail "$device in page 88h: $page"
}

# name_designator TYPE NAME: it in hex
name_designator() {
	local len=$(((${#2} + 4) / 4 * 4))

	printf '03%s00%02x' "$1" "$len"
	{
		printf %s "$2"
		head -c $((len - ${#2})) /dev/zero
	} | hex -
}

create_a_target() {
	truncate -s 64M "$tmp/disk"
	add_device vdisk_fileio disk01 "filename=$tmp/disk"
	add_device vdisk_nullio disk02 "size=1G"
	add_target "$target"
	add_lun "$target" 0 disk01
	add_lun "$target" 7 disk02
	expect "sessions" 0 "$(nr_sessions)"
}

set_its_transport() {
	expect "default SCSI transport" 0x0be0 "$(<"$tgt/scsi_transport_version")"
	expect "default physical transport" 0x0000 "$(<"$tgt/phys_transport_version")"
	expect "key attributes" "" "$(<"$tgt/key_attributes")"
	expect_errno EINVAL "$tgt/scsi_transport_version" iscsi
	expect_errno ERANGE "$tgt/scsi_transport_version" 0x10000
	put "$tgt/scsi_transport_version" 0x0960
	put "$tgt/phys_transport_version" 0x0da0
	expect "SCSI transport" 0x0960 "$(<"$tgt/scsi_transport_version")"
	expect "physical transport" 0x0da0 "$(<"$tgt/phys_transport_version")"
	expect "key attributes" "scsi_transport_version phys_transport_version" \
		"$(paste -sd' ' "$tgt/key_attributes")"
}

name_its_port() {
	local bad

	expect "default name" "" "$(<"$tgt/port_name")"
	for bad in x iqn "tgt,t,0x0001" "iqn.a b" "iqn.$(printf '%0248d' 0)"; do
		expect_errno EINVAL "$tgt/port_name" "$bad"
	done
	put "$tgt/port_name" "iqn.$(printf '%0247d' 0)"
	put "$tgt/port_name" $'\n'
	expect "no name" "" "$(<"$tgt/port_name")"
	put "$tgt/port_name" "$target,t,0x0001"
	expect "name" "$target,t,0x0001" "$(<"$tgt/port_name")"
	expect_match "key attributes" '^port_name$' "$(<"$tgt/key_attributes")"
}

create_a_session_for_each_initiator() {
	local name n

	n=$(<"$drv/stats/sessions")
	for name in "${initiators[@]}"; do
		add_session "$target" "$name"
	done
	expect "sessions" $((n + 2)) "$(<"$drv/stats/sessions")"
	for name in "${initiators[@]}"; do
		scsi_device_of "$target" 0 "$name"
		scsi_device_of "$target" 7 "$name"
	done
	expect_errno EEXIST "$drv/add_session" "$target ${initiators[0]}"
}

set_their_transport_ids() {
	local a b bad

	a=$(session_of "$target" "${initiators[0]}")
	b=$(session_of "$target" "${initiators[1]}")
	# SAS, with a locally assigned NAA designator
	expect_match "default TransportID" '^06000000(3.{15})0{24}$' "$(tid "$a")"
	expect_match "default TransportID" '^06000000(3.{15})0{24}$' "$(tid "$b")"
	[ "$(tid "$a")" != "$(tid "$b")" ] || fail "the sessions have one TransportID"

	for bad in 06 0600000030$(printf '%036d' 0) \
		4600000030$(printf '%038d' 0) \
		07$(printf '%046d' 0) 05$(printf '%046d' 0) \
		05000014$(printf '61%.0s' {1..20}) 05000010$(printf '61%.0s' {1..15})00 \
		45000014$(printf '61%.0s' {1..19})00 $(printf '%0600d' 0); do
		expect_tid EINVAL "$a" "$bad"
	done
	expect_match "TransportID" '^06000000(3.{15})0{24}$' "$(tid "$a")"

	iscsi_tid "${initiators[0]}" >"$tmp/tid.a"
	iscsi_tid "${initiators[1]}" >"$tmp/tid.b"
	expect "setting it" OK "$("$wr" "$a/transport_id" - <"$tmp/tid.a")"
	expect "setting it" OK "$("$wr" "$b/transport_id" - <"$tmp/tid.b")"
	cmp "$a/transport_id" "$tmp/tid.a"
	cmp "$b/transport_id" "$tmp/tid.b"
}

find_their_sg_devices() {
	local name sg list=""

	for name in "${initiators[@]}"; do
		for lun in 0 7; do
			sg=$(sg_of "$target" "$lun" "$name")
			[ -c "$sg" ] || fail "$sg is no device"
			list+="$sg "
		done
	done
	expect "distinct devices" 4 "$(tr ' ' '\n' <<<"$list" | grep . | sort -u | wc -l)"
	msg "$list"
}

serve_the_initiators() {
	local name sg n=0

	for name in "${initiators[@]}"; do
		sg=$(sg_of "$target" 0 "$name")
		# A new nexus begins with a unit attention, which sg passes on
		sg_turs "$sg" || sg_turs "$sg"
		expect_match "version descriptors" '(^| )0960 ' "$(version_descriptors "$sg")"
		expect_match "version descriptors" '(^| )0da0 ' "$(version_descriptors "$sg")"
		expect_names "$sg"
		n=$((n + 1))
		head -c 1M /dev/urandom >"$tmp/data$n"
		sg_dd if="$tmp/data$n" of="$sg" bs=512 count=2048 seek=$((n * 4096)) 2>&1
	done
	sg_sync "$sg"

	# What one initiator wrote, the other reads
	sg=$(sg_of "$target" 0 "${initiators[0]}")
	sg_dd if="$sg" of="$tmp/got2" bs=512 count=2048 skip=8192 2>&1
	sg=$(sg_of "$target" 0 "${initiators[1]}")
	sg_dd if="$sg" of="$tmp/got1" bs=512 count=2048 skip=4096 2>&1
	cmp "$tmp/data1" "$tmp/got1"
	cmp "$tmp/data2" "$tmp/got2"
	cmp -i $((8192 * 512)):0 -n 1048576 "$tmp/disk" "$tmp/data2"
}

# asc SG: the additional sense code of a unit attention, or nothing
asc() {
	sg_turs "$1" -vv 2>&1 | sed -n 's/.*Additional sense: //p'
}

tell_of_another_transport() {
	local name n sg=()

	for name in "${initiators[@]}"; do
		sg+=("$(sg_of "$target" 0 "$name")")
		sg_turs -n 4 "${sg[-1]}" >/dev/null 2>&1 || :
		expect "$name before" "" "$(asc "${sg[-1]}")"
	done
	put "$tgt/scsi_transport_version" 0x0940
	for n in 0 1; do
		expect "${initiators[n]}" "Inquiry data has changed" "$(asc "${sg[n]}")"
	done
	# The same again is no change
	put "$tgt/scsi_transport_version" 0x0940
	for n in 0 1; do
		expect "${initiators[n]}, the same" "" "$(asc "${sg[n]}")"
		expect_match "version descriptors" '(^| )0940 ' "$(version_descriptors "${sg[n]}")"
	done
	put "$tgt/scsi_transport_version" 0x0960
}

follow_the_lun_map() {
	local name

	add_lun "$target" 300 disk02
	for name in "${initiators[@]}"; do
		scsi_device_of "$target" $((0x4000 + 300)) "$name"
	done
	del_lun "$target" 300
	for name in "${initiators[@]}"; do
		! scsi_device_of "$target" $((0x4000 + 300)) "$name" ||
			fail "LUN 300 is still there"
	done
	add_lun "$target" 300 disk02
	for name in "${initiators[@]}"; do
		scsi_device_of "$target" $((0x4000 + 300)) "$name"
	done
	del_lun "$target" 300
}

refuse_what_is_wrong() {
	expect_errno ENOENT "$drv/add_session" "nobody host0"
	expect_errno EINVAL "$drv/add_session" "$target"
	expect_errno EINVAL "$drv/add_session" "$target two words"
	expect_errno EINVAL "$drv/add_session" "$target $(printf '%0256d' 0)"
	expect_errno ENOENT "$drv/del_session" "$target nobody"
	expect_errno ENOENT "$drv/del_session" "nobody host0"
	expect_errno EEXIST "$drv/add_target" "$target"
	expect_errno EINVAL "$drv/add_target" "tgt1 colour=blue"
	expect_errno EINVAL "$drv/add_target" "tgt1 session_name"
	expect_errno EEXIST "$drv/add_target" "tgt1 session_name=a; session_name=a"
	[ ! -e "$scst_targets/tgt1" ] || fail "a refused target is there"
}

disable_and_enable() {
	put "$tgt/enabled" 0
	expect "sessions" 0 "$(nr_sessions)"
	expect_errno ENODEV "$drv/add_session" "$target ${initiators[0]}"
	put "$tgt/enabled" 1
	expect "sessions" 0 "$(nr_sessions)"
	add_session "$target" "${initiators[0]}"
	disk_of "$target" 0 "${initiators[0]}"
}

# Of those who end a session at the same time one does it
end_a_session_once() {
	local i n dir ok

	for ((i = 0; i < $(rounds 5 200); i++)); do
		add_session "$target" "${initiators[1]}"
		dir=$(session_of "$target" "${initiators[1]}")
		for n in 1 2 3; do
			"$wr" "$drv/del_session" "$target ${initiators[1]}" >"$tmp/end.$n" &
		done
		for n in 4 5 6; do
			"$wr" "$dir/close" 1 >"$tmp/end.$n" &
		done
		wait
		ok=$(cat "$tmp"/end.? | grep -c OK)
		expect "writers that ended it" 1 "$ok"
		! grep -vE '^(OK|ENOENT|ENODEV)$' "$tmp"/end.? || fail "wrong errno"
	done
}

delete_the_target() {
	del_target "$target"
	[ ! -e "$tgt" ] || fail "the target is still there"
	expect_errno ENOENT "$drv/del_target" "$target"
	expect "sessions" 0 "$(<"$drv/stats/sessions")"
	del_device disk01
	del_device disk02
	scst_unload
}

scst_load
main create_a_target set_its_transport name_its_port create_a_session_for_each_initiator \
	set_their_transport_ids find_their_sg_devices serve_the_initiators \
	tell_of_another_transport follow_the_lun_map refuse_what_is_wrong disable_and_enable \
	end_a_session_once delete_the_target
