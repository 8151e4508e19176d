#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vcdrom: an ISO image as the medium of a CD-ROM drive, seen by sr and iso9660, by
# tools for CDs and, command by command, by sg_raw.
# vm: MEM=512 SMP=1 TIMEOUT=600
# shellcheck disable=SC2317  # main calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cdrom_lib.sh"

mnt=$tmp/mnt

# --- Objects

# A second initiator looks by sg alone; what the first one is told is not its own.
setup() {
	[ ! -d "$unit" ] || return 0
	add_device vcdrom cd01 "${1-filename=$iso_a}"
	add_target tgt0 session_name=host0
	add_session tgt0 host1
	add_lun tgt0 0 cd01
	udevadm settle
}

devices() {
	setup
	sr=$(sr_of host0)
	sg=$(sg_of tgt0 0 host1)
}

# event WANT: code and state of a media event
event() {
	answers "media event" "00 06 04 54 $1 00 00" 8 4a 01 00 00 10 00 00 00 08 00
}

# As root of the host does, whose sr is not told to look by itself
start_stop() {
	good 1b 00 00 00 "$1" 00
}

# --- A medium

mount_and_compare() {
	devices
	mkdir -p "$mnt"
	mount -t iso9660 -o ro "$sr" "$mnt"
	(cd "$mnt" && sha256sum --quiet -c "$tmp/sums")
	umount "$mnt"
	expect "block size" 2048 "$(blockdev --getss "$sr")"
	expect size "$(stat -c %s "$iso_a")" "$(blockdev --getsize64 "$sr")"
	quiet cmp "$sr" "$iso_a"
	expect_match "removable" 1 "$(<"/sys/block/${sr##*/}/removable")"
}

attributes() {
	devices
	expect filename "$iso_a" "$(<"$unit/filename")"
	expect blocksize 2048 "$(<"$unit/blocksize")"
	expect size "$(stat -c %s "$iso_a")" "$(<"$unit/size")"
	expect read_only 1 "$(<"$unit/read_only")"
	expect removable 1 "$(<"$unit/removable")"
	expect type 5 "$(<"$unit/type")"
	expect key_attributes filename "$(<"$unit/key_attributes")"
	expect_errno EINVAL "$dev_bus/drivers/vcdrom/add_device" "cd02 blocksize=512"
	expect_errno EINVAL "$dev_bus/drivers/vcdrom/add_device" "cd02 filename=a.iso"
	expect_errno ENOENT "$dev_bus/drivers/vcdrom/add_device" "cd02 filename=$tmp/none"
}

# What tools make of it that know nothing of us
foreign_tools() {
	local out nblocks

	devices
	nblocks=$(($(stat -c %s "$iso_a") / 2048))
	expect_match blkid 'LABEL="DISC_A".*TYPE="iso9660"' "$(blkid -p "$sr")"
	expect_match isoinfo 'Volume id: DISC_A' "$(isoinfo -d -i "$sr")"
	out=$(wodim "dev=$sr" -toc 2>&1) || fail "wodim: $out"
	expect_match "wodim -toc" 'first: 1 last 1' "$out"
	expect_match "wodim -toc" 'track: +1 lba: +0 .* 00:02:00 adr: 1 control: 4' "$out"
	expect_match "wodim -toc" "lout lba: +$nblocks " "$out"
	out=$(cd-info --no-cddb --no-device-info "$sr" 2>&1) || fail "cd-info: $out"
	expect_match cd-info 'CD-ROM|ISO 9660' "$out"
	expect_match cd-info '1: 00:02:00 +0+ data' "$out"
	out=$(sg_get_config "$sg" 2>&1) || fail "sg_get_config: $out"
	expect_match sg_get_config 'Current profile: CD-ROM' "$(tr '\n' ' ' <<<"$out")"
	expect_match sg_get_config 'Removable medium|Random readable' "$out"
	[[ $out != *[Uu]nknown* ]] || fail "sg_get_config: $out"
	out=$(sg_inq "$sg")
	expect_match sg_inq 'PDT=5' "$out"
	expect_match sg_inq 'RMB=1' "$out"
	out=$(sg_readcap "$sg")
	expect_match sg_readcap "Last LBA=$((nblocks - 1)) .*Logical block length=2048" \
		"$(tr '\n' ' ' <<<"$out")"
	out=$(sg_modes -6 --page=0x2a "$sg" 2>&1) || fail "sg_modes: $out"
	expect_match sg_modes '2a' "$out"
}

read_toc() {
	local n

	devices
	forget
	n=$(printf '%08x' $(($(stat -c %s "$iso_a") / 2048)) | sed 's/../& /g')
	answers "tracks" "00 12 01 01 00 14 01 00 00 00 00 00 00 14 aa 00 ${n% }" \
		20 43 00 00 00 00 00 00 00 14 00
	answers "cut off" "00 12 01 01" 4 43 00 00 00 00 00 00 00 04 00
	answers "lead-out" "00 0a 01 01 00 14 aa 00 ${n% }" 12 43 00 00 00 00 00 aa 00 0c 00
	answers "sessions" "00 0a 01 01 00 14 01 00 00 00 00 00" 12 43 00 01 00 00 00 00 00 0c 00
	answers "sessions, the old way" "00 0a 01 01 00 14 01 00 00 00 00 00" \
		12 43 00 00 00 00 00 00 00 0c 40
	answers "first track of the raw TOC" \
		"00 2e 01 01 01 14 00 a0 00 00 00 00 01 00 00" 15 43 02 02 00 00 00 00 00 0f 00
	refused "$invalid_field" 43 00 00 00 00 00 02 00 14 00
	refused "$invalid_field" 43 00 04 00 00 00 00 00 14 00
	refused "$invalid_field" 43 00 05 00 00 00 00 00 14 00
}

read_cd() {
	devices
	dd if="$iso_a" of="$tmp/want" bs=2048 skip=16 count=1 status=none
	raw 2048 be 08 00 00 00 10 00 00 01 10 00 00 >/dev/null
	cmp "$tmp/raw" "$tmp/want"
	raw 2048 be 00 00 00 00 10 00 00 01 10 00 00 >/dev/null
	cmp "$tmp/raw" "$tmp/want"
	# Block 16 is 00:02:16
	raw 2048 b9 00 00 00 02 10 00 02 11 10 00 00 >/dev/null
	cmp "$tmp/raw" "$tmp/want"
	raw 2048 a8 00 00 00 00 10 00 00 00 01 00 00 >/dev/null
	cmp "$tmp/raw" "$tmp/want"
	good be 00 00 00 00 10 00 00 01 00 00 00
	refused 'Illegal Request.*Illegal mode for this track' \
		be 04 00 00 00 10 00 00 01 10 00 00
	refused "$invalid_field" be 00 00 00 00 10 00 00 01 f8 00 00
	refused "$invalid_field" be 00 00 00 00 10 00 00 01 10 01 00
	refused "$invalid_field" b9 00 00 00 02 10 00 02 00 10 00 00
	refused 'Logical block address out of range' be 00 7f ff ff ff 00 00 01 10 00 00
	good 2b 00 00 00 00 10 00 00 00 00
	refused 'Logical block address out of range' 2b 00 7f ff ff ff 00 00 00 00
}

other_commands() {
	local n

	devices
	forget
	n=$(printf '%08x' $(($(stat -c %s "$iso_a") / 2048)) | sed 's/../& /g')
	answers "disc information" \
		"00 20 0e 01 01 01 01 20 00 00 00 00 00 00 00 00 ff ff ff ff ff ff ff ff$(
			printf ' 00%.0s' {1..10})" 34 51 00 00 00 00 00 00 00 22 00
	refused "$invalid_field" 51 01 00 00 00 00 00 00 22 00
	answers "track information" \
		"00 22 01 01 00 04 01 00$(printf ' 00%.0s' {1..16}) ${n% }" \
		28 52 01 00 00 00 01 00 00 1c 00
	refused "$invalid_field" 52 01 00 00 00 02 00 00 1c 00
	refused 'out of range' 52 00 ff ff ff fe 00 00 1c 00
	answers "mechanism status" "00 00 00 00 00 00 00 00" 8 bd 00 00 00 00 00 00 00 00 08 00 00
	answers "profiles" "00 00 00 10 00 00 00 08 00 00 03 08 00 10 00 00 00 08 01 00" \
		20 46 02 00 00 00 00 00 00 14 00
	refused "$invalid_field" 46 03 00 00 00 00 00 00 14 00
	refused "$invalid_field" 4a 00 00 00 10 00 00 00 08 00
	answers "no event class" "00 02 80 54" 8 4a 01 00 00 02 00 00 00 08 00
	event "00 02"
	# It is no DVD
	refused "$incompatible" ad 00 00 00 00 00 00 00 08 04 00 00
	good bb 00 ff ff ff ff 00 00 00 00 00 00
	# No writing, no audio
	refused "$bad_opcode" 2a 00 00 00 00 00 00 00 01 00
	refused "$bad_opcode" 45 00 00 00 00 00 00 00 01 00
	refused "$bad_opcode" 47 00 00 00 02 00 00 03 00 00
	expect_failure dd if=/dev/zero of="$sr" bs=2048 count=1 status=none
}

