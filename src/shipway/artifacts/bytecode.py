"""Compiles what a build leaves; a script of the standard library, started by path: `bytecode.py TREE [CACHE]`.

An artifact is read-only, so what is not compiled here would be compiled again at every start of every process.
The files say "unchecked": nobody compares times with an artifact. With CACHE, a directory of compiled files named
by what they were made from, only what is new is compiled. It opens every directory by its handle and follows no
link: the tree is the application's, the cache is everybody's.
"""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import sys
import warnings
from contextlib import suppress

HEADER = importlib.util.MAGIC_NUMBER + (0b01).to_bytes(4, "little")
"""Named by its source's hash (bit 0), not checked when imported (bit 1 is not set); PEP 552."""

LARGEST = 4 << 20  # bytes of source; what is larger was made by a program and is rarely imported
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
TAG = sys.implementation.cache_tag


def main(tree: str, cache: str | None = None) -> None:
    warnings.simplefilter("ignore")  # SyntaxWarnings of other people's code are not this build's news
    sys.setrecursionlimit(2000)
    if cache is not None:
        cache = os.path.join(cache, f"{TAG}-{importlib.util.MAGIC_NUMBER[:2].hex()}")
        os.makedirs(cache, exist_ok=True)
    root = os.open(tree, DIRECTORY)
    walk(root, tree, cache)


def walk(directory: int, path: str, cache: str | None) -> None:
    """Compiles the sources of a directory, then of those in it; closes it."""
    with os.scandir(directory) as found:
        entries = list(found)
    sources = [
        entry.name for entry in entries if entry.name.endswith(".py") and entry.is_file(follow_symlinks=False)
    ]
    if sources:
        compile_all(directory, path, sources, cache)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and entry.name not in ("__pycache__", ".git", "node_modules"):
            walk(os.open(entry.name, DIRECTORY, dir_fd=directory), os.path.join(path, entry.name), cache)
    os.close(directory)


def compile_all(directory: int, path: str, sources: list[str], cache: str | None) -> None:
    with suppress(FileExistsError):
        os.mkdir("__pycache__", dir_fd=directory)
    try:
        compiled = os.open("__pycache__", DIRECTORY, dir_fd=directory)
    except OSError:  # a link, or a file: then Python compiles by itself, or fails as it would elsewhere
        return
    for name in sources:
        source = read(name, directory)
        if source is None or len(source) > LARGEST:
            continue
        wanted = HEADER + importlib.util.source_hash(source)
        target = f"{name[:-3]}.{TAG}.pyc"
        before = read(target, compiled, len(wanted))
        if before != wanted:
            content = compiled_form(source, wanted, os.path.join(path, name), cache)
            if content is not None:
                replace(compiled, target, content)
    os.close(compiled)


def compiled_form(source: bytes, header: bytes, path: str, cache: str | None) -> bytes | None:
    """The bytes of the .pyc; None for what Python cannot compile, such as templates that end in .py."""
    entry = None
    if cache is not None:
        entry = os.path.join(cache, hashlib.sha256(source).hexdigest())
        kept = read(entry) or b""
        content = kept[32:]
        if content.startswith(header) and hashlib.sha256(content).digest() == kept[:32]:
            return content
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None
    content = header + marshal.dumps(code)
    if entry is not None:
        keep(entry, hashlib.sha256(content).digest() + content)
    return content


def read(name: str, directory: int | None = None, size: int = -1) -> bytes | None:
    try:
        with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=directory), "rb") as file:
            return file.read(size)
    except OSError:
        return None


def replace(directory: int, name: str, content: bytes) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=directory)
    with open(os.open(name, NEW, 0o644, dir_fd=directory), "wb") as file:
        file.write(content)


def keep(entry: str, content: bytes) -> None:
    """Others may be reading or keeping the same entry now; in rooms of their own, where ids are the same."""
    beside = f"{entry}.{os.urandom(8).hex()}"
    with open(beside, "wb") as file:
        file.write(content)
    os.replace(beside, entry)


if __name__ == "__main__":
    main(*sys.argv[1:])
