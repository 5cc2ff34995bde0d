"""What may be called what.

Names become directories, DNS labels and parts of identifiers, so the rules are narrow: `--` separates
application and environment in an address, `.` separates the parts of an instance's identifier.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_LABEL = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
PAGES = "shipway"
"""What Shipway's own pages are called where applications have their names: no application may have it."""

OURS = frozenset({"PORT", "DATA_DIR", "HOME", "PATH"})
"""Variables that Shipway sets for every process, besides those that begin with SHIPWAY_."""

LOADER = ("LD_", "GLIBC_TUNABLES", "GCONV_PATH")
"""How variables begin that the dynamic loader obeys: they act on the sandbox itself, from outside."""


def application(name: str) -> str:
    """The name itself when an application may have it; ValueError says what the rule is."""
    if name == PAGES:
        raise ValueError("is not a good name: Shipway's own pages have it")
    return _label(name, 40)


def environment(name: str) -> str:
    """The name itself when an environment may have it; ValueError says what the rule is."""
    return _label(name, 20)


def word(name: str) -> str:
    """The name itself when a step or a process may have it; ValueError says what the rule is."""
    if len(name) > 40 or not _WORD.fullmatch(name):
        raise ValueError("is not a good name: letters and digits, a letter first, `-` or `_` between, at most 40")
    return name


def variable(name: str) -> str:
    """The name itself when an environment variable may have it; ValueError says what the rule is."""
    if len(name) > 128 or not _VARIABLE.fullmatch(name):
        raise ValueError("is not a name of an environment variable: letters, digits and `_`, no digit first")
    if name in OURS or name.startswith("SHIPWAY_"):
        raise ValueError("is set by Shipway itself; choose another name")
    if name.startswith(LOADER):
        raise ValueError(
            "would act on the sandbox itself; set it in the command: `env LD_PRELOAD=libjemalloc.so.2 gunicorn …`"
        )
    return name


def _label(name: str, longest: int) -> str:
    if len(name) > longest or not _LABEL.fullmatch(name):
        raise ValueError(
            f"is not a good name: small letters and digits, a letter first, `-` between, at most {longest}"
        )
    return name


ApplicationName = Annotated[str, AfterValidator(application)]
EnvironmentName = Annotated[str, AfterValidator(environment)]
Word = Annotated[str, AfterValidator(word)]
VariableName = Annotated[str, AfterValidator(variable)]
