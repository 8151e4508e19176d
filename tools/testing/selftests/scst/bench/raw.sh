# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034  # run.sh uses dev
# The block layer alone: null_blk completing in the submitter's context

setup() {
	modprobe null_blk nr_devices=1 gb=1 irqmode=0 queue_mode=2 || return
	dev=/dev/nullb0
}
