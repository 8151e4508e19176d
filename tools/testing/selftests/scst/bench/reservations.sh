#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In a guest: what reads and writes cost by how many initiators are registered; where
# there is one at all there is a reservation too, which this one has a share in:
#
#   reservations.sh OUT REGISTRANTS...
#
# At last, what reads cost an initiator that is not registered, of a unit that another one
# has reserved: under WRITE EXCLUSIVE all may read.
#
# fio's reports are in the directory OUT, by reg<NUMBER>, or other, in place of the stack.
set -eu
cd "$(dirname "$0")"
# shellcheck source=tools/testing/selftests/scst/bench/lib.sh
. ./lib.sh
out=$1
shift

# registrants NUMBER: this initiator, and others that are not logged in.  sg_persist
# takes no more than a few at a time, and it is for an initiator that is not registered.
registrants() {
	local i

	[ "$1" != 0 ] || return 0
	for ((i = 1; i < $1; i++)); do
		sg_persist --out --register --param-sark=1 \
			--transport-id="sas,$(printf '5000000000%06x' "$i")" "$dev"
		sg_persist --out --register --param-rk=1 --param-sark=0 "$dev"
	done
	sg_persist --out --register --param-sark=1 "$dev"
	sg_persist --out --reserve --param-rk=1 --prout-type=7 "$dev"
	[ "$(<"/sys/devices/scst/devices/bench$n/reservation/nr_registrants")" = "$1" ]
}

# other_holds: an initiator that is not logged in has a reservation, and this one may read
# because of its type alone
other_holds() {
	local unit=/sys/devices/scst/devices/bench$n port

	port=$(printf %x "$(</sys/devices/scst/targets/bench/rel_tgt_id)")
	sg_persist --out --register --param-sark=1 "$dev"
	sg_persist --out --reserve --param-rk=1 --prout-type=1 "$dev"
	sg_persist --out --register-move --unreg --param-rk=1 --param-sark=2 --prout-type=1 \
		--relative-target-port="$port" --transport-id=sas,5000000000000001 "$dev"
	[ "$(<"$unit/reservation/type")" = write_exclusive ]
	[ "$(<"$unit/reservation/nr_registrants")" = 1 ]
	! dd if=/dev/zero of="$dev" bs=4k count=1 oflag=direct 2>/dev/null
}

# shellcheck disable=SC2034  # of lib.sh
n=0
setup_spec scst:null
for number; do
	registrants "$number" >/dev/null
	measure "reg$number"
	[ "$number" = 0 ] || sg_persist --out --clear --param-rk=1 "$dev" >/dev/null
done
other_holds >/dev/null
measure other randread-4k
