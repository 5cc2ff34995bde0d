"""Pushes: a ref moved, and who moved it. Built-in git hosting, and the record of what it accepted."""
