"""Talking to the server over its API."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shipway.cli import here
from shipway.config.places import Places
from shipway.errors import UserError
from shipway.pushes import credentials

if TYPE_CHECKING:
    import httpx


UNKNOWN_TOKEN = 401


class NoServer(UserError):
    """No server answers."""

    id = "cli.no_server"
    default_hint = "`shipway up -d` starts one on this machine."


class Refused(UserError):
    """The server refused, and said why."""

    id = "cli.refused"

    def __init__(self, error: Mapping[str, str]) -> None:
        super().__init__(error["message"], hint=error.get("hint", ""))
        self.id = error["id"]  # type: ignore[misc] # the id is the server's own
        self.actor = error.get("actor", self.actor)  # type: ignore[misc] # and so is who acts
        self.request = error.get("request", "")


@dataclass(frozen=True)
class Server:
    """A server and the token to show it."""

    address: str
    token: str

    @classmethod
    def find(cls, places: Places | None = None) -> Server:
        """SHIPWAY_URL's, or this repository's remote `shipway`, or the one that runs on this machine."""
        places = places or Places.of()
        address = os.environ.get("SHIPWAY_URL") or here.remote_address() or here.running_address(places)
        if address is None:
            raise NoServer(
                "No Shipway server runs on this machine, and this repository names none.",
                hint="`shipway up -d` starts one here; SHIPWAY_URL=https://… names one elsewhere.",
            )
        token = os.environ.get("SHIPWAY_TOKEN") or credentials.token(places.credentials, address)
        return cls(address.rstrip("/"), token or "")

    @classmethod
    def of(cls, places: Places) -> Server:
        """The server of this installation; raises NoServer when none runs."""
        address = here.running_address(places)
        if address is None:
            raise NoServer("No Shipway server runs on this machine.")
        return cls(address, credentials.token(places.credentials, address) or "")

    def check_answers(self) -> None:
        """Raises NoServer, with the way out, when it does not answer."""
        self.get("/health")

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, params=query)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._ask("POST", path, json=dict(body or {}))

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._ask("PATCH", path, json=dict(body))

    def delete(self, path: str) -> Any:
        return self._ask("DELETE", path)

    def lines(self, path: str, **query: Any) -> Iterator[str]:
        """The lines of a text as they come."""
        with self._client(None) as client, client.stream("GET", f"/api/v1{path}", params=query) as answer:
            if answer.status_code != 200:
                answer.read()
                self._check(answer)
            yield from answer.iter_lines()

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        with self._client(60.0) as client:
            answer = client.request(method, f"/api/v1{path}", **request)
        self._check(answer)
        return answer.json()

    def _check(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        try:
            error = answer.json()["error"]
        except (ValueError, KeyError, TypeError):
            error = {"id": "cli.refused", "message": f"The server answered {answer.status_code}."}
        if answer.status_code == UNKNOWN_TOKEN:
            error = {**error, "hint": _way_to_a_token(self.address)}
        raise Refused(error)

    @contextmanager
    def _client(self, timeout: float | None) -> Iterator[httpx.Client]:
        import httpx  # noqa: PLC0415 - a tenth of a second that `--help` need not pay

        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        verify = not self.address.startswith("http:")  # reading certificates takes a sixth of a whole command
        try:
            with httpx.Client(
                base_url=self.address, headers=headers, timeout=timeout, trust_env=False, verify=verify
            ) as client:
                yield client
        except httpx.TransportError as error:
            said = f"The server at {self.address} does not answer: {error}"
            raise NoServer(said, hint=_way_to_another(self.address)) from error


def _way_to_another(silent: str) -> str:
    """What to do where this installation's server runs, but at another address, or could; empty for the usual."""
    running = here.running_address(Places.of())
    if running == silent:
        return ""
    if running is None:
        return f"`shipway up -d --port {urlsplit(silent).port}` starts one there." if here.is_local(silent) else ""
    if os.environ.get("SHIPWAY_URL"):
        return f"This installation's server runs at {running}: `export SHIPWAY_URL={running}` asks that one."
    if here.is_local(silent):
        return f"This installation's server runs at {running} now: `shipway init` takes this repository there."
    return f"This installation's server runs at {running}: SHIPWAY_URL={running} asks that one."


def _way_to_a_token(address: str) -> str:
    """What to do where a server does not know who calls: its own machine gets a new token with a start."""
    if os.environ.get("SHIPWAY_TOKEN"):
        return f"SHIPWAY_TOKEN holds none that {address} knows, or one that was revoked."
    if here.running_address(Places.of()) == address:
        return "The token here was revoked: `shipway down`, then `shipway up -d` make a new one."
    return "Ask the owner of the server for a token (`shipway token create NAME`) and set SHIPWAY_TOKEN."
