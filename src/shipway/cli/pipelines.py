"""Runs and their logs, and the schema of shipway.yml."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from shipway.cli import application_log, here, log_lines, show, watching
from shipway.cli.options import App, AsJson, Verb
from shipway.cli.server import Server
from shipway.errors import UserError
from shipway.web import fields
from shipway.web.words import outcome, plain

Which = Annotated[str | None, typer.Argument(help="A run: its number, or its id.")]
Level = Annotated[
    str | None, typer.Option("--level", help="debug, info, warning, error or critical, and all that is worse.")
]
Search = Annotated[str | None, typer.Option("--search", help="Lines with this text, in small or capital letters.")]
Since = Annotated[
    str | None, typer.Option("--since", help="How long ago (10m, 2h, 1d), or a time (14:02, 2026-11-27T14:02).")
]


def runs(
    run: Which = None,
    app: App = None,
    limit: Annotated[int, typer.Option("--limit", help="How many to list.", min=1, max=500)] = 20,
    cancel: Annotated[bool, typer.Option("--cancel", help="Stop the run, unless it deploys already.")] = False,
    as_json: AsJson = False,
) -> int:
    """List runs, or show one: its steps, its deployments, why it stopped."""
    server = Server.find()
    if run is None:
        if cancel:
            raise UserError("Say which run to cancel.", hint="shipway runs 12 --cancel")
        _list(server, app, limit, as_json)
        return 0
    name = named(run, app)
    if cancel:
        server.post(f"/runs/{name}/cancel")
    shown = server.get(f"/runs/{name}")
    show.as_json(shown) if as_json else _show(shown)
    return 1 if shown["state"] == "failed" else 0


def retry(
    run: Annotated[str, typer.Argument(help="The run to do again: its number, or its id.")],
    app: App = None,
    as_json: AsJson = False,
) -> int:
    """Do a run that did not get through again, without a new commit; what is green is delivered, not tested.

    Says which requests move by that; `shipway runs` with its number says it before.
    """
    server = Server.find()
    made = server.post(f"/runs/{named(run, app)}/retry")
    if not as_json:
        print(plain(made["says"]), flush=True)
    return watching.outcome(server, made["id"], as_json=as_json, also={"says": made["says"]})


def logs(
    run: Which = None,
    env: Annotated[
        str | None, typer.Option("--env", "-e", help="What is printed there, instead of a run.")
    ] = None,
    app: App = None,
    step: Annotated[str | None, typer.Option("--step", help="One step of the run.")] = None,
    process: Annotated[str | None, typer.Option("--process", help="One process of the environment.")] = None,
    instance: Annotated[str | None, typer.Option("--instance", help="One copy of it, such as web.1.")] = None,
    release: Annotated[str | None, typer.Option("--release", help="One release, such as r3.")] = None,
    level: Level = None,
    search: Search = None,
    regex: Annotated[str | None, typer.Option("--regex", help=fields.REGEX)] = None,
    since: Since = None,
    until: Annotated[str | None, typer.Option("--until", help="The same, for the other end.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines of an environment.", min=0)] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    times: Annotated[bool, typer.Option("--times", help="When each line of a run came.")] = False,
    as_json: AsJson = False,
) -> None:
    """The log of a run, or of an environment: searched, followed; with --json an object per line."""
    wanted = {
        "process": process,
        "instance": instance,
        "release": release,
        "level": level,
        "regex": regex,
        "since": since,
        "until": until,
    }
    query = {name: value for name, value in wanted.items() if value is not None}
    _one_log(run, env, step, query)
    _one_way(env, follow, search, times)
    server = Server.find()
    if env is None:
        name = named(run, app) if run else _newest(server, app)
        _show_run_log(server, name, step, search=search, times=times, follow=follow, as_json=as_json)
        return
    path = f"/applications/{here.application(app)}/environments/{env}/logs"
    query |= {} if search is None else {"search": search}
    application_log.show_log(server, path, query, lines=lines, follow=follow, as_json=as_json)


def _show_run_log(
    server: Server, run: str, step: str | None, *, search: str | None, times: bool, follow: bool, as_json: bool
) -> None:
    if search is None and not times:
        asked = {**({"step": step} if step else {}), **({"follow": "1"} if follow else {})}
        written = False
        for line in server.lines(f"/runs/{run}/log", **asked):
            print(json.dumps({"line": line}) if as_json else line, flush=True)
            written = True
        if not written:
            print("Nothing was written. `shipway runs` with its number shows what the run did.", file=sys.stderr)
        return
    chosen = log_lines.timed(server, run, step) if search is None else log_lines.found(server, run, step, search)
    for told in chosen:
        print(json.dumps(told) if as_json else _line(told, times), flush=True)


def _one_log(run: str | None, env: str | None, step: str | None, query: Mapping[str, str]) -> None:
    """Raises UserError where a run and an environment are both meant: one of them would be left out unsaid."""
    if env is not None and (run is not None or step is not None):
        raise UserError(
            "The log of a run or that of an environment: not both.", hint="shipway logs RUN --step NAME"
        )
    if env is None and query:
        name, value = next(iter(query.items()))
        said = "A process belongs to an environment." if name == "process" else f"--{name} is for an environment."
        raise UserError(said, hint=f"shipway logs --env prod --{name} {shlex.quote(value)}")


def _one_way(env: str | None, follow: bool, search: str | None, times: bool) -> None:
    """Raises UserError for times of an environment, which are there anyway, and lines of a run that are to come:
    they have neither number nor time."""
    if times and env is not None:
        raise UserError("Each line of an environment has its time already.", hint=f"shipway logs --env {env}")
    if env is None and follow and (times or search is not None):
        raise UserError("--search and --times are for what a run has written.", hint="shipway logs RUN --times")


def _line(told: dict[str, Any], times: bool) -> str:
    """`test 31838: 1 failed`, with the time in front if it is known and wanted."""
    at = "" if not times else "........ " if told["at"] is None else f"{show.clock(told['at'])} "
    step = told["step"] if told["attempt"] == 1 else f"{told['step']} (attempt {told['attempt']})"
    return f"{at}{step} {told['number']}: {plain(told['text'])}"


def schema() -> None:
    """Print the JSON Schema of shipway.yml, for editors."""
    from shipway.project import Project  # noqa: PLC0415

    show.as_json(Project.schema())


def named(run: str, app: str | None) -> str:
    """A run as the API names it: a number belongs to the application that is meant."""
    return f"{here.application(app)}:{run}" if run.isdecimal() else run


def _newest(server: Server, app: str | None) -> str:
    found = server.get("/runs", application=here.application(app), limit=1)["runs"]
    if not found:
        raise UserError("There is no run yet.", hint="git push shipway HEAD")
    return str(found[0]["id"])


def _list(server: Server, app: str | None, limit: int, as_json: bool) -> None:
    query: dict[str, Any] = {"limit": limit}
    if app is not None or here.remote() is not None:
        query["application"] = here.application(app)
    found = server.get("/runs", **query)["runs"]
    if as_json:
        show.as_json(found)
        return
    rows = [_row(each) for each in found]
    columns = ("run", "commit", "what", "by", "state", "took", "", "")
    empty = "There is no run yet. `git push shipway HEAD` makes one."
    show.table(columns, rows, empty=empty, one_line=True, typed=("run", "commit"))


def _row(run: dict[str, Any]) -> tuple[str, ...]:
    """A run in the list; what it took counts from when it was asked for, as everywhere."""
    return (
        f"{run['application']} {run['number']}",
        run["commit"][:7],
        plain(run["what"]),
        run["who"],
        _state(run),
        show.took(run["created"], run["ended"]),
        show.ago(run["created"]),
        run["brief"],
    )


def _state(run: dict[str, Any]) -> str:
    """As the pages have it: what it brought may have been taken back since."""
    return outcome(str(run["state"]), back=run["taken_back"], blocked=run["blocked"])


def _show(run: dict[str, Any]) -> None:
    print(f"{run['application']} run {run['number']} · {run['commit'][:7]} · {plain(run['what'])} by {run['who']}")
    print(f"{_state(run)}{': ' + run['brief'] if run['brief'] else ''}")
    if run["decided"] is not None:
        print(plain(f"{run['decided']['says' if run['state'] == 'passed' else 'wants']}."))
    rows = [*map(_step, run["steps"]), *map(_rehearsal, run["rehearsals"]), *map(_deployment, run["deployments"])]
    show.table(("", "", "", ""), rows, empty="")
    for said in (*_staying(run), *_excerpts(run)):
        print(f"\n{said}")
    if run["again"]:
        print(f"\n`shipway retry {run['number']}` does it again. {plain(run['again'])}")
    if run["tier"]:
        print(f"\nsandbox: {run['tier']}")


def _step(step: dict[str, Any]) -> tuple[str, ...]:
    return (
        step["name"] if step["attempt"] == 1 else f"{step['name']} (attempt {step['attempt']})",
        step["state"],
        show.took(step["started"], step["ended"]),
        "" if step["exit_code"] in (None, 0) else f"exit status {step['exit_code']}",
    )


def _rehearsal(one: dict[str, Any]) -> tuple[str, ...]:
    says = one["reason"] or ", ".join(one["parts"])
    return f"rehearsal in {one['environment']}", one["state"], show.took(one["began"], one["ended"]), says


def _deployment(one: dict[str, Any]) -> tuple[str, ...]:
    state = "judged bad" if one["judged_bad"] else one["state"]
    return _to(one), state, show.took(one["started"], one["ended"]), one["reason"] or one["url"]


def _to(one: dict[str, Any]) -> str:
    return f"→ {one['environment']} r{one['release_number']}"


def _staying(run: dict[str, Any]) -> Iterator[str]:
    """What was put back only in part, what is set otherwise with what was judged bad, and stays so, and what is so
    by now.
    """
    for one in run["deployments"]:
        if one["half_undone"]:
            yield f"{one['half_undone'][0].upper()}{one['half_undone'][1:]}."
        if one["stays"]:
            yield f"{one['stays'][0].upper()}{one['stays'][1:]}."
    yield from map(plain, run["by_now"])


def _excerpts(run: dict[str, Any]) -> Iterator[str]:
    """The lines that explain what did not pass, and by whose commit it came."""
    for step in run["steps"]:
        if step["excerpt"] and step["state"] != "passed":
            yield f"{step['name']}:\n{step['excerpt']}"
    for one in run["suspicions"]:
        if one["commit"]:
            yield f"{one['step']} came most likely by {one['commit'][:7]} of {one['author']}: {one['reason']}"
    for one in run["rehearsals"]:
        if one["excerpt"]:
            yield f"rehearsal in {one['environment']}, {one['parts'][-1]}:\n{one['excerpt']}"
    for one in run["deployments"]:
        if one["excerpt"] and one["state"] != "done":
            yield f"{_to(one)}:\n{one['excerpt']}"


VERBS: dict[str, Verb] = {"runs": runs, "retry": retry, "logs": logs, "schema": schema}
