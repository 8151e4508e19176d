# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the tests share: KTAP, SCST's objects by sysfs, uevents, the kernel log.
#
# A test script defines functions and calls main with their names.  Each of them
# is one KTAP test and runs in a subshell with errexit: a command that fails
# fails the test; fail() and skip() end it with a reason.  Objects it leaves
# behind are there for the next one, and so are the variables $disk, $lun, $file
# and $sg; cleanup_all() takes all apart at the end.

dev_bus=/sys/bus/scsi_tgt_dev
port_bus=/sys/bus/scsi_tgt_port
scst_devices=/sys/devices/scst/devices
scst_targets=/sys/devices/scst/targets
# shellcheck disable=SC2034  # for the tests
device_groups=/sys/devices/scst/device_groups

lib_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/scst.XXXXXX")

# rounds SHORT SOAK: how often to repeat something
rounds() {
	if [ "${SCST_SOAK:-0}" = 1 ]; then
		echo "$2"
	else
		echo "$1"
	fi
}

# by_kernel NORMAL CHECKED: what the normal kernel needs, and one full of checks
by_kernel() {
	if [ "${SCST_KERNEL:-normal}" = normal ]; then
		echo "$1"
	else
		echo "$2"
	fi
}

# How many times as long it takes there; once, as what asks for it is called often
patience=$(by_kernel 1 6)

# --- KTAP

ktap_helpers() {
	local built="$lib_dir/../../../../build/linux/tools/testing/selftests"
	local file

	for file in "$lib_dir/../kselftest/ktap_helpers.sh" "${KTAP_HELPERS:-}" \
		"$built/kselftest/ktap_helpers.sh"; do
		if [ -r "$file" ]; then
			echo "$file"
			return
		fi
	done
	echo "ktap_helpers.sh not found: set KTAP_HELPERS" >&2
	return 1
}

ktap=$(ktap_helpers) || exit 1
# shellcheck source=/dev/null
. "$ktap"

# msg TEXT: a diagnostic line
msg() {
	echo "# $*"
}

# fail TEXT: the test that calls it has failed
fail() {
	echo "failed: $*" >&2
	exit 1
}

# skip TEXT: the test that calls it can't be done here
skip() {
	echo "$*" >"$tmp/reason"
	exit 4
}

# skip_all TEXT: nothing of the script can be done here
skip_all() {
	ktap_print_header
	ktap_skip_all "$*"
	exit "$KSFT_SKIP"
}

# descendants PID...: these processes, and all that they have started
descendants() {
	local pid

	for pid; do
		echo "$pid"
		# shellcheck disable=SC2046  # a list of words
		descendants $(pgrep -P "$pid")
	done
}

# In the subshell of a test: what it left in the background ends with it; a command that
# went on would keep the pipe open that run_test waits for
# shellcheck disable=SC2317  # a trap calls it
end_of_test() {
	local status=$? pids

	trap - EXIT
	# shellcheck disable=SC2154  # sg: set by some of the tests
	declare -p disk lun file sg 2>/dev/null | sed 's/^declare --/declare -g/' >"$tmp/variables"
	# shellcheck disable=SC2046
	pids=$(descendants $(jobs -p))
	if [ -n "$pids" ]; then
		# shellcheck disable=SC2086  # a list of words
		kill $pids 2>/dev/null || :
		# shellcheck disable=SC2086
		wait $pids 2>/dev/null || :
	fi
	exit "$status"
}

# A script whose tests share their objects has another one
after_failure() {
	cleanup_devices
}

run_test() {
	local status mark

	mark=$(log_mark)
	(
		set -e
		trap end_of_test EXIT
		"$1"
	) 2>&1 | sed -u 's/^/# /'
	status=${PIPESTATUS[0]}
	# shellcheck source=/dev/null
	. "$tmp/variables"
	case $status in
	0)
		ktap_test_pass "${1//_/ }"
		;;
	4)
		__ktap_test ok "${1//_/ }" "SKIP $(<"$tmp/reason")"
		KTAP_CNT_SKIP=$((KTAP_CNT_SKIP + 1))
		;;
	*)
		msg "exit status $status; the kernel's last messages:"
		log_since "$mark" | tail -n 20 | sed 's/^/#   /'
		ktap_test_fail "${1//_/ }"
		after_failure
		;;
	esac
}

