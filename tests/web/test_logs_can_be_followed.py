"""A log that is still being written is sent as it is written, and ends when there is no more to come."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

from web.server import Site


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
