"""A bad release that cannot go back: what its migration did to the data stays, so it keeps its share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shipway.signals.verdict import Verdict
from shipway.state.runs import Run
from shipway.story import trial
from shipway.story.trial import BadVerdict, NotJudged
from support.scene import WEB_ONLY, Scene, canary

BAD = Verdict("bad", "Failed requests: 9 of 18 of the new release, 0 of 160 of the old one in the same time.")
TRIED = canary(50)


def project(migration: str, base: str = WEB_ONLY) -> str:
    return f"{base}release: {{run: 'true', migration: {migration}}}\n"


def freeze(scene: Scene, monkeypatch: pytest.MonkeyPatch, base: str = WEB_ONLY, *, on_strike_if: str = "") -> Run:
    """The run whose canary, r2, was judged bad at 50 %, past what cannot be taken back; r1 has the rest."""
    with monkeypatch.context() as judging:
        judging.setattr(trial.Trial, "hold", _judged_bad)
        scene.serves("1", project=base)
        tried = project("irreversible", canary(50, project=base))
        run = scene.ordered(scene.commit("2", project=tried, on_strike_if=on_strike_if))
        outcome = scene.deliver(run)
    assert outcome.startswith("failed: r2 is frozen at 50 %: r2 has half of the requests, r1 the other half")
    return run


def judge_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nothing is heard of what is tried, until its deadline is over."""
    monkeypatch.setattr(trial.Trial, "hold", _not_judged)


def judge_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on every share is judged good at once."""
    monkeypatch.setattr(
        trial.Trial, "hold", lambda *_, **_options: Verdict("good", "It is as good as the old one.")
    )


def while_tried(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], told: list[dict[str, Any]] | None = None
) -> None:
    """Does something as soon as the share of the next release stands, and notes what is `told` of holding it."""
    hold = trial.Trial.hold

    def acting(self: trial.Trial, *args: Any, **options: Any) -> Verdict:
        act()
        if told is not None:
            told.append(options)
        return hold(self, *args, **options)

    monkeypatch.setattr(trial.Trial, "hold", acting)


def _judged_bad(self: trial.Trial, share: int, *_: object, **_options: object) -> Verdict:
    raise BadVerdict(self._release, share, BAD)


def _not_judged(self: trial.Trial, *_: object, **_options: object) -> Verdict:
    raise NotJudged(f"r{self._release.number} could not be judged in 2 s.")
