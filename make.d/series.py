#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turn the overlay and the messages in series/ into commits: series.py TREE TOP

TREE is a git repository with the pristine kernel as branch 'base', TOP the
overlay with its series/; stdin has the overlay's files.  stdout gets a stream
for git fast-import with two branches:

series   the patches
objects  the same, but a Makefile has an object as soon as its source is there,
         even if the module is not complete.  For a look at each object.

series/README says how the lists in the messages work.
"""

import datetime
import os
import re
import subprocess
import sys

import series_kbuild

GROWING_DIRS = ('drivers/', 'block/', 'lib/')
CODE_DIRS = ('drivers/', 'include/', 'block/', 'lib/')
GROWING = re.compile(r'(^|/)(Makefile|Kbuild|Kconfig[.\w]*)$')
LIST = 'Files:'


class Error(Exception):
    """What the author of the overlay or of the series has to mend."""


# Reading

def read(*path):
    with open(os.path.join(*path), encoding='utf-8', newline='') as file:
        return file.read()


def read_config(directory):
    """series/config: NAME = VALUE"""
    lines = [line.split('#')[0] for line in read(directory, 'config').splitlines()]
    return dict(re.split(r'\s*=\s*', line.strip(), maxsplit=1) for line in lines if line.strip())


class Base:
    """The pristine kernel."""

    def __init__(self, tree):
        self.tree = tree
        self.files = set(self.git('ls-tree', '-r', '--name-only', 'base').splitlines())

    def git(self, *args):
        return subprocess.run(['git', '-C', self.tree, *args], check=True, encoding='utf-8',
                              stdout=subprocess.PIPE).stdout

    def text(self, path):
        return self.git('cat-file', 'blob', 'base:' + path)


class Message:
    """A file of series/: the commit message and the patterns after 'Files:'."""

    def __init__(self, directory, name, sign_off):
        self.name = name
        text, found, patterns = read(directory, name).partition(f'\n{LIST}\n')
        self.patterns = patterns.split()
        if not found or not self.patterns:
            raise Error(f'series/{name}: no list of files after a line "{LIST}"')
        lines = text.strip().split('\n')
        if len(lines) < 3 or lines[1]:
            raise Error(f'series/{name}: want a subject, an empty line and a body')
        self.text = '\n'.join(lines) + f'\n\nSigned-off-by: {sign_off}\n'


# Changes to files that the kernel has

class Patch:
    """A unified diff of one file: a list of (line number, [(sign, text), ...])"""

    HUNK = re.compile(r'^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@')

    def __init__(self, name, text):
        self.name = name
        self.hunks = []
        old = new = 0
        for line in text.splitlines(keepends=True):
            match = self.HUNK.match(line)
            if old or new:
                self.hunks[-1][1].append((line[0], line[1:]) if line != '\n' else (' ', line))
                old -= self.hunks[-1][1][-1][0] != '+'
                new -= self.hunks[-1][1][-1][0] != '-'
            elif match:
                old, new = int(match[2] or 1), int(match[3] or 1)
                self.hunks.append((int(match[1]) - (old > 0), []))

    def apply(self, lines, choose):
        """LINES with the changes that choose(removed, added) wants"""
        out, at = [], 0
        for start, rows in self.hunks:
            old = [text for sign, text in rows if sign != '+']
            if start < at or lines[start:start + len(old)] != old:
                raise Error(f'{self.name} does not apply at line {start + 1}, or not exactly')
            out += lines[at:start] + self.changed(rows, choose)
            at = start + len(old)
        return out + lines[at:]

    @staticmethod
    def changed(rows, choose):
        out, removed, added = [], [], []
        for sign, text in [*rows, (' ', None)]:
            if sign == '-':
                removed.append(text)
            elif sign == '+':
                added.append(text)
            else:
                if removed or added:
                    out += choose(removed, added)
                removed, added = [], []
                out += [text] if text is not None else []
        return out

    def added(self):
        return [text for _, rows in self.hunks for sign, text in rows if sign == '+']


def all_of(_removed, added):
    return added


# The overlay

class File:
    """A file of the overlay: PATH in the kernel, NAME here."""

    def __init__(self, top, name, base):
        self.name = name
        self.path = name[:-len('.patch')] if name.endswith('.patch') else name
        self.mode = '100755' if os.access(os.path.join(top, name), os.X_OK) else '100644'
        self.base = []
        self.patch = None
        text = read(top, name)
        if name == 'MAINTAINERS':
            self.lines = add_maintainers(base.text(name), text)
        elif name.endswith('.patch'):
            if self.path not in base.files:
                raise Error(f'{name}: the kernel has no {self.path}')
            self.base = base.text(self.path).splitlines(keepends=True)
            self.patch = Patch(name, text)
            self.lines = self.patch.apply(self.base, all_of)
            self.mode = base.git('ls-tree', 'base', self.path).split()[0]
        elif name in base.files:
            raise Error(f'{name}: the kernel has this file; make it a .patch')
        else:
            self.lines = text.splitlines(keepends=True)
        self.text = ''.join(self.lines)
        self.growing = name.startswith(GROWING_DIRS) and bool(GROWING.search(self.path))

    def ours(self):
        """The lines that the kernel does not have"""
        return self.patch.added() if self.patch else self.lines

    def grow(self, grow):
        """The text now, where grow(lines) is what is wanted of lines of ours"""
        def choose(removed, added):
            grown = grow(added)
            return grown if not removed or grown == added else removed
        return ''.join(self.patch.apply(self.base, choose) if self.patch else grow(self.lines))


def add_maintainers(text, entries):
    """The kernel's MAINTAINERS with our entries in their alphabetical places"""
    head, start, tail = text.partition('\n3C59X NETWORK DRIVER\n')
    sections = (start + tail).strip('\n').split('\n\n')
    last = sections.pop()	# THE REST
    for entry in entries.strip('\n').split('\n\n'):
        title = entry.split('\n')[0]
        after = next((i for i, s in enumerate(sections) if s.split('\n')[0] > title),
                     len(sections))
        sections.insert(after, entry)
    return (head + '\n' + '\n\n'.join([*sections, last]) + '\n').splitlines(keepends=True)


