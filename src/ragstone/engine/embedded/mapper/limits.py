"""Limits of a mapping: how many fields, how deep, how long their names."""

from __future__ import annotations

from ragstone.core.errors import IllegalArgumentException
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.metadata import LONGEST_NAME
from ragstone.engine.embedded.mapper.object_mapper import Node, ObjectMapper
from ragstone.engine.embedded.mapper.settings import IndexSettings


def check_limits(root: ObjectMapper, settings: IndexSettings) -> None:
    """Raises IllegalArgumentException when a mapping has outgrown `index.mapping.*.limit`."""
    nodes = list(root.walk())
    limit = settings.number("index.mapping.total_fields.limit")
    if sum(map(_count, nodes)) > limit:
        raise IllegalArgumentException(f"Limit of total fields [{limit}] has been exceeded")
    longest = settings.number("index.mapping.field_name_length.limit")
    names = [node.name.rpartition(".")[2] for node in nodes]
    for name in (*names, LONGEST_NAME) if names else ():
        if len(name) > longest:
            raise IllegalArgumentException(f"Field name [{name}] is longer than the limit of [{longest}] characters")
    nested = settings.number("index.mapping.nested_fields.limit")
    if sum(1 for node in nodes if isinstance(node, ObjectMapper) and node.nested) > nested:
        raise IllegalArgumentException(f"Limit of nested fields [{nested}] has been exceeded")
    depth = settings.number("index.mapping.depth.limit")
    for node in nodes:
        if isinstance(node, ObjectMapper) and node.name.count(".") + 2 > depth:
            raise IllegalArgumentException(
                f"Limit of mapping depth [{depth}] has been exceeded due to object field [{node.name}]"
            )


def _count(node: Node) -> int:
    """A node, and the sub-fields it has."""
    return 1 + (sum(map(_count, node.fields.values())) if isinstance(node, FieldType) else 0)
