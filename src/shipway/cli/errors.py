"""What applications say went wrong in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from shipway.cli import here, show
from shipway.cli.options import App, AsJson, Verb
from shipway.cli.server import Server
from shipway.errors import NotFound, UserError
from shipway.incidents.proof import proof
from shipway.incidents.sure import sure
from shipway.signals.errors.askers import how_often
from shipway.web.suspicions import alike
from shipway.web.words import plain

Number = Annotated[int | None, typer.Argument(help="An error, by its number.", metavar="ID")]
Somewhere = Annotated[str | None, typer.Option("--env", "-e", help="Only those of this environment.")]
Resolve = Annotated[
    bool, typer.Option("--resolve", help="Say that it is mended; should it come back, that is told.")
]
Reopen = Annotated[bool, typer.Option("--reopen", help="Take back that it is mended: it is open again.")]
All = Annotated[bool, typer.Option("--all", help="Resolved ones too.")]
Rotate = Annotated[
    bool, typer.Option("--rotate-key", help="A new key for the next releases of --env to report with.")
]

NONE_OPEN = "There is no open error. `shipway errors --all` lists resolved ones, too."
NEVER = """This application has reported no error: a Sentry SDK in it does, or one of OpenTelemetry that sends its
log; docs/guides/telemetry.md says how. What it prints is in `shipway logs --env {env} --level error`."""


def errors(
    error: Number = None,
    env: Somewhere = None,
    resolve: Resolve = False,
    reopen: Reopen = False,
    every: All = False,
    rotate_key: Rotate = False,
    app: App = None,
    as_json: AsJson = False,
) -> int:
    """The errors that applications reported, or one: where, since which release, by whose commit."""
    server, application = Server.find(), here.application(app)
    if rotate_key:
        _rotate(server, application, env, as_json)
    elif resolve and reopen:
        raise UserError("It is mended, or it is not.", hint="--resolve or --reopen, one of them")
    elif error is None and (resolve or reopen):
        raise UserError(
            f"It is not said which error is {'mended' if resolve else 'to be opened again'}.",
            hint=f"shipway errors ID --{'resolve' if resolve else 'reopen'}",
        )
    elif error is None:
        _list(server, application, env, every, as_json)
    elif resolve:
        told = server.post(f"/applications/{application}/errors/{error}/resolve")
        show.as_json(told) if as_json else print(_resolved(told))
    elif reopen:
        told = server.post(f"/applications/{application}/errors/{error}/reopen")
        show.as_json(told) if as_json else print(f"Error {told['number']} is open: {plain(told['title'])}")
    else:
        _show(server.get(f"/applications/{application}/errors/{error}"), env, as_json)
    return 0


def _resolved(error: dict[str, Any]) -> str:
    """With the way to take it back."""
    number = error["number"]
    return (
        f"Error {number} is resolved: {plain(error['title'])}\n"
        f"A later release that has it opens it again, and so does `shipway errors {number} --reopen`."
    )


def _rotate(server: Server, application: str, env: str | None, as_json: bool) -> None:
    if env is None:
        raise UserError("A key is one environment's.", hint="Name it with --env.")
    told = server.post(f"/applications/{application}/environments/{env}/error-key")
    if as_json:
        show.as_json(told)
    else:
        print(f"The next release in {env} reports with a new key; what runs goes on with its own.")


def _list(server: Server, application: str, env: str | None, every: bool, as_json: bool) -> None:
    query = {**({"environment": env} if env else {}), **({} if every else {"state": "open"})}
    found = server.get(f"/applications/{application}/errors", **query)
    if as_json:
        show.as_json(found["errors"])
        return
    rows = [
        (
            each["number"],
            plain(each["title"]),
            plain(each["place"]),
            f"{each['count']:,}" + (f" ({each['checks']:,} by checks)" if each["checks"] else ""),
            ", ".join(_since(one) for one in each["environments"]),
            _suspect(each["environments"]),
            show.ago(each["last_seen"]),
            "came back" if each["state"] == "open" and each["regressed"] else each["state"],
        )
        for each in found["errors"]
    ]
    columns = ("error", "", "where", "seen", "since", "suspect", "last", "")
    none = f"No error is from {env}." if every else NONE_OPEN
    show.table(columns, rows, empty=none if found["reported"] else NEVER.format(env=env or "prod"))


def _show(error: dict[str, Any], env: str | None, as_json: bool) -> None:
    places = [one for one in error["environments"] if env in (None, one["environment"])]
    if env is not None and not places:
        seen = ", ".join(one["environment"] for one in error["environments"])
        raise NotFound(f"Error {error['number']} was never seen in {env}.", hint=f"It was seen in: {seen}.")
    if as_json:
        show.as_json({**error, "environments": places})
        return
    print(f"{error['number']} {plain(error['title'])}")
    print(f"{error['state']}, seen {_times(error)}; last {show.ago(error['last_seen'])}")
    for same in alike(places, lambda one: one["suspicion"]):
        print()
        for one in same:
            print(f"{_since(one)}, seen there {_times(one)}")
        _suspicion(same[0]["suspicion"])
    for line in _stack(error["samples"]):
        print(line)
    for request, count in error["requests"].items():
        print(f"  {count:>6}  {plain(request)}")


def _suspect(places: Sequence[dict[str, Any]]) -> str:
    """Whom the newest suspicion names, where it names somebody."""
    told = [one["suspicion"] for one in places if one["suspicion"] and one["suspicion"]["commit"]]
    return plain(f"{told[-1]['commit'][:7]} {told[-1]['author']}") if told else "nobody"


def _times(seen: dict[str, Any]) -> str:
    return how_often(seen["count"], seen["checks"])


def _suspicion(told: dict[str, Any] | None) -> None:
    if told is None:
        print("  Nobody has looked yet which commit it came by.")
        return
    if told["commit"] is not None:
        who = plain(f"{told['author']} <{told['email']}>")
        print(f"  {told['commit'][:7]} {plain(told['subject'])}")
        print(f"  by {who}. {sure(told['confidence'])}")
    print(f"  {plain(told['reason'])}")
    for evidence in told["evidence"]:
        one = proof(evidence)
        if one.ran:
            print(f"    {plain(one.where)}  {plain(one.ran)}")
        print(f"    {plain(one.at)}" + (f", in {told['commit'][:7]}" if told["commit"] else ""))
        for line in one.hunk:
            print(f"      {plain(line)}")


def _stack(samples: list[dict[str, Any]]) -> list[str]:
    """The application's own calls in the newest report, as its language would print them."""
    lines = []
    for raised in samples[0]["raised"] if samples else []:
        frames = [frame for frame in raised["frames"] if frame["own"]]
        lines += ["", plain(": ".join(filter(None, [raised["type"], raised["value"]])))]
        for frame in frames:
            lines.append(plain(f"  {frame['file']}:{frame['line']} in {frame['function']}"))
            lines += [plain(f"    {frame['source'].strip()}")] if frame["source"] else []
    return [*lines, ""]


def _since(place: dict[str, Any]) -> str:
    return place["environment"] if place["release"] is None else f"{place['environment']} r{place['release']}"


VERBS: dict[str, Verb] = {"errors": errors}
