"""Applications that nobody here wrote, as their authors publish them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

UV = str(Path(sys.executable).with_name("uv"))


def unpacked(package: str, folder: str, into: Path) -> None:
    """Copies a folder of a package's newest source distribution, nothing added and nothing left out."""
    scratch = into.parent / f"{package}.sdist"
    options = ["--quiet", "--no-deps", "--no-binary", package, "--dest", str(scratch)]
    _run([sys.executable, "-m", "pip", "--disable-pip-version-check", "download", *options, package])
    (archive,) = scratch.glob("*.tar.gz")
    _run(["tar", "-xzf", str(archive), "-C", str(scratch)])
    (found,) = scratch.glob(f"*/{folder}")
    shutil.copytree(found, into, dirs_exist_ok=True)


def django_project(name: str, into: Path) -> None:
    """What `django-admin startproject` writes, from an environment that has nothing but Django."""
    scratch = into.parent / f"{name}.venv"
    _run([UV, "venv", "--quiet", "--python", sys.executable, str(scratch)])
    _run([UV, "pip", "install", "--quiet", "--python", str(scratch), "django"])
    _run([str(scratch / "bin" / "django-admin"), "startproject", name, str(into)])


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout
