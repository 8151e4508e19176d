#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=64M MEM=512 SMP=1 TIMEOUT=120
# The tables of Documentation/scst/scsi-commands.rst, and the table of parameters
# in vdisk.rst, have what the units of each handler have, and nothing else.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Handler, its letters in the column Units, its parameters.  What a handler has
# may depend on these, so that they are chosen to have all.
disk_parameters="thin_provisioned=1 management_address=http://192.0.2.1/"
units=(
	"vdisk_fileio D|F filename=$tmp/disk.img $disk_parameters"
	"vdisk_blockio D|B filename=/dev/vda $disk_parameters"
	"vdisk_nullio D|N size=1G $disk_parameters"
	"vcdrom C filename=$tmp/disk.iso"
)
declare -A letters=([vdisk_fileio]=F [vdisk_blockio]=B [vdisk_nullio]=N [vcdrom]=C)

# The objects are all tests'
after_failure() {
	:
}

docs_dir() {
	local dir

	for dir in "${SCST_DOCS_DIR:-}" "$lib_dir/../../../../Documentation/scst"; do
		if [ -r "$dir/scsi-commands.rst" ]; then
			echo "$dir"
			return
		fi
	done
	return 1
}

# rows FILE TITLE: of the list-table with this title, cells separated by tabs
rows() {
	awk -v title=".. list-table:: $2" '
		function flush_row() { if (n) print row; n = 0 }
		$0 == title { on = 1; next }
		on && /^[^ ]/ { flush_row(); exit }
		!on || !/^   / { next }
		/^   \* - ?/ { flush_row(); sub(/^   \* - ?/, ""); row = $0; n = 1; next }
		/^     - ?/ { sub(/^     - ?/, ""); row = row "\t" $0; next }
		n { sub(/^ +/, " "); row = row $0 }
		END { flush_row() }' "$1" | tail -n +2 | tr -d '`'
}

# documented TITLE LETTERS [COLUMN]: the codes of a unit, with that column; letters
# have | between them
documented() {
	local column=3

	[ "$1" != Commands ] || column=4
	rows "$docs/scsi-commands.rst" "$1" |
		awk -F'\t' -v col="$column" -v letter="$2" -v with="${3:-0}" '
			(" " $col " ") ~ (" (" letter ") ") {
				print $1 (with ? " " $with : "")
			}' | sort
}

# sg COMMAND LENGTH CDB...: the data as decimal numbers, one on a line
bytes_of() {
	local sg=$1 len=$2

	shift 2
	sg_raw -b -r "$len" "$sg" "$@" 2>"$tmp/error" | od -An -v -tu1 -w1 | tr -d ' '
}

# REPORT SUPPORTED OPERATION CODES, all commands: code or code/service action,
# length of the CDB
commands_of() {
	bytes_of "$1" 8192 a3 0c 00 00 00 00 00 00 20 00 00 00 | awk '
		{ b[NR - 1] = $1 }
		END {
			end = 4 + ((b[0] * 256 + b[1]) * 256 + b[2]) * 256 + b[3]
			for (i = 4; i < end && i < NR; i += 8) {
				code = sprintf("%02Xh", b[i])
				if (b[i + 5] % 2)
					code = code sprintf("/%02Xh", b[i + 2] * 256 + b[i + 3])
				print code, b[i + 6] * 256 + b[i + 7]
			}
		}' | sort
}

# By sg3_utils, whose names are not ours, and for CDs those of MMC-3: code, name
names_of() {
	sg_opcodes --compact "$1" 2>"$tmp/error" |
		sed -nE 's/^ *([0-9a-f]{2}) +([^ 0-9].*)/\1h \2/p
			s/^ *([0-9a-f]{2}),([0-9a-f]) +(.*)/\1h\/0\2h \3/p
			s/^ *([0-9a-f]{2}),([0-9a-f]{2,}) +(.*)/\1h\/\2h \3/p' |
		normal_names | sed 's/read disk information/read disc information/
			s,read dvd/bd structure,read disc structure,' | sort
}

# Whatever case they have, and READ(10) or READ (10)
normal_names() {
	tr '[:upper:]' '[:lower:]' | sed -E 's/[ -]+\(/(/; s/ +$//'
}

vpd_pages_of() {
	bytes_of "$1" 252 12 01 00 00 fc 00 | awk '
		NR > 4 { printf "%02Xh\n", $1 }' | sort
}

# MODE SENSE(10) without block descriptors, all pages and subpages
mode_pages_of() {
	bytes_of "$1" 4096 5a 08 3f ff 00 00 00 10 00 00 | awk '
		{ b[NR - 1] = $1 }
		END {
			end = 2 + b[0] * 256 + b[1]
			for (i = 8; i < end && i < NR; ) {
				code = b[i] % 64
				if (int(b[i] / 64) % 2) {
					printf "%02Xh/%02Xh\n", code, b[i + 1]
					i += 4 + b[i + 2] * 256 + b[i + 3]
				} else {
					printf "%02Xh\n", code
					i += 2 + b[i + 1]
				}
			}
		}' | sort
}

# LOG SENSE, all pages and subpages; the lists of these themselves are not in the
# tables
log_pages_of() {
	bytes_of "$1" 1024 4d 00 40 ff 00 00 00 04 00 00 | awk '
		NR > 4 && NR % 2 { code = $1 % 64; next }
		NR > 4 && code { printf $1 ? "%02Xh/%02Xh\n" : "%02Xh\n", code, $1 }' |
		grep -v '/FFh' | sort
}

# each_unit FUNCTION: with handler and letters in $handler and $letter, its unit in
# $sg
each_unit() {
	local unit handler letter sg lun=0

	for unit in "${units[@]}"; do
		read -r handler letter _ <<<"$unit"
		[ -d "$dev_bus/drivers/$handler" ] || continue
		sg=$(sg_of tgt0 "$lun")
		lun=$((lun + 1))
		"$1"
	done
}

# compare WHAT: $tmp/documented and $tmp/found
compare() {
	[ -s "$tmp/found" ] || fail "$handler has no $1 at all: $(<"$tmp/error")"
	echo "$handler: $(wc -l <"$tmp/found") $1"
	expect "$1 of $handler that are not documented" "" \
		"$(comm -13 "$tmp/documented" "$tmp/found" | tr '\n' ';')"
	expect "documented $1 that $handler lacks" "" \
		"$(comm -23 "$tmp/documented" "$tmp/found" | tr '\n' ';')"
}

compare_commands() {
	documented Commands "$letter" 3 >"$tmp/documented"
	commands_of "$sg" >"$tmp/found"
	compare commands
}

compare_names() {
	documented Commands "$letter" 2 | normal_names | sort >"$tmp/documented"
	names_of "$sg" >"$tmp/found"
	compare names
}

compare_vpd_pages() {
	documented "VPD pages" "$letter" >"$tmp/documented"
	vpd_pages_of "$sg" >"$tmp/found"
	compare "VPD pages"
}

compare_mode_pages() {
	documented "Mode pages" "$letter" >"$tmp/documented"
	mode_pages_of "$sg" >"$tmp/found"
	compare "mode pages"
}

compare_log_pages() {
	documented "Log pages" "$letter" >"$tmp/documented"
	log_pages_of "$sg" >"$tmp/found"
	# A unit may have none
	if [ -s "$tmp/documented" ] || [ -s "$tmp/found" ]; then
		compare "log pages"
	fi
}

commands() {
	each_unit compare_commands
}

command_names() {
	each_unit compare_names
}

vpd_pages() {
	each_unit compare_vpd_pages
}

mode_pages() {
	each_unit compare_mode_pages
}

log_pages() {
	each_unit compare_log_pages
}

task_management_functions() {
	rows "$docs/scsi-commands.rst" "Task management functions" | cut -f1 |
		tr '[:upper:]' '[:lower:]' | sort >"$tmp/documented"
	sg_opcodes -t "$(sg_of tgt0 0)" | sed 's/^ *//; s/ *(obsolete)//; s/ *$//' |
		tr '[:upper:]' '[:lower:]' | grep -E '^(abort|clear|logical|target|query|i_t)' |
		sort >"$tmp/found"
	handler=core compare "task management functions"
}

parameters() {
	local handler letter

	for handler in "${!letters[@]}"; do
		[ -d "$dev_bus/drivers/$handler" ] || continue
		letter=${letters[$handler]}
		rows "$docs/vdisk.rst" "Parameters" |
			awk -F'\t' -v letter="$letter" '
				(" " $2 " ") ~ (" " letter " ") { print $1 }' |
			sort >"$tmp/documented"
		tr ' ' '\n' <"$dev_bus/drivers/$handler/add_device_parameters" |
			grep . | sort >"$tmp/found"
		compare "parameters"
	done
}

no_code_twice() {
	local title

	for title in Commands "VPD pages" "Mode pages" "Log pages"; do
		expect "$title" "" \
			"$(rows "$docs/scsi-commands.rst" "$title" | cut -f1 | sort | uniq -d)"
	done
}

# A row more and a row less are found
the_comparison_finds_them() {
	local handler=vdisk_nullio found

	documented Commands D 3 >"$tmp/found"
	sed 1d "$tmp/found" >"$tmp/documented"
	found=$(compare commands 2>&1) && fail "a command more is not found"
	sed 1d "$tmp/found" >"$tmp/documented"
	mv "$tmp/documented" "$tmp/less"
	mv "$tmp/found" "$tmp/documented"
	mv "$tmp/less" "$tmp/found"
	found=$(compare commands 2>&1) && fail "a command less is not found"
	expect_match "the message" 'lacks' "$found"
}

create_all() {
	local unit handler letter parameters n=0

	truncate -s 16M "$tmp/disk.img" "$tmp/disk.iso"
	add_target tgt0 session_name=host0
	# Some commands are for units of a device group only
	put "$device_groups/add" all
	put "$device_groups/all/explicit" 1
	for unit in "${units[@]}"; do
		read -r handler letter parameters <<<"$unit"
		[ -d "$dev_bus/drivers/$handler" ] || continue
		add_device "$handler" "unit$n" "$parameters"
		add_lun tgt0 "$n" "unit$n"
		put "$device_groups/all/devices/add" "unit$n"
		n=$((n + 1))
	done
	# Each LUN has raised a unit attention at those before it
	while [ "$n" -gt 0 ]; do
		n=$((n - 1))
		sg_turs -n 5 "$(sg_of tgt0 "$n")" >/dev/null 2>&1 || :
	done
}

take_apart() {
	cleanup_devices
	del_target tgt0
	scst_unload
}

docs=$(docs_dir) || skip_all "no Documentation/scst: set SCST_DOCS_DIR"
scst_load
(set -e; create_all) || exit 1
main commands command_names vpd_pages mode_pages log_pages task_management_functions \
	parameters no_code_twice the_comparison_finds_them take_apart
