#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: MEM=768 SMP=2 TIMEOUT=400
# Random commands from four nexuses on two target ports, each judged by a model of
# what the standards say of reservations (pr_model.c).  SCST_SEED repeats a run.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

unit=$scst_devices/disk01
store=/var/lib/scst/pr
steps=$(rounds 2000 20000)
# The same initiator is at both ports: what ALL_TG_PT is about
nexuses=("tgt0 host0" "tgt0 host1" "tgt1 host0" "tgt1 host2")

after_failure() {
	cleanup_devices
	cleanup_targets
}

# What sd reads of a disk that is new has to be over: its commands would report
# unit attentions that the model counts on.  Opening a disk waits for its partitions.
settle() {
	local disk

	disk=$(disk_of "$1" 0 "$2")
	sleep 0.5
	blockdev --flushbufs "$disk"
}

setup() {
	local nexus

	[ ! -e "$unit" ] || return 0
	truncate -s 16M "$tmp/disk.img"
	add_device vdisk_fileio disk01 "filename=$tmp/disk.img thin_provisioned=1"
	for nexus in "${nexuses[@]}"; do
		[ -d "$scst_targets/${nexus% *}" ] || {
			add_target "${nexus% *}"
			add_lun "${nexus% *}" 0 disk01
		}
		add_session "${nexus% *}" "${nexus#* }"
	done
	put "$(session_of tgt1 host0)/transport_id" - <"$(session_of tgt0 host0)/transport_id"
	for nexus in "${nexuses[@]}"; do
		settle "${nexus% *}" "${nexus#* }"
	done
}

# model OPTION...: the nexuses are in $args
model() {
	local nexus n=0 args=()

	for nexus in "${nexuses[@]}"; do
		cat "$(session_of "${nexus% *}" "${nexus#* }")/transport_id" >"$tmp/id$n"
		args+=("$(sg_of "${nexus% *}" 0 "${nexus#* }"),$(cat \
			"$scst_targets/${nexus% *}/rel_tgt_id"),$tmp/id$n")
		n=$((n + 1))
	done
	"$pr_model" -u "$unit" "$@" "${args[@]}"
}

# run_model SEED OPTION...: it agrees, and each service action was good some time
run_model() {
	local seed=$1

	shift
	model "$@" "$seed" "$steps" >"$tmp/out" || {
		cat "$tmp/out"
		fail "seed $seed: repeat it with SCST_SEED=$seed"
	}
	msg "seed $seed: $(tail -n 1 "$tmp/out")"
	! grep '^0 ' "$tmp/out" || fail "seed $seed: this was never good"
}

# campaign SHORT SOAK OPTION...: so many seeds
campaign() {
	local nr seed

	nr=$(rounds "$1" "$2")
	shift 2
	setup
	if [ -n "${SCST_SEED-}" ]; then
		run_model "$SCST_SEED" "$@"
		return
	fi
	for ((seed = 1; seed <= nr; seed++)); do
		run_model "$seed" "$@"
	done
}

without_a_store() {
	rm -rf "$store"
	campaign 1 4
}

with_a_store() {
	mkdir -p "$store"
	campaign 2 4 -a
	[ -s "$store/disk01" ] || fail "nothing was saved"
}

# iscsi_id NAME: a TransportID of format 01b, NUL ended and padded
iscsi_id() {
	local name=$1 len

	len=$((${#name} + 4 - ${#name} % 4))
	printf '\x45\0\0%b%s' "\\x$(printf %02x "$len")" "$name"
	head -c $((len - ${#name})) /dev/zero
}

# Those have another length each
with_names_of_iscsi() {
	local nexus name

	setup
	mkdir -p "$store"
	for nexus in "${nexuses[@]}"; do
		name=iqn.2026-11.org.example:${nexus#* },i,0x00023d000001
		# As long as they may be
		[[ $nexus != *host1 ]] ||
			name=iqn.2026-11.org.example:$(printf %0194d 0),i,0x00023d000001
		iscsi_id "$name" |
			put "$(session_of "${nexus% *}" "${nexus#* }")/transport_id" -
	done
	campaign 1 3 -a
}

# The model has to find what it does not expect
differences_are_found() {
	local status=0 sg

	setup
	sg=$(sg_of tgt0 0 host1)
	rm -rf "$store"
	# It takes it for granted that reservations can persist
	model -a 1 "$steps" >"$tmp/out" 2>&1 || status=$?
	[ "$status" != 0 ] || fail "it did not see that nothing can be saved"
	# It expects another key in sysfs, which has been registered behind its back.
	# One of these may well fail: what the model does tells this nexus, too.
	mkdir -p "$store"
	status=0
	(sleep 0.3
	while :; do
		sg_persist -n --out --register-ignore --param-sark=77 "$sg" || :
	done) >/dev/null 2>&1 &
	model -a 1 200000 >"$tmp/out" 2>&1 || status=$?
	kill $!
	wait $! || :
	expect "exit status" 1 "$status"
	grep -q 'seed 1, step' "$tmp/out" || fail "$(<"$tmp/out")"
}

take_apart() {
	del_target tgt0
	del_target tgt1
	[ ! -e "$unit" ] || del_device disk01
	rm -rf "$store"
	scst_unload
}

# No initiator can make our code say a word, as long as nobody removes the store
kernel_log() {
	! log_since "$log" | grep -E '(scsi_tgt_|scst|vdisk_).*' |
		grep -vE 'sd |scsi host|kobject: |transport_id|cannot be saved: -ENOENT' ||
		fail "messages that an initiator caused"
}

scst_load
pr_model=$(helper pr_model) || skip_all "no helper program pr_model"
log=$(log_mark)
dmesg --console-level warn
main without_a_store with_a_store with_names_of_iscsi differences_are_found take_apart \
	kernel_log
