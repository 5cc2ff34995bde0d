"""What is written about Shipway cannot lag behind it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import reference
import typer

from shipway.cli import app
from shipway.project import Project
from shipway.releases import health
from shipway.signals import asking
from shipway.signals.errors import askers
from shipway.signals.probes import http
from shipway.story import scraping
from shipway.traffic import health as traffic_health

ROOT = Path(__file__).parents[2]
PAGES = [
    page
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")]
    if page.parent.name != ".venv"
]
NAMED = re.compile(r"(?:^ *|`|<code>|\$ |&& )(?:\S*/)?shipway ([a-z]+)([^`\n<#|]*)", re.MULTILINE)
SOURCES = [
    file for file in ROOT.glob("src/**/*.*") if file.suffix in (".py", ".html") and NAMED.search(file.read_text())
]
OF_OTHERS = {"--die-with-parent", "--end-of-options", "--no-build"}
"""Options of bubblewrap, git and uv."""

FRAGMENTS = sorted(ROOT.glob("changelog.d/*.md"))


def shown(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_reference_is_what_the_code_says(name: str) -> None:
    written = (reference.REFERENCE / name).read_text()
    assert written == reference.PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)|<img[^>]+src=\"([^\"]+)\"", page.read_text())
    local = [first or second for first, second in targets if "://" not in first + second]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_whoever_asks_an_application_is_named() -> None:
    named = (ROOT / "docs/guides/telemetry.md").read_text()
    agents = [inspect.signature(health.ask).parameters["agent"].default]
    agents += [module.AGENT for module in (http, asking, scraping, traffic_health)]
    assert [agent for agent in agents if f"| `{agent}` |" not in named] == []
    assert {agent.lower() for agent in [*agents, "Envoy/HC"]} == {*askers.OURS}


@pytest.fixture(scope="module")
def options() -> dict[str, set[str]]:
    """Every verb of the command line, and what it may be given."""
    verbs = typer.main.get_command(app.build()).commands  # type: ignore[attr-defined]
    return {
        verb: {name for each in command.params for name in [*each.opts, *each.secondary_opts]}
        for verb, command in verbs.items()
    }


@pytest.mark.parametrize("page", [*PAGES, *SOURCES], ids=shown)
def test_commands_that_are_named_exist(page: Path, options: dict[str, set[str]]) -> None:
    for verb, rest in NAMED.findall(page.read_text()):
        assert verb in options
        assert set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest)) <= options[verb] | {"--help"}, (
            f"shipway {verb}{rest}"
        )


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_options_that_are_named_alone_exist(page: Path, options: dict[str, set[str]]) -> None:
    named = re.findall(r"`(--[a-z][a-z-]*)[^`]*`", page.read_text())
    assert set(named) - set.union(*options.values()) - {"--help"} - OF_OTHERS == set()


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_make_can_do_what_is_named(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^ +|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/[cg]*/*.md")), ids=shown)
def test_every_page_is_found_from_the_readme(page: Path) -> None:
    assert f"({shown(page)})" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("file", sorted(ROOT.glob("examples/*/shipway.yml")), ids=shown)
def test_the_examples_are_good_projects(file: Path) -> None:
    assert Project.parse(file.read_text(), str(file)).name == file.parent.name


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=shown)
def test_a_change_is_told_in_a_sentence(fragment: Path) -> None:
    text = fragment.read_text()
    assert len(text.splitlines()) == 1
    assert text.endswith(".\n")


def test_contributing_fits_on_a_page() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) <= 60
