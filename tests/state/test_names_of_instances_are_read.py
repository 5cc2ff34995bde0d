"""The name of an instance is read by the same rule that it is made by."""

from __future__ import annotations

import pytest

from shipway.state.instances import Name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("topup.prod.r3.web.1", Name("topup.prod.r3", "web", 1)),
        ("top-up.pre-prod.r120.nightly_import.12", Name("top-up.pre-prod.r120", "nightly_import", 12)),
    ],
)
def test_a_name_is_read_as_it_was_made(text: str, name: Name) -> None:
    assert Name.read(text) == name
    assert str(name) == text
    assert text == f"{name.release}.{name.short}"
