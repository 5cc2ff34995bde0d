"""What a terminal shows of a run while it happens: for `git push`, `shipway push` and the watch address.

    ▸ run 12 of topup, commit 8c1f0ae
      ✓ test          12 s
      ✓ build         20 s
      ✓ dev          1.2 s  http://topup--dev.localhost:8080
      · prod         what is set and not in r3 comes along: LIMIT 20 → 25
      · prod         10 % of the requests go to it; judged for 1 m 00 s at least
      … prod         10 % since 14:02:11: 0 of 98 requests failed, 2 of 880 of the old one. 50 % of the requests
          come next in about 52 s: it was heard for 8 s of 1 m 00 s by now. If it cannot be heard, everything goes
          back at 14:12:11.
      · prod         good at 10 %: 0 of 118 requests failed, and 2 of 1,073 of r3
      ✗ prod         3.0 s  web did not get healthy within 30 s
        │ ModuleNotFoundError: No module named 'topup'
    ✗ run 12 failed after 41 s: web did not get healthy within 30 s
      prod was left as before

Of one that was taken back the end says why, who was told, and what to do, for what came before has gone by.

Lines are told once, when what they tell of is over. They come from the record, so two watchers see the same; only
what the judge sees while a share is held does not.
"""

from __future__ import annotations

import asyncio
import textwrap
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from types import MappingProxyType

from shipway.config.places import Places
from shipway.environments.secrets import Vault
from shipway.incidents.letter import listed
from shipway.releases.gate import READY
from shipway.state import configurations, deployments
from shipway.state.database import Connection, Database
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.runs import Step
from shipway.traffic.addresses import address
from shipway.web import differences, holding, journey, sequel, why
from shipway.web.commits import Commits
from shipway.web.differences import Waiting
from shipway.web.holding import Holding, SoFar
from shipway.web.journey import Journey
from shipway.web.pulse import Pulse
from shipway.web.purposes import is_configuration, purpose
from shipway.web.rehearsing import Rehearsal
from shipway.web.sequel import COMMAND, Sequel
from shipway.web.untouched import stays_set, untouched
from shipway.web.words import length, plain, unsaid

WIDTH = 100
LOG_LINE = "    │"
LONGEST_LOG_LINE = 300
EXPLAINING = 12  # lines of a log that go with a failure
NOTHING: Mapping[str, str] = MappingProxyType({})
NO_MORE = Sequel()
SILENCE = 3.0  # seconds without a line after which what is under way is named


async def watch(
    database: Database, commits: Commits, places: Places, run_ids: Sequence[str], proxy_port: int, so_far: SoFar
) -> AsyncIterator[str]:
    """The lines of these runs, one run after the other, each as soon as it is true; ends when all are over.

    `so_far` is what the judge says at any moment; the secrets that are compared are those of `places`.
    """
    vault = Vault(places)
    pulse = Pulse(database)
    for run_id in run_ids:
        telling = Telling(proxy_port, so_far)
        while True:
            seen = pulse.changes
            now, along = await asyncio.to_thread(_read, database, vault, run_id)
            after = await asyncio.to_thread(_sequel, database, commits, places, now) if now.run.over else NO_MORE
            for line in telling.news(now, time.time(), along, after):
                yield line
            if now.run.over:
                break
            await pulse.after(seen, 1.0)


def _read(database: Database, vault: Vault, run_id: str) -> tuple[Journey, Mapping[str, str]]:
    """The run, and what was set before and comes along with it, by environment. Who deploys by hand was told."""
    with database.read() as conn:
        now = journey.read(conn, run_id)
        made = now.deployments.items() if now.run.purpose == "push" else ()
        along = [(name, differences.carried(vault, conn, one)) for name, one in made]
        if is_configuration(now.run):
            along = [(name, _beside_what_is_set(vault, conn, now, name)) for name in now.run.deliver]
        return now, {name: found.comes for name, found in along if found is not None}


def _sequel(database: Database, commits: Commits, places: Places, now: Journey) -> Sequel:
    with database.read() as conn:
        return sequel.of(conn, commits, places, now)


