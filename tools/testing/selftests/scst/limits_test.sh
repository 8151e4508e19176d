#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How many commands an initiator may have, in all and for a LUN: what it hears of
# the limits by the initiators of scst_test, and that Linux as an initiator, by
# scst_local, does not fail because of them.
# vm: MEM=1024 SMP=2 TIMEOUT=400
# shellcheck disable=SC2317  # main calls the functions
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

debug=/sys/kernel/debug/scst_test
a=$debug/target/tgt0/init_a
b=$debug/target/tgt0/init_b
t=$scst_targets/tgt0
g=$t/ini_groups

task_set_full='^status=28 .*aborted=0 no_response=0'
good='^status=00 .*aborted=0 no_response=0'

# A kernel full of checks takes longer to send as many
slow=$(by_kernel 1 5)

poke() {
	printf '%s' "$2" >"$1" || fail "'$2' > $1"
}

# send SESSION TAG LUN: a READ of a block
send() {
	poke "$1/submit" "tag=$2 lun=$3 cdb=28000000000000000100 dir=read len=512"
}

# is_held TAG
is_held() {
	cat "$debug"/dev/unit?/executing | grep -qx "$1"
}

# held SESSION TAG LUN: it is executed, and does not end
held() {
	send "$@"
	within 20 is_held "$2" || fail "$2 is not executed"
}

has_result() {
	result=$(sed -n "s/^cmd $2 //p" "$1/results")
	[ -n "$result" ]
}

# ends SESSION TAG REGEX
ends() {
	within 20 has_result "$1" "$2" || fail "$2 does not end"
	[[ $result =~ $3 ]] || fail "$2: expected /$3/, got '$result'"
}

# refused SESSION TAG LUN
refused() {
	send "$@"
	ends "$1" "$2" "$task_set_full"
}

# completes SESSION TAG LUN: one that is held
completes() {
	poke "$debug/dev/unit$3/release" "$2"
	ends "$1" "$2" "$good"
}

none_runs() {
	[ -z "$(cat "$a/pending" "$b/pending")" ]
}

# all_go_on: what is held ends, and nothing is limited any more
all_go_on() {
	local n

	for n in 0 1; do
		poke "$debug/dev/unit$n/hold" 0
		poke "$debug/dev/unit$n/release" all
		put "$t/luns/$n/max_commands" 0
	done
	put "$t/max_session_commands" 0
	within 20 none_runs || fail "commands do not end"
	poke "$a/results" 1
	poke "$b/results" 1
	for n in 0 1; do
		poke "$debug/dev/unit$n/hold" 1
	done
}

# clear_uas: of all nexuses
clear_uas() {
	local session lun tag=9000

	for session in "$a" "$b"; do
		for lun in 0 1; do
			result=
			until [[ $result = status=00* ]]; do
				tag=$((tag + 1))
				poke "$session/submit" "tag=$tag lun=$lun cdb=000000000000"
				ends "$session" "$tag" .
			done
		done
	done
}

# stat_of DIR: the counter of what was refused
stat_of() {
	cat "$1/statistics/refused"
}

# --- Attributes

defaults() {
	expect max_session_commands 0 "$(<"$t/max_session_commands")"
	expect max_commands 0 "$(<"$t/luns/0/max_commands")"
	expect "key_attributes" "" "$(cat "$t/key_attributes" "$t/luns/0/key_attributes")"
}

# Nobody counts before there is one
the_first_limit() {
	taskset -p -c 0 "$BASHPID" >/dev/null
	held "$a" 1 0
	held "$a" 2 1
	taskset -p -c $(($(nproc --all) - 1)) "$BASHPID" >/dev/null
	held "$a" 3 0
	held "$b" 4 0
	put "$t/luns/0/max_commands" 2
	refused "$a" 5 0
	held "$a" 6 1
	held "$b" 7 0
	refused "$b" 8 0
	put "$t/max_session_commands" 4
	refused "$a" 9 1
	completes "$a" 1 0
	completes "$a" 2 1
	held "$a" 10 0
	refused "$a" 11 0
	held "$a" 12 1
	refused "$a" 13 1
	all_go_on
	# Each has been counted once, and is counted no more
	put "$t/luns/0/max_commands" 1
	held "$a" 14 0
	refused "$a" 15 0
	held "$b" 16 0
	refused "$b" 17 0
	all_go_on
	put "$t/max_session_commands" 1
	held "$a" 18 0
	refused "$a" 19 1
	held "$b" 20 0
	refused "$b" 21 1
	all_go_on
}

