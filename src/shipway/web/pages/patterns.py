"""Every element in every state, from the templates that the pages use: what is wrong here is wrong everywhere."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from starlette.responses import Response

from shipway.incidents.blame import OWNER
from shipway.incidents.channels import BY_HAND, WORSE
from shipway.incidents.proof import Proof
from shipway.incidents.sure import WORDS
from shipway.signals.logs.search import Entry
from shipway.signals.reading import Reading
from shipway.signals.summary import Summary
from shipway.state.messages import Message
from shipway.state.releases import Release
from shipway.state.verdicts import Recorded
from shipway.traffic.tally import Tally
from shipway.web.call import Call
from shipway.web.finding.found import Found
from shipway.web.pages import canary_chart, log
from shipway.web.pages.chart import Chart, Charts, Mark
from shipway.web.pages.chart_names import Name
from shipway.web.pages.environment import Refused
from shipway.web.pages.message_list import Fate
from shipway.web.pages.picture import Hub, Picture, Ship
from shipway.web.pages.rendering import page
from shipway.web.pages.ways import Way
from shipway.web.routes import declare
from shipway.web.shares import Move
from shipway.web.site import Site
from shipway.web.trials import Trial

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
    solid=(SOLID,),
    dashed=("349.2,132 382.8,130 416.4,118", "80.4,128 114,124 147.6,126"),
    band=(BAND,),
    heights=HEIGHTS,
    named=NAMED,
    dashes=(1, 2),
)
OVER = Charts(
    requests=DRAWN,
    errors=DRAWN,
    durations=DRAWN,
    times=TIMES,
    marks=(
        Mark(80, "tr", True, "13:26 r47 began to be tried"),
        Mark(148, "rb", True, "13:36 rolled back to r46"),
        Mark(300, "dp", True, "13:58 r47 got all requests"),
        Mark(345, "tr", True, "14:05 r48 began to be tried"),
        Mark(416, "fz", True, "14:15 r48 was frozen"),
    ),
    deaf=((220, 24),),
    beside=(),
    lines=(),
)
COMMIT = "8c1f0ae94d27b3105e6f8a2c9b7d4413f0aa6e52"
ANSWERS = Summary(60.0, 13_080, 218.0, 2, 0.00015, 18, 61, 140, 3, heard=True)
HUBS = (
    Hub("git", 330, 66, lit=False),
    Hub("pipeline", 470, 120, lit=False),
    Hub("dev", 701, 174, lit=True),
    Hub("test", 932, 228, lit=True),
    Hub("prod", 1164, 300, lit=True, last=True),
)
SHIPS = (
    Ship("5fd2a31", 400, 93, 0, near=False),
    Ship("b17e0d2", 400, 93, 1, near=False),
    Ship("8c1f0ae", 1048, 260, 0, near=True),
)
MOVING = Picture(
    HUBS,
    SHIPS,
    more=2,
    home_bound="41d9b7e rolled back",
    sources=("payments", "search", "accounts"),
    answers=ANSWERS,
    hurt=False,
    says="Three commits are under way, and one came back.",
)


@dataclass(frozen=True)
class Drawn:
    """A state of the picture on the first page."""

    name: str
    picture: Picture


FAILING = replace(ANSWERS, errors=2_616, error_share=0.2)
UNLIT = tuple(replace(hub, lit=False) for hub in HUBS)
PICTURES = (
    Drawn("Under way, and on the way back", MOVING),
    Drawn(
        "At rest, while people are hurt",
        replace(MOVING, ships=(), more=0, home_bound=None, answers=FAILING, hurt=True, says="Many requests fail."),
    ),
    Drawn(
        "Nothing serves yet",
        replace(
            MOVING,
            hubs=UNLIT,
            ships=SHIPS[:1],
            more=0,
            home_bound=None,
            sources=("payments",),
            answers=None,
            says="The first commit is under way.",
        ),
    ),
)


@dataclass(frozen=True)
class Fold:
    """A command in a log, which begins at `line`, with what it printed."""

    command: str
    line: int
    lines: tuple[str, ...]
    extent: str
    open: bool = False


FOLDS = (
    Fold("npm ci", 1, ("added 212 packages", "found 0 vulnerabilities"), "2 lines, 3.2 s"),
    Fold("npm test", 4, ("41 passing (8s)",), "1 line, 8.4 s", open=True),
)
STACK = """\
Traceback (most recent call last):
  File "/srv/checkout/refunds.py", line 57, in due
    return total.quantize(CENT, MODE[country])
