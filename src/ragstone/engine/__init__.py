"""The contract of an engine (`api`, `values`) and its implementations, one folder each."""
