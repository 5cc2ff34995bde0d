"""A plausible past: what a team's installation looks like on an ordinary afternoon."""

from __future__ import annotations

import math

from shipway.incidents.suspects import Evidence, Suspicion
from shipway.state import errors, messages, releases, runs
from support.said import Answers, kept
from web import telling
from web.scene import Scene

PYTEST = """\
\x1b[1m============================= test session starts ==============================\x1b[0m
platform linux -- Python 3.11.2, pytest-9.2.0
rootdir: /app
collected 48 items

tests/test_balance.py \x1b[32m............\x1b[0m                      [ 25%]
tests/test_charge.py \x1b[32m.....\x1b[0m\x1b[31mF\x1b[0m\x1b[32m......\x1b[0m                [ 75%]
tests/test_topup.py \x1b[32m............\x1b[0m                        [100%]

=================================== FAILURES ===================================
\x1b[31m\x1b[1m_________________________ test_a_charge_is_taken_once __________________________\x1b[0m

    def test_a_charge_is_taken_once():
        account = Account(balance=100)
        account.charge(30, key="a")
        account.charge(30, key="a")
>       assert account.balance == 70
\x1b[31mE       assert 40 == 70\x1b[0m
\x1b[31mE        +  where 40 = Account(balance=40).balance\x1b[0m

tests/test_charge.py:31: AssertionError
=========================== short test summary info ============================
\x1b[31mFAILED\x1b[0m tests/test_charge.py::test_a_charge_is_taken_once - assert 40 == 70
\x1b[31m========================= 1 failed, 47 passed in 2.31s =========================\x1b[0m
"""
EXCERPT = """\
>       assert account.balance == 70
E       assert 40 == 70
E        +  where 40 = Account(balance=40).balance
tests/test_charge.py:31: AssertionError
FAILED tests/test_charge.py::test_a_charge_is_taken_once - assert 40 == 70
"""
TRACEBACK = """\
Traceback (most recent call last):
  File "/app/ledger/web.py", line 9, in <module>
    import psycopg
ModuleNotFoundError: No module named 'psycopg'
"""


MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def asked(scene: Scene) -> None:
    """What is asked of topup in prod, one answer of each sort; a command's output may be anything."""
    here = scene.real
    scene.asks("topup", "charges equal the ledger", "passed", "0", wanted="0", since=here - 3 * DAY)
    scene.asks("topup", "front", "passed", "answered 200 in 4 ms", release="topup.prod.r3", since=here - 3 * HOUR)
    scene.asks("topup", "front", "passed", "answered 200 in 5 ms", release="topup.prod.r2", since=here - 3 * DAY)
    wrong = "exit status 3: <img src=x onerror=alert(1)> waits/for/a/word/that/is/far/too/long/to/fit/anywhere"
    scene.asks("topup", "queue", "failed", wrong, release="topup.prod.r3", since=here - 4 * MINUTE)
    scene.asks("topup", "mail", "not known", "smtp.example.org is not known", since=here - 40)


def afternoon(scene: Scene) -> None:
    """Six applications: one of each kind that the first page has to tell apart."""
    with scene.history():
        for name in ("topup", "ledger", "search", "storefront", "mailer", "statements"):
            scene.until(20 * DAY)
            scene.application(name)
        for tell in (storefront, search, topup, ledger, mailer, statements, reports):
            tell(scene)
        told(scene)
    kept(scene.places, "search", "prod", searched, seconds=5400)
    kept(scene.places, "mailer", "prod", mailed, seconds=3600)
    asked(scene)


def storefront(scene: Scene) -> None:
    """All is well, for some hours."""
    scene.until(2 * DAY)
    scene.deliver(scene.push("storefront", "Show the price with tax", who="cho"))
    scene.until(2 * HOUR)
    scene.deliver(scene.push("storefront", "Smaller hero images", who="cho"))


