#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=1 TIMEOUT=400
# Mode pages by sg3_utils and sdparm: every field that can be changed, what is
# refused, and values that are saved.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

store=/var/lib/scst/mode
# What sd says of the unit attention of a new nexus
power_on='sd .*Power-on or device reset occurred'

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

# make_disk: disk01, as it is after a restart
make_disk() {
	export_disk vdisk_fileio disk01 "filename=$tmp/disk01.img"
	sg=$(sg_of tgt0 0)
	sg_turs -n 5 "$sg" >/dev/null 2>&1 || :
}

drop_disk() {
	unexport_disk disk01
}

after_failure() {
	cleanup_devices
	[ ! -e "$device_groups/dg0" ] || put "$device_groups/del" dg0
	! mountpoint -q "$store" || umount "$store"
	rm -rf "$store"
	mkdir -p "$store"
	make_disk
}

# value FIELD [current|changeable|default|saved]: as sdparm has it.  Its columns
# are the current, changeable, default and saved values.
value() {
	local line

	line=$(sdparm --get="$1" "$sg" | tail -n 1) || return
	case ${2:-current} in
	current) awk '{ print $2 }' <<<"$line" ;;
	changeable) sed -nE 's/.*cha: *([0-9a-z]+).*/\1/p' <<<"$line" ;;
	default) sed -nE 's/.*def: *([0-9]+).*/\1/p' <<<"$line" ;;
	saved) sed -nE 's/.*sav: *([0-9]+).*/\1/p' <<<"$line" ;;
	esac
}

# has_value FIELD VALUE [WHICH]
has_value() {
	local got

	got=$(value "$1" "${3-}")
	expect "$1 (${3:-current})" "$2" "$got"
}

# set_value FIELD=VALUE [OPTION...]
set_value() {
	local what=$1

	shift
	run sdparm --quiet "--set=$what" "$@" "$sg"
}

# page PAGE [SUBPAGE]: its bytes, by MODE SENSE(10) without a block descriptor
page() {
	sg_raw -b -r 252 "$sg" 5a 08 "$1" "${2:-00}" 00 00 00 00 fc 00 2>/dev/null |
		od -An -v -tx1 -j8 | tr -d '\n'
}

# select_raw CDB1 LIST...: MODE SELECT(6) of a list of bytes
select_raw() {
	local cdb1=$1

	shift
	# shellcheck disable=SC2059  # a string of \x escapes
	printf "$(printf '\\x%s' "$@")" >"$tmp/list"
	sg_raw -s $# -i "$tmp/list" "$sg" 15 "$cdb1" 00 00 "$(printf %02x $#)" 00
}

# --- Tests

every_page_is_there() {
	local p

	run sg_modes -a "$sg"
	has 'Caching' 'Control' 'Power condition' 'Disconnect' \
		'Informational exceptions' 'Read-Write error'
	for p in 00 01 02 08 0a 1a 1c; do
		run sg_modes -p "0x$p" "$sg"
		run sg_modes -6 -p "0x$p" "$sg"
		run sg_modes -c 1 -p "0x$p" "$sg"
		run sg_modes -c 2 -p "0x$p" "$sg"
		run sg_modes -c 3 -p "0x$p" "$sg"
	done
	run sg_modes -p 0x0a,1 "$sg"
	run sg_modes -p 0x3f,0xff "$sg"
	run_status 5 sg_raw -r 252 "$sg" 1a 00 00 01 fc 00
	run_status 5 sg_raw -r 252 "$sg" 1a 00 03 00 fc 00
	run_status 5 sg_raw -r 252 "$sg" 1a 00 0a 02 fc 00
	# It asks for pages that a disk need not have, too, hence the status.
	out=$(sdparm --all "$sg" 2>&1) || :
	has 'WCE +1 .*cha: y, def: +1, sav: +1' 'TST +1 .*cha: y' 'QAM +1 .*cha: n' \
		'Power condition mode page' 'Informational exceptions'
}

# change FIELD VALUE...: each of them, then the default one.  Not by --defaults: sdparm
# 1.12 takes the default page, which it gets, for one that is not supported.
change() {
	local field=$1 v

	shift
	for v; do
		set_value "$field=$v"
		has_value "$field" "$v"
	done
	set_value "$field=$(value "$field" default)"
	has_value "$field" "$(value "$field" default)"
}

every_field_can_be_changed() {
	local field

	change WCE 0 1
	change RCD 1 0
	change TST 0 1
	for field in TMF_ONLY DPICZ D_SENSE SWP TAS; do
		change "$field" 1 0
	done
	change QERR 1 3 0
	change UA_INTLCK 2 3 0
}

