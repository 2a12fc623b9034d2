"""Who sent a request. One file per way to prove it; `login.py` asks them one after the other."""
