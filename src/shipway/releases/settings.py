"""What shipway.yml says about processes, and about the command that runs before them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shipway.config.durations import Duration
from shipway.config.settings import Line, Settings, Switch

_COMMIT = re.compile(r"[0-9a-f]{7,40}", re.ASCII)


def _commit(written: str) -> str:
    if not _COMMIT.fullmatch(written):
        raise ValueError("should be a commit, by 7 to 40 digits of its id")
    return written


CommitName = Annotated[str, AfterValidator(_commit)]


class ProcessSettings(Settings):
    """One line of the application, such as `web` or `worker`."""

    short_form = "run"

    run: Line = Field(
        description="The command that stays up. `web` listens on 127.0.0.1:$PORT; `static` serves files."
    )
    instances: int = Field(default=1, ge=1, le=100, description="How many copies run at the same time.")
    overlap: Switch = Field(
        default=False,
        description="Whether the old and the new release may run side by side (`web` always does).",
    )
    grace: Duration = Field(
        default=2.0, description="How long a new copy must live before the deployment counts it as started."
    )


class ReleaseSettings(Settings):
    """A command that runs with each deployment, before its release serves, such as a migration: of a value that is
    set too, and of a rollback, unless that goes to a release that is still warm.
    """

    short_form = "run"

    run: Line = Field(
        description="The command, run with the environment's data after a copy of it was made. It runs again when "
        "the release is deployed again, as by a rollback once it is warm no more: it has to bear that."
    )
    repeatable: Switch = Field(
        default=False,
        description="Whether it may be started again when the machine died in the middle of it.",
    )
    timeout: Duration = Field(default=600.0, gt=0, description="After this it is killed and the deployment stops.")
    migration: Literal["expand", "contract", "irreversible"] = Field(
        default="expand",
        description="What it does to the data. `expand` only adds, so that the release before still works. "
        "`contract` takes away what older code needed: it waits until only newer code runs. After an "
        "`irreversible` one nothing goes back: a release that is bad, or cannot be judged, keeps its share of the "
        "requests, and people are told.",
    )
    since: CommitName | None = Field(
        default=None,
        description="Of a `contract`: the first commit whose code no longer needs what is taken away.",
    )
