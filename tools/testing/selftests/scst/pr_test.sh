#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=1 TIMEOUT=300
# lifecycle
# Reservations: each service action from three nexuses by two target ports, and what
# sysfs and uevents say of them.  pr_model_test.sh has the combinations.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pr_lib.sh
. "$(dirname "$0")/pr_lib.sh"

unit=$scst_devices/disk01

# persist OPTION... SG: sg_persist, with what it prints in $out
persist() {
	out=$(sg_persist -n "$@" 2>&1) || fail "sg_persist $*: status $?: $out"
}

# persist_fails STATUS OPTION... SG: 24 is a conflict, 5 an illegal request
persist_fails() {
	local status=0

	sg_persist -n "${@:2}" >"$tmp/persist" 2>&1 || status=$?
	expect "status of sg_persist ${*:2}: $(<"$tmp/persist")" "$1" "$status"
}

capabilities() {
	setup
	# RLR_C, CRH, SIP_C, ATP_C, PTPL_C; TMV, ALLOW COMMANDS; types
	expect "bytes" 00089db0ea010000 "$(pr_in "$a" 02)"
	persist --report-capabilities "$a"
	expect_match text "Replace Lost Reservation Capable.*: 1" "$out"
	expect_match text "Allow Commands: 3" "$out"
	expect "types" 6 "$(grep -ciE 'exclusive.*: 1' <<<"$out")"
}

registering() {
	local generation

	setup
	generation=$(reservation generation)
	persist --out --register --param-sark=a "$a"
	persist --out --register --param-sark=b "$b"
	persist --out --register --param-sark=c "$c"
	expect generation $((generation + 3)) "$(reservation generation)"
	registered "$(nexus_a a 0)" "$(nexus_b b 0)" "$(nexus_c c 0)"
	persist --read-keys "$b"
	expect_match keys "3 registered reservation keys follow" "$out"
	persist --read-full-status "$b"
	expect "keys of the full status" "0xa 0xb 0xc" \
		"$(sed -n 's/^ *Key=\(0x[0-9a-f]*\).*/\1/p' <<<"$out" | sort | paste -sd' ')"
	expect_match "port" "Relative port address: 0x$(printf %x "$p1")\$" "$out"
	expect_match "TransportID" "SAS address: 0x0*${id_c:8:16}" "$out"
	persist --read-reservation "$a"
	expect_match reservation "there is NO reservation held" "$out"

	# Another key; the wrong one
	persist --out --register --param-rk=a --param-sark=1a "$a"
	persist_fails 24 --out --register --param-rk=a --param-sark=2a "$a"
	persist_fails 24 --out --register --param-sark=2a "$a"
	registered "$(nexus_a 1a 0)" "$(nexus_b b 0)" "$(nexus_c c 0)"
	persist --out --register-ignore --param-rk=77 --param-sark=ffffffffffffffff "$a"
	registered "$(nexus_a ffffffffffffffff 0)" "$(nexus_b b 0)" "$(nexus_c c 0)"
	# None any more
	persist --out --register --param-rk=b "$b"
	persist --out --register-ignore --param-sark=0 "$c"
	registered "$(nexus_a ffffffffffffffff 0)"
	expect generation $((generation + 7)) "$(reservation generation)"

	# Nothing to do
	pr good "$b" register 0 0 0
	pr good "$b" ignore 0 5 0
	pr conflict "$b" register 0 5 0
	expect generation $((generation + 7)) "$(reservation generation)"
	uas "" "$a"
	uas "" "$b"
	uas "" "$c"
}

