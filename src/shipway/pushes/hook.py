"""The hooks of an application's repository: tell the server what git is doing, print what it answers.

Run as a script by git, with nothing but the standard library: every push waits for it to start. A push is
refused when the server does not say yes; once git has moved the refs nothing here can fail it any more.
"""

from __future__ import annotations

import json
import os
import socket
import sys

GONE = {
    "pre-receive": "Shipway is not running, so nothing was accepted. Start it with `shipway up` and push again.",
    "post-receive": "accepted: it is on disk. Shipway has stopped; it goes on with this push when it runs again.",
}
QUARANTINE = ("GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")
NOT_OURS = "This repository takes pushes through Shipway's address only, so nothing was accepted."


def message(name: str, environment: dict[str, str]) -> dict[str, object]:
    """What the server is told of this push. git writes one line `old new ref` for each ref."""
    lines = sys.stdin.buffer.read().decode("utf-8", "surrogateescape").split("\n")
    options = range(int(environment.get("GIT_PUSH_OPTION_COUNT", "0")))
    return {
        "hook": name,
        "application": environment["SHIPWAY_APPLICATION"],
        "who": environment["REMOTE_USER"],
        "process": os.getppid(),
        "updates": [line.split(" ", 2) for line in lines if line],
        "options": [environment[f"GIT_PUSH_OPTION_{number}"] for number in options],
        "quarantine": {key: value for key, value in environment.items() if key in QUARANTINE},
    }


def ask(path: str, told: dict[str, object]) -> int | None:
    """Prints what the server says; its verdict, or None when it went away before it gave one."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        server.sendall(json.dumps(told).encode() + b"\n")
        for line in server.makefile("rb"):
            answer = json.loads(line)
            if "end" in answer:
                return int(answer["end"])
            say(answer["say"])
    return None


def say(text: str) -> None:
    sys.stdout.buffer.write(text.encode(errors="replace") + b"\n")
    sys.stdout.buffer.flush()


def main(name: str) -> int:
    path = os.environ.get("SHIPWAY_SOCKET")
    if path is None:
        say(NOT_OURS)
        return 1
    try:
        verdict = ask(path, message(name, dict(os.environ)))
    except (OSError, ValueError):  # it was killed, perhaps in the middle of a line
        verdict = None
    if verdict is None:
        say(GONE[name])
        verdict = 1 if name == "pre-receive" else 0
    return verdict


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
