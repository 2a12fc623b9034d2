"""What the cluster's answers look like, as far as they are read here. Sources stay the bytes that they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Required, TypedDict, TypeVar

from ragstone.core import json
from ragstone.core.errors import JavaException, OpenSearchException, SearchPhaseExecutionException, ShardFailure
from ragstone.engine.opensearch.errors import error_of, from_json
from ragstone.engine.values import ClusterAnswer, JsonObject

T = TypeVar("T")


class ShardsAnswer(TypedDict, total=False):
    total: Required[int]
    failed: int
    failures: list[JsonObject]


class TotalAnswer(TypedDict):
    value: int
    relation: str


class HitAnswer(TypedDict, total=False):
    _index: Required[str]
    _id: Required[str]
    _score: float | None
    _source: json.Unparsed
    _version: int
    _seq_no: int
    _primary_term: int
    _routing: str
    sort: list[Any]
    matched_queries: list[str]


class HitsAnswer(TypedDict, total=False):
    hits: Required[list[HitAnswer]]
    total: TotalAnswer
    max_score: float | None


class SearchAnswer(TypedDict, total=False):
    """One search, or one of an `_msearch`; that one may be an error."""

    hits: HitsAnswer
    timed_out: bool
    terminated_early: bool
    _shards: ShardsAnswer
    aggregations: JsonObject
    pit_id: str
    error: JsonObject
    status: int


class SearchesAnswer(TypedDict):
    responses: list[SearchAnswer]


class GetAnswer(TypedDict, total=False):
    found: bool
    error: Any
    _source: json.Unparsed
    _version: int
    _seq_no: int
    _primary_term: int
    _routing: str


read_search = json.reader(SearchAnswer)
read_searches = json.reader(SearchesAnswer)
read_get = json.reader(GetAnswer)


def understood(read: Callable[[bytes], T], answer: ClusterAnswer) -> T:
    """The answer's body. Raises what the cluster said where that is an error; OpenSearchException (502) for what is no
    answer of OpenSearch's."""
    if answer.status >= 400:
        raise error_of(answer)
    try:
        return read(answer.body)
    except JavaException as why:
        error = OpenSearchException(f"the cluster's answer is not understood: {why.reason}")
        error.status = 502
        raise error from None


def shard_failures(shards: ShardsAnswer) -> list[ShardFailure]:
    return [
        ShardFailure(
            failure.get("index", ""),
            failure.get("node") or "",
            from_json(failure.get("reason") or {}),
            failure.get("shard", 0),
        )
        for failure in shards.get("failures", ())
    ]


def demand_all(shards: ShardsAnswer) -> None:
    """For an answer that means nothing when a part is missing. Raises SearchPhaseExecutionException."""
    if shards.get("failed"):
        raise SearchPhaseExecutionException("Partial shards failure", failures=shard_failures(shards))


def first_error(answers: Sequence[SearchAnswer]) -> None:
    """Raises the first error among the answers of an `_msearch`."""
    for answer in answers:
        if "error" in answer:
            raise from_json(answer["error"], answer.get("status"))
