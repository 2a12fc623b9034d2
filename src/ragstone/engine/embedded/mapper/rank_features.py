"""rank_features: words with weights, of which a search makes scores."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, ClassVar

from ragstone.core.errors import IllegalArgumentException, NumberFormatException, OpenSearchException
from ragstone.core.json import Json
from ragstone.core.xcontent import java_text, token
from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue, UnwrappedException, field_types
from ragstone.engine.embedded.mapper.parameter import MappingContext, Parameter, flag

_LEAST = 1.1754943508222875e-38
"""The smallest normal 32-bit float."""
_END = "\0"
"""Behind the word in a term."""


class FeatureException(UnwrappedException):
    """A value that is no weights; the document fails as a whole."""

    wire_type = "mapper_parsing_exception"

    def __init__(self, cause: OpenSearchException) -> None:
        super().__init__("failed to parse", cause=cause)


class FeatureTerms(FieldType):
    """Where the weights are: a column of terms, no field of its own."""

    wire_type = "rank_features"
    storage = "keyword"


@field_types.register("rank_features")
class RankFeaturesField(FieldType):
    """A weight is kept as the powers of two that it is the sum of, one term `word\\0exponent` each.

    Like OpenSearch's it has 9 significant bits, so it is nine terms at most; and a search adds up constant scores.
    """

    wire_type = "rank_features"
    storage = "none"
    parameters: ClassVar[tuple[Parameter, ...]] = (flag("positive_score_impact"),)
    takes_objects: ClassVar[bool] = True

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        self.positive: bool = self.option("positive_score_impact")
        self.terms = FeatureTerms(f"{name}._features", {}, context)

    def collect(self, value: Json, values: dict[str, list[IndexValue]]) -> None:
        if not isinstance(value, dict):
            raise FeatureException(
                IllegalArgumentException(
                    f"[rank_features] fields must be json objects, expected a START_OBJECT but got: {token(value)}"
                )
            )
        known = values.get(self.terms.name, [])
        terms: list[IndexValue] = []
        for word, weight in value.items():
            if weight is None:
                continue
            if any(str(term).startswith(word + _END) for term in known):
                raise FeatureException(
                    IllegalArgumentException(
                        "[rank_features] fields do not support indexing multiple values for the same rank feature "
                        f"[{self.name}.{word}] in the same document"
                    )
                )
            number = self._weight(word, weight)
            terms += [f"{word}{_END}{exponent}" for exponent in _exponents(number)]
        if terms:
            values.setdefault(self.terms.name, []).extend(terms)

    def _weight(self, word: str, given: Json) -> float:
        """As a 32-bit float. Raises FeatureException."""
        if isinstance(given, (bool, dict, list)):
            raise FeatureException(
                IllegalArgumentException(
                    "[rank_features] fields take hashes that map a feature to a strictly positive float, but got "
                    f"unexpected token {token(given)}"
                )
            )
        try:
            number = float(given)
        except ValueError:
            raise FeatureException(NumberFormatException.of(java_text(given))) from None
        if not self.positive and number:
            number = 1 / number
        where = f"for feature {word} on field {self.name}"
        if number > 3.4028235677973366e38:
            raise FeatureException(IllegalArgumentException(f"featureValue must be finite, got: Infinity {where}"))
        if not number >= _LEAST:
            raise FeatureException(
                IllegalArgumentException(
                    f"featureValue must be a positive normal float, got: {java_text(number)} {where} which is less "
                    "than the minimum positive normal float: 1.1754944E-38"
                )
            )
        return number


def _exponents(weight: float) -> Iterator[int]:
    """The powers of two that a weight is the sum of, after all but its 9 highest bits are cut off."""
    bits = struct.unpack("<I", struct.pack("<f", weight))[0] >> 15
    highest = (bits >> 8) - 127
    yield highest
    for place in range(1, 9):
        if bits >> (8 - place) & 1:
            yield highest - place


def prefix_of(word: str) -> str:
    """How all terms of a word begin."""
    return word + _END


def weight_of(term: str) -> float:
    """The part of a weight that a term stands for."""
    return 2.0 ** int(term.rpartition(_END)[2])
