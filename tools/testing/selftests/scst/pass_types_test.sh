#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=1 TIMEOUT=300
# Devices of this host of all types.  scsi_debug says that it is one, and behaves as a
# disk: whatever it answers, initiators are to get the same.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pass_lib.sh
. "$(dirname "$0")/pass_lib.sh"

# --- Commands

# padded: the CDBs that come in, with zeros up to the length of their group
padded() {
	local lens=(12 20 20 24 32 24 12 12) cdb data len

	while read -r cdb data; do
		len=${lens[16#${cdb:0:2} >> 5]}
		[[ $cdb != 7f* ]] || len=64
		while [ ${#cdb} -lt "$len" ]; do
			cdb+=00
		done
		echo "$cdb $data"
	done
}

# all_opcodes: a CDB of zeros for each but those that are answered by the core: RESERVE
# and RELEASE, persistent reservations, REPORT LUNS and copies; and INQUIRY, in which
# the core changes something
all_opcodes() {
	local op

	for ((op = 0; op < 256; op++)); do
		case $(printf %02x "$op") in
		12 | 16 | 17 | 18 | 39 | 3a | 56 | 57 | 5e | 5f | 83 | 84 | a0 | 7f) ;;
		*) printf '%02x\n' "$op" ;;
		esac
	done
}

# medium_opcodes: those of a unit with blocks: not if they want data and have none
medium_opcodes() {
	all_opcodes | grep -vx '0a\|41\|93'
}

# Commands that any device may have, and what goes wrong with them
common_commands() {
	cat <<-END
		1a003f00ff00 in 255
		1a003fffff00 in 255
		1a0802008000 in 128
		1a000a000400 in 4
		1a003e00ff00 in 255
		1a00c800ff00 in 255
		5a003f0000000003e8 in 1000
		5a103f0000000003e8 in 1000
		151000000400 out 00000000
		151000000c00 out 000000080000000000000200
		55000000000000000800 out 0000000000000000
		151000001000 out 00000000ff0a00000000000000000000
		4d004000000000010000 in 256
		4d004d00000000010000 in 256
		4d007f00000000010000 in 256
		030000001200 in 252
		030100000800 in 8
		25000000000000000000 in 8
		9e100000000000000000000000200000 in 32
		9e120000000000000000000000200000 in 512
		9e1f0000000000000000000000200000 in 512
				120184020000 in 512
		120187020000 in 512
		12028000ff00 in 255
		1201ff00ff00 in 255
		1b0000000100
		1e0000000100
		1e0000000000
		1d0400000000
		1c010000ff00 in 255
		3c020000000000020000 in 512
		3b020000000000100000 out 4096
		a30c00000000000020000000 in 8192
		a30c01280000000002000000 in 512
		a30500000000000002000000 in 512
		a30f00000000000002000000 in 512
		a40f00000000000000080000 out 0000000000000000
		c00000000000 in 512
		c10000000000 out 512
		d00000000000000000000000 in 512
		e0000000000000000000000000000000 out 4096
		ff00000000000000000000000000000000000000000000000000000000000000 in 512
	END
}

# Of blocks, which scsi_debug has whatever it is
block_commands() {
	cat <<-END
		2a000000000800001000 out 8192
		28000000000800001000 in 8192
		28000000000800001000 in 65536
		2e000000000800000100 out 512
		aa0000000010000000040000 out 2048
		a80000000010000000040000 in 2048
		8a000000000000000020000000080000 out 4096
		88000000000000000020000000080000 in 4096
		2800ffffffff00000100 in 512
		2a00ffffffff00000100 out 512
		8800ffffffffffffffff000000010000 in 512
		35000000000000000000
		34000000000000000100
		2f000000000000000100
		7f00000000000018000900000000000000000010000000100000000000000004 in 2048
	END
}

# same_all LIST...: each of these functions
same_all() {
	local list

	for list; do
		"$list"
	done | padded | same
}

# served PTYPE HANDLER [PARAMETER=VALUE...]: of that type, and by no handler but those of
# the type
served() {
	local type=$1 handler=$2 other

	debug_device ptype="$type" dev_size_mb=64 "${@:3}"
	expect type "$type" "$(<"$unit/type")"
	for other in dev_disk dev_tape dev_processor dev_cdrom dev_modisk dev_changer dev_raid; do
		[ "$other" = "$handler" ] || [ "$other" = "${handler%_perf}" ] ||
			expect_errno EINVAL "$dev_bus/drivers/$other/add_device" "$hctl"
	done
	serve "$handler"
	expect handler "$handler" "$(<"$unit/handler")"
	expect_match INQUIRY "PDT=$type\b" "$(sg_inq "$sg")"
	expect "type for the initiator" "$type" "$(<"$(scsi_device_of tgt0 0)/type")"
}

# node DIR CLASS: the device file of a scsi_device of the host or of the initiator
node() {
	within 20 compgen -G "$1/$2/*" >/dev/null || fail "$1 has no $2"
	basename "$(compgen -G "$1/$2/*" | head -n 1)"
}

# --- Tapes

# st_of DIR: that does not rewind
st_of() {
	within 20 test -e "$1/scsi_tape" || fail "$1 is no tape"
	node "$1" "scsi_tape/nst*" >/dev/null 2>&1 || :
	for node in "$1"/scsi_tape/nst*[0-9]; do
		echo "/dev/${node##*/}"
		return
	done
}

tape_commands() {
	cat <<-END
		010000000000
		050000000000 in 6
		080100000100 in 512
		080100000400 in 2048
		080100000400 in 65536
		080000020000 in 512
		080200020000 in 65536
		0a0100000100 out 512
		0a0100000400 out 2048
		080100000400 in 2048
		100000000100
		80000000000000000000000001
		110000000100
		110100000100
		110300000000
		91010000000000000000000000000000
		2b000000000000000000
		92000000000000000000000000000000
		13
		190000000000
		1b0000000100
		1b0000000000
		000000000000
		080100000100 in 512
		1b0000000100
		34 in 20
		44000000000000010000 in 256
		8c000000000000000000000000ff0000 in 255
		151000000c00 out 000000080000000000000400
		1a0000000c00 in 12
		151000000c00 out 000000080000000000000000
		151000000c00 out 000000080000000000000003
	END
}

tape() {
	local flags

	served 1 dev_tape
	same_all tape_commands all_opcodes common_commands block_commands
	# FILEMARK, EOM and ILI, beside a sense key
	for flags in 80:0:1 40:0:2 20:0:0 a0:0:1 43:0:2 48:0:5 e8:11:22; do
		for op in 11:110000000100 08:080100000000 91:91000000000000000000000000000000 \
			10:100000000100; do
			inject 2 1 "${op%:*}" 0 0 2 "${flags%%:*}" "$(cut -d: -f2 <<<$flags)" \
				"${flags##*:}"
			same <<<"${op#*:}"
			ends_like "status=02 host=00 resid=0 sense=7000${flags%%:*}" "$sg" \
				"${op#*:}"
			inject_none 2 "${op%:*}"
		done
	done
	unserve
}

# Nobody knows where the tape is when a command has failed on its way: it is not sent
# again, and the initiator does not do so either
a_tape_moves_once() {
	local op cdb byte

	served 1 dev_tape
	# DID_ERROR, DID_RESET, DID_SOFT_ERROR, DID_TRANSPORT_DISRUPTED
	for byte in 7 8 b e; do
		for op in 0a:0a0100000100 10:100000000100 11:110000000100; do
			cdb=${op#*:}
			inject 2 -1 "${op%:*}" $byte 0 0 0 0 0
			if [ "${op%:*}" = 0a ]; then
				ends_like 'status=02 host=00 resid=512 sense=70..0b' "$sg" \
					"$cdb" out 512
			else
				ends_like 'status=02 host=00 resid=0 sense=70..0b' "$sg" "$cdb"
			fi
		done
	done
	unserve
}

tape_without_data() {
	served 1 dev_tape_perf
	# The store of scsi_debug begins with zeros
	ends_like 'status=00 ' "$dsg" 0a0100000100 out 512
	ends_like 'status=00 host=00 resid=0 ' "$sg" 0a0101000100 out 512
	ends_like 'status=00 host=00 resid=0 ' "$sg" 8a000000000000000000000000010000 out 512
	ends_like "data=512:$(zeros_sum)\$" "$dsg" 080101000100 in 512
	ends_like "data=512:$(zeros_sum)\$" "$sg" 080100000100 in 512
	same <<-END
		010000000000
		050000000000 in 6
		110000000100
		1a0000000c00 in 12
		151000000c00 out 000000080000000000000400
		1a0000000c00 in 12
	END
	unserve
}

# zeros_sum: what pass_cmd makes of a block that was never written
zeros_sum() {
	local end

	end=$(command_end "$dsg" 080110000100 in 512)
	echo "${end##*:}"
}

# on_both CMD...: {} is a tape; it prints and ends the same on both
on_both() {
	local out=() tape n=0 status

	for tape in "$dst" "$st"; do
		status=0
		out[n]=$("${@//\{\}/$tape}" 2>&1) || status=$?
		out[n]="status $status: ${out[n]//$tape/tape}"
		n=$((n + 1))
	done
	expect "$*" "${out[0]}" "${out[1]}"
	end=${out[1]%%:*}
}

good_on_both() {
	local end

	on_both "$@"
	expect "end of $*" "status 0" "$end"
}

# As far as scsi_debug is a tape: it has no filemarks, and one record that is always the
# same one
tapes_with_tools() {
	modinfo -n st >/dev/null 2>&1 || skip "the kernel has no st"
	command -v mt-st >/dev/null || skip "no mt-st"
	modprobe st
	served 1 dev_tape
	dst=$(st_of "$(debug_dir)")
	st=$(st_of "$(scsi_device_of tgt0 0)")
	good_on_both mt-st -f {} status
	good_on_both mt-st -f {} rewind
	good_on_both mt-st -f {} setblk 512
	on_both mt-st -f {} tell
	on_both mt-st -f {} fsf 1
	on_both mt-st -f {} weof 1
	mkdir -p "$tmp/dir"
	head -c 3000 /dev/urandom >"$tmp/dir/file"
	on_both tar -C "$tmp" -b 20 -cf {} dir
	# What the host has written, and what the initiator has
	good_on_both tar -b 20 -tvf {}
	tar -C "$tmp" -b 20 -cf "$st" dir 2>/dev/null || :
	rm -rf "$tmp/back"
	mkdir "$tmp/back"
	tar -C "$tmp/back" -b 20 -xf "$dst" 2>/dev/null || :
	cmp "$tmp/dir/file" "$tmp/back/dir/file"
	rm -rf "$tmp/back"
	mkdir "$tmp/back"
	tar -C "$tmp/back" -b 20 -xf "$st" 2>/dev/null || :
	cmp "$tmp/dir/file" "$tmp/back/dir/file"
	on_both dd if={} of=/dev/null bs=10240 count=2 status=none
	on_both dd if={} of=/dev/null bs=1000 count=1 status=none
	good_on_both mt-st -f {} setblk 0
	good_on_both dd if={} of=/dev/null bs=512 count=1 status=none
	# st stays: with DEBUG_KOBJECT_RELEASE its class, which is in its own memory, would be
	# looked at when it is gone.
	unserve
}

# --- Discs

cdrom_commands() {
	cat <<-END
		43000000000000001400 in 20
		46020000000000001400 in 20
		4a010000100000000800 in 8
		51000000000000002200 in 34
		52010000000100001c00 in 28
		be0000000000000000011000 in 2048
		bd0000000000000000080000 in 8
		ad0000000000000000080000 in 8
		5c000000000000000c00 in 12
		a10000000000000000000000
		5b000000000000000000
		53000000000000000000
		a80000000010000000010000 in 2048
		28000000001000000800 in 16384
		2a000000001000000100 out 2048
		28000000001000000100 in 2048
		1b0000000200
		1b0000000300
	END
}

cdrom() {
	local sr dsr

	served 5 dev_cdrom sector_size=2048 removable=1
	head -c 1M /dev/urandom >"$tmp/disc"
	quiet sg_dd if="$tmp/disc" of="$dsg" bs=2048 count=512 seek=0
	dsr=/dev/$(node "$(debug_dir)" block)
	sr=/dev/$(node "$(scsi_device_of tgt0 0)" block)
	expect "name" sr "${sr:5:2}"
	expect size "$(blockdev --getsize64 "$dsr")" "$(blockdev --getsize64 "$sr")"
	expect "block size" 2048 "$(blockdev --getss "$sr")"
	cmp -n 1048576 "$tmp/disc" "$sr"
	expect_failure dd if=/dev/zero of="$sr" bs=2048 count=1 status=none 2>/dev/null
	same_all cdrom_commands all_opcodes common_commands
	unserve
}

# locked: what the device would do with the medium, by what it was told last
prevented_by_two() {
	local n sgb

	debug_device ptype=5 removable=1 sector_size=2048
	serve dev_cdrom host0 host1
	sgb=$(sg_of tgt0 0 host1)
	quiet sg_turs -n 4 "$sg" || :
	quiet sg_turs -n 4 "$sgb" || :
	n=$(allows)
	ends_like 'status=00 ' "$sg" 1e0000000100
	ends_like 'status=00 ' "$sgb" 1e0000000100
	ends_like 'status=00 ' "$sg" 1e0000000000
	expect "commands to the device" $((n + 2)) "$(allows)"
	ends_like 'status=00 ' "$sgb" 1e0000000000
	expect "commands to the device" $((n + 3)) "$(allows)"
	# One that goes does not prevent it any more
	ends_like 'status=00 ' "$sgb" 1e0000000100
	del_session tgt0 host1
	within 10 allowed $((n + 5)) || fail "the device was not told: $(allows)"
	ends_like 'status=00 ' "$sg" 1e0000000000
	expect "commands to the device" $((n + 6)) "$(allows)"
	unserve
}

allowed() {
	[ "$(allows)" = "$1" ]
}

# allows: how many PREVENT ALLOW MEDIUM REMOVAL the device got
allows() {
	[ "$(<"$adapters/opts")" = 0x1 ] || echo 1 >"$adapters/opts"
	log_since "$log" | grep -c 'scsi_debug: tag=.*, cmd 1e ' || :
}

optical_memory() {
	local ddisk

	served 7 dev_modisk
	disk=$(disk_of tgt0 0)
	ddisk=/dev/$(node "$(debug_dir)" block)
	expect size "$(blockdev --getsize64 "$ddisk")" "$(blockdev --getsize64 "$disk")"
	fs_roundtrip "$disk"
	blockdev --flushbufs "$disk" "$ddisk"
	cmp "$disk" "$ddisk"
	fio_verify "$disk" 1M
	same_all medium_opcodes common_commands block_commands
	unserve
}

optical_memory_without_data() {
	served 7 dev_modisk_perf
	ends_like 'status=00 ' "$dsg" 2a000000001000000100 out 512
	ends_like 'status=00 host=00 resid=0' "$sg" 2a000000002000000100 out 512
	ends_like "data=512:$(zeros_sum)\$" "$dsg" 28000000002000000100 in 512
	ends_like "data=512:$(zeros_sum)\$" "$sg" 28000000001000000100 in 512
	unserve
}

# --- What has no medium

changer_commands() {
	cat <<-END
		070000000000
		37000000000000000000
		a50000000000000000000000
		a60000000000000000000000
		2b000000000000000000
		b80000000000000001000000 in 256
		b50000000000000001000000 in 256
		1a001d00ff00 in 255
	END
}

# changer_elements DIR: what ch has found out about it, which scsi_debug does not have
changer_elements() {
	local node

	node=/dev/$(node "$1" scsi_changer)
	python3 - "$node" <<-END
		import fcntl, os, struct, sys
		CHIOGPARAMS = 2 << 30 | 20 << 16 | ord('c') << 8 | 6
		fd = os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)
		print(struct.unpack('5i', fcntl.ioctl(fd, CHIOGPARAMS, bytes(20))))
	END
}

# ch keeps what it is attached to.  It stays itself, as st does.
detach_ch() {
	local dev

	for dev in /sys/bus/scsi/drivers/ch/*:*; do
		[ ! -e "$dev" ] || put /sys/bus/scsi/drivers/ch/unbind "${dev##*/}"
	done
}

changer() {
	served 8 dev_changer
	same_all changer_commands all_opcodes common_commands
	if modinfo -n ch >/dev/null 2>&1; then
		modprobe ch
		expect "CHIOGPARAMS" "$(changer_elements "$(debug_dir)")" \
			"$(changer_elements "$(scsi_device_of tgt0 0)")"
		detach_ch
	fi
	unserve
}

processor_commands() {
	cat <<-END
		0a0000000200 out 1024
		080000000200 in 1024
		0a0000000000
	END
}

processor() {
	served 3 dev_processor
	same_all processor_commands all_opcodes common_commands block_commands
	unserve
}

raid() {
	served 12 dev_raid
	same_all all_opcodes common_commands block_commands
	unserve
}

after_failure() {
	detach_ch
	pass_after_failure
}

pass_load scst_disk scst_tape scst_processor scst_cdrom scst_modisk scst_changer scst_raid \
	scst_local
log=$(log_mark)
dmesg --console-level warn
mkdir "$tmp/mnt"
main tape a_tape_moves_once tape_without_data tapes_with_tools cdrom prevented_by_two \
	optical_memory optical_memory_without_data changer processor raid take_apart
