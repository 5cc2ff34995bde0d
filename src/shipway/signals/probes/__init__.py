"""Ways to ask something of what serves: a file per kind, found by its name in shipway.yml."""

from __future__ import annotations

from importlib import import_module

from shipway.signals.questions import number
from shipway.signals.questions.answer import Answer, Heard, NotKnown
from shipway.signals.questions.place import Place
from shipway.signals.questions.question import Question


async def ask(question: Question, place: Place) -> Answer:
    """What is answered, within the question's time limit; that it could not be asked is an answer as well."""
    heard = await _heard(question, place)
    if question.wanted is not None:
        return number.settle(heard, question.wanted)
    return Answer(heard.state, heard.says)


async def _heard(question: Question, place: Place) -> Heard:
    try:
        heard: Heard = await import_module(f"{__name__}.{question.kind}").ask(question, place)
    except NotKnown as error:
        return Heard("not known", str(error))
    except TimeoutError:
        return Heard("failed", f"no answer within {question.timeout:g} s")
    return heard
