"""BARS S13, S25: what people and programs write is text on every page, and no script of theirs ever runs."""

from __future__ import annotations

import html
import re
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from shipway.incidents.suspects import Evidence, Suspicion
from shipway.pushes.git import environment as git_environment
from shipway.signals.questions.answer import State
from shipway.state import errors, runs, tokens
from support.hostile import FOREIGN, PAYLOADS, TEMPLATES
from web import telling
from web.scene import Scene
from web.server import Site
from web.visiting import person
from web.written import write

pytestmark = pytest.mark.needs("chromium")

PROD = "/applications/topup/environments/prod"
PARSED = """
async ([path, foreign]) => {
  const answer = await fetch(path, { headers: { accept: 'text/html' } });
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  return [answer.status, page.querySelectorAll(foreign).length];
}
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server on which everything that somebody else chooses is an attack."""
    scene = Scene.empty(tmp_path_factory.mktemp("hostile"))
    tell(scene)
    site = Site.start(scene)
    yield site
    site.stop()
    scene.database.close()


@pytest.fixture
def alerts(browser: Browser, hostile: Site) -> Iterator[tuple[Page, list[str]]]:
    """A page, and what it said without being asked."""
    context = person(browser, hostile)
    page = context.new_page()
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("framenavigated", lambda frame: None if hostile.origin in frame.url else said.append(frame.url))
    yield page, said
    context.close()


def tell(scene: Scene) -> None:
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    write(scene, "web", *PAYLOADS)
    keep(scene)
    everything = "\n".join(PAYLOADS)
    for number, payload in enumerate(PAYLOADS):
        commit = sign(scene, scene.commit("topup", payload.replace("\x00", ""), branch=f"b{number}"), payload)
        scene.heads["topup", f"b{number}"] = commit
        run = scene.push("topup", "", who=payload, branch=payload, commit=commit, deliver=())
        scene.begin(run)
        scene.step(run, "test", "failed", log=f"$ {payload}\n{payload}\n", excerpt=payload)
        scene.remark(run, "run.stopped", hint=payload)
        scene.end(run, "failed", payload)
        report(scene, payload)
    undone = scene.push("topup", PAYLOADS[1])
    scene.begin(undone)
    scene.step(undone, "test", log=f"{everything}\n")
    scene.artifact(undone)
    scene.fail_deployment(scene.begin_deployment(undone, "prod"), everything, everything)
    scene.end(undone, "failed", everything)
    last = scene.push("topup", PAYLOADS[0])
    scene.begin(last)
    scene.step(last, "test", "failed", log=f"{everything}\n", excerpt=everything)
    scene.end(last, "failed", everything)
    scene.configure("topup", "prod", {"MOTD": everything}, [])
    for number, payload in enumerate(PAYLOADS):
        said = telling.say(scene, payload, f"stopped {number}", "stopped", payload, application="topup")
        telling.refused(scene, said, payload)
    let_in(scene)
    states: tuple[State, State] = ("passed", "failed")
    for number, payload in enumerate(PAYLOADS[:20]):
        scene.asks("topup", f"probe {number}", states[number % 2], payload, since=scene.real - 60)


def sign(scene: Scene, commit: str, payload: str) -> str:
    """The same commit, whose author and committer are called so, as far as git can read it back; its id."""
    git = ["git", f"--git-dir={scene.places.repository('topup')}"]
    made = subprocess.run([*git, "cat-file", "commit", commit], capture_output=True, check=True).stdout.decode()
    name, mail = payload.translate(dict.fromkeys(b"<>\0")), payload.translate(dict.fromkeys(b">\0"))
    for role in ("author", "committer"):
        made = re.sub(rf"(?m)^{role} .*>", lambda _, role=role: f"{role} {name} <{mail}>", made, count=1)
    write_it = [*git, "hash-object", "-t", "commit", "-w", "--literally", "--stdin"]
    told = subprocess.run(write_it, input=made.encode(), capture_output=True, check=True, env=git_environment())
    return told.stdout.decode().strip()


def keep(scene: Scene) -> None:
    """Files in the data of prod, and copies of it, that are called so."""
    root = scene.places.environment("topup", "prod")
    for payload in PAYLOADS:
        name = payload.replace("/", "\u2215").replace("\0", "")
        (root / "backups" / name).mkdir(parents=True, exist_ok=True)
        (root / "data" / name).mkdir(parents=True, exist_ok=True)


def let_in(scene: Scene) -> None:
    """A token and a session of everybody whose name, and what for, is the attack; older ones may be called so."""
    with scene.database.write() as conn:
        for number, payload in enumerate(PAYLOADS):
            named = {"role": "user", "who": payload, "name": payload}
            token = tokens.create(conn, f"token {number}", kind="personal", **named)
            tokens.create(conn, f"session {number}", kind="session", parent=token.id, **named)


