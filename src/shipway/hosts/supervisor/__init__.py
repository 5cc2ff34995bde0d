"""The small process around one command: log, exit status, time limit, and nothing left behind.

Everything in this package is the standard library's, and little of it, because it is on the way of every
step: `json`, `signal` and `subprocess` alone would double the 12 ms that Python takes to start.
"""

from __future__ import annotations
