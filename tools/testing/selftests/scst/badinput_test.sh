#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=64M MEM=512 SMP=1 TIMEOUT=240
# Bad input to every attribute: the errno says what is wrong, one line in the
# kernel log says more, and nothing has changed.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fileio=$dev_bus/drivers/vdisk_fileio
blockio=$dev_bus/drivers/vdisk_blockio
nullio=$dev_bus/drivers/vdisk_nullio
local_driver=$port_bus/drivers/scst_local
tgt=$scst_targets/tgt0
image=$tmp/disk.img

# What there is, with the values that do not count anything
state() {
	find /sys/devices/scst \( -name power -o -name 'host[0-9]*' -o -name statistics \) \
		-prune -o -type f -perm -u+r ! -name uevent ! -name '*commands' \
		! -name transport_id -exec grep -aH '' {} + -o -print | sort
	ls "$dev_bus/devices" "$port_bus/devices"
}

# refused ERRNO FILE DATA
refused() {
	local data=${3:0:60}

	echo "scst_test: refused: '${data//[[:cntrl:]]/?}' > $2" >/dev/kmsg
	expect_errno "$1" "$2" "$3"
}

# begin: one object of each kind, where a failure has taken them apart
begin() {
	[ -d "$scst_devices/file01" ] || add_device vdisk_fileio file01 "filename=$image"
	[ -d "$scst_devices/block01" ] || add_device vdisk_blockio block01 "filename=/dev/vda"
	[ -d "$scst_devices/null01" ] || add_device vdisk_nullio null01 size=1G
	[ -d "$tgt" ] || add_target tgt0 session_name=host0
	[ -d "$tgt/luns/0" ] || add_lun tgt0 0 file01
	disk=$(disk_of tgt0 0)
	before=$(state)
	log=$(log_mark)
}

