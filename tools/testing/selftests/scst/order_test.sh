#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The order of commands, task management, and objects that go under I/O, from
# user space: by the files of scst_test in debugfs.  The KUnit suites scst_order
# and scst_tmf have the many cases; here are the main ones, end to end.
# vm: TIMEOUT=600
# lifecycle
# shellcheck disable=SC2317  # main calls the functions
. "$(dirname "$0")/lib.sh"

debug=/sys/kernel/debug/scst_test
unit=$debug/dev/unit0
a=$debug/target/tgt0/init_a
b=$debug/target/tgt0/init_b

# poke FILE DATA: put without a process, which counts on an emulated CPU
poke() {
	printf '%s' "$2" >"$1" || fail "'$2' > $1"
}

# --- What initiators send

# submit SESSION TAG ATTR REST...
submit() {
	local session=$1 tag=$2 attr=$3

	shift 3
	poke "$session/submit" "tag=$tag attr=$attr $*"
}

# read_block SESSION TAG ATTR
read_block() {
	submit "$@" cdb=28000000000000000100 dir=read len=512
}

# write_block SESSION TAG ATTR DATA [FILL]
write_block() {
	submit "$1" "$2" "$3" cdb=2a000000000000000100 dir=write len=512 \
		"data=$4" "fill=${5-0}"
}

# exclusive SESSION TAG ATTR: needs the unit alone
exclusive() {
	submit "$@" cdb=c00000000000
}

# tmf SESSION ID FUNCTION [TAG]
tmf() {
	poke "$1/tmf" "id=$2 fn=$3 tag=${4-0}"
}

release() {
	poke "$unit/release" "$1"
}

# --- What is to be seen

# in_list FILE LINE
in_list() {
	local line

	while read -r line; do
		[ "$line" != "$2" ] || return 0
	done <"$1"
	return 1
}

executes() {
	within 10 in_list "$unit/executing" "$1" || fail "$1 is not executed"
}

# waits SESSION TAG STATE: it stays there
waits() {
	within 10 in_list "$1/pending" "cmd $2 $3" || fail "$2 is not $3"
	sleep 0.1
	in_list "$1/pending" "cmd $2 $3" || fail "$2 is $3 no longer"
}

