"""`_search` and `_count`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.field_format import FieldFormat
from ragstone.dsl.queries.query_string import QueryStringQuery
from ragstone.dsl.search_body import SearchBody, parse_query_body, parse_search_body
from ragstone.dsl.sort import parse_sort_parameter
from ragstone.dsl.source_filter import source_filter_from_query
from ragstone.dsl.unsupported import unsupported
from ragstone.indices.resolver import IndicesOptions
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes, unrecognized
from ragstone.rest.routes.documents import SOURCE
from ragstone.rest.routes.indices import TARGETS, indices_options
from ragstone.rest.services import Services
from ragstone.search.validation import PARAMETERS

routes = Routes()

_UNSUPPORTED = (
    "suggest_field", "suggest_mode", "suggest_size", "suggest_text",
)  # fmt: skip
"""They would change the answer, so leaving them out is no choice."""
WITHOUT_EFFECT = (
    "preference", "routing", "request_cache", "allow_partial_search_results", "batched_reduce_size",
    "ccs_minimize_roundtrips", "max_concurrent_shard_requests", "pre_filter_shard_size", "cancel_after_time_interval",
    "phase_took", "ignore_throttled",
)  # fmt: skip
"""They tune what one process does not do."""
_READ = (
    *TARGETS, *SOURCE, "from", "size", "sort", "stored_fields", "track_total_hits", "track_scores", "explain",
    "version", "seq_no_primary_term", "search_type", "rest_total_hits_as_int", "search_pipeline", "verbose_pipeline",
    "timeout", "terminate_after", "include_named_queries_score", "scroll",
    "docvalue_fields",
)  # fmt: skip
QUERY_STRING = ("df", "default_operator", "analyzer", "analyze_wildcard", "lenient")
"""They are known only beside `q`."""
_COUNT = (*TARGETS, "preference", "routing", "min_score", "terminate_after", "q", *QUERY_STRING)


@routes.add(
    "GET /_search",
    "POST /_search",
    "GET /{index}/_search",
    "POST /{index}/_search",
    parameters=[*_READ, "q", *QUERY_STRING, *_UNSUPPORTED, *WITHOUT_EFFECT, "typed_keys"],
    suggested=(),
)
async def search(services: Services, request: Request) -> Response:
    _refuse(request, _UNSUPPORTED)
    content = request.json_or(None)
    body = search_parameters(request, parse_search_body(content) if content is not None else SearchBody())
    check_typed_keys(request, body)
    as_int = request.flag("rest_total_hits_as_int")
    answer = await services.search.search(
        request.param("index"),
        exact_total(body) if as_int else body,
        options=indices_options(request),
        pipeline=request.query.get("search_pipeline"),
        total_as_int=as_int,
        scroll=request.seconds("scroll"),
        parameters=refused_in_company(request),
    )
    return Response(answer)


def refused_in_company(request: Request) -> list[str]:
    """Which of `validation.PARAMETERS` the request has; a flag that is off is none."""
    return [name for name in PARAMETERS if request.query.get(name, "false") != "false"]


def search_parameters(request: Request, body: SearchBody) -> SearchBody:
    """The search with what the query string says; that beats the body."""
    check_search_type(request.query.get("search_type"))
    given: dict[str, Any] = {}
    asked = uri_query(request)
    if asked is not None:
        given["query"] = asked
    for name, key in (("from", "from_"), ("size", "size"), ("terminate_after", "terminate_after")):
        number = request.integer(name)
        if number is not None:
            given[key] = not_negative(number, name)
    for name in _FLAGS:
        if name in request.query:
            given[name] = request.flag(name)
    if "timeout" in request.query:
        given["timeout"] = request.seconds("timeout")
    if "sort" in request.query:
        given["sort"] = parse_sort_parameter(request.query["sort"])
    if "stored_fields" in request.query:
        given["stored_fields"] = tuple(request.names("stored_fields"))
    if "docvalue_fields" in request.query:
        given["doc_values"] = tuple(map(FieldFormat, request.names("docvalue_fields")))
    if "track_total_hits" in request.query:
        text = request.query["track_total_hits"]
        given["track_total_hits"] = text != "false" if text in ("", "true", "false") else _threshold(request)
    source = source_filter_from_query(request.query)
    if source is not None:
        given["source"] = source
    return replace(body, **given) if given else body


def not_negative(number: int, name: str) -> int:
    """Raises IllegalArgumentException."""
    if number < 0:
        raise IllegalArgumentException(f"[{name}] parameter cannot be negative, found [{number}]")
    return number


def check_typed_keys(request: Request, body: SearchBody) -> None:
    """Without aggregations there is no name to put a type before. Raises IllegalArgumentException."""
    if body.aggregations and request.flag("typed_keys"):
        raise unsupported("?typed_keys with aggregations")


def uri_query(request: Request) -> QueryStringQuery | None:
    """The query of `?q=`, which beats that of the body.

    Raises IllegalArgumentException for the parameters that are known only beside `q`.
    """
    text = request.query.get("q")
    if text is None:
        lonely = [name for name in QUERY_STRING if name in request.query]
        if lonely:
            raise unrecognized(request.path, "parameter", lonely, ())
        return None
    options: JsonObject = {"query": text, "analyze_wildcard": request.flag("analyze_wildcard")}
    for name, option in (("df", "default_field"), ("default_operator", "default_operator"), ("analyzer", "analyzer")):
        if name in request.query:
            options[option] = request.query[name]
    if "lenient" in request.query:
        options["lenient"] = request.flag("lenient")
    return QueryStringQuery.parse(options)


_FLAGS = (
    "track_scores",
    "explain",
    "version",
    "seq_no_primary_term",
    "verbose_pipeline",
    "include_named_queries_score",
)


def _threshold(request: Request) -> bool | int:
    number = request.integer("track_total_hits") or 0
    return False if number == -1 else number


def check_search_type(name: str | None) -> None:
    """Both types are one on a single process. Raises IllegalArgumentException for any other."""
    if name not in (None, "query_then_fetch", "dfs_query_then_fetch"):
        raise IllegalArgumentException(f"No search type for [{name}]")


def exact_total(body: SearchBody) -> SearchBody:
    """For answers whose total is a bare number. Raises IllegalArgumentException when it would not be exact."""
    if body.track_total_hits is None:
        return replace(body, track_total_hits=True)
    if not isinstance(body.track_total_hits, bool):
        raise IllegalArgumentException(
            "[rest_total_hits_as_int] cannot be used if the tracking of total hits is not accurate, got "
            f"{body.track_total_hits}"
        )
    return body


@routes.add(
    "GET /_count",
    "POST /_count",
    "GET /{index}/_count",
    "POST /{index}/_count",
    parameters=_COUNT,
)
async def count(services: Services, request: Request) -> Response:
    _refuse(request, ("min_score", "terminate_after"))
    content = request.json_or(None)
    query = uri_query(request) or (parse_query_body(content) if content is not None else None)
    options: IndicesOptions = indices_options(request)
    return Response(await services.search.count(request.param("index"), query, options=options))


def _refuse(request: Request, names: tuple[str, ...]) -> None:
    for name in names:
        if name in request.query:
            raise unsupported(f"?{name}")
