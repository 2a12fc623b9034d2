"""Ingest pipelines: they change documents before these are written."""
