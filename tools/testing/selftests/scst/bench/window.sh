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

# 512-byte sectors that the block layer has read and written
sectors_done() {
	local s

	read -ra s <"/sys/class/block/${dev##*/}/stat"
	echo $((s[2] + s[6]))
}

is_running() {
	[ $(($(sectors_done) - $1)) -gt $((200 * sectors)) ]
}

window() {
	local before after pid sectors name=$1

	shift 2
	[[ "$*" =~ --bs=([^ ]*) ]]
	sectors=$(($(numfmt --from=iec "${BASH_REMATCH[1]^^}") / 512))
	before=$(sectors_done)
	"${fio[@]}" "$@" --cpus_allowed=0-$(($(nproc) - 1)) --cpus_allowed_policy=split \
		--time_based --runtime=1000 --output=/dev/null &
	pid=$!
	wait_for is_running "$before"
	before=$(sectors_done)
	mark
	sleep "$seconds"
	mark
	after=$(sectors_done)
	kill "$pid"
	wait "$pid" || :
	echo "$spec $name $(((after - before) / sectors))" >>"$out/windows"
}

profile() {
	local job

	setup_spec "$spec"
	while read -ra job; do
		window "${job[@]}"
	done < <(jobs_of "$kind")
}

reserve_huge_pages
n=0
for spec; do
	(profile)
	n=$((n + 1))
done
cat /proc/kallsyms >"$out/kallsyms"
