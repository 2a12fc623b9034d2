"""`/_plugins/_ml`: one file per kind of resource."""

from ragstone.rest.routes.ml import (
    agents,
    config,
    connectors,
    memory,
    model_groups,
    models,
    predict,
    stats,
    tasks,
    unsupported,
)

MODULES = (connectors, model_groups, models, predict, agents, stats, tasks, memory, config, unsupported)

__all__ = ["MODULES"]
