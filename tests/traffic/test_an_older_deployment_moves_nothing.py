"""Whoever was left behind by a newer deployment is refused, whatever happened in between."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from shipway.config.places import Places
from shipway.errors import StaleEpoch
from shipway.traffic.proxy import Proxy

SHIFT = """
import sys
from pathlib import Path
from shipway.config.places import Places
from shipway.traffic.proxy import Proxy
data, runtime, keys, app, env, cluster, epoch = sys.argv[1:]
proxy = Proxy(Places(Path(data), Path(runtime), Path(keys)), 1)
proxy.shift(app, env, {cluster: 100}, epoch=int(epoch))
"""


def another_process(places: Places, *arguments: str) -> subprocess.Popen[str]:
    own = [str(place) for place in (places.data, places.runtime, places.keys)]
    return subprocess.Popen(
        [sys.executable, "-c", SHIFT, *own, *arguments], stderr=subprocess.PIPE, text=True, cwd=places.data
    )


def shift_all_to(proxy: Proxy, app: str) -> None:
    proxy.shift(app, "prod", {f"{app}.prod.r1": 100}, epoch=1)


@pytest.fixture(scope="module")
def two(town):
    """`app` has two releases, the second of which serves since epoch 5."""
    town.release("app", "prod", 1)
    town.release("app", "prod", 2)
    town.proxy.shift("app", "prod", {"app.prod.r2": 100}, epoch=5)
    return town


def test_an_older_epoch_is_refused(two) -> None:
    with pytest.raises(StaleEpoch, match="epoch 5"):
        two.proxy.shift("app", "prod", {"app.prod.r1": 100}, epoch=4)
    assert two.get("app.localhost").said == "app.prod.r2"


def test_an_older_epoch_is_refused_in_another_process_too(two) -> None:
    late = another_process(two.places, "app", "prod", "app.prod.r1", "4")
    assert "StaleEpoch" in late.communicate()[1]
    assert two.proxy.serving("app", "prod") == {"app.prod.r2": 100}


def test_the_same_epoch_may_try_again(two) -> None:
    two.proxy.shift("app", "prod", {"app.prod.r2": 100}, epoch=5)
    assert two.proxy.epoch("app", "prod") == 5


def test_epochs_of_environments_are_apart(two) -> None:
    two.release("app", "dev", 1)
    two.proxy.shift("app", "dev", {"app.dev.r1": 100}, epoch=1)
    assert two.proxy.epoch("app", "dev") == 1


def test_writers_at_the_same_time_lose_nothing_of_each_other(two) -> None:
    """Threads here and two other processes, each with an application of its own."""
    names = [f"many{number}" for number in range(6)]
    for name in names:
        two.release(name, "prod", 1)
    others = [another_process(two.places, name, "prod", f"{name}.prod.r1", "1") for name in names[:2]]
    threads = [threading.Thread(target=shift_all_to, args=(Proxy(two.places, 1), name)) for name in names[2:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.communicate()[1] for other in others] == ["", ""]
    assert [two.get(f"{name}.localhost").said for name in names] == [f"{name}.prod.r1" for name in names]
