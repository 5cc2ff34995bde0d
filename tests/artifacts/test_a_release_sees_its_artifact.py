"""A process of a release sees the artifact where it was built, cannot change it, and sees nothing beside it."""

from __future__ import annotations

import subprocess

import pytest

from shipway.artifacts import shelf
from shipway.artifacts.room import run_env, run_room, static_server, tree_of
from shipway.hosts.sandbox import Tier, probe
from support.rooms import HELD, tier_of
from support.workshop import STATIC, Workshop

PROJECT = "name: shop\nbuild: {kind: command, root: dist, run: 'mkdir -p dist/sub; cp index.html dist'}\n"
FILES = {**STATIC, "shipway.yml": f"{PROJECT}processes: {{web: cat}}\n"}


@pytest.fixture(params=[*HELD, "plain"])
def tier(request: pytest.FixtureRequest) -> Tier:
    return tier_of(request.param)


def sh(workshop: Workshop, tier: Tier, digest: str, line: str) -> subprocess.CompletedProcess[str]:
    tree = tree_of(workshop.places, tier, digest, "shop.dev.r1")
    room = run_room(workshop.places, tree)
    command = tier.command(room, ["sh", "-ec", line])
    return subprocess.run(
        command, env=run_env(tier, room), capture_output=True, text=True, timeout=60, check=False
    )


def test_it_stands_in_what_was_shipped(workshop: Workshop, tier: Tier) -> None:
    done = sh(workshop, tier, workshop.make(FILES).digest, "ls; cat index.html")
    assert done.stdout == f"index.html\nsub\n{STATIC['index.html']}", done.stderr


@pytest.mark.needs("bubblewrap")
def test_it_cannot_change_it(workshop: Workshop) -> None:
    digest = workshop.make(FILES).digest
    for line in ("echo x > index.html", "touch sub/x", "rm index.html", "chmod u+w .", "mv sub other"):
        assert sh(workshop, probe(), digest, line).returncode != 0, line
    assert sh(workshop, probe(), digest, "ls").stdout == "index.html\nsub\n"


def test_a_copy_for_a_lesser_tier_leaves_the_artifact_as_it_is(workshop: Workshop) -> None:
    digest = workshop.make(FILES).digest
    lesser = probe({"SHIPWAY_SANDBOX": "plain"})
    assert sh(workshop, lesser, digest, "echo x > index.html; rm -r sub").returncode == 0
    kept = shelf.tree(workshop.places, digest)
    assert (kept / "index.html").read_text() == STATIC["index.html"]
    assert (kept / "sub").is_dir()
    first = tree_of(workshop.places, lesser, digest, "shop.dev.r1")
    second = tree_of(workshop.places, lesser, digest, "shop.test.r1")
    assert first != second
    assert (first / "index.html").read_text() == "x\n"
    assert (second / "index.html").read_text() == STATIC["index.html"]


def test_a_tree_cannot_ask_for_more_than_its_python(workshop: Workshop) -> None:
    evil = {**FILES, "dist/.venv/pyvenv.cfg": f"home = {workshop.places.keys}/bin\n"}
    tree = tree_of(workshop.places, probe(), workshop.make(evil).digest, "shop.dev.r1")
    shown = [str(mount.source) for mount in run_room(workshop.places, tree).mounts]
    assert (tree / ".venv" / "pyvenv.cfg").exists()
    assert not any(source.startswith(str(workshop.places.keys)) for source in shown)


def test_the_server_of_static_files_is_within_reach(workshop: Workshop, tier: Tier) -> None:
    python = static_server()[0]
    line = f"{python} -I -c 'import shipway.releases.static as s; print(s.__name__)'"
    done = sh(workshop, tier, workshop.make(FILES).digest, line)
    assert done.stdout == "shipway.releases.static\n", done.stderr