# With RCD=1 what is read is what was written.
reads_without_a_cache() {
	head -c 65536 /dev/urandom >"$tmp/data"
	set_value RCD=1
	run sg_dd if="$tmp/data" of="$sg" bs=512
	run sg_dd if="$sg" of="$tmp/back" bs=512 count=128
	cmp "$tmp/data" "$tmp/back"
	set_value RCD=0
}

what_is_wrong_is_refused() {
	local control

	read -ra control <<<"$(page 0a)"
	# As it is; without PF; page 03h; cut off; longer than the page is
	run select_raw 10 00 00 00 00 "${control[@]}"
	run_status 5 select_raw 00 00 00 00 00 "${control[@]}"
	run_status 5 select_raw 10 00 00 00 00 03 0a 00 00 00 00 00 00 00 00 00 00
	run_status 5 select_raw 10 00 00 00 00 "${control[@]:0:11}"
	run_status 5 select_raw 10 00 00 00
	run_status 5 select_raw 10 00 00 00 00 "${control[@]}" 0a
	# Reserved values: QERR=2, UA_INTLCK_CTRL=1; a field that is fixed: GLTSD.
	# The byte in error is named, and its highest bit.
	control[3]=14
	run_status 5 select_raw 10 00 00 00 00 "${control[@]}"
	has 'byte 7|field pointer.*7'
	control[3]=10 control[4]=10
	run_status 5 select_raw 10 00 00 00 00 "${control[@]}"
	has 'byte 8|field pointer.*8'
	control[4]=00 control[2]=20
	run_status 5 select_raw 10 00 00 00 00 "${control[@]}"
	has 'byte 6|field pointer.*6'
	has_value QERR 0
	has_value UA_INTLCK 0
}

# ialuae_is VALUE: and it cannot be changed
ialuae_is() {
	sg_turs -n 5 "$sg" >/dev/null 2>&1 || :
	has_value IALUAE "$1"
	has_value IALUAE n changeable
}

the_control_extension() {
	local ext

	has_value TCMOS 1
	has_value TCMOS n changeable
	has_value SCSIP 1
	has_value SCSIP n changeable
	# As VPD page 86h has it
	has_value MSDL 96
	ialuae_is 0
	put "$device_groups/add" dg0
	ialuae_is 0
	put "$device_groups/dg0/devices/add" disk01
	ialuae_is 1
	# With explicit states there are still implicit ones.
	put "$device_groups/dg0/explicit" 1
	ialuae_is 1

	read -ra ext <<<"$(page 0a 01)"
	run select_raw 10 00 00 00 00 "${ext[@]}"
	ext[4]=06
	run_status 5 select_raw 10 00 00 00 00 "${ext[@]}"
	has 'byte 8|field pointer.*8'
	ialuae_is 1

	put "$device_groups/dg0/devices/del" disk01
	ialuae_is 0
	put "$device_groups/del" dg0
}

others_are_told() {
	local other

	add_session tgt0 host1
	other=$(sg_of tgt0 0 host1)
	# sd has looked at it by then.
	dd if="$(disk_of tgt0 0 host1)" of=/dev/null bs=4096 count=1 status=none
	sg_turs -n 5 "$other" >/dev/null 2>&1 || :
	set_value TAS=1
	run_status 6 sg_raw "$other" 00 00 00 00 00 00
	has 'mode parameters changed|2a *,? *0?1'
	run sg_raw "$other" 00 00 00 00 00 00
	run sg_raw "$sg" 00 00 00 00 00 00
	# Nothing has changed: nothing to tell
	set_value TAS=1
	run sg_raw "$other" 00 00 00 00 00 00
	set_value TAS=0
	del_session tgt0 host1
}

the_attribute_tst() {
	local attr=$scst_devices/disk01/tst

	expect_errno EINVAL "$attr" 2
	put "$attr" 0
	sg_turs -n 2 "$sg" >/dev/null 2>&1 || :
	has_value TST 0
	has_value TST 0 default
	grep -qx tst "$scst_devices/disk01/key_attributes"
	# The initiator's value is its own.
	set_value TST=1
	has_value TST 1
	expect "attribute" 0 "$(<"$attr")"
	put "$attr" 1
	sg_turs -n 2 "$sg" >/dev/null 2>&1 || :
	has_value TST 1 default
}

