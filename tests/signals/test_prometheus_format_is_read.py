"""What Prometheus' own library for Python says is read as it was meant; what it would not say is refused."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, generate_latest

from shipway.signals import exposition
from shipway.signals.exposition import Instance, NotReadable
from shipway.signals.series.sample import Sample
from shipway.signals.series.series import Series

WEB = Instance("r3", "topup.prod.r3.web.1", 1_700_000_000.0)


def read(text: str) -> list[Sample]:
    return exposition.samples(text, WEB)


def series(name: str, kind: str, *labels: tuple[str, str], bounds: tuple[float, ...] = ()) -> Series:
    return Series(name, kind, "", labels, "r3", bounds)  # type: ignore[arg-type] # the kinds are written below


def test_every_kind_that_the_library_has() -> None:
    registry = CollectorRegistry()
    Counter("sold", "How many", ["item"], registry=registry).labels('a "map"\n').inc(3)
    Gauge("open", "How many", registry=registry).set(-2.5)
    waited = Histogram("waited_seconds", "How long", buckets=[0.1, 1], registry=registry)
    for seconds in (0.05, 0.5, 0.5, 7):
        waited.observe(seconds)
    Summary("size", "How large", registry=registry).observe(12)
    found = {one.series: one for one in read(generate_latest(registry).decode())}
    assert {each: one.value for each, one in found.items()} == {
        series("sold_total", "counter", ("item", 'a "map"\n')): (3,),
        series("open", "gauge"): (-2.5, -2.5, -2.5, 1),
        series("waited_seconds", "histogram", bounds=(0.1, 1)): (4, 8.05, 1, 2, 1),
        series("size", "histogram"): (1, 12),
    }
    assert {(one.source, one.began, one.running) for one in found.values() if one.series.kind != "gauge"} == {
        (WEB.name, WEB.began, True)
    }


def test_a_histogram_without_bounds_is_like_a_summary() -> None:
    """They are of one series, and so their values have as many parts."""
    told = [
        '# TYPE waited histogram\nwaited_bucket{le="+Inf"} 3\nwaited_count 3\nwaited_sum 6\n',
        "# TYPE waited histogram\nwaited_count 3\nwaited_sum 6\n",
        "# TYPE waited summary\nwaited_count 3\nwaited_sum 6\n",
    ]
    assert [(one.series, one.value) for text in told for one in read(text)] == [
        (series("waited", "histogram"), (3, 6)),
    ] * 3


def test_what_has_no_type_is_a_gauge() -> None:
    (found,) = read("load 0.7 1700000000000\n")
    assert (found.series, found.running) == (series("load", "gauge"), False)


@pytest.mark.parametrize(
    "text",
    [
        "<html>not metrics</html>",
        "a{ 1",
        'a{b="c} 1',
        'a{b="c"} many',
        "# TYPE a\n",
        "# TYPE a histogram\na_bucket 1\n",
        '# TYPE a histogram\na_bucket{le="x"} 1\n',
        f'a{{b="{"x" * exposition.LONGEST}"}} 1',
    ],
)
def test_what_is_not_in_the_format_is_refused(text: str) -> None:
    with pytest.raises(NotReadable):
        read(text)


def test_no_more_is_read_than_can_be_of_use() -> None:
    text = "".join(f'm{{number="{number}"}} 1\n' for number in range(exposition.MOST + 100))
    assert len(read(text)) == exposition.MOST


def test_nothing_is_nothing() -> None:
    assert read("") == read("# only a remark\n") == []
