"""An environment: what serves there on what, which releases there were, and the way back."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import HTMLResponse, Response

from shipway.environments import data
from shipway.errors import UserError
from shipway.state import configurations, decisions, deployments, errors, holds, releases, runs, stuck
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.stuck import Stuck
from shipway.traffic.addresses import address
from shipway.web import beside, differences, lookups, marks, sentences, shares, trials, words
from shipway.web.api import differences as differences_api
from shipway.web.api import signals
from shipway.web.call import Call
from shipway.web.differences import Difference
from shipway.web.overview.rates import of_them_failed
from shipway.web.pages import (
    channel,
    chart,
    deciding,
    instance_lines,
    last_minute,
    measure_lines,
    probe_lines,
    release_lines,
    ways,
)
from shipway.web.pages.channel import Channel
from shipway.web.pages.instance_lines import Group
from shipway.web.pages.promotion import promotion, way
from shipway.web.pages.release_lines import Line, Now
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.trials import Trial
from shipway.web.words import ago, clock, lasting

BASE = "/applications/{application}/environments/{environment}"
SPANS = {"3m": "3 min", "15m": "15 min", "1h": "1 h", "6h": "6 h", "1d": "1 day", "7d": "7 days"}
FARTHEST = 10**9  # a number that no release reaches
COPIED = 100  # deployments among which those are looked for that left a copy of the data
FIRST = "The first commit that gets through its steps will."
LATER = "The first commit that gets through the environments before this one will."
MEASURED = 2000  # files of one directory: a page is asked for every few seconds


@dataclass(frozen=True)
class Refused:
    """What was wrong with a form of the page: which form, which field, why, and what was written in it."""

    form: str = ""
    field: str = ""
    message: str = ""
    given: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def because(self, error: UserError) -> Refused:
        """The same form, refused with that."""
        return dataclasses.replace(self, message=words.sentences(error.message, error.hint))


def environment_page(site: Site, call: Call) -> Response:
    return drawn(site, call, Refused())


def drawn(site: Site, call: Call, refused: Refused) -> Response:
    """The page, with the form that was refused open."""
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        names = lookups.environments(site, conn, lookups.application(conn, application).name)
        lookups.environment(site, conn, application, environment)
        there = _there(site, conn, application, environment)
        now, left, moving, tried, serving = there.now, there.left, there.moving, there.tried, there.serving
        compared = _compared(site, conn, call, serving, tried)
        held = holds.on(conn, application, environment, "" if serving is None else serving.release.commit)
        frozen = next((hold for hold in held if hold.kind == holds.FREEZE), None)
        return page(
            site,
            call,
            "environment.html",
            here="applications",
            application=application,
            environment=environment,
            names=names,
            open_errors=_open_errors(conn, application, environment, there),
            url=address(application, environment, site.proxy_port),
            now=now,
            serving=serving,
            moving=moving,
            tried=tried,
            stuck=left,
            deciding=deciding.deciding(site, conn, left, None if tried and tried.asking else moving, tried),
            subject="" if tried is None else site.commits.about(application, tried.release.commit).subject,
            so_far="" if tried is None or (moving and tried.asking) else _so_far(site, tried),
            apart_by=_told_apart(site, conn, tried),
            moving_run=None if moving is None else runs.get(conn, moving.run),
            back=None if left is not None else ways.back(site, conn, now),
            forward=ways.forward(site, conn, now, release_lines.way_forward(there.lines, now)),
            failing=_failing(site, application, environment),
            holds=held,
            frozen=frozen,
            replaced=() if frozen is None else holds.replaced_by(conn, frozen),
            way="" if serving is None else way(conn, serving.release, environment),
            promotion=None if moving else promotion(site, conn, application, names, environment, serving),
            compared=compared,
            refused=refused,
            has_releases=bool(there.lines),
            **_listed(site, conn, call, there, compared),
            **_running(site, conn, application, environment, there),
            **_belongings(site, conn, application, environment),
            **_signals(site, call, conn),
            title=_title(environment, there),
            lead=_lead(site, conn, there, first=environment == names[0]),
        )


@dataclass(frozen=True)
class There:
    """What is so in an environment: its newest releases as `lines`, the deployment under way, what is `tried`
    beside what serves, and what was `left` frozen; `stable` is the id of what serves, or is compared with what is
    tried.
    """

    now: Now | None
    left: Stuck | None
    lines: Sequence[Line]
    moving: Deployment | None
    tried: Trial | None
    stable: str | None

    @property
    def serving(self) -> Line | None:
        return next((line for line in self.lines if line.release.id == self.stable), None)


def _at_work(
    conn: Connection, application: str, environment: str
) -> tuple[Now | None, Stuck | None, Deployment | None, Trial | None]:
    """What serves, what is frozen, the deployment under way, and what is tried."""
    now = release_lines.now(conn, application, environment)
    left = stuck.now(conn, application, environment)
    moving = next((one for one in deployments.recent(conn, application, environment, 1) if not one.over), None)
    return now, left, moving, _tried(conn, moving, now, left)


def _there(site: Site, conn: Connection, application: str, environment: str) -> There:
    now, left, moving, tried = _at_work(conn, application, environment)
    lines = release_lines.lines(site, conn, application, environment, now, left)
    return There(now, left, lines, moving, tried, _stable(now, tried))


def _listed(site: Site, conn: Connection, call: Call, there: There, compared: Difference | None) -> dict[str, Any]:
    """The newest releases, or those before the one that was asked for."""
    application, environment = call.place("application"), call.place("environment")
    before, listed = call.number("before", 0, most=FARTHEST), there.lines
    if before:
        listed = release_lines.older(site, conn, application, environment, there.now, before)
    chosen = _chosen(compared, listed)
    return {"before": before, "listed": listed, "oldest": release_lines.oldest(listed), "chosen": chosen}


def _running(site: Site, conn: Connection, application: str, environment: str, there: There) -> dict[str, Any]:
    """The instances, how the requests part among them, what they measure, and what is asked of them."""
    groups = instance_lines.groups(site, conn, application, environment, _living(there))
    names = {f"r{one.release.number}" for one in groups}
    return {
        "groups": groups,
        "channel": _channel(groups, there.stable, there.tried),
        "measures": measure_lines.lines(site, application, environment, names),
        "probes": probe_lines.lines(site, application, environment),
    }


def _open_errors(conn: Connection, application: str, environment: str, there: There) -> str:
    """How many errors are open of what has requests, or comes; without any, how many are of what has none."""
    serving = None if there.now is None else there.now.serving
    coming = None if there.moving is None else there.moving.release
    left = None if there.left is None else there.left.release.id
    here = {there.stable, None if serving is None else serving.release, coming, left} - {None}
    met = errors.open_of(conn, application, environment, [one for one in here if one is not None])
    if met:
        return words.several(met, "open error")
    every = errors.open_in(conn, application, environment)
    last = errors.last_open_of(conn, application, environment)
    if not every or last is None:
        return words.several(every, "open error") if every else ""
    of = f"of r{releases.get(conn, last).number}, which does not serve"
    return f"{words.several(every, 'open error')} {of if every == 1 else f'from before, the last {of}'}"


def _failing(site: Site, application: str, environment: str) -> str:
    """How many requests fail, if most did, until no more than a quarter does."""
    failing = site.rates.failing(application, environment)
    return "" if failing is None else of_them_failed(failing)


def _channel(groups: Sequence[Group], stable: str | None, tried: Trial | None) -> Channel:
    serving = _of(groups, stable)
    if tried is None:
        return channel.channel(serving, None, 0)
    return channel.channel(serving, _of(groups, tried.release.id), tried.share)


def _belongings(site: Site, conn: Connection, application: str, environment: str) -> dict[str, Any]:
    """What stays whatever is deployed: values and secrets, data, and copies of it."""
    return {
        "configuration": configurations.newest(conn, application, environment),
        "waiting": differences.waiting(site, conn, application, environment),
        "kept": data.kept(site.places, application, environment, MEASURED),
        "copies": data.copies(site.places, application, environment, MEASURED),
        "copied_for": _copied_for(conn, application, environment),
    }


def _compared(
    site: Site, conn: Connection, call: Call, serving: Line | None, tried: Trial | None
) -> Difference | None:
    """The difference between the releases chosen; else between what serves and what is beside or before it."""
    application, environment = call.place("application"), call.place("environment")
    chosen = [lookups.release(conn, application, environment, said) for said in call.queries("compare")]
    chosen = chosen or ([] if tried is None else [tried.release])
    if not chosen and serving is None:
        return None
    if len(chosen) < 2 and serving is not None:
        chosen.append(serving.release)
    old, new = (choose(chosen, key=lambda one: one.number) for choose in (min, max))
    before = differences_api.usual_old(conn, new) if old.id == new.id else old
    return None if before is None else differences.between(site, conn, before, new)


def _chosen(compared: Difference | None, listed: Sequence[Line]) -> list[int]:
    """The numbers of the releases that are compared and stand on another page of the list."""
    here = {line.release.number for line in listed}
    both = () if compared is None else (compared.new.number, compared.old.number)
    return [number for number in both if number not in here]


def _living(there: There) -> list[Line]:
    """The releases that may have instances: what serves first, then what shares its requests, comes or is warm."""
    known = {line.release.id: line for line in there.lines}
    serving = None if there.now is None else there.now.serving
    here = [] if serving is None else [serving.release, serving.warm]
    coming = None if there.moving is None else there.moving.release
    beside = [coming, None if there.left is None else there.left.release.id]
    wanted = dict.fromkeys([there.stable, *beside, *here])
    return [known[one] for one in wanted if one in known]


def _copied_for(conn: Connection, application: str, environment: str) -> dict[str, int]:
    """Which release a copy of the data was made before, by the name of the copy: that of its deployment."""
    numbers = {one.id: one.number for one in releases.recent(conn, application, environment, limit=COPIED)}
    recent = deployments.recent(conn, application, environment, limit=COPIED)
    return {f"{one.id}/": numbers[one.release] for one in recent if one.release in numbers}


def _of(groups: Sequence[Group], release: str | None) -> Group | None:
    return next((one for one in groups if one.release.id == release), None)


def _signals(site: Site, call: Call, conn: Connection) -> dict[str, Any]:
    """What production says: the charts of the chosen span, and the last minute of each release."""
    application, environment = call.place("application"), call.place("environment")
    now, asked = time.time(), call.query("span")
    span = (
        asked if asked in signals.SPANS else _fitting(deployments.first_switched(conn, application, environment))
    )
    length, step, _ring = signals.SPANS[span]
    recent = deployments.recent(conn, application, environment, limit=signals.FAR)
    marked = marks.marks(conn, environment, recent, now - length)
    parted = beside.beside(conn, environment, recent, now - length)
    drawn = chart.charts(signals.history(site, call, span), marked, parted, span=length, length=step, now=now)
    spoken = signals.now(site, call, last_minute.SECONDS)
    lately = last_minute.last_minute({name: readings for name, readings, _ in spoken})
    return {
        "span": span,
        "spans": SPANS,
        "charts": drawn,
        "apart": [one for one in drawn.beside if one.ends is None],
        "marked": {one.kind for one in marked},
        "lately": lately.whole,
        "deaf": round(lately.deaf),
        "said": lately.parts,
    }


def _fitting(first: float | None) -> str:
    """The shortest span in which everything is since `first` (seconds since 1970), at most the usual one."""
    known, offered = time.time() - (first or 0.0), list(signals.SPANS)
    shorter = offered[: offered.index(signals.USUAL)]
    return next((name for name in shorter if signals.SPANS[name][0] >= known), signals.USUAL)


def _tried(conn: Connection, moving: Deployment | None, now: Now | None, left: Stuck | None) -> Trial | None:
    """What has a share of the requests just now: it is on trial, or frozen, or serves and the release before is
    asked.
    """
    if left is not None and left.before is not None and left.share < shares.EVERYTHING:
        return trials.read_beside(conn, left.release, left)
    if moving is not None:
        coming = trials.read_beside(conn, releases.get(conn, moving.release), left)
        if coming.fate == "on trial":
            return coming if coming.before is not None else None
    if now is None or not release_lines.is_parted(conn, moving, now):
        return None
    trial = trials.read_beside(conn, releases.get(conn, now.serving.release), left)
    return trial if trial.asking and trial.before is not None else None


def _stable(now: Now | None, tried: Trial | None) -> str | None:
    """The id of what serves; while that is compared with the release before it, of that one."""
    if (
        tried is not None
        and now is not None
        and tried.release.id == now.serving.release
        and tried.before is not None
    ):
        return tried.before.id
    return None if now is None else now.serving.release


def _title(environment: str, there: There) -> str:
    serving, moving = there.serving, there.moving
    if there.left is not None:
        return f"{there.left.title} of {environment}"
    if there.tried is not None:
        return f"r{there.tried.release.number} has {there.tried.share} % of the requests to {environment}"
    if moving is not None:
        return f"{_coming(there, moving)} is on its way to {environment}"
    if serving is None:
        return f"Nothing serves in {environment} yet"
    return f"r{serving.release.number} serves in {environment}"


def _coming(there: There, moving: Deployment) -> str:
    """Its commit; where that is the one that serves, which release it is."""
    alike = there.serving is not None and there.serving.release.commit == moving.commit
    known = next((one.release for one in there.lines if one.release.id == moving.release), None)
    return f"r{known.number}" if alike and known is not None else moving.commit[:7]


def _lead(site: Site, conn: Connection, there: There, *, first: bool) -> str:
    """The subject of what it is about, as nobody knows a hash, and what is so with it."""
    about = there.left or there.tried or there.serving
    if about is None:
        return "It is the first." if there.moving is not None else FIRST if first else LATER
    subject = site.commits.about(about.release.application, about.release.commit).subject
    return words.sentences(subject, _says(site, conn, there))


def _says(site: Site, conn: Connection, there: There) -> str:
    now = there.now
    if there.left is not None:
        return _frozen(there.left)
    if there.tried is not None:
        return words.sentences(_told_apart(site, conn, there.tried), _on_trial(there.tried))
    if now is None:
        return ""
    decided = decisions.of_run(conn, now.by.run)
    if decided is not None:
        return f"{decided.says}, {ago(now.serving.since)}."
    if now.went_back:
        return f"{runs.get(conn, now.by.run).who} went back to it {ago(now.serving.since)}."
    return f"It has served for {lasting(now.serving.since)}."


def _frozen(left: Stuck) -> str:
    cause = f"{left.cause[:1].upper()}{left.cause[1:]}"
    if left.why:
        return f"{left.why} Since {clock(left.since)} {left.shares}. {cause}; {left.way_out}."
    return f"It was judged bad at {clock(left.since)}: {left.shares}. {cause}; {left.way_out}."


def _told_apart(site: Site, conn: Connection, tried: Trial | None) -> str:
    """What is tried, beside one of the same commit."""
    if tried is None or tried.before is None:
        return ""
    return differences.told_apart(site, conn, tried.before, tried.release)


def _on_trial(tried: Trial) -> str:
    """Since when it is judged, beside what."""
    since, before = clock(tried.moves[-1].at), tried.before
    others = "" if before is None else f"; r{before.number} has the other {100 - tried.share} %"
    looked = "It had all requests and looked bad. " if tried.asking else ""
    return f"{looked}Judged since {since}{others}."


def _so_far(site: Site, tried: Trial) -> str:
    """What is known by now, and what happens if nobody acts; nothing of one that is frozen."""
    verdict = trials.so_far(site.story.cast, tried)
    return "" if verdict is None else sentences.so_far(tried, verdict)


def so_far(site: Site, call: Call) -> Response:
    """That alone, for pages that ask for it every second; no content while nothing is tried."""
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
        *_others, moving, tried = _at_work(conn, application, environment)
    says = "" if tried is None or (moving and tried.asking) else _so_far(site, tried)
    if not says:
        return Response(status_code=204)
    place = BASE.format(application=application, environment=environment)
    return HTMLResponse(site.templates.get_template("so_far.html").render(place=place, says=says))


ROUTES = (
    declare("GET", BASE, environment_page, who="user"),
    declare("GET", f"{BASE}/so-far", so_far, who="user"),
)
