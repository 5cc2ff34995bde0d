"""What the pages can do, the command line can do too."""

from __future__ import annotations

from collections.abc import Callable

from cli.terminal import Said
from web.server import Site

Shipway = Callable[..., Said]


def test_an_environment_is_frozen_and_thawed(site: Site, shipway: Shipway) -> None:
    site.scene.application("topup")
    site.scene.deliver(site.scene.push("topup", "One"))
    assert "prod is frozen until it is thawed." in shipway("freeze", "Month end", "--app", "topup").told
    assert "prod is frozen until " in shipway("freeze", "The fair", "--until", "2h", "--app", "topup").told
    assert "That is past." in shipway("freeze", "x", "--until", "2020-01-01", "--app", "topup").told
    assert shipway("thaw", "--app", "topup").out == "prod is open again.\n"
    assert shipway("thaw", "--app", "topup").out == "prod was not frozen.\n"
