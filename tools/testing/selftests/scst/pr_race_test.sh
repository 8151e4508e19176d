#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 SMP=2 TIMEOUT=400
# Reservations that change while commands are on their way, and while sessions come
# and go.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pr_lib.sh
. "$(dirname "$0")/pr_lib.sh"

unit=$scst_devices/disk01
# How long a command of the slow unit takes, in ms
latency=$(by_kernel 400 2000)

# latencies N: sleep as long as N commands
latencies() {
	sleep "$(awk -v n="$1" -v ms="$latency" 'BEGIN { print n * ms / 1000 }')"
}

# What a command ends with that somebody else's PREEMPT has hit
hit='conflict|6/2a/05|6/2f/00|status 40|host 0[58]'

# --- A unit whose commands take their time, and that has what was written

slow_unit() {
	if [ ! -e /dev/nullb0 ]; then
		modinfo -n null_blk >/dev/null 2>&1 || skip "the kernel has no null_blk"
		modprobe null_blk nr_devices=1 queue_mode=2 irqmode=2 memory_backed=1 \
			completion_nsec=$((latency * 1000000)) hw_queue_depth=64 \
			submit_queues=1 gb=1
		within 10 test -b /dev/nullb0
	fi
	if [ ! -e "$scst_devices/slow" ]; then
		setup
		add_device vdisk_blockio slow filename=/dev/nullb0
		add_lun tgt0 1 slow
		# It is read for partitions
		disk_of tgt0 1 host0 >/dev/null
		disk_of tgt0 1 host1 >/dev/null
		latencies 4
	fi
	a=$(sg_of tgt0 1 host0)
	b=$(sg_of tgt0 1 host1)
	# Of this test alone, which is a subshell
	unit=$scst_devices/slow
	clear_uas "$a" "$b"
	pr good "$a" ignore 0 0 a
	pr good "$a" clear 0 a 0
	clear_uas "$a" "$b"
	pr good "$a" register 0 0 a
	pr good "$b" register 0 0 b
}

active_commands() {
	cat "$(session_of tgt0 host1)/active_commands"
}

in_flight() {
	[ "$(active_commands)" -ge "$1" ]
}

