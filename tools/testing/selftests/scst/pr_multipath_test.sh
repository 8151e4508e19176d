#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=2 TIMEOUT=300
# mpathpersist of multipath-tools: reservations of a multipath device with a path by
# each of two target ports, beside an initiator of its own.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=pr_lib.sh
. "$(dirname "$0")/pr_lib.sh"

unit=$scst_devices/disk01
key=123abc
# Where multipathd keeps the keys
prkeys=/etc/multipath/prkeys

# Request-based device-mapper calls hosts that may block, as scst_local's, under the
# RCU read lock: bio-based does not.  $other is no path.
start_multipathd() {
	mkdir -p /etc/multipath
	rm -f $prkeys
	cat >/etc/multipath.conf <<-END
		defaults {
			user_friendly_names no
			find_multipaths no
			polling_interval 1
			max_polling_interval 1
			path_grouping_policy multibus
			no_path_retry 10
			features "2 queue_mode bio"
			reservation_key file
		}
		blacklist {
			devnode "^(vd|nullb|${other##*/}\$)"
		}
	END
	start_udevd
	udevadm trigger --action=add --subsystem-match=block
	udevadm settle --timeout=120
	modprobe -a dm-multipath dm-service-time 2>/dev/null || :
	# It outlives the test that starts it, and so does not write to its pipe
	setsid multipathd -d -v 2 >"$tmp/multipathd" 2>&1 </dev/null &
	disown
}

# shellcheck disable=SC2317  # a trap calls it
stop_multipathd() {
	local status=$?

	[ ! -s "$tmp/map" ] || multipath -f "$(<"$tmp/map")" >/dev/null 2>&1
	multipathd shutdown >/dev/null 2>&1
	stop_udevd
	rm -f /etc/multipath.conf $prkeys
	(exit "$status")
	cleanup_on_exit
}

# has_map N: it has so many paths, and its name is in $map
has_map() {
	map=$(dmsetup ls --target multipath 2>/dev/null | awk '$2 ~ /^\(/ { print $1; exit }')
	[ -n "$map" ] &&
		[ "$(dmsetup table "$map" | grep -oE '[0-9]+:[0-9]+' | wc -l)" = "$1" ]
}

# The initiators: the paths are by $a and $c, the other one is $b
begin() {
	setup
	[ -s "$tmp/map" ] || fail "there is no map"
	map=$(<"$tmp/map")
	rm -f $prkeys
}

persist() {
	out=$(mpathpersist "$@" "/dev/mapper/$map" 2>&1) || {
		tail -n 20 "$tmp/multipathd"
		fail "mpathpersist $*: status $?: $out"
	}
}

map_writes() {
	timeout 60 dd if=/dev/zero of="/dev/mapper/$map" bs=64k count=32 oflag=direct \
		status=none
}

# registered_by_both [HOLDER_A HOLDER_C]
registered_by_both() {
	registered "$(nexus_a $key "${1-0}")" "$(nexus_c $key "${2-0}")"
}

a_map_of_two_paths() {
	local other

	setup
	other=$(disk_of tgt0 0 host1)
	start_multipathd
	within 60 has_map 2 || {
		cat "$tmp/multipathd"
		multipathd show paths
		fail "no map of two paths"
	}
	udevadm settle --timeout=120
	echo "$map" >"$tmp/map"
	msg "$(multipathd show maps topology | head -n 2 | paste -sd' ')"
}

registers() {
	begin
	persist --out --register --param-sark=$key
	registered_by_both
	persist --in --read-keys
	expect "keys" 2 "$(grep -c "0x$key" <<<"$out")"
	# Another key
	persist --out --register --param-rk=$key --param-sark=77
	registered "$(nexus_a 77 0)" "$(nexus_c 77 0)"
	persist --out --register-ignore --param-sark=$key
	registered_by_both
	persist --out --register --param-rk=$key
	none_registered
}

# It prints the types, too, but of a mask in the wrong byte order
reports_capabilities() {
	local capability

	begin
	persist --in --report-capabilities
	for capability in CRH SIP_C ATP_C PTPL_C TMV; do
		expect_match "capabilities" "\\($capability\\): 1\$" "$out"
	done
	expect_match "capabilities" '\(PTPL_A\): 0$' "$out"
}

registers_to_persist() {
	begin
	persist --out --register --param-sark=$key --param-aptpl
	registered_by_both
	expect aptpl 1 "$(reservation aptpl)"
	persist --in --report-capabilities
	expect_match "capabilities" '\(PTPL_A\): 1$' "$out"
	# multipathd, which registers new paths, knows it by the X
	grep -q "^0X0*$key " $prkeys || fail "multipathd's keys: $(<$prkeys)"
	persist --out --register-ignore --param-sark=$key
	registered_by_both
	expect aptpl 0 "$(reservation aptpl)"
	grep -q "^0x0*$key " $prkeys || fail "multipathd's keys: $(<$prkeys)"
	persist --out --clear --param-rk=$key
	none_registered
}

