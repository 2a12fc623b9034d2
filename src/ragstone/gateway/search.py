"""Searches that the cluster can't do alone: pipelines, models and answers are ours, matching is the cluster's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from ragstone.core import caller, json
from ragstone.core.clock import Clock
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.by_index import by_index
from ragstone.dsl.foreign import ForeignSearchBody, parse_foreign_search
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.queries.match_none import MatchNoneQuery
from ragstone.dsl.search_body import SearchBody
from ragstone.dsl.source_filter import SourceFilter, filter_source
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.api import ClusterApi, Engine
from ragstone.engine.values import Hit, IndexMetadata, Total
from ragstone.gateway.guard import SEARCH as SEARCH_DEMAND
from ragstone.gateway.guard import TARGETS, options_of
from ragstone.gateway.hybrid import ask_hybrid, is_hybrid
from ragstone.gateway.ownership import SEARCH, Ownership
from ragstone.gateway.restricted import kept_within
from ragstone.gateway.sparse import with_tokens
from ragstone.gateway.targets import meant, path
from ragstone.indices.resolver import resolve
from ragstone.indices.views import views_of
from ragstone.ml.ports import Predictor
from ragstone.pipelines.processor import PipelineContext, SearchResponse
from ragstone.pipelines.search.pipeline import SearchPipeline
from ragstone.pipelines.search.service import NONE, SearchPipelineService
from ragstone.search.hybrid import MisplacedHybridException, all_shards_failed
from ragstone.search.rewrite import rewrite_neural
from ragstone.search.trace import VerboseTrace

_OURS = ("search_pipeline", "verbose_pipeline")
_RENDERED_HERE = frozenset({"pretty", "human", "error_trace", "filter_path", "format", "source", "source_content_type"})
_SOURCE = ("_source", "_source_includes", "_source_excludes")
_TYPED = frozenset({"_index", "_id", "_score", "_source", "sort"})


class GatewaySearch:
    """`search` is a straight list, as `search.service` is; only what runs the query differs."""

    def __init__(
        self,
        engine: Engine,
        api: ClusterApi,
        ownership: Ownership,
        pipelines: SearchPipelineService,
        predictor: Predictor,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._api = api
        self._ownership = ownership
        self._pipelines = pipelines
        self._predictor = predictor
        self._clock = clock

    async def search(
        self, expression: str | None, body: Any, parameters: Mapping[str, str], source: SourceFilter | None = None
    ) -> JsonObject:
        """The response of one search. `body` is its JSON, `parameters` those of its URL, `source` what they say of it.

        Raises what the cluster answers, and what processors and models raise.
        """
        start = self._clock.monotonic()
        named = parameters.get("search_pipeline")
        kept = await self._kept(expression, parameters)
        if kept is not None:
            # By their names: what is there since they were looked up has no filter yet.
            expression = kept.names
            parameters = {name: value for name, value in parameters.items() if name not in TARGETS}
        search, parameters = _with_parameters(parse_foreign_search(body), parameters, source)
        indices = meant(await self._engine.metadata(), expression)
        inline = search.search_pipeline
        # A definition of the cluster's own processors is the cluster's, as is a name that is not ours.
        ours = not isinstance(inline, dict) or named is not None or await self._ownership.definition(SEARCH, inline)
        chosen = await self._pipelines.choose(named, inline, indices) if ours else None
        if chosen is None:
            theirs = named if named is not None else inline
            search = await self._rewritten(indices, search)
            if is_hybrid(search):
                _check_whole(kept)
                answer = await ask_hybrid(self._api, expression, search, parameters, indices, None)
            else:
                answer = await self._asked(expression, search, parameters, theirs, kept)
        else:
            answer = await self._through(chosen, expression, indices, search, parameters, kept)
        return {**answer, "took": int((self._clock.monotonic() - start) * 1000)}

    async def _through(
        self,
        pipeline: SearchPipeline,
        expression: str | None,
        indices: Sequence[IndexMetadata],
        given: ForeignSearchBody,
        parameters: Mapping[str, str],
        kept: Kept | None,
    ) -> JsonObject:
        context = PipelineContext(pipeline_id=pipeline.id)
        trace = VerboseTrace(given) if given.verbose_pipeline else None
        search = _foreign(await pipeline.transform_request(given, context, trace))
        shown = search.source if search.source is not None else SourceFilter(enabled="stored_fields" not in search.rest)
        if pipeline.response:
            # Processors look into documents whatever of them the client is shown.
            search = replace(search, rest={**search.rest, "_source": True})
        rewritten = await self._rewritten(indices, search)
        if is_hybrid(rewritten):
            _check_whole(kept)
            between = (
                (lambda result: pipeline.transform_results(result, rewritten, context))
                if pipeline.phase_results
                else None
            )
            answer = await ask_hybrid(self._api, expression, rewritten, parameters, indices, between)
        else:
            answer = await self._asked(expression, rewritten, parameters, pipeline.elsewhere or NONE, kept)
        if not pipeline.response:
            return _with_trace(answer, trace)
        response = await pipeline.transform_response(search, _response(answer), context, trace)
        return _with_trace(_merged(answer, response, shown), trace)

    async def _kept(self, expression: str | None, parameters: Mapping[str, str]) -> Kept | None:
        """What the search must keep to, where its caller does not see all documents. Raises IllegalArgumentException
        for what cannot be kept so, fields among it."""
        if caller.subject.get() is None:
            return None
        targets = resolve((await self._engine.metadata()), expression, options_of(SEARCH_DEMAND, parameters))
        views = views_of(target.index for target in targets)
        if not views:
            return None
        if any(view.documents is None or view.fields is not None or view.masks is not None for view in views.values()):
            raise unsupported("a search in the cluster's words for who does not see all fields")
        if "index" in parameters:
            raise unsupported("?index for who does not see all documents")
        filters = {}
        for target in targets:
            view = views.get(target.index.name)
            passing = [] if target.filter is None else [target.filter]
            if view is not None:
                passing.append(BoolQuery(should=view.documents) if view.documents else MatchNoneQuery())
            if passing:
                filters[target.index.name] = BoolQuery(filter=tuple(passing))
        names = [target.index.name for target in targets]
        return Kept(",".join(names), by_index(names, filters).to_json())

    async def count(self, expression: str | None, body: Any, parameters: Mapping[str, str]) -> JsonObject:
        """How many documents match a query that holds a clause of ours. No pipeline applies."""
        indices = meant(await self._engine.metadata(), expression)
        search = await self._rewritten(indices, parse_foreign_search(body))
        query = search.query
        counted = query.any() if isinstance(query, HybridQuery) else query
        shown = {} if counted is None else {"query": counted.to_json()}
        answer: JsonObject = await self._api.call("POST", _target(expression, "_count", parameters), shown)
        return answer

    async def _rewritten(self, indices: Sequence[IndexMetadata], search: ForeignSearchBody) -> ForeignSearchBody:
        asked = [query for query in (search.query, search.post_filter) if query is not None]
        try:
            rewritten = await rewrite_neural(asked, indices, self._predictor)
        except MisplacedHybridException as error:
            misplaced = error
            node = self._engine.capabilities().node
            raise all_shards_failed(indices, node, lambda _: misplaced) from None
        answers = iter([await with_tokens(self._api, indices, query) for query in rewritten])
        return replace(
            search,
            query=next(answers) if search.query is not None else None,
            post_filter=next(answers) if search.post_filter is not None else None,
        )

    async def _asked(
        self,
        expression: str | None,
        search: ForeignSearchBody,
        parameters: Mapping[str, str],
        pipeline: str | JsonObject | None,
        kept: Kept | None,
    ) -> JsonObject:
        """The cluster's answer to a search, through a pipeline of its own or none."""
        passed = dict(parameters)
        body = search.for_engine()
        if kept is not None:
            body = kept_within(body, kept.passing)
        if isinstance(pipeline, dict):
            _check_whole(kept)
            body["search_pipeline"] = pipeline
        elif pipeline is not None:
            passed["search_pipeline"] = pipeline
        answer: JsonObject = await self._api.call("POST", _target(expression, "_search", passed), body)
        return answer