# allowed TYPE NAME ENDS: a holds it, b is registered, c is not.  ENDS are those of READ
# and WRITE by b, and by c: + is good, - a conflict.
allowed() {
	local type=$1 all=$(($1 >= 7)) other=$(($1 == 1 ? 3 : 1)) got

	setup
	pr good "$a" register 0 0 a
	pr good "$b" register 0 0 b
	persist --out --reserve --param-rk=a --prout-type="$type" "$a"
	expect type "$2" "$(reservation type)"
	registered "$(nexus_a a 1)" "$(nexus_b b $all)"
	persist --read-reservation "$c"
	expect_match "who holds type $type" \
		"Key=$([ $all = 1 ] && echo 0x0 || echo 0xa)\$" "$out"

	expect "type $type: READ by the holder" good "$(reads "$a")"
	expect "type $type: WRITE by the holder" good "$(writes "$a")"
	got="$(reads "$b") $(writes "$b") $(reads "$c") $(writes "$c")"
	expect "type $type: READ and WRITE by a registered one, and by another" "$3" \
		"$(sed 's/good/+/g; s/conflict/-/g' <<<"$got")"
	expect "type $type: TEST UNIT READY by another one" good "$(ready "$c")"

	# Again; with another type; by another one
	pr good "$a" reserve "$type" a 0
	pr conflict "$a" reserve $other a 0
	pr conflict "$c" reserve "$type" c 0
	pr "$([ $all = 1 ] && echo good || echo conflict)" "$b" reserve "$type" b 0
	pr 5/26/04 "$a" release $other a 0
	pr conflict "$a" release "$type" b 0
	pr conflict "$c" release "$type" c 0
	if [ $all = 0 ]; then
		pr good "$b" release "$type" b 0
		expect type "$2" "$(reservation type)"
	fi
	persist --out --release --param-rk=a --prout-type="$type" "$a"
	expect type none "$(reservation type)"
	registered "$(nexus_a a 0)" "$(nexus_b b 0)"
	uas "$([ "$type" -lt 5 ] || echo 6/2a/04)" "$b"
	uas "" "$a"
	pr good "$a" release "$type" a 0
	expect "WRITE by another one" good "$(writes "$c")"
	uas "" "$c"
}

each_type() {
	allowed 1 write_exclusive "+ - + -"
	allowed 3 exclusive_access "- - - -"
	allowed 5 write_exclusive_registrants_only "+ + + -"
	allowed 6 exclusive_access_registrants_only "+ + - -"
	allowed 7 write_exclusive_all_registrants "+ + + -"
	allowed 8 exclusive_access_all_registrants "+ + - -"
}

# The reservation of who is registered no more goes too
unregistering() {
	local type attention

	for type in 1 3 5 6; do
		setup
		all_register -
		pr good "$a" reserve $type a 0
		pr good "$a" register 0 a 0
		expect "type after $type" none "$(reservation type)"
		attention=$([ $type -lt 5 ] || echo 6/2a/04)
		uas "$attention" "$b"
		uas "$attention" "$c"
		uas "" "$a"
	done
	# Or with the last of those who hold it
	setup
	pr good "$a" register 0 0 a
	pr good "$b" register 0 0 b
	pr good "$a" reserve 8 a 0
	pr good "$a" ignore 0 0 0
	expect type exclusive_access_all_registrants "$(reservation type)"
	expect "READ by one that was registered" conflict "$(reads "$a")"
	pr good "$b" register 0 b 0
	expect type none "$(reservation type)"
}

clearing() {
	local generation

	setup
	all_register -
	pr good "$a" reserve 3 a 0
	generation=$(reservation generation)
	pr conflict "$b" clear 0 a 0
	persist --out --clear --param-rk=b "$b"
	none_registered
	expect type none "$(reservation type)"
	expect generation $((generation + 1)) "$(reservation generation)"
	uas 6/2a/03 "$a"
	uas "" "$b"
	uas 6/2a/03 "$c"
	pr conflict "$b" clear 0 b 0
}

