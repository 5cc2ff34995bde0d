from __future__ import annotations

import pytest

from shipway.config import durations


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30),
        ("15m", 900),
        ("2h", 7200),
        ("1d", 86400),
        ("1.5m", 90),
        ("250ms", 0.25),
        ("10 s", 10),
        ("0s", 0),
        ("45", 45),
        (45, 45),
        (0.5, 0.5),
    ],
)
def test_a_written_length_is_so_many_seconds(written: object, seconds: float) -> None:
    assert durations.seconds(written) == pytest.approx(seconds)


TEXTS = ["", "1:30", "1m30s", "-5s", "5 minutes", "1e3", "inf", "nan", "٣s", "1_000s", "1" * 5000, "31d"]
OTHERS = [True, None, [], float("nan"), float("inf"), -1, 10**12]


@pytest.mark.parametrize("written", [*TEXTS, *OTHERS])
def test_anything_else_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="length of time"):
        durations.seconds(written)


@pytest.mark.parametrize("written", ["0s", "1s", "90s", "15m", "36h", "7d", "0.25s"])
def test_a_length_is_written_as_it_was_read(written: str) -> None:
    assert durations.seconds(durations.text(durations.seconds(written))) == durations.seconds(written)


def test_the_shortest_way_is_chosen() -> None:
    assert [durations.text(seconds) for seconds in (900, 7200, 86400, 90, 2)] == ["15m", "2h", "1d", "90s", "2s"]
