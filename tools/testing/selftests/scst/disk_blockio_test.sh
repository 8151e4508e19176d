#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=1G,256M MEM=1024 SMP=2 TIMEOUT=300
# A block device as a disk.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

store=/dev/vda
other=/dev/vdb

after_failure() {
	cleanup_devices
	cleanup_mounts
}

queue() {
	cat "/sys/block/${disk##*/}/queue/$1"
}

a_block_device() {
	export_disk vdisk_blockio disk01 "filename=$store"
	expect "size" "$(blockdev --getsize64 "$store")" "$(blockdev --getsize64 "$disk")"
	fs_roundtrip "$disk"
	fio_verify "$disk" 32M
}

# The commands are those of all disks, but some depend on what the device can do
usage_maps() {
	local sg out

	sg=$(sg_of tgt0 "$lun")
	sg_turs -n 5 "$sg" >/dev/null 2>&1 || :
	out=$("$lib_dir/cdb_bits.py" "$sg" 2>&1) || fail "cdb_bits.py: $out"
	msg "$out"
}

large_and_odd_requests() {
	head -c 4000000 /dev/urandom >"$tmp/data"
	dd if="$tmp/data" of="$disk" bs=512 count=777 seek=3 oflag=direct status=none
	dd if="$disk" of="$tmp/back" bs=1M count=1 iflag=direct status=none
	cmp -n $((777 * 512)) -i 0:1536 "$tmp/data" "$tmp/back"
	dd if="$tmp/data" of="$disk" bs=3M count=1 oflag=direct iflag=fullblock status=none
	dd if="$disk" of="$tmp/back" bs=3M count=1 iflag=direct status=none
	cmp -n $((3 << 20)) "$tmp/data" "$tmp/back"
	sg_dd if="$disk" of="$tmp/back" bs=512 count=2048 bpt=1023 iflag=sgio,fua 2>/dev/null
	cmp -n $((2048 * 512)) "$tmp/data" "$tmp/back"
}

buffered_write_back_and_fsync() {
	mkfs.ext4 -q -F "$disk"
	mount "$disk" "$tmp/mnt"
	run_fio "$tmp/mnt/file" --ioengine=psync --direct=0 --rw=randwrite --bs=16k \
		--size=48M --fsync=64 --end_fsync=1 --verify=crc32c --verify_state_save=0
	umount "$tmp/mnt"
	quiet fsck.ext4 -fn "$disk"
}

the_device_is_ours_alone() {
	expect_failure mount "$store" "$tmp/mnt" 2>"$tmp/err"
	expect_match "mount" "busy|already mounted" "$(<"$tmp/err")"
	expect_errno EBUSY "$dev_bus/drivers/vdisk_blockio/add_device" \
		"disk02 filename=$store"
	unexport_disk disk01
	# What the disk's file system is, the device's is
	mount "$store" "$tmp/mnt"
	[ -s "$tmp/mnt/file" ] || fail "no file"
	expect_errno EBUSY "$dev_bus/drivers/vdisk_blockio/add_device" \
		"disk02 filename=$store"
	umount "$tmp/mnt"
	[ ! -e "$scst_devices/disk02" ] || fail "disk02 is there"
}

