"""Texts that hurt other readers of YAML (BARS S10), by what they try."""

from __future__ import annotations


def _bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


def _mapping_bomb(levels: int) -> str:
    lines = ["a0: &a0 {k: x}"]
    for n in range(1, levels):
        keys = ", ".join(f"k{i}: *a{n - 1}" for i in range(9))
        lines.append(f"a{n}: &a{n} {{{keys}}}")
    return "\n".join(lines)


def _merge_keys(count: int, each: int) -> str:
    lines = ["m0: &m0 {" + ", ".join(f"k{i}: v" for i in range(each)) + "}"]
    lines += [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * each)}]}}" for n in range(1, count)]
    return "\n".join(lines)


REFUSED = {
    "alias bomb": _bomb(9),
    "alias bomb of mappings": _mapping_bomb(9),
    "many aliases of one large list": "a: &a [" + "x, " * 5000 + "x]\nb: [" + "*a, " * 5000 + "*a]",
    "merge keys of merge keys": _merge_keys(200, 20),
    "one merge key": "base: &base {run: x}\nsteps: {a: {<<: *base}}",
    "merge key in a nested list": "x: [{<<: {a: 1}}]",
    "deep lists": "a: " + "[" * 10_000,
    "deep lists that close": "a: " + "[" * 5_000 + "]" * 5_000,
    "deep mappings": "{a: " * 10_000,
    "deep blocks": "".join(f"{' ' * n}a:\n" for n in range(60)),
    "deep block lists": "- " * 5_000 + "x",
    "depth through aliases": "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n"
    + "\n".join(f"a{n}: &a{n} [[[[[[[[[[*a{n - 1}]]]]]]]]]]" for n in range(1, 8)),
    "a list within itself": "a: &a [*a]",
    "a mapping within itself": "a: &a {b: *a}",
    "an alias of nothing": "a: *b",
    "an alias as key": "a: &a x\n*a : y",
    "too large": "a: " + "x" * (256 * 1024),
    "too large in bytes only": "a: " + "ü" * (200 * 1024),
    "too many values": "a: [" + "x," * 30_000 + "x]",
    "too many keys": "\n".join(f"k{n}: x" for n in range(15_000)),
    "too many values in one place and another": "a: [" + "x," * 15_000 + "x]\nb: [" + "x," * 15_000 + "x]",
    "the same key twice": "deploy: false\ndeploy: true",
    "the same key twice, quoted": "deploy: false\n'deploy': true",
    "the same key twice, deep": "a: {b: {c: 1, c: 2}}",
    "the same number as key": "1: a\n1: b",
    "a null key twice": "~: a\n~: b",
    "a list as key": "[a, b]: c",
    "a mapping as key": "{a: b}: c",
    "a question mark key": "? [a]\n: b",
    "a NUL": "name: a\0b",
    "only NULs": "\0" * 1000,
    "a control character": "name: a\x01b",
    "an escape character": "name: \x1b[31mred",
    "a lone surrogate": "name: \udc80",
    "a lone surrogate, escaped": 'name: "\\ud800"',
    "not unicode": b"name: \xff\xfe\xfa",
    "latin-1": "name: Müller".encode("latin-1"),
    "utf-16": "name: x".encode("utf-16"),
    "a tab as indent": "steps:\n\ttest: x",
    "a tab in a list": "a:\n- b\n\t- c",
    "a tab before a key": "\tname: x",
    "a python object": "a: !!python/object/apply:os.system [id]",
    "a python name": "a: !!python/name:os.system",
    "a python module": "!!python/module:os {}",
    "a local tag": "a: !secret x",
    "a tag on a list": "a: !!set {x}",
    "a binary": "a: !!binary aGVsbG8=",
    "a timestamp by tag": "a: !!timestamp 2001-01-01",
    "a string tag on the top": "!!str x",
    "a tag directive": "%TAG ! tag:evil,2000:\n---\na: !x y",
    "two documents": "a: 1\n---\nb: 2",
    "a thousand documents": "---\na\n" * 1000,
    "an open list": "a: [b, c",
    "an open mapping": "a: {b: c",
    "an open quote": "a: 'b",
    "an open double quote": 'a: "b',
    "a wrong escape": 'a: "\\q"',
    "a colon in a value": "run: echo: hello: world",
    "a wrong indent": "a:\n  b: c\n d: e",
    "a value below a value": "a: b\n  c: d",
    "a list item in a mapping": "a: b\n- c",
    "a reserved character": "a: @b",
    "a backtick": "a: `b`",
    "a percent sign": "%a: b",
    "a directive of YAML 3": "%YAML 3.0\n---\na: b",
    "a directive twice": "%YAML 1.1\n%YAML 1.1\n---\na: b",
    "only directives": "%YAML 1.1\n",
    "an anchor without value in a key": "&a : b\n&a : c",
    "an anchor on a key": "&a name: x",
    "an anchor and an alias": "a: &b *c",
    "many anchors, none used, too many values": "\n".join(f"- &a{n} x" for n in range(21_000)),
    "a long key": "? " + "k" * 2000 + "\n: [",
    "many open quotes": "'" * 99_999,
    "many double quotes": '"' * 99_999,
    "many colons": ": " * 50_000,
    "many dashes": "-" * 100_000 + ":\n-",
    "many question marks": "? " * 50_000,
    "many ampersands": "&a " * 50_000,
    "many stars": "*a " * 50_000,
    "many exclamation marks": "!a " * 50_000,
    "many commas": "[" + "," * 100_000,
    "many braces": "{" * 100_000,
    "braces and brackets": "[{" * 50_000,
    "many pipes": "a: |" + "|" * 1000,
    "many comments and then nothing good": "#\n" * 100_000 + "]",
    "many empty lines and then nothing good": "\n" * 200_000 + "]",
    "spaces without end": " " * 250_000 + "]",
    "a long plain value over lines": "a: b\n" + " c\n" * 60_000 + "]",
    "a long quoted value over lines": 'a: "' + "\n" * 100_000,
    "escapes without end": 'a: "' + "\\u0041" * 40_000,
    "a block indent of 10": "a: |10\n  x",
}

TAKEN_AS_WRITTEN = {
    "NO": "NO",
    "no": "no",
    "yes": "yes",
    "on": "on",
    "Off": "Off",
    "y": "y",
    "true": "true",
    "True": "True",
    "1:30": "1:30",
    "190:20:30": "190:20:30",
    "3.10": "3.10",
    "1e3": "1e3",
    "0777": "0777",
    "0o14": "0o14",
    "0x1F": "0x1F",
    "1_000": "1_000",
    ".inf": ".inf",
    ".nan": ".nan",
    "2001-01-01": "2001-01-01",
    "=": "=",
    "'~'": "~",
    '"null"': "null",
    "''": "",
    "~": None,
    "null": None,
    "": None,
    "|\n  a\n  b\n": "a\nb\n",
    ">\n  a\n  b\n": "a b\n",
    '"\\0"': "\0",
}
