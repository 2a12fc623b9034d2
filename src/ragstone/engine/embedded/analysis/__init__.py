"""Text analysis: from a text to terms. `registry.Analyzers` gives an index its analyzers by name."""
