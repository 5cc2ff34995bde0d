"""What the keeper can be asked: a line of JSON in, one out."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

from shipway.hosts.keeper.conversation import Reply
from shipway.hosts.keeper.household import Household
from shipway.hosts.keeper.log import say
from shipway.hosts.keeper.spec import Refused, read_epoch, read_grace, read_name, read_port, read_spec

Request = dict[str, Any]
GRACE_AT_QUIT = 5.0


class Requests:
    """Answers requests; `about` is what `hello` says, `leave` ends this keeper without ending instances."""

    def __init__(self, household: Household, about: dict[str, Any], leave: Callable[[], None]) -> None:
        self._household = household
        self._about = about
        self._leave = leave
        self._operations: dict[str, Callable[[Request, Reply], None]] = {
            "hello": self._hello,
            "ensure": self._ensure,
            "stop": self._stop,
            "instances": self._instances,
            "listens": self._listens,
            "highest_epoch": self._highest_epoch,
            "take_epoch": self._take_epoch,
            "quit": self._quit,
        }

    def answer(self, line: bytes, reply: Reply) -> None:
        """Answers now, or later when it takes its time."""
        try:
            self._operate(line, reply)
        except Refused as refusal:
            reply({"ok": False, "error": refusal.code, "message": refusal.message})
        except Exception as failure:  # noqa: BLE001 - a mistake in one request must not end whom all rely on
            say("".join(traceback.format_exception(failure)).rstrip())
            reply({"ok": False, "error": "failed", "message": f"{type(failure).__name__}: {failure}"})

    def _operate(self, line: bytes, reply: Reply) -> None:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as problem:
            raise Refused("bad_request", f"this is not JSON: {problem}") from None
        operation = request.get("op") if isinstance(request, dict) else None
        if not isinstance(operation, str) or operation not in self._operations:
            raise Refused("bad_request", f"op is one of {', '.join(self._operations)}")
        self._operations[operation](request, reply)

    def _hello(self, _request: Request, reply: Reply) -> None:
        reply(_well(self._about))

    def _ensure(self, request: Request, reply: Reply) -> None:
        state = self._household.ensure(read_spec(request.get("spec")), _group(request), _epoch(request))
        reply(_well(state.as_dict()))

    def _stop(self, request: Request, reply: Reply) -> None:
        id = read_name(request.get("id"), "id")
        grace = read_grace(request.get("grace"))
        self._household.stop(id, _group(request), _epoch(request), grace, lambda: reply(_well(None)))

    def _instances(self, request: Request, reply: Reply) -> None:
        group = _group(request) if request.get("group") is not None else None
        reply(_well([state.as_dict() for state in self._household.states(group)]))

    def _listens(self, request: Request, reply: Reply) -> None:
        id, port = read_name(request.get("id"), "id"), read_port(request.get("port"))
        reply(_well(self._household.listens(id, port)))

    def _highest_epoch(self, request: Request, reply: Reply) -> None:
        reply(_well(self._household.epochs.highest(_group(request))))

    def _take_epoch(self, request: Request, reply: Reply) -> None:
        self._household.epochs.take(_group(request), _epoch(request))
        reply(_well(None))

    def _quit(self, request: Request, reply: Reply) -> None:
        def leave() -> None:
            reply(_well(None))
            self._leave()

        if request.get("stop_instances") is True:
            self._household.stop_all(GRACE_AT_QUIT, leave)
        else:
            leave()


def _well(result: Any) -> dict[str, Any]:
    return {"ok": True, "result": result}


def _group(request: Request) -> str:
    return read_name(request.get("group"), "group")


def _epoch(request: Request) -> int:
    return read_epoch(request.get("epoch"))
