#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In a guest with the TCG plugin of profile.c, whose marker is
# drop_caches_sysctl_handler(): let it count for SECONDS of each fio job.
#
#   window.sh OUT KIND SECONDS STACK:BACKEND...
#
# In OUT: "windows" with a line for each dump of the plugin (STACK:BACKEND, job,
# I/Os meanwhile), and "kallsyms".
set -eu
cd "$(dirname "$0")"
# shellcheck source=tools/testing/selftests/scst/bench/lib.sh
. ./lib.sh
out=$1
kind=$2
seconds=$3
shift 3

mark() {
	# Of what this can drop, nothing; 4 is for silence
	echo 4 >/proc/sys/vm/drop_caches
}

# Reads and writes that the block layer has completed
ios_done() {
	local s

	read -ra s <"/sys/class/block/${dev##*/}/stat"
	echo $((s[0] + s[4]))
}

is_running() {
	[ $(($(ios_done) - $1)) -gt 200 ]
}

window() {
	local before after pid name=$1

	shift 2
	before=$(ios_done)
	"${fio[@]}" "$@" --cpus_allowed=0-$(($(nproc) - 1)) --cpus_allowed_policy=split \
		--time_based --runtime=1000 --output=/dev/null &
	pid=$!
	wait_for is_running "$before"
	before=$(ios_done)
	mark
	sleep "$seconds"
	mark
	after=$(ios_done)
	kill "$pid"
	wait "$pid" || :
	echo "$spec $name $((after - before))" >>"$out/windows"
}

profile() {
	local job

	setup_spec "$spec"
	while read -ra job; do
		window "${job[@]}"
	done < <(jobs_of "$kind")
}

n=0
for spec; do
	(profile)
	n=$((n + 1))
done
cat /proc/kallsyms >"$out/kallsyms"
