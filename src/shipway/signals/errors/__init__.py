"""Errors that applications report, by the protocol of Sentry's SDKs: taken in, told apart, counted, kept."""
