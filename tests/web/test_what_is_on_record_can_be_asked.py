"""The API shows what is on record: whole, by the names people use, and with one shape of error."""

from __future__ import annotations

import pytest

from web.server import Site

PROD = "/api/v1/applications/topup/environments/prod"


def test_applications_with_what_each_environment_serves(past: Site) -> None:
    found = past.get("/api/v1/applications").json["applications"]
    assert [one["name"] for one in found] == ["ledger", "mailer", "search", "statements", "storefront", "topup"]
    topup = past.get("/api/v1/applications/topup").json
    assert topup == found[-1]
    assert topup["git_url"] == f"http://127.0.0.1:{past.port}/git/topup.git"
    assert [one["name"] for one in topup["environments"]] == ["dev", "test", "prod"]
    assert topup["environments"][2]["url"] == "http://topup.localhost:8080"
    assert topup["environments"][2]["release"] == 3
    assert topup["newest_run"]["number"] == 5


def test_runs_by_application_branch_and_commit(past: Site) -> None:
    def numbers(query: str) -> list[tuple[str, int]]:
        return [(run["application"], run["number"]) for run in past.get(f"/api/v1/runs?{query}").json["runs"]]

    assert numbers("application=search") == [("search", 3), ("search", 2), ("search", 1)]
    assert numbers("application=topup&branch=retries") == [("topup", 4)]
    assert len(numbers("limit=2")) == 2
    commit = past.get("/api/v1/runs/search:1").json["commit"]
    assert numbers(f"application=search&commit={commit}") == [("search", 3), ("search", 1)]


def test_a_run_with_its_steps_and_deployments_by_number_and_by_id(past: Site) -> None:
    run = past.get("/api/v1/runs/ledger:2").json
    assert past.get(f"/api/v1/runs/{run['id']}").json == run
    assert "plan" not in run
    assert {step["name"] for step in run["steps"]} == {"install", "lint", "test", "build"}
    assert [(one["environment"], one["state"], one["release_number"]) for one in run["deployments"]] == [
        ("dev", "done", 2),
        ("test", "failed", 2),
    ]
    assert run["push"]["ref"] == "refs/heads/main"
    assert run["reason"].startswith("web did not get healthy")
    assert past.get("/api/v1/runs/search:3").json["push"] is None


def test_an_environment_with_all_that_belongs_to_it(past: Site) -> None:
    shown = past.get(PROD).json
    assert shown["serving"]["release"] == 3
    assert shown["serving"]["warm"]["number"] == 2
    assert [one["number"] for one in shown["releases"]] == [3, 2, 1]
    assert {one["process"] for one in shown["instances"]} == {"web", "worker"}
    assert {one["state"] for one in shown["instances"]} == {"not known"}, "no keeper answers here"
    assert past.get(f"{PROD}/ps").json["instances"] == shown["instances"]
    assert past.get("/api/v1/applications/topup/environments/dev").json["serving"]["release"] == 3


def test_of_secrets_only_the_names(past: Site) -> None:
    assert past.get(f"{PROD}/secrets").json == {"secrets": ["CARD_GATEWAY_KEY"], "version": 1}
    shown = past.get(f"{PROD}/env").json
    assert shown["values"] == {"CURRENCY": "EUR", "LOW_BALANCE": "500"}
    assert past.get(f"{PROD}/env/CURRENCY").json["value"] == "EUR"
    assert past.get(f"{PROD}/env/CARD_GATEWAY_KEY").status == 404
    assert "sealed" not in past.get(PROD).text


def test_a_log_by_offset_is_every_byte_once(past: Site) -> None:
    address = "/api/v1/runs/topup:5/log?step=test"
    whole = past.get(address)
    assert whole.headers["content-type"] == "text/plain; charset=utf-8"
    size = len(whole.body)
    assert whole.headers["x-offset"] == whole.headers["x-size"] == str(size)
    pieces, offset = b"", 0
    while piece := (answer := past.get(f"{address}&offset={offset}&limit=100")).body:
        pieces += piece
        offset = int(answer.headers["x-offset"])
    assert pieces == whole.body
    assert past.get(f"{address}&offset={size + 10}").body == b""


