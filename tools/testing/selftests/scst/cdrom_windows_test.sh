#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vcdrom as Windows uses a drive.
#
# There is no Windows here.  These are the commands that its class drivers classpnp.sys
# and cdrom.sys, and a port driver, are known to send, by their published samples and by
# traces of drives: CDBs, allocation lengths and order, but not what Windows makes of the
# answers.  Forms that cdrom_test.sh has are left out unless the order needs them.
# vm: MEM=512 SMP=1 TIMEOUT=300
# shellcheck disable=SC2317  # main calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cdrom_lib.sh"

# reads LBA BLOCKS BYTE...: from disc A
reads() {
	local lba=$1 n=$2

	shift 2
	raw $((n * 2048)) "$@" >/dev/null
	dd if="$iso_a" of="$tmp/want" bs=2048 skip="$lba" count="$n" status=none
	quiet cmp "$tmp/raw" "$tmp/want"
}

# be32 NUMBER, msf LBA: as bytes
be32() {
	printf '%08x' "$1" | sed 's/../& /g; s/ $//'
}

msf() {
	local frames=$(($1 + 150))

	printf '00 %02x %02x %02x' $((frames / 4500)) $((frames / 75 % 60)) $((frames % 75))
}

# features RT START: the codes that GET CONFIGURATION returns, + behind those that are
# current.  The header is read first, and tells how much more there is.
features() {
	local start bytes at out='' len flags

	start=$(printf '%02x %02x' $(($2 >> 8)) $(($2 & 255)))
	# shellcheck disable=SC2086,SC2207  # words
	bytes=($(raw 8 46 "$1" $start 00 00 00 00 08 00))
	len=$((0x${bytes[2]}${bytes[3]} + 4))
	# shellcheck disable=SC2046,SC2086,SC2207
	bytes=($(raw "$len" 46 "$1" $start 00 00 00 $(printf '%02x %02x' \
		$((len >> 8)) $((len & 255))) 00))
	expect "length of the features" "$len" ${#bytes[@]}
	for ((at = 8; at < len; at += 4 + 0x${bytes[at + 3]})); do
		((0x${bytes[at + 3]} % 4 == 0)) || fail "${bytes[*]}: length at $at"
		flags=0x${bytes[at + 2]}
		out+=" ${bytes[at]}${bytes[at + 1]}"
		[ $((flags & 1)) = 0 ] || out+=+
	done
	expect "end of the last feature" "$len" "$at"
	echo "${out# }"
}

# What a port driver asks of any device that it finds
finds_the_drive() {
	drive_with_a
	matches "INQUIRY" '^05 80 0[67] .2( ..){32}$' 36 12 00 00 00 24 00
	answers "cut off" "05 80" 2 12 00 00 00 02 00
	matches "VPD pages" '^05 00 00 .. 00( ..)* 80 83' 255 12 01 00 00 ff 00
	matches "serial number" '^05 80 00 ..( ..)+$' 255 12 01 80 00 ff 00
	matches "identification" '^05 83 .. ..( ..)+$' 255 12 01 83 00 ff 00
	refused "$invalid_field" 12 01 b9 00 ff 00
	answers "LUNs, to begin with" "00 00 00 08 00 00 00 00 00 00 00 00 00 00 00 00" \
		16 a0 00 00 00 00 00 00 00 00 10 00 00
	good 00 00 00 00 00 00
	answers "no sense data" "70 00 00 00 00 00 00 0a 00 00 00 00 00 00 00 00 00 00" \
		18 03 00 00 00 12 00
}

start_sequence() {
	local n last

	drive_with_a
	n=$(($(stat -c %s "$iso_a") / 2048))
	last=$(be32 $((n - 1)))
	# The features, all of them, and what begins at one that is in the middle or at none
	expect "all features" \
		"0000+ 0001+ 0002+ 0003+ 0010+ 001d+ 001e+ 001f 0100+ 0105+ 0108+" \
		"$(features 00 0)"
	expect "current features" \
		"0000+ 0001+ 0002+ 0003+ 0010+ 001d+ 001e+ 0100+ 0105+ 0108+" "$(features 01 0)"
	expect "features from 1eh on" "001e+ 001f 0100+ 0105+ 0108+" "$(features 00 $((0x1e)))"
	expect "current ones, from 1fh on" "0100+ 0105+ 0108+" "$(features 01 $((0x1f)))"
	expect "features beyond the last" "" "$(features 00 $((0x109)))"
	# One by one.  Of what it has not, there is only the header.
	answers "core" "00 00 00 10 00 00 00 08 00 01 0b 08 00 00 00 01 01 00 00 00" \
		40 46 02 00 01 00 00 00 00 28 00
	answers "removable medium" "00 00 00 0c 00 00 00 08 00 03 0b 04 39 00 00 00" \
		40 46 02 00 03 00 00 00 00 28 00
	answers "random readable" \
		"00 00 00 10 00 00 00 08 00 10 01 08 00 00 08 00 00 01 01 00" \
		40 46 02 00 10 00 00 00 00 28 00
	answers "timeout" "00 00 00 0c 00 00 00 08 01 05 07 04 00 00 00 00" \
		40 46 02 01 05 00 00 00 00 28 00
	matches "serial number" '^00 00 00 .. 00 00 00 08 01 08 03 ..( ..)+$' \
		40 46 02 01 08 00 00 00 00 28 00
	# Write protect, random and incremental writable, defects, MRW, DVD CSS, streaming
	for code in 00\ {04,20,21,24,28} 01\ {06,07,0a}; do
		# shellcheck disable=SC2086  # words
		answers "no feature $code" "00 00 00 04 00 00 00 08" \
			40 46 02 $code 00 00 00 00 28 00
	done
	# Capabilities: reads CD-R, CD-RW, DVD-ROM; a tray that opens and locks
	answers "header of a page" "00 1c 00 00 00 00 00 00" 8 5a 00 2a 00 00 00 00 00 08 00
	matches "page 2Ah" '^00 1c 00 00 00 00 00 00 2a 14 0b 00 00 00 29 00( ..){14}$' \
		192 5a 00 2a 00 00 00 00 00 c0 00
	matches "page 2Ah, DBD" '^00 1c 00 00 00 00 00 00 2a 14 0b 00 00 00 29 00' \
		30 5a 08 2a 00 00 00 00 00 1e 00
	matches "page 2Ah of MODE SENSE(6)" '^19 00 00 00 2a 14 0b 00 00 00 29 00' \
		192 1a 00 2a 00 c0 00
	matches "all pages" '^00 .. 00 00 00 00 00 00( ..)* 2a 14 0b' \
		255 5a 00 3f 00 00 00 00 00 ff 00
	# No write parameters, no audio
	refused "$invalid_field" 5a 00 05 00 00 00 00 00 c0 00
	refused "$invalid_field" 5a 00 0e 00 00 00 00 00 c0 00
	# No region code, no key, no speeds of writing, no buffer for that
	refused "$bad_opcode" a4 00 00 00 00 00 00 00 00 08 08 00
	refused "$bad_opcode" ac 10 00 00 00 00 00 00 00 01 00 00
	refused "$bad_opcode" 5c 00 00 00 00 00 00 00 0c 00
	# Which events it has, and of several classes that of the lowest
	answers "no class" "00 02 80 54" 8 4a 01 00 00 00 00 00 00 08 00
	answers "header only" "00 06 02 54" 4 4a 01 00 00 7e 00 00 00 04 00
	answers "all classes" "00 06 02 54 00 01 00 00" 8 4a 01 00 00 7e 00 00 00 08 00
	answers "busy" "00 06 06 54 00 00 00 00" 8 4a 01 00 00 40 00 00 00 08 00
	answers "media" "00 06 04 54 00 02 00 00" 8 4a 01 00 00 10 00 00 00 08 00
	reads_the_disc "$n" "$last"
}

# reads_the_disc BLOCKS LAST
reads_the_disc() {
	local n=$1 last=$2 out

	answers "READ CAPACITY" "$last 00 00 08 00" 8 25 00 00 00 00 00 00 00 00 00
	# Into a structure for 100 tracks; then as much as is needed
	answers "TOC, MSF" "00 12 01 01 00 14 01 00 00 00 02 00 00 14 aa 00 $(msf "$n")" \
		804 43 02 00 00 00 00 00 03 24 00
	answers "TOC, MSF, header" "00 12 01 01" 4 43 02 00 00 00 00 01 00 04 00
	answers "TOC, MSF, from track 1 on" \
		"00 12 01 01 00 14 01 00 00 00 02 00 00 14 aa 00 $(msf "$n")" \
		20 43 02 00 00 00 00 01 00 14 00
	answers "sessions, MSF" "00 0a 01 01 00 14 01 00 00 00 02 00" \
		804 43 02 01 00 00 00 00 03 24 00
	answers "raw TOC, header" "00 2e 01 01" 4 43 02 02 00 00 00 01 00 04 00
	out=$(msf "$n")
	answers "raw TOC" "00 2e 01 01$(
		printf ' 01 14 00 %s' "a0 00 00 00 00 01 00 00" "a1 00 00 00 00 01 00 00" \
			"a2 00 00 00 ${out/#00/00}" "01 00 00 00 00 00 02 00")" \
		804 43 02 02 00 00 00 01 03 24 00
	# It is neither recordable nor has CD-TEXT
	refused "$invalid_field" 43 02 03 00 00 00 00 00 04 00
	refused "$invalid_field" 43 02 04 00 00 00 00 00 04 00
	refused "$invalid_field" 43 02 05 00 00 00 00 00 04 00
	answers "disc information, length" "00 20" 2 51 00 00 00 00 00 00 00 02 00
	matches "disc information" '^00 20 0e 01 01 01 01 20( ..){26}$' \
		256 51 00 00 00 00 00 00 01 00 00
	matches "the last track" "^00 22 01 01 00 04 01 00( 00){16} $(be32 "$n") $last" \
		48 52 01 00 00 00 01 00 00 30 00
	matches "the track at block 16" "^00 22 01 01 00 04 01 00( 00){16} $(be32 "$n")" \
		48 52 00 00 00 00 10 00 00 30 00
	matches "the track of session 1" '^00 22 01 01 00 04' 48 52 02 00 00 00 01 00 00 30 00
	# There is no incomplete one
	refused "$invalid_field" 52 01 00 00 00 ff 00 00 30 00
	# What is asked of DVDs: physical, copyright, BCA, manufacturer
	for out in 00 01 03 04; do
		refused "$incompatible" ad 00 00 00 00 00 00 "$out" 08 04 00 00
	done
	refused "$invalid_field" ad 01 00 00 00 00 00 00 08 04 00 00
	reads 16 1 28 00 00 00 00 10 00 00 01 00
	reads 0 32 28 08 00 00 00 00 00 00 20 00
	reads 16 4 a8 08 00 00 00 10 00 00 00 04 00 00
	reads 16 4 be 00 00 00 00 10 00 00 04 10 00 00
	# CD-DA, raw sectors with C2 errors, sub-channels
	refused 'Illegal Request.*Illegal mode for this track' \
		be 04 00 00 00 10 00 00 01 10 00 00
	refused "$invalid_field" be 00 00 00 00 10 00 00 01 fa 00 00
	refused "$invalid_field" be 00 00 00 00 10 00 00 01 10 02 00
}