# Who carries what

def pattern(text):
    """A compiled file name pattern: '*' stays in its directory, '**' does not"""
    out = re.escape(text).replace(r'\*\*', '.*').replace(r'\*', '[^/]*')
    return re.compile(out + r'\Z')


def is_literal(text):
    return '*' not in text


def carried_by(files, messages):
    """For each message, its files.  A name in full wins over a pattern."""
    problems = []
    owner = {}
    for literal in (True, False):
        found = {}
        for message in messages:
            for text in message.patterns:
                if is_literal(text) != literal:
                    continue
                match = pattern(text).match
                names = [f.name for f in files if match(f.name) and f.name not in owner
                         and (literal or not f.growing)]
                if not names:
                    problems.append(f'series/{message.name}: {text}: no such file'
                                    + ('' if literal else ' is left'))
                for name in names:
                    found.setdefault(name, []).append(message)
        for name, several in found.items():
            owner[name] = several[0]
            if len(several) > 1:
                problems.append(f'{name}: in ' + ' and '.join(
                    'series/' + m.name for m in several))
    problems += [f'{f.name}: in no list of series/' for f in files
                 if f.name not in owner and not f.growing]
    if problems:
        raise Error('\nerror: '.join(problems))
    return {m: [f for f in files if owner.get(f.name) is m] for m in messages}


# The tree in the middle of the series

