"""The house rules of every test: a home of its own, what it needs of the machine, nothing left running."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import leftovers
import needs

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RUNTIME = pytest.StashKey[Path]()
LACKS = "needs "
ROOMY = 8 << 30  # bytes; a whole run leaves less than 2 GiB

GIT_CONFIG = "[user]\n\tname = Ada Test\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
FOREIGN = ("SHIPWAY_DATA", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
COSTLY = ("PYTHONDONTWRITEBYTECODE",)  # each of some thousand processes would compile Shipway anew
REGISTRY_SETTINGS = (".config/uv", ".config/pip", ".npmrc")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """A home and a runtime directory for this session, before anything looks at the environment; the directories
    of tests are in memory too, where nothing waits for a disk, unless `--basetemp` says otherwise.
    """
    old_home = Path(os.environ.get("HOME", "/nonexistent"))
    config.stash[RUNTIME] = runtime = _short_directory()
    if config.option.basetemp is None and shutil.disk_usage(runtime).free > ROOMY:
        config.option.basetemp = str(runtime / "tests")
    os.environ.update(HOME=str(_home(runtime / "home", old_home)), XDG_RUNTIME_DIR=str(runtime))
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    os.environ.setdefault("UV_SYSTEM_CERTS", "1")  # as pip does, and the builds of Shipway do
    for name in (*FOREIGN, *COSTLY):
        os.environ.pop(name, None)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[RUNTIME], ignore_errors=True)


def _short_directory() -> Path:
    """In memory where there is one, and short: a unix socket's path has 107 bytes."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="shipway-test-", dir=memory))


def _home(home: Path, old_home: Path) -> Path:
    """A home that knows who commits and, from the real one, which package registry to ask."""
    (home / ".config").mkdir(parents=True)
    (home / ".gitconfig").write_text(GIT_CONFIG)
    for settings in REGISTRY_SETTINGS:
        if (old_home / settings).exists():
            (home / settings).symlink_to(old_home / settings)
    return home


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays until the end. It is not looked through for garbage: not while it is made, and not
    after every file, which would take longer than most of the files.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A need that nobody knows how to look for is a mistake in the test, not a reason to skip it."""
    for item in items:
        for need in _needs(item):
            if need not in needs.NEEDS:
                raise pytest.UsageError(f"{item.nodeid} needs {need!r}, which tests/needs.py does not know")


def _needs(item: pytest.Item) -> Iterator[str]:
    for marker in item.iter_markers("needs"):
        yield from marker.args


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what cannot run here."""
    for need in _needs(item):
        if (reason := needs.missing(need)) is not None:
            pytest.skip(f"{LACKS}{need}: {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI everything has to run: what was skipped, for whatever reason, has failed."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"could not run here: {report.longrepr[2].removeprefix('Skipped: ')}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """After the last test of a file, when its fixtures are gone, no process of its may be left."""
    yield
    if nextitem is not None and nextitem.path == item.path:
        return
    factory: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]
    left = leftovers.end([factory.getbasetemp(), item.config.stash[RUNTIME]])
    if left:
        commands = "".join(f"\n  {pid} {command}" for pid, command in left.items())
        pytest.fail(f"{item.path.name} left processes behind (now killed):{commands}", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What this machine could not run, so that a green line here is not read as more than it is."""
    reasons = [report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped")]
    lacking = Counter(reason for reason in reasons if reason.startswith(LACKS))
    if not lacking:
        return
    terminalreporter.section("could not run on this machine")
    for reason, count in lacking.most_common():
        terminalreporter.line(
            f"{count} tests {reason.replace('needs', 'need', 1)}" if count > 1 else f"1 test {reason}"
        )
    if any(needs.NEEDS[reason.split()[1].rstrip(":")].package for reason in lacking):
        terminalreporter.line("System packages are installed by `make test-deps` (root on Debian or Ubuntu).")


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """What a file left open is found at its last test, not during somebody else's."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real one; whoever asks for it needs chromium."""
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415 - for those who ask only

    expect.set_options(timeout=60_000)  # nothing may depend on how busy the machine is
    quiet = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
    quiet.append("--host-resolver-rules=MAP ship.test 127.0.0.1")
    quiet.append("--font-render-hinting=none")  # without windows letters are set wider than people see them
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=needs.browser(), args=quiet)
        yield started
        started.close()
