"""What production says, and what was made of it: signals, judge."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from shipway.cli import here, show
from shipway.cli.options import App, AsJson, Environment, Verb
from shipway.cli.server import Server

COLUMNS = ("release", "per s", "errors", "p50/p95/p99 ms", "in flight", "cpu", "memory", "restarts")
EVERY = 1.0


def signals(
    environment: Environment = "prod",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Once a second, until ^C.")] = False,
    over: Annotated[int, typer.Option("--over", help="The seconds that figures are of.", min=1, max=600)] = 10,
    app: App = None,
    as_json: AsJson = False,
) -> None:
    """What each release answers: requests, errors, durations; and what its instances use."""
    server = Server.find()
    path = f"/applications/{here.application(app)}/environments/{environment}/signals"
    if not follow:
        answer = server.get(path, over=over)
        show.as_json(answer) if as_json else show.table(COLUMNS, rows(answer), empty=_nothing(environment))
    elif as_json:
        while True:
            print(json.dumps(server.get(path, over=over)), flush=True)
            time.sleep(EVERY)
    else:
        show.following(
            lambda: (COLUMNS, rows(server.get(path, over=over))), every=EVERY, empty=_nothing(environment)
        )


def rows(answer: Mapping[str, Any]) -> Sequence[Sequence[str]]:
    """The table's rows; what is not known is a dash, never a zero."""
    return [_row(one) for one in answer["releases"]]


def _row(one: Mapping[str, Any]) -> Sequence[str]:
    measured = bool(one["instances"])
    return (
        f"r{one['release']} {(one['commit'] or '')[:7]}".strip(),
        f"{one['rate']:.1f}" if one["heard"] else "not heard",
        "-" if one["error_share"] is None else f"{one['error_share'] * 100:.2f} %",
        "-" if one["p50"] is None else "/".join(str(one[name]) for name in ("p50", "p95", "p99")),
        str(one["in_flight"]) if one["heard"] else "-",
        f"{one['cpu'] * 100:.0f} %" if measured else "-",
        f"{one['memory'] / 1e6:.0f} MB" if measured else "-",
        str(one["restarts"]) if measured else "-",
    )


def _nothing(environment: str) -> str:
    return f"The router has no release of {environment}."


def judge(
    release: Annotated[str, typer.Argument(help="A release, such as r3.")],
    environment: Environment = "prod",
    app: App = None,
    as_json: AsJson = False,
) -> int:
    """What was judged of a release, with the numbers: 0 nothing speaks against it, 1 it was judged bad."""
    path = f"/applications/{here.application(app)}/environments/{environment}/releases/{release}/verdicts"
    found = Server.find().get(path)
    bad = any(each["kind"] == "bad" for each in found["verdicts"])
    if as_json:
        show.as_json(found)
        return int(bad)
    for each in found["verdicts"]:
        print(f"{each['kind']} at {each['share']} % of the requests, {show.ago(each['at'])}: {each['reason']}")
        show.table(
            ("", "new", "", "before", "", "evidence"), [_compared(one) for one in each["findings"]], empty=""
        )
    if not found["verdicts"]:
        print(f"{release} was not judged: nothing served beside it, or `traffic.judge` is off.")
    return int(bad)


def _compared(finding: dict[str, object]) -> tuple[object, ...]:
    return (
        finding["what"],
        _share(finding, "new"),
        f"{finding['new_count']} of {finding['new_of']}",
        _share(finding, "old"),
        f"{finding['old_count']} of {finding['old_of']}",
        f"{finding['evidence']:.3g}",
    )


def _share(finding: dict[str, object], side: str) -> str:
    count, of = float(str(finding[f"{side}_count"])), float(str(finding[f"{side}_of"]))
    return f"{100 * count / of:.1f} %" if of else ""


VERBS: dict[str, Verb] = {"signals": signals, "judge": judge}