# Both initiators of the map, each at both ports
registers_at_all_ports() {
	begin
	persist --out --register --param-sark=$key --param-alltgpt
	registered "$p0:$id_a:$key:0" "$p1:$id_a:$key:0" "$p0:$id_c:$key:0" "$p1:$id_c:$key:0"
	map_writes
	persist --out --reserve --param-rk=$key --prout-type=7
	expect "WRITE by the other one" conflict "$(writes "$b")"
	map_writes
	persist --out --clear --param-rk=$key
	none_registered
}

reserves() {
	local type holders

	for type in 5 6 7 8; do
		begin
		persist --out --register --param-sark=$key
		persist --out --reserve --param-rk=$key --prout-type=$type
		expect_match "type" "registrants" "$(reservation type)"
		if [ $type -ge 7 ]; then
			registered_by_both 1 1
		else
			# By the one path or the other
			holders=$(registrants | grep -c ':1$')
			expect "holders" 1 "$holders"
			expect "registrants" 2 "$(reservation nr_registrants)"
		fi
		persist --in --read-reservation
		expect_match "reservation" \
			"Key *= *0x$([ $type -ge 7 ] && echo 0 || echo $key)" "$out"
		persist --in --read-full-status
		expect_match "full status" "0x$key" "$out"

		# Both paths may write, the other initiator may not
		map_writes
		expect "WRITE by the other one" conflict "$(writes "$b")"
		expect "READ by the other one" \
			"$([ $((type % 2)) = 1 ] && echo good || echo conflict)" "$(reads "$b")"
		persist --out --release --param-rk=$key --prout-type=$type
		expect type none "$(reservation type)"
		registered_by_both
		expect "WRITE by the other one" good "$(writes "$b")"
		persist --out --clear --param-rk=$key
		none_registered
	done
}

preempts() {
	begin
	persist --out --register --param-sark=$key
	pr good "$b" register 0 0 b
	pr good "$b" reserve 5 b 0
	map_writes
	persist --out --preempt --param-rk=$key --param-sark=b --prout-type=6
	expect type exclusive_access_registrants_only "$(reservation type)"
	expect "registrants" 2 "$(reservation nr_registrants)"
	uas 6/2a/05 "$b"
	expect "READ by the other one" conflict "$(reads "$b")"
	map_writes
	pr good "$b" register 0 0 b
	persist --out --preempt-abort --param-rk=$key --param-sark=b --prout-type=6
	expect "registrants" 2 "$(reservation nr_registrants)"
}

# The map is fenced: its I/O fails, and does not wait for a path
is_preempted() {
	begin
	persist --out --register --param-sark=$key
	persist --out --reserve --param-rk=$key --prout-type=5
	map_writes
	pr good "$b" register 0 0 b
	pr good "$b" preempt 5 b $key
	registered "$(nexus_b b 1)"
	! map_writes 2>"$tmp/err" || fail "a map that was preempted writes"
	# EBADE, as the block layer has it for a conflict
	grep -q 'Invalid exchange' "$tmp/err" || fail "dd: $(<"$tmp/err")"
	expect "WRITE by the other one" good "$(writes "$b")"
	pr good "$b" clear 0 b 0
	map_writes
}

path_is_registered() {
	reservation nr_registrants | grep -qx 2
}

# multipathd registers what is added to a map that is registered
new_path_is_registered() {
	begin
	persist --out --register --param-sark=$key
	persist --out --reserve --param-rk=$key --prout-type=5
	pr good "$c" ignore 0 0 0
	expect "registrants" 1 "$(reservation nr_registrants)"
	del_session tgt1 host2
	within 30 has_map 1 || fail "the path is still there"
	add_session tgt1 host2
	within 60 has_map 2 || fail "the path is not there"
	within 30 path_is_registered || {
		tail -n 30 "$tmp/multipathd"
		fail "the new path is not registered: $(registrants)"
	}
	map_writes
}

# It may take longer to end than it is waited for
multipathd_ends() {
	multipathd shutdown || ! pidof multipathd
}

take_apart() {
	[ -s "$tmp/map" ] || fail "there was no map"
	map=$(<"$tmp/map")
	within 20 quiet map_goes "$map" || fail "the map stays"
	: >"$tmp/map"
	within 20 quiet multipathd_ends || fail "multipathd stays"
	udevadm control --exit
	rm -f /etc/multipath.conf $prkeys
	pr_take_apart
}

kernel_log() {
	quiet_log "$log"
}

for program in mpathpersist multipathd udevadm dmsetup; do
	command -v $program >/dev/null || skip_all "no $program"
done
find_udevd >/dev/null || skip_all "no udevd"
scst_load
modinfo -n dm-multipath >/dev/null 2>&1 || skip_all "the kernel has no dm-multipath"
pr_cmd=$(helper pr_cmd) || skip_all "no helper program pr_cmd"
log=$(log_mark)
dmesg --console-level warn
trap stop_multipathd EXIT
main a_map_of_two_paths registers reports_capabilities registers_to_persist \
	registers_at_all_ports reserves preempts is_preempted new_path_is_registered \
	take_apart kernel_log
