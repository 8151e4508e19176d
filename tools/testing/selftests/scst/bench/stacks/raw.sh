# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # variables of run.sh and the back ends
# The back end itself, without SCSI
# kinds: bdev

stack_setup() {
	dev=$store
}
