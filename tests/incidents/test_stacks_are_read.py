"""The calls that logs name are found, whatever language they are in, and in which file of the repository."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from shipway.incidents import code, suspects
from shipway.incidents.differences import Changed, Hunk, Written
from shipway.signals import stacks
from shipway.signals.stacks import Call

PYTHON = """\
Traceback (most recent call last):
  File "/app/shop/web.py", line 17, in checkout
    return {"total": carts.total(cart)}
  File "/app/shop/cart.py", line 38, in total
    cents = subtotal(cart)
KeyError: 'cents'
"""
PYTEST = """\
tests/test_cart.py:12: in test_total
    assert total(CART) == 3
shop/cart.py:38: KeyError
FAILED tests/test_cart.py::test_total - KeyError: 'cents'
"""
NODE = """\
TypeError: Cannot read properties of undefined (reading 'toFixed')
    at Cart.total [as sum] (/app/lib/cart.js:38:17)
    at /app/server.js:9:3
    at Module._compile (node:internal/modules/cjs/loader:1521:14)
"""
AT = """\
Traceback (most recent call last):
  File "/app/shop/web.py", line 17, in checkout
    at = found(cart)
  File "/app/shop/cart.py", line 38, in found
    raise KeyError(cart)
KeyError: 'cents'
"""
MODULES = "    at charge (file:///app/lib/charge.mjs:4:9)\n"


@pytest.mark.parametrize(
    ("log", "found"),
    [
        (PYTHON, [("/app/shop/cart.py", 38, "total"), ("/app/shop/web.py", 17, "checkout")]),
        (
            PYTEST,
            [
                ("tests/test_cart.py", 0, "test_total"),
                ("shop/cart.py", 38, ""),
                ("tests/test_cart.py", 12, "test_total"),
            ],
        ),
        (
            NODE,
            [
                ("/app/lib/cart.js", 38, "Cart.total [as sum]"),
                ("/app/server.js", 9, ""),
                ("node:internal/modules/cjs/loader", 1521, "Module._compile"),
            ],
        ),
        (AT, [("/app/shop/cart.py", 38, "found"), ("/app/shop/web.py", 17, "checkout")]),
        (MODULES, [("/app/lib/charge.mjs", 4, "charge")]),
        ("all is well at 14:02:11\n12 passed in 3.4s\nhttp://127.0.0.1:8480/x\n", []),
    ],
)
def test_calls_are_found_the_innermost_first(log: str, found: list[tuple[str, int, str]]) -> None:
    assert [(call.file, call.line, call.function) for call in stacks.calls_in(log)] == found


FILES = {"shop/cart.py", "src/kiosk/prices.py", "app.js", "a/util.py", "b/util.py", "lib/app.js"}


@pytest.mark.parametrize(
    ("said", "file"),
    [
        ("/app/shop/cart.py", "shop/cart.py"),
        ("./shop/cart.py", "shop/cart.py"),
        ("/srv/artifacts/1f3a/shop/cart.py", "shop/cart.py"),
        ("C:\\shop\\cart.py", "shop/cart.py"),
        ("/app/.venv/lib/python3.12/site-packages/kiosk/prices.py", "src/kiosk/prices.py"),
        ("/app/app.js", "app.js"),
        ("/app/lib/app.js", "lib/app.js"),
        ("/app/util.py", None),
        ("/app/x/util.py", None),
        ("node:internal/timers", None),
        ("<frozen importlib>", None),
        ("", None),
        ("/", None),
        ("../../../etc/passwd", None),
    ],
)
def test_a_call_is_found_in_the_repository_by_the_end_of_its_path(said: str, file: str | None) -> None:
    assert stacks.located(Call(said, said, 1, "f"), FILES) == file


SOURCES = {"src/shop/cart.ts", "src/till/cart.ts", "src/index.tsx", "web/rates.js", "src/rates.ts", "till.ts"}


@pytest.mark.parametrize(
    ("said", "file"),
    [
        ("/app/dist/shop/cart.js", "src/shop/cart.ts"),
        ("/app/build/till/cart.mjs", "src/till/cart.ts"),
        ("/app/dist/cart.js", None),
        ("/app/dist/index.js", "src/index.tsx"),
        ("/app/dist/rates.js", "src/rates.ts"),
        ("/app/dist/till.py", None),
        ("/app/node_modules/shop/cart.js", None),
        ("node:internal/till", None),
    ],
)
def test_a_compiled_call_is_found_in_the_source_it_can_only_be_of(said: str, file: str | None) -> None:
    assert stacks.source_of(Call(said, said, 1, "f"), SOURCES) == file


PROGRAM = """\
import json

LIMIT = 3

@cached
def total(cart):
    first = 1
    if first:
        return LIMIT

    return json.loads(cart)

class Cart:
    least = 2
    def apply(self):
        def inner():
            return self.least
        return inner()
