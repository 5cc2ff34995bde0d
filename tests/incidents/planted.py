"""A small shop by several people, in which bugs are planted with real commits and found by running it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shipway.environments import configure
from shipway.environments.secrets import Vault
from shipway.pushes.git import environment as git_environment
from shipway.signals.errors.intake import Intake
from shipway.signals.errors.recording import Recorder
from shipway.state import artifacts, error_keys, errors
from shipway.state.errors import Error, Place
from shipway.story.suspicion import Suspecting
from web.scene import AUTHORS, Scene
from web.server import story

RATES = '''\
"""What things cost."""

import json

CURRENCY = "EUR"
RATES = json.loads('{"EUR": 100, "USD": 92}')


def rate(currency):
    """So many cents are one."""
    return RATES[currency]


def shipping(weight):
    if weight > 20:
        return 900
    return 400


class Discount:
    least = 1000

    def apply(self, cents):
        if cents < self.least:
            return cents
        return cents - cents // 10
'''
CART = '''\
"""What somebody wants to buy."""

from shop.rates import CURRENCY, Discount, rate, shipping


def lines(cart):
    return [line for line in cart["lines"] if line["count"]]


def count(cart):
    return sum(line["count"] for line in lines(cart))


def average(cart):
    """The cents of one piece."""
    pieces = count(cart)
    if not pieces:
        return 0
    return subtotal(cart) // pieces


def heaviest(cart):
    weights = [line.get("weight", 0) for line in lines(cart)]
    return max(weights, default=0)


def subtotal(cart):
    return sum(line["count"] * line["cents"] for line in lines(cart))


def total(cart):
    """Everything, in cents."""
    weight = sum(line.get("weight", 0) for line in lines(cart))
    cents = Discount().apply(subtotal(cart))
    freight = shipping(weight)
    currency = cart.get("currency", CURRENCY)
    unit = rate(currency)
    return (cents + freight) * 100 // unit
'''
WEB = '''\
"""What the shop answers."""

from shop import cart as carts


class Failed(Exception):
    pass


def checkout(request):
    cart = request["cart"]
    try:
        return {"total": carts.total(cart)}
    except LookupError as error:
        raise Failed("no checkout") from error


def overview(request):
    cart = request["cart"]
    return {"average": carts.average(cart), "heaviest": carts.heaviest(cart)}


def label(request):
    name = request.get("name") or "nobody"
    return name.strip().title()
'''
BASE = {"shop/__init__.py": "", "shop/rates.py": RATES, "shop/cart.py": CART, "shop/web.py": WEB}
CARTS = {
    "full": {"lines": [{"count": 2, "cents": 700, "weight": 3}]},
    "empty": {"lines": []},
    "unpriced": {"lines": [{"count": 1}]},
    "dollars": {"lines": [{"count": 1, "cents": 100}], "currency": "USD"},
}
WATCHED = {"judge": True, "warm": 600.0}
RUN = """
import json, os, sys
import sentry_sdk
sentry_sdk.init("")  # which loads what it looks for in an application
for asked in sys.stdin:
    if os.fork():
        os.wait()
        print(flush=True)
        continue
    work, view, request = json.loads(asked)
    os.chdir(work)
    sentry_sdk.init("http://key@127.0.0.1:1/1", before_send=lambda event, hint: print(json.dumps(event)))
    from shop import web
    try:
        getattr(web, view)(request)
    except Exception:
        sentry_sdk.capture_exception()
    sys.stdout.flush()
    os._exit(0)
"""
"""The shop, in a process of its own for each request; its SDK is loaded once, which takes by far the longest."""


@contextmanager
def running() -> Iterator[subprocess.Popen[str]]:
    """What runs a shop."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process


@dataclass(frozen=True)
class Edit:
    """One commit: who, and what is exchanged in which file; an empty file's text is put in its place."""

    who: str
    path: str
    old: str
    new: str
    branch: str = "main"
    rename: str = ""


