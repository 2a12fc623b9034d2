"""Searching in the cluster: one request brings the ranking and the documents of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from ragstone.core import json
from ragstone.core.clock import Deadline
from ragstone.core.errors import OpenSearchException, OpenSearchTimeoutException, SearchContextMissingException
from ragstone.dsl.query import Query
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.opensearch import readers, views
from ragstone.engine.opensearch.answers import (
    HitAnswer,
    SearchAnswer,
    demand_all,
    first_error,
    read_search,
    read_searches,
    shard_failures,
    understood,
)
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.engine.opensearch.fields import FieldViews, field_views
from ragstone.engine.opensearch.names import are_system, part
from ragstone.engine.values import (
    FetchOptions,
    Hit,
    JsonObject,
    Metadata,
    QueryPhaseResult,
    QueryRequest,
    RankedHit,
    RankedList,
    Reader,
    Total,
)
from ragstone.engine.visibility import Views

_LONGEST_PATH = 3_000
"""Characters of names in a path. The cluster takes a first line of 4,096 bytes, unless told otherwise."""
_EVERYTHING = FetchOptions(version=True, seq_no_primary_term=True)
"""What `fetch` may be asked for is not known when the query phase is."""


class Searches:
    """See `SearchEngine`. A result's snapshot has its hits as they came, by index and `ref`: without a reader a mere
    number, the same in all lists that hold the document."""

    def __init__(self, client: ClusterClient, metadata: Callable[[], Awaitable[Metadata]]) -> None:
        self._client = client
        self._metadata = metadata

    async def query(
        self, request: QueryRequest, deadline: Deadline | None, options: FetchOptions = _EVERYTHING
    ) -> QueryPhaseResult:
        if not request.indices:
            total = None if request.track_total_hits is False else Total(0)
            return QueryPhaseResult([RankedList([], total, None) for _ in request.queries], {}, 0)
        given, hiding = request.aggregations, await self._hiding(request)
        request = views.inside(request if hiding is None else hiding.inside(request))
        bodies = [_body(request, query, options) for query in request.queries]
        united = len(bodies) > 1 and (request.track_total_hits is not False or bool(request.aggregations))
        if united:
            bodies.append(_union(bodies))
        if request.aggregations:
            bodies[-1]["aggregations"] = _aggregations(request)
        answers = await self._ask(request.indices, bodies, deadline, request.reader)
        if any(answer.get("timed_out") for answer in answers):
            raise OpenSearchTimeoutException("the search ran out of time")
        hits: dict[tuple[str, str, str | None], int] = {}
        snapshot: dict[tuple[str, int], HitAnswer] = {}
        lists = [_ranked(answer, request, hits, snapshot) for answer in answers[: len(request.queries)]]
        aggregations = answers[-1].get("aggregations", {})
        if hiding is not None:
            aggregations = hiding.masked(given, aggregations)
            for hit in snapshot.values():
                _cut(hit, hiding)
        return QueryPhaseResult(
            lists,
            snapshot,
            answers[0]["_shards"]["total"],
            aggregations,
            union=_total(answers[-1]) if united else None,
        )

    def fetch(self, result: QueryPhaseResult, hits: Sequence[RankedHit], options: FetchOptions) -> list[Hit]:
        if options.explain is not None:
            raise unsupported("explain")
        if options.doc_values:
            raise unsupported("docvalue_fields")
        if options.highlight is not None:
            raise unsupported("highlight")
        return [_hit(hit, result.snapshot[hit.index, hit.ref], options) for hit in hits]

    async def query_and_fetch(
        self, request: QueryRequest, start: int, options: FetchOptions, deadline: Deadline | None
    ) -> tuple[QueryPhaseResult, list[Hit]]:
        result = await self.query(request, deadline, options)
        hits = self.fetch(result, result.lists[0].hits[start:], options)
        result.snapshot = {}
        return result, hits

    async def count(
        self, indices: Sequence[str], query: Query, filters: Mapping[str, Query] | None, seen: Views | None = None
    ) -> int:
        if not indices:
            return 0
        asked = QueryRequest(indices, [query], filters=filters or {}, views=seen or {})
        hiding = await self._hiding(asked)
        asked = views.inside(asked if hiding is None else hiding.inside(asked))
        body = {"query": _filtered(asked.queries[0], indices, asked.filters), "size": 0, "track_total_hits": True}
        [answer] = await self._ask(indices, [body], None)
        demand_all(answer["_shards"])
        return answer["hits"]["total"]["value"]

    async def _hiding(self, request: QueryRequest) -> FieldViews | None:
        """What of the request's views is about fields."""
        if not any(view.fields is not None or view.masks is not None for view in (request.views or {}).values()):
            return None
        return field_views(request.indices, (await self._metadata()).indices, request.views)

    async def _ask(
        self,
        indices: Sequence[str],
        bodies: Sequence[JsonObject],
        deadline: Deadline | None,
        reader: Reader | None = None,
    ) -> list[SearchAnswer]:
        """The answers to the bodies, in their order. Raises the first error among them."""
        if reader is None:
            return await self._answers(indices, bodies, deadline)
        for body in bodies:
            body["pit"] = reader.handle.to_json()
        try:
            answers = await self._answers(indices, bodies, deadline, named=False)
        except OpenSearchException as error:
            if readers.is_missing(error):
                raise SearchContextMissingException(error.reason) from error
            raise
        reader.handle.id = answers[0].get("pit_id", reader.handle.id)
        return answers

    async def _answers(
        self, indices: Sequence[str], bodies: Sequence[JsonObject], deadline: Deadline | None, *, named: bool = True
    ) -> list[SearchAnswer]:
        """`named`: the request says which indices; a point in time knows that itself."""
        if deadline is not None:
            if deadline.expired:
                raise OpenSearchTimeoutException("the search ran out of time")
            for body in bodies:
                body["timeout"] = f"{max(1, int(deadline.remaining() * 1000))}ms"
        names = ",".join(map(part, indices))
        as_service = are_system(indices)
        if len(bodies) == 1 and len(names) <= _LONGEST_PATH:
            target = f"/{names}/_search?search_pipeline=_none" if named else "/_search?search_pipeline=_none"
            answer = await self._client.ask(
                "POST", target, json.encode(bodies[0]), as_service=as_service, deadline=deadline
            )
            return [understood(read_search, answer)]
        header = {"index": indices} if named else {}
        lines = [line for body in bodies for line in (header, {**body, "search_pipeline": "_none"})]
        answer = await self._client.ask(
            "POST",
            "/_msearch",
            b"".join(json.encode(line) + b"\n" for line in lines),
            content_type="application/x-ndjson",
            as_service=as_service,
            deadline=deadline,
        )
        answers = understood(read_searches, answer)["responses"]
        first_error(answers)
        return answers


# ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _body(request: QueryRequest, query: Query, options: FetchOptions) -> JsonObject:
    body: JsonObject = {
        "query": _filtered(query, request.indices, request.filters),
        "size": request.size,
        "track_total_hits": request.track_total_hits,
        "_source": options.source,
        "version": options.version,
        "seq_no_primary_term": options.seq_no_primary_term,
    }
    body |= readers.order(request)
    if request.track_scores:
        body["track_scores"] = True
    if request.search_after is not None:
        body["search_after"] = list(request.search_after)
    if request.min_score is not None:
        body["min_score"] = request.min_score
    if request.post_filter is not None:
        body["post_filter"] = request.post_filter.to_json()
    if request.terminate_after:
        body["terminate_after"] = request.terminate_after
    return body


def _union(bodies: Sequence[JsonObject]) -> JsonObject:
    """What at least one of the queries matches, to be counted and aggregated."""
    queries = {"bool": {"should": [body["query"] for body in bodies]}}
    kept = ("track_total_hits", "post_filter", "terminate_after")
    return {"query": queries, "size": 0, **{key: bodies[0][key] for key in kept if key in bodies[0]}}


def _aggregations(request: QueryRequest) -> JsonObject:
    return {name: found.definition() for name, found in request.aggregations.items()}


def _filtered(query: Query, indices: Sequence[str], filters: Mapping[str, Query]) -> JsonObject:
    """The query; what it finds in an index that has a filter must pass it."""
    if not any(name in filters for name in indices):
        return query.to_json()
    return {"bool": {"must": [query.to_json()], "filter": [views.by_index(indices, filters).to_json()]}}


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _ranked(
    answer: SearchAnswer,
    request: QueryRequest,
    known: dict[tuple[str, str, str | None], int],
    snapshot: dict[tuple[str, int], HitAnswer],
) -> RankedList:
    ranked: list[RankedHit] = []
    lasting = readers.breaks_ties(request)
    for hit in answer["hits"]["hits"]:
        if lasting:
            ranked.append(readers.ranked(request, hit["_index"], hit.get("_score"), hit["sort"]))
            snapshot[hit["_index"], ranked[-1].ref] = hit
            continue
        name = (hit["_index"], hit["_id"], hit.get("_routing"))
        ref = known.get(name)
        if ref is None:
            ref = known[name] = len(known)
            snapshot[hit["_index"], ref] = hit
        ranked.append(RankedHit(hit["_index"], ref, hit.get("_score"), tuple(hit.get("sort", ()))))
    return RankedList(
        ranked,
        _total(answer),
        answer["hits"].get("max_score"),
        failures=shard_failures(answer["_shards"]),
        terminated_early=answer.get("terminated_early", False),
    )


def _cut(hit: HitAnswer, hiding: FieldViews) -> None:
    """Leaves of a document what is shown of it."""
    if "_source" in hit:
        hit["_source"] = json.Unparsed(hiding.cut(hit["_index"], bytes(hit["_source"])))


def _total(answer: SearchAnswer) -> Total | None:
    total = answer["hits"].get("total")
    return None if total is None else Total(total["value"], "eq" if total["relation"] == "eq" else "gte")


def _hit(ranked: RankedHit, found: HitAnswer, options: FetchOptions) -> Hit:
    return Hit(
        index=ranked.index,
        id=found["_id"],
        score=ranked.score,
        source=bytes(found["_source"]) if options.source and "_source" in found else None,
        sort=list(ranked.sort) if ranked.sort else None,
        version=found.get("_version") if options.version else None,
        seq_no=found.get("_seq_no") if options.seq_no_primary_term else None,
        primary_term=found.get("_primary_term") if options.seq_no_primary_term else None,
        routing=found.get("_routing"),
        matched_queries=found.get("matched_queries", []),
    )
