from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import ragstone.dsl.aggs
import ragstone.dsl.queries  # noqa: F401  (registers them)
from ragstone.core.clock import Deadline, SystemClock
from ragstone.core.errors import (
    IllegalArgumentException,
    IndexNotFoundException,
    OpenSearchException,
    OpenSearchTimeoutException,
    SearchContextMissingException,
    SearchPhaseExecutionException,
)
from ragstone.dsl.aggregation import parse_aggregations
from ragstone.dsl.query import Query, parse_query
from ragstone.dsl.sort import parse_sort
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.engine.opensearch.readers import Readers
from ragstone.engine.opensearch.search import Searches
from ragstone.engine.values import FetchOptions, Metadata, QueryRequest, RankedHit, Total
from ragstone.testing.cluster import SILENCE, Reply, ScriptedCluster

SEARCH, MSEARCH = "/books/_search", "/_msearch"


def match(word: str) -> Query:
    return parse_query({"match": {"k": word}})


EVERYTHING = parse_query({"match_all": {}})
MATCH_ALL = EVERYTHING.to_json()


def answer(*ids: str, **more: Any) -> dict[str, Any]:
    hits = [
        {"_index": "books", "_id": id, "_score": 1.0, "_version": 2, "_seq_no": 3, "_primary_term": 1, "_source": {}}
        for id in ids
    ]
    shown = {"total": {"value": len(ids), "relation": "eq"}, "max_score": 1.0 if ids else None, "hits": hits}
    shards = {"total": 3, "successful": 3, "failed": 0}
    return {"took": 1, "timed_out": False, "_shards": shards, "hits": shown, "status": 200, **more}


async def no_indices() -> Metadata:
    return Metadata("cluster", {})


@pytest.fixture
def searches(client: ClusterClient) -> Searches:
    return Searches(client, no_indices)


async def test_a_request_says_everything_in_one_body(cluster: ScriptedCluster, searches: Searches) -> None:
    cluster.on("POST", SEARCH, Reply(answer()))
    request = QueryRequest(
        ["books"],
        [match("a")],
        size=7,
        sort=parse_sort([{"n": "desc"}, "_score"]),
        search_after=[1, 2.5],
        min_score=0.5,
        post_filter=match("b"),
        track_total_hits=False,
        track_scores=True,
        terminate_after=9,
        aggregations=parse_aggregations({"by": {"terms": {"field": "n"}, "meta": {"m": 1}}}),
    )
    await searches.query_and_fetch(request, 0, FetchOptions(source=False, version=True), None)
    [sent] = cluster.requests
    assert sent.target == f"{SEARCH}?search_pipeline=_none"
    body = sent.json
    assert body.pop("aggregations")["by"]["meta"] == {"m": 1}
    assert body == {
        "query": match("a").to_json(),
        "size": 7,
        "track_total_hits": False,
        "_source": False,
        "version": True,
        "seq_no_primary_term": False,
        "sort": [{"n": {"order": "desc"}}, {"_score": {"order": "desc"}}],
        "track_scores": True,
        "search_after": [1, 2.5],
        "min_score": 0.5,
        "post_filter": match("b").to_json(),
        "terminate_after": 9,
    }


async def test_documents_come_with_the_ranking(cluster: ScriptedCluster, searches: Searches) -> None:
    found = answer("1", "2", terminated_early=True)
    found["hits"]["hits"][1] |= {"_routing": "r", "sort": [9], "matched_queries": ["q"], "_score": None}
    cluster.on("POST", SEARCH, Reply(found))
    result = await searches.query(QueryRequest(["books"], [EVERYTHING]), None)
    [ranked] = result.lists
    assert (ranked.total, ranked.max_score, ranked.terminated_early, result.shards) == (Total(2), 1.0, True, 3)
    [second, first] = searches.fetch(result, list(reversed(ranked.hits)), FetchOptions())
    assert (second.id, second.routing, second.sort, second.score) == ("2", "r", [9], None)
    assert (second.matched_queries, second.source, second.version) == (["q"], b"{}", None)
    assert (first.id, first.sort, first.score) == ("1", None, 1.0)
    assert len(cluster.requests) == 1


async def test_several_queries_are_one_msearch_and_their_union_is_counted(
    cluster: ScriptedCluster, searches: Searches
) -> None:
    union = answer(aggregations={"by": {"buckets": []}})
    union["hits"]["total"] = {"value": 3, "relation": "gte"}
    cluster.on("POST", MSEARCH, Reply({"took": 1, "responses": [answer("1", "2"), answer("2", "3"), union]}))
    aggregations = parse_aggregations({"by": {"terms": {"field": "n"}}})
    request = QueryRequest(["books"], [match("a"), match("b")], post_filter=match("c"), aggregations=aggregations)
    result = await searches.query(request, None)
    assert result.union == Total(3, "gte")
    assert result.aggregations == {"by": {"buckets": []}}
    first, second = ([hit.ref for hit in ranked.hits] for ranked in result.lists)
    assert first[1] == second[0]
    assert len({*first, *second}) == 3
    header, one, _, two, _, both = cluster.requests[0].lines
    assert header == {"index": ["books"]}
    assert (one["query"], two["query"]) == (match("a").to_json(), match("b").to_json())
    assert both["query"] == {"bool": {"should": [match("a").to_json(), match("b").to_json()]}}
    assert (both["size"], both["post_filter"]) == (0, match("c").to_json())
    assert "aggregations" in both
    assert "aggregations" not in one
    assert {line["search_pipeline"] for line in (one, two, both)} == {"_none"}


