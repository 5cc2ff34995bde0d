"""What is seen of an environment in one interval."""

from __future__ import annotations

from dataclasses import dataclass, field

from shipway.traffic.tally import Tally


@dataclass(frozen=True)
class Check:
    """One result of a probe or an invariant. `new`: it was asked of the new release, or of the whole environment
    while the new release served. `says`: what was answered, as far as it is known. `unknown_before`: the old
    release does not have the question. `known=False`: its source is in error, says what is no answer, or nothing;
    then it has neither passed nor failed. It `holds` the new release unless it was so before its deployment.
    """

    name: str
    passed: bool
    new: bool
    says: str = ""
    unknown_before: bool = False
    known: bool = True
    holds: bool = True


@dataclass(frozen=True)
class Reading:
    """What both releases answered within the same `seconds`, while `share` (0 to 1) of all went to the new one.

    Before the new release serves its share is 0: such readings, of any length, are what the judge knows of the
    old one. `heard=False`: the source was dead, stale or in error, and nothing is known of this time; a live
    source that counted nothing is heard. A request that does not end is in no Tally; `new_waiting` says how many
    the new release had not answered when the reading ended. Who knows how long each waits may count it as slow (in
    the last place of `durations`), once, and leave it out when it ends. `old_out`: the old one, without requests
    and still warm, is not healthy, and was until about the time at which the new one began to look worse.
    `most`: the larger share that the new one may have had, for the routers are told before it is on record, and
    visitors may stay with it; below `share` it says nothing.
    """

    seconds: float
    share: float
    old: Tally = field(default_factory=Tally)
    new: Tally = field(default_factory=Tally)
    heard: bool = True
    old_restarts: int = 0
    new_restarts: int = 0
    new_instances: int = 1
    new_waiting: int = 0
    checks: tuple[Check, ...] = ()
    old_out: bool = False
    most: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether it can be counted: a counter that began anew shows as less than nothing."""
        counted = (self.old.classes, self.old.durations, self.new.classes, self.new.durations)
        return self.heard and all(min(counts) >= 0 for counts in counted)
