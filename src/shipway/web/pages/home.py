"""The first page: every application on one line, what needs a person first."""

from __future__ import annotations

import time
from collections.abc import Sequence

from starlette.responses import Response

from shipway.incidents.letter import listed
from shipway.web.call import Call
from shipway.web.overview import rows
from shipway.web.overview.chosen import MINE, NEEDS, Choice, Chosen
from shipway.web.overview.folding import folded
from shipway.web.overview.rows import Row
from shipway.web.pages.picture import picture
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.words import counted

AILING = "ailing"
HELD = "quarantined"
ROLLED = "rolled"
STUCK = "stuck"
FEW = 3  # names in a sentence


def home(site: Site, call: Call) -> Response:
    """Narrowed down by what stands in the address: who (mine, needs), team, branch, person."""
    chosen, now, rates = Chosen.of(call.request.query_params), time.time(), site.rates
    with site.database.read() as conn:
        standings = site.board.standings(conn, chosen.branch or None)
        every = rows.in_order([rows.row(one, now, rates) for one in standings])
    if not every:
        return page(site, call, "welcome.html", here="applications", address=site.address)
    listed_ = [row for row in every if chosen.listed(row)]
    found = [row for row in listed_ if chosen.admits(row, call.who)]
    return page(
        site,
        call,
        "home.html",
        here="applications",
        rows=[folded(row) for row in found],
        rates=rates,
        now=now,
        chosen=chosen,
        choice=Choice.among(every),
        whose=_whose(chosen, listed_, call.who),
        picture=picture(found or every, rates),
        title=_title(found),
        lead=_lead(found),
    )


def _whose(chosen: Chosen, listed_: Sequence[Row], me: str) -> list[tuple[str, str, int, bool]]:
    """The three ways to look at them: name, address, how many, whether it is this one."""
    counts = {
        "": len(listed_),
        MINE: sum(row.standing.is_of(me) for row in listed_),
        NEEDS: sum(row.needs_a_person for row in listed_),
    }
    names = {"": "All", MINE: "Mine", NEEDS: "Needs a person"}
    return [(name, chosen.but(who=who), counts[who], chosen.who == who) for who, name in names.items()]


def _title(found: Sequence[Row]) -> str:
    """What is so now, in a sentence or two."""
    moving = [row.name for row in found if row.moving]
    need = [row.name for row in found if row.needs_a_person]
    if not found:
        return "No application is like that."
    if len(found) == 1:
        rests = "waits" if any(row.waits for row in found) else "rests"
        return f"{found[0].name} {'needs you' if need else 'is under way' if moving else rests}."
    every = f"{counted(len(found)).capitalize()} applications."
    parts = []
    if moving:
        parts.append(f"{counted(len(moving))} {'is' if len(moving) == 1 else 'are'} under way")
    if need:
        parts.append(f"{counted(len(need))} {'needs' if len(need) == 1 else 'need'} you")
    return f"{every} {', '.join(parts).capitalize()}." if parts else f"{every} Nothing is under way."


def _lead(found: Sequence[Row]) -> str:
    """The most pressing of what is behind the title."""
    if not found:
        return "Nothing that was pushed lately fits what was asked for."
    if hurt := _hurt(found):
        return f"People are hurt: {hurt}."
    stuck = [row for row in found if row.state == STUCK]
    bad = [row.name for row in stuck if row.hurts]
    if bad:
        return (
            f"People are hurt: what was judged bad of {_some(bad)} is frozen with its share, and cannot go back."
        )
    if stuck:
        names = _some([row.name for row in stuck])
        return f"What came of {names} is frozen with its share, and cannot go back: somebody has to decide."
    needed = {state: [row for row in found if row.state == state] for state in (AILING, HELD, ROLLED)}
    failed = [row for row in found if row.needs_a_person and row.state not in needed]
    says = [
        *([_asked(needed[AILING])] if needed[AILING] else []),
        *([_failed(failed)] if failed else []),
        *([_held([row.name for row in needed[HELD]])] if needed[HELD] else []),
        *([_rolled([row.name for row in needed[ROLLED]])] if needed[ROLLED] else []),
    ]
    waits = [row for row in found if row.waits]
    return " ".join([*(says or ([] if waits else [_at_rest(found)])), *([_waits(waits)] if waits else [])])


def _waits(found: Sequence[Row]) -> str:
    names = _newest([row.name for row in found])
    if len(found) == 1:
        return f"{names} waits: {found[0].remark.text.rstrip('.')}."
    return f"{names} wait until what somebody froze is open again."


def _hurt(found: Sequence[Row]) -> str:
    """What fails now, or else what was judged bad and serves; empty where nothing is known to."""
    failing = [row.name for row in found if row.state == "failing"]
    bad = [row.name for row in found if row.state == "hurt"]
    if failing:
        return f"many requests to {_some(failing)} fail"
    return f"what serves of {_some(bad)} was judged bad" if bad else ""


def _asked(found: Sequence[Row]) -> str:
    """Where a probe or an invariant fails; who is not in the last environment is hurt by nothing."""
    where = _some([f"{row.stations[row.remark.at].name} of {row.name}" for row in found])
    fails = "A probe fails" if len(found) == 1 else "Probes fail"
    hurt = any(row.stations[row.remark.at].name == row.last.name for row in found)
    return f"{fails} in {where}{': people may be hurt' if hurt else ''}."


def _failed(failed: Sequence[Row]) -> str:
    names = [row.name for row in failed]
    serving = [row.name for row in failed if row.last.release is not None]
    still = (
        f" What served before still serves{'' if serving == names else f' in {_some(serving)}'}."
        if serving
        else ""
    )
    return f"{_newest(names)} did not get through.{still}"


def _held(held: Sequence[str]) -> str:
    are, them = ("is", "it") if len(held) == 1 else ("are", "them")
    return f"{_newest(held)} {are} quarantined: what mends {them} has to come from a person."


def _rolled(names: Sequence[str]) -> str:
    stays, them = ("stays", "it") if len(names) == 1 else ("stay", "them")
    return f"{_some(names)} went back to an earlier release, and {stays} there until somebody brings {them} on."


def _newest(names: Sequence[str]) -> str:
    return f"The newest commit{'' if len(names) == 1 else 's'} of {_some(names)}"


def _at_rest(found: Sequence[Row]) -> str:
    """Where nobody is needed."""
    moving = [f"{row.on_its_way[:7]} of {row.name}" for row in found if row.moving]
    if moving:
        return f"{_some(moving)} {'is' if len(moving) == 1 else 'are'} on the way."
    replaced = [row.name for row in found if row.state == "replaced"]
    if replaced:
        do, it = ("does", "it") if len(replaced) == 1 else ("do", "them")
        return f"{_newest(replaced)} {do} not serve any more: another was deployed after {it}."
    if all(row.head is None for row in found):
        return "Nothing was pushed yet."
    apart = [row for row in found if row.head is not None and row.last.apart]
    if len(found) == 1 and apart:
        return f"{apart[0].remark.text}."
    if apart:
        are, its = ("is", "its") if len(apart) == 1 else ("are", "their")
        names = _newest([row.name for row in apart])
        return f"{names} {are} not in every environment: {its} branch is not delivered there."
    return "Everything that was pushed is where it should be."


def _some(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    if len(names) <= FEW + 1:
        return listed(list(names))
    return listed([*names[:FEW], f"{len(names) - FEW} more"])


ROUTES = (declare("GET", "/", home, who="user"),)