# preempting_by ACTION OPTION: OPTION is that of sg_persist
preempting_by() {
	local generation

	# Registrations alone: SCOPE and TYPE don't matter
	setup
	all_register -
	pr good "$c" ignore 0 0 b
	generation=$(reservation generation)
	pr conflict "$a" "$1" 5 a 77
	pr conflict "$a" "$1" 5 b b
	pr 5/26/00 "$a" "$1" 5 a 0
	persist --out "$2" --param-rk=a --param-sark=b --prout-type=0 "$a"
	registered "$(nexus_a a 0)"
	expect generation $((generation + 1)) "$(reservation generation)"
	uas 6/2a/05 "$b"
	uas 6/2a/05 "$c"
	uas "" "$a"
	# The own one too
	pr good "$b" register 0 0 a
	persist --out "$2" --param-rk=a --param-sark=a "$a"
	none_registered
	uas "" "$a"
	uas 6/2a/05 "$b"

	# The reservation, by one of another type
	setup
	all_register -
	pr good "$b" reserve 1 b 0
	pr 5/24/00 "$a" "$1" 2 a b
	pr 5/24/00 "$a" "$1" 13 a b
	persist --out "$2" --param-rk=a --param-sark=b --prout-type=6 "$a"
	expect type exclusive_access_registrants_only "$(reservation type)"
	registered "$(nexus_a a 1)" "$(nexus_c c 0)"
	uas 6/2a/05 "$b"
	uas 6/2a/04 "$c"
	uas "" "$a"
	expect "READ by the one that held it" conflict "$(reads "$b")"
	# The own one: the registration stays
	persist --out "$2" --param-rk=a --param-sark=a --prout-type=6 "$a"
	registered "$(nexus_a a 1)" "$(nexus_c c 0)"
	uas "" "$c"

	# All registrants: with a key some registrations go, without one all do
	setup
	all_register -
	pr good "$b" reserve 7 b 0
	pr good "$a" "$1" 1 a c
	expect type write_exclusive_all_registrants "$(reservation type)"
	registered "$(nexus_a a 1)" "$(nexus_b b 1)"
	uas 6/2a/05 "$c"
	uas "" "$b"
	pr good "$a" "$1" 1 a 0
	expect type write_exclusive "$(reservation type)"
	registered "$(nexus_a a 1)"
	uas 6/2a/05 "$b"
}

preempting() {
	preempting_by preempt --preempt
	preempting_by preempt_abort --preempt-abort
}

moving() {
	setup
	all_register -
	pr_move conflict "$a" 5 a cc "$p1" "$id_c"
	pr good "$a" reserve 5 a 0
	pr_move conflict "$b" 5 b cc "$p1" "$id_c"
	pr_move conflict "$a" 5 b cc "$p1" "$id_c"
	# No key; itself, through whichever port; no such port; another protocol
	pr_move 5/26/00 "$a" 5 a 0 "$p1" "$id_c"
	pr_move 5/26/00 "$a" 5 a cc "$p0" "$id_a"
	pr_move 5/26/00 "$a" 5 a cc "$p1" "$id_a"
	pr_move 5/26/00 "$a" 5 a cc 65000 "$id_c"
	pr_move 5/26/00 "$a" 5 a cc "$p1" "04${id_c:2}"
	registered "$(nexus_a a 1)" "$(nexus_b b 0)" "$(nexus_c c 0)"

	persist --out --register-move --param-rk=a --param-sark=cc --prout-type=5 \
		--relative-target-port="$(printf %x "$p1")" \
		--transport-id="sas,${id_c:8:16}" "$a"
	registered "$(nexus_a a 0)" "$(nexus_b b 0)" "$(nexus_c cc 1)"
	expect type write_exclusive_registrants_only "$(reservation type)"
	uas "" "$b"
	uas "" "$c"
	# To one that is not registered, and the sender is not any more
	pr_move good "$c" 5 cc dd "$p1" "$id_b" u
	registered "$(nexus_a a 0)" "$(nexus_b b 0)" "$p1:$id_b:dd:1"
	expect "WRITE by one that was registered" conflict "$(writes "$c")"
	# Nobody is logged in by that nexus, but it holds the reservation
	pr conflict "$a" reserve 5 a 0
	pr good "$a" preempt 5 a dd
	registered "$(nexus_a a 1)" "$(nexus_b b 0)"
	# All hold one of these
	pr good "$a" preempt 7 a a
	pr_move conflict "$a" 7 a cc "$p1" "$id_c"
}

registering_others() {
	local generation

	setup
	generation=$(reservation generation)
	pr 5/26/00 "$a" ignore 0 0 a s "$id_b"
	pr 5/24/00 "$a" register 0 0 0 s "$id_b"
	pr conflict "$a" register 0 1 a s "$id_b"
	pr 5/26/00 "$a" register 0 0 a s "04${id_b:2}"
	pr 5/26/00 "$a" register 0 0 a s "$id_b" "04${id_b:2}"
	none_registered
	persist --out --register --param-sark=a --transport-id="sas,${id_b:8:16}" "$a"
	registered "$(nexus_a a 0)" "$(nexus_b a 0)"
	expect generation $((generation + 1)) "$(reservation generation)"
	pr 5/24/00 "$a" register 0 a a s "$id_c"
	pr good "$b" reserve 3 a 0
	registered "$(nexus_a a 0)" "$(nexus_b a 1)"
	# One of them is registered already: nobody is, then
	pr 5/26/00 "$c" register 0 0 c st "$id_b"
	registered "$(nexus_a a 0)" "$(nexus_b a 1)"
	pr good "$c" register 0 0 c s "$id_b"
	registered "$(nexus_a a 0)" "$(nexus_b a 1)" "$(nexus_c c 0)" "$p1:$id_b:c:0"
}

