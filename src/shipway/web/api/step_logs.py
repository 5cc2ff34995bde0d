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
from shipway.web import lookups, printed, step_logs, tail
from shipway.web.call import Call
from shipway.web.feeds import line_shape
from shipway.web.printed import Printed
from shipway.web.refusals import Unreadable
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.streams import LiveText

PIECE = 1024 * 1024


async def show_log(site: Site, call: Call) -> Any:
    """`step` and `offset` (bytes) name a place; X-Offset of the answer is where the next piece begins.

    With `follow=1` what is written is sent as it is written, until the step is over. With `line` only that line
    is sent, however long it is. Without `step` the logs of all steps follow one another, each under its name, then
    what explains why a deployment failed, and how all is read that the application printed in each.
    """
    name = call.query("step")
    if name is None:
        run = await run_in_threadpool(_run, site, call.place("run"))
        return LiveText(site, call, _every_step(site, run, call.flag("follow")))
    step = await run_in_threadpool(_step, site, call, name)
    if call.query("line") is not None:
        return LiveText(site, call, _line(site, step, call.number("line", 1, most=2**53)))
    path = step_logs.path(site, step)
    offset = call.number("offset", 0, most=2**53)
    if call.flag("follow"):
        return LiveText(site, call, step_logs.feed(site, step).bytes_from(offset), {"x-offset": str(offset)})
    piece = await run_in_threadpool(tail.read, path, offset, call.number("limit", PIECE, most=8 * PIECE))
    size = await run_in_threadpool(tail.size, path)
    headers = {"x-offset": str(offset + len(piece)), "x-size": str(size)}
    return Response(piece, media_type="text/plain", headers=headers)


def show_lines(site: Site, call: Call) -> dict[str, Any]:
    """At most `limit` lines from the line with number `from` on (of its end without), each with when it came.

    Of a line that is longer than 4 KiB `text` has the beginning, and `size` (bytes) says so; `before` are the
    colours that were on. At most 1 MiB comes at once.
    """
    step = _step(site, call, _named(call))
    lines = step_logs.lines(site, step)
    count, limit = lines.count(), call.number("limit", 200, most=1000)
    first = call.number("from", max(1, count - limit + 1), most=2**53)
    window = lines.window(first, limit)
    return {
        "log": step_logs.name(step),
        "count": count,
        "size": lines.size,
        "over": step.ended is not None,
        "before": window.before,
        "lines": [line_shape(line) for line in window.lines],
    }


def show_commands(site: Site, call: Call) -> dict[str, Any]:
    """The commands that a step ran, as far as its log shows them: at which line each begins, and when."""
    lines = step_logs.lines(site, _step(site, call, _named(call)))
    found = lines.commands()
    titles = [lines.window(one.line, 1).lines[0].text.removeprefix("$ ")[:200] for one in found]
    return {
        "commands": [
            {"line": one.line, "command": title, "at": one.at} for one, title in zip(found, titles, strict=True)
        ]
    }


def search_log(site: Site, call: Call) -> dict[str, Any]:
    """The numbers of the lines that have `text` in them. A long log takes several calls: `next` is the `offset`
    of the following one, null after the last."""
    text = call.query("text")
    if text is None or len(text) > 200 or "\n" in text:
        raise Unreadable("`text` must be what to look for: one line, at most 200 characters.")
    lines = step_logs.lines(site, _step(site, call, _named(call)))
    found = lines.find(text, call.number("offset", 0, most=2**53))
    return {"lines": found.lines, "next": found.next, "size": lines.size}


async def _line(site: Site, step: Step, number: int) -> AsyncIterator[bytes]:
    """The whole of one line, however long."""
    path = step_logs.path(site, step)
    start, end = await run_in_threadpool(step_logs.lines(site, step).extent, number)
    while start < end:
        piece = await run_in_threadpool(tail.read, path, start, min(tail.PIECE, end - start))
        start += len(piece)
        yield piece


async def _every_step(site: Site, run: str, follow: bool) -> AsyncIterator[str | bytes]:
    shown: set[tuple[str, int]] = set()
    last = b""
    while True:
        over, steps, failed, apart = await run_in_threadpool(_steps, site, run)
        for step in steps:
            if (step.name, step.attempt) not in shown:
                shown.add((step.name, step.attempt))
                yield f"▸ {step.name}\n" if step.attempt == 1 else f"▸ {step.name}, attempt {step.attempt}\n"
                async for part in _whole(site, step, follow):
                    last = part
                    yield part
        if over or not follow:
            if (failed or apart) and not last.endswith(b"\n"):
                yield "\n"
            for one in failed:
                yield f"▸ {one.environment}: {one.reason}\n{one.excerpt}\n"
            for each in apart:
                yield f"▸ all that {each.title} printed: {each.command}\n"
            return
        await asyncio.sleep(tail.PAUSE)


async def _whole(site: Site, step: Step, follow: bool) -> AsyncIterator[bytes]:
    """With `follow` also what is still to come."""
    if follow:
        async for piece in step_logs.feed(site, step).bytes_from(0):
            yield piece
        return
    path, offset = step_logs.path(site, step), 0
    while piece := await run_in_threadpool(tail.read, path, offset, tail.PIECE):
        offset += len(piece)
        yield piece


def _run(site: Site, name: str) -> str:
    with site.database.read() as conn:
        return lookups.run(conn, name).id


def _steps(site: Site, run: str) -> tuple[bool, list[Step], list[Deployment], list[Printed]]:
    """Whether the run is over, the steps that began, the deployments that failed with something to show, and where
    all is that what they started printed.
    """
    with site.database.read() as conn:
        made = deployments.all_of_run(conn, run)
        failed = [one for one in made if one.over and one.state != "done" and one.excerpt]
        return runs.get(conn, run).over, sequence.begun(conn, run), failed, printed.of_run(conn, run)


def _named(call: Call) -> str:
    name = call.query("step")
    if name is None:
        raise Unreadable("`step` must name a step of the run.")
    return name


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


ROUTES = (
    declare("GET", "/api/v1/runs/{run}/log", show_log, who="user"),
    declare("GET", "/api/v1/runs/{run}/log/lines", show_lines, who="user"),
    declare("GET", "/api/v1/runs/{run}/log/commands", show_commands, who="user"),
    declare("GET", "/api/v1/runs/{run}/log/search", search_log, who="user"),
)
