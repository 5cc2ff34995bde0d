"""Where commits are: where, wait, deploy, freeze, thaw, releases, compare, ps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Annotated, Any

import typer

from shipway.cli import here, show, watching
from shipway.cli.options import App, AsJson, Commit, Environment, Verb
from shipway.cli.server import Server
from shipway.incidents.letter import listed
from shipway.web import fields
from shipway.web.words import day_and_time, headline, instead_of, plain, standing

TIME_UP = 124


def where(commit: Commit = None, app: App = None, as_json: AsJson = False) -> int:
    """In which environments a commit is; and if not, why not, in a few words. With --json, its whole life too.

    0 it serves in all of them, 1 there is one in which it does not (yet): `shipway why` and `shipway wait` answer
    for one environment, the former in full.
    """
    path = here.commit_address(app, commit)
    found = Server.find().get(path if as_json else f"{path}/where")
    code = 0 if all(each["serves"] for each in found["environments"]) else 1
    if as_json:
        show.as_json(found)
        return code
    rows = [_row(same) for same in _alike(found["environments"])]
    print(found["commit"][:7])
    columns = ("environment", "", "serves there", "")
    show.table(columns, rows, empty="This application has no environment.", one_line=True, wraps=True)
    return code


def _alike(places: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Environments one after the other in which the same has stopped it, and the same serves; others alone."""
    for said, same in groupby(places, lambda one: (_word(one), _serves(one), _anywhere(one))):
        together = list(same)
        yield from [together] if said[0] == "stopped" else ([one] for one in together)


def _row(same: Sequence[Mapping[str, Any]]) -> tuple[str, str, str, str]:
    """What is so in one environment, or in several."""
    first, names = same[0], listed([str(one["name"]) for one in same])
    return names, _word(first), _serves(first), brief(first) if len(same) == 1 else _anywhere(first)


def _anywhere(place: Mapping[str, Any]) -> str:
    """Why in the words of whatever environment."""
    return brief(place).replace(f"is not delivered to {place['name']}", "is not delivered there")


def _word(place: Mapping[str, Any]) -> str:
    left = place["stuck"]
    return str(place["state"] if left is None or place["serves"] else left["state"])


def brief(place: Mapping[str, Any]) -> str:
    """Why a commit is not there in a few words; where it serves, or is to come, what there is to say."""
    return headline(show.first_line((place["brief"] if place["state"] == "stopped" else place["reason"]) or ""))


def _serves(place: Mapping[str, Any]) -> str:
    """What serves there; both releases where one is frozen beside the other."""
    left = place["stuck"]
    if left is None or left["before"] is None or left["share"] == 100:
        return _brief(place["release"])
    return f"r{left['release']} {left['share']} %, r{left['before']} {100 - left['share']} %"


def _brief(release: Mapping[str, Any] | None) -> str:
    return "" if release is None else f"r{release['number']}, {release['commit'][:7]}"


def wait(
    commit: Commit = None,
    environment: Environment = "prod",
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait at most.", min=0)] = 600.0,
    app: App = None,
    as_json: AsJson = False,
) -> int:
    """Wait until a commit serves: 0 it serves, 1 it was stopped (and why), 124 time is up."""
    server, deadline = Server.find(), time.monotonic() + timeout
    path = f"{here.commit_address(app, commit)}/wait"
    while True:
        left = max(0.0, deadline - time.monotonic())
        found = server.get(path, environment=environment, seconds=min(25, int(left)))
        if found["state"] != "pending" or left <= 0:
            break
        if left < 1:
            time.sleep(left)
    if as_json:
        show.as_json(found)
    else:
        word = _word({**found, "serves": found["state"] == "serves"})
        why = brief(found)
        print(f"{found['commit'][:7]} in {environment}: {word}{_because(why)}")
        for said in (found["judging"], found["held"]):
            if said and said not in why:
                show.prose(f"{plain(said)}.")
    return {"serves": 0, "pending": TIME_UP}.get(found["state"], 1)


def deploy(
    commit: Commit = None, environment: Environment = "prod", app: App = None, as_json: AsJson = False
) -> int:
    """Deploy a commit that is green; its gate may still refuse, and says why.

    What is set and not in what serves, as after a rollback, comes along, and is named before.
    """
    server = Server.find()
    path = f"/applications/{here.application(app)}/environments/{environment}/deploy"
    queued = server.post(path, {"commit": here.commit(commit)})
    if queued["says"] and not as_json:
        print(plain(queued["says"]), flush=True)
    return watching.outcome(server, queued["run"], as_json=as_json, also={"says": queued["says"]})


def ps(environment: Environment = "prod", app: App = None, as_json: AsJson = False) -> None:
    """The instances of an environment: what runs, since when, how often it was restarted."""
    found = Server.find().get(f"/applications/{here.application(app)}/environments/{environment}/ps")
    if as_json:
        show.as_json(found["instances"])
        return
    rows = [
        (
            f"{each['process']}.{each['position']}",
            f"r{each['release']}",
            standing(each["state"], each["again_at"]),
            each["pid"] or "",
            each["port"] or "",
            each["restarts"] or "",
            show.ago(each["since"]),
        )
        for each in found["instances"]
    ]
    columns = ("instance", "release", "state", "pid", "port", "restarts", "since")
    show.table(columns, rows, empty=f"Nothing runs in {environment}.")


