"""What production says, and what was made of it: signals, judge."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import typer

from shipway.cli import here, past, show
from shipway.cli.options import App, AsJson, Environment, Verb
from shipway.cli.past import Span
from shipway.cli.server import Server
from shipway.signals.verdict import (
    COVERS,
    NOTICEABLE,
    RESTARTS,
    Finding,
    finding,
    is_unasked,
    noted,
    titled,
    weight,
)
from shipway.web.measures import labels, said
from shipway.web.words import percent, plain

COLUMNS = ("release", "per s", "errors", "p50/p95/p99 ms", "in flight", "cpu", "memory", "restarts")
MEASURED = ("series", "labels", "release", "now")
EVERY = 1.0
USUAL, LATELY = 10, 120  # seconds


def signals(
    environment: Environment = "prod",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Once a second, until ^C.")] = False,
    over: Annotated[int, typer.Option("--over", help="The seconds that figures are of.", min=1, max=600)] = USUAL,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="What the application measures itself; of two minutes, or --over.")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option("--name", help="The series of this name, of what the application measures itself."),
    ] = None,
    span: Span = None,
    app: App = None,
    as_json: AsJson = False,
) -> None:
    """What each release answers: requests, errors, durations; and what its instances use.

    With --span the past, step by step, and every deployment and rollback in it.
    """
    server, metrics = Server.find(), metrics or name is not None
    path = f"/applications/{here.application(app)}/environments/{environment}/signals"
    if span is not None:
        past.wanted(span, follow=follow, over=over != USUAL, metrics=metrics, name=name)
        past.show_past(server, path, environment, span, name, as_json=as_json)
        return
    columns: Sequence[str] = COLUMNS
    made, empty = rows, _nothing(environment)
    query: dict[str, Any] = {"over": over}
    if metrics:
        path, over = f"{path}/measured", LATELY if over == USUAL else over
        query = {"over": over} if name is None else {"over": over, "name": name}
        what = "Nothing" if name is None else f"Nothing called {name}"
        columns, made, empty = MEASURED, _series, f"{what} was measured in {environment} for {over} s."
    if not follow:
        answer = server.get(path, **query)
        show.as_json(answer) if as_json else show.table(columns, made(answer), empty=empty)
        for line in () if as_json else _remarks(answer):
            print(line)
    elif as_json:
        while True:
            print(json.dumps(server.get(path, **query)), flush=True)
            time.sleep(EVERY)
    else:
        show.following(lambda: (columns, made(server.get(path, **query))), every=EVERY, empty=empty)


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


def _series(answer: Mapping[str, Any]) -> Sequence[Sequence[str]]:
    return [
        (plain(one["name"]), plain(labels(one["labels"])), plain(one["release"]), plain(_said(one)))
        for one in answer["series"]
    ]


def _remarks(answer: Mapping[str, Any]) -> Iterator[str]:
    """Which instances do not say what they measure, and what was too much."""
    for one in answer.get("asked", ()):
        if not one["good"]:
            yield f"{one['instance']}: {plain(one['says'])}"
    if answer.get("refused"):
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in answer["refused"].items())
        yield f"Not kept: {reasons}. There is room for {answer['most']} series, and {answer['known']} are known."


def _said(one: Mapping[str, Any]) -> str:
    return said(one["kind"], one["unit"], one)


def _nothing(environment: str) -> str:
    return f"Nothing serves in {environment}, so nothing is counted there. {show.HOW_FAR}"


def judge(
    release: Annotated[
        str | None,
        typer.Argument(
            help="A release, such as r3; `shipway releases` lists them. By default the one on trial, else the "
            "last that was tried or judged."
        ),
    ] = None,
    environment: Environment = "prod",
    app: App = None,
    as_json: AsJson = False,
) -> int:
    """What was judged of a release, with the numbers: 0 it was judged good, 1 bad, 3 it is not known.

    While the judge looks at it, what it says at this moment counts.
    """
    place = f"/applications/{here.application(app)}/environments/{environment}"
    found = Server.find().get(f"{place}/verdicts" if release is None else f"{place}/releases/{release}/verdicts")
    if as_json:
        show.as_json(found)
        return _known(found)
    if found["took"]:
        print(f"No release was named: this is r{found['release']['number']}, {found['took']} in {environment}.")
    if found["also"] is not None:
        other = f"r{found['also']}"
        print(f"{other} serves there, and is judged still: `shipway judge {other} --env {environment}`.")
    print(f"{found['says']}.")
    if found["why"]:
        print(plain(found["why"]))
    for line in found["exceptions"]:
        print(plain(line))
    for line in found["said"]:
        print(f"│ {plain(line)}")
    if found["said"] and found["log"]:
        print(f"All that it printed: {found['log']}")
    for one in found["trials"]:
        _trial(found, one)
    if found["so_far"] is not None and not _told(found, found["trials"][-1]):
        print()
    if found["so_far"] is not None:
        so_far(found, found["so_far"])
    elif any(each["findings"] for each in found["verdicts"]):
        print(f"  {COVERS}")
    for line in _afterwards(found):
        print(line)
    return _known(found)


def _known(found: Mapping[str, Any]) -> int:
    """A release of which nothing was ever judged is as little known as one that nobody could judge."""
    kinds = [each["kind"] for each in (*found["verdicts"], *filter(None, [found["so_far"]]))]
    if "bad" in kinds:
        return 1
    return 0 if kinds and kinds[-1] == "good" else show.NOT_KNOWN


def so_far(found: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Prints what would be the verdict at this moment, with the numbers."""
    print(f"So far {now['kind']}: {plain(now['reason'])}")
    if now["waits"]:
        print(plain(now["waits"]))
    _numbers(found, now["findings"])
    if now["findings"]:
        print(f"  {COVERS}")


