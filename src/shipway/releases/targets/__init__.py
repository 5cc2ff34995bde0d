"""Where releases run. A kind is a file of its own, found by name."""