# As Explorer's "Eject" does, and a new disc comes
medium_change() {
	drive_with_a
	good 1e 00 00 00 01 00
	answers "locked, page 2Ah" "00 1c 00 00 00 00 00 00 2a 14 0b 00 00 00 2b 00" \
		16 5a 00 2a 00 00 00 00 00 10 00
	good 1e 00 00 00 00 00
	good 1b 01 00 00 02 00
	answers "tray opens" "00 06 04 54 03 01 00 00" 8 4a 01 00 00 10 00 00 00 08 00
	refused "$not_present" 00 00 00 00 00 00
	change_to "$iso_b"
	# It has not looked yet: what tells of the change does not end by it
	answers "new medium" "00 06 04 54 02 02 00 00" 8 4a 01 00 00 7e 00 00 00 08 00
	expect "features of a DVD" \
		"0000+ 0001+ 0002+ 0003+ 0010+ 001d 001e 001f+ 0100+ 0105+ 0108+" \
		"$(features 00 0)"
	refused "$changed" 00 00 00 00 00 00
	good 00 00 00 00 00 00
	answers "READ CAPACITY" "$(be32 $(($(stat -c %s "$iso_b") / 2048 - 1))) 00 00 08 00" \
		8 25 00 00 00 00 00 00 00 00 00
	answers "profile" "00 00 00 04 00 00 00 10" 8 46 02 ff ff 00 00 00 00 08 00
	# The first layer's descriptor; no key, no BCA, no manufacturer's data
	matches "layer" '^08 02 00 00 01 0f 01 00 00 03 00 00( ..){9}$' \
		21 ad 00 00 00 00 00 00 00 00 15 00 00
	answers "copyright" "00 06 00 00 00 00 00 00" 8 ad 00 00 00 00 00 00 01 00 08 00 00
	for format in 02 03 04; do
		refused "$invalid_field" ad 00 00 00 00 00 00 "$format" 08 04 00 00
	done
	matches "TOC of a DVD" '^00 12 01 01 00 14 01 00 00 00 02 00 00 14 aa 00' \
		804 43 02 00 00 00 00 00 03 24 00
	matches "disc information" '^00 20 0e 01 01 01 01 20' 34 51 00 00 00 00 00 00 00 22 00
	good 1b 01 00 00 01 00
	change_to "$iso_a"
}

