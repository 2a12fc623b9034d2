"""Routes of a node in front of a cluster for one document that a caller may, or may not, see."""

from __future__ import annotations

from ragstone.core.errors import OpenSearchSecurityException
from ragstone.indices.views import view_of
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.gateway import gateway_of, passed_on
from ragstone.rest.services import Services

routes = Routes()


@routes.add("GET /{index}/_explain/{id}", "POST /{index}/_explain/{id}", any_parameter=True)
async def explain(services: Services, request: Request) -> Response:
    """The cluster's explanation for a document that the caller sees."""
    hidden = await _hidden_in(services, request)
    if hidden is None:
        return await passed_on(gateway_of(services), request)
    return Response({"_index": hidden, "_id": request.required("id"), "matched": False}, status=404)


@routes.add("GET /{index}/_termvectors/{id}", "POST /{index}/_termvectors/{id}", any_parameter=True)
async def term_vectors(services: Services, request: Request) -> Response:
    """The cluster's, of a document that the caller sees."""
    hidden = await _hidden_in(services, request)
    if hidden is None:
        return await passed_on(gateway_of(services), request)
    return Response({"_index": hidden, "_id": request.required("id"), "_version": 0, "found": False, "took": 0})


async def _hidden_in(services: Services, request: Request) -> str | None:
    """The index, where the document is not there for the caller. Raises OpenSearchSecurityException where the cluster
    would tell of fields that the caller does not see."""
    found = await services.documents.get(
        request.required("index"), request.required("id"), routing=request.query.get("routing")
    )
    view = view_of(found.index)
    if view is not None and (view.fields is not None or view.masks is not None):
        raise OpenSearchSecurityException(
            f"[{request.method} {request.path}] is not possible for who does not see all fields of the index"
        )
    return None if found.document.found else found.index.name
