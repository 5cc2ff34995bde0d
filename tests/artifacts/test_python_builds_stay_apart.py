"""A Python build copies what everybody shares, and runs its own code where nobody else looks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from shipway.artifacts import fetch
from shipway.artifacts.room import TREE, run_env, run_room, tree_of
from shipway.hosts.sandbox import Tier
from support.rooms import LESSER, tier_of
from support.wheels import wheel
from support.workshop import Files, Workshop

GREET = "def main():\n    print('hello from', __file__)\n"
GREETING = "vendor/greet-1.0-py3-none-any.whl"
PROJECT = "name: shop\nbuild: {kind: python%s}\nprocesses: {web: app}\n"
held = pytest.mark.needs("bubblewrap")


def files(greet: str = GREET, build: str = "", **more: str) -> dict[str, str | bytes | Path | None]:
    """An application that needs one wheel, which lies in its repository."""
    return {
        "shipway.yml": PROJECT % build,
        "requirements.txt": f"./{GREETING}\n",
        "app.py": "import greet\n",
        GREETING: wheel("greet", {"greet/__init__.py": greet}),
        **more,
    }


def built(workshop: Workshop, tree: Files) -> Path:
    """Builds and publishes; the unpacked artifact."""
    return fetch.unpack(workshop.places, workshop.make(tree).digest)


def run(workshop: Workshop, tree: Path, *argv: str) -> str:
    """What a command of a release prints."""
    room = run_room(workshop.places, tree)
    command = workshop.tier.command(room, argv)
    done = subprocess.run(
        command, env=run_env(workshop.tier, room), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def packages(tree: Path) -> Path:
    (found,) = tree.glob(".venv/lib/python*/site-packages")
    return found


def test_what_is_installed_runs_where_the_release_sees_it(workshop: Workshop) -> None:
    digest = workshop.make(files()).digest
    tree = tree_of(workshop.places, workshop.tier, digest, "shop.dev.r1")
    seen = workshop.tier.inside(run_room(workshop.places, tree), TREE)
    assert run(workshop, tree, "greet").startswith(f"hello from {seen}/.venv/lib/python3.")
    assert run(workshop, tree, "python", "-c", "import app; print(app.greet.__name__)") == "greet\n"


def test_packages_are_copies(workshop: Workshop) -> None:
    tree = built(workshop, files())
    cached = {path.stat().st_ino for path in workshop.places.cache.rglob("*.py")}
    installed = [path.stat() for path in packages(tree).rglob("*.py")]
    assert installed
    assert all(status.st_nlink == 1 and status.st_ino not in cached for status in installed)
    run_id = next(iter((workshop.places.data / "runs").iterdir())).name
    environment = workshop.places.run(run_id) / "build" / "1" / "app" / ".venv"
    assert all(path.stat().st_nlink == 1 for path in environment.rglob("*.py"))


def test_everything_is_compiled_and_nothing_is_compared(workshop: Workshop) -> None:
    tree = built(workshop, files())
    for source in (packages(tree) / "greet" / "__init__.py", tree / "app.py"):
        (compiled,) = (source.parent / "__pycache__").glob(f"{source.stem}.*.pyc")
        assert compiled.read_bytes()[4:8] == b"\x01\0\0\0"  # PEP 552: by hash, unchecked


def test_what_the_builds_own_command_changes_is_compiled_as_it_is_then(workshop: Workshop) -> None:
    tree = built(workshop, files(build=", run: \"echo 'print(2)' > app.py\"", **{"app.py": "print(1)\n"}))
    assert run(workshop, tree, "python", "-c", "import app") == "2\n"


def test_code_of_a_package_does_not_run_where_everybody_caches(workshop: Workshop) -> None:
    poison = "import os; open(os.environ['XDG_CACHE_HOME'] + '/poison', 'w')\n"
    evil = wheel("greet", {"greet/__init__.py": poison, "evil.pth": poison})
    built(workshop, {**files(build=", run: python -c ''"), GREETING: evil})
    poisoned = {path.relative_to(workshop.places.cache).parts[0] for path in workshop.places.cache.rglob("poison")}
    assert poisoned == {"applications"}


@held
def test_a_build_cannot_see_the_shared_cache(workshop: Workshop) -> None:
    shared = workshop.places.cache / "shared"
    shared.mkdir(parents=True)
    command = f"! test -e {shared} && test ! -e $UV_CACHE_DIR/../bytecode"
    built(workshop, files(build=f', run: "{command}"'))
    assert (shared / "bytecode").is_dir()


def test_settings_of_uv_in_the_repository_keep_it_out_of_the_shared_cache(workshop: Workshop) -> None:
    target = "[tool.uv.pip]\ntarget = '/cache/uv/poison'\n"
    run = workshop.queue(workshop.commit(files(**{"pyproject.toml": target})), PROJECT % "")
    workshop.build(run)
    assert not (workshop.places.cache / "shared").exists()


def test_a_link_in_the_repository_does_not_lead_the_build_elsewhere(workshop: Workshop) -> None:
    evil = {"pkg/__pycache__": Path("/cache/bytecode"), "pkg/a.py": "A = 1\n", "up": Path("/cache")}
    built(workshop, {**files(), **evil})
    kept = [path.name for path in (workshop.places.cache / "shared" / "bytecode").rglob("*.pyc")]
    assert kept == []


@pytest.mark.parametrize("committed", [{".venv/bin/python": "#!/bin/sh\n"}, {".venv": Path("/cache/uv")}])
def test_a_committed_virtual_environment_is_refused_with_the_remedy(workshop: Workshop, committed: Files) -> None:
    run = workshop.queue(workshop.commit({**files(), **committed}), PROJECT % "")
    assert workshop.build(run) == "failed"
    assert "git rm -r --cached .venv" in workshop.steps(run)[-1].excerpt
    assert "git rm -r --cached .venv" in workshop.log(run, "build")


def test_what_tests_do_to_their_tree_never_reaches_the_artifact(workshop: Workshop) -> None:
    spoil = "echo spoiled > app.py; echo new > new.py; rm requirements.txt; mkdir .venv"
    text = f'name: shop\nbuild: python\nsteps: {{test: "{spoil}"}}\nprocesses: {{web: app}}\n'
    run = workshop.queue(workshop.commit({**files(), "shipway.yml": text}), text)
    assert workshop.step(run, "test") == "passed"
    assert workshop.build(run) == "passed", workshop.log(run, "build")
    tree = fetch.unpack(workshop.places, workshop.publish(run).digest)
    assert (tree / "app.py").read_text() == "import greet\n"
    assert not (tree / "new.py").exists()


def test_data_and_git_are_no_part_of_it(workshop: Workshop) -> None:
    text = PROJECT % ", exclude: ['*.psd']" + "data: [instance, shop.db]\n"
    more = {"shipway.yml": text, "instance/x": "x", "shop.db": "x", "art/logo.psd": "x"}
    tree = built(workshop, files(**more))
    assert not {"instance", "shop.db", ".git"} & {path.name for path in tree.iterdir()}
    assert list((tree / "art").iterdir()) == []


def test_a_failed_build_says_what_failed(workshop: Workshop) -> None:
    build = ", run: echo made; exit 4"
    run = workshop.queue(workshop.commit(files(build=build)), PROJECT % build)
    assert workshop.build(run) == "failed"
    (step,) = workshop.steps(run)
    assert step.exit_code == 4
    assert step.excerpt.splitlines()[-2:] == ["$ echo made; exit 4", "made"]
    assert "uv pip install" in workshop.log(run, "build")


def test_only_a_part_of_the_repository_may_be_the_application(workshop: Workshop) -> None:
    moved = {f"backend/{name}": content for name, content in files().items() if name != "shipway.yml"}
    tree = built(workshop, {"shipway.yml": PROJECT % ", root: backend", "frontend/x": "x", **moved})
    assert {path.name for path in tree.iterdir()} >= {".venv", "app.py", "vendor"}
    assert not (tree / "frontend").exists()
    assert "hello from" in run(workshop, tree, "greet")


def test_every_tier_builds_something_that_runs(workshop: Workshop, lesser: Tier) -> None:
    workshop.tier = lesser
    digest = workshop.make(files()).digest
    tree = tree_of(workshop.places, lesser, digest, "shop.dev.r1")
    assert tree != fetch.unpack(workshop.places, digest)
    assert run(workshop, tree, "greet").startswith(f"hello from {tree}/")


@pytest.fixture(params=LESSER)
def lesser(request: pytest.FixtureRequest) -> Tier:
    return tier_of(request.param)


@pytest.mark.needs("registry")
def test_an_application_from_the_registry_is_built_with_what_has_no_wheel(workshop: Workshop) -> None:
    pyproject = """
        [build-system]
        requires = ["flit_core<4"]
        build-backend = "flit_core.buildapi"
        [project]
        name = "shop"
        version = "1"
        description = "A shop"
        dependencies = ["flask"]
        [project.scripts]
        shop = "shop:main"
    """
    source = "import flask\ndef main():\n    print(flask.__name__)\n"
    text = PROJECT % ", packages: [gunicorn]"
    tree = built(
        workshop,
        {"shipway.yml": text, "pyproject.toml": pyproject.replace("\n        ", "\n"), "shop/__init__.py": source},
    )
    assert run(workshop, tree, "shop") == "flask\n"
    assert run(workshop, tree, "gunicorn", "--version").startswith("gunicorn")
