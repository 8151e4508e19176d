#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=2 TIMEOUT=300
# lifecycle
# Device groups, target port groups and their asymmetric access states: the tree,
# what initiators see of it, and multipath-tools that follow it.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

g0=$device_groups/dg0
# What udev starts, and what that calls for dg0
alua_request=$lib_dir/../../../scst/alua-request
hook=/etc/scst/alua-request.d/dg0
# What has udev start it, and where alua.rst has both of them installed
udev_rules=$lib_dir/../../../scst/udev/60-scst.rules
installed_program=/usr/lib/scst/alua-request
installed_rules=/etc/udev/rules.d/60-scst.rules
systemd_run=/usr/bin/systemd-run
run_options="--no-block --collect --setenv=SCST_INITIATOR --setenv=SCST_DEVICE"

after_failure() {
	local dir

	for dir in "$device_groups"/*/; do
		[ ! -e "$dir/group_id" ] || basename "$dir" >"$device_groups/del"
	done
	cleanup_devices
	cleanup_targets
	no_rules
	remove_hook
}

# What most tests begin with: a unit by two targets, each in a group of its own
# The groups are there when the initiator finds the LUNs: Linux attaches its device
# handler then
create() {
	local n

	truncate -s 64M "$tmp/disk.img"
	add_device vdisk_fileio disk01 "filename=$tmp/disk.img"
	put "$device_groups/add" dg0
	put "$g0/devices/add" disk01
	for n in 0 1; do
		put "$g0/target_groups/add" tpg$n
		put "$g0/target_groups/tpg$n/targets/add" tgt$n
		add_target tgt$n session_name=host$n
		add_lun tgt$n 0 disk01
	done
}

setup() {
	[ -e "$g0" ] || create
	sg0=$(sg_of tgt0 0)
	sg1=$(sg_of tgt1 0)
	clear_uas
}

clear_uas() {
	sg_turs -n 8 "$sg0" >/dev/null 2>&1 || :
	sg_turs -n 8 "$sg1" >/dev/null 2>&1 || :
}

state() {
	put "$g0/target_groups/$1/state" "$2"
}

# ready SG: it answers TEST UNIT READY with GOOD; what it says goes to stdout.  The
# mid-layer does not come between, as it would for the sd device.
ready() {
	sg_turs -v "$1" 2>&1
}

tree() {
	local dir

	[ -d "$device_groups" ] || fail "no $device_groups"
	add_device vdisk_nullio disk01 "size=$((1 << 30))"
	add_device vdisk_nullio disk02 "size=$((1 << 30))"
	add_target tgt0
	put "$device_groups/add" dg0
	put "$device_groups/add" dg1
	expect "group_id of the first" 1 "$(<"$g0/group_id")"
	expect "group_id of the second" 2 "$(<"$device_groups/dg1/group_id")"
	expect "key_attributes of a group" group_id "$(<"$g0/key_attributes")"
	put "$g0/group_id" 77
	put "$g0/devices/add" disk01
	expect "unit" "$(realpath "$scst_devices/disk01")" "$(realpath "$g0/devices/disk01")"

	put "$g0/target_groups/add" tpg0
	dir=$g0/target_groups/tpg0
	expect "group_id" 1 "$(<"$dir/group_id")"
	expect "state" active/optimized "$(<"$dir/state")"
	expect "preferred" 0 "$(<"$dir/preferred")"
	expect "key_attributes" group_id "$(<"$dir/key_attributes")"
	put "$dir/state" standby
	put "$dir/preferred" 1
	put "$dir/group_id" 0x1234
	expect "state" standby "$(<"$dir/state")"
	expect "preferred" 1 "$(<"$dir/preferred")"
	expect "group_id" 4660 "$(<"$dir/group_id")"
	expect "key_attributes" "group_id preferred state" \
		"$(paste -sd' ' "$dir/key_attributes")"

	put "$dir/targets/add" tgt0
	put "$dir/targets/add" elsewhere
	expect "target" "$(realpath "$scst_targets/tgt0")" "$(realpath "$dir/targets/tgt0/target")"
	expect "rel_tgt_id" "$(<"$scst_targets/tgt0/rel_tgt_id")" \
		"$(<"$dir/targets/tgt0/rel_tgt_id")"
	[ ! -e "$dir/targets/elsewhere/target" ] || fail "a target that is elsewhere is here"
	expect "rel_tgt_id elsewhere" 0 "$(<"$dir/targets/elsewhere/rel_tgt_id")"
	put "$dir/targets/elsewhere/rel_tgt_id" 300
	expect "rel_tgt_id elsewhere" 300 "$(<"$dir/targets/elsewhere/rel_tgt_id")"
	expect "key_attributes elsewhere" rel_tgt_id \
		"$(<"$dir/targets/elsewhere/key_attributes")"
	expect "key_attributes here" "" "$(<"$dir/targets/tgt0/key_attributes")"

	# A target of that name that comes, and goes
	add_target elsewhere
	[ -e "$dir/targets/elsewhere/target" ] || fail "the target that has come is not found"
	expect_errno EBUSY "$dir/targets/elsewhere/rel_tgt_id" 5
	del_target elsewhere
	[ ! -e "$dir/targets/elsewhere/target" ] || fail "the target that has gone is found"
	expect "rel_tgt_id elsewhere" 300 "$(<"$dir/targets/elsewhere/rel_tgt_id")"
}

refuses() {
	local dir=$g0/target_groups/tpg0 name id

	expect_errno EEXIST "$device_groups/add" dg0
	expect_errno ENOENT "$device_groups/del" dg7
	for name in add del uevent "a/b" power . .. "$(printf %0300d 1)"; do
		expect_errno EINVAL "$device_groups/add" "$name"
	done
	expect_errno EINVAL "$device_groups/add" "dg7 x=1"
	expect_errno EINVAL "$device_groups/add" " "
	expect_errno ENOENT "$g0/devices/add" nothing
	expect_errno EEXIST "$g0/devices/add" disk01
	expect_errno EBUSY "$device_groups/dg1/devices/add" disk01
	expect_errno ENOENT "$device_groups/dg1/devices/del" disk01
	expect_errno ENOENT "$g0/devices/del" disk02
	expect_errno EEXIST "$g0/target_groups/add" tpg0
	expect_errno ENOENT "$g0/target_groups/del" tpg7
	put "$g0/target_groups/add" tpg1
	expect "the least that is free" 1 "$(<"$g0/target_groups/tpg1/group_id")"
	expect_errno EEXIST "$dir/group_id" 1
	expect_errno EEXIST "$dir/targets/add" tgt0
	expect_errno EBUSY "$g0/target_groups/tpg1/targets/add" tgt0
	expect_errno ENOENT "$g0/target_groups/tpg1/targets/del" tgt0
	for id in 0 -1 x " "; do
		expect_errno EINVAL "$dir/targets/elsewhere/rel_tgt_id" "$id"
		expect_errno EINVAL "$dir/group_id" "$id"
		expect_errno EINVAL "$g0/group_id" "$id"
	done
	expect_errno ERANGE "$dir/targets/elsewhere/rel_tgt_id" 65536
	expect_errno ERANGE "$dir/group_id" 65536
	expect_errno ERANGE "$g0/group_id" 65536
	expect_errno EINVAL "$dir/state" active
	expect_errno EINVAL "$dir/state" "standby x"
	expect_errno EINVAL "$dir/preferred" 2
	expect_errno EEXIST "$device_groups/dg1/group_id" 77
	expect "state" standby "$(<"$dir/state")"
	# A target may be in another device group, too
	put "$device_groups/dg1/target_groups/add" tpg0
	put "$device_groups/dg1/target_groups/tpg0/targets/add" tgt0
}

goes_in_any_order() {
	del_device disk01
	[ ! -e "$g0/devices/disk01" ] || fail "a device that is gone is in its group"
	put "$device_groups/dg1/devices/add" disk02
	del_target tgt0
	[ ! -e "$g0/target_groups/tpg0/targets/tgt0/target" ] || fail "the link stays"
	put "$device_groups/del" dg1
	[ ! -e "$device_groups/dg1" ] || fail "the group stays"
	put "$device_groups/add" dg1
	put "$device_groups/dg1/devices/add" disk02
	del_device disk02
	put "$device_groups/del" dg1
	put "$g0/target_groups/tpg0/targets/del" elsewhere
	put "$g0/target_groups/del" tpg0
	put "$g0/target_groups/del" tpg1
	put "$device_groups/del" dg0
}

initiators_see_it() {
	local out id

	setup
	put "$g0/group_id" 5
	put "$g0/target_groups/tpg1/group_id" 0x22
	put "$g0/target_groups/tpg1/preferred" 1
	put "$g0/target_groups/tpg1/targets/add" elsewhere
	put "$g0/target_groups/tpg1/targets/elsewhere/rel_tgt_id" 0x333
	state tpg1 active/nonoptimized
	clear_uas

	out=$(sg_rtpg --decode "$sg0")
	expect "groups" 2 "$(grep -c 'target port group id' <<<"$out")"
	expect_match "first" "id : 0x1 , Pref=0, Rtpg_fmt=0" "$out"
	expect_match "second" "id : 0x22 , Pref=1, Rtpg_fmt=0" "$out"
	expect_match "state of the first" "access state : 0x00 \(active/optimized\)" "$out"
	expect_match "state of the second" "access state : 0x01 \(active/non optimized\)" "$out"
	expect_match "how it came" "status code : 0x02 \(.*implicit" "$out"
	for id in "$(<"$scst_targets/tgt0/rel_tgt_id")" \
		"$(<"$scst_targets/tgt1/rel_tgt_id")" $((0x333)); do
		expect_match "port" "^ *0x0*$(printf %x "$id")\$" "$out"
	done
	sg_rtpg --extended "$sg1" >/dev/null

	out=$(sg_vpd -p di "$sg0")
	expect_match "of the first" "Target port group: 0x1" "$out"
	expect_match "of the unit" "Logical unit group: 0x5" "$out"
	expect_match "of the second" "Target port group: 0x22" "$(sg_vpd -p di "$sg1")"
	expect_match "TPGS" "TPGS=1" "$(sg_inq "$sg0")"
	[ "$(<"$(scsi_device_of tgt0 0)/dh_state")" = alua ] || fail "no device handler"
	put "$g0/devices/del" disk01
	expect_match "TPGS" "TPGS=0" "$(sg_inq "$sg0")"
	expect "groups" 0 "$(sg_vpd -p di "$sg0" | grep -c 'group:' || :)"
	clear_uas
	out=$(expect_failure sg_rtpg "$sg0" 2>&1)
	expect_match "no groups" "not supported|Illegal request" "$out"
	put "$g0/devices/add" disk01
	# For the others
	put "$g0/target_groups/tpg1/group_id" 2
	put "$g0/target_groups/tpg1/preferred" 0
	put "$g0/target_groups/tpg1/targets/del" elsewhere
	state tpg1 active/optimized
}

# answers STATES STATE CMD...: it succeeds if STATE is one of STATES
answers() {
	local states=$1 state=$2 ok=no

	shift 2
	[[ " $states " != *" $state "* ]] || ok=yes
	"$@" >"$tmp/answer" 2>&1 && expect "$state: $*" "$ok" yes && return
	expect "$state: $*: $(<"$tmp/answer")" "$ok" no
}

heard_of_it() {
	local scsi

	scsi=$(basename "$(realpath "/sys/class/scsi_generic/${2##*/}/device")")
	log_since "$1" | grep -qi "sd $scsi: Asymmetric access state changed"
}

