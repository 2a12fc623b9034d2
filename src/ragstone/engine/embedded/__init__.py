"""The embedded engine: SQLite is the truth; tantivy (text) and faiss (vectors) are derived and can be rebuilt from it.

Everything below `engine.py` is ordinary blocking code, called in the pools `search` and `write`.
"""
