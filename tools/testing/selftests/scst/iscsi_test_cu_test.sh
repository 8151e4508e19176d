#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: DISKS=16M MEM=1024 SMP=1 TIMEOUT=900
# The SCSI and LINUX families of libiscsi's iscsi-test-cu against disks of each
# kind: a suite that is not written here.  Each of its tests has to pass.  One
# that it skips has failed here, too: it skips what a disk lacks.  Those that cannot be
# run, or cannot pass, are skips here.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Suites that need nothing special, each run on every one of these disks.
disks=(fileio blockio blocks_4k)
suites=(CompareAndWrite.{Simple,DpoFua,Miscompare,Unwritten}
	ExtendedCopy GetLBAStatus.{Simple,BeyondEol} Inquiry Mandatory ModeSense6 OrWrite
	MultipathIO.{Simple,CompareAndWrite} Prefetch10 Prefetch16 Read6
	Read10.{Simple,BeyondEol,ZeroBlocks,ReadProtect,DpoFua} Read12 Read16
	ReadCapacity10 ReadCapacity16 ReadDefectData10 ReadDefectData12
	ReportSupportedOpcodes.{Simple,OneCommand,RCTD,SERVACTV}
	TestUnitReady Unmap Verify10 Verify12 Verify16
	Write10.{Simple,BeyondEol,ZeroBlocks,WriteProtect,DpoFua} Write12 Write16
	WriteVerify10 WriteVerify12 WriteVerify16
	WriteSame{10,16}.{Simple,BeyondEol,ZeroBlocks,WriteProtect,Unmap,UnmapVPD,Check}
	WriteSame16.UnmapUntilEnd)

# Those that do: disk, suite or test
special=(
	# It takes physical blocks for logical ones
	"blocks_4k GetLBAStatus.UnmapSingle"
	# Physical blocks of 8 logical ones
	"fileio WriteSame10.UnmapUnaligned"
	"fileio WriteSame10.InvalidDataOutSize"
	"fileio WriteSame16.UnmapUnaligned"
	"fileio WriteSame16.InvalidDataOutSize"
	# It sends blocks of FFh with UNMAP=1, and has them read as zeros if LBPRZ is 1,
	# for which SBC-5 wants them to be written
	"blockio WriteSame10.UnmapUntilEnd"
	# The block device has no atomic writes
	"fileio WriteAtomic16"
	"blocks_4k WriteAtomic16"
	"removable NoMedia"
	"removable PreventAllow.Simple"
	"removable PreventAllow.Eject"
	"removable StartStopUnit.Simple"
	"read_only ReadOnly"
	"fileio Sanitize.BlockErase"
	"fileio Sanitize.ExitFailureMode"
	"fileio Sanitize.InvalidServiceAction"
	"fileio Sanitize.Overwrite"
)

# It does these by iSCSI only: with a session of its own that it ends, with resets, with
# commands that do not wait for each other, or with a CDB that it changes on its way.
# Sanitize.OverwriteReserved, which does that too, crashes with anything else; cdb_bits.py
# in spc_test.sh sets those bits.  The two Async pass without a word when they do nothing.
iscsi_only="PreventAllow.ITNexusLoss PreventAllow.Logout PreventAllow.WarmReset
	PreventAllow.ColdReset PreventAllow.LUNReset PreventAllow.2ITNexuses
	MultipathIO.Reset MultipathIO.CompareAndWriteAsync Read10.Async Write10.Async
	Sanitize.Reset Sanitize.Readonly Sanitize.Reservations
	Sanitize.BlockEraseReserved Sanitize.OverwriteReserved
	CompareAndWrite.InvalidDataOutSize"
# Those that cannot pass, and why: test, reason
declare -A cannot_pass=(
	[StartStopUnit.NoLoej]="wants a unit to be ready after START=0, LOEJ=0"
	[StartStopUnit.PwrCnd]="wants reserved values of POWER CONDITION to be taken"
	[Sanitize.CryptoErase]="nothing is encrypted, there is no key to change"
	[Sanitize.CryptoEraseReserved]="nothing is encrypted, there is no key to change"
)
# These too want iSCSI: for a second initiator, to end a session, and for resets.  What
# they look for is in each_type, preempting and reserving of pr_test.sh.
reservations_iscsi_only=(ProutReserve.{Access,Ownership}{EA,WE,EARO,WERO,EAAR,WEAR}
	ProutPreempt.RemoveRegistration
	Reserve6.{2Initiators,Logout,ITNexusLoss,TargetColdReset,TargetWarmReset,LUNReset})
