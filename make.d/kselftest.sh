#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Run kselftests in the virtual machine, each in a boot of its own so that what
# the kernel reports belongs to it: kselftest.sh normal|debug|remove [TEST...]
#
# A test may say in a comment what machine it needs:
#	# vm: DISKS=2G,512M MEM=512 SMP=4 TIMEOUT=300
# The kernel called remove is for the tests of life cycles, the others take the
# devices of the machine for granted:
#	# lifecycle
# and one that needs what only the debug kernel has says
#	# debug
# As many run at once as there are CPUs for, or CPUS=.
set -eu
self=$(realpath "$0")
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=make.d/results.sh
. "$top/make.d/results.sh"

one=
if [ "$1" = one ]; then
	one=y
	shift
fi
kernel=$1
shift
use_tree "$kernel"
cpus=${CPUS:-$(nproc)}
dir=$linux/$selftests
export SCST_HELPERS=$build/selftests
export KTAP_HELPERS=$linux/tools/testing/selftests/kselftest/ktap_helpers.sh

helpers() {
	mkdir -p "$SCST_HELPERS"
	# A program without libraries starts in half the time
	logged selftests make -C "$dir" OUTPUT="$SCST_HELPERS" top_srcdir="$linux" \
		USERLDFLAGS=-static all ||
		result FAIL "kselftest helpers" ": $logs/selftests.log"
}

# wanted TEST: as the remove kernel is for some, and some are for the debug kernel
wanted() {
	[ "$kernel" = debug ] || ! grep -qE '^# debug\b' "$dir/$1" || return
	[ "$kernel" != remove ] || [[ $1 == *lifecycle* ]] || grep -qE '^# lifecycle\b' "$dir/$1"
}

# smp TEST: the CPUs of its machine; vm.sh has a default
smp() {
	local n

	n=$(vm_settings "$dir/$1" | sed -n 's/^SMP=//p')
	echo "${n:-2}"
}

# in_order TEST...: those with more CPUs first, as one with fewer fits beside each of
# them; of these, those that may take longest, so that none of them is the last
in_order() {
	local test n

	for test; do
		n=$(vm_settings "$dir/$test" | sed -n 's/^TIMEOUT=//p')
		echo "$(smp "$test") ${n:-300} $test"
	done | sort -s -k1,1nr -k2,2nr | cut -d' ' -f3
}

# run_all TEST...: guests with more CPUs than the host has to give wait for locks whose
# holders do not run.  Half as many again as the host has: two CPUs of a guest are
# seldom busy at once.
run_all() {
	local free=$((cpus + cpus / 2)) waiting=("$@") i pid n
	declare -A taken=()

	while [ "${#waiting[@]}" -gt 0 ] || [ "${#taken[@]}" -gt 0 ]; do
		for i in "${!waiting[@]}"; do
			n=$(smp "${waiting[i]}")
			[ "$n" -le "$free" ] || [ "${#taken[@]}" = 0 ] || continue
			setpriv --pdeathsig TERM -- "$self" one "$kernel" "${waiting[i]}" &
			taken[$!]=$n
			free=$((free - n))
			unset "waiting[i]"
		done
		wait -n -p pid || :
		free=$((free + taken[$pid]))
		unset "taken[$pid]"
	done
}

# Slow kernels and long campaigns need more of what the test asks for
scale() {
	local key=${1%%=*} value=${1#*=}

	case $key in
	TIMEOUT)
		value=$((value * 2))
		[ "$kernel" = normal ] || value=$((value * 3))
		[ -z "${SCST_SOAK-}" ] || value=$((value * 10))
		;;
	MEM)
		[ "$kernel" = normal ] || value=$((value * 2))
		;;
	esac
	echo "$key=$value"
}

run_test() {
	local test=$1 name=${1%.sh} settings=() word

	[ "$kernel" = normal ] || name+=-$kernel
	while read -r word; do
		settings+=("$(scale "$word")")
	done < <(echo TIMEOUT=300; vm_settings "$dir/$test")
	# As run_kselftest.sh does: in the test's directory
	cd "$dir"
	run "$top/make.d/ktap.py" "$name" "$logs/$name.log" "$results" \
		"$dir/vm.sh" "${settings[@]}" KERNEL="$kernel" NAME="$name" BUILD="$build" \
		CMD="./$test" || :
	cd "$top"
}

# Run by itself: 'kselftest.sh one KERNEL TEST'
if [ -n "$one" ]; then
	run_test "$1"
	exit
fi
tests=("$@")
if [ "${#tests[@]}" = 0 ]; then
	mapfile -t tests < <(find "$dir" -maxdepth 1 -name '*_test.sh' -perm -u+x -printf '%f\n' |
		sort)
fi
[ "${#tests[@]}" = 0 ] || helpers
list=()
for test in ${tests[@]+"${tests[@]}"}; do
	if [ ! -x "$dir/$test" ]; then
		result FAIL "$test" ": no such test"
	elif wanted "$test"; then
		list+=("$test")
	fi
done
mapfile -t list < <(in_order ${list[@]+"${list[@]}"})
run_all ${list[@]+"${list[@]}"}
results_end
