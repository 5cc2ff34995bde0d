"""What a command under bubblewrap or Landlock cannot do, as root and as an ordinary user."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shipway.hosts.sandbox import Mount, Room, Tier, base_mounts
from shipway.hosts.sandbox.environment import UnsafeVariable, check_environment
from support.rooms import HELD, NOBODY, may_be_read_by_anybody, run, tier_of

SECRET = "server-secret-7d1f"


@dataclass
class Machine:
    """A server's data directory with one room below it, on a machine that anybody may read."""

    directory: Path
    room: Room
    user: int | None

    @property
    def database(self) -> Path:
        return self.directory / "shipway.db"


@pytest.fixture(params=[None, pytest.param(NOBODY, marks=pytest.mark.needs("root"))], ids=["this user", "nobody"])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    directory = Path(tempfile.mkdtemp(prefix="shipway-machine-"))
    user: int | None = request.param
    for name in ("environments/shop/prod/data", "runs/1/tree", "runs/1/artifact", "environments/shop/dev/data"):
        (directory / name).mkdir(parents=True)
        (directory / name / "inside.txt").write_text(SECRET if "prod" in name else "mine")
    (directory / "shipway.db").write_text(SECRET)
    mounts = (
        *(mount for mount in base_mounts() if may_be_read_by_anybody(mount.source)),
        Mount(directory / "runs/1/tree", "/app", writable=True),
        Mount(directory / "runs/1/artifact", "/artifact"),
        Mount(directory / "environments/shop/dev/data", "/data", writable=True),
    )
    for path in (directory, *directory.rglob("*")):
        os.chown(path, -1 if user is None else user, -1)
        path.chmod(0o755 if path.is_dir() else 0o644)
    yield Machine(directory, Room(mounts, cwd="/app", network=False, dies_with_parent=True), user)
    shutil.rmtree(directory)


@pytest.fixture(params=HELD)
def tier(request: pytest.FixtureRequest) -> Tier:
    return tier_of(request.param)


@pytest.fixture(params=HELD[:1])
def bubblewrap(request: pytest.FixtureRequest) -> Tier:
    return tier_of(request.param)


def tried(machine: Machine, tier: Tier, script: str) -> str:
    """What a script printed, and what it complained of."""
    script = script.format(machine=machine, outside=os.getpid())
    return run(tier, machine.room, f"exec 2>&1\n{script}", machine.user).stdout


READING = {
    "the server's database": "cat {machine.database}",
    "another environment": "cat {machine.directory}/environments/shop/prod/data/*",
    "another environment by a relative path": "cat ../../../environments/shop/prod/data/*",
    "by a link": "ln -s {machine.database} link; cat link; rm link",
    "through the memory's file system": "cat /dev/shm/shipway-*/*/instances/*",
    "the environment of the one who started it": "tr '\\0' '\\n' < /proc/{outside}/environ",
    "its root directory": "cat /proc/{outside}/root{machine.database}",
    "its directory": "cat /proc/{outside}/cwd/pyproject.toml",
}
READERS = [pytest.param(script, id=name) for name, script in READING.items()]


@pytest.mark.parametrize("script", READERS)
def test_nothing_of_the_server_or_other_environments_can_be_read(
    machine: Machine, tier: Tier, script: str
) -> None:
    said = tried(machine, tier, f"{script}\ncat inside.txt")
    assert said.endswith("mine")
    assert SECRET not in said
    assert "PYTEST" not in said
    assert "[project]" not in said


@pytest.mark.parametrize("path", ["/etc/shadow", "/root/.ssh", "/home/*/.[a-z]*", "/var/log", "/etc/ssl/private"])
def test_nothing_private_of_the_machine_can_be_read(machine: Machine, tier: Tier, path: str) -> None:
    assert run(tier, machine.room, f"ls {path}/ || cat {path}", machine.user).stdout == ""


WRITING = {
    "the server's database": "echo x >> {machine.database}",
    "another environment": "echo x > {machine.directory}/environments/shop/prod/data/inside.txt",
    "the artifact": "echo x > {artifact}/inside.txt; rm -f {artifact}/inside.txt; touch {artifact}/new",
}


@pytest.mark.parametrize("script", [pytest.param(script, id=name) for name, script in WRITING.items()])
def test_nothing_but_its_own_can_be_written(machine: Machine, tier: Tier, script: str) -> None:
    artifact = tier.inside(machine.room, "/artifact")
    run(tier, machine.room, script.format(machine=machine, artifact=artifact), machine.user)
    assert machine.database.read_text() == SECRET
    assert (machine.directory / "environments/shop/prod/data/inside.txt").read_text() == SECRET
    assert [file.read_text() for file in (machine.directory / "runs/1/artifact").iterdir()] == ["mine"]


