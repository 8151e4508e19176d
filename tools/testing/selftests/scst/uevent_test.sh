#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=1 TIMEOUT=300
# uevents, as a real udevd gets them and with what rules can match.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

events=$tmp/events
rules=/run/udev/rules.d

# Properties of each event that a rule of ours matches, one event on a line
write_rule() {
	mkdir -p "$rules"
	cat >"$tmp/save" <<-END
		#!/bin/sh
		exec 9>>"$events"
		flock 9
		env | sort | tr '\n' '\t' >&9
		echo >&9
	END
	chmod +x "$tmp/save"
	cat >"$rules/99-scst-test.rules" <<-END
		SUBSYSTEM=="scsi_tgt_dev|scsi_tgt_port", RUN+="$tmp/save"
	END
}

# All events so far have been dealt with; a debug kernel takes its time
settle() {
	udevadm settle --timeout=300
}

# shellcheck disable=SC2317  # a trap calls it
end() {
	local status=$?

	stop_udevd
	rm -f "$rules/99-scst-test.rules" "$rules/60-scst.rules"
	(exit "$status")
	cleanup_on_exit
}

# expect_event COUNT PROPERTY...: so many events with all these properties,
# which are grep's regular expressions
expect_event() {
	local count=$1 lines property
	shift

	settle
	lines=$(<"$events")
	for property; do
		lines=$(grep -P "(^|\t)$property\t" <<<"$lines" || :)
	done
	expect "number of events with $*" "$count" "$(grep -c . <<<"$lines" || :)"
}

forget_events() {
	settle
	: >"$events"
}

devices() {
	forget_events
	add_device vdisk_nullio disk01 "size=$((1 << 30))"
	expect_event 1 ACTION=add SUBSYSTEM=scsi_tgt_dev DEVTYPE=device \
		DEVPATH=/devices/scst/devices/disk01 SCST_DRIVER=vdisk_nullio
	expect_event 1 ACTION=bind SUBSYSTEM=scsi_tgt_dev DRIVER=vdisk_nullio \
		DEVPATH=/devices/scst/devices/disk01 SCST_DRIVER=vdisk_nullio
	forget_events
	put "$dev_bus/drivers/vdisk_nullio/unbind" disk01
	expect_event 1 ACTION=unbind DEVPATH=/devices/scst/devices/disk01 \
		SCST_DRIVER=vdisk_nullio
	put "$dev_bus/drivers/vdisk_nullio/bind" disk01
	expect_event 1 ACTION=bind DEVPATH=/devices/scst/devices/disk01 DRIVER=vdisk_nullio
	forget_events
	del_device disk01
	expect_event 1 ACTION=unbind DEVPATH=/devices/scst/devices/disk01
	expect_event 1 ACTION=remove DEVPATH=/devices/scst/devices/disk01 \
		SCST_DRIVER=vdisk_nullio
}

refused_devices_send_none_or_both() {
	local added removed

	forget_events
	expect_errno ENOENT "$dev_bus/drivers/vdisk_fileio/add_device" \
		"disk01 filename=$tmp/nothing"
	settle
	added=$(grep -c 'ACTION=add' "$events" || :)
	removed=$(grep -c 'ACTION=remove' "$events" || :)
	expect "events of removal" "$added" "$removed"
}

targets() {
	forget_events
	add_target tgt0
	expect_event 1 ACTION=add SUBSYSTEM=scsi_tgt_port DEVTYPE=target \
		DEVPATH=/devices/scst/targets/tgt0 SCST_DRIVER=scst_local SCST_TARGET=tgt0
	expect_event 1 ACTION=bind DEVPATH=/devices/scst/targets/tgt0 DRIVER=scst_local
	forget_events
	del_target tgt0
	expect_event 1 ACTION=unbind DEVPATH=/devices/scst/targets/tgt0
	expect_event 1 ACTION=remove DEVPATH=/devices/scst/targets/tgt0 SCST_TARGET=tgt0
	add_target tgt0
}

