"""Of what a program wrote, the lines are shown that explain why it failed: few, once, and without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.hosts.excerpt import SEARCHED, excerpt, explaining
from shipway.hosts.explanation import telling

OUTPUTS = Path(__file__).parent / "outputs"
"""What real test runners, compilers and programs wrote about a small shop that is broken on purpose."""

SHOP_DIED = [
    '  File "/srv/shop/app.py", line 9, in settings',
    '    return {"currency": os.environ["SHOP_CURRENCY"]}',
    "...",
    "KeyError: 'SHOP_CURRENCY'",
]

EXPLAINED = {
    "pytest": [
        "E        +  where 4 = total([('tea', 3), ('milk', 2)], discount=1)",
        "test_basket.py:14: AssertionError",
    ],
    "pytest-short": ["    assert total(ITEMS, discount=1) == 5", "E   AssertionError: assert 4 == 5"],
    "pytest-many": ["E       AssertionError: 1 is odd", "30 failed, 30 passed in 0.08s"],
    "pytest-import": [
        "broken_import_test.py:1: in <module>",
        "E   ModuleNotFoundError: No module named 'basquet'",
    ],
    "unittest": [
        "    self.assertEqual(total(ITEMS, discount=1), 5)",
        "AssertionError: 4 != 5",
        "KeyError: 'bread'",
    ],
    "traceback": ["    return prices[item]", "KeyError: 'bread'", "RuntimeError: the migration stopped"],
    "gunicorn": [*SHOP_DIED[:2], "KeyError: 'SHOP_CURRENCY'"],
    "node-tap": ["not ok 2 - a discount is taken off", "    4 !== 5", "    total (/srv/shop/basket.js:2:9)"],
    "node-spec": ["  4 !== 5", "      at TestContext.<anonymous> (/srv/shop/basket.test.js:11:10)"],
    "node-crash": ["/srv/shop/server.js:4", "TypeError: totals is not a function"],
    "tap-perl": ["not ok 2 - a discount is taken off", "#   at basket.t line 6."],
    "maven": [
        "org.opentest4j.AssertionFailedError: expected: <5> but was: <4>",
        "\tat shop.BasketTest.aDiscountIsTakenOff(BasketTest.java:16)",
    ],
    "maven-compile": ["[ERROR] /srv/shop/src/main/java/shop/Basket.java:[7,29] ';' expected"],
    "gcc": ["    6 |     for (int i = 0; i < n; i++)", "make: *** [Makefile:4: basket] Error 1"],
    "javac": ["src/main/java/shop/Basket.java:7: error: ';' expected"],
    "cargo": ["assertion `left == right` failed", "  left: 4", " right: 5"],
    "rustc": ["error[E0425]: cannot find value `discont` in this scope", " --> src/lib.rs:2:34"],
}

LAST = ("30 failed, 30 passed in 0.08s", "make: *** [Makefile:4: basket] Error 1")  # lines of a log

LIFE = "[10:0{n}] [4{n}] starting\nTraceback (most recent call last):\nKeyError: 'drawer'\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "web.log"


def test_what_was_written_before_the_start_is_not_shown(log: Path) -> None:
    log.write_text("an old life\n")
    start = log.stat().st_size
    with log.open("a") as file:
        file.write("a new one\n")
    assert explaining(log, start) == "a new one"


def test_a_log_that_was_emptied_meanwhile_is_read_from_its_beginning(log: Path) -> None:
    log.write_text("rotated\n")
    assert explaining(log, 1000) == "rotated"


def test_without_a_log_there_is_nothing_to_show(log: Path) -> None:
    assert explaining(log) == ""


def test_what_each_start_wrote_again_is_shown_once(log: Path) -> None:
    log.write_text(LIFE.format(n=1) + LIFE.format(n=2) + "[10:03] [43] starting\n")
    assert explaining(log) == LIFE.format(n=1).strip()


def test_what_differs_in_more_than_numbers_is_shown(log: Path) -> None:
    log.write_text("opening the till\nopening the door\n")
    assert explaining(log) == "opening the till\nopening the door"


@pytest.mark.parametrize("count", [13, 5_000, 200_000])
def test_of_much_the_first_and_the_last_lines_are_shown(log: Path, count: int) -> None:
    lines = [f"{'abcdefgh'[n % 8]} {n}" for n in range(count - 1)] + ["KeyError: 'drawer'"]
    log.write_text("\n".join(lines))
    assert explaining(log).split("\n") == [*lines[:3], "...", *lines[-8:]]


@pytest.mark.parametrize("after", [0, 50])
def test_of_an_application_that_dies_its_own_innermost_call_is_shown(log: Path, after: int) -> None:
    """Not that of Python or of a package below it, where nobody who has to mend it looks."""
    told = (OUTPUTS / "gunicorn.txt").read_text() + "starting it again\n" * after
    log.write_text(told)
    shown = explaining(log).split("\n")
    lines = told.rstrip("\n").split("\n")
    assert shown == [*lines[:3], "...", *SHOP_DIED, "...", *lines[-3:]]


def test_where_code_cannot_be_read_is_shown_with_its_letter(log: Path) -> None:
    wrong = ['  File "/srv/shop/app.py", line 6', "    def total(:", "              ^", "SyntaxError: invalid"]
    below = ['  File "/srv/shop/.venv/lib/python3.13/site-packages/flask/cli.py", line 9, in locate', "    load()"]
    calls = [*below * 9, '  File "<frozen importlib._bootstrap>", line 488, in _call_with_frames_removed']
    lines = ["booting", "Traceback (most recent call last):", *calls, *wrong, *"abcdef"]
    log.write_text("\n".join(lines))
    assert explaining(log).split("\n") == [*lines[:3], "...", *wrong, "...", *"def"]


def test_a_traceback_of_packages_alone_is_shown_by_its_end(log: Path) -> None:
    call = ['  File "/srv/shop/.venv/bin/flask", line 8, in <module>', "    sys.exit(main())"]
    lines = ["Traceback (most recent call last):", *call * 9, "OSError: it is taken", *"abcdefgh"]
    log.write_text("\n".join(lines))
    assert explaining(log).split("\n") == [*lines[:3], "...", *lines[-8:]]


@pytest.mark.parametrize("before", [0, 65_530, 400_000])
def test_no_secret_is_shown_wherever_the_log_is_cut(log: Path, before: int) -> None:
    log.write_text("x" * before + "\nthe key is open-sesame\n" + "it\nis\nso\n")
    shown = explaining(log, patterns=[b"open-sesame"])
    assert "the key is ***" in shown
    assert "sesame" not in shown


def test_every_real_output_is_explained() -> None:
    assert EXPLAINED.keys() == {each.stem for each in OUTPUTS.iterdir()}


@pytest.mark.parametrize("kind", EXPLAINED)
@pytest.mark.parametrize("after", [0, 40])
def test_what_failed_is_found_in_what_real_tools_wrote(tmp_path: Path, kind: str, after: int) -> None:
    """Also far from the end: what comes after it may be much."""
    if after and kind == "node-crash":
        after = 0  # Node ends with it
    noise = "the rest of the day\n" * after
    (tmp_path / "log").write_text("working\n" * 100 + (OUTPUTS / f"{kind}.txt").read_text() + noise)
    shown = excerpt(tmp_path).split("\n")
    wanted = [line for line in EXPLAINED[kind] if not after or line not in LAST]
    assert [line for line in wanted if line not in shown] == []
    assert len(shown) <= 12
    assert "asking for the total" not in shown or kind == "cargo"


def test_a_log_that_nobody_knows_is_shown_by_its_end(tmp_path: Path) -> None:
    lines = [f"12:03:{n}: error number {n}" for n in range(10, 50)] + ["[ERROR] shop: the till is shut"]
    (tmp_path / "log").write_text("\n".join(lines))
    assert excerpt(tmp_path).split("\n") == lines[-12:]


@pytest.mark.parametrize(
    "hostile",
    [
        b"x" * (1 << 20),
        b"=" * (1 << 20),
        b"= " * (1 << 19),
        b"= FAILURES =\n" * 60_000,
        b"Traceback (most recent call last):\n" * 30_000,
        b"not ok 1\n" * 100_000,
        b"E \n> \n" * 200_000,
        b"\n" * (1 << 20),
        bytes(range(256)) * 4096,
        b"\x1b]" * (1 << 19),
        b"FAIL: x\n=\n" * 100_000,
    ],
    ids=lambda log: repr(log[:12]),
)
def test_no_log_makes_an_excerpt_long(tmp_path: Path, hostile: bytes) -> None:
    (tmp_path / "log").write_bytes(hostile)
    shown = excerpt(tmp_path).split("\n")
    assert len(shown) <= 12
    assert max(map(len, shown)) <= 400


def test_only_the_end_of_a_long_log_is_searched(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("basket.c:6:5: error: expected\n" + "compiling\n" * SEARCHED)
    assert excerpt(tmp_path).split("\n") == ["compiling"] * 12


@pytest.mark.parametrize(
    ("excerpt", "said"),
    [
        (
            "____ t ____\n>       assert cents == 202\nE       assert 199 == 202\nt.py:9: AssertionError",
            "assert 199 == 202",
        ),
        (
            'FAIL: test_price (t.T)\n  File "t.py", line 9\nAssertionError: 199 != 202',
            "AssertionError: 199 != 202",
        ),
        (
            "✖ price (2ms)\n  AssertionError [ERR_ASSERTION]: 199 == 202",
            "AssertionError [ERR_ASSERTION]: 199 == 202",
        ),
        ("--- FAIL: TestPrice (0.00s)\n    price_test.go:9: got 199, want 202\nFAIL", "got 199, want 202"),
        ("a.c:3:5: error: expected ';'", "error: expected ';'"),
        (
            "Packages could not be fetched from http://index: refused.\nOnce it answers",
            "Packages could not be fetched from http://index: refused.",
        ),
        ("=====\n> out of eggs", "out of eggs"),
        ("", ""),
    ],
)
def test_of_what_explains_a_failure_one_line_says_most(excerpt: str, said: str) -> None:
    assert telling(excerpt.splitlines()) == said
