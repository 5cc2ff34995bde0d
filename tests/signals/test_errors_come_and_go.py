"""An error is new once in each environment, goes when it is resolved, and comes back with a later release."""

from __future__ import annotations

import pytest

from shipway.signals.errors import recording
from shipway.state import errors, facts, releases, sightings
from shipway.state.releases import Release
from signals.conftest import Desk
from web import reporting

KEY_ERROR = reporting.event()


def of(release: Release, **more: object) -> dict[str, object]:
    return {**KEY_ERROR, "release": release.commit, **more}


def kinds(desk: Desk) -> list[tuple[str, str | None, object]]:
    return [(fact.kind, fact.environment, fact.data.get("release_number")) for fact in desk.told()]


def resolve(desk: Desk, number: int = 1) -> bool:
    with desk.scene.database.write() as conn:
        error = errors.numbered(conn, "topup", number)
        assert error is not None
        return errors.resolve(conn, error, "ada")


def reopen(desk: Desk, number: int = 1) -> bool:
    with desk.scene.database.write() as conn:
        error = errors.numbered(conn, "topup", number)
        assert error is not None
        return errors.reopen(conn, error, "ben")


def test_it_is_new_once_in_each_environment(desk: Desk) -> None:
    release = desk.deliver()
    desk.report(of(release), times=3)
    desk.report(of(release), "dev", times=2)
    desk.report(of(release))
    assert kinds(desk) == [("error.new", "prod", 1), ("error.new", "dev", 1)]
    (error,) = desk.errors()
    assert (error.number, error.count, error.state) == (1, 6, "open")
    first = desk.told()[0]
    assert first.commit == release.commit
    assert first.data["release"] == release.id
    assert first.data["title"] == "KeyError: 'cents'"
    assert first.data["place"] == "charge in topup/ledger.py"


def test_how_often_it_was_seen_is_known_by_release_and_environment(desk: Desk) -> None:
    one = desk.deliver()
    desk.report(of(one), times=2)
    two = desk.deliver()
    desk.report(of(two), times=5)
    desk.report(of(one))
    desk.report(of(two), "dev")
    with desk.scene.database.read() as conn:
        found = {
            (each.environment, each.named): each.count for each in errors.in_releases(conn, desk.errors()[0].id)
        }
        dev = releases.of_commit(conn, "topup", "dev", two.commit)[0]
        (place,) = [each for each in errors.places(conn, desk.errors()[0].id) if each.environment == "prod"]
    assert found == {("prod", one.id): 3, ("prod", two.id): 5, ("dev", dev.id): 1}
    assert (place.release, place.count) == (one.id, 8), "the first release that had it stays the first"


def test_a_later_release_that_has_it_again_is_a_regression(desk: Desk) -> None:
    one = desk.deliver()
    desk.report(of(one))
    assert resolve(desk)
    two = desk.deliver()
    desk.report(of(two), times=2)
    assert kinds(desk)[1:] == [("error.resolved", None, None), ("error.regressed", "prod", 2)]
    (error,) = desk.errors()
    assert (error.state, error.resolved_by) == ("open", "ada")
    assert error.regressed is not None
    assert desk.told()[-1].commit == two.commit
    assert desk.told()[-1].data["resolved_by"] == "ada"
    with desk.scene.database.read() as conn:
        assert [place.release for place in errors.places(conn, error.id)] == [two.id]


