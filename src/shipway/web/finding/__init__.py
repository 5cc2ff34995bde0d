"""Finding anything by a few letters: what there is to be found, and how well it fits."""
