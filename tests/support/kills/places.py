"""Where a kill is tried: the facts of a push and what lies between them, in the order in which they happen.

A side effect has a place right before and one right after it. Most are facts; where one is not, something else
is: a word to the keeper, the rename that puts a file into force, the first question whether an instance is
healthy, or the trace that a command of the application leaves itself (`seen`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """`nth` counts how often the place is passed; `seen` means a trace on disk, looked for from outside."""

    stage: str
    name: str
    nth: int = 1
    seen: bool = False

    def __str__(self) -> str:
        return self.name + (f" ({self.nth})" if self.nth > 1 else "")


def _both(stage: str, kind: str, nth: int = 1) -> list[Place]:
    return [Place(stage, f"{kind} {moment}", nth) for moment in ("before", "after")]


PUSH = [*_both("push", "push.offered"), *_both("push", "push.accepted"), *_both("push", "run.queued")]

STEP = [
    *_both("step", "run.started"),
    Place("step", "rename tree"),
    *_both("step", "step.started"),
    Place("step", "a step runs", seen=True),
    *_both("step", "step.passed"),
]

BUILD = [
    *_both("build", "step.started", 2),
    Place("build", "rename app"),
    Place("build", "rename phases.json"),
    Place("build", "rename packed.json"),
    *_both("build", "step.passed", 2),
    Place("build", "rename digest.tar"),
    Place("build", "rename digest"),
    Place("build", "rename digest.unpacked"),
    *_both("build", "artifact.published"),
]

DEPLOY = [
    Place("deploy", "release.made before"),
    *_both("deploy", "deployment.begun"),
    *_both("deploy", "keeper take_epoch"),
    *_both("deploy", "deployment.prepare"),
    *_both("deploy", "deployment.release"),
    Place("deploy", "rename id"),
    Place("deploy", "the release command runs", seen=True),
    *_both("deploy", "deployment.start"),
    *_both("deploy", "keeper ensure"),
    Place("deploy", "ask"),
    Place("deploy", "rename desired.json"),
    Place("deploy", "rename clusters.json"),
    *_both("deploy", "deployment.processes"),
    *_both("deploy", "keeper stop"),
    *_both("deploy", "keeper ensure", 2),
]

SWITCH = [
    *_both("switch", "deployment.switch"),
    Place("switch", "rename desired.json", 2),
    Place("switch", "rename runtime.json", 2),
    *_both("switch", "deployment.switched"),
    *_both("switch", "deployment.finish"),
    *_both("switch", "deployment.done"),
    *_both("switch", "run.passed"),
]

PLACES = [*PUSH, *STEP, *BUILD, *DEPLOY, *SWITCH]

WITH_TWO_RELEASES = [*DEPLOY[DEPLOY.index(Place("deploy", "ask")) :], *SWITCH]
"""The new release has been started, beside the one that serves or served."""

UNDO = [
    *_both("undo", "deployment.undo"),
    *_both("undo", "deployment.failed"),
    *_both("undo", "run.stopped"),
    *_both("undo", "run.failed"),
]

GO_BACK = [
    *_both("go back", "run.queued"),
    *_both("go back", "deployment.begun"),
    *_both("go back", "deployment.switch"),
    Place("go back", "rename runtime.json"),
    *_both("go back", "deployment.switched"),
    *_both("go back", "deployment.processes"),
    *_both("go back", "deployment.finish"),
    *_both("go back", "deployment.done"),
]


def place(name: str) -> Place:
    """The place that is written like this."""
    return next(each for each in (*PLACES, *UNDO, *GO_BACK) if str(each) == name)
