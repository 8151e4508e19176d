#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In a guest: 4 KiB random reads with a job for each CPU, on one disk and on one
# disk each, and the locks that CPUs waited for meanwhile.
#
#   cpus.sh OUT RUNS STACK:BACKEND...
#
# In OUT, beside fio's reports: "STACK:BACKEND.contention", a histogram of the
# stacks in which a lock was waited for.  The kernel traces who sleeps for one, and
# who queues for a spin lock: not the first who spins, while nobody else does.
set -eu
cd "$(dirname "$0")"
# shellcheck source=tools/testing/selftests/scst/bench/lib.sh
. ./lib.sh
out=$1
runs=$2
shift 2
cpus=$(nproc)
tracing=/sys/kernel/tracing
trigger='hist:keys=common_stacktrace'

# measure one|each RUNS NAME
measure() {
	local run i jobs=()

	for ((i = 0; i < cpus; i++)); do
		jobs+=(--name="cpu$i" --cpus_allowed="$i")
		if [ "$1" = one ]; then
			jobs+=(--filename="${devs[0]}")
		else
			jobs+=(--filename="${devs[i]}")
		fi
	done
	for ((run = 0; run < $2; run++)); do
		"${fio[@]}" "${jobs[@]}" --output-format=json \
			--output="$out/$spec.$3.$run.json" >/dev/null
	done
}

bench() {
	local devs=() end=$((n + cpus))

	for (( ; n < end; n++)); do
		setup_spec "$spec"
		devs+=("$dev")
	done
	set_fio --thread --rw=randread --bs=4k --iodepth=32 --number_ios="${SCST_IOS:-20000}"
	measure one "$runs" one-disk
	measure each "$runs" disk-each
	echo "$trigger" >$tracing/events/lock/contention_begin/trigger
	measure one 1 contention
	cat $tracing/events/lock/contention_begin/hist >"$out/$spec.contention"
	echo "!$trigger" >$tracing/events/lock/contention_begin/trigger
}

mountpoint -q $tracing || mount -t tracefs none $tracing
n=0
for spec; do
	(bench)
	n=$((n + cpus))
done
