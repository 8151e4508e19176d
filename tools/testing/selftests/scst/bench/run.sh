#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In a guest with ICOUNT=1, where 1 ns is one instruction: what an I/O costs on
# each stack.  One line per stack: its name and a figure for each job.
#
#   run.sh STACK...
#
# A stack is a file here that defines setup(), which sets dev to the block
# device, fails where the modules are missing, and may use new_disk.  Fast
# string operations count as one instruction per iteration, cache misses and
# atomics not at all.
set -eu
cd "$(dirname "$0")"
ios=${SCST_IOS:-20000}

jobs_names=(randread-4k-qd1 randread-4k-qd32)
jobs_options=("--rw=randread --bs=4k --iodepth=1" "--rw=randread --bs=4k --iodepth=32")

disks() {
	local d

	for d in /sys/block/sd*; do
		[ ! -e "$d/size" ] || [ "$(cat "$d/size")" = 0 ] || echo "${d##*/}"
	done
}

# new_disk CMD...: the disk that appears when CMD is run
new_disk() {
	local before new i

	before=$(disks)
	"$@" || return
	for ((i = 0; i < 100; i++)); do
		new=$(comm -13 <(echo "$before") <(disks))
		if [ -b "/dev/$new" ]; then
			dev=/dev/$new
			return 0
		fi
		sleep 0.1
	done
	echo "no disk appeared" >&2
	return 1
}

# Field 9 of version 3 of fio's terse output: how long the reads took, in ms
measure() {
	local ms

	# shellcheck disable=SC2086  # a list of options
	ms=$(fio --name=bench --filename="$dev" --ioengine=libaio --direct=1 --norandommap \
		--randrepeat=1 --number_ios="$ios" --size=1G $1 \
		--output-format=terse --terse-version=3 | cut -d';' -f9)
	echo $((ms * 1000000 / ios))
}

bench() {
	local i

	dev=
	# shellcheck source=/dev/null
	. "./$1.sh"
	if ! setup; then
		printf '%s\t%s\n' "$1" "not available"
		return
	fi
	printf '%s' "$1"
	for i in "${!jobs_names[@]}"; do
		printf '\t%s' "$(measure "${jobs_options[i]}")"
	done
	printf '\n'
}

printf 'stack'
printf '\t%s' "${jobs_names[@]}"
printf '\n'
for stack; do
	(bench "$stack")
done
