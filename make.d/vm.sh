#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make vm: bring the kernel up to date, then boot it with the variables of the environment.
set -eu
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"

kernel=${KERNEL:-normal}
[ -n "${CMD-}" ] || die "make vm CMD='...'; the other variables: $selftests/vm.sh help"
"$top/make.d/packages.sh" kernel vm test
case $kernel in
normal) run "$top/make.d/kernel.sh" normal >&2 ;;
debug | remove) run "$top/make.d/kernel.sh" debug >&2 ;;
esac
run "$top/$selftests/vm.sh"
