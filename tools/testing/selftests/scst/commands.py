#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Send each command that a unit lists, and check what it does:
commands.py OPTION... /dev/sgN

The commands are those of REPORT SUPPORTED OPERATION CODES, which comes from the opcode
tables by which commands are executed.  Each has to have a row in ROWS: a function that
sends it as it should be and looks for what it does (commands_good.py), and where the CDB
has LBA, number of blocks, allocation length and parameter list length, for the limits of
these.
"""
import argparse
import functools
import re
import sys
import typing

import commands_good as good
import sgio
from scsi_unit import BAD_CDB, BAD_RANGE, LIST_LENGTH, TYPE_ROM, Unit, Wrong, be, msf

# Operation codes of which a service action is a part
WITH_ACTION = (0x48, 0x5E, 0x5F, 0x83, 0x84, 0x9E, 0xA3, 0xA4)


def code_name(code):
    """Operation code and service action, as in 28 and a3/0f"""
    return f"{code[0]:02x}" + ("" if code[1] is None else f"/{code[1]:02x}")


class Row(typing.NamedTuple):
    """What is known of a command.

    The CDB is in hexadecimal; capital letters are fields: L LBA, N number of blocks,
    A allocation length, of four bytes of data at least, P parameter list length, F flags,
    and others of a row's own.
    """
    name: str
    cdb_text: str
    # Sends it as it should be, and checks what it does
    case: typing.Callable
    # Data for each block: "in", "out", "twice", "one" for all, or none
    moves: str = ""
    # What no blocks stand for: "nothing", "256", or "all" up to the last one
    zero: str = "nothing"
    # The highest LBA, where the field has room for more
    top: int = 0
    # Values of other fields
    more: dict = {}
    # How it ends without a parameter list
    empty: str = "good"
    # Bytes of a list that is too short, and how it ends
    short: tuple = ()
    # How it ends with an allocation length of zero
    nothing: str = "good"
    # The data behind the first four bytes are the same the next time
    stable: bool = True

    def code(self):
        """Operation code, service action or None"""
        cdb = self.cdb()
        if cdb[0] == sgio.VARLEN:
            return cdb[0], be(cdb[8:10])
        return cdb[0], cdb[1] & 0x1F if cdb[0] in WITH_ACTION else None

    def room(self, field):
        """Hexadecimal digits of a field, 0: it has none"""
        return self.cdb_text.count(field)

    def highest(self, field):
        """Highest value of a field"""
        return self.top if field == "L" and self.top else 16 ** self.room(field) - 1

    def cdb(self, **values):
        """The CDB with fields of these values, or of zero"""
        values = {**self.more, **values}
        return bytes.fromhex(re.sub(
            r"([A-Z])\1*", lambda m: f"{values.get(m[1], 0):0{len(m[0])}x}",
            self.cdb_text))

    def range_cdb(self, lba, nr):
        """The CDB for some blocks"""
        if self.cdb_text.startswith("b9"):
            return self.cdb(L=msf(lba), N=msf(lba + nr))
        return self.cdb(L=lba, N=nr)


# --- The table


def sizes(name, codes, case, **more):
    """Rows of a command that has CDBs of several lengths: the codes of these"""
    for length, text in codes.items():
        head = VARLEN_HEAD if length == 32 else ""
        yield Row(f"{name}({length})", head + text + CDB_FIELDS[length], case, **more)


# Of the READ and WRITE family, behind operation code or service action
CDB_FIELDS = {
    10: "FFLLLLLLLL00NNNN00",
    12: "FFLLLLLLLLNNNNNNNN0000",
    16: "FFLLLLLLLLLLLLLLLLNNNNNNNN0000",
    32: "FF00LLLLLLLLLLLLLLLL0000000000000000NNNNNNNN",
}
VARLEN_HEAD = "7f00000000000018"
PR_LIST = {"empty": LIST_LENGTH, "short": (23, LIST_LENGTH)}
PR_OUT = "TT0000PPPPPPPP00"

ROWS = (
    Row("TEST UNIT READY", "000000000000", good.start_stop),
    Row("REQUEST SENSE", "03FF0000AA00", good.request_sense),
    Row("FORMAT UNIT", "04FF00000000", good.format_unit),
    Row("REASSIGN BLOCKS", "07FF00000000", good.reassign_blocks),
    Row("READ(6)", "08LLLLLLNN00", good.read, "in", "256", 0x1FFFFF),
    Row("WRITE(6)", "0aLLLLLLNN00", good.write, "out", "256", 0x1FFFFF),
    Row("INQUIRY", "12FFVVAAAA00", good.inquiry),
    Row("MODE SELECT(6)", "15100000PP00", good.mode_select, short=(3, LIST_LENGTH)),
    Row("RESERVE(6)", "160000000000", good.reserve),
    Row("RELEASE(6)", "170000000000", good.reserve),
    Row("MODE SENSE(6)", "1a083f00AA00", good.mode_sense),
    Row("START STOP UNIT", "1b0000000100", good.start_stop),
    Row("RECEIVE DIAGNOSTIC RESULTS", "1cFF00AAAA00", good.diagnostic_pages, more={"F": 1}),
    # SPC-6: for a list that cuts off a diagnostic page it is the CDB that is wrong
    Row("SEND DIAGNOSTIC", "1dFF00PPPP00", good.self_tests, more={"F": 0x10}, short=(3, BAD_CDB)),
    Row("PREVENT ALLOW MEDIUM REMOVAL", "1e000000FF00", good.prevent),
    Row("READ CAPACITY(10)", "25000000000000000000", good.read_capacity),
    *sizes("READ", {10: "28", 12: "a8", 16: "88", 32: "0009"}, good.read, moves="in"),
    *sizes("WRITE", {10: "2a", 12: "aa", 16: "8a", 32: "000b"}, good.write, moves="out"),
    *sizes("WRITE AND VERIFY", {10: "2e", 12: "ae", 16: "8e", 32: "000c"}, good.write_verify,
           moves="out"),
    *sizes("VERIFY", {10: "2f", 12: "af", 16: "8f", 32: "000a"}, good.verify),
    *sizes("WRITE SAME", {10: "41", 16: "93", 32: "000d"}, good.write_same, moves="one",
           zero="all"),
    *sizes("PRE-FETCH", {10: "34", 16: "90"}, good.cache),
    *sizes("SYNCHRONIZE CACHE", {10: "35", 16: "91"}, good.cache),
    *sizes("ORWRITE", {16: "8b"}, good.orwrite, moves="out"),
    Row("COMPARE AND WRITE", "89FFLLLLLLLLLLLLLLLL000000NN0000", good.compare_and_write, "twice"),
    Row("WRITE ATOMIC(16)", "9cFFLLLLLLLLLLLLLLLL0000NNNN0000", good.write, "out"),
    Row("SEEK(10)", "2b00LLLLLLLL00000000", good.seek),
    Row("READ DEFECT DATA(10)", "37001800000000AAAA00", good.defects),
    Row("READ DEFECT DATA(12)", "b71800000000AAAAAAAA0000", good.defects),
    Row("WRITE BUFFER", "3b0200OOOOOOPPPPPP00", good.buffers),
    Row("READ BUFFER(10)", "3c0200OOOOOOAAAAAA00", good.buffers),
    Row("UNMAP", "42000000000000PPPP00", good.unmap, short=(7, LIST_LENGTH)),
    Row("READ TOC/PMA/ATIP", "43FF0000000000AAAA00", good.toc),
    Row("GET CONFIGURATION", "46000000000000AAAA00", good.configuration),
    # SBC-5: OVERWRITE has a list, with a pattern, and the others have none
    Row("SANITIZE, OVERWRITE", "48010000000000PPPP00", good.sanitize_overwrite, empty=BAD_CDB,
        short=(4, BAD_CDB)),
    Row("SANITIZE, BLOCK ERASE", "48020000000000PPPP00", good.sanitize_erase),
    Row("SANITIZE, EXIT FAILURE MODE", "481f0000000000PPPP00", good.sanitize_exit),
    Row("GET EVENT STATUS NOTIFICATION", "4a010000100000AAAA00", good.event_status),
    Row("LOG SELECT", "4cFF4000000000PPPP00", good.log_select, short=(3, LIST_LENGTH)),
    Row("LOG SENSE", "4d00VV00000000AAAA00", good.log_sense, more={"V": 0x40}),
    Row("READ DISC INFORMATION", "51000000000000AAAA00", good.disc_information),
    Row("READ TRACK INFORMATION", "52FFLLLLLLLL00AAAA00", good.track_information,
        more={"A": 64}),
    Row("MODE SELECT(10)", "55100000000000PPPP00", good.mode_select, short=(7, LIST_LENGTH)),
    Row("RESERVE(10)", "56000000000000000000", good.reserve),
    Row("RELEASE(10)", "57000000000000000000", good.reserve),
    Row("MODE SENSE(10)", "5a083f00000000AAAA00", good.mode_sense),
    Row("PR IN, READ KEYS", "5e000000000000AAAA00", good.pr_read),
    Row("PR IN, READ RESERVATION", "5e010000000000AAAA00", good.pr_read),
    Row("PR IN, REPORT CAPABILITIES", "5e020000000000AAAA00", good.pr_read),
    Row("PR IN, READ FULL STATUS", "5e030000000000AAAA00", good.pr_read),
    Row("PR OUT, REGISTER", "5f00" + PR_OUT, good.pr_register, **PR_LIST),
    Row("PR OUT, RESERVE", "5f01" + PR_OUT, good.pr_reserve, **PR_LIST),
    Row("PR OUT, RELEASE", "5f02" + PR_OUT, good.pr_reserve, **PR_LIST),
    Row("PR OUT, CLEAR", "5f03" + PR_OUT, good.pr_clear, **PR_LIST),
    Row("PR OUT, PREEMPT", "5f04" + PR_OUT, good.pr_preempt, **PR_LIST),
    Row("PR OUT, PREEMPT AND ABORT", "5f05" + PR_OUT, good.pr_preempt, **PR_LIST),
    Row("PR OUT, REGISTER AND IGNORE EXISTING KEY", "5f06" + PR_OUT, good.pr_register, **PR_LIST),
    Row("PR OUT, REGISTER AND MOVE", "5f07" + PR_OUT, good.pr_move, **PR_LIST),
    Row("PR OUT, REPLACE LOST RESERVATION", "5f08" + PR_OUT, good.pr_replace_lost, **PR_LIST),
    Row("GET LBA STATUS(32)",
        VARLEN_HEAD + "00120000LLLLLLLLLLLLLLLL0000000000000000AAAAAAAA",
        good.get_lba_status, more={"A": 64}),
    Row("EXTENDED COPY(LID1)", "83000000000000000000PPPPPPPP0000", good.extended_copy,
        short=(15, LIST_LENGTH)),
    Row("COPY OPERATION ABORT", "831cIIIIIIII00000000000000000000", good.copy_abort),
    Row("RECEIVE COPY STATUS(LID1)", "8400II00000000000000AAAAAAAA0000", good.copy_status,
        more={"I": 6}),
    Row("RECEIVE COPY OPERATING PARAMETERS", "84030000000000000000AAAAAAAA0000",
        good.copy_parameters),
    Row("RECEIVE COPY FAILURE DETAILS(LID1)", "8404II00000000000000AAAAAAAA0000",
        good.copy_failure, more={"I": 7}),
    Row("READ CAPACITY(16)", "9e100000000000000000AAAAAAAA0000", good.read_capacity),
    Row("GET LBA STATUS(16)", "9e12LLLLLLLLLLLLLLLLAAAAAAAA0000", good.get_lba_status,
        more={"A": 64}),
    Row("REPORT LUNS", "a000VV000000AAAAAAAA0000", good.report_luns),
    Row("REPORT IDENTIFYING INFORMATION", "a30500000000AAAAAAAAVV00", good.identification),
    Row("REPORT TARGET PORT GROUPS", "a30a00000000AAAAAAAA0000", good.report_target_groups),
    Row("REPORT SUPPORTED OPERATION CODES", "a30cFFVV0000AAAAAAAA0000", good.opcodes),
    # SPC-6: less than four bytes are an error
    Row("REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", "a30dFF000000AAAAAAAA0000",
        good.task_functions, nothing=BAD_CDB),
    Row("REPORT TIMESTAMP", "a30f00000000AAAAAAAA0000", good.timestamps, stable=False),
    Row("SET IDENTIFYING INFORMATION", "a40600000000PPPPPPPP0000", good.identification),
    Row("SET TARGET PORT GROUPS", "a40a00000000PPPPPPPP0000", good.set_target_groups,
        short=(3, BAD_CDB)),
    Row("SET TIMESTAMP", "a40f00000000PPPPPPPP0000", good.timestamps, short=(11, LIST_LENGTH)),
    Row("READ DISC STRUCTURE", "ad000000000000ffAAAA0000", good.disc_structure),
    Row("READ CD MSF", "b90000LLLLLLNNNNNN100000", good.read_cd, "in"),
    Row("SET CD SPEED", "bb00ffffffff000000000000", good.cd_speed),
    Row("MECHANISM STATUS", "bd00000000000000AAAA0000", good.mechanism),
    Row("READ CD", "be00LLLLLLLLNNNNNN100000", good.read_cd, "in"),
)
# Before it nothing can be said, not even which commands there are
FIRST = (0x5F, 0x08)


# --- Limits


def data_out(unit, row, lba, nr):
    """Data for some blocks, at the end or behind it"""
    if row.moves == "one":
        return unit.fresh(1)
    if row.moves == "twice" and nr:
        there = unit.get(lba, nr) if lba + nr <= unit.blocks else unit.fresh(nr)
        return there + unit.fresh(nr)
    return unit.fresh(nr) if row.moves == "out" else b""


def behind_the_end(row, end, top):
    """The last block and those behind it"""
    if end - 1 <= top:
        yield end - 1, 1, "good", None
        if row.room("N"):
            yield end - 1, 2, BAD_RANGE, end
    if end <= top:
        yield end, 1, BAD_RANGE, end


def top_of_the_field(end, top):
    """The highest LBA that the CDB can say"""
    for nr in 1, 2:
        if top >= end:
            yield top, nr, BAD_RANGE, top
        elif top + nr <= end:
            yield top, nr, "good", None


def zero_blocks(row, end, top):
    """A number of blocks of zero, which may stand for others"""
    if row.zero == "256":
        start = min(end - 256, top)
        yield start, 0, "good", None
        if start < top:
            yield start + 1, 0, BAD_RANGE, end
        return
    if row.zero == "all" and end - 1 <= top:
        yield end - 1, 0, "good", None
    if end < top:
        yield (end, 0, BAD_RANGE, end) if row.zero == "all" else (end, 0, "good", None)
        yield end + 1, 0, BAD_RANGE, end + 1


def ranges(unit, row):
    """LBA and number of blocks, how the command ends and its INFORMATION, for each
    border of what the unit has and of what the CDB can say"""
    end, top = unit.blocks, row.highest("L")
    yield from behind_the_end(row, end, top)
    if row.room("N"):
        # Not all that the field has room for is an address of a CD
        top = end + 1 if row.cdb_text.startswith("b9") else top
        yield from top_of_the_field(end, top)
        yield from zero_blocks(row, end, top)


def blocks_of(unit, row, lba, nr):
    """For how many blocks a command is"""
    if nr or row.zero == "nothing":
        return nr
    return 256 if row.zero == "256" else max(unit.blocks - lba, 0)


def written(unit, row, out, old):
    """What blocks have when a command was good; they had other data before."""
    if row.moves == "one":
        out *= len(old) // unit.size
    elif row.moves == "twice":
        out = out[len(old):]
    elif row.case is good.orwrite:
        out = (be(out) | be(old)).to_bytes(len(old), "big")
    elif row.moves != "out":
        return old
    return unit.kept(out)


def try_range(unit, row, lba, nr, end, info):
    """One of these: all its blocks have what was written.  The blocks beside them do not
    change, and nothing does when the command is refused."""
    blocks = blocks_of(unit, row, lba, nr)
    first = min(lba, unit.blocks - 1) - 1
    old = unit.get(first, min(lba + blocks + 1, unit.blocks) - first)
    size = 64 if row.room("A") else (blocks or 1) * unit.size * (row.moves == "in")
    out = data_out(unit, row, lba, blocks)
    reply = unit.ends(end, row.range_cdb(lba, nr), out, size)
    if info is not None:
        # There is no room for more in the fixed format.
        unit.same("INFORMATION", info if info < 1 << 32 else None, reply.info)
    new = old
    if end == "good":
        at = (lba - first) * unit.size
        behind = at + blocks * unit.size
        if row.moves == "in":
            unit.same("data", old[at:behind], reply.data)
        new = old[:at] + written(unit, row, out, old[at:behind]) + old[behind:]
    unit.has(first, new)


def try_lists(unit, row):
    """No list, and one that is too short"""
    unit.ends(row.empty, row.cdb(P=0))
    if row.short:
        length, end = row.short
        unit.ends(end, row.cdb(P=length), bytes(length))


def try_allocations(unit, row):
    """No data, the first four bytes, all but one"""
    size = min(row.highest("A"), 8192)
    # GET LBA STATUS may tell of as much as there is room for: not where there is no more
    cdb = functools.partial(row.cdb, L=unit.blocks - 1) if row.room("L") else row.cdb
    reply = unit.ends(row.nothing, cdb(A=0), size=512)
    unit.same("data of an allocation length of zero", b"", reply.data)
    data = unit.good(cdb(A=size), size=size)
    unit.same("there are four bytes of data", True, len(data) >= 4)
    for length in {4, max(4, len(data) - 1) if row.stable else 4}:
        unit.same("cut off data", data[:length], unit.good(cdb(A=length), size=size))


# --- All of it


def attempts(unit, row):
    """What is to be tried with a command"""
    yield "good case", row.case, (unit, row)
    if row.room("L"):
        for case in ranges(unit, row):
            yield f"LBA {case[0]:x}, {case[1]} blocks", try_range, (unit, row, *case)
    if row.room("P"):
        yield "parameter list length", try_lists, (unit, row)
    if row.room("A"):
        yield "allocation length", try_allocations, (unit, row)


def try_all(unit, row):
    """Returns how many attempts have failed."""
    bad = 0
    for what, function, args in attempts(unit, row):
        for some in filter(None, (unit, unit.peer)):
            some.drain()
        try:
            function(*args)
        except (Wrong, IndexError) as wrong:
            # IndexError: the data are shorter than they have to be
            bad += 1
            print(f"{row.name}, {what}: {wrong}")
            unit.send("1b0000000300" if unit.type == TYPE_ROM else "1b0000000100")
    return bad


def write_lists(directory, rows, codes):
    """Let others find out which rows are of commands that no unit has."""
    with open(directory + "/rows", "w", encoding="ascii") as file:
        file.writelines(code_name(code) + "\n" for code in rows)
    with open(directory + "/listed", "a", encoding="ascii") as file:
        file.writelines(code_name(code) + "\n" for code in codes)


def parse_args():
    """What is known of the unit"""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("device")
    parser.add_argument("--blocks", type=int, help="that it has")
    parser.add_argument("--block-size", type=int, default=512)
    parser.add_argument("--luns", type=int, help="of the target, from 0 on")
    parser.add_argument("--group", help="its device group, with explicit=1 and tpg0")
    parser.add_argument("--nodata", action="store_true", help="it reads as zeros")
    parser.add_argument("--maps", action="store_true", help="it knows what is unmapped")
    parser.add_argument("--image", help="the medium of a CD-ROM drive")
    parser.add_argument("--peer", help="disk that a CD-ROM drive copies to")
    parser.add_argument("--peer-blocks", type=int)
    parser.add_argument("--lost", action="store_true", help="its reservations are lost")
    parser.add_argument("--lists", help="directory for the codes of all rows, in rows, and "
                        "of the commands that are listed, behind those in listed")
    parser.add_argument("--forget", help="code of a command, to have no row for it")
    parser.add_argument("--only", nargs="+", default=[],
                        help="codes of the commands to be sent")
    parser.add_argument("--patience", type=int, default=1,
                        help="how many times as long what is waited for may take")
    return parser.parse_args()


def main():
    """Check all commands of the unit."""
    args = parse_args()
    rows = {row.code(): row for row in ROWS if code_name(row.code()) != args.forget}
    unit = Unit(args.device, args)
    if args.peer:
        unit.peer = Unit(args.peer, argparse.Namespace(
            blocks=args.peer_blocks, block_size=512, image=None, nodata=False))
    bad = 0
    done = []
    if args.lost:
        bad += try_all(unit, rows[FIRST])
        done.append(FIRST)
    unit.drain()
    codes = list(sgio.commands(unit.fd))
    for name in sorted(set(args.only) - set(map(code_name, codes))):
        bad += 1
        print(f"{name}: no command of this unit")
    for code in codes:
        if code not in rows:
            bad += 1
            print(f"{code_name(code)}: a command without a test")
        elif code not in done and (not args.only or code_name(code) in args.only):
            bad += try_all(unit, rows[code])
    if args.lists:
        write_lists(args.lists, rows, codes)
    print(f"{len(codes)} commands, {unit.nr_checks} checks, {bad} wrong")
    sys.exit(bad > 0 or not codes)


main()
