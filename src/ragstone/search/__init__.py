"""One search from the resolved names to the rendered response."""
