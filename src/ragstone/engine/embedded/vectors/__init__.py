"""Vectors of one index: flat new ones, HNSW segments behind them, exact scores. Derived, can always be rebuilt."""