registering_before_login() {
	local id d

	setup
	add_session tgt1 host3
	id=$(transport_id tgt1 host3)
	del_session tgt1 host3
	pr good "$c" register 0 0 c s "$id"
	registered "$(nexus_c c 0)" "$p1:$id:c:0"
	add_session tgt1 host3
	d=$(sg_of tgt1 0 host3)
	clear_uas "$d"
	pr good "$d" reserve 1 c 0
	registered "$(nexus_c c 0)" "$p1:$id:c:1"
	# It stays when the nexus is lost, and is the nexus's when it is back
	del_session tgt1 host3
	registered "$(nexus_c c 0)" "$p1:$id:c:1"
	expect "WRITE by another one" conflict "$(writes "$a")"
	add_session tgt1 host3
	d=$(sg_of tgt1 0 host3)
	clear_uas "$d"
	expect "WRITE by the holder" good "$(writes "$d")"
	pr good "$c" preempt 1 c c
	registered "$(nexus_c c 1)"
	uas 6/2a/05 "$d"
	del_session tgt1 host3
}

registering_at_all_ports() {
	setup
	# The same initiator
	set_transport_id tgt1 host2 "$id_a"
	pr good "$a" register 0 0 1 t
	registered "$p0:$id_a:1:0" "$p1:$id_a:1:0"
	pr good "$c" register 0 1 2 t
	registered "$p0:$id_a:2:0" "$p1:$id_a:2:0"
	pr good "$c" register 0 2 3
	pr conflict "$a" register 0 2 4 t
	pr conflict "$c" register 0 3 4 t
	registered "$p0:$id_a:2:0" "$p1:$id_a:3:0"
	pr good "$c" ignore 0 0 5 t
	registered "$p0:$id_a:5:0" "$p1:$id_a:5:0"
	pr good "$c" register 0 5 0
	pr conflict "$c" register 0 0 6 t
	registered "$p0:$id_a:5:0"
	# Not registered at the other port: it is, then
	pr good "$a" register 0 5 6 t
	registered "$p0:$id_a:6:0" "$p1:$id_a:6:0"
	pr good "$a" reserve 1 6 0
	expect "WRITE by the other port" conflict "$(writes "$c")"
	pr good "$c" register 0 6 0 t
	none_registered
	expect type none "$(reservation type)"
	# Together with others
	pr good "$a" register 0 0 1 st "$id_b"
	registered "$p0:$id_a:1:0" "$p1:$id_a:1:0" "$p0:$id_b:1:0" "$p1:$id_b:1:0"
	set_transport_id tgt1 host2 "$id_c"
}

# lists WANT SG ACTION LENGTH: so many bytes of good parameters
lists() {
	local list

	list=$(pr_list 0 a)$(printf %0200d 0)
	list=${list:0:2 * $4}
	ends "$1" "$2" "$(pr_cdb "$3" 1 "$list")" -o "$list"
}

refusing() {
	local length action type

	setup
	for length in 0 8 23 25 28 64; do
		for action in register reserve release clear preempt preempt_abort ignore \
			replace; do
			lists 5/1a/00 "$a" $action $length
		done
	done
	lists 5/1a/00 "$a" move 0
	lists 5/1a/00 "$a" move 23
	none_registered
	for action in 09 0f 1f; do
		pr 5/24/00 "$a" $action 1 0 0
		ends 5/24/00 "$a" "5e${action}0000000000200000" -i 8192
	done
	ends 5/24/00 "$a" 5e040000000000200000 -i 8192
	pr 5/24/00 "$a" replace 1 0 a
	# Those that are not registered
	for action in reserve release clear preempt preempt_abort; do
		pr conflict "$a" $action 1 0 a
	done
	pr good "$a" register 0 0 a
	for type in 0 2 4 9 f 11 f1; do
		pr 5/24/00 "$a" reserve $type a 0
	done
	# A wrong key comes before a wrong type
	pr conflict "$a" reserve 2 b 0
	registered "$(nexus_a a 0)"
	expect type none "$(reservation type)"
	# What has no meaning for an action is ignored
	pr good "$a" register ff a a
	pr good "$a" reserve 1 a ffff at
	registered "$(nexus_a a 1)"
	pr good "$a" clear ff a ffff at
	none_registered
}

