"""`_termvectors`."""

from __future__ import annotations

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.term_vectors import TermVectorsRequest
from ragstone.engine.values import TermVector, VectorTerm
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()


@routes.add(
    "GET /{index}/_termvectors/{id}",
    "POST /{index}/_termvectors/{id}",
    parameters=[
        "fields", "offsets", "positions", "payloads", "term_statistics", "field_statistics", "realtime", "routing",
        "preference", "version", "version_type",
    ],
)  # fmt: skip
async def term_vectors(services: Services, request: Request) -> Response:
    assert services.explain is not None, "this route exists on the embedded engine only"
    begun = services.clock.monotonic()
    asked = TermVectorsRequest(
        request.names("fields"),
        request.flag("offsets", True),
        request.flag("positions", True),
        request.flag("term_statistics"),
        request.flag("field_statistics", True),
        request.flag("realtime", True),
    )
    content = request.json_or(None)
    asked = asked if content is None else TermVectorsRequest.parse(content, asked)
    index, found = await services.explain.term_vectors(request.required("index"), request.required("id"), asked)
    shown: JsonObject = {
        "_index": index.name,
        "_id": request.required("id"),
        "_version": found.version,
        "found": found.version > 0,
        "took": int((services.clock.monotonic() - begun) * 1000),
    }
    if found.version > 0:
        shown["term_vectors"] = {name: _vector(vector, asked) for name, vector in found.fields.items()}
    return Response(shown)


def _vector(vector: TermVector, asked: TermVectorsRequest) -> JsonObject:
    shown: JsonObject = {}
    if vector.statistics is not None:
        shown["field_statistics"] = {
            "sum_doc_freq": vector.statistics.document_frequencies,
            "doc_count": vector.statistics.documents,
            "sum_ttf": vector.statistics.total_frequencies,
        }
    shown["terms"] = {term.term: _term(term, asked) for term in vector.terms}
    return shown


def _term(term: VectorTerm, asked: TermVectorsRequest) -> JsonObject:
    shown: JsonObject = {}
    if term.document_frequency is not None:
        shown |= {"doc_freq": term.document_frequency, "ttf": term.total_frequency}
    shown["term_freq"] = len(term.tokens)
    if asked.positions or asked.offsets:
        shown["tokens"] = [
            {
                **({"position": token.position} if asked.positions else {}),
                **({"start_offset": token.start, "end_offset": token.end} if asked.offsets else {}),
            }
            for token in term.tokens
        ]
    return shown
