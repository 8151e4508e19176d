# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154  # needs lib.sh, and the helper in $pr_cmd
# Reservations from a shell: commands whose ends are words (pr_cmd.c), and what sysfs
# says of them.
#
# $unit is the unit's directory.

# shellcheck disable=SC2034  # for the tests
store=/var/lib/scst/pr

declare -A service_action=([register]=00 [reserve]=01 [release]=02 [clear]=03
	[preempt]=04 [preempt_abort]=05 [ignore]=06 [move]=07 [replace]=08)

# --- Commands

# scsi SG CDB [OPTION...]: how it ended; its data-in follow on the next line
scsi() {
	"$pr_cmd" "${@:3}" "$1" "$2"
}

# ends WANT SG CDB [OPTION...]
ends() {
	local got

	got=$(scsi "${@:2}")
	expect "$2: ${3:0:40}" "$1" "${got%%$'\n'*}"
}

# 512 bytes of zeros
zeros=$(printf %01024d 0)

ready() {
	scsi "$1" 000000000000
}

reads() {
	local got

	got=$(scsi "$1" 28000000000000000100 -i 512)
	echo "${got%%$'\n'*}"
}

writes() {
	scsi "$1" 2a000000000000000100 -o "$zeros"
}

# clear_uas SG...: what is pending there is no more
clear_uas() {
	local sg n

	for sg; do
		for ((n = 0; n < 10; n++)); do
			[ "$(ready "$sg")" != good ] || break
		done
	done
}