def test_a_log_that_is_over_can_be_followed_to_its_end(past: Site) -> None:
    address = "/api/v1/runs/topup:5/log?step=test"
    assert past.get(f"{address}&follow=1").body == past.get(address).body
    assert past.get(f"{address}&follow=1&offset=40").body == past.get(address).body[40:]


def test_without_a_step_all_logs_follow_one_another(past: Site) -> None:
    text = past.get("/api/v1/runs/topup:5/log").text
    names = [line for line in text.splitlines() if line.startswith("▸")]
    assert set(names) == {"▸ install", "▸ lint", "▸ build", "▸ test"}
    assert "1 failed, 47 passed" in text


def test_what_does_not_exist_is_404_in_one_shape(past: Site) -> None:
    for path in (
        "/api/v1/applications/nothing",
        "/api/v1/runs/nothing",
        "/api/v1/runs/topup:99",
        "/api/v1/runs/topup:" + "9" * 30,
        "/api/v1/runs/topup:5/log?step=nothing",
        "/api/v1/applications/topup/environments/moon",
        "/api/v1/applications/nothing/environments/prod/env",
        "/api/v1/applications/topup/commits/0000000/where",
        "/api/v1/applications/nothing/commits/main/where",
        "/git/nothing.git/info/refs",
    ):
        answer = past.get(path) if not path.startswith("/git") else past.ask("GET", path)
        if path.startswith("/git"):
            assert answer.status == 401
            continue
        assert answer.status == 404, path
        assert set(answer.json["error"]) == {"id", "message", "hint", "actor"}, path


@pytest.mark.parametrize(
    "hostile", ["%00", "..%2f..%2fetc%2fpasswd", "--upload-pack=touch", "$(id)", "'", "%ff", "{{7*7}}"]
)
def test_hostile_names_are_only_names(past: Site, hostile: str) -> None:
    for path in (
        f"/api/v1/applications/{hostile}",
        f"/api/v1/runs/{hostile}",
        f"/api/v1/runs/topup:5/log?step={hostile}",
        f"/api/v1/applications/topup/commits/{hostile}/where",
        f"{PROD}/logs?process={hostile}",
        f"{PROD}/env/{hostile}",
        f"/runs/{hostile}",
        f"/applications/topup/environments/{hostile}",
    ):
        assert past.get(path, accept="text/html").status in (200, 401, 404), path


@pytest.mark.parametrize("number", ["-1", "x", "1e9", "", "9" * 40, "%F0%9D%9F%98"])
def test_a_number_that_is_none_is_refused(past: Site, number: str) -> None:
    assert past.get(f"/api/v1/runs?limit={number}").status in (200, 400)
    assert past.get(f"/api/v1/runs/topup:5/log?step=test&offset={number}").status in (200, 400)


def test_a_body_that_cannot_be_read_is_refused(site: Site) -> None:
    json = {"content-type": "application/json"}
    for headers, body, status in (
        (json, "{", 400),
        (json, "[]", 400),
        (json, '{"name": 7}', 400),
        (json, "[" * 100_000, 400),
        ({"content-type": "text/plain"}, '{"name": "topup"}', 400),
        (json, "x" * (1024 * 1024 + 1), 413),
    ):
        answer = site.ask("POST", "/api/v1/applications", {**site.bearer(), **headers}, body)
        assert answer.status == status, body[:20]


def test_what_was_asked_of_an_environment_and_what_was_answered(past: Site) -> None:
    found = past.get(f"{PROD}/probes").json["probes"]
    assert [(one["name"], one["release"], one["state"]) for one in found] == [
        ("charges equal the ledger", None, "passed"),
        ("front", "r3", "passed"),
        ("front", "r2", "passed"),
        ("queue", "r3", "failed"),
        ("mail", None, "not known"),
    ]
    assert [one["invariant"] for one in found] == [True, False, False, False, False]
    assert past.get("/api/v1/applications/ledger/environments/dev/probes").json == {"probes": []}
    assert past.get("/api/v1/applications/ledger/environments/none/probes").status == 404