# pr_test.sh has the others
reservations="PrinReadKeys PrinServiceactionRange PrinReportCapabilities ProutRegister
	ProutReserve ProutClear ProutPreempt Reserve6"

# All tests have the same disks, whatever became of the one before
after_failure() {
	local session sg

	for session in "$scst_targets"/tgt*/sessions/session*; do
		for sg in "$session"/host/target*/*/scsi_generic/*; do
			sg=/dev/${sg##*/}
			sg_start --start --loej "$sg"
			sg_turs -n 5 "$sg"
		done
	done >/dev/null 2>&1
}

# verdicts: of iscsi-test-cu's output, a line for each test: suite.test, passed or
# FAILED, what it said of skipping
verdicts() {
	awk '
		function test_end() {
			if (name)
				print suite "." name, verdict ? verdict : "crashed", skip
			name = ""
		}
		/^Suite: / { test_end(); suite = $2 }
		/^  Test: / {
			test_end()
			name = $2
			verdict = skip = ""
			sub(/^  Test: [^ ]* \.\.\./, "")
		}
		name && /\[SKIPP/ && !skip { skip = $0; sub(/^.*\[SKIPP[A-Z]*\] */, "", skip) }
		name && match($0, /^(passed|FAILED)/) { verdict = substr($0, 1, RLENGTH) }
		/^Run Summary/ { test_end() }'
}

# failures: the verdicts that are none of passed.  What needs protection
# information is skipped, since there is none.
failures() {
	grep -vE '^[^ ]+ passed *$' | grep -vE '^[^ ]+ passed .*protection' || :
}

# long_cdbs: has it no room for the usage map of a CDB of 32 bytes, and nothing else
# to say?
long_cdbs() {
	grep -q 'Usage Data' "$tmp/output" && ! grep -F '[FAILED]' "$tmp/output" |
		grep -v 'Usage Data was 0x00, expected 0x7f for opcode 0x7f'
}

# run_suite DISK FAMILY.SUITE[.TEST]
run_suite() {
	local bad paths=("${node[$1]}")

	# It goes up to 256 blocks, which a CDB has as none, where a transfer can have as
	# many.  It lets an sg device have fewer.
	case $2 in
	*.CompareAndWrite.Simple | *.CompareAndWrite.Miscompare) paths=("${sg_node[$1]}") ;;
	*.MultipathIO.*) paths+=("$(second_path "$1")") ;;
	esac
	iscsi-test-cu --dataloss --allow-sanitize --verbose --test="$2" "${paths[@]}" \
		>"$tmp/output" 2>&1 || :
	verdicts <"$tmp/output" >"$tmp/verdicts"
	[ -s "$tmp/verdicts" ] || fail "no test ran: $(<"$tmp/output")"
	bad=$(failures <"$tmp/verdicts")
	if [ "$bad" = "ReportSupportedOpcodes.OneCommand FAILED " ] && long_cdbs; then
		skip "has no room for the usage map of a CDB of 32 bytes; all others are right"
	fi
	if [ -n "$bad" ]; then
		cat "$tmp/output"
		fail "$bad"
	fi
	[ ${#paths[@]} = 1 ] || grep -qF 'for all (2) paths' "$tmp/output" ||
		fail "the second path was not used: $(<"$tmp/output")"
}

# second_path DISK: by the other target.  Unit attentions tell it what was done by the first.
second_path() {
	local path=${second_node[$1]}

	sg_turs -n 10 "$path" >/dev/null 2>&1 || :
	# CompareAndWrite writes zeros to blocks 0 to 255, and takes them for granted up to 256
	dd if=/dev/zero of="$path" bs=4096 count=257 oflag=direct status=none
	echo "$path"
}

# Every test of the family is in one of the lists above
every_test_has_its_place() {
	local line

	iscsi-test-cu -l | sed -n 's/^SCSI\.//p' | grep -F . >"$tmp/all"
	{
		printf '%s\n' ReceiveCopyResults "${suites[@]}"
		for line in "${special[@]}"; do
			echo "${line#* }"
		done
		# shellcheck disable=SC2086  # words
		printf '%s\n' $iscsi_only "${!cannot_pass[@]}" $reservations
	} | sed 's/\./\\./; s/.*/^&(\\.|$)/' >"$tmp/places"
	expect "tests that are in no list" "" "$(grep -vE -f "$tmp/places" "$tmp/all")"
}

# What the script takes for a failure
it_tells_failures_from_passes() {
	local want
	local text='Suite: A
  Test: Good ...passed
  Test: Bad ...    [FAILED] text
FAILED
    1. file.c:1  - CU_FAIL("x")
  Test: Skipped ...    [SKIPPED] X is not implemented.
passed
  Test: Protected ...    [SKIPPED] No protection information.
passed
  Test: Crashed ...
'
	want="A.Bad FAILED ;A.Skipped passed X is not implemented.;A.Crashed crashed ;"
	expect "failures" "$want" \
		"$(printf '%s\nRun Summary:' "$text" | verdicts | failures | tr '\n' ';')"
}

# add_disk NAME HANDLER PARAMETERS
declare -A node sg_node second_node

add_disk() {
	export_disk "$2" "$1" "$3"
}

create_disks() {
	# On larger ones it reads 65536 blocks at once, more than their MAXIMUM TRANSFER
	# LENGTH
	truncate -s 16M "$tmp"/{fileio,removable,read_only}.img
	truncate -s 64M "$tmp/4k.img"
	add_disk fileio vdisk_fileio "filename=$tmp/fileio.img"
	add_disk blockio vdisk_blockio "filename=/dev/vda"
	add_disk blocks_4k vdisk_fileio "filename=$tmp/4k.img blocksize=4096"
	add_disk removable vdisk_fileio "filename=$tmp/removable.img removable=1"
	add_disk read_only vdisk_fileio "filename=$tmp/read_only.img read_only=1 thin_provisioned=1"
	# A second path of those that run all suites
	add_target tgt1 session_name=host1
	for lun in "${!disks[@]}"; do
		add_lun tgt1 "$lun" "${disks[lun]}"
	done
}

# The suite takes unit attentions for failures
open_disks() {
	local name lun=0

	for name in fileio blockio blocks_4k removable read_only; do
		node[$name]=$(disk_of tgt0 "$lun")
		sg_node[$name]=$(sg_of tgt0 "$lun")
		# It wants to write, which sd does not let it, and to remove what sd keeps
		[[ $name != re* ]] || node[$name]=${sg_node[$name]}
		sg_turs -n 10 "${node[$name]}" >/dev/null 2>&1
		lun=$((lun + 1))
	done
	for lun in "${!disks[@]}"; do
		second_node[${disks[lun]}]=$(disk_of tgt1 "$lun")
	done
}

# define DISK FAMILY.SUITE[.TEST]: a function that runs it, in $tests
tests=()

define() {
	local name="$1 ${2//./ }"

	tests+=("${name// /_}")
	eval "${name// /_}() { run_suite $1 $2; }"
}

# define_skip SUITE.TEST REASON: a function that says why it is not run
define_skip() {
	local name="SCSI ${1//./ }"

	tests+=("${name// /_}")
	eval "${name// /_}() { skip '$2'; }"
}

define_all() {
	local disk suite line

	# It wants no copy of the nexus to have a status
	define fileio SCSI.ReceiveCopyResults
	for suite in "${suites[@]}"; do
		for disk in "${disks[@]}"; do
			define "$disk" "SCSI.$suite"
		done
	done
	for line in "${special[@]}"; do
		define "${line% *}" "SCSI.${line#* }"
	done
	for suite in $iscsi_only; do
		define_skip "$suite" "only by iSCSI"
	done
	for suite in "${reservations_iscsi_only[@]}"; do
		define_skip "$suite" "only by iSCSI; pr_test.sh does the same"
	done
	for suite in "${!cannot_pass[@]}"; do
		define_skip "$suite" "${cannot_pass[$suite]}"
	done
	# The same tests again, without those that Linux does not need
	[ -n "${SCST_SOAK-}" ] || return 0
	while read -r suite; do
		[[ " ${suites[*]} " != *" $suite "* ]] || define fileio "LINUX.$suite"
	done < <(iscsi-test-cu -l | sed -n 's/^LINUX\.//p')
}

take_apart() {
	put "$scst_targets/tgt0/luns/clear" 1
	put "$scst_targets/tgt1/luns/clear" 1
	cleanup_devices
	del_target tgt0
	del_target tgt1
	scst_unload
}

command -v iscsi-test-cu >/dev/null || skip_all "no iscsi-test-cu"
scst_load
(set -e; create_disks) || exit 1
open_disks
define_all
main every_test_has_its_place it_tells_failures_from_passes "${tests[@]}" take_apart
