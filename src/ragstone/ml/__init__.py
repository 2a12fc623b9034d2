"""ML Commons: connectors, model groups, models, tasks, memory; one folder each.

`service.py` is what one can do, `model.py` the frozen things it does it with.
"""
