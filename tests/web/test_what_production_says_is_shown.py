"""Signals over the API and for Prometheus: the figures that were read, and silence as silence."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from shipway.signals.difference import Difference
from shipway.signals.instances import Usage
from shipway.signals.lately import Lately
from shipway.signals.reading import Reading
from shipway.signals.summary import side_by_side, steps
from shipway.traffic.counts import Count, Counted
from shipway.traffic.tally import BOUNDS, Tally
from shipway.web.pages.last_minute import SECONDS, LastMinute, last_minute
from shipway.web.words import window
from support.keeping import eventually
from support.ports import free_port
from support.said import kept
from web.scene import Scene
from web.server import Site

MONITORING = Path(__file__).parents[2] / "examples" / "monitoring"
BASE = "/api/v1/applications/shop/environments/prod/signals"
QUICK = Tally((0, 90, 0, 0, 10), tuple(90 if bound == 6 else 0 for bound in (*BOUNDS, 0)))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Site]:
    """r1 served, r2 does."""
    scene = Scene.empty(tmp_path)
    with scene.history():
        for minutes in (60, 20):
            scene.until(minutes * 60)
            if minutes == 60:
                scene.application("shop")
            scene.deliver(scene.push("shop", f"Change {minutes}"))
    site = Site.start(scene)
    yield site
    site.stop()
    scene.database.close()


def routers(site: Site, monkeypatch, *counts: dict[str, Tally]) -> None:
    """Looks once at routers that have counted this, one dictionary for each look."""
    proxy, looks = site.cast.proxy, iter(counts)

    def count() -> list[Count]:
        said = {name: Counted(tally, 4) for name, tally in next(looks).items()}
        return [Count("router-1", "answered", "1", said)]

    monkeypatch.setattr(proxy, "count", count)
    monkeypatch.setattr(proxy, "releases", lambda: ["shop.prod.r2"])
    for _ in counts:
        site.cast.collector.look()


def test_the_last_seconds_of_each_release_are_told(shop: Site, monkeypatch) -> None:
    routers(shop, monkeypatch, {"shop.prod.r2": Tally()}, {"shop.prod.r2": QUICK})
    used = Usage("shop.prod.r2.web.0", "running", 0.0, 3, 0.25, 12.5, 41_000_000)
    shop.cast.collector.instances.latest = {used.instance: used}
    (told,) = shop.get(BASE).json["releases"]
    commit = shop.get("/api/v1/applications/shop/environments/prod").json["serving"]["commit"]
    assert (told["release"], told["commit"], told["heard"]) == (2, commit, True)
    assert (told["requests"], told["errors"], told["error_share"], told["in_flight"]) == (100, 10, 0.1, 4)
    assert (told["p50"], told["p95"], told["p99"]) == (6, 6, 6)
    assert (told["cpu"], told["memory"], told["restarts"]) == (0.25, 41_000_000, 3)
    assert told["instances"][0]["process"] == "web"


def test_the_first_page_says_of_which_time_its_rates_are(shop: Site, monkeypatch) -> None:
    routers(shop, monkeypatch, {"shop.prod.r2": Tally()}, {"shop.prod.r2": QUICK})
    page = shop.get("/").text
    assert re.search(r"10 % failed, last (second|\d+ s)<", page)
    drawn = re.findall(r'class="fig">([^<]+ requests/s)</text>', page)
    assert (len(drawn), len(set(drawn))) == (2, 1), "on a phone as on a wide screen"
    assert re.search(r'id="picture" aria-label="[^"]* requests a second, 10 % failed, in the last ', page)
    spoken = (window(seconds) for seconds in (0.004, 1.2, 9.7))
    assert list(spoken) == ["last second", "last second", "last 10 s"]


def test_what_releases_answered_in_the_last_minute_adds_up_to_the_whole() -> None:
    """Also when one of them came only seconds ago: its rate is of the same minute."""
    old = [Reading(float(at), 1.0, "shop.prod.r1", QUICK, 1, True) for at in range(60)]
    new = [Reading(float(at), 1.0, "shop.prod.r2", QUICK, 1, True) for at in range(51, 60)]
    found = last_minute({"shop.prod.r1": old, "shop.prod.r2": new})
    assert found.whole is not None
    assert (found.parts[1].requests, found.parts[2].requests, found.whole.requests) == (6000, 900, 6900)
    assert sum(one.rate for one in found.parts.values()) == pytest.approx(found.whole.rate)


def test_one_that_went_and_one_that_came_share_the_minute() -> None:
    """As after a rollback: each is of its own part of it, and no more came than came."""
    went = [Reading(float(at), 1.0, "shop.prod.r1", QUICK, 1, True) for at in range(22)]
    came = [Reading(float(at), 1.0, "shop.prod.r2", QUICK, 1, True) for at in range(22, 60)]
    found = last_minute({"shop.prod.r1": went, "shop.prod.r2": came})
    assert found.whole is not None
    assert (found.whole.requests, found.whole.rate, found.deaf) == (6000, 100.0, 0.0)


def test_what_moves_back_is_the_rate_of_the_environment(shop: Site, monkeypatch) -> None:
    """And not of what serves: that may have come a moment ago."""
    old = [Reading(float(at), 1.0, "shop.prod.r1", QUICK, 1, True) for at in range(57)]
    new = [Reading(float(at), 1.0, "shop.prod.r2", QUICK, 1, True) for at in range(57, 60)]
    heard = [("shop.prod.r1", old, []), ("shop.prod.r2", new, [])]
    monkeypatch.setattr("shipway.web.pages.environment.signals.now", lambda *_: heard)
    page = shop.get("/applications/shop/environments/prod").text
    assert "Every request to prod, 100 a second in the last minute, moves from r2 to r1" in page


def back_on_a_warm_one(second: float) -> dict[str, int]:
    """What 8 requests a second were dealt out to: r1, half of them r2 for a while, and r1 again; r2 was in the
    routers from 5 s before its first request to 3 s after its last."""
    to_new = 4.0 * (min(max(second - 90, 0), 30))
    counted = {"shop.prod.r1": round(8 * second - to_new)}
    return counted | ({"shop.prod.r2": round(to_new)} if 85 <= second < 123 else {})


def back_on_one_that_is_started_anew(second: float) -> dict[str, int]:
    to_new, to_old = 8 * min(second, 120), 8 * max(second - 120, 0)
    counted = {"shop.prod.r2": round(to_new)} if second < 123 else {}
    return counted | ({"shop.prod.r1": round(to_old)} if second >= 115 else {})


@pytest.mark.parametrize("rolled_back", [back_on_a_warm_one, back_on_one_that_is_started_anew])
def test_no_request_is_counted_twice_over_a_rollback(rolled_back: Callable[[float], dict[str, int]]) -> None:
    """Replayed look by look, four a second while it is decided: no figure of it is of more than came."""
    difference, lately, kept = Difference(), Lately(), list[Reading]()
    at = 0.0
    while at < 200:
        at += 0.25 if 90 <= at < 120 else 1.0
        counts = {name: Counted(Tally((0, of, 0, 0, 0)), 0) for name, of in rolled_back(at).items()}
        looked = difference.take([Count("router-1", "answered", "1", counts)], [*counts], at, at)
        lately, kept = lately.after(looked, at), [*kept, *looked]
        if at < 75 or not looked:
            continue
        seen = [one for one in kept if one.at > at - SECONDS]
        names = {one.release for one in seen}
        found = last_minute({name: [one for one in seen if one.release == name] for name in names})
        assert found.whole is not None
        assert lately.answers is not None
        assert sum(one.requests for one in found.parts.values()) == found.whole.requests
        assert sum(one.rate for one in found.parts.values()) == pytest.approx(found.whole.rate)
        assert (found.whole.rate, lately.answers.rate) == pytest.approx((8, 8))
    for length in (1, 10, 60):
        drawn = [one for step in steps(kept, length) if (one := side_by_side(step.releases.values()))]
        assert max(one.tally.requests / one.seconds for one in drawn) == pytest.approx(8)


def test_what_was_not_heard_stands_beside_no_figure_as_if_all_were_unknown(shop: Site, monkeypatch) -> None:
    """A look that a loaded machine missed is left out, and said so; the others are figures like any."""
    looks = [Reading(float(at), 1.0, "shop.prod.r2", QUICK, 1, heard=at < 48) for at in range(60)]
    found = last_minute({"shop.prod.r2": looks})
    assert found.whole is not None
    assert (found.whole.requests, found.whole.rate, found.deaf) == (4800, 100.0, 12.0)
    assert last_minute({"shop.prod.r2": looks[48:]}) == LastMinute()
    routers(shop, monkeypatch, {"shop.prod.r2": Tally()}, {"shop.prod.r2": QUICK})
    said = re.compile(r'class="more" id="c-\w+-now">(.*?)</span>')
    heard = said.findall(shop.get("/applications/shop/environments/prod").text)
    assert ["in the last minute" in each for each in heard] == [True] * 3
    monkeypatch.setattr("shipway.web.pages.environment.signals.now", lambda *_: [("shop.prod.r2", looks[48:], [])])
    assert said.findall(shop.get("/applications/shop/environments/prod").text) == ["not heard"] * 3


def test_a_router_that_is_silent_is_told_as_such_and_not_as_zero(shop: Site, monkeypatch) -> None:
    routers(shop, monkeypatch, {"shop.prod.r2": Tally()})
    monkeypatch.setattr(shop.cast.proxy, "count", lambda: [Count("router-1", "silent")])
    shop.cast.collector.look()
    (told,) = shop.get(BASE).json["releases"]
    assert (told["heard"], told["error_share"], told["p95"]) == (False, None, None)


def test_nothing_is_told_of_a_release_that_was_not_looked_at(shop: Site) -> None:
    assert shop.get(BASE).json["releases"] == []


def test_an_environment_that_is_not_there_is_404(shop: Site) -> None:
    for path in (BASE, f"{BASE}/history"):
        assert shop.get(path.replace("prod", "moon")).status == 404
        assert shop.get(path.replace("shop", "moon")).status == 404


def test_history_has_steps_and_deployments(shop: Site) -> None:
    kept(shop.scene.places, "shop", "prod", lambda _ago: {2: (20, 0.0, 10)}, seconds=1800)
    told = shop.get(f"{BASE}/history?span=1h").json
    assert (told["span"], told["step"]) == (3600, 60)
    whole = [step["releases"][0] for step in told["steps"][1:-1]]
    assert len(whole) >= 28
    assert all(50 <= one["seconds"] <= 70 and 15 < one["rate"] < 25 for one in whole)
    assert [(one["kind"], one["release"]) for one in told["deployments"]][-1] == ("deploy", 2)
    assert all(time.time() - 3600 < one["at"] < time.time() for one in told["deployments"])
    assert shop.get(f"{BASE}/history?span=2y").status == 400


Told = dict[str, list[tuple[dict[str, str], float]]]


def families(site: Site) -> Told:
    """What /metrics says: by name, each set of labels and its value."""
    answer = site.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found: Told = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def only(told: Told, name: str, **labels: str) -> float:
    """The one value with these labels."""
    (value,) = (value for known, value in told[f"shipway_{name}"] if labels.items() <= known.items())
    return value


@pytest.fixture
def told(shop: Site, monkeypatch) -> Told:
    routers(shop, monkeypatch, {"shop.prod.r2": Tally()}, {"shop.prod.r2": QUICK}, {"shop.prod.r2": QUICK + QUICK})
    used = Usage("shop.prod.r2.web.0", "running", 0.0, 3, 0.25, 12.5, 41_000_000)
    shop.cast.collector.instances.latest = {used.instance: used}
    return families(shop)


@pytest.mark.parametrize(("minutes", "span"), [(2, "3m"), (4, "15m"), (20, "1h"), (300, "1h"), (None, "1h")])
def test_a_young_environment_fills_its_charts(site: Site, minutes: int | None, span: str) -> None:
    site.scene.application("topup")
    site.scene.deliver(site.scene.push("topup", "Fix it"), ["prod"])
    with site.scene.database.write() as conn:
        switched = "null" if minutes is None else str(time.time() - 60 * minutes)
        conn.exec_driver_sql(f"update deployments set switched = {switched}")
    page = site.get("/applications/topup/environments/prod").text
    assert re.findall(r'\?span=(\w+)" aria-current', page) == [span]
    asked = site.get("/applications/topup/environments/prod?span=6h").text
    assert re.findall(r'\?span=(\w+)" aria-current', asked) == ["6h"]


def test_metrics_count_since_the_server_began(shop: Site, told) -> None:
    serving = shop.get("/api/v1/applications/shop/environments/prod").json["serving"]
    release = {"application": "shop", "environment": "prod", "release": "r2", "commit": serving["commit"]}
    assert only(told, "requests_total", **release, **{"class": "2xx"}) == 180
    assert only(told, "requests_total", **release, **{"class": "5xx"}) == 20
    assert only(told, "request_duration_seconds_bucket", **release, le="0.005") == 0
    assert only(told, "request_duration_seconds_bucket", **release, le="0.01") == 180
    assert only(told, "request_duration_seconds_bucket", **release, le="+Inf") == 180
    assert only(told, "requests_in_flight", **release) == 4
    assert only(told, "signals_heard", **release) == 1
    instance = {**release, "process": "web", "instance": "shop.prod.r2.web.0"}
    assert only(told, "instance_restarts_total", **instance) == 3
    assert only(told, "instance_cpu_seconds_total", **instance) == 12.5
    assert only(told, "instance_memory_bytes", **instance) == 41_000_000
    where = {"application": "shop", "environment": "prod"}
    assert only(told, "deployments_total", **where, kind="deploy", state="done") == 2
    assert only(told, "serving_since_timestamp_seconds", **where) == serving["since"]


def test_metrics_are_for_those_who_show_a_token(shop: Site) -> None:
    assert shop.ask("GET", "/metrics").status == 401
    assert shop.get("/metrics", "ben").status == 200


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:release:)?shipway_[a-z0-9_]+(?::[a-z0-9_]+)?", expression))


def test_rules_and_dashboard_ask_for_what_there_is(told) -> None:
    """Every name in them is exported or made by a rule, and every label they sum by is on it."""
    rules = yaml.safe_load((MONITORING / "rules.yml").read_text())["groups"][0]["rules"]
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    made = {rule["record"] for rule in rules}
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    shown += [one["expr"] for one in dashboard["annotations"]["list"]]
    shown += [one["query"]["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    asked = set().union(*(names_in(text) for text in [*(rule["expr"] for rule in rules), *shown]))
    assert asked <= made | told.keys()
    assert made <= set().union(*map(names_in, [*shown, *(rule["expr"] for rule in rules)]))
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_the_guide_lists_every_metric(told: Told) -> None:
    guide = (MONITORING.parents[1] / "docs" / "guides" / "prometheus.md").read_text()
    listed = set(re.findall(r"^\| `(shipway_\w+)`", guide, re.MULTILINE))
    assert listed == {re.sub(r"_(bucket|count)$", "", name) for name in told} | {"shipway_deployments_running"}


@pytest.mark.soak  # its package would start a server on the machine of whoever runs the tests
@pytest.mark.needs("prometheus")
def test_prometheus_itself_fetches_with_a_token_of_its_own(shop: Site, told, tmp_path: Path) -> None:
    """With the configuration that we hand out, where only the port is another."""
    made = shop.send("POST", "/api/v1/tokens", {"who": "prometheus", "role": "metrics"}).json["token"]
    (tmp_path / "shipway.token").write_text(f"{made}\n")  # as the command line prints it
    shutil.copy(MONITORING / "rules.yml", tmp_path)
    configuration = (MONITORING / "prometheus.yml").read_text()
    (tmp_path / "prometheus.yml").write_text(configuration.replace(":8440", f":{shop.port}"))
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'series'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as prometheus:
        try:
            eventually(lambda: found_by(port, 'up{job="shipway"}') == ["1"], "it may read", 120.0)
            rule = "release:shipway_instance_memory_bytes:sum"
            eventually(lambda: found_by(port, rule) == ["41000000"], "the rules are reckoned", 120.0)
        finally:
            prometheus.terminate()


def found_by(port: int, query: str) -> list[str]:
    """The values that a Prometheus has now; none before it listens."""
    address = f"http://127.0.0.1:{port}/api/v1/query?{urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(address, timeout=10.0) as answer:
            return [one["value"][1] for one in json.load(answer)["data"]["result"]]
    except OSError:
        return []


@pytest.mark.soak  # its package would start a server on the machine of whoever runs the tests
@pytest.mark.needs("promtool")
def test_prometheus_itself_takes_rules_and_metrics(shop: Site, told, tmp_path: Path) -> None:
    """The test above compares names; here its own tool reads everything."""
    (tmp_path / "shipway.token").touch()
    for name in ("prometheus.yml", "rules.yml"):
        shutil.copy(MONITORING / name, tmp_path)
    checked = subprocess.run(
        ["promtool", "check", "config", "prometheus.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    said = shop.get("/metrics").body
    linted = subprocess.run(["promtool", "check", "metrics"], input=said, capture_output=True, check=False)
    assert linted.returncode == 0, linted.stderr.decode()
