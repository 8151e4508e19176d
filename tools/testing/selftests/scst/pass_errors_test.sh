#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=1 TIMEOUT=300
# What goes wrong with a device of this host: initiators get what the device says of it
# bit by bit, and something of use where it says nothing.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pr_lib.sh
. "$(dirname "$0")/pr_lib.sh"
# shellcheck source=pass_lib.sh
. "$(dirname "$0")/pass_lib.sh"

# --- What the device says

# Sense keys, the bits of tapes beside them, and statuses
sense_data() {
	local key

	serve_two 1
	for key in 00 01 02 03 04 05 07 08 0b 0d 0e 0f 20 40 80 a0 c3 e8; do
		inject 2 1 01 0 0 2 $key 3 11
		same <<<"010000000000"
		ends_like "status=02 host=00 resid=0 sense=7000${key}.{18}0311" "$sg" 010000000000
	done
	inject_none 2 01
	for key in 2:4:1 2:4:2 2:3a:0 3:11:0 4:44:0 5:24:0 7:27:0 b:4b:3 b:47:3; do
		inject 2 1 35 0 0 2 "${key%%:*}" "$(cut -d: -f2 <<<$key)" "${key##*:}"
		same <<<"35000000000000000000"
	done
	inject_none 2 35
}

statuses() {
	local status

	serve_two 1
	for status in 04 18; do
		inject 2 1 c0 0 0 $status 0 0 0
		ends_like "status=$status host=00 resid=0" "$dsg" c00000000000
		ends_like "status=$status host=00 resid=0" "$sg" c00000000000
	done
	# Those that the mid-layer repeats
	for status in 08 28; do
		inject 2 -2 c0 0 0 $status 0 0 0
		ends_like 'status=02 .*sense=70..05.{18}2000' "$sg" c00000000000
	done
	inject 2 1 c0 0 0 40 0 0 0
	ends_like 'status=02 .*sense=70..0b' "$sg" c00000000000
	inject_none 2 c0
	ends_like 'status=02 .*sense=70..05.{18}2000' "$sg" c00000000000
	# ACA is none of the device's
	inject 2 1 01 0 0 30 0 0 0
	ends_like 'status=08 ' -t 2 "$sg" 010000000000
	inject_none 2 01
}

# Blocks 1234h to 123Dh cannot be read
medium_errors() {
	serve_two 1
	opts 2
	same <<-END
		28000000123300000100 in 512
		28000000123400000100 in 512
		28000000123300000200 in 1024
		28000000123000002000 in 16384
		28000000123000002000 in 32768
		28000000123d00000100 in 512
		28000000123e00000100 in 512
		08001230ff00 in 131072
		a80000001238000000040000 in 2048
		88000000000000001238000000040000 in 2048
		7f0000000000001800090000000000000000123800001238000000000000000c in 6144
		28000000100000030000 in 393216
	END
	# LBA and length of what a host hears by its disk
	expect_failure dd if="$disk" of=/dev/null bs=512 skip=$((0x1236)) count=1 iflag=direct \
		status=none 2>/dev/null
	dd if="$disk" of=/dev/null bs=512 count=$((0x1234)) iflag=direct status=none
	dd if="$disk" of=/dev/null bs=512 skip=$((0x123e)) count=4096 iflag=direct status=none
	opts 0
	dd if="$disk" of=/dev/null bs=512 skip=$((0x1234)) count=10 iflag=direct status=none
}

# Sense data in descriptor format
descriptor_format() {
	serve_two 1
	echo 1 >"$adapters/dsense"
	opts 2
	same <<-END
		28000000123000002000 in 16384
		2800ffffffff00000100 in 512
		c00000000000
		1a003e00ff00 in 255
		15100000ff00 out 255
	END
	opts 0
	echo 0 >"$adapters/dsense"
}

# All data, and sense data that say so
recovered_errors() {
	serve_two 1
	opts 8 1
	same <<-END
		28000000000000001000 in 8192
		28000000000000001000 in 16384
		2a000000000000001000 out 8192
		88000000000000000000000000080000 in 4096
	END
	ends_like 'status=02 host=00 resid=0 sense=70..01.{18}5d00' -f "$tmp/data" "$sg" \
		28000000000000001000 in 8192
	dd if="$ddisk" bs=512 count=16 iflag=direct status=none | cmp - "$tmp/data"
	opts 8 7
	fio_verify "$disk" 1M
	opts 0
}

# Less than was asked for, with GOOD
short_transfers() {
	serve_two 1
	opts 0x100 1
	same <<-END
		28000000000000001000 in 8192
		28000000000000001000 in 32768
		88000000000000000000000000080000 in 4096
	END
	ends_like 'status=00 host=00 resid=4096' "$sg" 28000000000000001000 in 8192
	opts 0x100 11
	fio_verify "$disk" 1M
	opts 0
}

