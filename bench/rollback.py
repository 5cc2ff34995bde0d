"""How fast a rollback is: seconds from the request until a client that asks all the time gets the old version.

Baseline, in the same run: the same rollback when the release is no longer warm, an ordinary deployment of it.
Prints one JSON line: medians in seconds, and the ratio cold / warm (bar: warm under 1 s).

With `--faults` it is the same rollbacks while something is broken (BARS R10: within 30 s): for each fault seconds
with it and, before it in the same run, without. A full disk is a mount of its own, so that needs root. What no
running server can be made to lack from outside, a record that may be written and an index, the story alone lacks.
Usage: bench/rollback.py [ROUNDS] [--faults]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from shipway.cli.server import Server
from shipway.errors import ShipwayError
from shipway.pushes import credentials
from shipway.state.ballast import Ballast
from shipway.story.at_once import OnlyRequests
from shipway.story.retire import Retirement
from support.installation import Installation
from support.lacking import index, needing, nothing_can_be_recorded
from support.scene import WEB_ONLY, Scene, a_scene
from support.shop import PROJECT, shop
from support.workshop import NAME

GIVEN_UP = 60.0  # seconds; BARS R10 gives 30


def main() -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("rounds", type=int, nargs="?", default=5)
    reader.add_argument("--faults", action="store_true")
    given = reader.parse_args()
    with tempfile.TemporaryDirectory() as home:
        installation = Installation(Path(home))
        with disk(installation.places.data) if given.faults else nullcontext():
            installation.up()
            try:
                figures = (broken if given.faults else measure)(installation, given.rounds)
            finally:
                installation.take_down()
        if given.faults:
            os.environ["XDG_RUNTIME_DIR"] = home  # a scene's sockets lie there
            figures |= lacking(Path(home) / "story", given.rounds)
        print(json.dumps(figures))


def three_versions(installation: Installation) -> tuple[int, int, int]:
    """The numbers of their releases: the last serves, the one before is warm, the first is cold."""
    repository = installation.repository("shop")
    for number in ("1", "2", "3"):
        repository.commit(f"Version {number}", version(number))
        if number == "1":
            repository.init()
        repository.deliver(f"Version {number} for real")
    first, second, third = (row[0] for row in installation.query("select number from releases order by number"))
    return first, second, third


def measure(installation: Installation, rounds: int) -> dict[str, object]:
    first, second, third = three_versions(installation)
    warm, cold = [], []
    for _ in range(rounds):
        warm.append(go(installation, second, "2"))
        warm.append(go(installation, third, "3"))
    for _ in range(rounds):
        cold.append(go(installation, first, "1"))
        go(installation, second, "2")
        go(installation, third, "3")  # the first is warm no longer
    return {
        "rounds": rounds,
        "warm_s": round(statistics.median(warm), 3),
        "warm_max_s": round(max(warm), 3),
        "cold_s": round(statistics.median(cold), 3),
        "ratio": round(statistics.median(cold) / statistics.median(warm), 2),
    }


Fault = Callable[[Installation], AbstractContextManager[None]]


def broken(installation: Installation, rounds: int) -> dict[str, object]:
    """To the warm release and to the cold one, well and with each fault that it can be taken back with."""
    first, second, third = three_versions(installation)
    told: dict[str, object] = {"rounds": rounds}
    for name, (fault, cold) in FAULTS.items():
        to, wanted = (first, "1") if cold else (second, "2")
        well, ill = list[float](), list[float]()
        for _ in range(rounds):
            for seconds in (well, ill):
                with fault(installation) if seconds is ill else nullcontext():
                    seconds.append(come_back(installation, to, wanted))
                rest(installation)
                for back in ((second, "2"), (third, "3")) if cold or seconds is ill else ((third, "3"),):
                    go(installation, *back)
        told[name] = compared("cold" if cold else "warm", well, ill)
    return told


def compared(to: str, well: Sequence[float], ill: Sequence[float]) -> dict[str, object]:
    middle = statistics.median(ill)
    return {
        "of": to,
        "s": round(middle, 3),
        "max_s": round(max(ill), 3),
        "well_s": round(statistics.median(well), 3),
        "ratio": round(middle / statistics.median(well), 1),
    }


def lacking(home: Path, rounds: int) -> dict[str, object]:
    """The same of what the story alone can lack: each time two releases are new, and the first comes back."""
    told: dict[str, object] = {}
    for of in ("warm", "cold"):
        with a_scene(home / f"unrecorded {of}") as scene:
            told[f"record that may only be read, {of}"] = unrecorded(scene, of, rounds)
    well: list[float] = []
    ill: list[float] = []
    packages = [f"eggs{number}" for number in range(4 * rounds)]
    cold = WEB_ONLY.replace("warm: 60 s", "warm: 0 s").replace("name: shop", "name: shop\nbuild: {kind: python}")
    with a_scene(home / "cold") as scene:
        for number in range(2 * rounds):
            with index(home / f"index {number}", *packages) as port:
                for says in packages[2 * number : 2 * number + 2]:
                    commit = scene.workshop.make(needing(says, port, says, cold)).commit
                    scene.deliver(scene.ordered(commit))
                    Retirement(scene.cast).look()
                if not number % 2:
                    well.append(back(scene, packages[2 * number], lambda: scene.go_back(scene.going_back())))
            if number % 2:
                ill.append(back(scene, packages[2 * number], lambda: scene.go_back(scene.going_back())))
    told["index that is down"] = compared("cold", well, ill)
    return told


def unrecorded(scene: Scene, of: str, rounds: int) -> dict[str, object]:
    well: list[float] = []
    ill: list[float] = []
    project = WEB_ONLY.replace("warm: 60 s", "warm: 600 s" if of == "warm" else "warm: 0 s")
    for number in range(2 * rounds):
        for version in ("first", "second"):
            scene.serves(f"{version} {number}", project=project)
            Retirement(scene.cast).look()
        if number % 2:
            with nothing_can_be_recorded(scene):
                ill.append(back(scene, f"first {number}", partial(may_only_read, scene)))
            scene.go_back(scene.going_back())  # what was left undone
        else:
            well.append(back(scene, f"first {number}", lambda: scene.go_back(scene.going_back())))
    return compared(of, well, ill)


def may_only_read(scene: Scene) -> None:
    with suppress(OnlyRequests):
        scene.story.roll_back(NAME, "prod", None, "ada")


def back(scene: Scene, wanted: str, act: Callable[[], object]) -> float:
    """Seconds from the request until clients get the version that is wanted."""
    began = time.perf_counter()
    asking = threading.Thread(target=act)
    asking.start()
    while not scene.says().startswith(wanted):
        if time.perf_counter() - began > GIVEN_UP:
            raise SystemExit(f"{wanted} has no requests after {GIVEN_UP:.0f} s.")
        time.sleep(0.005)
    took = time.perf_counter() - began
    asking.join()
    return took


@contextmanager
def disk(at: Path) -> Iterator[None]:
    """Of its own, which can be filled."""
    at.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512m,mode=700", "none", at], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


@contextmanager
def full(installation: Installation) -> Iterator[None]:
    """All but what is kept back for going back: so small a disk has none of that by itself."""
    data = installation.places.data
    file, ballast = data / "full", Ballast(data, size=16 << 20)
    try:
        while not ballast.path.exists():  # the server frees it when it looks while the last of the room goes
            file.unlink(missing_ok=True)
            ballast.keep()
            fill(file)
        yield
    finally:
        file.unlink(missing_ok=True)


def fill(file: Path, mode: str = "wb") -> None:
    with file.open(mode, buffering=0) as filled, suppress(OSError):
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while filled.write(b"x" * size):
                    pass


@contextmanager
def without_origin(installation: Installation) -> Iterator[None]:
    """Neither the repository nor any archive is there."""
    places = installation.places
    away = places.data / "away"
    away.mkdir()
    kept = [places.repository("shop"), *places.artifacts.glob("*.tar")]
    for place in kept:
        place.rename(away / place.name)
    try:
        yield
    finally:
        for place in kept:
            (away / place.name).rename(place)
        away.rmdir()


@contextmanager
def eaten(installation: Installation) -> Iterator[None]:
    """To the last byte, what is kept back as well, and whatever becomes free meanwhile."""
    data, over = installation.places.data, threading.Event()

    def eat() -> None:
        while not over.wait(0.002):
            fill(data / "full", "ab")

    eating = threading.Thread(target=eat)
    eating.start()
    try:
        while (data / "ballast").exists() or os.statvfs(data).f_bavail:
            time.sleep(0.05)
        yield
    finally:
        over.set()
        eating.join()
        (data / "full").unlink()


FAULTS: dict[str, tuple[Fault, bool]] = {
    "disk full": (full, False),
    "disk full, what is kept back eaten": (eaten, False),
    "neither repository nor archives": (without_origin, True),
}
"""With whether it is to a release that is cold."""


def go(installation: Installation, to: int, wanted: str) -> float:
    """The seconds; returns when everything else is done too."""
    took = come_back(installation, to, wanted)
    rest(installation)
    return took


def come_back(installation: Installation, to: int, wanted: str) -> float:
    """Asks over the API, as the page and the command line do, and watches what clients get."""
    address = f"http://127.0.0.1:{installation.port}"
    server = Server(address, credentials.token(installation.places.credentials, address) or "")
    path = "/applications/shop/environments/prod/rollback"
    began = time.perf_counter()
    asking = threading.Thread(target=ask, args=(server, path, to))
    asking.start()
    while installation.says("shop") != wanted:
        if time.perf_counter() - began > GIVEN_UP:
            raise SystemExit(f"r{to} has no requests after {GIVEN_UP:.0f} s: {installation.server_log()[-2000:]}")
        time.sleep(0.005)
    took = time.perf_counter() - began
    asking.join()
    return took


def rest(installation: Installation) -> None:
    while installation.query("select 1 from runs where state in ('queued', 'running')"):
        time.sleep(0.05)
    time.sleep(2)  # until what is warm no longer has stopped


def ask(server: Server, path: str, to: int) -> None:
    """What cannot be recorded is answered by an error, with the requests back."""
    with suppress(ShipwayError):
        server.post(path, {"to": f"r{to}"})


def version(number: str) -> dict[str, str]:
    return shop(number, project=PROJECT.replace("[dev, test, prod]", "[prod]"))


if __name__ == "__main__":
    main()
