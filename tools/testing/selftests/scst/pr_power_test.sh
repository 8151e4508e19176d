#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=1 TIMEOUT=300
# lifecycle
# Reservations that persist through power loss (APTPL).  A unit that is deleted and
# added again stands for the loss; powerfail.sh has real ones.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pr_lib.sh
. "$(dirname "$0")/pr_lib.sh"

unit=$scst_devices/disk01

# lose_power: and the power comes back
lose_power() {
	del_unit
	add_unit
	find_initiators
}

# former: the file that is used where the other is not good
former() {
	compgen -G "$store/disk01!*1"
}

nothing_to_persist() {
	setup
	# A unit that has never heard of APTPL
	lose_power
	rm -f "$store"/disk01*
	lose_power
	all_register -
	pr good "$a" reserve 5 a 0 a
	pr good "$a" preempt 5 a b
	expect aptpl 0 "$(reservation aptpl)"
	expect "files" "" "$(ls "$store")"
	lose_power
	none_registered
	expect type none "$(reservation type)"
	expect generation 0 "$(reservation generation)"
	expect "files" "" "$(ls "$store")"
}

# comes_back TYPE: what is registered and reserved does, and nothing else
comes_back() {
	local before

	expect type "$1" "$(reservation type)"
	expect aptpl 1 "$(reservation aptpl)"
	before=$(registrants)
	[ -s "$store/disk01" ] || fail "nothing was saved"
	[ ! -e "$store/disk01!new" ] || fail "the temporary file is there"
	lose_power
	expect "type after a loss of power" "$1" "$(reservation type)"
	within 5 registrants_are "$before" ||
		fail "registrants after a loss of power: expected $before, got $(registrants)"
	expect aptpl 1 "$(reservation aptpl)"
	expect generation 0 "$(reservation generation)"
	# PTPL_A
	expect capabilities 00089db1ea010000 "$(pr_in "$c" 02)"
	expect "PRgeneration" 00000000 "$(pr_in "$c" 00 | cut -c-8)"
}

registrations_come_back() {
	local type

	setup
	all_register a
	expect capabilities 00089db1ea010000 "$(pr_in "$c" 02)"
	comes_back none
	for type in 1 3 5 6 7 8; do
		pr good "$a" reserve $type a 0
		comes_back "$(reservation type)"
		pr good "$a" release $type a 0
		clear_uas "$b" "$c"
	done
	comes_back none
	# It is theirs
	pr good "$b" reserve 3 b 0
	comes_back exclusive_access
	expect "WRITE by the holder" good "$(writes "$b")"
	expect "READ by another one" conflict "$(reads "$a")"
	pr good "$c" register 0 c 1c a
	comes_back exclusive_access
	registered "$(nexus_a a 0)" "$(nexus_b b 1)" "$(nexus_c 1c 0)"
}

each_action_is_saved() {
	setup
	pr good "$a" register 0 0 a as "$id_b"
	comes_back none
	registered "$(nexus_a a 0)" "$(nexus_b a 0)"
	pr good "$a" ignore 0 0 aa a
	comes_back none
	registered "$(nexus_a aa 0)" "$(nexus_b a 0)"
	pr good "$a" reserve 5 aa 0
	pr good "$a" preempt 6 aa aa
	comes_back exclusive_access_registrants_only
	uas "" "$b"
	pr_move good "$a" 6 aa cc "$p1" "$id_c" a
	comes_back exclusive_access_registrants_only
	registered "$(nexus_a aa 0)" "$(nexus_b a 0)" "$(nexus_c cc 1)"
	pr good "$a" preempt_abort 1 aa a
	comes_back exclusive_access_registrants_only
	registered "$(nexus_a aa 0)" "$(nexus_c cc 1)"
	pr good "$c" register 0 cc 0 a
	comes_back none
	pr good "$a" clear 0 aa 0
	none_registered
	lose_power
	none_registered
	expect type none "$(reservation type)"
}

names_of_iscsi_come_back() {
	local id

	setup
	id=$(iscsi_id "iqn.2026-11.org.example:$(printf %0199d 0),i,0x00023d000001")
	set_transport_id tgt0 host0 "$id"
	pr good "$a" register 0 0 a a
	pr good "$a" reserve 1 a 0
	comes_back write_exclusive
	registered "$p0:$id:a:1"
	set_transport_id tgt0 host0 "$id_a"
}

