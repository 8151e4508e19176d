#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the windows of profile.c show, per I/O.

    profile.py args SYSTEM.MAP          arguments of the plugin
    profile.py tables DIR [COUNT]       the tables, from what window.sh left
    profile.py events DIR CPUS          a line per window: what it took

An event is the call of a function, counted by who calls it: a context switch,
an allocation, the acquisition of a lock.  What SCST makes the kernel do is not called
by SCST; so of each event there is also how many more there are than without a target.
"""
import bisect
import collections
import csv
import os
import re
import sys

EVENTS = {
    'switch': r'__switch_to',
    'wakeup': r'try_to_wake_up',
    'alloc': r'kmem_cache_alloc(_node|_lru|_bulk)?_noprof|__kmalloc(_cache|_large)?(_node)?'
             r'(_track_caller)?_noprof|__alloc_pages_noprof|alloc_pages_bulk_noprof'
             r'|pcpu_alloc_noprof',
    'lock': r'_raw_(spin|read|write)_(try)?lock(_bh|_irq|_irqsave)?|mutex_(try)?lock'
            r'(_killable|_interruptible|_io)?|down_(read|write)(_killable|_interruptible'
            r'|_trylock)?',
}
MARKER = 'drop_caches_sysctl_handler'


def event_of(function):
    for event, pattern in EVENTS.items():
        if re.fullmatch(pattern, function):
            return event
    return None


class Symbols:
    """Functions by address, from System.map or /proc/kallsyms."""

    def __init__(self, path):
        entries = {}
        with open(path, encoding='ascii') as f:
            for line in f:
                addr, kind, name, *module = line.split()
                if kind in 'tTwW':
                    entries[int(addr, 16)] = (name, module[0] if module else '')
        self.addrs = sorted(entries)
        self.entries = [entries[a] for a in self.addrs]

    def find(self, addr):
        """(name, [module]) of the function with this address."""
        if addr < 1 << 63:
            return ('user space', '')
        i = bisect.bisect_right(self.addrs, addr) - 1
        return self.entries[i] if i >= 0 else ('?', '')

    def address(self, pattern):
        return [a for a, (name, _) in zip(self.addrs, self.entries)
                if re.fullmatch(pattern, name)]


def plugin_args(path):
    symbols = Symbols(path)
    watch = [a for pattern in EVENTS.values() for a in symbols.address(pattern)]
    return 'marker={:x},watch={}'.format(symbols.address(MARKER)[0],
                                         ':'.join(f'{a:x}' for a in watch))


class Window:
    """One dump of the plugin."""

    def __init__(self, path, symbols, spec, job, ios):
        self.spec, self.job, self.ios = spec, job, max(int(ios), 1)
        self.insns = collections.Counter()
        self.events = collections.Counter()
        self.lines = collections.Counter()
        with open(path, encoding='ascii') as f:
            for line in f:
                kind, a, b, count = line.split()
                a, count = int(a, 16), int(count)
                if kind == 'B':
                    self.insns[symbols.find(a)] += int(b) * count
                elif kind == 'L':
                    self.lines[symbols.find(a)] += count / 1000
                else:
                    event = event_of(symbols.find(int(b, 16))[0])
                    self.events[(event, symbols.find(a))] += count

    def per_io(self, count):
        return count / self.ios

    def event_total(self, event):
        return self.per_io(sum(n for (e, _), n in self.events.items() if e == event))

    def figures(self):
        """name -> per I/O"""
        figures = {event: self.event_total(event) for event in EVENTS}
        if self.lines:
            figures['line'] = self.per_io(sum(self.lines.values()))
            figures['line-scst'] = self.per_io(
                sum(n for (_, m), n in self.lines.items() if m.startswith('[scst')))
        return figures

    def table(self, top):
        print(f'\n== {self.spec} {self.job}: {self.ios} I/Os,',
              f'{self.per_io(sum(self.insns.values())):.0f} instructions each')
        modules = collections.Counter()
        for (_, module), n in self.insns.items():
            modules[module or 'kernel and user space'] += n
        for module, n in modules.most_common():
            print(f'   {self.per_io(n):9.1f}  {module}')
        print('-- instructions per I/O')
        for (name, module), n in self.insns.most_common(top):
            print(f'   {self.per_io(n):9.1f}  {name} {module}')
        rows = [('line from another CPU in', key, n) for key, n in self.lines.items()]
        rows += [(event + ' by', key, n) for (event, key), n in self.events.items()]
        print('-- events per I/O')
        for what, (name, module), n in sorted(rows, key=lambda r: -r[2])[:top]:
            if self.per_io(n) >= 0.005:
                print(f'   {self.per_io(n):9.3f}  {what} {name} {module}')


def windows(path):
    symbols = Symbols(os.path.join(path, 'kallsyms'))
    with open(os.path.join(path, 'windows'), encoding='ascii') as f:
        for n, line in enumerate(f):
            yield Window(os.path.join(path, f'profile.{n}'), symbols, *line.split())


def floor_of(figures, spec, job):
    """What it takes without a target, or None: as in results.py"""
    backend = spec.split(':')[1]
    for floor in ('sdebug:null' if backend == 'null' else f'raw:{backend}', 'raw:nullb'):
        if (floor, job) in figures:
            return figures[floor, job]
    return None


def with_added(figures, spec, job):
    """The figures, and of what is counted by event what is added to the floor"""
    floor = floor_of(figures, spec, job)
    own = figures[spec, job]
    for name, value in own.items():
        yield name, value
        if not name.endswith('-scst'):
            yield f'{name}-added', None if floor is None else value - floor[name]


def events(found, cpus):
    """A table to stdout; for RESULTS=<path> <path>.csv gets it, as that of results.py"""
    figures = {(w.spec, w.job): w.figures() for w in found}
    rows = {key: dict(with_added(figures, *key)) for key in figures}
    print('stack', 'job', *next(iter(rows.values())), sep='\t')
    for (spec, job), row in rows.items():
        print(spec, job, *('-' if v is None else f'{v:.3f}' for v in row.values()), sep='\t')
    path = os.environ.get('RESULTS')
    if not path:
        return
    with open(path + '.csv', 'a', encoding='utf-8', newline='') as f:
        out = csv.writer(f)
        for (spec, job), own in figures.items():
            for name, value in own.items():
                out.writerow([f'{name} per I/O, {cpus} CPU', spec, job] + 3 * [round(value, 3)])


def main():
    if sys.argv[1] == 'args':
        print(plugin_args(sys.argv[2]))
    elif sys.argv[1] == 'tables':
        for window in windows(sys.argv[2]):
            window.table(int(sys.argv[3]) if len(sys.argv) > 3 else 40)
    else:
        events(list(windows(sys.argv[2])), sys.argv[3])


main()