# nothing_but_lines: since begin, each refusal has put one line into the log, and
# nothing has changed
nothing_but_lines() {
	local bad after

	bad=$(dmesg --decode | sed -n "/$log/,\$p" | awk '
		function check() {
			if (what != "" && n != 1)
				print n " lines for " what
		}
		/scst_test: refused: / { check(); what = $0; n = 0; next }
		/scst_test: end/ { check(); what = ""; next }
		/'"$no_business"'/ { next }
		/^kern *:(emerg|alert|crit|err|warn) / { n++ }')
	[ -z "$bad" ] || fail "$bad"
	after=$(state)
	[ "$before" = "$after" ] ||
		fail "something changed: $(diff <(echo "$before") <(echo "$after"))"
}

# done_refusing: what follows is not refused
done_refusing() {
	echo "scst_test: end" >/dev/kmsg
}

long() {
	head -c "$1" /dev/zero | tr '\0' "${2:-x}"
}

names_of_devices() {
	local name

	begin
	for name in uevent power subsystem driver session1 session4711 . .. a/b a!b \
		$'a\001b' $'\177' 'é' '=x' 'x=y'; do
		refused EINVAL "$nullio/add_device" "$name size=1073741824"
	done
	refused EINVAL "$nullio/add_device" "$(long 129) size=1073741824"
	refused EINVAL "$nullio/add_device" $'\n'
	refused EINVAL "$nullio/add_device" '   '
	done_refusing
	put "$nullio/add_device" "$(long 128) size=1073741824"
	put "$nullio/del_device" "$(long 128)"
	# These only look like it
	put "$nullio/add_device" "sessionx size=1073741824"
	put "$nullio/del_device" sessionx
	nothing_but_lines
}

names_of_targets() {
	local name

	begin
	for name in uevent power subsystem driver session1 . .. a/b a!b $'a\001b' 'é'; do
		refused EINVAL "$local_driver/add_target" "$name"
	done
	refused EINVAL "$local_driver/add_target" "$(long 129)"
	refused EINVAL "$local_driver/add_target" $'\n'
	refused EEXIST "$local_driver/add_target" tgt0
	refused EINVAL "$local_driver/add_target" "tgt1 bogus=1"
	refused EINVAL "$local_driver/add_target" "tgt1 session_name"
	refused EINVAL "$local_driver/add_target" "tgt1 session_name="
	refused EEXIST "$local_driver/add_target" "tgt1 session_name=a session_name=a"
	refused ENOENT "$local_driver/del_target" nothing
	refused EINVAL "$local_driver/del_target" "tgt0 tgt1"
	refused EINVAL "$local_driver/del_target" $'\n'
	nothing_but_lines
}

sessions() {
	begin
	refused EEXIST "$local_driver/add_session" "tgt0 host0"
	refused ENOENT "$local_driver/add_session" "nothing host0"
	refused ENOENT "$local_driver/del_session" "tgt0 nothing"
	refused ENOENT "$local_driver/del_session" "nothing host0"
	refused EINVAL "$local_driver/add_session" "tgt0"
	refused EINVAL "$local_driver/add_session" "tgt0 $(long 256)"
	refused EINVAL "$local_driver/add_session" $'tgt0 a\001b'
	refused EINVAL "$local_driver/add_session" 'tgt0 a b'
	done_refusing
	put "$local_driver/add_session" "tgt0 $(long 255)"
	put "$local_driver/del_session" "tgt0 $(long 255)"
	nothing_but_lines
}

parameters_of_all_handlers() {
	local dir value

	begin
	for dir in "$fileio filename=$image" "$blockio filename=/dev/vda" "$nullio size=1G"; do
		for value in bogus=1 bogus '=' '=1' read_only= read_only=2 read_only=-1 \
			read_only=yes removable=x rotational=256 blocksize=0 \
			blocksize=511 blocksize=513 blocksize=256 blocksize=8192 \
			blocksize=4294967808 blocksize=-512 blocksize=x \
			"blocksize=512 blocksize=512" "vendor=$(long 9)" \
			"revision=$(long 5)" "prod_id=$(long 300)" vendor= \
			$'vendor=\001' 'usn=é' "usn=$(long 2000)" "t10_dev_id=$(long 300)"; do
			refused EINVAL "${dir% *}/add_device" "bad01 ${dir#* } $value"
		done
	done
	refused EEXIST "$fileio/add_device" "file01 filename=$image"
	refused EEXIST "$nullio/add_device" "file01 size=1G"
	# The store is in use
	refused EBUSY "$blockio/add_device" "block01 filename=/dev/vda"
	nothing_but_lines
}

stores() {
	begin
	mkdir "$tmp/dir"
	: >"$tmp/empty"
	head -c 100 /dev/zero >"$tmp/tiny"
	refused EINVAL "$fileio/add_device" "bad01"
	refused EINVAL "$fileio/add_device" "bad01 filename="
	refused EINVAL "$fileio/add_device" "bad01 filename=disk.img"
	refused ENOENT "$fileio/add_device" "bad01 filename=$tmp/nothing"
	refused ENOTDIR "$fileio/add_device" "bad01 filename=$image/x"
	refused EISDIR "$fileio/add_device" "bad01 filename=$tmp/dir"
	refused EINVAL "$fileio/add_device" "bad01 filename=/dev/null"
	refused EINVAL "$fileio/add_device" "bad01 filename=$tmp/empty"
	refused EINVAL "$fileio/add_device" "bad01 filename=$tmp/tiny"
	refused EINVAL "$fileio/add_device" "bad01 filename=$image nv_cache=1 write_through=1"
	refused EINVAL "$fileio/add_device" "bad01 filename=$image filename=$image"
	refused EINVAL "$fileio/add_device" "bad01 filename=$image size=1G"
	refused EINVAL "$blockio/add_device" "bad01"
	refused ENOENT "$blockio/add_device" "bad01 filename=/dev/nothing"
	refused ENOTBLK "$blockio/add_device" "bad01 filename=$image"
	refused ENOTBLK "$blockio/add_device" "bad01 filename=/dev/null"
	refused EINVAL "$blockio/add_device" "bad01 filename=/dev/vda o_direct=1"
	refused EBUSY "$blockio/add_device" "bad01 filename=/dev/vda"
	refused EINVAL "$nullio/add_device" "bad01 filename=$image"
	for value in 0 -1 511 513 9223372036854775808 18446744073709551616 16777216T 1X 1GG x; do
		refused EINVAL "$nullio/add_device" "bad01 size=$value"
	done
	nothing_but_lines
}

deleting_devices() {
	begin
	refused ENOENT "$fileio/del_device" nothing
	# Of another handler; mapped; two words
	refused ENOENT "$nullio/del_device" file01
	refused EBUSY "$fileio/del_device" file01
	refused EINVAL "$fileio/del_device" "file01 file01"
	refused EINVAL "$fileio/del_device" $'\n'
	nothing_but_lines
}

luns() {
	local lun

	begin
	refused EEXIST "$tgt/luns/add" "file01 0"
	refused ENOENT "$tgt/luns/add" "nothing 1"
	refused ENOENT "$tgt/luns/del" 1
	refused ENOENT "$tgt/luns/replace" "file01 1"
	refused ENOENT "$tgt/luns/replace" "nothing 0"
	for lun in '' -1 16384 18446744073709551616 0x4000 x 1x '0 bogus=1' '0 read_only' \
		'0 read_only=7' '0 max_commands' '0 max_commands=-1' '0 0' '1=2'; do
		refused EINVAL "$tgt/luns/add" "null01 $lun"
		refused EINVAL "$tgt/luns/replace" "null01 $lun"
	done
	for lun in -1 16384 x '0 0' $'\n' 1=0 0=1; do
		refused EINVAL "$tgt/luns/del" "$lun"
	done
	refused EINVAL "$tgt/luns/add" $'\n'
	nothing_but_lines
}

groups_and_patterns() {
	local name groups=$tgt/ini_groups dirs=/sys/devices/scst/device_groups

	begin
	done_refusing
	put "$groups/add" g0
	put "$groups/g0/initiators/add" "some*"
	put "$dirs/add" dg0
	put "$dirs/dg0/target_groups/add" tpg0
	before=$(state)
	for name in add del uevent a/b .. $'\n' 'a b' "$(long 129)" $'a\001b'; do
		refused EINVAL "$groups/add" "$name"
		refused EINVAL "$dirs/add" "$name"
	done
	refused EEXIST "$groups/add" g0
	refused ENOENT "$groups/del" g1
	for name in a/b 'a[b]' '!' $'\n' 'a b' "$(long 256)"; do
		refused EINVAL "$groups/g0/initiators/add" "$name"
	done
	refused EEXIST "$groups/g0/initiators/add" "some*"
	refused ENOENT "$groups/g0/initiators/del" some
	refused ENOENT "$groups/g0/initiators/take" g1
	refused EINVAL "$groups/g0/initiators/take" g0
	refused EINVAL "$groups/g0/addr_method" flat
	refused ENOENT "$groups/g0/luns/add" "nothing 0"
	refused EEXIST "$dirs/add" dg0
	refused ENOENT "$dirs/del" dg1
	refused ENOENT "$dirs/dg0/devices/add" nothing
	refused ENOENT "$dirs/dg0/devices/del" file01
	refused EEXIST "$dirs/dg0/target_groups/add" tpg0
	refused ENOENT "$dirs/dg0/target_groups/del" tpg1
	refused EINVAL "$dirs/dg0/target_groups/tpg0/state" asleep
	refused EINVAL "$dirs/dg0/target_groups/tpg0/group_id" 0
	refused ENOENT "$dirs/dg0/target_groups/tpg0/targets/del" tgt0
	refused EINVAL "$dirs/dg0/explicit_timeout" 0
	refused ENOENT "$dirs/dg0/answer" "1 done"
	refused EINVAL "$scst_devices/file01/blocked" 0
	refused EINVAL "$scst_devices/file01/blocked" x
	done_refusing
	nothing_but_lines
	put "$groups/del" g0
	put "$dirs/del" dg0
}

settings() {
	local value

	begin
	for value in 2 -1 x $'\n'; do
		refused EINVAL "$tgt/enabled" "$value"
	done
	refused EBUSY "$tgt/rel_tgt_id" 77
	done_refusing
	add_target tgt1
	put "$scst_targets/tgt1/enabled" 0
	for value in 0 x $'\n' '1 2'; do
		refused EINVAL "$scst_targets/tgt1/rel_tgt_id" "$value"
	done
	for value in 65536 -1; do
		refused "$(rel_tgt_id_errno "$value")" "$scst_targets/tgt1/rel_tgt_id" "$value"
	done
	refused EEXIST "$scst_targets/tgt1/rel_tgt_id" "$(<"$tgt/rel_tgt_id")"
	done_refusing
	del_target tgt1
	for value in flat2 PERIPHERALX x $'\n'; do
		refused EINVAL "$tgt/addr_method" "$value"
	done
	for value in -1 x $'\n' '1 2'; do
		refused EINVAL "$tgt/max_session_commands" "$value"
		refused EINVAL "$tgt/luns/0/max_commands" "$value"
	done
	refused ERANGE "$tgt/max_session_commands" 4294967296
	refused ERANGE "$tgt/luns/0/max_commands" 4294967296
	for value in x $'\n' 0xx; do
		refused EINVAL "$tgt/scsi_transport_version" "$value"
		refused EINVAL "$tgt/phys_transport_version" "$value"
		refused EINVAL /sys/devices/scst/setup_id "$value"
	done
	for value in x iqn 'iqn.a b' $'iqn.\001' "$(long 2000)"; do
		refused EINVAL "$tgt/port_name" "$value"
	done
	refused ERANGE "$tgt/scsi_transport_version" 65536
	refused ERANGE /sys/devices/scst/setup_id 4294967296
	nothing_but_lines
}

# kstrtou16() tells a number out of range from what is no number
rel_tgt_id_errno() {
	if [ "$1" = 65536 ]; then
		echo ERANGE
	else
		echo EINVAL
	fi
}

identity() {
	local dev=$scst_devices/file01 name

	begin
	for name in vendor prod_id revision usn t10_dev_id; do
		refused EINVAL "$dev/$name" $'\n'
		refused EINVAL "$dev/$name" $'a\001'
		refused EINVAL "$dev/$name" 'é'
		refused EINVAL "$dev/$name" "$(long 2000)"
	done
	for name in x 0 -1 513 9223372036854775808; do
		refused EINVAL "$scst_devices/null01/size" "$name"
	done
	nothing_but_lines
}

# ours: all attributes of SCST that have the mode, without the driver core's
ours() {
	find /sys/devices/scst "$dev_bus/drivers"/* "$local_driver/" \
		\( -name 'host[0-9]*' -o -name power \) -prune -o -type f -perm "$1" \
		! -name uevent ! -name bind ! -name unbind ! -path '*/module/*' -print
}

# Those that take anything: a word to them is an order
takes_anything() {
	case ${1##*/} in
	clear | close | resync_size) return 0 ;;
	esac
	return 1
}