# Each bit that a CDB may not have, by what the unit says of its commands
usage_maps() {
	local out

	devices
	forget
	out=$("$lib_dir/cdb_bits.py" "$sg" 2>&1) || fail "cdb_bits.py: $out"
	msg "$out"
}

# --- Changes

empty_drive() {
	devices
	forget
	change_to ""
	expect filename "" "$(<"$unit/filename")"
	expect size 0 "$(<"$unit/size")"
	expect key_attributes "" "$(<"$unit/key_attributes")"
	# shellcheck disable=SC2086  # words
	refused "$not_present" $tur
	event "03 00"
	event "00 00"
	refused "$not_present" 28 00 00 00 00 00 00 00 01 00
	refused "$not_present" 25 00 00 00 00 00 00 00 00 00
	refused "$not_present" 43 00 00 00 00 00 00 00 14 00
	refused "$not_present" 51 00 00 00 00 00 00 00 22 00
	answers "profile" "00 00 00 10 00 00 00 00" 8 46 02 00 00 00 00 00 00 08 00
	expect_failure mount -t iso9660 -o ro "$sr" "$mnt" 2>&1
	change_to "$iso_b"
	# shellcheck disable=SC2086
	refused "$changed" $tur
	# shellcheck disable=SC2086
	good $tur
	event "02 02"
	event "00 02"
	quiet cmp "$sr" "$iso_b"
	expect_match blkid 'LABEL="DISC_B"' "$(blkid -p "$sr")"
}

