"""How serious a line is, in the words of many loggers."""

from __future__ import annotations

LEVELS = ("debug", "info", "warning", "error", "critical")
"""From the least serious to the most."""

_WORDS = {
    "debug": "debug trace verbose fine finer finest dbg dbug silly",
    "info": "info information informational notice log config inf",
    "warning": "warn warning wrn",
    "error": "error err severe eror fail",
    "critical": "critical crit fatal panic dpanic emerg emergency alert ftl",
}
_BY_WORD = {word: level for level, words in _WORDS.items() for word in words.split()}
WORDS = sorted(_BY_WORD, key=len, reverse=True)


def of_word(word: str) -> str | None:
    """The level that a logger calls so, or nothing."""
    return _BY_WORD.get(word.lower())


def of_number(number: float) -> str:
    """The level of bunyan's and pino's numbers (10 to 60), or below those of syslog's (0 to 7)."""
    if number < 10:
        return of_syslog(int(number))
    return LEVELS[max(int(min(number, 60)) // 10 - 2, 0)]  # the number may be infinite


def of_syslog(number: int) -> str:
    """The level of a severity in syslog (RFC 5424), the lower the worse."""
    return (
        ("critical", "critical", "critical", "error", "warning", "info", "info")[number] if number < 7 else "debug"
    )


def of_opentelemetry(number: int) -> str:
    """The level of an OpenTelemetry SeverityNumber, 1 to 24: four of each kind, from TRACE on."""
    return ("debug", "debug", "info", "warning", "error", "critical")[min(max(number - 1, 0) // 4, 5)]


def at_least(level: str | None, least: str) -> bool:
    """Whether it is as serious as `least`, or more. A line that says no level counts as info."""
    return LEVELS.index(level or "info") >= LEVELS.index(least)
