"""What shipway.yml says about probes, invariants and metrics: what is asked of what serves, again and again."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from shipway.config.durations import Duration
from shipway.config.names import EnvironmentName
from shipway.config.problems import Complaint
from shipway.config.settings import Line, Settings, Text
from shipway.config.written import below
from shipway.environments.settings import unknown

MOST = 50
KINDS = ("http", "tcp", "command", "certificate")
"""The kinds of probes: each is a key of its settings, and a file of that name in `probes/`."""

_NAME = re.compile(r"[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*", re.ASCII)
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]{{2,45}}\])"
_PLACE = re.compile(rf"({_HOST}):(\d{{1,5}})", re.ASCII)
_URL = re.compile(rf"https?://{_HOST}(?::(\d{{1,5}}))?(?:/[!-\"$-~]*)?", re.ASCII)
_PATH = re.compile(r"/[!-\"$-~]*", re.ASCII)
_ONLY_OF = {"status": ("http",), "text": ("http", "command"), "days": ("certificate",)}


def _name(written: str) -> str:
    if len(written) > 60 or not _NAME.fullmatch(written):
        raise ValueError("is not a good name: letters and digits, with a space, `-` or `_` between, at most 60")
    return written


def _port(written: str | None) -> bool:
    return written is None or 0 < int(written) < 65536


def _place(written: str) -> str:
    match = _PLACE.fullmatch(written[:300])
    if match is None or not _port(match[2]):
        raise ValueError("should be a host and a port, such as db.example.org:5432")
    return written


def _path_or_url(written: str) -> str:
    url = _URL.fullmatch(written) if len(written) <= 500 else None
    path = _PATH.fullmatch(written) if len(written) <= 500 else None
    if path is None and (url is None or not _port(url[1])):
        raise ValueError(
            "should be a path such as /health, or an URL such as https://example.org/health, without a name or "
            "password in it"
        )
    return written


def _number(written: float) -> float:
    if not math.isfinite(written):
        raise ValueError("should be a number")
    return written


ProbeName = Annotated[str, AfterValidator(_name)]
Place = Annotated[str, AfterValidator(_place)]
PathOrUrl = Annotated[str, AfterValidator(_path_or_url)]
Number = Annotated[float, AfterValidator(_number), WithJsonSchema({"type": "number", "format": "number"})]
Often = Annotated[Duration, Field(ge=1)]
Patience = Annotated[Duration, Field(gt=0, le=60)]


def _range(written: tuple[float, ...]) -> tuple[float, ...]:
    if len(written) != 2 or written[0] > written[1]:
        raise ValueError("should be two numbers, the lower one first, such as [0, 0]")
    return written


class ProbeSettings(Settings):
    """A question that has one good answer. Exactly one of the first four keys says how it is asked."""

    short_form = "http"

    http: PathOrUrl | None = Field(
        default=None,
        description="A path, asked of each instance itself, of the new and the old release alike while both run; "
        "or an URL, asked of whoever answers there. Redirects are not followed.",
    )
    tcp: Place | None = Field(default=None, description="`host:port` that must take a connection.")
    command: Line | None = Field(
        default=None,
        description="A command, run by `sh` in the release's own tree with its environment, its data and "
        "the `PORT` of one of its `web` instances. Exit code 0 passes.",
    )
    certificate: Place | None = Field(
        default=None, description="`host:port` whose TLS certificate must be good for some `days` more."
    )
    status: int | None = Field(
        default=None,
        ge=100,
        le=599,
        description="Of `http`: the status of a good answer. Without it, any below 400.",
    )
    text: Text | None = Field(
        default=None, description="Of `http` and `command`: what a good answer has in it somewhere."
    )
    days: int = Field(default=14, ge=0, le=1000, description="Of `certificate`: how many days are enough.")
    timeout: Patience = Field(default=5.0, description="What takes longer has failed; 60 s at most.")
    every: Often = Field(
        default=15.0,
        description="How often it is asked. While a release is on trial that is every second, yet a command runs "
        "for a fifth of the time at most.",
    )
    environments: tuple[EnvironmentName, ...] = Field(
        default=(), description="The environments in which it is asked; without any, all."
    )


class InvariantSettings(Settings):
    """A number that must be right whatever is deployed, such as what charges and ledger differ by."""

    http: PathOrUrl | None = Field(
        default=None, description="A path of the application, or an URL, that answers with the number."
    )
    command: Line | None = Field(
        default=None,
        description="A command that prints it, run like one of `probes`. Exit code 0 says that it could.",
    )
    field: Text | None = Field(
        default=None,
        description="Where the number is in a JSON answer, such as `open` or `orders.open`. Without it the "
        "answer's last line is the number.",
    )
    between: Annotated[tuple[Number, ...], AfterValidator(_range)] | None = Field(
        default=None, description="The lowest and the highest number that are right: `[0, 0]` is exactly 0."
    )
    at_least: Number | None = Field(default=None, description="The lowest number that is right.")
    at_most: Number | None = Field(default=None, description="The highest number that is right.")
    timeout: Patience = Field(default=10.0, description="What takes longer is not known; 60 s at most.")
    every: Often = Field(default=15.0, description="How often it is asked; as with `probes`.")
    environments: tuple[EnvironmentName, ...] = Field(
        default=(), description="The environments in which it is asked; without any, all."
    )


def _path(written: str) -> str:
    if len(written) > 500 or not _PATH.fullmatch(written):
        raise ValueError("should be a path such as /metrics")
    return written


class MetricsSettings(Settings):
    """Where each instance of `web` says what it measures, in Prometheus' text format."""

    short_form = "path"

    path: Annotated[str, AfterValidator(_path)] = Field(description="The path, such as `/metrics`.")
    every: Annotated[Duration, Field(ge=5, le=600)] = Field(
        default=10.0, description="How often each instance is asked: every 5 s to every 10 m."
    )
    environments: tuple[EnvironmentName, ...] = Field(
        default=(), description="The environments in which it is asked; without any, all."
    )

    def asked_in(self, environment: str) -> bool:
        """Whether instances of this environment are asked."""
        return not self.environments or environment in self.environments


