"""What a run was asked to do, in the words of every list, page and terminal."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.incidents.letter import listed


def purpose(what: str, branch: str, deliver: Sequence[str], retry_of: int | None) -> str:
    """`push to main`, `deployment to test`, `rollback of prod`, `run 4 again`."""
    if retry_of is not None:
        return f"run {retry_of} again"
    where = listed(list(deliver))
    return {"deploy": f"deployment to {where}", "rollback": f"rollback of {where}"}.get(what, f"push to {branch}")
