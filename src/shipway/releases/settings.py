"""What shipway.yml says about processes, and about the command that runs before them."""

from __future__ import annotations

from pydantic import Field

from shipway.config.durations import Duration
from shipway.config.settings import Line, Settings, Switch


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
    """A command that runs once before a release serves, such as a migration."""

    short_form = "run"

    run: Line = Field(description="The command, run with the environment's data after a copy of it was made.")
    repeatable: Switch = Field(
        default=False,
        description="Whether it may be started again when the machine died in the middle of it.",
    )
    timeout: Duration = Field(default=600.0, gt=0, description="After this it is killed and the deployment stops.")
