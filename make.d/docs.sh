#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build Documentation/scst as HTML and check the ABI files.  What sphinx says
# about other files is not ours to fix; what it says about ours is an error.
set -eu
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"

html() {
	local log=$logs/docs.log

	if [ ! -e "$linux/Documentation/scst/index.rst" ]; then
		echo "no Documentation/scst/index.rst yet"
		return 0
	fi
	# Sphinx warns about a file only when it reads it, so not about those it has in its cache
	rm -rf "$build/docs"
	logged docs make -C "$linux" O="$build/docs" SPHINXDIRS=scst htmldocs || return
	if grep -E '(WARNING|ERROR|warning|error)' "$log" | grep -E 'scst|sysfs-bus-scsi_tgt|sg_copy'; then
		return 1
	fi
	echo "see $(find "$build/docs/Documentation/output" -path '*scst*' -name index.html | head -n1)"
}

# get_abi.pl takes a directory: one with our files alone
abi() {
	local dir=$build/docs/abi out

	rm -rf "$dir"
	mkdir -p "$dir"
	find "$top/Documentation/ABI/testing" -type f ! -name '*.patch' -exec cp {} "$dir" \; \
		2>/dev/null || :
	[ -n "$(ls "$dir")" ] || return 0
	out=$(cd "$linux" && scripts/get_abi.pl --dir "$dir" validate 2>&1)
	[ -z "$out" ] || { echo "$out"; return 1; }
}

"$top/make.d/packages.sh" kernel docs
run "$top/make.d/kernel.sh" tree
status=0
html || status=1
abi || status=1
exit $status
