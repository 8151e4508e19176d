#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=64M MEM=512 SMP=1 TIMEOUT=120
# Every file that SCST has in sysfs is in Documentation/ABI, and what is there
# exists.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

docs=(sysfs-bus-scsi_tgt_dev sysfs-bus-scsi_tgt_port sysfs-devices-scst)
shopt -s extglob
found=$tmp/found
documented=$tmp/documented

# What the driver core makes for every device, driver and bus
generic='uevent|subsystem|driver|module|power|bind|unbind|waiting_for_supplier'
generic+='|driver_override|drivers_autoprobe|drivers_probe'

# The objects are all tests'
after_failure() {
	:
}

abi_dir() {
	local dir

	for dir in "${SCST_ABI_DIR:-}" "$lib_dir/../../../../Documentation/ABI/testing"; do
		if [ -r "$dir/${docs[0]}" ]; then
			echo "$dir"
			return
		fi
	done
	return 1
}

# One of each: a device of each handler, a target, a session, a LUN
create_all() {
	truncate -s 16M "$tmp/disk.img"
	add_device vdisk_fileio file01 "filename=$tmp/disk.img"
	add_device vdisk_blockio block01 "filename=/dev/vda"
	add_device vdisk_nullio null01 "size=$((1 << 30))"
	add_device test_handler test01
	add_target tgt0 session_name=host0
	add_lun tgt0 0 file01
	put "$scst_targets/tgt0/ini_groups/add" group
	put "$scst_targets/tgt0/ini_groups/group/luns/add" "null01 1"
	put "$scst_targets/tgt0/ini_groups/group/initiators/add" "host7*"
	put "$device_groups/add" group
	put "$device_groups/group/devices/add" file01
	put "$device_groups/group/target_groups/add" tpg
	put "$device_groups/group/target_groups/tpg/targets/add" tgt0
	# An initiator of file01 that is registered.  The first one is told of a change.
	sg_turs -n 8 "$(sg_of tgt0 0)" >/dev/null 2>&1 || :
	sg_persist -n --out --register --param-sark=1 "$(sg_of tgt0 0)" >/dev/null
}

# A device of this host, which is not in /sys/devices/scst but below that
create_passthrough() {
	local adapter='/sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/[0-9]*:*' unit

	modinfo -n scst_disk scsi_debug >/dev/null 2>&1 || return 0
	modprobe scst_disk
	modprobe scsi_debug dev_size_mb=16
	within 10 compgen -G "$adapter/block/*" >/dev/null || fail "scsi_debug has no disk"
	unit=$(basename "$(compgen -G "$adapter")")
	within 10 test -e "$dev_bus/devices/$unit" || fail "$unit is not on the bus"
	put "$dev_bus/drivers/dev_disk/add_device" "$unit"
	put "$scst_targets/tgt0/luns/add" "$unit 2"
}

# The objects' files and links.  Scsi_Hosts are the mid-layer's, and a link to
# a directory is one file.
find_files() {
	local bus link

	for link in "$dev_bus"/devices/*; do
		[[ $(realpath "$link") = /sys/devices/scst/* ]] ||
			find "$link/" -name power -prune -o \( -type f -o -type l \) -print
	done
	find /sys/devices/scst \( -type d \( -name power -o -name 'host[0-9]*' \) -prune \) \
		-o \( -type f -o -type l \) -print
	for bus in "$dev_bus" "$port_bus"; do
		find "$bus" -maxdepth 1 -type f
		find "$bus/drivers" -type f
	done
}

# The files that are not generic
list_found() {
	find_files | grep -vE "/($generic)$" | sort -u >"$found"
}

list_documented() {
	local file

	for file in "${docs[@]}"; do
		sed -n 's/^What:[[:space:]]*//p' "$abi/$file"
	done | sort >"$documented"
}

# The files, each with the names that the documentation may use for it, which it
# has as a device of a bus
list_aliases() {
	awk -v devs="$scst_devices/" -v tgts="$scst_targets/" -v dev_bus="$dev_bus/devices/" \
		-v port_bus="$port_bus/devices/" '
		{
			print $0, $0
			if (index($0, devs) == 1)
				print $0, dev_bus substr($0, length(devs) + 1)
			if (index($0, tgts) == 1)
				print $0, port_bus substr($0, length(tgts) + 1)
			# One that stands for a device of this host has the same files
			if (index($0, dev_bus) == 1)
				print $0, devs substr($0, length(dev_bus) + 1)
			if (match($0, "/sessions/"))
				print $0, port_bus substr($0, RSTART + RLENGTH)
		}' "$found"
}

# The documented paths as regular expressions that match the second column of
# list_aliases, placeholders as anything
patterns() {
	sed -E 's/[.+*?()|^$]/\\&/g; s/\[/\\[/g; s/<[^>]*>/[^\/]+/g; s/.*/ &$/' "$documented"
}

all_files_are_documented() {
	patterns >"$tmp/patterns"
	list_aliases | grep -E -f "$tmp/patterns" | cut -d' ' -f1 | sort -u >"$tmp/matched"
	echo "$(wc -l <"$found") files, $(wc -l <"$documented") entries"
	expect "files that are not documented" "" "$(comm -23 "$found" "$tmp/matched")"
}

# glob_of PATH: in $glob, with the placeholders as anything
glob_of() {
	glob=${1//<*([!>])>/*}
}

all_documented_files_exist() {
	local path glob missing=0

	while read -r path; do
		glob_of "$path"
		if ! compgen -G "$glob" >/dev/null; then
			echo "does not exist: $path"
			missing=$((missing + 1))
		fi
	done <"$documented"
	expect "documented files that do not exist" 0 "$missing"
}

no_entry_twice() {
	expect "entries" "" "$(uniq -d "$documented")"
}

# documented_modes: the first file of each entry, with the entry's (RO), (RW) or
# (WO)
documented_modes() {
	local file access what glob files

	for file in "${docs[@]}"; do
		awk '
			/^What:/ {
				sub(/^What:[ \t]*/, "")
				if (described)
					n = 0
				what[n++] = $0
				described = 0
			}
			/^Description:/ { described = open = 1 }
			open && match($0, /\((RO|RW|WO)\)/) {
				for (i = 0; i < n; i++)
					print substr($0, RSTART + 1, 2), what[i]
				open = 0
			}' "$abi/$file"
	done | while read -r access what; do
		glob_of "$what"
		# shellcheck disable=SC2206  # a pattern
		files=($glob)
		[ ! -f "${files[0]}" ] || echo "${files[0]} $access"
	done
}

modes_are_as_documented() {
	documented_modes | sort >"$tmp/modes"
	[ "$(wc -l <"$tmp/modes")" -gt 20 ] || fail "only $(wc -l <"$tmp/modes") modes"
	cut -d' ' -f1 "$tmp/modes" | xargs stat -c '%n %A' |
		sed -E 's/ -rw.*/ RW/; s/ -r-.*/ RO/; s/ --w.*/ WO/' >"$tmp/real"
	diff "$tmp/modes" "$tmp/real" || fail "left: as documented, right: as they are"
}

scst_load scst_vdisk scst_local scst_test
abi=$(abi_dir) || skip_all "no Documentation/ABI here"
(set -e; create_all; create_passthrough) || exit 1
list_found
list_documented
main all_files_are_documented all_documented_files_exist no_entry_twice \
	modes_are_as_documented
