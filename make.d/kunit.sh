#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Load every KUnit module in the virtual machine: kunit.sh [normal|debug]
set -eu
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=make.d/results.sh
. "$top/make.d/results.sh"

kernel=${1:-normal}
name=kunit
timeout=600
[ "$kernel" = normal ] || { name=kunit-$kernel; timeout=1800; }

if [ -n "$results_ours" ]; then
	"$top/make.d/packages.sh" kernel vm
	run "$top/make.d/kernel.sh" "$kernel"
fi
run "$top/make.d/ktap.py" "$name" "$logs/$name.log" "$results" \
	"$top/$selftests/vm.sh" KERNEL="$kernel" NAME="$name" BUILD="$build" \
	TIMEOUT="$timeout" CMD="$top/$selftests/kunit.sh" || :
results_end
