#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make bench: what SCST costs, beside the others; everything goes to build/bench
#
#   PARTS='...'   some of: count profile lines time cpus scale atomic reservations
#   STACKS='...'  some STACK:BACKEND, see tools/testing/selftests/scst/bench/run.sh, for
#                 the parts count, profile, lines and time; default: each stack on each
#                 back end that it can have
#   IOS=          I/Os of a 4 KiB job, 40000
#   RUNS=         of each job in the part time, 5, and in cpus, 3
# Tables, CSV file and plots of an earlier run are replaced.
#   bench.sh guard   compare with the recorded ratios; bench.sh record: record them
set -eu -o pipefail
self=$(realpath "$0")
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"

bench=$top/$selftests/bench
out=$build/bench
recorded=$bench/guard.tsv
# shellcheck source=tools/testing/selftests/scst/bench/lib.sh
stacks=${STACKS:-$(cd "$bench" && . ./lib.sh && all_specs | paste -sd' ')}
export SCST_IOS=${IOS:-40000} RESULTS=$out/results

# guest DIR VARIABLE=VALUE... CMD=...: with DIR as its output directory
guest() {
	local dir=$1

	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	run "$top/$selftests/vm.sh" NAME="bench-${dir##*/}" TIMEOUT=1500 OUT="$dir" "$@"
}

# Two boots, to show how well they agree
part_count() {
	local boot

	for boot in 1 2; do
		guest "$out/count-$boot" ICOUNT=1 MEM=6144 \
			CMD="$bench/run.sh $out/count-$boot 'count|varies' 1 $stacks"
	done
	"$bench/results.py" count "$out/count-1" "$out/count-2"
}

# plugin DIR: sets plugin to what vm.sh wants, with DIR for what is counted
plugin() {
	gcc -O2 -Wall -shared -fPIC -D_GNU_SOURCE -fvisibility=hidden -o "$out/profile.so" \
		"$bench/profile.c"
	plugin=$("$bench/profile.py" args "$build/kernel/System.map")
	plugin=$out/profile.so,out=$1/profile,$plugin
}

part_profile() {
	plugin "$out/profile"
	guest "$out/profile" ICOUNT=1 MEM=6144 PLUGIN="$plugin" \
		CMD="$bench/window.sh $out/profile count 0.1 $stacks"
	"$bench/profile.py" tables "$out/profile" 400 >"$out/profile.txt"
	echo
	echo "events per I/O, one CPU (by function: $out/profile.txt)"
	"$bench/profile.py" events "$out/profile" 1 | tee "$out/events.tsv" | column -t
}

part_lines() {
	plugin "$out/lines"
	SCST_JOBS=qd32x2 guest "$out/lines" SMP=2 MEM=6144 PLUGIN="$plugin,lines=on" \
		CMD="$bench/window.sh $out/lines time 1 $stacks"
	"$bench/profile.py" tables "$out/lines" >"$out/lines.txt"
	echo
	echo "events per I/O, two CPUs; line: cache lines from the other CPU, at most;"
	echo "line-scst: of these by SCST's own code, and by locks that it takes"
	echo "(by function: $out/lines.txt)"
	"$bench/profile.py" events "$out/lines" 2 | tee "$out/lines.tsv" | column -t
}

part_time() {
	guest "$out/time" SMP=2 MEM=6144 CMD="$bench/run.sh $out/time time ${RUNS:-5} $stacks"
	"$bench/results.py" time "$out/time"
}

part_cpus() {
	local n dirs=() specs="raw:nullb sdebug:null scst:null lio:null scst:nullb lio:nullb"

	for n in 1 2 4 8; do
		guest "$out/cpus-$n" SMP="$n" MEM=6144 \
			CMD="$bench/cpus.sh $out/cpus-$n ${RUNS:-3} $specs"
		dirs+=("$out/cpus-$n")
	done
	"$bench/results.py" cpus "${dirs[@]}"
}

# scaled NAME VARIABLE=VALUE... WHAT MAX
scaled() {
	local name=$1

	shift
	guest "$out/scale-$name" MEM=12288 "${@:1:$#-2}" \
		CMD="$bench/scale.sh ${*: -2} >$out/scale-$name/figures"
}

