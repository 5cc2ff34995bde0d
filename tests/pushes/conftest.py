"""A server that takes pushes, and somebody who pushes."""

from __future__ import annotations

import itertools
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pushes.desk import Desk
from pushes.git_host import Host
from shipway.config.places import Places
from shipway.pushes import access
from support.records import open_record

NUMBERS = itertools.count(1)


@contextmanager
def installed(directory: Path) -> Iterator[Host]:
    """An installation with one application, not started."""
    places = Places.of(directory)
    places.create()
    database = open_record(places.database)
    host = Host(places, database, access.create(database, "ada"), "shop")
    host.create()
    yield host
    host.stop(signal.SIGKILL)
    database.close()
    shutil.rmtree(places.runtime)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with installed(tmp_path_factory.mktemp("server")) as host:
        host.start()
        yield host


@pytest.fixture
def host(server: Host) -> Host:
    """A running server that the tests of a file share, with an application of this test's own."""
    host = replace(server, application=f"shop{next(NUMBERS)}")
    host.create()
    return host


@pytest.fixture
def stopped_host(tmp_path: Path) -> Iterator[Host]:
    """A server of this test's own, not started."""
    with installed(tmp_path / "data") as host:
        yield host


@pytest.fixture
def own_host(stopped_host: Host) -> Host:
    """A server of this test's own, which it may stop and kill."""
    stopped_host.start()
    return stopped_host


@pytest.fixture
def desk(tmp_path: Path, host: Host) -> Desk:
    """Ada's desk, with one commit that is not pushed."""
    return Desk.at(tmp_path / "desk", host.address)


@pytest.fixture
def own_desk(tmp_path: Path, stopped_host: Host) -> Desk:
    """The same for `own_host` and `stopped_host`."""
    return Desk.at(tmp_path / "desk", stopped_host.address)
