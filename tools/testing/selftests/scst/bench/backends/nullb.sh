# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # variables of run.sh and the stacks
# null_blk, which completes in the submitter's context: a fast block device
# kind: bdev

backend_setup() {
	modprobe null_blk nr_devices=64 gb=1 irqmode=0 queue_mode=2 hw_queue_depth=256 \
		submit_queues="$(nproc)" || return
	store=/dev/nullb$n
}