# In the counted ones a read takes as long as it has instructions
part_scale() {
	rm -rf "$out"/scale-*
	scaled devices SMP=2 devices 10000
	scaled disks SMP=2 disks 10000
	scaled live SMP=2 live 1000
	scaled lio SMP=2 lio 1000
	scaled hosts SMP=2 hosts 256
	scaled devices-counted ICOUNT=1 devices 10000
	scaled hosts-counted ICOUNT=1 hosts 256
	scaled disks-counted ICOUNT=1 disks 10000
	scaled lio-counted ICOUNT=1 lio 1000
	"$bench/results.py" scale "$out"/scale-*/figures
}

# By the number of COMPARE AND WRITE a second
part_atomic() {
	gcc -O2 -D_GNU_SOURCE -o "$out/race_atomic" "$top/$selftests/race_atomic.c" -lpthread
	guest "$out/atomic" ICOUNT=1 MEM=2048 \
		CMD="$bench/atomic.sh $out/atomic $out/race_atomic 0 1 1000"
	"$bench/results.py" atomic "$out/atomic"
}

# By the number of registrants, of a unit with a reservation if there are any, and reads
# where another one holds it
part_reservations() {
	guest "$out/reservations" ICOUNT=1 MEM=2048 \
		CMD="$bench/reservations.sh $out/reservations 0 1 64"
	"$bench/results.py" reservations "$out/reservations"
}

guarded="raw:nullb sdebug:null scst:null lio:null scst:nullb lio:nullb scst:tmpfs lio:tmpfs"
guarded+=" scst:ext4 lio:ext4"

# Run by itself: 'bench.sh boot N'
guard_boot() {
	guest "$out/guard-$1" ICOUNT=1 MEM=6144 \
		CMD="$bench/run.sh $out/guard-$1 count 1 $guarded"
}

# guard_boots N...: what is counted does not depend on what else the host does
guard_boots() {
	run xargs -a <(printf '%s\n' "$@") -P "$jobs" -n 1 \
		setpriv --pdeathsig TERM -- "$self" boot
}

# The median of three boots.  Where the first two are of one mind it is of theirs.
guard() {
	local dirs=("$out"/guard-{1,2,3})
	local judge=("$bench/results.py" guard "$recorded")

	guard_boots 1 2
	if [ "$1" = guard ] && "${judge[@]}" "${dirs[0]}" >/dev/null &&
		"${judge[@]}" "${dirs[1]}" >/dev/null; then
		"${judge[@]}" "${dirs[@]:0:2}"
		return
	fi
	guard_boots 3
	if [ "$1" = record ]; then
		"$bench/results.py" record "${dirs[@]}" >"$out/guard.tsv"
		mv "$out/guard.tsv" "$recorded"
	else
		"${judge[@]}" "${dirs[@]}"
	fi
}

mkdir -p "$out"
case ${1-} in
boot)
	guard_boot "$2"
	exit
	;;
guard | record)
	"$top/make.d/packages.sh" kernel vm test
	run "$top/make.d/kernel.sh" normal
	guard "$1"
	exit
	;;
esac
# shellcheck source=tools/testing/selftests/scst/bench/lib.sh disable=SC2086  # a list
(cd "$bench" && . ./lib.sh && check_specs $stacks)
"$top/make.d/packages.sh" kernel vm test bench
run "$top/make.d/kernel.sh" normal
rm -f "$out"/*.svg "$out"/*.png "$out"/*.tsv "$out"/*.txt
echo what,stack,job,median,lowest,highest >"$RESULTS.csv"
read -ra parts <<<"${PARTS:-count profile lines time cpus scale atomic reservations}"
# Not a pipeline: the trap would wait for its end
exec 4> >(tee "$out/results.txt")
tee=$!
for i in "${!parts[@]}"; do
	step $((i + 1)) ${#parts[@]} "${parts[i]}"
	"part_${parts[i]}"
done >&4
exec 4>&-
wait "$tee"
"$bench/plot.py" "$RESULTS.csv" "$out"
echo "tables: $out/results.txt; figures: $RESULTS.csv; plots: $out/*.svg and *.png"
