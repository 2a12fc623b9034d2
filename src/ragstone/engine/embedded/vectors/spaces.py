"""Space types: what they measure and the score OpenSearch makes of it. Pure functions in float32.

A *raw* value is what the formula of a space starts from: the squared Euclidean distance for l2, the cosine for
cosinesimil, the dot product for innerproduct, the number of differing bits for hamming, the sum and the maximum of
the absolute differences for l1 and linf. The formulae are those of the k-NN plugin's `SpaceType`; its Lucene and
faiss engines agree on all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
DataType = Literal["float", "byte", "binary"]


class SpaceType(StrEnum):
    """The spaces a mapping may name, in the order OpenSearch lists them."""

    L2 = "l2"
    COSINESIMIL = "cosinesimil"
    L1 = "l1"
    LINF = "linf"
    INNERPRODUCT = "innerproduct"
    HAMMING = "hamming"

    @property
    def is_similarity(self) -> bool:
        """True when a larger raw value is nearer."""
        return self in (SpaceType.COSINESIMIL, SpaceType.INNERPRODUCT)


@dataclass(frozen=True)
class VectorSpec:
    """All that decides how the vectors of a field are stored and compared.

    `dimension` counts components (bits for binary data). `m` and `ef_construction` shape the graph; `ef_search` is
    the mapping's own default, if it names one. `radius_is_dot_product`: a radial `max_distance` in the space
    innerproduct is a dot product (engine lucene) and not its negative (faiss, nmslib). `shards`: k counts for each.
    """

    dimension: int
    space: SpaceType = SpaceType.L2
    data_type: DataType = "float"
    m: int = 16
    ef_construction: int = 100
    ef_search: int | None = None
    radius_is_dot_product: bool = False
    shards: int = 1

    @property
    def width(self) -> int:
        """Numbers per vector: components, or packed bytes for binary data."""
        return self.dimension // 8 if self.data_type == "binary" else self.dimension


def score(space: SpaceType, raw: Floats) -> Floats:
    """OpenSearch's scores of raw values, elementwise.

    Ranges: (0, 1] for distances, [0, 1] for cosinesimil, (0, ∞) for innerproduct. Values beyond float32 (a dot
    product that overflowed) stay finite, because JSON has no infinity.
    """
    one = np.float32(1)
    if space is SpaceType.COSINESIMIL:
        halved: Floats = np.minimum(np.maximum((one + raw) / np.float32(2), np.float32(0)), one)
        return halved
    if space is SpaceType.INNERPRODUCT:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            scores = np.where(raw > 0, raw + one, one / (one - raw))
        return np.nan_to_num(scores).astype(np.float32)
    return one / (one + raw)


def least_score(spec: VectorSpec, *, min_score: float | None, max_distance: float | None) -> np.float32:
    """The smallest score a radial search keeps. Exactly one of the two limits is given.

    `max_distance` is squared for l2, 1 - cosine for cosinesimil, and for innerproduct the negative dot product, or the
    dot product itself where `radius_is_dot_product`.
    """
    if min_score is not None:
        return np.float32(min_score)
    if max_distance is None:
        raise ValueError("a radial search needs a limit")
    if spec.space is SpaceType.COSINESIMIL:
        raw = 1.0 - max_distance
    elif spec.space is SpaceType.INNERPRODUCT:
        raw = max_distance if spec.radius_is_dot_product else -max_distance
    else:
        raw = max_distance
    return np.float32(score(spec.space, np.array([raw], np.float32))[0])
