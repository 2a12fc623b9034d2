"""Why a document has its score, what it consists of, and what a query is understood to be."""

from __future__ import annotations

from dataclasses import dataclass

from ragstone.core.errors import JavaException, OpenSearchException, XContentParseException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.query import Query
from ragstone.dsl.term_vectors import TermVectorsRequest
from ragstone.engine.api import ExplainEngine, MetadataEngine
from ragstone.engine.values import Explained, Explanation, IndexMetadata, TermVectors
from ragstone.indices.access import permitted, permitted_one
from ragstone.indices.blocks import check_blocks
from ragstone.indices.resolver import IndicesOptions, Resolved
from ragstone.indices.views import views_of
from ragstone.ml.ports import Predictor
from ragstone.search.rewrite import rewrite_neural

VALIDATE = IndicesOptions(allow_no_indices=False)


@dataclass(frozen=True)
class Validity:
    """What became of a query in one index: `text` is how it is understood, or what is wrong with it."""

    index: IndexMetadata
    valid: bool
    text: str


class ExplainService:
    """For an engine that makes its scores itself."""

    def __init__(self, metadata: MetadataEngine, engine: ExplainEngine, predictor: Predictor) -> None:
        self._metadata = metadata
        self._engine = engine
        self._predictor = predictor

    async def explain(self, index: str, id: str, query: Query) -> tuple[IndexMetadata, Explained | None]:
        """The index that is meant, and what the query makes of the document there, as of the last refresh.

        Raises IndexNotFoundException, QueryShardException, and what models raise.
        """
        found = permitted_one(await self._metadata.metadata(), index, "indices:data/read/explain")
        asked = await self._rewritten(found, query)
        return found.index, await self._engine.explain(found.index.name, id, asked, views_of([found.index]))

    async def term_vectors(self, index: str, id: str, request: TermVectorsRequest) -> tuple[IndexMetadata, TermVectors]:
        """The index that is meant, and what the document there consists of. Raises IndexNotFoundException."""
        found = permitted_one(await self._metadata.metadata(), index, "indices:data/read/tv").index
        return found, await self._engine.term_vectors(found.name, id, request, views_of([found]))

    async def validate_query(
        self, expression: str | None, query: Query, options: IndicesOptions = VALIDATE
    ) -> list[Validity]:
        """Whether each index takes the query. Raises IndexNotFoundException, ClusterBlockException."""
        targets = permitted(await self._metadata.metadata(), expression, options, "indices:admin/validate/query")
        check_blocks((target.index for target in targets), "metadata_read")
        return [await self._validity(target, query) for target in targets]

    async def _validity(self, target: Resolved, query: Query) -> Validity:
        index = target.index
        try:
            asked = await self._rewritten(target, query)
            return Validity(index, True, await self._engine.describe(index.name, asked, views_of([index])))
        except OpenSearchException as error:
            return Validity(index, False, f"[{index.name}/{index.uuid}] {detailed_message(error)}")

    async def _rewritten(self, target: Resolved, query: Query) -> Query:
        [asked] = await rewrite_neural([query], [target.index], self._predictor)
        if isinstance(asked, HybridQuery):
            asked = asked.any()
        return asked if target.filter is None else BoolQuery(must=(asked,), filter=(target.filter,))


def explanation_json(explanation: Explanation) -> JsonObject:
    """As `_explain` and the hits of a search show it."""
    return {
        "value": explanation.value,
        "description": explanation.description,
        "details": [explanation_json(detail) for detail in explanation.details],
    }


def detailed_message(error: OpenSearchException) -> str:
    """An error with all its causes in one line, as OpenSearch's texts for people have it."""
    chain: list[OpenSearchException] = []
    current: OpenSearchException | None = error
    while current is not None:
        chain.append(current)
        current = current.cause
    shown = [f"{type(one).__name__}[{one.reason}]" for one in chain]
    if len(chain) == 1:
        return shown[0]
    last = chain[-1]
    package = "org.opensearch"
    if isinstance(last, JavaException):
        package = "java.lang"
    elif isinstance(last, XContentParseException):
        package = "org.opensearch.core.xcontent"
    return f"{'; nested: '.join(shown)};; {package}.{type(last).__name__}: {last.reason}"
