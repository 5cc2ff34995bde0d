"""Artifacts: what green runs left behind, named by digest."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from shipway.state import facts, releases, runs
from shipway.state.releases import Release
from shipway.state.tables import artifacts


@dataclass(frozen=True)
class Artifact:
    """`digest` is the archive's SHA-256, `size` its bytes, `project` shipway.yml as read for the commit."""

    application: str
    digest: str
    commit: str
    run: str
    project: Mapping[str, Any]
    size: int
    created: float
    pruned: float | None


def create(
    conn: Connection,
    *,
    application: str,
    digest: str,
    commit: str,
    run: str,
    project: Mapping[str, Any],
    size: int,
    tree: str = "",
) -> Artifact:
    """Records the artifact of a commit once. Two commits may share an archive, which is then present again.

    `tree` is the id in git of the files it was built from, empty where nobody knows.
    """
    same = (artifacts.c.application == application, artifacts.c.digest == digest)
    conn.execute(update(artifacts).where(*same).values(pruned=None))
    if conn.execute(select(artifacts.c.digest).where(*same, artifacts.c.commit == commit)).first() is not None:
        return get(conn, application, digest, commit)
    conn.execute(
        insert(artifacts).values(
            application=application,
            digest=digest,
            commit=commit,
            run=run,
            project=dict(project),
            size=size,
            created=time.time(),
        )
    )
    facts.record(
        conn,
        "artifact.published",
        application=application,
        run=run,
        commit=commit,
        data={"digest": digest, "size": size, "tree": tree},
    )
    return get(conn, application, digest, commit)


def get(conn: Connection, application: str, digest: str, commit: str) -> Artifact:
    """The artifact of this commit with this digest, which must exist."""
    query = select(artifacts).where(
        artifacts.c.application == application, artifacts.c.digest == digest, artifacts.c.commit == commit
    )
    return Artifact(**conn.execute(query).mappings().one())


def of_release(conn: Connection, release: Release) -> Artifact:
    """The artifact that a release is made of."""
    return get(conn, release.application, release.digest, release.commit)


def of_commit(conn: Connection, application: str, commit: str) -> Artifact | None:
    """The artifact of a commit that has not been pruned, by the newest run that left one."""
    query = (
        select(artifacts)
        .where(
            artifacts.c.application == application,
            artifacts.c.commit == commit,
            artifacts.c.pruned.is_(None),
        )
        .order_by(artifacts.c.run.desc())
        .limit(1)
    )
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else Artifact(**row)


def tree_of(conn: Connection, application: str, commit: str) -> str:
    """The id in git of the files that the artifact of a commit was built from; empty where the record has none."""
    published = facts.last(conn, "artifact.published", application, commit=commit)
    return "" if published is None else str(published.data.get("tree", ""))


def present(conn: Connection) -> list[Artifact]:
    """Every artifact that has not been pruned, that of the oldest run first."""
    query = select(artifacts).where(artifacts.c.pruned.is_(None)).order_by(artifacts.c.run)
    return [Artifact(**row) for row in conn.execute(query).mappings()]


def not_needed(conn: Connection, last_releases: int, younger_than: float) -> list[Artifact]:
    """The present artifacts whose files nobody can need any more.

    Needed is what serves, is kept warm, or is named by the last `last_releases` of an environment; what a run that
    is not over may deliver; and what was published less than `younger_than` seconds ago.
    """
    under_way = {(run.application, run.commit) for run in runs.in_state(conn, "queued", "running")}
    young = time.time() - younger_than
    found = present(conn)
    needed = releases.digests_kept(conn, last_releases) | {
        artifact.digest
        for artifact in found
        if artifact.created > young or (artifact.application, artifact.commit) in under_way
    }
    return [artifact for artifact in found if artifact.digest not in needed]


def prune(conn: Connection, artifact: Artifact) -> None:
    """Records that the files of an artifact are about to go."""
    key = (artifacts.c.application == artifact.application, artifacts.c.digest == artifact.digest)
    conn.execute(update(artifacts).where(*key).values(pruned=time.time()))
    facts.record(
        conn,
        "artifact.pruned",
        application=artifact.application,
        commit=artifact.commit,
        data={"digest": artifact.digest},
    )


def branch_of(conn: Connection, artifact: Artifact, environment: str) -> str:
    """The branch by which its commit is delivered to an environment; of one that no push was to bring there, the
    branch that built it. A branch that is merged as it is has built it, and delivers it nowhere.
    """
    delivered = runs.delivered_by(conn, artifact.application, artifact.commit, environment)
    return delivered or runs.get(conn, artifact.run).branch