def search(scene: Scene) -> None:
    """Prod was rolled back."""
    scene.until(3 * DAY)
    before = scene.deliver(scene.push("search", "Rank by freshness", who="ben"))
    scene.until(24 * MINUTE)
    scene.deliver(scene.push("search", "Guess the language", who="ben"))
    scene.until(18 * MINUTE)
    scene.roll_back("search", "prod", before)


def topup(scene: Scene) -> None:
    """A test failed; what serves is the commit before."""
    scene.until(5 * DAY)
    scene.configure("topup", "prod", {"CURRENCY": "EUR", "LOW_BALANCE": "500"}, ["CARD_GATEWAY_KEY"])
    subjects = ("Keep balances in cents", "Recharge below a threshold", "Say why a charge was refused")
    for days, subject in zip((4, 2, 0.003), subjects, strict=True):
        scene.until(days * DAY)
        scene.deliver(scene.push("topup", subject))
    scene.until(3 * MINUTE)
    scene.deliver(scene.push("topup", "Try charges again", branch="retries", deliver=()), environments=())
    scene.until(MINUTE)
    failed = scene.push("topup", "Take a charge once per key")
    scene.begin(failed)
    for name in ("install", "lint", "build"):
        scene.step(failed, name)
    scene.step(failed, "test", "failed", log=PYTEST, excerpt=EXCERPT)
    scene.end(failed, "failed", "test failed")


def ledger(scene: Scene) -> None:
    """The deployment to test was undone."""
    scene.until(3 * DAY)
    scene.deliver(scene.push("ledger", "Post refunds in one sum", who="ben"))
    scene.until(23 * MINUTE)
    run = scene.push("ledger", "Post refunds per line", who="ben")
    scene.green(run)
    scene.deploy(run, "dev")
    undone = scene.begin_deployment(run, "test")
    scene.now += 30
    why = "web did not get healthy within 30 s: it does not listen on its PORT."
    scene.fail_deployment(undone, why, TRACEBACK)
    scene.remark(run, "run.stopped", at="deploy", message=why, hint="")
    scene.end(run, "failed", why)


def mailer(scene: Scene) -> None:
    """A commit is on its way to prod."""
    scene.until(9 * DAY)
    scene.deliver(scene.push("mailer", "Retry greylisted hosts", who="cho"))
    scene.until(33)
    run = scene.push("mailer", "Send in the reader's language", who="cho")
    scene.green(run)
    scene.deploy(run, "dev")
    scene.deploy(run, "test")
    scene.begin_deployment(run, "prod")


def statements(scene: Scene) -> None:
    """A commit is in its tests."""
    scene.until(HOUR)
    scene.deliver(scene.push("statements", "Widen the account field"))
    scene.until(12)
    run = scene.push("statements", "Print the year")
    scene.begin(run)
    scene.step(run, "install")
    scene.step(run, "build", "running", log="Resolved 14 packages in 212ms\nPrepared 14 packages in 1.42s\n")
    scene.step(run, "test", "running", log="collected 212 items\n\ntests/test_print.py ......\n")


def searched(ago: float) -> dict[int, Answers]:
    """218 requests a second; the second release was bad, for six minutes."""
    wave = 1 + 0.08 * math.sin(ago / 700)
    if 18 * MINUTE < ago <= 24 * MINUTE:
        return {1: (0, 0, 0), 2: (218 * wave, 0.031, 60)}
    return {1: (218 * wave, 0.0004, 38), 2: (0, 0, 0)} if ago <= 24 * MINUTE else {1: (230 * wave, 0.0004, 38)}


def mailed(ago: float) -> dict[int, Answers]:
    """Two releases share the requests for the last ten minutes."""
    if ago > 10 * MINUTE:
        return {1: (12, 0.001, 90)}
    return {1: (10.8, 0.001, 90), 2: (1.2, 0.002, 70)}


