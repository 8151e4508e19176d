# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # variables of run.sh and the back ends
# The back end itself, without a target
# kinds: bdev scsi

stack_setup() {
	dev=$store
}
