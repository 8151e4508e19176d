#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Plots of the figures in a CSV file of results.py: plot.py CSV DIRECTORY

A bar chart, or lines where the jobs are numbers, for each kind of figure, as SVG
and PNG by gnuplot.
"""
import collections
import csv
import os
import re
import subprocess
import sys


def read(path):
    """what -> stack -> job -> (median, lowest, highest)"""
    tables = collections.defaultdict(lambda: collections.defaultdict(dict))
    with open(path, encoding='utf-8') as f:
        for what, stack, job, *values in csv.reader(f):
            tables[what][stack][job] = [float(v) for v in values]
    return tables


def quoted(text):
    return '"' + text.replace('_', '\\\\_') + '"'


def data(stacks, jobs):
    """A data block for each stack: job, median, lowest, highest"""
    for n, values in enumerate(stacks.values()):
        yield f'$s{n} << EOD'
        for job in jobs:
            row = values.get(job)
            yield f'"{job}" ' + (' '.join(str(v) for v in row) if row else '? ? ?')
        yield 'EOD'


def script(what, stacks):
    jobs = list(dict.fromkeys(job for values in stacks.values() for job in values))
    numbers = all(job.isdigit() for job in jobs)
    yield from data(stacks, jobs)
    yield f'set title {quoted(what)}'
    yield 'set key outside right; set grid ytics; set yrange [0:*]; set datafile missing "?"'
    if numbers:
        yield 'set logscale x'
        yield f'set xtics ({", ".join(jobs)})'
        style = 'using (real(strcol(1))):2:3:4 with yerrorlines'
    else:
        yield 'set style data histogram; set style histogram errorbars gap 1 lw 1'
        yield 'set style fill solid 0.7 border; set xtics rotate by -20'
        style = 'using 2:3:4:xtic(1)'
    yield 'plot ' + ', '.join(f'$s{n} {style} title {quoted(stack)}'
                              for n, stack in enumerate(stacks))


def main():
    for what, stacks in read(sys.argv[1]).items():
        name = os.path.join(sys.argv[2], re.sub(r'[^a-z0-9]+', '-', what.lower()).strip('-')[:60])
        for terminal in ('svg size 1100,500', 'pngcairo size 1100,500'):
            extension = 'svg' if terminal.startswith('svg') else 'png'
            commands = [f'set terminal {terminal}', f'set output "{name}.{extension}"']
            subprocess.run(['gnuplot'], input='\n'.join([*commands, *script(what, stacks), '']),
                           text=True, check=True)


main()
