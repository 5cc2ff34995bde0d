"""What every stage's settings are made of: frozen models that refuse a key they do not know."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema

LONGEST_LINE = 64 * 1024  # the kernel takes 128 KiB as one argument of a command


def _true_or_false(written: Any) -> Any:
    known = {"true": True, "false": False, True: True, False: False}
    if not isinstance(written, (str, bool)) or written not in known:
        raise ValueError("should be true or false")
    return known[written]


def _line(written: str) -> str:
    if not written.strip():
        raise ValueError("is empty: write the command to run")
    if "\0" in written or len(written) > LONGEST_LINE:
        raise ValueError("should be a command of at most 64 KiB, without a NUL character")
    return written


def _text(written: str) -> str:
    if "\0" in written or len(written) > LONGEST_LINE:
        raise ValueError("should be text of at most 64 KiB, without a NUL character")
    return written


Switch = Annotated[bool, BeforeValidator(_true_or_false), WithJsonSchema({"type": "boolean"})]
"""true or false and nothing else (YAML 1.2): `yes`, `NO` and `on` are texts."""

Line = Annotated[str, AfterValidator(_line)]
"""A command for `sh -c`. Values reach it as environment variables, never by substitution."""

Text = Annotated[str, AfterValidator(_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""A value exactly as it is written: `3.10` stays `3.10`, `NO` stays `NO`."""


class Settings(BaseModel):
    """One mapping of shipway.yml; each field's description is its line in the reference."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    short_form: ClassVar[str | None] = None
    """The field for which a text may be written instead of the whole mapping."""

    @model_validator(mode="before")
    @classmethod
    def _as_meant(cls, written: Any) -> Any:
        """A text in place of the mapping is its short form; a known key without a value is not there."""
        if isinstance(written, str) and cls.short_form is not None:
            return {cls.short_form: written}
        if not isinstance(written, dict):
            return written
        return {key: value for key, value in written.items() if value is not None or key not in cls.model_fields}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        full = handler(core)
        if cls.short_form is None:
            return full
        return {"anyOf": [{"type": "string"}, handler.resolve_ref_schema(full)]}
