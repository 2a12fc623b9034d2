"""Models: registered, deployed, asked.

`service.py` is the whole; `registration.py`, `deployment.py` and `predict.py` are its three verbs.
"""
