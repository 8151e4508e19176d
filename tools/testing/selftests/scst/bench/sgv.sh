#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In a guest: nanoseconds for each data buffer that is allocated and freed, by the
# core, with its cache and without, and made of single pages of the page allocator's
# bulk interface.  With ICOUNT=1 these are instructions.
#
#   sgv.sh [RUNS]
#
# A line for each: way, bytes, buffers at a time, CPUs, median of the runs.
set -eu
runs=${1:-3}
port_bus=/sys/bus/scsi_tgt_port
sgv=/sys/devices/scst/sgv
nexus=/sys/kernel/debug/scst_test/target/tgt0

# one CPU WAY BYTES COUNT DEPTH
one() {
	local fd ns

	taskset -p -c "$1" "$BASHPID" >/dev/null
	exec {fd}<>"$nexus/cpu$1/bench"
	echo "$2 $3 $4 $5" >&"$fd"
	read -r ns <&"$fd"
	echo "$ns"
}

# all CPUS WAY BYTES COUNT DEPTH: the slowest of them
all() {
	local cpu cpus=$1

	shift
	for ((cpu = 0; cpu < cpus; cpu++)); do
		one "$cpu" "$@" &
	done | sort -n | tail -n 1
	wait
}

# measure CPUS NAME WAY BYTES COUNT DEPTH
measure() {
	local cpus=$1 name=$2 i

	shift 2
	all "$cpus" "$1" "$2" 10 "$4" >/dev/null
	for ((i = 0; i < runs; i++)); do
		all "$cpus" "$@"
	done | sort -n | sed -n "$(((runs + 1) / 2))p" |
		sed "s/^/$name $2 $4 $cpus /"
}

modprobe scst_test
echo tgt0 >$port_bus/drivers/test_target/add_target
for ((n = 0; n < $(nproc); n++)); do
	echo "tgt0 cpu$n" >$port_bus/drivers/test_target/add_session
done
limit=$(cat $sgv/cache_limit)
for ((cpus = 1; cpus <= $(nproc); cpus *= 2)); do
	for depth in 1 8; do
		for bytes in 4096 65536 1048576; do
			count=$((bytes < 1048576 ? 4000 : 400))
			echo "$limit" >$sgv/cache_limit
			measure "$cpus" "cache" cache "$bytes" "$count" "$depth"
			echo 0 >$sgv/cache_limit
			measure "$cpus" no-cache cache "$bytes" "$count" "$depth"
			measure "$cpus" bulk pages "$bytes" "$count" "$depth"
		done
	done
done
