"""Whoever asks the keeper to quit goes on when its process is gone, and not when it only hung up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from shipway.hosts.keeper import client

SLOW_TO_END = """
import socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("ready", flush=True)
asked, _ = listener.accept()
asked.recv(100)
asked.sendall(b"{}\\n")
asked.close()
listener.close()
time.sleep(0.3)
"""


def test_a_process_that_hung_up_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    command = [sys.executable, "-c", SLOW_TO_END, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"ready\n"
        assert client._exchange(path, b"quit\n", 30.0, until_gone=True) == b"{}\n"
        assert keeper.poll() == 0