discard() {
	[ "$(<"/sys/block/${store##*/}/queue/discard_max_bytes")" -gt 0 ] ||
		skip "$store cannot discard"
	export_disk vdisk_blockio disk01 "filename=$store thin_provisioned=1"
	[ "$(queue discard_max_bytes)" -gt 0 ] || fail "no discard"
	mkfs.ext4 -q -F "$disk"
	mount "$disk" "$tmp/mnt"
	head -c 32M /dev/urandom >"$tmp/mnt/file"
	sync
	rm "$tmp/mnt/file"
	fstrim "$tmp/mnt"
	umount "$tmp/mnt"
	quiet fsck.ext4 -fn "$disk"
	blkdiscard -f "$disk"
	unexport_disk disk01
}

write_zeroes() {
	export_disk vdisk_blockio disk01 "filename=$store thin_provisioned=1"
	dd if=/dev/urandom of="$disk" bs=1M count=16 oflag=direct status=none
	blkdiscard -z -o $((2 << 20)) -l $((8 << 20)) "$disk"
	dd if="$disk" bs=1M skip=2 count=8 iflag=direct status=none |
		cmp -n $((8 << 20)) - /dev/zero
	unexport_disk disk01
}

blocksize_4096() {
	export_disk vdisk_blockio disk01 "filename=$store blocksize=4096"
	expect "logical block" 4096 "$(blockdev --getss "$disk")"
	fs_roundtrip "$disk"
	fio_verify "$disk" 16M
	unexport_disk disk01
}

write_through() {
	export_disk vdisk_blockio disk01 "filename=$store write_through=1"
	expect "cache" "write through" "$(queue write_cache)"
	fio_verify "$disk" 8M
	unexport_disk disk01
}

# flushes: how many the store has seen
flushes() {
	awk '{ print $16 }' "/sys/block/${store#/dev/}/stat"
}

store_has_a_cache() {
	[ "$(<"/sys/block/${store#/dev/}/queue/write_cache")" = "write back" ] ||
		skip "$store has no cache"
}

# new_sg: of $disk, in $sg, with nothing to tell
new_sg() {
	sg=$(sg_of tgt0 "$lun" "${1-}")
	sg_turs -n 5 "$sg" >/dev/null 2>&1 || :
}

# WRITE AND VERIFY has its blocks on the medium, whether they may be cached or not
write_and_verify_flushes() {
	local handler params before

	store_has_a_cache
	while read -r handler params; do
		export_disk "$handler" disk01 "filename=$store $params"
		new_sg
		before=$(flushes)
		quiet sg_raw -s 512 -i /dev/urandom "$sg" 2e 00 00 00 00 00 00 00 01 00
		[ "$(flushes)" -gt "$before" ] || fail "no flush: $handler $params"
		unexport_disk disk01
	done <<-END
		vdisk_blockio write_through=0
		vdisk_blockio write_through=1
		vdisk_fileio write_through=0
		vdisk_fileio write_through=1
		vdisk_fileio write_through=1 o_direct=1
	END
}

# What is cached is on the medium when a reset gives WCE its saved value, zero
reset_flushes() {
	local before saved=/var/lib/scst/mode

	store_has_a_cache
	mkdir -p $saved
	export_disk vdisk_blockio disk05 "filename=$store"
	new_sg
	quiet sdparm --quiet --set=WCE=0 --save "$sg"
	quiet sdparm --quiet --set=WCE=1 "$sg"
	dd if=/dev/urandom of="$disk" bs=4k count=1 oflag=direct status=none
	before=$(flushes)
	quiet sg_reset -d "$sg"
	[ "$(flushes)" -gt "$before" ] || fail "no flush"
	sg_turs -n 5 "$sg" >/dev/null 2>&1 || :
	expect "WCE" 0 "$(sdparm --get=WCE "$sg" | awk 'END { print $2 }')"
	unexport_disk disk05
	rm -f $saved/disk05*
}

nv_cache() {
	export_disk vdisk_blockio disk01 "filename=$store nv_cache=1"
	expect "cache" "write through" "$(queue write_cache)"
	fio_verify "$disk" 8M
	unexport_disk disk01
}

read_only() {
	export_disk vdisk_blockio disk01 "filename=$store read_only=1"
	expect "read only" 1 "$(blockdev --getro "$disk")"
	expect_failure dd if=/dev/urandom of="$disk" bs=4k count=1 oflag=direct \
		status=none 2>/dev/null
	unexport_disk disk01
}

a_write_protected_device() {
	blockdev --setro "$other"
	expect_errno EROFS "$dev_bus/drivers/vdisk_blockio/add_device" \
		"disk01 filename=$other"
	export_disk vdisk_blockio disk01 "filename=$other read_only=1"
	dd if="$disk" of=/dev/null bs=1M count=4 iflag=direct status=none
	unexport_disk disk01
	blockdev --setrw "$other"
}

a_file_is_no_block_device() {
	truncate -s 1M "$tmp/file"
	expect_errno ENOTBLK "$dev_bus/drivers/vdisk_blockio/add_device" \
		"disk01 filename=$tmp/file"
	rm "$tmp/file"
}

# Two disks of two devices, at once
two_disks() {
	local first pid

	export_disk vdisk_blockio disk01 "filename=$store"
	first=$disk
	export_disk vdisk_blockio disk02 "filename=$other"
	fio_out=$tmp/first fio_verify "$first" 16M &
	pid=$!
	fio_verify "$disk" 16M
	wait "$pid"
	del_lun tgt0 0
	del_lun tgt0 1
	del_device disk01
	del_device disk02
}

# another_tables DISK: of scst-store, while the disk is used
another_tables() {
	local disk=$1 pid n=0

	fio_verify "$disk" 16M >"$tmp/fio" 2>&1 &
	pid=$!
	while kill -0 "$pid" 2>/dev/null || [ "$n" -lt 2 ]; do
		n=$((n + 1))
		dm_table scst-store "0 $sectors delay $store 0 5"
		quiet dd if=/dev/urandom of="$disk" bs=4k seek=8192 count=1 oflag=direct
		dm_table scst-store "0 $sectors linear $store 0"
		quiet dd if="$disk" of=/dev/null bs=4k skip=8192 count=1 iflag=direct
	done
	wait "$pid" || fail "fio: $(<"$tmp/fio")"
	msg "$n times"
}

# Another table of a mapped device may be one that cannot fail instead of waiting; one
# that lies on it goes on to say that it can
another_table() {
	local sectors

	modprobe dm-mod
	modprobe dm-delay
	sectors=$(blockdev --getsz "$store")
	dm create scst-store --table "0 $sectors linear $store 0"
	export_disk vdisk_blockio disk01 "filename=$(dm_disk scst-store)"
	another_tables "$disk"
	unexport_disk disk01
	dm create scst-upper --table "0 $sectors linear $(dm_disk scst-store) 0"
	export_disk vdisk_blockio disk01 "filename=$(dm_disk scst-upper)"
	another_tables "$disk"
	unexport_disk disk01
	dm remove scst-upper
	dm remove scst-store
}

# refused_by_its_own HANDLER FILENAME: what is made of a disk of tgt0
refused_by_its_own() {
	local luns=$scst_targets/tgt0/luns other

	add_device "$1" disk05 "filename=$2"
	expect_errno ELOOP "$luns/add" "disk05 1"
	expect_errno ELOOP "$luns/replace" "disk05 0"
	[ ! -e "$luns/1" ] || fail "tgt0 has LUN 1"
	add_target tgt1 session_name=host1
	add_lun tgt1 0 disk05
	other=$(disk_of tgt1 0)
	read_both "$other" 4k
	del_target tgt1
}

# refused_when_mapped HANDLER: it is another disk when the handler comes back
refused_when_mapped() {
	local driver=$dev_bus/drivers/$1 other

	put "$driver/unbind" disk05
	ln -sfn "$store" "$tmp/store"
	put "$driver/bind" disk05
	add_lun tgt0 1 disk05
	other=$(disk_of tgt0 1)
	blockdev --flushbufs "$other"
	put "$driver/unbind" disk05
	ln -sfn "$disk" "$tmp/store"
	expect_errno ELOOP "$driver/bind" disk05
	ln -sfn "$store" "$tmp/store"
	put "$driver/bind" disk05
	del_lun tgt0 1
}

# The store is a disk of scst_local, or on one: of another target, but not of the same
a_disk_of_a_target() {
	local handler

	truncate -s 64M "$tmp/file.img"
	export_disk vdisk_fileio file01 "filename=$tmp/file.img"
	for handler in vdisk_blockio vdisk_fileio; do
		ln -sfn "$disk" "$tmp/store"
		refused_by_its_own "$handler" "$tmp/store"
		refused_when_mapped "$handler"
		del_device disk05
	done
	mkfs.ext4 -q "$disk"
	mount "$disk" "$tmp/mnt"
	truncate -s 16M "$tmp/mnt/img"
	refused_by_its_own vdisk_fileio "$tmp/mnt/img"
	del_device disk05
	# A medium
	add_device vcdrom cd01
	add_lun tgt0 1 cd01
	expect_errno ELOOP "$scst_devices/cd01/filename" "$tmp/mnt/img"
	expect "medium" "" "$(<"$scst_devices/cd01/filename")"
	del_lun tgt0 1
	del_device cd01
	umount "$tmp/mnt"
	unexport_disk file01
}

# read_both DEVICE BYTES: $disk and what is below, in one batch
read_both() {
	timeout 600 fio --name=both --filename="$disk:$1" --ioengine=libaio --direct=1 \
		--rw=randread --bs="$2" --norandommap --iodepth=4 --iodepth_batch_submit=4 \
		--iodepth_batch_complete_min=4 --number_ios=4000 >"$tmp/fio.out" ||
		fail "$2: $(tail -n 3 "$tmp/fio.out")"
}

# Who submits to the disk may have all tags of the device below, and give them back
# only when the disk's commands have been submitted.  128 KiB flush the plug early,
# while the tag of the next request is in nobody's list.
the_submitter_uses_the_store_too() {
	modinfo -n null_blk >/dev/null 2>&1 || skip "the kernel has no null_blk"
	modprobe null_blk nr_devices=1 queue_mode=2 irqmode=2 hw_queue_depth=1 \
		submit_queues=1 gb=1
	export_disk vdisk_blockio disk03 filename=/dev/nullb0
	read_both /dev/nullb0 4k
	read_both /dev/nullb0 128k
	unexport_disk disk03
}

# read_large DEVICE: large reads of $disk04, and how often a worker was needed
read_large() {
	local events=/sys/kernel/tracing/events/workqueue/workqueue_queue_work

	export_disk vdisk_blockio disk04 "filename=$1"
	echo 'workqueue == "scst_disk04"' >$events/filter
	echo >/sys/kernel/tracing/trace
	echo 1 >$events/enable
	run_fio "$disk" --rw=read --bs=1M --iodepth=1 --size=32M || {
		echo 0 >$events/enable
		return 1
	}
	echo 0 >$events/enable
	expect "works of $1" 0 "$(grep -c workqueue_queue_work /sys/kernel/tracing/trace)"
	unexport_disk disk04
}

# debug_disk: a disk of scsi_debug, its directory in $dir
debug_disk() {
	local adapter='/sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/sd*'

	modprobe scsi_debug fake_rw=1 delay=0 dev_size_mb=64 physblk_exp=3 lowest_aligned=1 \
		opt_xferlen_exp=6
	within 10 compgen -G "$adapter" >/dev/null || fail "scsi_debug has no disk"
	dir=$(compgen -G "$adapter")
}

# A bio that may not wait cannot be split either
large_reads_need_no_worker() {
	local null=/sys/kernel/config/nullb/nullb-large dir

	modinfo -n null_blk scsi_debug >/dev/null 2>&1 ||
		skip "the kernel has no null_blk or no scsi_debug"
	mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing
	# Neither module is removed: rmmod does not wait for the release of their disks
	modprobe null_blk
	mkdir $null
	echo 1024 >$null/size
	echo 0 >$null/irqmode
	echo 1 >$null/power
	read_large /dev/nullb-large
	echo 64 >/sys/block/nullb-large/queue/max_sectors_kb
	read_large /dev/nullb-large
	# No limit of the size of a segment
	debug_disk
	read_large "/dev/${dir##*/}"
}

# limit DISK NAME: what sd has made of what the disk says
limit() {
	cat "/sys/block/$1/$2"
}

# The initiator knows of the disk what the host knows of the store.
limits_of_the_store() {
	local names=(queue/{physical_block_size,minimum_io_size,optimal_io_size,rotational}
		alignment_offset) handler name dir lower rotational

	modinfo -n scsi_debug >/dev/null 2>&1 || skip "the kernel has no scsi_debug"
	debug_disk
	lower=${dir##*/}
	# None of them is what a disk without any has
	expect "physical block" 4096 "$(limit "$lower" queue/physical_block_size)"
	expect "granularity" 32768 "$(limit "$lower" queue/minimum_io_size)"
	expect "first physical block" 512 "$(limit "$lower" alignment_offset)"
	[ "$(limit "$lower" queue/optimal_io_size)" != 0 ] || fail "no optimal_io_size"
	for handler in vdisk_blockio vdisk_fileio; do
		for rotational in 0 1; do
			echo $rotational >"$dir/queue/rotational"
			export_disk $handler disk07 "filename=/dev/$lower"
			for name in "${names[@]}"; do
				expect "$handler: $name" "$(limit "$lower" "$name")" \
					"$(limit "${disk##*/}" "$name")"
			done
			unexport_disk disk07
		done
	done
}

# sync_status SG [BYTE1]: of SYNCHRONIZE CACHE(10)
sync_status() {
	local status=0

	sg_raw "$1" 35 "${2:-00}" 00 00 00 00 00 00 00 00 >/dev/null 2>&1 || status=$?
	echo "$status"
}

sync_fails() {
	[ "$(sync_status "$1")" = 3 ]
}

# lose COUNT OPCODE DISK: write a block, of which the store will fail to write what is
# cached.  COUNT as scsi_debug has it: 1 always, -1 once.
lose() {
	dd if=/dev/urandom of="$3" bs=4k count=1 oflag=direct status=none
	put "$errors" "2 $1 $2 0 0 2 4 44 0"
}

# lose_data HANDLER OPCODE: OPCODE is what the cache is written with
lose_data() {
	local a b

	export_disk "$1" disk06 "filename=/dev/${dir##*/}"
	add_session tgt0 host1
	disk_of tgt0 "$lun" host1 >/dev/null
	new_sg host0
	a=$sg
	new_sg host1
	b=$sg
	expect "$1: none lost" "0 0" "$(sync_status "$a") $(sync_status "$b")"

	lose 1 "$2" "$(disk_of tgt0 "$lun" host1)"
	expect "$1: who flushes" 3 "$(sync_status "$a")"
	put "$errors" "- 2 $2"
	add_session tgt0 host2
	disk_of tgt0 "$lun" host2 >/dev/null
	new_sg host2
	expect "$1: who came later" 0 "$(sync_status "$sg")"
	del_session tgt0 host2
	expect "$1: who was told" 0 "$(sync_status "$a")"
	expect "$1: the other one" "3 0" "$(sync_status "$b") $(sync_status "$b")"

	# With IMMED=1 the next one says so, whose flush may be the one that fails
	lose -1 "$2" "$(disk_of tgt0 "$lun" host1)"
	expect "$1: IMMED" 0 "$(sync_status "$a" 02)"
	within 10 sync_fails "$b" || fail "$1: nobody hears of it"
	sync_fails "$a" || fail "$1: only one hears of it"
	put "$errors" "- 2 $2"
	# Both flushes may have failed, and sd shall not be the one who is told
	msg "$1: then $(sync_status "$a") $(sync_status "$b")"
	del_session tgt0 host1
	unexport_disk disk06
}

# What is lost may be anybody's: each initiator that is there hears of it, once
lost_data_is_told_to_all() {
	local dir errors hctl

	modinfo -n scsi_debug >/dev/null 2>&1 || skip "the kernel has no scsi_debug"
	debug_disk
	hctl=${dir%/block/*}
	errors=/sys/kernel/debug/scsi_debug/${hctl##*/}/error
	[ -w "$errors" ] || skip "scsi_debug makes no errors"
	lose_data vdisk_blockio 35
	lose_data vdisk_fileio 2a
}

take_apart() {
	del_target tgt0
	scst_unload
}

kernel_log() {
	log_clean "$log" \
		any 'Power-on or device reset occurred' \
		any 'LUN assignments on this target have changed' \
		any '(critical|I/O|protection|device|medium) .*error, dev sd' \
		any 'sd .*(tag#|Sense Key|Add. Sense|CDB|FAILED Result)' \
		any 'Buffer I/O error on dev sd' \
		any "/dev/vda: Can't open blockdev" \
		any 'scsi_debug: trim poll_queues' \
		any 'scsi_tgt_dev|vdisk_blockio|vdisk_fileio|vcdrom' \
		6 'LUN [01]: made of a disk of this target: -ELOOP'
}

scst_load
log=$(log_mark)
mkdir "$tmp/mnt"
main a_block_device usage_maps large_and_odd_requests buffered_write_back_and_fsync \
	the_device_is_ours_alone discard write_zeroes blocksize_4096 write_through \
	write_and_verify_flushes reset_flushes nv_cache read_only \
	a_write_protected_device a_file_is_no_block_device \
	two_disks another_table a_disk_of_a_target the_submitter_uses_the_store_too \
	large_reads_need_no_worker limits_of_the_store lost_data_is_told_to_all \
	take_apart kernel_log