def releases(
    environment: Environment = "prod",
    limit: Annotated[int, typer.Option("--limit", help="How many to list.", min=1, max=500)] = 20,
    app: App = None,
    as_json: AsJson = False,
) -> None:
    """The releases of an environment, newest first: what serves, what is kept warm, what was judged."""
    path = f"/applications/{here.application(app)}/environments/{environment}/releases"
    found = Server.find().get(path, limit=limit)["releases"]
    if as_json:
        show.as_json(found)
        return
    rows = [
        (
            f"r{each['number']}",
            _state(each),
            each["commit"][:7],
            each["configuration"] or "",
            show.ago(each["created"]),
            each["verdict"] or "",
            each["subject"],
        )
        for each in found
    ]
    columns = ("release", "", "commit", "configuration", "made", "verdict", "subject")
    empty = f"{environment} has no release yet. {show.HOW_FAR}"
    show.table(columns, rows, empty=empty, one_line=True, typed=("release", "commit"))


def freeze(
    why: Annotated[
        str,
        typer.Argument(
            help=f'The reason, in quotes: `shipway freeze "The fair is on" --until 18:00`. {fields.FREEZE_WHY}'
        ),
    ],
    until: Annotated[
        str,
        typer.Option("--until", help=f"{fields.FREEZE_UNTIL} With a space in it, in quotes."),
    ] = "",
    environment: Environment = "prod",
    app: App = None,
    as_json: AsJson = False,
) -> None:
    """Let nothing new be deployed to an environment; rolling back stays possible. A freeze that is in force there
    is replaced, and it is said which.
    """
    path = f"/applications/{here.application(app)}/environments/{environment}/freeze"
    answer = Server.find().post(path, {"why": why, "until": until})
    hold, replaced = answer["hold"], answer["replaced"]
    if as_json:
        show.as_json({**hold, "replaced": replaced})
        return
    ends = "it is thawed" if hold["until"] is None else day_and_time(hold["until"])
    print(f"{environment} is frozen until {ends}. `shipway thaw --env {environment}` ends it at once.")
    if replaced:
        print(plain(instead_of(replaced)))


def thaw(environment: Environment = "prod", app: App = None, as_json: AsJson = False) -> None:
    """End the freeze of an environment. The newest commit that it stopped, or a freeze that it replaced, is named:
    that is deployed by hand, or comes with the next push.
    """
    path = f"/applications/{here.application(app)}/environments/{environment}/freeze"
    found = Server.find().delete(path)
    if as_json:
        show.as_json(found)
        return
    print(f"{environment} is open again." if found["thawed"] else f"{environment} was not frozen.")
    if found["waits"]:
        short = found["waits"][:7]
        print(f"{short} was stopped by that: `shipway deploy {short} --env {environment}` takes it there.")


def compare(
    old: Annotated[str | None, typer.Argument(help="A release, such as r3; by default the one before.")] = None,
    new: Annotated[str | None, typer.Argument(help="Another; by default what serves.")] = None,
    environment: Environment = "prod",
    app: App = None,
    as_json: AsJson = False,
) -> None:
    """By which commits and which configuration two releases differ."""
    path = f"/applications/{here.application(app)}/environments/{environment}/compare"
    asked = {name: value for name, value in (("from", old), ("to", new)) if value is not None}
    found = Server.find().get(path, **asked)
    if as_json:
        show.as_json(found)
        return
    print(f"From r{found['from']['number']} to r{found['to']['number']} of {environment}")
    rows = [_commit("+", one) for one in found["commits"] or ()]
    rows += [_commit("-", one) for one in found["commits_taken_back"] or ()]
    show.table(("", "commit", "author", ""), rows, empty="No commit lies between them.", one_line=True)
    changed = [_variable(one) for one in found["variables"] if one["change"] != "same"]
    show.table(("variable", "", "before", "after"), changed, empty="The configuration is the same.", one_line=True)


def _commit(sign: str, one: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return sign, one["commit"][:7], plain(one["author"]), plain(one["subject"])


def _variable(one: Mapping[str, Any]) -> tuple[str, str, str, str]:
    if one["secret"]:
        return one["name"], one["change"], "", "secret"
    return one["name"], one["change"], plain(one["old"] or ""), plain(one["new"] or "")


def _state(release: Mapping[str, Any]) -> str:
    """What a release is for just now; nothing for one of the past."""
    left = release["stuck"]
    if left is not None and left["release"] == release["number"]:
        return str(left["state"])
    if release["trial"] is not None:
        return _on_its_way(release["trial"])
    if left is not None and left["share"] < 100:
        return f"serves {100 - left['share']} %"
    if release["served_since"] is not None:
        return f"serves since {show.clock(release['served_since'])}"
    warm = release["warm_until"]
    until = show.clock(warm) if warm is not None and warm > time.time() else ""
    if release["verdict"] == "bad":
        bad = "judged bad, was frozen" if release.get("was_stuck") else "judged bad"
        return f"{bad}, runs until {until}" if until else bad
    return f"warm until {until}" if until else str(release.get("outcome") or "")


def _on_its_way(trial: Mapping[str, Any]) -> str:
    fate = str(trial["fate"])
    return {"on trial": f"on trial, {trial['share']} %", "coming": "on its way"}.get(fate, fate)


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


VERBS: dict[str, Verb] = {
    "where": where,
    "wait": wait,
    "deploy": deploy,
    "freeze": freeze,
    "thaw": thaw,
    "releases": releases,
    "compare": compare,
    "ps": ps,
}
