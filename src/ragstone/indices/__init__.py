"""Index administration: names, settings, mappings, aliases."""
