"""What probes and invariants say of a release on trial, each answer once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from shipway.config.places import Places
from shipway.signals.judge import Check
from shipway.signals.questions import results
from shipway.signals.questions.results import Line
from shipway.state.releases import Release
from shipway.story.cold import Cold


class Probed:
    """Answers of both releases from `since` (unix seconds) on; they are on the disk, and so can be heard again.

    `new_questions` are the names of those that the release before does not have, or asks otherwise: what it
    answers to that is none to compare with.
    """

    def __init__(
        self,
        places: Places,
        release: Release,
        before: Release,
        since: float,
        new_questions: Collection[str] = (),
    ) -> None:
        self._places = places
        self._release = release
        self._before = before
        self._since = since
        self._new_questions = new_questions
        self._heard: dict[tuple[str, str | None], float] = {}

    def checks(self, serves: Callable[[float], bool | None], cold: Cold) -> Iterator[Check]:
        """Those that came since the last call, of each question oldest first. One that is not known is none, and
        neither is one of a `cold` moment.

        `serves` says whether the new release had requests at a moment: what the environment as a whole answered
        then is the new one's, before it is the old one's; where `serves` is None it may be the doing of another.
        """
        found = results.read(self._places, self._release.application, self._release.environment)
        known = [line for line in found if line.release in (None, self._before.name, self._release.name)]
        for name in dict.fromkeys(line.name for line in known):
            news = [each for line in known if line.name == name for each in self._news(line, serves)]
            yield from (check for at, check in sorted(news, key=lambda each: each[0]) if at not in cold)

    def _news(self, line: Line, serves: Callable[[float], bool | None]) -> Iterator[tuple[float, Check]]:
        since = self._heard.get((line.name, line.release), self._since)
        unknown = line.name in self._new_questions
        if unknown and line.release == self._before.name:
            return
        for at, state in line.past:
            new = line.release == self._release.name if line.release is not None else serves(at)
            if at > since and state != "not known" and new is not None:
                says = line.says if at == line.at else ""
                yield at, Check(line.name, state == "passed", new, says, unknown_before=unknown)
        self._heard[line.name, line.release] = max([since, *(at for at, _ in line.past)])
