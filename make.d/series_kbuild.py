#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makefiles and Kconfig files that grow with a patch series.

Given the final text of such a file, say what it is in the middle of the series:
a Makefile names the objects whose source is there, Kconfig has the options that
a Makefile or the code uses.  Everything that needs no such decision stays, so
with all sources there the text is the final one.
"""

import re

ASSIGNMENT = re.compile(r'^([\w./$()-]+)(\s*)(:=|\+=|\?=|=)(\s*)(.*)$', re.DOTALL)
OBJECT_LIST = re.compile(r'^(?P<name>[\w./-]+)-(?:y|m|objs|\$\(\w+\))$')
OBJECT_FLAGS = re.compile(r'^[A-Z][A-Z_]*_(?P<object>[\w./-]+\.o)$')
FLAG_LISTS = {'ccflags', 'asflags', 'ldflags', 'rustflags', 'subdir-ccflags', 'subdir-asflags'}
GOALS = {'obj', 'lib', 'subdir', 'always', 'extra', 'targets'}

BLOCK = re.compile(r'^(config|menuconfig|choice|endchoice|comment|menu|endmenu|if|endif|source'
                   r'|mainmenu)\b[ \t]*"?([^"\n]*)')
ENDS = {'if': 'endif', 'menu': 'endmenu', 'choice': 'endchoice'}
SYMBOL = re.compile(r'\bCONFIG_(\w+)')


def is_kconfig(path):
    return path.rsplit('/', 1)[-1].startswith('Kconfig')


def symbols(text):
    """The options that a Makefile or C code uses."""
    return {re.sub(r'_MODULE$', '', s) for s in SYMBOL.findall(text)}


def same_end(lines, original):
    """Without the blank lines that stood before what was left out at the end."""
    while lines and not lines[-1].strip() and original[-1].strip():
        lines.pop()
    return lines


# Makefiles

def logical_lines(lines):
    """Lists of lines, those that end in a backslash with what follows them."""
    group = []
    for line in lines:
        group.append(line)
        if not line.rstrip('\n').endswith('\\'):
            yield group
            group = []
    if group:
        yield group


class Makefile:
    """The composite objects of a Makefile and the decision about each line.

    source(path) says whether FILE.o can be made from FILE.c, subdir(path)
    whether a directory has something to make, module(paths) whether a composite
    of these sources can be linked.
    """

    def __init__(self, directory, lines, source, subdir, module):
        self.directory = directory
        self.source = source
        self.subdir = subdir
        self.module = module
        self.parts = {}
        for group in logical_lines(lines):
            name, words = self.assignment(group)
            if name and name not in GOALS:
                self.parts.setdefault(name, []).extend(w for w in words if w.endswith('.o'))

    @staticmethod
    def assignment(group):
        """(NAME, words) of an assignment to a list of objects NAME-y, or (None, [])"""
        match = ASSIGNMENT.match(''.join(group))
        names = OBJECT_LIST.match(match[1]) if match else None
        if not names or names['name'] in FLAG_LISTS:
            return None, []
        return names['name'], match[5].replace('\\\n', ' ').split()

    def has_object(self, word):
        """'foo.o' or 'dir/' in a list of objects"""
        if word.endswith('/'):
            return self.subdir(self.directory + word)
        name = word[:-2]
        if name in self.parts:
            return self.has_composite(name)
        return self.source(self.directory + name)

    def has_composite(self, name):
        parts = self.parts[name]
        return self.module([self.directory + p[:-2] for p in parts]) and any(
            self.has_object(p) for p in parts)

    def wanted(self, word):
        return not word.endswith(('.o', '/')) or word.startswith(('-', '$')) or \
            self.has_object(word)

    def grow_row(self, row):
        """One line of a list with the words that are wanted; '' with none of them"""
        text = row.rstrip('\\\n')
        words = text.split()
        left = [w for w in words if self.wanted(w)]
        if left == words:
            return row
        if not any(w.endswith(('.o', '/')) or w.startswith('$') for w in left):
            return ''
        indent = text[:len(text) - len(text.lstrip())]
        return indent + ' '.join(left) + (' \\\n' if '\\' in row else '\n')

    def grow_list(self, group):
        """An assignment with the words that are wanted; None with none of them"""
        head = group[0][:ASSIGNMENT.match(group[0]).start(5)]
        rows = [group[0][len(head):], *group[1:]]
        kept = [row for row in map(self.grow_row, rows) if row]
        if kept == rows:
            return group
        if not any(row.strip(' \t\\\n') for row in kept):
            return None
        if not self.grow_row(rows[0]):
            kept[0] = kept[0].lstrip()
        kept[0] = head + kept[0]
        kept[-1] = kept[-1].rstrip(' \t\\\n') + '\n'
        return kept

    def grow_assignment(self, group):
        match = ASSIGNMENT.match(group[0])
        name, _ = self.assignment(group)
        if name:
            if name in self.parts and not self.has_composite(name):
                return None
            return self.grow_list(group)
        flags = OBJECT_FLAGS.match(match[1])
        if flags and not self.has_object(flags['object']):
            return None
        return group

    def grow_paragraph(self, lines):
        """(lines, has objects): comments go with the assignment below them"""
        out, comments = [], []
        objects = found = False
        for group in logical_lines(lines):
            if group[0].startswith('#'):
                comments += group
                continue
            listed = self.assignment(group)[0]
            objects |= bool(listed)
            if ASSIGNMENT.match(group[0]):
                group = self.grow_assignment(group)
            if group:
                found |= bool(listed)
                out += comments + group
            comments = []
        if objects and not found and not any(ASSIGNMENT.match(line) for line in out):
            return [], False
        return out + comments, found

    def grow(self, lines):
        """LINES, a Makefile or a part of one, as they are now"""
        out = []
        found = False
        for paragraph in re.findall(r'(?:[^\n]+\n)+\n*|\n+', ''.join(lines)):
            body = paragraph.rstrip('\n')
            grown, objects = self.grow_paragraph([line + '\n' for line in body.split('\n')]) \
                if body else ([], False)
            found |= objects
            if grown or not body:
                out += grown + ['\n'] * (len(paragraph) - len(body) - bool(body))
        return same_end(out, lines) if found else []


# Kconfig

class Block:
    """A keyword at the start of a line, what belongs to it and what it encloses."""

    def __init__(self, comments, line):
        match = BLOCK.match(line)
        self.keyword = match[1]
        self.argument = match[2].strip()
        self.lines = comments + [line]
        self.blocks = []
        self.end = []

    @property
    def symbol(self):
        return self.argument if self.keyword in ('config', 'menuconfig') else None


def parse(lines):
    """(lines before the first block, blocks)"""
    blocks, stack, comments, preamble = [], [], [], []
    current = preamble
    for line in lines:
        match = BLOCK.match(line)
        if line.startswith('#') and blocks:
            comments.append(line)
        elif not match:
            current += comments + [line]
            comments = []
        elif match[1] in ENDS.values():
            if not stack:
                raise ValueError(f'"{line.strip()}" ends nothing')
            current = stack.pop().end
            current += comments + [line]
            comments = []
        else:
            block = Block(comments, line)
            comments = []
            (stack[-1].blocks if stack else blocks).append(block)
            current = block.lines
            if block.keyword in ENDS:
                stack.append(block)
    if stack:
        raise ValueError(f'"{stack[-1].lines[-1].strip()}" has no end')
    return preamble, blocks


def grow_blocks(blocks, wanted, exists):
    """(lines, has content)"""
    out = []
    found = False
    for block in blocks:
        inner, content = grow_blocks(block.blocks, wanted, exists)
        if block.symbol:
            content = wanted(block.symbol)
        elif block.keyword == 'source':
            content = exists(block.argument)
        if content or block.keyword in ('comment', 'mainmenu'):
            out += block.lines + inner + block.end
        found |= content
    return out, found


def grow_kconfig(lines, wanted, exists):
    """LINES, a Kconfig file or a part of one, with the options that are wanted"""
    preamble, blocks = parse(lines)
    out, found = grow_blocks(blocks, wanted, exists)
    return same_end(preamble + out, lines) if found else []


def kconfig_words(blocks, around=()):
    """For each option, the words of its block: what it depends on or selects"""
    words = {}
    for block in blocks:
        mine = set(around) | set(re.findall(r'\w+', ''.join(block.lines[1:])))
        if block.symbol:
            words[block.symbol] = mine
        words.update(kconfig_words(block.blocks, mine | set(block.argument.split())))
    return words
