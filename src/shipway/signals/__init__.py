"""What production says, and the judgement over it."""
