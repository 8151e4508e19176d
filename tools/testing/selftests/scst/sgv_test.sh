#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Data buffers: their limits, what initiators hear of them, and their cache, in a
# machine that has little memory.  The initiators are those of scst_test.
# vm: MEM=192 SMP=2 TIMEOUT=400
# shellcheck disable=SC2317  # main calls the functions
. "$(dirname "$0")/lib.sh"

debug=/sys/kernel/debug/scst_test
unit=$debug/dev/unit0
a=$debug/target/tgt0/init_a
b=$debug/target/tgt0/init_b
sgv=/sys/devices/scst/sgv

mib=1048576
task_set_full='^status=28 .*aborted=0 no_response=0'
good='^status=00 .*aborted=0 no_response=0'

poke() {
	printf '%s' "$2" >"$1" || fail "'$2' > $1"
}

value() {
	cat "$sgv/$1"
}

# is_about TEXT GOT WANT
is_about() {
	if ! [ "$2" -ge $(($3 - $3 / 20)) ] || ! [ "$2" -le $(($3 + $3 / 20)) ]; then
		fail "$1: expected about $3, got $2"
	fi
}

# send SESSION TAG BYTES: a WRITE with so much data-out, of which one block is used
send() {
	poke "$1/submit" "tag=$2 cdb=2a000000000000000100 dir=write len=$3 fill=$(($2 % 256))"
}

get_result() {
	result=$(sed -n "s/^cmd $2 //p" "$1/results")
}

has_result() {
	get_result "$1" "$2"
	[ -n "$result" ]
}

# ends SESSION TAG REGEX
ends() {
	within 20 has_result "$1" "$2" || fail "$2 does not end"
	[[ $result =~ $3 ]] || fail "$2: expected /$3/, got '$result'"
}

# is_held TAG
is_held() {
	grep -qx "$1" "$unit/executing"
}

held() {
	within 20 is_held "$1" || fail "$1 is not executed"
}

release_all() {
	poke "$unit/hold" 0
	poke "$unit/release" all
}

none_runs() {
	[ -z "$(cat "$a/pending" "$b/pending")" ]
}

all_ended() {
	within 60 none_runs || fail "commands do not end"
	expect "bytes in use" 0 "$(value in_use)"
}

forget_results() {
	poke "$a/results" 1
	poke "$b/results" 1
}

save_limits() {
	limits=("$(value limit)" "$(value limit_per_initiator)" "$(value cache_limit)")
}

restore_limits() {
	put "$sgv/limit" "${limits[0]}"
	put "$sgv/limit_per_initiator" "${limits[1]}"
	put "$sgv/cache_limit" "${limits[2]}"
}

memory() {
	echo $(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) * 1024))
}

# --- Attributes

defaults() {
	is_about limit "$(value limit)" $(($(memory) / 4))
	is_about limit_per_initiator "$(value limit_per_initiator)" $(($(memory) / 10))
	is_about cache_limit "$(value cache_limit)" $(($(memory) / 16))
	expect key_attributes "" "$(value key_attributes)"
	expect in_use 0 "$(value in_use)"
}

values() {
	local bad

	put "$sgv/limit" $((8 * mib))
	put "$sgv/cache_limit" 0
	expect limit $((8 * mib)) "$(value limit)"
	expect key_attributes "limit cache_limit" "$(value key_attributes | xargs)"
	# Down to whole pages
	put "$sgv/limit_per_initiator" 0x2fff
	expect limit_per_initiator 8192 "$(value limit_per_initiator)"
	for bad in 0 4095 -1 x 1M 99999999999999999999; do
		expect_match "$bad" 'EINVAL|ERANGE' "$("$wr" "$sgv/limit" "$bad" || :)"
	done
	expect limit $((8 * mib)) "$(value limit)"
	restore_limits
	expect key_attributes "" "$(value key_attributes)"
}

# --- Limits

