"""The sentence that an application's row ends with: what prod, or a gate, says back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.hosts.explanation import telling
from shipway.incidents import heard
from shipway.incidents.failing import Failing
from shipway.incidents.letter import listed
from shipway.state.releases import Release
from shipway.web import by_now, holding
from shipway.web.journey import Journey
from shipway.web.overview import fates
from shipway.web.overview.places import Coming, Place
from shipway.web.overview.standings import Standing
from shipway.web.overview.stations import Station
from shipway.web.words import clock, lasting, plain, sentences

ROOM = 150  # characters of a reason
MOST = 200  # characters of a reason and what to do


@dataclass(frozen=True)
class Remark:
    """The sentence underneath: what came back, from which station (counted from 0), to which address it leads;
    and, where there is room, what to do."""

    kind: str
    text: str
    at: int
    address: str | None = None
    hint: str = ""

    @property
    def whole(self) -> str:
        return sentences(self.text, self.hint) if self.hint else self.text


def remark(standing: Standing, state: str, stations: Sequence[Station], now: float) -> Remark:
    """What stands underneath the way of an application in this state; it was pushed to."""
    head, places = standing.head, standing.places
    assert head is not None
    run = f"/runs/{head.run.application}:{head.run.number}"
    if state == "stuck" and (left := fates.stuck(standing.own)) is not None:
        return Remark("fail", f"{left.says}.", _at(places, left.release.environment), _release(left.release))
    if state == "hurt" and (bad := fates.hurts(places, standing.bad)) is not None:
        says = _short(f"Judged bad in {bad.environment}, and serves: {_why(bad.data)}")
        return Remark("fail", says, _at(places, bad.environment), run)
    if state in ("failed", "unknown"):
        return Remark("fail", _what_failed(head), _first(stations, "failed", "unknown"), run)
    if state == "blocked":
        says, hint = _what_closed(standing, head, now)
        return Remark("stop", says, _first(stations, "blocked"), run, hint)
    if state in ("running", "queued"):
        return _moving(standing, head, stations, now)
    return (
        _rolled(standing, stations, now) if state in ("rolled", "quarantined") else _at_rest(standing, head, now)
    )


def last_asked(standing: Standing) -> Failing | None:
    """What is asked and fails in the last environment where anything does, the oldest of it."""
    at = {place.name: at for at, place in enumerate(standing.own)}
    known = [one for one in standing.failing if one.environment in at]
    return max(known, key=lambda one: (at[one.environment], -one.since), default=None)


def asked(standing: Standing, one: Failing, now: float) -> Remark:
    """What a probe or an invariant answers, and for how long."""
    words = f"{one.name} fails in {one.environment} for {lasting(one.since, now)}: {one.says}"
    address = f"/applications/{standing.name}/environments/{one.environment}#probes"
    return Remark("fail", _short(words), _at(standing.places, one.environment), address)


def _release(one: Release) -> str:
    return f"/applications/{one.application}/environments/{one.environment}/releases/r{one.number}"


def _at(places: Sequence[Place], environment: str | None) -> int:
    """The station of an environment, behind those of the commit and its run."""
    return next((at for at, place in enumerate(places, 2) if place.name == environment), 1 + len(places))


def _moving(standing: Standing, head: Journey, stations: Sequence[Station], now: float) -> Remark:
    """The newest commit itself, or what else is deployed while that does not move."""
    at = max((n for n, station in enumerate(stations) if station.moving), default=1)
    coming = fates.coming(standing.own) if head.run.over else None
    if coming is not None:
        return Remark("quiet", _coming(coming), at, _release(coming.release))
    return Remark("quiet", _under_way(head, now), at, f"/runs/{head.run.application}:{head.run.number}")


def _at_rest(standing: Standing, head: Journey, now: float) -> Remark:
    for at, place in enumerate(standing.places):
        if place.taken is not None:
            run = place.taken.run
            says = f"{place.taken.brief}{_and_frozen(place, now)}"
            return Remark("hurt", says, 2 + at, f"/runs/{run.application}:{run.number}")
    for at, place in enumerate(standing.places):
        if (doubt := _doubted(head, place)) and place.release is not None:
            return Remark("quiet", doubt, 2 + at, _release(place.release))
        if not place.apart and (froze := _froze(place, now)) is not None:
            return Remark("ice", froze, 2 + at)
    return Remark("quiet", _well(head, standing.places, now), 1 + len(standing.places))


def _doubted(head: Journey, place: Place) -> str:
    """That the release before is asked, if it is just now."""
    share = holding.held(head, place.name)
    if share is None or not share.asked or not fates.is_there(head, place):
        return ""
    return f"It looked bad in {place.name}, and has {share.share} % of the requests until the one before is asked"


def _froze(place: Place, now: float) -> str | None:
    hold = place.held(now)
    if hold is None:
        return None
    until = "" if hold.until is None else f" until {clock(hold.until)[:5]}"
    return f"{hold.who} froze {place.name}{until}: {hold.why}"


def _first(stations: Sequence[Station], *states: str) -> int:
    return next((n for n, station in enumerate(stations) if station.state in states), 1)


def _what_failed(head: Journey) -> str:
    """The reason, with the line that says most of what explains it."""
    reason = head.run.reason.split("\n")[0].rstrip(":") or "It failed"
    every = (telling([plain(line) for line in step.excerpt.splitlines()]) for step in head.failed_steps)
    told = next((line for line in every if line), "")
    return _short(f"{reason}: {told}") if told else reason


def _what_closed(standing: Standing, head: Journey, now: float) -> tuple[str, str]:
    """Which gate, and what would open it, as far as there is room for it; a freeze may be over, and another run
    may have brought it past that gate."""
    closed, places = head.blocked, standing.places
    place, came = fates.waits(head, places), fates.further(head, places)
    assert closed is not None
    if place is not None:
        here = "" if came is None else came.name
        so = by_now.told(closed, head.run.commit, here, place.name, _kept(standing, head, place, now))
        if so is not None:
            return _short(str(so)), ""
    says, hint = _short(str(closed.data.get("message") or "")), str(closed.data.get("hint") or "")
    if not hint or len(says) + len(hint) > MOST:
        return says, ""
    return sentences(says), hint


def _kept(standing: Standing, head: Journey, place: Place, now: float) -> str:
    """What keeps it from there now; empty where nothing does."""
    if place.name not in standing.quarantined:
        return _froze(place, now) or ""
    bad = fates.furthest_bad([place], standing.bad)
    return f"{head.run.commit[:7]} is quarantined in {place.name}" + ("" if bad is None else f": {_why(bad.data)}")


def _under_way(head: Journey, now: float) -> str:
    tried = fates.tried(head)
    if tried is None:
        verb = "Waits" if head.run.state == "queued" else "Under way"
        return f"{verb} for {'its turn for ' if verb == 'Waits' else ''}{lasting(head.run.created, now)}"
    has = f"r{tried.release} has {tried.share} % of the requests to {tried.environment}"
    if tried.verdict is None:
        return f"{has}; no verdict yet"
    return _short(
        f"{has}; {_verdict(tried.verdict.kind)} at {tried.verdict.data['share']} %: {_why(tried.verdict.data)}"
    )


def _and_frozen(place: Place, now: float) -> str:
    """Who keeps from coming back what was taken away there, and why."""
    froze = _froze(place, now)
    return "" if froze is None else f"; {_short(froze)}"


def _rolled(standing: Standing, stations: Sequence[Station], now: float) -> Remark:
    head, places, at = standing.head, standing.places, _first(stations, "rolled")
    assert head is not None
    back, bad = standing.back, fates.furthest_bad(places, standing.bad)
    if bad is not None:
        address = f"/applications/{standing.name}/commits/{head.run.commit[:10]}"
        why, told = _short(_why(bad.data)), _told(standing, bad.environment)
        return Remark("hurt", f"{why[:1].upper()}{why[1:]}{told}", _at(places, bad.environment), address)
    taken = fates.taken_back(head)
    if back is None or taken is not None:
        why = head.run.reason.split("\n")[0] if taken is None else str(taken.data.get("message", ""))
        return Remark("hurt", _short(why), at, f"/runs/{standing.name}:{head.run.number}")
    place = next(place for place in places if place.rolled_back)
    at = _at(places, place.name)
    if place.taken is not None:
        says = f"{place.taken.brief}{_and_frozen(place, now)}"
        return Remark("hurt", says, at, f"/runs/{back.application}:{back.number}")
    release = "" if place.release is None else f" to r{place.release.number}"
    words = f"{back.who} rolled {place.name} back{release}"
    words = f"{words}: “{place.why}”" if place.why else words
    return Remark("hurt", _short(words), at, f"/runs/{back.application}:{back.number}")


def _told(standing: Standing, environment: str | None) -> str:
    """Who heard of what is bad there, or else of the commit at all."""
    sent = [one for one in standing.told if one.state == "sent"]
    there = next((one for one in sent if one.environment == environment), next(iter(sent), None))
    return "" if there is None else f"; {heard.told(there)}"


def _coming(coming: Coming) -> str:
    """What else is deployed, while the newest commit does not move: what took that away is old news meanwhile."""
    one = coming.release
    has = f" has {coming.share} % of the requests to" if coming.share else " is on its way to"
    return f"r{one.number}, {one.commit[:7]},{has} {one.environment}"


def _well(head: Journey, places: Sequence[Place], now: float) -> str:
    last = places[-1]
    if last.apart:
        return _apart(head, places)
    if last.release is None or last.serving is None:
        return f"Nothing serves in {last.name} yet"
    served = f"r{last.release.number} has served {last.name} for {lasting(last.serving.since, now)}"
    good = fates.judged(head)
    if good is None or good.kind != "verdict.good" or last.release.commit != head.run.commit:
        return served
    return f"Good: {_why(good.data)}; {served}"


def _apart(head: Journey, places: Sequence[Place]) -> str:
    """Where a commit of a branch is that is not delivered to the last environment: only a person brings it on."""
    there = listed(fates.serves_in(places))
    away = listed([place.name for place in places if place.apart])
    branch = f"{head.run.branch} is not delivered there"
    return (
        f"{head.run.commit[:7]} is in {there}, and not in {away}: {branch}"
        if there
        else f"Not in {away}: {branch}"
    )


def _verdict(kind: str) -> str:
    return kind.removeprefix("verdict.").replace("_", " ")


def _why(data: object) -> str:
    """The first part of a verdict's reason."""
    reason = str(data["reason"]) if isinstance(data, dict) else ""
    first = reason.split("; ")[0].rstrip(".")
    return first[:1].lower() + first[1:]


def _short(text: str) -> str:
    return text if len(text) <= ROOM else f"{text[:ROOM].rsplit(' ', 1)[0]} …"
