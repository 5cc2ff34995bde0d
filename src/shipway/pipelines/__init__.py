"""From a push to a verdict: what shipway.yml says to do, done for one commit."""
