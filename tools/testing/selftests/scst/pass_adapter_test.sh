#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 SMP=2 TIMEOUT=300 SCSI=64M,cd:8M,64M@pvscsi,cd:8M@pvscsi
# Disks and CDs of emulated host adapters, which have limits and error recovery of their
# own: one of virtio, and one of VMware, whose driver is a module.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pr_lib.sh
. "$(dirname "$0")/pr_lib.sh"
# shellcheck source=pass_lib.sh
. "$(dirname "$0")/pass_lib.sh"

drivers=$dev_bus/drivers
hosts=(virtio_scsi vmw_pvscsi)

# host_of NAME: the SCSI host of an adapter, by the name of its driver
host_of() {
	local dir

	for dir in /sys/class/scsi_host/host*; do
		[ "$(<"$dir/proc_name")" != "$1" ] || { echo "${dir##*/host}"; return; }
	done
	return 1
}

# device_of NAME TYPE: in $hctl, $unit, and $dir, its directory
device_of() {
	local host

	host=$(host_of "$1") || fail "no adapter of $1"
	within 30 has_device "$host" "$2" || fail "$1 has no device of type $2"
	unit=$dev_bus/devices/$hctl
	within 10 test -d "$unit" || fail "there is no $unit"
}

has_device() {
	for dir in /sys/bus/scsi/devices/"$1":*; do
		[ "$(cat "$dir/type" 2>/dev/null)" = "$2" ] || continue
		dir=$(realpath "$dir")
		hctl=${dir##*/}
		return
	done
	return 1
}

# block_of: the block device of the host itself
block_of() {
	within 20 compgen -G "$dir/block/*" >/dev/null || fail "$hctl has no block device"
	basename "$dir"/block/*
}

# export_it HANDLER LUN: the one of device_of()
export_it() {
	put "$drivers/$1/add_device" "$hctl"
	[ -e "$scst_targets/tgt0" ] || add_target tgt0 session_name=host0
	add_lun tgt0 "$2" "$hctl"
	sg=$(sg_of tgt0 "$2")
	quiet sg_turs -n 4 "$sg" || :
}

give_back() {
	put "$unit/driver/del_device" "$hctl"
}

# Files, and requests of all sizes: more than the adapter transfers at a time too
disk_of_each() {
	local name host

	for name in "${hosts[@]}"; do
		device_of "$name" 0
		host=/dev/$(block_of)
		export_it dev_disk 0
		disk=$(disk_of tgt0 0)
		msg "$name: $(<"/sys/block/${host##*/}/queue/max_hw_sectors_kb") KiB at a time"
		fs_roundtrip "$disk"
		fio_verify "$disk" 8M
		run_fio "$disk" --rw=randrw --bsrange=512-1M --bs_unaligned=0 --size=16M \
			--iodepth=8 --allow_file_create=0 --verify=crc32c --do_verify=1
		head -c 4M /dev/urandom >"$tmp/data"
		ends_like 'status=00 host=00 resid=0 ' -f "$tmp/data" "$sg" \
			2a000000100000200000 out $((4 << 20))
		ends_like 'status=00 host=00 resid=0 ' -f "$tmp/back" "$sg" \
			28000000100000200000 in $((4 << 20))
		cmp "$tmp/data" "$tmp/back"
		blockdev --flushbufs "$host"
		dd if="$host" bs=1M skip=2 count=4 iflag=direct status=none | cmp - "$tmp/data"
		del_target tgt0
		give_back
	done
}

