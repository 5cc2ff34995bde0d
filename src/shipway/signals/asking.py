"""Requests of the judge's own, where too few people make any: to the instances themselves, past the router."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import NamedTuple

from shipway.releases import health

AGENT = "shipway-judge"
PATIENCE = health.PATIENCE
"""Seconds in all after which no answer is a bad one."""


class Question(NamedTuple):
    """GET `path` of the instance on a port, under the name by which people call it; `new`: of the new release."""

    port: int
    host: str
    path: str
    new: bool


class Round:
    """Some questions, each asked by a thread of its own: whoever hangs, or never ends its answer, keeps nobody
    waiting, and is left behind.
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self._questions = questions
        self._good: dict[int, bool] = {}
        self._began = time.monotonic()
        for number in range(len(questions)):
            threading.Thread(target=self._ask, args=(number,), daemon=True, name="judge-asks").start()

    @property
    def over(self) -> bool:
        """Whether all have answered, or their time is up."""
        return len(self._good) == len(self._questions) or time.monotonic() - self._began > PATIENCE

    def answers(self) -> Iterator[tuple[Question, bool]]:
        """Each question with whether it was answered by a status below 500; no answer until now is none."""
        for number, question in enumerate(self._questions):
            yield question, self._good.get(number, False)

    def _ask(self, number: int) -> None:
        self._good[number] = _answers(self._questions[number])


def _answers(question: Question) -> bool:
    status = health.ask(question.port, question.path, question.host, AGENT)
    return isinstance(status, int) and status < HTTPStatus.INTERNAL_SERVER_ERROR
