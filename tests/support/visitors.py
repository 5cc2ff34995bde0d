"""People who come at a steady rate, each on a connection of their own, and what they were answered."""

from __future__ import annotations

import http.client
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from types import TracebackType

PATIENCE = 60.0


@dataclass(frozen=True)
class Visit:
    """One request: when it began (seconds since 1970), its status (0: no answer) and what was said."""

    at: float
    status: int
    said: str


@dataclass
class Visitors:
    """`rate` requests a second for `path`, until the block is left."""

    port: int
    host: str
    rate: float
    path: str = "/"
    visits: list[Visit] = field(default_factory=list)

    def __enter__(self) -> Visitors:
        self._over = threading.Event()
        self._waiting = [threading.Thread(target=self._come, daemon=True)]
        self._waiting[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._waiting:
            thread.join(PATIENCE)

    @property
    def failed(self) -> list[Visit]:
        return [visit for visit in list(self.visits) if not 200 <= visit.status < 500]

    def _come(self) -> None:
        """Each at its moment, whether or not the one before has been answered."""
        began, number = time.monotonic(), 0
        while not self._over.is_set():
            visit = threading.Thread(target=self._visit, daemon=True)
            visit.start()
            self._waiting = [thread for thread in self._waiting if thread.is_alive()] + [visit]
            number += 1
            self._over.wait(max(0.0, began + number / self.rate - time.monotonic()))

    def _visit(self) -> None:
        at = time.time()
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
                connection.request("GET", self.path, headers={"Host": self.host})
                answer = connection.getresponse()
                self.visits.append(Visit(at, answer.status, answer.read().decode(errors="replace")))
        except (OSError, http.client.HTTPException):
            self.visits.append(Visit(at, 0, ""))
