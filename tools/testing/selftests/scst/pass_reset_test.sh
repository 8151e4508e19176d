#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=1 TIMEOUT=300
# Commands that a device of this host does not answer: resets end them, or their time is
# over, or the device goes.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pr_lib.sh
. "$(dirname "$0")/pr_lib.sh"
# shellcheck source=pass_lib.sh
. "$(dirname "$0")/pass_lib.sh"

# The second and the third one are for what takes long
setup() {
	serve_two 3
}

# --- Resets

# hang SG NAME: a READ that the device does not answer, whose end is in $tmp/NAME
hang() {
	command_end "$1" 28000000000000000100 in 512 >"$tmp/$2" &
	pids+=("$!")
}

# in_flight N: commands of both sessions
in_flight() {
	[ $(($(<"$(session_of tgt0 host0)/active_commands") +
		$(<"$(session_of tgt0 host1)/active_commands"))) = "$1" ]
}

# hung: all of them have got there, and none of them has ended
hung() {
	local pid

	within 20 in_flight ${#pids[@]} || fail "no commands"
	sleep 1
	for pid in "${pids[@]}"; do
		kill -0 "$pid" 2>/dev/null || fail "a command ended: $(cat "$tmp"/hung.*)"
	done
}

# all_end SECONDS: they do, and none of them is good
all_end() {
	local pid

	for pid in "${pids[@]}"; do
		within "$1" no_process "$pid" || fail "a command hangs"
	done
	! grep -q 'status=00 host=00' "$tmp"/hung.* || fail "$(cat "$tmp"/hung.*)"
	rm "$tmp"/hung.*
	pids=()
}

# SAM-6 6.3.3: the reset is reported to every nexus, once
reset_is_told() {
	local nexus

	for nexus; do
		uas 6/29/03 "$nexus"
	done
	for nexus; do
		uas "" "$nexus"
	done
}

reset_of_a_unit_that_hangs() {
	local option

	setup
	pids=()
	for option in -d -t; do
		inject 0 1 28
		hang "$sg" hung.a
		hang "$sgb" hung.b
		hung
		inject_none 0 28
		timeout 30 sg_reset -N $option "$sg" || fail "sg_reset $option: status $?"
		all_end 5
		clear_uas "$sg" "$sgb"
	done
	fio_verify "$disk" 1M
}

resets_are_told_once() {
	local option

	setup
	for option in -d -t; do
		quiet sg_reset -N $option "$sg"
		reset_is_told "$sg" "$sgb"
		quiet sg_reset -N $option "$sg"
		reset_is_told "$sgb" "$sg"
	done
}

# What the device tells just then is for all of them, and for nobody else to hear
what_a_reset_finds_is_told() {
	setup
	fail_next 00 6 2a 9
	quiet sg_reset -N -d "$sg"
	inject_none 2 00
	uas "6/29/03 6/2a/09" "$sg"
	uas "6/29/03 6/2a/09" "$sgb"
}

# The error recovery of the mid-layer, and the tools of this host, take for themselves
# what the device tells of it
a_reset_by_this_host() {
	setup
	clear_uas "$dsg" "$sg" "$sgb"
	ends good "$sg" 160000000000
	quiet sg_reset -N -d "$dsg"
	within 10 sg_turs "$dsg" 2>/dev/null || fail "$dsg is not ready"
	# It has ended the reservation, too
	reset_is_told "$sgb" "$sg"
	expect READ good "$(reads "$sgb")"
}

# resets: how many the device has had since $log
resets() {
	log_since "$log" | grep -c " $hctl: scsi_debug_device_reset" || :
}

# The host has it for itself then
reset_of_an_unbound_unit() {
	local log

	setup
	log=$(log_mark)
	echo 0x2000 >"$adapters/opts"
	quiet sg_reset -N -d "$sg"
	expect "resets of the device" 1 "$(resets)"
	put "$dev_bus/drivers/dev_disk/unbind" "$hctl"
	quiet sg_reset -N -d "$sg"
	quiet sg_reset -N -t "$sgb"
	expect "resets, while it is unbound too" 1 "$(resets)"
	put "$dev_bus/drivers/dev_disk/bind" "$hctl"
	quiet sg_reset -N -d "$sg"
	expect "resets, when it is bound again" 2 "$(resets)"
	echo 0 >"$adapters/opts"
	clear_uas "$sg" "$sgb"
	expect READ good "$(reads "$sg")"
}

# By a timer of the adapter, which the reset stops
reset_of_a_slow_unit() {
	setup
	pids=()
	within 10 adapter_delays delay $((100 * 250)) || fail "the adapter is busy"
	hang "$sg" hung.a
	hang "$sgb" hung.b
	hung
	timeout 30 sg_reset -N -d "$sgb" || fail "sg_reset: status $?"
	all_end 5
	within 10 adapter_delays ndelay 10000 || fail "the adapter is busy"
	clear_uas "$sg" "$sgb"
	expect READ good "$(reads "$sg")"
}

reset_under_io() {
	local n pid

	setup
	fio --name=bg --filename="$disk" --ioengine=libaio --direct=1 --rw=randrw --bs=4k \
		--size=8M --iodepth=32 --time_based --runtime=7200 --allow_file_create=0 \
		--verify=crc32c --verify_state_save=0 --verify_fatal=1 --thread \
		>"$tmp/fio.out" 2>&1 &
	pid=$!
	within 30 io_runs || fail "fio does not run: $(<"$tmp/fio.out")"
	for n in $(seq 1 "$(rounds 5 300)"); do
		quiet sg_reset -d "$sg"
		quiet sg_reset -d "$sgb"
		sleep 0.2
		kill -0 "$pid" || fail "round $n: fio has ended: $(<"$tmp/fio.out")"
	done
	kill -INT "$pid"
	wait "$pid" || [ $? = 128 ] || fail "$(<"$tmp/fio.out")"
	expect_match "fio" "err= 0" "$(<"$tmp/fio.out")"
	clear_uas "$sg" "$sgb"
	fio_verify "$disk" 1M
}

# --- What takes as long as the time-out of a disk

# In the background, as each of them takes half a minute
long_ones_begin() {
	local device a b c

	setup
	device=$hctl
	a=$(sg_of tgt0 1 host0)
	b=$(sg_of tgt0 1 host1)
	c=$(sg_of tgt0 2 host0)
	clear_uas "$a" "$b" "$c"
	hctl=${device%:0}:1 inject 0 1 28
	hctl=${device%:0}:2 inject 0 1 28
	date +%s >"$tmp/begin"
	{
		command_end "$a" 28000000000000000100 in 512 >"$tmp/timeout.out" || :
		date +%s >"$tmp/timeout.end"
	} >/dev/null 2>&1 &
	disown
	# The initiator gives up earlier, but the device still has the command
	{
		command_end -t 3 "$b" 28000000000000000100 in 512 >"$tmp/impatient.out" || :
		date +%s >"$tmp/impatient.end"
	} >/dev/null 2>&1 &
	disown
	{
		command_end "$c" 28000000000000000100 in 512 >"$tmp/pulled.out" || :
		date +%s >"$tmp/pulled.end"
	} >/dev/null 2>&1 &
	disown
	within 20 in_flight 3 || fail "no commands"
	[ ! -s "$tmp/timeout.out" ] || fail "$(<"$tmp/timeout.out")"
	[ ! -s "$tmp/pulled.out" ] || fail "$(<"$tmp/pulled.out")"
	{
		echo 1 >"$(realpath "$dev_bus/devices/${device%:0}:2/..")/delete"
		date +%s >"$tmp/delete.end"
	} >/dev/null 2>&1 &
	disown
}

# Other commands of the device, and of the other units, do not wait for them
long_ones_are_in_nobodys_way() {
	local other

	setup
	fio_verify "$disk" 1M
	other=$(sg_of tgt0 1 host1)
	clear_uas "$other"
	expect "TEST UNIT READY of the unit that hangs" good "$(ready "$other")"
	expect "WRITE of it" good "$(writes "$other")"
	[ ! -e "$tmp/timeout.end" ] || skip "they have ended: this machine is too slow"
}

# took FILE: seconds from the beginning
took() {
	echo $(($(<"$tmp/$1") - $(<"$tmp/begin")))
}

long_ones_end() {
	local file other

	setup
	for file in timeout impatient pulled delete; do
		within 45 test -s "$tmp/$file.end" || fail "$file: it hangs"
	done
	msg "READ: $(took timeout.end) s, pulled out: $(took pulled.end) s"
	[[ $(<"$tmp/timeout.out") == *status=02*host=00*sense=70??0b??????????????????0801* ]] ||
		fail "time-out: $(<"$tmp/timeout.out")"
	[ "$(took timeout.end)" -ge 28 ] || fail "after $(took timeout.end) s"
	[[ $(<"$tmp/impatient.out") != *status=00\ host=00* ]] ||
		fail "given up: $(<"$tmp/impatient.out")"
	[[ $(<"$tmp/pulled.out") != *status=00\ host=00* ]] ||
		fail "pulled out: $(<"$tmp/pulled.out")"
	within 10 test ! -e "$scst_targets/tgt0/luns/2" || fail "LUN 2 is still there"
	hctl=${hctl%:0}:1 inject_none 0 28
	other=$(sg_of tgt0 1 host0)
	clear_uas "$other"
	expect "READ of the unit" good "$(reads "$other")"
}

# The adapter can neither abort nor reset: its error recovery does what else it can
reset_that_the_adapter_refuses() {
	setup
	pids=()
	inject 0 1 28
	inject 3 1 ff
	inject 4 1 ff
	hang "$sg" hung.a
	hung
	inject_none 0 28
	timeout 60 sg_reset -N -d "$sgb" || :
	all_end 60
	inject_none 3 ff
	inject_none 4 ff
	clear_uas "$sg" "$sgb"
	expect READ good "$(reads "$sg")"
	expect READ good "$(reads "$sgb")"
}

take_apart() {
	local name

	del_target tgt0
	for name in "$dev_bus"/devices/*:*; do
		[ ! -e "$name/driver" ] || put "$name/driver/del_device" "${name##*/}"
	done
	no_debug
	pass_unload
}

pass_load scst_disk scst_local
pr_cmd=$(helper pr_cmd) || skip_all "no helper program pr_cmd"
dmesg --console-level warn
main reset_of_a_unit_that_hangs resets_are_told_once what_a_reset_finds_is_told \
	a_reset_by_this_host reset_of_an_unbound_unit reset_of_a_slow_unit long_ones_begin \
	long_ones_are_in_nobodys_way reset_under_io long_ones_end \
	reset_that_the_adapter_refuses take_apart
