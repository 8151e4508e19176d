#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# All tests: check.sh short|soak|debug
# The very last line is 'N passed, N failed, N skipped'.
set -eu
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=make.d/results.sh
. "$top/make.d/results.sh"

# part SCRIPT ARG...: failures are counted, not fatal
part() {
	run "$top/make.d/$1" "${@:2}" || :
}

# reported NAME SCRIPT ARG...: lines of the script that look like results are, or
# else its exit status is
reported() {
	local name=$1 log=$logs/${1// /-}.log st=0 t0=$SECONDS reader

	shift
	: >"$log"
	exec 4> >(pass_results "$log")
	reader=$!
	run "$top/make.d/$1" "${@:2}" >&4 2>&1 </dev/null || st=$?
	exec 4>&-
	wait "$reader"
	if [ "$st" != 0 ]; then
		grep -qE '^FAIL ' "$log" || result FAIL "$name" ": $log"
	elif ! grep -qE '^(ok|SKIP) ' "$log"; then
		result ok "$name" " ($((SECONDS - t0)) s)"
	fi
}

# Pass the results on as they come
pass_results() {
	local line

	while IFS= read -r line; do
		echo "$line" >>"$1"
		case $line in
		"ok "* | "FAIL "* | "SKIP "*) result "${line%% *}" "${line#* }" "" ;;
		esac
	done
}

kernel() {
	local t0=$SECONDS out=$build/kernel

	[ "$1" = normal ] || out=$build/kernel-$1
	if ! run "$top/make.d/kernel.sh" "$1"; then
		result FAIL "kernel $1" ": $logs"
		results_end
		exit 1
	fi
	result ok "kernel $1" " ($((SECONDS - t0)) s)"
	[ ! -s "$out/config.missing" ] || result FAIL "kernel $1 configuration" \
		": no such options: $(paste -sd' ' "$out/config.missing")"
}

mode=$1
read -ra tests <<<"${TESTS-}" || :
"$top/make.d/packages.sh" kernel vm test lint docs series
case $mode in
short)
	# The series has checkpatch and sparse look at every file
	step 1 7 lint
	part lint.sh kernel-doc shellcheck python docs
	step 2 7 "patch series"
	reported "series check" series.sh check
	step 3 7 kernel
	kernel normal
	step 4 7 "KUnit tests"
	part kunit.sh normal
	step 5 7 "kselftests"
	part kselftest.sh normal ${tests[@]+"${tests[@]}"}
	step 6 7 "power failures"
	part powerfail.sh normal
	step 7 7 "instructions per I/O, by those of LIO"
	reported "bench guard" bench.sh guard
	;;
soak)
	export SCST_SOAK=1
	step 1 6 kernel
	kernel normal
	step 2 6 "KUnit tests"
	part kunit.sh normal
	step 3 6 "kselftests, long"
	part kselftest.sh normal ${tests[@]+"${tests[@]}"}
	step 4 6 "power failures"
	part powerfail.sh normal
	# Where random commands lead to, KASAN and lockdep look at, too
	step 5 6 "kselftests with random commands, debug kernel, long"
	kernel debug
	part kselftest.sh debug fuzz_cdb_test.sh pr_model_test.sh
	step 6 6 "patch series, step by step"
	reported "series soak" series.sh soak
	;;
debug)
	step 1 4 "debug kernels"
	kernel debug
	step 2 4 "KUnit tests"
	part kunit.sh debug
	step 3 4 "kselftests"
	part kselftest.sh debug ${tests[@]+"${tests[@]}"}
	step 4 4 "life cycles with DEBUG_TEST_DRIVER_REMOVE"
	part kselftest.sh remove ${tests[@]+"${tests[@]}"}
	;;
*)
	die "check.sh: short, soak or debug"
	;;
esac
results_end