def _trial(found: Mapping[str, Any], trial: Mapping[str, Any]) -> None:
    """What happened one of the times that a release was tried; which time, where there were several."""
    told, several = _told(found, trial), len(found["trials"]) > 1
    if told or several:
        print()
    if several:
        until = "on" if trial["ended"] is None else f"to {show.clock(trial['ended'])}"
        print(f"{trial['says']} (from {show.clock(trial['began'])} {until}, run {trial['run']})")
    for _at, tell in told:
        tell()


Told = tuple[float, Callable[[], None]]


def _told(found: Mapping[str, Any], trial: Mapping[str, Any]) -> list[Told]:
    its = {**found, "before": trial["before"]}
    moves = ((move["at"], partial(_move, its, move)) for move in trial["shares"])
    verdicts = ((one["at"], partial(_verdict, its, one)) for one in trial["verdicts"])
    return sorted([*verdicts, *moves], key=lambda each: each[0])


def _move(found: Mapping[str, Any], move: Mapping[str, Any]) -> None:
    """A share; where it was asked, or the answer was heard, with the reason and the numbers that are on record."""
    how = ", back" if move["back"] else ""
    if move["asked"] or move["reason"]:
        how = f", {_how(_before(found), move)}{_reason(found, move)}"
    print(f"{show.clock(move['at'])}  {move['share']} % of the requests{how}")
    _numbers(found, move["findings"])


def _how(before: str, move: Mapping[str, Any]) -> str:
    if move["asked"]:
        return f"{before} was asked"
    return f"{before} does no better" if move["kind"] == "good" else f"nobody can tell if {before} does better"


def _before(found: Mapping[str, Any]) -> str:
    return "before" if found["before"] is None else f"r{found['before']}"


def _verdict(found: Mapping[str, Any], verdict: Mapping[str, Any]) -> None:
    print(f"{show.clock(verdict['at'])}  {verdict['kind']} at {verdict['share']} %{_reason(found, verdict)}")
    _numbers(found, verdict["findings"])


def _reason(found: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """Unless it was said above."""
    return "" if told["reason"] in found["why"] else f": {plain(told['reason'])}"


def _numbers(found: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> None:
    if not findings:
        return
    columns = ("", f"r{found['release']['number']}", "", _before(found), "", "")
    show.table(columns, [_compared(finding(each)) for each in findings], empty="")


def _compared(one: Finding) -> Sequence[str]:
    if one.why_not:
        return f"  {_what(one)}", "", "", "", "", plain(one.why_not)
    against = weight(one) if one.evidence >= NOTICEABLE or one.uncounted else ""
    if one.what == RESTARTS:
        return f"  {one.what}", str(one.new_count), "", str(one.old_count), "", against
    against = "; ".join(filter(None, (against, plain(noted(one)))))
    new, old = f"{one.new_count:,} of {one.new_of:,}", f"{one.old_count:,} of {one.old_of:,}"
    if is_unasked(one):
        return f"  {_what(one)}", new, percent(one.new_share), "not asked", "", against
    return f"  {_what(one)}", new, percent(one.new_share), old, percent(one.old_share), against


def _what(one: Finding) -> str:
    return titled(one) if one.beside or one.why_not else f"{titled(one)}, against before"


def _afterwards(found: Mapping[str, Any]) -> Iterator[str]:
    """What holds its commit, and the commit that takes it back."""
    if found["quarantine"]:
        yield f"\n{found['quarantine']['says']}."
    if found["revert"]:
        yield f"A commit that takes it back is ready: {found['take_back']}"


VERBS: dict[str, Verb] = {"signals": signals, "judge": judge}
