"""How an address is declared: with who may call it, or not at all (BARS S1).

Each module of `api` and `pages` holds a tuple ROUTES of what `declare` returned; `app` turns them, and nothing
else, into addresses. An answer is a function of the site and the call. A plain function runs in a worker thread
with the body already read; a coroutine function runs in the loop, must not block, and reads the body itself.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

from shipway.web.call import Call
from shipway.web.endpoints import Endpoint
from shipway.web.site import Site

Who = Literal["public", "metrics", "user", "owner"]
Answer = Callable[[Site, Call], Any]
SLASHES = re.compile(r":path\}")
"""How a part of an address is marked that may have slashes: of no interest to who fills it in."""


@dataclass(frozen=True)
class Declared:
    """One method of one address, what answers it, and who may call it; `instead` is the address to use instead."""

    method: str
    path: str
    answer: Answer
    who: Who
    instead: str = ""


def declare(method: str, path: str, answer: Answer, *, who: Who) -> Declared:
    """An address for `app` to register; refused unless it says who may call it: public, metrics, user or owner."""
    if who not in get_args(Who):
        raise ValueError(f"{method} {path} does not say who may call it: {', '.join(get_args(Who))}")
    return Declared(method, path, answer, who)


def formerly(path: str, declared: Declared) -> Declared:
    """The same at the address that it had before: what was written for that goes on working."""
    return replace(declared, path=path, instead=declared.path)


def described(declared: Declared) -> Endpoint:
    """A declaration in words: those of the function that answers, or at least its name."""
    answer = declared.answer.func if isinstance(declared.answer, partial) else declared.answer
    *_, package, module = answer.__module__.split(".")
    return Endpoint(
        method=declared.method,
        path=SLASHES.sub("}", declared.path),
        who=declared.who,
        group=package if package == "pages" else module,
        says=inspect.getdoc(answer) or f"{answer.__name__.replace('_', ' ').capitalize()}.",
        instead=SLASHES.sub("}", declared.instead),
    )


def by_path(declared: Sequence[Declared]) -> dict[str, list[Declared]]:
    """The methods of each address, in the order in which addresses were first declared.

    What ends in a part with slashes comes last: it would answer for every address that goes on after it.
    """
    addresses: dict[str, list[Declared]] = {}
    for one in declared:
        methods = addresses.setdefault(one.path, [])
        if any(other.method == one.method for other in methods):
            raise ValueError(f"{one.method} {one.path} is declared twice")
        methods.append(one)
    return dict(sorted(addresses.items(), key=lambda item: item[0].endswith(":path}")))
