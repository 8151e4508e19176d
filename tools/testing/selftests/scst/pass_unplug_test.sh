#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 SMP=2 TIMEOUT=300
# lifecycle
# Devices of this host are pulled out, come back, are taken offline and given back, under
# I/O and against each other.
# shellcheck disable=SC2119  # a_disk() may have parameters, none of which is for here
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pr_lib.sh
. "$(dirname "$0")/pr_lib.sh"
# shellcheck source=pass_lib.sh
. "$(dirname "$0")/pass_lib.sh"

drivers=$dev_bus/drivers

# start_fio: random I/O on $disk in the background, until it is killed or fails
start_fio() {
	fio --name=bg --filename="$disk" --ioengine=libaio --direct=1 --rw=randrw \
		--bs=4k --size=8M --iodepth=16 --time_based --runtime=600 --thread \
		--allow_file_create=0 >"$tmp/bg.out" 2>&1 &
	fio_pid=$!
	within 30 io_runs || fail "fio does not run: $(<"$tmp/bg.out")"
}

# fio_ends: by itself, as its I/O fails
fio_ends() {
	within 30 no_process "$fio_pid" || fail "fio hangs"
	! wait "$fio_pid" || fail "fio noticed nothing"
}

# start_io SG...: READs and WRITEs in the background, two of each by each of them, until
# the initiator's device is gone; it costs less than fio to start
start_io() {
	local sg n file

	io_pids=()
	io_files=()
	for sg; do
		for n in 1 2; do
			file=$tmp/io.${sg##*/}
			touch "$file.r$n" "$file.w$n"
			scsi "$sg" "280000000${n}0000002000" -i 16384 -g >"$file.r$n" &
			io_pids+=("$!")
			scsi "$sg" "2a0000000${n}0000000100" -o "$zeros" -g >"$file.w$n" &
			io_pids+=("$!")
			io_files+=("$file.r$n" "$file.w$n")
		done
	done
	begun "${io_files[@]}"
}

# io_ends [WANT]: all of it, and none of it without having done something.  If initiators
# hear anything it is that there is no such unit, or else WANT.  Then their own device is
# gone.
io_ends() {
	local pid file end want="good, last (good|${1:-5/25/00}), then (gone|host 0[17])"

	for pid in "${io_pids[@]}"; do
		within 30 no_process "$pid" || fail "commands hang"
	done
	for file in "${io_files[@]}"; do
		end=$(tail -n 1 "$file")
		[[ $end =~ ^[1-9][0-9]*\ $want$ ]] ||
			fail "${file##*.}: expected /$want/, got '$end'"
	done
}

no_lun() {
	[ ! -e "$scst_targets/$1/luns/$2" ]
}

# is_gone: the unit, its LUN, and the initiator's disk
is_gone() {
	within 30 gone || fail "$hctl is still there"
	no_lun tgt0 0 || fail "LUN 0 is still there"
	within 10 test ! -e "/sys/block/${disk##*/}" || fail "$disk is still there"
}

# host_of: the SCSI host of scsi_debug, such as host0
host_of() {
	local dir

	dir=$(compgen -G "$adapters/adapter*/host*") || return
	echo "${dir##*/}"
}

# plug_in: the device comes back
plug_in() {
	echo "- - -" >"/sys/class/scsi_host/$(host_of)/scan"
	find_device
}

# A device is removed under the I/O of an initiator
pulled_out() {
	local n

	debug_device
	for n in $(seq 1 "$(rounds 3 100)"); do
		serve dev_disk
		disk=$(disk_of tgt0 0)
		start_io "$sg"
		[ "$n" != 1 ] || start_fio
		echo 1 >"$(debug_dir)/delete"
		[ "$n" != 1 ] || fio_ends
		io_ends
		is_gone
		del_target tgt0
		plug_in
		expect "handler in round $n" "" "$(<"$unit/handler")"
	done
}

# Its host adapter is
with_its_adapter() {
	local n

	debug_device
	for n in $(seq 1 "$(rounds 3 100)"); do
		serve dev_disk
		disk=$(disk_of tgt0 0)
		start_io "$sg"
		echo -1 >"$adapters/add_host"
		io_ends
		is_gone
		del_target tgt0
		echo 1 >"$adapters/add_host"
		find_device
	done
}

# goes_under_a_read SECONDS SECONDS PATTERN: the device goes within that time, then the
# command that waits ends within that time, and like that
goes_under_a_read() {
	local reader

	command_end "$sg" 28000000000000000100 in 512 >"$tmp/waits" &
	reader=$!
	sleep 0.5
	kill -0 "$reader" 2>/dev/null || fail "it ended: $(<"$tmp/waits")"
	echo 1 >"$(debug_dir)/delete"
	within "$1" gone || fail "$hctl is still there"
	within "$2" no_process "$reader" || fail "the command hangs"
	[[ $(<"$tmp/waits") =~ $3 ]] || fail "it ended: $(<"$tmp/waits")"
}

# Commands that the device does not answer do not keep it from going
while_commands_hang() {
	a_disk
	settled "$disk"
	inject 0 1 28
	goes_under_a_read 60 10 'sense=70..05.{18}2500|host=0[17]'
	del_target tgt0
}

# Nor do those that wait because it is blocked, nor the initiator's flush
while_it_is_blocked() {
	a_disk
	settled "$disk"
	put "$unit/blocked" 1
	put "$unit/blocked" 1
	# Sooner than any command of the initiator is over
	goes_under_a_read 15 5 'sense=70..05.{18}2500|host=0[17]'
	is_gone
	del_target tgt0
}

# What else the initiator has goes on, and tells of the change
others_go_on() {
	local other sg1 got pid

	modinfo -n scst_vdisk >/dev/null 2>&1 || skip "the kernel has no scst_vdisk"
	modprobe scst_vdisk
	a_disk
	add_device vdisk_nullio null01 size=64M
	add_lun tgt0 1 null01
	other=$(disk_of tgt0 1)
	sg1=$(sg_of tgt0 1)
	# Either of them has been told of the other one
	quiet sg_turs -n 4 "$sg" || :
	quiet sg_turs -n 4 "$sg1" || :
	fio_out=$tmp/other.out run_fio "$other" --rw=randread --bs=4k --size=8M \
		--time_based --runtime=4 &
	pid=$!
	start_io "$sg"
	echo 1 >"$(debug_dir)/delete"
	io_ends
	is_gone
	got=$(command_end "$sg1" 000000000000)
	# Linux may have been told with the I/O
	[[ $got == *sense=70??06??????????????????3f0e* || $got == status=00* ]] ||
		fail "LUN 1: $got"
	wait "$pid" || fail "the I/O of LUN 1 failed"
	expect_match "errors" 'err= 0' "$(<"$tmp/other.out")"
	del_target tgt0
	del_device null01
}

# Two targets and groups: all of its LUNs go
all_luns_go() {
	a_disk
	add_lun tgt0 7 "$hctl" read_only=1
	add_target tgt1 session_name=host1
	add_lun tgt1 3 "$hctl"
	put "$scst_targets/tgt1/ini_groups/add" g
	put "$scst_targets/tgt1/ini_groups/g/luns/add" "$hctl 4"
	add_session tgt1 host2
	put "$scst_targets/tgt1/ini_groups/g/initiators/add" host2
	scsi_device_of tgt1 4 host2 >/dev/null || fail "host2 has no LUN 4"
	start_io "$sg" "$(sg_of tgt1 3 host1)" "$(sg_of tgt1 4 host2)"
	echo 1 >"$(debug_dir)/delete"
	# One LUN goes after the other
	io_ends '5/25/00|6/3f/0e'
	is_gone
	no_lun tgt0 7 || fail "LUN 7 is still there"
	no_lun tgt1 3 || fail "LUN 3 is still there"
	[ ! -e "$scst_targets/tgt1/ini_groups/g/luns/4" ] || fail "LUN 4 is still there"
	! scsi_device_of tgt1 3 host1 >/dev/null || fail "host1 has a LUN 3"
	! scsi_device_of tgt1 4 host2 >/dev/null || fail "host2 has a LUN 4"
	del_target tgt0
	del_target tgt1
}

unbind_under_io() {
	local n

	a_disk
	start_io "$sg"
	for n in $(seq 1 "$(rounds 3 50)"); do
		[ "$n" != 1 ] || start_fio
		put "$drivers/dev_disk/unbind" "$hctl"
		[ "$n" != 1 ] || fio_ends
		[ ! -e "$unit/driver" ] || fail "round $n: still bound"
		ends_like 'status=02 .*sense=70..02' "$sg" 000000000000
		put "$drivers/dev_disk/bind" "$hctl"
	done
	del_lun tgt0 0
	io_ends '2/04/03|6/28/00'
	add_lun tgt0 0 "$hctl"
	disk=$(disk_of tgt0 0)
	fio_verify "$disk" 1M
	unserve
}

# A device that is offline, or just given back, goes as any other
unbound_ones_go() {
	a_disk
	put "$drivers/dev_disk/unbind" "$hctl"
	echo 1 >"$(debug_dir)/delete"
	is_gone
	del_target tgt0
	plug_in
	put "$drivers/dev_disk/add_device" "$hctl"
	put "$drivers/dev_disk/unbind" "$hctl"
	echo 1 >"$(debug_dir)/delete"
	within 20 gone || fail "$hctl is still there"
	plug_in
	put "$drivers/dev_disk/add_device" "$hctl"
	put "$drivers/dev_disk/del_device" "$hctl"
	echo 1 >"$(debug_dir)/delete"
	within 20 gone || fail "$hctl is still there"
}

# The driver of the host adapter goes with an unbound one, which nobody keeps it for
unbound_ones_unload() {
	local n

	for n in $(seq 1 "$(rounds 3 50)"); do
		a_disk
		put "$drivers/dev_disk/unbind" "$hctl"
		scsi "$sg" 120000002400 -i 36 -g >"$tmp/inquiry" &
		begun "$tmp/inquiry"
		no_debug
		is_gone
		within 30 no_process $! || fail "INQUIRY hangs"
		del_target tgt0
	done
}

# A LUN that goes with its device, and its group, which does at the same time
groups_go_too() {
	local n

	for n in $(seq 1 "$(rounds 5 100)"); do
		a_disk
		put "$scst_targets/tgt0/ini_groups/add" g
		put "$scst_targets/tgt0/ini_groups/g/luns/add" "$hctl 4"
		put "$scst_targets/tgt0/ini_groups/g/luns/add" "$hctl 5"
		echo 1 >"$(debug_dir)/delete" &
		[ $((n % 2)) = 0 ] || sleep "0.0$((RANDOM % 6))"
		put "$scst_targets/tgt0/ini_groups/del" g
		wait
		is_gone
		del_target tgt0
	done
}

# until_told CMD...: repeat it while the file "go" is there
until_told() {
	while [ -e "$tmp/go" ]; do
		"$@" || :
	done 2>/dev/null
}

claim_it() {
	echo "$hctl" >"$drivers/dev_disk/add_device"
	echo "$hctl" >"$drivers/dev_disk_perf/add_device"
}

map_it() {
	echo "$hctl 0" >"$scst_targets/tgt0/luns/add"
	echo "$hctl $((RANDOM % 3))" >"$scst_targets/tgt0/luns/replace"
}

give_back() {
	echo $((RANDOM % 3)) >"$scst_targets/tgt0/luns/del"
	echo "$hctl" >"$drivers/dev_disk/del_device"
	echo "$hctl" >"$drivers/dev_disk_perf/del_device"
}

rebind() {
	local file

	echo "$hctl" >"$drivers/dev_disk/unbind"
	echo "$hctl" >"$drivers/dev_disk/bind"
	for file in "$unit/handler" "$unit/type" "$unit"/reservation/*; do
		read -r <"$file"
	done
}

# retarget: the target itself goes, and all of its LUNs
retarget() {
	echo tgt0 >"$port_bus/drivers/scst_local/del_target"
	echo "tgt0 session_name=host0" >"$port_bus/drivers/scst_local/add_target"
	echo "tgt0 host1" >"$port_bus/drivers/scst_local/add_session"
}

# Everything at once: what goes is gone at the end, and whoever waits does so for a while
all_against_each_other() {
	local n pids=() job

	debug_device
	dmesg --console-level warn
	add_target tgt0 session_name=host0
	touch "$tmp/go"
	for job in claim_it map_it map_it give_back rebind retarget; do
		until_told $job &
		pids+=("$!")
	done
	for ((n = 0; n < $(rounds 10 300); n++)); do
		sleep 0.3
		echo 1 >"$(debug_dir)/delete"
		within 60 gone || fail "round $n: $hctl is still there"
		echo "- - -" >"/sys/class/scsi_host/$(host_of)/scan"
		within 60 test -e "$unit" || fail "round $n: $hctl does not come back"
	done
	rm "$tmp/go"
	for job in "${pids[@]}"; do
		within 60 no_process "$job" || fail "a writer hangs"
	done
	wait
	dmesg --console-level debug
	[ ! -e "$scst_targets/tgt0" ] || del_target tgt0
	[ ! -s "$unit/handler" ] || [ -z "$(<"$unit/handler")" ] ||
		put "$drivers/$(<"$unit/handler")/del_device" "$hctl"
	serve dev_disk
	disk=$(disk_of tgt0 0)
	fio_verify "$disk" 1M
	unserve
}

# Many of them, in any order
many() {
	local dir name n=0

	# Others would have the identification of those of another adapter
	debug_device num_tgts=2 max_luns=8 add_host=2
	add_target tgt0 session_name=host0
	for dir in "$adapters"/adapter*/host*/target*/*:*:*:*; do
		[ -d "$dir/scsi_device" ] || continue
		name=${dir##*/}
		put "$drivers/dev_disk/add_device" "$name"
		add_lun tgt0 $n "$name"
		n=$((n + 1))
	done
	expect "number of devices" 32 $n
	disk=$(disk_of tgt0 0)
	start_io "$(sg_of tgt0 0)" "$(sg_of tgt0 9)" "$(sg_of tgt0 31)"
	for dir in "$adapters"/adapter*/host*/target*/*:*:*:[1357]; do
		[ ! -d "$dir/scsi_device" ] || echo 1 >"$dir/delete" &
	done
	echo -1 >"$adapters/add_host"
	echo -1 >"$adapters/add_host"
	# One LUN goes after the other
	io_ends '5/25/00|6/3f/0e'
	within 60 no_luns || fail "LUNs: $(ls "$scst_targets/tgt0/luns")"
	within 20 no_units || fail "devices: $(ls "$dev_bus/devices")"
	del_target tgt0
}

no_luns() {
	! compgen -G "$scst_targets/tgt0/luns/[0-9]*" >/dev/null
}

no_units() {
	! compgen -G "$dev_bus/devices/*:*" >/dev/null
}

# What goes while its modules do
unloading() {
	local n

	for n in $(seq 1 "$(rounds 3 50)"); do
		debug_device
		put "$drivers/dev_disk/add_device" "$hctl"
		echo 1 >"$(debug_dir)/delete" &
		rmmod scst_disk
		loaded scst_tape && rmmod scst_tape
		rmmod scst_pass
		wait
		no_debug
		[ ! -e "$dev_bus/devices/$hctl" ] || fail "round $n: $hctl is still there"
		scst_load scst_disk
	done
}

pass_load scst_disk scst_local
pr_cmd=$(helper pr_cmd) || skip_all "no helper program pr_cmd"
main pulled_out with_its_adapter while_commands_hang while_it_is_blocked others_go_on \
	all_luns_go unbind_under_io unbound_ones_go unbound_ones_unload groups_go_too \
	all_against_each_other many unloading take_apart