binary_and_huge_input() {
	local file got n=0

	begin
	head -c 4096 /bin/bash >"$tmp/binary"
	long 1048576 >"$tmp/huge"
	while read -r file; do
		! takes_anything "$file" || continue
		for input in binary huge; do
			n=$((n + 1))
			echo "scst_test: refused: $input > $file" >/dev/kmsg
			got=$("$wr" "$file" - <"$tmp/$input") || :
			case $got in
			EINVAL | ENOENT | ENAMETOOLONG | E2BIG) ;;
			*) fail "$input > $file: $got" ;;
			esac
		done
	done < <(ours -u+w)
	[ "$n" -gt 40 ] || fail "only $n writes"
	! log_bad "$log" | grep -qE '.{400}' || fail "long lines"
	nothing_but_lines
}

wrong_direction() {
	local file

	begin
	while read -r file; do
		expect_errno EACCES "$file" 1
	done < <(ours -u+r | while read -r file; do
		[ -n "$(find "$file" -perm -u+w)" ] || echo "$file"
	done)
	while read -r file; do
		expect "reading $file" EACCES "$("$wr" -r "$file")"
	done < <(ours -u+w | while read -r file; do
		[ -n "$(find "$file" -perm -u+r)" ] || echo "$file"
	done)
}

every_attribute_can_be_read() {
	local file

	begin
	while read -r file; do
		expect "reading $file" OK "$("$wr" -r "$file")"
	done < <(ours -u+r)
}

# Root without CAP_SYS_ADMIN: root in a container
without_cap_sys_admin() {
	local file got n=0

	begin
	while read -r file; do
		n=$((n + 1))
		got=$(setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin \
			"$wr" "$file" 1) || :
		expect "1 > $file" EPERM "$got"
	done < <(ours -u+w)
	[ "$n" -gt 20 ] || fail "only $n attributes"
	[ "$before" = "$(state)" ] || fail "something changed"
}

still_works() {
	begin
	fio_verify "$disk" 1M
	put "$tgt/luns/clear" 1
	del_device file01
	del_device null01
	del_device block01
	del_target tgt0
	scst_unload
}

scst_load
truncate -s 16M "$image"
main names_of_devices names_of_targets sessions parameters_of_all_handlers stores \
	deleting_devices luns groups_and_patterns settings identity binary_and_huge_input \
	wrong_direction every_attribute_can_be_read without_cap_sys_admin still_works
