# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154  # variables of run.sh and the back ends
# The floor of a SCSI host adapter: no copy, no wake-up, nothing stored
# kinds: null

stack_setup() {
	new_disk add_scsi_debug
}
