# SPDX-License-Identifier: GPL-2.0-only
"""What each command does that is as it should be: functions for the rows of commands.py

Each sends the command of the row, maybe with others whose effect depends on it, and
raises Wrong if something is not as it has to be.  Some are for two commands, of which one
shows what the other one has done.
"""
import functools
import threading
import time

import sgio
from scsi_unit import (BAD_CDB, BAD_LIST, BAD_RANGE, EJECTED, KEY, LIST_LENGTH, LOCKED, LOST,
                       MISCOMPARE, TYPE_ROM, Unit, Wrong, be, flipped, lba_descriptors, msf)

# Where blocks are written and read; what is unmapped is aligned as pages are
BASE = 64
# An initiator port that is not logged in, and its reservation key
OTHER_PORT = bytes.fromhex("06000000" "5000c50000000001") + bytes(12)
OTHER_KEY = 0xB


def cleanup(undo):
    """Decorator: whatever becomes of it, undo it"""
    def decorate(good):
        @functools.wraps(good)
        def wrapper(unit, row):
            try:
                good(unit, row)
            finally:
                undo(unit)
        return wrapper
    return decorate


class Meanwhile(threading.Thread):
    """A command that others are to be sent beside"""
    def __init__(self, unit, cdb, out):
        super().__init__()
        self.args = unit, cdb, out
        self.reply = self.error = None
        self.start()

    def run(self):
        unit, cdb, out = self.args
        try:
            self.reply = unit.send(cdb, out)
        except OSError as error:
            self.error = error

    def end(self):
        """How it ends, in the end"""
        self.join()
        if not self.reply:
            _, cdb, out = self.args
            text = cdb if isinstance(cdb, str) else cdb.hex()
            raise Wrong(f"CDB {text}, {len(out)} bytes out: {self.error}")
        return self.reply.end


# --- Reading and writing


def read(unit, row):
    """Read what was written, and no other blocks; with DPO and FUA, if the CDB has them."""
    data = unit.fill(BASE - 1, 4)[unit.size:-unit.size]
    unit.same("data", data, unit.good(row.range_cdb(BASE, 2), size=2 * unit.size))
    if row.room("F"):
        unit.same("data", data, unit.good(row.cdb(L=BASE, N=2, F=0x18), size=2 * unit.size))


def read_cd(unit, row):
    """Read mode 1 sectors, and nothing that there is not."""
    read(unit, row)
    mode1, mode2 = (bytearray(row.range_cdb(BASE, 1)) for _ in range(2))
    mode1[1], mode2[1] = 0x08, 0x0C
    unit.same("data", unit.fill(BASE, 1), unit.good(mode1, size=unit.size))
    unit.ends("5/64/00", bytes(mode2), size=unit.size)


def overwrite(unit, row, flags=0):
    """Write two of four blocks."""
    size = unit.size
    old, new = unit.fresh(4), unit.fresh(2)
    unit.put(BASE - 1, old)
    unit.good(row.cdb(L=BASE, N=2, F=flags), new)
    unit.has(BASE - 1, unit.kept(old[:size] + new + old[-size:]))


def write(unit, row):
    """Write, also with DPO and FUA where the CDB has flags."""
    overwrite(unit, row)
    if row.room("F"):
        overwrite(unit, row, 0x18)


def write_verify(unit, row):
    """Write, verify by a look and by a comparison."""
    overwrite(unit, row)
    overwrite(unit, row, 0x02)


def verify(unit, row):
    """Look at blocks, compare them with as many and with a single one."""
    data = unit.fresh(2)
    block = data[:unit.size]
    wrong = "good" if unit.args.nodata else MISCOMPARE
    unit.put(BASE, data)
    unit.good(row.cdb(L=BASE, N=2))
    unit.good(row.cdb(L=BASE, N=2, F=2), data)
    reply = unit.ends(wrong, row.cdb(L=BASE, N=2, F=2), flipped(data, unit.size + 7))
    unit.same("INFORMATION", None if wrong == "good" else unit.size + 7, reply.info)
    unit.put(BASE, block * 2)
    unit.good(row.cdb(L=BASE, N=2, F=6), block)
    unit.ends(wrong, row.cdb(L=BASE, N=2, F=6), flipped(block, 9))


def orwrite(unit, row):
    """Or two of four blocks."""
    size = unit.size
    old, new = unit.fresh(4), unit.fresh(2)
    unit.put(BASE - 1, old)
    unit.good(row.cdb(L=BASE, N=2), new)
    both = (be(old[size:-size]) | be(new)).to_bytes(2 * size, "big")
    unit.has(BASE - 1, unit.kept(old[:size] + both + old[-size:]))