@dataclass(frozen=True)
class Bug:
    """The commits between two releases, one of them (`culprit`, by its place) with a bug, and how to meet it.

    `built` is what the release has besides what is in the repository.
    """

    edits: tuple[Edit, ...]
    culprit: int | None
    view: str = "checkout"
    cart: str = "full"
    built: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Commit:
    """What somebody commits to a branch: the new texts by their path, None for a file that goes."""

    who: str
    subject: str
    files: Mapping[str, str | None]
    branch: str = "main"
    merges: str = ""


@dataclass
class Shop:
    """A record with the shop in it, its repository, and the files on main in `work`, where it can be run.

    Commits are written into the repository all at once, which takes one process of git instead of five for each.
    """

    scene: Scene
    work: Path
    runs: subprocess.Popen[str]
    commits: list[str] = field(default_factory=list)
    _tips: dict[str, str] = field(default_factory=dict)
    _files: dict[str, dict[str, str]] = field(default_factory=lambda: {"main": {}})

    @classmethod
    def open(cls, directory: Path, runs: subprocess.Popen[str]) -> Shop:
        """The shop in its first version, which serves in prod."""
        scene = Scene.empty(directory)
        scene.application("shop")
        shop = cls(scene, directory / "work", runs)
        shop.commit("ada", "Open the shop", BASE)
        shop.release()
        return shop

    @property
    def head(self) -> str:
        """The newest commit on main."""
        return self._tips["main"]

    def plant(self, bug: Bug) -> None:
        """Makes the commits of a bug and releases them; branches are merged."""
        commits = [self._edited(edit) for edit in bug.edits]
        for branch in dict.fromkeys(edit.branch for edit in bug.edits if edit.branch != "main"):
            merged = [self._edited(replace(edit, branch="main")) for edit in bug.edits if edit.branch == branch]
            files = {path: text for each in merged for path, text in each.files.items()}
            commits.append(Commit("ada", f"Merge {branch}", files, merges=branch))
        self.commits = self._write(commits)[: len(bug.edits)]
        self.release()

    def edit(self, edit: Edit) -> str:
        return self._write([self._edited(edit)])[0]

    def commit(self, who: str, subject: str, files: Mapping[str, str]) -> str:
        self._files["main"].update(files)
        return self._write([Commit(who, subject, files)])[0]

    def release(self, *, fails: bool = False) -> None:
        """What is on main serves in prod, or was to."""
        run = self.scene.push("shop", "", commit=self.head)
        if fails:
            self.scene.green(run)
            self.scene.fail_deployment(self.scene.begin_deployment(run, "prod"), "it did not get healthy")
            self.scene.end(run, "failed", "it did not get healthy")
        else:
            self.scene.green(run, WATCHED)
            self.scene.deploy(run, "prod")
            self.scene.end(run)

    def configure(self, **secrets: str) -> None:
        vault = Vault(self.scene.places)
        configure.change(self.scene.database, vault, "shop", "prod", who="ada", secrets=secrets)

    def redeploy(self) -> None:
        """The same commit again, as another release."""
        with self.scene.database.read() as conn:
            artifact = artifacts.of_commit(conn, "shop", self.head)
        assert artifact is not None
        self.scene.roll_back("shop", "prod", artifact)

    def meet(self, view: str, cart: str) -> dict[str, Any]:
        """Runs the shop as it is on main: what its SDK reports."""
        stdin, stdout = self.runs.stdin, self.runs.stdout
        assert stdin is not None
        assert stdout is not None
        request = {"cart": CARTS[cart], "name": " ada "}
        stdin.write(json.dumps([str(self.work), view, request]) + "\n")
        stdin.flush()
        said = list(iter(stdout.readline, "\n"))
        assert said, "nothing went wrong"
        told: dict[str, Any] = json.loads(said[0])
        return {**told, "release": self.head}

    def report(self, told: Mapping[str, Any]) -> tuple[Error, dict[str, Any]]:
        """Records a report, and looks who is suspected."""
        self.record(told)
        Suspecting(story(self.scene).cast).look()
        error, place = self.newest()
        assert place.suspicion is not None
        return error, dict(place.suspicion)

    def record(self, told: Mapping[str, Any]) -> None:
        intake = Intake(self.scene.database)
        with self.scene.database.write() as conn:
            intake.offer(error_keys.current(conn, "shop", "prod"), json.dumps(told).encode())
        vault = Vault(self.scene.places)
        Recorder(self.scene.database, self.scene.places, vault, intake).record(intake.take(timeout=0))

    def newest(self) -> tuple[Error, Place]:
        """The error that was seen last, and where."""
        with self.scene.database.read() as conn:
            error = errors.recent(conn, "shop")[0]
            (place,) = errors.places(conn, error.id)
        return error, place

    def _edited(self, edit: Edit) -> Commit:
        files = self._files.setdefault(edit.branch, dict(self._files["main"]))
        before, path = files.get(edit.path, ""), edit.rename or edit.path
        assert edit.old in before, f"{edit.old!r} is not in {edit.path}"
        if edit.rename:
            del files[edit.path]
        files[path] = before.replace(edit.old, edit.new, 1) or edit.new
        gone = {edit.path: None} if edit.rename else {}
        return Commit(edit.who, f"Change {path}", {**gone, path: files[path]}, edit.branch)

    def _write(self, commits: Sequence[Commit]) -> list[str]:
        """Makes commits, one on top of the other; their ids."""
        given, now, tips = [], int(time.time()), dict(self._tips)
        for mark, commit in enumerate(commits, 1):
            person = f"{AUTHORS[commit.who]} <{commit.who}@example.org> {now} +0000"
            given += [f"commit refs/heads/{commit.branch}", f"mark :{mark}", f"author {person}"]
            given += [f"committer {person}", *_data(commit.subject)]
            before = tips.get(commit.branch, tips.get("main"))
            given += [f"from {before}"] if before else []
            given += [f"merge {tips[commit.merges]}"] if commit.merges else []
            for path, text in commit.files.items():
                given += [f"D {path}"] if text is None else [f"M 644 inline {path}", *_data(text)]
            tips[commit.branch] = f":{mark}"
        given += [f"get-mark :{mark}" for mark in range(1, len(commits) + 1)]
        command = ["git", f"--git-dir={self.scene.places.repository('shop')}", "fast-import", "--quiet"]
        told = "\n".join([*given, ""]).encode()
        made = subprocess.run(command, input=told, capture_output=True, check=True, env=git_environment())
        ids = made.stdout.decode().split()
        self._tips = {name: ids[int(tip[1:]) - 1] if tip[0] == ":" else tip for name, tip in tips.items()}
        self._lay_out()
        return ids

    def _lay_out(self) -> None:
        for path in {path for files in self._files.values() for path in files}:
            file, text = self.work / path, self._files["main"].get(path)
            if text is None:
                file.unlink(missing_ok=True)
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)


