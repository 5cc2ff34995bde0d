"""What OpenTelemetry's SDKs send over HTTP: logs and metrics, taken in, masked, kept.

turns      whose request is unpacked now
wire       a request in parts, so that a small one never becomes a large one in memory
request    what a request brought, written in protobuf or in JSON
resource   who sends it: which release, which instance
records    logs as lines
lines      the logs that they are written into
failures   a log that tells of an exception, as a report of an error
points     metrics as samples
answers    what is answered
intake     all of it together
"""