def compare_and_write(unit, row):
    """Write two of four blocks, if they are what they should be."""
    size = unit.size
    old, new = unit.fresh(4), unit.fresh(2)
    middle = old[size:-size]
    unit.put(BASE - 1, old)
    if not unit.args.nodata:
        reply = unit.ends(MISCOMPARE, row.cdb(L=BASE, N=2), flipped(middle, size + 3) + new)
        unit.same("INFORMATION", size + 3, reply.info)
        unit.has(BASE - 1, old)
    unit.good(row.cdb(L=BASE, N=2), middle + new)
    unit.has(BASE - 1, unit.kept(old[:size] + new + old[-size:]))


def write_same(unit, row):
    """Write a block to some, and up to the end; zeros; unmap."""
    size, last = unit.size, unit.blocks - 8
    old, block = unit.fresh(24), unit.fresh(1)
    unit.put(BASE, old)
    unit.good(row.cdb(L=BASE + 1, N=2), block)
    unit.has(BASE, unit.kept(old[:size] + block * 2 + old[3 * size:]))
    if last <= row.highest("L"):
        unit.put(last - 1, old[:9 * size])
        unit.good(row.cdb(L=last), block)
        unit.has(last - 1, unit.kept(old[:size] + block * 8))
    # NDOB of the CDBs that have it
    flags, data = (0x08, bytes(size)) if row.code()[0] == 0x41 else (0x09, b"")
    unit.put(BASE, old)
    unit.good(row.cdb(L=BASE + 8, N=8, F=flags), data)
    unit.has(BASE, unit.kept(old[:8 * size] + bytes(8 * size) + old[16 * size:]))
    if unit.args.maps:
        unit.same("LBA status", [(BASE + 8, 8, 1)], unit.lba_status(BASE + 8)[:1])


def unmap_list(lba, nr):
    """Parameter list of UNMAP for some blocks"""
    return bytes.fromhex(f"0016001000000000{lba:016x}{nr:08x}00000000")


def unmap(unit, row):
    """Unmap 8 of 24 blocks, what is at the end and what is behind it."""
    size = unit.size
    old = unit.fresh(24)
    unit.put(BASE, old)
    unit.good(row.cdb(P=24), unmap_list(BASE + 8, 8))
    if unit.unmaps_to_zeros():
        unit.has(BASE, unit.kept(old[:8 * size] + bytes(8 * size) + old[16 * size:]))
    if unit.args.maps:
        unit.same("LBA status", [(BASE, 8, 0), (BASE + 8, 8, 1)],
                  unit.lba_status(BASE)[:2])
    unit.good(row.cdb(P=24), unmap_list(unit.blocks - 1, 1))
    unit.good(row.cdb(P=24), unmap_list(unit.blocks, 0))
    for lba, nr in (unit.blocks, 1), (unit.blocks - 1, 2), (unit.blocks + 1, 0):
        reply = unit.ends(BAD_RANGE, row.cdb(P=24), unmap_list(lba, nr))
        if unit.blocks < 1 << 32:
            unit.same("INFORMATION", max(lba, unit.blocks), reply.info)
    # A list that is shorter than it says
    unit.ends(LIST_LENGTH, row.cdb(P=23), unmap_list(BASE, 8)[:23])


def get_lba_status(unit, row):
    """What was unmapped is told."""
    unit.put(BASE, unit.fresh(24))
    unit.good("93{:02x}{:016x}{:08x}0000".format(9, BASE + 8, 8))
    data = unit.good(row.cdb(L=BASE, A=1024), size=1024)
    found = lba_descriptors(data)
    unit.same("RTP", (0, 1), (be(data[4:7]), data[7] & 1))
    unit.same("first LBA", BASE, found[0][0])
    if unit.args.maps:
        unit.same("LBA status", [(BASE, 8, 0), (BASE + 8, 8, 1)], found[:2])
    else:
        unit.same("LBA status", 0, found[0][2])


def cache(unit, row):
    """A range of blocks, and all from one on, which change by nothing; with IMMED"""
    data = unit.put(BASE, unit.fresh(2))
    for values in {"N": 2}, {"N": 2, "F": 2}, {"N": 0}:
        unit.good(row.cdb(L=BASE, **values))
    unit.has(BASE, data)


def seek(unit, row):
    """To the first block"""
    unit.good(row.cdb(L=0))


