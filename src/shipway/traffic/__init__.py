"""Which release serves which share of requests, and moving it without losing one.

`strategies/` say in which shares a release takes over, as values, which the story carries out; `proxy` drives
the router (Envoy) by files that are the record of what should serve.
"""
