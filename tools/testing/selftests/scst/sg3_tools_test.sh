#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 SMP=2 TIMEOUT=300
# Each program of sg3_utils that applies to a disk is run, here or in
# sg3_test.sh, and what it prints is looked at.
#
# Those that do not apply are listed below, by reason.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

applies=(
	sg_copy_results sg_dd sg_decode_sense sg_inq sg_luns sg_map sg_map26 sg_modes
	sg_opcodes sg_raw sg_read sg_readcap sg_requests sg_reset sg_scan sg_start
	sg_sync sg_turs sg_unmap sg_verify sg_vpd sg_wr_mode sg_write_same
	sg_write_verify sg_xcopy sgm_dd sgp_dd sginfo scsi_readcap scsi_ready scsi_start
	scsi_stop
)
# Their commands are missing
not_yet=(
	sg_persist sg_rtpg sg_stpg sg_compare_and_write sg_write_x sg_format sg_sanitize
	sg_get_lba_status sg_reassign sg_ident sg_timestamp sg_senddiag scsi_mandat
	sg_logs sg_prevent sg_read_buffer sg_write_buffer sg_rbuf sg_test_rwbuf
)
applies_not=(
	# Other device types: tapes, enclosures, zoned disks, CD-ROMs
	sg_read_attr sg_read_block_limits sg_rep_density sg_safte sg_ses sg_ses_microcode
	sg_rep_zones sg_reset_wp sg_zone sg_z_act_query sg_get_config
	# ATA disks behind a SCSI to ATA translation layer
	sg_sat_chk_power sg_sat_identify sg_sat_phy_event sg_sat_read_gplog
	sg_sat_set_features sg_sat_datetime scsi_satl
	# Arrays of other vendors
	sg_emc_trespass sg_rdac
	# Obsolete commands: READ LONG, WRITE LONG, SEEK, READ MEDIA SERIAL NUMBER
	sg_read_long sg_write_long sg_seek sg_rmsn
	# Optional features of hardware: background control, physical elements and
	# depopulation, referrals, initialization pattern of provisioning, streams;
	# a sensor of the temperature
	sg_bg_ctl sg_get_elem_status sg_rem_rest_elem sg_referrals sg_rep_pip
	sg_stream_ctl scsi_temperature
	# Not for a device, or for the whole host
	scsi_logging_level
)

# All tests have the same disks, whatever became of the one before
after_failure() {
	sg_start --start "$sg" >/dev/null 2>&1
	sg_turs -n 3 "$sg" >/dev/null 2>&1
}

# run CMD...: its output in $out; it succeeds
run() {
	out=$("$@" 2>&1) || fail "$*: status $?: $out"
}

# run_status STATUS CMD...: it ends with STATUS
run_status() {
	local want=$1 status=0

	shift
	out=$("$@" 2>&1) || status=$?
	expect "status of $* ($out)" "$want" "$status"
}

# has REGEX...: in the output, in any case
has() {
	local regex

	for regex; do
		grep -qiE -- "$regex" <<<"$out" || fail "no /$regex/ in: $out"
	done
}

has_not() {
	! grep -qiE -- "$1" <<<"$out" || fail "/$1/ in: $out"
}

every_program_is_listed() {
	local program

	for program in "${applies[@]}"; do
		grep -qE "(run |run_status [0-9]+ |[(])$program " "$0" \
			"$(dirname "$0")/sg3_test.sh" ||
			fail "$program is not run"
		command -v "$program" >/dev/null || fail "no program $program"
	done
	for program in $(compgen -c | grep -E '^(sg_|sg[mp]_dd|sginfo)' | sort -u); do
		[ "$(type -t "$program")" = file ] || continue
		[[ " ${applies[*]} ${not_yet[*]} ${applies_not[*]} " == *" $program "* ]] ||
			fail "nothing says whether $program applies"
	done
}

programs_for_a_host() {
	run sg_map -i
	has "$sg +$disk"
	run sg_map26 "$sg"
	has "$disk"
	run sg_scan -i "$sg"
	has 'disk01'
	run sg_decode_sense 70 00 05 00 00 00 00 0a 00 00 00 00 24 00 00 c0 00 02
	has 'Illegal Request' 'Invalid field in cdb' 'byte 2'
	# What the unit says, and in descriptor format
	out=$(sg_raw -v -r 512 "$sg" 28 00 ff ff ff ff 00 00 01 00 2>&1) || :
	has 'Logical block address out of range'
}

scripts() {
	run scsi_readcap "$disk"
	run scsi_ready "$disk"
	has 'ready'
	run scsi_stop "$disk"
	run_status 2 sg_turs "$sg"
	run scsi_start "$disk"
	run sg_turs "$sg"
	run sginfo -a "$disk"
	has 'Vendor: ' 'Caching mode page' 'Control mode page'
}

copying_programs() {
	local program

	head -c 1M /dev/urandom >"$tmp/data"
	run sg_dd if="$tmp/data" of="$sg" bs=512 count=2048
	for program in sgp_dd sgm_dd sg_dd; do
		rm -f "$tmp/back"
		run "$program" if="$sg" of="$tmp/back" bs=512 count=2048
		cmp "$tmp/data" "$tmp/back"
	done
	run sgp_dd if="$sg" of="$sg" bs=512 count=2048 seek=4096 thr=4
	run sgm_dd if="$sg" of="$tmp/back" bs=512 count=2048 skip=4096
	cmp "$tmp/data" "$tmp/back"
	run sg_read if="$sg" bs=512 bpt=128 count=2048
	has '16 records|2048'
}

write_and_verify() {
	head -c 4096 /dev/urandom >"$tmp/data"
	run sg_write_verify --lba=100 --num=8 --in="$tmp/data" "$sg"
	run sg_write_verify --16 --lba=200 --num=8 --in="$tmp/data" "$sg"
	run sg_write_verify --bytchk=1 --lba=300 --num=8 --in="$tmp/data" "$sg"
	for n in 100 200 300; do
		run sg_verify --lba=$n --count=8 --ndo=4096 --in="$tmp/data" "$sg"
	done
}

extended_copy() {
	head -c 1M /dev/urandom >"$tmp/data"
	run sg_dd if="$tmp/data" of="$sg" bs=512 count=2048
	run sg_xcopy if="$sg" of="$removable" bs=512 count=2048 seek=100
	rm -f "$tmp/back"
	run sg_dd if="$removable" of="$tmp/back" bs=512 count=2048 skip=100
	cmp "$tmp/data" "$tmp/back"
	run sg_copy_results --params "$sg"
	has 'Receive copy results|copy operating parameters|Supports'
}

take_apart() {
	put "$scst_targets/tgt0/luns/clear" 1
	cleanup_devices
	del_target tgt0
	scst_unload
}

scst_load
truncate -s 64M "$tmp/disk.img" "$tmp/removable.img"
(
	set -e
	add_device vdisk_fileio disk02 "filename=$tmp/removable.img removable=1"
	export_disk vdisk_fileio disk01 "filename=$tmp/disk.img thin_provisioned=1"
	add_lun tgt0 1 disk02
) || exit 1
disk=$(disk_of tgt0 0)
sg=$(sg_of tgt0 0)
removable=$(sg_of tgt0 1)
for node in "$sg" "$removable"; do
	sg_turs -n 5 "$node" >/dev/null 2>&1
done
main every_program_is_listed programs_for_a_host scripts copying_programs write_and_verify \
	extended_copy take_apart
