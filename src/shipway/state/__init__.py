"""What happened, and what is next: the record that everything else is derived from."""
