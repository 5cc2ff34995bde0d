"""What shipway.yml says about health and about moving requests to a new release."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shipway.config.durations import Duration
from shipway.config.settings import Settings


def _path(written: str) -> str:
    if not written.startswith("/") or not written.isascii() or not written.isprintable() or " " in written:
        raise ValueError("should be the path of a URL, such as /health")
    return written


class HealthSettings(Settings):
    """What `web` must answer before it gets traffic."""

    short_form = "path"

    path: Annotated[str, AfterValidator(_path)] = Field(
        default="/", max_length=500, description="Asked for until it answers with a status below 500."
    )
    timeout: Duration = Field(
        default=30.0, gt=0, description="A release that is not healthy after this does not get traffic."
    )


class TrafficSettings(Settings):
    """How requests move to a new release."""

    short_form = "strategy"

    strategy: Literal["blue_green"] = Field(
        default="blue_green",
        description="`blue_green`: all requests move at once, when the new release is healthy.",
    )
    warm: Duration = Field(
        default=600.0,
        description="How long the release before stays up, so that a rollback takes less than a second.",
    )
    drain: Duration = Field(
        default=30.0, description="How long requests of the release before may take to finish."
    )
