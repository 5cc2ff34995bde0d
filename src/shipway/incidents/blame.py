"""Who can mend it, how sure that is, and why. Rather nobody than a wrong name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shipway.incidents import code_owners
from shipway.incidents.cause import Cause
from shipway.incidents.sure import Confidence
from shipway.pushes.git import SHIPWAY, CommitInfo, Git, GitFailed
from shipway.state.settings import Setting

OWNER = "owner"
"""The owner of the installation, by the name under which their channels are kept."""

INDEX = "artifacts.index_unreachable"  # the id of that packages could not be fetched
FETCHING = (
    "Packages come from there: it is the index itself, the network, or what names that index, the machine's "
    "settings or the application's requirements."
)

UNDECIDED = "Nothing says which of these it was."
NAMES_NOBODY = "Whose change it is, is not known, so nobody is named."

OF_NO_COMMIT = ("error", "failing")
"""Kinds of trouble that are no author's for being new beside it."""

MOST = 100
"""Commits of one push that are looked at: of more, nobody can say which it was."""


@dataclass(frozen=True)
class Whom:
    """`people` are addresses, names or teams; `evidence` is a sentence that they can check; `commit` is theirs.

    Of `values` that were set, those are theirs, and nothing else is where it is `set_alone`.

    `held`: it is not theirs, but they wait until somebody mends it. `about` is the commit that it happened with,
    and `merges` that it is a merge.
    """

    people: tuple[str, ...]
    confidence: Confidence | None
    evidence: str
    commit: CommitInfo | None = None
    held: bool = False
    about: CommitInfo | None = None
    merges: bool = False
    values: tuple[Setting, ...] = ()
    set_alone: bool = False

    @property
    def names_nobody(self) -> bool:
        """Whether it is not known whose change it was."""
        return self.confidence is None and not self.held


def with_its_commit(git: Git | None, cause: Cause, told: Whom) -> Whom:
    """With what git knows of the commit that it happened with, if it knows it."""
    if git is None or cause.commit is None:
        return told
    try:
        about = git.commit(cause.commit)
    except (GitFailed, ValueError):
        return told
    return replace(told, about=about, merges=len(about.parents or ()) > 1)


def everybody(git: Git | None, cause: Cause) -> tuple[list[Whom], Whom | None]:
    """Who should hear of it, and who should hear that they wait: always somebody, the owner of the installation
    when there is nobody else.
    """
    if cause.values:
        return setters(cause.values), None
    theirs = whom(git, cause)
    if waits_for_packages(cause):
        return [theirs], waiting(git, cause)
    others = held(git, cause, theirs)
    told = theirs if theirs.people or others is not None else Whom((OWNER,), None, NAMES_NOBODY)
    if cause.beside and cause.suspect is None and not cause.began:
        return _with_setters(told, cause), others
    return [told], others


def waits_for_packages(cause: Cause) -> bool:
    """Whether packages could not be fetched, which a commit has to wait for."""
    return cause.kind == "machine" and INDEX in cause.key


def waiting(git: Git | None, cause: Cause) -> Whom | None:
    """The authors of what waits for packages; nobody where that is not known, or too much of it."""
    try:
        commits = [] if git is None or cause.commit is None else _new(git, replace(cause, base=cause.onto))
    except (GitFailed, ValueError):
        return None
    people = tuple(dict.fromkeys(commit.email.lower() for commit in commits if commit.email))
    known = len(people) > 0 and len(commits) <= MOST
    return Whom(people, None, f"{FETCHING} The owner of the installation was told.", held=True) if known else None


def setters(values: Sequence[Setting]) -> list[Whom]:
    """Each who set one of these values, or secrets; the owner of the installation where it is not known who.

    Of one person it is known that it was theirs, though not which; of several nobody's.
    """
    people = list(dict.fromkeys(_setter(one) for one in values))
    known = len(people) == 1 and people != [OWNER]
    return [
        Whom(
            (person,),
            "high" if known else None,
            _what_they_set(values, person),
            values=_set_by(values, person),
            set_alone=True,
        )
        for person in people
    ]


def _setter(value: Setting) -> str:
    return OWNER if value.who in ("", "unknown") else value.who


def _set_by(values: Sequence[Setting], person: str) -> tuple[Setting, ...]:
    return tuple(one for one in values if _setter(one) == person)