async def test_nobody_counts_a_union_that_nobody_wants(cluster: ScriptedCluster, searches: Searches) -> None:
    cluster.on("POST", MSEARCH, Reply({"took": 1, "responses": [answer("1"), answer()]}))
    result = await searches.query(QueryRequest(["books"], [match("a"), match("b")], track_total_hits=False), None)
    assert result.union is None
    assert len(cluster.requests[0].lines) == 4


async def test_the_first_error_of_several_is_the_searchs(cluster: ScriptedCluster, searches: Searches) -> None:
    error = {"type": "index_not_found_exception", "reason": "no such index [books]", "index": "books"}
    cluster.on("POST", MSEARCH, Reply({"took": 1, "responses": [answer("1"), {"error": error, "status": 404}]}))
    with pytest.raises(IndexNotFoundException, match="no such index") as raised:
        await searches.query(QueryRequest(["books"], [match("a"), match("b")], track_total_hits=False), None)
    assert raised.value.index == "books"


async def test_more_names_than_fit_into_a_path_go_into_a_body(cluster: ScriptedCluster, searches: Searches) -> None:
    cluster.on("POST", MSEARCH, Reply({"took": 1, "responses": [answer("1")]}))
    names = [f"index-with-a-long-name-{n}" for n in range(200)]
    await searches.query(QueryRequest(names, [EVERYTHING]), None)
    assert cluster.requests[0].lines[0] == {"index": names}


async def test_shards_that_fail_are_told_beside_what_the_others_found(
    cluster: ScriptedCluster, searches: Searches
) -> None:
    reason = {"type": "illegal_argument_exception", "reason": "no", "caused_by": {"type": "x", "reason": "y"}}
    failure = {"shard": 2, "index": "books", "node": "n1", "reason": reason}
    shards = {"total": 3, "successful": 2, "failed": 1, "failures": [failure]}
    cluster.on("POST", SEARCH, Reply(answer("1", _shards=shards)))
    result, hits = await searches.query_and_fetch(QueryRequest(["books"], [EVERYTHING]), 0, FetchOptions(), None)
    assert [hit.id for hit in hits] == ["1"]
    [told] = result.lists[0].failures
    assert told.to_json() == failure
    assert isinstance(told.reason, IllegalArgumentException)
    assert told.reason.status == 400
    with pytest.raises(SearchPhaseExecutionException):  # a count is exact or none
        await searches.count(["books"], EVERYTHING, None)


async def test_a_search_that_fails_everywhere_is_the_clusters_own_error(
    cluster: ScriptedCluster, searches: Searches
) -> None:
    error = {"type": "search_phase_execution_exception", "reason": "all shards failed", "phase": "query"}
    cluster.on("POST", SEARCH, Reply({"error": {"root_cause": [], **error}, "status": 503}, 503))
    with pytest.raises(SearchPhaseExecutionException, match="all shards failed") as raised:
        await searches.query(QueryRequest(["books"], [EVERYTHING]), None)
    assert (raised.value.status, raised.value.metadata["phase"]) == (503, "query")


async def test_an_answer_of_somebody_else_is_a_bad_gateway(cluster: ScriptedCluster, searches: Searches) -> None:
    for body in (b"<html>", b'{"hits": 3}'):
        cluster.on("POST", SEARCH, Reply(body))
        with pytest.raises(OpenSearchException, match="the cluster's answer is not understood") as raised:
            await searches.query(QueryRequest(["books"], [EVERYTHING]), None)
        assert raised.value.status == 502


async def test_a_deadline_is_the_clusters_too(cluster: ScriptedCluster, searches: Searches) -> None:
    cluster.on("POST", SEARCH, Reply(answer("1", timed_out=True)))
    with pytest.raises(OpenSearchTimeoutException):
        await searches.query(QueryRequest(["books"], [EVERYTHING]), Deadline.after(SystemClock(), 30))
    told = cluster.requests[0].json["timeout"]
    assert told.endswith("ms")
    assert 25_000 < int(told.removesuffix("ms")) <= 30_000
    cluster.on("POST", SEARCH, SILENCE)
    with pytest.raises(OpenSearchTimeoutException):
        await searches.query(QueryRequest(["books"], [EVERYTHING]), Deadline.after(SystemClock(), 0.05))


