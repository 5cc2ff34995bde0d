"""Whose commit an error came by: the right one where the stack crosses the change, and nobody's otherwise."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from incidents.planted import PLANTED, SILENT, Bug, Edit, Shop, running
from shipway.daemon.watchers import Watchers
from shipway.durable.engine import Engine
from shipway.incidents import code, imports
from shipway.incidents.letter import clock
from shipway.incidents.suspects import Suspicion
from shipway.incidents.tell import Teller
from shipway.pushes.git import Git
from shipway.signals.errors import samples
from shipway.signals.errors.intake import Intake
from shipway.signals.history import History
from shipway.signals.reading import Reading
from shipway.signals.stacks import Call
from shipway.state import (
    deployments,
    error_keys,
    errors,
    facts,
    messages,
    positions,
    releases,
    suspicions,
    verdicts,
)
from shipway.state.deployments import Deployment
from shipway.state.messages import Message
from shipway.state.runs import Run
from shipway.story import suspicion
from shipway.story.cold import cold
from shipway.story.printed import Printed
from shipway.story.suspicion import Suspecting
from shipway.traffic.tally import Tally
from web.scene import AUTHORS
from web.server import story


@pytest.fixture(scope="module")
def runs() -> Iterator[Popen[str]]:
    with running() as made:
        yield made


@pytest.fixture
def shop(tmp_path: Path, runs: Popen[str]) -> Iterator[Shop]:
    made = Shop.open(tmp_path, runs)
    yield made
    made.scene.database.close()


def suspected(shop: Shop, bug: Bug) -> dict[str, Any]:
    shop.plant(bug)
    return shop.report(shop.meet(bug.view, bug.cart))[1]


@pytest.mark.parametrize("name", PLANTED)
def test_the_commit_of_a_planted_bug_is_named_with_its_author(shop: Shop, name: str) -> None:
    """The bar is 9 of 10 right; these are all."""
    bug = PLANTED[name]
    found = suspected(shop, bug)
    assert bug.culprit is not None
    culprit = bug.edits[bug.culprit]
    assert found["commit"] == shop.commits[bug.culprit], found
    assert (found["author"], found["email"]) == (AUTHORS[culprit.who], f"{culprit.who}@example.org")
    shown = [line for evidence in found["evidence"] for line in evidence["hunk"]]
    exchanged = [line.strip() for line in (culprit.old + "\n" + culprit.new).splitlines() if line.strip()]
    assert any(part in line for part in exchanged for line in shown), found
    assert all((shop.work / evidence["path"]).exists() for evidence in found["evidence"])
    hunks = [(evidence["path"], *evidence["hunk"]) for evidence in found["evidence"]]
    assert len(set(hunks)) == len(hunks), "a hunk that several calls cross is shown once"


@pytest.mark.parametrize("name", SILENT)
def test_where_the_stack_does_not_cross_the_change_nobody_is_named(shop: Shop, name: str) -> None:
    shop.plant(SILENT[name])
    found = shop.report(shop.meet("checkout", "unpriced"))[1]
    assert found["commit"] is None, found
    assert found["reason"]
    assert found["files"][0] == "shop/cart.py", "whose owners may want to know"


def test_the_lines_that_are_shown_are_those_of_the_commit_itself(shop: Shop) -> None:
    """Another one exchanged the same line before; lines above moved since."""
    shop.plant(
        Bug(
            (
                Edit("ben", "shop/cart.py", 'line["count"] * line["cents"]', 'line["cents"] * line["count"]'),
                Edit("cho", "shop/cart.py", 'line["cents"] * line["count"]', 'line["price"] * line["count"]'),
                Edit("ada", "shop/cart.py", '"""What somebody wants to buy."""', '"""What\none\nwants."""'),
            ),
            1,
        )
    )
    found = shop.report(shop.meet("checkout", "full"))[1]
    (evidence,) = found["evidence"]
    source = 'return sum(line["price"] * line["count"] for line in lines(cart))'
    assert evidence["hunk"] == [
        '-    return sum(line["cents"] * line["count"] for line in lines(cart))',
        f"+    {source}",
    ]
    assert evidence["source"] == source
    assert evidence["line"] == evidence["start"] + 2
    assert (found["commit"], found["confidence"]) == (shop.commits[1], "high")


def test_a_change_elsewhere_in_the_function_is_said_to_be_weak(shop: Shop) -> None:
    """What ran where it went wrong is as it was."""
    found = suspected(shop, PLANTED["far above in the function"])
    line = found["evidence"][0]["line"]
    assert found["confidence"] == "medium"
    assert found["reason"].endswith(f"changed total in shop/cart.py, but not line {line}, where it went wrong.")


def test_it_is_told_once_and_as_a_fact(shop: Shop) -> None:
    bug = PLANTED["the very line"]
    shop.plant(bug)
    told = shop.meet(bug.view, bug.cart)
    error, found = shop.report(told)
    assert shop.report(told)[1] == found
    with shop.scene.database.read() as conn:
        (fact,) = [each for each in facts.after(conn, 0) if each.kind == "error.suspected"]
    assert fact.environment == "prod"
    assert fact.commit == told["release"]
    assert fact.data["error"] == error.id
    assert fact.data["commit"] == shop.commits[1]
    assert fact.data["evidence"][0]["path"] == "shop/cart.py"
    assert fact.data["confidence"] == "high"


def test_who_was_suspected_is_relieved_when_the_release_before_reports_it_at_the_same_time(shop: Shop) -> None:
    """What both need is out: the newer one, which has the requests, reports it first."""
    bug, old = PLANTED["the very line"], shop.head
    shop.plant(bug)
    told = shop.meet(bug.view, bug.cart)
    assert shop.report(told)[1]["commit"] == shop.commits[1]
    found = shop.report({**told, "release": old})[1]
    assert found["commit"] is None
    assert found["reason"] == "r1, which served before it, reports it too: r2 is not why."


def test_the_first_release_has_nothing_to_be_compared_with(shop: Shop) -> None:
    found = shop.report(shop.meet("checkout", "unpriced"))[1]
    assert (found["commit"], found["reason"]) == (None, "r1 is the first release of prod.")


def test_a_release_of_the_same_commit_accuses_no_commit(shop: Shop) -> None:
    """Its configuration is another one."""
    shop.configure(TOKEN="a long one")
    shop.redeploy()
    found = shop.report(shop.meet("checkout", "unpriced"))[1]
    assert found["commit"] is None
    assert found["reason"] == "r2 and r1 are the same commit: their configuration differs."


def test_a_release_that_is_not_ours_accuses_nobody(shop: Shop) -> None:
    found = shop.report({**shop.meet("checkout", "unpriced"), "release": "shop@1.0"})[1]
    assert found["commit"] is None
    assert "no release of Shipway's" in found["reason"]


def test_a_message_without_a_stack_accuses_nobody(shop: Shop) -> None:
    shop.plant(PLANTED["the very line"])
    found = shop.report({"message": "odd", "release": shop.head})[1]
    assert (found["commit"], found["reason"]) == (None, "No call of the stack is in a file of the repository.")


def test_a_file_of_the_same_name_that_is_another_accuses_nobody(shop: Shop) -> None:
    """What ran was not what the repository has: its line is another."""
    bug = PLANTED["the very line"]
    shop.plant(bug)
    told = shop.meet(bug.view, bug.cart)
    for frame in told["exception"]["values"][0]["stacktrace"]["frames"]:
        frame["context_line"] = "    return generated()"
    assert shop.report(told)[1]["commit"] is None


def test_a_bug_is_compared_with_what_served_before_and_not_with_what_failed(shop: Shop) -> None:
    """The commits of a deployment that was undone came with the next one."""
    bug = PLANTED["the very line"]
    for number, edit in enumerate(bug.edits):
        shop.commits.append(shop.edit(edit))
        if number == 1:
            shop.release(fails=True)
    shop.release()
    assert shop.report(shop.meet(bug.view, bug.cart))[1]["commit"] == shop.commits[1]


def test_a_repository_that_cannot_be_read_accuses_nobody(shop: Shop) -> None:
    bug = PLANTED["the very line"]
    shop.plant(bug)
    told = shop.meet(bug.view, bug.cart)
    shutil.rmtree(shop.scene.places.repository("shop") / "objects")
    assert shop.report(told)[1]["commit"] is None


@dataclass
class Beneath:
    """What serves, and a release command that comes after it and changes the data beneath it."""

    shop: Shop
    clock: pytest.MonkeyPatch
    now: float = field(default_factory=time.time)

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.clock.setattr(time, "time", lambda: self.now)

    def begin(self, command: str = "python migrate.py") -> Deployment:
        """The release command of what is on main begins."""
        scene = self.shop.scene
        run = scene.push("shop", "", commit=self.shop.head)
        scene.green(run, release={"run": command})
        deployment = scene.begin_deployment(run, "prod")
        with scene.database.write() as conn:
            deployments.enter(conn, deployment, "release")
        return deployment

    def fails(self, told: Mapping[str, Any], after: float = 1.0) -> Mapping[str, Any]:
        """So many seconds later what serves reports what it never did: who is suspected of that."""
        self.later(after)
        return self.shop.report(told)[1]

    def messages(self) -> list[Message]:
        """What people are told of that alone."""
        scene = self.shop.scene
        with scene.database.write() as conn:
            last = facts.newest_of(conn, ["error.new"], "shop", 1)[0].id
            assert positions.move(conn, "told", 0, last)
        return self.told()

    def told(self) -> list[Message]:
        """What people are told by now, the newest first."""
        scene = self.shop.scene
        Teller(scene.database, scene.places, "http://127.0.0.1:8440").look()
        with scene.database.read() as conn:
            return messages.recent(conn, limit=10)

    def told_of(self, commit: str) -> list[Message]:
        """What stands with a commit."""
        with self.shop.scene.database.read() as conn:
            return messages.recent(conn, application="shop", commit=commit)


@pytest.fixture
def beneath(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Beneath:
    """A minute after Cho wrote the line that an error will go through."""
    made = Beneath(shop, monkeypatch)
    shop.plant(PLANTED["the very line"])
    made.later(60.0)
    return made


MIGRATION = {"migrate.py": "from shop.tables import rename\n\nrename('name', 'title')\n"}


def test_data_changed_beneath_a_release_is_the_newer_ones_doing(beneath: Beneath) -> None:
    """The stack crosses a line that is new in the release, but went well until the next one's command began."""
    shop, bug = beneath.shop, PLANTED["the very line"]
    told, innocent = shop.meet(bug.view, bug.cart), shop.commits[1]
    theirs = shop.commit("ben", "Rename a column", MIGRATION)
    beneath.begin()
    found = beneath.fails(told)
    assert (found["commit"], found["email"], found["beneath"]) == (theirs, "ben@example.org", 3)
    assert found["confidence"] == "medium"
    assert found["reason"] == (
        "r3's release command had run when r2, which served well for 60 s, began to fail: "
        f"{theirs[:7]} changed migrate.py."
    )
    assert "+rename('name', 'title')" in found["evidence"][0]["hunk"]
    (message,) = beneath.messages()
    assert message.person == "ben@example.org"
    assert f"{theirs[:7]} Rename a column, by Ben Weber <ben@example.org>\n" in message.text
    assert "Sure: rather. r3's release command had run when r2" in message.text
    assert "whose release command gives r2 back what it needs" in message.text
    assert "Done     r2 serves, and is watched until " in message.text
    assert innocent[:7] not in message.text
    assert "git revert" not in message.text
    assert (beneath.told_of(theirs), beneath.told_of(innocent)) == ([message], [])


