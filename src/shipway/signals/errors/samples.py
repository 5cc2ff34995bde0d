"""The newest reports of each error, as files: a few of each, and few bytes of them all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shipway.config.places import Places
from shipway.signals.errors.event import Event
from shipway.signals.errors.secrecy import mask

KEPT = 5  # of each error
LARGEST = 64 * 1024  # bytes of one
ALL = 32 * 1024 * 1024  # bytes of all that an application has
FRAMES = 50
WIDEST, LONGEST = 300, 2000  # characters of a line, of a message

Sample = dict[str, Any]


def make(event: Event, about: Mapping[str, Any], secrets: list[bytes]) -> Sample:
    """What is kept of a report, with what is known about it: masked first, and only then cut to a size."""
    whole: Sample = mask({**asdict(event), **about}, secrets)
    whole["raised"] = [_cut_raised(raised) for raised in whole["raised"]]
    cut = {name: value if name == "raised" else _cut(value, LONGEST) for name, value in whole.items()}
    for less in (_unchanged, _without_variables, _without_source):
        cut = less(cut)
        if len(json.dumps(cut)) <= LARGEST:
            break
    return cut


def keep(places: Places, application: str, error: str, sample: Sample) -> None:
    """Writes a sample whole, and removes the oldest beyond KEPT."""
    directory = places.errors(application) / error
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / f"{sample['received']:017.6f}.json"
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps(sample))
    beside.replace(file)
    for old in sorted(directory.glob("*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)


def newest(places: Places, application: str, error: str) -> list[Sample]:
    """The samples that are left of an error, the newest first."""
    files = sorted((places.errors(application) / error).glob("*.json"), reverse=True)
    return [sample for sample in map(_read, files) if sample is not None]


def forget(places: Places, application: str, error: str) -> None:
    """Removes the samples of an error that is on record no more."""
    shutil.rmtree(places.errors(application) / error, ignore_errors=True)


def tidy(places: Places, application: str, most: int = ALL) -> None:
    """Removes an application's oldest samples until they have at most `most` bytes."""
    files = sorted(places.errors(application).glob("*/*.json"), key=lambda file: file.name, reverse=True)
    taken = 0
    for file in files:
        taken += _size(file)
        if taken > most:
            file.unlink(missing_ok=True)


def _read(file: Path) -> Sample | None:
    try:
        sample: Sample = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):  # removed just now, or cut off by a loss of power
        return None
    return sample


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _cut_raised(raised: Sample) -> Sample:
    frames = [_cut_frame(frame) for frame in raised["frames"][-FRAMES:]]
    return {"type": _cut(raised["type"], WIDEST), "value": _cut(raised["value"], LONGEST), "frames": frames}


def _cut_frame(frame: Sample) -> Sample:
    """Of code that is not the application's own, the place is enough."""
    cut: Sample = _cut({name: each for name, each in frame.items() if name != "counted"}, WIDEST)
    return cut if cut["own"] else {**cut, "before": [], "after": [], "variables": {}}


def _cut(value: Any, length: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= length else f"{value[: length - 1]}…"
    if isinstance(value, dict):
        return {_cut(name, length): _cut(each, length) for name, each in value.items()}
    if isinstance(value, list):
        return [_cut(each, length) for each in value]
    return value


def _unchanged(sample: Sample) -> Sample:
    return sample


def _without_variables(sample: Sample) -> Sample:
    return _in_frames(sample, lambda frame: {**frame, "variables": {}})


def _without_source(sample: Sample) -> Sample:
    return _in_frames(sample, lambda frame: {**frame, "before": [], "after": [], "source": ""})


def _in_frames(sample: Sample, change: Callable[[Sample], Sample]) -> Sample:
    raised = [{**each, "frames": [change(frame) for frame in each["frames"]]} for each in sample["raised"]]
    return {**sample, "raised": raised}