@pytest.mark.parametrize(
    ("indices", "filters", "expected"),
    [
        (["a", "b"], [], MATCH_ALL),
        (["a"], ["a"], {"bool": {"must": [MATCH_ALL], "filter": [match("a").to_json()]}}),
        (
            ["a", "b"],
            ["a"],
            {
                "bool": {
                    "must": [MATCH_ALL],
                    "filter": [
                        {
                            "bool": {
                                "should": [
                                    {"bool": {"filter": [{"term": {"_index": "a"}}, match("a").to_json()]}},
                                    {"bool": {"must_not": [{"terms": {"_index": ["a"]}}]}},
                                ]
                            }
                        }
                    ],
                }
            },
        ),
    ],
)
async def test_a_filter_narrows_only_its_own_index(
    cluster: ScriptedCluster, searches: Searches, indices: list[str], filters: list[str], expected: Any
) -> None:
    target = f"/{','.join(indices)}/_search".replace(",", "%2C")
    cluster.on("POST", f"/{','.join(indices)}/_search", Reply(answer()))
    cluster.on("POST", target, Reply(answer()))
    request = QueryRequest(indices, [EVERYTHING], filters={name: match(name) for name in filters})
    await searches.query(request, None)
    assert cluster.requests[0].json["query"] == expected


async def test_our_own_indices_are_searched_with_our_own_rights(
    cluster: ScriptedCluster, client: ClusterClient
) -> None:
    asked: list[bool] = []
    ask = client.ask

    async def watch(*args: Any, **options: Any) -> Any:
        asked.append(options["as_service"])
        return await ask(*args, **options)

    client.ask = watch  # type: ignore[method-assign]
    for names in ([".plugins-ml-model"], [".plugins-ml-model", "books"], ["books"]):
        cluster.on("POST", f"/{','.join(names)}/_search", Reply(answer()))
        await Searches(client, no_indices).query(QueryRequest(names, [EVERYTHING]), None)
    assert asked == [True, False, False]


PIT = "/_search/point_in_time"


@pytest.fixture
def readers(client: ClusterClient) -> Readers:
    return Readers(client)


def made(cluster: ScriptedCluster, id: str = "moment") -> None:
    cluster.on("POST", "/books/_search/point_in_time", Reply({"pit_id": id, "_shards": {"total": 3}}))


async def test_a_reader_is_a_point_in_time_of_the_clusters_own(
    cluster: ScriptedCluster, searches: Searches, readers: Readers
) -> None:
    made(cluster)
    reader = await readers.open(["books"], 1.5)
    assert (reader.indices, reader.shards) == (("books",), 3)
    hit = {**answer("1")["hits"]["hits"][0], "sort": [7, "books", 42]}
    shown = answer("1", pit_id="newer")
    cluster.on("POST", "/_search", Reply({**shown, "hits": {**shown["hits"], "hits": [hit]}}))
    request = QueryRequest(["books"], [EVERYTHING], sort=parse_sort(["n"]), reader=reader)
    result, [found] = await searches.query_and_fetch(request, 0, FetchOptions(), None)
    [ranked] = result.lists[0].hits
    assert (ranked.ref, ranked.sort, found.sort) == (42, (7,), [7])
    await searches.query(replace(request, behind=ranked), None)
    await readers.close(reader)
    first, second = cluster.asked("POST", "/_search")
    tiebreak = [{"_index": {"order": "asc"}}, {"_shard_doc": {"order": "asc"}}]
    assert first.json["pit"] == {"id": "moment", "keep_alive": "1500ms"}
    assert first.json["sort"] == [{"n": {"order": "asc"}}, *tiebreak]
    assert "search_after" not in first.json
    assert second.json["pit"]["id"] == "newer"
    assert second.json["search_after"] == [7, "books", 42]
    assert [request.json for request in cluster.asked("DELETE", PIT)] == [{"pit_id": ["newer"]}]
    with pytest.raises(SearchContextMissingException):
        await searches.query(request, None)


async def test_pages_by_score_go_on_behind_the_last_score(
    cluster: ScriptedCluster, searches: Searches, readers: Readers
) -> None:
    made(cluster)
    cluster.on("POST", "/_search", Reply(answer()))
    reader = await readers.open(["books"], 60)
    last = RankedHit("books", 3, 0.5)
    await searches.query(QueryRequest(["books"], [match("a")], reader=reader, behind=last), None)
    [asked] = cluster.asked("POST", "/_search")
    assert asked.json["sort"][0] == {"_score": {"order": "desc"}}
    assert asked.json["track_scores"] is True
    assert asked.json["search_after"] == [0.5, "books", 3]


async def test_a_point_in_time_that_the_cluster_has_lost_is_missing(
    cluster: ScriptedCluster, searches: Searches, readers: Readers
) -> None:
    made(cluster)
    gone = {"type": "search_context_missing_exception", "reason": "No search context found for id [1]"}
    error = {"type": "search_phase_execution_exception", "reason": "all shards failed", "root_cause": [gone]}
    cluster.on("POST", "/_search", Reply({"error": error, "status": 404}, 404))
    reader = await readers.open(["books"], 60)
    with pytest.raises(SearchContextMissingException):
        await searches.query(QueryRequest(["books"], [EVERYTHING], reader=reader), None)
