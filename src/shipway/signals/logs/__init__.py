"""The application's own log: what every instance of an environment printed, read as one.

Whatever lies in an environment's directory of logs in the form the keeper writes (docs/concepts/log.md) is part of
it: `<application>.<environment>.r<number>.<process>.<position>[.<kind>].log`, with the files it was before.
"""