@dataclass(frozen=True)
class Kept:
    """`names` of indices, and what documents of theirs must pass."""

    names: str
    passing: JsonObject


def _check_whole(kept: Kept | None) -> None:
    """Raises IllegalArgumentException."""
    if kept is not None:
        raise unsupported("a hybrid search, or a pipeline in the request, for who does not see all documents")


def _target(expression: str | None, what: str, parameters: Mapping[str, str]) -> str:
    passed = {name: value for name, value in parameters.items() if name not in _RENDERED_HERE}
    return f"{path(expression, what)}?{urlencode(passed)}" if passed else path(expression, what)


def _with_parameters(
    search: ForeignSearchBody, parameters: Mapping[str, str], source: SourceFilter | None
) -> tuple[ForeignSearchBody, dict[str, str]]:
    """The search with what processors may change of it moved from the URL to the body; and the other parameters."""
    left = {name: value for name, value in parameters.items() if name not in (*_SOURCE, *_OURS)}
    if parameters.get("verbose_pipeline") in ("", "true"):
        search = replace(search, verbose_pipeline=True)
    if source is not None:
        shown = {"includes": list(source.includes), "excludes": list(source.excludes)} if source.enabled else False
        search = replace(search, source=source, rest={**search.rest, "_source": shown})
    if left.get("size", "").isdecimal():
        search = replace(search, size=int(left.pop("size")))
    if left.get("from", "").isdecimal():
        search = replace(search, from_=int(left.pop("from")))
    return search, left