# get_result SESSION TAG: $result is what is said about its end
get_result() {
	local line

	result=
	while read -r line; do
		[[ $line != "cmd $2 "* ]] || result=${line#"cmd $2 "}
	done <"$1/results"
}

has_result() {
	get_result "$1" "$2"
	[ -n "$result" ]
}

# ends SESSION TAG REGEX
ends() {
	within 10 has_result "$1" "$2" || fail "$2 does not end"
	[[ $result =~ $3 ]] || fail "$2: expected /$3/, got '$result'"
}

good='^status=00 .*aborted=0 no_response=0'
silent='aborted=1 no_response=1'

# completes SESSION TAG
completes() {
	executes "$2"
	release "$2"
	ends "$1" "$2" "$good"
}

# answered SESSION ID FUNCTION STATUS
answered() {
	within 10 in_list "$1/results" "tmf $2 $3 $4" ||
		fail "$3 was not answered $4: $(grep "^tmf $2 " "$1/results")"
}

# unanswered SESSION ID FUNCTION: it waits
unanswered() {
	sleep 0.1
	in_list "$1/pending" "tmf $2 $3" || fail "$3 was answered"
}

# has_ua SESSION ASC/ASCQ: is pending, and is reported now
has_ua() {
	tur=$((${tur-1000} + 1))
	submit "$1" "$tur" head cdb=000000000000
	ends "$1" "$tur" "^status=02 sense=6/$2 "
}

# clear_uas SESSION
clear_uas() {
	local i

	for ((i = 0; i < 10; i++)); do
		tur=$((${tur-1000} + 1))
		submit "$1" "$tur" head cdb=000000000000
		ends "$1" "$tur" .
		[[ $result != status=00* ]] || return 0
	done
	fail "no end of unit attentions"
}

# --- Objects

# setup [UNIT PARAMETERS]: what is left of the test before goes
setup() {
	teardown
	add_device test_handler unit0 "${1-}"
	add_target tgt0 "" test_target
	add_lun tgt0 0 unit0
	put "$port_bus/drivers/test_target/add_session" "tgt0 init_a"
	put "$port_bus/drivers/test_target/add_session" "tgt0 init_b"
	clear_uas "$a"
	clear_uas "$b"
	poke "$unit/hold" 1
}

teardown() {
	[ -d "$scst_devices/unit0" ] || return 0
	poke "$unit/hold" 0
	poke "$unit/release" all
	if [ -d "$scst_targets/tgt0" ]; then
		del_target tgt0 test_target
	fi
	expect "rules broken at the unit" 0 "$(<"$unit/violations")"
	put "$dev_bus/drivers/test_handler/del_device" unit0
	[ ! -e "$unit" ] || fail "$unit is still there"
}

unbind() {
	put "$dev_bus/drivers/test_handler/unbind" unit0
}

bind() {
	put "$dev_bus/drivers/test_handler/bind" unit0
}

# still_runs PID
still_runs() {
	sleep 0.2
	kill -0 "$1" 2>/dev/null || fail "$2 did not wait"
}

# --- Order

simple_and_ordered() {
	setup
	read_block "$a" 1 simple
	read_block "$a" 2 ordered
	read_block "$a" 3 simple
	read_block "$b" 4 simple
	executes 1
	executes 4
	waits "$a" 2 queued
	waits "$a" 3 queued
	completes "$a" 1
	executes 2
	waits "$a" 3 queued
	completes "$a" 2
	completes "$a" 3
	completes "$b" 4
}

ordered_waits_for_its_data() {
	setup
	write_block "$a" 1 ordered late
	read_block "$a" 2 simple
	waits "$a" 1 data_wait
	waits "$a" 2 queued
	poke "$a/data" "tag=1 result=deliver"
	executes 1
	waits "$a" 2 queued
	completes "$a" 1
	completes "$a" 2
}

one_task_set_with_TST_0() {
	setup tst=0
	expect tst 0 "$(<"$scst_devices/unit0/tst")"
	read_block "$a" 1 ordered
	read_block "$b" 2 simple
	executes 1
	waits "$b" 2 queued
	completes "$a" 1
	completes "$b" 2
}

head_of_queue_passes() {
	setup
	read_block "$a" 1 simple
	read_block "$a" 2 ordered
	read_block "$a" 3 head
	executes 1
	executes 3
	completes "$a" 1
	waits "$a" 2 queued
	completes "$a" 3
	completes "$a" 2
	expect order "1 3 2" "$(grep -vE '^[0-9]{4}' "$unit/executed" | xargs)"
}

exclusive_is_alone() {
	setup
	read_block "$a" 1 simple
	write_block "$b" 2 simple late
	executes 1
	waits "$b" 2 data_wait
	exclusive "$a" 3 simple
	read_block "$b" 4 head
	waits "$a" 3 exec_wait
	waits "$b" 4 exec_wait
	completes "$a" 1
	executes 3
	waits "$b" 4 exec_wait
	waits "$b" 2 data_wait
	completes "$a" 3
	completes "$b" 4
}

commands_end_in_any_order() {
	local tag context

	setup
	for context in process softirq hardirq; do
		poke "$unit/complete_in" "$context"
		poke "$a/results" clear
		for tag in 1 2 3 4; do
			read_block "$a" "$tag" simple
			executes "$tag"
		done
		for tag in 3 1 4 2; do
			release "$tag"
			ends "$a" "$tag" "$good"
		done
		expect "order in $context" "3 1 4 2" \
			"$(sed -n 's/^cmd \([0-9]*\) .*/\1/p' "$a/results" | xargs)"
	done
}

commands_fail_and_are_slow() {
	setup
	poke "$unit/hold" 0
	poke "$unit/fail" "3/11/00 1"
	poke "$unit/delay_ms" 2000
	read_block "$a" 1 ordered
	read_block "$a" 2 simple
	in_list "$a/pending" "cmd 2 queued" || fail "2 did not wait"
	ends "$a" 1 '^status=02 sense=3/11/00 '
	ends "$a" 2 "$good"
}

data_is_what_was_sent() {
	setup
	poke "$unit/hold" 0
	write_block "$a" 1 simple now 0x5a
	ends "$a" 1 "$good"
	# One that never arrives in full leaves no trace
	write_block "$a" 2 simple partial 0xa5
	waits "$a" 2 data_wait
	tmf "$a" 1 abort_task 2
	ends "$a" 2 "$silent"
	write_block "$a" 3 simple late 0xa5
	poke "$a/data" "tag=3 result=error"
	ends "$a" 3 '^status=02 sense=b/4b/00 '
	write_block "$a" 4 simple refuse 0xa5
	ends "$a" 4 '^status=02 sense=b/4b/00 '
	read_block "$a" 5 simple
	ends "$a" 5 'data=5a$'
}

# --- Task management

abort_task() {
	setup
	read_block "$a" 1 ordered
	read_block "$a" 2 simple
	read_block "$a" 3 simple
	executes 1
	waits "$a" 2 queued
	tmf "$a" 1 abort_task 2
	answered "$a" 1 abort_task complete
	ends "$a" 2 "$silent"
	tmf "$a" 2 abort_task 1
	unanswered "$a" 2 abort_task
	release 1
	answered "$a" 2 abort_task complete
	ends "$a" 1 "$silent"
	completes "$a" 3
	tmf "$a" 3 abort_task 3
	answered "$a" 3 abort_task no_task
	in_list "$unit/executed" 2 && fail "2 was executed"
	poke "$a/tmf" "id=4 fn=lun_reset lun=5"
	answered "$a" 4 lun_reset no_lun
}

# clear_task_set TAS: from another nexus
clear_task_set() {
	setup tst=0
	poke "$scst_devices/unit0/tas" "$1"
	read_block "$a" 1 simple
	write_block "$a" 2 simple late
	read_block "$b" 3 ordered
	executes 1
	waits "$a" 2 data_wait
	waits "$b" 3 queued
	tmf "$b" 1 clear_task_set
	ends "$a" 2 "$2"
	ends "$b" 3 "$silent"
	unanswered "$b" 1 clear_task_set
	release 1
	ends "$a" 1 "$2"
	answered "$b" 1 clear_task_set complete
}

clear_task_set_with_TAS_0() {
	clear_task_set 0 "$silent"
	has_ua "$a" 2f/00
}

clear_task_set_with_TAS_1() {
	local before

	clear_task_set 1 '^status=40 .*aborted=1 no_response=0'
	before=$(grep -c . "$a/results")
	clear_uas "$a"
	expect "results of clear_uas" $((before + 1)) "$(grep -c . "$a/results")"
}

lun_reset() {
	setup
	read_block "$a" 1 simple
	exclusive "$a" 2 simple
	read_block "$b" 3 simple
	executes 1
	waits "$a" 2 exec_wait
	waits "$b" 3 exec_wait
	tmf "$b" 1 lun_reset
	ends "$a" 2 "$silent"
	ends "$b" 3 "$silent"
	unanswered "$b" 1 lun_reset
	release 1
	answered "$b" 1 lun_reset complete
	has_ua "$a" 29/03
	has_ua "$b" 29/03
}

response_that_takes_long() {
	setup
	poke "$a/hold_response" 1
	poke "$a/defer" 1
	read_block "$a" 1 simple
	read_block "$a" 2 ordered
	executes 1
	release 1
	waits "$a" 1 responding
	waits "$a" 2 queued
	tmf "$a" 1 abort_task 1
	unanswered "$a" 1 abort_task
	poke "$a/hold_response" 0
	poke "$a/responded" tag=1
	answered "$a" 1 abort_task complete
	ends "$a" 1 "$good"
	completes "$a" 2
}

# --- Commands that fail

# fails SESSION TAG: a command that executes, and was to fail
fails() {
	release "$2"
	ends "$1" "$2" '^status=02 sense=3/11/00 .*aborted=0'
}

aca_condition() {
	setup tst=0
	read_block "$a" 1 simple
	read_block "$b" 2 simple
	executes 1
	executes 2
	submit "$a" 3 aca cdb=28000000000000000100 dir=read len=512
	ends "$a" 3 '^status=02 sense=5/49/00 '
	poke "$unit/fail" "3/11/00 1"
	submit "$a" 4 simple cdb=28000000000000000104 dir=read len=512
	executes 4
	fails "$a" 4

	# ACA ACTIVE, BUSY; what was there is blocked; one may pass
	read_block "$a" 5 simple
	ends "$a" 5 '^status=30 '
	read_block "$b" 6 simple
	ends "$b" 6 '^status=08 '
	release 1
	release 2
	waits "$a" 1 blocked
	waits "$b" 2 blocked
	submit "$a" 7 aca cdb=28000000000000000100 dir=read len=512
	completes "$a" 7
	tmf "$b" 1 clear_aca
	answered "$b" 1 clear_aca rejected
	tmf "$a" 2 clear_aca
	answered "$a" 2 clear_aca complete
	ends "$a" 1 "$good"
	ends "$b" 2 "$good"
	read_block "$b" 8 simple
	completes "$b" 8
}

qerr_aborts_the_others() {
	setup tst=0
	poke "$scst_devices/unit0/tas" 1
	poke "$scst_devices/unit0/qerr" 1
	expect_errno EINVAL "$scst_devices/unit0/qerr" 2
	write_block "$a" 1 simple late
	write_block "$b" 2 simple late
	waits "$a" 1 data_wait
	waits "$b" 2 data_wait
	poke "$unit/fail" "3/11/00 1"
	read_block "$a" 3 simple
	executes 3
	read_block "$b" 4 ordered
	waits "$b" 4 queued
	fails "$a" 3
	ends "$a" 1 "$silent"
	ends "$b" 2 '^status=40 .*aborted=1 no_response=0'
	ends "$b" 4 '^status=40 .*aborted=1 no_response=0'
	in_list "$unit/executed" 4 && fail "4 was executed"
	read_block "$b" 5 simple
	completes "$b" 5
}

tst_changes_under_commands() {
	setup tst=1
	read_block "$a" 1 simple
	executes 1
	put "$scst_devices/unit0/tst" 0
	read_block "$b" 2 ordered
	waits "$b" 2 queued
	completes "$a" 1
	executes 2
	read_block "$a" 3 simple
	waits "$a" 3 queued
	put "$scst_devices/unit0/tst" 1
	read_block "$a" 4 simple
	waits "$a" 4 queued
	completes "$b" 2
	completes "$a" 3
	read_block "$b" 5 ordered
	executes 5
	completes "$a" 4
	completes "$b" 5
}

functions_that_ask() {
	setup
	tmf "$a" 1 query_task_set
	answered "$a" 1 query_task_set complete
	read_block "$a" 1 simple
	executes 1
	tmf "$a" 2 query_task_set
	answered "$a" 2 query_task_set succeeded
	tmf "$a" 3 query_task 1
	answered "$a" 3 query_task succeeded
	tmf "$b" 4 query_task 1
	answered "$b" 4 query_task complete
	completes "$a" 1
	tmf "$a" 5 query_task 1
	answered "$a" 5 query_task complete

	tmf "$b" 6 query_async_event
	answered "$b" 6 query_async_event complete
	tmf "$a" 7 lun_reset
	answered "$a" 7 lun_reset complete
	tmf "$b" 8 query_async_event
	answered "$b" 8 query_async_event "succeeded info=162903"
	has_ua "$b" 29/03
}

# --- Objects that go under I/O

unbind_waits_for_executing_commands() {
	local pid

	setup
	read_block "$a" 1 simple
	write_block "$a" 2 simple late
	executes 1
	waits "$a" 2 data_wait
	unbind &
	pid=$!
	still_runs $pid unbind
	read_block "$b" 3 simple
	completes "$a" 1
	wait $pid || fail "unbind: $?"
	ends "$b" 3 '^status=02 sense=2/04/03 '

	# Its data never comes, or comes now: nobody waits for it.
	poke "$a/data" "tag=2 result=deliver"
	ends "$a" 2 '^status=02 sense=2/04/03 '
	bind
	has_ua "$a" 28/00
	read_block "$a" 4 simple
	completes "$a" 4
}

unbind_does_not_wait_for_data() {
	setup
	write_block "$a" 1 ordered late
	waits "$a" 1 data_wait
	timeout 20 "$wr" "$dev_bus/drivers/test_handler/unbind" unit0 ||
		fail "unbind waits for data"
	waits "$a" 1 data_wait
	bind
}

session_goes_under_io() {
	local pid

	setup
	read_block "$a" 1 simple
	write_block "$a" 2 simple late
	read_block "$a" 3 ordered
	executes 1
	waits "$a" 2 data_wait
	put "$port_bus/drivers/test_target/del_session" "tgt0 init_a" &
	pid=$!
	still_runs $pid del_session
	release 1
	wait $pid || fail "del_session: $?"
	[ ! -e "$a" ] || fail "$a is still there"
	expect_errno ENOENT "$port_bus/drivers/test_target/del_session" \
		"tgt0 init_a"
}

# It waits for its response, which can still be given
session_goes_while_a_response_is_sent() {
	local pid

	setup
	poke "$a/hold_response" 1
	read_block "$a" 1 simple
	executes 1
	release 1
	waits "$a" 1 responding
	put "$port_bus/drivers/test_target/del_session" "tgt0 init_a" &
	pid=$!
	still_runs $pid del_session
	[ ! -e "$a/submit" ] || fail "commands can still be sent"
	waits "$a" 1 responding
	poke "$a/responded" tag=1
	wait $pid || fail "del_session: $?"
	[ ! -e "$a" ] || fail "$a is still there"
}

session_is_closed_under_io() {
	local pid session

	setup
	session=$(session_of tgt0 init_a)
	read_block "$a" 1 simple
	executes 1
	put "$session/close" 1 &
	pid=$!
	still_runs $pid close
	release 1
	wait $pid || fail "close: $?"
	[ ! -e "$session" ] || fail "$session is still there"
}

lun_goes_under_io() {
	local pid

	setup
	read_block "$a" 1 simple
	write_block "$b" 2 simple late
	executes 1
	waits "$b" 2 data_wait
	expect_errno EBUSY "$dev_bus/drivers/test_handler/del_device" unit0
	del_lun tgt0 0 &
	pid=$!
	still_runs $pid luns/del
	# Nobody asked for its end: BUSY.  What was executed says so
	ends "$b" 2 '^status=08 .*no_response=0'
	release 1
	ends "$a" 1 "$good"
	wait $pid || fail "luns/del: $?"
	read_block "$a" 3 simple
	ends "$a" 3 '^status=02 sense=5/25/00 '
}

target_goes_under_io() {
	local pid

	setup
	read_block "$a" 1 simple
	write_block "$b" 2 simple late
	executes 1
	del_target tgt0 test_target &
	pid=$!
	still_runs $pid del_target
	release 1
	wait $pid || fail "del_target: $?"
	[ ! -e "$debug/target/tgt0" ] || fail "tgt0 is still in debugfs"
}

disabling_ends_sessions() {
	setup
	put "$scst_targets/tgt0/enabled" 0
	[ ! -e "$a" ] || fail "$a is still there"
	expect_errno ENODEV "$port_bus/drivers/test_target/add_session" \
		"tgt0 init_a"
	put "$scst_targets/tgt0/enabled" 1
	put "$port_bus/drivers/test_target/add_session" "tgt0 init_a"
	expect_errno EEXIST "$port_bus/drivers/test_target/add_session" \
		"tgt0 init_a"
}

module_stays_while_mapped() {
	setup
	read_block "$a" 1 simple
	executes 1
	! rmmod scst_test 2>/dev/null || fail "rmmod of a mapped handler"
	completes "$a" 1
	del_lun tgt0 0
	# Sessions, targets and units do not keep it.
	rmmod scst_test
	[ ! -e "$debug" ] || fail "$debug is still there"
	[ ! -e "$scst_devices/unit0" ] || fail "unit0 is still there"
	[ ! -e "$scst_targets/tgt0" ] || fail "tgt0 is still there"
	modprobe scst_test
}

# --- What a user may get wrong

bad_lines() {
	setup
	local line

	for line in "tag=1" "tag=1 cdb=" "tag=1 cdb=0" "tag=1 cdb=xx" \
		"cdb=000000000000 attr=sorted" "cdb=000000000000 dir=up" \
		"cdb=000000000000 tag" "cdb=000000000000 tga=1" \
		"cdb=0000000000000000000000000000000000" \
		"cdb=000000000000 len=4194305 dir=read" \
		"cdb=000000000000 fill=256"; do
		expect_errno EINVAL "$a/submit" "$line"
	done
	expect_errno EINVAL "$a/submit" "$(printf 'cdb=000000000000 %0300d' 0)"
	expect_errno EINVAL "$a/tmf" "fn=cancel"
	expect_errno EINVAL "$a/tmf" "id=1"
	expect_errno ENOENT "$a/data" "tag=9 result=deliver"
	expect_errno ENOENT "$a/responded" "tag=9"
	expect_errno ENOENT "$unit/release" 9
	expect_errno EINVAL "$unit/release" nine
	expect_errno EINVAL "$unit/fail" "10/00/00 1"
	expect_errno EINVAL "$unit/complete_in" nmi
	expect_errno EINVAL "$scst_devices/unit0/tas" 2
	expect_errno EINVAL "$dev_bus/drivers/test_handler/add_device" \
		"unit1 tst=2"
	expect_errno EEXIST "$dev_bus/drivers/test_handler/add_device" unit0
	expect_errno EINVAL "$port_bus/drivers/test_target/add_target" "t x=1"
	expect_errno EEXIST "$port_bus/drivers/test_target/add_target" tgt0
	expect_errno EINVAL "$port_bus/drivers/test_target/add_session" tgt0
	expect_errno ENOENT "$port_bus/drivers/test_target/add_session" "t i"
	expect "pending" "" "$(<"$a/pending")"
}

[ -d /sys/kernel/debug/tracing ] || [ -d /sys/kernel/debug ] ||
	skip_all "debugfs is not mounted"
scst_load scst_test

main simple_and_ordered ordered_waits_for_its_data one_task_set_with_TST_0 \
	head_of_queue_passes exclusive_is_alone commands_end_in_any_order \
	commands_fail_and_are_slow data_is_what_was_sent abort_task \
	clear_task_set_with_TAS_0 clear_task_set_with_TAS_1 lun_reset \
	response_that_takes_long aca_condition \
	qerr_aborts_the_others tst_changes_under_commands functions_that_ask \
	unbind_waits_for_executing_commands \
	unbind_does_not_wait_for_data session_goes_under_io \
	session_goes_while_a_response_is_sent \
	session_is_closed_under_io lun_goes_under_io target_goes_under_io \
	disabling_ends_sessions module_stays_while_mapped bad_lines