class State:
    """What is there once CARRIED is; whole: modules appear when they are complete."""

    def __init__(self, base, files, growing, carried, whole):
        self.base = base
        self.files = {f.path: f for f in files}
        self.growing = growing
        self.carried = {f.path for f in carried}
        self.licensed = {f.path for f in files if re.search(r'\bMODULE_LICENSE\(', f.text)}
        self.whole = whole
        self.texts = {}
        self.symbols = None

    def exists(self, path):
        if path in self.base.files or path in self.carried:
            return True
        file = self.files.get(path)
        return file in self.growing and bool(self.text(file))

    def source(self, path):
        return self.exists(path + '.c') or self.exists(path + '.S')

    def subdir(self, path):
        return self.exists(path + 'Makefile') or self.exists(path + 'Kbuild')

    def module(self, sources):
        """Could these be linked?  Not without the one that makes them a module."""
        licensed = self.licensed & {s + '.c' for s in sources}
        return not self.whole or not licensed or bool(licensed & self.carried)

    def text(self, file):
        """What a growing file is now"""
        if file.path not in self.texts:
            grow = self.grow_kconfig if series_kbuild.is_kconfig(file.path) else \
                self.makefile(file).grow
            try:
                self.texts[file.path] = file.grow(grow)
            except ValueError as error:
                raise Error(f'{file.name}: {error}') from error
        return self.texts[file.path]

    def makefile(self, file):
        directory = file.path[:file.path.rfind('/') + 1]
        return series_kbuild.Makefile(directory, file.lines, self.source, self.subdir, self.module)

    def grow_kconfig(self, lines):
        if self.symbols is None:
            self.symbols = self.wanted_symbols()
        return series_kbuild.grow_kconfig(lines, self.symbols.__contains__, self.exists)

    def wanted_symbols(self):
        """The options in use: by Makefiles if those know them, else by code or options"""
        makefiles = [f for f in self.growing if not series_kbuild.is_kconfig(f.path)]
        decided = series_kbuild.symbols(''.join(line for f in makefiles for line in f.ours()))
        now = series_kbuild.symbols(''.join(self.text(f) for f in makefiles))
        code = [self.files[p].text for p in self.carried if p.startswith(CODE_DIRS)]
        now |= series_kbuild.symbols('\n'.join(code)) - decided
        words = {}
        for file in self.growing:
            if series_kbuild.is_kconfig(file.path):
                words.update(series_kbuild.kconfig_words(
                    series_kbuild.parse(file.ours())[1]))
        size = -1
        while size != len(now):
            size = len(now)
            for symbol in now & words.keys():
                now |= words[symbol] - decided
        return now

    def result(self):
        """{path: (mode, text)} of all that is ours"""
        out = {p: (self.files[p].mode, self.files[p].text) for p in self.carried}
        out.update({f.path: (f.mode, self.text(f)) for f in self.growing
                    if self.text(f) != ''.join(f.base)})
        return out


def check_final(state):
    """With everything there, the growing files are those of the overlay"""
    for file in state.growing:
        left = set(file.lines) - set(state.text(file).splitlines(keepends=True))
        if state.text(file) != file.text:
            what = next((line.strip() for line in file.lines if line in left), 'its order')
            raise Error(f'{file.name}: no patch has a use for "{what}"')


# git fast-import

def data(text):
    encoded = text.encode()
    return b'data %d\n%s\n' % (len(encoded), encoded)


def commit(branch, author, date, message, files):
    """A commit that puts FILES there"""
    out = [f'commit refs/heads/{branch}\nauthor {author} {date} +0000\n'
           f'committer {author} {date} +0000\n'.encode(), data(message)]
    for path, (mode, text) in sorted(files.items()):
        out.append(f'M {mode} inline {path}\n'.encode() + data(text))
    return b''.join(out)


def stream(config, base, files, carriers):
    """The fast-import stream of both branches"""
    date = int(datetime.datetime.fromisoformat(config['date']).timestamp())
    owned = [f for own in carriers.values() for f in own]
    growing = [f for f in files if f not in owned]
    for branch, whole in (('series', True), ('objects', False)):
        yield f'reset refs/heads/{branch}\nfrom refs/heads/base^0\n\n'.encode()
        carried, old = [], {}
        for number, (message, own) in enumerate(carriers.items()):
            carried += own
            state = State(base, files, growing, carried, whole)
            new = state.result()
            changed = {p: v for p, v in new.items() if old.get(p) != v}
            if not changed and whole:
                raise Error(f'series/{message.name}: changes nothing')
            yield commit(branch, config['author'], date + 60 * number, message.text, changed)
            old = new
        check_final(state)


def main():
    tree, top = sys.argv[1:]
    directory = os.path.join(top, 'series')
    config = read_config(directory)
    base = Base(tree)
    messages = [Message(directory, name, config['author'])
                for name in sorted(os.listdir(directory)) if re.match(r'\d.*\.txt$', name)]
    if not messages:
        raise Error('series/: no message')
    files = [File(top, name, base) for name in sys.stdin.read().split()]
    carriers = carried_by(files, messages)
    for part in list(stream(config, base, files, carriers)):
        sys.stdout.buffer.write(part)


if __name__ == '__main__':
    try:
        main()
    except (Error, ValueError) as problem:
        sys.exit(f'error: {problem}')