sessions() {
	local path

	forget_events
	add_session tgt0 "iqn.2026-11.org.example:host,i,0x1"
	path=$(session_of tgt0)
	path=${path#/sys}
	expect_event 1 ACTION=add SUBSYSTEM=scsi_tgt_port DEVTYPE=session "DEVPATH=$path" \
		SCST_DRIVER=scst_local SCST_TARGET=tgt0 \
		"SCST_INITIATOR=iqn.2026-11.org.example:host,i,0x1"
	forget_events
	del_session tgt0 "iqn.2026-11.org.example:host,i,0x1"
	expect_event 1 ACTION=remove DEVTYPE=session "DEVPATH=$path" SCST_TARGET=tgt0 \
		"SCST_INITIATOR=iqn.2026-11.org.example:host,i,0x1"
	# No driver is ever bound to a session
	expect_event 0 DEVTYPE=session 'ACTION=(un)?bind'
}

target_enabled() {
	forget_events
	put "$scst_targets/tgt0/enabled" 0
	expect_event 1 ACTION=change SCST_EVENT=disabled SCST_TARGET=tgt0
	put "$scst_targets/tgt0/enabled" 1
	expect_event 1 ACTION=change SCST_EVENT=enabled SCST_TARGET=tgt0
	# Nothing changes
	put "$scst_targets/tgt0/enabled" 1
	expect_event 1 ACTION=change SCST_EVENT=enabled
}

luns_changed() {
	add_device vdisk_nullio disk01 "size=$((1 << 30))"
	add_device vdisk_nullio disk02 "size=$((1 << 30))"
	add_session tgt0 host0
	forget_events
	add_lun tgt0 0 disk01
	expect_event 1 ACTION=change SCST_EVENT=luns_changed SCST_TARGET=tgt0
	put "$scst_targets/tgt0/luns/replace" "disk02 0"
	expect_event 2 ACTION=change SCST_EVENT=luns_changed
	del_lun tgt0 0
	expect_event 3 ACTION=change SCST_EVENT=luns_changed
	add_lun tgt0 0 disk01
	add_lun tgt0 1 disk02
	put "$scst_targets/tgt0/luns/clear" 1
	expect_event 6 ACTION=change SCST_EVENT=luns_changed
	# A refusal changes nothing
	expect_errno ENOENT "$scst_targets/tgt0/luns/del" 7
	expect_event 6 ACTION=change SCST_EVENT=luns_changed
	del_device disk01
	del_device disk02
}

session_closed() {
	add_session tgt0 closing
	forget_events
	put "$(session_of tgt0 closing)/close" 1
	expect_event 1 ACTION=change SCST_EVENT=session_closed SCST_TARGET=tgt0 \
		SCST_INITIATOR=closing
	expect_event 1 ACTION=remove DEVTYPE=session
}

capacity_changed() {
	truncate -s 64M "$tmp/disk.img"
	add_device vdisk_fileio disk01 "filename=$tmp/disk.img"
	forget_events
	put "$scst_devices/disk01/resync_size" 1
	expect_event 0 ACTION=change
	truncate -s 128M "$tmp/disk.img"
	put "$scst_devices/disk01/resync_size" 1
	expect_event 1 ACTION=change SCST_EVENT=capacity_changed SUBSYSTEM=scsi_tgt_dev \
		DEVPATH=/devices/scst/devices/disk01
	del_device disk01
}

io_error() {
	local sg begin n

	truncate -s 64M "$tmp/disk.img"
	export_disk vdisk_fileio disk01 "filename=$tmp/disk.img"
	sg=$(sg_of tgt0 0)
	truncate -s 32M "$tmp/disk.img"
	forget_events
	begin=$SECONDS
	for _ in $(seq 1 40); do
		sg_raw -r 4096 "$sg" 28 00 00 01 80 00 00 00 08 00 >/dev/null 2>&1 || :
	done
	within 5 grep -q SCST_EVENT=io_error "$events" || fail "no event"
	sleep 1.5
	settle
	# Initiators can cause errors as they like, but not more than an event a second
	n=$(grep -c SCST_EVENT=io_error "$events")
	((n <= SECONDS - begin + 1)) || fail "$n events in $((SECONDS - begin)) s"
	unexport_disk disk01
	del_target tgt0
}

# All attributes and all that belongs to it are there when the event comes
complete_when_announced() {
	local path

	uevents_start
	add_device vdisk_nullio disk01 "size=$((1 << 30))"
	wait_uevent 5 ACTION=add SUBSYSTEM=scsi_tgt_dev
	add_target tgt0
	wait_uevent 5 ACTION=add SUBSYSTEM=scsi_tgt_port
	path=/sys$(uevent_property DEVPATH)
	[ -e "$path/luns/add" ] || fail "the target has no luns"
	[ -d "$path/sessions" ] || fail "the target has no sessions"
	add_lun tgt0 0 disk01
	wait_uevent 5 ACTION=change SCST_EVENT=luns_changed
	[ -e "$path/luns/0/device" ] || fail "the LUN is not there"
	add_session tgt0 host0
	wait_uevent 5 ACTION=add DEVTYPE=session
	path=/sys$(uevent_property DEVPATH)
	[ -e "$path/initiator_name" ] || fail "the session has no initiator_name"
	[ -e "$path/lun0" ] || fail "the session has no lun0"
	uevents_stop
	del_target tgt0
	del_device disk01
}

# tools/scst/udev: its rules are right, and tag what is ours
our_rules() {
	local file=$lib_dir/../../../scst/udev/60-scst.rules out

	[ -r "$file" ] || skip "no 60-scst.rules here"
	if udevadm verify --help >/dev/null 2>&1; then
		udevadm verify "$file"
	fi
	cp "$file" "$rules/60-scst.rules"
	udevadm control --reload
	forget_events
	add_device vdisk_nullio disk01 "size=$((1 << 30))"
	add_target tgt0 session_name=host0
	settle
	expect_event 1 ACTION=add SCST_TARGET=tgt0 DEVTYPE=target 'TAGS=.*:scst:.*'
	expect_event 1 ACTION=add DEVTYPE=device 'TAGS=.*:scst:.*' \
		'SYSTEMD_ALIAS=/sys/bus/scsi_tgt_dev/devices/disk01'
	out=$(udevadm test --action=change "$scst_devices/disk01" 2>&1) || :
	! grep -iE '60-scst.rules:[0-9]+.*(invalid|unknown|fail|ignor)' <<<"$out" ||
		fail "udevd does not like the rules"
	del_target tgt0
	del_device disk01
}

take_apart() {
	forget_events
	add_device vdisk_nullio disk01 "size=$((1 << 30))"
	add_target tgt0 session_name=host0
	add_lun tgt0 0 disk01
	settle
	within 20 scst_unload 2>/dev/null || scst_unload
	expect_event 1 ACTION=remove DEVPATH=/devices/scst/devices/disk01
	expect_event 1 ACTION=remove DEVPATH=/devices/scst/targets/tgt0
	expect_event 1 ACTION=remove DEVTYPE=session SCST_INITIATOR=host0
}

scst_load
find_udevd >/dev/null || skip_all "no udevd"
write_rule
: >"$events"
start_udevd || skip_all "udevd does not start"
trap end EXIT
main devices refused_devices_send_none_or_both targets sessions target_enabled luns_changed \
	session_closed capacity_changed io_error complete_when_announced our_rules take_apart
