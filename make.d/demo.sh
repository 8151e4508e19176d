#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make demo: from nothing to a disk that SCST exports
set -eu
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"

step 1 3 "packages"
"$top/make.d/packages.sh" kernel vm test
step 2 3 "kernel"
run "$top/make.d/kernel.sh" normal
step 3 3 "boot and export a file as a disk"
mapfile -t settings < <(vm_settings "$top/$selftests/demo.sh")
run "$top/$selftests/vm.sh" NAME=demo "${settings[@]}" CMD="$top/$selftests/demo.sh"
