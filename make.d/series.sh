#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Make build/series/*.patch out of the overlay and series/, and prove that they
# hold, with one result line for each proof: series.sh [build|check|soak]
#
#   build, check  the lists are complete; two runs give the same files; git am
#                 applies them to the pristine kernel; the result is the overlay;
#                 checkpatch has nothing to say about any of them, nor have gcc and
#                 sparse about the files that each adds or changes; the kernel with all
#                 of them is the one that all tests run on
#   build         and the kernel builds with all of them and with none
#   soak          and all files that are there after each of them are compiled, and the
#                 kernel builds with each state between, with SCST and without it
#
# A state that was built with the same configuration before is not built again.
# series/README says how the patches are described.
set -eu
self=$(realpath "$0")
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=make.d/overlay.sh
. "$top/make.d/overlay.sh"
# check.sh takes the results from the output
[ "${1-}" = one ] || unset SCST_RESULTS
# shellcheck source=make.d/results.sh
. "$top/make.d/results.sh"

export LC_ALL=C PYTHONPYCACHEPREFIX=$build/pycache
# The compiler's cache has the objects of build/kernel for builds here, because
# the kernel and the objects are beside each other as build/linux and
# build/kernel are
dir=$build/series-tree
tree=$dir/linux
out=$build/series

config() {
	sed -n "s/^$1 *= *//p" "$top/series/config"
}