aptpl_can_be_ended() {
	setup
	all_register a
	pr good "$a" reserve 5 a 0
	# The last one counts
	pr good "$b" register 0 b b
	expect aptpl 0 "$(reservation aptpl)"
	registered "$(nexus_a a 1)" "$(nexus_b b 0)" "$(nexus_c c 0)"
	lose_power
	none_registered
	expect type none "$(reservation type)"
	expect aptpl 0 "$(reservation aptpl)"
}

# spoil KIND FILE
spoil() {
	case $1 in
	missing) rm "$2" ;;
	empty) : >"$2" ;;
	short) truncate -s -1 "$2" ;;
	changed) printf '\xa5' | dd of="$2" bs=1 seek=$(($(stat -c %s "$2") - 3)) \
		conv=notrunc status=none ;;
	random) head -c 5000 /dev/urandom >"$2" ;;
	esac
}

# cannot_be_used MARK FILE: the log says so
cannot_be_used() {
	log_since "$1" | grep -q "${2##*/}.*cannot be used" ||
		fail "the log does not tell of $2: $(log_since "$1")"
}

the_former_file() {
	local kind mark before

	for kind in missing empty short changed random; do
		setup
		pr good "$a" register 0 0 a a
		pr good "$a" reserve 1 a 0
		before=$(registrants)
		pr good "$b" register 0 0 b a
		[ -s "$(former)" ] || fail "there is no former file"
		del_unit
		spoil $kind "$store/disk01"
		cp "$(former)" "$tmp/former"
		mark=$(log_mark)
		add_unit
		find_initiators
		within 5 registrants_are "$before" ||
			fail "registrants, $kind: expected $before, got $(registrants)"
		expect "type, $kind" write_exclusive "$(reservation type)"
		[ $kind = missing ] || cannot_be_used "$mark" "$store/disk01"
		[ $kind = missing ] || [ -e "$store/disk01!bad" ] ||
			fail "the file that is $kind was not put aside: $(ls "$store")"
		# It goes on, and until there is a new one that former one remains
		pr good "$b" register 0 0 b a
		cmp "$(former)" "$tmp/former"
		comes_back write_exclusive
		registered "$(nexus_a a 1)" "$(nexus_b b 0)"
	done
	# Neither has to be another unit's
	del_unit
	cp "$store/disk01" "$store/disk02"
	truncate -s 16M "$tmp/disk2.img"
	add_device vdisk_fileio disk02 "filename=$tmp/disk2.img"
	expect "registrants of another unit" 0 \
		"$(<"$scst_devices/disk02/reservation/nr_registrants")"
	expect "type, another unit's file" lost \
		"$(<"$scst_devices/disk02/reservation/type")"
	del_device disk02
	rm -f "$store"/disk02* "$tmp/disk2.img"
	add_unit
	find_initiators
}

# refuses_all: since nobody knows who has reserved the unit
refuses_all() {
	local sg

	expect type lost "$(reservation type)"
	for sg in "$a" "$b" "$c"; do
		clear_uas "$sg"
		expect_match READ '^[0-9a-f]/44/01$' "$(reads "$sg")"
		expect_match WRITE '^[0-9a-f]/44/01$' "$(writes "$sg")"
		expect_match REGISTER '^[0-9a-f]/44/01$' "$(pr_out "$sg" register 0 0 a)"
		expect_match IGNORE '^[0-9a-f]/44/01$' "$(pr_out "$sg" ignore 0 0 a)"
		expect_match CLEAR '^[0-9a-f]/44/01$' "$(pr_out "$sg" clear 0 a 0)"
		expect_match PREEMPT '^[0-9a-f]/44/01$' "$(pr_out "$sg" preempt 1 a b)"
		ends good "$sg" 120000002400 -i 36
	done
}

what_is_lost() {
	local kind mark

	for kind in random empty changed; do
		setup
		pr good "$a" register 0 0 a a
		pr good "$b" register 0 0 b a
		pr good "$a" reserve 3 a 0
		del_unit
		spoil $kind "$(former)"
		spoil $kind "$store/disk01"
		mark=$(log_mark)
		add_unit
		find_initiators
		cannot_be_used "$mark" "$store/disk01"
		log_since "$mark" | grep -qi 'disk01.*lost' ||
			fail "the log does not say that it is lost: $(log_since "$mark")"
		refuses_all
		# Nor does a reset find it
		quiet sg_reset -d "$a"
		refuses_all
		# There is one again
		persist_replaces
		# And it is one that can be loaded, or none
		lose_power
		[ "$(reservation type)" != lost ] || fail "it is lost again"
	done
	# One file that is damaged, and no other
	setup
	pr good "$a" register 0 0 a a
	del_unit
	rm -f "$(former)"
	spoil random "$store/disk01"
	add_unit
	find_initiators
	refuses_all
	persist_replaces
	# Deleting the files is a way, too
	setup
	pr good "$a" register 0 0 a a
	del_unit
	rm "$store"/disk01*
	add_unit
	find_initiators
	expect type none "$(reservation type)"
	none_registered
}