states() {
	local state text mark

	setup
	mark=$(log_mark)
	while read -r state text; do
		state tpg0 "$state"
		clear_uas
		expect_match "$state" "$text" "$(ready "$sg0" || :)"
		sg_turs "$sg1"
		# Those that are answered in each
		sg_inq "$sg0" >/dev/null
		sg_luns "$sg0" >/dev/null
		sg_rtpg "$sg0" >/dev/null
		sg_requests "$sg0" >/dev/null
		answers standby "$state" sg_readcap "$sg0"
		answers standby "$state" sg_modes -p 8 "$sg0"
		answers standby "$state" sg_logs -p 0 "$sg0"
		answers standby "$state" sg_opcodes "$sg0"
		answers standby "$state" sg_raw -r 64 "$sg0" 1c 00 00 00 40 00
		answers "standby unavailable" "$state" \
			sg_raw -r 4 "$sg0" 3c 03 00 00 00 00 00 00 04 00
		answers "" "$state" sg_raw -r 512 "$sg0" 28 00 00 00 00 00 00 00 01 00
		answers "" "$state" sg_verify --lba=0 --count=1 "$sg0"
		answers "" "$state" sg_sync "$sg0"
	done <<-END
		standby port.in.standby.state
		unavailable port.in.unavailable.state
		offline logical.unit.not.accessible|offline
		transitioning asymmetric.access.state.transition|transition
	END
	state tpg0 active/optimized
	clear_uas
	sg_turs "$sg0"
	sg_turs "$sg1"
	# The initiators have heard of it, by both ports: they have read the states
	within 10 heard_of_it "$mark" "$sg0" || fail "nobody has told ${sg0##*/}"
	within 10 heard_of_it "$mark" "$sg1" || fail "nobody has told ${sg1##*/}"
}

