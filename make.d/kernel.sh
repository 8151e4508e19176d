#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build the kernel and its modules: kernel.sh tree|normal|debug, or sparse TARGET...
#
#   tree    just unpack the kernel and lay the overlay over it
#   normal  build/bzImage
#   debug   build/bzImage-debug, and build/bzImage-remove: the same with
#           DEBUG_TEST_DRIVER_REMOVE
#
# The modules of both go to build/modules/lib/modules/<release>.
set -eu
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=make.d/overlay.sh
. "$(dirname "$0")/overlay.sh"

tiny="kernel/configs/tiny-base.config arch/x86/configs/tiny.config kernel/configs/tiny.config"

fragments() {
	local kind

	printf '%s\n' "$top/$selftests/config"
	for kind; do
		printf '%s\n' "$top/$selftests/config.$kind"
	done
}

# known OPTION: one of ours, in a Kconfig file that the kernel's own leads to
known() {
	grep -q 'drivers/scst/Kconfig' "$linux/drivers/Kconfig" &&
		grep -qrxE --include='Kconfig*' "\s*(menu)?config $1\s*" "$linux/drivers/scst"
}

# check_config O FRAGMENT...: every option that we name has to be as we say.
# One of ours that no Kconfig file has yet is only reported.
check_config() {
	local out=$1 line option bad=0

	shift
	: >"$out/config.missing"
	# The last of several fragments that name an option wins
	while read -r line; do
		option=$(sed -E 's/^(# )?(CONFIG_[A-Z0-9_a-z]+).*/\2/' <<<"$line")
		grep -qxF -- "$line" "$out/.config" && continue
		[[ $line != "# "* ]] || grep -q "^$option=" "$out/.config" || continue
		if [[ $option == CONFIG_SCST* ]] && ! known "${option#CONFIG_}"; then
			echo "$option" >>"$out/config.missing"
			continue
		fi
		echo "error: $line did not stick; the configuration has" \
			"'$(grep -E "^(# )?${option}[ =]" "$out/.config")'" >&2
		bad=1
	done < <(cat "$@" | grep -E '^(# )?CONFIG_[A-Za-z0-9_]+( is not set|=)' |
		awk '{ o = $0; sub(/^# /, "", o); sub(/[ =].*/, "", o); v[o] = $0 }
		     END { for (o in v) print v[o] }')
	[ "$bad" = 0 ] || die "see $out/.config"
	[ ! -s "$out/config.missing" ] ||
		echo "  no such options yet: $(paste -sd' ' "$out/config.missing")"
}

# configure O FRAGMENT...: tinyconfig plus the fragments, where one of them or a
# Kconfig file of ours changed
configure() {
	local out=$1 sum

	shift
	mkdir -p "$out"
	sum=$({
		cat "$@"
		grep -E '(^|/)Kconfig' "$linux.list" | (cd "$linux" && xargs -r cat)
	} | sha256sum)
	[ "$(cat "$out/config.stamp" 2>/dev/null)" != "$sum" ] || return 0
	rm -f "$out/config.stamp"
	# merge_config.sh writes its temporary files where it runs
	mkdir -p "$out.merge"
	# shellcheck disable=SC2086  # a list of words
	(cd "$linux" && logged "config-${out##*/}" \
		scripts/kconfig/merge_config.sh -n -O "$out.merge" $tiny "$@")
	# An equal .config keeps its time
	cmp -s "$out.merge/.config" "$out/.config" || cp "$out.merge/.config" "$out/.config"
	rm -rf "$out.merge"
	check_config "$out" "$@"
	echo "$sum" >"$out/config.stamp"
}

# kbuild NAME O TARGET...
kbuild() {
	local name=$1 out=$2

	shift 2
	counted "build-$name" "$name" '^  (CC|AS|LD|AR)\b' "${kmake[@]}" O="$out" "$@" ||
		die "the build of $name failed"
}

# install_modules NAME O: only when one changed, as it takes longer than a build
# that has nothing to do
install_modules() {
	local out=$2 sum release strip=() new=$build/modules.new installed=$build/modules/lib/modules

	release=$(cat "$out/include/config/kernel.release")
	sum=$(cd "$out" && {
		cat include/config/kernel.release modules.order modules.builtin
		sed 's/o$/ko/' modules.order | xargs -r stat -c '%n %s %Y'
	} | sha256sum)
	[ "$(cat "$out/install.stamp" 2>/dev/null)" != "$sum" ] || [ ! -d "$installed/$release" ] ||
		return 0
	[ "$1" = debug ] || strip=(INSTALL_MOD_STRIP=1)
	rm -rf "$new"
	logged "modules-$1" "${kmake[@]}" O="$out" INSTALL_MOD_PATH="$new" "${strip[@]}" \
		modules_install || die "modules_install failed"
	# At once, for the sake of a guest that is running
	mkdir -p "$installed"
	rm -rf "$new/old"
	[ ! -d "$installed/$release" ] || mv "$installed/$release" "$new/old"
	mv "$new/lib/modules/$release" "$installed/$release"
	rm -rf "$new"
	echo "$sum" >"$out/install.stamp"
}

# put FROM TO: a guest that boots from the old image keeps it
put() {
	! cmp -s "$1" "$2" || return 0
	cp "$1" "$2.new"
	mv "$2.new" "$2"
}

build_normal() {
	local out=$build/kernel

	mapfile -t list < <(fragments vm kunit bench)
	configure "$out" "${list[@]}"
	kbuild kernel "$out" bzImage modules
	install_modules kernel "$out"
	put "$out/arch/x86/boot/bzImage" "$build/bzImage"
}

# set_remove O y|n
set_remove() {
	"$linux/scripts/config" --file "$1/.config" --set-val DEBUG_TEST_DRIVER_REMOVE "$2"
	logged config-remove "${kmake[@]}" O="$1" olddefconfig
	[ "$2" = n ] || grep -qx CONFIG_DEBUG_TEST_DRIVER_REMOVE=y "$1/.config" ||
		die "DEBUG_TEST_DRIVER_REMOVE did not stick"
}

# The option changes drivers/base/dd.o alone, so both images come from one
# directory: built with it, then without it, in which state the directory stays.
# Modules do not see the difference.
build_remove() {
	local out=$1 image=$1/arch/x86/boot/bzImage

	[ "$(cat "$out/remove.stamp" 2>/dev/null)" != "$(stat -c %Y "$image")" ] || return 0
	echo "  the same with DEBUG_TEST_DRIVER_REMOVE"
	rm -f "$out/remove.stamp"
	set_remove "$out" y
	kbuild remove "$out" bzImage
	put "$image" "$build/bzImage-remove"
	set_remove "$out" n
	kbuild debug "$out" bzImage modules
	stat -c %Y "$image" >"$out/remove.stamp"
}

build_debug() {
	local out=$build/kernel-debug

	mapfile -t list < <(fragments vm kunit debug inject)
	# An interrupted build_remove() may have left the option on
	[ -e "$out/remove.stamp" ] || rm -f "$out/config.stamp"
	configure "$out" "${list[@]}"
	kbuild debug "$out" bzImage modules
	install_modules debug "$out"
	put "$out/arch/x86/boot/bzImage" "$build/bzImage-debug"
	build_remove "$out"
}

# build_sparse TARGET...: for lint.sh, nothing that can boot.  Sparse knows nothing of
# __cleanup: each guard() is a lock that is never released to it, so -Wno-context.
build_sparse() {
	local out=$build/kernel-lint

	mapfile -t list < <(fragments vm kunit bench inject)
	configure "$out" "${list[@]}"
	"${kmake[@]}" O="$out" prepare
	"${kmake[@]}" O="$out" C=2 W=1 CF="-D__CHECK_ENDIAN__ -Wno-context" "$@"
}

main() {
	use_tree "${1-normal}"
	only_one
	compiler "$linux"
	unpack
	overlay
	case ${1-normal} in
	tree) ;;
	normal) build_normal ;;
	debug) build_debug ;;
	sparse) build_sparse "${@:2}" ;;
	*) die "kernel.sh: tree, normal, debug or sparse" ;;
	esac
}

# One line: the file can be edited while a build runs
main "$@"; exit
