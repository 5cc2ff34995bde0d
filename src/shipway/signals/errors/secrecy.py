"""Secrets are taken out of a report before anything of it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from shipway.hosts.masking import Masker

_BETWEEN = "\0"  # no secret has it: it could not be an environment variable


def without_secrets(texts: Sequence[str], secrets: list[bytes]) -> list[str]:
    """The texts, with `***` for every occurrence of what is in `secrets` (the forms that `disguises` makes)."""
    joined = _BETWEEN.join(text.replace(_BETWEEN, "") for text in texts).encode(errors="replace")
    masker = Masker(secrets)
    return (masker.feed(joined) + masker.end()).decode(errors="replace").split(_BETWEEN)


def mask(value: Any, secrets: list[bytes]) -> Any:
    """A value of mappings, lists and texts with every text in it masked, names too."""
    masked = iter(without_secrets([*_texts(value)], secrets))
    return _rebuilt(value, masked)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield str(name)
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)


def _rebuilt(value: Any, texts: Iterator[str]) -> Any:
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, dict):
        return {next(texts): _rebuilt(each, texts) for each in value.values()}
    if isinstance(value, (list, tuple)):
        return [_rebuilt(each, texts) for each in value]
    return value