KeyError: 'CH'"""
"""What stands below a line."""


def _printed(text: str, level: str | None = "info", **more: Any) -> Entry:
    usual = Entry(1_795_960_920.0, "", level, 48, "web", "web.1", text.partition("\n")[0], text)
    return replace(usual, **more)


LOG = (
    _printed("checkout begins", None, release=47, instance="worker.2", process="worker"),
    _printed("\x1b[2mcache\x1b[0m of \x1b[36mrates\x1b[0m is \x1b[32mwarm\x1b[0m", "debug"),
    _printed("GET /rates 200 in 4 ms"),
    _printed(
        '{"event": "paid", "cents": 1299, "to": ["Bern", "Graz"]}',
        message="paid",
        fields={"cents": 1299, "to": ["Bern", "Graz"], "trace": "4bf92f3577b34da6"},
        source="otlp",
    ),
    _printed("the clock moved by 2 s", "warning", release=0, instance="unknown.0"),
    _printed(f"KeyError: 'CH'\n{STACK}", "error"),
    _printed(f"the connection is lost\n{chr(10).join(STACK.splitlines() * 4)}", "critical", release=47),
    *(
        _printed('{"cents": 1299}', level, message="the address points at this one", fields={"cents": 1299})
        for level in (None, "info", "warning", "error", "critical")
    ),
    _printed("a long one, " + "in which nothing may be broken but what has to be " * 6 + "x" * 4000),
)
"""Lines of an application in every state."""


@dataclass(frozen=True)
class Log:
    """Some of these lines as one list; `look` is its class."""

    name: str
    look: str
    entries: tuple[Entry, ...]

    @property
    def lines(self) -> list[log.Line]:
        named = (replace(one, position=f"{self.look}-{at}") for at, one in enumerate(self.entries))
        return [log.drawn("/patterns", one.as_dict()) for one in named]


LOGS = (Log("Wrapped", "wrapped", LOG), Log("As it was printed", "wide", LOG[-8:]))
FOUND = (
    Found("environment", "prod of checkout", "serves 8c1f0ae", "/applications/checkout/environments/prod"),
    Found("action", "Promote checkout to prod", "from test", "/applications/checkout/environments/prod#promote"),
    Found(
        "commit", "8c1f0ae", "Round profits half to even, by Mira Okafor", "/applications/checkout/commits/8c1f0ae"
    ),
    Found("run", "Run 48 of checkout", "passed, 8c1f0ae", "/runs/checkout:48"),
)
EVIDENCE = Proof(
    "src/refunds.py:57",
    ("-    return total.quantize(CENT, ROUND_HALF_UP)", "+    return total.quantize(CENT, MODE[country])"),
    "src/basket.py:20",
    "paid = refunds.due(order)",
)
R46 = Release("checkout-46", "checkout", "prod", 46, "", "d4470b1a", 3, 0.0)
R48 = replace(R46, id="checkout-48", number=48, commit=COMMIT)
BEGAN = 1_795_442_500.0
TRIED = Trial(
    R48,
    "undone",
    before=R46,
    moves=(
        Move(BEGAN + 0, 1, ""),
        Move(BEGAN + 10, 10, ""),
        Move(BEGAN + 21, 50, ""),
        Move(BEGAN + 31, 0, "", back=True),
    ),
    verdicts=(
        Recorded(
            "", "", "checkout", "prod", R48.id, COMMIT, 50, "bad", "22 requests failed of 312.", (), BEGAN + 31
        ),
    ),
)
FAILS = tuple(
    Reading(BEGAN + at, 1.0, name, Tally((0, of - failed, 0, 0, failed)), 0, heard=True)
    for at, failed in enumerate((*[0] * 25, 2, 3, 2, 5, 4, 6), 1)
    for name, of, failed in ((R48.name, 10, failed), (R46.name, 90, 0))
)
CANARY = canary_chart.canary(
    TRIED,
    [one for one in FAILS if one.release == R48.name],
    [one for one in FAILS if one.release == R46.name],
    canary_chart.window(TRIED, BEGAN + 100),
)
COMING = "The configuration of r46 comes along."
WAYS = (
    Way(R46, "Keep the basket", R48, warm=True, coming=COMING, closed=""),
    Way(
        R48,
        "Round half to even",
        R46,
        warm=False,
        coming=COMING,
        closed="",
        left="Mira Okafor left it: “month end”",
    ),
    Way(R46, "Keep the basket", R48, warm=False, coming=COMING, closed="r48 dropped a column that r46 reads"),
    Way(
        R46,
        "Keep the basket",
        R48,
        warm=True,
        coming=COMING,
        closed="",
        fails="r46, the one before, fails since r48's release command began: "
        "40 of 40 requests, 0 of 800 before that.",
    ),
)


def _told(now: float) -> tuple[Message, ...]:
    """One message of each fate, and who is told of it."""
    sent = Message(
        id="1",
        person="Mira Okafor",
        cause="",
        kind="",
        application="checkout",
        environment="prod",
        run=None,
        commit=COMMIT,
        subject="checkout: 8c1f0ae was judged bad in prod",
        text="22 requests failed of 312.\nr46 serves everybody again.",
        answers="",
        names_nobody=False,
        state="sent",
        attempts=1,
        next_try=now,
        lease="",
        lease_until=0.0,
        service="E-mail",
        problem="",
        created=now,
        sent=now,
        reached="Mira Okafor",
    )
    waiting = replace(sent, state="waiting", sent=None, service="Slack", reached="")
    return (
        sent,
        replace(sent, id="2", kind=WORSE, reached=OWNER),
        replace(waiting, id="3", kind=BY_HAND, service=""),
        replace(waiting, id="4", problem="It answered 500."),
        replace(waiting, id="5", state="nowhere"),
    )


def patterns(site: Site, call: Call) -> Response:
    assert call.caller is not None
    now = time.time()
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
        canary_drawn=CANARY,
        commit=COMMIT,
        pictures=PICTURES,
        folds=FOLDS,
        logs=LOGS,
        open=log.OPEN,
        found=[asdict(one) for one in FOUND],
        evidence=EVIDENCE,
        ways=WAYS,
        answers=ANSWERS,
        confidences=[*WORDS, None],
        told=_told(now),
        now=now,
        refused=Refused(),
    )


ROUTES = (declare("GET", "/patterns", patterns, who="user"),)