# A conflict is said before what is pending, but by PERSISTENT RESERVE OUT after it
attentions() {
	local n

	setup
	all_register -
	for n in 1 2; do
		pr good "$a" reserve 6 a 0
		pr good "$a" release 6 a 0
	done
	pr good "$a" reserve 3 a 0
	expect "READ with a pending condition" conflict "$(reads "$c")"
	pr 6/2a/04 "$c" reserve 3 c 0
	pr conflict "$c" reserve 3 c 0
	# Two of a kind are one
	uas 6/2a/04 "$b"

	# All that there are, in their order
	pr good "$a" release 3 a 0
	pr good "$a" reserve 6 a 0
	pr good "$a" release 6 a 0
	pr good "$a" preempt 0 a b
	pr good "$a" register 0 a 0
	pr good "$a" register 0 0 a s "$id_b"
	pr good "$a" clear 0 a 0
	quiet sg_reset -d "$a"
	uas "6/29/03 6/2a/03 6/2a/04 6/2a/05" "$b"
	uas "6/29/03" "$a"
}

# --- RESERVE and RELEASE

# conflicts SG: of what conflicts with RESERVE, and what does not
conflicts() {
	local cdb

	expect "TEST UNIT READY" conflict "$(ready "$1")"
	expect READ conflict "$(reads "$1")"
	expect WRITE conflict "$(writes "$1")"
	ends conflict "$1" 1a0008004000 -i 64
	ends conflict "$1" 25000000000000000000 -i 8
	ends conflict "$1" 1e0000000100
	ends conflict "$1" 1b0000000100
	ends conflict "$1" 160000000000
	ends conflict "$1" 56000000000000000000
	for cdb in 00 01 02 03; do
		ends conflict "$1" "5e${cdb}0000000000200000" -i 8192
	done
	for cdb in register ignore clear; do
		pr conflict "$1" $cdb 0 0 a
	done
	ends good "$1" 120000002400 -i 36
	ends good "$1" a00000000000000000400000 -i 64
	ends good "$1" 030000001200 -i 18
	ends good "$1" 4d004000000000004000 -i 64
	ends good "$1" 1e0000000000
	ends good "$1" 170000000000
	ends good "$1" 57000000000000000000
	expect type reserve "$(reservation type)"
}

reserving() {
	local d

	setup
	ends good "$a" 160000000000
	expect type reserve "$(reservation type)"
	conflicts "$b"
	conflicts "$c"
	# The holder may do all but this
	expect WRITE good "$(writes "$a")"
	ends good "$a" 56000000000000000000
	ends conflict "$a" 5e000000000000200000 -i 8192
	pr conflict "$a" register 0 0 a
	ends good "$a" 57000000000000000000
	expect type none "$(reservation type)"
	expect WRITE good "$(writes "$b")"
	# Third parties, extents
	ends 5/24/00 "$a" 161000000000
	ends 5/24/00 "$a" 56100000000000000000
	ends 5/24/00 "$a" 160100000000
	expect type none "$(reservation type)"

	# Resets, and the end of the nexus
	for d in -d -t; do
		ends good "$b" 56000000000000000000
		expect WRITE conflict "$(writes "$a")"
		quiet sg_reset $d "$a"
		expect type none "$(reservation type)"
		uas 6/29/03 "$a"
		uas 6/29/03 "$b"
		uas 6/29/03 "$c"
		expect WRITE good "$(writes "$a")"
	done
	add_session tgt1 host3
	d=$(sg_of tgt1 0 host3)
	clear_uas "$d"
	ends good "$d" 160000000000
	expect WRITE conflict "$(writes "$a")"
	del_session tgt1 host3
	expect type none "$(reservation type)"
	expect WRITE good "$(writes "$a")"
}

