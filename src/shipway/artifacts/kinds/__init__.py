"""How an artifact comes about, a file per kind: each gives its phases as values and runs nothing."""
