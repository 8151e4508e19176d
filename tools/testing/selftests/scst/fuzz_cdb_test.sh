#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=64M MEM=1024 SMP=2 TIMEOUT=450
# Random commands (fuzz_cdb.c) from several processes and I_T nexuses at once,
# with task management between them: resets by sg, and every function there is from
# two nexuses of scst_test.  SCST_SEED repeats a run; the numbers of the commands
# that a failure prints do so alone.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

seed=${SCST_SEED:-$(rounds 1 "$(date +%s)")}
count=${SCST_FUZZ_COUNT:-$(rounds 2000 200000)}
sessions=(host0 host1 host2)
# Blocks that may be written where data has to stay as it is
lo=8192
hi=24576

storms=/sys/kernel/debug/scst_test/target/storm
storm_nexuses=(storm_a storm_b)
storm_pids=()
functions=(abort_task abort_task_set clear_task_set lun_reset target_reset nexus_loss
	clear_aca query_task query_task_set query_async_event)

export_unit() {
	local session

	export_disk "$1" fuzz01 "$2"
	for session in "${sessions[@]:1}"; do
		[ -n "$(sessions_named "$session")" ] || add_session tgt0 "$session"
	done
	settle
}

sessions_named() {
	grep -lxF "$1" "$scst_targets"/tgt0/sessions/session*/initiator_name || :
}

# No disk is looked at by anybody else
settle() {
	! command -v udevadm >/dev/null || udevadm settle -t 60 || :
}

