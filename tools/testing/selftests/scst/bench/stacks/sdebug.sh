# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154  # variables of run.sh and the back ends
# The floor of a SCSI host adapter: no copy, no wake-up, nothing stored
# kinds: null

sdebug_add() {
	if [ -e /sys/module/scsi_debug ]; then
		echo 1 >/sys/bus/pseudo/drivers/scsi_debug/add_host
	else
		modprobe scsi_debug fake_rw=1 delay=0 dev_size_mb=1024 submit_queues="$(nproc)"
	fi
}

stack_setup() {
	new_disk sdebug_add
}
