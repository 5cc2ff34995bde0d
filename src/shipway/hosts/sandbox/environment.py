"""Environment variables that would act on the sandbox itself, before the command is inside."""

from __future__ import annotations

from collections.abc import Mapping

from shipway.config.names import LOADER
from shipway.errors import UserError


class UnsafeVariable(UserError):
    """A variable that the dynamic loader obeys would run code of the application outside its sandbox."""

    id = "hosts.unsafe_variable"
    default_hint = 'Set it in the command instead: `run: "LD_PRELOAD=libjemalloc.so.2 gunicorn ..."`.'


def check_environment(env: Mapping[str, str]) -> None:
    """Refuses what may not be in the environment of a sandboxed command; raises UnsafeVariable.

    The sandbox is started with the command's environment, so that no value shows in an argument list.
    """
    for name in env:
        if name.startswith(LOADER):
            raise UnsafeVariable(f"{name} may not be set for a sandboxed command.")
