"""Every element in every state, from the templates that the pages use: what is wrong here is wrong everywhere."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from shipway.web.call import Call
from shipway.web.pages.chart import Chart, Charts, Mark
from shipway.web.pages.chart_names import Name
from shipway.web.pages.message_list import Fate
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site

STATES = (
    ("queued", "Queued", "Next in line. Says behind what."),
    ("running", "Running", "Moving now. The only thing that moves."),
    ("passed", "Passed", "Done and good."),
    ("failed", "Failed", "Done and bad. Says what failed first."),
    ("blocked", "Blocked", "A gate said no. Says which, and by how much."),
    ("frozen", "Frozen", "Closed on purpose. Says who, why, until when."),
    ("serving", "Serving", "Answers requests. Says which share."),
    ("draining", "Draining", "Takes nothing new, finishes what it has."),
    ("rolled", "Rolled back", "Was there, came back. Says why and how fast."),
    (
        "quarantined",
        "Quarantined",
        "May not go again until a commit on top of it was judged good there.",
    ),
    ("unknown", "Not known", "No data. Never shown as good."),
)


FATES = (
    Fate("running", "On its way", ""),
    Fate("passed", "Sent", "by E-mail, tried two times"),
    Fate("blocked", "Not taken yet", "tried four times, last by Slack: It answered 500; next try 14:02:11"),
    Fate("failed", "Not sent", "no channel leads to them, nor to the owner"),
)


@dataclass(frozen=True)
class Stop:
    """One stop on a path, as `parts.path` draws it."""

    name: str
    state: str
    about: str = ""
    mono: bool = False
    reached: bool = True
    moving: bool = False
    address: str | None = None


@dataclass(frozen=True)
class Path:
    """A path with what comes back on it; `back` is its look, `at` the stop it comes from."""

    name: str
    stops: tuple[Stop, ...]
    back: str
    at: int
    says: str


def _way(name: str, states: str, back: str, at: int, says: str, reached: int = 5, moving: int = 0) -> Path:
    names = ("8c1f0ae", "run", "dev", "test", "prod")
    stops = tuple(
        Stop(stop, state, mono=not place, reached=place < reached, moving=place == moving and moving > 0)
        for place, (stop, state) in enumerate(zip(names, states.split(), strict=True))
    )
    return Path(name, stops, back, at, says)


PATHS = (
    _way("Moving", "passed passed queued queued serving", "quiet", 2, "On its way to dev", reached=2, moving=2),
    _way("Failed", "passed failed serving serving serving", "fail", 1, "1 test", reached=2),
    _way(
        "Blocked by a gate",
        "passed passed serving blocked serving",
        "stop",
        4,
        "61 % covered, needs 80 %",
        reached=4,
    ),
    _way(
        "Rolled back", "quarantined passed serving serving rolled", "hurt", 4, "KeyError, query.py:88, Jonas told"
    ),
    _way(
        "No word from prod", "passed passed serving serving unknown", "quiet", 4, "No signal for 40 s, so not good"
    ),
    _way("Frozen", "passed passed serving serving frozen", "ice", 4, "prod is frozen until Monday 08:00"),
)
NOTES = (
    (
        "failed",
        "The push reached us, the run could not start.",
        "The disk of north is full. An owner can free it.",
    ),
    ("blocked", 'shipway.yml, line 12: there is no step "tets".', "Did you mean test?"),
    ("unknown", "No signal from prod for 40 s.", "We hold at 10 % and go back at 14:31."),
    ("passed", "Your fix serves.", "b17e0d2 is at 100 % and 41d9b7e stays where it is."),
    ("frozen", "prod is frozen until Mon 30 Nov, 08:00.", "Aiko Tanaka: “month end”."),
    ("rolled", "Rolled back to d4470b1.", "196 requests a second stayed, 22 moved. You can go forward again."),
)
SOLID = "46.8,52 80.4,49 114,55 147.6,50 181.2,58 214.8,53 248.4,51 282,57 315.6,54 349.2,60 382.8,58 416.4,61"
BAND = "46.8,30 214.8,34 416.4,38 416.4,90 214.8,84 46.8,82"
TIMES = ((40, "13:20"), (174.7, "13:40"), (309.3, "14:00"), (444, "14:20"))
HEIGHTS = ((140, "0"), (94, "100"), (49, "200"))
NAMED = (Name(418, 113, "r48"), Name(418, 56, "r47"))
DRAWN = Chart(
    solid=(SOLID,), dashed=("349.2,132 382.8,130 416.4,118",), band=(BAND,), heights=HEIGHTS, named=NAMED
)
OVER = Charts(
    requests=DRAWN,
    errors=DRAWN,
    durations=DRAWN,
    times=TIMES,
    marks=(Mark(121, "dp", True, "13:32 deployment of r47"), Mark(154, "rb", True, "13:37 back to r46")),
    deaf=((220, 24),),
    beside=(),
)


def patterns(site: Site, call: Call) -> Response:
    assert call.caller is not None
    return page(
        site,
        call,
        "patterns.html",
        here="installation",
        owner=call.caller.owner,
        states=STATES,
        fates=FATES,
        paths=PATHS,
        notes=NOTES,
        drawn=DRAWN,
        over=OVER,
    )


ROUTES = (declare("GET", "/patterns", patterns, who="user"),)