another_medium() {
	devices
	change_to "$iso_a"
	forget
	change_to "$iso_b"
	# shellcheck disable=SC2086
	refused "$changed" $tur
	event "03 02"
	event "02 02"
	event "00 02"
	expect_match blkid 'LABEL="DISC_B"' "$(blkid -p "$sr")"
	mount -t iso9660 -o ro "$sr" "$mnt"
	expect "file of disc B" b "$(<"$mnt/letter")"
	umount "$mnt"
	change_to "$iso_a"
	mount -t iso9660 -o ro "$sr" "$mnt"
	(cd "$mnt" && sha256sum --quiet -c "$tmp/sums")
	umount "$mnt"
}

# in_flight NUMBER: of the second initiator
in_flight() {
	[ "$(<"$(session_of tgt0 host1)/active_commands")" = "$1" ]
}

# What waits when the medium is changed was not meant for the new one.  That is told by
# these commands, and not once more
changes_while_commands_wait() {
	local pids=() n

	devices
	# The next one has no such block as the last of these
	truncate -s 64M "$tmp/large.img"
	change_to "$tmp/large.img"
	forget
	put "$unit/blocked" 1
	for n in 1 2 3; do
		sg_raw -r 2048 "$sg" 28 00 00 00 "${n/3/70}" 00 00 00 01 00 >"$tmp/waits$n" 2>&1 &
		pids+=($!)
	done
	within 10 in_flight 3 || fail "they do not wait"
	change_to "$iso_b"
	put "$unit/blocked" 0
	wait "${pids[@]}" || :
	for n in 1 2 3; do
		expect_match "READ $n" "$changed" "$(tr '\n' ' ' <"$tmp/waits$n")"
	done
	# shellcheck disable=SC2086
	good $tur
	change_to "$iso_a"
}

