"""The keeper: the small process that owns the router and all instances, and outlives Shipway.

`client` is what the rest of Shipway uses; every other file is the keeper itself and imports nothing but the
standard library, because it stays in memory for as long as the machine is up.
"""
