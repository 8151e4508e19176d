#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Boot a kernel in QEMU and run one command in it as root.  The guest's root is
# the host's own file system, read-only over 9p under a tmpfs overlay, so there
# is no image, and every program and path of the host is there.
#
#   vm.sh [VARIABLE=VALUE...]; variables of the environment count too:
#
#   CMD=      the command, for bash -c in the current directory
#   KERNEL=   normal (default), debug, remove, or a bzImage
#   DISKS=    virtio disks (vda, ...): sizes such as 512M or 2G, or raw files
#   SCSI=     SCSI disks, likewise, of a virtio adapter that transfers 32 KiB at a
#             time, or with @pvscsi or the like of another one; and CDs: cd: and
#             a size, which has random data, or a file
#   MEM=      MiB, default 2048            SMP=     vCPUs, default 2
#   APPEND=   more kernel arguments        NET=1    a user mode network card
#   ICOUNT=1  one vCPU on which one instruction takes 1 ns: figures repeat
#   PLUGIN=   a TCG plugin and its arguments: file.so,name=value,...
#   ACCEL=    tcg or kvm; default: kvm where it really works
#   TIMEOUT=  seconds, default 600
#   OUT=      a host directory that the guest may write, at the same path
#   NAME=     name of the console log, default vm: build/logs/vm.console.log
#   ALLOW=    file of extended regexes: console lines that are no failure
#
# The command's output goes to stdout, its exit status is vm.sh's.  Others: 99
# the kernel reported a bug (printed), 124 timeout, 125 the guest died.
set -eu

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

setting() {
	case $1 in
	CMD=* | KERNEL=* | DISKS=* | SCSI=* | MEM=* | SMP=* | APPEND=* | NET=* | ICOUNT=* | \
		ACCEL=* | TIMEOUT=* | PLUGIN=* | OUT=* | NAME=* | ALLOW=* | BUILD=*)
		printf -v "${1%%=*}" %s "${1#*=}"
		;;
	*)
		sed -n '3,29s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
		exit 2
		;;
	esac
}

settings=("$@")
for arg; do
	setting "$arg"
done
: "${CMD:=}" "${KERNEL:=normal}" "${DISKS:=}" "${MEM:=2048}" "${SMP:=2}" "${APPEND:=}"
: "${NET:=}" "${ICOUNT:=}" "${ACCEL:=}" "${TIMEOUT:=600}" "${OUT:=}" "${NAME:=vm}" "${ALLOW:=}"
: "${PLUGIN:=}" "${SCSI:=}"
build=$(realpath -m "${BUILD:-$here/../../../../build}")
console=$build/logs/$NAME.console.log
mkdir -p "$build/logs"

# What the kernel says when it found a bug
reports='Kernel panic|Oops|kernel BUG at|BUG: |BUG [a-zA-Z0-9_-]+ \(|WARNING: |UBSAN: |refcount_t: '
reports+='|DEBUG_LOCKS_WARN_ON|INFO: trying to register non-static key|ODEBUG: '
reports+='|INFO: task .* blocked for more than|rcu.*(self-detected|detected) (expedited )?stall'
reports+='|soft lockup|unreferenced object 0x|list_(add|del).* corruption|page allocation failure'
reports+='|sysfs: cannot create duplicate|kobject: .*tried to (add|init)'
reports+='|does not have a release\(\)|Objects remaining in |unable to handle (page|kernel)'
# After these the guest may never come to an end by itself
fatal='Oops|kernel BUG at|INFO: task .* blocked for more than|soft lockup|detected stall'

