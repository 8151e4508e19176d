#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compare a unit's CDB usage maps with what it does: cdb_bits.py /dev/sgN

Each command that REPORT SUPPORTED OPERATION CODES lists is sent once for every
bit that is zero in its usage map, with this bit set.  It has to end with INVALID
FIELD IN CDB and a field pointer to the bit.
"""
import ctypes
import fcntl
import os
import sys

SG_IO = 0x2285
SG_DXFER_NONE, SG_DXFER_FROM_DEV = -1, -3
INQUIRY, MAINTENANCE_IN, RSOC, VARLEN = 0x12, 0xA3, 0x0C, 0x7F
READ_CD_MSF = 0xB9
ILLEGAL_REQUEST, INVALID_FIELD_IN_CDB = 5, (0x24, 0)
SKSV, IN_CDB, BPV = 0x80, 0x40, 0x08


class SgIoHdr(ctypes.Structure):
    """struct sg_io_hdr of <scsi/sg.h>"""
    _fields_ = [(name, getattr(ctypes, "c_" + kind)) for name, kind in (
        ("interface_id", "int"), ("dxfer_direction", "int"),
        ("cmd_len", "ubyte"), ("mx_sb_len", "ubyte"), ("iovec_count", "ushort"),
        ("dxfer_len", "uint"), ("dxferp", "void_p"), ("cmdp", "void_p"),
        ("sbp", "void_p"), ("timeout", "uint"), ("flags", "uint"),
        ("pack_id", "int"), ("usr_ptr", "void_p"), ("status", "ubyte"),
        ("masked_status", "ubyte"), ("msg_status", "ubyte"),
        ("sb_len_wr", "ubyte"), ("host_status", "ushort"),
        ("driver_status", "ushort"), ("resid", "int"), ("duration", "uint"),
        ("info", "uint"))]


def execute(fd, cdb, data_len=0):
    """Send a CDB.  Returns its sense data, or None, and its data-in."""
    cmd = ctypes.create_string_buffer(bytes(cdb), len(cdb))
    data = ctypes.create_string_buffer(data_len or 1)
    sense = ctypes.create_string_buffer(64)
    hdr = SgIoHdr(interface_id=ord("S"), cmd_len=len(cdb), mx_sb_len=64,
                  dxfer_direction=SG_DXFER_FROM_DEV if data_len else SG_DXFER_NONE,
                  dxfer_len=data_len, timeout=60000)
    hdr.dxferp = ctypes.cast(data, ctypes.c_void_p)
    hdr.cmdp = ctypes.cast(cmd, ctypes.c_void_p)
    hdr.sbp = ctypes.cast(sense, ctypes.c_void_p)
    fcntl.ioctl(fd, SG_IO, hdr)
    if hdr.status:
        return sense.raw[:hdr.sb_len_wr], b""
    return None, data.raw[:data_len - hdr.resid]


def rsoc(fd, option, opcode=0, action=0):
    """Parameter data of REPORT SUPPORTED OPERATION CODES"""
    cdb = bytes((MAINTENANCE_IN, RSOC, option, opcode)) + action.to_bytes(2, "big")
    sense, data = execute(fd, cdb + (8192).to_bytes(4, "big") + b"\0\0", 8192)
    if sense:
        sys.exit(f"REPORT SUPPORTED OPERATION CODES {option}: {sense.hex()}")
    return data


def commands(fd):
    """Operation code, service action or None, for each command there is"""
    data = rsoc(fd, 0)
    end = 4 + int.from_bytes(data[:4], "big")
    for at in range(4, end, 8):
        has_action = data[at + 5] & 1
        yield data[at], int.from_bytes(data[at + 2:at + 4], "big") if has_action else None


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
