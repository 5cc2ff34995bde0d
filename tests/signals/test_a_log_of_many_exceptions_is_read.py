"""A stack that a log tells may be long: of the exceptions in it those next to the one it tells of are kept."""

from __future__ import annotations

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from shipway.signals.otlp.failures import EXCEPTIONS, event
from shipway.signals.otlp.resource import Sender

SENDER = Sender("r1", "web.1", "", "web.1")
RAISED = 'Traceback (most recent call last):\n  File "a.py", line {0}, in f{0}\nValueError: cause {0}\n\n'


def told(stack: str) -> LogRecord:
    record = LogRecord(severity_number=17)
    for name, value in {"type": "KeyError", "message": "last", "stacktrace": stack}.items():
        record.attributes.add(key=f"exception.{name}").value.string_value = value
    return record


def test_of_five_thousand_exceptions_the_nearest_are_kept() -> None:
    found = event(told("".join(RAISED.format(at) for at in range(5000))), SENDER, "prod")
    assert found is not None
    raised = found["exception"]["values"]
    assert len(raised) == EXCEPTIONS
    assert [one["value"] for one in raised] == [*(f"cause {at}" for at in range(4950, 4999)), "last"]
    assert [one["stacktrace"]["frames"][0]["lineno"] for one in raised] == [*range(4950, 5000)]


def test_of_a_group_the_exceptions_are_kept_that_are_next_to_it() -> None:
    within = "".join("  | " + line + "\n" for at in range(60) for line in RAISED.format(at).strip().split("\n"))
    group = '  + Exception Group Traceback (most recent call last):\n  |   File "a.py", line 99, in g\n'
    found = event(told(f"{group}  | ExceptionGroup: some (60 sub-exceptions)\n{within}"), SENDER, "prod")
    assert found is not None
    raised = found["exception"]["values"]
    assert [one["stacktrace"]["frames"][0]["lineno"] for one in raised] == [*range(48, -1, -1), 99]
