"""The keeper's process: `python -I -S process.py <runtime> <data>`; returns when it answers, and stays.

It is not a child subreaper. A keeper that was replaced or killed has left instances which are nobody's
children, so everything must work without being their parent anyway: ends are told by pidfds, belonging by
descent, session and mark. As a subreaper it would only collect orphans it could not tell apart, and behave
in one way before a replacement and in another after it.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":  # -I and -S leave nothing on the path but the standard library, which stays first
    sys.path.append(str(Path(__file__).resolve().parents[3]))

import contextlib
import fcntl
import os
import signal
import time
from typing import Any

from shipway.hosts.keeper.door import Door
from shipway.hosts.keeper.epochs import Epochs
from shipway.hosts.keeper.holder import Holder, lock_name
from shipway.hosts.keeper.household import Household
from shipway.hosts.keeper.log import rotate, say
from shipway.hosts.keeper.loop import READ, Loop
from shipway.hosts.keeper.records import Records
from shipway.hosts.keeper.requests import Requests
from shipway.hosts.keeper.version import version

HELD = 75  # another keeper holds the lock (EX_TEMPFAIL)
PATIENCE = 0.5
TICK = 5.0


def main(runtime: Path, data: Path) -> int:
    """Keeps the instances of the installation at `data` until it is asked to leave."""
    os.umask(0o077)
    folder = data / "keeper"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ready = detach(folder / "keeper.log")
    forget_signals()
    lock = take_lock(folder / "lock", runtime)
    if lock is None:
        tell(ready, HELD)
        return HELD
    loop = Loop()
    keep(loop, runtime, folder, lock)
    tell(ready, 0)
    loop.run()
    (runtime / "keeper.sock").unlink(missing_ok=True)
    say("the keeper leaves")
    return 0


def detach(log: Path) -> int:
    """Goes on as a process of its own, away from terminal, parent and session; the one that was called
    waits for the first byte written to the descriptor returned here and ends with it."""
    reader, ready = os.pipe()
    if os.fork():
        os.close(ready)
        sys.stdout.flush()
        os._exit((os.read(reader, 1) or b"\1")[0])
    os.close(reader)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, standard in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, standard)
    os.close(nothing)
    os.close(output)
    return ready


def tell(ready: int, code: int) -> None:
    """Lets the process that was called end with this code, if it is still there."""
    with contextlib.suppress(BrokenPipeError):
        os.write(ready, bytes([code]))
    os.close(ready)


def forget_signals() -> None:
    """Nothing is ignored or blocked because the caller did so (nohup, a shell's `&`): instances inherit that."""
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def take_lock(path: Path, runtime: Path) -> int | None:
    """The lock of this installation, with a note in it of who holds it and where he answers; None when
    another keeper does not give it up. The kernel gives it back when this process ends, however it ends."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                return None
            time.sleep(0.02)
    Holder.me(runtime).write(lock)
    return lock


def keep(loop: Loop, runtime: Path, folder: Path, lock: int) -> None:
    """Takes over what runs, opens the door, and looks after logs and door from time to time."""
    household = Household(loop, Records(runtime / "instances"), Epochs(folder / "epochs"), lock_name(lock))
    about: dict[str, Any] = {
        "pid": os.getpid(),
        "version": version(Path(__file__).parent),
        "started": time.time(),
    }
    say(f"keeper {about['version']} begins, pid {about['pid']}")
    household.move_in()
    door = Door(runtime / "keeper.sock", loop, Requests(household, about, loop.end).answer)
    leave_on_signal(loop)

    def tick() -> None:
        loop.after(TICK, tick)
        household.look_after_logs()
        rotate(str(folder / "keeper.log"))
        door.look_after()
        if door.is_shut():
            write_again(household, door)

    loop.after(TICK, tick)


def write_again(household: Household, door: Door) -> None:
    """The runtime directory was emptied (some systems do that when a person logs out)."""
    say("the runtime directory was emptied; everything is written there again")
    try:
        household.write_down()
        door.reopen()
    except OSError as problem:
        say(f"that failed and is tried again: {problem}")


def leave_on_signal(loop: Loop) -> None:
    """SIGTERM and SIGINT mean the same as `quit`: the instances go on."""
    reader, writer = os.pipe()
    for end in (reader, writer):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    loop.watch(reader, READ, lambda _events: loop.end())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
