"""`_explain` and `_validate/query`."""

from __future__ import annotations

from typing import Any

from ragstone.core import json
from ragstone.core.errors import ActionRequestValidationException, JavaException, OpenSearchException, ParsingException
from ragstone.core.xcontent import JsonObject, locate
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.query import Query
from ragstone.dsl.search_body import parse_query_body
from ragstone.dsl.source_filter import filter_source, source_filter_from_query
from ragstone.engine.values import Explained
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.documents import SOURCE
from ragstone.rest.routes.indices import TARGETS, indices_options
from ragstone.rest.routes.search import QUERY_STRING, uri_query
from ragstone.rest.services import Services
from ragstone.search.explain import VALIDATE, Validity, detailed_message, explanation_json

routes = Routes()


@routes.add(
    "GET /{index}/_explain/{id}",
    "POST /{index}/_explain/{id}",
    parameters=[*SOURCE, "stored_fields", "routing", "preference", "q", *QUERY_STRING],
)
async def explain(services: Services, request: Request) -> Response:
    assert services.explain is not None, "this route exists on the embedded engine only"
    query = _body_query(request) or uri_query(request)
    if query is None:
        raise ActionRequestValidationException.of(["query is missing"])
    index, found = await services.explain.explain(request.required("index"), request.required("id"), query)
    shown: JsonObject = {"_index": index.name, "_id": request.required("id")}
    if found is None:
        return Response({**shown, "matched": False}, 404)
    shown |= {"matched": found.explanation.matched, "explanation": explanation_json(found.explanation)}
    document = _document(request, found)
    return Response(shown if document is None else {**shown, "get": document})


def _body_query(request: Request) -> Query | None:
    content = request.content()
    if not content.strip():
        return None
    try:
        decoded = request.decode(content)
    except JavaException as error:
        raise ParsingException("Failed to parse", cause=error) from None
    return parse_query_body(decoded)


def _document(request: Request, found: Explained) -> JsonObject | None:
    """`get`, when something of the document was asked for."""
    wanted, stored = source_filter_from_query(request.query), request.names("stored_fields")
    if not stored and (wanted is None or not wanted.enabled):
        return None
    document = found.document
    shown: JsonObject = {"_seq_no": document.seq_no, "_primary_term": document.primary_term, "found": True}
    if wanted is not None and wanted.enabled and document.source is not None:
        shown["_source"] = json.Raw(filter_source(document.source, wanted))
    return shown


# ── validate ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.add(
    "GET /_validate/query",
    "POST /_validate/query",
    "GET /{index}/_validate/query",
    "POST /{index}/_validate/query",
    parameters=[*TARGETS, "explain", "rewrite", "all_shards", "q", *QUERY_STRING],
)
async def validate_query(services: Services, request: Request) -> Response:
    assert services.explain is not None, "this route exists on the embedded engine only"
    told = request.flag("explain") or request.flag("rewrite")
    try:
        query = _query_to_validate(request)
    except OpenSearchException as error:
        if isinstance(error, ActionRequestValidationException):
            raise
        return Response({"valid": False, **({"error": detailed_message(error)} if told else {})})
    options = indices_options(request, VALIDATE)
    found = await services.explain.validate_query(request.param("index"), query, options)
    every = request.flag("all_shards")
    shards = sum(one.index.number_of_shards for one in found) if every else len(found)
    body: JsonObject = {
        "_shards": {"total": shards, "successful": shards, "failed": 0},
        "valid": all(one.valid for one in found),
    }
    if told or every:
        body["explanations"] = [shown for one in found for shown in _explanations(one, every)]
    return Response(body)


def _query_to_validate(request: Request) -> Query:
    """Raises what is wrong with the request's body, with its place."""
    asked = uri_query(request)
    if asked is not None:
        return asked
    content = request.content()
    if not content.strip():
        return MatchAllQuery()
    decoded: Any = request.decode(content)
    try:
        query = parse_query_body(decoded)
    except OpenSearchException as error:
        locate(error, content, decoded)
        raise
    if query is None:
        raise ActionRequestValidationException.of(["query cannot be null"])
    return query


def _explanations(found: Validity, every: bool) -> list[JsonObject]:
    said = {"explanation": found.text} if found.valid else {"error": found.text}
    if not every:
        return [{"index": found.index.name, "valid": found.valid, **said}]
    return [
        {"index": found.index.name, "shard": shard, "valid": found.valid, **said}
        for shard in range(found.index.number_of_shards)
    ]
