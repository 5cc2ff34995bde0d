"""Text becomes a typed value, or every problem at once with its line."""
