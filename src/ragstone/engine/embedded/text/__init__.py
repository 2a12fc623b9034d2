"""The text index of one index: terms, numbers and their order, in tantivy. Derived from the log, can be rebuilt."""
