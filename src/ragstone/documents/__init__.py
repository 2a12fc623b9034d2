"""Writing and reading single documents, and `_bulk`."""
