"""A step sees its tree, the history, its own cache, and what it was told; it changes the first and the third."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from shipway.pipelines import machine
from support.workshop import Workshop, one_step

held = pytest.mark.needs("bubblewrap")


@pytest.fixture
def listener() -> Iterator[int]:
    """A port of this machine that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_the_history_can_be_read(workshop: Workshop) -> None:
    commit = workshop.commit()
    workshop.tag("v1.0")
    log = workshop.run_line("git log -1 --format=%H HEAD~1; git describe --tags HEAD~1; git status --short")
    assert log.splitlines() == [commit, "v1.0"]


@held
def test_the_history_cannot_be_written(workshop: Workshop) -> None:
    objects = workshop.places.repository("shop") / "objects"
    refused = (
        "touch .git/x",
        "git tag evil",
        "git commit -q --allow-empty -m evil",
        "rm -f .git/HEAD",
        "mv .git elsewhere",
        f"touch {objects}/x",
        f"ls {objects.parent}/refs",
    )
    workshop.run_line(
        "\n".join(f"if {line} 2> refused; then echo '{line}' worked; exit 1; fi" for line in refused)
    )


@held
def test_nothing_else_of_shipway_can_be_seen(workshop: Workshop) -> None:
    (workshop.places.keys / "credentials").write_text("secret")
    hidden = (
        workshop.places.database,
        workshop.places.keys,
        workshop.places.runtime,
        workshop.places.artifacts,
        workshop.places.cache / "shared",
        workshop.places.data / "runs",
    )
    workshop.run_line(" && ".join(f"! test -e {path}" for path in hidden))


def test_values_and_names_are_variables_and_never_part_of_the_command(workshop: Workshop) -> None:
    """BARS S5, S25: git allows such a branch."""
    evil = "$(touch pwned) `touch pwned`; touch pwned {{7*7}} ${7*7} #{7*7} <%= 7*7 %> {x.__class__} %s %(x)s"
    branch = "$(touch${IFS}pwned)`touch${IFS}pwned`;touch${IFS}pwned|{{7+7}}%0apwned"
    project = one_step('echo "$VALUE"; echo "$SHIPWAY_BRANCH"; ls', env={"VALUE": evil})
    run = workshop.queue(workshop.commit(), project, branch=branch)
    assert workshop.step(run, "only") == "passed"
    assert workshop.log(run, "only").splitlines() == [evil, branch, "index.html", "shipway.yml"]


def test_a_step_knows_its_run(workshop: Workshop) -> None:
    log = workshop.run_line("echo $CI $SHIPWAY_APPLICATION $SHIPWAY_BRANCH $SHIPWAY_COMMIT; git rev-parse HEAD")
    told, commit = log.splitlines()
    assert told == f"true shop main {commit}"


def test_the_servers_own_variables_stay_outside(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "abcdefgh")
    monkeypatch.setenv("UV_INDEX_URL", "https://ada:pa55word@index.example/simple")
    assert "AWS_SECRET" not in workshop.run_line("env", network=True)
    assert "UV_INDEX_URL" not in workshop.run_line("env")


def test_a_networked_step_knows_where_packages_come_from_and_its_log_does_not_tell_the_password(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "https://ada:pa55word@index.example/simple")
    log = workshop.run_line("env", network=True)
    assert "UV_INDEX_URL=https://ada:" in log
    assert "pa55word" not in log


def test_secrets_are_masked(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), one_step("echo the key is sesame-open"))
    assert workshop.step(run, "only", secrets=("sesame-open",)) == "passed"
    assert "sesame-open" not in workshop.log(run, "only")


@held
def test_without_network_nothing_is_reached(workshop: Workshop, listener: int) -> None:
    connect = f"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {listener}), 5)'"
    workshop.run_line(connect, network=True)
    workshop.run_line(f"! {connect} 2> /dev/null")


def test_what_a_step_caches_the_next_run_finds(workshop: Workshop) -> None:
    workshop.run_line("mkdir -p $UV_CACHE_DIR && echo warm > $UV_CACHE_DIR/x")
    assert workshop.run_line("cat $UV_CACHE_DIR/x") == "warm\n"


def test_what_a_branch_caches_never_reaches_a_delivered_commit(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), one_step("echo poison > $XDG_CACHE_HOME/x"), deliver=())
    assert workshop.step(run, "only") == "passed"
    workshop.run_line("! test -e $XDG_CACHE_HOME/x")


def test_uv_and_the_python_of_the_project_are_on_the_path(workshop: Workshop) -> None:
    line = "uv venv -q && uv venv -q && python -c 'import sys; print(sys.prefix != sys.base_prefix)'"
    assert workshop.run_line(line) == "True\n"


def test_what_one_step_leaves_the_next_one_finds(workshop: Workshop) -> None:
    project = '{"name": "shop", "build": "static", "steps": {"a": "echo made > made", "b": "cat made"}}'
    run = workshop.queue(workshop.commit(), project)
    assert [workshop.step(run, name) for name in "ab"] == ["passed", "passed"]


def test_the_settings_of_the_machine_are_those_about_packages() -> None:
    env = {
        "HTTPS_PROXY": "http://proxy:3128",
        "PIP_INDEX_URL": "https://index.example/simple",
        "PIP_TARGET": "/usr",
        "SHIPWAY_TOKEN": "secret",
        "SSL_CERT_FILE": "/etc/ssl/cert.pem",
        "UV_CACHE_DIR": "/root/.cache",
        "UV_INDEX_CORP_PASSWORD": "correct-horse",
    }
    found = machine.settings(env)
    assert set(found) - {"UV_SYSTEM_CERTS"} == {
        "HTTPS_PROXY",
        "PIP_INDEX_URL",
        "SSL_CERT_FILE",
        "UV_INDEX_CORP_PASSWORD",
    }
    assert machine.secrets(found) == ["correct-horse"]
