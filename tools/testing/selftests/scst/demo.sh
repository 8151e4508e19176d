#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 SMP=2 TIMEOUT=900
# Export a file as a SCSI disk, use it, show what there is, take it apart.
#
#   demo.sh [TREE]	TREE: what to copy to the disk, at least 2,000 files
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

steps=10
step_nr=0
image=$tmp/disk01.img

# Kernel messages of severity warning or worse that must be there, so often:
# the mid-layer prints one for each unit attention that a SCSI target is
# required to raise.  A nexus begins with POWER ON OCCURRED (SPC-6 29h/00h).
allowed=(1 'Power-on or device reset occurred')

step() {
	step_nr=$((step_nr + 1))
	echo
	echo "step $step_nr of $steps: $*"
}

# what: a command and its output
show() {
	echo "  \$ $*"
	"$@" 2>&1 | sed 's/^/    /'
	return "${PIPESTATUS[0]}"
}

put_shown() {
	echo "  \$ echo '$2' >$1"
	put "$1" "$2"
}

find_tree() {
	local dir

	for dir in "$@" "${SCST_DEMO_TREE:-}" "$lib_dir/../../../../include/linux" \
		"$lib_dir/../../../../build/linux/include/linux" /usr/include /usr/share; do
		[ -d "$dir" ] || continue
		if [ "$(find "$dir" -type f | head -n 2000 | wc -l)" -ge 2000 ]; then
			realpath "$dir"
			return
		fi
	done
	fail "no tree of 2,000 files: give one as argument"
}

create() {
	truncate -s 1G "$image"
	show modprobe scst_vdisk
	show modprobe scst_local add_default_tgt=0
	put_shown "$dev_bus/drivers/vdisk_fileio/add_device" "disk01 filename=$image"
	put_shown "$port_bus/drivers/scst_local/add_target" "tgt0 session_name=host0"
	put_shown "$port_bus/devices/tgt0/luns/add" "disk01 0"
}

wait_for_disk() {
	wait_uevent 20 ACTION=add SUBSYSTEM=block DEVTYPE=disk
	disk=/dev/$(uevent_property DEVNAME)
	echo "  $disk, by the uevent of $(uevent_property DEVPATH)"
	expect "the disk of tgt0's LUN 0" "$(disk_of tgt0 0)" "$disk"
	show lsscsi -s
	show sg_inq "$disk"
}

copy_tree() {
	show mkfs.ext4 -q "$disk"
	mkdir "$tmp/mnt"
	mount "$disk" "$tmp/mnt"
	cp -r "$tree" "$tmp/mnt/tree"
	files=$(find "$tmp/mnt/tree" -type f | wc -l)
	[ "$files" -ge 2000 ] || fail "only $files files"
	checksums "$tree" "$tmp/sums"
	umount "$tmp/mnt"
	echo "  $files files, $(du -sh "$tree" | cut -f1), of ${tree##*/}"
}

check_tree() {
	show fsck.ext4 -fn "$disk"
	blockdev --flushbufs "$disk"
	mount "$disk" "$tmp/mnt"
	(cd "$tmp/mnt/tree" && sha256sum --quiet -c "$tmp/sums")
	umount "$tmp/mnt"
	echo "  the checksums of $(wc -l <"$tmp/sums") files are right"
}

random_io() {
	fio_verify "$disk" 32M
	grep -E '^ *(read|write):' "$fio_out" | sed 's/^ */  /'
	echo "  verified by crc32c"
}

# show_tree DIR...: each directory with its attributes and links; the Scsi_Hosts
# below sessions are the mid-layer's
show_tree() {
	local skip=(\( -name power -o -name 'host[0-9]*' -type d \) -prune)
	local own=(! -name uevent ! -name subsystem)

	{
		find "$@" "${skip[@]}" -o -type l "${own[@]}" -printf '%p -> %l\n' |
			sed -E 's,-> (\.\./)*,->,'
		find "$@" "${skip[@]}" -o -type f "${own[@]}" ! -perm -u+r -printf '%p (w)\n'
		find "$@" "${skip[@]}" -o -type f "${own[@]}" -perm -u+r -exec grep -IH . {} + |
			sed 's/:/ =/'
	} | sed -E 's,^([^ ]*)/([^ ]*),\1\t\2,' | sort -t "$(printf '\t')" -k1,1 -k2 |
		awk -F '\t' '{
			if ($1 != last)
				printf "%s  %s:", (NR > 1 ? "\n" : ""), $1
			printf " %s", $2
			last = $1
		} END { print "" }' | sed 's/ =/=/g; s/ (w)/(w)/g; s/ ->/->/g' |
		fold -s -w 110 | sed '/^  \//!s/^/      /'
}

show_objects() {
	show_tree /sys/devices/scst
	show_tree "$dev_bus" "$port_bus"
}

show_statistics() {
	local session file

	session=$(session_of tgt0)
	echo "  commands: $(<"$session/commands")"
	for file in "$session"/statistics/*; do
		echo "  ${file##*/}: $(<"$file")"
	done
}

show_uevents() {
	uevents_stop
	grep -E 'SUBSYSTEM=(scsi_tgt_|block)|DRIVER=scst' "$uevent_log" |
		sed -E 's/(SEQNUM|MAJOR|MINOR|DISKSEQ)=[^\t]*(\t|$)//g; s/\t/ /g' |
		fold -s -w 110 | sed '/^ACTION/!s/^/    /; s/^/  /'
	grep -q 'ACTION=add.*SUBSYSTEM=scsi_tgt_dev' "$uevent_log"
	grep -q 'ACTION=bind.*SUBSYSTEM=scsi_tgt_dev' "$uevent_log"
	grep -q 'ACTION=add.*DEVTYPE=target' "$uevent_log"
	grep -q 'ACTION=add.*DEVTYPE=session' "$uevent_log"
}

take_apart() {
	put_shown "$port_bus/devices/tgt0/luns/del" 0
	wait_uevent 20 ACTION=remove SUBSYSTEM=block "DEVNAME=${disk#/dev/}"
	put_shown "$port_bus/drivers/scst_local/del_target" tgt0
	put_shown "$dev_bus/drivers/vdisk_fileio/del_device" disk01
	show rmmod scst_local scst_vdisk scst
	[ ! -e /sys/devices/scst ] || fail "/sys/devices/scst is still there"
}

check_log() {
	log_clean "$log" "${allowed[@]}"
	echo "  nothing of severity warning or worse, but the ${allowed[0]} expected"
}

demo() {
	tree=$(find_tree "$@")
	step "load the modules; create device, target and LUN"
	create
	step "wait for the disk"
	wait_for_disk
	step "a file system with a real tree on it"
	copy_tree
	step "check the file system and every file"
	check_tree
	step "random I/O, verified"
	random_io
	step "the sysfs tree"
	show_objects
	step "the session's statistics"
	show_statistics
	step "take all apart"
	take_apart
	step "the uevents"
	show_uevents
	step "the kernel log"
	check_log
	echo
	echo "demo passed: a file was a SCSI disk; $files files and 32 MiB of random I/O came" \
		"back right, all objects are gone, the kernel is content ($SECONDS s)"
}

scst_load_check() {
	modinfo -n scst_local >/dev/null 2>&1 || { echo "no module scst_local" >&2; exit 4; }
}

scst_load_check
set -e
log=$(log_mark)
uevents_start
demo "$@"