# A command that waits while the old medium is taken out finds none; those after it
# hear of the new one
empty_in_between() {
	local disc loop n read turs change

	devices
	modprobe dm-mod
	loop=$(losetup -f --show "$iso_a")
	n=$(blockdev --getsz "$loop")
	dm create scst-disc --table "0 $n linear $loop 0"
	disc=$(dm_disk scst-disc)
	change_to "$disc"
	forget
	blockdev --flushbufs "$disc"
	# It executes until the device goes on
	dm suspend scst-disc
	sg_raw -r 2048 "$sg" 28 00 00 00 00 20 00 00 01 00 >"$tmp/read" 2>&1 &
	read=$!
	within 10 in_flight 1 || fail "the READ does not wait: $(<"$tmp/read")"
	change_to "$iso_b" &
	change=$!
	until
		# shellcheck disable=SC2086  # words
		sg_raw "$sg" $tur >"$tmp/tur" 2>&1 &
		turs=$!
		sleep 0.5
		in_flight 2
	do
		wait "$turs" || fail "TEST UNIT READY: $(<"$tmp/tur")"
	done
	dm resume scst-disc
	wait "$read" || fail "READ: $(<"$tmp/read")"
	wait "$change"
	wait "$turs" && fail "TEST UNIT READY finds a medium"
	expect_match "TEST UNIT READY" "$not_present" "$(tr '\n' ' ' <"$tmp/tur")"
	# shellcheck disable=SC2086
	refused "$changed" $tur
	# shellcheck disable=SC2086
	good $tur
	event "03 02"
	event "02 02"
	event "00 02"
	change_to "$iso_a"
	dm remove scst-disc
	losetup -d "$loop"
}

# notices FILE: sr polls, and udev hears of it
notices() {
	# Until sr is opened Linux tells of no other change.  Each time it fetches one
	# event, of which there are two for a change.
	for _ in 1 2 3; do
		quiet blockdev --getsize64 "$sr"
	done
	uevents_start
	echo 200 >"/sys/block/${sr##*/}/events_poll_msecs"
	change_to "$1"
	wait_uevent 20 "DEVNAME=${sr##*/}" DISK_MEDIA_CHANGE=1
	echo 0 >"/sys/block/${sr##*/}/events_poll_msecs"
	uevents_stop
}

the_kernel_notices() {
	devices
	notices "$iso_b"
	notices "$iso_a"
}

not_while_prevented() {
	devices
	forget
	# A mounted medium is locked
	mount -t iso9660 -o ro "$sr" "$mnt"
	expect_errno EBUSY "$unit/filename" "$iso_b"
	expect filename "$iso_a" "$(<"$unit/filename")"
	event "01 02"
	refused "$prevented" 1b 00 00 00 02 00
	(cd "$mnt" && sha256sum --quiet -c "$tmp/sums")
	umount "$mnt"
	change_to "$iso_b"
	change_to "$iso_a"
	forget
	# By command, and the other initiator too
	good 1e 00 00 00 01 00
	refused "$prevented" 1b 00 00 00 02 00
	expect_errno EBUSY "$unit/filename" $'\n'
	good 1e 00 00 00 00 00
	change_to ""
	change_to "$iso_a"
}