def test_a_verdict_on_what_changed_the_data_takes_no_message_of_that_away(beneath: Beneath) -> None:
    """What is bad about the newer release says nothing of what it did to the one before."""
    shop, bug = beneath.shop, PLANTED["the very line"]
    told = shop.meet(bug.view, bug.cart)
    theirs = shop.commit("ben", "Rename a column", MIGRATION)
    comes = beneath.begin()
    beneath.fails(told)
    (error,) = beneath.messages()
    with shop.scene.database.write() as conn:
        verdicts.record(conn, comes, release=3, share=5, kind="bad", reason="Slow.", findings=[])
    bad, same = beneath.told()
    assert (bad.kind, bad.person, bad.answers) == ("bad", "ben@example.org", "")
    assert same == error
    assert beneath.told_of(theirs) == [bad, error]


@pytest.mark.parametrize("counted", [True, False], ids=["counted", "nothing counted"])
def test_that_no_visitor_met_what_was_changed_beneath_a_release_is_not_said(
    beneath: Beneath, monkeypatch: pytest.MonkeyPatch, counted: bool
) -> None:
    """Theirs go another way, and meet what is another error."""
    shop, bug = beneath.shop, PLANTED["the very line"]
    told = shop.meet(bug.view, bug.cart)
    shop.commit("ben", "Rename a column", MIGRATION)
    beneath.begin()
    if counted:
        before, since = Tally((0, 40, 0, 0, 2)), Tally((0, 10, 0, 0, 130))
        history = History("shop.prod", shop.scene.places.environment("shop", "prod") / "signals")
        for at, tally in ((beneath.now - 1, before), (beneath.now + 1, since)):
            history.add([Reading(at, 1.0, "shop.prod.r2", tally, 0, heard=True)])
    beneath.fails({**told, "request": {"headers": {"User-Agent": "shipway-health"}}}, after=2.0)
    (message,) = beneath.messages()
    began, now = clock(beneath.now - 2), clock(beneath.now)
    failed = f" r2 failed 130 of 140 requests from {began} to {now}." if counted else ""
    assert f"Seen     Once.{failed}\n" in message.text.replace("\n         ", " ")


