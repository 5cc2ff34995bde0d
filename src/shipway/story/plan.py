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
        return deployments(project, environments)
    nodes = [Node("checkout", "check_out")]
    nodes += [
        Node(f"step:{step.name}", "step", _before(step), {"step": step.name}) for step in pipeline.compile(project)
    ]
    nodes.append(Node("build", "build"))
    nodes.append(Node("publish", "publish", tuple(node.id for node in nodes)))
    return _ending([*nodes, *_deployments(project, environments, first_needs=("publish",))])


def deployments(project: Project, environments: Sequence[str]) -> Plan:
    """The way of what is published, through these environments, with the rehearsals that come before them."""
    return _ending(_deployments(project, environments, first_needs=()))


def reconfiguration(environment: str) -> Plan:
    """The way of what serves there when its turn comes, to the same place with the newest configuration."""
    return _ending([Node(f"deploy:{environment}", "deploy", (), {"environment": environment, "what": SERVING})])


def rollback(
    release: str, *, instead_of: str | None = None, frozen: str | None = None, past: int | None = None
) -> Plan:
    """The way back to one release, which is named by its id; only while `instead_of` serves, if that is given.

    One of two that share the requests, only while what the deployment `frozen` brought is frozen; past what
    r<past> did to the data.
    """
    way = {"release": release, "instead_of": instead_of, "frozen": frozen, "past": past}
    return _ending([Node("rollback", "roll_back", (), way)])


def _before(step: PlannedStep) -> tuple[str, ...]:
    return ("checkout", *(f"step:{need}" for need in step.needs))


def _deployments(project: Project, environments: Sequence[str], first_needs: tuple[str, ...]) -> list[Node]:
    nodes: list[Node] = []
    for position, environment in enumerate(environments):
        for where in _rehearsing(project, environments[:position], environment):
            before = {"environment": where, "before": list(environments[position:])}
            nodes.append(Node(f"rehearse:{where}", "rehearse", _after(nodes, first_needs), before))
        nodes.append(
            Node(f"deploy:{environment}", "deploy", _after(nodes, first_needs), {"environment": environment})
        )
    return nodes


def _after(nodes: Sequence[Node], first_needs: tuple[str, ...]) -> tuple[str, ...]:
    return (nodes[-1].id,) if nodes else first_needs


def _rehearsing(project: Project, reached: Sequence[str], following: str) -> list[str]:
    """The environments that rehearse and lie between those that were `reached` and the `following` one."""
    order = project.order
    behind = {name for name in order if any(order.index(name) < order.index(each) for each in reached)}
    here = order[: order.index(following)]
    return [name for name in here if name in project.rehearsing and name not in behind]


def _ending(nodes: list[Node]) -> Plan:
    return Plan([*nodes, Node("finish", "finish", tuple(node.id for node in nodes), always=True)])
