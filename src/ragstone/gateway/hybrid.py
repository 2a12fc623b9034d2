"""A hybrid search over a cluster that does not know the query: one `_msearch`, and one list of its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import to_bool, to_float
from ragstone.dsl.foreign import ForeignSearchBody
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.search_body import SearchBody
from ragstone.dsl.sort import parse_sort
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.api import ClusterApi
from ragstone.engine.values import IndexMetadata, QueryPhaseResult, QueryRequest, RankedHit, RankedList, Total
from ragstone.gateway.targets import path
from ragstone.search.execution import DEFAULT_SIZE
from ragstone.search.hybrid import all_shards_failed, as_hybrid

_HEADER = (
    "routing", "preference", "search_type", "ignore_unavailable", "allow_no_indices", "expand_wildcards",
    "allow_partial_search_results", "request_cache",
)  # fmt: skip
"""Parameters of a search that a line of `_msearch` may have."""
_OF_ALL = ("aggs", "aggregations", "suggest")
"""Parts of a search that are answered for what any sub-query matches."""


def is_hybrid(search: SearchBody) -> bool:
    return isinstance(search.query, HybridQuery)


async def ask_hybrid(
    api: ClusterApi,
    expression: str | None,
    search: ForeignSearchBody,
    parameters: Mapping[str, str],
    indices: Sequence[IndexMetadata],
    between: Callable[[QueryPhaseResult], None] | None,
) -> JsonObject:
    """The answer as the cluster would give it. `between` is what the pipeline does with the ranked lists.

    Raises what the cluster answers to any of the searches, and SearchPhaseExecutionException for what does not go
    together.
    """
    hybrid = search.query
    assert isinstance(hybrid, HybridQuery)
    if to_bool(search.rest.get("explain", False)) or parameters.get("explain") in ("", "true"):
        raise unsupported("explain of a hybrid query")
    if "scroll" in parameters:
        scrolling = IllegalArgumentException("Scroll operation is not supported in hybrid query")
        raise all_shards_failed(indices, "", lambda _: scrolling) if indices else scrolling
    typed = replace(
        search,
        sort=tuple(parse_sort(search.rest["sort"])) if "sort" in search.rest else (),
        track_scores=to_bool(search.rest.get("track_scores", False)),
        min_score=to_float(search.rest["min_score"]) if search.rest.get("min_score") is not None else None,
    )
    start, size = search.from_ or 0, search.size if search.size is not None else DEFAULT_SIZE
    wanted = QueryRequest(
        indices=[index.name for index in indices],
        queries=[hybrid],
        size=start + size if size else 0,
        sort=typed.sort,
        min_score=typed.min_score,
    )
    request, combine = as_hybrid(wanted, typed, indices, "", between)
    base = {key: value for key, value in search.for_engine().items() if key not in (*_OF_ALL, "query", "from")}
    everything = {**base, "query": hybrid.any().to_json(), "size": 0, "search_pipeline": "_none"}
    everything.update({key: search.rest[key] for key in _OF_ALL if key in search.rest})
    if request.sort:
        listed = [{**base, "query": request.queries[0].to_json()}]
    else:
        listed = [
            {
                **{key: value for key, value in base.items() if key not in ("sort", "min_score")},
                "query": query.to_json(),
            }
            for query in request.queries
        ]
    bodies = [{**body, "size": request.size, "search_pipeline": "_none"} for body in listed]
    answers = await _searched(api, expression, [*bodies, everything], parameters)
    answer = _one_answer(answers[:-1], answers[-1], combine, start, size)
    if hybrid.name is not None:
        for hit in answer["hits"]["hits"]:
            hit["matched_queries"] = [hybrid.name, *hit.get("matched_queries", ())]
    return answer


async def _searched(
    api: ClusterApi, expression: str | None, bodies: Sequence[JsonObject], parameters: Mapping[str, str]
) -> list[JsonObject]:
    header = {name: parameters[name] for name in _HEADER if name in parameters}
    lines: list[Any] = [line for body in bodies for line in (header, body)]
    answers: list[JsonObject] = (await api.call("POST", path(expression, "_msearch"), lines))["responses"]
    for answer in answers:
        if "error" in answer:
            raise api.error(answer["error"], answer["status"])
    return answers


def _one_answer(
    answers: Sequence[JsonObject],
    everything: JsonObject,
    combine: Callable[[QueryPhaseResult], None],
    start: int,
    size: int,
) -> JsonObject:
    found: dict[tuple[str, str], int] = {}
    hits: list[JsonObject] = []
    lists: list[RankedList] = []
    for answer in answers:
        ranked: list[RankedHit] = []
        for hit in answer["hits"]["hits"]:
            key = hit["_index"], hit["_id"]
            if found.setdefault(key, len(hits)) == len(hits):
                hits.append(hit)
            ranked.append(RankedHit(hit["_index"], found[key], hit["_score"], tuple(hit.get("sort", ()))))
        lists.append(RankedList(ranked, _total(answer), answer["hits"]["max_score"]))
    total = _total(everything)
    result = QueryPhaseResult(lists, (), everything["_shards"]["total"], union=total)
    combine(result)
    [best] = result.lists
    page = [{**hits[hit.ref], "_score": hit.score} for hit in best.hits[start : start + size]]
    shown: JsonObject = {"total": {"value": best.total.value, "relation": best.total.relation}} if best.total else {}
    answer = {key: value for key, value in everything.items() if key != "status"}
    answer["timed_out"] = any(one["timed_out"] for one in (*answers, everything))
    answer["hits"] = {**shown, "max_score": best.max_score, "hits": page}
    return answer


def _total(answer: JsonObject) -> Total | None:
    total = answer["hits"].get("total")
    return None if total is None else Total(total["value"], total["relation"])
