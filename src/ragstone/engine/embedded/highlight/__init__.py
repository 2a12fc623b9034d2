"""Texts of hits with the found words marked. `run.highlights` is the door."""
