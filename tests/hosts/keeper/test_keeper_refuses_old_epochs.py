"""A deployment that was overtaken changes nothing any more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from shipway.errors import KeeperRefused, StaleEpoch
from support.keeping import GROUP, House


def test_an_epoch_is_remembered_per_group(house: House) -> None:
    house.keeper.take_epoch(GROUP, 5)
    assert (house.keeper.highest_epoch(GROUP), house.keeper.highest_epoch("shop.test")) == (5, 0)


def test_the_same_epoch_may_be_taken_again(house: House) -> None:
    house.keeper.take_epoch(GROUP, 5)
    house.keeper.take_epoch(GROUP, 5)


def test_an_older_deployment_starts_and_stops_nothing(house: House) -> None:
    before = house.ensure("one")
    house.keeper.take_epoch(GROUP, 5)
    with pytest.raises(StaleEpoch):
        house.keeper.take_epoch(GROUP, 4)
    with pytest.raises(StaleEpoch):
        house.keeper.ensure(house.spec("two"), group=GROUP, epoch=4)
    with pytest.raises(StaleEpoch):
        house.keeper.stop("one", group=GROUP, epoch=4, grace=0)
    assert house.keeper.instances() == [before]


def test_starting_something_takes_the_epoch(house: House) -> None:
    house.keeper.ensure(house.spec("one"), group=GROUP, epoch=9)
    with pytest.raises(StaleEpoch):
        house.stop("one")


def test_epochs_outlive_the_keeper(house: House) -> None:
    house.keeper.take_epoch(GROUP, 5)
    house.kill_keeper()
    house.keeper.start()
    with pytest.raises(StaleEpoch):
        house.keeper.take_epoch(GROUP, 4)


def test_of_many_at_once_the_highest_remains(house: House) -> None:
    def take(epoch: int) -> bool:
        try:
            house.keeper.take_epoch(GROUP, epoch)
        except StaleEpoch:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(take, [3, 40, 17, 8, 25, 40, 1, 39] * 5))
    assert house.keeper.highest_epoch(GROUP) == 40
    assert taken[1]


@pytest.mark.parametrize("epoch", [-1, True, 1.5, "3", None, 2**63])
def test_what_is_no_epoch_is_refused(house: House, epoch: object) -> None:
    with pytest.raises(KeeperRefused):
        house.keeper.take_epoch(GROUP, epoch)  # type: ignore[arg-type]


def test_a_damaged_epoch_lets_nobody_through(house: House) -> None:
    """Taken for 0 it would let everybody through."""
    house.keeper.take_epoch(GROUP, 5)
    (house.places.keeper / "epochs" / GROUP).write_text("")
    with pytest.raises(KeeperRefused, match="does not hold a number"):
        house.keeper.take_epoch(GROUP, 6)
    with pytest.raises(KeeperRefused):
        house.ensure("one")