values() {
	put "$t/max_session_commands" 0x10
	expect max_session_commands 16 "$(<"$t/max_session_commands")"
	expect key_attributes max_session_commands "$(<"$t/key_attributes")"
	put "$t/luns/0/max_commands" 4294967295
	expect max_commands 4294967295 "$(<"$t/luns/0/max_commands")"
	expect key_attributes max_commands "$(<"$t/luns/0/key_attributes")"
	add_lun tgt0 9 unit0 "read_only=1 max_commands=8"
	expect max_commands 8 "$(<"$t/luns/9/max_commands")"
	expect key_attributes "read_only max_commands" "$(xargs <"$t/luns/9/key_attributes")"
	# Nothing of what there was
	put "$t/luns/replace" "unit0 9"
	expect max_commands 0 "$(<"$t/luns/9/max_commands")"
	put "$t/luns/replace" "unit1 9 max_commands=7"
	expect max_commands 7 "$(<"$t/luns/9/max_commands")"
	del_lun tgt0 9
	clear_uas
	all_go_on
}

# --- What initiators hear

session_limit() {
	put "$t/max_session_commands" 3
	held "$a" 1 0
	held "$a" 2 0
	held "$a" 3 1
	refused "$a" 4 0
	refused "$a" 5 1
	# A LUN that does not exist
	refused "$a" 6 7
	# Each session has its own
	held "$b" 7 0
	# When one has ended there is room for another
	completes "$a" 3 1
	held "$a" 8 0
	refused "$a" 9 1
	all_go_on
}

lun_limit() {
	put "$t/luns/0/max_commands" 2
	held "$a" 1 0
	held "$a" 2 0
	refused "$a" 3 0
	held "$a" 4 1
	held "$b" 5 0
	held "$b" 6 0
	refused "$b" 7 0
	completes "$a" 2 0
	held "$a" 8 0
	refused "$a" 9 0
	all_go_on
}

changes_under_commands() {
	local tag

	for ((tag = 1; tag <= 8; tag++)); do
		held "$a" "$tag" 0
	done
	put "$t/luns/0/max_commands" 4
	refused "$a" 11 0
	put "$t/luns/0/max_commands" 0
	held "$a" 12 0
	put "$t/max_session_commands" 5
	refused "$a" 13 0
	refused "$a" 14 1
	put "$t/max_session_commands" 0
	held "$a" 15 0
	expect "commands in flight" 10 "$(<"$(session_of tgt0 init_a)/active_commands")"
	for ((tag = 1; tag <= 6; tag++)); do
		completes "$a" "$tag" 0
	done
	put "$t/max_session_commands" 5
	held "$a" 16 0
	refused "$a" 17 0
	all_go_on
}

# No CPU has its share for itself
from_all_cpus() {
	local cpu tag

	put "$t/luns/0/max_commands" 16
	taskset -p -c 0 "$BASHPID" >/dev/null
	for ((tag = 1; tag <= 16; tag++)); do
		held "$a" "$tag" 0
	done
	for ((cpu = 0; cpu < $(nproc --all); cpu++)); do
		taskset -p -c "$cpu" "$BASHPID" >/dev/null
		refused "$a" "$((100 + cpu))" 0
	done
	all_go_on
}

task_management_meanwhile() {
	put "$t/max_session_commands" 2
	held "$a" 1 0
	poke "$a/submit" "tag=2 attr=ordered cdb=28000000000000000100 dir=read len=512"
	refused "$a" 3 0
	poke "$a/tmf" "id=4 fn=abort_task tag=2"
	within 20 grep -q '^tmf 4 abort_task complete' "$a/results" ||
		fail "$(<"$a/results")"
	held "$a" 5 0
	refused "$a" 6 0
	all_go_on
}

# A LUN of a group has a limit of its own, and a nexus that goes on has that of the
# group where its session is
limits_of_groups() {
	put "$g/add" g0
	put "$g/g0/luns/add" "unit0 0 max_commands=1"
	put "$g/g0/luns/add" "unit1 1"
	held "$a" 1 0
	put "$g/g0/initiators/add" init_a
	is_held 1 || fail "the command has not gone on"
	refused "$a" 2 0
	held "$a" 3 1
	held "$b" 4 0
	held "$b" 5 0
	put "$g/g0/initiators/del" init_a
	held "$a" 6 0
	put "$g/del" g0
	all_go_on
}

counters_and_log() {
	local log n sess lun other

	sess=$(session_of tgt0 init_a)
	n=$(stat_of "$sess")
	lun=$(stat_of "$t/luns/0")
	other=$(stat_of "$t/luns/1")
	put "$t/luns/0/max_commands" 1
	held "$a" 1 0
	log=$(log_mark)
	refused "$a" 2 0
	refused "$a" 3 0
	refused "$a" 4 0
	expect "refused in the session" $((n + 3)) "$(stat_of "$sess")"
	expect "refused at the LUN" $((lun + 3)) "$(stat_of "$t/luns/0")"
	expect "refused at another LUN" "$other" "$(stat_of "$t/luns/1")"
	expect "lines of the log" 1 \
		"$(log_since "$log" | grep -c 'tgt0: init_a: LUN 0: more than max_commands')"
	put "$t/max_session_commands" 1
	refused "$a" 5 1
	refused "$a" 6 1
	expect "lines of the log" 1 \
		"$(log_since "$log" | grep -c 'tgt0: init_a: more than max_session_commands')"
	log_clean "$log"
	all_go_on
}

take_test_apart() {
	local dir n

	for dir in "$debug"/dev/unit? "$a" "$b"; do
		expect "rules broken at $dir" 0 "$(<"$dir/violations")"
	done
	del_target tgt0 test_target
	for n in 0 1; do
		put "$dev_bus/drivers/test_handler/del_device" "unit$n"
	done
}

# --- Linux as an initiator

# A disk that takes its time, and remembers what is written to it
slow_disk() {
	modinfo -n null_blk >/dev/null 2>&1 || skip "the kernel has no null_blk"
	modprobe null_blk nr_devices=1 queue_mode=2 irqmode=2 memory_backed=1 gb=1 \
		completion_nsec=$((slow * 5000000)) hw_queue_depth=256 submit_queues=1
	add_device vdisk_blockio disk01 filename=/dev/nullb0
	add_device vdisk_nullio null01 size=64M
	add_target tgt1 session_name=host0
	add_lun tgt1 0 disk01
	add_lun tgt1 1 null01
	disk=$(disk_of tgt1 0)
	disk_of tgt1 1
}

# most_behind: how many requests were in flight behind the disk, or less, in 15 looks of
# 20.  The kernel looks at one tag after the other: it may count a request that has just
# ended and the one that took its place.
most_behind() {
	local i

	for ((i = 0; i < 20; i++)); do
		awk '{ print $1 + $2 }' /sys/block/nullb0/inflight
		sleep 0.05
	done | sort -n | sed -n 15p
}

needs_slow_disk() {
	[ -d "$scst_devices/disk01" ] || skip "there is no slow disk"
}

start_reads() {
	fio --name=job --filename="$disk" --ioengine=libaio --direct=1 --thread --rw=randread \
		--bs=4k --size=16M --norandommap --iodepth=64 --time_based --runtime=600 \
		>"$tmp/fio.out" &
	within 20 io_runs || fail "no I/O: $(<"$tmp/fio.out")"
}

no_disk_fails_for_the_lun_limit() {
	local n

	needs_slow_disk
	n=$(stat_of "$scst_targets/tgt1/luns/0")
	put "$scst_targets/tgt1/luns/0/max_commands" 8
	fio_verify "$disk" 1M --iodepth=64
	n=$(($(stat_of "$scst_targets/tgt1/luns/0") - n))
	msg "$n commands were refused"
	[ "$n" -gt 0 ] || fail "none was refused"
}

