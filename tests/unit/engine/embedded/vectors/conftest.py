"""Fields and indices of vectors, made in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ragstone.engine.embedded.analysis.registry import Analyzers
from ragstone.engine.embedded.mapper.knn_vector import KnnVectorField
from ragstone.engine.embedded.mapper.parameter import MappingContext
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.embedded.vectors.index import VectorIndex

MakeField = Callable[..., KnnVectorField]
MakeIndex = Callable[..., VectorIndex]


def all_live(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.ones(len(rows), np.bool_)


@pytest.fixture
def field() -> MakeField:
    """`field(dimension=3, space_type="l2", ..., shards=1)`."""

    def make(*, shards: int = 1, knn: bool = True, **mapping: Any) -> KnnVectorField:
        settings = IndexSettings({"index.knn": str(knn).lower(), "index.number_of_shards": str(shards)})
        return KnnVectorField.from_mapping(
            "v", {"type": "knn_vector", **mapping}, MappingContext(settings, Analyzers({}))
        )

    return make


@pytest.fixture
def index(tmp_path: Path, field: MakeField) -> MakeIndex:
    """An open index in one directory. `live` as in VectorIndex.open; everything else goes to the mapping."""

    def make(*, live: Any = all_live, **mapping: Any) -> VectorIndex:
        return VectorIndex.open(tmp_path / "vectors", field(**mapping), live)

    return make
