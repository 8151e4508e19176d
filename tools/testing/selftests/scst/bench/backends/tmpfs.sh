# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # variables of run.sh and the stacks
# A file on tmpfs, all of it in memory
# kind: file

backend_setup() {
	mountpoint -q /run/bench-tmpfs ||
		mount -t tmpfs -o X-mount.mkdir none /run/bench-tmpfs || return
	store=/run/bench-tmpfs/file$n
	fill_file "$store"
}
