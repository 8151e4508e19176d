#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Power failures: a guest that changes persistent reservations all the time loses its
# power at random moments, and what it finds afterwards has to be what there was before
# or after the change that was under way: powerfail.sh normal|debug [ROUNDS]
#
# 5 rounds, or 300 in the long campaigns.  SCST_SEED= repeats the commands and the
# pauses between the rounds, though not where a kernel is at the end of a pause.
#
# A boot is good for several rounds: all threads of QEMU are stopped, the image of its
# disk is copied, and they go on.  The image is then as SIGKILL at that moment would
# have left it, since QEMU has no cache of its own for it.  The last round of each boot
# is a real SIGKILL.  Another boot looks at all the images.
#
# What the guest has sent to its disk is in the image, flushed or not, as the host's page
# cache outlives QEMU; what it has only in its own memory is lost.  That is what is tested.
# That a disk with a volatile cache is told to flush it is not: those of vm.sh have
# cache=unsafe, which ignores flushes.
set -eu
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=make.d/results.sh
. "$top/make.d/results.sh"

kernel=$1
rounds=${2:-$([ -n "${SCST_SOAK-}" ] && echo 300 || echo 5)}
per_boot=12
seed=${SCST_SEED:-1}
RANDOM=$seed
use_tree "$kernel"
vm=$linux/$selftests/vm.sh
guest_log=$logs/powerfail.log
console=$logs/powerfail.console.log
export SCST_HELPERS=$build/selftests
export KTAP_HELPERS=$linux/tools/testing/selftests/kselftest/ktap_helpers.sh
limit=200
mem=512
if [ "$kernel" != normal ]; then
	limit=900
	mem=1536
fi

# The guest sees it, which has its own /run and /dev
dir=$(mktemp -d "$build/powerfail.XXXXXX")
guest=
qemu=

# Whatever happens, nothing that is stopped stays behind
# shellcheck disable=SC2317  # the traps call it
clean_up() {
	trap - EXIT INT TERM HUP
	[ -z "$qemu" ] || kill -KILL "$qemu" 2>/dev/null || :
	[ -z "$guest" ] || kill -TERM "$guest" 2>/dev/null || :
	wait
	rm -rf "$dir"
	exit "$1"
}
trap 'clean_up $?' EXIT
trap 'clean_up 130' INT TERM HUP

# --- The guest that loses its power

boot() {
	rm -f "$dir/disk.img"
	truncate -s 32M "$dir/disk.img"
	mkfs.ext4 -q -F "$dir/disk.img"
	: >"$console"
	# In the directory of the tests, as run_kselftest.sh does it
	(cd "$linux/$selftests" && exec setpriv --pdeathsig TERM -- "$vm" \
		CMD="./powerfail.sh run $1" KERNEL="$kernel" DISKS="$dir/disk.img" MEM=$mem \
		SMP=1 TIMEOUT=$((2 * limit)) NAME=powerfail BUILD="$build") \
		>"$guest_log" 2>&1 </dev/null &
	guest=$!
}

# changes: how many the console tells of
changes() {
	grep -ac 'pr_model: begin ' "$console" || :
}

alive() {
	kill -0 "$guest" 2>/dev/null
}

# until_change N: the guest has begun so many
until_change() {
	local end=$((SECONDS + limit))

	while [ "$(changes)" -lt "$1" ]; do
		if ! alive || [ $SECONDS -gt $end ]; then
			return 1
		fi
		sleep 0.2
	done
}

# vm.sh has QEMU below a process of timeout(1)
find_qemu() {
	local child

	for child in $(pgrep -P "$guest"); do
		qemu=$(pgrep -P "$child" qemu-system) && return
	done
	return 1
}

all_stopped() {
	! awk '{ sub(/.*\) /, ""); print $1 }' "/proc/$qemu/task/"*/stat | grep -qv '[Tt]'
}

stop_qemu() {
	local n

	kill -STOP "$qemu"
	for ((n = 0; n < 500; n++)); do
		! all_stopped || return 0
		sleep 0.01
	done
	return 1
}

# take ROUND: the image and what the console has said.  A line that is cut off was
# not yet written.
take() {
	cp --sparse=always "$dir/disk.img" "$dir/$1.img" || return
	tr -d '\r' <"$console" >"$dir/$1.log"
	[ -z "$(tail -c 1 "$dir/$1.log")" ] || sed -i '$d' "$dir/$1.log"
}

pause() {
	sleep "0.$(printf %03d $((RANDOM % 900 + 20)))"
}