def _beside_what_is_set(vault: Vault, conn: Connection, now: Journey, environment: str) -> Waiting | None:
    """What comes along with a new configuration and was not set with it, as soon as the run is there."""
    run, made = now.run, now.deployments.get(environment)
    if made is not None:
        found = differences.carried(vault, conn, made)
    else:
        found = None if run.over else differences.waits(vault, conn, run.application, environment)
    if found is None:
        return None
    return found.without(configurations.named_since(conn, run.application, environment, run.created))


class Telling:
    """Remembers what was told of one run, so that nothing is told twice."""

    def __init__(self, proxy_port: int, so_far: SoFar) -> None:
        self._proxy_port = proxy_port
        self._holding = Holding(so_far)
        self._told: set[str] = set()
        self._spoke = 0.0

    def news(
        self,
        now: Journey,
        clock: float,
        along: Mapping[str, str] = NOTHING,
        after: Sequel = NO_MORE,
    ) -> list[str]:
        """The lines for what has happened since the last call; `clock` is the time in seconds since 1970, `along`
        what comes with the deployments to these environments, `after` what is said at its end.
        """
        told = [*self._lines(now, along, after), *self._held(now, clock)]
        lines = [part for line in told for part in _fitted(line)]
        if lines:
            self._spoke = clock
        elif clock - self._spoke > SILENCE and not now.run.over:
            lines = [part for line in self._under_way(now) for part in _fitted(line)]
            self._spoke = clock
        return lines

    def _lines(self, now: Journey, along: Mapping[str, str], after: Sequel) -> Iterator[str]:
        if self._first_time("run"):
            run = now.run
            again = "" if run.retry_of is None else f", {purpose(run)}"
            yield f"▸ run {run.number} of {run.application}, commit {run.commit[:7]}{again}"
            yield from _other_name(now)
            yield from _recognised(now)
        width = _width(now)
        for step in now.ended:
            if self._first_time(f"step {step.name} {step.attempt}"):
                yield from _of_step(step, width)
        for environment in now.run.deliver:
            for one in now.rehearsed_before(environment):
                yield from self._of_rehearsal(one, width)
            if environment in along and self._first_time(f"along {environment}"):
                yield f"  · {now.called(environment):<{width}} {along[environment]}"
            yield from self._of_environment(now, environment, width)
        if now.run.over and self._first_time("end"):
            yield from _ending(now, after)

    def _of_rehearsal(self, one: Rehearsal, width: int) -> Iterator[str]:
        for turn, part in enumerate(one.parts):
            if self._first_time(f"rehearsal {one.environment} {part}"):
                where = "" if turn else f", on a copy of the data of {one.environment}"
                yield f"  · {'rehearsal':<{width}} {part}{where}"
        if one.ended is not None and self._first_time(f"rehearsal {one.environment}"):
            mark = "✗" if one.state == "failed" else "✓"
            took = "" if one.state == "unneeded" else _took(one.began, one.ended)
            yield f"  {mark} {'rehearsal':<{width}} {took:>8}  {one.says}"
            yield from _evidence(one.excerpt)

    def _of_environment(self, now: Journey, environment: str, width: int) -> Iterator[str]:
        url, name = address(now.run.application, environment, self._proxy_port), now.called(environment)
        deployment = now.deployments.get(environment)
        back = _traffic_back(now, deployment)
        if back is not None and self._first_time(f"traffic {environment}"):
            yield back
        printed = now.released.get(environment)
        if printed and self._first_time(f"release {environment}"):
            yield f"  · {name:<{width}} the release command printed"
            yield from _evidence(printed)
        for fact in sorted([*now.trials, *now.asked], key=lambda fact: fact.id):
            if fact.environment == environment and self._first_time(f"trial {fact.id}"):
                self._first_time(f"busy {name}")
                yield f"  · {name:<{width}} {_of_trial(fact, holding.settings(now).hold)}"
        if deployment is not None and deployment.over:
            if self._first_time(f"environment {environment}"):
                yield from _of_deployment(deployment, f"{name:<{width}}", url, _judged(now))
        elif environment in now.unneeded and self._first_time(f"environment {environment}"):
            yield f"  ✓ {name:<{width}} {'':>8}  {url} ({now.unneeded[environment]})"

    def _held(self, now: Journey, clock: float) -> Iterator[str]:
        """What the judge sees of a share that is held; that it is under way is said with it."""
        for environment in now.deployments if not now.run.over else ():
            says = self._holding.news(now, environment, clock)
            if says:
                self._first_time(f"busy {now.called(environment)}")
                yield f"  … {now.called(environment):<{_width(now)}} {says}"

    def _under_way(self, now: Journey) -> Iterator[str]:
        """What takes long, named once."""
        if now.run.state == "queued":
            names = ["waiting for its turn"]
        else:
            names = [step.name for step in now.steps.values() if step.state == "running"]
            names += [now.called(one.environment) for one in now.deployments.values() if not one.over]
            names += [one.title for one in now.rehearsals if one.ended is None]
        for name in names:
            if self._first_time(f"busy {name}"):
                yield f"  … {name}"

    def _first_time(self, what: str) -> bool:
        if what in self._told:
            return False
        self._told.add(what)
        return True


