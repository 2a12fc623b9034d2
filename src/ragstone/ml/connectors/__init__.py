"""Connectors: how a remote model is called. Stored without their secrets in the clear, executed by position.

`service.py` creates, reads, changes and deletes them; `executor.py` calls the model behind one.
"""
