"""The order of the story stands in four places, and is the same in all of them."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import shipway
from shipway.cli.app import build

ROOT = Path(__file__).parents[2]
PACKAGE = Path(shipway.__file__).parent


def layers() -> list[str]:
    """The layers of .importlinter as they are written, last to first."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    return parser["importlinter:contract:story"]["layers"].replace("|", " ").split()


def built(layer: str) -> bool:
    return (PACKAGE / layer).is_dir() or (PACKAGE / f"{layer}.py").is_file()


@pytest.mark.parametrize("layer", layers())
def test_what_is_not_built_yet_stands_in_brackets(layer: str) -> None:
    assert layer.startswith("(") != built(layer.strip("()"))


def test_the_layers_and_the_package_name_the_same_stages() -> None:
    written = layers()
    stages = written[written.index("project") + 1 : written.index("durable")]
    assert tuple(stage for stage in reversed(stages) if built(stage.strip("()"))) == shipway.STAGES


def test_the_docstring_tells_the_same_story() -> None:
    sentence = re.search(r"reading order of this package:\s*(.*?)\.", shipway.__doc__ or "", re.DOTALL)
    assert sentence is not None
    assert tuple(re.split(r",\s*", sentence[1])) == shipway.STAGES


def test_the_page_on_the_layout_has_a_row_for_each_stage() -> None:
    page = (ROOT / "docs/concepts/layout.md").read_text()
    assert tuple(re.findall(r"^\| \*\*`(\w+)`\*\* \|", page, re.MULTILINE)) == shipway.STAGES


def help_panels() -> list[str]:
    """The groups of `shipway --help`, from top to bottom."""
    shown = CliRunner().invoke(build(), ["--help"], env={"COLUMNS": "100", "NO_COLOR": "1"}).stdout
    return re.findall(r"^╭─ (\w+) ─", shown, re.MULTILINE)


def test_help_groups_its_verbs_in_the_order_of_the_story() -> None:
    shown = [panel for panel in help_panels() if panel in shipway.STAGES]
    assert shown
    assert shown == [stage for stage in shipway.STAGES if stage in shown]
