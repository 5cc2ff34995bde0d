"""One look at the routers becomes readings that can be asked for, whatever happens to one environment."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from shipway.config.places import Places
from shipway.signals import collect
from shipway.signals.collect import Collector
from shipway.traffic.counts import Count, Counted
from shipway.traffic.tally import Tally
from support.installation import eventually

SHOP, BANK = "shop.prod.r1", "bank.prod.r4"


class Routers:
    """One router, made up, that answers ten more requests of each release between two looks."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.answered = 0

    def releases(self) -> list[str]:
        return list(self.names)

    def count(self) -> list[Count]:
        self.answered += 10
        counted = Counted(Tally((0, self.answered, 0, 0, 0)), 1)
        return [Count("router-1", "answered", "1", dict.fromkeys(self.names, counted))]


class Nobody:
    def instances(self, _group: str | None = None) -> list:
        return []


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places.of(tmp_path / "data", {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})


def collector(places: Places, *names: str, looks: int) -> Collector:
    made = Collector(places, Routers(*names), Nobody())
    for _ in range(looks):
        made.look()
    return made


def test_what_came_since_a_moment_can_be_asked_for(places: Places) -> None:
    began = time.time() - 1
    made = collector(places, SHOP, looks=4)
    found = made.readings(SHOP, began)
    assert [one.tally.requests for one in found] == [10, 10, 10]
    assert all(one.heard for one in found)
    assert made.tally(SHOP, began).requests == 30
    assert made.readings(SHOP, found[-1].at) == []
    assert made.latest()[SHOP].at == found[-1].at
    assert made.totals()[SHOP].requests == 30
    assert [one.tally.requests for one in made.lately()["shop.prod"].looks] == [10, 10, 10]


def test_a_reading_is_told_from_the_disk_as_it_was_made(places: Places) -> None:
    made = collector(places, SHOP, looks=1)
    (first,) = made.look()
    (told,) = collector(places, looks=0).readings(SHOP, 0.0)
    assert (told.at, told.tally, told.heard) == (first.at, first.tally, first.heard)
    assert told.seconds == pytest.approx(first.seconds, abs=0.001)


def test_an_environment_that_cannot_be_written_harms_no_other(places: Places) -> None:
    in_the_way = places.environment("bank", "prod")
    in_the_way.parent.mkdir(parents=True)
    in_the_way.touch()
    made = collector(places, BANK, SHOP, looks=1)
    for _ in range(2):
        with pytest.raises(OSError, match="bank"):
            made.look()
    assert len(made.readings(SHOP, 0.0)) == 2


def test_a_release_that_the_router_has_no_more_is_forgotten(places: Places) -> None:
    routers = Routers(SHOP, BANK)
    made = Collector(places, routers, Nobody())
    made.look()
    made.look()
    routers.names = (BANK,)
    made.look()
    assert made.totals().keys() == made.latest().keys() == {BANK}
    assert made.lately().keys() == {"bank.prod"}


def test_who_decides_is_looked_for_more_often(places: Places, monkeypatch) -> None:
    monkeypatch.setattr(collect, "EVERY", 3600.0)
    made = collector(places, SHOP, looks=1)
    assert made.pause() > collect.CLOSELY
    with made.closely("shop", "prod"), made.closely("shop", "prod"):
        assert made.pause() <= collect.CLOSELY
    assert made.pause() > collect.CLOSELY


def test_who_doubts_is_looked_for_sooner_for_a_moment(places: Places, monkeypatch) -> None:
    monkeypatch.setattr(collect, "EVERY", 3600.0)
    monkeypatch.setattr(collect, "CLOSELY", 3600.0)
    made = collector(places, SHOP, looks=1)
    with made.closely("shop", "prod"):
        made.hurry()
        assert made.pause() <= collect.HURRIED
        monkeypatch.setattr(collect, "HURRY", 0.0)
        made.hurry()
        assert made.pause() > collect.HURRIED


def waits(made: collect.Collector) -> bool:
    """Whether somebody waits for it to change at this moment."""
    return bool(made._changed._waiters)  # type: ignore[attr-defined]


def test_who_begins_to_decide_is_looked_for_at_once(places: Places, monkeypatch) -> None:
    """And not when the look would have been due that nobody waited for."""
    monkeypatch.setattr(collect, "EVERY", 3600.0)
    made = collector(places, SHOP, looks=1)
    resting = threading.Thread(target=made.rest, daemon=True)
    resting.start()
    eventually(lambda: waits(made), "it rests")
    assert not made.is_close
    with made.closely("shop", "prod"):
        assert made.is_close
        resting.join(60.0)
    assert not resting.is_alive()


def test_who_waits_for_a_look_has_it_as_soon_as_it_is_kept(places: Places) -> None:
    made = collector(places, SHOP, looks=1)
    began, seen = time.time(), made.looks
    found: list[int] = []

    def wait() -> None:
        made.wait(seen, timeout=3600.0)
        found.append(len(made.readings(SHOP, began - 1)))

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    eventually(lambda: waits(made), "somebody waits")
    made.look()
    waiting.join(60.0)
    assert found == [1]
