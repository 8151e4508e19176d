# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # variables of run.sh and the back ends
# The kernel's NVMe target on its loop transport: what a lean target costs
# kinds: bdev

nvmet_export() {
	local cfg=/sys/kernel/config/nvmet
	local sub=$cfg/subsystems/bench

	mkdir -p $sub $cfg/ports/1
	echo 1 >$sub/attr_allow_any_host
	mkdir $sub/namespaces/1
	echo -n "$store" >$sub/namespaces/1/device_path
	echo 1 >$sub/namespaces/1/enable
	echo loop >$cfg/ports/1/addr_trtype
	ln -s $sub $cfg/ports/1/subsystems/bench
	echo -n "transport=loop,nqn=bench" >/dev/nvme-fabrics
}

stack_setup() {
	modprobe nvme-loop || return
	nvmet_export || return
	wait_for test -b /dev/nvme0n1 || return
	dev=/dev/nvme0n1
}