# CRH: RESERVE and RELEASE where there are registrations
reserving_with_registrations() {
	local type cdb

	for type in 0 1 3 5 6 7 8; do
		setup
		pr good "$a" register 0 0 a
		pr good "$b" register 0 0 b
		[ $type = 0 ] || pr good "$a" reserve $type a 0
		for cdb in 160000000000 170000000000 56000000000000000000 \
			57000000000000000000; do
			ends "$([ $type = 0 ] && echo conflict || echo good)" "$a" $cdb
			ends "$([ $type -lt 5 ] && echo conflict || echo good)" "$b" $cdb
			ends conflict "$c" $cdb
		done
		registered "$(nexus_a a $((type > 0)))" "$(nexus_b b $((type >= 7)))"
		expect "WRITE by a registered one" \
			"$([[ $type = [13] ]] && echo conflict || echo good)" "$(writes "$b")"
	done
	# A reset does not end registrations and persistent reservations
	quiet sg_reset -d "$a"
	registered "$(nexus_a a 1)" "$(nexus_b b 1)"
	expect type exclusive_access_all_registrants "$(reservation type)"
}

# --- uevents

nr_events() {
	grep -c SCST_EVENT=reservation_preempted "$uevent_log" || :
}

preempted() {
	wait_uevent 5 ACTION=change SCST_EVENT=reservation_preempted \
		SUBSYSTEM=scsi_tgt_dev DEVPATH=/devices/scst/devices/disk01
	# At most one in a second
	sleep 1.2
}

# All events up to now are in the log
passed() {
	put "$unit/blocked" 1
	wait_uevent 5 SCST_EVENT=blocked
	put "$unit/blocked" 0
	wait_uevent 5 SCST_EVENT=unblocked
}

events() {
	local before start n

	setup
	uevents_start
	all_register -
	pr good "$a" preempt 0 a b
	preempted
	pr good "$c" reserve 1 c 0
	pr good "$a" preempt_abort 1 a c
	preempted
	clear_uas "$b"
	pr good "$b" register 0 0 b
	pr good "$a" clear 0 a 0
	preempted

	# Those that take nothing from others
	clear_uas "$b"
	before=$(nr_events)
	pr good "$a" register 0 0 a
	pr good "$b" register 0 0 b
	pr good "$a" reserve 5 a 0
	pr good "$a" preempt 5 a a
	pr good "$a" release 5 a 0
	clear_uas "$b"
	pr good "$b" register 0 b 0
	pr good "$a" clear 0 a 0
	passed
	expect "events of nothing" "$before" "$(nr_events)"

	# Many: one a second
	start=$SECONDS
	pr good "$a" register 0 0 a
	for ((n = 0; n < 20; n++)); do
		clear_uas "$b"
		pr good "$b" register 0 0 b
		pr good "$a" preempt 0 a b
	done
	passed
	n=$(($(nr_events) - before))
	if ! ((n >= 1 && n <= SECONDS - start + 2)); then
		fail "$n events in $((SECONDS - start)) seconds"
	fi
	uevents_stop
}

# --- TransportIDs

# has_id HEX: READ FULL STATUS and sysfs have it as it was set; $out is what sg_persist
# makes of it
has_id() {
	set_transport_id tgt0 host0 "$1"
	pr good "$a" register 0 0 a
	registered "$p0:$1:a:0"
	expect "length and TransportID" "$(printf %08x $((${#1} / 2)))$1" \
		"$(pr_in "$b" 03 | cut -c57-)"
	persist --read-full-status "$b"
	pr good "$a" clear 0 a 0
}

transport_ids() {
	local name=iqn.2026-11.org.example:a

	setup
	has_id "06000000500143800123456700000000$(printf %016d 0)"
	expect_match SAS "SAS address: 0x5001438001234567" "$out"
	has_id "0000000000000000210000e08b012345$(printf %016d 0)"
	expect_match FC "FCP-2 World Wide Name" "$out"
	expect_match FC "21 00 00 e0 8b 01 23 45" "$out"
	has_id "0400000000000000fe800000000000000002c90300a1b2c3"
	expect_match SRP "RDMA initiator port" "$out"
	expect_match SRP "fe 80 00 00 00 00 00 00 +00 02 c9 03 00 a1 b2 c3" "$out"
	has_id "$(iscsi_id $name)"
	expect_match iSCSI "iSCSI name: $name\$" "$out"
	has_id "$(iscsi_id "$name,i,0x00023d000001")"
	expect_match iSCSI "iSCSI world wide unique port id: $name,i,0x00023d000001\$" "$out"
	# A name of 223 bytes
	name=iqn.2026-11.org.example:$(printf %0199d 0)
	has_id "$(iscsi_id "$name,i,0x00023d000001")"
	expect_match iSCSI "iSCSI world wide unique port id: $name,i,0x00023d000001\$" "$out"
	set_transport_id tgt0 host0 "$id_a"
}