# fuzz OPTION...: COUNT commands or a few more for the LUN in all, by a process for the
# sg and one for the sd or sr device of each session
fuzz() {
	local pid session node n=0 pids=() nr=$((2 * ${#sessions[@]}))

	for session in "${sessions[@]}"; do
		for node in "$(sg_of tgt0 "$lun" "$session")" \
			"$(disk_of tgt0 "$lun" "$session")"; do
			"$fuzz_cdb" "$@" "$node" "$((seed + n))" \
				$(((count + nr - 1) / nr)) >"$tmp/out$n" 2>&1 &
			pids+=("$!")
			n=$((n + 1))
		done
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "seed $seed: $(cat "$tmp"/out?)"
	done
	end_storm
	awk -v least=$((count / 100)) '
		/^(status|sense)/ { n[$1 " " $2] += $3 }
		/resets/ { r += $1; m += $3 }
		END {
			for (s in n)
				if (s ~ /status/ || n[s] >= least)
					print s, n[s]
			print r, "resets", m, "ended by them"
		}' "$tmp"/out?
	end_reservations
	works_again
}

after_failure() {
	[ ! -e "$scst_targets/storm" ] || del_target storm test_target
	cleanup_devices
}

# --- Nexuses that send any task management function at any time

begin_storm() {
	local nexus

	add_target storm "" test_target
	add_lun storm 0 fuzz01
	rm -f "$tmp/calm"
	for nexus in "${storm_nexuses[@]}"; do
		put "$port_bus/drivers/test_target/add_session" "storm $nexus"
		storm "$storms/$nexus" >"$tmp/$nexus" &
		storm_pids+=("$!")
	done
}

# storm NEXUS: until the others are done, and each function was sent
storm() {
	local n=0 sent=0

	RANDOM=$((seed & 0x7fff))
	until [ -e "$tmp/calm" ] && [ $sent -ge ${#functions[@]} ]; do
		n=$((n + 1))
		storm_command "$1" "$n" 2>/dev/null || :
		[ $((RANDOM % 8)) != 0 ] || {
			storm_function "$1" "$n" "${functions[sent % ${#functions[@]}]}"
			sent=$((sent + 1))
		}
		[ $((n % 64)) != 0 ] || storm_ends "$1" || return
	done
	storm_ends "$1" && storm_function "$1" $((n + 1)) clear_aca && storm_ends "$1"
}

# storm_command NEXUS TAG: a READ or a WRITE of eight blocks, some with NACA=1
storm_command() {
	local attrs=(simple simple ordered head aca) op=28 dir=read

	[ $((RANDOM % 2)) = 0 ] || op=2a dir=write
	printf 'tag=%d attr=%s cdb=%s00%08x000008%02x dir=%s len=4096' "$2" \
		"${attrs[RANDOM % 5]}" $op $((RANDOM % 8192)) \
		$((RANDOM % 16 ? 0 : 4)) $dir >"$1/submit"
}

# storm_function NEXUS ID FUNCTION: for one of the last commands, if it is for one
storm_function() {
	echo "id=$2 fn=$3 tag=$(($2 - RANDOM % ($2 < 4 ? $2 : 4)))" >"$1/tmf"
}

# An ACA condition, which one of its own may have established, ends by CLEAR ACA alone
idle() {
	[ -n "$(<"$1/pending")" ] || return 0
	echo "id=0 fn=clear_aca" >"$1/tmf"
	return 1
}

# storm_ends NEXUS: all that it has sent is answered, or ended by a function
storm_ends() {
	within 120 idle "$1" || {
		echo "pending: $(<"$1/pending")"
		return 1
	}
	cat "$1/results"
	echo >"$1/results"
}

# Each function was answered, and the core has kept its promises to target drivers
end_storm() {
	local pid nexus fn

	[ ${#storm_pids[@]} -gt 0 ] || return 0
	: >"$tmp/calm"
	for pid in "${storm_pids[@]}"; do
		wait "$pid" || fail "seed $seed: $(tail -n 20 "$tmp"/storm_?)"
	done
	storm_pids=()
	for fn in "${functions[@]}"; do
		grep -qE "^tmf [0-9]+ $fn (complete|succeeded|no_task)" "$tmp"/storm_? ||
			fail "seed $seed: $fn was never answered"
	done
	for nexus in "${storm_nexuses[@]}"; do
		expect "violations" 0 "$(<"$storms/$nexus/violations")"
	done
	awk '{ n[$1 == "cmd" ? $1 " " $3 : $1 " " $3 " " $4]++ }
		END { for (s in n) print "storm", s, n[s] }' "$tmp"/storm_? | sort
	del_target storm test_target
}

# --- What is the same after each

# No nexus keeps the others out any more, neither by RESERVE nor by a registration
end_reservations() {
	local sg session

	for session in "${sessions[@]}"; do
		sg=$(sg_of tgt0 "$lun" "$session")
		# With a unit attention RELEASE would do nothing
		sg_turs -n 16 "$sg" >/dev/null 2>&1 || :
		sg_raw "$sg" 17 00 00 00 00 00 >/dev/null 2>&1 || :
	done
	quiet sg_persist -n --out --register-ignore --param-sark=1 "$sg"
	quiet sg_persist -n --out --clear --param-rk=1 "$sg"
	expect "registrants" 0 "$(<"$scst_devices/fuzz01/reservation/nr_registrants")"
	expect "reservation" none "$(<"$scst_devices/fuzz01/reservation/type")"
}

# Whatever mode or state it was brought to, it still works
works_again() {
	local sg session

	for session in "${sessions[@]}"; do
		sg=$(sg_of tgt0 "$lun" "$session")
		sg_turs -n 16 "$sg" >/dev/null 2>&1 || :
		sg_start --start "$sg"
		sg_turs "$sg"
		sg_dd if="$sg" of=/dev/null bs="$(block_size "$sg")" count=64 2>/dev/null ||
			fail "no READ of $sg"
		sg_inq "$sg" >/dev/null
	done
}

block_size() {
	local size

	size=$(sg_readcap -b "$1") && echo $((${size#* }))
}

fileio() {
	truncate -s 64M "$tmp/disk.img"
	export_unit vdisk_fileio "filename=$tmp/disk.img thin_provisioned=1"
	fuzz
	expect "size of the file" $((64 << 20)) "$(stat -c %s "$tmp/disk.img")"
	unexport_disk fuzz01
}

blockio() {
	export_unit vdisk_blockio "filename=/dev/vda thin_provisioned=1"
	fuzz
	unexport_disk fuzz01
}

nullio() {
	export_unit vdisk_nullio "size=$((1 << 30)) removable=1"
	fuzz
	unexport_disk fuzz01
}

fileio_with_task_management() {
	truncate -s 64M "$tmp/disk.img"
	export_unit vdisk_fileio "filename=$tmp/disk.img thin_provisioned=1 tst=0"
	begin_storm
	fuzz -r 40 -t 20
	unexport_disk fuzz01
}

blockio_with_task_management() {
	export_unit vdisk_blockio "filename=/dev/vda thin_provisioned=1 blocksize=4096"
	begin_storm
	fuzz -r 40 -t 20
	unexport_disk fuzz01
}

# Another unit, with blocks of 4 KiB, for EXTENDED COPY
export_peer() {
	truncate -s 128M "$tmp/peer.img"
	head -c 8M /dev/urandom | dd of="$tmp/peer.img" bs=1M conv=notrunc status=none
	add_device vdisk_fileio peer01 "filename=$tmp/peer.img blocksize=4096"
	add_lun tgt0 60 peer01
	peer=$(sg_of tgt0 60)
	settle
}

# guard_intact NODE COPY BLOCK_SIZE: all blocks but those of lo to hi - 1
guard_intact() {
	cmp -n $((lo * $3)) "$1" "$2" && cmp -i $((hi * $3)) "$1" "$2"
}

other_blocks_stay_as_they_were() {
	head -c 32M /dev/urandom >"$tmp/disk.img"
	cp "$tmp/disk.img" "$tmp/copy"
	export_unit vdisk_fileio "filename=$tmp/disk.img thin_provisioned=1"
	export_peer
	cp --sparse=always "$tmp/peer.img" "$tmp/peer.copy"
	fuzz -c $lo:$hi -p "$peer" -r 100 -t 100
	guard_intact "$tmp/disk.img" "$tmp/copy" 512 || fail "seed $seed: a block was written"
	guard_intact "$tmp/peer.img" "$tmp/peer.copy" 4096 ||
		fail "seed $seed: a block of the peer was written"
	# What the initiators see is what is in the file
	blockdev --flushbufs "$disk"
	guard_intact "$disk" "$tmp/copy" 512
	! cmp -s "$disk" "$tmp/copy" || fail "nothing was written at all"
	# The comparison would have found one block
	dd if=/dev/zero of="$disk" bs=512 count=1 seek=$hi oflag=direct status=none
	! guard_intact "$tmp/disk.img" "$tmp/copy" 512 >/dev/null ||
		fail "one block is not found"
	del_lun tgt0 60
	del_device peer01
	unexport_disk fuzz01
	rm "$tmp/peer.img" "$tmp/peer.copy"
}

other_blocks_of_a_block_device() {
	head -c 64M /dev/urandom >"$tmp/copy"
	dd if="$tmp/copy" of=/dev/vda bs=1M oflag=direct status=none
	export_unit vdisk_blockio "filename=/dev/vda thin_provisioned=1"
	fuzz -c $lo:$hi -r 100
	blockdev --flushbufs "$disk"
	guard_intact "$disk" "$tmp/copy" 512 || fail "seed $seed: a block was written"
	! cmp -s "$disk" "$tmp/copy" || fail "nothing was written at all"
	unexport_disk fuzz01
}

read_only_data_stays() {
	head -c 16M /dev/urandom >"$tmp/disk.img"
	truncate -s 16M "$tmp/disk.img"
	cp "$tmp/disk.img" "$tmp/copy"
	export_unit vdisk_fileio "filename=$tmp/disk.img read_only=1"
	fuzz
	unexport_disk fuzz01
	cmp "$tmp/disk.img" "$tmp/copy"
}

# A medium that no command can write, in a tray that they open and close
cdrom() {
	head -c 16M /dev/urandom >"$tmp/disc.iso"
	cp "$tmp/disc.iso" "$tmp/copy"
	export_unit vcdrom "filename=$tmp/disc.iso"
	fuzz
	cmp "$tmp/disc.iso" "$tmp/copy"
	# What the initiators see is what is in the file
	sg_dd if="$(sg_of tgt0 "$lun" host0)" of="$tmp/back" bs=2048 count=8192 2>/dev/null
	cmp "$tmp/back" "$tmp/copy"
	unexport_disk fuzz01
	rm "$tmp/disc.iso" "$tmp/copy" "$tmp/back"
}

take_apart() {
	del_target tgt0
	scst_unload
}

# ours: the lines of the log that our code has written; DEBUG_KOBJECT_RELEASE says some
ours() {
	grep --line-buffered -E '(scsi_tgt_|scst|vdisk_|vcdrom)' |
		grep --line-buffered -vE 's[dr] |scsi host|kobject: '
}

# The mid-layer reports each conflict with a reservation, of which the log has no place
# for all: what is to be found is picked out as it comes.
watch_log() {
	stdbuf -oL dmesg --follow-new --kernel > >(ours >"$tmp/said") 2>/dev/null &
	log_pid=$!
}

# shellcheck disable=SC2317  # a trap calls it
stop_watching() {
	local status=$?

	kill "$log_pid" 2>/dev/null
	(exit "$status")
	cleanup_on_exit
}

# No fuzzed command may make our code say a word
kernel_log() {
	kill -0 "$log_pid" || fail "nobody has watched the log"
	! { cat "$tmp/said" && log_since "$log" | ours; } | grep . ||
		fail "messages that an initiator caused"
}

scst_load scst_vdisk scst_local scst_test
fuzz_cdb=$(helper fuzz_cdb) || skip_all "no helper program fuzz_cdb"
log=$(log_mark)
dmesg --console-level warn
watch_log
trap stop_watching EXIT
main fileio blockio nullio fileio_with_task_management blockio_with_task_management \
	other_blocks_stay_as_they_were other_blocks_of_a_block_device \
	read_only_data_stays cdrom take_apart kernel_log
