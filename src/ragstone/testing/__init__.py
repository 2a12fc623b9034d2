"""Simulated parts for tests, ours and users': named so, and never used by the product itself."""
