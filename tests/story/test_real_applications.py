"""Real applications that nobody here wrote are tested, delivered and served without any file of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from support import foreign
from support.installation import Installation, Repository

pytestmark = [pytest.mark.needs("registry"), pytest.mark.timeout(300)]  # packages come from far away

PAGE = "<!doctype html><title>Home</title><h1>Nobody built this</h1>\n"
SITE = {
    "index.html": PAGE,
    "404.html": "<h1>There is no such page</h1>\n",
    "about/index.html": "<h1>About</h1>\n",
    "style.css": "h1 { color: teal }\n",
    ".env": "PASSWORD=not-for-the-public\n",
    ".well-known/security.txt": "Contact: mailto:ada@example.org\n",
    ".config/settings.json": "{}\n",
}


@pytest.fixture(scope="module")
def flaskr(installation: Installation) -> Repository:
    return _delivered(installation, "flaskr", lambda path: foreign.unpacked("flask", "examples/tutorial", path))


@pytest.fixture(scope="module")
def bakery(installation: Installation) -> Repository:
    return _delivered(installation, "bakery", lambda path: foreign.django_project("bakery", path))


@pytest.fixture(scope="module")
def manual(installation: Installation) -> Repository:
    """The documentation of Mako, which its source distribution holds as finished pages."""
    return _delivered(installation, "manual", lambda path: foreign.unpacked("mako", "doc", path))


@pytest.fixture(scope="module")
def site(installation: Installation) -> Repository:
    made = installation.repository("site")
    made.write(SITE)
    (made.path / "way-out.html").symlink_to("/etc/hostname")
    (made.path / "picture.bin").write_bytes(bytes(range(256)))
    return _pushed(made)


def _delivered(installation: Installation, name: str, write: Callable[[Path], None]) -> Repository:
    made = installation.repository(name)
    write(made.path)
    return _pushed(made)


def _pushed(made: Repository) -> Repository:
    """git init, shipway init, git push; nothing of ours is in the repository."""
    made.commit("As it is")
    made.init("--no-write")
    assert made.git("status", "--porcelain").out == ""
    assert not (made.path / "shipway.yml").exists()
    made.deliver("Deliver it")
    return made


@pytest.fixture
def visit(installation: Installation) -> Iterator[Callable[[str], httpx.Client]]:
    """A visitor of an application in prod, with a browser of their own."""
    browsers: list[httpx.Client] = []

    def made(application: str) -> httpx.Client:
        port = installation.proxy_port
        host = {"Host": f"{application}.localhost:{port}"}  # as a browser resolves it, and glibc does not
        address = f"http://127.0.0.1:{port}"
        browsers.append(httpx.Client(base_url=address, headers=host, follow_redirects=True, trust_env=False))
        return browsers[-1]

    yield made
    for browser in browsers:
        browser.close()


Visit = Callable[[str], httpx.Client]


def _tested(repository: Repository) -> str:
    """What the step `test` of the first run printed; it has passed."""
    run = repository.json("runs")[-1]
    states = {step["name"]: step["state"] for step in repository.json("runs", run["id"])["steps"]}
    assert states == {"install": "passed", "test": "passed", "build": "passed"}
    return repository.shipway("logs", run["id"], "--step", "test").out


def test_the_tests_of_flasks_tutorial_ran(flaskr: Repository) -> None:
    told = _tested(flaskr)
    tests = sum(file.read_text().count("def test_") for file in (flaskr.path / "tests").glob("*.py"))
    found = re.search(r"(\d+) passed", told)
    assert found is not None, told
    assert int(found[1]) >= tests > 10, told
    assert "failed" not in told


def test_a_post_in_flasks_tutorial_outlives_a_release_and_a_rollback(flaskr: Repository, visit: Visit) -> None:
    anna = visit("flaskr")
    account = {"username": "anna", "password": "a long one"}
    assert anna.post("/auth/register", data=account).url.path == "/auth/login"
    assert "anna" in anna.post("/auth/login", data=account).text
    assert "It works" in anna.post("/create", data={"title": "It works", "body": "In production."}).text

    style = flaskr.path / "flaskr" / "static" / "style.css"
    flaskr.deliver("Turn purple", {"flaskr/static/style.css": f"{style.read_text()}h1 {{ color: purple }}\n"})
    assert "purple" in visit("flaskr").get("/static/style.css").text
    assert "In production." in anna.get("/").text
    assert "anna" in anna.get("/").text, "the session goes on too"

    assert flaskr.shipway("rollback", "--env", "prod").code == 0
    assert "purple" not in visit("flaskr").get("/static/style.css").text
    assert "In production." in visit("flaskr").get("/").text
    assert "anna" in visit("flaskr").post("/auth/login", data=account).text


def test_environments_of_flasks_tutorial_share_nothing(flaskr: Repository, visit: Visit) -> None:
    account = {"username": "berta", "password": "a long one"}
    visit("flaskr--test").post("/auth/register", data=account)
    assert "berta" in visit("flaskr--test").post("/auth/login", data=account).text
    assert "Incorrect username" in visit("flaskr").post("/auth/login", data=account).text


def test_a_new_django_project_serves_its_pages_from_a_migrated_database(bakery: Repository, visit: Visit) -> None:
    assert re.search(r"Ran \d+ tests?", _tested(bakery))
    browser = visit("bakery")
    start = browser.get("/")
    assert start.status_code == 200, start.text
    assert "The install worked successfully" in start.text
    login = browser.get("/admin/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', login.text)
    assert token is not None, login.text
    wrong = {"username": "ada", "password": "wrong", "csrfmiddlewaretoken": token[1]}
    assert "Please enter the correct username" in browser.post("/admin/login/", data=wrong).text


def test_a_documentation_is_served_as_its_authors_made_it(manual: Repository, visit: Visit) -> None:
    browser = visit("manual")
    for path in ("/index.html", "/genindex.html"):
        answer = browser.get(path)
        assert answer.content == (manual.path / path[1:]).read_bytes()
        assert answer.headers["content-type"].startswith("text/html")
    assert "Mako" in browser.get("/").text
    (style, *_) = re.findall(r'href="(_static/[\w./-]+\.css)', browser.get("/").text)
    answer = browser.get(f"/{style}")
    assert answer.content == (manual.path / style).read_bytes()
    assert answer.headers["content-type"].startswith("text/css")


def test_a_static_site_answers_as_a_web_server_does(site: Repository, visit: Visit) -> None:
    browser = visit("site")
    assert browser.get("/").text == PAGE
    assert browser.get("/about").text == SITE["about/index.html"]
    assert browser.get("/style.css").headers["content-type"].startswith("text/css")
    lost = browser.get("/nowhere")
    assert (lost.status_code, lost.text) == (404, SITE["404.html"])
    head = browser.head("/")
    assert (head.status_code, head.text) == (200, "")
    assert head.headers["content-length"] == str(len(PAGE))
    part = browser.get("/picture.bin", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert browser.post("/").status_code == 405


def test_what_is_no_page_of_a_static_site_is_not_served(site: Repository, visit: Visit) -> None:
    browser = visit("site")
    hidden = ["/.env", "/.git/config", "/.git/HEAD", "/.config/settings.json", "/way-out.html"]
    hidden += ["/about/../.env", "/%2e%2e/%2e%2e/etc/hostname", "/%2eenv", "/about/..%2f.env"]
    assert {path: browser.get(path).status_code for path in hidden} == dict.fromkeys(hidden, 404)
    assert browser.get("/.well-known/security.txt").status_code == 200, "RFC 8615 puts it there to be read"


def test_a_browser_that_has_a_page_is_told_when_it_changes_and_when_it_comes_back(
    site: Repository, visit: Visit
) -> None:
    browser = visit("site")
    tag = browser.get("/").headers["etag"]
    assert browser.get("/", headers={"If-None-Match": tag}).status_code == 304
    site.deliver("Say more", {"index.html": PAGE.replace("this", "that")})
    changed = browser.get("/", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.text) == (200, PAGE.replace("this", "that"))
    assert site.shipway("rollback", "--env", "prod").code == 0
    back = browser.get("/", headers={"If-None-Match": changed.headers["etag"]})
    assert (back.status_code, back.text, back.headers["etag"]) == (200, PAGE, tag)
