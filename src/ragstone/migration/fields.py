"""What a mapping says about the fields that a migration looks into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from ragstone.core.json import JsonObject

VECTOR: Final = "vector"
"""What stands for a vector field in `Fields.tree`."""
_DEFAULT_ENGINE = "faiss"
"""Of a knn_vector whose mapping names none, in OpenSearch 2.19 and later."""


@dataclass(frozen=True)
class Fields:
    """The fields of one index. `types` is by full name, multi-fields included."""

    types: Mapping[str, str]
    texts: Sequence[str]
    """Names of text fields that a query can ask for: not nested, and indexed."""
    vectors: Mapping[str, str]
    """Full name of each knn_vector field to its engine."""
    searched: Sequence[str]
    """Those vector fields that are not nested."""
    whole_source: bool = True
    """The mapping keeps all of `_source`."""

    @classmethod
    def of(cls, mappings: JsonObject) -> Fields:
        found = list(_walk(mappings.get("properties") or {}, "", nested=False))
        return cls(
            {name: kind for name, kind, _, _ in found},
            [n for n, kind, field, nested in found if kind == "text" and not nested and field.get("index", True)],
            {name: _engine(field) for name, kind, field, _ in found if kind == "knn_vector"},
            [name for name, kind, _, nested in found if kind == "knn_vector" and not nested],
            _is_whole(mappings.get("_source") or {}),
        )

    @property
    def has_vectors(self) -> bool:
        return bool(self.vectors)

    @cached_property
    def tree(self) -> Mapping[str, Any]:
        """Vector fields by the names on the way to them, VECTOR at the end."""
        tree: dict[str, Any] = {}
        for name in self.vectors:
            *parents, leaf = name.split(".")
            node = tree
            for parent in parents:
                node = node.setdefault(parent, {})
            node[leaf] = VECTOR
        return tree


def values_at(source: Any, name: str) -> list[Any]:
    """The values of a field in a document's source, lists of objects entered."""
    found = [source]
    for part in name.split("."):
        below = [item[part] for item in found if isinstance(item, dict) and part in item]
        found = [item for value in below for item in (value if _is_list_of_objects(value) else [value])]
    return found


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _walk(properties: JsonObject, prefix: str, *, nested: bool) -> Iterator[tuple[str, str, JsonObject, bool]]:
    """(full name, type, definition, whether it lies in a nested object) of every field."""
    for name, field in properties.items():
        full = prefix + name
        below = field.get("properties")
        kind = field.get("type", "object")
        yield full, kind, field, nested
        if isinstance(below, dict):
            yield from _walk(below, f"{full}.", nested=nested or kind == "nested")
        for inner, definition in (field.get("fields") or {}).items():
            # The values of a multi-field are those of the field above: nothing is to be found under its own name.
            yield f"{full}.{inner}", definition.get("type", ""), {**definition, "index": False}, nested


def _is_whole(source: JsonObject) -> bool:
    return source.get("enabled", True) in (True, "true") and not source.get("includes") and not source.get("excludes")


def _engine(field: JsonObject) -> str:
    method = field.get("method") or {}
    return str(method.get("engine", _DEFAULT_ENGINE))


__all__ = ["VECTOR", "Fields", "values_at"]
