"""The old version put back."""
