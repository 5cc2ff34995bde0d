"""Where everybody may write, as in /dev/shm, somebody else may be first to make the keeper's directory."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.config.places import Places
from shipway.errors import KeeperGone
from shipway.hosts.keeper.client import Keeper
from support.keeping import House
from support.rooms import NOBODY

SAYS = "is no directory of this user"


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """An installation whose runtime directory lies where everybody may write."""
    shared = Path(tempfile.mkdtemp(dir=os.environ["XDG_RUNTIME_DIR"]))
    shared.chmod(0o1777)
    yield Places.of(tmp_path / "data", {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(shared)})
    shutil.rmtree(shared)


@pytest.fixture
def house(places: Places) -> Iterator[House]:
    places.create()
    house = House(places, Keeper(places, patience=1.0))
    house.keeper.start()
    yield house
    house.keeper.quit(stop_instances=True)


def take(places: Places, which: Path) -> None:
    """What somebody else does who is first; everybody may write there."""
    shutil.rmtree(places.runtime.parent)
    which.mkdir(parents=True)
    which.chmod(0o777)
    os.chown(which, NOBODY, NOBODY)


@pytest.mark.needs("root")
@pytest.mark.parametrize("which", ["runtime", "its parent"])
def test_an_emptied_directory_that_somebody_else_made_again_gets_no_secret(house: House, which: str) -> None:
    runtime = house.places.runtime
    before = house.up("one", PASSWORD="s3cret")
    foreign = runtime if which == "runtime" else runtime.parent
    take(house.places, foreign)
    house.eventually(lambda: SAYS in house.keeper_log(), "the keeper says that it does not write there")
    assert list(foreign.iterdir()) == []
    shutil.rmtree(foreign)
    house.eventually(house.places.keeper_socket.exists, "it answers again")
    assert house.state("one") == before


@pytest.mark.needs("root")
@pytest.mark.parametrize("which", ["runtime", "its parent"])
def test_a_keeper_does_not_start_in_one(places: Places, which: str) -> None:
    places.create()
    take(places, places.runtime if which == "runtime" else places.runtime.parent)
    with pytest.raises(KeeperGone, match=SAYS):
        Keeper(places, patience=0.1).start()


def test_a_link_that_somebody_left_is_not_followed(places: Places, tmp_path: Path) -> None:
    (tmp_path / "trap").mkdir()
    places.runtime.parent.symlink_to(tmp_path / "trap")
    with pytest.raises(KeeperGone, match=SAYS):
        Keeper(places, patience=0.1).start()
    assert list((tmp_path / "trap").iterdir()) == []


@pytest.mark.needs("root")
def test_nobody_tells_a_foreign_keeper_anything(house: House) -> None:
    """It would be told the environments of instances, secrets included."""
    foreign = house.places.keeper_socket
    foreign.unlink()
    reader, ready = os.pipe()
    child = os.fork()
    if child == 0:
        _listen_as_nobody(foreign, ready)
    assert os.read(reader, 1) == b"1"
    with pytest.raises(KeeperGone, match="another user's"):
        Keeper(house.places, patience=0.0).ensure(house.spec("one", PASSWORD="s3cret"), group="a", epoch=1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _listen_as_nobody(path: Path, ready: int) -> None:
    """Ends with how many bytes it was told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        os.chown(path, NOBODY, NOBODY)
        os.setuid(NOBODY)
        listener.listen()
        os.write(ready, b"1")
        connection, _ = listener.accept()
        told = len(connection.recv(65536))
        os._exit(told)
