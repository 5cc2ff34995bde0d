"""A command of the application's own says whether all is well: in the release's sandbox, with its environment."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from shipway.errors import ShipwayError
from shipway.hosts import steps
from shipway.hosts.steps import Outcome
from shipway.signals.questions.answer import Heard, NotKnown, short
from shipway.signals.questions.aside import aside
from shipway.signals.questions.place import Place
from shipway.signals.questions.question import Question

OUTPUT = 64 << 10  # bytes from its beginning, and as many from its end
ENTERED = "[the command begins]"
"""Printed in the room before the command: without it the sandbox has failed, not the command."""


async def ask(question: Question, place: Place) -> Heard:
    """Exit code 0 passes. It and all it started are killed when its time is over. Raises NotKnown."""
    return await aside(lambda: _run(question, place))


def _run(question: Question, place: Place) -> Heard:
    directory = Path(tempfile.mkdtemp(dir=place.scratch))
    try:
        around, port = place.around(), next(iter(place.ports.values()), None)
        steps.start(
            directory / "step",
            argv=["sh", "-c", f"echo '{ENTERED}'\n{question.of}"],
            room=around.room,
            tier=place.tier,
            env={**around.env, **({"PORT": str(port)} if port is not None else {})},
            timeout=question.timeout,
            secrets=around.secrets,
            log_limit=OUTPUT,
        )
        outcome = steps.wait(directory / "step", cancelled=place.stopping)
        return _heard(question, outcome, _output(directory / "step"))
    except ShipwayError as error:
        raise NotKnown(short(error.message)) from error
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _output(directory: Path) -> str | None:
    """What the command printed; None when it was never begun."""
    log = directory / "log"
    text = log.read_text(errors="replace") if log.exists() else ""
    first, _, rest = text.partition("\n")
    return rest if first == ENTERED else None


def _heard(question: Question, outcome: Outcome, output: str | None) -> Heard:
    if outcome.how not in ("exited", "killed", "timed out"):
        raise NotKnown(
            f"the command {outcome.how}" if outcome.how == "could not start" else f"it was {outcome.how}"
        )
    if outcome.how == "timed out":
        return Heard("failed", f"no answer within {question.timeout:g} s")
    if output is None:
        raise NotKnown("the sandbox did not let it begin")
    last = short(next((line for line in reversed(output.splitlines()) if line.strip()), ""))
    if outcome.code != 0:
        return Heard(
            "failed", short(f"exit status {outcome.code}: {last}" if last else f"exit status {outcome.code}")
        )
    if question.text is not None and question.text not in output:
        return Heard("failed", short(f"printed nothing like {question.text!r}"))
    return Heard("passed", last or "exit status 0", output)
