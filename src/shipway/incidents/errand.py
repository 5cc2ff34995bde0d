"""Sending a courier: the order goes in, what became of it comes out, and after its time it is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from shipway.incidents import courier

LIMIT = 90.0
"""Seconds after which a courier is killed, whatever it waits for."""

_ALWAYS = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_INSIDE = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
"""A proxy is an address inside: only channels that may lead there use it."""


@dataclass(frozen=True)
class Outcome:
    """Whether the channel took it, and what it said, without the secrets of its URL.

    `never`: our own rule refuses it, whatever the service would say (BARS S19).
    """

    good: bool
    said: str
    never: bool = False


def run(order: Mapping[str, object], limit: float = LIMIT) -> Outcome:
    """Lets a courier carry out one order: `act` is what, `url` where, `private` whether that may be inside."""
    names = (*_ALWAYS, *_INSIDE) if order.get("private") else _ALWAYS
    process = subprocess.Popen(
        [sys.executable, "-I", courier.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in names if name in os.environ},
        cwd="/",
    )
    with process:
        try:
            told, _nothing = process.communicate(json.dumps({**order, "parent": os.getpid()}).encode(), limit)
        except subprocess.TimeoutExpired:
            return Outcome(False, f"It did not answer within {limit:.0f} s.")
        finally:
            process.kill()
    try:
        return Outcome(**json.loads(told))
    except (ValueError, TypeError):
        return Outcome(False, f"The courier ended with {process.returncode} and said nothing.")
