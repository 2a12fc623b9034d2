"""neural_sparse: documents by the weights of words that a model, an analyzer or the request itself gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException, ParsingException
from ragstone.core.xcontent import JsonObject, Place, java_text, token
from ragstone.dsl.clause import to_float
from ragstone.dsl.query import Query, queries

DEFAULT_ANALYZER = "bert-uncased"
HEAVIEST = 64.0
"""The highest weight of a word in a query, as in Lucene's FeatureField."""


@queries.register("neural_sparse")
@dataclass(frozen=True, kw_only=True)
class NeuralSparse(Query):
    """`query_tokens` win over `query_text`. A text is read by the model, else by the analyzer, else by the default one.

    With tokens, its own or a model's, it becomes a `FeatureSum` before an engine sees it.
    """

    wire_name: ClassVar[str] = "neural_sparse"

    field: str
    query_text: str | None = None
    query_tokens: Mapping[str, float] | None = None
    model_id: str | None = None
    analyzer: str | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        if len(body) > 1:
            first, second = list(body)[:2]
            raise ParsingException(
                f"[neural_sparse] query doesn't support multiple fields, found [{first}] and [{second}]",
                place=Place(body, second),
            )
        if not body:
            raise ParsingException("[neural_sparse] query malformed, no field found", place=Place(body, None, "end"))
        [(field, clause)] = body.items()
        if not isinstance(clause, dict):
            raise ParsingException(
                f"[neural_sparse] query malformed, no start_object after field name [{field}]",
                place=Place(body, field, "value"),
            )
        query = cls(field=field, **_parse_clause(clause))
        query._check()
        return query

    def _check(self) -> None:
        if self.query_text is None and self.query_tokens is None:
            raise IllegalArgumentException(
                "either query_text field or query_tokens field must be provided for [neural_sparse] query"
            )
        if self.query_text == "":
            raise IllegalArgumentException("query_text field can not be empty")
        if self.model_id == "":
            raise IllegalArgumentException("model_id field can not be empty")
        self.check_tokenization()

    def check_tokenization(self) -> None:
        """That there is one way from the text to its tokens. Raises IllegalArgumentException."""
        if self.model_id is not None and self.analyzer is not None:
            raise IllegalArgumentException(
                f"Cannot use both [model_id: {self.model_id}] and [analyzer: {self.analyzer}] for neural sparse query "
                "tokenization. Specify only one tokenization method. These parameters can be set either in the query "
                "or through the neural_query_enricher search processor."
            )

    def to_features(self, tokens: Mapping[str, float]) -> FeatureSum:
        """What this query stands for, once its tokens are known."""
        return FeatureSum(field=self.field, tokens=tuple(tokens.items()), boost=self.boost, name=self.name)

    def to_json(self) -> JsonObject:
        clause: JsonObject = {}
        for key in ("query_text", "query_tokens", "model_id", "analyzer"):
            if getattr(self, key) is not None:
                clause[key] = getattr(self, key)
        clause["boost"] = self.boost
        if self.name is not None:
            clause["_name"] = self.name
        return {"neural_sparse": {self.field: clause}}


@dataclass(frozen=True, kw_only=True)
class FeatureSum(Query):
    """The dot product of `tokens` and the weights that documents have in a `rank_features` field, times the boost.

    Matches documents with at least one of the tokens.
    """

    wire_name: ClassVar[str] = "neural_sparse"

    field: str
    tokens: tuple[tuple[str, float], ...]

    def to_json(self) -> JsonObject:
        """In words that every OpenSearch understands: what one `linear` `rank_feature` each adds up to.

        A token with a dot in it finds nothing there, because that query takes the last dot for the end of the field.
        """
        if not self.tokens:
            return {"match_none": {}}
        clauses = [
            {"rank_feature": {"field": f"{self.field}.{token}", "boost": weight, "linear": {}}}
            for token, weight in self.tokens
        ]
        shown: JsonObject = {"should": clauses, "boost": self.boost}
        if self.name is not None:
            shown["_name"] = self.name
        return {"bool": shown}


def _parse_clause(clause: JsonObject) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for key, value in clause.items():
        place = Place(clause, key, "value")
        if key == "query_tokens" and isinstance(value, dict):
            given[key] = {word: to_float(weight) for word, weight in value.items()}
        elif key == "method_parameters" and isinstance(value, dict):
            # It steers searches in fields of type sparse_vector, and says nothing about others.
            continue
        elif isinstance(value, (dict, list)) or value is None:
            raise ParsingException(f"[neural_sparse] unknown token [{token(value)}] after [{key}]", place=place)
        elif key in _SCALARS:
            name, read = _SCALARS[key]
            given[name] = read(value)
        else:
            raise ParsingException(f"[neural_sparse] query does not support [{key}] field", place=place)
    given.pop("", None)
    return given


_SCALARS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "query_text": ("query_text", java_text),
    "model_id": ("model_id", java_text),
    "analyzer": ("analyzer", java_text),
    "boost": ("boost", to_float),
    "_name": ("name", java_text),
    "max_token_score": ("", to_float),  # read and not used, since OpenSearch 2.12
}

__all__ = ["DEFAULT_ANALYZER", "HEAVIEST", "FeatureSum", "NeuralSparse"]