# reseal FILE OFFSET ADD: change the byte there, and the checksum with it
reseal() {
	python3 -c '
import sys, zlib
path, at, add = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
data = bytearray(open(path, "rb").read())
data[at] += add
data[16:20] = bytes(4)
data[16:20] = (zlib.crc32(data) ^ 0xffffffff).to_bytes(4, "little")
open(path, "wb").write(data)' "$@"
}

# Of a version that is not known here nobody can say what it means, and the former file
# may be older than what it says.
another_version() {
	local at

	# The header, which has a former file of its kind, and the data
	for at in 8 10; do
		setup
		pr good "$a" register 0 0 a a
		pr good "$b" register 0 0 b a
		pr good "$a" reserve 3 a 0
		del_unit
		reseal "$store/disk01" $at 1
		[ $at = 10 ] || reseal "$(former)" $at 1
		add_unit
		find_initiators
		refuses_all
		persist_replaces
	done
	# Resealing alone does no harm
	setup
	pr good "$a" register 0 0 a a
	del_unit
	reseal "$store/disk01" 8 1
	reseal "$store/disk01" 8 -1
	add_unit
	find_initiators
	registered "$(nexus_a a 0)"
}

# --- A store on a disk that cannot read some of its blocks, of null_blk

nullb=/sys/kernel/config/nullb/nullb-pr
bad_disk=/dev/nullb-pr

# make_bad_disk: it stays; with DEBUG_KOBJECT_RELEASE its disk outlives the module
make_bad_disk() {
	modinfo -n null_blk >/dev/null 2>&1 || skip "the kernel has no null_blk"
	modprobe null_blk nr_devices=0
	[ -d "${nullb%/*}" ] || skip "no configfs"
	if [ ! -d "$nullb" ]; then
		mkdir "$nullb"
		echo 32 >"$nullb/size"
		echo 1 >"$nullb/memory_backed"
		echo 1 >"$nullb/power"
		within 10 test -b "$bad_disk"
	fi
	echo -0-65535 >"$nullb/badblocks"
	# A block of the file system is a page, and without a journal all is in its place
	mkfs.ext4 -q -F -b 4096 -O ^has_journal "$bad_disk"
}

mount_bad_disk() {
	mount -t ext4 "$bad_disk" "$store"
}

# can_read SIGN BLOCK: - if the disk can read it, + if it cannot
can_read() {
	echo "$1$(($2 * 8))-$(($2 * 8 + 7))" >"$nullb/badblocks"
}

# sas_ids NUMBER: TransportIDs of initiators that there are not
sas_ids() {
	local n

	for ((n = 1; n <= $1; n++)); do
		printf '0600000050000000000%05x%024d' "$n" 0
	done
}

# full_status SG: READ FULL STATUS without PRgeneration, which is not saved
full_status() {
	local data

	data=$(pr_in "$1" 03)
	echo "${data:8}"
}

no_objects() {
	! compgen -G "$unit/registrants/[0-9]*" >/dev/null
}

# What cannot be read may be there another time, and the former file is older: it does
# not count then, and nothing is put aside.  With the second block the first read is
# short, and the next one fails.
cannot_be_read() {
	local n blocks mark before ids

	setup
	make_bad_disk
	mount_bad_disk
	ids=$(sas_ids 127)
	for n in 0 1; do
		setup
		pr good "$b" register 0 0 b a
		pr good "$a" register 0 0 a as "$ids"
		pr good "$a" reserve 3 a 0
		before=$(full_status "$b")
		[ -s "$(former)" ] || fail "there is no former file"
		del_unit
		# Nothing of it is in memory any more
		within 10 umount "$store"
		read -ra blocks < <(debugfs -R 'blocks /disk01' "$bad_disk" 2>/dev/null)
		expect "number of blocks of the file" 2 "${#blocks[@]}"
		can_read + "${blocks[n]}"
		mount_bad_disk
		! cat "$store/disk01" >/dev/null 2>&1 || fail "the disk can read block $n"
		cat "$(former)" >/dev/null
		mark=$(log_mark)
		add_unit
		find_initiators
		log_since "$mark" | grep -qE 'pr/disk01 cannot be used: -(EIO|5)$' ||
			fail "the log does not tell of block $n: $(log_since "$mark")"
		log_since "$mark" | grep -q 'disk01.*lost' ||
			fail "the log does not say that it is lost: $(log_since "$mark")"
		expect "type" lost "$(reservation type)"
		[ "$n" != 0 ] || refuses_all
		[ ! -e "$store/disk01!bad" ] || fail "the file was put aside"
		# When the disk can read it, all is as it was
		del_unit
		can_read - "${blocks[n]}"
		add_unit
		find_initiators
		expect "type, block $n" exclusive_access "$(reservation type)"
		expect "full status, block $n" "$before" "$(full_status "$b")"
		pr good "$a" clear 0 a 0
		within 20 no_objects || fail "objects of registrants stay"
	done
	within 10 umount "$store"
}

