"""Search pipelines: they change a search before it runs, its ranked lists, and its response."""
