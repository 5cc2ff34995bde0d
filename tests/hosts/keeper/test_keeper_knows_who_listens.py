"""An answer from a port counts only when it is the instance that listens there."""

from __future__ import annotations

import os
import socket
import subprocess
from functools import partial

import pytest

from shipway.hosts.keeper import listening
from support.keeping import House


def test_the_instance_listens_when_it_does(any_house: House, port: int) -> None:
    any_house.up("one", "listen", PORT=str(port))
    any_house.up("two")
    assert any_house.keeper.listens("one", port)
    assert not any_house.keeper.listens("two", port)
    assert not any_house.keeper.listens("one", port + 1)
    assert not any_house.keeper.listens("nobody", port)


def test_nobody_listens_when_it_is_gone(any_house: House, port: int) -> None:
    any_house.up("one", "listen", PORT=str(port))
    any_house.stop("one")
    assert not any_house.keeper.listens("one", port)


def test_a_stranger_on_the_port_is_not_the_instance(any_house: House, port: int) -> None:
    any_house.up("one")
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        assert not any_house.keeper.listens("one", port)


@pytest.mark.parametrize(
    ("family", "address", "counts"),
    [
        (socket.AF_INET, "127.0.0.1", True),
        (socket.AF_INET, "0.0.0.0", True),
        (socket.AF_INET, "127.0.0.2", False),
        (socket.AF_INET6, "::", True),
        (socket.AF_INET6, "::1", False),
    ],
)
def test_only_addresses_that_answer_127_0_0_1_count(
    family: socket.AddressFamily, address: str, counts: bool
) -> None:
    with socket.socket(family) as listener:
        listener.bind((address, 0))
        me = partial(list, [os.getpid()])
        assert not listening.listens(me, listener.getsockname()[1])  # bound is not listening
        listener.listen()
        assert listening.listens(me, listener.getsockname()[1]) is counts


def test_a_port_shared_with_a_stranger_is_nobodys(port: int) -> None:
    """Either could be the one that answers."""
    with socket.socket() as ours, socket.socket() as theirs:
        for each in (ours, theirs):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            each.bind(("127.0.0.1", port))
            each.listen()
        with subprocess.Popen(["sleep", "1000"], pass_fds=[ours.fileno()]) as instance:
            try:
                assert not listening.listens(lambda: [instance.pid], port)
                theirs.close()
                assert listening.listens(lambda: [instance.pid], port)
            finally:
                instance.kill()
