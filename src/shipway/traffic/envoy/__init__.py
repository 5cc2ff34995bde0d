"""Envoy by files: what it is told (`bootstrap`, `clusters`, `routes`), how (`files`), what it says (`admin`)."""
