"""The judge: decides from what both releases did with their requests whether the new one is worse.

It reads no clock, no file and no network: the same readings lead to the same verdict, so that whoever was
restarted in the middle plays them again. What is promised, and why it holds: docs/concepts/judge.md.
"""

from __future__ import annotations

from shipway.signals.judge.deadline import Clocks, Step, step
from shipway.signals.judge.judge import Judge
from shipway.signals.judge.policy import Policy
from shipway.signals.judge.reading import Check, Reading
from shipway.signals.judge.waiting import waits

__all__ = ["Check", "Clocks", "Judge", "Policy", "Reading", "Step", "step", "waits"]