def report(scene: Scene, payload: str) -> None:
    """An error all of whose parts are the attack, and a suspicion that repeats it."""
    words = {
        "pre_context": [payload],
        "context_line": payload,
        "post_context": [payload],
        "vars": {payload: payload},
    }
    frames = [
        {"filename": payload, "function": payload, "lineno": 7, "in_app": own, **words} for own in (True, False)
    ]
    raised = {"type": payload, "value": payload, "stacktrace": {"frames": frames}}
    about = {"release": payload, "transaction": payload, "level": payload, "server_name": payload}
    error = scene.report("topup", {"exception": {"values": [raised]}, **about})
    evidence = Evidence(payload, 7, payload, "line", (f"+{payload}", f"-{payload}"))
    suspicion = Suspicion(payload, "a" * 40, payload, payload, payload, "high", (evidence,), (payload,))
    scene.suspect(error, suspicion)


def every_page(site: Site) -> list[str]:
    with site.scene.database.read() as conn:
        found = errors.recent(conn, "topup")
        commits = [run.commit for run in runs.recent(conn, application="topup", limit=200)]
    assert len({*commits}) == len(PAYLOADS) + 3
    assert len(found) > len(PAYLOADS) / 2
    return [
        "/",
        "/runs",
        *(f"/runs/topup:{number}" for number in range(1, len(PAYLOADS) + 4)),
        PROD,
        f"{PROD}/releases/r1",
        "/applications/topup/errors",
        "/applications/topup/commits/main",
        "/applications/topup/settings",
        f"{PROD}/log",
        "/search?q=alert",
        "/messages",
        "/tokens",
        "/sessions",
        "/installation",
        *(f"/applications/topup/commits/{commit}" for commit in commits),
        *(f"/applications/topup/errors/{error.number}" for error in found),
    ]


def signed_by(site: Site, payload: str) -> str:
    """The commit whose author is called so."""
    return site.scene.heads["topup", f"b{PAYLOADS.index(payload)}"]


def test_no_page_has_an_element_or_handler_that_is_not_ours(hostile: Site, alerts: tuple[Page, list[str]]) -> None:
    page, said = alerts
    page.goto(f"{hostile.origin}/runs")
    for path in every_page(hostile):
        assert page.evaluate(PARSED, [path, FOREIGN]) == [200, 0], path
    for path in ("/tokens", "/sessions", PROD, f"{PROD}/log"):
        assert "&lt;script&gt;alert(1)" in hostile.get(path).text, path
    signed = hostile.get(f"/applications/topup/commits/{signed_by(hostile, PAYLOADS[1])}").text
    assert 'img src=x onerror=alert(1) <span class="faint">&lt;img src=x onerror=alert(1)</span>' in signed
    assert said == []


def test_what_others_would_take_for_a_template_is_shown_as_it_was_written(hostile: Site) -> None:
    assert len(TEMPLATES) == 4
    for path in ("/runs", "/tokens", "/sessions", "/messages", PROD):
        shown = html.unescape(hostile.get(path, accept="text/html").text)
        assert [one for one in TEMPLATES if one not in shown] == [], path
    for one in TEMPLATES:
        assert one in html.unescape(hostile.get(f"/runs/topup:{PAYLOADS.index(one) + 2}", accept="text/html").text)


def test_no_script_runs_on_any_kind_of_page(hostile: Site, alerts: tuple[Page, list[str]]) -> None:
    page, said = alerts
    paths = every_page(hostile)
    last = f"/runs/topup:{len(PAYLOADS) + 3}"
    commit = f"/applications/topup/commits/{signed_by(hostile, PAYLOADS[1])}"
    for path in [*paths[:4], PROD, f"{PROD}/log", commit, f"/runs/topup:{len(PAYLOADS) + 2}", last, *paths[-6:]]:
        page.goto(hostile.origin + path)
        if "/runs/" in path:
            expect(page.locator("#log")).not_to_be_empty()
        assert page.locator(FOREIGN).count() == 0, path
    page.goto(hostile.origin + last)
    expect(page.locator("#lines li")).to_have_count(len(PAYLOADS))
    expect(page.locator("#L2 code")).to_have_text(PAYLOADS[1])
    assert page.locator(FOREIGN).count() == 0
    assert said == []


def test_a_search_for_an_attack_finds_it_as_text(hostile: Site, alerts: tuple[Page, list[str]]) -> None:
    page, said = alerts
    page.goto(f"{hostile.origin}/runs/topup:{len(PAYLOADS) + 3}")
    page.keyboard.press("/")
    page.keyboard.type(PAYLOADS[1])
    expect(page.get_by_role("option").first).to_contain_text(PAYLOADS[1])
    page.get_by_role("dialog").get_by_role("combobox").fill("alert")
    expect(page.get_by_role("option")).to_have_count(12)
    assert page.locator(FOREIGN).count() == 0
    page.keyboard.press("Escape")
    field = page.get_by_role("searchbox")
    field.fill("<img src=x onerror=alert(1)>")
    expect(page.locator("#found")).to_have_text("1 of 5")
    field.press("Enter")
    expect(page.locator("#found")).to_have_text("2 of 5")
    assert page.locator(FOREIGN).count() == 0
    assert said == []
