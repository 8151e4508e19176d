#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 TIMEOUT=300
# The SCSI mid-layer's error handling as task management: what times out or is
# reset ends once, and not before the target has let go of it.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

stats=$port_bus/drivers/scst_local/stats
unit=/sys/kernel/debug/scst_test/dev/disk01

count() {
	cat "$stats/$1"
}

# executing N: the handler has N commands
executing() {
	[ "$(wc -l <"$unit/executing")" = "$1" ]
}

# hold: executing commands stay there, but for no longer than a failing test may
# keep processes in the kernel
hold() {
	local id=$SRANDOM

	echo "$id" >"$tmp/held"
	echo 1 >"$unit/hold"
	{
		sleep 20
		[ "$(<"$tmp/held")" != "$id" ] || release
	} &
	disown
}

release() {
	echo >"$tmp/held"
	echo 0 >"$unit/hold"
	echo all >"$unit/release"
}

# send NAME SG TIMEOUT CDB...: what sg_raw said is in $tmp/NAME.out, and its exit
# status, when it has ended, in $tmp/NAME
send() {
	local name=$1 sg=$2 timeout=$3 status=0

	shift 3
	rm -f "$tmp/$name"
	sg_raw -t "$timeout" "$sg" "$@" >"$tmp/$name.out" 2>&1 || status=$?
	echo "$status" >"$tmp/$name"
}

# ended NAME: send has ended
ended() {
	[ -e "$tmp/$1" ]
}

# expect_output NAME REGEX
expect_output() {
	expect_match "output of $1" "$2" "$(tr '\n' ' ' <"$tmp/$1.out")"
}

# The unit attention of a new nexus, and whatever else waits
clear_ua() {
	local i

	for i in 1 2 3; do
		sg_turs "$1" >/dev/null 2>&1 && return
	done
	fail "$1 is not ready"
}

read=(-r 512 28 00 00 00 00 00 00 00 01 00)
exclusive=(c0 00 00 00 00 00)

create() {
	[ -d /sys/kernel/debug/scst_test ] || skip "no debugfs"
	add_device test_handler disk01
	add_target tgt0 session_name=host0
	add_lun tgt0 0 disk01
	add_session tgt0 host1
	clear_ua "$(sg_of tgt0 0 host0)"
	clear_ua "$(sg_of tgt0 0 host1)"
}

# What the handler executes runs to its end, however long that takes
an_executing_command_is_not_aborted() {
	local sg aborts

	sg=$(sg_of tgt0 0 host0)
	aborts=$(count aborts)
	hold
	send read "$sg" 1 "${read[@]}" &
	within 5 executing 1
	sleep 4
	expect "aborts" "$aborts" "$(count aborts)"
	! ended read || fail "the command ended while it was executing"
	release
	wait
	expect "exit status" 0 "$(<"$tmp/read")"
	expect_output read 'SCSI Status: Good'
}

# A command that waits for the logical unit is aborted when its time is over
a_waiting_command_is_aborted() {
	local sg aborts

	sg=$(sg_of tgt0 0 host0)
	aborts=$(count aborts)
	hold
	send read "$sg" 60 "${read[@]}" &
	within 5 executing 1
	send exclusive "$sg" 1 "${exclusive[@]}"
	expect_match "exit status" '[1-9]' "$(<"$tmp/exclusive")"
	expect "aborts" $((aborts + 1)) "$(count aborts)"
	release
	wait
	expect_output read 'SCSI Status: Good'
	# It was never executed, and nothing waits for it
	send exclusive "$sg" 5 "${exclusive[@]}"
	expect_output exclusive 'SCSI Status: Good'
}

reset_began() {
	[ "$(count "$1")" = "$2" ]
}

# reset_waits_for_commands OPTION STATISTIC: of sg_reset, while both sessions have a command there
reset_waits_for_commands() {
	local own other resets pid

	own=$(sg_of tgt0 0 host0)
	other=$(sg_of tgt0 0 host1)
	resets=$(count "$2")
	hold
	send read "$own" 60 "${read[@]}" &
	within 5 executing 1
	send exclusive "$other" 60 "${exclusive[@]}" &
	sleep 1
	sg_reset -N "$1" "$own" &
	pid=$!
	within 5 reset_began "$2" $((resets + 1))
	sleep 2
	kill -0 "$pid" || fail "the reset did not wait for the command"
	! ended read || fail "the command ended while it was executing"
	release
	wait "$pid" || fail "sg_reset failed"
	wait
	expect "commands in flight" 0 "$(<"$(session_of tgt0 host0)/active_commands")"
	expect "commands in flight" 0 "$(<"$(session_of tgt0 host1)/active_commands")"
	expect_output read 'Host_status=0x08'
	# The mid-layer repeats a command that has no data.
	expect_output exclusive 'SCSI Status: Good'

	# SAM-6 6.3.2: the reset is reported to every nexus, once
	for own in "$own" "$other"; do
		send exclusive "$own" 5 "${exclusive[@]}"
		expect_output exclusive 'Sense key: Unit Attention.*(reset|Reset)'
		send exclusive "$own" 5 "${exclusive[@]}"
		expect_output exclusive 'SCSI Status: Good'
	done
}

reset_of_the_unit() {
	reset_waits_for_commands -d lun_resets
}

reset_of_the_target() {
	reset_waits_for_commands -t target_resets
}

# Resets, timeouts and removals in a storm: everything ends
storm() {
	local sg i end

	sg=$(sg_of tgt0 0 host0)
	end=$((SECONDS + $(rounds 10 300)))
	for ((i = 0; i < 4; i++)); do
		while [ "$SECONDS" -lt "$end" ]; do
			sg_raw -t 1 "$sg" "${read[@]}" || :
			sg_raw -t 1 "$sg" "${exclusive[@]}" || :
		done >/dev/null 2>&1 &
	done
	while [ "$SECONDS" -lt "$end" ]; do
		hold
		sleep 1.2
		sg_reset -N -d "$sg" &
		sleep 0.1
		release
		sg_reset -N -t "$(sg_of tgt0 0 host1)" || :
	done
	release
	wait
	expect "commands in flight" 0 "$(<"$(session_of tgt0 host0)/active_commands")"
	expect "violations" 0 "$(<"$unit/violations")"
	clear_ua "$sg"
}

take_apart() {
	del_target tgt0
	del_device disk01
	scst_unload
}

scst_load scst_test scst_local
main create an_executing_command_is_not_aborted a_waiting_command_is_aborted \
	reset_of_the_unit reset_of_the_target storm take_apart
