"""What a run has to do, as a plan that the engine interprets."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.durable.plan import Node, Plan
from shipway.pipelines import plan as pipeline
from shipway.pipelines.plan import PlannedStep
from shipway.project import Project

SERVING = "serving"


def journey(project: Project, environments: Sequence[str], *, tested: bool) -> Plan:
    """The whole way of a commit; one that is tested already is only delivered."""
    if tested:
        return deployments(environments)
    nodes = [Node("checkout", "check_out")]
    nodes += [
        Node(f"step:{step.name}", "step", _before(step), {"step": step.name}) for step in pipeline.compile(project)
    ]
    nodes.append(Node("build", "build"))
    nodes.append(Node("publish", "publish", tuple(node.id for node in nodes)))
    return _ending([*nodes, *_deployments(environments, first_needs=("publish",))])


def deployments(environments: Sequence[str]) -> Plan:
    """The way of what is published, through these environments."""
    return _ending(_deployments(environments, first_needs=()))


def reconfiguration(environment: str) -> Plan:
    """The way of what serves there when its turn comes, to the same place with the newest configuration."""
    return _ending([Node(f"deploy:{environment}", "deploy", (), {"environment": environment, "what": SERVING})])


def rollback(release: str, *, instead_of: str | None = None) -> Plan:
    """The way back to one release, which is named by its id; only while `instead_of` serves, if that is given."""
    return _ending([Node("rollback", "roll_back", (), {"release": release, "instead_of": instead_of})])


def _before(step: PlannedStep) -> tuple[str, ...]:
    return ("checkout", *(f"step:{need}" for need in step.needs))


def _deployments(environments: Sequence[str], first_needs: tuple[str, ...]) -> list[Node]:
    nodes: list[Node] = []
    for environment in environments:
        needs = (nodes[-1].id,) if nodes else first_needs
        nodes.append(Node(f"deploy:{environment}", "deploy", needs, {"environment": environment}))
    return nodes


def _ending(nodes: list[Node]) -> Plan:
    return Plan([*nodes, Node("finish", "finish", tuple(node.id for node in nodes), always=True)])
