"""Ingest and search pipelines: `processor` has the contracts and registries, the folders one file per processor."""
