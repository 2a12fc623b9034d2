"""The document as ingest processors see it: source and metadata in one tree, reached by dotted paths."""

from __future__ import annotations

import copy
from typing import Any

from ragstone.core.clock import iso_instant
from ragstone.core.errors import IllegalArgumentException, NumberFormatException
from ragstone.core.xcontent import JsonObject, java_type

METADATA = ("_index", "_id", "_routing", "_version", "_version_type", "_if_seq_no", "_if_primary_term")

_ABSENT = object()


class IngestDocument:
    """One document on its way through pipelines. Processors change it in place.

    `fields` holds the source's fields and, beside them, the metadata that is set (`METADATA`). `ingest` is what paths
    and templates call `_ingest`. `dropped` tells that it is not to be written. `trail` names the pipelines it is in,
    outermost first; `trace` collects verbose results when it is not None.
    """

    def __init__(self, source: JsonObject, metadata: JsonObject, now: float) -> None:
        self.fields: JsonObject = {**source, **{k: v for k, v in metadata.items() if v is not None}}
        self.ingest: JsonObject = {"timestamp": iso_instant(now, digits=9)}
        self.dropped = False
        self.trail: list[str] = []
        self.trace: list[JsonObject] | None = None

    def source(self) -> JsonObject:
        """The fields that are no metadata."""
        return {key: value for key, value in self.fields.items() if key not in METADATA}

    def metadata(self) -> JsonObject:
        return {key: self.fields.get(key) for key in METADATA}

    def model(self) -> JsonObject:
        """What templates and conditions see."""
        return {**self.fields, "_source": self.fields, "_ingest": self.ingest}

    # ── paths ────────────────────────────────────────────────────────────────────────────────────────────────────

    def has(self, path: str, *, fail_out_of_range: bool = False) -> bool:
        """Whether something (null too) is at `path`. A bad position in a list raises only if asked to."""
        node, parts = self._start(path)
        for position, part in enumerate(parts):
            if isinstance(node, dict):
                if part not in node:
                    return False
                node = node[part]
            elif isinstance(node, list):
                index = _integer(part)
                if index is None:
                    return False
                if not 0 <= index < len(node):
                    if fail_out_of_range:
                        raise _out_of_bounds(index, node, path)
                    return False
                node = node[index]
            else:
                return False
            if node is None and position < len(parts) - 1:
                return False
        return True

    def get(self, path: str) -> Any:
        """The value at `path`. Raises IllegalArgumentException saying which part leads nowhere."""
        node, parts = self._start(path)
        for part in parts:
            node = self._step(node, part, path)
        return node

    def get_or_none(self, path: str, *, ignore_missing: bool) -> Any:
        """The value at `path`; None where it is missing and that may be."""
        return None if ignore_missing and not self.has(path) else self.get(path)

    def get_list(self, path: str, *, ignore_missing: bool = False) -> list[Any] | None:
        value = self.get_or_none(path, ignore_missing=ignore_missing)
        if value is not None and not isinstance(value, list):
            raise not_castable(path, value, "java.util.List")
        return value

    def get_string(self, path: str, *, ignore_missing: bool = False) -> str | None:
        value = self.get_or_none(path, ignore_missing=ignore_missing)
        if value is not None and not isinstance(value, str):
            raise not_castable(path, value, "java.lang.String")
        return value

    def set(self, path: str, value: Any) -> None:
        """Put a value at `path`; objects on the way are made, positions of lists must exist."""
        parent, leaf = self._parent(path, make=True)
        if isinstance(parent, dict):
            parent[leaf] = value
        elif isinstance(parent, list):
            parent[self._position(parent, leaf, path)] = value
        elif parent is None:
            raise IllegalArgumentException(f"cannot set [{leaf}] with null parent as part of path [{path}]")
        else:
            raise IllegalArgumentException(
                f"cannot set [{leaf}] with parent object of type [{java_type(parent)}] as part of path [{path}]"
            )

    def append(self, path: str, value: Any, *, allow_duplicates: bool = True) -> None:
        """Add to the list at `path`: a scalar there becomes a list, nothing there an empty one."""
        parent, leaf = self._parent(path, make=True)
        present: Any = _ABSENT
        if isinstance(parent, dict):
            present = parent.get(leaf, _ABSENT)
        elif isinstance(parent, list):
            present = parent[self._position(parent, leaf, path)]
        members = [] if present is _ABSENT else list(present) if isinstance(present, list) else [present]
        for member in value if isinstance(value, list) else [value]:
            if allow_duplicates or member not in members:
                members.append(member)
        self.set(path, members)

    def remove(self, path: str) -> None:
        """Raises IllegalArgumentException when nothing is at `path`."""
        parent, leaf = self._parent(path, make=False)
        if isinstance(parent, dict):
            if leaf not in parent:
                raise IllegalArgumentException(f"field [{leaf}] not present as part of path [{path}]")
            del parent[leaf]
        elif isinstance(parent, list):
            del parent[self._position(parent, leaf, path)]
        elif parent is None:
            raise IllegalArgumentException(f"cannot remove [{leaf}] from null as part of path [{path}]")
        else:
            raise IllegalArgumentException(
                f"cannot remove [{leaf}] from object of type [{java_type(parent)}] as part of path [{path}]"
            )

    def _start(self, path: str) -> tuple[Any, list[str]]:
        if not path:
            raise IllegalArgumentException("path cannot be null nor empty")
        root: JsonObject = self.fields
        rest = path
        if path.startswith("_ingest."):
            root, rest = self.ingest, path.removeprefix("_ingest.")
        elif path.startswith("_source."):
            rest = path.removeprefix("_source.")
        # Java's split drops empty parts at the end.
        parts = rest.rstrip(".").split(".")
        if parts == [""]:
            raise IllegalArgumentException(f"path [{path}] is not valid")
        return root, parts

    def _parent(self, path: str, *, make: bool) -> tuple[Any, str]:
        node, parts = self._start(path)
        for part in parts[:-1]:
            if make and isinstance(node, dict) and part not in node:
                node[part] = {}
            node = self._step(node, part, path)
        return node, parts[-1]

    def _step(self, node: Any, part: str, path: str) -> Any:
        if node is None:
            raise IllegalArgumentException(f"cannot resolve [{part}] from null as part of path [{path}]")
        if isinstance(node, dict):
            if part not in node:
                raise IllegalArgumentException(f"field [{part}] not present as part of path [{path}]")
            return node[part]
        if isinstance(node, list):
            return node[self._position(node, part, path)]
        raise IllegalArgumentException(
            f"cannot resolve [{part}] from object of type [{java_type(node)}] as part of path [{path}]"
        )

    def _position(self, node: list[Any], part: str, path: str) -> int:
        index = _integer(part)
        if index is None:
            raise IllegalArgumentException(
                f"[{part}] is not an integer, cannot be used as an index as part of path [{path}]",
                cause=NumberFormatException.of(part),
            )
        if not 0 <= index < len(node):
            raise _out_of_bounds(index, node, path)
        return index

    # ── copies and views ─────────────────────────────────────────────────────────────────────────────────────────

    def to_json(self, *, verbose: bool = False) -> JsonObject:
        """As `_simulate` shows it. `verbose` adds where in the pipelines it is."""
        shown = {key: self.fields[key] for key in METADATA if self.fields.get(key) is not None}
        ingest = {key: value for key, value in self.ingest.items() if not key.startswith("_")}
        if verbose and self.trail:
            ingest["pipeline"] = self.trail[-1]
        return {**shown, "_source": copy.deepcopy(self.source()), "_ingest": ingest}


def not_castable(path: str, value: Any, wanted: str) -> IllegalArgumentException:
    return IllegalArgumentException(f"field [{path}] of type [{java_type(value)}] cannot be cast to [{wanted}]")


def _integer(part: str) -> int | None:
    try:
        return int(part)
    except ValueError:
        return None


def _out_of_bounds(index: int, node: list[Any], path: str) -> IllegalArgumentException:
    return IllegalArgumentException(
        f"[{index}] is out of bounds for array with length [{len(node)}] as part of path [{path}]"
    )