limit_holds_and_ends_with_zero() {
	local n

	needs_slow_disk
	put "$scst_targets/tgt1/luns/0/max_commands" 8
	start_reads
	n=$(most_behind)
	msg "$n requests behind the disk with max_commands=8"
	[ "$n" -le 8 ] || fail "more than 8"
	put "$scst_targets/tgt1/luns/0/max_commands" 0
	n=$(most_behind)
	msg "$n requests behind the disk without"
	[ "$n" -gt 8 ] || fail "there is still a limit"
	put "$scst_targets/tgt1/max_session_commands" 4
	# Those of before have ended
	sleep $((1 + slow))
	n=$(most_behind)
	msg "$n requests behind the disk with max_session_commands=4"
	[ "$n" -le 4 ] || fail "more than 4"
	put "$scst_targets/tgt1/max_session_commands" 0
}

# A session that has not had a limit before: what is in flight just then counts once
limit_begins_under_io() {
	local disk n pid

	needs_slow_disk
	for ((n = 0; n < $(rounds 4 200); n++)); do
		add_session tgt1 fresh
		disk=$(disk_of tgt1 0 fresh)
		fio --name=job --filename="$disk" --ioengine=libaio --direct=1 --thread \
			--rw=randread --bs=4k --size=16M --norandommap --iodepth=16 \
			--numjobs=2 --time_based --runtime=7200 >"$tmp/fio.out" &
		pid=$!
		within 20 io_runs || fail "no I/O: $(<"$tmp/fio.out")"
		put "$scst_targets/tgt1/luns/0/max_commands" 100000
		kill -INT "$pid"
		wait "$pid" || [ $? = 128 ] || fail "$(<"$tmp/fio.out")"
		# None is left that counts
		put "$scst_targets/tgt1/luns/0/max_commands" 1
		sg_turs "$(sg_of tgt1 0 fresh)" || fail "round $n: it has no room"
		put "$scst_targets/tgt1/luns/0/max_commands" 0
		del_session tgt1 fresh
	done
}

# Both disks of the session want more than both together may have
disks_share_the_session_limit() {
	local other n

	needs_slow_disk
	n=$(stat_of "$(session_of tgt1)")
	put "$scst_targets/tgt1/max_session_commands" 6
	start_reads
	other=$(disk_of tgt1 1)
	run_fio "$other" --rw=randread --bs=4k --size=1M --iodepth=32
	fio_verify "$disk" 256K --iodepth=32
	[ "$(stat_of "$(session_of tgt1)")" -gt "$n" ] || fail "none was refused"
	put "$scst_targets/tgt1/max_session_commands" 0
}

# What the core sends for a command is not the initiator's
copies_are_one_command() {
	local xcopy from to

	needs_slow_disk
	xcopy=$(helper xcopy)
	from=$(sg_of tgt1 0)
	to=$(sg_of tgt1 1)
	sg_turs -n 8 "$from" >/dev/null 2>&1 || :
	sg_turs -n 8 "$to" >/dev/null 2>&1 || :
	put "$scst_targets/tgt1/max_session_commands" 1
	put "$scst_targets/tgt1/luns/0/max_commands" 1
	put "$scst_targets/tgt1/luns/1/max_commands" 1
	expect copy good "$("$xcopy" send -c "$from" -c "$to" -s 0,1,20000,0,0 "$from")"
}

take_apart() {
	[ ! -d "$scst_targets/tgt1" ] || del_target tgt1
	scst_unload
}

after_failure() {
	[ ! -d "$scst_targets/tgt0" ] || (all_go_on)
}

scst_load scst_test scst_vdisk scst_local
add_target tgt0 "" test_target
for n in 0 1; do
	add_device test_handler "unit$n"
	add_lun tgt0 "$n" "unit$n"
done
for n in a b; do
	put "$port_bus/drivers/test_target/add_session" "tgt0 init_$n"
done
clear_uas
all_go_on

main defaults the_first_limit values session_limit lun_limit changes_under_commands \
	from_all_cpus task_management_meanwhile limits_of_groups counters_and_log \
	take_test_apart slow_disk no_disk_fails_for_the_lun_limit \
	limit_holds_and_ends_with_zero \
	limit_begins_under_io disks_share_the_session_limit copies_are_one_command take_apart