CHARGE = {
    "filename": "topup/ledger.py",
    "abs_path": "/app/topup/ledger.py",
    "module": "topup.ledger",
    "function": "charge",
    "lineno": 88,
    "in_app": True,
    "pre_context": [
        "def charge(account, key):",
        '    """Takes what is due, once for each key."""',
        "    due = dues(account)",
    ],
    "context_line": '    rate = RATES[account["currency"]]',
    "post_context": ["    taken = gateway.take(due * rate, key)", "    return book(account, taken)"],
    "vars": {"account": {"currency": "'CHF'", "balance": "1500"}, "due": "700", "key": "'first'"},
}
HANDLE = {**CHARGE, "filename": "topup/web.py", "module": "topup.web", "function": "post_charge", "lineno": 41}
LIBRARY = {"filename": "flask/app.py", "abs_path": "/app/.venv/lib/site-packages/flask/app.py", "lineno": 870}
EVENT = {
    "exception": {
        "values": [
            {
                "type": "KeyError",
                "value": "'CHF'",
                "stacktrace": {"frames": [{**LIBRARY, "function": "dispatch", "in_app": False}, HANDLE, CHARGE]},
            }
        ]
    },
    "request": {"url": "http://topup.localhost/accounts/4915110000001/charge?key=first", "method": "POST"},
    "platform": "python",
}


def reports(scene: Scene) -> None:
    """Errors of topup in prod: one that a commit is named for, one that is resolved, one that nobody knows of."""
    with scene.database.read() as conn:
        now = releases.now_serving(conn, "topup", "prod")
        assert now is not None
        commit = releases.get(conn, now.release).commit
    scene.until(2 * MINUTE)
    scene.report("topup", {"message": "gateway answered after 4711 ms", "level": "warning"})
    scene.until(90)
    resolved = scene.report("topup", {**EVENT, "fingerprint": ["old"], "release": commit})
    with scene.database.write() as conn:
        errors.resolve(conn, resolved, "ben")
    scene.until(MINUTE)
    for _ in range(14):
        error = scene.report("topup", {**EVENT, "release": commit})
    hunk = ("-RATES = rates()", '+RATES = {"EUR": 100, "USD": 92}')
    evidence = Evidence("topup/ledger.py", 88, "charge", "uses", hunk, "cents = units * RATES[currency]", 12)
    reason = f"{commit[:7]} changed what charge in topup/ledger.py uses."
    scene.suspect(
        error,
        Suspicion(
            reason, commit, "Ada Okafor", "ada@example.org", "Say why a charge was refused", "low", (evidence,)
        ),
    )


def told(scene: Scene) -> None:
    """A message in each state, the newest about the error that somebody is suspected of."""
    scene.until(50)
    with scene.database.read() as conn:
        stopped = runs.recent(conn, application="ledger")[0]
        error = errors.recent(conn, "topup")[-1]
        serves = releases.now_serving(conn, "topup", "prod")
        assert serves is not None
        release = releases.get(conn, serves.release)
    about = {"application": "ledger", "environment": "test", "commit": stopped.commit, "run": stopped.id}
    short = stopped.commit[:7]
    undone = telling.say(
        scene, "ben@example.org", "a", "undone", f"[ledger] {short} does not serve in test", **about
    )
    telling.refused(scene, undone, "It answered 500.")
    telling.took(scene, undone)
    nowhere = telling.say(
        scene, "cho@example.org", "a", "undone", f"[ledger] {short} does not serve in test", **about
    )
    with scene.database.write() as conn:
        messages.nowhere(conn, nowhere)
    why = "HTTPSConnectionPool(host='***', port=443): Max retries exceeded: <img src=x onerror=alert(1)>"
    room = telling.say(
        scene, "owner", "b", "machine", "[shipway] Shipway needs its owner: the disk is nearly full"
    )
    telling.refused(scene, room, why, times=4)
    new = f"[topup] New error: KeyError: 'CHF', in prod since {release.commit[:7]}"
    about = {"application": "topup", "environment": "prod", "commit": release.commit}
    telling.say(scene, "ada@example.org", f"error topup {error.id}", "error", new, **about)
