"""A repository's shipway.yml as one typed value, made of each stage's settings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Self

from pydantic import Field

from shipway.artifacts.settings import BuildSettings
from shipway.config import validate, yaml
from shipway.config.names import ApplicationName, Word
from shipway.config.paths import DataPath
from shipway.config.problems import MOST_PROBLEMS, Complaint
from shipway.config.settings import Settings
from shipway.config.written import below, texts
from shipway.environments import settings as environments
from shipway.environments.settings import EnvironmentSettings
from shipway.pipelines import plan
from shipway.pipelines.settings import StepName, StepSettings
from shipway.releases.settings import ProcessSettings, ReleaseSettings
from shipway.signals import settings as signals
from shipway.signals.settings import MOST, InvariantSettings, MetricsSettings, ProbeName, ProbeSettings
from shipway.traffic import settings as traffic
from shipway.traffic.settings import HealthSettings, TrafficSettings

FILE = "shipway.yml"


def _usual_processes(earlier: dict[str, Any]) -> dict[str, ProcessSettings]:
    build = earlier.get("build")
    return {"web": ProcessSettings(run="static")} if build is not None and build.kind == "static" else {}


class Project(Settings):
    """An application and its way to production. Only `name` and a `web` process have to be written.

    A length of time is `30s`, `15m`, `2h` or `1d`. Text is taken exactly as it stands: `python: 3.10` is 3.10 and
    `env: {COUNTRY: NO}` is NO; only `true` and `false` are true and false. Nothing is substituted: values reach a
    command as environment variables. A file has at most 256 KiB; tags, merge keys and a key written twice are
    refused, and every problem is told at once, with its line.
    """

    name: ApplicationName = Field(description="The application's name: small letters, digits and single `-`.")
    team: Word | None = Field(
        default=None,
        description="Who looks after it, in one word; the first page shows a team's applications alone if asked.",
    )
    build: BuildSettings = Field(default=BuildSettings(), description="How the artifact is built.")
    steps: dict[StepName, StepSettings] = Field(
        default={}, description="The pipeline: what must pass before anything is released."
    )
    processes: dict[Word, ProcessSettings] = Field(
        default_factory=_usual_processes,
        description="The lines of the application. One is `web`; a static site has it without being told.",
    )
    release: ReleaseSettings | None = Field(
        default=None, description="A command that runs once before a release serves."
    )
    data: tuple[DataPath, ...] = Field(
        default=(),
        description="Paths of the tree that each environment keeps between releases: files have a suffix "
        "(`db.sqlite3`), directories have none or end with `/`.",
    )
    health: HealthSettings = Field(
        default=HealthSettings(), description="What `web` must answer before it gets traffic."
    )
    traffic: TrafficSettings = Field(default=TrafficSettings(), description="How requests move to a new release.")
    probes: dict[ProbeName, ProbeSettings] = Field(
        default={},
        max_length=MOST,
        description="What is asked of what serves, again and again. What a release fails and the one before does "
        "not speaks against it.",
    )
    invariants: dict[ProbeName, InvariantSettings] = Field(
        default={},
        max_length=MOST,
        description="Numbers that must be right whatever is deployed. One that was right before a release and is "
        "wrong with it speaks against the release.",
    )
    metrics: MetricsSettings | None = Field(
        default=None, description="Where instances of `web` say what they measure, as Prometheus reads it."
    )
    environments: tuple[EnvironmentSettings, ...] = Field(
        default=environments.USUAL, description="Where a commit travels, in this order."
    )

    @property
    def order(self) -> list[str]:
        """The names of the environments, in the order in which a commit travels through them."""
        return [each.name for each in self.environments]

    @property
    def rehearsing(self) -> list[str]:
        """The names of the environments from which a commit goes on only after a rehearsal."""
        return [each.name for each in self.environments if each.rehearse]

    def strategy_in(self, environment: str) -> str:
        """How requests move to a new release there: a canary is in the last environment, or where it is told to
        be; in the others all of them move at once.
        """
        tried = self.traffic.canary_in or self.order[-1:]
        return self.traffic.strategy if environment in tried else "blue_green"

    @classmethod
    def parse(cls, text: str | bytes, file: str = FILE) -> Self:
        """The project a text describes; InvalidConfig with every problem in it otherwise."""
        found = yaml.read(text, file)
        written = {} if found.value is None else found.value
        complaints = _complaints(written)
        if found.last is not found.value:
            complaints = _in_both(complaints, _complaints(found.last))
        return validate.validate(cls, written, found.positions, file, complaints, found.problems)

    @classmethod
    def schema(cls) -> dict[str, Any]:  # type: ignore[override] # pydantic's own of that name is deprecated
        """The JSON Schema of shipway.yml, for editors."""
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **cls.model_json_schema()}


def _in_both(complaints: Iterator[Complaint], others: Iterator[Complaint]) -> Iterator[Complaint]:
    """Those that hold whichever value of a key written twice was meant; of no more than are told."""
    known = {(each.path, each.message) for each in islice(others, MOST_PROBLEMS + 1)}
    return (each for each in islice(complaints, MOST_PROBLEMS + 1) if (each.path, each.message) in known)


def _complaints(written: Any) -> Iterator[Complaint]:
    """What is wrong across fields, looked for in what was written so that it is told with all the rest."""
    steps = below(written, "steps")
    if isinstance(steps, dict):
        yield from plan.complaints({name: texts(below(step, "needs")) for name, step in steps.items()})
    yield from environments.complaints(below(written, "environments"))
    yield from environments.data_complaints(texts(below(written, "data")))
    known = environments.names(below(written, "environments"))
    yield from signals.complaints(written, known)
    yield from traffic.complaints(below(written, "traffic"))
    yield from environments.unknown(("traffic", "canary_in"), below(written, "traffic", "canary_in"), known)
    yield from _without_web(written)


def _without_web(written: Any) -> Iterator[Complaint]:
    processes = below(written, "processes")
    static = "static" in (below(written, "build"), below(written, "build", "kind"))
    if isinstance(processes, dict) and "web" not in processes:
        near = validate.nearest("web", processes)
        yield Complaint(("processes",), "needs a process named `web`: the one that answers requests", near)
    elif processes is None and isinstance(written, dict) and not static:
        yield Complaint((), "the file needs `processes` with a `web` in it: the process that answers requests")
