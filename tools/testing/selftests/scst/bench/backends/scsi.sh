# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # variables of run.sh and the stacks
# A SCSI disk of the host, which a target may pass commands on to
# kind: scsi

backend_setup() {
	new_disk add_scsi_debug || return
	store=$dev
}
