"""What `shipway releases` says of the release before one that is frozen."""

from __future__ import annotations

from typing import Any

from shipway.cli.releases import _state


def before(share: int) -> dict[str, Any]:
    left = {"release": 2, "share": share, "state": f"frozen at {share} %"}
    return {"number": 1, "stuck": left, "trial": None, "served_since": None, "warm_until": None, "verdict": None}


def test_it_serves_the_requests_that_the_frozen_one_has_not() -> None:
    assert _state(before(30)) == "serves 70 %"


def test_it_does_not_serve_where_the_frozen_one_has_them_all() -> None:
    assert _state(before(100)) == ""
