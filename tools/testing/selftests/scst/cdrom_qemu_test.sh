#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vcdrom as the CD-ROM drive of virtual machines.  QEMU hands the unit to one by its sg
# device, command by command, or emulates a drive and has the disc by the unit's sr device.
# Firmware boots from the disc, Linux mounts it, and both find the next one.
# The virtual machines are TCG's, even in a virtual machine: they are small.
# vm: MEM=1024 SMP=1 TIMEOUT=900
# shellcheck disable=SC2317  # main calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cdrom_lib.sh"

# Of isa-debug-exit: twice what is written to its port, and one
exit_port=0x501
exit_value=16
exit_status=33

# --- Discs

# What the firmware loads: it reads the disc sector by sector, and prints the name of the
# volume and what cksum(1) prints of the sectors.  With no more than a BIOS there is no
# other way to see which disc it is, and that each sector is where it belongs.
make_boot_program() {
	as --32 -o "$tmp/boot.o" - <<-EOF
		.code16
		.globl _start
	_start:	ljmp \$0, \$1f
	1:	xor %ax, %ax
		mov %ax, %ds
		mov %ax, %ss
		mov \$0x7c00, %sp
		mov \$0x1000, %ax	# sectors are read to 1000:0000
		mov %ax, %es
		cld
		mov %dl, drive

		movl \$16, lba		# the primary volume descriptor
		movw \$1, count
		call read
		mov \$'>', %al
		call putc
		mov \$' ', %al
		call putc
		mov \$40, %si		# its volume identifier
		mov \$6, %cx
	1:	mov %es:(%si), %al
		inc %si
		call putc
		loop 1b
		mov \$' ', %al
		call putc
		mov %es:80, %eax	# its volume space size
		mov %eax, left
		shl \$11, %eax
		mov %eax, length

		movl \$0, lba
		xor %ebp, %ebp		# the CRC
	1:	mov left, %eax
		cmp \$16, %eax
		jbe 2f
		mov \$16, %eax
	2:	mov %ax, count
		call read
		call sum
		movzwl count, %eax
		add %eax, lba
		sub %eax, left
		jnz 1b
	3:	mov length, %al		# cksum has the length at the end
		call crc
		shrl \$8, length
		jnz 3b
		not %ebp
		mov \$8, %cx
	4:	rol \$4, %ebp
		mov %bp, %bx
		and \$15, %bx
		mov digits(%bx), %al
		call putc
		loop 4b

	end:	mov \$'\\n', %al
		call putc
	1:	mov \$0x3fd, %dx		# what to do next comes by the serial port
		in %dx, %al
		test \$1, %al
		jz 1b
		mov \$0x3f8, %dx
		in %dx, %al
		cmp \$'r', %al
		je reset
		mov \$$exit_port, %dx
		mov \$$exit_value, %al
		out %al, %dx
	reset:	mov \$0xfe, %al		# by the keyboard controller
		out %al, \$0x64
	1:	hlt
		jmp 1b

	putc:	push %ax
		mov \$0x3fd, %dx
	1:	in %dx, %al
		test \$0x20, %al
		jz 1b
		pop %ax
		mov \$0x3f8, %dx
		out %al, %dx
		ret

	read:	mov \$0x42, %ah		# extended read
		mov drive, %dl
		mov \$packet, %si
		int \$0x13
		jc 1f
		ret
	1:	mov \$'!', %al
		call putc
		jmp end

	sum:	movzwl count, %ecx	# of 1000:0000
		shl \$11, %ecx
		xor %si, %si
	1:	mov %es:(%si), %al
		inc %si
		call crc
		dec %ecx
		jnz 1b
		ret

	crc:	shl \$24, %eax		# of al
		xor %eax, %ebp
		mov \$8, %bl
	1:	shl \$1, %ebp
		jnc 2f
		xor \$0x04c11db7, %ebp
	2:	dec %bl
		jnz 1b
		ret

	digits:	.ascii "0123456789abcdef"
	drive:	.byte 0
		.balign 4
	left:	.long 0
	length:	.long 0
	packet:	.byte 16, 0
	count:	.word 0
		.word 0, 0x1000
	lba:	.quad 0
	EOF
	ld -m elf_i386 -e _start -Ttext 0x7c00 --oformat binary -o "$tmp/boot.img" "$tmp/boot.o"
}

