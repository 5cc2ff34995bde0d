"""Sending a courier: the order goes in, what became of it comes out, and after its time it is gone.

One that is known to be needed soon can be had ready: to begin takes longer than to send.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from shipway.incidents.courier import PROGRAM

LIMIT = 90.0
"""Seconds after which a courier is killed, whatever it waits for."""

_ALWAYS = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_INSIDE = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
"""A proxy is an address inside: only channels that may lead there use it."""


@dataclass(frozen=True)
class Outcome:
    """Whether the channel took it, and what it said, without the secrets of its URL.

    `never`: our own rule refuses it, whatever the service would say (BARS S19). `lost`: the service would not see
    the address in it.
    """

    good: bool
    said: str
    never: bool = False
    lost: bool = False


Courier = subprocess.Popen[bytes]


def ready(services: Collection[str]) -> Courier:
    """A courier that has loaded what knows the services, or soon has, and waits for its order to one of them."""
    return _begun(*sorted(services))


def dismiss(courier: Courier) -> None:
    """Ends one that has no order."""
    with courier:
        courier.kill()


def run(order: Mapping[str, object], limit: float = LIMIT, courier: Courier | None = None) -> Outcome:
    """Lets a courier carry out one order: `act` is what, `url` where, `private` whether that may be inside.

    It is `courier`, if one was had ready.
    """
    names = _INSIDE if order.get("private") else ()
    around = {"parent": os.getpid(), "limit": limit, "environment": _environment(names)}
    with courier or _begun() as process:
        try:
            told, _nothing = process.communicate(json.dumps({**order, **around}).encode(), limit)
        except subprocess.TimeoutExpired:
            return Outcome(False, f"It did not answer within {limit:.0f} s.")
        finally:
            process.kill()
    try:
        return Outcome(**json.loads(told))
    except (ValueError, TypeError):
        return Outcome(False, f"The courier ended with {process.returncode} and said nothing.")


def _begun(*words: str) -> Courier:
    return subprocess.Popen(
        [sys.executable, "-I", PROGRAM, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(_ALWAYS),
        cwd="/",
    )


def _environment(names: Sequence[str]) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}