def _fitted(line: str) -> list[str]:
    """The lines of a terminal for one of ours: a sentence is wrapped, a line of a log is cut."""
    if line.startswith(LOG_LINE):
        return [plain(line)[:LONGEST_LOG_LINE]]
    if line.startswith(f"  {COMMAND}"):
        return [plain(line)]
    first, *more = line.split("\n")
    return [*_wrapped(plain(first), 6), *(part for each in more for part in _below(plain(each)))]


def _below(line: str) -> list[str]:
    """One of several lines of a sentence; what is wrapped stands deeper than where it begins."""
    return _wrapped(" " * 6 + line, 8 + len(line) - len(line.lstrip()))


def _wrapped(line: str, indent: int) -> list[str]:
    wrap = textwrap.TextWrapper(WIDTH, subsequent_indent=" " * indent)
    wrap.break_long_words = wrap.break_on_hyphens = False
    return wrap.wrap(line)


def _width(now: Journey) -> int:
    names = [*(one.name for one in now.planned), *map(now.called, now.run.deliver)]
    return min(max([10, *(len(name) for name in names)]), 40)


def _of_step(step: Step, width: int) -> Iterator[str]:
    took = _took(step.started, step.ended)
    again = "" if step.attempt == 1 else f"attempt {step.attempt}"
    if step.state == "passed":
        yield f"  ✓ {step.name:<{width}} {took:>8}  {again}".rstrip()
        return
    how = f"exit status {step.exit_code}" if step.state == "failed" and step.exit_code is not None else step.state
    yield f"  ✗ {step.name:<{width}} {took:>8}  {how}{', ' + again if again else ''}"
    yield from _evidence(step.excerpt)


def _judged(now: Journey) -> list[str]:
    """The reasons of its verdicts, each of which had a line of its own."""
    return [str(fact.data["reason"]) for fact in now.trials if fact.kind.startswith("verdict.")]


def _of_deployment(deployment: Deployment, name: str, url: str, judged: Sequence[str]) -> Iterator[str]:
    took = _took(deployment.started, deployment.ended)
    if deployment.state == "done":
        yield f"  ✓ {name} {took:>8}  {url}"
        return
    mark = "?" if deployment.state == "unknown" else "✗"
    yield f"  {mark} {name} {took:>8}  {unsaid(deployment.reason, judged)}"
    yield from _evidence(deployment.excerpt)


def _traffic_back(now: Journey, deployment: Deployment | None) -> str | None:
    """What whoever goes back waits for; the other processes take their time to stop and to start."""
    if deployment is None or deployment.kind != "rollback" or deployment.switched is None:
        return None
    others = [name for name in now.processes if name != "web"]
    rest = f"; {listed(others)} {'follows' if len(others) == 1 else 'follow'}" if others else ""
    took = length(deployment.switched - now.run.created)
    return f"  traffic is back on r{now.releases[deployment.release]} after {took}{rest}"


