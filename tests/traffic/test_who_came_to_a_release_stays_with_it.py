"""While several releases share the requests, a visitor with a cookie sees one of them; the share decides which."""

from __future__ import annotations

from collections import Counter


def share(town, app: str, shares: dict[int, int], *, sticky: bool = True) -> None:
    """Gives the releases of these numbers their shares."""
    clusters = {f"{app}.prod.r{number}": each for number, each in shares.items()}
    town.proxy.shift(app, "prod", clusters, epoch=1, sticky=sticky)


def first_visit(town, app: str) -> tuple[str, str]:
    """Which release answered, and the cookie it came with."""
    answer = town.get(f"{app}.localhost")
    return answer.said, (answer.getheader("set-cookie") or "").partition(";")[0]


def opened(town, app: str) -> None:
    for number in (1, 2):
        town.release(app, "prod", number)


def test_a_visitor_sees_one_release_whatever_its_share_becomes(town) -> None:
    opened(town, "faithful")
    share(town, "faithful", {1: 50, 2: 50})
    visitors = [first_visit(town, "faithful") for _ in range(40)]
    for shares in ({1: 50, 2: 50}, {1: 10, 2: 90}):
        share(town, "faithful", shares)
        moved = [
            said
            for said, cookie in visitors
            if town.get("faithful.localhost", Cookie=f"a=b; {cookie}; c=d").said != said
        ]
        assert moved == []
    assert Counter(said for said, _ in visitors).keys() == {"faithful.prod.r1", "faithful.prod.r2"}


def test_when_it_has_no_share_any_more_the_other_answers(town) -> None:
    opened(town, "left")
    share(town, "left", {1: 50, 2: 50})
    share(town, "left", {1: 100})
    answer = town.get("left.localhost", Cookie="shipway-release=r2")
    assert (answer.said, answer.getheader("set-cookie")) == ("left.prod.r1", None)


def test_without_being_asked_no_cookie_is_set_and_none_is_heard(town) -> None:
    opened(town, "fickle")
    share(town, "fickle", {1: 50, 2: 50}, sticky=False)
    answers = [town.get("fickle.localhost", Cookie="shipway-release=r2") for _ in range(40)]
    assert {answer.said for answer in answers} == {"fickle.prod.r1", "fickle.prod.r2"}
    assert {answer.getheader("set-cookie") for answer in answers} == {None}


def test_the_application_keeps_its_own_cookies(town) -> None:
    """The router adds one; it replaces none."""
    opened(town, "baker")
    share(town, "baker", {1: 50, 2: 50})
    cookies = town.get("baker.localhost", "/cookie").headers.get_all("set-cookie")
    assert len(cookies) == 2
    assert "mine=1" in cookies
