#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=32M MEM=512 SMP=1 TIMEOUT=300
# Each command that a unit lists is good and does what it has to, at its limits too;
# a command of the opcode tables that commands.py has no row for is a failure.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Handler and parameters.  What a handler has may depend on these, so that they are
# chosen to have all.
units=(
	"vdisk_fileio filename=$tmp/disk.img thin_provisioned=1 removable=1"
	"vdisk_blockio filename=/dev/vda thin_provisioned=1"
	# The last LBA is the highest of a CDB of 10 or 12 bytes
	"vdisk_nullio size=2T read_zero=1 thin_provisioned=1"
	"vcdrom filename=$tmp/disk.iso"
)
# Where what is damaged is found, under names that nobody else uses
store=/var/lib/scst/pr

# The objects are all tests'
after_failure() {
	:
}

# unit_of HANDLER: the number of its unit, which is its LUN too
unit_of() {
	local n

	for n in "${!units[@]}"; do
		[[ ${units[n]} != "$1 "* ]] || echo "$n"
	done
}

# check HANDLER OPTION...: all commands of its unit
check() {
	local lun

	lun=$(unit_of "$1")
	"$lib_dir/commands.py" --group "$device_groups/all" --luns ${#units[@]} --lost \
		--lists "$tmp" --patience "$patience" "${@:2}" "$(sg_of tgt0 "$lun")"
}

fileio() {
	check vdisk_fileio --blocks $((16 << 11)) --maps
}

blockio() {
	check vdisk_blockio --blocks "$(blockdev --getsz /dev/vda)"
}

nullio() {
	check vdisk_nullio --blocks $((1 << 32)) --nodata
}

cdrom() {
	check vcdrom --blocks 2048 --block-size 2048 --image "$tmp/disk.iso" \
		--peer "$(sg_of tgt0 "$(unit_of vdisk_fileio)")" --peer-blocks $((16 << 11))
}

# left_over FILE: the rows of commands that are not in it
left_over() {
	sort -u "$1" | comm -13 - <(sort "$tmp/rows") | paste -sd' '
}

no_row_is_left_over() {
	expect "rows of commands that no unit lists" "" "$(left_over "$tmp/listed")"
	echo "$(wc -l <"$tmp/rows") rows"
}

# finds OPTION... -- REGEX...: commands.py finds fault with the unit of vdisk_nullio
finds() {
	local options=() out regex sg

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	sg=$(sg_of tgt0 "$(unit_of vdisk_nullio)")
	out=$(expect_failure "$lib_dir/commands.py" "$sg" "${options[@]}")
	for regex in "${@:2}"; do
		expect_match "commands.py ${options[*]}" "$regex" "$out"
	done
}

# Another table, or another unit than it is told: smaller, with data
the_test_finds_it() {
	finds --blocks 512 --nodata --forget a3/0f --only 9e/10 28 -- \
		'^a3/0f: a command without a test' \
		'^READ CAPACITY\(16\), good case: capacity' \
		'^READ\(10\), LBA 1ff, 2 blocks: .* good, expected 5/21/00'
	finds --blocks $((1 << 32)) --only 2a 2f -- \
		'^WRITE\(10\), good case: blocks from 63 on' \
		'^VERIFY\(10\), good case: .* good, expected e/1d/00'
	finds --only 29 -- '^29: no command of this unit'
	grep -v '^28$' "$tmp/listed" >"$tmp/less"
	expect "a row left over" 28 "$(left_over "$tmp/less")"
}

create_all() {
	local handler parameters n disk

	truncate -s 16M "$tmp/disk.img"
	head -c 4M /dev/urandom >"$tmp/disk.iso"
	mkdir -p "$store"
	add_target tgt0 session_name=host0
	# Some commands are for units of a device group only
	put "$device_groups/add" all
	put "$device_groups/all/explicit" 1
	put "$device_groups/all/target_groups/add" tpg0
	put "$device_groups/all/target_groups/tpg0/targets/add" tgt0
	for n in "${!units[@]}"; do
		read -r handler parameters <<<"${units[n]}"
		# One command is for units whose reservations are lost
		echo "damaged" >"$store/commands$n"
		add_device "$handler" "commands$n" "$parameters"
		add_lun tgt0 "$n" "commands$n"
		put "$device_groups/all/devices/add" "commands$n"
	done
	# What sd reads of a new disk has to be over
	for ((n = 0; n < ${#units[@]} - 1; n++)); do
		disk=$(disk_of tgt0 "$n")
		blockdev --flushbufs "$disk" || :
	done
}

take_apart() {
	cleanup_devices
	del_target tgt0
	scst_unload
}

# shellcheck disable=SC2317  # a trap calls it
remove_damaged() {
	local status=$?

	# A unit may save something as long as it is there
	cleanup_devices
	rm -f "$store"/commands[0-9]*
	(exit "$status")
	cleanup_on_exit
}

[ -b /dev/vda ] || skip_all "no /dev/vda"
trap remove_damaged EXIT
scst_load
# Left of || it would not end where it fails
(set -e; create_all)
status=$?
[ "$status" = 0 ] || exit 1
main fileio blockio nullio cdrom no_row_is_left_over the_test_finds_it take_apart