def complaints(written: Any, environments: Sequence[str]) -> Iterator[Complaint]:
    """What is wrong across the keys of probes and invariants; `environments` are those of the project."""
    probes, invariants = (_by_name(below(written, key)) for key in ("probes", "invariants"))
    for name, probe in probes.items():
        yield from _of_probe(("probes", name), {"http": probe} if isinstance(probe, str) else probe)
    for name, invariant in invariants.items():
        yield from _of_invariant(("invariants", name), invariant)
        if name in probes:
            yield Complaint(("invariants", name), "is the name of a probe as well", at_key=True)
    yield from unknown(("metrics", "environments"), below(written, "metrics", "environments"), environments)
    for key, asked in (("probes", probes), ("invariants", invariants)):
        for name, one in asked.items():
            yield from unknown((key, name, "environments"), below(one, "environments"), environments)


def _by_name(written: Any) -> dict[str, Any]:
    return written if isinstance(written, dict) else {}


def _of_probe(path: tuple[str, ...], written: Any) -> Iterator[Complaint]:
    if not isinstance(written, dict):
        return
    kinds = [kind for kind in KINDS if written.get(kind) is not None]
    if len(kinds) != 1:
        yield Complaint(path, "needs exactly one of `http`, `tcp`, `command` and `certificate`")
        return
    for key, of in _ONLY_OF.items():
        if written.get(key) is not None and kinds[0] not in of:
            yield Complaint((*path, key), f"says nothing about a `{kinds[0]}`", at_key=True)


def _of_invariant(path: tuple[str, ...], written: Any) -> Iterator[Complaint]:
    if not isinstance(written, dict):
        return
    if (written.get("http") is None) == (written.get("command") is None):
        yield Complaint(path, "needs exactly one of `http` and `command`: what says the number")
    bounds = [key for key in ("between", "at_least", "at_most") if written.get(key) is not None]
    if not bounds:
        yield Complaint(path, "needs `between`, `at_least` or `at_most`: which numbers are right")
    elif len(bounds) > 1:
        yield Complaint(path, f"needs only one of {' and '.join(f'`{bound}`' for bound in bounds)}")
