"""Model groups: models of one purpose, numbered."""
