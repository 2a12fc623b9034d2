"""What requests to a cluster are, as actions."""

from __future__ import annotations

import pytest

from ragstone.gateway.permissions import Demand, Shows, Step, demand_of, methods_of
from ragstone.rest.routes import all_routes
from ragstone.testing.requests import request_line

_OURS = ("/_plugins/_ml/", "/_plugins/_ragstone/", "/_plugins/_security", "/_opendistro/_security")


def known(method: str, path: str) -> Demand:
    found = demand_of(method, path)
    assert found is not None, f"{method} {path}"
    return found


@pytest.mark.parametrize(
    ("method", "path", "steps"),
    [
        ("GET", "/books/_search", [Step(True, ("indices:data/read/search",))]),
        ("POST", "/_search", [Step(True, ("indices:data/read/search",))]),
        ("PUT", "/books", [Step(True, ("indices:admin/create",))]),
        ("HEAD", "/books", [Step(True, ("indices:admin/get",))]),
        ("GET", "/_cluster/health/books", [Step(False, ("cluster:monitor/health",))]),
        ("GET", "/_cat", []),
        (
            "GET",
            "/_cat/shards/books",
            [Step(False, ("cluster:monitor/shards",)), Step(True, ("indices:monitor/stats",))],
        ),
    ],
)
def test_a_request_is_actions_in_the_order_of_asking(method: str, path: str, steps: list[Step]) -> None:
    assert list(known(method, path).steps) == steps


def test_a_word_in_a_path_counts_before_a_parameter() -> None:
    assert known("GET", "/_search/pipeline/a").steps == (Step(False, ("cluster:admin/search/pipeline/get",)),)
    assert known("GET", "/_snapshot/_status").steps == (Step(False, ("cluster:admin/snapshot/status",)),)
    assert known("GET", "/_nodes/stats").steps == (Step(False, ("cluster:monitor/nodes/stats",)),)


def test_parameters_of_a_path_are_decoded() -> None:
    assert known("GET", "/a%2Cb*/_doc/x%2Fy/").parameters == {"index": "a,b*", "id": "x/y"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_plugins/_sql"),
        ("POST", "/_snapshot/r/s/_restore"),
        ("GET", "/books//_search"),
        ("GET", "/books/./_search"),
        ("GET", "/books/%2e%2e/_search"),
        ("GET", "/books/%5Fsearch"),
        ("GET", "/_dangling"),
        ("POST", "/_scripts/painless/_execute"),
        ("POST", "/_snapshot/r/_cleanup"),
        ("GET", "//"),
        ("PATCH", "/books"),
        ("GET", "*"),
        ("DELETE", "/books/_search"),
    ],
)
def test_what_is_not_in_the_table_is_not_known(method: str, path: str) -> None:
    assert demand_of(method, path) is None


def test_a_path_has_its_methods() -> None:
    assert sorted(methods_of("/_search")) == ["GET", "POST"]
    assert sorted(methods_of("/books")) == ["DELETE", "GET", "PUT"]
    assert methods_of("/_no/such") == []


def test_what_shows_documents_says_so() -> None:
    for path in ("/_search", "/b/_count", "/b/_doc/1", "/b/_source/1", "/_msearch", "/_mget", "/b/_termvectors/1"):
        assert known("GET", path).shows is Shows.DOCUMENTS, path
    assert known("GET", "/b/_mapping").shows is Shows.FIELDS


def test_every_route_of_our_own_is_known_here_too() -> None:
    """Whoever adds a route for the embedded engine says what it is before a cluster."""
    unknown = set()
    for route in all_routes(security=False):
        method, _, target = request_line(route).partition(" ")
        path = target.partition("?")[0]
        if not path.startswith(_OURS) and (method, path) != ("POST", "/") and demand_of(method, path) is None:
            unknown.add(f"{route.method} {route.path}")
    assert not unknown