def _of_trial(fact: Fact, hold: float) -> str:
    if fact.kind == "deployment.try":
        goes = f"{fact.data['share']} % of the requests go to it{why.because(fact.data)}"
        return f"{goes}; judged for {length(hold)} at least"
    if fact.kind in deployments.ASKED:
        return str(why.said(fact))
    return (
        f"{fact.kind.removeprefix('verdict.').replace('_', ' ')} at {fact.data['share']} %: {fact.data['reason']}"
    )


def _evidence(excerpt: str) -> Iterator[str]:
    """The first lines that explain a failure."""
    lines = [line for line in excerpt.splitlines() if plain(line).strip()]
    for line in lines[:EXPLAINING]:
        yield f"{LOG_LINE} {line}"
    if len(lines) > EXPLAINING:
        yield f"{LOG_LINE} … {len(lines) - EXPLAINING} more lines in the log"


def _other_name(now: Journey) -> Iterator[str]:
    """A warning where shipway.yml calls the application otherwise: its repository decides whose push it is."""
    told = now.run.plan.get("project") or {}
    named = told.get("name", now.run.application)
    if named != now.run.application and now.run.purpose == "push":
        yield f"  ! its shipway.yml says `name: {named}`, and this is the repository of {now.run.application}"


def _recognised(now: Journey) -> Iterator[str]:
    """That nothing says what it is: a shipway.yml that was written and not committed is not pushed."""
    if now.run.plan.get("written", True) is False:
        kind = now.run.plan["project"]["build"]["kind"]
        yield f"  · no shipway.yml is committed: recognised as {kind} by its files"


def _ending(now: Journey, after: Sequel) -> Iterator[str]:
    run, took = now.run, length(now.seconds or 0.0)
    if run.state == "passed":
        yield f"✓ {_success(now)}, {took}"
        yield from (f"  {line}" for line in after.next)
        return
    mark = "✗" if run.state == "failed" and now.blocked is None else "-"
    how = "was blocked" if now.blocked is not None else "was rolled back" if now.taken_back else run.state
    reason = _of_what_is_frozen(now) or unsaid(run.reason, _judged(now))
    yield f"{mark} run {run.number} {how} after {took}{': ' + reason if reason else ''}"
    left = [*(untouched(now) or _reached(now)), *stays_set(now)] if run.state == "failed" and run.deliver else []
    hints = _hints(now)
    for line in [*_verdict(now), *left, *after.found, *hints, *(line for line in after.next if line not in hints)]:
        yield f"  {line}"


def _verdict(now: Journey) -> list[str]:
    """Why it was taken back."""
    if not now.taken_back:
        return []
    asked = [] if now.decided is None else [now.decided.reason]
    return [*asked, *(said for said in dict.fromkeys(_judged(now)) if said and said in now.run.reason)]


def _reached(now: Journey) -> list[str]:
    return [] if now.stuck else ["every environment was reached before it"]


def _of_what_is_frozen(now: Journey) -> str:
    """In a few words what its deployment has said in full."""
    return "; ".join(f"{one.title} of {name}" for name, one in now.stuck.items())


def _success(now: Journey) -> str:
    run = now.run
    if not run.deliver:
        why = f"; {run.branch} is not delivered anywhere" if run.purpose == "push" else ""
        tested = "" if now.planned else f": {run.commit[:7]} was tested before"
        return f"run {run.number} passed{tested}{why}"
    already = " already: nothing had to move" if set(run.deliver) <= set(now.unneeded) else ""
    anew = " with its new configuration" if is_configuration(run) else ""
    brought = [one.commit for one in now.deployments.values()] if is_configuration(run) else []
    commit = (brought or [run.commit])[0]  # what served by the time that its turn came
    return f"{commit[:7]} serves in {listed(list(run.deliver))}{anew}{already}"


def _hints(now: Journey) -> list[str]:
    """What to do; what is to be typed on a line of its own."""
    hint = next((str(fact.data.get("hint") or "") for fact in now.stopped[:1]), "")
    said, ready, command = hint.partition(f"{READY}: ")
    return [f"{said}{READY}:", f"{COMMAND}{command}"] if ready else [hint] if hint else []


def _took(began: float | None, ended: float | None) -> str:
    return "" if began is None or ended is None else length(ended - began)
