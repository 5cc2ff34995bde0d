"""A machine holds many applications at the limits Linux sets for a user (128 inotify instances)."""

from __future__ import annotations

from pathlib import Path

from shipway.traffic import desired as record
from shipway.traffic.desired import Cluster, Desired

RELEASES = 300
WATCHES = 4  # of one Envoy: clusters, routes, shares


def watches(pid: int) -> int:
    """How many inotify instances a process holds."""
    return sum(map(is_watch, Path(f"/proc/{pid}/fd").iterdir()))


def is_watch(file: Path) -> bool:
    try:
        return str(file.readlink()) == "anon_inode:inotify"
    except FileNotFoundError:  # closed while we looked
        return False


def test_three_hundred_releases_watch_no_more_files_than_one(second_town, free_port) -> None:
    """They are on record and not on the machine, as after a reboot; one is started and serves."""
    found = second_town
    desired = Desired()
    for number in range(RELEASES):
        desired = desired.with_cluster(f"app{number}.prod.r1", Cluster((free_port,), "/health"))
    found.places.proxy.mkdir()
    record.keep(found.places.proxy / "desired.json", desired)
    found.proxy.start(found.keeper)
    port = found.open("app7.prod.r1")
    found.proxy.endpoints("app7.prod.r1", [port])
    found.proxy.shift("app7", "prod", {"app7.prod.r1": 100}, epoch=1)
    assert found.get("app7.localhost").said == "app7.prod.r1"
    assert all(watches(pid) <= WATCHES for pid in found.router_pids())
