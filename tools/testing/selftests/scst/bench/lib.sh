# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034  # variables of the scripts that source it
# What run.sh, the stacks and the back ends share

# How much of a disk the jobs use; files have this size
bench_mib=256

# wait_for CMD...: until it succeeds, 100 s at most: a guest with ICOUNT=1 skips
# the time in which its host reads files for it
wait_for() {
	local i

	for ((i = 0; i < 1000; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}

disks() {
	local d

	for d in /sys/block/sd*; do
		[ ! -e "$d/size" ] || [ "$(<"$d/size")" = 0 ] || echo "${d##*/}"
	done
}

is_new_disk() {
	dev=/dev/$(comm -13 <(echo "$1") <(disks) | head -n1)
	[ -b "$dev" ]
}

# new_disk CMD...: run CMD and set dev to the disk that appears
new_disk() {
	local before

	before=$(disks)
	"$@" || return
	wait_for is_new_disk "$before" || {
		echo "no disk appeared" >&2
		return 1
	}
}

# A SCSI disk that does nothing
add_scsi_debug() {
	if [ -e /sys/module/scsi_debug ]; then
		echo 1 >/sys/bus/pseudo/drivers/scsi_debug/add_host
	else
		modprobe scsi_debug fake_rw=1 delay=0 dev_size_mb=1024 submit_queues="$(nproc)"
	fi
}

# address_of DISK: H:C:I:L
address_of() {
	basename "$(realpath "/sys/block/${1##*/}/device")"
}

fill_file() {
	dd if=/dev/zero of="$1" bs=1M count="$bench_mib" status=none
}

# set_fio OPTION...: the command line fio, of what all jobs have and these options
set_fio() {
	fio=(fio --ioengine=libaio --direct=1 --norandommap --randrepeat=1
		--size="${bench_mib}M" --io_size=1T --group_reporting
		--clat_percentiles=0 --lat_percentiles=1 "$@")
}

# kinds_of FILE: what kind a back end is of, what kinds a stack can have
kinds_of() {
	sed -n 's/^# kinds\{0,1\}: *//p' "$1"
}

# has_kind STACK BACKEND: sets store_kind
has_kind() {
	store_kind=$(kinds_of "backends/$2.sh")
	[ -n "$store_kind" ] && [[ " $(kinds_of "stacks/$1.sh") " = *" $store_kind "* ]]
}

# Each stack on each back end that it can have
all_specs() {
	local stack backend store_kind

	for backend in backends/*.sh; do
		backend=$(basename "$backend" .sh)
		for stack in stacks/*.sh; do
			stack=$(basename "$stack" .sh)
			! has_kind "$stack" "$backend" || echo "$stack:$backend"
		done
	done
}

# check_specs STACK:BACKEND...: are these all there, and do they go together?
check_specs() {
	local spec file store_kind

	for spec; do
		for file in "stacks/${spec%%:*}.sh" "backends/${spec#*:}.sh"; do
			[ -e "$file" ] && continue
			echo "$spec: no $file; there are: $(all_specs | paste -sd' ')" >&2
			return 1
		done
		has_kind "${spec%%:*}" "${spec#*:}" && continue
		echo "$spec: ${spec%%:*} has no back ends of the kind $store_kind" >&2
		return 1
	done
}

# setup_spec STACK:BACKEND: sets dev, and the command line fio
setup_spec() {
	# shellcheck source=/dev/null
	. "./backends/${1#*:}.sh"
	# shellcheck source=/dev/null
	. "./stacks/${1%%:*}.sh"
	dev=
	if ! has_kind "${1%%:*}" "${1#*:}" || ! backend_setup || ! stack_setup; then
		echo "$1: not available" >&2
		return 1
	fi
	set_fio --name=bench --filename="$dev"
}

# For the jobs that want them, two jobs at once
reserve_huge_pages() {
	echo 8 >/proc/sys/vm/nr_hugepages
}

# jobs_of KIND[|KIND]: name, divisor and options of the jobs
jobs_of() {
	local kind name divisor options

	while read -r kind name divisor options; do
		if [[ $kind =~ ^($1)$ ]] && [[ $name =~ ${SCST_JOBS-} ]]; then
			echo "$name $divisor $options"
		fi
	done <fio-jobs
}

# measure NAME [REGEX]: count what jobs of 4 KiB cost on $dev, or those whose names match;
# fio's reports are in $out, with NAME in place of the stack
# shellcheck disable=SC2154  # $out is that of the script
measure() {
	local name options

	while read -r name _ options; do
		# shellcheck disable=SC2086  # a list of options
		"${fio[@]}" $options --offset=1M --number_ios="${SCST_IOS:-20000}" \
			--output-format=json --output="$out/$1:null.$name.0.json"
	done < <(SCST_JOBS=${2:-4k} jobs_of count)
}