# git, whatever the user's configuration says; who and when: not the series' author
g() {
	local author date mail

	author=${who:-$(config author)}
	date=${when:-$(config date)}
	mail=${author#*<}
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 \
		GIT_AUTHOR_NAME=${author% <*} GIT_AUTHOR_EMAIL=${mail%>} GIT_AUTHOR_DATE=$date \
		GIT_COMMITTER_NAME=${author% <*} GIT_COMMITTER_EMAIL=${mail%>} GIT_COMMITTER_DATE=$date \
		git -C "$tree" "$@"
}

files() {
	overlay_files
	[ ! -e "$top/MAINTAINERS" ] || echo MAINTAINERS
}

# base: a git repository with the pristine kernel
proof_base() {
	local tarball=/usr/src/linux-source-6.12.tar.xz id
	local who="The kernel <linux-kernel@vger.kernel.org>" when=2024-11-17T22:15:08+00:00

	[ -r "$tarball" ] || die "$tarball is missing (package linux-source-6.12)"
	id=$(stat -c '%s %Y' "$tarball")
	[ "$(cat "$dir/base.stamp" 2>/dev/null)" != "$id" ] || return 0
	rm -rf "$dir"
	mkdir -p "$tree"
	tar -xJf "$tarball" -C "$tree" --strip-components=1
	g init -q -b base --template=
	g config gc.auto 0
	g config core.compression 1
	g add -A -f .
	g commit -q -m "Linux $(make -s -C "$tree" kernelversion)"
	echo "$id" >"$dir/base.stamp"
}

# The text of the cover letter, with what the @WORDS@ stand for
cover_letter() {
	{
		echo "s/@KERNEL@/$(g log -1 --format=%s base)/"
		echo "s/@TREE@/$(g rev-parse 'base^{tree}')/"
		find "$top/series" -name '[0-9]*.txt' -printf '%f\n' | sort |
			awk '{ sub(/\.txt$/, ""); print "s/@" $0 "@/" NR "/" }'
	} | sed -f - "$top/series/cover-letter.txt"
}

# format DIR: the patches and the cover letter, which is the branch's description
format() {
	rm -rf "$1"
	mkdir -p "$1"
	g config branch.series.description "$(cover_letter)"
	g format-patch -q -M --abbrev=12 --cover-letter --cover-from-description=subject --base=base \
		--signature= -o "$1" base..series
}

import() {
	files | "$top/make.d/series.py" "$tree" "$top" >"$dir/stream"
	g fast-import --force --quiet <"$dir/stream"
	rm -f "$dir/stream"
}

proof_lists() {
	rm -rf "$out"
	import
	format "$out.new"
	mv "$out.new" "$out"
	ls "$out"
}

proof_again() {
	import
	format "$dir/again"
	diff -r "$out" "$dir/again"
	rm -rf "$dir/again"
}

patches() {
	find "$out" -name '*.patch' ! -name '0000-*' | sort
}

proof_am() {
	local list

	rm -rf "$tree/.git/rebase-apply"
	g checkout -q -f --detach base
	g clean -fdxq
	mapfile -t list < <(patches)
	g am -q --committer-date-is-author-date "${list[@]}"
	g branch -f am HEAD
	g diff --exit-code am series
}

# equal_file FILE: of the overlay, in the tree
equal_file() {
	local f=${1%.patch} tmp=$dir/equal

	if [ "$f" = MAINTAINERS ]; then
		# Blank lines separate the entries
		g show "base:$f" | diff - "$tree/$f" | sed -n 's/^[<>] //p' | grep . |
			diff - <(grep . "$top/$f")
	elif [ "$f" != "$1" ]; then
		g show "base:$f" >"$tmp.base"
		patch -s -p1 -F0 -o "$tmp" "$tmp.base" "$top/$1"
		cmp "$tmp" "$tree/$f"
	else
		cmp "$top/$f" "$tree/$f"
		[ "$([ -x "$top/$f" ] && echo x)" = "$([ -x "$tree/$f" ] && echo x)" ] ||
			die "$f: executable, or not"
	fi
}

# The tree's files that are not the pristine kernel's are the overlay's, neither
# more nor less.  This does without series.py.
proof_equal() {
	local f

	g checkout -q -f --detach am
	diff <(files | sed 's/\.patch$//' | sort -u) <(g diff --no-renames --name-only base am | sort)
	while read -r f; do
		equal_file "$f"
	done < <(files)
}

# FILE_PATH_CHANGES asks for an entry in MAINTAINERS with each new file: one
# patch has it, with patterns.  TRACE_EVENT() is formatted as Documentation/trace
# has it.  In a git repository checkpatch runs spdxcheck.py too, and its modules
# may not be there.
checkpatch() {
	cd "$tree"
	{
		GIT_DIR=none perl scripts/checkpatch.pl --strict --terse --showfile --show-types \
			--no-summary --ignore FILE_PATH_CHANGES "$1" 2>&1 || :
	} |
		grep -vE '^include/trace/.*:(OPEN_ENDED_LINE|PARENTHESIS_ALIGNMENT):' |
		sed "s,^,${1##*/}: ,"
}

proof_checkpatch() {
	g checkout -q -f --detach am
	patches | xargs -P "$jobs" -n 1 "$self" one checkpatch | sort |
		awk '{ print } END { exit NR > 0 }'
}

# configure O on|off [OPTION...]: of the options of build/kernel, and of these,
# those that are there now.  Most patches add none.
configure() {
	local next=$1/.config.next option sum

	mkdir -p "$1"
	sum=$({
		cat "$build/kernel/.config"
		echo "${@:2}"
		g ls-tree -r HEAD -- drivers block lib | grep Kconfig
	} | sha256sum)
	[ "$(cat "$1/config.sum" 2>/dev/null)" != "$sum" ] || [ ! -e "$1/.config" ] || return 0
	rm -f "$1/config.sum"
	cp "$build/kernel/.config" "$next"
	[ "$2" = on ] || "$tree/scripts/config" --file "$next" -d SCST
	for option in "${@:3}"; do
		"$tree/scripts/config" --file "$next" -e "$option"
	done
	"${kmake[@]}" O="$1" KCONFIG_CONFIG="$next" olddefconfig
	cmp -s "$next" "$1/.config" || mv "$next" "$1/.config"
	rm -f "$next" "$next.old"
	echo "$sum" >"$1/config.sum"
}

# The files of the commit that the compiler could say something about
code() {
	g diff-tree -r --no-commit-id --name-only --diff-filter=AM "$1" -- \
		drivers block lib include
}

# What a patch touches, with all warnings and with sparse, whose counting of
# locks does not know guard().  In the branch 'objects' each source is in a
# Makefile.  What others touched and what it may have broken takes minutes, so that
# is for the long run.
state_objects() {
	local o=$dir/objects list targets f log

	g checkout -q -f --detach "$1"
	mapfile -t list < <(code "$1" | grep '\.c$' || :)
	if [ -z "${SCST_SOAK-}" ]; then
		targets=(${list[@]+"${list[@]/%.c/.o}"})
	else
		mapfile -t targets < <(printf '%s\n' ${list[@]+"${list[@]}"} |
			grep -v '^drivers/scst/' | sed -n 's,/[^/]*$,/,p' | sort -u)
		[ ! -e "$tree/drivers/scst/Makefile" ] || targets+=(drivers/scst/)
	fi
	[ "${#targets[@]}" != 0 ] && [ -n "$(code "$1")" ] || return 0
	# Only the debug kernel has these
	configure "$o" on FAULT_INJECTION FAULT_INJECTION_DEBUG_FS SCST_FAULT_INJECTION
	for f in ${list[@]+"${list[@]}"}; do
		rm -f "$o/${f%c}o"
	done
	log=$o/log
	run "${kmake[@]}" O="$o" W=1 C=1 CF="-D__CHECK_ENDIAN__ -Wno-context" "${targets[@]}" >"$log" 2>&1 ||
		{ cat "$log"; return 1; }
	for f in ${list[@]+"${list[@]}"}; do
		[ -e "$o/${f%c}o" ] || die "$f: not compiled: not in a Makefile, or not in the configuration"
	done
	! grep -E '(warning|error):' "$log" | grep -F -f <(files | sed 's,\.patch$,,; s,^,/,; s,$,:,')
}

state_on() {
	g checkout -q -f --detach "$1"
	configure "$dir/kernel" on
	run "${kmake[@]}" O="$dir/kernel"
}

state_off() {
	g checkout -q -f --detach "$1"
	configure "$dir/kernel" off
	run "${kmake[@]}" O="$dir/kernel"
}

# states NAME HOW COMMIT...: a proof about several states of the tree
states() {
	local name=$1 how=$2 commit key sum n=0 new=0 failed=() t0=$SECONDS log subject

	shift 2
	sum=$(sha256sum <"$build/kernel/.config")
	for commit; do
		n=$((n + 1))
		key="$how${SCST_SOAK:+-soak} $(g rev-parse "$commit^{tree}") ${sum%% *}"
		! grep -qxF "$key" "$dir/done" 2>/dev/null || continue
		new=$((new + 1))
		subject=$(g log -1 --format=%s "$commit")
		progress "  $name, $n of $#: $subject"
		log=series-$how-$(printf %02d "$n")
		if run "$self" one "state_$how" "$commit" >"$logs/$log.log" 2>&1 </dev/null; then
			echo "$key" >>"$dir/done"
		else
			log_tail "$logs/$log.log"
			failed+=("$subject")
		fi
	done
	progress_end
	if [ "${#failed[@]}" = 0 ]; then
		result ok "series: $name" ": $#, $new of them built now ($((SECONDS - t0)) s)"
	else
		result FAIL "series: $name" "$(printf ': "%s"' "${failed[@]}")"
	fi
}

# proof NAME PROOF
proof() {
	local log=$logs/series-$2.log t0=$SECONDS

	if run "$self" one "proof_$2" >"$log" 2>&1 </dev/null; then
		result ok "series: $1" " ($((SECONDS - t0)) s)"
		return 0
	fi
	result FAIL "series: $1" ": $log"
	log_tail "$log"
	return 1
}

builds() {
	local objects series

	# For the configuration.  Where the code does not compile, the states say so.
	run "$top/make.d/kernel.sh" normal >"$logs/series-kernel.log" 2>&1 ||
		[ -e "$build/kernel/.config" ] || die "no configuration, see $logs/series-kernel.log"
	mapfile -t objects < <(g rev-list --reverse base..objects)
	mapfile -t series < <(g rev-list --reverse base..series)
	states "gcc and sparse" objects "${objects[@]}"
	[ "$mode" != check ] || return 0
	# The last one is what the cache knows from build/kernel.  With it in the
	# directory, what differs in the first one is all that is built.
	states "last and first state build" on series base
	if [ "$mode" = soak ]; then
		states "every state builds" on "${series[@]}"
		states "every state builds without SCST" off "${series[@]}"
	fi
}

if [ "${1-}" = one ]; then
	compiler "$tree" LOCALVERSION=
	"$2" "${@:3}"
	exit
fi
mode=${1:-build}
case $mode in
build | check | soak) ;;
*) die "series.sh: build, check or soak" ;;
esac
[ "$mode" != soak ] || export SCST_SOAK=1
mkdir -p "$dir"
exec 8>"$build/.series.lock"
flock -n 8 || {
	echo "waiting for another run in $build"
	flock 8
}
if proof "pristine kernel" base && proof "lists of files" lists && proof "git am" am; then
	proof "equal to the overlay" equal || :
	proof "two runs are equal" again || :
	proof "checkpatch --strict" checkpatch || :
	builds
	[ "$mode" != build ] || echo "see $out/"
fi
results_end
