# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The floor of a SCSI host adapter: no copy, no wake-up, nothing stored

setup() {
	new_disk modprobe scsi_debug fake_rw=1 delay=0 dev_size_mb=1024
}