# uas WANT SG: the unit attentions that it reports, in their order
uas() {
	local got=() end

	while end=$(ready "$2") && [[ $end == 6/* ]] && [ "${#got[@]}" -lt 10 ]; do
		got+=("$end")
	done
	expect "unit attentions of $2" "$1" "${got[*]-}"
}

# --- PERSISTENT RESERVE OUT

# pr_cdb ACTION TYPE LIST: with the scope in the high digit of TYPE; the action by its
# name, or two digits
pr_cdb() {
	printf '5f%s%02x0000%08x00' "${service_action[$1]-$1}" "0x$2" $((${#3} / 2))
}

# pr_list KEY SERVICE_ACTION_KEY [FLAGS [ID...]]: FLAGS of a (APTPL), t (ALL_TG_PT),
# and, for the TransportIDs, s (SPEC_I_PT)
pr_list() {
	local flags=${3-} byte=0 ids

	[[ $flags != *a* ]] || byte=$((byte | 1))
	[[ $flags != *t* ]] || byte=$((byte | 4))
	[[ $flags != *s* ]] || byte=$((byte | 8))
	printf '%016x%016x00000000%02x000000' "0x$1" "0x$2" $byte
	[[ $flags == *s* ]] || return 0
	ids=$(printf %s "${@:4}")
	printf '%08x%s' $((${#ids} / 2)) "$ids"
}

# pr_out SG ACTION TYPE KEY SERVICE_ACTION_KEY [FLAGS [ID...]]: how it ends
pr_out() {
	local list

	list=$(pr_list "${@:4}")
	scsi "$1" "$(pr_cdb "$2" "$3" "$list")" -o "$list"
}

# pr WANT SG ACTION TYPE KEY SERVICE_ACTION_KEY [FLAGS [ID...]]
pr() {
	expect "${*:2}" "$1" "$(pr_out "${@:2}")"
}

# pr_move WANT SG TYPE KEY SERVICE_ACTION_KEY PORT ID [FLAGS]: with u (UNREG), a
pr_move() {
	local flags=${8-} byte=0 list

	[[ $flags != *a* ]] || byte=$((byte | 1))
	[[ $flags != *u* ]] || byte=$((byte | 2))
	list=$(printf '%016x%016x00%02x%04x%08x%s' "0x$4" "0x$5" $byte "$6" \
		$((${#7} / 2)) "$7")
	expect "REGISTER AND MOVE ${*:2}" "$1" \
		"$(scsi "$2" "$(pr_cdb move "$3" "$list")" -o "$list")"
}

# pr_in SG ACTION: the data
pr_in() {
	local out

	out=$(scsi "$1" "5e${2}0000000000200000" -i 8192)
	expect "PERSISTENT RESERVE IN $2" good "${out%%$'\n'*}"
	out=${out#*$'\n'}
	echo "${out%%$'\n'*}"
}

# --- TransportIDs, in hexadecimal

# unhex HEX: the bytes
unhex() {
	# shellcheck disable=SC2001  # bash has & since 5.2 only
	printf %b "$(sed 's/../\\x&/g' <<<"$1")"
}

transport_id() {
	hex "$(session_of "$1" "$2")/transport_id"
}

# set_transport_id TARGET SESSION HEX
set_transport_id() {
	unhex "$3" | put "$(session_of "$1" "$2")/transport_id" -
}

# iscsi_id NAME: with an ISID in it, or without
iscsi_id() {
	local format=05 len=$((${#1} + 4 - ${#1} % 4)) name

	[[ $1 != *,i,0x* ]] || format=45
	name=$(printf %s "$1" | hex -)
	while [ ${#name} -lt $((2 * len)) ]; do
		name+=00
	done
	printf '%s00%04x%s' $format "$len" "$name"
}

# --- sysfs

# reservation FILE
reservation() {
	attribute "$unit/reservation/$1"
}

port_of() {
	attribute "$scst_targets/$1/rel_tgt_id"
}

# registrants: PORT:TRANSPORT_ID:KEY:HOLDER of each, sorted
registrants() {
	local dir

	for dir in "$unit"/registrants/[0-9]*; do
		[ -e "$dir/key" ] || continue
		printf '%s:%s:%s:%s\n' "$(<"$dir/rel_tgt_id")" "$(hex "$dir/transport_id")" \
			"$(<"$dir/key")" "$(<"$dir/holder")"
	done 2>/dev/null | LC_ALL=C sort
}

registrants_are() {
	[ "$(registrants)" = "$1" ]
}

# registered [PORT:ID:KEY:HOLDER...]: these are, with KEY as short as may be, and no
# others.  READ KEYS says the same of their number; objects may come a little later.
registered() {
	local want word port id key holder

	want=$(for word; do
		IFS=: read -r port id key holder <<<"$word"
		printf '%d:%s:0x%016x:%d\n' "$port" "$id" "0x$key" "$holder"
	done | LC_ALL=C sort)
	expect nr_registrants $# "$(reservation nr_registrants)"
	within 5 registrants_are "$want" || fail "registrants: expected $want, got $(registrants)"
}

none_registered() {
	expect nr_registrants 0 "$(reservation nr_registrants)"
	within 5 registrants_are "" || fail "registrants: $(registrants)"
}

# --- The unit and its initiators: $a and $b are sg devices by tgt0, $c by tgt1

after_failure() {
	! mountpoint -q "$store" || umount "$store"
	cleanup_devices
	cleanup_targets
}

# What sd does with a new disk is over when it can be opened.  It finds one that is
# reserved, but reads nothing of it.
settle() {
	local disk

	disk=$(disk_of "$1" 0 "$2")
	sleep 0.3
	blockdev --flushbufs "$disk" 2>/dev/null || :
}

# Its sg devices have other names each time that a LUN was mapped
find_initiators() {
	a=$(sg_of tgt0 0 host0)
	b=$(sg_of tgt0 0 host1)
	c=$(sg_of tgt1 0 host2)
	clear_uas "$a" "$b" "$c"
}

# add_unit: as after a loss of power
add_unit() {
	add_device vdisk_fileio disk01 "filename=$tmp/disk.img thin_provisioned=1"
	add_lun tgt0 0 disk01
	add_lun tgt1 0 disk01
}

del_unit() {
	del_lun tgt0 0
	del_lun tgt1 0
	del_device disk01
}

create() {
	mkdir -p "$store"
	rm -f "$store"/disk01*
	truncate -s 64M "$tmp/disk.img"
	add_target tgt0 session_name=host0
	add_session tgt0 host1
	add_target tgt1 session_name=host2
	add_unit
	settle tgt0 host0
	settle tgt0 host1
	settle tgt1 host2
}

# Nothing is registered when a test begins
# shellcheck disable=SC2154  # unit: the script's
setup() {
	local sg

	[ -e "$unit" ] || create
	find_initiators
	id_a=$(transport_id tgt0 host0)
	id_b=$(transport_id tgt0 host1)
	id_c=$(transport_id tgt1 host2)
	p0=$(port_of tgt0)
	p1=$(port_of tgt1)
	# A test that has failed may have left a RESERVE
	for sg in "$a" "$b" "$c"; do
		scsi "$sg" 170000000000 >/dev/null
	done
	pr good "$a" ignore 0 0 a
	pr good "$a" clear 0 a 0
	clear_uas "$a" "$b" "$c"
	none_registered
	expect type none "$(reservation type)"
}

# nexus_a KEY HOLDER: what registered() wants of it, and so on
nexus_a() {
	echo "$p0:$id_a:$1:$2"
}

nexus_b() {
	echo "$p0:$id_b:$1:$2"
}

nexus_c() {
	echo "$p1:$id_c:$1:$2"
}

# all_register FLAGS: as pr_list(), or -; $a with the key a, and so on
all_register() {
	pr good "$a" register 0 0 a "$1"
	pr good "$b" register 0 0 b "$1"
	pr good "$c" register 0 0 c "$1"
}

pr_take_apart() {
	del_target tgt0
	del_target tgt1
	[ ! -e "$unit" ] || del_device disk01
	rm -rf "$store"
	scst_unload
}

# quiet_log MARK [REGEX]: our code has said nothing since but what matches
quiet_log() {
	! log_since "$1" | grep -E '^[a-z]+: (.* )?(scst|scsi_tgt|vdisk)' |
		grep -vE "kobject: ${2:+|$2}" || fail "messages that nobody expects"
}
