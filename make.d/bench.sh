#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make bench: instructions per I/O; STACKS= limits it, IOS= is the length of a job
set -eu
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"

"$top/make.d/packages.sh" kernel vm test
run "$top/make.d/kernel.sh" normal
export SCST_IOS=${IOS:-20000}
echo "instructions per I/O (one vCPU, fio and the initiator included):"
# Not a pipeline: the trap would wait for its end
exec 4> >(tee "$logs/bench.tsv" | expand -t 12,32,52)
table=$!
status=0
run "$top/$selftests/vm.sh" NAME=bench ICOUNT=1 TIMEOUT=900 \
	CMD="$top/$selftests/bench/run.sh ${STACKS:-raw sdebug lio scst}" >&4 || status=$?
exec 4>&-
wait "$table"
exit "$status"
