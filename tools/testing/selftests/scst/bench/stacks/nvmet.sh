# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # variables of run.sh and the back ends
# The kernel's NVMe target on its loop transport: what a lean target costs
# kinds: bdev

nvmet_export() {
	local cfg=/sys/kernel/config/nvmet
	local sub=$cfg/subsystems/bench$n port=$cfg/ports/1

	if [ ! -e $port ]; then
		mkdir $port && echo loop >$port/addr_trtype || return
	fi
	mkdir "$sub" && echo 1 >"$sub/attr_allow_any_host" &&
		mkdir "$sub/namespaces/1" &&
		echo -n "$store" >"$sub/namespaces/1/device_path" &&
		echo 1 >"$sub/namespaces/1/enable" &&
		ln -s "$sub" "$port/subsystems/bench$n" &&
		echo -n "transport=loop,nqn=bench$n" >/dev/nvme-fabrics
}

nvmet_disk() {
	local ctrl

	for ctrl in /sys/class/nvme/nvme*; do
		[ "$(cat "$ctrl/subsysnqn" 2>/dev/null)" = "bench$n" ] || continue
		dev=/dev/${ctrl##*/}n1
		[ -b "$dev" ] && return
	done
	return 1
}

stack_setup() {
	modprobe nvme-loop || return
	nvmet_export || return
	wait_for nvmet_disk
}
