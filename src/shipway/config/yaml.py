"""YAML without its traps: a text becomes plain values and the place of each, within limits (BARS S10).

1. The text is read event by event, so that a limit stops it before anything has grown.
2. A scalar stays the text that was written (null alone is None): what `3.10`, `NO` or `1:30` mean is for the
   field that receives it to say. PyYAML's own reading makes 3.1, False and 90 of them.
3. An alias is allowed, but counts as all the values it stands for; merge keys and tags are refused.
4. A key written twice is a problem, never silently the last one. Such a problem does not hide the others: as
   far as the text can be read its values are told too, so that they are looked at in the same go.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from shipway.config.positions import Position, Positions
from shipway.config.problems import InvalidConfig, Path, Problem, field

LARGEST = 256 * 1024
DEEPEST = 50
MOST_VALUES = 20_000
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLAINLY = {
    "mapping values are not allowed in this context": "a second `: ` in one line: put the value in quotes",
    "found character that cannot start any token": "a value cannot begin with this character: put it in quotes",
    "did not find expected key": "the line is not where the lines above it let it be: look at its indent",
}
_MERGE = "<<"
_NULL = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True)
class Read:
    """The value of a text, the place of everything in it, and what is wrong with the way it is written.

    `last` is its value where the last of a key that is written twice stands.
    """

    value: Any
    last: Any
    positions: Positions
    problems: list[Problem]


def load(text: str | bytes, file: str) -> tuple[Any, Positions]:
    """The value of a YAML text and the place of everything in it; InvalidConfig when it is not good YAML."""
    found = read(text, file)
    if found.problems:
        raise InvalidConfig(found.problems)
    return found.value, found.positions


def read(text: str | bytes, file: str) -> Read:
    """What a YAML text says; InvalidConfig only when it cannot be read to its end.

    For whoever tells its problems together with those of its values. There the first value of a key that is
    written twice stands, with what a second mapping has besides, and what a merge key names is merged.
    """
    reader = _Reader(file)
    try:
        value = reader.document(_checked(text))
        last = _Reader(file, last=True).document(_checked(text)) if reader.twice else value
        return Read(value, last, reader.positions, reader.problems)
    except _Stop as stop:
        reader.problem(stop.message, stop.at)
    except yaml.YAMLError as error:
        reader.problem(*_syntax(error, text))
    raise InvalidConfig(reader.problems)


class _Stop(Exception):
    """Reading cannot go on."""

    def __init__(self, message: str, at: Position = (1, 1)) -> None:
        super().__init__(message)
        self.message, self.at = message, at


@dataclass(frozen=True)
class _Node:
    """A value with the number of values in it, aliases counted in full, and how deep they go."""

    value: Any
    size: int = 1
    depth: int = 0


class _Reader:
    def __init__(self, file: str, *, last: bool = False) -> None:
        self.file = file
        self.last = last
        self.twice = False
        self.problems: list[Problem] = []
        self.positions = Positions()
        self._anchors: dict[str, _Node | None] = {}
        self._count = 0

    def problem(self, message: str, at: Position, path: Path = ()) -> None:
        self.problems.append(Problem(self.file, *at, field(path), message))

    def document(self, text: str) -> Any:
        self._events = yaml.parse(text, Loader=yaml.CSafeLoader)
        next(self._events)  # the beginning of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        node = self._node(next(self._events), ())
        next(self._events)  # the end of the document
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self.problem("a second document begins here; one file holds one", _at(after))
        return node.value

    def _node(self, event: yaml.Event, path: Path) -> _Node:
        at = self.positions.values[path] = _at(event)
        if isinstance(event, yaml.AliasEvent):
            return self._counted(self._alias(str(event.anchor), at), at, path)
        assert isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent))
        if event.anchor:
            self._anchors[event.anchor] = None
        if event.tag and event.tag != "!":
            self.problem("has a tag; write the plain value", at, path)
        node = self._counted(self._content(event, path), at, path)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, anchor: str, at: Position) -> _Node:
        node = self._anchors.get(anchor)
        if node is None:
            raise _Stop(f"the alias *{anchor[:40]} stands for nothing, or for what contains it", at)
        self._count += node.size - 1
        return node

    def _counted(self, node: _Node, at: Position, path: Path) -> _Node:
        self._count += 1
        if self._count > MOST_VALUES:
            raise _Stop(f"more than {MOST_VALUES:,} keys and values, with each alias counted in full", at)
        if len(path) + node.depth > DEEPEST:
            raise _Stop(f"values are nested more than {DEEPEST} deep", at)
        return node

    def _content(self, event: yaml.Event, path: Path) -> _Node:
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0]
            return _Node(None if plain and event.value in _NULL else event.value)
        if len(path) >= DEEPEST:
            raise _Stop(f"values are nested more than {DEEPEST} deep", _at(event))
        return self._mapping(path) if isinstance(event, yaml.MappingStartEvent) else self._sequence(path)

    def _sequence(self, path: Path) -> _Node:
        items: list[_Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return _around([item.value for item in items], items)

    def _mapping(self, path: Path) -> _Node:
        value: dict[str, Any] = {}
        besides: dict[str, list[Any]] = {}
        items: list[_Node] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            again = key in value or _is_merge(event)
            items.append((self._apart if again else self._node)(next(self._events), (*path, key)))
            if again:
                besides.setdefault(key, []).append(items[-1].value)
            else:
                value[key] = items[-1].value
        merged: dict[str, Any] = {}
        for mapping in besides.pop(_MERGE, []):
            _add(merged, mapping)
        for key, more in besides.items():
            value[key] = self._standing([value[key], *more])
        return _around({**merged, **value}, items)

    def _standing(self, written: Sequence[Any]) -> Any:
        """What counts of the values of one key."""
        first, *others = reversed(written) if self.last else written
        if not isinstance(first, dict):
            return first
        whole = dict(first)
        for other in others:
            if isinstance(other, dict):
                _add(whole, other)
        return whole

    def _apart(self, event: yaml.Event, path: Path) -> _Node:
        """A value where another stands already: it has places of its own, and a key in both is not told again."""
        standing, self.positions = self.positions, Positions()
        try:
            return self._node(event, path)
        finally:
            standing.add(self.positions)
            self.positions = standing

    def _key(self, event: yaml.Event, path: Path) -> str:
        at = _at(event)
        if not isinstance(event, yaml.ScalarEvent) or event.anchor or event.tag:
            raise _Stop("a key should be a plain word", at)
        self._counted(_Node(event.value), at, path)
        key = (*path, event.value)
        if _is_merge(event):
            self.problem("merge keys are not part of YAML 1.2; write the values out", at, path)
        elif key in self.positions.keys:
            self.twice = True
            self.problem(f"is written twice; the first is in line {self.positions.keys[key][0]}", at, key)
        self.positions.keys.setdefault(key, at)
        return str(event.value)


def _is_merge(key: yaml.Event) -> bool:
    return isinstance(key, yaml.ScalarEvent) and key.value == _MERGE and key.implicit[0]


def _add(besides: dict[str, Any], value: Any) -> None:
    """What mappings say, the first of them first: changed in place, for copies of copies would take long."""
    for mapping in value if isinstance(value, list) else [value]:
        for key, item in mapping.items() if isinstance(mapping, dict) else ():
            besides.setdefault(key, item)


def _around(value: Any, items: list[_Node]) -> _Node:
    return _Node(value, 1 + sum(item.size for item in items), 1 + max((item.depth for item in items), default=0))


def _at(event: yaml.Event) -> Position:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _checked(text: str | bytes) -> str:
    if len(text) > LARGEST:
        raise _Stop(f"the file is larger than {LARGEST // 1024} KiB")
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        size = len(decoded.encode())
    except UnicodeError:
        raise _Stop("the file is not UTF-8 text") from None
    if size > LARGEST:
        raise _Stop(f"the file is larger than {LARGEST // 1024} KiB")
    if found := _UNPRINTABLE.search(decoded):
        raise _Stop(f"the file holds the control character U+{ord(found[0]):04X}", _place(decoded, found.start()))
    return decoded


def _place(text: str, index: int) -> Position:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _syntax(error: yaml.YAMLError, text: str | bytes) -> tuple[str, Position]:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return _explained(error, mark.line, text), (mark.line + 1, mark.column + 1)
    return f"the file is not YAML: {getattr(error, 'reason', error)}", (1, 1)


def _explained(error: yaml.MarkedYAMLError, line: int, text: str | bytes) -> str:
    lines = (text if isinstance(text, str) else text.decode()).splitlines()
    indent = lines[line][: len(lines[line]) - len(lines[line].lstrip())] if line < len(lines) else ""
    if "\t" in indent:
        return "the line begins with a tab; indent with spaces"
    if error.problem in _PLAINLY:
        return _PLAINLY[error.problem]
    return f"the file is not YAML: {' '.join(part for part in (error.problem, error.context) if part)}"
