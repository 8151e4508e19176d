#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=2 TIMEOUT=240
# lifecycle
# Groups of initiators: the tree, and what Linux as an initiator sees when it
# comes from one group into another.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

t=$scst_targets/tgt0
g=$t/ini_groups

after_failure() {
	cleanup_devices
	cleanup_targets
}

# A target with two sessions and two disks; LUN 0 is for all
setup() {
	local n

	if [ ! -e "$t" ]; then
		for n in 1 2; do
			truncate -s $((n * 32))M "$tmp/disk$n.img"
			add_device vdisk_fileio disk0$n "filename=$tmp/disk$n.img"
		done
		add_target tgt0 session_name=host0
		add_session tgt0 host1
		add_lun tgt0 0 disk01
	fi
	for n in g0 g1; do
		[ -e "$g/$n" ] || put "$g/add" $n
	done
}

# forget: the groups, with all that is in them
forget() {
	local dir

	for dir in "$g"/*/initiators/*/; do
		[ ! -e "$dir/uevent" ] || put "${dir%/*/}/del" "$(basename "$dir")"
	done
	for dir in "$g"/*/luns; do
		[ ! -e "$dir/clear" ] || put "$dir/clear" 1
	done
}

# has_lun SESSION LUN: the host has a scsi_device for it
has_lun() {
	scsi_device_of tgt0 "$2" "$1" >/dev/null
}

group_of() {
	local link

	link=$(realpath "$(session_of tgt0 "$1")/lun$2")
	case $link in
	*/ini_groups/*) link=${link%/luns/*} && echo "${link##*/}" ;;
	*) echo default ;;
	esac
}

tree() {
	setup
	[ -d "$g/g0/luns" ] || fail "no luns/"
	[ -d "$g/g0/initiators" ] || fail "no initiators/"
	expect "addr_method" PERIPHERAL "$(<"$g/g0/addr_method")"
	expect "key_attributes" "" "$(<"$g/g0/key_attributes")"
	put "$g/g0/addr_method" FLAT
	expect "key_attributes" addr_method "$(<"$g/g0/key_attributes")"
	put "$g/g0/addr_method" PERIPHERAL
	put "$g/g0/luns/add" "disk02 16383"
	expect "unit" "$(realpath "$scst_devices/disk02")" \
		"$(realpath "$g/g0/luns/16383/device")"
	put "$g/g0/initiators/add" 'iqn.2026-11.org.example:*'
	put "$g/g0/initiators/add" '!host?'
	[ -d "$g/g0/initiators/iqn.2026-11.org.example:*" ] || fail "no pattern"
	[ -d "$g/g0/initiators/!host?" ] || fail "no pattern"
	put "$g/g0/initiators/del" '!host?'
	[ ! -e "$g/g0/initiators/!host?" ] || fail "the pattern stays"
	forget
}

refuses() {
	local name

	setup
	for name in add del "a/b" power uevent "$(printf %0300d 1)" " "; do
		expect_errno EINVAL "$g/add" "$name"
	done
	expect_errno EINVAL "$g/add" "g7 x"
	expect_errno EEXIST "$g/add" g0
	expect_errno ENOENT "$g/del" g7
	for name in 'a/b' 'a[b' 'a]' 'a\b' 'a!b' '!' add take del ' ' 'a b' "$(printf %0300d 1)"; do
		expect_errno EINVAL "$g/g0/initiators/add" "$name"
	done
	put "$g/g0/initiators/add" 'host*'
	expect_errno EEXIST "$g/g0/initiators/add" 'host*'
	expect_errno EEXIST "$g/g1/initiators/add" 'host*'
	expect_errno ENOENT "$g/g1/initiators/del" 'host*'
	expect_errno EBUSY "$g/del" g0
	expect_errno EINVAL "$g/g0/initiators/take" g0
	expect_errno ENOENT "$g/g0/initiators/take" g7
	expect_errno EINVAL "$g/g0/addr_method" flat
	put "$g/g0/luns/add" "disk02 1"
	expect_errno EEXIST "$g/g0/luns/add" "disk01 1"
	expect_errno EINVAL "$g/g0/luns/add" "disk01 16384"
	expect_errno ENOENT "$g/g0/luns/add" "nothing 2"
	expect_errno ENOENT "$g/g0/luns/del" 2
	expect_errno EBUSY "$dev_bus/drivers/vdisk_fileio/del_device" disk02
	forget
	put "$g/del" g0
	put "$g/del" g1
}

