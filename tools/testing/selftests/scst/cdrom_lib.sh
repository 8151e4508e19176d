# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the tests of vcdrom: commands of its unit cd01, by the sg device $sg.  Source it
# after lib.sh.
# shellcheck disable=SC2034,SC2154,SC2317  # the tests use these, and lib.sh has others

iso_a=$tmp/a.iso
iso_b=$tmp/b.iso
unit=$scst_devices/cd01

tur='00 00 00 00 00 00'
not_present='Not Ready.*Medium not present'
changed='Unit Attention.*Not ready to ready change'
invalid_field='Illegal Request.*Invalid field in cdb'
bad_opcode='Illegal Request.*Invalid command operation code'
prevented='Illegal Request.*Medium removal prevented'
incompatible='Cannot read medium - incompatible format'

# sr_of SESSION: /dev/srN
sr_of() {
	local dir

	dir=$(scsi_device_of tgt0 0 "$1")
	within 20 compgen -G "$dir/block/*" >/dev/null || fail "no sr device"
	dir=$(echo "$dir"/block/*)
	within 10 test -b "/dev/${dir##*/}" || fail "no /dev/${dir##*/}"
	echo "/dev/${dir##*/}"
}

# raw LENGTH BYTE...: data-in in hexadecimal
raw() {
	local len=$1

	shift
	sg_raw -b -r "$len" "$sg" "$@" 2>"$tmp/raw.err" >"$tmp/raw" ||
		fail "$*: $(<"$tmp/raw.err")"
	od -An -v -tx1 "$tmp/raw" | xargs
}

# answers TEXT WANT LENGTH BYTE...
answers() {
	local text=$1 want=$2

	shift 2
	expect "$text" "$want" "$(raw "$@")"
}

# matches TEXT REGEX LENGTH BYTE...
matches() {
	local text=$1 want=$2

	shift 2
	expect_match "$text" "$want" "$(raw "$@")"
}

# refused REGEX BYTE...: with such a sense key and additional sense code
refused() {
	local want=$1 out

	shift
	out=$(sg_raw -r 4096 "$sg" "$@" 2>&1) && fail "$* was not refused: $out"
	expect_match "$*" "$want" "$(tr '\n' ' ' <<<"$out")"
}

good() {
	local out

	out=$(sg_raw "$sg" "$@" 2>&1) || fail "$*: $out"
}

# What was pending is told: unit attentions, events
forget() {
	for _ in 1 2 3 4; do
		sg_raw "$sg" 00 00 00 00 00 00 >/dev/null 2>&1 || :
		raw 8 4a 01 00 00 10 00 00 00 08 00 >/dev/null
	done
}

# change_to FILE: a line, as an empty write does not reach the attribute
change_to() {
	put "$unit/filename" "$1"$'\n'
}

# cd01 for one initiator, with disc A, and nothing to be told of
drive_with_a() {
	if [ ! -d "$unit" ]; then
		add_device vcdrom cd01 "filename=$iso_a"
		add_target tgt0 session_name=host0
		add_lun tgt0 0 cd01
	fi
	sr=$(sr_of host0)
	sg=$(sg_of tgt0 0)
	[ "$(<"$unit/filename")" = "$iso_a" ] || change_to "$iso_a"
	forget
}

take_apart() {
	del_target tgt0
	del_device cd01
	scst_unload
}

kernel_log() {
	log_clean "$log" any '(scsi_tgt_dev|vcdrom) cd01: ' any 'sr [0-9:]+: ' \
		any 'I/O error, dev sr' any 'Buffer I/O error on dev sr'
}

after_failure() {
	cleanup_devices
	cleanup_targets
}
