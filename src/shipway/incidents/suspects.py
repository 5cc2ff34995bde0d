"""By which commit an error came, or a failure: the calls it went through, crossed with what is new.

A commit is named when it wrote the very line, or changed what stands beside it, or the function, or what the
function uses, and no other commit is about as likely. Otherwise nobody is named, and it is said why: a wrong name
costs more than none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from shipway.incidents import code
from shipway.incidents.differences import Changed, Hunk, Written
from shipway.incidents.sure import Confidence
from shipway.signals import stacks
from shipway.signals.stacks import Call

How = Literal["line", "statement", "beside", "function", "uses"]

WEIGHTS: dict[How, float] = {"line": 3.6, "statement": 3.6, "beside": 2.7, "function": 2.0, "uses": 1.0}
OUTWARDS = 0.7
"""What each call further out weighs, of the one inside it."""

MARGIN = 1.3
"""So many times as likely as the next one has to be who is named."""

BESIDE = 3  # lines
SHOWN = 12  # lines of a hunk
WIDEST = 200  # characters of a line


@dataclass(frozen=True)
class Evidence:
    """What a commit did to a call's place: `line` of `path`, where `source` stands.

    `hunk` is of the commit's own difference, as in a diff; it begins with line `start` of the file as the commit
    left it.
    """

    path: str
    line: int
    function: str
    how: How
    hunk: tuple[str, ...]
    source: str = ""
    start: int = 0


@dataclass(frozen=True)
class Suspicion:
    """`commit` is None when nobody is named; `reason` is one sentence either way.

    `files` are those of the repository that it went through, the innermost first: somebody may own them. A step
    may have failed in the same way since it `began` with a commit below; `base` is the newest one that was free of
    it, and `far` says that commits between are not. `beneath` is the number of a newer release, if it may be that
    its release command changed the data beneath the one that has the error, and `failed` a sentence that
    says how many requests of that one failed by then, whichever error they met; empty where none is known to have.
    """

    reason: str
    commit: str | None = None
    author: str = ""
    email: str = ""
    subject: str = ""
    confidence: Confidence | None = None
    evidence: tuple[Evidence, ...] = ()
    candidates: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    base: str = ""
    far: bool = False
    began: str = ""
    beneath: int | None = None
    failed: str = ""


@dataclass(frozen=True)
class _Trace:
    commit: str
    depth: int
    weight: float
    evidence: Evidence


@dataclass(frozen=True)
class Terms:
    """What is said of something that nobody is suspected of, in the words of what it is."""

    unknown: str
    untouched: str
    beside: str


ERROR = Terms(
    "No call of the stack is in a file of the repository.",
    "No commit between the two releases touched a file of the stack.",
    "Commits touched files of the stack, but nothing that it went through.",
)
STEP = Terms(
    "What failed names no file of the repository.",
    "What is new changed no file that the failure names.",
    "What is new changed files that the failure names, but nothing that it went through.",
)


def suspect(
    calls: Sequence[tuple[str, Call]],
    changed: Mapping[str, Changed],
    between: Sequence[Written],
    terms: Terms = ERROR,
) -> Suspicion:
    """Who is suspected.

    `calls` have each their file in the repository, the innermost first; `changed` are those of these files that
    differ, and `between` the commits that touched them, between the two releases, or since what passed.
    """
    if not calls:
        return Suspicion(terms.unknown)
    if not between:
        return Suspicion(terms.untouched)
    written = {each.commit: each for each in between}
    traces = [trace for depth, call in enumerate(calls) for trace in _traces(depth, call, changed, written)]
    best = _strongest(traces)
    if not best:
        return Suspicion(terms.beside)
    if len(best) > 1 and best[0].weight < MARGIN * best[1].weight:
        likely = tuple(each.commit for each in best if best[0].weight < MARGIN * each.weight)
        return Suspicion(f"{len(likely)} commits are about equally likely.", candidates=likely)
    first = best[0]
    return _named(written[first.commit], first, [each for each in traces if each.commit == first.commit])


def of_imports(importing: str, among: Sequence[str], between: Sequence[Written]) -> Suspicion | None:
    """Who changed a file that the `importing` one imports, one of `among`, if it is one commit alone."""
    touched = [(who, path, who.hunks[path]) for who in between for path in among if who.hunks.get(path)]
    if len({who.commit for who, _, _ in touched}) != 1:
        return None
    who, path, hunks = touched[0]
    shown = [Evidence(path, 0, "", "uses", as_in_a_diff(each), start=each.start) for each in hunks[:3]]
    reason = f"{who.commit[:7]} alone changed what {importing} imports: {path}."
    return Suspicion(reason, who.commit, who.author, who.email, who.subject, "low", tuple(shown))


def _named(who: Written, first: _Trace, traces: Sequence[_Trace]) -> Suspicion:
    hunks: dict[tuple[str, tuple[str, ...]], Evidence] = {}  # each once, however many calls cross it
    for each in sorted(traces, key=lambda each: -each.weight):
        hunks.setdefault((each.evidence.path, each.evidence.hunk), each.evidence)
    return Suspicion(
        f"{who.commit[:7]} {REASONS[first.evidence.how].format(first.evidence)}{_missed(first.evidence)}.",
        who.commit,
        who.author,
        who.email,
        who.subject,
        _confidence(first),
        tuple(hunks.values())[:3],
    )


REASONS: dict[How, str] = {
    "line": "wrote line {0.line} of {0.path}",
    "statement": "changed what is called at line {0.line} of {0.path}",
    "beside": "changed what stands beside line {0.line} of {0.path}",
    "function": "changed {0.function} in {0.path}",
    "uses": "changed what {0.function} in {0.path} uses",
}


def _missed(evidence: Evidence) -> str:
    """What weakens it: that the commit left alone what ran there."""
    weak = evidence.how in ("function", "uses") and evidence.line
    return f", but not line {evidence.line}, where it went wrong" if weak else ""


def _confidence(first: _Trace) -> Confidence:
    """High where it went wrong itself; the further from there, the less."""
    how, innermost = first.evidence.how, first.depth == 0
    if innermost and how in ("line", "statement", "beside"):
        return "high"
    return "medium" if how in ("line", "statement") or (innermost and how == "function") else "low"


def _strongest(traces: Sequence[_Trace]) -> list[_Trace]:
    """The strongest trace of each commit, the strongest first."""
    best: dict[str, _Trace] = {}
    for each in traces:
        if each.commit not in best or each.weight > best[each.commit].weight:
            best[each.commit] = each
    return sorted(best.values(), key=lambda each: -each.weight)


def _traces(
    depth: int, placed: tuple[str, Call], changed: Mapping[str, Changed], written: Mapping[str, Written]
) -> Iterator[_Trace]:
    path, call = placed
    file = changed.get(path)
    if file is not None and stacks.is_compiled(call, path):
        call = _as_written(file, call)
    if file is None or not _is_the_line(file, call):
        return
    for commit, near, hunk in _marks(file, call, written):
        how: How = "function" if near == "beside" and depth else near
        source = file.lines[call.line - 1].strip() if 0 < call.line <= len(file.lines) else ""
        function = call.function or "the code"
        evidence = Evidence(path, call.line, function, how, as_in_a_diff(hunk), source[:WIDEST], hunk.start)
        yield _Trace(commit, depth, WEIGHTS[how] * OUTWARDS**depth, evidence)


def _as_written(file: Changed, call: Call) -> Call:
    """A call of what a compiler made, in the source: where the same line stands, or else the whole function."""
    line = code.written(file.lines, call.source, call.function)
    return replace(call, line=line, source="")


def _is_the_line(file: Changed, call: Call) -> bool:
    """What ran may be another file of that name: then the line is another.

    Some SDKs look lines up as `str.splitlines` counts them, which ends one at a form feed too.
    """
    if not call.source or not call.line:
        return True
    counted = (file.lines, "\n".join(file.lines).splitlines())
    at = call.line - 1
    return any(at < len(lines) and lines[at].strip() == call.source.strip() for lines in counted)


def _marks(file: Changed, call: Call, written: Mapping[str, Written]) -> Iterator[tuple[str, How, Hunk]]:
    """What commits left at the place of a call, each with the lines of its own difference that show it."""
    first, last = code.span(file.lines, call.line, call.function)
    end = code.statement(file.lines, call.line)
    if call.line in file.origin:
        yield file.origin[call.line], "line", _around(file, call.line, written)
    for line in range(first, last + 1):
        if line in file.origin and code.says_something(file.lines[line - 1]):
            yield file.origin[line], _how_near(call, end, line, line), _around(file, line, written)
    for hunk, commit, own in _removals(file, written):
        if first and first - 1 <= hunk.start <= last:
            yield commit, _how_near(call, end, hunk.start, hunk.start + 1), own
    yield from _used(file, call, first, last, written)


def _used(
    file: Changed, call: Call, first: int, last: int, written: Mapping[str, Written]
) -> Iterator[tuple[str, How, Hunk]]:
    """Elsewhere in the file, changes to what the function names before it went wrong."""
    named = code.names(file.lines[max(0, first - 1) : code.reached(file.lines, call.line, last)])
    for line, commit in file.origin.items():
        outside = not first <= line <= last and code.says_something(file.lines[line - 1])
        if outside and code.given(file.lines, line, file.blocks[line - 1]) & named:
            yield commit, "uses", _around(file, line, written)
    for hunk, commit, own in _removals(file, written):
        gone = {name for line in hunk.removed if line[:1].strip() for name in code.bound(line)}
        if not first - 1 <= hunk.start <= last and gone & named:
            yield commit, "uses", own


def _how_near(call: Call, end: int, first: int, last: int) -> How:
    """Of lines that changed, how near they are to a call whose statement ends at `end`."""
    if not call.line:
        return "function"
    if call.line <= first and call.line < last <= end:
        return "statement"
    return "beside" if first - BESIDE <= call.line <= last + BESIDE else "function"


def _removals(file: Changed, written: Mapping[str, Written]) -> Iterator[tuple[Hunk, str, Hunk]]:
    """The lines that are gone, with each commit that took one of them away, and where it did so."""
    took = {
        commit: [(own, {line.strip() for line in own.removed}) for own in about.hunks.get(file.path, ())]
        for commit, about in written.items()
    }
    for hunk in file.hunks:
        gone = {line.strip() for line in hunk.removed if code.says_something(line)}
        for commit, theirs in took.items():
            own = next((own for own, lines in theirs if gone & lines), None)
            if own is not None:
                yield hunk, commit, own


def _around(file: Changed, line: int, written: Mapping[str, Written]) -> Hunk:
    """The part of its commit's own difference that a new line came with."""
    came = file.came.get(line, line)
    hunks = written[file.origin[line]].hunks.get(file.path, ())
    after = bisect_right(hunks, came, key=lambda hunk: hunk.start)
    for hunk in hunks[max(0, after - 2) : after]:
        at = came - hunk.start
        if 0 <= at < len(hunk.added):
            begin = max(0, at - SHOWN // 2)
            return Hunk(hunk.start + begin, hunk.removed, hunk.added[begin : begin + SHOWN])
    return Hunk(came, (), (file.lines[line - 1],))


def as_in_a_diff(hunk: Hunk) -> tuple[str, ...]:
    """As in a diff, and no longer than what one looks at."""
    removed = [f"-{line[:WIDEST]}" for line in hunk.removed[: SHOWN // 2 if hunk.added else SHOWN]]
    return (*removed, *(f"+{line[:WIDEST]}" for line in hunk.added[: SHOWN - len(removed)]))
