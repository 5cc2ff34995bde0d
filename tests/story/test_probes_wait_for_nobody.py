"""What hangs keeps nobody else waiting, and there is an end to what is asked at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shipway.signals.questions import results
from shipway.signals.questions.answer import Answer, State
from shipway.signals.questions.results import Line
from shipway.state import facts
from shipway.story.probing import OF_ONE, Asked, Probing
from signals.places import question
from support.installation import eventually
from support.scene import PROJECT, WEB_ONLY, Scene, a_scene
from support.workshop import NAME

HANGING = 6
PROBES = "probes:\n  front: {http: /, every: 1 s}\n" + "".join(
    f"  hang {number}: {{command: 'touch $DATA_DIR/asked.$$; sleep 60', timeout: 2 s, every: 1 s}}\n"
    for number in range(HANGING)
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("scene")) as made:
        made.serves("1", project=PROJECT + PROBES)
        yield made


@contextmanager
def probing(scene: Scene) -> Iterator[Probing]:
    made, stopping = Probing(scene.cast), threading.Event()
    thread = threading.Thread(target=made.run, args=(stopping, lambda: None))
    thread.start()
    try:
        yield made
    finally:
        stopping.set()
        thread.join(20)
        assert not thread.is_alive()


def lines(scene: Scene) -> dict[str, Line]:
    return {line.name: line for line in results.read(scene.cast.machine.places, NAME, "prod")}


def scratch(scene: Scene) -> list[Path]:
    found = scene.cast.machine.places.data / "probing"
    return list(found.iterdir()) if found.exists() else []


def test_those_that_hang_take_turns_and_all_get_theirs(scene: Scene) -> None:
    most = 0

    def all_answered() -> bool:
        nonlocal most
        most = max(most, len(scratch(scene)))
        found = lines(scene)
        hanging = [found[f"hang {number}"].state for number in range(HANGING) if f"hang {number}" in found]
        return hanging == ["failed"] * HANGING and len(found["front"].past) >= 3

    with probing(scene):
        eventually(all_answered, "everything was asked")
    assert 0 < most <= OF_ONE
    assert lines(scene)["front"].state == "passed"
    eventually(lambda: scratch(scene) == [], "what was under way has ended with the server")


def test_what_is_asked_no_more_does_not_stay_failed(scene: Scene) -> None:
    """Its release is gone, or its shipway.yml asks something else; the server may have died in between."""
    gone = Line.of_question(question("http", "/gone"), by="shop.prod.r1")
    gone.hear(Answer("failed", "answered 500"), 1.0, 0.0)
    gone.hear(Answer("failed", "answered 500"), 2.0, 0.0)
    results.write(scene.cast.machine.places, NAME, "prod", [gone])

    def told() -> list[str]:
        with scene.cast.database.read() as conn:
            found = facts.after(conn, 0, kinds=["probe.ended"])
        return [f"{fact.data['probe']}: {fact.data['says']}" for fact in found]

    for _ in range(2):
        with probing(scene):
            eventually(lambda: "front" in lines(scene), "what is asked still is asked")
        assert told() == [f"{gone.name}: it is asked no more"]


def asked(every: float, took: float, state: State = "passed", *, closely: bool = False) -> Asked:
    of = question("http", "/", every=every)
    line = Line("front", "http", "/", None, None, "shop.prod.r1", every, state=state, at=0.0, took=took)
    return Asked(of, None, {}, line, closely)  # type: ignore[arg-type] # whose it is makes no difference


def test_how_long_it_rests() -> None:
    assert asked(15, 0.1).rest() == 15
    assert asked(15, 0.1, closely=True).rest() == 1
    assert asked(15, 2.0, closely=True).rest() == 8, "it runs for a fifth of the time"
    assert asked(15, 9.0, closely=True).rest() == 15, "never more seldom than as a rule"
    assert asked(15, 0.1, "failed").rest() == 1, "what has changed is looked at again at once"
    assert asked(1, 3.0, closely=True).rest() == 1


WATCHED = """\
probes:
  shelves: {command: 'echo $SHIPWAY_COMMIT >> $DATA_DIR/who; test ! -e $DATA_DIR/bare', every: 1 s}
"""


def test_one_that_is_kept_warm_rests_until_what_serves_fails(tmp_path: Path) -> None:
    """Without requests nobody has to know how it does, and nobody is told what asking it would bring."""
    with a_scene(tmp_path) as scene:
        old = scene.serves("1", project=WEB_ONLY + WATCHED)
        new = scene.serves("2", project=WEB_ONLY + WATCHED)
        who = scene.data / "who"

        def asked(commit: str) -> int:
            return who.read_text().split().count(commit) if who.exists() else 0

        with probing(scene):
            eventually(lambda: asked(old) and asked(new) > 1, "both were asked")
            eventually(lambda: [line.rests for line in both(scene)] == [True, False], "the old one rests")
            rested, seen = asked(old), asked(new)
            eventually(lambda: asked(new) > seen + 3, "the new one is asked on")
            assert asked(old) <= rested + 1, "one may have been under way"
            (scene.data / "bare").touch()
            eventually(lambda: {line.told for line in both(scene)} == {"failed"}, "the old one does no better")
            (scene.data / "bare").unlink()
            eventually(lambda: [line.rests for line in both(scene)] == [True, False], "and rests again")


def both(scene: Scene) -> list[Line]:
    return [line for line in results.read(scene.cast.machine.places, NAME, "prod") if line.name == "shelves"]
