"""A run: what failed first, the way of its steps, and its log as it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import RedirectResponse, Response

from shipway.incidents.letter import listed
from shipway.state import messages, releases, runs
from shipway.state.database import Connection
from shipway.state.runs import Step
from shipway.story import carry
from shipway.traffic.addresses import address
from shipway.web import anew, held, holding, icons, journey, lookups, outcomes, printed, step_logs, trials
from shipway.web.call import Call
from shipway.web.journey import Journey
from shipway.web.pages import graph
from shipway.web.pages.rendering import page
from shipway.web.pages.run_list import BACK, BLOCKED, STATES
from shipway.web.purposes import is_configuration
from shipway.web.routes import declare
from shipway.web.sentences import so_far
from shipway.web.site import Site
from shipway.web.untouched import stays_set, untouched
from shipway.web.words import length, plain, sentences

LINES = 14  # of a log, in the card that shows what failed first
LOOKED_AT = 4000  # lines at the end of a log, among which is what explains a failure
NEAR = 1 << 30  # bytes, of a log in which that is looked for
FIRST = ("failed", "First failure")
TIERS = {
    "bubblewrap": "Each step ran in a room of its own (bubblewrap): it saw its tree and nothing else.",
    "landlock": "Steps saw only their own files (Landlock), but the other processes of this machine.",
    "plain": "No sandbox works on this machine: steps could see everything of the person who runs Shipway.",
}


@dataclass(frozen=True)
class Failure:
    """What failed first: its name, how, and the lines that explain it; `line` is the first of them in the log.

    What a closed gate stopped, or was rolled back, did not fail: `state` has the shape and the word for it.
    """

    name: str
    how: str
    lines: list[str]
    hint: str
    address: str | None
    line: int | None = None
    state: tuple[str, str] = FIRST


def run_page(site: Site, call: Call) -> Response:
    with site.database.read() as conn:
        now = journey.read(conn, lookups.run(conn, call.place("run")).id)
        still, gone = _still_serves(conn, now), _gone(conn, now)
        retried, not_again = runs.retried(conn, now.run), carry.why_not_again(conn, now.run)
        apart = printed.of_run(conn, now.run.id)
        told = messages.recent(conn, application=now.run.application, commit=now.run.commit)
        attempts = runs.steps_of(conn, now.run.id)
        tried = _tried(site, conn, now)
        kept = list(held.against(conn, now.run)) if now.run.over and now.run.purpose != "rollback" else []
    run = now.run
    columns = graph.columns(now)
    return page(
        site,
        call,
        "run.html",
        here="runs",
        now=now,
        run=run,
        did=_did(now),
        spoken=f"{run.application}:{run.number}",
        info=site.commits.about(run.application, run.commit),
        title=_title(now, still, gone),
        gone=gone,
        state=BACK if gone or now.taken_back else BLOCKED if now.blocked is not None else STATES[run.state],
        retried=retried,
        not_again=not_again,
        again="" if not_again else anew.says(site.database, site.places, run),
        failure=_failure(site, now),
        suspicion=_suspicion(now),
        untouched=" ".join(
            f"{said[0].upper()}{said[1:]}." for said in [*untouched(now), *stays_set(now)] if now.run.over
        ),
        held=" ".join(kept),
        tried=tried,
        columns=columns,
        picture=graph.in_words(columns),
        tier=TIERS.get(run.tier, ""),
        urls={name: address(run.application, name, site.proxy_port) for name in run.deliver},
        log=_log(now, attempts, call.query("step"), call.number("attempt", 0, most=1000)),
        logged=sum(step_logs.lines(site, step).size for step in attempts),
        printed=apart,
        told=list(reversed(told)),
    )


def _did(now: Journey) -> str:
    """What was done with its commit by whoever it is of."""
    if now.decided is not None and not now.decided.back and now.run.purpose == "rollback":
        return "gave all requests to"
    if is_configuration(now.run):
        return "gave a new configuration to"
    return {"push": "pushed", "deploy": "deployed", "rollback": "went back to"}[now.run.purpose]


def cancel(site: Site, call: Call) -> Response:
    with site.database.read() as conn:
        run = lookups.run(conn, call.place("run"))
    site.story.cancel(run.id, call.who)
    return RedirectResponse(f"/runs/{run.application}:{run.number}", 303)


def run_again(site: Site, call: Call) -> Response:
    with site.database.read() as conn:
        run = lookups.run(conn, call.place("run"))
    made = site.story.retry(run.id, call.who)
    return RedirectResponse(f"/runs/{made.application}:{made.number}", 303)


def _still_serves(conn: Connection, now: Journey) -> bool:
    """Whether every environment the run went to serves its commit now; or the release with what was set."""
    run, brought = now.run, {one.release for one in now.deployments.values()}
    serving = [releases.now_serving(conn, run.application, name) for name in run.deliver]
    if is_configuration(run) and brought:
        return all(each is not None and each.release in brought for each in serving)
    return all(each is not None and releases.get(conn, each.release).commit == run.commit for each in serving)


def _tried(site: Site, conn: Connection, now: Journey) -> Mapping[str, tuple[int, str]]:
    """By the environments where what it brought is tried: of 100 requests how many it has, and what is known."""
    found = {}
    for name, deployment in now.deployments.items():
        share = holding.held(now, name)
        if share is not None:
            trial = trials.read(conn, releases.get(conn, deployment.release))
            verdict = trials.so_far(site.story.cast, trial)
            found[name] = share.share, "" if verdict is None else so_far(trial, verdict)
    return found


def _gone(conn: Connection, now: Journey) -> list[str]:
    """The environments in which it had all requests, and from which it was rolled back since."""
    if now.run.state != "passed":
        return []
    brought = [one.release for one in now.deployments.values() if one.state == "done"]
    return outcomes.gone(now, {one: trials.read(conn, releases.get(conn, one)).fate for one in brought})


def _title(now: Journey, still: bool, gone: Sequence[str]) -> tuple[str, str]:
    """A sentence about now: its beginning if that is a name, and the rest, with other names between backticks."""
    if now.run.state == "failed":
        return _failed(now)
    if now.run.state == "running":
        return _busy(now)
    if now.run.state == "passed":
        return _passed(now, still, gone)
    if now.run.state == "cancelled":
        return now.run.commit[:7], " was cancelled"
    return "", {
        "queued": "Waiting for its turn",
        "superseded": "A newer push took its place",
    }[now.run.state]


def _passed(now: Journey, still: bool, gone: Sequence[str]) -> tuple[str, str]:
    commit, places = now.run.commit[:7], listed(list(now.run.deliver))
    if now.decided is not None and not now.decided.back:
        return commit, f" {'has' if still else 'got'} all requests of {places}"
    if now.run.purpose == "rollback":
        return commit, f" {'serves in' if still else 'went back to'} {places}{' again' if still else ''}"
    what, subject = _what(now)
    if gone:
        return what, f"{subject} went to {places}, and was rolled back from {listed(list(gone))}"
    if now.run.deliver:
        return what, f"{subject} {'serves in' if still else 'went to'} {places}"
    return "", "Everything passed"


def _what(now: Journey) -> tuple[str, str]:
    """What it brings: its commit, which is a name, or what was set since for a commit that served already."""
    return ("", "The new configuration") if is_configuration(now.run) else (now.run.commit[:7], "")


def _failed(now: Journey) -> tuple[str, str]:
    if now.failed_steps:
        step = now.failed_steps[0]
        return step.name, f" {step.state}" if step.state != "lost" else " was lost: its machine went down"
    said = _not_deployed(now)
    if said is not None:
        return said
    if now.blocked is not None:
        what, subject = _what(now)
        return what, f"{subject} was blocked before it came to {now.blocked.environment or 'an environment'}"
    if now.failed_rehearsal is not None:
        return "", f"The {now.failed_rehearsal.title} failed"
    return "", "The run could not go on" if now.steps else "The run could not start"


def _not_deployed(now: Journey) -> tuple[str, str] | None:
    for name, one in now.deployments.items():
        if name in now.stuck:
            return now.stuck[name].release.commit[:7], f" is {now.stuck[name].state} of the requests to {name}"
        if one.state == "unknown":
            return "", f"Nobody can know how the deployment to {name} ended"
        if name == now.taken_back:
            what, subject = _what(now)
            return what, f"{subject} was rolled back from {name}"
        if one.state == "failed":
            return "", f"The deployment to {name} was undone"
    return None


def _busy(now: Journey) -> tuple[str, str]:
    rehearsing = [one.title for one in now.rehearsals if one.ended is None]
    if rehearsing:
        return now.run.commit[:7], f" is on its way: the {listed(rehearsing)}"
    going = [name for name, one in now.deployments.items() if not one.over]
    if going:
        what, subject = _what(now)
        return what, f"{subject} is on its way to {listed(going)}"
    steps = [f"`{step.name}`" for step in now.steps.values() if step.state == "running"]
    return "", f"{listed(steps)} {'is' if len(steps) == 1 else 'are'} running" if steps else "Under way"


def _failure(site: Site, now: Journey) -> Failure | None:
    if now.run.state != "failed" and not now.failed_steps:
        return None
    if now.failed_steps:
        step = now.failed_steps[0]
        took = length((step.ended or 0.0) - (step.started or 0.0))
        how = f"exit status {step.exit_code}" if step.state == "failed" else step.state
        lines = _lines(step.excerpt)
        line = _place(site, step, lines)
        there = f"?step={step.name}#{f'L{line}' if line else 'log'}"
        return Failure(step.name, f"{how} after {took}", lines, "", there, line)
    hint = next((str(fact.data.get("hint", "")) for fact in now.stopped), "")
    if now.blocked is not None:
        says = str(now.blocked.data.get("message") or now.run.reason)
        where = now.blocked.environment
        name = "run" if where is None else now.called(where)
        return Failure(name, sentences(says), [], hint, None, None, BLOCKED)
    if (one := now.failed_deployment) is not None:
        state = BACK if one.environment == now.taken_back else FIRST
        name = f"deployment to {one.environment}"
        return Failure(name, one.reason, _lines(one.excerpt), hint, None, state=state)
    if (rehearsal := now.failed_rehearsal) is not None:
        return Failure(rehearsal.title, rehearsal.says, _lines(rehearsal.excerpt), hint, None)
    first, *more = now.run.reason.split("\n")
    return Failure(
        "shipway.yml" if not now.steps else "run",
        first.removesuffix(":"),
        [plain(line).strip() for line in more],
        hint,
        None,
    )


def _suspicion(now: Journey) -> Mapping[str, Any] | None:
    """Who is suspected of what failed first, once that was looked at."""
    return now.suspicions.get(now.failed_steps[0].name) if now.failed_steps else None


def _lines(excerpt: str) -> list[str]:
    """The lines that explain a failure, without colours; the log shows them with."""
    lines = [plain(line) for line in excerpt.splitlines()]
    return [line for line in lines if line.strip()][:LINES]


def _place(site: Site, step: Step, lines: Sequence[str]) -> int | None:
    """The line of the log that is the first of these, looked for near its end."""
    log = step_logs.lines(site, step)
    if lines and log.size < NEAR:
        last = log.window(log.count() - LOOKED_AT, LOOKED_AT + 1).lines
        found = [line.number for line in last if plain(line.text).strip() == lines[0].strip()]
        return found[-1] if found else None
    return None


@dataclass(frozen=True)
class Log:
    """Which log the page shows, and its `end` in a shape and words; `others` are attempts of the same step."""

    run: str
    step: str
    attempt: int
    name: str
    live: bool
    end: tuple[str, str]
    ended: float | None
    others: Sequence[int]

    @property
    def address(self) -> str:
        """All of it."""
        return f"/api/v1/runs/{self.run}/log?step={self.step}&attempt={self.attempt}&follow=1"


def _log(now: Journey, attempts: Sequence[Step], chosen: str | None, attempt: int) -> Log | None:
    """The step asked for; else what failed first, what runs, what ended last: none if a deployment failed."""
    if chosen not in now.steps and (now.failed_deployment or now.failed_rehearsal) is not None:
        return None
    busy = [step for step in now.steps.values() if step.state == "running"]
    step = now.steps.get(chosen or "") or next(iter([*now.failed_steps, *busy, *reversed(now.ended)]), None)
    if step is None:
        return None
    same = {one.attempt: one for one in attempts if one.name == step.name}
    step = same.get(attempt, step)
    others = [number for number in same if number != step.attempt]
    live = step.state == "running"
    return Log(
        step.run,
        step.name,
        step.attempt,
        step_logs.name(step),
        live,
        _end(step),
        step.ended,
        others,
    )


def _end(step: Step) -> tuple[str, str]:
    """The shape and the words of what its log ends with."""
    if step.state in ("running", "cancelled", "timed out", "lost"):
        return icons.STEPS.get(step.state, "failed"), step.state.capitalize()
    if step.exit_code is None:
        return "failed", "ended without an exit status"
    return "failed" if step.exit_code else "passed", f"exit status {step.exit_code}"


ROUTES = (
    declare("GET", "/runs/{run}", run_page, who="user"),
    declare("POST", "/runs/{run}/cancel", cancel, who="user"),
    declare("POST", "/runs/{run}/retry", run_again, who="user"),
)
