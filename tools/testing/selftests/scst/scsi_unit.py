# SPDX-License-Identifier: GPL-2.0-only
"""A logical unit to be tested, and how its commands end"""
import os
import random
import sys

import sgio

TYPE_DISK, TYPE_ROM = 0, 5
# How commands end that are refused: sense key, ASC, ASCQ
LIST_LENGTH, BAD_RANGE, BAD_CDB, BAD_LIST = "5/1a/00", "5/21/00", "5/24/00", "5/26/00"
MISCOMPARE, STOPPED, EJECTED, LOCKED = "e/1d/00", "2/04/02", "2/3a/00", "5/53/02"
LOST = "4/44/01"
# Of the registrant that a unit is used by
KEY = 0xA


class Wrong(Exception):
    """What a unit does is not what it has to do"""


def be(data):
    """Integer of big-endian bytes"""
    return int.from_bytes(data, "big")


def flipped(data, at):
    """The same data but for one byte"""
    return data[:at] + bytes((data[at] ^ 0xFF,)) + data[at + 1:]


class Reply:
    """How a command ended: "good", "conflict", or what is wrong; and its data-in"""
    def __init__(self, result):
        self.sense = result.sense
        self.data = result.data
        self.info = None
        self.specific = None
        if result.host:
            self.end = f"host status {result.host:x}"
        elif result.status == 2:
            self.end = self.parse_sense()
        else:
            self.end = {0: "good", 0x18: "conflict"}.get(
                result.status, f"status {result.status:x}")

    def parse_sense(self):
        """Sense key, ASC and ASCQ; INFORMATION and what is sense key specific"""
        sense = self.sense
        if len(sense) < 8:
            return f"sense data {sense.hex()}"
        if sense[0] & 0x7F < 0x72:
            if sense[0] & 0x80:
                self.info = be(sense[3:7])
            self.specific = sense[15:18]
            return f"{sense[2] & 15:x}/{sense[12]:02x}/{sense[13]:02x}"
        at = 8
        while at < len(sense):
            if sense[at] == 0:
                self.info = be(sense[at + 4:at + 12])
            elif sense[at] == 2:
                self.specific = sense[at + 4:at + 7]
            at += 2 + sense[at + 1]
        return f"{sense[1] & 15:x}/{sense[2]:02x}/{sense[3]:02x}"


