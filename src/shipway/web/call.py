"""One request as an answer sees it: who calls, with what."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from shipway.web.access import Caller
from shipway.web.refusals import TooLarge, Unreadable

LIMIT = 1024 * 1024
QUOTED = 40  # characters of what was given, where it is said to be wrong


@dataclass(frozen=True)
class Call:
    """`caller` is nobody only at public addresses; `body` is empty for coroutine answers."""

    request: Request
    caller: Caller | None
    body: bytes = b""

    @property
    def who(self) -> str:
        """The name of the person who calls."""
        assert self.caller is not None, "only public addresses have no caller"
        return self.caller.who

    def place(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str | None:
        return self.request.query_params.get(name) or None

    def queries(self, name: str) -> list[str]:
        """All values of a name that may stand in the address several times."""
        return [value for value in self.request.query_params.getlist(name) if value]

    def number(self, name: str, default: int, *, most: int) -> int:
        """A whole number of the query, at least 0 and at most `most`."""
        given = self.query(name)
        if given is None:
            return default
        if not given.isascii() or not given.isdecimal() or len(given) > 18:
            raise Unreadable(f"`{name}` is {given[:QUOTED]!r}, and must be a whole number from 0 to {most}.")
        return min(int(given), most)

    def choice(self, name: str, known: Collection[str]) -> str | None:
        """A word of the query, one of those known; None where none is given."""
        given = self.query(name)
        if given is not None and given not in known:
            raise not_one_of(name, given, known)
        return given

    def flag(self, name: str) -> bool:
        return self.query(name) in ("1", "true", "yes")

    def json(self) -> Mapping[str, Any]:
        """The body, a JSON object sent as application/json; nothing sent is an empty one."""
        if not self.body:
            return {}
        if self.request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Unreadable("The body must be sent as application/json.")
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Unreadable("The body is not JSON.") from error
        if not isinstance(value, dict):
            raise Unreadable("The body must be a JSON object.")
        return value

    def field(self, name: str) -> str:
        """A field of the JSON body that must be there, as text."""
        value = self.json().get(name)
        if not isinstance(value, str):
            raise Unreadable(f"The body must have a text called `{name}`.")
        return value

    def form(self) -> Mapping[str, str]:
        """The fields of a form as browsers send it."""
        try:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True, max_num_fields=50))
        except ValueError as error:
            raise Unreadable("The form cannot be read.") from error


def not_one_of(name: str, given: object, known: Collection[str]) -> Unreadable:
    """What to raise of a word that is none of two or more."""
    *others, last = known
    said = repr(given) if isinstance(given, str) else "no text"
    return Unreadable(f"`{name}` is {said[: QUOTED + 2]}, and must be {', '.join(others)} or {last}.")


async def read_body(request: Request) -> bytes:
    """The whole body, at most LIMIT bytes."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > LIMIT:
            raise TooLarge("The body is larger than 1 MiB.")
        parts.append(part)
    return b"".join(parts)
