#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In a guest: what reads and writes cost while another initiator sends so many
# COMPARE AND WRITE a second, of a block that nobody else uses:
#
#   atomic.sh OUT RACE_ATOMIC RATE...
#
# fio's reports are in the directory OUT, by caw<RATE> in place of the stack.
set -eu
cd "$(dirname "$0")"
# shellcheck source=tools/testing/selftests/scst/bench/lib.sh
. ./lib.sh
out=$1
race_atomic=$2
shift 2

# shellcheck disable=SC2034  # of lib.sh
n=0
setup_spec scst:null
for rate; do
	pid=
	if [ "$rate" != 0 ]; then
		"$race_atomic" pace "$rate" 1 "$dev" &
		pid=$!
		sleep 1
	fi
	measure "caw$rate"
	[ -z "$pid" ] || kill "$pid"
done