image() {
	case $KERNEL in
	normal) echo "$build/bzImage" ;;
	*/*) echo "$KERNEL" ;;
	*) echo "$build/bzImage-$KERNEL" ;;
	esac
}

qemu=
watcher=
reader=
# shellcheck disable=SC2317  # the traps call it
stop() {
	trap - INT TERM HUP EXIT
	# timeout passes the signal on to QEMU
	[ -z "$qemu" ] || kill -TERM "$qemu" 2>/dev/null || :
	[ -z "$watcher" ] || kill -TERM "$watcher" 2>/dev/null || :
	[ -z "$qemu" ] || wait "$qemu" 2>/dev/null || :
	[ -z "$reader" ] || kill -TERM "$reader" 2>/dev/null || :
	rm -rf "$tmp"
	exit "$1"
}
# The guest has to see this directory: not below /run or /dev
tmp=$(mktemp -d "$build/vm.XXXXXX")
trap 'stop 130' INT TERM HUP
trap 'stop $?' EXIT

# A /dev/kvm can be there and hang: believe the module, and a guest that ran.
kvm_works() {
	[ -d /sys/module/kvm_intel ] || [ -d /sys/module/kvm_amd ] || return 1
	[ -w /dev/kvm ] || return 1
	local id

	id=$(cat /proc/sys/kernel/random/boot_id)
	if [ "$(cut -d' ' -f1 "$build/kvm.stamp" 2>/dev/null)" != "$id" ]; then
		if "${BASH_SOURCE[0]}" CMD=true ACCEL=kvm TIMEOUT=10 NAME=kvm KERNEL="$KERNEL" \
			DISKS= SCSI= APPEND= OUT= ICOUNT= PLUGIN= >/dev/null 2>&1; then
			echo "$id yes"
		else
			echo "$id no"
		fi >"$build/kvm.stamp"
	fi
	[ "$(cut -d' ' -f2 "$build/kvm.stamp")" = yes ]
}

pick_machine() {
	local thread=multi

	[ -z "$ICOUNT$PLUGIN" ] || ACCEL=tcg
	# The vCPUs take turns
	[ -z "$ICOUNT$PLUGIN" ] || thread=single
	if [ -z "$ACCEL" ]; then
		ACCEL=tcg
		! kvm_works || ACCEL=kvm
	fi
	if [ "$ACCEL" = kvm ]; then
		machine=(-accel kvm -cpu host -smp "$SMP")
	elif [ -n "$ICOUNT" ]; then
		# Westmere has the CRC instructions, but no fast string operations: on
		# those a copy of any length would count as a few instructions.
		machine=(-accel "tcg,thread=$thread" -cpu Westmere -smp 1
			-icount "shift=0,sleep=off" -rtc "clock=vm")
	else
		machine=(-accel "tcg,thread=$thread" -cpu Westmere -smp "$SMP")
	fi
}

# add_drive ID WHAT: of a size, or a file
add_drive() {
	local file=$2

	if [[ $2 =~ ^[0-9]+[KMGT]$ ]]; then
		file=$tmp/$1
		[[ $1 != cd* ]] || head -c "$2" /dev/urandom >"$file"
		truncate -s "$2" "$file"
	fi
	[ -e "$file" ] || { echo "vm.sh: no disk $2" >&2; exit 2; }
	machine+=(-drive "file=$file,if=none,id=$1,format=raw,cache=unsafe")
}

add_disks() {
	local disk n=0

	for disk in ${DISKS//,/ }; do
		add_drive "d$n" "$disk"
		machine+=(-device "virtio-blk-pci,drive=d$n")
		n=$((n + 1))
	done
	for disk in ${SCSI//,/ }; do
		add_scsi "$n" "$disk"
		n=$((n + 1))
	done
}

# add_scsi N WHAT[@ADAPTER], and the adapter if it is the first one there
add_scsi() {
	local what=${2%@*} adapter=virtio-scsi-pci wwn=0x5000c50000000000 device

	[[ $2 != *@* ]] || adapter=${2##*@}
	device=$adapter,id=$adapter
	[ "$adapter" != virtio-scsi-pci ] || device+=,max_sectors=64
	[[ " ${machine[*]} " == *" $device "* ]] || machine+=(-device "$device")
	if [[ $what == cd:* ]]; then
		add_drive "cd$1" "${what#cd:}"
		machine+=(-device "scsi-cd,drive=cd$1,bus=$adapter.0")
	else
		add_drive "d$1" "$what"
		device=scsi-hd,serial=disk$1,wwn=$((wwn + $1))
		machine+=(-device "$device,drive=d$1,bus=$adapter.0")
	fi
}

# What the guest runs: the environment that tests use, then CMD
write_command() {
	{
		export -p | grep -E '^declare -x (SCST_|KTAP_|PATH=)' || :
		printf 'export SCST_KERNEL=%q\n' "${KERNEL##*/}"
		[ -z "$OUT" ] || printf 'export SCST_OUT=%q\n' "$OUT"
		printf 'cd %q\n' "$PWD"
		printf '%s\n' "$CMD"
	} >"$tmp/command"
}

boot_args() {
	local console=console=ttyS0 args

	# DEBUG_TEST_DRIVER_REMOVE takes the console away with its driver
	[ "$KERNEL" != remove ] || console=earlyprintk=serial,ttyS0,115200,keep
	args="$console loglevel=8 printk.devkmsg=on nokaslr panic=-1 tsc=reliable"
	# QEMU translates a program again whenever it is at another address
	args+=" norandmaps"
	args+=" no_timer_check random.trust_cpu=on root=/dev/root rootfstype=9p ro"
	args+=" rootflags=trans=virtio,version=9p2000.L,cache=loose,msize=262144"
	# Other work on the host can stop a vCPU for long
	args+=" sysctl.kernel.watchdog_thresh=30"
	echo "$args $APPEND init=$here/guest-init.sh SCST_VM=$tmp SCST_MODULES=$build/modules"
}

