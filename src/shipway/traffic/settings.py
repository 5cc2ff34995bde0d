"""What shipway.yml says about health and about moving requests to a new release."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from shipway.config import durations
from shipway.config.durations import Duration
from shipway.config.names import EnvironmentName
from shipway.config.problems import Complaint
from shipway.config.settings import Settings, Switch
from shipway.config.written import below


def _path(written: str) -> str:
    if not written.startswith("/") or not written.isascii() or not written.isprintable() or " " in written:
        raise ValueError("should be the path of a URL, such as /health")
    return written


Path = Annotated[str, AfterValidator(_path), Field(max_length=500)]


class HealthSettings(Settings):
    """What `web` must answer before it gets traffic."""

    short_form = "path"

    path: Path = Field(default="/", description="Asked for until it answers with a status below 500.")
    timeout: Duration = Field(
        default=30.0, gt=0, description="A release that is not healthy after this does not get traffic."
    )


ROOM, LEAST_ROOM = 0.1, 1.0
"""By how much of `hold`, and by how many seconds, a deadline is longer than it: production is read four times a
second while a share is held, and may go unheard for a moment.
"""

Share = Annotated[int, Field(ge=1, le=99)]


def _growing(steps: tuple[int, ...]) -> tuple[int, ...]:
    if not steps or list(steps) != sorted(set(steps)):
        raise ValueError("should be shares of 100 that grow, such as [10, 50]")
    return steps


class TrafficSettings(Settings):
    """How requests move to a new release, and what is asked of it meanwhile."""

    short_form = "strategy"

    strategy: Literal["blue_green", "canary"] = Field(
        default="blue_green",
        description="`blue_green`: all requests move at once, when the new release is healthy. `canary`: a few "
        "first, then more, each share judged beside the release that serves the rest.",
    )
    steps: Annotated[tuple[Share, ...], AfterValidator(_growing)] = Field(
        default=(10, 50),
        description="Of a canary: the shares of 100 requests that the new release gets before it gets all. Below "
        "five requests a second the first step is 50.",
    )
    hold: Duration = Field(
        default=60.0,
        gt=0,
        description="Of a canary: how long each share is judged. Where few requests come it is longer, until "
        "enough durations were compared, by two minutes at most.",
    )
    deadline: Duration = Field(
        default=600.0,
        gt=0,
        description="Of a canary: a share that could not be judged by then, because what production says does not "
        "arrive, goes back, or is frozen where its migration is irreversible. It is longer than `hold` by a "
        "tenth, and by a second at least.",
    )
    sticky: Switch = Field(
        default=False,
        description="Of a canary: whoever came to a release stays with it, by a cookie, while both serve.",
    )
    canary_in: tuple[EnvironmentName, ...] = Field(
        default=(),
        description="The environments in which a canary takes place; without it the last one. The others move at "
        "once: nobody uses them.",
    )
    judge: Switch = Field(
        default=True,
        description="Whether a release that production speaks against is rolled back by itself while the one "
        "before is kept warm.",
    )
    requests: tuple[Path, ...] = Field(
        default=(),
        description="Paths the judge may ask for with GET, beside that of `health`, where too few people do.",
    )
    warm: Duration = Field(
        default=600.0,
        description="How long the release before stays up, so that a rollback takes less than a second.",
    )
    drain: Duration = Field(
        default=30.0, description="How long requests of the release before may take to finish."
    )


def complaints(written: Any) -> Iterator[Complaint]:
    """A canary whose shares go back, each at its deadline, before they were held for long enough: only the time in
    which production was heard counts, so the deadline has room for some in which it was not.
    """
    if below(written, "strategy") != "canary":
        return
    hold, deadline = _length(written, "hold"), _length(written, "deadline")
    if hold is None or deadline is None or deadline >= (least := round(hold + max(LEAST_ROOM, hold * ROOM), 3)):
        return
    field = "deadline" if below(written, "deadline") is not None else "hold"
    needs = f"each share is held for {durations.text(hold)}, and goes back after {durations.text(deadline)}"
    longer = f"`deadline` has to be {durations.text(least)} or longer"
    yield Complaint(("traffic", field), f"leaves no time to judge a share: {needs}; {longer}")


def _length(written: Any, field: str) -> float | None:
    """Seconds, as written or by default; None where it is no length of time, which is told of the field."""
    length = below(written, field)
    try:
        return TrafficSettings.model_fields[field].default if length is None else durations.seconds(length)
    except ValueError:
        return None
