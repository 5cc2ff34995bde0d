"""Reading logs: by lines, by commands, by what is searched in them."""
