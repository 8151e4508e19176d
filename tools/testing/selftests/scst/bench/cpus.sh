#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In a guest: 4 KiB random reads with a job for each CPU, on one disk and on one
# disk each, and the locks that CPUs waited for meanwhile.
#
#   cpus.sh OUT RUNS STACK:BACKEND...
#
# In OUT, beside fio's reports: "STACK:BACKEND.disk.contention", with all CPUs on one
# disk, and "STACK:BACKEND.each.contention": a histogram of the stacks in which a lock
# was waited for.  The kernel traces who waits, but of those who want a spin lock only
# who queues, not the first who spins: a probe does.
set -eu
cd "$(dirname "$0")"
# shellcheck source=tools/testing/selftests/scst/bench/lib.sh
. ./lib.sh
out=$1
runs=$2
shift 2
cpus=$(nproc)
tracing=/sys/kernel/tracing
hist='hist:keys=common_stacktrace'
# event, its trigger: LCB_F_SPIN alone is a spin lock that is no rwlock
contended=(
	lock/contention_begin "$hist if flags != 1"
	kprobes/scst_bench_spin "$hist"
)

# devices SPEC: a disk for each CPU
devices() {
	local end=$((n + cpus))

	for (( ; n < end; n++)); do
		setup_spec "$1" >&2
		echo "$dev"
	done
}

# measure one|each SPEC NAME
measure() {
	local i jobs=() devs

	read -ra devs <<<"${disks_of[$2]}"
	for ((i = 0; i < cpus; i++)); do
		jobs+=(--name="cpu$i" --cpus_allowed="$i")
		if [ "$1" = one ]; then
			jobs+=(--filename="${devs[0]}")
		else
			jobs+=(--filename="${devs[i]}")
		fi
	done
	"${fio[@]}" "${jobs[@]}" --output-format=json --output="$out/$2.$3.json" >/dev/null
}

# contention one|each SPEC NAME
contention() {
	trigger ''
	measure "$1" "$2" "contention-$1.0"
	cat $tracing/events/{lock/contention_begin,kprobes/scst_bench_spin}/hist \
		>"$out/$2.$3.contention"
	trigger '!'
}

# trigger PREFIX: '!' removes what '' sets
trigger() {
	local i

	for ((i = 0; i < ${#contended[@]}; i += 2)); do
		echo "$1${contended[i + 1]}" >"$tracing/events/${contended[i]}/trigger"
	done
}

# Its name depends on whether the kernel is one for guests.  An optimized probe is
# code that the unwinder does not know.
probe() {
	local slow_path

	echo 0 >/proc/sys/debug/kprobes-optimization
	slow_path=$(awk '$3 ~ /^(native_)?queued_spin_lock_slowpath$/ { print $3 }' /proc/kallsyms |
		sort -u | head -n 1)
	echo "p:scst_bench_spin $slow_path" >>$tracing/kprobe_events
}

mountpoint -q $tracing || mount -t tracefs none $tracing
probe
declare -A disks_of=()
n=0
for spec; do
	disks_of[$spec]=$(set -e -o pipefail; devices "$spec" | paste -sd' ')
	n=$((n + cpus))
done
set_fio --thread --rw=randread --bs=4k --iodepth=32 --number_ios="${SCST_IOS:-20000}"
# In turn, so that what else the host does at a time is not all to one's cost
for ((run = 0; run < runs; run++)); do
	for spec; do
		measure one "$spec" "one-disk.$run"
		measure each "$spec" "disk-each.$run"
	done
done
for spec; do
	contention one "$spec" disk
	contention each "$spec" each
done
