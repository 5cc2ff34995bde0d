"""The tables of the record. Times are seconds since 1970 (UTC); our ids are ULIDs that sort in order of making."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

metadata = MetaData()

NARROWS = text("json_extract(project, '$.release.migration') <> 'expand'")
"""That an artifact's release command does more to the data than add to it. An index is found for a question that
has it word for word alone.
"""

applications = Table(
    "applications",
    metadata,
    Column("name", String, primary_key=True),
    Column("default_branch", String, nullable=False),
    Column("created", Float, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("digest", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),  # personal | session | code
    Column("role", String, nullable=False),  # owner | user | metrics
    Column("who", String, nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float),
    Column("revoked", Float),
    Column("name", String, nullable=False, server_default=""),  # what for, as people call it
    Column("used", Float),  # within some minutes
    Column("parent", String),  # of a session or a code: the personal token it was made from
    Index("tokens_by_parent", "parent"),
)

pushes = Table(
    "pushes",
    metadata,
    Column("id", String, primary_key=True),
    Column("application", ForeignKey("applications.name"), nullable=False),
    Column("ref", String, nullable=False),
    Column("old", String, nullable=False),  # forty zeros: the ref is new
    Column("new", String, nullable=False),  # forty zeros: the ref was deleted
    Column("sequence", Integer, nullable=False),  # 1, 2, … per application and ref
    Column("who", String, nullable=False),
    Column("state", String, nullable=False),  # offered | accepted | dropped
    Column("process", String, nullable=False, server_default=""),  # the receive-pack that carried it
    Column("at", Float, nullable=False),
    UniqueConstraint("application", "ref", "sequence"),
    Index("pushes_by_state", "state"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("number", Integer, nullable=False),  # 1, 2, … per application: what people say
    Column("application", ForeignKey("applications.name"), nullable=False),
    Column("push", ForeignKey("pushes.id"), unique=True),
    Column("branch", String, nullable=False),
    Column("commit", String, nullable=False),
    Column("who", String, nullable=False),
    Column("purpose", String, nullable=False),  # push | deploy | rollback
    Column("deliver", JSON, nullable=False),  # names of the environments it goes to, in order
    Column("plan", JSON, nullable=False),  # what the engine interprets
    Column("tier", String, nullable=False, server_default=""),
    Column("state", String, nullable=False),  # queued | running | passed | failed | cancelled | superseded
    Column("reason", String, nullable=False, server_default=""),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("ended", Float),
    Column("retry_of", Integer),  # the number of the run that this one does again
    UniqueConstraint("application", "number"),
    Index("runs_by_state", "state"),
    Index("runs_by_commit", "application", "commit"),
    Index("runs_by_hash", "commit"),
    Index("runs_by_application", "application", "id"),
    Index("runs_by_branch", "application", "branch", "id"),
    Index("runs_again", "application", "retry_of", "number", sqlite_where=text("retry_of IS NOT NULL")),
    Index("runs_deployed", "application", "id", sqlite_where=text("purpose = 'deploy'")),  # few among many
)

steps = Table(
    "steps",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("needs", JSON, nullable=False),
    Column("state", String, nullable=False),  # running | passed | failed | timed out | cancelled | lost
    Column("exit_code", Integer),
    Column("excerpt", String, nullable=False, server_default=""),  # the log's lines that explain a failure
    Column("started", Float),
    Column("ended", Float),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("application", ForeignKey("applications.name"), primary_key=True),
    Column("digest", String, primary_key=True),  # sha256 in hexadecimal, of the archive
    Column("commit", String, primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("project", JSON, nullable=False),  # shipway.yml as it was read for this commit
    Column("size", Integer, nullable=False),  # bytes of the archive
    Column("created", Float, nullable=False),
    Column("pruned", Float),
    Index("artifacts_by_commit", "application", "commit"),
    Index("artifacts_that_narrow", "application", "digest", "commit", sqlite_where=NARROWS),  # few among many
)

configurations = Table(
    "configurations",
    metadata,
    Column("application", ForeignKey("applications.name"), primary_key=True),
    Column("environment", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("values", JSON, nullable=False),
    Column("secrets", LargeBinary, nullable=False),  # one encrypted JSON object, names and values
    Column("secret_names", JSON, nullable=False),
    Column("who", String, nullable=False),
    Column("created", Float, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("id", String, primary_key=True),
    Column("application", ForeignKey("applications.name"), nullable=False),
    Column("environment", String, nullable=False),
    Column("number", Integer, nullable=False),  # 1, 2, … per application and environment
    Column("digest", String, nullable=False),
    Column("commit", String, nullable=False),
    Column("configuration", Integer, nullable=False),
    Column("created", Float, nullable=False),
    UniqueConstraint("application", "environment", "number"),
    UniqueConstraint("application", "environment", "digest", "commit", "configuration"),
    Index("releases_by_commit", "commit"),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", String, primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("release", ForeignKey("releases.id"), nullable=False),
    Column("application", String, nullable=False),
    Column("environment", String, nullable=False),
    Column("commit", String, nullable=False),
    Column("kind", String, nullable=False),  # deploy | rollback
    Column("epoch", Integer, nullable=False),
    Column("state", String, nullable=False),  # running | done | failed | stuck | unknown
    Column("phase", String, nullable=False),  # the last thing that was begun
    Column("reason", String, nullable=False, server_default=""),
    Column("excerpt", String, nullable=False, server_default=""),
    Column("started", Float, nullable=False),
    Column("switched", Float),
    Column("ended", Float),
    UniqueConstraint("run", "environment"),
    UniqueConstraint("application", "environment", "epoch"),
    Index("deployments_by_state", "state"),
    Index("deployments_by_release", "release", "epoch"),
    Index("deployments_counted", "application", "environment", "kind", "state"),
)

serving = Table(
    "serving",
    metadata,
    Column("application", ForeignKey("applications.name"), primary_key=True),
    Column("environment", String, primary_key=True),
    Column("release", ForeignKey("releases.id"), nullable=False),
    Column("deployment", ForeignKey("deployments.id"), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("since", Float, nullable=False),
    Column("warm", ForeignKey("releases.id")),  # the release before, its web kept running
    Column("warm_until", Float),
)

instances = Table(
    "instances",
    metadata,
    Column("id", String, primary_key=True),
    Column("release", ForeignKey("releases.id"), nullable=False),
    Column("process", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("port", Integer),
    Column("wanted", Boolean, nullable=False, server_default=text("1")),
    Column("created", Float, nullable=False),
    Index("instances_by_release", "release"),
)

ports = Table(
    "ports",
    metadata,
    Column("port", Integer, primary_key=True),
    Column("owner", String, nullable=False),
    Column("taken", Float, nullable=False),
    Column("released", Float),  # null: taken; otherwise it rests for a minute
)

holds = Table(
    "holds",
    metadata,
    Column("id", String, primary_key=True),
    Column("application", ForeignKey("applications.name"), nullable=False),
    Column("environment", String),  # null: every environment
    Column("commit", String),  # null: every commit
    Column("kind", String, nullable=False),  # freeze | quarantine | incident | experiment
    Column("why", String, nullable=False),
    Column("who", String, nullable=False),
    Column("created", Float, nullable=False),
    Column("until", Float),
    Column("lifted", Float),
    Index("holds_in_force", "application", "id", sqlite_where=text("lifted IS NULL")),
    Index("holds_by_commit", "application", "commit", "id", sqlite_where=text('"commit" IS NOT NULL')),
)

facts = Table(
    "facts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("kind", String, nullable=False),
    Column("application", String),
    Column("run", String),
    Column("environment", String),
    Column("commit", String),
    Column("who", String),
    Column("data", JSON, nullable=False),
    Index("facts_by_run", "run", "id"),
    Index("facts_by_environment", "application", "environment", "id"),
    Index("facts_by_commit", "application", "commit", "id"),
    sqlite_autoincrement=True,
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", String, primary_key=True),
    Column("deployment", ForeignKey("deployments.id"), nullable=False),
    Column("application", String, nullable=False),
    Column("environment", String, nullable=False),
    Column("release", ForeignKey("releases.id"), nullable=False),
    Column("commit", String, nullable=False),
    Column("share", Integer, nullable=False),  # of 100 requests that it had when it was judged
    Column("kind", String, nullable=False),  # good | bad | not known
    Column("reason", String, nullable=False),
    Column("findings", JSON, nullable=False),  # what was compared, the worst first
    Column("at", Float, nullable=False),
    Index("verdicts_by_release", "release", "id"),
    Index("verdicts_by_deployment", "deployment", "id"),
)

channels = Table(
    "channels",
    metadata,
    Column("id", String, primary_key=True),
    Column("whose", String, nullable=False),  # see incidents/channels.py
    Column("service", String, nullable=False),  # what people call the kind: E-Mail, Slack
    Column("sealed", LargeBinary, nullable=False),  # its URL, encrypted
    Column("private", Boolean, nullable=False),  # may it lead to addresses that are not public
    Column("who", String, nullable=False),
    Column("created", Float, nullable=False),
    Index("channels_by_whose", "whose"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("kind", String, nullable=False),  # of a cause, or fixed | updated | … (incidents/channels.py)
    Column("application", String),
    Column("environment", String),
    Column("run", String),
    Column("commit", String),
    Column("subject", String, nullable=False),
    Column("text", String, nullable=False),
    Column("answers", String, nullable=False, server_default=""),  # the message it follows up
    Column("names_nobody", Boolean, nullable=False, server_default=text("0")),
    Column("state", String, nullable=False),  # waiting | sent | nowhere
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_try", Float, nullable=False),
    Column("lease", String, nullable=False, server_default=""),  # the server and the courier that send it now
    Column("lease_until", Float, nullable=False, server_default=text("0")),
    Column("service", String, nullable=False, server_default=""),  # of the channel that took it, or was tried last
    Column("problem", String, nullable=False, server_default=""),
    Column("created", Float, nullable=False),
    Column("sent", Float),
    Column("reached", String, nullable=False, server_default=""),  # whose channel took it
    UniqueConstraint("person", "cause"),
    Index("messages_by_state", "state", "next_try"),
    Index("messages_by_commit", "application", "commit"),
    Index("messages_by_person", "person", "id"),
    Index("messages_by_application", "application", "id"),
    Index("messages_by_kind", "application", "kind", "id"),
    Index("messages_that_answer", "answers", "id"),
    Index("messages_by_cause", "cause"),
)

positions = Table(
    "positions",
    metadata,
    Column("name", String, primary_key=True),
    Column("fact", Integer, nullable=False),  # the last one that was handled
)

error_intakes = Table(
    "error_intakes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # what an SDK calls the project
    Column("application", ForeignKey("applications.name"), nullable=False, unique=True),
    sqlite_autoincrement=True,
)

error_keys = Table(
    "error_keys",
    metadata,
    Column("key", String, primary_key=True),  # public: it lets nobody do more than report an error
    Column("application", ForeignKey("applications.name"), nullable=False),
    Column("environment", String, nullable=False),
    Column("created", Float, nullable=False),
    Column("revoked", Float),
    Index("error_keys_by_environment", "application", "environment"),
)

errors = Table(
    "errors",
    metadata,
    Column("id", String, primary_key=True),
    Column("application", ForeignKey("applications.name"), nullable=False),
    Column("number", Integer, nullable=False),  # 1, 2, … per application: what people say
    Column("fingerprint", String, nullable=False),
    Column("title", String, nullable=False),
    Column("place", String, nullable=False),  # where it was raised, as people say it
    Column("level", String, nullable=False),
    Column("state", String, nullable=False),  # open | resolved
    Column("first_seen", Float, nullable=False),
    Column("last_seen", Float, nullable=False),
    Column("count", Integer, nullable=False),
    Column("checks", Integer, nullable=False, server_default=text("0")),  # of them, asked by Shipway itself
    Column("resolved", Float),
    Column("resolved_by", String),
    Column("resolved_after", JSON),  # environment -> the last release number that may still have it
    Column("regressed", Float),
    UniqueConstraint("application", "fingerprint"),
    UniqueConstraint("application", "number"),
    Index("errors_by_last_seen", "application", "last_seen"),
)

error_places = Table(
    "error_places",
    metadata,
    Column("error", ForeignKey("errors.id", ondelete="CASCADE"), primary_key=True),
    Column("environment", String, primary_key=True),
    Column("release", ForeignKey("releases.id")),  # in which it was new, or came back; null: not one of ours
    Column("first_seen", Float, nullable=False),
    Column("last_seen", Float, nullable=False),
    Column("count", Integer, nullable=False),
    Column("checks", Integer, nullable=False, server_default=text("0")),  # of them, asked by Shipway itself
    Column("suspicion", JSON(none_as_null=True)),  # null: nobody has looked yet
    Index("error_places_by_environment", "environment"),
)

error_releases = Table(
    "error_releases",
    metadata,
    Column("error", ForeignKey("errors.id", ondelete="CASCADE"), primary_key=True),
    Column("environment", String, primary_key=True),
    Column("named", String, primary_key=True),  # the release's id, or what the application called it
    Column("release", ForeignKey("releases.id")),
    Column("first_seen", Float, nullable=False),
    Column("last_seen", Float, nullable=False),
    Column("count", Integer, nullable=False),
    Column("checks", Integer, nullable=False, server_default=text("0")),  # of them, asked by Shipway itself
)

error_requests = Table(
    "error_requests",
    metadata,
    Column("error", ForeignKey("errors.id", ondelete="CASCADE"), primary_key=True),
    Column("request", String, primary_key=True),
    Column("last_seen", Float, nullable=False),
    Column("count", Integer, nullable=False),
)
