"""What a repository is, without being told: its shipway.yml, written from what lies in it."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module

from shipway.config import names
from shipway.errors import UserError
from shipway.pipelines import describe, procfile, recognisers
from shipway.pipelines.declared import Declared, declared
from shipway.pipelines.describe import Description, Step
from shipway.pipelines.files import Files, Tree
from shipway.pipelines.sketch import Sketch

_SERVERS = ("gunicorn", "uvicorn", "hypercorn", "waitress", "daphne")


class NotRecognised(UserError):
    """Nothing in the repository tells how it is built and served."""

    id = "pipelines.not_recognised"
    default_hint = (
        "Write a shipway.yml with `name`, `build` and a `web` process (docs/reference/shipway.yml.md), "
        "or a Procfile with a line such as `web: gunicorn app:app`."
    )


@dataclass(frozen=True)
class Recognised:
    """The text of a shipway.yml, the kind of application it is for, and why it says what it says."""

    project_text: str
    kind: str
    reasons: tuple[str, ...]


def recognise(files: Files, name: str = "app", pythons: Sequence[str] = ()) -> Recognised:
    """A commented shipway.yml for the files; NotRecognised when they do not tell how they are served.

    `name` becomes the application's; `pythons` are the versions on this machine, the favourite first, among
    which one is chosen that satisfies what the repository asks for.
    """
    tree = Tree(files)
    sketch = _with_procfile(tree, _best(tree))
    if sketch is None:
        raise NotRecognised("This repository does not tell how it is built and served.")
    description = _of_files(sketch) if sketch.kind in ("static", "command") else _of_python(tree, sketch, pythons)
    description = replace(description, name=application_name(name))
    return Recognised(describe.text(description), sketch.kind, description.reasons)


def application_name(written: str) -> str:
    """The nearest name that an application may have, such as that of a directory."""
    words = re.findall("[a-z0-9]+", written.lower().rpartition("/")[2].removesuffix(".git"))
    name = "-".join(words).lstrip("0123456789-")[:40].rstrip("-") or "app"
    return names.application(f"{name}-app" if name == names.PAGES else name)


def _best(tree: Tree) -> Sketch | None:
    kinds = [module.name for module in pkgutil.iter_modules(recognisers.__path__)]
    sketches = [import_module(f"{recognisers.__name__}.{kind}").recognise(tree) for kind in sorted(kinds)]
    found: list[Sketch] = [sketch for sketch in sketches if sketch is not None]
    return max(found, key=lambda sketch: sketch.certainty, default=None)


def _with_procfile(tree: Tree, sketch: Sketch | None) -> Sketch | None:
    """The sketch with the processes of a Procfile in place of guessed ones."""
    lines = procfile.processes(tree.text("Procfile"))
    release = lines.pop("release", None)
    if not lines:
        return sketch
    if sketch is None or sketch.kind == "static":
        sketch = Sketch("python" if tree.is_python else "command", 50, ())
    if "web" not in lines and "web" not in sketch.processes:
        return None
    return replace(
        sketch,
        reasons=(*sketch.reasons, f"Procfile: {', '.join([*lines, *(['release'] if release else [])])}"),
        processes={**({"web": sketch.processes["web"]} if "web" not in lines else {}), **lines},
        release=release or sketch.release,
        repeatable=sketch.repeatable and release is None,
    )


def _of_files(sketch: Sketch) -> Description:
    build = {"kind": sketch.kind} | ({"root": sketch.root} if sketch.root not in (None, ".") else {})
    return Description("", sketch.reasons, build, processes=sketch.processes, release=sketch.release)


def _of_python(tree: Tree, sketch: Sketch, pythons: Sequence[str]) -> Description:
    found = declared(tree, pythons)
    packages = _packages(sketch, found)
    reasons = [*sketch.reasons]
    if found.python:
        reasons.append(f"Python {found.python}: {found.python_from}")
    if found.sources:
        reasons.append(f"its requirements: {', '.join(found.sources)}")
    if packages:
        reasons.append(f"declared nowhere, and needed to serve it: {', '.join(packages)}")
    build: dict[str, str | Sequence[str] | None] = {
        "kind": "python",
        "python": found.python,
        "requirements": found.requirements,
        "packages": packages,
        "run": sketch.finish,
    }
    return Description(
        name="",
        reasons=tuple(reasons),
        build={key: value for key, value in build.items() if value},
        steps=_steps(tree, sketch, found),
        processes=sketch.processes,
        release=sketch.release,
        repeatable=sketch.repeatable,
        data=sketch.data,
    )


def _packages(sketch: Sketch, found: Declared) -> list[str]:
    """What the processes need and nobody declared."""
    needed = [sketch.framework] if sketch.framework else []
    needed += [server for server in _SERVERS if any(server in run.split() for run in sketch.processes.values())]
    return [package for package in needed if re.split("[~=<>]", package)[0] not in found.names]


def _steps(tree: Tree, sketch: Sketch, found: Declared) -> dict[str, Step]:
    """Install, then test: with the repository's own tests, or nothing when it has none."""
    tests = sketch.tests or ("python -m pytest -q" if tree.has_tests else None)
    if tests is None:
        return {}
    framework = [sketch.framework] if sketch.framework else []
    missing = [*framework, *(["pytest"] if "pytest" in tests else [])]
    known = found.names | found.test_names
    further = [package for package in missing if re.split("[~=<>]", package)[0] not in known]
    install = " ".join(["uv pip install -q", *found.install, *map(_quoted, further)])
    return {
        "install": Step(f"uv venv -q --clear && {install}", network=True),
        "test": Step(tests, needs=("install",)),
    }


def _quoted(package: str) -> str:
    return f"'{package}'" if re.search("[~=<>]", package) else package
