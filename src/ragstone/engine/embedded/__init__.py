"""The embedded engine: SQLite is the truth; tantivy (text) and faiss (vectors) are derived and can be rebuilt from it.

Async are `engine.py` and what it is put together from: `metadata.py`, `documents.py`, `searches.py`, `explanations.py`,
`maintenance.py`, over `open_indices.py`. All else is ordinary blocking code, called in the pools `search` and `write`.
"""