def _with_setters(told: Whom, cause: Cause) -> list[Whom]:
    """Beside whom the commit leads to, each who set what came with it, with their part: nothing says which it was,
    unless that is one person.
    """
    values = cause.beside
    people = dict.fromkeys(_setter(one) for one in values)
    theirs = tuple(one for one in values if _setter(one) in told.people)
    if [*people] == [*told.people]:
        return [replace(told, evidence=f"{told.evidence} {_sets(values, told.people[0])}", values=theirs)]
    by = "" if told.commit is None else f", by {told.commit.author},"
    new = f"{str(cause.commit)[:7]}{by} is new there as well."
    author = f"{told.evidence} {_sets(values, told.people[0])} {UNDECIDED}"
    return [
        replace(told, confidence=None, evidence=author, values=theirs),
        *(
            Whom(
                (one,),
                None,
                f"{_sets(values, one)} {new} {UNDECIDED}",
                values=_set_by(values, one),
                set_alone=True,
            )
            for one in people
            if one not in told.people
        ),
    ]


def named_value(value: Setting) -> str:
    return f"{value.name} (taken away)" if value.gone else value.name


def _what_they_set(values: Sequence[Setting], person: str) -> str:
    """What one person set, what others did, and how far that tells anything."""
    several = [UNDECIDED] if len({_setter(one) for one in values}) > 1 else []
    return " ".join([_sets(values, person), *several, "No commit is to blame: the one before was the same."])


def _sets(values: Sequence[Setting], person: str) -> str:
    """Who set which of these, the person that is told first."""
    said = []
    for one in sorted(dict.fromkeys(_setter(each) for each in values), key=lambda one: one != person):
        verb = "It is not known who" if one == OWNER else "You" if one == person else one
        said.append(f"{verb} set {', '.join(map(named_value, _set_by(values, one)))}.")
    return " ".join(said)


def whom(git: Git | None, cause: Cause) -> Whom:
    """Who can mend it, or else who asked for it, or the owner of the installation.

    Of what began with a commit below: whoever wrote that one, or nobody where it is not known.
    """
    if cause.whose == "owner" or git is None:
        return Whom((OWNER,), "high", FETCHING if INDEX in cause.key else "It is the machine's, or Shipway's own.")
    found = _whom(git, cause)
    return _less_sure(found, cause) if cause.unsure else found


def _less_sure(found: Whom, cause: Cause) -> Whom:
    confidence: Confidence | None = "low" if found.confidence is not None else None
    return replace(found, confidence=confidence, evidence=f"{found.evidence} {cause.unsure}")


def _whom(git: Git, cause: Cause) -> Whom:
    try:
        return (
            _only(git, cause)
            or _with_whom_it_began(git, cause)
            or _suspect(git, cause)
            or _named_by(git, cause)
            or _owners(git, cause)
            or _asker(cause, _told_apart(git, cause))
        )
    except (GitFailed, ValueError):
        return _asker(cause, [])


def held(git: Git | None, cause: Cause, told: Whom) -> Whom | None:
    """Who wrote, or else pushed, what came after the commit with which it began, and is not `told` of it."""
    if git is None or not cause.began:
        return None
    try:
        later = git.brought(cause.onto or cause.began, str(cause.commit), MOST + 1)
    except (GitFailed, ValueError):
        later = []
    authors = {commit.email.lower() for commit in later if commit.email}
    people = tuple(authors) if len(authors) == 1 else (cause.asked,)
    people = tuple(one for one in people if one not in ("", "unknown", *told.people))
    by = "" if told.commit is None else f", which is by {told.commit.author}"
    why = f"The same happened with {cause.began[:7]} before{by}. Your commit comes on top of it."
    return Whom(people, None, why, held=True) if people else None


def _with_whom_it_began(git: Git, cause: Cause) -> Whom | None:
    """Nobody who came later brought it."""
    if not cause.began:
        return None
    first = replace(cause, commit=cause.began, began="", far=True)
    found = _only(git, first) or _suspect(git, first) or _named_by(git, first)
    if found is None:
        return Whom((), None, "")
    why = f"The same happened with {cause.began[:7]} before. {found.evidence}"
    return replace(found, confidence="medium" if found.confidence == "high" else found.confidence, evidence=why)


def _suspect(git: Git, cause: Cause) -> Whom | None:
    suspect = cause.suspect
    if suspect is None or not (suspect.email or suspect.commit):
        return None
    known = git.brought(None, suspect.commit, 1) if git.resolve(suspect.commit) == suspect.commit else []
    address = known[0].email if known else suspect.email
    if not address:
        return None
    commit = known[0] if known else CommitInfo(suspect.commit, "", suspect.author, suspect.email, cause.at)
    return Whom((address.lower(),), suspect.confidence, suspect.evidence, commit)


def _only(git: Git, cause: Cause) -> Whom | None:
    """The author of what is new, if there is one alone; a suspicion says more of it, if it is of that author.

    An error is not the author's for being new beside it: without a suspect it is nobody's yet.
    """
    commits = _told_apart(git, cause)
    authors = {commit.email.lower() for commit in commits if commit.email}
    if len(authors) != 1:
        return None
    found = _suspect(git, cause)
    if found is not None and set(found.people) == authors and found.commit is not None:
        return Whom(found.people, "high", f"{_alone(cause, commits)} {found.evidence}", found.commit)
    return Whom(tuple(authors), "high", _alone(cause, commits), _theirs(commits))


