#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tables, CSV and gnuplot data from what the guests of the bench have left.

    results.py count DIR...     instructions per I/O; each DIR is a boot
    results.py time DIR         IOPS and latency, median of the runs
    results.py cpus DIR...      IOPS by number of CPUs; each DIR ends in -<CPUs>
    results.py atomic DIR       instructions per I/O beside COMPARE AND WRITE
    results.py reservations DIR  and by registrants
    results.py scale FILE...    what scale.sh has printed
    results.py guard FILE DIR...  compare with the ratios in FILE (see there)
    results.py record DIR...    such a file

The tables go to stdout; for RESULTS=<path> in the environment the figures are added to
<path>.csv, whose first line bench.sh has written.
"""
import collections
import csv
import glob
import json
import os
import re
import statistics
import sys

# What it costs without a target, the floor of a back end: scsi_debug for null, or
# the block device itself; null_blk for those that are none
FLOOR = {'null': 'sdebug:null'}
RAW = 'raw:nullb'
# Not the functions that wait for a lock, or are the probe of that, but those that
# want it
LOCKS = re.compile(r'.*(spin_lock|spin_trylock|read_lock|write_lock|mutex_lock|rwsem).*'
                   r'|down_(read|write).*|contention_.*'
                   r'|aggr_pre_handler|kprobe_.*|(asm_)?exc_int3')


def reference_of(spec):
    """With whom a stack:backend is compared, or None: see run.sh"""
    stack, backend = spec.split(':')
    path = os.path.join(os.path.dirname(os.path.realpath(__file__)), 'stacks', f'{stack}.sh')
    if not os.path.exists(path):
        return None
    with open(path, encoding='utf-8') as f:
        found = re.search(r'^# reference: (\S+)$', f.read(), re.M)
    return f'{found[1]}:{backend}' if found else None


def reports(directory):
    """(stack:backend, job, fio's report) of all runs"""
    for path in sorted(glob.glob(os.path.join(glob.escape(directory), '*.json')),
                       key=os.path.getmtime):
        spec, job, _, _ = os.path.basename(path).rsplit('.', 3)
        with open(path, encoding='utf-8') as f:
            text = f.read()
        # fio may print warnings first
        yield spec, job, json.loads(text[text.index('{'):])['jobs'][0]


def total(report, figure):
    return report['read'][figure] + report['write'][figure]


class Table:
    """Figures by stack and job, several of each."""

    def __init__(self, what):
        self.what = what
        self.values = collections.defaultdict(lambda: collections.defaultdict(list))
        self.jobs = []

    def add(self, spec, job, value):
        if job not in self.jobs:
            self.jobs.append(job)
        self.values[spec][job].append(value)

    def median(self, spec, job):
        values = self.values.get(spec, {}).get(job)
        return statistics.median(values) if values else None

    def spread(self, spec, job):
        values = self.values[spec][job]
        middle = statistics.median(values)
        return (max(values) - min(values)) / middle if middle else 0

    def show(self, form='{:.0f}', note=None):
        if all(job.isdigit() for job in self.jobs):
            self.jobs.sort(key=int)
        width = 30
        print(f'\n{self.what}')
        print(f'{"":14}', *(f'{job:>{width}}' for job in self.jobs))
        for spec in self.values:
            cells = []
            for job in self.jobs:
                value = self.median(spec, job)
                cell = '-' if value is None else form.format(value)
                if value is not None and note:
                    cell += note(spec, job)
                cells.append(f'{cell:>{width}}')
            print(f'{spec:14}', *cells)

    def write(self, path):
        if not path:
            return
        with open(path + '.csv', 'a', encoding='utf-8', newline='') as f:
            out = csv.writer(f)
            for spec, jobs in self.values.items():
                for job, values in jobs.items():
                    out.writerow([self.what, spec, job, round(statistics.median(values), 3),
                                  round(min(values), 3), round(max(values), 3)])


def read_counts(directories, what='instructions per I/O'):
    """The counts, and how coarse they are, by job: fio tells the time in ms"""
    table = Table(what)
    steps = {}
    for directory in directories:
        for spec, job, report in reports(directory):
            ms = max(report['read']['runtime'], report['write']['runtime'])
            steps[job] = 1e6 / total(report, 'total_ios')
            table.add(spec, job, ms * steps[job])
    return table, steps


def floor_of(table, spec):
    backend = spec.split(':')[1]
    raw = f'raw:{backend}'
    return FLOOR.get(backend, raw if raw in table.values else RAW)


def added(table, spec, job):
    """What a target adds to its floor"""
    if spec is None:
        return None
    value, floor = table.median(spec, job), table.median(floor_of(table, spec), job)
    return None if value is None or floor is None else value - floor


def added_table(table):
    result = Table('of these, what the target adds (to scsi_debug, its block device or null_blk)')
    for spec in table.values:
        if spec.split(':')[0] in ('raw', 'sdebug'):
            continue
        for job in table.jobs:
            value = added(table, spec, job)
            if value is not None:
                result.add(spec, job, value)
    return result


def show_counts(directories, path, *what):
    table, steps = read_counts(directories, *what)
    table.show(note=lambda s, j: spread_note(table, s, j))
    print('rounded to', ', '.join(f'{step:,.0f} ({job})' for job, step in steps.items()))
    table.write(path)
    return table


def atomic(directories, path):
    show_counts(directories, path, 'instructions per I/O, by COMPARE AND WRITE a second')


def reservations(directories, path):
    show_counts(directories, path, 'instructions per I/O, by registrants')


def count(directories, path):
    table = show_counts(directories, path)
    more = added_table(table)
    if not more.values:
        print('\nno floor was measured: what a target adds is not known')
        return
    more.show(note=lambda s, j: ratio_note(more, s, j))
    more.write(path)


def spread_note(table, spec, job):
    return f' ({100 * table.spread(spec, job):.1f} %)'


def ratio_note(table, spec, job):
    reference = reference_of(spec)
    theirs = table.median(reference, job)
    if not theirs or theirs <= 0:
        return ''
    return f' ({table.median(spec, job) / theirs:.2f} x {reference.split(":")[0]})'


def latency(report, percentile):
    ns = report['read' if report['read']['total_ios'] else 'write']['lat_ns']
    return ns['percentile'][f'{percentile:.6f}'] / 1000


def time(directories, path):
    tables = [Table('IOPS'), Table('median of the latency, us'), Table('p99 of the latency, us')]
    for spec, job, report in (r for d in directories for r in reports(d)):
        tables[0].add(spec, job, total(report, 'iops'))
        tables[1].add(spec, job, latency(report, 50))
        tables[2].add(spec, job, latency(report, 99))
    for table in tables:
        table.show('{:.0f}' if table is tables[0] else '{:.1f}',
                   lambda s, j, t=table: spread_note(t, s, j) + ratio_note(t, s, j))
        table.write(path)


def contention(directory, disks):
    """stack:backend, the functions in which locks were waited for with the number of times"""
    for path in sorted(glob.glob(os.path.join(directory, f'*.{disks}.contention'))):
        sites = collections.Counter()
        stack = []
        with open(path, encoding='utf-8') as f:
            for line in f:
                word = line.split()
                if 'hitcount:' in word:
                    sites[' < '.join(stack[:3])] += int(word[-1])
                    stack = []
                elif len(word) in (1, 2) and '+0x' in word[0]:
                    function = word[0].split('+')[0]
                    if not LOCKS.fullmatch(function):
                        stack.append(' '.join([function, *word[1:]]))
        yield os.path.basename(path).rsplit('.', 2)[0], sites


def cpus(directories, path):
    for job in ('one-disk', 'disk-each'):
        table = Table(f'IOPS, a job for each CPU, {job}')
        for directory in directories:
            for spec, name, report in reports(directory):
                if name == job:
                    table.add(spec, directory.rsplit('-', 1)[1], total(report, 'iops'))
        table.show(note=lambda s, j, t=table: scaling_note(t, s, j))
        table.write(path)
    for disks in ('one disk', 'a disk each'):
        waits = Table(f'how often a lock was waited for, all CPUs on {disks}')
        print(f'\nlocks that were waited for, all CPUs on {disks}')
        for directory in directories:
            nr_cpus = directory.rsplit('-', 1)[1]
            for spec, sites in contention(directory, disks.split(' ')[-1]):
                waits.add(spec, nr_cpus, sites.total())
                for site, times in sites.most_common(5):
                    print(f'{spec:14} {nr_cpus} CPUs {times:9} times  {site}')
        waits.write(path)


def scaling_note(table, spec, job):
    one = table.median(spec, '1')
    return f' (x {table.median(spec, job) / one:.2f})' if one else ''


def scale(files, path):
    """Files of the name <what>-counted hold instructions, not time.

    But whoever adds an object waits, too, and the clock jumps meanwhile.
    """
    tables = {}
    for name in files:
        with open(name, encoding='ascii') as f:
            for line in f:
                what, number, figure, value = line.split()
                if os.path.dirname(name).endswith('-counted'):
                    if figure == 'ms':
                        continue
                    if figure == 'ns':
                        figure = 'a 4 KiB read of the last, instructions'
                if figure not in tables:
                    tables[figure] = Table(figure)
                tables[figure].add(what, number, float(value))
    titles = {'ms': 'to add one, ms, two CPUs', 'kib': 'memory of one, KiB',
              'ns': 'a 4 KiB read of the last, ns, two CPUs'}
    for figure, table in tables.items():
        table.what = titles.get(figure, figure)
        table.show('{:.0f}' if figure.startswith(('ns', 'a ')) else '{:.2f}')
        table.write(path)


def with_references(table):
    """For each job and back end: what SCST adds, and what its reference adds"""
    for spec in table.values:
        reference = reference_of(spec)
        for job in table.jobs:
            ours, theirs = added(table, spec, job), added(table, reference, job)
            if ours is not None and theirs:
                yield spec, job, ours, theirs


def record(directories, _):
    print('# What SCST adds to an I/O, in instructions, by what LIO adds: results.py guard.')
    print('# A change that makes one larger says in its commit message what for.')
    for spec, job, ours, theirs in with_references(read_counts(directories)[0]):
        print(f'{spec}\t{job}\t{ours / theirs:.3f}')


def guard(args, _):
    """Worse by more than 10 %, and 150 instructions or 1 % of the I/O, is a failure.

    By so much two boots may differ; a target's part is small where much is copied.  And
    where it costs less than its floor that is no credit for it.
    """
    recorded, seen = {}, set()
    with open(args[0], encoding='utf-8') as f:
        for line in f:
            if not line.startswith('#'):
                spec, job, ratio = line.split()
                recorded[(spec, job)] = float(ratio)
    failed = 0
    table, _ = read_counts(args[1:])
    for spec, job, ours, theirs in with_references(table):
        want = recorded.get((spec, job))
        if want is None:
            failed += 1
            print(f'FAIL {spec} {job}: {ours / theirs:.3f} is not recorded')
            continue
        seen.add((spec, job))
        before = want * theirs
        slack = max(150, table.median(spec, job) / 100, before / 10)
        worse = ours > before + slack
        failed += worse
        print('FAIL' if worse else 'ok', f'{spec} {job}: {ours:.0f} instructions,',
              f'{ours / theirs:.3f} of what LIO adds; recorded: {want:.3f}')
    for spec, job in recorded.keys() - seen:
        failed += 1
        print(f'FAIL {spec} {job}: not measured')
    return failed


MODES = {'count': count, 'time': time, 'cpus': cpus, 'scale': scale, 'atomic': atomic,
         'reservations': reservations, 'guard': guard, 'record': record}
sys.exit(1 if MODES[sys.argv[1]](sys.argv[2:], os.environ.get('RESULTS')) else 0)
