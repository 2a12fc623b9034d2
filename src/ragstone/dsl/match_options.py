"""Options that match, multi_match and match_bool_prefix share."""

from __future__ import annotations

from typing import Any

from ragstone.core.errors import IllegalArgumentException, ParsingException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.dsl.clause import Options, one_field, read_options, scalar, to_bool, to_float, to_int, to_text
from ragstone.dsl.fuzziness import Fuzziness


def read_operator(value: Any) -> str:
    """`and` or `or`. Raises IllegalArgumentException."""
    text = java_text(value)
    if text.lower() not in ("and", "or"):
        raise IllegalArgumentException(f"No enum constant org.opensearch.index.query.Operator.{text.upper()}")
    return text.lower()


def read_zero_terms(value: Any) -> str:
    """`none` or `all`. Raises ParsingException."""
    text = java_text(value)
    if text.lower() not in ("none", "all"):
        raise ParsingException(f"unsupported zero_terms_query value [{text}]")
    return text.lower()


def positive(name: str, query: str) -> Any:
    """Reads an integer above 0. Raises IllegalArgumentException."""

    def read(value: Any) -> int:
        number = to_int(value)
        if number <= 0:
            raise IllegalArgumentException(f"[{query}] requires {name} to be positive.")
        return number

    return read


def not_negative(name: str, query: str) -> Any:
    def read(value: Any) -> int:
        number = to_int(value)
        if number < 0:
            raise IllegalArgumentException(f"[{query}] requires {name} to be non-negative.")
        return number

    return read


def phrase_clause(query: str, body: JsonObject, known: Options) -> dict[str, Any]:
    """The arguments of a node that has one field and a text. Raises ParsingException, IllegalArgumentException."""
    found = one_field(query, body)
    if found is None:
        raise IllegalArgumentException(f"[{query}] requires fieldName")
    field, value = found
    arguments = read_options(query, value, known) if isinstance(value, dict) else {"query": scalar(query, body, field)}
    if arguments.get("query") is None:
        raise IllegalArgumentException(f"[{query}] requires query value")
    return {"field": field, **arguments}


def fuzzy_options(query: str) -> Options:
    """`fuzziness` and what refines it."""
    return {
        "fuzziness": ("fuzziness", Fuzziness.parse),
        "prefix_length": ("prefix_length", not_negative("prefix length", query)),
        "max_expansions": ("max_expansions", positive("maximum expansions", query)),
        "fuzzy_transpositions": ("fuzzy_transpositions", to_bool),
        "fuzzy_rewrite": ("fuzzy_rewrite", to_text),
    }


def text_options(query: str) -> Options:
    return {
        "analyzer": ("analyzer", to_text),
        "operator": ("operator", read_operator),
        "minimum_should_match": ("minimum_should_match", to_text),
        **fuzzy_options(query),
    }


MAX_EXPANSIONS = 50
CUTOFF: Options = {"cutoff_frequency": ("cutoff_frequency", to_float)}
"""Accepted by OpenSearch and passed over."""
