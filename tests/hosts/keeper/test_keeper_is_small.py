"""The keeper stays for as long as the machine is up, so it must cost next to nothing."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.hosts import keeper
from support.keeping import House

FILES = sorted(Path(keeper.__file__).parent.glob("*.py"))
OTHERS = {"client.py"}  # what the rest of Shipway says to the keeper


def test_with_twenty_instances_it_takes_less_than_twenty_megabytes(house: House) -> None:
    for number in range(20):
        spec = house.spec(f"sleeper.{number}")
        spec = type(spec)(**{**spec.as_dict(), "argv": ["sleep", "1000"], "masks": ["a secret"]})
        house.keeper.ensure(spec, group="shop.prod", epoch=1)
    assert len(house.keeper.instances()) == 20
    lines = Path(f"/proc/{house.keeper.hello()['pid']}/smaps_rollup").read_text().splitlines()
    pss = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    assert pss < 20_000


@pytest.mark.parametrize("file", [file for file in FILES if file.name not in OTHERS], ids=lambda file: file.name)
def test_it_imports_the_standard_library_and_itself_only(file: Path) -> None:
    ours = ("shipway", "shipway.hosts.keeper", "shipway.hosts.masking")
    for module in _imported(file):
        library = module.partition(".")[0] in sys.stdlib_module_names
        assert library or module in ours or module.startswith("shipway.hosts.keeper."), module


def test_it_holds_no_descriptor_too_many(house: House) -> None:
    """Starting, stopping and talking leave nothing open."""
    folder = f"/proc/{house.keeper.hello()['pid']}/fd"
    before = len(os.listdir(folder))
    for _ in range(5):
        house.up("one")
        house.stop("one")
    house.eventually(lambda: len(os.listdir(folder)) <= before, "nothing is left open")


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
