"""A log that is still being written is sent as it is written, and ends when there is no more to come."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

from shipway.state import instances, releases
from web.server import Site

PROD = "/api/v1/applications/topup/environments/prod/logs"


@contextmanager
def stream(site: Site, path: str) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection.request("GET", path, headers=site.bearer())
    answer = connection.getresponse()
    assert answer.status == 200
    yield answer
    answer.close()
    connection.close()


def test_a_step_is_followed_to_its_end(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.begin(run)
    scene.step(run, "test", "running", log="first\n")
    with stream(site, "/api/v1/runs/topup:1/log?step=test&follow=1") as answer:
        assert answer.readline() == b"first\n"
        scene.log(run, "test", "second\nno end")
        assert answer.readline() == b"second\n"
        scene.end_step(run, "test", "passed")
        assert answer.read() == b"no end"


def test_a_whole_run_is_followed_from_step_to_step(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.begin(run)
    scene.step(run, "install", "running", log="a\n")
    with stream(site, "/api/v1/runs/topup:1/log?follow=1") as answer:
        assert answer.readline().decode() == "▸ install\n"
        assert answer.readline() == b"a\n"
        scene.end_step(run, "install", "passed")
        scene.step(run, "test", log="b\n")
        scene.end(run)
        assert answer.read().decode() == "▸ test\nb\n"


def test_the_log_of_a_run_ends_with_why_its_deployment_failed(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.begin(run)
    scene.step(run, "build", log="built, no end")
    scene.artifact(run)
    scene.fail_deployment(scene.begin_deployment(run, "dev"), "web ended.", "KeyError: 'drawer'")
    scene.end(run, "failed", "web ended.")
    with stream(site, "/api/v1/runs/topup:1/log") as answer:
        assert answer.read().decode() == "▸ build\nbuilt, no end\n▸ dev: web ended.\nKeyError: 'drawer'\n"


def write(site: Site, process: str, text: str, mode: str = "a") -> None:
    with site.scene.database.read() as conn:
        now = releases.now_serving(conn, "topup", "prod")
        assert now is not None
        found = [one for one in instances.of_release(conn, now.release) if one.process == process]
    for one in found:
        path = site.scene.places.instance_log("topup", "prod", one.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode) as file:
            file.write(text)


def serving(site: Site) -> None:
    site.scene.application("topup")
    site.scene.deliver(site.scene.push("topup", "One"))


def test_the_last_lines_of_each_instance_carry_its_name(site: Site) -> None:
    serving(site)
    write(site, "web", "".join(f"line {number}\n" for number in range(50)))
    write(site, "worker", "tick")
    assert sorted(site.get(f"{PROD}?lines=2").text.splitlines()) == [
        "web.0 | line 48",
        "web.0 | line 49",
        "web.1 | line 48",
        "web.1 | line 49",
        "worker.0 | tick",
    ]
    assert site.get(f"{PROD}?process=worker").text == "worker.0 | tick\n"
    assert site.get(f"{PROD}?lines=0&process=web").text == ""


def test_instances_are_followed_also_when_their_log_is_cut(site: Site) -> None:
    serving(site)
    write(site, "worker", "one\n")
    with stream(site, f"{PROD}?process=worker&follow=1&lines=1") as answer:
        assert answer.readline() == b"worker.0 | one\n"
        write(site, "worker", "tw")
        write(site, "worker", "o\n")
        assert answer.readline() == b"worker.0 | two\n"
        write(site, "worker", "3\n", mode="w")
        assert answer.readline() == b"worker.0 | 3\n"


def test_what_an_application_writes_of_its_secrets_is_not_shown(site: Site) -> None:
    """Whole, and as one of the forms in which programs print them."""
    serving(site)
    site.scene.configure("topup", "prod", {}, ["API_KEY"])
    write(site, "worker", "key a long one here\nYSBsb25nIG9uZQ==\nnothing to hide\n")
    assert site.get(f"{PROD}?process=worker").text == (
        "worker.0 | key *** here\nworker.0 | ***\nworker.0 | nothing to hide\n"
    )