class Unit:
    """A logical unit, and what is known of it without asking it"""
    def __init__(self, device, args):
        self.fd = os.open(device, os.O_RDWR)
        self.args = args
        self.blocks, self.size = args.blocks, args.block_size
        self.type = TYPE_DISK
        self.image = self.peer = None
        self.nr_checks = 0
        self.random = random.Random(1)
        # Whatever is on another one would be lost
        vendor = self.send("120000002400", size=36).data[8:16].decode(errors="replace")
        if not vendor.startswith("SCST"):
            sys.exit(f"{device}: not a unit of SCST; its vendor is '{vendor}'")
        if args.image:
            self.type = TYPE_ROM
            with open(args.image, "rb") as file:
                self.image = file.read()

    def send(self, cdb, out=b"", size=0):
        """Send a command, which may end as it likes."""
        if isinstance(cdb, str):
            cdb = bytes.fromhex(cdb)
        return Reply(sgio.send(self.fd, cdb, size, out))

    def ends(self, end, cdb, out=b"", size=0):
        """Send a command that has to end like this."""
        reply = self.send(cdb, out, size)
        if reply.end != end:
            text = cdb if isinstance(cdb, str) else cdb.hex()
            raise Wrong(f"CDB {text}, {len(out)} bytes out: {reply.end}, expected {end}")
        self.nr_checks += 1
        return reply

    def good(self, cdb, out=b"", size=0):
        """Send a command that has to be good.  Returns its data-in."""
        return self.ends("good", cdb, out, size).data

    def same(self, what, want, got):
        """Compare what is to be with what is."""
        self.nr_checks += 1
        if want == got:
            return
        if isinstance(want, bytes) and isinstance(got, bytes) and len(want) == len(got) > 64:
            at = next(i for i, byte in enumerate(want) if byte != got[i])
            raise Wrong(f"{what}: from byte {at} on {got[at:at + 16].hex()}, "
                        f"expected {want[at:at + 16].hex()}")
        want, got = (x.hex() if isinstance(x, bytes) else x for x in (want, got))
        raise Wrong(f"{what}: {got}, expected {want}")

    def drain(self):
        """Hear of what others have changed."""
        for _ in range(16):
            if not self.send("000000000000").end.startswith("6/"):
                break

    # --- Blocks

    def fresh(self, nr):
        """Data of some blocks, other data each time"""
        return self.random.randbytes(nr * self.size)

    def kept(self, data):
        """What becomes of data that was written"""
        return bytes(len(data)) if self.args.nodata else data

    def put(self, lba, data):
        """Write some blocks.  Returns what they have then."""
        self.good(f"8a00{lba:016x}{len(data) // self.size:08x}0000", data)
        return self.kept(data)

    def get(self, lba, nr):
        """Read some blocks."""
        if self.type == TYPE_ROM:
            return self.good(f"2800{lba:08x}00{nr:04x}00", size=nr * self.size)
        return self.good(f"8800{lba:016x}{nr:08x}0000", size=nr * self.size)

    def fill(self, lba, nr):
        """Let blocks have data.  Returns what they have."""
        if self.image:
            return self.image[lba * self.size:(lba + nr) * self.size]
        return self.put(lba, self.fresh(nr))

    def has(self, lba, data):
        """Some blocks have to have this data."""
        self.same(f"blocks from {lba} on", data, self.get(lba, len(data) // self.size))

    def unmaps_to_zeros(self):
        """LBPRZ"""
        return self.good("9e100000000000000000000000200000", size=32)[14] & 0x40

    # --- Other state

    def stop(self):
        """Stop the unit, or open its tray.  Returns how commands end then."""
        self.good("1b0000000200" if self.type == TYPE_ROM else "1b0000000000")
        return EJECTED if self.type == TYPE_ROM else STOPPED

    def start(self):
        """Undo it; with the tray another medium may have come."""
        if self.type == TYPE_ROM:
            self.good("1b0000000300")
            self.ends("6/28/00", "000000000000")
        else:
            self.good("1b0000000100")

    def control_page(self):
        """The control mode page"""
        return self.good("5a080a0000000000ff00", size=255)[8:]

    def log(self, page, param):
        """Value of a parameter of a log page"""
        data = self.good(f"4d00{0x40 | page:02x}00000000040000", size=1024)
        at = 4
        while at < len(data):
            if be(data[at:at + 2]) == param:
                return data[at + 4:at + 4 + data[at + 3]]
            at += 4 + data[at + 3]
        raise Wrong(f"log page {page:02x} has no parameter {param}: {data.hex()}")

    def vpd(self, page):
        """A VPD page, without its header"""
        data = self.good(f"1201{page:02x}040000", size=1024)
        return data[4:4 + be(data[2:4])]

    def lba_status(self, lba):
        """Descriptors of GET LBA STATUS: LBA, number of blocks, status"""
        return lba_descriptors(self.good(f"9e12{lba:016x}000004000000", size=1024))

    def target_group(self):
        """State and identifier of the only target port group"""
        data = self.good("a30a00000000000004000000", size=1024)
        return data[4] & 15, be(data[6:8])

    # --- Persistent reservations

    def pr_in(self, action):
        """Data of a PERSISTENT RESERVE IN"""
        return self.good(f"5e{action:02x}0000000000200000", size=8192)

    def pr_out(self, action, kind=0, key=0, new=0, more=b""):
        """PERSISTENT RESERVE OUT; more is the list from byte 16 on, if it matters."""
        data = key.to_bytes(8, "big") + new.to_bytes(8, "big") + (more or bytes(8))
        self.good(f"5f{action:02x}{kind:02x}0000{len(data):08x}00", data)

    def keys(self):
        """Keys of the registrants, in their order"""
        data = self.pr_in(0)
        return sorted(be(data[at:at + 8]) for at in range(8, 8 + be(data[4:8]), 8))

    def reservation(self):
        """Key and type of the reservation, or None"""
        data = self.pr_in(1)
        return (be(data[8:16]), data[21]) if be(data[4:8]) else None

    def registrants(self):
        """Key, whether it holds, type, port and TransportID of each registrant"""
        data = self.pr_in(3)
        at, found = 8, []
        while at < 8 + be(data[4:8]):
            end = at + 24 + be(data[at + 20:at + 24])
            found.append((be(data[at:at + 8]), data[at + 12] & 1, data[at + 13],
                          be(data[at + 18:at + 20]), data[at + 24:end]))
            at = end
        return found

    def forget_registrants(self):
        """Let there be none."""
        self.pr_out(6, new=KEY)
        self.pr_out(3, key=KEY)

    # --- The copy manager

    def copy_target(self):
        """CSCD descriptor: the unit by its NAA identifier"""
        page = self.vpd(0x83)
        at = 0
        while page[at + 1] & 0x3F != 3:
            at += 4 + page[at + 3]
        naa = page[at + 4:at + 4 + page[at + 3]]
        return (bytes((0xE4, self.type, 0, 0, page[at] & 15, 3, 0, len(naa))) +
                naa.ljust(20, b"\0") + self.size.to_bytes(4, "big"))

    def copy_list(self, ident, segments):
        """List of EXTENDED COPY: number of blocks, from and to where, for each segment.
        CD-ROM drives copy to another unit."""
        targets = self.copy_target() + (self.peer.copy_target() if self.peer else b"")
        data = b"".join(
            bytes.fromhex(f"020000180000{1 if self.peer else 0:04x}0000"
                          f"{nr:04x}{src:016x}{dst:016x}")
            for nr, src, dst in segments)
        return (bytes((ident, 0)) + len(targets).to_bytes(2, "big") + bytes(4) +
                len(data).to_bytes(4, "big") + bytes(4) + targets + data)

    def copy(self, ident, *segments):
        """EXTENDED COPY, which may end as it likes"""
        data = self.copy_list(ident, segments)
        return self.send(f"83000000000000000000{len(data):08x}0000", data)


def lba_descriptors(data):
    """LBA, number of blocks and status of each"""
    return [(be(data[at:at + 8]), be(data[at + 8:at + 12]), data[at + 12])
            for at in range(8, 4 + be(data[:4]), 16)]


def msf(lba):
    """Address on a CD: minutes, seconds, frames in three bytes"""
    frames = lba + 150
    return (frames // 4500) << 16 | (frames // 75 % 60) << 8 | frames % 75
