"""The installation says of itself what runs, what it fills, and that nothing is known of what does not answer."""

from __future__ import annotations

import os

from web.server import Site


def test_what_does_not_answer_is_not_known(site: Site) -> None:
    told = site.get("/api/v1/installation").json
    states = {one["name"]: one["state"] for one in told["parts"]}
    assert states == {"server": "running", "keeper": "not known", "router-1": "not known", "router-2": "not known"}
    assert told["parts"][0]["pid"] == os.getpid()
    assert told["parts"][0]["memory"] > 1_000_000
    text = site.get("/installation").text
    assert "do not answer" in text or "should look at this machine" in text


def test_what_lies_in_its_data_is_told_with_sizes(site: Site) -> None:
    log = site.scene.places.data / "runs" / "some" / "log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"x" * 2_500_000)
    told = site.get("/api/v1/installation").json
    sizes = {one["name"]: one["size"] for one in told["sizes"]}
    assert sizes["runs/"] == 2_500_000
    assert "shipway.db" in sizes
    assert "2.5 MB" in site.get("/installation").text


def test_when_a_service_outside_was_told_last_is_shown(site: Site) -> None:
    assert site.get("/api/v1/installation").json["ping"] == {"channel": False, "last": None}
    assert "no service outside listens" in site.get("/installation").text
    site.scene.places.pinged.touch()
    assert site.get("/api/v1/installation").json["ping"]["last"] is not None
    assert "told outside that all is well" in site.get("/installation").text


def test_nothing_on_the_page_is_a_secret(site: Site) -> None:
    shown = site.get("/installation", "ben").text + site.get("/api/v1/installation", "ben").text
    assert site.scene.tokens["ada"] not in shown
    assert "sealed" not in shown
