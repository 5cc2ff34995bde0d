"""Everything that is counted, for Prometheus to fetch: `/metrics` in its text format.

Counters begin at zero when the server is started, as those of any process do. Whoever has a
token may read it, and there are tokens that may read nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.responses import Response

from shipway import __version__
from shipway.signals.instances import Usage
from shipway.signals.reading import Reading
from shipway.state import deployments, releases
from shipway.state.database import Connection
from shipway.traffic.tally import BOUNDS, Tally
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site

SECONDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
"""Those of BOUNDS that are told, in milliseconds: every one of 90 would be 9,000 lines for 100 releases."""
RELEASE = ("application", "environment", "release", "commit")
RUNNING = "running"
INSTANCE = (*RELEASE, "process", "instance")


def metrics(site: Site, _call: Call) -> Response:
    """Everything that is counted, in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(_families(site)))
    return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})


class _Once(Collector):
    """What was found for one answer."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(site: Site) -> Iterator[Metric]:
    collector = site.story.cast.collector
    totals, latest, instances = collector.totals(), collector.latest(), list(collector.instances.latest.values())
    with site.database.read() as conn:
        known = _Labels(conn, {*totals, *latest, *(one.release for one in instances)})
        serving = releases.all_serving(conn)
        counted = deployments.counted(conn)
    yield _gauge("shipway_info", "Which version this is.", ("version",), [((__version__,), 1.0)])
    yield from _requests(known, totals, latest)
    yield from _instances(known, instances)
    yield _counter(
        "shipway_deployments",
        "Deployments that have ended, by kind (deploy, rollback) and how: done, failed, stuck or unknown.",
        ("application", "environment", "kind", "state"),
        [(labels, count) for labels, count in counted.items() if labels[-1] != RUNNING],
    )
    yield _gauge(
        "shipway_deployments_running",
        "Deployments under way.",
        ("application", "environment", "kind"),
        [(labels[:-1], count) for labels, count in counted.items() if labels[-1] == RUNNING],
    )
    yield _gauge(
        "shipway_serving_since_timestamp_seconds",
        "When the release that serves an environment began to.",
        ("application", "environment"),
        [((one.application, one.environment), one.since) for one in serving],
    )


class _Labels:
    """The labels of a release, by the name that the router knows it by."""

    def __init__(self, conn: Connection, named: Collection[str]) -> None:
        self._commits = releases.commits(conn, named)

    def of(self, name: str) -> Sequence[str]:
        application, environment, number = name.split(".")
        return application, environment, number, self._commits.get(name, "")


def _requests(labels: _Labels, totals: Mapping[str, Tally], latest: Mapping[str, Reading]) -> Iterator[Metric]:
    yield _counter(
        "shipway_requests",
        "Requests that a release answered, by status class; 5xx are errors, the router's own among them.",
        (*RELEASE, "class"),
        [
            ((*labels.of(name), f"{digit}xx"), count)
            for name, tally in totals.items()
            for digit, count in enumerate(tally.classes, start=1)
        ],
    )
    yield _durations(labels, totals)
    yield _gauge(
        "shipway_requests_in_flight",
        "Requests that a release is answering now.",
        RELEASE,
        [(labels.of(name), reading.in_flight) for name, reading in latest.items()],
    )
    yield _gauge(
        "shipway_signals_heard",
        "1 when every router said at the last look what it counts of a release; 0: what is told is of a part.",
        RELEASE,
        [(labels.of(name), float(reading.heard)) for name, reading in latest.items()],
    )


def _durations(labels: _Labels, totals: Mapping[str, Tally]) -> Metric:
    """A histogram without a sum: the router keeps none, and a made-up one would be believed."""
    name = "shipway_request_duration_seconds"
    family = Metric(name, "How long a release took to answer, in buckets.", "histogram")
    for release, tally in totals.items():
        known = dict(zip(RELEASE, labels.of(release), strict=True))
        below = dict(zip(BOUNDS, accumulate(tally.durations), strict=False))
        for bound in SECONDS:
            family.add_sample(f"{name}_bucket", {**known, "le": f"{bound / 1000:g}"}, below[bound])
        family.add_sample(f"{name}_bucket", {**known, "le": "+Inf"}, tally.timed)
        family.add_sample(f"{name}_count", known, tally.timed)
    return family


def _instances(labels: _Labels, used: Sequence[Usage]) -> Iterator[Metric]:
    named = [((*labels.of(one.release), one.process, one.instance), one) for one in used]
    yield _gauge(
        "shipway_instance_up",
        "1 for an instance that runs, 0 for one that waits to be started again or has ended.",
        INSTANCE,
        [(label, float(one.state == "running")) for label, one in named],
    )
    yield _counter(
        "shipway_instance_restarts",
        "How often the keeper has started an instance again.",
        INSTANCE,
        [(label, one.restarts) for label, one in named],
    )
    yield _counter(
        "shipway_instance_cpu_seconds",
        "Processor time of all processes of an instance since it was started last.",
        INSTANCE,
        [(label, one.cpu_seconds) for label, one in named],
    )
    yield _gauge(
        "shipway_instance_memory_bytes",
        "Memory of all processes of an instance, shared pages in parts (PSS).",
        INSTANCE,
        [(label, one.memory) for label, one in named],
    )


Samples = Sequence[tuple[Sequence[str], float]]


def _counter(name: str, says: str, labels: Sequence[str], samples: Samples) -> Metric:
    family = CounterMetricFamily(name, says, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _gauge(name: str, says: str, labels: Sequence[str], samples: Samples) -> Metric:
    family = GaugeMetricFamily(name, says, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


ROUTES = (declare("GET", "/metrics", metrics, who="metrics"),)
