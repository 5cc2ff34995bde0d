"""Going back needs nothing but what this machine kept: no repository, and no archive (BARS R10)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from shipway.rollbacks.choose import NowhereToGo
from shipway.story.retire import Retirement
from support.hearing import Hearsay, hear
from support.scene import WEB_ONLY, Scene, a_scene, canary
from support.workshop import NAME

WARM = WEB_ONLY
COLD = canary(50, hold="60 s", deadline="90 s", project=WEB_ONLY.replace("warm: 60 s", "warm: 0 s"))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("scene")) as scene:
        yield scene


def two_have_served(scene: Scene, project: str) -> None:
    at_once = project.replace("strategy: canary", "strategy: blue_green")
    number = scene.every_fact().count("deployment.done")
    scene.serves(f"first {number}", project=project if not number else at_once)
    scene.serves(f"second {number}", project=at_once)
    Retirement(scene.cast).look()


def test_what_is_cold_comes_back_at_once_though_nothing_can_be_heard(scene: Scene) -> None:
    """Who goes back has decided: a trial, which would end at its deadline, is not held."""
    two_have_served(scene, COLD)
    hear(scene.cast, Hearsay("", lambda _new, _number: None))
    run = scene.going_back()
    assert scene.go_back(run) == "passed"
    assert scene.says().startswith("first")
    assert scene.facts(run).count("deployment.try") == 0


def without_its_archive(scene: Scene) -> None:
    kept = list(scene.cast.machine.places.artifacts.glob("*.tar"))
    assert kept
    for archive in kept:
        archive.unlink()


def without_the_repository(scene: Scene) -> None:
    shutil.rmtree(scene.cast.machine.places.repository(NAME))


@pytest.mark.parametrize("without", [without_its_archive, without_the_repository])
def test_it_comes_back(scene: Scene, without: Callable[[Scene], None], tmp_path: Path) -> None:
    two_have_served(scene, COLD)
    aside = tmp_path / "repository"
    repository = scene.cast.machine.places.repository(NAME)
    shutil.copytree(repository, aside)
    without(scene)
    try:
        assert scene.go_back(scene.going_back()) == "passed"
        assert scene.says().startswith("first")
    finally:
        if not repository.exists():
            shutil.copytree(aside, repository)


@pytest.mark.needs("root")  # who else may have a disk of his own to fill?
def test_what_a_full_disk_stops_changes_nothing_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    home = tmp_path / "disk"
    home.mkdir()
    with disk(home, "64m"), a_scene(home) as scene:
        two_have_served(scene, WARM)
        run = scene.going_back()
        fill(home)
        with pytest.raises(OperationalError, match="disk is full"):
            scene.go_back(run)
        assert scene.says().startswith("second")
        (home / "full").unlink()
        assert scene.go_back(run) == "passed"
        assert scene.says().startswith("first")


@contextmanager
def disk(at: Path, size: str) -> Iterator[None]:
    """A small disk of its own."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", at], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


def fill(disk: Path) -> None:
    """Until nothing fits any more."""
    with (disk / "full").open("wb", buffering=0) as file, suppress(OSError):
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"x" * size)


def test_a_first_release_that_is_ill_leaves_nothing(scene: Scene) -> None:
    project = WARM.replace("[prod]", "[new]").replace("timeout: 5 s", "timeout: 300 ms")
    run = scene.begun(
        scene.story.deploy(NAME, "new", scene.commit("ill", project=project, health="unwell"), "ada")
    )
    assert "not get healthy" in scene.act(run, "deploy", environment="new")
    assert scene.deployment(run).state == "failed"
    assert scene.cast.machine.keeper.instances(f"{NAME}.new") == []
    with pytest.raises(NowhereToGo, match="serves nothing yet"):
        scene.story.roll_back(NAME, "new", None, "ada")
