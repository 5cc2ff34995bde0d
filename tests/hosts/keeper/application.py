"""An application to keep; its words are what it does: listen, drain, ignore, daemon, family, or a number to
end with. It knows nothing of Shipway but PORT."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

LONELY = [sys.executable, __file__]


def say(what: str) -> None:
    print(what, flush=True)


def drain(*_: object) -> None:
    say("draining")
    time.sleep(2)
    say("drained")
    sys.exit(0)


def burn() -> None:
    """Half a second of the processor, as much by a child that ends, and fifty megabytes; says how much."""
    global held  # noqa: PLW0603 - what is held is held until the end
    child = os.fork()
    while time.process_time() < 0.5:
        pass
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    held = os.urandom(50_000_000)
    say(f"burnt {sum(os.times()[:4])}")


def become_a_daemon() -> None:
    """Leaves behind a process that is nobody's child and in a session of its own."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, LONELY)
        os._exit(0)
    os.wait()


def main(words: list[str]) -> None:
    if "drain" in words:
        signal.signal(signal.SIGTERM, drain)
    if "ignore" in words:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "daemon" in words:
        become_a_daemon()
    if "family" in words:
        subprocess.Popen([*LONELY, "drain"])
    if "listen" in words:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(os.environ["PORT"])))
        listener.listen()
    if "burn" in words:
        burn()
    say(f"up {os.getpid()}")
    for word in words:
        if word.isdigit():
            sys.exit(int(word))
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1:])