def test_who_resolved_it_before_it_came_back_stays_known_when_it_is_opened_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not who resolved another one; and it is not found by reading of all of them, while others wait to write."""
    other = reporting.event("ValueError", "too late")
    for release in (desk.deliver(), desk.deliver()):
        desk.report(of(release))
        desk.report({**other, "release": release.commit})
        before, others = sorted(desk.errors(), key=lambda error: error.number)
        with desk.scene.database.write() as conn:
            for error, who in [(before, "cho" if before.regressed else "ada"), (others, "dan")]:
                assert errors.resolve(conn, error, who)
    monkeypatch.setattr(facts, "after", None)
    assert reopen(desk, before.number)
    after, _ = sorted(desk.errors(), key=lambda error: error.number)
    assert (after.state, after.resolved_by, after.regressed) == ("open", "ada", before.regressed)
    assert after.resolved == pytest.approx(before.resolved, abs=1)


def test_one_that_was_not_mended_is_opened_again(desk: Desk) -> None:
    """It may be resolved anew, and then the same releases may go on having it."""
    desk.report(of(one := desk.deliver()))
    before = desk.errors()
    assert not reopen(desk), "it is open"
    resolve(desk)
    assert reopen(desk)
    assert desk.errors() == before
    desk.report(of(desk.deliver()))
    assert kinds(desk)[1:] == [("error.resolved", None, None), ("error.reopened", None, None)], "no regression"
    told = desk.told()[-1]
    assert (told.who, told.data["resolved_by"]) == ("ben", "ada")
    resolve(desk)
    desk.report(of(one))
    assert desk.errors()[0].state == "resolved"


def test_what_had_it_when_it_was_resolved_may_go_on_having_it(desk: Desk) -> None:
    one = desk.deliver()
    desk.report(of(one))
    resolve(desk)
    desk.report(of(one), times=2)
    desk.deliver()
    desk.report(of(one))
    assert desk.errors()[0].state == "resolved"
    assert desk.errors()[0].count == 4
    assert [kind for kind, _, _ in kinds(desk)] == ["error.new", "error.resolved"]


def test_one_resolved_after_its_fix_served_is_a_regression_when_the_fix_has_it(desk: Desk) -> None:
    one = desk.deliver()
    desk.report(of(one))
    fix = desk.deliver("Mend it")
    resolve(desk)
    desk.report(of(fix))
    assert kinds(desk)[-1] == ("error.regressed", "prod", 2)


def test_a_rollback_to_what_had_it_is_no_regression(desk: Desk) -> None:
    scene = desk.scene
    bad = scene.deliver(scene.push("topup", "Break it"))
    one = reporting.release(scene)
    desk.report(of(one))
    desk.deliver("Mend it")
    resolve(desk)
    scene.roll_back("topup", "prod", bad)
    desk.report(of(one))
    assert [kind for kind, _, _ in kinds(desk)] == ["error.new", "error.resolved"]


def test_where_it_was_never_seen_what_comes_later_is_a_regression(desk: Desk) -> None:
    one = desk.deliver()
    desk.report(of(one), "dev")
    resolve(desk)
    desk.report(of(one))
    assert desk.errors()[0].state == "resolved", "r1 of prod was there when it was resolved"
    two = desk.deliver()
    desk.report(of(two))
    assert kinds(desk)[-1] == ("error.regressed", "prod", 2)


def test_a_resolved_error_is_placed_in_the_release_that_an_environment_first_had_it_in(desk: Desk) -> None:
    """It is no news there, but whose commit it came by is looked for in that release."""
    one = desk.deliver()
    desk.report(of(one), "dev")
    resolve(desk)
    desk.report(of(one), times=2)
    with desk.scene.database.read() as conn:
        found = {place.environment: place for place in errors.places(conn, desk.errors()[0].id)}
    assert (found["prod"].release, found["prod"].count) == (one.id, 2)
    assert [kind for kind, _, _ in kinds(desk)] == ["error.new", "error.resolved"]


def test_resolving_twice_is_told_once(desk: Desk) -> None:
    desk.report(of(desk.deliver()))
    assert [resolve(desk), resolve(desk)] == [True, False]
    assert [kind for kind, _, _ in kinds(desk)] == ["error.new", "error.resolved"]


def test_a_release_that_is_not_ours_is_known_by_its_name(desk: Desk) -> None:
    desk.deliver()
    desk.report({**KEY_ERROR, "release": "topup@2.4.1"})
    resolve(desk)
    desk.report({**KEY_ERROR, "release": "topup@2.4.1"})
    assert desk.errors()[0].state == "resolved"
    desk.report({**KEY_ERROR, "release": "topup@2.4.2"})
    assert kinds(desk)[-1] == ("error.regressed", "prod", None)


@pytest.mark.parametrize("written", ["{}", "topup@{}", "topup@2.4+{}", "{:.12}"])
def test_a_release_is_found_by_its_commit(desk: Desk, written: str) -> None:
    release = desk.deliver()
    desk.report({**KEY_ERROR, "release": written.format(release.commit)})
    found = [fact.data["release"] for fact in desk.told()]
    assert found == ([release.id] if "+" not in written else [None])


def test_of_two_releases_of_a_commit_the_one_that_serves_is_meant(desk: Desk) -> None:
    """They differ in configuration alone."""
    scene = desk.scene
    first = scene.deliver(scene.push("topup", "Keep balances in cents"))
    desk.configure(TOKEN="a long one")
    again = scene.roll_back("topup", "prod", first)
    serving = reporting.release(scene)
    assert (serving.number, serving.commit) == (2, again.commit)
    desk.report(of(serving))
    desk.configure(TOKEN="another one")
    assert kinds(desk) == [("error.new", "prod", 2)]


def test_so_many_kinds_are_new_within_an_hour_and_the_rest_is_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "NEW_AN_HOUR", 3)
    release = desk.deliver()
    for number in range(10):
        desk.report(of(release, fingerprint=[f"kind {number}"]))
    desk.report(of(release, fingerprint=["kind 1"]))
    found = desk.errors()
    assert [error.count for error in found] == [1, 2, 1, 7]
    assert found[-1].title == "Errors that differ too much to be told apart"
    assert len(desk.told()) == 4


def test_a_hostile_application_fills_neither_record_nor_disk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    release = desk.deliver()
    monkeypatch.setattr(recording, "ERRORS", 5)
    for number in range(60):
        desk.report({**KEY_ERROR, "release": f"r{number}", "transaction": f"/pay/{number}"})
    for number in range(8):
        desk.report(of(release, fingerprint=[f"kind {number}"]))
    with desk.scene.database.read() as conn:
        named = errors.in_releases(conn, desk.errors()[0].id)
        requests = errors.requests(conn, desk.errors()[0].id)
    assert len(named) == sightings.RELEASES + 1
    assert sum(each.count for each in named) == 60
    assert len(requests) == sightings.REQUESTS
    assert "/pay/59" in requests
    desk.recorder.tidy()
    assert [error.number for error in desk.errors()] == [5, 6, 7, 8, 9]
    assert {path.name for path in desk.scene.places.errors("topup").iterdir()} == {e.id for e in desk.errors()}


def test_requests_are_counted_and_the_last_ones_kept(desk: Desk) -> None:
    release = desk.deliver()
    for url, times in (("http://x/pay?a=1", 3), ("http://x/pay?a=2", 2), ("http://x/refund", 1)):
        desk.report(of(release, request={"url": url, "method": "POST"}), times=times)
    with desk.scene.database.read() as conn:
        assert errors.requests(conn, desk.errors()[0].id) == {"POST /pay": 5, "POST /refund": 1}


def test_what_one_that_is_kept_warm_reports_is_counted_and_told_to_nobody(desk: Desk) -> None:
    """Only Shipway asks that one; what serves brings the error as new all the same."""
    warm, serves = desk.deliver(), desk.deliver()
    desk.report(of(warm), times=3)
    assert kinds(desk) == []
    (error,) = desk.errors()
    with desk.scene.database.read() as conn:
        (place,) = errors.places(conn, error.id)
        assert errors.unsuspected(conn) == [], "nobody is looked for"
    assert (error.count, place.count, place.release) == (3, 3, warm.id)
    assert place.suspicion is not None
    assert "Only r1 has reported it, while it was kept warm" in place.suspicion["reason"]
    desk.report(of(serves))
    desk.report(of(warm))
    assert kinds(desk) == [("error.new", "prod", 2)]
    assert desk.told()[0].commit == serves.commit
    assert desk.errors()[0].count == 5


def test_one_that_was_rolled_back_tells_what_was_new_in_it(desk: Desk) -> None:
    """Its reports may come late; they say why it was bad."""
    good = desk.scene.deliver(desk.scene.push("topup", "One"))
    bad = desk.deliver()
    desk.scene.roll_back("topup", "prod", good)
    desk.report(of(bad))
    assert kinds(desk) == [("error.new", "prod", 2)]


def test_a_resolved_error_stays_resolved_when_one_that_is_kept_warm_has_it(desk: Desk) -> None:
    first = desk.deliver()
    desk.report(of(first))
    assert resolve(desk)
    warm = desk.deliver()
    desk.deliver()
    desk.report(of(warm))
    assert kinds(desk)[1:] == [("error.resolved", None, None)]
    assert desk.errors()[0].state == "resolved"


ROUTED = {"User-Agent": "Envoy/HC", "X-Forwarded-For": "[Filtered]"}


@pytest.mark.parametrize(
    ("headers", "by"),
    [
        ({"User-Agent": "Envoy/HC", "Host": "topup"}, ", asked by the router's check of health"),
        ([["user-agent", "shipway-probe"]], ", asked by a probe"),
        ({"User-Agent": "Mozilla/5.0", "X-Forwarded-For": "[Filtered]"}, ""),
        (ROUTED, ""),
        ({"User-Agent": ["shipway-probe"], "shipway-probe": None}, ""),
        ([["user-agent"], "shipway-probe", 7], ""),
        ("shipway-probe", ""),
    ],
    ids=str,
)
def test_what_a_check_of_shipway_asked_is_counted_apart(desk: Desk, headers: object, by: str) -> None:
    """A visitor that calls itself like one comes through the router."""
    request = {"url": "http://x/health", "method": "GET", "headers": headers}
    release = desk.deliver()
    desk.report(of(release, request=request), times=2)
    desk.report(of(release, request={"url": "http://x/health", "method": "GET"}))
    (error,) = desk.errors()
    checks = 2 if by else 0
    assert (error.count, error.checks) == (3, checks)
    with desk.scene.database.read() as conn:
        assert [place.checks for place in errors.places(conn, error.id)] == [checks]
        assert [one.checks for one in errors.in_releases(conn, error.id)] == [checks]
        asked = errors.requests(conn, error.id)
    assert asked == ({f"GET /health{by}": 2, "GET /health": 1} if by else {"GET /health": 3})
