"""Prepaid credit for telephone numbers: top up, charge, and recharge by itself when little is left.

`ledger` is the heart: accounts, entries, and the rule that a balance is never below zero.
`web` lets others use it, `worker` recharges, `migrate` makes the tables, `database` opens the file.
"""

__version__ = "1.0.0"