has_medium() {
	[ "$(blockdev --getsize64 "$sr")" -gt 0 ]
}

eject_and_load() {
	devices
	forget
	start_stop 02
	# shellcheck disable=SC2086
	refused "$not_present" $tur
	event "03 01"
	answers "mechanism status" "00 10 00 00 00 00 00 00" 8 bd 00 00 00 00 00 00 00 00 08 00 00
	expect filename "$iso_a" "$(<"$unit/filename")"
	start_stop 03
	# shellcheck disable=SC2086
	refused "$changed" $tur
	event "02 02"
	eject "$sr"
	event "03 01"
	eject -t "$sr"
	within 10 has_medium || fail "$sr is empty"
	quiet cmp "$sr" "$iso_a"
	# The user closes the tray, with another medium in it
	forget
	start_stop 02
	change_to "$iso_b"
	# shellcheck disable=SC2086
	refused "$changed" $tur
	quiet cmp "$sr" "$iso_b"
	change_to "$iso_a"
	# There is no stopping it, and no power condition but one
	forget
	start_stop 00
	start_stop 01
	start_stop 30
	# shellcheck disable=SC2086
	good $tur
	refused "$invalid_field" 1b 00 00 00 70 00
	refused "$invalid_field" 1b 00 00 00 06 00
}

what_cannot_be_a_medium() {
	local file

	devices
	forget
	head -c 2047 /dev/zero >"$tmp/odd"
	: >"$tmp/nothing"
	expect_errno EINVAL "$unit/filename" "$tmp/odd"
	expect_errno EINVAL "$unit/filename" "$tmp/nothing"
	expect_errno EISDIR "$unit/filename" "$tmp"
	expect_errno ENOENT "$unit/filename" "$tmp/none"
	expect_errno EINVAL "$unit/filename" relative.iso
	expect_errno ENAMETOOLONG "$unit/filename" "/$(printf '%04094d' 0)"
	# The old one serves as if nothing had been
	expect filename "$iso_a" "$(<"$unit/filename")"
	# shellcheck disable=SC2086
	good $tur
	event "00 02"
	quiet cmp "$sr" "$iso_a"
	change_to ""
	forget
	expect_errno EINVAL "$unit/filename" "$tmp/odd"
	# shellcheck disable=SC2086
	refused "$not_present" $tur
	change_to "$iso_a"
}

# Every READ is of one medium, and says so when it is not the one it was meant for
changes_under_reads() {
	local reader pids=() most n

	devices
	head -c $((64 * 2048)) /dev/zero | tr '\0' a >"$tmp/all_a"
	head -c $((64 * 2048)) /dev/zero | tr '\0' b >"$tmp/all_b"
	change_to "$tmp/all_a"
	forget
	for reader in 1 2; do
		while sleep 0.01; do
			sg_raw -b -r 131072 "$sg" 28 00 00 00 00 00 00 00 40 00 \
				2>/dev/null >"$tmp/read$reader" || continue
			tr -d a <"$tmp/read$reader" | head -c 1 >"$tmp/others$reader"
			[ ! -s "$tmp/others$reader" ] || [ -z "$(tr -d b <"$tmp/read$reader")" ] ||
				: >"$tmp/torn"
			: >"$tmp/has_read"
		done &
		pids+=($!)
	done
	# The first command after a change is refused: the pauses let others come through
	most=$(rounds 15 2000)
	for ((n = 0; n < most + 1000; n++)); do
		[ "$n" -lt "$most" ] || [ ! -e "$tmp/has_read" ] || break
		change_to "$tmp/all_b"
		change_to "$tmp/all_a"
		sleep "0.0$((n % 10))"
	done
	kill "${pids[@]}"
	wait || :
	[ -e "$tmp/has_read" ] || fail "nothing could be read"
	[ ! -e "$tmp/torn" ] || fail "blocks of two media in one command"
	change_to "$iso_a"
}

