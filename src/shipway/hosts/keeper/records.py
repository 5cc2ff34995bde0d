"""What the keeper knows, in memory-backed files, so that the next keeper knows it too."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from shipway.hosts.keeper.log import say
from shipway.hosts.keeper.private import make_private
from shipway.hosts.keeper.spec import InstanceSpec, Refused, read_spec

BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass
class Record:
    """An instance as it stands. `mark` is what all its processes have in their environment, `pid` and `started`
    name its first one.

    `failures` counts its ends in quick succession; `again_at` is when it is started again if it is in backoff,
    `stop_at` when it is killed if it is stopping, both on the monotonic clock, which all processes of a machine
    share; `asked` says that its application got the signal.
    Every field a later version adds needs a default: records travel between versions, both ways.
    """

    spec: InstanceSpec
    group: str
    mark: str
    state: Literal["running", "backoff", "exited"] = "backoff"
    pid: int | None = None
    started: int | None = None
    since: float = 0.0
    restarts: int = 0
    failures: int = 0
    exit_code: int | None = None
    again_at: float = 0.0
    stop_at: float | None = None
    asked: bool = False


class Records:
    """A file per instance, readable for nobody else: they hold secrets in the clear."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._boot = BOOT.read_text().strip()

    def save(self, record: Record) -> None:
        """Replaces the file in one move. Raises OSError when memory is full or the folder somebody else's."""
        self._make_folder()
        draft = self.folder / f".{record.spec.id}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            json.dump({"boot": self._boot, **asdict(record)}, file)
        draft.rename(self._path(record))

    def forget(self, record: Record) -> None:
        self._path(record).unlink(missing_ok=True)

    def output(self, id: str) -> str:
        """The file in memory into which an instance prints."""
        return str(self.folder.parent / "output" / id)

    def end_strays(self, known: Collection[str]) -> None:
        """Removes what instances printed of which nobody knows any more, nor what is secret in it."""
        for path in (self.folder.parent / "output").glob("*"):
            if path.name not in known:
                path.unlink(missing_ok=True)

    def load(self) -> Iterator[Record]:
        """What another keeper left. What is from before a reboot, or cannot be read, is removed."""
        self._make_folder()
        for path in sorted(self.folder.glob("*.json")):
            try:
                yield self._read(json.loads(path.read_text(encoding="ascii")))
            except (ValueError, KeyError, TypeError, Refused) as problem:
                say(f"{path.name} is not taken over: {problem}")
                path.unlink()

    def _make_folder(self) -> None:
        make_private(self.folder.parent)
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def _read(self, written: dict[str, Any]) -> Record:
        if written.pop("boot") != self._boot:
            raise ValueError("it is from before the machine was started")
        known = {name: written[name] for name in written if name in Record.__dataclass_fields__}
        return Record(**{**known, "spec": read_spec(written["spec"])})

    def _path(self, record: Record) -> Path:
        return self.folder / f"{record.spec.id}.json"
