"""The version in .python-version counts where shipway.yml names none, also when it came later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from shipway.project import Project
from shipway.story import carry
from shipway.story.reading import with_its_python
from support.pushing import Pushing, a_pushing

YML = "name: shop\nprocesses: {web: ./web}\n"


class Files:
    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def names(self) -> list[str]:
        return sorted(self._files)

    def read(self, path: str) -> str:
        return self._files.get(path, "")


@pytest.fixture
def pushing(tmp_path: Path) -> Iterator[Pushing]:
    with a_pushing(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("written", "files", "version"),
    [
        (YML, {".python-version": "3.12\n"}, "3.12"),
        (YML, {}, None),
        (YML, {".python-version": "system\n"}, None),
        (f'{YML}build: {{python: "3.11"}}\n', {".python-version": "3.12\n"}, "3.11"),
        (f"{YML}build: {{root: app}}\n", {"app/.python-version": "3.13", ".python-version": "3.12\n"}, "3.13"),
        (f"{YML}build: {{root: app}}\n", {".python-version": "3.12\n"}, "3.12"),
        (f"{YML}build: static\n", {".python-version": "3.12\n"}, None),
    ],
)
def test_the_nearest_word_counts(written: str, files: dict[str, str], version: str | None) -> None:
    assert with_its_python(Project.parse(written), Files(files)).build.python == version


def test_a_run_is_made_with_it_and_one_that_is_not_here_is_refused_at_the_push(pushing: Pushing) -> None:
    run = pushing.push(YML, also={".python-version": "3.98\n"})
    assert run.plan["project"]["build"]["python"] == "3.98"
    (problem,) = carry.check(pushing.cast, run.application, run.commit, None)
    assert "3.98" in problem
