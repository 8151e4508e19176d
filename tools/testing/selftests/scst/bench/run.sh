#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In a guest: run the fio jobs on each STACK:BACKEND, with fio's reports (JSON) in
# the directory OUT.
#
#   run.sh OUT KIND RUNS STACK:BACKEND...
#
# KIND is that of the jobs, or several with | between them.  In a guest with ICOUNT=1,
# where 1 ns is one instruction, the time a job takes is what its I/Os cost, the
# initiator and fio included.  Fast string operations count as one instruction per
# iteration, cache misses and atomics not at all.
#
# backends/BACKEND.sh says of what kind it is, "# kind: null", bdev, file or scsi, and
# defines backend_setup(), which sets store.  stacks/STACK.sh says what it can have,
# "# kinds: null bdev file", and whose figures are given beside its own, if anybody's,
# "# reference: lio".  It defines stack_setup(), which exports store, of the kind
# store_kind, and sets dev to the block device for the jobs.  Both functions fail where
# something is missing.  n tells one STACK:BACKEND from the others of the same run.
#
# SCST_IOS: I/Os of a job; SCST_JOBS: regex of the names of jobs
set -eu
cd "$(dirname "$0")"
# shellcheck source=tools/testing/selftests/scst/bench/lib.sh
. ./lib.sh
out=$1
kind=$2
runs=$3
shift 3

# bench RUN NAME DIVISOR OPTION...: a job on each, in turn, so that what else the
# host does at a time is not all to one's cost
bench() {
	local i

	for i in "${!specs[@]}"; do
		set_fio --name=bench --filename="${devs[i]}"
		"${fio[@]}" "${@:4}" --number_ios=$((${SCST_IOS:-20000} / $3)) \
			--output-format=json --output="$out/${specs[i]}.$2.$1.json"
	done
}

specs=("$@")
devs=()
reserve_huge_pages
for n in "${!specs[@]}"; do
	dev=$(set -e; setup_spec "${specs[n]}" >&2; echo "$dev")
	devs+=("$dev")
done
# What later disks did to earlier ones, a unit attention and a message of the kernel,
# is not what an I/O costs
for dev in "${devs[@]}"; do
	dd if="$dev" of=/dev/null bs=4k count=1 iflag=direct status=none
done
for ((run = 0; run < runs; run++)); do
	while read -r name divisor options; do
		# shellcheck disable=SC2086  # a list of options
		bench "$run" "$name" "$divisor" $options
	done < <(jobs_of "$kind")
done
