"""Single documents: `_doc`, `_create`, `_source`, `_update`, `_mget`."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

from ragstone.core import json
from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    OpenSearchException,
    ParsingException,
    ResourceNotFoundException,
    error_body,
)
from ragstone.core.xcontent import JsonObject, Place, token
from ragstone.documents.service import Found, MultiGetItem
from ragstone.dsl.bulk import INTERNAL_VERSIONING, Action, BulkItem, VersionType, item_faults
from ragstone.dsl.search_body import SourceFilter
from ragstone.dsl.source_filter import filter_source, parse_source_filter, source_filter_from_query
from ragstone.dsl.update import UpdateBody
from ragstone.engine.values import Refresh
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()

SOURCE = ("_source", "_source_includes", "_source_excludes", "_source_include", "_source_exclude")
WRITE = (
    "refresh", "routing", "pipeline", "if_seq_no", "if_primary_term", "version", "version_type", "timeout",
    "wait_for_active_shards", "require_alias", "op_type",
)  # fmt: skip
READ = (*SOURCE, "stored_fields", "realtime", "refresh", "routing", "preference", "version", "version_type")


def refresh_policy(request: Request) -> Refresh:
    """`refresh`: true (also as a bare flag), false, wait_for. Raises IllegalArgumentException."""
    value = request.query.get("refresh", "false")
    if value == "":
        return "true"
    if value not in ("true", "false", "wait_for"):
        raise IllegalArgumentException(f"Unknown value for refresh: [{value}].")
    return cast(Refresh, value)


def _item(request: Request, action: Action) -> BulkItem:
    version_type = request.query.get("version_type", "internal")
    if version_type not in ("internal", "external", "external_gte"):
        raise IllegalArgumentException(f"No version type match [{version_type}]")
    return BulkItem(
        action,
        request.required("index"),
        request.param("id"),
        request.query.get("routing"),
        request.integer("version"),
        cast(VersionType, version_type),
        request.integer("if_seq_no"),
        request.integer("if_primary_term"),
        request.integer("retry_on_conflict", 0) or 0,
        request.query.get("pipeline"),
        request.flag("require_alias") if "require_alias" in request.query else None,
    )


def _check(item: BulkItem) -> None:
    faults = item_faults(item)
    if faults:
        raise ActionRequestValidationException.of(faults)


async def _write(services: Services, request: Request, item: BulkItem) -> Response:
    _check(item)
    item.source = request.content()
    if not item.source.strip():
        request.json()  # raises: a body is required
    outcome = await services.bulk.one(item, refresh_policy(request))
    return Response(outcome.to_json(), outcome.status, headers=_location(outcome.index, outcome.id, outcome.status))


def _location(index: str, id: str, status: int) -> dict[str, str]:
    return {"Location": f"/{quote(index)}/_doc/{quote(id, safe='')}"} if status == 201 else {}


@routes.add("PUT /{index}/_doc/{id}", "POST /{index}/_doc/{id}", "POST /{index}/_doc", parameters=WRITE)
async def index_document(services: Services, request: Request) -> Response:
    op_type = request.query.get("op_type", "index")
    if op_type not in ("index", "create"):
        raise IllegalArgumentException(f"opType must be 'create' or 'index', found: [{op_type}]")
    return await _write(services, request, _item(request, cast(Action, op_type)))


@routes.add("PUT /{index}/_create/{id}", "POST /{index}/_create/{id}", parameters=WRITE)
async def create_document(services: Services, request: Request) -> Response:
    return await _write(services, request, _item(request, "create"))


@routes.add("DELETE /{index}/_doc/{id}", parameters=WRITE)
async def delete_document(services: Services, request: Request) -> Response:
    item = _item(request, "delete")
    _check(item)
    outcome = await services.bulk.one(item, refresh_policy(request))
    return Response(outcome.to_json(), outcome.status)


@routes.add(
    "POST /{index}/_update/{id}",
    parameters=[
        *SOURCE, "if_seq_no", "if_primary_term", "retry_on_conflict", "refresh", "routing", "require_alias", "lang",
        "timeout", "wait_for_active_shards", "version", "version_type",
    ],
)  # fmt: skip
async def update_document(services: Services, request: Request) -> Response:
    item = _item(request, "update")
    if item.version is not None:
        raise ActionRequestValidationException.of([INTERNAL_VERSIONING])
    _check(item)
    item.source_filter = source_filter_from_query(request.query)
    item.update = UpdateBody.parse(request.content())
    outcome = await services.bulk.one(item, refresh_policy(request))
    return Response(outcome.to_json(), outcome.status, headers=_location(outcome.index, outcome.id, outcome.status))


async def _read(services: Services, request: Request) -> Found:
    return await services.documents.get(
        request.required("index"),
        request.required("id"),
        realtime=request.flag("realtime", True),
        refresh=request.flag("refresh"),
        version=request.integer("version"),
        routing=request.query.get("routing"),
    )


@routes.add("GET /{index}/_doc/{id}", parameters=READ)
async def get_document(services: Services, request: Request) -> Response:
    wanted = _wanted(request)
    found = await _read(services, request)
    return Response(_shown(found, wanted), 200 if found.document.found else 404)


@routes.add("GET /{index}/_source/{id}", parameters=READ)
async def get_source(services: Services, request: Request) -> Response:
    wanted = source_filter_from_query(request.query)
    if wanted is not None and not wanted.enabled:
        raise ActionRequestValidationException.of(["fetching source can not be disabled"])
    found = await _read(services, request)
    if not found.document.found:
        raise ResourceNotFoundException(f"Document not found [{found.index.name}]/[{found.document.id}]")
    if found.document.source is None:
        raise ResourceNotFoundException(f"Source not found [{found.index.name}]/[{found.document.id}]")
    return Response(json.Raw(filter_source(found.document.source, wanted)))


def _wanted(request: Request) -> SourceFilter | None:
    wanted = source_filter_from_query(request.query)
    stored = request.names("stored_fields")
    if stored and stored != ["_none_"]:
        raise IllegalArgumentException("[stored_fields] is not supported by Ragstone yet, except [_none_]")
    return SourceFilter(enabled=False) if stored and wanted is None else wanted


def _shown(found: Found, wanted: SourceFilter | None) -> JsonObject:
    """A document as get and mget answer it."""
    document = found.document
    body: JsonObject = {"_index": found.index.name, "_id": document.id}
    if not document.found:
        return {**body, "found": False}
    body |= {"_version": document.version, "_seq_no": document.seq_no, "_primary_term": document.primary_term}
    if document.routing is not None:
        body["_routing"] = document.routing
    body["found"] = True
    if document.source is not None and (wanted is None or wanted.enabled):
        body["_source"] = json.Raw(filter_source(document.source, wanted))
    return body


@routes.add("GET /_mget", "POST /_mget", "GET /{index}/_mget", "POST /{index}/_mget", parameters=READ)
async def multi_get(services: Services, request: Request) -> Response:
    default = _wanted(request)
    body = request.json("request body or source parameter is required")
    items, filters = _mget_items(body, request.param("index"), default)
    answers = await services.documents.multi_get(items, realtime=request.flag("realtime", True))
    shown = []
    for item, wanted, answer in zip(items, filters, answers, strict=True):
        if isinstance(answer, OpenSearchException):
            shown.append({"_index": item.index, "_id": item.id, "error": error_body(answer)["error"]})
        else:
            shown.append(_shown(answer, wanted))
    return Response({"docs": shown})


def _mget_items(
    body: Any, index: str | None, default: SourceFilter | None
) -> tuple[list[MultiGetItem], list[SourceFilter | None]]:
    if not isinstance(body, dict):
        raise ParsingException(f"unexpected token [{token(body)}], expected [FIELD_NAME] or [START_ARRAY]")
    docs: list[Any] = []
    for key, value in body.items():
        if not isinstance(value, list):
            raise ParsingException(
                f"unexpected token [{token(value)}], expected [FIELD_NAME] or [START_ARRAY]",
                place=Place(body, key, "value"),
            )
        if key not in ("docs", "ids"):
            raise ParsingException(
                f"unknown key [{key}] for a {token(value)}, expected [docs] or [ids]", place=Place(body, key, "value")
            )
        docs += [{"_id": id} for id in value] if key == "ids" else value
    if not docs:
        raise ActionRequestValidationException.of(["no documents to get"])
    items, filters, faults = [], [], []
    for position, doc in enumerate(docs):
        if not isinstance(doc, dict):
            raise ParsingException(f"unexpected token [{token(doc)}], expected [START_OBJECT]")
        unknown = set(doc) - {
            "_index",
            "_id",
            "_source",
            "routing",
            "_routing",
            "stored_fields",
            "version",
            "version_type",
        }
        if unknown:
            name = sorted(unknown)[0]
            raise ParsingException(f"unknown key [{name}] for a {token(doc[name])}", place=Place(doc, name, "value"))
        name = doc.get("_index", index)
        if name is None:
            faults.append(f"index is missing for doc {position}")
        if doc.get("_id") is None:
            faults.append(f"id is missing for doc {position}")
        routing = doc.get("routing", doc.get("_routing"))
        items.append(MultiGetItem(str(name), str(doc.get("_id")), None if routing is None else str(routing)))
        filters.append(parse_source_filter(doc["_source"]) if "_source" in doc else default)
    if faults:
        raise ActionRequestValidationException.of(faults)
    return items, filters
