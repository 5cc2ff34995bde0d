"""Who sends it: which release, and which instance of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.signals.errors.origin import Origin
from shipway.state.instances import Name

NOBODY = "unknown.0"
"""Stands for the process and the position of an instance in the name of a log, where it is not known."""


@dataclass(frozen=True)
class Sender:
    """`release` is `r3`, or what the application calls its release; `instance` is `web.1`, or what it calls that.
    Empty is what is not known. `commit` is what an error that it reports is found by; `log` the name of its log,
    which is made of nothing that an application says.
    """

    release: str
    instance: str
    commit: str
    log: str


def sender(told: Mapping[str, Any], origin: Origin, environment: str) -> Sender:
    """By the name of the instance, which Shipway has told it, or else by its version, which is a commit unless the
    application says otherwise. `environment` is `topup.prod`.
    """
    instance, version = _text(told, "service.instance.id"), _text(told, "service.version")
    if instance.startswith(f"{environment}.r") and origin.has_run(instance):
        name = Name.read(instance)
        return Sender(name.release.removeprefix(f"{environment}."), name.short, version, instance)
    found = origin.release(version)
    number = 0 if found is None else found.number
    log = f"{environment}.r{number}.{NOBODY}"
    return Sender(version if found is None else f"r{number}", instance, version, log)


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""