# What is too large for a CD is a DVD
dvd() {
	devices
	truncate -s 4G "$tmp/dvd.img"
	change_to "$tmp/dvd.img"
	forget
	answers "profile" "00 00 00 10 00 00 00 10" 8 46 02 00 00 00 00 00 00 08 00
	# 2097152 blocks from 30000h on
	answers "physical format" "08 02 00 00 01 0f 01 00 00 03 00 00 00 22 ff ff 00" \
		17 ad 00 00 00 00 00 00 00 00 11 00 00
	raw 2052 ad 00 00 00 00 00 00 00 08 04 00 00 >/dev/null
	expect length 2052 "$(stat -c %s "$tmp/raw")"
	answers "copyright" "00 06 00 00 00 00 00 00" 8 ad 00 00 00 00 00 00 01 00 08 00 00
	answers "list" "00 0a 00 00 00 40 08 04 01 40 00 08" 12 ad 00 00 00 00 00 00 ff 00 0c 00 00
	refused "$invalid_field" ad 00 00 00 00 00 00 04 00 08 00 00
	refused "$incompatible" be 00 00 00 00 10 00 00 01 10 00 00
	answers "lead-out beyond all MSF" "00 0a 01 01 00 14 aa 00 00 ff 3b 4a" \
		12 43 02 00 00 00 00 aa 00 0c 00
	expect size 4294967296 "$(blockdev --getsize64 "$sr")"
	change_to "$iso_a"
}

unbind_and_bind() {
	devices
	put "$dev_bus/drivers/vcdrom/unbind" cd01
	# shellcheck disable=SC2086
	refused 'Not Ready' $tur
	put "$dev_bus/drivers/vcdrom/bind" cd01
	forget
	quiet cmp "$sr" "$iso_a"
	change_to ""
	put "$dev_bus/drivers/vcdrom/unbind" cd01
	put "$dev_bus/drivers/vcdrom/bind" cd01
	forget
	# shellcheck disable=SC2086
	refused "$not_present" $tur
	change_to "$iso_a"
}

starts_empty() {
	cleanup_devices
	cleanup_targets
	setup " "
	devices
	expect filename "" "$(<"$unit/filename")"
	forget
	# shellcheck disable=SC2086
	refused "$not_present" $tur
	start_stop 03
	# shellcheck disable=SC2086
	refused "$not_present" $tur
	change_to "$iso_a"
	quiet cmp "$sr" "$iso_a"
}

kernel_log() {
	log_clean "$log" any '(scsi_tgt_dev|vcdrom) cd0[12]: ' any 'sr [0-9:]+: ' \
		any 'I/O error, dev sr' any 'Buffer I/O error on dev sr' \
		any "iso9660: |ISOFS|isofs_fill_super" any 'rock' \
		any "/dev/sr[0-9]+: Can't open blockdev"
}

after_failure() {
	! mountpoint -q "$mnt" || umount "$mnt"
	cleanup_devices
	cleanup_targets
}

scst_load
modprobe -q iso9660 || :
log=$(log_mark)
# sr is told to look when a test wants it to
echo 0 >/sys/module/block/parameters/events_dfl_poll_msecs
mkdir "$mnt"
make_tree "$tmp/tree"
checksums "$tmp/tree" "$tmp/sums"
mkdir "$tmp/tree_b"
echo b >"$tmp/tree_b/letter"
genisoimage -quiet -R -J -V DISC_A -o "$iso_a" "$tmp/tree" || exit 1
genisoimage -quiet -R -J -V DISC_B -o "$iso_b" "$tmp/tree_b" || exit 1
main mount_and_compare attributes foreign_tools read_toc read_cd other_commands usage_maps \
	empty_drive another_medium changes_while_commands_wait empty_in_between the_kernel_notices \
	not_while_prevented eject_and_load what_cannot_be_a_medium changes_under_reads dvd \
	unbind_and_bind starts_empty take_apart kernel_log
