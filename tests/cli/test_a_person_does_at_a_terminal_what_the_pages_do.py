"""What the pages can do, the command line can do too."""

from __future__ import annotations

from collections.abc import Callable

from cli.terminal import Said
from shipway.releases.gate import Frozen
from shipway.signals.errors.recording import Accepted
from shipway.state import channels
from web.server import Site

Shipway = Callable[..., Said]


def test_an_environment_is_frozen_and_thawed(site: Site, shipway: Shipway) -> None:
    site.scene.application("topup")
    site.scene.deliver(site.scene.push("topup", "One"))
    assert "prod is frozen until it is thawed." in shipway("freeze", "Month end", "--app", "topup").told
    again = shipway("freeze", "The fair", "--until", "2h", "--app", "topup").told
    assert "prod is frozen until " in again
    assert again.endswith("It replaces the freeze until somebody thaws it by ada: “Month end”.")
    assert "That is past." in shipway("freeze", "x", "--until", "2020-01-01", "--app", "topup").told
    assert shipway("thaw", "--app", "topup").out == "prod is open again.\n"
    assert shipway("thaw", "--app", "topup").out == "prod was not frozen.\n"


def test_who_thaws_hears_which_commit_was_stopped(site: Site, shipway: Shipway) -> None:
    """The newest, until it serves."""
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    shipway("freeze", "Month end", "--app", "topup")
    two, three = scene.push("topup", "Two"), scene.push("topup", "Three")
    for run in (three, two):
        scene.green(run)
        scene.remark(run, "run.stopped", id=Frozen.id, at="deploy", message="x", environment="prod")
        scene.end(run, "failed", "x")
    short = three.commit[:7]
    says = f"{short} was stopped by that: `shipway deploy {short} --env prod` takes it there."
    assert shipway("thaw", "--app", "topup").told == f"prod is open again. {says}"
    shipway("freeze", "Month end", "--app", "topup")
    assert shipway("thaw", "--app", "topup").told == "prod is open again."


def test_releases_are_compared_and_data_is_listed(site: Site, shipway: Shipway) -> None:
    site.scene.application("topup")
    site.scene.configure("topup", "prod", {"A": "1"}, [])
    site.scene.deliver(site.scene.push("topup", "One"))
    site.scene.configure("topup", "prod", {"A": "2"}, ["KEY"])
    site.scene.deliver(site.scene.push("topup", "Two"))
    told = shipway("compare", "--app", "topup").told
    assert "From r1 to r2 of prod" in told
    assert "Two" in told
    assert "changed 1 2" in told
    assert "KEY added" in told
    assert "prod keeps nothing." in shipway("data", "--app", "topup").told
    kept = site.scene.places.environment("topup", "prod") / "data"
    kept.mkdir(parents=True)
    (kept / "db.sqlite3").write_bytes(b"x")
    assert "db.sqlite3 1 B" in shipway("data", "--app", "topup").told


def test_a_missing_channel_of_the_owner_is_not_ticked_off(site: Site, shipway: Shipway) -> None:
    """It asks for something to be done; and whoever has a channel is told all the same."""

    def messages() -> tuple[bool, str, str]:
        (check,) = [one for one in shipway("doctor", "--json").json if one["what"] == "messages"]
        return check["good"], check["found"], check["advice"].partition(": without it ")[2]

    alone = "is shown on the pages alone."
    assert messages() == (False, "the owner has no channel", f"trouble {alone}")
    assert "! messages" in shipway("doctor").told
    with_channels(site, "ping", "nora@example.org")
    found = "the owner has no channel; only nora@example.org has one"
    assert messages() == (False, found, f"what is for anybody else {alone}")
    with_channels(site, "owner")
    assert messages() == (True, "nothing waits to be delivered", "")


def with_channels(site: Site, *everybody: str) -> None:
    with site.scene.database.write() as conn:
        for whose in everybody:
            channels.add(conn, whose=whose, service="JSON", seal=lambda _id: b"", private=False, who="ada")


def test_reports_that_were_lost_on_their_way_outside_are_told(site: Site, shipway: Shipway) -> None:
    site.scene.application("topup")
    channel = {"whose": "sentry:topup.prod", "url": "https://k3y@sentry.example.org/7"}
    site.send("POST", "/api/v1/channels", channel)
    assert "reports of errors go on" in shipway("doctor").told
    site.cast.forwarder.offer([Accepted("topup", "prod", b"no report", []), Accepted("topup", "prod", b"{}", [])])
    (check,) = [one for one in shipway("doctor", "--json").json if one["what"] == "forwarding"]
    assert (check["good"], check["optional"]) == (False, True)
    assert check["found"] == "sentry:topup.prod: 1 of 2 reports were lost"
    assert "1 of 2 reports were lost" in site.get("/installation").text
    assert site.get("/api/v1/installation").json["forwarding"]["sentry:topup.prod"]["lost"] == 1


def test_tokens_have_names_and_sessions_are_ended(site: Site, shipway: Shipway) -> None:
    shipway("token", "create", "eve", "--name", "laptop")
    assert "laptop" in shipway("token", "list").told
    made = shipway("token", "create", "prometheus", "--metrics", "--json").json
    assert made["role"] == "metrics"
    assert shipway("token", "create", "prometheus", "--metrics", "--owner").code != 0
    assert shipway("sessions").out == "Nobody is signed in.\n"
    site.sign_in("ben")
    (session,) = shipway("sessions", "--json").json
    assert session["who"] == "ben"
    assert "is over." in shipway("sessions", "--end", session["id"]).told
    assert shipway("sessions").out == "Nobody is signed in.\n"


def test_the_installation_is_told(site: Site, shipway: Shipway) -> None:
    told = shipway("about").told
    assert "applications answer on port 8080" in told
    assert "router-1 not known" in told
    assert "shipway.db" in told
    assert shipway("about", "--json").json["version"]


def test_settings_are_listed_and_the_default_branch_is_changed(site: Site, shipway: Shipway) -> None:
    site.scene.application("topup")
    site.scene.push("topup", "One")
    site.scene.push("topup", "Two", branch="trunk")
    told = shipway("settings", "--app", "topup").told
    assert "topup, as main has it at" in told
    assert "name 1 topup" in told
    assert "as trunk has it" in shipway("settings", "--default-branch", "trunk", "--app", "topup").told
    assert "no branch called" in shipway("settings", "--default-branch", "nope", "--app", "topup").told
