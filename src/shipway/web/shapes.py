"""What the API shows of each noun. Times are seconds since 1970, commits whole, absent things null."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from shipway.hosts.keeper.spec import InstanceState
from shipway.incidents import follow, heard
from shipway.signals.summary import Summary
from shipway.state.channels import Channel
from shipway.state.configurations import Configuration
from shipway.state.decisions import Decision
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.holds import Hold
from shipway.state.instances import Instance
from shipway.state.messages import Message
from shipway.state.releases import Release, Serving
from shipway.state.runs import Run, Step
from shipway.state.stuck import Stuck
from shipway.state.tokens import Token
from shipway.web.quarantines import Quarantine

Shape = dict[str, Any]


def run(one: Run) -> Shape:
    """A run without its plan, which is the engine's own business."""
    shown = asdict(one)
    del shown["plan"]
    return {**shown, "deliver": list(one.deliver), "over": one.over}


def step(one: Step) -> Shape:
    return {**asdict(one), "needs": list(one.needs)}


def deployment(one: Deployment, number: int) -> Shape:
    """`release_number` is what people say: 3 for r3."""
    return {**asdict(one), "release_number": number}


def release(one: Release) -> Shape:
    return asdict(one)


def serving(now: Serving, release: Release, warm: Release | None) -> Shape:
    """What serves, since when, and what a rollback finds still warm."""
    return {
        "release": release.number,
        "commit": release.commit,
        "digest": release.digest,
        "configuration": release.configuration,
        "deployment": now.deployment,
        "epoch": now.epoch,
        "since": now.since,
        "warm": None if warm is None else {**asdict(warm), "until": now.warm_until},
    }


def configuration(one: Configuration) -> Shape:
    """The values, and of the secrets the names alone."""
    return {
        "version": one.version,
        "values": dict(one.values),
        "secrets": list(one.secret_names),
        "who": one.who or None,
        "created": one.created or None,
    }


def instances(wanted: Sequence[Instance], states: Sequence[InstanceState] | None) -> list[Shape]:
    """What should run beside what the keeper says; without its answer the state is "not known", never a guess."""
    found = {state.id: state for state in states or ()}
    return [_instance(one, found.get(one.id), states is not None) for one in wanted]


def _instance(one: Instance, state: InstanceState | None, answered: bool) -> Shape:
    shown: Shape = {"id": one.id, "process": one.process, "position": one.position, "port": one.port}
    if state is None:
        return {
            **shown,
            "state": "absent" if answered else "not known",
            "pid": None,
            "restarts": None,
            "since": None,
            "again_at": None,
        }
    return {
        **shown,
        "state": state.state,
        "pid": state.pid,
        "restarts": state.restarts,
        "since": state.since,
        "exit_code": state.exit_code,
        "again_at": state.again_at,
    }


def token(one: Token) -> Shape:
    return asdict(one)


def fact(one: Fact) -> Shape:
    return {**asdict(one), "data": dict(one.data)}


def failing(some: Summary | None) -> Shape | None:
    """How many of the requests of the last `seconds` failed."""
    return None if some is None else {"requests": some.requests, "failed": some.errors, "seconds": some.seconds}


def stuck(one: Stuck | None) -> Shape | None:
    """What is frozen in an environment: `release` has `share` of 100 requests, `before` the others, by number."""
    if one is None:
        return None
    return {
        "release": one.release.number,
        "commit": one.release.commit,
        "share": one.share,
        "before": None if one.before is None else one.before.number,
        "since": one.since,
        "state": one.state,
        "says": one.says,
    }


def decision(one: Decision | None) -> Shape | None:
    """Who gave r<release> all requests, why, and past the data change of which release; `back` is the environment
    that was rolled back by that, if one was.
    """
    return None if one is None else {**asdict(one), "says": one.says}


def hold(one: Hold) -> Shape:
    return asdict(one)


def quarantine(one: Quarantine) -> Shape:
    """Its hold, whether that is `in_force` now, and what `says` so."""
    return {**hold(one.hold), "in_force": one.in_force, "says": one.says}


def channel(one: Channel) -> Shape:
    """A channel without its URL, which nobody is ever shown."""
    shown = asdict(one)
    del shown["sealed"]
    return shown


def message(one: Message) -> Shape:
    """A message without who is sending it just now; `follows`: update, worse, ended, fix or well again; `reached`:
    whose channel took it, its person's or the owner's in their place, and `by` that in words.
    """
    shown = {**asdict(one), "follows": follow.word(one) or None, "by": heard.by(one) or None}
    del shown["lease"], shown["lease_until"]
    return shown
