"""Making a release ready to start: its artifact unpacked, its data copied, its own command run."""

from __future__ import annotations

from pathlib import Path

from shipway.artifacts import fetch
from shipway.environments import data
from shipway.errors import DeploymentStopped, OutcomeUnknown
from shipway.hosts import steps
from shipway.hosts.excerpt import explaining
from shipway.hosts.steps import LOG_LIMIT, Outcome
from shipway.releases.machine import Machine
from shipway.releases.settings import ReleaseSettings
from shipway.releases.targets.process import Surroundings
from shipway.state.deployments import Deployment
from shipway.state.releases import Release


def unpack(machine: Machine, release: Release) -> None:
    """Brings the artifact to this machine, verified against its digest."""
    fetch.unpack(machine.places, release.digest)


def copy_data(machine: Machine, deployment: Deployment) -> None:
    """Keeps what the environment has before a `release:` command changes it; a second call finds the copy.

    Raises what `data.copy` does, and then no command has run.
    """
    data.copy(machine.places, deployment.application, deployment.environment, deployment.id)


def run_command(
    machine: Machine,
    deployment: Deployment,
    around: Surroundings,
    settings: ReleaseSettings,
) -> str:
    """Runs the `release:` command, of whose data there is a copy: at most once in a deployment. What it printed.

    1. The command is claimed by a file its supervisor creates exclusively. After a crash of Shipway the claim is
       found, and with it the command's result.
    2. If the machine, or the supervisor, died in the middle there is a claim without a result: OutcomeUnknown,
       unless the command was declared repeatable.
    """
    home = machine.places.environment(deployment.application, deployment.environment) / "deployments"
    for attempt in range(1, 4 if settings.repeatable else 2):
        directory = home / deployment.id / str(attempt)
        start_command(machine, around, settings, directory)
        outcome = steps.wait(directory)
        if outcome.how != "lost":
            said = explaining(directory / "log")
            judge(settings, outcome, excerpt=said)
            return said
    raise OutcomeUnknown(
        f"The machine went down while `{settings.run}` ran, or its supervisor was killed: "
        "nobody can know whether it took effect.",
        hint="Look at the data, then deploy the commit again; `repeatable: true` lets Shipway do that by itself.",
        excerpt=explaining(directory / "log"),
    )


def start_command(
    machine: Machine, around: Surroundings, settings: ReleaseSettings, directory: Path, log_limit: int = LOG_LIMIT
) -> None:
    """Starts a `release:` command in `directory`, unless it was started there before; its log has at most so many
    bytes."""
    steps.start(
        directory,
        argv=["sh", "-c", settings.run],
        room=around.room,
        tier=machine.tier,
        env=around.env,
        timeout=settings.timeout,
        secrets=around.secrets,
        log_limit=log_limit,
    )


def judge(settings: ReleaseSettings, outcome: Outcome, excerpt: str) -> None:
    """Raises DeploymentStopped, with the `excerpt`, when a release command has failed."""
    if outcome.how == "exited" and outcome.code == 0:
        return
    ended = f"exit status {outcome.code}" if outcome.how == "exited" else outcome.how
    raise DeploymentStopped(f"The release command `{settings.run}` failed: {ended}.", excerpt=excerpt)
