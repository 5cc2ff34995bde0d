"""What a person decided and why: which release gets all requests, by going back or where the data allows none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.state import deployments, facts, releases
from shipway.state.database import Connection
from shipway.state.facts import Fact
from shipway.state.releases import Release
from shipway.state.runs import Run

FACT = "release.decided"


@dataclass(frozen=True)
class Decision:
    """`who` gave r<release> all requests, and `why`; `past` is the number of the release whose change of the data
    stays, where r<release> is older than that. `back` is the environment that they rolled back; empty where they
    decided between a release that is frozen and the one beside it, or went forward.
    """

    who: str
    why: str
    release: int
    past: int | None
    back: str = ""

    @property
    def says(self) -> str:
        """`ada rolled prod back to r1: “slow”`, `ada gave r1 all requests, past the data change of r2: “slow”`."""
        if self.back:
            return f"{self.who} rolled {self.back} back to r{self.release}{self._past}: “{self.why}”"
        return f"{self.who} gave r{self.release} all requests{self._past}: “{self.why}”"

    @property
    def wants(self) -> str:
        """The same where it is not known what came of it."""
        if self.back:
            return f"{self.who} asked for {self.back} to go back to r{self.release}{self._past}: “{self.why}”"
        return f"{self.who} decided that r{self.release} gets all requests{self._past}: “{self.why}”"

    @property
    def _past(self) -> str:
        return "" if self.past is None else f", past the data change of r{self.past}"

    @property
    def reason(self) -> str:
        """`“it reads both”. What r2 did to the data stays.`."""
        return f"“{self.why}”." + ("" if self.past is None else f" What r{self.past} did to the data stays.")


def record(conn: Connection, decision: Decision, run: Run, chosen: Release, others: Iterable[Release]) -> None:
    """Records it once for each commit that it is about; the run carries it out."""
    for commit in dict.fromkeys(one.commit for one in (chosen, *others)):
        facts.record(
            conn,
            FACT,
            application=chosen.application,
            run=run.id,
            environment=chosen.environment,
            commit=commit,
            who=decision.who,
            data={
                "release": decision.release,
                "past": decision.past,
                "why": decision.why,
                **({"back": decision.back} if decision.back else {}),
            },
        )


def of_run(conn: Connection, run: str) -> Decision | None:
    """What a run carries out, if somebody decided it."""
    found = facts.after(conn, 0, runs=[run], kinds=[FACT], limit=1)
    return of_fact(found[0]) if found else None


def of_what_serves(conn: Connection, application: str, environment: str) -> Decision | None:
    """What made it serve there, if somebody decided it."""
    now = releases.now_serving(conn, application, environment)
    if now is None:
        return None
    run = deployments.get(conn, now.deployment).run  # which may have been tried elsewhere, and taken back there
    found = facts.after(conn, 0, runs=[run], environment=environment, kinds=[FACT], limit=1)
    return of_fact(found[0]) if found else None


def of_fact(fact: Fact) -> Decision:
    """What it says."""
    return of_data(str(fact.who), fact.data)


def of_data(who: str, data: Mapping[str, Any]) -> Decision:
    """The same, where the fact was taken apart."""
    return Decision(who, str(data["why"]), int(data["release"]), data.get("past"), str(data.get("back") or ""))
