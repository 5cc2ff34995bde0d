"""Where a Python application may begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shipway.pipelines.files import Tree

MOST_READ = 40  # files; each costs a few milliseconds at a commit
_ENTRANCES = ("wsgi", "asgi", "app", "application", "main", "server", "web", "run", "__init__")
_BESIDES = r"(?:tests?|docs?|examples?|scripts|migrations|build|dist)"


@dataclass(frozen=True)
class Module:
    """A module by the name it is imported with from the root of the repository."""

    name: str
    path: str
    text: str


def entrances(tree: Tree) -> Iterator[Module]:
    """The modules in which an application is usually made, likeliest first."""
    paths = tree.matching(rf"(?!{_BESIDES}/)(?:src/)?(?:\w+/)?(?:{'|'.join(_ENTRANCES)})\.py")
    ranked = sorted(paths, key=lambda path: (path.count("/"), _ENTRANCES.index(_stem(path)), path))
    others = tree.matching(r"(?!test_|setup\.py|conftest\.py)\w+\.py")
    for path in list(dict.fromkeys([*ranked, *others]))[:MOST_READ]:
        if name := _name(path):
            yield Module(name, path, tree.text(path))


def beside(tree: Tree, module: Module) -> Iterator[str]:
    """The texts of the modules in the same package as this one, its own among them."""
    folder = module.path.rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""
    paths = [path for path in tree.names if path.startswith(prefix) and path.endswith(".py")]
    inside = [path for path in paths if folder or "/" not in path]
    yield from (tree.text(path) for path in inside[:MOST_READ])


def _name(path: str) -> str:
    parts = path.removesuffix(".py").removeprefix("src/").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".py")
