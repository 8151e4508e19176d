#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Install the Debian packages that a command lacks: packages.sh GROUP...
set -eu
# shellcheck source=make.d/lib.sh
. "$(dirname "$0")/lib.sh"

declare -A packages=(
	[kernel]="linux-source-6.12 gcc libc6-dev make bc bison flex libelf-dev libssl-dev cpio rsync
		kmod xz-utils patch perl python3 util-linux ccache"
	[vm]="qemu-system-x86 busybox udev kmod procps util-linux"
	[test]="gcc libc6-dev make procps python3 sg3-utils sdparm lsscsi fio xfsprogs e2fsprogs dosfstools
		strace udev libiscsi-bin dmsetup genisoimage wodim libcdio-utils eject
		multipath-tools mt-st smartmontools"
	[lint]="sparse shellcheck perl python3"
	[docs]="python3-sphinx python3-yaml perl make"
	[series]="git sparse perl make gcc"
	[bench]="gcc gnuplot-nox bsdextrautils"
)

# apt itself takes a second to say that it has nothing to do; dpkg-query does not.
missing() {
	local p installed

	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n')
	for p; do
		grep -qxF "installed $p" <<<"$installed" || echo "$p"
	done
}

install() {
	local sudo=()

	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || return 1
		sudo=(sudo)
		sudo -n true 2>/dev/null || echo "sudo apt-get install: a password may be needed"
		sudo -v || return 1
	fi
	# A fresh machine has no package lists, an old one has stale ones.
	logged apt-update "${sudo[@]}" apt-get update || :
	logged apt-install "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends "$@"
}

if ! command -v dpkg-query >/dev/null; then
	echo "not a Debian system: the programs have to be there already" >&2
	exit 0
fi
want=()
for group; do
	read -r -d '' -a list <<<"${packages[$group]}" || :
	want+=("${list[@]}")
done
mapfile -t lacking < <(missing "${want[@]}" | sort -u)
[ "${#lacking[@]}" -gt 0 ] || exit 0
echo "installing ${lacking[*]}"
install "${lacking[@]}" && exit 0
die "please install these packages as root: apt-get install ${lacking[*]}"
