"""Reads what programs report, no further than they may go."""

from __future__ import annotations

import asyncio

from shipway.signals.errors.refusals import ReportTooLarge, ReportUnreadable
from shipway.web.call import Call

PATIENCE = 10.0  # seconds in which a body must have come


async def body(call: Call, most: int) -> bytes:
    """The body as it was sent, of at most so many bytes; stops as soon as it is too large or too slow."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in call.request.stream():
                parts.append(part)
                size += len(part)
                if size > most:
                    raise ReportTooLarge(f"It has more than {most} bytes.")
    except TimeoutError:
        raise ReportUnreadable(f"It did not come within {PATIENCE:.0f} s.") from None
    return b"".join(parts)
