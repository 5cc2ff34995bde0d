"""The logs of a run: one step by offset, or all of them one after the other; as it stands, or followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shipway.errors import NotFound
from shipway.state import deployments, runs, sequence
from shipway.state.deployments import Deployment
from shipway.state.runs import Step
from shipway.web import lookups, tail
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.streams import LiveText

PIECE = 1024 * 1024


async def show_log(site: Site, call: Call) -> Any:
    """`step` and `offset` (bytes) name a place; X-Offset of the answer is where the next piece begins.

    With `follow=1` what is written is sent as it is written, until the step is over. Without `step` the logs of
    all steps follow one another, each under its name, and then what explains why a deployment failed.
    """
    name = call.query("step")
    if name is None:
        run = await run_in_threadpool(_run, site, call.place("run"))
        return LiveText(site, call, _every_step(site, run, call.flag("follow")))
    step = await run_in_threadpool(_step, site, call, name)
    path = site.places.step(step.run, step.name, step.attempt) / "log"
    offset = call.number("offset", 0, most=2**53)
    if call.flag("follow"):
        over = _ended(site, step)
        return LiveText(site, call, tail.follow(path, offset, over), {"x-offset": str(offset)})
    piece = await run_in_threadpool(tail.read, path, offset, call.number("limit", PIECE, most=8 * PIECE))
    size = await run_in_threadpool(tail.size, path)
    headers = {"x-offset": str(offset + len(piece)), "x-size": str(size)}
    return Response(piece, media_type="text/plain", headers=headers)


async def _every_step(site: Site, run: str, follow: bool) -> AsyncIterator[str | bytes]:
    shown: set[tuple[str, int]] = set()
    last = b""
    while True:
        over, steps, failed = await run_in_threadpool(_steps, site, run)
        for step in steps:
            if (step.name, step.attempt) not in shown:
                shown.add((step.name, step.attempt))
                yield f"▸ {step.name}\n" if step.attempt == 1 else f"▸ {step.name}, attempt {step.attempt}\n"
                path = site.places.step(run, step.name, step.attempt) / "log"
                async for part in tail.follow(path, 0, _ended(site, step) if follow else _at_once):
                    last = part
                    yield part
        if over or not follow:
            if failed and not last.endswith(b"\n"):
                yield "\n"
            for one in failed:
                yield f"▸ {one.environment}: {one.reason}\n{one.excerpt}\n"
            return
        await asyncio.sleep(tail.PAUSE)


def _ended(site: Site, step: Step) -> tail.Over:
    def over() -> bool:
        with site.database.read() as conn:
            attempts = runs.steps_of(conn, step.run)
        same = [one for one in attempts if (one.name, one.attempt) == (step.name, step.attempt)]
        return not same or same[0].ended is not None

    return over


def _at_once() -> bool:
    return True


def _run(site: Site, name: str) -> str:
    with site.database.read() as conn:
        return lookups.run(conn, name).id


def _steps(site: Site, run: str) -> tuple[bool, list[Step], list[Deployment]]:
    """Whether the run is over, the steps that began, and the deployments that failed with something to show."""
    with site.database.read() as conn:
        made = deployments.all_of_run(conn, run)
        failed = [one for one in made if one.over and one.state != "done" and one.excerpt]
        return runs.get(conn, run).over, sequence.begun(conn, run), failed


def _step(site: Site, call: Call, name: str) -> Step:
    """The attempt asked for, or the last one."""
    attempt = call.number("attempt", 0, most=1000)
    with site.database.read() as conn:
        run = lookups.run(conn, call.place("run"))
        found = [one for one in runs.steps_of(conn, run.id) if one.name == name]
    chosen = [one for one in found if attempt in (0, one.attempt)]
    if not chosen:
        raise NotFound(f"Run {run.number} of {run.application} has no step {name!r} that began.")
    return chosen[-1]


ROUTES = (declare("GET", "/api/v1/runs/{run}/log", show_log, who="user"),)
