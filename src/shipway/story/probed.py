"""What probes and invariants say of a release on trial, each answer once, and which of them say nothing.

passed, failed                          evidence
not known, and known before             nothing is known of the release meanwhile: its share is held
not known, and not known before either  its source was dead already, and a fix must go out: never good, no hold
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from shipway.config.places import Places
from shipway.signals.judge import Check
from shipway.signals.questions import results
from shipway.signals.questions.question import Question
from shipway.signals.questions.results import Line
from shipway.state.releases import Release
from shipway.story.cold import Cold

LATE = 10.0  # seconds after which an answer is missed, besides its own limit and the time for three others
AS_BEFORE = "as before this release"


class Probed:
    """Answers of both releases from `since` (unix seconds) on; they are on the disk, and so can be heard again.

    `new_questions` are the names of those that the release before does not have, or asks otherwise: what it
    answers to that is none to compare with. Of `asked` answers are expected while the new one serves; `dead` are
    the names of those that were not known before its deployment, by the record.
    """

    def __init__(
        self,
        places: Places,
        release: Release,
        before: Release,
        since: float,
        new_questions: Collection[str] = (),
        asked: Sequence[Question] = (),
        dead: Collection[str] = (),
    ) -> None:
        self._places = places
        self._release = release
        self._before = before
        self._since = since
        self._new_questions = new_questions
        self._asked = asked
        self._dead = dead
        self._heard: dict[tuple[str, str | None], float] = {}

    def checks(self, serves: Callable[[float], bool | None], cold: Cold) -> Iterator[Check]:
        """Those that came since the last call, of each question oldest first; none of a `cold` moment. One that is
        not known speaks of the new release alone.

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
            if at <= since or new is None:
                continue
            says = line.says if at == line.at else ""
            if state != "not known":
                yield at, Check(line.name, state == "passed", new, says, unknown_before=unknown)
            elif new:
                yield at, self._unknown(line.name, says, holds=True)
        self._heard[line.name, line.release] = max([since, *(at for at, _ in line.past)])

    def quiet(self, now: float, *, began: float) -> Iterator[Check]:
        """What is asked and was not answered since the new release `began` to serve, or not for long. Who asks may
        have died: what was answered in time before that holds the release, however short its shares are.
        """
        found = results.read(self._places, self._release.application, self._release.environment)
        lines = {(line.name, line.release): line for line in found}
        for asked in self._asked:
            ours, theirs = (
                lines.get((asked.name, None if asked.whole else release.name))
                for release in (self._release, self._before)
            )
            last = None if ours is None else ours.at
            took = 0.0 if ours is None else ours.took
            late = asked.timeout + LATE + 3 * (took + asked.rests_closely(took))
            seconds = now - max(last or began, began)
            if seconds > late:
                known = asked.name in self._new_questions or (theirs is not None and theirs.is_fresh(began))
                yield self._unknown(asked.name, f"not answered for {seconds:.0f} s", holds=known)
            elif last is None or last <= began:
                yield Check(asked.name, False, True, "not answered yet", known=False, holds=False)

    def _unknown(self, name: str, says: str, *, holds: bool) -> Check:
        """Of one that was not known before the new release either that is told, and it holds nothing."""
        holds = holds and name not in self._dead
        told = says if holds else ": ".join(filter(None, (AS_BEFORE, says)))
        came = name in self._new_questions
        return Check(name, passed=False, new=True, says=told, unknown_before=came, known=False, holds=holds)