start() {
	local args=(-nodefaults -no-user-config -display none -no-reboot -machine q35 -m "$MEM"
		"${machine[@]}" -kernel "$(image)" -append "$(boot_args)"
		-chardev "file,id=console,path=$console" -serial "chardev:console"
		-device virtio-serial-pci
		-chardev "file,id=out,path=/dev/stdout" -device "virtserialport,chardev=out,nr=1"
		-chardev "file,id=rc,path=$tmp/rc" -device "virtserialport,chardev=rc,nr=2"
		-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"
		-device "virtio-9p-pci,fsdev=root,mount_tag=/dev/root")

	if [ -n "$OUT" ]; then
		args+=(-fsdev "local,id=out9,path=$OUT,security_model=none"
			-device "virtio-9p-pci,fsdev=out9,mount_tag=scst_out")
	fi
	[ -z "$PLUGIN" ] || args+=(-plugin "$PLUGIN")
	[ -z "$NET" ] || args+=(-netdev "user,id=net" -device "virtio-net-pci,netdev=net")
	[ ! -d /dev/hwrng ] || args+=(-device virtio-rng-pci)

	# QEMU opens /dev/stdout by its name: a file would be truncated, a pipe is not
	mkfifo "$tmp/out"
	cat "$tmp/out" &
	reader=$!
	setpriv --pdeathsig TERM -- timeout -k 5 "$TIMEOUT" qemu-system-x86_64 "${args[@]}" \
		</dev/null >"$tmp/out" 2>"$tmp/qemu.log" &
	qemu=$!
}

# A guest that oopsed may hang: give it some time for the log, not all of TIMEOUT.
# Waits by reading what never comes: a sleep would outlive this shell.
watch_console() {
	exec 3<> <(:)
	while ! read -rt 2 -u 3; do
		if grep -qaE "$fatal" "$console" && ! judge >/dev/null; then
			read -rt 30 -u 3 || :
			echo "vm.sh: the guest did not end after a fatal report" >>"$tmp/qemu.log"
			kill -TERM "$qemu"
			return
		fi
	done
}

# Fails when the console has a report that is not allowed, and shows it
judge() {
	local first log=$tmp/judged.$BASHPID

	tr -d '\r' <"$console" | allow >"$log" || :
	first=$(grep -anE "$reports" "$log" | head -n1 | cut -d: -f1)
	[ -n "$first" ] || return 0
	echo "--- the kernel reported, in $console:"
	sed -n "$((first > 2 ? first - 2 : 1)),$((first + 60))p" "$log"
	echo "--- reports in all: $(grep -acE "$reports" "$log")"
	return 1
}

allow() {
	if [ -n "$ALLOW" ]; then
		grep -avE -f <(grep -vE '^(#|$)' "$ALLOW")
	else
		cat
	fi
}

# The kernel measures its clock at boot, wrongly when the host does something else
# meanwhile: the guest says so and does nothing.
boot_again() {
	rm -rf "$tmp"
	if [ "${VM_BOOTS:-1}" -lt 3 ]; then
		echo "vm.sh: the guest's clock is wrong: booting again" >&2
		export VM_BOOTS=$((${VM_BOOTS:-1} + 1))
		exec "${BASH_SOURCE[0]}" ${settings[@]+"${settings[@]}"}
	fi
	echo "vm.sh: the guest's clock is wrong, three times" >&2
	exit 125
}

finish() {
	local st=0 rc

	wait "$qemu" || st=$?
	qemu=
	kill "$watcher" 2>/dev/null || :
	wait "$watcher" 2>/dev/null || :
	watcher=
	wait "$reader" || :
	reader=
	# Whatever such a guest reports is its clock's fault
	! grep -qa 'PIT calibration deviates from HPET' "$console" || boot_again
	judge >&2 || exit 99
	rc=$(cat "$tmp/rc" 2>/dev/null)
	[ -z "$rc" ] || exit "$rc"
	cat "$tmp/qemu.log" >&2
	tail -n 30 "$console" >&2
	if [ "$st" = 124 ] || [ "$st" = 137 ]; then
		echo "vm.sh: timeout after $TIMEOUT s; console log: $console" >&2
		exit 124
	fi
	echo "vm.sh: the guest died (QEMU's status $st); console log: $console" >&2
	exit 125
}

[ -n "$CMD" ] || setting help
[ -r "$(image)" ] || { echo "vm.sh: no kernel $(image): make kernel" >&2; exit 2; }
[ -z "$OUT" ] || { mkdir -p "$OUT" && OUT=$(realpath "$OUT"); }
pick_machine
add_disks
write_command
: >"$console"
start
watch_console </dev/null >/dev/null 2>&1 &
watcher=$!
finish
