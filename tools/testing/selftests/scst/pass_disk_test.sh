#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 SMP=1 TIMEOUT=300
# A disk of this host as a target device: what initiators write is on it, with blocks of
# any kind and CDBs of any length, and the host can go on using it.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pass_lib.sh
. "$(dirname "$0")/pass_lib.sh"

queue() {
	cat "/sys/block/${disk##*/}/queue/$1"
}

# on_both TEXT: the initiator's disk has what the host's has
on_both() {
	blockdev --flushbufs "$disk" "$ddisk"
	cmp "$disk" "$ddisk" || fail "$1: the disks differ"
}

data_and_size() {
	a_disk
	expect size "$(blockdev --getsize64 "$ddisk")" "$(blockdev --getsize64 "$disk")"
	expect "write cache" "$(<"/sys/block/${ddisk##*/}/queue/write_cache")" \
		"$(queue write_cache)"
	fs_roundtrip "$disk"
	on_both "after a file system"
	fio_verify "$disk" 8M
	on_both "after fio"
	unserve
}

large_and_odd_requests() {
	a_disk dev_size_mb=32
	head -c 12000000 /dev/urandom >"$tmp/data"
	# As much as the initiator's host adapter takes in one command
	echo 8192 >"/sys/block/${disk##*/}/queue/max_sectors_kb"
	dd if="$tmp/data" of="$disk" bs=8M count=1 oflag=direct iflag=fullblock status=none
	dd if="$tmp/data" of="$disk" bs=512 count=777 seek=3 oflag=direct status=none
	dd if="$disk" of="$tmp/back" bs=1M count=1 iflag=direct status=none
	cmp -n $((777 * 512)) -i 0:1536 "$tmp/data" "$tmp/back"
	dd if="$tmp/data" of="$disk" bs=11M count=1 oflag=direct iflag=fullblock status=none
	dd if="$disk" of="$tmp/back" bs=8M count=1 iflag=direct status=none
	cmp -n $((8 << 20)) "$tmp/data" "$tmp/back"
	dd if="$disk" of="$tmp/back" bs=192K count=20 iflag=direct status=none
	cmp -n $((20 * 192 << 10)) "$tmp/data" "$tmp/back"
	on_both "after large requests"
	unserve
}

# 8 MiB that do not begin with a page are one page more than the host adapter takes,
# while pages that are neighbours are one segment for ours
more_segments_than_the_adapter_takes() {
	a_disk dev_size_mb=32
	settled "$disk"
	echo 8192 >"/sys/block/${disk##*/}/queue/max_sectors_kb"
	head -c $((8 << 20)) /dev/urandom >"$tmp/data"
	ends_like 'status=00 host=00 resid=0 ' -s 512 -f "$tmp/data" "$disk" \
		8a000000000000000800000040000000 out $((8 << 20))
	ends_like 'status=00 host=00 resid=0 ' -s 2560 -f "$tmp/back" "$disk" \
		88000000000000000800000040000000 in $((8 << 20))
	cmp "$tmp/data" "$tmp/back"
	dd if="$ddisk" bs=1M skip=1 count=8 iflag=direct status=none | cmp - "$tmp/data"
	on_both "after commands of many segments"
	unserve
}

blocks_of_4096() {
	a_disk sector_size=4096
	expect "logical block" 4096 "$(blockdev --getss "$disk")"
	fs_roundtrip "$disk"
	fio_verify "$disk" 4M
	on_both "4096 bytes"
	unserve
}

# protected DIF DIX: initiators see nothing of protection information
protected() {
	a_disk dif="$1" dix="$2"
	expect_match "INQUIRY" 'PROTECT=0' "$(sg_inq "$sg" | tr -d ' \n')"
	expect_match "READ CAPACITY" 'prot_en=0, p_type=0, p_i_exponent=0' \
		"$(sg_readcap --16 "$sg")"
	expect "SPT and the checks" 00 "$("$pass_cmd" "$sg" 120186004000 in 64 |
		sed -E 's/.*data=.{8}(..).*/\1/')"
	# SBC-5, RDPROTECT and WRPROTECT fields: there is none to transfer
	ends_like 'status=02 .*sense=70..05.{18}2400' "$sg" 28200000000000000100 in 512
	ends_like 'status=02 .*sense=70..05.{18}2400' "$sg" 2a200000000000000100 out 512
	head -c 65536 /dev/urandom >"$tmp/data"
	dd if="$tmp/data" of="$disk" bs=16K oflag=direct status=none
	dd if="$disk" of="$tmp/back" bs=32K count=2 iflag=direct status=none
	cmp "$tmp/data" "$tmp/back"
	dd if="$ddisk" of="$tmp/back" bs=64K count=1 iflag=direct status=none
	cmp "$tmp/data" "$tmp/back"
}