declare -A sum data

# make_disc LETTER: and what is to be found on it, in sum and data
make_disc() {
	local dir=$tmp/tree_$1 iso=$tmp/$1.iso n

	mkdir "$dir"
	echo "$1" >"$dir/letter"
	head -c 200000 /dev/urandom >"$dir/data"
	cp "$tmp/boot.img" "$dir"
	genisoimage -quiet -R -V "DISC_${1^}" -b boot.img -no-emul-boot -boot-load-size 4 \
		-o "$iso" "$dir" || return
	read -r n _ < <(cksum "$iso")
	sum[$1]=$(printf %08x "$n")
	read -r n _ < <(md5sum "$dir/data")
	data[$1]=$n
}

# --- Guests

# start_guest OPTION...: in the background, as $guest; it ends with the test
start_guest() {
	rm -f "$tmp"/serial.{in,out,log}
	mkfifo "$tmp/serial.in" "$tmp/serial.out"
	qemu-system-x86_64 -nodefaults -no-user-config -display none -cpu Westmere \
		-machine pc,accel=tcg,hpet=off -chardev "pipe,id=serial,path=$tmp/serial" \
		-serial chardev:serial "$@" </dev/null >"$tmp/qemu.log" 2>&1 &
	guest=$!
	# Both ways, as QEMU does it: neither waits for the other, who may have failed
	exec {to}<>"$tmp/serial.in" {from}<>"$tmp/serial.out"
}

# tell TEXT: to the guest
tell() {
	printf %s "$1" >&"$to"
}

guest_log() {
	cat "$tmp/qemu.log"
	! [ -e "$tmp/serial.log" ] || tail -n 30 "$tmp/serial.log"
}

# says SECONDS TEXT: the next line of the guest that begins with '> '; all others are its
# firmware's or kernel's
says() {
	local end=$((SECONDS + patience * $1)) line='' part

	while [ "$SECONDS" -le "$end" ]; do
		if ! IFS= read -r -t 1 part <&"$from"; then
			line+=$part
			! no_process "$guest" || fail "QEMU ended: $(guest_log)"
			continue
		fi
		line+=$part
		line=${line%$'\r'}
		echo "$line" >>"$tmp/serial.log"
		if [[ $line == "> "* ]]; then
			expect "what the guest says" "$2" "${line#> }"
			return
		fi
		line=
	done
	fail "the guest does not say '$2': $(guest_log) $line"
}

# guest_ends SECONDS STATUS
guest_ends() {
	local status=0

	within "$1" no_process "$guest" || fail "QEMU does not end: $(guest_log)"
	wait "$guest" || status=$?
	expect "exit status of QEMU" "$2" "$status"
	exec {to}<&- {from}<&-
}

# boots_both CHANGE OPTION...: from the disc there is, and after a reset from the next one,
# which is a DVD and is put in by CHANGE
boots_both() {
	local change=$1

	shift
	start_guest -m 16 -device "isa-debug-exit,iobase=$exit_port" "$@"
	says 180 "DISC_A ${sum[a]}"
	"$change" "$iso_b"
	tell r
	says 180 "DISC_B ${sum[b]}"
	tell q
	guest_ends 20 "$exit_status"
	change_to "$iso_a"
}

boot_by_scsi_generic() {
	drive_with_a
	boots_both change_to -device virtio-scsi-pci -drive "file=$sg,if=none,format=raw,id=cd" \
		-device scsi-generic,drive=cd,bootindex=0
}

# What QEMU has open it reads from the page cache.  Linux drops that, and has the new size,
# when somebody opens the drive after the change: udev does where sr polls.
change_and_open() {
	change_to "$1"
	quiet blockdev --getsize64 "$sr"
}

# QEMU's block driver host_cdrom, which has the ioctls of a drive; the guest's is ATAPI
boot_from_an_emulated_drive() {
	drive_with_a
	boots_both change_and_open \
		-drive "file=$sr,if=none,format=raw,media=cdrom,readonly=on,id=cd" \
		-device ide-cd,drive=cd,bootindex=0
}

# The kernel that a guest of ours runs: one without checks, which would take too long there
kernel_image() {
	local files=("${SCST_MODULES:+$SCST_MODULES/../bzImage}") file

	[ "$(by_kernel normal checked)" = checked ] ||
		files+=("/lib/modules/$(uname -r)/build/arch/x86/boot/bzImage")
	for file in "${files[@]}"; do
		if [ -n "$file" ] && [ -r "$file" ]; then
			echo "$file"
			return
		fi
	done
	return 1
}

