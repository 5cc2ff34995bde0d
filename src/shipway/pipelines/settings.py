"""What shipway.yml says about a step of the pipeline."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from shipway.config.durations import Duration
from shipway.config.names import VariableName, Word
from shipway.config.settings import Line, Settings, Switch, Text

BUILD = "build"
"""The step of every run that builds the artifact; a project cannot have one of that name."""


def _not_ours(name: str) -> str:
    if name == BUILD:
        raise ValueError("is the step in which Shipway builds the artifact; choose another name")
    return name


StepName = Annotated[Word, AfterValidator(_not_ours)]


class StepSettings(Settings):
    """One piece of the pipeline: a command, and what has to pass before it."""

    short_form = "run"

    run: Line = Field(description="The command, run by `sh` at the root of a clean checkout. Exit code 0 passes.")
    needs: tuple[Word, ...] = Field(
        default=(), description="Steps that must pass first. Without any, it starts at once."
    )
    env: dict[VariableName, Text] = Field(default={}, description="Environment variables of this step.")
    timeout: Duration = Field(
        default=900.0, gt=0, description="After this the step and all it started are killed."
    )
    retry: int = Field(default=0, ge=0, le=10, description="How often a failed step is tried again.")
    network: Switch = Field(default=False, description="Whether the step may reach the network.")
