"""Every page in every state that looks different: one line for each. Whoever adds a page adds a line.

A line that is not in the list fails `tests/house/test_every_page_is_looked_at.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scene = Literal["afternoon", "judged", "empty"]


@dataclass(frozen=True)
class Looked:
    """A page as Ada, the owner, finds it in a scene; `opened` are the closed parts that are opened first.

    A `long` one axe reads as on a phone alone: it takes seconds for each time.
    """

    path: str
    scene: Scene = "afternoon"
    opened: bool = False
    status: int = 200
    signed_in: bool = True
    long: bool = False

    def __str__(self) -> str:
        return f"{self.scene}:{self.path}{'+' if self.opened else ''}"


EVERY = (
    Looked("/", "empty"),
    Looked("/"),
    Looked("/signin", signed_in=False),
    Looked("/signin?code=used", signed_in=False, status=403),
    Looked("/nothing", status=404),
    Looked("/search?q=topup"),
    Looked("/applications/topup/commits/main"),
    Looked("/applications/bad/commits/main", "judged"),
    Looked("/c/0000000", status=404),
    Looked("/applications/nothing", status=404),
    Looked("/runs"),
    Looked("/runs", "empty"),
    Looked("/runs/topup:5"),
    Looked("/runs/topup:4"),
    Looked("/runs/ledger:2"),
    Looked("/runs/statements:2"),
    Looked("/runs/search:3"),
    Looked("/applications/topup/environments/prod", opened=True),
    Looked("/applications/mailer/environments/prod"),
    Looked("/applications/search/environments/prod?span=7d"),
    Looked("/applications/mailer/environments/dev"),
    Looked("/applications/statements/environments/prod"),
    Looked("/applications/search/environments/prod?span=15m", opened=True),
    Looked("/applications/trying/environments/prod", "judged", opened=True),
    Looked("/applications/alone/environments/prod", "judged", opened=True),
    Looked("/applications/alone/environments/dev?compare=r1&compare=r2", "judged", opened=True),
    Looked("/applications/search/environments/prod/releases/r2", opened=True),
    Looked("/applications/good/environments/prod/releases/r2", "judged"),
    Looked("/applications/bad/environments/prod/releases/r2", "judged", opened=True),
    Looked("/applications/trying/environments/prod/releases/r2", "judged"),
    Looked("/applications/topup/settings"),
    Looked("/messages", "empty"),
    Looked("/messages", opened=True),
    Looked("/messages?state=lost", status=400),
    Looked("/tokens", opened=True),
    Looked("/sessions", opened=True),
    Looked("/reference/api", long=True),
    Looked("/installation"),
    Looked("/patterns", opened=True),
    Looked("/applications/topup/environments/prod/log", opened=True),
    Looked("/applications/topup/environments/prod/log?regex=(", status=400),
    Looked("/applications/topup/errors"),
    Looked("/applications/topup/errors?environment=prod"),
    Looked("/applications/ledger/errors"),
    Looked("/applications/topup/errors/1"),
    Looked("/applications/topup/errors/2"),
    Looked("/applications/topup/errors/3", opened=True),
)