def test_what_a_command_imports_or_reads_is_part_of_it(beneath: Beneath) -> None:
    """It stands there as it was; others came with it."""
    shop, bug = beneath.shop, PLANTED["the very line"]
    told = shop.meet(bug.view, bug.cart)
    shop.commit("ada", "Say it", {"README": "A shop.\n"})
    theirs = shop.commit("ben", "Rename a column", {"shop/migrations/0002_title.py": "RENAME = 1\n"})
    beneath.begin("flask db upgrade")
    assert beneath.fails(told)["commit"] == theirs


def test_whoever_came_alone_with_a_command_is_not_very_surely_suspected(beneath: Beneath) -> None:
    shop, bug = beneath.shop, PLANTED["the very line"]
    told = shop.meet(bug.view, bug.cart)
    theirs = shop.commit("ben", "Add a table", {"README": "A shop.\n"})
    beneath.begin("bin/upgrade")
    found = beneath.fails(told)
    assert (found["commit"], found["confidence"]) == (theirs, "low")


@pytest.mark.parametrize("odd", ["two authors", "too late", "it fails too", "the same code"])
def test_where_it_cannot_be_told_who_changed_the_data_nobody_is_named(beneath: Beneath, odd: str) -> None:
    """Neither whoever wrote what fails."""
    shop, bug = beneath.shop, PLANTED["the very line"]
    told, old = shop.meet(bug.view, bug.cart), shop.head
    if odd == "the same code":
        shop.configure(TOKEN="a long one")
    else:
        shop.commit("ben", "Rename a column", MIGRATION)
    if odd == "two authors":
        shop.commit("ada", "Rename another", {"migrate.py": "rename('title', 'label')\n"})
    beneath.begin()
    if odd == "it fails too":
        shop.record({**told, "release": shop.head})
    found = beneath.fails({**told, "release": old}, after=60.0 if odd == "too late" else 1.0)
    assert found["commit"] is None, found
    assert "r3" in found["reason"]
    assert [(one.person, one.commit) for one in beneath.messages()] == [("owner", shop.head)]


