"""`_bulk`."""

from __future__ import annotations

from ragstone.core.errors import ParseException, error_cause
from ragstone.core.xcontent import JsonObject
from ragstone.documents.outcome import ItemOutcome
from ragstone.dsl.bulk import BulkDefaults, parse_bulk
from ragstone.dsl.source_filter import source_filter_from_query
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.documents import SOURCE, refresh_policy
from ragstone.rest.services import Services

routes = Routes()


@routes.add(
    "POST /_bulk",
    "PUT /_bulk",
    "POST /{index}/_bulk",
    "PUT /{index}/_bulk",
    parameters=[
        *SOURCE, "refresh", "routing", "pipeline", "timeout", "wait_for_active_shards", "require_alias", "batch_size",
    ],
    body_first=True,
)  # fmt: skip
async def bulk(services: Services, request: Request) -> Response:
    content = request.content()
    if not content:
        raise ParseException("request body is required")
    refresh = refresh_policy(request)
    items = parse_bulk(
        content,
        BulkDefaults(
            request.param("index"),
            request.query.get("routing"),
            request.query.get("pipeline"),
            request.flag("require_alias") if "require_alias" in request.query else None,
            source_filter_from_query(request.query),
        ),
    )
    request.check_parameters()
    outcome = await services.bulk.bulk(items, refresh)
    body: JsonObject = {"took": outcome.took}
    if outcome.ingest_took is not None:
        body["ingest_took"] = outcome.ingest_took
    body["errors"] = any(item.error is not None for item in outcome.items)
    body["items"] = [{item.action: _shown(item)} for item in outcome.items]
    return Response(body)


def _shown(item: ItemOutcome) -> JsonObject:
    if item.error is not None:
        return {"_index": item.index, "_id": item.id, "status": item.status, "error": error_cause(item.error)}
    shown = item.to_json()
    shown["status"] = item.status
    return shown
