"""Generative answers over search hits, and the local extractive reader."""
