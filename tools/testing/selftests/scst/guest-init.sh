#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Process 1 of the guest that vm.sh boots.  The kernel has put the variables of
# its command line that it does not know into the environment:
#   SCST_VM       vm.sh's directory: the command to run
#   SCST_MODULES  where modules_install put the modules
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root TERM=dumb LC_ALL=C

# Everything of the host's root under a writable layer.  Not chroot: kernel
# threads see this root too.
make_root() {
	mount -t tmpfs -o size=75% none /run
	mkdir /run/upper /run/upper/oldroot /run/work /run/root
	mount -t overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work none /run/root
	cd /run/root || exit 1
	pivot_root . oldroot
	cd / || exit 1
	mount -a -T "${0%/*}/guest-fstab"
	cp -d /oldroot/dev/{fd,stdin,stdout,stderr} /dev
}

mount_more() {
	local out

	# The host's own modules are of no use, ours are
	mount -o bind,X-mount.mkdir "$SCST_MODULES/lib/modules" /lib/modules
	out=$(grep '^export SCST_OUT=' "$SCST_VM/command")
	if [ -n "$out" ]; then
		eval "${out#export }"
		mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,X-mount.mkdir \
			scst_out "$SCST_OUT"
	fi
	busybox ifconfig lo 127.0.0.1 up
	echo guest >/proc/sys/kernel/hostname
}

# Objects younger than five seconds are no leak to kmemleak.  The console is
# judged, so the report goes there.
scan_leaks() {
	local leaks=/sys/kernel/debug/kmemleak

	echo scan 2>/dev/null >$leaks || return 0
	sleep 6
	echo scan >$leaks
	cat $leaks >/run/leaks
	while IFS= read -r line; do
		echo "kmemleak: $line" >/dev/kmsg
	done </run/leaks
}

make_root
mount_more
ports=(/dev/vport*p1)
port=${ports[0]%1}
# On tmpfs itself, not on the overlay: what direct I/O, say, depends on
export TMPDIR=/run/tmp
echo "vm.sh: start" >/dev/kmsg
if dmesg | grep -q 'PIT calibration deviates from HPET'; then
	status=clock
else
	bash "$SCST_VM/command" >"${port}1" 2>&1 </dev/null
	status=$?
fi
echo "vm.sh: end, status $status" >/dev/kmsg
[ "$status" = clock ] || [ ! -w /sys/kernel/debug/kmemleak ] || scan_leaks
echo "$status" >"${port}2"
# The last lines of the console, then off
sync
busybox poweroff -f