# all_uas SG: those that it reports, on one line
all_uas() {
	local end

	while end=$(ready "$1") && [[ $end == 6/* ]]; do
		echo "$end"
	done | paste -sd' '
}

# What ends when PREEMPT AND ABORT has, and says so
commands_are_aborted() {
	local active attentions n ends

	slow_unit
	pr good "$a" reserve 5 a 0
	for n in 0 1 2 3; do
		"$pr_cmd" -w $((100 + n)) "$b" >"$tmp/victim$n" &
	done
	within 10 in_flight 2 || fail "no commands in flight"
	pr good "$a" preempt_abort 5 a b
	# Those that came meanwhile are refused at once
	sleep 0.1
	active=$(active_commands)
	wait
	# Each goes on until it is told no
	ends=$(sed 's/.*then //' "$tmp"/victim? | paste -sd,)
	msg "commands in flight ended with $ends"
	expect "commands in flight when it had ended" 0 "$active"
	for n in 0 1 2 3; do
		expect_match "writer $n" "then ($hit)\$" "$(<"$tmp/victim$n")"
	done
	# And the initiator of what happened
	attentions=$(all_uas "$b")
	expect_match "unit attentions" '6/2a/05' "$ends $attentions"
	expect "others than these" "" "$(tr ' ' '\n' <<<"$attentions" |
		grep -vE '^(6/2a/05|6/2f/00|)$' || :)"
	expect "WRITE by the one that was preempted" conflict "$(writes "$b")"
	expect "WRITE by the one that preempted" good "$(writes "$a")"
	uas "" "$a"
	expect registrants 1 "$(reservation nr_registrants)"
}

blocks() {
	scsi "$a" 28000000006400000400 -i 2048
}

# fenced ACTION: what is written to the unit stays as it is from the end of ACTION on,
# however many commands wait
fenced() {
	local n round first

	for ((round = 0; round < $(rounds 3 50); round++)); do
		slow_unit
		pr good "$a" reserve 5 a 0
		for n in 0 1 2 3; do
			"$pr_cmd" -w $((100 + n)) "$b" >"$tmp/victim$n" &
		done
		within 20 in_flight 4 || fail "no commands in flight"
		latencies 2.$((RANDOM % 10))
		pr good "$a" "$1" 5 a b
		first=$(blocks)
		expect "READ" good "$(head -n 1 <<<"$first")"
		wait
		latencies 1.5
		expect "blocks after $1" "$first" "$(blocks)"
		for n in 0 1 2 3; do
			expect_match "round $round, writer $n" \
				"^[1-9][0-9]* writes, then ($hit)\$" "$(<"$tmp/victim$n")"
		done
	done
}

preempt_fences() {
	fenced preempt
}

preempt_and_abort_fences() {
	fenced preempt_abort
}

# both_ends SG...: each of them has had commands that conflicted, and others
both_ends() {
	local n

	for n; do
		grep -qi conflict "$tmp/io${n##*/}" &&
			grep -q '^256+0 records out' "$tmp/io${n##*/}" || return
	done
}

# A command that came before a reservation is not in its way, one that came later is
# refused; none is lost
reservations_change_under_io() {
	local n pids=() pid end

	setup
	pr good "$a" register 0 0 a
	end=$((SECONDS + $(rounds 5 120)))
	rm -f "$tmp/stop"
	for n in "$b" "$c"; do
		(while [ ! -e "$tmp/stop" ]; do
			sg_dd if=/dev/zero of="$n" bs=512 count=256 || :
			sg_dd if="$n" of=/dev/null bs=512 count=256 || :
		done) >"$tmp/io${n##*/}" 2>&1 &
		pids+=("$!")
	done
	n=0
	while [ $SECONDS -lt $end ] ||
		{ [ $SECONDS -lt $((end + 120)) ] && ! both_ends "$b" "$c"; }; do
		pr good "$a" reserve 3 a 0
		pr good "$a" release 3 a 0
		n=$((n + 1))
	done
	touch "$tmp/stop"
	for pid in "${pids[@]}"; do
		wait "$pid" || :
	done
	msg "$n reservations"
	for n in "$b" "$c"; do
		grep -qi 'conflict' "$tmp/io${n##*/}" || fail "nothing conflicted"
		grep -q '^256+0 records out' "$tmp/io${n##*/}" || fail "nothing succeeded"
		expect "commands that have not ended" "0 0 0" \
			"$(cat "$(session_of tgt0 host0)/active_commands" \
				"$(session_of tgt0 host1)/active_commands" \
				"$(session_of tgt1 host2)/active_commands" | paste -sd' ')"
		expect WRITE good "$(writes "$n")"
	done
}

# --- Sessions

# register_until_gone SG KEY: prints how often it was registered
register_until_gone() {
	local list

	list=$(pr_list 0 "$2" a)
	"$pr_cmd" -g -o "$list" "$1" "$(pr_cdb ignore 0 "$list")"
}

# READ KEYS and sysfs have as many registrations
numbers_agree() {
	local keys

	keys=$(pr_in "$a" 00) || return 1
	[ $((0x${keys:8:8} / 8)) = "$(registrants | wc -l)" ]
}

numbers_have_to_agree() {
	within 5 numbers_agree ||
		fail "READ KEYS: $(pr_in "$a" 00), registrants: $(registrants)"
}

logout_while_registering() {
	local n n_good good=0 racer

	setup
	pr good "$a" register 0 0 a
	for ((n = 0; n < $(rounds 8 200); n++)); do
		add_session tgt0 racer
		racer=$(sg_of tgt0 0 racer)
		register_until_gone "$racer" 9 >"$tmp/racer" &
		sleep "0.0$((RANDOM % 90 + 10))"
		# By the administrator, or by both at a time
		if [ $((n % 2)) = 0 ]; then
			del_session tgt0 racer
		else
			del_session tgt0 racer &
			pr_out "$a" preempt 0 a 9 >/dev/null
			clear_uas "$a"
		fi
		wait
		[ ! -e "$racer" ] || within 10 test ! -e "$racer" || fail "$racer stays"
		# It may have gone before it was told anything
		n_good=$(sed -n "s/ good.*//p" "$tmp/racer")
		good=$((good + ${n_good:-0}))
		numbers_have_to_agree
		[ "$(reservation nr_registrants)" -le 2 ] || fail "registrants: $(registrants)"
		# What is registered is known when the initiator is back
		if registrants | grep -q ":0x0000000000000009:"; then
			add_session tgt0 racer
			racer=$(sg_of tgt0 0 racer)
			clear_uas "$racer"
			pr conflict "$racer" register 0 0 7
			pr good "$racer" register 0 9 0
			del_session tgt0 racer
		fi
		expect registrants 1 "$(reservation nr_registrants)"
	done
	msg "$good registrations"
	[ "$good" -gt 0 ] || fail "nobody was ever registered"
}

# The LUN goes and comes while its reservations change
lun_goes_while_registering() {
	local n pid

	setup
	pr good "$a" register 0 0 a
	(while [ ! -e "$tmp/stop" ]; do
		pr_out "$c" ignore 0 0 c
		pr_out "$c" reserve 5 c 0
		pr_out "$c" release 5 c 0
		pr_out "$c" ignore 0 0 0
	done) >/dev/null 2>&1 &
	pid=$!
	for ((n = 0; n < $(rounds 10 100); n++)); do
		del_lun tgt0 0
		add_lun tgt0 0 disk01
	done
	touch "$tmp/stop"
	wait "$pid" || :
	rm "$tmp/stop"
	find_initiators
	numbers_have_to_agree
	expect_match "registrants" "$(nexus_a 0x000000000000000a 0)" "$(registrants)"
	pr good "$a" clear 0 a 0
	none_registered
}

# The unit goes, again and again, with all that is registered
unit_goes_while_registering() {
	local n pid sg

	setup
	pr good "$a" register 0 0 a a
	for ((n = 0; n < $(rounds 3 50); n++)); do
		for sg in "$b" "$c"; do
			register_until_gone "$sg" 5 >"$tmp/racer${sg##*/}" &
		done
		(cat "$unit"/reservation/* "$unit"/registrants/*/* >/dev/null 2>&1 || :) &
		sleep "0.0$((RANDOM % 90 + 10))"
		del_unit
		wait
		add_unit
		find_initiators
		expect type none "$(reservation type)"
		numbers_have_to_agree
		expect_match "registrants" "$(nexus_a 0x000000000000000a 0)" "$(registrants)"
	done
}

# null_blk stays: with DEBUG_KOBJECT_RELEASE its disks outlive the module
take_apart() {
	[ ! -e "$scst_devices/slow" ] || {
		del_lun tgt0 1
		del_device slow
	}
	pr_take_apart
}

kernel_log() {
	quiet_log "$log"
}

scst_load
pr_cmd=$(helper pr_cmd) || skip_all "no helper program pr_cmd"
log=$(log_mark)
dmesg --console-level warn
main commands_are_aborted preempt_fences preempt_and_abort_fences \
	reservations_change_under_io logout_while_registering lun_goes_while_registering \
	unit_goes_while_registering take_apart kernel_log