def _data(text: str) -> list[str]:
    return [f"data {len(text.encode())}", text]


QUIET = (
    Edit("ben", "shop/web.py", 'or "nobody"', 'or "somebody"'),
    Edit("cho", "shop/cart.py", "    weights = [", "    # the weight of one piece\n    weights = ["),
    Edit("ben", "shop/rates.py", "        return 900\n", "        return 950\n"),
)
"""Changes by others that have nothing to do with it, in the same files."""


def among(*bug: Edit) -> tuple[tuple[Edit, ...], int]:
    """The commits, with the last of the bug's own as the culprit."""
    return (QUIET[0], *bug, *QUIET[1:]), len(bug)


PLANTED: dict[str, Bug] = {
    "the very line": Bug(*among(Edit("cho", "shop/cart.py", 'line["cents"] for', 'line["price"] for'))),
    "a guard taken away": Bug(
        *among(Edit("cho", "shop/cart.py", "    if not pieces:\n        return 0\n", "")), "overview", "empty"
    ),
    "far above in the function": Bug(
        *among(
            Edit(
                "ben", "shop/cart.py", "    freight = shipping(weight)\n", "    freight = shipping(weight)\n\n\n\n"
            ),
            Edit("cho", "shop/cart.py", "    cents = Discount().apply(subtotal(cart))", "    cents = None"),
        )
    ),
    "what a caller passes": Bug(
        *among(Edit("cho", "shop/web.py", "carts.heaviest(cart)", "carts.heaviest(None)")), "overview"
    ),
    "an import taken away": Bug(*among(Edit("cho", "shop/cart.py", "CURRENCY, Discount, rate", "Discount, rate"))),
    "a constant": Bug(
        *among(Edit("cho", "shop/rates.py", '"EUR": 100, "USD": 92', '"EUR": 100, "CHF": 94')),
        "checkout",
        "dollars",
    ),
    "a function that it uses": Bug(
        *among(Edit("cho", "shop/cart.py", 'return sum(line["count"] for line in lines(cart))', 'return "many"')),
        "overview",
    ),
    "on a branch that was merged": Bug(
        (
            QUIET[0],
            Edit(
                "ben", "shop/cart.py", "    return max(weights, default=0)", "    return max(weights)", "lighter"
            ),
            Edit("cho", "shop/rates.py", "    return 400\n", "    return 450\n", "lighter"),
            Edit("ada", "shop/cart.py", '"""Everything, in cents."""', '"""All of it, in cents."""'),
        ),
        1,
        "overview",
        "empty",
    ),
    "with lines that moved since": Bug(
        (
            Edit(
                "cho", "shop/cart.py", "(cents + freight) * 100 // unit", "(cents + freight) * 100 // (unit - 100)"
            ),
            Edit(
                "ben", "shop/cart.py", "def lines(cart):", "def names(cart):\n    return []\n\n\ndef lines(cart):"
            ),
            Edit(
                "ada", "shop/cart.py", '"""What somebody wants to buy."""', '"""What somebody\nwants\nto buy."""'
            ),
        ),
        0,
    ),
    "in a file that got another name": Bug(
        (
            Edit("ben", "shop/web.py", 'or "nobody"', 'or "somebody"'),
            Edit("ben", "shop/rates.py", "", "", rename="shop/prices.py"),
            Edit("ada", "shop/cart.py", "from shop.rates import", "from shop.prices import"),
            Edit("cho", "shop/prices.py", "return RATES[currency]", "return RATES[currency.lower()]"),
        ),
        3,
    ),
    "what a default of a class became": Bug(
        *among(Edit("cho", "shop/rates.py", "    least = 1000", '    least = "1000"'))
    ),
}
SILENT: dict[str, Bug] = {
    "other files changed": Bug(
        (
            Edit("ben", "README.md", "", "# A shop\n"),
            Edit("cho", "shop/stock.py", "", "def left():\n    return 3\n"),
        ),
        None,
    ),
    "other functions changed": Bug(
        (
            Edit("ben", "shop/cart.py", "    weights = [", "    weights = 3 * ["),
            Edit("cho", "shop/rates.py", "        return 900\n", "        return 950\n"),
        ),
        None,
    ),
    "only words about it changed": Bug(
        (
            Edit("cho", "shop/cart.py", "    return sum(line[", "    # pieces times cents\n    return sum(line["),
            Edit("ben", "shop/cart.py", '"""What somebody wants to buy."""', '"""A cart."""'),
        ),
        None,
    ),
    "only its indentation changed": Bug(
        (
            Edit(
                "cho",
                "shop/cart.py",
                'sum(line["count"] * line["cents"] for line in lines(cart))',
                'sum(line["count"]  *  line["cents"] for line in lines( cart ))',
            ),
        ),
        None,
    ),
    "what is used only later changed": Bug(
        (Edit("ben", "shop/cart.py", "\n\ndef lines(", '\nCURRENCY = "CHF"\n\n\ndef lines('),), None
    ),
    "two are as likely": Bug(
        (
            Edit("ben", "shop/cart.py", "    cents = Discount()", "    cents = 0\n    cents = Discount()"),
            Edit(
                "cho",
                "shop/cart.py",
                "    currency = cart.get",
                "    freight = freight or 0\n    currency = cart.get",
            ),
        ),
        None,
    ),
    "nothing changed": Bug((Edit("ben", "README.md", "", "# A shop\n"),), None),
}
"""What changed while an error came that has nothing to do with it: a customer without a price."""