def test_nothing_is_heard_against_a_release_while_the_data_is_changed_beneath_it(beneath: Beneath) -> None:
    """It is watched beside the one before it still, and would be taken back for what the next one does."""
    shop = beneath.shop
    with shop.scene.database.read() as conn:
        now = releases.now_serving(conn, "shop", "prod")
        assert now is not None
        serves = deployments.get(conn, now.deployment)
    shop.commit("ben", "Rename a column", MIGRATION)
    began = beneath.now
    comes = beneath.begin()
    beneath.later(1.0)
    with shop.scene.database.read() as conn:
        assert [at in cold(conn, serves, 5.0) for at in (began - 1, beneath.now)] == [False, True]
        assert beneath.now not in cold(conn, comes, 5.0)
    shop.scene.fail_deployment(comes, "it did not get healthy")
    beneath.later(1.0)
    with shop.scene.database.read() as conn:
        assert [at in cold(conn, serves, 5.0) for at in (beneath.now - 1, beneath.now)] == [True, False]


def test_a_command_that_had_not_begun_is_no_excuse(beneath: Beneath) -> None:
    """What serves failed before it."""
    shop, bug = beneath.shop, PLANTED["the very line"]
    told, theirs = shop.meet(bug.view, bug.cart), shop.commits[1]
    shop.record(told)
    shop.commit("ben", "Rename a column", MIGRATION)
    beneath.later(1.0)
    beneath.begin()
    assert beneath.fails(told)["commit"] == theirs


