"""A Procfile: one line per process, as other platforms read it too."""

from __future__ import annotations

import re

_NAME = r"(?=.{1,40}?[ \t:])([A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*)"
_LINE = re.compile(_NAME + r"[ \t]{0,20}:[ \t]{0,20}([^\s\0][^\0]{0,8000})", re.ASCII)


def processes(text: str) -> dict[str, str]:
    """The commands by name, in the order of the lines; what is no process is passed over."""
    lines = (_LINE.fullmatch(line.strip()) for line in text.splitlines())
    return {line[1]: line[2] for line in lines if line is not None}
