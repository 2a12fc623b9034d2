"""knn: ranked by the vector index, narrowed by the filter's rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ragstone.core.errors import IllegalArgumentException, UnsupportedOperationException, validation_text
from ragstone.dsl.queries.knn import Knn
from ragstone.engine.embedded.mapper.knn_vector import KnnVectorField
from ragstone.engine.embedded.query.compile import Context, Ranks, ranks
from ragstone.engine.embedded.vectors.spaces import SpaceType

_EF_SEARCH = "index.knn.algo_param.ef_search"


@ranks(Knn)
def knn(query: Knn, context: Context) -> tuple[Ranks, NDArray[np.float32]]:
    """Differs: never more than k for each shard, where the Lucene engine of OpenSearch gives max(k, ef_search)."""
    field = context.field(query.field)
    if field is None and (query.ignore_unmapped or query.field in context.mapper.concealed):
        return _nothing()
    if not isinstance(field, KnnVectorField):
        raise IllegalArgumentException(f"Field '{query.field}' is not knn_vector type.")
    vector = _checked(query, field)
    vectors = context.snapshot.vectors.get(field.name)
    if vectors is None:
        return _nothing()
    allowed = None if query.filter is None else context.matching_rows(query.filter)
    settings = context.snapshot.metadata
    if query.k is not None:
        default = settings.setting(_EF_SEARCH)
        ef_search = query.ef_search or (int(default) if default is not None else None)
        rows, scores = vectors.search(vector, query.k, ef_search=ef_search, allowed=allowed)
    else:
        window = int(settings.setting("index.max_result_window") or 10_000)
        rows, scores = vectors.search_radial(
            vector,
            min_score=query.min_score,
            max_distance=query.max_distance,
            limit=None if field.engine == "lucene" else window,
            allowed=allowed,
        )
    return rows, scores * np.float32(query.boost)


def _nothing() -> tuple[Ranks, NDArray[np.float32]]:
    return np.empty(0, np.int64), np.empty(0, np.float32)


def _checked(query: Knn, field: KnnVectorField) -> NDArray[np.float32]:
    """The query's vector, once everything about it fits the field. Raises what a shard answers."""
    spec = field.spec
    if not field.is_built_for_search:
        raise IllegalArgumentException(f"Field '{query.field}' is not built for ANN search.")
    _check_parameters(query, field)
    if query.k is None:
        _check_radius(query, field)
    bits = 8 if spec.data_type == "binary" else 1
    if len(query.vector) * bits != spec.dimension:
        raise IllegalArgumentException(
            f"Query vector has invalid dimension: {len(query.vector) * bits}. Dimension should be: {spec.dimension}"
        )
    if query.expand_nested_docs:
        raise IllegalArgumentException(
            "Invalid value provided for the [expand_nested_docs] field. "
            "[expand_nested_docs] is only supported with a nested field."
        )
    vector = np.array(query.vector, np.float32)
    if spec.data_type != "float":
        for number in query.vector:
            fault = field.byte_fault(number)
            if fault is not None:
                raise fault
    fault = field.zero_fault(vector)
    if fault is not None:
        raise fault if field.engine == "lucene" else IllegalArgumentException("Cannot normalize a zero-length vector")
    return vector


def _check_parameters(query: Knn, field: KnnVectorField) -> None:
    limit = "k" if query.k is not None else "max_distance" if query.max_distance is not None else "min_score"
    known = () if field.engine == "lucene" and limit != "k" else ("ef_search",)
    faults = [f"Unknown parameter '{name}' found" for name, _ in query.method_parameters if name not in known]
    if faults:
        raise IllegalArgumentException(
            f"Parameters not valid for [{field.engine.upper()}]:[hnsw]:[{limit}] combination: "
            f"[{validation_text(faults)}]"
        )


def _check_radius(query: Knn, field: KnnVectorField) -> None:
    space = field.spec.space
    if field.spec.data_type == "binary":
        raise UnsupportedOperationException("Binary data type does not support radial search")
    if space is SpaceType.INNERPRODUCT:
        return
    name = space.upper()
    if query.max_distance is not None and query.max_distance < 0:
        raise IllegalArgumentException(f"[knn] requires distance to be non-negative for space type: {name}")
    if query.min_score is not None and query.min_score > 1:
        raise IllegalArgumentException(f"[knn] requires score to be in the range [0, 1] for space type: {name}")
