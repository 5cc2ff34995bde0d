"""Anywhere a command can run or a file can land: sandboxes, steps and their supervisor, the keeper."""

from __future__ import annotations