@pytest.mark.parametrize("path", ["/etc/passwd", "/usr/bin/env", "/proc/sysrq-trigger"])
def test_the_system_cannot_be_written(machine: Machine, tier: Tier, path: str) -> None:
    assert "opened" not in tried(machine, tier, f"sh -c ': >> {path}' && echo opened")


@pytest.mark.parametrize("name", ["kernel/core_pattern", "kernel/modprobe", "vm/overcommit_memory"])
def test_the_kernel_s_settings_cannot_be_written(machine: Machine, tier: Tier, name: str) -> None:
    script = f'value=$(cat /proc/sys/{name}); sh -c "echo $value > /proc/sys/{name}" && echo written'
    assert "written" not in run(tier, machine.room, script, machine.user).stdout


def test_its_own_tree_and_data_can_be_written(machine: Machine, tier: Tier) -> None:
    data = tier.inside(machine.room, "/data")
    script = f"echo a > new && echo b > {data}/new && mktemp"
    done = run(tier, machine.room, script, machine.user)
    assert done.returncode == 0, done.stderr
    assert (machine.directory / "runs/1/tree/new").read_text() == "a\n"
    assert (machine.directory / "environments/shop/dev/data/new").read_text() == "b\n"


def test_nobody_else_can_be_signalled(machine: Machine, tier: Tier) -> None:
    if machine.user is None:
        assert run(tier, machine.room, f"kill -0 {os.getpid()}", machine.user).returncode != 0


def test_it_has_no_capabilities_and_gets_none(machine: Machine, tier: Tier) -> None:
    said = tried(machine, tier, "grep -E '^(CapEff|CapPrm|CapBnd|NoNewPrivs)' /proc/self/status")
    rights = dict(line.split(":\t") for line in said.splitlines())
    assert int(rights["CapEff"], 16) == int(rights["CapPrm"], 16) == 0
    assert rights["NoNewPrivs"] == "1"
    if machine.user is None and os.getuid() == 0:
        assert int(rights["CapBnd"], 16) == 0


def test_no_other_process_is_visible(machine: Machine, bubblewrap: Tier) -> None:
    assert len(tried(machine, bubblewrap, "ls -d /proc/[0-9]*").splitlines()) <= 4


def test_no_mount_no_further_namespace_no_device(machine: Machine, bubblewrap: Tier) -> None:
    said = tried(
        machine,
        bubblewrap,
        "mount -t tmpfs x /app 2>/dev/null && echo mounted; unshare -Ur true 2>/dev/null && echo nested; "
        "umount /data 2>/dev/null && echo unmounted; mknod disk b 8 0 2>/dev/null && echo device; "
        "ls /dev | grep -E '^(sd|vd|nvme|mem|kmsg)'; mount -o remount,rw /usr 2>/dev/null && echo remounted; true",
    )
    assert said == ""


def test_without_network_there_is_loopback_of_its_own(machine: Machine, bubblewrap: Tier) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert run(bubblewrap, machine.room, connect(server), machine.user).returncode != 0
    own = "import socket as s; a = s.create_server(('127.0.0.1', 0)); s.create_connection(a.getsockname())"
    assert run(bubblewrap, machine.room, f'python3 -c "{own}"', machine.user).returncode == 0


def test_with_network_it_is_the_machine_s(machine: Machine, bubblewrap: Tier) -> None:
    room = Room(machine.room.mounts, cwd="/app", network=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert run(bubblewrap, room, connect(server), machine.user).returncode == 0


def connect(server: socket.socket) -> str:
    return f'python3 -c "import socket; socket.create_connection({server.getsockname()}, 3)"'


@pytest.mark.parametrize("name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "GLIBC_TUNABLES"])
def test_variables_that_would_act_before_the_command_is_inside_are_refused(name: str) -> None:
    with pytest.raises(UnsafeVariable):
        check_environment({"PATH": "/bin", name: "/app/evil.so"})


@pytest.mark.parametrize("target", ["/tmp/below/it", "/var/tmp/below/it"])
def test_an_installation_below_a_temporary_directory_can_be_shown(
    machine: Machine, bubblewrap: Tier, target: str
) -> None:
    shown = Mount(machine.directory / "runs/1/artifact/inside.txt", target)
    room = replace(machine.room, mounts=(*machine.room.mounts, shown))
    assert run(bubblewrap, room, f"cat {target}", machine.user).stdout == "mine"
