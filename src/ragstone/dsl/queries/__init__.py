"""One file per query. Importing this package registers them all."""