# What has gone is gone, what has come is there, when the write returns
sessions_move() {
	setup
	put "$g/g0/luns/add" "disk02 5"
	has_lun host0 0 || fail "LUN 0 is not there"
	put "$g/g0/initiators/add" host0
	! has_lun host0 0 || fail "LUN 0 is still there"
	has_lun host0 5 || fail "LUN 5 is not there"
	has_lun host1 0 || fail "another initiator has lost it"
	! has_lun host1 5 || fail "another initiator has found it"
	expect "group" g0 "$(group_of host0 5)"
	expect "group" default "$(group_of host1 0)"
	add_session tgt0 host00
	expect "group of another one" default "$(group_of host00 0)"
	put "$g/g1/initiators/add" 'host0?'
	! has_lun host00 0 || fail "a group without LUNs has one"
	del_session tgt0 host00
	add_session tgt0 host01
	! has_lun host01 0 || fail "a group without LUNs has one"
	put "$g/g1/luns/add" "disk01 7"
	has_lun host01 7 || fail "LUN 7 is not there"
	put "$g/g1/luns/replace" "disk02 7"
	expect_match "unit" disk02 "$(sg_inq "$(sg_of tgt0 7 host01)")"
	del_session tgt0 host01
	put "$g/g0/initiators/del" host0
	has_lun host0 0 || fail "LUN 0 has not come back"
	! has_lun host0 5 || fail "LUN 5 is still there"
	forget
}