# scsi_debug has a message for each command without protection information but for those
# to a disk of type 2
protection_information() {
	protected 1 0
	unserve
	protected 1 1
	unserve
	protected 3 1
	unserve
	protected 2 0
	fio_verify "$disk" 1M
	unserve
	protected 2 1
	fio_verify "$disk" 1M
	unserve
}

# mapped: the ranges of blocks that are
mapped() {
	cat "$adapters/map"
}

unmapping() {
	local before

	a_disk lbpu=1 lbpws=1 lbpws10=1 dev_size_mb=32
	expect discard_max_bytes "$(<"/sys/block/${ddisk##*/}/queue/discard_max_bytes")" \
		"$(queue discard_max_bytes)"
	mkfs.ext4 -q -F "$disk"
	mount "$disk" "$tmp/mnt"
	head -c 8M /dev/urandom >"$tmp/mnt/file"
	sync -f "$tmp/mnt"
	rm "$tmp/mnt/file"
	sync -f "$tmp/mnt"
	before=$(mapped)
	fstrim "$tmp/mnt"
	[ "$before" != "$(mapped)" ] || fail "fstrim has unmapped nothing"
	umount "$tmp/mnt"
	quiet fsck.ext4 -fn "$disk"
	dd if=/dev/urandom of="$disk" bs=1M count=4 oflag=direct status=none
	blkdiscard -z -o $((1 << 20)) -l $((2 << 20)) "$disk"
	dd if="$disk" bs=1M skip=1 count=2 iflag=direct status=none |
		cmp -n $((2 << 20)) - /dev/zero
	blkdiscard -f "$disk"
	expect "blocks that are mapped" "" "$(mapped)"
	quiet sg_dd if=/dev/urandom of="$sg" bs=512 count=64 seek=128
	quiet sg_unmap --force --lba=128 --num=8 "$sg"
	expect "blocks that are mapped" 136-191 "$(mapped)"
	quiet sg_write_same --16 --unmap --lba=136 --num=8 "$sg"
	quiet sg_write_same --10 --unmap --lba=144 --num=8 "$sg"
	expect "blocks that are mapped" 152-191 "$(mapped)"
	on_both "unmapped"
	unserve
}

# varlen SERVICE_ACTION LBA BLOCKS: a CDB of 32 bytes, all in hexadecimal
varlen() {
	printf '7f00000000000018%04x0000%016x%08x00000000%08x' "0x$1" "0x$2" "0x$2" "0x$3"
}

# READ and WRITE of each length, by the initiator and, for what was written, by the host
cdbs_of_all_lengths() {
	local len lba

	a_disk
	settled "$disk"
	for len in 6 10 12 16; do
		lba=$((len * 64))
		head -c 8192 /dev/urandom >"$tmp/data"
		quiet sg_dd if="$tmp/data" of="$sg" bs=512 count=16 seek=$lba cdbsz=$len
		rm -f "$tmp/back"
		quiet sg_dd if="$sg" of="$tmp/back" bs=512 count=16 skip=$lba cdbsz=$len
		cmp "$tmp/data" "$tmp/back"
		dd if="$ddisk" bs=512 skip=$lba count=16 iflag=direct status=none |
			cmp - "$tmp/data"
	done
	head -c 8192 /dev/urandom >"$tmp/data"
	ends_like 'status=00 host=00 resid=0' -f "$tmp/data" "$sg" "$(varlen b 800 10)" out 8192
	ends_like 'status=00 host=00 resid=0' -f "$tmp/back" "$sg" "$(varlen 9 800 10)" in 8192
	cmp "$tmp/data" "$tmp/back"
	dd if="$ddisk" bs=512 skip=2048 count=16 iflag=direct status=none | cmp - "$tmp/data"
	# The other commands that write, of which scsi_debug has these
	ends_like 'status=00 ' -f "$tmp/data" "$sg" 41000000100000000400 out 512
	dd if="$ddisk" bs=512 skip=4096 count=4 iflag=direct status=none >"$tmp/back"
	cmp -n 512 -i 0:1536 "$tmp/data" "$tmp/back"
	ends_like 'status=00 ' "$sg" 8f000000000000001000000000040000
	ends_like 'status=00 ' "$sg" 35000000000000000000
	ends_like 'status=00 ' "$sg" 91000000000000000000000000000000
	ends_like 'status=04 ' "$sg" 34000000000000001000
	# COMPARE AND WRITE: what is there, and the same with another block to write
	cat "$tmp/back" "$tmp/data" | head -c 512 >"$tmp/caw"
	head -c 1024 "$tmp/data" | tail -c 512 >>"$tmp/caw"
	ends_like 'status=00 ' -f "$tmp/caw" "$sg" 89000000000000001000000000010000 out 1024
	ends_like 'status=02 .*sense=70..0e.*1d00' -f "$tmp/caw" "$sg" \
		89000000000000001000000000010000 out 1024
	unserve
}

read_only_luns() {
	local cdb

	a_disk
	del_lun tgt0 0
	add_lun tgt0 0 "$hctl" read_only=1
	disk=$(disk_of tgt0 0)
	sg=$(sg_of tgt0 0)
	settled "$disk"
	clear_by_tur "$sg"
	on_both "read only"
	cp "$ddisk" "$tmp/before"
	for cdb in 0a0000000100 2a000000000000000100 aa0000000000000000010000 \
		8a000000000000000000000000010000 2e000000000000000100 \
		41000000000000000100 93000000000000000000000000010000 \
		"$(varlen b 0 1)"; do
		ends_like 'status=02 .*sense=70..07.{18}2700' "$sg" "$cdb" out 512
	done
	ends_like 'status=02 .*sense=70..07.{18}2700' "$sg" \
		89000000000000000000000000010000 out 1024
	ends_like 'status=02 .*sense=70..07.{18}2700' "$sg" 42000000000000001800 out \
		001600100000000000000000000000000000001000000000
	ends_like 'status=02 .*sense=70..07.{18}2700' "$sg" 040000000000
	# Those that nobody knows may write
	for cdb in c10000000000 c1000000000000000000 e5000000000000000000000000000000 \
		9f120000000000000000000000010000; do
		ends_like 'status=02 .*sense=70..07.{18}2700' "$sg" "$cdb" out 512
	done
	ends_like 'status=00 ' "$sg" 28000000000000000100 in 512
	expect_failure dd if=/dev/urandom of="$disk" bs=4k count=1 oflag=direct \
		status=none 2>/dev/null
	blockdev --flushbufs "$ddisk"
	cmp "$ddisk" "$tmp/before"
	unserve
}

# SBC-5, device specific parameter: WP is what an initiator looks at before it writes
read_only_is_seen() {
	a_disk
	del_lun tgt0 0
	add_lun tgt0 0 "$hctl" read_only=1
	disk=$(disk_of tgt0 0)
	settled "$disk"
	expect "read only" 1 "$(blockdev --getro "$disk")"
	unserve
}

# clear_by_tur SG: what is pending there is no more
clear_by_tur() {
	quiet sg_turs -n 4 "$1" || :
}

without_the_data() {
	debug_device
	find_disk
	dd if=/dev/urandom of="$ddisk" bs=1M count=1 oflag=direct status=none
	cp "$ddisk" "$tmp/before"
	serve dev_disk_perf
	disk=$(disk_of tgt0 0)
	settled "$disk"
	run_fio "$disk" --rw=randrw --bs=4k --size=1M --iodepth=32
	for cdb in 0a0000000100 2a000000000000000100 aa0000000000000000010000 \
		8a000000000000000000000000010000; do
		ends_like 'status=00 host=00 resid=0' "$sg" "$cdb" out 512
	done
	dd if="$disk" bs=64K count=4 iflag=direct status=none | cmp -n 262144 - /dev/zero
	blockdev --flushbufs "$ddisk"
	cmp "$ddisk" "$tmp/before"
	# All else it has from the device
	same <<-END
		000000000000
		1a003f00ff00 in 255
		120180006000 in 96
		2501ffffffff00000100 in 8
		4d004000000000004000 in 64
		a30c00000000000020000000 in 8192
		c00000000000
		1b0000000100
	END
	expect size "$(blockdev --getsize64 "$ddisk")" "$(blockdev --getsize64 "$disk")"
	unserve
}

# Initiators and the host, each in its own half
the_host_uses_it_too() {
	local pid

	a_disk
	fio_out=$tmp/host.out fio_verify "$ddisk" 4M --offset=8M &
	pid=$!
	fio_verify "$disk" 4M
	wait "$pid"
	# One file system, one after the other
	fs_roundtrip "$disk"
	blockdev --flushbufs "$ddisk"
	mount "$ddisk" "$tmp/mnt"
	(cd "$tmp/mnt/tree" && sha256sum --quiet -c "$tmp/sums")
	head -c 100000 /dev/urandom >"$tmp/mnt/host"
	cp "$tmp/mnt/host" "$tmp/data"
	umount "$tmp/mnt"
	blockdev --flushbufs "$disk"
	mount "$disk" "$tmp/mnt"
	cmp "$tmp/data" "$tmp/mnt/host"
	umount "$tmp/mnt"
	unserve
}

# Who submits may have all tags of the host adapter, and give them back only when the
# initiator's commands have been submitted
the_submitter_uses_it_too() {
	a_disk max_queue=1
	timeout 600 fio --name=both --filename="$disk:$ddisk" --ioengine=libaio --direct=1 \
		--rw=randread --bs=4k --norandommap --iodepth=8 --iodepth_batch_submit=8 \
		--iodepth_batch_complete_min=8 --number_ios=1000 >"$tmp/fio.out" ||
		fail "$(tail -n 3 "$tmp/fio.out")"
	fio_verify "$disk" 1M
	unserve
}

# Twice for initiators: each sees what the other one writes
two_initiators() {
	local other

	debug_device
	serve dev_disk host0 host1
	disk=$(disk_of tgt0 0 host0)
	other=$(disk_of tgt0 0 host1)
	fio_out=$tmp/other.out fio_verify "$other" 2M --offset=8M &
	fio_verify "$disk" 2M
	wait
	head -c 4096 /dev/urandom >"$tmp/data"
	dd if="$tmp/data" of="$disk" bs=4k count=1 oflag=direct status=none
	dd if="$other" bs=4k count=1 iflag=direct status=none | cmp - "$tmp/data"
	unserve
}

kernel_log() {
	log_clean "$log" \
		any 'Power-on or device reset occurred' \
		any 'scsi_debug: trim poll_queues' \
		any 'Unprotected (RD|WR) to DIF device' \
		any '(critical|I/O|protection) .*error, dev sd' \
		any 'sd .*(tag#|Sense Key|Add. Sense|CDB|FAILED Result|Enabling DI[XF])' \
		any 'Mode parameters changed' \
		any 'scsi host[0-9]+: scsi_debug: version' \
		any 'Buffer I/O error on dev sd'
}

pass_load scst_disk scst_local
log=$(log_mark)
mkdir "$tmp/mnt"
main data_and_size large_and_odd_requests more_segments_than_the_adapter_takes \
	blocks_of_4096 protection_information unmapping cdbs_of_all_lengths read_only_luns \
	read_only_is_seen without_the_data the_host_uses_it_too \
	the_submitter_uses_it_too two_initiators take_apart kernel_log
