"""What a page offers to do, a command asks the same address of the API for, and both do the same."""

from __future__ import annotations

import inspect
import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

import pytest

from shipway.cli import app
from shipway.cli.server import Server
from shipway.web.api import ROUTES as API
from shipway.web.pages import ROUTES as PAGES
from shipway.web.routes import SLASHES

PROD = "/applications/{application}/environments/{environment}"
ON = "--app", "shop"


@dataclass(frozen=True)
class Act:
    """What is done (a function that page and API both call), by which address, and by which words of a command."""

    does: str
    api: str
    words: tuple[str, ...]


ACTS: Mapping[str, tuple[Act, ...]] = {
    "/signin": (Act("", "POST /signin", ("open", "--pages", "--print")),),
    "/signout": (Act("revoke", "DELETE /sessions/{session}", ("sessions", "--end", "s1")),),
    "/runs/{run}/cancel": (Act("cancel", "POST /runs/{run}/cancel", ("runs", "3", "--cancel", *ON)),),
    "/runs/{run}/retry": (Act("retry", "POST /runs/{run}/retry", ("retry", "3", *ON)),),
    f"{PROD}/rollback": (Act("roll_back", f"POST {PROD}/rollback", ("rollback", "--to", "r2", *ON)),),
    f"{PROD}/decide": (
        Act("roll_back", f"POST {PROD}/rollback", ("rollback", "--to", "r2", "--why", "x", "--past", "r3", *ON)),
    ),
    f"{PROD}/releases/{{release}}/back": (Act("roll_back", f"POST {PROD}/rollback", ("rollback", *ON)),),
    f"{PROD}/deploy": (Act("deploy", f"POST {PROD}/deploy", ("deploy", "8c1f0ae", *ON)),),
    f"{PROD}/freeze": (Act("freeze", f"POST {PROD}/freeze", ("freeze", "Month end", *ON)),),
    f"{PROD}/thaw": (Act("thaw", f"DELETE {PROD}/freeze", ("thaw", *ON)),),
    f"{PROD}/configuration": (
        Act("configure", f"PATCH {PROD}/configuration", ("env", "A=1", *ON)),
        Act("configure", f"PATCH {PROD}/configuration", ("env", "--unset", "A", *ON)),
        Act("configure", f"PATCH {PROD}/configuration", ("secrets", "KEY", *ON)),
        Act("configure", f"PATCH {PROD}/configuration", ("secrets", "--unset", "KEY", *ON)),
    ),
    "/applications/{application}/errors/{error}/resolve": (
        Act(
            "resolve_error",
            "POST /applications/{application}/errors/{error}/resolve",
            ("errors", "4", "--resolve", *ON),
        ),
    ),
    "/applications/{application}/errors/{error}/reopen": (
        Act(
            "reopen_error",
            "POST /applications/{application}/errors/{error}/reopen",
            ("errors", "4", "--reopen", *ON),
        ),
    ),
    "/messages/{message}/again": (
        Act("send_again", "POST /messages/{message}/again", ("messages", "--again", "m1")),
    ),
    "/applications/{application}/settings": (
        Act(
            "set_default_branch",
            "PATCH /applications/{application}",
            ("settings", "--default-branch", "trunk", *ON),
        ),
    ),
    "/tokens": (Act("create", "POST /tokens", ("token", "create", "eve", "--name", "laptop")),),
    "/tokens/{token}/revoke": (Act("revoke", "DELETE /tokens/{token}", ("token", "revoke", "t1")),),
    "/sessions/{session}/end": (Act("revoke", "DELETE /sessions/{session}", ("sessions", "--end", "s1")),),
}
"""By the address that a form is sent to. A browser signs in with a token, a terminal makes a link that does."""

EVERY = [(path, act) for path, acts in ACTS.items() for act in acts]
PAGE = {SLASHES.sub("}", one.path): one.answer for one in PAGES if one.method != "GET"}
ASKED = {f"{one.method} {SLASHES.sub('}', one.path).removeprefix('/api/v1')}": one.answer for one in API}


class Sent(Exception):
    """A command asks for an act."""


def test_every_form_of_a_page_is_an_act_of_the_table() -> None:
    assert PAGE.keys() == ACTS.keys()


@pytest.mark.parametrize(("path", "act"), EVERY, ids=[" ".join(act.words[:2]) for _, act in EVERY])
def test_a_form_an_address_and_a_command_do_the_same(path: str, act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not act.does or act.does in _calls(PAGE[path])
    assert not act.does or act.does in _calls(ASKED[act.api])
    assert _asked_for(act.words, monkeypatch) == act.api


def _asked_for(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the API, as it is declared, that a command asks to act."""
    token = {"id": "t1", "who": "eve", "name": "", "revoked": None, "yours": False}

    def ask(_server: Server, method: str, path: str, **_request: Any) -> Any:
        if method == "GET":
            return {"tokens": [token]}
        raise Sent(f"{method} {path}")

    monkeypatch.setattr(Server, "find", classmethod(lambda cls: cls("http://127.0.0.1:1", "")))
    monkeypatch.setattr(Server, "_ask", ask)
    monkeypatch.setattr(sys, "stdin", io.StringIO("a long secret\n"))
    with pytest.raises(Sent) as sent:
        app.build()(list(words), standalone_mode=False)
    return next(
        one for one in ASKED if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(one)), str(sent.value))
    )


def _calls(answer: Callable[..., Any]) -> set[str]:
    """The names that a function uses, and those that it calls of its own module."""
    found: set[str] = set()
    waiting, seen = [answer], set()
    while waiting:
        function = waiting.pop()
        if function in seen or not isinstance(function, FunctionType):
            continue
        seen.add(function)
        names = set(_names(function.__code__))
        found |= names
        here = inspect.getmodule(answer)
        waiting += [one for name in names if inspect.getmodule(one := getattr(here, name, None)) is here]
    return found


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
