#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Plots of the figures in a CSV file of results.py: plot.py CSV DIRECTORY

For each kind of figure, as SVG and PNG by gnuplot: lines where the jobs are numbers,
else bars, in one plot for each block size.
"""
import collections
import colorsys
import csv
import os
import re
import subprocess
import sys

# Hues of neighbours look alike, so every other one is pale
SATURATIONS = (0.9, 0.45)
# Of the back ends of a stack each is lighter than the one before
LIGHTEST, DARKEST = 0.8, 0.35


def read(path):
    """what -> stack -> job -> (median, lowest, highest)"""
    tables = collections.defaultdict(lambda: collections.defaultdict(dict))
    with open(path, encoding='utf-8') as f:
        for row in csv.DictReader(f):
            tables[row['what']][row['stack']][row['job']] = [
                float(row[key]) for key in ('median', 'lowest', 'highest')]
    return tables


def is_number(jobs):
    return all(job.isdigit() for job in jobs)


def jobs_of(stacks):
    jobs = list(dict.fromkeys(job for values in stacks.values() for job in values))
    return sorted(jobs, key=int) if is_number(jobs) else jobs


def by_block_size(stacks):
    """(block size, stacks with its jobs): what a large I/O costs would hide the others"""
    sizes = collections.defaultdict(lambda: collections.defaultdict(dict))
    for stack, values in stacks.items():
        for job, figures in values.items():
            found = re.search(r'-(\d+[km])-', job)
            sizes[found[1] if found else ''][stack][job] = figures
    return sizes.items()


def palette(names):
    """name -> colour: a hue for each stack, a shade of it for each of its back ends"""
    backends = collections.defaultdict(list)
    for name in sorted(set(names)):
        stack, _, backend = name.partition(':')
        backends[stack].append(backend)
    colours = {}
    for n, (stack, own) in enumerate(backends.items()):
        hue, saturation = n / len(backends), SATURATIONS[n % len(SATURATIONS)]
        step = (LIGHTEST - DARKEST) / max(len(own), 2)
        for i, backend in enumerate(own):
            rgb = colorsys.hls_to_rgb(hue, DARKEST + i * step, saturation)
            name = f'{stack}:{backend}' if backend else stack
            colours[name] = '#' + ''.join(f'{round(255 * c):02x}' for c in rgb)
    return colours


def quoted(text):
    return '"' + text.replace('_', '\\\\_') + '"'


def data(stacks, jobs):
    """A data block for each stack: job, median, lowest, highest"""
    for n, values in enumerate(stacks.values()):
        yield f'$s{n} << EOD'
        for job in jobs:
            row = values.get(job)
            if row or not is_number(jobs):
                yield f'"{job}" ' + (' '.join(str(v) for v in row) if row else '? ? ?')
        yield 'EOD'


def lines(stacks, jobs):
    """Axes of numbers; figures of different orders of magnitude get a logarithmic one"""
    medians = [row[0] for values in stacks.values() for row in values.values()]
    first, last = int(jobs[0]), int(jobs[-1])
    yield f'set logscale x; set xrange [{first / 1.15}:{last * 1.15}]'
    yield f'set xtics ({", ".join(jobs)})'
    if 0 < min(medians) * 20 < max(medians):
        yield f'set logscale y; set yrange [{min(medians) / 2}:{max(medians) * 2}]'


def script(what, stacks, colours):
    jobs = jobs_of(stacks)
    numbers = is_number(jobs)
    yield from data(stacks, jobs)
    yield f'set title {quoted(what)}'
    yield 'set key outside right; set grid ytics; set yrange [*<0:*]; set datafile missing "?"'
    yield 'set offsets 0, 0, graph 0.05, 0'
    if numbers:
        yield from lines(stacks, jobs)
        style = 'using (real(strcol(1))):2:3:4 with yerrorlines lw 1.5'
    else:
        yield 'set style data histogram; set style histogram errorbars gap 1 lw 1'
        yield f'set style fill solid border; set xrange [-0.6:{len(jobs) - 0.4}]'
        style = 'using 2:3:4:xtic(1)'
    yield 'plot ' + ', '.join(
        f'$s{n} {style} lc rgb "{colours[stack]}" title {quoted(stack)}'
        for n, stack in enumerate(stacks))


def draw(name, *args):
    for terminal in ('svg', 'pngcairo'):
        commands = [f'set terminal {terminal} size 1100,500 background "white"',
                    f'set output "{name}.{terminal[:3]}"']
        subprocess.run(['gnuplot'], input='\n'.join([*commands, *script(*args), '']),
                       text=True, check=True)


def main():
    tables = read(sys.argv[1])
    # The same in all plots
    colours = palette(name for stacks in tables.values() for name in stacks if ':' in name)
    for what, stacks in tables.items():
        name = re.sub(r'[^a-z0-9]+', '-', what.lower()).strip('-')[:60]
        for size, part in by_block_size(stacks):
            draw(os.path.join(sys.argv[2], '-'.join(filter(None, [name, size]))), what, part,
                 palette(stacks) | colours)


main()
