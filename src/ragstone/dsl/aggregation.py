"""What an aggregation node is, and the one door from JSON to nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from ragstone.core.did_you_mean import hint, similar
from ragstone.core.errors import (
    IllegalArgumentException,
    NamedObjectNotFoundException,
    OpenSearchException,
    ParsingException,
)
from ragstone.core.registry import Registry
from ragstone.core.xcontent import JsonObject, Place, token
from ragstone.dsl.unsupported import AGGREGATIONS, unsupported

_NAME = re.compile(r"[^\[\]>]+")


@dataclass(frozen=True, kw_only=True)
class Aggregation:
    """Base of all aggregation nodes. Immutable. `meta` is echoed in the answer."""

    wire_name: ClassVar[str]
    holds_others: ClassVar[bool] = False
    """Whether it makes buckets, for which other aggregations can be computed."""
    meta: JsonObject | None = None
    aggregations: Mapping[str, Aggregation] = field(default_factory=dict)
    """Those that are computed for each of its buckets, by their names."""

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        """From the value under the aggregation's type; `name` is what the request calls it."""
        raise NotImplementedError

    def to_json(self) -> JsonObject:
        """What it is, `{"terms": {...}}`, without what is in it."""
        raise NotImplementedError

    def definition(self) -> JsonObject:
        """The whole definition, with `meta` and the aggregations inside."""
        shown = self.to_json()
        if self.meta is not None:
            shown["meta"] = self.meta
        if self.aggregations:
            shown["aggregations"] = {name: node.definition() for name, node in self.aggregations.items()}
        return shown


class AggregationInitializationException(OpenSearchException):
    """`Differs:` 400, where OpenSearch answers 500."""

    status = 400


class AggregationExecutionException(OpenSearchException):
    """`Differs:` 400, where OpenSearch answers 500."""

    status = 400


aggregations: Registry[Aggregation] = Registry("aggregation")


def parse_aggregations(body: Any) -> Mapping[str, Aggregation]:
    """The nodes of `aggs` by their names.

    Raises ParsingException, IllegalArgumentException (bad names, and what is not supported yet), and for what does not
    go together AggregationInitializationException and AggregationExecutionException, all 400.
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
    node = found.parse(name, options)
    inside = definition.get("aggregations", definition.get("aggs"))
    if inside:
        node = replace(node, aggregations=_inside(node, name, parse_aggregations(inside)))
    meta = definition.get("meta")
    if meta is not None and not isinstance(meta, dict):
        raise IllegalArgumentException(f"Expected [START_OBJECT] under [meta], but got a [{token(meta)}] in [{name}]")
    return replace(node, meta=meta)


def _inside(node: Aggregation, name: str, children: Mapping[str, Aggregation]) -> Mapping[str, Aggregation]:
    if not node.holds_others:
        raise AggregationInitializationException(
            f"Aggregator [{name}] of type [{node.wire_name}] cannot accept sub-aggregations"
        )
    for child, found in children.items():
        if found.wire_name == "global":
            raise AggregationExecutionException(
                f"Aggregation [{name}] cannot have a global sub-aggregation [{child}]. Global aggregations can only be "
                "defined at the top level"
            )
    return children


def _unknown(kind: str, place: Place) -> Exception:
    if kind in AGGREGATIONS:
        return unsupported(f"aggregation {kind}")
    near = similar(kind, [*aggregations.names(), *AGGREGATIONS])
    return ParsingException(
        f"Unknown aggregation type [{kind}]{hint(near)}",
        place=place,
        cause=NamedObjectNotFoundException(f"unknown field [{kind}]", place=place),
    )
