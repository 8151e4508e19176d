# SPDX-License-Identifier: GPL-2.0-only
"""SCSI commands by SG_IO, and which commands a unit says that it has"""
import collections
import ctypes
import fcntl
import sys

SG_IO = 0x2285
SG_DXFER_NONE, SG_DXFER_TO_DEV, SG_DXFER_FROM_DEV = -1, -2, -3
MAINTENANCE_IN, RSOC, VARLEN = 0xA3, 0x0C, 0x7F

Result = collections.namedtuple("Result", "status host sense data")


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


def send(fd, cdb, data_len=0, data_out=b""):
    """Send a CDB with data_out, or with room for data_len bytes of data-in."""
    cmd = ctypes.create_string_buffer(bytes(cdb), len(cdb))
    direction = SG_DXFER_FROM_DEV if data_len else SG_DXFER_NONE
    if data_out:
        direction, data_len = SG_DXFER_TO_DEV, len(data_out)
        data = ctypes.create_string_buffer(data_out, data_len)
    else:
        data = ctypes.create_string_buffer(data_len or 1)
    sense = ctypes.create_string_buffer(64)
    hdr = SgIoHdr(interface_id=ord("S"), cmd_len=len(cdb), mx_sb_len=64,
                  dxfer_direction=direction, dxfer_len=data_len, timeout=60000)
    hdr.dxferp = ctypes.cast(data, ctypes.c_void_p)
    hdr.cmdp = ctypes.cast(cmd, ctypes.c_void_p)
    hdr.sbp = ctypes.cast(sense, ctypes.c_void_p)
    fcntl.ioctl(fd, SG_IO, hdr)
    return Result(hdr.status, hdr.host_status, sense.raw[:hdr.sb_len_wr],
                  b"" if data_out else data.raw[:data_len - hdr.resid])


def execute(fd, cdb, data_len=0):
    """Send a CDB.  Returns its sense data, or None, and its data-in."""
    result = send(fd, cdb, data_len)
    if result.status:
        return result.sense, b""
    return None, result.data


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
