"""What became of asking an instance for what it measures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scraped:
    """`instance` is `topup.prod.r3.web.1`, `at` in unix seconds, `says` what was read, or why nothing was."""

    instance: str
    at: float
    good: bool
    says: str
