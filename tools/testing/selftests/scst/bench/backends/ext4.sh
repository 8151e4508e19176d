# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # variables of run.sh and the stacks
# A file on ext4 on a RAM disk, all of it in the page cache
# kind: file

ext4_mount() {
	modprobe brd rd_nr=32 rd_size=2097152 || return
	# The last one: a back end that is a RAM disk may have the others
	mkfs.ext4 -q -E nodiscard,lazy_itable_init=0 /dev/ram31 || return
	mount -o X-mount.mkdir /dev/ram31 /run/bench-ext4 || return
	# What is written back is no part of a command
	echo 90 >/proc/sys/vm/dirty_ratio
	echo 90 >/proc/sys/vm/dirty_background_ratio
	echo 0 >/proc/sys/vm/dirty_writeback_centisecs
}

backend_setup() {
	mountpoint -q /run/bench-ext4 || ext4_mount || return
	store=/run/bench-ext4/file$n
	fill_file "$store" || return
	sync
}