events() {
	setup
	uevents_start
	state tpg0 active/nonoptimized
	wait_uevent 5 ACTION=change SCST_EVENT=access_state_changed SCST_TARGET=tgt0 \
		SCST_DEVICE_GROUP=dg0 SCST_TARGET_GROUP=tpg0 \
		SCST_STATE=active/nonoptimized SCST_PREVIOUS_STATE=active/optimized
	state tpg0 active/nonoptimized
	state tpg1 standby
	wait_uevent 5 ACTION=change SCST_EVENT=access_state_changed
	expect "target of the next event" tgt1 "$(uevent_property SCST_TARGET)"
	uevents_stop
	state tpg0 active/optimized
	state tpg1 active/optimized
	clear_uas
}

# asks SG DESCRIPTOR...: SET TARGET PORT GROUPS in the background, its end in $tmp/stpg
asks() {
	local sg=$1

	shift
	(
		printf '%b' '\0\0\0\0' "$@" | sg_raw -s $((4 + 4 * $#)) -t 100 "$sg" \
			a4 0a 00 00 00 00 00 00 00 "$(printf %02x $((4 + 4 * $#)))" 00 00
	) >"$tmp/stpg" 2>&1 &
	stpg_pid=$!
}

# refused BYTE DESCRIPTOR...: the list is wrong at BYTE
refused() {
	local byte=$1 out

	shift
	asks "$sg0" "$@"
	wait "$stpg_pid" || :
	out=$(<"$tmp/stpg")
	expect_match "$*" "Invalid field in parameter list" "$out"
	expect_match "$*" "byte[= ]*$byte\b" "$out"
}

explicit() {
	local stpg_pid id

	setup
	expect_match "TPGS" "TPGS=1" "$(sg_inq "$sg0")"
	clear_uas
	asks "$sg0" '\x02\0\0\x01'
	! wait "$stpg_pid" || fail "there is explicit access"
	expect "key_attributes" group_id "$(<"$g0/key_attributes")"
	put "$g0/explicit" 1
	put "$g0/explicit_timeout" 30
	expect "key_attributes" "group_id explicit explicit_timeout" \
		"$(paste -sd' ' "$g0/key_attributes")"
	clear_uas
	expect_match "TPGS" "TPGS=3" "$(sg_inq "$sg0")"
	sg_opcodes -n "$sg0" 2>/dev/null | grep -q 'Set target port groups' ||
		fail "the command is not reported"

	# active/optimized and others can be asked for, these can't
	refused 4 '\x04\0\0\x01'
	refused 4 '\x0e\0\0\x01'
	refused 4 '\x0f\0\0\x01'
	refused 6 '\x02\0\0\x07'
	refused 10 '\x02\0\0\x01' '\x01\0\0\x01'
	asks "$sg0" '\x00\0\0\x01'
	wait "$stpg_pid" || fail "what is so already: $(<"$tmp/stpg")"

	uevents_start
	asks "$sg0" '\x02\0\0\x01' '\x00\0\0\x02'
	wait_uevent 10 ACTION=change SCST_EVENT=access_state_requested SCST_TARGET=tgt0 \
		SCST_DEVICE_GROUP=dg0 SCST_INITIATOR=host0 SCST_DEVICE=disk01
	id=$(uevent_property SCST_REQUEST)
	expect "request" "$id" "$(<"$g0/request")"
	expect "of the first" standby "$(<"$g0/target_groups/tpg0/requested_state")"
	expect "of the second" active/optimized "$(<"$g0/target_groups/tpg1/requested_state")"
	kill -0 "$stpg_pid" || fail "it has ended: $(<"$tmp/stpg")"
	put "$g0/answer" "$id done"
	wait "$stpg_pid" || fail "SET TARGET PORT GROUPS: $(<"$tmp/stpg")"
	wait_uevent 10 ACTION=change SCST_EVENT=access_state_changed SCST_TARGET_GROUP=tpg0 \
		SCST_STATE=standby
	uevents_stop
	expect "request" 0 "$(<"$g0/request")"
	expect "state" standby "$(<"$g0/target_groups/tpg0/state")"
	expect_errno ENOENT "$g0/answer" "$id done"
	expect_errno EINVAL "$g0/answer" "done"
	expect_errno EINVAL "$g0/answer" "1 perhaps"
	expect_match "how it came" "status code : 0x01" "$(sg_rtpg --decode "$sg1")"

	# A tool that does it by itself; refused this time
	(sg_stpg --tp=1 --state=ao "$sg1" >"$tmp/stpg" 2>&1) &
	stpg_pid=$!
	within 10 grep -q '^[1-9]' "$g0/request" || fail "no request: $(<"$tmp/stpg")"
	put "$g0/answer" "$(<"$g0/request") failed"
	# Its exit status does not tell
	wait "$stpg_pid" || :
	expect_match "sg_stpg" "Set target port groups command failed" "$(<"$tmp/stpg")"
	expect "state" standby "$(<"$g0/target_groups/tpg0/state")"
	put "$g0/explicit" 0
	state tpg0 active/optimized
	clear_uas
}

# install_hook STATUS [COMMAND]: it adds a line with its arguments to $tmp/hook, and exits
install_hook() {
	mkdir -p "${hook%/*}"
	cat >"$hook" <<-END
		#!/bin/sh
		echo "\$*" >>'$tmp/hook'
		${2-}
		exit $1
	END
	chmod +x "$hook"
	rm -f "$tmp/hook"
}

# remove_hook: no other one
remove_hook() {
	grep -qsF "$tmp/hook" "$hook" || return 0
	rm -f "$hook" /run/scst-alua-request.dg0
	rmdir "${hook%/*}" "$(dirname "${hook%/*}")" 2>/dev/null || :
}

# requests SG DESCRIPTOR...: as asks(); udev hears of it, and the number is in $id
requests() {
	clear_uas
	asks "$@"
	wait_uevent 10 ACTION=change SCST_EVENT=access_state_requested SCST_DEVICE_GROUP=dg0
	id=$(uevent_property SCST_REQUEST)
}

# answer REQUEST: as the rule in tools/scst/udev has it done
answer() {
	sh "$alua_request" dg0 "$1"
}

# ended STATE CALLS: no request is left, tpg0 has STATE, CALLS are those of the hook
ended() {
	expect "request" 0 "$(<"$g0/request")"
	expect "state" "$1" "$(<"$g0/target_groups/tpg0/state")"
	expect "calls of the hook" "$2" "$(cat "$tmp/hook" 2>/dev/null)"
}

# has_failed STATE CALLS
has_failed() {
	! wait "$stpg_pid" || fail "SET TARGET PORT GROUPS has succeeded"
	expect_match "its end" "Set target port groups command failed" "$(<"$tmp/stpg")"
	ended "$@"
}

a_program_answers() {
	local stpg_pid id first state

	[ -r "$alua_request" ] || skip "no $alua_request"
	[ ! -e "$hook" ] || skip "there is a $hook"
	setup
	put "$g0/explicit" 1
	put "$g0/explicit_timeout" 60
	uevents_start

	# Without the administrator's program nothing is granted
	requests "$sg1" '\x02\0\0\x01'
	answer "$id"
	has_failed active/optimized ""

	# It says yes: to both groups
	install_hook 0
	requests "$sg1" '\x02\0\0\x01' '\x01\0\0\x02'
	answer "$id"
	wait "$stpg_pid" || fail "SET TARGET PORT GROUPS: $(<"$tmp/stpg")"
	ended standby "tpg0=standby tpg1=active/nonoptimized"
	expect "state" active/nonoptimized "$(<"$g0/target_groups/tpg1/state")"
	first=$id

	# It says no
	install_hook 1
	requests "$sg1" '\x00\0\0\x01'
	answer "$id"
	has_failed standby "tpg0=active/optimized"

	# The request that it was started for is over, and there is another one, which waits
	install_hook 0
	requests "$sg1" '\x00\0\0\x01'
	answer "$first"
	expect "request" "$id" "$(<"$g0/request")"
	[ ! -e "$tmp/hook" ] || fail "the hook was called: $(<"$tmp/hook")"
	kill -0 "$stpg_pid" || fail "it has ended: $(<"$tmp/stpg")"
	answer "$id"
	wait "$stpg_pid" || fail "SET TARGET PORT GROUPS: $(<"$tmp/stpg")"
	ended active/optimized "tpg0=active/optimized"
	# There is none
	answer "$id"
	ended active/optimized "tpg0=active/optimized"

	# One that hangs, for as long as the initiator is patient; it holds up nobody after it
	put "$g0/explicit_timeout" "$(by_kernel 2 20)"
	install_hook 0 'sleep 1000'
	requests "$sg1" '\x02\0\0\x01'
	timeout 60 sh "$alua_request" dg0 "$id" 2>/dev/null || [ $? != 124 ] ||
		fail "it waits for the hook"
	has_failed active/optimized "tpg0=standby"
	# And one that leaves something behind
	put "$g0/explicit_timeout" 60
	install_hook 0 'setsid sleep 1000 >/dev/null 2>&1 &'
	for state in 2 0; do
		requests "$sg1" "\x0$state\0\0\x01"
		timeout 60 sh "$alua_request" dg0 "$id" || fail "it waits for what the hook left"
		wait "$stpg_pid" || fail "SET TARGET PORT GROUPS: $(<"$tmp/stpg")"
	done
	ended active/optimized $'tpg0=standby\ntpg0=active/optimized'
	pkill -f 'sleep 1000'

	uevents_stop
	remove_hook
	put "$g0/explicit" 0
	state tpg1 active/optimized
	clear_uas
}

# --- All the way from the uevent to the answer

# What rules start systemd-run(1) for: a process that outlives the event, and has the
# environment of a service and not that of the event, but for what the rule tells.  In a
# guest systemd is not process 1, so a stand-in takes the place of systemd-run.  It knows
# the options of the rule alone.
stand_in() {
	cat >"$tmp/systemd-run" <<-END
		#!/bin/sh
		echo "\$*" >>'$tmp/started'
		[ "\$1 \$2 \$3 \$4" = "$run_options" ] || exit 1
		shift 4
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
		export PATH
		setsid env -i PATH="\$PATH" SCST_INITIATOR="\$SCST_INITIATOR" \
			SCST_DEVICE="\$SCST_DEVICE" "\$@" </dev/null >>'$tmp/output' 2>&1 &
	END
	chmod +x "$tmp/systemd-run"
	[ -e "$systemd_run" ] || : >"$systemd_run"
	mount --bind "$tmp/systemd-run" "$systemd_run"
}

# no_rules: neither udevd nor what the rules need
no_rules() {
	[ -e "$tmp/systemd-run" ] || return 0
	stop_udevd
	umount "$systemd_run" 2>/dev/null || :
	[ -s "$systemd_run" ] || rm -f "$systemd_run"
	rm -f "$installed_rules" "$installed_program" "$tmp/systemd-run"
	rmdir "${installed_program%/*}" 2>/dev/null || :
}

# systemd_knows_options: those of the rule; it cannot do more than look at them here
systemd_knows_options() {
	local out

	[ -x "$systemd_run" ] || return 0
	# shellcheck disable=SC2086  # several options
	out=$(timeout 60 "$systemd_run" $run_options "$installed_program" dg0 0 2>&1) || :
	! grep -qi option <<<"$out" || fail "systemd-run: $out"
}

# started_for REQUEST: by the rule, as the last one
started_for() {
	expect "what the rule has started" "$run_options $installed_program dg0 $1" \
		"$(tail -n 1 "$tmp/started")"
}

# granted FILE: each target port group has the state that FILE, of the hook, tells
granted() {
	local words word

	expect "calls of the hook" 1 "$(wc -l <"$1")"
	read -ra words <"$1"
	for word in "${words[@]}"; do
		expect "state of ${word%%=*}" "${word#*=}" \
			"$(<"$g0/target_groups/${word%%=*}/state")"
	done
}

udev_has_it_answered() {
	local stpg_pid id mark file

	[ -r "$alua_request" ] || skip "no $alua_request"
	[ -r "$udev_rules" ] || skip "no $udev_rules"
	find_udevd >/dev/null || skip "no udevd"
	no_udevd || skip "there is a udevd"
	for file in "$hook" "$installed_program" "$installed_rules"; do
		[ ! -e "$file" ] || skip "there is a $file"
	done
	setup
	systemd_knows_options
	put "$g0/explicit" 1
	stand_in
	start_udevd
	uevents_start
	install -D -m 755 "$alua_request" "$installed_program"
	install_hook 0 "echo \"\$SCST_INITIATOR \$SCST_DEVICE\" >'$tmp/asker'"

	# Without the rule nobody hears of it, and its time is over some day
	put "$g0/explicit_timeout" 2
	mark=$(log_mark)
	requests "$sg1" '\x02\0\0\x01'
	has_failed active/optimized ""
	log_since "$mark" | grep -q "dg0: request $id was not answered" ||
		fail "the log does not tell of request $id: $(log_since "$mark")"
	[ ! -e "$tmp/started" ] || fail "something was started: $(<"$tmp/started")"

	# The event of that request is not to meet the rule
	udevadm settle --timeout=300 || :
	install -D -m 644 "$udev_rules" "$installed_rules"
	udevadm control --reload
	put "$g0/explicit_timeout" 90

	# The hook says yes.  sg_stpg names all groups: it tells the states of the others, too.
	clear_uas
	sg_stpg --tp=1 --state=s "$sg1" >"$tmp/stpg" 2>&1 &
	stpg_pid=$!
	wait_uevent 10 ACTION=change SCST_EVENT=access_state_requested SCST_DEVICE_GROUP=dg0 ||
		fail "no request: $(<"$tmp/stpg")"
	id=$(uevent_property SCST_REQUEST)
	# Its exit status does not tell
	wait "$stpg_pid" || :
	! grep -q 'Set Target Port Groups: ' "$tmp/stpg" ||
		fail "sg_stpg: $(cat "$tmp/stpg" "$tmp/started" "$tmp/output")"
	started_for "$id"
	[ -e "$tmp/hook" ] || fail "the hook was not called: $(<"$tmp/output")"
	expect_match "arguments of the hook" "^(.* )?tpg0=standby( .*)?\$" "$(<"$tmp/hook")"
	expect "who asks" "host1 disk01" "$(<"$tmp/asker")"
	granted "$tmp/hook"
	expect "request" 0 "$(<"$g0/request")"
	state tpg1 active/optimized

	# It says no
	install_hook 1
	requests "$sg1" '\x00\0\0\x01'
	has_failed standby "tpg0=active/optimized"
	started_for "$id"

	# Yes again: GOOD status
	install_hook 0
	requests "$sg1" '\x00\0\0\x01' '\x01\0\0\x02'
	wait "$stpg_pid" || fail "SET TARGET PORT GROUPS: $(<"$tmp/stpg")"
	started_for "$id"
	ended active/optimized "tpg0=active/optimized tpg1=active/nonoptimized"
	granted "$tmp/hook"
	[ "$(wc -l <"$tmp/started")" = 3 ] || fail "started were: $(<"$tmp/started")"
	expect "what they say" "" "$(<"$tmp/output")"

	uevents_stop
	no_rules
	remove_hook
	put "$g0/explicit" 0
	state tpg1 active/optimized
	clear_uas
}

# Commands execute all the time; each ends, by what it asked for or by the state
changes_under_io() {
	local n pids=()

	setup
	for n in 0 1; do
		(while [ ! -e "$tmp/stop" ]; do
			if sg_dd if="$([ $n = 0 ] && echo "$sg0" || echo "$sg1")" of=/dev/null \
				bs=512 count=2048 >"$tmp/out$n" 2>&1; then
				echo good
			else
				grep -qiE 'not ready|unit attention' "$tmp/out$n" ||
					cat "$tmp/out$n"
			fi
		done) >"$tmp/ends$n" &
		pids+=("$!")
	done
	for ((n = 0; n < $(rounds 30 2000); n++)); do
		state tpg$((n % 2)) standby
		state tpg$((n % 2)) active/nonoptimized
		put "$g0/target_groups/tpg0/targets/del" tgt0
		put "$g0/target_groups/tpg0/targets/add" tgt0
		put "$g0/devices/del" disk01
		put "$g0/devices/add" disk01
	done
	for n in 0 1; do
		within 20 grep -q good "$tmp/ends$n" || fail "port $n: nothing has succeeded"
	done
	touch "$tmp/stop"
	wait "${pids[@]}"
	rm "$tmp/stop"
	for n in 0 1; do
		! grep -v good "$tmp/ends$n" || fail "port $n: another end than by the state"
	done
	state tpg0 active/optimized
	state tpg1 active/optimized
	clear_uas
	sg_dd if="$sg0" of=/dev/null bs=512 count=2048 2>/dev/null
	sg_dd if="$sg1" of=/dev/null bs=512 count=2048 2>/dev/null
	for n in 0 1; do
		expect "port $n: commands that have not ended" 0 \
			"$(<"$(session_of tgt$n)/active_commands")"
	done
}

# Writers of all files at once, and the objects come and go
races() {
	local end=$((SECONDS + $(rounds 6 300))) pids=() pid

	setup
	(set +e; while [ $SECONDS -lt $end ]; do
		echo standby >"$g0/target_groups/tpg1/state"
		echo active/optimized >"$g0/target_groups/tpg1/state"
	done) 2>/dev/null &
	pids+=("$!")
	(set +e; while [ $SECONDS -lt $end ]; do
		echo race >"$device_groups/add"
		echo tpg0 >"$device_groups/race/target_groups/add"
		echo tgt0 >"$device_groups/race/target_groups/tpg0/targets/add"
		echo moving >"$device_groups/race/devices/add"
		echo race >"$device_groups/del"
	done) 2>/dev/null &
	pids+=("$!")
	(set +e; while [ $SECONDS -lt $end ]; do
		echo "moving size=1048576" >$dev_bus/drivers/vdisk_nullio/add_device
		echo moving >"$g0/devices/add"
		echo moving >$dev_bus/drivers/vdisk_nullio/del_device
		echo coming >$port_bus/drivers/scst_local/add_target
		echo coming >"$g0/target_groups/tpg1/targets/add"
		echo coming >$port_bus/drivers/scst_local/del_target
		echo coming >"$g0/target_groups/tpg1/targets/del"
	done) 2>/dev/null &
	pids+=("$!")
	(set +e; while [ $SECONDS -lt $end ]; do
		cat "$g0"/*/* "$g0"/*/*/* "$g0"/*/*/*/* "$g0"/*/*/*/*/*
		sg_rtpg "$sg0"
		sg_vpd -p di "$sg1"
	done) >/dev/null 2>&1 &
	pids+=("$!")
	for pid in "${pids[@]}"; do
		wait "$pid" || :
	done
	[ ! -e "$device_groups/race" ] || put "$device_groups/del" race
	[ ! -e "$scst_devices/moving" ] || del_device moving
	[ ! -e "$scst_targets/coming" ] || del_target coming
	state tpg1 active/optimized
	clear_uas
	sg_turs "$sg0"
	sg_turs "$sg1"
}

# What waits for the file, as a cluster manager does; prints what it reads then
poll_blocked() {
	python3 - "$scst_devices/disk01/blocked" <<-END
		import select, sys
		with open(sys.argv[1]) as f:
		    f.read()
		    print("waits", flush=True)
		    p = select.poll()
		    p.register(f, select.POLLPRI | select.POLLERR)
		    p.poll()
		    f.seek(0)
		    print(f.read().strip())
	END
}

blocked() {
	local file=$scst_devices/disk01/blocked disk fio

	setup
	expect "blocked" 0 "$(<"$file")"
	expect_errno EINVAL "$file" 0
	expect_errno EINVAL "$file" x
	poll_blocked >"$tmp/poll" &
	within 20 grep -q waits "$tmp/poll" || fail "poll() does not wait"
	disk=$(disk_of tgt0 0)
	fio --name=verify --filename="$disk" --direct=1 --ioengine=libaio --iodepth=8 \
		--rw=randwrite --bs=4k --size=8M --verify=crc32c --verify_backlog=64 --time_based \
		--runtime=10000 --verify_fatal=1 >"$tmp/fio" 2>&1 &
	fio=$!
	within 20 io_runs || fail "no I/O"
	uevents_start
	put "$file" 1
	wait_uevent 5 ACTION=change SCST_EVENT=blocked SUBSYSTEM=scsi_tgt_dev \
		DEVPATH=/devices/scst/devices/disk01
	within 5 grep -qx 1 "$tmp/poll" || fail "poll() has not ended: $(<"$tmp/poll")"
	# What a snapshot would have does not change any more
	cp "$tmp/disk.img" "$tmp/snapshot"
	sleep 1
	cmp "$tmp/disk.img" "$tmp/snapshot" || fail "a blocked unit writes"
	put "$file" 1
	expect "blocked" 2 "$(<"$file")"
	put "$file" 0
	expect "blocked" 1 "$(<"$file")"
	cmp "$tmp/disk.img" "$tmp/snapshot" || fail "a blocked unit writes"
	put "$file" 0
	wait_uevent 5 ACTION=change SCST_EVENT=unblocked
	uevents_stop
	within 20 not cmp -s "$tmp/disk.img" "$tmp/snapshot" || fail "it stays blocked"
	kill -INT "$fio"
	wait "$fio" || :
	expect_match "fio" "err= 0" "$(<"$tmp/fio")"
	rm "$tmp/snapshot"
}

not() {
	! "$@"
}

# --- multipath-tools

# Request-based device-mapper calls hosts that may block, as scst_local's, under the
# RCU read lock: bio-based does not
start_multipathd() {
	cat >/etc/multipath.conf <<-END
		defaults {
			user_friendly_names no
			find_multipaths no
			polling_interval 1
			max_polling_interval 1
			path_grouping_policy group_by_prio
			prio alua
			failback immediate
			no_path_retry queue
			features "2 queue_mode bio"
		}
		blacklist {
			devnode "^vd"
		}
	END
	start_udevd
	udevadm trigger --action=add --subsystem-match=block
	udevadm settle --timeout=120
	modprobe -a dm-multipath dm-service-time scsi_dh_alua 2>/dev/null || :
	# In the foreground, its log in a file of ours
	multipathd -d -v 2 >"$tmp/multipathd" 2>&1 &
	multipathd_pid=$!
}

stop_multipathd() {
	multipathd shutdown >/dev/null 2>&1 || kill "$multipathd_pid" 2>/dev/null || :
	wait "$multipathd_pid" || :
	stop_udevd
	rm /etc/multipath.conf
}

# The priority of the path by a target, and its state in the map
path_priority() {
	multipathd show paths raw format "%d %p %t" | awk -v d="${1##*/}" '$1 == d { print $2 }'
}

has_priority() {
	[ "$(path_priority "$1")" = "$2" ]
}

# multipath_says DISK PRIORITY: it does so soon
multipath_says() {
	within 20 has_priority "$1" "$2" && return
	cat "$tmp/multipathd"
	multipathd show maps topology
	fail "$1 has the priority $(path_priority "$1"), not $2"
}

commands_of() {
	attribute "$(session_of "$1")/commands"
}

# uses TARGET OTHER: reads and writes of the map go that way, and not the other
uses() {
	local here there

	here=$(commands_of "$1")
	there=$(commands_of "$2")
	sleep 1
	(($(commands_of "$1") - here > 10 * ($(commands_of "$2") - there) + 10))
}

has_map() {
	map=$(dmsetup ls --target multipath 2>/dev/null | awk '$2 ~ /^\(/ { print $1; exit }')
	[ -n "$map" ] && [ "$(dmsetup table "$map" | grep -oE '[0-9]+:[0-9]+' | wc -l)" = 2 ]
}

multipath_follows() {
	local map multipathd_pid d0 d1 n fio

	setup
	command -v multipathd >/dev/null || skip "no multipathd"
	find_udevd >/dev/null || skip "no udevd"
	d0=$(disk_of tgt0 0)
	d1=$(disk_of tgt1 0)
	state tpg0 active/optimized
	state tpg1 standby
	start_multipathd
	within 40 has_map || {
		cat "$tmp/multipathd"
		multipathd show paths
		fail "no map of two paths"
	}
	multipath_says "$d0" 50
	multipath_says "$d1" 1

	fio --name=verify --filename=/dev/mapper/"$map" --direct=1 --ioengine=psync --rw=randwrite \
		--bs=4k --size=32M --verify=crc32c --verify_backlog=64 --time_based \
		--runtime=100000 --thinktime=2ms --verify_fatal=1 >"$tmp/fio" 2>&1 &
	fio=$!
	for ((n = 0; n < $(rounds 4 50); n++)); do
		state tpg1 active/optimized
		state tpg0 standby
		multipath_says "$d1" 50
		within 20 uses tgt1 tgt0 || fail "round $n: not by tgt1"
		state tpg0 active/optimized
		state tpg1 "$([ $((n % 2)) = 0 ] && echo active/nonoptimized || echo unavailable)"
		multipath_says "$d0" 50
		within 20 uses tgt0 tgt1 || fail "round $n: not by tgt0"
		kill -0 "$fio" || fail "round $n: $(<"$tmp/fio")"
	done
	# It ends as it does when its time is over, but for the exit status
	kill -INT "$fio"
	wait "$fio" || :
	expect_match "fio" "err= 0" "$(<"$tmp/fio")"
	grep -qE 'issued rwts: total=[1-9]' "$tmp/fio" || fail "nothing was verified"
	within 20 quiet map_goes "$map" || fail "the map stays"
	stop_multipathd
}

take_apart() {
	setup
	# Groups are no reason to stay
	put "$g0/target_groups/add" last
	for n in 0 1; do
		del_target tgt$n
	done
	within 20 scst_unload 2>/dev/null || scst_unload
}

scst_load
dmesg --console-level warn
main tree refuses goes_in_any_order initiators_see_it states events explicit \
	a_program_answers udev_has_it_answered blocked changes_under_io races \
	multipath_follows take_apart
