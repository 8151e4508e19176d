#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: load the KUnit modules of the kernel, print their results.  The
# kernel log has them too, between lines of others.
modprobe kunit || exit 4
modules=$(find "/lib/modules/$(uname -r)" -name '*kunit*.ko' ! -name kunit.ko -printf '%f\n')
if [ -z "$modules" ]; then
	echo "# the kernel has no KUnit modules"
	exit 4
fi
# Where a test lets allocations fail, those of single pages are to fail too
min_order=/sys/kernel/debug/fail_page_alloc/min-order
[ ! -e "$min_order" ] || echo 0 >"$min_order"
status=0
for module in $modules; do
	echo "# module $module"
	before=$(ls /sys/kernel/debug/kunit)
	if ! modprobe "${module%.ko}"; then
		echo "not ok - load ${module%.ko}"
		status=1
		continue
	fi
	for suite in /sys/kernel/debug/kunit/*; do
		grep -qxF "${suite##*/}" <<<"$before" || cat "$suite/results"
	done
	if ! modprobe -r "${module%.ko}"; then
		echo "not ok - unload ${module%.ko}"
		status=1
	fi
done
exit $status
