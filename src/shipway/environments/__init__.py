"""The places a commit travels through, in their order."""
