"""What a supervisor is told, on its standard input, as `marshal` writes it: both ends are the same Python."""

from __future__ import annotations

from typing import TypedDict


class Order(TypedDict):
    """`timeout` in seconds; `masks` in bytes, never to be seen in the log; `log_limit` in bytes.

    `shown` is the command as people wrote it: the first line of the log, if there is any.
    """

    argv: list[str]
    shown: str
    env: dict[str, str]
    timeout: float
    masks: list[bytes]
    log_limit: int
    processes: int
