#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=1024 SMP=1 TIMEOUT=300
# Each program of sg3_utils that applies to a unit is run, here, in sg3_test.sh or in
# the script that is listed beside it, and what it prints is looked at.
#
# Those that do not apply are listed below, by reason.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

applies=(
	sg_compare_and_write sg_copy_results sg_dd sg_decode_sense sg_format
	sg_get_lba_status sg_ident sg_inq sg_logs sg_luns sg_map sg_map26 sg_modes
	sg_opcodes sg_prevent sg_raw sg_rbuf sg_read sg_read_buffer sg_readcap
	sg_reassign sg_requests sg_reset sg_sanitize sg_scan sg_seek sg_senddiag sg_start
	sg_sync sg_test_rwbuf sg_timestamp sg_turs sg_unmap sg_verify sg_vpd
	sg_wr_mode sg_write_buffer sg_write_same sg_write_verify sg_write_x sg_xcopy
	sgm_dd sgp_dd sginfo scsi_mandat scsi_readcap scsi_ready scsi_start scsi_stop
)
declare -A elsewhere=(
	[sg_persist]=pr_test.sh
	[sg_rtpg]=alua_test.sh
	[sg_stpg]=alua_test.sh
	[sg_get_config]=cdrom_test.sh
)
applies_not=(
	# Other device types: tapes, enclosures, zoned disks
	sg_read_attr sg_read_block_limits sg_rep_density sg_safte sg_ses sg_ses_microcode
	sg_rep_zones sg_reset_wp sg_zone sg_z_act_query
	# ATA disks behind a SCSI to ATA translation layer
	sg_sat_chk_power sg_sat_identify sg_sat_phy_event sg_sat_read_gplog
	sg_sat_set_features sg_sat_datetime scsi_satl
	# Arrays of other vendors
	sg_emc_trespass sg_rdac
	# Obsolete commands: READ LONG, WRITE LONG, READ MEDIA SERIAL NUMBER
	sg_read_long sg_write_long sg_rmsn
	# Optional features of hardware: background control, physical elements and
	# depopulation, referrals, initialization pattern of provisioning, streams;
	# a sensor of the temperature
	sg_bg_ctl sg_get_elem_status sg_rem_rest_elem sg_referrals sg_rep_pip
	sg_stream_ctl scsi_temperature
	# Not for a device, or for the whole host, or of another package
	scsi_logging_level scsi_ch_swp
)

