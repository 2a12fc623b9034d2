"""Moving everything between two engines: indices, records, and what is sealed in them. Begins with `service.py`."""
