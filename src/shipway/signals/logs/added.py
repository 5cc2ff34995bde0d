"""Lines that come another way than by being printed: written beside what is printed, and read with it."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence

from shipway.config.places import Places
from shipway.hosts.keeper.segments import Segments

NOBODY = "sent.0"
_INSTANCE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,40}\.\d{1,6}", re.ASCII)


class Added:
    """Writes them down, from any number of threads. The keeper removes the oldest logs of an environment."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._logs: dict[str, Segments] = {}

    def append(
        self,
        application: str,
        environment: str,
        kind: str,
        lines: Mapping[tuple[int | None, str | None], Sequence[bytes]],
    ) -> None:
        """Lines by release and instance (`web.1`), each without its end and already masked; an instance that is
        not called like one of ours is nobody's. `kind` says in letters how they came. Raises OSError."""
        with self._lock:
            for (release, instance), some in lines.items():
                who = instance if instance is not None and _INSTANCE.fullmatch(instance) else NOBODY
                name = f"{application}.{environment}.r{release or 0}.{who}.{kind}"
                path = str(self._places.instance_log(application, environment, name))
                self._logs.setdefault(path, Segments(path)).append(some)
