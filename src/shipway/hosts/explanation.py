"""Where in what a test runner, a compiler or a program wrote it says why it failed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence

from shipway.hosts.foreign import is_foreign, is_javas

Lines = Sequence[str]

_SECTION = re.compile(r"=+ (?:ERRORS|FAILURES) =+")
_RULE = re.compile(r"=+ .+ =+|!+ .+ !+")
_PYTEST_CASE = re.compile(r"_{3,} .+ _{3,}")
_PYTEST_ERROR = re.compile(r"E\s")
_PYTEST_PLACE = re.compile(r"\S+:\d+:(?: |$)")
_CAPTURED = re.compile(r"-+ Captured .+ -+")
_UNITTEST_CASE = re.compile(r"(?:ERROR|FAIL): .+")
_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
_CHAINED = re.compile(r"(?:The above exception was the direct cause|During handling of the above exception)")
_MARKERS = re.compile(r"\s+[\^~\s]+")
_CALL = re.compile(r'  File "([^"]+)", line \d+(, in )?')
_TAP_CASE = re.compile(r"\s*(not )?ok \d+\b")
_TAP_EXCUSED = re.compile(r"# (?:TODO|SKIP)\b", re.IGNORECASE)
_TAP_ASIDE = re.compile(
    r"\s*(?:---|\.\.\.|\d+\.\.\d+|# Subtest)"
    r"|\s*(?:duration_ms|type|failureType|code|name|operator|stack|exitCode|signal):"
)
_NODE_ASIDE = re.compile(r"\s*(?:(?:generatedMessage|code|operator): |\})")
_NODE_CALL = re.compile(r"(?:\s*at (?:async )?(?:.* \()?|.+ \()(<anonymous>|[^()]+(?=:\d+:\d+)).*")
_NODE_SOURCE, _NODE_END = re.compile(r"(?:file://)?/\S+:\d+"), re.compile(r"Node\.js v\d+\.\d+\.\d+")
_JUNIT_CASE = re.compile(r"\[ERROR\] .*\bTime elapsed: .*<<< (?:FAILURE|ERROR)!$")
_JAVA_CALL, _JUNIT_CALL = re.compile(r"\s+at (.+)\("), re.compile(r"\s+at org\.(?:junit|apache\.maven)")
_MAVEN_ERROR = re.compile(r"\[ERROR\] +\S")
_MAVEN_ASIDE = re.compile(
    r"\[ERROR\] (?:To see the full|Re-run Maven|For more information|Please refer|\[Help|-> \[Help)"
)
_RUST_CASE = re.compile(r"---- .+ stdout ----")
_SOURCE = r"[^\s:]*[A-Za-z_][^\s:]*:\d+(?::\d+)?: "
_COMPILER_ERROR = re.compile(rf"{_SOURCE}(?:fatal )?error\b|\S+\(\d+,\d+\): error |.+: undefined reference to ")
_COMPILER_ASIDE = re.compile(rf"{_SOURCE}(?:warning|note)\b|(?:warning|note|help)(?:\[\w+\])?: ")
_RUST_ERROR, _RUST_PLACE = re.compile(r"error(?:\[E\d+\])?: "), re.compile(r"\s+--> ")

_RULED = re.compile(r"[_=\-*#]{3,}.*|\.{3}|")
_SAYS_MOST = (
    re.compile(r"E\s{2,}(.+)"),
    re.compile(r"((?:[A-Za-z_][\w.$]*)?(?:Error|Exception|Exit|Interrupt|Failure)(?: \[\w+\])?: .+)"),
    re.compile(r"(AssertionError\b.*)"),
    re.compile(r"\w+_test\.go:\d+: (.+)"),
    re.compile(r"(?:.*: )?((?:fatal )?error(?:\[\w+\])?: .+)"),
    re.compile(r"(--- FAIL: .+)"),
)
"""Most telling first: pytest, exceptions of Python, Node and the JVM, Go, compilers."""

ERRORS = 5  # lines that pytest writes about one failed comparison
MESSAGE = 4  # lines of an exception


def explanation(lines: Lines, most: int) -> list[str]:
    """Of the `lines` of a log, plain and none of them empty, at most `most` that say why it failed, in order.

    Those are the assertions, places and messages of pytest, unittest, TAP, Node's and Rust's test runners, Maven,
    of a compiler or of a traceback. Empty when none of these wrote the log.
    """
    for kind, closed in _KINDS if lines else ():
        if picked := list(itertools.islice(kind(lines), most)):
            end = [lines[-1]] if closed and lines[-1] not in picked else []
            return [*picked[: most - len(end)], *end]
    return []


def telling(lines: Lines) -> str:
    """Of lines that explain a failure the one that says most: what was compared, an exception, an error of a
    compiler; else the first that is no rule. Empty where none is.
    """
    said = [line.strip() for line in lines]
    for pattern in _SAYS_MOST:
        found = next((match for line in said if (match := pattern.match(line)) and match[1].strip()), None)
        if found is not None:
            return found[1].strip()
    return next((words for line in said if not _RULED.fullmatch(line) and (words := line.strip(" >"))), "")


def raised(lines: Lines) -> list[int]:
    """Which of the `lines`, in order, say where an application itself was when it failed, and how: its innermost
    own call in the last traceback that has one, with its code, and the exception. Empty without one.
    """
    for start in reversed([at for at, line in enumerate(lines) if _TRACEBACK.fullmatch(line)]):
        end = next((at for at in range(start + 1, len(lines)) if not lines[at].startswith(" ")), len(lines))
        calls = [at for at in range(start + 1, end) if _CALL.match(lines[at])]
        own = next((at for at in reversed(calls) if _is_own(lines[at])), None)
        if own is not None:
            over = next((at for at in calls if at > own), end)
            code = [at for at in range(own + 1, over) if not _is_aside(lines[own], lines[at])]
            return [own, *code[:2], *([end] if end < len(lines) else [])]
    return []


def _is_own(call: str) -> bool:
    """Whether neither Python nor a package has it: what it is compiled from is no file of theirs."""
    found = _CALL.match(call)
    return found is not None and not is_foreign(found[1])


def _is_aside(call: str, line: str) -> bool:
    """Markers only repeat the code; where it could not even be read, they say at which letter."""
    found = _CALL.match(call)
    return bool(_MARKERS.fullmatch(line)) and found is not None and bool(found[2])


def _is_node_aside(line: str) -> bool:
    call = _NODE_CALL.fullmatch(line)
    return bool(_NODE_ASIDE.match(line)) or (call is not None and is_foreign(call[1]))


def _is_java_aside(line: str) -> bool:
    call = _JAVA_CALL.match(line)
    return bool(_JUNIT_CALL.match(line)) or (call is not None and is_javas(call[1]))


def _pytest(lines: Lines) -> Iterator[str]:
    """Each failed test with the code that failed, what was compared, and where; not what it printed."""
    start = _first(lines, _SECTION)
    if start is None:
        return
    section = list(_until(lines[start + 1 :], lambda line: _RULE.fullmatch(line) and not _SECTION.fullmatch(line)))
    picked = list(_of_pytest(section))
    told = any(_PYTEST_ERROR.match(line) or _PYTEST_PLACE.match(line) for line in picked)
    yield from picked if told else (line for each in _tracebacks(section) for line in each)


def _of_pytest(section: Lines) -> Iterator[str]:
    printed, errors, before = False, 0, ""
    for line in section:
        printed = bool(_CAPTURED.fullmatch(line)) or (printed and not _PYTEST_CASE.fullmatch(line))
        errors = errors + 1 if _PYTEST_ERROR.match(line) else 0
        code = line.startswith("    ") and _PYTEST_PLACE.match(before) and ": in " in before
        told = code or line.startswith("> ") or _PYTEST_PLACE.match(line) or _PYTEST_CASE.fullmatch(line)
        if not printed and errors <= ERRORS and (errors or told):
            yield line
        before = line


def _unittest(lines: Lines) -> Iterator[str]:
    for at in range(1, len(lines)):
        if _UNITTEST_CASE.fullmatch(lines[at]) and set(lines[at - 1]) == {"="}:
            case = list(_until(lines[at + 2 :], lambda line: set(line) in ({"="}, {"-"})))
            yield lines[at]
            for each in _tracebacks(case):
                yield from each[1:]


def _traceback(lines: Lines) -> Iterator[str]:
    """The last exception, and of those that led to it the first."""
    starts = [at for at, line in enumerate(lines) if _TRACEBACK.fullmatch(line)]
    if not starts:
        return
    first = len(starts) - 1
    while first and _CHAINED.match(lines[starts[first] - 1]):
        first -= 1
    chain = list(_tracebacks(lines[starts[first] :]))
    for each in chain if len(chain) < 3 else (chain[0], chain[-1]):
        yield from each


def _tracebacks(lines: Lines) -> Iterator[list[str]]:
    """Each traceback with its outermost call, with the innermost that is neither a package's nor Python's, and
    with what its exception says.
    """
    for part in _parts(lines, _TRACEBACK.fullmatch):
        inside = [line for line in part[1:] if not _MARKERS.fullmatch(line)]
        calls = list(_until(inside, lambda line: not line.startswith(" ")))
        said = _until(inside[len(calls) :], lambda line: bool(_CHAINED.match(line)))
        frames = [at for at, line in enumerate(calls) if line.startswith("  File ")]
        told = calls if len(frames) < 3 else [*calls[: frames[1]], *_innermost(calls, frames)]
        yield [part[0], *told, *list(said)[:MESSAGE]]


def _innermost(calls: Lines, frames: Sequence[int]) -> Lines:
    own = next((nth for nth in reversed(range(1, len(frames))) if _is_own(calls[frames[nth]])), len(frames) - 1)
    return calls[frames[own] : [*frames, len(calls)][own + 1]]


def _tap(lines: Lines) -> Iterator[str]:
    """What is not ok, unless only because a part of it is not, in the Test Anything Protocol."""
    for part in _parts(lines, _TAP_CASE.match):
        case = list(_until(part, lambda line: line.strip() == "..."))
        excused = _TAP_EXCUSED.search(case[0]) or any("subtestsFailed" in line for line in case)
        if case[0].lstrip().startswith("not ") and not excused:
            yield from (line for line in case if not _TAP_ASIDE.match(line) and not _is_node_aside(line))


def _node(lines: Lines) -> Iterator[str]:
    start = _first(lines, re.compile("✖ failing tests:"))
    if start is not None:
        yield from (line for line in lines[start + 1 :] if not _is_node_aside(line))


def _node_died(lines: Lines) -> Iterator[str]:
    """The place, the exception and the calls of a program that Node ended."""
    starts = [at for at, line in enumerate(lines) if _NODE_SOURCE.fullmatch(line)]
    if starts and _NODE_END.fullmatch(lines[-1]):
        yield from (line for line in lines[starts[-1] : -1] if not _is_node_aside(line))


def _maven(lines: Lines) -> Iterator[str]:
    """Each failed test with its exception and the calls of the application; else what Maven says is wrong."""
    cases = [at for at, line in enumerate(lines) if _JUNIT_CASE.fullmatch(line) and "Tests run:" not in line]
    if not cases and any("[Help 1]" in line for line in lines if line.startswith("[ERROR] ")):
        yield from (line for line in lines if _MAVEN_ERROR.match(line) and not _MAVEN_ASIDE.match(line))
    for at in cases:
        case = _until(lines[at + 1 :], lambda line: line.startswith("["))
        yield lines[at]
        yield from [line for line in case if not _is_java_aside(line)][: MESSAGE + 2]


def _rust(lines: Lines) -> Iterator[str]:
    for at, line in enumerate(lines):
        if _RUST_CASE.fullmatch(line):
            yield line
            yield from _until(
                lines[at + 1 :],
                lambda line: line in ("failures:", "stack backtrace:") or bool(_RUST_CASE.fullmatch(line)),
            )


def _compiler(lines: Lines) -> Iterator[str]:
    """Each error with the lines that a compiler shows of it, without warnings."""
    told = False
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        rust = _RUST_ERROR.match(line) and _RUST_PLACE.match(after)
        told = bool(rust or _COMPILER_ERROR.match(line)) or (told and not _COMPILER_ASIDE.match(line))
        if told:
            yield line


def _first(lines: Lines, pattern: re.Pattern[str]) -> int | None:
    return next((at for at, line in enumerate(lines) if pattern.fullmatch(line)), None)


def _parts(lines: Lines, begins: Callable[[str], object]) -> Iterator[Lines]:
    """What begins so, each up to the next."""
    starts = [at for at, line in enumerate(lines) if begins(line)]
    return (lines[start:end] for start, end in itertools.pairwise([*starts, len(lines)]))


def _until(lines: Lines, over: Callable[[str], object]) -> Iterator[str]:
    for line in lines:
        if over(line):
            return
        yield line


_KINDS: Sequence[tuple[Callable[[Lines], Iterator[str]], bool]] = (
    (_pytest, True),
    (_unittest, True),
    (_tap, False),
    (_node, False),
    (_node_died, True),
    (_maven, False),
    (_rust, True),
    (_compiler, True),
    (_traceback, True),
)
"""How each kind of output is read, and whether the last line of the log belongs to it, such as a count."""