# main TEST...: run the functions, end the script
main() {
	local name

	ktap_print_header
	ktap_set_plan $#
	for name; do
		run_test "$name"
	done
	ktap_finished
}

# --- Asserting

# expect TEXT WANT GOT
expect() {
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# expect_match TEXT REGEX GOT: in any case
expect_match() {
	grep -qiE -- "$2" <<<"$3" || fail "$1: expected /$2/, got '$3'"
}

# expect_failure CMD...: with its output on stdout
expect_failure() {
	! "$@" || fail "'$*' succeeded"
}

# attribute FILE: what an attribute has; fails if that is nothing.  Elsewhere the tests have
# $(<FILE), which starts no program as $(cat FILE) does.  But it is no failure if FILE is
# there and cannot be read, and ends a script with errexit if FILE is not there.
attribute() {
	local text

	text=$(<"$1") && [ -n "$text" ] && echo "$text"
}

# hex [OPTION...] FILE: its bytes, or those of standard input, -; with options of od
hex() {
	# shellcheck disable=SC2046  # a list of words
	printf %s $(od -An -v -tx1 "$@")
}

# quiet CMD...: its output only where it fails
quiet() {
	"$@" >"$tmp/quiet" 2>&1 && return
	echo "$* failed:"
	cat "$tmp/quiet"
	return 1
}

# within SECONDS CMD...: wait until CMD succeeds, for what has no uevent; longer
# on a kernel full of checks
within() {
	local end=$((SECONDS + 1 + patience * $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# map_goes MAP: multipathd may take it away after multipath has ceased to wait for that
map_goes() {
	multipath -f "$1" || ! dmsetup info "$1"
}

# no_process PID: it has ended
no_process() {
	! kill -0 "$1" 2>/dev/null
}

# --- Helpers in C

# helper NAME: its path; compiled here if nobody did before
helper() {
	local path

	for path in "${SCST_HELPERS:-}/$1" "$lib_dir/$1" "$tmp/$1"; do
		if [ -x "$path" ]; then
			echo "$path"
			return
		fi
	done
	cc -O2 -D_GNU_SOURCE -o "$tmp/$1" "$lib_dir/$1.c" >&2 && echo "$tmp/$1"
}

# find_udevd: the path of the daemon
find_udevd() {
	local path

	for path in /lib/systemd/systemd-udevd /usr/lib/systemd/systemd-udevd /sbin/udevd; do
		if [ -x "$path" ]; then
			echo "$path"
			return
		fi
	done
	return 1
}

# start_udevd, stop_udevd: of a system that has none
start_udevd() {
	"$(find_udevd)" --daemon >/dev/null 2>&1 </dev/null || return
	udevadm settle --timeout=300 || :
}

no_udevd() {
	! udevadm control --ping 2>/dev/null
}

stop_udevd() {
	udevadm control --exit 2>/dev/null || :
	within 60 no_udevd || :
}

# expect_errno NAME FILE DATA: one write() of DATA ends with errno NAME, or OK.
# DATA may be - for standard input.
expect_errno() {
	local got

	got=$("$wr" "$2" "$3") || :
	[ "$got" = "$1" ] || fail "'${3:0:100}' > $2: expected $1, got $got"
}

# put FILE DATA: one write, which succeeds.  A program costs a slow machine more than
# what most tests are made of; the shell can do it where it needs one write().
put() {
	local got

	if [ -n "$2" ] && [ "$2" != - ] && [ ${#2} -lt 1000 ] && [[ $2 != *$'\n'* ]]; then
		printf %s "$2" >"$1" || fail "'$2' > $1"
		return
	fi
	got=$("$wr" "$1" "$2") || fail "'$2' > $1: $got"
}

# --- The kernel log

# log_mark: the log as it is now
log_mark() {
	local mark="scst_test: mark $BASHPID.$SRANDOM."

	echo "$mark" >/dev/kmsg
	echo "$mark"
}

# log_since MARK [DMESG OPTION...]: the kernel's own messages after it.  All of
# the log when the mark has been overwritten.
log_since() {
	local mark=$1

	shift
	dmesg "$@" --decode | awk -v mark="$mark" '
		index($0, mark) { n = 0; next }
		/^kern / { line[++n] = $0 }
		END { for (i = 1; i <= n; i++) print line[i] }' |
		sed -E 's/^kern *:([a-z]+) *: *\[[^]]*\] /\1: /'
}

# That a virtual CPU did not run for a while is no business of ours
no_business='hrtimer: interrupt took|clocksource: |workqueue: .* hogged CPU'

# log_bad MARK: those of severity warning or worse
log_bad() {
	log_since "$1" | grep -E '^(emerg|alert|crit|err|warn): ' | grep -vE "$no_business" || :
}

# log_clean MARK [COUNT REGEX]...: nothing of severity warning or worse came
# since MARK but COUNT (N, N-M, or any) messages for each REGEX
log_clean() {
	local bad count n

	bad=$(log_bad "$1")
	shift
	while [ $# -gt 0 ]; do
		count=$1
		n=$(grep -cE -- "$2" <<<"$bad" || :)
		if [ "$count" != any ] &&
			! ((n >= ${count%-*} && n <= ${count#*-})); then
			echo "$bad"
			fail "$n kernel messages /$2/, expected $count"
		fi
		bad=$(grep -vE -- "$2" <<<"$bad" || :)
		shift 2
	done
	[ -z "$bad" ] || fail "unexpected kernel messages: $bad"
}

# --- Modules and objects

# scst_load [MODULE...]: scst_vdisk and scst_local, or those named
scst_load() {
	local module

	[ $# -gt 0 ] || set -- scst_vdisk scst_local
	for module; do
		modinfo -n "$module" >/dev/null 2>&1 ||
			skip_all "the kernel has no module $module"
	done
	for module; do
		if [ "$module" = scst_local ]; then
			modprobe scst_local add_default_tgt=0 || return
		else
			modprobe "$module" || return
		fi
	done
}

loaded() {
	[ -d "/sys/module/$1/holders" ]
}

# rmmod_local: what has just looked at a disk, or closed an sg device, may hold it still
rmmod_local() {
	within 10 rmmod scst_local 2>/dev/null || rmmod scst_local
}

# scst_unload: all of them go, without help
scst_unload() {
	local module

	for module in scst_test scst_local scst_vdisk scst; do
		! loaded "$module" || rmmod "$module" || return
	done
	[ ! -e /sys/devices/scst ] || fail "/sys/devices/scst is still there"
	[ ! -e "$dev_bus" ] || fail "$dev_bus is still there"
	[ ! -e "$port_bus" ] || fail "$port_bus is still there"
}

# add_device HANDLER NAME [PARAMETERS]
add_device() {
	put "$dev_bus/drivers/$1/add_device" "$2${3:+ $3}"
}

# del_device NAME
del_device() {
	put "$dev_bus/drivers/$(<"$scst_devices/$1/handler")/del_device" "$1"
}

# add_target NAME [PARAMETERS [DRIVER]]
add_target() {
	put "$port_bus/drivers/${3:-scst_local}/add_target" "$1${2:+ $2}"
}

# del_target NAME [DRIVER]
del_target() {
	put "$port_bus/drivers/${2:-scst_local}/del_target" "$1"
}

# add_session TARGET NAME, del_session TARGET NAME: of scst_local
add_session() {
	put "$port_bus/drivers/scst_local/add_session" "$1 $2"
}

del_session() {
	put "$port_bus/drivers/scst_local/del_session" "$1 $2"
}

# add_lun TARGET LUN DEVICE [PARAMETERS]
add_lun() {
	put "$scst_targets/$1/luns/add" "$3 $2${4:+ $4}"
}

# del_lun TARGET LUN
del_lun() {
	put "$scst_targets/$1/luns/del" "$2"
}

# session_of TARGET [NAME]: the directory of its session; without NAME the first
session_of() {
	local dir name

	for dir in "$scst_targets/$1"/sessions/session*; do
		[ -d "$dir" ] || continue
		if [ -z "${2-}" ] ||
			{ read -r name <"$dir/initiator_name" && [ "$name" = "$2" ]; }; then
			echo "$dir"
			return
		fi
	done
	fail "target $1 has no session ${2-}"
}

# scsi_device_of TARGET LUN [SESSION]: the scsi_device's directory, which is
# there when luns/add has returned
scsi_device_of() {
	local session dir

	session=$(session_of "$1" "${3-}") || exit 1
	# As in a LUN of the flat space addressing method (SAM-6 4.7.7.3)
	for dir in "$session"/host/target*/*:*:*:{"$2",$(($2 | 0x4000))}; do
		if [ -d "$dir" ]; then
			(cd -P "$dir" && pwd)
			return
		fi
	done
	return 1
}

has_disk() {
	local dir

	dir=$(scsi_device_of "$@" 2>/dev/null) && compgen -G "$dir/block/*" >/dev/null
}

# disk_of TARGET LUN [SESSION]: /dev/sdX.  sd attaches by itself, a little later
# than the scsi_device comes.
disk_of() {
	local dir

	within 20 has_disk "$@" || fail "no disk for LUN $2 of $1"
	dir=$(scsi_device_of "$@")
	dir=$(echo "$dir"/block/*)
	within 10 test -b "/dev/${dir##*/}" || fail "no /dev/${dir##*/}"
	# The last that device_add_disk() makes before it can be opened
	within 10 test -e "$dir/bdi" || fail "/dev/${dir##*/} is not ready"
	echo "/dev/${dir##*/}"
}

# sg_of TARGET LUN [SESSION]: /dev/sgX
sg_of() {
	local dir

	dir=$(scsi_device_of "$@") || fail "no scsi_device for LUN $2 of $1"
	within 10 compgen -G "$dir/scsi_generic/*" >/dev/null ||
		fail "no sg device for LUN $2 of $1"
	dir=$(echo "$dir"/scsi_generic/*)
	within 10 test -c "/dev/${dir##*/}" || fail "no /dev/${dir##*/}"
	echo "/dev/${dir##*/}"
}

# export_disk HANDLER NAME PARAMETERS [LUN PARAMETERS]: a device, a target tgt0
# where there is none yet, a LUN.  The disk is in $disk, the LUN in $lun.
export_disk() {
	add_device "$1" "$2" "$3"
	[ -d "$scst_targets/tgt0" ] || add_target tgt0 session_name=host0
	lun=0
	while [ -d "$scst_targets/tgt0/luns/$lun" ]; do
		lun=$((lun + 1))
	done
	add_lun tgt0 "$lun" "$2" "${4-}"
	disk=$(disk_of tgt0 "$lun")
}

# unexport_disk NAME
unexport_disk() {
	del_lun tgt0 "$lun"
	del_device "$1"
	[ ! -e "$disk" ] || within 10 test ! -e "$disk" ||
		fail "$disk is still there"
}

# dm COMMAND..., dm_table NAME TABLE, dm_disk NAME: a mapped device as the store of a test
dm() {
	dmsetup --noudevsync --noudevrules "$@" >/dev/null
}

dm_table() {
	dm suspend "$1"
	dm load "$1" --table "$2"
	dm resume "$1"
}

dm_disk() {
	local name

	name=$(grep -lx "$1" /sys/block/dm-*/dm/name)
	name=${name%/dm/name}
	echo "/dev/${name##*/}"
}

# cleanup_devices: unmap and delete all devices, whoever uses them
cleanup_devices() {
	local dir

	! mountpoint -q "$tmp/mnt" || umount "$tmp/mnt"
	for dir in "$scst_targets"/*/luns "$scst_targets"/*/ini_groups/*/luns; do
		[ ! -d "$dir" ] || echo 1 >"$dir/clear"
	done
	for dir in "$scst_devices"/*; do
		[ ! -e "$dir/handler" ] ||
			echo "${dir##*/}" >"$dev_bus/drivers/$(<"$dir/handler")/del_device"
	done
} 2>/dev/null

cleanup_targets() {
	local dir

	for dir in "$scst_targets"/*; do
		[ ! -d "$dir/driver" ] || echo "${dir##*/}" >"$dir/driver/del_target"
	done
} 2>/dev/null

cleanup_mounts() {
	local dir

	grep -F " $tmp/" /proc/mounts | cut -d' ' -f2 | tac | while read -r dir; do
		umount "$dir"
	done
}

# cleanup_all: take everything apart, whatever there is
cleanup_all() {
	local module

	cd /
	cleanup_mounts 2>/dev/null
	cleanup_devices
	cleanup_targets
	# What was mounted on a disk that is gone, the store of a device
	cleanup_mounts
	for module in scst_test scst_local scst_vdisk scst; do
		! loaded "$module" || rmmod "$module" 2>/dev/null
	done
	rm -rf "$tmp"
}

# shellcheck disable=SC2317  # the traps call it
cleanup_on_exit() {
	local status=$?

	trap - EXIT
	cleanup_all
	exit "$status"
}

# --- uevents

uevent_fd=
uevent_log=$tmp/uevent.log
uevent=
uevent_part=

# uevents_start: from now on none is missed
uevents_start() {
	local program ready

	program=$(helper uevents) || return
	# Its standard error could be the pipe whose end run_test() waits for
	exec {uevent_fd}< <(exec "$program" 2>/dev/null)
	uevent_part=
	uevent_pid=$!
	read -r -t 10 ready <&"$uevent_fd" && [ "$ready" = ready ]
}

# wait_uevent SECONDS PROPERTY...: the next uevent that has all these
# properties; those that come before it are only logged.  It is in $uevent.
wait_uevent() {
	local end=$((SECONDS + patience * $1)) property

	shift
	while [ "$SECONDS" -le "$end" ]; do
		# What it has of a line when its time is over is not read again
		read -r -t 1 uevent <&"$uevent_fd" || {
			uevent_part+=$uevent
			continue
		}
		uevent=$uevent_part$uevent
		uevent_part=
		printf '%s\n' "$uevent" >>"$uevent_log"
		for property; do
			# shellcheck disable=SC2053  # a pattern
			[[ $'\t'$uevent$'\t' == *$'\t'$property$'\t'* ]] || continue 2
		done
		return 0
	done
	echo "no uevent with $*"
	return 1
}

# uevent_property NAME: of $uevent
uevent_property() {
	tr '\t' '\n' <<<"$uevent" | sed -n "s/^$1=//p" | head -n 1
}

# uevents_stop: log those that are left
uevents_stop() {
	[ -n "$uevent_fd" ] || return 0
	while read -r -t 0.3 uevent <&"$uevent_fd"; do
		printf '%s\n' "$uevent" >>"$uevent_log"
	done
	kill "$uevent_pid" 2>/dev/null
	exec {uevent_fd}<&-
	uevent_fd=
}

# --- Data

# make_tree DIR: 500 files of random data in 5 directories
make_tree() {
	local n

	for n in 1 2 3 4 5; do
		mkdir -p "$1/dir$n"
		head -c $((n * 300000 + 17)) /dev/urandom |
			split -a 3 -b $((n * 3000 + 1)) - "$1/dir$n/file"
	done
}

# checksums DIR FILE
checksums() {
	(cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$2"
}

# fs_roundtrip DISK [MKFS OPTION...]: a file system with a tree in it, checked
# after everything has been written and the caches have been dropped
fs_roundtrip() {
	local disk=$1 mnt=$tmp/mnt tree=$tmp/tree

	shift
	[ -d "$tree" ] || make_tree "$tree"
	[ -e "$tmp/sums" ] || checksums "$tree" "$tmp/sums"
	mkdir -p "$mnt"
	mkfs.ext4 -q -F "$@" "$disk"
	mount "$disk" "$mnt"
	cp -r "$tree" "$mnt/tree"
	umount "$mnt"
	quiet fsck.ext4 -fn "$disk"
	blockdev --flushbufs "$disk"
	mount "$disk" "$mnt"
	echo 3 >/proc/sys/vm/drop_caches
	(cd "$mnt/tree" && sha256sum --quiet -c "$tmp/sums")
	umount "$mnt"
}

# run_fio FILE OPTION...: its output is in $fio_out, and shown when it fails
fio_out=$tmp/fio.out

run_fio() {
	local file=$1

	shift
	fio --name=job --filename="$file" --ioengine=libaio --direct=1 --thread \
		--allow_mounted_write=0 --group_reporting "$@" >"$fio_out" 2>&1 && return
	cat "$fio_out"
	return 1
}

# io_runs: on $disk
io_runs() {
	local before

	before=$(<"/sys/block/${disk##*/}/stat")
	sleep 0.2
	[ "$before" != "$(<"/sys/block/${disk##*/}/stat")" ]
}

# fio_verify DISK SIZE [OPTION...]: random writes and reads in batches, verified
fio_verify() {
	local file=$1 size=$2

	shift 2
	run_fio "$file" --rw=randrw --bs=4k --size="$size" --iodepth=32 \
		--allow_file_create=0 \
		--iodepth_batch=16 --iodepth_batch_complete_min=1 \
		--iodepth_batch_complete_max=16 --verify=crc32c --verify_fatal=1 \
		--verify_state_save=0 "$@"
}

trap cleanup_on_exit EXIT
trap 'exit 130' INT TERM HUP
wr=$(helper wr) || { echo "no helper program wr" >&2; exit 1; }
