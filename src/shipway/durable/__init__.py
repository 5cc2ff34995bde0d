"""A step happens, even after a crash: an engine that interprets a plan and continues where it was."""
