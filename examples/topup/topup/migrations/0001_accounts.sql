-- Money is whole cents everywhere: no column, no function and no answer has a fraction.

CREATE TABLE account (
    msisdn TEXT PRIMARY KEY,
    balance INTEGER NOT NULL CHECK (balance >= 0),
    recharge_below INTEGER CHECK (recharge_below > 0),
    recharge_by INTEGER CHECK (recharge_by > 0),
    CHECK ((recharge_below IS NULL) = (recharge_by IS NULL))
) STRICT;

-- Entries are only ever added. `key` is chosen by the caller: the same key books once.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    msisdn TEXT NOT NULL REFERENCES account,
    key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('topup', 'charge', 'recharge')),
    cents INTEGER NOT NULL CHECK (cents <> 0),
    balance INTEGER NOT NULL,
    at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')),
    UNIQUE (msisdn, key)
) STRICT;
