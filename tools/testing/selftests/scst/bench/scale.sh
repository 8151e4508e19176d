#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In a guest: what many objects cost.  A line for each figure: what is counted, how
# many of them there are, name of the figure, value.
#
#   scale.sh devices MAX    devices, LUNs of one session, sessions (scst_test's)
#   scale.sh disks MAX      LUNs with their disks, behind one session of scst_local
#   scale.sh live MAX       the same, each added while the session is there
#   scale.sh hosts MAX      sessions of scst_local, each a Scsi_Host with a disk
#   scale.sh lio MAX        LUNs of LIO with their disks
#
# Each counts 1, 10, 100, ... MAX.  "ms" and "kib" are for one of those that were
# added since the line before, or of all where it begins from zero; "ns" is the
# duration of a 4 KiB read of the last one at queue depth 1, which with ICOUNT=1 are
# instructions.
set -eu -o pipefail
cd "$(dirname "$0")"
# shellcheck source=tools/testing/selftests/scst/bench/lib.sh
. ./lib.sh
max=$2
null=/sys/bus/scsi_tgt_dev/drivers/vdisk_nullio
port=/sys/bus/scsi_tgt_port
bench_mib=16

# Free memory in KiB, without caches
free_kib() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sed -n 's/^MemFree: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

now_us() {
	echo "${EPOCHREALTIME/[.,]/}"
}

# steps: 1 10 100 ... and $max
steps() {
	local i

	for ((i = 1; i < max; i *= 10)); do
		echo "$i"
	done
	echo "$max"
}

# grow WHAT FUNCTION [AFTER [MEASURED]]: call FUNCTION with 0, 1, ... max - 1; at each
# step AFTER with the number, and MEASURED with WHAT and the number when figures have
# been taken.  It takes all away again if from_zero is 1.
from_zero=0

grow() {
	local n last=0 i t0 t1 kib

	for n in $(steps); do
		kib=$(free_kib)
		t0=$(now_us)
		for ((i = last; i < n; i++)); do
			"$2" "$i"
		done
		[ -z "${3-}" ] || "$3" "$n"
		t1=$(now_us)
		kib=$((kib - $(free_kib)))
		echo "$1 $n ms $(((t1 - t0) / (n - last)))e-3"
		echo "$1 $n kib $((kib * 1000 / (n - last)))e-3"
		[ -z "${4-}" ] || "$4" "$1" "$n"
		[ "$from_zero" = 1 ] || last=$n
	done
}

add_device() {
	echo "dev$1 size=1G" >$null/add_device
}

map_test_lun() {
	echo "dev$1 $1" >$port/devices/luns/luns/add
}

add_test_session() {
	echo "sessions host$1" >$port/drivers/test_target/add_session
}

# test_read_cost WHAT NUMBER SESSION LUN: the same for the test target, whose initiator
# is in the kernel
test_read_cost() {
	local fd ns

	exec {fd}<>"/sys/kernel/debug/scst_test/target/$3/bench"
	echo "read 4096 2000 $4" >&"$fd"
	read -r ns <&"$fd"
	exec {fd}>&-
	echo "$1 $2 ns $ns"
}

# Flat space addressing where the numbers are too large for peripheral (SAM-6 4.7.7)
lun_cost() {
	local lun=$(($2 - 1))

	test_read_cost "$1" "$2" luns/host $((lun < 256 ? lun : 0x4000 | lun))
}

session_cost() {
	test_read_cost "$1" "$2" "sessions/host$(($2 - 1))" 0
}

scale_devices() {
	modprobe -a scst_vdisk scst_test
	echo luns >$port/drivers/test_target/add_target
	echo sessions >$port/drivers/test_target/add_target
	grow devices add_device
	echo "luns host" >$port/drivers/test_target/add_session
	grow luns map_test_lun "" lun_cost
	echo "dev0 0" >$port/devices/sessions/luns/add
	grow sessions add_test_session "" session_cost
}

has_disks() {
	local disks=(/sys/block/sd*)

	[ -e "${disks[0]}" ] && [ "${#disks[@]}" -ge "$1" ]
}

wait_for_disks() {
	wait_for has_disks "$1"
}

# Cost of a read of the disk that came last
read_cost() {
	local disk last=/dev/sda ms

	for disk in /dev/sd*; do
		[ "$disk" -ot "$last" ] || last=$disk
	done
	set_fio --name=read --filename="$last" --rw=randread --bs=4k --iodepth=1
	ms=$("${fio[@]}" --number_ios="${SCST_IOS:-20000}" --output-format=terse \
		--terse-version=3 | cut -d';' -f9)
	echo "$1 $2 ns $((ms * 1000000 / ${SCST_IOS:-20000}))"
}

map_disk() {
	echo "dev$1 size=1G" >$null/add_device
	echo "dev$1 $1" >$port/devices/bench/luns/add
}

unmap_disk() {
	echo "$1" >$port/devices/bench/luns/del
	echo "dev$1" >$null/del_device
}

has_no_disks() {
	! has_disks 1
}

# The initiator comes when all LUNs are there, and finds them by one scan: for each
# that is added later its SCSI mid-layer reads the list of all.
login() {
	echo "bench host" >$port/drivers/scst_local/add_session
	wait_for_disks "$1"
}

logout() {
	local i

	read_cost "$@"
	echo "bench host" >$port/drivers/scst_local/del_session
	wait_for has_no_disks
	for ((i = 0; i < $2; i++)); do
		unmap_disk "$i"
	done
}

scale_disks() {
	modprobe scst_vdisk
	modprobe scst_local add_default_tgt=0
	echo bench >$port/drivers/scst_local/add_target
	from_zero=1
	grow disks map_disk login logout
}

scale_live() {
	modprobe scst_vdisk
	modprobe scst_local add_default_tgt=0
	echo "bench session_name=host" >$port/drivers/scst_local/add_target
	grow live map_disk wait_for_disks
}

add_host() {
	echo "bench host$1" >$port/drivers/scst_local/add_session
}

scale_hosts() {
	modprobe scst_vdisk
	modprobe scst_local add_default_tgt=0
	echo bench >$port/drivers/scst_local/add_target
	add_device 0
	echo "dev0 0" >$port/devices/bench/luns/add
	grow hosts add_host wait_for_disks read_cost
}

# A LUN for each number that comes, which is sent back.  What LIO wants, directories and
# a link, the shell cannot make without starting programs, which would take longer.
lio_maker='
import os, sys

def put(path, text):
    with open(path, "wb", buffering=0) as f:
        f.write(text)

core, tpg = sys.argv[1:]
while n := sys.stdin.readline().strip():
    device, lun = f"{core}/dev{n}", f"{tpg}/lun/lun_{n}"
    os.mkdir(device)
    put(f"{device}/control", b"rd_pages=262144,rd_nullio=1")
    put(f"{device}/enable", b"1")
    os.mkdir(lun)
    os.symlink(device, f"{lun}/dev")
    print(n, flush=True)
'

lio_disk() {
	local made

	echo "$1" >&"${lio[1]}"
	read -r made <&"${lio[0]}"
	[ "$made" = "$1" ]
}

scale_lio() {
	local core=/sys/kernel/config/target/core/rd_mcp_0
	local tpg=/sys/kernel/config/target/loopback/naa.6001405000000001/tpgt_1

	modprobe -a target_core_mod tcm_loop
	mkdir -p $core $tpg
	echo naa.6001405000000002 >$tpg/nexus
	coproc lio { python3 -c "$lio_maker" $core $tpg; }
	grow lio lio_disk wait_for_disks read_cost
}

# Each new disk is some lines
dmesg -n 1
"scale_$1"
