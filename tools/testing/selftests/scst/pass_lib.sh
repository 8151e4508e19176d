# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154  # needs lib.sh
# SCSI devices of this host as target devices: those of scsi_debug, by their names
# H:C:I:L, and what serves them.
#
# Those of scsi_debug go and come for each kind of device.  A test begins with one of
# debug_device() and serve(), which set $hctl, $unit and the like: a test that has
# failed may have left anything.

pass_modules=(scst_disk scst_tape scst_processor scst_cdrom scst_modisk scst_changer
	scst_raid)
adapters=/sys/bus/pseudo/drivers/scsi_debug
debug_errors=/sys/kernel/debug/scsi_debug

# --- Devices

# debug_dir: the directory of the first scsi_device of scsi_debug
debug_dir() {
	local dir

	for dir in "$adapters"/adapter*/host*/target*/*:*:*:*; do
		[ ! -d "$dir/scsi_device" ] || { echo "$dir"; return; }
	done
	return 1
}

# find_device: the one of scsi_debug, in $hctl, $unit, its directory on the bus of target
# devices, $dsg, its sg device, and $dev, its disk, tape, ... if it has a driver
find_device() {
	local dir

	dir=$(debug_dir) || fail "scsi_debug has no device"
	hctl=${dir##*/}
	unit=$dev_bus/devices/$hctl
	within 10 test -d "$unit" || fail "there is no $unit"
	within 10 compgen -G "$dir/scsi_generic/*" >/dev/null || fail "$hctl has no sg device"
	dsg=$(echo "$dir"/scsi_generic/*)
	dsg=/dev/${dsg##*/}
}

# find_disk: the block device of the host itself, in $ddisk
find_disk() {
	local dir

	dir=$(debug_dir)
	within 20 compgen -G "$dir/block/*" >/dev/null || fail "$hctl has no disk"
	ddisk=$(echo "$dir"/block/*)
	ddisk=/dev/${ddisk##*/}
	within 10 test -b "$ddisk" || fail "no $ddisk"
}

# debug_flags FLAGS: what the mid-layer is to know of the devices of scsi_debug that come
# from now on (scsi_devinfo.h), and of those that initiators have by them
debug_flags() {
	put /proc/scsi/device_info "Linux:scsi_debug:$1"
}

# Nobody serves it any more
no_debug() {
	! loaded scsi_debug || {
		within 10 rmmod scsi_debug 2>/dev/null || rmmod scsi_debug
	}
}

# debug_device [PARAMETER=VALUE...]: the only one of scsi_debug, new, with these
debug_device() {
	local word words=(dev_size_mb=16 ndelay=10000)

	no_debug
	for word; do
		words=("${words[@]/#${word%%=*}=*/}" "$word")
	done
	# shellcheck disable=SC2068  # those that are empty are none
	modprobe scsi_debug ${words[@]} || fail "scsi_debug $*"
	find_device
}

# --- Target devices

