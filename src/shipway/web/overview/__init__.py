"""Every application on one line: what the record says of it, read once, and the words for it."""
