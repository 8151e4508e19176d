# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154  # needs lib.sh
# One line per test, and the totals as the very last line.  A script that runs
# as a part of another leaves the totals to that one.

results=${SCST_RESULTS-}
results_ours=
if [ -z "$results" ]; then
	results=$logs/results.$$
	results_ours=1
	: >"$results"
	export SCST_RESULTS=$results
fi

# result ok|FAIL|SKIP NAME DETAIL
result() {
	echo "$1" >>"$results"
	echo "$1 $2$3"
}

# tested NAME LOG CMD...: a command whose exit status is a test result
tested() {
	local name=$1 log=$2 t0=$SECONDS

	shift 2
	if run "$@" >"$log" 2>&1 </dev/null; then
		result ok "$name" " ($((SECONDS - t0)) s)"
	else
		result FAIL "$name" ": $log"
		tail -n 70 "$log" | sed 's/^/   | /'
	fi
}

results_count() {
	grep -cx "$1" "$results" || :
}

# The end of a script: its exit status
results_end() {
	local failed

	failed=$(results_count FAIL)
	if [ -n "$results_ours" ]; then
		echo "$(results_count ok) passed, $failed failed, $(results_count SKIP) skipped"
		rm -f "$results"
	fi
	[ "$failed" = 0 ]
}
