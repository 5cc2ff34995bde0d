"""Kinds of applications, a file each: `recognise(tree) -> Sketch | None`, found by being here."""
