"""What is asked of an environment, how it is answered, and what was answered last."""