cd_of_each() {
	local name host disk

	for name in "${hosts[@]}"; do
		device_of "$name" 5
		host=/dev/$(block_of)
		expect_errno EINVAL "$drivers/dev_disk/add_device" "$hctl"
		export_it dev_cdrom 0
		disk=$(scsi_device_of tgt0 0)
		within 20 compgen -G "$disk/block/*" >/dev/null || fail "no sr"
		disk=/dev/$(basename "$disk"/block/*)
		expect "size" $((8 << 20)) "$(blockdev --getsize64 "$disk")"
		cmp "$disk" "$host"
		expect_failure dd if=/dev/zero of="$disk" bs=2048 count=1 status=none 2>/dev/null
		del_target tgt0
		give_back
	done
}

# More than the adapter transfers at a time: what can be sent in parts is, unless it is not
# whole on the disk; what cannot is refused
what_is_too_large() {
	local last before

	device_of virtio_scsi 0
	export_it dev_disk 0
	disk=$(disk_of tgt0 0)
	last=$(($(blockdev --getsz "$disk") - 64))
	head -c 32K /dev/urandom | dd of="$disk" bs=512 seek=$last oflag=direct status=none
	before=$(dd if="$disk" bs=512 skip=$last iflag=direct status=none | cksum)
	ends_like 'status=02 host=00 .*sense=70..05.{18}2100' "$sg" \
		"2a00$(printf %08x $last)00008000" out 65536
	expect "what is before the end" "$before" \
		"$(dd if="$disk" bs=512 skip=$last iflag=direct status=none | cksum)"
	ends_like 'status=00 host=00 resid=0 ' "$sg" \
		"2a00$(printf %08x $((last - 64)))00008000" out 65536
	# WRITE ATOMIC(16), READ BUFFER(10), one that nobody knows
	ends_like 'status=02 host=00 .*sense=70..05.{18}2400' "$sg" \
		9c000000000000000000000000800000 out 65536
	ends_like 'status=02 host=00 .*sense=70..05.{18}2400' "$sg" 3c020000000001000000 in 65536
	ends_like 'status=02 host=00 .*sense=70..05.{18}2400' "$sg" c00000000000 in 65536
	del_target tgt0
	give_back
}

# What the device says is what initiators hear
same_answers() {
	local name

	for name in "${hosts[@]}"; do
		device_of "$name" 0
		within 10 compgen -G "$dir/scsi_generic/*" >/dev/null || fail "no sg device"
		dsg=/dev/$(basename "$dir"/scsi_generic/*)
		export_it dev_disk 0
		clear_uas "$dsg" "$sg"
		same <<-END
			000000000000
			030000001200 in 18
			1a003f00ff00 in 255
			5a003f0000000003e800 in 1000
			25000000000000000000 in 8
			9e100000000000000000000000200000 in 32
			1201b000ff00 in 255
			28000000000000000100 in 512
			c00000000000
		END
		# One of the two adapters says that these are its own errors
		ends_like 'status=02 host=00 .*sense=70..05.{18}2400' "$sg" 1201c000ff00 in 255
		ends_like 'status=02 host=00 .*sense=70..05.{18}2100' "$sg" \
			2800ffffff0000000100 in 512
		del_target tgt0
		give_back
	done
}

# One target has both; a copy goes from one adapter to the other
both_at_once() {
	local a b

	device_of virtio_scsi 0
	export_it dev_disk 0
	device_of vmw_pvscsi 0
	export_it dev_disk 1
	a=$(disk_of tgt0 0)
	b=$(disk_of tgt0 1)
	fio_out=$tmp/other.out fio_verify "$a" 4M --offset=32M &
	fio_verify "$b" 4M --offset=32M
	wait $! || fail "$(<"$tmp/other.out")"
	head -c 8M /dev/urandom >"$tmp/data"
	dd if="$tmp/data" of="$a" bs=1M oflag=direct status=none
	quiet sg_xcopy if="$(sg_of tgt0 0)" of="$(sg_of tgt0 1)" bs=512 count=16384
	cmp -n $((8 << 20)) "$tmp/data" "$b"
	del_target tgt0
	give_back
	device_of virtio_scsi 0
	give_back
}

resets() {
	local name

	for name in "${hosts[@]}"; do
		device_of "$name" 0
		export_it dev_disk 0
		disk=$(disk_of tgt0 0)
		fio_verify "$disk" 4M &
		sleep 0.5
		quiet sg_reset -N -d "$sg"
		wait $! || fail "$name: I/O failed: $(<"$tmp/fio.out")"
		clear_uas "$sg"
		expect "READ" good "$(reads "$sg")"
		del_target tgt0
		give_back
	done
}

# The adapter is pulled out of the PCI bus, under I/O; it comes back
adapter_goes() {
	local name pci io

	for name in "${hosts[@]}"; do
		device_of "$name" 0
		pci=$(realpath "$dir")
		pci=/sys/bus/pci/devices/$(grep -oE '0000:[0-9a-f:.]+' <<<"$pci" | tail -n 1)
		export_it dev_disk 0
		disk=$(disk_of tgt0 0)
		scsi "$sg" 28000000010000002000 -i 16384 -g >"$tmp/io" &
		io=$!
		begun "$tmp/io"
		echo 1 >"$pci/remove"
		within 30 gone || fail "$name: $hctl is still there"
		within 30 no_process $io || fail "$name: commands hang"
		[ ! -e "$scst_targets/tgt0/luns/0" ] || fail "$name: LUN 0 is still there"
		del_target tgt0
		echo 1 >/sys/bus/pci/rescan
		device_of "$name" 0
		export_it dev_disk 0
		fio_verify "$(disk_of tgt0 0)" 4M
		del_target tgt0
		give_back
	done
}

# The driver is in use as long as a handler has the device, and no longer
driver_is_unloaded() {
	device_of vmw_pvscsi 0
	export_it dev_disk 0
	expect_failure rmmod vmw_pvscsi 2>/dev/null
	put "$drivers/dev_disk/unbind" "$hctl"
	within 10 rmmod vmw_pvscsi 2>/dev/null || rmmod vmw_pvscsi
	within 30 gone || fail "$hctl is still there"
	[ ! -e "$scst_targets/tgt0/luns/0" ] || fail "LUN 0 is still there"
	del_target tgt0
	modprobe vmw_pvscsi
	device_of vmw_pvscsi 0
	export_it dev_disk 0
	fio_verify "$(disk_of tgt0 0)" 4M
	del_target tgt0
	give_back
}

take_apart() {
	rmmod vmw_pvscsi
	pass_unload
}

pass_load scst_disk scst_cdrom scst_local
pr_cmd=$(helper pr_cmd) || skip_all "no helper program pr_cmd"
host_of virtio_scsi >/dev/null || skip_all "no SCSI disk of virtio: not in vm.sh"
modprobe vmw_pvscsi 2>/dev/null || skip_all "no module vmw_pvscsi"
dmesg --console-level warn
main disk_of_each cd_of_each what_is_too_large same_answers both_at_once resets adapter_goes \
	driver_is_unloaded take_apart