# make_root DIR: busybox, and a script as process 1
make_root() {
	local dir=$1 name file

	mkdir -p "$dir"/{bin,dev,mnt,sys}
	cp "$(command -v busybox)" "$dir/bin/busybox"
	for name in sh insmod md5sum mount poweroff sleep umount uname; do
		ln -s busybox "$dir/bin/$name"
	done
	# None if it is linked statically
	for file in $(ldd "$dir/bin/busybox" | grep -o '/[^ ]*'); do
		mkdir -p "$dir${file%/*}"
		cp "$file" "$dir$file"
	done
	for file in /lib/modules/*/kernel/fs/isofs/isofs.ko; do
		name=${file#/lib/modules/}
		cp "$file" "$dir/isofs-${name%%/*}.ko"
	done
	cat >"$dir/init" <<-'EOF'
		#!/bin/sh
		disk=/sys/block/sr0
		export PATH=/bin

		show() {
			read -r letter </mnt/letter
			echo "> disc $letter $(md5sum </mnt/data)"
		}

		mount -t devtmpfs none /dev
		mount -t sysfs none /sys
		insmod "/isofs-$(uname -r).ko"
		read -r model <$disk/device/model
		read -r size <$disk/size
		echo "> drive $model $size"
		mount -t iso9660 -o ro /dev/sr0 /mnt && show
		# Until the test has seen that the disc is locked
		read -r line
		umount /mnt
		read -r seq <$disk/diskseq
		echo 1000 >$disk/events_poll_msecs
		echo "> polls"
		while read -r now <$disk/diskseq && [ "$now" = "$seq" ]; do
			sleep 1
		done
		echo "> another disc"
		mount -t iso9660 -o ro /dev/sr0 /mnt && show
		read -r size <$disk/size
		echo "> size $size"
		umount /mnt
		poweroff -f
	EOF
	chmod +x "$dir/init"
}

sectors() {
	echo $(($(stat -c %s "$1") / 512))
}

# Linux with the unit's commands: sr, iso9660, a lock, and a medium that sr finds changed
# by polling
linux_by_scsi_generic() {
	local kernel root=$tmp/root args

	kernel=$(kernel_image) || skip "no kernel without checks for a guest"
	drive_with_a
	make_root "$root"
	args="console=ttyS0 loglevel=4 nokaslr norandmaps no_timer_check panic=-1"
	# It may get little of a CPU
	args+=" nowatchdog rcupdate.rcu_cpu_stall_suppress=1 tsc=reliable"
	args+=" random.trust_cpu=on root=/dev/root rootfstype=9p ro"
	args+=" rootflags=trans=virtio,version=9p2000.L,cache=loose init=/init"
	start_guest -m 48 -no-reboot -kernel "$kernel" -append "$args" \
		-fsdev "local,id=root,path=$root,security_model=none,readonly=on" \
		-device virtio-9p-pci,fsdev=root,mount_tag=/dev/root \
		-device virtio-scsi-pci -drive "file=$sg,if=none,format=raw,id=cd" \
		-device scsi-generic,drive=cd
	says 600 "drive cd01 $(sectors "$iso_a")"
	says 120 "disc a ${data[a]}  -"
	expect_errno EBUSY "$unit/filename" "$iso_b"
	tell $'\n'
	says 120 "polls"
	change_to "$iso_b"
	says 120 "another disc"
	says 120 "disc b ${data[b]}  -"
	says 120 "size $(sectors "$iso_b")"
	guest_ends 60 0
	change_to "$iso_a"
}

[ "$(uname -m)" = x86_64 ] || skip_all "the boot program is for x86"
command -v qemu-system-x86_64 >/dev/null || skip_all "no QEMU"
scst_load
log=$(log_mark)
# sr is told to look when a test wants it to
echo 0 >/sys/module/block/parameters/events_dfl_poll_msecs
make_boot_program || exit 1
make_disc a || exit 1
make_disc b || exit 1
# Too large for a CD
truncate -s 1G "$iso_b"
main boot_by_scsi_generic boot_from_an_emulated_drive linux_by_scsi_generic \
	take_apart kernel_log
