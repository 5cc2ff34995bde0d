"""The past of an environment, step by step: what was answered, what was measured, what was deployed meanwhile."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

import typer

from shipway.cli import show
from shipway.cli.server import Server
from shipway.errors import UserError
from shipway.web.measures import labels, said
from shipway.web.words import percent, plain

Length = Literal["3m", "15m", "1h", "6h", "1d", "7d"]
Span = Annotated[
    Length | None,
    typer.Option(
        "--span",
        help="Instead of now the last 3m, 15m, 1h, 6h, 1d or 7d, as the page draws them; with --name 15m to 1d.",
    ),
]

COLUMNS = ("from", "release", "per s", "failed", "p95 ms", "")
MEASURED = ("until", "labels", "release", "")
STEPS = {"15m": 10, "1h": 60, "6h": 300, "1d": 1200}  # seconds: of a series as of what is answered
NOT_HEARD = "not heard"

Row = tuple[float, Sequence[str]]
"""The moment by which a row has its place among the others, and its cells."""


def wanted(span: Length, *, follow: bool, over: bool, metrics: bool, name: str | None) -> None:
    """Raises UserError where --span stands beside what is of now, it is not said of which series, or the past of a
    series is not kept so."""
    if follow or over:
        raise UserError("--span is the past; --follow and --over are of now.", hint="shipway signals --span 1h")
    if metrics and name is None:
        raise UserError(
            "The past is that of one series: it is not said which.",
            hint="`shipway signals --metrics` lists them; then `shipway signals --name NAME --span 1h`.",
        )
    if name is not None and span not in STEPS:
        raise UserError(
            f"The past of a series is that of 15m, 1h, 6h or 1d; that of {span} is of what is answered alone.",
            hint=f"shipway signals --name {shlex.quote(name)} --span {'15m' if span == '3m' else '1d'}",
        )


def show_past(
    server: Server, path: str, environment: str, span: Length, name: str | None, *, as_json: bool
) -> None:
    """Prints the rows of a span: of the series of a name, or of what was answered."""
    if name is not None:
        found = server.get(f"{path}/measured/history", name=name, span=span, step=STEPS[span])
        empty = f"Nothing called {name} was measured in {environment} in the last {span}."
        show.as_json(found) if as_json else show.table(MEASURED, measured(found), empty=empty)
        return
    found = server.get(f"{path}/history", span=span)
    if as_json:
        show.as_json(found)
        return
    empty = f"Nothing was heard of {environment} in the last {span}. {show.HOW_FAR}"
    show.table(COLUMNS, rows(found), empty=empty)
    for line in beside(found):
        print(line)


def rows(found: Mapping[str, Any]) -> list[Sequence[str]]:
    """A row for each release in each step, one for each time without any, and one for each deployment."""
    told = [*_steps(found), *_silences(found["steps"], found["step"]), *_moves(found["deployments"])]
    return [(show.clock(at), *cells) for at, cells in sorted(told, key=lambda row: row[0])]


def beside(found: Mapping[str, Any]) -> Iterator[str]:
    """Which releases had some of the requests, not all, and when."""
    for one in found["beside"]:
        until = f"since {show.clock(one['begins'])}"
        if one["ends"] is not None:
            until = f"from {show.clock(one['begins'])} to {show.clock(one['ends'])}"
        yield f"r{one['release']} had some of the requests, beside what serves, {until}."


def measured(found: Mapping[str, Any]) -> list[Sequence[str]]:
    """One series after the other, each step by step."""
    return [
        (
            show.clock(step["at"]),
            plain(labels(one["labels"])),
            plain(one["release"]),
            plain(said(one["kind"], one["unit"], step)),
        )
        for one in found["series"]
        for step in one["steps"]
    ]


def _steps(found: Mapping[str, Any]) -> Iterator[Row]:
    """Of each release that was asked, or has some of the requests; of a step without any request one."""
    for step in found["steps"]:
        at, ends = step["at"], step["at"] + found["step"]
        tried = {one["release"] for one in found["beside"] if one["begins"] < ends and at < (one["ends"] or ends)}
        told = [one for one in step["releases"] if one["requests"] or not one["heard"] or one["release"] in tried]
        for one in sorted(told, key=lambda each: each["release"]):
            yield at, _step(one)
        if not told:
            yield at, ("", "0.0", "-", "-", "")


def _step(one: Mapping[str, Any]) -> Sequence[str]:
    """A release's; of a step that was not heard whole the figures are of a part."""
    rate = f"{one['rate']:.1f}" if one["heard"] or one["requests"] else NOT_HEARD
    failed = "-"
    if one["error_share"] is not None:
        share = f"{one['errors']:,} of {one['requests']:,}, {percent(one['error_share'])}"
        failed = share if one["errors"] else f"none of {one['requests']:,}"
    p95 = "-" if one["p95"] is None else str(one["p95"])
    partly = "not heard whole" if not one["heard"] and one["requests"] else ""
    return f"r{one['release']}", rate, failed, p95, partly


def _silences(steps: Sequence[Mapping[str, Any]], length: int) -> Iterator[Row]:
    """Something was read before and after, and nothing in between: nobody knows."""
    for one, other in pairwise(step["at"] for step in steps):
        if other > one + length:
            yield one + length, ("", NOT_HEARD, "-", "-", "")


def _moves(deployments: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for one in deployments:
        yield one["at"], (f"r{one['release']}", "", "", "", one["says"])