saved_values_survive() {
	set_value TAS=1
	[ ! -e "$store/disk01" ] || fail "saved though nobody asked"
	has_value TAS 0 saved
	set_value D_SENSE=1 --save
	[ -s "$store/disk01" ] || fail "not saved"
	[ ! -e "$store/disk01!new" ] || fail "the temporary file is there"
	# All that can be saved is.
	has_value TAS 1 saved
	has_value D_SENSE 1 saved
	set_value D_SENSE=0
	has_value D_SENSE 1 saved

	# A reset; then del_device and add_device; then no module at all
	run sg_reset -d "$sg"
	sg_turs -n 5 "$sg" >/dev/null 2>&1 || :
	has_value D_SENSE 1
	set_value D_SENSE=0
	drop_disk
	make_disk
	has_value D_SENSE 1
	has_value TAS 1
	has_value D_SENSE 0 default
	set_value WCE=0 --save
	[ -s "$store/disk01!.1" ] || fail "the former file is not there"
	drop_disk
	cleanup_targets
	scst_unload
	scst_load
	make_disk
	has_value WCE 0
	has_value D_SENSE 1
	# Without the list: as it is, saved
	set_value D_SENSE=0
	run sg_raw "$sg" 15 11 00 00 00 00
	has_value D_SENSE 0 saved
}

a_damaged_file_is_not_used() {
	local mark

	set_value TAS=1 --save
	set_value TAS=0 --save
	drop_disk
	printf '\xff' | dd of="$store/disk01" bs=1 seek=160 conv=notrunc status=none
	mark=$(log_mark)
	make_disk
	log_clean "$mark" 1 '/mode/disk01 cannot be used' any "$power_on"
	has_value TAS 1
	drop_disk
	: >"$store/disk01"
	head -c 20 /dev/urandom >"$store/disk01!.1"
	mark=$(log_mark)
	make_disk
	log_clean "$mark" 2 '/mode/disk01(!\.1)? cannot be used' any "$power_on"
	has_value TAS 0
	# And it does not stay so.
	set_value TAS=1 --save
	drop_disk
	make_disk
	has_value TAS 1
	set_value TAS=0 --save
}

# That of another device of the same name but for the suffix
a_file_of_another_is_not_used() {
	local mark

	set_value TAS=1 --save
	drop_disk
	cp "$store/disk01" "$store/disk02"
	mark=$(log_mark)
	export_disk vdisk_fileio disk02 "filename=$tmp/disk01.img"
	log_clean "$mark" 1 '/mode/disk02 cannot be used' any "$power_on"
	sg=$(sg_of tgt0 0)
	has_value TAS 0
	unexport_disk disk02
	make_disk
	set_value TAS=0 --save
}

# cannot_save: PS=0, no saved values, and SP=1 is refused with nothing changed
cannot_save() {
	local control

	read -ra control <<<"$(page 0a)"
	expect "PS" 0a "${control[0]}"
	run_status 5 sg_raw -r 252 "$sg" 1a 00 ca 00 fc 00
	has 'saving parameters not supported'
	control[5]=40
	run_status 5 select_raw 11 00 00 00 00 "${control[@]}"
	has 'invalid field in cdb'
	has_value TAS 0
	run select_raw 10 00 00 00 00 "${control[@]}"
	has_value TAS 1
}

nowhere_to_save() {
	local control

	drop_disk
	rm -rf "$store"
	make_disk
	cannot_save
	drop_disk

	# Once there is a directory it works, and MODE SENSE says so.  sdparm does not
	# even try when PS is 0.
	make_disk
	mkdir "$store"
	read -ra control <<<"$(page 0a)"
	control[5]=40
	run select_raw 11 00 00 00 00 "${control[@]}"
	has_value TAS 1 saved
	expect "PS" 8a "$(page 0a | awk '{ print $1 }')"
	drop_disk
	rm "$store"/*

	mount -t tmpfs -o ro none "$store"
	make_disk
	cannot_save
	drop_disk
	umount "$store"

	export_disk vdisk_nullio null01 ""
	sg=$(sg_of tgt0 0)
	sg_turs -n 5 "$sg" >/dev/null 2>&1 || :
	cannot_save
	unexport_disk null01
	make_disk
}

# The file system is full: the values are as they were.
no_space_to_save() {
	local control

	drop_disk
	mount -t tmpfs -o size=8k none "$store"
	make_disk
	set_value SWP=1 --save
	set_value SWP=0
	head -c 100000 /dev/zero >"$store/filler" 2>/dev/null || :
	read -ra control <<<"$(page 0a)"
	control[5]=40
	run_status 3 select_raw 11 00 00 00 00 "${control[@]}"
	has_value TAS 0
	# This may pass: PS stays.
	expect "PS" 8a "$(page 0a | awk '{ print $1 }')"
	has_value SWP 1 saved
	rm "$store/filler"
	set_value TAS=1 --save
	has_value TAS 1 saved
	drop_disk
	umount "$store"
	make_disk
}

mkdir -p "$store"
rm -f "$store"/*
truncate -s 64M "$tmp/disk01.img"
scst_load
make_disk
main every_page_is_there every_field_can_be_changed reads_without_a_cache \
	what_is_wrong_is_refused the_control_extension others_are_told the_attribute_tst \
	saved_values_survive a_damaged_file_is_not_used \
	a_file_of_another_is_not_used nowhere_to_save no_space_to_save