""".splitlines()
SCRIPT = """\
export async function charge(account) {
  const due = 1;
  return due;
}
const refund = (account) => {
  return account;
};
class Till {
  open(key) {
    return key;
  }
}
""".splitlines()


@pytest.mark.parametrize(
    ("lines", "line", "function", "found"),
    [
        (PROGRAM, 9, "total", (5, 11)),
        (PROGRAM, 11, "total", (5, 11)),
        (PROGRAM, 17, "Cart.apply.inner", (16, 17)),
        (PROGRAM, 18, "apply", (15, 18)),
        (PROGRAM, 3, "<module>", (1, 6)),
        (PROGRAM, 3, "nowhere", (1, 6)),
        (PROGRAM, 0, "total", (5, 11)),
        (PROGRAM, 0, "nowhere", (0, 0)),
        (PROGRAM, 999, "nowhere", (996, 18)),
        (SCRIPT, 3, "charge", (1, 4)),
        (SCRIPT, 6, "refund", (5, 7)),
        (SCRIPT, 10, "Till.open", (9, 11)),
        (SCRIPT, 10, "async Till.open [as x]", (9, 11)),
        (SCRIPT, 10, "Timeout._onTimeout", (9, 11)),
        (SCRIPT, 6, "?", (5, 7)),
        (["class Till {", "  constructor(keys) {", "    this.keys = keys;", "  }", "}"], 3, "new Till", (2, 4)),
        (["def a():", "    return map(", "        lambda b: b,", "    )"], 3, "<lambda>", (1, 4)),
    ],
)
def test_the_lines_of_a_function_are_found(
    lines: list[str], line: int, function: str, found: tuple[int, int]
) -> None:
    assert code.span(lines, line, function) == found


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (1, {"json"}),
        (3, {"LIMIT"}),
        (7, {"total"}),
        (11, {"total"}),
        (14, {"least", ".least"}),
        (17, {"inner", ".inner"}),
    ],
)
def test_what_a_change_gives_to_others_is_known_by_name(line: int, names: set[str]) -> None:
    assert code.given(PROGRAM, line, code.blocks(PROGRAM)[line - 1]) == names


@pytest.mark.parametrize(
    ("lines", "line", "names"),
    [
        (["const { rate, shipping } = require('./rates')"], 1, {"rate", "shipping"}),
        (["exports.rate = (name) => RATES[name]"], 1, {"rate"}),
        (["const RATES = {", "  EUR: { cents: 100 },", "}"], 2, {"RATES"}),
        (["RATES = {", '    "EUR": 100,', "}"], 2, {"RATES"}),
        (["exports.rate = (name) => {", "  const cents = 1", "}"], 2, {"rate"}),
        (["class Till {", "  open(key) {", "    const cents = 1", "  }", "}"], 3, {"open", ".open"}),
        (["class Till {", "  constructor(key) {", "    this.key = key", "  }", "}"], 3, {"constructor", "key"}),
    ],
)
def test_what_a_script_gives_to_others_is_known_by_name(lines: list[str], line: int, names: set[str]) -> None:
    found = code.given(lines, line, code.blocks(lines)[line - 1])
    assert names <= found
    assert {name.removeprefix(".") for name in found} == {name.removeprefix(".") for name in names}


def test_a_name_after_a_dot_is_another() -> None:
    assert code.names(["card.points + [...rest] + exports.level()", "cart?.lines"]) == {
        "card",
        ".points",
        "rest",
        "level",
        "cart",
        ".lines",
    }


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        (["retry(", "  2,", "  work(),", ");", "x"], 4),
        (["retry(2, work);", "x"], 1),
        (["retry(2, () => {", "  work();", "});"], 1),
        (["if (cart) {", "  work();", "}"], 1),
        (["for line in lines(", "    cart", "):", "    work()"], 3),
        (["print('(')", "x"], 1),
        (["retry(", "x"], 1),
    ],
)
def test_a_statement_ends_with_its_brackets(lines: list[str], end: int) -> None:
    assert code.statement(lines, 1) == end


@pytest.mark.parametrize(
    ("compiled", "line"),
    [
        ("    return names[at].toUpperCase();", 3),
        ("const at = Math.min(1, 2);", 2),
        ("const rate = (0, rates_1.rate)(card);", 4),
        ("return nothing", 0),
        ("again();", 0),
        ("", 0),
    ],
)
def test_a_compiled_line_is_found_where_one_alone_says_the_same(compiled: str, line: int) -> None:
    lines = [
        "export const level = (card: Card): string => {",
        "  const at: number = Math.min(1, 2)",
        "  return names[at].toUpperCase()",
        "  const rate = rate(card)",
        "  again()",
        "  again()",
        "}",
    ]
    assert code.written(lines, compiled, "level") == line


def test_a_line_stands_in_the_nearest_block_that_has_a_name() -> None:
    lines = [
        "def a():",
        "",
        "    if b:",
        "        c()",
        "  # odd",
        "",
        "d()",
        "class E:",
        "    f = [",
        "        1,",
        "    ]",
    ]
    assert code.blocks(lines) == [None, None, 1, 1, 1, None, None, None, 8, 9, 8]


def test_a_large_new_literal_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two thousand new rows none is looked at for each of the others."""
    looks: Counter[str] = Counter()

    def counted(name: str) -> Callable[[str], Any]:
        original = getattr(code, name)

        def look(text: str) -> Any:
            looks[text] += 1
            return original(text)

        return look

    for name in ("_indent", "bound"):
        monkeypatch.setattr(code, name, counted(name))
    rows = [f'    "{number}": {number},' for number in range(2000)]
    lines = ["RATES = {", *rows, "}", "", "def rate(name):", "    return RATES[name]"]
    new = "a" * 40
    hunk = Hunk(1, (), tuple(lines[:2002]))
    file = Changed("rates.py", lines, dict.fromkeys(range(1, 2003), new), [hunk])
    call = Call("rates.py", "", 2005, "rate", "    return RATES[name]", True)
    written = [Written(new, "Ada", "ada@example.org", "Add rates", {"rates.py": [hunk]})]
    found = suspects.suspect([("rates.py", call)] * 3, {"rates.py": file}, written)
    assert found.commit == new
    assert max(looks[row] for row in rows) < 10


@pytest.mark.parametrize("line", ["", "   ", "  # why", "// why", "  })", " * word", '    """What."""', "]"])
def test_lines_that_say_nothing(line: str) -> None:
    assert not code.says_something(line)
    assert code.says_something(f"{line}\nx = 1".splitlines()[-1])
