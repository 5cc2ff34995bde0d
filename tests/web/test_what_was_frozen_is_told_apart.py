"""What was frozen once, and what a person decided about it: said alike by every page, the API and a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unittest.mock import patch
from urllib.parse import urlencode

import pytest

from shipway.cli import environments, here, rollbacks
from shipway.cli import releases as cli_releases
from shipway.state import decisions, deployments, releases
from shipway.state.decisions import Decision
from shipway.state.deployments import Deployment
from shipway.state.runs import Run
from shipway.story import condemn
from shipway.story.migrations import NoWayBack
from shipway.story.trial import NotJudged
from web.judged import MINUTE, Trials
from web.scene import Scene
from web.server import Answer, Site

PROD = "/applications/{}/environments/prod"
BAD = "was judged bad at 50 %"
DECIDED = "ada gave r1 all requests, past the data change of r2: “it reads both”"


class Frozen(Trials):
    """r2 is frozen at 50 %, beside r1."""

    def __init__(self, scene: Scene, application: str, ended: str = "stuck") -> None:
        super().__init__(scene, application)
        self.run, self.deployment = self.comes(20 * MINUTE, "Drop the old ledger")
        self.share(self.deployment, 50)
        scene.until(19 * MINUTE)
        self.condemned(self.run, self.deployment, 50)
        with scene.database.write() as conn:
            left = condemn.leave_stuck(conn, self.deployment, NoWayBack("r2 changed the data for good.", by=2))
            deployments.end(conn, self.deployment, ended, f"{left.says}.")
        scene.end(self.run, "failed", f"{left.says}.")

    def fix(self) -> tuple[Run, Deployment]:
        self.scene.until(5 * MINUTE)
        run, deployment = self.comes(4 * MINUTE, "Read both ledgers")
        self.share(deployment, 50)
        return run, deployment


def mended(scene: Scene, application: str, ended: str) -> None:
    """Its fix serves."""
    told = Frozen(scene, application, ended)
    run, deployment = told.fix()
    told.serves(deployment)
    scene.end(run)


def restored(scene: Scene) -> None:
    """Its fix came to nothing: it is frozen again."""
    told = Frozen(scene, "restored")
    run, deployment = told.fix()
    with scene.database.write() as conn:
        deployments.give_up(conn, deployment, "r3 could not be judged in 2 s.", "")
        deployments.switched_back(conn, deployment, {"r2": 50, "r1": 50}, told.deployment.id)
        deployments.end(conn, deployment, "failed", "r3 could not be judged in 2 s.")
    scene.end(run, "failed", "r3 could not be judged in 2 s.")


def decided(scene: Scene, application: str, number: int) -> None:
    """Somebody gave all requests to the one before, or to the frozen one as it is."""
    Frozen(scene, application)
    scene.until(3 * MINUTE)
    with scene.database.read() as conn:
        artifact = scene.artifact_of(conn, application, "prod", number)
    run = scene.begin_rollback(application, "prod", artifact, who="ada")
    with scene.database.write() as conn:
        chosen, other = (releases.numbered(conn, application, "prod", one) for one in (number, 3 - number))
        assert chosen is not None
        assert other is not None
        decision = Decision("ada", "it reads both", number, 2 if number == 1 else None)
        decisions.record(conn, decision, run, chosen, [other])
    deployment = scene.deploy(run, "prod", kind="rollback", digest=chosen.digest)
    with scene.database.write() as conn:
        condemn.clear(conn, deployment)
    scene.end(run)


UNHEARD = "r2 could not be judged in 24 s."


def unheard(scene: Scene) -> None:
    """Nobody could judge it, and nothing can go back."""
    told = Trials(scene, "unheard")
    run, deployment = told.comes(20 * MINUTE, "Drop the old ledger")
    told.share(deployment, 50)
    scene.until(19 * MINUTE)
    no_way_back = NoWayBack("r2 changed the data for good.", by=2)
    with scene.database.write() as conn:
        left = condemn.leave_stuck(conn, deployment, no_way_back, NotJudged(UNHEARD))
        deployments.give_up(conn, deployment, UNHEARD, "", keeps_share=True)
        deployments.end(conn, deployment, "stuck", f"{UNHEARD} {left.says}.")
    message = f"{UNHEARD} {left.says}."
    scene.remark(run, "run.stopped", id=condemn.LeftFrozen.id, at="deploy", message=message, hint=left.ways)
    scene.end(run, "failed", message)


def trying(scene: Scene) -> None:
    """What is on trial has changed the data for good."""
    told = Trials(scene, "trying")
    _, deployment = told.comes(40, "Drop it", {"run": "true", "migration": "irreversible"})
    with scene.database.write() as conn:
        deployments.enter(conn, deployment, "release")
    told.share(deployment, 50, keeps=True)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    scene = Scene.empty(tmp_path_factory.mktemp("past"))
    with scene.history():
        mended(scene, "mended", "stuck")
        mended(scene, "older", "unknown")
        restored(scene)
        decided(scene, "decided", 1)
        decided(scene, "accepted", 2)
        Frozen(scene, "open")
        trying(scene)
        unheard(scene)
    site = Site.start(scene)
    yield site
    site.stop()
    scene.database.close()


def words(page: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", page).replace("\xa0", " ").split())


def verdicts(site: Site, application: str, number: int) -> dict[str, object]:
    found: dict[str, object] = site.get(f"/api/v1{PROD.format(application)}/releases/r{number}/verdicts").json
    return found


def shares(site: Site, application: str, number: int) -> list[int]:
    moves = verdicts(site, application, number)["shares"]
    assert isinstance(moves, list)
    return [each["share"] for each in moves]


def row(site: Site, application: str, number: int) -> str:
    """What the page of prod lists of a release."""
    table = site.get(PROD.format(application)).text.partition('id="releases"')[2].partition("</table>")[0]
    return next(each for each in table.split("<tr>") if f"/releases/r{number}" in each)


@pytest.mark.parametrize("application", ["mended", "older"])
def test_what_was_frozen_and_is_mended_was_not_rolled_back(past: Site, application: str) -> None:
    """Records of older versions, in which such a deployment ended as unknown, read the same."""
    found = verdicts(past, application, 2)
    assert found["says"] == f"r2 {BAD}, was frozen there until its requests were moved, and r3 serves now"
    assert (found["fate"], shares(past, application, 2)) == ("replaced", [50, 0])
    listed = row(past, application, 2)
    assert "Judged bad, was frozen" in words(listed)
    assert "#i-rolled" not in listed
    api = past.get(f"/api/v1{PROD.format(application)}/releases").json["releases"]
    assert [cli_releases._state(one) for one in api if one["number"] == 2] == ["judged bad, was frozen"]
    run = past.get(f"/api/v1/runs?application={application}").json["runs"][1]
    for page in (f"/runs/{application}:{run['number']}", f"/applications/{application}/commits/{run['commit']}"):
        shown = past.get(page).text
        assert "Nobody can know" not in words(shown)
        assert 'href="#i-unknown"' not in shown.partition("<main")[2]
    where = past.get(f"/api/v1/applications/{application}/commits/{run['commit']}/where").json["environments"]
    assert "nobody can know" not in str(where)


def test_what_is_frozen_again_has_its_share_again(past: Site) -> None:
    assert shares(past, "restored", 2) == [50, 0, 50]
    assert shares(past, "restored", 1)[-1] == 50
    assert (
        verdicts(past, "restored", 3)["says"]
        == "r3 was not judged, and r2 has 50 % and r1 50 % of the requests again"
    )
    run = past.get("/api/v1/runs?application=restored").json["runs"][1]
    waited = past.get(f"/api/v1/applications/restored/commits/{run['commit']}/wait").json
    assert (waited["state"], waited["stuck"]["state"]) == ("stopped", "frozen at 50 %")
    assert "r2 is frozen at 50 %" in words(past.get(PROD.format("restored")).text)


def test_what_nobody_could_judge_is_not_said_to_be_bad(past: Site) -> None:
    found = verdicts(past, "unheard", 2)
    assert str(found["says"]).startswith("r2 could not be judged at 50 %, and is frozen at 50 %: r2 has half")
    assert (found["fate"], shares(past, "unheard", 2)) == ("stuck", [50])
    run = past.get("/api/v1/runs?application=unheard").json["runs"][0]
    pages = ("/environments/prod", "/environments/prod/releases/r2", f"/commits/{run['commit']}")
    shown = [words(past.get(f"/applications/unheard{page}").text) for page in pages]
    assert "r2 is frozen at 50 %" in shown[0]
    assert f"{UNHEARD} Since" in shown[0]
    assert "Nobody has judged it good with that many" in shown[0]
    assert "what could not be heard keeps its share" in shown[1]
    assert UNHEARD in shown[2]
    assert "--to r1 --past r2 --why REASON" in shown[2]
    assert not any("judged bad" in each.lower() for each in (*shown, words(row(past, "unheard", 2))))


def test_a_terminal_says_frozen_and_not_stopped(past: Site, capsys: pytest.CaptureFixture[str]) -> None:
    run = past.get("/api/v1/runs?application=open").json["runs"][0]
    with patch.object(cli_releases, "Server") as server, patch.object(here, "commit", return_value=run["commit"]):
        server.find.return_value.get = lambda path, **_: past.get(f"/api/v1{path}").json
        assert cli_releases.wait(run["commit"], app="open") == 1
    assert capsys.readouterr().out.startswith(f"{run['commit'][:7]} in prod: frozen at 50 % (r2 is frozen")


def test_a_terminal_says_what_a_change_of_the_configuration_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    left = {"release": 2, "state": "frozen at 50 %", "commit": "c0ffee1c0ffee1"}
    answer = {"run": None, "changed": True, "named": True, "stuck": left, "says": ""}
    with patch.object(environments, "Server") as server:
        server.find.return_value.patch.return_value = answer
        assert environments.env(["COLOUR=red"], app="open") == 0
    says = capsys.readouterr().out
    assert "nothing is deployed with it: r2 of prod is frozen at 50 %" in says
    assert "The next release has it: a fix on top of c0ffee1" in says


def test_a_decision_is_typed_with_its_reason() -> None:
    with patch.object(rollbacks, "Server") as server, patch.object(rollbacks.watching, "outcome", return_value=0):
        server.find.return_value.post.return_value = {"run": "1", "variables": [], "takes_back": None}
        assert rollbacks.rollback("r1", why="it reads both", past="r2", app="open") == 0
    _, body = server.find.return_value.post.call_args.args
    assert body == {"to": "r1", "why": "it reads both", "past": "r2"}


def test_what_somebody_decided_is_said_with_who_and_why(past: Site) -> None:
    assert past.get(f"/api/v1{PROD.format('decided')}").json["decided"]["says"] == DECIDED
    assert shares(past, "decided", 1)[-1] == 100
    assert str(verdicts(past, "decided", 2)["why"]).startswith(f"A{DECIDED[1:]}. ")
    one, two = (
        past.get(f"/api/v1{PROD.format('decided')}/releases").json["releases"][at]["commit"] for at in (1, 0)
    )
    where = past.get(f"/api/v1/applications/decided/commits/{one}/where").json["environments"]
    assert DECIDED in next(each["reason"] for each in where if each["name"] == "prod")
    for commit in (one, two):
        events = past.get(f"/api/v1/applications/decided/commits/{commit}/why?environment=prod").json["events"]
        assert any(event["says"] == DECIDED.replace("gave r1", "decided that r1 gets") for event in events)
        shown = words(past.get(f"/applications/decided/commits/{commit}").text)
        assert "ada decided that r1 gets all requests of prod" in shown
        assert "“it reads both”. What r2 did to the data stays." in shown
    assert DECIDED in words(past.get(PROD.format("decided")).text)
    shown = words(past.get("/runs/decided:3").text)
    assert "has all requests of prod" in shown
    assert DECIDED in shown


def test_what_somebody_says_is_good_is_neither_held_nor_bad_any_more(past: Site) -> None:
    says = "ada gave {} all requests as it is, which ended its quarantine"
    run = past.get("/api/v1/runs?application=accepted").json["runs"][1]
    shown = words(past.get(f"{PROD.format('accepted')}/releases/r2").text)
    assert "Quarantine ended" in shown
    assert says.format(run["commit"][:7]) in shown
    life = words(past.get(f"/applications/accepted/commits/{run['commit']}").text)
    assert "Its quarantine in prod ended" in life
    assert "ada gave it all requests as it is: “it reads both”." in life
    why = past.get(f"/api/v1/applications/accepted/commits/{run['commit']}/why?environment=prod").json["events"]
    assert "ada ended its quarantine: “it reads both”" in [event["says"] for event in why]
    first_page = past.get("/").text
    assert "accepted" in first_page
    assert "accepted was judged bad" not in words(first_page)


def test_the_page_asks_for_a_reason_and_records_who_gave_it(past: Site) -> None:
    shown = words(past.get(PROD.format("open")).text)
    assert "What r2 did to the data stays: r1 has to work with it." in shown
    refused = submit(past, to="r1", past="r2", why="  ")
    assert refused.status == 400
    assert "A decision needs a reason." in refused.text
    past_nothing = submit(past, to="r1", past="", why="it reads both")
    assert "r1 may not know what r2 did to the data" in words(past_nothing.text)
    assert submit(past, to="r2", past="", why="all &lt;b&gt; read it").status == 303
    run = past.get("/api/v1/runs?application=open").json["runs"][0]
    facts = past.get(f"/api/v1/facts?run={run['id']}").json["facts"]
    (fact,) = [each for each in facts if each["kind"] == "release.decided" and each["commit"] == run["commit"]]
    assert (fact["who"], fact["data"]["release"], fact["data"]["past"]) == ("ada", 2, None)


def test_what_cannot_be_taken_back_has_no_button_for_that(past: Site) -> None:
    page = past.get(PROD.format("trying")).text
    assert "Take r2 back its data change cannot be taken back" in words(page)
    assert "/releases/r2/back" not in page
    assert "Give r1 all requests" in words(page)
    assert "If nothing can be heard, it is frozen with its share at" in words(page)
    form = {**past.sign_in(), "origin": past.origin, "content-type": "application/x-www-form-urlencoded"}
    refused = past.ask("POST", f"{PROD.format('trying')}/releases/r2/back", form, "")
    assert refused.status == 409
    assert "r2 is on trial with 50 % of the requests, and cannot be taken back" in words(refused.text)


def submit(site: Site, **fields: str) -> Answer:
    form = {**site.sign_in(), "origin": site.origin, "content-type": "application/x-www-form-urlencoded"}
    return site.ask("POST", f"{PROD.format('open')}/decide", form, urlencode(fields))
