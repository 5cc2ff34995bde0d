"""The form of what people read: a subject of one line, what happened, and below it rows with a name each."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_SUBJECT = 150  # characters
LONGEST_LINE = 300
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


@dataclass(frozen=True)
class Text:
    """A subject of one line, and a plain text."""

    subject: str
    body: str


def made(
    application: str | None, subject: str, head: str, lines: Sequence[str], rows: Sequence[tuple[str, str]]
) -> Text:
    """What `head` says, the lines that explain it, and a row for each name of which something is said."""
    shown = one_line(f"[{application}] {subject}" if application is not None else subject)
    width = max(len(name) for name, _said in rows)
    said = one_line(head)
    parts = [said if said.endswith((".", "!", "?")) else f"{said}."]
    if lines:
        parts.append("\n".join(f"    {_UNSEEN.sub(' ', line)[:LONGEST_LINE]}" for line in lines))
    parts.append("\n".join(f"{name:<{width}}  {one_line(said)}" for name, said in rows if said))
    return Text(shortened(shown, LONGEST_SUBJECT), "\n\n".join(parts) + "\n")


def moment(at: float) -> str:
    """`27 Nov 2026 03:12:09 UTC`: whoever reads it may be anywhere."""
    return time.strftime("%-d %b %Y %H:%M:%S UTC", time.gmtime(at))


def clock(at: float) -> str:
    """`03:12:09 UTC`."""
    return time.strftime("%H:%M:%S UTC", time.gmtime(at))


def one_line(words: str) -> str:
    """Without anything that would steer a terminal, begin a line or turn words around."""
    return _UNSEEN.sub(" ", words).strip()


def shortened(line: str, longest: int) -> str:
    """Ends with a whole word, and says so, where it has to end early."""
    return line if len(line) <= longest else f"{line[: longest - 1].rpartition(' ')[0] or line[: longest - 1]}…"


def listed(names: Sequence[str]) -> str:
    """`dev`, `dev and test`, `dev, test and prod`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def lasting(seconds: float) -> str:
    """`40 s`, and of more than that `12 min`."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
