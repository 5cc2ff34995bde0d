"""A fact is a change, seen twice in a row; what is known is small, and outlives the server."""

from __future__ import annotations

from pathlib import Path

from shipway.config.places import Places
from shipway.signals.questions import results
from shipway.signals.questions.answer import Answer, State
from shipway.signals.questions.results import KEPT, Line
from signals.places import number, question

WORDS: dict[str, State] = {"p": "passed", "f": "failed", "?": "not known"}


def line() -> Line:
    return Line.of_question(question("http", "/"), by="shop.prod.r1")


def changes(of: Line, answers: str) -> list[str]:
    """What is told of answers such as `ppf?`, one a second."""
    told = [of.hear(Answer(WORDS[each], each), float(at), 0.0) for at, each in enumerate(answers, 1)]
    return [each or "-" for each in told]


def test_good_news_is_no_news() -> None:
    assert changes(line(), "ppp") == ["-", "-", "-"]


def test_what_fails_twice_has_failed_and_recovers_once() -> None:
    assert changes(line(), "ppfffpp") == ["-", "-", "-", "failed", "-", "-", "recovered"]


def test_one_that_was_never_good_is_told_too() -> None:
    assert changes(line(), "ff") == ["-", "failed"]
    assert changes(line(), "??") == ["-", "unknown"]


def test_what_changes_every_time_changes_nothing() -> None:
    assert changes(line(), "pfpfpf?f?f") == ["-"] * 10


def test_not_known_is_neither_good_nor_bad() -> None:
    assert changes(line(), "ff??ff??pp") == [
        *("-", "failed", "-", "unknown", "-", "failed", "-", "unknown", "-", "recovered"),
    ]


def test_what_fails_on_after_a_trial_is_told_again_once() -> None:
    asked, failed = line(), Answer("failed", "3")
    tried = [asked.hear(failed, float(at), 0.0, tried=True) for at in range(3)]
    alone = [asked.hear(failed, float(at), 0.0) for at in range(3, 6)]
    assert (tried, alone) == ([None, "failed", None], ["failed", None, None])


def test_what_passes_after_a_trial_has_recovered() -> None:
    asked = line()
    for at in range(2):
        asked.hear(Answer("failed", "3"), float(at), 0.0, tried=True)
    assert [asked.hear(Answer("passed", "0"), float(at), 0.0) for at in range(2, 5)] == [None, "recovered", None]


def test_an_answer_that_is_old_is_not_believed() -> None:
    asked = line()
    assert asked.known(0.0) == "not known", "it was never asked"
    changes(asked, "p")
    assert asked.known(100.0) == "passed"
    assert asked.known(107.0) == "not known"


def test_it_is_kept_small_and_read_again(tmp_path: Path) -> None:
    places = Places.of(tmp_path, {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})
    lines = [Line.of_question(number("command", "audit"), by="shop.prod.r1"), line()]
    for each in lines:
        changes(each, "pf" * KEPT)
    results.write(places, "shop", "prod", lines)
    assert results.read(places, "shop", "prod") == lines
    assert [len(each.past) for each in lines] == [KEPT, KEPT]
    assert results.read(places, "shop", "dev") == []
    file = places.environment("shop", "prod") / "probes.json"
    assert file.stat().st_size < 5000
    file.write_text(file.read_text()[:100])
    assert results.read(places, "shop", "prod") == []
