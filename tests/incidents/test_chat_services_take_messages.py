"""Slack, Teams, Matrix, ntfy, PagerDuty, Twilio: each spoken to as the real one is, by Apprise, over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from incidents.team import Team
from shipway.incidents import channels
from shipway.state import facts, messages
from shipway.state.messages import Message
from support import services as stand_ins
from support.services import Services

MINUTE = 60.0
NAMES = tuple(Services().urls)
ADDRESS = "http://127.0.0.1:8440"


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    with stand_ins.services(tmp_path) as made:
        for name, value in made.env.items():
            monkeypatch.setenv(name, value)
        yield made


def newest(team: Team) -> Message:
    with team.database.read() as conn:
        return messages.recent(conn, limit=1)[0]


def plain(said: str) -> str:
    """Without what a service is told to take no letter for a sign of its own."""
    return said.replace("\\", "")


@pytest.mark.parametrize("name", NAMES)
def test_one_message_arrives_for_a_person_and_a_cause_with_all_it_says(
    team: Team, services: Services, name: str
) -> None:
    """The service says no at first, then another step fails too: what is tried again says the newest."""
    team.add_channel("ada@example.org", services.urls[name])
    before = team.commit("ben")
    run = team.push(team.commit("ada", subject="Break the <eggs> & *all*"), before)
    team.fail_step(run, "test", excerpt="E   assert 40 == 70")
    team.tell()
    services.refuses = 503
    team.send()
    assert (newest(team).state, newest(team).service) == ("waiting", name)
    assert "correct-horse" not in newest(team).problem
    assert "s1gn4tur3" not in newest(team).problem
    team.step(run, "lint", excerpt="W   eggs are unused")
    team.tell()
    services.refuses = 0
    services.asked.clear()
    team.later = MINUTE
    team.send()
    team.send()
    (said,) = map(plain, services.messages)
    for words in (f"[shop] lint failed on {team.head[:7]}", "eggs are unused", newest(team).id.lower()):
        assert words in said
    assert newest(team).state == "sent"


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_tried(team: Team, services: Services, name: str) -> None:
    channel = team.add_channel("@shop/kitchen", services.urls[name])
    assert channels.test(team.database, team.vault, channel, ADDRESS, "").good
    (said,) = map(plain, services.messages)
    assert "This is a test of a channel of @shop/kitchen. It works." in said
    services.refuses = 401
    refused = channels.test(team.database, team.vault, channel, ADDRESS, "")
    assert not refused.good
    assert refused.said


def test_a_text_message_says_what_it_has_room_for(team: Team, services: Services) -> None:
    """Twilio refuses what is longer, and so a message would never arrive."""
    team.add_channel("ada@example.org", services.urls["Twilio"])
    before = team.commit("ben")
    run = team.push(team.commit("ada"), before)
    team.fail_step(run, "test", excerpt="\n".join(f"E   assert {each} == {'70' * 60}" for each in range(40)))
    team.tell()
    team.send()
    (said,) = [asked.body for asked in services.asked]
    assert (newest(team).state, said["To"]) == ("sent", "+15005550009")
    assert len(newest(team).text) > stand_ins.SMS
    assert said["Body"].startswith(f"[shop] test failed on {team.head[:7]}")
    assert len(said["Body"]) == stand_ins.SMS


def test_an_incident_at_pagerduty_is_one_is_updated_and_resolved(team: Team, services: Services) -> None:
    """Two troubles, of the second one more is heard; one fix ends both, and the person hears of it once."""
    team.add_channel("ada@example.org", services.urls["Pager Duty"])
    good = team.commit("ben")
    team.deliver(good)
    team.fail_step(team.push(team.commit("ada"), good))
    told(team)
    run = team.push(team.commit("ada"), good)
    team.step(run, "test")
    told(team)
    team.step(run, "lint")
    told(team)
    team.deploy(team.push(team.commit("ada"), good), "prod")
    told(team)
    events = [asked.body for asked in services.asked]
    first, second, again, *ends = events
    assert [event["event_action"] for event in events] == ["trigger"] * 3 + ["resolve"] * 2
    assert first["dedup_key"] != second["dedup_key"] == again["dedup_key"]
    assert {end["dedup_key"] for end in ends} == {first["dedup_key"], second["dedup_key"]}
    assert (first["payload"]["severity"], again["payload"]["summary"][:18]) == ("critical", "[shop] lint failed")
    assert "Why you" in first["payload"]["custom_details"]["message"]
    assert [message.kind for message in team.tell()] == ["stopped", "stopped", "updated", "fixed", "ended"]


def test_an_incident_of_the_machine_is_resolved_when_it_is_well_again(team: Team, services: Services) -> None:
    team.add_channel("owner", services.urls["Pager Duty"])
    for kind in ("machine.little_room", "machine.room_again"):
        with team.database.write() as conn:
            facts.record(conn, kind, data={"says": "1.2 GB (4 %)"})
        told(team)
    trigger, resolve = [asked.body for asked in services.asked]
    assert [event["event_action"] for event in (trigger, resolve)] == ["trigger", "resolve"]
    assert trigger["dedup_key"] == resolve["dedup_key"]


def test_a_key_of_the_owners_own_is_left_alone(team: Team, services: Services) -> None:
    team.add_channel("ada@example.org", f"{services.urls['Pager Duty']}?dedup=shop")
    good = team.commit("ben")
    team.fail_step(team.push(team.commit("ada"), good))
    told(team)
    assert services.asked[0].body["dedup_key"] == "shop"


def told(team: Team) -> None:
    team.tell()
    team.send()