# All tests have the same disks, whatever became of the one before
after_failure() {
	sg_prevent --allow "$sg" >/dev/null 2>&1
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
	local program listed=" ${applies[*]} ${!elsewhere[*]} ${applies_not[*]} "

	for program in "${applies[@]}"; do
		grep -qE "(run |[(])$program |\b$program\b.*\"?\\\$" "$0" \
			"$(dirname "$0")/sg3_test.sh" ||
			fail "$program is not run"
		command -v "$program" >/dev/null || fail "no program $program"
	done
	for program in "${!elsewhere[@]}"; do
		# Where a command can be, with an option or a device behind it
		grep -qE "^([^#]*[([:space:]])?$program [-\"]" "$lib_dir/${elsewhere[$program]}" ||
			fail "${elsewhere[$program]} does not run $program"
		command -v "$program" >/dev/null || fail "no program $program"
	done
	for program in $(compgen -c | grep -E '^(sg_|scsi_|sg[mp]_dd|sginfo)' | sort -u); do
		# Not a function of lib.sh
		type -P "$program" >/dev/null || continue
		[[ $listed == *" $program "* ]] ||
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
	run scsi_mandat "$disk"
	has 'sg_turs' 'sg_inq' 'bad errors: 0 *$'
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

identifying_information() {
	run sg_ident --clear "$sg"
	printf 'rack 7, unit 3' | run sg_ident --set "$sg"
	run sg_ident --ascii "$sg"
	has 'rack 7, unit 3'
	run sg_ident --clear "$sg"
	run sg_ident --ascii "$sg"
	has_not 'rack'
}

timestamp() {
	run sg_timestamp --milliseconds=1600000000000 "$sg"
	run sg_timestamp --origin --srep "$sg"
	has 'SET TIMESTAMP|origin.*2' '160000000[0-9]'
}

diagnostics() {
	run sg_senddiag --test "$sg"
	run sg_senddiag --list "$sg"
	has 'Supported diagnostic pages'
}

buffers() {
	run sg_read_buffer --mode=echo_desc --length=4 "$sg"
	head -c 252 /dev/urandom >"$tmp/data"
	run sg_write_buffer --mode=echo --length=252 --in="$tmp/data" "$sg"
	# sg_read_buffer asks for no data in this mode
	sg_raw -b -r 252 "$sg" 3c 0a 00 00 00 00 00 00 fc 00 >"$tmp/back" 2>/dev/null
	cmp "$tmp/data" "$tmp/back"
	run sg_rbuf --echo --buffer=252 --size=2520 "$sg"
	run sg_test_rwbuf --size=4096 --times=3 "$sg"
	has 'Success'
}

prevent_allow() {
	run sg_prevent "$removable"
	run_status 5 sg_start --eject "$removable"
	run sg_turs "$removable"
	run sg_prevent --allow "$removable"
	run sg_start --eject "$removable"
	run_status 2 sg_turs "$removable"
	run sg_start --load "$removable"
	sg_turs -n 3 "$removable" >/dev/null 2>&1 || :
	run sg_turs "$removable"
}

log_pages() {
	local page

	run sg_logs "$sg"
	has 'Supported log pages'
	run sg_logs -A "$sg"
	# It decodes page 19h only with the parameter of idle times, which nobody counts
	out=$(grep -v 'Unable to decode page = 0x19' <<<"$out")
	has_not 'malformed|too short|truncated|unable to decode'
	for page in 0x02 0x03 0x0c 0x19; do
		run sg_logs --page=$page "$sg"
	done
	run sg_logs --reset --select "$sg"
}

compare_and_write() {
	head -c 512 /dev/urandom >"$tmp/old"
	head -c 512 /dev/urandom >"$tmp/new"
	cat "$tmp/old" "$tmp/new" >"$tmp/both"
	run sg_dd if="$tmp/old" of="$sg" bs=512 count=1 seek=500
	run sg_compare_and_write --in="$tmp/both" --lba=500 --num=1 --xferlen=1024 "$sg"
	run sg_verify --lba=500 --count=1 --ndo=512 --in="$tmp/new" "$sg"
	# Now it is something else
	run_status 14 sg_compare_and_write --in="$tmp/both" --lba=500 --num=1 \
		--xferlen=1024 "$sg"
	run sg_verify --lba=500 --count=1 --ndo=512 --in="$tmp/new" "$sg"
}

write_x() {
	local size

	head -c 4096 /dev/urandom >"$tmp/data"
	head -c 4096 /dev/zero | tr '\0' '\377' >"$tmp/ones"
	run sg_dd if="$tmp/data" of="$sg" bs=512 count=8 seek=600
	run sg_write_x --or --16 --in="$tmp/ones" --lba=600 --num=8 "$sg"
	run sg_verify --lba=600 --count=8 --ndo=4096 --in="$tmp/ones" "$sg"
	# Tags of protection information, which it sets if it is not told to, are refused
	# shellcheck disable=SC2086  # words
	for size in "16" "32 --ref-tag=0 --app-tag=0 --tag-mask=0"; do
		run sg_write_x --normal --$size --in="$tmp/data" --lba=600 --num=8 "$sg"
		run sg_verify --lba=600 --count=8 --ndo=4096 --in="$tmp/data" "$sg"
		run sg_write_x --same=0 --$size --in="$tmp/data" --lba=600 --num=64 "$sg"
		for n in 600 631 663; do
			run sg_verify --lba=$n --count=1 --ndo=512 --in="$tmp/data" "$sg"
		done
		run sg_write_x --same=1 --$size --lba=600 --num=64 "$sg"
		run sg_verify --lba=600 --count=8 --ndo=4096 --in=/dev/zero "$sg"
	done
	run sg_write_x --atomic=0 --16 --in="$tmp/data" --lba=600 --num=8 "$sg"
	run sg_verify --lba=600 --count=8 --ndo=4096 --in="$tmp/data" "$sg"
}

lba_status() {
	run sg_unmap --force --lba=0 --num=131072 "$sg"
	run sg_get_lba_status --lba=0 "$sg"
	has 'unmapped|deallocated'
	run sg_dd if=/dev/urandom of="$sg" bs=512 count=128 seek=8192
	run sg_get_lba_status --lba=8192 "$sg"
	has 'mapped'
	has_not 'unmapped|deallocated.*LBA: 0x0*2000'
}

defects() {
	run sginfo -d "$sg"
	run sg_reassign --dummy --address=0x10 "$sg"
	run sg_reassign --grown "$sg"
	has '0 elements|length.*0|elements.*0'
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

# The programs look once a minute whether it has ended
until_ready() {
	run sg_requests --progress "$sg"
	within 60 sg_turs "$sg" >/dev/null 2>&1 || fail "it does not end"
}

format() {
	run sg_dd if=/dev/urandom of="$sg" bs=512 count=2048
	run sg_format --format --early --quick "$sg"
	until_ready
	run sg_verify --lba=0 --count=8 --ndo=4096 --in=/dev/zero "$sg"
}

sanitize() {
	head -c 512 /dev/urandom >"$tmp/pattern"
	run sg_sanitize --overwrite --pattern="$tmp/pattern" --early --quick "$sg"
	until_ready
	run sg_verify --lba=1000 --count=1 --ndo=512 --in="$tmp/pattern" "$sg"
	run sg_sanitize --block --early --quick "$sg"
	until_ready
	run sg_verify --lba=1000 --count=1 --ndo=512 --in=/dev/zero "$sg"
	run sg_sanitize --fail --early --quick "$sg"
	until_ready
}

# PRE-FETCH, and SEEK, which only CD-ROM drives have
seek() {
	run sg_seek --pre-fetch --10 --lba=100 --num-blocks=8 --verbose "$sg"
	has_not 'error|sense key'
	run sg_seek --pre-fetch --lba=100 --num-blocks=8 --verbose "$sg"
	has_not 'error|sense key'
	run_status 22 sg_seek --pre-fetch --lba=131071 --num-blocks=2 "$sg"
	run_status 9 sg_seek --lba=100 "$sg"
	truncate -s 1M "$tmp/cd.img"
	add_device vcdrom cd01 "filename=$tmp/cd.img"
	add_lun tgt0 2 cd01
	local cd
	cd=$(sg_of tgt0 2)
	sg_turs -n 5 "$cd" >/dev/null 2>&1
	run sg_seek --lba=100 "$cd"
	run_status 22 sg_seek --lba=1000 "$cd"
	del_lun tgt0 2
	del_device cd01
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
	identifying_information timestamp diagnostics buffers prevent_allow log_pages \
	compare_and_write write_x lba_status defects extended_copy seek format sanitize take_apart
