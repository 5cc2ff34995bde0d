"""What was freed goes back to the machine, where its C library can do that; elsewhere nothing happens."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shipway.daemon import memory

FREES = """
from shipway.daemon import memory

def resident():
    return int(open("/proc/self/statm").read().split()[1])

memory.spare()
kept = [bytearray(10_000) for _ in range(6000)]
kept = kept[::100]
before = resident()
memory.give_back()
print(before - resident())
"""
LOADS = """
import gc
from shipway.daemon import memory

with memory.loading():
    import email.message
    during = gc.isenabled()
print(during, gc.isenabled(), gc.get_freeze_count() > 1000)
"""
PAGES = 5_000  # of 4 kB: a third of what was freed


def test_tens_of_megabytes_that_were_freed_go_back() -> None:
    done = subprocess.run([sys.executable, "-c", FREES], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) > PAGES


def test_what_was_loaded_is_not_searched_for_garbage_and_what_comes_after_is() -> None:
    done = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False True True\n"


def test_where_the_c_library_has_no_such_call_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _name: object())
    memory.spare()
    memory.give_back()