def _foreign(body: SearchBody) -> ForeignSearchBody:
    assert isinstance(body, ForeignSearchBody)  # processors make changed copies
    return body


def _response(answer: JsonObject) -> SearchResponse:
    """The cluster's answer as response processors take it."""
    hits = answer["hits"]
    total = hits.get("total")
    if isinstance(total, dict):
        counted: Total | None = Total(total["value"], total["relation"])
    else:
        counted = None if total is None or total < 0 else Total(total)
    return SearchResponse(
        hits=[_hit(hit) for hit in hits["hits"]],
        total=counted,
        max_score=hits.get("max_score"),
        shards=answer["_shards"]["total"],
        timed_out=answer["timed_out"],
        aggregations=answer.get("aggregations", {}),
    )


def _hit(hit: JsonObject) -> Hit:
    return Hit(
        index=hit["_index"],
        id=hit.get("_id", ""),
        score=hit.get("_score"),
        source=json.encode(hit["_source"]) if "_source" in hit else None,
        sort=hit.get("sort"),
        extra={key: value for key, value in hit.items() if key not in _TYPED},
    )


def _merged(answer: JsonObject, response: SearchResponse, shown: SourceFilter) -> JsonObject:
    """The cluster's answer with what processors have made of its hits; all else is as the cluster said it."""
    merged = dict(answer)
    hits = dict(answer["hits"])
    hits["max_score"] = response.max_score
    hits["hits"] = [_shown(hit, shown) for hit in response.hits]
    merged["hits"] = hits
    if response.ext:
        merged["ext"] = {**merged.pop("ext", {}), **response.ext}
    return merged


def _shown(hit: Hit, shown: SourceFilter) -> JsonObject:
    body: JsonObject = {"_index": hit.index, "_id": hit.id, "_score": hit.score}
    if hit.source is not None and shown.enabled:
        body["_source"] = json.Raw(filter_source(hit.source, shown))
    body.update(hit.extra)
    if hit.sort is not None:
        body["sort"] = hit.sort
    return body


def _with_trace(answer: JsonObject, trace: VerboseTrace | None) -> JsonObject:
    return answer if trace is None else {**answer, "processor_results": trace.entries}
