"""What instances print, as the keeper writes it down."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.hosts.keeper.segments import Segments
from shipway.state import instances, releases
from web.scene import Scene


def write(
    scene: Scene, process: str, *lines: str, position: int | None = None, release: int | None = None
) -> None:
    """Every instance of the process of what serves in topup's prod prints these lines, or one instance of one
    release does."""
    for name in _names(scene, process, position, release):
        log = Segments(str(scene.places.instance_log("topup", "prod", name)))
        log.append([part.encode() for line in lines for part in line.split("\n")])


def _names(scene: Scene, process: str, position: int | None, release: int | None) -> Sequence[str]:
    if release is not None:
        return [f"topup.prod.r{release}.{process}.{position or 0}"]
    with scene.database.read() as conn:
        now = releases.now_serving(conn, "topup", "prod")
        assert now is not None
        found = [one for one in instances.of_release(conn, now.release) if one.process == process]
    return [one.id for one in found if position in (None, one.position)]
