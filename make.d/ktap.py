#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run a command that prints KTAP and report each result as it comes.

ktap.py NAME LOG RESULTS CMD...

One line per test on stdout: 'ok name (time)', 'FAIL name: log' or 'SKIP name:
reason'.  RESULTS gets 'ok', 'FAIL' or 'SKIP' for each, LOG all the output.  Only
the innermost results of nested KTAP (KUnit's suites) count.  A command that
stops before the end of its plan or ends badly is one more failure.  A failure is
followed by the last of what the test has said, as the log may be out of reach.
"""

import collections
import re
import signal
import subprocess
import sys
import time

RESULT = re.compile(r'^( *)(ok|not ok)\b *(\d+)? *(?:- )?(.*)$')
PLAN = re.compile(r'^( *)1\.\.(\d+)(?: *# *SKIP *(.*))?$', re.IGNORECASE)
SUBTEST = re.compile(r'^( *)# Subtest: *(.*)$')
DIRECTIVE = re.compile(r'\s*# *(SKIP|XFAIL|TODO)\b *(.*)$', re.IGNORECASE)
DEPTH = 4	# spaces per level
LAST_WORDS = 70	# lines: a report of the kernel is so long

# What vm.sh's exit statuses say
STATUS = {
    99: 'the kernel reported a bug',
    124: 'timeout',
    125: 'the guest died',
    130: 'interrupted',
}
SKIPPED = 4


class Report:
    """The lines for the user and the counts."""

    def __init__(self, log, results):
        self.log = log
        self.results = results
        self.last = time.monotonic()
        self.failed = 0
        self.total = 0
        self.words = collections.deque(maxlen=LAST_WORDS)

    def said(self, line):
        self.words.append(line)

    def put(self, verdict, name, detail):
        print(f'{verdict} {name}{detail}', flush=True)
        if verdict == 'FAIL':
            for line in self.words:
                print(f'   | {line}', flush=True)
        self.words.clear()
        self.results.write(verdict + '\n')
        self.results.flush()
        self.last = time.monotonic()
        self.total += 1
        self.failed += verdict == 'FAIL'

    def passed(self, name):
        self.put('ok', name, f' ({time.monotonic() - self.last:.1f} s)')

    def fail(self, name, why=''):
        self.put('FAIL', name, f': {why}{", " if why else ""}{self.log}')

    def skip(self, name, reason):
        self.put('SKIP', name, f': {reason or "no reason given"}')


class Ktap:
    """The state of one KTAP stream."""

    def __init__(self, name, report):
        self.name = name
        self.report = report
        self.plans = {}		# depth: number of tests planned
        self.done = {}		# depth: number of results so far
        self.bad = {}		# depth: failures among them
        self.subtests = {}	# depth: name of the subtest whose results are there
        self.comment = ''
        self.skipped = False

    def full_name(self, depth, name):
        path = [self.subtests[d] for d in sorted(self.subtests) if 0 < d <= depth]
        return ': '.join([self.name, '.'.join(path + [name])])

    def leave(self, depth):
        """A result at this depth ends what is below: how many results, how many bad?"""
        below = self.done.pop(depth + 1, 0)
        planned = self.plans.pop(depth + 1, below)
        if planned != below:
            self.report.fail(self.full_name(depth + 1, 'plan'),
                             f'{planned} tests planned, {below} run')
        for level in [d for d in self.subtests if d > depth]:
            del self.subtests[level]
        return below, self.bad.pop(depth + 1, 0)

    def result(self, depth, verdict, name):
        nested, nested_bad = self.leave(depth)
        self.done[depth] = self.done.get(depth, 0) + 1
        directive = DIRECTIVE.search(name)
        if directive:
            name = name[:directive.start()]
        name = self.full_name(depth, name)
        if directive and directive[1].upper() == 'SKIP':
            self.report.skip(name, directive[2])
        elif verdict == 'ok' or directive:
            if not nested:
                self.report.passed(name)
        else:
            self.bad[depth] = self.bad.get(depth, 0) + 1
            if not nested_bad:
                self.report.fail(name)

    def line(self, line):
        if match := RESULT.match(line):
            self.result(len(match[1]) // DEPTH, match[2], match[4])
        elif match := PLAN.match(line):
            depth = len(match[1]) // DEPTH
            # Several streams, one after the other, make one long one
            self.plans[depth] = self.plans.get(depth, 0) + int(match[2])
            if match[2] == '0' and depth == 0:
                self.skipped = True
                self.report.skip(self.name, match[3] or self.comment)
        elif match := SUBTEST.match(line):
            self.subtests[len(match[1]) // DEPTH] = match[2]
        elif line.startswith('Bail out!'):
            self.report.fail(self.name, line)
        else:
            self.report.said(line)
            if line.startswith('# '):
                self.comment = line[2:]

    def end(self, status):
        self.leave(0)
        done = self.done.get(0, 0)
        planned = self.plans.get(0)
        if status in STATUS:
            self.report.fail(self.name, STATUS[status])
        elif status == SKIPPED and not done:
            if not self.skipped:
                self.report.skip(self.name, self.comment)
        elif planned is not None and planned != done:
            self.report.fail(self.name, f'{planned} tests planned, {done} run')
        elif status and not self.report.failed:
            self.report.fail(self.name, f'exit status {status}')
        elif not self.report.total:
            self.report.fail(self.name, 'no results')


def main():
    name, log_name, results_name, *command = sys.argv[1:]
    with open(log_name, 'w', encoding='utf-8', errors='replace') as log, \
         open(results_name, 'a', encoding='utf-8') as results, \
         subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding='utf-8',
                          errors='replace') as child:
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        signal.signal(signal.SIGINT, lambda *_: child.terminate())
        report = Report(log_name, results)
        ktap = Ktap(name, report)
        for line in child.stdout:
            log.write(line)
            log.flush()
            ktap.line(line.rstrip('\r\n'))
        ktap.end(child.wait())
    return 1 if report.failed else 0


if __name__ == '__main__':
    sys.exit(main())
