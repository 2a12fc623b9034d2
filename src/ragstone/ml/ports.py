"""The seams between models and the layers above, and nothing more.

`Predictor` is what those layers need of models; `ModelService` satisfies it. `SearchPort` is what this layer needs of
them; `SystemSearch` satisfies it, and `node.py` connects the two. `IndexPort` is what agents' tools need; `ToolIndices`
satisfies it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ragstone.core.clock import Deadline
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.query import Query
from ragstone.engine.values import IndexMetadata, IndexStats


@dataclass(frozen=True)
class PredictResult:
    """`inference_results` as the predict API answers it: `[{"output": [tensor, ...], "status_code": 200}, ...]`."""

    inference_results: list[JsonObject]

    def first_map(self) -> JsonObject | None:
        """`dataAsMap` of the first output of the first result; None when the model answered with something else."""
        for result in self.inference_results[:1]:
            for output in (result.get("output") or [])[:1]:
                found = output.get("dataAsMap")
                return found if isinstance(found, dict) else None
        return None


class Predictor(Protocol):
    async def predict_remote(
        self,
        model_id: str,
        parameters: Mapping[str, Any],
        *,
        literal: bool = False,
        deadline: Deadline | None = None,
    ) -> PredictResult:
        """Call a remote model with `parameters`, as `POST /models/{id}/_predict` would.

        `literal=True`: the values are data. A placeholder inside a value is not expanded, a text is escaped by where
        it stands in the template and never by what it looks like, lists and objects are inserted as JSON.
        Raises StatusException (404 unknown model; the provider's own status), IllegalArgumentException,
        OpenSearchTimeoutException when the deadline passes.
        """
        ...

    async def is_remote(self, model_id: str) -> bool:
        """Whether a call of this model leaves the process, so that callers choose how much goes into one.

        True for an unknown id: the call itself tells what is wrong.
        """
        ...

    async def embed(
        self,
        model_id: str,
        texts: Sequence[str],
        *,
        content_type: Literal["query", "passage"] = "passage",
        deadline: Deadline | None = None,
    ) -> list[list[float]]:
        """One vector per text, in order, from a local or remote embedding model.

        Raises StatusException, IllegalArgumentException (not deployed, not an embedding model).
        """
        ...

    async def embed_sparse(
        self, model_id: str, texts: Sequence[str], *, deadline: Deadline | None = None
    ) -> list[dict[str, float]]:
        """Tokens and their weights for each text, in order, from a sparse-encoding model.

        Raises StatusException, IllegalArgumentException (not such a model).
        """
        ...


class IndexPort(Protocol):
    """Indices as the caller of an agent's tool may see them."""

    async def search(self, index: str, body: JsonObject) -> JsonObject:
        """The response of a search. Raises what searches raise."""
        ...

    async def listed(self, names: Sequence[str], action: str) -> list[tuple[IndexMetadata, IndexStats | None]]:
        """The indices of these names, or all, each with its numbers where it can be used.

        The caller must be allowed `action` on them. Raises IndexNotFoundException.
        """
        ...


class SearchPort(Protocol):
    async def search_index(
        self, index: str, body: bytes, *, source_excludes: Sequence[str], only: Query | None = None
    ) -> JsonObject:
        """The response of an ordinary search over one system index, as JSON.

        `body` is a search body as the client sent it. Hits always carry `_version`, `_seq_no` and `_primary_term`, and
        always a `_source` (also where the body says `_source: false`), filtered as the body asks and in any case
        without `source_excludes`, which `fields` must not show either. `only` is a filter that every hit passes
        besides. An index that does not exist is searched as an empty one: no shards, `max_score` 0.0.
        Raises ParseException `request body or source parameter is required` for an empty body, and the errors of
        searches.
        """
        ...
