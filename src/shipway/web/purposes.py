"""What a run was asked to do, in the words of every list, page and terminal."""

from __future__ import annotations

from shipway.incidents.letter import listed
from shipway.state.runs import Run
from shipway.story.plan import SERVING


def purpose(run: Run) -> str:
    """`push to main`, `revert, ready on revert-8c1f0ae`, `deployment to test`, `new configuration of prod`,
    `rollback of prod`, `run 4 again`.
    """
    if run.retry_of is not None:
        return f"run {run.retry_of} again"
    where = listed(list(run.deliver))
    if run.purpose == "deploy":
        return f"new configuration of {where}" if is_configuration(run) else f"deployment to {where}"
    if run.purpose == "rollback":
        return f"rollback of {where}"
    return f"revert, ready on {run.branch}" if run.who == "shipway" else f"push to {run.branch}"


def is_configuration(run: Run) -> bool:
    """Whether it deploys what serves once more, with what was set since."""
    return any(node.get("arguments", {}).get("what") == SERVING for node in run.plan.get("nodes", ()))
