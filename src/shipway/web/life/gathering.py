"""The moments of a commit as its time line shows them: what says the same is one entry, with where and when."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from shipway.incidents.letter import listed
from shipway.web.life.moment import Moment
from shipway.web.words import several

ANYWHERE = "\0"  # in no text of ours: stands for the name of an environment
SINCE = re.compile(r" since r\d+$")
TOLD = re.compile(r"(?P<who>.*) (?P<how>was told.*|is to be told.*)", re.DOTALL)
FIRST, FOLD, LAST = 8, 25, 20  # entries: shown at the beginning, in one fold between, and at the end
NOUNS = {"run": "run", "deployment": "deployment", "verdict": "verdict", "told": "message", "error": "error"}
ENDED = ("commit fixed", "commit cleared")  # how a quarantine ends
AT_ONCE = 2.0  # seconds between a verdict and the quarantine that comes of it


@dataclass(frozen=True)
class Entry:
    """`moment` has a title for all that say the same: `wheres`, if it is not alone. `then` is what came of it at
    once; `id` stays the same while more happens.
    """

    id: str
    moment: Moment
    wheres: Sequence[Moment] = ()
    then: Moment | None = None


def entries(moments: Sequence[Moment]) -> list[Entry]:
    """Those of `moments`, which are in their order: the first of each kind of the same stands for all."""
    groups: dict[Hashable, list[Moment]] = {}
    kept = _quarantines(moments)
    for at, moment in enumerate(moments):
        if at not in kept.values():
            groups.setdefault(_same(at, moment), []).append(moment)
    then = {id(moments[verdict]): moments[quarantine] for verdict, quarantine in kept.items()}
    found = [
        Entry("", _for_all(same), same if len(same) > 1 else (), then.get(id(same[0]))) for same in groups.values()
    ]
    return list(_named(found))


@dataclass(frozen=True)
class Stretch:
    """Some entries one after the other; `folded` unless they are among the first or the last."""

    entries: Sequence[Entry]
    folded: bool

    @property
    def says(self) -> str:
        """What is in it, by kind: `two runs, six deployments, 3 verdicts`."""
        kinds = Counter(NOUNS.get(entry.moment.kind, "moment") for entry in self.entries)
        return listed([several(count, noun) for noun, count in kinds.most_common()])

    @property
    def bad(self) -> int:
        """In how many of them something failed, was stopped or taken back."""
        return sum(entry.moment.state in ("failed", "rolled", "blocked") for entry in self.entries)


def stretches(found: Sequence[Entry]) -> list[Stretch]:
    """All of them, in parts that can be looked over; few are one part."""
    if len(found) <= FIRST + FOLD + LAST:
        return [Stretch(found, folded=False)]
    middle = found[FIRST:-LAST]
    folds = [Stretch(middle[at : at + FOLD], folded=True) for at in range(0, len(middle), FOLD)]
    return [Stretch(found[:FIRST], folded=False), *folds, Stretch(found[-LAST:], folded=False)]


def _quarantines(moments: Sequence[Moment]) -> dict[int, int]:
    """At which place the quarantine stands that came of the verdict at a place."""
    last: dict[str | None, int] = {}
    found: dict[int, int] = {}
    for at, moment in enumerate(moments):
        if moment.kind == "verdict":
            last[moment.environment] = at
        elif moment.kind == "commit quarantined":
            verdict = last.pop(moment.environment, None)
            if verdict is not None and moment.at - moments[verdict].at < AT_ONCE:
                found[verdict] = at
    return found


def _same(at: int, moment: Moment) -> Hashable:
    """What is the same of those that are one entry; of most it is their place alone."""
    says = _anywhere(moment, moment.says)
    if moment.kind == "error":
        return moment.kind, moment.address, says, tuple(moment.lines)
    if moment.kind in ENDED:
        return moment.kind, says
    if moment.kind == "told":
        lines = tuple(_anywhere(moment, line) for line in moment.lines)
        return moment.kind, TOLD.sub(r"\g<how>", moment.title), says, lines
    return at


def _anywhere(moment: Moment, text: str) -> str:
    where = moment.environment
    return text if where is None else re.sub(rf"\b{re.escape(where)}\b", ANYWHERE, text)


def _for_all(same: Sequence[Moment]) -> Moment:
    """The first, with a title that is true of all."""
    first, wheres = same[0], list(dict.fromkeys(each.environment for each in same if each.environment))
    if len(same) == 1 or not wheres or first.environment is None:
        return replace(first, title=_told_to(same))
    everywhere, here = f" in {listed(wheres)}", f" in {first.environment}"
    if first.kind == "told":
        return replace(first, title=_told_to(same), says=first.says.replace(here, everywhere))
    titles = {each.title.replace(f" in {each.environment}", "") for each in same}
    title = first.title.replace(here, "") if len(titles) == 1 else SINCE.sub("", first.title.replace(here, ""))
    if first.kind in ENDED:
        return replace(first, title=first.title.replace(here, everywhere))
    return replace(first, title=title + everywhere)


def _told_to(same: Sequence[Moment]) -> str:
    """`Ada and Ben were told`."""
    parts = [TOLD.fullmatch(each.title) for each in same if each.kind == "told"]
    people = list(dict.fromkeys(part["who"] for part in parts if part is not None))
    how = next((part["how"] for part in parts if part is not None), "")
    if len(people) < 2:
        return same[0].title
    return f"{listed(people)} {how.replace('was told', 'were told', 1).replace('is to be', 'are to be', 1)}"


def _named(found: Sequence[Entry]) -> Iterator[Entry]:
    taken: Counter[str] = Counter()
    for entry in found:
        name = _name(entry.moment)
        taken[name] += 1
        yield replace(entry, id=name if taken[name] == 1 else f"{name}-{taken[name]}")


def _name(moment: Moment) -> str:
    """By the fact, unless that is another one as soon as more happens."""
    if moment.kind in ("run", "deployment") and moment.address is not None:
        return f"{moment.kind}{re.sub(r'[^a-z0-9]+', '-', moment.address)}"
    return f"{moment.kind.replace(' ', '-')}-{moment.fact or int(moment.at * 1000)}"
