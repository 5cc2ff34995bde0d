"""Why a commit is, or is not, where it is: what happened to it in one environment, as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from shipway.incidents import heard, new_errors
from shipway.incidents.letter import listed, shortened
from shipway.incidents.proof import proof
from shipway.incidents.sure import sure
from shipway.releases.gate import GATES, UNTIL
from shipway.state import decisions, deployments, facts, messages, releases, runs
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.web import printed
from shipway.web.untouched import half_undone
from shipway.web.words import length, plain, unsaid

FAILED = ("step.failed", "step.timed_out", "step.lost")
GAVE_UP = ("deployment.undo", "deployment.stuck", "deployment.unknown")
REPORTED = ("error.new", "error.regressed")
SUSPECTED = "error.suspected"
EXPLAINS = (*REPORTED, "release.printed")
FAR = 200  # deployments of an environment, the newest
TITLE = 160  # characters of an error
MESSAGES = 100  # about one commit, the newest
Data = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """A sentence, and the fact it came from; `lines` of a log are what explains it."""

    at: float
    kind: str
    fact: int
    says: str
    lines: Sequence[str] = ()


@dataclass(frozen=True)
class Said:
    """`what` happened, `more` of it after a colon or what else they are `joined` by, and `why` in brackets."""

    what: str
    more: str = ""
    why: str = ""
    joined: str = ": "

    def __str__(self) -> str:
        why = f" ({self.why[0].lower()}{self.why[1:]})" if self.why else ""
        return f"{self.what}{why}{self.joined if self.more else ''}{self.more}"


def events(conn: Connection, application: str, environment: str, commit: str) -> list[Event]:
    """What is on record of a commit (a whole id) in one environment, oldest first."""
    found = facts.after(conn, 0, application=application, environment=environment, commit=commit, limit=1000)
    rehearsed = facts.after(conn, 0, application=application, commit=commit, kinds=REHEARSED)
    bound = [fact for fact in rehearsed if environment in fact.data["before"]]
    every = {fact.id: fact for fact in [*found, *bound]}
    stops = (fact for _, fact in sorted(every.items()) if fact.kind != "run.stopped" or fact.data["id"] in GATES)
    told = [fact for fact in stops if not _is_told_as_taken(conn, fact)]
    judged = [str(fact.data["reason"]) for fact in found if fact.kind.startswith("verdict.")]
    happened = [event for fact in told if (event := _event(conn, fact, judged, found)) is not None]
    failed = _failed_steps(conn, application, environment, commit)
    before = _before(conn, application, environment, commit)
    lost = _lost(conn, application, environment, commit)
    told_of = _heard(conn, application, environment, commit)
    return sorted([*failed, *before, *happened, *lost, *told_of], key=lambda event: (event.at, event.fact))


def _failed_steps(conn: Connection, application: str, environment: str, commit: str) -> Iterator[Event]:
    """Those because of which a run did not bring it there."""
    for fact in facts.after(conn, 0, application=application, commit=commit, kinds=FAILED):
        run = runs.get(conn, str(fact.run))
        if environment not in run.deliver:
            continue
        step, code = fact.data["step"], fact.data.get("exit_code")
        how = fact.kind.removeprefix("step.").replace("_", " ")
        how += "" if code is None or fact.kind != "step.failed" else f" with exit status {code}"
        says = f"`{step}` of run {run.number} {how} (shipway logs {run.number} --step {step})"
        yield Event(fact.at, fact.kind, fact.id, says, printed.explaining(str(fact.data.get("excerpt") or "")))


def _before(conn: Connection, application: str, environment: str, commit: str) -> Iterator[Event]:
    """What ended its way in an environment that comes before, and the errors that it reported there."""
    ends = facts.after(conn, 0, application=application, commit=commit, kinds=GAVE_UP)
    ended = [fact for fact in ends if _comes_before(conn, fact, environment)]
    for fact in ended:
        where, reason = fact.environment, _reason(fact.data)
        says = f"it did not get through {where}, which comes before {environment}: {reason}"
        lines, log = _of_application(conn, fact)
        yield Event(fact.at, fact.kind, fact.id, f"{says}{log}", lines)
    for where in dict.fromkeys(str(fact.environment) for fact in ended):
        kinds = [*REPORTED, SUSPECTED]
        found = facts.after(conn, 0, application=application, environment=where, commit=commit, kinds=kinds)
        for fact in found:
            if fact.kind in REPORTED:
                yield Event(fact.at, fact.kind, fact.id, str(said(_led(fact, found), f" in {where}")))


def _comes_before(conn: Connection, fact: Fact, environment: str) -> bool:
    way = list(runs.get(conn, str(fact.run)).deliver)
    return environment in way and fact.environment in way[: way.index(environment)]


def _of_application(conn: Connection, fact: Fact) -> tuple[Sequence[str], str]:
    """The lines with which the application explains why a deployment was given up, and where all of them are."""
    deployment = deployments.get(conn, str(fact.data["deployment"]))
    lines = printed.explaining(deployment.excerpt)
    if not lines:
        return (), ""
    whole = printed.of(conn, deployment)
    command = f"shipway logs {runs.get(conn, deployment.run).number}" if whole is None else whole.command
    return lines, f" ({command})"


def _heard(conn: Connection, application: str, environment: str, commit: str) -> Iterator[Event]:
    """Who was told of it there, or of what kept it from every environment."""
    told = {one.id: one for one in messages.recent(conn, application=application, commit=commit, limit=MESSAGES)}
    for fact in facts.after(conn, 0, application=application, commit=commit, kinds=["message.sent"]):
        one = told.get(str(fact.data["message"]))
        if one is not None and fact.environment in (None, environment):
            yield Event(fact.at, fact.kind, fact.id, f"{heard.told(one)}, by {one.service}")


def _lost(conn: Connection, application: str, environment: str, commit: str) -> Iterator[Event]:
    """That something else took the requests which it had, each time."""
    recent = deployments.recent(conn, application, environment, FAR)
    done = [one for one in reversed(recent) if one.state == "done"]
    for had, by in pairwise(done):
        if had.commit == commit != by.commit and (event := _taken(conn, had, by)) is not None:
            yield event


def _taken(conn: Connection, had: Deployment, by: Deployment) -> Event | None:
    moved = facts.after(conn, 0, runs=[by.run], environment=by.environment, kinds=["deployment.switched"])
    if not moved:
        return None
    old, new = releases.get(conn, had.release).number, releases.get(conn, by.release).number
    back = by.kind == "rollback" and new < old
    who, decided = runs.get(conn, by.run).who, decisions.of_run(conn, by.run) if back else None
    went = f"{who} rolled {by.environment} back to r{new}"
    again = "that has all requests again"
    went = f"{went}: {again}" if decided is None else f"{went}, and {again}: “{decided.why}”"
    says = went if back else f"r{new}, {by.commit[:7]}, took the place of r{old}"
    return Event(moved[-1].at, "release.rolled_back" if back else "release.replaced", moved[-1].id, says)


def _rolled_back(conn: Connection, fact: Fact) -> Deployment | None:
    """What somebody who gave a reason for it rolled back by, once requests have moved."""
    if fact.kind != decisions.FACT or not decisions.of_fact(fact).back:
        return None
    made = deployments.of_run(conn, str(fact.run), str(fact.environment))
    return made if made is not None and made.kind == "rollback" and made.switched is not None else None


def _is_told_as_taken(conn: Connection, fact: Fact) -> bool:
    """Whether it is said with the requests that it took from its commit, by who took them and why."""
    made = _rolled_back(conn, fact)
    return made is not None and made.state == "done" and made.commit != fact.commit


def said(fact: Fact, here: str = "") -> Said | None:
    """What a fact says of its commit, if it says anything of where that is; `here` names the environment where
    that is not plain: ` in prod`.
    """
    say = SENTENCES.get(fact.kind)
    about = {"environment": fact.environment, "who": fact.who, "here": here}
    return None if say is None else say({**fact.data, **about})


def _event(conn: Connection, fact: Fact, judged: Sequence[str], every: Sequence[Fact]) -> Event | None:
    """Why it was judged so stands where it was, and not again where something came of it. Where no error among
    `every` fact says what went wrong with a bad one, its log may.
    """
    found = said(_led(fact, every))
    if _rolled_back(conn, fact) is not None:
        found = Said(decisions.of_fact(fact).says)
    if found is None or not found.what:
        return None
    says = str(found) if fact.kind.startswith("verdict.") else unsaid(str(found), judged)
    if fact.kind == "verdict.bad" and not any(one.kind in EXPLAINS for one in every):
        says = f"{says} (shipway logs --env {fact.environment} --release r{fact.data['release']})"
    lines, log = _of_application(conn, fact) if fact.kind in GAVE_UP else (proving(fact.data), "")
    return Event(happened(fact), fact.kind, fact.id, f"{says.rstrip('.')}{log}" if log else says, lines)


def proving(said: Mapping[str, Any]) -> list[str]:
    """The lines that speak most for who is suspected of what was printed, after their place."""
    first = next(iter(said.get("evidence") or ()), None) if "printed" in said else None
    if not isinstance(first, Mapping):
        return []
    shown = proof(first)
    return [plain(line) for line in (shown.at, *shown.hunk)]


def _leads(data: Data) -> str:
    """What was printed, where, and who is suspected of it: how sure that is, and why."""
    led = f"{data['title']}{new_errors.leading(data)}"
    reason = str(data.get("reason") or "").rstrip(".")
    return f"{led}. {sure(data.get('confidence'))}. {reason}" if data.get("commit") and reason else led


def _led(fact: Fact, every: Sequence[Fact]) -> Fact:
    """An error that was reported, with where it led to as far as that was found since."""
    if fact.kind not in REPORTED:
        return fact
    same = [one.data for one in every if one.kind == SUSPECTED and one.data["error"] == fact.data.get("error")]
    return replace(fact, data={**same[-1], **fact.data}) if same else fact


def happened(fact: Fact) -> float:
    """When what a fact says was so, in seconds since 1970: what was printed is found a moment later."""
    return float(fact.data.get("printed", fact.at)) if fact.kind == "release.printed" else fact.at


def _begun(data: Data) -> Said:
    return Said(
        f"r{data['release']} was to come back"
        if data["kind"] == "rollback"
        else f"r{data['release']} was to serve"
    )


def _reason(data: Data) -> str:
    """Nothing where it was not recorded."""
    return str(data.get("reason", "")).rstrip(".")


def because(data: Data) -> str:
    """Why a share is another than the one shipway.yml names, where that is on record."""
    return f", because {data['why']}" if data.get("why") else ""


def _to(data: Data) -> str:
    return f" to {data['environment']}" if data["here"] else ""


def _rehearsed_with(data: Data) -> str:
    return listed([f"r{old['number']} of {old['environment']}" for old in data["with"]])


def _switched_back(data: Data) -> Said:
    """Only where one is frozen beside it what served before does not have all requests."""
    shares = data.get("shares") or {}
    return Said(
        f"{listed([f'{number} has its {share} %' for number, share in shares.items()])} again" if shares else ""
    )


def _answered(data: Data) -> Said:
    """Before kinds were recorded, every answer was said to be one."""
    good = data.get("kind", "good") == "good"
    did = "the one before did no better" if good else "nobody could tell if the one before does better"
    return Said(f"{did}{data['here']}", "all requests went to it again")


def _judged(kind: str) -> Callable[[Data], Said]:
    return lambda data: Said(f"r{data['release']} {kind} at {data['share']} %", data["reason"])


def _unknown(data: Data) -> Said:
    """Only while its release was on trial: later it is the environment's, and no commit's. What does not say which
    was recorded by an older Shipway.
    """
    name = f"nothing is known of {data['probe']}{data['here']}"
    tried = data.get("tried", True)
    return Said(
        name if tried else "", f"{data['says']}; what has a share of the requests gets no more until it is known"
    )


def _reported(data: Data, which: str) -> Said:
    return Said(
        f"it reported {which}{data['here']}",
        f"{shortened(data['title'], TITLE)}{new_errors.leading(data)} (shipway errors {data['number']})",
    )


REHEARSED = ("rehearsal.passed", "rehearsal.failed", "rehearsal.unneeded")
"""How a rehearsal ended: it is on record where it was, and says why the commit is not further on."""

SENTENCES: Mapping[str, Callable[[Data], Said]] = {
    "deployment.begun": _begun,
    "run.stopped": lambda data: Said("it was not deployed", data["message"]),
    "deployment.overtaken": lambda data: Said(f"it was not deployed{_to(data)}", data["reason"]),
    "deployment.unneeded": lambda data: Said(f"nothing had to move{data['here']}", data["reason"]),
    "rehearsal.passed": lambda data: Said(
        f"its rehearsal in {data['environment']} passed after {length(data['seconds'])}",
        f"it and {_rehearsed_with(data)} work with the same data",
    ),
    "rehearsal.failed": lambda data: Said(
        f"its rehearsal in {data['environment']} failed with {data['part']}", data["reason"]
    ),
    "rehearsal.unneeded": lambda data: Said(f"nothing was rehearsed in {data['environment']}", data["reason"]),
    "deployment.try": lambda data: Said(f"{data['share']} % of the requests went to it{because(data)}"),
    "deployment.asked": lambda data: Said(
        f"it looked bad{data['here']}",
        f"it kept {data['share']} % of the requests, and the one before was asked",
        why=_reason(data),
    ),
    "deployment.answered": _answered,
    "deployment.before_out": lambda data: Said(
        f"it looked bad{data['here']} while r{data['before']}, kept warm, was not healthy either",
        "nothing was held against it",
    ),
    "deployment.before_in_again": lambda data: Said(
        f"the one before was healthy again{data['here']}, or it looked well"
    ),
    "verdict.good": _judged("was judged good"),
    "verdict.bad": _judged("was judged bad"),
    "verdict.not_known": _judged("is not known to be good"),
    "deployment.switched": lambda _data: Said("all requests went to it"),
    "deployment.undo": lambda data: Said("it was given up", data["reason"]),
    "deployment.done": lambda data: Said(f"its deployment was done after {length(data['seconds'])}"),
    "deployment.switched_back": _switched_back,
    "deployment.failed": lambda data: Said(
        half_undone(data["environment"], data["left"]) if "left" in data else "what served before serves as before"
    ),
    "deployment.stuck": lambda data: Said(_reason(data)),
    "deployment.unknown": lambda data: Said("nobody can know how its deployment ended", data["reason"]),
    "commit.quarantined": lambda data: Said(
        f"it was quarantined{data['here']}", UNTIL.format(it="it"), joined=" "
    ),
    "probe.unknown": _unknown,
    "error.new": lambda data: _reported(data, "a new error"),
    "error.regressed": lambda data: _reported(data, "an error that was resolved"),
    "release.printed": lambda data: Said(f"it printed a failure{data['here']}", _leads(data)),
    "commit.suspected": lambda data: Said(
        f"r{data['release']}, {data['brought'][:7]}, printed a failure{data['here']}", _leads(data)
    ),
    "release.silent": lambda data: Said(
        f"it gave no answers{data['here']} and was taken back; nothing is held", data["reason"]
    ),
    "release.decided": lambda data: Said(decisions.of_data(str(data["who"]), data).wants),
    "release.stuck": lambda data: Said(f"nothing can go back{data['here']}", data["reason"]),
    "revert.ready": lambda data: Said(
        "a commit that takes it back is ready", f"on the branch {data['branch']}", joined=" "
    ),
    "revert.left_out": lambda data: Said(
        "no commit is to blame" if data.get("same") else "no commit that takes it back could be made",
        data["reason"],
    ),
    "commit.fixed": lambda data: Said(f"its quarantine{data['here']} ended", f"{data['by'][:7]} has mended it"),
    "commit.cleared": lambda data: Said(f"{data['who']} ended its quarantine", f"“{data['reason']}”"),
}