def _named_by(git: Git, cause: Cause) -> Whom | None:
    """The author of what is new who alone has changed a file that the evidence names."""
    commits = _told_apart(git, cause)
    named = [commit for commit in commits if _named(git, commit, cause.lines)]
    authors = {commit.email.lower() for commit in named if commit.email}
    if len(authors) != 1:
        return None
    why = f"Of the authors of {len(commits)} commits you alone changed a file that the lines above name."
    return Whom(tuple(authors), "medium", why, _theirs(named))


def _told_apart(git: Git, cause: Cause) -> list[CommitInfo]:
    """What is new; nothing where there is too much of it, or an author is not to be looked for."""
    if cause.whose != "author" or cause.kind in OF_NO_COMMIT or cause.commit is None:
        return []
    commits = _new(git, cause)
    return _without_taken_back(git, commits) if len(commits) <= MOST else []


def _without_taken_back(git: Git, commits: Sequence[CommitInfo]) -> list[CommitInfo]:
    """Without commits that Shipway wrote to take others back, and these: together they change nothing."""
    ours = {one.commit for one in commits if f"{one.author} <{one.email}>" == SHIPWAY}
    gone = set(ours)
    for one in ours:
        for _, taken_back in git.reverts(git.parents(one)[:1], [one]):
            gone |= {commit for commit, _ in taken_back}
    return [one for one in commits if one.commit not in gone]


def _owners(git: Git, cause: Cause) -> Whom | None:
    """Whose the files are by CODEOWNERS: those the trouble names, otherwise those that changed."""
    if cause.kind == "stopped" or cause.whose != "author" or cause.commit is None:
        return None
    files = cause.files or (git.changed(cause.base, cause.commit) if cause.base else ())
    found = code_owners.owners(git, cause.commit, files)
    if not found:
        return None
    passed = "that say what is asked" if cause.kind == "failing" else "that the error passed through"
    which = passed if cause.files else "that this release changed"
    people = tuple(owner.lower() if "@" in owner[1:] else owner for owner in found)
    return Whom(people, None, f"Whose change it is, is not known. CODEOWNERS names you for the files {which}.")


def _asker(cause: Cause, commits: Sequence[CommitInfo]) -> Whom:
    if cause.kind in OF_NO_COMMIT or cause.asked in ("", "unknown"):
        return Whom((OWNER,), None, NAMES_NOBODY)
    if cause.run is not None and cause.run.purpose == "push":
        since = f"What is new since {_since(cause)}" if cause.far else "It"
        why = f"You pushed it. {since} has several authors, and nothing says whose change it was."
        return Whom((cause.asked,), None, why)
    if commits:
        why = f"You asked for it. It brought {len(commits)} commits, and nothing says whose change it was."
        return Whom((cause.asked,), None, why)
    return Whom((cause.asked,), "high", "You asked for it, and it brought no new commit there.")


def _new(git: Git, cause: Cause) -> list[CommitInfo]:
    """The commits that this one brought; without anything before it, itself or what it merged."""
    commit = str(cause.commit)
    base = cause.base
    if base == "":
        return git.brought(None, commit, MOST + 1)
    if base is None or base == commit:
        base = next(iter(git.parents(commit)), None)
    if base is None or git.resolve(base) is None:
        return git.brought(None, commit, 1)
    return git.brought(base, commit, MOST + 1)


def _named(git: Git, commit: CommitInfo, lines: Sequence[str]) -> bool:
    """Whether the evidence names a file that the commit changed."""
    parent = next(iter(git.parents(commit.commit)), None)
    if parent is None:
        return False
    return any(_mentions(lines, path) for path in git.changed(parent, commit.commit))


def _mentions(lines: Sequence[str], path: str) -> bool:
    """Whether a line names this very path, from the root of the repository on."""
    there = re.compile(rf"(?<![\w./-])(?:\./|/app/|/tree/)?{re.escape(path)}(?![\w/-])")
    return any(there.search(line) for line in lines)


def _alone(cause: Cause, commits: Sequence[CommitInfo]) -> str:
    what = f"what is new since {_since(cause)}" if cause.far else "this push"
    if cause.kind != "stopped":
        what = f"what is new in {cause.environment}"
    return f"You are the only author of {what}" + (f" ({len(commits)} commits)." if len(commits) > 1 else ".")


def _since(cause: Cause) -> str:
    return f"{cause.base[:7]}, the last without it" if cause.base else "the beginning"


def _theirs(commits: Sequence[CommitInfo]) -> CommitInfo:
    """The newest of a person's commits."""
    return commits[0]
