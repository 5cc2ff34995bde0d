"""Written values become one typed value, or every problem at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shipway.config import durations
from shipway.config.positions import Positions
from shipway.config.problems import MOST_PROBLEMS, Complaint, InvalidConfig, Path, Problem
from shipway.config.schema import is_length, keys_at

Model = TypeVar("Model", bound=BaseModel)
MOST_COMPARED = 200


def validate(
    model: type[Model],
    value: Any,
    positions: Positions,
    file: str,
    complaints: Iterable[Complaint] = (),
    problems: Sequence[Problem] = (),
) -> Model:
    """The value as a `model`; InvalidConfig with its problems, with `complaints` and with `problems`.

    `complaints` are what was found wrong across fields, `problems` what is wrong with the way the text is written;
    they are reported together with what is wrong with single fields, so that one look is enough.
    """
    found = list(islice(complaints, MOST_PROBLEMS + 1))  # one more tells that there are more
    try:
        typed = model.model_validate(value)
    except ValidationError as error:
        found += _complaints(model, error)
    if found or problems:
        raise InvalidConfig([*problems, *(positions.locate(complaint, file) for complaint in found)])
    return typed


def nearest(written: str, known: Iterable[str]) -> str | None:
    """The known name that is most like what was written, if one is like it at all."""
    if len(written) > 60:
        return None
    candidates = [name for name in islice(known, MOST_COMPARED) if len(name) <= 60]
    matches = get_close_matches(written.lower(), candidates, n=1, cutoff=0.6)
    return matches[0] if matches else None


def _complaints(model: type[BaseModel], error: ValidationError) -> Iterator[Complaint]:
    schema = model.model_json_schema()
    for count, detail in enumerate(error.errors(include_url=False)):
        if detail["type"] != "default_factory_not_called":  # follows from another problem
            yield _complaint(schema, detail, guess=count < MOST_PROBLEMS)


def _complaint(schema: dict[str, Any], detail: ErrorDetails, *, guess: bool) -> Complaint:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    kind = detail["type"]
    if kind == "missing":
        return Complaint(path[:-1], f"{'needs' if path[:-1] else 'the file needs'} `{path[-1]}`")
    if kind == "extra_forbidden":
        near = nearest(str(path[-1]), keys_at(schema, path[:-1])) if guess else None
        return Complaint(path, "is not a known key", near, at_key=True)
    if kind in _BOUNDS:
        return Complaint(path, _bound(schema, path, detail), at_key="[key]" in detail["loc"])
    message = _message(detail) if path else f"the file {_message(detail)}"
    return Complaint(path, message, _choice(detail), at_key="[key]" in detail["loc"])


_SHOULD: dict[str, str] = {
    "string_type": "should be text",
    "int_parsing": "should be a whole number",
    "int_type": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_parsing": "should be a number",
    "float_type": "should be a number",
    "dict_type": "should be a mapping of names to values",
    "model_type": "should be a mapping of keys to values",
    "tuple_type": "should be a list",
    "list_type": "should be a list",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def _bound(schema: dict[str, Any], path: Path, detail: ErrorDetails) -> str:
    name, words = _BOUNDS[detail["type"]]
    bound = detail["ctx"][name]
    return f"should be {words} {durations.text(bound) if is_length(schema, path) else f'{bound:g}'}"


def _message(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"should be {context['expected']}"
    return _SHOULD.get(kind, detail["msg"][:1].lower() + detail["msg"][1:])


def _choice(detail: ErrorDetails) -> str | None:
    if detail["type"] != "literal_error":
        return None
    choices = str(detail.get("ctx", {})["expected"]).replace(" or ", ", ").split(", ")
    return nearest(str(detail["input"]), [choice.strip("'") for choice in choices])
