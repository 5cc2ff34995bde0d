"""The engine: DBOS Transact on a SQLite file of its own, inside this process.

The record (state/) is the truth and this file is disposable: a run that the engine does not know is submitted
again under its id, and every action first looks at what is already done.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import event

from shipway.durable.plan import Node, Plan
from shipway.errors import TransientError

Action = Callable[[str, Mapping[str, Any], Mapping[str, str]], str]
"""Called with the id of the run, the node's arguments and the outcomes of what it needs; returns its outcome."""

PASSED, SKIPPED, BROKEN, GAVE_UP = "passed", "skipped", "broken", "gave up"
"""Outcomes of the engine itself; after GAVE_UP stands, behind a colon, what did not mend."""

PAUSES = (0.2, 1, 3, 10, 20, 30)
"""Seconds between two tries of what Shipway can mend by waiting: about a minute in all."""

VERSION = "carry-1"
"""Changes only when the interpreter does: DBOS continues a run only under the version that began it."""

UNDER_WAY = ["PENDING", "ENQUEUED"]

THREADS = 64
"""Actions are synchronous and mostly wait; each holds one thread."""

log = logging.getLogger(__name__)


class Engine:
    """Interprets plans. One per process and per file; actions are at least once, outcomes recorded once."""

    def __init__(self, path: Path, actions: Mapping[str, Action], *, pauses: Sequence[float] = PAUSES) -> None:
        self._path = path
        self._actions = actions
        self._pauses = pauses
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="action")
        self._carry: Any = None

    def start(self) -> None:
        """Opens the file and continues what had not ended when the process before this one stopped."""
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute("pragma journal_mode=wal")  # stays with the file; DBOS does not set it
        event.listen(SqlEngine, "connect", self._less_syncing)
        config: DBOSConfig = {
            "name": "shipway",
            "system_database_url": f"sqlite:///{self._path}",
            "executor_id": "embedded",
            "application_version": VERSION,
            "serializer": DBOSPortableJSONSerializer(),  # never pickle: a writer of the file would own us
            "notification_listener_polling_interval_sec": 2.0,  # nothing waits for them
            "log_level": "ERROR",
        }
        DBOS(config=config)
        self._carry = DBOS.workflow(name="carry")(self._interpreter())
        DBOS.launch()

    def submit(self, run: str, plan: Plan) -> None:
        """Starts the plan under the id `run`; one that was started before is left alone."""
        with SetWorkflowID(run):
            DBOS.start_workflow(self._carry, plan.as_dict())

    def submit_again(self, run: str, plan: Plan) -> None:
        """Starts a plan of which the record says that it is not over, unless it is under way.

        One that has ended all the same, broken before its end was recorded, is forgotten and started anew:
        every action looks first at what is done.
        """
        known = DBOS.list_workflows(workflow_ids=[run], load_input=False, load_output=False)
        if any(workflow.status not in UNDER_WAY for workflow in known):
            DBOS.delete_workflows([run])
        self.submit(run, plan)

    def unfinished(self) -> set[str]:
        """The ids of plans that were started and have not ended."""
        found = DBOS.list_workflows(status=UNDER_WAY, load_input=False, load_output=False)
        return {workflow.workflow_id for workflow in found}

    def prune(self, older_than: float) -> int:
        """Forgets plans that ended more than `older_than` seconds ago, at most 500; how many."""
        before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - older_than))
        ended = DBOS.list_workflows(
            completed_before=before, status=["SUCCESS", "ERROR"], limit=500, load_input=False, load_output=False
        )
        DBOS.delete_workflows([workflow.workflow_id for workflow in ended])
        return len(ended)

    def _interpreter(self) -> Callable[[dict[str, Any]], Any]:
        """The durable function. Its steps get their numbers in the order of the plan, before any of them runs."""

        async def carry(value: dict[str, Any]) -> str:
            plan = Plan.from_dict(value)
            run = DBOS.workflow_id or ""
            reserved = {node.id: DBOS.reserve_step() for node in plan.nodes}
            done: dict[str, asyncio.Task[str]] = {}

            async def settle(node: Node) -> str:
                outcomes = {need: await done[need] for need in node.needs}
                return await reserved[node.id].run_async({"name": node.id}, self._perform, run, node, outcomes)

            for node in plan.nodes:
                done[node.id] = asyncio.create_task(settle(node))
            return (await asyncio.gather(*done.values()))[-1]

        return carry

    async def _perform(self, run: str, node: Node, outcomes: Mapping[str, str]) -> str:
        if not node.always and any(outcome != PASSED for outcome in outcomes.values()):
            return SKIPPED
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._act, run, node, outcomes)

    def _act(self, run: str, node: Node, outcomes: Mapping[str, str]) -> str:
        """Calls the action; what passes by waiting is tried again after each of the pauses."""
        for pause in (*self._pauses, None):
            try:
                return self._actions[node.action](run, node.arguments, outcomes)
            except TransientError as error:
                if pause is None:
                    return f"{GAVE_UP}: {error}"
                log.warning("%s of run %s will be tried again in %s s: %s", node.id, run, pause, error)
                time.sleep(pause)
            except Exception:  # a defect of ours must end this run, not strand it for ever
                log.exception("%s of run %s broke", node.id, run)
                break
        return BROKEN

    def _less_syncing(self, connection: Any, _record: Any) -> None:
        """NORMAL in WAL mode may repeat a step after a loss of power and never corrupts: enough for this file."""
        if isinstance(connection, sqlite3.Connection) and _file_of(connection) == str(self._path):
            connection.execute("pragma synchronous=normal")


def _file_of(connection: sqlite3.Connection) -> str:
    return str(connection.execute("pragma database_list").fetchone()[2])