# The new map is made beside the old one, and takes its place as one step
whole_map_at_once() {
	local disk seq

	setup
	put "$g/g0/luns/add" "disk01 0"
	put "$g/g0/initiators/add" host0
	disk=$(disk_of tgt0 0 host0)
	seq=$(<"/sys/block/${disk##*/}/diskseq")
	put "$g/g1/luns/add" "disk01 0"
	put "$g/g1/luns/add" "disk02 1"
	uevents_start
	put "$g/g1/initiators/take" g0
	wait_uevent 5 ACTION=change SCST_EVENT=luns_changed SCST_TARGET=tgt0
	uevents_stop
	expect "uevents" 1 "$(grep -c SCST_EVENT=luns_changed "$uevent_log")"
	[ -d "$g/g1/initiators/host0" ] || fail "the pattern is not there"
	[ ! -e "$g/g0/initiators/host0" ] || fail "the pattern is still there"
	expect "group" g1 "$(group_of host0 0)"
	has_lun host0 1 || fail "LUN 1 is not there"
	expect "disk of LUN 0" "$disk" "$(disk_of tgt0 0 host0)"
	expect "its number" "$seq" "$(<"/sys/block/${disk##*/}/diskseq")"
	put "$g/del" g0
	forget
}

# verified_writes_begin: on $disk
verified_writes_begin() {
	fio --name=verify --filename="$disk" --direct=1 --ioengine=libaio --iodepth=8 \
		--rw=randwrite --bs=4k --size=16M --verify=crc32c --verify_backlog=64 \
		--time_based --runtime=10000 --verify_fatal=1 >"$tmp/fio" 2>&1 &
	fio=$!
	within 20 io_runs || fail "no I/O: $(<"$tmp/fio")"
}

verified_writes_end() {
	kill -0 "$fio" || fail "fio has ended: $(<"$tmp/fio")"
	kill -INT "$fio"
	wait "$fio" || :
	expect_match "fio" "err= 0" "$(<"$tmp/fio")"
	grep -qE 'issued rwts: total=[1-9]' "$tmp/fio" || fail "nothing was verified"
}

# The disk of a LUN that is in both groups knows nothing of it
io_goes_on() {
	local disk fio n before

	setup
	put "$g/g0/luns/add" "disk01 0"
	put "$g/g0/luns/add" "disk02 1"
	disk=$(disk_of tgt0 0 host0)
	before=$(<"$t/luns/0/statistics/write_cmds")
	verified_writes_begin
	for ((n = 0; n < $(rounds 8 500); n++)); do
		put "$g/g0/initiators/add" 'host?'
		has_lun host0 1 || fail "LUN 1 is not there"
		put "$g/g0/initiators/del" 'host?'
		! has_lun host0 1 || fail "LUN 1 is still there"
	done
	put "$g/g0/initiators/add" host0
	within 20 io_runs || fail "no I/O"
	verified_writes_end
	# Each group has counted what came by it
	(($(<"$t/luns/0/statistics/write_cmds") > before)) || fail "nothing was counted"
	(($(<"$g/g0/luns/0/statistics/write_cmds") > 0)) || fail "nothing was counted"
	forget
}

# read_of_one DISK: READs until there is $tmp/stop, each of one letter; says when the
# first was, prints how many were of a and of b
read_of_one() {
	python3 - "$1" "$tmp/stop" <<-END
		import mmap, os, random, sys
		fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT)
		buf = mmap.mmap(-1, 65536)
		counts = {b"a": 0, b"b": 0}
		while not os.path.exists(sys.argv[2]):
		    at = random.randrange(256) * len(buf)
		    if os.preadv(fd, [buf], at) != len(buf):
		        sys.exit(f"a short read at {at}")
		    letter = buf[:1]
		    if buf[:].count(letter) != len(buf) or letter not in counts:
		        sys.exit(f"not of one unit: at {at}, {set(buf[:])}")
		    counts[letter] += 1
		    if counts[letter] == 1:
		        print("begun", flush=True)
		print(counts[b"a"], counts[b"b"])
	END
}

# The disk is another unit's from one command to the next: no READ is of both, and what
# it is told of the change is no error
unit_is_replaced() {
	local disk fio n pids=() letters=(b a)

	setup
	head -c 16M /dev/zero | tr '\0' a | dd of="$tmp/disk1.img" conv=notrunc status=none
	head -c 16M /dev/zero | tr '\0' b | dd of="$tmp/disk2.img" conv=notrunc status=none
	put "$g/g0/luns/add" "disk01 0"
	put "$g/g0/initiators/add" host0
	disk=$(disk_of tgt0 0 host0)
	fio --name=load --filename="$disk" --direct=1 --ioengine=libaio --iodepth=8 \
		--rw=randread --bs=64k --size=16M --time_based --runtime=10000 >"$tmp/fio" 2>&1 &
	fio=$!
	rm -f "$tmp/stop"
	for n in 1 2; do
		read_of_one "$disk" >"$tmp/read$n" 2>&1 &
		pids+=("$!")
	done
	within 20 io_runs || fail "no I/O: $(<"$tmp/fio")"
	for n in 1 2; do
		within 20 grep -q begun "$tmp/read$n" || fail "$(<"$tmp/read$n")"
	done
	for ((n = 0; n < $(rounds 10 1000); n++)); do
		put "$g/g0/luns/replace" "disk0$((2 - n % 2)) 0"
		expect "data that are read now" "${letters[n % 2]}" \
			"$(dd if="$disk" bs=64k count=1 iflag=direct status=none | tr -s ab)"
		sleep 0.1
	done
	touch "$tmp/stop"
	for n in 0 1; do
		wait "${pids[n]}" || fail "$(cat "$tmp/read$((n + 1))")"
		expect_match "READs of each unit" '^[1-9][0-9]* [1-9][0-9]*$' \
			"$(tail -n 1 "$tmp/read$((n + 1))")"
	done
	kill -0 "$fio" || fail "fio has ended: $(<"$tmp/fio")"
	kill -INT "$fio"
	wait "$fio" || :
	expect_match "fio" "err= 0" "$(<"$tmp/fio")"
	forget
}

