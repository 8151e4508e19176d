# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # shared with the scripts that source it
# Lay the overlay over the kernel tree.  A file that does not change keeps its
# time, so that make rebuilds what depends on a change and nothing else.
# Needs lib.sh.

overlay_dirs="drivers include block lib Documentation tools"
pristine=$build/pristine
# Faults of the kernel itself that the debug kernels would report all the time, and what
# makes these kernels several times as slow as they have to be.
# Each is a patch that says why; none belongs to the series.
debug_fixes=$top/make.d/debug-fixes

unpack() {
	local tarball=/usr/src/linux-source-6.12.tar.xz id

	[ -r "$tarball" ] || die "$tarball is missing (package linux-source-6.12)"
	id=$(stat -c '%s %Y' "$tarball")
	[ "$(cat "$linux.stamp" 2>/dev/null)" != "$id" ] || return 0
	rm -rf "$linux" "$linux.new" "$linux.list" "$linux.stamp"
	if [ "$linux" != "$linux_normal" ]; then
		# Hard links are enough: overlay() never writes to a file in place
		run "$top/make.d/kernel.sh" tree
		cp -al "$linux_normal" "$linux.new"
		cp "$linux_normal.list" "$linux.list"
	else
		echo "  unpacking ${tarball##*/}"
		rm -rf "$pristine"
		mkdir -p "$linux.new"
		logged unpack tar -xJf "$tarball" -C "$linux.new" --strip-components=1
	fi
	mv "$linux.new" "$linux"
	echo "$id" >"$linux.stamp"
}

# The overlay's files: what git knows or could add, or just all without git
overlay_files() {
	cd "$top" || return
	# shellcheck disable=SC2086  # a list of words
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard -- $overlay_dirs
	else
		find $overlay_dirs -type f ! -name '*~' ! -name '*.orig' ! -name '*.rej'
	fi 2>/dev/null | sort -u | while read -r f; do
		[ ! -f "$f" ] || echo "$f"
	done
}

# keep_pristine FILE: before the first change to a file that the kernel has
keep_pristine() {
	[ -e "$linux/$1" ] && [ ! -e "$pristine/$1" ] || return 0
	grep -qxF "$1" "$linux.list" 2>/dev/null && return
	mkdir -p "$pristine/${1%/*}"
	cp -p "$linux/$1" "$pristine/$1"
}

# stage DIR FROM: the files of FROM named on stdin, with their patches applied; the
# list of them on stdout
stage() {
	local f out

	while read -r f; do
		out=${f%.patch}
		keep_pristine "$out"
		mkdir -p "$1/${out%/*}"
		if [ "$f" = "$out" ]; then
			cp -p "$2/$f" "$1/$f"
		else
			[ -e "$pristine/$out" ] || die "$f: the kernel has no $out"
			# The overlay and a debug fix may change the same file
			[ -e "$1/$out" ] || cp -p "$pristine/$out" "$1/$out"
			patch -s -p1 -r - --no-backup-if-mismatch "$1/$out" "$2/$f" >&2 || die "$f does not apply"
			chmod --reference="$pristine/$out" "$1/$out"
		fi
		echo "$out"
	done
}

stage_all() {
	overlay_files | stage "$1" "$top"
	[ "$linux" != "$linux_normal" ] || return 0
	(cd "$debug_fixes" && find . -name '*.patch' -printf '%P\n') | stage "$1" "$debug_fixes"
}

# What the overlay had and has no more
restore() {
	local f

	[ -e "$linux.list" ] || return 0
	comm -23 "$linux.list" "$linux.list.new" | while read -r f; do
		if [ -e "$pristine/$f" ]; then
			cp --remove-destination "$pristine/$f" "$linux/$f"
		else
			rm -f "$linux/$f"
			rmdir -p --ignore-fail-on-non-empty "$linux/${f%/*}" 2>/dev/null || :
		fi
	done
}

overlay() {
	local dir=$linux.overlay
	local -x LC_ALL=C

	touch "$linux.list"
	rm -rf "$dir"
	mkdir -p "$dir"
	stage_all "$dir" >"$linux.list.unsorted"
	sort -u "$linux.list.unsorted" >"$linux.list.new"
	restore
	# Whatever interrupts the copy, the list has all that may be ours
	sort -u "$linux.list.new" "$linux.list" >"$linux.list.all"
	mv "$linux.list.all" "$linux.list"
	rsync -rlp --checksum "$dir/" "$linux/"
	mv "$linux.list.new" "$linux.list"
	rm -rf "$dir" "$linux.list.unsorted"
}
