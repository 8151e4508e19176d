# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # shared with the scripts that source it
# What every script here shares: paths, messages, child processes, progress.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Two developers in one folder can each have a build of their own.
build=$(realpath -m "${BUILD:-$top/build}")
linux_normal=$build/linux
linux=$linux_normal
logs=$build/logs
selftests=tools/testing/selftests/scst
jobs=${JOBS:-$(nproc)}
mkdir -p "$logs"
export BUILD=$build
# The variables given to make are for these scripts, not for the kernel's own make
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL

die() {
	echo "error: $*" >&2
	exit 1
}

# step N M TEXT: the long commands say where they are, and since when they run
step() {
	echo "step $1 of $2: $3 (after $SECONDS s)"
}

# What a script starts in the background ends with it: by the trap where the
# script gets the signal, by the kernel where it is killed outright.
on_signal() {
	local children

	trap - INT TERM HUP
	mapfile -t children < <(jobs -p)
	[ "${#children[@]}" = 0 ] || kill -TERM "${children[@]}" 2>/dev/null || :
	wait
	exit 130
}
trap on_signal INT TERM HUP

# run CMD...: bash runs a trap only between commands, unless it is waiting, so
# a long command goes to the background and is waited for.
run() {
	local st=0

	setpriv --pdeathsig TERM -- "$@" &
	wait "$!" || st=$?
	return "$st"
}

# log_tail LOG: why a step failed
log_tail() {
	echo "--- last lines of $1:" >&2
	tail -n 30 "$1" >&2
	echo "--- the whole log: $1" >&2
}

# logged NAME CMD...: run CMD with its output in a log, shown when it fails
logged() {
	local log=$logs/$1.log st=0

	shift
	run "$@" >"$log" 2>&1 </dev/null || st=$?
	[ "$st" = 0 ] || log_tail "$log"
	return "$st"
}

# progress TEXT: one line that is rewritten on a terminal, one line per call elsewhere
progress() {
	if [ -t 1 ]; then
		printf '\r\033[K%s' "$1"
	else
		echo "$1"
	fi
}

progress_end() {
	if [ -t 1 ]; then
		printf '\r\033[K'
	fi
}

# counted NAME TEXT REGEX CMD...: logged(), with a live count of the log lines
# that match REGEX.  CMD's children are counted on to end with it.
counted() {
	local log=$logs/$1.log text=$2 regex=$3 st=0 t0=$SECONDS every=20 child

	shift 3
	[ ! -t 1 ] || every=1
	setpriv --pdeathsig TERM -- "$@" >"$log" 2>&1 </dev/null &
	child=$!
	while kill -0 "$child" 2>/dev/null; do
		sleep 0.5
		(((SECONDS - t0) / every == (${last:-$t0} - t0) / every)) && continue
		last=$SECONDS
		progress "  $text: $(grep -cE "$regex" "$log") objects, $((SECONDS - t0)) s"
	done
	last=
	wait "$child" || st=$?
	progress_end
	[ "$st" = 0 ] || log_tail "$log"
	return "$st"
}

# use_tree KERNEL: the debug kernels are built from a tree of their own, so that
# nobody who edits and tries a change meanwhile has to wait for them
use_tree() {
	case $1 in
	debug | remove) linux=$linux_normal-debug ;;
	esac
}

# only_one: builds of the same tree wait for each other
only_one() {
	exec 9>"$linux.lock"
	flock -n 9 && return
	echo "waiting for another build of $linux"
	flock 9
}

# compiler TREE VARIABLE...: kmake becomes the command that every build of the kernel
# starts with.  Neither the time nor the place may make a difference to ccache.
compiler() {
	kmake=(make -C "$1" -j "$jobs" KBUILD_BUILD_USER=scst KBUILD_BUILD_HOST=scst "${@:2}")
	command -v ccache >/dev/null || return 0
	kmake+=(CC="ccache gcc" HOSTCC="ccache gcc")
	# Depend mode saves a run of the preprocessor for each object
	export CCACHE_DEPEND=1 CCACHE_BASEDIR=$build CCACHE_NOHASHDIR=1
	export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-3G}
}

# vm_settings SCRIPT: what machine a script for the guest asks for
vm_settings() {
	sed -n 's/^# vm: *//p' "$1" | tr ' ' '\n'
}