limit_of_an_initiator() {
	local tag

	put "$sgv/limit_per_initiator" $((4 * mib))
	poke "$unit/hold" 1
	before=$(value over_limit)
	for tag in 1 2 3 4; do
		send "$a" "$tag" "$mib"
		held "$tag"
	done
	expect "bytes in use" $((4 * mib)) "$(value in_use)"
	send "$a" 5 512
	ends "$a" 5 "$task_set_full"
	# It is not the other one's
	send "$b" 6 "$mib"
	held 6
	expect over_limit $((before + 1)) "$(value over_limit)"
	# When one has ended there is room for another
	poke "$unit/release" 2
	ends "$a" 2 "$good"
	send "$a" 7 "$mib"
	held 7
	send "$a" 8 1
	ends "$a" 8 "$task_set_full"
	release_all
	for tag in 1 3 4 7; do
		ends "$a" "$tag" "$good"
	done
	ends "$b" 6 "$good"
	all_ended
	forget_results
	restore_limits
}

limit_of_all() {
	put "$sgv/limit" $((2 * mib))
	put "$sgv/limit_per_initiator" $((2 * mib))
	poke "$unit/hold" 1
	send "$a" 1 "$mib"
	send "$b" 2 "$mib"
	held 1
	held 2
	send "$a" 3 512
	send "$b" 4 512
	ends "$a" 3 "$task_set_full"
	ends "$b" 4 "$task_set_full"
	release_all
	all_ended
	send "$b" 5 $((2 * mib))
	ends "$b" 5 "$good"
	forget_results
	restore_limits
}

# It would have to wait for ever
more_than_a_limit_in_one_command() {
	put "$sgv/limit_per_initiator" "$mib"
	send "$a" 1 $((mib + 1))
	ends "$a" 1 '^status=02 sense=5/24/00 '
	send "$a" 2 "$mib"
	ends "$a" 2 "$good"
	all_ended
	forget_results
	restore_limits
}

task_management_meanwhile() {
	put "$sgv/limit_per_initiator" "$mib"
	poke "$unit/hold" 1
	send "$a" 1 "$mib"
	held 1
	send "$a" 2 "$mib"
	ends "$a" 2 "$task_set_full"
	poke "$a/tmf" "id=3 fn=abort_task tag=2 lun=0"
	within 20 grep -q '^tmf 3 abort_task no_task' "$a/results" ||
		fail "$(<"$a/results")"
	release_all
	all_ended
	forget_results
	restore_limits
}

# --- The cache

cache() {
	local made entries hits tag

	echo 2 >/proc/sys/vm/drop_caches
	expect "cached bytes" 0 "$(value cached)"
	made=$(value made_pages)
	entries=$(value made_entries)
	hits=$(value hits)
	# Each CPU has a cache of its own.
	taskset -p -c 0 "$BASHPID" >/dev/null
	for tag in 1 2 3 4 5 6 7 8 9; do
		send "$a" "$tag" 65536
		ends "$a" "$tag" "$good"
	done
	expect "bytes in use" 0 "$(value in_use)"
	expect "cached bytes" 65536 "$(value cached)"
	expect "pages made" $((made + 16)) "$(value made_pages)"
	expect hits $((hits + 8)) "$(value hits)"
	[ "$(value made_entries)" -le "$(value made_pages)" ] || fail "more entries than pages"
	# There is memory in larger pieces than pages.
	[ $(($(value made_entries) - entries)) -lt 16 ] ||
		fail "$(($(value made_entries) - entries)) entries for 16 pages"
	# None is kept where none may be
	put "$sgv/cache_limit" 0
	send "$a" 10 65536
	ends "$a" 10 "$good"
	all_ended
	restore_limits
	forget_results
}

# The kernel takes the memory back when it needs it
shrinker() {
	local tag

	put "$sgv/cache_limit" $((32 * mib))
	put "$sgv/limit_per_initiator" $((32 * mib))
	poke "$unit/hold" 1
	for ((tag = 1; tag <= 8; tag++)); do
		send "$a" "$tag" "$mib"
		held "$tag"
	done
	release_all
	all_ended
	cached=$(value cached)
	[ "$cached" -ge $((4 * mib)) ] || fail "only $cached bytes are cached"
	echo 2 >/proc/sys/vm/drop_caches
	expect "cached bytes" 0 "$(value cached)"
	restore_limits
	forget_results
}

