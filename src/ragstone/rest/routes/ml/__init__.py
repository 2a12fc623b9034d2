"""`/_plugins/_ml`: one file per kind of resource."""
