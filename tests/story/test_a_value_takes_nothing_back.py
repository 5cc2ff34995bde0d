"""A change of configuration waits its turn, and changes what serves by then: it takes no newer commit back."""

from __future__ import annotations

from support.scene import Scene
from support.workshop import NAME


def test_a_value_that_is_set_while_a_newer_commit_is_on_its_way_does_not_undo_it(scene: Scene) -> None:
    scene.serves("1")
    newer = scene.ordered(scene.commit("2"))
    configured = scene.story.configure(NAME, "prod", "ada", values={"COLOUR": "blue"}).run
    assert configured is not None
    scene.deliver(newer)
    scene.carry_out(scene.begun(configured))
    assert scene.says() == "2"
    assert scene.says("/env/COLOUR") == "blue"


def test_a_value_that_the_newer_commit_brought_already_moves_nothing(scene: Scene) -> None:
    scene.serves("1")
    configured = scene.story.configure(NAME, "prod", "ada", values={"COLOUR": "blue"}).run
    assert configured is not None
    scene.serves("2")
    run = scene.begun(configured)
    scene.carry_out(run)
    assert scene.says() == "2"
    assert scene.facts(run)[-1] == "deployment.unneeded"