# A name without an ISID stands for all ports that are logged in by it
ports_of_a_name() {
	local x y y1 y2

	setup
	add_session tgt0 host3
	x=$(iscsi_id "iqn.2026-11.org.example:x,i,0x00023d000001")
	y=$(iscsi_id "iqn.2026-11.org.example:y")
	y1=$(iscsi_id "iqn.2026-11.org.example:y,i,0x00023d000001")
	y2=$(iscsi_id "iqn.2026-11.org.example:y,i,0x00023d000002")
	set_transport_id tgt0 host0 "$x"
	set_transport_id tgt0 host1 "$y1"
	set_transport_id tgt0 host3 "$y2"
	set_transport_id tgt1 host2 "$y1"
	pr 5/26/00 "$a" register 0 0 a s "$(iscsi_id "iqn.2026-11.org.example:z")"
	pr 5/26/00 "$a" register 0 0 a s "$id_b"
	pr good "$a" register 0 0 a s "$y"
	registered "$p0:$x:a:0" "$p0:$y1:a:0" "$p0:$y2:a:0"
	pr good "$a" reserve 1 a 0
	pr_move 5/26/00 "$a" 1 a aa "$p0" "$y"
	pr_move good "$a" 1 a aa "$p0" "$y2"
	registered "$p0:$x:a:0" "$p0:$y1:a:0" "$p0:$y2:aa:1"
	pr good "$a" clear 0 a 0
	pr good "$a" register 0 0 a st "$y"
	registered "$p0:$x:a:0" "$p1:$x:a:0" "$p0:$y1:a:0" "$p0:$y2:a:0" "$p1:$y1:a:0"
	pr good "$a" clear 0 a 0
	set_transport_id tgt0 host0 "$id_a"
	set_transport_id tgt0 host1 "$id_b"
	set_transport_id tgt1 host2 "$id_c"
	del_session tgt0 host3
}

# --- What others test: iscsi-test-cu, with a second path to the unit

cu_tests=(PrinReadKeys.{Simple,Truncate} PrinServiceactionRange.Range
	PrinReportCapabilities.Simple ProutRegister.Simple ProutReserve.Simple ProutClear.Simple
	Reserve6.Simple)
# It wants iSCSI for a second initiator, to end a session, and for resets: skips of
# iscsi_test_cu_test.sh
cu_iscsi_only=(ProutReserve.{Access,Ownership}{EA,WE,EARO,WERO,EAAR,WEAR}
	ProutPreempt.RemoveRegistration
	Reserve6.{2Initiators,Logout,ITNexusLoss,TargetColdReset,TargetWarmReset,LUNReset})

iscsi_test_cu() {
	local test failed=

	command -v iscsi-test-cu >/dev/null || skip "no iscsi-test-cu"
	setup
	expect "tests of reservations" \
		"$(printf '%s\n' "${cu_tests[@]}" "${cu_iscsi_only[@]}" | sort)" \
		"$(iscsi-test-cu -l | sed -n 's/^SCSI\.//p' |
			grep -E '^(Pr(in|out)|Reserve6).*\.' | sort)"
	for test in "${cu_tests[@]}"; do
		clear_uas "$a" "$b"
		iscsi-test-cu --dataloss --allow-sanitize --verbose --test="SCSI.$test" \
			"$a" "$b" >"$tmp/cu" 2>&1 || :
		if ! grep -q '^passed' "$tmp/cu" && ! grep -q ' \.\.\.passed' "$tmp/cu" ||
			grep -qE '\[(SKIPP|FAILED)|^FAILED' "$tmp/cu"; then
			cat "$tmp/cu"
			failed+=" $test"
		fi
	done
	expect "tests that have not passed" "" "$failed"
}

take_apart() {
	pr_take_apart
}

kernel_log() {
	quiet_log "$log" transport_id
}

scst_load
pr_cmd=$(helper pr_cmd) || skip_all "no helper program pr_cmd"
log=$(log_mark)
dmesg --console-level warn
main capabilities registering each_type unregistering clearing preempting moving \
	registering_others registering_before_login registering_at_all_ports refusing \
	attentions reserving reserving_with_registrations events transport_ids \
	ports_of_a_name iscsi_test_cu take_apart kernel_log