def test_a_command_before_it_is_no_excuse(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor its own."""
    before, bug = Beneath(shop, monkeypatch), PLANTED["the very line"]
    shop.commit("ben", "Rename a column", MIGRATION)
    failed = before.begin()
    shop.scene.fail_deployment(failed, "it did not get healthy")
    before.later(60.0)
    shop.plant(bug)
    before.begin()
    assert before.fails(shop.meet(bug.view, bug.cart))["commit"] == shop.commits[1]


def test_a_file_too_large_to_be_looked_at_hides_no_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It called the others, and changed too."""
    bug = PLANTED["the very line"]
    monkeypatch.setattr(suspicion, "LARGEST", 4096)
    shop.edit(Edit("ben", "shop/web.py", '"""What the shop answers."""', "# Long.\n" * 1000))
    assert suspected(shop, bug)["commit"] == shop.commits[1]


@pytest.mark.parametrize("odd", ["\f", "\x1c", "\u2028"], ids=ascii)
def test_lines_are_counted_as_git_counts_them(shop: Shop, odd: str) -> None:
    """A form feed or a line separator ends no line for git, nor for Python; it does for Python's SDK."""
    shop.edit(Edit("ben", "shop/cart.py", '"""What somebody wants to buy."""', f'"""What one{odd}wants."""'))
    bug = PLANTED["the very line"]
    shop.plant(bug)
    told = shop.meet(bug.view, bug.cart)
    assert shop.report(told)[1]["commit"] == shop.commits[1]
    for raised in told["exception"]["values"]:
        raised["value"] = "another"
        raised["type"] = "Another"
        for frame in raised["stacktrace"]["frames"][1:]:  # the first one is no file
            lines = (shop.work / frame["filename"]).read_text().split("\n")
            frame["context_line"] = lines[frame["lineno"] - 1]
    assert shop.report(told)[1]["commit"] == shop.commits[1]


def test_a_failing_test_names_who_changed_what_it_went_through(shop: Shop) -> None:
    """Several commits in one push, one of them to blame; the log is all there is to go by."""
    scene, before = shop.scene, shop.head
    bug = PLANTED["the very line"]
    shop.commits = [shop.edit(edit) for edit in bug.edits]
    line = (
        (shop.work / "shop/cart.py")
        .read_text()
        .splitlines()
        .index('    return sum(line["count"] * line["price"] for line in lines(cart))')
    )
    run = scene.push("shop", "", commit=shop.commits[-1], before=before)
    scene.begin(run)
    log = f"tests/test_cart.py:3: in test_total\nshop/cart.py:{line + 1}: in subtotal\nE   KeyError: 'price'\n"
    scene.step(run, "test", "failed", log=log, excerpt=log)
    assert suspected_of(shop, run)["commit"] == shop.commits[1]
    first = scene.push("shop", "", commit=shop.commits[-1])
    scene.begin(first)
    scene.step(first, "test", "failed", log=log, excerpt=log)
    assert suspected_of(shop, first)["commit"] is None
    Suspecting(story(scene).cast).look()
    with scene.database.read() as conn:
        assert len(facts.after(conn, 0, kinds=["step.suspected"])) == 2, "each is looked at once"
    line_above = shop.edit(
        Edit("ben", "shop/cart.py", '"""What somebody wants to buy."""', '"""What\none wants."""')
    )
    on_top = scene.push("shop", "", commit=line_above, before=shop.commits[-1])
    scene.begin(on_top)
    log = log.replace(f":{line + 1}:", f":{line + 2}:")
    scene.step(on_top, "test", "failed", log=log, excerpt=log)
    found = suspected_of(shop, on_top)
    assert (found["commit"], found["began"], found["base"]) == (shop.commits[1], shop.commits[-1], before)
    assert found["reason"].startswith(
        f"It failed in the same way with {shop.commits[-1][:7]}. {shop.commits[1][:7]} wrote"
    )


def test_a_failing_comparison_is_crossed_with_what_its_test_imports(shop: Shop) -> None:
    """Its log names the test alone, which nobody changed; of two commits nobody is named."""
    scene = shop.scene
    tests = {
        "tests/test_cart.py": "from shop import cart\n\n\ndef test_total():\n    assert cart.count({}) == 1\n"
    }
    before = shop.commit("ada", "Test the shop", tests)
    log = "tests/test_cart.py:5: AssertionError\n"

    def fails(commit: str, log: str = log) -> Mapping[str, Any]:
        run = scene.push("shop", "", commit=commit, before=before)
        scene.begin(run)
        scene.step(run, "test", "failed", log=log, excerpt=log)
        return suspected_of(shop, run)

    shop.edit(Edit("cho", "shop/web.py", 'or "nobody"', 'or "somebody"'))
    found = fails(shop.head)
    assert (found["commit"], found["reason"]) == (None, "What is new changed no file that the failure names.")
    mine = shop.edit(Edit("ben", "shop/cart.py", "    weights = [", "    weights = 3 * ["))
    found = fails(mine, log.replace("Assertion", "Another"))
    assert (found["commit"], found["confidence"]) == (mine, "low")
    assert found["reason"] == f"{mine[:7]} alone changed what tests/test_cart.py imports: shop/cart.py."
    theirs = shop.edit(Edit("cho", "shop/cart.py", "default=0", "default=1"))
    assert fails(theirs, log.replace("Assertion", "Third"))["commit"] is None


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("tests/test_app.py", "import app\nimport os", ["app.py"]),
        ("tests/test_app.py", "from shop import rates, cart  # both", ["shop/rates.py", "shop/__init__.py"]),
        ("shop/web.py", "from .rates import rate\nfrom . import x", ["shop/rates.py", "shop/__init__.py"]),
        ("web/a.test.js", "import {b} from './b'; const c = require('../c.js')", ["web/b.ts", "c.js"]),
        ("a.md", "Nothing from nowhere", []),
    ],
)
def test_imports_are_found_in_the_repository(path: str, text: str, found: list[str]) -> None:
    files = ["app.py", "shop/__init__.py", "shop/rates.py", "web/b.ts", "c.js"]
    assert imports.imported(path, text, files) == found


