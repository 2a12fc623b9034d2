"""What an aggregation node is, and the one door from JSON to nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from ragstone.core.did_you_mean import hint, similar
from ragstone.core.errors import IllegalArgumentException, NamedObjectNotFoundException, ParsingException
from ragstone.core.registry import Registry
from ragstone.core.xcontent import JsonObject, Place, token
from ragstone.dsl.unsupported import AGGREGATIONS, unsupported

_NAME = re.compile(r"[^\[\]>]+")


@dataclass(frozen=True, kw_only=True)
class Aggregation:
    """Base of all aggregation nodes. Immutable. `meta` is echoed in the answer."""

    wire_name: ClassVar[str]
    meta: JsonObject | None = None

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        """From the value under the aggregation's type; `name` is what the request calls it."""
        raise NotImplementedError

    def to_json(self) -> JsonObject:
        """The whole definition, `{"terms": {...}}`."""
        raise NotImplementedError


aggregations: Registry[Aggregation] = Registry("aggregation")


def parse_aggregations(body: Any) -> Mapping[str, Aggregation]:
    """The nodes of `aggs` by their names.

    Raises ParsingException, IllegalArgumentException (bad names, and what is not supported yet).
    """
    if not isinstance(body, dict):
        raise ParsingException(f"Found [{token(body)}] instead of an object in [aggs]")
    return {name: _parse(body, name, definition) for name, definition in body.items()}


def _parse(parent: JsonObject, name: str, definition: Any) -> Aggregation:
    if _NAME.fullmatch(name) is None:
        raise ParsingException(
            f"Invalid aggregation name [{name}]. Aggregation names can contain any character except '[', ']', and '>'",
            place=Place(parent, name),
        )
    if not isinstance(definition, dict):
        raise ParsingException(
            f"Aggregation definition for [{name} starts with a [{token(definition)}], expected a [START_OBJECT].",
            place=Place(parent, name, "value"),
        )
    kinds = [key for key in definition if key not in ("meta", "aggs", "aggregations")]
    if not kinds:
        raise ParsingException(f"Missing definition for aggregation [{name}]", place=Place(parent, name, "end"))
    if len(kinds) > 1:
        raise ParsingException(
            f"Found two aggregation type definitions in [{name}]: [{kinds[0]}] and [{kinds[1]}]",
            place=Place(definition, kinds[1]),
        )
    kind, options = kinds[0], definition[kinds[0]]
    found = aggregations.get(kind)
    if found is None:
        raise _unknown(kind, Place(definition, kind, "value"))
    if not isinstance(options, dict):
        raise ParsingException(
            f"Expected [START_OBJECT] under [{kind}], but got a [{token(options)}] in [{name}]",
            place=Place(definition, kind, "value"),
        )
    if definition.get("aggs") or definition.get("aggregations"):
        raise unsupported(f"aggs inside {kind}")
    node = found.parse(name, options)
    meta = definition.get("meta")
    if meta is not None and not isinstance(meta, dict):
        raise IllegalArgumentException(f"Expected [START_OBJECT] under [meta], but got a [{token(meta)}] in [{name}]")
    return replace(node, meta=meta)


def _unknown(kind: str, place: Place) -> Exception:
    if kind in AGGREGATIONS:
        return unsupported(f"aggregation {kind}")
    near = similar(kind, [*aggregations.names(), *AGGREGATIONS])
    return ParsingException(
        f"Unknown aggregation type [{kind}]{hint(near)}",
        place=place,
        cause=NamedObjectNotFoundException(f"unknown field [{kind}]", place=place),
    )