# lose_power N: rounds 1 to N of one boot
lose_power() {
	local round status=0

	boot "$((seed + done_rounds))"
	until_change 1 && find_qemu || return
	for ((round = 1; round <= $1; round++)); do
		pause
		if [ "$round" = "$1" ]; then
			kill -KILL "$qemu"
			wait "$guest" || status=$?
			qemu=
			guest=
			take "$round" || return
			break
		fi
		stop_qemu && take "$round" || return
		kill -CONT "$qemu"
		until_change $(($(changes) + 1)) || return
	done
	# vm.sh's word for a QEMU that was killed; not for a kernel that has a bug
	[ "$status" = 124 ] || [ "$status" = 125 ]
}

# --- What is left

# states ROUND: the one before the change under way, or the last one, and the one after
states() {
	awk '
		match($0, /pr_model: (begin|done) /) {
			split(substr($0, RSTART), word, " ")
			if (word[2] == "done") {
				finished = word[3]
			} else {
				begun = word[3]
				state[begun] = substr($0, RSTART)
				sub(/^pr_model: begin [0-9]+ /, "", state[begun])
			}
		}
		END {
			print finished == "" ? "none" : state[finished]
			print begun == "" ? "none" : state[begun]
		}' "$dir/$1.log"
}

look() {
	local n images=

	for ((n = 1; n <= $1; n++)); do
		images+=${images:+,}$dir/$n.img
	done
	(cd "$linux/$selftests" && exec setpriv --pdeathsig TERM -- "$vm" \
		CMD="./powerfail.sh check $1" KERNEL="$kernel" DISKS="$images" MEM=$mem SMP=1 \
		TIMEOUT=$((2 * limit)) NAME=powerfail-check BUILD="$build") \
		>"$dir/found" 2>"$guest_log" </dev/null &
	guest=$!
	wait "$guest" || { guest=; return 1; }
	guest=
}

# keep ROUND: what is needed to find out
keep() {
	local to=$logs/powerfail-$((done_rounds + $1))

	rm -rf "$to"
	mkdir "$to"
	cp --sparse=always "$dir/$1.img" "$to/disk.img"
	cp "$dir/$1.log" "$to/console.log"
	cp "$dir/found" "$to"
	echo "$to"
}

# judge ROUND: false if it came to something else; $under_way counts the changes that
# were not finished
judge() {
	local before after found damaged name

	name="powerfail: round $((done_rounds + $1))"
	{ read -r before; read -r after; } < <(states "$1")
	found=$(sed -n "s/^state $1 //p" "$dir/found")
	damaged=$(grep "^damaged $1 " "$dir/found" || :)
	[ "$before" = "$after" ] || under_way=$((under_way + 1))
	[ "$found" = none ] || not_empty=$((not_empty + 1))
	if [ -n "$damaged" ]; then
		result FAIL "$name" ": $(keep "$1"): $damaged"
		return 1
	fi
	[ "$found" != "$before" ] && [ "$found" != "$after" ] || return 0
	result FAIL "$name" ": $(keep "$1")"
	printf '   | %s\n' "before: $before" "after:  $after" "found:  $found"
	return 1
}

batch() {
	local n=$1 round bad=0 t0=$SECONDS name

	name="powerfail: rounds $((done_rounds + 1)) to $((done_rounds + n)), seed $seed"
	if ! lose_power "$n"; then
		result FAIL "$name" ": the guest did not get on: $guest_log, $console"
		tail -n 40 "$guest_log" | sed 's/^/   | /'
		return 1
	fi
	if ! look "$n"; then
		result FAIL "$name" ": nobody could look at what is left: $guest_log"
		tail -n 40 "$guest_log" | sed 's/^/   | /'
		return 1
	fi
	for ((round = 1; round <= n; round++)); do
		judge "$round" || bad=1
	done
	done_rounds=$((done_rounds + n))
	[ "$bad" = 1 ] || result ok "$name" " ($((SECONDS - t0)) s)"
}

# It could not fail if nothing was ever registered, or if all came between two changes
was_worth_it() {
	if [ "$not_empty" = 0 ]; then
		result FAIL "powerfail: registrations" ": nothing was ever registered"
	elif [ "$under_way" = 0 ] && [ "$rounds" -ge 50 ]; then
		result FAIL "powerfail: moments" ": never in the middle of a change"
	else
		echo "# $under_way of $done_rounds rounds in the middle of a change"
	fi
}

helpers() {
	mkdir -p "$SCST_HELPERS"
	logged selftests make -C "$linux/$selftests" OUTPUT="$SCST_HELPERS" \
		top_srcdir="$linux" all
}

under_way=0
not_empty=0
done_rounds=0
helpers || { result FAIL "powerfail: helpers" ": $logs/selftests.log"; results_end; exit; }
while [ "$done_rounds" -lt "$rounds" ]; do
	n=$((rounds - done_rounds))
	batch $((n < per_boot ? n : per_boot)) || break
done
[ "$done_rounds" -lt "$rounds" ] || was_worth_it
results_end