def test_a_step_is_looked_at_whatever_is_told_before_it_is(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """On an installation where nobody was suspected yet: a message moves how far people were told."""
    cast = story(shop.scene).cast
    with monkeypatch.context() as patched:
        patched.setattr(Watchers, "_thread", lambda *_: threading.Thread())
        Watchers(cast, Engine(shop.scene.places.engine_database, {}), Intake(shop.scene.database), "").start()
    run = shop.scene.push("shop", "", commit=shop.head)
    shop.scene.begin(run)
    shop.scene.step(run, "test", "failed", excerpt="out of eggs")
    with shop.scene.database.write() as conn:
        assert positions.move(conn, "told", 0, facts.newest(conn))
    assert suspected_of(shop, run)["step"] == "test"


def test_what_was_reported_is_on_record_before_the_server_ends(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one gulp of it."""
    monkeypatch.setattr("shipway.daemon.watchers.LAST", 60.0)
    database, intake = shop.scene.database, Intake(shop.scene.database)
    with database.write() as conn:
        key = error_keys.current(conn, "shop", "prod")
    for _ in range(250):
        intake.offer(key, json.dumps({"exception": [{"type": "KeyError", "value": "eggs"}]}).encode())
    watchers = Watchers(story(shop.scene).cast, Engine(shop.scene.places.engine_database, {}), intake, "")
    watchers._recording.start()
    watchers.stop()
    assert intake.take(timeout=0) == []
    with database.read() as conn:
        assert errors.recent(conn, "shop")[0].count == 250


def test_a_step_that_cannot_be_looked_at_is_told_all_the_same(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    run = shop.scene.push("shop", "", commit=shop.head)
    shop.scene.begin(run)
    shop.scene.step(run, "test", "failed", excerpt="out of eggs")
    monkeypatch.setattr(suspicion, "of_step", lambda *_: 1 / 0)
    assert "looking at it failed" in suspected_of(shop, run)["reason"]


def suspected_of(shop: Shop, run: Run) -> Mapping[str, Any]:
    Suspecting(story(shop.scene).cast).look()
    with shop.scene.database.read() as conn:
        (found,) = suspicions.of_run(conn, run.id)
    return found.data


def test_a_line_too_long_for_anybody_to_have_written_defines_nothing() -> None:
    """It takes time that grows with the square of their length."""
    long = ["total=(" * 14_000, "def " + " " * 100_000, "total({ " * 12_500, "a " * 50_000 + "total = () =>"]
    lines = ["total = (a) => {", *(f"    {line}" for line in long), "        return a", "}"]
    assert code.span(lines, 6, "total") == (1, 7)
    longest = f"total = (a) => {{ {'x' * code.LONGEST}"
    assert code.span([longest[: code.LONGEST], "    return a", "}"], 0, "total") == (1, 3)
    assert code.span([longest, "    return a", "}"], 0, "total") == (0, 0)


def test_an_error_that_goes_on_but_has_no_sample_of_its_release_is_settled(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However fresh its newest report is; right after the first one its sample may still be written."""
    bug = PLANTED["the very line"]
    shop.plant(bug)
    told = shop.meet(bug.view, bug.cart)
    monkeypatch.setattr(samples, "keep", lambda *_: None)
    shop.record(told)
    suspecting = Suspecting(story(shop.scene).cast)
    suspecting.look()
    assert shop.newest()[1].suspicion is None
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 60)
    shop.record(told)
    suspecting.look()
    place = shop.newest()[1]
    assert place.last_seen >= now + 60
    assert (place.suspicion or {})["reason"] == "No report of it is left to look at."


def test_an_error_that_cannot_be_looked_at_is_given_up_and_keeps_none_waiting(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, crossed = [], suspicion.crossed

    def trip(git: Git, calls: Sequence[Call], old: str, new: str) -> Suspicion:
        looks.append(calls)
        if not calls:
            raise ValueError("odd")
        return crossed(git, calls, old, new)

    monkeypatch.setattr(suspicion, "crossed", trip)
    bug = PLANTED["the very line"]
    shop.plant(bug)
    shop.record({"message": "odd", "release": shop.head})
    odd = shop.newest()[0].id
    shop.record(shop.meet(bug.view, bug.cart))
    suspecting = Suspecting(story(shop.scene).cast)
    suspecting.look()
    assert (shop.newest()[1].suspicion or {})["commit"] == shop.commits[1]
    for _ in range(5):
        suspecting.look()
    with shop.scene.database.read() as conn:
        (place,) = errors.places(conn, odd)
    assert place.suspicion is not None
    assert place.suspicion["commit"] is None
    assert place.suspicion["reason"] == "It is not known: looking at it failed 3 times (ValueError: odd)."
    assert len(looks) == 4


@pytest.mark.parametrize("before_too", [False, True], ids=["new in it", "the release before prints it too"])
def test_what_a_release_on_trial_only_prints_leads_to_its_commit_without_secrets(
    shop: Shop, before_too: bool
) -> None:
    """An application without an SDK."""
    shop.configure(TOKEN="correct-horse-battery")
    shop.plant(PLANTED["the very line"])
    text = (shop.work / "shop/cart.py").read_text().splitlines()
    line = next(number for number, code in enumerate(text, 1) if 'line["price"]' in code)
    printed = [
        "GET / web.py:3 500",
        "Traceback (most recent call last):",
        f'  File "/srv/shop/cart.py", line {line}, in total',
        f"    {text[line - 1].strip()}",
        "KeyError: 'price of correct-horse-battery'",
    ]
    with shop.scene.database.read() as conn:
        now = releases.now_serving(conn, "shop", "prod")
        assert now is not None
        number = releases.get(conn, now.release).number
    logs = shop.scene.places.logs("shop", "prod")
    logs.mkdir(parents=True, exist_ok=True)
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
    for release in (number, *([number - 1] * before_too)):
        said = "".join(f"{at}.00000{place}Z {each}\n" for place, each in enumerate(printed))
        (logs / f"shop.prod.r{release}.web.1.log").write_text(said)
    cast = story(shop.scene).cast
    reading = Printed(cast)
    reading.look()  # nobody decides yet
    with shop.scene.database.read() as conn:
        assert facts.newest_of(conn, ["release.printed"], "shop", 1) == []
    with cast.collector.closely("shop", "prod"):
        reading.look()
        reading.look()
    with shop.scene.database.read() as conn:
        found = [each.data for each in facts.after(conn, 0) if each.kind == "release.printed"]
        of_it = facts.after(conn, 0, application="shop", commit=shop.commits[1], kinds=["commit.suspected"])
    if before_too:
        assert found == []
        assert of_it == []
        return
    (told,) = found
    assert [one.data for one in of_it] == [{**told, "brought": shop.head}]
    assert (told["title"], told["commit"]) == ("KeyError: 'price of ***'", shop.commits[1])
    assert (told["evidence"][0]["path"], told["evidence"][0]["line"]) == ("shop/cart.py", line)
    assert told["evidence"][0]["source"] == text[line - 1].strip()