empty_drive() {
	drive_with_a
	change_to ""
	forget
	expect "features" "0000+ 0001+ 0002+ 0003+ 0010 001d 001e 001f 0100+ 0105+ 0108+" \
		"$(features 00 0)"
	expect "current features" "0000+ 0001+ 0002+ 0003+ 0100+ 0105+ 0108+" "$(features 01 0)"
	answers "events" "00 06 02 54 00 01 00 00" 8 4a 01 00 00 7e 00 00 00 08 00
	matches "page 2Ah" '^00 1c 00 00 00 00 00 00 2a 14 0b 00 00 00 29 00' \
		192 5a 00 2a 00 00 00 00 00 c0 00
	good 1e 00 00 00 01 00
	good 1e 00 00 00 00 00
	# It is the medium that is missing, not the field of a command
	refused "$not_present" 1b 00 00 00 01 00
	refused "$not_present" 43 02 00 00 00 00 00 03 24 00
	refused "$not_present" 43 02 02 00 00 00 01 00 04 00
	refused "$not_present" 52 01 00 00 00 01 00 00 30 00
	refused "$not_present" 52 01 00 00 00 ff 00 00 30 00
	refused "$not_present" ad 00 00 00 00 00 00 00 08 04 00 00
	refused "$not_present" be 00 00 00 00 10 00 00 01 10 00 00
	refused "$not_present" a8 00 00 00 00 10 00 00 00 01 00 00
	answers "sense data" "70 00 02 00 00 00 00 0a 00 00 00 00 3a 00 00 00 00 00" \
		18 03 00 00 00 12 00
	change_to "$iso_a"
	# Who asks for it is told there, and then no more
	matches "sense data" '^70 00 06 00 00 00 00 0a 00 00 00 00 28 00 ' 18 03 00 00 00 12 00
	good 00 00 00 00 00 00
}

scst_load
log=$(log_mark)
# sr is told to look when a test wants it to
echo 0 >/sys/module/block/parameters/events_dfl_poll_msecs
make_disc() {
	mkdir "$tmp/tree_$1"
	head -c 200000 /dev/urandom >"$tmp/tree_$1/data"
	genisoimage -quiet -R -V "DISC_${1^}" -o "$tmp/$1.iso" "$tmp/tree_$1"
}
make_disc a || exit 1
make_disc b || exit 1
# Too large for a CD
truncate -s 1G "$iso_b"
main finds_the_drive start_sequence medium_change empty_drive take_apart kernel_log
