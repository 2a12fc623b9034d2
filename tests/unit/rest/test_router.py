"""Paths to handlers, and what is said of those that lead nowhere."""

import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.rest.app import parse_query
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Router, Routes, parameter_fault
from ragstone.rest.services import Services

routes = Routes()


@routes.add("GET /{index}", "PUT /{index}", "GET /_search", "POST /{index}/_search", parameters=["size", "refresh"])
@routes.add("GET /{index}/_doc/{id}", "GET /_tasks/{task}", "GET /{index}/{anything}/deep")
async def handler(services: Services, request: Request) -> Response:
    return Response()


router = Router(routes)


def found(method: str, path: str) -> tuple[str, dict[str, str]] | None:
    match = router.find(method, path)
    return (match[0].path, match[1]) if match is not None else None


def test_literal_segments_beat_names() -> None:
    assert found("GET", "/_search") == ("/_search", {})
    assert found("GET", "/books") == ("/{index}", {"index": "books"})


def test_a_dead_end_behind_a_literal_is_left_again() -> None:
    assert found("GET", "/_tasks/a/b") is None
    assert found("GET", "/_search/_doc/1") == ("/{index}/_doc/{id}", {"index": "_search", "id": "1"})
    assert found("GET", "/a/_doc/deep") == ("/{index}/_doc/{id}", {"index": "a", "id": "deep"})


def test_the_best_match_of_a_path_decides_which_methods_it_has() -> None:
    assert found("PUT", "/_search") is None
    assert router.allowed("/_search") == ["GET"]


def test_head_is_served_by_get() -> None:
    assert found("HEAD", "/books/_doc/1") is not None


def test_empty_segments_are_passed_over() -> None:
    assert found("GET", "/books/_doc/1/") == found("GET", "//books//_doc/1") == found("GET", "/books/_doc/1")


def test_values_are_decoded_after_the_path_was_split() -> None:
    assert found("GET", "/b%6Foks/_doc/a%2Fb%20c") == ("/{index}/_doc/{id}", {"index": "books", "id": "a/b c"})
    assert found("GET", "/_tasks/node%3A1") == ("/_tasks/{task}", {"task": "node:1"})


def test_a_broken_escape_is_refused() -> None:
    with pytest.raises(IllegalArgumentException, match="invalid hex byte 'zz' at index 2 of 'a%zz'"):
        router.find("GET", "/books/_doc/a%zz")


def test_allowed_methods_of_a_path() -> None:
    assert router.allowed("/books") == ["GET", "PUT"]
    assert router.allowed("/no/such/path") == []


def test_a_route_can_not_be_given_twice() -> None:
    with pytest.raises(ValueError, match="is routed twice"):
        Router([*routes, *routes])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"foo": "1"}, "unrecognized parameter: [foo]"),
        ({"foo": "1", "bar": "2"}, "unrecognized parameters: [bar], [foo]"),
        ({"reffresh": "true"}, "unrecognized parameter: [reffresh] -> did you mean [refresh]?"),
        ({"inde": "x"}, "unrecognized parameter: [inde] -> did you mean [index]?"),
    ],
)
def test_unknown_parameters_are_named_with_what_was_meant(query: dict[str, str], message: str) -> None:
    route, names = router.find("POST", "/books/_search") or pytest.fail("no route")
    fault = parameter_fault(route, Request("POST", "/books/_search", "", query, {}, names))
    assert fault is not None
    assert fault.reason == f"request [/books/_search] contains {message}"


def test_common_parameters_are_known_everywhere() -> None:
    route, names = router.find("GET", "/_search") or pytest.fail("no route")
    request = Request("GET", "/_search", "", {"pretty": "", "filter_path": "x"}, {}, names)
    assert parameter_fault(route, request) is None


def test_query_strings() -> None:
    assert parse_query("a=1&b&c=x+y%2Bz&a=2&=&&d=%C3%BC=1") == {"a": "2", "b": "", "c": "x y+z", "": "", "d": "ü=1"}
