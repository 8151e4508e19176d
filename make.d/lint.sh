#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Static checks of everything in the overlay, one result line each: lint.sh [CHECK...]
set -eu
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=make.d/results.sh
. "$top/make.d/results.sh"
# shellcheck source=make.d/overlay.sh
. "$top/make.d/overlay.sh"

checks="checkpatch sparse kernel-doc shellcheck python docs"

# files REGEX: what is in the tree because the overlay adds it.  The checks run
# there, on one state of it; files that patches change are the kernel's.
files() {
	local f

	grep -E "$1" "$linux.list" | while read -r f; do
		[ -e "$pristine/$f" ] || echo "$f"
	done
}

# Types that cannot be right for whole files:
#   FILE_PATH_CHANGES  wants an entry in MAINTAINERS: the series adds one
ignore=FILE_PATH_CHANGES
# and for TRACE_EVENT(), which Documentation/trace has formatted this way:
ignore_trace=$ignore,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT

# checkpatch IGNORE ARG...: of the files whose names are the input
checkpatch() {
	(cd "$linux" && xargs -r -P "$jobs" -n 8 scripts/checkpatch.pl --strict --terse \
		--show-types --no-summary --ignore "$@")
}

lint_checkpatch() {
	local status=0

	files '\.(c|h|rst|sh|py|yaml)$|/Kconfig$|/Makefile$|/Build$' | grep -v '^include/trace/' |
		checkpatch "$ignore" -f || status=1
	files '^include/trace/' | checkpatch "$ignore_trace" -f || status=1
	# Not mails: they have no description and no sign-off
	overlay_files | grep '\.patch$' | sed "s,^,$top/," |
		checkpatch "$ignore,COMMIT_MESSAGE" --no-signoff || status=1
	return "$status"
}

# In a directory of its own: W=1 and C=2 in the one of the normal build would
# have everything built again there.
lint_sparse() {
	local log=$logs/sparse.log targets

	mapfile -t targets < <(files '^(block|lib)/.*\.c$' | sed 's/c$/o/')
	[ ! -e "$linux/drivers/scst/Makefile" ] || targets+=(drivers/scst/)
	[ "${#targets[@]}" -gt 0 ] || return 0
	"$top/make.d/kernel.sh" sparse "${targets[@]}" >"$log" 2>&1 || { cat "$log"; return 1; }
	# Ours alone: nobody else's headers
	! grep -E '(warning|error):' "$log" | grep -F -f <(files '\.[ch]$' | sed 's,^,/,; s,$,:,')
}

lint_kernel-doc() {
	local list

	mapfile -t list < <(files '^(drivers|include|block|lib)/.*\.[ch]$')
	[ "${#list[@]}" = 0 ] || (cd "$linux" && scripts/kernel-doc -none -Werror "${list[@]}")
}

lint_shellcheck() {
	cd "$top"
	find . -name build -prune -o -name .git -prune -o \( -name '*.sh' -o -path ./.ci/run \) -print0 |
		xargs -0 -P "$jobs" -n 16 shellcheck -x -P SCRIPTDIR
}

lint_python() {
	cd "$top"
	PYTHONPYCACHEPREFIX=$build/pycache find . -name build -prune -o -name .git -prune -o \
		-name '*.py' -exec python3 -m py_compile {} +
}

lint_docs() {
	"$top/make.d/docs.sh"
}

# Run by itself: 'lint.sh one CHECK' is a process that tested() can wait for
if [ "${1-}" = one ]; then
	"lint_$2"
	exit
fi
[ $# -gt 0 ] || read -ra list <<<"$checks"
[ $# -eq 0 ] || list=("$@")
"$top/make.d/packages.sh" kernel lint docs
run "$top/make.d/kernel.sh" tree
for check in "${list[@]}"; do
	log=$logs/lint-$check.log
	tested "lint $check" "$log" "$top/make.d/lint.sh" one "$check"
done
results_end
