#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compare a unit's CDB usage maps with what it does: cdb_bits.py /dev/sgN

Each command that REPORT SUPPORTED OPERATION CODES lists is sent once for every
bit that is zero in its usage map, with this bit set.  It has to end with INVALID
FIELD IN CDB and a field pointer to the bit.
"""
import os
import sys

from sgio import VARLEN, commands, execute, rsoc

INQUIRY = 0x12
READ_CD_MSF = 0xB9
ILLEGAL_REQUEST, INVALID_FIELD_IN_CDB = 5, (0x24, 0)
SKSV, IN_CDB, BPV = 0x80, 0x40, 0x08


def usage_map(fd, opcode, action):
    """CDB usage data of a command"""
    data = rsoc(fd, 1 if action is None else 2, opcode, action or 0)
    if data[1] & 7 != 3:
        sys.exit(f"{opcode:02x}/{action}: listed, but not supported")
    return data[4:4 + int.from_bytes(data[2:4], "big")]


def selects(opcode, action, byte, bit):
    """Would another value of this bit be another command?"""
    if opcode == VARLEN:
        return byte in (0, 7, 8, 9)
    return byte == 0 or (action is not None and byte == 1 and bit < 5)


def refused_at(sense):
    """Byte and bit of the field pointer, if it is INVALID FIELD IN CDB"""
    if not sense or sense[0] & 0x7F != 0x70 or sense[2] & 15 != ILLEGAL_REQUEST:
        return None
    if (sense[12], sense[13]) != INVALID_FIELD_IN_CDB:
        return None
    if sense[15] & (SKSV | IN_CDB | BPV) != SKSV | IN_CDB | BPV:
        return None
    return int.from_bytes(sense[16:18], "big"), sense[15] & 7


def points_to(pointer, byte, bit, mask):
    """Is it the bit, or the highest one of the unused field that it is in?"""
    if not pointer or pointer[0] != byte or pointer[1] < bit:
        return False
    return not any(mask & 1 << n for n in range(bit, pointer[1] + 1))


def check(fd, opcode, action):
    """Returns how many bits were tried, and how many were not refused."""
    usage = usage_map(fd, opcode, action)
    base = bytearray(len(usage))
    tried = bad = 0

    for byte, mask in enumerate(usage):
        for bit in range(8):
            if selects(opcode, action, byte, bit):
                base[byte] |= mask & 1 << bit
    if opcode == VARLEN:
        base[7] = len(usage) - 8
    # Zero is no address: block 0 is at 00:02:00
    if opcode == READ_CD_MSF:
        base[4] = base[7] = 2
    for byte, mask in enumerate(usage):
        for bit in range(8):
            if mask & 1 << bit or selects(opcode, action, byte, bit):
                continue
            # The LUN of SCSI-2, which an INQUIRY may still have
            if opcode == INQUIRY and byte == 1 and bit >= 5:
                continue
            cdb = bytearray(base)
            cdb[byte] |= 1 << bit
            sense, _ = execute(fd, cdb)
            tried += 1
            if not points_to(refused_at(sense), byte, bit, mask):
                bad += 1
                print(f"{cdb.hex()}: byte {byte} bit {bit}:",
                      sense.hex() if sense else "GOOD")
    return tried, bad


def main():
    """Check all commands of the unit."""
    fd = os.open(sys.argv[1], os.O_RDWR)
    nr = tried = bad = 0
    for opcode, action in commands(fd):
        n, m = check(fd, opcode, action)
        nr, tried, bad = nr + 1, tried + n, bad + m
    print(f"{nr} commands, {tried} bits, {bad} wrong")
    sys.exit(bad > 0 or not tried)


main()
