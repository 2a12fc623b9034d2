"""The API, path by path. Each module has `routes`; `all_routes` is the visible list of them."""

from __future__ import annotations

from collections.abc import Iterator

from ragstone.rest.router import Route
from ragstone.rest.routes import (
    aliases,
    analyze,
    aws,
    bulk,
    by_query,
    cat,
    cat_cluster,
    cluster,
    documents,
    explain,
    field_caps,
    indices,
    ingest_pipelines,
    knn,
    maintenance,
    mappings,
    ml,
    msearch,
    nodes,
    point_in_time,
    reader,
    resolve,
    root,
    running_tasks,
    scripts,
    scroll,
    search,
    search_pipelines,
    search_templates,
    snapshots,
    templates,
    term_vectors,
)

_MODULES = (
    root,
    aws,
    cluster,
    nodes,
    running_tasks,
    cat,
    cat_cluster,
    indices,
    mappings,
    maintenance,
    templates,
    analyze,
    aliases,
    resolve,
    field_caps,
    documents,
    bulk,
    by_query,
    search,
    scroll,
    point_in_time,
    explain,
    term_vectors,
    msearch,
    search_templates,
    scripts,
    ingest_pipelines,
    search_pipelines,
    snapshots,
    knn,
    reader,
    *ml.MODULES,
)


def all_routes(*, security: bool = True, api_tokens: bool = False) -> Iterator[Route]:
    """`security`: with those that are there only where security is on; `api_tokens`: and where API keys are."""
    for module in _MODULES:
        yield from module.routes
    if security:
        yield from security_routes(api_tokens=api_tokens)


def security_routes(*, api_tokens: bool = False) -> Iterator[Route]:
    # Imported only here: a node without security does without what they need.
    from ragstone.rest.routes.security import account, configuration, entities

    for module in (entities, account, configuration):
        yield from module.routes
    if api_tokens:
        from ragstone.rest.routes.security import api_tokens as tokens

        yield from tokens.routes
