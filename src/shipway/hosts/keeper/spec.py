"""What the keeper is asked to run, what it says about it, and what it refuses to read."""

from __future__ import annotations

import math
import os
import re
import signal
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}", re.ASCII)
LONGEST_GRACE = 86_400.0
LONGEST_PAUSE = 60.0


class Refused(Exception):
    """A request the keeper does not carry out; `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class InstanceSpec:
    """One instance: what to run, with exactly which environment, and where its output goes.

    `cwd` and `log` are absolute paths. `restart` says what happens when it ends by itself. `stop_signal` is
    what its application is sent first when it has to stop. `release` is only kept. One that ends again and
    again is started after ever longer pauses, of `longest_pause` seconds at most. `pulse` names threads of its
    first process, each with the unix socket at which it answers: one that hangs is killed, and so started again.
    With `masks` what it prints goes to the log by way of memory, each line behind its moment and without those
    bytes (one character for each); with None it writes into the file itself.
    """

    id: str
    argv: list[str]
    env: dict[str, str] = field(repr=False)
    cwd: str | None
    log: str
    restart: Literal["always", "never"] = "always"
    stop_signal: str = "TERM"
    release: str = ""
    longest_pause: float = LONGEST_PAUSE
    pulse: dict[str, str] = field(default_factory=dict)
    masks: list[str] | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class InstanceState:
    """What the keeper says about an instance.

    `pid` is the process the keeper started (bubblewrap, where that is used), None while there is none.
    `state` is "running", "backoff" (it ended and is about to be started again) or "exited" (it ended and
    stays so). `exit_code` is that of its last end, negative for a signal, None when unknown: never ended,
    or ended after another keeper had started it. `since` is when the state began and `again_at` when one in
    backoff is started again, both in unix seconds; an older keeper does not tell the second.
    """

    id: str
    group: str
    pid: int | None
    state: Literal["running", "backoff", "exited"]
    restarts: int
    exit_code: int | None
    since: float
    stopping: bool
    release: str
    again_at: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> InstanceState:
        """Fields this version does not know come from a newer keeper and are left out."""
        return cls(**{name: state[name] for name in cls.__dataclass_fields__ if name in state})


def read_spec(value: object) -> InstanceSpec:
    """The specification in a request; `Refused` says what is wrong with it."""
    if not isinstance(value, dict):
        raise Refused("bad_request", "a specification is an object")
    restart = value.get("restart", "always")
    if restart not in ("always", "never"):
        raise Refused("bad_request", "restart is always or never")
    return InstanceSpec(
        id=read_name(value.get("id"), "id"),
        argv=_arguments(value.get("argv")),
        env=_environment(value.get("env")),
        cwd=None if value.get("cwd") is None else _path(value["cwd"], "cwd"),
        log=_path(value.get("log"), "log"),
        restart=restart,
        stop_signal=_signal(value.get("stop_signal", "TERM")),
        release=_text(value.get("release", ""), "release"),
        longest_pause=_seconds(value.get("longest_pause", LONGEST_PAUSE), "longest_pause"),
        pulse=_pulse(value.get("pulse", {})),
        masks=_masks(value.get("masks")),
    )


def read_name(value: object, what: str) -> str:
    """An id or a group: they become the names of files, so they hold no slash and begin with no dot."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise Refused("bad_request", f"{what} is a name of letters, digits, `.`, `_`, `-`, at most 120")
    return value


def read_epoch(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise Refused("bad_request", "epoch is a whole number, not negative")
    return value


def read_grace(value: object) -> float:
    """Seconds between the stop signal and the kill."""
    return _seconds(value, "grace")


def read_port(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 65536:
        raise Refused("bad_request", "port is a number from 1 to 65535")
    return value


def _seconds(value: object, what: str) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not math.isfinite(value) or not 0 <= value <= LONGEST_GRACE:  # type: ignore[arg-type,operator]
        raise Refused("bad_request", f"{what} is a number of seconds from 0 to {LONGEST_GRACE:.0f}")
    return float(value)  # type: ignore[arg-type]


def _text(value: object, what: str) -> str:
    """Text that can be handed to the kernel: without NUL, and made of what a file name can be made of."""
    if not isinstance(value, str) or "\0" in value:
        raise Refused("bad_request", f"{what} is a text without NUL")
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        raise Refused("bad_request", f"{what} holds half a character") from None
    return value


def _path(value: object, what: str) -> str:
    path = _text(value, what)
    if not path.startswith("/"):
        raise Refused("bad_request", f"{what} is an absolute path")
    return path


def _arguments(value: object) -> list[str]:
    if not isinstance(value, list) or not value or not value[0]:
        raise Refused("bad_request", "argv is a list, the program first")
    return [_text(argument, "argv") for argument in value]


def _environment(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Refused("bad_request", "env is an object")
    if any(not name or "=" in name for name in value):
        raise Refused("bad_request", "env has a name that is empty or holds `=`")
    return {_text(name, "env"): _text(text, "env") for name, text in value.items()}


def _pulse(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Refused("bad_request", "pulse is an object")
    return {_text(thread, "pulse"): _path(path, "pulse") for thread, path in value.items()}


def _masks(value: object) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(mask, str) and mask for mask in value):
        raise Refused("bad_request", "masks is a list of texts")
    if any(ord(character) > 255 for mask in value for character in mask):
        raise Refused("bad_request", "masks are bytes, a character for each")
    return value


def _signal(value: object) -> str:
    name = _text(value, "stop_signal")
    if f"SIG{name}" not in signal.Signals.__members__:
        raise Refused("bad_request", f"there is no signal {name}")
    return name
