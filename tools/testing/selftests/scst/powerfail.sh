#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest's part of make.d/powerfail.sh, which kills the guest while it changes
# persistent reservations and looks at what is left of them:
#
#   powerfail.sh run SEED	change them for ever; /var/lib/scst is on /dev/vda.  The
#				console has "begin N STATE" and "done N" of each change
#   powerfail.sh check N	print "state I STATE" for each of the disks vda, vdb, ...
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

unit=$scst_devices/disk01
dir=/var/lib/scst

# mount_store DISK
mount_store() {
	mkdir -p $dir
	mount "$1" $dir
}

add_unit() {
	truncate -s 16M "$tmp/disk.img"
	add_device vdisk_fileio disk01 "filename=$tmp/disk.img"
}

nexus() {
	cat "$(session_of "$1" "$2")/transport_id" >"$tmp/id.$1.$2"
	echo "$(sg_of "$1" 0 "$2"),$(<"$scst_targets/$1/rel_tgt_id"),$tmp/id.$1.$2"
}

run() {
	local program disk

	program=$(helper pr_model)
	mount_store /dev/vda
	mkdir -p $dir/pr
	sync
	add_unit
	add_target tgt0 session_name=host0
	add_session tgt0 host1
	add_target tgt1 session_name=host2
	add_lun tgt0 0 disk01
	add_lun tgt1 0 disk01
	# sd has read what it wants to
	for disk in "$(disk_of tgt0 0 host0)" "$(disk_of tgt0 0 host1)" \
		"$(disk_of tgt1 0 host2)"; do
		sleep 0.3
		blockdev --flushbufs "$disk"
	done
	exec "$program" -a -k "$1" 1000000000 "$(nexus tgt0 host0)" "$(nexus tgt0 host1)" \
		"$(nexus tgt1 host2)"
}

# As pr_model prints it: type, and PORT:ADDRESS:KEY:HOLDER of each registrant
state() {
	local registrant

	cat "$unit/reservation/type"
	for registrant in "$unit"/registrants/[0-9]*; do
		[ -e "$registrant/key" ] || continue
		printf '%s:%s:%s:%s\n' "$(<"$registrant/rel_tgt_id")" \
			"$(hex -j4 -N8 "$registrant/transport_id")" \
			"$(<"$registrant/key")" "$(<"$registrant/holder")"
	done | LC_ALL=C sort
}

check() {
	local n disk mark letters=abcdefghijklmnopqrstuvwxyz

	for ((n = 1; n <= $1; n++)); do
		disk=/dev/vd${letters:n - 1:1}
		mount_store "$disk" || fail "$disk cannot be mounted"
		mark=$(log_mark)
		add_unit
		echo "state $n $(state | paste -sd' ')"
		log_since "$mark" | grep -E 'cannot be used|lost' | sed "s/^/damaged $n /"
		echo "files $n: $(cd $dir/pr && echo -- *)"
		del_device disk01
		umount $dir
	done
}

scst_load
dmesg --console-level warn
set -e
case ${1-} in
run | check) "$@" ;;
*)
	echo "powerfail.sh run SEED, or powerfail.sh check N" >&2
	exit 2
	;;
esac
