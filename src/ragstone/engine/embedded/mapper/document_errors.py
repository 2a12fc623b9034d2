"""Errors of documents whose shape does not fit, and the check of dotted names that raises some of them."""

from __future__ import annotations

from ragstone.core.errors import (
    IllegalArgumentException,
    MapperParsingException,
    OpenSearchException,
    StrictDynamicMappingException,
)
from ragstone.core.json import Json
from ragstone.core.xcontent import java_text
from ragstone.engine.embedded.mapper.object_mapper import ObjectMapper


def split_path(key: str) -> list[str]:
    """The parts of a dotted name. Raises what OpenSearch raises for empty ones."""
    if not key:
        raise failed_to_parse(IllegalArgumentException("field name cannot be an empty string"))
    parts = key.rstrip(".").split(".")
    if not key.strip("."):
        raise failed_to_parse(IllegalArgumentException("field name cannot contain only the character [.]"))
    for part in parts:
        if not part:
            raise failed_to_parse(
                IllegalArgumentException(
                    f"object field starting or ending with a [.] makes object resolution ambiguous: [{key}]"
                )
            )
        if not part.strip():
            raise failed_to_parse(IllegalArgumentException(f"object field cannot contain only whitespace: ['{key}']"))
    return parts


def failed_to_parse(cause: OpenSearchException) -> MapperParsingException:
    """The document as a whole."""
    return MapperParsingException("failed to parse", cause=cause)


def strict(dynamic: str, name: str, node: ObjectMapper) -> StrictDynamicMappingException:
    """A new field `name` inside `node`, where `dynamic` lets none in."""
    return StrictDynamicMappingException(
        f"mapping set to {dynamic}, dynamic introduction of [{name}] within [{node.name or '_doc'}] is not allowed"
    )


def metadata_in_document(name: str, id: str, value: Json) -> MapperParsingException:
    """A document that uses the name of a metadata field."""
    return MapperParsingException(
        f"failed to parse field [{name}] of type [{name}] in document with id '{id}'. "
        f"Preview of field's value: '{java_text(value)}'",
        cause=MapperParsingException(
            f"Field [{name}] is a metadata field and cannot be added inside a document. "
            "Use the index API request parameters."
        ),
    )