# Two units with one store, for which the LUN is the same disk: what was written by one
# is read by the other one, and nothing is lost between
writes_go_on_when_it_is_replaced() {
	local disk fio n before

	setup
	add_device vdisk_fileio other01 "filename=$tmp/disk1.img"
	put "$g/g0/luns/add" "disk01 0"
	put "$g/g0/initiators/add" host0
	disk=$(disk_of tgt0 0 host0)
	verified_writes_begin
	for ((n = 0; n < $(rounds 10 1000); n++)); do
		put "$g/g0/luns/replace" "$([ $((n % 2)) = 0 ] && echo other01 || echo disk01) 0"
		within 20 io_runs || fail "no I/O"
		before=$(<"$g/g0/luns/0/statistics/write_cmds")
		within 20 wrote_more "$before" || fail "no WRITE"
	done
	verified_writes_end
	forget
	del_device other01
}

# wrote_more NUMBER: of commands
wrote_more() {
	(($(<"$g/g0/luns/0/statistics/write_cmds") > $1))
}

races() {
	local end=$((SECONDS + $(rounds 8 300))) pids=() pid

	setup
	(set +e; while [ $SECONDS -lt $end ]; do
		echo 'host*' >"$g/g0/initiators/add"
		echo g0 >"$g/g1/initiators/take"
		echo 'host*' >"$g/g1/initiators/del"
	done) 2>/dev/null &
	pids+=("$!")
	(set +e; while [ $SECONDS -lt $end ]; do
		echo "disk01 0" >"$g/g0/luns/add"
		echo "disk02 1" >"$g/g1/luns/add"
		echo "disk02 0" >"$g/g0/luns/replace"
		echo 0 >"$g/g0/luns/del"
		echo 1 >"$g/g1/luns/clear"
	done) 2>/dev/null &
	pids+=("$!")
	(set +e; while [ $SECONDS -lt $end ]; do
		echo "tgt0 host2" >"$port_bus/drivers/scst_local/add_session"
		echo "tgt0 host2" >"$port_bus/drivers/scst_local/del_session"
		echo g2 >"$g/add"
		echo 'host2*' >"$g/g2/initiators/add"
		echo "disk01 3" >"$g/g2/luns/add"
		echo 'host2*' >"$g/g2/initiators/del"
		echo g2 >"$g/del"
	done) 2>/dev/null &
	pids+=("$!")
	# Into a group that may be about to go, and out of it
	(set +e; while [ $SECONDS -lt $end ]; do
		echo g1 >"$g/g2/initiators/take"
		echo g2 >"$g/g1/initiators/take"
	done) 2>/dev/null &
	pids+=("$!")
	(set +e; while [ $SECONDS -lt $end ]; do
		cat "$g"/*/* "$g"/*/*/* "$g"/*/*/*/* "$t"/sessions/*/*/*
	done) >/dev/null 2>&1 &
	pids+=("$!")
	for pid in "${pids[@]}"; do
		wait "$pid" || :
	done
	! [ -e "$g/g2" ] || forget
	forget
	has_lun host0 0 || fail "LUN 0 is not there"
	disk=$(disk_of tgt0 0 host0)
	dd if="$disk" of=/dev/null bs=1M count=8 iflag=direct status=none
}

take_apart() {
	setup
	put "$g/g0/luns/add" "disk02 1"
	put "$g/g0/initiators/add" '*'
	# Neither groups nor LUNs are a reason to stay
	within 20 scst_unload 2>/dev/null || scst_unload
}

scst_load
dmesg --console-level warn
main tree refuses sessions_move whole_map_at_once io_goes_on unit_is_replaced \
	writes_go_on_when_it_is_replaced races take_apart
