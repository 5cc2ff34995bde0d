"""What a green run leaves behind: built once, named by digest."""