# More than there is, in the buffer or on the disk
residuals() {
	serve_two 1
	same <<-END
		1201b000ff00 in 255
		1201b0000c00 in 255
		25000000000000000000 in 64
		9e100000000000000000000000200000 in 64
		9e1000000000000000000000000c0000 in 64
		1a003f000400 in 255
		5a003f00000000000800 in 8
		5a003f0000000000ff00 in 4096
		030000001200 in 255
		030000000800 in 18
		4d004000000000000800 in 64
		28000000000000000100 in 4096
		28000000000000000000 in 512
		28000000000000000000
		2800ffffffff00000100 in 512
		28000000800000000100 in 512
		2a000000000000000100 out 512
		a30c00000000000020000000 in 8192
		a30c01280000000002000000 in 512
	END
	# More data-out than the CDB is about, of which scsi_debug does not tell: WRITE of
	# nothing, and of a block, and VERIFY that compares nothing
	ends_like 'status=00 host=00 resid=512 ' "$sg" 2a000000000000000000 out 512
	ends_like 'status=00 host=00 resid=512 ' "$sg" 2a000000000000000100 out 1024
	ends_like 'status=00 host=00 resid=512 ' "$sg" 2f000000000000000100 out 512
}

# --- What it does not say

# host_error BYTE WANT [UA]: the host adapter ends READ so, and initiators are told of that
host_error() {
	inject 2 1 28 "$1" 0 0 0 0 0
	ends_like "$2" -t 2 "$sg" 28000000000000000100 in 512
	inject_none 2 28
	uas "${3-}" "$sg"
	uas "${3-}" "$sgb"
	ends_like 'status=00 host=00 resid=0' "$sg" 28000000000000000100 in 512
}

host_errors() {
	local byte

	serve_two 1
	# DID_NO_CONNECT, DID_BAD_TARGET
	host_error 1 'status=02 host=00 resid=512 sense=70..02.{18}0500'
	host_error 4 'status=02 host=00 resid=512 sense=70..02.{18}0500'
	# DID_TIME_OUT: error recovery of the mid-layer resets the device
	host_error 3 'status=02 host=00 resid=512 sense=70..0b.{18}0801' 6/29/03
	# DID_ABORT, DID_RESET
	host_error 5 'status=02 host=00 resid=512 sense=70..0b'
	host_error 8 'status=02 host=00 resid=512 sense=70..0b'
	# DID_ERROR, DID_PARITY, DID_TRANSPORT_FAILFAST
	for byte in 7 6 f; do
		host_error $byte 'status=02 host=00 resid=512 sense=70..0b.{18}0800'
	done
	# DID_BUS_BUSY, DID_SOFT_ERROR, DID_TRANSPORT_DISRUPTED
	for byte in 2 b e; do
		host_error $byte 'status=(08|02) host=00 resid=512 '
	done
}

# A READ that fails on its way is sent again.  What might be done twice is not, and
# nobody is told by BUSY that it was not done: that has initiators send it again
# (SAM-6 5.3.1).
retries() {
	local byte

	serve_two 1
	for byte in b e; do
		inject 2 -5 28 $byte 0 0 0 0 0
		ends_like 'status=00 host=00 resid=0' "$sg" 28000000000000000100 in 512
		inject 2 -6 28 $byte 0 0 0 0 0
		ends_like 'status=02 .*sense=70..0b' "$sg" 28000000000000000100 in 512
		inject 2 -5 8a $byte 0 0 0 0 0
		ends_like 'status=00 host=00 resid=0' "$sg" \
			8a000000000000000000000000010000 out 512
	done
	for byte in 7 b e; do
		inject 2 -1 c0 $byte 0 0 0 0 0
		ends_like 'status=02 .*sense=70..0b' "$sg" c00000000000
		inject 2 -1 89 $byte 0 0 0 0 0
		ends_like 'status=02 .*sense=70..0b' "$sg" \
			89000000000000000000000000010000 out 1024
	done
}

# An initiator gets along with a device that fails now and then
under_io() {
	serve_two 1
	# Its transport fails; it has no room; its adapter is busy
	opts 16 50
	fio_verify "$disk" 1M
	opts 0x800 20
	fio_verify "$disk" 1M
	opts 0x8000 20
	fio_verify "$disk" 1M
	opts 0
	# Now it answers with a work item, and some commands are aborted
	echo 0 >"$adapters/ndelay"
	echo -1 >"$adapters/delay"
	opts 0x10000 100
	fio_verify "$disk" 1M
	opts 0
	echo 10000 >"$adapters/ndelay"
}

pass_load scst_disk scst_local
pr_cmd=$(helper pr_cmd) || skip_all "no helper program pr_cmd"
dmesg --console-level warn
main sense_data statuses medium_errors descriptor_format recovered_errors short_transfers \
	residuals host_errors retries under_io take_apart