persist_replaces() {
	quiet sg_persist -n --out --replace-lost --param-sark=c --prout-type=1 "$c"
	expect type write_exclusive "$(reservation type)"
	registered "$(nexus_c c 1)"
	expect "READ by another one" good "$(reads "$a")"
	expect "WRITE by another one" conflict "$(writes "$a")"
	expect "WRITE by the holder" good "$(writes "$c")"
	pr 5/24/00 "$c" replace 1 0 c
	pr good "$a" register 0 0 a
	pr good "$a" preempt 1 a c
	registered "$(nexus_a a 1)"
}

# no_store: a REGISTER with APTPL=1 changes nothing
no_store() {
	local generation

	generation=$(reservation generation)
	# PTPL_C
	expect capabilities 00089cb0ea010000 "$(pr_in "$a" 02)"
	pr 5/26/00 "$a" register 0 0 a a
	pr 5/26/00 "$a" ignore 0 0 a a
	none_registered
	expect generation "$generation" "$(reservation generation)"
	pr good "$a" register 0 0 a
	pr 5/26/00 "$a" register 0 a aa a
	# It has no meaning in others
	pr good "$a" reserve 1 a 0 a
	pr_move 5/26/00 "$a" 1 a cc "$p1" "$id_c" a
	registered "$(nexus_a a 1)"
	pr good "$a" clear 0 a 0 a
}

without_a_store() {
	setup
	rm -rf "$store"
	no_store
	mkdir -p "$store"
	mount -t tmpfs -o ro none "$store"
	no_store
	umount "$store"
	expect capabilities 00089db0ea010000 "$(pr_in "$a" 02)"
	pr good "$a" register 0 0 a a
	comes_back none
	registered "$(nexus_a a 0)"
}

# What cannot be saved is not done
a_full_store() {
	local generation

	setup
	mount -t tmpfs -o size=64k none "$store"
	head -c 100000 /dev/zero >"$store/filler" 2>/dev/null || :
	generation=$(reservation generation)
	pr 4/44/00 "$a" register 0 0 a a
	none_registered
	expect aptpl 0 "$(reservation aptpl)"
	rm "$store/filler"
	pr good "$a" register 0 0 a a
	pr good "$b" register 0 0 b a
	expect generation $((generation + 2)) "$(reservation generation)"
	comes_back none
	generation=$(reservation generation)
	head -c 100000 /dev/zero >"$store/filler" 2>/dev/null || :
	pr 4/44/00 "$a" register 0 a aa a
	pr 4/44/00 "$a" reserve 5 a 0
	pr 4/44/00 "$a" preempt 0 a b
	pr 4/44/00 "$a" clear 0 a 0
	registered "$(nexus_a a 0)" "$(nexus_b b 0)"
	expect type none "$(reservation type)"
	expect generation "$generation" "$(reservation generation)"
	uas "" "$b"
	rm "$store/filler"
	pr good "$a" reserve 5 a 0
	comes_back write_exclusive_registrants_only
	umount "$store"
	pr good "$a" clear 0 a 0
}

take_apart() {
	pr_take_apart
}

kernel_log() {
	local expected='pr/disk0[12].* (cannot be used|is disk0[12]!bad now)|disk0[12].*lost'

	quiet_log "$log" "$expected|disk01.*sav|transport_id"
}

scst_load
pr_cmd=$(helper pr_cmd) || skip_all "no helper program pr_cmd"
log=$(log_mark)
dmesg --console-level warn
main nothing_to_persist registrations_come_back each_action_is_saved \
	names_of_iscsi_come_back aptpl_can_be_ended the_former_file what_is_lost another_version \
	cannot_be_read without_a_store a_full_store take_apart kernel_log