# --- Little memory

# hog BYTES: have so much of anonymous memory for a moment
hog() {
	# There is no end of the line that tail could forget it at.
	head -c "$1" /dev/zero | tail -n 1 >/dev/null
}

refused_or_held() {
	has_result "$a" "$1" || is_held "$1"
}

# Half of the memory is in buffers, and others need what is left.
half_of_the_memory() {
	local tag nr_held=0 n=$(($(memory) / 2 / mib))

	put "$sgv/limit" $((n * mib))
	put "$sgv/limit_per_initiator" $((n * mib))
	put "$sgv/cache_limit" $((n * mib))
	poke "$unit/hold" 1
	for ((tag = 1; tag <= n + 5; tag++)); do
		send "$a" "$tag" "$mib"
		within 60 refused_or_held "$tag" || fail "$tag neither ends nor executes"
		! is_held "$tag" || nr_held=$((nr_held + 1))
	done
	expect "commands held" "$n" "$nr_held"
	expect "bytes in use" $((n * mib)) "$(value in_use)"
	hog $(($(memory) / 8))
	release_all
	all_ended
	expect "other results" "" "$(grep -vE 'status=(00|28)' "$a/results" || :)"
	forget_results
	# What was cached is there for others, as far as they need it.
	hog $(($(memory) / 2))
	hog $(($(memory) / 2))
	[ "$(value cached)" -lt $((n * mib * 3 / 4)) ] ||
		fail "$(value cached) bytes are still cached"
	restore_limits
}

# Commands come and go while others use up the memory
load_and_pressure() {
	local pid i tag=1000 refused=0

	put "$sgv/limit_per_initiator" "$(value limit)"
	(
		for ((i = 0; i < 10; i++)); do
			hog $(($(memory) / 2))
		done
	) &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		for ((i = 0; i < 20; i++)); do
			tag=$((tag + 1))
			send "$a" "$tag" $((1 << (9 + tag % 13)))
		done
		within 60 none_runs || fail "commands do not end"
		refused=$((refused + $(grep -c 'status=28' "$a/results" || :)))
		expect "other results" "" "$(grep -vE 'status=(00|28)' "$a/results" || :)"
		poke "$a/results" 1
	done
	wait "$pid"
	echo "$((tag - 1000)) commands, $refused refused"
	all_ended
	restore_limits
}

take_apart() {
	for dir in "$unit" "$a" "$b"; do
		expect "rules broken at $dir" 0 "$(<"$dir/violations")"
	done
	del_target tgt0 test_target
	put "$dev_bus/drivers/test_handler/del_device" unit0
	scst_unload
}

kernel_log() {
	log_clean "$log" 6 'sgv: limit: want a number of bytes'
}

clear_uas() {
	local tag

	for ((tag = 9000; tag < 9010; tag++)); do
		poke "$1/submit" "tag=$tag cdb=000000000000"
		within 10 has_result "$1" "$tag"
		[[ $result != status=00* ]] || break
	done
	poke "$1/results" 1
}

scst_load scst_test
log=$(log_mark)
add_device test_handler unit0
add_target tgt0 "" test_target
add_lun tgt0 0 unit0
put "$port_bus/drivers/test_target/add_session" "tgt0 init_a"
put "$port_bus/drivers/test_target/add_session" "tgt0 init_b"
clear_uas "$a"
clear_uas "$b"
save_limits

after_failure() {
	restore_limits
	release_all
	within 20 none_runs
	forget_results
}

main defaults values limit_of_an_initiator limit_of_all more_than_a_limit_in_one_command \
	task_management_meanwhile cache shrinker half_of_the_memory load_and_pressure take_apart \
	kernel_log
