"""Who sends it: which release, and which instance of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.signals.errors.origin import Origin


@dataclass(frozen=True)
class Sender:
    """`release` is `r3`, or what the application calls its release; `instance` is `web.1`, or what it calls that;
    `commit` what an error that it reports is found by. Empty is what is not known.
    """

    release: str
    instance: str
    commit: str


def sender(told: Mapping[str, Any], origin: Origin, environment: str) -> Sender:
    """By the name of the instance, which Shipway has told it, or else by its version, which is a commit unless the
    application says otherwise. `environment` is `topup.prod`.
    """
    instance, version = _text(told, "service.instance.id"), _text(told, "service.version")
    begin = f"{environment}.r"
    number, _, rest = instance.removeprefix(begin).partition(".")
    if instance.startswith(begin) and rest and number.isascii() and number.isdecimal():
        return Sender(f"r{number}", rest, version)
    found = origin.release(version)
    return Sender(version if found is None else f"r{found.number}", instance, version)


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""
