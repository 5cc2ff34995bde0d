"""Whoever listens to the facts, and comes back with the last id they saw, gets each exactly once, in order."""

from __future__ import annotations

import http.client
import json
import threading

from shipway.state import facts
from web.server import Site

FACTS = 300


class Listener:
    """Reads events until it is told to stop, hanging up after every few of them."""

    def __init__(self, site: Site, hang_up_after: int) -> None:
        self.site, self.hang_up_after = site, hang_up_after
        self.ids: list[int] = []
        self.kinds: list[str] = []

    def listen(self, last: int, until: int) -> None:
        while last < until:
            last = self._once(last, until)

    def _once(self, last: int, until: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=30)
        connection.request("GET", "/events", headers={**self.site.bearer(), "last-event-id": str(last)})
        answer = connection.getresponse()
        seen = 0
        for line in answer:
            if line.startswith(b"data: "):
                fact = json.loads(line[6:])
                self.ids.append(fact["id"])
                self.kinds.append(fact["kind"])
                last, seen = fact["id"], seen + 1
                if seen >= self.hang_up_after or last >= until:
                    break
        answer.close()
        connection.close()
        return last


def test_readers_that_hang_up_at_any_moment_miss_nothing(site: Site) -> None:
    database = site.scene.database
    with database.read() as conn:
        before = facts.newest(conn)
    listeners = [Listener(site, every) for every in (1, 7, 1000)]
    threads = [threading.Thread(target=one.listen, args=(before, before + FACTS)) for one in listeners]
    for thread in threads:
        thread.start()
    for number in range(FACTS // 3):
        with database.write() as conn:
            for part in "abc":
                facts.record(conn, f"test.{part}", data={"number": number})
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    for listener in listeners:
        assert listener.ids == list(range(before + 1, before + FACTS + 1))
        assert listener.kinds == ["test.a", "test.b", "test.c"] * (FACTS // 3)


def test_without_an_id_the_events_begin_now(site: Site) -> None:
    site.scene.application("before")
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection.request("GET", "/events", headers=site.bearer())
    answer = connection.getresponse()
    assert answer.getheader("content-type") == "text/event-stream; charset=utf-8"
    assert answer.readline().startswith(b"retry: ")
    site.scene.application("after")
    told = next(line for line in answer if line.startswith(b"data: "))
    assert json.loads(told[6:])["application"] == "after"
    answer.close()
    connection.close()


def test_the_same_facts_can_be_read_in_pages(site: Site) -> None:
    for name in ("a", "b", "c"):
        site.scene.application(name)
    found, after = [], 0
    while page := (answer := site.get(f"/api/v1/facts?after={after}&limit=2").json)["facts"]:
        found += page
        after = answer["next"]
    assert [fact["application"] for fact in found if fact["kind"] == "application.created"] == ["a", "b", "c"]


def test_an_id_that_is_none_is_refused(site: Site) -> None:
    for wrong in ("x", "-1", "1.5", "9" * 30):
        assert site.get("/events", **{"last-event-id": wrong}).status == 400
