"""Whose turn it is: what is wrong with a commit now, and what would mend it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shipway.incidents import heard
from shipway.incidents.letter import listed
from shipway.incidents.mended import COMMITS
from shipway.releases.gate import GATES, INNOCENT, MEND, READY
from shipway.state.facts import Fact
from shipway.web.by_now import ByNow
from shipway.web.journey import Journey
from shipway.web.life.mending import OnTop
from shipway.web.life.record import Record
from shipway.web.quarantines import Quarantine
from shipway.web.taken import SHIPWAY, Taken
from shipway.web.whereabouts import SERVES, STOPPED

DONE = "nothing is left to do"
NOT_ITS_COMMIT = (
    "signals.not_judged",
    "signals.heard_too_short",
    "signals.taken_back",
    "deployments.both_out",
    "rollbacks.left_frozen",
)
"""Why a run ended of which the commit may be well."""


@dataclass(frozen=True)
class Turn:
    """`wrong` is a sentence, and `address` where its proof is, called `proof`; `mend` says what would help, and
    `command` is a part of that to be typed. `whose` can mend it: empty where that is not a matter of a commit.
    """

    whose: str
    wrong: str
    address: str
    proof: str
    mend: str
    command: str = ""


def turn(record: Record, author: str, environment: str = "") -> Turn | None:
    """That of the `author`, mostly; nothing while nobody has to act. Where it is asked for one `environment`, no
    command is given that takes it to another.

    It is well then, or under way, or a newer commit serves with it or has taken it back. Where a newer one has
    mended it and does not serve, that is said instead. What a person rolled back nothing holds: it is said how it
    comes again. Where the messages about it name nobody, it is nobody's by name here either.
    """
    held, now = _held(record), None if record.way is None else record.way.now
    if held:
        return _as_told(record, _of_quarantine(record, held, author))
    if (over := _mended(record)) and not _elsewhere(record):
        return _of_quarantine(record, over, "")
    if now is not None and now.run.state == "failed" and not _elsewhere(record):
        last = _last(record, now)
        return _as_told(record, _of_run(record, last, author, environment)) if last.run.over else None
    return _as_told(record, _of_error(record, author)) or _of_rollback(record)


def _last(record: Record, now: Journey) -> Journey:
    """The run that says why it stands still: a later one that did not get through, or is to bring it further."""
    later = [one for one in record.journeys if one.run.purpose == "deploy" and one.run.created > now.run.created]
    return later[-1] if later and later[-1].run.state in ("queued", "running", "failed") else now


def _as_told(record: Record, found: Turn | None) -> Turn | None:
    """A turn as the messages about it have decided it."""
    told = [one for one in record.told if one.kind in COMMITS]
    if found is None or not found.whose or not told or not all(one.names_nobody for one in told):
        return found
    people = list(dict.fromkeys(heard.who(one) for one in told))
    who = f"{listed(people)} {'was' if len(people) == 1 else 'were'} told"
    return replace(found, whose="", wrong=f"{found.wrong} Whose change it was, is not known: {who}.")


def _elsewhere(record: Record) -> bool:
    """Whether it serves at the end of its way all the same, by a newer commit or a later run; or was reverted."""
    return bool(record.places) and (record.places[-1].state == SERVES or bool(record.places[-1].reverted_by))


def _held(record: Record) -> list[Quarantine]:
    """What keeps it from an environment where nothing newer has it, or has taken it back."""
    open_ = [one.environment for one in record.places if not (one.release and _is_newer(record, one.environment))]
    return [each for each in record.held if each.in_force and each.environment in open_]


def _mended(record: Record) -> list[Quarantine]:
    """The quarantines that a commit on top of it ended, where it is in none any more."""
    over = [each for each in record.held if each.mended_by]
    return [] if any(each.in_force for each in record.held) else over


def _is_newer(record: Record, environment: str) -> bool:
    place = next(one for one in record.places if one.environment == environment)
    serves_newer = place.state == SERVES and place.release is not None and place.release.commit != record.commit
    return serves_newer or bool(place.reverted_by)


def _of_quarantine(record: Record, held: list[Quarantine], author: str) -> Turn:
    last = held[-1]
    where = f"/applications/{record.application}/environments/{last.environment}"
    trials = [one for one in record.trials.values() if one.release.environment == last.environment]
    bad = next(((one, said) for one in reversed(trials) if (said := one.decisive) and said.kind == "bad"), None)
    names = listed([each.environment for each in held])
    ready = next((each for each in held if each.take_back), None)
    late = "" if ready is None or record.on_top is None else _late(record.on_top, ready.branch)
    way = "" if ready is None or late else ready.take_back
    over = "" if last.in_force else f"{last.says}: {DONE}."
    if bad is None:
        wrong = f"{last.says[0].upper()}{last.says[1:]}."
        mend = "" if over else f"{MEND}, or {INNOCENT}. {late or (f'{READY}:' if way else last.unready)}"
        return Turn(author, wrong, where, last.environment, mend, way)
    return Turn(
        whose=author,
        wrong=f"Judged bad in {names}. {bad[1].reason}",
        address=f"{where}/releases/r{bad[0].release.number}",
        proof="What was judged",
        mend=over or (f"{MEND}, or take it back:" if way else f"{MEND}. {late}".rstrip()),
        command=way,
    )


def _late(newer: OnTop, branch: str) -> str:
    """What takes a commit back was made before a newer one changed the same files, perhaps."""
    after = f"{newer.commit[:7]}, which comes after it,"
    mends = f"{after} did not get through {newer.lost}" if newer.lost else f"If {after} does, deploy that"
    return f"{mends}; merging `{branch}`, which takes it back, may conflict with it."


def _of_run(record: Record, now: Journey, author: str, environment: str) -> Turn | None:
    run = f"/runs/{now.run.application}:{now.run.number}"
    if (so := record.by_now.get(now.run.id)) is not None:
        if so.gone is not None:
            return None
        mend, command = _by_now(so, record.commit[:7], environment)
        return Turn("", f"{so.says}.", run, f"Run {now.run.number}", mend, command)
    others = next((fact for fact in reversed(now.stopped) if _is_not_its_commit(fact)), None)
    if others is not None:
        said = others.data
        return Turn("", str(said["message"]), run, f"Run {now.run.number}", str(said.get("hint") or ""))
    by = record.mended.get(now.run.id, "")
    mend = f"{by}: {DONE}." if by else f"{MEND}."
    if now.failed_steps:
        step = now.failed_steps[0]
        if step.name in now.actors:
            why = f"`{step.name}` could not be done. {step.excerpt.strip()}".strip()
            return Turn("", why, f"{run}?step={step.name}#log", "Its log", "")
        found = now.suspicions.get(step.name, {})
        whose = str(found.get("author") or "") if found.get("commit") else author
        wrong = f"`{step.name}` failed. {found.get('reason', '')}".strip()
        return Turn("" if by else whose, wrong, f"{run}?step={step.name}#log", "Its log", mend)
    why = now.run.reason.split("\n")[0]
    return Turn("" if by else author, why, run, f"Run {now.run.number}", mend) if why else None


def _by_now(so: ByNow, commit: str, environment: str) -> tuple[str, str]:
    """What would take it on, and the command for that."""
    if not so.command:
        return so.hint, ""
    if environment not in ("", so.environment):
        return f"{so.environment} comes first: `shipway why {commit} --env {so.environment}` says how.", ""
    return "This takes it there:", so.command


def _is_not_its_commit(stopped: Fact) -> bool:
    """Whether a gate ended the run, a person, the machine, or that nobody could judge."""
    why = stopped.data.get("id")
    return why in GATES or why in NOT_ITS_COMMIT or stopped.data.get("actor", "you") != "you"


def _of_error(record: Record, author: str) -> Turn | None:
    """The newest open error that it is suspected of, unless a newer commit has mended what it did."""
    open_ = [one for one in record.suspected if one.error.state == "open"]
    reverted = bool(record.places) and bool(record.places[-1].reverted_by)
    if not open_ or reverted or any(each.mended_by for each in record.held):
        return None
    error = open_[-1].error
    names = [one.place.environment for one in open_ if one.error.id == error.id]
    address = f"/applications/{record.application}/errors/{error.number}"
    by = record.mended.get(error.id, "")
    mend = f"{by}: `shipway errors {error.number} --resolve` says that it is mended." if by else f"{MEND}."
    wrong = f"{error.title} came with it in {listed(names)}."
    return Turn("" if by else author, wrong, address, "Where it happens", mend)


def _of_rollback(record: Record) -> Turn | None:
    """How what a person rolled back comes again, where nothing but that keeps it away."""
    away = [] if _elsewhere(record) else [one for one in record.places if one.state == STOPPED]
    place = next((one for one in reversed(away) if _is_by_hand(one.gone)), None)
    if place is None or (gone := place.gone) is None:
        return None
    run, there = f"/runs/{gone.run.application}:{gone.run.number}", place.environment
    wrong, proof = f"{gone.says}.", f"Run {gone.run.number}"
    if there in record.frozen:
        mend = f"No quarantine holds it. Once somebody thaws {there}, a commit on top of it comes there."
        return Turn("", wrong, run, proof, mend)
    mend = "No quarantine holds it: a commit on top of it comes there, and this brings it back as it is:"
    return Turn("", wrong, run, proof, mend, f"shipway deploy {record.commit[:7]} --env {there}")


def _is_by_hand(gone: Taken | None) -> bool:
    return gone is not None and gone.back and gone.run.who != SHIPWAY