# serve HANDLER [SESSION...]: the device, as LUN 0 of tgt0 for each session, or for
# host0; the first one's sg device is in $sg
serve() {
	local handler=$1 session

	shift
	[ $# -gt 0 ] || set -- host0
	find_device
	put "$dev_bus/drivers/$handler/add_device" "$hctl"
	add_target tgt0
	for session; do
		add_session tgt0 "$session"
	done
	add_lun tgt0 0 "$hctl"
	sg=$(sg_of tgt0 0 "$1")
}

# a_disk [PARAMETER=VALUE...]: of scsi_debug, served; $ddisk is the host's disk, and
# $disk the initiator's
a_disk() {
	debug_device "$@"
	find_disk
	serve dev_disk
	# shellcheck disable=SC2034  # for the tests
	disk=$(disk_of tgt0 0)
}

# gone: the unit is, be it below its device or where it waits to be deleted
gone() {
	[ ! -e "$unit" ] && [ ! -e "$scst_devices/$hctl" ]
}

# unserve: undo it
unserve() {
	del_target tgt0
	put "$dev_bus/drivers/$(<"$unit/handler")/del_device" "$hctl"
}

# serve_two N: the same device for all tests, and nothing pending; $sg and $sgb are two
# nexuses, $disk and $ddisk as ever.  Others are LUNs 1 to N - 1.  Needs pr_lib.sh.
serve_two() {
	local n name units=$1

	if [ ! -e "$scst_targets/tgt0/luns/0" ]; then
		debug_device max_luns="$units"
		serve dev_disk host0 host1
		for ((n = 1; n < units; n++)); do
			name=${hctl%:0}:$n
			put "$dev_bus/drivers/dev_disk/add_device" "$name"
			add_lun tgt0 $n "$name"
		done
		for ((n = 0; n < units; n++)); do
			settled "$(disk_of tgt0 $n host0)"
			settled "$(disk_of tgt0 $n host1)"
		done
	fi
	find_device
	find_disk
	sg=$(sg_of tgt0 0 host0)
	sgb=$(sg_of tgt0 0 host1)
	# shellcheck disable=SC2034  # for the tests
	disk=$(disk_of tgt0 0 host0)
	clear_uas "$dsg" "$sg" "$sgb"
}

# settled DISK: sd has looked at it
settled() {
	blockdev --flushbufs "$1" 2>/dev/null || :
}

# --- Commands

# command SG CDB [in LEN | out LEN | out HEX]: all that it ends with
command_end() {
	"$pass_cmd" "$@"
}

# ends_like WANT SG CDB [...]: WANT is a regular expression of its end
ends_like() {
	local got

	got=$(command_end "${@:2}")
	[[ $got =~ $1 ]] || fail "${*:3}: expected /$1/, got '$got'"
}

# same: each line of standard input ends the same by $dsg and by $sg
same() {
	"$pass_cmd" -c "$dsg" "$sg" >"$tmp/same" || {
		cat "$tmp/same"
		fail "not the same"
	}
}

# begun FILE...: each of these has the output of a pr_cmd -g that has got something done
begun() {
	local file

	for file; do
		within 30 grep -qx begun "$file" || fail "${file##*.}: $(<"$file")"
	done
}

# --- Errors on purpose

# inject TYPE COUNT OPCODE [...]: of the device, see scsi_debug.c: type 0 never answers, 2
# fails, 3 and 4 let an abort and a reset fail; so many times if COUNT is negative
inject() {
	echo "$*" >"$debug_errors/$hctl/error"
}

# inject_none TYPE OPCODE: no longer
inject_none() {
	echo "- $*" >"$debug_errors/$hctl/error"
}

# opts BITS [N]: of scsi_debug.c, with each Nth command
opts() {
	echo "$1" >"$adapters/opts"
	echo "${2-0}" >"$adapters/every_nth"
}

# adapter_delays FILE TIME: unless it has commands
adapter_delays() {
	{ echo "$2" >"$adapters/$1"; } 2>/dev/null
}

# fail_next OPCODE KEY ASC ASCQ [COUNT]: CHECK CONDITION, in hexadecimal
fail_next() {
	inject 2 "${5--1}" "$1" 0 0 2 "$2" "$3" "$4"
}

# --- Modules

pass_load() {
	scst_load "$@"
	pass_cmd=$(helper pass_cmd) || skip_all "no helper program pass_cmd"
	modinfo -n scsi_debug >/dev/null 2>&1 || skip_all "the kernel has no scsi_debug"
}

pass_cleanup() {
	local dir

	cleanup_devices
	cleanup_targets
	for dir in "$dev_bus"/devices/*:*; do
		[ ! -s "$dir/handler" ] ||
			echo "${dir##*/}" >"$dev_bus/drivers/$(<"$dir/handler")/del_device"
	done 2>/dev/null
}

pass_after_failure() {
	! mountpoint -q "$tmp/mnt" || umount "$tmp/mnt"
	pass_cleanup
	[ ! -w "$adapters/opts" ] || echo 0 >"$adapters/opts"
	no_debug 2>/dev/null
}

after_failure() {
	pass_after_failure
}

pass_unload() {
	local module

	for module in "${pass_modules[@]}" scst_pass; do
		! loaded "$module" || rmmod "$module"
	done
	[ -z "$(echo "$dev_bus"/devices/*:*)" ] ||
		! compgen -G "$dev_bus/devices/*:*" >/dev/null ||
		fail "devices of this host are still there"
	scst_unload
}

# The last test of most scripts; what is served yet is the device of find_device()
pass_take_apart() {
	[ ! -e "$scst_targets/tgt0" ] || {
		find_device
		unserve
	}
	no_debug
	pass_unload
}

take_apart() {
	pass_take_apart
}

# As lib.sh does it, after what it does not know
pass_on_exit() {
	local status=$?

	pass_cleanup
	cleanup_mounts 2>/dev/null
	no_debug 2>/dev/null
	for module in "${pass_modules[@]}" scst_pass; do
		! loaded "$module" || rmmod "$module" 2>/dev/null
	done
	(exit "$status")
	cleanup_on_exit
}
trap pass_on_exit EXIT
