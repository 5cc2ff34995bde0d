"""`shipway applications`, `find` and `where --json` show what the first page, the palette and a commit page do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cli.terminal import Said
from shipway.state.runs import Run
from web.server import Site

Shipway = Callable[..., Said]


@pytest.fixture
def failed(site: Site) -> Run:
    """Ada's topup serves; the newest commit of Ben's ledger failed its tests."""
    scene = site.scene
    for name in ("ledger", "topup"):
        scene.application(name)
    scene.deliver(scene.push("topup", "Sell credit"))
    run = scene.push("ledger", "Count refunds", who="ben")
    scene.begin(run)
    scene.step(run, "test", "failed", excerpt="assert 40 == 70")
    scene.end(run, "failed", "test failed")
    return run


def test_applications_are_listed_with_the_reason_and_for_whom_was_asked(
    failed: Run, site: Site, shipway: Shipway
) -> None:
    _columns, first, second = shipway("applications").out.splitlines()
    assert first.split()[:3] == ["ledger", "Failed", failed.commit[:7]]
    assert first.rstrip().endswith("test failed: assert 40 == 70")
    assert second.split()[:2] == ["topup", "Serving"]
    assert [one["name"] for one in shipway("applications", "--mine", "--json").json] == ["topup"]
    assert [one["name"] for one in shipway("applications", "--needs", "--json").json] == ["ledger"]
    assert [one["name"] for one in shipway("applications", "--person", "ben", "--json").json] == ["ledger"]
    assert shipway("applications", "--team", "nobody").out == "No application is like that.\n"


def test_anything_is_found_by_a_few_letters(failed: Run, site: Site, shipway: Shipway) -> None:
    found = shipway("find", "count", "refunds", "--json").json
    address = f"/applications/ledger/commits/{failed.commit[:10]}"
    assert (found[0]["kind"], found[0]["address"]) == ("commit", address)
    assert "/runs/ledger:1" in shipway("find", "ledger", "1").out
    nothing = shipway("find", "zebra")
    assert (nothing.out, nothing.code) == ("Nothing is called that.\n", 1)


def test_where_tells_a_program_the_whole_life_of_a_commit(failed: Run, site: Site, shipway: Shipway) -> None:
    found = shipway("where", failed.commit[:9], "--app", "ledger", "--json").json
    assert found == site.get(f"/api/v1/commits/ledger/{failed.commit}").json
    assert [moment["title"] for moment in found["moments"]][:1] == ["Pushed to main"]
    assert found["environments"][-1]["reason"] == "run 1 failed: test failed"