def format_unit(unit, row):
    """To zeros, and to a pattern; the CDB does not say how long the list is."""
    last = unit.blocks - 2
    for lba in BASE, last:
        unit.put(lba, unit.fresh(2))
    unit.good(row.cdb())
    for lba in BASE, last:
        unit.has(lba, bytes(2 * unit.size))
    # FOV and IP: an initialization pattern descriptor
    data = bytes.fromhex("0088000000010004deadbeef")
    for size in 0, 3, len(data) - 1:
        unit.ends(LIST_LENGTH, row.cdb(F=0x10), data[:size])
    unit.good(row.cdb(F=0x10), data)
    for lba in BASE, last:
        unit.has(lba, unit.kept(data[-4:] * (2 * unit.size // 4)))


def sanitize_overwrite(unit, row):
    """Two times, with a pattern that is inverted; a list without one is too short."""
    unit.put(BASE, unit.fresh(2))
    unit.good(row.cdb(P=6), bytes.fromhex("820000025aa5"))
    for lba in BASE, unit.blocks - 2:
        unit.has(lba, unit.kept(b"\xa5\x5a" * unit.size))


def sanitize_erase(unit, row):
    """Has all blocks unmapped"""
    unit.put(BASE, unit.fresh(2))
    unit.good(row.cdb())
    if unit.unmaps_to_zeros():
        unit.has(BASE, bytes(2 * unit.size))
    unit.ends(BAD_CDB, row.cdb(P=4), bytes(4))


def sanitize_exit(unit, row):
    """Nothing has failed, and nothing changes."""
    data = unit.put(BASE, unit.fresh(2))
    unit.good(row.cdb())
    unit.has(BASE, data)
    unit.ends(BAD_CDB, row.cdb(P=4), bytes(4))


def reassign_blocks(unit, row):
    """Blocks keep their data; LBAs of four and of eight bytes."""
    data = unit.put(BASE, unit.fresh(2))
    short = bytes.fromhex(f"00000008{BASE:08x}{BASE + 1:08x}")
    unit.good(row.cdb(), short)
    unit.good(row.cdb(F=2), bytes.fromhex(f"00000008{unit.blocks - 1:016x}"))
    unit.good(row.cdb(), bytes(4))
    unit.has(BASE, data)
    unit.ends(BAD_RANGE, row.cdb(F=2), bytes.fromhex(f"00000008{unit.blocks:016x}"))
    for size in 0, 3, len(short) - 1:
        unit.ends(LIST_LENGTH, row.cdb(), short[:size])


# --- What the unit is and what is in it


def start_stop(unit, row):
    """TEST UNIT READY and START STOP UNIT: what one does the other one tells."""
    unit.good(row.cdb())
    unit.good("000000000000")
    end = unit.stop()
    unit.ends(end, "000000000000")
    unit.ends(end, "28000000000000000100", size=unit.size)
    unit.start()
    unit.good("000000000000")
    unit.get(0, 1)


def prevent(unit, row):
    """Where there is a medium to be removed, it cannot be any more."""
    removable = unit.good("120000002400", size=36)[1] & 0x80
    unit.good(row.cdb(F=1))
    if removable:
        unit.ends(LOCKED, "1b0000000200")
    unit.good(row.cdb())
    if removable:
        unit.good("1b0000000200")
        unit.ends(EJECTED, "000000000000")
        unit.good("1b0000000300")


def request_sense(unit, row):
    """Nothing, and that the unit is stopped; in both formats"""
    unit.same("sense data", bytes.fromhex("70000000000000" "0a") + bytes(10),
              unit.good(row.cdb(A=252), size=252))
    key, asc, ascq = (int(x, 16) for x in unit.stop().split("/"))
    data = unit.good(row.cdb(A=252, F=1), size=252)
    unit.same("sense data", bytes((0x72, key, asc, ascq)), data[:4])
    unit.start()


def inquiry(unit, row):
    """Standard data, and the VPD pages that are listed"""
    data = unit.good(row.cdb(A=255), size=255)
    unit.same("device type", unit.type, data[0])
    unit.same("length", data[4] + 5, len(data))
    unit.same("CMDQUE", 2, data[7])
    pages = unit.good(row.cdb(F=1, V=0, A=255), size=255)[4:]
    unit.same("page 83h is there", True, 0x83 in pages)
    for page in pages:
        data = unit.good(row.cdb(F=1, V=page, A=1024), size=1024)
        unit.same("page", (unit.type, page, len(data)),
                  (data[0], data[1], 4 + be(data[2:4])))
    unit.ends(BAD_CDB, row.cdb(F=1, V=0xFE, A=255), size=255)


def mode_list(row, page):
    """List of MODE SELECT with a mode page, whose PS is reserved here"""
    return bytes(8 if row.room("P") == 4 else 4) + bytes((page[0] & 0x3F,)) + page[1:]


def mode_select(unit, row):
    """D_SENSE where it can be changed; and what MODE SENSE has returned"""
    page = unit.control_page()
    data = mode_list(row, page)
    other = mode_list(row, page[:2] + bytes((page[2] ^ 0x04,)) + page[3:])
    unit.good(row.cdb(P=len(data)), data)
    unit.ends(LIST_LENGTH, row.cdb(P=len(data) - 1), data[:-1])
    unit.same("control mode page", page, unit.control_page())
    if unit.type == TYPE_ROM:
        unit.ends(BAD_LIST, row.cdb(P=len(other)), other)
        return
    unit.good(row.cdb(P=len(other)), other)
    unit.same("control mode page", other[1 - len(page):], unit.control_page()[1:])
    reply = unit.ends(BAD_CDB, "1201fe00ff00", size=255)
    unit.same("format of sense data", 0x72, reply.sense[0])
    unit.good(row.cdb(P=len(data)), data)
    reply = unit.ends(BAD_CDB, "1201fe00ff00", size=255)
    unit.same("format of sense data", 0x70, reply.sense[0] & 0x7F)


def mode_sense(unit, row):
    """All pages, one behind the other"""
    small = row.room("A") == 2
    size = 255 if small else 4096
    data = unit.good(row.cdb(A=size), size=size)
    unit.same("MODE DATA LENGTH", len(data), data[0] + 1 if small else be(data[:2]) + 2)
    at, pages = 4 if small else 8, []
    while at < len(data):
        pages.append(data[at] & 0x3F)
        at += 2 + data[at + 1]
    unit.same("end of the last page", len(data), at)
    unit.same("control page is there", True, 0x0A in pages)
    # DPOFUA; no block descriptors
    flags = "00" if unit.type == TYPE_ROM else "10"
    unit.same("header", bytes.fromhex(f"00{flags}00" if small else f"00{flags}00000000"),
              data[1:4] if small else data[2:8])
    other = unit.good("5a083f00000000100000" if small else "1a083f00ff00", size=4096)
    unit.same("as with the other CDB", other[8 if small else 4:], data[4 if small else 8:])


def log_select(unit, row):
    """Set a counter, and reset it."""
    data = bytes.fromhex("0200000c" "00050008" "0000000000001234")
    unit.good(row.cdb(P=len(data)), data)
    unit.same("bytes written", 0x1234, be(unit.log(2, 5)))
    unit.ends(LIST_LENGTH, row.cdb(P=len(data) - 1), data[:-1])
    unit.same("bytes written", 0x1234, be(unit.log(2, 5)))
    unit.good(row.cdb(F=2))
    unit.same("bytes written", 0, be(unit.log(2, 5)))


def log_sense(unit, row):
    """The list of pages, each of them, and that a counter counts"""
    pages = unit.good(row.cdb(A=512), size=512)[4:]
    unit.same("page 02h is there", True, 2 in pages)
    unit.same("pages", sorted(set(pages)), list(pages))
    for page in pages:
        data = unit.good(row.cdb(V=0x40 | page, A=4096), size=4096)
        unit.same("page", (page, 0, len(data)),
                  (data[0] & 0x3F, data[1], 4 + be(data[2:4])))
    before = be(unit.log(2, 5))
    unit.put(BASE, unit.fresh(2))
    unit.same("bytes written", before + 2 * unit.size, be(unit.log(2, 5)))


def read_capacity(unit, row):
    """What the store has"""
    data = unit.good(row.cdb(A=32), size=32)
    if row.room("A"):
        unit.same("capacity", (unit.blocks - 1, unit.size), (be(data[:8]), be(data[8:12])))
        unit.same("bytes", 32, len(data))
        unit.same("LBPME", 0x80, data[14] & 0x80)
    else:
        unit.same("capacity", (min(unit.blocks - 1, 0xFFFFFFFF), unit.size),
                  (be(data[:4]), be(data[4:])))


def self_test_passes(unit, code):
    """The newest self-test that the log tells of has this code, and passes in the end."""
    seconds = 10 * unit.args.patience
    end = time.monotonic() + seconds
    while unit.log(0x10, 1)[0] == code << 5 | 15:
        if time.monotonic() > end:
            raise Wrong(f"self-test {code} is still in progress after {seconds} s")
        time.sleep(0.01)
    unit.same("self-test code and result", code << 5, unit.log(0x10, 1)[0])


def self_tests(unit, row):
    """Self-tests: the default one, two in the foreground and two in the background; then
    there is none to be aborted.  The only page that can be sent"""
    for flags, code in (0x04, 0), (0xA0, 5), (0xC0, 6), (0x20, 1), (0x40, 2):
        unit.good(row.cdb(F=flags))
        self_test_passes(unit, code)
    reply = unit.ends(BAD_CDB, row.cdb(F=0x80))
    # SKSV, of the CDB, BPV: bit 7 of byte 1
    unit.same("field pointer", bytes.fromhex("cf0001"), reply.specific)
    unit.good(row.cdb(P=4, F=0x10), bytes(4))


def diagnostic_pages(unit, row):
    """That of the last SEND DIAGNOSTIC, and by its code"""
    unit.good("1d1000000400", bytes(4))
    for flags in 0, 1:
        unit.same("pages", bytes((0, 0, 0, 1, 0)), unit.good(row.cdb(A=64, F=flags), size=64))


def defects(unit, row):
    """There are none."""
    want = bytes.fromhex("00180000" if row.room("A") == 4 else "0018000000000000")
    unit.same("defect lists", want, unit.good(row.cdb(A=64), size=64))


def buffers(unit, row):
    """READ BUFFER and WRITE BUFFER: what one has written the other one reads."""
    data = unit.fresh(1)[:16]
    unit.good("3b020000002000001000", data)
    unit.same("buffer", data, unit.good("3c020000002000001000", size=16))
    unit.good("3b0a0000000000000c00", data[:12])
    unit.same("echo buffer", data[:12], unit.good("3c0a0000000000100000", size=4096))
    unit.same("descriptor", bytes.fromhex("00001000"),
              unit.good("3c030000000000000400", size=4))
    if row.room("P"):
        unit.good(row.cdb(P=1, O=33), b"\x77")
        data = data[:1] + b"\x77" + data[2:]
    else:
        unit.same("buffer", data, unit.good(row.cdb(O=32, A=16), size=16))
    unit.same("buffer", data, unit.good("3c020000002000001000", size=16))


def report_luns(unit, row):
    """As many as the target has; the well known one"""
    data = unit.good(row.cdb(A=4096), size=4096)
    unit.same("LUNs", [n << 48 for n in range(unit.args.luns)],
              [be(data[at:at + 8]) for at in range(8, 8 + be(data[:4]), 8)])
    data = unit.good(row.cdb(A=4096, V=1), size=4096)
    unit.same("well known LUNs", bytes.fromhex("00000008" "00000000" "c101000000000000"), data)


def opcodes(unit, row):
    """All that it is asked for here, and of one command the usage map"""
    data = unit.good(row.cdb(A=8192), size=8192)
    unit.same("commands", list(sgio.commands(unit.fd)),
              [(data[at], be(data[at + 2:at + 4]) if data[at + 5] & 1 else None)
               for at in range(4, 4 + be(data[:4]), 8)])
    data = unit.good(row.cdb(F=1, V=0x12, A=64), size=64)
    unit.same("INQUIRY", bytes.fromhex("00030006" "1201ffffff04"), data)
    data = unit.good(row.cdb(F=3, V=0xFF, A=64), size=64)
    unit.same("a command that there is not", 1, data[1] & 7)


def task_functions(unit, row):
    """In both formats; no timeouts are told."""
    data = unit.good(row.cdb(A=64), size=64)
    unit.same("all but WAKES", bytes.fromhex("fe070000"), data)
    data = unit.good(row.cdb(F=0x80, A=64), size=64)
    unit.same("extended", bytes.fromhex("fe07000c") + bytes(12), data)


def timestamps(unit, row):
    """SET TIMESTAMP and REPORT TIMESTAMP"""
    when = 10 ** 12
    unit.good("a40f000000000000000c0000", bytes(4) + when.to_bytes(6, "big") + bytes(2))
    if row.room("P"):
        when *= 2
        unit.good(row.cdb(P=12), bytes(4) + when.to_bytes(6, "big") + bytes(2))
    data = unit.good("a30f00000000000000400000", size=64)
    unit.same("length and origin", (12, 10, 2 << 8), (len(data), be(data[:2]), be(data[2:4])))
    unit.same("milliseconds since then are few", True, 0 <= be(data[4:10]) - when < 60000)


def identification(unit, row):
    """SET and REPORT IDENTIFYING INFORMATION: information, text, none"""
    for kind, text in (0, b"rack 7"), (4, b"shelf 3\0"), (0, b""), (4, b""):
        unit.good(f"a406000000000000{len(text):04x}{kind:02x}00", text)
        unit.same("information", bytes(2) + len(text).to_bytes(2, "big") + text,
                  unit.good(f"a3050000000000000400{kind:02x}00", size=1024))
    if row.room("P"):
        unit.ends(BAD_CDB, row.cdb(P=513), bytes(513))
    else:
        unit.same("types", bytes.fromhex("00000008" "00000200" "04000100"),
                  unit.good(row.cdb(A=64, V=0xFE), size=64))


# --- Ports, reservations, copies


def report_target_groups(unit, row):
    """Both formats tell of the only group, with the only port."""
    with open(unit.args.group + "/target_groups/tpg0/group_id", encoding="ascii") as file:
        ident = int(file.read())
    for flags, head in (0, 4), (0x20, 8):
        cdb = bytearray(row.cdb(A=64))
        cdb[1] |= flags
        data = unit.good(bytes(cdb), size=64)
        unit.same("length", (head + 12, head + 8), (len(data), be(data[:4])))
        unit.same("state, states, group, ports", (0, 0xCF, ident, 1),
                  (data[head] & 15, data[head + 1], be(data[head + 2:head + 4]),
                   data[head + 7]))


def state_optimized(unit):
    """By the user, who has more to say than an initiator"""
    with open(unit.args.group + "/target_groups/tpg0/state", "w", encoding="ascii") as file:
        file.write("active/optimized")


@cleanup(state_optimized)
def set_target_groups(unit, row):
    """The state that there is; no such group, no such state; another state."""
    _, ident = unit.target_group()
    unit.good(row.cdb(P=8), bytes.fromhex(f"000000000000{ident:04x}"))
    unit.ends(BAD_LIST, row.cdb(P=8), bytes.fromhex(f"000000000000{ident + 1:04x}"))
    unit.ends(BAD_LIST, row.cdb(P=8), bytes.fromhex(f"000000000f00{ident:04x}"))
    sent = Meanwhile(unit, row.cdb(P=8), bytes.fromhex(f"000000000100{ident:04x}"))
    # User space says when it is done.
    request = 0
    while not request and sent.is_alive():
        time.sleep(0.01)
        with open(unit.args.group + "/request", encoding="ascii") as file:
            request = int(file.read())
    if request:
        with open(unit.args.group + "/answer", "w", encoding="ascii") as file:
            file.write(f"{request} done")
    unit.same("end", "good", sent.end())
    unit.same("state", (1, ident), unit.target_group())


def reserve(unit, row):
    """RESERVE and RELEASE; while a unit is reserved it has no persistent reservations."""
    is_release, cdb = row.code()[0] & 1, row.cdb()
    first, second = bytes((cdb[0] & 0xFE,)) + cdb[1:], bytes((cdb[0] | 1,)) + cdb[1:]
    unit.good(first)
    unit.ends("conflict", "5e000000000000200000", size=8192)
    unit.good(second)
    unit.good("5e000000000000200000", size=8192)
    if is_release:
        unit.good(row.cdb())


@cleanup(Unit.forget_registrants)
def pr_read(unit, row):
    """What PERSISTENT RESERVE IN tells of a registrant that holds a reservation"""
    before = unit.good(row.cdb(A=4096), size=4096)
    unit.pr_out(0, new=KEY)
    unit.pr_out(1, 5, KEY)
    data = unit.good(row.cdb(A=4096), size=4096)
    action = row.code()[1]
    if action == 2:
        # RLR_C, CRH, SIP_C, ATP_C, PTPL_C; TMV, ALLOW COMMANDS; types 1, 3, 5, 6, 7, 8
        unit.same("capabilities", bytes.fromhex("00089db0ea010000"), data)
        return
    unit.same("PRGENERATION", be(before[:4]) + 1, be(data[:4]))
    unit.same("length", be(data[4:8]) + 8, len(data))
    unit.same("key", KEY, be(data[8:16]))
    if action == 1:
        unit.same("type", 5, data[21])
    elif action == 3:
        unit.same("holder", (1, 5), (data[20] & 1, data[21]))


@cleanup(Unit.forget_registrants)
def pr_register(unit, row):
    """A key, another one, none; by the wrong key, which IGNORE ignores"""
    action = row.code()[1]
    ignores = action == 6
    unit.pr_out(action, key=0x77 if ignores else 0, new=KEY)
    unit.same("keys", [KEY], unit.keys())
    wrong = bytes.fromhex(f"{0x78:016x}{OTHER_KEY:016x}") + bytes(8)
    unit.ends("good" if ignores else "conflict", row.cdb(P=24), wrong)
    unit.same("keys", [OTHER_KEY if ignores else KEY], unit.keys())
    unit.pr_out(action, key=KEY)
    unit.same("keys", [], unit.keys())


@cleanup(Unit.forget_registrants)
def pr_reserve(unit, row):
    """RESERVE and RELEASE: each type, in turn"""
    unit.pr_out(0, new=KEY)
    for kind in 1, 3, 5, 6:
        unit.pr_out(1, kind, KEY)
        unit.same("reservation", (KEY, kind), unit.reservation())
        unit.ends("conflict", "5f01070000" "0000001800", bytes(7) + b"\x0a" + bytes(16))
        unit.pr_out(2, kind, KEY)
        unit.same("reservation", None, unit.reservation())
    unit.ends(BAD_CDB if row.code()[1] == 1 else "good", row.cdb(P=24, T=2),
              bytes(7) + b"\x0a" + bytes(16))


@cleanup(Unit.forget_registrants)
def pr_clear(unit, row):
    """Registrants and reservation are no more."""
    unit.pr_out(0, new=KEY)
    unit.pr_out(1, 1, KEY)
    unit.pr_out(row.code()[1], key=KEY)
    unit.same("keys", [], unit.keys())
    unit.same("reservation", None, unit.reservation())


def register_other(unit):
    """Register another port too, with another key: by SPEC_I_PT"""
    unit.pr_out(0, new=OTHER_KEY, more=bytes.fromhex("0000000008000000") +
                len(OTHER_PORT).to_bytes(4, "big") + OTHER_PORT)
    unit.pr_out(0, key=OTHER_KEY, new=KEY)
    unit.same("keys", [KEY, OTHER_KEY], unit.keys())


@cleanup(Unit.forget_registrants)
def pr_preempt(unit, row):
    """Another registrant is no more; one that is not there cannot be preempted."""
    action = row.code()[1]
    register_other(unit)
    unit.pr_out(action, 1, KEY, OTHER_KEY)
    unit.same("keys", [KEY], unit.keys())
    unit.ends("conflict", row.cdb(P=24, T=1),
              bytes.fromhex(f"{KEY:016x}{OTHER_KEY:016x}") + bytes(8))


@cleanup(Unit.forget_registrants)
def pr_move(unit, row):
    """The reservation becomes that of another port."""
    unit.pr_out(0, new=KEY)
    unit.pr_out(1, 1, KEY)
    port, own = unit.registrants()[0][3:]
    unit.pr_out(row.code()[1], 0, KEY, OTHER_KEY, bytes(2) + port.to_bytes(2, "big") +
                len(OTHER_PORT).to_bytes(4, "big") + OTHER_PORT)
    unit.same("registrants", [(KEY, 0, 0, port, own), (OTHER_KEY, 1, 1, port, OTHER_PORT)],
              sorted(unit.registrants()))


@cleanup(Unit.forget_registrants)
def pr_replace_lost(unit, row):
    """What was saved is damaged: nothing else can be done with it."""
    unit.ends(LOST, "5e000000000000200000", size=8192)
    unit.ends(LOST, "5f000000000000001800", bytes(24))
    unit.pr_out(row.code()[1], 1, 0, KEY)
    unit.same("reservation", (KEY, 1), unit.reservation())
    unit.ends(BAD_CDB, row.cdb(P=24, T=1), bytes(15) + b"\x0a" + bytes(8))


def blocks_to_copy(unit):
    """As many as the other unit has in eight blocks"""
    return 8 * unit.peer.size // unit.size if unit.peer else 8


def extended_copy(unit, row):
    """Copy eight blocks; too many; a list that is cut off"""
    nr, to = blocks_to_copy(unit), unit.peer or unit
    data = unit.fill(BASE, nr)
    to.put(BASE + 16, to.fresh(9))
    last = to.get(BASE + 24, 1)
    unit.same("end", "good", unit.copy(5, (nr, BASE, BASE + 16)).end)
    to.has(BASE + 16, to.kept(data) + last)
    unit.same("sense key", "a", unit.copy(5, (1, unit.blocks, BASE)).end[0])
    data = unit.copy_list(5, [(nr, BASE, BASE)])
    unit.ends(LIST_LENGTH, row.cdb(P=len(data) - 1), data[:-1])


def copy_status(unit, row):
    """Of one that was good: segments and bytes"""
    nr = blocks_to_copy(unit)
    unit.same("end", "good", unit.copy(6, (nr, BASE, BASE + 16)).end)
    data = unit.good(row.cdb(A=64), size=64)
    unit.same("status", bytes.fromhex(f"0000000801000100{nr * unit.size:08x}"), data)
    unit.ends(BAD_CDB, row.cdb(I=0xEE, A=64), size=64)


def copy_parameters(unit, row):
    """Block device to block device segments, identification descriptors"""
    data = unit.good(row.cdb(A=256), size=256)
    unit.same("length", 4 + be(data[:4]), len(data))
    unit.same("SNLID", 1 << 24, be(data[4:8]))
    unit.same("descriptors", bytes((0x02, 0xE4)), data[44:44 + data[43]])


def copy_failure(unit, row):
    """Of one that has failed; it is told once."""
    unit.same("sense key", "a", unit.copy(7, (1, unit.blocks, BASE)).end[0])
    data = unit.good(row.cdb(A=512), size=512)
    unit.same("length", 4 + be(data[:4]), len(data))
    unit.same("status and sense key", (0, 2, 0xA),
              (be(data[4:56]), data[56], data[62] & 15))
    unit.same("the second time", bytes(4), unit.good(row.cdb(A=512), size=512))


def copy_abort(unit, row):
    """A copy that would take long; another one where it is over before its abort comes"""
    half = 0 if unit.peer else unit.blocks // 2
    data = unit.copy_list(9, [(min(half or unit.blocks, 0xFFFF), 0, half)] * 64)
    for _ in range(8):
        sent = Meanwhile(unit, f"83000000000000000000{len(data):08x}0000", data)
        end = ""
        while end != "good" and sent.is_alive():
            end = unit.send(row.cdb(I=9)).end
        if sent.end() != "good":
            break
    unit.same("ends of the copy and of its abort", ("a/2f/02", "good"),
              (sent.end(), end))
    unit.ends(BAD_CDB, row.cdb(I=9))


# --- CD-ROM drives


def toc(unit, row):
    """The only track begins at block 0, the lead-out is at the end."""
    def entry(track, address):
        return bytes((0, 0x14, track, 0)) + address.to_bytes(4, "big")

    for flags, convert in (0, int), (2, msf):
        want = bytes.fromhex("00120101") + entry(1, convert(0)) + entry(0xAA, convert(unit.blocks))
        unit.same("tracks", want, unit.good(row.cdb(F=flags, A=256), size=256))


def configuration(unit, row):
    """The profile is that of a CD-ROM, and the feature Random Readable is current."""
    data = unit.good(row.cdb(A=1024), size=1024)
    unit.same("length and profile", (len(data) - 4, 8), (be(data[:4]), be(data[4:8])))
    at, current = 8, []
    while at < len(data):
        current += [be(data[at:at + 2])] * (data[at + 2] & 1)
        at += 4 + data[at + 3]
    unit.same("end of the last feature", len(data), at)
    unit.same("Random Readable is current", True, 0x10 in current)


def event_status(unit, row):
    """The medium is there; when the tray was open it is a new one."""
    # Of the trays that were open before, too
    for _ in range(8):
        unit.good(row.cdb(A=8), size=8)
    unit.same("no event", bytes.fromhex("0006045400020000"), unit.good(row.cdb(A=8), size=8))
    unit.stop()
    unit.same("removed", bytes.fromhex("0006045403010000"), unit.good(row.cdb(A=8), size=8))
    unit.start()
    unit.same("new", bytes.fromhex("0006045402020000"), unit.good(row.cdb(A=8), size=8))


def disc_information(unit, row):
    """One complete session"""
    data = unit.good(row.cdb(A=64), size=64)
    unit.same("information", bytes.fromhex("00200e0101010120"), data[:8])
    unit.same("bytes", 34, len(data))


def track_information(unit, row):
    """By LBA, by track, by session"""
    for flags, number in (0, unit.blocks - 1), (1, 1), (2, 1):
        data = unit.good(row.cdb(F=flags, L=number, A=64), size=64)
        unit.same("track, session, modes", bytes.fromhex("0022010100040100"), data[:8])
        unit.same("bytes, start and size", (36, 0, unit.blocks),
                  (len(data), be(data[8:12]), be(data[24:28])))
    unit.ends(BAD_CDB, row.cdb(F=1, L=2, A=64), size=64)


def disc_structure(unit, row):
    """The list of structures; of a CD there is none that could be read."""
    unit.same("structures", bytes.fromhex("000a0000" "00400804" "01400008"),
              unit.good(row.cdb(A=64), size=64))
    unit.ends("5/30/02", "ad0000000000000000400000", size=64)


def cd_speed(unit, row):
    """Without effect"""
    unit.good(row.cdb())


def mechanism(unit, row):
    """No slots; the tray is open, and closed again."""
    unit.same("status", bytes(8), unit.good(row.cdb(A=64), size=64))
    unit.stop()
    unit.same("tray open", 0x10, unit.good(row.cdb(A=64), size=64)[1])
    unit.start()
    unit.same("status", bytes(8), unit.good(row.cdb(A=64), size=64))
