"""A request for each route that a parser takes: for tests that go through all routes, whatever they do."""

from __future__ import annotations

from ragstone.rest.router import Route

INDEX = "books"
"""The index that the requests are about."""

_SCROLL = "c2Nyb2xs" + "A" * 44
_VALUES = {
    "index": INDEX,
    "id": "1",
    "algorithm": "text_embedding",
    "block": "write",
    "metric": "_all",
    "index_metric": "_all",
    "target": "other",
    "scroll_id": _SCROLL,
    "stat": "circuit_breaker_triggered",
}
"""Of path parameters; others are called `thing`."""
_PARAMETERS = {
    "GET /_field_caps": "fields=*",
    "POST /_field_caps": "fields=*",
    "GET /{index}/_field_caps": "fields=*",
    "POST /{index}/_field_caps": "fields=*",
    "POST /_delete_by_query/{task_id}/_rethrottle": "requests_per_second=1",
    "POST /_update_by_query/{task_id}/_rethrottle": "requests_per_second=1",
    "POST /_reindex/{task_id}/_rethrottle": "requests_per_second=1",
    "POST /{index}/_search/point_in_time": "keep_alive=1m",
}
_BULK = b'{"index":{"_index":"books","_id":"1"}}\n{"a":1}\n'
_SEARCHES = b'{"index":"books"}\n{}\n'
_QUERY: dict[str, object] = {"query": {"match_all": {}}}
_SCRIPT: dict[str, object] = {"source": {"query": {"match_all": {}}}}
_ACTION = {"action_type": "predict", "method": "POST", "url": "https://api.openai.com/v1", "request_body": "{}"}
_CONNECTOR = {"name": "c", "version": "1", "protocol": "http", "credential": {"key": "k"}, "actions": [_ACTION]}
_MODEL = {"name": "m", "function_name": "remote", "connector_id": "c"}
_AGENT = {"name": "a", "type": "flow", "tools": [{"type": "ListIndexTool"}]}
_BODIES: dict[str, object] = {
    "/_aliases": {"actions": [{"add": {"index": "books", "alias": "x"}}]},
    "/_analyze": {"text": "a"},
    "/{index}/_analyze": {"text": "a"},
    "/_bulk": _BULK,
    "/{index}/_bulk": _BULK,
    "/_cluster/settings": {"transient": {"search.max_buckets": 7}},
    "/_ingest/pipeline/{id}": {"processors": []},
    "/_ingest/pipeline/_simulate": {"pipeline": {"processors": []}, "docs": []},
    "/_ingest/pipeline/{id}/_simulate": {"docs": []},
    "/_mget": {"docs": [{"_index": "books", "_id": "1"}]},
    "/{index}/_mget": {"ids": ["1"]},
    "/_msearch": _SEARCHES,
    "/{index}/_msearch": _SEARCHES,
    "/_msearch/template": b'{"index":"books"}\n{"source":{}}\n',
    "/{index}/_msearch/template": b'{"index":"books"}\n{"source":{}}\n',
    "/_reindex": {"source": {"index": "books"}, "dest": {"index": "other"}},
    "/_search/pipeline/{id}": {"response_processors": []},
    "/_search/point_in_time": {"pit_id": ["cGl0X2lk" + "A" * 44]},
    "/_search/scroll": {"scroll_id": _SCROLL},
    "/_search/template": _SCRIPT,
    "/{index}/_search/template": _SCRIPT,
    "/_render/template": _SCRIPT,
    "/{index}/_delete_by_query": _QUERY,
    "/{index}/_explain/{id}": _QUERY,
    "/_validate/query": _QUERY,
    "/{index}/_validate/query": _QUERY,
    "/{index}/_settings": {"index.number_of_replicas": 0},
    "/_settings": {"index.number_of_replicas": 0},
    "/{index}/_update/{id}": {"doc": {"a": 1}},
    "/_index_template/{name}": {"index_patterns": ["x*"]},
    "/_index_template/_simulate": {"index_patterns": ["x*"]},
    "/_index_template/_simulate/{name}": {"index_patterns": ["x*"]},
    "/_index_template/_simulate_index/{name}": {"index_patterns": ["x*"]},
    "/_template/{name}": {"index_patterns": ["x*"]},
    "/_component_template/{name}": {"template": {}},
    "/_render/template/{id}": {"params": {}},
    "/_scripts/{id}/{context}": {"script": {"lang": "mustache", "source": "{}"}},
    "/_scripts/{id}": {"script": {"lang": "mustache", "source": "{}"}},
    "/_plugins/_ml/connectors/_create": _CONNECTOR,
    "/_plugins/_ml/connectors/{connector_id}": {"description": "d"},
    "/_plugins/_ml/models/_register": _MODEL,
    "/_plugins/_ml/models/_upload": _MODEL,
    "/_plugins/_ml/models/{model_id}/{version}/_register": _MODEL,
    "/_plugins/_ml/models/{model_id}/{version}/_upload": _MODEL,
    "/_plugins/_ml/models/_undeploy": {"model_ids": ["m"]},
    "/_plugins/_ml/models/_unload": {"model_ids": ["m"]},
    "/_plugins/_ml/model_groups/_register": {"name": "g"},
    "/_plugins/_ml/agents/_register": _AGENT,
    "/_plugins/_ml/memory/{memory_id}/messages": {"input": "i", "response": "r"},
}
"""What gets past the parser, where `{}` does not."""


def request_line(route: Route, *parameters: str) -> str:
    """`GET /books/_search?x=y`; `parameters` come beside those that the route cannot do without."""
    parts = [_VALUES.get(part[1:-1], "thing") if part.startswith("{") else part for part in route.path.split("/")]
    needed = _PARAMETERS.get(f"{route.method} {route.path}")
    asked = "&".join([*parameters, *([needed] if needed else [])])
    return f"{route.method} {'/'.join(parts)}" + (f"?{asked}" if asked else "")


def body_of(route: Route) -> object:
    """What gets past the parser; None: no body."""
    return _BODIES.get(route.path, {} if route.method in ("POST", "PUT", "PATCH") else None)
