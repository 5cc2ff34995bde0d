"""What a step sees: a work tree it may change, git's history, a cache, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shipway.config.places import Places
from shipway.hosts.sandbox import Mount, Room, Tier, base_mounts
from shipway.pipelines import machine, tools
from shipway.state.runs import Run

TREE = "/app"
CACHE = "/cache"
_EVERYWHERE = {
    "CI": "true",
    "GIT_CONFIG_NOSYSTEM": "1",  # git gives up where it sees the machine's settings and may not read them
    "LANG": "C.UTF-8",
    "PYTHONUNBUFFERED": "1",
    "UV_KEYRING_PROVIDER": "disabled",
    "UV_LINK_MODE": "copy",  # a hard link into a cache is a way to change what others get from it
    "UV_NO_PROGRESS": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_PYTHON_PREFERENCE": "only-system",
    "UV_VENV_CLEAR": "1",  # a step that is tried again makes its environment again
}


@dataclass(frozen=True)
class Inside:
    """A room, and the environment variables of what runs in it."""

    room: Room
    env: dict[str, str]


def room(
    places: Places,
    tier: Tier,
    run: Run,
    *,
    tree: Path,
    python: Path | None = None,
    network: bool,
    cache: Path | None = None,
    cwd: str = ".",
    more: tuple[Mount, ...] = (),
) -> Inside:
    """The room for commands of this run in `tree`, a checkout of its own.

    The tree may be written to, its .git and the objects of the repository not. `cache` (by default that of the
    application) is the only other thing that lasts. `python` is the one called `python3`.
    """
    python = python or tools.own_python()
    found = tools.directory(places, python)
    settings = machine.settings() if network else {}
    objects = places.repository(run.application) / "objects"
    cache = application_cache(places, run) if cache is None else cache
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    mounts = (
        *base_mounts(python),
        *machine.files(settings),
        Mount(found, str(found)),
        Mount(objects, str(objects)),
        Mount(cache, CACHE, writable=True),
        Mount(tree, TREE, writable=True),
        Mount(tree / ".git", f"{TREE}/.git"),
        *more,
    )
    made = Room(mounts, cwd=f"{TREE}/{cwd}" if cwd != "." else TREE, network=network, dies_with_parent=True)
    return Inside(made, {**settings, **_variables(tier, made, run, found)})


def application_cache(places: Places, run: Run) -> Path:
    """Where the steps of this application keep what they fetched.

    Commits that go to an environment have one of their own: what a branch nobody has looked at leaves in its
    cache never reaches production (BARS S21).
    """
    trust = "delivered" if run.deliver else "branches"
    return places.cache / "applications" / run.application / trust


def path(tier: Tier, within: Room, *directories: str) -> str:
    """PATH: the tree's own virtual environment, then `directories`, then the system."""
    environment = f"{tier.inside(within, TREE)}/.venv/bin"
    return ":".join((environment, *directories, "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"))


def _variables(tier: Tier, within: Room, run: Run, found: Path) -> Mapping[str, str]:
    cache = tier.inside(within, CACHE)
    return {
        **_EVERYWHERE,
        "PATH": path(tier, within, str(found)),
        "XDG_CACHE_HOME": cache,
        "UV_CACHE_DIR": f"{cache}/uv",
        "npm_config_cache": f"{cache}/npm",
        "SHIPWAY_RUN": run.id,
        "SHIPWAY_APPLICATION": run.application,
        "SHIPWAY_BRANCH": run.branch,
        "SHIPWAY_COMMIT": run.commit,
    }
