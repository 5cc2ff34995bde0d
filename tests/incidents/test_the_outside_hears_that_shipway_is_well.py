"""The dead-man's ping: it is called while the watchers look, and stops when one hangs."""

from __future__ import annotations

import pytest

from incidents.team import Team
from shipway.incidents.pulse import PingFailed, Pulse
from support.receivers import Hook


def ping(hook: Hook) -> str:
    return f"http://127.0.0.1:{hook.port}/ping/uuid"


def test_it_is_called_while_all_is_well(team: Team, hook: Hook) -> None:
    team.add_channel("ping", ping(hook))
    Pulse(team.database, team.vault, list, team.places.pinged).beat()
    assert hook.calls == ["GET /ping/uuid"]
    assert team.places.pinged.exists(), "nobody can see when it was told last"


def test_it_is_not_called_when_a_watcher_hangs(team: Team, hook: Hook) -> None:
    team.add_channel("ping", ping(hook))
    with pytest.raises(PingFailed, match="tend"):
        Pulse(team.database, team.vault, lambda: ["tend"], team.places.pinged).beat()
    assert hook.calls == []


def test_without_one_nothing_is_called(team: Team, hook: Hook) -> None:
    team.channel("owner", f"json://127.0.0.1:{hook.port}/messages")
    Pulse(team.database, team.vault, list, team.places.pinged).beat()
    assert hook.calls == []
    assert not team.places.pinged.exists()


def test_that_it_was_not_taken_is_said(team: Team, hook: Hook) -> None:
    team.add_channel("ping", ping(hook))
    hook.status = 404
    with pytest.raises(PingFailed, match="404"):
        Pulse(team.database, team.vault, list, team.places.pinged).beat()


def test_a_new_one_takes_the_place_of_the_old(team: Team, hook: Hook, other_hook: Hook) -> None:
    team.add_channel("ping", ping(hook))
    team.add_channel("ping", ping(other_hook))
    Pulse(team.database, team.vault, list, team.places.pinged).beat()
    assert (hook.calls, other_hook.calls) == ([], ["GET /ping/uuid"])
