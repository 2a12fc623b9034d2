"""Words everyone uses: errors, JSON, settings, time, ids, threads.

Knows nothing of HTTP, engines or models. Everything else may import it; it imports nothing of ours.
"""
